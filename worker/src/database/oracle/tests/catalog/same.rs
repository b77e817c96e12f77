//! What is the same, though it came about in another way.

use super::{all, as_owner, check, db, differences, engines, read, run};
use crate::database::Engine as _;

#[tokio::test]
async fn spellings_do_not_count() {
    let t = "create table p(id number primary key); create table t(a number, b number, s varchar2(9 char), unique (a), \
        check (b > 0), foreign key (b) references p(id))";
    check(
        "spellings",
        vec![
            all(t, "insert into p values (1); insert into t values (1, 1, 'x'); commit", &[]),
            all("create sequence q", "declare n number; begin n := q.nextval; end;\n/\n", &[]),
            // What goes without saying, said.
            all(t, "alter table t modify s default null", &[]),
            all(t, "alter table t modify s default ''", &[]),
            all("create table t(n number(5))", "alter table t modify n number(5,0)", &[]),
            // Names that nobody chose.
            all(
                t,
                "drop table t; create table t(a number, b number, s varchar2(9 char), unique (a), check (b > 0), \
                 foreign key (b) references p(id))",
                &[],
            ),
            all(
                "create table t(a number, check (a > 0))",
                "drop table t; create table t(a number, check ( \"A\">0 ))",
                &[],
            ),
            all(
                "create table t(a number, constraint c check (a in (1, 2)))",
                "alter table t drop constraint c; alter table t add constraint c check (A IN(1,2))",
                &[],
            ),
            all("create table t(a number default 1)", "alter table t modify a default (1)", &[]),
            all(
                "create table t(a number); create view v as select a from t",
                "create or replace view v as SELECT  \"A\" FROM t",
                &[],
            ),
            // Nobody has compiled the view since, and it works.
            all(
                "create table t(a number); create view v as select a from t",
                "alter table t add b number; alter table t drop column b",
                &[],
            ),
            // What is in the bin is gone.
            all(t, "create table u(a number, unique (a)); drop table u", &[]),
            all(
                "create table t(id number generated always as identity, n number)",
                "insert into t(n) values (1); commit",
                &[],
            ),
        ],
    )
    .await;
}

/// Two schemas that are equal but for their names.
#[tokio::test]
async fn the_schemas_own_name_does_not_count() {
    for engine in engines("own_name").await {
        let (one, two) = (db(1), db(2));
        for database in [&one, &two] {
            engine.create(database).await.unwrap();
            let owner = engine.stored(database);
            let sql = format!(
                "create table {owner}.p(id number primary key); create sequence q; \
                 create table t(a number default {owner}.q.nextval, constraint f foreign key (a) references {owner}.p(id)); \
                 create view v as select t.a, '{owner}' d from {owner}.t; create synonym s for {owner}.t;\n\
                 create procedure z is begin insert into {owner}.p values (1); end;\n/\n\
                 create trigger r before insert on {owner}.t for each row begin :new.a := 1; end;\n/\n"
            );
            run(&mut as_owner(&engine, database).await, &sql).await;
        }
        let (first, second) = (read(&engine, &one).await, read(&engine, &two).await);
        assert_eq!(differences(&first, &second), [""; 0]);
        assert_eq!(first, second);
        engine.close().await.unwrap();
    }
}
