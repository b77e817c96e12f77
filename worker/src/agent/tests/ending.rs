//! How a worker ends that is asked to.

use std::collections::BTreeSet;

use mrt_proto::v1::worker_message::Message;
use tonic::Status;

use super::*;

#[tokio::test(start_paused = true)]
async fn who_is_asked_to_end_finishes_what_it_is_at_and_hands_back_the_rest() {
    let mut play = Play::begin();
    let (mut visit, checking) = play.first_unit(&[0, 1, 2, 3]).await;
    let orders = [assignment(1, &[0, 1, 2, 3])];
    checking.at(&[1]);
    visit.until_state(&orders, |state| state.held.iter().any(|held| held.at == [1])).await;
    visit.order(&orders);
    play.drain.cancel();
    let mut cells = checking.unit.cells.clone();
    soon("fewer cells", cells.wait_for(|cells| *cells == BTreeSet::from([1]))).await.unwrap();
    let state = visit.until_state(&orders, |state| state.draining).await;
    assert!(!state.held[0].handed_back);
    visit.order(&orders);

    checking.finish(1);
    checking.end(Ok(()));
    let result = visit.until_result(&orders).await;
    assert_eq!(result.position, 1);
    visit.take(result.sequence);
    let back = |state: &v1::WorkerState| state.held.iter().any(|held| held.handed_back);
    visit.until_state(&orders, back).await;
    assert!(!play.ended.is_finished());
    visit.order(&[]);
    soon("the end", play.ended).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_has_nothing_to_do_ends_at_once() {
    let mut play = Play::begin();
    let mut visit = play.coordinator.visit().await;
    visit.welcome();
    visit.state().await;
    visit.order(&[]);
    play.drain.cancel();
    // But it says so before.
    assert!(visit.state().await.draining);
    visit.order(&[]);
    soon("the end", play.ended).await.unwrap().unwrap();

    let play = Play::begin();
    play.coordinator.refuse(Status::unavailable("not there"));
    play.drain.cancel();
    soon("the end", play.ended).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_is_cut_off_and_handed_back() {
    let mut play = Play::begin();
    let (mut visit, checking) = play.first_unit(&[1, 2]).await;
    let orders = [assignment(1, &[1, 2])];
    checking.at(&[1]);
    visit.until_state(&orders, |state| state.held.iter().any(|held| held.at == [1])).await;
    visit.order(&orders);
    let since = tokio::time::Instant::now();
    play.drain.cancel();
    let back = |state: &v1::WorkerState| state.held.iter().any(|held| held.handed_back);
    visit.until_state(&orders, back).await;
    assert_eq!(since.elapsed().as_secs(), 25);
    assert!(checking.cancel.is_cancelled());
    visit.order(&[]);
    soon("the end", play.ended).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn without_a_coordinator_nobody_waits_longer_than_a_little() {
    let mut play = Play::begin();
    let (mut visit, checking) = play.first_unit(&[1]).await;
    let orders = [assignment(1, &[1])];
    checking.at(&[1]);
    visit.until_state(&orders, |state| state.held.iter().any(|held| held.at == [1])).await;
    visit.order(&orders);
    // The lease would have lasted longer.
    let since = tokio::time::Instant::now();
    play.coordinator.refuse(Status::unavailable("gone"));
    visit.cut(Status::unavailable("gone"));
    play.drain.cancel();
    soon("the end", play.ended).await.unwrap().unwrap();
    assert!(checking.cancel.is_cancelled());
    assert!((25..=40).contains(&since.elapsed().as_secs()), "{:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_comes_while_draining_goes_back_unbegun() {
    let mut play = Play::begin();
    let (mut visit, checking) = play.first_unit(&[1]).await;
    let orders = [assignment(1, &[1]), assignment(2, &[2])];
    checking.at(&[1]);
    visit.until_state(&orders[..1], |state| state.held.iter().any(|held| held.at == [1])).await;
    play.drain.cancel();
    visit.until_state(&orders[..1], |state| state.draining).await;
    visit.order(&orders);
    let state = visit.until_state(&orders, |state| state.held.len() == 2).await;
    assert_eq!(state.held.iter().map(|held| held.handed_back).collect::<Vec<_>>(), [false, true]);
    assert!(play.bench.is_idle().await);
    visit.order(&orders[..1]);
    checking.finish(1);
    checking.end(Ok(()));
    let result = visit.until_result(&orders[..1]).await;
    visit.take(result.sequence);
    while let Some(message) = visit.next().await {
        if let Message::State(_) = message {
            visit.order(&[]);
        }
    }
    soon("the end", play.ended).await.unwrap().unwrap();
}
