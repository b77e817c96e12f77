//! One column of a run, as leases see it: a pure state machine.
//!
//! A column is a suite's chain on one target. Its open cells are dealt to shards; a shard waits or has a holder. Each
//! holder comes under an epoch of its own, and only what comes under the present epoch counts. Whoever stores a
//! column locks it, calls one of these methods, and writes down what has changed before it answers.

#[cfg(test)]
mod tests;

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
    /// How often the farm has failed at it; 0 for one that was never tried.
    pub attempts: u32,
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

    /// Whether the farm has failed at it: whoever tries it again is to do nothing else meanwhile, so that nothing else is lost
    /// with it, or suspected in its place.
    pub fn is_suspect(&self, shard: &Shard) -> bool {
        shard.lost > 0 || shard.cells.iter().any(|&cell| self.attempts(cell) > 0)
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

    /// The holder is lost: its lease has run out, or its end is known. What it was at is suspected of having taken it down, and is
    /// tried alone; the rest waits for that. So does what the holder applied only to get on, where that has no result yet;
    /// where nobody is to give it one, what needs it goes on apart from the rest.
    pub fn lose(&mut self, shard: ShardId, reason: &str) -> Vec<GivenUp> {
        let mut given_up = Vec::new();
        let Some(index) = self.shards.iter().position(|it| it.id == shard) else { return given_up };
        let Some(Holder { worker, at, .. }) = self.shards[index].holder.take() else { return given_up };
        let own = |cell: &usize| self.shards[index].cells.contains(cell);
        let (suspects, applied): (BTreeSet<usize>, BTreeSet<usize>) = at.into_iter().partition(own);
        let (elsewhere, closed): (BTreeSet<usize>, BTreeSet<usize>) =
            applied.into_iter().partition(|&cell| self.is_open(cell));
        self.shards[index].avoid = Some(worker);
        if suspects.is_empty() && elsewhere.is_empty() {
            self.lose_without_suspect(index, &closed, reason, &mut given_up);
        } else {
            self.take_out(index, &suspects);
            self.shards[index].lost = 0;
            self.shards[index].behind = suspects.union(&elsewhere).copied().collect();
            for suspect in suspects {
                if self.charge(suspect, reason, &mut given_up) {
                    self.deal(BTreeSet::from([suspect]), Some(worker));
                }
            }
            elsewhere.into_iter().for_each(|cell| self.isolate(cell, worker));
        }
        self.sweep();
        given_up
    }

    /// No cell without a result can have taken the holder down; what is in `applied` may have.
    fn lose_without_suspect(
        &mut self,
        index: usize,
        applied: &BTreeSet<usize>,
        reason: &str,
        given_up: &mut Vec<GivenUp>,
    ) {
        let needing = self.needing(applied);
        let needing: BTreeSet<usize> = self.shards[index].cells.intersection(&needing).copied().collect();
        let mut blamed = index;
        if !needing.is_empty() && needing.len() < self.shards[index].cells.len() {
            let Shard { lost, avoid, .. } = self.shards[index];
            self.take_out(index, &needing);
            self.shards[index].lost = 0;
            self.deal(needing, avoid);
            blamed = self.shards.len() - 1;
            self.shards[blamed].lost = lost;
        }
        self.shards[blamed].lost += 1;
        let lost = self.shards[blamed].lost;
        if lost >= self.attempts {
            for cell in std::mem::take(&mut self.shards[blamed].cells) {
                self.give_up(cell, lost, reason.to_owned(), given_up);
            }
        }
    }

    /// Gives a cell that waits with others a shard of its own: others wait for it, and it may wait for them.
    fn isolate(&mut self, cell: usize, avoid: WorkerId) {
        let with_others = |it: &Shard| it.holder.is_none() && it.cells.len() > 1 && it.cells.contains(&cell);
        if let Some(index) = self.shards.iter().position(with_others) {
            self.take_out(index, &BTreeSet::from([cell]));
            self.deal(BTreeSet::from([cell]), Some(avoid));
        }
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
                self.give_up(cell, 0, reason.to_owned(), &mut given_up);
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
            self.give_up(cell, 0, reason.to_owned(), given_up);
            self.give_up_children(cell, reason, given_up);
        }
        false
    }

    /// Ends what needs a cell that could not be tried: it could not be tried either, and may take workers down again.
    fn give_up_children(&mut self, cell: usize, reason: &str, given_up: &mut Vec<GivenUp>) {
        let needs_it = self.needing(&BTreeSet::from([cell]));
        for index in 0..self.shards.len() {
            self.take_out(index, &needs_it);
        }
        for child in needs_it {
            let reason = format!("it needs a revision that could not be tried: {reason}");
            self.give_up(child, 0, reason, given_up);
        }
    }

    /// All that needs one of these revisions.
    fn needing(&self, revisions: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut needing = BTreeSet::new();
        for (position, cell) in self.cells.iter().enumerate() {
            if cell.parents.iter().any(|parent| revisions.contains(parent) || needing.contains(parent)) {
                needing.insert(position);
            }
        }
        needing
    }

    /// Ends a cell without a result. That its shard was lost with no suspect in it is no attempt of the cell's own.
    fn give_up(&mut self, cell: usize, lost: u32, reason: String, given_up: &mut Vec<GivenUp>) {
        if self.is_open(cell) {
            let attempts = self.attempts(cell).max(lost);
            self.cells[cell].state = State::Done { by: None };
            given_up.push(GivenUp { cell, attempts, reason });
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

    /// Forgets shards in which nothing is left to do. Where all that are left wait for each other, the first does not any more.
    fn sweep(&mut self) {
        self.shards.retain(|shard| !shard.cells.is_empty());
        if self.shards.iter().any(|shard| shard.holder.is_some() || self.waits(shard)) {
            return;
        }
        if let Some(first) = self.shards.iter_mut().min_by_key(|shard| shard.cells.first().copied()) {
            first.behind.clear();
        }
    }
}
