//! The binary, as a shell sees it.

use std::process::{Command, Output};

use crate::support::stderr;

fn mrt(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrt-cli"));
    command.args(arguments).env_remove("MRT_LOG").env("COLUMNS", "100").output().unwrap()
}

#[test]
fn help_is_worth_reading() {
    let output = mrt(&["run", "--help"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
    let output = mrt(&["repro", "--help"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!("how_to_see_a_cell", String::from_utf8(output.stdout).unwrap());
}

#[test]
fn a_wrong_command_line_is_usage() {
    for arguments in [
        &["run", "--format", "yaml"][..],
        &["run", "--jobs", "0"],
        &["run", "--timeout", "soon"],
        &["run", "--all", "--suite", "shop"],
        &["run", "-q", "-v"],
        &["submit", "--detach", "--format", "json"],
        &["submit", "--detach", "--output", "report.json"],
        &["submit", "--detach", "--cancel-on-interrupt"],
        &["repro", "1"],
        &["repro", "1", "a1", "--here", "--directory", "a1"],
        &["walk"],
        &[],
    ] {
        let output = mrt(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{arguments:?} wrote to standard output");
        assert!(!output.stderr.is_empty(), "{arguments:?} says nothing");
    }
}

#[test]
fn what_cannot_be_used_is_told_before_anything_runs() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().to_str().unwrap();
    let missing = format!("{dir}/missing/report.json");
    let output = mrt(&["run", dir, "--output", &missing]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).starts_with("error: cannot use the directory of the report "),
        "{}",
        stderr(&output)
    );
    assert!(stderr(&output).contains("\n  caused by: "), "{}", stderr(&output));

    let output = mrt(&["run", dir]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_wrong_log_filter_is_told() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrt-cli"));
    let output = command.arg("run").env("MRT_LOG", "mrt=loud").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("MRT_LOG"), "{}", stderr(&output));
}
