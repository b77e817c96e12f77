//! Runs: how they come and how they are cancelled.

use std::collections::BTreeMap;

use mrt_proto::v1;
use mrt_report::Cell;

use super::{Chain, Changes, Farm, Run, Settings};
use crate::lease::{self, Column, State, Time};
use crate::plan::{Capability, ColumnId, Plan, RunId};

/// A run to be, checked to be sound.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Made by the client: the same key is the same run.
    pub key: String,
    /// Suites on targets.
    pub columns: Vec<NewColumn>,
    /// Higher goes first.
    pub priority: i32,
    /// How long to wait for somebody who serves a target, in milliseconds.
    pub patience: u64,
    /// What changes the check.
    pub options: v1::CheckOptions,
    /// For people.
    pub labels: BTreeMap<String, String>,
}

/// A suite's chain on one target.
#[derive(Debug, Clone)]
pub struct NewColumn {
    /// The bundle that holds the suite.
    pub bundle: String,
    /// The suite.
    pub suite: String,
    /// The target.
    pub target: String,
    /// What a worker needs for it.
    pub needs: Capability,
    /// The whole chain, parents before children.
    pub revisions: Vec<NewRevision>,
}

/// A revision of a chain.
#[derive(Debug, Clone)]
pub struct NewRevision {
    /// Its id.
    pub id: String,
    /// Its one-line description.
    pub title: String,
    /// Positions of what it needs, all smaller than its own.
    pub parents: Vec<usize>,
    /// It is to be checked.
    pub asked: bool,
    /// The cell, for one that is left out on request.
    pub skipped: Option<Cell>,
}

/// What is known of how long things take, for one column.
#[derive(Debug, Clone, Default)]
pub struct Weights {
    /// Milliseconds that a cell took last time, by revision.
    pub cells: BTreeMap<String, u64>,
}

/// A cell nobody knows anything about, in milliseconds: what an ordinary one takes on a server in a container.
const USUAL: u64 = 250;
/// Applying a revision only to get on, in milliseconds.
const REPLAY: u64 = 40;

impl Weights {
    /// The work of a revision's cell: as long as last time; for a new one what is usual in this column.
    fn work(&self, revision: &str) -> u64 {
        let usual = || {
            let mut known: Vec<u64> = self.cells.values().copied().collect();
            known.sort_unstable();
            known.get(known.len() / 2).copied().unwrap_or(USUAL)
        };
        self.cells.get(revision).copied().unwrap_or_else(usual).max(1)
    }
}

/// What it costs to start a server and a Python, in milliseconds.
fn start(needs: &Capability) -> u64 {
    if needs.containers { 3_000 } else { 500 }
}

impl Farm {
    /// A new run under this name; its columns are numbered from `first` on.
    pub fn submit(
        &mut self,
        settings: &Settings,
        now: Time,
        (id, first): (RunId, ColumnId),
        new: &NewRun,
        weights: &[Weights],
        changes: &mut Changes,
    ) {
        let columns: Vec<ColumnId> = (first.0..).take(new.columns.len()).map(ColumnId).collect();
        let counts = |revision: &&NewRevision| revision.asked || revision.skipped.is_some();
        let names: Vec<v1::ColumnName> = new
            .columns
            .iter()
            .map(|column| v1::ColumnName {
                suite: column.suite.clone(),
                target: column.target.clone(),
                cells: column.revisions.iter().filter(counts).count() as u64,
            })
            .collect();
        self.runs.insert(
            id,
            Run {
                patience: new.patience,
                options: new.options.clone(),
                columns: columns.clone(),
                cells: names.iter().map(|name| name.cells).sum(),
                done: 0,
                next_event: 1,
                cancelled: false,
                ended: false,
            },
        );
        self.tell(id, v1::run_event::Event::Begun(v1::RunBegun { columns: names }), changes);
        for (place, (&column_id, column)) in (0..).zip(columns.iter().zip(&new.columns)) {
            let unknown = Weights::default();
            let weights = weights.get(place as usize).unwrap_or(&unknown);
            self.add(settings, (id, new.priority), (column_id, place), column, weights, changes);
        }
        self.wait(settings, now, changes);
        self.end_runs(changes);
    }

    fn add(
        &mut self,
        settings: &Settings,
        (run, priority): (RunId, i32),
        (id, place): (ColumnId, u32),
        new: &NewColumn,
        weights: &Weights,
        changes: &mut Changes,
    ) {
        let cells = new.revisions.iter().map(|revision| lease::Cell {
            work: weights.work(&revision.id),
            parents: revision.parents.clone(),
            state: if revision.asked { State::Open { attempts: 0 } } else { State::Unasked },
        });
        let column = Column::new(cells.collect(), settings.attempts);
        changes.note(id, &Column::new(Vec::new(), settings.attempts));
        let plan = Plan {
            run,
            priority,
            target: new.target.clone(),
            needs: new.needs.clone(),
            start: start(&new.needs),
            replay: REPLAY,
            column,
        };
        self.plans.insert(id, plan);
        let revisions = new.revisions.iter().map(|it| (it.id.clone(), it.title.clone())).collect();
        let (bundle, suite) = (new.bundle.clone(), new.suite.clone());
        self.chains.insert(id, Chain { place, bundle, suite, revisions, unserved: None, failure: None });
        for (position, revision) in new.revisions.iter().enumerate() {
            if let Some(cell) = &revision.skipped {
                self.finish(run, id, position, cell.clone(), changes);
            }
        }
    }

    /// Ends a run: what is not done ends as `error`. The answer is whether there was a run to end.
    pub fn cancel(&mut self, id: RunId, changes: &mut Changes) -> bool {
        let Some(run) = self.runs.get_mut(&id).filter(|run| !run.ended) else { return false };
        run.cancelled = true;
        changes.runs.insert(id);
        for column in run.columns.clone() {
            let Some(plan) = self.plans.get_mut(&column) else { continue };
            changes.touch(column, &plan.column);
            let given_up = plan.column.cancel("the run was cancelled before this cell was done");
            self.give_up(column, given_up, changes);
        }
        self.end_runs(changes);
        true
    }
}
