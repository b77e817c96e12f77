//! One column of a run, as leases see it: a pure state machine.
//!
//! A column is a suite's chain on one target. Its open cells are dealt to shards; a shard waits or has a holder. Each
//! holder comes under an epoch of its own, and only what comes under the present epoch counts. Whoever stores a
//! column locks it, calls one of these methods, and writes down what has changed before it answers.

use std::collections::BTreeSet;

/// Milliseconds on the clock of whoever stores the columns. No worker's clock is ever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Time(pub u64);

/// A worker process, for as long as it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkerId(pub u64);

/// A shard, within its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShardId(pub u32);

/// How often a farm may fail at a cell before the cell ends as `error`.
pub const ATTEMPTS: u32 = 3;

/// What a holder shows when it speaks of its shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lease {
    /// The shard.
    pub shard: ShardId,
    /// The epoch under which it was leased.
    pub epoch: u64,
    /// Who holds it.
    pub worker: WorkerId,
}

/// Some open cells of a column: a contiguous slice at first, less what was taken out of it since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Its name.
    pub id: ShardId,
    /// Positions of its open cells in the chain's order.
    pub cells: BTreeSet<usize>,
    /// Rises with each holder.
    pub epoch: u64,
    /// Who checks it; nobody while it waits.
    pub holder: Option<Holder>,
    /// Holders that were lost, one after the other, with no result and with no cell to suspect.
    pub lost: u32,
    /// The worker that failed at it last: another one is better.
    pub avoid: Option<WorkerId>,
    /// Cells that may be what took a holder down. It waits until they have their results.
    pub behind: BTreeSet<usize>,
    /// Expected work of its cells, in milliseconds.
    pub work: u64,
}

/// Who checks a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The worker.
    pub worker: WorkerId,
    /// When the lease runs out unless it is renewed.
    pub until: Time,
    /// Revisions at which it is, as far as it has said: those that it checks, and those that it applies to get on.
    pub at: BTreeSet<usize>,
}

/// A revision of the column's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Expected work in milliseconds.
    pub work: u64,
    /// Positions of the revisions that it needs itself; all smaller than its own.
    pub parents: Vec<usize>,
    /// How far it is.
    pub state: State,
}

/// How far a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody asked for it; others may need it.
    Unasked,
    /// It has no result.
    Open {
        /// How often the farm has failed at it.
        attempts: u32,
    },
    /// It has its result.
    Done {
        /// The shard and the epoch under which it came; nothing where the coordinator itself ended it.
        by: Option<(ShardId, u64)>,
    },
}

/// A cell that ends as `error`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// Its position.
    pub cell: usize,
    /// Why.
    pub reason: String,
}

/// What becomes of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It counts.
    Accepted,
    /// It came before, and counted: the worker may forget it.
    Known,
    /// The cell is not this lease's, or not any more.
    Refused,
}

/// A chain on one target, in one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    cells: Vec<Cell>,
    shards: Vec<Shard>,
    next_shard: u32,
    attempts: u32,
}

impl Column {
    /// A column in which nothing has been done: all open cells in one waiting shard. Parents stand before children. The farm
    /// may fail at a cell so many times before it ends as `error`.
    pub fn new(cells: Vec<Cell>, attempts: u32) -> Self {
        let open = |cell: &&Cell| matches!(cell.state, State::Open { .. });
        let positions = cells.iter().enumerate().filter(|(_, cell)| open(cell)).map(|(position, _)| position);
        let all = positions.collect();
        let mut column = Self { cells, shards: Vec::new(), next_shard: 0, attempts };
        column.deal(all, None);
        column
    }

    /// A column as it was written down. What a shard is worth follows from its cells.
    pub fn restore(cells: Vec<Cell>, mut shards: Vec<Shard>, next_shard: u32, attempts: u32) -> Self {
        for shard in &mut shards {
            shard.work = shard.cells.iter().filter_map(|&cell| cells.get(cell)).map(|cell| cell.work).sum();
        }
        Self { cells, shards, next_shard, attempts }
    }

    /// The name of the next shard to be dealt.
    pub fn next_shard(&self) -> u32 {
        self.next_shard
    }

    /// Its cells, in the chain's order.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The shards that have open cells.
    pub fn shards(&self) -> &[Shard] {
        &self.shards
    }

    /// Every cell that was asked for has its result: all open ones are in some shard.
    pub fn is_finished(&self) -> bool {
        self.shards.is_empty()
    }

    /// Whether a shard can be leased now.
    pub fn waits(&self, shard: &Shard) -> bool {
        shard.holder.is_none() && shard.behind.iter().all(|&cell| !self.is_open(cell))
    }

    /// Gives a waiting shard to a worker.
    pub fn lease(&mut self, shard: ShardId, worker: WorkerId, until: Time) -> Option<Lease> {
        let index = self.shards.iter().position(|it| it.id == shard && self.waits(it))?;
        let shard = &mut self.shards[index];
        shard.epoch += 1;
        shard.behind.clear();
        shard.holder = Some(Holder { worker, until, at: BTreeSet::new() });
        Some(Lease { shard: shard.id, epoch: shard.epoch, worker })
    }

    /// Gives the cells of a shard from `first` on, as far as its holder is not at them, to another worker.
    pub fn steal(&mut self, shard: ShardId, first: usize, worker: WorkerId, until: Time) -> Option<Lease> {
        let index = self.shards.iter().position(|it| it.id == shard)?;
        let at = &self.shards[index].holder.as_ref()?.at;
        let tail: BTreeSet<usize> = self.shards[index].cells.range(first..).copied().collect();
        let tail: BTreeSet<usize> = tail.difference(at).copied().collect();
        self.take_out(index, &tail);
        let id = self.deal(tail, None)?;
        self.sweep();
        self.lease(id, worker, until)
    }

    /// The holder lives, and is at these revisions. The answer is which cells are its own: a tail may have gone to another
    /// worker. Without one it holds the shard no more, and is to stop.
    pub fn renew(&mut self, lease: &Lease, at: &BTreeSet<usize>, until: Time) -> Option<&BTreeSet<usize>> {
        let index = self.held(lease)?;
        let shard = &mut self.shards[index];
        if let Some(holder) = &mut shard.holder {
            holder.until = until;
            holder.at.clone_from(at);
        }
        Some(&shard.cells)
    }

    /// A verdict. It counts once, and only under the present epoch.
    pub fn accept(&mut self, lease: &Lease, cell: usize) -> Answer {
        let index = match self.owned(lease, cell) {
            Ok(index) => index,
            Err(answer) => return answer,
        };
        self.take_out(index, &BTreeSet::from([cell]));
        self.shards[index].lost = 0;
        self.cells[cell].state = State::Done { by: Some((lease.shard, lease.epoch)) };
        self.sweep();
        Answer::Accepted
    }

    /// The holder could not check a cell, for no fault of the revision's. It is tried again alone, elsewhere where that
    /// is possible.
    pub fn fail(&mut self, lease: &Lease, cell: usize, reason: &str) -> (Answer, Vec<GivenUp>) {
        let index = match self.owned(lease, cell) {
            Ok(index) => index,
            Err(answer) => return (answer, Vec::new()),
        };
        self.take_out(index, &BTreeSet::from([cell]));
        let mut given_up = Vec::new();
        if self.charge(cell, reason, &mut given_up) {
            self.deal(BTreeSet::from([cell]), Some(lease.worker));
        }
        self.sweep();
        (Answer::Accepted, given_up)
    }

    /// The holder gives the shard back of its own accord. That costs nobody an attempt.
    pub fn hand_back(&mut self, lease: &Lease) {
        if let Some(index) = self.held(lease) {
            self.shards[index].holder = None;
        }
    }

    /// The holder cannot check the shard at all. Another one is to try it, as often as a lost one is replaced.
    pub fn refuse(&mut self, lease: &Lease, reason: &str) -> (Answer, Vec<GivenUp>) {
        let Some(index) = self.held(lease) else { return (Answer::Refused, Vec::new()) };
        if let Some(holder) = &mut self.shards[index].holder {
            holder.at.clear();
        }
        (Answer::Accepted, self.lose(lease.shard, reason))
    }

    /// The holder is lost: its lease has run out, or its end is known. What it was at is suspected of having taken it down, and
    /// is tried alone; the rest waits for that.
    pub fn lose(&mut self, shard: ShardId, reason: &str) -> Vec<GivenUp> {
        let mut given_up = Vec::new();
        let Some(index) = self.shards.iter().position(|it| it.id == shard) else { return given_up };
        let Some(holder) = self.shards[index].holder.take() else { return given_up };
        let suspects: BTreeSet<usize> = holder.at.intersection(&self.shards[index].cells).copied().collect();
        self.shards[index].avoid = Some(holder.worker);
        if suspects.is_empty() {
            self.shards[index].lost += 1;
            if self.shards[index].lost >= self.attempts {
                let cells = std::mem::take(&mut self.shards[index].cells);
                for cell in cells {
                    self.give_up(cell, reason.to_owned(), &mut given_up);
                }
            }
        } else {
            self.take_out(index, &suspects);
            self.shards[index].lost = 0;
            self.shards[index].behind.clone_from(&suspects);
            for suspect in suspects {
                if self.charge(suspect, reason, &mut given_up) {
                    self.deal(BTreeSet::from([suspect]), Some(holder.worker));
                }
            }
        }
        self.sweep();
        given_up
    }

    /// Lets every lease last at least until then: what was not heard was nobody's fault.
    pub fn grant(&mut self, until: Time) {
        for holder in self.shards.iter_mut().filter_map(|shard| shard.holder.as_mut()) {
            holder.until = holder.until.max(until);
        }
    }

    /// The shards whose leases have run out.
    pub fn expired(&self, now: Time) -> Vec<ShardId> {
        let is_expired = |shard: &&Shard| shard.holder.as_ref().is_some_and(|holder| holder.until <= now);
        self.shards.iter().filter(is_expired).map(|shard| shard.id).collect()
    }

    /// Ends every open cell as `error`.
    pub fn cancel(&mut self, reason: &str) -> Vec<GivenUp> {
        let mut given_up = Vec::new();
        for shard in std::mem::take(&mut self.shards) {
            for cell in shard.cells {
                self.give_up(cell, reason.to_owned(), &mut given_up);
            }
        }
        given_up
    }

    /// How often the farm has failed at an open cell.
    pub fn attempts(&self, cell: usize) -> u32 {
        match self.cells.get(cell).map(|cell| cell.state) {
            Some(State::Open { attempts }) => attempts,
            _ => 0,
        }
    }

    /// Whether this is the present lease of its shard.
    pub fn is_held(&self, lease: &Lease) -> bool {
        self.held(lease).is_some()
    }

    fn is_open(&self, cell: usize) -> bool {
        self.cells.get(cell).is_some_and(|cell| matches!(cell.state, State::Open { .. }))
    }

    /// The shard that is held under this lease.
    fn held(&self, lease: &Lease) -> Option<usize> {
        self.shards.iter().position(|shard| {
            shard.id == lease.shard
                && shard.epoch == lease.epoch
                && shard.holder.as_ref().is_some_and(|holder| holder.worker == lease.worker)
        })
    }

    /// The shard that is held under this lease and has this open cell.
    fn owned(&self, lease: &Lease, cell: usize) -> Result<usize, Answer> {
        let state = self.cells.get(cell).map(|cell| cell.state);
        if state == Some(State::Done { by: Some((lease.shard, lease.epoch)) }) {
            return Err(Answer::Known);
        }
        self.held(lease).filter(|&index| self.shards[index].cells.contains(&cell)).ok_or(Answer::Refused)
    }

    /// Counts an attempt; `false` when it was the last.
    fn charge(&mut self, cell: usize, reason: &str, given_up: &mut Vec<GivenUp>) -> bool {
        if let State::Open { attempts } = &mut self.cells[cell].state {
            *attempts += 1;
            if *attempts < self.attempts {
                return true;
            }
            self.give_up(cell, reason.to_owned(), given_up);
            self.give_up_children(cell, reason, given_up);
        }
        false
    }

    /// Ends what needs a cell that could not be tried: it could not be tried either, and may take workers down again.
    fn give_up_children(&mut self, cell: usize, reason: &str, given_up: &mut Vec<GivenUp>) {
        let mut needs_it = BTreeSet::from([cell]);
        for child in cell + 1..self.cells.len() {
            if self.cells[child].parents.iter().any(|parent| needs_it.contains(parent)) {
                needs_it.insert(child);
            }
        }
        needs_it.remove(&cell);
        for index in 0..self.shards.len() {
            self.take_out(index, &needs_it);
        }
        for child in needs_it {
            let reason = format!("it needs a revision that could not be tried: {reason}");
            self.give_up(child, reason, given_up);
        }
    }

    fn give_up(&mut self, cell: usize, reason: String, given_up: &mut Vec<GivenUp>) {
        if self.is_open(cell) {
            self.cells[cell].state = State::Done { by: None };
            given_up.push(GivenUp { cell, reason });
        }
    }

    fn take_out(&mut self, shard: usize, cells: &BTreeSet<usize>) {
        let shard = &mut self.shards[shard];
        for cell in cells {
            if shard.cells.remove(cell) {
                shard.work -= self.cells[*cell].work;
            }
        }
    }

    fn deal(&mut self, cells: BTreeSet<usize>, avoid: Option<WorkerId>) -> Option<ShardId> {
        if cells.is_empty() {
            return None;
        }
        let id = ShardId(self.next_shard);
        self.next_shard += 1;
        let work = cells.iter().map(|&cell| self.cells[cell].work).sum();
        let behind = BTreeSet::new();
        self.shards.push(Shard { id, cells, epoch: 0, holder: None, lost: 0, avoid, behind, work });
        Some(id)
    }

    /// Forgets shards in which nothing is left to do.
    fn sweep(&mut self) {
        self.shards.retain(|shard| !shard.cells.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Time = Time(u64::MAX);

    /// Cells of a chain without branches.
    fn chain(length: usize) -> Column {
        let cell = |position: usize| Cell {
            work: 1,
            parents: position.checked_sub(1).into_iter().collect(),
            state: State::Open { attempts: 0 },
        };
        Column::new((0..length).map(cell).collect(), ATTEMPTS)
    }

    fn next(column: &mut Column, worker: u64) -> Lease {
        let shard = column.shards().iter().find(|shard| column.waits(shard)).unwrap().id;
        column.lease(shard, WorkerId(worker), NEVER).unwrap()
    }

    #[test]
    fn a_result_that_is_sent_again_is_known_also_when_the_shard_is_done() {
        let mut column = chain(1);
        let lease = next(&mut column, 1);
        assert_eq!(column.accept(&lease, 0), Answer::Accepted);
        assert!(column.is_finished());
        assert_eq!(column.accept(&lease, 0), Answer::Known);
        assert_eq!(column.accept(&Lease { epoch: 0, ..lease }, 0), Answer::Refused);
        assert_eq!(column.accept(&lease, 7), Answer::Refused);
    }

    #[test]
    fn an_earlier_lease_of_the_same_worker_counts_no_more() {
        let mut column = chain(2);
        let old = next(&mut column, 1);
        column.hand_back(&old);
        let new = next(&mut column, 1);
        assert_eq!((old.shard, old.worker), (new.shard, new.worker));
        assert_eq!(column.accept(&old, 0), Answer::Refused);
        assert_eq!(column.renew(&old, &BTreeSet::new(), NEVER), None);
        assert_eq!(column.accept(&new, 0), Answer::Accepted);
    }

    #[test]
    fn a_tail_goes_without_what_its_holder_is_at() {
        let mut column = chain(4);
        let holder = next(&mut column, 1);
        column.renew(&holder, &BTreeSet::from([0, 3]), NEVER);
        let thief = column.steal(holder.shard, 2, WorkerId(2), NEVER).unwrap();
        assert_eq!(column.renew(&thief, &BTreeSet::new(), NEVER), Some(&BTreeSet::from([2])));
        assert_eq!(column.renew(&holder, &BTreeSet::new(), NEVER), Some(&BTreeSet::from([0, 1, 3])));
        assert_eq!(column.accept(&holder, 2), Answer::Refused);
        assert_eq!(column.steal(holder.shard, 4, WorkerId(2), NEVER), None);
    }

    #[test]
    fn what_needs_a_revision_that_kills_is_not_tried() {
        let mut column = chain(4);
        let mut given_up = Vec::new();
        for worker in 0..3 {
            // What comes behind the suspect waits, so that it is what there is to lease.
            let lease = next(&mut column, worker);
            column.accept(&lease, 0);
            column.renew(&lease, &BTreeSet::from([1]), NEVER);
            given_up = column.lose(lease.shard, "the worker was lost");
        }
        let told: Vec<_> = given_up.iter().map(|it| (it.cell, it.reason.as_str())).collect();
        let needs_it = "it needs a revision that could not be tried: the worker was lost";
        assert_eq!(told, [(1, "the worker was lost"), (2, needs_it), (3, needs_it)]);
        assert!(column.is_finished());
    }

    #[test]
    fn a_cell_at_which_the_farm_failed_goes_to_another_worker_alone_and_its_holder_goes_on() {
        let mut column = chain(3);
        let lease = next(&mut column, 1);
        assert_eq!(column.fail(&lease, 1, "no room"), (Answer::Accepted, Vec::new()));
        assert_eq!(column.renew(&lease, &BTreeSet::new(), NEVER), Some(&BTreeSet::from([0, 2])));
        let alone = column.shards().iter().find(|shard| column.waits(shard)).unwrap();
        assert_eq!((&alone.cells, alone.avoid), (&BTreeSet::from([1]), Some(WorkerId(1))));
    }

    #[test]
    fn a_shard_that_nobody_can_begin_ends_after_its_attempts() {
        let mut column = chain(2);
        for worker in 1..3 {
            let lease = next(&mut column, worker);
            column.renew(&lease, &BTreeSet::from([0]), NEVER);
            assert_eq!(column.refuse(&lease, "no container engine"), (Answer::Accepted, Vec::new()));
            assert_eq!(column.refuse(&lease, "no container engine"), (Answer::Refused, Vec::new()));
            assert_eq!(column.shards()[0].avoid, Some(WorkerId(worker)));
        }
        let lease = next(&mut column, 3);
        assert_eq!(column.refuse(&lease, "no container engine").1.len(), 2);
        assert!(column.is_finished());
    }

    #[test]
    fn a_column_is_what_was_written_down_of_it() {
        let mut column = chain(5);
        let lease = next(&mut column, 1);
        column.accept(&lease, 0);
        column.steal(lease.shard, 3, WorkerId(2), NEVER);
        let shards = column.shards().iter().cloned().map(|shard| Shard { work: 0, ..shard }).collect();
        assert_eq!(Column::restore(column.cells().to_vec(), shards, column.next_shard(), ATTEMPTS), column);
    }

    #[test]
    fn a_cancelled_column_has_ended() {
        let mut column = chain(2);
        let lease = next(&mut column, 1);
        assert_eq!(column.cancel("cancelled").len(), 2);
        assert!(column.is_finished());
        assert_eq!(column.accept(&lease, 0), Answer::Refused);
    }
}
