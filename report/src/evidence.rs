//! What shows that a finding is true, as tables of texts that are safe to show.

use crate::text::{definition, printable, truncate, values, window};
use crate::{AttributeChange, Finding, RowChange};

/// The longest piece of a row's value that is shown; the rest adds nothing to what the difference says.
const VALUE: usize = 160;

/// A table whose last two columns are values before and after.
pub(crate) struct Table<const N: usize> {
    pub(crate) names: [&'static str; N],
    pub(crate) rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    /// Columns in which there is anything.
    pub(crate) fn columns(&self) -> Vec<usize> {
        (0..N).filter(|&n| self.rows.iter().any(|row| !row[n].is_empty())).collect()
    }
}

/// Rows that are not what they were.
pub(crate) fn rows(finding: &Finding) -> Table<6> {
    let (object, rows) = (&finding.object, &finding.evidence.rows);
    let absent = |row: &RowChange| if row.column.is_some() { "NULL" } else { "(no row)" };
    // What the finding's own name says already is not said again in every row.
    let names = |row: &RowChange| *object == row.table || object.starts_with(&format!("{}.", row.table));
    let names_column = |row: &RowChange| {
        names(row) && row.column.as_deref().is_some_and(|column| object.ends_with(&format!(".{column}")))
    };
    let (one_table, one_column) = (rows.iter().all(names), rows.iter().all(names_column));
    let texts = |row: &RowChange| {
        let (before, after) = values(row.before.as_deref(), row.after.as_deref(), absent(row));
        let (before, after) = window(&before, &after, VALUE);
        let column = row.column.as_deref().filter(|_| !one_column).unwrap_or_default();
        [
            printable(if one_table { "" } else { &row.table }).into_owned(),
            truncate(&printable(&row.row), VALUE),
            printable(&row.seed).into_owned(),
            printable(column).into_owned(),
            before,
            after,
        ]
    };
    Table {
        names: ["table", "row", "seeded as", "column", "before", "after"],
        rows: rows.iter().map(texts).collect(),
    }
}

/// Objects of the schema that are not what they were.
pub(crate) fn catalog(finding: &Finding) -> Table<4> {
    let texts = |change: &AttributeChange| {
        [
            printable(&change.object).into_owned(),
            printable(&change.attribute).into_owned(),
            definition(change.before.as_deref()),
            definition(change.after.as_deref()),
        ]
    };
    Table {
        names: ["object", "attribute", "before", "after"],
        rows: finding.evidence.catalog.iter().map(texts).collect(),
    }
}

/// How many changes are not listed.
pub(crate) fn omitted(finding: &Finding) -> Option<String> {
    let n = usize::try_from(finding.evidence.omitted).unwrap_or(usize::MAX);
    (n > 0).then(|| format!("and {} like these", crate::text::count(n, "more change")))
}
