//! MRT4xx: NOT NULL, defaults, unique values, indexes and constraints.

use mrt_chain::settings::EngineKind;

use super::{Case, Check, Findings, Rule, Shows};
use crate::case::certainly;
use crate::finding::Severity;
use crate::operation::{ConstraintRule, Kind, Operation, Setting, Written};
use crate::sql::{mentions, names};
use crate::undo::{Loss, Object, Part};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "MRT401",
        name: "NOT NULL without a value for older rows",
        severity: Severity::Warning,
        engines: &[],
        shows: &[Shows::Failure],
        about: "A column of an older table becomes NOT NULL, and nothing gives older rows a value: where the table has rows, the \
                upgrade fails (MySQL fills in 0 or an empty text). Give a `server_default`, or add the column, fill it, and set NOT \
                NULL then.",
        bad: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"score\", sa.Integer(), nullable=False))\n\n\n\
              def downgrade():\n    op.drop_column(\"users\", \"score\")\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"score\", sa.Integer(), nullable=False, server_default=\"0\"))\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"score\")\n",
        check: Check::Migration(not_null_without_value),
    },
    Rule {
        code: "MRT402",
        name: "nullability not restored",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Schema, Shows::Failure],
        about: "`upgrade()` changes whether a column may be NULL, and `downgrade()` does not change it back. Say `nullable=` there, too.",
        bad: "def upgrade():\n    op.execute(\"UPDATE users SET score = 0 WHERE score IS NULL\")\n    \
              with op.batch_alter_table(\"users\") as batch:\n        batch.alter_column(\"score\", existing_type=sa.Integer(), existing_nullable=True, nullable=False)\n\n\n\
              def downgrade():\n    with op.batch_alter_table(\"users\") as batch:\n        batch.alter_column(\"score\", existing_type=sa.Integer(), server_default=\"0\")\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"score\", sa.Integer(), nullable=False, server_default=\"0\"))\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"score\")\n",
        check: Check::Migration(nullability_lost),
    },
    Rule {
        code: "MRT403",
        name: "nullability not restored after SQL",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Schema, Shows::Failure],
        about: "As MRT402, where the upgrade says it in SQL.",
        bad: "def upgrade():\n    op.execute(\"UPDATE users SET score = 0 WHERE score IS NULL\")\n    \
              op.execute(\"ALTER TABLE users ALTER COLUMN score SET NOT NULL\")\n\n\n\
              def downgrade():\n    op.execute(\"ALTER TABLE users ALTER COLUMN score SET DEFAULT 0\")\n",
        good: "def upgrade():\n    op.execute(\"ALTER TABLE users ADD CONSTRAINT score_there CHECK (score IS NOT NULL) NOT VALID\")\n\n\n\
               def downgrade():\n    op.execute(\"ALTER TABLE users DROP CONSTRAINT score_there\")\n",
        check: Check::Migration(nullability_lost_in_sql),
    },
    Rule {
        code: "MRT404",
        name: "default of Python alone",
        severity: Severity::Warning,
        engines: &[],
        shows: &[Shows::Failure],
        about: "`default=` is what the program fills in; the server does not know it, and older rows stay NULL (or the column cannot \
                be added, when it is NOT NULL). Say `server_default=`.",
        bad: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"score\", sa.Integer(), default=0))\n\n\n\
              def downgrade():\n    op.drop_column(\"users\", \"score\")\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"score\", sa.Integer(), server_default=\"0\"))\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"score\")\n",
        check: Check::Migration(client_default),
    },
    Rule {
        code: "MRT405",
        name: "default that rewrites the table",
        severity: Severity::Warning,
        engines: &[EngineKind::Postgres],
        shows: &[],
        about: "A column is added with a default that differs from row to row (`gen_random_uuid()`, `random()`): PostgreSQL rewrites the \
                whole table while nobody may use it, and each upgrade gives other values. Constant defaults cost nothing since \
                PostgreSQL 11.",
        bad: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"token\", sa.Uuid(), server_default=sa.text(\"gen_random_uuid()\")))\n\n\n\
              def downgrade():\n    op.drop_column(\"users\", \"token\")\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"token\", sa.Uuid()))\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"token\")\n",
        check: Check::Migration(volatile_default),
    },
    Rule {
        code: "MRT406",
        name: "unique over rows that are there",
        severity: Severity::Warning,
        engines: &[],
        shows: &[Shows::Failure],
        about: "Values of an older table have to be unique from now on; the upgrade fails where they are not. Remove or change \
                duplicates before.",
        bad: "def upgrade():\n    with op.batch_alter_table(\"users\") as batch:\n        batch.create_unique_constraint(\"uq_users_email\", [\"email\"])\n\n\n\
              def downgrade():\n    with op.batch_alter_table(\"users\") as batch:\n        batch.drop_constraint(\"uq_users_email\", type_=\"unique\")\n",
        good: "def upgrade():\n    op.create_table(\"emails\", sa.Column(\"email\", sa.String(80), unique=True))\n\n\n\
               def downgrade():\n    op.drop_table(\"emails\")\n",
        check: Check::Migration(unique_over_rows),
    },
    Rule {
        code: "MRT407",
        name: "index built under a lock",
        severity: Severity::Note,
        engines: &[EngineKind::Postgres],
        shows: &[],
        about: "An index on an older table is built while nobody may write to it. Build it CONCURRENTLY, in an `autocommit_block()`.",
        bad: "def upgrade():\n    op.create_index(\"ix_users_email\", \"users\", [\"email\"])\n\n\n\
              def downgrade():\n    op.drop_index(\"ix_users_email\", table_name=\"users\")\n",
        good: "def upgrade():\n    with op.get_context().autocommit_block():\n        \
               op.create_index(\"ix_users_email\", \"users\", [\"email\"], postgresql_concurrently=True)\n\n\n\
               def downgrade():\n    with op.get_context().autocommit_block():\n        \
               op.drop_index(\"ix_users_email\", table_name=\"users\", postgresql_concurrently=True)\n",
        check: Check::Migration(index_locks),
    },
    Rule {
        code: "MRT408",
        name: "index not made again",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Schema],
        about: "`upgrade()` drops an index that `downgrade()` does not make again: queries become slow, and where it was unique, \
                duplicates come in.",
        bad: "def upgrade():\n    op.drop_index(\"ix_users_email\", table_name=\"users\")\n    op.create_table(\"tags\", sa.Column(\"id\", sa.Integer()))\n\n\n\
              def downgrade():\n    op.drop_table(\"tags\")\n",
        good: "def upgrade():\n    op.drop_index(\"ix_users_email\", table_name=\"users\")\n\n\n\
               def downgrade():\n    op.create_index(\"ix_users_email\", \"users\", [\"email\"])\n",
        check: Check::Migration(index_lost),
    },
    Rule {
        code: "MRT409",
        name: "constraint not made again",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Schema],
        about: "`upgrade()` drops a constraint that `downgrade()` does not make again: rows come in that it would have refused.",
        bad: "def upgrade():\n    op.execute(\"ALTER TABLE users DROP CONSTRAINT uq_users_email\")\n    op.create_table(\"tags\", sa.Column(\"id\", sa.Integer()))\n\n\n\
              def downgrade():\n    op.drop_table(\"tags\")\n",
        good: "def upgrade():\n    op.create_table(\"tags\", sa.Column(\"id\", sa.Integer()), sa.UniqueConstraint(\"id\", name=\"uq_tags\"))\n\n\n\
               def downgrade():\n    op.drop_table(\"tags\")\n",
        check: Check::Migration(constraint_lost),
    },
    Rule {
        code: "MRT410",
        name: "constraint not made again after a batch",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Schema],
        about: "As MRT409, inside of `op.batch_alter_table`.",
        bad: "def upgrade():\n    with op.batch_alter_table(\"users\") as batch:\n        batch.drop_constraint(\"uq_users_email\", type_=\"unique\")\n    \
              op.create_table(\"tags\", sa.Column(\"id\", sa.Integer()))\n\n\ndef downgrade():\n    op.drop_table(\"tags\")\n",
        good: "def upgrade():\n    op.create_table(\"tags\", sa.Column(\"id\", sa.Integer()), sa.UniqueConstraint(\"id\", name=\"uq_tags\"))\n\n\n\
               def downgrade():\n    op.drop_table(\"tags\")\n",
        check: Check::Migration(constraint_lost_in_batch),
    },
];

fn not_null_without_value(case: &Case<'_>, findings: &mut Findings<'_>) {
    // What Django gives older rows, its own rules know.
    let upgrade = case.migration.upgrade.iter().enumerate();
    for (at, operation) in upgrade.filter(|(_, operation)| operation.written != Written::Django) {
        match &operation.kind {
            Kind::AddColumn { table, column, .. }
                if column.nullable == Some(false)
                    && gives_nothing(&column.default, case.engine)
                    && column.generated.is_none()
                    && !column.automatic
                    && !column.primary_key
                    && case.is_old_table(table) =>
            {
                findings.add(
                    operation.line,
                    format!("`{table}.{}` is NOT NULL and has no `server_default`: older rows have no value for it; give one", column.name),
                );
            }
            Kind::AlterColumn { table, column, change } if change.nullable == Some(false) => {
                let known = case.before.column(table, column).and_then(|facts| facts.get("nullable"));
                let was_so = known == Some("NOT NULL") || change.existing_nullable == Some(false);
                let filled = case.migration.upgrade[..at].iter().any(|other| {
                    other.kind.is_opaque()
                        || matches!(&other.kind, Kind::Update { table: own, .. } | Kind::Delete { table: own, .. } if own.eq_ignore_ascii_case(table))
                });
                // SQL that says the whole column anew may say what was so before; Alembic is told what was.
                let is_sql = matches!(operation.written, Written::Sql | Written::Connection);
                let is_new = !change.restated || !is_sql || known == Some("NULL");
                if !was_so && !filled && is_new && case.was_there(&Object::column(table, column)) {
                    findings.add(
                        operation.line,
                        format!("`{table}.{column}` becomes NOT NULL, and rows that have NULL get no value before; fill them"),
                    );
                }
            }
            _ => {}
        }
    }
}

/// Whether older rows get no value. An empty text is NULL on Oracle.
fn gives_nothing(default: &Setting, engine: EngineKind) -> bool {
    match default {
        Setting::None => true,
        Setting::Is(text) => text == "''" && engine == EngineKind::Oracle,
        Setting::Unknown => false,
    }
}

fn nullability_lost(case: &Case<'_>, findings: &mut Findings<'_>) {
    nullability(case, findings, |written| matches!(written, Written::Call | Written::Batch));
}

fn nullability_lost_in_sql(case: &Case<'_>, findings: &mut Findings<'_>) {
    nullability(case, findings, |written| matches!(written, Written::Sql | Written::Connection));
}

fn nullability(case: &Case<'_>, findings: &mut Findings<'_>, wanted: impl Fn(Written) -> bool) {
    for gap in case.gaps() {
        let Loss::Differs { attribute: "nullable", before, after } = &gap.loss else { continue };
        let Some(operation) =
            case.up(gap).or_else(|| case.down(gap)).filter(|operation| wanted(operation.written))
        else {
            continue;
        };
        let was = before.as_deref().unwrap_or(if after == "NULL" { "NOT NULL" } else { "NULL" });
        findings.add_as(
            certainly(gap.certain),
            operation.line,
            format!(
                "`{}` was {was} and is {after} after the rollback; let `downgrade()` restore it",
                gap.object
            ),
        );
    }
}

fn client_default(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in &case.migration.upgrade {
        if let Kind::AddColumn { table, column, .. } = &operation.kind
            && column.client_default
            && column.default == Setting::None
            && case.is_old_table(table)
        {
            findings.add(
                operation.line,
                format!(
                    "`default=` of `{table}.{}` fills in no older row; say `server_default=`",
                    column.name
                ),
            );
        }
    }
}

fn volatile_default(case: &Case<'_>, findings: &mut Findings<'_>) {
    const VOLATILE: &[&str] = &[
        "random(",
        "gen_random_uuid(",
        "uuid_generate_v",
        "clock_timestamp(",
        "timeofday(",
        "nextval(",
        "uuidv",
    ];
    for operation in &case.migration.upgrade {
        if let Kind::AddColumn { table, column, .. } = &operation.kind
            && let Setting::Is(default) = &column.default
            && VOLATILE.iter().any(|word| default.to_lowercase().contains(word))
            && case.is_old_table(table)
        {
            findings.add(
                operation.line,
                format!(
                    "the default of `{table}.{}` differs from row to row: the whole table is rewritten under a lock; add the column \
                     without, and fill it in parts",
                    column.name
                ),
            );
        }
    }
}

fn unique_over_rows(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (at, operation) in case.migration.upgrade.iter().enumerate() {
        let (table, columns, predicate, options) = match &operation.kind {
            Kind::CreateConstraint { table, constraint, .. } if constraint.rule == ConstraintRule::Unique => {
                (table, constraint.columns.clone(), &Setting::None, &constraint.options)
            }
            Kind::CreateIndex { table, index, .. } if index.unique == Some(true) => {
                (table, index.columns.clone().unwrap_or_default(), &index.predicate, &index.options)
            }
            _ => continue,
        };
        let cleaned = case.migration.upgrade[..at].iter().any(|other| {
            other.kind.is_opaque() || other.kind.writes().is_some_and(|own| own.eq_ignore_ascii_case(table))
        });
        // SQL Server takes NULL for a value, as others do where that is said.
        let nulls_differ = (case.engine != EngineKind::SqlServer || *predicate != Setting::None)
            && !options.contains_key("nulls");
        let is_empty = nulls_differ && columns.iter().any(|column| is_new_and_null(case, at, table, column));
        if !cleaned && !is_empty && case.is_old_table(table) && !was_unique(case, table, &columns) {
            let columns = if columns.is_empty() { "?".to_owned() } else { columns.join(", ") };
            findings.add(
                operation.line,
                format!("`{table} ({columns})` becomes unique: the upgrade fails where rows have the same; remove duplicates before"),
            );
        }
    }
}

/// Whether a column, or an expression over it that leaves NULL as it is, is NULL in all rows: the upgrade has just added it.
fn is_new_and_null(case: &Case<'_>, at: usize, table: &str, expression: &str) -> bool {
    const STRICT: &[&str] = &["lower", "upper", "trim", "md5"];
    let words = names(expression);
    case.migration.upgrade[..at].iter().any(|operation| match &operation.kind {
        Kind::AddColumn { table: own, column, exists_ok: false } => {
            Object::table(own) == Object::table(table)
                && column.default == Setting::None
                && column.generated.is_none()
                && !column.automatic
                && column.nullable != Some(false)
                && mentions(&words, &column.name)
                && words
                    .iter()
                    .all(|word| word.eq_ignore_ascii_case(&column.name) || STRICT.contains(&word.as_str()))
        }
        _ => false,
    })
}

/// Whether something that was there before has kept the columns unique.
fn was_unique(case: &Case<'_>, table: &str, columns: &[String]) -> bool {
    let columns: Vec<String> = columns.iter().map(|column| column.to_lowercase()).collect();
    case.before.unique(table).any(|own| !own.is_empty() && own.iter().all(|column| columns.contains(column)))
}

fn index_locks(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in &case.migration.upgrade {
        if let Kind::CreateIndex { table, index, concurrently: false, .. } = &operation.kind
            && operation.written != Written::Django
            && case.is_old_table(table)
        {
            findings.add(
                operation.line,
                format!(
                    "`{}` is built while nobody may write to `{table}`; build it CONCURRENTLY, in an `autocommit_block()`",
                    index.name.as_deref().unwrap_or("the index")
                ),
            );
        }
    }
}

fn index_lost(case: &Case<'_>, findings: &mut Findings<'_>) {
    for gap in case.missing().filter(|gap| gap.object.part == Part::Index) {
        findings.add_as(
            certainly(gap.certain),
            case.line(gap),
            format!(
                "the index `{}` is not there after the rollback; let `downgrade()` make it again",
                gap.object
            ),
        );
    }
}

fn constraint_lost(case: &Case<'_>, findings: &mut Findings<'_>) {
    constraints(case, findings, |operation| {
        operation.is_none_or(|operation| operation.written != Written::Batch)
    });
}

fn constraint_lost_in_batch(case: &Case<'_>, findings: &mut Findings<'_>) {
    constraints(case, findings, |operation| {
        operation.is_some_and(|operation| operation.written == Written::Batch)
    });
}

fn constraints(case: &Case<'_>, findings: &mut Findings<'_>, wanted: impl Fn(Option<&Operation>) -> bool) {
    for gap in case.missing().filter(|gap| gap.object.part == Part::Constraint && !case.is_foreign_key(gap)) {
        if wanted(case.up(gap).or_else(|| case.down(gap))) {
            findings.add_as(
                certainly(gap.certain),
                case.line(gap),
                format!(
                    "the constraint `{}` is not there after the rollback; let `downgrade()` make it again",
                    gap.object
                ),
            );
        }
    }
}
