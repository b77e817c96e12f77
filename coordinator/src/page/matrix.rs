//! Suites x revisions x targets of a run, also what is still to come.

use std::collections::{BTreeMap, BTreeSet};

use mrt_report::Verdict;

use super::Failure;
use super::words::{Sign, count, escaped, shown, sign};
use crate::plan::RunId;
use crate::store::{CellSeen, ColumnSeen, Standing, Store};

/// So many rows are drawn together, or not at all while they are far from what is looked at.
const CHUNK: usize = 50;
/// The longest name of a revision that is shown whole.
const SHORT: usize = 24;

/// The cells of one suite, as rows and columns.
pub(super) struct Suite {
    pub(super) name: String,
    pub(super) link: String,
    pub(super) targets: Vec<String>,
    pub(super) chunks: Vec<Chunk>,
    pub(super) size: &'static str,
}

/// Rows that are drawn together, below a line that stands for them where they are folded.
pub(super) struct Chunk {
    pub(super) fold: Option<String>,
    pub(super) rows: Vec<Row>,
    pub(super) size: &'static str,
}

/// One revision on every target that has it.
pub(super) struct Row {
    /// The whole id, where a part of it is shown.
    pub(super) id: Option<String>,
    pub(super) short: String,
    pub(super) title: String,
    pub(super) cells: Vec<Option<Field>>,
}

/// A cell.
pub(super) struct Field {
    pub(super) column: u32,
    pub(super) position: u32,
    pub(super) class: &'static str,
    pub(super) shown: Shown,
}

/// What stands in it.
pub(super) enum Shown {
    /// Nobody is at it.
    Waiting,
    /// A worker on this host is at it.
    Running(String),
    /// It has its result.
    Done(Sign),
}

/// A run's matrix as it is.
pub(super) async fn matrix(store: &Store, run: RunId, columns: &[ColumnSeen]) -> Result<Vec<Suite>, Failure> {
    let mut at: BTreeMap<(u32, u32), String> = BTreeMap::new();
    for held in store.held(Some(run)).await? {
        for position in held.at {
            at.insert((held.place, u32::try_from(position).unwrap_or(u32::MAX)), shown(&held.host));
        }
    }
    let mut suites: Vec<Growing> = Vec::new();
    for column in columns {
        let cells = store.cells(column.id).await?;
        let n = suites.iter().position(|it| it.name == column.suite).unwrap_or_else(|| {
            suites.push(Growing { name: column.suite.clone(), ..Growing::default() });
            suites.len() - 1
        });
        suites[n].add(column, cells, &mut at);
    }
    Ok(suites.into_iter().map(Growing::grown).collect())
}

/// A suite, column by column.
#[derive(Default)]
struct Growing {
    name: String,
    targets: Vec<String>,
    rows: Vec<Row>,
    known: BTreeMap<String, usize>,
}

impl Growing {
    fn add(&mut self, column: &ColumnSeen, cells: Vec<CellSeen>, at: &mut BTreeMap<(u32, u32), String>) {
        let place = self.targets.len();
        self.targets.push(shown(&column.target));
        for CellSeen { position, revision, title, standing } in cells {
            let host = at.remove(&(column.place, position));
            let (class, content) = match (standing, host) {
                (Standing::Done(verdict), _) => (verdict.as_str(), Shown::Done(sign(verdict))),
                (Standing::Open, Some(host)) => ("running", Shown::Running(host)),
                (Standing::Open, None) => ("waiting", Shown::Waiting),
            };
            let field = Field { column: column.place, position, class, shown: content };
            let row = *self.known.entry(revision).or_insert_with_key(|revision| {
                let (id, short) = named(revision);
                self.rows.push(Row { id, short, title: shown(&title), cells: Vec::new() });
                self.rows.len() - 1
            });
            let cells = &mut self.rows[row].cells;
            cells.resize_with(place, || None);
            cells.push(Some(field));
        }
    }

    fn grown(self) -> Suite {
        let Self { name, targets, mut rows, .. } = self;
        for row in &mut rows {
            row.cells.resize_with(targets.len(), || None);
        }
        let chunks = chunks(rows, targets.len());
        let lines = chunks.iter().map(|it| if it.fold.is_some() { 1 } else { it.rows.len() + 1 }).sum();
        Suite { link: escaped(&name), name: shown(&name), targets, size: size(lines), chunks }
    }
}

/// The whole id where it is cut, and what is shown of it.
fn named(revision: &str) -> (Option<String>, String) {
    match revision.char_indices().nth(SHORT) {
        Some((end, _)) => (Some(shown(revision)), format!("{}…", shown(&revision[..end]))),
        None => (None, shown(revision)),
    }
}

/// Runs of rows that pass, folded, and what stands between them. A single row takes as much room as the line that would stand for
/// it, and says more.
fn chunks(rows: Vec<Row>, targets: usize) -> Vec<Chunk> {
    let starts = folds(&rows);
    let mut chunks: Vec<Chunk> = Vec::new();
    for (n, row) in rows.into_iter().enumerate() {
        let is_folded =
            starts.contains_key(&n) || starts.range(..=n).next_back().is_some_and(|(_, end)| n < *end);
        let begins = starts.contains_key(&n);
        let fits = chunks.last().is_some_and(|last| {
            last.fold.is_some() == is_folded && !begins && (is_folded || last.rows.len() < CHUNK)
        });
        if !fits {
            chunks.push(Chunk { fold: is_folded.then(String::new), rows: Vec::new(), size: "" });
        }
        if let Some(last) = chunks.last_mut() {
            last.rows.push(row);
        }
    }
    for chunk in &mut chunks {
        let rows = chunk.rows.len();
        match &mut chunk.fold {
            Some(line) => {
                let all = chunk.rows.iter().all(|row| row.cells.iter().all(Option::is_some));
                let on = match (targets, all) {
                    (1, _) => "",
                    (_, true) => " on every target",
                    (_, false) => " on every target that has them",
                };
                *line = format!("{} pass{on}", count(rows as u64, "revision"));
            }
            None => chunk.size = size(rows),
        }
    }
    chunks
}

/// Where runs of at least two rows begin that pass wherever they are, and where each ends.
fn folds(rows: &[Row]) -> BTreeMap<usize, usize> {
    let passing: BTreeSet<usize> =
        rows.iter().enumerate().filter(|(_, row)| passes(row)).map(|(n, _)| n).collect();
    let mut folds = BTreeMap::new();
    let mut at = 0;
    while at < rows.len() {
        let end = (at..rows.len()).find(|n| !passing.contains(n)).unwrap_or(rows.len());
        if end > at + 1 {
            folds.insert(at, end);
        }
        at = end.max(at + 1);
    }
    folds
}

fn passes(row: &Row) -> bool {
    let pass = |field: &Field| field.class == Verdict::Pass.as_str();
    row.cells.iter().flatten().all(pass)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn row(verdicts: &[Option<Standing>]) -> Row {
        let field = |(n, standing): (usize, &Option<Standing>)| {
            let class = match (*standing)? {
                Standing::Done(verdict) => verdict.as_str(),
                Standing::Open => "waiting",
            };
            Some(Field { column: n as u32, position: 0, class, shown: Shown::Waiting })
        };
        let cells = verdicts.iter().enumerate().map(field).collect();
        Row { id: None, short: String::new(), title: String::new(), cells }
    }

    fn folded(rows: Vec<Row>, targets: usize) -> Vec<(Option<String>, usize)> {
        chunks(rows, targets).into_iter().map(|chunk| (chunk.fold, chunk.rows.len())).collect()
    }

    #[test]
    fn only_what_passes_wherever_it_is_folds() {
        const PASS: Option<Standing> = Some(Standing::Done(Verdict::Pass));
        const FAIL: Option<Standing> = Some(Standing::Done(Verdict::Fail));
        const OPEN: Option<Standing> = Some(Standing::Open);
        let one = |all: &[Option<Standing>]| folded(all.iter().map(|it| row(&[*it])).collect(), 1);
        let line = |text: &str| Some(text.to_owned());
        assert_eq!(one(&[PASS, PASS, PASS]), [(line("3 revisions pass"), 3)]);
        assert_eq!(one(&[PASS, FAIL, PASS, PASS]), [(None, 2), (line("2 revisions pass"), 2)]);
        assert_eq!(one(&[PASS, PASS, OPEN, PASS]), [(line("2 revisions pass"), 2), (None, 2)]);
        assert_eq!(one(&[OPEN; 120]).iter().map(|(_, rows)| *rows).collect::<Vec<_>>(), [50, 50, 20]);
        let two = folded(vec![row(&[PASS, None]), row(&[PASS, PASS])], 2);
        assert_eq!(two, [(line("2 revisions pass on every target that has them"), 2)]);
        assert_eq!(folded(vec![row(&[PASS, OPEN]), row(&[PASS, PASS])], 2), [(None, 2)]);
    }
}
