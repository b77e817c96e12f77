//! The coordinator as a program.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use mrt_ops::connect::is_away;
use mrt_proto::externalscaler::ScaledObjectRef;
use mrt_proto::externalscaler::external_scaler_client::ExternalScalerClient;
use mrt_proto::v1;
use mrt_proto::v1::submissions_client::SubmissionsClient;
use mrt_report::{Cell, Verdict};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_stream::iter;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// A coordinator that ends with the test.
struct Program {
    child: Child,
    log: BufReader<ChildStderr>,
    address: String,
    /// Where it listens to the cluster, if it does.
    cluster: Option<String>,
    _directory: TempDir,
}

impl Drop for Program {
    fn drop(&mut self) {
        // One that has ended needs no end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(directory: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrt-coordinator"));
    command.args(["--listen", "127.0.0.1:0", "--log-format", "json", "--data"]).arg(directory.path());
    command.env_remove("MRT_LOG").stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut child = command(&directory).args(arguments).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut cluster = None;
        let address = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).unwrap() > 0, "it has ended before it listened");
            let told: serde_json::Value = serde_json::from_str(&line).unwrap();
            let address = || told["address"].as_str().unwrap().to_owned();
            match told["message"].as_str() {
                Some("listening") => break address(),
                Some("listening to the cluster") => cluster = Some(address()),
                _ => {}
            }
        };
        Self { child, log, address, cluster, _directory: directory }
    }

    fn client(&self) -> SubmissionsClient<tonic::transport::Channel> {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).unwrap();
        SubmissionsClient::new(endpoint.connect_lazy()).max_encoding_message_size(64 << 20)
    }

    /// Asks it to end; the answer is its exit code and the rest of its log.
    fn end(&mut self) -> (Option<i32>, String) {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM).unwrap();
        let mut log = String::new();
        self.log.read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

/// A chain of which each cell is left out, and takes 100 kB to say so.
fn talkative(bundle: &str) -> v1::SubmitRequest {
    let revision = |position: u32| {
        let id = format!("r{position}");
        let reason = "slow".repeat(25_000);
        let cell = Cell::untried("shop", "sqlite", &id, "", Verdict::Skip, reason);
        let skipped = serde_json::to_vec(&cell).unwrap();
        v1::Revision { id, skipped, ..v1::Revision::default() }
    };
    v1::SubmitRequest {
        key: "key".to_owned(),
        protocol: mrt_proto::PROTOCOL,
        columns: vec![v1::Column {
            bundle: bundle.to_owned(),
            suite: "shop".to_owned(),
            target: "sqlite".to_owned(),
            needs: Some(v1::Capability { engine: "sqlite".to_owned(), containers: false }),
            revisions: (0..200).map(revision).collect(),
        }],
        options: Some(v1::CheckOptions { today: "2026-11-26".to_owned(), ..v1::CheckOptions::default() }),
        ..v1::SubmitRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_are_silent_or_do_not_read_do_not_keep_it() {
    let mut program = Program::start(&[]);
    let mut client = program.client();
    let bundle: String = Sha256::digest(b"").iter().map(|byte| format!("{byte:02x}")).collect();
    let part = v1::UploadBundleRequest { bundle: bundle.clone(), data: Vec::new() };
    client.upload_bundle(iter([part.clone()])).await.unwrap();
    let run = client.submit(talkative(&bundle)).await.unwrap().into_inner().run;
    // There is more than a client takes that does not read on.
    let mut watcher = program.client();
    let mut watched = watcher.watch(v1::WatchRequest { run, from: 0 }).await.unwrap().into_inner();
    for _ in 0..20 {
        watched.message().await.unwrap().unwrap();
    }
    let (sender, receiver) = mpsc::channel(1);
    sender.send(part).await.unwrap();
    let mut other = program.client();
    let uploading = tokio::spawn(async move { other.upload_bundle(ReceiverStream::new(receiver)).await });
    // Its first message was read.
    sender.reserve().await.unwrap();
    let begin = Instant::now();
    let (code, log) = program.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("connections are cut") && log.contains("stopped"), "{log}");
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
    let status = uploading.await.unwrap().unwrap_err();
    // Told or cut off, its client knows that the same may work with the next one.
    assert!(is_away(&status), "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_served_on_a_port_of_its_own_to_the_end() {
    let mut program = Program::start(&["--cluster", "127.0.0.1:0"]);
    let address = program.cluster.clone().unwrap();
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    let mut health = HealthClient::new(channel.clone());
    let request = HealthCheckRequest { service: "liveness".to_owned() };
    let status = health.check(request).await.unwrap().into_inner().status();
    assert_eq!(status, ServingStatus::Serving);
    let object = ScaledObjectRef { name: "worker".to_owned(), ..ScaledObjectRef::default() };
    let mut keda = ExternalScalerClient::new(channel.clone());
    let mut stream = keda.stream_is_active(object).await.unwrap().into_inner();
    // What needs a token elsewhere is not here.
    let status = SubmissionsClient::new(channel).list_runs(v1::ListRunsRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unimplemented);
    let (code, log) = program.end();
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(stream.message().await.unwrap(), None, "{log}");
}

#[test]
fn a_cluster_is_not_listened_to_on_other_machines_behalf_unless_that_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let output = command(&directory).args(["--cluster", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("--cluster-public"), "{told}");
    let program = Program::start(&["--cluster", "0.0.0.0:0", "--cluster-public"]);
    assert!(program.cluster.is_some());
}
