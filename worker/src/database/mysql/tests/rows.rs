//! Writing rows: what goes in, what is refused and why, counters, conditions.

use super::{ask, db, engines, migrate, name, read, row, tables};
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
            "create table p(id int primary key); \
             create table t(id int primary key, s varchar(3) not null, n int, p int, d decimal(4,1), j json, e enum('a'), \
             constraint positive check (n > 0), constraint parent foreign key (p) references p(id))",
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
        let rows = [
            row("p", &[("id", int(1))]),
            good(1),
            good(2),
            good(2),
            good(3),
            with(4, "s", text("long")),
            with(5, "s", Value::Null),
            with(6, "n", int(0)),
            with(7, "p", int(9)),
            with(8, "p", int(1)),
            with(9, "d", Value::Number("1.5".to_owned())),
            with(10, "d", Value::Number("1.55".to_owned())),
            with(11, "n", text("word")),
            with(12, "s", text("a\0b")),
            with(13, "j", text("{")),
            with(14, "e", text("b")),
            with(15, "n", int(1 << 40)),
            with(16, "s", text("ab    ")),
            row("t", &[("id", int(17))]),
            with(18, "d", Value::Number("2.55".to_owned())),
            with(19, "d", Value::Number("2.5".to_owned())),
            good(20),
        ];
        let answers = session.insert(&rows, false).await.unwrap();
        let reasons: Vec<Option<Reason>> =
            answers.iter().map(|a| a.as_ref().err().map(|r| r.reason)).collect();
        assert_eq!(
            reasons,
            [
                None,
                None,
                None,
                Some(Reason::Unique),
                None,
                Some(Reason::Value),
                Some(Reason::NotNull),
                Some(Reason::Check),
                Some(Reason::ForeignKey),
                None,
                None,
                Some(Reason::Value),
                Some(Reason::Value),
                None,
                // MariaDB's JSON is a text with a check.
                Some(if engine.shared.server.is_mariadb() { Reason::Check } else { Reason::Value }),
                Some(Reason::Value),
                Some(Reason::Value),
                Some(Reason::Value),
                Some(Reason::NotNull),
                Some(Reason::Value),
                None,
                None,
            ],
            "{answers:#?}"
        );
        let refused = |at: usize| answers[at].as_ref().unwrap_err();
        assert_eq!(refused(3).constraint.as_deref(), Some("PRIMARY"));
        assert_eq!(refused(3).columns, ["id"]);
        assert!(refused(3).message.contains("'2'"), "{}", refused(3).message);
        assert_eq!(refused(6).columns, ["s"]);
        assert_eq!(refused(7).constraint.as_deref(), Some("positive"));
        assert_eq!(refused(8).constraint.as_deref(), Some("parent"));
        assert_eq!(refused(8).columns, ["p"]);
        assert_eq!(refused(11).columns, ["d"]);
        assert_eq!(refused(12).columns, ["n"]);
        assert_eq!(refused(18).columns, ["s"]);
        let read = read(&engine, &mut *session, &db(0), "t").await;
        assert_eq!(ids(&read), ["1", "2", "3", "8", "9", "12", "19", "20"]);
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn engines_without_transactions_end_right() {
    for engine in engines("engines_without_transactions_end_right").await {
        engine.create(&db(0)).await.unwrap();
        let other = if engine.shared.server.is_mariadb() { "Aria" } else { "MyISAM" };
        migrate(
            &engine,
            &db(0),
            &format!(
                "create table t(id int auto_increment primary key, d decimal(4,1) not null) engine = {other}; \
                 create table n(a varchar(3), b int) engine = MyISAM; create table i(id int primary key, d decimal(4,1))"
            ),
        )
        .await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let number = |text: &str| Value::Number(text.to_owned());
        let rows = [
            row("i", &[("id", int(1)), ("d", number("1.55"))]),
            row("t", &[("id", int(1)), ("d", number("1.5"))]),
            row("t", &[("id", int(2)), ("d", number("1.55"))]),
            row("t", &[("id", int(1)), ("d", number("1.5"))]),
            row("t", &[("id", int(3)), ("d", number("2.5"))]),
            row("n", &[("a", text("ab")), ("b", int(1))]),
            row("n", &[("a", text("ab   ")), ("b", int(1))]),
            row("n", &[("a", text("abcd")), ("b", int(1))]),
            row("i", &[("id", int(2)), ("d", number("1.5"))]),
        ];
        let answers = session.insert(&rows, false).await.unwrap();
        let went: Vec<bool> = answers.iter().map(Result::is_ok).collect();
        assert_eq!(went, [false, true, false, false, true, true, false, false, true], "{answers:#?}");
        let refused = session.try_insert(&row("t", &[("d", number("1.55"))])).await.unwrap();
        assert_eq!(refused.unwrap_err().reason, Reason::Value);
        session.try_insert(&row("t", &[("d", number("7"))])).await.unwrap().unwrap();
        session.try_insert(&row("n", &[("a", text("ab")), ("b", int(1))])).await.unwrap().unwrap();
        session.try_insert(&row("n", &[])).await.unwrap().unwrap();
        assert_eq!(ids(&read(&engine, &mut *session, &db(0), "t").await), ["1", "3"]);
        assert_eq!(ids(&read(&engine, &mut *session, &db(0), "i").await), ["2"]);
        let rest = read(&engine, &mut *session, &db(0), "n").await;
        assert_eq!(rest, [[Some("ab".to_owned()), Some("1".to_owned())]]);
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn many_rows_go_in() {
    for engine in engines("many_rows_go_in").await {
        engine.create(&db(0)).await.unwrap();
        migrate(&engine, &db(0), "create table t(id int primary key, s mediumtext)").await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let long = "ä".repeat(10_000);
        let rows: Vec<NewRow> = (0..1200)
            .map(|id| row("t", &[("id", int(if id == 700 { 5 } else { id })), ("s", text(&long))]))
            .collect();
        let answers = session.insert(&rows, false).await.unwrap();
        let refused: Vec<usize> = (0..1200).filter(|at| answers[*at].is_err()).collect();
        assert_eq!(refused, [700]);
        assert_eq!(
            ask(&engine, &format!("select count(*) from {}.t", engine.stored(&db(0)))).await,
            [["1199"]]
        );
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn triggers_run_and_may_refuse() {
    for engine in engines("triggers_run_and_may_refuse").await {
        engine.create(&db(0)).await.unwrap();
        migrate(
            &engine,
            &db(0),
            "create table t(id int primary key, n int); create table log(n int); \
             create trigger g before insert on t for each row begin insert into log values (new.n); \
             if new.n < 0 then signal sqlstate '45000' set message_text = 'never'; end if; set new.n = new.n + 1; end",
        )
        .await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let rows = [1, -1, 5].map(|n| row("t", &[("id", int(n)), ("n", int(n))]));
        let answers = session.insert(&rows, false).await.unwrap();
        let refused = answers[1].as_ref().unwrap_err();
        assert_eq!((refused.reason, refused.message.as_str()), (Reason::Other, "never"));
        let read_t = read(&engine, &mut *session, &db(0), "t").await;
        assert_eq!(read_t.iter().map(|row| row[1].as_deref().unwrap()).collect::<Vec<_>>(), ["2", "6"]);
        // What the trigger did for the refused row is taken back with it.
        assert_eq!(ids(&read(&engine, &mut *session, &db(0), "log").await), ["1", "5"]);
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_row_is_updated_by_its_key() {
    for engine in engines("a_row_is_updated_by_its_key").await {
        engine.create(&db(0)).await.unwrap();
        migrate(
            &engine,
            &db(0),
            "create table t(id int primary key, up int, d decimal(3,1), foreign key (up) references t(id))",
        )
        .await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let first = row("t", &[("id", int(1))]);
        session.insert(std::slice::from_ref(&first), false).await.unwrap();
        let set = |value: Value| vec![("up".to_owned(), value)];
        session.update(&first, &set(int(1))).await.unwrap().unwrap();
        // The same again changes nothing and finds the row all the same.
        session.update(&first, &set(int(1))).await.unwrap().unwrap();
        let refused = session.update(&first, &set(int(5))).await.unwrap().unwrap_err();
        assert_eq!(refused.reason, Reason::ForeignKey);
        let noted =
            session.update(&first, &[("d".to_owned(), Value::Number("1.23".to_owned()))]).await.unwrap();
        assert_eq!(noted.unwrap_err().reason, Reason::Value);
        let nobody = row("t", &[("id", int(9))]);
        assert!(session.update(&nobody, &set(int(1))).await.unwrap().is_err());
        let expected = [[Some("1".to_owned()), Some("1".to_owned()), None]];
        assert_eq!(read(&engine, &mut *session, &db(0), "t").await, expected);
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn counters_move_past_what_is_there() {
    for engine in engines("counters_move_past_what_is_there").await {
        engine.create(&db(0)).await.unwrap();
        let mut sql = "create table s(id int auto_increment primary key); create table u(id int auto_increment primary key); \
             insert into u values (1); update u set id = 41"
            .to_owned();
        let mut named = vec!["s", "u"];
        if engine.shared.server.is_mariadb() {
            sql.push_str(
                "; create sequence q; create sequence r increment by -1; \
                 create table w(id bigint primary key default nextval(q)); \
                 create table d(id bigint primary key default nextval(r))",
            );
            named.extend(["w", "d"]);
        }
        migrate(&engine, &db(0), &sql).await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let at = |table: &str, id: i128| row(table, &[("id", int(id))]);
        let mut rows = vec![at("s", 41)];
        if engine.shared.server.is_mariadb() {
            rows.extend([at("w", 41), at("d", -41)]);
        }
        assert!(session.insert(&rows, false).await.unwrap().iter().all(Result::is_ok));
        let all: Vec<_> = named.iter().map(|table| name(table)).collect();
        let behind: Vec<String> = session
            .counters_behind(&all)
            .await
            .unwrap()
            .into_iter()
            .map(|gap| format!("{}.{} {}", gap.table, gap.column, gap.largest))
            .collect();
        // AUTO_INCREMENT takes notice of keys that are given, and of those that an UPDATE sets.
        let expected: &[&str] = if engine.shared.server.is_mariadb() { &["w.id 41"] } else { &[] };
        assert_eq!(behind, expected);
        session.advance_counters(&all).await.unwrap();
        assert!(session.counters_behind(&all).await.unwrap().is_empty());
        for table in &named {
            session.try_insert(&row(table, &[])).await.unwrap().unwrap();
            let answers = session.insert(&[row(table, &[])], false).await.unwrap();
            assert!(answers[0].is_ok(), "{table}: {answers:?}");
            assert_eq!(read(&engine, &mut *session, &db(0), table).await.len(), 2);
        }
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn trying_leaves_nothing() {
    for engine in engines("trying_leaves_nothing").await {
        engine.create(&db(0)).await.unwrap();
        migrate(&engine, &db(0), "create table t(id int auto_increment primary key, s text not null)").await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let refused = session.try_insert(&row("t", &[])).await.unwrap().unwrap_err();
        assert_eq!(
            (refused.reason, refused.columns.as_slice()),
            (Reason::NotNull, ["s".to_owned()].as_slice())
        );
        session.try_insert(&row("t", &[("s", text("a"))])).await.unwrap().unwrap();
        assert!(read(&engine, &mut *session, &db(0), "t").await.is_empty());
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
            ["1", "1.5"],
            ["1", "1.555"],
        ]);
        let condition = "(10 / `a` > 1) and (`a` < `B c`)";
        let answers = session.satisfying(condition, &columns, &candidates).await.unwrap();
        assert_eq!(answers, [true, false, true, false, false, true, false]);
        assert!(session.satisfying("a > 0", &columns, &[]).await.unwrap().is_empty());

        // A condition that cannot read a value is not met by it.
        let columns = pairs(&[("s", "varchar(20) collate utf8mb4_bin")]);
        let one = |text: &str| vec![self::text(text)];
        let candidates = [one("a"), one("A"), one("{}")];
        let answers =
            session.satisfying("s = 'a' or json_extract(s, '$') is not null", &columns, &candidates);
        assert_eq!(answers.await.unwrap(), [true, false, true]);
        let columns = pairs(&[("e", "enum('x','Y')"), ("b", "bit(4)")]);
        let candidates = [vec![text("x"), int(3)], vec![text("Y"), int(9)], vec![text("z"), int(3)]];
        assert_eq!(session.satisfying("b < 8", &columns, &candidates).await.unwrap(), [true, false, false]);
        assert!(session.satisfying("no_such_column > 0", &columns, &candidates).await.unwrap() == [false; 3]);
        // Nothing is left of it.
        assert!(tables(&engine, &db(0)).await.tables.is_empty());
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn scripts_are_the_users_own() {
    for engine in engines("scripts_are_the_users_own").await {
        engine.create(&db(0)).await.unwrap();
        migrate(&engine, &db(0), "create table t(id int, s timestamp null)").await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let refused = session
            .execute_script("insert into t values (1, null); insert into t values ('x', null)")
            .await
            .unwrap();
        assert_eq!(refused.unwrap_err().reason, Reason::Value);
        assert!(read(&engine, &mut *session, &db(0), "t").await.is_empty());
        let script = "set time_zone = '+09:00', sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'; begin; \
             insert into \"t\" values (1, '2020-01-01 09:00:00'); set foreign_key_checks = 0";
        session.execute_script(script).await.unwrap().unwrap();
        let expected = [[Some("1".to_owned()), Some("2020-01-01 00:00:00".to_owned())]];
        assert_eq!(read(&engine, &mut *session, &db(0), "t").await, expected);
        let project =
            engine.execute_as_project(&db(0), "create table made as select current_user() as u").await;
        project.unwrap().unwrap();
        let made = read(&engine, &mut *session, &db(0), "made").await;
        assert_eq!(made, [[Some(format!("{}@%", engine.shared.user))]]);
        let refused = engine.execute_as_project(&db(0), "create user mrt_never").await.unwrap();
        assert_eq!(refused.unwrap_err().reason, Reason::Other);
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
            "create table t(id int primary key, s text); insert into t values (12, 's'), (1, 's'), (3, 's'); \
             create table nokey(j json, s text); insert into nokey values ('{}', 'b'), (null, 'a'), ('{}', 'b'); \
             create table nothing(a int); create table `odd ``name`(`A b` int, h int); insert into `odd ``name` values (7, 8)",
        )
        .await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let catalog = tables(&engine, &db(0)).await;
        let contents = session.contents(&catalog).await.unwrap();
        let names: Vec<String> = contents.tables.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["nokey", "odd `name", "t"]);
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
