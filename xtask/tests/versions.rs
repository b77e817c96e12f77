//! What `deploy/` says of versions is true of this one.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// What stands before a version of ours.
const BEFORE: [&str; 8] = [
    "mrt-coordinator:",
    "mrt-worker:",
    "mrt-cli:",
    "mrt-ci:",
    "mrt-$name:",
    "MRT_VERSION:-",
    "MRT_VERSION: \"",
    "newTag: ",
];

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

/// The versions that a text names, with their lines.
fn versions(text: &str) -> Vec<(usize, &str)> {
    let mut all = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for after in BEFORE.iter().flat_map(|before| line.split(before).skip(1)) {
            let end = after.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(after.len());
            let version = after[..end].trim_end_matches('.');
            // Otherwise it is a port.
            if version.split('.').count() == 3 {
                all.push((number + 1, version));
            }
        }
    }
    all
}

#[test]
fn deploy_names_this_version_of_mrt() {
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy"), &mut all);
    let mut named = 0;
    for file in all {
        let text = fs::read_to_string(&file).unwrap();
        for (line, version) in versions(&text) {
            assert_eq!(version, env!("CARGO_PKG_VERSION"), "{}:{line}", file.display());
            named += 1;
        }
    }
    // In the file of compose alone there are four.
    assert!(named > 15, "{named}");
}
