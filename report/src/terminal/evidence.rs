//! What shows that a finding is true.

use crate::Finding;
use crate::evidence::{Table, catalog, omitted, rows};
use crate::text::{pad, width, wrap};

use super::page::Page;

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
    show(page, indent, "rows", &rows(finding));
    show(page, indent, "catalog", &catalog(finding));
    if let Some(omitted) = omitted(finding) {
        page.labelled(indent, "", &omitted);
    }
    if let Some(output) = &evidence.output {
        page.labelled(indent, "output", output);
    }
}

/// As a table where it fits, otherwise row by row: nothing is cut away to make it fit.
fn show<const N: usize>(page: &mut Page, indent: usize, label: &str, of: &Table<N>) {
    let columns = of.columns();
    let widths: Vec<usize> = columns
        .iter()
        .map(|&n| of.rows.iter().map(|row| width(&row[n])).max().unwrap_or(0).max(width(of.names[n])))
        .collect();
    let room = page.room(indent);
    if of.rows.is_empty() {
        return;
    }
    let one_line = of.rows.iter().flatten().all(|text| !text.contains('\n'));
    let total = widths.iter().sum::<usize>() + 2 * (widths.len() - 1);
    let lines =
        if one_line && total <= room { table(of, &columns, &widths) } else { records(of, &columns, room) };
    page.block(indent, label, &lines);
}

fn table<const N: usize>(of: &Table<N>, columns: &[usize], widths: &[usize]) -> Vec<String> {
    let line = |text: &dyn Fn(usize) -> String| {
        let cells: Vec<String> =
            columns.iter().zip(widths).map(|(&n, &columns)| pad(&text(n), columns)).collect();
        cells.join("  ").trim_end().to_owned()
    };
    let head = line(&|n| of.names[n].to_owned());
    std::iter::once(head).chain(of.rows.iter().map(|row| line(&|n| row[n].clone()))).collect()
}

/// Names in the first line of each record, then its two values below each other.
fn records<const N: usize>(of: &Table<N>, columns: &[usize], room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for row in &of.rows {
        let named: Vec<&str> =
            columns.iter().filter(|&&n| n < N - 2 && !row[n].is_empty()).map(|&n| row[n].as_str()).collect();
        lines.extend(wrap(&named.join("  "), room));
        for n in [N - 2, N - 1] {
            let pieces = row[n].split('\n').flat_map(|line| wrap(line, room - 10));
            for (at, piece) in pieces.enumerate() {
                let name = if at == 0 { of.names[n] } else { "" };
                lines.push(format!("  {} {piece}", pad(name, 7)));
            }
        }
    }
    lines
}
