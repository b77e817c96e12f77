//! Revisions that misbehave beside others that do not, and runs that are cut off, with the real binary. Needs a Python with
//! Alembic and psycopg2 (`MRT_TEST_PYTHON`), and for PostgreSQL a container engine with the image of postgres:15.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mrt_worker::server::docker::Docker;
use serde_json::{Value, json};
use tempfile::TempDir;

fn python() -> Option<PathBuf> {
    let python = std::env::var_os("MRT_TEST_PYTHON").map(PathBuf::from);
    if python.is_none() {
        eprintln!("SKIPPED: the tests of isolation (MRT_TEST_PYTHON is not set)");
    }
    python
}

const ENV: &str = r#"
from alembic import context
from sqlalchemy import engine_from_config, pool

engine = engine_from_config(context.config.get_section("alembic"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"#;

/// Id, parent, upgrade, downgrade.
type Revision<'a> = (&'a str, &'a str, &'a str, &'a str);

const NEIGHBOURS: [Revision<'_>; 5] = [
    (
        "a1",
        "",
        "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('phone', sa.String(20)))",
        "op.drop_table('users')",
    ),
    (
        "a2",
        "a1",
        "op.drop_column('users', 'phone')",
        "op.add_column('users', sa.Column('phone', sa.String(20)))",
    ),
    ("c1", "a2", "op.create_table('c', sa.Column('id', sa.Integer, primary_key=True))", "op.drop_table('c')"),
    ("c2", "a2", "op.add_column('users', sa.Column('age', sa.Integer))", "op.drop_column('users', 'age')"),
    ("c3", "c2", "op.create_index('ix', 'users', ['age'])", "op.drop_index('ix', 'users')"),
];

fn project(revisions: &[Revision<'_>]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let versions = dir.path().join("migrations/versions");
    fs::create_dir_all(&versions).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    fs::write(dir.path().join("alembic.ini"), "[alembic]\nscript_location = migrations\n").unwrap();
    fs::write(dir.path().join("migrations/env.py"), ENV).unwrap();
    for (id, parent, up, down) in revisions {
        let parent = if parent.is_empty() { "None".to_owned() } else { format!("{parent:?}") };
        let indented = |body: &str| body.lines().map(|line| format!("    {line}\n")).collect::<String>();
        let text = format!(
            "import os, time\nimport sqlalchemy as sa\nfrom alembic import op\n\nrevision = {id:?}\ndown_revision = {parent}\n\n\ndef upgrade():\n{}\n\ndef downgrade():\n{}",
            indented(up),
            indented(down)
        );
        fs::write(versions.join(format!("{id}.py")), text).unwrap();
    }
    dir
}

fn mrt(dir: &TempDir, python: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrt-cli"));
    command.arg("run").arg(dir.path()).arg("--python").arg(python).args(arguments);
    command
}

/// Revision and cell, timings and the name of the project aside.
fn cells(dir: &TempDir, python: &Path, arguments: &[&str]) -> Vec<(String, Value)> {
    let output = mrt(dir, python, &[&["--format", "json"], arguments].concat()).output().unwrap();
    let mut report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(&output.stderr)));
    let cells = report["cells"].as_array_mut().unwrap();
    cells
        .iter_mut()
        .map(|cell| {
            let fields = cell.as_object_mut().unwrap();
            // A cell that was begun when a neighbour took the server along is tried once more, and that is told.
            for own in ["suite", "duration_ms", "phases_ms", "attempts"] {
                fields.remove(own);
            }
            (cell["revision"].as_str().unwrap().to_owned(), cell.take())
        })
        .collect()
}

#[tokio::test]
async fn on_postgres_a_misbehaving_revision_is_its_own_cell_s_verdict() {
    let Some(python) = python() else { return };
    if let Err(error) = Docker::connect().await {
        eprintln!("SKIPPED: isolation on PostgreSQL ({error})");
        return;
    }
    let beside = "import psycopg2\nu = op.get_bind().engine.url\n\
         k = psycopg2.connect(host=u.host, port=u.port, user=u.username, password=u.password, dbname='postgres')\n\
         k.autocommit = True\n";
    let drops = format!("{beside}k.cursor().execute('DROP DATABASE \"%s\" WITH (FORCE)' % u.database)");
    let bad: [Revision<'_>; 7] = [
        ("b1 hangs", "a2", "time.sleep(600)", "pass"),
        ("b2 waits in the server", "a2", "pass", "op.execute('SELECT pg_sleep(600)')"),
        ("b3 kills its process", "a2", "os.kill(os.getpid(), 9)", "pass"),
        ("b4 prints much", "a2", "for _ in range(20000): print('x' * 10000)", "pass"),
        ("b5 leaves a transaction open", "a2", "op.get_bind().engine.connect().begin()", "pass"),
        ("b6 drops its database", "a2", &drops, "pass"),
        (
            "b7 ends the sessions of others",
            "a2",
            "op.execute('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()')",
            "pass",
        ),
    ];
    let kinds = ["timeout", "timeout", "upgrade-failed", "", "", "upgrade-failed", ""];
    let arguments = ["--target", "postgres:15", "--timeout", "5s", "--jobs", "3"];

    let harmless = cells(&project(&NEIGHBOURS), &python, &arguments);
    let verdicts: Vec<&Value> = harmless.iter().map(|(_, cell)| &cell["verdict"]).collect();
    assert_eq!(json!(verdicts), json!(["pass", "fail", "pass", "pass", "pass"]));

    let together = cells(&project(&[&NEIGHBOURS[..], &bad].concat()), &python, &arguments);
    let (own, others): (Vec<_>, Vec<_>) = together.into_iter().partition(|(id, _)| id.starts_with('b'));
    assert_eq!(others, harmless);
    for (kind, (id, cell)) in kinds.into_iter().zip(&own) {
        let found: Vec<&Value> =
            cell["findings"].as_array().unwrap().iter().map(|finding| &finding["kind"]).collect();
        let expected = if kind.is_empty() { json!([]) } else { json!([kind]) };
        assert_eq!(json!(found), expected, "{id}: {cell:#}");
    }
    assert_eq!(own.len(), bad.len());
}

/// Starts a run that hangs, and waits until it does.
fn hanging(dir: &TempDir, python: &Path, scratch: &TempDir) -> Child {
    let mut command = mrt(dir, python, &["--timeout", "600s"]);
    let run =
        command.env("TMPDIR", scratch.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while !dir.path().join("hangs").exists() {
        assert!(start.elapsed() < Duration::from_secs(120), "the migration was never reached");
        std::thread::yield_now();
    }
    run
}

fn entries(dir: &TempDir) -> usize {
    fs::read_dir(dir.path()).unwrap().count()
}

fn signal(run: &mut Child, name: &str) -> Option<i32> {
    assert!(
        Command::new("kill").arg(format!("-{name}")).arg(run.id().to_string()).status().unwrap().success()
    );
    run.wait().unwrap().code()
}

#[test]
fn a_run_that_is_cut_off_leaves_nothing_behind() {
    let Some(python) = python() else { return };
    let scratch = tempfile::tempdir().unwrap();
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let pid =
        "open(os.path.join(os.environ['PROJECT'], 'hangs'), 'w').write(str(os.getpid()))\ntime.sleep(600)";
    let hangs: Revision<'_> = ("b1", "a2", pid, "pass");
    for name in ["INT", "TERM", "KILL"] {
        let dir = project(&[&NEIGHBOURS[..2], &[hangs]].concat());
        let env = format!("env = {{ PROJECT = {:?} }}\n", dir.path());
        fs::write(dir.path().join("mrt.toml"), env).unwrap();
        let mut run = hanging(&dir, &python, &scratch);
        let code = signal(&mut run, name);
        if name == "KILL" {
            assert_eq!(code, None);
            assert_eq!(entries(&scratch), 1, "what this test is about");
        } else {
            assert_eq!(code, Some(3), "{name}");
            assert_eq!(entries(&scratch), 0, "{name}");
        }
        let migration = fs::read_to_string(dir.path().join("hangs")).unwrap();
        let start = Instant::now();
        // The guard of the host kills it when the worker's end of the pipe is gone.
        while !migration.is_empty() && Path::new("/proc").join(&migration).exists() {
            assert!(start.elapsed() < Duration::from_secs(60), "{name}: the migration still runs");
            std::thread::yield_now();
        }
    }
    let next = project(&NEIGHBOURS[..1]);
    let output = mrt(&next, &python, &[]).env("TMPDIR", scratch.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(entries(&scratch), 0, "the next start removes what a killed run has left");
}
