//! The comparing view: tables, views and table types, with their parts.

use super::expression::{default, expression};
use super::keys::{Check, ForeignKey, Index};
use super::notes::class;
use super::raw::{Column, Id, Raw, Table};
use crate::database::catalog::{Attributes, COLUMN_ORDER, ObjectKind};
use crate::database::objects::{Builder, Objects, add, key};

/// Collects tables, and the columns, keys, indexes and constraints of whatever has any.
pub(super) fn collect(raw: &Raw, objects: &mut Objects) {
    for table in raw.tables.values() {
        add(objects, key(ObjectKind::Table, None, table.name.to_string()), self::table(raw, table));
    }
    for (object, columns) in &raw.columns {
        let Some(path) = raw.path(*object) else { continue };
        let is_view = raw.modules.contains_key(object);
        for column in columns.iter().filter(|column| !column.graph) {
            let attributes =
                if is_view { view_column(column) } else { self::column(column, &names(raw, *object)) };
            let attributes = notes_on_column(raw, *object, column, attributes);
            add(objects, part(ObjectKind::Column, &path, &column.name), attributes);
        }
    }
    for (object, indexes) in &raw.indexes {
        let Some(path) = raw.path(*object) else { continue };
        for index in indexes {
            let (kind, role) = index_role(raw, *object, index);
            add(objects, part(kind, &path, &role), self::index(raw, *object, index));
        }
    }
    for (object, keys) in &raw.foreign_keys {
        let Some(path) = raw.path(*object) else { continue };
        for it in keys {
            let role = format!("foreign key({})", own_columns(it).join(", "));
            let role = if it.invented { role } else { it.name.clone() };
            add(objects, part(ObjectKind::ForeignKey, &path, &role), foreign_key(raw, it));
        }
    }
    for (object, checks) in &raw.checks {
        let Some(path) = raw.path(*object) else { continue };
        for it in checks {
            let condition = condition(raw, *object, it);
            let role = if it.invented { format!("check({condition})") } else { it.name.clone() };
            add(objects, part(ObjectKind::Check, &path, &role), check(raw, it, condition));
        }
    }
}

fn part(kind: ObjectKind, owner: &str, last: &str) -> crate::database::catalog::ObjectKey {
    key(kind, Some(owner.to_owned()), format!("{owner}.{last}"))
}

fn table(raw: &Raw, table: &Table) -> Attributes {
    let heap = raw.heaps.get(&table.id);
    let tracked = table.tracked.map(|columns| if columns { "with columns" } else { "yes" });
    let builder = Builder::default()
        .some("owner", table.owner.as_deref())
        .some("lock escalation", table.lock_escalation.as_deref())
        .flag("memory optimized", table.memory_optimized)
        .some("durability", table.durability.as_deref())
        .some("period", table.period.as_ref().map(|(start, end)| format!("{start}, {end}")))
        .flag("system versioning", table.versioned)
        .some("history table", table.history.as_deref())
        .some("history retention", table.retention.as_deref())
        .flag("node", table.node)
        .flag("edge", table.edge)
        .flag("file table", table.file_table)
        .flag("external", table.external)
        .flag("change data capture", table.captured)
        .some("change tracking", tracked)
        .some("ledger", table.ledger.as_deref())
        .some("ledger view", table.ledger_view.as_deref())
        .flag("large values out of row", table.large_values_out_of_row)
        .some("text in row", (table.text_in_row != 0).then(|| table.text_in_row.to_string()))
        .flag("lock on bulk load", table.lock_on_bulk_load)
        .flag("ansi nulls off", !table.ansi_nulls)
        .some("large values on", table.large_values.as_deref())
        .some("filestream on", table.filestream.as_deref())
        .some("stored on", heap.and_then(|heap| space(raw, table.id, heap)))
        .list("compression", heap.map(|heap| &heap.compression).filter(|all| !all.is_empty()))
        .text(COLUMN_ORDER, column_order(raw, table.id));
    raw.notes.on(builder, class::OBJECT, table.id, 0).done()
}

/// The columns of a table in their order.
pub(super) fn column_order(raw: &Raw, object: Id) -> String {
    let columns = raw.columns_of(object).iter().filter(|column| !column.graph);
    columns.map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn notes_on_column(raw: &Raw, object: Id, column: &Column, attributes: Builder) -> Attributes {
    // The columns of a table type are known by another class, and by the same object.
    let of_type = raw.types.iter().any(|ty| ty.is_table && ty.table == object);
    let class = if of_type { class::TABLE_TYPE_COLUMN } else { class::OBJECT };
    raw.notes
        .on(attributes, class, object, column.number)
        .some(
            "default comment",
            column.default.as_ref().and_then(|default| raw.notes.text(class::OBJECT, default.id)),
        )
        .done()
}

/// What a view says of a column; the rest is the table's. It stays as it was when the table changes, until the view is refreshed.
fn view_column(column: &Column) -> Builder {
    Builder::default().text("type", column.declared.shown()).some("collation", column.collation.as_deref())
}

fn column(column: &Column, names: &[&str]) -> Builder {
    let computed = column.computed.as_deref().map(|text| expression(text, names).shown);
    let constraint = column.default.as_ref();
    let default = constraint.and_then(|it| default(&it.definition, &column.declared));
    Builder::default()
        .text("type", column.declared.shown())
        .some("collation", column.collation.as_deref())
        .flag("not null", !column.nullable)
        .some("default", default)
        .some("default constraint", constraint.and_then(|it| it.name.as_deref()))
        .some("bound default", column.bound_default.as_deref())
        .some("bound rule", column.bound_rule.as_deref())
        .some("identity", column.identity.as_deref())
        .some("computed", computed)
        .flag("persisted", column.persisted)
        .flag("row guid", column.row_guid)
        .flag("sparse", column.sparse)
        .flag("column set", column.column_set)
        .flag("filestream", column.filestream)
        .some("generated always", column.generated_always.as_deref())
        .flag("hidden", column.hidden)
        .some("masked", column.mask.as_deref())
        .some("encrypted", column.encryption.as_deref())
        .flag("ansi padding off", column.declared.is_padded() && !column.ansi_padded)
}

/// What an index is, and what it is called: by its name, unless the server invented that.
fn index_role(raw: &Raw, object: Id, index: &Index) -> (ObjectKind, String) {
    let (kind, word) = if index.primary {
        (ObjectKind::PrimaryKey, "primary key".to_owned())
    } else if index.constraint {
        (ObjectKind::Unique, format!("unique({})", keys(raw, object, index)))
    } else {
        (ObjectKind::Index, format!("index({})", keys(raw, object, index)))
    };
    (kind, if index.invented { word } else { index.name.clone() })
}

/// The keys, with what is not the default.
fn keys(raw: &Raw, object: Id, index: &Index) -> String {
    let shown = index.keys().map(|key| {
        let name = raw.column_name(object, key.column);
        if key.descending { format!("{name} desc") } else { name.to_owned() }
    });
    let keys: Vec<String> = shown.collect();
    if keys.is_empty() {
        // Of XML, of places, of JSON: nothing in it is in an order.
        let all = index.columns.iter().filter(|column| column.partition == 0);
        return all.map(|it| raw.column_name(object, it.column)).collect::<Vec<_>>().join(", ");
    }
    keys.join(", ")
}

/// The type of a columnstore that is the table, whose columns are all of them.
const CLUSTERED_COLUMNSTORE: i64 = 5;

/// The type of a columnstore beside the table.
const COLUMNSTORE: i64 = 6;

fn index(raw: &Raw, object: Id, index: &Index) -> Attributes {
    let is_columnstore = index.sort == CLUSTERED_COLUMNSTORE || index.sort == COLUMNSTORE;
    let mut included: Vec<&str> = index
        .columns
        .iter()
        .filter(|column| column.included && index.sort != CLUSTERED_COLUMNSTORE)
        .map(|column| raw.column_name(object, column.column))
        .collect();
    // They are a set.
    included.sort_unstable();
    let mut ordered: Vec<_> = index.columns.iter().filter(|column| column.order > 0).collect();
    ordered.sort_by_key(|column| column.order);
    let ordered: Vec<&str> =
        ordered.into_iter().map(|column| raw.column_name(object, column.column)).collect();
    let columns = if is_columnstore { None } else { Some(keys(raw, object, index)) };
    let filter = index.filter.as_deref().map(|text| expression(text, &names(raw, object)).shown);
    // 0 is what the server is set to, and that it is set to fill pages.
    let fill = (!matches!(index.fill_factor, 0 | 100)).then(|| index.fill_factor.to_string());
    let builder = Builder::default()
        .text("type", &index.ty)
        .some("columns", columns)
        .some("include", (!included.is_empty()).then(|| included.join(", ")))
        .some("ordered by", (!ordered.is_empty()).then(|| ordered.join(", ")))
        .flag("unique", index.unique && !index.primary && !index.constraint)
        .some("filter", filter)
        .flag("ignore duplicate keys", index.ignore_dup_key)
        .flag("silent about duplicate keys", index.silent_duplicates)
        .some("fill factor", fill)
        .flag("padded", index.padded)
        .flag("disabled", index.disabled)
        .flag("hypothetical", index.hypothetical)
        .flag("no row locks", !index.row_locks)
        .flag("no page locks", !index.page_locks)
        .flag("for sequential keys", index.for_sequential_keys)
        .some("compression delay", index.compression_delay.as_deref())
        .some("buckets", index.buckets.as_deref())
        .flag("statistics not recomputed", index.no_recompute)
        .flag("statistics incremental", index.incremental)
        .some("stored on", space(raw, object, index))
        .list("compression", Some(&index.compression).filter(|all| !all.is_empty()))
        .list("details", Some(&index.details).filter(|all| !all.is_empty()));
    let builder = match index.key {
        Some(constraint) => builder.some("constraint comment", raw.notes.text(class::OBJECT, constraint)),
        None => builder,
    };
    raw.notes.on(builder, class::INDEX, object, index.number).done()
}

/// Where rows are, unless in the default filegroup; of a scheme of partitions, with the column that they are by.
fn space(raw: &Raw, object: Id, index: &Index) -> Option<String> {
    let space = index.space.as_ref()?;
    let mut by: Vec<_> = index.columns.iter().filter(|column| column.partition > 0).collect();
    by.sort_by_key(|column| column.partition);
    let by: Vec<&str> = by.into_iter().map(|column| raw.column_name(object, column.column)).collect();
    Some(if index.partitioned { format!("{space}({})", by.join(", ")) } else { space.clone() })
}

fn names(raw: &Raw, object: Id) -> Vec<&str> {
    raw.columns_of(object).iter().map(|column| column.name.as_str()).collect()
}

fn own_columns(foreign: &ForeignKey) -> Vec<&str> {
    foreign.columns.iter().map(|(own, _)| own.as_str()).collect()
}

fn foreign_key(raw: &Raw, foreign: &ForeignKey) -> Attributes {
    let referenced: Vec<&str> = foreign.columns.iter().map(|(_, other)| other.as_str()).collect();
    let builder = Builder::default()
        .text("columns", own_columns(foreign).join(", "))
        .text("references", format!("{}({})", foreign.parent, referenced.join(", ")))
        .some("on delete", foreign.on_delete.as_deref())
        .some("on update", foreign.on_update.as_deref())
        .flag("disabled", foreign.disabled)
        .flag("not trusted", foreign.untrusted)
        .flag("not for replication", foreign.not_for_replication);
    raw.notes.on(builder, class::OBJECT, foreign.id, 0).done()
}

fn condition(raw: &Raw, object: Id, check: &Check) -> String {
    expression(&check.definition, &names(raw, object)).shown
}

fn check(raw: &Raw, check: &Check, condition: String) -> Attributes {
    let builder = Builder::default()
        .text("condition", condition)
        .flag("disabled", check.disabled)
        .flag("not trusted", check.untrusted)
        .flag("not for replication", check.not_for_replication);
    raw.notes.on(builder, class::OBJECT, check.id, 0).done()
}
