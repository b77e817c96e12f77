//! The typed view of a schema, and schemas that are hard to read.

use std::path::Path;

use sqlx::ConnectOptions;

use super::super::{catalog, ddl, options, session::Link};
use super::{Server, catalog as catalog_of, table};
use crate::database::catalog::{Catalog, Family, ObjectKind, Table};

const SCHEMAS: [&str; 4] = [
    "CREATE TABLE teams (id INTEGER PRIMARY KEY, name TEXT CONSTRAINT uq_name UNIQUE);
     CREATE TABLE users (id INTEGER NOT NULL, team_id INT REFERENCES Teams ON DELETE CASCADE,
        boss INT CONSTRAINT fk_boss REFERENCES users(id) ON UPDATE SET NULL ON DELETE SET DEFAULT,
        email VARCHAR(50) COLLATE NOCASE, phone TEXT, PRIMARY KEY (id), UNIQUE (email, phone), UNIQUE (phone));",
    "CREATE TABLE a (x TEXT, y TEXT, z TEXT, PRIMARY KEY (y, x)) WITHOUT ROWID;
     CREATE TABLE b (p, q, r, FOREIGN KEY (p, q) REFERENCES a, FOREIGN KEY (q) REFERENCES b(r) ON DELETE RESTRICT,
        UNIQUE (r))",
    "CREATE TABLE \"odd name\" (\"a b\" INT PRIMARY KEY, [c.d] INT UNIQUE REFERENCES \"odd name\"(\"a b\"),
        \"e\"\"f\" TEXT NOT NULL DEFAULT 'it''s', \"select\" INT AS ([c.d] + 1) STORED)",
    "CREATE TABLE s (a INT, b ANY, c TEXT UNIQUE ON CONFLICT REPLACE) STRICT",
];

async fn both_ways(sql: &str) -> [Catalog; 2] {
    let server = Server::start().await;
    drop(server.session(sql).await);
    let path = server.dir.path().join("mrt_test_0000.db");
    let mut connection = options(&path).connect().await.unwrap();
    let mut link = Link { connection: &mut connection, path: Path::new(&path) };
    [
        catalog::read_with(&mut link, ddl::table).await.unwrap(),
        catalog::read_with(&mut link, |_| None).await.unwrap(),
    ]
}

/// What the pragmas tell of a table as well.
fn known_to_pragmas(table: &Table) -> Table {
    let mut table = table.clone();
    table.checks.clear();
    for key in &mut table.foreign_keys {
        key.name = None;
    }
    for unique in &mut table.uniques {
        unique.name = String::new();
    }
    table.foreign_keys.sort_by(|one, other| one.columns.cmp(&other.columns));
    table.uniques.sort_by(|one, other| one.columns.cmp(&other.columns));
    table
}

#[tokio::test]
async fn our_reading_of_the_text_is_what_the_pragmas_say() {
    for sql in SCHEMAS {
        let [by_text, by_pragmas] = both_ways(sql).await;
        let known = |catalog: &Catalog| catalog.tables.values().map(known_to_pragmas).collect::<Vec<_>>();
        assert_eq!(known(&by_text), known(&by_pragmas), "{sql}");
        let whole =
            |catalog: &Catalog| catalog.objects.values().any(|object| object.contains_key("definition"));
        assert!(!whole(&by_text) && whole(&by_pragmas), "a text that is not understood counts as a whole");
    }
}

#[tokio::test]
async fn what_is_not_understood_still_shows_every_change() {
    let [_, one] = both_ways("CREATE TABLE t (a INT, CHECK (a > 0))").await;
    let [_, other] = both_ways("CREATE TABLE t (a INT, CHECK (a > 1))").await;
    let [_, respelt] = both_ways("CREATE TABLE \"t\"(\"a\" INT , check( a>0 ))").await;
    assert_ne!(one, other);
    assert_eq!(one, respelt);
}

#[tokio::test]
async fn tables_as_seeding_sees_them() {
    let catalog = catalog_of(&format!(
        "{} CREATE TABLE t (id INTEGER PRIMARY KEY, n INT NOT NULL DEFAULT 3, code CHAR(3), t DEFAULT NULL,
            twice INT AS (n * 2), CONSTRAINT ck CHECK (\"N\" > 0 AND code = \"abc\"));
         CREATE UNIQUE INDEX ux ON t (code, n); CREATE UNIQUE INDEX up ON t (lower(code)) WHERE n > 1;",
        SCHEMAS[0]
    ))
    .await;

    let t = &catalog.tables[&table("t")];
    let columns: Vec<_> = t
        .columns
        .iter()
        .map(|c| (c.name.as_str(), c.nullable, c.default.as_deref(), c.generated, c.counter))
        .collect();
    assert_eq!(
        columns,
        [
            ("id", false, None, false, true),
            ("n", false, Some("3"), false, false),
            ("code", true, None, false, false),
            ("t", true, None, false, false),
            ("twice", true, None, true, false),
        ]
    );
    assert_eq!(t.columns[2].ty.family, Family::Text { max: Some(3), padded: false });
    assert_eq!(t.checks[0].name.as_deref(), Some("ck"));
    assert_eq!(t.checks[0].condition, "n > 0 and code = 'abc'");
    assert_eq!(t.checks[0].columns, ["n", "code"]);
    let uniques: Vec<_> = t.uniques.iter().map(|u| (u.name.as_str(), u.columns.join("+"), u.plain)).collect();
    assert_eq!(uniques, [("up", "code".to_owned(), false), ("ux", "code+n".to_owned(), true)]);

    let users = &catalog.tables[&table("users")];
    let keys: Vec<_> = users
        .foreign_keys
        .iter()
        .map(|k| (k.name.as_deref(), k.parent.name.as_str(), k.parent_columns.join("+"), k.acts_on_delete))
        .collect();
    assert_eq!(
        keys,
        [(Some("fk_boss"), "users", "id".to_owned(), true), (None, "teams", "id".to_owned(), true)]
    );
    let uniques: Vec<_> = users.uniques.iter().map(|u| u.name.as_str()).collect();
    assert_eq!(uniques, ["unique(email, phone)", "unique(phone)"]);
}

#[tokio::test]
async fn a_broken_view_does_not_hide_the_rest() {
    let catalog = catalog_of(
        "CREATE TABLE t (a INT); CREATE VIEW good AS SELECT a FROM t; CREATE TABLE gone (b INT);
         CREATE VIEW broken AS SELECT b FROM gone; DROP TABLE gone;",
    )
    .await;
    let views: Vec<_> = catalog.objects.iter().filter(|(key, _)| key.kind == ObjectKind::View).collect();
    assert_eq!(views.len(), 2);
    assert!(!views[0].1.contains_key("columns") && views[0].1.contains_key("definition"));
    assert_eq!(views[1].1["columns"], "a");
    assert_eq!(catalog.tables.len(), 1);
    assert_eq!(catalog.code.len(), 2);
}

#[tokio::test]
async fn a_virtual_table_owns_what_its_module_keeps() {
    let catalog = catalog_of(
        "CREATE VIRTUAL TABLE docs USING fts5(title, body); CREATE TABLE docs_archive (id INTEGER PRIMARY KEY);
         CREATE VIRTUAL TABLE over USING fts5(title, content='docs_archive');",
    )
    .await;
    let tables: Vec<_> = catalog.tables.keys().map(|name| name.name.as_str()).collect();
    assert_eq!(tables, ["docs", "docs_archive"]);
    let owners: Vec<_> = catalog
        .objects
        .keys()
        .filter(|key| key.kind == ObjectKind::Table)
        .map(|key| (key.path.as_str(), key.owner.as_deref()))
        .collect();
    assert!(owners.contains(&("docs_archive", None)));
    assert!(owners.contains(&("docs_data", Some("docs"))));
}

#[tokio::test]
async fn a_virtual_table_of_an_unknown_module_does_not_hide_the_rest() {
    let catalog = catalog_of(
        "CREATE TABLE t (a INT);
         PRAGMA writable_schema = ON;
         INSERT INTO sqlite_schema VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING nowhere(a, b)');",
    )
    .await;
    let paths: Vec<_> = catalog.objects.keys().map(|key| key.path.as_str()).collect();
    assert!(paths.contains(&"v") && paths.contains(&"t"), "{paths:?}");
    assert_eq!(catalog.tables.len(), 1);
}
