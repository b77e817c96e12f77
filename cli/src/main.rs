//! `mrt-cli`: what a person types.

mod args;
mod baseline;
mod check;
mod diff;
mod error;
mod farm;
mod interrupt;
mod local;
mod logging;
mod notify;
mod origin;
mod output;
mod places;
mod progress;
mod project;
mod repro;
mod run;
mod runs;
mod saved;
mod screen;
mod submission;
mod submit;
mod targets;
mod touched;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command};

/// `check` makes and drops many small values on several threads; it takes a sixth less time by this one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // clap ends with 2 on a wrong command line, which is our `exit_code::USAGE`.
    let args = Args::parse();
    let result = match args.command {
        Command::Run(arguments) => run::command(&arguments),
        Command::Submit(arguments) => submit::command(&arguments),
        Command::Watch(arguments) => runs::watch(&arguments),
        Command::Report(arguments) => runs::report(&arguments),
        Command::Repro(arguments) => repro::command(&arguments),
        Command::Diff(arguments) => diff::command(&arguments),
        Command::Cancel(arguments) => runs::cancel(&arguments),
        Command::Runs(arguments) => runs::runs(&arguments),
        Command::Check(arguments) => check::command(&arguments),
        Command::Targets(arguments) => targets::command(&arguments),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            error::print(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
