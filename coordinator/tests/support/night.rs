//! A monorepo's night in simulated time: workers that are asked in turn, no faults.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use fastrand::Rng;
use mrt_coordinator::lease::{ATTEMPTS, Cell, Column, Lease, State, Time, WorkerId};
use mrt_coordinator::plan::{Capability, Choice, ColumnId, Free, Plan, RunId};

/// Name of a target, and what a start costs there in milliseconds (DESIGN, section 5).
const TARGETS: [(&str, u64); 6] = [
    ("sqlite", 500),
    ("postgres:15", 1_500),
    ("postgres:17", 1_500),
    ("mariadb:11", 1_500),
    ("mysql:8", 4_500),
    ("mysql:9", 4_500),
];

/// A worker in the simulation.
struct Worker {
    free: Free,
    held: Option<(ColumnId, Lease)>,
    /// What it is at, and the rest of its shard as it knows it.
    at: Option<usize>,
}

/// What a night is made of.
pub(crate) struct Night {
    pub(crate) suites: u64,
    pub(crate) revisions: usize,
    pub(crate) workers: u64,
}

/// The time until the last cell is done, and the least that it could be, in milliseconds; `choose` tells what a free worker does
/// next.
pub(crate) fn makespan(
    seed: u64,
    night: &Night,
    mut choose: impl FnMut(&Free, &BTreeMap<ColumnId, Plan>) -> Option<Choice>,
) -> (u64, u64) {
    let mut rng = Rng::with_seed(seed);
    let mut plans = BTreeMap::new();
    for suite in 0..night.suites {
        for (number, (target, start)) in (0..).zip(TARGETS) {
            // Some suites are slower than others, and some revisions than their neighbours.
            let pace = rng.u64(100..400);
            let cells = (0..night.revisions).map(|position| {
                let work = pace * if rng.u8(0..20) == 0 { 10 } else { 1 } + rng.u64(0..pace);
                let parents = position.checked_sub(1).into_iter().collect();
                Cell { work, parents, state: State::Open { attempts: 0 } }
            });
            let column = Column::new(cells.collect(), ATTEMPTS);
            let plan = Plan {
                run: RunId(suite),
                priority: 0,
                target: target.to_owned(),
                needs: needs(target),
                start,
                replay: 15,
                column,
            };
            plans.insert(ColumnId(suite * 6 + number), plan);
        }
    }
    let works = || plans.values().flat_map(|plan| plan.column.cells()).map(|cell| cell.work);
    let least = (works().sum::<u64>() / night.workers).max(works().max().unwrap());

    let serves: BTreeSet<Capability> = TARGETS.iter().map(|(target, _)| needs(target)).collect();
    let mut workers: BTreeMap<u64, Worker> = (0..night.workers)
        .map(|id| {
            let (worker, warm, others) = (WorkerId(id), BTreeSet::new(), serves.clone());
            let free = Free { worker, serves: serves.clone(), warm, stands: None, idle: true, others };
            (id, Worker { free, held: None, at: None })
        })
        .collect();
    let mut queue: BinaryHeap<Reverse<(u64, u64)>> = (0..night.workers).map(|id| Reverse((0, id))).collect();
    let mut end = 0;
    let never = Time(u64::MAX);
    while let Some(Reverse((now, id))) = queue.pop() {
        let worker = workers.get_mut(&id).unwrap();
        if let (Some((column, lease)), Some(cell)) = (worker.held, worker.at.take()) {
            plans.get_mut(&column).unwrap().column.accept(&lease, cell);
            worker.free.stands = Some((column, cell));
            end = end.max(now);
        }
        let mut wait = 0;
        let mut next = next_cell(worker, &mut plans);
        if next.is_none() {
            let Some(choice) = choose(&worker.free, &plans) else { continue };
            let (column, shard, first) = match choice {
                Choice::Lease { column, shard } => (column, shard, None),
                Choice::Steal { column, shard, first } => (column, shard, Some(first)),
            };
            let plan = plans.get_mut(&column).unwrap();
            let lease = match first {
                None => plan.column.lease(shard, worker.free.worker, never),
                Some(first) => plan.column.steal(shard, first, worker.free.worker, never),
            };
            if !worker.free.warm.contains(&plan.target) {
                wait += plan.start;
                worker.free.warm = BTreeSet::from([plan.target.clone()]);
            }
            worker.held = lease.map(|lease| (column, lease));
            next = next_cell(worker, &mut plans);
            let stands = worker.free.stands.filter(|(at, _)| *at == column).map_or(0, |(_, cell)| cell + 1);
            let replay = plans[&column].replay;
            wait += replay * (next.unwrap().0.saturating_sub(stands)) as u64;
        }
        let (cell, work) = next.unwrap();
        worker.at = Some(cell);
        queue.push(Reverse((now + wait + work, id)));
    }
    assert!(plans.values().all(|plan| plan.column.is_finished()));
    (end, least)
}

/// The first cell of the worker's shard, and what it takes.
fn next_cell(worker: &mut Worker, plans: &mut BTreeMap<ColumnId, Plan>) -> Option<(usize, u64)> {
    let (id, lease) = worker.held?;
    let column = &mut plans.get_mut(&id).unwrap().column;
    let shard = column.shards().iter().find(|shard| shard.id == lease.shard);
    let Some(&cell) = shard.and_then(|shard| shard.cells.first()) else {
        worker.held = None;
        return None;
    };
    column.renew(&lease, &BTreeSet::from([cell]), Time(u64::MAX));
    Some((cell, column.cells()[cell].work))
}

fn needs(target: &str) -> Capability {
    Capability { engine: target.to_owned(), containers: true }
}
