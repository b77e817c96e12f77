//! The comparing view: tables, views and sequences with their parts.

use super::expression;
use super::names::is_invented;
use super::queries::class;
use super::raw::{Attribute, Constraint, Index, Oid, Raw, Relation, Sequence};
use crate::database::catalog::{Attributes, COLUMN_ORDER, ObjectKind};
use crate::database::objects::{Builder, Objects, add, key};

/// Collects them all.
pub(super) fn collect(raw: &Raw, objects: &mut Objects) {
    for relation in raw.relations.values() {
        match relation.kind {
            'S' => sequence(raw, relation, objects),
            // Composite types come with the types.
            'c' => {}
            _ => {
                table(raw, relation, objects);
                columns(raw, relation.oid, objects);
            }
        }
    }
    for relation in raw.relations.values() {
        let constraints = raw.constraints_of(relation.oid);
        for constraint in constraints.iter().filter(|c| c.kind != 'n') {
            self::constraint(raw, relation, constraint, objects);
        }
        let behind_constraint = |index: &Index| {
            constraints.iter().any(|c| matches!(c.kind, 'p' | 'u' | 'x') && c.index == index.oid)
        };
        for index in raw.indexes_of(relation.oid).iter().filter(|i| !behind_constraint(i)) {
            self::index(raw, relation, index, objects);
        }
    }
    for trigger in &raw.triggers {
        let Some(table) = raw.path(trigger.relation) else { continue };
        let attributes = Builder::default()
            .text("definition", &trigger.definition)
            .text("enabled", trigger.enabled.to_string())
            .some("comment", raw.comment(class::TRIGGER, trigger.oid, 0))
            .done();
        let path = format!("{table}.{}", trigger.name);
        add(objects, key(ObjectKind::Trigger, Some(table), path), attributes);
    }
}

fn table(raw: &Raw, relation: &Relation, objects: &mut Objects) {
    let path = relation.name.to_string();
    let kind = match relation.kind {
        'v' => ObjectKind::View,
        'm' => ObjectKind::MaterializedView,
        _ => ObjectKind::Table,
    };
    let parents: Vec<String> =
        raw.parents.get(&relation.oid).into_iter().flatten().filter_map(|p| raw.path(*p)).collect();
    let owner = if relation.is_partition() { parents.first().cloned() } else { None };
    let builder = Builder::default()
        .text("owner", &relation.owner)
        .list("privileges", relation.privileges.as_ref())
        .list("options", relation.options.as_ref())
        .flag("unlogged", relation.persistence == 'u')
        .some("foreign", relation.foreign.clone())
        .flag("row security", relation.row_security)
        .flag("row security for the owner", relation.force_row_security)
        .some(
            "replica identity",
            (!matches!(relation.replica_identity, 'd' | ' ')).then(|| relation.replica_identity.to_string()),
        )
        .some("tablespace", relation.tablespace.clone())
        .some("access method", raw.methods.get(&relation.access_method).filter(|m| *m != "heap").cloned())
        .some("partition key", relation.partition_key.clone())
        .some("partition bound", relation.bound.clone())
        .some("inherits", (!parents.is_empty()).then(|| parents.join(", ")))
        .some("of type", relation.of_type.clone())
        .some("definition", relation.definition.as_deref().map(str::trim))
        .flag("not populated", relation.kind == 'm' && !relation.populated)
        .some("comment", raw.comment(class::RELATION, relation.oid, 0))
        .text(COLUMN_ORDER, column_order(raw, relation.oid));
    add(objects, key(kind, owner, path), builder.done());
}

/// The columns of a relation in their order.
pub(super) fn column_order(raw: &Raw, relation: Oid) -> String {
    raw.columns_of(relation).iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Adds the columns of a table, view or composite type.
pub(super) fn columns(raw: &Raw, relation: Oid, objects: &mut Objects) {
    let Some(owner) = raw.relations.get(&relation) else { return };
    for column in raw.columns_of(relation) {
        let attributes = self::column(raw, owner, column);
        let table = owner.name.to_string();
        let path = format!("{table}.{}", column.name);
        add(objects, key(ObjectKind::Column, Some(table), path), attributes);
    }
}

fn column(raw: &Raw, relation: &Relation, column: &Attribute) -> Attributes {
    let sequence =
        raw.counters.get(&(relation.oid, column.number)).and_then(|oid| raw.sequences.get_key_value(oid));
    let default = column.default.as_deref().filter(|_| !column.is_generated()).and_then(|printed| {
        match sequence.and_then(|(oid, s)| own_counter(raw, relation, column, *oid, s)) {
            Some(name) if printed == format!("nextval('{name}'::regclass)") => {
                Some("nextval(its own sequence)".to_owned())
            }
            _ => expression::default(printed, &column.native),
        }
    });
    let identity = column.is_identity().then(|| {
        let when = if column.identity == 'a' { "always" } else { "by default" };
        let counter = sequence.map(|(_, s)| counter(s)).unwrap_or_default();
        format!("{when}, {counter}")
    });
    let generated = column.is_generated().then(|| {
        let printed = column.default.as_deref().unwrap_or_default();
        let how = if column.generated == 's' { "stored" } else { "virtual" };
        format!("{} {how}", expression::condition(printed, &raw.text_columns(relation.oid)))
    });
    let not_null =
        raw.constraints_of(relation.oid).iter().find(|c| c.kind == 'n' && c.columns == [column.number]);
    let not_null_name = not_null
        .filter(|c| !is_invented(&c.name, &relation.name.name, &[&column.name], "not_null"))
        .map(|c| c.name.clone());
    Builder::default()
        .text("type", &column.native)
        .flag("not null", column.not_null)
        .some("not null constraint", not_null_name)
        .flag("not null not validated", not_null.is_some_and(|c| !c.validated))
        .flag("not null not inherited", not_null.is_some_and(|c| c.no_inherit))
        .some("default", default)
        .some("identity", identity)
        .some("generated", generated)
        .some("collation", raw.collations.get(&column.collation).cloned())
        .some("storage", column.storage.clone())
        .some("compression", column.compression.clone())
        .some("statistics target", column.statistics_target.clone())
        .list("privileges", column.privileges.as_ref())
        .list("options", column.options.as_ref())
        .list("foreign options", column.foreign_options.as_ref())
        .flag("inherited", column.inherited && !relation.is_partition())
        .flag("also local", column.inherited && column.local && !relation.is_partition())
        .some("comment", raw.comment(class::RELATION, relation.oid, column.number))
        .done()
}

/// The printed name of the sequence that the server made for a serial column, if its name is no choice.
fn own_counter(
    raw: &Raw,
    relation: &Relation,
    column: &Attribute,
    oid: Oid,
    sequence: &Sequence,
) -> Option<String> {
    let name = &raw.relations.get(&oid)?.name;
    let invented = !sequence.identity
        && name.schema == relation.name.schema
        && is_invented(&name.name, &relation.name.name, &[&column.name], "seq");
    let quoted = |part: &str| {
        let plain = part.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if plain { part.to_owned() } else { format!("\"{}\"", part.replace('"', "\"\"")) }
    };
    let printed = match &name.schema {
        Some(schema) => format!("{}.{}", quoted(schema), quoted(&name.name)),
        None => quoted(&name.name),
    };
    invented.then(|| printed.replace('\'', "''"))
}

fn counter(s: &Sequence) -> String {
    let cycle = if s.cycle { " cycle" } else { "" };
    format!(
        "{} start {} from {} to {} by {} cache {}{cycle}",
        s.ty, s.start, s.min, s.max, s.increment, s.cache
    )
}

fn sequence(raw: &Raw, relation: &Relation, objects: &mut Objects) {
    let Some(sequence) = raw.sequences.get(&relation.oid) else { return };
    if sequence.identity {
        return;
    }
    let owner = raw.relations.get(&sequence.table).zip(raw.column(sequence.table, sequence.column));
    let owner_path = owner.map(|(table, column)| format!("{}.{}", table.name, column.name));
    let invented = owner
        .is_some_and(|(table, column)| own_counter(raw, table, column, relation.oid, sequence).is_some());
    let path = match &owner_path {
        Some(owner) if invented => format!("{owner}.sequence"),
        _ => relation.name.to_string(),
    };
    let attributes = Builder::default()
        .text("counter", counter(sequence))
        .some("owned by", owner_path.clone())
        .text("owner", &relation.owner)
        .list("privileges", relation.privileges.as_ref())
        .flag("unlogged", relation.persistence == 'u')
        .some("comment", raw.comment(class::RELATION, relation.oid, 0))
        .done();
    add(objects, key(ObjectKind::Sequence, owner_path.filter(|_| invented), path), attributes);
}

fn constraint(raw: &Raw, relation: &Relation, constraint: &Constraint, objects: &mut Objects) {
    let table = relation.name.to_string();
    let columns = raw.column_names(relation.oid, &constraint.columns);
    let index = raw.index_of(constraint);
    let mut builder = Builder::default()
        .flag("deferrable", constraint.deferrable)
        .flag("initially deferred", constraint.deferred)
        .flag("not validated", !constraint.validated)
        .flag("not enforced", !constraint.enforced)
        .some("comment", raw.comment(class::CONSTRAINT, constraint.oid, 0));
    let condition = || {
        let printed = constraint.expression.as_deref().unwrap_or_default();
        expression::condition(printed, &raw.text_columns(relation.oid))
    };
    let invented =
        |columns: &[&str], label| is_invented(&constraint.name, &relation.name.name, columns, label);
    let (kind, is_invented, role) = match constraint.kind {
        'p' | 'u' => {
            builder = builder.text("columns", columns.join(", ")).flag("without overlaps", constraint.period);
            if let Some(index) = index {
                builder = key_index(raw, index, builder)
                    .some("index comment", raw.comment(class::RELATION, index.oid, 0));
            }
            if constraint.kind == 'p' {
                (ObjectKind::PrimaryKey, invented(&[], "pkey"), "primary key".to_owned())
            } else {
                let included = index_columns(raw, index);
                let names = if included.is_empty() { columns.clone() } else { included };
                (ObjectKind::Unique, invented(&names, "key"), format!("unique({})", columns.join(", ")))
            }
        }
        'f' => {
            builder = foreign_key(raw, constraint, builder).text("columns", columns.join(", "));
            (
                ObjectKind::ForeignKey,
                invented(&columns, "fkey"),
                format!("foreign key({})", columns.join(", ")),
            )
        }
        'c' => {
            let condition = condition();
            builder = builder
                .text("condition", condition.as_str())
                .flag("no inherit", constraint.no_inherit)
                .flag("inherited only", !constraint.local);
            let named_after = if let [column] = columns.as_slice() { vec![*column] } else { Vec::new() };
            (ObjectKind::Check, invented(&named_after, "check"), format!("check {condition}"))
        }
        _ => {
            let condition = condition();
            builder = builder.text("definition", condition.as_str());
            if let Some(index) = index {
                builder = key_index(raw, index, builder)
                    .some("index comment", raw.comment(class::RELATION, index.oid, 0));
            }
            let names = index_columns(raw, index);
            (ObjectKind::Exclusion, invented(&names, "excl"), format!("exclude({})", names.join(", ")))
        }
    };
    let path = format!("{table}.{}", if is_invented { role } else { constraint.name.clone() });
    add(objects, key(kind, Some(table), path), builder.done());
}

/// The names of an index's columns, INCLUDE among them, as they go into its default name.
fn index_columns<'a>(raw: &'a Raw, index: Option<&'a Index>) -> Vec<&'a str> {
    match index {
        Some(index) if !index.column_names.is_empty() => {
            index.column_names.iter().map(String::as_str).collect()
        }
        Some(index) => raw.column_names(index.relation, &index.columns),
        None => Vec::new(),
    }
}

/// What the index behind a constraint adds to it.
fn key_index(raw: &Raw, index: &Index, builder: Builder) -> Builder {
    let included = raw.column_names(index.relation, &index.columns[index.keys().len()..]);
    builder
        .some("include", (!included.is_empty()).then(|| included.join(", ")))
        .flag("nulls not distinct", index.nulls_equal)
        .list("options", index.options.as_ref())
        .list("column options", raw.index_column_options.get(&index.oid))
        .some("tablespace", index.tablespace.clone())
        .flag("replica identity", index.replica_identity)
        .flag("clustered", index.clustered)
        .flag("invalid", !index.valid)
}

fn foreign_key(raw: &Raw, constraint: &Constraint, builder: Builder) -> Builder {
    let action = |letter| match letter {
        'r' => Some("restrict"),
        'c' => Some("cascade"),
        'n' => Some("set null"),
        'd' => Some("set default"),
        _ => None,
    };
    let parent = raw.path(constraint.parent).unwrap_or_default();
    let columns = raw.column_names(constraint.parent, &constraint.parent_columns).join(", ");
    let set = raw.column_names(constraint.relation, &constraint.set_columns);
    builder
        .text("references", format!("{parent}({columns})"))
        .some("on update", action(constraint.on_update))
        .some("on delete", action(constraint.on_delete))
        .some("on delete sets", (!set.is_empty()).then(|| set.join(", ")))
        .flag("match full", constraint.match_kind == 'f')
        .flag("period", constraint.period)
}

fn index(raw: &Raw, relation: &Relation, index: &Index, objects: &mut Objects) {
    let table = relation.name.to_string();
    let keys = keys(raw, index);
    let builder = Builder::default()
        .some("method", raw.methods.get(&index.method).cloned())
        .text("keys", keys.join(", "))
        .flag("unique", index.unique)
        .some(
            "predicate",
            index.predicate.as_deref().map(|p| expression::condition(p, &raw.text_columns(index.relation))),
        );
    let comment = raw.comment(class::RELATION, index.oid, 0);
    let attributes = key_index(raw, index, builder).some("comment", comment).done();
    let names = index_columns(raw, Some(index));
    let role = if is_invented(&index.name, &relation.name.name, &names, "idx") {
        format!("index({})", keys.join(", "))
    } else {
        index.name.clone()
    };
    let path = format!("{table}.{role}");
    add(objects, key(ObjectKind::Index, Some(table), path), attributes);
}

/// The keys of an index with what is not the default: collation, operator class, order.
fn keys(raw: &Raw, index: &Index) -> Vec<String> {
    let text_columns = raw.text_columns(index.relation);
    let mut keys = Vec::new();
    for (at, number) in index.keys().iter().enumerate() {
        let column = raw.column(index.relation, *number);
        let printed = index.expression.as_ref().or_else(|| index.printed.get(at));
        let mut key = match (column, printed) {
            (Some(column), _) => column.name.clone(),
            (None, Some(printed)) => format!("({})", expression::condition(printed, &text_columns)),
            (None, None) => "?".to_owned(),
        };
        let collation = index.collations.get(at).copied().unwrap_or_default();
        // An expression's own collation is not told; the default stands for it.
        let natural = column.map_or(100, |c| c.effective_collation);
        if let Some(name) = raw.collations.get(&collation).filter(|_| collation != natural) {
            key.push_str(&format!(" collate {name}"));
        }
        if let Some(class) = index.classes.get(at).and_then(|c| raw.special_classes.get(c)) {
            key.push_str(&format!(" {class}"));
        }
        let order = index.order.get(at).copied().unwrap_or_default();
        match (order & 1 != 0, order & 2 != 0) {
            (false, false) => {}
            (false, true) => key.push_str(" nulls first"),
            (true, true) => key.push_str(" desc"),
            (true, false) => key.push_str(" desc nulls last"),
        }
        keys.push(key);
    }
    keys
}
