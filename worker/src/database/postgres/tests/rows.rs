//! Writing rows: what goes in, what is refused and why, counters, conditions.

use super::{administrate, db, engine, migrate};
use crate::database::catalog::{Family, TableName};
use crate::database::postgres::Postgres;
use crate::database::rows::{NewRow, Reason, Value};
use crate::database::{Engine as _, Session};

fn name(text: &str) -> TableName {
    match text.split_once('.') {
        Some((schema, name)) => TableName { schema: Some(schema.to_owned()), name: name.to_owned() },
        None => TableName { schema: None, name: text.to_owned() },
    }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn row(table: &str, values: &[(&str, Value)]) -> NewRow {
    NewRow {
        table: name(table),
        values: values.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect(),
        primary_key: vec!["id".to_owned()],
        overrides_identity: false,
    }
}

async fn prepared(test: &str, sql: &str) -> Option<(Postgres, Box<dyn Session>)> {
    let engine = engine(test).await?;
    engine.create(&db(0)).await.unwrap();
    migrate(&engine, &db(0), sql).await;
    let session = engine.connect(&db(0)).await.unwrap();
    Some((engine, session))
}

async fn read(session: &mut dyn Session, table: &str) -> Vec<Vec<Option<String>>> {
    let catalog = session.catalog().await.unwrap();
    let contents = session.contents(&catalog).await.unwrap();
    contents.tables.get(&name(table)).map(|rows| rows.rows.clone()).unwrap_or_default()
}

#[tokio::test]
async fn a_refused_row_does_not_stop_the_others() {
    let Some((engine, mut session)) = prepared(
        "a_refused_row_does_not_stop_the_others",
        "create table p(id int primary key); \
         create table t(id int primary key, s varchar(3) not null, n int check (n > 0), p int references p, \
         r int4range, exclude using gist (r with &&))",
    )
    .await
    else {
        return;
    };
    let good = |id: i128| row("t", &[("id", Value::Integer(id)), ("s", text("a"))]);
    let with = |id: i128, column: &str, value: Value| {
        let mut row = good(id);
        row.values.retain(|(name, _)| name != column);
        row.values.push((column.to_owned(), value));
        row
    };
    let rows = [
        row("p", &[("id", Value::Integer(1))]),
        good(1),
        good(2),
        good(2),
        good(3),
        with(4, "s", text("long")),
        with(5, "s", Value::Null),
        with(6, "n", Value::Integer(0)),
        with(7, "p", Value::Integer(9)),
        with(8, "p", Value::Integer(1)),
        with(9, "r", text("[1,5)")),
        with(10, "r", text("[4,6)")),
        with(11, "n", text("word")),
        with(12, "s", text("a\0b")),
        good(13),
    ];
    let answers = session.insert(&rows, false).await.unwrap();
    let reasons: Vec<Option<Reason>> = answers.iter().map(|a| a.as_ref().err().map(|r| r.reason)).collect();
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
            Some(Reason::Exclusion),
            Some(Reason::Value),
            Some(Reason::Value),
            None,
        ]
    );
    let duplicate = answers[3].as_ref().unwrap_err();
    assert_eq!(duplicate.constraint.as_deref(), Some("t_pkey"));
    assert_eq!(duplicate.columns, ["id"]);
    assert!(duplicate.message.contains("(2)"), "{}", duplicate.message);
    assert_eq!(answers[6].as_ref().unwrap_err().columns, ["s"]);
    let ids: Vec<_> = read(&mut *session, "t").await.into_iter().map(|r| r[0].clone().unwrap()).collect();
    assert_eq!(ids, ["1", "2", "3", "8", "9", "13"]);
    engine.close().await.unwrap();
}

#[tokio::test]
async fn cycles_go_in_with_deferred_constraints() {
    let Some((engine, mut session)) = prepared(
        "cycles_go_in_with_deferred_constraints",
        "create table a(id int primary key, b int not null); create table b(id int primary key, a int not null \
         references a deferrable); alter table a add foreign key (b) references b deferrable initially deferred",
    )
    .await
    else {
        return;
    };
    let pair = |table: &str, other: &str, id: i128, to: i128| {
        row(table, &[("id", Value::Integer(id)), (other, Value::Integer(to))])
    };
    let rows = [
        pair("a", "b", 1, 1),
        pair("b", "a", 1, 1),
        pair("a", "b", 2, 7),
        pair("b", "a", 3, 1),
        pair("b", "a", 4, 2),
    ];
    let answers = session.insert(&rows, true).await.unwrap();
    assert!(answers[0].is_ok() && answers[1].is_ok() && answers[3].is_ok(), "{answers:?}");
    // One row points nowhere; the row that points to it then does too.
    assert_eq!(answers[2].as_ref().unwrap_err().reason, Reason::ForeignKey);
    assert_eq!(answers[4].as_ref().unwrap_err().reason, Reason::ForeignKey);
    assert_eq!(read(&mut *session, "b").await.len(), 2);
    // Constraints that are deferred by themselves are found without being asked for.
    let answers = session.insert(&[pair("a", "b", 5, 99), pair("a", "b", 6, 1)], false).await.unwrap();
    assert!(answers[0].is_err() && answers[1].is_ok(), "{answers:?}");
    engine.close().await.unwrap();
}

#[tokio::test]
async fn a_row_is_updated_by_its_key() {
    let Some((engine, mut session)) = prepared(
        "a_row_is_updated_by_its_key",
        "create table t(id int primary key, up int references t, x text)",
    )
    .await
    else {
        return;
    };
    let first = row("t", &[("id", Value::Integer(1))]);
    session.insert(std::slice::from_ref(&first), false).await.unwrap();
    let set = |value: Value| vec![("up".to_owned(), value)];
    session.update(&first, &set(Value::Integer(1))).await.unwrap().unwrap();
    let refused = session.update(&first, &set(Value::Integer(5))).await.unwrap().unwrap_err();
    assert_eq!(refused.reason, Reason::ForeignKey);
    let nobody = row("t", &[("id", Value::Integer(9))]);
    assert!(session.update(&nobody, &set(Value::Integer(1))).await.unwrap().is_err());
    assert_eq!(read(&mut *session, "t").await, [[Some("1".to_owned()), Some("1".to_owned()), None]]);
    engine.close().await.unwrap();
}

#[tokio::test]
async fn counters_move_past_what_is_there() {
    let Some((engine, mut session)) = prepared(
        "counters_move_past_what_is_there",
        "create table s(id serial primary key); create table i(id int generated always as identity primary key); \
         create table d(id int generated by default as identity (increment by -1) primary key); \
         create sequence q; create schema x; create table x.\"Odd\"(id bigint primary key default nextval('q'), n smallserial)",
    )
    .await
    else {
        return;
    };
    let at = |table: &str, id: i128| {
        let mut row = row(table, &[("id", Value::Integer(id))]);
        row.overrides_identity = true;
        row
    };
    // A key at the very end does not use up the counter.
    let rows = [at("s", 41), at("s", 2_147_483_647), at("i", 41), at("d", -41), at("x.Odd", 41)];
    assert!(session.insert(&rows, false).await.unwrap().iter().all(Result::is_ok));
    for table in ["s", "i", "d", "x.Odd"] {
        session.advance_counters(&[name(table)]).await.unwrap();
        session.try_insert(&row(table, &[])).await.unwrap().unwrap();
    }
    assert!(
        session
            .insert(&[row("s", &[]), row("i", &[]), row("d", &[]), row("x.Odd", &[])], false)
            .await
            .unwrap()
            .iter()
            .all(Result::is_ok)
    );
    let ids: Vec<String> = read(&mut *session, "s")
        .await
        .into_iter()
        .chain(read(&mut *session, "d").await)
        .map(|r| r[0].clone().unwrap())
        .collect();
    // The rolled back row has used 42.
    assert_eq!(ids, ["41", "43", "2147483647", "-43", "-41"]);
    engine.close().await.unwrap();
}

#[tokio::test]
async fn trying_leaves_nothing() {
    let Some((engine, mut session)) =
        prepared("trying_leaves_nothing", "create table t(id serial primary key, s text not null)").await
    else {
        return;
    };
    let refused = session.try_insert(&row("t", &[])).await.unwrap().unwrap_err();
    assert_eq!((refused.reason, refused.columns.as_slice()), (Reason::NotNull, ["s".to_owned()].as_slice()));
    session.try_insert(&row("t", &[("s", text("a"))])).await.unwrap().unwrap();
    assert!(read(&mut *session, "t").await.is_empty());
    engine.close().await.unwrap();
}

#[tokio::test]
async fn conditions_are_answered_by_the_server() {
    let Some((engine, mut session)) = prepared(
        "conditions_are_answered_by_the_server",
        "create domain even as int check (value % 2 = 0); create type mood as enum ('low', 'high'); \
         create table t(id int, r int[] check (r[1] > 0), m mood check (m <> 'low'), e even)",
    )
    .await
    else {
        return;
    };
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    };
    let columns = pairs(&[("a", "integer"), ("B c", "numeric(5,2)")]);
    let rows = |rows: &[[&str; 2]]| -> Vec<Vec<Value>> {
        rows.iter()
            .map(|r| r.iter().map(|v| if *v == "NULL" { Value::Null } else { text(v) }).collect())
            .collect()
    };
    let candidates = rows(&[
        ["1", "2"],
        ["3", "2"],
        ["NULL", "2"],
        ["word", "2"],
        ["0", "2"],
        ["1", "99999"],
        ["1", "1.5"],
    ]);
    let answers = session.satisfying("(10 / a > 1) AND (a < \"B c\")", &columns, &candidates).await.unwrap();
    assert_eq!(answers, [true, false, true, false, false, false, true]);
    assert!(session.satisfying("a > 0", &columns, &[]).await.unwrap().is_empty());

    let catalog = session.catalog().await.unwrap();
    let table = &catalog.tables[&name("t")];
    let even = &table.columns[3];
    assert_eq!(even.ty.domain_checks, ["((VALUE % 2) = 0)"]);
    assert_eq!(even.ty.native, "integer");
    for column in ["VALUE", "value"] {
        let columns = [(column.to_owned(), even.ty.native.clone())];
        let candidates = [vec![Value::Integer(2)], vec![Value::Integer(3)]];
        let answers = session.satisfying(&even.ty.domain_checks[0], &columns, &candidates).await.unwrap();
        assert_eq!(answers, [true, false], "{column}");
    }
    for check in &table.checks {
        let column = table.columns.iter().find(|c| c.name == check.columns[0]).unwrap();
        let columns = [(column.name.clone(), column.ty.native.clone())];
        let candidates = match column.ty.family {
            Family::Enum(_) => [vec![text("high")], vec![text("low")]],
            _ => [vec![text("{1}")], vec![text("{0}")]],
        };
        let answers = session.satisfying(&check.condition, &columns, &candidates).await.unwrap();
        assert_eq!(answers, [true, false], "{}", check.condition);
    }
    engine.close().await.unwrap();
}

#[tokio::test]
async fn scripts_are_all_or_nothing() {
    let Some((engine, mut session)) = prepared("scripts_are_all_or_nothing", "create table t(id int)").await
    else {
        return;
    };
    let refused =
        session.execute_script("insert into t values (1); insert into t values ('x')").await.unwrap();
    assert_eq!(refused.unwrap_err().reason, Reason::Value);
    assert!(read(&mut *session, "t").await.is_empty());
    administrate(
        &mut *session,
        "set timezone to 'Asia/Tokyo'; begin; insert into t values (1); set search_path to ''",
    )
    .await;
    assert_eq!(read(&mut *session, "t").await.len(), 1);
    administrate(
        &mut *session,
        "create table z(z timestamptz); insert into z values ('2020-01-01 00:00:00+00')",
    )
    .await;
    assert_eq!(read(&mut *session, "z").await, [[Some("2020-01-01 00:00:00+00".to_owned())]]);
    engine.close().await.unwrap();
}

#[tokio::test]
async fn a_partitioned_table_asks_for_a_partition() {
    let Some((engine, mut session)) = prepared(
        "a_partitioned_table_asks_for_a_partition",
        "create table t(id int, s text) partition by range (id); \
         create table t1 partition of t for values from (1) to (10); \
         create table t2 partition of t for values from (20) to (30) partition by list (s); \
         create table t2a partition of t2 for values in ('a'); \
         create table h(id int) partition by hash (id); \
         create table h0 partition of h for values with (modulus 2, remainder 0); \
         create table n(id int) partition by list (id); \
         create table d(id int) partition by list (id); create table d0 partition of d default",
    )
    .await
    else {
        return;
    };
    let catalog = session.catalog().await.unwrap();
    let names: Vec<String> = catalog.tables.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["d", "h", "n", "t"]);
    assert!(catalog.tables[&name("d")].checks.is_empty());
    assert_eq!(catalog.tables[&name("n")].checks[0].condition, "false");
    let check = &catalog.tables[&name("t")].checks[0];
    let columns = [("id".to_owned(), "integer".to_owned()), ("s".to_owned(), "text".to_owned())];
    let candidates: Vec<Vec<Value>> = [(5, "z"), (15, "a"), (25, "a"), (25, "b")]
        .iter()
        .map(|(id, s)| vec![Value::Integer(*id), text(s)])
        .collect();
    let answers = session.satisfying(&check.condition, &columns, &candidates).await.unwrap();
    assert_eq!(answers, [true, false, true, false]);
    let rows: Vec<NewRow> =
        candidates.iter().map(|c| row("t", &[("id", c[0].clone()), ("s", c[1].clone())])).collect();
    let inserted: Vec<bool> = session.insert(&rows, false).await.unwrap().iter().map(Result::is_ok).collect();
    assert_eq!(inserted, answers);
    assert_eq!(read(&mut *session, "t").await.len(), 2);
    administrate(&mut *session, "insert into d values (1)").await;
    assert_eq!(read(&mut *session, "d").await.len(), 1);

    let hash = &catalog.tables[&name("h")].checks[0];
    let candidates: Vec<Vec<Value>> = (1..20).map(|n| vec![Value::Integer(n)]).collect();
    let answers = session.satisfying(&hash.condition, &columns[..1], &candidates).await.unwrap();
    let rows: Vec<NewRow> = candidates.iter().map(|c| row("h", &[("id", c[0].clone())])).collect();
    let inserted: Vec<bool> = session.insert(&rows, false).await.unwrap().iter().map(Result::is_ok).collect();
    assert_eq!(inserted, answers);
    assert!(answers.contains(&true) && answers.contains(&false));
    engine.close().await.unwrap();
}

#[tokio::test]
async fn rows_are_read_whole_and_in_order() {
    let Some((engine, mut session)) = prepared(
        "rows_are_read_whole_and_in_order",
        "create table t(id int primary key, s text); insert into t select n, 's' from generate_series(12, 1, -1) n; \
         create table nokey(j json, s text); insert into nokey values ('{}', 'b'), (null, 'a'), ('{}', 'b'); \
         create table parent(a int); create table child(b int) inherits (parent); insert into child values (1, 2); \
         create table empty(a int); create table emptied(a int); insert into emptied values (1); delete from emptied; \
         create table hidden(a int); insert into hidden values (1); alter table hidden enable row level security; \
         alter table hidden force row level security; create schema x; create table x.t(id int); insert into x.t values (7)",
    )
    .await
    else {
        return;
    };
    let catalog = session.catalog().await.unwrap();
    let contents = session.contents(&catalog).await.unwrap();
    let names: Vec<String> = contents.tables.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["child", "hidden", "nokey", "t", "x.t"]);
    let t = &contents.tables[&name("t")];
    assert_eq!(
        (t.columns.as_slice(), t.key.as_slice()),
        (["id".to_owned(), "s".to_owned()].as_slice(), [0].as_slice())
    );
    let ids: Vec<u32> = t.rows.iter().map(|r| r[0].as_ref().unwrap().parse().unwrap()).collect();
    assert_eq!(ids, (1..=12).collect::<Vec<_>>());
    let nokey = &contents.tables[&name("nokey")];
    assert!(nokey.key.is_empty());
    assert_eq!(nokey.rows.len(), 3);
    assert_eq!(nokey.rows[0][0], None);
    engine.close().await.unwrap();
}
