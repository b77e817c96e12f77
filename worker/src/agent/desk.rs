//! What a worker holds, and what it has to say: a pure state machine.
//!
//! What happens comes in with its time, what is to be done comes out as [`Effect`]s, and what is to be sent is asked for
//! ([`Desk::next`]) once there is room for it: so what changes meanwhile goes in one state.
//!
//! A lease is ours for so long after the sending of the last state that was answered. When that time is over nothing that
//! was begun under it goes on, and nothing more is said of it, since it may be somebody else's. The orders that follow say
//! what is to be done.

mod key;
mod speech;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use mrt_proto::v1;
use mrt_proto::v1::worker_message::Message;

use key::Key;
pub(super) use words::{Effect, Ending, UnitId, Word};

/// How long after the grace period a worker waits for a coordinator that is not there.
const LINGER: Duration = Duration::from_secs(5);
/// The longest rest, in lengths of the shortest.
const RESTS: u32 = 12;
/// Notes that wait to be sent; people have no use for older ones.
const NOTES: usize = 64;

/// What a desk is set up with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    /// How many shards are held at most.
    pub(super) slots: u32,
    /// How long cells may take to their ends once the worker is asked to end.
    pub(super) grace: Duration,
    /// Servers can come as containers, as far as is known.
    pub(super) containers: bool,
    /// How long nothing new is taken after a failure of the machine's; longer with each that follows. What is wrong here may be
    /// well elsewhere, and a worker at which everything fails at once would be the first to be free again.
    pub(super) rest: Duration,
    /// There is no other worker to whom anything could be left: all is taken, and what cannot be done here ends as a failure that
    /// says why.
    pub(super) alone: bool,
}

/// A shard of ours.
#[derive(Debug)]
struct Held {
    /// Who is at work on it.
    unit: Option<UnitId>,
    /// Its cells that have no result.
    cells: BTreeSet<u32>,
    at: BTreeSet<u32>,
    /// Where it was when it was last said.
    said: BTreeSet<u32>,
    stands: Option<u32>,
    /// Cells without a result are given back once what has one is acknowledged.
    gives_back: bool,
    handed_back: bool,
}

/// What is sent again until it is acknowledged.
#[derive(Debug)]
struct Letter {
    key: Key,
    /// The cell that it is about; all of them where there is none.
    position: Option<u32>,
    message: Message,
    sent: Option<Instant>,
}

/// A stream on which the coordinator has answered.
#[derive(Debug)]
struct Link {
    state_every: Duration,
    /// The state has changed since it was said.
    news: bool,
    last_state: Option<Instant>,
    /// States that are not answered yet, in order.
    states: VecDeque<Said>,
}

#[derive(Debug, Clone, Copy)]
struct Said {
    sent: Instant,
    draining: bool,
}

/// The worker is asked to end.
#[derive(Debug)]
struct Drain {
    since: Instant,
    /// The grace period has passed.
    over: bool,
    /// The coordinator knows.
    heard: bool,
}

/// How much there is of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) held: usize,
    pub(super) outbox: usize,
    /// Shards that were let go of because their leases had run out, since the beginning.
    pub(super) fenced: u64,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Desk {
    settings: Settings,
    held: BTreeMap<Key, Held>,
    units: BTreeMap<UnitId, Key>,
    outbox: BTreeMap<u64, Letter>,
    notes: VecDeque<v1::ShardNote>,
    /// Cells of shards that are held no more, of which the coordinator has the results: orders from before it had them may
    /// still list them.
    taken: BTreeMap<Key, BTreeSet<u32>>,
    warm: Vec<String>,
    link: Option<Link>,
    lease: Duration,
    /// When the last state was sent that was answered; nothing is held where there is none.
    answered: Option<Instant>,
    drain: Option<Drain>,
    /// Nothing new is taken until then.
    rests: Option<Instant>,
    /// Failures of the machine's since the last verdict.
    failures: u32,
    next_unit: u64,
    next_sequence: u64,
    fenced: u64,
    effects: Vec<Effect>,
}

impl Desk {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            held: BTreeMap::new(),
            units: BTreeMap::new(),
            outbox: BTreeMap::new(),
            notes: VecDeque::new(),
            taken: BTreeMap::new(),
            warm: Vec::new(),
            link: None,
            lease: Duration::ZERO,
            answered: None,
            drain: None,
            rests: None,
            failures: 0,
            next_unit: 0,
            next_sequence: 0,
            fenced: 0,
            effects: Vec::new(),
        }
    }

    /// What is to be done, in this order.
    pub(super) fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub(super) fn counts(&self) -> Counts {
        Counts { held: self.held.len(), outbox: self.outbox.len(), fenced: self.fenced }
    }

    /// The coordinator has answered `hello`.
    pub(super) fn welcomed(&mut self, now: Instant, lease: Duration, state_every: Duration) {
        self.pass(now);
        self.lease = lease;
        self.link = Some(Link { state_every, news: true, last_state: None, states: VecDeque::new() });
    }

    /// The stream has ended. Whether what was sent has come there is not known.
    pub(super) fn lost(&mut self) {
        self.link = None;
        self.notes.clear();
        self.outbox.values_mut().for_each(|letter| letter.sent = None);
    }

    /// The state that the worker is to be in.
    pub(super) fn ordered(&mut self, now: Instant, orders: v1::WorkerOrders) {
        self.pass(now);
        let Some(link) = &mut self.link else { return };
        // Orders that nobody asked for come as well; they stand on what was said before.
        let state = link.states.pop_front();
        if let Some(state) = state.filter(|state| now < state.sent + self.lease) {
            self.answered = Some(state.sent);
            if let Some(drain) = &mut self.drain {
                drain.heard |= state.draining;
            }
        }
        if self.answered.is_none() {
            // They waited here while we were stopped, and nobody stands by them any more.
            return self.changed();
        }
        let listed: BTreeMap<Key, v1::Assignment> = orders
            .assignments
            .into_iter()
            .filter_map(|assignment| Some((Key::from(assignment.lease.as_ref()?), assignment)))
            .collect();
        let unlisted = |key: &&Key| !listed.contains_key(key);
        let gone: Vec<Key> = self.held.keys().filter(unlisted).cloned().collect();
        gone.iter().for_each(|key| self.forget(key));
        self.taken.retain(|key, _| listed.contains_key(key));
        for (key, assignment) in listed {
            match self.held.get_mut(&key) {
                Some(held) => {
                    let before = held.cells.len();
                    let still: BTreeSet<u32> = assignment.cells.into_iter().collect();
                    held.cells.retain(|cell| still.contains(cell));
                    if let (Some(unit), true) = (held.unit, held.cells.len() < before) {
                        self.effects.push(Effect::Shrink { unit, cells: held.cells.clone() });
                    }
                }
                None => self.take(key, assignment),
            }
        }
    }

    /// Takes what is ours and not held, or not any more.
    fn take(&mut self, key: Key, mut assignment: v1::Assignment) {
        let taken = self.taken.get(&key);
        assignment.cells.retain(|cell| taken.is_none_or(|taken| !taken.contains(cell)));
        if assignment.cells.is_empty() {
            return;
        }
        let cells = assignment.cells.iter().copied().collect();
        let back = self.drain.is_some();
        let unit = (!back).then(|| {
            self.next_unit += 1;
            UnitId(self.next_unit)
        });
        let (at, said) = (BTreeSet::new(), BTreeSet::new());
        let held = Held { unit, cells, at, said, stands: None, gives_back: back, handed_back: back };
        if let Some(unit) = unit {
            self.units.insert(unit, key.clone());
            self.effects.push(Effect::Start { unit, assignment });
        }
        self.held.insert(key, held);
        self.changed();
    }

    /// Results have been written down, or refused.
    pub(super) fn acknowledged(&mut self, now: Instant, acknowledgement: v1::Acknowledgement) {
        self.pass(now);
        for sequence in acknowledgement.taken {
            let Some(letter) = self.outbox.remove(&sequence) else { continue };
            let taken = self.taken.entry(letter.key.clone()).or_default();
            match (letter.position, self.held.get(&letter.key)) {
                (Some(position), _) => taken.extend([position]),
                (None, held) => taken.extend(held.iter().flat_map(|held| &held.cells)),
            }
            self.settle(&letter.key);
        }
        for sequence in acknowledgement.refused {
            if let Some(letter) = self.outbox.remove(&sequence) {
                self.settle(&letter.key);
            }
        }
    }

    /// A unit says something.
    pub(super) fn told(&mut self, now: Instant, unit: UnitId, word: Word) {
        self.pass(now);
        let Some(key) = self.units.get(&unit).cloned() else { return };
        let Some(held) = self.held.get_mut(&key) else { return };
        match word {
            Word::Note(note) => {
                if self.link.is_some() && self.notes.len() < NOTES {
                    self.notes.push_back(v1::ShardNote { lease: Some(key.lease()), note: Some(note) });
                }
            }
            Word::At(at) => {
                held.at = at;
                // That something is over is said with what comes next: what has its result is accused of nothing meanwhile.
                if !held.at.is_subset(&held.said) {
                    self.changed();
                }
            }
            Word::Stands(position) => held.stands = Some(position),
            Word::Result(position, outcome) => {
                // Otherwise it is another worker's by now.
                if held.cells.remove(&position) {
                    self.went(now, matches!(outcome, v1::cell_result::Outcome::Cell(_)));
                    self.post(&key, Some(position), |sequence, lease| {
                        let (lease, outcome) = (Some(lease), Some(outcome));
                        Message::Result(v1::CellResult { sequence, lease, position, outcome })
                    });
                }
            }
            Word::Ended(ending) => self.ended(now, &key, ending),
        }
    }

    fn ended(&mut self, now: Instant, key: &Key, ending: Ending) {
        self.detach(key);
        let Some(held) = self.held.get_mut(key) else { return };
        let failure = match ending {
            Ending::NoContainers => {
                held.gives_back = true;
                self.containers(false);
                None
            }
            Ending::Failed { failure, project } => Some((failure, project)),
            Ending::Done if held.cells.is_empty() || held.gives_back => None,
            Ending::Done => {
                let cause = format!("the worker has no word about {} of its cells", held.cells.len());
                Some((v1::Failure { causes: vec![cause], usage: false }, false))
            }
        };
        if let Some((failure, project)) = failure {
            self.went(now, project);
            self.post(key, None, |sequence, lease| {
                let (lease, failure) = (Some(lease), Some(failure));
                Message::Failure(v1::ShardFailure { sequence, lease, failure, project })
            });
        }
        self.settle(key);
    }

    /// Something has ended as it should, or failed for what the machine lacks.
    fn went(&mut self, now: Instant, well: bool) {
        self.failures = if well { 0 } else { self.failures.saturating_add(1) };
        if self.failures > 0 && !self.settings.rest.is_zero() {
            let factor = 2_u32.saturating_pow(self.failures - 1).min(RESTS);
            self.rests = Some(now + self.settings.rest * factor);
            self.changed();
        }
    }

    /// Whether servers can come as containers.
    pub(super) fn containers(&mut self, there: bool) {
        if self.settings.containers != there {
            self.settings.containers = there;
            self.changed();
        }
    }

    /// The targets of which a server waits.
    pub(super) fn warm(&mut self, warm: Vec<String>) {
        if self.warm != warm {
            self.warm = warm;
            self.changed();
        }
    }

    /// The worker is asked to end: what is under way comes to its end, the rest goes back.
    pub(super) fn drain(&mut self, now: Instant) {
        self.pass(now);
        if self.drain.is_some() {
            return;
        }
        self.drain = Some(Drain { since: now, over: false, heard: false });
        self.changed();
        for key in self.held.keys().cloned().collect::<Vec<_>>() {
            let Some(held) = self.held.get_mut(&key) else { continue };
            let (Some(unit), Some(_)) = (held.unit, held.cells.first()) else { continue };
            held.gives_back = true;
            let cells: BTreeSet<u32> = held.cells.intersection(&held.at).copied().collect();
            if cells.is_empty() {
                self.cancel(&key);
                self.settle(&key);
            } else {
                self.effects.push(Effect::Shrink { unit, cells });
            }
        }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.drain.is_some()
    }

    /// Whether the worker may end: it was asked to, and nothing hangs on it any more.
    pub(super) fn is_done(&self, now: Instant) -> bool {
        let Some(drain) = &self.drain else { return false };
        let is_heard = drain.heard || self.link.is_none();
        (self.held.is_empty() && self.outbox.is_empty() && is_heard) || now >= self.patience(drain)
    }

    fn patience(&self, drain: &Drain) -> Instant {
        drain.since + self.settings.grace + LINGER
    }

    /// Time passes. To be called when [`Desk::deadline`] has come; everything else does it by itself.
    pub(super) fn pass(&mut self, now: Instant) {
        if self.answered.is_some_and(|answered| now >= answered + self.lease) {
            self.fence();
        }
        if self.rests.is_some_and(|rests| now >= rests) {
            self.rests = None;
            self.changed();
        }
        if let Some(drain) = &mut self.drain
            && !drain.over
            && now >= drain.since + self.settings.grace
        {
            drain.over = true;
            self.hand_back();
        }
    }

    /// What we hold may be somebody else's.
    fn fence(&mut self) {
        self.answered = None;
        self.fenced += self.held.len() as u64;
        for key in self.held.keys().cloned().collect::<Vec<_>>() {
            self.forget(&key);
        }
        self.changed();
    }

    /// The grace period is over.
    fn hand_back(&mut self) {
        for key in self.held.keys().cloned().collect::<Vec<_>>() {
            self.cancel(&key);
            if let Some(held) = self.held.get_mut(&key) {
                held.handed_back = !held.cells.is_empty();
            }
        }
        self.changed();
    }

    /// Writes a letter about a shard.
    fn post(&mut self, key: &Key, position: Option<u32>, write: impl FnOnce(u64, v1::Lease) -> Message) {
        self.next_sequence += 1;
        let message = write(self.next_sequence, key.lease());
        let letter = Letter { key: key.clone(), position, message, sent: None };
        self.outbox.insert(self.next_sequence, letter);
    }

    /// Lets go of a shard, or gives it back, once nobody works on it and all that was said of it is acknowledged.
    fn settle(&mut self, key: &Key) {
        let Some(held) = self.held.get_mut(key) else { return };
        if held.unit.is_some() || self.outbox.values().any(|letter| letter.key == *key) {
            return;
        }
        if held.gives_back && !held.cells.is_empty() {
            held.handed_back = true;
        } else {
            self.held.remove(key);
        }
        self.changed();
    }

    fn forget(&mut self, key: &Key) {
        self.cancel(key);
        self.held.remove(key);
        self.outbox.retain(|_, letter| letter.key != *key);
        self.notes.retain(|note| note.lease.as_ref().is_none_or(|lease| Key::from(lease) != *key));
        self.changed();
    }

    fn cancel(&mut self, key: &Key) {
        if let Some(unit) = self.detach(key) {
            self.effects.push(Effect::Cancel { unit });
        }
    }

    /// Nobody works on the shard from now on.
    fn detach(&mut self, key: &Key) -> Option<UnitId> {
        let held = self.held.get_mut(key)?;
        held.at.clear();
        let unit = held.unit.take()?;
        self.units.remove(&unit);
        Some(unit)
    }

    fn changed(&mut self) {
        if let Some(link) = &mut self.link {
            link.news = true;
        }
    }
}
