//! MRT80x: the downgrade does not undo the upgrade, object by object.

use super::{Case, Check, Findings, Rule, Shows};
use mrt_chain::settings::EngineKind;

use crate::case::certainly;
use crate::finding::Severity;
use crate::operation::{Kind, ObjectKind, Setting, Written};
use crate::undo::{Loss, Object, Part, Problem};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "MRT801",
        name: "left behind",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Rows, Shows::Schema, Shows::Failure],
        about: "`upgrade()` makes a table, column, index, constraint, view or function that is still there after `downgrade()`: the next \
                upgrade fails on it. Drop it.",
        bad: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"score\", sa.Integer()))\n    op.add_column(\"users\", sa.Column(\"level\", sa.Integer()))\n\n\n\
              def downgrade():\n    op.drop_column(\"users\", \"level\")\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"score\", sa.Integer()))\n    op.add_column(\"users\", sa.Column(\"level\", sa.Integer()))\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"level\")\n    op.drop_column(\"users\", \"score\")\n",
        check: Check::Migration(left_behind),
    },
    Rule {
        code: "MRT802",
        name: "not brought back",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Schema],
        about: "`upgrade()` drops a table, column, trigger, function, sequence or type that `downgrade()` does not make again, or \
                `downgrade()` drops what the upgrade has not made.",
        bad: "def upgrade():\n    op.execute(\"DROP TRIGGER touch ON users\")\n    op.create_table(\"tags\", sa.Column(\"id\", sa.Integer()))\n\n\n\
              def downgrade():\n    op.drop_table(\"tags\")\n",
        good: "def upgrade():\n    op.execute(\"DROP TRIGGER touch ON users\")\n\n\n\
               def downgrade():\n    op.execute(\"CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch()\")\n",
        check: Check::Migration(not_back),
    },
    Rule {
        code: "MRT803",
        name: "comes back differently",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Rows, Shows::Schema],
        about: "An object comes back with another default, uniqueness, order, condition or action than it had. It is compared with what \
                earlier revisions have made of it.",
        bad: "def upgrade():\n    op.create_table(\"users\", sa.Column(\"a\", sa.Integer()), sa.Column(\"b\", sa.Integer()))\n    \
              op.create_index(\"ix_users\", \"users\", [\"a\", \"b\"])\n\n\ndef downgrade():\n    op.drop_table(\"users\")\n\
              # the next revision\ndef upgrade():\n    op.drop_index(\"ix_users\", table_name=\"users\")\n\n\n\
              def downgrade():\n    op.create_index(\"ix_users\", \"users\", [\"b\", \"a\"])\n",
        good: "def upgrade():\n    op.create_table(\"users\", sa.Column(\"a\", sa.Integer()), sa.Column(\"b\", sa.Integer()))\n    \
              op.create_index(\"ix_users\", \"users\", [\"a\", \"b\"])\n\n\ndef downgrade():\n    op.drop_table(\"users\")\n\
              # the next revision\ndef upgrade():\n    op.drop_index(\"ix_users\", table_name=\"users\")\n\n\n\
              def downgrade():\n    op.create_index(\"ix_users\", \"users\", [\"a\", \"b\"])\n",
        check: Check::Migration(differs),
    },
    Rule {
        code: "MRT804",
        name: "step meets what cannot be",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Failure],
        about: "A step makes what is there already, or changes or drops what is not there: it will fail. Mostly the steps of the \
                downgrade stand in the wrong order.",
        bad: "def upgrade():\n    op.create_table(\"tags\", sa.Column(\"id\", sa.Integer()))\n    op.create_index(\"ix_tags\", \"tags\", [\"id\"])\n\n\n\
              def downgrade():\n    op.drop_table(\"tags\")\n    op.drop_column(\"tags\", \"id\")\n",
        good: "def upgrade():\n    op.create_table(\"tags\", sa.Column(\"id\", sa.Integer()))\n\n\n\
               def downgrade():\n    op.drop_table(\"tags\")\n",
        check: Check::Migration(clashes),
    },
    Rule {
        code: "MRT805",
        name: "downgrade meets new rows",
        severity: Severity::Warning,
        engines: &[],
        shows: &[Shows::Failure],
        about: "`upgrade()` takes a NOT NULL or a unique constraint away and `downgrade()` demands it again, though rows that were written \
                meanwhile may break it. Fill or clean them in the downgrade, before.",
        bad: "def upgrade():\n    with op.batch_alter_table(\"users\") as batch:\n        batch.alter_column(\"company\", existing_type=sa.String(80), nullable=True)\n\n\n\
              def downgrade():\n    with op.batch_alter_table(\"users\") as batch:\n        batch.alter_column(\"company\", existing_type=sa.String(80), nullable=False)\n",
        good: "def upgrade():\n    with op.batch_alter_table(\"users\") as batch:\n        batch.alter_column(\"company\", existing_type=sa.String(80), nullable=True)\n\n\n\
               def downgrade():\n    op.execute(\"UPDATE users SET company = '' WHERE company IS NULL\")\n    \
               with op.batch_alter_table(\"users\") as batch:\n        batch.alter_column(\"company\", existing_type=sa.String(80), nullable=False)\n",
        check: Check::Migration(meets_new_rows),
    },
];

fn left_behind(case: &Case<'_>, findings: &mut Findings<'_>) {
    for gap in case.left() {
        // Sequences, triggers and types have rules of their own; what a rename leaves has one, too.
        if matches!(
            gap.object.part,
            Part::Other(ObjectKind::Sequence | ObjectKind::Trigger | ObjectKind::Type)
        ) || (!matches!(gap.object.part, Part::Other(_))
            && is_rename(case.up(gap).map(|operation| &operation.kind)))
        {
            continue;
        }
        findings.add_as(
            certainly(gap.certain),
            case.line(gap),
            format!(
                "{} `{}` stays after the rollback; let `downgrade()` drop it",
                noun(gap.object.part),
                gap.object
            ),
        );
    }
}

fn is_rename(kind: Option<&Kind>) -> bool {
    match kind {
        Some(Kind::RenameTable { .. }) => true,
        Some(Kind::AlterColumn { change, .. }) => change.name.is_some(),
        _ => false,
    }
}

fn not_back(case: &Case<'_>, findings: &mut Findings<'_>) {
    for gap in case.missing() {
        let of_another_rule =
            matches!(gap.object.part, Part::Index | Part::Constraint | Part::Other(ObjectKind::View));
        if of_another_rule || is_rename(case.up(gap).map(|operation| &operation.kind)) {
            continue;
        }
        let advice =
            if gap.up.is_some() { "make it again" } else { "do not drop it: the upgrade has not made it" };
        findings.add_as(
            certainly(gap.certain),
            case.line(gap),
            format!("{} `{}` is not there after the rollback; {advice}", noun(gap.object.part), gap.object),
        );
    }
}

fn differs(case: &Case<'_>, findings: &mut Findings<'_>) {
    for gap in case.gaps() {
        let Loss::Differs { attribute, before, after } = &gap.loss else { continue };
        if matches!(*attribute, "type" | "nullable" | "table" | "owner") {
            continue;
        }
        let was = before.as_deref().map_or("what it was".to_owned(), |before| format!("`{before}`"));
        let line = case
            .down(gap)
            .or_else(|| case.up(gap))
            .map_or(case.migration.downgrade_line, |operation| operation.line);
        findings.add_as(
            certainly(gap.certain),
            line,
            format!(
                "{} `{}` comes back with another {attribute}: `{after}` and not {was}; let `downgrade()` restore it",
                noun(gap.object.part),
                gap.object
            ),
        );
    }
}

fn noun(part: Part) -> String {
    match part {
        Part::Table => "the table".to_owned(),
        Part::Column => "the column".to_owned(),
        Part::Index => "the index".to_owned(),
        Part::Constraint => "the constraint".to_owned(),
        Part::Other(kind) => format!("the {kind}"),
    }
}

fn clashes(case: &Case<'_>, findings: &mut Findings<'_>) {
    for clash in &case.undo.clashes {
        let operations = if clash.in_upgrade { &case.migration.upgrade[..] } else { case.migration.down() };
        let Some(operation) = operations.get(clash.operation) else { continue };
        // Django makes the index that a foreign key needs before it drops the one that served.
        if clash.problem == Problem::Needed && operation.written == Written::Django {
            continue;
        }
        let step = if clash.in_upgrade { "upgrade" } else { "downgrade" };
        let what = match clash.problem {
            Problem::Exists => "is there already",
            Problem::Missing => "is not there",
            Problem::Needed => "is needed by a foreign key, which has to be dropped first",
            Problem::Referred => {
                "is referred to by a foreign key of another table, which has to be dropped first"
            }
            Problem::Viewed => "is read by a view, which has to be dropped first and made again afterwards",
            Problem::Defaulted => "has a default, which has to be dropped first (`mssql_drop_default=True`)",
            Problem::Unlike => {
                "joins columns whose types the server does not compare; give both the same type"
            }
            Problem::NotCast => "is not cast to its new type by the server itself; say how with USING",
            Problem::TooLong => "is too short for the text that is written into it",
            Problem::OtherCase => "is called by another case than it has, which the server tells apart",
            Problem::InKey => {
                "is part of the primary key, and is said to be NULL; say `existing_nullable=False`, or NOT NULL"
            }
            Problem::Unmade => "is made by no revision, and a column makes no type; `create()` it before",
        };
        // What a constraint is called hangs on the engine and on naming conventions.
        let by_name = !matches!(clash.problem, Problem::Unlike | Problem::NotCast);
        let folds = matches!(case.engine, EngineKind::MySql | EngineKind::MariaDb);
        // Where a suite has other engines as well, nobody writes for SQL Server alone.
        let may_be_otherwise = matches!(clash.problem, Problem::Defaulted | Problem::Unmade)
            || (clash.object.part == Part::Constraint && by_name)
            || (clash.problem == Problem::OtherCase && folds);
        findings.add_as(
            certainly(!may_be_otherwise),
            operation.line,
            format!(
                "`{step}()` fails here: {} `{}` {what}{}",
                noun(clash.object.part),
                clash.object,
                if matches!(clash.problem, Problem::Exists | Problem::Missing) {
                    "; look at the order of the steps"
                } else {
                    ""
                }
            ),
        );
    }
}

fn meets_new_rows(case: &Case<'_>, findings: &mut Findings<'_>) {
    if !case.comes_back() {
        return;
    }
    labels_in_use(case, findings);
    for (at, operation) in case.migration.down().iter().enumerate() {
        let (table, what) = match &operation.kind {
            Kind::AlterColumn { table, column, change }
                if change.nullable == Some(false) && !change.fills && loosened(case, table, column) =>
            {
                (
                    table,
                    format!(
                        "`{table}.{column}` becomes NOT NULL again, and rows written meanwhile may have NULL"
                    ),
                )
            }
            Kind::AddColumn { table, column, .. }
                if column.nullable == Some(false)
                    && column.default == Setting::None
                    && column.generated.is_none()
                    && !column.automatic
                    && !column.primary_key
                    && case.is_old_table(table) =>
            {
                (
                    table,
                    format!(
                        "`{table}.{}` comes back NOT NULL and without a `server_default`: rows have no value for it",
                        column.name
                    ),
                )
            }
            Kind::CreateConstraint { table, constraint, .. }
                if constraint.rule == crate::operation::ConstraintRule::Unique
                    && case.is_old_table(table) =>
            {
                (
                    table,
                    format!(
                        "`{table} ({})` becomes unique again, and rows written meanwhile may have the same",
                        constraint.columns.join(", ")
                    ),
                )
            }
            Kind::CreateIndex { table, index, .. }
                if index.unique == Some(true) && case.is_old_table(table) =>
            {
                (
                    table,
                    format!(
                        "`{table} ({})` becomes unique again, and rows written meanwhile may have the same",
                        index.columns.as_ref().map_or("?".to_owned(), |columns| columns.join(", "))
                    ),
                )
            }
            _ => continue,
        };
        let prepared = case.migration.down()[..at].iter().any(|other| {
            other.kind.is_opaque() || other.kind.writes().is_some_and(|own| own.eq_ignore_ascii_case(table))
        });
        if !prepared && !stays_unique(case, &operation.kind) {
            findings
                .add(operation.line, format!("{what}: the downgrade fails then; fill or clean them before"));
        }
    }
}

/// A type that comes back without a label, while rows may have it.
fn labels_in_use(case: &Case<'_>, findings: &mut Findings<'_>) {
    let down = case.migration.down();
    if down.iter().any(|operation| operation.kind.writes().is_some()) {
        return;
    }
    for added in &case.migration.upgrade {
        let Kind::AddEnumValue { name, value } = &added.kind else { continue };
        let made = down.iter().find(|operation| match &operation.kind {
            Kind::Create { object: ObjectKind::Type, name: own, .. } => own.eq_ignore_ascii_case(name),
            _ => false,
        });
        if let Some(operation) = made {
            findings.add(
                operation.line,
                format!("`{name}` comes back without '{value}', and rows written meanwhile may have it: the downgrade fails then; change them before"),
            );
        }
    }
}

/// Whether something that the upgrade makes keeps as unique what the downgrade demands to be.
fn stays_unique(case: &Case<'_>, kind: &Kind) -> bool {
    let wanted = match kind {
        Kind::CreateConstraint { constraint, .. } => constraint.columns.clone(),
        Kind::CreateIndex { index, .. } => index.columns.clone().unwrap_or_default(),
        _ => return false,
    };
    case.migration.upgrade.iter().any(|operation| match &operation.kind {
        Kind::CreateConstraint { constraint, .. } => {
            constraint.rule == crate::operation::ConstraintRule::Unique
                && constraint.columns.iter().all(|column| wanted.contains(column))
        }
        Kind::CreateIndex { index, .. } => {
            index.unique == Some(true)
                && index
                    .columns
                    .as_ref()
                    .is_some_and(|columns| columns.iter().all(|column| wanted.contains(column)))
        }
        _ => false,
    })
}

/// Whether the upgrade lets a column be NULL that was not.
fn loosened(case: &Case<'_>, table: &str, column: &str) -> bool {
    let object = Object::column(table, column);
    case.migration.upgrade.iter().any(|operation| match &operation.kind {
        Kind::AlterColumn { table, column, change } => {
            change.nullable == Some(true) && Object::column(table, column) == object
        }
        _ => false,
    })
}
