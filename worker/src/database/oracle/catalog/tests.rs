//! The two views of the catalog, from rows as the dictionary's documentation has them.
#![allow(clippy::needless_update, reason = "some rows have no more fields than a test gives")]
#![allow(clippy::unwrap_used)]

use super::code_rows::*;
use super::tables_rows::*;
use super::*;
use crate::database::catalog::{Family, Table, TableName};

/// A row out of the fields that matter.
macro_rules! row {
    ($row:ident { $($field:ident: $value:expr),* $(,)? }) => {
        $row { $($field: $value.to_owned(),)* ..$row::default() }
    };
}

fn number(table: &str, name: &str, nullable: &str) -> ColumnRow {
    row!(ColumnRow {
        table: table,
        name: name,
        data_type: "NUMBER",
        precision: "10",
        scale: "0",
        data_length: "22",
        nullable: nullable,
        hidden: "NO",
        is_virtual: "NO",
        default_on_null: "NO",
        identity: "NO",
    })
}

fn text_column(table: &str, name: &str) -> ColumnRow {
    row!(ColumnRow {
        table: table,
        name: name,
        data_type: "VARCHAR2",
        data_length: "120",
        char_length: "30",
        char_used: "C",
        nullable: "Y",
        hidden: "NO",
        is_virtual: "NO",
        default_on_null: "NO",
        identity: "NO",
        collation: "USING_NLS_COMP",
    })
}

fn a_table(name: &str) -> TableRow {
    row!(TableRow {
        name: name,
        tablespace: "USERS",
        pct_free: "10",
        logging: "YES",
        degree: "         1",
        cache: "    N",
        table_lock: "ENABLED",
        partitioned: "NO",
        temporary: "N",
        row_movement: "DISABLED",
        dependencies: "DISABLED",
        compression: "DISABLED",
        read_only: "NO",
        result_cache: "DEFAULT",
        inmemory: "DISABLED",
        default_collation: "USING_NLS_COMP",
        external: "NO",
    })
}

fn constraint(table: &str, name: &str, kind: &str) -> ConstraintRow {
    row!(ConstraintRow {
        table: table,
        name: name,
        kind: kind,
        status: "ENABLED",
        deferrable: "NOT DEFERRABLE",
        deferred: "IMMEDIATE",
        validated: "VALIDATED",
        generated: if name.starts_with("SYS_C") { "GENERATED NAME" } else { "USER NAME" },
    })
}

fn over(constraint: &str, table: &str, column: &str) -> ConstraintColumnRow {
    row!(ConstraintColumnRow { owner: "MRT", constraint: constraint, table: table, column: column })
}

fn index(table: &str, name: &str, uniqueness: &str) -> IndexRow {
    row!(IndexRow {
        owner: "MRT",
        name: name,
        kind: "NORMAL",
        table: table,

        uniqueness: uniqueness,
        compression: "DISABLED",
        tablespace: "USERS",
        logging: "YES",
        degree: "1",
        status: "VALID",
        partitioned: "NO",
        join_index: "NO",
        visibility: "VISIBLE",
        indexing: "FULL",
    })
}

fn at(index: &str, position: &str, column: &str, descend: &str) -> IndexColumnRow {
    row!(IndexColumnRow { owner: "MRT", index: index, column: column, position: position, descend: descend })
}

fn empty() -> Raw {
    Raw {
        owner: "MRT".to_owned(),
        users: vec![row!(UserRow { default_tablespace: "USERS" })],
        ..Raw::default()
    }
}

/// USERS(ID, EMAIL, AGE), with what people have.
fn users() -> Raw {
    let mut id = number("USERS", "ID", "N");
    "YES".clone_into(&mut id.identity);
    let mut check = constraint("USERS", "SYS_C0071", "C");
    "age >= 0 and \"AGE\"<200".clone_into(&mut check.condition);
    let mut not_null = constraint("USERS", "SYS_C0072", "C");
    "\"ID\" IS NOT NULL".clone_into(&mut not_null.condition);
    let mut key = constraint("USERS", "PK_USERS", "P");
    "PK_USERS".clone_into(&mut key.index_name);
    let mut unique = constraint("USERS", "SYS_C0073", "U");
    "SYS_C0073".clone_into(&mut unique.index_name);
    Raw {
        tables: vec![a_table("USERS")],
        columns: vec![id, text_column("USERS", "EMAIL"), number("USERS", "AGE", "Y")],
        defaults: vec![
            row!(DefaultRow { table: "USERS", column: "ID", text: "\"MRT\".\"ISEQ$$_71234\".nextval" }),
            row!(DefaultRow { table: "USERS", column: "EMAIL", text: "'' " }),
            row!(DefaultRow { table: "USERS", column: "AGE", text: " 18\n" }),
        ],
        identities: vec![row!(IdentityRow {
            table: "USERS",
            column: "ID",
            generation: "ALWAYS",
            sequence: "ISEQ$$_71234",
            options: "START WITH: 21, INCREMENT BY: 1, MAX_VALUE: 99, MIN_VALUE: 1, CYCLE_FLAG: N, CACHE_SIZE: 20, ORDER_FLAG: N",
        })],
        constraints: vec![check, not_null, key, unique],
        constraint_columns: vec![
            over("PK_USERS", "USERS", "ID"),
            over("SYS_C0071", "USERS", "AGE"),
            over("SYS_C0072", "USERS", "ID"),
            over("SYS_C0073", "USERS", "EMAIL"),
        ],
        indexes: vec![
            index("USERS", "PK_USERS", "UNIQUE"),
            index("USERS", "SYS_C0073", "UNIQUE"),
            row!(IndexRow {
                kind: "FUNCTION-BASED NORMAL",
                funcidx_status: "ENABLED",
                owner: "MRT",
                name: "IX_LOWER",
                table: "USERS",
                uniqueness: "UNIQUE",
                compression: "DISABLED",
                tablespace: "USERS",
                logging: "YES",
                degree: "1",
                status: "VALID",
                partitioned: "NO",
                visibility: "VISIBLE"
            }),
        ],
        index_columns: vec![
            at("PK_USERS", "1", "ID", "ASC"),
            at("SYS_C0073", "1", "EMAIL", "ASC"),
            at("IX_LOWER", "1", "SYS_NC00004$", "ASC"),
            at("IX_LOWER", "2", "SYS_NC00005$", "DESC"),
        ],
        index_expressions: vec![
            row!(IndexExpressionRow {
                owner: "MRT",
                index: "IX_LOWER",
                position: "1",
                expression: "LOWER(\"EMAIL\")"
            }),
            row!(IndexExpressionRow {
                owner: "MRT",
                index: "IX_LOWER",
                position: "2",
                expression: "\"AGE\""
            }),
        ],
        sequences: vec![row!(SequenceRow { name: "ISEQ$$_71234", increment: "1", next: "21" })],
        ..empty()
    }
}

fn lines(raw: &Raw) -> Vec<String> {
    let objects = catalog(raw).objects;
    objects.iter().map(|(key, attributes)| format!("{} {} {attributes:?}", key.kind, key.path)).collect()
}

fn seeding(raw: &Raw, name: &str) -> Table {
    catalog(raw).tables[&TableName { schema: None, name: name.to_owned() }].clone()
}

#[test]
fn a_table_is_read_with_its_parts() {
    assert_eq!(
        lines(&users()),
        [
            "database database {}",
            "table USERS {\"column order\": \"ID, EMAIL, AGE\"}",
            "column USERS.AGE {\"default\": \"18\", \"type\": \"NUMBER(10,0)\"}",
            "column USERS.EMAIL {\"type\": \"VARCHAR2(30 CHAR)\"}",
            "column USERS.ID {\"identity\": \"always\", \"identity options\": \"increment by: 1, max value: 99, min value: 1, \
         cycle flag: n, cache size: 20, order flag: n\", \"not null\": \"yes\", \"type\": \"NUMBER(10,0)\"}",
            "primary key USERS.PK_USERS {\"columns\": \"ID\"}",
            "unique constraint USERS.unique(EMAIL) {\"columns\": \"EMAIL\"}",
            "check constraint USERS.check(AGE >= 0 AND AGE < 200) {\"condition\": \"AGE >= 0 AND AGE < 200\"}",
            "index USERS.IX_LOWER {\"columns\": \"LOWER(EMAIL), AGE desc\", \"unique\": \"yes\"}",
        ]
    );
}

#[test]
fn seeding_sees_what_rows_must_obey() {
    let table = seeding(&users(), "USERS");
    let id = &table.columns[0];
    assert!(id.counter && id.identity_always && !id.nullable && id.default.is_none() && !id.generated);
    let ten = 10_i128.pow(10) - 1;
    assert_eq!(id.ty.family, Family::Integer { min: -ten, max: ten });
    // The empty text is NULL, and so no default.
    assert_eq!(table.columns[1].default, None);
    assert_eq!(table.columns[2].default.as_deref(), Some("18"));
    assert_eq!(table.primary_key, ["ID"]);
    let checks: Vec<_> =
        table.checks.iter().map(|it| (it.name.as_deref(), it.condition.as_str(), &it.columns)).collect();
    assert_eq!(checks, [(None, "AGE >= 0 AND AGE < 200", &vec!["AGE".to_owned()])]);
    let uniques: Vec<_> =
        table.uniques.iter().map(|it| (it.columns.join(","), it.plain, it.nulls_equal)).collect();
    assert_eq!(uniques, [("EMAIL".to_owned(), true, false), ("EMAIL,AGE".to_owned(), false, true)]);
}

#[test]
fn a_rule_that_is_not_enforced_is_told_and_not_obeyed() {
    let mut raw = users();
    "DISABLED".clone_into(&mut raw.constraints[0].status);
    "NOT VALIDATED".clone_into(&mut raw.constraints[0].validated);
    "DEFERRABLE".clone_into(&mut raw.constraints[2].deferrable);
    "DEFERRED".clone_into(&mut raw.constraints[2].deferred);
    "NONUNIQUE".clone_into(&mut raw.indexes[0].uniqueness);
    "NOT VALIDATED".clone_into(&mut raw.constraints[3].validated);
    let lines = lines(&raw).join("\n");
    assert!(lines.contains("\"state\": \"disabled\"}"), "{lines}");
    assert!(
        lines.contains(
            "{\"columns\": \"ID\", \"index\": \"unique: no\", \"state\": \"deferrable, initially deferred\"}"
        ),
        "{lines}"
    );
    assert!(lines.contains("{\"columns\": \"EMAIL\", \"state\": \"not validated\"}"), "{lines}");
    assert_eq!(seeding(&raw, "USERS").checks, []);
}

#[test]
fn a_not_null_that_is_disabled_is_a_constraint() {
    let mut raw = users();
    let mut rule = constraint("USERS", "NN_EMAIL", "C");
    "\"EMAIL\" IS NOT NULL".clone_into(&mut rule.condition);
    raw.constraint_columns.push(over("NN_EMAIL", "USERS", "EMAIL"));
    raw.constraints.push(rule);
    "N".clone_into(&mut raw.columns[1].nullable);
    assert!(lines(&raw).join("\n").contains("column USERS.EMAIL {\"not null\": \"constraint NN_EMAIL\""));
    "Y".clone_into(&mut raw.columns[1].nullable);
    "DISABLED".clone_into(&mut raw.constraints[4].status);
    let lines = lines(&raw).join("\n");
    assert!(lines.contains("check constraint USERS.NN_EMAIL {\"condition\": \"EMAIL IS NOT NULL\", \"state\": \"disabled, validated\"}"), "{lines}");
}

#[test]
fn foreign_keys_name_what_they_refer_to() {
    let mut raw = users();
    let mut own = constraint("ORDERS", "FK_USER", "R");
    "MRT".clone_into(&mut own.parent_owner);
    "PK_USERS".clone_into(&mut own.parent_constraint);
    "SET NULL".clone_into(&mut own.delete_rule);
    let mut other = constraint("ORDERS", "SYS_C0099", "R");
    "HR".clone_into(&mut other.parent_owner);
    "PK_SHOPS".clone_into(&mut other.parent_constraint);
    "NO ACTION".clone_into(&mut other.delete_rule);
    raw.constraints.extend([own, other]);
    raw.constraint_columns
        .extend([over("FK_USER", "ORDERS", "USER_ID"), over("SYS_C0099", "ORDERS", "SHOP_ID")]);
    raw.foreign_parents =
        vec![row!(ForeignParentRow { owner: "HR", constraint: "PK_SHOPS", table: "SHOPS", column: "ID" })];
    raw.tables.push(a_table("ORDERS"));
    let all = lines(&raw).join("\n");
    assert!(all.contains("foreign key ORDERS.FK_USER {\"columns\": \"USER_ID\", \"on delete\": \"set null\", \"references\": \"USERS(ID)\"}"), "{all}");
    assert!(all.contains("foreign key ORDERS.foreign key(SHOP_ID) {\"columns\": \"SHOP_ID\", \"references\": \"HR.SHOPS(ID)\"}"), "{all}");
    let keys = seeding(&raw, "ORDERS").foreign_keys;
    assert!(keys[0].acts_on_delete && !keys[1].acts_on_delete);
    assert_eq!((keys[0].name.as_deref(), keys[1].name.as_deref()), (Some("FK_USER"), None));
    assert_eq!(keys[1].parent, TableName { schema: Some("HR".to_owned()), name: "SHOPS".to_owned() });
    assert_eq!(keys[1].parent_columns, ["ID"]);
}

#[test]
fn nothing_is_left_out_for_being_unknown() {
    let raw = Raw {
        objects: vec![
            row!(ObjectRow { name: "Q", kind: "QUEUE", status: "VALID" }),
            row!(ObjectRow { name: "D", kind: "DIMENSION", status: "VALID" }),
            row!(ObjectRow { name: "T", kind: "TABLE", status: "VALID" }),
            row!(ObjectRow { name: "U", kind: "TABLE", status: "VALID" }),
        ],
        tables: vec![a_table("T")],
        privileges: vec![row!(PrivilegeRow {
            object: "Q",
            grantee: "BOB",
            grantor: "MRT",
            privilege: "DEQUEUE",
            grantable: "NO",
            hierarchy: "NO",
        })],
        ..empty()
    };
    assert_eq!(
        lines(&raw),
        [
            "database database {}",
            "table T {\"column order\": \"\"}",
            "object dimension D {}",
            "object queue Q {\"privileges\": \"dequeue to BOB\"}",
            "object table U {}",
        ]
    );
}

#[test]
fn code_is_compared_by_its_text_and_whether_it_works() {
    let mut raw = empty();
    for (kind, name, text) in [
        ("PACKAGE", "P", "package p as procedure q; end;\n"),
        ("PACKAGE BODY", "P", "package body \"P\" as procedure q is begin delete from mrt.t; end; end;\r\n"),
        (
            "TRIGGER",
            "R",
            "TRIGGER mrt.r before insert on t for each row when (new.n is null)\nbegin :new.n := 1; end;",
        ),
    ] {
        raw.code.insert((kind.to_owned(), name.to_owned()), text.to_owned());
    }
    raw.objects =
        vec![row!(ObjectRow { name: "P", kind: "PACKAGE BODY", status: "INVALID", editionable: "Y" })];
    raw.triggers = vec![row!(TriggerRow {
        name: "R",
        kind: "BEFORE EACH ROW",
        event: "INSERT",
        table_owner: "MRT",
        base: "TABLE           ",
        table: "T",
        referencing: "REFERENCING NEW AS NEW OLD AS OLD",
        condition: "new.n is null",
        status: "DISABLED",
        action: "PL/SQL     ",
        cross_edition: "NO",
        fires_once: "YES",
    })];
    raw.trigger_order =
        vec![row!(TriggerOrderRow { name: "R", other_owner: "MRT", other: "A", how: "FOLLOWS" })];
    assert_eq!(
        lines(&raw),
        [
            "database database {}",
            "package P {\"body\": \"PACKAGE P as procedure q; end;\"}",
            "package body P {\"body\": \"PACKAGE BODY P as procedure q is begin delete from t; end; end;\", \"invalid\": \"yes\"}",
            "trigger T.R {\"body\": \"TRIGGER R before insert on t for each row when (new.n is null)\\nbegin :new.n := 1; end;\", \
         \"disabled\": \"yes\", \"event\": \"insert\", \"order\": \"follows A\", \"timing\": \"before each row\", \
         \"when\": \"NEW.N IS NULL\"}",
        ]
    );
    let code = catalog(&raw).code;
    let trigger = code.iter().find(|it| it.name == "R").unwrap();
    assert_eq!(trigger.table.as_ref().map(|table| table.name.as_str()), Some("T"));
}

#[test]
fn views_and_synonyms_and_grants_are_read() {
    let mut raw = empty();
    let mut check = constraint("V", "SYS_C0081", "V");
    "ENABLED".clone_into(&mut check.status);
    raw.constraints = vec![check];
    raw.columns = vec![number("V", "A", "Y"), number("V", "order", "Y")];
    raw.views = vec![row!(ViewRow {
        name: "V",
        read_only: "N",
        bequeath: "DEFINER",
        collation: "USING_NLS_COMP",
        text: "select id, \"order\" from MRT.users u where u.id > 1 with check option",
    })];
    raw.synonyms = vec![
        row!(SynonymRow { name: "S", target_owner: "MRT", target: "T" }),
        row!(SynonymRow { name: "Z", target_owner: "HR", target: "T", link: "FAR" }),
    ];
    raw.privileges = vec![
        row!(PrivilegeRow {
            object: "V",
            grantee: "PUBLIC",
            grantor: "MRT",
            privilege: "SELECT",
            grantable: "NO"
        }),
        row!(PrivilegeRow {
            object: "V",
            grantee: "BOB",
            grantor: "MRT",
            privilege: "UPDATE",
            grantable: "YES"
        }),
    ];
    raw.comments = vec![row!(CommentRow { name: "V", text: "it's" })];
    assert_eq!(
        lines(&raw),
        [
            "database database {}",
            "view V {\"check option\": \"yes\", \"columns\": \"A, \\\"order\\\"\", \"comment\": \"it's\", \"definition\": \
         \"SELECT ID, \\\"order\\\" FROM USERS U WHERE U.ID > 1\", \"privileges\": \"select to PUBLIC, update to BOB with grant option\"}",
            "object synonym S {\"for\": \"T\"}",
            "object synonym Z {\"for\": \"HR.T@FAR\"}",
        ]
    );
}

#[test]
fn rows_that_do_not_outlive_a_session_are_not_seeded() {
    let mut raw = users();
    "Y".clone_into(&mut raw.tables[0].temporary);
    "SYS$SESSION".clone_into(&mut raw.tables[0].duration);
    assert!(lines(&raw)[1].contains("\"temporary\": \"rows stay for the session\""));
    assert!(catalog(&raw).tables.is_empty());
}

#[test]
fn a_default_that_draws_from_a_sequence_is_a_counter() {
    let mut raw = users();
    raw.defaults =
        vec![row!(DefaultRow { table: "USERS", column: "AGE", text: "\"MRT\".\"SEQ_AGE\".\"NEXTVAL\"" })];
    let table = seeding(&raw, "USERS");
    assert!(table.columns[2].counter && !table.columns[2].identity_always);
    assert_eq!(table.columns[2].default.as_deref(), Some("SEQ_AGE.NEXTVAL"));
}

#[test]
fn a_text_that_must_be_json_is_json() {
    let mut raw = users();
    raw.constraint_columns[1].column = "EMAIL".to_owned();
    "email is json (strict)".clone_into(&mut raw.constraints[0].condition);
    let table = seeding(&raw, "USERS");
    assert_eq!(table.columns[1].ty.family, Family::Json { binary: false });
    assert_eq!(table.columns[1].ty.native, "VARCHAR2(30 CHAR)");
    assert_eq!(table.checks, []);
    // A disabled one says nothing of the rows.
    "DISABLED".clone_into(&mut raw.constraints[0].status);
    assert_eq!(seeding(&raw, "USERS").columns[1].ty.family, Family::Text { max: Some(30), padded: false });
}
