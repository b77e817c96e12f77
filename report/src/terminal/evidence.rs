//! What shows that a finding is true.

use crate::text::{count, definition, pad, printable, truncate, values, width, window, wrap};
use crate::{AttributeChange, Finding, RowChange};

use super::page::Page;

/// The longest piece of a row's value that is shown; the rest adds nothing to what the difference says.
const VALUE: usize = 160;

pub(super) fn location(page: &mut Page, indent: usize, finding: &Finding) {
    if !finding.file.is_empty() {
        let line = if finding.line > 0 { format!(":{}", finding.line) } else { String::new() };
        page.labelled(indent, "at", &format!("{}{line}", finding.file));
    }
}

pub(super) fn details(page: &mut Page, indent: usize, finding: &Finding) {
    let evidence = &finding.evidence;
    if let Some(statement) = &finding.statement {
        page.labelled(indent, "statement", statement);
    }
    if let Some(error) = &evidence.error {
        page.labelled(indent, "error", error);
    }
    if !evidence.depends_on.is_empty() {
        page.labelled(indent, "depends on", &evidence.depends_on.join("; "));
    }
    rows(page, indent, &finding.object, &evidence.rows);
    catalog(page, indent, &evidence.catalog);
    if evidence.omitted > 0 {
        let n = usize::try_from(evidence.omitted).unwrap_or(usize::MAX);
        page.labelled(indent, "", &format!("and {} like these", count(n, "more change")));
    }
    if let Some(output) = &evidence.output {
        page.labelled(indent, "output", output);
    }
}

fn rows(page: &mut Page, indent: usize, object: &str, rows: &[RowChange]) {
    let absent = |row: &RowChange| if row.column.is_some() { "NULL" } else { "(no row)" };
    // What the finding's own name says already is not said again in every row.
    let names = |row: &RowChange| object == row.table || object.starts_with(&format!("{}.", row.table));
    let names_column = |row: &RowChange| {
        names(row) && row.column.as_deref().is_some_and(|column| object.ends_with(&format!(".{column}")))
    };
    let (one_table, one_column) = (rows.iter().all(names), rows.iter().all(names_column));
    let table = Table {
        names: ["table", "row", "seeded as", "column", "before", "after"],
        rows: rows
            .iter()
            .map(|row| {
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
            })
            .collect(),
    };
    table.show(page, indent, "rows");
}

fn catalog(page: &mut Page, indent: usize, changes: &[AttributeChange]) {
    let table = Table {
        names: ["object", "attribute", "before", "after"],
        rows: changes
            .iter()
            .map(|change| {
                [
                    printable(&change.object).into_owned(),
                    printable(&change.attribute).into_owned(),
                    definition(change.before.as_deref()),
                    definition(change.after.as_deref()),
                ]
            })
            .collect(),
    };
    table.show(page, indent, "catalog");
}

struct Table<const N: usize> {
    names: [&'static str; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    /// As a table where it fits, otherwise row by row: nothing is cut away to make it fit.
    fn show(&self, page: &mut Page, indent: usize, label: &str) {
        let columns: Vec<usize> =
            (0..N).filter(|&n| self.rows.iter().any(|row| !row[n].is_empty())).collect();
        let widths: Vec<usize> = columns
            .iter()
            .map(|&n| self.rows.iter().map(|row| width(&row[n])).max().unwrap_or(0).max(width(self.names[n])))
            .collect();
        let room = page.room(indent);
        if self.rows.is_empty() {
            return;
        }
        let one_line = self.rows.iter().flatten().all(|text| !text.contains('\n'));
        let total = widths.iter().sum::<usize>() + 2 * (widths.len() - 1);
        let lines = if one_line && total <= room {
            self.table(&columns, &widths)
        } else {
            self.records(&columns, room)
        };
        page.block(indent, label, &lines);
    }

    fn table(&self, columns: &[usize], widths: &[usize]) -> Vec<String> {
        let line = |of: &dyn Fn(usize) -> String| {
            let cells: Vec<String> =
                columns.iter().zip(widths).map(|(&n, &columns)| pad(&of(n), columns)).collect();
            cells.join("  ").trim_end().to_owned()
        };
        let head = line(&|n| self.names[n].to_owned());
        std::iter::once(head).chain(self.rows.iter().map(|row| line(&|n| row[n].clone()))).collect()
    }

    /// Names in the first line of each record, then its two values below each other.
    fn records(&self, columns: &[usize], room: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for row in &self.rows {
            let named: Vec<&str> = columns
                .iter()
                .filter(|&&n| n < N - 2 && !row[n].is_empty())
                .map(|&n| row[n].as_str())
                .collect();
            lines.extend(wrap(&named.join("  "), room));
            for n in [N - 2, N - 1] {
                let pieces = row[n].split('\n').flat_map(|line| wrap(line, room - 10));
                for (at, piece) in pieces.enumerate() {
                    let name = if at == 0 { self.names[n] } else { "" };
                    lines.push(format!("  {} {piece}", pad(name, 7)));
                }
            }
        }
        lines
    }
}
