//! Programs of others that know the formats.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use mrt_report::problems::{Severity, github, gitlab, junit, sarif};

use crate::{LOOKED_AT, everything, rules};

/// The exit code of a script that lacks a package.
const LACKS: i32 = 3;

/// What a part of `readers.py` finds in a text, or what it says is wrong with it; `None` where it cannot run here.
fn reader(part: &str, text: &str) -> Option<Result<String, String>> {
    let python = std::env::var_os("MRT_TEST_PYTHON").filter(|path| !path.is_empty()).map(PathBuf::from);
    let skipped = |why: &str| {
        let thread = std::thread::current();
        eprintln!("SKIPPED: {} ({why})", thread.name().unwrap_or("a test"));
    };
    let Some(python) = python else {
        skipped("MRT_TEST_PYTHON is not set");
        return None;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/problems/readers.py");
    let mut child = Command::new(python)
        .args([script, part])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    match output.status.code() {
        Some(0) => Some(Ok(String::from_utf8(output.stdout).unwrap())),
        Some(LACKS) => {
            skipped(complaint.trim());
            None
        }
        _ => Some(Err(complaint)),
    }
}

#[test]
fn sarif_is_what_the_standard_s_schema_describes() {
    let rules = rules();
    let text = sarif(&everything(&rules)).unwrap();
    let Some(read) = reader("sarif", &text) else { return };
    let read = read.unwrap();
    // The file as somebody finds it who takes the URI apart, and what is said of it.
    assert_eq!(
        read.lines().next(),
        Some("error MRT001 services/shop/migrations/versions/broken.py:1 this file is no Python")
    );
    assert!(read.contains("services/shop/migrations/versions/a3 größer, 50%:x.py:4"), "{read}");
    // One that is not what the schema describes: the schema is looked at.
    let wrong = text.replace("\"level\": \"note\"", "\"level\": \"remark\"");
    let complaint = reader("sarif", &wrong).unwrap().unwrap_err();
    assert!(complaint.contains("'remark' is not one of"), "{complaint}");
}

#[test]
fn gitlab_is_given_what_it_asks_for() {
    let rules = rules();
    let text = gitlab(&everything(&rules)).unwrap();
    let Some(read) = reader("gitlab", &text) else { return };
    let read = read.unwrap();
    assert_eq!(read.lines().next(), Some("critical services/shop/migrations/versions/broken.py:1"));
}

#[test]
fn github_is_given_what_another_program_would_print() {
    let rules = rules();
    let problems = everything(&rules);
    let Some(printed) = reader("github", &github(&problems)) else { return };
    assert_eq!(printed.unwrap().lines().count(), problems.len());
}

#[test]
fn a_reader_of_junit_finds_the_same_cases() {
    let rules = rules();
    let text = junit(&everything(&rules), &LOOKED_AT, Severity::Error).unwrap();
    let Some(read) = reader("junit", &text) else { return };
    let read = read.unwrap();
    let cases: Vec<&str> = read.lines().collect();
    assert!(cases.contains(&"shop a1 passed"), "{read}");
    assert!(
        cases.contains(
            &"shop a2 failed MRT201 `users.phone` is dropped: its values are gone (and 1 further problem)"
        ),
        "{read}"
    );
    assert!(cases.contains(&"billing b1 passed"), "{read}");
    assert_eq!(cases.len(), 7, "{read}");
}
