//! Suites x revisions x targets, as tables.

use askama::Template;

use super::anchor;
use crate::digest::{Block, Row, Suite};
use crate::terminal::symbol;
use crate::text::printable;
use crate::{Cell, Digest};

/// So many rows are drawn together, or not at all while they are far from what is looked at.
const CHUNK: usize = 50;

#[derive(Template)]
#[template(path = "matrix.html")]
struct Matrix<'a> {
    suites: Vec<Columns<'a>>,
}

struct Columns<'a> {
    name: String,
    targets: Vec<String>,
    chunks: Vec<Chunk<'a>>,
    size: &'static str,
}

/// Rows that are drawn together, below a line that stands for them where they are folded.
struct Chunk<'a> {
    fold: Option<String>,
    rows: Vec<Line<'a>>,
    size: &'static str,
}

struct Line<'a> {
    short: &'a str,
    id: String,
    title: String,
    anchor: String,
    cells: Vec<Option<Field>>,
}

struct Field {
    symbol: char,
    word: &'static str,
    /// There is more to read of it.
    linked: bool,
}

/// The matrix, rendered.
pub(super) fn matrix(digest: &Digest<'_>) -> Result<String, askama::Error> {
    Matrix { suites: digest.suites.iter().enumerate().map(|(n, suite)| columns(n, suite)).collect() }.render()
}

fn columns<'a>(n: usize, suite: &'a Suite<'_>) -> Columns<'a> {
    let mut first = 0;
    let mut chunks = Vec::new();
    for block in suite.blocks() {
        let (Block::Fold(rows) | Block::Rows(rows)) = block;
        let mut fold = matches!(block, Block::Fold(_)).then(|| suite.folded(rows));
        let together = if fold.is_some() { rows.len() } else { CHUNK };
        for rows in rows.chunks(together) {
            let line = |(at, row)| line(row, anchor((n, first + at)));
            let size = size(if fold.is_some() { 1 } else { rows.len() });
            chunks.push(Chunk { fold: fold.take(), rows: rows.iter().enumerate().map(line).collect(), size });
            first += rows.len();
        }
    }
    let shown = |text: &&str| printable(text).into_owned();
    let lines = chunks.iter().map(|chunk| if chunk.fold.is_some() { 1 } else { chunk.rows.len() + 1 }).sum();
    Columns {
        name: shown(&suite.name),
        targets: suite.targets.iter().map(shown).collect(),
        size: size(lines),
        chunks,
    }
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

fn line<'a>(row: &'a Row<'_>, anchor: String) -> Line<'a> {
    let id = printable(row.id).into_owned();
    Line {
        // The whole id is there to be found and copied where a part of it is shown.
        id: if id == row.short { String::new() } else { id },
        short: &row.short,
        title: printable(row.title).into_owned(),
        anchor,
        cells: row.columns.iter().map(|cell| cell.map(field)).collect(),
    }
}

fn field(cell: &Cell) -> Field {
    let linked = cell.findings.iter().any(|finding| finding.accepted.is_none());
    Field { symbol: symbol(cell.verdict), word: cell.verdict.as_str(), linked }
}
