//! How a value of each type is read, so that equal values have equal texts and others do not.
//!
//! The server spells most values itself, by the one style of CONVERT that loses nothing. Texts come as the UTF-16 that they are,
//! since half of a surrogate pair (what LEFT makes of an emoji under most collations) is a text to the server and none to the
//! driver. What the server alone fills in, and anew whenever a row is written, is nobody's data: a `rowversion` and the period
//! of a temporal table's row show as what they are. A vector is printed with eight digits, which is all that the server tells.

use super::quote::ident;

/// How to read a column of some type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As CONVERT spells it without a style.
    Plain,
    /// As CONVERT spells it with this style.
    Styled(u8),
    /// A text of Unicode, or what becomes one without loss.
    Text,
    Bytes,
    /// 32 bits.
    Real,
    /// 64 bits.
    Float,
    Uuid,
    /// A value with its own type.
    Variant,
    Hierarchy,
    Spatial,
    /// Encrypted by who writes it: the server knows its bytes, and converts them to nothing.
    Encrypted,
    /// Filled in by the server whenever the row is written.
    OfTheServer(&'static str),
}

/// What is known of a column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Facts {
    /// The system's own type that it is, or that its alias stands for; `encrypted` for what the server cannot read.
    pub(super) base: String,
    /// `AS ROW START`, `AS ROW END` and their like.
    pub(super) is_generated_always: bool,
    /// It takes no value: computed, or filled in by the server.
    pub(super) is_read_only: bool,
    pub(super) is_identity: bool,
}

impl Reading {
    pub(super) fn of(facts: &Facts) -> Self {
        if facts.is_generated_always {
            return Self::OfTheServer("<period>");
        }
        match facts.base.to_ascii_lowercase().as_str() {
            "bit" | "tinyint" | "smallint" | "int" | "bigint" | "decimal" | "numeric" => Self::Plain,
            // Four digits behind the point, no commas.
            "money" | "smallmoney" => Self::Styled(2),
            "date" => Self::Styled(23),
            "time" | "datetime" | "smalldatetime" | "datetime2" | "datetimeoffset" => Self::Styled(121),
            "real" => Self::Real,
            "float" => Self::Float,
            "uniqueidentifier" => Self::Uuid,
            "timestamp" | "rowversion" => Self::OfTheServer("<rowversion>"),
            "sql_variant" => Self::Variant,
            "hierarchyid" => Self::Hierarchy,
            "geometry" | "geography" => Self::Spatial,
            "binary" | "varbinary" | "image" => Self::Bytes,
            "encrypted" => Self::Encrypted,
            "char" | "varchar" | "text" | "nchar" | "nvarchar" | "ntext" | "sysname" | "xml" | "json"
            | "vector" => Self::Text,
            // A type of the common language runtime's, by how it is stored.
            _ => Self::Bytes,
        }
    }

    /// What is selected for the column, of a table that is called `t`.
    pub(super) fn expression(self, column: &str) -> String {
        let column = format!("t.{}", ident(column));
        match self {
            Self::Plain => format!("CONVERT(varchar(100), {column})"),
            Self::Styled(style) => format!("CONVERT(varchar(100), {column}, {style})"),
            Self::Text => utf16(&format!("CONVERT(nvarchar(max), {column})")),
            Self::Bytes => format!("CONVERT(varbinary(max), {column})"),
            // The style that tells every two numbers apart.
            Self::Real | Self::Float => format!("CONVERT(varchar(100), {column}, 3)"),
            Self::Uuid => format!("LOWER(CONVERT(varchar(100), {column}))"),
            Self::Variant => utf16(&variant(&column)),
            Self::Hierarchy => format!("CONVERT(varchar(8000), {column}.ToString())"),
            // The text is for people; the bytes tell apart what it might not.
            Self::Spatial => utf16(&format!(
                "CASE WHEN {column} IS NULL THEN NULL ELSE CONCAT(CONVERT(nvarchar(max), N'SRID='), {column}.STSrid, N';', \
                 {column}.AsTextZM(), N' ', CONVERT(varchar(max), CONVERT(varbinary(max), {column}), 1)) END"
            )),
            Self::Encrypted => column,
            Self::OfTheServer(what) => format!("CONVERT(varchar(100), '{what}')"),
        }
    }

    /// Whether what is selected comes as bytes.
    pub(super) fn comes_as_bytes(self) -> bool {
        matches!(self, Self::Text | Self::Bytes | Self::Variant | Self::Spatial | Self::Encrypted)
    }

    /// The canonical text of bytes that were selected.
    pub(super) fn canonical_bytes(self, bytes: &[u8]) -> String {
        if matches!(self, Self::Bytes | Self::Encrypted) { hex(bytes) } else { text(bytes) }
    }

    /// The canonical text of a text that was selected.
    pub(super) fn canonical_text(self, text: String) -> String {
        match self {
            Self::Real => text
                .trim()
                .parse::<f32>()
                .map_or(text, |number| float(f64::from(number), &number.to_string())),
            Self::Float => {
                text.trim().parse::<f64>().map_or(text, |number| float(number, &number.to_string()))
            }
            _ => text,
        }
    }
}

fn utf16(text: &str) -> String {
    format!("CONVERT(varbinary(max), {text})")
}

/// A variant's type and value: spelt where a type has a spelling that CONVERT gives without another style, in hexadecimal digits
/// where not.
fn variant(column: &str) -> String {
    let base = format!("CONVERT(nvarchar(128), SQL_VARIANT_PROPERTY({column}, 'BaseType'))");
    format!(
        "CASE WHEN {column} IS NULL THEN NULL ELSE CONCAT(CONVERT(nvarchar(max), {base}), N' ', CASE \
         WHEN {base} IN (N'bit', N'tinyint', N'smallint', N'int', N'bigint', N'decimal', N'numeric', N'date', N'time', \
         N'datetime', N'smalldatetime', N'datetime2', N'datetimeoffset', N'uniqueidentifier', N'nchar', N'nvarchar') \
         OR ({base} IN (N'char', N'varchar') AND DATALENGTH({column}) <= 4000) \
         THEN CONVERT(nvarchar(4000), {column}, 121) \
         ELSE CONVERT(nvarchar(max), CONVERT(varbinary(8000), {column}), 1) END) END"
    )
}

/// Text of UTF-16, the lesser byte first. What is no text shows as such, and different things differently.
fn text(bytes: &[u8]) -> String {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len() / 2);
    for unit in char::decode_utf16(pairs.iter().map(|pair| u16::from_le_bytes(*pair))) {
        match unit {
            Ok(c) => text.push(c),
            Err(lone) => text.push_str(&format!("\u{fffd}{:04x}", lone.unpaired_surrogate())),
        }
    }
    for byte in rest {
        text.push_str(&format!("\u{fffd}{byte:02x}"));
    }
    text
}

/// The shortest digits that read back as the number, with an exponent where there would be many zeros. Zero has no sign: the
/// two compare equal.
fn float(number: f64, shortest: &str) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    if (1e-5..1e17).contains(&number.abs()) || !number.is_finite() {
        return shortest.to_owned();
    }
    let (sign, digits) = shortest.strip_prefix('-').map_or(("", shortest), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let first = all.find(|c| c != '0').unwrap_or_default();
    let exponent = whole.len() as i64 - first as i64 - 1;
    let significant = all[first..].trim_end_matches('0');
    let (head, tail) = significant.split_at(1.min(significant.len()));
    let point = if tail.is_empty() { "" } else { "." };
    format!("{sign}{head}{point}{tail}e{exponent}")
}

fn hex(bytes: &[u8]) -> String {
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

    fn of(base: &str) -> Reading {
        Reading::of(&Facts { base: base.to_owned(), ..Facts::default() })
    }

    #[test]
    fn numbers_have_one_spelling() {
        let float = |text: &str| of("float").canonical_text(text.to_owned());
        assert_eq!(float("-0.0000000000000000e+000"), "0");
        assert_eq!(float("1.7976931348623157e+308"), "1.7976931348623157e308");
        assert_eq!(float("-2.2250738585072014e-308"), "-2.2250738585072014e-308");
        assert_eq!(float("3.0000000000000004e-001"), "0.30000000000000004");
        assert_eq!(float("1.0000000000000000e+020"), "1e20");
        assert_eq!(of("real").canonical_text("1.00000001e-001".to_owned()), "0.1");
    }

    #[test]
    fn texts_are_told_apart_even_where_they_are_none() {
        let reading = of("nvarchar");
        let units = |units: &[u16]| units.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<_>>();
        assert_eq!(reading.canonical_bytes(&units(&[0x61, 0xd83d, 0xde00])), "a😀");
        let (one, other) = (units(&[0xd83d]), units(&[0xd83c]));
        assert_ne!(reading.canonical_bytes(&one), reading.canonical_bytes(&other));
        assert_eq!(of("varbinary").canonical_bytes(&[0, 255]), "0x00ff");
    }

    #[test]
    fn what_the_server_fills_in_is_nobodys_data() {
        assert_eq!(of("timestamp"), Reading::OfTheServer("<rowversion>"));
        let period = Facts { base: "datetime2".to_owned(), is_generated_always: true, ..Facts::default() };
        assert_eq!(Reading::of(&period), Reading::OfTheServer("<period>"));
        assert_eq!(of("datetime2"), Reading::Styled(121));
    }
}
