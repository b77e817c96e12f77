//! From a run's events, as the coordinator numbers them, to what is shown.

use std::collections::BTreeSet;

use mrt_proto::v1;
use mrt_report::Cell;

use super::Event;
use crate::farm::Heard;

/// Knows the run's columns by their places.
#[derive(Default)]
pub(crate) struct Follower {
    columns: Vec<Column>,
    /// Which of them are being checked.
    serving: BTreeSet<usize>,
}

struct Column {
    suite: String,
    target: String,
    cells: u64,
    done: u64,
}

impl Follower {
    /// What was heard of a run means this for those who watch.
    pub(crate) fn heard(&mut self, heard: Heard) -> Vec<Event> {
        match heard {
            Heard::Event(event) => self.take(event),
            Heard::Away(error) => {
                let what = format!("the coordinator is away, and is waited for: {error}");
                vec![Event::Farm { what }]
            }
            Heard::Back => vec![Event::Farm { what: "the coordinator is back".to_owned() }],
        }
    }

    fn take(&mut self, event: v1::run_event::Event) -> Vec<Event> {
        use v1::run_event::Event as Told;
        match event {
            Told::Begun(begun) => {
                let column = |name: v1::ColumnName| Column {
                    suite: name.suite,
                    target: name.target,
                    cells: name.cells,
                    done: 0,
                };
                self.columns = begun.columns.into_iter().map(column).collect();
                Vec::new()
            }
            Told::Note(note) => self.note(note).into_iter().collect(),
            Told::Started(started) => match self.columns.get(started.column as usize) {
                Some(Column { suite, target, .. }) => {
                    let (suite, target) = (suite.clone(), target.clone());
                    vec![Event::CellStarted { suite, target, revision: started.revision }]
                }
                None => Vec::new(),
            },
            Told::Finished(cell) => match serde_json::from_slice::<Cell>(&cell) {
                Ok(cell) => self.finished(cell),
                Err(error) => {
                    // The report will say what this was; nothing hangs on what is shown.
                    tracing::debug!("an event holds no cell: {error}");
                    Vec::new()
                }
            },
            Told::Waiting(waiting) => {
                vec![Event::Waiting { reason: waiting.reason, left_ms: waiting.left_ms }]
            }
            // The report holds why, and that is told last.
            Told::Failed(_) | Told::Ended(_) => Vec::new(),
        }
    }

    fn note(&mut self, note: v1::Note) -> Option<Event> {
        let place = note.column as usize;
        let Column { suite, target, cells, .. } = self.columns.get(place)?;
        let (suite, target) = (suite.clone(), target.clone());
        match note.note? {
            v1::note::Note::Preparing(what) => Some(Event::Preparing { suite, target: Some(target), what }),
            // Further workers take parts of it over.
            v1::note::Note::Serving(server) => self.serving.insert(place).then(|| Event::TargetStarted {
                suite,
                target,
                cells: usize::try_from(*cells).unwrap_or(usize::MAX),
                server,
            }),
        }
    }

    fn finished(&mut self, cell: Cell) -> Vec<Event> {
        let is_it = |column: &&mut Column| column.suite == cell.suite && column.target == cell.target;
        let mut events = Vec::new();
        if let Some(column) = self.columns.iter_mut().find(is_it) {
            column.done += 1;
            if column.done == column.cells {
                let (suite, target) = (column.suite.clone(), column.target.clone());
                events.push(Event::TargetFinished { suite, target });
            }
        }
        events.insert(0, Event::CellFinished(Box::new(cell)));
        events
    }
}
