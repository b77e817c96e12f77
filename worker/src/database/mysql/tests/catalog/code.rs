//! Views, routines, triggers and events.

use super::{On, both, check, mariadb, since};

const V: &str = "create table t(a int, b int); create view v as select a from t where a > 0";
const P: &str = "create procedure p(x int) begin do 1; end";
const F: &str = "create function f(x int) returns int deterministic return x";
const TR: &str = "create table t(a int, b int); create table u(a int); \
    create trigger r before insert on t for each row set new.a = 1";
const E: &str = "create event e on schedule every 1 day do set @x = 1";

#[tokio::test]
async fn views_are_read_whole() {
    check(
        "views",
        vec![
            both(V, "drop view v", &["- view v"]),
            both(V, "alter view v as select a from t where a > 1", &["view v: definition"]),
            both(V, "alter view v as select b as a from t where a > 0", &["view v: definition"]),
            both(V, "alter algorithm = merge view v as select a from t where a > 0", &["view v: algorithm"]),
            both(
                V,
                "alter sql security invoker view v as select a from t where a > 0",
                &["view v: security"],
            ),
            both(
                V,
                "alter view v as select a from t where a > 0 with check option",
                &["view v: check option"],
            ),
            both(
                "create table t(a int); create view v as select a from t with cascaded check option",
                "alter view v as select a from t with local check option",
                &["view v: check option"],
            ),
            both(
                V,
                "alter definer = nobody@localhost view v as select a from t where a > 0",
                &["view v: definer"],
            ),
            since(
                On::MySqlFrom(9, 7),
                "create table t(a int); create view v as select a from t",
                "drop view v; create materialized view v as select a from t",
                &["view v: sort"],
            ),
            since(
                On::MySqlFrom(9, 7),
                "create table t(a int primary key)",
                "create json relational duality view v as select json_duality_object('_id': a) from t",
                &["+ view v"],
            ),
            both(
                "create table t(s varchar(9)); create view v as select s from t where s = 'é'",
                "alter view v as select s from t where s = 'e'",
                &["view v: definition"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn routines_are_read_whole() {
    check(
        "routines",
        vec![
            both("do 0", P, &["+ procedure p"]),
            both("do 0", F, &["+ function f"]),
            both("create function f() returns int deterministic return 1", "create procedure f() do 1", &["+ procedure f"]),
            both(P, "drop procedure p; create procedure p(x bigint) begin do 1; end", &["procedure p: parameters"]),
            both(P, "drop procedure p; create procedure p(y int) begin do 1; end", &["procedure p: parameters"]),
            both(P, "drop procedure p; create procedure p(out x int) begin do 1; end", &["procedure p: parameters"]),
            both(P, "drop procedure p; create procedure p(x int) begin do 2; end", &["procedure p: body"]),
            both(P, "drop procedure p; create procedure p(x int) deterministic begin do 1; end", &["procedure p: deterministic"]),
            both(P, "alter procedure p reads sql data", &["procedure p: data access"]),
            both(P, "alter procedure p sql security invoker", &["procedure p: security"]),
            both(P, "alter procedure p comment 'x'", &["procedure p: comment"]),
            both(P, "drop procedure p; create definer = nobody@localhost procedure p(x int) begin do 1; end", &["procedure p: definer"]),
            both(
                P,
                "drop procedure p; set sql_mode = ''; create procedure p(x int) begin do 1; end",
                &["procedure p: sql mode"],
            ),
            both(
                P,
                "drop procedure p; alter database collate utf8mb4_bin; create procedure p(x int) begin do 1; end",
                &["database database: collation", "procedure p: database collation"],
            ),
            both(F, "drop function f; create function f(x int) returns bigint deterministic return x", &["function f: returns"]),
            both(
                "create function f(x varchar(9)) returns int deterministic return 1",
                "drop function f; create function f(x varchar(9) charset latin1) returns int deterministic return 1",
                &["function f: parameters"],
            ),
            both(
                "create function f(x int) returns varchar(9) deterministic return 1",
                "drop function f; create function f(x int) returns varchar(9) charset latin1 deterministic return 1",
                &["function f: returns"],
            ),
            mariadb(
                F,
                "drop function f; create aggregate function f(x int) returns int deterministic begin \
                 declare continue handler for not found return 1; loop fetch group next row; end loop; end",
                &["- function f", "+ aggregate f"],
            ),
            mariadb(
                "do 0",
                "set sql_mode = oracle; create package k as procedure p(); end; \
                 create package body k as procedure p() as begin null; end; end",
                &["+ package k", "+ package body k"],
            ),
            mariadb(
                "set sql_mode = oracle; create package k as procedure p(); end",
                "drop package k; create package k as procedure q(); end",
                &["package k: body"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn triggers_are_read_whole() {
    check(
        "triggers",
        vec![
            both(TR, "drop trigger r", &["- trigger t.r"]),
            both(TR, "drop trigger r; create trigger r before update on t for each row set new.a = 1", &["trigger t.r: event"]),
            both(
                "create table t(a int); create trigger r before insert on t for each row set @x = 1",
                "drop trigger r; create trigger r after insert on t for each row set @x = 1",
                &["trigger t.r: timing"],
            ),
            both(TR, "drop trigger r; create trigger r before insert on t for each row set new.a = 2", &["trigger t.r: body"]),
            both(
                TR,
                "drop trigger r; create trigger r before insert on u for each row set new.a = 1",
                &["- trigger t.r", "+ trigger u.r"],
            ),
            both(
                TR,
                "drop trigger r; create definer = nobody@localhost trigger r before insert on t for each row set new.a = 1",
                &["trigger t.r: definer"],
            ),
            both(
                TR,
                "drop trigger r; set sql_mode = ''; create trigger r before insert on t for each row set new.a = 1",
                &["trigger t.r: sql mode"],
            ),
            both(
                "create table t(a int, b int); create trigger r before insert on t for each row set new.a = 1; \
                 create trigger q before insert on t for each row set new.b = 1",
                "drop trigger r; create trigger r before insert on t for each row follows q set new.a = 1",
                &["trigger t.r: follows", "trigger t.q: follows"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn events_are_read_whole() {
    check(
        "events",
        vec![
            both("do 0", E, &["+ event e"]),
            both(E, "alter event e on schedule every 2 day", &["event e: schedule"]),
            both(E, "alter event e on schedule every 1 week", &["event e: schedule"]),
            both(E, "alter event e on schedule at '2037-01-01 00:00:00'", &["event e: schedule"]),
            both(
                E,
                "alter event e on schedule every 1 day starts '2037-01-01 00:00:00'",
                &["event e: starts"],
            ),
            both(E, "alter event e on schedule every 1 day ends '2037-01-01 00:00:00'", &["event e: ends"]),
            both(E, "alter event e disable", &["event e: status"]),
            both(E, "alter event e on completion preserve", &["event e: on completion"]),
            both(E, "alter event e do set @x = 2", &["event e: body"]),
            both(E, "alter event e comment 'x'", &["event e: comment"]),
            both(E, "alter definer = nobody@localhost event e comment ''", &["event e: definer"]),
            both(E, "set sql_mode = ''; alter event e do set @x = 1", &["event e: sql mode"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn libraries_are_read_whole() {
    let l = "create library l language javascript as 'export function f() {}'";
    let f = "create library l language javascript as 'export function f() {}'; \
        create function f() returns int deterministic language javascript as 'return 1'";
    let from = On::MySqlFrom(9, 7);
    check(
        "libraries",
        vec![
            since(from, "do 0", l, &["+ library l"]),
            since(
                from,
                l,
                "drop library l; create library l language javascript as 'export function g() {}'",
                &["library l: body"],
            ),
            since(from, l, "alter library l comment 'x'", &["library l: comment"]),
            since(
                from,
                f,
                "drop function f; create function f() returns int deterministic language javascript using (l) as 'return 1'",
                &["function f: libraries"],
            ),
            since(
                from,
                "create function f() returns int deterministic language javascript as 'return 1'",
                "drop function f; create function f() returns int deterministic return 1",
                &["function f: language"],
            ),
        ],
    )
    .await;
}
