#![allow(clippy::unwrap_used)]

mod drain;
mod random;

use mrt_chain::settings::EngineKind;
use v1::cell_result::Outcome;
use v1::shard_note::Note;

use super::*;
use crate::run::lacks;

const LEASE: Duration = Duration::from_secs(30);
const EVERY: Duration = Duration::from_secs(7);
const GRACE: Duration = Duration::from_secs(25);
const REST: Duration = Duration::from_secs(5);

/// A desk, a clock, and what came out of it.
struct Scene {
    desk: Desk,
    now: Instant,
}

impl Scene {
    fn new() -> Self {
        let settings = Settings { slots: 4, grace: GRACE, containers: true, rest: REST, alone: false };
        Self { desk: Desk::new(settings), now: Instant::now() }
    }

    /// One that is connected and holds these.
    fn holding(assignments: &[v1::Assignment]) -> Self {
        let mut scene = Self::new();
        scene.connect();
        scene.states();
        scene.ordered(assignments);
        scene
    }

    fn connect(&mut self) {
        self.desk.welcomed(self.now, LEASE, EVERY);
    }

    fn after(&mut self, time: Duration) {
        self.now += time;
        self.desk.pass(self.now);
    }

    fn ordered(&mut self, assignments: &[v1::Assignment]) -> Vec<Effect> {
        self.desk.ordered(self.now, v1::WorkerOrders { assignments: assignments.to_vec() });
        self.desk.effects()
    }

    fn acknowledge(&mut self, taken: &[u64], refused: &[u64]) {
        let acknowledgement = v1::Acknowledgement { taken: taken.to_vec(), refused: refused.to_vec() };
        self.desk.acknowledged(self.now, acknowledgement);
    }

    fn told(&mut self, unit: UnitId, word: Word) {
        self.desk.told(self.now, unit, word);
    }

    /// All that it sends now.
    fn sent(&mut self) -> Vec<Message> {
        std::iter::from_fn(|| {
            let is_due = self.desk.has_next(self.now);
            let next = self.desk.next(self.now);
            assert_eq!(next.is_some(), is_due);
            next
        })
        .collect()
    }

    /// The states among what it sends now.
    fn states(&mut self) -> Vec<v1::WorkerState> {
        self.sent().into_iter().filter_map(|message| state_of(&message)).collect()
    }

    /// The only state that it sends now.
    fn state(&mut self) -> v1::WorkerState {
        let states = self.states();
        assert_eq!(states.len(), 1, "{states:?}");
        states[0].clone()
    }

    /// Sequences of the results and failures that it sends now.
    fn letters(&mut self) -> Vec<u64> {
        self.sent().iter().filter_map(sequence_of).collect()
    }
}

fn state_of(message: &Message) -> Option<v1::WorkerState> {
    match message {
        Message::State(state) => Some(state.clone()),
        _ => None,
    }
}

fn sequence_of(message: &Message) -> Option<u64> {
    match message {
        Message::Result(result) => Some(result.sequence),
        Message::Failure(failure) => Some(failure.sequence),
        _ => None,
    }
}

fn lease(shard: u32, epoch: u64) -> v1::Lease {
    v1::Lease { run: "7".to_owned(), column: 1, shard, epoch }
}

fn assignment(shard: u32, cells: &[u32]) -> v1::Assignment {
    v1::Assignment { lease: Some(lease(shard, 1)), cells: cells.to_vec(), ..v1::Assignment::default() }
}

fn cell(position: u32) -> Word {
    Word::Result(position, Outcome::Cell(vec![]))
}

fn failed() -> Word {
    let failure = v1::Failure { causes: vec!["why".to_owned()], usage: false };
    Word::Ended(Ending::Failed { failure, project: false })
}

fn at(positions: &[u32]) -> Word {
    Word::At(positions.iter().copied().collect())
}

fn done() -> Word {
    Word::Ended(Ending::Done)
}

/// The units that are started, in order.
fn started(effects: &[Effect]) -> Vec<UnitId> {
    let started = effects.iter().filter_map(|effect| match effect {
        Effect::Start { unit, .. } => Some(*unit),
        _ => None,
    });
    started.collect()
}

const FIRST: UnitId = UnitId(1);

/// How many ways to check are served, with containers or without.
fn served(containers: bool) -> usize {
    super::speech::serves(false).filter(|it| containers || !it.1).count()
}

#[test]
fn who_is_alone_leaves_nothing_to_others() {
    let settings = Settings { slots: 1, grace: GRACE, containers: true, rest: REST, alone: true };
    let mut scene = Scene { desk: Desk::new(settings), now: Instant::now() };
    scene.connect();
    let engines: Vec<_> = scene.state().serves.into_iter().map(|it| (it.engine, it.containers)).collect();
    for engine in EngineKind::ALL {
        assert!(engines.contains(&(engine.as_str().to_owned(), engine.has_server())), "{engine}");
    }
}

#[test]
fn a_state_is_said_at_once_then_when_it_changes_and_now_and_then() {
    let mut scene = Scene::new();
    assert_eq!(scene.sent(), []);
    scene.connect();
    let state = scene.state();
    let engines: Vec<_> = state.serves.iter().map(|it| (it.engine.as_str(), it.containers)).collect();
    let mut all = vec![("sqlite", false)];
    // What a machine lacks a library for is not served.
    for engine in EngineKind::ALL.into_iter().filter(|engine| engine.has_server()) {
        let ways = [false, true].into_iter().filter(|containers| lacks(engine, *containers).is_none());
        all.extend(ways.map(|containers| (engine.as_str(), containers)));
    }
    assert_eq!(engines, all);
    assert_eq!((state.slots, state.draining, state.held.len()), (4, false, 0));

    assert_eq!(scene.sent(), []);
    assert_eq!(scene.desk.deadline(), Some(scene.now + EVERY));
    scene.after(EVERY);
    scene.state();

    scene.desk.containers(false);
    assert_eq!(scene.state().serves.len(), served(false));
    scene.desk.warm(vec!["postgres:16".to_owned()]);
    assert_eq!(scene.state().warm, ["postgres:16"]);
    scene.desk.warm(vec!["postgres:16".to_owned()]);
    scene.desk.containers(false);
    assert_eq!(scene.sent(), []);
}

#[test]
fn an_assignment_is_begun_once() {
    let mut scene = Scene::new();
    scene.connect();
    scene.states();
    let one = assignment(1, &[3, 4]);
    let effects = scene.ordered(std::slice::from_ref(&one));
    assert_eq!(effects, [Effect::Start { unit: FIRST, assignment: one.clone() }]);
    let held = scene.state().held;
    assert_eq!(held, [v1::HeldShard { lease: one.lease.clone(), ..v1::HeldShard::default() }]);
    assert_eq!(scene.ordered(&[one]), []);
}

#[test]
fn where_a_unit_is_is_said_before_its_results() {
    let mut scene = Scene::holding(&[assignment(1, &[3, 4])]);
    scene.states();
    scene.told(FIRST, at(&[2, 3]));
    scene.told(FIRST, Word::Stands(1));
    let held = scene.state().held.remove(0);
    assert_eq!((held.at, held.stands), (vec![2, 3], Some(1)));
    // The same again is no news.
    scene.told(FIRST, at(&[2, 3]));
    assert_eq!(scene.sent(), []);
    scene.told(FIRST, cell(3));
    scene.told(FIRST, at(&[4]));
    let sent = scene.sent();
    assert_eq!(state_of(&sent[0]).unwrap().held[0].at, [4]);
    assert_eq!(sequence_of(&sent[1]), Some(1));
    // Nor is that something is over, or goes on after a pause.
    scene.told(FIRST, at(&[]));
    scene.told(FIRST, at(&[4]));
    scene.told(FIRST, at(&[]));
    assert_eq!(scene.sent(), []);
    scene.after(EVERY);
    assert!(scene.state().held[0].at.is_empty());
}

#[test]
fn what_waits_to_be_said_is_said_in_one_state() {
    let mut scene = Scene::holding(&[assignment(1, &[3, 4])]);
    for position in 0..5 {
        scene.told(FIRST, at(&[position]));
    }
    assert_eq!(scene.state().held[0].at, [4]);
}

#[test]
fn fewer_cells_shrink_a_unit_and_those_with_results_do_not_count() {
    let mut scene = Scene::holding(&[assignment(1, &[3, 4, 5, 6])]);
    scene.told(FIRST, cell(3));
    // The coordinator has the result of 3 and has given 6 away.
    let effects = scene.ordered(&[assignment(1, &[4, 5])]);
    assert_eq!(effects, [Effect::Shrink { unit: FIRST, cells: BTreeSet::from([4, 5]) }]);
    // Only what was there before counts.
    assert_eq!(scene.ordered(&[assignment(1, &[4, 5, 9])]), []);
    scene.told(FIRST, cell(4));
    assert_eq!(scene.ordered(&[assignment(1, &[5])]), []);
    // What another worker has by now is its word to say.
    let sent = scene.letters();
    scene.told(FIRST, cell(6));
    assert_eq!((sent, scene.letters()), (vec![1, 2], vec![]));
}

#[test]
fn what_is_not_listed_is_cancelled_and_forgotten() {
    let mut scene = Scene::holding(&[assignment(1, &[3, 4]), assignment(2, &[7])]);
    scene.told(FIRST, cell(3));
    scene.told(FIRST, Word::Note(Note::Preparing("x".to_owned())));
    assert_eq!(scene.ordered(&[assignment(2, &[7])]), [Effect::Cancel { unit: FIRST }]);
    assert_eq!(scene.desk.counts(), Counts { held: 1, outbox: 0, fenced: 0 });
    let sent = scene.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(state_of(&sent[0]).unwrap().held.len(), 1);
    // What it says meanwhile is nothing.
    scene.told(FIRST, cell(4));
    scene.told(FIRST, done());
    assert_eq!(scene.sent(), []);
}

#[test]
fn what_is_listed_and_not_held_any_more_is_begun_again() {
    let mut scene = Scene::holding(&[assignment(1, &[3])]);
    scene.ordered(&[]);
    let again = started(&scene.ordered(&[assignment(1, &[3])]));
    assert_eq!(again, [UnitId(2)]);
    // The first one's late words are not taken for the second's.
    scene.told(FIRST, done());
    assert_eq!(scene.desk.counts().held, 1);
}

#[test]
fn a_later_epoch_is_another_lease() {
    let mut scene = Scene::holding(&[assignment(1, &[3])]);
    let later = v1::Assignment { lease: Some(lease(1, 2)), ..assignment(1, &[3]) };
    let effects = scene.ordered(std::slice::from_ref(&later));
    assert_eq!(
        effects,
        [Effect::Cancel { unit: FIRST }, Effect::Start { unit: UnitId(2), assignment: later }]
    );
}

#[test]
fn results_are_kept_until_they_are_acknowledged() {
    let mut scene = Scene::holding(&[assignment(1, &[3, 4])]);
    scene.told(FIRST, cell(3));
    scene.told(FIRST, Word::Result(4, Outcome::Infrastructure("no room".to_owned())));
    scene.told(FIRST, done());
    assert_eq!(scene.letters(), [1, 2]);
    assert!(scene.letters().is_empty());
    assert_eq!(scene.desk.counts(), Counts { held: 1, outbox: 2, fenced: 0 });
    scene.acknowledge(&[1], &[]);
    assert_eq!((scene.sent(), scene.desk.counts().held), (vec![], 1));
    // Refused is as good: nothing more is to be said.
    scene.acknowledge(&[], &[2]);
    assert_eq!(scene.state().held, []);
    assert_eq!(scene.desk.counts(), Counts { held: 0, outbox: 0, fenced: 0 });
}

#[test]
fn results_are_sent_again_after_a_reconnect_and_after_a_while() {
    let mut scene = Scene::holding(&[assignment(1, &[3, 4])]);
    scene.told(FIRST, cell(3));
    scene.told(FIRST, cell(4));
    assert_eq!(scene.letters(), [1, 2]);
    scene.acknowledge(&[1], &[]);
    scene.desk.lost();
    assert_eq!(scene.sent(), []);
    scene.connect();
    let sent = scene.sent();
    assert!(state_of(&sent[0]).is_some(), "{sent:?}");
    assert_eq!(sequence_of(&sent[1]), Some(2));
    scene.ordered(&[assignment(1, &[4])]);

    scene.after(LEASE / 2 - Duration::from_millis(1));
    assert!(scene.letters().is_empty());
    scene.ordered(&[assignment(1, &[4])]);
    assert!(scene.desk.deadline().unwrap() <= scene.now + Duration::from_millis(1));
    scene.after(Duration::from_millis(1));
    assert_eq!(scene.letters(), [2]);
}

#[test]
fn orders_from_before_the_results_came_begin_nothing_anew() {
    let mut scene = Scene::holding(&[assignment(1, &[3, 4])]);
    scene.told(FIRST, cell(3));
    scene.told(FIRST, cell(4));
    scene.told(FIRST, done());
    scene.sent();
    scene.acknowledge(&[1, 2], &[]);
    assert_eq!(scene.desk.counts().held, 0);
    assert_eq!(scene.ordered(&[assignment(1, &[3, 4])]), []);
    scene.sent();
    assert_eq!(scene.ordered(&[]), []);
    // Nothing is remembered for ever.
    assert_eq!(started(&scene.ordered(&[assignment(1, &[3, 4])])), [UnitId(2)]);
}

#[test]
fn a_cell_whose_result_was_refused_can_be_asked_for_again() {
    let mut scene = Scene::holding(&[assignment(1, &[3, 4])]);
    scene.told(FIRST, cell(3));
    scene.told(FIRST, cell(4));
    scene.told(FIRST, done());
    scene.acknowledge(&[1], &[2]);
    let Effect::Start { assignment, .. } = scene.ordered(&[assignment(1, &[3, 4])]).remove(0) else {
        panic!()
    };
    assert_eq!(assignment.cells, [4]);
}

#[test]
fn a_shard_that_cannot_be_checked_is_told_and_then_let_go() {
    let mut scene = Scene::holding(&[assignment(1, &[3, 4])]);
    scene.states();
    scene.told(FIRST, failed());
    let sent = scene.sent();
    let [Message::State(_), Message::Failure(failure)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!((failure.sequence, failure.lease.clone(), failure.project), (1, Some(lease(1, 1)), false));
    assert_eq!(scene.ordered(&[assignment(1, &[3, 4])]), []);
    scene.acknowledge(&[1], &[]);
    assert_eq!(scene.desk.counts().held, 0);
    assert_eq!(scene.ordered(&[assignment(1, &[3, 4])]), []);
}

#[test]
fn who_fails_for_what_its_machine_lacks_takes_nothing_for_a_while() {
    let mut scene = Scene::holding(&[assignment(1, &[3]), assignment(2, &[4, 5])]);
    assert_eq!(scene.states().len(), 1);
    scene.told(FIRST, failed());
    assert_eq!(scene.state().slots, 0);
    assert!(scene.desk.deadline().unwrap() <= scene.now + REST);
    scene.after(REST);
    assert_eq!(scene.state().slots, 4);
    // The next one takes twice as long.
    scene.told(UnitId(2), Word::Result(4, Outcome::Infrastructure("no room".to_owned())));
    assert_eq!(scene.state().slots, 0);
    scene.after(REST);
    assert_eq!(scene.states(), []);
    scene.after(REST);
    assert_eq!(scene.state().slots, 4);
    // After something that went well it begins anew.
    scene.told(UnitId(2), cell(5));
    scene.told(UnitId(2), failed());
    scene.after(REST);
    assert_eq!(scene.state().slots, 4);
}

#[test]
fn a_unit_that_forgets_cells_has_failed() {
    let mut scene = Scene::holding(&[assignment(1, &[3, 4])]);
    scene.told(FIRST, cell(3));
    scene.told(FIRST, done());
    let sent = scene.sent();
    let Some(Message::Failure(failure)) = sent.last() else { panic!("{sent:?}") };
    assert_eq!(failure.failure.as_ref().unwrap().causes, ["the worker has no word about 1 of its cells"]);
}

#[test]
fn a_shard_goes_back_without_a_container_engine_and_that_is_no_failure() {
    let mut scene = Scene::holding(&[assignment(1, &[3, 4])]);
    scene.told(FIRST, cell(3));
    scene.states();
    scene.told(FIRST, Word::Ended(Ending::NoContainers));
    // The result that is under way still counts, so the lease is still needed.
    let state = scene.state();
    assert_eq!((state.held[0].handed_back, state.serves.len()), (false, served(false)));
    scene.acknowledge(&[1], &[]);
    assert!(scene.state().held[0].handed_back);
    // Orders from before cross it.
    assert_eq!(scene.ordered(&[assignment(1, &[4])]), []);
    scene.after(EVERY);
    assert!(scene.state().held[0].handed_back);
    scene.ordered(&[]);
    assert_eq!(scene.state().held, []);
    scene.desk.containers(true);
    assert_eq!(scene.state().serves.len(), served(true));
}

#[test]
fn a_lease_runs_from_the_sending_of_the_last_state_that_was_answered() {
    let mut scene = Scene::new();
    scene.connect();
    scene.state();
    scene.after(Duration::from_secs(2));
    scene.ordered(&[assignment(1, &[3, 4]), assignment(2, &[7])]);
    scene.told(FIRST, cell(3));
    scene.sent();
    // That one is never answered.
    let lost = scene.now;
    scene.after(LEASE - Duration::from_secs(2) - Duration::from_millis(1));
    assert_eq!(scene.desk.effects(), []);
    assert!(scene.desk.deadline().unwrap() <= scene.now + Duration::from_millis(1));
    scene.after(Duration::from_millis(1));
    assert!(scene.now < lost + LEASE);
    assert_eq!(scene.desk.effects(), [Effect::Cancel { unit: FIRST }, Effect::Cancel { unit: UnitId(2) }]);
    assert_eq!(scene.desk.counts(), Counts { held: 0, outbox: 0, fenced: 2 });
    // Nothing is said of them any more.
    scene.told(FIRST, cell(4));
    let sent = scene.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(state_of(&sent[0]).unwrap().held, []);
    // Once the coordinator is there again it says what is to be done.
    assert_eq!(started(&scene.ordered(&[assignment(2, &[7])])), [UnitId(3)]);
}

#[test]
fn who_was_stopped_past_its_lease_neither_sends_nor_heeds_old_orders() {
    let mut scene = Scene::holding(&[assignment(1, &[3])]);
    scene.told(FIRST, cell(3));
    scene.states();
    // The process stands still; orders that answer the last state wait in the socket.
    scene.now += LEASE;
    assert_eq!(scene.ordered(&[assignment(1, &[3])]), [Effect::Cancel { unit: FIRST }]);
    let sent = scene.sent();
    assert_eq!(sent.iter().filter_map(sequence_of).count(), 0);
    assert_eq!(state_of(&sent[0]).unwrap().held, []);
    assert_eq!(started(&scene.ordered(&[assignment(1, &[3])])), [UnitId(2)]);
}

#[test]
fn a_message_is_not_sent_once_its_lease_has_run_out() {
    let mut scene = Scene::holding(&[assignment(1, &[3])]);
    scene.told(FIRST, cell(3));
    scene.now += LEASE;
    // Nobody has called `pass`.
    let sent = scene.sent();
    assert_eq!(sent.iter().filter_map(sequence_of).count(), 0);
}

#[test]
fn orders_that_nobody_asked_for_lengthen_no_lease() {
    let mut scene = Scene::new();
    scene.connect();
    scene.state();
    scene.ordered(&[]);
    scene.after(LEASE / 2);
    scene.ordered(&[assignment(1, &[3])]);
    scene.after(LEASE / 2);
    assert_eq!(scene.desk.counts(), Counts { held: 0, outbox: 0, fenced: 1 });
}

#[test]
fn a_lease_outlives_a_short_separation() {
    let mut scene = Scene::holding(&[assignment(1, &[3, 4])]);
    scene.desk.lost();
    scene.after(LEASE - Duration::from_secs(1));
    scene.told(FIRST, cell(3));
    assert_eq!(scene.desk.counts(), Counts { held: 1, outbox: 1, fenced: 0 });
    scene.connect();
    assert_eq!(scene.letters(), [1]);
    assert_eq!(scene.ordered(&[assignment(1, &[3, 4])]), []);
    scene.after(LEASE - Duration::from_secs(1));
    assert_eq!(scene.desk.counts().held, 1);
}

#[test]
fn notes_are_for_those_who_listen_now() {
    let mut scene = Scene::holding(&[assignment(1, &[3])]);
    scene.sent();
    scene.told(FIRST, Word::Note(Note::Preparing("starting postgres:16".to_owned())));
    let note = v1::ShardNote {
        lease: Some(lease(1, 1)),
        note: Some(Note::Preparing("starting postgres:16".to_owned())),
    };
    assert_eq!(scene.sent(), [Message::Note(note)]);
    scene.desk.lost();
    scene.told(FIRST, Word::Note(Note::Serving("PostgreSQL 16.4".to_owned())));
    scene.connect();
    assert!(scene.sent().iter().all(|message| state_of(message).is_some()));
    for _ in 0..1_000 {
        scene.told(FIRST, Word::Note(Note::Serving("PostgreSQL 16.4".to_owned())));
    }
    assert_eq!(scene.sent().len(), NOTES);
}
