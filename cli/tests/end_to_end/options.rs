//! The options of `mrt-cli run`, on SQLite.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Project, Revision, mrt, python, report, verdicts};

/// A table, a right revision, one that loses phone numbers, one that cuts long names, a right one.
const REVISIONS: [Revision<'_>; 5] = [
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

fn project() -> Project {
    Project::chain(&REVISIONS)
}

#[test]
fn a_part_of_the_chain_can_be_asked_for_and_warnings_can_count() {
    let Some(python) = python() else { return };
    let dir = project();
    let (code, all) = dir.report(&python, &[]);
    assert_eq!((code, verdicts(&all).as_str()), (1, "a1 pass, a2 pass, a3 fail, a4 warn, a5 pass"));
    let (code, since) = dir.report(&python, &["--since", "a3"]);
    assert_eq!((code, verdicts(&since).as_str()), (0, "a4 warn, a5 pass"));
    let (code, since) = dir.report(&python, &["--since", "a3", "--fail-on", "warn"]);
    assert_eq!((code, verdicts(&since).as_str()), (1, "a4 warn, a5 pass"));
    let (code, only) = dir.report(&python, &["--only", "a2", "--only", "a5"]);
    assert_eq!((code, verdicts(&only).as_str()), (0, "a2 pass, a5 pass"));
    // What a cell shows does not hang on what else was asked for.
    assert_eq!(since["cells"][0]["findings"], all["cells"][3]["findings"]);
    let nothing = dir.mrt(&python, &["--only", "zz"]).output().unwrap();
    assert_eq!(nothing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("zz"));
}

#[test]
fn a_settings_file_that_is_named_is_the_only_one_that_counts() {
    let Some(python) = python() else { return };
    let accept = "[[accept]]\nrevision = 'a3'\nreason = 'known'\n";
    let dir = project().with(accept);
    dir.write("ci.toml", "name = 'ci'\nenv = { OTHER = 'yes' }\n");
    let only = ["--only", "a3", "--format", "json"];
    let (code, accepted) = report(mrt(dir.path(), &python, &only));
    assert_eq!((code, verdicts(&accepted).as_str()), (0, "a3 pass"));
    let (code, found) = report(mrt(&dir.path().join("ci.toml"), &python, &only));
    assert_eq!((code, verdicts(&found).as_str()), (1, "a3 fail"));
    assert_eq!(found["cells"][0]["suite"], "ci");
}

#[test]
fn every_table_can_be_seeded() {
    let Some(python) = python() else { return };
    let dir = project();
    let tables = |arguments: &[&str]| {
        let (_, report) = dir.report(&python, &[arguments, &["--only", "a5"]].concat());
        report["cells"][0]["coverage"]["tables_seeded"].as_u64().unwrap()
    };
    assert_eq!((tables(&[]), tables(&["--seed", "touched"]), tables(&["--seed", "all"])), (0, 0, 1));
}

#[test]
fn the_database_of_a_failing_cell_can_be_kept_and_looked_at() {
    let Some(python) = python() else { return };
    let dir = project();
    let (_, report) = dir.report(&python, &["--only", "a3", "--keep"]);
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
    assert_eq!(
        dir.mrt(&python, &["--only", "a3", "--write-baseline"]).output().unwrap().status.code(),
        Some(1)
    );
    let (code, accepted) = dir.report(&python, &["--fail-on", "warn"]);
    assert_eq!((code, verdicts(&accepted).as_str()), (1, "a1 pass, a2 pass, a3 pass, a4 warn, a5 pass"));
    assert!(accepted["cells"][2]["findings"][0]["accepted"]["reason"].is_string());
    assert_eq!(dir.mrt(&python, &["--write-baseline"]).output().unwrap().status.code(), Some(0));
    assert_eq!(dir.mrt(&python, &["--fail-on", "warn"]).output().unwrap().status.code(), Some(0));
}

#[test]
fn a_report_can_go_to_a_file_as_junit_reads_it() {
    let Some(python) = python() else { return };
    let dir = project();
    let file = dir.path().join("out.xml");
    let output =
        dir.mrt(&python, &["--format", "junit", "--output", file.to_str().unwrap()]).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    // Read by somebody else's parser.
    let script = "import sys, xml.etree.ElementTree as e\nfor c in e.parse(sys.argv[1]).iter('testcase'): print(c.get('name').split()[0], *[k.tag for k in c])";
    let read = Command::new(&python).args(["-c", script]).arg(&file).output().unwrap();
    let cases = String::from_utf8_lossy(&read.stdout).into_owned();
    assert_eq!(cases.lines().count(), 5, "{cases}");
    assert_eq!(cases.lines().filter(|line| line.contains("failure")).count(), 1, "{cases}");
}
