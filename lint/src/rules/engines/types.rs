//! MRT827 and MRT828: types that an engine does not have, and columns that are said anew without theirs.

use mrt_chain::settings::EngineKind;

use crate::case::{Case, Findings, certainly};
use crate::operation::{Kind, ObjectKind, Type, Written};
use crate::undo::Object;

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

pub(super) fn unknown_type(case: &Case<'_>, findings: &mut Findings<'_>) {
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

pub(super) fn no_type(case: &Case<'_>, findings: &mut Findings<'_>) {
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

pub(super) fn no_length(case: &Case<'_>, findings: &mut Findings<'_>) {
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
