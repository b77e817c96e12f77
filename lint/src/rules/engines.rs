//! MRT0xx and MRT82x: files that cannot be read, and what the suite's engines refuse.

use mrt_chain::settings::EngineKind;

use super::{Case, Check, Findings, Rule};
use crate::finding::Severity;
use crate::operation::{Kind, Operation, Written};

/// A file that is no revision.
pub(crate) const UNREADABLE: &str = "MRT001";
/// Revisions that are no chain.
pub(crate) const NO_CHAIN: &str = "MRT002";

pub(super) const FILES: &[Rule] = &[
    Rule {
        code: UNREADABLE,
        name: "file cannot be checked",
        severity: Severity::Error,
        engines: &[],
        about: "A file in a version directory is no Python, no text, larger than 2 MiB or nested beyond reason. Alembic imports every \
                file there, and cannot import one that is broken. The other files are checked all the same.",
        bad: "def upgrade(:\n",
        good: "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n",
        check: Check::Reader,
    },
    Rule {
        code: NO_CHAIN,
        name: "no chain",
        severity: Severity::Error,
        engines: &[],
        about: "The revisions are no chain that Alembic could follow: one names a parent that is not there, two have the same id, or \
                they go round in a circle; or the dependencies of Django's migrations do. Each file is then checked for itself, without what others say of the schema.",
        bad: "down_revision = \"gone\"\n\n\ndef upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n",
        good: "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n",
        check: Check::Reader,
    },
];

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
        // A COMMIT of its own ends the transaction as well.
        findings.add(
            operation.line,
            format!(
                "`{}` fails inside of a transaction; put it into an `autocommit_block()`",
                operation.kind
            ),
        );
    }
}

fn sqlite(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in
        both(case).filter(|operation| operation.written == Written::Call && !operation.conditional)
    {
        let fails = match &operation.kind {
            Kind::AlterColumn { change, .. } => {
                change.ty.is_some() || change.nullable.is_some() || change.default.is_some()
            }
            Kind::CreateConstraint { .. } | Kind::DropConstraint { .. } => true,
            _ => false,
        };
        if fails {
            findings.add(
                operation.line,
                format!("SQLite cannot `{}`; put it into `op.batch_alter_table`", operation.kind),
            );
        }
    }
}
