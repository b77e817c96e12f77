//! Values on their way in and out.

use std::cmp::Ordering;
use std::fmt::Write;

use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow, SqliteValueRef};
use sqlx::{Decode, Row, TypeInfo, ValueRef};

use crate::database::rows::Value;

/// A value as SQLite stores it.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    /// Text, which need not be UTF-8.
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl Cell {
    /// All cells of a row.
    pub(super) fn row(row: &SqliteRow) -> Result<Vec<Self>, sqlx::Error> {
        (0..row.len()).map(|at| Self::read(row.try_get_raw(at)?)).collect()
    }

    fn read(value: SqliteValueRef<'_>) -> Result<Self, sqlx::Error> {
        if value.is_null() {
            return Ok(Self::Null);
        }
        // What the value is, not what the column was declared to be.
        let stored = value.type_info().into_owned();
        match stored.name() {
            "INTEGER" => decode(value).map(Self::Integer),
            "REAL" => decode(value).map(Self::Real),
            "TEXT" => decode(value).map(Self::Text),
            _ => decode(value).map(Self::Blob),
        }
    }

    /// The canonical text: two cells have the same one if and only if they hold the same value.
    ///
    /// Text is readable as is, unless it looks like something else; then it is quoted.
    pub(super) fn canonical(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Integer(n) => n.to_string(),
            // Both noughts are one value.
            Self::Real(0.0) => "0.0".to_owned(),
            // The shortest text that reads back as the same number; it has a point or an exponent.
            Self::Real(x) => format!("{x:?}"),
            Self::Blob(bytes) => format!("x'{}'", hex(bytes)),
            Self::Text(bytes) => match std::str::from_utf8(bytes) {
                Err(_) => format!("text x'{}'", hex(bytes)),
                Ok(text) if looks_like_something_else(text) => format!("'{text}'"),
                Ok(text) => text.to_owned(),
            },
        })
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Integer(_) => 1,
            Self::Real(_) => 2,
            Self::Text(_) => 3,
            Self::Blob(_) => 4,
        }
    }
}

/// Numbers by value, text and blobs by bytes: an order that no collation changes.
impl Ord for Cell {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (Self::Real(a), Self::Real(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) | (Self::Blob(a), Self::Blob(b)) => a.cmp(b),
            (one, other) => one.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Cell {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Cell {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Cell {}

fn decode<'r, T: Decode<'r, Sqlite>>(value: SqliteValueRef<'r>) -> Result<T, sqlx::Error> {
    T::decode(value).map_err(sqlx::Error::Decode)
}

fn looks_like_something_else(text: &str) -> bool {
    text.starts_with(['\''])
        || text.starts_with("x'")
        || text.starts_with("text x'")
        || text.parse::<f64>().is_ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Binds a value of ours as what its literal would be in SQLite's SQL.
pub(super) fn bind<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    value: &Value,
) -> Query<'q, Sqlite, SqliteArguments> {
    match value {
        Value::Null => query.bind(None::<i64>),
        Value::Bool(truth) => query.bind(i64::from(*truth)),
        Value::Integer(n) => match i64::try_from(*n) {
            Ok(n) => query.bind(n),
            // A literal beyond 64 bits is a floating point number.
            #[allow(clippy::cast_precision_loss)]
            Err(_) => query.bind(*n as f64),
        },
        Value::Number(text) => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(n), _) => query.bind(n),
            // SQLite stores NaN as NULL; the word is at least kept.
            (_, Ok(x)) if !x.is_nan() => query.bind(x),
            _ => query.bind(text.clone()),
        },
        Value::Text(text) => query.bind(text.clone()),
        Value::Bytes(bytes) => query.bind(bytes.clone()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cell() -> impl Strategy<Value = Cell> {
        prop_oneof![
            any::<i64>().prop_map(Cell::Integer),
            (-2_i64..3).prop_map(Cell::Integer),
            any::<f64>().prop_filter("SQLite has no NaN", |x| !x.is_nan()).prop_map(Cell::Real),
            (-2_i8..3).prop_map(|n| Cell::Real(n.into())),
            "[-0-9.ex' \"+]{0,5}|text x'00'|inf|NaN|.{0,9}".prop_map(|s| Cell::Text(s.into_bytes())),
            prop::collection::vec(any::<u8>(), 0..4).prop_map(Cell::Text),
            prop::collection::vec(any::<u8>(), 0..4).prop_map(Cell::Blob),
            Just(Cell::Null),
        ]
    }

    proptest! {
        #[test]
        fn equal_cells_have_equal_texts_and_others_do_not(one in cell(), other in cell()) {
            let zeros = matches!((&one, &other), (Cell::Real(a), Cell::Real(b)) if a == b);
            prop_assert_eq!(one.canonical() == other.canonical(), one == other || zeros, "{:?} {:?}", one, other);
        }
    }

    #[test]
    fn ordinary_text_is_readable_as_is() {
        for text in ["", "Ada", "2024-01-31 10:00:00", "+49 30 1234", "it's", "{\"a\": 1}", "ä"] {
            assert_eq!(Cell::Text(text.into()).canonical().as_deref(), Some(text));
        }
        let canonical = |cell: Cell| cell.canonical();
        let all = [
            canonical(Cell::Integer(1)),
            canonical(Cell::Real(1.0)),
            canonical(Cell::Text(b"1".into())),
            canonical(Cell::Blob(b"1".into())),
            canonical(Cell::Null),
        ];
        let texts = [Some("1"), Some("1.0"), Some("'1'"), Some("x'31'"), None];
        assert_eq!(all.each_ref().map(Option::as_deref), texts);
    }
}
