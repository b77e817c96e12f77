//! Ordinary values: plausible, harmless, different from row to row.

use crate::database::Dialect;
use crate::database::catalog::{Column, Family, TableName};
use crate::database::rows::Value;

use super::compat::{self, RangeOf, Shape};
use super::numbers::{self, base, clock, day, mix};
use super::plan::{TablePlan, unique_columns};
use super::vocabulary::{Kind, name_parts};
use super::{Batch, Request, Vocabulary};

/// How far apart the ordinals of two alternatives for one value are; more than a table has rows.
pub(super) const STEP: u64 = 60;

/// A column as seeding fills it.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    pub(super) column: &'a Column,
    /// What ordinary values look like.
    pub(super) shape: Shape,
    /// Ordinary values are written as text, whatever their shape: the other side is no text.
    spelt: bool,
    /// Part of the primary key.
    pub(super) primary: bool,
    /// Part of the primary key or unique: whole numbers start where the batch's keys start.
    key: bool,
    batch: Batch,
    /// Where its whole numbers begin, where they are keys.
    first: u64,
    salt: u64,
    kind: Kind,
    words: Vec<String>,
}

/// A table that the revision makes gets keys of its own: its rows may be copied into an older table on the way
/// back, and an application would not give the same key twice.
fn first(request: &Request<'_>, table: &TableName) -> u64 {
    let is_new = request.batch == Batch::B && !request.there.tables.contains_key(table);
    let place = request.here.tables.keys().position(|name| name == table).unwrap_or_default() as u64;
    base(request.batch) + if is_new { 1_000 + 100 * place } else { 0 }
}

impl<'a> Field<'a> {
    pub(super) fn new(
        request: &Request<'_>,
        dialect: &dyn Dialect,
        plan: &TablePlan<'a>,
        column: &'a Column,
    ) -> Self {
        let table = plan.name.to_string();
        let other = plan.other_column(&column.name);
        let primary = plan.table.primary_key.contains(&column.name);
        let key = primary
            || column.counter
            || [Some(plan.table), plan.other]
                .into_iter()
                .flatten()
                .flat_map(unique_columns)
                .any(|columns| *columns == [column.name.as_str()]);
        let shape = match other {
            Some(other) => compat::meet(&column.ty, &other.ty, dialect),
            None => compat::own(&column.ty, dialect),
        };
        let spelt = matches!(column.ty.family, Family::Text { .. }) && !matches!(shape, Shape::Text { .. });
        let max = match &shape {
            Shape::Text { max } => *max,
            _ => None,
        };
        Self {
            column,
            spelt,
            primary,
            key,
            batch: request.batch,
            first: first(request, plan.name),
            salt: numbers::salt(&[request.suite, request.revision, &table, &column.name]),
            // Keys are referred to, not parsed.
            kind: Kind::guess(
                &table,
                &column.name,
                max,
                if primary { Vocabulary::Words } else { request.vocabulary },
            ),
            words: name_parts(&column.name),
            shape,
        }
    }

    /// The value of row `ordinal`; NULL only where the type is unknown.
    pub(super) fn ordinary(&self, ordinal: u64) -> Value {
        let mut value = self.of_shape(&self.shape, ordinal);
        // A lost value must not look like one that its default has brought back.
        let default = self.column.default.as_deref().unwrap_or_default();
        if matches!(&value, Value::Text(text) if default.contains(&format!("'{text}'"))) {
            value = self.of_shape(&self.shape, ordinal + 7);
        }
        if !self.spelt {
            return value;
        }
        let text = spell(&value);
        match self.column.ty.family {
            Family::Text { max: Some(max), .. } if text.chars().count() > max => {
                Value::Text(Kind::Digits.write(self.batch, ordinal, self.salt, Some(max)))
            }
            _ => Value::Text(text),
        }
    }

    /// Different ordinary values for one row, the best first.
    pub(super) fn choices(&self, ordinal: u64, count: usize) -> Vec<Value> {
        let mut values = Vec::new();
        for round in 0..count as u64 {
            // Small domains are walked one by one, large ones in steps, so that rows keep out of each other's way.
            let value =
                self.ordinary(if is_small(&self.shape) { ordinal + round } else { ordinal + STEP * round });
            if !values.contains(&value) {
                values.push(value);
            }
        }
        values
    }

    /// Ordinary text, whatever the shape says.
    pub(super) fn text(&self, ordinal: u64, max: Option<usize>) -> String {
        self.kind.write(self.batch, ordinal, self.salt, max)
    }

    pub(super) fn number(&self, ordinal: u64) -> u64 {
        self.first + ordinal
    }

    /// JSON that holds a list rather than an object, as the default says.
    pub(super) fn is_list(&self) -> bool {
        self.column.default.as_deref().is_some_and(|default| default.contains("[]"))
    }

    /// Ordinary values are free text.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.shape, Shape::Text { .. })
    }

    pub(super) fn is_unique(&self) -> bool {
        self.key
    }

    /// An array of that many elements.
    pub(super) fn array_of(&self, ordinal: u64, length: usize) -> Value {
        let Shape::Array(inner) = &self.shape else { return Value::Null };
        let elements: Vec<Value> =
            (0..length as u64).map(|at| self.of_shape(inner, ordinal + STEP * at)).collect();
        Value::Text(array(&elements))
    }

    fn has(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&word.as_str()))
    }

    fn of_shape(&self, shape: &Shape, ordinal: u64) -> Value {
        match shape {
            // The first row differs from the default: a lost value must not look like one that is there again.
            Shape::Boolean => Value::Bool(self.defaults_to(&["true", "1"]) == (ordinal % 2 == 1)),
            Shape::Integer { min, max } => Value::Integer(self.integer(*min, *max, ordinal)),
            Shape::Decimal { digits, scale } => Value::Number(self.decimal(*digits, *scale, ordinal)),
            Shape::Float => {
                let number = mix(self.salt) % 90 + 10 + ordinal;
                if self.has(&[
                    "latitude",
                    "longitude",
                    "lat",
                    "lon",
                    "lng",
                    "ratio",
                    "rate",
                    "probability",
                    "score",
                ]) {
                    // Halves, quarters and so on are exact in binary.
                    Value::Number(format!("0.{:06}", (number % 63 + 1) * 15_625))
                } else {
                    Value::Number(format!("{number}.{}", [25, 5, 75].get(ordinal as usize % 3).unwrap_or(&5)))
                }
            }
            Shape::Text { max } => Value::Text(self.text(ordinal, *max)),
            Shape::Bytes { max } => Value::Bytes(self.bytes(*max, ordinal)),
            Shape::Date => Value::Text(day(self.batch, ordinal, self.role())),
            Shape::Time { zoned, digits } => Value::Text(self.time(*zoned, *digits, ordinal)),
            Shape::Timestamp { zoned, digits } => {
                let time = self.time(*zoned, *digits, ordinal);
                Value::Text(format!("{} {time}", day(self.batch, ordinal, 0)))
            }
            Shape::Interval => {
                Value::Text(format!("{} days {}", ordinal % 28 + 1, clock(self.salt % 80_000)))
            }
            Shape::Uuid { hex } => {
                let uuid = numbers::uuid(self.salt, self.number(ordinal));
                Value::Text(if *hex { uuid.replace('-', "") } else { uuid })
            }
            Shape::Json => {
                let object = Kind::Json.write(self.batch, ordinal, self.salt, None);
                let word = Kind::Word.write(self.batch, ordinal, self.salt, None);
                Value::Text(if self.is_list() { format!("[\"{word}\"]") } else { object })
            }
            Shape::Labels(labels) => self.label(labels, ordinal),
            Shape::Array(inner) => {
                // One to three of them, so that few labels still make many arrays.
                let elements: Vec<Value> =
                    (0..=ordinal % 3).map(|at| self.of_shape(inner, ordinal / 3 + at)).collect();
                Value::Text(array(&elements))
            }
            Shape::Range { of, multi } => {
                let range = self.range(*of, ordinal);
                Value::Text(if *multi { format!("{{{range}}}") } else { range })
            }
            Shape::Samples(samples) => {
                let at = usize::try_from(ordinal).unwrap_or(0) % samples.len().max(1);
                samples.get(at).cloned().unwrap_or(Value::Null)
            }
        }
    }

    fn defaults_to(&self, words: &[&str]) -> bool {
        let default = self.column.default.as_deref().unwrap_or_default();
        words.iter().any(|word| default.trim_matches(['(', ')', '\'']).eq_ignore_ascii_case(word))
    }

    fn label(&self, labels: &[String], ordinal: u64) -> Value {
        let default = self.column.default.as_deref().unwrap_or_default();
        let first = labels.iter().position(|label| !default.contains(label.as_str())).unwrap_or(0);
        let at = (first + usize::try_from(ordinal).unwrap_or(0)) % labels.len().max(1);
        labels.get(at).cloned().map_or(Value::Null, Value::Text)
    }

    /// Modest whole numbers; a key's start at the batch's base, or as high as a small type allows.
    fn integer(&self, min: i128, max: i128, ordinal: u64) -> i128 {
        let scattered = i128::from(mix(self.salt) % 200 + ordinal);
        let wanted = if self.key {
            if max >= 10_000 {
                i128::from(self.number(ordinal))
            } else {
                let low = if max > 120 { 101 } else { (min.max(0) + max) / 2 };
                let high = low + (max - low) / 2;
                i128::from(ordinal) + if self.batch == Batch::A { low } else { high }
            }
        } else if self.has(&["year"]) {
            1990 + scattered % 31
        } else if self.has(&["month", "quarter", "weekday"]) {
            1 + scattered % 4
        } else if self.has(&["day", "hour", "minute", "second", "age"]) {
            18 + scattered % 5
        } else if self.has(&["percent", "percentage", "progress", "rating", "score"]) {
            2 + scattered % 3
        } else if self.has(&["port"]) {
            8_000 + scattered
        } else if self.has(&["timestamp", "epoch", "at"]) && max > 1_700_000_000 {
            1_609_459_200 + 3_600 * i128::from(self.number(ordinal))
        } else {
            10 + scattered
        };
        if (min..=max).contains(&wanted) {
            return wanted;
        }
        // Walk what little there is, away from zero first.
        let low = if max > 0 { min.max(1) } else { min };
        let (low, span) = if max >= low { (low, max - low + 1) } else { (min, (max - min + 1).max(1)) };
        if min == 0 && max == 1 {
            return i128::from(self.defaults_to(&["true", "1"]) == (ordinal % 2 == 1));
        }
        low + wanted.rem_euclid(span)
    }

    fn decimal(&self, digits: u32, scale: i32, ordinal: u64) -> String {
        let fraction = u32::try_from(scale.max(0)).unwrap_or(0);
        let limit = compat::power(digits.min(30));
        let number = if self.key {
            i128::from(self.number(ordinal))
        } else {
            i128::from(mix(self.salt) % 200 + 10 + ordinal)
        };
        let quarter = compat::power(fraction.min(2)) / 4 * (1 + i128::from(ordinal % 3));
        let mut mantissa = number
            .saturating_mul(compat::power(fraction.min(25)))
            .saturating_add(quarter.saturating_mul(compat::power(fraction.min(25).saturating_sub(2))));
        if mantissa >= limit {
            mantissa = 1 + number % (limit - 1).max(1);
        }
        point(mantissa, scale)
    }

    fn bytes(&self, max: Option<usize>, ordinal: u64) -> Vec<u8> {
        let word = Kind::Word.write(self.batch, ordinal, self.salt, None);
        // Readable as text and as a pickle (protocol 0), which programs keep in such columns.
        let pickle = format!("S'{word}'\n.").into_bytes();
        match max {
            Some(max) if max < 64 => numbers::hex(self.salt, self.number(ordinal), max).into_bytes(),
            _ => pickle,
        }
    }

    /// When in a row's story the column's moment is: 0 at its beginning, 2 at its end.
    fn role(&self) -> u64 {
        if self.has(&[
            "start", "started", "starts", "begin", "begins", "from", "since", "created", "birth", "opened",
        ]) {
            0
        } else if self.has(&[
            "end",
            "ended",
            "ends",
            "until",
            "to",
            "finished",
            "completed",
            "closed",
            "deleted",
        ]) || self.has(&[
            "expires",
            "expiry",
            "expiration",
            "expired",
            "expire",
            "due",
            "finish",
            "stop",
            "stopped",
        ]) {
            2
        } else {
            1
        }
    }

    fn time(&self, zoned: bool, digits: u8, ordinal: u64) -> String {
        let start = [8, 12, 17].get(self.role() as usize).copied().unwrap_or(12) * 3_600;
        let seconds = start + self.salt % 3_000 + ordinal % STEP + ordinal / STEP * 61 % 500;
        // Written out in full where the engine keeps a fraction: SQLite stores the text, and programs write it so.
        // Text that a cast reads comes back as the server prints it, without.
        let kept = if self.spelt { 0 } else { usize::from(digits.min(6)) };
        let fraction = if kept > 0 { format!(".{}", "0".repeat(kept)) } else { String::new() };
        format!("{}{fraction}{}", clock(seconds), if zoned { "+00" } else { "" })
    }

    fn range(&self, of: RangeOf, ordinal: u64) -> String {
        let day = |role| day(self.batch, ordinal, role);
        match of {
            RangeOf::Number => {
                let low = self.number(ordinal) * 10;
                format!("[{low},{})", low + 5)
            }
            RangeOf::Date => format!("[{},{})", day(0), day(1)),
            RangeOf::Timestamp { zoned } => {
                let zone = if zoned { "+00" } else { "" };
                format!("[\"{} 08:00:00{zone}\",\"{} 17:00:00{zone}\")", day(0), day(0))
            }
        }
    }
}

/// So few values that each counts.
fn is_small(shape: &Shape) -> bool {
    match shape {
        Shape::Boolean | Shape::Labels(_) | Shape::Samples(_) => true,
        Shape::Integer { min, max } => max.saturating_sub(*min) < 10_000,
        Shape::Array(inner) => is_small(inner),
        _ => false,
    }
}

/// A decimal of that many digits behind the point.
pub(super) fn point(mantissa: i128, scale: i32) -> String {
    let digits = mantissa.unsigned_abs().to_string();
    let sign = if mantissa < 0 { "-" } else { "" };
    let shift = usize::try_from(scale.unsigned_abs()).unwrap_or(0);
    if scale <= 0 {
        return format!("{sign}{digits}{}", if mantissa == 0 { String::new() } else { "0".repeat(shift) });
    }
    let digits = format!("{digits:0>width$}", width = shift + 1);
    let (whole, fraction) = digits.split_at(digits.len() - shift);
    format!("{sign}{whole}.{fraction}")
}

/// A value as text that the other side's cast reads.
pub(super) fn spell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Number(text) | Value::Text(text) => text.clone(),
        Value::Bytes(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("\\x{hex}")
        }
    }
}

/// An array's literal.
pub(super) fn array(elements: &[Value]) -> String {
    let elements: Vec<String> = elements
        .iter()
        .map(|value| match value {
            Value::Null => "NULL".to_owned(),
            Value::Text(_) | Value::Bytes(_) => {
                format!("\"{}\"", spell(value).replace('\\', "\\\\").replace('"', "\\\""))
            }
            other => spell(other),
        })
        .collect();
    format!("{{{}}}", elements.join(","))
}
