//! A worker that is asked to end.

use super::*;

#[test]
fn who_drains_finishes_what_it_is_at_and_hands_back_the_rest() {
    let mut scene = Scene::holding(&[assignment(1, &[3, 4, 5]), assignment(2, &[7])]);
    // The first is at one cell and at one that it only applies; the second has not begun.
    scene.told(FIRST, at(&[2, 3]));
    scene.states();
    scene.desk.drain(scene.now);
    assert_eq!(
        scene.desk.effects(),
        [Effect::Shrink { unit: FIRST, cells: BTreeSet::from([3]) }, Effect::Cancel { unit: UnitId(2) }]
    );
    let state = scene.state();
    assert!(state.draining);
    let back: Vec<_> = state.held.iter().map(|held| held.handed_back).collect();
    assert_eq!(back, [false, true]);

    // One that was assigned meanwhile goes back at once.
    let orders = [assignment(1, &[3, 4, 5]), assignment(3, &[9])];
    assert_eq!(scene.ordered(&orders), []);
    let back: Vec<_> = scene.state().held.iter().map(|held| held.handed_back).collect();
    assert_eq!(back, [false, true]);
    assert!(!scene.desk.is_done(scene.now));

    scene.told(FIRST, cell(3));
    scene.told(FIRST, done());
    scene.ordered(&[assignment(1, &[3, 4, 5])]);
    assert_eq!(scene.letters(), [1]);
    assert!(!scene.desk.is_done(scene.now));
    scene.acknowledge(&[1], &[]);
    assert!(scene.state().held[0].handed_back);
    assert!(!scene.desk.is_done(scene.now));
    scene.ordered(&[]);
    assert!(scene.desk.is_done(scene.now));
}

#[test]
fn a_shard_that_comes_to_its_end_while_draining_is_not_handed_back() {
    let mut scene = Scene::holding(&[assignment(1, &[3])]);
    scene.told(FIRST, at(&[3]));
    scene.desk.drain(scene.now);
    scene.told(FIRST, cell(3));
    scene.told(FIRST, done());
    scene.sent();
    scene.acknowledge(&[1], &[]);
    assert_eq!(scene.state().held, []);
}

#[test]
fn who_drains_ends_only_when_the_coordinator_knows() {
    let mut scene = Scene::holding(&[]);
    scene.desk.drain(scene.now);
    assert!(!scene.desk.is_done(scene.now));
    assert!(scene.state().draining);
    scene.ordered(&[]);
    assert!(scene.desk.is_done(scene.now));
    // Without one there is nobody to tell.
    let mut scene = Scene::new();
    assert!(!scene.desk.is_done(scene.now));
    scene.desk.drain(scene.now);
    assert!(scene.desk.is_done(scene.now));
}

#[test]
fn after_the_grace_period_everything_is_cancelled_and_handed_back() {
    let mut scene = Scene::holding(&[assignment(1, &[3, 4]), assignment(2, &[7])]);
    scene.told(FIRST, at(&[3]));
    scene.told(UnitId(2), at(&[7]));
    scene.told(UnitId(2), cell(7));
    scene.desk.drain(scene.now);
    scene.desk.effects();
    scene.sent();
    scene.ordered(&[assignment(1, &[3, 4]), assignment(2, &[7])]);
    scene.after(GRACE - Duration::from_millis(1));
    assert_eq!(scene.desk.effects(), []);
    scene.after(Duration::from_millis(1));
    assert_eq!(scene.desk.effects(), [Effect::Cancel { unit: FIRST }, Effect::Cancel { unit: UnitId(2) }]);
    // What has its result is not handed back: it only has to be acknowledged.
    let back: Vec<_> = scene.state().held.iter().map(|held| held.handed_back).collect();
    assert_eq!(back, [true, false]);
    assert!(!scene.desk.is_done(scene.now));
    scene.acknowledge(&[1], &[]);
    scene.ordered(&[]);
    assert!(scene.desk.is_done(scene.now));
}

#[test]
fn a_coordinator_that_is_not_there_is_not_waited_for_long() {
    let mut scene = Scene::holding(&[assignment(1, &[3])]);
    scene.desk.settings.grace = GRACE / 2;
    scene.desk.lost();
    scene.told(FIRST, at(&[3]));
    scene.desk.drain(scene.now);
    scene.after(GRACE / 2);
    assert!(!scene.desk.is_done(scene.now));
    let end = scene.desk.deadline().unwrap();
    scene.after(end - scene.now);
    assert!(scene.desk.is_done(scene.now));
    // Long before its leases run out.
    assert_eq!(scene.desk.counts().fenced, 0);
}
