//! Each thing that a schema can lose, changed alone, shows in the catalog in its own place and nowhere else.

use super::{catalog, differences};

async fn differ(one: &str, other: &str, places: &[&str]) {
    let found = differences(&catalog(one).await, &catalog(other).await);
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, places, "\n  {one}\n  {other}");
}

const PARENT: &str = "CREATE TABLE p (id INTEGER PRIMARY KEY, x INT UNIQUE, y INT UNIQUE);";

/// Two definitions of a table `t` beside the table `p`.
async fn tables_differ(one: &str, other: &str, places: &[&str]) {
    differ(&format!("{PARENT}{one}"), &format!("{PARENT}{other}"), places).await;
}

#[tokio::test]
async fn columns() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("a VARCHAR(50)", "a VARCHAR(51)", &["column t.a: type"]),
        ("a NUMERIC(10, 2)", "a NUMERIC(10, 3)", &["column t.a: type"]),
        ("a", "a BLOB", &["column t.a: type"]),
        ("a INT", "a BIGINT", &["column t.a: type"]),
        ("a INT", "a INT NOT NULL", &["column t.a: not null"]),
        ("a INT NOT NULL", "a INT NOT NULL ON CONFLICT IGNORE", &["column t.a: on conflict"]),
        ("a INT", "a INT DEFAULT 0", &["column t.a: default"]),
        ("a INT DEFAULT 0", "a INT DEFAULT 1", &["column t.a: default"]),
        ("a TEXT DEFAULT 'x'", "a TEXT DEFAULT 'X'", &["column t.a: default"]),
        ("a TEXT DEFAULT ''", "a TEXT", &["column t.a: default"]),
        ("a DEFAULT CURRENT_DATE", "a DEFAULT CURRENT_TIMESTAMP", &["column t.a: default"]),
        ("a DEFAULT CURRENT_DATE", "a DEFAULT 'current_date'", &["column t.a: default"]),
        ("a DEFAULT x'61'", "a DEFAULT 'a'", &["column t.a: default"]),
        ("a TEXT", "a TEXT COLLATE NOCASE", &["column t.a: collation"]),
        ("a TEXT COLLATE RTRIM", "a TEXT COLLATE NOCASE", &["column t.a: collation"]),
        ("b INT, a INT", "b INT, a INT AS (b)", &["column t.a: generated"]),
        ("b INT, a INT AS (b)", "b INT, a INT AS (b + 1)", &["column t.a: generated"]),
        ("b INT, a INT AS (b)", "b INT, a INT AS (b) STORED", &["column t.a: generated"]),
        ("a INT CONSTRAINT n NOT NULL", "a INT NOT NULL", &["column t.a: constraint names"]),
        ("a INT, b INT", "b INT, a INT", &["table t: column order"]),
        ("a INT, b INT", "a INT", &["column t.b", "table t: column order"]),
        ("a INT, b INT", "a INT, B INT", &["column t.B", "column t.b", "table t: column order"]),
    ];
    for (one, other, places) in cases {
        let define = |columns: &str| format!("CREATE TABLE t (z INT, {columns})");
        tables_differ(&define(one), &define(other), places).await;
    }
}

#[tokio::test]
async fn tables() {
    let strict = "CREATE TABLE t (a INT) STRICT";
    tables_differ("CREATE TABLE t (a INT)", strict, &["table t: strict"]).await;
    let (with, without) = ("CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY)", "WITHOUT ROWID");
    tables_differ(with, &format!("{with} {without}"), &["table t: without rowid"]).await;
    tables_differ("CREATE TABLE t (a INT)", "", &["column t.a", "table t"]).await;
}

#[tokio::test]
async fn primary_keys() {
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "a TEXT, b TEXT, PRIMARY KEY (a, b)",
            "a TEXT, b TEXT, PRIMARY KEY (b, a)",
            &["primary key t.primary key: columns"],
        ),
        ("a TEXT, PRIMARY KEY (a)", "a TEXT, PRIMARY KEY (a DESC)", &["primary key t.primary key: columns"]),
        (
            "a TEXT, PRIMARY KEY (a)",
            "a TEXT, PRIMARY KEY (a COLLATE NOCASE)",
            &["primary key t.primary key: columns"],
        ),
        ("a TEXT PRIMARY KEY", "a TEXT", &["primary key t.primary key"]),
        (
            "a TEXT PRIMARY KEY",
            "a TEXT CONSTRAINT pk PRIMARY KEY",
            &["primary key t.pk", "primary key t.primary key"],
        ),
        (
            "a TEXT PRIMARY KEY",
            "a TEXT PRIMARY KEY ON CONFLICT REPLACE",
            &["primary key t.primary key: on conflict"],
        ),
        (
            "a INTEGER PRIMARY KEY",
            "a INTEGER PRIMARY KEY AUTOINCREMENT",
            &["primary key t.primary key: autoincrement"],
        ),
        // No rowid alias: that takes the very word INTEGER, and no DESC with it.
        (
            "a INTEGER NOT NULL PRIMARY KEY",
            "a INT NOT NULL PRIMARY KEY",
            &["primary key t.primary key: rowid alias"],
        ),
        (
            "a INTEGER NOT NULL, PRIMARY KEY (a DESC)",
            "a INTEGER NOT NULL PRIMARY KEY DESC",
            &["primary key t.primary key: rowid alias"],
        ),
    ];
    for (one, other, places) in cases {
        let define = |columns: &str| format!("CREATE TABLE t ({columns})");
        tables_differ(&define(one), &define(other), places).await;
    }
}

#[tokio::test]
async fn constraints() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("UNIQUE (a)", "CHECK (1)", &["check constraint t.check(1)", "unique constraint t.unique(a)"]),
        (
            "UNIQUE (a)",
            "UNIQUE (a, b)",
            &["unique constraint t.unique(a)", "unique constraint t.unique(a, b)"],
        ),
        ("CONSTRAINT u UNIQUE (a)", "CONSTRAINT u UNIQUE (a, b)", &["unique constraint t.u: columns"]),
        ("CONSTRAINT u UNIQUE (a)", "CONSTRAINT u UNIQUE (a DESC)", &["unique constraint t.u: columns"]),
        (
            "CONSTRAINT u UNIQUE (a)",
            "CONSTRAINT u UNIQUE (a COLLATE NOCASE)",
            &["unique constraint t.u: columns"],
        ),
        (
            "CONSTRAINT u UNIQUE (a)",
            "CONSTRAINT v UNIQUE (a)",
            &["unique constraint t.u", "unique constraint t.v"],
        ),
        (
            "CONSTRAINT u UNIQUE (a)",
            "CONSTRAINT u UNIQUE (a) ON CONFLICT IGNORE",
            &["unique constraint t.u: on conflict"],
        ),
        ("CONSTRAINT c CHECK (a > 0)", "CONSTRAINT c CHECK (a > 1)", &["check constraint t.c: condition"]),
        (
            "CHECK (a > 0)",
            "CHECK (a >= 0)",
            &["check constraint t.check(a > 0)", "check constraint t.check(a >= 0)"],
        ),
        (
            "CONSTRAINT c CHECK (b = 'x')",
            "CONSTRAINT c CHECK (b = 'X')",
            &["check constraint t.c: condition"],
        ),
        ("CHECK (a) CHECK (a)", "CHECK (a)", &["check constraint t.check(a) #2"]),
        (
            "CONSTRAINT f FOREIGN KEY (a) REFERENCES p(x)",
            "CONSTRAINT f FOREIGN KEY (b) REFERENCES p(x)",
            &["foreign key t.f: columns"],
        ),
        (
            "CONSTRAINT f FOREIGN KEY (a) REFERENCES p(x)",
            "CONSTRAINT f FOREIGN KEY (a) REFERENCES p(y)",
            &["foreign key t.f: references"],
        ),
        (
            "CONSTRAINT f FOREIGN KEY (a) REFERENCES p",
            "CONSTRAINT f FOREIGN KEY (a) REFERENCES t",
            &["foreign key t.f: references"],
        ),
        (
            "FOREIGN KEY (a) REFERENCES p",
            "FOREIGN KEY (a) REFERENCES p ON DELETE CASCADE",
            &["foreign key t.foreign key(a): on delete"],
        ),
        (
            "FOREIGN KEY (a) REFERENCES p ON DELETE RESTRICT",
            "FOREIGN KEY (a) REFERENCES p ON DELETE SET NULL",
            &["foreign key t.foreign key(a): on delete"],
        ),
        (
            "FOREIGN KEY (a) REFERENCES p",
            "FOREIGN KEY (a) REFERENCES p ON UPDATE CASCADE",
            &["foreign key t.foreign key(a): on update"],
        ),
        (
            "FOREIGN KEY (a) REFERENCES p",
            "FOREIGN KEY (a) REFERENCES p MATCH FULL",
            &["foreign key t.foreign key(a): match"],
        ),
        (
            "FOREIGN KEY (a) REFERENCES p",
            "FOREIGN KEY (a) REFERENCES p DEFERRABLE INITIALLY DEFERRED",
            &["foreign key t.foreign key(a): deferrable"],
        ),
        (
            "FOREIGN KEY (a) REFERENCES p DEFERRABLE",
            "FOREIGN KEY (a) REFERENCES p DEFERRABLE INITIALLY DEFERRED",
            &["foreign key t.foreign key(a): deferrable"],
        ),
        (
            "CONSTRAINT f FOREIGN KEY (a) REFERENCES p",
            "FOREIGN KEY (a) REFERENCES p",
            &["foreign key t.f", "foreign key t.foreign key(a)"],
        ),
    ];
    for (one, other, places) in cases {
        let define = |constraint: &str| format!("CREATE TABLE t (a INT, b TEXT, c INT, {constraint})");
        tables_differ(&define(one), &define(other), places).await;
    }
}

#[tokio::test]
async fn indexes() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("INDEX i ON t (a)", "INDEX i ON t (b)", &["index t.i: columns"]),
        ("INDEX i ON t (a, b)", "INDEX i ON t (b, a)", &["index t.i: columns"]),
        ("INDEX i ON t (a)", "INDEX i ON t (a DESC)", &["index t.i: columns"]),
        ("INDEX i ON t (b)", "INDEX i ON t (b COLLATE NOCASE)", &["index t.i: columns"]),
        ("INDEX i ON t (c)", "INDEX i ON t (c COLLATE BINARY)", &["index t.i: columns"]),
        ("INDEX i ON t (lower(b))", "INDEX i ON t (upper(b))", &["index t.i: columns"]),
        ("INDEX i ON t (a)", "UNIQUE INDEX i ON t (a)", &["index t.i: unique"]),
        ("INDEX i ON t (a)", "INDEX i ON t (a) WHERE a > 0", &["index t.i: where"]),
        ("INDEX i ON t (a) WHERE a > 0", "INDEX i ON t (a) WHERE a > 1", &["index t.i: where"]),
        ("INDEX i ON t (a)", "INDEX j ON t (a)", &["index t.i", "index t.j"]),
        ("INDEX i ON t (a)", "INDEX i ON p (x)", &["index p.i", "index t.i"]),
    ];
    for (one, other, places) in cases {
        let define =
            |index: &str| format!("CREATE TABLE t (a INT, b TEXT, c TEXT COLLATE NOCASE); CREATE {index}");
        tables_differ(&define(one), &define(other), places).await;
    }
}

#[tokio::test]
async fn code() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("VIEW v AS SELECT a FROM t", "VIEW w AS SELECT a FROM t", &["view v", "view w"]),
        ("VIEW v AS SELECT a FROM t", "VIEW v AS SELECT a FROM t WHERE a > 0", &["view v: definition"]),
        ("VIEW v AS SELECT 'x' AS b FROM t", "VIEW v AS SELECT 'X' AS b FROM t", &["view v: definition"]),
        (
            "VIEW v AS SELECT a FROM t WHERE b = \"no such column\"",
            "VIEW v AS SELECT a FROM t WHERE b = \"No such column\"",
            &["view v: definition"],
        ),
        ("VIEW v AS SELECT a AS total FROM t", "VIEW v AS SELECT a AS Total FROM t", &["view v: columns"]),
        (
            "TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END",
            "TRIGGER r BEFORE INSERT ON t BEGIN SELECT 1; END",
            &["trigger t.r: definition"],
        ),
        (
            "TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END",
            "TRIGGER r AFTER INSERT ON t WHEN new.a > 0 BEGIN SELECT 1; END",
            &["trigger t.r: definition"],
        ),
        (
            "TRIGGER r AFTER UPDATE ON t BEGIN SELECT 1; END",
            "TRIGGER r AFTER UPDATE OF a ON t BEGIN SELECT 1; END",
            &["trigger t.r: definition"],
        ),
        (
            "TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END",
            "TRIGGER r AFTER INSERT ON p BEGIN SELECT 1; END",
            &["trigger p.r", "trigger t.r"],
        ),
    ];
    for (one, other, places) in cases {
        let define = |code: &str| format!("CREATE TABLE t (a INT, b TEXT); CREATE {code}");
        tables_differ(&define(one), &define(other), places).await;
    }
}

#[tokio::test]
async fn the_database_itself() {
    differ("", "PRAGMA user_version = 7", &["database main: user_version"]).await;
    differ("", "PRAGMA application_id = 7", &["database main: application_id"]).await;
}

#[tokio::test]
async fn virtual_tables() {
    let one = "CREATE VIRTUAL TABLE f USING fts5(title, body)";
    let other = "CREATE VIRTUAL TABLE f USING fts5(title, body, tokenize = 'porter')";
    differ(one, other, &["table f: definition"]).await;
}
