//! MRT828 to MRT831: types that an engine does not have, and columns that are changed without what belongs to theirs.

use mrt_chain::settings::EngineKind;

use crate::case::certainly;
use crate::finding::Severity;
use crate::operation::{Kind, ObjectKind, Type, Written};
use crate::rules::{Case, Check, Findings, Rule, Shows};
use crate::undo::Object;

pub(in crate::rules) const RULES: &[Rule] = &[
    Rule {
        code: "MRT828",
        name: "type of another engine",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Failure],
        about: "A column gets a type that the engine does not have (JSONB or an array on MySQL, TINYINT on PostgreSQL, …): SQLAlchemy cannot \
                render it, or the server refuses it. On SQLite it is a warning, since projects teach SQLAlchemy to render such types there. \
                Choose a type that all of the suite's engines have: `sa.JSON().with_variant(postgresql.JSONB(), \"postgresql\")`.",
        bad: "def upgrade():\n    op.execute(\"ALTER TABLE users ADD COLUMN seen DATETIME\")\n\n\n\
              def downgrade():\n    op.drop_column(\"users\", \"seen\")\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"seen\", sa.DateTime()))\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"seen\")\n",
        check: Check::Migration(unknown_type),
    },
    Rule {
        code: "MRT829",
        name: "VARCHAR without a length",
        severity: Severity::Error,
        engines: &[EngineKind::MySql, EngineKind::MariaDb, EngineKind::Oracle],
        shows: &[Shows::Failure],
        about: "MySQL, MariaDB and Oracle want a length for VARCHAR, and `sa.String()` has none: SQLAlchemy or the server refuses it. \
                Give a length, or use `sa.Text()`.",
        bad: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"nick\", sa.String()))\n\n\n\
              def downgrade():\n    op.drop_column(\"users\", \"nick\")\n",
        good: "def upgrade():\n    op.add_column(\"users\", sa.Column(\"nick\", sa.String(80)))\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"nick\")\n",
        check: Check::Migration(no_length),
    },
    Rule {
        code: "MRT830",
        name: "column changed without its type",
        severity: Severity::Error,
        engines: &[EngineKind::MySql, EngineKind::MariaDb, EngineKind::SqlServer],
        shows: &[Shows::Failure],
        about: "MySQL and MariaDB change a name, NULL or a comment by saying the whole column anew, and SQL Server does for NULL: Alembic needs \
                `existing_type` for it, and refuses without. Give it, with what else the column has (`existing_nullable`, \
                `existing_server_default`).",
        bad: "def upgrade():\n    op.alter_column(\"users\", \"name\", new_column_name=\"full_name\")\n\n\n\
              def downgrade():\n    op.alter_column(\"users\", \"full_name\", new_column_name=\"name\")\n",
        good: "def upgrade():\n    op.alter_column(\"users\", \"name\", new_column_name=\"full_name\", existing_type=sa.String(80), existing_nullable=True)\n\n\n\
               def downgrade():\n    op.alter_column(\"users\", \"full_name\", new_column_name=\"name\", existing_type=sa.String(80), existing_nullable=True)\n",
        check: Check::Migration(no_type),
    },
    Rule {
        code: "MRT831",
        name: "NOT NULL lost with the type",
        severity: Severity::Warning,
        engines: &[EngineKind::SqlServer],
        shows: &[Shows::Schema, Shows::Failure],
        about: "SQL Server's ALTER COLUMN says the type and whether NULL is allowed; without a word about it, NULL is allowed from then on. \
                Give `existing_nullable=False` (or `nullable`) with the new type.",
        bad: "def upgrade():\n    op.create_table(\"users\", sa.Column(\"age\", sa.SmallInteger(), nullable=False))\n\n\n\
              def downgrade():\n    op.drop_table(\"users\")\n\
              # the next revision\ndef upgrade():\n    op.alter_column(\"users\", \"age\", type_=sa.Integer())\n\n\n\
              def downgrade():\n    op.alter_column(\"users\", \"age\", type_=sa.SmallInteger(), existing_nullable=False)\n",
        good: "def upgrade():\n    op.create_table(\"users\", sa.Column(\"age\", sa.String(20), nullable=False))\n\n\n\
               def downgrade():\n    op.drop_table(\"users\")\n\
               # the next revision\ndef upgrade():\n    op.alter_column(\"users\", \"age\", type_=sa.String(20), existing_nullable=False)\n\n\n\
               def downgrade():\n    op.alter_column(\"users\", \"age\", type_=sa.String(20), existing_nullable=False)\n",
        check: Check::Migration(null_allowed),
    },
];

/// Types of SQLAlchemy's dialects that no other dialect can render.
const OF_POSTGRES: &[&str] = &[
    "JSONB",
    "HSTORE",
    "INET",
    "CIDR",
    "MACADDR",
    "MACADDR8",
    "TSVECTOR",
    "TSQUERY",
    "OID",
    "REGCLASS",
    "INT4RANGE",
    "INT8RANGE",
    "NUMRANGE",
    "DATERANGE",
    "TSRANGE",
    "TSTZRANGE",
    "INT4MULTIRANGE",
    "INT8MULTIRANGE",
    "NUMMULTIRANGE",
    "DATEMULTIRANGE",
    "TSMULTIRANGE",
    "TSTZMULTIRANGE",
    "CITEXT",
    "JSONPATH",
];
const OF_MYSQL: &[&str] =
    &["MEDIUMINT", "LONGTEXT", "MEDIUMTEXT", "TINYTEXT", "LONGBLOB", "MEDIUMBLOB", "TINYBLOB", "YEAR"];
const OF_SQL_SERVER: &[&str] = &[
    "DATETIME2",
    "DATETIMEOFFSET",
    "SMALLDATETIME",
    "UNIQUEIDENTIFIER",
    "NTEXT",
    "IMAGE",
    "ROWVERSION",
    "SMALLMONEY",
    "SQL_VARIANT",
];
const OF_ORACLE: &[&str] = &["NUMBER", "RAW", "BFILE", "BINARY_DOUBLE", "BINARY_FLOAT", "ROWID"];

fn unknown_type(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in super::surely(case) {
        let is_sql = matches!(operation.written, Written::Sql | Written::Connection);
        for (column, ty) in types(&operation.kind) {
            let is_own = case.before.get(&Object::other(ObjectKind::Type, &ty.text)).is_some();
            let lacks = if is_sql { lacks_in_sql(ty, case.engine) } else { lacks_in_calls(ty, case.engine) };
            if !lacks || is_own || ty.enum_name.is_some() {
                continue;
            }
            // Projects teach SQLAlchemy to render a type on SQLite, for their tests.
            findings.add_as(
                certainly(case.engine != EngineKind::Sqlite),
                operation.line,
                format!(
                    "`{column}` is `{}`, which {} does not have: the statement fails; choose a type of its own there (`with_variant`)",
                    ty.text,
                    case.engine.title()
                ),
            );
        }
    }
}

/// The columns that get a type, and the type.
fn types(kind: &Kind) -> Vec<(String, &Type)> {
    match kind {
        Kind::CreateTable { table, columns, .. } => columns
            .iter()
            .filter_map(|column| Some((format!("{table}.{}", column.name), column.ty.as_ref()?)))
            .collect(),
        Kind::AddColumn { table, column, .. } => {
            column.ty.iter().map(|ty| (format!("{table}.{}", column.name), ty)).collect()
        }
        Kind::AlterColumn { table, column, change } => {
            change.ty.iter().flatten().map(|ty| (format!("{table}.{column}"), ty)).collect()
        }
        _ => Vec::new(),
    }
}

fn lacks_in_calls(ty: &Type, engine: EngineKind) -> bool {
    let (word, is_array) = (word(ty), ty.text.ends_with("[]"));
    let is_of = |types: &[&str]| types.contains(&word);
    let of_postgres = is_array || is_of(OF_POSTGRES);
    match engine {
        EngineKind::Sqlite => {
            // Newer releases of SQLAlchemy write JSONB there.
            (of_postgres && word != "JSONB") || is_of(OF_MYSQL) || is_of(OF_SQL_SERVER) || is_of(OF_ORACLE)
        }
        EngineKind::Postgres => {
            is_of(OF_MYSQL)
                || is_of(OF_SQL_SERVER)
                || is_of(OF_ORACLE)
                || is_of(&["TINYINT", "DATETIME", "CLOB"])
        }
        EngineKind::MySql | EngineKind::MariaDb => of_postgres || is_of(OF_SQL_SERVER) || is_of(OF_ORACLE),
        EngineKind::SqlServer => of_postgres || is_of(OF_MYSQL) || is_of(OF_ORACLE) || is_of(&["CLOB"]),
        EngineKind::Oracle => {
            of_postgres || is_of(OF_MYSQL) || is_of(OF_SQL_SERVER) || is_of(&["TINYINT", "DATETIME"])
        }
    }
}

fn lacks_in_sql(ty: &Type, engine: EngineKind) -> bool {
    let (word, is_array) = (word(ty), ty.text.ends_with(']'));
    let is_of = |types: &[&str]| types.contains(&word);
    let serial = &["SMALLSERIAL", "BIGSERIAL"];
    match engine {
        // It takes any word for a type.
        EngineKind::Sqlite => false,
        EngineKind::Postgres => {
            is_of(OF_MYSQL)
                || is_of(OF_SQL_SERVER)
                || is_of(&[
                    "TINYINT",
                    "DATETIME",
                    "CLOB",
                    "NUMBER",
                    "NVARCHAR",
                    "BINARY_DOUBLE",
                    "BINARY_FLOAT",
                ])
        }
        EngineKind::MySql | EngineKind::MariaDb => {
            is_array
                || (is_of(OF_POSTGRES) && word != "INET")
                || is_of(OF_SQL_SERVER)
                || is_of(serial)
                || is_of(&["MONEY"])
                || (word == "UUID" && engine == EngineKind::MySql)
        }
        EngineKind::SqlServer => {
            is_array
                || is_of(OF_POSTGRES)
                || is_of(OF_MYSQL)
                || is_of(serial)
                || is_of(&["SERIAL", "BOOLEAN", "UUID", "CLOB", "BLOB", "NUMBER", "INTERVAL"])
        }
        EngineKind::Oracle => {
            is_array
                || is_of(OF_POSTGRES)
                || is_of(OF_MYSQL)
                || is_of(OF_SQL_SERVER)
                || is_of(serial)
                || is_of(&["SERIAL", "TEXT", "BIGINT", "TINYINT", "DATETIME", "UUID", "MONEY", "NVARCHAR"])
        }
    }
}

/// The type without its sizes.
fn word(ty: &Type) -> &str {
    ty.text.split(['(', '[']).next().unwrap_or_default().trim()
}

fn no_type(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in super::surely(case).filter(|operation| super::is_call(operation)) {
        let Kind::AlterColumn { table, column, change } = &operation.kind else { continue };
        let needs_it = match case.engine {
            EngineKind::SqlServer => change.nullable.is_some(),
            _ => change.restated,
        };
        if needs_it && !change.typed {
            findings.add(
                operation.line,
                format!(
                    "`{table}.{column}` is changed without `existing_type`, and {} has no other way than to say the column anew: \
                     Alembic refuses; give it",
                    case.engine.title()
                ),
            );
        }
    }
}

fn no_length(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in super::surely(case) {
        for (column, _) in types(&operation.kind).into_iter().filter(|(_, ty)| ty.text == "VARCHAR") {
            findings.add(
                operation.line,
                format!(
                    "`{column}` is VARCHAR without a length, which {} refuses; give one, or use TEXT",
                    case.engine.title()
                ),
            );
        }
    }
}

fn null_allowed(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in super::surely(case) {
        let Kind::AlterColumn { table, column, change } = &operation.kind else { continue };
        let says_it = change.nullable.is_some() || change.existing_nullable.is_some();
        if change.ty.is_none() || says_it {
            continue;
        }
        let state = case.undo.after_upgrade(case.before, &Object::column(table, column));
        let facts = state.and_then(|state| state.facts.as_ref());
        let was = case.before.column(table, column).or(facts).and_then(|facts| facts.get("nullable"));
        if was == Some("NOT NULL") {
            findings.add(
                operation.line,
                format!("`{table}.{column}` is NOT NULL, and its new type comes without a word about it: NULL is allowed from then on; say `existing_nullable=False`"),
            );
        }
    }
}
