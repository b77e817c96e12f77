//! What is written down is what the farm is: random worlds, read back after each turn.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use mrt_coordinator::farm::{
    Assignment, Changes, Ended, Farm, NewColumn, NewRevision, NewRun, Said, Settings, Spoken, Weights,
};
use mrt_coordinator::lease::{Answer, Time, WorkerId};
use mrt_coordinator::plan::{Capability, ColumnId, RunId};
use mrt_coordinator::store::{Bundles, Happened, Seen, Store, Turn, Upload, UploadError};
use mrt_proto::v1;
use mrt_report::{Cell, Verdict};
use sqlx::{AnyConnection, Connection as _, Executor as _};

const SETTINGS: Settings = Settings { lease: 60_000, attempts: 3 };
const TURNS: usize = 120;

fn run(rng: &mut Rng, key: String) -> NewRun {
    let column = |number: usize, rng: &mut Rng| NewColumn {
        bundle: "0".repeat(64),
        suite: format!("suite{number}"),
        target: "sqlite".to_owned(),
        needs: Capability { engine: "sqlite".to_owned(), containers: rng.u8(0..8) == 0 },
        revisions: (0..rng.usize(1..12)).map(|position| revision(position, number, rng)).collect(),
    };
    NewRun {
        key,
        columns: (0..rng.usize(1..4)).map(|number| column(number, rng)).collect(),
        priority: rng.i32(-2..3),
        patience: 3_600_000,
        options: v1::CheckOptions {
            seed_all: rng.bool(),
            today: "2026-11-26".to_owned(),
            timeout_ms: rng.u64(0..9_000),
            settings: ["", "ci.toml"][rng.usize(0..2)].to_owned(),
        },
        labels: BTreeMap::from([("branch".to_owned(), "main".to_owned())]),
    }
}

fn revision(position: usize, suite: usize, rng: &mut Rng) -> NewRevision {
    let id = format!("r{position}");
    let left_out = position > 0 && rng.u8(0..8) == 0;
    let skipped = left_out.then(|| {
        Cell::untried(&format!("suite{suite}"), "sqlite", &id, "", Verdict::Skip, "slow".to_owned())
    });
    NewRevision {
        title: format!("title of {id}"),
        parents: position.checked_sub(1).into_iter().collect(),
        asked: skipped.is_none() && (position == 0 || rng.u8(0..8) != 0),
        id,
        skipped,
    }
}

/// Does one thing to the farm that a coordinator does.
fn act(
    rng: &mut Rng,
    turn: &mut Turn,
    farm: &mut Farm,
    held: &mut BTreeMap<u64, Vec<Assignment>>,
) -> (Changes, BTreeMap<RunId, NewRun>) {
    let (mut changes, mut new) = (Changes::default(), BTreeMap::new());
    farm.tick(&SETTINGS, turn.now, &mut changes);
    let worker = rng.u64(1..4);
    match rng.u8(0..12) {
        0..2 if farm.runs.len() < 3 => {
            let run = run(rng, format!("key {}", turn.next_run.0));
            let (id, first) = (turn.next_run, turn.next_column);
            (turn.next_run, turn.next_column) =
                (RunId(id.0 + 1), ColumnId(first.0 + run.columns.len() as u64));
            let weights = vec![Weights::default(); run.columns.len()];
            farm.submit(&SETTINGS, turn.now, (id, first), &run, &weights, &mut changes);
            new.insert(id, run);
        }
        2 if rng.u8(0..8) == 0 => {
            if let Some(id) = farm.runs.keys().next().copied() {
                assert!(farm.cancel(id, &mut changes));
            }
        }
        3 => {
            let lost = farm
                .plans
                .iter_mut()
                .find_map(|(id, plan)| Some((*id, plan.column.shards().first()?.clone())));
            if let Some((id, shard)) = lost.filter(|(_, shard)| shard.holder.is_some()) {
                let held = shard.holder.as_ref().unwrap();
                let lease = mrt_coordinator::lease::Lease {
                    shard: shard.id,
                    epoch: shard.epoch,
                    worker: held.worker,
                };
                let failure = v1::Failure { causes: vec!["no room".to_owned()], usage: false };
                assert_eq!(
                    farm.failed((id, &lease), &failure, rng.u8(0..9) == 0, &mut changes),
                    Answer::Accepted
                );
            }
        }
        4..9 => {
            let orders = held.get(&worker).cloned().unwrap_or_default();
            let Some(order) = orders.first() else { return (changes, new) };
            let Some(plan) = farm.plans.get(&order.column) else { return (changes, new) };
            let cells = order.wire.cells.clone();
            let position = cells[rng.usize(0..cells.len())] as usize;
            let (suite, id) = (order.wire.suite.clone(), format!("r{position}"));
            let ended = match rng.u8(0..6) {
                0 => Ended::Infrastructure("the disk is full".to_owned()),
                1 => Ended::Cell(Box::new(Cell::untried(
                    "other",
                    "sqlite",
                    &id,
                    "",
                    Verdict::Pass,
                    String::new(),
                ))),
                _ => Ended::Cell(Box::new(Cell::untried(
                    &suite,
                    &plan.target,
                    &id,
                    "",
                    Verdict::Pass,
                    String::new(),
                ))),
            };
            farm.result((order.column, &order.lease), position, &ended, &mut changes);
        }
        _ => {
            let needs = |containers| Capability { engine: "sqlite".to_owned(), containers };
            let serves = if worker == 1 { vec![needs(false), needs(true)] } else { vec![needs(false)] };
            let said = Said { serves: serves.into_iter().collect(), slots: 2, ..Said::default() };
            let at = |cells: &[u32], rng: &mut Rng| -> BTreeSet<usize> {
                cells.iter().filter(|_| rng.u8(0..3) == 0).map(|cell| *cell as usize).collect()
            };
            let orders = held.get(&worker).cloned().unwrap_or_default();
            let told =
                orders.iter().map(|it| (it.column, it.lease, at(&it.wire.cells, rng), rng.u8(0..9) == 0));
            let spoken = Spoken {
                worker: WorkerId(worker),
                host: format!("host{worker}"),
                version: "1".to_owned(),
                said,
                held: told.collect(),
            };
            let orders = farm.heard(&SETTINGS, turn.now, &spoken, &mut changes);
            held.insert(worker, orders);
        }
    }
    (changes, new)
}

async fn with_bundle(store: &Store) {
    let digest = mrt_bundle::Digest::parse(&"0".repeat(64)).unwrap();
    Upload::new(store, 0).keep(digest).await.unwrap();
}

#[tokio::test]
async fn what_is_written_is_what_the_farm_is_also_for_who_reads_along() {
    for place in support::places().await {
        for seed in 0..12 {
            let mut rng = Rng::with_seed(seed);
            let store = Store::open(&place.url).await.unwrap();
            with_bundle(&store).await;
            let (mut farm, mut seen) = (Farm::default(), Seen::default());
            let (mut other, mut other_seen) = (Farm::default(), Seen::default());
            let mut held = BTreeMap::new();
            for number in 0..TURNS {
                let context = format!("seed {seed}, turn {number}, {}", store.name());
                let mut turn = store.turn().await.unwrap();
                turn.load(&SETTINGS, &mut farm, seen).await.unwrap();
                let (changes, new) = act(&mut rng, &mut turn, &mut farm, &mut held);
                turn.save(&farm, &changes, &new).await.unwrap();
                seen = Seen(turn.change);
                turn.commit().await.unwrap();
                farm.forget();

                // Who begins now reads the same; who has read along does, too, however seldom.
                let mut turn = store.turn().await.unwrap();
                let mut fresh = Farm::default();
                turn.load(&SETTINGS, &mut fresh, Seen::default()).await.unwrap();
                assert_eq!(state(&fresh), state(&farm), "{context}");
                if rng.u8(0..3) == 0 {
                    turn.load(&SETTINGS, &mut other, other_seen).await.unwrap();
                    assert_eq!(state(&other), state(&farm), "{context}");
                    other_seen = Seen(turn.change);
                }
                turn.commit().await.unwrap();
            }
            complete(&store).await;
        }
    }
}

/// What has to be the same: what workers say of warm servers is not written down.
fn state(farm: &Farm) -> impl PartialEq + std::fmt::Debug + '_ {
    (&farm.runs, &farm.plans, &farm.chains)
}

/// Events are numbered without a hole, and every cell of a run that has ended is told exactly once.
async fn complete(store: &Store) {
    for run in store.runs(1_000).await.unwrap() {
        let events = store.events(run.id, 0, 100_000).await.unwrap();
        let numbers: Vec<u64> = events.iter().map(|it| it.event.number).collect();
        assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>());
        let finished = |it: &&Happened| matches!(it.event.event, Some(v1::run_event::Event::Finished(_)));
        let count = events.iter().filter(finished).count() as u64;
        assert_eq!(events.iter().filter(|it| it.finished.is_some()).count() as u64, count);
        assert_eq!(count, run.done);
        let told = store.report(run.id).await.unwrap();
        assert_eq!(told.columns.iter().map(Vec::len).sum::<usize>() as u64, run.done);
        let ended = matches!(events.last().unwrap().event.event, Some(v1::run_event::Event::Ended(_)));
        assert_eq!((ended, ended && run.done != run.cells), (run.ended, false));
    }
}

#[tokio::test]
async fn a_turn_that_is_not_committed_leaves_nothing() {
    for place in support::places().await {
        let store = Store::open(&place.url).await.unwrap();
        let mut turn = store.turn().await.unwrap();
        let (mut farm, mut changes) = (Farm::default(), Changes::default());
        let run = run(&mut Rng::with_seed(1), "key".to_owned());
        farm.submit(&SETTINGS, turn.now, (RunId(1), ColumnId(1)), &run, &[], &mut changes);
        turn.save(&farm, &changes, &BTreeMap::from([(RunId(1), run)])).await.unwrap();
        drop(turn);
        let mut turn = store.turn().await.unwrap();
        assert!(!turn.exists(RunId(1)).await.unwrap());
        assert_eq!(turn.submitted("key").await.unwrap(), None);
    }
}

#[tokio::test]
async fn bundles_come_back_as_they_went_and_go_when_nobody_needs_them() {
    for place in support::places().await {
        let store = Store::open(&place.url).await.unwrap();
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        let digest = |digit: &str| mrt_bundle::Digest::parse(&digit.repeat(64)).unwrap();
        for name in ["1", "2"] {
            let mut upload = Upload::new(&store, 6_000_000);
            for part in bytes.chunks(700_001) {
                upload.add(part).await.unwrap();
            }
            upload.keep(digest(name)).await.unwrap();
        }
        let mut back = Vec::new();
        for part in 0.. {
            let Some(data) = store.bundle_part(digest("1"), part).await.unwrap() else { break };
            back.extend(data);
        }
        assert!(back == bytes);
        assert_eq!(store.bundle_bytes().await.unwrap(), 6_000_000);
        // One is needed by an open run; of the others as many go as it takes.
        let mut turn = store.turn().await.unwrap();
        let (mut farm, mut changes) = (Farm::default(), Changes::default());
        let mut run = run(&mut Rng::with_seed(1), "key".to_owned());
        run.columns.iter_mut().for_each(|column| column.bundle = "1".repeat(64));
        farm.submit(&SETTINGS, turn.now, (RunId(1), ColumnId(1)), &run, &[], &mut changes);
        turn.save(&farm, &changes, &BTreeMap::from([(RunId(1), run)])).await.unwrap();
        turn.collect(turn.now, Bundles { bytes: 6_000_000, keep: 1_000_000 }).await.unwrap();
        turn.commit().await.unwrap();
        assert_eq!(store.bundle_bytes().await.unwrap(), 6_000_000);
        let mut turn = store.turn().await.unwrap();
        turn.collect(turn.now, Bundles { bytes: 1, keep: 1_000_000 }).await.unwrap();
        turn.commit().await.unwrap();
        assert_eq!(store.bundle_bytes().await.unwrap(), 3_000_000);
        assert_eq!(store.bundle_size(digest("1")).await.unwrap(), Some(3_000_000));
    }
}

#[tokio::test]
async fn a_bundle_of_which_parts_are_gone_is_not_kept() {
    for place in support::places().await {
        let store = Store::open(&place.url).await.unwrap();
        let digest = mrt_bundle::Digest::parse(&"1".repeat(64)).unwrap();
        let mut upload = Upload::new(&store, u64::MAX);
        upload.add(&vec![0; 2_000_000]).await.unwrap();
        // As they are removed when an upload takes longer than an hour.
        let mut other = AnyConnection::connect(&place.url).await.unwrap();
        other.execute("DELETE FROM parts").await.unwrap();
        let error = upload.keep(digest).await.unwrap_err();
        assert!(matches!(error, UploadError::Lost { expected: 2, found: 1 }), "{error}");
        assert_eq!(store.bundle_size(digest).await.unwrap(), None);
    }
}

/// A run of one column with two revisions, of which a worker has checked the first in so many milliseconds.
async fn half_checked(store: &Store, farm: &mut Farm, duration_ms: u64) -> NewColumn {
    let mut turn = store.turn().await.unwrap();
    let mut changes = Changes::default();
    let mut run = run(&mut Rng::with_seed(1), "key".to_owned());
    run.columns.truncate(1);
    let column = &mut run.columns[0];
    column.needs.containers = false;
    let mut rng = Rng::with_seed(2);
    column.revisions = (0..2).map(|position| revision(position, 0, &mut rng)).collect();
    column.revisions.iter_mut().for_each(|it| (it.asked, it.skipped) = (true, None));
    let column = column.clone();
    (turn.next_run, turn.next_column) = (RunId(2), ColumnId(2));
    farm.submit(&SETTINGS, turn.now, (RunId(1), ColumnId(1)), &run, &[], &mut changes);
    let said = Said { serves: [column.needs.clone()].into(), slots: 1, ..Said::default() };
    let (host, version) = ("host".to_owned(), "1".to_owned());
    let spoken = Spoken { worker: WorkerId(1), host, version, said, held: Vec::new() };
    let order = farm.heard(&SETTINGS, turn.now, &spoken, &mut changes).remove(0);
    let cell = Cell::untried(&column.suite, &column.target, "r0", "", Verdict::Pass, String::new());
    let ended = Ended::Cell(Box::new(Cell { duration_ms, ..cell }));
    let answer = farm.result((order.column, &order.lease), 0, &ended, &mut changes);
    assert_eq!(answer, Answer::Accepted);
    assert!(farm.cancel(RunId(1), &mut changes));
    turn.save(farm, &changes, &BTreeMap::from([(RunId(1), run)])).await.unwrap();
    turn.commit().await.unwrap();
    column
}

#[tokio::test]
async fn how_long_a_cell_took_is_what_it_weighs_next_time() {
    for place in support::places().await {
        let store = Store::open(&place.url).await.unwrap();
        let column = half_checked(&store, &mut Farm::default(), 700).await;
        let mut turn = store.turn().await.unwrap();
        let weights = turn.weights(&column).await.unwrap();
        // The other was never tried.
        assert_eq!(weights.cells, BTreeMap::from([("r0".to_owned(), 700)]));
        let (mut farm, mut changes) = (Farm::default(), Changes::default());
        let run = NewRun { columns: vec![column], ..run(&mut Rng::with_seed(1), "other".to_owned()) };
        farm.submit(&SETTINGS, turn.now, (RunId(2), ColumnId(2)), &run, &[weights], &mut changes);
        let works: Vec<u64> = farm.plans[&ColumnId(2)].column.cells().iter().map(|cell| cell.work).collect();
        assert_eq!(works, [700, 700], "what is new weighs what is usual here");
    }
}

#[tokio::test]
async fn runs_that_have_ended_are_kept_for_a_while() {
    for place in support::places().await {
        let store = Store::open(&place.url).await.unwrap();
        half_checked(&store, &mut Farm::default(), 700).await;
        let bundles = Bundles { bytes: u64::MAX, keep: 1_000_000 };
        let mut turn = store.turn().await.unwrap();
        turn.collect(Time(turn.now.0 - 1_000_000), bundles).await.unwrap();
        turn.commit().await.unwrap();
        assert_eq!(store.runs(10).await.unwrap().len(), 1);
        assert_eq!(store.report(RunId(1)).await.unwrap().columns[0].len(), 2);
        let mut turn = store.turn().await.unwrap();
        turn.collect(Time(turn.now.0 + 1), bundles).await.unwrap();
        turn.commit().await.unwrap();
        assert_eq!(store.runs(10).await.unwrap(), []);
        assert_eq!(store.report(RunId(1)).await.unwrap().columns.len(), 0);
        assert_eq!(store.events(RunId(1), 0, 10).await.unwrap(), []);
    }
}

#[tokio::test]
async fn runs_are_removed_some_at_a_time() {
    for place in support::places().await {
        let store = Store::open(&place.url).await.unwrap();
        let mut turn = store.turn().await.unwrap();
        let (mut farm, mut changes, mut new) = (Farm::default(), Changes::default(), BTreeMap::new());
        for number in 1..=25 {
            let id = RunId(number);
            let mut run = run(&mut Rng::with_seed(1), format!("key {number}"));
            run.columns.truncate(1);
            farm.submit(&SETTINGS, turn.now, (id, ColumnId(number)), &run, &[], &mut changes);
            assert!(farm.cancel(id, &mut changes));
            new.insert(id, run);
        }
        turn.save(&farm, &changes, &new).await.unwrap();
        let bundles = Bundles { bytes: u64::MAX, keep: 1_000_000 };
        let after = Time(turn.now.0 + 1);
        turn.collect(after, bundles).await.unwrap();
        turn.commit().await.unwrap();
        let left: Vec<u64> = store.runs(100).await.unwrap().iter().map(|run| run.id.0).collect();
        assert_eq!(left, [25, 24, 23, 22, 21], "those that have ended first go first");
        let mut turn = store.turn().await.unwrap();
        turn.collect(after, bundles).await.unwrap();
        turn.commit().await.unwrap();
        assert_eq!(store.runs(100).await.unwrap(), []);
    }
}

#[tokio::test]
async fn what_a_database_ends_by_itself_stops_nobody_afterwards() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", directory.path().join("state.db").display());
    let store = Store::open(&url).await.unwrap();
    // As when the disk is full, the transaction has ended when its statement fails.
    let mut other = AnyConnection::connect(&url).await.unwrap();
    let full = "CREATE TRIGGER full BEFORE UPDATE ON state BEGIN SELECT RAISE(ROLLBACK, 'full'); END";
    other.execute(full).await.unwrap();
    for _ in 0..20 {
        assert!(store.turn().await.is_err());
    }
    other.execute("DROP TRIGGER full").await.unwrap();
    for _ in 0..20 {
        store.turn().await.unwrap().commit().await.unwrap();
    }
}
