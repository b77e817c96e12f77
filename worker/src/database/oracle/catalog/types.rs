//! Types of columns: as SQL spells them, and the families that seeding knows.

use super::tables_rows::ColumnRow;
use super::text::shown;
use crate::database::catalog::{ColumnType, Family};

/// Digits of a NUMBER for which no precision was declared.
const ALL_DIGITS: u32 = 38;

/// The type of a column of `owner`'s.
pub(super) fn column_type(column: &ColumnRow, owner: &str) -> ColumnType {
    ColumnType { family: family(column), native: native(column, owner), domain_checks: Vec::new() }
}

/// A type as SQL spells it, names of its own schema bare.
pub(in crate::database::oracle) fn native(column: &ColumnRow, owner: &str) -> String {
    let ColumnRow { data_type, precision, scale, char_length, data_length, .. } = column;
    if !column.type_owner.is_empty() {
        let reference = if column.type_mod.is_empty() { "" } else { "REF " };
        let schema = match column.type_owner.as_str() {
            "PUBLIC" => String::new(),
            other if other == owner => String::new(),
            other => format!("{}.", shown(other)),
        };
        return format!("{reference}{schema}{}", shown(data_type));
    }
    match data_type.as_str() {
        "NUMBER" => number(precision, scale),
        "FLOAT" => format!("FLOAT({precision})"),
        "VARCHAR2" | "CHAR" | "VARCHAR" if column.char_used == "C" => {
            format!("{data_type}({char_length} CHAR)")
        }
        "VARCHAR2" | "CHAR" | "VARCHAR" => format!("{data_type}({data_length} BYTE)"),
        "NVARCHAR2" | "NCHAR" => format!("{data_type}({char_length})"),
        "RAW" | "UROWID" => format!("{data_type}({data_length})"),
        "VECTOR" if column.vector_info.starts_with("VECTOR") => column.vector_info.clone(),
        "VECTOR" if !column.vector_info.is_empty() => format!("VECTOR({})", column.vector_info),
        _ => data_type.clone(),
    }
}

fn number(precision: &str, scale: &str) -> String {
    match (precision, scale) {
        ("", "") => "NUMBER".to_owned(),
        ("", scale) => format!("NUMBER(*,{scale})"),
        (precision, "") => format!("NUMBER({precision})"),
        (precision, scale) => format!("NUMBER({precision},{scale})"),
    }
}

fn family(column: &ColumnRow) -> Family {
    if !column.type_owner.is_empty() {
        return Family::Other;
    }
    let length = |text: &str| text.parse::<usize>().ok();
    // Characters or bytes, whichever limits it: ASCII fills both alike.
    let limit =
        if column.char_used == "B" { length(&column.data_length) } else { length(&column.char_length) };
    let base = column.data_type.split('(').next().unwrap_or_default();
    match base {
        "NUMBER" => number_family(&column.precision, &column.scale),
        // Decimal inside, of as many digits as so many bits need.
        "FLOAT" => {
            let bits: u32 = column.precision.parse().unwrap_or(126);
            let digits = (bits * 30_103 / 100_000).clamp(1, ALL_DIGITS);
            Family::Decimal { precision: Some(digits), scale: Some(i32::try_from(digits / 2).unwrap_or(0)) }
        }
        "BINARY_FLOAT" => Family::Float { bits: 32 },
        "BINARY_DOUBLE" => Family::Float { bits: 64 },
        // SQLAlchemy's Uuid is CHAR(32) here, and projects' own types use CHAR(36).
        "CHAR" if limit == Some(32) => Family::Uuid { hex: true },
        "CHAR" if limit == Some(36) => Family::Uuid { hex: false },
        "CHAR" | "NCHAR" => Family::Text { max: limit, padded: true },
        "VARCHAR2" | "VARCHAR" | "NVARCHAR2" => Family::Text { max: limit, padded: false },
        "CLOB" | "NCLOB" | "LONG" => Family::Text { max: None, padded: false },
        "RAW" => Family::Bytes { max: length(&column.data_length) },
        "BLOB" | "LONG RAW" => Family::Bytes { max: None },
        // It has a time of day.
        "DATE" => Family::Timestamp { zoned: false, digits: 0 },
        "TIMESTAMP" => {
            let digits = column.data_type[base.len()..].trim_start_matches('(').split(')').next();
            Family::Timestamp {
                zoned: column.data_type.contains("TIME ZONE"),
                digits: digits.and_then(|digits| digits.parse().ok()).unwrap_or(6),
            }
        }
        "JSON" => Family::Json { binary: true },
        "BOOLEAN" => Family::Boolean,
        // Two sorts of intervals, rows' addresses, files, vectors: the dialect has samples.
        _ => Family::Other,
    }
}

fn number_family(precision: &str, scale: &str) -> Family {
    let digits: Option<u32> = precision.parse().ok();
    let places: Option<i32> = scale.parse().ok();
    match (digits, places) {
        (digits, Some(0)) => {
            let largest = 10_i128.pow(digits.unwrap_or(ALL_DIGITS).min(ALL_DIGITS)) - 1;
            Family::Integer { min: -largest, max: largest }
        }
        (None, None) => Family::Decimal { precision: None, scale: None },
        (digits, places) => {
            Family::Decimal { precision: Some(digits.unwrap_or(ALL_DIGITS)), scale: places.or(Some(0)) }
        }
    }
}

/// Whether a column's values may be kept apart from their rows.
pub(super) fn is_large(column: &ColumnRow) -> bool {
    matches!(column.data_type.as_str(), "CLOB" | "NCLOB" | "BLOB" | "JSON" | "VECTOR" | "XMLTYPE")
        || !column.type_owner.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(data_type: &str, precision: &str, scale: &str) -> ColumnRow {
        ColumnRow {
            data_type: data_type.to_owned(),
            precision: precision.to_owned(),
            scale: scale.to_owned(),
            data_length: "22".to_owned(),
            ..ColumnRow::default()
        }
    }

    fn text(data_type: &str, used: &str, characters: &str, bytes: &str) -> ColumnRow {
        ColumnRow {
            data_type: data_type.to_owned(),
            char_used: used.to_owned(),
            char_length: characters.to_owned(),
            data_length: bytes.to_owned(),
            ..ColumnRow::default()
        }
    }

    #[test]
    fn numbers_are_whole_where_their_scale_is_nought() {
        let both = |column: &ColumnRow| (native(column, "O"), family(column));
        let whole =
            |digits: u32| Family::Integer { min: 1 - 10_i128.pow(digits), max: 10_i128.pow(digits) - 1 };
        assert_eq!(both(&column("NUMBER", "1", "0")), ("NUMBER(1,0)".to_owned(), whole(1)));
        assert_eq!(both(&column("NUMBER", "19", "0")), ("NUMBER(19,0)".to_owned(), whole(19)));
        // INTEGER.
        assert_eq!(both(&column("NUMBER", "", "0")), ("NUMBER(*,0)".to_owned(), whole(38)));
        let decimal = |precision, scale| Family::Decimal { precision, scale };
        assert_eq!(both(&column("NUMBER", "", "")), ("NUMBER".to_owned(), decimal(None, None)));
        assert_eq!(
            both(&column("NUMBER", "10", "2")),
            ("NUMBER(10,2)".to_owned(), decimal(Some(10), Some(2)))
        );
        assert_eq!(
            both(&column("NUMBER", "5", "-2")),
            ("NUMBER(5,-2)".to_owned(), decimal(Some(5), Some(-2)))
        );
        assert_eq!(both(&column("FLOAT", "126", "")).0, "FLOAT(126)");
        assert_eq!(
            both(&column("BINARY_DOUBLE", "", "")),
            ("BINARY_DOUBLE".to_owned(), Family::Float { bits: 64 })
        );
    }

    #[test]
    fn texts_are_limited_in_bytes_or_in_characters() {
        let both = |column: &ColumnRow| (native(column, "O"), family(column));
        let limited = |max, padded| Family::Text { max: Some(max), padded };
        assert_eq!(
            both(&text("VARCHAR2", "C", "30", "120")),
            ("VARCHAR2(30 CHAR)".to_owned(), limited(30, false))
        );
        assert_eq!(
            both(&text("VARCHAR2", "B", "30", "30")),
            ("VARCHAR2(30 BYTE)".to_owned(), limited(30, false))
        );
        assert_eq!(
            both(&text("NVARCHAR2", "C", "30", "60")),
            ("NVARCHAR2(30)".to_owned(), limited(30, false))
        );
        assert_eq!(both(&text("CHAR", "B", "3", "3")), ("CHAR(3 BYTE)".to_owned(), limited(3, true)));
        assert_eq!(
            both(&text("CHAR", "C", "32", "128")),
            ("CHAR(32 CHAR)".to_owned(), Family::Uuid { hex: true })
        );
        assert_eq!(
            both(&text("RAW", "", "0", "16")),
            ("RAW(16)".to_owned(), Family::Bytes { max: Some(16) })
        );
        assert_eq!(both(&text("CLOB", "", "0", "4000")).1, Family::Text { max: None, padded: false });
    }

    #[test]
    fn dates_have_a_time_and_timestamps_their_digits() {
        let timestamp = |zoned, digits| Family::Timestamp { zoned, digits };
        let family = |name: &str| family(&column(name, "", "6"));
        assert_eq!(family("DATE"), timestamp(false, 0));
        assert_eq!(family("TIMESTAMP(6)"), timestamp(false, 6));
        assert_eq!(family("TIMESTAMP(9) WITH TIME ZONE"), timestamp(true, 9));
        assert_eq!(family("TIMESTAMP(0) WITH LOCAL TIME ZONE"), timestamp(true, 0));
        assert_eq!(family("INTERVAL DAY(2) TO SECOND(6)"), Family::Other);
        assert_eq!(family("BOOLEAN"), Family::Boolean);
        assert_eq!(family("JSON"), Family::Json { binary: true });
    }

    #[test]
    fn types_of_persons_have_their_schema_unless_it_is_the_own_one() {
        let typed = |owner: &str, name: &str, modifier: &str| ColumnRow {
            data_type: name.to_owned(),
            type_owner: owner.to_owned(),
            type_mod: modifier.to_owned(),
            ..ColumnRow::default()
        };
        assert_eq!(native(&typed("O", "POINT", ""), "O"), "POINT");
        assert_eq!(native(&typed("MDSYS", "SDO_GEOMETRY", ""), "O"), "MDSYS.SDO_GEOMETRY");
        assert_eq!(native(&typed("PUBLIC", "XMLTYPE", ""), "O"), "XMLTYPE");
        assert_eq!(native(&typed("O", "POINT", "REF"), "O"), "REF POINT");
        assert!(is_large(&typed("SYS", "XMLTYPE", "")) && !is_large(&column("NUMBER", "", "")));
    }
}
