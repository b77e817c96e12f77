//! `mrt-cli check`: what can be known without a database.

mod adopt;
mod watch;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

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

/// A project that lies somewhere in a repository; the latter's top.
fn in_a_repository() -> (Project, TempDir) {
    let (project, repository) = (project(), tempfile::tempdir().unwrap());
    let inside = repository.path().join("services/shop");
    fs::create_dir_all(&inside).unwrap();
    for part in ["alembic.ini", "migrations"] {
        fs::rename(project.path().join(part), inside.join(part)).unwrap();
    }
    fs::create_dir(repository.path().join(".git")).unwrap();
    (project, repository)
}

#[test]
fn those_who_show_findings_beside_lines_are_given_paths_from_the_top_of_the_repository() {
    let (_project, repository) = in_a_repository();
    let dir = repository.path().join("services/shop");
    let shown = |format: &str| {
        let output = check(&dir, &["--format", format]);
        assert_eq!(output.status.code(), Some(1), "{format}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let parsed = |format: &str| -> Value { serde_json::from_str(&shown(format)).unwrap() };
    let (inside, outside) = ("migrations/versions/r2.py", "services/shop/migrations/versions/r2.py");
    assert_eq!(parsed("json")["findings"][0]["file"], inside);
    let run = &parsed("sarif")["runs"][0];
    let result = &run["results"][0];
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], outside);
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "MRT201");
    let help = run["tool"]["driver"]["rules"][0]["help"]["markdown"].as_str().unwrap();
    assert!(help.contains("```python\n"), "{help}");
    assert!(shown("github").starts_with(&format!("::error file={outside},line=")));
    assert_eq!(parsed("gitlab")[0]["location"]["path"], outside);
    assert!(shown("junit").contains(&format!("file=\"{outside}\"")));

    // No repository: the project's directory is all there is.
    fs::remove_dir(repository.path().join(".git")).unwrap();
    assert_eq!(parsed("gitlab")[0]["location"]["path"], inside);
}

#[test]
fn a_finding_is_the_same_one_when_its_line_has_moved() {
    let project = project();
    let issue = || -> Value {
        let report: Value =
            serde_json::from_slice(&check(project.path(), &["--format", "gitlab"]).stdout).unwrap();
        report[0].clone()
    };
    let before = issue();
    let file = project.path().join("migrations/versions/r2.py");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("# What somebody remarks.\n\n{text}")).unwrap();
    let after = issue();
    let line = |issue: &Value| issue["location"]["lines"]["begin"].as_u64().unwrap();
    assert_eq!(line(&after), line(&before) + 2);
    assert_eq!(after["fingerprint"], before["fingerprint"]);
}

#[test]
fn junit_has_a_case_for_each_revision_that_was_asked_for() {
    let project = project();
    let cases = |arguments: &[&str]| {
        let text = String::from_utf8(check(project.path(), arguments).stdout).unwrap();
        (text.matches("<testcase ").count(), text.matches("<failure ").count())
    };
    assert_eq!(cases(&["--format", "junit"]), (2, 1));
    assert_eq!(cases(&["--format", "junit", "--only", "r1"]), (1, 0));
}

const REMOVES: &str = "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    operations = [\n        migrations.RemoveField(\"order\", \"note\"),\n    ]\n";

fn django(dir: &Path) {
    fs::create_dir_all(dir.join("shop/migrations")).unwrap();
    fs::write(dir.join("manage.py"), "").unwrap();
    fs::write(dir.join("shop/migrations/__init__.py"), "").unwrap();
    fs::write(dir.join("shop/migrations/0001_initial.py"), REMOVES).unwrap();
}

fn run(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrt-cli"));
    command.arg("run").arg(dir).args(arguments).env_remove("MRT_LOG").env("NO_COLOR", "1");
    command.output().unwrap()
}

#[test]
fn a_project_of_django_is_read_without_settings_and_not_run() {
    let dir = tempfile::tempdir().unwrap();
    django(dir.path());
    let output = check(dir.path(), &["--format", "json"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding = &report["findings"][0];
    assert_eq!(
        (finding["code"].as_str(), finding["revision"].as_str(), finding["line"].as_u64()),
        (Some("MRT209"), Some("shop.0001_initial"), Some(6)),
        "{report}"
    );
    let refused = run(dir.path(), &[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("mrt-cli check"), "{}", stderr(&refused));
}

#[test]
fn a_suite_of_django_beside_others_is_read_with_them_and_refused_by_its_name() {
    let project = project();
    django(&project.path().join("web"));
    let settings = "[suite.chain]\n\n[suite.web]\npath = \"web\"\nframework = \"django\"\n";
    fs::write(project.path().join("mrt.toml"), settings).unwrap();
    let output = check(project.path(), &["--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let codes: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|finding| finding["code"].as_str())
        .collect();
    assert_eq!(codes, ["MRT201", "MRT209"], "{report}");
    let refused = run(project.path(), &["--suite", "web"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("--suite chain"), "{}", stderr(&refused));
}
