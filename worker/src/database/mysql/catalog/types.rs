//! The families of types.

use super::column::ColumnText;
use super::text::{Token, items, tokens};
use crate::database::catalog::{ColumnType, Family};

/// The word for the value in a type's own conditions.
const NOT_NEGATIVE: &str = "VALUE >= 0";

/// The type of a column, whose collation in effect is this one.
pub(super) fn column_type(column: &ColumnText, collation: Option<&str>) -> ColumnType {
    let unsigned = column.ty.contains(" unsigned");
    let family = family(column, collation, unsigned);
    let fractional = matches!(family, Family::Decimal { .. } | Family::Float { .. });
    let native = match collation {
        // What a condition says of a text hangs on its collation.
        Some(collation) => {
            format!("{} CHARACTER SET {} COLLATE {collation}", column.ty, charset_of(collation))
        }
        None => match &column.srid {
            Some(system) => format!("{} SRID {system}", column.ty),
            None => column.ty.clone(),
        },
    };
    let domain_checks = if unsigned && fractional { vec![NOT_NEGATIVE.to_owned()] } else { Vec::new() };
    ColumnType { family, native, domain_checks }
}

fn family(column: &ColumnText, collation: Option<&str>, unsigned: bool) -> Family {
    let arguments: Vec<Option<u32>> =
        column.arguments().unwrap_or_default().split(',').map(|n| n.trim().parse().ok()).collect();
    let number = |at: usize| arguments.get(at).copied().flatten();
    let length = number(0).and_then(|n| usize::try_from(n).ok());
    let digits = number(0).and_then(|n| u8::try_from(n).ok()).unwrap_or(0);
    let integer = |bits: u32| {
        if unsigned {
            Family::Integer { min: 0, max: (1 << bits) - 1 }
        } else {
            Family::Integer { min: -(1 << (bits - 1)), max: (1 << (bits - 1)) - 1 }
        }
    };
    // A text's limit is in bytes.
    let text = |bytes: usize| Family::Text {
        max: Some(bytes / longest_character(collation.map_or("utf8mb4", charset_of))),
        padded: false,
    };
    match column.base() {
        // SQLAlchemy's Boolean, which is a number to the server.
        "tinyint" if column.ty == "tinyint(1)" => Family::Boolean,
        "tinyint" => integer(8),
        "smallint" => integer(16),
        "mediumint" => integer(24),
        "int" => integer(32),
        "bigint" => integer(64),
        "year" => Family::Integer { min: 1901, max: 2155 },
        "decimal" => Family::Decimal {
            precision: number(0),
            scale: number(1).and_then(|n| i32::try_from(n).ok()).or(Some(0)),
        },
        // With digits it is limited like a decimal, and holds fifteen of them exactly.
        "double" if number(0).is_some_and(|n| n <= 15) => {
            Family::Decimal { precision: number(0), scale: number(1).and_then(|n| i32::try_from(n).ok()) }
        }
        "float" => Family::Float { bits: 32 },
        "double" => Family::Float { bits: 64 },
        // SQLAlchemy's Uuid is CHAR(32) here, and projects' own types use CHAR(36).
        "char" if length == Some(32) => Family::Uuid { hex: true },
        "char" if length == Some(36) => Family::Uuid { hex: false },
        "char" => Family::Text { max: length.or(Some(1)), padded: true },
        "varchar" => Family::Text { max: length, padded: false },
        "tinytext" => text(255),
        "text" => text(65_535),
        "mediumtext" => text(16_777_215),
        "longtext" => Family::Text { max: None, padded: false },
        "binary" | "varbinary" => Family::Bytes { max: length.or(Some(1)) },
        "tinyblob" => Family::Bytes { max: Some(255) },
        "blob" => Family::Bytes { max: Some(65_535) },
        "mediumblob" => Family::Bytes { max: Some(16_777_215) },
        "longblob" => Family::Bytes { max: None },
        "date" => Family::Date,
        "time" => Family::Time { zoned: false, digits },
        "datetime" => Family::Timestamp { zoned: false, digits },
        // It is an instant, but written and read in the session's zone, which is UTC here: its literals have no offset.
        "timestamp" => Family::Timestamp { zoned: false, digits },
        "uuid" => Family::Uuid { hex: false },
        // MySQL stores what it means, MariaDB what was written.
        "json" => Family::Json { binary: !column.json_is_text },
        "enum" => Family::Enum(labels(column.arguments().unwrap_or_default())),
        _ => Family::Other,
    }
}

fn labels(arguments: &str) -> Vec<String> {
    let tokens = tokens(arguments);
    items(&tokens).iter().filter_map(|item| item.first().map(Token::text)).collect()
}

/// A collation's name begins with its character set.
fn charset_of(collation: &str) -> &str {
    collation.split('_').next().unwrap_or(collation)
}

/// How many bytes a character can take.
fn longest_character(charset: &str) -> usize {
    match charset {
        "utf8mb4" | "utf16" | "utf16le" | "utf32" | "gb18030" => 4,
        "utf8mb3" | "utf8" | "eucjpms" | "ujis" => 3,
        "ucs2" | "big5" | "cp932" | "euckr" | "gb2312" | "gbk" | "sjis" => 2,
        _ => 1,
    }
}
