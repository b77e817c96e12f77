//! What is known of a unit's cells, and how it is told.

use std::collections::BTreeSet;
use std::time::Duration;

use mrt_report::Cell;
use tokio::sync::mpsc;

use super::{Unit, UnitEvent};
use crate::check::outcome::Outcome;
use crate::check::shard::Progress;

/// The cells that have come to their end.
pub(super) struct Told<'a> {
    unit: &'a Unit,
    events: &'a mpsc::UnboundedSender<UnitEvent>,
    /// The cells that the unit had when it was begun.
    judged: BTreeSet<usize>,
    /// Of those, the ones that have come to their end.
    pub(super) ended: BTreeSet<usize>,
    /// A database was kept for a look since this was last asked.
    pub(super) kept: bool,
    /// Cells are withheld whose databases may have to go, on a server that cannot be replaced.
    withheld: Option<Vec<(usize, Box<Cell>)>>,
}

impl<'a> Told<'a> {
    pub(super) fn new(
        unit: &'a Unit,
        events: &'a mpsc::UnboundedSender<UnitEvent>,
        replaceable: bool,
    ) -> Self {
        let judged = unit.cells.borrow().clone();
        let withheld = (!replaceable).then(Vec::new);
        Self { unit, events, judged, ended: BTreeSet::new(), kept: false, withheld }
    }

    /// Takes what a shard tells.
    pub(super) fn take(&mut self, progress: Progress) {
        match progress {
            Progress::Stands { revision } => self.tell(UnitEvent::Stands(revision)),
            Progress::Finished { revision, outcome, attempts, time } => {
                self.ended(revision, outcome, attempts, time);
            }
        }
    }

    /// A revision has come to its end. Nobody asked for some: those are tried because others need them.
    pub(super) fn ended(&mut self, revision: usize, outcome: Outcome, attempts: u32, time: Duration) {
        if !self.judged.contains(&revision) || !self.ended.insert(revision) {
            return;
        }
        let event = self.unit.ended(revision, outcome, attempts, time);
        match (event, &mut self.withheld) {
            (UnitEvent::Finished { position, cell }, Some(withheld)) if cell.kept.is_some() => {
                self.kept = true;
                withheld.push((position, cell));
            }
            (event, _) => {
                self.kept |= matches!(&event, UnitEvent::Finished { cell, .. } if cell.kept.is_some());
                self.tell(event);
            }
        }
    }

    /// The databases that were kept are gone.
    pub(super) fn nothing_is_kept(&mut self) {
        self.withheld.iter_mut().flatten().for_each(|(_, cell)| cell.kept = None);
    }

    /// Tells what was withheld.
    pub(super) fn release(&mut self) {
        for (position, cell) in self.withheld.iter_mut().flat_map(std::mem::take).collect::<Vec<_>>() {
            self.tell(UnitEvent::Finished { position, cell });
        }
    }

    fn tell(&self, event: UnitEvent) {
        // Nobody listening is no reason to stop checking.
        let _ = self.events.send(event);
    }
}
