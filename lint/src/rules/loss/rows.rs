//! Rows: dropped with their table, removed, or brought back without a column.

use super::fate::{Fate, table_fate};
use crate::case::{Case, Findings, certainly};
use crate::finding::Severity;
use crate::operation::{Kind, Operation, Written};
use crate::sql::mentions;
use crate::undo::Object;

pub(super) fn table_dropped(case: &Case<'_>, findings: &mut Findings<'_>) {
    dropped_tables(case, findings, |_| true);
}

pub(in crate::rules) fn dropped_tables(
    case: &Case<'_>,
    findings: &mut Findings<'_>,
    wanted: impl Fn(Written) -> bool,
) {
    if case.migration.downgrade.is_none() || case.migration.refuses() {
        return;
    }
    for (at, operation) in case.migration.upgrade.iter().enumerate() {
        let Kind::DropTable { table, missing_ok, .. } = &operation.kind else { continue };
        if !wanted(operation.written)
            || !case.is_old_table(table)
            || (*missing_ok && !case.before.has_table(table))
        {
            continue;
        }
        match table_fate(case, at, table) {
            Fate::Lost if is_rebuilt(case, table) => {}
            Fate::Lost => findings.add_as(
                certainly(!operation.conditional),
                operation.line,
                format!(
                    "`{table}` is dropped, and `downgrade()` puts no row into it: every row is lost; rename it out of the way, or \
                     copy its rows before"
                ),
            ),
            Fate::MadeUp => findings.add_as(
                Severity::Warning,
                operation.line,
                format!("`{table}` is dropped without a copy, and `downgrade()` fills it with something else; make sure that these are its rows"),
            ),
            Fate::Kept | Fate::Rewritten => {}
        }
        left_out(case, findings, at, table);
        passed_over(case, findings, at, table);
    }
}

/// Rows that another table refuses are passed over, and their table is dropped.
fn passed_over(case: &Case<'_>, findings: &mut Findings<'_>, at: usize, table: &str) {
    for operation in &case.migration.upgrade[..at] {
        if let Kind::Insert { lenient: true, sources, .. } = &operation.kind
            && mentions(sources, table)
        {
            findings.add_as(
                Severity::Warning,
                operation.line,
                format!("rows of `{table}` that the other table refuses are passed over here, and `{table}` is dropped: they are lost; look at them before"),
            );
        }
    }
}

/// Rows that go to another table and come back without one of their columns.
fn left_out(case: &Case<'_>, findings: &mut Findings<'_>, at: usize, table: &str) {
    let is_it = |own: &str| Object::table(own) == Object::table(table);
    // The table's later name, where another one takes its place.
    let takes_its_place = |own: &str| {
        is_it(own)
            || case.migration.upgrade.iter().any(|operation| {
                matches!(&operation.kind, Kind::RenameTable { from, to } if is_it(to) && from.eq_ignore_ascii_case(own))
            })
    };
    let into = |operations: &[Operation]| -> Vec<(usize, Vec<String>, u32)> {
        let written = operations.iter().enumerate().filter_map(|(place, operation)| match &operation.kind {
            Kind::Insert { table: own, columns, sources, .. }
                if takes_its_place(own) && !sources.is_empty() =>
            {
                Some((place, columns.clone(), operation.line))
            }
            Kind::Update { table: own, columns, .. } if takes_its_place(own) => {
                Some((usize::MAX, columns.clone(), operation.line))
            }
            _ => None,
        });
        written.collect()
    };
    let up = into(&case.migration.upgrade);
    let up_makes = up.iter().any(|(place, ..)| *place != usize::MAX) && case.migration.upgrade_is_clear();
    let replaced = case
        .undo
        .after_upgrade(case.before, &Object::table(table))
        .is_some_and(|state| state.facts.is_some());
    let (written, in_upgrade) =
        if up_makes && replaced { (up, true) } else { (into(case.migration.down()), false) };
    let clear =
        if in_upgrade { case.migration.upgrade_is_clear() } else { case.migration.downgrade_is_clear() };
    let Some((_, _, line)) = written.iter().find(|(place, ..)| *place != usize::MAX) else { return };
    if !clear || written.iter().any(|(_, columns, _)| columns.is_empty()) {
        return;
    }
    let is_written = |name: &str| written.iter().any(|(_, columns, _)| mentions(columns, name));
    let stays = |name: &str| {
        !in_upgrade
            || case
                .undo
                .after_upgrade(case.before, &Object::column(table, name))
                .is_some_and(|state| state.facts.is_some())
    };
    let missing: Vec<&str> = case
        .before
        .columns(table)
        .filter(|(name, facts)| {
            let by_server = facts.get("generated").is_some_and(|text| text != "no")
                || facts.get("autoincrement").is_some_and(|text| text != "none");
            !by_server && !is_written(name) && stays(name)
        })
        .map(|(name, _)| name)
        .collect();
    if !missing.is_empty() {
        findings.add_as(
            certainly(!case.migration.upgrade[at].conditional),
            *line,
            format!(
                "rows of `{table}` come back without `{}`: its values are lost; copy it as well",
                missing.join("`, `")
            ),
        );
    }
}

/// The upgrade has made another table of that name, from the rows of this one.
fn is_rebuilt(case: &Case<'_>, table: &str) -> bool {
    case.migration.upgrade.iter().any(|operation| match &operation.kind {
        Kind::RenameTable { to, .. } | Kind::Insert { table: to, .. } => to.eq_ignore_ascii_case(table),
        _ => false,
    })
}

pub(super) fn rows_removed(case: &Case<'_>, findings: &mut Findings<'_>) {
    if !case.comes_back() {
        return;
    }
    rows_removed_on_the_way_back(case, findings);
    // Of TRUNCATE in a migration of Django there is a rule of its own.
    removed_rows(case, findings, |kind| {
        case.migration.django.is_none() || !matches!(kind, Kind::Truncate { .. })
    });
}

pub(in crate::rules) fn removed_rows(
    case: &Case<'_>,
    findings: &mut Findings<'_>,
    wanted: impl Fn(&Kind) -> bool,
) {
    for (at, operation) in
        case.migration.upgrade.iter().enumerate().filter(|(_, operation)| wanted(&operation.kind))
    {
        let (table, whole) = match &operation.kind {
            Kind::Truncate { table } => (table, true),
            Kind::Delete { table, whole } => (table, *whole),
            _ => continue,
        };
        let later = &case.migration.upgrade[at..];
        let goes = later.iter().any(|operation| matches!(&operation.kind, Kind::DropTable { table: own, .. } if own.eq_ignore_ascii_case(table)));
        let down = case.migration.down();
        let drops = down.iter().any(|operation| matches!(&operation.kind, Kind::DropTable { table: own, .. } if own.eq_ignore_ascii_case(table)));
        if goes || drops || !case.is_old_table(table) {
            continue;
        }
        if table_fate(case, at, table) != Fate::Lost {
            left_out(case, findings, at, table);
            continue;
        }
        let what = if whole { "all rows" } else { "rows" };
        findings.add_as(
            certainly(whole && !operation.conditional),
            operation.line,
            format!("{what} of `{table}` are removed, and `downgrade()` inserts none: copy them before, and insert them again"),
        );
    }
}

/// A downgrade that removes rows which it has not made.
fn rows_removed_on_the_way_back(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (at, operation) in case.migration.down().iter().enumerate() {
        let (Kind::Truncate { table } | Kind::Delete { table, whole: true }) = &operation.kind else {
            continue;
        };
        let later = &case.migration.down()[at..];
        let settled = later.iter().any(|other| match &other.kind {
            Kind::DropTable { table: own, .. } | Kind::Insert { table: own, .. } => {
                own.eq_ignore_ascii_case(table)
            }
            Kind::RenameTable { from, .. } => from.eq_ignore_ascii_case(table),
            _ => false,
        });
        if !settled && case.is_old_table(table) {
            findings.add_as(
                certainly(!operation.conditional && case.migration.upgrade_is_clear()),
                operation.line,
                format!("`downgrade()` removes all rows of `{table}`, also those that were there before; remove what the upgrade has added"),
            );
        }
    }
}
