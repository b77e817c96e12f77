//! Suites x revisions x targets, as tables.

use std::borrow::Cow;

use askama::Template;

use super::anchor;
use crate::digest::{self, Block, Suite, blocks, folded};
use crate::terminal::symbol;
use crate::text::printable;
use crate::{Cell, Digest, RenderError, Verdict};

/// So many rows are drawn together, or not at all while they are far from what is looked at.
const TOGETHER: usize = 50;

/// A suite's revisions on its targets.
#[derive(Debug)]
pub struct Table {
    name: String,
    link: Option<String>,
    targets: Vec<String>,
    rows: Vec<TableRow>,
}

/// One revision on every target of a suite.
#[derive(Debug)]
pub struct TableRow {
    /// What is shown of its id.
    short: String,
    /// The whole id, where that is not the same: to be found and copied.
    id: Option<String>,
    title: String,
    cells: Vec<Option<TableCell>>,
}

/// A cell.
#[derive(Debug)]
pub struct TableCell {
    /// What it came to, or how far it is: its class, by which it has its colour and is filtered.
    pub class: &'static str,
    /// What stands in it.
    pub text: Cow<'static, str>,
    /// Where there is more of it, which is no text of a project.
    pub link: Option<String>,
    /// How a script finds it.
    pub id: Option<String>,
}

impl Table {
    /// The rows of a suite of this name, which may have a page of its own.
    pub fn new<'a>(
        name: &str,
        link: Option<String>,
        targets: impl IntoIterator<Item = &'a str>,
        rows: Vec<TableRow>,
    ) -> Self {
        let shown = |text: &str| printable(text).into_owned();
        Self { name: shown(name), link, targets: targets.into_iter().map(shown).collect(), rows }
    }
}

impl TableRow {
    /// A revision of this id, of which `short` is shown. Cells are in the order of the suite's targets.
    #[must_use]
    pub fn new(id: &str, short: &str, title: &str, cells: Vec<Option<TableCell>>) -> Self {
        let shown = |text: &str| printable(text).into_owned();
        let whole = (id != short).then(|| shown(id));
        Self { short: shown(short), id: whole, title: shown(title), cells }
    }

    fn passes(&self) -> bool {
        self.cells.iter().flatten().all(|cell| cell.class == Verdict::Pass.as_str())
    }
}

impl TableCell {
    /// A cell that came to a verdict.
    #[must_use]
    pub fn of(verdict: Verdict) -> Self {
        let text = match verdict {
            Verdict::Pass => Cow::Borrowed("✓ pass"),
            verdict => Cow::Owned(format!("{} {}", symbol(verdict), verdict.as_str())),
        };
        Self { class: verdict.as_str(), text, link: None, id: None }
    }
}

/// Tables as a part of a page, which has [`STYLE`](crate::STYLE): runs of rows that pass are folded.
///
/// # Errors
/// When they cannot be made, which would be a mistake of ours.
pub fn matrix_html(tables: &[Table]) -> Result<String, RenderError> {
    render(tables).map_err(|source| RenderError::new("HTML", source))
}

/// The matrix of a report.
pub(super) fn matrix(digest: &Digest<'_>) -> Result<String, askama::Error> {
    render(&digest.suites.iter().enumerate().map(table).collect::<Vec<_>>())
}

fn table((n, suite): (usize, &Suite<'_>)) -> Table {
    let row = |(at, row): (usize, &digest::Row<'_>)| {
        let cells = row.columns.iter().map(|cell| cell.map(|cell| field(cell, (n, at))));
        TableRow::new(row.id, &row.short, row.title, cells.collect())
    };
    let rows = suite.rows.iter().enumerate().map(row).collect();
    Table::new(suite.name, None, suite.targets.iter().copied(), rows)
}

fn field(cell: &Cell, place: (usize, usize)) -> TableCell {
    let is_told = cell.findings.iter().any(|finding| finding.accepted.is_none());
    TableCell { link: is_told.then(|| format!("#{}", anchor(place))), ..TableCell::of(cell.verdict) }
}

#[derive(Template)]
#[template(path = "matrix.html")]
struct Matrix<'a> {
    suites: Vec<Columns<'a>>,
}

struct Columns<'a> {
    table: &'a Table,
    parts: Vec<Part<'a>>,
    lines: usize,
}

/// Lines that are drawn together.
struct Part<'a> {
    chunks: Vec<Chunk<'a>>,
    lines: usize,
}

impl<'a> Part<'a> {
    fn of(chunk: Chunk<'a>) -> Self {
        Self { lines: chunk.lines(), chunks: vec![chunk] }
    }

    fn add(&mut self, chunk: Chunk<'a>) {
        self.lines += chunk.lines();
        self.chunks.push(chunk);
    }
}

/// Rows without others between them, below a line that stands for them where they are folded.
struct Chunk<'a> {
    fold: Option<String>,
    rows: &'a [TableRow],
}

impl Chunk<'_> {
    /// How many there are to see: with a head above rows.
    fn lines(&self) -> usize {
        if self.fold.is_some() { 1 } else { self.rows.len() + 1 }
    }
}

fn render(tables: &[Table]) -> Result<String, askama::Error> {
    Matrix { suites: tables.iter().map(columns).collect() }.render()
}

fn columns(table: &Table) -> Columns<'_> {
    let passes: Vec<bool> = table.rows.iter().map(TableRow::passes).collect();
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut put = |chunk| match parts.last_mut() {
        Some(part) if part.lines < TOGETHER => part.add(chunk),
        _ => parts.push(Part::of(chunk)),
    };
    for block in blocks(&passes) {
        match block {
            Block::Fold(rows) => {
                let rows = &table.rows[rows];
                let everywhere = rows.iter().all(|row| row.cells.iter().all(Option::is_some));
                put(Chunk { fold: Some(folded(rows.len(), table.targets.len(), everywhere)), rows });
            }
            Block::Rows(rows) => {
                table.rows[rows].chunks(TOGETHER).for_each(|rows| put(Chunk { fold: None, rows }));
            }
        }
    }
    Columns { table, lines: parts.iter().map(|part| part.lines).sum(), parts }
}

/// How high something is that is not drawn yet, so that a page does not jump when it is: the style has these names. What is
/// small is drawn at once.
fn size(lines: usize) -> &'static str {
    match lines {
        0..20 => "",
        20..40 => "l30",
        40..80 => "l60",
        80..160 => "l120",
        160..320 => "l240",
        320..640 => "l480",
        _ => "l960",
    }
}
