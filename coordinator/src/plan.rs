//! What a free worker does next: pure, from what there is.
//!
//! A run's columns begin as one shard each, and are cut only when somebody is free and nothing waits: the free worker
//! takes over the tail of the shard that would end last. So there are as many pieces as workers, whoever comes and goes,
//! and none is shorter than what it costs to start on it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::lease::{Column, Shard, ShardId, WorkerId};

/// A shard below so many server starts is not worth one (DESIGN, section 6).
const STARTS: u64 = 3;

/// A column, over all runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ColumnId(pub u64);

/// A run, in the order in which they were submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(pub u64);

/// What a worker can serve, and what a target needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Capability {
    /// `postgres`.
    pub engine: String,
    /// Servers come as containers.
    pub containers: bool,
}

/// What is known of a column beside its leases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its run.
    pub run: RunId,
    /// Higher goes first.
    pub priority: i32,
    /// What its servers are: `postgres:16`.
    pub target: String,
    /// What a worker has to be capable of.
    pub needs: Capability,
    /// What it costs to start a server and a host, in milliseconds.
    pub start: u64,
    /// What it costs to apply a revision only to get on, in milliseconds.
    pub replay: u64,
    /// Its cells and shards.
    pub column: Column,
}

/// A worker that could do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Free {
    /// Which.
    pub worker: WorkerId,
    /// What it can serve.
    pub serves: BTreeSet<Capability>,
    /// Targets of which it has a server running.
    pub warm: BTreeSet<String>,
    /// Where it has the state after a revision: the column, and the revision's position.
    pub stands: Option<(ColumnId, usize)>,
    /// It holds nothing.
    pub idle: bool,
    /// What others can serve, whether they have room now or not.
    pub others: BTreeSet<Capability>,
}

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// It takes a shard that waits.
    Lease {
        /// Of this column.
        column: ColumnId,
        /// Which.
        shard: ShardId,
    },
    /// It takes over a tail.
    Steal {
        /// Of this column.
        column: ColumnId,
        /// Of this shard.
        shard: ShardId,
        /// From this cell on.
        first: usize,
    },
}

/// What a free worker does next; nothing when there is nothing that is worth it.
///
/// Runs of the highest priority first, among them the one that has the fewest workers. What waits goes before what is
/// under way, what the worker is prepared for before the rest, and then the longest.
///
/// What the farm has failed at goes to a worker that does nothing else, and to the one that failed only where there is no other.
pub fn choose(free: &Free, plans: &BTreeMap<ColumnId, Plan>) -> Option<Choice> {
    let mut workers: BTreeMap<RunId, usize> = BTreeMap::new();
    for plan in plans.values() {
        let held = plan.column.shards().iter().filter(|shard| shard.holder.is_some()).count();
        *workers.entry(plan.run).or_default() += held;
    }
    let served = || plans.iter().filter(|(_, plan)| free.serves.contains(&plan.needs));
    let urgency = |plan: &Plan| (Reverse(plan.priority), workers.get(&plan.run).copied(), plan.run);

    let waiting = served().flat_map(|(id, plan)| {
        plan.column
            .shards()
            .iter()
            .filter(|shard| plan.column.waits(shard) && is_for(free, plan, shard))
            .map(move |shard| (*id, plan, shard))
    });
    let best = waiting.min_by_key(|(id, plan, shard)| {
        (urgency(plan), overhead(free, *id, plan, shard.cells.first().copied()), Reverse(shard.work), *id)
    });
    if let Some((column, _, shard)) = best {
        return Some(Choice::Lease { column, shard: shard.id });
    }
    let held = served().flat_map(|(id, plan)| {
        let shards = plan.column.shards().iter().filter(|shard| {
            shard.work >= 2 * least(plan)
                && !plan.column.is_suspect(shard)
                && shard.holder.as_ref().is_some_and(|holder| holder.worker != free.worker)
        });
        shards.map(move |shard| (*id, plan, shard))
    });
    // Where the one that ends last cannot be cut, the next may.
    let mut held: Vec<_> = held.collect();
    held.sort_by_key(|(id, plan, shard)| (urgency(plan), Reverse(shard.work), *id, shard.id));
    held.into_iter().find_map(|(column, plan, shard)| {
        let first = cut(free, column, plan, shard)?;
        Some(Choice::Steal { column, shard: shard.id, first })
    })
}

/// Whether a shard may go to this worker, for all that has happened to it.
fn is_for(free: &Free, plan: &Plan, shard: &Shard) -> bool {
    let failed_here = shard.avoid == Some(free.worker);
    (free.idle || !plan.column.is_suspect(shard)) && !(failed_here && free.others.contains(&plan.needs))
}

/// What a run waits for, when nobody works for it and nobody can.
pub fn nobody_serves<'a>(
    plans: &'a BTreeMap<ColumnId, Plan>,
    run: RunId,
    served: &BTreeSet<Capability>,
) -> BTreeSet<&'a str> {
    let open = plans.values().filter(|plan| plan.run == run && !plan.column.is_finished());
    open.filter(|plan| !served.contains(&plan.needs)).map(|plan| plan.target.as_str()).collect()
}

/// What a worker pays before the first cell of a shard, in milliseconds.
fn overhead(free: &Free, id: ColumnId, plan: &Plan, first: Option<usize>) -> u64 {
    let first = first.unwrap_or_default();
    let stands = free.stands.filter(|(column, at)| *column == id && *at < first).map(|(_, at)| at + 1);
    let start = if free.warm.contains(&plan.target) { 0 } else { plan.start };
    let replayed = first - stands.unwrap_or_default();
    start + plan.replay * u64::try_from(replayed).unwrap_or(u64::MAX)
}

/// The least work that is worth starting on, in milliseconds.
fn least(plan: &Plan) -> u64 {
    STARTS * plan.start
}

/// From which cell on a shard's tail goes to another worker, so that both end together; nothing where that is not worth it.
fn cut(free: &Free, id: ColumnId, plan: &Plan, shard: &Shard) -> Option<usize> {
    let at = &shard.holder.as_ref()?.at;
    let backwards = shard.cells.iter().rev().copied();
    tail(plan, backwards, shard.work, at, |first| overhead(free, id, plan, Some(first)))
}

/// The same of cells with so much work, the last one first, whose holder is at some of them, when whoever takes the tail pays
/// `overhead` to begin with its first cell.
fn tail(
    plan: &Plan,
    backwards: impl Iterator<Item = usize>,
    work: u64,
    at: &BTreeSet<usize>,
    overhead: impl Fn(usize) -> u64,
) -> Option<usize> {
    let cells = plan.column.cells();
    let mut tail = 0;
    let mut first = None;
    for cell in backwards {
        let left = work - tail;
        tail += cells[cell].work;
        // It would end later with it than the holder does without giving it away.
        let ends = tail + overhead(cell);
        if at.contains(&cell) || work - tail < least(plan) || ends >= left {
            break;
        }
        if tail >= least(plan) {
            first = Some(cell);
        }
    }
    first
}

/// How much of a column can be done now, and by how many workers side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Breadth {
    /// Shards, held ones among them, as which it would be checked if any number of workers were free that are prepared for
    /// nothing.
    pub shards: usize,
    /// Further ones, each of which asks for a worker that does nothing else.
    pub alone: usize,
    /// Expected work of them all, in milliseconds.
    pub work: u64,
}

/// On paper a column is cut as [`choose`] would cut it: so many workers would have something to do, and no more.
pub fn breadth(plan: &Plan) -> Breadth {
    let mut breadth = Breadth::default();
    let now = plan.column.shards().iter().filter(|it| it.holder.is_some() || plan.column.waits(it));
    for shard in now {
        breadth.work += shard.work;
        if plan.column.is_suspect(shard) {
            breadth.alone += 1;
        } else {
            breadth.shards += parts(plan, shard);
        }
    }
    breadth
}

/// Into how many shards one would be cut.
fn parts(plan: &Plan, shard: &Shard) -> usize {
    if shard.work < 2 * least(plan) {
        return 1;
    }
    let nowhere = BTreeSet::new();
    let at = shard.holder.as_ref().map_or(&nowhere, |holder| &holder.at);
    let unprepared = |first| plan.start + plan.replay * u64::try_from(first).unwrap_or(u64::MAX);
    let cells: Vec<usize> = shard.cells.iter().copied().collect();
    let mut parts = 0;
    let mut whole = vec![(cells.as_slice(), shard.work)];
    while let Some((cells, work)) = whole.pop() {
        match tail(plan, cells.iter().rev().copied(), work, at, unprepared) {
            Some(first) => {
                let (kept, taken) = cells.split_at(cells.partition_point(|&cell| cell < first));
                let takes: u64 = taken.iter().map(|&cell| plan.column.cells()[cell].work).sum();
                whole.extend([(kept, work - takes), (taken, takes)]);
            }
            None => parts += 1,
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::{ATTEMPTS, Answer, Cell, Lease, State, Time};

    const NEVER: Time = Time(u64::MAX);

    fn needs(target: &str) -> Capability {
        Capability { engine: target.to_owned(), containers: true }
    }

    /// A column of cells that take a second each.
    fn plan(run: u64, priority: i32, target: &str, length: usize) -> Plan {
        let cell = |position: usize| Cell {
            work: 1_000,
            parents: position.checked_sub(1).into_iter().collect(),
            state: State::Open { attempts: 0 },
        };
        let column = Column::new((0..length).map(cell).collect(), ATTEMPTS);
        let target = target.to_owned();
        let needs = needs(&target);
        Plan { run: RunId(run), priority, target, needs, start: 2_000, replay: 100, column }
    }

    fn plans(plans: impl IntoIterator<Item = Plan>) -> BTreeMap<ColumnId, Plan> {
        (0..).map(ColumnId).zip(plans).collect()
    }

    fn free(worker: u64) -> Free {
        let serves = BTreeSet::from([needs("sqlite"), needs("postgres:16")]);
        let (warm, others) = (BTreeSet::new(), serves.clone());
        Free { worker: WorkerId(worker), serves, warm, stands: None, idle: true, others }
    }

    /// The column that a worker takes, or from which it steals, and from where.
    fn takes(free: &Free, plans: &mut BTreeMap<ColumnId, Plan>) -> Option<(u64, Option<usize>)> {
        match choose(free, plans)? {
            Choice::Lease { column, shard } => {
                plans.get_mut(&column)?.column.lease(shard, free.worker, NEVER)?;
                Some((column.0, None))
            }
            Choice::Steal { column, shard, first } => {
                plans.get_mut(&column)?.column.steal(shard, first, free.worker, NEVER)?;
                Some((column.0, Some(first)))
            }
        }
    }

    #[test]
    fn a_pull_request_goes_before_the_nightly_and_runs_share_the_workers() {
        let nightly = || plan(0, 0, "sqlite", 50);
        let mut plans = plans([nightly(), nightly(), plan(1, 0, "sqlite", 50), plan(2, 10, "sqlite", 3)]);
        let taken: Vec<u64> = (0..4).map(|worker| takes(&free(worker), &mut plans).unwrap().0).collect();
        assert_eq!(taken, [3, 0, 2, 1]);
    }

    #[test]
    fn the_tail_of_what_ends_last_is_taken_where_both_end_together() {
        let mut plans = plans([plan(0, 0, "sqlite", 30), plan(0, 0, "sqlite", 60)]);
        assert_eq!(takes(&free(1), &mut plans), Some((1, None)));
        assert_eq!(takes(&free(2), &mut plans), Some((0, None)));
        // 60 cells: 33 stay, 27 and a start of 2 s and 33 revisions to apply go.
        assert_eq!(takes(&free(3), &mut plans), Some((1, Some(33))));
    }

    #[test]
    fn nothing_is_cut_that_is_not_worth_a_start() {
        let mut small = plans([plan(0, 0, "sqlite", 11)]);
        assert_eq!(takes(&free(1), &mut small), Some((0, None)));
        assert_eq!(takes(&free(2), &mut small), None);
        let mut own = plans([plan(0, 0, "sqlite", 90)]);
        assert_eq!(takes(&free(1), &mut own), Some((0, None)));
        assert_eq!(takes(&free(1), &mut own), None, "from itself");
    }

    #[test]
    fn a_worker_goes_where_its_server_is_warm() {
        let mut plans = plans([plan(0, 0, "sqlite", 60), plan(0, 0, "postgres:16", 50)]);
        let warm = Free { warm: BTreeSet::from(["postgres:16".to_owned()]), ..free(1) };
        assert_eq!(takes(&warm, &mut plans), Some((1, None)));
    }

    #[test]
    fn no_worker_gets_what_it_cannot_serve_and_the_run_says_what_it_waits_for() {
        let mut plans = plans([plan(0, 0, "oracle:23", 60)]);
        assert_eq!(takes(&free(1), &mut plans), None);
        assert_eq!(nobody_serves(&plans, RunId(0), &free(1).serves), BTreeSet::from(["oracle:23"]));
        assert_eq!(nobody_serves(&plans, RunId(1), &free(1).serves), BTreeSet::new());
    }

    #[test]
    fn where_it_failed_a_shard_goes_only_when_nobody_else_could_take_it() {
        let mut plans = plans([plan(0, 0, "sqlite", 60)]);
        assert_eq!(takes(&free(1), &mut plans), Some((0, None)));
        let column = &mut plans.get_mut(&ColumnId(0)).unwrap().column;
        column.lose(column.shards()[0].id, "lost");
        assert_eq!(takes(&free(1), &mut plans), None);
        let only = Free { others: BTreeSet::new(), ..free(1) };
        assert_eq!(takes(&only, &mut plans.clone()), Some((0, None)));
        assert_eq!(takes(&free(2), &mut plans), Some((0, None)));
        assert_eq!(takes(&free(3), &mut plans), None, "nobody steals what may be to blame");
    }

    #[test]
    fn what_the_farm_has_failed_at_goes_to_who_does_nothing_else() {
        let mut plans = plans([plan(0, 5, "sqlite", 60), plan(0, 0, "sqlite", 20)]);
        assert_eq!(takes(&free(1), &mut plans), Some((0, None)));
        let column = &mut plans.get_mut(&ColumnId(0)).unwrap().column;
        column.lose(column.shards()[0].id, "lost");
        let busy = Free { idle: false, ..free(2) };
        assert_eq!(takes(&busy, &mut plans.clone()), Some((1, None)));
        assert_eq!(takes(&free(2), &mut plans), Some((0, None)));
    }

    /// How many more workers find something to do, one after the other, and how many there are then.
    fn occupied(plans: &mut BTreeMap<ColumnId, Plan>) -> usize {
        for worker in 100.. {
            if takes(&free(worker), plans).is_none() {
                break;
            }
        }
        plans.values().flat_map(|plan| plan.column.shards()).filter(|shard| shard.holder.is_some()).count()
    }

    /// Chains that differ in all that the planner looks at, with workers that are under way, lost or at nothing yet.
    fn any_plans(rng: &mut fastrand::Rng) -> BTreeMap<ColumnId, Plan> {
        let mut all = BTreeMap::new();
        for id in 0..rng.u64(1..5) {
            let (length, pace) = (rng.usize(1..120), rng.u64(1..1_500));
            let cells = (0..length).map(|position| Cell {
                work: pace + rng.u64(0..pace),
                parents: position.checked_sub(1).into_iter().collect(),
                state: if rng.u8(0..9) == 0 { State::Unasked } else { State::Open { attempts: 0 } },
            });
            let column = Column::new(cells.collect(), ATTEMPTS);
            let (start, replay) = (rng.u64(100..4_000), rng.u64(0..60));
            let plan = plan(rng.u64(0..2), 0, ["sqlite", "postgres:16"][rng.usize(0..2)], 0);
            all.insert(ColumnId(id), Plan { start, replay, column, ..plan });
        }
        for worker in 0..rng.u64(0..6) {
            takes(&free(worker), &mut all);
        }
        for plan in all.values_mut() {
            let column = &mut plan.column;
            for shard in column.shards().to_vec() {
                let Some(holder) = shard.holder else { continue };
                let lease = Lease { shard: shard.id, epoch: shard.epoch, worker: holder.worker };
                let mut cells = shard.cells.into_iter();
                for cell in cells.by_ref().take(rng.usize(0..30)) {
                    assert_eq!(column.accept(&lease, cell), Answer::Accepted);
                }
                let at: BTreeSet<usize> = cells.take(rng.usize(0..3)).collect();
                column.renew(&lease, &at, NEVER);
                if rng.u8(0..4) == 0 {
                    column.lose(shard.id, "lost");
                }
            }
        }
        all
    }

    #[test]
    fn as_many_workers_as_are_counted_find_something_to_do_and_no_more() {
        for seed in 0..300 {
            let mut plans = any_plans(&mut fastrand::Rng::with_seed(seed));
            let counted: usize = plans.values().map(breadth).map(|it| it.shards + it.alone).sum();
            assert_eq!(counted, occupied(&mut plans), "seed {seed}");
        }
    }

    #[test]
    fn what_waits_for_others_is_for_nobody_yet() {
        let mut plans = plans([plan(0, 0, "sqlite", 60)]);
        assert_eq!(takes(&free(1), &mut plans), Some((0, None)));
        let plan = plans.get_mut(&ColumnId(0)).unwrap();
        let shard = plan.column.shards()[0].clone();
        let lease = Lease { shard: shard.id, epoch: shard.epoch, worker: WorkerId(1) };
        plan.column.renew(&lease, &BTreeSet::from([0]), NEVER);
        plan.column.lose(shard.id, "lost");
        // The first cell is tried alone; 59 s of work come after it.
        assert_eq!(breadth(plan), Breadth { shards: 0, alone: 1, work: 1_000 });
    }
}
