//! Programs of others: `readers.py` has them read a report.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The exit code of a script that lacks a package.
const LACKS: i32 = 3;

/// What a part of `readers.py` finds in a text, or what it says is wrong with it; `None` where it cannot run here.
pub(crate) fn reader(part: &str, text: &str) -> Option<Result<String, String>> {
    let python = std::env::var_os("MRT_TEST_PYTHON").filter(|path| !path.is_empty()).map(PathBuf::from);
    let skipped = |why: &str| {
        let thread = std::thread::current();
        eprintln!("SKIPPED: {} ({why})", thread.name().unwrap_or("a test"));
    };
    let Some(python) = python else {
        skipped("MRT_TEST_PYTHON is not set");
        return None;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/readers.py");
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
