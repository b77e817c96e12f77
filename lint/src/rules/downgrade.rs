//! MRT1xx: is there a way back at all?

use super::{Case, Check, Findings, Rule, Shows};
use crate::case::certainly;
use crate::finding::Severity;
use crate::operation::{Kind, ObjectKind, Operation, Written};
use crate::sql::{mentions, names};
use crate::undo::{Loss, Object};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "MRT101",
        name: "no way back",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::NoWayBack, Shows::Failure],
        about: "There is no `downgrade()`, or it can only raise. A deployment that goes wrong cannot be rolled back. Write the \
                downgrade; where there is none, say so in mrt.toml with `accept`.",
        bad: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"score\", sa.Integer()))\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"score\", sa.Integer()))\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"score\")\n",
        check: Check::Migration(missing),
    },
    Rule {
        code: "MRT102",
        name: "downgrade does nothing",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Rows, Shows::Schema, Shows::Failure],
        about: "`downgrade()` does nothing, also not by a function that it calls, though `upgrade()` does something. The rollback \
                reports success, what the upgrade has made stays, and the next upgrade meets it. Undo every step, the last one first.",
        bad: "def upgrade():\n    op.create_table(\"invitations\", sa.Column(\"id\", sa.Integer(), primary_key=True))\n\n\n\
              def downgrade():\n    pass\n",
        good: "def upgrade():\n    op.create_table(\"invitations\", sa.Column(\"id\", sa.Integer(), primary_key=True))\n\n\n\
               def downgrade():\n    op.drop_table(\"invitations\")\n",
        check: Check::Migration(nothing),
    },
    Rule {
        code: "MRT103",
        name: "values changed one way",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Rows],
        about: "`upgrade()` changes values of older rows, and `downgrade()` writes nothing into that column. What they were is gone, for certain \
                where every value becomes another. \
                Keep the old values in a column or table of their own, and write them back.",
        bad: "def upgrade():\n    op.execute(\"UPDATE users SET name = upper(name)\")\n\n\n\
              def downgrade():\n    op.execute(\"DELETE FROM sessions WHERE expired = 1\")\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"name_as_typed\", sa.String(80)))\n    \
               op.execute(\"UPDATE users SET name_as_typed = name\")\n    op.execute(\"UPDATE users SET name = upper(name)\")\n\n\n\
               def downgrade():\n    op.execute(\"UPDATE users SET name = name_as_typed\")\n    op.drop_column(\"users\", \"name_as_typed\")\n",
        check: Check::Migration(one_way),
    },
    Rule {
        code: "MRT104",
        name: "SQL or Python that cannot be read",
        severity: Severity::Warning,
        engines: &[],
        shows: &[Shows::Rows, Shows::Schema, Shows::Failure],
        about: "`upgrade()` does something that cannot be known without running it (a DO block, code of another file, SQL put \
                together from what a query gives), and nothing in `downgrade()` could be its reverse. Look at it, or let real rows \
                decide: `mrt-cli run`.",
        bad: "def upgrade():\n    op.execute(\"CALL rebuild_totals()\")\n\n\ndef downgrade():\n    op.drop_column(\"users\", \"score\")\n",
        good: "def upgrade():\n    op.execute(\"CALL rebuild_totals()\")\n\n\ndef downgrade():\n    op.execute(\"CALL forget_totals()\")\n",
        check: Check::Migration(unreadable_sql),
    },
    Rule {
        code: "MRT105",
        name: "SQL for a connection that cannot be read",
        severity: Severity::Warning,
        engines: &[],
        shows: &[Shows::Rows, Shows::Schema, Shows::Failure],
        about: "As MRT104, for statements that are given to a connection.",
        bad: "def upgrade():\n    op.get_bind().execute(sa.text(\"CALL rebuild_totals()\"))\n\n\n\
              def downgrade():\n    op.drop_column(\"users\", \"score\")\n",
        good: "def upgrade():\n    op.get_bind().execute(sa.text(\"CALL rebuild_totals()\"))\n\n\n\
               def downgrade():\n    op.get_bind().execute(sa.text(\"CALL forget_totals()\"))\n",
        check: Check::Migration(unreadable_connection),
    },
    Rule {
        code: "MRT106",
        name: "rows added and not taken away",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Rows],
        about: "`upgrade()` inserts rows into an older table, and nothing in `downgrade()` removes them. They stay after the \
                rollback, and the next upgrade inserts them again. Delete them by their keys.",
        bad: "roles = sa.table(\"roles\", sa.column(\"name\"))\n\n\ndef upgrade():\n    op.bulk_insert(roles, [{\"name\": \"auditor\"}])\n\n\n\
              def downgrade():\n    op.execute(\"UPDATE users SET role = 'user' WHERE role = 'auditor'\")\n",
        good: "roles = sa.table(\"roles\", sa.column(\"name\"))\n\n\ndef upgrade():\n    op.bulk_insert(roles, [{\"name\": \"auditor\"}])\n\n\n\
               def downgrade():\n    op.execute(roles.delete().where(roles.c.name == \"auditor\"))\n",
        check: Check::Migration(rows_stay),
    },
];

fn missing(case: &Case<'_>, findings: &mut Findings<'_>) {
    let migration = case.migration;
    if migration.downgrade.is_none() {
        findings.add(
            migration.upgrade_line,
            "there is no `downgrade()`: the revision cannot be rolled back; write it",
        );
    } else if migration.refuses() && !migration.upgrade.is_empty() {
        findings.add(
            migration.downgrade_line,
            "`downgrade()` raises: the revision cannot be rolled back; undo what `upgrade()` does, or accept it in mrt.toml as \
             `irreversible`",
        );
    }
}

fn nothing(case: &Case<'_>, findings: &mut Findings<'_>) {
    let migration = case.migration;
    // Django's operations have a reverse, unless their author has said that there is nothing to do.
    let is_said = migration.upgrade.iter().all(|operation| operation.written == Written::Django);
    if is_said || migration.downgrade.as_ref().is_none_or(|down| !down.is_empty()) {
        return;
    }
    let certain = case.undo.gaps.iter().find(|gap| gap.certain);
    let changed = migration.upgrade.iter().any(|operation| case.surely_changes(operation));
    let what = match certain {
        Some(gap) => match gap.loss {
            Loss::Left => format!("`{}` stays after the rollback", gap.object),
            Loss::Missing => format!("`{}` does not come back", gap.object),
            Loss::Replaced | Loss::Differs { .. } => {
                format!("`{}` stays as the upgrade has made it", gap.object)
            }
        },
        None => {
            let first = migration.upgrade.iter().find(|operation| operation.kind != Kind::Raise);
            let Some(first) = first else { return };
            format!("`{}` is not undone", first.kind)
        }
    };
    findings.add_as(
        certainly(certain.is_some() || changed),
        migration.downgrade_line,
        format!("`downgrade()` does nothing: {what}; undo what `upgrade()` does"),
    );
}

fn one_way(case: &Case<'_>, findings: &mut Findings<'_>) {
    if !case.comes_back() || !case.migration.downgrade_is_clear() {
        return;
    }
    let mut told = Vec::new();
    for operation in &case.migration.upgrade {
        let Kind::Update { table, columns, .. } = &operation.kind else { continue };
        if !case.is_old_table(table) {
            continue;
        }
        let drops = |kind: &Kind, column: &str| match kind {
            Kind::DropColumn { table: own, column: dropped, .. } => {
                own.eq_ignore_ascii_case(table) && dropped.eq_ignore_ascii_case(column)
            }
            Kind::DropTable { table: own, .. } => own.eq_ignore_ascii_case(table),
            _ => false,
        };
        let lost: Vec<&str> = columns
            .iter()
            .map(String::as_str)
            .filter(|column| case.was_there(&Object::column(table, column)))
            // A column that the upgrade drops afterwards is a loss of its own.
            .filter(|column| !case.migration.upgrade.iter().any(|other| drops(&other.kind, column)))
            .filter(|column| {
                !case
                    .migration
                    .down()
                    .iter()
                    .any(|down| writes(&down.kind, table, column) || drops(&down.kind, column))
            })
            .collect();
        if let [first, ..] = lost.as_slice()
            && !told.contains(&(table, (*first).to_owned()))
        {
            told.push((table, (*first).to_owned()));
            // A trigger or a default that the downgrade makes may do it.
            let may_be_filled = case.migration.down().iter().any(|down| down.kind.is_opaque());
            findings.add_as(
                certainly(!may_be_filled && case.surely_changes(operation)),
                operation.line,
                format!(
                    "values of `{table}.{}` are changed, and `downgrade()` writes nothing there: what they were is gone; keep them \
                     before, and write them back",
                    lost.join("`, `")
                ),
            );
        }
    }
}

/// Whether an operation writes into a column.
pub(super) fn writes(kind: &Kind, table: &str, column: &str) -> bool {
    match kind {
        Kind::Update { table: own, columns, .. } => {
            own.eq_ignore_ascii_case(table) && mentions(columns, column)
        }
        Kind::Insert { table: own, .. } | Kind::Truncate { table: own } => own.eq_ignore_ascii_case(table),
        Kind::RenameTable { to, .. } => to.eq_ignore_ascii_case(table),
        _ => false,
    }
}

fn unreadable_sql(case: &Case<'_>, findings: &mut Findings<'_>) {
    unreadable(case, findings, |written| !matches!(written, Written::Connection | Written::Django));
}

fn unreadable_connection(case: &Case<'_>, findings: &mut Findings<'_>) {
    unreadable(case, findings, |written| written == Written::Connection);
}

fn unreadable(case: &Case<'_>, findings: &mut Findings<'_>, wanted: impl Fn(Written) -> bool) {
    if !case.comes_back() {
        return;
    }
    let opaque = case
        .migration
        .upgrade
        .iter()
        .filter(|operation| operation.kind.is_opaque() && wanted(operation.written));
    for operation in opaque {
        let what = match &operation.kind {
            Kind::Raw { sql } => sql,
            Kind::Opaque { what } => what,
            _ => continue,
        };
        if !case.migration.downgrade_is_clear() && may_be_undone(case, &operation.kind)
            || takes_what_a_block_makes(case, operation)
            || has_a_counterpart(case, &operation.kind)
        {
            continue;
        }
        let is_code = matches!(operation.kind, Kind::Raw { .. }) || what.ends_with(')');
        let what = if is_code { format!("what `{what}` does") } else { what.clone() };
        findings.add(
            operation.line,
            format!(
                "{what} cannot be read here, and nothing in `downgrade()` could be its reverse; look at it"
            ),
        );
    }
}

/// Whether the downgrade has what reverses such a call of Alembic, of which only the names are not known.
fn has_a_counterpart(case: &Case<'_>, kind: &Kind) -> bool {
    let Kind::Opaque { what } = kind else { return false };
    let Some(call) = what.strip_prefix("op.").and_then(|call| call.strip_suffix("(…)")) else {
        return false;
    };
    case.migration.down().iter().any(|down| match call {
        "add_column" => matches!(down.kind, Kind::DropColumn { .. }),
        "drop_column" => matches!(down.kind, Kind::AddColumn { .. }),
        "create_table" => matches!(down.kind, Kind::DropTable { .. }),
        "drop_table" => matches!(down.kind, Kind::CreateTable { .. }),
        "create_index" => matches!(down.kind, Kind::DropIndex { .. }),
        "drop_index" => matches!(down.kind, Kind::CreateIndex { .. }),
        "drop_constraint" => matches!(down.kind, Kind::CreateConstraint { .. }),
        call => call.starts_with("create_") && matches!(down.kind, Kind::DropConstraint { .. }),
    })
}

/// Whether the downgrade drops something that a block (`DO $$ … $$`) of the upgrade names, and that is this database's own: a role may
/// have been there for others.
fn takes_what_a_block_makes(case: &Case<'_>, operation: &Operation) -> bool {
    let Kind::Raw { sql } = &operation.kind else { return false };
    if !sql.get(..2).is_some_and(|verb| verb.eq_ignore_ascii_case("do")) {
        return false;
    }
    let words: Vec<String> = operation.said.texts.iter().flat_map(|text| names(text)).collect();
    case.migration.down().iter().any(|down| match &down.kind {
        Kind::Drop { object, name, .. } => *object != ObjectKind::Role && mentions(&words, name),
        Kind::DropTable { table: name, .. }
        | Kind::DropColumn { column: name, .. }
        | Kind::DropIndex { name, .. }
        | Kind::DropConstraint { name: Some(name), .. } => mentions(&words, name),
        _ => false,
    })
}

/// Whether something in the downgrade that cannot be read either could be the reverse: anything but a statement about other names.
fn may_be_undone(case: &Case<'_>, kind: &Kind) -> bool {
    let Kind::Raw { sql } = kind else { return true };
    let begins = |text: &str| {
        let first = text.split_whitespace().next().unwrap_or_default().to_uppercase();
        matches!(first.as_str(), "CREATE" | "ALTER" | "DROP")
    };
    let own = names(sql);
    if !begins(sql) || own.is_empty() {
        return true;
    }
    case.migration.down().iter().any(|down| match &down.kind {
        Kind::Raw { sql } => {
            !begins(sql) || sql.ends_with('…') || names(sql).iter().any(|name| own.contains(name))
        }
        kind => kind.is_opaque(),
    })
}

fn rows_stay(case: &Case<'_>, findings: &mut Findings<'_>) {
    if !case.comes_back() || !case.migration.downgrade_is_clear() {
        return;
    }
    let mut told: Vec<&str> = Vec::new();
    for operation in &case.migration.upgrade {
        let Kind::Insert { table, .. } = &operation.kind else { continue };
        let removed = case.migration.down().iter().any(|down| match &down.kind {
            Kind::Delete { table: own, .. }
            | Kind::Truncate { table: own }
            | Kind::DropTable { table: own, .. } => own.eq_ignore_ascii_case(table),
            Kind::RenameTable { from, to } => {
                from.eq_ignore_ascii_case(table) || to.eq_ignore_ascii_case(table)
            }
            _ => false,
        });
        let made = case.makes_table(table);
        if !removed && !made && case.is_old_table(table) && !told.contains(&table.as_str()) {
            told.push(table);
            // A DELETE elsewhere may take them along.
            let deletes = case.migration.down().iter().any(|down| matches!(down.kind, Kind::Delete { .. }));
            findings.add_as(
                certainly(!deletes && case.surely_changes(operation)),
                operation.line,
                format!("rows are inserted into `{table}`, and `downgrade()` does not remove them; delete them by their keys"),
            );
        }
    }
}
