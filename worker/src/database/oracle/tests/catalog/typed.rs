//! The seeding view.

use super::super::name;
use super::{as_owner, db, engines, read, run};
use crate::database::Engine as _;
use crate::database::catalog::Family;

#[tokio::test]
async fn seeding_sees_types_and_rules() {
    for engine in engines("seeding").await {
        let database = db(1);
        engine.create(&database).await.unwrap();
        let sql = "create table p(id number(10) generated always as identity primary key); \
             create table t(id number(10) primary key, n number(5,2) default 1.5 not null, w integer, f float, \
             s varchar2(30 char), b varchar2(30 byte), c clob, d date, z timestamp(3) with time zone, r raw(16), x blob, \
             v number generated always as (n + 1), p number(10) references p(id) on delete cascade, \
             unique (s, b), check (n > 0), constraint off check (n > 100) disable); \
             create unique index u on t(lower(s)); create global temporary table g(a number)";
        run(&mut as_owner(&engine, &database).await, sql).await;
        let catalog = read(&engine, &database).await;
        assert!(!catalog.tables.contains_key(&name("G")));
        let id = &catalog.tables[&name("P")].columns[0];
        assert!(id.counter && id.identity_always && !id.nullable);
        let table = &catalog.tables[&name("T")];
        let family = |column: &str| {
            table.columns.iter().find(|it| it.name == column).map(|it| it.ty.family.clone()).unwrap()
        };
        let text = |max| Family::Text { max, padded: false };
        assert_eq!(family("N"), Family::Decimal { precision: Some(5), scale: Some(2) });
        assert!(matches!(family("W"), Family::Integer { max, .. } if max == 10_i128.pow(38) - 1));
        assert_eq!(family("S"), text(Some(30)));
        assert_eq!(family("B"), text(Some(30)));
        assert_eq!(family("C"), text(None));
        assert_eq!(family("D"), Family::Timestamp { zoned: false, digits: 0 });
        assert_eq!(family("Z"), Family::Timestamp { zoned: true, digits: 3 });
        assert_eq!(family("R"), Family::Bytes { max: Some(16) });
        assert!(table.columns.iter().any(|it| it.name == "V" && it.generated));
        assert_eq!(table.primary_key, ["ID"]);
        assert_eq!(table.foreign_keys[0].parent, name("P"));
        assert!(table.foreign_keys[0].acts_on_delete);
        let checks: Vec<&str> = table.checks.iter().map(|it| it.condition.as_str()).collect();
        assert_eq!(checks, ["N > 0"]);
        assert_eq!(table.uniques.len(), 2);
        engine.close().await.unwrap();
    }
}
