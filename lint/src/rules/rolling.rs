//! MRT7xx: what breaks the version before, which still runs while a new one is rolled out. These rules look only where they are
//! asked for: a deployment that stops everything first has none of these troubles.

use super::change::is_wider;
use super::{Case, Check, Findings, Rule};
use crate::case::certainly;
use crate::finding::Severity;
use crate::operation::{Kind, Operation, Setting};
use crate::undo::Object;

/// How the codes begin.
pub(super) const FAMILY: &str = "MRT7";

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "MRT701",
        name: "column dropped under the version before",
        severity: Severity::Error,
        engines: &[],
        shows: &[],
        about: "Looked for with `--rolling`. The version that still runs reads and writes the column, and fails from the moment that it is \
                gone. First deploy a version that no longer names it; drop it in the release after that, and silence this line.",
        bad: "def upgrade():\n    op.drop_column(\"users\", \"phone\")\n\n\n\
              def downgrade():\n    op.add_column(\"users\", sa.Column(\"phone\", sa.String(20)))\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"mobile\", sa.String(20)))\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"mobile\")\n",
        check: Check::Migration(column_dropped),
    },
    Rule {
        code: "MRT702",
        name: "column renamed under the version before",
        severity: Severity::Error,
        engines: &[],
        shows: &[],
        about: "Looked for with `--rolling`. The version that still runs knows the old name alone. Add a column of the new name, fill it, \
                let the code write both, and drop the old one when nothing reads it.",
        bad: "def upgrade():\n    op.alter_column(\"users\", \"name\", new_column_name=\"full_name\")\n\n\n\
              def downgrade():\n    op.alter_column(\"users\", \"full_name\", new_column_name=\"name\")\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"full_name\", sa.String(80)))\n    \
               op.execute(\"UPDATE users SET full_name = name\")\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"full_name\")\n",
        check: Check::Migration(column_renamed),
    },
    Rule {
        code: "MRT703",
        name: "table dropped or renamed under the version before",
        severity: Severity::Error,
        engines: &[],
        shows: &[],
        about: "Looked for with `--rolling`. The version that still runs asks for the table under its name. First deploy a version that no \
                longer does; drop or rename the table in the release after that.",
        bad: "def upgrade():\n    op.rename_table(\"users\", \"accounts\")\n\n\ndef downgrade():\n    op.rename_table(\"accounts\", \"users\")\n",
        good: "def upgrade():\n    op.create_table(\"accounts\", sa.Column(\"id\", sa.Integer(), primary_key=True))\n\n\n\
               def downgrade():\n    op.drop_table(\"accounts\")\n",
        check: Check::Migration(table_gone),
    },
    Rule {
        code: "MRT704",
        name: "column that the version before does not fill",
        severity: Severity::Error,
        engines: &[],
        shows: &[],
        about: "Looked for with `--rolling`. A new column is NOT NULL and has no `server_default` when the upgrade ends: the version that \
                still runs does not know it, and each row that it inserts is refused. Give it a default, or make it NOT NULL a release later.",
        bad: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"score\", sa.Integer(), nullable=False))\n\n\n\
              def downgrade():\n    op.drop_column(\"users\", \"score\")\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"score\", sa.Integer(), nullable=False, server_default=\"0\"))\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"score\")\n",
        check: Check::Migration(column_unfilled),
    },
    Rule {
        code: "MRT705",
        name: "type changed under the version before",
        severity: Severity::Warning,
        engines: &[],
        shows: &[],
        about: "Looked for with `--rolling`. A column gets another type, and not one that only has more room: the version that still runs \
                sends and expects values of the old one. Add a column of the new type beside it.",
        bad: "def upgrade():\n    op.alter_column(\"users\", \"age\", existing_type=sa.String(10), type_=sa.Integer(), postgresql_using=\"age::int\")\n\n\n\
              def downgrade():\n    op.alter_column(\"users\", \"age\", existing_type=sa.Integer(), type_=sa.String(10))\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"age_in_years\", sa.Integer()))\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"age_in_years\")\n",
        check: Check::Migration(type_changed),
    },
];

/// Whether what an operation takes away was there before the upgrade, and is not there behind it under the same name.
fn is_taken(case: &Case<'_>, object: &Object) -> bool {
    let after = case.undo.after_upgrade(case.before, object);
    case.was_there(object) && after.is_none_or(|state| state.facts.is_none())
}

fn is_column_taken(case: &Case<'_>, table: &str, column: &str) -> bool {
    case.is_old_table(table) && is_taken(case, &Object::column(table, column))
}

fn add(findings: &mut Findings<'_>, operation: &Operation, message: String) {
    findings.add_as(certainly(!operation.conditional), operation.line, message);
}

fn column_dropped(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in &case.migration.upgrade {
        if let Kind::DropColumn { table, column, .. } = &operation.kind
            && is_column_taken(case, table, column)
        {
            let message = format!(
                "`{table}.{column}` is dropped while the version before still names it; first deploy one that does not"
            );
            add(findings, operation, message);
        }
    }
}

fn column_renamed(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in &case.migration.upgrade {
        if let Kind::AlterColumn { table, column, change } = &operation.kind
            && let Some(name) = change.name.as_ref().filter(|name| *name != column)
            && is_column_taken(case, table, column)
        {
            let message = format!(
                "`{table}.{column}` becomes `{name}` while the version before still names it; add a column and keep both"
            );
            add(findings, operation, message);
        }
    }
}

fn table_gone(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in &case.migration.upgrade {
        let (table, what) = match &operation.kind {
            Kind::DropTable { table, .. } => (table, "is dropped".to_owned()),
            Kind::RenameTable { from, to } => (from, format!("becomes `{to}`")),
            _ => continue,
        };
        if is_taken(case, &Object::table(table)) {
            let message = format!(
                "`{table}` {what} while the version before still asks for it; first deploy one that does not"
            );
            add(findings, operation, message);
        }
    }
}

fn column_unfilled(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in &case.migration.upgrade {
        let Kind::AddColumn { table, column, .. } = &operation.kind else { continue };
        let server_fills = column.automatic || column.generated.is_some();
        if server_fills || !case.is_old_table(table) {
            continue;
        }
        let after = case.undo.after_upgrade(case.before, &Object::column(table, &column.name));
        let refuses = match after.map(|state| &state.facts) {
            Some(Some(facts)) => {
                facts.get("nullable") == Some("NOT NULL") && facts.get("default") == Some("none")
            }
            Some(None) => false,
            None => column.nullable == Some(false) && column.default == Setting::None,
        };
        if refuses {
            let message = format!(
                "`{table}.{}` is NOT NULL and has no `server_default`: the version before inserts rows without it; give one",
                column.name
            );
            add(findings, operation, message);
        }
    }
}

fn type_changed(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in &case.migration.upgrade {
        let Kind::AlterColumn { table, column, change } = &operation.kind else { continue };
        let Some(ty) = &change.ty else { continue };
        let known = case.before.column(table, column).and_then(|facts| facts.get("type").map(str::to_owned));
        let old = known.or_else(|| change.existing_type.as_ref().map(|ty| ty.text.clone()));
        let harmless = match (&old, ty) {
            (Some(old), Some(new)) => is_wider(old, &new.text),
            // A column that is said anew, and nobody knows what it was.
            _ => change.restated,
        };
        if !harmless && case.was_there(&Object::column(table, column)) {
            let new = ty.as_ref().map_or("another type".to_owned(), |ty| format!("`{}`", ty.text));
            findings.add(
                operation.line,
                format!("`{table}.{column}` becomes {new} while the version before still sends and expects the old type; add a column"),
            );
        }
    }
}
