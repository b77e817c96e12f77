//! `cargo xtask fuzz`: any bytes for a revision file, steered by what they reach in the code.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{self, Problem, command};
use crate::{corpus, root, workshop};

/// For how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Seconds to go on for.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Run these inputs alone, as one that has crashed.
    input: Vec<PathBuf>,
}

/// What the compiler is told so that the fuzzer sees which way an input takes; a stable compiler knows it, too.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares";

/// A minute of it, as a stage of the tests.
pub(crate) fn check() -> Result<(), Problem> {
    run(&Arguments { seconds: 60, input: Vec::new() })
}

/// Builds the target and runs it: an error is an input that crashes, hangs or takes too much memory.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let program = built()?;
    let workshop = workshop()?.join("fuzz");
    let (seeds, found) = (workshop.join("seeds"), workshop.join("found"));
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| Problem::File { path, source }
    };
    for directory in [&seeds, &found] {
        fs::create_dir_all(directory).map_err(file(directory))?;
    }
    let corpus = root().join("corpus");
    for (revision, from) in corpus::cases(&corpus)?.into_iter().flat_map(|case| case.revisions) {
        let from = corpus.join(from);
        fs::copy(&from, seeds.join(revision)).map_err(file(&from))?;
    }
    let mut fuzz = command(&program.to_string_lossy(), ["-timeout=20", "-rss_limit_mb=4096", "-verbosity=0"]);
    // Where an input that crashes is left.
    fuzz.arg(format!("-artifact_prefix={}/", workshop.display()));
    if arguments.input.is_empty() {
        let time = format!("-max_total_time={}", arguments.seconds);
        fuzz.args([time.as_str(), "-max_len=16384", "-print_final_stats=1"]).arg(&found).arg(&seeds);
    } else {
        fuzz.args(&arguments.input);
    }
    process::run(fuzz.current_dir(&workshop))
}

/// The target, built as the fuzzer needs it. With a triple named, nothing that only runs at build time is built so.
fn built() -> Result<PathBuf, Problem> {
    let compiler = process::read(&mut command("rustc", ["-vV"]))?;
    let host = compiler.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or_else(|| Problem::unusable("rustc does not say for which machine it compiles"))?;
    if !process::is_installed("c++") && process::can_install() {
        process::install(&["g++"])?;
    }
    let target = workshop()?.join("fuzz/target");
    let directory = target.to_string_lossy();
    // What it shares with the workspace it takes in the same version.
    let (from, to) = (root().join("Cargo.lock"), root().join("lint/fuzz/Cargo.lock"));
    fs::copy(&from, &to).map_err(|source| Problem::File { path: to, source })?;
    let arguments = ["build", "--quiet", "--release", "--target", host, "--target-dir", &directory];
    let mut cargo = command("cargo", arguments);
    process::run(cargo.current_dir(root().join("lint/fuzz")).env("RUSTFLAGS", FLAGS))?;
    Ok(target.join(host).join("release/revision"))
}
