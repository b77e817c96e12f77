//! What can end a command early, and which exit code that is.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use mrt_bundle::BundleError;
use mrt_chain::graph::GraphError;
use mrt_chain::selection::SelectionError;
use mrt_chain::settings::{SettingsError, TargetError};
use mrt_coordinator::store::StoreError;
use mrt_lint::project::CheckError;
use mrt_lint::selection::SelectionError as ChoiceError;
use mrt_ops::Trouble;
use mrt_ops::connect::{CallError, ConnectError};
use mrt_report::{ReadError, RenderError, exit_code, printable};
use mrt_worker::agent::AgentError;
use mrt_worker::run::InterpreterError;

use crate::output::tell;

#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error("{message}")]
    Usage { message: String },
    #[error("cannot use {what} {}", path.display())]
    Path { what: &'static str, path: PathBuf, source: io::Error },
    #[error(transparent)]
    Interpreter(InterpreterError),
    #[error(transparent)]
    Settings(SettingsError),
    #[error(transparent)]
    Target(TargetError),
    #[error(transparent)]
    Selection(SelectionError),
    #[error("the log filter in MRT_LOG is wrong")]
    LogFilter(#[source] tracing_subscriber::filter::ParseError),
    #[error("cannot read the chain of suite {suite}")]
    Chain { suite: String, source: Box<GraphError> },
    #[error(
        "suite {suite} needs {}, which lies outside of {}: a worker would not have it; move mrt.toml up, or name a path inside",
        path.display(), root.display()
    )]
    Outside { suite: String, path: PathBuf, root: PathBuf },
    #[error(
        "{} is needed by suite {suite} and is named by an ignore file, so that a worker would not have it; take it out there, \
         or write `!/{}` into .mrtignore", path.display(), path.display()
    )]
    NotPacked { suite: String, path: PathBuf },
    #[error(
        "suite {suite} runs with {}, which is not sent to workers; let `python` name `requirements`, `packages` or a `project` \
         instead, or start the workers with --python", path.display()
    )]
    OwnPython { suite: String, path: PathBuf },
    #[error(
        "{} {} migrations of Django, which are read and not run: `mrt-cli check` reads them{}",
        crate::project::listed(suites),
        if suites.len() == 1 { "has" } else { "have" },
        if others.is_empty() { String::new() } else { format!("; to run the others, name them: `--suite {}`", others.join("`, `--suite ")) }
    )]
    DjangoSuite { suites: Vec<String>, others: Vec<String> },
    #[error(transparent)]
    Discovery(mrt_lint::django::DiscoveryError),
    #[error("no suite has changed since {reference}: nothing was checked")]
    Untouched { reference: String },
    #[error(transparent)]
    Bundle(BundleError),
    #[error("cannot run {command}")]
    Git { command: String, source: io::Error },
    #[error(
        "git does not know {reference}: {reason}; a clone need not have every branch: `git fetch` brings them"
    )]
    Reference { reference: String, reason: String },
    #[error(
        "there is no common history with {reference}; fetch more of it (`git fetch --unshallow`, or fetch-depth: 0)"
    )]
    NoCommonHistory { reference: String },
    #[error("{command} says: {reason}")]
    GitSays { command: String, reason: String },
    #[error(transparent)]
    Connect(ConnectError),
    #[error(transparent)]
    Call(Box<CallError>),
    #[error("run {run} was there, and is gone from the farm: its report cannot be had any more")]
    Gone { run: String, source: Box<CallError> },
    #[error("{problem}{}", crate::repro::listed(cells))]
    Cell { problem: String, cells: Vec<String> },
    #[error(
        "the project of run {run} is kept no more, so that it is not to be had from the farm; in a directory with the same \
         revisions `--here` checks those"
    )]
    BundleGone { run: String },
    #[error(transparent)]
    Report(ReadError),
    #[error("{} holds no report; `--format json` writes one", path.display())]
    Saved { path: PathBuf, source: ReadError },
    #[error("cannot write down what is submitted")]
    Encode(#[source] serde_json::Error),
    #[error("interrupted before the cell was checked")]
    Interrupted,
    #[error("cannot write down the project that comes from the farm")]
    Archive(#[source] io::Error),
    #[error("cannot keep the state of this run")]
    Store(#[source] StoreError),
    #[error("the coordinator in this process has ended early")]
    Serve(#[source] tonic::transport::Error),
    #[error(transparent)]
    Check(CheckError),
    #[error(transparent)]
    Choice(ChoiceError),
    #[error(transparent)]
    Agent(AgentError),
    #[error("cannot start the runtime")]
    Runtime(#[source] io::Error),
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
    #[error(transparent)]
    Render(RenderError),
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot write the report to standard output")]
    Stdout(#[source] io::Error),
}

impl CliError {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into() }
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. }
            | Self::Path { .. }
            | Self::Interpreter(_)
            | Self::Settings(_)
            | Self::Target(_)
            | Self::Selection(_)
            | Self::Choice(_)
            | Self::Chain { .. }
            | Self::Outside { .. }
            | Self::NotPacked { .. }
            | Self::OwnPython { .. }
            | Self::DjangoSuite { .. }
            | Self::Discovery(_)
            | Self::Untouched { .. }
            | Self::Bundle(_)
            | Self::Git { .. }
            | Self::Reference { .. }
            | Self::NoCommonHistory { .. }
            | Self::GitSays { .. }
            | Self::Saved { .. }
            | Self::Cell { .. }
            | Self::LogFilter(_) => exit_code::USAGE,
            Self::Connect(error) => of(error.trouble()),
            Self::Call(error) => of(error.trouble()),
            Self::Agent(error) => of(error.trouble()),
            Self::Runtime(_)
            | Self::Signals(_)
            | Self::Render(_)
            | Self::Check(_)
            | Self::Gone { .. }
            | Self::BundleGone { .. }
            | Self::Report(_)
            | Self::Encode(_)
            | Self::Archive(_)
            | Self::Interrupted
            | Self::Store(_)
            | Self::Serve(_)
            | Self::Write { .. }
            | Self::Stdout(_) => exit_code::INCOMPLETE,
        }
    }
}

fn of(trouble: Trouble) -> u8 {
    match trouble {
        Trouble::Usage => exit_code::USAGE,
        Trouble::Infrastructure => exit_code::INCOMPLETE,
    }
}

/// What somebody else has told of a failure: what happened, and then what it comes from.
pub(crate) fn print_causes(causes: &[String]) {
    let mut causes = causes.iter();
    let first = causes.next().map_or("a column cannot be checked", String::as_str);
    let mut text = format!("error: {}\n", indented(first));
    for cause in causes {
        text.push_str(&format!("  caused by: {}\n", indented(cause)));
    }
    tell(text.trim_end());
}

/// The error and everything that it comes from, one line each.
pub(crate) fn print(error: &CliError) {
    tell(text(error).trim_end());
}

fn text(error: &dyn Error) -> String {
    let mut text = format!("error: {}\n", indented(&error.to_string()));
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!("  caused by: {}\n", indented(&cause.to_string())));
        source = cause.source();
    }
    text
}

/// Further lines of a message stand below its first; what a server or a migration said is made harmless.
fn indented(message: &str) -> String {
    let lines: Vec<_> = message.trim_end().lines().map(printable).collect();
    lines.join("\n    ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_causes() {
        let error = CliError::Stdout(io::Error::other("pipe\n\x1b[2Jgone"));
        assert_eq!(
            text(&error),
            "error: cannot write the report to standard output\n  caused by: pipe\n    \\u{1b}[2Jgone\n"
        );
        assert_eq!(error.exit_code(), 3);
    }
}
