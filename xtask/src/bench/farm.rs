//! What further workers are worth: the same load on a farm of one and of more, each with a single slot and a processor
//! of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::chains::{self, Shape};
use crate::process::{self, Problem, cannot_run};
use crate::{python, root};

/// How to measure a farm.
#[derive(Debug, clap::Args)]
pub(crate) struct Farm {
    /// How many workers, one measure each.
    #[arg(long, default_values_t = [1, 2])]
    workers: Vec<usize>,
    /// How many suites there are.
    #[arg(long, default_value_t = 4)]
    suites: usize,
    /// Length of each suite's chain.
    #[arg(long, default_value_t = 60)]
    revisions: usize,
    /// What the chains do.
    #[arg(long, value_enum, default_value = "altering")]
    shape: Shape,
    /// The target.
    #[arg(long, default_value = "sqlite")]
    target: String,
    /// Measures of each, of which the best counts.
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Let the kernel move workers from processor to processor, instead of giving each one by `taskset`.
    #[arg(long)]
    floating: bool,
}

/// Ends with the measure.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended needs no end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) fn measure(farm: &Farm) -> Result<bool, Problem> {
    let python = python::environment("peer", "xtask/bench/requirements.txt")?;
    let ours = Programs::build()?;
    let directory = root().join("target/xtask/bench/farm");
    let mut settings = String::new();
    for number in 0..farm.suites {
        let suite = directory.join(format!("s{number}"));
        chains::write(&suite, farm.shape, farm.revisions)?;
        settings.push_str(&format!("[suite.s{number}]\npath = \"s{number}\"\n\n"));
    }
    let file = directory.join("mrt.toml");
    std::fs::write(&file, settings).map_err(|source| Problem::File { path: file, source })?;
    println!(
        "{} suites of {} revisions ({}) on {}, workers with one slot each{}, best of {}",
        farm.suites,
        farm.revisions,
        farm.shape.as_str(),
        farm.target,
        if farm.floating { "" } else { " on one processor each" },
        farm.repeat
    );
    let mut first = None;
    for &workers in &farm.workers {
        let mut best = Duration::MAX;
        for _ in 0..farm.repeat {
            best = best.min(ours.run(farm, &directory, &python, workers)?);
        }
        let one = *first.get_or_insert(best);
        let share = best.as_secs_f64() / one.as_secs_f64();
        println!("{workers:>3} workers: {:>7.2} s, {share:.2}x", best.as_secs_f64());
    }
    Ok(true)
}

struct Programs {
    cli: PathBuf,
    coordinator: PathBuf,
    worker: PathBuf,
}

impl Programs {
    fn build() -> Result<Self, Problem> {
        let cli = process::mrt_cli(process::Build::Release)?;
        let packages = ["build", "--release", "--quiet", "-p", "mrt-coordinator", "-p", "mrt-worker"];
        process::run(&mut process::command("cargo", packages))?;
        let beside = |name| cli.with_file_name(name);
        Ok(Self { coordinator: beside("mrt-coordinator"), worker: beside("mrt-worker"), cli })
    }

    /// The time from submission to report, with workers that wait for it.
    fn run(&self, farm: &Farm, project: &Path, python: &Path, workers: usize) -> Result<Duration, Problem> {
        let scratch = tempfile::tempdir().map_err(|error| Problem::unusable(error.to_string()))?;
        let mut command = Command::new(&self.coordinator);
        command.args(["--listen", "127.0.0.1:0", "--log-format", "json", "--data"]).arg(scratch.path());
        command.stderr(Stdio::piped());
        let mut coordinator = Running(command.spawn().map_err(|source| cannot_run(&command, source))?);
        let log = coordinator.0.stderr.take().into_iter().flat_map(|pipe| BufReader::new(pipe).lines());
        let mut log = log.map_while(Result::ok).filter_map(|line| serde_json::from_str::<Value>(&line).ok());
        let gone = || Problem::unusable("mrt-coordinator has ended early");
        let address = log.find_map(|line| line["address"].as_str().map(str::to_owned)).ok_or_else(gone)?;
        let url = format!("http://{address}");
        let mut running = Vec::new();
        for number in 0..workers {
            let mut command = self.worker(farm, number)?;
            command.args(["--coordinator", &url, "--slots", "1", "--python"]).arg(python);
            command.arg("--cache").arg(scratch.path().join(format!("cache{number}"))).stderr(Stdio::null());
            running.push(Running(command.spawn().map_err(|source| cannot_run(&command, source))?));
        }
        for _ in 0..workers {
            log.find(|line| line["message"] == "a worker has come").ok_or_else(gone)?;
        }
        // Nobody reads it from here on.
        std::thread::spawn(move || log.for_each(drop));
        let mut command = Command::new(&self.cli);
        command.arg("submit").arg(project).args(["--quiet", "--target", &farm.target, "--format", "json"]);
        command.args(["--coordinator", &url]);
        let clock = Instant::now();
        let output = command.output().map_err(|source| cannot_run(&command, source))?;
        let time = clock.elapsed();
        let report: Value = serde_json::from_slice(&output.stdout)
            .map_err(|_| Problem::unusable(String::from_utf8_lossy(&output.stderr).into_owned()))?;
        if report["summary"]["error"] != 0 || report["summary"]["blocked"] != 0 {
            return Err(Problem::unusable(format!("cells were not checked: {}", report["summary"])));
        }
        Ok(time)
    }

    /// Two workers that share processors keep each other's half awake; a worker alone is as fast on one as on several.
    fn worker(&self, farm: &Farm, number: usize) -> Result<Command, Problem> {
        if farm.floating {
            return Ok(Command::new(&self.worker));
        }
        let processors = std::thread::available_parallelism()
            .map_err(|error| Problem::unusable(format!("the number of processors is not known: {error}")))?;
        let mut command = Command::new("taskset");
        command.arg("--cpu-list").arg((number % processors).to_string()).arg(&self.worker);
        Ok(command)
    }
}
