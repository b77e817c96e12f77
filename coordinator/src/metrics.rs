//! What operators look at. Nothing is decided by it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::farm::{Changes, Demand, Farm};
use crate::lease::Answer;

/// Engines that are told apart. Whatever is shown once is shown for ever, and their names are what submitters write.
const ENGINES: usize = 16;

/// The longest name of an engine that is shown.
const LONGEST: usize = 64;

/// Which engine it is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Engine {
    engine: String,
}

/// What became of a result.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Became {
    answer: &'static str,
}

/// How cells ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    engine: String,
    verdict: &'static str,
}

/// Counts what the head does.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    waiting: Family<Engine, Gauge>,
    leased: Family<Engine, Gauge>,
    leases: Family<Engine, Gauge>,
    shards: Family<Engine, Gauge>,
    work: Family<Engine, Gauge>,
    runs: Gauge,
    workers: Gauge,
    expired: Counter,
    results: Family<Became, Counter>,
    cells: Family<Ended, Counter>,
    seconds: Family<Engine, Histogram>,
    turns: Histogram,
    failed_turns: Counter,
    /// The first that came.
    engines: Arc<Mutex<BTreeSet<String>>>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            waiting: Family::default(),
            leased: Family::default(),
            leases: Family::default(),
            shards: Family::default(),
            work: Family::default(),
            runs: Gauge::default(),
            workers: Gauge::default(),
            expired: Counter::default(),
            results: Family::default(),
            cells: Family::default(),
            // From what a small revision takes on SQLite to the longest time limit that anybody sets.
            seconds: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.01, 2.0, 16))),
            turns: Histogram::new(exponential_buckets(0.0005, 2.0, 14)),
            failed_turns: Counter::default(),
            engines: Arc::default(),
        }
    }

    pub(crate) fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("mrt");
        registry.register("cells_waiting", "Cells that nobody checks yet", self.waiting.clone());
        registry.register("cells_leased", "Cells that a worker has on its list", self.leased.clone());
        registry.register("leases", "Shards that have a holder", self.leases.clone());
        registry.register(
            "shards_possible",
            "Shards as which what can be done now could be checked side by side",
            self.shards.clone(),
        );
        registry.register("work_seconds", "Expected work of what can be done now", self.work.clone());
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
            let engine = self.engine(&cell.target);
            self.cells.get_or_create(&Ended { engine: engine.clone(), verdict: cell.verdict.as_str() }).inc();
            let seconds = Duration::from_millis(cell.duration_ms).as_secs_f64();
            self.seconds.get_or_create(&Engine { engine }).observe(seconds);
        }
        self.runs.set(count(farm.runs.len()));
        self.workers.set(count(farm.workers.len()));
    }

    /// The engine of a target, `postgres` of `postgres:16`; of those beyond the first few `other`.
    fn engine(&self, target: &str) -> String {
        let engine = target.split_once(':').map_or(target, |(engine, _)| engine);
        // A thread that panicked here has left a set all the same.
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = engines.contains(engine)
            || engine.len() <= LONGEST && engines.len() < ENGINES && engines.insert(engine.to_owned());
        if is_known { engine.to_owned() } else { "other".to_owned() }
    }

    pub(crate) fn failed(&self) {
        self.failed_turns.inc();
    }

    /// Looks at all columns, which is not worth doing in every turn.
    pub(crate) fn survey(&self, farm: &Farm) {
        // What has ended is not among the columns any more.
        for family in [&self.waiting, &self.leased, &self.leases, &self.shards, &self.work] {
            family.clear();
        }
        for (needs, demand) in farm.demand() {
            let engine = Engine { engine: self.engine(&needs.engine) };
            let Demand { queued, leased, leases, breadth, .. } = demand;
            let shards = (breadth.shards + breadth.alone) as u64;
            for (family, number) in [
                (&self.waiting, queued),
                (&self.leased, leased),
                (&self.leases, leases),
                (&self.shards, shards),
                (&self.work, breadth.work / 1_000),
            ] {
                family.get_or_create(&engine).inc_by(i64::try_from(number).unwrap_or(i64::MAX));
            }
        }
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;
    use crate::plan::ColumnId;

    #[test]
    fn what_submitters_write_makes_no_more_series() {
        let metrics = Metrics::new();
        let ended = |target: String| {
            let verdict = mrt_report::Verdict::Pass;
            let cell = mrt_report::Cell::untried("shop", &target, "a", "", verdict, String::new());
            let changes = Changes { results: vec![(ColumnId(1), 0, cell)], ..Changes::default() };
            metrics.turned(Duration::ZERO, &Farm::default(), &changes);
        };
        for version in 10..20 {
            ended(format!("postgres:{version}"));
        }
        ended("x".repeat(100));
        for number in 0..100 {
            ended(format!("made up {number}"));
        }
        let mut text = String::new();
        encode(&mut text, &metrics.registry()).unwrap();
        let cells: Vec<&str> = text.lines().filter(|line| line.starts_with("mrt_cells_total")).collect();
        assert!(cells.contains(&r#"mrt_cells_total{engine="postgres",verdict="pass"} 10"#), "{cells:?}");
        assert!(cells.contains(&r#"mrt_cells_total{engine="other",verdict="pass"} 86"#), "{cells:?}");
        assert_eq!(cells.len(), 17);
    }
}
