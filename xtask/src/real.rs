//! `cargo xtask real`: runs mrt on chains that their authors ship to PyPI, and checks what it says about them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::process::{self, Problem};
use crate::{python, root};

/// Checks real chains: every cell judged, twice the same report, every blocked one confirmed by plain `alembic`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Chains to check; all when none is given.
    #[arg(long, value_enum)]
    chain: Vec<Chain>,
    /// Targets to check them on.
    #[arg(long, default_values = ["sqlite", "postgres:15"])]
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
        let first = report(&directory, &python, arguments, "first")?;
        good &= summarise(chain, &first);
        if !arguments.once {
            let second = report(&directory, &python, arguments, "second")?;
            let same = without_timings(&first) == without_timings(&second);
            println!(
                "{}: a second run gives {} report",
                chain.as_str(),
                if same { "the same" } else { "ANOTHER" }
            );
            good &= same;
        }
    }
    Ok(good)
}

/// Writes the project directory of a chain: its settings and hooks, filled in for this environment.
pub(crate) fn project(chain: Chain, python: &Path) -> Result<PathBuf, Problem> {
    let directory = root().join("target/xtask/real").join(chain.as_str());
    let failed =
        |error: std::io::Error| Problem::unusable(format!("cannot write {}: {error}", directory.display()));
    std::fs::create_dir_all(&directory).map_err(failed)?;
    let site = site_packages(python)?;
    std::fs::write(directory.join("mrt.toml"), chain.settings().replace("{site}", &site)).map_err(failed)?;
    std::fs::write(directory.join("alembic.ini"), "[alembic]\nscript_location = .\nprepend_sys_path = .\n")
        .map_err(failed)?;
    std::fs::write(directory.join("hooks.py"), chain.hooks()).map_err(failed)?;
    Ok(directory)
}

/// Where an interpreter keeps its packages.
pub(crate) fn site_packages(python: &Path) -> Result<String, Problem> {
    let output = Command::new(python)
        .args(["-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"])
        .output()
        .map_err(|error| Problem::unusable(format!("cannot run {}: {error}", python.display())))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn report(directory: &Path, python: &Path, arguments: &Arguments, name: &str) -> Result<Value, Problem> {
    let file = directory.join(format!("{name}.json"));
    let mut command = Command::new(process::mrt_cli()?);
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
    serde_json::from_str(&text).map_err(|error| Problem::unusable(format!("{}: {error}", file.display())))
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

/// A report without what may differ from run to run.
fn without_timings(report: &Value) -> Value {
    let mut report = report.clone();
    for cell in report["cells"].as_array_mut().into_iter().flatten() {
        if let Some(cell) = cell.as_object_mut() {
            for timing in ["attempts", "duration_ms", "phases_ms"] {
                cell.remove(timing);
            }
        }
    }
    report
}
