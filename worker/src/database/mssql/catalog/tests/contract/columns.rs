//! Columns.

use super::{case, check, since};

const T: &str = "create table t(id int not null constraint pk_t primary key, a int, s nvarchar(10), n numeric(10,2), d datetime2(3))";

#[tokio::test]
async fn columns_are_read_whole() {
    check("columns", vec![
        case(T, "alter table t alter column s nvarchar(11)", &["column t.s: type"]),
        case(T, "alter table t alter column s nvarchar(max)", &["column t.s: type"]),
        case(T, "alter table t alter column s varchar(10)", &["column t.s: type"]),
        case(T, "alter table t alter column n numeric(10,3)", &["column t.n: type"]),
        case(T, "alter table t alter column n numeric(11,2)", &["column t.n: type"]),
        case(T, "alter table t alter column a bigint", &["column t.a: type"]),
        case(T, "alter table t alter column d datetime2(7)", &["column t.d: type"]),
        case(T, "alter table t alter column d datetime", &["column t.d: type"]),
        case(T, "alter table t alter column d datetimeoffset(3)", &["column t.d: type"]),
        case(T, "alter table t alter column a int not null", &["column t.a: not null"]),
        case(T, "alter table t alter column s nvarchar(10) collate Latin1_General_BIN2", &["column t.s: collation"]),
        case(T, "alter table t add default 5 for a", &["column t.a: default"]),
        case(T, "alter table t add constraint df_a default 5 for a", &[
            "column t.a: default",
            "column t.a: default constraint",
        ]),
        case(T, "alter table t add default '' for s", &["column t.s: default"]),
        case(T, "alter table t add default 'NULL' for s", &["column t.s: default"]),
        case(T, "alter table t add default sysutcdatetime() for d", &["column t.d: default"]),
        case(
            "create table t(a int constraint df_a default 1)",
            "exec sp_rename 'df_a', 'df_b', 'OBJECT'",
            &["column t.a: default constraint"],
        ),
        case("create table t(a int constraint df_a default 1)", "alter table t drop constraint df_a", &[
            "column t.a: default",
            "column t.a: default constraint",
        ]),
        case("create table t(a int, g uniqueidentifier)", "alter table t alter column g add rowguidcol", &["column t.g: row guid"]),
        case("create table t(a int, b int)", "alter table t alter column b add sparse", &["column t.b: sparse"]),
        case(
            "create table t(a int, g as (a + 1) persisted)",
            "alter table t alter column g drop persisted",
            &["column t.g: persisted"],
        ),
        case(
            "create table t(a int, g as (a + 1))",
            "alter table t drop column g; alter table t add g as (a + 2)",
            &["column t.g: computed"],
        ),
        case(
            "create table t(a int, g as (a + 1))",
            "alter table t drop column g; alter table t add g int",
            &["column t.g: computed"],
        ),
        case("create table t(a int)", "drop table t; create table t(a int identity)", &[
            "column t.a: identity",
            "column t.a: not null",
        ]),
        case("create table t(a int identity(1, 1))", "drop table t; create table t(a int identity(5, 1))", &["column t.a: identity"]),
        case("create table t(a int identity(1, 1))", "drop table t; create table t(a int identity(1, 2))", &["column t.a: identity"]),
        case(
            "create table t(a int identity)",
            "drop table t; create table t(a int identity not for replication)",
            &["column t.a: identity"],
        ),
        case(
            "create table t(s varchar(20))",
            "alter table t alter column s add masked with (function = 'default()')",
            &["column t.s: masked"],
        ),
        case(T, "exec sp_addextendedproperty 'MS_Description', 'it''s', 'SCHEMA', 'dbo', 'TABLE', 't', 'COLUMN', 'a'", &[
            "column t.a: comment",
        ]),
        case(T, "exec sp_addextendedproperty 'steward', 1, 'SCHEMA', 'dbo', 'TABLE', 't', 'COLUMN', 'a'", &[
            "column t.a: properties",
        ]),
        case("create table t(a int) GO create user u without login", "grant select on t(a) to u", &["column t.a: privileges"]),
        case("create table t(a int) GO create user u without login", "deny update on t(a) to u", &["column t.a: privileges"]),
        case("create table t(a int) GO create default nought as 0", "exec sp_bindefault 'nought', 't.a'", &["column t.a: bound default"]),
        case("create table t(a int) GO create rule positive as @v > 0", "exec sp_bindrule 'positive', 't.a'", &["column t.a: bound rule"]),
        case("create type phone from varchar(20); create table t(p varchar(20))", "alter table t alter column p phone", &["column t.p: type"]),
        case(
            "create xml schema collection x as '<schema xmlns=\"http://www.w3.org/2001/XMLSchema\"><element name=\"a\"/></schema>' \
             GO create table t(d xml)",
            "alter table t alter column d xml(x)",
            &["column t.d: type"],
        ),
        since(17, "create table t(a int, j nvarchar(max))", "alter table t drop column j; alter table t add j json", &[
            "column t.j: type",
            "column t.j: collation",
        ]),
        since(17, "create table t(v vector(3))", "drop table t; create table t(v vector(4))", &["column t.v: type"]),
        case(T, "alter table t drop column a", &["table t: column order", "- column t.a"]),
        case(T, "alter table t add b int", &["table t: column order", "+ column t.b"]),
        case(T, "exec sp_rename 't.a', 'b', 'COLUMN'", &["table t: column order", "- column t.a", "+ column t.b"]),
    ])
    .await;
}
