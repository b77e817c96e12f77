//! What is between workers and the coordinator.

use std::time::Instant;

use mrt_proto::PROTOCOL;
use mrt_proto::v1;
use mrt_proto::v1::worker_message::Message;
use mrt_proto::v1::workers_client::WorkersClient;
use tonic::Code;

use super::workers::{EXPIRED, FENCED, KNOWN, REFUSED};
use crate::chaos::farm::MOMENT;
use crate::chaos::metrics;
use crate::chaos::proxy::Line;
use crate::chaos::scene::{Caught, Scene, Struck};
use crate::chaos::wait::within;
use crate::process::Problem;

/// How often connections are cut before a cell comes to its end.
const CUTS: u64 = 6;

/// The acknowledgement of a result is lost with its connection: the result is sent again.
pub(super) async fn unacknowledged(scene: &mut Scene) -> Result<Struck, Problem> {
    let Caught { worker, .. } = scene.catch().await?;
    let known = scene.farm.count(KNOWN).await;
    scene.farm.line(&worker)?.set(Line::Deaf);
    scene.ground.gates.open()?;
    scene.is_counted().await?;
    let line = scene.farm.line(&worker)?;
    line.set(Line::Good);
    line.cut_all();
    let at = Instant::now();
    let lost = line.lost();
    let known = scene.farm.rises(KNOWN, known).await?;
    let proof = format!(
        "the result of {} was counted, {lost} bytes to {worker} were lost with its connection, and {known} results came again",
        scene.cell
    );
    Ok(Struck::all(at, proof))
}

/// Nothing comes through for longer than a lease, and nobody is told. Then all of it comes.
pub(super) async fn partitioned(scene: &mut Scene) -> Result<Struck, Problem> {
    let Caught { worker, .. } = scene.catch().await?;
    let (expired, refused) = (scene.farm.count(EXPIRED).await, scene.farm.count(REFUSED).await);
    scene.farm.line(&worker)?.set(Line::Still);
    let at = Instant::now();
    // So its result is on its way when the lease runs out.
    scene.ground.gates.open()?;
    let expired = scene.farm.rises(EXPIRED, expired).await?;
    let other = scene.passes_on(&worker).await?;
    let metrics = scene.farm.worker(&worker)?.metrics;
    let what = format!("{worker} to let go of what may be another one's");
    let fenced = within(MOMENT, &what, async || {
        Ok(metrics::sum(metrics, FENCED).await.filter(|fenced| *fenced > 0.0))
    })
    .await?;
    scene.farm.line(&worker)?.set(Line::Good);
    let program = &scene.farm.worker(&worker)?.program;
    let connected = || program.said().matches("connected to the coordinator").count();
    let before = connected();
    within(MOMENT, "the worker to come back", async || Ok((connected() > before).then_some(()))).await?;
    let refused = scene.farm.count(REFUSED).await - refused;
    let proof = format!(
        "nothing came through to {worker} at {}; {expired} leases ran out, {other} began with it, {worker} let go of {fenced} shards, and {refused} results came too late",
        scene.cell
    );
    Ok(Struck::cell(at, &scene.cell, proof))
}

/// Every line breaks again and again, and what comes through is late and in pieces, to the end of the run.
pub(super) async fn torn(scene: &mut Scene) -> Result<Struck, Problem> {
    scene.catch().await?;
    scene.farm.set_lines(Line::Torn);
    let at = Instant::now();
    let cut = within(MOMENT, "connections to be cut", async || {
        Ok(Some(scene.farm.cut()).filter(|cut| *cut >= CUTS))
    })
    .await?;
    scene.ground.gates.open()?;
    let proof = format!("connections were cut {cut} times before {} went on, and on to the end", scene.cell);
    Ok(Struck::cell(at, &scene.cell, proof))
}

/// Workers of another version come: each is told which side is to be upgraded.
pub(super) async fn outdated(scene: &mut Scene) -> Result<Struck, Problem> {
    scene.catch().await?;
    let at = Instant::now();
    let older = refusal(&scene.farm.url()?, PROTOCOL - 1).await?;
    let newer = refusal(&scene.farm.url()?, PROTOCOL + 1).await?;
    for (said, side) in [(&older, "upgrade mrt-worker"), (&newer, "upgrade the coordinator")] {
        if !said.contains(side) {
            return Err(Problem::unusable(format!("{said:?} does not say to {side}")));
        }
    }
    scene.ground.gates.open()?;
    Ok(Struck::all(at, format!("refused with {older:?} and {newer:?}")))
}

/// What a worker is told that speaks this version of the contract.
async fn refusal(url: &str, protocol: u32) -> Result<String, Problem> {
    let failed = |error: &dyn std::fmt::Display| Problem::unusable(format!("cannot ask {url}: {error}"));
    let mut client = WorkersClient::connect(url.to_owned()).await.map_err(|error| failed(&error))?;
    let (worker, host) = ("00000000000000ff".to_owned(), "another version".to_owned());
    let hello = v1::Hello { protocol, version: "another".to_owned(), worker, host };
    let first = v1::WorkerMessage { message: Some(Message::Hello(hello)) };
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    sender.send(first).await.map_err(|error| failed(&error))?;
    match client.work(tokio_stream::wrappers::ReceiverStream::new(receiver)).await {
        Err(status) if status.code() == Code::FailedPrecondition => Ok(status.message().to_owned()),
        Err(status) => Err(failed(&status)),
        Ok(_) => Err(Problem::unusable(format!("a worker of version {protocol} is welcome"))),
    }
}
