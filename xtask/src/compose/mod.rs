//! `cargo xtask compose`: the product's images, and the farm of deploy/compose.yaml, as people start it.

mod farm;
mod images;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::chaos::report::Report;
use crate::plugins::Plugin;
use crate::process::{Build, Problem, cannot_run, excerpt, mrt_cli, read, with_causes};
use crate::root;
use farm::Farm;

/// What the example is checked on.
const TARGETS: [&str; 2] = ["sqlite", "postgres:15"];
/// How many cells that makes.
const CELLS: usize = 32;
/// How long anything may take that is waited for.
const LIMIT: Duration = Duration::from_secs(300);
/// What is left of a dead worker is gone after so long: its lease, and the pause between two sweeps.
const SWEPT: Duration = Duration::from_secs(40);

/// Builds the product's images, starts the farm of deploy/compose.yaml, kills a worker of it, and compares its report with
/// that of a single process.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Build the images, and leave it at that.
    #[arg(long)]
    images: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<bool, Problem> {
    if arguments.images {
        images::build(Build::Release)?;
        return Ok(true);
    }
    let mut skipped = Vec::new();
    check(&mut skipped)?;
    skipped.iter().for_each(|notice| eprintln!("SKIPPED: {notice}"));
    Ok(skipped.is_empty())
}

/// The farm as a stage of the tests.
pub(crate) fn check(skipped: &mut Vec<String>) -> Result<(), Problem> {
    let compose = match Plugin::find("compose") {
        Ok(compose) => compose,
        Err(problem) => {
            skipped.push(format!("the farm of deploy/compose.yaml ({})", with_causes(&problem)));
            return Ok(());
        }
    };
    images::build(Build::Tests)?;
    crate::images::provide(&["postgres:15".to_owned()], false)?;
    let farm = timed("the farm is up", || Farm::start(compose))?;
    let checked = checks(&farm);
    if checked.is_err() {
        farm.tell();
    }
    checked?;
    let left = timed("the farm is down", || farm.end())?;
    if left.is_empty() {
        return Ok(());
    }
    Err(Problem::unusable(format!("`docker compose down --volumes` leaves {}", left.join(", "))))
}

fn checks(farm: &Farm) -> Result<(), Problem> {
    let (alone, exit_code) = timed("a single process", || alone(&farm.place().join("alone.json")))?;
    if alone.cells().len() != CELLS {
        return Err(Problem::unusable(format!(
            "the example has {} cells, and not {CELLS}",
            alone.cells().len()
        )));
    }
    timed("the farm, a worker of it killed", || loses_a_worker(farm, &alone, exit_code))?;
    timed("a project keeps to its own", || confined(farm))
}

/// The report of one process, and how that ends.
fn alone(output: &Path) -> Result<(Report, Option<i32>), Problem> {
    let mut mrt = Command::new(mrt_cli(Build::Tests)?);
    mrt.arg("run").arg(root().join("examples/shop")).args(targets());
    mrt.args(["--quiet", "--format", "json", "--output"]).arg(output);
    let ended = mrt.output().map_err(|source| cannot_run(&mrt, source))?;
    let report = Report::read(output).map_err(|problem| {
        let words = String::from_utf8_lossy(&ended.stderr);
        Problem::unusable(format!("{}{}", with_causes(&problem), excerpt(&words)))
    })?;
    Ok((report, ended.status.code()))
}

fn targets() -> impl Iterator<Item = &'static str> {
    TARGETS.into_iter().flat_map(|target| ["--target", target])
}

/// The worker is killed that has started a database server. The run ends all the same, and its report is that of a single
/// process; what the worker has left goes.
fn loses_a_worker(farm: &Farm, alone: &Report, exit_code: Option<i32>) -> Result<(), Problem> {
    let arguments = ["submit", "--quiet", "--format", "json"].into_iter().chain(targets());
    let mut submitted = Submitted::start(farm, "shop", &root().join("examples/shop"), arguments)?;
    let (_, worker) = until(LIMIT, "a database server of a worker", || match submitted.has_ended()? {
        true => Err(submitted.ended_early()),
        false => farm.server(),
    })?;
    read(&mut crate::process::command("docker", ["kill", &worker]))?;
    let code = until(LIMIT, "the end of the run", || submitted.code())?;
    let report = submitted.report()?;
    if let Some(difference) = report.first_difference(alone) {
        return Err(Problem::unusable(format!(
            "the farm's report is not that of a single process: {difference}"
        )));
    }
    if code != exit_code {
        return Err(Problem::unusable(format!(
            "mrt-cli submit ends with {code:?}, and run with {exit_code:?}"
        )));
    }
    if farm.metric("mrt_leases_expired_total")? < 1.0 {
        return Err(Problem::unusable(
            "no lease has run out: the worker had nothing to lose when it was killed",
        ));
    }
    until(SWEPT, "what the killed worker has left to go", || {
        Ok(farm.servers_of(&worker)?.is_empty().then_some(()))
    })
}

/// A project whose migration fails where it comes to anything that is not its own.
fn confined(farm: &Farm) -> Result<(), Problem> {
    let project = root().join("xtask/compose/confined");
    let mut submitted =
        Submitted::start(farm, "confined", &project, ["submit", "--quiet", "--format", "json"])?;
    until(LIMIT, "the end of the run", || submitted.code())?;
    let report = submitted.report()?;
    match report.cells() {
        [cell] if cell["verdict"] == "pass" => Ok(()),
        cells => Err(Problem::unusable(format!("code of a project is not confined: {cells:#?}"))),
    }
}

/// An `mrt-cli submit` in a container, on its way.
struct Submitted {
    child: Child,
    report: PathBuf,
    words: PathBuf,
}

impl Submitted {
    fn start<'a>(
        farm: &Farm,
        name: &str,
        project: &Path,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Problem> {
        let [report, words] = ["json", "log"].map(|kind| farm.place().join(format!("{name}.{kind}")));
        let create = |path: &Path| {
            File::create(path).map_err(|source| Problem::File { path: path.to_owned(), source })
        };
        let mut cli = farm.cli(project, arguments);
        cli.stdout(create(&report)?).stderr(create(&words)?).stdin(Stdio::null());
        let child = cli.spawn().map_err(|source| cannot_run(&cli, source))?;
        Ok(Self { child, report, words })
    }

    /// How it has ended; nothing while it has not.
    fn code(&mut self) -> Result<Option<Option<i32>>, Problem> {
        let ended = self.child.try_wait();
        let ended =
            ended.map_err(|error| Problem::unusable(format!("mrt-cli cannot be waited for: {error}")))?;
        Ok(ended.map(|status| status.code()))
    }

    fn has_ended(&mut self) -> Result<bool, Problem> {
        self.code().map(|code| code.is_some())
    }

    fn ended_early(&self) -> Problem {
        Problem::unusable(format!("mrt-cli has ended before its time{}", self.said()))
    }

    fn report(&self) -> Result<Report, Problem> {
        Report::read(&self.report)
            .map_err(|problem| Problem::unusable(format!("{}{}", with_causes(&problem), self.said())))
    }

    fn said(&self) -> String {
        excerpt(&std::fs::read_to_string(&self.words).unwrap_or_default())
    }
}

impl Drop for Submitted {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks again and again, until there is something to see.
fn until<T>(
    limit: Duration,
    what: &str,
    mut look: impl FnMut() -> Result<Option<T>, Problem>,
) -> Result<T, Problem> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(seen) = look()? {
            return Ok(seen);
        }
        if Instant::now() > deadline {
            return Err(Problem::Late { what: what.to_owned(), seconds: limit.as_secs() });
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Does something, and says how long that took.
fn timed<T>(what: &str, work: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    let began = Instant::now();
    let done = work()?;
    println!("{what}: {:.1} s", began.elapsed().as_secs_f64());
    Ok(done)
}
