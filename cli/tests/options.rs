//! The options of `mrt-cli run`, with the real binary on SQLite. Needs a Python with Alembic: `MRT_TEST_PYTHON`.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn python() -> Option<PathBuf> {
    let python = std::env::var_os("MRT_TEST_PYTHON").map(PathBuf::from);
    if python.is_none() {
        eprintln!("SKIPPED: the tests of options (MRT_TEST_PYTHON is not set)");
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

/// A table, a right revision, one that loses phone numbers, one that cuts long names, a right one.
const REVISIONS: [(&str, &str, &str); 5] = [
    (
        "a1",
        "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('phone', sa.String(20)), sa.Column('name', sa.Text))",
        "op.drop_table('users')",
    ),
    ("a2", "op.create_index('ix', 'users', ['id'])", "op.drop_index('ix', 'users')"),
    ("a3", "op.drop_column('users', 'phone')", "op.add_column('users', sa.Column('phone', sa.String(20)))"),
    ("a4", "op.execute('UPDATE users SET name = substr(name, 1, 200)')", "pass"),
    (
        "a5",
        "op.create_table('notes', sa.Column('id', sa.Integer, primary_key=True))",
        "op.drop_table('notes')",
    ),
];

fn project() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let versions = dir.path().join("migrations/versions");
    fs::create_dir_all(&versions).unwrap();
    fs::write(dir.path().join("alembic.ini"), "[alembic]\nscript_location = migrations\n").unwrap();
    fs::write(dir.path().join("migrations/env.py"), ENV).unwrap();
    let mut parent = "None".to_owned();
    for (id, up, down) in REVISIONS {
        let text = format!(
            "import sqlalchemy as sa\nfrom alembic import op\n\nrevision = '{id}'\ndown_revision = {parent}\n\n\ndef upgrade():\n    {up}\n\n\ndef downgrade():\n    {down}\n"
        );
        fs::write(versions.join(format!("{id}.py")), text).unwrap();
        parent = format!("'{id}'");
    }
    dir
}

fn mrt(dir: &TempDir, python: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrt-cli"));
    command.arg("run").arg(dir.path()).arg("--python").arg(python).args(arguments).output().unwrap()
}

fn report(dir: &TempDir, python: &Path, arguments: &[&str]) -> (Option<i32>, Value) {
    let output = mrt(dir, python, &[&["--format", "json"], arguments].concat());
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), report)
}

fn verdicts(report: &Value) -> String {
    let cells = report["cells"].as_array().unwrap().iter();
    cells
        .map(|cell| format!("{} {}", cell["revision"].as_str().unwrap(), cell["verdict"].as_str().unwrap()))
        .collect::<Vec<_>>()
        .join(", ")
}

#[test]
fn a_part_of_the_chain_can_be_asked_for_and_warnings_can_count() {
    let Some(python) = python() else { return };
    let dir = project();
    let (code, all) = report(&dir, &python, &[]);
    assert_eq!((code, verdicts(&all).as_str()), (Some(1), "a1 pass, a2 pass, a3 fail, a4 warn, a5 pass"));
    let (code, since) = report(&dir, &python, &["--since", "a3"]);
    assert_eq!((code, verdicts(&since).as_str()), (Some(0), "a4 warn, a5 pass"));
    let (code, since) = report(&dir, &python, &["--since", "a3", "--fail-on", "warn"]);
    assert_eq!((code, verdicts(&since).as_str()), (Some(1), "a4 warn, a5 pass"));
    let (code, only) = report(&dir, &python, &["--only", "a2", "--only", "a5"]);
    assert_eq!((code, verdicts(&only).as_str()), (Some(0), "a2 pass, a5 pass"));
    // What a cell shows does not hang on what else was asked for.
    assert_eq!(since["cells"][0]["findings"], all["cells"][3]["findings"]);
    let nothing = mrt(&dir, &python, &["--only", "zz"]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("zz"));
}

#[test]
fn every_table_can_be_seeded() {
    let Some(python) = python() else { return };
    let dir = project();
    let tables = |arguments: &[&str]| {
        let (_, report) = report(&dir, &python, &[arguments, &["--only", "a5"]].concat());
        report["cells"][0]["coverage"]["tables_seeded"].as_u64().unwrap()
    };
    assert_eq!((tables(&[]), tables(&["--seed", "touched"]), tables(&["--seed", "all"])), (0, 0, 1));
}

#[test]
fn the_database_of_a_failing_cell_can_be_kept_and_looked_at() {
    let Some(python) = python() else { return };
    let dir = project();
    let (_, report) = report(&dir, &python, &["--only", "a3", "--keep"]);
    let hint = report["cells"][0]["kept"].as_str().unwrap();
    let file = hint.split(['\'', ' ']).find(|part| part.starts_with('/')).unwrap();
    // As it is after the downgrade: rows there, phone numbers gone.
    let script = "import sqlite3, sys\nfor row in sqlite3.connect(sys.argv[1]).execute('SELECT count(*), count(phone) FROM users'): print(*row)";
    let looked = Command::new(&python).args(["-c", script, file]).output().unwrap();
    let said = String::from_utf8_lossy(&looked.stdout).into_owned();
    let numbers: Vec<u32> = said.split_whitespace().map(|number| number.parse().unwrap()).collect();
    assert!(numbers[0] > 0 && numbers[1] < numbers[0], "{hint}: {said} {looked:?}");
    fs::remove_dir_all(Path::new(file).parent().unwrap()).unwrap();
}

#[test]
fn a_baseline_accepts_what_is_there_and_nothing_that_is_new() {
    let Some(python) = python() else { return };
    let dir = project();
    // What is written is accepted from the next run on.
    assert_eq!(mrt(&dir, &python, &["--only", "a3", "--write-baseline"]).status.code(), Some(1));
    let (code, accepted) = report(&dir, &python, &["--fail-on", "warn"]);
    assert_eq!(
        (code, verdicts(&accepted).as_str()),
        (Some(1), "a1 pass, a2 pass, a3 pass, a4 warn, a5 pass")
    );
    assert!(accepted["cells"][2]["findings"][0]["accepted"]["reason"].is_string());
    assert_eq!(mrt(&dir, &python, &["--write-baseline"]).status.code(), Some(0));
    assert_eq!(mrt(&dir, &python, &["--fail-on", "warn"]).status.code(), Some(0));
}

#[test]
fn a_report_can_go_to_a_file_as_junit_reads_it() {
    let Some(python) = python() else { return };
    let dir = project();
    let file = dir.path().join("out.xml");
    let output = mrt(&dir, &python, &["--format", "junit", "--output", file.to_str().unwrap()]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    // Read by somebody else's parser.
    let script = "import sys, xml.etree.ElementTree as e\nfor c in e.parse(sys.argv[1]).iter('testcase'): print(c.get('name').split()[0], *[k.tag for k in c])";
    let read = Command::new(&python).args(["-c", script]).arg(&file).output().unwrap();
    let cases = String::from_utf8_lossy(&read.stdout).into_owned();
    assert_eq!(cases.lines().count(), 5, "{cases}");
    assert_eq!(cases.lines().filter(|line| line.contains("failure")).count(), 1, "{cases}");
}
