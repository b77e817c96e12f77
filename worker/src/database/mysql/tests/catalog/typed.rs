//! The seeding view.

use super::{places, run};
use crate::database::catalog::{Catalog, Column, Family, ObjectKind, Table, TableName};

fn table<'a>(catalog: &'a Catalog, name: &str) -> &'a Table {
    &catalog.tables[&TableName { schema: None, name: name.to_owned() }]
}

fn column<'a>(table: &'a Table, name: &str) -> &'a Column {
    table.columns.iter().find(|column| column.name == name).unwrap()
}

#[tokio::test]
async fn families_are_known() {
    let text = |max| Family::Text { max, padded: false };
    let integer = |min: i128, max: i128| Family::Integer { min, max };
    let decimal = |precision, scale| Family::Decimal { precision: Some(precision), scale: Some(scale) };
    let families = [
        ("tinyint(1)", Family::Boolean),
        ("boolean", Family::Boolean),
        ("tinyint", integer(-128, 127)),
        ("tinyint unsigned", integer(0, 255)),
        ("smallint", integer(-32768, 32767)),
        ("mediumint", integer(-8_388_608, 8_388_607)),
        ("mediumint unsigned", integer(0, 16_777_215)),
        ("int", integer(i32::MIN.into(), i32::MAX.into())),
        ("int(5) zerofill", integer(0, u32::MAX.into())),
        ("bigint", integer(i64::MIN.into(), i64::MAX.into())),
        ("bigint unsigned", integer(0, u64::MAX.into())),
        ("year", integer(1901, 2155)),
        ("decimal(10,2)", decimal(10, 2)),
        ("decimal", decimal(10, 0)),
        ("decimal(5,1) unsigned", decimal(5, 1)),
        ("float", Family::Float { bits: 32 }),
        ("double", Family::Float { bits: 64 }),
        ("real", Family::Float { bits: 64 }),
        ("double(10,2)", decimal(10, 2)),
        ("char(5)", Family::Text { max: Some(5), padded: true }),
        ("char(32)", Family::Uuid { hex: true }),
        ("char(36)", Family::Uuid { hex: false }),
        ("varchar(50)", text(Some(50))),
        ("tinytext", text(Some(63))),
        ("tinytext character set latin1", text(Some(255))),
        ("text", text(Some(16383))),
        ("text character set utf8mb3", text(Some(21845))),
        ("mediumtext", text(Some(4_194_303))),
        ("longtext", text(None)),
        ("binary(3)", Family::Bytes { max: Some(3) }),
        ("varbinary(30)", Family::Bytes { max: Some(30) }),
        ("tinyblob", Family::Bytes { max: Some(255) }),
        ("blob", Family::Bytes { max: Some(65535) }),
        ("longblob", Family::Bytes { max: None }),
        ("date", Family::Date),
        ("time", Family::Time { zoned: false, digits: 0 }),
        ("time(3)", Family::Time { zoned: false, digits: 3 }),
        ("datetime", Family::Timestamp { zoned: false, digits: 0 }),
        ("datetime(6)", Family::Timestamp { zoned: false, digits: 6 }),
        ("timestamp(2) null", Family::Timestamp { zoned: false, digits: 2 }),
        ("enum('a','it''s','c,d')", Family::Enum(vec!["a".into(), "it's".into(), "c,d".into()])),
        ("set('a','b')", Family::Other),
        ("bit(3)", Family::Other),
        ("point", Family::Other),
    ];
    for place in places("families").await {
        let maria = place.server.is_mariadb();
        let mut all: Vec<(&str, Family)> = families.to_vec();
        all.push(("json", Family::Json { binary: !maria }));
        if maria {
            all.push(("uuid", Family::Uuid { hex: false }));
            all.push(("inet6", Family::Other));
        } else {
            all.push(("vector(3)", Family::Other));
        }
        let columns: Vec<String> =
            all.iter().enumerate().map(|(at, (ty, _))| format!("c{at} {ty}")).collect();
        let mut connection = place.fresh().await;
        run(&mut connection, &format!("create table t({})", columns.join(", "))).await;
        let catalog = place.read(&mut connection).await;
        let found = table(&catalog, "t");
        for (at, (declared, family)) in all.iter().enumerate() {
            let column = column(found, &format!("c{at}"));
            assert_eq!(&column.ty.family, family, "{declared} on {:?}", place.server);
            let unsigned = declared == &"decimal(5,1) unsigned";
            assert_eq!(column.ty.domain_checks.len(), usize::from(unsigned), "{declared}");
        }
        // What is native declares a column like it.
        let again: Vec<String> =
            found.columns.iter().map(|column| format!("`{}` {}", column.name, column.ty.native)).collect();
        run(&mut connection, &format!("create table u({})", again.join(", "))).await;
        let catalog = place.read(&mut connection).await;
        assert_eq!(table(&catalog, "t"), table(&catalog, "u"), "{:?}", place.server);
        place.drop(connection).await;
    }
}

#[tokio::test]
async fn columns_say_how_they_are_filled() {
    for place in places("filled").await {
        let mut connection = place.fresh().await;
        run(
            &mut connection,
            "create table t(id int auto_increment, a int not null, g int as (a + 1), s varchar(9) default 'NULL', \
             n int default null, d datetime default now(), e int default (1 + 1), i int invisible, primary key (id, a))",
        )
        .await;
        let catalog = place.read(&mut connection).await;
        let t = table(&catalog, "t");
        assert_eq!(t.primary_key, ["id", "a"]);
        assert!(column(t, "id").counter && !column(t, "id").nullable && !column(t, "a").counter);
        assert!(column(t, "g").generated && !column(t, "a").generated);
        assert_eq!(column(t, "s").default.as_deref(), Some("'NULL'"));
        assert_eq!(column(t, "n").default, None);
        assert!(column(t, "d").default.as_deref().unwrap().to_lowercase().starts_with("current_timestamp"));
        assert_eq!(column(t, "e").default.as_deref(), Some("(1 + 1)"));
        assert!(column(t, "i").nullable);
        if place.server.is_mariadb() {
            run(
                &mut connection,
                "create sequence s; create table v(a int default (next value for s), \
                 f timestamp(6) generated always as row start, u timestamp(6) generated always as row end, \
                 period for system_time(f, u)) with system versioning",
            )
            .await;
            let catalog = place.read(&mut connection).await;
            let v = table(&catalog, "v");
            assert!(column(v, "a").counter && column(v, "f").generated && column(v, "u").generated);
            assert!(!catalog.tables.keys().any(|name| name.name == "s"));
            run(
                &mut connection,
                "create table o(id int, f date, u date, period for p(f, u), primary key (id, p without overlaps))",
            )
            .await;
            let catalog = place.read(&mut connection).await;
            let o = table(&catalog, "o");
            assert_eq!(o.primary_key, ["id", "f", "u"]);
            assert_eq!(o.exclusions, [["id", "f", "u"]]);
            assert_eq!(o.checks[0].condition, "`f` < `u`");
        }
        place.drop(connection).await;
    }
}

#[tokio::test]
async fn what_rows_must_meet_is_known() {
    for place in places("meet").await {
        let mut connection = place.fresh().await;
        run(
            &mut connection,
            "create table p(id int, k int, primary key (id), unique (k)); \
             create table t(a int, b int, s varchar(20), unique u (a, b), unique x (s(5)), \
             constraint c check (s in ('a', 'it''s', 'back\\\\slash')), check (a > b), \
             foreign key (a) references p(id) on delete cascade, constraint f foreign key (b) references p(k))",
        )
        .await;
        let catalog = place.read(&mut connection).await;
        let t = table(&catalog, "t");
        let uniques: Vec<_> =
            t.uniques.iter().map(|u| (u.name.as_str(), u.columns.join(","), u.plain)).collect();
        assert_eq!(uniques, [("u", "a,b".to_owned(), true), ("x", "s".to_owned(), false)]);
        let mut keys: Vec<_> = t
            .foreign_keys
            .iter()
            .map(|k| {
                (k.columns.join(","), k.parent.to_string(), k.parent_columns.join(","), k.acts_on_delete)
            })
            .collect();
        keys.sort();
        assert_eq!(
            keys,
            [
                ("a".to_owned(), "p".to_owned(), "id".to_owned(), true),
                ("b".to_owned(), "p".to_owned(), "k".to_owned(), false)
            ]
        );
        let mut checks: Vec<_> =
            t.checks.iter().map(|c| (c.columns.join(","), c.condition.as_str())).collect();
        checks.sort();
        assert_eq!(
            checks,
            [("a,b".to_owned(), "`a` > `b`"), ("s".to_owned(), r"`s` in ('a','it\'s','back\\slash')")],
            "{:?}",
            place.server
        );
        for check in &t.checks {
            let dialect = sqlparser::dialect::MySqlDialect {};
            let parsed = sqlparser::parser::Parser::new(&dialect).try_with_sql(&check.condition);
            parsed.unwrap().parse_expr().unwrap();
        }
        if !place.server.is_mariadb() {
            run(
                &mut connection,
                "alter table t alter check c not enforced; create unique index e on t((lower(s)), a)",
            )
            .await;
            let catalog = place.read(&mut connection).await;
            let t = table(&catalog, "t");
            assert_eq!(t.checks.len(), 1);
            let e = t.uniques.iter().find(|u| u.name == "e").unwrap();
            assert!(!e.plain && e.columns == ["s", "a"]);
        }
        place.drop(connection).await;
    }
}

/// Every row is asked whether the condition of the partition holds that the server has put it into, and of no other one.
#[tokio::test]
async fn partitions_take_what_they_say() {
    let tables = [
        (
            "create table t(a int) partition by range (a) (partition p0 values less than (0), \
             partition p1 values less than (10), partition p2 values less than (20))",
            "insert into t values (null), (-1), (0), (9), (10), (19)",
            true,
        ),
        (
            "create table t(a int) partition by range (a) (partition p0 values less than (0), partition p1 values less than maxvalue)",
            "insert into t values (null), (-1), (0), (9)",
            false,
        ),
        (
            "create table t(a int, s varchar(9)) partition by range columns (a, s) (partition p0 values less than (1, 'm'), \
             partition p1 values less than (2, maxvalue), partition p2 values less than (3, 'm'))",
            "insert into t values (null, null), (0, 'z'), (1, null), (1, 'a'), (1, 'm'), (2, null), (2, 'z'), (3, 'a'), (3, null)",
            true,
        ),
        (
            "create table t(d date) partition by range (to_days(d)) (partition p0 values less than (to_days('2024-01-01')), \
             partition p1 values less than (to_days('2025-01-01')))",
            "insert into t values (null), ('2023-12-31'), ('2024-01-01'), ('2024-12-31')",
            true,
        ),
        (
            "create table t(a int) partition by list (a) (partition p0 values in (1, 2, null), partition p1 values in (3))",
            "insert into t values (null), (1), (2), (3)",
            true,
        ),
        (
            "create table t(s varchar(9), a int) partition by list columns (s, a) (partition p0 values in (('x', 1), (null, 2)), \
             partition p1 values in (('it''s', 3)))",
            "insert into t values ('x', 1), (null, 2), ('it''s', 3)",
            true,
        ),
    ];
    for place in places("partition_conditions").await {
        for (setup, rows, demands) in tables {
            let mut connection = place.fresh().await;
            run(&mut connection, setup).await;
            run(&mut connection, rows).await;
            let catalog = place.read(&mut connection).await;
            let found = table(&catalog, "t");
            assert_eq!(found.checks.len(), usize::from(demands), "{setup}");
            for check in &found.checks {
                assert_eq!(
                    count(&mut connection, "t", &format!("({}) is not true", check.condition)).await,
                    0,
                    "{setup}"
                );
            }
            for partition in &found.partitions {
                let takes = partition.takes.as_ref().unwrap();
                let name = partition.name.name.strip_prefix("t#p#").unwrap();
                let inside = format!("t partition ({name})");
                let all = count(&mut connection, &inside, "1 = 1").await;
                assert!(all > 0);
                assert_eq!(count(&mut connection, "t", &takes.condition).await, all, "{setup} {takes:?}");
                assert_eq!(count(&mut connection, &inside, &takes.condition).await, all, "{setup} {takes:?}");
            }
            place.drop(connection).await;
        }
        let mut connection = place.fresh().await;
        run(&mut connection, "create table t(a int) partition by hash (a) partitions 4").await;
        let catalog = place.read(&mut connection).await;
        assert!(table(&catalog, "t").partitions.is_empty() && table(&catalog, "t").checks.is_empty());
        place.drop(connection).await;
    }
}

async fn count(connection: &mut sqlx::mysql::MySqlConnection, from: &str, condition: &str) -> u64 {
    let sql = format!("select count(*) from {from} where {condition}");
    let answers = crate::database::mysql::wire::batch(connection, sql.clone()).await;
    let answers = answers.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    String::from_utf8(answers[0][0][0].clone().unwrap()).unwrap().parse().unwrap()
}

#[tokio::test]
async fn code_is_there_with_its_text() {
    for place in places("code").await {
        let mut connection = place.fresh().await;
        run(
            &mut connection,
            "create table t(a int); create view v as select a from t; create procedure p() delete from t; \
             create function f() returns int deterministic return 1; \
             create trigger r before insert on t for each row set @x = 1; \
             create event e on schedule every 1 day do delete from t",
        )
        .await;
        let catalog = place.read(&mut connection).await;
        let found: Vec<_> =
            catalog.code.iter().map(|code| (code.kind, code.name.as_str(), code.body.as_str())).collect();
        assert_eq!(
            found,
            [
                (ObjectKind::View, "v", "select `t`.`a` AS `a` from `t`"),
                (ObjectKind::Trigger, "r", "set @x = 1"),
                (ObjectKind::Function, "f", "return 1"),
                (ObjectKind::Procedure, "p", "delete from t"),
                (ObjectKind::Event, "e", "delete from t"),
            ]
        );
        assert_eq!(catalog.code[1].table.as_ref().unwrap().name, "t");
        place.drop(connection).await;
    }
}
