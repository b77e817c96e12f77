//! The plain `alembic` command on fresh databases: what mrt says is held against it.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::postgres::Postgres;
use crate::process::{Problem, cannot_run};
use crate::root;

/// Runs plain `alembic` on fresh databases of one target.
pub(crate) struct Plain {
    settings: PathBuf,
    python: PathBuf,
    databases: Databases,
    made: Cell<u32>,
}

enum Databases {
    Files(PathBuf),
    Server(Postgres),
}

/// How a command ended.
pub(crate) struct Outcome {
    /// The revision that was under way when it failed; `None` when it did not fail.
    pub(crate) failed_in: Option<String>,
    /// The last line that it wrote.
    pub(crate) last_words: String,
}

impl Plain {
    /// Prepares for a project that [`crate::real::project`] wrote; a server is removed with this value.
    pub(crate) fn start(project: &Path, python: &Path, target: &str) -> Result<Self, Problem> {
        let databases = match target.split(':').next() {
            Some("sqlite") => {
                let directory = project.join("plain");
                let file = |source| Problem::File { path: directory.clone(), source };
                if directory.exists() {
                    std::fs::remove_dir_all(&directory).map_err(file)?;
                }
                std::fs::create_dir_all(&directory).map_err(file)?;
                Databases::Files(directory)
            }
            Some("postgres") => Databases::Server(Postgres::start(target)?),
            _ => return Err(Problem::Missing(format!("no server of {target} to try plain alembic on"))),
        };
        Ok(Self {
            settings: project.join("mrt.toml"),
            python: python.to_owned(),
            databases,
            made: Cell::new(0),
        })
    }

    /// `alembic upgrade REVISION` on an empty database.
    pub(crate) fn upgrade(&self, revision: &str) -> Result<Outcome, Problem> {
        let number = self.made.replace(self.made.get() + 1);
        let (engine, url) = match &self.databases {
            Databases::Files(directory) => {
                ("sqlite", format!("sqlite:///{}", directory.join(format!("{number}.db")).display()))
            }
            Databases::Server(server) => ("postgres", server.database(&format!("plain_{number}"))?),
        };
        let mut command = Command::new(&self.python);
        command.arg(root().join("xtask/real/plain.py")).arg(&self.settings);
        command.args([engine, &url, "upgrade", revision]).stdin(Stdio::null());
        let output = command.output().map_err(|source| cannot_run(&command, source))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let under_way = said
            .lines()
            .filter_map(|line| line.split_once("Running upgrade ")?.1.split_once("-> "))
            .last()
            .map_or("no revision at all", |(_, step)| step.split_once(',').map_or(step, |(id, _)| id).trim());
        Ok(Outcome {
            failed_in: (!output.status.success()).then(|| under_way.to_owned()),
            last_words: said.lines().last().unwrap_or_default().to_owned(),
        })
    }
}
