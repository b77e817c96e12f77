//! The latest runs, and the farm in a line.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;
use axum::extract::State;
use mrt_report::Summary;

use super::bar::{Bar, bar, total, worst};
use super::run::{labels, state};
use super::words::{When, count, span, when};
use super::{Answer, Failure, Frame, Site, page as show};
use crate::plan::RunId;
use crate::store::Listed;

/// How many runs a list has.
pub(super) const RUNS: u32 = 50;
/// Runs whose counts are kept.
const KEPT: usize = 200;

#[derive(Template)]
#[template(path = "runs.html")]
struct Page {
    frame: Frame,
    farm: String,
    runs: Vec<Line>,
}

/// A run in a list.
pub(super) struct Line {
    pub(super) id: u64,
    pub(super) class: &'static str,
    pub(super) state: &'static str,
    pub(super) cells: u64,
    pub(super) done: u64,
    pub(super) goes_on: bool,
    pub(super) submitted: When,
    pub(super) took: Option<String>,
    pub(super) labels: Vec<(String, String)>,
    pub(super) bar: Bar,
}

pub(super) async fn page(State(site): State<Site>) -> Answer {
    let runs = site.store.runs(RUNS).await?;
    let runs = lines(&site, &runs, None).await?;
    show(&Page { frame: site.frame("runs"), farm: farm(&site).await?, runs })
}

/// What runs came to that have ended: counted once, since many of them are large, and lists are looked at again and again.
#[derive(Clone, Default)]
pub(super) struct Counted(Arc<Mutex<Counts>>);

/// How many cells of a run came to which verdict, by suite.
type Counts = BTreeMap<RunId, BTreeMap<String, Summary>>;

impl Counted {
    /// How many cells of some runs came to which verdict.
    pub(super) async fn of(&self, site: &Site, runs: &[Listed]) -> Result<Counts, Failure> {
        let mut known: Counts = {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            runs.iter().filter_map(|run| Some((run.id, known.get(&run.id)?.clone()))).collect()
        };
        let unknown: Vec<Listed> = runs.iter().filter(|run| !known.contains_key(&run.id)).cloned().collect();
        let mut fresh = site.store.summaries(&unknown).await?;
        fresh.retain(|id, _| !known.contains_key(id));
        known.extend(fresh);
        let is_over = |id: &RunId| runs.iter().any(|run| run.id == *id && run.ended);
        let over = known.iter().filter(|(id, _)| is_over(id)).map(|(id, counts)| (*id, counts.clone()));
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(over);
        // The latest are asked for most.
        while kept.len() > KEPT {
            kept.pop_first();
        }
        drop(kept);
        Ok(known)
    }
}

/// Runs as a list shows them: with the verdicts of all that is in them, or of one suite.
pub(super) async fn lines(site: &Site, runs: &[Listed], suite: Option<&str>) -> Result<Vec<Line>, Failure> {
    let mut counts = site.counted.of(site, runs).await?;
    let line = |run: &Listed| {
        let mut suites = counts.remove(&run.id).unwrap_or_default();
        let summary = match suite {
            Some(suite) => suites.remove(suite).unwrap_or_default(),
            None => total(&suites),
        };
        // How many cells a suite has of a run that goes on is not said: its bar is full.
        let cells = if suite.is_some() { 0 } else { run.cells };
        Line {
            id: run.id.0,
            class: worst(summary).map_or("skip", |verdict| verdict.as_str()),
            state: state(run),
            cells: run.cells,
            done: run.done,
            goes_on: !run.ended,
            submitted: when(run.submitted),
            took: run.ended_at.map(|ended| span(ended.saturating_sub(run.submitted))),
            labels: labels(run),
            bar: bar(summary, cells),
        }
    };
    Ok(runs.iter().map(line).collect())
}

/// The farm in a line: `3 workers on 2 hosts, 4 of 6 slots are busy`.
async fn farm(site: &Site) -> Result<String, Failure> {
    let seen = site.store.workers().await?;
    let term = 2 * site.head.lease();
    let live = || seen.workers.iter().filter(|(_, it)| seen.now.0.saturating_sub(it.seen.0) < term);
    let held = site.store.held(None).await?;
    let busy = held.iter().filter(|held| live().any(|(id, _)| *id == held.worker)).count();
    let slots: usize = live().map(|(_, it)| it.said.slots).sum();
    Ok(match live().count() as u64 {
        0 => "no worker is there; start one with mrt-worker".to_owned(),
        workers => format!("{}, {busy} of {} busy", count(workers, "worker"), count(slots as u64, "slot")),
    })
}
