//! How long a large report takes in each format, how large it is there, and what memory that needs.
//!
//! `cargo bench -p mrt-report --bench formats [-- CELLS]`: a night of a monorepo, 50,000 cells of which a tenth has a finding, against
//! itself. Each format is a process of its own, so that its memory is its own. Nothing here passes or fails; it prints figures.

#![allow(clippy::unwrap_used, missing_docs, dead_code)]

#[path = "../tests/formats/sample.rs"]
mod sample;

use std::fs;
use std::process::Command;
use std::time::Instant;

use mrt_report::problems::{Rules, found, github, gitlab, sarif, unsaid};
use mrt_report::{
    Digest, FailOn, Report, Style, comment, from_json, html, json, json_changes, json_with_ages, junit,
    step_summary, terminal,
};

const FORMATS: [&str; 12] = [
    "digest",
    "terminal",
    "json",
    "read json",
    "junit",
    "sarif",
    "github",
    "gitlab",
    "summary",
    "comment",
    "html",
    "changes",
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    match arguments.as_slice() {
        [cells, format] => measure(&sample::many(cells.parse().unwrap()), format),
        given => {
            let cells = given.first().map_or("50000", String::as_str);
            println!("{cells} cells\n{:<10} {:>8} {:>11} {:>9}", "format", "ms", "bytes", "peak MiB");
            for format in FORMATS {
                let program = std::env::current_exe().unwrap();
                assert!(Command::new(program).args([cells, format]).status().unwrap().success());
            }
        }
    }
}

fn measure(report: &Report, format: &str) {
    let text = if format == "read json" { json(report).unwrap() } else { String::new() };
    // From here on the peak is counted anew.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = peak();
    let start = Instant::now();
    let bytes = shown(report, format, &text);
    let ms = start.elapsed().as_millis();
    println!("{format:<10} {ms:>8} {bytes:>11} {:>9}", (peak() - before).div_ceil(1024));
}

fn shown(report: &Report, format: &str, text: &str) -> usize {
    if format == "read json" {
        return usize::from(from_json(text).unwrap() == *report) * text.len();
    }
    let digest = Digest::against(report, report);
    let rules = Rules::default();
    let problems = || found(&digest, &rules, |suite, file| format!("{suite}/{file}"));
    match format {
        "junit" => junit(&digest, FailOn::Fail).unwrap().len(),
        "json" => json_with_ages(&digest).unwrap().len(),
        "terminal" => terminal(&digest, &Style::default()).len(),
        "sarif" => sarif(&problems(), &unsaid(&digest)).unwrap().len(),
        "github" => github(&problems(), &unsaid(&digest)).len(),
        "gitlab" => gitlab(&problems()).unwrap().len(),
        "summary" => step_summary(&digest).len(),
        "comment" => comment(&digest).len(),
        "html" => html(&digest).unwrap().len(),
        "changes" => json_changes(&digest).unwrap().len(),
        _ => 0,
    }
}

/// The most memory that was in use, in KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
