//! One column, step by step.

use super::*;

const NEVER: Time = Time(u64::MAX);

/// Cells of a chain without branches.
fn chain(length: usize) -> Column {
    let cell = |position: usize| Cell {
        work: 1,
        parents: position.checked_sub(1).into_iter().collect(),
        state: State::Open { attempts: 0 },
    };
    Column::new((0..length).map(cell).collect(), ATTEMPTS)
}

fn next(column: &mut Column, worker: u64) -> Lease {
    let shard = column.shards().iter().find(|shard| column.waits(shard)).unwrap().id;
    column.lease(shard, WorkerId(worker), NEVER).unwrap()
}

#[test]
fn a_result_that_is_sent_again_is_known_also_when_the_shard_is_done() {
    let mut column = chain(1);
    let lease = next(&mut column, 1);
    assert_eq!(column.accept(&lease, 0), Answer::Accepted);
    assert!(column.is_finished());
    assert_eq!(column.accept(&lease, 0), Answer::Known);
    assert_eq!(column.accept(&Lease { epoch: 0, ..lease }, 0), Answer::Refused);
    assert_eq!(column.accept(&lease, 7), Answer::Refused);
}

#[test]
fn an_earlier_lease_of_the_same_worker_counts_no_more() {
    let mut column = chain(2);
    let old = next(&mut column, 1);
    column.hand_back(&old);
    let new = next(&mut column, 1);
    assert_eq!((old.shard, old.worker), (new.shard, new.worker));
    assert_eq!(column.accept(&old, 0), Answer::Refused);
    assert_eq!(column.renew(&old, &BTreeSet::new(), NEVER), None);
    assert_eq!(column.accept(&new, 0), Answer::Accepted);
}

#[test]
fn a_tail_goes_without_what_its_holder_is_at() {
    let mut column = chain(4);
    let holder = next(&mut column, 1);
    column.renew(&holder, &BTreeSet::from([0, 3]), NEVER);
    let thief = column.steal(holder.shard, 2, WorkerId(2), NEVER).unwrap();
    assert_eq!(column.renew(&thief, &BTreeSet::new(), NEVER), Some(&BTreeSet::from([2])));
    assert_eq!(column.renew(&holder, &BTreeSet::new(), NEVER), Some(&BTreeSet::from([0, 1, 3])));
    assert_eq!(column.accept(&holder, 2), Answer::Refused);
    assert_eq!(column.steal(holder.shard, 4, WorkerId(2), NEVER), None);
}

#[test]
fn what_needs_a_revision_that_kills_is_not_tried() {
    let mut column = chain(4);
    let mut given_up = Vec::new();
    for worker in 0..3 {
        // What comes behind the suspect waits, so that it is what there is to lease.
        let lease = next(&mut column, worker);
        column.accept(&lease, 0);
        column.renew(&lease, &BTreeSet::from([1]), NEVER);
        given_up = column.lose(lease.shard, "the worker was lost");
    }
    let told: Vec<_> = given_up.iter().map(|it| (it.cell, it.reason.as_str())).collect();
    let needs_it = "it needs a revision that could not be tried: the worker was lost";
    assert_eq!(told, [(1, "the worker was lost"), (2, needs_it), (3, needs_it)]);
    assert!(column.is_finished());
}

#[test]
fn a_cell_at_which_the_farm_failed_goes_to_another_worker_alone_and_its_holder_goes_on() {
    let mut column = chain(3);
    let lease = next(&mut column, 1);
    assert_eq!(column.fail(&lease, 1, "no room"), (Answer::Accepted, Vec::new()));
    assert_eq!(column.renew(&lease, &BTreeSet::new(), NEVER), Some(&BTreeSet::from([0, 2])));
    let alone = column.shards().iter().find(|shard| column.waits(shard)).unwrap();
    assert_eq!((&alone.cells, alone.avoid), (&BTreeSet::from([1]), Some(WorkerId(1))));
}

#[test]
fn a_shard_that_nobody_can_begin_ends_after_its_attempts() {
    let mut column = chain(2);
    for worker in 1..3 {
        let lease = next(&mut column, worker);
        column.renew(&lease, &BTreeSet::from([0]), NEVER);
        assert_eq!(column.refuse(&lease, "no container engine"), (Answer::Accepted, Vec::new()));
        assert_eq!(column.refuse(&lease, "no container engine"), (Answer::Refused, Vec::new()));
        assert_eq!(column.shards()[0].avoid, Some(WorkerId(worker)));
    }
    let lease = next(&mut column, 3);
    assert_eq!(column.refuse(&lease, "no container engine").1.len(), 2);
    assert!(column.is_finished());
}

#[test]
fn a_column_is_what_was_written_down_of_it() {
    let mut column = chain(5);
    let lease = next(&mut column, 1);
    column.accept(&lease, 0);
    column.steal(lease.shard, 3, WorkerId(2), NEVER);
    let shards = column.shards().iter().cloned().map(|shard| Shard { work: 0, ..shard }).collect();
    assert_eq!(Column::restore(column.cells().to_vec(), shards, column.next_shard(), ATTEMPTS), column);
}

#[test]
fn a_cancelled_column_has_ended() {
    let mut column = chain(2);
    let lease = next(&mut column, 1);
    assert_eq!(column.cancel("cancelled").len(), 2);
    assert!(column.is_finished());
    assert_eq!(column.accept(&lease, 0), Answer::Refused);
}

#[test]
fn a_revision_that_kills_whoever_applies_it_to_get_on_is_tried_alone_before_its_shard_goes_on() {
    let mut column = chain(4);
    let head = next(&mut column, 1);
    let tail = column.steal(head.shard, 2, WorkerId(2), NEVER).unwrap();
    column.lose(head.shard, "lost");
    column.renew(&tail, &BTreeSet::from([1]), NEVER);
    assert_eq!(column.lose(tail.shard, "lost"), []);
    let waiting = |column: &Column| -> Vec<Vec<usize>> {
        let shards = column.shards().iter().filter(|shard| column.waits(shard));
        shards.map(|shard| shard.cells.iter().copied().collect()).collect()
    };
    assert_eq!(waiting(&column), [vec![0], vec![1]]);
    let alone = column.shards().iter().find(|shard| shard.cells.contains(&1)).unwrap().id;
    let alone = column.lease(alone, WorkerId(3), NEVER).unwrap();
    column.accept(&alone, 1);
    assert_eq!(waiting(&column), [vec![0], vec![2, 3]]);
}

#[test]
fn what_needs_a_revision_that_nobody_asked_for_takes_nothing_else_along() {
    let mut cells = chain(4).cells().to_vec();
    cells[1].state = State::Unasked;
    // 3 needs 1, and 2 does not.
    (cells[2].parents, cells[3].parents) = (vec![0], vec![1]);
    let mut column = Column::new(cells, ATTEMPTS);
    let mut given_up = Vec::new();
    for worker in 0..3 {
        let needing = column.shards().iter().find(|shard| shard.cells.contains(&3)).unwrap().id;
        let lease = column.lease(needing, WorkerId(worker), NEVER).unwrap();
        column.renew(&lease, &BTreeSet::from([1]), NEVER);
        given_up = column.lose(lease.shard, "lost");
    }
    assert_eq!(given_up, [GivenUp { cell: 3, attempts: ATTEMPTS, reason: "lost".to_owned() }]);
    let left = column.shards().iter().map(|shard| &shard.cells).collect::<Vec<_>>();
    assert_eq!(left, [&BTreeSet::from([0, 2])]);
}

#[test]
fn what_waits_for_each_other_does_not_wait_for_ever() {
    // 1 was checked before the result of 0 had come; whoever tries it alone applies 0.
    let mut column = chain(2);
    let both = next(&mut column, 1);
    column.renew(&both, &BTreeSet::from([1]), NEVER);
    column.lose(both.shard, "lost");
    let alone = next(&mut column, 2);
    column.renew(&alone, &BTreeSet::from([0]), NEVER);
    column.lose(alone.shard, "lost");
    let first = next(&mut column, 3);
    assert_eq!(column.accept(&first, 0), Answer::Accepted);
    let second = next(&mut column, 3);
    assert_eq!(column.accept(&second, 1), Answer::Accepted);
    assert!(column.is_finished());
}
