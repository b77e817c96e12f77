//! The types of columns: how a value of each is written, and how it is read, so that equal values have equal texts and others
//! do not.

use super::quote::ident;
use super::wire::{Cell, Param};
use crate::database::rows::Value;

/// A moment as our sessions write it. A sign comes with years before Christ, and a blank without.
pub(super) const DATE: &str = "SYYYY-MM-DD HH24:MI:SS";
/// The same with a fraction.
pub(super) const TIMESTAMP: &str = "SYYYY-MM-DD HH24:MI:SS.FF9";
/// The same with a region's name or an offset.
pub(super) const TIMESTAMP_TZ: &str = "SYYYY-MM-DD HH24:MI:SS.FF9 TZR";

/// Prints what names a file outside of the database; there is no function of SQL's for that.
pub(super) const FILE_NAME: &str = "FUNCTION mrt_file_name(file IN BFILE) RETURN VARCHAR2 IS \
     directory VARCHAR2(128); name VARCHAR2(2000); BEGIN IF file IS NULL THEN RETURN NULL; END IF; \
     DBMS_LOB.FILEGETNAME(file, directory, name); RETURN directory || '/' || name; END; ";

/// What kind of values a column has, as far as reading and writing differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// As the driver prints it: texts, numbers, row ids, LONG.
    Plain,
    /// A number; its text has no exponent and no blanks.
    Number,
    Binary,
    /// Long text or bytes, of which the server does nothing but keep and give them.
    Long,
    /// Binary floating point of this many bits.
    Float(u8),
    /// Text in pieces, which can be empty and not NULL.
    Clob,
    Blob,
    File,
    Date,
    Timestamp,
    TimestampTz,
    /// Shown in the session's time zone, which is UTC.
    TimestampLtz,
    YearMonth,
    DaySecond,
    Xml,
    Json,
    Boolean,
    Vector,
    /// An object type or a collection.
    Object,
    /// Where an object lies.
    Reference,
}

impl Kind {
    /// By the column's type, as the dictionary has it (`NUMBER(10,2)`, `TIMESTAMP(6) WITH TIME ZONE`, `"HR"."ADDRESS"`).
    pub(super) fn of(native: &str) -> Self {
        let upper = native.trim().to_ascii_uppercase();
        let end = upper.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(upper.len());
        let (name, rest) = upper.split_at(end);
        match name {
            "VARCHAR2" | "NVARCHAR2" | "VARCHAR" | "CHAR" | "NCHAR" | "ROWID" | "UROWID" => Self::Plain,
            "LONG" => Self::Long,
            "NUMBER" | "FLOAT" | "INTEGER" | "DECIMAL" | "SMALLINT" | "INT" | "NUMERIC" | "REAL" => {
                Self::Number
            }
            "RAW" => Self::Binary,
            "BINARY_FLOAT" => Self::Float(32),
            "BINARY_DOUBLE" => Self::Float(64),
            "CLOB" | "NCLOB" => Self::Clob,
            "BLOB" => Self::Blob,
            "BFILE" => Self::File,
            "DATE" => Self::Date,
            "TIMESTAMP" if rest.contains("LOCAL TIME ZONE") => Self::TimestampLtz,
            "TIMESTAMP" if rest.contains("TIME ZONE") => Self::TimestampTz,
            "TIMESTAMP" => Self::Timestamp,
            "INTERVAL" if rest.contains("YEAR") => Self::YearMonth,
            "INTERVAL" => Self::DaySecond,
            "XMLTYPE" => Self::Xml,
            "JSON" => Self::Json,
            "BOOLEAN" => Self::Boolean,
            "VECTOR" => Self::Vector,
            "REF" if !rest.is_empty() => Self::Reference,
            _ if upper.replace('"', "").ends_with("XMLTYPE") => Self::Xml,
            _ => Self::Object,
        }
    }

    /// What is selected for a column, one expression or two.
    pub(super) fn selected(self, column: &str) -> Vec<String> {
        let column = ident(column);
        let printed = match self {
            Self::Plain | Self::Number | Self::Binary | Self::Long | Self::Float(_) => return vec![column],
            // An empty one and NULL look alike otherwise.
            Self::Clob | Self::Blob => {
                let length = format!("DBMS_LOB.GETLENGTH({column})");
                return vec![column, length];
            }
            Self::File => format!("mrt_file_name({column})"),
            Self::Date => format!("TO_CHAR({column}, '{DATE}')"),
            Self::Timestamp | Self::TimestampLtz => format!("TO_CHAR({column}, '{TIMESTAMP}')"),
            // The offset, too: an hour that comes twice has two.
            Self::TimestampTz => format!("TO_CHAR({column}, '{TIMESTAMP_TZ} TZH:TZM')"),
            Self::YearMonth | Self::DaySecond => format!("TO_CHAR({column})"),
            Self::Xml => format!("XMLSERIALIZE(CONTENT {column} AS CLOB)"),
            Self::Json => format!("JSON_SERIALIZE({column} RETURNING CLOB)"),
            Self::Boolean => format!("CASE WHEN {column} THEN 'true' WHEN NOT {column} THEN 'false' END"),
            Self::Vector => format!("FROM_VECTOR({column} RETURNING CLOB)"),
            Self::Reference => format!("REFTOHEX({column})"),
            Self::Object => format!(
                "CASE WHEN {column} IS NOT NULL THEN XMLSERIALIZE(CONTENT SYS.XMLTYPE({column}) AS CLOB) END"
            ),
        };
        vec![printed]
    }

    /// The canonical text of what was selected; `None` is NULL.
    pub(super) fn canonical(self, cells: &mut impl Iterator<Item = Cell>) -> Option<String> {
        let value = cells.next().unwrap_or(Cell::Null);
        let is_empty = match self {
            Self::Clob | Self::Blob => cells.next() == Some(Cell::Text("0".to_owned())),
            _ => false,
        };
        let text = match value {
            Cell::Null if is_empty && self == Self::Blob => return Some("0x".to_owned()),
            Cell::Null if is_empty => return Some(String::new()),
            Cell::Null => return None,
            Cell::Bytes(bytes) => return Some(hex(&bytes)),
            Cell::Text(text) => text,
        };
        Some(match self {
            Self::Number => number(&text),
            Self::Float(_) => float(&text),
            Self::Date => text.trim_start().to_owned(),
            Self::Timestamp | Self::TimestampLtz => without_zeros(text.trim_start()),
            Self::TimestampTz => zoned(text.trim_start()),
            Self::YearMonth => year_month(&text).unwrap_or(text),
            Self::DaySecond => day_second(&text).unwrap_or(text),
            _ => text,
        })
    }

    /// What stands in a statement for a value. What it has placeholders for is added to `params`.
    pub(super) fn written(self, value: &Value, params: &mut Vec<Param>) -> String {
        let (template, param) = self.template(value);
        let Some(param) = param else { return template };
        params.push(param);
        template.replacen('?', &format!(":{}", params.len()), 1)
    }

    /// The same, with `?` for the one placeholder; an expression that needs none may hold any sign.
    fn template(self, value: &Value) -> (String, Option<Param>) {
        let plain = |param| ("?".to_owned(), Some(param));
        match value {
            Value::Null => ("NULL".to_owned(), None),
            Value::Bool(it) if self == Self::Boolean => (if *it { "TRUE" } else { "FALSE" }.to_owned(), None),
            Value::Bool(it) => plain(Param::Integer((*it).into())),
            Value::Integer(number) => self.number(number.to_string()),
            Value::Number(text) => self.number(text.clone()),
            Value::Text(text) => self.text(text),
            Value::Bytes(bytes) if bytes.is_empty() && self == Self::Blob => {
                ("EMPTY_BLOB()".to_owned(), None)
            }
            // No other bytes are empty.
            Value::Bytes(bytes) if bytes.is_empty() => ("NULL".to_owned(), None),
            Value::Bytes(bytes) => match self {
                // Bytes for a column of texts, in which some keep them.
                Self::Plain | Self::Clob => plain(Param::Text(hex(bytes)[2..].to_owned())),
                _ => plain(Param::Bytes(bytes.clone())),
            },
        }
    }

    fn number(self, text: String) -> (String, Option<Param>) {
        let template = match self {
            Self::Float(32) => "TO_BINARY_FLOAT(?)",
            Self::Float(_) => "TO_BINARY_DOUBLE(?)",
            // The session has a point in its numbers, and reads exponents.
            Self::Number | Self::Boolean => "TO_NUMBER(?)",
            _ => "?",
        };
        (template.to_owned(), Some(Param::Text(text)))
    }

    fn text(self, text: &str) -> (String, Option<Param>) {
        let by = |template: &str, param: String| (template.to_owned(), Some(Param::Text(param)));
        let zoned = |moment: String, zone: String| {
            by(&format!("TO_TIMESTAMP_TZ(?, '{TIMESTAMP_TZ}')"), format!("{moment} {zone}"))
        };
        match self {
            // The only text that is empty and not NULL.
            Self::Clob if text.is_empty() => ("EMPTY_CLOB()".to_owned(), None),
            Self::Date => by(&format!("TO_DATE(?, '{DATE}')"), without_fraction(&moment(text).0)),
            Self::Timestamp | Self::TimestampLtz => match moment(text) {
                (moment, None) => by(&format!("TO_TIMESTAMP(?, '{TIMESTAMP}')"), moment),
                (moment, Some(zone)) => zoned(moment, zone),
            },
            Self::TimestampTz => {
                let (moment, zone) = moment(text);
                zoned(moment, zone.unwrap_or_else(|| "+00:00".to_owned()))
            }
            Self::YearMonth => by("TO_YMINTERVAL(?)", text.to_owned()),
            Self::DaySecond => by("TO_DSINTERVAL(?)", interval(text)),
            Self::Xml => by("XMLTYPE(?)", text.to_owned()),
            Self::Json => by("JSON(?)", text.to_owned()),
            Self::Vector => by("TO_VECTOR(?)", text.to_owned()),
            Self::Boolean => by("TO_BOOLEAN(?)", text.to_owned()),
            // What makes an object is an expression, and the text is one.
            Self::Object | Self::Reference | Self::File => (text.to_owned(), None),
            _ => by("?", text.to_owned()),
        }
    }
}

/// A number has one spelling: no zeros around it, and no sign before zero.
fn number(text: &str) -> String {
    let text = text.trim();
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    match (whole, fraction) {
        ("0", "") => "0".to_owned(),
        (whole, "") => format!("{sign}{whole}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    }
}

/// The driver's shortest digits; zero has no sign, since the two compare equal.
fn float(text: &str) -> String {
    match text {
        "-0.0" | "0.0" => "0".to_owned(),
        "inf" => "Infinity".to_owned(),
        "-inf" => "-Infinity".to_owned(),
        other => other.strip_suffix(".0").unwrap_or(other).to_owned(),
    }
}

fn without_zeros(moment: &str) -> String {
    let Some((whole, fraction)) = moment.split_once('.') else { return moment.to_owned() };
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

/// `2024-01-02 03:04:05.000000000 EUROPE/BERLIN +01:00`; an offset is not said twice.
fn zoned(text: &str) -> String {
    let parts: Vec<&str> = text.split(' ').collect();
    match parts.as_slice() {
        [day, time, region, offset] => {
            let moment = without_zeros(&format!("{day} {time}"));
            if region == offset {
                format!("{moment} {offset}")
            } else {
                format!("{moment} {region} {offset}")
            }
        }
        _ => text.to_owned(),
    }
}

/// `+000000012-03` of INTERVAL YEAR(9) TO MONTH.
fn year_month(text: &str) -> Option<String> {
    let (sign, rest) = signed(text);
    let (years, months) = rest.split_once('-')?;
    Some(format!("{sign}{}-{months}", number(years)))
}

/// `+000000012 03:04:05.000000` of INTERVAL DAY(9) TO SECOND.
fn day_second(text: &str) -> Option<String> {
    let (sign, rest) = signed(text);
    let (days, time) = rest.split_once(' ')?;
    Some(format!("{sign}{} {}", number(days), without_zeros(time)))
}

fn signed(text: &str) -> (&'static str, &str) {
    let text = text.trim();
    match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    }
}

/// A moment as seeds and defaults spell it (`2024-01-02T03:04:05.5+01`), as our formats print it, with every part that they
/// ask for; and its zone.
fn moment(text: &str) -> (String, Option<String>) {
    let text = text.trim();
    let (day, rest) = text.split_once([' ', 'T']).unwrap_or((text, ""));
    let rest = rest.trim();
    let zone_at = rest.find(|c: char| c == '+' || c == '-' || c.is_ascii_alphabetic() || c == ' ');
    let (clock, zone) = rest.split_at(zone_at.unwrap_or(rest.len()));
    let clock = if clock.is_empty() { "00:00:00" } else { clock };
    let clock = if clock.matches(':').count() == 1 { format!("{clock}:00") } else { clock.to_owned() };
    let (seconds, fraction) = clock.split_once('.').unwrap_or((&clock, "0"));
    let zone = match zone.trim() {
        "" => None,
        "Z" | "z" => Some("+00:00".to_owned()),
        offset if offset.len() == 3 => Some(format!("{offset}:00")),
        other => Some(other.to_owned()),
    };
    let blank = if day.starts_with('-') { "" } else { " " };
    (format!("{blank}{day} {seconds}.{fraction}"), zone)
}

fn without_fraction(moment: &str) -> String {
    moment.split('.').next().unwrap_or(moment).to_owned()
}

/// A span as seeds spell it (`3 days 04:05:06`, `-9999 days -23:59:59.5`, `0`), as Oracle does: one sign before all.
fn interval(text: &str) -> String {
    let text = text.trim();
    let (days, clock) = match text.split_once(" days") {
        Some((days, clock)) => (days.trim(), clock.trim()),
        None if text.contains(':') => match text.split_once(' ') {
            Some((days, clock)) => (days, clock),
            None => ("0", text),
        },
        None => (text, ""),
    };
    let (sign, days) = signed(days);
    let clock = signed(clock).1;
    format!("{sign}{} {}", number(days), if clock.is_empty() { "00:00:00" } else { clock })
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2 + 2);
    text.push_str("0x");
    for byte in bytes {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(native: &str, text: &str) -> Option<String> {
        Kind::of(native).canonical(&mut [Cell::Text(text.to_owned())].into_iter())
    }

    #[test]
    fn types_are_known_by_their_names() {
        for (native, kind) in [
            ("NUMBER(10,2)", Kind::Number),
            ("FLOAT(126)", Kind::Number),
            ("VARCHAR2(50 CHAR)", Kind::Plain),
            ("LONG", Kind::Long),
            ("LONG RAW", Kind::Long),
            ("RAW(16)", Kind::Binary),
            ("TIMESTAMP(6)", Kind::Timestamp),
            ("TIMESTAMP(9) WITH TIME ZONE", Kind::TimestampTz),
            ("TIMESTAMP(6) WITH LOCAL TIME ZONE", Kind::TimestampLtz),
            ("INTERVAL YEAR(2) TO MONTH", Kind::YearMonth),
            ("INTERVAL DAY(2) TO SECOND(6)", Kind::DaySecond),
            ("\"SYS\".\"XMLTYPE\"", Kind::Xml),
            ("PUBLIC.XMLTYPE", Kind::Xml),
            ("\"HR\".\"ADDRESS\"", Kind::Object),
            ("\"MDSYS\".\"SDO_GEOMETRY\"", Kind::Object),
            ("VECTOR(3, FLOAT32)", Kind::Vector),
            ("REF ADDRESS", Kind::Reference),
        ] {
            assert_eq!(Kind::of(native), kind, "{native}");
        }
    }

    #[test]
    fn numbers_have_one_spelling() {
        for (text, canonical) in [
            ("0", "0"),
            ("-0", "0"),
            (".5", "0.5"),
            ("-.50", "-0.5"),
            ("007", "7"),
            ("100", "100"),
            ("1.0", "1"),
        ] {
            assert_eq!(read("NUMBER", text).as_deref(), Some(canonical), "{text}");
        }
        let largest = format!("1{}", "0".repeat(125));
        assert_eq!(read("NUMBER", &largest), Some(largest));
        assert_eq!(read("BINARY_DOUBLE", "-0.0").as_deref(), Some("0"));
        assert_eq!(read("BINARY_DOUBLE", "1.0").as_deref(), Some("1"));
        assert_eq!(read("BINARY_FLOAT", "NaN").as_deref(), Some("NaN"));
        assert_eq!(read("BINARY_DOUBLE", "-inf").as_deref(), Some("-Infinity"));
    }

    #[test]
    fn moments_have_one_spelling() {
        assert_eq!(read("DATE", " 2024-01-02 03:04:05").as_deref(), Some("2024-01-02 03:04:05"));
        assert_eq!(read("DATE", "-4712-01-01 00:00:00").as_deref(), Some("-4712-01-01 00:00:00"));
        let fraction = " 2024-01-02 03:04:05.120000000";
        assert_eq!(read("TIMESTAMP(2)", fraction).as_deref(), Some("2024-01-02 03:04:05.12"));
        let zoned = |text| read("TIMESTAMP(6) WITH TIME ZONE", text);
        assert_eq!(
            zoned(" 2024-01-02 03:04:05.000000000 +01:00 +01:00").as_deref(),
            Some("2024-01-02 03:04:05 +01:00")
        );
        assert_eq!(
            zoned(" 2024-10-27 02:30:00.000000000 EUROPE/BERLIN +02:00").as_deref(),
            Some("2024-10-27 02:30:00 EUROPE/BERLIN +02:00")
        );
        assert_eq!(read("INTERVAL YEAR(9) TO MONTH", "-000000002-03").as_deref(), Some("-2-03"));
        assert_eq!(
            read("INTERVAL DAY(9) TO SECOND(9)", "+000000001 02:03:04.500000000").as_deref(),
            Some("1 02:03:04.5")
        );
    }

    #[test]
    fn an_empty_lob_is_not_null() {
        let lob = |native, cells: [Cell; 2]| Kind::of(native).canonical(&mut cells.into_iter());
        let zero = || Cell::Text("0".to_owned());
        assert_eq!(lob("CLOB", [Cell::Null, zero()]).as_deref(), Some(""));
        assert_eq!(lob("BLOB", [Cell::Null, zero()]).as_deref(), Some("0x"));
        assert_eq!(lob("CLOB", [Cell::Null, Cell::Null]), None);
        assert_eq!(
            lob("BLOB", [Cell::Bytes(vec![0, 255]), Cell::Text("2".into())]).as_deref(),
            Some("0x00ff")
        );
    }

    #[test]
    fn what_seeds_spell_is_written_as_formats_ask() {
        let param = |native, text: &str| {
            let mut params = Vec::new();
            Kind::of(native).written(&Value::Text(text.to_owned()), &mut params);
            match params.pop() {
                Some(Param::Text(text)) => text,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(param("DATE", "2024-02-29"), " 2024-02-29 00:00:00");
        assert_eq!(param("DATE", "2024-02-29 01:02:03.5"), " 2024-02-29 01:02:03");
        assert_eq!(param("DATE", "-4712-01-01"), "-4712-01-01 00:00:00");
        assert_eq!(param("TIMESTAMP(6)", "2024-02-29T01:02"), " 2024-02-29 01:02:00.0");
        let zoned = "TIMESTAMP(6) WITH TIME ZONE";
        assert_eq!(param(zoned, "2024-02-29 01:02:03.5+05:30"), " 2024-02-29 01:02:03.5 +05:30");
        assert_eq!(param(zoned, "2024-02-29 01:02:03-08"), " 2024-02-29 01:02:03.0 -08:00");
        assert_eq!(param(zoned, "2024-02-29 01:02:03 Europe/Berlin"), " 2024-02-29 01:02:03.0 Europe/Berlin");
        let span = "INTERVAL DAY(9) TO SECOND(6)";
        assert_eq!(param(span, "-9999 days -23:59:59.999999"), "-9999 23:59:59.999999");
        assert_eq!(param(span, "3 days 01:02:03"), "3 01:02:03");
        assert_eq!(param(span, "0"), "0 00:00:00");
    }

    #[test]
    fn placeholders_are_counted() {
        let mut params = Vec::new();
        let mut written = |native: &str, value: Value| Kind::of(native).written(&value, &mut params);
        assert_eq!(written("CLOB", Value::Text(String::new())), "EMPTY_CLOB()");
        assert_eq!(written("JSON", Value::Text("{\"a\": \"?\"}".to_owned())), "JSON(:1)");
        assert_eq!(written("BLOB", Value::Bytes(Vec::new())), "EMPTY_BLOB()");
        assert_eq!(written("NUMBER(3)", Value::Integer(7)), "TO_NUMBER(:2)");
        assert_eq!(written("\"HR\".\"T\"", Value::Text("\"HR\".\"T\"('?')".to_owned())), "\"HR\".\"T\"('?')");
        assert_eq!(written("BOOLEAN", Value::Bool(true)), "TRUE");
        assert_eq!(written("NUMBER(1)", Value::Bool(true)), ":3");
        assert_eq!(written("VARCHAR2(9)", Value::Null), "NULL");
        assert_eq!(params.len(), 3);
    }
}
