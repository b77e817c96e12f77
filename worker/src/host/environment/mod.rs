//! Which Python runs a suite: one that is given, the suite's own virtual environment, or one that we make.
//!
//! In this order: the interpreter of the settings; requirements, packages or a project of the settings; `.venv` or
//! `venv` in the suite's directory; its `requirements.txt`; its `pyproject.toml`; an environment with Alembic and the
//! targets' drivers.

mod make;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use mrt_chain::settings::{EngineKind, Python};
use serde::Deserialize;
use tokio::process::Command;

pub use make::EnvironmentError;
use make::Recipe;

/// Looks for modules without importing them. The working directory is left out: it often holds a directory
/// `alembic` that is no package.
const PROBE: &str = "\
import importlib.util, json, sys
sys.path = [path for path in sys.path if path]
found = {name: importlib.util.find_spec(name) is not None for name in sys.argv[1:]}
print(json.dumps({'version': '%d.%d.%d' % sys.version_info[:3], 'found': found}))
";

/// What happens while an environment is made, for the eyes of whoever waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvironmentEvent {
    /// A virtual environment is made there.
    Creating(PathBuf),
    /// Packages are installed into it.
    Installing(String),
}

impl fmt::Display for EnvironmentEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Creating(dir) => write!(f, "creating a virtual environment in {}", dir.display()),
            Self::Installing(what) => write!(f, "installing {what}"),
        }
    }
}

/// A driver that the URL of a target will name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Driver {
    /// The engine.
    pub engine: EngineKind,
    /// SQLAlchemy's name of it (`asyncpg`), or `None` for whichever is there.
    pub name: Option<String>,
}

impl Driver {
    /// Names that SQLAlchemy knows, the most usual first.
    pub fn known(engine: EngineKind) -> &'static [&'static str] {
        match engine {
            EngineKind::Sqlite => &["pysqlite", "aiosqlite"],
            EngineKind::Postgres => &["psycopg2", "psycopg", "asyncpg", "pg8000"],
        }
    }

    /// The modules that a driver of that name needs, each with the package that brings it.
    fn modules(name: &str) -> Vec<(&str, &str)> {
        match name {
            // Python brings it.
            "pysqlite" => Vec::new(),
            "psycopg2" => vec![("psycopg2", "psycopg2-binary")],
            "psycopg" => vec![("psycopg", "psycopg[binary]")],
            // SQLAlchemy's asynchronous engines need greenlet, and do not always bring it.
            "psycopg_async" => vec![("psycopg", "psycopg[binary]"), ("greenlet", "greenlet")],
            "aiosqlite" | "asyncpg" => vec![(name, name), ("greenlet", "greenlet")],
            _ => vec![(name, name)],
        }
    }

    /// What to install when nothing is said.
    fn usual(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| Self::known(self.engine)[0])
    }

    /// The module and package that is missing, if one is.
    fn missing(&self, found: &Found) -> Option<(String, String)> {
        let missing = |name: &str| {
            let mut modules = Self::modules(name).into_iter();
            let lacking = modules.find(|(module, _)| !found.has(module));
            lacking.map(|(module, package)| (module.to_owned(), package.to_owned()))
        };
        if self.name.is_none() && Self::known(self.engine).iter().any(|name| missing(name).is_none()) {
            return None;
        }
        missing(self.usual())
    }
}

/// Where environments are kept unless told otherwise: `$XDG_CACHE_HOME/mrt/envs` or `~/.cache/mrt/envs`.
pub fn default_cache_dir() -> PathBuf {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    cache.unwrap_or_else(std::env::temp_dir).join("mrt").join("envs")
}

/// The interpreter for a suite, made first if need be. It has Alembic and the drivers.
pub async fn prepare(
    python: &Python,
    suite_dir: &Path,
    drivers: &[Driver],
    cache_dir: &Path,
    mut on_event: impl FnMut(EnvironmentEvent),
) -> Result<PathBuf, EnvironmentError> {
    if let Some(interpreter) = &python.interpreter {
        let interpreter = locate(interpreter, suite_dir)?;
        return check(interpreter, drivers).await;
    }
    let asked = Recipe {
        requirements: python.requirements.clone(),
        packages: python.packages.clone(),
        project: python.project.clone(),
    };
    if !asked.is_empty() {
        return make::make(&asked, suite_dir, drivers, cache_dir, &mut on_event).await;
    }
    for name in [".venv", "venv"] {
        let interpreter = suite_dir.join(name).join("bin/python");
        if interpreter.exists() {
            return check(interpreter, drivers).await;
        }
    }
    let recipe = Recipe::by_convention(suite_dir);
    make::make(&recipe, suite_dir, drivers, cache_dir, &mut on_event).await
}

/// Names of an engine's drivers that an interpreter has, the most usual first: for URLs of suites that name none.
pub async fn installed_drivers(
    interpreter: &Path,
    engine: EngineKind,
) -> Result<Vec<&'static str>, EnvironmentError> {
    let known = Driver::known(engine);
    let modules = known.iter().flat_map(|name| Driver::modules(name)).map(|(module, _)| module);
    let found = probe(interpreter, modules).await?;
    Ok(known
        .iter()
        .filter(|name| Driver::modules(name).iter().all(|(module, _)| found.has(module)))
        .copied()
        .collect())
}

/// An interpreter that is not ours to install into must have everything.
async fn check(interpreter: PathBuf, drivers: &[Driver]) -> Result<PathBuf, EnvironmentError> {
    let found = probe(&interpreter, needed(drivers)).await?;
    if !found.has("alembic") {
        return Err(EnvironmentError::NoAlembic { interpreter });
    }
    for driver in drivers {
        if let Some((module, package)) = driver.missing(&found) {
            return Err(EnvironmentError::NoDriver { interpreter, module, package, engine: driver.engine });
        }
    }
    Ok(interpreter)
}

/// Every module that may be asked about.
fn needed(drivers: &[Driver]) -> BTreeSet<&str> {
    let mut names = BTreeSet::from(["alembic", "sqlalchemy"]);
    for driver in drivers {
        let known = Driver::known(driver.engine).iter().copied();
        for name in known.chain(driver.name.as_deref()) {
            names.extend(Driver::modules(name).into_iter().map(|(module, _)| module));
        }
    }
    names
}

/// A path, relative to the suite, or a program's name.
fn locate(interpreter: &Path, suite_dir: &Path) -> Result<PathBuf, EnvironmentError> {
    let found = if interpreter.components().count() == 1 && !interpreter.is_absolute() {
        make::on_path(&interpreter.to_string_lossy())
    } else {
        Some(suite_dir.join(interpreter)).filter(|path| path.exists())
    };
    found.ok_or_else(|| EnvironmentError::NoInterpreter { interpreter: interpreter.to_owned() })
}

/// What an interpreter has.
#[derive(Debug, Deserialize)]
struct Found {
    version: String,
    found: BTreeMap<String, bool>,
}

impl Found {
    fn has(&self, module: &str) -> bool {
        self.found.get(module).copied().unwrap_or_default()
    }
}

async fn probe<'a>(
    interpreter: &Path,
    modules: impl IntoIterator<Item = &'a str>,
) -> Result<Found, EnvironmentError> {
    let mut command = Command::new(interpreter);
    // It may be a file of the project's.
    make::without_ours(&mut command);
    let output = command
        .args(["-c", PROBE])
        .args(modules)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|source| EnvironmentError::NotStarted { program: interpreter.to_owned(), source })?;
    let answer = if output.status.success() { serde_json::from_slice(&output.stdout).ok() } else { None };
    answer.ok_or_else(|| EnvironmentError::NotPython {
        interpreter: interpreter.to_owned(),
        printed: make::last_lines(&[&output.stdout[..], &output.stderr[..]].concat()),
    })
}
