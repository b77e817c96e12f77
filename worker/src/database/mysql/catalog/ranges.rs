//! What a partitioned table demands of its rows, and each partition of its own.
//!
//! No statement names a partition as a table, so their names here are such as no table has.

use super::partition::{Method, PartitionText, Partitioning};
use crate::database::catalog::{Check, Partition, TableName};

/// What a row must meet to find a partition, and the partitions with what they take. Where one is found for every row (by a
/// hash, by time), there is nothing to say.
pub(super) fn read(table: &str, partitioning: &Partitioning) -> (Option<Check>, Vec<Partition>) {
    let keys = if partitioning.columns.is_empty() {
        vec![format!("({})", partitioning.key.sql)]
    } else {
        partitioning.columns.iter().map(|name| quoted(name)).collect()
    };
    let columns =
        if partitioning.columns.is_empty() { &partitioning.key.names } else { &partitioning.columns };
    let check = |condition| Check { name: None, condition, columns: columns.clone() };
    let partition = |partition: &PartitionText, takes: Option<String>| Partition {
        name: TableName { schema: None, name: format!("{table}#p#{}", partition.name) },
        takes: takes.map(check),
    };
    let all = &partitioning.partitions;
    match partitioning.method {
        Method::Range => {
            let mut before: Option<String> = None;
            let mut found = Vec::new();
            for part in all {
                let below = below(&keys, part.values.as_deref().unwrap_or_default());
                let from = before.as_ref().map(|before| format!("NOT ({before})"));
                let takes = match (from, &below) {
                    (Some(from), Some(below)) => Some(format!("({below}) AND {from}")),
                    (from, below) => from.or_else(|| below.clone()),
                };
                found.push(partition(part, takes));
                before = below;
            }
            (before.map(check), found)
        }
        Method::List => {
            let listed: Option<Vec<String>> =
                all.iter().map(|part| Some(among(&keys, part.values.as_deref()?))).collect();
            let found =
                all.iter().map(|part| partition(part, part.values.as_deref().map(|v| among(&keys, v))));
            let demanded = listed.map(|listed| {
                let each: Vec<String> = listed.into_iter().map(|one| format!("({one})")).collect();
                check(each.join(" OR "))
            });
            (demanded, found.collect())
        }
        Method::Other => (None, Vec::new()),
    }
}

/// That a row is below a bound, column by column; nothing is above MAXVALUE. NULL is below everything.
fn below(keys: &[String], bound: &[String]) -> Option<String> {
    let ((key, keys), (value, bound)) = (keys.split_first()?, bound.split_first()?);
    let rest = below(keys, bound);
    let open_end = rest.is_none() && !keys.is_empty();
    if is_max(value) {
        return None;
    }
    Some(match rest {
        Some(rest) => format!("{key} IS NULL OR {key} < {value} OR ({key} = {value} AND ({rest}))"),
        None if open_end => format!("{key} IS NULL OR {key} <= {value}"),
        None => format!("{key} IS NULL OR {key} < {value}"),
    })
}

fn is_max(value: &str) -> bool {
    value.trim_matches(['(', ')']).eq_ignore_ascii_case("MAXVALUE")
}

/// That a row has one of the values, of which each is one for every key.
fn among(keys: &[String], values: &[String]) -> String {
    let equal = |key: &String, value: &str| {
        if value.eq_ignore_ascii_case("NULL") {
            format!("{key} IS NULL")
        } else {
            format!("{key} IS NOT NULL AND {key} = {value}")
        }
    };
    if let [key] = keys {
        let plain: Vec<&str> =
            values.iter().map(String::as_str).filter(|v| !v.eq_ignore_ascii_case("NULL")).collect();
        let mut either = Vec::new();
        if plain.len() < values.len() {
            either.push(format!("{key} IS NULL"));
        }
        if !plain.is_empty() {
            // Unknown would count as met.
            either.push(format!("({key} IS NOT NULL AND {key} IN ({}))", plain.join(", ")));
        }
        return if either.is_empty() { "1 = 0".to_owned() } else { either.join(" OR ") };
    }
    let tuples = values.iter().map(|tuple| {
        let tokens = super::text::tokens(tuple);
        let inner = super::text::Cursor::new(&tokens).group().unwrap_or_default();
        let items = super::text::items(inner);
        let each = keys.iter().zip(items).map(|(key, value)| equal(key, &super::text::joined(value)));
        format!("({})", each.collect::<Vec<_>>().join(" AND "))
    });
    tuples.collect::<Vec<_>>().join(" OR ")
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
