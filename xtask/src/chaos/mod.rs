//! `cargo xtask chaos`: a farm of real processes, to which something happens. The run ends all the same, and its report is that
//! of a single process.

mod chain;
mod clocks;
mod containers;
mod engine;
mod events;
mod farm;
mod faults;
mod gates;
mod ground;
pub(crate) mod metrics;
mod program;
mod proxy;
pub(crate) mod report;
mod scene;
mod setting;
mod store;
mod wait;

use std::rc::Rc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio::signal::unix::{SignalKind, signal};

use crate::process::{Build, Problem, with_causes};
use faults::{FAULTS, Fault};
use ground::Ground;
use scene::{Outcome, Scene};

/// Lets things happen to a farm of real processes, and holds its report against that of a single process.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// This fault alone; may be given several times.
    #[arg(long, value_name = "FAULT")]
    only: Vec<String>,
    /// How often each fault is to happen.
    #[arg(long, value_name = "N", default_value_t = 1)]
    repeat: u32,
    /// A short chain, and only the faults that need little time and nothing special.
    #[arg(long)]
    quick: bool,
    /// How many revisions the chain has [default: 100, or 20 with --quick].
    #[arg(long, value_name = "N")]
    revisions: Option<usize>,
    /// After how many seconds a worker is lost that says nothing.
    #[arg(long, value_name = "SECONDS", default_value_t = 4)]
    lease: u64,
    /// Where faults strike: another number, other places.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    #[arg(skip)]
    build: Build,
}

/// The quick faults, as a stage of the tests.
pub(crate) fn check() -> Result<(), Problem> {
    let arguments = Arguments {
        only: Vec::new(),
        repeat: 1,
        quick: true,
        revisions: None,
        lease: 4,
        seed: 1,
        build: Build::Tests,
    };
    match run(&arguments)? {
        true => Ok(()),
        false => Err(Problem::unusable("the farm does not do what it has to; the table above says when")),
    }
}

/// Runs the command; `Ok(false)` when something is not as it has to be.
pub(crate) fn run(arguments: &Arguments) -> Result<bool, Problem> {
    let faults = chosen(arguments)?;
    let revisions = arguments.revisions.unwrap_or(if arguments.quick { 20 } else { 100 });
    let ground = Rc::new(Ground::prepare(arguments.build, revisions, Duration::from_secs(arguments.lease))?);
    // From here on: what was started before is no part of the farm.
    program::adopt()?;
    println!(
        "{revisions} revisions on {} targets; a single process takes {:.1} s; seed {}",
        chain::TARGETS.len(),
        ground.alone.as_secs_f64(),
        arguments.seed
    );
    // One thread, the main one: what it starts dies with it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Problem::unusable(format!("cannot start the runtime: {error}")))?;
    let rows = runtime.block_on(async {
        tokio::select! {
            rows = all(&ground, &faults, arguments) => rows,
            stopped = stopped() => Err(stopped),
        }
    })?;
    table(&rows);
    Ok(rows.iter().all(|row| row.wrong.is_empty()))
}

fn chosen(arguments: &Arguments) -> Result<Vec<&'static Fault>, Problem> {
    let known = |name: &String| FAULTS.iter().any(|fault| fault.name == name);
    if let Some(unknown) = arguments.only.iter().find(|name| !known(name)) {
        let names: Vec<&str> = FAULTS.iter().map(|fault| fault.name).collect();
        return Err(Problem::Missing(format!("there is no fault {unknown}; there are {}", names.join(", "))));
    }
    let named = |fault: &Fault| arguments.only.iter().any(|name| name == fault.name);
    let wanted = |fault: &&Fault| match arguments.only.is_empty() {
        true => fault.setting.is_quick || !arguments.quick,
        false => named(fault),
    };
    Ok(FAULTS.iter().filter(wanted).collect())
}

/// Waits until somebody wants us to stop.
async fn stopped() -> Problem {
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = (interrupt, terminate) else {
        // Then we end without tidying up, at the next signal.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Problem::unusable("interrupted")
}

/// What became of a fault, over all times that it has happened.
struct Row {
    name: &'static str,
    runs: u32,
    lost: usize,
    twice: usize,
    containers: usize,
    recovered: Option<Duration>,
    wrong: Vec<String>,
    /// Why it could not happen.
    skipped: Option<String>,
}

async fn all(
    ground: &Rc<Ground>,
    faults: &[&'static Fault],
    arguments: &Arguments,
) -> Result<Vec<Row>, Problem> {
    let mut rows = Vec::new();
    for fault in faults {
        let mut row = Row {
            name: fault.name,
            runs: 0,
            lost: 0,
            twice: 0,
            containers: 0,
            recovered: None,
            wrong: Vec::new(),
            skipped: None,
        };
        for time in 0..arguments.repeat {
            let clock = Instant::now();
            // Each fault has its own, whichever others there are.
            let own = fault.name.bytes().fold(0, |sum: u64, byte| sum.wrapping_mul(31) + u64::from(byte));
            let rng = Rng::with_seed(arguments.seed.wrapping_mul(own).wrapping_add(u64::from(time)));
            match once(ground, fault, rng).await {
                Ok(outcome) => {
                    println!(
                        "{:<29} {:>5.1} s  {}",
                        fault.name,
                        clock.elapsed().as_secs_f64(),
                        outcome.proof
                    );
                    row.add(outcome);
                }
                Err(Problem::Missing(reason)) if row.runs == 0 => row.skipped = Some(reason),
                Err(problem) => {
                    let outcome = Outcome { wrong: vec![with_causes(&problem)], ..Outcome::default() };
                    row.add(outcome);
                }
            }
            if row.skipped.is_some() {
                break;
            }
        }
        for wrong in &row.wrong {
            println!("{:<29} WRONG    {wrong}", fault.name);
        }
        rows.push(row);
    }
    Ok(rows)
}

async fn once(ground: &Rc<Ground>, fault: &Fault, rng: Rng) -> Result<Outcome, Problem> {
    let logs = ground::logs(fault.name)?;
    let mut scene = Scene::open(ground, &fault.setting, rng, &logs).await?;
    let struck = (fault.act)(&mut scene).await?;
    scene.finish(struck, &fault.setting).await
}

impl Row {
    fn add(&mut self, outcome: Outcome) {
        self.runs += 1;
        self.lost += outcome.lost;
        self.twice += outcome.twice;
        self.containers += outcome.containers;
        self.recovered = self.recovered.max(outcome.recovered);
        self.wrong.extend(outcome.wrong);
    }
}

fn table(rows: &[Row]) {
    println!(
        "\n{:<29} {:>4} {:>10} {:>19} {:>15} {:>15}",
        "fault", "runs", "cells lost", "cells counted twice", "containers left", "time to recover"
    );
    for row in rows {
        if let Some(reason) = &row.skipped {
            println!("{:<29} SKIPPED: {reason}", row.name);
            continue;
        }
        println!(
            "{:<29} {:>4} {:>10} {:>19} {:>15} {:>15}{}",
            row.name,
            row.runs,
            row.lost,
            row.twice,
            row.containers,
            row.recovered.map_or("-".to_owned(), |time| format!("{:.1} s", time.as_secs_f64())),
            if row.wrong.is_empty() { "" } else { "  WRONG" },
        );
    }
    let wrong = rows.iter().filter(|row| !row.wrong.is_empty()).count();
    let skipped = rows.iter().filter(|row| row.skipped.is_some()).count();
    println!("faults: {}, not as it has to be: {wrong}, skipped: {skipped}", rows.len());
}
