//! Edge values: what real data has and ordinary rows have not.
//!
//! They sit at the limits of the column's own type, whatever the other side says, and within what Python's
//! `datetime` and the drivers can read.

use crate::database::Dialect;
use crate::database::catalog::{ColumnType, Family};
use crate::database::rows::Value;

use super::Edge;
use super::compat::power;
use super::values::{Field, array, point};

/// The longest text that still fits into an index of every engine.
const INDEXED: usize = 255;

/// Values for an edge row, the most extreme first; empty when this edge does not change the column.
pub(super) fn values(field: &Field<'_>, edge: Edge, ordinal: u64, dialect: &dyn Dialect) -> Vec<Value> {
    let column = field.column;
    let text = matches!(column.ty.family, Family::Text { .. });
    // A key that feeds a counter must leave it room, and extremes of other keys tell nothing.
    if column.generated || column.counter || (field.primary && !text) {
        return Vec::new();
    }
    of_type(&Context { field, edge, ordinal, dialect }, &column.ty)
}

struct Context<'a> {
    field: &'a Field<'a>,
    edge: Edge,
    ordinal: u64,
    dialect: &'a dyn Dialect,
}

fn of_type(context: &Context<'_>, ty: &ColumnType) -> Vec<Value> {
    let edge = context.edge;
    let text = |text: &str| vec![Value::Text(text.to_owned())];
    match &ty.family {
        Family::Boolean => match edge {
            Edge::Empty => vec![Value::Bool(false)],
            _ => Vec::new(),
        },
        Family::Integer { min, max } => match edge {
            Edge::Largest => (0..4).map(|less| Value::Integer(max - less)).collect(),
            Edge::Smallest => (0..4).map(|more| Value::Integer(min + more)).collect(),
            Edge::Empty => vec![Value::Integer(0)],
            _ => Vec::new(),
        },
        Family::Decimal { precision, scale } => decimals(edge, *precision, *scale),
        Family::Float { bits } => floats(edge, *bits),
        Family::Text { max, padded } => texts(context, *max, *padded),
        Family::Bytes { max } => match edge {
            Edge::Largest => vec![Value::Bytes(vec![0xff; max.unwrap_or(1_000).min(1_000)])],
            Edge::Smallest => vec![Value::Bytes(vec![0])],
            Edge::NonAscii => vec![Value::Bytes(limited(vec![0x00, 0x80, 0xfe, 0xc3, 0x28], *max))],
            Edge::Punctuation => vec![Value::Bytes(limited(b"'\\\"\n\r\t%".to_vec(), *max))],
            Edge::Empty => vec![Value::Bytes(Vec::new())],
            _ => Vec::new(),
        },
        Family::Date => match edge {
            Edge::Largest => text("9999-12-31"),
            Edge::Smallest => text("0001-01-01"),
            Edge::NonAscii => text("2024-02-29"),
            Edge::Punctuation => text("1582-10-10"),
            Edge::Empty => text("1970-01-01"),
            _ => Vec::new(),
        },
        Family::Time { zoned, digits } => times(edge, *zoned, *digits),
        Family::Timestamp { zoned, digits } => timestamps(edge, *zoned, *digits),
        Family::Interval => match edge {
            Edge::Largest => text("9999 days 23:59:59.999999"),
            Edge::Smallest => text("-9999 days -23:59:59.999999"),
            Edge::Punctuation => text("1 days 00:00:00.000001"),
            Edge::Empty => text("0"),
            _ => Vec::new(),
        },
        Family::Uuid { hex } => match edge {
            Edge::Largest => {
                text(&"ffffffff-ffff-ffff-ffff-ffffffffffff".replace(if *hex { "-" } else { "\0" }, ""))
            }
            Edge::Empty => {
                text(&"00000000-0000-0000-0000-000000000000".replace(if *hex { "-" } else { "\0" }, ""))
            }
            _ => Vec::new(),
        },
        Family::Json { binary } => json(context.field.is_list(), edge, *binary),
        Family::Enum(_) => Vec::new(),
        Family::Array(inner) => arrays(context, inner),
        Family::Other => {
            let samples = context.dialect.samples(ty, true);
            let at = match edge {
                Edge::Largest => 0,
                Edge::Smallest => 1,
                Edge::Empty => 2,
                Edge::NonAscii => 3,
                Edge::Punctuation => 4,
                _ => return Vec::new(),
            };
            samples.get(at).cloned().into_iter().collect()
        }
    }
}

fn decimals(edge: Edge, precision: Option<u32>, scale: Option<i32>) -> Vec<Value> {
    // Beyond 36 digits an `i128` ends; nobody's limits are there.
    let digits = precision.unwrap_or(30).min(36);
    let scale = scale.unwrap_or(if precision.is_some() { 0 } else { 15 });
    let number = |mantissa: i128| Value::Number(point(mantissa, scale));
    let nines = power(digits) - 1;
    match edge {
        Edge::Largest => (0..3).map(|less| number(nines - less)).collect(),
        Edge::Smallest => (0..3).map(|more| number(more - nines)).collect(),
        // One unit of the last digit.
        Edge::Punctuation => vec![number(1)],
        Edge::Empty => vec![number(0)],
        _ => Vec::new(),
    }
}

fn floats(edge: Edge, bits: u8) -> Vec<Value> {
    let number = |text: &str| vec![Value::Number(text.to_owned())];
    match (edge, bits) {
        (Edge::Largest, 32) => number("3.4028235e38"),
        (Edge::Smallest, 32) => number("-3.4028235e38"),
        (Edge::Punctuation, 32) => number("1.1754944e-38"),
        (Edge::NonAscii, 32) => number("0.1"),
        (Edge::Largest, _) => number("1.7976931348623157e308"),
        (Edge::Smallest, _) => number("-1.7976931348623157e308"),
        (Edge::Punctuation, _) => number("2.2250738585072014e-308"),
        (Edge::NonAscii, _) => number("0.30000000000000004"),
        (Edge::Empty, _) => number("0.0"),
        _ => Vec::new(),
    }
}

fn texts(context: &Context<'_>, max: Option<usize>, padded: bool) -> Vec<Value> {
    let Context { field, ordinal, .. } = *context;
    let number = field.number(ordinal);
    let fits = |text: String| max.is_none_or(|max| text.chars().count() <= max).then_some(text);
    let cut = |text: String| match max {
        Some(max) => text.chars().take(max).collect::<String>(),
        None => text,
    };
    let texts: Vec<String> = match context.edge {
        Edge::Largest => {
            let longest = context.dialect.longest_unbounded_text();
            let longest = max.unwrap_or(longest).min(longest.max(INDEXED));
            let longest = if field.is_unique() { longest.min(INDEXED) } else { longest };
            [longest, longest.min(1_000), longest.min(INDEXED)]
                .into_iter()
                .map(|length| long(number, length))
                .collect()
        }
        Edge::NonAscii => {
            let text = cut(format!("🦀žluťoučký kůň, 日本語 ß {number}"));
            // Without four-byte characters, for engines and columns that cannot hold them.
            let plain = cut(format!("žluťoučký kůň ß {number}"));
            vec![text, plain]
        }
        Edge::Blanks => {
            let base = field.text(ordinal, max.map(|max| max.saturating_sub(4).max(1)));
            let both = (!padded).then(|| format!("  {base}  "));
            [both, padded.then(|| format!("  {base}"))].into_iter().flatten().filter_map(fits).collect()
        }
        Edge::LetterCase => {
            let mixed = mixed_case(&field.text(ordinal, max));
            let has_letters = mixed.chars().any(|char| char.is_ascii_alphabetic());
            vec![if has_letters { mixed } else { cut(format!("MixedCase{number}")) }]
        }
        Edge::Punctuation => {
            vec![cut(format!("o'neil_a-b.c,d/e@f 100% \"q\" \\n {number}")), cut("_-.,/@'%\"\\".to_owned())]
        }
        Edge::Empty => vec![String::new()],
        Edge::Twin if field.is_unique() => match field.ordinary(0) {
            Value::Text(first) => {
                let blank = (!padded).then(|| format!("{first} "));
                [Some(mixed_case(&first)), blank].into_iter().flatten().filter_map(fits).collect()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    let mut values: Vec<Value> = Vec::new();
    for value in
        texts.into_iter().map(|text| Value::Text(if padded { text.trim_end().to_owned() } else { text }))
    {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

/// Text of that length, different for different numbers where there is room.
fn long(number: u64, length: usize) -> String {
    let number = number.to_string();
    let letters = "abcdefghijklmnopqrstuvwxyz".chars().cycle();
    letters.take(length.saturating_sub(number.len())).chain(number.chars()).take(length).collect()
}

/// `ada.lovelace@example.com` to `Ada.Lovelace@Example.Com`.
pub(super) fn mixed_case(text: &str) -> String {
    let mut start = true;
    let text: String = text
        .chars()
        .map(|char| {
            let upper = start && char.is_ascii_alphabetic();
            start = !char.is_ascii_alphanumeric();
            if upper { char.to_ascii_uppercase() } else { char }
        })
        .collect();
    if text.chars().any(|char| char.is_ascii_uppercase()) { text } else { text.to_ascii_uppercase() }
}

/// A fraction of a second, cut to what the type keeps.
fn fraction(digits: u8, of: &str) -> String {
    match of.get(..usize::from(digits).min(of.len())) {
        Some(kept) if !kept.is_empty() => format!(".{kept}"),
        _ => String::new(),
    }
}

fn times(edge: Edge, zoned: bool, digits: u8) -> Vec<Value> {
    let (time, of, zone) = match edge {
        Edge::Largest => ("23:59:59", "999999", "+00"),
        Edge::Smallest => ("00:00:00", "000001", "+00"),
        Edge::NonAscii => ("12:34:56", "123456", "+05:30"),
        Edge::LetterCase => ("01:02:03", "100000", "-08"),
        Edge::Empty => ("00:00:00", "000000", "+00"),
        _ => return Vec::new(),
    };
    vec![Value::Text(format!("{time}{}{}", fraction(digits, of), if zoned { zone } else { "" }))]
}

fn timestamps(edge: Edge, zoned: bool, digits: u8) -> Vec<Value> {
    let (time, of, zone) = match edge {
        // A day short of the ends where a reader may shift them to its own zone.
        Edge::Largest if zoned => ("9999-12-30 23:59:59", "999999", "+00"),
        Edge::Smallest if zoned => ("0001-01-02 00:00:00", "000001", "+00"),
        Edge::Largest => ("9999-12-31 23:59:59", "999999", ""),
        Edge::Smallest => ("0001-01-01 00:00:00", "000001", ""),
        Edge::NonAscii => ("2021-10-31 01:30:00", "123456", "+05:30"),
        Edge::LetterCase => ("2021-07-04 23:45:06", "789000", "-08"),
        Edge::Punctuation => ("2020-02-29 12:00:00", "000001", "+13"),
        Edge::Empty => ("1970-01-01 00:00:00", "000000", "+00"),
        _ => return Vec::new(),
    };
    let zone = if zoned { zone } else { "" };
    // Engines with a narrower range of their own take the second one.
    let tame = match edge {
        Edge::Largest => Some("2037-12-31 23:59:59"),
        Edge::Smallest => Some("1971-01-01 00:00:00"),
        _ => None,
    };
    [Some(time), tame]
        .into_iter()
        .flatten()
        .map(|time| Value::Text(format!("{time}{}{zone}", fraction(digits, of))))
        .collect()
}

fn json(list: bool, edge: Edge, binary: bool) -> Vec<Value> {
    let text = match edge {
        Edge::Largest => {
            r#"{"z": 9223372036854775807, "y": 1.5e300, "nested": {"a": [1, [2, [3, {"b": null}]]], "deep": {"er": {"est": true}}}}"#
        }
        Edge::Smallest => r#"{"n": -9223372036854775808, "d": -0.000001}"#,
        Edge::NonAscii => r#"{"ž": "🦀", "b": {"日本": ["ß", null]}, "a": 1}"#,
        Edge::Blanks if !binary => "{ \"b\" :  \"  blank  \",\n  \"a\": [ 1 ,2 ] }",
        Edge::Blanks => r#"{"b": "  blank  ", "a": [1, 2]}"#,
        Edge::LetterCase => r#"{"Key": "Value", "key": "value"}"#,
        Edge::Punctuation => r#"{"a.b/c-d_e": "o'neil, 100% \"q\" \\ @"}"#,
        Edge::Empty => return vec![Value::Text(if list { "[]" } else { "{}" }.to_owned())],
        _ => return Vec::new(),
    };
    vec![Value::Text(if list { format!("[{text}]") } else { text.to_owned() })]
}

fn arrays(context: &Context<'_>, inner: &ColumnType) -> Vec<Value> {
    let elements = of_type(context, inner);
    let mut elements = match context.edge {
        Edge::Empty => return vec![Value::Text("{}".to_owned())],
        // What the domain forbids, the array is refused for.
        _ if !inner.domain_checks.is_empty() => return Vec::new(),
        // The row whose arrays hold a NULL, whatever their elements.
        Edge::NonAscii => elements,
        _ if elements.is_empty() => return Vec::new(),
        _ => elements,
    };
    elements.truncate(2);
    elements.push(Value::Null);
    vec![Value::Text(array(&elements))]
}

fn limited(mut bytes: Vec<u8>, max: Option<usize>) -> Vec<u8> {
    bytes.truncate(max.unwrap_or(usize::MAX));
    bytes
}
