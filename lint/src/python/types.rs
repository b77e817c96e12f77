//! SQLAlchemy's types, spelled as SQL.

use mrt_chain::settings::EngineKind;

use super::value::{Call, Value};
use crate::operation::Type;

/// The type that a value stands for, a class or an instance; `None` where it is not known.
pub(super) fn of(value: &Value<'_>, engine: EngineKind) -> Option<Type> {
    match value {
        Value::Global(path) => named(known(path)?, None, engine),
        Value::Call(call) => match &call.function {
            // `sa.JSON().with_variant(JSONB(), "postgresql")`
            Value::Attribute(base, "with_variant") => variant(base, call, engine),
            Value::Attribute(..) => None,
            function => named(known(function.global()?)?, Some(call), engine),
        },
        _ => None,
    }
}

/// The class of a type, where it is one of SQLAlchemy's or of those that add to it. A type of the project's own is anything.
fn known(path: &str) -> Option<&str> {
    let root = path.split('.').next()?;
    let is_known = matches!(
        root,
        "sqlalchemy" | "sqlalchemy_utils" | "sqlmodel" | "geoalchemy2" | "pgvector" | "citext"
    );
    is_known.then(|| path.rsplit_once('.').map_or(path, |(_, class)| class))
}

fn variant(base: &Value<'_>, call: &Call<'_>, engine: EngineKind) -> Option<Type> {
    let dialect = match engine {
        EngineKind::Sqlite => "sqlite",
        EngineKind::Postgres => "postgresql",
        EngineKind::MySql => "mysql",
        EngineKind::MariaDb => return None,
        EngineKind::SqlServer => "mssql",
        EngineKind::Oracle => "oracle",
    };
    let names: Vec<String> =
        call.arguments.positional.iter().skip(1).map(Value::name).collect::<Option<_>>()?;
    if names.iter().any(|name| name == dialect) {
        of(call.arguments.positional.first()?, engine)
    } else {
        of(base, engine)
    }
}

fn named(class: &str, call: Option<&Call<'_>>, engine: EngineKind) -> Option<Type> {
    if call.is_some_and(|call| call.arguments.open) {
        return None;
    }
    let argument = |name, position| call.and_then(|call| call.arguments.get(name, position));
    let number = |name, position| match argument(name, position) {
        Some(Value::Int(number)) => Some(Some(*number)),
        None | Some(Value::None) => Some(None),
        Some(_) => None,
    };
    let sized = |word: &str| -> Option<String> {
        Some(match number("length", 0)? {
            Some(length) => format!("{word}({length})"),
            None => word.to_owned(),
        })
    };
    let zoned = |word: &str| match argument("timezone", 0) {
        Some(Value::Bool(true)) => format!("{word} WITH TIME ZONE"),
        _ => word.to_owned(),
    };
    let fraction = |word: &str| -> Option<String> {
        Some(match number("fsp", usize::MAX)? {
            Some(digits) => format!("{word}({digits})"),
            None => word.to_owned(),
        })
    };
    let text = match class {
        // SQLModel gives it a length where MySQL needs one.
        "AutoString"
            if matches!(engine, EngineKind::MySql | EngineKind::MariaDb)
                && number("length", 0)?.is_none() =>
        {
            "VARCHAR(255)".to_owned()
        }
        "String" | "VARCHAR" | "AutoString" => sized("VARCHAR")?,
        "Unicode" | "NVARCHAR" => {
            sized(if engine == EngineKind::SqlServer { "NVARCHAR" } else { "VARCHAR" })?
        }
        "CHAR" | "NCHAR" => sized("CHAR")?,
        "Text" | "UnicodeText" | "TEXT" => sized("TEXT")?,
        "LargeBinary" | "BLOB" | "BYTEA" => sized("BLOB")?,
        "Integer" | "INTEGER" | "INT" => "INTEGER".to_owned(),
        "BigInteger" | "BIGINT" => "BIGINT".to_owned(),
        "SmallInteger" | "SMALLINT" => "SMALLINT".to_owned(),
        "Boolean" | "BOOLEAN" => "BOOLEAN".to_owned(),
        "Numeric" | "NUMERIC" | "DECIMAL" => match (number("precision", 0)?, number("scale", 1)?) {
            (Some(precision), Some(scale)) => format!("NUMERIC({precision}, {scale})"),
            (Some(precision), None) => format!("NUMERIC({precision})"),
            _ => "NUMERIC".to_owned(),
        },
        "TIMESTAMP" => zoned(&fraction("TIMESTAMP")?),
        "DATETIME" => fraction("DATETIME")?,
        "DateTime" if matches!(engine, EngineKind::Postgres | EngineKind::Oracle) => zoned("TIMESTAMP"),
        "DateTime" => "DATETIME".to_owned(),
        "Date" | "DATE" => "DATE".to_owned(),
        "Time" | "TIME" => zoned("TIME"),
        "JSON" | "JSONB" | "UUID" | "Uuid" | "Interval" | "INTERVAL" | "INET" | "CITEXT" | "TSVECTOR"
        | "HSTORE" | "MONEY" | "BIT" | "OID" | "MACADDR" | "CIDR" | "REAL" | "LONGTEXT" | "MEDIUMTEXT"
        | "TINYTEXT" => class.to_uppercase(),
        // The number is how wide it is shown.
        "TINYINT" | "MEDIUMINT" => class.to_owned(),
        "Enum" | "ENUM" => return Some(enumeration(call?, engine)),
        "SET" => {
            let labels: Option<Vec<String>> = call?.arguments.positional.iter().map(Value::name).collect();
            format!("SET('{}')", labels?.join("', '"))
        }
        "ARRAY" => format!("{}[]", of(argument("item_type", 0)?, engine)?.text),
        "DATETIME2" | "DATETIMEOFFSET" => match number("precision", 0)? {
            Some(digits) => format!("{class}({digits})"),
            None => class.to_owned(),
        },
        // Float's and Double's words differ by engine and version; a type of the project's own is anything.
        _ if call
            .is_none_or(|call| call.arguments.positional.is_empty() && call.arguments.named.is_empty()) =>
        {
            class.to_uppercase()
        }
        _ => return None,
    };
    let unsigned = call.is_some_and(|call| call.arguments.flag("unsigned", false));
    let text = if unsigned { format!("{text} UNSIGNED") } else { text };
    let collated = argument("collation", usize::MAX).is_some_and(|value| !matches!(value, Value::None));
    Some(Type { text, enum_name: None, makes_enum: false, collated })
}

/// `sa.Enum("a", "b", name="mood")`.
pub(super) fn enumeration(call: &Call<'_>, engine: EngineKind) -> Type {
    let arguments = &call.arguments;
    let name = arguments.text("name", usize::MAX).or_else(|| {
        // The name of an enum of Python is its class's, in small letters.
        let first = arguments.positional.first()?;
        first.class().map(str::to_lowercase)
    });
    let labels: Option<Vec<String>> = arguments.positional.iter().map(Value::name).collect();
    let labels = labels.map_or("?".to_owned(), |labels| labels.join("', '"));
    let native = engine == EngineKind::Postgres && arguments.flag("native_enum", true);
    let text = match (&name, native) {
        (Some(name), true) => name.to_uppercase(),
        _ => format!("ENUM('{labels}')"),
    };
    Type {
        text,
        enum_name: name.filter(|_| native),
        makes_enum: native && arguments.flag("create_type", true),
        collated: false,
    }
}
