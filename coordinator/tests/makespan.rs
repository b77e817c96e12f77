//! How long a large night takes, in simulated time.

#![allow(clippy::unwrap_used)]

#[path = "support/night.rs"]
mod night;

use mrt_coordinator::plan::choose;

use night::{Night, makespan};

#[test]
fn a_night_of_a_monorepo_takes_little_longer_than_it_must() {
    let (end, least) = makespan(1, &Night { suites: 200, revisions: 500, workers: 1_000 }, choose);
    let ratio = end as f64 / least as f64;
    println!("1,000 workers: {} s where {} s is the least: {ratio:.3}", end / 1000, least / 1000);
    assert!(ratio <= 1.15, "{ratio}");
}

#[test]
fn few_workers_and_few_columns_are_no_worse() {
    for (suites, revisions, workers) in [(1, 100, 3), (1, 500, 12), (3, 400, 40), (20, 200, 7)] {
        let (end, least) = makespan(7, &Night { suites, revisions, workers }, choose);
        let ratio = end as f64 / least as f64;
        println!(
            "{suites} suites x {revisions}, {workers} workers: {} s of {} s: {ratio:.3}",
            end / 1000,
            least / 1000
        );
        assert!(ratio <= 1.25, "{suites} suites, {workers} workers: {ratio}");
    }
}
