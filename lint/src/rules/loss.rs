//! MRT2xx: rows, values and what keeps them are lost.

mod fate;
mod rows;

use mrt_chain::settings::EngineKind;

use fate::{Fate, column_fate, elsewhere};
pub(super) use rows::{dropped_tables, removed_rows};

use super::{Case, Check, Findings, Rule, Shows};
use crate::case::certainly;
use crate::finding::Severity;
use crate::operation::{ConstraintRule, Kind, ObjectKind, Operation, Setting, Written};
use crate::sql::mentions;
use crate::undo::{Object, Part};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "MRT201",
        name: "column dropped",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Rows, Shows::Schema],
        about: "`upgrade()` drops a column, and the downgrade brings back an empty one: the values are gone. Copy them to a table \
                of their own before and write them back, or drop the column in a later release, when nobody will roll back over it.",
        bad: "def upgrade():\n    op.drop_column(\"users\", \"phone\")\n\n\n\
              def downgrade():\n    op.add_column(\"users\", sa.Column(\"phone\", sa.String(20)))\n",
        good: KEPT_COLUMN,
        check: Check::Migration(column_dropped),
    },
    Rule {
        code: "MRT202",
        name: "table dropped",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Rows, Shows::Schema],
        about: "`upgrade()` drops a table with its rows, and the downgrade makes an empty one. Rename it out of the way instead, and \
                drop it in a later release.",
        bad: "def upgrade():\n    op.drop_table(\"sessions\")\n\n\n\
              def downgrade():\n    op.create_table(\"sessions\", sa.Column(\"id\", sa.Integer(), primary_key=True))\n",
        good: "def upgrade():\n    op.rename_table(\"sessions\", \"sessions_archived\")\n\n\n\
               def downgrade():\n    op.rename_table(\"sessions_archived\", \"sessions\")\n",
        check: Check::Migration(rows::table_dropped),
    },
    Rule {
        code: "MRT203",
        name: "rows removed",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Rows],
        about: "`upgrade()` removes rows (TRUNCATE, or DELETE), and nothing in `downgrade()` brings them back. Copy them to a table \
                of their own before, and insert them again. A DELETE with a condition is a warning.",
        bad: "def upgrade():\n    op.execute(\"TRUNCATE TABLE event_log\")\n\n\n\
              def downgrade():\n    op.drop_index(\"ix_event_log\", table_name=\"event_log\", if_exists=True)\n",
        good: "def upgrade():\n    op.create_table(\"event_log_old\", sa.Column(\"id\", sa.Integer(), primary_key=True))\n    \
               op.execute(\"INSERT INTO event_log_old (id) SELECT id FROM event_log\")\n    op.execute(\"DELETE FROM event_log\")\n\n\n\
               def downgrade():\n    op.execute(\"INSERT INTO event_log (id) SELECT id FROM event_log_old\")\n    \
               op.drop_table(\"event_log_old\")\n",
        check: Check::Migration(rows::rows_removed),
    },
    Rule {
        code: "MRT204",
        name: "deletes pass on",
        severity: Severity::Warning,
        engines: &[],
        shows: &[Shows::Rows],
        about: "An older table gets a foreign key with ON DELETE CASCADE: from now on its rows go with those that they refer to, also \
                where a migration rebuilds or empties the other table. DROP … CASCADE takes along what nobody has named. Say what is \
                meant to go.",
        bad: "def upgrade():\n    op.create_foreign_key(\"fk_posts\", \"posts\", \"users\", [\"user_id\"], [\"id\"], ondelete=\"CASCADE\")\n\n\n\
              def downgrade():\n    op.drop_constraint(\"fk_posts\", \"posts\", type_=\"foreignkey\")\n",
        good: "def upgrade():\n    op.create_foreign_key(\"fk_posts\", \"posts\", \"users\", [\"user_id\"], [\"id\"])\n\n\n\
               def downgrade():\n    op.drop_constraint(\"fk_posts\", \"posts\", type_=\"foreignkey\")\n",
        check: Check::Migration(cascades),
    },
    Rule {
        code: "MRT205",
        name: "foreign key not made again",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Schema],
        about: "`upgrade()` drops a foreign key that `downgrade()` does not make again: rows may refer to nothing from then on.",
        bad: "def upgrade():\n    op.drop_constraint(\"fk_posts\", \"posts\", type_=\"foreignkey\")\n    op.create_table(\"tags\", sa.Column(\"id\", sa.Integer()))\n\n\n\
              def downgrade():\n    op.drop_table(\"tags\")\n",
        good: "def upgrade():\n    op.drop_constraint(\"fk_posts\", \"posts\", type_=\"foreignkey\")\n\n\n\
               def downgrade():\n    op.create_foreign_key(\"fk_posts\", \"posts\", \"users\", [\"user_id\"], [\"id\"])\n",
        check: Check::Migration(foreign_key_lost),
    },
    Rule {
        code: "MRT206",
        name: "column dropped in a batch",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Rows, Shows::Schema],
        about: "As MRT201, inside of `op.batch_alter_table`.",
        bad: "def upgrade():\n    with op.batch_alter_table(\"users\") as batch:\n        batch.drop_column(\"phone\")\n\n\n\
              def downgrade():\n    with op.batch_alter_table(\"users\") as batch:\n        batch.add_column(sa.Column(\"phone\", sa.String(20)))\n",
        good: KEPT_COLUMN,
        check: Check::Migration(column_dropped_in_batch),
    },
    Rule {
        code: "MRT207",
        name: "view not made again",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Schema],
        about: "`upgrade()` drops a view that `downgrade()` does not make again: whatever reads it fails after the rollback.",
        bad: "def upgrade():\n    op.execute(\"DROP VIEW active_users\")\n    op.create_table(\"tags\", sa.Column(\"id\", sa.Integer()))\n\n\n\
              def downgrade():\n    op.drop_table(\"tags\")\n",
        good: "def upgrade():\n    op.execute(\"DROP VIEW active_users\")\n\n\n\
               def downgrade():\n    op.execute(\"CREATE VIEW active_users AS SELECT id FROM users\")\n",
        check: Check::Migration(view_lost),
    },
    Rule {
        code: "MRT208",
        name: "moved and dropped in one step",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Rows, Shows::Schema],
        about: "One revision adds a column, fills it, and drops the column that the values came from, and the downgrade does not go \
                the same way back. Make three releases of it: add and fill; write both; drop.",
        bad: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"full_name\", sa.String(80)))\n    \
              op.execute(\"UPDATE users SET full_name = first_name || ' ' || last_name\")\n    op.drop_column(\"users\", \"first_name\")\n\n\n\
              def downgrade():\n    op.add_column(\"users\", sa.Column(\"first_name\", sa.String(40)))\n    op.drop_column(\"users\", \"full_name\")\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"full_name\", sa.String(80)))\n    \
               op.execute(\"UPDATE users SET full_name = first_name || ' ' || last_name\")\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"full_name\")\n",
        check: Check::Migration(several_steps),
    },
    Rule {
        code: "MRT213",
        name: "NOT NULL reads the whole table under a lock",
        severity: Severity::Note,
        engines: &[EngineKind::Postgres],
        shows: &[],
        about: "SET NOT NULL on an older column reads every row while nobody may use the table. With a CHECK (… IS NOT NULL) that was \
                added NOT VALID and validated before, PostgreSQL has nothing to read.",
        bad: "def upgrade():\n    op.alter_column(\"users\", \"email\", existing_type=sa.String(80), nullable=False)\n\n\n\
              def downgrade():\n    op.alter_column(\"users\", \"email\", existing_type=sa.String(80), nullable=True)\n",
        good: "def upgrade():\n    op.execute(\"ALTER TABLE users ADD CONSTRAINT email_there CHECK (email IS NOT NULL) NOT VALID\")\n\n\n\
               def downgrade():\n    op.execute(\"ALTER TABLE users DROP CONSTRAINT email_there\")\n",
        check: Check::Migration(not_null_locks),
    },
];

const KEPT_COLUMN: &str = "def upgrade():\n    op.create_table(\n        \"users_phone\",\n        \
     sa.Column(\"user_id\", sa.Integer(), primary_key=True),\n        sa.Column(\"phone\", sa.String(20)),\n    )\n    \
     op.execute(\"INSERT INTO users_phone (user_id, phone) SELECT id, phone FROM users\")\n    \
     with op.batch_alter_table(\"users\") as batch:\n        batch.drop_column(\"phone\")\n\n\n\
     def downgrade():\n    with op.batch_alter_table(\"users\") as batch:\n        batch.add_column(sa.Column(\"phone\", sa.String(20)))\n    \
     op.execute(\"UPDATE users SET phone = (SELECT phone FROM users_phone WHERE user_id = users.id)\")\n    \
     op.drop_table(\"users_phone\")\n";

fn column_dropped(case: &Case<'_>, findings: &mut Findings<'_>) {
    dropped_columns(case, findings, |written| !matches!(written, Written::Batch | Written::Django));
    if case.comes_back() {
        attribute_dropped(case, findings);
    }
}

fn column_dropped_in_batch(case: &Case<'_>, findings: &mut Findings<'_>) {
    dropped_columns(case, findings, |written| written == Written::Batch);
}

/// The columns with values of old rows that the upgrade drops.
fn drops<'a>(case: &Case<'a>) -> impl Iterator<Item = (usize, &'a Operation, &'a str, &'a str)> {
    let case = *case;
    let dropped =
        case.migration.upgrade.iter().enumerate().filter_map(|(at, operation)| match &operation.kind {
            Kind::DropColumn { table, column, .. } => Some((at, operation, table.as_str(), column.as_str())),
            _ => None,
        });
    dropped.filter(move |(_, _, table, column)| {
        let is_generated = case
            .before
            .column(table, column)
            .is_some_and(|facts| facts.get("generated").is_some_and(|text| text != "no"));
        case.is_old_table(table) && case.was_there(&Object::column(table, column)) && !is_generated
    })
}

pub(super) fn dropped_columns(
    case: &Case<'_>,
    findings: &mut Findings<'_>,
    wanted: impl Fn(Written) -> bool,
) {
    if case.migration.downgrade.is_none() || case.migration.refuses() {
        return;
    }
    for (at, operation, table, column) in drops(case).filter(|(_, operation, ..)| wanted(operation.written)) {
        match column_fate(case, at, table, column) {
            Fate::Lost => findings.add_as(
                certainly(!operation.conditional),
                operation.line,
                format!(
                    "`{table}.{column}` is dropped, and `downgrade()` writes nothing into it: every value is lost; copy the values \
                     before, and write them back"
                ),
            ),
            Fate::MadeUp => findings.add_as(
                Severity::Warning,
                operation.line,
                format!(
                    "`{table}.{column}` is dropped without a copy, and `downgrade()` fills it with something else; make sure that \
                     this is what it was"
                ),
            ),
            Fate::Rewritten => findings.add_as(
                Severity::Warning,
                operation.line,
                format!(
                    "`{table}.{column}` is dropped, and what was kept of it is another form (a cast, a function, parts put together): \
                     make sure that `downgrade()` can tell from it what every value was"
                ),
            ),
            Fate::Kept => {
                if let Some((line, from, kept)) = elsewhere(case, at, table, column) {
                    findings.add_as(
                        certainly(!operation.conditional),
                        line,
                        format!("`{table}.{column}` comes back from {from}, though its values were kept in `{kept}`; copy them back from there"),
                    );
                }
            }
        }
    }
}

/// A part of a composite type is dropped, with what it holds in every row.
fn attribute_dropped(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in &case.migration.upgrade {
        if let Kind::Alter { object: ObjectKind::Type, name, what } = &operation.kind
            && what.to_uppercase().starts_with("DROP ATTRIBUTE")
        {
            findings.add_as(
                Severity::Warning,
                operation.line,
                format!("an attribute of `{name}` is dropped, and comes back empty: copy what rows hold in it before"),
            );
        }
    }
}

fn cascades(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in &case.migration.upgrade {
        match &operation.kind {
            Kind::CreateConstraint { table, constraint, .. } => cascade(case, findings, operation, table, &constraint.rule),
            Kind::AddColumn { table, column, .. } => {
                for key in &column.foreign_keys {
                    cascade(case, findings, operation, table, &key.rule);
                }
            }
            Kind::DropTable { table, cascade: true, .. } => findings.add(
                operation.line,
                format!("DROP TABLE … CASCADE takes along views and keys that hang on `{table}`; name what is meant to go"),
            ),
            _ => {}
        }
    }
}

fn cascade(
    case: &Case<'_>,
    findings: &mut Findings<'_>,
    operation: &Operation,
    table: &str,
    rule: &ConstraintRule,
) {
    let ConstraintRule::ForeignKey { table: referred, on_delete: Setting::Is(action), .. } = rule else {
        return;
    };
    if action == "CASCADE" && case.is_old_table(table) {
        findings.add_as(
            Severity::Note,
            operation.line,
            format!(
                "rows of `{table}` go from now on with those of `{}` that they refer to (ON DELETE CASCADE); make sure that this is meant",
                referred.as_deref().unwrap_or("another table")
            ),
        );
    }
}

fn foreign_key_lost(case: &Case<'_>, findings: &mut Findings<'_>) {
    for gap in case.missing().filter(|gap| gap.object.part == Part::Constraint) {
        if case.is_foreign_key(gap) {
            findings.add_as(
                certainly(gap.certain),
                case.line(gap),
                format!("the foreign key `{}` is dropped, and `downgrade()` does not make it again; make it again", gap.object),
            );
        }
    }
}

fn view_lost(case: &Case<'_>, findings: &mut Findings<'_>) {
    for gap in case.missing().filter(|gap| gap.object.part == Part::Other(ObjectKind::View)) {
        findings.add_as(
            certainly(gap.certain),
            case.line(gap),
            format!(
                "the view `{}` is dropped, and `downgrade()` does not make it again; make it again",
                gap.object
            ),
        );
    }
}

fn several_steps(case: &Case<'_>, findings: &mut Findings<'_>) {
    if !case.comes_back() {
        return;
    }
    for (at, operation, table, column) in drops(case) {
        let earlier = &case.migration.upgrade[..at];
        let adds = earlier
            .iter()
            .any(|other| matches!(&other.kind, Kind::AddColumn { table: own, .. } if own == table));
        let moves = earlier.iter().any(|other| {
            matches!(&other.kind, Kind::Update { table: own, reads, .. } if own == table && mentions(reads, column))
        });
        if adds && moves && column_fate(case, at, table, column) == Fate::Lost {
            findings.add_as(
                certainly(!operation.conditional),
                operation.line,
                format!(
                    "the values of `{table}.{column}` are moved and the column is dropped in one step, and `downgrade()` does not move \
                     them back; make separate releases of it, or move them back"
                ),
            );
        }
    }
}

fn not_null_locks(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in &case.migration.upgrade {
        if let Kind::AlterColumn { table, column, change } = &operation.kind
            && change.nullable == Some(false)
            && case.is_old_table(table)
        {
            findings.add(
                operation.line,
                format!(
                    "SET NOT NULL on `{table}.{column}` reads the whole table while nobody may use it; validate a CHECK \
                     ({column} IS NOT NULL) before"
                ),
            );
        }
    }
}
