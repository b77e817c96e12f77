//! What a shard does next. Pure: jobs out, results in, so that it can be tried on any graph.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use mrt_chain::graph::Chain;

use crate::check::outcome::Outcome;
use crate::check::pristine::{self, Advance, Copied, Pristine, Snapshot, Source};
use crate::database::DatabaseName;

/// How many cells may wait per slot before the lineage pauses: bounds the databases that exist at a time.
const BACKLOG: usize = 4;

/// How often a job is tried when something of ours fails (invariant I4).
pub(crate) const ATTEMPTS: u32 = 3;

/// What follows on a job that failed for a reason of ours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// It will be handed out again.
    Again,
    /// It was tried often enough.
    GiveUp { attempts: u32 },
}

/// Something to do in a slot.
pub(crate) enum Job {
    /// Advance the lineage by a revision.
    Advance(usize, Advance),
    /// Check a revision.
    Cell(usize, Arc<Pristine>),
}

impl Job {
    pub(crate) fn revision(&self) -> usize {
        match self {
            Self::Advance(revision, _) | Self::Cell(revision, _) => *revision,
        }
    }

    /// The revisions of which it runs something.
    pub(crate) fn runs(&self, chain: &Chain) -> BTreeSet<usize> {
        let missing = match self {
            Self::Advance(_, plan) => plan.missing.as_slice(),
            Self::Cell(..) => &[],
        };
        missing.iter().filter_map(|id| chain.position(id)).chain([self.revision()]).collect()
    }
}

/// Which revisions are done, waiting and possible. Pure: jobs out, results in.
pub(crate) struct State<'a> {
    chain: &'a Chain,
    /// The revisions to judge.
    cells: BTreeSet<usize>,
    /// Revisions that the base holds; all cells need them.
    floor: BTreeSet<usize>,
    slots: usize,
    /// Revisions that the lineage still has to take, in topological order.
    order: BTreeSet<usize>,
    /// The revisions that the lineage is taking, each but the first from the copy that the one before has made.
    advancing: Vec<Advancing>,
    /// Databases at rest.
    snapshots: BTreeMap<Point, Held>,
    /// Cells that can be checked.
    waiting: VecDeque<(usize, Arc<Pristine>)>,
    /// Cells that are being checked, with the database from which they are cloned.
    checking: BTreeMap<usize, DatabaseName>,
    /// Revisions that cannot be applied, and those that need them: with the one to blame.
    blocked: BTreeMap<usize, usize>,
    /// Revisions at which infrastructure failed for good.
    lost: BTreeMap<usize, String>,
    attempts: BTreeMap<usize, u32>,
    /// Cells that need no job any more.
    settled: Vec<(usize, Outcome)>,
    finished: BTreeSet<usize>,
}

/// A revision that the lineage is taking.
struct Advancing {
    revision: usize,
    /// The database with which that began.
    source: DatabaseName,
    /// A copy of what came of it, while that is being read.
    copied: Option<Copied>,
}

/// A point of the lineage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Point {
    /// Before the first revision, or after those of the floor.
    Base,
    /// After a revision.
    After(usize),
    /// After all parents of a revision together; needed by that revision's cell alone.
    ParentsOf(usize),
}

struct Held {
    snapshot: Snapshot,
    /// Exactly these revisions are applied.
    holds: BTreeSet<usize>,
}

impl<'a> State<'a> {
    pub(crate) fn new(
        chain: &'a Chain,
        cells: BTreeSet<usize>,
        floor: BTreeSet<usize>,
        unusable: &BTreeSet<usize>,
        slots: usize,
        base: Snapshot,
    ) -> Self {
        let held = Held { snapshot: base, holds: floor.clone() };
        let mut state = Self {
            chain,
            cells,
            floor,
            slots,
            order: BTreeSet::new(),
            advancing: Vec::new(),
            snapshots: BTreeMap::from([(Point::Base, held)]),
            waiting: VecDeque::new(),
            checking: BTreeMap::new(),
            blocked: BTreeMap::new(),
            lost: BTreeMap::new(),
            attempts: BTreeMap::new(),
            settled: Vec::new(),
            finished: BTreeSet::new(),
        };
        let mut needed: BTreeSet<usize> = state.cells.clone();
        for &cell in &state.cells {
            needed.extend(state.ancestors(cell));
        }
        // The floor itself is done. What does not need all of it cannot be reached from the base; where it is needed it is "missing".
        needed.retain(|&revision| state.floor.is_subset(&state.ancestors(revision)));
        state.order = needed;
        for &revision in unusable {
            state.blocked.insert(revision, revision);
        }
        state
    }

    fn id(&self, revision: usize) -> &'a str {
        &self.chain.revisions()[revision].id
    }

    fn parents(&self, revision: usize) -> impl Iterator<Item = usize> + '_ {
        self.chain.parents(self.id(revision)).filter_map(|parent| self.chain.position(&parent.id))
    }

    fn ancestors(&self, revision: usize) -> BTreeSet<usize> {
        self.chain.ancestors(self.id(revision)).into_iter().collect()
    }

    /// The next job, if one can be begun now: the cell of the revision `warm` for which the slot is prepared, else the
    /// lineage, as long as not too many cells wait.
    pub(crate) fn next(&mut self, warm: Option<&str>) -> Option<Job> {
        let prepared = self.waiting.iter().position(|(revision, _)| Some(self.id(*revision)) == warm);
        if let Some((revision, pristine)) = prepared.and_then(|at| self.waiting.remove(at)) {
            return Some(self.begin_cell(revision, pristine));
        }
        if self.waiting.len() < BACKLOG * self.slots
            && let Some(job) = self.advance()
        {
            return Some(job);
        }
        let (revision, pristine) = self.waiting.pop_front()?;
        Some(self.begin_cell(revision, pristine))
    }

    fn begin_cell(&mut self, revision: usize, pristine: Arc<Pristine>) -> Job {
        self.checking.insert(revision, pristine.before.database.clone());
        Job::Cell(revision, pristine)
    }

    fn advance(&mut self) -> Option<Job> {
        let ahead = match self.advancing.last() {
            None => None,
            Some(Advancing { revision, copied: Some(copied), .. }) if !copied.is_lost() => {
                Some((*revision, copied.clone()))
            }
            Some(_) => return None,
        };
        while let Some(revision) = self.order.pop_first() {
            if self.blocked.contains_key(&revision) || self.lost.contains_key(&revision) {
                continue;
            }
            let to_blame = self.parents(revision).find_map(|parent| self.blocked.get(&parent).copied());
            if let Some(by) = to_blame {
                self.blocked.insert(revision, by);
                self.settle(revision, Outcome::Blocked { by });
                continue;
            }
            let lost = self.parents(revision).find_map(|parent| self.lost.get(&parent).cloned());
            if let Some(reason) = lost {
                self.lost.insert(revision, reason.clone());
                self.settle(revision, Outcome::Failed { reason });
                continue;
            }
            let ancestors = self.ancestors(revision);
            let (source, missing) = match &ahead {
                Some((last, copied)) => {
                    let mut holds = self.ancestors(*last);
                    holds.insert(*last);
                    if holds != ancestors {
                        // Another branch: what is nearest to it shows when the one before has ended.
                        self.order.insert(revision);
                        return None;
                    }
                    (Source::Copied(copied.clone()), Vec::new())
                }
                None => {
                    let candidates = self.snapshots.values().map(|held| (held, &held.holds));
                    let (held, missing) = pristine::nearest(&ancestors, candidates)?;
                    (Source::Read(held.snapshot.clone()), missing)
                }
            };
            let plan = Advance {
                revision: self.id(revision).to_owned(),
                source,
                missing: missing.iter().map(|&index| self.id(index).to_owned()).collect(),
                // What the floor writes outside of its database is there already.
                ancestors: self
                    .floor
                    .is_empty()
                    .then(|| ancestors.iter().map(|&index| self.id(index).to_owned()).collect()),
                parents_name: DatabaseName::new("parents", revision),
                name: DatabaseName::new("after", revision),
                is_cell: self.cells.contains(&revision),
            };
            let source = plan.source.database().clone();
            self.advancing.push(Advancing { revision, source, copied: None });
            return Some(Job::Advance(revision, plan));
        }
        None
    }

    fn settle(&mut self, revision: usize, outcome: Outcome) {
        if self.cells.contains(&revision) && self.finished.insert(revision) {
            self.settled.push((revision, outcome));
        }
    }

    /// Leaves out the cells that are not among these and were not begun, and what the lineage would take for them alone.
    pub(crate) fn leave_out_all_but(&mut self, wanted: &BTreeSet<usize>) {
        self.waiting.retain(|(revision, _)| wanted.contains(revision));
        self.cells.retain(|revision| wanted.contains(revision));
        self.take_only_what_is_needed();
    }

    fn take_only_what_is_needed(&mut self) {
        let advancing = self.advancing.iter().map(|advancing| advancing.revision);
        let mut needed: BTreeSet<usize> = advancing.clone().collect();
        let all: BTreeSet<usize> = self.order.iter().copied().chain(advancing).collect();
        // Parents stand before children.
        for &revision in all.iter().rev() {
            if needed.contains(&revision) || self.cells.contains(&revision) {
                needed.insert(revision);
                needed.extend(self.parents(revision));
            }
        }
        self.order.retain(|revision| needed.contains(revision));
    }

    /// The lineage has a copy of what comes after a revision, and is still reading it.
    pub(crate) fn copied(&mut self, revision: usize, copied: Copied) {
        if let Some(advancing) = self.advancing.iter_mut().find(|it| it.revision == revision) {
            advancing.copied = Some(copied);
        }
    }

    /// An advance began with a copy that came to nothing: it is to begin again.
    pub(crate) fn discarded(&mut self, revision: usize) {
        self.advance_again(revision);
    }

    fn advance_again(&mut self, revision: usize) {
        self.stop_advancing(revision);
        self.order.insert(revision);
        // Those that needed it may have been left out meanwhile.
        self.take_only_what_is_needed();
    }

    fn stop_advancing(&mut self, revision: usize) {
        self.advancing.retain(|advancing| advancing.revision != revision);
    }

    pub(crate) fn advanced(&mut self, revision: usize, pristine: Arc<Pristine>) {
        self.stop_advancing(revision);
        let mut holds = self.ancestors(revision);
        if !self.snapshots.values().any(|held| held.snapshot.database == pristine.before.database) {
            let held = Held { snapshot: pristine.before.clone(), holds: holds.clone() };
            self.snapshots.insert(Point::ParentsOf(revision), held);
        }
        holds.insert(revision);
        let held = Held { snapshot: pristine.after.clone(), holds };
        self.snapshots.insert(Point::After(revision), held);
        if self.cells.contains(&revision) && !self.finished.contains(&revision) {
            self.waiting.push_back((revision, pristine));
        }
    }

    /// The revision cannot be applied to what its ancestors leave, but in one run with them, which led to `after`.
    /// Tells whether it is a cell of its own.
    pub(crate) fn applied_with_ancestors(&mut self, revision: usize, after: Snapshot) -> bool {
        self.stop_advancing(revision);
        let mut holds = self.ancestors(revision);
        holds.insert(revision);
        self.snapshots.insert(Point::After(revision), Held { snapshot: after, holds });
        self.cells.contains(&revision) && self.finished.insert(revision)
    }

    /// The revision cannot be applied, or `by` before it cannot, so what follows is blocked. Tells whether it is a
    /// cell of its own.
    pub(crate) fn broken(&mut self, revision: usize, by: usize) -> bool {
        self.stop_advancing(revision);
        self.blocked.insert(by, by);
        self.blocked.insert(revision, by);
        self.cells.contains(&revision) && self.finished.insert(revision)
    }

    /// A job failed for a reason of ours: it is tried again, or given up with all that needs it.
    pub(crate) fn failed(&mut self, job: Job, reason: &str) -> Retry {
        let revision = job.revision();
        let attempts = self.attempts.entry(revision).or_insert(1);
        let tried = *attempts;
        *attempts += 1;
        match job {
            Job::Advance(..) if tried < ATTEMPTS => {
                self.advance_again(revision);
                Retry::Again
            }
            Job::Cell(_, pristine) if tried < ATTEMPTS => {
                self.checking.remove(&revision);
                self.waiting.push_front((revision, pristine));
                Retry::Again
            }
            Job::Advance(..) => {
                self.stop_advancing(revision);
                self.lost.insert(revision, reason.to_owned());
                if self.cells.contains(&revision) {
                    self.finished.insert(revision);
                }
                Retry::GiveUp { attempts: tried }
            }
            Job::Cell(..) => {
                self.cell_done(revision);
                Retry::GiveUp { attempts: tried }
            }
        }
    }

    pub(crate) fn cell_done(&mut self, revision: usize) {
        self.checking.remove(&revision);
        self.finished.insert(revision);
    }

    /// Which attempt at a revision this is, from 1.
    pub(crate) fn attempts(&self, revision: usize) -> u32 {
        self.attempts.get(&revision).copied().unwrap_or(1)
    }

    /// Cells that came to their end without a job.
    pub(crate) fn take_settled(&mut self) -> Vec<(usize, Outcome)> {
        std::mem::take(&mut self.settled)
    }

    /// Snapshots that nothing needs any more.
    pub(crate) fn garbage(&mut self) -> Vec<DatabaseName> {
        let ahead: BTreeSet<usize> = self.order.iter().flat_map(|&revision| self.parents(revision)).collect();
        let in_use: BTreeSet<&DatabaseName> = self
            .waiting
            .iter()
            .map(|(_, pristine)| &pristine.before.database)
            .chain(self.checking.values())
            .chain(self.advancing.iter().map(|advancing| &advancing.source))
            .collect();
        let unneeded: Vec<Point> = self
            .snapshots
            .iter()
            .filter(|(point, held)| {
                let is_ahead = match point {
                    Point::Base => true,
                    Point::After(revision) => ahead.contains(revision),
                    Point::ParentsOf(_) => false,
                };
                !is_ahead && !in_use.contains(&held.snapshot.database)
            })
            .map(|(point, _)| *point)
            .collect();
        unneeded
            .into_iter()
            .filter_map(|point| self.snapshots.remove(&point))
            .map(|held| held.snapshot.database)
            .collect()
    }
}

#[cfg(test)]
mod tests;
