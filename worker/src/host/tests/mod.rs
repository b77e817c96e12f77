//! The host against real Python, Alembic and databases.

#![allow(clippy::unwrap_used)]

mod environments;
mod failures;
mod processes;
mod projects;
mod steps;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::program::{all_on_path, nobody, unreachable};

use super::{
    Child, Declared, Direction, Fact, Failure, Host, HostError, HostSettings, Interpreter, Raised,
    StepOutcome,
};

const LIMIT: Duration = Duration::from_secs(60);
/// Between two looks: others want the cores meanwhile.
const PAUSE: Duration = Duration::from_millis(10);

const INI: &str = "[alembic]\nscript_location = migrations\nprepend_sys_path = .\n";

/// What `alembic init` writes, without logging.
const ENV: &str = r#"
from alembic import context
from sqlalchemy import engine_from_config, pool

config = context.config
engine = engine_from_config(config.get_section(config.config_ini_section), prefix="sqlalchemy.", poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"#;

/// The interpreter to test with, or `None` with a word on stderr.
fn interpreter(test: &str) -> Option<PathBuf> {
    let python = std::env::var_os("MRT_TEST_PYTHON").map(PathBuf::from);
    if python.is_none() {
        eprintln!("SKIPPED: {test} (MRT_TEST_PYTHON is not set)");
    }
    python
}

/// A Python with the packages of the one to test with that somebody else can run, too; where this machine has none, `None` with
/// a word on stderr. It stays as long as its directory.
pub(crate) async fn public_interpreter(test: &str) -> Option<(tempfile::TempDir, PathBuf)> {
    let original = interpreter(test)?;
    let Some(ids) = nobody() else {
        eprintln!("SKIPPED: {test} (the test does not run as root)");
        return None;
    };
    let said = |python: &Path, code: &str| {
        let output = std::process::Command::new(python).args(["-c", code]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let version = "import sys; print(sys.version_info[:2])";
    let packages = "import sysconfig; print(sysconfig.get_path('purelib'))";
    for python in all_on_path("python3") {
        if unreachable(ids, &[&python]).await.is_some() || said(&python, version) != said(&original, version)
        {
            continue;
        }
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let run = |program: &Path, arguments: &[&str]| {
            assert!(std::process::Command::new(program).args(arguments).status().unwrap().success());
        };
        run(&python, &["-m", "venv", "--without-pip", dir.path().to_str().unwrap()]);
        let made = dir.path().join("bin/python");
        run(Path::new("cp"), &["-rT", &said(&original, packages), &said(&made, packages)]);
        return Some((dir, made));
    }
    eprintln!("SKIPPED: {test} (only root can run Python here)");
    None
}

/// A small migration project on disk, with a SQLite database.
struct Suite {
    dir: tempfile::TempDir,
    settings: HostSettings,
    url: String,
    last: Option<String>,
}

impl Suite {
    fn new(python: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("suite");
        let scratch = dir.path().join("scratch");
        fs::create_dir_all(root.join("migrations/versions")).unwrap();
        fs::create_dir(&scratch).unwrap();
        fs::write(root.join("alembic.ini"), INI).unwrap();
        fs::write(root.join("migrations/env.py"), ENV).unwrap();
        let settings = HostSettings {
            interpreter: python.to_owned(),
            alembic_file: root.join("alembic.ini"),
            section: "alembic".to_owned(),
            script_location: root.join("migrations"),
            version_locations: vec![root.join("migrations/versions")],
            recursive: false,
            hand_over_url: true,
            env: BTreeMap::new(),
            x_arguments: Vec::new(),
            around: None,
            scratch,
            max_file_bytes: 1 << 30,
            run_as: None,
            dir: root,
        };
        let url = format!("sqlite:///{}", dir.path().join("data.db").display());
        Self { dir, settings, url, last: None }
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.settings.dir.join(path);
        fs::write(&path, text).unwrap();
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Appends a revision to the chain; `upgrade` begins on line 6 of its file.
    fn revision(&mut self, id: &str, upgrade: &str, downgrade: &str) -> PathBuf {
        let indent = |body: &str| body.lines().map(|line| format!("    {line}\n")).collect::<String>();
        let down = self.last.replace(id.to_owned()).map_or("None".to_owned(), |down| format!("{down:?}"));
        let text = format!(
            "import sqlalchemy as sa; import os, sys, time, signal\nfrom alembic import op\n\
             revision = {id:?}; down_revision = {down}\n\ndef upgrade():\n{}\ndef downgrade():\n{}",
            indent(upgrade),
            indent(downgrade)
        );
        self.write(&format!("migrations/versions/{id}.py"), &text)
    }

    async fn host(&self) -> Host {
        start(self.settings.clone(), &self.url).await.unwrap()
    }
}

async fn start(settings: HostSettings, url: &str) -> Result<Host, HostError> {
    Host::load(Interpreter::start(settings).await?, url.to_owned()).await
}

async fn up(child: &mut Child, revision: &str) -> StepOutcome {
    child.step(Direction::Up, revision, LIMIT).await.unwrap()
}

async fn down(child: &mut Child, revision: &str) -> StepOutcome {
    child.step(Direction::Down, revision, LIMIT).await.unwrap()
}

fn raised(outcome: StepOutcome) -> Raised {
    match outcome.failure {
        Some(Failure::Raised(raised)) => raised,
        other => panic!("not raised: {other:?}"),
    }
}

/// Waits until a process is gone (or a zombie that nobody reaped yet).
async fn until_gone(pid: u32) {
    let gone = async {
        while is_running(pid) {
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(LIMIT, gone).await.unwrap_or_else(|_| panic!("process {pid} is still there"));
}

fn is_running(pid: u32) -> bool {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => !stat.rsplit(')').next().unwrap().trim_start().starts_with('Z'),
        Err(_) => false,
    }
}

fn pid_in(path: &Path) -> u32 {
    fs::read_to_string(path).unwrap().trim().parse().unwrap()
}
