//! MRT82x and MRT83x: what the suite's engines refuse. Here are whole statements; names, types and keys have files of their own.

pub(super) mod commits;
pub(super) mod keys;
pub(super) mod names;
mod reserved;
pub(super) mod types;

use mrt_chain::settings::EngineKind;

use super::{Case, Check, Findings, Rule, Shows};
use crate::finding::Severity;
use crate::operation::{ConstraintKind, Kind, ObjectKind, Operation, Refused, Written};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "MRT821",
        name: "constraint without a name",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Failure],
        about: "`op.drop_constraint(None, …)` cannot be rendered, unless a naming convention in env.py gives a name. Autogenerate writes \
                it for constraints that have none. Name the constraint where it is made, and where it is dropped.",
        bad: "def upgrade():\n    op.create_foreign_key(None, \"posts\", \"users\", [\"user_id\"], [\"id\"])\n\n\n\
              def downgrade():\n    op.drop_constraint(None, \"posts\", type_=\"foreignkey\")\n",
        good: "def upgrade():\n    op.create_foreign_key(\"fk_posts\", \"posts\", \"users\", [\"user_id\"], [\"id\"])\n\n\n\
               def downgrade():\n    op.drop_constraint(\"fk_posts\", \"posts\", type_=\"foreignkey\")\n",
        check: Check::Migration(unnamed),
    },
    Rule {
        code: "MRT822",
        name: "what wants no transaction in one",
        severity: Severity::Warning,
        engines: &[EngineKind::Postgres],
        shows: &[Shows::Failure],
        about: "PostgreSQL refuses CREATE or DROP INDEX CONCURRENTLY inside of a transaction, as it does VACUUM, REINDEX CONCURRENTLY, \
                CREATE DATABASE and ALTER SYSTEM, and Alembic begins one unless env.py says otherwise. Put it into `with op.get_context().autocommit_block():`.",
        bad: "def upgrade():\n    op.create_index(\"ix_email\", \"users\", [\"email\"], postgresql_concurrently=True)\n\n\n\
              def downgrade():\n    op.drop_index(\"ix_email\", table_name=\"users\")\n",
        good: "def upgrade():\n    with op.get_context().autocommit_block():\n        \
               op.create_index(\"ix_email\", \"users\", [\"email\"], postgresql_concurrently=True)\n\n\n\
               def downgrade():\n    op.drop_index(\"ix_email\", table_name=\"users\")\n",
        check: Check::Migration(concurrently),
    },
    Rule {
        code: "MRT823",
        name: "SQLite cannot alter this",
        severity: Severity::Error,
        engines: &[EngineKind::Sqlite],
        shows: &[Shows::Failure],
        about: "SQLite has no ALTER for types, NULL, defaults and constraints; Alembic refuses, or SQLite does. Put it into \
                `op.batch_alter_table`, which rebuilds the table.",
        bad: "def upgrade():\n    op.create_unique_constraint(\"uq_slug\", \"pages\", [\"slug\"])\n\n\n\
              def downgrade():\n    op.drop_constraint(\"uq_slug\", \"pages\", type_=\"unique\")\n",
        good: "def upgrade():\n    with op.batch_alter_table(\"pages\") as batch:\n        batch.create_check_constraint(\"ck_slug\", \"slug <> ''\")\n\n\n\
               def downgrade():\n    with op.batch_alter_table(\"pages\") as batch:\n        batch.drop_constraint(\"ck_slug\", type_=\"check\")\n",
        check: Check::Migration(sqlite),
    },
    Rule {
        code: "MRT824",
        name: "IF EXISTS where there is none",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Failure],
        about: "The engine does not know IF EXISTS or IF NOT EXISTS in this statement, and refuses it as a mistake of syntax: MySQL knows them \
                for whole tables and not for columns, indexes and constraints (MariaDB does), SQLite not for columns, SQL Server not where \
                something is made, PostgreSQL not for types, triggers, policies, roles and functions. Ask the server what there is, \
                or leave the words away: a chain knows what it has made.",
        bad: "def upgrade():\n    op.execute(\"CREATE TYPE IF NOT EXISTS mood AS ENUM ('sad', 'glad')\")\n\n\n\
              def downgrade():\n    op.execute(\"DROP TYPE IF EXISTS mood\")\n",
        good: "def upgrade():\n    op.execute(\"CREATE TYPE mood AS ENUM ('sad', 'glad')\")\n\n\n\
               def downgrade():\n    op.execute(\"DROP TYPE IF EXISTS mood\")\n",
        check: Check::Migration(if_exists),
    },
    Rule {
        code: "MRT825",
        name: "label used before it is committed",
        severity: Severity::Warning,
        engines: &[EngineKind::Postgres],
        shows: &[Shows::Failure],
        about: "PostgreSQL lets no statement use a label of an enum in the transaction that adds it, and Alembic runs a migration in one. \
                Add it in `with op.get_context().autocommit_block():`, or use it in a revision of its own with \
                `transaction_per_migration=True`.",
        bad: "def upgrade():\n    op.execute(\"ALTER TYPE mood ADD VALUE 'bored'\")\n    \
              op.execute(\"UPDATE people SET mood = 'bored' WHERE mood = 'sad'\")\n\n\n\
              def downgrade():\n    raise NotImplementedError\n",
        good: "def upgrade():\n    op.execute(\"ALTER TABLE people ADD CONSTRAINT mood_known CHECK (mood IN ('sad', 'bored')) NOT VALID\")\n\n\n\
               def downgrade():\n    op.execute(\"ALTER TABLE people DROP CONSTRAINT mood_known\")\n",
        check: Check::Migration(label_used),
    },
];

fn both<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a Operation> {
    case.migration.upgrade.iter().chain(case.migration.down())
}

fn unnamed(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in both(case) {
        if let Kind::DropConstraint { table, name: None, .. } = &operation.kind
            && matches!(operation.written, Written::Call | Written::Batch)
        {
            findings.add_as(
                Severity::Warning,
                operation.line,
                format!("a constraint of `{table}` is dropped without a name, which fails unless env.py has a naming convention; name it"),
            );
        }
    }
}

fn concurrently(case: &Case<'_>, findings: &mut Findings<'_>) {
    if case.migration.django.is_some() {
        return;
    }
    for operation in both(case).filter(|operation| !operation.autocommit) {
        let (Kind::CreateIndex { concurrently: true, .. } | Kind::DropIndex { concurrently: true, .. }) =
            &operation.kind
        else {
            continue;
        };
        findings.add(
            operation.line,
            format!(
                "`{}` fails inside of a transaction; put it into an `autocommit_block()`",
                operation.kind
            ),
        );
    }
    for Refused { what, line } in &case.migration.refused {
        findings.add(
            *line,
            format!("`{what}` fails inside of a transaction; put it into an `autocommit_block()`"),
        );
    }
}

/// What is surely done. Behind a condition that cannot be read may stand a question after the engine.
fn surely<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a Operation> {
    both(case).filter(|operation| !operation.conditional)
}

fn is_call(operation: &Operation) -> bool {
    matches!(operation.written, Written::Call | Written::Batch)
}

fn sqlite(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in surely(case).filter(|operation| operation.written != Written::Batch) {
        let by_alembic = operation.written == Written::Call;
        let fails = match &operation.kind {
            Kind::AlterColumn { change, .. } => {
                change.ty.is_some() || change.default.is_some() || (by_alembic && change.nullable.is_some())
            }
            Kind::CreateConstraint { constraint, .. } => {
                // New releases of SQLite add and drop a CHECK.
                by_alembic || constraint.rule.kind() != ConstraintKind::Check
            }
            Kind::DropConstraint { .. } => by_alembic,
            // Alembic makes their constraint by a statement of its own; in SQL a foreign key may stand at the column.
            Kind::AddColumn { column, .. } => {
                column.unique || if by_alembic { !column.foreign_keys.is_empty() } else { column.primary_key }
            }
            _ => false,
        };
        if fails {
            let what = match &operation.kind {
                Kind::AddColumn { table, column, .. } => {
                    format!("add `{table}.{}` with a constraint", column.name)
                }
                kind => format!("`{kind}`"),
            };
            findings.add(operation.line, format!("SQLite cannot {what}; put it into `op.batch_alter_table`"));
        }
    }
}

fn if_exists(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in surely(case) {
        if case.engine == EngineKind::Sqlite && operation.written == Written::Batch {
            continue;
        }
        if let Some(object) = with_if_exists(&operation.kind, case.engine, !is_call(operation)) {
            findings.add(
                operation.line,
                format!(
                    "`{object}` is made or dropped with an IF EXISTS or IF NOT EXISTS, which {} does not know there; leave it away, or ask \
                     the server before",
                    case.engine.title()
                ),
            );
        }
    }
}

/// What a step makes or drops with IF EXISTS or IF NOT EXISTS, where the engine does not know that. Of some calls Alembic leaves it
/// away.
fn with_if_exists(kind: &Kind, engine: EngineKind, is_sql: bool) -> Option<String> {
    use EngineKind::{MySql, Postgres, SqlServer, Sqlite};
    let (object, lacks) = match kind {
        Kind::CreateTable { table, exists_ok: true, .. } => (table.clone(), engine == SqlServer),
        Kind::AddColumn { table, column, exists_ok: true } => (
            format!("{table}.{}", column.name),
            matches!(engine, MySql | Sqlite) || (engine == SqlServer && is_sql),
        ),
        Kind::DropColumn { table, column, missing_ok: true } => {
            (format!("{table}.{column}"), matches!(engine, MySql | Sqlite))
        }
        Kind::CreateIndex { index, exists_ok: true, .. } => {
            (index.name.clone()?, engine == MySql || (engine == SqlServer && is_sql))
        }
        Kind::DropIndex { name, missing_ok: true, .. } => (name.clone(), engine == MySql),
        Kind::DropConstraint { name, missing_ok: true, .. } => (name.clone()?, engine == MySql && is_sql),
        Kind::Create { object, name, exists_ok: true, .. } => {
            let without = matches!(
                object,
                ObjectKind::Type
                    | ObjectKind::Trigger
                    | ObjectKind::Policy
                    | ObjectKind::Role
                    | ObjectKind::Function
                    | ObjectKind::Procedure
            );
            (name.clone(), engine == Postgres && is_sql && without)
        }
        _ => return None,
    };
    lacks.then_some(object)
}

fn label_used(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operations in [&case.migration.upgrade[..], case.migration.down()] {
        for (at, operation) in operations.iter().enumerate().filter(|(_, operation)| !operation.autocommit) {
            let Kind::AddEnumValue { name, value } = &operation.kind else { continue };
            let is_new = operations[..at].iter().any(|before| {
                matches!(&before.kind, Kind::Create { object: ObjectKind::Type, name: own, .. } if own.eq_ignore_ascii_case(name))
            });
            let used = operations[at + 1..].iter().take_while(|after| !after.autocommit).find(|after| {
                !matches!(after.kind, Kind::AddEnumValue { .. }) && after.said.texts.contains(value)
            });
            if let Some(used) = used.filter(|_| !is_new) {
                findings.add(
                    used.line,
                    format!("`{name}` has the label '{value}' only when this transaction is committed; add it in an `autocommit_block()`"),
                );
            }
        }
    }
}
