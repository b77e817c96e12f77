//! What a request asks for is what it gets; on real SQLite files.

use std::collections::BTreeSet;

use mrt_chain::settings::{EngineKind, ServerSettings};

use super::super::{Batch, Edge, EdgeSet, Request, RowKind, Seeded, Vocabulary, seed};
use super::real::{Real, target};
use super::{texts, value};
use crate::database::catalog::TableName;
use crate::database::rows::{Contents, Rows, Value};
use crate::database::sqlite::Sqlite;
use crate::database::{DatabaseName, Engine};

struct Server {
    _dir: tempfile::TempDir,
    engine: Sqlite,
}

async fn start(ddl: &str) -> (Server, Real) {
    let dir = tempfile::tempdir().unwrap();
    let engine = Sqlite::open(dir.path(), &target(EngineKind::Sqlite, ServerSettings::Embedded, &[]), None)
        .await
        .unwrap();
    let name = DatabaseName::new("seed", 0);
    engine.create(&name).await.unwrap();
    let real = Real::new(engine.connect(&name).await.unwrap(), ddl).await;
    (Server { _dir: dir, engine }, real)
}

fn names(tables: &[&str]) -> BTreeSet<TableName> {
    tables.iter().map(|name| TableName { schema: None, name: (*name).to_owned() }).collect()
}

/// Tables by name, with how many rows each got.
fn counts(seeded: &Seeded) -> Vec<(String, usize)> {
    let tables: BTreeSet<&str> = seeded.rows.iter().map(|row| row.row.table.name.as_str()).collect();
    let count = |table: &str| seeded.rows.iter().filter(|row| row.row.table.name == table).count();
    tables.into_iter().map(|table| (table.to_owned(), count(table))).collect()
}

#[tokio::test]
async fn a_long_chain_of_parents_stays_cheap() {
    let (server, mut real) = start(
        "CREATE TABLE a (id INTEGER PRIMARY KEY);
         CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER NOT NULL REFERENCES a (id));
         CREATE TABLE aside (id INTEGER PRIMARY KEY);
         CREATE TABLE c (id INTEGER PRIMARY KEY, b_id INTEGER NOT NULL REFERENCES b (id), aside_id INTEGER REFERENCES aside (id));
         CREATE TABLE d (id INTEGER PRIMARY KEY, c_id INTEGER REFERENCES c (id), note TEXT);
         CREATE TABLE other (id INTEGER PRIMARY KEY, d_id INTEGER REFERENCES d (id));",
    )
    .await;
    let there = real.catalog.clone();
    let seeded =
        real.seed_some(server.engine.dialect(), Batch::A, &there, EdgeSet::None, &names(&["d"])).await;
    let expected = [("a", 2), ("b", 2), ("c", 2), ("d", 3)].map(|(name, count)| (name.to_owned(), count));
    assert_eq!(counts(&seeded), expected);
    assert!(texts(&seeded, "c", "aside_id").contains(""));
    assert!(!texts(&seeded, "d", "c_id").contains(""));
}

#[tokio::test]
async fn keys_that_migrations_inserted_serve_where_no_others_fit() {
    let (server, mut real) = start(
        "CREATE TABLE roles (id INTEGER PRIMARY KEY CHECK (id IN (1, 2)), name TEXT NOT NULL);
         INSERT INTO roles VALUES (1, 'admin'), (2, 'user');
         CREATE TABLE users (id INTEGER PRIMARY KEY, role_id INTEGER NOT NULL REFERENCES roles (id));",
    )
    .await;
    let there = real.catalog.clone();
    let seeded = real
        .seed_some(server.engine.dialect(), Batch::A, &there, EdgeSet::None, &names(&["roles", "users"]))
        .await;
    assert_eq!(seeded.not_seeded, Default::default());
    assert_eq!(texts(&seeded, "users", "role_id"), BTreeSet::from(["1", "2"].map(str::to_owned)));
}

#[tokio::test]
async fn values_that_the_revision_writes_are_avoided() {
    let (server, mut real) =
        start("CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT UNIQUE NOT NULL);").await;
    let there = real.catalog.clone();
    let table = TableName { schema: None, name: "t".to_owned() };
    let first = real.seed(server.engine.dialect(), Batch::A, &there, EdgeSet::None).await;
    real.session.execute_script("DELETE FROM t").await.unwrap().unwrap();
    let mut written = Contents::default();
    let row = |row: &super::super::SeededRow| {
        row.row
            .values
            .iter()
            .map(|(_, value)| Some(super::super::values::spell(value).to_uppercase()))
            .collect()
    };
    let rows = Rows {
        columns: vec!["id".to_owned(), "code".to_owned()],
        key: vec![0],
        rows: first.rows.iter().map(row).collect(),
    };
    written.tables.insert(table, rows);
    real.seen = vec![written];
    let second = real.seed(server.engine.dialect(), Batch::A, &there, EdgeSet::None).await;
    assert_eq!(second.rows.len(), 3);
    for column in ["id", "code"] {
        assert!(texts(&first, "t", column).is_disjoint(&texts(&second, "t", column)));
    }
}

#[tokio::test]
async fn a_refusal_is_reported_in_the_databases_own_words() {
    let (server, mut real) = start(
        "CREATE TABLE shut (id INTEGER PRIMARY KEY);
         CREATE TRIGGER never BEFORE INSERT ON shut BEGIN SELECT RAISE(ABORT, 'closed for good'); END;
         CREATE TABLE child (id INTEGER PRIMARY KEY, shut_id INTEGER NOT NULL REFERENCES shut (id));
         CREATE TABLE free (id INTEGER PRIMARY KEY, shut_id INTEGER REFERENCES shut (id));",
    )
    .await;
    let there = real.catalog.clone();
    let seeded = real.seed(server.engine.dialect(), Batch::A, &there, EdgeSet::All).await;
    let reason = |table: &str| {
        let found = seeded.not_seeded.iter().find(|(name, _)| name.name == table);
        found.map(|(_, reason)| reason.as_str())
    };
    assert_eq!(reason("shut"), Some("closed for good"));
    assert_eq!(reason("child"), Some("no row of shut could be inserted to refer to: closed for good"));
    assert_eq!(reason("free"), None);
}

#[tokio::test]
async fn one_label_of_many() {
    let (server, mut real) =
        start("CREATE TABLE t (id INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('a', 'b', 'c', 'd', 'e', 'f')));")
            .await;
    let there = real.catalog.clone();
    let only = EdgeSet::Only([Edge::Label(1)].into());
    let seeded = real.seed(server.engine.dialect(), Batch::A, &there, only).await;
    let kinds: Vec<RowKind> = seeded.rows.iter().map(|row| row.kind).collect();
    assert_eq!(kinds.last(), Some(&RowKind::Edge(Edge::Label(1))));
    assert_eq!(kinds.len(), 4);
    let one = texts(&seeded, "t", "kind");
    real.session.execute_script("DELETE FROM t").await.unwrap().unwrap();
    real.seen.clear();
    let all = real.seed(server.engine.dialect(), Batch::A, &there, EdgeSet::All).await;
    assert_eq!(texts(&all, "t", "kind").len(), 6);
    let of = |seeded: &Seeded| {
        let row = seeded.rows.iter().find(|row| row.kind == RowKind::Edge(Edge::Label(1)));
        row.and_then(|row| value(row, "kind")).cloned()
    };
    assert_eq!(of(&seeded), of(&all));
    assert_eq!(one.len(), 4);
}

#[tokio::test]
async fn the_vocabulary_changes_free_text_and_nothing_else() {
    let ddl = "CREATE TABLE t (id INTEGER PRIMARY KEY, thing TEXT, email TEXT, at TIMESTAMP, kind TEXT CHECK (kind IN ('x', 'y')));";
    let (server, real) = start(ddl).await;
    let mut session = real.session;
    for (vocabulary, parses) in [
        (Vocabulary::Words, (|text| text.chars().all(|c| c.is_ascii_alphanumeric())) as fn(&str) -> bool),
        (Vocabulary::Digits, |text| text.parse::<i64>().is_ok()),
        (Vocabulary::Json, |text| {
            serde_json::from_str::<serde_json::Value>(text).is_ok_and(|json| json.is_object())
        }),
        (Vocabulary::DateTime, |text| text.parse::<jiff::civil::DateTime>().is_ok()),
        (Vocabulary::Uuid, |text| text.len() == 36 && text.split('-').count() == 5),
    ] {
        let tables = names(&["t"]);
        let request = Request {
            suite: "suite",
            revision: "abc",
            batch: Batch::A,
            here: &real.catalog,
            there: &real.catalog,
            tables: &tables,
            edges: EdgeSet::None,
            avoid: &[],
            vocabulary,
        };
        let seeded = seed(session.as_mut(), server.engine.dialect(), &request).await.unwrap();
        assert!(texts(&seeded, "t", "thing").iter().all(|text| parses(text)), "{vocabulary:?}");
        assert!(texts(&seeded, "t", "email").iter().all(|text| text.contains('@')), "{vocabulary:?}");
        assert!(texts(&seeded, "t", "kind").iter().all(|text| ["x", "y"].contains(&text.as_str())));
        session.execute_script("DELETE FROM t").await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_value_differs_from_its_default() {
    let (server, mut real) = start(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, status TEXT NOT NULL DEFAULT 'active', on_off BOOLEAN NOT NULL DEFAULT 0);",
    )
    .await;
    let there = real.catalog.clone();
    let seeded = real.seed(server.engine.dialect(), Batch::A, &there, EdgeSet::None).await;
    assert!(!texts(&seeded, "t", "status").contains("active"));
    assert_eq!(value(&seeded.rows[0], "on_off"), Some(&Value::Bool(true)));
}
