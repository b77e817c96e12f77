//! Both services as clients see them, over the wire, on each database: a real coordinator, workers that say what a test wants.

#![allow(clippy::unwrap_used)]

mod bundles;
mod history;
mod page;
mod scaling;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use mrt_bundle::Limits as Files;
use mrt_coordinator::coordinator::{Coordinator, Limits};
use mrt_coordinator::farm::Settings;
use mrt_coordinator::head::Retention;
use mrt_coordinator::store::{Bundles, Store};
use mrt_ops::connect::{Channel, in_process};
use mrt_ops::serve::Tokens;
use mrt_proto::v1;
use mrt_proto::v1::coordinator_message::Message as Ours;
use mrt_proto::v1::run_event::Event;
use mrt_proto::v1::submissions_client::SubmissionsClient;
use mrt_proto::v1::worker_message::Message as Theirs;
use mrt_proto::v1::workers_client::WorkersClient;
use mrt_report::{Cell, Report, Verdict};
use sha2::{Digest as _, Sha256};
use sqlx::{AnyConnection, Connection as _, Row as _};
use support::{Place, places};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{StreamExt as _, iter};
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::{Code, Status, Streaming};

/// Long enough that no lease runs out by itself in a test.
const LONG: u64 = 600_000;
const LIMITS: Limits = Limits { bundle: 1 << 20, bundles: 4 << 20, silence: Duration::from_millis(LONG) };

/// A coordinator in this process.
struct Running {
    channel: Channel,
    coordinator: Coordinator,
    server: JoinHandle<()>,
    stop: CancellationToken,
}

impl Running {
    async fn start(place: &Place, lease: u64) -> Self {
        Self::with(place, lease, LIMITS).await
    }

    async fn with(place: &Place, lease: u64, limits: Limits) -> Self {
        let store = Store::open(&place.url).await.unwrap();
        let bundles = Bundles { bytes: 1 << 30, keep: LONG };
        let retention = Retention { runs: LONG, bundles };
        let coordinator = Coordinator::start(store, Settings { lease, attempts: 3 }, retention);
        let stop = CancellationToken::new();
        let routes = coordinator.routes(&Tokens::none(), limits, &stop);
        let (channel, incoming) = in_process();
        let stopped = stop.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            Server::builder()
                .add_routes(routes)
                .serve_with_incoming_shutdown(incoming, stopped)
                .await
                .unwrap();
        });
        Self { channel, coordinator, server, stop }
    }

    fn submissions(&self) -> SubmissionsClient<Channel> {
        SubmissionsClient::new(self.channel.clone())
    }

    async fn stop(self) {
        self.stop.cancel();
        drop(self.channel);
        self.server.await.unwrap();
        self.coordinator.end().await;
    }

    /// Submits a chain of so many revisions on SQLite, with its bundle.
    async fn submit(&self, key: &str, revisions: u32, patience_ms: u64) -> Result<String, Status> {
        let request = submission(key, &upload(&mut self.submissions()).await, revisions, patience_ms);
        Ok(self.submissions().submit(request).await?.into_inner().run)
    }

    async fn watch(&self, run: &str, from: u64) -> Streaming<v1::RunEvent> {
        let request = v1::WatchRequest { run: run.to_owned(), from };
        self.submissions().watch(request).await.unwrap().into_inner()
    }

    /// All events from a number on, until the run has ended.
    async fn events(&self, run: &str, from: u64) -> Vec<v1::RunEvent> {
        self.watch(run, from).await.collect::<Result<_, _>>().await.unwrap()
    }

    async fn report(&self, run: &str) -> (v1::GetReportResponse, Report) {
        let request = v1::GetReportRequest { run: run.to_owned() };
        let parts = self.submissions().get_report(request).await.unwrap().into_inner();
        let parts: Vec<v1::GetReportResponse> = parts.collect::<Result<_, _>>().await.unwrap();
        let json: Vec<u8> = parts.iter().flat_map(|part| part.data.clone()).collect();
        (parts[0].clone(), mrt_report::from_json(std::str::from_utf8(&json).unwrap()).unwrap())
    }
}

/// Sends a small bundle where it is missing; the answer is its name.
async fn upload(client: &mut SubmissionsClient<Channel>) -> String {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("alembic.ini"), "[alembic]\n").unwrap();
    let mut packed = mrt_bundle::pack(directory.path(), Files::default()).unwrap();
    let bundle = packed.digest.to_string();
    let asked = v1::FindMissingBundlesRequest { bundles: vec![bundle.clone()] };
    if !client.find_missing_bundles(asked.clone()).await.unwrap().into_inner().missing.is_empty() {
        let mut data = Vec::new();
        std::io::Read::read_to_end(&mut packed.archive, &mut data).unwrap();
        // In two parts.
        let (first, second) = data.split_at(data.len() / 2);
        let part = |bundle: &str, data: &[u8]| v1::UploadBundleRequest {
            bundle: bundle.to_owned(),
            data: data.to_vec(),
        };
        let size = client.upload_bundle(iter(vec![part(&bundle, first), part("", second)])).await.unwrap();
        assert_eq!(size.into_inner().size, packed.size);
        assert!(client.find_missing_bundles(asked).await.unwrap().into_inner().missing.is_empty());
    }
    bundle
}

fn submission(key: &str, bundle: &str, revisions: u32, patience_ms: u64) -> v1::SubmitRequest {
    let revision = |position: u32| v1::Revision {
        id: format!("r{position}"),
        parents: position.checked_sub(1).into_iter().collect(),
        asked: true,
        skipped: Vec::new(),
        title: format!("title {position}"),
    };
    v1::SubmitRequest {
        key: key.to_owned(),
        protocol: mrt_proto::PROTOCOL,
        columns: vec![v1::Column {
            bundle: bundle.to_owned(),
            suite: "shop".to_owned(),
            target: "sqlite".to_owned(),
            needs: Some(sqlite()),
            revisions: (0..revisions).map(revision).collect(),
        }],
        patience_ms,
        options: Some(v1::CheckOptions { today: "2026-11-26".to_owned(), ..v1::CheckOptions::default() }),
        ..v1::SubmitRequest::default()
    }
}

fn sqlite() -> v1::Capability {
    v1::Capability { engine: "sqlite".to_owned(), containers: false }
}

/// A worker that says what a test wants.
struct Worker {
    outbound: mpsc::Sender<v1::WorkerMessage>,
    inbound: Streaming<v1::CoordinatorMessage>,
    sequence: u64,
}

impl Worker {
    async fn greet(running: &Running, number: u64, protocol: u32) -> Result<Self, Status> {
        let hello = v1::Hello {
            protocol,
            version: "1".to_owned(),
            worker: format!("{number:016x}"),
            host: format!("host{number}"),
        };
        Self::introduce(running, hello).await
    }

    async fn introduce(running: &Running, hello: v1::Hello) -> Result<Self, Status> {
        let (outbound, receiver) = mpsc::channel(64);
        outbound.send(v1::WorkerMessage { message: Some(Theirs::Hello(hello)) }).await.unwrap();
        let mut client = WorkersClient::new(running.channel.clone());
        let mut inbound = client.work(ReceiverStream::new(receiver)).await?.into_inner();
        let welcome = inbound.message().await?.unwrap().message.unwrap();
        assert!(
            matches!(welcome, Ours::Welcome(it) if it.protocol == mrt_proto::PROTOCOL && it.lease_ms > 0)
        );
        Ok(Self { outbound, inbound, sequence: 0 })
    }

    async fn join(running: &Running, number: u64) -> Self {
        Self::greet(running, number, mrt_proto::PROTOCOL).await.unwrap()
    }

    async fn say(&self, message: Theirs) {
        self.outbound.send(v1::WorkerMessage { message: Some(message) }).await.unwrap();
    }

    async fn state(&self, held: Vec<v1::HeldShard>, draining: bool) {
        let state = v1::WorkerState { serves: vec![sqlite()], slots: 1, warm: Vec::new(), held, draining };
        self.say(Theirs::State(state)).await;
    }

    /// The next orders.
    async fn orders(&mut self) -> Vec<v1::Assignment> {
        loop {
            if let Ours::Orders(orders) = self.inbound.message().await.unwrap().unwrap().message.unwrap() {
                return orders.assignments;
            }
        }
    }

    /// The next orders that hold something.
    async fn assignment(&mut self) -> v1::Assignment {
        loop {
            if let Some(first) = self.orders().await.into_iter().next() {
                return first;
            }
        }
    }

    /// Sends how a cell ended; the answer is whether it was taken.
    async fn result(
        &mut self,
        shard: &v1::Assignment,
        position: u32,
        outcome: v1::cell_result::Outcome,
    ) -> bool {
        self.sequence += 1;
        let result = v1::CellResult {
            sequence: self.sequence,
            lease: shard.lease.clone(),
            position,
            outcome: Some(outcome),
        };
        self.say(Theirs::Result(result)).await;
        loop {
            if let Ours::Acknowledgement(it) = self.inbound.message().await.unwrap().unwrap().message.unwrap()
            {
                assert_eq!(it.taken.len() + it.refused.len(), 1);
                return it.taken.contains(&self.sequence);
            }
        }
    }

    async fn pass(&mut self, shard: &v1::Assignment, position: u32) -> bool {
        self.result(shard, position, passed(position)).await
    }
}

fn passed(position: u32) -> v1::cell_result::Outcome {
    let (id, title) = (format!("r{position}"), format!("title {position}"));
    let cell = Cell::untried("shop", "sqlite", &id, &title, Verdict::Pass, String::new());
    v1::cell_result::Outcome::Cell(serde_json::to_vec(&cell).unwrap())
}

fn held(shard: &v1::Assignment, at: &[u32]) -> v1::HeldShard {
    v1::HeldShard { lease: shard.lease.clone(), at: at.to_vec(), ..v1::HeldShard::default() }
}

/// Verdicts by revision.
fn verdicts(report: &Report) -> Vec<(&str, Verdict)> {
    report.cells.iter().map(|cell| (cell.revision.as_str(), cell.verdict)).collect()
}

#[tokio::test]
async fn a_run_goes_from_submission_to_report() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let mut worker = Worker::join(&running, 1).await;
        worker.state(Vec::new(), false).await;
        assert_eq!(worker.orders().await, []);
        let run = running.submit("key", 3, LONG).await.unwrap();
        assert_eq!(running.submit("key", 3, LONG).await.unwrap(), run, "the same key is the same run");
        // It was free, and hears of the work without asking.
        let shard = worker.assignment().await;
        assert_eq!((shard.suite.as_str(), &shard.cells), ("shop", &vec![0, 1, 2]));
        worker.state(vec![held(&shard, &[0])], false).await;
        for position in 0..2 {
            assert!(worker.pass(&shard, position).await);
        }
        assert!(worker.pass(&shard, 1).await, "sent again it is known, and may be forgotten");
        let (first, report) = running.report(&run).await;
        assert!(!first.complete);
        assert_eq!(verdicts(&report), [("r0", Verdict::Pass), ("r1", Verdict::Pass)]);

        let watched = running.events(&run, 0);
        assert!(worker.pass(&shard, 2).await);
        let events = watched.await;
        assert_eq!(events.iter().map(|it| it.number).collect::<Vec<_>>(), (1..=6).collect::<Vec<_>>());
        let named = v1::ColumnName { suite: "shop".to_owned(), target: "sqlite".to_owned(), cells: 3 };
        assert_eq!(events[0].event, Some(Event::Begun(v1::RunBegun { columns: vec![named] })));
        let is_first = |it: &v1::CellStarted| (it.revision.as_str(), it.host.as_str()) == ("r0", "host1");
        assert!(matches!(&events[1].event, Some(Event::Started(it)) if is_first(it)));
        assert!(matches!(&events[5].event, Some(Event::Ended(it)) if !it.cancelled));
        assert_eq!(running.events(&run, 4).await, events[3..]);
        let (first, report) = running.report(&run).await;
        assert!(first.complete && report.summary.pass == 3);
        let runs =
            running.submissions().list_runs(v1::ListRunsRequest::default()).await.unwrap().into_inner().runs;
        assert_eq!(
            (runs[0].run.as_str(), runs[0].cells, runs[0].done, runs[0].ended),
            (run.as_str(), 3, 3, true)
        );
        running.stop().await;
    }
}

#[tokio::test]
async fn a_worker_that_is_not_heard_loses_its_shard_and_its_word() {
    for place in places().await {
        // The lease is as short as a test can wait; only the first worker lets it run out.
        let running = Running::start(&place, 400).await;
        let run = running.submit("key", 2, LONG).await.unwrap();
        let mut lost = Worker::join(&running, 1).await;
        lost.state(Vec::new(), false).await;
        let old = lost.assignment().await;
        lost.state(vec![held(&old, &[0])], false).await;
        lost.orders().await;
        // What it was at is tried alone, and what comes behind waits for that.
        let mut other = Worker::join(&running, 2).await;
        let mut sent = Vec::new();
        for position in 0..2 {
            let shard = loop {
                other.state(sent.clone(), false).await;
                if let Some(shard) = other.orders().await.into_iter().find(|it| it.cells.contains(&position))
                {
                    break shard;
                }
            };
            assert_eq!(shard.cells, [position]);
            assert!(!lost.pass(&old, position).await, "a stale word counts no more");
            assert!(other.pass(&shard, position).await);
            sent.clear();
        }
        let (_, report) = running.report(&run).await;
        assert_eq!(verdicts(&report), [("r0", Verdict::Pass), ("r1", Verdict::Pass)]);
        assert_eq!(report.cells[0].attempts, 2);
        running.stop().await;
    }
}

#[tokio::test]
async fn a_coordinator_that_stood_still_blames_nobody_for_not_having_been_heard() {
    for place in places().await {
        let lease = Duration::from_secs(2);
        let running = Running::start(&place, 2_000).await;
        running.submit("key", 1, LONG).await.unwrap();
        let mut worker = Worker::join(&running, 1).await;
        worker.state(Vec::new(), false).await;
        let shard = worker.assignment().await;
        // Somebody else has the state for longer than the lease, and nothing can be written meanwhile.
        let mut other = AnyConnection::connect(&place.url).await.unwrap();
        let begin = if place.url.starts_with("sqlite") { "BEGIN IMMEDIATE" } else { "BEGIN" };
        for sql in [begin, "UPDATE state SET change = change WHERE id = 1"] {
            sqlx::raw_sql(sql).execute(&mut other).await.unwrap();
        }
        tokio::time::sleep(lease + lease / 4).await;
        sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
        assert!(worker.pass(&shard, 0).await, "its lease goes on");
        running.stop().await;
    }
}

#[tokio::test]
async fn a_coordinator_that_comes_back_knows_what_it_had_promised() {
    for place in places().await {
        let first = Running::start(&place, LONG).await;
        let run = first.submit("key", 2, LONG).await.unwrap();
        let mut worker = Worker::join(&first, 1).await;
        worker.state(Vec::new(), false).await;
        let shard = worker.assignment().await;
        assert!(worker.pass(&shard, 0).await);
        let mut watched = first.watch(&run, 0).await;
        for number in 1..=3 {
            assert_eq!(watched.message().await.unwrap().unwrap().number, number);
        }
        first.stop().await;
        assert_eq!(watched.message().await.unwrap_err().code(), Code::Unavailable);

        let second = Running::start(&place, LONG).await;
        let mut worker = Worker::join(&second, 1).await;
        worker.state(vec![held(&shard, &[1])], false).await;
        let again = worker.assignment().await;
        assert_eq!((&again.lease, &again.cells), (&shard.lease, &vec![1]));
        assert!(worker.pass(&shard, 1).await);
        let events = second.events(&run, 4).await;
        assert!(matches!(events.last().unwrap().event, Some(Event::Ended(_))));
        second.stop().await;
    }
}

#[tokio::test]
async fn two_coordinators_are_one_farm() {
    for place in places().await {
        let (one, other) = (Running::start(&place, LONG).await, Running::start(&place, LONG).await);
        let run = one.submit("key", 2, LONG).await.unwrap();
        assert_eq!(other.submit("key", 2, LONG).await.unwrap(), run);
        let mut workers = vec![Worker::join(&one, 1).await, Worker::join(&other, 2).await];
        workers[1].state(Vec::new(), false).await;
        let shard = workers[1].assignment().await;
        // The other coordinator's worker gets nothing of it, and may not speak for it.
        workers[0].state(Vec::new(), false).await;
        assert_eq!(workers[0].orders().await, []);
        assert!(!workers[0].pass(&shard, 0).await);
        let watched = one.events(&run, 0);
        let (events, ()) = tokio::join!(watched, async {
            for position in 0..2 {
                assert!(workers[1].pass(&shard, position).await);
            }
        });
        assert!(matches!(events.last().unwrap().event, Some(Event::Ended(_))));
        drop(workers);
        one.stop().await;
        other.stop().await;
    }
}

#[tokio::test]
async fn a_shard_that_is_handed_back_costs_no_attempt() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let run = running.submit("key", 1, LONG).await.unwrap();
        let mut worker = Worker::join(&running, 1).await;
        worker.state(Vec::new(), false).await;
        let shard = worker.assignment().await;
        let back = v1::HeldShard { handed_back: true, ..held(&shard, &[0]) };
        worker.state(vec![back], true).await;
        assert_eq!(worker.orders().await, []);
        let mut other = Worker::join(&running, 2).await;
        other.state(Vec::new(), false).await;
        let shard = other.assignment().await;
        assert!(other.pass(&shard, 0).await);
        assert_eq!(running.report(&run).await.1.cells[0].attempts, 1);
        running.stop().await;
    }
}

#[tokio::test]
async fn what_the_farm_fails_at_three_times_ends_as_error() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let run = running.submit("key", 1, LONG).await.unwrap();
        let mut worker = Worker::join(&running, 1).await;
        for _ in 0..3 {
            worker.state(Vec::new(), false).await;
            let shard = worker.assignment().await;
            // One that is no cell of a report counts as a failure, too: it must not be tried for ever.
            let outcome = v1::cell_result::Outcome::Cell(b"{}".to_vec());
            assert!(worker.result(&shard, 0, outcome).await);
        }
        let (_, report) = running.report(&run).await;
        assert_eq!(report.cells[0].verdict, Verdict::Error);
        assert!(report.cells[0].reason.as_ref().unwrap().contains("host1"));
        running.stop().await;
    }
}

#[tokio::test]
async fn a_project_that_cannot_be_begun_ends_its_column_with_the_reason() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let run = running.submit("key", 2, LONG).await.unwrap();
        let mut worker = Worker::join(&running, 1).await;
        worker.state(Vec::new(), false).await;
        let shard = worker.assignment().await;
        let failure =
            v1::Failure { causes: vec!["cannot begin".to_owned(), "no env.py".to_owned()], usage: true };
        let told = v1::ShardFailure {
            sequence: 1,
            lease: shard.lease,
            failure: Some(failure.clone()),
            project: true,
        };
        worker.say(Theirs::Failure(told)).await;
        let events = running.events(&run, 0).await;
        let is_told = |event: &v1::RunEvent| matches!(&event.event, Some(Event::Failed(it)) if it.failure.as_ref() == Some(&failure));
        assert!(events.iter().any(is_told));
        let (first, report) = running.report(&run).await;
        assert_eq!(first.failures[0].failure, Some(failure));
        assert_eq!(report.summary.error, 2);
        assert_eq!(report.cells[0].reason.as_deref(), Some("cannot begin: no env.py"));
        running.stop().await;
    }
}

#[tokio::test]
async fn a_run_that_nobody_serves_says_so_and_waits_no_longer_than_it_was_told() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let run = running.submit("key", 1, 300).await.unwrap();
        let events = running.events(&run, 0).await;
        assert!(
            matches!(&events[1].event, Some(Event::Waiting(it)) if it.reason.contains("sqlite") && it.left_ms == 300)
        );
        assert!(matches!(events.last().unwrap().event, Some(Event::Ended(_))));
        let (_, report) = running.report(&run).await;
        assert_eq!(report.cells[0].verdict, Verdict::Error);
        running.stop().await;
    }
}

#[tokio::test]
async fn a_cancelled_run_has_ended() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let run = running.submit("key", 2, LONG).await.unwrap();
        let mut worker = Worker::join(&running, 1).await;
        worker.state(Vec::new(), false).await;
        let shard = worker.assignment().await;
        assert!(worker.pass(&shard, 0).await);
        let cancel = || v1::CancelRequest { run: run.clone() };
        assert!(!running.submissions().cancel(cancel()).await.unwrap().into_inner().had_ended);
        assert!(running.submissions().cancel(cancel()).await.unwrap().into_inner().had_ended);
        worker.state(vec![held(&shard, &[1])], false).await;
        assert_eq!(worker.orders().await, []);
        assert!(!worker.pass(&shard, 1).await);
        let (first, report) = running.report(&run).await;
        assert!(first.complete && first.cancelled);
        assert_eq!(verdicts(&report), [("r0", Verdict::Pass), ("r1", Verdict::Error)]);
        running.stop().await;
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_harms_nothing() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let mut client = running.submissions();
        let code = |status: Status, told: &str| {
            assert!(status.message().contains(told), "{}", status.message());
            status.code()
        };
        let refused = Worker::greet(&running, 1, mrt_proto::PROTOCOL + 1).await.err().unwrap();
        assert_eq!(code(refused, "upgrade the coordinator"), Code::FailedPrecondition);
        let refused = Worker::greet(&running, 1, 0).await.err().unwrap();
        assert_eq!(code(refused, "upgrade mrt-worker"), Code::FailedPrecondition);

        let missing = submission("key", &"1".repeat(64), 1, LONG);
        let status = client.submit(missing.clone()).await.unwrap_err();
        assert_eq!(code(status, "upload it"), Code::FailedPrecondition);
        let old = v1::SubmitRequest { protocol: 0, ..missing.clone() };
        assert_eq!(code(client.submit(old).await.unwrap_err(), "upgrade mrt-cli"), Code::FailedPrecondition);
        let malformed = v1::SubmitRequest { columns: Vec::new(), ..missing };
        assert_eq!(code(client.submit(malformed).await.unwrap_err(), "malformed"), Code::InvalidArgument);

        let part = |bundle: &str, data: &[u8]| v1::UploadBundleRequest {
            bundle: bundle.to_owned(),
            data: data.to_vec(),
        };
        let large = iter(vec![part(&"2".repeat(64), &[0; 700_000]), part("", &[0; 700_000])]);
        assert_eq!(code(client.upload_bundle(large).await.unwrap_err(), ".mrtignore"), Code::InvalidArgument);
        let other = iter(vec![part(&"2".repeat(64), b"something else")]);
        assert_eq!(code(client.upload_bundle(other).await.unwrap_err(), "send it again"), Code::DataLoss);
        let path = iter(vec![part("../../etc/passwd", b"x")]);
        assert_eq!(code(client.upload_bundle(path).await.unwrap_err(), "SHA-256"), Code::InvalidArgument);

        for run in ["7", "none", ""] {
            let status = client.watch(v1::WatchRequest { run: run.to_owned(), from: 0 }).await.unwrap_err();
            assert_eq!(code(status, "mrt-cli runs"), Code::NotFound);
            let status = client.cancel(v1::CancelRequest { run: run.to_owned() }).await.unwrap_err();
            assert_eq!(code(status, "mrt-cli runs"), Code::NotFound);
        }
        // And everything is as it was.
        assert_eq!(client.list_runs(v1::ListRunsRequest::default()).await.unwrap().into_inner().runs, []);
        let run = running.submit("key", 1, LONG).await.unwrap();
        assert_eq!(run, "1");
        running.stop().await;
    }
}

#[tokio::test]
async fn who_says_nothing_does_not_hold_up_the_end() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        running.submit("key", 1, LONG).await.unwrap();
        let (_upload, uploading) = bundles::begin_upload(&running, 1).await;
        let _watched = running.watch("1", 0).await;
        // It does not say hello.
        let (_greeting, receiver) = mpsc::channel::<v1::WorkerMessage>(1);
        let mut client = WorkersClient::new(running.channel.clone());
        let greeting = tokio::spawn(async move { client.work(ReceiverStream::new(receiver)).await });
        bundles::parts(&place, 2).await;
        let Running { channel, coordinator, server, stop } = running;
        let routes = coordinator.routes(&Tokens::none(), LIMITS, &stop);
        stop.cancel();
        drop(channel);
        assert_eq!(uploading.await.unwrap().unwrap_err().code(), Code::Unavailable);
        assert_eq!(greeting.await.unwrap().unwrap_err().code(), Code::Unavailable);
        server.await.unwrap();
        // As of a connection that is still there.
        coordinator.end().await;
        drop(routes);
    }
}

#[tokio::test]
async fn words_that_no_database_takes_fail_nobody_elses() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let run = running.submit("key", 1, LONG).await.unwrap();
        let refused = |status: Status, told: &str| {
            assert_eq!(status.code(), Code::InvalidArgument, "{status}");
            assert!(status.message().contains(told), "{status}");
        };
        // As it is refused where it comes in, so that it is in no turn.
        let bundle = upload(&mut running.submissions()).await;
        let request = submission("key\0", &bundle, 1, LONG);
        refused(running.submissions().submit(request).await.unwrap_err(), "the key");
        let hello = |host: &str| {
            let (host, version) = (host.to_owned(), "1".to_owned());
            v1::Hello { protocol: mrt_proto::PROTOCOL, version, worker: format!("{:016x}", 1), host }
        };
        refused(Worker::introduce(&running, hello("a\0b")).await.err().unwrap(), "the host");
        refused(Worker::introduce(&running, hello(&"h".repeat(257))).await.err().unwrap(), "the host");
        for state in [
            v1::WorkerState { serves: vec![sqlite(); 65], ..v1::WorkerState::default() },
            v1::WorkerState { warm: vec!["a\0".to_owned()], ..v1::WorkerState::default() },
            v1::WorkerState { held: vec![v1::HeldShard::default(); 1_025], ..v1::WorkerState::default() },
        ] {
            let mut worker = Worker::join(&running, 1).await;
            worker.say(Theirs::State(state)).await;
            refused(worker.inbound.message().await.unwrap_err(), "");
        }
        // What is for people is kept as far as it can be.
        let mut worker = Worker::join(&running, 1).await;
        worker.state(Vec::new(), false).await;
        let shard = worker.assignment().await;
        let note = v1::ShardNote {
            lease: shard.lease.clone(),
            note: Some(v1::shard_note::Note::Preparing("one\0two".to_owned())),
        };
        worker.say(Theirs::Note(note)).await;
        let failure = v1::Failure { causes: vec!["no\0thing".to_owned(), "x".repeat(100_000)], usage: true };
        let lease = shard.lease;
        let told = v1::ShardFailure { sequence: 1, lease, failure: Some(failure), project: true };
        worker.say(Theirs::Failure(told)).await;
        let events = running.events(&run, 0).await;
        let is_note = |event: &v1::RunEvent| matches!(&event.event, Some(Event::Note(it)) if it.note == Some(v1::note::Note::Preparing("one\u{fffd}two".to_owned())));
        assert!(events.iter().any(is_note), "{events:?}");
        let failures = running.report(&run).await.0.failures;
        let causes = &failures[0].failure.as_ref().unwrap().causes;
        assert_eq!(causes[0], "no\u{fffd}thing");
        assert!(causes[1].len() < 70_000);
        running.stop().await;
    }
}

#[tokio::test]
async fn who_watches_what_is_over_is_not_kept() {
    for place in places().await {
        let running = Running::start(&place, LONG).await;
        let run = running.submit("key", 1, LONG).await.unwrap();
        // Beyond what there will ever be, before the end and after it.
        let beyond = running.events(&run, u64::MAX);
        let (beyond, ()) = tokio::join!(beyond, async {
            running.submissions().cancel(v1::CancelRequest { run: run.clone() }).await.unwrap();
        });
        assert_eq!(beyond, []);
        let number = running.events(&run, 0).await.last().unwrap().number;
        assert_eq!(running.events(&run, number).await.len(), 1);
        assert_eq!(running.events(&run, number + 1).await, []);
        // Of one that is removed while somebody watches nothing more comes.
        let other = running.submit("other", 1, LONG).await.unwrap();
        let mut watched = running.watch(&other, 1).await;
        watched.message().await.unwrap();
        let mut state = AnyConnection::connect(&place.url).await.unwrap();
        sqlx::query("DELETE FROM runs WHERE submission = 'other'").execute(&mut state).await.unwrap();
        sqlx::query("DELETE FROM events WHERE run = 2").execute(&mut state).await.unwrap();
        let status = loop {
            if let Err(status) = watched.message().await.map(Option::unwrap) {
                break status;
            }
        };
        assert_eq!(status.code(), Code::NotFound);
        running.stop().await;
    }
}

#[tokio::test]
async fn health_and_reflection_answer() {
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_check_response::ServingStatus;
    use tonic_health::pb::health_client::HealthClient;
    let places = places().await;
    let running = Running::start(&places[0], LONG).await;
    // Whoever is answered by the head knows that the state was written.
    running.submissions().cancel(v1::CancelRequest { run: "1".to_owned() }).await.unwrap_err();
    for service in ["", "mrt.v1.Submissions", "mrt.v1.Workers"] {
        let request = HealthCheckRequest { service: service.to_owned() };
        let mut watched =
            HealthClient::new(running.channel.clone()).watch(request).await.unwrap().into_inner();
        while watched.message().await.unwrap().unwrap().status() != ServingStatus::Serving {}
    }
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::{ServerReflectionRequest, server_reflection_response::MessageResponse};
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(running.channel.clone());
    let mut answers = client.server_reflection_info(iter(vec![request])).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = answer else { panic!("{answer:?}") };
    let names: BTreeMap<String, ()> = list.service.into_iter().map(|service| (service.name, ())).collect();
    assert!(names.contains_key("mrt.v1.Submissions") && names.contains_key("mrt.v1.Workers"), "{names:?}");
    running.stop().await;
}
