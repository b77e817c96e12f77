//! The queries: SQL Server's SQL as far as a parser can tell, and as many columns as are read.

use super::{MAJOR, asked, select};
use crate::database::mssql::catalog::listings::{ALWAYS, listings};
use crate::database::mssql::catalog::{queries, statements};

const RELEASES: [u32; 3] = [15, 16, 17];

#[test]
fn every_query_is_sql() {
    for major in RELEASES {
        for sql in statements(major) {
            assert!(!asked(&sql).is_empty(), "{sql}");
        }
        for listing in listings(major) {
            let sql = &listing.sql;
            assert_eq!(asked(sql).len(), 3 + listing.attributes.len(), "{:?}\n{sql}", asked(sql));
        }
        assert_eq!(asked(&queries::index_details(major)).len(), 3);
    }
}

/// A release answers with as many columns as the newest one.
#[test]
fn releases_are_asked_alike() {
    for major in RELEASES {
        let widths = |major| statements(major).iter().map(|sql| asked(sql).len()).collect::<Vec<_>>();
        assert_eq!(widths(major), widths(MAJOR));
        let paths = |major| listings(major).iter().map(|it| it.attributes).collect::<Vec<_>>();
        assert_eq!(paths(major), paths(MAJOR));
    }
}

/// What the newer releases have is not asked of the older ones.
#[test]
fn older_releases_are_not_asked_for_what_they_do_not_have() {
    let all = |major: u32| {
        let listed = listings(major).into_iter().map(|it| it.sql);
        statements(major).into_iter().chain(listed).chain([queries::index_details(major)]).collect::<String>()
    };
    for name in ["ledger", "xml_compression", "column_store_order_ordinal", "auto_drop", "dropped_ledger"] {
        assert!(!all(15).contains(name), "{name}");
        assert!(all(16).contains(name), "{name}");
    }
    for name in ["vector_dimensions", "json_indexes", "vector_indexes"] {
        assert!(!all(16).contains(name), "{name}");
        assert!(all(17).contains(name), "{name}");
    }
}

/// Names and the server's own words are of two collations, and the server refuses to put them together untold.
#[test]
fn words_of_the_server_stand_alone() {
    for listing in listings(MAJOR) {
        for (at, _) in listing.sql.match_indices("_desc") {
            let after = listing.sql[at + "_desc".len()..].trim_start();
            let alone = after.starts_with(',') || after.starts_with("FROM") || after.starts_with(')');
            assert!(alone || after.starts_with("COLLATE"), "{}", listing.sql);
        }
    }
}

/// What is always there is not looked for.
#[test]
fn what_every_database_has_is_asked_at_once() {
    let always: Vec<bool> = listings(MAJOR).iter().map(|it| it.any == ALWAYS).collect();
    assert!(always.iter().any(|it| *it) && always.iter().any(|it| !*it));
    for listing in listings(MAJOR).iter().filter(|it| it.any != ALWAYS) {
        // It is a condition, and one over the table that the listing reads.
        let sql = format!("SELECT CASE WHEN {} THEN 1 ELSE 0 END", listing.any);
        let _ = select(&sql);
        let table = listing.any.split("FROM ").nth(1).unwrap().split([' ', ')']).next().unwrap();
        assert!(listing.sql.contains(table), "{table}\n{}", listing.sql);
    }
}
