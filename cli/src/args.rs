//! The command line: names and texts, apart from what they do.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};

const EXIT_CODES: &str = "\
Exit codes:
  0    everything that was asked for was checked, and nothing is wrong
  1    findings: a revision is wrong, or could not be tried because an earlier one is
  2    the command line or the settings are wrong, or nothing was selected
  3    the answer is not whole: infrastructure failed, or the run was interrupted
  130  a second Ctrl-C: stopped at once, without cleaning up";

const EXAMPLES: &str = "\
Examples:
  Check the project in this directory, on the targets that its mrt.toml names (SQLite when it names none):
    mrt-cli run

  Check on two targets; PostgreSQL is started in a container and removed afterwards:
    mrt-cli run services/shop --target sqlite --target postgres:16

  Use an environment that is there already, and look at the databases of what fails:
    mrt-cli run --python .venv/bin/python --keep

  In a merge request: only what is newer than the main branch's head, as a JUnit file:
    mrt-cli run --since 3f9a1c2b7d10 --format junit --output mrt.xml

  Start with an old chain: accept what is wrong today, so that only what is new counts:
    mrt-cli run --write-baseline";

/// Proves that rows and schema survive every migration and its rollback, on every database that you run.
///
/// For each Alembic revision and each target, mrt fills a database with rows, upgrades, writes more rows, downgrades and
/// upgrades again, and reports every row, value and schema object that did not survive.
#[derive(Debug, Parser)]
#[command(name = "mrt-cli", version, propagate_version = true, after_long_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check the revisions of a project and print the report.
    ///
    /// The report goes to standard output (or to --output); progress and everything else goes to standard error.
    #[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
    Run(Run),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// The project: a directory with an mrt.toml or an alembic.ini.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,

    /// Check this suite only; may be repeated.
    #[arg(long, value_name = "NAME", help_heading = "What to check")]
    pub(crate) suite: Vec<String>,

    /// Check every suite (the default).
    #[arg(long, conflicts_with = "suite", help_heading = "What to check")]
    pub(crate) all: bool,

    /// Check on this target instead of those of the settings: `sqlite`, `postgres:16`; may be repeated.
    #[arg(long, value_name = "TARGET", help_heading = "What to check")]
    pub(crate) target: Vec<String>,

    /// Check this revision only; may be repeated. What it needs is applied, and not judged.
    #[arg(long, value_name = "REV", help_heading = "What to check")]
    pub(crate) only: Vec<String>,

    /// Check only revisions that come after this one.
    #[arg(long, value_name = "REV", help_heading = "What to check")]
    pub(crate) since: Option<String>,

    /// Run the migrations with this Python, which has Alembic and the database drivers.
    #[arg(long, value_name = "INTERPRETER", help_heading = "How to check")]
    pub(crate) python: Option<PathBuf>,

    /// How many cells to check at the same time [default: the number of cores].
    #[arg(long, short, value_name = "N", help_heading = "How to check")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Time limit of one upgrade or downgrade: `30s`, `5m`.
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "How to check")]
    pub(crate) timeout: Option<Duration>,

    /// Which tables to fill with rows.
    #[arg(long, value_enum, default_value_t, help_heading = "How to check")]
    pub(crate) seed: Seed,

    /// Keep the databases of cells that do not pass; the report says how to reach them.
    #[arg(long, help_heading = "How to check")]
    pub(crate) keep: bool,

    /// The report's format.
    #[arg(long, value_enum, default_value_t, help_heading = "The report")]
    pub(crate) format: Format,

    /// Write the report to this file instead of standard output.
    #[arg(long, short, value_name = "FILE", help_heading = "The report")]
    pub(crate) output: Option<PathBuf>,

    /// A row for every revision in the terminal report, also for those that pass everywhere.
    #[arg(long, help_heading = "The report")]
    pub(crate) full: bool,

    /// From which verdict on the exit code is 1.
    #[arg(long, value_enum, value_name = "VERDICT", default_value_t, help_heading = "The report")]
    pub(crate) fail_on: FailOn,

    /// Accept what is found: write it to mrt-baseline.toml, beside the settings.
    ///
    /// Entries of cells that this run did not check stay; entries of what is no longer found are removed. The exit code
    /// of this run still counts what it found.
    #[arg(long, help_heading = "The report")]
    pub(crate) write_baseline: bool,

    /// When to use colours; NO_COLOR is respected.
    #[arg(long, value_enum, default_value_t, help_heading = "The report")]
    pub(crate) color: Color,

    /// Tell more: every finished cell, and the log at `info` (twice: `debug`). MRT_LOG sets the log apart.
    #[arg(long, short, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// No progress; only errors.
    #[arg(long, short, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

/// Which tables get rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Seed {
    /// Those that the revision can touch
    #[default]
    Touched,
    /// All of them, for the sceptic
    All,
}

/// The report's format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A matrix, then every finding in full
    #[default]
    Terminal,
    /// The JSON interface
    Json,
    /// JUnit XML
    Junit,
}

/// From which verdict on a run has findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Only what ordinary rows show
    #[default]
    Fail,
    /// Also what hangs on edge rows, and gaps
    Warn,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

fn duration(text: &str) -> Result<Duration, String> {
    let help = "give a time above zero, like `30s`, `5m` or `1h 30m`";
    // A bare number is seconds, as in most tools.
    let parsed = match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => text.parse::<jiff::SignedDuration>().ok().and_then(|d| Duration::try_from(d).ok()),
    };
    parsed.filter(|duration| !duration.is_zero()).ok_or_else(|| help.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn durations() {
        assert_eq!(duration("90").unwrap(), Duration::from_secs(90));
        assert_eq!(duration("5m").unwrap(), Duration::from_secs(300));
        assert_eq!(duration("1h 30m").unwrap(), Duration::from_secs(5400));
        for wrong in ["0", "0s", "-5s", "", "soon"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
