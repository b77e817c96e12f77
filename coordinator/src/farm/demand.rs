//! How much there is to do, and how many workers that is worth.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;

use super::Farm;
use crate::lease::WorkerId;
use crate::plan::{Breadth, Capability, Plan, breadth};

/// What there is to do, by what it needs of a worker.
pub type Demands = BTreeMap<Capability, Demand>;

/// What there is to do for workers of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Demand {
    /// Cells that nobody checks yet.
    pub queued: u64,
    /// Cells that a worker has on its list.
    pub leased: u64,
    /// Shards that have a holder.
    pub leases: u64,
    /// Who holds them.
    pub holders: BTreeSet<WorkerId>,
    /// How much of it can be done now, and by how many side by side.
    pub breadth: Breadth,
}

/// What a worker has to find to be worth its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worth {
    /// How many shards it holds at most.
    pub slots: NonZeroU64,
    /// Expected work for each of them, in milliseconds; with 0 whatever the planner would give it is enough.
    pub work: u64,
}

impl Farm {
    /// What there is to do, by what it needs of a worker.
    pub fn demand(&self) -> Demands {
        let mut all = Demands::new();
        for plan in self.plans.values().filter(|plan| !plan.column.is_finished()) {
            match all.get_mut(&plan.needs) {
                Some(demand) => demand.add(&Demand::of(plan)),
                None => drop(all.insert(plan.needs.clone(), Demand::of(plan))),
            }
        }
        all
    }
}

impl Demand {
    fn of(plan: &Plan) -> Self {
        let mut demand = Self { breadth: breadth(plan), ..Self::default() };
        for shard in plan.column.shards() {
            let cells = shard.cells.len() as u64;
            match &shard.holder {
                Some(holder) => {
                    demand.leased += cells;
                    demand.leases += 1;
                    demand.holders.insert(holder.worker);
                }
                None => demand.queued += cells,
            }
        }
        demand
    }

    /// Takes in what there is to do for workers of another kind, which are of this one, too.
    pub fn add(&mut self, other: &Self) {
        self.queued += other.queued;
        self.leased += other.leased;
        self.leases += other.leases;
        self.holders.extend(&other.holders);
        self.breadth.shards += other.breadth.shards;
        self.breadth.alone += other.breadth.alone;
        self.breadth.work += other.breadth.work;
    }

    /// Whether somebody has something to do or would have.
    pub fn is_open(&self) -> bool {
        self.queued + self.leased > 0
    }

    /// How many workers are wanted: as many as would find something to do, fewer where that would not be worth a start, and
    /// never fewer than hold something.
    pub fn workers(&self, worth: Worth) -> u64 {
        if !self.is_open() {
            return 0;
        }
        let Breadth { shards, alone, work } = self.breadth;
        let find_something = (shards as u64).div_ceil(worth.slots.get()) + alone as u64;
        let worth_it = work.checked_div(worth.slots.get().saturating_mul(worth.work)).unwrap_or(u64::MAX);
        find_something.min(worth_it).max(self.holders.len() as u64).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(shards: usize, alone: usize, work: u64) -> Demand {
        Demand { queued: 1, breadth: Breadth { shards, alone, work }, ..Demand::default() }
    }

    fn worth(slots: u64, work: u64) -> Worth {
        Worth { slots: NonZeroU64::new(slots).unwrap(), work }
    }

    #[test]
    fn nobody_is_wanted_where_nothing_is_to_be_done() {
        assert_eq!(Demand::default().workers(worth(1, 0)), 0);
        assert_eq!(demand(1, 0, 1).workers(worth(8, 60_000)), 1, "a little work is somebody's, too");
    }

    #[test]
    fn a_worker_takes_as_many_shards_as_it_has_slots_and_what_is_to_be_alone_alone() {
        assert_eq!(demand(9, 0, 0).workers(worth(1, 0)), 9);
        assert_eq!(demand(9, 0, 0).workers(worth(4, 0)), 3);
        assert_eq!(demand(9, 2, 0).workers(worth(4, 0)), 5);
    }

    #[test]
    fn a_further_worker_has_to_be_worth_its_start() {
        // 200 small chains: three minutes of work.
        let small = demand(200, 0, 180_000);
        assert_eq!(small.workers(worth(1, 60_000)), 3);
        assert_eq!(small.workers(worth(2, 60_000)), 1);
        assert_eq!(small.workers(worth(1, 0)), 200);
        // A long one that cannot be cut.
        assert_eq!(demand(1, 0, 3_600_000).workers(worth(1, 60_000)), 1);
    }

    #[test]
    fn who_holds_something_is_wanted() {
        let mut held = Demand { leased: 4, leases: 4, queued: 0, ..demand(4, 0, 4_000) };
        held.holders.extend([1, 2, 3].map(WorkerId));
        assert_eq!(held.workers(worth(4, 60_000)), 3);
        // On two engines it is one worker.
        let other = held.clone();
        held.add(&other);
        assert_eq!((held.leases, held.workers(worth(4, 60_000))), (8, 3));
    }

    #[test]
    fn no_number_is_too_large() {
        let most = Worth { slots: NonZeroU64::MAX, work: u64::MAX };
        assert_eq!(demand(usize::MAX, 0, u64::MAX).workers(most), 1);
    }
}
