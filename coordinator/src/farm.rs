//! The farm as its head knows it: runs, their columns, workers. Pure: time and numbers are given to it, and what it changes it
//! says.
//!
//! Whoever stores it calls one method, writes down [`Changes`], and answers after that. See [`crate::head`].

mod changes;
mod demand;
mod runs;
mod workers;

use std::collections::{BTreeMap, BTreeSet};

use mrt_proto::v1;
use mrt_report::{Cell, Verdict};

use crate::lease::{GivenUp, Time, WorkerId};
use crate::plan::{Capability, ColumnId, Plan, RunId};

pub use changes::{Changes, Event};
pub use demand::{Demand, Demands, Worth};
pub use runs::{NewColumn, NewRevision, NewRun, Weights};
pub use workers::{Assignment, Said, Spoken};

/// What is settled for the whole farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// A lease runs out so long after its holder was last heard, in milliseconds.
    pub lease: u64,
    /// How often the farm may fail at a cell before it ends as `error`.
    pub attempts: u32,
}

/// A run that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// How long its cells wait for somebody who serves them, in milliseconds.
    pub patience: u64,
    /// What changes the check.
    pub options: v1::CheckOptions,
    /// Its columns, in the matrix's order.
    pub columns: Vec<ColumnId>,
    /// How many cells it has.
    pub cells: u64,
    /// How many of them have their results.
    pub done: u64,
    /// The number of its next event.
    pub next_event: u64,
    /// Somebody cancelled it.
    pub cancelled: bool,
    /// It has ended.
    pub ended: bool,
}

/// What there is of a column beside its plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Index into the run's columns.
    pub place: u32,
    /// The bundle that holds the suite.
    pub bundle: String,
    /// The suite.
    pub suite: String,
    /// Id and title of each revision, in the chain's order.
    pub revisions: Vec<(String, String)>,
    /// Since when nobody serves it.
    pub unserved: Option<Time>,
    /// Why it could not be checked at all.
    pub failure: Option<v1::Failure>,
}

/// A worker that was heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Its host.
    pub host: String,
    /// Its version.
    pub version: String,
    /// What it said last.
    pub said: Said,
    /// When.
    pub seen: Time,
}

/// Everything that has not ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Farm {
    /// Runs.
    pub runs: BTreeMap<RunId, Run>,
    /// Columns of those runs, as the planner sees them.
    pub plans: BTreeMap<ColumnId, Plan>,
    /// The rest of those columns.
    pub chains: BTreeMap<ColumnId, Chain>,
    /// Workers.
    pub workers: BTreeMap<WorkerId, Worker>,
}

/// How a cell ended for its worker.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// With a cell of the report.
    Cell(Box<Cell>),
    /// The farm could not check it.
    Infrastructure(String),
}

impl Farm {
    /// Brings leases that have run out and runs that have waited long enough to their ends.
    pub fn tick(&mut self, settings: &Settings, now: Time, changes: &mut Changes) {
        let expired: Vec<_> = self
            .plans
            .iter()
            .flat_map(|(id, plan)| plan.column.expired(now).into_iter().map(|shard| (*id, shard)))
            .collect();
        for (id, shard) in expired {
            let Some(plan) = self.plans.get_mut(&id) else { continue };
            // It may have gone with what another one gave up.
            let holder =
                plan.column.shards().iter().find(|it| it.id == shard).and_then(|it| it.holder.as_ref());
            let Some(worker) = holder.map(|holder| holder.worker) else { continue };
            let host = self.workers.get(&worker).map_or("unknown", |worker| &worker.host);
            let reason = format!("the worker on {host} was lost while it was at this revision");
            changes.touch(id, &plan.column);
            changes.expired += 1;
            let given_up = plan.column.lose(shard, &reason);
            self.give_up(id, given_up, changes);
        }
        self.wait(settings, now, changes);
        self.workers.retain(|_, worker| now.0.saturating_sub(worker.seen.0) < 20 * settings.lease);
        self.end_runs(changes);
    }

    /// Looks who waits for somebody that is not there, and for how long.
    fn wait(&mut self, settings: &Settings, now: Time, changes: &mut Changes) {
        let served: BTreeSet<Capability> =
            self.live(settings, now).flat_map(|(_, worker)| worker.said.serves.clone()).collect();
        let mut waiting: BTreeMap<RunId, (BTreeSet<String>, u64)> = BTreeMap::new();
        let mut given_up = Vec::new();
        for (&id, plan) in &mut self.plans {
            let (Some(chain), Some(run)) = (self.chains.get_mut(&id), self.runs.get(&plan.run)) else {
                continue;
            };
            let is_held = plan.column.shards().iter().any(|shard| shard.holder.is_some());
            if is_held || plan.column.is_finished() || served.contains(&plan.needs) {
                if chain.unserved.take().is_some() {
                    changes.note(id, &plan.column);
                }
                continue;
            }
            let since = *chain.unserved.get_or_insert_with(|| {
                changes.note(id, &plan.column);
                let told = waiting.entry(plan.run).or_insert((BTreeSet::new(), run.patience));
                told.0.insert(needed(plan));
                now
            });
            if now.0.saturating_sub(since.0) >= run.patience {
                changes.touch(id, &plan.column);
                let waited = run.patience / 1000;
                let reason = format!("no worker serves {}; waited {waited} s for one", needed(plan));
                given_up.push((id, plan.column.cancel(&reason)));
            }
        }
        for (run, (needs, left_ms)) in waiting {
            let needs: Vec<String> = needs.into_iter().collect();
            let reason = format!("no worker serves {}; start one that does", needs.join(", "));
            self.tell(run, v1::run_event::Event::Waiting(v1::Waiting { reason, left_ms }), changes);
        }
        for (id, given_up) in given_up {
            self.give_up(id, given_up, changes);
        }
    }

    /// Workers that take something, as far as is known.
    fn live(&self, settings: &Settings, now: Time) -> impl Iterator<Item = (&WorkerId, &Worker)> {
        let term = 2 * settings.lease;
        self.workers
            .iter()
            .filter(move |(_, worker)| now.0.saturating_sub(worker.seen.0) < term && !worker.said.draining)
    }

    /// Writes cells that ended without a worker's word into the matrix.
    fn give_up(&mut self, id: ColumnId, given_up: Vec<GivenUp>, changes: &mut Changes) {
        let (Some(plan), Some(chain)) = (self.plans.get(&id), self.chains.get(&id)) else { return };
        let cells: Vec<(usize, Cell)> = given_up
            .into_iter()
            .map(|GivenUp { cell: position, attempts, reason }| {
                let (revision, title) = chain.revisions.get(position).cloned().unwrap_or_default();
                let (suite, target) = (&chain.suite, &plan.target);
                let cell = Cell::untried(suite, target, &revision, &title, Verdict::Error, reason);
                let cell = Cell { attempts, ..cell };
                (position, cell)
            })
            .collect();
        let run = plan.run;
        for (position, cell) in cells {
            self.finish(run, id, position, cell, changes);
        }
    }

    /// A cell has its result.
    fn finish(&mut self, run: RunId, column: ColumnId, position: usize, cell: Cell, changes: &mut Changes) {
        if let Some(run) = self.runs.get_mut(&run) {
            run.done += 1;
        }
        changes.results.push((column, position, cell));
        self.event(run, Event::Finished { column, position }, changes);
    }

    fn tell(&mut self, run: RunId, event: v1::run_event::Event, changes: &mut Changes) {
        self.event(run, Event::Other(event), changes);
    }

    fn event(&mut self, id: RunId, event: Event, changes: &mut Changes) {
        if let Some(run) = self.runs.get_mut(&id) {
            changes.events.push((id, run.next_event, event));
            changes.runs.insert(id);
            run.next_event += 1;
        }
    }

    /// Ends the runs in which nothing is left to do.
    fn end_runs(&mut self, changes: &mut Changes) {
        let is_open = |id: &ColumnId| self.plans.get(id).is_some_and(|plan| !plan.column.is_finished());
        let over = |run: &&Run| !run.ended && !run.columns.iter().any(is_open);
        let ended: Vec<RunId> = self.runs.iter().filter(|(_, run)| over(run)).map(|(id, _)| *id).collect();
        for id in ended {
            let cancelled = self.runs.get(&id).is_some_and(|run| run.cancelled);
            self.tell(id, v1::run_event::Event::Ended(v1::RunEnded { cancelled }), changes);
            if let Some(run) = self.runs.get_mut(&id) {
                run.ended = true;
            }
        }
    }

    /// Nobody was heard for a while, which was nobody's fault: leases begin anew, and so does waiting for workers.
    pub fn resume(&mut self, settings: &Settings, now: Time) {
        let until = Time(now.0 + settings.lease);
        self.plans.values_mut().for_each(|plan| plan.column.grant(until));
        for since in self.chains.values_mut().filter_map(|chain| chain.unserved.as_mut()) {
            *since = now;
        }
    }

    /// Forgets the runs that have ended, once that is written down.
    pub fn forget(&mut self) {
        self.runs.retain(|_, run| !run.ended);
        self.plans.retain(|_, plan| self.runs.contains_key(&plan.run));
        self.chains.retain(|id, _| self.plans.contains_key(id));
    }
}

/// What a column needs, for people.
fn needed(plan: &Plan) -> String {
    if plan.needs.containers { format!("{} in a container", plan.target) } else { plan.target.clone() }
}
