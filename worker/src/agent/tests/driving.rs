//! A worker and its coordinator, while both want to go on.

use std::collections::BTreeSet;

use mrt_chain::settings::EngineKind;
use mrt_ops::prometheus_client::encoding::text::encode;
use mrt_ops::prometheus_client::registry::Registry;
use mrt_proto::v1::cell_result::Outcome;
use mrt_proto::v1::shard_note::Note;
use mrt_proto::v1::worker_message::Message;
use tonic::{Code, Status};

use super::coordinator::LEASE;
use super::*;
use crate::run::{UnitEvent, lacks};

fn measured(metrics: &Metrics) -> String {
    let (mut registry, mut text) = (Registry::default(), String::new());
    metrics.register(&mut registry);
    encode(&mut text, &registry).unwrap();
    text
}

#[tokio::test(start_paused = true)]
async fn an_assignment_is_checked_and_its_results_are_sent() {
    let mut play = Play::begin();
    let mut ready = play.metrics.ready();
    let mut visit = play.coordinator.visit().await;
    let v1::Hello { protocol, version, worker, host } = &visit.hello;
    assert_eq!(*protocol, mrt_proto::PROTOCOL);
    assert!(!version.is_empty() && !host.is_empty());
    assert!(worker.len() == 16 && u64::from_str_radix(worker, 16).is_ok(), "{worker}");
    assert!(!*ready.borrow());
    visit.welcome();
    let state = visit.state().await;
    // Each engine that has a server in two ways, but for those that a library is missing for.
    let ways = |engine: EngineKind| if engine.has_server() { &[false, true][..] } else { &[false] };
    let served =
        |engine| ways(engine).iter().filter(|containers| lacks(engine, **containers).is_none()).count();
    let ways: usize = EngineKind::ALL.into_iter().map(served).sum();
    assert_eq!((state.slots, state.serves.len(), state.held.len()), (2, ways, 0));
    assert!(*soon("readiness", ready.wait_for(|ready| *ready)).await.unwrap());

    let orders = [assignment(1, &[1, 2])];
    visit.order(&orders);
    let checking = play.bench.next().await;
    assert_eq!(checking.cells(), BTreeSet::from([1, 2]));
    checking.tell(UnitEvent::Preparing("starting sqlite".to_owned()));
    let note = visit.until(&orders, |message| match message {
        Message::Note(note) => Some(note.clone()),
        _ => None,
    });
    let note = note.await;
    assert_eq!(note.note, Some(Note::Preparing("starting sqlite".to_owned())));
    assert_eq!(note.lease, Some(lease(1)));

    checking.at(&[0, 1]);
    let state = visit.until_state(&orders, |state| !state.held[0].at.is_empty()).await;
    assert_eq!(state.held[0].at, [0, 1]);
    visit.order(&orders);
    checking.finish(1);
    let first = visit.until_result(&orders).await;
    assert_eq!((first.position, first.lease), (1, Some(lease(1))));
    let Some(Outcome::Cell(text)) = &first.outcome else { panic!("{:?}", first.outcome) };
    assert_eq!(serde_json::from_slice::<mrt_report::Cell>(text).unwrap(), station::cell(1));
    checking.fail(2, "the disk is full");
    let second = visit.until_result(&orders).await;
    assert_eq!((second.position, second.sequence), (2, first.sequence + 1));
    assert_eq!(second.outcome, Some(Outcome::Infrastructure("the disk is full".to_owned())));
    play.bench.warm.lock().unwrap().push("postgres:16".to_owned());
    checking.end(Ok(()));

    // It is held until both are acknowledged.
    visit.take(first.sequence);
    let state = visit.until_state(&orders, |state| !state.warm.is_empty()).await;
    assert_eq!((state.held.len(), state.warm), (1, vec!["postgres:16".to_owned()]));
    visit.order(&orders);
    visit.take(second.sequence);
    visit.until_state(&orders, |state| state.held.is_empty()).await;
    assert!(play.bench.is_idle().await);

    let text = measured(&play.metrics);
    for line in [
        "mrt_worker_cells_total{verdict=\"pass\"} 1",
        "mrt_worker_cell_seconds_sum 1.5",
        "mrt_worker_infrastructure_failures_total 1",
        "mrt_worker_leases 0",
        "mrt_worker_outbox 0",
        "mrt_worker_connected 1",
        "mrt_worker_fenced_total 0",
        "mrt_worker_server_start_seconds_count 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_comes_back_by_its_name_and_sends_again_what_may_be_lost() {
    let mut play = Play::begin();
    let (mut visit, checking) = play.first_unit(&[1, 2]).await;
    let orders = [assignment(1, &[1, 2])];
    let name = visit.hello.worker.clone();
    checking.finish(1);
    let sent = visit.until_result(&orders).await;
    visit.cut(Status::unavailable("the coordinator stops"));
    let mut ready = play.metrics.ready();
    soon("a separation", ready.wait_for(|ready| !ready)).await.unwrap();
    // What happens meanwhile is not lost either.
    checking.finish(2);
    checking.at(&[]);

    let mut visit = play.coordinator.visit().await;
    assert_eq!(visit.hello.worker, name);
    visit.welcome();
    let state = visit.state().await;
    assert_eq!(state.held.len(), 1);
    visit.order(&orders);
    let again = visit.until_result(&orders).await;
    assert_eq!((again.sequence, again.position), (sent.sequence, 1));
    assert_eq!(visit.until_result(&orders).await.position, 2);
    // The unit goes on; none is begun beside it.
    assert!(!checking.cancel.is_cancelled());
    assert!(play.bench.is_idle().await);
}

#[tokio::test(start_paused = true)]
async fn a_worker_tries_for_ever_to_reach_a_coordinator_that_is_away() {
    let mut play = Play::begin();
    play.coordinator.refuse(Status::unavailable("not yet"));
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert!(!play.ended.is_finished());
    *play.coordinator.shared.refusal.lock().unwrap() = None;
    let since = tokio::time::Instant::now();
    play.coordinator.visit().await.welcome();
    assert!(since.elapsed() <= Duration::from_secs(10), "{:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_that_says_nothing_is_left() {
    let mut play = Play::begin();
    let silent = play.coordinator.visit().await;
    // Neither does this one: it greets, and then answers no state.
    let mut mute = play.coordinator.visit().await;
    mute.welcome();
    mute.state().await;
    play.coordinator.visit().await;
    drop((silent, mute));
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_ends_and_says_why() {
    for (code, word) in [
        (Code::FailedPrecondition, "upgrade mrt-worker"),
        (Code::Unauthenticated, "no token"),
        (Code::PermissionDenied, "not a worker's"),
    ] {
        let play = Play::begin();
        play.coordinator.refuse(Status::new(code, word));
        let error = soon("the end", play.ended).await.unwrap().unwrap_err();
        assert!(matches!(&error, AgentError::Refused(error) if error.status().code() == code), "{error:?}");
        assert!(error.to_string().contains(word), "{error}");
        assert_eq!(error.trouble(), Trouble::Usage);
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_later_ends_too_and_so_do_its_units() {
    let mut play = Play::begin();
    let (visit, checking) = play.first_unit(&[1]).await;
    visit.cut(Status::unauthenticated("tokens have changed"));
    assert!(soon("the end", play.ended).await.unwrap().is_err());
    assert!(checking.cancel.is_cancelled());
    assert!(!*play.metrics.ready().borrow());
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_of_another_version_is_refused() {
    let mut play = Play::begin();
    let visit = play.coordinator.visit().await;
    let protocol = mrt_proto::PROTOCOL + 1;
    visit.say(v1::coordinator_message::Message::Welcome(v1::Welcome { protocol, ..v1::Welcome::default() }));
    let error = soon("the end", play.ended).await.unwrap().unwrap_err().to_string();
    assert!(error.contains("upgrade mrt-worker"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_not_renewed_ends_its_unit_and_drops_its_results() {
    let mut play = Play::begin();
    let (mut visit, checking) = play.first_unit(&[1, 2]).await;
    let since = tokio::time::Instant::now();
    checking.finish(1);
    // From now on no state is answered. The stream is left for a new one, which is not answered either.
    soon("a cancellation", checking.cancel.cancelled()).await;
    assert!((LEASE - Duration::from_millis(10)..=LEASE).contains(&since.elapsed()), "{:?}", since.elapsed());
    checking.finish(2);
    let mut results = 0;
    while let Some(message) = visit.next().await {
        results += usize::from(matches!(message, Message::Result(_)));
    }
    // Once, and again after half a lease; nothing more after its end.
    assert_eq!(results, 2);

    let mut visit = play.coordinator.visit().await;
    visit.welcome();
    assert_eq!(visit.state().await.held, []);
    assert!(measured(&play.metrics).contains("mrt_worker_fenced_total 1"));
    // What the coordinator says then is done.
    visit.order(&[assignment(1, &[2])]);
    assert_eq!(play.bench.next().await.cells(), BTreeSet::from([2]));
}

#[tokio::test(start_paused = true)]
async fn a_result_without_an_answer_is_sent_again() {
    let mut play = Play::begin();
    let (mut visit, checking) = play.first_unit(&[1, 2]).await;
    let orders = [assignment(1, &[1, 2])];
    checking.finish(1);
    let sent = visit.until_result(&orders).await;
    let again = visit.until_result(&orders).await;
    assert_eq!(again, sent);
    visit.take(sent.sequence);
    checking.finish(2);
    assert_eq!(visit.until_result(&orders).await.position, 2);
}

#[tokio::test(start_paused = true)]
async fn cells_that_are_given_away_are_taken_from_the_unit() {
    let mut play = Play::begin();
    let (visit, checking) = play.first_unit(&[1, 2, 3]).await;
    visit.order(&[assignment(1, &[1, 2])]);
    let mut cells = checking.unit.cells.clone();
    soon("fewer cells", cells.wait_for(|cells| *cells == BTreeSet::from([1, 2]))).await.unwrap();
    visit.order(&[]);
    soon("a cancellation", checking.cancel.cancelled()).await;
}

#[tokio::test(start_paused = true)]
async fn large_messages_come_through() {
    let mut play = Play::begin();
    let (mut visit, checking) = play.first_unit(&[1]).await;
    // Without limits of our own it would be 4 MiB.
    let large = "x".repeat(6 << 20);
    visit.order(&[v1::Assignment { suite: large, ..assignment(1, &[1]) }]);
    let mut cell = station::cell(1);
    cell.title = "y".repeat(6 << 20);
    checking.tell(UnitEvent::Finished { position: 1, cell: Box::new(cell) });
    let orders = [assignment(1, &[1])];
    let first = visit.until_result(&orders).await;
    let Some(Outcome::Cell(text)) = first.outcome else { panic!("no cell") };
    assert!(text.len() > 6 << 20);
}
