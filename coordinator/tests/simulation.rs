//! The lease machine and the planner under random interleavings of workers that are slow, deaf, stopped or killed.
//!
//! Each seed is a world of its own. A failure prints its seed; `MRT_SEED=N` runs that one alone.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fastrand::Rng;
use mrt_coordinator::lease::{ATTEMPTS, Answer, Cell, Column, GivenUp, Lease, State, Time, WorkerId};
use mrt_coordinator::plan::{Capability, Choice, ColumnId, Free, Plan, RunId, choose};

const SEEDS: u64 = 3_000;
const TERM: u64 = 1_000;
/// No world needs as many steps; one that does hangs.
const PATIENCE: usize = 200_000;

/// What goes wrong in a world.
#[derive(Clone, Copy)]
struct Faults {
    /// Workers are killed, stopped for longer than a lease, or not heard.
    workers: bool,
    /// Some revisions kill whoever comes to them.
    killers: bool,
    /// Some checks fail for reasons of the farm's.
    infrastructure: bool,
    /// Planted: the coordinator takes the word of whoever held the shard before.
    stale_counts: bool,
}

const ALL: Faults = Faults { workers: true, killers: true, infrastructure: true, stale_counts: false };

/// A worker, as it sees itself.
struct Worker {
    id: WorkerId,
    stopped: bool,
    held: Option<Held>,
    stands: Option<(ColumnId, usize)>,
}

/// What it believes to hold.
struct Held {
    column: ColumnId,
    lease: Lease,
    cells: BTreeSet<usize>,
    /// Revisions that it has applied to come to its cells.
    applied: BTreeSet<usize>,
    /// Cells under way, side by side: their outcomes may come in any order.
    at: BTreeSet<usize>,
    /// What it applies.
    applying: Option<usize>,
    /// Results that are not acknowledged; `false` is a failure of the farm's.
    outbox: VecDeque<(usize, bool)>,
}

impl Held {
    /// Where it is, as it says it.
    fn says(&self) -> BTreeSet<usize> {
        self.at.iter().copied().chain(self.applying).collect()
    }
}

/// A result on its way.
#[derive(Clone, Copy)]
struct Sent {
    column: ColumnId,
    lease: Lease,
    cell: usize,
    works: bool,
}

struct World {
    rng: Rng,
    /// Results that arrive again.
    late: Vec<Sent>,
    faults: Faults,
    now: Time,
    plans: BTreeMap<ColumnId, Plan>,
    workers: Vec<Worker>,
    next_worker: u64,
    killers: BTreeSet<(ColumnId, usize)>,
    /// The latest epoch that was given out, by shard.
    epochs: BTreeMap<(ColumnId, u32), u64>,
    /// How each cell ended: a verdict or given up.
    ended: BTreeMap<(ColumnId, usize), bool>,
    /// How often the farm failed at a cell, as the world knows it.
    failed: BTreeMap<(ColumnId, usize), u32>,
}

impl World {
    fn new(seed: u64, faults: Faults) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut plans = BTreeMap::new();
        let mut killers = BTreeSet::new();
        for id in 0..rng.u64(1..4) {
            let id = ColumnId(id);
            let length = rng.usize(1..25);
            let cells = (0..length).map(|position| {
                let count = if position == 0 { 0 } else { rng.usize(0..3) };
                let parents = (0..count).map(|_| rng.usize(0..position)).collect();
                let state = if rng.u8(0..8) == 0 { State::Unasked } else { State::Open { attempts: 0 } };
                Cell { work: rng.u64(1..200), parents, state }
            });
            let column = Column::new(cells.collect(), ATTEMPTS);
            for position in 0..length {
                if faults.killers && rng.u8(0..25) == 0 {
                    killers.insert((id, position));
                }
            }
            let run = RunId(rng.u64(0..2));
            let (start, target) = (rng.u64(1..60), ["sqlite", "postgres:16"][rng.usize(0..2)].to_owned());
            let (priority, needs) = (rng.i32(0..2), needs(&target));
            plans.insert(id, Plan { run, priority, target, needs, start, replay: rng.u64(0..5), column });
        }
        let mut world = Self {
            rng,
            late: Vec::new(),
            faults,
            now: Time(0),
            plans,
            workers: Vec::new(),
            next_worker: 0,
            killers,
            epochs: BTreeMap::new(),
            ended: BTreeMap::new(),
            failed: BTreeMap::new(),
        };
        for _ in 0..world.rng.usize(1..5) {
            world.join();
        }
        world
    }

    /// Runs until every column is finished.
    fn run(&mut self) -> Result<(), String> {
        for _ in 0..PATIENCE {
            if self.plans.values().all(|plan| plan.column.is_finished()) {
                return self.is_complete();
            }
            self.step()?;
            self.is_consistent()?;
        }
        Err("it does not end".to_owned())
    }

    fn step(&mut self) -> Result<(), String> {
        self.now.0 += self.rng.u64(0..20);
        match self.rng.u8(0..100) {
            0 if self.faults.workers => self.now.0 += TERM,
            1 if self.faults.workers && !self.workers.is_empty() => {
                let victim = self.rng.usize(0..self.workers.len());
                self.workers.remove(victim);
            }
            2 if self.faults.workers && !self.workers.is_empty() => {
                let index = self.rng.usize(0..self.workers.len());
                self.workers[index].stopped ^= true;
            }
            3..=8 => {
                for worker in &mut self.workers {
                    worker.stopped &= self.rng.bool();
                }
            }
            9..=12 if self.workers.len() < 4 => self.join(),
            13..=20 => self.expire()?,
            21..=24 if !self.late.is_empty() => {
                let index = self.rng.usize(0..self.late.len());
                let result = self.late.swap_remove(index);
                self.arrive(result)?;
            }
            _ if !self.workers.is_empty() => {
                let index = self.rng.usize(0..self.workers.len());
                if !self.workers[index].stopped {
                    self.act(index)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn join(&mut self) {
        let id = WorkerId(self.next_worker);
        self.next_worker += 1;
        self.workers.push(Worker { id, stopped: false, held: None, stands: None });
    }

    fn expire(&mut self) -> Result<(), String> {
        let mut lost = Vec::new();
        for (&id, plan) in &mut self.plans {
            let column = &mut plan.column;
            for shard in column.expired(self.now) {
                // It may have gone with what another one gave up.
                let Some(held) = column.shards().iter().find(|it| it.id == shard) else { continue };
                let (at, cells) = (held.holder.as_ref().unwrap().at.clone(), held.cells.clone());
                let all = column.cells().to_vec();
                let is_open = |cell: &usize| matches!(all[*cell].state, State::Open { .. });
                let given_up = column.lose(shard, "lost");
                let needs = |cell: &usize| !needed_by(&all, *cell).is_disjoint(&at);
                let blamed: BTreeSet<usize> = match at.is_disjoint(&cells) {
                    false => at.intersection(&cells).copied().collect(),
                    // It is blamed once it is tried alone.
                    true if at.iter().any(is_open) => BTreeSet::new(),
                    true if cells.iter().any(needs) => cells.into_iter().filter(needs).collect(),
                    // Without a suspect all are.
                    true => cells,
                };
                for cell in blamed {
                    *self.failed.entry((id, cell)).or_default() += 1;
                }
                lost.push((id, given_up));
            }
        }
        lost.into_iter().try_for_each(|(id, given_up)| self.give_up(id, given_up))
    }

    /// A worker does one thing.
    fn act(&mut self, index: usize) -> Result<(), String> {
        let faults = self.faults;
        let worker = &mut self.workers[index];
        let Some(held) = &mut worker.held else { return self.ask(index) };
        let plan = self.plans.get_mut(&held.column).unwrap();
        let is_lost = |rng: &mut Rng| faults.workers && rng.u8(0..10) == 0;
        match self.rng.u8(0..10) {
            // It says that it lives. The message or its answer may be lost.
            0..=2 => {
                if is_lost(&mut self.rng) {
                    return Ok(());
                }
                let at = held.says();
                let own = plan.column.renew(&held.lease, &at, Time(self.now.0 + TERM)).cloned();
                if is_lost(&mut self.rng) {
                    return Ok(());
                }
                match own {
                    Some(own) => held.cells.retain(|cell| own.contains(cell)),
                    None => worker.held = None,
                }
            }
            // It begins with a cell.
            3..=4 => {
                let Some(&first) = held.cells.first().filter(|_| held.at.len() < 3) else { return Ok(()) };
                // What it needs comes before, and is no cell of its own.
                let mut needed = needed_by(plan.column.cells(), first);
                needed.retain(|revision| !held.applied.contains(revision));
                let revision = needed.first().copied().unwrap_or(first);
                held.applied.insert(revision);
                held.applying = Some(revision);
                if held.cells.remove(&revision) {
                    held.at.insert(revision);
                }
                if self.killers.contains(&(held.column, revision)) {
                    // It may or may not have been heard when it said where it is.
                    if !is_lost(&mut self.rng) {
                        plan.column.renew(&held.lease, &held.says(), Time(self.now.0 + TERM));
                    }
                    self.workers.remove(index);
                }
            }
            // It ends one.
            5..=6 => {
                held.applying = None;
                if let Some(cell) = self.rng.choice(held.at.clone()) {
                    held.at.remove(&cell);
                    let works = !(faults.infrastructure && self.rng.u8(0..12) == 0);
                    held.outbox.push_back((cell, works));
                    worker.stands = Some((held.column, cell));
                }
            }
            // It gives the shard back.
            7 if self.rng.u8(0..20) == 0 => {
                plan.column.hand_back(&held.lease);
                worker.held = None;
            }
            _ => return self.deliver(index),
        }
        Ok(())
    }

    fn ask(&mut self, index: usize) -> Result<(), String> {
        let worker = &self.workers[index];
        let serves = ["sqlite", "postgres:16"].map(needs).into();
        let others =
            if self.workers.len() > 1 { ["sqlite", "postgres:16"].map(needs).into() } else { [].into() };
        let (warm, stands) = (BTreeSet::new(), worker.stands);
        let free = Free { worker: worker.id, serves, warm, stands, idle: true, others };
        let until = Time(self.now.0 + TERM);
        let (id, lease) = match choose(&free, &self.plans) {
            None => return Ok(()),
            Some(Choice::Lease { column, shard }) => {
                let lease = self.plans.get_mut(&column).unwrap().column.lease(shard, free.worker, until);
                (column, lease)
            }
            Some(Choice::Steal { column, shard, first }) => {
                let lease =
                    self.plans.get_mut(&column).unwrap().column.steal(shard, first, free.worker, until);
                (column, lease)
            }
        };
        let lease = lease.ok_or("what was chosen cannot be leased")?;
        let last = self.epochs.insert((id, lease.shard.0), lease.epoch);
        if last.is_some_and(|last| last >= lease.epoch) {
            return Err(format!("epoch {} after {last:?}", lease.epoch));
        }
        let column = &self.plans[&id].column;
        let cells = column.shards().iter().find(|shard| shard.id == lease.shard).unwrap().cells.clone();
        self.workers[index].held = Some(Held {
            column: id,
            lease,
            cells,
            applied: BTreeSet::new(),
            at: BTreeSet::new(),
            applying: None,
            outbox: VecDeque::new(),
        });
        Ok(())
    }

    /// A worker's oldest result reaches the coordinator; the answer may not reach the worker.
    fn deliver(&mut self, index: usize) -> Result<(), String> {
        let worker = &mut self.workers[index];
        let Some(held) = &mut worker.held else { return Ok(()) };
        let Some(&(cell, works)) = held.outbox.front() else { return Ok(()) };
        let result = Sent { column: held.column, lease: held.lease, cell, works };
        let answered = !(self.faults.workers && self.rng.u8(0..6) == 0);
        if answered {
            held.outbox.pop_front();
            if held.outbox.is_empty() && held.cells.is_empty() && held.at.is_empty() {
                worker.held = None;
            }
        }
        if self.faults.workers && self.rng.u8(0..4) == 0 {
            self.late.push(result);
        }
        self.arrive(result)
    }

    /// A result reaches the coordinator, perhaps long after it was sent, and not for the first time.
    fn arrive(&mut self, Sent { column: id, lease, cell, works }: Sent) -> Result<(), String> {
        let column = &mut self.plans.get_mut(&id).unwrap().column;
        let (mut answer, given_up) = match works {
            true => (column.accept(&lease, cell), Vec::new()),
            false => column.fail(&lease, cell, "no room"),
        };
        if answer == Answer::Refused && works && self.faults.stale_counts {
            answer = Answer::Accepted;
        }
        if answer == Answer::Accepted {
            if self.epochs.get(&(id, lease.shard.0)) != Some(&lease.epoch) {
                return Err(format!("cell {cell} was taken under a stale epoch (I2)"));
            }
            match works {
                true => self.end(id, cell, true)?,
                false => *self.failed.entry((id, cell)).or_default() += 1,
            }
        }
        if answer == Answer::Known && !self.ended.contains_key(&(id, cell)) {
            return Err(format!("cell {cell} is known and was never written down (I3)"));
        }
        self.give_up(id, given_up)
    }

    fn give_up(&mut self, id: ColumnId, given_up: Vec<GivenUp>) -> Result<(), String> {
        for GivenUp { cell, .. } in given_up {
            let tries = |cell: usize| self.failed.get(&(id, cell)).copied().unwrap_or_default();
            if self.needed(id, cell).iter().all(|&cell| tries(cell) < ATTEMPTS) {
                return Err(format!("cell {cell} was given up too early (I4)"));
            }
            self.end(id, cell, false)?;
        }
        Ok(())
    }

    /// A cell and all that it needs.
    fn needed(&self, id: ColumnId, cell: usize) -> BTreeSet<usize> {
        needed_by(self.plans[&id].column.cells(), cell)
    }

    fn end(&mut self, id: ColumnId, cell: usize, verdict: bool) -> Result<(), String> {
        match self.ended.insert((id, cell), verdict) {
            None => Ok(()),
            Some(_) => Err(format!("cell {cell} has two results (I1)")),
        }
    }

    /// What is open is in exactly one shard.
    fn is_consistent(&self) -> Result<(), String> {
        for plan in self.plans.values() {
            let column = &plan.column;
            let open = column.cells().iter().enumerate();
            let open: Vec<usize> = open
                .filter(|(_, cell)| matches!(cell.state, State::Open { .. }))
                .map(|(position, _)| position)
                .collect();
            let mut dealt: Vec<usize> =
                column.shards().iter().flat_map(|shard| shard.cells.clone()).collect();
            dealt.sort_unstable();
            if open != dealt {
                return Err(format!("open are {open:?}, and dealt {dealt:?}"));
            }
            for shard in column.shards() {
                let work: u64 = shard.cells.iter().map(|&cell| column.cells()[cell].work).sum();
                if shard.work != work || shard.cells.is_empty() {
                    return Err(format!("shard {shard:?} has work {work}"));
                }
            }
        }
        Ok(())
    }

    /// Every cell that was asked for has ended.
    fn is_complete(&self) -> Result<(), String> {
        for (id, plan) in &self.plans {
            for (position, cell) in plan.column.cells().iter().enumerate() {
                let ended = self.ended.contains_key(&(*id, position));
                if ended == (cell.state == State::Unasked) {
                    return Err(format!("cell {position} of {id:?} ended: {ended} (I1)"));
                }
            }
        }
        Ok(())
    }
}

/// A cell and all that it needs.
fn needed_by(cells: &[Cell], cell: usize) -> BTreeSet<usize> {
    let mut needed = BTreeSet::from([cell]);
    for above in (0..cell).rev() {
        if needed.iter().any(|&below| cells[below].parents.contains(&above)) {
            needed.insert(above);
        }
    }
    needed
}

fn seeds() -> Vec<u64> {
    match std::env::var("MRT_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (0..SEEDS).collect(),
    }
}

#[test]
fn every_cell_ends_once_whatever_happens_to_workers() {
    for seed in seeds() {
        World::new(seed, ALL).run().unwrap_or_else(|what| panic!("MRT_SEED={seed}: {what}"));
    }
}

#[test]
fn workers_that_come_and_go_cost_no_cell_its_verdict() {
    for seed in seeds() {
        let faults = Faults { workers: false, killers: false, infrastructure: false, stale_counts: false };
        let mut world = World::new(seed, faults);
        world.run().unwrap_or_else(|what| panic!("MRT_SEED={seed}: {what}"));
        assert!(world.ended.values().all(|verdict| *verdict), "MRT_SEED={seed}");
    }
}

#[test]
fn a_revision_that_kills_every_worker_is_given_up_and_what_does_not_need_it_is_checked() {
    let mut killed = 0;
    for seed in seeds() {
        let faults = Faults { killers: true, workers: false, infrastructure: false, stale_counts: false };
        let mut world = World::new(seed, faults);
        world.run().unwrap_or_else(|what| panic!("MRT_SEED={seed}: {what}"));
        killed += world.killers.len();
        for (&(id, cell), &verdict) in &world.ended {
            if world.killers.contains(&(id, cell)) {
                assert!(!verdict, "MRT_SEED={seed}: cell {cell} of {id:?}");
            } else if world.needed(id, cell).iter().all(|&needed| !world.killers.contains(&(id, needed))) {
                assert!(verdict, "MRT_SEED={seed}: cell {cell} of {id:?}");
            }
        }
    }
    assert!(killed > 0 || std::env::var("MRT_SEED").is_ok(), "no world had such a revision");
}

#[test]
fn a_coordinator_that_takes_stale_results_is_caught() {
    let faults = Faults { stale_counts: true, ..ALL };
    let caught = (0..SEEDS).filter(|&seed| World::new(seed, faults).run().is_err()).count();
    assert!(caught > 0, "the simulation does not see what it is for");
}

fn needs(target: &str) -> Capability {
    Capability { engine: target.to_owned(), containers: true }
}
