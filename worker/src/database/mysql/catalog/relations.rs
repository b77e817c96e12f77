//! The comparing view: tables with their parts.

use super::column::{ColumnText, Generated};
use super::key::{ForeignKeyText, KeyKind, KeyText};
use super::names::{is_invented_check, is_invented_foreign_key, is_invented_key};
use super::partition::PartitionText;
use super::raw::Raw;
use super::table::{CheckText, TableText};
use crate::database::catalog::{Attributes, COLUMN_ORDER, ObjectKind, SERVED_KEY};
use crate::database::objects::{Builder, Objects, add, key};

/// Collects them all.
pub(super) fn collect(raw: &Raw, objects: &mut Objects) {
    for (name, table) in &raw.tables {
        add(objects, key(ObjectKind::Table, None, name.clone()), self::table(raw, name, table));
        let part = |kind, last: &str| key(kind, Some(name.clone()), format!("{name}.{last}"));
        for column in &table.columns {
            add(objects, part(ObjectKind::Column, &column.name), self::column(raw, table, column));
        }
        for it in &table.keys {
            let (kind, role) = key_role(it);
            add(objects, part(kind, &role), self::index(table, it));
        }
        for it in &table.foreign_keys {
            let role = format!("foreign key({})", it.columns.join(", "));
            let chosen = it.name.as_deref().filter(|name| !is_invented_foreign_key(name));
            add(objects, part(ObjectKind::ForeignKey, chosen.unwrap_or(&role)), foreign_key(it));
        }
        for it in &table.checks {
            let role = format!("check({})", it.condition.shown);
            let chosen = it.name.as_deref().filter(|name| !is_invented_check(name));
            add(objects, part(ObjectKind::Check, chosen.unwrap_or(&role)), check(it));
        }
    }
}

fn table(raw: &Raw, name: &str, table: &TableText) -> Attributes {
    // `dynamic` is what InnoDB does untold. Elsewhere the format in effect follows from the columns.
    let row_format = if table.engine.eq_ignore_ascii_case("INNODB") {
        raw.row_formats.get(name).filter(|format| *format != "dynamic").cloned()
    } else {
        table.options.get("ROW_FORMAT").map(|format| format.to_ascii_lowercase())
    };
    let says_something = |name: &str, value: &str| {
        name != "ROW_FORMAT" && !(name == "COMPRESSION" && value.eq_ignore_ascii_case("NONE"))
    };
    let options: Vec<String> = table
        .options
        .iter()
        .filter(|(name, value)| says_something(name, value))
        .map(|(name, value)| if value.is_empty() { name.clone() } else { format!("{name}={value}") })
        .collect();
    let periods: Vec<String> =
        table.periods.iter().map(|(name, columns)| format!("{name}({})", columns.join(", "))).collect();
    let partitioning = table.partitioning.as_ref();
    let partitions: Vec<String> =
        partitioning.iter().flat_map(|p| &p.partitions).map(PartitionText::shown).collect();
    Builder::default()
        .text("engine", &table.engine)
        .some("collation", raw.table_collation(table))
        .some("row format", row_format)
        .some("options", (!options.is_empty()).then(|| options.join(", ")))
        .some("comment", table.comment.as_deref())
        .flag("system versioning", table.versioned)
        .some("periods", (!periods.is_empty()).then(|| periods.join(", ")))
        .some("partitioned by", partitioning.map(|p| p.head.as_str()))
        .some("partitions", (!partitions.is_empty()).then(|| partitions.join(", ")))
        .text(COLUMN_ORDER, table.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", "))
        .done()
}

fn column(raw: &Raw, table: &TableText, column: &ColumnText) -> Attributes {
    let generated = column.generated.as_ref().map(|generated| match generated {
        Generated::From { expression, stored } => {
            format!("{} {}", expression.shown, if *stored { "stored" } else { "virtual" })
        }
        Generated::RowStart => "row start".to_owned(),
        Generated::RowEnd => "row end".to_owned(),
    });
    Builder::default()
        .text("type", &column.ty)
        .some("collation", raw.column_collation(table, column))
        .flag("not null", column.not_null)
        .some("default", column.default.as_deref())
        .some("on update", column.on_update.as_deref())
        .flag("auto increment", column.auto_increment)
        .some("generated", generated)
        .flag("invisible", column.invisible)
        .some("comment", column.comment.as_deref())
        .some("srid", column.srid.as_deref())
        .flag("compressed", column.compressed)
        .flag("without system versioning", column.without_versioning)
        .some("options", column.options.as_deref())
        .done()
}

/// What a key is called: by its name, unless the server invented that.
fn key_role(key: &KeyText) -> (ObjectKind, String) {
    let (kind, word) = match key.kind {
        KeyKind::Primary => return (ObjectKind::PrimaryKey, "primary key".to_owned()),
        // The server knows no constraint beside the index: one that comes back as the other is the same object.
        KeyKind::Unique => (ObjectKind::Index, "unique"),
        KeyKind::Plain => (ObjectKind::Index, "index"),
        KeyKind::FullText => (ObjectKind::Index, "fulltext"),
        KeyKind::Spatial => (ObjectKind::Index, "spatial"),
        KeyKind::Vector => (ObjectKind::Index, "vector"),
    };
    let first = key.parts.first().and_then(|part| part.column());
    if is_invented_key(&key.name, first) {
        (kind, format!("{word}({})", key.shown()))
    } else {
        (kind, key.name.clone())
    }
}

fn index(table: &TableText, key: &KeyText) -> Attributes {
    let kind = match key.kind {
        KeyKind::FullText => Some("fulltext"),
        KeyKind::Spatial => Some("spatial"),
        KeyKind::Vector => Some("vector"),
        KeyKind::Primary | KeyKind::Unique | KeyKind::Plain => None,
    };
    Builder::default()
        .some("type", kind)
        .flag("unique", key.kind == KeyKind::Unique)
        .text("columns", key.shown())
        .some("method", method(table, key))
        .some("parser", key.parser.as_deref())
        .flag("ignored", key.ignored)
        .some("comment", key.comment.as_deref())
        .some("options", key.options.as_deref())
        .flag(SERVED_KEY, table.foreign_keys.iter().any(|foreign| serves(key, foreign)))
        .done()
}

/// How it is built, where that is not the engine's own way. InnoDB builds a tree whatever it is told, and prints a hash where
/// that is what MariaDB makes of a UNIQUE over long columns.
fn method(table: &TableText, key: &KeyText) -> Option<String> {
    let usual = if table.engine.eq_ignore_ascii_case("MEMORY") { "hash" } else { "btree" };
    key.using.clone().filter(|using| using != usual)
}

/// Whether the server may have made this index by itself for a foreign key: it has the key's columns and nothing more, and a
/// name that nobody chose or the key's own.
fn serves(key: &KeyText, foreign: &ForeignKeyText) -> bool {
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let named = foreign.name.as_deref().is_some_and(|name| same(name, &key.name))
        || is_invented_key(&key.name, foreign.columns.first().map(String::as_str));
    let plain = key.kind == KeyKind::Plain
        && key.parts.iter().all(|part| !part.descending)
        && key.comment.is_none()
        && key.options.is_none()
        && !key.ignored;
    let columns = key.plain_columns().is_some_and(|columns| {
        columns.len() == foreign.columns.len()
            && columns.iter().zip(&foreign.columns).all(|(own, other)| same(own, other))
    });
    named && plain && columns
}

fn foreign_key(foreign: &ForeignKeyText) -> Attributes {
    let database = foreign.database.as_ref().map(|name| format!("{name}.")).unwrap_or_default();
    let parent = format!("{database}{}({})", foreign.parent, foreign.parent_columns.join(", "));
    Builder::default()
        .text("columns", foreign.columns.join(", "))
        .text("references", parent)
        .some("on delete", foreign.on_delete.as_deref())
        .some("on update", foreign.on_update.as_deref())
        .done()
}

fn check(check: &CheckText) -> Attributes {
    Builder::default().text("condition", &check.condition.shown).flag("not enforced", !check.enforced).done()
}

impl Raw {
    /// The collation that a table gives to its new columns.
    pub(super) fn table_collation(&self, table: &TableText) -> Option<String> {
        let of_charset = || {
            let charset = table.charset.as_ref()?;
            Some(self.collations.get(charset).unwrap_or(charset).clone())
        };
        table.collation.clone().or_else(of_charset)
    }

    /// The collation of a column that holds characters.
    pub(super) fn column_collation(&self, table: &TableText, column: &ColumnText) -> Option<String> {
        let of_table = self.table_collation(table).unwrap_or_default();
        column.effective_collation(&of_table, &self.collations)
    }
}
