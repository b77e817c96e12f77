//! Programs of others that know the formats.

use mrt_report::problems::{Severity, github, gitlab, junit, sarif};

use crate::support::reader;
use crate::{LOOKED_AT, everything, rules};

#[test]
fn sarif_is_what_the_standard_s_schema_describes() {
    let rules = rules();
    let text = sarif(&everything(&rules), &[]).unwrap();
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
    let Some(printed) = reader("github", &github(&problems, &[])) else { return };
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
    if let Some(read) = reader("junit_schema", &text) {
        read.unwrap();
    }
}
