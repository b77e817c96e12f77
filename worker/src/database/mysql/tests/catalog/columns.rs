//! Columns and the database itself.

use super::{both, check, mariadb, mysql};

const T: &str = "create table t(id int primary key, a int, s varchar(10), n numeric(10,2), d datetime)";

#[tokio::test]
async fn the_database_is_read_whole() {
    check(
        "database",
        vec![
            both("do 0", "alter database character set latin1", &["database database: collation"]),
            both("do 0", "alter database collate utf8mb4_bin", &["database database: collation"]),
            mariadb("do 0", "alter database comment = 'x'", &["database database: comment"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn columns_are_read_whole() {
    check(
        "columns",
        vec![
            both(T, "alter table t modify s varchar(11)", &["column t.s: type"]),
            both(T, "alter table t modify n numeric(10,3)", &["column t.n: type"]),
            both(T, "alter table t modify a int unsigned", &["column t.a: type"]),
            both(T, "alter table t modify a bigint", &["column t.a: type"]),
            both(T, "alter table t modify d datetime(3)", &["column t.d: type"]),
            both(T, "alter table t modify d timestamp null", &["column t.d: type"]),
            both(
                "create table t(e enum('a','b'))",
                "alter table t modify e enum('b','a')",
                &["column t.e: type"],
            ),
            both("create table t(e set('a','b'))", "alter table t modify e set('a')", &["column t.e: type"]),
            both(T, "alter table t modify a int not null", &["column t.a: not null"]),
            both(T, "alter table t modify a int default 5", &["column t.a: default"]),
            both(T, "alter table t modify s varchar(10) default ''", &["column t.s: default"]),
            both(T, "alter table t modify s varchar(10) default 'NULL'", &["column t.s: default"]),
            both(
                "create table t(s varchar(40) default 'uuid()')",
                "alter table t modify s varchar(40) default (uuid())",
                &["column t.s: default"],
            ),
            both(
                "create table t(s varchar(40) default 'CURRENT_TIMESTAMP')",
                "alter table t modify s varchar(40) default (now())",
                &["column t.s: default"],
            ),
            both(
                "create table t(a int default (1 + 1))",
                "alter table t modify a int default (1 + 2)",
                &["column t.a: default"],
            ),
            both(T, "alter table t modify d datetime default current_timestamp", &["column t.d: default"]),
            both(
                T,
                "alter table t modify d datetime on update current_timestamp",
                &["column t.d: on update"],
            ),
            both(T, "alter table t modify id int auto_increment", &["column t.id: auto increment"]),
            both(
                T,
                "alter table t modify s varchar(10) character set latin1",
                &["column t.s: collation"],
            ),
            both(T, "alter table t modify s varchar(10) collate utf8mb4_bin", &["column t.s: collation"]),
            both(T, "alter table t modify a int comment 'it''s'", &["column t.a: comment"]),
            both(T, "alter table t modify a int invisible", &["column t.a: invisible"]),
            both(
                "create table t(a int, g int as (a + 1) stored)",
                "alter table t drop g; alter table t add g int as (a + 2) stored",
                &["column t.g: generated"],
            ),
            both(
                "create table t(a int, g int as (a + 1) stored)",
                "alter table t drop g; alter table t add g int as (a + 1) virtual",
                &["column t.g: generated"],
            ),
            both(
                "create table t(a int, g int as (a + 1) stored)",
                "alter table t modify g int",
                &["column t.g: generated"],
            ),
            mysql(
                "create table t(p point not null)",
                "alter table t modify p point not null srid 4326",
                &["column t.p: srid"],
            ),
            mariadb(
                "create table t(s text)",
                "alter table t modify s text compressed",
                &["column t.s: compressed"],
            ),
            mariadb(
                "create table t(a int, b int) with system versioning",
                "set @@system_versioning_alter_history = 1; alter table t modify b int without system versioning",
                &["column t.b: without system versioning"],
            ),
            mariadb(
                "create table t(j longtext collate utf8mb4_bin)",
                "alter table t modify j json",
                &["column t.j: type", "column t.j: collation"],
            ),
            both(T, "alter table t drop a", &["table t: column order", "- column t.a"]),
            both(T, "alter table t add b int", &["table t: column order", "+ column t.b"]),
            both(T, "alter table t modify a int first", &["table t: column order"]),
            both(
                T,
                "alter table t rename column a to b",
                &["table t: column order", "- column t.a", "+ column t.b"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_database_can_be_read_only() {
    for place in super::places("read_only").await.into_iter().filter(|place| !place.server.is_mariadb()) {
        let mut connection = place.fresh().await;
        let before = place.read(&mut connection).await;
        super::run(&mut connection, "alter database mrt_cat_read_only read only = 1").await;
        let after = place.read(&mut connection).await;
        super::run(&mut connection, "alter database mrt_cat_read_only read only = 0").await;
        assert_eq!(super::differences(&before, &after), ["database database: options"]);
        place.drop(connection).await;
    }
}

/// A table that is there for one session alone is no part of the database.
#[tokio::test]
async fn temporary_tables_do_not_count() {
    check(
        "temporary",
        vec![both(
            "create table t(a int)",
            "create temporary table u(a int); create temporary table v as select 1 as a",
            &[],
        )],
    )
    .await;
}
