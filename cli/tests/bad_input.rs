//! What people get wrong, with the real binary: a sentence that says what to do, exit code 2, nothing left running; and the
//! server that somebody gives us, which stays as it was. Needs a Python with Alembic and psycopg2 (`MRT_TEST_PYTHON`), a
//! server (`MRT_TEST_POSTGRES_URL`, an administrator's URL), and for one test a container engine.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output};

use mrt_worker::server::docker::Docker;
use serde_json::Value;
use tempfile::TempDir;
use url::Url;

fn python() -> Option<PathBuf> {
    let python = std::env::var_os("MRT_TEST_PYTHON").map(PathBuf::from);
    if python.is_none() {
        eprintln!("SKIPPED: the tests of bad input (MRT_TEST_PYTHON is not set)");
    }
    python
}

fn server() -> Option<Url> {
    let url = std::env::var("MRT_TEST_POSTGRES_URL").ok();
    if url.is_none() {
        eprintln!("SKIPPED: the tests of external servers (MRT_TEST_POSTGRES_URL is not set)");
    }
    url.map(|url| url.parse().unwrap())
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

const REVISIONS: [(&str, &str, &str, &str); 2] = [
    (
        "a1",
        "None",
        "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('phone', sa.String(20)))",
        "op.drop_table('users')",
    ),
    (
        "a2",
        "'a1'",
        "op.drop_column('users', 'phone')",
        "op.add_column('users', sa.Column('phone', sa.String(20)))",
    ),
];

/// Two revisions, the second of which loses the phone numbers, with these settings.
fn project(settings: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let versions = dir.path().join("migrations/versions");
    fs::create_dir_all(&versions).unwrap();
    fs::write(dir.path().join("alembic.ini"), "[alembic]\nscript_location = migrations\n").unwrap();
    fs::write(dir.path().join("migrations/env.py"), ENV).unwrap();
    fs::write(dir.path().join("mrt.toml"), settings).unwrap();
    for (id, parent, up, down) in REVISIONS {
        let text = format!(
            "import sqlalchemy as sa\nfrom alembic import op\n\nrevision = '{id}'\ndown_revision = {parent}\n\n\ndef upgrade():\n    {up}\n\n\ndef downgrade():\n    {down}\n"
        );
        fs::write(versions.join(format!("{id}.py")), text).unwrap();
    }
    dir
}

fn on_server(url: &str) -> TempDir {
    project(&format!("targets = [\"postgres:15\"]\n\n[target.\"postgres:15\"]\nurl = \"{url}\"\n"))
}

fn mrt(dir: &TempDir, python: &PathBuf, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrt-cli"));
    command.arg("run").arg(dir.path()).arg("--python").arg(python).args(arguments);
    command
}

fn refused(output: &Output, words: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(output.stdout.is_empty(), "{stderr}");
    for words in words {
        assert!(stderr.contains(words), "does not say {words:?}: {stderr}");
    }
}

#[test]
fn a_python_without_alembic_is_told_with_the_command_that_installs_it() {
    let Some(python) = python() else { return };
    let bare = tempfile::tempdir().unwrap();
    let made = Command::new(&python).args(["-m", "venv", "--without-pip"]).arg(bare.path()).status().unwrap();
    assert!(made.success());
    let output = mrt(&project(""), &bare.path().join("bin/python"), &[]).output().unwrap();
    refused(&output, &["alembic is not installed", "pip install alembic"]);
}

#[test]
fn a_container_engine_that_does_not_run_is_told_with_its_address() {
    let Some(python) = python() else { return };
    let dir = project("");
    let mut run = mrt(&dir, &python, &["--target", "postgres:15"]);
    let output = run.env("DOCKER_HOST", "unix:///nowhere/docker.sock").output().unwrap();
    refused(&output, &["Docker is not running", "unix:///nowhere/docker.sock", "start Docker"]);
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_is_told_by_its_name() {
    let Some(python) = python() else { return };
    if let Err(error) = Docker::connect().await {
        eprintln!("SKIPPED: an image that cannot be pulled ({error})");
        return;
    }
    let settings =
        "targets = [\"postgres:15\"]\n\n[target.\"postgres:15\"]\nimage = \"registry.invalid/none:1\"\n";
    let output = mrt(&project(settings), &python, &[]).output().unwrap();
    refused(&output, &["registry.invalid/none:1"]);
}

#[test]
fn a_server_that_cannot_be_used_is_told_without_its_password() {
    let (Some(python), Some(url)) = (python(), server()) else { return };
    let mut wrong = url.clone();
    wrong.set_password(Some("hunter2")).unwrap();
    let output = mrt(&on_server(wrong.as_str()), &python, &[]).output().unwrap();
    refused(&output, &["postgres:15", "password authentication failed"]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter2"));

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = format!("postgresql://mrt:hunter2@127.0.0.1:{closed}/postgres");
    let output = mrt(&on_server(&nobody), &python, &[]).output().unwrap();
    refused(&output, &["postgres:15", &format!("127.0.0.1:{closed}")]);

    // Somebody else listens there.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let other = format!("postgresql://mrt:hunter2@127.0.0.1:{taken}/postgres");
    let output = mrt(&on_server(&other), &python, &[]).output().unwrap();
    refused(&output, &["postgres:15", &format!("127.0.0.1:{taken}")]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter2"));
}

/// What `psql`-like tools would list, asked through the project's own driver.
fn listed(python: &PathBuf, url: &Url, sql: &str) -> Vec<String> {
    let script = "import psycopg2, sys\nc = psycopg2.connect(sys.argv[1])\nc.autocommit = True\nk = c.cursor()\nk.execute(sys.argv[2])\nfor row in (k.fetchall() if k.description else []): print(row[0])";
    let output = Command::new(python).args(["-c", script, url.as_str(), sql]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn an_external_server_is_used_beside_what_it_holds_and_left_as_it_was() {
    let (Some(python), Some(url)) = (python(), server()) else { return };
    let everything = "SELECT datname::text FROM pg_database WHERE datname !~ '^mrt_' UNION ALL SELECT rolname FROM pg_roles WHERE rolname !~ '^mrt_' ORDER BY 1";
    let shop = format!("shop_{}", std::process::id());
    listed(&python, &url, &format!("CREATE DATABASE {shop}"));
    // The database in the URL is not empty: it has a table that the chain makes, too.
    let mut own = url.clone();
    own.set_path(&shop);
    listed(&python, &own, "CREATE TABLE users (id int); INSERT INTO users VALUES (7)");
    let before = listed(&python, &url, everything);

    let output = mrt(&on_server(own.as_str()), &python, &["--format", "json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(&output.stderr)));
    let verdicts: Vec<&str> =
        report["cells"].as_array().unwrap().iter().map(|cell| cell["verdict"].as_str().unwrap()).collect();
    assert_eq!((output.status.code(), verdicts), (Some(1), vec!["pass", "fail"]));

    assert_eq!(listed(&python, &own, "SELECT id FROM users"), ["7"]);
    let after = listed(&python, &url, everything);
    listed(&python, &url, &format!("DROP DATABASE {shop} WITH (FORCE)"));
    // Other tests use this server at the same time; what is named like ours is theirs or gone.
    assert!(before.iter().all(|name| after.contains(name)), "{before:?} {after:?}");
}
