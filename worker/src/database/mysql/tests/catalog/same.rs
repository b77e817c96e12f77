//! What is the same, though it came about in another way.

use super::{both, check, differences, mariadb, mysql, places, run};

#[tokio::test]
async fn spellings_do_not_count() {
    let t = "create table p(id int primary key); create table t(a int, b int, s varchar(9), unique (a), \
        check (b > 0), foreign key (b) references p(id))";
    check("spellings", vec![
        both(t, "insert into p values (1); insert into t values (1, 1, 'x')", &[]),
        both("create table t(id int auto_increment primary key)", "alter table t auto_increment = 77", &[]),
        // A type changed and changed back.
        both(t, "alter table t modify s text; alter table t modify s varchar(9)", &[]),
        // What goes without saying, said.
        both(t, "alter table t row_format = dynamic", &[]),
        mysql(t, "alter table t compression = 'none'", &[]),
        both("create table t(s varchar(5))", "alter table t modify s varchar(5) default null", &[]),
        both(
            "create table t(n numeric(5,2) default 0)",
            "alter table t modify n numeric(5,2) default '0.00'",
            &[],
        ),
        // Names that nobody chose.
        both(
            t,
            "rename table t to u; create table t(a int, b int, s varchar(9), unique (a), check (b > 0), \
             foreign key (b) references p(id)); drop table u",
            &[],
        ),
        mysql(
            t,
            "alter table t drop foreign key t_ibfk_1; alter table t add constraint t_ibfk_7 foreign key (b) references p(id)",
            &[],
        ),
        both("create table t(a int, b int, unique (a))", "alter table t rename index a to a_3", &[]),
        // Two words for one thing.
        both(
            "create table p(id int primary key); create table t(a int, constraint f foreign key (a) references p(id))",
            "alter table t drop foreign key f; alter table t add constraint f foreign key (a) references p(id) \
             on delete no action on update restrict",
            &[],
        ),
        both(
            "create table t(a int, index i (a))",
            "alter table t drop index i, add index i using btree (a)",
            &[],
        ),
        // The connection's character set is in what is printed.
        both(
            "create table t(s varchar(9), constraint c check (s <> 'x'))",
            "set names latin1; alter table t drop constraint c; alter table t add constraint c check (s <> 'x'); set names utf8mb4",
            &[],
        ),
        mysql(
            "create table t(s varchar(9), g varchar(20) as (concat(s, 'é')))",
            "alter table t drop g; set names utf8mb3; alter table t add g varchar(20) as (concat(s, 'é')); set names utf8mb4",
            &[],
        ),
        // A check of a column and the same one of its table.
        mariadb(
            "create table t(a int check (a > 0))",
            "drop table t; create table t(a int, check (a > 0))",
            &[],
        ),
        both(
            "create procedure p() begin do 1;\n do 2; end",
            "drop procedure p; create procedure p() begin do 1;\r\n do 2; end",
            &[],
        ),
        both("create event e on schedule every 1 day do set @x = 1", "alter event e comment 'x'; alter event e comment ''", &[]),
        both("create table t(a int); create view v as select a from t", "drop view v; create view v as select a from t", &[]),
    ])
    .await;
}

/// Two databases that are equal but for their names.
#[tokio::test]
async fn the_databases_own_name_does_not_count() {
    for place in places("own_name").await {
        let mut connection = place.fresh().await;
        let other = "mrt_cat_own_name_too";
        let mut too = place.fresh_as(other).await;
        for (connection, name) in [(&mut connection, place.database.as_str()), (&mut too, other)] {
            let sql = "create table p(id int primary key); \
                 create table t(a int, s varchar(40), constraint f foreign key (a) references {db}.p(id), \
                 constraint c check ({db}.t.a > 0)) comment 'of {db}'; \
                 create view v as select {db}.t.a, '{db}' as d from {db}.t join p on p.id = t.a; \
                 create view w as select a, table_name as n from {db}.t, information_schema.tables; \
                 create procedure q() begin insert into {db}.p values (1); insert into `{db}` . p values (2); end; \
                 create trigger r before insert on t for each row set new.s = (select max(id) from {db}.p); \
                 create event e on schedule every 1 day do delete from {db}.p";
            run(connection, &sql.replace("{db}", name)).await;
            if place.server.is_mariadb() {
                run(connection, "create sequence z; create table y(a int default nextval(z))").await;
            }
        }
        let one = place.read(&mut connection).await;
        let two = crate::database::mysql::catalog::read(&mut too, place.server, other).await.unwrap();
        assert_eq!(differences(&one, &two), [""; 0]);
        assert_eq!(one, two);
        run(&mut too, &format!("drop database {other}")).await;
        place.drop(connection).await;
    }
}

#[tokio::test]
async fn a_definer_can_have_another_name() {
    for place in places("definer").await {
        let mut connection = place.fresh().await;
        run(&mut connection, "create table t(a int); create view v as select a from t").await;
        let mut one = place.read(&mut connection).await;
        run(&mut connection, "alter definer = another@localhost view v as select a from t").await;
        let mut two = place.read(&mut connection).await;
        assert_eq!(differences(&one, &two), ["view v: definer"]);
        let user = place.endpoint.user.as_str();
        crate::database::mysql::catalog::rename_definer(&mut one, user, "owner");
        crate::database::mysql::catalog::rename_definer(&mut two, "another", "owner");
        assert_eq!(one, two);
        place.drop(connection).await;
    }
}

/// What the server cannot read itself is an object of its own, and spoils nothing else.
#[tokio::test]
async fn what_cannot_be_read_is_told() {
    let other = "mrt_cat_unreadable_gone";
    for place in places("unreadable").await {
        let mut gone = place.fresh_as(other).await;
        run(&mut gone, "create table p(a int)").await;
        let mut connection = place.fresh().await;
        run(
            &mut connection,
            "create table a(a int) engine = myisam; create table b(a int) engine = myisam; \
             create table m(a int) engine = merge union = (a, b); create table z(a int); \
             create view v as select a from z; drop table z; drop table b; create table y(a int); \
             create view w as select p.a from mrt_cat_unreadable_gone.p; drop database mrt_cat_unreadable_gone",
        )
        .await;
        let catalog = place.read(&mut connection).await;
        let shown = super::dump(&catalog);
        for object in ["table a ", "table y ", "object m {\"cannot be read\"", "view v ", " w "] {
            assert!(shown.contains(object), "{object}\n{shown}");
        }
        place.drop(connection).await;
    }
}

/// The servers' own databases have what no test thinks of: all of it is understood.
#[tokio::test]
async fn what_servers_bring_is_understood() {
    for place in places("servers_own").await {
        let mut connection = place.fresh().await;
        for database in ["mysql", "sys"] {
            run(&mut connection, &format!("use {database}")).await;
            let catalog =
                crate::database::mysql::catalog::read(&mut connection, place.server, database).await.unwrap();
            let shown = super::dump(&catalog);
            assert!(!shown.contains("cannot be read"), "{shown}");
            let unknown: Vec<&str> = shown.lines().filter(|line| line.contains("\"options\"")).collect();
            let odd = |line: &&str| !line.starts_with("table ") && !line.contains("COLUMN_FORMAT");
            assert!(!unknown.iter().any(odd), "{unknown:#?}");
            let again =
                crate::database::mysql::catalog::read(&mut connection, place.server, database).await.unwrap();
            assert_eq!(catalog, again);
        }
        place.drop(connection).await;
    }
}
