//! `mrt-cli`: what a person types.

mod args;
mod baseline;
mod error;
mod here;
mod interrupt;
mod logging;
mod output;
mod progress;
mod project;
mod run;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command};

fn main() -> ExitCode {
    // clap ends with 2 on a wrong command line, which is our `exit_code::USAGE`.
    let args = Args::parse();
    let result = match args.command {
        Command::Run(arguments) => run::command(&arguments),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            error::print(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
