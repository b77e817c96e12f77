//! Rows in and out.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{Server, row, table, text};
use crate::database::Session;
use crate::database::rows::{Contents, Reason, Rejection, Value};

async fn contents(session: &mut Box<dyn Session>) -> Contents {
    let catalog = session.catalog().await.unwrap();
    session.contents(&catalog).await.unwrap()
}

/// The canonical rows of a table, NULL as `-`.
async fn rows_of(session: &mut Box<dyn Session>, name: &str) -> Vec<String> {
    let contents = contents(session).await;
    let Some(rows) = contents.tables.get(&table(name)) else { return Vec::new() };
    let line = |row: &Vec<Option<String>>| {
        row.iter().map(|value| value.as_deref().unwrap_or("-")).collect::<Vec<_>>().join("|")
    };
    rows.rows.iter().map(line).collect()
}

async fn script(session: &mut Box<dyn Session>, sql: &str) {
    session.execute_script(sql).await.unwrap().unwrap();
}

fn refused(result: &Result<(), Rejection>) -> (Reason, Option<&str>, Vec<&str>) {
    let rejection = result.as_ref().unwrap_err();
    let columns = rejection.columns.iter().map(String::as_str).collect();
    (rejection.reason, rejection.constraint.as_deref(), columns)
}

#[tokio::test]
async fn values_are_read_as_they_are_stored() {
    let server = Server::start().await;
    let mut session = server
        .session(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a);
             INSERT INTO t VALUES (10, 1), (2, 1.0), (3, '1'), (4, x'31'), (5, NULL), (6, 'NULL'), (7, ''), (8, x''),
                (9, CAST(x'ff41' AS TEXT)), (1, 1e308), (11, 9223372036854775807), (12, 0.1), (13, -0.0),
                (14, '2024-01-31'), (15, '''x'), (16, 'a' || char(0) || 'b'), (17, 9e999), (18, 123456789012345680.0);",
        )
        .await;
    assert_eq!(
        rows_of(&mut session, "t").await,
        [
            "1|1e308",
            "2|1.0",
            "3|'1'",
            "4|x'31'",
            "5|-",
            "6|NULL",
            "7|",
            "8|x''",
            "9|text x'ff41'",
            "10|1",
            "11|9223372036854775807",
            "12|0.1",
            "13|0.0",
            "14|2024-01-31",
            "15|''x'",
            "16|a\0b",
            "17|inf",
            "18|1.2345678901234568e17",
        ]
    );
}

#[tokio::test]
async fn rows_have_an_order_whatever_the_table_says() {
    let server = Server::start().await;
    let mut session = server
        .session(
            "CREATE TABLE keyed (b TEXT COLLATE NOCASE, a INT, c, PRIMARY KEY (a, b));
             INSERT INTO keyed VALUES ('b', 1, 1), ('A', 1, 2), ('a', 0, 3), (NULL, NULL, 5), (NULL, NULL, 4);
             CREATE TABLE heap (a, b); INSERT INTO heap VALUES (2, 1), (1, 'x'), (1, NULL), (2, 1);
             CREATE TABLE empty (a);",
        )
        .await;
    assert_eq!(rows_of(&mut session, "keyed").await, ["-|-|4", "-|-|5", "a|0|3", "A|1|2", "b|1|1"]);
    assert_eq!(rows_of(&mut session, "heap").await, ["1|-", "1|x", "2|1", "2|1"]);
    let contents = contents(&mut session).await;
    assert!(!contents.tables.contains_key(&table("empty")));
    assert_eq!(contents.tables[&table("keyed")].columns, ["b", "a", "c"]);
    assert_eq!(contents.tables[&table("keyed")].key, [1, 0]);
}

#[test]
fn what_is_written_is_read_and_different_values_stay_different() {
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|n| Value::Integer(n.into())),
        (-3_i128..3).prop_map(Value::Integer),
        any::<f64>()
            .prop_filter("SQLite has no NaN", |x| !x.is_nan())
            .prop_map(|x| Value::Number(format!("{x:?}"))),
        "-?[0-9]{1,3}(\\.[0-9]{1,3})?".prop_map(Value::Number),
        ".{0,12}".prop_map(Value::Text),
        "-?[0-9]{1,2}(\\.0)?".prop_map(Value::Text),
        prop::collection::vec(any::<u8>(), 0..5).prop_map(Value::Bytes),
    ];
    /// What SQLite's SQL says is the same value: true is 1, and the spelling of a number does not count.
    fn meaning(value: &Value) -> Value {
        match value {
            Value::Bool(truth) => Value::Integer((*truth).into()),
            Value::Number(text) => match text.parse::<i64>() {
                Ok(n) => Value::Integer(n.into()),
                Err(_) => Value::Number(format!("{:?}", text.parse::<f64>().unwrap() + 0.0)),
            },
            other => other.clone(),
        }
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::start());
    let mut runner = TestRunner::new(Config { cases: 24, ..Config::default() });
    let values = prop::collection::vec(value, 40);
    let result = runner.run(&values, |values| {
        let texts = runtime.block_on(async {
            let mut session = server.session("CREATE TABLE t (id INTEGER PRIMARY KEY, a)").await;
            let rows: Vec<_> = (0_i128..)
                .zip(&values)
                .map(|(id, value)| row("t", &[("id", Value::Integer(id)), ("a", value.clone())], &["id"]))
                .collect();
            assert!(session.insert(&rows, false).await.unwrap().iter().all(Result::is_ok));
            contents(&mut session).await.tables[&table("t")].rows.clone()
        });
        for (one, one_text) in values.iter().zip(&texts) {
            for (other, other_text) in values.iter().zip(&texts) {
                let same = meaning(one) == meaning(other);
                prop_assert_eq!(one_text[1] == other_text[1], same, "{:?} {:?}", one, other);
            }
        }
        Ok(())
    });
    result.unwrap();
}

#[tokio::test]
async fn a_refused_row_says_why_and_stops_nobody() {
    let server = Server::start().await;
    let mut session = server
        .session(
            "CREATE TABLE p (id INTEGER PRIMARY KEY);
             CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT UNIQUE, v INT, n TEXT NOT NULL DEFAULT 'n',
                c INT CONSTRAINT ck CHECK (c > 0), d INT CHECK (d <> 3), p INT REFERENCES p, q INT REFERENCES p(id));
             CREATE UNIQUE INDEX ux ON t (v, lower(u));
             CREATE TABLE s (i INT) STRICT;
             INSERT INTO p VALUES (1); INSERT INTO t (id, u) VALUES (1, 'taken');",
        )
        .await;
    let n = |n: i128| Value::Integer(n);
    let rows = [
        row("t", &[("u", text("taken"))], &["id"]),
        row("t", &[("u", text("new"))], &["id"]),
        row("t", &[("id", n(1))], &["id"]),
        row("t", &[("id", text("word"))], &["id"]),
        row("t", &[("n", Value::Null)], &["id"]),
        row("t", &[("c", n(0))], &["id"]),
        row("t", &[("d", n(3))], &["id"]),
        row("t", &[("p", n(1)), ("q", n(2))], &["id"]),
        row("t", &[("u", text("A")), ("v", n(1))], &["id"]),
        row("t", &[("u", text("a")), ("v", n(1))], &["id"]),
        row("s", &[("i", text("word"))], &[]),
        row("t", &[("nowhere", n(1))], &["id"]),
        row("nowhere", &[], &[]),
        row("t", &[], &["id"]),
    ];
    let answers = session.insert(&rows, false).await.unwrap();
    let expected = [
        Some((Reason::Unique, None, vec!["u"])),
        None,
        Some((Reason::Unique, None, vec!["id"])),
        Some((Reason::Value, None, vec![])),
        Some((Reason::NotNull, None, vec!["n"])),
        Some((Reason::Check, Some("ck"), vec![])),
        Some((Reason::Check, None, vec![])),
        Some((Reason::ForeignKey, None, vec!["q"])),
        None,
        Some((Reason::Unique, Some("ux"), vec![])),
        Some((Reason::Value, None, vec!["i"])),
        Some((Reason::Other, None, vec![])),
        Some((Reason::Other, None, vec![])),
        None,
    ];
    assert_eq!(answers.len(), expected.len());
    for (at, (answer, expected)) in answers.iter().zip(&expected).enumerate() {
        assert_eq!(answer.as_ref().err().map(|_| refused(answer)), *expected, "{at}: {answer:?}");
    }
    assert_eq!(rows_of(&mut session, "t").await.len(), 4);
}

#[tokio::test]
async fn no_conflict_clause_swallows_a_row() {
    let server = Server::start().await;
    let mut session = server
        .session(
            "CREATE TABLE t (a INT UNIQUE ON CONFLICT IGNORE, b INT UNIQUE ON CONFLICT REPLACE,
                c INT UNIQUE ON CONFLICT ROLLBACK);",
        )
        .await;
    let n = |a, b, c| {
        row("t", &[("a", Value::Integer(a)), ("b", Value::Integer(b)), ("c", Value::Integer(c))], &[])
    };
    let answers =
        session.insert(&[n(1, 1, 1), n(1, 2, 2), n(2, 1, 2), n(2, 2, 1), n(3, 3, 3)], false).await.unwrap();
    assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false, false, true]);
    assert_eq!(rows_of(&mut session, "t").await, ["1|1|1", "3|3|3"]);
}

#[tokio::test]
async fn a_trigger_may_raise_in_every_way() {
    let server = Server::start().await;
    let mut session = server
        .session(
            "CREATE TABLE t (a TEXT); CREATE TABLE log (a TEXT);
             CREATE TRIGGER r AFTER INSERT ON t BEGIN
                INSERT INTO log VALUES (new.a);
                SELECT CASE new.a WHEN 'abort' THEN RAISE(ABORT, 'no: abort') WHEN 'fail' THEN RAISE(FAIL, 'no: fail')
                    WHEN 'rollback' THEN RAISE(ROLLBACK, 'no: rollback') END;
             END;
             CREATE TRIGGER i BEFORE INSERT ON t WHEN new.a = 'ignore' BEGIN SELECT RAISE(IGNORE); END;",
        )
        .await;
    let words = ["one", "abort", "fail", "rollback", "ignore", "two", "rollback"];
    let rows = words.map(|word| row("t", &[("a", text(word))], &[]));
    let answers = session.insert(&rows, true).await.unwrap();
    let messages: Vec<_> = answers.iter().map(|a| a.as_ref().err().map(|r| r.message.as_str())).collect();
    let left_out = "a trigger left the row out";
    assert_eq!(
        messages,
        [
            None,
            Some("no: abort"),
            Some("no: fail"),
            Some("no: rollback"),
            Some(left_out),
            None,
            Some("no: rollback")
        ]
    );
    assert_eq!(rows_of(&mut session, "t").await, ["one", "two"]);
    assert_eq!(rows_of(&mut session, "log").await, ["one", "two"]);
    // Nothing is left open.
    assert_eq!(session.insert(&rows[..1], false).await.unwrap(), [Ok(())]);
}

const CYCLE: &str = "CREATE TABLE a (id INTEGER PRIMARY KEY, b INT NOT NULL REFERENCES b(id));
    CREATE TABLE b (id INTEGER PRIMARY KEY, a INT REFERENCES a(id));
    CREATE TABLE w (k TEXT PRIMARY KEY, b INT REFERENCES b(id)) WITHOUT ROWID;";

fn link(name: &str, id: i128, to: &str, other: Value) -> crate::database::rows::NewRow {
    row(name, &[("id", Value::Integer(id)), (to, other)], &["id"])
}

#[tokio::test]
async fn deferred_keys_let_a_cycle_in_and_no_orphan() {
    let server = Server::start().await;
    let mut session = server.session(CYCLE).await;
    let n = |n: i128| Value::Integer(n);
    let rows = [
        link("a", 1, "b", n(1)),
        link("b", 1, "a", n(1)),
        link("a", 2, "b", n(99)),
        link("b", 2, "a", n(2)),
        link("b", 3, "a", Value::Null),
        row("w", &[("k", text("x")), ("b", n(98))], &["k"]),
    ];
    let at_once = session.insert(&rows, false).await.unwrap();
    assert_eq!(
        at_once.iter().map(Result::is_ok).collect::<Vec<_>>(),
        [false, false, false, false, true, false]
    );

    let mut session = server.session(CYCLE).await;
    let deferred = session.insert(&rows, true).await.unwrap();
    // b 2 has lost its parent with a 2.
    assert_eq!(
        deferred.iter().map(Result::is_ok).collect::<Vec<_>>(),
        [true, true, false, false, true, false]
    );
    assert_eq!(refused(&deferred[2]), (Reason::ForeignKey, None, vec!["b"]));
    assert_eq!(refused(&deferred[3]), (Reason::ForeignKey, None, vec!["a"]));
    assert_eq!(rows_of(&mut session, "a").await, ["1|1"]);
    assert_eq!(rows_of(&mut session, "b").await, ["1|1", "3|-"]);
}

#[tokio::test]
async fn an_orphan_that_a_trigger_makes_is_laid_to_the_row_that_fired_it() {
    let server = Server::start().await;
    for deferred in ["", "DEFERRABLE INITIALLY DEFERRED"] {
        let mut session = server
            .session(&format!(
                "{CYCLE} CREATE TABLE log (b INT REFERENCES b(id) {deferred});
                 CREATE TRIGGER r AFTER INSERT ON b WHEN new.id > 1 BEGIN INSERT INTO log VALUES (new.id + 9); END;"
            ))
            .await;
        let rows = [link("b", 1, "a", Value::Null), link("b", 2, "a", Value::Null)];
        let answers = session.insert(&rows, true).await.unwrap();
        assert!(answers[1].is_err(), "{answers:?}");
        // Where even SQLite's own checks wait for the end, it is not told which row it was.
        assert_eq!(answers[0].is_ok(), deferred.is_empty());
        assert!(rows_of(&mut session, "log").await.is_empty());
    }
}

#[tokio::test]
async fn an_orphan_that_was_there_before_is_nobodys_fault() {
    let server = Server::start().await;
    let mut session = server.session(&format!("{CYCLE} CREATE TABLE later (x)")).await;
    drop(session);
    // As a migration leaves it: SQLite does not check foreign keys unless told to.
    let path = server.dir.path().join("mrt_test_0000.db");
    let mut other =
        sqlx::ConnectOptions::connect(&super::super::options(&path).foreign_keys(false)).await.unwrap();
    sqlx::Executor::execute(&mut other, "INSERT INTO a VALUES (7, 77)").await.unwrap();
    sqlx::Connection::close(other).await.unwrap();

    session = crate::database::Engine::connect(&server.engine, &super::database(0)).await.unwrap();
    let n = |n: i128| Value::Integer(n);
    let rows = [link("a", 1, "b", n(1)), link("b", 1, "a", n(1)), link("a", 8, "b", n(99))];
    let answers = session.insert(&rows, true).await.unwrap();
    assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false]);
}

#[tokio::test]
async fn an_update_finds_its_row() {
    let server = Server::start().await;
    let mut session = server.session(&format!("{CYCLE} CREATE TABLE heap (x, y)")).await;
    let rows = [
        link("b", 1, "a", Value::Null),
        link("a", 5, "b", Value::Integer(1)),
        row("heap", &[("x", text("one"))], &[]),
        row("heap", &[("x", text("two"))], &[]),
    ];
    assert!(session.insert(&rows, false).await.unwrap().iter().all(Result::is_ok));

    assert_eq!(session.update(&rows[0], &[("a".into(), Value::Integer(5))]).await.unwrap(), Ok(()));
    assert_eq!(rows_of(&mut session, "b").await, ["1|5"]);
    let orphan = session.update(&rows[0], &[("a".into(), Value::Integer(6))]).await.unwrap();
    assert_eq!(refused(&orphan), (Reason::ForeignKey, None, vec!["a"]));
    assert_eq!(session.update(&rows[2], &[("y".into(), text("new"))]).await.unwrap(), Ok(()));
    assert_eq!(rows_of(&mut session, "heap").await, ["one|new", "two|-"]);
    let absent = link("b", 9, "a", Value::Null);
    let answer = session.update(&absent, &[("a".into(), Value::Integer(5))]).await.unwrap();
    assert_eq!(refused(&answer).0, Reason::Other);
}

#[tokio::test]
async fn conditions_hold_as_they_would_in_the_table() {
    let server = Server::start().await;
    let mut session = server.session("CREATE TABLE t (a)").await;
    let mut ask = async |condition: &str, ty: &str, candidates: &[Value]| {
        let candidates: Vec<_> = candidates.iter().map(|value| vec![value.clone()]).collect();
        session.satisfying(condition, &[("a b".into(), ty.into())], &candidates).await.unwrap()
    };
    let n = |n: i128| Value::Integer(n);
    // NULL is unknown, and unknown is good enough.
    assert_eq!(ask("\"a b\" > 1", "INTEGER", &[n(1), n(2), Value::Null]).await, [false, true, true]);
    // The column's affinity decides how a value compares.
    assert_eq!(ask("\"a b\" = 10", "INTEGER", &[text("10"), n(10)]).await, [true, true]);
    assert_eq!(ask("\"a b\" < 9", "VARCHAR(9)", &[n(10), n(8)]).await, [true, true]);
    assert_eq!(ask("\"a b\" < 9", "BIGINT", &[n(10), n(8)]).await, [false, true]);
    assert_eq!(ask("typeof(\"a b\") = 'text'", "BLOB", &[n(1), text("1")]).await, [false, true]);
    // Text that is no number is nought, and so not true.
    assert_eq!(ask("\"a b\"", "TEXT", &[text("abc"), text("1"), text("")]).await, [false, true, false]);
    // An error is one candidate's own.
    let json = [text("{\"k\": 1}"), text("{"), text("{}")];
    assert_eq!(ask("json_extract(\"a b\", '$.k') = 1 -- really", "JSON", &json).await, [true, false, true]);
    assert_eq!(ask("no_such_function(\"a b\")", "TEXT", &json).await, [false; 3]);
    let edge = [n(i64::MIN.into()), n(1)];
    assert_eq!(ask("abs(\"a b\") > 0", "INTEGER", &edge).await, [false, true]);
    assert_eq!(ask("\"a b\" > 1", "INTEGER", &[]).await, [true; 0]);
    let many: Vec<_> = (0..20_000).map(n).collect();
    assert_eq!(ask("\"a b\" % 2 = 0", "INTEGER", &many).await.iter().filter(|yes| **yes).count(), 10_000);
    assert!(rows_of(&mut session, "t").await.is_empty());
}

#[tokio::test]
async fn counters_are_past_every_key() {
    let server = Server::start().await;
    let mut session = server
        .session(
            "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a); CREATE TABLE plain (id INTEGER PRIMARY KEY);
             CREATE TABLE w (k TEXT PRIMARY KEY) WITHOUT ROWID;
             INSERT INTO t VALUES (5, 'x'); UPDATE sqlite_sequence SET seq = 2;",
        )
        .await;
    session.advance_counters(&[table("t"), table("plain"), table("w")]).await.unwrap();
    assert_eq!(session.insert(&[row("t", &[], &["id"])], false).await.unwrap(), [Ok(())]);
    assert_eq!(rows_of(&mut session, "t").await, ["5|x", "6|-"]);
    script(&mut session, "DELETE FROM t WHERE id = 6").await;
    session.advance_counters(&[table("t")]).await.unwrap();
    assert_eq!(session.insert(&[row("t", &[], &["id"])], false).await.unwrap(), [Ok(())]);
    assert_eq!(rows_of(&mut session, "t").await, ["5|x", "7|-"], "a counter never goes back");

    let mut session = server.session("CREATE TABLE plain (id INTEGER PRIMARY KEY)").await;
    session.advance_counters(&[table("plain")]).await.unwrap();
}

#[tokio::test]
async fn a_counter_at_its_end_is_no_full_disk() {
    let server = Server::start().await;
    let sql =
        format!("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t VALUES ({})", i64::MAX);
    let mut session = server.session(&sql).await;
    let answer = session.try_insert(&row("t", &[], &["id"])).await.unwrap();
    assert_eq!(refused(&answer).0, Reason::Value);
}

#[tokio::test]
async fn a_row_that_is_tried_leaves_nothing() {
    let server = Server::start().await;
    let mut session =
        server.session("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT UNIQUE)").await;
    let before = contents(&mut session).await;
    assert_eq!(session.try_insert(&row("t", &[("a", text("x"))], &["id"])).await.unwrap(), Ok(()));
    assert_eq!(contents(&mut session).await, before);
    script(&mut session, "INSERT INTO t (a) VALUES ('x')").await;
    assert_eq!(rows_of(&mut session, "t").await, ["1|x"]);
    let taken = session.try_insert(&row("t", &[("a", text("x"))], &["id"])).await.unwrap();
    assert_eq!(refused(&taken), (Reason::Unique, None, vec!["a"]));
}

#[tokio::test]
async fn a_script_is_all_or_nothing() {
    let server = Server::start().await;
    let mut session = server.session(CYCLE).await;
    // The rows of a dump come in any order.
    let dump = "PRAGMA foreign_keys=OFF; BEGIN TRANSACTION; INSERT INTO a VALUES (1, 1);
        INSERT INTO b VALUES (1, 1); COMMIT;";
    script(&mut session, dump).await;
    assert_eq!(rows_of(&mut session, "a").await, ["1|1"]);

    for (sql, reason) in [
        ("INSERT INTO b VALUES (2, NULL); INSERT INTO b VALUES (2, NULL)", Reason::Unique),
        ("INSERT INTO b VALUES (2, NULL); INSERT INTO b VALUES (3, 99)", Reason::ForeignKey),
        ("INSERT INTO b VALUES (2, NULL); nonsense", Reason::Other),
    ] {
        let answer = session.execute_script(sql).await.unwrap();
        assert_eq!(refused(&answer).0, reason, "{sql}");
        assert_eq!(rows_of(&mut session, "b").await, ["1|1"], "{sql}");
    }
}
