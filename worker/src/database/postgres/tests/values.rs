//! Types and values: families, samples, and canonical texts.

use super::{administrate, db, engine, engine_for, migrate, target};
use crate::database::Engine as _;
use crate::database::catalog::{Family, TableName};
use crate::database::rows::{NewRow, Value};

fn name(text: &str) -> TableName {
    TableName { schema: None, name: text.to_owned() }
}

/// Types, and values of each that all differ; extremes among them.
const TYPES: &[(&str, &[&str])] = &[
    ("boolean", &["true", "false"]),
    ("smallint", &["-32768", "0", "32767"]),
    ("integer", &["-2147483648", "0", "2147483647"]),
    ("bigint", &["-9223372036854775808", "0", "9223372036854775807"]),
    ("oid", &["0", "4294967295"]),
    (
        "numeric",
        &["0", "1.5", "-0.00000000000000000001", "1e130", "NaN", "1e-130", "12345678901234567890.123456789"],
    ),
    ("numeric(10,2)", &["-99999999.99", "0.01", "99999999.99"]),
    ("numeric(5,0)", &["-99999", "99999"]),
    ("real", &["1.17549435e-38", "3.4028235e38", "-0.1", "0.1", "NaN", "Infinity", "0.10000001"]),
    (
        "double precision",
        &[
            "2.2250738585072014e-308",
            "1.7976931348623157e308",
            "0.1",
            "0.30000000000000004",
            "0.3",
            "NaN",
            "-Infinity",
        ],
    ),
    ("text", &["", " ", "a", "A", " a ", "ä€𝄞", "line\nbreak\t\\ '\" %_", "NULL", "\\N"]),
    ("character varying(5)", &["", "abcde", "äöüß€"]),
    ("character(3)", &["abc", "ab", "", "ä𝄞"]),
    ("name", &["a", "Ab"]),
    ("\"char\"", &["a", "b"]),
    ("bytea", &["\\x", "\\x00", "\\x00ff5c27", "\\xdeadbeef"]),
    ("date", &["4713-01-01 BC", "2000-02-29", "5874897-12-31", "infinity", "-infinity", "0001-01-01"]),
    ("time", &["00:00:00", "23:59:59.999999", "24:00:00", "12:00:00.000001"]),
    ("time(0)", &["23:59:59", "00:00:00"]),
    ("timetz", &["00:00:00+15:59", "23:59:59.999999-15:59", "12:00:00+00", "13:00:00+01"]),
    (
        "timestamp",
        &[
            "4713-01-01 00:00:00 BC",
            "294276-12-31 23:59:59.999999",
            "2020-01-01 00:00:00.000001",
            "2020-01-01 00:00:00",
            "infinity",
        ],
    ),
    (
        "timestamptz",
        &[
            "4713-01-01 00:00:00+00 BC",
            "294276-12-31 23:59:59.999999+00",
            "2020-01-01 00:00:00+05:30",
            "2020-01-01 00:00:00+00",
            "-infinity",
        ],
    ),
    ("timestamptz(3)", &["2020-01-01 00:00:00.123+00", "2020-01-01 00:00:00.124+00"]),
    (
        "interval",
        &[
            "-178000000 years",
            "1 mon",
            "30 days",
            "24:00:00",
            "1 day",
            "0.000001 s",
            "-1 mon 2 days -00:00:03",
        ],
    ),
    ("uuid", &["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
    (
        "json",
        &["{\"b\":1,\"a\":2}", "{\"a\":2,\"b\":1}", "{\"a\":1,\"a\":2}", "null", "\"x\"", "1.0", "1.00"],
    ),
    ("jsonb", &["{\"b\":1,\"a\":2}", "{\"a\":1}", "null", "\"x\"", "1.0", "1.00", "[]"]),
    ("integer[]", &["{}", "{1,2}", "{2,1}", "{NULL}", "{{1,2},{3,4}}", "[0:1]={1,2}"]),
    ("text[]", &["{}", "{\"\"}", "{NULL}", "{\"NULL\"}", "{\"a,b\",\"c\\\"d\"}"]),
    ("mood", &["low", "high"]),
    ("mood[]", &["{low}", "{high,low}"]),
    ("even", &["2", "4"]),
    ("pair", &["(1,a)", "(1,\"a b\")", "(,)", "(1,\"\")"]),
];

#[tokio::test]
async fn every_value_comes_back_as_itself() {
    let Some(engine) = engine("every_value_comes_back_as_itself").await else { return };
    engine.create(&db(0)).await.unwrap();
    let mut sql = String::from(
        "create type mood as enum ('low', 'high'); create domain even as int check (value % 2 = 0); \
         create type pair as (a int, b text);",
    );
    for (at, (ty, _)) in TYPES.iter().enumerate() {
        sql.push_str(&format!("create table t{at}(id int primary key, v {ty});"));
    }
    migrate(&engine, &db(0), &sql).await;
    let mut session = engine.connect(&db(0)).await.unwrap();
    let new_row = |at: usize, id: usize, value: &str| NewRow {
        table: name(&format!("t{at}")),
        values: vec![
            ("id".to_owned(), Value::Integer(id as i128)),
            ("v".to_owned(), Value::Text(value.to_owned())),
        ],
        primary_key: vec!["id".to_owned()],
        overrides_identity: false,
    };
    for (at, (ty, values)) in TYPES.iter().enumerate() {
        let rows: Vec<NewRow> = values.iter().enumerate().map(|(id, v)| new_row(at, id, v)).collect();
        for (answer, value) in session.insert(&rows, false).await.unwrap().iter().zip(*values) {
            assert!(answer.is_ok(), "{ty} {value}: {answer:?}");
        }
    }
    let catalog = session.catalog().await.unwrap();
    let first = session.contents(&catalog).await.unwrap();
    // Settings of the database do not change how we read.
    let name_of = engine.stored(&db(0));
    for setting in [
        "timezone to 'Asia/Kolkata'",
        "datestyle to 'German'",
        "intervalstyle to 'sql_standard'",
        "extra_float_digits to 0",
        "bytea_output to 'escape'",
        "standard_conforming_strings to off",
        "search_path to pg_catalog",
        "lc_monetary to 'C'",
    ] {
        administrate(&mut *session, &format!("alter database {name_of} set {setting}")).await;
    }
    drop(session);
    let mut session = engine.connect(&db(0)).await.unwrap();
    assert_eq!(session.contents(&catalog).await.unwrap(), first);
    // What was read, written again, reads the same; what differs, differs.
    for (at, (ty, values)) in TYPES.iter().enumerate() {
        let rows = &first.tables[&name(&format!("t{at}"))].rows;
        let texts: Vec<&str> = rows.iter().map(|r| r[1].as_deref().unwrap()).collect();
        let distinct: std::collections::BTreeSet<&str> = texts.iter().copied().collect();
        // 1.0 and 1.00 are one number in a document, too, but not one text.
        assert_eq!(distinct.len(), values.len(), "{ty}: {texts:?}");
        let again: Vec<NewRow> =
            texts.iter().enumerate().map(|(id, text)| new_row(at, 100 + id, text)).collect();
        assert!(session.insert(&again, false).await.unwrap().iter().all(Result::is_ok), "{ty}");
    }
    let second = session.contents(&catalog).await.unwrap();
    for (at, (ty, values)) in TYPES.iter().enumerate() {
        let rows = &second.tables[&name(&format!("t{at}"))].rows;
        for (one, other) in rows[..values.len()].iter().zip(&rows[values.len()..]) {
            assert_eq!(one[1], other[1], "{ty}");
        }
    }
    engine.close().await.unwrap();
}

#[tokio::test]
async fn equal_decimals_read_equal() {
    let Some(engine) = engine("equal_decimals_read_equal").await else { return };
    engine.create(&db(0)).await.unwrap();
    migrate(&engine, &db(0), "create table t(n numeric, m numeric(6,3)); insert into t values (1.50, 1.5), (1.5, 1.50), (100, 100)").await;
    let mut session = engine.connect(&db(0)).await.unwrap();
    let catalog = session.catalog().await.unwrap();
    let rows = &session.contents(&catalog).await.unwrap().tables[&name("t")].rows;
    let texts: Vec<(&str, &str)> =
        rows.iter().map(|r| (r[0].as_deref().unwrap(), r[1].as_deref().unwrap())).collect();
    assert_eq!(texts, [("100", "100.000"), ("1.5", "1.500"), ("1.5", "1.500")]);
    engine.close().await.unwrap();
}

#[tokio::test]
async fn families_are_known() {
    let mut target = target();
    target.extensions = vec!["citext".to_owned(), "hstore".to_owned()];
    target.initial_sql = vec!["create schema x; create type x.mood as enum ('a', 'b'); \
        create domain x.code as varchar(7) check (value <> ''); create domain x.deep as x.code check (value <> 'x') not null; \
        create domain x.list as int[]; \
        create table t(c01 bool, c02 int2, c03 int4, c04 int8, c05 numeric, c06 numeric(7,2), c07 float4, c08 float8, \
        c09 text, c10 varchar(9), c11 varchar, c12 char(4), c13 bytea, c14 date, c15 time, c16 timetz(2), c17 timestamp(0), \
        c18 timestamptz, c19 interval, c20 uuid, c21 json, c22 jsonb, c23 x.mood, c24 x.mood[], c25 varchar(3)[], c26 x.deep, \
        c27 x.list, c28 citext, c29 hstore, c30 inet, c31 bit(3), c32 money, c33 numeric(3,0), c34 oidvector)"
        .to_owned()];
    let Some(engine) = engine_for("families_are_known", &target).await else { return };
    engine.create(&db(0)).await.unwrap();
    let mut session = engine.connect(&db(0)).await.unwrap();
    let catalog = session.catalog().await.unwrap();
    let table = &catalog.tables[&name("t")];
    let lines: Vec<String> = table
        .columns
        .iter()
        .map(|c| format!("{} {:?} {:?} {}", c.ty.native, c.ty.family, c.ty.domain_checks, c.nullable))
        .collect();
    let told = lines.join("\n");
    insta::assert_snapshot!(told);
    engine.close().await.unwrap();
}

#[tokio::test]
async fn columns_say_how_they_are_filled() {
    let Some(engine) = engine("columns_say_how_they_are_filled").await else { return };
    engine.create(&db(0)).await.unwrap();
    migrate(
        &engine,
        &db(0),
        "create sequence q; create table t(s serial, i int generated always as identity, b int generated by default as identity, \
         d int default nextval('q'), g int generated always as (1 + 1) stored, n int not null default 5, \
         primary key (i, s), unique (n, d)); create unique index on t(n) where n > 0; \
         create unique index u on t(lower(g::text), d); \
         create table r(x int, y int, foreign key (y, x) references t(i, s) on delete cascade deferrable)",
    )
    .await;
    let mut session = engine.connect(&db(0)).await.unwrap();
    let catalog = session.catalog().await.unwrap();
    let table = &catalog.tables[&name("t")];
    let lines: Vec<String> = table
        .columns
        .iter()
        .map(|c| {
            format!(
                "{}: nullable {} counter {} always {} generated {} default {:?}",
                c.name, c.nullable, c.counter, c.identity_always, c.generated, c.default
            )
        })
        .collect();
    let told = format!(
        "{}\nkey {:?}\n{:#?}\n{:#?}",
        lines.join("\n"),
        table.primary_key,
        table.uniques,
        catalog.tables[&name("r")].foreign_keys
    );
    insta::assert_snapshot!(told);
    engine.close().await.unwrap();
}

#[tokio::test]
async fn samples_are_taken_by_their_types() {
    let mut target = target();
    target.extensions = ["hstore", "ltree", "cube", "seg"].map(str::to_owned).to_vec();
    let Some(engine) = engine_for("samples_are_taken_by_their_types", &target).await else { return };
    engine.create(&db(0)).await.unwrap();
    let types = [
        "inet",
        "cidr",
        "macaddr",
        "macaddr8",
        "money",
        "point",
        "line",
        "lseg",
        "box",
        "path",
        "polygon",
        "circle",
        "tsvector",
        "tsquery",
        "xml",
        "jsonpath",
        "int4range",
        "int8range",
        "numrange",
        "daterange",
        "tsrange",
        "tstzrange",
        "hstore",
        "ltree",
        "lquery",
        "ltxtquery",
        "cube",
        "seg",
        "pg_lsn",
        "xid",
        "cid",
        "tid",
        "txid_snapshot",
        "\"char\"",
        "oidvector",
        "int2vector",
        "regclass",
        "regtype",
        "regproc",
        "regprocedure",
        "regoper",
        "regoperator",
        "regnamespace",
        "regrole",
        "regconfig",
        "regdictionary",
        "bit(1)",
        "bit(12)",
        "bit varying(6)",
        "bit varying",
    ];
    let newer = [
        "int4multirange",
        "int8multirange",
        "nummultirange",
        "datemultirange",
        "tsmultirange",
        "tstzmultirange",
        "pg_snapshot",
        "xid8",
        "regcollation",
    ];
    let mut all = types.to_vec();
    if engine.shared.version >= 140_000 {
        all.extend(newer);
    }
    let tables: String =
        all.iter().enumerate().map(|(at, ty)| format!("create table t{at}(v {ty});")).collect();
    migrate(&engine, &db(0), &tables).await;
    let mut session = engine.connect(&db(0)).await.unwrap();
    let catalog = session.catalog().await.unwrap();
    let mut wrong = Vec::new();
    for (at, ty) in all.iter().enumerate() {
        let table = name(&format!("t{at}"));
        let column = &catalog.tables[&table].columns[0];
        assert_eq!(column.ty.family, Family::Other, "{ty}");
        let plain = engine.dialect().samples(&column.ty, false);
        let edges = engine.dialect().samples(&column.ty, true);
        if plain.is_empty()
            || (edges.is_empty()
                && !ty.contains("query")
                && !matches!(
                    *ty,
                    "seg"
                        | "txid_snapshot"
                        | "pg_snapshot"
                        | "oidvector"
                        | "int2vector"
                        | "regoper"
                        | "regoperator"
                ))
        {
            wrong.push(format!("{ty}: no samples"));
        }
        let rows: Vec<NewRow> = plain
            .iter()
            .chain(&edges)
            .map(|v| NewRow {
                table: table.clone(),
                values: vec![("v".to_owned(), v.clone())],
                primary_key: Vec::new(),
                overrides_identity: false,
            })
            .collect();
        for (row, answer) in rows.iter().zip(session.insert(&rows, false).await.unwrap()) {
            if let Err(refused) = answer {
                wrong.push(format!("{ty} {:?}: {}", row.values[0].1, refused.message));
            }
        }
        let contents = session.contents(&catalog).await.unwrap();
        let distinct: std::collections::BTreeSet<_> =
            contents.tables.get(&table).into_iter().flat_map(|r| &r.rows).collect();
        if distinct.len() < plain.len() {
            wrong.push(format!("{ty}: only {} of {} samples differ", distinct.len(), plain.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    engine.close().await.unwrap();
}
