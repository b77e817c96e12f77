//! What becomes of answers: paths, roles, and what must not count.

use super::{Answers, MAJOR, build, differences, object, row};
use crate::database::catalog::{COLUMN_ORDER, ObjectKind};
use crate::database::mssql::catalog::listings::listings;
use crate::database::mssql::catalog::queries;

/// A table `schema.name(id, email)` whose constraints have names that nobody chose, in a database whose numbers begin at `from`.
fn table(answers: Answers, schema: &str, name: &str, from: i64) -> Answers {
    let id = |offset: i64| (from + offset).to_string();
    let (tables, columns) = (queries::tables(MAJOR), queries::columns(MAJOR));
    let column = |answers: Answers, number: &str, name: &str, more: &[(&str, &str)]| {
        let table = id(0);
        let mut values = vec![("c.object_id", table.as_str()), ("c.column_id", number), ("c.name", name)];
        values.extend([("t.name", "int"), ("c.max_length", "4"), ("c.precision", "10")]);
        values.extend(more);
        answers.with(&columns, &values)
    };
    let digits = format!("{:08X}", from * 7);
    let answers = answers.with(
        &tables,
        &[
            ("t.object_id", &id(0)),
            ("s.name", schema),
            ("t.name", name),
            ("t.lock_escalation_desc", "TABLE"),
            ("t.uses_ansi_nulls", "1"),
        ],
    );
    let answers = column(
        answers,
        "1",
        "id",
        &[("CONVERT(nvarchar(60), i.seed_value)", "1"), ("CONVERT(nvarchar(60), i.increment_value)", "1")],
    );
    let answers = column(
        answers,
        "2",
        "email",
        &[
            ("d.object_id", &id(1)),
            ("d.name", &format!("DF__{name}__email__{digits}")),
            ("d.is_system_named", "1"),
            ("d.definition", "((0))"),
        ],
    );
    let index = |answers: Answers, number: &str, constraint: &str, more: &[(&str, &str)], column: &str| {
        let (table, key) = (id(0), id(2));
        let invented = format!("{constraint}__{name}__{digits}");
        let mut values = vec![("i.object_id", table.as_str()), ("i.index_id", number), ("i.name", &invented)];
        values.extend([("i.type", "1"), ("i.type_desc", "CLUSTERED"), ("i.is_unique", "1")]);
        values.extend([("i.allow_row_locks", "1"), ("i.allow_page_locks", "1")]);
        values.extend([("k.object_id", key.as_str()), ("k.is_system_named", "1")]);
        values.extend(more);
        answers.with(queries::INDEXES, &values).with(
            &queries::index_columns(MAJOR),
            &[
                ("c.object_id", &table),
                ("c.index_id", number),
                ("c.column_id", column),
                ("c.key_ordinal", "1"),
            ],
        )
    };
    let answers = index(answers, "1", "PK", &[("i.is_primary_key", "1")], "1");
    let answers = index(answers, "2", "UQ", &[("i.is_unique_constraint", "1"), ("i.type", "2")], "2");
    answers
        .with(
            queries::CHECKS,
            &[
                ("c.object_id", &id(4)),
                ("c.parent_object_id", &id(0)),
                ("c.name", &format!("CK__{name}__email__{digits}")),
                ("c.is_system_named", "1"),
                ("c.definition", "([email]>(0))"),
            ],
        )
        .with(
            queries::FOREIGN_KEYS,
            &[
                ("f.object_id", &id(5)),
                ("f.parent_object_id", &id(0)),
                ("f.name", &format!("FK__{name}__email__{digits}")),
                ("f.is_system_named", "1"),
                ("SCHEMA_NAME(t.schema_id)", schema),
                ("t.name", name),
            ],
        )
        .with(
            queries::FOREIGN_KEY_COLUMNS,
            &[("c.constraint_object_id", &id(5)), ("a.name", "email"), ("b.name", "id")],
        )
}

#[test]
fn what_nobody_named_goes_by_its_role() {
    let catalog = table(Answers::default(), "dbo", "users", 100).catalog();
    object(&catalog, ObjectKind::PrimaryKey, "users.primary key");
    object(&catalog, ObjectKind::Unique, "users.unique(email)");
    object(&catalog, ObjectKind::Check, "users.check(email > 0)");
    object(&catalog, ObjectKind::ForeignKey, "users.foreign key(email)");
    let column = object(&catalog, ObjectKind::Column, "users.email");
    assert_eq!(column["default"], "0");
    assert!(!column.contains_key("default constraint"));
    assert_eq!(object(&catalog, ObjectKind::Table, "users")[COLUMN_ORDER], "id, email");
    assert_eq!(object(&catalog, ObjectKind::Column, "users.id")["identity"], "from 1 by 1");
}

#[test]
fn a_copy_is_equal_whatever_its_numbers() {
    let one = table(Answers::default(), "dbo", "users", 100);
    let two = table(Answers::default(), "dbo", "users", 5000);
    assert_eq!(one.catalog().objects, two.catalog().objects);
    // In another order of making, too.
    let (a, b) = (table(one, "audit", "log", 200), table(Answers::default(), "audit", "log", 300));
    assert_eq!(a.catalog().objects, table(b, "dbo", "users", 7000).catalog().objects);
}

#[test]
fn other_schemas_are_said() {
    let catalog = table(Answers::default(), "audit", "log", 100).catalog();
    object(&catalog, ObjectKind::Table, "audit.log");
    object(&catalog, ObjectKind::Column, "audit.log.id");
    let foreign = object(&catalog, ObjectKind::ForeignKey, "audit.log.foreign key(email)");
    assert_eq!(foreign["references"], "audit.log(id)");
}

/// The table that keeps the history of another one is not read, and what it has is nobody's.
#[test]
fn what_belongs_to_nothing_is_left_out() {
    let columns = queries::columns(MAJOR);
    let answers = table(Answers::default(), "dbo", "users", 100);
    let with_history =
        answers.clone().with(&columns, &[("c.object_id", "77"), ("c.column_id", "1"), ("c.name", "id")]);
    assert_eq!(answers.catalog(), with_history.catalog());
}

#[test]
fn what_hangs_on_things_is_theirs() {
    let at = |class: &str, object: &str, part: &str| {
        vec![
            ("x.class".to_owned(), class.to_owned()),
            ("x.major_id".to_owned(), object.to_owned()),
            ("x.minor_id".to_owned(), part.to_owned()),
        ]
    };
    let property = |answers: Answers, place: Vec<(String, String)>, name: &str, ty: &str| {
        let mut values: Vec<(&str, &str)> = place.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        values.extend([("x.name", name), ("CONVERT(nvarchar(max), x.value)", "what it is")]);
        values.push(("CONVERT(nvarchar(128), SQL_VARIANT_PROPERTY(x.value, 'BaseType'))", ty));
        answers.with(queries::PROPERTIES, &values)
    };
    let plain = table(Answers::default(), "dbo", "users", 100);
    let before = plain.catalog();
    let cases = [
        (at("1", "100", "0"), "table users: comment"),
        (at("1", "100", "2"), "column users.email: comment"),
        (at("1", "101", "0"), "column users.email: default comment"),
        (at("1", "104", "0"), "check constraint users.check(email > 0): comment"),
        (at("1", "105", "0"), "foreign key users.foreign key(email): comment"),
        (at("7", "100", "1"), "primary key users.primary key: comment"),
    ];
    for (place, expected) in cases {
        let after = property(plain.clone(), place, "MS_Description", "nvarchar").catalog();
        assert_eq!(differences(&before, &after), [expected]);
    }
    let after = property(plain.clone(), at("1", "100", "0"), "steward", "int").catalog();
    assert_eq!(object(&after, ObjectKind::Table, "users")["properties"], "steward = int what it is");

    let granted = |state: &str, part: &str, by: &str| {
        plain.clone().with(
            queries::PERMISSIONS,
            &[
                ("p.class", "1"),
                ("p.major_id", "100"),
                ("p.minor_id", part),
                ("p.state", state),
                ("p.permission_name", "SELECT"),
                ("e.name", "reader"),
                ("g.name", by),
            ],
        )
    };
    let told = |state: &str, by: &str| {
        let catalog = granted(state, "0", by).catalog();
        object(&catalog, ObjectKind::Table, "users")["privileges"].clone()
    };
    assert_eq!(told("G", "dbo"), "select to reader");
    assert_eq!(told("W", "dbo"), "select to reader with grant option");
    assert_eq!(told("D", "bob"), "deny select to reader by bob");
    let catalog = granted("G", "2", "dbo").catalog();
    assert_eq!(object(&catalog, ObjectKind::Column, "users.email")["privileges"], "select to reader");
}

#[test]
fn views_have_columns_and_code_has_kinds() {
    let modules = queries::modules(MAJOR);
    let module = |answers: Answers, id: &str, name: &str, sort: &str, text: &str| {
        answers.with(
            &modules,
            &[
                ("o.object_id", id),
                ("s.name", "dbo"),
                ("o.name", name),
                ("RTRIM(o.type)", sort),
                ("m.definition", text),
            ],
        )
    };
    let answers = module(Answers::default(), "1", "v", "V", "CREATE VIEW v AS SELECT 1 AS a");
    let answers = answers.with(
        &queries::columns(MAJOR),
        &[("c.object_id", "1"), ("c.column_id", "1"), ("c.name", "a"), ("t.name", "int")],
    );
    let answers = module(answers, "2", "p", "P", "CREATE PROC p AS SELECT 1");
    let answers = module(answers, "3", "f", "FN", "CREATE FUNCTION f() RETURNS int AS BEGIN RETURN 1 END");
    let answers = module(answers, "4", "d", "D", "CREATE DEFAULT d AS 0");
    let answers = answers.with(
        queries::TRIGGER_ORDER,
        &[("e.object_id", "2"), ("e.type_desc", "INSERT"), ("e.is_first", "1")],
    );
    let catalog = answers.catalog();
    assert_eq!(object(&catalog, ObjectKind::View, "v")["definition"], "AS SELECT 1 AS a");
    // The rest is the table's.
    let column = object(&catalog, ObjectKind::Column, "v.a");
    assert_eq!(column.keys().copied().collect::<Vec<_>>(), ["type"]);
    assert_eq!(object(&catalog, ObjectKind::Procedure, "p")["order"], "insert first");
    object(&catalog, ObjectKind::Function, "f");
    object(&catalog, ObjectKind::Other, "default d");
    let code: Vec<&str> = catalog.code.iter().map(|code| code.name.as_str()).collect();
    assert_eq!(code, ["v", "f", "p"]);
}

#[test]
fn compression_is_of_the_table_or_of_the_index() {
    let answers = table(Answers::default(), "dbo", "users", 100)
        .with(queries::INDEXES, &[("i.object_id", "100"), ("i.index_id", "0"), ("i.type", "0")])
        .with(
            &queries::compression(MAJOR),
            &[
                ("p.object_id", "100"),
                ("p.index_id", "0"),
                ("p.partition_number", "1"),
                ("p.data_compression_desc", "PAGE"),
            ],
        )
        .with(
            &queries::compression(MAJOR),
            &[
                ("p.object_id", "100"),
                ("p.index_id", "1"),
                ("p.partition_number", "1"),
                ("p.data_compression_desc", "NONE"),
                ("p.xml_compression", "1"),
            ],
        );
    let catalog = answers.catalog();
    assert_eq!(object(&catalog, ObjectKind::Table, "users")["compression"], "page");
    assert_eq!(object(&catalog, ObjectKind::PrimaryKey, "users.primary key")["compression"], "xml");
}

/// Indexes of XML and the like are asked about once more, and tell it in one order.
#[test]
fn special_indexes_have_details() {
    let index = |number: &str, sort: &str| {
        table(Answers::default(), "dbo", "users", 100)
            .with(
                queries::INDEXES,
                &[
                    ("i.object_id", "100"),
                    ("i.index_id", number),
                    ("i.name", "ix"),
                    ("i.type", sort),
                    ("i.type_desc", "XML"),
                ],
            )
            .with(
                &queries::index_columns(MAJOR),
                &[
                    ("c.object_id", "100"),
                    ("c.index_id", number),
                    ("c.column_id", "2"),
                    ("c.key_ordinal", "0"),
                ],
            )
            .raw()
    };
    assert!(!index("7", "2").has_special_indexes());
    let mut raw = index("7", "3");
    assert!(raw.has_special_indexes());
    let told = |text: &str| vec![Some("100".to_owned()), Some("7".to_owned()), Some(text.to_owned())];
    raw.take_index_details(vec![told("PRIMARY_XML  "), told("path a")]);
    let catalog = build(&raw, Vec::new());
    let attributes = object(&catalog, ObjectKind::Index, "users.ix");
    assert_eq!(attributes["details"], "PRIMARY_XML, path a");
    // Nothing in it is in an order.
    assert_eq!(attributes["columns"], "email");
}

/// A table in partitions tells which column they are by, and how each is compressed.
#[test]
fn partitions_belong_to_the_index() {
    let catalog = table(Answers::default(), "dbo", "users", 100)
        .with(
            queries::INDEXES,
            &[
                ("i.object_id", "100"),
                ("i.index_id", "0"),
                ("i.type", "0"),
                ("d.name", "by_number"),
                ("d.type", "PS"),
                ("d.is_default", "0"),
            ],
        )
        .with(
            &queries::index_columns(MAJOR),
            &[
                ("c.object_id", "100"),
                ("c.index_id", "0"),
                ("c.column_id", "1"),
                ("c.partition_ordinal", "1"),
            ],
        )
        .with(
            &queries::compression(MAJOR),
            &[
                ("p.object_id", "100"),
                ("p.index_id", "0"),
                ("p.partition_number", "2"),
                ("p.data_compression_desc", "ROW"),
            ],
        )
        .catalog();
    let attributes = object(&catalog, ObjectKind::Table, "users");
    assert_eq!(attributes["stored on"], "by_number(id)");
    assert_eq!(attributes["compression"], "2: row");
}

/// The name of the database in what is listed is no part of it.
#[test]
fn listings_do_not_tell_the_databases_name() {
    let answers = Answers::default().with(queries::FACTS, &[("DB_NAME() AS name", "mrt_x_0001")]);
    let listing = listings(MAJOR).into_iter().find(|it| it.attributes.contains(&"stands for")).unwrap();
    let sql = listing.sql.clone();
    let mut synonym = row(&sql, &[("y.object_id", "5"), ("y.base_object_name", "[mrt_x_0001].[dbo].[t]")]);
    synonym[2] = Some("synonym s".to_owned());
    let catalog = answers.listing(vec![(listing, vec![synonym])]);
    assert_eq!(object(&catalog, ObjectKind::Other, "synonym s")["stands for"], "[dbo].[t]");
}
