//! Declared types: their affinity, which is SQLite's, and their family, which is what people mean by them.

use crate::database::catalog::{ColumnType, Family};

/// What SQLite makes of a declared type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

impl Affinity {
    /// SQLite's own five rules, in their order.
    pub(super) fn of(declared: &str) -> Self {
        let declared = declared.to_ascii_uppercase();
        let has = |part: &str| declared.contains(part);
        if has("INT") {
            Self::Integer
        } else if has("CHAR") || has("CLOB") || has("TEXT") {
            Self::Text
        } else if has("BLOB") || declared.is_empty() {
            Self::Blob
        } else if has("REAL") || has("FLOA") || has("DOUB") {
            Self::Real
        } else {
            Self::Numeric
        }
    }

    /// A declared type that has this affinity.
    pub(super) fn as_type(self) -> &'static str {
        match self {
            Self::Integer => "INTEGER",
            Self::Text => "TEXT",
            Self::Blob => "BLOB",
            Self::Real => "REAL",
            Self::Numeric => "NUMERIC",
        }
    }
}

/// A declared type in its normal spelling: upper case, single blanks, none around parentheses.
pub(super) fn normal(declared: &str) -> String {
    let mut out = String::new();
    for c in declared.trim().chars() {
        match c {
            c if c.is_whitespace() => {
                if !out.ends_with([' ', '(']) {
                    out.push(' ');
                }
            }
            '(' | ')' => {
                out.truncate(out.trim_end().len());
                out.push(c);
            }
            ',' => {
                out.truncate(out.trim_end().len());
                out.push_str(", ");
            }
            c => out.extend(c.to_uppercase()),
        }
    }
    out
}

/// A declared type as it is compared: SQL has two words for two of them, and SQLAlchemy reads one and writes the
/// other. (What `INTEGER` alone can be, the rowid, is compared for itself.)
pub(super) fn comparable(declared: &str) -> String {
    match normal(declared) {
        int if int == "INT" => "INTEGER".to_owned(),
        bool if bool == "BOOL" => "BOOLEAN".to_owned(),
        other => other,
    }
}

/// The type of a column that was declared so.
pub(super) fn column_type(declared: &str) -> ColumnType {
    let native = normal(declared);
    let family = family(&native);
    // Without a declared type SQLite treats a column like one of BLOB; unlike nothing, that can stand in a cast.
    let native = if native.is_empty() { "BLOB".to_owned() } else { native };
    ColumnType { family, native, domain_checks: Vec::new() }
}

fn family(native: &str) -> Family {
    let (base, arguments) = split(native);
    let length = arguments.first().and_then(|n| usize::try_from(*n).ok()).filter(|n| *n > 0);
    let text = |max| Family::Text { max, padded: false };
    let integer = |bits: u32| Family::Integer { min: -(1 << (bits - 1)), max: (1 << (bits - 1)) - 1 };
    let unsigned = |bits: u32| Family::Integer { min: 0, max: ((1 << bits) - 1).min(i64::MAX.into()) };

    match base.as_str() {
        "" | "ANY" => Family::Other,
        "BOOLEAN" | "BOOL" => Family::Boolean,
        "TINYINT" | "INT1" => integer(8),
        "SMALLINT" | "INT2" | "SMALLSERIAL" => integer(16),
        "MEDIUMINT" | "INT3" => integer(24),
        "INT" | "INTEGER" | "INT4" | "SERIAL" => integer(32),
        "BIGINT" | "INT8" | "BIG INT" | "BIGINTEGER" | "BIGSERIAL" => integer(64),
        "TINYINT UNSIGNED" | "UNSIGNED TINYINT" => unsigned(8),
        "SMALLINT UNSIGNED" | "UNSIGNED SMALLINT" => unsigned(16),
        "INT UNSIGNED" | "INTEGER UNSIGNED" | "UNSIGNED INT" | "UNSIGNED INTEGER" => unsigned(32),
        "BIGINT UNSIGNED" | "UNSIGNED BIGINT" | "UNSIGNED BIG INT" => unsigned(64),
        // SQLAlchemy's Uuid is CHAR(32) here, and projects' own types use CHAR(36); where it is plain text, a UUID is
        // text as well.
        "CHAR" if length == Some(32) => Family::Uuid { hex: true },
        "CHAR" if length == Some(36) => Family::Uuid { hex: false },
        "CHAR" | "CHARACTER" | "NCHAR" => text(length),
        "UUID" | "GUID" | "UNIQUEIDENTIFIER" => Family::Uuid { hex: false },
        "VARCHAR" | "NVARCHAR" | "VARCHAR2" | "NVARCHAR2" | "CHARACTER VARYING" | "VARYING CHARACTER"
        | "NATIVE CHARACTER" | "STRING" => text(length),
        "TEXT" | "CLOB" | "NCLOB" | "TINYTEXT" | "MEDIUMTEXT" | "LONGTEXT" | "CITEXT" => text(length),
        "NUMERIC" | "DECIMAL" | "DEC" | "NUMBER" => Family::Decimal {
            precision: arguments.first().and_then(|n| u32::try_from(*n).ok()),
            // With a precision alone the scale is nought, in SQL.
            scale: match arguments.as_slice() {
                [] => None,
                [_] => Some(0),
                [_, scale, ..] => i32::try_from(*scale).ok(),
            },
        },
        "MONEY" => Family::Decimal { precision: Some(19), scale: Some(4) },
        "FLOAT4" => Family::Float { bits: 32 },
        "FLOAT" | "FLOAT8" | "REAL" | "DOUBLE" | "DOUBLE PRECISION" | "DOUBLE_PRECISION" => {
            Family::Float { bits: 64 }
        }
        "DATE" => Family::Date,
        "TIME" | "TIME WITHOUT TIME ZONE" => Family::Time { zoned: false, digits: 6 },
        "TIMETZ" | "TIME WITH TIME ZONE" => Family::Time { zoned: true, digits: 6 },
        "DATETIME" | "TIMESTAMP" | "DATETIME2" | "SMALLDATETIME" | "TIMESTAMP WITHOUT TIME ZONE" => {
            Family::Timestamp { zoned: false, digits: 6 }
        }
        "TIMESTAMPTZ" | "TIMESTAMP WITH TIME ZONE" | "DATETIMEOFFSET" => {
            Family::Timestamp { zoned: true, digits: 6 }
        }
        "INTERVAL" => Family::Interval,
        "JSON" | "JSONB" => Family::Json { binary: false },
        "BLOB" | "BYTEA" | "TINYBLOB" | "MEDIUMBLOB" | "LONGBLOB" | "IMAGE" => Family::Bytes { max: None },
        "BINARY" | "VARBINARY" => Family::Bytes { max: length },
        // A type of the project's own: what SQLite's affinity rules make of it.
        _ => match Affinity::of(native) {
            Affinity::Integer => integer(32),
            Affinity::Text => text(length),
            Affinity::Blob => Family::Bytes { max: length },
            Affinity::Real => Family::Float { bits: 64 },
            Affinity::Numeric => Family::Other,
        },
    }
}

/// `NUMERIC(10, 2)` is `NUMERIC` and 10, 2; `TIMESTAMP(6) WITH TIME ZONE` is `TIMESTAMP WITH TIME ZONE` and 6.
fn split(native: &str) -> (String, Vec<i64>) {
    let Some((before, rest)) = native.split_once('(') else {
        return (native.to_owned(), Vec::new());
    };
    let (inside, after) = rest.split_once(')').unwrap_or((rest, ""));
    let arguments = inside.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    (format!("{} {}", before.trim(), after.trim()).trim().to_owned(), arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_blanks_of_a_type_do_not_count_and_nothing_else_is_lost() {
        assert_eq!(normal(" varchar ( 50 ) "), "VARCHAR(50)");
        assert_eq!(normal("numeric(10,2)"), "NUMERIC(10, 2)");
        assert_eq!(normal("double\n precision"), "DOUBLE PRECISION");
        assert_ne!(normal("VARCHAR(50)"), normal("VARCHAR(51)"));
    }

    #[test]
    fn families_are_what_people_mean() {
        let family = |declared: &str| column_type(declared).family;
        assert_eq!(family("integer"), Family::Integer { min: i32::MIN.into(), max: i32::MAX.into() });
        assert_eq!(family("BIGINT"), Family::Integer { min: i64::MIN.into(), max: i64::MAX.into() });
        assert_eq!(family("UNSIGNED BIG INT"), Family::Integer { min: 0, max: i64::MAX.into() });
        assert_eq!(family("SMALLINT UNSIGNED"), Family::Integer { min: 0, max: 65535 });
        assert_eq!(family("nvarchar(9)"), Family::Text { max: Some(9), padded: false });
        assert_eq!(family("CHAR(32)"), Family::Uuid { hex: true });
        assert_eq!(family("CHAR(36)"), Family::Uuid { hex: false });
        assert_eq!(family("CHAR(31)"), Family::Text { max: Some(31), padded: false });
        assert_eq!(family("NUMERIC(10, 2)"), Family::Decimal { precision: Some(10), scale: Some(2) });
        assert_eq!(family("DECIMAL(10)"), Family::Decimal { precision: Some(10), scale: Some(0) });
        assert_eq!(family("NUMERIC"), Family::Decimal { precision: None, scale: None });
        assert_eq!(family("timestamp(3) with time zone"), Family::Timestamp { zoned: true, digits: 6 });
        assert_eq!(family("VARBINARY(16)"), Family::Bytes { max: Some(16) });
        assert_eq!(family("GEOMETRY"), Family::Other);
        assert_eq!(family("MYTEXTTYPE"), Family::Text { max: None, padded: false });
        assert_eq!(family(""), Family::Other);
    }

    #[test]
    fn affinity_follows_the_rules_in_their_order() {
        for (declared, affinity) in [
            ("CHARINT", Affinity::Integer),
            ("FLOATING POINT", Affinity::Integer),
            ("nvarchar(5)", Affinity::Text),
            ("", Affinity::Blob),
            ("double", Affinity::Real),
            ("BOOLEAN", Affinity::Numeric),
            ("STRING", Affinity::Numeric),
        ] {
            assert_eq!(Affinity::of(declared), affinity, "{declared}");
        }
    }
}
