//! What is the same, though it came about in another way.

use super::{case, check, differences, places, run};
use crate::database::mssql::catalog;
use crate::database::mssql::wire::Connection;

#[tokio::test]
async fn spellings_do_not_count() {
    let t = "create table p(id int not null primary key); create table t(a int unique, b int check (b > 0), s nvarchar(9) default 'x', \
         c int foreign key references p(id))";
    check("spellings", vec![
        case(t, "insert into p values (1); insert into t values (1, 1, 'x', 1)", &[]),
        case("create table t(id int identity)", "dbcc checkident ('t', reseed, 77)", &[]),
        case("create sequence s as int start with 1", "alter sequence s restart with 77", &[]),
        // A type changed and changed back.
        case("create table t(s nvarchar(9))", "alter table t alter column s nvarchar(max); alter table t alter column s nvarchar(9)", &[]),
        // Up and down again: every name is another one now.
        case(t, "drop table t; create table t(a int unique, b int check (b > 0), s nvarchar(9) default 'x', \
             c int foreign key references p(id))", &[]),
        case("create table t(a int default 0)", "drop table t; create table t(a int default ((0)))", &[]),
        case("create table t(a int default 0)", "drop table t; create table t(a int default '0')", &[]),
        case("create table t(n numeric(5,2) default 0)", "drop table t; create table t(n decimal(5,2) default 0.00)", &[]),
        case("create table t(s nvarchar(9) default N'x')", "drop table t; create table t(s nvarchar(9) default 'x')", &[]),
        case("create table t(d datetime default getdate())", "drop table t; create table t(d datetime default current_timestamp)", &[]),
        case("create table t(a int)", "drop table t; create table t(a int default null)", &[]),
        // A check of a column and the same one of its table.
        case("create table t(a int check (a > 0))", "drop table t; create table t(a int, check (A > 0))", &[]),
        // What an index carries along is a set.
        case("create table t(a int, b int, c int); create index i on t(a) include (b, c)", "create index i on t(a) include (c, b) with (drop_existing = on)", &[]),
        // A table that is built beside the old one and renamed.
        case(t, "create table u(a int unique, b int check (b > 0), s nvarchar(9) default 'x', c int foreign key references p(id)); \
             drop table t; exec sp_rename 'u', 't'", &[]),
        case("create procedure p as select 1", "drop procedure p GO create or alter proc dbo.p as select 1;", &[]),
        case("create view v as select 1 as a", "exec sp_rename 'v', 'w'; exec sp_rename 'w', 'v'", &[]),
        // Statistics that the server makes by itself.
        case("create table t(a int); insert into t values (1), (2)", "select * from t where a = 1", &[]),
        case("create table t(id int not null primary key, a int)", "alter table t alter column a int", &[]),
    ])
    .await;
}

/// What a correct migration does and takes back.
#[tokio::test]
async fn what_comes_back_is_the_same() {
    let keyed = "create table p(id int not null constraint pk_p primary key); create table t(id int not null constraint pk_t primary key, \
         a int constraint df_a default 1, constraint fk_a foreign key (a) references p(id) on delete cascade, constraint ck_a check (a > 0)); \
         create index i on t(a) include (id) where a > 0 with (fillfactor = 70)";
    check("comes_back", vec![
        case(keyed, "alter table t add b int null; alter table t drop column b", &[]),
        case(keyed, "alter table t drop constraint fk_a; alter table t with check add constraint fk_a foreign key (a) references p(id) on delete cascade", &[]),
        case(keyed, "alter table t nocheck constraint ck_a; alter table t with check check constraint ck_a", &[]),
        case(keyed, "alter table t drop constraint df_a; alter table t add constraint df_a default 1 for a", &[]),
        case(keyed, "drop index i on t; create index i on t(a) include (id) where a > 0 with (fillfactor = 70)", &[]),
        case(keyed, "alter index i on t disable; alter index i on t rebuild", &[]),
        case(keyed, "alter table t rebuild with (data_compression = page); alter table t rebuild with (data_compression = none)", &[]),
        case("create table t(a int)", "exec sp_rename 't.a', 'b', 'COLUMN'; exec sp_rename 't.b', 'a', 'COLUMN'", &[]),
        case(keyed, "create schema audit GO alter schema audit transfer t; alter schema dbo transfer audit.t; drop schema audit", &[]),
        case(keyed, "exec sp_addextendedproperty 'MS_Description', 'x', 'SCHEMA', 'dbo', 'TABLE', 't'; \
             exec sp_dropextendedproperty 'MS_Description', 'SCHEMA', 'dbo', 'TABLE', 't'", &[]),
        case("create table t(a int) GO create trigger r on t after insert as select 1", "disable trigger r on t; enable trigger r on t", &[]),
        case("create user u without login; create table t(a int); grant select on t to u", "revoke select on t from u; grant select on t to u", &[]),
        case("create user u without login; create role r; alter role r add member u", "drop user u; create user u without login; alter role r add member u", &[]),
        case(
            "create table t(id int not null constraint pk_t primary key, f datetime2 generated always as row start not null, \
             u datetime2 generated always as row end not null, period for system_time (f, u)) with (system_versioning = on)",
            "declare @history nvarchar(300) = (select quotename(h.name) from sys.tables t join sys.tables h on h.object_id = t.history_table_id); \
             alter table t set (system_versioning = off); \
             exec ('alter table t set (system_versioning = on (history_table = dbo.' + @history + '))')",
            &[],
        ),
        case(
            "create view v as select 1 as a GO create procedure p as select 1",
            "drop view v; drop procedure p GO create view v as select 1 as a GO create procedure p as select 1",
            &[],
        ),
        case("create type tt as table (a int not null primary key)", "drop type tt; create type tt as table (a int not null primary key)", &[]),
    ])
    .await;
}

/// Two databases that are equal but for their names.
#[tokio::test]
async fn the_databases_own_name_does_not_count() {
    for place in places("own_name").await {
        let other = "mrt_cat_own_name_too";
        let mut catalogs = Vec::new();
        for name in [place.database.as_str(), other] {
            let mut connection = place.fresh_as(name).await;
            let sql = "create table t(a int, s nvarchar(40)) GO create view v as select a, '{db}' as d from {db}.dbo.t \
                 GO create procedure q as insert into [{db}].dbo.t values (1, 'x'); select * from {db}..t \
                 GO create synonym y for [{db}].[dbo].[t] GO create schema audit \
                 GO create table audit.log(id int identity primary key, at datetime2 default sysutcdatetime()) \
                 GO create trigger r on t after insert as insert into {db}.audit.log default values";
            run(&mut connection, &sql.replace("{db}", name)).await;
            catalogs.push(catalog::read(&mut connection, place.major, name).await.unwrap());
        }
        assert_eq!(differences(&catalogs[0], &catalogs[1]), [""; 0]);
        assert_eq!(catalogs[0], catalogs[1]);
        for name in [place.database.as_str(), other] {
            place.drop_as(name).await;
        }
    }
}

/// The server's own databases have what no test thinks of: all of it is read, and twice alike.
#[tokio::test]
async fn what_servers_bring_is_read() {
    for place in places("servers_own").await {
        for database in ["msdb", "model", "master"] {
            let mut connection = Connection::open(&place.endpoint, database).await.unwrap();
            let one = catalog::read(&mut connection, place.major, database).await.unwrap();
            let two = catalog::read(&mut connection, place.major, database).await.unwrap();
            assert_eq!(one, two);
        }
    }
}

/// Every query is one that the server understands, those about what this database has none of among them.
#[tokio::test]
async fn every_query_is_understood() {
    for place in places("understood").await {
        let mut connection = place.fresh().await;
        let mut wrong = Vec::new();
        let listed = catalog::listings::listings(place.major).into_iter().map(|it| it.sql);
        let all = catalog::statements(place.major).into_iter().chain(listed);
        for sql in all.chain([catalog::queries::index_details(place.major)]) {
            let answers = connection.results(&sql).await;
            let texts = answers.and_then(|answers| {
                answers.iter().flatten().map(catalog::fields::texts).collect::<Result<Vec<_>, _>>()
            });
            if let Err(error) = texts {
                wrong.push(format!("{error}\n{sql}"));
                connection = Connection::open(&place.endpoint, &place.database).await.unwrap();
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
        drop(connection);
        place.drop_as(&place.database).await;
    }
}
