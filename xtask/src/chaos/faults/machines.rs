//! The machine below: clocks, the container engine, containers.

use std::time::Instant;

use super::workers::{EXPIRED, FENCED, REFUSED};
use crate::chaos::clocks::Clocks;
use crate::chaos::engine::Engine;
use crate::chaos::farm::MOMENT;
use crate::chaos::metrics;
use crate::chaos::program::Program;
use crate::chaos::proxy::Line;
use crate::chaos::scene::{Caught, Scene, Struck};
use crate::chaos::wait::within;
use crate::process::Problem;

/// Ten minutes, in seconds.
pub(super) const MUCH: i64 = 600;
/// How far two logs may differ over one moment, in seconds.
const SLACK: i64 = 30;
const DAY: i64 = 24 * 3_600;
/// The name of the only coordinator.
const COORDINATOR: &str = "coordinator-1";

/// The clocks of two workers are wrong from the start, and nobody minds.
pub(super) async fn clocks_wrong(scene: &mut Scene) -> Result<Struck, Problem> {
    scene.catch().await?;
    let at = Instant::now();
    let mut told = Vec::new();
    for (name, ahead) in [("worker-1", MUCH), ("worker-2", -MUCH)] {
        let connected = logged(&scene.farm.worker(name)?.program, "connected to the coordinator")?;
        let come = logged(&scene.farm.coordinators[0].program, &format!("host={name:?}"))?;
        let difference = (connected - come + DAY / 2).rem_euclid(DAY) - DAY / 2;
        if (difference - ahead).abs() > SLACK {
            return Err(Problem::unusable(format!(
                "the clock of {name} is {difference} s ahead, and not {ahead}"
            )));
        }
        told.push(format!("{name}'s clock was {difference} s ahead of the coordinator's"));
    }
    scene.ground.gates.open()?;
    Ok(Struck::all(at, told.join(", ")))
}

/// The coordinator's clock jumps ahead, so that all leases run out while a worker that hears nothing believes that it has its
/// own; and then back again.
pub(super) async fn clock_jumps(scene: &mut Scene) -> Result<Struck, Problem> {
    let Caught { worker, .. } = scene.catch().await?;
    let (expired, refused) = (scene.farm.count(EXPIRED).await, scene.farm.count(REFUSED).await);
    let metrics = scene.farm.worker(&worker)?.metrics;
    scene.farm.line(&worker)?.set(Line::Deaf);
    clocks(scene)?.set(COORDINATOR, MUCH)?;
    let at = Instant::now();
    let expired = scene.farm.rises(EXPIRED, expired).await?;
    scene.ground.gates.open()?;
    // It speaks of it for as long as it believes.
    let (refused, fenced) = within(MOMENT, "a result under a lease that has run out", async || {
        let refused = scene.farm.count(REFUSED).await - refused;
        let fenced = metrics::sum(metrics, FENCED).await.unwrap_or_default();
        Ok((refused + fenced > 0.0).then_some((refused, fenced)))
    })
    .await?;
    let line = scene.farm.line(&worker)?;
    line.set(Line::Good);
    line.cut_all();
    clocks(scene)?.set(COORDINATOR, 0)?;
    let proof = format!(
        "the coordinator's clock jumped {MUCH} s ahead while {worker} was at {}, {expired} leases ran out, {refused} results of {worker} were refused ({fenced} shards were let go of before), and it jumped back",
        scene.cell
    );
    Ok(Struck::cell(at, &scene.cell, proof))
}

fn clocks(scene: &Scene) -> Result<&Clocks, Problem> {
    scene.farm.clocks.as_ref().ok_or_else(|| Problem::unusable("all clocks are right"))
}

/// When a program has logged something first, in seconds of the day by its own clock.
fn logged(program: &Program, text: &str) -> Result<i64, Problem> {
    let said = program.said();
    let line = said.lines().find(|line| line.contains(text)).unwrap_or_default();
    // `2026-11-26T03:32:54.976990Z  INFO …`
    let time = line.split_once('T').and_then(|(_, rest)| rest.get(..8)).unwrap_or_default();
    let parts: Option<Vec<i64>> = time.split(':').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some(&[hours, minutes, seconds]) => Ok(hours * 3_600 + minutes * 60 + seconds),
        _ => Err(Problem::unusable(format!("{} has not logged {text:?}", program.name()))),
    }
}

/// The container engine is stopped, and with it the database in the middle of a step; then it is started again.
pub(super) async fn engine_restarted(scene: &mut Scene) -> Result<Struck, Problem> {
    let Caught { worker, .. } = scene.catch().await?;
    let before = containers(scene, &worker).await?;
    engine(scene)?.stop()?;
    let at = Instant::now();
    let program = &scene.farm.worker(&worker)?.program;
    program.says("no container engine answers", MOMENT).await?;
    engine(scene)?.start_again()?;
    scene.ground.gates.open()?;
    let proof = format!(
        "the engine was stopped, with {} containers of {worker}, which was at {} and noticed; then it was started again",
        before.len(),
        scene.cell
    );
    Ok(Struck::cell(at, &scene.cell, proof))
}

fn engine(scene: &mut Scene) -> Result<&mut Engine, Problem> {
    scene.farm.engine.as_mut().ok_or_else(|| Problem::unusable("the farm has no engine of its own"))
}

/// The container of a database is killed in the middle of a step.
pub(super) async fn database_killed(scene: &mut Scene) -> Result<Struck, Problem> {
    let Caught { worker, .. } = scene.catch().await?;
    let killed = containers(scene, &worker).await?;
    for container in &killed {
        scene.farm.docker.kill(container).await?;
    }
    let at = Instant::now();
    scene.ground.gates.open()?;
    let program = &scene.farm.worker(&worker)?.program;
    program.says("the server failed", MOMENT).await?;
    let proof = format!(
        "container {} of {worker} was killed while it was at {}, and {worker} says so",
        killed.join(", "),
        scene.cell
    );
    Ok(Struck::cell(at, &scene.cell, proof))
}

/// The containers of a worker: there is one at least.
async fn containers(scene: &mut Scene, worker: &str) -> Result<Vec<String>, Problem> {
    let pid = scene.farm.worker(worker)?.program.pid();
    let containers = scene.farm.docker.of(&[pid]).await?;
    match containers.is_empty() {
        true => Err(Problem::unusable(format!("{worker} has no container"))),
        false => Ok(containers),
    }
}
