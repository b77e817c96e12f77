//! What seeding plans on.

use super::{Answers, MAJOR};
use crate::database::catalog::{Family, Table, TableName};
use crate::database::mssql::catalog::queries;

/// `orders(id identity, note nvarchar(20) null default, total computed, version rowversion)`.
fn orders() -> Answers {
    let columns = queries::columns(MAJOR);
    let column = |answers: Answers, number: &str, name: &str, ty: &str, more: &[(&str, &str)]| {
        let mut values =
            vec![("c.object_id", "1"), ("c.column_id", number), ("c.name", name), ("t.name", ty)];
        values.extend([("c.max_length", "40"), ("c.precision", "10"), ("c.scale", "2")]);
        values.extend(more);
        answers.with(&columns, &values)
    };
    let answers = Answers::default()
        .with(&queries::tables(MAJOR), &[("t.object_id", "1"), ("s.name", "dbo"), ("t.name", "orders")]);
    let answers = column(
        answers,
        "1",
        "id",
        "int",
        &[("CONVERT(nvarchar(60), i.seed_value)", "1"), ("CONVERT(nvarchar(60), i.increment_value)", "1")],
    );
    let answers = column(
        answers,
        "2",
        "note",
        "nvarchar",
        &[("c.is_nullable", "1"), ("d.object_id", "9"), ("d.definition", "(N'none')")],
    );
    let answers = column(answers, "3", "total", "decimal", &[("k.definition", "([id]*(2))")]);
    let answers = column(answers, "4", "version", "timestamp", &[]);
    let answers = column(
        answers,
        "5",
        "number",
        "bigint",
        &[("d.object_id", "8"), ("d.definition", "(NEXT VALUE FOR [dbo].[numbers])")],
    );
    column(answers, "6", "graph_id_6C4D0F7B1A2B4C5D8E9F001122334455", "bigint", &[("c.graph_type", "1")])
}

fn table(answers: &Answers) -> Table {
    answers.catalog().tables[&TableName { schema: None, name: "orders".to_owned() }].clone()
}

#[test]
fn columns_are_typed() {
    let table = table(&orders());
    let [id, note, total, version, number] = table.columns.as_slice() else { panic!("{table:?}") };
    assert!(id.counter && id.identity_always && !id.nullable && !id.generated);
    assert_eq!(note.ty.family, Family::Text { max: Some(20), padded: false });
    assert_eq!(note.ty.native, "nvarchar(20)");
    assert_eq!((note.nullable, note.default.as_deref()), (true, Some("(N'none')")));
    assert!(total.generated);
    assert!(version.generated);
    assert!(number.counter && !number.identity_always);
}

fn index(answers: Answers, number: &str, more: &[(&str, &str)]) -> Answers {
    let mut values =
        vec![("i.object_id", "1"), ("i.index_id", number), ("i.type", "2"), ("i.is_unique", "1")];
    values.extend(more);
    answers.with(queries::INDEXES, &values).with(
        &queries::index_columns(MAJOR),
        &[("c.object_id", "1"), ("c.index_id", number), ("c.column_id", number), ("c.key_ordinal", "1")],
    )
}

#[test]
fn keys_are_what_rows_obey() {
    let answers = index(orders(), "1", &[("i.name", "pk"), ("i.is_primary_key", "1")]);
    let answers = index(answers, "2", &[("i.name", "uq"), ("i.is_unique_constraint", "1")]);
    let answers = index(answers, "5", &[("i.name", "ux"), ("i.filter_definition", "([number]>(0))")]);
    let answers = index(answers, "3", &[("i.name", "off"), ("i.is_disabled", "1")]);
    let check = |answers: Answers, id: &str, disabled: &str| {
        answers.with(
            queries::CHECKS,
            &[
                ("c.object_id", id),
                ("c.parent_object_id", "1"),
                ("c.name", "ck"),
                ("c.definition", "([number]>(0) AND len([note])<(9))"),
                ("c.is_disabled", disabled),
            ],
        )
    };
    let answers = check(check(answers, "20", "0"), "21", "1");
    let table = table(&answers);
    assert_eq!(table.primary_key, ["id"]);
    let uniques: Vec<_> =
        table.uniques.iter().map(|it| (it.name.as_str(), it.plain, it.nulls_equal)).collect();
    assert_eq!(uniques, [("uq", true, true), ("ux", false, true)]);
    let [check] = table.checks.as_slice() else { panic!("{:?}", table.checks) };
    assert_eq!(check.columns, ["number", "note"]);
    // Seeding reads the condition as SQL Server's.
    let dialect = sqlparser::dialect::MsSqlDialect {};
    let parsed = sqlparser::parser::Parser::new(&dialect).try_with_sql(&check.condition);
    parsed.unwrap().parse_expr().unwrap();
}

#[test]
fn foreign_keys_name_their_parents() {
    let key = |action: &str| {
        let answers = orders()
            .with(
                queries::FOREIGN_KEYS,
                &[
                    ("f.object_id", "30"),
                    ("f.parent_object_id", "1"),
                    ("f.name", "fk"),
                    ("SCHEMA_NAME(t.schema_id)", "sales"),
                    ("t.name", "carts"),
                    ("f.delete_referential_action_desc", action),
                ],
            )
            .with(
                queries::FOREIGN_KEY_COLUMNS,
                &[("c.constraint_object_id", "30"), ("a.name", "number"), ("b.name", "id")],
            );
        table(&answers).foreign_keys[0].clone()
    };
    let plain = key("NO_ACTION");
    assert_eq!(plain.parent.to_string(), "sales.carts");
    assert_eq!((plain.columns, plain.parent_columns), (vec!["number".to_owned()], vec!["id".to_owned()]));
    assert!(!plain.acts_on_delete && !plain.deferrable);
    assert!(key("CASCADE").acts_on_delete);
}

/// Its rows are elsewhere.
#[test]
fn an_external_table_is_not_seeded() {
    let external = orders().set(&queries::tables(MAJOR), "t.is_external", Some("1"));
    assert!(external.catalog().tables.is_empty());
}
