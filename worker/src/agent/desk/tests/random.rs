//! A desk and a coordinator under whatever may happen between them.

use std::collections::VecDeque;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const CELLS: u32 = 6;

#[derive(Debug, Clone)]
enum Step {
    Pass(u64),
    Connect,
    Lose,
    /// The next message that is due goes on its way.
    Send,
    /// The coordinator reads the next message.
    Hear,
    /// The worker reads the next answer.
    Read,
    /// The coordinator finds that leases have run out.
    Expire,
    /// It gives the last cell of a shard to somebody else.
    Steal(usize),
    /// Some unit is at some of its cells.
    At(usize, usize),
    /// Some unit finishes a cell.
    Finish(usize),
    /// Some unit ends early.
    Fail(usize),
    NoContainers(usize),
    Containers,
}

fn step() -> impl Strategy<Value = Step> {
    let any = 0..4usize;
    prop_oneof![
        2 => (0..20_000u64).prop_map(Step::Pass),
        1 => Just(Step::Connect),
        1 => Just(Step::Lose),
        6 => Just(Step::Send),
        6 => Just(Step::Hear),
        6 => Just(Step::Read),
        1 => Just(Step::Expire),
        1 => any.clone().prop_map(Step::Steal),
        2 => (any.clone(), 0..3usize).prop_map(|(unit, count)| Step::At(unit, count)),
        4 => any.clone().prop_map(Step::Finish),
        1 => any.clone().prop_map(Step::Fail),
        1 => any.prop_map(Step::NoContainers),
        1 => Just(Step::Containers),
    ]
}

/// A column of the coordinator's: the open cells of a shard, and until when under which epoch it is the worker's.
#[derive(Debug, Default)]
struct Shard {
    cells: BTreeSet<u32>,
    epoch: u64,
    until: Option<Instant>,
}

#[derive(Debug)]
enum Answer {
    Orders(v1::WorkerOrders),
    Acknowledgement(v1::Acknowledgement),
}

struct World {
    desk: Desk,
    now: Instant,
    connected: bool,
    /// What is under way, and lost when the stream ends.
    there: VecDeque<Message>,
    back: VecDeque<Answer>,
    shards: Vec<Shard>,
    /// Units that are at work, by what the desk has said.
    units: BTreeMap<UnitId, (v1::Lease, BTreeSet<u32>)>,
    /// Results that were written down; each cell once.
    taken: Vec<(usize, u32)>,
    last_sequence: u64,
    draining: bool,
}

impl World {
    fn new() -> Self {
        let settings = Settings { slots: 2, grace: GRACE, containers: true, rest: REST, alone: false };
        let shard = || Shard { cells: (0..CELLS).collect(), ..Shard::default() };
        Self {
            desk: Desk::new(settings),
            now: Instant::now(),
            connected: false,
            there: VecDeque::new(),
            back: VecDeque::new(),
            shards: vec![shard(), shard(), shard()],
            units: BTreeMap::new(),
            taken: Vec::new(),
            last_sequence: 0,
            draining: false,
        }
    }

    fn unit(&self, index: usize) -> Option<UnitId> {
        self.units.keys().nth(index).copied()
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Pass(time) => {
                self.now += Duration::from_millis(time);
                self.desk.pass(self.now);
            }
            Step::Connect if !self.connected => {
                self.connected = true;
                self.desk.welcomed(self.now, LEASE, EVERY);
            }
            Step::Lose if self.connected => {
                self.connected = false;
                self.there.clear();
                self.back.clear();
                self.desk.lost();
            }
            Step::Send => self.send(),
            Step::Hear => {
                if let Some(message) = self.there.pop_front() {
                    self.hear(message);
                }
            }
            Step::Read => match self.back.pop_front() {
                Some(Answer::Orders(orders)) => self.desk.ordered(self.now, orders),
                Some(Answer::Acknowledgement(answer)) => self.desk.acknowledged(self.now, answer),
                None => {}
            },
            Step::Expire => {
                let now = self.now;
                for shard in &mut self.shards {
                    shard.until = shard.until.filter(|until| now < *until);
                }
            }
            Step::Steal(shard) => {
                // Only of one that is somebody's: the rest of it stays.
                if let Some(shard) = self.shards.get_mut(shard).filter(|shard| shard.cells.len() > 1) {
                    shard.cells.pop_last();
                }
            }
            Step::At(index, count) => {
                if let Some(unit) = self.unit(index) {
                    let at = self.units[&unit].1.iter().copied().take(count).collect();
                    self.desk.told(self.now, unit, Word::At(at));
                }
            }
            Step::Finish(index) => {
                if let Some(unit) = self.unit(index) {
                    match self.units.get_mut(&unit).unwrap().1.pop_first() {
                        Some(position) => self.desk.told(self.now, unit, cell(position)),
                        None => self.end(unit, Ending::Done),
                    }
                }
            }
            Step::Fail(index) => {
                if let Some(unit) = self.unit(index) {
                    self.units.remove(&unit);
                    self.desk.told(self.now, unit, failed());
                }
            }
            Step::NoContainers(index) => {
                if let Some(unit) = self.unit(index) {
                    self.end(unit, Ending::NoContainers);
                }
            }
            Step::Containers => self.desk.containers(true),
            Step::Connect | Step::Lose => {}
        }
        self.act();
        self.check();
    }

    fn end(&mut self, unit: UnitId, ending: Ending) {
        self.units.remove(&unit);
        self.desk.told(self.now, unit, Word::Ended(ending));
    }

    fn act(&mut self) {
        for effect in self.desk.effects() {
            match effect {
                Effect::Start { unit, assignment } => {
                    assert!(!self.draining, "nothing is begun by who drains");
                    assert!(!assignment.cells.is_empty());
                    let lease = assignment.lease.unwrap();
                    let twice = self.units.values().any(|(other, _)| *other == lease);
                    assert!(!twice, "two units for one lease");
                    self.units.insert(unit, (lease, assignment.cells.into_iter().collect()));
                }
                Effect::Shrink { unit, cells } => {
                    self.units.get_mut(&unit).unwrap().1.retain(|cell| cells.contains(cell));
                }
                Effect::Cancel { unit } => {
                    self.units.remove(&unit).unwrap();
                }
            }
        }
    }

    fn send(&mut self) {
        let Some(message) = self.desk.next(self.now) else { return };
        assert!(self.connected);
        let lease = match &message {
            Message::Result(result) => result.lease.as_ref(),
            Message::Failure(failure) => failure.lease.as_ref(),
            _ => None,
        };
        if let Some(lease) = lease {
            assert!(self.desk.held.contains_key(&Key::from(lease)), "a word about what is not held");
        }
        self.there.push_back(message);
    }

    /// Is to be true at all times.
    fn check(&self) {
        let desk = &self.desk;
        assert!(desk.outbox.values().all(|letter| desk.held.contains_key(&letter.key)));
        let working: BTreeSet<UnitId> = desk.held.values().filter_map(|held| held.unit).collect();
        assert_eq!(working, self.units.keys().copied().collect());
        assert_eq!(working, desk.units.keys().copied().collect());
        match desk.answered {
            Some(answered) => assert!(self.now < answered + LEASE || self.now == answered),
            None => assert!(desk.held.is_empty() && desk.units.is_empty()),
        }
        // Whatever may go on by itself has a time at which it does.
        assert!(desk.held.is_empty() || desk.deadline().is_some());
    }

    /// What a coordinator does, in short.
    fn hear(&mut self, message: Message) {
        match message {
            Message::State(state) => {
                for held in &state.held {
                    let lease = held.lease.as_ref().unwrap();
                    let shard = &mut self.shards[lease.shard as usize];
                    if shard.epoch == lease.epoch && shard.until.is_some() {
                        let until = self.now + LEASE;
                        shard.until = Some(until).filter(|_| !held.handed_back);
                    }
                }
                let mut held = self.shards.iter().filter(|shard| shard.until.is_some()).count();
                for shard in &mut self.shards {
                    let waits = shard.until.is_none() && !shard.cells.is_empty();
                    if waits && !state.draining && held < state.slots as usize {
                        shard.epoch += 1;
                        shard.until = Some(self.now + LEASE);
                        held += 1;
                    }
                }
                self.back.push_back(Answer::Orders(v1::WorkerOrders { assignments: self.assignments() }));
            }
            Message::Result(result) => {
                let lease = result.lease.unwrap();
                let shard = &mut self.shards[lease.shard as usize];
                let is_held = shard.epoch == lease.epoch && shard.until.is_some();
                let place = (lease.shard as usize, result.position);
                let known = shard.epoch == lease.epoch && self.taken.contains(&place);
                let mut answer = v1::Acknowledgement::default();
                if is_held && shard.cells.remove(&result.position) {
                    assert!(!self.taken.contains(&place), "a cell counts once");
                    self.taken.push(place);
                    answer.taken.push(result.sequence);
                } else if known {
                    answer.taken.push(result.sequence);
                } else {
                    answer.refused.push(result.sequence);
                }
                if shard.cells.is_empty() {
                    shard.until = None;
                }
                self.last_sequence = self.last_sequence.max(result.sequence);
                self.back.push_back(Answer::Acknowledgement(answer));
            }
            Message::Failure(failure) => {
                let lease = failure.lease.unwrap();
                let shard = &mut self.shards[lease.shard as usize];
                let mut answer = v1::Acknowledgement::default();
                if shard.epoch == lease.epoch && shard.until.take().is_some() {
                    answer.taken.push(failure.sequence);
                } else {
                    answer.refused.push(failure.sequence);
                }
                self.back.push_back(Answer::Acknowledgement(answer));
            }
            Message::Hello(_) | Message::Note(_) => {}
        }
    }

    fn assignments(&self) -> Vec<v1::Assignment> {
        let held = self.shards.iter().enumerate().filter(|(_, shard)| shard.until.is_some());
        held.map(|(index, shard)| v1::Assignment {
            lease: Some(lease(u32::try_from(index).unwrap(), shard.epoch)),
            cells: shard.cells.iter().copied().collect(),
            ..v1::Assignment::default()
        })
        .collect()
    }

    /// Everything works: until nothing is left to do.
    fn settle(&mut self, until: impl Fn(&Self) -> bool) {
        for round in 0..2_000 {
            if until(self) {
                return;
            }
            for step in [Step::Connect, Step::Send, Step::Hear, Step::Read, Step::Expire, Step::Finish(0)] {
                self.step(&step);
            }
            if round % 10 == 0 {
                self.step(&Step::Pass(1_000));
            }
        }
        panic!("it does not settle: {:?} {:?}", self.desk, self.shards);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_happens_every_cell_gets_its_result(steps in vec(step(), 0..300)) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.settle(|world| {
            world.shards.iter().all(|shard| shard.cells.is_empty()) && world.desk.counts().outbox == 0
        });
        // And the desk holds nothing on.
        world.settle(|world| world.desk.counts().held == 0);
    }

    #[test]
    fn whatever_happens_a_worker_that_is_asked_to_end_does(
        before in vec(step(), 0..200),
        after in vec(step(), 0..60),
        works in any::<bool>(),
    ) {
        let mut world = World::new();
        for step in &before {
            world.step(step);
        }
        world.desk.drain(world.now);
        world.draining = true;
        let asked = world.now;
        world.act();
        world.check();
        for step in &after {
            world.step(step);
        }
        if works {
            world.settle(|world| world.desk.is_done(world.now));
            if world.now < asked + GRACE {
                // Nothing is left for the coordinator to find out by itself.
                prop_assert!(world.desk.counts().held == 0 && world.desk.counts().outbox == 0);
            }
        } else {
            let latest = world.now.max(asked + GRACE + LINGER);
            while !world.desk.is_done(world.now) {
                world.now = world.desk.deadline().unwrap().max(world.now + Duration::from_millis(1));
                world.desk.pass(world.now);
                world.act();
            }
            prop_assert!(world.now <= latest);
        }
    }
}
