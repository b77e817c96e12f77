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

/// Two databases that are equal but for their names, and one that was restored.
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
