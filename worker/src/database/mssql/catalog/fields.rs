//! The values of an answer, one row after another.

use tiberius::error::Error;
use tiberius::{ColumnData, Row};

/// A row as texts: whole numbers in digits, bits as `1` and `0`; `None` is NULL.
pub(super) type Texts = Vec<Option<String>>;

/// Every query asks for texts, whole numbers and bits alone; a value of another type is a mistake in a query.
pub(super) fn texts(row: &Row) -> Result<Texts, Error> {
    row.cells().map(|(column, data)| text(column.name(), data)).collect()
}

fn text(column: &str, data: &ColumnData<'_>) -> Result<Option<String>, Error> {
    Ok(match data {
        ColumnData::String(text) => text.as_deref().map(str::to_owned),
        ColumnData::Bit(bit) => bit.map(|bit| u8::from(bit).to_string()),
        ColumnData::U8(number) => number.map(|number| number.to_string()),
        ColumnData::I16(number) => number.map(|number| number.to_string()),
        ColumnData::I32(number) => number.map(|number| number.to_string()),
        ColumnData::I64(number) => number.map(|number| number.to_string()),
        _ => {
            let words = format!("column {column} of the catalog is neither a text nor a whole number");
            return Err(Error::Conversion(words.into()));
        }
    })
}

/// Takes the values of a row one by one.
pub(super) struct Fields(std::vec::IntoIter<Option<String>>);

impl Fields {
    pub(super) fn new(row: Texts) -> Self {
        Self(row.into_iter())
    }

    pub(super) fn option(&mut self) -> Option<String> {
        self.0.next().flatten()
    }

    pub(super) fn text(&mut self) -> String {
        self.option().unwrap_or_default()
    }

    pub(super) fn number(&mut self) -> i64 {
        self.option().and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    pub(super) fn flag(&mut self) -> bool {
        self.number() != 0
    }

    /// A word of the server's own, as people write it: `SCHEMA_ONLY` is `schema only`.
    pub(super) fn word(&mut self) -> Option<String> {
        self.option().map(|word| word.to_lowercase().replace('_', " "))
    }
}
