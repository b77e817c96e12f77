//! `mrt-cli report` of a file, and `mrt-cli diff`: what can be made of a report that was kept.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Project, stderr};

/// A revision that loses these columns.
fn cell(revision: &str, objects: &[&str]) -> Value {
    let finding = |object: &&str| {
        json!({
            "kind": "data-lost", "severity": "fail", "object": object, "message": "values are gone", "evidence": {},
            "file": format!("migrations/versions/{revision}.py"), "line": 9
        })
    };
    let verdict = if objects.is_empty() { "pass" } else { "fail" };
    json!({
        "suite": "shop", "revision": revision, "target": "sqlite", "verdict": verdict, "attempts": 1, "duration_ms": 5,
        "title": "", "coverage": { "tables": 1, "tables_seeded": 1, "not_seeded": [] },
        "findings": objects.iter().map(finding).collect::<Vec<_>>()
    })
}

/// Reports of two nights: what a1 lost is repaired, a2 loses more.
fn two_nights() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, pass: u32, fail: u32, cells: Value| {
        let summary = json!({ "pass": pass, "warn": 0, "fail": fail, "blocked": 0, "error": 0, "skip": 0 });
        let report = json!({ "schema_version": 1, "summary": summary, "cells": cells });
        fs::write(dir.path().join(name), report.to_string()).unwrap();
    };
    write("old.json", 0, 2, json!([cell("a1", &["users.phone"]), cell("a2", &["users.name"])]));
    write("new.json", 1, 1, json!([cell("a1", &[]), cell("a2", &["users.name", "users.email"])]));
    dir
}

fn mrt(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrt-cli"));
    command.current_dir(dir).args(arguments).env_remove("MRT_LOG").env("NO_COLOR", "1").output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_report_that_was_kept_can_be_shown_in_every_format_and_several_at_once() {
    let dir = two_nights();
    let begins = |format: &str, text: &str| {
        let output = mrt(dir.path(), &["report", "new.json", "--format", format]);
        assert_eq!(output.status.code(), Some(1), "{format}: {}", stderr(&output));
        assert!(stdout(&output).starts_with(text), "{format}: {}", stdout(&output));
    };
    begins("terminal", "shop ");
    begins("json", "{\n  \"schema_version\": 1,");
    begins("junit", "<?xml ");
    begins("sarif", "{\n  \"$schema\": ");
    begins("github", "::error file=migrations/versions/a2.py,line=9,title=data-lost");
    begins("gitlab", "[\n  {");
    begins("summary", "## ❌ mrt: 1 of 2 cells fails");
    begins("comment", "<!-- mrt-report -->\n## ");
    begins("html", "<!DOCTYPE html>");

    let arguments = ["report", "new.json", "--output", "html=r.html", "-o", "r.txt", "-o", "sarif=r.sarif"];
    let output = mrt(dir.path(), &[&arguments[..], &["--against", "old.json"]].concat());
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), ""), "{}", stderr(&output));
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    assert!(
        read("r.txt").contains("since the previous report: 1 new, 1 known, 1 fixed"),
        "{}",
        read("r.txt")
    );
    assert!(read("r.html").contains("<b>1 new, 1 known, 1 fixed</b>"));
    assert!(read("r.sarif").contains("values are gone (on sqlite; new)"), "{}", read("r.sarif"));
    // Without a file of its own the report comes here, too.
    let output = mrt(dir.path(), &["report", "new.json", "--output", "json=again.json"]);
    assert!(stdout(&output).starts_with("shop "), "{}", stdout(&output));
    assert_eq!(
        serde_json::from_str::<Value>(&read("again.json")).unwrap()["cells"][1]["findings"][1]["object"],
        "users.email"
    );
}

#[test]
fn what_is_newly_wrong_ends_with_1_and_nothing_new_with_0() {
    let dir = two_nights();
    let diff = |arguments: &[&str]| mrt(dir.path(), &[&["diff"], arguments].concat());
    let worse = diff(&["old.json", "new.json"]);
    assert_eq!(worse.status.code(), Some(1));
    let text = stdout(&worse);
    assert!(text.contains("data-lost  users.email") && !text.contains("users.name"), "{text}");
    assert!(text.contains("fixed since the previous report: 1 finding"), "{text}");
    let same = diff(&["new.json", "new.json"]);
    assert_eq!((same.status.code(), stdout(&same).as_str()), (Some(0), "0 new, 2 known, 0 fixed\n"));
    let changes: Value =
        serde_json::from_str(&stdout(&diff(&["old.json", "new.json", "--format", "json"]))).unwrap();
    let objects = |key: &str| -> Vec<&str> {
        changes[key].as_array().unwrap().iter().filter_map(|change| change["object"].as_str()).collect()
    };
    assert_eq!(
        ["new", "known", "fixed", "not_judged_again"].map(objects),
        [vec!["users.email"], vec!["users.name"], vec!["users.phone"], vec![]]
    );
}

#[test]
fn files_are_named_from_the_top_of_the_repository_where_the_project_is() {
    let repository = two_nights();
    let (project, inside) = (Project::empty(), repository.path().join("services/shop"));
    fs::create_dir_all(&inside).unwrap();
    fs::create_dir(repository.path().join(".git")).unwrap();
    for part in ["alembic.ini", "migrations"] {
        fs::rename(project.path().join(part), inside.join(part)).unwrap();
    }
    let shown = stdout(&mrt(&inside, &["report", "../../new.json", "--format", "github"]));
    assert!(shown.starts_with("::error file=services/shop/migrations/versions/a2.py,line=9,"), "{shown}");
}

#[test]
fn what_is_no_report_is_told_before_anything_is_done() {
    let dir = two_nights();
    fs::write(dir.path().join("other.json"), "{}").unwrap();
    for (arguments, words) in [
        (&["report", "gone.json"][..], "cannot use the report gone.json"),
        (&["report", "other.json"], "other.json holds no report"),
        (&["report", "new.json", "--against", "other.json"], "other.json holds no report"),
        (&["diff", "new.json", "gone/new"], "cannot use the report gone/new"),
        (&["report", "new.json", "-o", "a", "-o", "b"], "`--output html=FILE`"),
        (&["report", "new.json", "-o", "html=gone/a"], "cannot use the directory of the report"),
    ] {
        let output = mrt(dir.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{arguments:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}
