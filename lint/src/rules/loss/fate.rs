//! What becomes of values and rows that an upgrade drops.

use super::super::downgrade::writes;
use crate::case::Case;
use crate::operation::{Assigned, Kind, Written};
use crate::sql::mentions;

/// What becomes of values that an upgrade drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing is ever written there again.
    Lost,
    /// Something is written there that the upgrade has kept no copy of.
    MadeUp,
    /// They were kept in another form (rounded, put together, cast), and something is written back.
    Rewritten,
    /// They were kept, and something is written back.
    Kept,
}

pub(super) fn column_fate(case: &Case<'_>, at: usize, table: &str, column: &str) -> Fate {
    let down = case.migration.down();
    let refilled =
        down.iter().any(|operation| operation.kind.is_opaque() || writes(&operation.kind, table, column));
    // Another column takes its name: the way to a new type where there is no ALTER for it.
    let replaced = case.migration.upgrade[at..].iter().any(|operation| match &operation.kind {
        Kind::AlterColumn { table: own, change, .. } => {
            own.eq_ignore_ascii_case(table)
                && change.name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(column))
        }
        _ => false,
    });
    let earlier = &case.migration.upgrade[..at];
    let kept = earlier.iter().any(|operation| match &operation.kind {
        Kind::Insert { sources, .. } => {
            mentions(sources, table)
                && (mentions(sources, column) || sources.iter().all(|word| word != column))
        }
        Kind::Update { reads, .. } => mentions(reads, column) || mentions(reads, table),
        Kind::CreateTable { from_query: Some(query), .. } => query.to_lowercase().contains(&bare(table)),
        kind => kind.is_opaque(),
    });
    // What is written is more than the column: a function, a sum, a cast.
    let exact = |reads: &[String]| reads.len() == 1 || mentions(reads, "select") || mentions(reads, "from");
    let copies: Vec<&[String]> = earlier
        .iter()
        .filter(|operation| matches!(operation.written, Written::Sql | Written::Connection))
        .filter_map(|operation| match &operation.kind {
            Kind::Update { reads, .. } if mentions(reads, column) => Some(reads.as_slice()),
            _ => None,
        })
        .collect();
    let copied = earlier.iter().any(|operation| match &operation.kind {
        Kind::Update { values, .. } => values
            .iter()
            .any(|(_, value)| matches!(value, Assigned::Column(name) if name.eq_ignore_ascii_case(column))),
        _ => false,
    });
    let rewritten = !copied && !copies.is_empty() && !copies.iter().any(|reads| exact(reads));
    match fate(refilled || replaced, kept) {
        Fate::Kept if rewritten => Fate::Rewritten,
        fate => fate,
    }
}

pub(super) fn table_fate(case: &Case<'_>, at: usize, table: &str) -> Fate {
    let refilled = case.migration.down().iter().any(|operation| match &operation.kind {
        Kind::Insert { table: own, .. } => own.eq_ignore_ascii_case(table),
        Kind::RenameTable { to, .. } => to.eq_ignore_ascii_case(table),
        Kind::CreateTable { table: own, from_query: Some(_), .. } => own.eq_ignore_ascii_case(table),
        kind => kind.is_opaque(),
    });
    let kept = case.migration.upgrade[..at].iter().any(|operation| match &operation.kind {
        Kind::Insert { sources, .. } => mentions(sources, table),
        Kind::Update { reads, .. } => mentions(reads, table),
        Kind::CreateTable { from_query: Some(query), .. } => query.to_lowercase().contains(&bare(table)),
        kind => kind.is_opaque(),
    });
    fate(refilled, kept)
}

fn bare(table: &str) -> String {
    table.rsplit('.').next().unwrap_or(table).to_lowercase()
}

fn fate(refilled: bool, kept: bool) -> Fate {
    match (refilled, kept) {
        (false, _) => Fate::Lost,
        (true, false) => Fate::MadeUp,
        (true, true) => Fate::Kept,
    }
}

/// Where a column comes back from, and where its values were kept, when these are columns of its table and not the same one.
pub(super) fn elsewhere(
    case: &Case<'_>,
    at: usize,
    table: &str,
    column: &str,
) -> Option<(u32, String, String)> {
    let is = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    let earlier = &case.migration.upgrade[..at];
    let copied = |kind: &Kind| match kind {
        Kind::Insert { sources, .. } => mentions(sources, table),
        Kind::CreateTable { from_query, .. } => from_query.is_some(),
        kind => kind.is_opaque(),
    };
    let renames = |kind: &Kind| matches!(kind, Kind::AlterColumn { change, .. } if change.name.is_some());
    let all = || case.migration.upgrade.iter().chain(case.migration.down());
    if earlier.iter().any(|operation| copied(&operation.kind))
        || all().any(|operation| renames(&operation.kind))
    {
        return None;
    }
    let mut kept = Vec::new();
    for operation in earlier {
        let Kind::Update { table: own, values, reads, .. } = &operation.kind else { continue };
        if mentions(reads, column) {
            let to = values.iter().find_map(|(to, value)| match value {
                Assigned::Column(from) if is(own, table) && is(from, column) => Some(to.clone()),
                _ => None,
            });
            // What is kept in another form, or comes from another table, is for others to judge.
            kept.push(to.filter(|_| reads.len() == values.len())?);
        }
    }
    let mut back = Vec::new();
    for operation in case.migration.down() {
        match &operation.kind {
            Kind::Update { table: own, columns, values, reads, whole }
                if is(own, table) && mentions(columns, column) =>
            {
                let value = values.iter().find(|(to, _)| is(to, column)).map(|(_, value)| value);
                match value {
                    Some(Assigned::Column(from)) if *whole && reads.len() == values.len() => {
                        back.push((operation.line, from.clone()))
                    }
                    _ => return None,
                }
            }
            kind if kind.is_opaque() || writes(kind, table, column) => return None,
            _ => {}
        }
    }
    // They may have gone on from there.
    let went_on = case.migration.upgrade.iter().any(|operation| match &operation.kind {
        Kind::Update { reads, .. } => kept.iter().any(|own| mentions(reads, own)),
        _ => false,
    });
    if went_on {
        return None;
    }
    let (first, (line, from)) = (kept.first()?, back.first()?);
    let wrong = back.iter().all(|(_, from)| !kept.iter().any(|own| is(own, from)));
    wrong.then(|| (*line, format!("`{from}`"), first.clone()))
}
