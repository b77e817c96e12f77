//! What the tests share: what they run on, projects, and a look at reports.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mrt_worker::server::docker::Docker;
use serde_json::Value;
use tempfile::TempDir;
use url::Url;

/// A Python with Alembic and psycopg2.
pub(crate) fn python() -> Option<PathBuf> {
    let python = std::env::var_os("MRT_TEST_PYTHON").map(PathBuf::from);
    if python.is_none() {
        skipped("MRT_TEST_PYTHON is not set");
    }
    python
}

/// The URL of a server's administrator.
pub(crate) fn server() -> Option<Url> {
    let url = std::env::var("MRT_TEST_POSTGRES_URL").ok();
    if url.is_none() {
        skipped("MRT_TEST_POSTGRES_URL is not set");
    }
    url.map(|url| url.parse().unwrap())
}

/// An engine with the image of postgres:15.
pub(crate) async fn docker() -> Option<Docker> {
    match Docker::connect().await {
        Ok(docker) => Some(docker),
        Err(error) => {
            skipped(&error.to_string());
            None
        }
    }
}

/// Says that the running test cannot do what it is for.
pub(crate) fn skipped(why: &str) {
    let thread = std::thread::current();
    eprintln!("SKIPPED: {} ({why})", thread.name().unwrap_or("a test"));
}

/// The template's env.py, more or less.
pub(crate) const ENV: &str = r#"
from alembic import context
from sqlalchemy import engine_from_config, pool

engine = engine_from_config(context.config.get_section("alembic"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"#;

/// Id, and the bodies of upgrade and downgrade.
pub(crate) type Revision<'a> = (&'a str, &'a str, &'a str);

pub(crate) const USERS: Revision<'_> = (
    "a1",
    "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('phone', sa.String(20)))",
    "op.drop_table('users')",
);

/// Loses the phone numbers.
pub(crate) const PHONE: Revision<'_> =
    ("a2", "op.drop_column('users', 'phone')", "op.add_column('users', sa.Column('phone', sa.String(20)))");

/// A project in a directory of its own, which any user may write into, as the migrations run as another one.
pub(crate) struct Project {
    pub(crate) dir: TempDir,
}

impl Project {
    /// Each revision follows the one before it.
    pub(crate) fn chain(revisions: &[Revision<'_>]) -> Self {
        let project = Self::empty();
        project.follow(None, revisions);
        project
    }

    pub(crate) fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let project = Self { dir };
        fs::create_dir_all(project.path().join("migrations/versions")).unwrap();
        project.write("alembic.ini", "[alembic]\nscript_location = migrations\n");
        project.write("migrations/env.py", ENV);
        project
    }

    /// Adds revisions behind `parent`, one after the other.
    pub(crate) fn follow(&self, parent: Option<&str>, revisions: &[Revision<'_>]) {
        let mut parent = parent.map_or_else(|| "None".to_owned(), |id| format!("{id:?}"));
        for (id, up, down) in revisions {
            let indented = |body: &str| body.lines().map(|line| format!("    {line}\n")).collect::<String>();
            let text = format!(
                "import os, sys, time\nimport sqlalchemy as sa\nfrom alembic import op\n\nrevision = {id:?}\ndown_revision = {parent}\n\n\ndef upgrade():\n{}\n\ndef downgrade():\n{}",
                indented(up),
                indented(down)
            );
            self.write(&format!("migrations/versions/{id}.py"), &text);
            parent = format!("{id:?}");
        }
    }

    /// With these settings.
    pub(crate) fn with(self, settings: &str) -> Self {
        self.write("mrt.toml", settings);
        self
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::write(self.path().join(file), text).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// `mrt-cli run` on this project.
    pub(crate) fn mrt(&self, python: &Path, arguments: &[&str]) -> Command {
        mrt(self.path(), python, arguments)
    }

    pub(crate) fn report(&self, python: &Path, arguments: &[&str]) -> (i32, Value) {
        report(self.mrt(python, &[&["--format", "json"], arguments].concat()))
    }
}

pub(crate) fn mrt(dir: &Path, python: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrt-cli"));
    command.arg("run").arg(dir).arg("--python").arg(python).args(arguments);
    command
}

/// The exit code and the report of a run with `--format json`.
pub(crate) fn report(mut command: Command) -> (i32, Value) {
    let output = command.output().unwrap();
    let report =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{}", stderr(&output)));
    (output.status.code().unwrap(), report)
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// `a1 pass, a2 fail`.
pub(crate) fn verdicts(report: &Value) -> String {
    let told = |cell: &Value| {
        format!("{} {}", cell["revision"].as_str().unwrap(), cell["verdict"].as_str().unwrap())
    };
    report["cells"].as_array().unwrap().iter().map(told).collect::<Vec<_>>().join(", ")
}

/// The findings of a revision, by kind and object.
pub(crate) fn kinds<'a>(report: &'a Value, revision: &str) -> Vec<(&'a str, &'a str)> {
    let cells = report["cells"].as_array().unwrap();
    let cell = cells.iter().find(|cell| cell["revision"] == revision).unwrap();
    let findings = cell["findings"].as_array().unwrap();
    findings.iter().map(|it| (it["kind"].as_str().unwrap(), it["object"].as_str().unwrap())).collect()
}

/// The cells without what may differ between two runs that say the same: timings, how often a cell was tried (one that
/// was begun when a neighbour took the server along is tried once more), and the suite, which is called after its
/// directory.
pub(crate) fn cells(report: &Value) -> Vec<Value> {
    let mut cells = report["cells"].as_array().unwrap().clone();
    for cell in &mut cells {
        for own in ["suite", "duration_ms", "phases_ms", "attempts"] {
            cell.as_object_mut().unwrap().remove(own);
        }
    }
    cells
}
