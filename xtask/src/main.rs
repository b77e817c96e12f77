//! What people do to this repository: `cargo xtask test`, `images`, `manifests`, `corpus`, `real`, `mutants`, `bench`, `fuzz`,
//! `chaos`, `compose`.

mod bench;
mod chaos;
mod compose;
mod corpus;
mod docker;
mod fuzz;
mod images;
mod manifests;
mod mutants;
mod plain;
mod plugins;
mod process;
mod python;
mod real;
mod servers;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use process::Problem;

/// What people do to this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", max_term_width = 100)]
enum Task {
    /// Provide the images that tests run on: databases, and the Debian that the product's own images stand on
    ///
    /// Official images where a registry can be reached, else stand-ins made from Debian's packages. Needs Docker,
    /// and for stand-ins root on Debian or Ubuntu.
    Images {
        /// Provide this image alone (`postgres:15`); may be given several times
        #[arg(long)]
        only: Vec<String>,
        /// Build stand-ins without asking a registry, in place of what is there
        #[arg(long)]
        stand_in: bool,
    },
    /// Provide everything that tests need, and leave it at that
    Setup,
    /// Check everything: formatting, lints, documentation, licences, tests
    Test {
        /// Without containers, Python and setup; what needs them is skipped
        #[arg(long)]
        quick: bool,
    },
    /// Render the manifests of `deploy/` and validate them, and the templates for CI systems
    Manifests,
    /// Run the corpus of known bugs and their correct twins, and say what was found, missed and found in error
    Corpus(corpus::Arguments),
    /// Check real chains from PyPI: every cell judged, the same report twice
    Real(real::Arguments),
    /// Plant one mutant in each of many real revisions, and count those that are found
    Mutants(mutants::Arguments),
    /// Read any bytes as a revision, without a crash
    ///
    /// The fuzzer of LLVM, which needs a C++ compiler. An input that crashes is left in target/xtask/fuzz.
    Fuzz(fuzz::Arguments),
    /// Let processes, networks, disks and clocks of a farm fail, and see that its report is that of a single process
    Chaos(chaos::Arguments),
    /// Build the product's images, and hold the report of deploy/compose.yaml's farm against that of a single process
    Compose(compose::Arguments),
    /// Measure
    #[command(subcommand)]
    Bench(bench::Bench),
}

fn main() -> ExitCode {
    let outcome = match Task::parse() {
        Task::Images { only, stand_in } => images::provide(&only, stand_in).map(|()| ExitCode::SUCCESS),
        Task::Setup => test::setup_alone().map(exit_code),
        Task::Test { quick } => test::run(quick),
        Task::Manifests => manifests::run().map(|()| ExitCode::SUCCESS),
        Task::Corpus(arguments) => corpus::run(&arguments).map(exit_code),
        Task::Real(arguments) => real::run(&arguments).map(exit_code),
        Task::Mutants(arguments) => mutants::run(&arguments).map(exit_code),
        Task::Fuzz(arguments) => fuzz::run(&arguments).map(|()| ExitCode::SUCCESS),
        Task::Chaos(arguments) => chaos::run(&arguments).map(exit_code),
        Task::Compose(arguments) => compose::run(&arguments).map(exit_code),
        Task::Bench(bench) => bench::run(&bench).map(exit_code),
    };
    outcome.unwrap_or_else(|problem| {
        eprintln!("error: {}", process::with_causes(&problem));
        ExitCode::FAILURE
    })
}

fn exit_code(as_expected: bool) -> ExitCode {
    if as_expected { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The repository.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or(here.clone(), PathBuf::from)
}

/// A place for what tasks keep, made when it is not there.
fn workshop() -> Result<PathBuf, Problem> {
    let dir = root().join("target/xtask");
    std::fs::create_dir_all(&dir).map_err(|source| Problem::File { path: dir.clone(), source })?;
    Ok(dir)
}
