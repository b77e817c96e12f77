//! MRT832 to MRT839: indexes, constraints and defaults that an engine does not take.

use mrt_chain::settings::EngineKind;

use crate::finding::Severity;
use crate::operation::{Column, ConstraintRule, Index, Kind, Operation, Setting, Type, Written};
use crate::rules::{Case, Check, Findings, Rule, Shows};

pub(in crate::rules) const RULES: &[Rule] = &[
    Rule {
        code: "MRT832",
        name: "key over a text without an end",
        severity: Severity::Error,
        engines: &[EngineKind::MySql, EngineKind::SqlServer, EngineKind::Oracle],
        shows: &[Shows::Failure],
        about: "An index, a primary key or a unique constraint is over a TEXT, BLOB, JSON or CLOB, of which MySQL (without a length), SQL Server \
                and Oracle make no key. Give the column a length, or on MySQL the index: `mysql_length=191`.",
        bad: "def upgrade():\n    op.create_table(\"pages\", sa.Column(\"slug\", sa.Text(), nullable=False))\n    \
              op.create_index(\"ix_slug\", \"pages\", [\"slug\"])\n\n\n\
              def downgrade():\n    op.drop_table(\"pages\")\n",
        good: "def upgrade():\n    op.create_table(\"pages\", sa.Column(\"slug\", sa.String(191), nullable=False))\n    \
               op.create_index(\"ix_slug\", \"pages\", [\"slug\"])\n\n\n\
               def downgrade():\n    op.drop_table(\"pages\")\n",
        check: Check::Migration(endless_key),
    },
    Rule {
        code: "MRT833",
        name: "key too long",
        severity: Severity::Warning,
        engines: &[EngineKind::MySql],
        shows: &[Shows::Failure],
        about: "The columns of an index or key may have more bytes than the 3072 that MySQL takes, since a character of utf8mb4 needs up to \
                four. Another character set of the table needs fewer, which a migration rarely says. Shorten the columns, or give the \
                key a length (`mysql_length`).",
        bad: "def upgrade():\n    op.create_table(\"pages\", sa.Column(\"url\", sa.String(1000)), sa.UniqueConstraint(\"url\", name=\"uq_url\"))\n\n\n\
              def downgrade():\n    op.drop_table(\"pages\")\n",
        good: "def upgrade():\n    op.create_table(\"pages\", sa.Column(\"url\", sa.String(700)), sa.UniqueConstraint(\"url\", name=\"uq_url\"))\n\n\n\
               def downgrade():\n    op.drop_table(\"pages\")\n",
        check: Check::Migration(long_key),
    },
    Rule {
        code: "MRT834",
        name: "default of a text",
        severity: Severity::Error,
        engines: &[EngineKind::MySql],
        shows: &[Shows::Failure],
        about: "MySQL gives a TEXT, BLOB or JSON no plain value as its default (error 1101); since 8.0.13 it takes an expression. Put the \
                value into parentheses, `server_default=sa.text(\"('')\")`, or give the column a length.",
        bad: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"about\", sa.Text(), server_default=\"nobody\"))\n\n\n\
              def downgrade():\n    op.drop_column(\"users\", \"about\")\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"about\", sa.Text(), server_default=sa.text(\"('nobody')\")))\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"about\")\n",
        check: Check::Migration(default_of_a_text),
    },
    Rule {
        code: "MRT835",
        name: "partial index where there is none",
        severity: Severity::Error,
        engines: &[EngineKind::MySql, EngineKind::MariaDb, EngineKind::Oracle],
        shows: &[Shows::Failure],
        about: "SQL makes an index with a WHERE, which MySQL, MariaDB and Oracle do not have. Index an expression that is NULL for the rows \
                that should not be in it.",
        bad: "def upgrade():\n    op.execute(\"CREATE INDEX ix_open ON orders (placed) WHERE closed = 0\")\n\n\n\
              def downgrade():\n    op.execute(\"DROP INDEX ix_open ON orders\")\n",
        good: "def upgrade():\n    op.execute(\"CREATE INDEX ix_open ON orders (placed, closed)\")\n\n\n\
               def downgrade():\n    op.execute(\"DROP INDEX ix_open ON orders\")\n",
        check: Check::Migration(partial_index),
    },
    Rule {
        code: "MRT836",
        name: "partial on another engine alone",
        severity: Severity::Warning,
        engines: &[],
        shows: &[Shows::Failure],
        about: "A unique index has a condition for another engine (`postgresql_where`) and none for this one, where it then is over all rows: \
                rows that the other engine takes are refused here. Give each engine that has partial indexes its own condition \
                (`sqlite_where`, `mssql_where`), and on the others make another index.",
        bad: "def upgrade():\n    op.create_table(\"orders\", sa.Column(\"slot\", sa.Integer()), sa.Column(\"closed\", sa.Boolean()))\n    \
              op.create_index(\"ux_open\", \"orders\", [\"slot\"], unique=True, sqlite_where=sa.text(\"closed = 0\"))\n\n\n\
              def downgrade():\n    op.drop_table(\"orders\")\n",
        good: "def upgrade():\n    op.create_table(\"orders\", sa.Column(\"slot\", sa.Integer()), sa.Column(\"closed\", sa.Boolean()))\n    \
               op.create_index(\n        \"ux_open\",\n        \"orders\",\n        [\"slot\"],\n        unique=True,\n        \
               sqlite_where=sa.text(\"closed = 0\"),\n        postgresql_where=sa.text(\"NOT closed\"),\n    )\n\n\n\
               def downgrade():\n    op.drop_table(\"orders\")\n",
        check: Check::Migration(partial_elsewhere),
    },
    Rule {
        code: "MRT837",
        name: "index over an expression",
        severity: Severity::Error,
        engines: &[EngineKind::MySql, EngineKind::MariaDb, EngineKind::SqlServer],
        shows: &[Shows::Failure],
        about: "An index is over an expression, for which MySQL wants parentheses of its own, `((lower(email)))`, and which MariaDB and SQL Server \
                do not have. Index a generated column there; on MySQL write the parentheses, or let SQLAlchemy (`sa.func.lower(sa.column(\"email\"))`).",
        bad: "def upgrade():\n    op.execute(\"CREATE INDEX ix_email ON users (lower(email))\")\n\n\n\
              def downgrade():\n    op.execute(\"DROP INDEX ix_email ON users\")\n",
        good: "def upgrade():\n    op.execute(\"CREATE INDEX ix_email ON users ((lower(email)))\")\n\n\n\
               def downgrade():\n    op.execute(\"DROP INDEX ix_email ON users\")\n",
        check: Check::Migration(expression_index),
    },
    Rule {
        code: "MRT838",
        name: "index dropped without its table",
        severity: Severity::Error,
        engines: &[EngineKind::MySql, EngineKind::MariaDb, EngineKind::SqlServer],
        shows: &[Shows::Failure],
        about: "An index belongs to its table on MySQL, MariaDB and SQL Server, and cannot be dropped without naming that. Give `table_name`, \
                which Alembic leaves away where it is not needed; in SQL say `DROP INDEX … ON …`.",
        bad: "def upgrade():\n    op.create_index(\"ix_email\", \"users\", [\"email\"])\n\n\ndef downgrade():\n    op.drop_index(\"ix_email\")\n",
        good: "def upgrade():\n    op.create_index(\"ix_email\", \"users\", [\"email\"])\n\n\n\
               def downgrade():\n    op.drop_index(\"ix_email\", table_name=\"users\")\n",
        check: Check::Migration(index_without_table),
    },
    Rule {
        code: "MRT839",
        name: "constraint dropped without its kind",
        severity: Severity::Error,
        engines: &[EngineKind::MySql, EngineKind::MariaDb],
        shows: &[Shows::Failure],
        about: "MySQL and MariaDB drop each kind of constraint in its own way, and Alembic refuses `op.drop_constraint` that does not say which. \
                Give `type_`: `foreignkey`, `unique`, `check` or `primary`.",
        bad: "def upgrade():\n    op.create_foreign_key(\"fk_user\", \"posts\", \"users\", [\"user_id\"], [\"id\"])\n\n\n\
              def downgrade():\n    op.drop_constraint(\"fk_user\", \"posts\")\n",
        good: "def upgrade():\n    op.create_foreign_key(\"fk_user\", \"posts\", \"users\", [\"user_id\"], [\"id\"])\n\n\n\
               def downgrade():\n    op.drop_constraint(\"fk_user\", \"posts\", type_=\"foreignkey\")\n",
        check: Check::Migration(constraint_without_kind),
    },
];

/// What a step makes a key of: columns of a table.
struct Key<'a> {
    table: &'a str,
    columns: Vec<&'a str>,
}

fn keys(kind: &Kind) -> Vec<Key<'_>> {
    fn of_index<'a>(table: &'a str, index: &'a Index) -> Key<'a> {
        // One over texts (FULLTEXT, SPATIAL) holds no values of its columns.
        if index.options.get("index type").is_some_and(|kind| *kind != Setting::None) {
            return Key { table, columns: Vec::new() };
        }
        Key { table, columns: index.columns.iter().flatten().map(String::as_str).collect() }
    }
    let is_key = |rule: &ConstraintRule| matches!(rule, ConstraintRule::PrimaryKey | ConstraintRule::Unique);
    match kind {
        Kind::CreateIndex { table, index, .. } => vec![of_index(table, index)],
        Kind::CreateConstraint { table, constraint, .. } if is_key(&constraint.rule) => {
            vec![Key { table, columns: constraint.columns.iter().map(String::as_str).collect() }]
        }
        Kind::CreateTable { table, columns, constraints, indexes, .. } => {
            let own = columns.iter().filter(|column| is_indexed(column));
            let mut keys: Vec<Key<'_>> =
                own.map(|column| Key { table, columns: vec![&column.name] }).collect();
            keys.extend(indexes.iter().map(|index| of_index(table, index)));
            keys.extend(
                constraints
                    .iter()
                    .filter(|own| is_key(&own.rule))
                    .map(|own| Key { table, columns: own.columns.iter().map(String::as_str).collect() }),
            );
            keys
        }
        Kind::AddColumn { table, column, .. } if is_indexed(column) => {
            vec![Key { table, columns: vec![&column.name] }]
        }
        _ => Vec::new(),
    }
}

fn is_indexed(column: &Column) -> bool {
    column.unique || column.index || column.primary_key
}

/// What the upgrade surely does, by position.
fn upgrade<'a>(case: &Case<'a>) -> impl Iterator<Item = (usize, &'a Operation)> {
    case.migration.upgrade.iter().enumerate().filter(|(_, operation)| !operation.conditional)
}

/// The type that a step of this upgrade has given a column, up to one of them; `None` where none has, `Some(None)` where it is not
/// known.
fn given<'a>(case: &Case<'a>, at: usize, table: &str, name: &str) -> Option<Option<&'a Type>> {
    let is_table = |own: &str| own.eq_ignore_ascii_case(table);
    let is_it = |own_table: &str, own: &str| is_table(own_table) && own.eq_ignore_ascii_case(name);
    case.migration.upgrade[..=at].iter().rev().find_map(|operation| match &operation.kind {
        Kind::CreateTable { table: own, columns, .. } if is_table(own) => {
            let column = columns.iter().find(|column| is_it(own, &column.name));
            Some(column.and_then(|column| column.ty.as_ref()))
        }
        Kind::AddColumn { table: own, column, .. } if is_it(own, &column.name) => Some(column.ty.as_ref()),
        Kind::AlterColumn { table: own, column, change }
            if is_it(own, change.name.as_deref().unwrap_or(column)) =>
        {
            match &change.ty {
                Some(ty) => Some(ty.as_ref()),
                None => change.name.as_ref().map(|_| None),
            }
        }
        Kind::DropTable { table: own, .. } | Kind::RenameTable { to: own, .. } if is_table(own) => Some(None),
        _ => None,
    })
}

/// The type that a column has when a step of the upgrade is done, as far as is known.
fn type_of(case: &Case<'_>, at: usize, table: &str, name: &str) -> Option<String> {
    match given(case, at, table, name) {
        Some(ty) => ty.map(|ty| ty.text.clone()),
        None => case.before.column(table, name).and_then(|facts| facts.get("type").map(str::to_owned)),
    }
}

/// Whether values of a type have no bound that a key could count with.
fn is_endless(ty: &str, engine: EngineKind) -> bool {
    let word = ty.split('(').next().unwrap_or_default().trim();
    let texts = ["TEXT", "MEDIUMTEXT", "LONGTEXT", "TINYTEXT", "BLOB", "MEDIUMBLOB", "LONGBLOB", "TINYBLOB"];
    texts.contains(&word)
        || match engine {
            EngineKind::MySql => word == "JSON",
            EngineKind::SqlServer => {
                let ty = ty.to_uppercase();
                ty == "JSON" || ty.ends_with("(MAX)")
            }
            EngineKind::Oracle => matches!(word, "CLOB" | "NCLOB"),
            _ => false,
        }
}

fn endless_key(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (at, operation) in upgrade(case) {
        for key in keys(&operation.kind) {
            for column in key.columns {
                let Some(ty) = type_of(case, at, key.table, column) else { continue };
                if is_endless(&ty, case.engine) {
                    findings.add(
                        operation.line,
                        format!(
                            "`{}.{column}` is `{ty}`, and {} makes no key of that; {}",
                            key.table,
                            case.engine.title(),
                            if case.engine == EngineKind::MySql {
                                "give a length (`mysql_length`), or the column one"
                            } else {
                                "give the column a length"
                            }
                        ),
                    );
                }
            }
        }
    }
}

fn long_key(case: &Case<'_>, findings: &mut Findings<'_>) {
    /// What InnoDB takes, and what a character of utf8mb4 may need.
    const MOST: u64 = 3072;
    const CHARACTER: u64 = 4;
    for (at, operation) in upgrade(case) {
        for key in keys(&operation.kind) {
            // Of an older column nobody knows the collation, and thereby what a character needs.
            let types = key.columns.iter().filter_map(|column| given(case, at, key.table, column).flatten());
            let types = types.filter(|ty| !ty.collated);
            let bytes =
                types.filter_map(|ty| characters(&ty.text)).map(|length| length * CHARACTER).sum::<u64>();
            if bytes > MOST {
                findings.add(
                    operation.line,
                    format!(
                        "`{} ({})` needs up to {bytes} bytes as a key in utf8mb4, and MySQL takes {MOST}; shorten the columns, or give the \
                         key a length",
                        key.table,
                        key.columns.join(", ")
                    ),
                );
            }
        }
    }
}

/// How many characters a text may have.
fn characters(ty: &str) -> Option<u64> {
    let (word, sizes) = ty.split_once('(')?;
    let is_text = matches!(word.trim(), "VARCHAR" | "CHAR" | "NVARCHAR" | "NCHAR");
    is_text.then(|| sizes.trim_end_matches(')').trim().parse().ok())?
}

fn default_of_a_text(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (at, operation) in upgrade(case) {
        let (table, columns): (&str, Vec<(&str, &Setting)>) = match &operation.kind {
            Kind::CreateTable { table, columns, .. } => {
                (table, columns.iter().map(|column| (column.name.as_str(), &column.default)).collect())
            }
            Kind::AddColumn { table, column, .. } => (table, vec![(&column.name, &column.default)]),
            Kind::AlterColumn { table, column, change } => {
                let name = change.name.as_deref().unwrap_or(column);
                (table, change.default.iter().map(|default| (name, default)).collect())
            }
            _ => continue,
        };
        for (column, default) in columns {
            let Setting::Is(default) = default else { continue };
            if is_literal(default)
                && type_of(case, at, table, column).is_some_and(|ty| is_endless(&ty, case.engine))
            {
                findings.add(
                    operation.line,
                    format!(
                        "`{table}.{column}` has the default {default}, and MySQL gives a TEXT, BLOB or JSON none but an expression; \
                         put it into parentheses (`sa.text(\"({})\")`)",
                        default.replace('"', "\\\"")
                    ),
                );
            }
        }
    }
}

fn is_literal(default: &str) -> bool {
    (default.starts_with('\'') && default.ends_with('\''))
        || default.parse::<f64>().is_ok()
        || matches!(default, "true" | "false")
}

fn partial_index(case: &Case<'_>, findings: &mut Findings<'_>) {
    let is_sql = |operation: &&Operation| matches!(operation.written, Written::Sql | Written::Connection);
    for operation in super::surely(case).filter(is_sql) {
        if let Kind::CreateIndex { index, .. } = &operation.kind
            && index.predicate != Setting::None
        {
            findings.add(
                operation.line,
                format!(
                    "`{}` has a WHERE, and {} has no partial indexes: the statement fails; index an expression that is NULL elsewhere",
                    index.name.as_deref().unwrap_or("the index"),
                    case.engine.title()
                ),
            );
        }
    }
}

fn partial_elsewhere(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in super::surely(case).filter(|operation| operation.said.partial_elsewhere) {
        if let Kind::CreateIndex { table, index, .. } = &operation.kind
            && index.unique == Some(true)
        {
            findings.add(
                operation.line,
                format!(
                    "`{}` is over a part of the rows on another engine, and unique over all rows of `{table}` here; give a condition for {}, \
                     or make another index",
                    index.name.as_deref().unwrap_or("the index"),
                    case.engine.title()
                ),
            );
        }
    }
}

fn expression_index(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in super::surely(case) {
        let Kind::CreateIndex { index, .. } = &operation.kind else { continue };
        let fails = |part: &String| match part.split_once('(') {
            None => false,
            // MySQL's length of a prefix.
            Some((column, rest))
                if !column.trim().is_empty() && rest.trim_end_matches(')').trim().parse::<u32>().is_ok() =>
            {
                false
            }
            Some((before, _)) => case.engine != EngineKind::MySql || !before.trim().is_empty(),
        };
        if let Some(part) = index.columns.iter().flatten().find(|part| fails(part)) {
            findings.add(
                operation.line,
                format!(
                    "`{}` is over the expression `{part}`, which {} {}",
                    index.name.as_deref().unwrap_or("the index"),
                    case.engine.title(),
                    if case.engine == EngineKind::MySql {
                        "takes in parentheses of its own alone; write them"
                    } else {
                        "does not take; index a generated column"
                    }
                ),
            );
        }
    }
}

fn index_without_table(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in super::surely(case) {
        if let Kind::DropIndex { name, table: None, .. } = &operation.kind {
            findings.add(
                operation.line,
                format!(
                    "`{name}` is dropped without its table, which {} needs; name it (`table_name`)",
                    case.engine.title()
                ),
            );
        }
    }
}

fn constraint_without_kind(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in super::surely(case).filter(|operation| super::is_call(operation)) {
        if let Kind::DropConstraint { name: Some(name), kind: None, .. } = &operation.kind {
            findings.add(
                operation.line,
                format!(
                    "`{name}` is dropped without `type_`, which Alembic needs on {}; give it",
                    case.engine.title()
                ),
            );
        }
    }
}
