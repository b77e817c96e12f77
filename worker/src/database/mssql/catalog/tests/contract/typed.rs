//! What seeding plans on, as the server tells it.

use super::{places, run};
use crate::database::catalog::{Family, TableName};

#[tokio::test]
async fn columns_are_typed() {
    for place in places("typed").await {
        let mut connection = place.fresh().await;
        run(
            &mut connection,
            "create table p(id int not null primary key) GO create table t(id int identity not null constraint pk_t primary key, \
             b bit, ti tinyint, bi bigint, n numeric(9,3), m money, r real, f float, c char(5), v varchar(7), nv nvarchar(7), \
             u uniqueidentifier, d date, dt datetime, d2 datetime2(4), o datetimeoffset(2), x as (bi + 1), rv rowversion, \
             vb varbinary(8), xm xml, p int constraint fk_p foreign key references p(id) on delete cascade, \
             constraint ck check (bi > 0 and nv <> N'x'), constraint uq unique (nv, bi))",
        )
        .await;
        let catalog = place.read(&mut connection).await;
        let table = &catalog.tables[&TableName { schema: None, name: "t".to_owned() }];
        let family = |name: &str| {
            let column = table.columns.iter().find(|column| column.name == name);
            column.unwrap_or_else(|| panic!("{name}")).ty.family.clone()
        };
        assert_eq!(family("b"), Family::Boolean);
        assert_eq!(family("ti"), Family::Integer { min: 0, max: 255 });
        assert_eq!(family("n"), Family::Decimal { precision: Some(9), scale: Some(3) });
        assert_eq!(family("c"), Family::Text { max: Some(5), padded: true });
        assert_eq!(family("nv"), Family::Text { max: Some(7), padded: false });
        assert_eq!(family("u"), Family::Uuid { hex: false });
        assert_eq!(family("d2"), Family::Timestamp { zoned: false, digits: 4 });
        assert_eq!(family("o"), Family::Timestamp { zoned: true, digits: 2 });
        assert_eq!(family("vb"), Family::Bytes { max: Some(8) });
        assert_eq!(family("xm"), Family::Other);
        let generated: Vec<&str> = table
            .columns
            .iter()
            .filter(|column| column.generated)
            .map(|column| column.name.as_str())
            .collect();
        assert_eq!(generated, ["x", "rv"]);
        assert_eq!(table.primary_key, ["id"]);
        assert_eq!(table.uniques[0].columns, ["nv", "bi"]);
        assert!(table.foreign_keys[0].acts_on_delete);
        assert_eq!(table.checks[0].columns, ["bi", "nv"]);
        drop(connection);
        place.drop_as(&place.database).await;
    }
}
