//! What a free worker does next: pure, from what there is.
//!
//! A run's columns begin as one shard each, and are cut only when somebody is free and nothing waits: the free worker
//! takes over the tail of the shard that would end last. So there are as many pieces as workers, whoever comes and goes,
//! and none is shorter than what it costs to start on it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::lease::{Column, Shard, ShardId, WorkerId};

/// A shard below so many server starts is not worth one (DESIGN, section 6).
const STARTS: u64 = 3;

/// A column, over all runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ColumnId(pub u64);

/// A run, in the order in which they were submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(pub u64);

/// What is known of a column beside its leases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its run.
    pub run: RunId,
    /// Higher goes first.
    pub priority: i32,
    /// What a worker has to serve: `postgres:16`.
    pub target: String,
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
    /// Targets that it serves.
    pub serves: BTreeSet<String>,
    /// Targets of which it has a server running.
    pub warm: BTreeSet<String>,
    /// Where it has the state after a revision: the column, and the revision's position.
    pub stands: Option<(ColumnId, usize)>,
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
pub fn choose(free: &Free, plans: &BTreeMap<ColumnId, Plan>) -> Option<Choice> {
    let mut workers: BTreeMap<RunId, usize> = BTreeMap::new();
    for plan in plans.values() {
        let held = plan.column.shards().iter().filter(|shard| shard.holder.is_some()).count();
        *workers.entry(plan.run).or_default() += held;
    }
    let served = || plans.iter().filter(|(_, plan)| free.serves.contains(&plan.target));
    let urgency = |plan: &Plan| (Reverse(plan.priority), workers.get(&plan.run).copied(), plan.run);

    let waiting = served().flat_map(|(id, plan)| {
        plan.column
            .shards()
            .iter()
            .filter(|shard| plan.column.waits(shard))
            .map(move |shard| (*id, plan, shard))
    });
    let best = waiting.min_by_key(|(id, plan, shard)| {
        let elsewhere = shard.avoid == Some(free.worker);
        (
            elsewhere,
            urgency(plan),
            overhead(free, *id, plan, shard.cells.first().copied()),
            Reverse(shard.work),
            *id,
        )
    });
    if let Some((column, _, shard)) = best {
        return Some(Choice::Lease { column, shard: shard.id });
    }
    let held = served().flat_map(|(id, plan)| {
        let shards = plan.column.shards().iter().filter(|shard| {
            shard.work >= 2 * least(plan)
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

/// What a run waits for, when nobody works for it and nobody can.
pub fn nobody_serves<'a>(
    plans: &'a BTreeMap<ColumnId, Plan>,
    run: RunId,
    served: &BTreeSet<String>,
) -> BTreeSet<&'a str> {
    let open = plans.values().filter(|plan| plan.run == run && !plan.column.is_finished());
    open.map(|plan| plan.target.as_str()).filter(|target| !served.contains(*target)).collect()
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
    let cells = plan.column.cells();
    let mut tail = 0;
    let mut first = None;
    for &cell in shard.cells.iter().rev() {
        tail += cells[cell].work;
        let left = shard.work - tail;
        if at.contains(&cell) || left < least(plan) {
            break;
        }
        if tail >= least(plan) {
            first = Some(cell);
        }
        if tail + overhead(free, id, plan, Some(cell)) >= left {
            break;
        }
    }
    first
}
