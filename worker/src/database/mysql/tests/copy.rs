//! Copies: equal to what they are copies of, in whatever the server can be asked for.

use super::{ask, db, engines, engines_for, migrate};
use crate::database::mysql::Mysql;
use crate::database::{DatabaseName, Engine as _};

/// A schema with one of everything that both servers have.
const RICH: &str = "\
    create table p(id int auto_increment primary key, code varchar(20) collate utf8mb4_bin not null, unique key uq (code)) \
        auto_increment = 100 comment 'it''s a \\\\ parent'; \
    create table t(id bigint unsigned not null auto_increment, a int, b int, c int, d decimal(10,2) not null default 1.50, \
        g int generated always as (a + 1) stored, v varchar(30) generated always as (concat('x', a, '`')) virtual, \
        s timestamp(3) not null default current_timestamp(3) on update current_timestamp(3), j json, e enum('x','it''s'), \
        primary key (id), foreign key (a) references p(id), \
        constraint named foreign key (b) references p(id) on update set null, \
        key own (c), foreign key (c) references p(id) on delete cascade, \
        constraint positive check (d > 0), key expression (d desc, a), fulltext key words (ft), ft text, bin varbinary(9), \
        bits bit(5), geo point, f float, y year) row_format = dynamic; \
    create table c2(x int, y int, constraint pair unique (x, y)); \
    create table child(x int, y int, up int, id int primary key, foreign key (x, y) references c2(x, y), \
        foreign key (up) references child(id)); \
    create table parts(id int not null, d date not null, primary key (id, d)) \
        partition by range (year(d)) (partition old values less than (2000), partition rest values less than maxvalue); \
    create table m(id int, v varchar(9)) engine = MyISAM default charset = latin1; \
    create table nothing_in_it(id int auto_increment primary key, deep text) auto_increment = 55; \
    create table `odd ``name`(`A b``c` int, `select` int, key `k ``1` (`A b``c`)); \
    insert into p(id, code) values (0, 'zero'), (7, 'a'), (8, 'A'); \
    insert into t(a, b, c, ft, bin, bits, geo, f, y, j, e) values \
        (7, 8, 7, 'some words', x'00ff', 3, st_geomfromtext('POINT(1 2)'), 0.1, 2020, '{\"k\": [1, 2]}', 'it''s'), \
        (null, null, null, null, null, null, null, null, null, null, null); \
    update p set code = 'b' where id = 7; \
    insert into c2 values (1, 2), (null, 2); insert into child values (1, 2, null, 1), (1, 2, 1, 2); \
    insert into parts values (1, '1999-01-01'), (2, '2021-01-01'); insert into m values (1, 'ä'), (null, null); \
    insert into `odd ``name` values (1, 2); \
    create view late as select early.n from early; ";

/// What cannot go in one message with the rest.
const CODE: &[&str] = &[
    "create or replace view early as select count(*) as n from p",
    "create sql security invoker view late as select e.n, 'it''s' as txt from early e where e.n > 0",
    "create algorithm = merge view above as select * from p where id > 1 with local check option",
    "create function twice(n int) returns int deterministic comment 'it''s' begin declare r int; set r = n * 2; return r; end",
    "create function one() returns varchar(5) no sql return 'ä'",
    "create procedure fill(in n int, out r int) modifies sql data sql security invoker \
        begin insert into p(code) values (concat('n', n)); set r = last_insert_id(); end",
    "create view calls as select twice(id) as two from p",
    "create trigger second before insert on p for each row set new.code = concat(new.code, '')",
    "create trigger first_one before insert on p for each row precedes second set new.code = trim(new.code)",
    "create trigger third before insert on p for each row follows first_one begin set @x = 1; end",
    "create trigger after_one after delete on p for each row set @y = old.id",
    "create event e1 on schedule every 1 day starts '2035-01-01 00:00:00' on completion preserve disable comment 'x' do \
        delete from m where v = 'it''s'",
    "create event e2 on schedule at '2035-01-01 00:00:00' do begin delete from m; end",
];

/// Everything that the server can be asked about a database.
async fn described(engine: &Mysql, database: &DatabaseName) -> Vec<String> {
    let name = engine.stored(database);
    let mut lines = Vec::new();
    let mut tell = |what: String, rows: Vec<Vec<String>>| {
        // An index that the server has made stands where it was made.
        for row in rows {
            let mut parts: Vec<String> =
                row.join(" | ").split('\n').map(|line| line.trim_end_matches(',').to_owned()).collect();
            parts.sort();
            lines.push(format!("{what}: {}", parts.join("\n")).replace(&name, "<database>"));
        }
    };
    tell("database".into(), ask(engine, &format!("show create database {name}")).await);
    let tables = format!(
        "select table_name, table_type, auto_increment, create_options, table_comment, if(table_type = 'SEQUENCE', '', table_collation), row_format, engine \
         from information_schema.tables where table_schema = '{name}' order by 1"
    );
    let tables = ask(engine, &tables).await;
    for row in &tables {
        let quoted = format!("`{}`", row[0].replace('`', "``"));
        let kind = match row[1].as_str() {
            "VIEW" => "view",
            "SEQUENCE" => "sequence",
            _ => "table",
        };
        let shown = ask(engine, &format!("use {name}; show create {kind} {quoted}")).await;
        tell(format!("{kind} {quoted}"), shown);
        if kind == "table" {
            tell(
                format!("sum {quoted}"),
                ask(engine, &format!("checksum table {name}.{quoted} extended")).await,
            );
        }
        if kind == "sequence" {
            tell(format!("state {quoted}"), ask(engine, &format!("select * from {name}.{quoted}")).await);
        }
    }
    tell("tables".into(), tables);
    let mut list = async |what: &str, columns: &str, table: &str, condition: &str, order: &str| {
        let sql = format!(
            "select {columns} from information_schema.{table} where {condition} = '{name}' order by {order}"
        );
        tell(what.to_owned(), ask(engine, &sql).await);
    };
    list("column", "table_name, column_name, ordinal_position, column_default, is_nullable, column_type, collation_name, extra, \
        column_comment, generation_expression", "columns", "table_schema", "1, 3").await;
    list("index", "table_name, index_name, seq_in_index, column_name, non_unique, sub_part, collation, index_type, comment",
        "statistics", "table_schema", "1, 2, 3").await;
    list(
        "reference",
        "constraint_name, unique_constraint_name, match_option, update_rule, delete_rule, table_name, \
        referenced_table_name",
        "referential_constraints",
        "constraint_schema",
        "table_name, 1",
    )
    .await;
    list("view", "table_name, view_definition, check_option, is_updatable, definer, security_type, character_set_client, \
        collation_connection", "views", "table_schema", "1").await;
    list("trigger", "trigger_name, event_manipulation, event_object_table, action_order, action_statement, action_timing, \
        sql_mode, definer, character_set_client, collation_connection, database_collation", "triggers", "trigger_schema", "1").await;
    list("routine", "routine_type, routine_name, dtd_identifier, routine_definition, is_deterministic, sql_data_access, \
        security_type, sql_mode, routine_comment, definer, character_set_client, collation_connection, database_collation",
        "routines", "routine_schema", "1, 2").await;
    list("event", "event_name, definer, time_zone, event_definition, event_type, execute_at, interval_value, interval_field, \
        sql_mode, starts, ends, status, on_completion, event_comment, character_set_client, collation_connection, \
        database_collation", "events", "event_schema", "1").await;
    list(
        "privilege",
        "grantee, privilege_type, is_grantable, table_name",
        "table_privileges",
        "table_schema",
        "1, 4, 2",
    )
    .await;
    list(
        "column privilege",
        "grantee, privilege_type, is_grantable, table_name, column_name",
        "column_privileges",
        "table_schema",
        "1, 4, 5, 2",
    )
    .await;
    let routines = format!(
        "select user, host, routine_name, routine_type, proc_priv from mysql.procs_priv where db = '{name}' order by 1, 3"
    );
    tell("routine privilege".into(), ask(engine, &routines).await);
    lines
}

async fn assert_equal(engine: &Mysql, one: &DatabaseName, other: &DatabaseName) {
    let (first, second) = (described(engine, one).await, described(engine, other).await);
    let server = engine.shared.server;
    for line in &first {
        assert!(second.contains(line), "{server}: lost or changed: {line}\n{}", second.join("\n"));
    }
    for line in &second {
        assert!(first.contains(line), "{server}: new: {line}");
    }
}

async fn fill(engine: &Mysql, database: &DatabaseName) {
    let rich = RICH.replace("create view late as select early.n from early; ", "");
    migrate(engine, database, &rich).await;
    for sql in CODE {
        migrate(engine, database, sql).await;
    }
    let server = engine.shared.server;
    if server.is_mariadb() {
        migrate(
            engine,
            database,
            "create sequence q start with 5 increment by 3 cache 10; select nextval(q), nextval(q); \
             create sequence unused; create sequence w minvalue 1 maxvalue 3 cycle cache 2; select nextval(w), nextval(w), nextval(w), nextval(w); \
             create sequence done minvalue 1 maxvalue 2 nocache; select nextval(done), nextval(done); \
             create table drawn(id int default nextval(q) primary key, h int invisible default 5, x int check (x > 0)); insert into drawn(x) values (1); \
             create table versioned(id int primary key, x int) with system versioning; insert into versioned values (1, 1); \
             update versioned set x = 2; delete from versioned; insert into versioned values (2, 2); \
             create table periods(id int primary key, a timestamp(6) generated always as row start, b timestamp(6) generated always as row end, \
             period for system_time(a, b)) with system versioning; insert into periods(id) values (1); \
             create table compressed(a int, b text compressed) page_compressed = 1; insert into compressed values (1, 'x')",
        )
        .await;
        migrate(
            engine,
            database,
            "set sql_mode = 'ORACLE'; create package pk as function f return int; end; create package body pk as \
             function f return int as begin return 1; end; end",
        )
        .await;
    } else {
        migrate(
            engine,
            database,
            "create table modern(id int primary key, h int invisible default (1 + 1), x int, index f ((x + 1)), index no (x) invisible, \
             constraint lax check (x > 100) not enforced, srid_bound point srid 4326 not null, spatial index (srid_bound), \
             m json, key many ((cast(m->'$.a' as unsigned array)))); insert into modern(id, x, srid_bound) values \
             (1, 5, st_srid(point(1, 2), 4326))",
        )
        .await;
        // The semicolon becomes a part of the body.
        migrate(engine, database, "create function semi() returns int no sql return 3; select 1").await;
    }
    migrate(
        engine,
        database,
        "set sql_mode = '', time_zone = '+02:00'; create table zeros(d date not null default '0000-00-00', s datetime); \
         insert into zeros values ('0000-00-00', '2020-00-00'); create procedure old() select \"text\"; \
         create table never(id int primary key)",
    )
    .await;
    let name = engine.stored(database);
    let user = &engine.shared.user;
    ask(
        engine,
        &format!(
            "alter database {name} collate utf8mb4_unicode_ci; use {name}; set character_set_client = latin1; \
             create procedure latin() select 1; set names utf8mb4; alter database {name} collate utf8mb4_bin; use mysql; \
             create user if not exists {user}_reader identified by 'x'; \
             grant select, insert on {name}.* to {user}_reader with grant option; \
             grant select (id), update (id, code), delete on {name}.p to {user}_reader; \
             grant execute, alter routine on function {name}.twice to {user}_reader with grant option"
        ),
    )
    .await;
}

async fn forget_reader(engine: &Mysql) {
    ask(engine, &format!("drop user {}_reader", engine.shared.user)).await;
}

#[tokio::test]
async fn a_copy_is_exact() {
    for engine in engines("a_copy_is_exact").await {
        engine.create(&db(0)).await.unwrap();
        fill(&engine, &db(0)).await;
        engine.clone_database(&db(0), &db(1)).await.unwrap();
        assert_equal(&engine, &db(0), &db(1)).await;
        // A copy's copy, of what was read once and is not read again.
        engine.clone_database(&db(1), &db(2)).await.unwrap();
        engine.clone_database(&db(1), &db(3)).await.unwrap();
        assert_equal(&engine, &db(0), &db(2)).await;
        assert_equal(&engine, &db(0), &db(3)).await;
        // Replaces what is there, and keeps nothing of it, rights neither.
        let (user, name) = (&engine.shared.user, engine.stored(&db(3)));
        ask(&engine, &format!("create table {name}.more(a int); grant all on {name}.* to {user}_reader; grant select on {name}.more to {user}_reader")).await;
        engine.clone_database(&db(1), &db(3)).await.unwrap();
        assert_equal(&engine, &db(0), &db(3)).await;
        engine.rename(&db(3), &db(2)).await.unwrap();
        assert_equal(&engine, &db(0), &db(2)).await;
        engine.drop_database(&db(2)).await.unwrap();
        let left = format!("select count(*) from mysql.db where db like '{}'", engine.stored(&db(2)));
        assert_eq!(ask(&engine, &left).await, [["0"]]);
        forget_reader(&engine).await;
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn copies_of_one_source_can_be_made_side_by_side() {
    for engine in engines("copies_of_one_source_can_be_made_side_by_side").await {
        engine.create(&db(0)).await.unwrap();
        fill(&engine, &db(0)).await;
        let (source, a, b, c) = (db(0), db(1), db(2), db(3));
        let made = tokio::join!(
            engine.clone_database(&source, &a),
            engine.clone_database(&source, &b),
            engine.clone_database(&source, &c)
        );
        assert!(made.0.is_ok() && made.1.is_ok() && made.2.is_ok(), "{made:?}");
        for copy in [a, b, c] {
            assert_equal(&engine, &source, &copy).await;
        }
        forget_reader(&engine).await;
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn an_index_that_the_server_has_made_goes_by_itself_in_a_copy_too() {
    for engine in engines("an_index_that_the_server_has_made_goes_by_itself_in_a_copy_too").await {
        engine.create(&db(0)).await.unwrap();
        migrate(
            &engine,
            &db(0),
            "create table p(id int primary key); \
             create table t(id int primary key, a int, b int, c int, d int, e int, ft text, fulltext key (ft), key d (d), \
             foreign key (a) references p(id), constraint named foreign key (b) references p(id), \
             foreign key (c) references p(id), foreign key (d) references p(id), constraint fe foreign key (e) references p(id)); \
             alter table t drop foreign key t_ibfk_1; alter table t drop index a; \
             create table k(a int, b int, foreign key (a) references p(id), constraint two foreign key (a) references p(id))",
        )
        .await;
        engine.clone_database(&db(0), &db(1)).await.unwrap();
        engine.clone_database(&db(1), &db(2)).await.unwrap();
        assert_equal(&engine, &db(0), &db(1)).await;
        for database in [db(0), db(1), db(2)] {
            migrate(
                &engine,
                &database,
                "create index ix_b on t(b); create index ix_c on t(c, a); create index ix_d on t(d); \
                create index ix_a on k(a)",
            )
            .await;
            let name = engine.stored(&database);
            let indexes = format!(
                "select distinct index_name from information_schema.statistics where table_schema = '{name}' order by 1"
            );
            let indexes: Vec<String> = ask(&engine, &indexes).await.into_iter().flatten().collect();
            // The one that a person has made stays.
            assert_eq!(indexes, ["d", "fe", "ft", "ix_a", "ix_b", "ix_c", "ix_d", "PRIMARY"], "{name}");
        }
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn views_over_what_is_gone_are_copied_too() {
    for engine in engines("views_over_what_is_gone_are_copied_too").await {
        engine.create(&db(0)).await.unwrap();
        migrate(
            &engine,
            &db(0),
            "create table t(a int, b int); create table u(a int, c int); \
             create view v as select x.a, x.b, u.c from t x join u on u.a = x.a where x.b > 0; \
             create view w as select v.a from v; create view good as select a from t; \
             alter table t drop column b; drop table u",
        )
        .await;
        engine.clone_database(&db(0), &db(1)).await.unwrap();
        assert_equal(&engine, &db(0), &db(1)).await;
        migrate(
            &engine,
            &db(1),
            "alter table t add column b int; create table u(a int, c int); select * from w, good",
        )
        .await;
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn code_that_names_its_database_names_the_copy() {
    for engine in engines("code_that_names_its_database_names_the_copy").await {
        engine.create(&db(0)).await.unwrap();
        let name = engine.stored(&db(0));
        migrate(&engine, &db(0), &format!("create table t(a int); create view v as select a from {name}.t"))
            .await;
        migrate(&engine, &db(0), &format!("create procedure p() begin insert into {name}.t values (1); insert into `{name}`.t values (2); end")).await;
        engine.clone_database(&db(0), &db(1)).await.unwrap();
        engine.drop_database(&db(0)).await.unwrap();
        migrate(&engine, &db(1), "call p()").await;
        let copy = engine.stored(&db(1));
        assert_eq!(ask(&engine, &format!("select a from {copy}.v order by 1")).await, [["1"], ["2"]]);
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_database_with_settings_of_its_own_is_copied_with_them() {
    let adapt =
        |target: &mut mrt_chain::settings::Target| target.locale = Some("utf8mb4_general_ci".to_owned());
    for engine in engines_for("a_database_with_settings_of_its_own_is_copied_with_them", adapt).await {
        engine.create(&db(0)).await.unwrap();
        if engine.shared.server.is_mariadb() {
            ask(&engine, &format!("alter database {} comment 'it''s'", engine.stored(&db(0)))).await;
        }
        engine.clone_database(&db(0), &db(1)).await.unwrap();
        assert_equal(&engine, &db(0), &db(1)).await;
        engine.close().await.unwrap();
    }
}
