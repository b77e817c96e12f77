//! What happens in a run, as it is told by number to whoever watches.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mrt_proto::v1;
use mrt_proto::v1::run_event::Event;
use mrt_proto::v1::submissions_client::SubmissionsClient;
use serde_json::Value;
use tokio::task::JoinHandle;

use super::report::CellName;
use super::wait::within;
use crate::process::Problem;

/// How long to wait before a coordinator is asked again.
const PAUSE: Duration = Duration::from_millis(100);
/// The largest event.
const MESSAGE: usize = 64 << 20;

/// Something that has happened.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// When we heard of it.
    pub(super) at: Instant,
    number: u64,
    event: Event,
}

/// A run that is watched.
#[derive(Debug)]
pub(super) struct Events {
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Drop for Events {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Events {
    /// Begins to watch, through whatever happens to the coordinator.
    pub(super) fn watch(address: String, run: String) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            loop {
                // It has ended, or the coordinator is away: then the rest comes later.
                if let Ok(true) = follow(&address, &run, &list).await {
                    return;
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { seen, task }
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for something to be told.
    pub(super) async fn wait<T>(
        &self,
        limit: Duration,
        what: &str,
        look: impl Fn(&Seen) -> Option<T>,
    ) -> Result<T, Problem> {
        within(limit, what, async || Ok(self.seen().iter().find_map(&look))).await
    }

    /// Whether something has happened.
    pub(super) fn any(&self, is_it: impl Fn(&Seen) -> bool) -> bool {
        self.seen().iter().any(is_it)
    }

    /// Waits for the run's end.
    pub(super) async fn ended(&self, limit: Duration) -> Result<(), Problem> {
        let end = |seen: &Seen| matches!(seen.event, Event::Ended(_)).then_some(());
        self.wait(limit, "the run's end", end).await
    }

    /// How often each cell has got a result.
    pub(super) fn finished(&self) -> BTreeMap<CellName, usize> {
        let mut counts = BTreeMap::new();
        for seen in self.seen() {
            if let Some(cell) = seen.finished() {
                *counts.entry(cell).or_default() += 1;
            }
        }
        counts
    }

    /// When the first cell after a moment has got its result; `None` for one stands for any.
    pub(super) fn next_result(&self, after: Instant, of: Option<&CellName>) -> Option<Instant> {
        let is_it = |seen: &&Seen| {
            let is_later = seen.at > after;
            is_later && seen.finished().is_some_and(|cell| of.is_none_or(|of| *of == cell))
        };
        self.seen().iter().find(is_it).map(|seen| seen.at)
    }

    /// What is wrong with the numbers: they rise by one.
    pub(super) fn gaps(&self) -> Vec<String> {
        let told = |seen: &[Seen]| {
            let (before, after) = (seen[0].number, seen[1].number);
            (after != before + 1).then(|| format!("event {after} comes after event {before}"))
        };
        self.seen().windows(2).filter_map(told).collect()
    }
}

impl Seen {
    /// The cell that has got its result.
    pub(super) fn finished(&self) -> Option<CellName> {
        let Event::Finished(cell) = &self.event else { return None };
        CellName::of(&serde_json::from_slice::<Value>(cell).ok()?)
    }

    /// The revision that somebody has begun with, and who.
    pub(super) fn started(&self) -> Option<(u32, &str, &str)> {
        let Event::Started(started) = &self.event else { return None };
        Some((started.column, &started.revision, &started.host))
    }

    /// What the run waits for.
    pub(super) fn waiting(&self) -> Option<&str> {
        let Event::Waiting(waiting) = &self.event else { return None };
        Some(&waiting.reason)
    }
}

/// One stream of events; whether the run has ended.
async fn follow(address: &str, run: &str, list: &Mutex<Vec<Seen>>) -> Result<bool, tonic::Status> {
    let client = SubmissionsClient::connect(address.to_owned()).await;
    let mut client = client
        .map_err(|error| tonic::Status::unavailable(error.to_string()))?
        .max_decoding_message_size(MESSAGE);
    let known = || list.lock().unwrap_or_else(PoisonError::into_inner);
    let from = known().last().map_or(0, |last| last.number + 1);
    let mut stream = client.watch(v1::WatchRequest { run: run.to_owned(), from }).await?.into_inner();
    while let Some(v1::RunEvent { number, event }) = stream.message().await? {
        let Some(event) = event else { continue };
        let is_end = matches!(event, Event::Ended(_));
        known().push(Seen { at: Instant::now(), number, event });
        if is_end {
            return Ok(true);
        }
    }
    Ok(false)
}
