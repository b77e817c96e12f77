//! The comparing view: tables and their columns.

use std::collections::BTreeMap;

use super::raw::Raw;
use super::tables_rows::{ColumnRow, IdentityRow, LobRow, TableRow};
use super::text::{normal, normal_of};
use super::{constraints, types};
use crate::database::catalog::{Attributes, COLUMN_ORDER, ObjectKind};
use crate::database::objects::{Builder, Objects, add, key};

/// The collation of texts for which nobody has said another one.
const USUAL_COLLATION: &str = "USING_NLS_COMP";

/// Collects tables with their columns.
pub(super) fn collect(raw: &Raw, objects: &mut Objects) {
    let mut columns: BTreeMap<&str, Vec<&ColumnRow>> = BTreeMap::new();
    for column in &raw.columns {
        columns.entry(&column.table).or_default().push(column);
    }
    let mut add_table = |name: &str, attributes: Builder| {
        let columns = columns.get(name).map(Vec::as_slice).unwrap_or_default();
        let attributes = said_of(raw, name, attributes).text(COLUMN_ORDER, order(columns)).done();
        add(objects, key(ObjectKind::Table, None, name.to_owned()), attributes);
        for column in columns {
            let path = format!("{name}.{}", column.name);
            add(objects, key(ObjectKind::Column, Some(name.to_owned()), path), self::column(raw, column));
        }
    };
    for table in raw.tables.iter().filter(|table| !raw.is_mview(&table.name)) {
        add_table(&table.name, self::table(raw, table));
    }
    for table in &raw.object_tables {
        let of = Builder::default()
            .text("of", raw.qualified(&table.type_owner, &table.type_name))
            .some("identified by", unusual(&table.id_type, &["SYSTEM GENERATED"]))
            .flag("temporary", table.temporary == "Y");
        add_table(&table.name, of);
    }
}

/// The columns that can be seen, in their order.
fn order(columns: &[&ColumnRow]) -> String {
    let seen = columns.iter().filter(|column| column.hidden != "YES");
    seen.map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// What can be said of a table, a view and everything else that has a name.
pub(super) fn said_of(raw: &Raw, name: &str, attributes: Builder) -> Builder {
    let comment = raw.comments.iter().find(|comment| comment.name == name);
    let privileges = raw.privileges.iter().filter(|it| it.object == name).map(|it| {
        let by = if it.grantor == raw.owner { String::new() } else { format!(" by {}", it.grantor) };
        let option = if it.grantable == "YES" { " with grant option" } else { "" };
        let hierarchy = if it.hierarchy == "YES" { " with hierarchy option" } else { "" };
        format!("{} to {}{option}{hierarchy}{by}", it.privilege.to_ascii_lowercase(), it.grantee)
    });
    attributes
        .some("comment", comment.map(|comment| comment.text.as_str()))
        .some("privileges", listed(privileges))
        .some("annotations", listed(annotations(raw, name, "")))
}

fn annotations<'r>(raw: &'r Raw, object: &'r str, column: &'r str) -> impl Iterator<Item = String> + 'r {
    let own = raw.annotations.iter().filter(move |it| it.object == object && it.column == column);
    own.map(|it| if it.value.is_empty() { it.name.clone() } else { format!("{} '{}'", it.name, it.value) })
}

/// Privileges on a column.
fn privileges<'r>(raw: &'r Raw, table: &'r str, column: &'r str) -> impl Iterator<Item = String> + 'r {
    let own = raw.column_privileges.iter().filter(move |it| it.table == table && it.column == column);
    own.map(|it| {
        let by = if it.grantor == raw.owner { String::new() } else { format!(" by {}", it.grantor) };
        let option = if it.grantable == "YES" { " with grant option" } else { "" };
        format!("{} to {}{option}{by}", it.privilege.to_ascii_lowercase(), it.grantee)
    })
}

/// What is said of the columns of a view, which are no objects of their own.
pub(super) fn said_of_columns(raw: &Raw, view: &str) -> Option<String> {
    let columns = raw.columns.iter().filter(|column| column.table == view);
    listed(columns.flat_map(|column| {
        let name = column.name.as_str();
        let comment = raw.column_comments.iter().find(|it| it.table == view && it.column == name);
        let comment = comment.map(|it| format!("comment '{}'", it.text));
        let said = comment.into_iter().chain(privileges(raw, view, name)).chain(annotations(raw, view, name));
        said.map(move |it| format!("{name}: {it}"))
    }))
}

/// Items in one text, each once and in one order; none where there are none.
pub(super) fn listed(items: impl Iterator<Item = String>) -> Option<String> {
    let mut items: Vec<String> = items.collect();
    items.sort();
    items.dedup();
    (!items.is_empty()).then(|| items.join(", "))
}

/// A word of the dictionary's, unless it says nothing or what goes without saying.
pub(super) fn unusual(word: &str, usual: &[&str]) -> Option<String> {
    let word = word.trim();
    (!word.is_empty() && !usual.contains(&word)).then(|| word.to_ascii_lowercase())
}

pub(in crate::database::oracle) fn table(raw: &Raw, table: &TableRow) -> Builder {
    let is_temporary = table.temporary == "Y";
    let inmemory = (table.inmemory == "ENABLED").then(|| {
        format!("priority {}, {}", table.inmemory_priority, table.inmemory_compression).to_ascii_lowercase()
    });
    let compressed = (table.compression == "ENABLED").then(|| match table.compress_for.as_str() {
        "" => "yes".to_owned(),
        how => how.to_ascii_lowercase(),
    });
    let (partitioned, partitions) = super::partitions::shown(raw, &table.name);
    let default = raw.users.first().map(|user| user.default_tablespace.as_str()).unwrap_or_default();
    Builder::default()
        .some(
            "temporary",
            is_temporary.then_some(match table.duration.as_str() {
                "SYS$SESSION" => "rows stay for the session",
                _ => "rows stay for the transaction",
            }),
        )
        .flag("index-organized", table.iot_type == "IOT")
        .some("cluster", unusual_name(&table.cluster))
        .some("tablespace", unusual_name(&table.tablespace).filter(|name| name != default && !is_temporary))
        .some("free space", unusual(&table.pct_free, &["10", "0"]))
        .flag("without logging", table.logging == "NO" && !is_temporary)
        .some("parallel", unusual(&table.degree, &["1"]))
        .flag("cached", table.cache.trim() == "Y")
        .flag("locks disabled", table.table_lock == "DISABLED")
        .flag("row movement", table.row_movement == "ENABLED")
        .flag("row dependencies", table.dependencies == "ENABLED")
        .some("compressed", compressed)
        .flag("read only", table.read_only == "YES")
        .some("result cache", unusual(&table.result_cache, &["DEFAULT"]))
        .some("in memory", inmemory)
        .some("collation", unusual(&table.default_collation, &[USUAL_COLLATION]))
        .some("external", external(raw, table))
        .some("rows cannot be changed", kept(raw, &table.name))
        .some("partitioned by", partitioned)
        .some("partitions", partitions)
}

fn unusual_name(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| name.to_owned())
}

fn external(raw: &Raw, table: &TableRow) -> Option<String> {
    let of = raw.externals.iter().find(|external| external.table == table.name)?;
    let files = raw.external_files.iter().filter(|file| file.table == table.name);
    let files: Vec<String> = files.map(|file| format!("{}:{}", file.directory, file.location)).collect();
    Some(format!(
        "{} in {} ({}) reject limit {}, {}",
        of.driver,
        of.directory,
        files.join(", "),
        of.reject_limit,
        of.parameters.split_whitespace().collect::<Vec<_>>().join(" ")
    ))
}

/// For how long the rows of a blockchain or immutable table stay, and the table with them.
fn kept(raw: &Raw, table: &str) -> Option<String> {
    let chain = raw.blockchains.iter().find(|it| it.table == table);
    let chain = chain.map(|it| ("blockchain", &it.row_retention, &it.locked, &it.inactivity));
    let plain = raw.immutables.iter().find(|it| it.table == table);
    let plain = plain.map(|it| ("immutable", &it.row_retention, &it.locked, &it.inactivity));
    let (what, rows, locked, idle) = chain.or(plain)?;
    let days = |text: &str| if text.is_empty() { "for ever".to_owned() } else { format!("{text} days") };
    let locked = if locked == "YES" { ", locked" } else { "" };
    Some(format!("{what}, rows {}{locked}, table {}", days(rows), days(idle)))
}

pub(in crate::database::oracle) fn column(raw: &Raw, column: &ColumnRow) -> Attributes {
    let ColumnRow { table, name, .. } = column;
    let is_virtual = column.is_virtual == "YES";
    let is_identity = column.identity == "YES";
    let text = raw.default_of(table, name);
    let default = text.filter(|_| !is_virtual && !is_identity).map(|text| normal(text, &raw.owner));
    let generated = text.filter(|_| is_virtual).map(|text| normal_of(text, &raw.owner, table));
    let identity = raw.identities.iter().find(|it| it.table == *table && it.column == *name);
    let comment = raw.column_comments.iter().find(|it| it.table == *table && it.column == *name);
    // A name that is no plain one stands in quotes here.
    let lob = raw.lobs.iter().find(|it| it.table == *table && it.column.trim_matches('"') == name);
    let encrypted = raw.encrypted.iter().find(|it| it.table == *table && it.column == *name);
    let nested = raw.nested.iter().find(|it| it.table == *table && it.column.trim_matches('"') == name);
    let domain = unusual_name(&column.domain_name).map(|name| raw.qualified(&column.domain_owner, &name));
    let on_null = match (column.default_on_null.as_str(), column.default_on_null_upd.as_str()) {
        (_, "YES") if !is_identity => Some("inserted and updated"),
        ("YES", _) if !is_identity => Some("inserted"),
        _ => None,
    };
    Builder::default()
        .text("type", types::native(column, &raw.owner))
        .some("collation", unusual(&column.collation, &[USUAL_COLLATION]))
        .some("not null", constraints::not_null(raw, column))
        .some("default", default)
        .some("default for null", on_null)
        .some("generated", generated)
        .some("identity", identity.map(|it| how_identified(it, column)))
        .some("identity options", identity.map(|it| options(&it.options)))
        .flag("invisible", column.hidden == "YES")
        .some("domain", domain)
        .some(
            "encrypted",
            encrypted.map(|it| format!("{}, salt {}", it.algorithm, it.salt).to_ascii_lowercase()),
        )
        .some("large objects", lob.and_then(storage))
        .some("nested table", nested.map(|it| it.storage.as_str()).filter(|name| !name.starts_with("SYSNT")))
        .some("comment", comment.map(|comment| comment.text.as_str()))
        .some("privileges", listed(privileges(raw, table, name)))
        .some("annotations", listed(annotations(raw, table, name)))
        .done()
}

fn how_identified(identity: &IdentityRow, column: &ColumnRow) -> String {
    let on_null = if column.default_on_null == "YES" { " on null" } else { "" };
    format!("{}{on_null}", identity.generation.to_ascii_lowercase())
}

/// What an identity column counts by. Where it began is no matter once it has counted.
fn options(printed: &str) -> String {
    let kept = printed.split(',').map(str::trim).filter(|option| !option.starts_with("START WITH"));
    kept.map(|option| option.to_ascii_lowercase().replace('_', " ")).collect::<Vec<_>>().join(", ")
}

/// How large objects are kept, where that is not the usual way.
fn storage(lob: &LobRow) -> Option<String> {
    let said = [
        (lob.securefile == "NO").then(|| "basicfile".to_owned()),
        unusual(&lob.compression, &["NO", "NONE"]).map(|how| format!("compressed {how}")),
        unusual(&lob.deduplication, &["NO", "NONE"]).map(|_| "deduplicated".to_owned()),
        (lob.in_row == "NO").then(|| "out of the row".to_owned()),
        unusual(&lob.cache, &["NO"]).map(|how| format!("cache {how}")),
        (lob.logging == "NO").then(|| "without logging".to_owned()),
        unusual(&lob.encrypt, &["NO", "NONE"]).map(|_| "encrypted".to_owned()),
    ];
    listed(said.into_iter().flatten())
}

impl Raw {
    /// A name with its schema, unless that is the own one.
    pub(super) fn qualified(&self, owner: &str, name: &str) -> String {
        if owner == self.owner || owner.is_empty() { name.to_owned() } else { format!("{owner}.{name}") }
    }
}
