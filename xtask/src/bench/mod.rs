//! `cargo xtask bench`: measures. Nothing here passes or fails; it prints figures.

pub(crate) mod chains;
mod check;
mod farm;
mod memory;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::{self, Problem};
use crate::servers::Server;
use crate::{python, root};
use chains::Shape;

/// What to measure.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Bench {
    /// mrt beside pytest-mrt on the same generated chain, in the same run.
    Peer(Peer),
    /// The static rules beside those of pytest-mrt: what both find in the corpus, and how long both take for real chains.
    Check(check::Check),
    /// The same load on a farm of one worker and of two.
    Farm(farm::Farm),
}

/// How to compare.
#[derive(Debug, clap::Args)]
pub(crate) struct Peer {
    /// Lengths of the chain.
    #[arg(long, default_values_t = [100])]
    revisions: Vec<usize>,
    /// What the chain does.
    #[arg(long, value_enum, default_values = ["tables", "altering"])]
    shape: Vec<Shape>,
    /// Targets: `sqlite`, `postgres:15`.
    #[arg(long, default_values = ["sqlite", "postgres:15"])]
    target: Vec<String>,
    /// Leave the peer out (it takes minutes).
    #[arg(long, conflicts_with = "peer_limit")]
    without_peer: bool,
    /// End the peer when it has taken this many times as long as mrt; its figures are then marked with `>`.
    #[arg(long, value_name = "TIMES")]
    peer_limit: Option<u32>,
}

/// Runs a bench.
pub(crate) fn run(bench: &Bench) -> Result<bool, Problem> {
    match bench {
        Bench::Peer(peer) => compare(peer),
        Bench::Check(check) => check::measure(check),
        Bench::Farm(farm) => farm::measure(farm),
    }
}

fn compare(peer: &Peer) -> Result<bool, Problem> {
    let python = python::environment("peer", "xtask/bench/requirements.txt")?;
    println!(
        "{:<10} {:<12} {:>5} {:>9} {:>9} {:>7} {:>10} {:>12} {:>11} {:>9}",
        "chain",
        "target",
        "n",
        "mrt s",
        "peer s",
        "ratio",
        "alembic s",
        "ms/revision",
        "rows seeded",
        "peak MiB"
    );
    let mut phases = Vec::new();
    for &shape in &peer.shape {
        for &revisions in &peer.revisions {
            let directory = root().join(format!("target/xtask/bench/{}-{revisions}", shape.as_str()));
            chains::write(&directory, shape, revisions)?;
            for target in &peer.target {
                let ours = ours(&directory, &python, target)?;
                let limit = peer.peer_limit.map(|times| ours.time * times);
                let theirs =
                    if peer.without_peer { None } else { Some(theirs(&directory, &python, target, limit)?) };
                let alone = alembic_alone(&directory, &python, target)?;
                let seconds = ours.time.as_secs_f64();
                println!(
                    "{:<10} {target:<12} {revisions:>5} {seconds:>9.2} {:>9} {:>7} {alone:>10} {:>12.1} {:>11} {:>9}",
                    shape.as_str(),
                    theirs.map_or("-".to_owned(), |it| format!("{}{:.2}", it.mark(), it.time.as_secs_f64())),
                    theirs.map_or("-".to_owned(), |it| {
                        format!("{}{:.1}x", it.mark(), it.time.as_secs_f64() / seconds)
                    }),
                    seconds * 1_000.0 / revisions as f64,
                    ours.rows,
                    ours.peak_bytes >> 20,
                );
                phases.push((format!("{} {target} {revisions}", shape.as_str()), ours.phases));
            }
        }
    }
    println!(
        "\nalembic s: each revision up, down and up by Alembic alone, in one process that has read the chain once: no rows, nothing compared"
    );
    println!("\nwhere the time goes, milliseconds over all cells (cells run side by side):");
    for (name, phases) in phases {
        let listed: Vec<String> = phases.iter().map(|(phase, ms)| format!("{phase} {ms}")).collect();
        println!("  {name}: {}", listed.join(", "));
    }
    Ok(true)
}

struct Ours {
    time: Duration,
    rows: u64,
    peak_bytes: u64,
    phases: BTreeMap<String, u64>,
}

/// One run of ours, container start included.
fn ours(directory: &Path, python: &Path, target: &str) -> Result<Ours, Problem> {
    let file = directory.join("report.json");
    let binary: PathBuf = process::mrt_cli(process::Build::Release)?;
    let clock = Instant::now();
    let mut child = Command::new(binary)
        .arg("run")
        .arg(directory)
        .arg("--python")
        .arg(python)
        .args(["--target", target, "--format", "json", "--output"])
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| Problem::unusable(format!("cannot run mrt-cli: {error}")))?;
    let watch = memory::watch(child.id());
    let status =
        child.wait().map_err(|error| Problem::unusable(format!("cannot wait for mrt-cli: {error}")))?;
    let time = clock.elapsed();
    let peak_bytes = watch.stop();
    let text = std::fs::read_to_string(&file)
        .map_err(|error| Problem::unusable(format!("mrt-cli ({status}) left no report: {error}")))?;
    let report: Value = serde_json::from_str(&text).map_err(|error| Problem::unusable(error.to_string()))?;
    let cells = report["cells"].as_array().cloned().unwrap_or_default();
    let mut phases = BTreeMap::new();
    let mut rows = 0;
    for cell in &cells {
        if !matches!(cell["verdict"].as_str(), Some("pass" | "warn" | "fail")) {
            return Err(Problem::unusable(format!("a cell was not checked: {cell}")));
        }
        rows += cell["coverage"]["rows_seeded"].as_u64().unwrap_or(0);
        for (phase, ms) in cell["phases_ms"].as_object().into_iter().flatten() {
            *phases.entry(phase.clone()).or_default() += ms.as_u64().unwrap_or(0);
        }
    }
    Ok(Ours { time, rows, peak_bytes, phases })
}

/// How long the peer took, or at least took.
#[derive(Clone, Copy)]
struct Theirs {
    time: Duration,
    was_ended: bool,
}

impl Theirs {
    fn mark(self) -> &'static str {
        if self.was_ended { ">" } else { "" }
    }
}

/// One run of the peer, of that length at most. Where there is a server it is up already when the clock starts.
fn theirs(directory: &Path, python: &Path, target: &str, limit: Option<Duration>) -> Result<Theirs, Problem> {
    let pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "up_down_consistency"];
    let (text, time) = python_on(directory, python, target, &pytest, limit)?;
    let was_ended = limit.is_some_and(|limit| time >= limit);
    if !was_ended && !text.contains(" passed") {
        return Err(Problem::unusable(format!("the peer did not pass:\n{text}")));
    }
    Ok(Theirs { time, was_ended })
}

/// The seconds that Alembic alone takes for the three steps of each revision.
fn alembic_alone(directory: &Path, python: &Path, target: &str) -> Result<String, Problem> {
    let script = root().join("xtask/bench/alembic_alone.py");
    let (text, _) = python_on(directory, python, target, &[&script.to_string_lossy()], None)?;
    let seconds = text.trim().parse::<f64>();
    seconds
        .map(|seconds| format!("{seconds:.2}"))
        .map_err(|_| Problem::unusable(format!("alembic did not take the chain:\n{text}")))
}

/// Runs Python in the chain's directory on an empty database, for so long at most: what it printed, and how long it took.
fn python_on(
    directory: &Path,
    python: &Path,
    target: &str,
    arguments: &[&str],
    limit: Option<Duration>,
) -> Result<(String, Duration), Problem> {
    let server;
    let url = if target == "sqlite" {
        let file = directory.join("other.db");
        let _ = std::fs::remove_file(&file);
        format!("sqlite:///{}", file.display())
    } else {
        server = Server::start(target)?;
        server.database("other")?
    };
    let clock = Instant::now();
    let mut command = match limit {
        Some(limit) => {
            let mut command = Command::new("timeout");
            command.arg(limit.as_secs_f64().to_string()).arg(python);
            command
        }
        None => Command::new(python),
    };
    let output = command
        .current_dir(directory)
        .args(arguments)
        .env("DATABASE_URL", url)
        .output()
        .map_err(|error| Problem::unusable(format!("cannot run {}: {error}", python.display())))?;
    let time = clock.elapsed();
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        text.push_str(&String::from_utf8_lossy(&output.stderr));
    }
    Ok((text, time))
}
