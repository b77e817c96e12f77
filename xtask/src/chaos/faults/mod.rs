//! The faults: a table, and a function for each that makes it happen and shows that it has.

mod coordinators;
mod lines;
mod machines;
mod workers;

use std::future::Future;
use std::pin::Pin;

use super::scene::{Scene, Struck};
use super::setting::{Gate, Lines, Setting, State};
use crate::process::Problem;

/// What makes a fault happen.
type Act = for<'a> fn(&'a mut Scene) -> Pin<Box<dyn Future<Output = Result<Struck, Problem>> + 'a>>;

/// Something that can happen to a farm.
pub(super) struct Fault {
    pub(super) name: &'static str,
    pub(super) setting: Setting,
    pub(super) act: Act,
}

/// Clocks that are wrong from the start.
const WRONG: &[(&str, i64)] = &[("worker-1", machines::MUCH), ("worker-2", -machines::MUCH)];

/// All of them. To add one, add an entry.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "none",
        setting: Setting { is_free: true, ..Setting::QUICK },
        act: |scene| Box::pin(workers::undisturbed(scene)),
    },
    Fault { name: "worker-killed", setting: Setting::QUICK, act: |scene| Box::pin(workers::killed(scene)) },
    Fault {
        name: "worker-killed-unacknowledged",
        setting: Setting { lines: Lines::Own, ..Setting::QUICK },
        act: |scene| Box::pin(workers::killed_unacknowledged(scene)),
    },
    Fault { name: "worker-stopped", setting: Setting::QUICK, act: |scene| Box::pin(workers::stopped(scene)) },
    Fault {
        name: "worker-drained",
        setting: Setting { is_free: true, ..Setting::QUICK },
        act: |scene| Box::pin(workers::drained(scene)),
    },
    Fault {
        name: "deadly-revision",
        setting: Setting { gate: Gate::Deadly, ..Setting::ORDINARY },
        act: |scene| Box::pin(workers::met_a_deadly_revision(scene)),
    },
    Fault {
        name: "workers-gone",
        setting: Setting::ORDINARY,
        act: |scene| Box::pin(workers::all_gone(scene)),
    },
    Fault {
        name: "worker-outdated",
        setting: Setting { is_free: true, ..Setting::QUICK },
        act: |scene| Box::pin(lines::outdated(scene)),
    },
    Fault {
        name: "coordinator-killed-sqlite",
        setting: Setting::QUICK,
        act: |scene| Box::pin(coordinators::killed(scene)),
    },
    Fault {
        name: "coordinator-killed-postgres",
        setting: Setting { state: State::Server, ..Setting::ORDINARY },
        act: |scene| Box::pin(coordinators::killed(scene)),
    },
    Fault {
        name: "replica-killed",
        setting: Setting { state: State::Server, coordinators: 2, ..Setting::ORDINARY },
        act: |scene| Box::pin(coordinators::replica_killed(scene)),
    },
    Fault {
        name: "state-server-restarted",
        setting: Setting { state: State::Server, ..Setting::ORDINARY },
        act: |scene| Box::pin(coordinators::server_restarted(scene)),
    },
    Fault {
        name: "state-disk-full",
        setting: Setting { state: State::SmallDisk, ..Setting::ORDINARY },
        act: |scene| Box::pin(coordinators::disk_full(scene)),
    },
    Fault {
        name: "acknowledgement-lost",
        setting: Setting { lines: Lines::Own, is_free: true, ..Setting::QUICK },
        act: |scene| Box::pin(lines::unacknowledged(scene)),
    },
    Fault {
        name: "partition",
        setting: Setting { lines: Lines::Own, ..Setting::QUICK },
        act: |scene| Box::pin(lines::partitioned(scene)),
    },
    Fault {
        name: "torn-streams",
        setting: Setting { lines: Lines::Own, ..Setting::QUICK },
        act: |scene| Box::pin(lines::torn(scene)),
    },
    Fault {
        name: "clocks-wrong",
        setting: Setting { clocks: Some(WRONG), is_free: true, ..Setting::ORDINARY },
        act: |scene| Box::pin(machines::clocks_wrong(scene)),
    },
    Fault {
        name: "clock-jumps",
        setting: Setting { clocks: Some(&[]), lines: Lines::Own, ..Setting::ORDINARY },
        act: |scene| Box::pin(machines::clock_jumps(scene)),
    },
    Fault {
        name: "engine-restarted",
        setting: Setting { has_engine: true, ..Setting::ORDINARY },
        act: |scene| Box::pin(machines::engine_restarted(scene)),
    },
    Fault {
        name: "database-killed",
        setting: Setting::ORDINARY,
        act: |scene| Box::pin(machines::database_killed(scene)),
    },
];
