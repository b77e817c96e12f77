//! What a program tells those who watch it.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use clap::Parser as _;
use mrt_ops::Trouble;
use mrt_ops::metrics::{HealthError, Metrics, MetricsError};
use mrt_ops::prometheus_client::metrics::counter::Counter;
use mrt_ops::prometheus_client::registry::Registry;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

#[derive(clap::Parser)]
struct Arguments {
    #[command(flatten)]
    metrics: Metrics,
}

fn metrics(arguments: &str) -> Metrics {
    Arguments::parse_from(format!("test {arguments}").split_whitespace()).metrics
}

async fn ask(address: std::net::SocketAddr, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{request} HTTP/1.1\r\nHost: here\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

#[tokio::test]
async fn whoever_watches_gets_metrics_and_readiness() {
    let mut registry = Registry::with_prefix("mrt");
    let cells = Counter::<u64>::default();
    registry.register("cells", "Cells that were checked", cells.clone());
    let (ready, is_ready) = watch::channel(false);
    let serving = metrics("--metrics 127.0.0.1:0").serve(registry, is_ready).unwrap().unwrap();
    let address = serving.address();

    cells.inc_by(7);
    let (head, body) = ask(address, "GET /metrics").await;
    assert!(head.starts_with("http/1.1 200 ok"), "{head}");
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0"), "{head}");
    assert!(body.contains("# TYPE mrt_cells counter\nmrt_cells_total 7\n# EOF\n"), "{body}");

    assert!(ask(address, "GET /livez").await.0.starts_with("http/1.1 200"));
    assert!(ask(address, "GET /readyz").await.0.starts_with("http/1.1 503"));
    ready.send(true).unwrap();
    assert_eq!(ask(address, "GET /readyz").await.1, "ready\n");
    ready.send(false).unwrap();
    assert!(ask(address, "GET /readyz").await.0.starts_with("http/1.1 503"));
    assert!(ask(address, "GET /livez").await.0.starts_with("http/1.1 200"));

    let (head, body) = ask(address, "HEAD /metrics").await;
    assert!(head.starts_with("http/1.1 200") && body.is_empty(), "{head} {body}");
    assert!(ask(address, "POST /metrics").await.0.starts_with("http/1.1 405"));
    assert!(ask(address, "GET /").await.0.starts_with("http/1.1 404"));

    drop(serving);
    let end = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), end).await.unwrap();
}

#[tokio::test]
async fn metrics_are_not_public_unless_that_is_said() {
    let serve = |arguments: &str| metrics(arguments).serve(Registry::default(), watch::channel(true).1);
    assert!(serve("").unwrap().is_none());
    let error = serve("--metrics 0.0.0.0:0").unwrap_err();
    assert!(matches!(error, MetricsError::Public { .. }) && error.trouble() == Trouble::Usage);
    assert!(error.to_string().ends_with("listen on 127.0.0.1, or say --metrics-public"), "{error}");
    let first = serve("--metrics 0.0.0.0:0 --metrics-public").unwrap().unwrap();
    let again = format!("--metrics {} --metrics-public", first.address());
    let error = serve(&again).unwrap_err();
    assert_eq!(error.trouble(), Trouble::Infrastructure);
}

#[tokio::test]
async fn the_one_that_runs_is_asked_whether_it_is_ready() {
    let (ready, is_ready) = watch::channel(false);
    let serving = metrics("--metrics 0.0.0.0:0 --metrics-public").serve(Registry::default(), is_ready);
    let serving = serving.unwrap().unwrap();
    let arguments = format!("--metrics {} --health", serving.address());
    // It blocks, as it is the only thing that its program does.
    let health = || {
        tokio::task::spawn_blocking({
            let metrics = metrics(&arguments);
            move || metrics.health().unwrap()
        })
    };
    let error = health().await.unwrap().unwrap_err();
    assert!(matches!(&error, HealthError::NotReady { answer, .. } if answer.contains("503")), "{error}");
    ready.send(true).unwrap();
    health().await.unwrap().unwrap();
    drop(serving);
    let gone = async {
        while !matches!(health().await.unwrap(), Err(HealthError::Away { .. })) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();

    assert!(metrics("--metrics 127.0.0.1:1").health().is_none());
    let error = metrics("--health").health().unwrap().unwrap_err();
    assert!(matches!(error, HealthError::NoAddress) && error.trouble() == Trouble::Usage);
}
