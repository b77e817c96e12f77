//! The plain `alembic` command on fresh databases: what mrt says is held against it.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::process::{Problem, cannot_run, read};
use crate::root;
use crate::servers::Server;

/// Prints what an SQLite file says of its schema.
const SQLITE_SCHEMA: &str = "import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute('select sql from sqlite_master where sql is not null'):
    print(row[0])";

/// Runs plain `alembic` on fresh databases of one target.
pub(crate) struct Plain {
    python: PathBuf,
    databases: Databases,
    made: Cell<u32>,
}

enum Databases {
    Files(PathBuf),
    Server(Server),
}

/// How a command ended.
pub(crate) struct Outcome {
    /// The revision that was under way when it failed; `None` when it did not fail.
    pub(crate) failed_in: Option<String>,
    /// The last line that it wrote.
    pub(crate) last_words: String,
}

/// One fresh database.
struct Database {
    engine: &'static str,
    /// The file, or the name on the server.
    name: String,
    url: String,
}

impl Plain {
    /// Prepares; SQLite's files go to `directory`, and a server is removed with this value.
    pub(crate) fn start(directory: &Path, python: &Path, target: &str) -> Result<Self, Problem> {
        let databases = match target.split(':').next() {
            Some("sqlite") => {
                let directory = directory.join("plain");
                let file = |source| Problem::File { path: directory.clone(), source };
                if directory.exists() {
                    std::fs::remove_dir_all(&directory).map_err(file)?;
                }
                std::fs::create_dir_all(&directory).map_err(file)?;
                Databases::Files(directory)
            }
            _ => Databases::Server(Server::start(target)?),
        };
        Ok(Self { python: python.to_owned(), databases, made: Cell::new(0) })
    }

    /// `alembic upgrade REVISION` on an empty database, in a project that [`crate::real::project`] wrote.
    pub(crate) fn upgrade(&self, project: &Path, revision: &str) -> Result<Outcome, Problem> {
        let output = self.alembic(project, &self.fresh()?, &["upgrade", revision])?;
        let said = String::from_utf8_lossy(&output.stderr);
        let under_way = said
            .lines()
            .filter_map(|line| line.split_once("Running upgrade ")?.1.split_once("-> "))
            .next_back()
            .map_or("no revision at all", |(_, step)| step.split_once(',').map_or(step, |(id, _)| id).trim());
        Ok(Outcome {
            failed_in: (!output.status.success()).then(|| under_way.to_owned()),
            last_words: said.lines().last().unwrap_or_default().to_owned(),
        })
    }

    /// The schema, as the engine's own tool writes it, after an empty database was upgraded to the revision and the
    /// revision taken back; `None` when a command fails.
    pub(crate) fn schema_after_rollback(
        &self,
        project: &Path,
        revision: &str,
    ) -> Result<Option<Vec<String>>, Problem> {
        let database = self.fresh()?;
        let output = self.alembic(project, &database, &["upgrade", revision, "+", "downgrade", "-1"])?;
        if !output.status.success() {
            return Ok(None);
        }
        let text = match &self.databases {
            Databases::Files(_) => {
                read(Command::new(&self.python).args(["-c", SQLITE_SCHEMA, &database.name]))?
            }
            Databases::Server(server) => server.schema(&database.name)?,
        };
        // Batch mode writes a table's constraints in any order.
        let bare = |line: &str| line.trim().trim_end_matches(',').to_owned();
        let mut lines: Vec<String> = text.lines().map(bare).collect();
        lines.sort_unstable();
        Ok(Some(lines))
    }

    fn fresh(&self) -> Result<Database, Problem> {
        let number = self.made.replace(self.made.get() + 1);
        Ok(match &self.databases {
            Databases::Files(directory) => {
                let name = directory.join(format!("{number}.db")).display().to_string();
                Database { engine: "sqlite", url: format!("sqlite:///{name}"), name }
            }
            Databases::Server(server) => {
                let name = format!("plain_{number}");
                Database { engine: server.engine(), url: server.database(&name)?, name }
            }
        })
    }

    fn alembic(&self, project: &Path, database: &Database, arguments: &[&str]) -> Result<Output, Problem> {
        let mut command = Command::new(&self.python);
        command.arg(root().join("xtask/real/plain.py")).arg(project.join("mrt.toml"));
        command.args([database.engine, &database.url]).args(arguments).stdin(Stdio::null());
        command.output().map_err(|source| cannot_run(&command, source))
    }
}
