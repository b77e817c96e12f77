//! Servers in Pods: by a fake API server over real HTTP, and by the cluster that MRT_TEST_KUBECONFIG names.

#![allow(clippy::unwrap_used)]

mod cluster;
mod fake;
mod faults;
mod life;
mod tunnel;

use std::error::Error;
use std::time::Duration;

use mrt_chain::settings::Target;
use mrt_worker::database::postgres;
use mrt_worker::server::kubernetes::{Kubernetes, KubernetesError, Limits, Settings};
use mrt_worker::server::{Endpoint, Launch, ServerError, random_token};
use serde_json::{Value, json};

use crate::fake::Fake;

/// As a target launches it.
fn launch() -> Launch {
    postgres::launch(&Target::from_name("postgres:15").unwrap(), random_token().unwrap())
}

async fn logs_in(endpoint: Endpoint) -> Result<(), Box<dyn Error + Send + Sync>> {
    postgres::ready(&endpoint).await.map_err(Into::into)
}

async fn at_once(_: Endpoint) -> Result<(), Box<dyn Error + Send + Sync>> {
    Ok(())
}

async fn never(_: Endpoint) -> Result<(), Box<dyn Error + Send + Sync>> {
    Err("the door is shut".into())
}

/// Seconds instead of minutes.
fn limits() -> Limits {
    Limits {
        answer: Duration::from_secs(2),
        away: Duration::from_secs(5),
        pauses: (Duration::from_millis(20), Duration::from_millis(200)),
        patience: Duration::from_secs(2),
        trouble: Duration::from_millis(500),
        watch: Duration::from_secs(20),
        going: Duration::from_millis(500),
        notice: Duration::from_millis(500),
    }
}

async fn farm(fake: &Fake) -> Kubernetes {
    farm_with(fake, |_| {}).await
}

async fn farm_with(fake: &Fake, change: impl FnOnce(&mut Settings)) -> Kubernetes {
    let mut settings =
        Settings { kubeconfig: Some(fake.kubeconfig()), limits: limits(), ..Settings::default() };
    change(&mut settings);
    Kubernetes::new(settings).await.unwrap()
}

/// What is wrong with a cluster, if it is that.
fn of_cluster(error: &ServerError) -> &KubernetesError {
    match error {
        ServerError::Kubernetes(error) => error,
        other => panic!("{other:?}"),
    }
}

/// With all of its causes, as the log tells it.
fn in_full(error: &ServerError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn placed() -> Value {
    json!({ "spec": { "nodeName": "n1" } })
}

fn server(state: &Value) -> Value {
    json!({ "status": { "containerStatuses": [
        { "name": "server", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": state },
    ] } })
}

/// It runs, on a node that is this machine.
fn running() -> Value {
    let mut change = server(&json!({ "running": { "startedAt": "2026-11-26T12:00:00Z" } }));
    change["status"]["phase"] = json!("Running");
    change["status"]["podIP"] = json!("127.0.0.1");
    change["status"]["hostIP"] = json!("127.0.0.1");
    change
}

fn waiting(reason: &str, message: &str) -> Value {
    server(&json!({ "waiting": { "reason": reason, "message": message } }))
}

fn ended(code: i32, reason: &str) -> Value {
    let mut change = server(&json!({ "terminated": { "exitCode": code, "reason": reason } }));
    change["status"]["phase"] = json!("Failed");
    change
}

fn evicted() -> Value {
    let message = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 60Mi.";
    json!({ "status": { "phase": "Failed", "reason": "Evicted", "message": message } })
}
