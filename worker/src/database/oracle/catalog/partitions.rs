//! Partitions: as they are compared, and what they demand of rows.

use super::names::is_invented_partition;
use super::raw::Raw;
use super::tables_rows::PartTableRow;
use super::text::{normal, shown as quoted};
use crate::database::catalog::{Check, Partition, TableName};

/// How a table is partitioned, and the partitions that it has. Those that rows have brought about are not the schema's.
pub(super) fn shown(raw: &Raw, table: &str) -> (Option<String>, Option<String>) {
    let Some(how) = raw.part_tables.iter().find(|row| row.table == table) else { return (None, None) };
    let keys = keys(raw, "TABLE", table).join(", ");
    let mut head = format!("{} ({keys})", how.method.to_ascii_lowercase());
    if how.automatic == "YES" {
        head.push_str(" automatic");
    }
    if !how.interval.is_empty() {
        head.push_str(&format!(" interval {}", normal(&how.interval, &raw.owner)));
    }
    if !how.reference.is_empty() {
        head.push_str(&format!(" by {}", reference(raw, &how.reference)));
    }
    if !matches!(how.sub_method.as_str(), "" | "NONE") {
        let keys: Vec<&str> = raw
            .subpart_keys
            .iter()
            .filter(|row| row.kind.trim() == "TABLE" && row.name == table)
            .map(|row| row.column.as_str())
            .collect();
        head.push_str(&format!(", then {} ({})", how.sub_method.to_ascii_lowercase(), keys.join(", ")));
    }
    let kept = raw
        .partitions
        .iter()
        .filter(|row| row.table == table && !is_of_rows(how, &row.by_interval, &row.name));
    let parts: Vec<String> = kept
        .map(|row| {
            let below: Vec<String> = raw
                .subpartitions
                .iter()
                .filter(|sub| sub.table == table && sub.partition == row.name)
                .map(|sub| named(raw, &sub.name, &sub.bound))
                .collect();
            let below = if below.is_empty() { String::new() } else { format!(" [{}]", below.join(", ")) };
            let compressed = if row.compression == "ENABLED" { " compressed" } else { "" };
            let read_only = if row.read_only == "YES" { " read only" } else { "" };
            format!("{}{compressed}{read_only}{below}", named(raw, &row.name, &row.bound))
        })
        .collect();
    (Some(head), (!parts.is_empty()).then(|| parts.join(", ")))
}

/// The foreign key by which a table follows its parent's partitions.
fn reference(raw: &Raw, name: &str) -> String {
    match raw.constraints.iter().find(|it| it.name == name) {
        Some(it) if !super::constraints::is_named(it) => {
            format!("foreign key({})", raw.columns_of(&raw.owner, name).join(", "))
        }
        _ => name.to_owned(),
    }
}

/// Whether a partition came to be when a row needed it.
fn is_of_rows(how: &PartTableRow, by_interval: &str, name: &str) -> bool {
    by_interval == "YES" || (how.automatic == "YES" && is_invented_partition(name))
}

fn named(raw: &Raw, name: &str, bound: &str) -> String {
    let name = if is_invented_partition(name) { "" } else { name };
    let bound = if bound.is_empty() { String::new() } else { format!(" ({})", normal(bound, &raw.owner)) };
    format!("{name}{bound}").trim().to_owned()
}

fn keys(raw: &Raw, kind: &str, name: &str) -> Vec<String> {
    let own = raw.part_keys.iter().filter(|row| row.kind.trim() == kind && row.name == name);
    own.map(|row| row.column.clone()).collect()
}

/// How an index is partitioned.
pub(super) fn of_index(raw: &Raw, index: &str) -> Option<String> {
    let how = raw.part_indexes.iter().find(|row| row.index == index)?;
    let broken: Vec<&str> = raw
        .index_partitions
        .iter()
        .filter(|row| row.index == index && row.status == "UNUSABLE")
        .map(|row| row.name.as_str())
        .collect();
    let broken = if broken.is_empty() { String::new() } else { format!(", unusable: {}", broken.join(", ")) };
    if how.locality == "LOCAL" {
        return Some(format!("local{broken}"));
    }
    let parts = raw.index_partitions.iter().filter(|row| row.index == index);
    let parts: Vec<String> = parts.map(|row| named(raw, &row.name, &row.bound)).collect();
    let (method, keys) = (how.method.to_ascii_lowercase(), keys(raw, "INDEX", index).join(", "));
    Some(format!("global {method} ({keys}): {}{broken}", parts.join(", ")))
}

/// What a row must meet to find a partition, and the partitions with what they take. Where one is found for every row, there
/// is nothing to say. No statement names a partition as a table, so their names here are such as no table has.
pub(super) fn demands(raw: &Raw, table: &str) -> (Option<Check>, Vec<Partition>) {
    let Some(how) = raw.part_tables.iter().find(|row| row.table == table) else { return (None, Vec::new()) };
    let columns = keys(raw, "TABLE", table);
    let keys: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
    if keys.is_empty() {
        return (None, Vec::new());
    }
    let check = |condition: String| Check { name: None, condition, columns: columns.clone() };
    let parts: Vec<(&str, Vec<String>)> = raw
        .partitions
        .iter()
        .filter(|row| row.table == table)
        .map(|row| (row.name.as_str(), items(&normal(&row.bound, &raw.owner))))
        .collect();
    let partition = |name: &str, takes: Option<String>| Partition {
        name: TableName { schema: None, name: format!("{table}#p#{name}") },
        takes: takes.map(check),
    };
    match how.method.as_str() {
        "RANGE" => {
            let mut before: Option<String> = None;
            let mut found = Vec::new();
            for (name, bound) in &parts {
                let below = below(&keys, bound);
                let from = before.as_ref().map(|before| format!("NOT ({before})"));
                let takes = match (from, &below) {
                    (Some(from), Some(below)) => Some(format!("({below}) AND {from}")),
                    (from, below) => from.or_else(|| below.clone()),
                };
                found.push(partition(name, takes));
                before = below;
            }
            if !how.interval.is_empty() {
                // A partition is made for every row that says where it belongs.
                return (Some(check(known(&keys))), Vec::new());
            }
            (before.map(check), found)
        }
        "LIST" => {
            let taken: Vec<Option<String>> = parts.iter().map(|(_, values)| among(&keys, values)).collect();
            let found = parts.iter().zip(&taken).map(|((name, _), takes)| partition(name, takes.clone()));
            let found: Vec<Partition> = found.collect();
            if how.automatic == "YES" {
                return (None, Vec::new());
            }
            let all: Option<Vec<String>> =
                taken.into_iter().map(|takes| Some(format!("({})", takes?))).collect();
            (all.map(|all| check(all.join(" OR "))), found)
        }
        _ => (None, Vec::new()),
    }
}

/// The items of a list, those in parentheses whole.
fn items(list: &str) -> Vec<String> {
    let tokens = super::text::tokens(list);
    let (mut depth, mut start) = (0_i32, 0);
    let mut found = Vec::new();
    for token in &tokens {
        match token.raw {
            "(" => depth += 1,
            ")" => depth -= 1,
            "," if depth == 0 => {
                found.push(list[start..token.at].trim().to_owned());
                start = token.end();
            }
            _ => {}
        }
    }
    found.push(list[start..].trim().to_owned());
    found.retain(|item| !item.is_empty());
    found
}

fn known(keys: &[String]) -> String {
    let each: Vec<String> = keys.iter().map(|key| format!("{key} IS NOT NULL")).collect();
    each.join(" AND ")
}

/// That a row is below a bound, column by column; nothing is above MAXVALUE, and NULL is above everything else.
fn below(keys: &[String], bound: &[String]) -> Option<String> {
    let ((key, keys), (value, bound)) = (keys.split_first()?, bound.split_first()?);
    if value == "MAXVALUE" {
        return None;
    }
    Some(match below(keys, bound) {
        Some(rest) => format!("{key} IS NOT NULL AND ({key} < {value} OR ({key} = {value} AND ({rest})))"),
        None if !keys.is_empty() => format!("{key} IS NOT NULL AND {key} <= {value}"),
        None => format!("{key} IS NOT NULL AND {key} < {value}"),
    })
}

/// That a row has one of the values; `None` for the partition that takes the rest.
fn among(keys: &[String], values: &[String]) -> Option<String> {
    if values.iter().any(|value| value == "DEFAULT") {
        return None;
    }
    let equal = |key: &String, value: &str| match value {
        "NULL" => format!("{key} IS NULL"),
        value => format!("{key} IS NOT NULL AND {key} = {value}"),
    };
    let each = values.iter().map(|value| match keys {
        [key] => format!("({})", equal(key, value)),
        keys => {
            let inner = value.strip_prefix('(').and_then(|value| value.strip_suffix(')')).unwrap_or(value);
            let pairs = keys.iter().zip(items(inner)).map(|(key, value)| equal(key, &value));
            format!("({})", pairs.collect::<Vec<_>>().join(" AND "))
        }
    });
    Some(each.collect::<Vec<_>>().join(" OR "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::oracle::catalog::tables_rows::{PartKeyRow, PartitionRow};

    fn raw(method: &str, interval: &str, partitions: &[(&str, &str, &str)]) -> Raw {
        Raw {
            owner: "O".to_owned(),
            part_tables: vec![PartTableRow {
                table: "T".to_owned(),
                method: method.to_owned(),
                interval: interval.to_owned(),
                ..PartTableRow::default()
            }],
            part_keys: vec![PartKeyRow {
                // A CHAR of five.
                kind: "TABLE".to_owned(),
                name: "T".to_owned(),
                column: "K".to_owned(),
            }],
            partitions: partitions
                .iter()
                .map(|(name, bound, by_interval)| PartitionRow {
                    table: "T".to_owned(),
                    name: (*name).to_owned(),
                    bound: (*bound).to_owned(),
                    by_interval: (*by_interval).to_owned(),
                    ..PartitionRow::default()
                })
                .collect(),
            ..Raw::default()
        }
    }

    #[test]
    fn rows_must_find_a_partition() {
        let (demanded, partitions) = demands(&raw("RANGE", "", &[("A", "10", "NO"), ("B", "20", "NO")]), "T");
        assert_eq!(demanded.map(|check| check.condition).as_deref(), Some("K IS NOT NULL AND K < 20"));
        let takes: Vec<String> =
            partitions.into_iter().filter_map(|it| it.takes).map(|it| it.condition).collect();
        assert_eq!(
            takes,
            ["K IS NOT NULL AND K < 10", "(K IS NOT NULL AND K < 20) AND NOT (K IS NOT NULL AND K < 10)"]
        );
        let (demanded, _) = demands(&raw("RANGE", "", &[("A", "10", "NO"), ("Z", "MAXVALUE", "NO")]), "T");
        assert_eq!(demanded, None);
        let (demanded, _) = demands(&raw("LIST", "", &[("A", "'x', 'y'", ""), ("B", "NULL", "")]), "T");
        assert_eq!(
            demanded.map(|check| check.condition).as_deref(),
            Some("((K IS NOT NULL AND K = 'x') OR (K IS NOT NULL AND K = 'y')) OR ((K IS NULL))")
        );
        let (demanded, partitions) =
            demands(&raw("LIST", "", &[("A", "'x'", ""), ("B", "DEFAULT", "")]), "T");
        assert_eq!((demanded, partitions.len()), (None, 2));
        assert_eq!(demands(&raw("HASH", "", &[("A", "", "")]), "T"), (None, Vec::new()));
    }

    #[test]
    fn what_rows_bring_about_is_not_the_schemas() {
        let raw =
            raw("RANGE", "NUMTOYMINTERVAL(1,'MONTH')", &[("P0", "10", "NO"), ("SYS_P341", "20", "YES")]);
        let (head, parts) = shown(&raw, "T");
        assert_eq!(head.as_deref(), Some("range (K) interval NUMTOYMINTERVAL(1, 'MONTH')"));
        assert_eq!(parts.as_deref(), Some("P0 (10)"));
        assert_eq!(demands(&raw, "T").0.map(|check| check.condition).as_deref(), Some("K IS NOT NULL"));
    }

    #[test]
    fn several_keys_are_compared_one_after_the_other() {
        let keys = ["A".to_owned(), "B".to_owned()];
        let bound = |text: &str| items(text);
        assert_eq!(
            below(&keys, &bound("1, 2")).as_deref(),
            Some("A IS NOT NULL AND (A < 1 OR (A = 1 AND (B IS NOT NULL AND B < 2)))")
        );
        assert_eq!(below(&keys, &bound("1, MAXVALUE")).as_deref(), Some("A IS NOT NULL AND A <= 1"));
        assert_eq!(
            among(&keys, &bound("(1, 'x'), (NULL, 'y')")).as_deref(),
            Some(
                "(A IS NOT NULL AND A = 1 AND B IS NOT NULL AND B = 'x') OR (A IS NULL AND B IS NOT NULL AND B = 'y')"
            )
        );
    }
}
