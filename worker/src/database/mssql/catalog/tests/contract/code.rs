//! Views, procedures, functions, triggers, types, and the rest of what a database can hold.

use super::{case, check};

const T: &str = "create table t(id int not null constraint pk_t primary key, a int)";

#[tokio::test]
async fn code_is_read_whole() {
    check("code", vec![
        case("create table t(a int, b int) GO create view v as select a from t", "alter view v as select a, b from t", &[
            "view v: definition",
            "view v: column order",
            "+ column v.b",
        ]),
        case("create table t(a int) GO create view v as select a from dbo.t", "alter view v with schemabinding as select a from dbo.t", &[
            "view v: definition",
        ]),
        case(
            "create table t(a int not null) GO create view v with schemabinding as select a from dbo.t",
            "create unique clustered index i on v(a)",
            &["+ index v.i"],
        ),
        case("create procedure p as select 1", "alter procedure p as select 2", &["procedure p: definition"]),
        case("create procedure p as select 1", "set quoted_identifier off GO alter procedure p as select 1 GO set quoted_identifier on", &[
            "procedure p: quoted identifiers off",
        ]),
        case("create procedure p as select 1", "set ansi_nulls off GO alter procedure p as select 1 GO set ansi_nulls on", &[
            "procedure p: ansi nulls off",
        ]),
        case("create procedure p as select 1", "alter procedure p with encryption as select 1", &["procedure p: definition", "procedure p: encrypted"]),
        case("create procedure p @a int as select 1", "exec sp_addextendedproperty 'MS_Description', 'x', 'SCHEMA', 'dbo', 'PROCEDURE', 'p', 'PARAMETER', '@a'", &[
            "procedure p: parameter properties",
        ]),
        case("create user u without login GO create procedure p as select 1", "grant execute on p to u", &["procedure p: privileges"]),
        case(
            "create function f() returns int as begin return 1 end",
            "alter function f() returns int as begin return 2 end",
            &["function f: definition"],
        ),
        case(
            "create table t(a int) GO create trigger r on t after insert as select 1",
            "alter trigger r on t after insert, delete as select 1",
            &["trigger t.r: definition"],
        ),
        case("create table t(a int) GO create trigger r on t after insert as select 1", "disable trigger r on t", &["trigger t.r: disabled"]),
        case(
            "create table t(a int) GO create trigger r on t after insert as select 1",
            "exec sp_settriggerorder 'r', 'First', 'INSERT'",
            &["trigger t.r: order"],
        ),
        case("select 1", "create trigger r on database for drop_table as select 1", &["+ trigger r"]),
        case("create trigger r on database for drop_table as select 1", "disable trigger r on database", &["trigger r: disabled"]),
    ])
    .await;
}

#[tokio::test]
async fn the_rest_is_read_whole() {
    let policy = "create table t(a int) GO create function f(@a int) returns table with schemabinding as return select 1 as x where @a > 0 \
         GO create security policy sp add filter predicate dbo.f(a) on dbo.t with (state = on)";
    check("rest", vec![
        case("create sequence s as int start with 1", "alter sequence s increment by 2", &["sequence s: increment"]),
        case("create sequence s as int start with 1", "alter sequence s maxvalue 100", &["sequence s: to"]),
        case("create sequence s as int start with 1 minvalue 1", "alter sequence s minvalue 0", &["sequence s: from"]),
        case("create sequence s as int start with 1", "alter sequence s cycle", &["sequence s: cycle"]),
        case("create sequence s as int start with 1", "alter sequence s cache 7", &["sequence s: cache"]),
        case("create sequence s as int start with 1", "drop sequence s; create sequence s as int minvalue -2147483648 start with 1", &[]),
        case("create sequence s as int start with 1 minvalue 1 maxvalue 9", "drop sequence s; create sequence s as bigint start with 1 minvalue 1 maxvalue 9", &[
            "sequence s: type",
            "sequence s: precision",
        ]),
        case("create synonym y for dbo.t", "drop synonym y; create synonym y for dbo.u", &["object synonym y: stands for"]),
        case("create type phone from varchar(20)", "drop type phone; create type phone from varchar(30)", &["type phone: type"]),
        case("create type phone from varchar(20)", "drop type phone; create type phone from varchar(20) not null", &["type phone: not null"]),
        case("create type tt as table (a int)", "drop type tt; create type tt as table (a int, b int)", &[
            "type tt: column order",
            "+ column tt.b",
        ]),
        case("create type tt as table (a int)", "drop type tt; create type tt as table (a bigint)", &["column tt.a: type"]),
        case("create type tt as table (a int not null)", "drop type tt; create type tt as table (a int not null primary key)", &[
            "+ primary key tt.primary key",
        ]),
        case("create partition function f(int) as range right for values (1)", "alter partition function f() split range (5)", &[
            "object partition function f: boundaries",
        ]),
        case("create partition function f(int) as range right for values (1)", "drop partition function f; create partition function f(int) as range left for values (1)", &[
            "object partition function f: boundaries belong",
        ]),
        case(
            "create xml schema collection x as '<schema xmlns=\"http://www.w3.org/2001/XMLSchema\"><element name=\"a\"/></schema>'",
            "alter xml schema collection x add '<schema xmlns=\"http://www.w3.org/2001/XMLSchema\"><element name=\"b\"/></schema>'",
            &["object xml schema collection x: schemas"],
        ),
        case(policy, "alter security policy sp with (state = off)", &["policy sp: enabled"]),
        case(policy, "alter security policy sp add block predicate dbo.f(a) on dbo.t after insert", &["+ policy sp.on dbo.t 2"]),
        case("create queue q", "alter queue q with retention = on", &["object queue q: retention"]),
        case("create message type m validation = none", "alter message type m validation = well_formed_xml", &["object message type m: validation"]),
        case(T, "exec sp_create_plan_guide 'g', N'select a from t', 'SQL', null, null, N'OPTION (MAXDOP 1)'", &["+ object plan guide g"]),
        case(T, "add sensitivity classification to dbo.t.a with (label = 'Secret')", &["+ object t.classification of a"]),
        case("create default nought as 0", "drop default nought GO create default nought as 1", &["object default nought: definition"]),
        case("create rule positive as @v > 0", "drop rule positive GO create rule positive as @v > 1", &["rule positive: definition"]),
    ])
    .await;
}
