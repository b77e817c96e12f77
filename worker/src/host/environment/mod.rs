//! Which Python runs a suite: one that is given, the suite's own virtual environment, or one that we make.
//!
//! In this order: the interpreter of the settings; requirements, packages or a project of the settings; `.venv` or
//! `venv` in the suite's directory; its `requirements.txt`; its `pyproject.toml`; an environment with Alembic and the
//! targets' drivers.

mod error;
mod make;
mod recipe;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mrt_chain::settings::{EngineKind, Python};
use nix::unistd::geteuid;
use serde::Deserialize;
use tokio::sync::OnceCell;

pub use error::EnvironmentError;
use recipe::Recipe;

use crate::program::{Ids, Program, on_path, unreachable};
use crate::shelf::{Shelf, Taken, blocking};

/// Room for environments unless told otherwise.
pub const ROOM: u64 = 20 << 30;
/// How long an interpreter may take to say what it has.
const PROBE_LIMIT: Duration = Duration::from_secs(60);

/// Looks for modules without importing them, but for the packages that they lie in. The working directory is left out: it often holds a directory
/// `alembic` that is no package.
const PROBE: &str = "\
import importlib.util, json, sys
sys.path = [path for path in sys.path if path]
def there(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False
found = {name: there(name) for name in sys.argv[1:]}
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
            EngineKind::MySql => &["pymysql", "mysqldb", "mysqlconnector", "aiomysql", "asyncmy"],
            EngineKind::MariaDb => {
                &["pymysql", "mysqldb", "mariadbconnector", "mysqlconnector", "aiomysql", "asyncmy"]
            }
            EngineKind::SqlServer => &["pymssql", "pyodbc", "aioodbc"],
            EngineKind::Oracle => &["oracledb", "cx_oracle", "oracledb_async"],
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
            // With what encrypts the password of a first login without TLS, which MySQL asks for.
            "pymysql" => vec![("pymysql", "PyMySQL[rsa]")],
            "aiomysql" => vec![("aiomysql", "aiomysql[rsa]"), ("greenlet", "greenlet")],
            "mysqldb" => vec![("MySQLdb", "mysqlclient")],
            "mysqlconnector" => vec![("mysql.connector", "mysql-connector-python")],
            "mariadbconnector" => vec![("mariadb", "mariadb")],
            "cx_oracle" => vec![("cx_Oracle", "cx_Oracle")],
            "oracledb_async" => vec![("oracledb", "oracledb"), ("greenlet", "greenlet")],
            "aiosqlite" | "asyncpg" | "asyncmy" | "aioodbc" => vec![(name, name), ("greenlet", "greenlet")],
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

/// Where bundles and environments are kept unless told otherwise: `/var/cache/mrt` for root, whose home the user as whom
/// migrations run cannot read; for others `$XDG_CACHE_HOME/mrt` or `~/.cache/mrt`.
pub fn default_cache() -> PathBuf {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    cache_of(geteuid().is_root(), variable("XDG_CACHE_HOME"), variable("HOME"))
}

fn cache_of(root: bool, xdg: Option<PathBuf>, home: Option<PathBuf>) -> PathBuf {
    if root {
        return PathBuf::from("/var/cache/mrt");
    }
    let absolute = |path: Option<PathBuf>| path.filter(|path| path.is_absolute());
    let cache = absolute(xdg).or_else(|| absolute(home).map(|home| home.join(".cache")));
    cache.unwrap_or_else(std::env::temp_dir).join("mrt")
}

/// The environments that are kept on this machine. Several processes can share the directory.
#[derive(Debug)]
pub struct Environments {
    directory: PathBuf,
    bytes: u64,
    shelf: OnceCell<Arc<Shelf>>,
}

/// What a suite needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) python: &'a Python,
    pub(crate) suite_dir: &'a Path,
    pub(crate) drivers: &'a [Driver],
    /// The whole project where it is somebody else's, unpacked here: it never changes. Nothing that it says makes us run it
    /// with more rights.
    pub(crate) copy: Option<&'a Path>,
    /// The interpreter is not the project's wish but of whoever runs this machine.
    pub(crate) is_ordered: bool,
    /// As whom the project's code is to run, if not as ourselves.
    pub(crate) run_as: Option<Ids>,
}

/// A suite's Python.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) interpreter: PathBuf,
    /// As whom it can run: ourselves where what this machine's people have chosen cannot be used by whom it should.
    pub(crate) run_as: Option<Ids>,
    found: Found,
    /// The environment's name and what keeps it, where we have made it.
    pub(crate) kept: Option<(String, Taken)>,
}

impl Prepared {
    /// Names of an engine's drivers that it has, the most usual first: for URLs of suites that name none.
    pub(crate) fn drivers(&self, engine: EngineKind) -> Vec<&'static str> {
        let has = |name: &&&str| Driver::modules(name).iter().all(|(module, _)| self.found.has(module));
        Driver::known(engine).iter().filter(has).copied().collect()
    }
}

impl Environments {
    /// Environments in this directory, which takes no more than so many bytes, but for what is in use. It is made when it is
    /// needed.
    pub fn new(directory: PathBuf, bytes: u64) -> Self {
        Self { directory, bytes, shelf: OnceCell::new() }
    }

    /// Makes the directory now, removes what dead processes have left half done, and what is too much.
    ///
    /// # Errors
    /// When it cannot be used.
    pub async fn open(&self) -> Result<(), EnvironmentError> {
        self.shelf().await.map(drop)
    }

    async fn shelf(&self) -> Result<&Arc<Shelf>, EnvironmentError> {
        let open = || async {
            let (directory, bytes) = (self.directory.clone(), self.bytes);
            Ok(Arc::new(blocking(move || Shelf::open(directory, bytes)).await?))
        };
        self.shelf.get_or_try_init(open).await
    }

    /// An environment that was made before, if it is still there.
    pub(crate) async fn find(&self, name: &str) -> Result<Option<Taken>, EnvironmentError> {
        let (shelf, name) = (Arc::clone(self.shelf().await?), name.to_owned());
        Ok(blocking(move || shelf.find(&name)).await?)
    }

    /// The interpreter for a suite, made first if need be. It has Alembic and the drivers.
    pub(crate) async fn prepare(
        &self,
        wanted: &Wanted<'_>,
        mut on_event: impl FnMut(EnvironmentEvent),
    ) -> Result<Prepared, EnvironmentError> {
        match self.prepare_as(wanted, &mut on_event).await {
            Err(error)
                if wanted.run_as.is_some() && wanted.copy.is_none() && error.may_be_for_want_of_rights() =>
            {
                tell_of_root("the environment is made", &error.to_string());
                self.prepare_as(&Wanted { run_as: None, ..*wanted }, &mut on_event).await
            }
            prepared => prepared,
        }
    }

    async fn prepare_as(
        &self,
        wanted: &Wanted<'_>,
        on_event: &mut impl FnMut(EnvironmentEvent),
    ) -> Result<Prepared, EnvironmentError> {
        let Wanted { python, suite_dir, .. } = *wanted;
        if let Some(interpreter) = &python.interpreter {
            return check(locate(interpreter, suite_dir)?, wanted).await;
        }
        let asked = Recipe {
            requirements: python.requirements.clone(),
            packages: python.packages.clone(),
            project: python.project.clone(),
        };
        if !asked.is_empty() {
            return make::make(&asked, wanted, self.shelf().await?, on_event).await;
        }
        for name in [".venv", "venv"] {
            let interpreter = suite_dir.join(name).join("bin/python");
            if interpreter.exists() {
                return check(interpreter, wanted).await;
            }
        }
        let recipe = Recipe::by_convention(suite_dir);
        make::make(&recipe, wanted, self.shelf().await?, on_event).await
    }
}

/// Says that something has more rights than it should.
pub(crate) fn tell_of_root(what: &str, why: &str) {
    tracing::warn!("{what} as root: {why}");
}

/// An interpreter that is not ours to install into must have everything.
async fn check(interpreter: PathBuf, wanted: &Wanted<'_>) -> Result<Prepared, EnvironmentError> {
    let mut run_as = wanted.run_as;
    if let Some(ids) = run_as {
        // What a stranger names cannot be a reason to run it with more rights.
        let named = (wanted.copy.is_none() || wanted.is_ordered).then_some(&*interpreter);
        let all: Vec<&Path> = [Some(wanted.suite_dir), named].into_iter().flatten().collect();
        if let Some(path) = unreachable(ids, &all).await {
            tell_of_root("migrations run", &format!("{} cannot be used by `nobody`", path.display()));
            run_as = None;
        }
    }
    let found = probe(&interpreter, needed(wanted.drivers), run_as).await?;
    if !found.has("alembic") {
        return Err(EnvironmentError::NoAlembic { interpreter });
    }
    for driver in wanted.drivers {
        if let Some((module, package)) = driver.missing(&found) {
            return Err(EnvironmentError::NoDriver { interpreter, module, package, engine: driver.engine });
        }
    }
    Ok(Prepared { interpreter, run_as, found, kept: None })
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
        on_path(&interpreter.to_string_lossy())
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

/// Asks an interpreter, which may be a file of the project's, and loads what lies in its environment.
async fn probe<'a>(
    interpreter: &Path,
    modules: impl IntoIterator<Item = &'a str>,
    run_as: Option<Ids>,
) -> Result<Found, EnvironmentError> {
    let mut program = Program::new(interpreter, Path::new("/"), run_as);
    program.inherit();
    if run_as.is_some() {
        program
            .env_keep(|name| name == "PATH")
            .env("HOME", "/nonexistent")
            .env("PYTHONDONTWRITEBYTECODE", "1");
    }
    program.args(["-c", PROBE]).args(modules);
    let output = program.output(PROBE_LIMIT).await;
    let output = output.map_err(EnvironmentError::of_program(interpreter, PROBE_LIMIT))?;
    let answer = if output.status.success() { serde_json::from_slice(&output.stdout).ok() } else { None };
    answer.ok_or_else(|| EnvironmentError::NotPython {
        interpreter: interpreter.to_owned(),
        printed: make::last_lines(&[&output.stdout[..], &output.stderr[..]].concat()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_cache_is_where_others_can_read() {
        let path = |path: &str| Some(PathBuf::from(path));
        assert_eq!(cache_of(true, path("/x"), path("/root")), Path::new("/var/cache/mrt"));
        assert_eq!(cache_of(false, path("/x"), path("/home/jo")), Path::new("/x/mrt"));
        assert_eq!(cache_of(false, path("x"), path("/home/jo")), Path::new("/home/jo/.cache/mrt"));
        assert_eq!(cache_of(false, None, None), std::env::temp_dir().join("mrt"));
    }
}
