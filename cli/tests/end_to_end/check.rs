//! `mrt-cli check`: what can be known without a database.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{Project, stderr};

const LOSES: &str = "op.drop_column('users', 'phone')";
const EMPTY_AGAIN: &str = "op.add_column('users', sa.Column('phone', sa.String(20)))";

fn check(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrt-cli"));
    command.arg("check").arg(dir).args(arguments).env_remove("MRT_LOG").env("NO_COLOR", "1");
    command.output().unwrap()
}

fn project() -> Project {
    Project::chain(&[
        ("r1", "op.create_table('users', sa.Column('phone', sa.String(20)))", "op.drop_table('users')"),
        ("r2", LOSES, EMPTY_AGAIN),
    ])
}

#[test]
fn what_is_certain_is_an_error_with_its_line_and_ends_with_1() {
    let project = project();
    let output = check(project.path(), &["--format", "json"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema_version"], 1);
    let finding = &report["findings"][0];
    assert_eq!(
        (finding["code"].as_str(), finding["severity"].as_str()),
        (Some("MRT201"), Some("error")),
        "{report}"
    );
    assert_eq!(finding["revision"], "r2");
    let text = String::from_utf8(check(project.path(), &[]).stdout).unwrap();
    assert!(text.contains("error[MRT201]") && text.contains(LOSES), "{text}");
    assert!(stderr(&output).contains("2 files read: 1 error"), "{}", stderr(&output));
}

#[test]
fn rules_and_revisions_are_chosen_and_a_wrong_choice_is_told() {
    let project = project();
    let code = |arguments: &[&str]| check(project.path(), arguments).status.code();
    assert_eq!(code(&["--ignore", "MRT2"]), Some(0));
    assert_eq!(code(&["--select", "MRT1"]), Some(0));
    assert_eq!(code(&["--select", "MRT201"]), Some(1));
    assert_eq!(code(&["--only", "r1"]), Some(0));
    for wrong in [["--select", "MRT999"], ["--ignore", ""], ["--only", "gone"], ["--explain", "MRT999"]] {
        assert_eq!(code(&wrong), Some(2), "{wrong:?}");
    }
}

#[test]
fn warnings_count_when_they_are_asked_for() {
    let project = Project::chain(&[
        ("r1", "op.create_table('users', sa.Column('name', sa.String(20)))", "op.drop_table('users')"),
        (
            "r2",
            "op.execute('UPDATE users SET name = upper(name)')",
            "op.execute('DELETE FROM users WHERE name IS NULL')",
        ),
    ]);
    assert_eq!(check(project.path(), &[]).status.code(), Some(0));
    assert_eq!(check(project.path(), &["--fail-on", "warning"]).status.code(), Some(1));
}

#[test]
fn a_broken_file_is_a_finding_and_the_others_are_checked() {
    let project = project();
    let versions = project.path().join("migrations/versions");
    fs::write(versions.join("broken.py"), "def upgrade(:\n").unwrap();
    let output = check(project.path(), &["--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let codes: Vec<&str> =
        report["findings"].as_array().unwrap().iter().filter_map(|it| it["code"].as_str()).collect();
    assert_eq!(codes, ["MRT902", "MRT201"], "{report}");
}

#[test]
fn nothing_to_check_is_no_success() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(check(dir.path(), &[]).status.code(), Some(2));
    assert_eq!(check(&dir.path().join("missing"), &[]).status.code(), Some(2));
}

#[test]
fn a_code_is_explained_with_its_examples() {
    let output = check(Path::new("."), &["--explain", "mrt201"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Flagged:") && text.contains("op.drop_column"), "{text}");
}
