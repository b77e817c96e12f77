//! MRT82x and MRT83x: what the suite's engines refuse.

mod keys;
mod names;
mod reserved;
mod types;

use mrt_chain::settings::EngineKind;

use super::{Case, Check, Findings, Rule};
use crate::finding::Severity;
use crate::operation::{ConstraintKind, Kind, ObjectKind, Operation, Written};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "MRT821",
        name: "constraint without a name",
        severity: Severity::Error,
        engines: &[],
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
        name: "CONCURRENTLY inside of a transaction",
        severity: Severity::Warning,
        engines: &[EngineKind::Postgres],
        about: "PostgreSQL refuses CREATE or DROP INDEX CONCURRENTLY inside of a transaction, which Alembic begins unless env.py says \
                otherwise. Put it into `with op.get_context().autocommit_block():`.",
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
        name: "reserved word as a name",
        severity: Severity::Error,
        engines: &[],
        about: "SQL names a table or column without quotes by a word that the engine reserves: the statement does not parse. Each engine \
                has words of its own (`rank`, `groups` and `system` on MySQL, `user` and `offset` on PostgreSQL). Quote it, or let \
                Alembic's own operations do it, which know the words.",
        bad: "def upgrade():\n    op.execute(\"CREATE TABLE user (id INTEGER)\")\n\n\n\
              def downgrade():\n    op.execute('DROP TABLE \"user\"')\n",
        good: "def upgrade():\n    op.execute('CREATE TABLE \"user\" (id INTEGER)')\n\n\n\
               def downgrade():\n    op.execute('DROP TABLE \"user\"')\n",
        check: Check::Migration(names::reserved_word),
    },
    Rule {
        code: "MRT826",
        name: "name too long",
        severity: Severity::Error,
        engines: &[
            EngineKind::MySql,
            EngineKind::Postgres,
            EngineKind::MariaDb,
            EngineKind::SqlServer,
            EngineKind::Oracle,
        ],
        about: "A name is longer than the engine takes: 63 bytes on PostgreSQL, 64 characters on MySQL and MariaDB, 128 on SQL Server and \
                Oracle. PostgreSQL cuts it without a word, so that two names may become one (a note), but for indexes and constraints, which \
                SQLAlchemy refuses unless `op.f` or a naming convention gives the name; the others refuse it. Choose a shorter name.",
        bad: "def upgrade():\n    op.create_table(\"a_table_of_things_that_somebody_has_collected_over_a_good_many_years\", \
              sa.Column(\"id\", sa.Integer()))\n\n\n\
              def downgrade():\n    op.drop_table(\"a_table_of_things_that_somebody_has_collected_over_a_good_many_years\")\n",
        good: "def upgrade():\n    op.create_table(\"collected_things\", sa.Column(\"id\", sa.Integer()))\n\n\n\
               def downgrade():\n    op.drop_table(\"collected_things\")\n",
        check: Check::Migration(names::too_long),
    },
    Rule {
        code: "MRT827",
        name: "type of another engine",
        severity: Severity::Error,
        engines: &[],
        about: "A column gets a type that the engine does not have (JSONB or an array on MySQL, TINYINT on PostgreSQL, …): SQLAlchemy cannot \
                render it, or the server refuses it. On SQLite it is a warning, since projects teach SQLAlchemy to render such types there. \
                Choose a type that all of the suite's engines have: `sa.JSON().with_variant(postgresql.JSONB(), \"postgresql\")`.",
        bad: "def upgrade():\n    op.execute(\"ALTER TABLE users ADD COLUMN seen DATETIME\")\n\n\n\
              def downgrade():\n    op.drop_column(\"users\", \"seen\")\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"seen\", sa.DateTime()))\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"seen\")\n",
        check: Check::Migration(types::unknown_type),
    },
    Rule {
        code: "MRT828",
        name: "column changed without its type",
        severity: Severity::Error,
        engines: &[EngineKind::MySql, EngineKind::MariaDb, EngineKind::SqlServer],
        about: "MySQL and MariaDB change a name, NULL or a comment by saying the whole column anew, and SQL Server does for NULL: Alembic needs \
                `existing_type` for it, and refuses without. Give it, with what else the column has (`existing_nullable`, \
                `existing_server_default`).",
        bad: "def upgrade():\n    op.alter_column(\"users\", \"name\", new_column_name=\"full_name\")\n\n\n\
              def downgrade():\n    op.alter_column(\"users\", \"full_name\", new_column_name=\"name\")\n",
        good: "def upgrade():\n    op.alter_column(\"users\", \"name\", new_column_name=\"full_name\", existing_type=sa.String(80), existing_nullable=True)\n\n\n\
               def downgrade():\n    op.alter_column(\"users\", \"full_name\", new_column_name=\"name\", existing_type=sa.String(80), existing_nullable=True)\n",
        check: Check::Migration(types::no_type),
    },
    Rule {
        code: "MRT829",
        name: "VARCHAR without a length",
        severity: Severity::Error,
        engines: &[EngineKind::MySql, EngineKind::MariaDb, EngineKind::Oracle],
        about: "MySQL, MariaDB and Oracle want a length for VARCHAR, and `sa.String()` has none: SQLAlchemy or the server refuses it. \
                Give a length, or use `sa.Text()`.",
        bad: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"nick\", sa.String()))\n\n\n\
              def downgrade():\n    op.drop_column(\"users\", \"nick\")\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"nick\", sa.String(80)))\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"nick\")\n",
        check: Check::Migration(types::no_length),
    },
    Rule {
        code: "MRT830",
        name: "key over a text without an end",
        severity: Severity::Error,
        engines: &[EngineKind::MySql, EngineKind::SqlServer, EngineKind::Oracle],
        about: "An index, a primary key or a unique constraint is over a TEXT, BLOB, JSON or CLOB, of which MySQL (without a length), SQL Server \
                and Oracle make no key. Give the column a length, or on MySQL the index: `mysql_length=191`.",
        bad: "def upgrade():\n    op.create_table(\"pages\", sa.Column(\"slug\", sa.Text(), nullable=False))\n    \
              op.create_index(\"ix_slug\", \"pages\", [\"slug\"])\n\n\n\
              def downgrade():\n    op.drop_table(\"pages\")\n",
        good: "def upgrade():\n    op.create_table(\"pages\", sa.Column(\"slug\", sa.String(191), nullable=False))\n    \
               op.create_index(\"ix_slug\", \"pages\", [\"slug\"])\n\n\n\
               def downgrade():\n    op.drop_table(\"pages\")\n",
        check: Check::Migration(keys::endless_key),
    },
    Rule {
        code: "MRT831",
        name: "key too long",
        severity: Severity::Warning,
        engines: &[EngineKind::MySql],
        about: "The columns of an index or key may have more bytes than the 3072 that MySQL takes, since a character of utf8mb4 needs up to \
                four. Another character set of the table needs fewer, which a migration rarely says. Shorten the columns, or give the \
                key a length (`mysql_length`).",
        bad: "def upgrade():\n    op.create_table(\"pages\", sa.Column(\"url\", sa.String(1000)), sa.UniqueConstraint(\"url\", name=\"uq_url\"))\n\n\n\
              def downgrade():\n    op.drop_table(\"pages\")\n",
        good: "def upgrade():\n    op.create_table(\"pages\", sa.Column(\"url\", sa.String(700)), sa.UniqueConstraint(\"url\", name=\"uq_url\"))\n\n\n\
               def downgrade():\n    op.drop_table(\"pages\")\n",
        check: Check::Migration(keys::long_key),
    },
    Rule {
        code: "MRT832",
        name: "default of a text",
        severity: Severity::Error,
        engines: &[EngineKind::MySql],
        about: "MySQL gives a TEXT, BLOB or JSON no plain value as its default (error 1101); since 8.0.13 it takes an expression. Put the \
                value into parentheses, `server_default=sa.text(\"('')\")`, or give the column a length.",
        bad: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"about\", sa.Text(), server_default=\"nobody\"))\n\n\n\
              def downgrade():\n    op.drop_column(\"users\", \"about\")\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"about\", sa.Text(), server_default=sa.text(\"('nobody')\")))\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"about\")\n",
        check: Check::Migration(keys::default_of_a_text),
    },
    Rule {
        code: "MRT833",
        name: "partial index where there is none",
        severity: Severity::Error,
        engines: &[EngineKind::MySql, EngineKind::MariaDb, EngineKind::Oracle],
        about: "SQL makes an index with a WHERE, which MySQL, MariaDB and Oracle do not have. Index an expression that is NULL for the rows \
                that should not be in it.",
        bad: "def upgrade():\n    op.execute(\"CREATE INDEX ix_open ON orders (placed) WHERE closed = 0\")\n\n\n\
              def downgrade():\n    op.execute(\"DROP INDEX ix_open ON orders\")\n",
        good: "def upgrade():\n    op.execute(\"CREATE INDEX ix_open ON orders (placed, closed)\")\n\n\n\
               def downgrade():\n    op.execute(\"DROP INDEX ix_open ON orders\")\n",
        check: Check::Migration(keys::partial_index),
    },
    Rule {
        code: "MRT834",
        name: "label used before it is committed",
        severity: Severity::Warning,
        engines: &[EngineKind::Postgres],
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
        if lacks_it(&operation.kind, case.engine, !is_call(operation)) {
            findings.add(
                operation.line,
                format!(
                    "`{}` has an IF EXISTS or IF NOT EXISTS, which {} does not know there; leave it away, or ask the server before",
                    operation.kind,
                    case.engine.title()
                ),
            );
        }
    }
}

/// Whether a step says IF EXISTS or IF NOT EXISTS, which the engine does not know in it. Of some calls Alembic leaves it away.
fn lacks_it(kind: &Kind, engine: EngineKind, is_sql: bool) -> bool {
    use EngineKind::{MySql, Postgres, SqlServer, Sqlite};
    match kind {
        Kind::CreateTable { exists_ok: true, .. } => engine == SqlServer,
        Kind::AddColumn { exists_ok: true, .. } => {
            matches!(engine, MySql | Sqlite) || (engine == SqlServer && is_sql)
        }
        Kind::DropColumn { missing_ok: true, .. } => matches!(engine, MySql | Sqlite),
        Kind::CreateIndex { exists_ok: true, .. } => engine == MySql || (engine == SqlServer && is_sql),
        Kind::DropIndex { missing_ok: true, .. } => engine == MySql,
        Kind::DropConstraint { missing_ok: true, .. } => engine == MySql && is_sql,
        Kind::Create { object, exists_ok: true, .. } => {
            let without = matches!(
                object,
                ObjectKind::Type
                    | ObjectKind::Trigger
                    | ObjectKind::Policy
                    | ObjectKind::Role
                    | ObjectKind::Function
                    | ObjectKind::Procedure
            );
            engine == Postgres && is_sql && without
        }
        _ => false,
    }
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
