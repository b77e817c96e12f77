//! A station that does what a test says.

use std::collections::BTreeSet;
use std::sync::Mutex as Lock;

use mrt_report::{Cell, Verdict};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::*;
use crate::agent::job::Checks;
use crate::run::{RunError, Unit, UnitEvent};

/// A unit that is being checked.
pub(super) struct Checking {
    pub(super) unit: Unit,
    pub(super) cancel: CancellationToken,
    events: mpsc::UnboundedSender<UnitEvent>,
    end: oneshot::Sender<Result<(), RunError>>,
}

pub(super) struct Bench {
    begun: mpsc::UnboundedSender<Checking>,
    next: Mutex<mpsc::UnboundedReceiver<Checking>>,
    pub(super) warm: Lock<Vec<String>>,
}

impl Default for Bench {
    fn default() -> Self {
        let (begun, next) = mpsc::unbounded_channel();
        Self { begun, next: Mutex::new(next), warm: Lock::default() }
    }
}

impl Bench {
    pub(super) async fn next(&self) -> Checking {
        soon("a unit", async { self.next.lock().await.recv().await }).await.unwrap()
    }

    pub(super) async fn is_idle(&self) -> bool {
        self.next.lock().await.is_empty()
    }
}

#[async_trait]
impl Checks for Bench {
    async fn check(
        &self,
        unit: &Unit,
        events: &mpsc::UnboundedSender<UnitEvent>,
        cancel: &CancellationToken,
    ) -> Result<(), RunError> {
        let (end, ended) = oneshot::channel();
        let (unit, events) = (unit.clone(), events.clone());
        let _ = self.begun.send(Checking { unit, cancel: cancel.clone(), events, end });
        tokio::select! {
            biased;
            () = cancel.cancelled() => Ok(()),
            ended = ended => ended.expect("the test has dropped a unit"),
        }
    }

    fn warm(&self) -> Vec<String> {
        self.warm.lock().unwrap().clone()
    }
}

impl Checking {
    pub(super) fn tell(&self, event: UnitEvent) {
        // One that was cancelled is heard no more.
        let _ = self.events.send(event);
    }

    pub(super) fn at(&self, positions: &[usize]) {
        self.tell(UnitEvent::At(positions.iter().copied().collect()));
    }

    pub(super) fn finish(&self, position: usize) {
        self.tell(UnitEvent::Finished { position, cell: Box::new(cell(position)) });
    }

    pub(super) fn fail(&self, position: usize, reason: &str) {
        self.tell(UnitEvent::Failed { position, reason: reason.to_owned() });
    }

    pub(super) fn end(self, result: Result<(), RunError>) {
        let _ = self.end.send(result);
    }

    pub(super) fn cells(&self) -> BTreeSet<usize> {
        self.unit.cells.borrow().clone()
    }
}

pub(super) fn cell(position: usize) -> Cell {
    let revision = ["a", "b", "c", "d"][position];
    let cell = Cell::untried("shop", "sqlite", revision, "", Verdict::Pass, "none".to_owned());
    Cell { duration_ms: 1_500, ..cell }
}
