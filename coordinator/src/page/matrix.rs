//! Suites x revisions x targets of a run, also what is still to come.

use std::borrow::Cow;
use std::collections::BTreeMap;

use mrt_report::{Table, TableCell, TableRow};

use super::Failure;
use super::words::{escaped, shown};
use crate::plan::RunId;
use crate::store::{CellSeen, ColumnSeen, Standing, Store};

/// The longest name of a revision that is shown whole, in characters.
const SHORT: usize = 24;

/// A run's matrix as it is.
pub(super) async fn matrix(store: &Store, run: RunId, columns: &[ColumnSeen]) -> Result<Vec<Table>, Failure> {
    let mut at: BTreeMap<(u32, u32), String> = BTreeMap::new();
    for held in store.held(Some(run)).await? {
        for position in held.at {
            at.insert((held.place, u32::try_from(position).unwrap_or(u32::MAX)), shown(&held.host));
        }
    }
    let mut suites: Vec<Growing<'_>> = Vec::new();
    for column in columns {
        let cells = store.cells(column.id).await?;
        let n = suites.iter().position(|it| it.name == column.suite).unwrap_or_else(|| {
            suites.push(Growing { name: &column.suite, ..Growing::default() });
            suites.len() - 1
        });
        suites[n].add(run, column, cells, &mut at);
    }
    Ok(suites.into_iter().map(Growing::grown).collect())
}

/// A suite, column by column.
#[derive(Default)]
struct Growing<'a> {
    name: &'a str,
    targets: Vec<&'a str>,
    rows: Vec<Row>,
    known: BTreeMap<String, usize>,
}

/// One revision on every target that has it.
struct Row {
    id: String,
    title: String,
    cells: Vec<Option<TableCell>>,
}

impl<'a> Growing<'a> {
    fn add(
        &mut self,
        run: RunId,
        column: &'a ColumnSeen,
        cells: Vec<CellSeen>,
        at: &mut BTreeMap<(u32, u32), String>,
    ) {
        let place = self.targets.len();
        self.targets.push(&column.target);
        for CellSeen { position, revision, title, standing } in cells {
            let waiting = TableCell { class: "waiting", text: "waiting".into(), link: None, id: None };
            let cell = match (standing, at.remove(&(column.place, position))) {
                (Standing::Done(verdict), _) => TableCell::of(verdict),
                (Standing::Open, Some(host)) => {
                    TableCell { class: "running", text: Cow::Owned(format!("▸ {host}")), ..waiting }
                }
                (Standing::Open, None) => waiting,
            };
            // As seen from the run's page.
            let link = Some(format!("{}/cells/{}/{position}", run.0, column.place));
            let cell = TableCell { link, id: Some(format!("c{}-{position}", column.place)), ..cell };
            let row = *self.known.entry(revision).or_insert_with_key(|revision| {
                self.rows.push(Row { id: revision.clone(), title, cells: Vec::new() });
                self.rows.len() - 1
            });
            let cells = &mut self.rows[row].cells;
            cells.resize_with(place, || None);
            cells.push(Some(cell));
        }
    }

    fn grown(self) -> Table {
        let targets = self.targets.len();
        let row = |Row { id, title, mut cells }| {
            cells.resize_with(targets, || None);
            TableRow::new(&id, &short(&id), &title, cells)
        };
        let link = Some(format!("/suites/{}", escaped(self.name)));
        Table::new(self.name, link, self.targets, self.rows.into_iter().map(row).collect())
    }
}

fn short(revision: &str) -> Cow<'_, str> {
    match revision.char_indices().nth(SHORT) {
        Some((end, _)) => Cow::Owned(format!("{}…", &revision[..end])),
        None => Cow::Borrowed(revision),
    }
}
