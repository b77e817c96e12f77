#![allow(clippy::unwrap_used)]

use super::*;
use crate::database::catalog::ColumnType;
use crate::database::mssql::TransactSqlDialect;
use crate::database::postgres::PostgreSqlDialect;
use crate::database::rows::Value;

struct Plain;

impl Dialect for Plain {
    fn sql(&self) -> &dyn sqlparser::dialect::Dialect {
        &sqlparser::dialect::GenericDialect {}
    }
    fn fold(&self, identifier: &str) -> String {
        identifier.to_lowercase()
    }
    fn samples(&self, _: &ColumnType, _: bool) -> Vec<Value> {
        Vec::new()
    }
}

fn name(text: &str) -> TableName {
    TableName { schema: None, name: text.to_owned() }
}

/// A catalog of one table with text columns of that type.
fn catalog(table: &str, columns: &[&str], native: &str) -> Catalog {
    let column = |name: &&str| Column {
        name: (*name).to_owned(),
        ty: ColumnType {
            family: Family::Text { max: None, padded: false },
            native: native.to_owned(),
            domain_checks: Vec::new(),
        },
        nullable: true,
        default: None,
        generated: false,
        counter: false,
        identity_always: false,
    };
    let table_of = Table {
        columns: columns.iter().map(column).collect(),
        primary_key: Vec::new(),
        uniques: Vec::new(),
        foreign_keys: Vec::new(),
        checks: Vec::new(),
        exclusions: Vec::new(),
        partitions: Vec::new(),
    };
    Catalog { tables: BTreeMap::from([(name(table), table_of)]), ..Catalog::default() }
}

fn says(statement: usize, column: &str, labels: Option<&[&str]>, made: bool) -> Declared {
    let labels = labels.map(|labels| labels.iter().map(ToString::to_string).collect());
    let (table, column) = ("t".to_owned(), column.to_owned());
    Declared { statement, fact: Fact::Labels { schema: None, table, column, labels, made } }
}

fn sent(sql: &[&str]) -> Vec<Statement> {
    let one = |sql: &&str| Statement { sql: (*sql).to_owned(), parameters: Vec::new(), line: None };
    sql.iter().map(one).collect()
}

fn conditions(labels: &Labels, catalog: &Catalog) -> Vec<String> {
    let assumed = labels.assumed_in(catalog, &PostgreSqlDialect::default());
    assumed
        .tables
        .values()
        .flat_map(|table| table.checks.iter().map(|check| check.condition.clone()))
        .collect()
}

#[test]
fn declared_words_become_a_condition_for_seeding() {
    let made = [says(0, "s", Some(&["a", "it's"]), true)];
    let here = catalog("t", &["s"], "VARCHAR(4)");
    let labels = Labels::default().after(&sent(&["CREATE TABLE t"]), &made, &here, &Plain);
    assert_eq!(conditions(&labels, &here), ["\"s\" IN ('a', 'it''s')"]);
    assert!(here.tables.values().all(|table| table.checks.is_empty()), "comparing must not see it");
    assert!(labels.knows(&name("t"), "s"));
}

#[test]
fn words_follow_renames() {
    let declared = |fact| Declared { statement: 1, fact };
    let made = says(0, "s", Some(&["a"]), true);
    let here = catalog("t", &["s"], "VARCHAR(4)");
    let labels = Labels::default().after(&sent(&["CREATE TABLE t"]), &[made], &here, &Plain);
    for (sql, there) in [
        ("ALTER TABLE t RENAME TO other", catalog("other", &["s"], "VARCHAR(4)")),
        ("alter table if exists only T rename to \"Other\"", catalog("Other", &["s"], "VARCHAR(4)")),
        ("ALTER TABLE t RENAME s TO word", catalog("t", &["word"], "VARCHAR(4)")),
        ("ALTER TABLE \"t\" RENAME COLUMN s TO word", catalog("t", &["word"], "VARCHAR(4)")),
    ] {
        let after = labels.after(&sent(&[sql]), &[], &there, &Plain);
        assert_eq!(conditions(&after, &there).len(), 1, "{sql}");
    }
    let batch = declared(Fact::Renamed {
        schema: None,
        table: "t".to_owned(),
        from: "s".to_owned(),
        to: "word".to_owned(),
    });
    let there = catalog("t", &["word"], "VARCHAR(4)");
    let rebuilt = sent(&["CREATE TABLE _alembic_tmp_t", "ALTER TABLE _alembic_tmp_t RENAME TO t"]);
    assert_eq!(conditions(&labels.after(&rebuilt, &[batch], &there, &Plain), &there).len(), 1);
}

#[test]
fn words_follow_renames_by_procedure() {
    let dialect = TransactSqlDialect::default();
    let here = catalog("t", &["s"], "VARCHAR(4)");
    let made = says(0, "s", Some(&["a"]), true);
    let labels = Labels::default().after(&sent(&["CREATE TABLE t"]), &[made], &here, &dialect);
    for (sql, there) in [
        ("EXEC sp_rename 't', other", catalog("other", &["s"], "VARCHAR(4)")),
        ("EXEC sp_rename '[dbo].[t]', N'other', 'OBJECT'", catalog("other", &["s"], "VARCHAR(4)")),
        ("EXEC sp_rename 't.s', word, 'COLUMN'", catalog("t", &["word"], "VARCHAR(4)")),
        ("EXEC sys.sp_rename N'dbo.t.s', N'word', N'COLUMN'", catalog("t", &["word"], "VARCHAR(4)")),
    ] {
        let after = labels.after(&sent(&[sql]), &[], &there, &dialect);
        assert_eq!(conditions(&after, &there).len(), 1, "{sql}");
    }
    let after = labels.after(&sent(&["EXEC sp_rename 't.ix', 'iy', 'INDEX'"]), &[], &here, &dialect);
    assert_eq!(conditions(&after, &here).len(), 1);
}

#[test]
fn words_go_with_the_column_the_table_and_the_type() {
    let made = says(0, "s", Some(&["a"]), true);
    let here = catalog("t", &["s"], "VARCHAR(4)");
    let labels = Labels::default().after(&sent(&["CREATE TABLE t"]), &[made], &here, &Plain);
    let after = |sql: &str, declared: &[Declared], there: &Catalog| {
        conditions(&labels.after(&sent(&[sql]), declared, there, &Plain), there).len()
    };
    assert_eq!(after("VACUUM", &[], &here), 1);
    assert_eq!(after("ALTER TABLE t DROP s", &[], &catalog("t", &["x"], "VARCHAR(4)")), 0);
    assert_eq!(after("ALTER TABLE t ALTER s TYPE text", &[], &catalog("t", &["s"], "TEXT")), 0);
    assert_eq!(after("ALTER TABLE t ALTER s TYPE text", &[says(0, "s", None, true)], &here), 0);
    let created = Declared { statement: 0, fact: Fact::Created { schema: None, table: "t".to_owned() } };
    assert_eq!(after("CREATE TABLE t", &[created], &here), 0);
}

#[test]
fn a_model_tells_of_the_side_on_which_it_reads() {
    let here = catalog("t", &["s"], "TEXT");
    let learn = |statements: &[&str], declared: &[Declared], before: &Labels| {
        let mut sides = Sides::new(before, &Labels::default());
        sides.learn(true, &sent(statements), declared, [&here, &here], &Plain);
        (conditions(&sides.before, &here), conditions(&sides.after, &here))
    };
    let both = ["SELECT s FROM t", "UPDATE t SET s = 'c'", "SELECT s FROM t"];
    let two = [says(0, "s", Some(&["a", "b"]), false), says(2, "s", Some(&["c"]), false)];
    let none = Labels::default();
    let (a_b, c) = (vec!["\"s\" IN ('a', 'b')".to_owned()], vec!["\"s\" IN ('c')".to_owned()]);
    assert_eq!(learn(&both, &two, &none), (a_b.clone(), c.clone()));
    assert_eq!(learn(&both, &two[1..], &none), (Vec::new(), c.clone()));
    // What the chain declared counts, unless the model knows none of it.
    let chain = |words: &[&str]| {
        Labels::default().after(&sent(&["CREATE TABLE t"]), &[says(0, "s", Some(words), true)], &here, &Plain)
    };
    assert_eq!(learn(&both, &two, &chain(&["b", "x"])).0, ["\"s\" IN ('b', 'x')"]);
    assert_eq!(learn(&both, &two, &chain(&["x"])).0, a_b);
}

#[test]
fn a_rebuild_of_the_table_is_no_change_of_its_values() {
    let writes = |sql: &str| super::writes(sql, "t", &Plain);
    assert!(writes("UPDATE t SET s = 'c'") && writes("INSERT INTO \"T\" (s) VALUES ('c')"));
    assert!(writes("ALTER TABLE t ALTER s TYPE int USING s::int"));
    assert!(writes("WITH x AS (SELECT 1) UPDATE t SET s = 'c'"));
    for sql in [
        "CREATE TABLE _alembic_tmp_t (s TEXT)",
        "INSERT INTO _alembic_tmp_t (s, b, c) SELECT t.s, t.b, t.c FROM t",
        "DROP TABLE t",
        "ALTER TABLE t ADD COLUMN x int",
        "SELECT s FROM t",
        "UPDATE other SET s = 'c' WHERE x = (SELECT s FROM t)",
    ] {
        assert!(!writes(sql), "{sql}");
    }
}
