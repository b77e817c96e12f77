//! What is measured of a worker.

use std::sync::Arc;
use std::time::Duration;

use mrt_ops::prometheus_client::metrics::counter::Counter;
use mrt_ops::prometheus_client::metrics::family::Family;
use mrt_ops::prometheus_client::metrics::gauge::Gauge;
use mrt_ops::prometheus_client::metrics::histogram::Histogram;
use mrt_ops::prometheus_client::registry::Registry;
use mrt_report::Cell;
use tokio::sync::watch;

use super::desk::Counts;

/// Seconds that cells take: from one statement on SQLite to thousands of rows.
const CELLS: [f64; 11] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];
/// Seconds that servers take to start; longer ones have pulled an image.
const STARTS: [f64; 8] = [0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 120.0];

/// What is measured of a worker, and whether it is connected. Clones are the same.
#[derive(Debug, Clone)]
pub struct Metrics {
    cells: Family<Verdict, Counter>,
    cell_seconds: Histogram,
    failures: Counter,
    start_seconds: Histogram,
    leases: Gauge,
    outbox: Gauge,
    connected: Gauge,
    fenced: Counter,
    ready: Arc<watch::Sender<bool>>,
}

/// A label and its value.
type Verdict = [(&'static str, &'static str); 1];

impl Default for Metrics {
    fn default() -> Self {
        Self {
            cells: Family::default(),
            cell_seconds: Histogram::new(CELLS),
            failures: Counter::default(),
            start_seconds: Histogram::new(STARTS),
            leases: Gauge::default(),
            outbox: Gauge::default(),
            connected: Gauge::default(),
            fenced: Counter::default(),
            ready: Arc::new(watch::Sender::new(false)),
        }
    }
}

impl Metrics {
    /// Adds them all to what is served.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("mrt_worker");
        registry.register("cells", "Cells that have got a verdict here", self.cells.clone());
        registry.register("cell_seconds", "How long those took", self.cell_seconds.clone());
        let failures = "Cells and shards that could not be checked here, which says nothing about revisions";
        registry.register("infrastructure_failures", failures, self.failures.clone());
        registry.register(
            "server_start_seconds",
            "How long servers took to start",
            self.start_seconds.clone(),
        );
        registry.register("leases", "Shards that are held", self.leases.clone());
        registry.register("outbox", "Results that are not acknowledged yet", self.outbox.clone());
        registry.register("connected", "1 while the coordinator has answered", self.connected.clone());
        let fenced =
            "Shards that were let go of because the coordinator was not heard in the time of a lease";
        registry.register("fenced", fenced, self.fenced.clone());
    }

    /// Whether the worker is connected.
    pub fn ready(&self) -> watch::Receiver<bool> {
        self.ready.subscribe()
    }

    pub(super) fn connected(&self, connected: bool) {
        self.connected.set(connected.into());
        self.ready.send_replace(connected);
    }

    pub(super) fn cell(&self, cell: &Cell) {
        self.cells.get_or_create(&[("verdict", cell.verdict.as_str())]).inc();
        self.cell_seconds.observe(Duration::from_millis(cell.duration_ms).as_secs_f64());
    }

    pub(super) fn failure(&self) {
        self.failures.inc();
    }

    pub(super) fn started(&self, time: Duration) {
        self.start_seconds.observe(time.as_secs_f64());
    }

    pub(super) fn holds(&self, counts: Counts) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.leases.set(number(counts.held));
        self.outbox.set(number(counts.outbox));
        self.fenced.inc_by(counts.fenced.saturating_sub(self.fenced.get()));
    }
}
