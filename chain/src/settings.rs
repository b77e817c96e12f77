//! A project's settings, validated: what `mrt.toml`, `alembic.ini` and `pyproject.toml` say, in one shape.
//!
//! A project with one suite writes its keys at the top level of `mrt.toml`; every key may be left out:
//!
//! ```toml
//! targets = ["sqlite", "postgres:16", "mysql:8.4", "mariadb:11.8"]
//! env = { APP_DATABASE_URL = "{url}" }
//! ```
//!
//! A project with several suites writes each below `[suite.NAME]`, and what they share below `[defaults]`. A key that
//! a suite sets replaces the default; the tables `env`, `drivers` and `target` are merged by their keys.
//!
//! ```toml
//! [defaults]
//! targets = ["sqlite", "postgres:16"]
//! python = { requirements = "{root}/requirements.txt" }
//!
//! [defaults.target."postgres:16"]
//! extensions = ["citext"]
//!
//! [suite.billing]
//! path = "services/billing"
//! ```
//!
//! `check` is what `mrt-cli check` looks for, by codes or the beginnings of codes. `select` says which alone, `ignore` which not, and
//! `severity` how heavy they are (`note`, `warning`, `error`), whatever the rule says. Each table is a layer: that of the
//! defaults, that of the suite, then those of single files in their order, then the command line; a later one wins, and in
//! one of them the longer code does. A `select` begins anew: what earlier layers have ignored is looked for again when it names that.
//!
//! ```toml
//! [check]
//! ignore = ["MRT407"]
//! severity = { MRT303 = "error", MRT5 = "note" }
//!
//! [[check.path]]
//! files = "versions/2019_*.py"   # from the suite's directory; without a slash, any file of that name
//! ignore = ["MRT1"]
//! ```
//!
//! A suite of Django says `framework = "django"`; every application below its `path` belongs to it. It can be read
//! (`mrt-cli check`) and not run.
//!
//! A relative path starts at its suite's directory, also in `[defaults]`; `{root}` at its beginning stands for the
//! directory of `mrt.toml`.

mod baseline;
mod check;
mod django;
mod error;
mod ini;
mod locate;
mod paths;
mod project;
mod raw;
mod suite;
mod target;
mod values;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

pub use check::{CheckSettings, Files, Word};
pub use error::{Place, SettingsError, TargetError};
pub use target::parse_target;

/// A project: one or several suites.
#[derive(Debug, Clone)]
pub struct Project {
    /// The directory that holds `mrt.toml` (or the `alembic.ini`).
    pub root: PathBuf,
    /// The file in it that says what the project is, as a name: `mrt.toml` unless another one was asked for, or Alembic's own.
    pub file: PathBuf,
    /// In the order of the file; never empty.
    pub suites: Vec<Suite>,
    /// What `mrt-baseline.toml` holds, by suite; each suite's `accept` holds it, too.
    pub baseline: BTreeMap<String, Vec<Accept>>,
}

/// One migration project and its settings.
#[derive(Debug, Clone)]
pub struct Suite {
    /// Unique within the project.
    pub name: String,
    /// The suite's directory, absolute; migrations run with it as their working directory.
    pub dir: PathBuf,
    /// What runs the migrations.
    pub framework: Framework,
    /// How Alembic is configured; a suite of Django has nothing of it.
    pub alembic: Alembic,
    /// Where to check; never empty (SQLite when nothing is said).
    pub targets: Vec<Target>,
    /// Targets that have settings and are not among `targets`; [`Suite::select_targets`] can name them.
    pub other_targets: Vec<Target>,
    /// Which Python runs the migrations.
    pub python: Python,
    /// Extra environment of the migrations; `{url}` in a value stands for the database URL.
    pub env: BTreeMap<String, String>,
    /// How the project gets the database's URL besides `env`: `sqlalchemy.url` and `DATABASE_URL`, unless
    /// switched off.
    pub hand_over_url: bool,
    /// SQLAlchemy driver per engine, `postgres = "asyncpg"`.
    pub drivers: BTreeMap<EngineKind, String>,
    /// `-x` arguments for `env.py`, each `key=value`.
    pub x_arguments: Vec<String>,
    /// What prepares an empty database before the first revision.
    pub bootstrap: Option<Bootstrap>,
    /// `module:callable` that is given the step to call (some `env.py` run only inside a runtime of theirs).
    pub around: Option<String>,
    /// The oldest revision to check; its ancestors are applied and not judged.
    pub floor: Option<String>,
    /// Revisions to leave out.
    pub skip: Vec<Skip>,
    /// Findings that are known and accepted.
    pub accept: Vec<Accept>,
    /// The user's own rows.
    pub seeds: Vec<Seed>,
    /// Files of SQL whose text has become part of targets, absolute.
    pub sql_files: Vec<PathBuf>,
    /// Time limit of one step (one upgrade or downgrade).
    pub timeout: Duration,
    /// The table in which Alembic keeps the applied revisions, where env.py cannot be asked: it does not run without a
    /// step, and the name is not `alembic_version`.
    pub version_table: String,
    /// What `mrt-cli check` looks for, layer by layer.
    pub check: Vec<CheckSettings>,
}

/// What runs a suite's migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Framework {
    /// Alembic.
    #[default]
    Alembic,
    /// Django, whose migrations are read and not run.
    Django,
}

/// Where Alembic's files are.
#[derive(Debug, Clone, Default)]
pub struct Alembic {
    /// The file that holds Alembic's settings (`alembic.ini`, or a `pyproject.toml` with `[tool.alembic]`). It does
    /// not exist when `mrt.toml` alone says where the scripts are.
    pub file: PathBuf,
    /// A `pyproject.toml` with `[tool.alembic]` that stands beside an ini file; the ini file's options win.
    pub pyproject: Option<PathBuf>,
    /// The named section of an ini file (`alembic -n`), usually `alembic`.
    pub section: String,
    /// The script directory (it holds `env.py`), absolute.
    pub script_location: PathBuf,
    /// Directories of revision files, absolute, by engine; `None` is for the engines without an own entry.
    pub version_locations: BTreeMap<Option<EngineKind>, Vec<PathBuf>>,
    /// Revision files may stand in subdirectories.
    pub recursive: bool,
    /// Where Alembic lets Python look for modules besides (`prepend_sys_path`), absolute; they need not be there.
    pub sys_path: Vec<PathBuf>,
}

/// Which Python runs the migrations, and what it needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Python {
    /// An interpreter that is given; wins over everything else.
    pub interpreter: Option<PathBuf>,
    /// Requirement files, absolute.
    pub requirements: Vec<PathBuf>,
    /// Requirements by name (`sqlalchemy>=2`), beside those of the files.
    pub packages: Vec<String>,
    /// Directory with a `pyproject.toml` that declares a project to install.
    pub project: Option<PathBuf>,
}

/// The engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EngineKind {
    /// SQLite, embedded.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL.
    MySql,
    /// MariaDB.
    MariaDb,
    /// Microsoft SQL Server.
    SqlServer,
    /// Oracle Database.
    Oracle,
}

impl Suite {
    /// Every file and directory that the settings name, but for the interpreter. Some need not be there.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let (alembic, python) = (&self.alembic, &self.python);
        let bootstrap = self.bootstrap.iter().filter_map(|bootstrap| match bootstrap {
            Bootstrap::Sql(file) => Some(file),
            Bootstrap::Callable(_) => None,
        });
        let seeds = self.seeds.iter().filter_map(|seed| match &seed.source {
            SeedSource::Sql(file) | SeedSource::Csv(file) => Some(file),
            SeedSource::InlineSql(_) | SeedSource::Command(_) => None,
        });
        let files = match self.framework {
            Framework::Alembic => [Some(&self.dir), Some(&alembic.file), Some(&alembic.script_location)],
            Framework::Django => [Some(&self.dir), None, None],
        };
        files
            .into_iter()
            .flatten()
            .chain(&alembic.pyproject)
            .chain(alembic.version_locations.values().flatten())
            .chain(&alembic.sys_path)
            .chain(&python.requirements)
            .chain(&python.project)
            .chain(bootstrap)
            .chain(&self.sql_files)
            .chain(seeds)
            .map(PathBuf::as_path)
    }
}

impl Alembic {
    /// The directories of `engine`'s revision files.
    pub fn locations(&self, engine: EngineKind) -> &[PathBuf] {
        let own = self.version_locations.get(&Some(engine)).or_else(|| self.version_locations.get(&None));
        own.map_or(&[], Vec::as_slice)
    }
}

impl EngineKind {
    /// The name in targets and settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
            Self::MariaDb => "mariadb",
            Self::SqlServer => "mssql",
            Self::Oracle => "oracle",
        }
    }

    /// The name as its makers write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL",
            Self::MariaDb => "MariaDB",
            Self::SqlServer => "SQL Server",
            Self::Oracle => "Oracle",
        }
    }

    /// Whether it is more than files: a server that a container or a URL brings.
    pub fn has_server(self) -> bool {
        match self {
            Self::Sqlite => false,
            Self::Postgres | Self::MySql | Self::MariaDb | Self::SqlServer | Self::Oracle => true,
        }
    }

    /// The schemes that the URL of its server may have, the usual one first; none without a server.
    pub fn url_schemes(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &[],
            Self::Postgres => &["postgres", "postgresql"],
            Self::MySql => &["mysql"],
            Self::MariaDb => &["mariadb", "mysql"],
            Self::SqlServer => &["mssql", "sqlserver"],
            Self::Oracle => &["oracle"],
        }
    }
}

impl Target {
    /// Whether a setting that names targets or engines is about this one; naming none is about all.
    pub fn is_among(&self, names: &[String]) -> bool {
        names.is_empty() || names.iter().any(|name| *name == self.name || *name == self.engine.as_str())
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An engine and version with everything that makes its servers alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As people write it: `postgres:16`, `sqlite`; unique within a suite.
    pub name: String,
    /// The engine.
    pub engine: EngineKind,
    /// The version (`16`), when one is asked for.
    pub version: Option<String>,
    /// How its server comes to be.
    pub server: ServerSettings,
    /// SQL run by the administrator in each new database, before the first revision.
    pub initial_sql: Vec<String>,
    /// Locale of new databases (`C.UTF-8`), when one is asked for; on MySQL and MariaDB their collation
    /// (`utf8mb4_unicode_ci`), which says the character set, too.
    pub locale: Option<String>,
    /// Extensions made by the administrator in each new database; only PostgreSQL has them.
    pub extensions: Vec<String>,
    /// As whom migrations connect.
    pub role: Role,
    /// Room for data, in bytes: all databases of a server that mrt starts, or a single SQLite database. A revision
    /// that needs more fails.
    pub disk: u64,
}

/// How a target's server comes to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerSettings {
    /// In a container; the engine's official image and version unless one is named.
    Docker {
        /// Image, when it is not the official one of the target's version.
        image: Option<String>,
        /// Arguments for the server, behind the image's name.
        arguments: Vec<String>,
    },
    /// A server that is there already: its administrator's URL.
    External {
        /// The URL, or `None` when it stands in an environment variable.
        url: Option<String>,
        /// Name of an environment variable that holds the URL.
        url_env: Option<String>,
    },
    /// No server: files.
    Embedded,
}

/// As whom migrations connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Owner of the database and not a superuser: what a service has in production. On a server that mrt starts it
    /// may create roles (CREATEROLE), as the usual owner at a hosting provider may; on an external one it may not.
    #[default]
    Owner,
    /// The same, with CREATEROLE on an external server too. mrt then gives all roles of that server back the state
    /// that they had when the run began, and drops new ones: only for servers that nobody else uses.
    CreateRole,
    /// A superuser.
    Superuser,
}

/// What prepares an empty database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bootstrap {
    /// `module:callable`, called with the database URL in the suite's Python.
    Callable(String),
    /// A file of SQL, absolute.
    Sql(PathBuf),
}

/// A revision to leave out. Its upgrade is still applied for those that follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// The revision's id.
    pub revision: String,
    /// Only on these targets or engines; empty means everywhere.
    pub targets: Vec<String>,
    /// Shown in the report.
    pub reason: String,
}

/// A finding that is known and accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accept {
    /// The revision's id; where `check` finds something in a file that tells none, the file.
    pub revision: String,
    /// The finding's kind (`irreversible`), or its code (`MRT201`); `None` accepts every kind.
    pub kind: Option<String>,
    /// The finding's object; `None` accepts every object.
    pub object: Option<String>,
    /// Only on these targets or engines; empty means everywhere.
    pub targets: Vec<String>,
    /// Shown in the report.
    pub reason: String,
    /// The last day on which it holds, `YYYY-MM-DD`, checked to be a date.
    pub until: Option<String>,
    /// How many findings of `check` that are alike it accepts; `None` accepts all of them.
    pub count: Option<u32>,
}

/// The user's own rows for one table; they replace generated ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// The table, `name` or `schema.name`.
    pub table: String,
    /// Where the rows come from.
    pub source: SeedSource,
    /// The first revision (inclusive) whose database these rows fit; `None` is from the start.
    pub from: Option<String>,
    /// The last revision (inclusive) whose database these rows fit; `None` is to the end.
    pub to: Option<String>,
}

/// Where the user's rows come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeedSource {
    /// A file of SQL, absolute.
    Sql(PathBuf),
    /// SQL in the settings.
    InlineSql(String),
    /// A CSV file with a header line, absolute; an empty unquoted field is NULL.
    Csv(PathBuf),
    /// A command, run in the suite's directory and environment with the URL in `DATABASE_URL`.
    Command(Vec<String>),
}

#[cfg(test)]
mod tests;
