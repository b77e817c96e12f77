//! What the text of a condition says about values that may meet it.
//!
//! A condition is cut at AND, OR and the like into clauses; the literals of a clause are hints for its columns.
//! A wrong hint costs a question to the database and nothing else.

use std::collections::BTreeMap;

use sqlparser::tokenizer::{Token, Tokenizer};

use crate::database::Dialect;
use crate::database::rows::Value;

use super::compat::Shape;
use super::edges::mixed_case;
use super::patterns;
use super::values::{Field, array};

/// How many texts a pattern becomes at most, beside the shortest.
const MATCHES: usize = 60;

/// One hint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hint {
    /// A number, or text that is one.
    Number(String),
    Text(String),
    Like(String),
    Glob(String),
    Regex(String),
    /// A number that a length is compared with.
    Length(usize),
    /// Upper-case text is asked for.
    Upper,
    /// JSON is asked for.
    Json,
    /// A member of a closed list.
    Label(String),
}

/// Hints by column name, in the order of the text.
pub(super) fn of_condition(
    condition: &str,
    columns: &[String],
    dialect: &dyn Dialect,
) -> BTreeMap<String, Vec<Hint>> {
    let mut hints: BTreeMap<String, Vec<Hint>> = BTreeMap::new();
    let Ok(tokens) = Tokenizer::new(dialect.sql(), condition).tokenize() else { return hints };
    let mut last: Vec<String> = Vec::new();
    for clause in clauses(&tokens) {
        let named: Vec<String> = columns
            .iter()
            .filter(|column| {
                clause.iter().any(|token| match token {
                    Token::Word(word) if word.quote_style.is_some() => word.value == **column,
                    Token::Word(word) => dialect.fold(&word.value) == **column || word.value == **column,
                    Token::DoubleQuotedString(name) => name == *column,
                    _ => false,
                })
            })
            .cloned()
            .collect();
        // `x BETWEEN 1 AND 5`: the second half belongs to the first one's column.
        if !named.is_empty() {
            last = named;
        }
        let found = of_clause(&clause, dialect);
        for column in if last.is_empty() { columns } else { &last } {
            let hints = hints.entry(column.clone()).or_default();
            for hint in &found {
                if !hints.contains(hint) {
                    hints.push(hint.clone());
                }
            }
        }
    }
    hints
}

fn clauses(tokens: &[Token]) -> Vec<Vec<&Token>> {
    let mut clauses = vec![Vec::new()];
    for token in tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))) {
        let cut = matches!(token, Token::Word(word) if word.quote_style.is_none()
            && ["AND", "OR", "WHEN", "THEN", "ELSE"].iter().any(|cut| word.value.eq_ignore_ascii_case(cut)));
        if cut {
            clauses.push(Vec::new());
        } else if let Some(clause) = clauses.last_mut() {
            clause.push(token);
        }
    }
    clauses
}

fn of_clause(clause: &[&Token], dialect: &dyn Dialect) -> Vec<Hint> {
    let says = |words: &[&str]| {
        clause.iter().any(|token| matches!(token, Token::Word(word) if words.iter().any(|w| word.value.eq_ignore_ascii_case(w))))
    };
    let length =
        says(&["length", "char_length", "character_length", "octet_length", "bit_length", "cardinality"])
            || says(&[
                "array_length",
                "array_ndims",
                "jsonb_array_length",
                "json_array_length",
                "len",
                "datalength",
                "lengthb",
            ]);
    let like = says(&["LIKE", "ILIKE"])
        || clause.iter().any(|token| matches!(token, Token::DoubleTilde | Token::DoubleTildeAsterisk))
        || clause.iter().any(|token| {
            matches!(token, Token::ExclamationMarkDoubleTilde | Token::ExclamationMarkDoubleTildeAsterisk)
        });
    let regex = says(&["REGEXP", "RLIKE", "regexp_like", "regexp_match", "regexp_matches"])
        || clause.iter().any(|token| matches!(token, Token::Tilde | Token::TildeAsterisk));
    let similar = says(&["SIMILAR", "similar_to_escape", "similar_escape"]);
    let glob = says(&["GLOB"]);
    let closed = !length
        && (says(&["IN", "ANY"]) || clause.iter().any(|token| matches!(token, Token::Eq | Token::DoubleEq)));
    let mut hints = Vec::new();
    if says(&["upper", "initcap"]) {
        hints.push(Hint::Upper);
    }
    if clause.iter().any(|token| is_json(token)) {
        hints.push(Hint::Json);
    }
    let mut negative = false;
    for token in clause {
        match token {
            Token::Number(number, _) => {
                let number = if negative { format!("-{number}") } else { number.clone() };
                if let (true, Ok(length)) = (length, number.parse()) {
                    hints.push(Hint::Length(length));
                }
                if closed {
                    hints.push(Hint::Label(number.clone()));
                }
                hints.push(Hint::Number(number));
            }
            Token::SingleQuotedString(text)
            | Token::EscapedStringLiteral(text)
            | Token::NationalStringLiteral(text)
            | Token::UnicodeStringLiteral(text) => {
                if similar {
                    hints.push(Hint::Regex(patterns::similar_to_regex(text)));
                } else if regex {
                    hints.push(Hint::Regex(text.clone()));
                } else if like && dialect.likes_classes() && text.contains('[') {
                    hints.extend(patterns::like_with_classes_to_regexes(text).map(Hint::Regex));
                } else if like {
                    hints.push(Hint::Like(text.clone()));
                } else if glob {
                    hints.push(Hint::Glob(text.clone()));
                } else if closed {
                    hints.push(Hint::Label(text.clone()));
                }
                if text.parse::<f64>().is_ok() {
                    hints.push(Hint::Number(text.clone()));
                }
                hints.push(Hint::Text(text.clone()));
            }
            _ => {}
        }
        negative = matches!(token, Token::Minus);
    }
    hints
}

fn is_json(token: &Token) -> bool {
    match token {
        Token::Word(word) => word.value.to_ascii_lowercase().starts_with("json"),
        other => matches!(other, Token::Arrow | Token::LongArrow | Token::Question | Token::AtArrow),
    }
}

/// The members of closed lists that a column is compared with, as values of the column.
pub(super) fn labels(field: &Field<'_>, hints: &[Hint]) -> Vec<Value> {
    let labels = hints.iter().filter_map(|hint| match hint {
        Hint::Label(text) => Some(text),
        _ => None,
    });
    labels.flat_map(|text| literal(field, text)).collect()
}

/// Values for a column that its hints suggest, the likeliest first.
pub(super) fn candidates(field: &Field<'_>, hints: &[Hint], ordinal: u64) -> Vec<Value> {
    let mut values = labels(field, hints);
    for hint in hints {
        match hint {
            Hint::Number(text) => values.extend(numbers(field, text)),
            Hint::Text(text) => values.extend(literal(field, text)),
            Hint::Label(_) => {}
            Hint::Like(pattern) => values
                .extend(matching(field, hints, ordinal, |variants| patterns::of_like(pattern, variants))),
            Hint::Glob(pattern) => values
                .extend(matching(field, hints, ordinal, |variants| patterns::of_glob(pattern, variants))),
            Hint::Regex(pattern) => values
                .extend(matching(field, hints, ordinal, |variants| patterns::of_regex(pattern, variants))),
            Hint::Length(length) => values.extend(lengths(field, *length, ordinal)),
            Hint::Upper => {
                let plain: Vec<String> =
                    (0..8).map(|round| field.text(ordinal + round, limit(field))).collect();
                values.extend(texts(field, plain.iter().map(|text| text.to_uppercase()).collect()));
                values.extend(texts(field, plain.iter().map(|text| mixed_case(text)).collect()));
            }
            Hint::Json => values.extend(json(field, hints)),
        }
    }
    values.extend(between(field, hints));
    values.extend(further(field, ordinal));
    let mut distinct = Vec::new();
    for value in values {
        if fits(field, &value) && !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

fn limit(field: &Field<'_>) -> Option<usize> {
    match field.shape {
        Shape::Text { max } => max,
        _ => None,
    }
}

/// A decimal has no more digits before its point than the type takes; an error costs more than an answer.
fn fits(field: &Field<'_>, value: &Value) -> bool {
    match (&field.shape, value) {
        (Shape::Decimal { digits, scale }, Value::Number(text)) => {
            let whole =
                text.trim_start_matches('-').split('.').next().unwrap_or_default().trim_start_matches('0');
            whole.len() <= digits.saturating_add_signed(scale.saturating_neg()) as usize
        }
        _ => true,
    }
}

fn texts(field: &Field<'_>, texts: Vec<String>) -> Vec<Value> {
    let fits = |text: &String| limit(field).is_none_or(|max| text.chars().count() <= max);
    if field.is_text() { texts.into_iter().filter(fits).map(Value::Text).collect() } else { Vec::new() }
}

/// Texts that match a pattern: the shortest, then others for each batch, of the lengths that are asked for.
fn matching(
    field: &Field<'_>,
    hints: &[Hint],
    ordinal: u64,
    of: impl Fn(std::ops::Range<u64>) -> Vec<String>,
) -> Vec<Value> {
    let lengths: Vec<usize> = hints
        .iter()
        .filter_map(|hint| match hint {
            Hint::Length(length) => Some(*length),
            _ => None,
        })
        .collect();
    let first = field.number(ordinal);
    let mut more = of(first..first + 600);
    if !lengths.is_empty() {
        let near = |text: &String| lengths.iter().any(|length| text.chars().count().abs_diff(*length) <= 1);
        more.retain(near);
    }
    more.truncate(MATCHES);
    texts(field, [of(0..8), more].concat())
}

/// A literal as a value of the column's type.
fn literal(field: &Field<'_>, text: &str) -> Vec<Value> {
    if field.is_text() {
        return texts(field, vec![text.to_owned()]);
    }
    match &field.shape {
        Shape::Integer { min, max } => {
            text.parse().ok().filter(|n| (min..=max).contains(&n)).map(Value::Integer).into_iter().collect()
        }
        Shape::Decimal { .. } | Shape::Float if text.parse::<f64>().is_ok() => {
            vec![Value::Number(text.to_owned())]
        }
        Shape::Boolean => match text.to_ascii_lowercase().as_str() {
            "t" | "true" | "1" => vec![Value::Bool(true)],
            "f" | "false" | "0" => vec![Value::Bool(false)],
            _ => Vec::new(),
        },
        Shape::Labels(labels) if labels.iter().any(|label| label == text) => {
            vec![Value::Text(text.to_owned())]
        }
        Shape::Date => near(text, false),
        Shape::Timestamp { .. } => near(text, true),
        Shape::Time { .. }
        | Shape::Interval
        | Shape::Uuid { .. }
        | Shape::Range { .. }
        | Shape::Samples(_) => {
            vec![Value::Text(text.to_owned())]
        }
        Shape::Array(_) => {
            vec![Value::Text(array(&[Value::Text(text.to_owned())])), Value::Text(text.to_owned())]
        }
        _ => Vec::new(),
    }
}

/// Days around one that a condition names.
fn near(text: &str, time: bool) -> Vec<Value> {
    let Some(date) = text.get(..10).and_then(|day| day.parse::<jiff::civil::Date>().ok()) else {
        return Vec::new();
    };
    let days = [0, 1, 2, 3, 5, 8, 30, -1, -2, -3, -5, -8, -30].into_iter();
    let days = days.filter_map(|days| date.checked_add(jiff::Span::new().days(days)).ok());
    days.map(|day| Value::Text(if time { format!("{day} 12:00:00") } else { day.to_string() })).collect()
}

fn numbers(field: &Field<'_>, text: &str) -> Vec<Value> {
    let whole = text.split('.').next().unwrap_or_default().parse::<i128>().ok();
    let steps = [0, 1, -1, 2, 3, 4, 5, 6, 7, 8, -2, -3, -4, -5, -6, -7, -8];
    let around = whole.into_iter().flat_map(|number| steps.map(|step| number + step));
    // Conditions like `x % 5 = 0`.
    let multiples =
        whole.into_iter().flat_map(|number| (2..=12).map(move |factor| number.saturating_mul(factor)));
    if field.is_text() {
        return texts(field, around.chain(multiples).map(|number| number.to_string()).collect());
    }
    match &field.shape {
        Shape::Integer { min, max } => {
            around.chain(multiples).filter(|n| (min..=max).contains(&n)).map(Value::Integer).collect()
        }
        Shape::Decimal { .. } | Shape::Float => {
            let halves =
                whole.into_iter().filter(|_| !matches!(field.shape, Shape::Decimal { scale: ..=0, .. }));
            let halves = halves.flat_map(|number| [format!("{number}.5"), format!("{}.5", number - 1)]);
            [text.to_owned()]
                .into_iter()
                .chain(around.map(|n| n.to_string()))
                .chain(halves)
                .map(Value::Number)
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Numbers between those that a condition names.
fn between(field: &Field<'_>, hints: &[Hint]) -> Vec<Value> {
    let (Shape::Decimal { scale: 1.., .. } | Shape::Float | Shape::Integer { .. }) = field.shape else {
        return Vec::new();
    };
    let mut numbers: Vec<f64> = hints
        .iter()
        .filter_map(|hint| match hint {
            Hint::Number(text) => text.parse().ok(),
            _ => None,
        })
        .collect();
    numbers.sort_by(f64::total_cmp);
    let mut values = Vec::new();
    for (low, high) in numbers.iter().zip(numbers.iter().skip(1)) {
        for part in [4.0, 2.0, 8.0, 1.6] {
            let number = low + (high - low) / part;
            match field.shape {
                #[allow(clippy::cast_possible_truncation, reason = "a candidate, checked by the database")]
                Shape::Integer { .. } => values.push(Value::Integer(number as i128)),
                Shape::Decimal { scale, .. } => {
                    let scale = usize::try_from(scale.clamp(0, 6)).unwrap_or(0);
                    values.push(Value::Number(format!("{number:.scale$}")));
                }
                _ => values.push(Value::Number(format!("{number}"))),
            }
        }
    }
    values
}

/// Values of about that length, some of each.
fn lengths(field: &Field<'_>, length: usize, ordinal: u64) -> Vec<Value> {
    if length > 20_000 {
        return Vec::new();
    }
    let near = [length, length + 1, length.saturating_sub(1)];
    if field.is_text() {
        let of = |length: usize, round: u64| {
            let text = field.text(ordinal + round, None);
            let tail = format!("{text}{}", field.number(ordinal + round));
            let skip = tail.chars().count().saturating_sub(length);
            let mut cut: String = tail.chars().skip(skip).collect();
            while cut.chars().count() < length {
                cut.insert(0, 'x');
            }
            let digits = format!("{:0>length$}", field.number(ordinal + round));
            let digits = digits.get(digits.len() - length..).unwrap_or_default().to_owned();
            [cut, digits]
        };
        return texts(
            field,
            (0..12).flat_map(|round| near.into_iter().flat_map(move |length| of(length, round))).collect(),
        );
    }
    match &field.shape {
        Shape::Bytes { .. } => (0..8_u8)
            .flat_map(|round| {
                near.map(|length| {
                    let number = field.number(ordinal).wrapping_add(u64::from(round));
                    Value::Bytes((0..length).map(|at| (number as usize + at) as u8).collect())
                })
            })
            .collect(),
        Shape::Array(_) => near.into_iter().map(|length| field.array_of(ordinal, length)).collect(),
        _ => Vec::new(),
    }
}

fn json(field: &Field<'_>, hints: &[Hint]) -> Vec<Value> {
    if !field.is_text() && field.shape != Shape::Json {
        return Vec::new();
    }
    let words: Vec<&String> = hints
        .iter()
        .filter_map(|hint| match hint {
            Hint::Text(text) => Some(text),
            _ => None,
        })
        .collect();
    let object = |value: &serde_json::Value| {
        let keys = words.iter().map(|word| word.trim_start_matches("$.").to_owned());
        serde_json::Value::Object(keys.map(|key| (key, value.clone())).collect()).to_string()
    };
    let of_words = ["a", "1"].into_iter().map(serde_json::Value::from).chain([
        serde_json::Value::from(1),
        serde_json::Value::from(true),
        serde_json::json!([1]),
        serde_json::json!({"a": 1}),
    ]);
    let of_words = of_words.chain(words.iter().map(|word| serde_json::Value::from(word.as_str())));
    let plain = ["{\"key\": \"value\"}", "[\"a\"]", "[1, 2]", "\"text\"", "1", "true", "{}", "[]", "null"];
    plain
        .into_iter()
        .map(ToOwned::to_owned)
        .chain(of_words.map(|value| object(&value)))
        .map(Value::Text)
        .collect()
}

/// What conditions often ask for without saying it in literals.
fn further(field: &Field<'_>, ordinal: u64) -> Vec<Value> {
    if field.is_text() {
        let text = field.text(ordinal, limit(field));
        let plain = [
            "a",
            "1",
            "10",
            "abc",
            "true",
            "https://www.example.com",
            "a@example.com",
            "127.0.0.1",
            "0f0f0f0f",
        ];
        let plain = plain.into_iter().map(ToOwned::to_owned);
        return texts(field, [text.to_uppercase(), mixed_case(&text)].into_iter().chain(plain).collect());
    }
    match &field.shape {
        Shape::Integer { min, max } => {
            [1, 2, 3, 4, 5, 7, 8, 10, 16, 0, -1, -5, 50, 64, 100, 128, 1_000, 1_024, 65_536, 1_000_000]
                .into_iter()
                .filter(|n| (min..=max).contains(&n))
                .map(Value::Integer)
                .collect()
        }
        Shape::Decimal { scale, .. } => {
            let mut numbers = vec!["1", "2", "10", "100", "0", "-1", "1000"];
            numbers.extend(["0.5", "0.1"].into_iter().filter(|_| *scale > 0));
            numbers.into_iter().map(|number| Value::Number(number.to_owned())).collect()
        }
        Shape::Float => {
            ["1", "0.5", "0", "-1", "100"].map(|number| Value::Number(number.to_owned())).to_vec()
        }
        Shape::Boolean => vec![Value::Bool(true), Value::Bool(false)],
        Shape::Labels(labels) => labels.iter().cloned().map(Value::Text).collect(),
        Shape::Array(_) => (0..4).map(|length| field.array_of(ordinal, length)).collect(),
        Shape::Date => ["2099-12-31", "2000-01-01"].map(|day| Value::Text(day.to_owned())).to_vec(),
        Shape::Timestamp { .. } => {
            ["2099-12-31 12:00:00", "2000-01-01 12:00:00"].map(|day| Value::Text(day.to_owned())).to_vec()
        }
        Shape::Time { .. } => {
            ["00:00:00", "12:00:00", "23:00:00"].map(|time| Value::Text(time.to_owned())).to_vec()
        }
        Shape::Samples(samples) => samples.clone(),
        _ => Vec::new(),
    }
}
