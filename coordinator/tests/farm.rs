//! The farm without a database: who gets what, and what is nobody's fault.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use mrt_coordinator::farm::{
    Assignment, Changes, Demand, Ended, Farm, NewColumn, NewRevision, NewRun, Said, Settings, Spoken,
    Weights, Worth,
};
use mrt_coordinator::lease::{Answer, Time, WorkerId};
use mrt_coordinator::plan::{Capability, ColumnId, RunId};
use mrt_report::{Cell, Verdict};

const SETTINGS: Settings = Settings { lease: 30_000, attempts: 3 };
const PATIENCE: u64 = 60_000;

/// A farm, and what was told to its workers last.
struct Scene {
    farm: Farm,
    now: u64,
    changes: Changes,
    held: BTreeMap<u64, Vec<Assignment>>,
}

impl Scene {
    /// A run of so many chains of so many revisions each.
    fn new(columns: usize, length: usize) -> Self {
        let mut farm = Farm::default();
        let mut changes = Changes::default();
        let run = run(columns, length);
        farm.submit(&SETTINGS, Time(0), (RunId(1), ColumnId(1)), &run, &[], &mut changes);
        Self { farm, now: 0, changes, held: BTreeMap::new() }
    }

    /// A worker of so many slots says where it is in each of its shards; how many it holds after that.
    fn heard(&mut self, worker: u64, slots: usize, at: &[usize]) -> usize {
        let orders = self.held.get(&worker).cloned().unwrap_or_default();
        let at: BTreeSet<usize> = at.iter().copied().collect();
        let held = orders.iter().map(|it| (it.column, it.lease, at.clone(), false)).collect();
        let said = Said { serves: [needs()].into(), slots, ..Said::default() };
        let (host, version) = (format!("host{worker}"), String::new());
        let spoken = Spoken { worker: WorkerId(worker), host, version, said, held };
        let orders = self.farm.heard(&SETTINGS, Time(self.now), &spoken, &mut self.changes);
        self.held.insert(worker, orders);
        self.held[&worker].len()
    }

    /// A worker sends the results of all that one of its shards has.
    fn finishes(&mut self, worker: u64, shard: usize) {
        let order = self.held.get_mut(&worker).unwrap().remove(shard);
        for position in order.wire.cells.clone() {
            let (suite, id) = (&order.wire.suite, format!("r{position}"));
            let cell = Cell::untried(suite, "sqlite", &id, "", Verdict::Pass, String::new());
            let place = (order.column, &order.lease);
            let ended = Ended::Cell(Box::new(cell));
            let answer = self.farm.result(place, position as usize, &ended, &mut self.changes);
            assert_eq!(answer, Answer::Accepted);
        }
    }

    fn pass(&mut self, time: u64) {
        self.now += time;
        self.farm.tick(&SETTINGS, Time(self.now), &mut self.changes);
    }

    /// How the cells ended that have their results.
    fn verdicts(&self) -> Vec<Verdict> {
        self.changes.results.iter().map(|(_, _, cell)| cell.verdict).collect()
    }
}

/// So many chains of so many revisions each.
fn run(columns: usize, length: usize) -> NewRun {
    let revision = |position: usize| NewRevision {
        id: format!("r{position}"),
        title: String::new(),
        parents: position.checked_sub(1).into_iter().collect(),
        asked: true,
        skipped: None,
    };
    let column = |number: usize| NewColumn {
        bundle: "0".repeat(64),
        suite: format!("suite{number}"),
        target: "sqlite".to_owned(),
        needs: needs(),
        revisions: (0..length).map(revision).collect(),
    };
    NewRun {
        key: "key".to_owned(),
        columns: (0..columns).map(column).collect(),
        priority: 0,
        patience: PATIENCE,
        options: mrt_proto::v1::CheckOptions::default(),
        labels: BTreeMap::new(),
    }
}

fn needs() -> Capability {
    Capability { engine: "sqlite".to_owned(), containers: false }
}

#[test]
fn what_was_lost_together_is_tried_one_by_one() {
    let mut scene = Scene::new(4, 1);
    assert_eq!(scene.heard(1, 3, &[]), 3);
    scene.heard(1, 3, &[0]);
    scene.pass(SETTINGS.lease);
    // Each of them may have been to blame, and the fourth is not to go with it.
    for _ in 0..4 {
        assert_eq!(scene.heard(2, 4, &[0]), 1);
        assert_eq!(scene.heard(2, 4, &[0]), 1, "and nothing beside it");
        scene.finishes(2, 0);
    }
    scene.pass(1);
    assert_eq!(scene.verdicts(), [Verdict::Pass; 4]);
}

#[test]
fn a_cell_says_how_often_it_was_tried() {
    let mut scene = Scene::new(1, 2);
    // The first takes three workers down, and the second was never begun.
    for worker in 1..=SETTINGS.attempts {
        scene.heard(worker.into(), 1, &[]);
        scene.heard(worker.into(), 1, &[0]);
        scene.pass(SETTINGS.lease);
    }
    let told: Vec<u32> = scene.changes.results.iter().map(|(_, _, cell)| cell.attempts).collect();
    assert_eq!(told, [3, 0]);

    let mut scene = Scene::new(1, 2);
    scene.heard(1, 1, &[]);
    assert!(scene.farm.cancel(RunId(1), &mut scene.changes));
    assert_eq!(scene.verdicts(), [Verdict::Error; 2]);
    assert!(scene.changes.results.iter().all(|(_, _, cell)| cell.attempts == 0));
}

#[test]
fn who_has_least_to_do_makes_room_for_what_is_to_be_tried_alone() {
    let mut scene = Scene::new(6, 1);
    assert_eq!(scene.heard(1, 1, &[]), 1);
    assert_eq!((scene.heard(2, 2, &[]), scene.heard(3, 2, &[])), (2, 2));
    scene.heard(1, 1, &[0]);
    scene.now += SETTINGS.lease / 2;
    scene.heard(2, 2, &[]);
    scene.heard(3, 2, &[]);
    scene.pass(SETTINGS.lease / 2);
    // One more waits, and so does what 1 was lost at.
    scene.finishes(2, 0);
    assert_eq!(scene.heard(2, 2, &[]), 1, "2 makes room");
    scene.finishes(3, 0);
    assert_eq!(scene.heard(3, 2, &[]), 2, "3 need not");
    scene.finishes(2, 0);
    assert_eq!(scene.heard(2, 2, &[]), 1);
    assert_eq!(scene.held[&2][0].wire.suite, "suite0");
}

#[test]
fn whoever_could_not_be_heard_is_not_lost() {
    let mut scene = Scene::new(1, 3);
    scene.heard(1, 1, &[]);
    scene.heard(1, 1, &[0]);
    scene.now += 10 * SETTINGS.lease;
    scene.farm.resume(&SETTINGS, Time(scene.now));
    scene.pass(0);
    assert_eq!((scene.changes.expired, scene.heard(1, 1, &[0])), (0, 1));
    scene.pass(SETTINGS.lease);
    assert_eq!(scene.changes.expired, 1);
}

#[test]
fn nobody_waits_while_somebody_is_at_work_nor_while_nobody_could_come() {
    let mut scene = Scene::new(1, 3);
    scene.heard(1, 1, &[]);
    // It is at work, though it takes nothing new.
    scene.farm.workers.get_mut(&WorkerId(1)).unwrap().said.draining = true;
    scene.pass(SETTINGS.lease - 1);
    assert_eq!(scene.farm.chains[&ColumnId(1)].unserved, None);
    scene.pass(1);
    assert_eq!(scene.farm.chains[&ColumnId(1)].unserved, Some(Time(scene.now)));
    scene.now += 10 * PATIENCE;
    scene.farm.resume(&SETTINGS, Time(scene.now));
    scene.pass(PATIENCE - 1);
    assert_eq!(scene.verdicts(), []);
    scene.pass(1);
    assert_eq!(scene.verdicts(), [Verdict::Error; 3]);
}

/// Of a farm with random runs in it: what there is to do for all workers together.
fn demand(farm: &Farm) -> Demand {
    let mut demand = Demand::default();
    farm.demand().values().for_each(|other| demand.add(other));
    demand
}

#[test]
fn more_work_is_never_worth_fewer_workers_and_none_is_worth_nobody() {
    for seed in 0..40 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let worth = Worth {
            slots: std::num::NonZeroU64::new(rng.u64(1..5)).unwrap(),
            work: [0, 1_000, 60_000][rng.usize(0..3)],
        };
        let mut scene = Scene::new(0, 0);
        assert_eq!(demand(&scene.farm).workers(worth), 0);
        let mut last = 0;
        for id in 2..8 {
            let length = rng.usize(1..100);
            let mut run = run(rng.usize(1..4), length);
            run.key = id.to_string();
            let weight = rng.u64(1..2_000);
            let cells = (0..length).map(|position| (format!("r{position}"), weight)).collect();
            let weights = vec![Weights { cells }; run.columns.len()];
            let name = (RunId(id), ColumnId(10 * id));
            scene.farm.submit(&SETTINGS, Time(0), name, &run, &weights, &mut scene.changes);
            let wanted = demand(&scene.farm).workers(worth);
            assert!(wanted >= last.max(1), "seed {seed}: {wanted} after {last}");
            // Who takes something is wanted from now on.
            for worker in 0..rng.u64(0..4) {
                scene.heard(worker, rng.usize(1..4), &[]);
            }
            let demand = demand(&scene.farm);
            assert!(demand.workers(worth) >= demand.holders.len() as u64, "seed {seed}");
            last = demand.workers(worth);
        }
        for id in 2..8 {
            let before = demand(&scene.farm);
            assert!(before.is_open() && before.workers(worth) > 0, "seed {seed}");
            scene.farm.cancel(RunId(id), &mut scene.changes);
            scene.farm.forget();
        }
        assert_eq!(demand(&scene.farm), Demand::default(), "seed {seed}");
    }
}

#[test]
fn what_is_counted_is_what_is_there() {
    let mut scene = Scene::new(3, 2);
    assert_eq!(scene.heard(1, 2, &[]), 2);
    let Demand { queued, leased, leases, holders, breadth } = demand(&scene.farm);
    assert_eq!((queued, leased, leases, holders.len()), (2, 4, 2, 1));
    assert_eq!((breadth.shards, breadth.alone, breadth.work), (3, 0, 6 * 250));
    scene.finishes(1, 0);
    let Demand { queued, leased, leases, .. } = demand(&scene.farm);
    assert_eq!((queued, leased, leases), (2, 2, 1));
    assert_eq!(scene.farm.demand().into_keys().collect::<Vec<_>>(), [needs()]);
}
