//! Writing rows: what goes in, what is refused and why, counters, conditions.

use super::{ask, db, engines, migrate, name, read, row};
use crate::database::Engine as _;
use crate::database::rows::{NewRow, Reason, Value};

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn int(value: i128) -> Value {
    Value::Integer(value)
}

fn ids(rows: &[Vec<Option<String>>]) -> Vec<&str> {
    rows.iter().map(|row| row[0].as_deref().unwrap()).collect()
}

#[tokio::test]
async fn a_refused_row_does_not_stop_the_others() {
    for engine in engines("a_refused_row_does_not_stop_the_others").await {
        engine.create(&db(0)).await.unwrap();
        migrate(
            &engine,
            &db(0),
            "CREATE TABLE p (id int PRIMARY KEY); \
             CREATE TABLE t (id int CONSTRAINT [the key] PRIMARY KEY, s nvarchar(3) NOT NULL, n int, p int, d decimal(4, 1), \
             day date, x xml, u int, CONSTRAINT positive CHECK (n > 0), CONSTRAINT parent FOREIGN KEY (p) REFERENCES p (id)); \
             CREATE UNIQUE INDEX ix_u ON t (u) WHERE u IS NOT NULL",
        )
        .await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let good = |id: i128| row("t", &[("id", int(id)), ("s", text("a"))]);
        let with = |id: i128, column: &str, value: Value| {
            let mut row = good(id);
            row.values.retain(|(name, _)| name != column);
            row.values.push((column.to_owned(), value));
            row
        };
        let cases = [
            (row("p", &[("id", int(1))]), None),
            (good(1), None),
            (good(2), None),
            (good(2), Some(Reason::Unique)),
            (good(3), None),
            (with(4, "s", text("long")), Some(Reason::Value)),
            (with(5, "s", Value::Null), Some(Reason::NotNull)),
            (with(6, "n", int(0)), Some(Reason::Check)),
            (with(7, "p", int(9)), Some(Reason::ForeignKey)),
            (with(8, "p", int(1)), None),
            (with(9, "d", Value::Number("999.9".to_owned())), None),
            (with(10, "d", Value::Number("1000".to_owned())), Some(Reason::Value)),
            (with(11, "n", text("word")), Some(Reason::Value)),
            (with(12, "s", text("a\0b")), None),
            (with(13, "x", text("<a>")), Some(Reason::Value)),
            (with(14, "day", text("2020-02-30")), Some(Reason::Value)),
            (with(15, "n", int(1 << 40)), Some(Reason::Value)),
            (with(16, "no such column", int(1)), Some(Reason::Other)),
            (row("t", &[("id", int(17))]), Some(Reason::NotNull)),
            (with(18, "u", int(1)), None),
            (with(19, "u", int(1)), Some(Reason::Unique)),
            (good(20), None),
        ];
        let rows: Vec<NewRow> = cases.iter().map(|(row, _)| row.clone()).collect();
        let answers = session.insert(&rows, false).await.unwrap();
        let reasons: Vec<Option<Reason>> =
            answers.iter().map(|a| a.as_ref().err().map(|r| r.reason)).collect();
        let expected: Vec<Option<Reason>> = cases.iter().map(|(_, reason)| *reason).collect();
        assert_eq!(reasons, expected, "{answers:#?}");
        let refused = |at: usize| answers[at].as_ref().unwrap_err();
        assert_eq!(refused(3).constraint.as_deref(), Some("the key"));
        assert_eq!(refused(5).columns, ["s"]);
        assert_eq!(refused(6).columns, ["s"]);
        assert_eq!(refused(7).constraint.as_deref(), Some("positive"));
        assert_eq!(refused(8).constraint.as_deref(), Some("parent"));
        assert_eq!(refused(20).constraint.as_deref(), Some("ix_u"));
        assert_eq!(ids(&read(&mut *session, "t").await), ["1", "2", "3", "8", "9", "12", "18", "20"]);
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn many_rows_go_in() {
    for engine in engines("many_rows_go_in").await {
        engine.create(&db(0)).await.unwrap();
        migrate(&engine, &db(0), "CREATE TABLE t (id int PRIMARY KEY, s nvarchar(max))").await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let long = "ä'".repeat(5_000);
        let rows: Vec<NewRow> = (0..300)
            .map(|id| row("t", &[("id", int(if id == 170 { 5 } else { id })), ("s", text(&long))]))
            .collect();
        let answers = session.insert(&rows, false).await.unwrap();
        let refused: Vec<usize> = (0..300).filter(|at| answers[*at].is_err()).collect();
        assert_eq!(refused, [170]);
        let count = format!("SELECT COUNT(*) FROM {}.dbo.t", engine.stored(&db(0)));
        assert_eq!(ask(&engine, &count).await, [["299"]]);
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_the_server_fills_in_is_left_to_it() {
    for engine in engines("what_the_server_fills_in_is_left_to_it").await {
        engine.create(&db(0)).await.unwrap();
        migrate(
            &engine,
            &db(0),
            "CREATE TABLE t (id int IDENTITY PRIMARY KEY, n int, twice AS n * 2 PERSISTED, v rowversion, \
             began datetime2 GENERATED ALWAYS AS ROW START, ended datetime2 GENERATED ALWAYS AS ROW END, \
             PERIOD FOR SYSTEM_TIME (began, ended)) WITH (SYSTEM_VERSIONING = ON (HISTORY_TABLE = dbo.past))",
        )
        .await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let rows = [
            row("t", &[("id", int(41)), ("n", int(1))]),
            row("t", &[("n", int(2))]),
            row("t", &[("n", int(3)), ("v", Value::Bytes(vec![1])), ("twice", int(9))]),
            row("t", &[]),
        ];
        let answers = session.insert(&rows, false).await.unwrap();
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        let before = read(&mut *session, "t").await;
        assert_eq!(ids(&before), ["41", "42", "43", "44"]);
        // A row that is written and written back is the same row, and what it once was is nobody's loss.
        migrate(&engine, &db(0), "UPDATE t SET n = n + 1; UPDATE t SET n = n - 1").await;
        assert_eq!(read(&mut *session, "t").await, before);
        assert!(read(&mut *session, "past").await.is_empty());
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn triggers_run_and_may_refuse_and_answer() {
    for engine in engines("triggers_run_and_may_refuse_and_answer").await {
        engine.create(&db(0)).await.unwrap();
        migrate(
            &engine,
            &db(0),
            "CREATE TABLE t (id int PRIMARY KEY, n int); CREATE TABLE log (n int)\nGO\n\
             CREATE TRIGGER g ON t AFTER INSERT AS BEGIN INSERT INTO log SELECT n FROM inserted; SELECT 7 AS answer; \
             IF EXISTS (SELECT 1 FROM inserted WHERE n < 0) THROW 50001, N'never', 1; \
             IF EXISTS (SELECT 1 FROM inserted WHERE n = 0) ROLLBACK END",
        )
        .await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let rows = [1, -1, 0, 5].map(|n| row("t", &[("id", int(n)), ("n", int(n))]));
        let answers = session.insert(&rows, false).await.unwrap();
        assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false, true]);
        let refused = answers[1].as_ref().unwrap_err();
        assert_eq!((refused.reason, refused.message.as_str()), (Reason::Other, "never"));
        assert_eq!(ids(&read(&mut *session, "t").await), ["1", "5"]);
        // What the trigger did for a refused row is taken back with it.
        assert_eq!(ids(&read(&mut *session, "log").await), ["1", "5"]);
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_row_is_updated_by_its_key() {
    for engine in engines("a_row_is_updated_by_its_key").await {
        engine.create(&db(0)).await.unwrap();
        migrate(&engine, &db(0), "CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t (id))").await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let first = row("t", &[("id", int(1))]);
        session.insert(std::slice::from_ref(&first), false).await.unwrap();
        let set = |value: Value| vec![("up".to_owned(), value)];
        session.update(&first, &set(int(1))).await.unwrap().unwrap();
        session.update(&first, &set(int(1))).await.unwrap().unwrap();
        let refused = session.update(&first, &set(int(5))).await.unwrap().unwrap_err();
        assert_eq!(refused.reason, Reason::ForeignKey);
        let nobody = row("t", &[("id", int(9))]);
        let refused = session.update(&nobody, &set(int(1))).await.unwrap().unwrap_err();
        assert_eq!(refused.message, "no row has this key");
        let expected = [[Some("1".to_owned()), Some("1".to_owned())]];
        assert_eq!(read(&mut *session, "t").await, expected);
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn counters_move_past_what_is_there() {
    for engine in engines("counters_move_past_what_is_there").await {
        engine.create(&db(0)).await.unwrap();
        migrate(
            &engine,
            &db(0),
            "CREATE SEQUENCE q; CREATE SEQUENCE r AS int INCREMENT BY -1; \
             CREATE TABLE i (id int IDENTITY PRIMARY KEY); CREATE TABLE n (id decimal(10, 0) IDENTITY (5, 5) PRIMARY KEY); \
             CREATE TABLE s (id bigint PRIMARY KEY DEFAULT NEXT VALUE FOR q); \
             CREATE TABLE d (id int PRIMARY KEY DEFAULT (NEXT VALUE FOR dbo.r)); \
             CREATE TABLE worn (id int IDENTITY PRIMARY KEY); \
             CREATE TABLE moved (id int IDENTITY PRIMARY KEY); CREATE TABLE source (id int NOT NULL PRIMARY KEY); \
             INSERT INTO source VALUES (41); ALTER TABLE source SWITCH TO moved",
        )
        .await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let at = |table: &str, id: i128| row(table, &[("id", int(id))]);
        let rows = [
            at("i", 41),
            at("n", 40),
            at("s", 41),
            at("d", -2_147_000_000),
            at("worn", 7),
            at("worn", i32::MAX.into()),
        ];
        let answers = session.insert(&rows, false).await.unwrap();
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        let named = ["i", "n", "s", "d", "worn", "moved"];
        let all: Vec<_> = named.iter().map(|table| name(table)).collect();
        let behind: Vec<String> = session
            .counters_behind(&all)
            .await
            .unwrap()
            .into_iter()
            .map(|gap| format!("{}.{} {}", gap.table, gap.column, gap.largest))
            .collect();
        // An identity takes notice of keys that are given, and not of those that come with pages.
        assert_eq!(behind, ["moved.id 41", "s.id 41"]);
        session.advance_counters(&all).await.unwrap();
        assert!(session.counters_behind(&all).await.unwrap().is_empty());
        for table in named {
            session.try_insert(&row(table, &[])).await.unwrap().unwrap();
            let answers = session.insert(&[row(table, &[])], false).await.unwrap();
            assert!(answers[0].is_ok(), "{table}: {answers:?}");
        }
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn trying_leaves_nothing() {
    for engine in engines("trying_leaves_nothing").await {
        engine.create(&db(0)).await.unwrap();
        migrate(&engine, &db(0), "CREATE TABLE t (id int IDENTITY PRIMARY KEY, s nvarchar(9) NOT NULL)")
            .await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let refused = session.try_insert(&row("t", &[])).await.unwrap().unwrap_err();
        assert_eq!(
            (refused.reason, refused.columns.as_slice()),
            (Reason::NotNull, ["s".to_owned()].as_slice())
        );
        session.try_insert(&row("t", &[("s", text("a"))])).await.unwrap().unwrap();
        session.try_insert(&row("t", &[("id", int(3)), ("s", text("a"))])).await.unwrap().unwrap();
        assert!(read(&mut *session, "t").await.is_empty());
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn conditions_are_answered_by_the_server() {
    for engine in engines("conditions_are_answered_by_the_server").await {
        engine.create(&db(0)).await.unwrap();
        let mut session = engine.connect(&db(0)).await.unwrap();
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
        };
        let rows = |rows: &[[&str; 2]]| -> Vec<Vec<Value>> {
            let value = |v: &&str| if *v == "NULL" { Value::Null } else { text(v) };
            rows.iter().map(|r| r.iter().map(value).collect()).collect()
        };
        let columns = pairs(&[("a", "int"), ("B c", "decimal(5,2)")]);
        let candidates = rows(&[
            ["1", "2"],
            ["3", "2"],
            ["NULL", "2"],
            ["word", "2"],
            ["1", "99999"],
            ["0", "2"],
            ["2", "3"],
        ]);
        let condition = "(10 / [a] > 1) AND ([a] < [B c])";
        let answers = session.satisfying(condition, &columns, &candidates).await.unwrap();
        assert_eq!(answers, [true, false, true, false, false, false, true]);
        assert!(session.satisfying("a > 0", &columns, &[]).await.unwrap().is_empty());
        // How the search asks whether a condition can be answered at all.
        let nulls = [vec![Value::Null, Value::Null]];
        let asked = |condition: &str| format!("({condition}) OR 1 = 1");
        assert_eq!(session.satisfying(&asked(condition), &columns, &nulls).await.unwrap(), [true]);
        assert_eq!(session.satisfying(&asked("no_such > 1"), &columns, &nulls).await.unwrap(), [false]);
        // Letter by letter, as no usual collation compares.
        let exact = engine.dialect().exact("s");
        let candidates = [vec![text("a")], vec![text("A")], vec![text("ä")]];
        let condition = format!("{exact} IN (N'a', N'ä')");
        let answers = session.satisfying(&condition, &pairs(&[("s", "nvarchar(20)")]), &candidates).await;
        assert_eq!(answers.unwrap(), [true, false, true]);
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn scripts_are_the_users_own() {
    for engine in engines("scripts_are_the_users_own").await {
        engine.create(&db(0)).await.unwrap();
        migrate(&engine, &db(0), "CREATE TABLE t (id int PRIMARY KEY)").await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let refused =
            session.execute_script("INSERT INTO t VALUES (1)\nGO\nINSERT INTO t VALUES ('x')").await;
        assert_eq!(refused.unwrap().unwrap_err().reason, Reason::Value);
        assert!(read(&mut *session, "t").await.is_empty());
        session.execute_script("BEGIN TRANSACTION; INSERT INTO t VALUES (1)").await.unwrap().unwrap();
        assert_eq!(ids(&read(&mut *session, "t").await), ["1"]);
        let project =
            "CREATE TABLE made (who nvarchar(128)); INSERT INTO made VALUES (USER_NAME()), (SUSER_SNAME())";
        engine.execute_as_project(&db(0), project).await.unwrap().unwrap();
        assert_eq!(ids(&read(&mut *session, "made").await), ["dbo", engine.shared.user.as_str()]);
        let refused =
            engine.execute_as_project(&db(0), "CREATE LOGIN mrt_never WITH PASSWORD = 'Aa1!Aa1!Aa1'").await;
        assert_eq!(refused.unwrap().unwrap_err().reason, Reason::Other);
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn security_policies_hide_nothing_from_us() {
    for engine in engines("security_policies_hide_nothing_from_us").await {
        engine.create(&db(0)).await.unwrap();
        migrate(
            &engine,
            &db(0),
            "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)\nGO\n\
             CREATE FUNCTION dbo.sees(@id int) RETURNS TABLE WITH SCHEMABINDING AS RETURN SELECT 1 AS yes WHERE @id = 1\nGO\n\
             CREATE SECURITY POLICY p ADD FILTER PREDICATE dbo.sees(id) ON dbo.t WITH (STATE = ON)",
        )
        .await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        assert_eq!(ids(&read(&mut *session, "t").await), ["1", "2"]);
        let stored = engine.stored(&db(0));
        let state = format!("SELECT is_enabled FROM {stored}.sys.security_policies");
        assert_eq!(ask(&engine, &state).await, [["1"]]);
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn rows_are_read_in_order_and_empty_tables_are_not() {
    for engine in engines("rows_are_read_in_order_and_empty_tables_are_not").await {
        engine.create(&db(0)).await.unwrap();
        migrate(
            &engine,
            &db(0),
            "CREATE TABLE t (id int PRIMARY KEY, s nvarchar(9)); INSERT INTO t VALUES (12, 's'), (1, 's'), (3, 's'); \
             CREATE TABLE nokey (j xml, s ntext); INSERT INTO nokey VALUES ('<a/>', 'b'), (NULL, 'a'), ('<a/>', 'b'); \
             CREATE TABLE nothing (a int); CREATE TABLE [odd ]]name] ([A b] int, h int); \
             INSERT INTO [odd ]]name] VALUES (7, 8)",
        )
        .await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let catalog = session.catalog().await.unwrap();
        let contents = session.contents(&catalog).await.unwrap();
        let names: Vec<String> = contents.tables.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["nokey", "odd ]name", "t"]);
        let t = &contents.tables[&name("t")];
        assert_eq!(
            (t.columns.as_slice(), t.key.as_slice()),
            (["id".to_owned(), "s".to_owned()].as_slice(), [0].as_slice())
        );
        assert_eq!(ids(&t.rows), ["1", "3", "12"]);
        let nokey = &contents.tables[&name("nokey")];
        assert!(nokey.key.is_empty());
        assert_eq!((nokey.rows.len(), nokey.rows[0][0].as_ref()), (3, None));
        engine.close().await.unwrap();
    }
}
