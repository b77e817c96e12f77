//! `cargo xtask mutants`: takes one operation out of the downgrade of real revisions that pass, and counts how many
//! of those mutants mrt finds. One that it does not find is held against plain `alembic`: where the schema after the
//! rollback is the same with and without the operation, it is no mutant, and is shown as that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::plain::Plain;
use crate::process::{self, Problem};
use crate::real::{self, Chain};
use crate::{python, root};

/// Plants one mutant in each of many real revisions and runs them all at once.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The chain to mutate.
    #[arg(long, value_enum, default_value = "prefect")]
    chain: Chain,
    /// The target to run on.
    #[arg(long, default_value = "sqlite")]
    target: String,
    /// How many revisions to mutate.
    #[arg(long, default_value_t = 50)]
    count: usize,
    /// Which ones: another number, another choice.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the command; `Ok(false)` when fewer than 95 % were found.
pub(crate) fn run(arguments: &Arguments) -> Result<bool, Problem> {
    let python = python::environment("real", "xtask/real/requirements.txt")?;
    let original = real::project(arguments.chain, &python)?;
    let before = check(&original, &python, &arguments.target, &[], "before")?;
    let passing: BTreeSet<String> = cells(&before)
        .filter(|cell| cell["verdict"] == "pass")
        .filter_map(|cell| cell["revision"].as_str().map(str::to_owned))
        .collect();
    let files = versions(&original, &arguments.target)?;

    let mutated = original.with_file_name(format!("{}-mutants", arguments.chain.as_str()));
    let failed =
        |error: std::io::Error| Problem::unusable(format!("cannot write {}: {error}", mutated.display()));
    if mutated.exists() {
        std::fs::remove_dir_all(&mutated).map_err(failed)?;
    }
    // The whole package: some env.py look for their revisions beside their own code, whatever the settings say. The
    // project's directory comes first on Python's path.
    real::write_project(arguments.chain, &mutated, &mutated.to_string_lossy())?;
    let package = Path::new(&real::site_packages(&python)?).join(arguments.chain.as_str());
    process::run(Command::new("cp").arg("-a").arg(package).arg(&mutated))?;
    let copies = versions(&mutated, &arguments.target)?;
    let copy = copies.first().and_then(|file| file.parent()).unwrap_or(&mutated);
    let mut candidates = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).map_err(failed)?;
        if passing.iter().any(|revision| {
            text.contains(&format!("\"{revision}\"")) || text.contains(&format!("'{revision}'"))
        }) {
            candidates.push(file.clone());
        }
    }
    let output = Command::new(&python)
        .arg(root().join("xtask/real/mutate.py"))
        .arg(arguments.seed.to_string())
        .arg(files.len().to_string())
        .arg(copy)
        .args(&candidates)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Problem::unusable(format!("cannot run mutate.py: {error}")))?;
    let mut mutants: BTreeMap<String, Value> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(mutant) = serde_json::from_str::<Value>(line) else { continue };
        let revision = mutant["revision"].as_str().unwrap_or_default().to_owned();
        let name =
            Path::new(mutant["file"].as_str().unwrap_or_default()).file_name().unwrap_or_default().to_owned();
        if passing.contains(&revision) && mutants.len() < arguments.count {
            mutants.insert(revision, mutant);
        } else {
            // Not one of those that pass: as it was.
            let source = files.iter().find(|file| file.file_name() == Some(&name));
            if let Some(source) = source {
                std::fs::copy(source, copy.join(&name)).map_err(failed)?;
            }
        }
    }
    let only: Vec<&str> = mutants.keys().map(String::as_str).collect();
    let after = check(&mutated, &python, &arguments.target, &only, "after")?;

    let mut found = 0;
    let mut equivalent = 0;
    let mut plain = None;
    for cell in cells(&after) {
        let revision = cell["revision"].as_str().unwrap_or_default();
        let Some(mutant) = mutants.get(revision) else { continue };
        let verdict = cell["verdict"].as_str().unwrap_or_default();
        let removed: Vec<&str> = mutant["removed"].as_str().unwrap_or_default().split_whitespace().collect();
        if matches!(verdict, "fail" | "warn") {
            found += 1;
            let kinds: BTreeSet<&str> = cell["findings"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|finding| finding["kind"].as_str())
                .collect();
            println!(
                "found   {revision:<14} {} [{}]",
                shortened(&removed),
                kinds.into_iter().collect::<Vec<_>>().join(", ")
            );
        } else if verdict == "pass"
            && mutant["call"].as_str().is_some_and(touches_schema_alone)
            && is_equivalent(&mut plain, arguments, &python, (&original, &mutated), revision)?
        {
            equivalent += 1;
            println!(
                "same    {revision:<14} {} (alembic leaves the same schema without it)",
                shortened(&removed)
            );
        } else {
            println!(
                "MISSED  {revision:<14} {} ({verdict}) {}:{}",
                shortened(&removed),
                mutant["file"],
                mutant["line"]
            );
        }
    }
    let real = mutants.len() - equivalent;
    let share = if real == 0 { 0.0 } else { f64::from(found) * 100.0 / real as f64 };
    println!(
        "{} on {}: {found} of {real} mutants found ({share:.1} %), besides {equivalent} that change nothing",
        arguments.chain.as_str(),
        arguments.target,
    );
    Ok(share >= 95.0)
}

/// Whether an operation of this name leaves rows alone, so that the schema shows all that it does.
fn touches_schema_alone(call: &str) -> bool {
    matches!(
        call,
        "create_index"
            | "drop_index"
            | "create_table"
            | "create_foreign_key"
            | "create_unique_constraint"
            | "create_check_constraint"
            | "create_primary_key"
            | "drop_constraint"
            | "create_table_comment"
            | "drop_table_comment"
    )
}

/// Whether plain `alembic` leaves the same schema after the rollback with and without the operation.
fn is_equivalent(
    plain: &mut Option<Plain>,
    arguments: &Arguments,
    python: &Path,
    (original, mutated): (&Path, &Path),
    revision: &str,
) -> Result<bool, Problem> {
    let plain = match plain.take() {
        Some(started) => plain.insert(started),
        None => plain.insert(Plain::start(mutated, python, &arguments.target)?),
    };
    let with = plain.schema_after_rollback(original, revision)?;
    let without = plain.schema_after_rollback(mutated, revision)?;
    Ok(with.is_some() && with == without)
}

fn shortened(words: &[&str]) -> String {
    let text = words.join(" ");
    if text.chars().count() <= 90 {
        text
    } else {
        format!("{} …", text.chars().take(90).collect::<String>())
    }
}

fn cells(report: &Value) -> impl Iterator<Item = &Value> {
    report["cells"].as_array().into_iter().flatten()
}

fn check(directory: &Path, python: &Path, target: &str, only: &[&str], name: &str) -> Result<Value, Problem> {
    let file = directory.join(format!("{name}.json"));
    let mut command = Command::new(process::mrt_cli(process::Build::Release)?);
    command
        .arg("run")
        .arg(directory)
        .arg("--python")
        .arg(python)
        .args(["--target", target, "--format", "json"]);
    command.arg("--output").arg(&file).stderr(Stdio::inherit());
    for revision in only {
        command.args(["--only", revision]);
    }
    let status =
        command.status().map_err(|error| Problem::unusable(format!("cannot run mrt-cli: {error}")))?;
    let text = std::fs::read_to_string(&file).map_err(|error| {
        Problem::unusable(format!("mrt-cli ({status}) left no {}: {error}", file.display()))
    })?;
    serde_json::from_str(&text).map_err(|error| Problem::unusable(format!("{}: {error}", file.display())))
}

/// The revision files of a chain on a target, going by its settings.
fn versions(directory: &Path, target: &str) -> Result<Vec<PathBuf>, Problem> {
    let failed = |error: &dyn std::fmt::Display| {
        Problem::unusable(format!("cannot read the settings of {}: {error}", directory.display()))
    };
    let text = std::fs::read_to_string(directory.join("mrt.toml")).map_err(|error| failed(&error))?;
    let settings: toml::Table = text.parse().map_err(|error| failed(&error))?;
    let suite = settings["suite"].as_table().and_then(|suites| suites.values().next());
    let engine = target.split(':').next().unwrap_or(target);
    let locations =
        suite.and_then(|suite| suite.get("version_locations")?.get(engine)?.as_array()?.first()?.as_str());
    let location = match (locations, suite.and_then(|suite| suite.get("script_location")?.as_str())) {
        (Some(location), _) => PathBuf::from(location),
        (None, Some(script)) => Path::new(script).join("versions"),
        (None, None) => return Err(failed(&"no script_location")),
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(&location)
        .map_err(|error| failed(&error))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "py"))
        .collect();
    files.sort();
    Ok(files)
}
