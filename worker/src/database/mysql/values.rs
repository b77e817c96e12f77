//! How a value of each type is read, so that equal values have equal texts and others do not.
//!
//! Most types print that way by themselves in a session of ours. The others: FLOAT prints six digits, BIT, binary strings,
//! geometries and vectors are bytes, an ENUM's invalid value prints as the label `''` does, ZEROFILL pads.

use super::quote::{ident, literal};
use super::wire::text;

/// How to read a column of some type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    /// As the server prints it.
    Text,
    /// A whole number that is padded with zeros.
    Padded,
    /// 32 bits, which are read as the 64 that they are exactly.
    Float,
    Double,
    /// So many bits.
    Bits(usize),
    Bytes,
    Geometry,
    Vector,
    /// An ENUM with a label `''`: the text of what has no label.
    NoLabel(String),
    /// A SET with a label `''`: with its number, since the label prints as nothing.
    Numbered,
}

impl Reading {
    /// By the column's type, as `information_schema` prints it (`float(7,3) unsigned`, `enum('a','b')`).
    pub(super) fn of(native: &str) -> Self {
        let end = native.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(native.len());
        let (name, rest) = native.split_at(end);
        let padded = rest.to_ascii_lowercase().contains("zerofill");
        match name.to_ascii_lowercase().as_str() {
            "float" => Self::Float,
            "double" | "real" => Self::Double,
            "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" | "decimal" | "numeric"
                if padded =>
            {
                Self::Padded
            }
            "bit" => {
                let digits = rest.trim_start_matches('(').split(')').next().unwrap_or_default();
                Self::Bits(digits.parse().unwrap_or(1))
            }
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Self::Bytes,
            "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
            | "multipolygon" | "geometrycollection" | "geomcollection" => Self::Geometry,
            "vector" => Self::Vector,
            "enum" | "set" => {
                let labels = labels(rest);
                if !labels.iter().any(String::is_empty) {
                    return Self::Text;
                }
                if name.eq_ignore_ascii_case("set") {
                    return Self::Numbered;
                }
                let mut marker = "no label".to_owned();
                while labels.contains(&marker) {
                    marker.push('!');
                }
                Self::NoLabel(marker)
            }
            _ => Self::Text,
        }
    }

    /// What is selected for the column.
    pub(super) fn expression(&self, column: &str) -> String {
        let column = ident(column);
        match self {
            // Without a fixed number of decimals, as FLOAT(M,D) would hand it on.
            Self::Float | Self::Double => format!("CAST({column} AS DOUBLE)"),
            Self::NoLabel(marker) => format!("IF({column} + 0 = 0, {}, {column})", literal(marker)),
            // The driver knows no such type.
            Self::Vector => format!("HEX({column})"),
            Self::Numbered => format!("CONCAT({column} + 0, ' ', {column})"),
            _ => column,
        }
    }

    /// The canonical text of what was selected.
    pub(super) fn canonical(&self, bytes: Vec<u8>) -> String {
        match self {
            Self::Text | Self::NoLabel(_) | Self::Numbered => text(bytes),
            Self::Padded => {
                let printed = text(bytes);
                let bare = printed.trim_start_matches('0');
                if bare.is_empty() || bare.starts_with('.') { format!("0{bare}") } else { bare.to_owned() }
            }
            Self::Float => {
                let printed = text(bytes);
                // The nearest of 32 bits is the one that was widened.
                printed.parse::<f32>().map_or(printed, |number| float(f64::from(number), &number.to_string()))
            }
            Self::Double => {
                let printed = text(bytes);
                printed.parse::<f64>().map_or(printed, |number| float(number, &number.to_string()))
            }
            Self::Bits(length) => bits(&bytes, *length),
            Self::Bytes => hex(&bytes),
            Self::Geometry => geometry(&bytes).unwrap_or_else(|| hex(&bytes)),
            Self::Vector => vector(&bytes).unwrap_or_else(|| text(bytes)),
        }
    }
}

/// The labels of `('a','it''s')`.
pub(super) fn labels(list: &str) -> Vec<String> {
    let mut labels = Vec::new();
    let mut chars = list.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\'' {
            continue;
        }
        let mut label = String::new();
        while let Some(c) = chars.next() {
            match c {
                '\'' if chars.next_if_eq(&'\'').is_none() => break,
                c => label.push(c),
            }
        }
        labels.push(label);
    }
    labels
}

/// The shortest digits that read back as the number, with an exponent where there would be many zeros. Zero has no sign: the
/// two compare equal.
fn float(number: f64, shortest: &str) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    if (1e-5..1e17).contains(&number.abs()) {
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

fn bits(bytes: &[u8], length: usize) -> String {
    let all: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let surplus = all.len().saturating_sub(length);
    format!("b'{}'", &all[surplus..])
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2 + 2);
    text.push_str("0x");
    for byte in bytes {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// The numbers of a vector, given by its digits: four bytes each, the lesser ones first.
fn vector(digits: &[u8]) -> Option<String> {
    let bytes: Option<Vec<u8>> =
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    let bytes = bytes?;
    if !bytes.len().is_multiple_of(4) {
        return None;
    }
    let numbers: Vec<String> = bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|chunk| f32::from_le_bytes(*chunk))
        .map(|number| float(f64::from(number), &number.to_string()))
        .collect();
    Some(format!("[{}]", numbers.join(", ")))
}

/// Well-known text of a stored geometry: a number of a reference system, and well-known binary. `None` for what is no such
/// thing.
fn geometry(bytes: &[u8]) -> Option<String> {
    let (system, mut rest) = bytes.split_first_chunk::<4>()?;
    let system = u32::from_le_bytes(*system);
    let shape = shape(&mut rest, 0)?;
    if !rest.is_empty() {
        return None;
    }
    Some(if system == 0 { shape } else { format!("SRID={system};{shape}") })
}

/// How deep collections of collections are followed.
const DEPTH: u32 = 16;

fn shape(rest: &mut &[u8], depth: u32) -> Option<String> {
    if depth > DEPTH {
        return None;
    }
    let kind = header(rest)?;
    let names = [
        "POINT",
        "LINESTRING",
        "POLYGON",
        "MULTIPOINT",
        "MULTILINESTRING",
        "MULTIPOLYGON",
        "GEOMETRYCOLLECTION",
    ];
    let name = names.get(usize::try_from(kind.checked_sub(1)?).ok()?)?;
    let body = match kind {
        1 => point(rest)?,
        2 => list(rest, point)?,
        3 => list(rest, |rest| parenthesised(list(rest, point)))?,
        4 => list(rest, |rest| (header(rest)? == 1).then(|| point(rest))?)?,
        5 => list(rest, |rest| (header(rest)? == 2).then(|| parenthesised(list(rest, point)))?)?,
        6 => list(rest, |rest| {
            (header(rest)? == 3)
                .then(|| parenthesised(list(rest, |rest| parenthesised(list(rest, point)))))?
        })?,
        _ => list(rest, |rest| shape(rest, depth + 1))?,
    };
    Some(format!("{name}({body})"))
}

fn parenthesised(inner: Option<String>) -> Option<String> {
    inner.map(|inner| format!("({inner})"))
}

fn list(rest: &mut &[u8], mut one: impl FnMut(&mut &[u8]) -> Option<String>) -> Option<String> {
    let (count, tail) = rest.split_first_chunk::<4>()?;
    *rest = tail;
    let mut parts = Vec::new();
    for _ in 0..u32::from_le_bytes(*count) {
        parts.push(one(rest)?);
    }
    Some(parts.join(","))
}

/// The kind of what follows; both servers store the lesser byte first.
fn header(rest: &mut &[u8]) -> Option<u32> {
    let (order, tail) = rest.split_first()?;
    let (kind, tail) = tail.split_first_chunk::<4>()?;
    *rest = tail;
    (*order == 1).then(|| u32::from_le_bytes(*kind))
}

fn point(rest: &mut &[u8]) -> Option<String> {
    let mut coordinate = || {
        let (bytes, tail) = rest.split_first_chunk::<8>()?;
        *rest = tail;
        let number = f64::from_le_bytes(*bytes);
        // Not a number has many spellings, which hexadecimal digits tell apart.
        number.is_finite().then(|| float(number, &number.to_string()))
    };
    Some(format!("{} {}", coordinate()?, coordinate()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_by_their_names() {
        assert_eq!(Reading::of("float(7,3) unsigned"), Reading::Float);
        assert_eq!(Reading::of("bit(8)"), Reading::Bits(8));
        assert_eq!(Reading::of("int(5) unsigned zerofill"), Reading::Padded);
        assert_eq!(Reading::of("int(5)"), Reading::Text);
        assert_eq!(Reading::of("enum('zerofill','float')"), Reading::Text);
        assert_eq!(Reading::of("enum('','no label')"), Reading::NoLabel("no label!".to_owned()));
        assert_eq!(Reading::of("varchar(50)"), Reading::Text);
    }

    #[test]
    fn labels_are_taken_apart() {
        assert_eq!(labels("('a','it''s','x,''y','')"), ["a", "it's", "x,'y", ""]);
        assert!(labels("").is_empty());
    }

    #[test]
    fn numbers_have_one_spelling() {
        let double = |text: &str| Reading::Double.canonical(text.as_bytes().to_vec());
        assert_eq!(double("-0"), "0");
        assert_eq!(double("1.7976931348623157e308"), "1.7976931348623157e308");
        assert_eq!(double("-2.2250738585072014e-308"), "-2.2250738585072014e-308");
        assert_eq!(double("0.30000000000000004"), "0.30000000000000004");
        assert_eq!(double("1e20"), "1e20");
        assert_eq!(double("100000"), "100000");
        assert_eq!(Reading::Float.canonical(b"0.10000000149011612".to_vec()), "0.1");
        assert_eq!(Reading::Padded.canonical(b"00042".to_vec()), "42");
        assert_eq!(Reading::Padded.canonical(b"000.50".to_vec()), "0.50");
        assert_eq!(Reading::Padded.canonical(b"000".to_vec()), "0");
    }

    #[test]
    fn bytes_have_a_text() {
        assert_eq!(Reading::Bits(3).canonical(vec![5]), "b'101'");
        assert_eq!(Reading::Bits(9).canonical(vec![1, 0]), "b'100000000'");
        assert_eq!(Reading::Bytes.canonical(vec![0, 255]), "0x00ff");
        let mut point = 4326u32.to_le_bytes().to_vec();
        point.push(1);
        point.extend(1u32.to_le_bytes());
        point.extend(1.5f64.to_le_bytes());
        point.extend((-2f64).to_le_bytes());
        assert_eq!(Reading::Geometry.canonical(point.clone()), "SRID=4326;POINT(1.5 -2)");
        point.push(0);
        assert!(Reading::Geometry.canonical(point).starts_with("0x"));
        assert_eq!(Reading::Vector.canonical(b"0000803FCDCCCC3D".to_vec()), "[1, 0.1]");
    }
}
