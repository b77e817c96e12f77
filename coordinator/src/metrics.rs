//! What operators look at. Nothing is decided by it.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::farm::{Changes, Farm};
use crate::lease::Answer;

/// Which targets it is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Target {
    target: String,
}

/// What became of a result.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Became {
    answer: &'static str,
}

/// How cells ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    target: String,
    verdict: &'static str,
}

/// Counts what the head does.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    waiting: Family<Target, Gauge>,
    leased: Family<Target, Gauge>,
    leases: Family<Target, Gauge>,
    runs: Gauge,
    workers: Gauge,
    expired: Counter,
    results: Family<Became, Counter>,
    cells: Family<Ended, Counter>,
    seconds: Family<Target, Histogram>,
    turns: Histogram,
    failed_turns: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            waiting: Family::default(),
            leased: Family::default(),
            leases: Family::default(),
            runs: Gauge::default(),
            workers: Gauge::default(),
            expired: Counter::default(),
            results: Family::default(),
            cells: Family::default(),
            // From what a small revision takes on SQLite to the longest time limit that anybody sets.
            seconds: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.01, 2.0, 16))),
            turns: Histogram::new(exponential_buckets(0.0005, 2.0, 14)),
            failed_turns: Counter::default(),
        }
    }

    pub(crate) fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("mrt");
        registry.register("cells_waiting", "Cells that nobody checks yet", self.waiting.clone());
        registry.register("cells_leased", "Cells that a worker has on its list", self.leased.clone());
        registry.register("leases", "Shards that have a holder", self.leases.clone());
        registry.register("runs", "Runs that have not ended", self.runs.clone());
        registry.register("workers", "Workers that were heard lately", self.workers.clone());
        registry.register("leases_expired", "Leases that ran out", self.expired.clone());
        registry.register("results", "What workers sent, by what became of it", self.results.clone());
        registry.register("cells", "Cells that ended, by verdict", self.cells.clone());
        registry.register("cell_seconds", "Time that cells took", self.seconds.clone());
        registry.register(
            "turn_seconds",
            "Time from the beginning of a turn to its commit",
            self.turns.clone(),
        );
        registry.register("turns_failed", "Turns that could not be written", self.failed_turns.clone());
        registry
    }

    pub(crate) fn answered(&self, answer: Answer) {
        let answer = match answer {
            Answer::Accepted => "accepted",
            Answer::Known => "known",
            Answer::Refused => "refused",
        };
        self.results.get_or_create(&Became { answer }).inc();
    }

    pub(crate) fn turned(&self, time: Duration, farm: &Farm, changes: &Changes) {
        self.turns.observe(time.as_secs_f64());
        self.expired.inc_by(changes.expired);
        for (_, _, cell) in &changes.results {
            let target = cell.target.clone();
            self.cells.get_or_create(&Ended { target: target.clone(), verdict: cell.verdict.as_str() }).inc();
            let seconds = Duration::from_millis(cell.duration_ms).as_secs_f64();
            self.seconds.get_or_create(&Target { target }).observe(seconds);
        }
        self.runs.set(count(farm.runs.len()));
        self.workers.set(count(farm.workers.len()));
    }

    pub(crate) fn failed(&self) {
        self.failed_turns.inc();
    }

    /// Looks at all columns, which is not worth doing in every turn.
    pub(crate) fn survey(&self, farm: &Farm) {
        // What has ended is not among the columns any more.
        for family in [&self.waiting, &self.leased, &self.leases] {
            family.clear();
        }
        for plan in farm.plans.values() {
            let target = Target { target: plan.target.clone() };
            for shard in plan.column.shards() {
                let cells = count(shard.cells.len());
                if shard.holder.is_some() {
                    self.leased.get_or_create(&target).inc_by(cells);
                    self.leases.get_or_create(&target).inc();
                } else {
                    self.waiting.get_or_create(&target).inc_by(cells);
                }
            }
        }
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
