//! `cargo xtask real`: runs mrt on chains that their authors ship to PyPI, and checks what it says about them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::plain::Plain;
use crate::process::{self, Problem};
use crate::{python, root};

/// Checks real chains: every cell judged, twice the same report, every blocked one confirmed by plain `alembic`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Chains to check; all when none is given.
    #[arg(long, value_enum)]
    chain: Vec<Chain>,
    /// Targets to check them on; those of each chain's own settings when none is given.
    #[arg(long)]
    target: Vec<String>,
    /// Run once only, without comparing two reports.
    #[arg(long)]
    once: bool,
    /// Further arguments for `mrt-cli run`.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Chains that are known to install here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Chain {
    /// prefect: asynchronous `env.py`, other versions per engine.
    Prefect,
    /// mlflow: expects tables that its program makes.
    Mlflow,
    /// optuna: small and quick.
    Optuna,
}

impl Chain {
    const ALL: [Self; 3] = [Self::Prefect, Self::Mlflow, Self::Optuna];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Prefect => "prefect",
            Self::Mlflow => "mlflow",
            Self::Optuna => "optuna",
        }
    }

    /// The settings of its suite; `{site}` stands for site-packages.
    fn settings(self) -> &'static str {
        match self {
            Self::Prefect => include_str!("../real/prefect.toml"),
            Self::Mlflow => include_str!("../real/mlflow.toml"),
            Self::Optuna => include_str!("../real/optuna.toml"),
        }
    }

    /// The hooks that its settings name.
    fn hooks(self) -> &'static str {
        match self {
            Self::Prefect => include_str!("../real/prefect_hooks.py"),
            Self::Mlflow => include_str!("../real/mlflow_hooks.py"),
            Self::Optuna => "",
        }
    }
}

/// Runs the command; `Ok(false)` when something is not as it must be.
pub(crate) fn run(arguments: &Arguments) -> Result<bool, Problem> {
    let python = python::environment("real", "xtask/real/requirements.txt")?;
    let chains = if arguments.chain.is_empty() { Chain::ALL.to_vec() } else { arguments.chain.clone() };
    let mut good = true;
    for chain in chains {
        let directory = project(chain, &python)?;
        let first = Report::make(&directory, &python, arguments, "first")?;
        good &= summarise(chain, &first.value);
        good &= confirm_blocked(chain, &directory, &python, &first.value)?;
        if !arguments.once {
            let second = Report::make(&directory, &python, arguments, "second")?;
            good &= same(chain, &first, &second);
        }
    }
    Ok(good)
}

/// Writes the project directory of a chain: its settings and hooks, filled in for this environment.
pub(crate) fn project(chain: Chain, python: &Path) -> Result<PathBuf, Problem> {
    let directory = root().join("target/xtask/real").join(chain.as_str());
    write_project(chain, &directory, &site_packages(python)?)?;
    Ok(directory)
}

/// Writes a project directory for the chain's package in `site`.
pub(crate) fn write_project(chain: Chain, directory: &Path, site: &str) -> Result<(), Problem> {
    let failed =
        |error: std::io::Error| Problem::unusable(format!("cannot write {}: {error}", directory.display()));
    std::fs::create_dir_all(directory).map_err(failed)?;
    std::fs::write(directory.join("mrt.toml"), chain.settings().replace("{site}", site)).map_err(failed)?;
    std::fs::write(directory.join("alembic.ini"), "[alembic]\nscript_location = .\nprepend_sys_path = .\n")
        .map_err(failed)?;
    std::fs::write(directory.join("hooks.py"), chain.hooks()).map_err(failed)
}

/// Where an interpreter keeps its packages.
pub(crate) fn site_packages(python: &Path) -> Result<String, Problem> {
    let output = Command::new(python)
        .args(["-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"])
        .output()
        .map_err(|error| Problem::unusable(format!("cannot run {}: {error}", python.display())))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What a run reported, as it was written and as it reads.
struct Report {
    text: String,
    value: Value,
}

impl Report {
    fn make(directory: &Path, python: &Path, arguments: &Arguments, name: &str) -> Result<Self, Problem> {
        let file = directory.join(format!("{name}.json"));
        let mut command = Command::new(process::mrt_cli(process::Build::Release)?);
        command
            .arg("run")
            .arg(directory)
            .arg("--python")
            .arg(python)
            .args(["--format", "json", "--output"])
            .arg(&file);
        for target in &arguments.target {
            command.args(["--target", target]);
        }
        command.args(&arguments.arguments).stderr(Stdio::inherit());
        let status =
            command.status().map_err(|error| Problem::unusable(format!("cannot run mrt-cli: {error}")))?;
        let text = std::fs::read_to_string(&file).map_err(|error| {
            Problem::unusable(format!("mrt-cli ({status}) left no {}: {error}", file.display()))
        })?;
        let value = serde_json::from_str(&text)
            .map_err(|error| Problem::unusable(format!("{}: {error}", file.display())))?;
        Ok(Self { text, value })
    }

    /// The text without the lines that may differ from run to run: timings, and how often a cell was tried.
    fn without_timings(&self) -> String {
        let mut lines = Vec::new();
        let mut inside = None;
        for line in self.text.lines() {
            let words = line.trim_start();
            let indent = line.len() - words.len();
            if let Some(outer) = inside {
                if indent == outer {
                    inside = None;
                }
                continue;
            }
            if words.starts_with("\"phases_ms\": {") {
                inside = (!words.contains('}')).then_some(indent);
            } else if !words.starts_with("\"duration_ms\":") && !words.starts_with("\"attempts\":") {
                lines.push(line);
            }
        }
        lines.join("\n")
    }
}

/// Whether two reports are equal byte for byte, timings aside; shows where they are not.
fn same(chain: Chain, first: &Report, second: &Report) -> bool {
    let same = first.without_timings() == second.without_timings();
    println!("{:<8} a second run gives {} report", chain.as_str(), if same { "the same" } else { "ANOTHER" });
    if !same {
        let mut different = Vec::new();
        differences("", &first.value, &second.value, &mut different);
        for line in &different {
            println!("    {line}");
        }
        if different.is_empty() {
            println!("    in the order or the spelling of its lines alone");
        }
    }
    same
}

/// Where two values differ, as paths.
fn differences(path: &str, first: &Value, second: &Value, found: &mut Vec<String>) {
    match (first, second) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                if !matches!(key.as_str(), "attempts" | "duration_ms" | "phases_ms") {
                    differences(&format!("{path}.{key}"), &first[key], &second[key], found);
                }
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (number, (first, second)) in one.iter().zip(other).enumerate() {
                let step = match (first["revision"].as_str(), first["target"].as_str()) {
                    (Some(revision), Some(target)) => format!("{path}[{revision} on {target}]"),
                    _ => format!("{path}[{number}]"),
                };
                differences(&step, first, second, found);
            }
        }
        _ if first != second => found.push(format!("{path}: {first} became {second}")),
        _ => {}
    }
}

/// Has plain `alembic` try every revision that is said to be blocked: it must fail, in the revision that is blamed.
fn confirm_blocked(chain: Chain, directory: &Path, python: &Path, report: &Value) -> Result<bool, Problem> {
    let mut blocked: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for cell in report["cells"].as_array().into_iter().flatten().filter(|cell| cell["verdict"] == "blocked") {
        let text = |key: &str| cell[key].as_str().unwrap_or_default();
        blocked.entry(text("target")).or_default().push((text("revision"), text("reason")));
    }
    let mut good = true;
    for (target, cells) in blocked {
        let plain = Plain::start(directory, python, target)?;
        let mut confirmed = 0;
        for (revision, reason) in &cells {
            let outcome = plain.upgrade(directory, revision)?;
            let blamed = |culprit: &str| reason.split_whitespace().any(|word| word == culprit);
            match &outcome.failed_in {
                Some(culprit) if blamed(culprit) => {
                    confirmed += 1;
                    println!(
                        "{:<8} {target:<12} {revision}: {reason}; so says alembic: {}",
                        chain.as_str(),
                        outcome.last_words
                    );
                }
                Some(culprit) => {
                    println!(
                        "{:<8} {target:<12} {revision}: {reason}, but alembic FAILS IN {culprit}: {}",
                        chain.as_str(),
                        outcome.last_words
                    );
                }
                None => println!(
                    "{:<8} {target:<12} {revision}: {reason}, but alembic APPLIES it",
                    chain.as_str()
                ),
            }
        }
        println!(
            "{:<8} {target:<12} {confirmed} of {} blocked revisions are blocked for plain alembic, too",
            chain.as_str(),
            cells.len()
        );
        good &= confirmed == cells.len();
    }
    Ok(good)
}

fn summarise(chain: Chain, report: &Value) -> bool {
    let mut by_target: BTreeMap<&str, BTreeMap<&str, u32>> = BTreeMap::new();
    let (mut tables, mut seeded) = (0, 0);
    for cell in report["cells"].as_array().into_iter().flatten() {
        let target = cell["target"].as_str().unwrap_or_default();
        let verdict = cell["verdict"].as_str().unwrap_or_default();
        *by_target.entry(target).or_default().entry(verdict).or_default() += 1;
        tables += cell["coverage"]["tables"].as_u64().unwrap_or(0);
        seeded += cell["coverage"]["tables_seeded"].as_u64().unwrap_or(0);
    }
    let mut good = !by_target.is_empty();
    for (target, verdicts) in &by_target {
        let total: u32 = verdicts.values().sum();
        let listed: Vec<String> =
            verdicts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
        println!("{:<8} {target:<12} {total:>4} cells: {}", chain.as_str(), listed.join(", "));
        good &= !verdicts.contains_key("error");
    }
    let share = if tables == 0 { 100.0 } else { seeded as f64 * 100.0 / tables as f64 };
    println!("{:<8} {seeded} of {tables} touched tables seeded ({share:.1} %)", chain.as_str());
    good && share >= 95.0
}
