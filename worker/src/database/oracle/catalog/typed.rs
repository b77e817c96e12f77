//! The seeding view: tables with the families of their columns' types.

use std::collections::BTreeMap;

use super::indexes::{Over, own, parts};
use super::objects::{CODE, code as code_text, table_of};
use super::raw::Raw;
use super::tables_rows::{ColumnRow, ConstraintRow, IndexRow};
use super::text::{names, normal, normal_of, shown};
use super::{constraints, partitions, types};
use crate::database::catalog::{
    Check, Code, Column, Family, ForeignKey, ObjectKind, Table, TableName, Unique,
};

/// All tables that hold rows which outlive a session: not those of materialized views, temporary ones and those in files.
pub(super) fn tables(raw: &Raw) -> BTreeMap<TableName, Table> {
    let relational = raw
        .tables
        .iter()
        .filter(|table| table.temporary != "Y" && table.external != "YES" && !raw.is_mview(&table.name));
    let of_objects = raw.object_tables.iter().filter(|table| table.temporary != "Y");
    let names = relational.map(|table| &table.name).chain(of_objects.map(|table| &table.name));
    names.map(|name| (own_name(name), self::table(raw, name))).collect()
}

fn own_name(name: &str) -> TableName {
    TableName { schema: None, name: name.to_owned() }
}

fn table(raw: &Raw, name: &str) -> Table {
    let of_table =
        |kind: &'static str| raw.constraints.iter().filter(move |it| it.table == name && it.kind == kind);
    let columns = |it: &ConstraintRow| {
        raw.columns_of(&raw.owner, &it.name).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let is_enforced = |it: &&ConstraintRow| it.status != "DISABLED";
    let mut uniques: Vec<Unique> =
        of_table("U").filter(is_enforced).map(|it| of_columns(&it.name, columns(it))).collect();
    let indexes = own(raw).filter(|index| index.table == name && index.uniqueness == "UNIQUE");
    // An index that a key has taken for itself says the same as the key.
    let taken = |index: &IndexRow| {
        raw.constraints.iter().any(|it| it.table == name && it.index_name == index.name && is_enforced(&it))
    };
    uniques.extend(indexes.filter(|index| !taken(index)).map(|index| unique(raw, index)));
    let (demanded, partitions) = partitions::demands(raw, name);
    let mut checks: Vec<Check> = of_table("C")
        .filter(is_enforced)
        .filter(|it| !constraints::is_column_rule(raw, it) && !says_json(raw, it))
        .map(|it| Check {
            name: Some(it.name.clone()).filter(|_| constraints::is_named(it)),
            condition: constraints::condition(raw, it),
            columns: columns(it),
        })
        .collect();
    checks.extend(demanded);
    let rows = raw.columns.iter().filter(|column| column.table == name);
    Table {
        columns: rows.map(|column| self::column(raw, column)).collect(),
        primary_key: of_table("P").find(is_enforced).map(columns).unwrap_or_default(),
        uniques,
        foreign_keys: of_table("R").map(|it| foreign_key(raw, it)).collect(),
        checks,
        exclusions: Vec::new(),
        partitions,
    }
}

/// Whether a check says that its column holds JSON, which before 21 was the way to say so. What a person means by it is a type,
/// which all values of the type obey.
fn says_json(raw: &Raw, it: &ConstraintRow) -> bool {
    let [column] = raw.columns_of(&raw.owner, &it.name)[..] else { return false };
    let condition = constraints::condition(raw, it);
    let rest = condition.strip_prefix(&shown(column)).and_then(|rest| rest.strip_prefix(" IS JSON"));
    // A schema demands more than that.
    rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric) && !rest.contains("VALIDATE"))
}

fn column(raw: &Raw, column: &ColumnRow) -> Column {
    let is_identity = column.identity == "YES";
    let identity = raw.identities.iter().find(|it| it.table == column.table && it.column == column.name);
    let text = raw.default_of(&column.table, &column.name).filter(|_| !is_identity);
    let is_virtual = column.is_virtual == "YES";
    let default = text.filter(|_| !is_virtual).map(|text| normal(text, &raw.owner));
    let draws = default.as_deref().is_some_and(|text| text.ends_with(".NEXTVAL"));
    let mut ty = types::column_type(column, &raw.owner);
    let is_json = raw.constraints.iter().any(|it| {
        it.kind == "C"
            && it.table == column.table
            && it.status != "DISABLED"
            && says_json(raw, it)
            && raw.columns_of(&raw.owner, &it.name) == [column.name.as_str()]
    });
    if is_json && matches!(ty.family, Family::Text { .. }) {
        ty.family = Family::Json { binary: false };
    }
    Column {
        name: column.name.clone(),
        ty,
        // What a key enforces later is not yet a rule of the column's.
        nullable: column.nullable != "N",
        default,
        generated: is_virtual,
        counter: is_identity || draws,
        identity_always: identity.is_some_and(|it| it.generation == "ALWAYS"),
    }
}

fn foreign_key(raw: &Raw, it: &ConstraintRow) -> ForeignKey {
    let (owner, parent) = (it.parent_owner.as_str(), it.parent_constraint.as_str());
    let strings = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect::<Vec<_>>();
    ForeignKey {
        name: Some(it.name.clone()).filter(|_| constraints::is_named(it)),
        columns: strings(raw.columns_of(&raw.owner, &it.name)),
        parent: TableName {
            schema: Some(owner.to_owned()).filter(|owner| *owner != raw.owner),
            name: raw.table_of(owner, parent).unwrap_or_default().to_owned(),
        },
        parent_columns: strings(raw.columns_of(owner, parent)),
        acts_on_delete: matches!(it.delete_rule.as_str(), "CASCADE" | "SET NULL"),
        deferrable: it.deferrable == "DEFERRABLE",
    }
}

/// Rows that agree in some columns of a key and have NULL in the others are refused; only those of nothing but NULL are not.
fn of_columns(name: &str, columns: Vec<String>) -> Unique {
    Unique { name: name.to_owned(), nulls_equal: columns.len() > 1, columns, plain: true }
}

fn unique(raw: &Raw, index: &IndexRow) -> Unique {
    let mut plain = true;
    let mut columns: Vec<String> = Vec::new();
    for part in parts(raw, index) {
        let read = match part.over {
            Over::Column(name) => vec![name],
            Over::Expression(text) => {
                plain = false;
                let read = names(&normal_of(&text, &raw.owner, &index.table));
                let is_column =
                    |name: &String| raw.columns.iter().any(|it| it.table == index.table && it.name == *name);
                read.into_iter().filter(is_column).collect()
            }
        };
        for name in read {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
    }
    Unique { plain, ..of_columns(&index.name, columns) }
}

/// Views, code and triggers.
pub(super) fn code(raw: &Raw) -> Vec<Code> {
    let views = raw.views.iter().map(|view| (ObjectKind::View, &view.name, normal(&view.text, &raw.owner)));
    let mviews = raw
        .mviews
        .iter()
        .map(|view| (ObjectKind::MaterializedView, &view.name, normal(&view.query, &raw.owner)));
    let mut code: Vec<Code> = views
        .chain(mviews)
        .map(|(kind, name, body)| Code { kind, name: name.clone(), table: None, body })
        .collect();
    for (word, kind) in CODE {
        let named = raw.names_of_code(word).into_iter();
        code.extend(named.map(|name| Code {
            kind: *kind,
            name: name.to_owned(),
            table: None,
            body: code_text(raw, word, name),
        }));
    }
    code.extend(raw.triggers.iter().map(|trigger| Code {
        kind: ObjectKind::Trigger,
        name: trigger.name.clone(),
        table: table_of(raw, trigger).map(|name| own_name(&name)),
        body: code_text(raw, "TRIGGER", &trigger.name),
    }));
    code.extend(raw.jobs.iter().map(|job| Code {
        kind: ObjectKind::Event,
        name: job.name.clone(),
        table: None,
        body: job.action.clone(),
    }));
    code.sort_by(|a, b| (a.kind, &a.name, &a.table, &a.body).cmp(&(b.kind, &b.name, &b.table, &b.body)));
    code
}
