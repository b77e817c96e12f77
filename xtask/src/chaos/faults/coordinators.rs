//! Coordinators that die, and states that cannot be written.

use std::time::Instant;

use super::workers::{FENCED, OUTBOX};
use crate::chaos::farm::MOMENT;
use crate::chaos::metrics;
use crate::chaos::scene::{Caught, Scene, Struck};
use crate::chaos::wait::{beside, within};
use crate::process::Problem;

/// A counter of what could not be written down.
const FAILED: &str = "mrt_turns_failed_total";

/// SIGKILL while a worker is in the middle of an upgrade; its result comes while nobody is there to take it.
pub(super) async fn killed(scene: &mut Scene) -> Result<Struck, Problem> {
    let Caught { worker, .. } = scene.catch().await?;
    scene.farm.kill_coordinator(0).await?;
    let at = Instant::now();
    scene.ground.gates.open()?;
    let metrics = scene.farm.worker(&worker)?.metrics;
    let what = format!("a result of {worker} that cannot be sent");
    // It does not keep one for longer than its lease.
    let (outbox, fenced) = within(MOMENT, &what, async || {
        let (outbox, fenced) = (metrics::sum(metrics, OUTBOX).await, metrics::sum(metrics, FENCED).await);
        let counts = (outbox.unwrap_or_default(), fenced.unwrap_or_default());
        Ok((counts.0 + counts.1 > 0.0).then_some(counts))
    })
    .await?;
    scene.farm.restart_coordinator(0).await?;
    let proof = format!(
        "the coordinator was killed while {worker} was at {}, and started again when {outbox} results waited for it ({fenced} shards were let go of)",
        scene.cell
    );
    Ok(Struck::all(at, proof))
}

/// SIGKILL to that one of two coordinators to which a worker speaks.
pub(super) async fn replica_killed(scene: &mut Scene) -> Result<Struck, Problem> {
    let Caught { worker, .. } = scene.catch().await?;
    let speaks = |index: usize, scene: &Scene| {
        let said = scene.farm.coordinators[index].program.said();
        let come = |line: &&str| line.contains("a worker has come") && line.contains(&worker);
        said.lines().filter(come).count()
    };
    let (gone, stays) = if speaks(0, scene) > 0 { (0, 1) } else { (1, 0) };
    let before = speaks(stays, scene);
    scene.farm.kill_coordinator(gone).await?;
    let at = Instant::now();
    let what = format!("{worker} to come to the other coordinator");
    within(MOMENT, &what, async || Ok((speaks(stays, scene) > before).then_some(()))).await?;
    scene.ground.gates.open()?;
    // What has ended need not be ended again.
    let gone = scene.farm.coordinators.remove(gone);
    let proof = format!(
        "{} was killed while {worker} spoke to it, which then came to {}",
        gone.program.name(),
        scene.farm.coordinators[0].program.name()
    );
    Ok(Struck::all(at, proof))
}

/// The server of the state is killed, and started again.
pub(super) async fn server_restarted(scene: &mut Scene) -> Result<Struck, Problem> {
    scene.catch().await?;
    let server = scene.farm.server()?;
    let down = server.clone();
    beside(move || down.kill()).await?;
    let at = Instant::now();
    scene.ground.gates.open()?;
    let failed = unready(scene).await?;
    beside(move || server.start_again()).await?;
    ready(scene).await?;
    let proof = format!(
        "PostgreSQL was killed; the coordinator could not write {failed} times and was not ready until it was started again"
    );
    Ok(Struck::all(at, proof))
}

/// The disk of the state is full for longer than a lease.
pub(super) async fn disk_full(scene: &mut Scene) -> Result<Struck, Problem> {
    let Caught { worker, .. } = scene.catch().await?;
    let bytes = scene.farm.store.disk()?.fill()?;
    let at = Instant::now();
    scene.ground.gates.open()?;
    let failed = unready(scene).await?;
    let metrics = scene.farm.worker(&worker)?.metrics;
    let what = format!("{worker} to let go of what it cannot keep");
    let fenced = within(MOMENT, &what, async || {
        Ok(metrics::sum(metrics, FENCED).await.filter(|fenced| *fenced > 0.0))
    })
    .await?;
    scene.farm.store.disk()?.free()?;
    ready(scene).await?;
    let proof = format!(
        "{bytes} bytes filled the disk; the coordinator could not write {failed} times and was not ready until they were gone, and {worker} let go of {fenced} shards"
    );
    Ok(Struck::all(at, proof))
}

/// Waits until the coordinator has failed to write, and says that it is not ready.
async fn unready(scene: &Scene) -> Result<f64, Problem> {
    let failed = scene.farm.rises(FAILED, 0.0).await?;
    readiness(scene, false).await?;
    Ok(failed)
}

async fn ready(scene: &Scene) -> Result<(), Problem> {
    readiness(scene, true).await
}

async fn readiness(scene: &Scene, wanted: bool) -> Result<(), Problem> {
    let metrics = scene.farm.coordinators[0].metrics;
    let what = if wanted { "the coordinator to be ready" } else { "the coordinator to be ready no more" };
    within(MOMENT, what, async || Ok((metrics::is_ready(metrics).await == Some(wanted)).then_some(()))).await
}
