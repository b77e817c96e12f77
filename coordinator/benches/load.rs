//! How much one coordinator holds: worker streams, results per second, memory.
//!
//! `cargo bench -p mrt-coordinator --bench load [-- WORKERS SECONDS RATE [DATABASE_URL [COORDINATORS]]]`: starts the real program, connects so many
//! workers over TCP, each with a stream of its own, and lets them send results at this rate altogether. Everything runs on this
//! machine, so the generator takes its share of the processors.

#![allow(clippy::unwrap_used, missing_docs)]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mrt_proto::v1;
use mrt_proto::v1::coordinator_message::Message as Ours;
use mrt_proto::v1::submissions_client::SubmissionsClient;
use mrt_proto::v1::worker_message::Message as Theirs;
use mrt_proto::v1::workers_client::WorkersClient;
use mrt_report::{Cell, Verdict};
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant as Tick, sleep_until};
use tokio_stream::iter;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint};

/// Connections that the streams share: a process may open so many files.
const CONNECTIONS: usize = 100;

struct Numbers {
    workers: u32,
    seconds: u64,
    rate: u64,
    database: Option<String>,
    coordinators: u64,
}

/// Ends with the bench, however that ends.
struct Program(Child, String);

impl Drop for Program {
    fn drop(&mut self) {
        // One that has ended needs no end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Program {
    fn start(data: &std::path::Path, database: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mrt-coordinator"));
        command.args(["--listen", "127.0.0.1:0", "--log-format", "json", "--data"]).arg(data);
        if let Some(url) = database {
            command.env("MRT_DATABASE_URL", url);
        }
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines
            .find_map(|line| {
                let line: serde_json::Value = serde_json::from_str(&line.ok()?).ok()?;
                Some(line["address"].as_str()?.to_owned())
            })
            .unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        Self(child, format!("http://{address}"))
    }

    /// A line of /proc/PID/status, in MiB.
    fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_matches([':', '\t', ' ']).trim_end_matches(" kB").trim().parse::<u64>().unwrap() >> 10
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let number = |index: usize, usual| arguments.get(index).map_or(usual, |text| text.parse().unwrap());
    let numbers = Numbers {
        workers: number(0, 1_000).try_into().unwrap(),
        seconds: number(1, 20),
        rate: number(2, 2_000),
        database: arguments.get(3).cloned(),
        coordinators: number(4, 1),
    };
    tokio::runtime::Runtime::new().unwrap().block_on(measure(&numbers));
}

async fn measure(numbers: &Numbers) {
    let data = tempfile::tempdir().unwrap();
    let start = |_| Program::start(data.path(), numbers.database.as_deref());
    let programs: Vec<Program> = (0..numbers.coordinators).map(start).collect();
    let channels = connections(&programs).await;
    submit(&channels[0], numbers).await;
    let memory =
        |name| programs.iter().map(|it| format!("{} MiB", it.memory(name))).collect::<Vec<_>>().join(", ");
    println!("at rest: {}", memory("VmRSS"));

    let latencies = Arc::new(Mutex::new(Vec::new()));
    let (taken, other) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let begin = Tick::now() + Duration::from_secs(5);
    let end = begin + Duration::from_secs(numbers.seconds);
    let mut workers = Vec::new();
    for number in 0..numbers.workers {
        let channel = channels[number as usize % channels.len()].clone();
        // Spread over the time between two results of one worker.
        let every = Duration::from_micros(1_000_000 * u64::from(numbers.workers) / numbers.rate);
        let first = begin + every * number / numbers.workers;
        let (latencies, taken, other) = (Arc::clone(&latencies), Arc::clone(&taken), Arc::clone(&other));
        workers.push(tokio::spawn(async move {
            let mut own = Vec::new();
            work(channel, number, (first, every, end), &mut own, &taken, &other).await;
            latencies.lock().await.extend(own);
        }));
    }
    sleep_until(begin).await;
    println!("{} streams: {}", numbers.workers, memory("VmRSS"));
    for worker in workers {
        worker.await.unwrap();
    }
    let mut latencies = Arc::try_unwrap(latencies).unwrap().into_inner();
    latencies.sort_unstable();
    let at = |share: usize| latencies[(latencies.len() * share / 1_000).min(latencies.len() - 1)].as_millis();
    let taken = taken.load(Ordering::Relaxed);
    println!(
        "{} results in {} s: {} per second; acknowledged after {} ms (median), {} ms (99 %), {} ms (last); not taken: {}",
        taken,
        numbers.seconds,
        taken / numbers.seconds,
        at(500),
        at(990),
        at(1_000),
        other.load(Ordering::Relaxed),
    );
    println!("at the end: {}, at most {}", memory("VmRSS"), memory("VmHWM"));
}

/// Connections to all coordinators, in turn.
async fn connections(programs: &[Program]) -> Vec<Channel> {
    let mut channels = Vec::new();
    for Program(_, url) in programs.iter().cycle().take(CONNECTIONS) {
        channels.push(Endpoint::from_shared(url.clone()).unwrap().connect().await.unwrap());
    }
    channels
}

/// A run that is large enough: a column for each worker.
async fn submit(channel: &Channel, numbers: &Numbers) {
    let mut client = SubmissionsClient::new(channel.clone()).max_encoding_message_size(64 << 20);
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("alembic.ini"), "[alembic]\n").unwrap();
    let mut packed = mrt_bundle::pack(directory.path(), mrt_bundle::Limits::default()).unwrap();
    let bundle = packed.digest.to_string();
    let mut data = Vec::new();
    std::io::Read::read_to_end(&mut packed.archive, &mut data).unwrap();
    client.upload_bundle(iter(vec![v1::UploadBundleRequest { bundle: bundle.clone(), data }])).await.unwrap();
    let each = u32::try_from(numbers.rate * numbers.seconds / u64::from(numbers.workers)).unwrap() + 2;
    let revision = |position: u32| v1::Revision {
        id: format!("{position:012x}"),
        parents: position.checked_sub(1).into_iter().collect(),
        asked: true,
        skipped: Vec::new(),
        title: "a revision of ordinary length".to_owned(),
    };
    let column = |number: u32| v1::Column {
        bundle: bundle.clone(),
        suite: format!("suite{number}"),
        target: "sqlite".to_owned(),
        needs: Some(v1::Capability { engine: "sqlite".to_owned(), containers: false }),
        revisions: (0..each).map(revision).collect(),
    };
    let request = v1::SubmitRequest {
        key: "load".to_owned(),
        protocol: mrt_proto::PROTOCOL,
        columns: (0..numbers.workers).map(column).collect(),
        patience_ms: 600_000,
        options: Some(v1::CheckOptions { today: "2026-11-26".to_owned(), ..v1::CheckOptions::default() }),
        ..v1::SubmitRequest::default()
    };
    let clock = Instant::now();
    client.submit(request).await.unwrap();
    let cells = u64::from(each) * u64::from(numbers.workers);
    println!(
        "{} columns with {cells} cells submitted in {:.1} s",
        numbers.workers,
        clock.elapsed().as_secs_f64()
    );
}

/// One worker: takes what it is given, and tells of a cell every so often, with a state before each, as a real one does.
async fn work(
    channel: Channel,
    number: u32,
    (first, every, end): (Tick, Duration, Tick),
    latencies: &mut Vec<Duration>,
    taken: &AtomicU64,
    other: &AtomicU64,
) {
    let (outbound, receiver) = mpsc::channel(16);
    let hello = v1::Hello {
        protocol: mrt_proto::PROTOCOL,
        version: "load".to_owned(),
        worker: format!("{:016x}", u64::from(number) + 1),
        host: format!("host{number}"),
    };
    let say = |message| {
        let outbound = outbound.clone();
        async move { outbound.send(v1::WorkerMessage { message: Some(message) }).await.unwrap() }
    };
    say(Theirs::Hello(hello)).await;
    let mut client = WorkersClient::new(channel);
    let mut inbound = client.work(ReceiverStream::new(receiver)).await.unwrap().into_inner();
    let state = |held: Vec<v1::HeldShard>| {
        Theirs::State(v1::WorkerState {
            serves: vec![v1::Capability { engine: "sqlite".to_owned(), containers: false }],
            slots: 1,
            held,
            ..v1::WorkerState::default()
        })
    };
    say(state(Vec::new())).await;
    let mut shard: Option<v1::Assignment> = None;
    let mut next = first;
    let mut sequence = 0;
    while next < end {
        // What was said meanwhile is read on the way.
        let orders = loop {
            tokio::select! {
                biased;
                () = sleep_until(next) => break None,
                message = inbound.message() => {
                    if let Some(Ours::Orders(orders)) = message.unwrap().unwrap().message {
                        break Some(orders);
                    }
                }
            }
        };
        if let Some(orders) = orders {
            shard = orders.assignments.into_iter().next();
            continue;
        }
        next += every;
        let Some(held) = &mut shard else { continue };
        let Some(position) = held.cells.first().copied() else { continue };
        held.cells.remove(0);
        let lease = held.lease.clone();
        say(state(vec![v1::HeldShard {
            lease: lease.clone(),
            at: vec![position],
            ..v1::HeldShard::default()
        }]))
        .await;
        let mut cell = Cell::untried(
            &held.suite,
            "sqlite",
            &format!("{position:012x}"),
            "a revision of ordinary length",
            Verdict::Pass,
            String::new(),
        );
        cell.phases_ms = ["clone", "catalog", "seed", "rows", "upgrade", "downgrade", "reupgrade"]
            .map(|phase| (phase.to_owned(), 10))
            .into();
        sequence += 1;
        let result = v1::CellResult {
            sequence,
            lease,
            position,
            outcome: Some(v1::cell_result::Outcome::Cell(serde_json::to_vec(&cell).unwrap())),
        };
        let clock = Instant::now();
        say(Theirs::Result(result)).await;
        loop {
            match inbound.message().await.unwrap().unwrap().message {
                Some(Ours::Acknowledgement(it)) if it.taken == [sequence] => {
                    taken.fetch_add(1, Ordering::Relaxed);
                    latencies.push(clock.elapsed());
                    break;
                }
                Some(Ours::Acknowledgement(_)) => {
                    other.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                _ => {}
            }
        }
    }
}
