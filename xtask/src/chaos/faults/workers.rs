//! Workers that die, stop and go.

use std::collections::BTreeSet;
use std::time::Instant;

use nix::sys::signal::Signal;

use crate::chaos::chain::{DEADLY, NEEDS_DEADLY, POSTGRES};
use crate::chaos::events::Seen;
use crate::chaos::farm::MOMENT;
use crate::chaos::metrics;
use crate::chaos::proxy::Line;
use crate::chaos::report::CellName;
use crate::chaos::scene::{Caught, Scene, Struck};
use crate::chaos::wait::within;
use crate::process::Problem;

/// A counter of leases that have run out.
pub(super) const EXPIRED: &str = "mrt_leases_expired_total";
/// A counter of results that came too late.
pub(super) const REFUSED: &str = "mrt_results_total{answer=\"refused\"}";
/// A counter of results that came again.
pub(super) const KNOWN: &str = "mrt_results_total{answer=\"known\"}";
/// A worker's counter of shards that it let go of by itself.
pub(super) const FENCED: &str = "mrt_worker_fenced_total";
/// A worker's results that are not acknowledged.
pub(super) const OUTBOX: &str = "mrt_worker_outbox";

/// Nothing happens.
pub(super) async fn undisturbed(scene: &mut Scene) -> Result<Struck, Problem> {
    let Caught { worker, .. } = scene.catch().await?;
    let at = Instant::now();
    scene.ground.gates.open()?;
    Ok(Struck::cell(at, &scene.cell, format!("nothing but that {worker} waited at a gate")))
}

/// SIGKILL in the middle of an upgrade.
pub(super) async fn killed(scene: &mut Scene) -> Result<Struck, Problem> {
    let Caught { worker, process } = scene.catch().await?;
    let expired = scene.farm.count(EXPIRED).await;
    scene.farm.kill_worker(&worker).await?;
    let at = Instant::now();
    let expired = scene.farm.rises(EXPIRED, expired).await?;
    scene.ground.gates.open()?;
    let other = scene.passes_on(&worker).await?;
    let proof = format!(
        "{worker} was killed while its process {process} applied {}; {expired} leases ran out, and {other} began with it",
        scene.cell
    );
    Ok(Struck::cell(at, &scene.cell, proof))
}

/// SIGKILL when a result was written down, and before the worker could know.
pub(super) async fn killed_unacknowledged(scene: &mut Scene) -> Result<Struck, Problem> {
    let Caught { worker, .. } = scene.catch().await?;
    scene.farm.line(&worker)?.set(Line::Deaf);
    scene.ground.gates.open()?;
    scene.is_counted().await?;
    let outbox = metrics::sum(scene.farm.worker(&worker)?.metrics, OUTBOX).await.unwrap_or_default();
    let lost = scene.farm.line(&worker)?.lost();
    scene.farm.kill_worker(&worker).await?;
    let at = Instant::now();
    if outbox < 1.0 || lost == 0 {
        return Err(Problem::unusable(format!(
            "the fault did not strike: {outbox} results waited for {worker}'s acknowledgement, and {lost} bytes were lost"
        )));
    }
    let proof = format!(
        "the result of {} was counted and {worker} killed with {outbox} results unacknowledged; {lost} bytes to it were lost",
        scene.cell
    );
    Ok(Struck::all(at, proof))
}

/// SIGSTOP for longer than its lease, then SIGCONT.
pub(super) async fn stopped(scene: &mut Scene) -> Result<Struck, Problem> {
    let Caught { worker, .. } = scene.catch().await?;
    let expired = scene.farm.count(EXPIRED).await;
    scene.farm.worker(&worker)?.program.signal(Signal::SIGSTOP)?;
    let at = Instant::now();
    let expired = scene.farm.rises(EXPIRED, expired).await?;
    // Its migration is not stopped: what it has to say waits for it.
    scene.ground.gates.open()?;
    let other = scene.passes_on(&worker).await?;
    let stopped = scene.farm.worker(&worker)?;
    stopped.program.signal(Signal::SIGCONT)?;
    let what = format!("{worker} to let go of what is not its own any more");
    let metrics = stopped.metrics;
    let fenced = within(MOMENT, &what, async || {
        Ok(metrics::sum(metrics, FENCED).await.filter(|fenced| *fenced > 0.0))
    })
    .await?;
    let proof = format!(
        "{worker} was stopped at {}; {expired} leases ran out, {other} began with it, and {worker} let go of {fenced} shards when it went on",
        scene.cell
    );
    Ok(Struck::cell(at, &scene.cell, proof))
}

/// SIGTERM: it ends what it is at, and hands back the rest.
pub(super) async fn drained(scene: &mut Scene) -> Result<Struck, Problem> {
    let Caught { worker, .. } = scene.catch().await?;
    let program = &scene.farm.worker(&worker)?.program;
    program.signal(Signal::SIGTERM)?;
    let at = Instant::now();
    program.says("handed back", MOMENT).await?;
    scene.ground.gates.open()?;
    let status = scene.farm.worker(&worker)?.program.ended(MOMENT).await?;
    scene.farm.bury(&worker)?;
    if !status.success() {
        return Err(Problem::unusable(format!("{worker} ended with {status} when it was asked to")));
    }
    let proof = format!("{worker} was asked to end while it was at {}, and ended by itself", scene.cell);
    Ok(Struck::cell(at, &scene.cell, proof))
}

/// Whoever applies a revision is killed, until the farm gives it up.
pub(super) async fn met_a_deadly_revision(scene: &mut Scene) -> Result<Struck, Problem> {
    let mut killed = Vec::new();
    let mut at = Instant::now();
    let deadly = CellName::new(DEADLY, POSTGRES);
    let ended = |seen: &Seen| seen.finished().is_some_and(|cell| cell == deadly);
    while !scene.events.any(ended) {
        let what = format!("the next worker at {DEADLY}, or its end");
        let met = within(4 * MOMENT, &what, async || {
            let met = scene.at_the_gate(DEADLY, POSTGRES)?;
            Ok(if scene.events.any(ended) { Some(None) } else { met.map(Some) })
        });
        let Some(Caught { worker, process }) = met.await? else { break };
        scene.farm.kill_worker(&worker).await?;
        at = Instant::now();
        killed.push(format!("{worker} ({process})"));
        scene.farm.start_worker().await?;
    }
    if killed.is_empty() {
        return Err(Problem::unusable("the fault did not strike: nobody was killed"));
    }
    let proof = format!("{} were killed while they applied {DEADLY}", killed.join(", "));
    let errors = [DEADLY, NEEDS_DEADLY].map(|revision| CellName::new(revision, POSTGRES));
    Ok(Struck { at, cell: None, errors: BTreeSet::from(errors), proof })
}

/// SIGKILL to all of them. The run says what it waits for, and goes on when one comes.
pub(super) async fn all_gone(scene: &mut Scene) -> Result<Struck, Problem> {
    scene.catch().await?;
    let names: Vec<String> = scene.farm.workers.iter().map(|it| it.program.name().to_owned()).collect();
    for name in &names {
        scene.farm.kill_worker(name).await?;
    }
    let at = Instant::now();
    let waits = |seen: &Seen| seen.waiting().filter(|_| seen.at > at).map(str::to_owned);
    let reason = scene.events.wait(MOMENT, "the run to say what it waits for", waits).await?;
    scene.ground.gates.open()?;
    let new = scene.farm.start_worker().await?;
    let proof = format!("{} were killed; the run said {reason:?}, until {new} came", names.join(", "));
    Ok(Struck::all(at, proof))
}
