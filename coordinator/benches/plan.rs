//! How long it takes to plan a monorepo's night: 1,000 workers, 200 suites x 500 revisions x 6 targets.
//!
//! `cargo bench -p mrt-coordinator --bench plan`

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../tests/support/night.rs"]
mod night;

use std::time::{Duration, Instant};

use mrt_coordinator::plan::choose;

use night::{Night, makespan};

fn main() {
    let (mut times, mut planning) = (0_u64, Duration::ZERO);
    let mut longest = Duration::ZERO;
    let night = Night { suites: 200, revisions: 500, workers: 1_000 };
    let (end, least) = makespan(1, &night, |free, plans| {
        let clock = Instant::now();
        let choice = choose(free, plans);
        let took = clock.elapsed();
        (times, planning, longest) = (times + 1, planning + took, longest.max(took));
        choice
    });
    println!("the night takes {} s, where {} s is the least", end / 1000, least / 1000);
    println!(
        "a free worker was told {times} times what to do next: {planning:.2?} altogether, {longest:.2?} at most"
    );
}
