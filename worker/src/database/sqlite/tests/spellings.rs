//! Two spellings of one schema are one catalog.

use super::{catalog, differences};

async fn same(one: &str, other: &str) {
    let found = differences(&catalog(one).await, &catalog(other).await);
    assert!(found.is_empty(), "{found:?}\n  {one}\n  {other}");
}

#[tokio::test]
async fn definitions() {
    for (one, other) in [
        ("a varchar (50)", "[a] VARCHAR( 50 )"),
        ("a INT, b BOOL", "a INTEGER, b boolean"),
        ("a NUMERIC(10,2)", "\"a\" numeric ( 10 , 2 )"),
        ("a TEXT DEFAULT 'x'", "`a` TEXT DEFAULT ('x')"),
        ("a TEXT DEFAULT 'x'", "a TEXT DEFAULT \"x\""),
        ("a INT DEFAULT '0'", "a INT DEFAULT 0"),
        ("a BOOLEAN DEFAULT false", "a BOOLEAN DEFAULT (0)"),
        ("a TEXT", "a TEXT NULL DEFAULT NULL"),
        ("a TEXT", "a TEXT COLLATE BINARY"),
        ("a INT NOT NULL", "a INT NOT NULL ON CONFLICT ABORT"),
        ("a DEFAULT CURRENT_TIMESTAMP", "a DEFAULT (current_timestamp)"),
        ("a DEFAULT (datetime('now'))", "a DEFAULT ( DATETIME ( 'now' -- when\n ) )"),
        ("a INT NOT NULL DEFAULT 1 CHECK (a > 0)", "a INT CHECK ( (\"A\">0) ) DEFAULT 1 NOT NULL"),
        ("a INTEGER PRIMARY KEY", "a INTEGER NOT NULL, PRIMARY KEY (a)"),
        ("a INTEGER PRIMARY KEY AUTOINCREMENT", "a INTEGER, PRIMARY KEY (a AUTOINCREMENT)"),
        ("a TEXT UNIQUE", "a TEXT, UNIQUE (\"a\")"),
        ("a TEXT CONSTRAINT u UNIQUE", "a TEXT, CONSTRAINT 'u' UNIQUE (a ASC)"),
        ("a TEXT COLLATE nocase UNIQUE", "a TEXT COLLATE \"NOCASE\", UNIQUE (a COLLATE NoCase)"),
        ("a INT CHECK (a != 3)", "a INT, CHECK (t.a <> 3)"),
        ("a TEXT CHECK (a IN ('x','y'))", "a TEXT, CHECK (\"a\" in (\"x\", 'y'))"),
        (
            "a INT REFERENCES p",
            "a INT, FOREIGN KEY (A) REFERENCES \"P\" (id) ON DELETE NO ACTION MATCH SIMPLE",
        ),
        ("a INT REFERENCES p", "a INT REFERENCES p NOT DEFERRABLE INITIALLY IMMEDIATE"),
        ("a INT, b INT AS (a)", "a INT, b INT GENERATED ALWAYS AS ((\"a\")) VIRTUAL"),
        ("a INT, CHECK (a) UNIQUE (a)", "a INT, UNIQUE (a), CHECK (a)"),
    ] {
        let define =
            |columns: &str| format!("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t ({columns})");
        same(&define(one), &define(other)).await;
    }
}

#[tokio::test]
async fn alter_table() {
    same(
        "CREATE TABLE t (a INT, PRIMARY KEY (a), CHECK (a > 0)); ALTER TABLE t ADD COLUMN b TEXT NOT NULL DEFAULT 'x'",
        "CREATE TABLE t (a INT PRIMARY KEY CHECK (a > 0), b TEXT DEFAULT ('x') NOT NULL)",
    )
    .await;
    let schema = "CREATE TABLE t (a INT CHECK (t.a > 0), b INT REFERENCES t(a), UNIQUE (a));
        CREATE TABLE u (c INT REFERENCES t(a));
        CREATE INDEX i ON t (lower(a), b) WHERE a > 1;
        CREATE VIEW v AS SELECT a, t.b FROM t WHERE t.a > 1;
        CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE u SET c = new.a WHERE c IN (SELECT a FROM t); END;";
    let there_and_back = "ALTER TABLE t RENAME TO x; ALTER TABLE x RENAME TO t;
        ALTER TABLE t RENAME COLUMN a TO z; ALTER TABLE t RENAME z TO a;";
    same(schema, &format!("{schema}{there_and_back}")).await;
    same(schema, &format!("{schema} ALTER TABLE t ADD COLUMN k INT; ALTER TABLE t DROP COLUMN k;")).await;
}

#[tokio::test]
async fn a_rebuilt_table() {
    let table =
        "(id INTEGER NOT NULL, name VARCHAR(20) DEFAULT 'x' NOT NULL, CONSTRAINT pk_t PRIMARY KEY (id),
        CONSTRAINT uq_t UNIQUE (name), CONSTRAINT ck_t CHECK (length(name) > 1))";
    let index = "CREATE UNIQUE INDEX ix ON t (name DESC) WHERE id > 3;";
    same(
        &format!("CREATE TABLE t {table}; {index}"),
        &format!(
            "CREATE TABLE t {table}; {index} CREATE TABLE \"_alembic_tmp_t\" {table}; \
             INSERT INTO _alembic_tmp_t SELECT * FROM t; DROP TABLE t; ALTER TABLE _alembic_tmp_t RENAME TO t; {index}"
        ),
    )
    .await;
}

#[tokio::test]
async fn code() {
    let table = "CREATE TABLE t (a INT, b TEXT);";
    for (one, other) in [
        ("VIEW v AS SELECT a, b FROM t", "VIEW IF NOT EXISTS \"v\" as select\n a , [b] from `T` -- all"),
        ("VIEW v (x) AS SELECT a AS x FROM t", "VIEW v (\"x\") AS SELECT \"a\" AS \"x\" FROM \"t\""),
        (
            "TRIGGER r INSERT ON t BEGIN SELECT 1; END",
            "TRIGGER \"r\" before insert on \"t\" FOR EACH ROW begin select 1; end",
        ),
        (
            "TRIGGER r AFTER UPDATE OF a ON t WHEN new.a > 0 BEGIN DELETE FROM t WHERE b = 'x'; END",
            "TRIGGER r after update of \"a\" on t for each row when \"new\".a>0 begin delete from t where b='x'; end",
        ),
    ] {
        same(&format!("{table} CREATE {one}"), &format!("{table} CREATE {other}")).await;
    }
}

#[tokio::test]
async fn names_of_sqlites_own_never_appear() {
    let catalog = catalog(
        "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT UNIQUE, c TEXT, UNIQUE (b, c));
         INSERT INTO t (b) VALUES (1); ANALYZE;",
    )
    .await;
    assert!(catalog.objects.keys().all(|key| !key.path.contains("sqlite_")), "{:#?}", catalog.objects);
    assert_eq!(catalog.tables.len(), 1);
}
