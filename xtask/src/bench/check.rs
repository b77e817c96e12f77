//! `cargo xtask bench check`: the static rules beside those of pytest-mrt, on the same files in the same run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::corpus::{self, Case};
use crate::process::{self, Problem};
use crate::{python, root, workshop};

/// How to compare.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// How often each program reads the real chains; the median counts.
    #[arg(long, default_value_t = 5)]
    times: usize,
}

/// Chains whose files are read for the clock: the package, and the directory of versions in its wheel.
const CHAINS: [(&str, &str); 2] = [
    ("apache-superset==6.1.0", "superset/migrations/versions"),
    ("apache-airflow-core==3.3.2", "airflow/migrations/versions"),
];
/// The engines for which ours reads these: those that both projects are made for, and one of them, since the peer goes through
/// its rules once and knows no engines.
const ENGINES: [&str; 3] = ["sqlite", "postgres:15", "mysql:9.7"];
const ONE: [&str; 1] = [ENGINES[1]];

/// Codes that a checker says of each revision, with whether it is sure.
type Said = BTreeMap<String, BTreeSet<(String, bool)>>;

pub(super) fn measure(check: &Check) -> Result<bool, Problem> {
    let python = python::environment("peer", "xtask/bench/requirements.txt")?;
    let peer = python.with_file_name("mrt");
    let ours = process::mrt_cli(process::Build::Release)?;
    truth(&ours, &peer)?;
    clock(&ours, &peer, &python, check.times.max(1))?;
    Ok(true)
}

/// What both say of the corpus.
fn truth(ours: &Path, peer: &Path) -> Result<(), Problem> {
    let corpus = root().join("corpus");
    let cases = corpus::cases(&corpus)?;
    let directory = workshop()?.join("bench/check-corpus");
    let revisions = flatten(&corpus, &cases, &directory)?;
    let engines = ["sqlite", "postgres:15", "mysql:9.7", "mariadb:11.8", "mssql:2022", "oracle:23"];
    let named = |finding: &Value| finding["revision"].as_str().map(str::to_owned);
    let said = said(&json(&mut our_check(ours, &corpus, &engines))?, "code", named);
    let by_file = |finding: &Value| revisions.get(finding["file"].as_str()?).cloned();
    let theirs = self::said(&json(&mut their_check(peer, &directory))?, "rule", by_file);
    println!("the corpus: {} files; graph rules left out", revisions.len());
    println!(
        "{:<12} {:>7} {:>7} {:>13} {:>16} {:>18} {:>20}",
        "", "buggy", "found", "told apart", "found for sure", "correct: alarmed", "correct: for sure"
    );
    for (name, said) in [("mrt", &said), ("pytest-mrt", &theirs)] {
        let score = Score::of(&cases, said);
        println!(
            "{name:<12} {:>7} {:>7} {:>13} {:>16} {:>18} {:>20}",
            score.buggy, score.found, score.apart, score.sure, score.alarms, score.sure_alarms
        );
    }
    println!(
        "found: some finding on a buggy revision; told apart: by a rule that is silent about the correct revisions of the same case; \
         for sure: as an error\n"
    );
    Ok(())
}

/// How many revisions a checker is right about.
#[derive(Debug, Default, PartialEq, Eq)]
struct Score {
    buggy: usize,
    found: usize,
    apart: usize,
    sure: usize,
    alarms: usize,
    sure_alarms: usize,
}

impl Score {
    fn of(cases: &[Case], said: &Said) -> Self {
        let mut score = Self::default();
        let nothing = BTreeSet::new();
        let of = |revision: &String| said.get(revision).unwrap_or(&nothing);
        for case in cases {
            let wrong = case.wrong();
            let correct: Vec<&String> = case.revisions.keys().filter(|id| !wrong.contains(*id)).collect();
            let elsewhere: BTreeSet<&String> =
                correct.iter().flat_map(|id| of(id)).map(|(code, _)| code).collect();
            for revision in &wrong {
                let own = of(revision);
                score.buggy += 1;
                score.found += usize::from(!own.is_empty());
                score.apart += usize::from(own.iter().any(|(code, _)| !elsewhere.contains(code)));
                score.sure += usize::from(own.iter().any(|(_, sure)| *sure));
            }
            for revision in correct {
                score.alarms += usize::from(!of(revision).is_empty());
                score.sure_alarms += usize::from(of(revision).iter().any(|(_, sure)| *sure));
            }
        }
        score
    }
}

fn said(report: &Value, code: &str, revision: impl Fn(&Value) -> Option<String>) -> Said {
    let mut said = Said::new();
    for finding in report["findings"].as_array().into_iter().flatten() {
        let code = finding[code].as_str().unwrap_or_default();
        // Every case branches from its own beginning, and the peer sees them in a directory of their own.
        if let Some(revision) = revision(finding).filter(|_| !code.starts_with("MRT9")) {
            said.entry(revision).or_default().insert((code.to_owned(), finding["severity"] == "error"));
        }
    }
    said
}

/// Copies all revisions into one directory, as the peer wants them; returns which file holds which revision.
fn flatten(corpus: &Path, cases: &[Case], to: &Path) -> Result<BTreeMap<String, String>, Problem> {
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| Problem::File { path, source }
    };
    if to.exists() {
        fs::remove_dir_all(to).map_err(file(to))?;
    }
    fs::create_dir_all(to).map_err(file(to))?;
    let mut revisions = BTreeMap::new();
    for case in cases {
        for (revision, path) in &case.revisions {
            let name = format!("{revision}.py");
            let from = corpus.join(path);
            fs::copy(&from, to.join(&name)).map_err(file(&from))?;
            revisions.insert(name, revision.clone());
        }
    }
    Ok(revisions)
}

/// How long both take for real chains, and for parts of one.
fn clock(ours: &Path, peer: &Path, python: &Path, times: usize) -> Result<(), Problem> {
    println!(
        "whole processes, seconds, the median of {times}; ours for {}, and for {}",
        ONE[0],
        ENGINES.join(", ")
    );
    println!(
        "{:<32} {:>6} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "", "files", "peer", "mrt", "ratio", "for all", "ratio"
    );
    for (package, inside) in CHAINS {
        let versions = unpacked(python, package, inside)?;
        let mut files: Vec<PathBuf> = python_files(&versions)?;
        files.sort();
        for part in [4, 2, 1] {
            let files = &files[..files.len() / part];
            let directory = chain_of(files)?;
            let seconds = |took: Duration| took.as_secs_f64();
            let theirs = seconds(median(times, || their_check(peer, &directory.join("versions")))?);
            let one = seconds(median(times, || our_check(ours, &directory, &ONE))?);
            let all = seconds(median(times, || our_check(ours, &directory, &ENGINES))?);
            println!(
                "{package:<32} {:>6} {theirs:>9.3} {one:>9.3} {:>8.1}x {all:>9.3} {:>8.1}x",
                files.len(),
                theirs / one,
                theirs / all
            );
        }
    }
    Ok(())
}

/// A project of these revisions.
fn chain_of(files: &[PathBuf]) -> Result<PathBuf, Problem> {
    let directory = workshop()?.join("bench/check-chain");
    let versions = directory.join("versions");
    let failed = |source| Problem::File { path: directory.clone(), source };
    if directory.exists() {
        fs::remove_dir_all(&directory).map_err(failed)?;
    }
    fs::create_dir_all(&versions).map_err(failed)?;
    fs::write(directory.join("alembic.ini"), "[alembic]\nscript_location = .\n").map_err(failed)?;
    fs::write(directory.join("env.py"), "").map_err(failed)?;
    for file in files {
        fs::copy(file, versions.join(file.file_name().unwrap_or_default())).map_err(failed)?;
    }
    Ok(directory)
}

/// The directory of versions of a package from PyPI, downloaded once.
fn unpacked(python: &Path, package: &str, inside: &str) -> Result<PathBuf, Problem> {
    let directory = workshop()?.join("bench").join(package);
    let versions = directory.join(inside);
    if !versions.is_dir() {
        eprintln!("downloading {package}");
        let to = directory.to_string_lossy();
        let arguments =
            ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", &to];
        let python = python.to_string_lossy();
        process::read(Command::new(&*python).args(arguments).arg(package))?;
        // A wheel is a zip archive, which Python can take apart.
        let wheels =
            fs::read_dir(&directory).map_err(|source| Problem::File { path: directory.clone(), source })?;
        for wheel in wheels.flatten().map(|entry| entry.path()) {
            let arguments = ["-m", "zipfile", "-e", &wheel.to_string_lossy(), &to];
            process::read(&mut process::command(&python, arguments))?;
        }
    }
    Ok(versions)
}

fn python_files(directory: &Path) -> Result<Vec<PathBuf>, Problem> {
    let entries =
        fs::read_dir(directory).map_err(|source| Problem::File { path: directory.to_owned(), source })?;
    let files = entries.flatten().map(|entry| entry.path());
    Ok(files.filter(|path| path.extension().is_some_and(|end| end == "py")).collect())
}

fn our_check(ours: &Path, project: &Path, engines: &[&str]) -> Command {
    let mut command = Command::new(ours);
    command.arg("check").arg(project).args(["--format", "json"]);
    for engine in engines {
        command.args(["--target", engine]);
    }
    command
}

fn their_check(peer: &Path, versions: &Path) -> Command {
    let mut command = Command::new(peer);
    command.arg("check").arg(versions).args(["--format", "json"]);
    command
}

/// What a checker prints; that it has findings is no failure.
fn json(command: &mut Command) -> Result<Value, Problem> {
    timed(command).map(|(findings, _)| findings)
}

/// The same, and how long it took to come.
fn timed(command: &mut Command) -> Result<(Value, Duration), Problem> {
    let clock = Instant::now();
    let output =
        command.stdin(Stdio::null()).output().map_err(|source| process::cannot_run(command, source))?;
    let took = clock.elapsed();
    let findings = serde_json::from_slice(&output.stdout).map_err(|error| {
        let said = String::from_utf8_lossy(&output.stderr);
        let program = command.get_program().display();
        Problem::unusable(format!("{program} printed no JSON ({error}){}", process::excerpt(&said)))
    });
    Ok((findings?, took))
}

fn median(times: usize, command: impl Fn() -> Command) -> Result<Duration, Problem> {
    let mut taken = Vec::with_capacity(times);
    // The first one finds the files in nobody's memory.
    for time in 0..=times {
        let (_, took) = timed(&mut command())?;
        if time > 0 {
            taken.push(took);
        }
    }
    taken.sort();
    Ok(taken[times / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_the_same_of_the_twin_tells_nothing_apart() {
        let case = Case::sample("c1", &["buggy", "worse"], &["correct"]);
        let code = |code: &str, sure| (code.to_owned(), sure);
        let said = Said::from([
            ("buggy".to_owned(), BTreeSet::from([code("MRT201", false)])),
            ("worse".to_owned(), BTreeSet::from([code("MRT201", false), code("MRT801", true)])),
            ("correct".to_owned(), BTreeSet::from([code("MRT201", false)])),
        ]);
        let score = Score::of(&[case], &said);
        assert_eq!(score, Score { buggy: 2, found: 2, apart: 1, sure: 1, alarms: 1, sure_alarms: 0 });
    }
}
