//! Which values a column takes that both sides of a revision accept.

use crate::database::Dialect;
use crate::database::catalog::{ColumnType, Family};
use crate::database::rows::Value;

/// The values that ordinary rows may take: narrower than the column's own type where the other side is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    Boolean,
    Integer {
        min: i128,
        max: i128,
    },
    /// At most `digits` digits, `scale` of them behind the point (a negative scale: zeros before it).
    Decimal {
        digits: u32,
        scale: i32,
    },
    Float,
    Text {
        max: Option<usize>,
    },
    Bytes {
        max: Option<usize>,
    },
    Date,
    Time {
        zoned: bool,
        digits: u8,
    },
    Timestamp {
        zoned: bool,
        digits: u8,
    },
    Interval,
    Uuid {
        hex: bool,
    },
    Json,
    Labels(Vec<String>),
    Array(Box<Shape>),
    /// PostgreSQL's ranges, which an exclusion constraint wants apart from each other.
    Range {
        of: RangeOf,
        multi: bool,
    },
    Samples(Vec<Value>),
}

/// What a range is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RangeOf {
    Number,
    Date,
    Timestamp { zoned: bool },
}

/// Digits of decimals without declared limits: enough to be plausible.
const MODEST: (u32, i32) = (9, 2);

/// The values of one type by itself.
pub(super) fn own(ty: &ColumnType, dialect: &dyn Dialect) -> Shape {
    match &ty.family {
        Family::Boolean => Shape::Boolean,
        Family::Integer { min, max } => Shape::Integer { min: *min, max: *max },
        Family::Decimal { precision, scale } => decimal(*precision, *scale),
        Family::Float { .. } => Shape::Float,
        Family::Text { max, .. } => Shape::Text { max: *max },
        Family::Bytes { max } => Shape::Bytes { max: *max },
        Family::Date => Shape::Date,
        Family::Time { zoned, digits } => Shape::Time { zoned: *zoned, digits: *digits },
        Family::Timestamp { zoned, digits } => Shape::Timestamp { zoned: *zoned, digits: *digits },
        Family::Interval => Shape::Interval,
        Family::Uuid { hex } => Shape::Uuid { hex: *hex },
        Family::Json { .. } => Shape::Json,
        Family::Enum(labels) => Shape::Labels(labels.clone()),
        Family::Array(inner) => Shape::Array(Box::new(own(inner, dialect))),
        Family::Other => range(&ty.native).unwrap_or_else(|| Shape::Samples(dialect.samples(ty, false))),
    }
}

/// The values of `here` that `there` takes too, by its cast.
pub(super) fn meet(here: &ColumnType, there: &ColumnType, dialect: &dyn Dialect) -> Shape {
    let (mine, other) = (own(here, dialect), own(there, dialect));
    match (mine, other) {
        (Shape::Text { max }, Shape::Text { max: other }) => Shape::Text { max: least(max, other) },
        // Text that becomes something else is spelt as that.
        (Shape::Text { max }, other) => {
            if matches!(&other, Shape::Samples(samples) if samples.is_empty()) {
                Shape::Text { max }
            } else {
                other
            }
        }
        (Shape::Integer { min, max }, Shape::Integer { min: low, max: high }) => {
            bounded(min, max, min.max(low), max.min(high))
        }
        (Shape::Integer { min, max }, Shape::Boolean) => bounded(min, max, 0, 1),
        (Shape::Integer { min, max }, Shape::Decimal { digits, scale }) => {
            let limit = power(whole_digits(digits, scale)) - 1;
            bounded(min, max, min.max(-limit), max.min(limit))
        }
        (Shape::Integer { min, max }, Shape::Float) => {
            bounded(min, max, min.max(-(1 << 24)), max.min(1 << 24))
        }
        (Shape::Integer { min, max }, Shape::Text { max: Some(length) }) => {
            let limit = power(u32::try_from(length).unwrap_or(u32::MAX)) - 1;
            bounded(min, max, min.max(0), max.min(limit))
        }
        (Shape::Decimal { digits, scale }, Shape::Decimal { digits: other, scale: narrow }) => {
            let whole = whole_digits(digits, scale).min(whole_digits(other, narrow));
            let scale = scale.min(narrow);
            Shape::Decimal { digits: whole.saturating_add_signed(scale).min(digits).min(other).max(1), scale }
        }
        (Shape::Decimal { digits, scale }, Shape::Integer { max, .. }) => {
            let whole = whole_digits(digits, scale).min(decimal_digits(max));
            Shape::Decimal { digits: whole.max(1), scale: 0 }
        }
        (Shape::Decimal { digits, scale }, Shape::Text { max: Some(max) }) => {
            let digits = digits.min(u32::try_from(max.saturating_sub(2)).unwrap_or(digits)).max(1);
            Shape::Decimal { digits, scale: scale.min(i32::try_from(digits).unwrap_or(scale) - 1) }
        }
        (Shape::Float, Shape::Integer { max, .. }) => {
            Shape::Decimal { digits: decimal_digits(max).min(4), scale: 0 }
        }
        (Shape::Float, Shape::Decimal { digits, scale }) => {
            let whole = whole_digits(digits, scale).min(4);
            let scale = scale.min(2);
            Shape::Decimal { digits: whole.saturating_add_signed(scale).max(1), scale }
        }
        (Shape::Timestamp { zoned, digits }, Shape::Timestamp { digits: other, .. }) => {
            Shape::Timestamp { zoned, digits: digits.min(other) }
        }
        (Shape::Time { zoned, digits }, Shape::Time { digits: other, .. }) => {
            Shape::Time { zoned, digits: digits.min(other) }
        }
        (Shape::Bytes { max }, Shape::Bytes { max: other }) => Shape::Bytes { max: least(max, other) },
        (Shape::Labels(mine), Shape::Labels(other)) => {
            let both: Vec<_> = mine.iter().filter(|label| other.contains(label)).cloned().collect();
            Shape::Labels(if both.is_empty() { mine } else { both })
        }
        (Shape::Labels(mine), Shape::Text { max: Some(max) }) => {
            let short: Vec<_> = mine.iter().filter(|label| label.chars().count() <= max).cloned().collect();
            Shape::Labels(if short.is_empty() { mine } else { short })
        }
        (Shape::Array(mine), Shape::Array(_)) => match (&here.family, &there.family) {
            (Family::Array(inner), Family::Array(other)) => {
                Shape::Array(Box::new(meet(inner, other, dialect)))
            }
            _ => Shape::Array(mine),
        },
        (Shape::Samples(mine), Shape::Samples(other)) => {
            let both: Vec<_> = mine.iter().filter(|value| other.contains(value)).cloned().collect();
            Shape::Samples(if both.is_empty() { mine } else { both })
        }
        (mine, _) => mine,
    }
}

fn decimal(precision: Option<u32>, scale: Option<i32>) -> Shape {
    let scale = scale.unwrap_or(if precision.is_some() { 0 } else { MODEST.1 });
    Shape::Decimal {
        digits: precision.unwrap_or_else(|| MODEST.0.saturating_add_signed(scale - MODEST.1)),
        scale,
    }
}

fn range(native: &str) -> Option<Shape> {
    let (of, multi) = match native {
        "int4range" | "int8range" | "numrange" => (RangeOf::Number, false),
        "int4multirange" | "int8multirange" | "nummultirange" => (RangeOf::Number, true),
        "daterange" => (RangeOf::Date, false),
        "datemultirange" => (RangeOf::Date, true),
        "tsrange" => (RangeOf::Timestamp { zoned: false }, false),
        "tsmultirange" => (RangeOf::Timestamp { zoned: false }, true),
        "tstzrange" => (RangeOf::Timestamp { zoned: true }, false),
        "tstzmultirange" => (RangeOf::Timestamp { zoned: true }, true),
        _ => return None,
    };
    Some(Shape::Range { of, multi })
}

/// The narrower range, unless it is empty.
fn bounded(min: i128, max: i128, low: i128, high: i128) -> Shape {
    if low <= high { Shape::Integer { min: low, max: high } } else { Shape::Integer { min, max } }
}

fn least(a: Option<usize>, b: Option<usize>) -> Option<usize> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Digits before the point.
fn whole_digits(digits: u32, scale: i32) -> u32 {
    digits.saturating_add_signed(scale.saturating_neg())
}

/// How many digits a number has that is surely not larger.
fn decimal_digits(max: i128) -> u32 {
    u32::try_from(max.max(1).to_string().len()).unwrap_or(1).saturating_sub(1).max(1)
}

/// A power of ten, the largest that fits at most.
pub(super) fn power(exponent: u32) -> i128 {
    10_i128.checked_pow(exponent).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct Plain;
    impl Dialect for Plain {
        fn sql(&self) -> &dyn sqlparser::dialect::Dialect {
            &sqlparser::dialect::GenericDialect {}
        }
        fn fold(&self, identifier: &str) -> String {
            identifier.to_lowercase()
        }
        fn samples(&self, _: &ColumnType, _: bool) -> Vec<Value> {
            Vec::new()
        }
    }

    fn ty(family: Family) -> ColumnType {
        ColumnType { family, native: String::new(), domain_checks: Vec::new() }
    }

    fn met(here: Family, there: Family) -> Shape {
        meet(&ty(here), &ty(there), &Plain)
    }

    #[test]
    fn both_sides_count() {
        let text = |max| Family::Text { max, padded: false };
        let int = |min, max| Family::Integer { min, max };
        assert_eq!(met(text(Some(50)), text(Some(20))), Shape::Text { max: Some(20) });
        assert_eq!(met(text(None), int(-5, 5)), Shape::Integer { min: -5, max: 5 });
        assert_eq!(met(int(-9, 9), Family::Boolean), Shape::Integer { min: 0, max: 1 });
        assert_eq!(met(int(-99_999, 99_999), int(-300, 300)), Shape::Integer { min: -300, max: 300 });
        assert_eq!(met(int(-99_999, 99_999), text(Some(3))), Shape::Integer { min: 0, max: 999 });
        let decimal = |precision, scale| Family::Decimal { precision: Some(precision), scale: Some(scale) };
        assert_eq!(met(decimal(10, 4), decimal(12, 2)), Shape::Decimal { digits: 8, scale: 2 });
        assert_eq!(met(decimal(10, 2), int(-32_768, 32_767)), Shape::Decimal { digits: 4, scale: 0 });
        assert_eq!(met(decimal(2, 4), decimal(2, 4)), Shape::Decimal { digits: 2, scale: 4 });
        let labels = |labels: &[&str]| Family::Enum(labels.iter().map(ToString::to_string).collect());
        assert_eq!(
            met(labels(&["a", "b", "c"]), labels(&["c", "b"])),
            Shape::Labels(vec!["b".into(), "c".into()])
        );
        assert_eq!(met(text(None), Family::Json { binary: true }), Shape::Json);
    }
}
