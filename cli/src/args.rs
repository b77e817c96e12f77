//! The command line: names and texts, apart from what they do.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use mrt_lint::Severity;
use mrt_ops::connect::Connection;
use mrt_ops::values::duration;

use crate::origin;

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

  Check on three targets; servers are started in containers and removed afterwards:
    mrt-cli run services/shop --target sqlite --target postgres:16 --target mysql:8.4

  Use an environment that is there already, and look at the databases of what fails:
    mrt-cli run --python .venv/bin/python --keep

  In a merge request: only what is newer than the main branch's head, as a JUnit file:
    mrt-cli run --since 3f9a1c2b7d10 --format junit --output mrt.xml

  Start with an old chain: accept what is wrong today, so that only what is new counts:
    mrt-cli run --write-baseline";

const CHECK_EXAMPLES: &str = "\
Examples:
  What the revisions' texts tell, for the targets that mrt.toml names:
    mrt-cli check

  In a pipeline, before the databases: what is certain alone, as JSON:
    mrt-cli check --target postgres:16 --format json --output check.json

  Before a commit: what the change brings, whatever old revisions are like:
    mrt-cli check --since-git origin/main

  Start with an old chain: accept what is found today, so that only what is new counts:
    mrt-cli check --update-baseline

  Leave one rule and one family out, and take another one seriously ([check] in mrt.toml does it for everybody, or for some files):
    mrt-cli check --ignore MRT407 --ignore MRT9 --severity MRT303=error

  What a code means:
    mrt-cli check --explain MRT201";

const CHECK_EXIT_CODES: &str = "\
Exit codes:
  0  every file was read, and nothing is found that counts (see --fail-on) and is not accepted
  1  findings
  2  the command line or the settings are wrong, or there is no revision, or none that --since leaves
  3  the report could not be written";

const TARGETS_EXAMPLES: &str = "\
Examples:
  What can be checked on here:
    mrt-cli targets

  In a pipeline: go on only where both can be had:
    mrt-cli targets mysql:8.4 mariadb:11.8 && mrt-cli run";

const TARGETS_EXIT_CODES: &str = "\
Exit codes:
  0    the list is printed, and every target that was named can be had
  2    a target that was named is not known
  3    a target that was named cannot be had here";

const SUBMIT_EXAMPLES: &str = "\
Examples:
  Check the project in this directory on the farm, on two targets:
    mrt-cli submit --coordinator https://farm:7440 --target sqlite --target postgres:16

  In a merge request: the suites that it touches, before the nightly:
    mrt-cli submit --since origin/main --priority 10 --cancel-on-interrupt

  Send it and go; look later:
    RUN=$(mrt-cli submit --detach)
    mrt-cli watch $RUN --format junit --output mrt.xml

MRT_COORDINATOR stands for --coordinator. A token stands in MRT_TOKEN, or in the file that --token-file names.";

const REPORT_EXAMPLES: &str = "\
Examples:
  What a run on the farm has found so far:
    mrt-cli report 4711

  A page to look at and to send around, of a report that was kept:
    mrt-cli report nightly.json --format html --output nightly.html

  On GitHub, after `mrt-cli run --output json=mrt.json`: the summary of the step, and a file for code scanning:
    mrt-cli report mrt.json --format summary --output sarif=mrt.sarif >>\"$GITHUB_STEP_SUMMARY\"";

const REPRO_EXAMPLES: &str = "\
Examples:
  The nightly says that a1b2 fails on postgres:15: see it, and look around in the database until Enter takes it away:
    mrt-cli repro 4711 a1b2@postgres:15 --coordinator https://farm:7440

  Have the project as it was sent, and leave everything there:
    mrt-cli repro 4711 shop/a1b2@sqlite --directory a1b2 --keep

  Has it been mended? The same cell, of the project in this directory:
    mrt-cli repro 4711 a1b2@sqlite --here

  Of a report that was kept, in the project's directory:
    mrt-cli repro nightly.json a1b2@sqlite";

const REPRO_EXIT_CODES: &str = "\
Exit codes:
  0    the cell passes here
  1    it does not: what was found is shown
  2    the command line or the settings are wrong, or no cell, or more than one, is called so
  3    there is no answer: infrastructure failed, the project is not to be had, or Ctrl-C came before it
  130  a second Ctrl-C: stopped at once, without cleaning up";

const DIFF_EXAMPLES: &str = "\
Examples:
  What last night has brought:
    mrt-cli diff monday.json tuesday.json

  The same of two runs on a farm:
    mrt-cli diff 4711 4712";

const DIFF_EXIT_CODES: &str = "\
Exit codes:
  0  nothing is newly wrong
  1  something is that was not: a finding (see --fail-on), or a revision that cannot be tried any more
  2  the command line is wrong, or a file holds no report
  3  a report could not be had";

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
    /// Check the revisions of a project on this machine and print the report.
    ///
    /// The report goes to standard output (or to --output); progress and everything else goes to standard error.
    #[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
    Run(Run),

    /// Check the revisions of a project as text, without a database, in seconds.
    ///
    /// Says what is certain to be lost or to fail when a revision is rolled back, and what somebody should look at. `run` proves it
    /// with real rows.
    #[command(after_long_help = format!("{CHECK_EXAMPLES}\n\n{CHECK_EXIT_CODES}"))]
    Check(CheckRevisions),

    /// Check the revisions of a project on a farm and print the report.
    ///
    /// Sends the project's files to the coordinator as far as it lacks them (less what git ignores and .mrtignore names), follows
    /// the run and prints its report, which is the one that `run` would have printed.
    #[command(after_long_help = format!("{SUBMIT_EXAMPLES}\n\n{EXIT_CODES}"))]
    Submit(Box<Submit>),

    /// Follow a run on a farm to its end and print its report.
    #[command(after_long_help = EXIT_CODES)]
    Watch(Watch),

    /// Print the report of a run on a farm, as far as it is, or show one that was kept as JSON in another format.
    ///
    /// Formats that name files for others name them from the top of the repository when this runs in the project's directory.
    #[command(after_long_help = format!("{REPORT_EXAMPLES}\n\n{EXIT_CODES}"))]
    Report(ReportOf),

    /// Say what is different between two reports: what is newly wrong, and what is fixed.
    ///
    /// Findings are the same ones by suite, revision, target, kind and object, whatever words they are told in. One that is gone is fixed
    /// only where its cell was judged again and would have shown it.
    #[command(after_long_help = format!("{DIFF_EXAMPLES}\n\n{DIFF_EXIT_CODES}"))]
    Diff(Diff),

    /// See with your own eyes what a cell of a report has found: check it here, step by step, up to where it fails.
    ///
    /// Gets the project of that cell as it was sent to the farm, checks the one revision on the one target as `run --only` would, and
    /// then does it once more with exactly the rows on which the gravest finding hangs, only as far as that shows. Says on standard
    /// output what was done, what was found and how to connect to the database, and waits until Enter (or the end of standard input)
    /// before it takes all of it away.
    #[command(after_long_help = format!("{REPRO_EXAMPLES}\n\n{REPRO_EXIT_CODES}"))]
    Repro(Repro),

    /// End a run on a farm: what is not done ends as `error`.
    Cancel(Cancel),

    /// List the runs of a farm, the latest first.
    Runs(Runs),

    /// List the databases that can be checked on from here, and what is missing for the others.
    ///
    /// Every engine, in the versions that people choose among and those whose images are here: whether a container of it can be
    /// started at once, after its image is pulled, or not at all, and why. Nothing is pulled or started. A server that is there
    /// already needs none of this: give its target a `url` in mrt.toml.
    #[command(after_long_help = format!("{TARGETS_EXAMPLES}\n\n{TARGETS_EXIT_CODES}"))]
    Targets(Targets),
}

/// Which cells.
#[derive(Debug, clap::Args)]
pub(crate) struct Select {
    /// The project: a directory with an mrt.toml, an alembic.ini or (to read it) a manage.py, or such a file itself, whatever it is called.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,

    /// Check this suite only; may be repeated.
    #[arg(long, value_name = "NAME", help_heading = "What to check")]
    pub(crate) suite: Vec<String>,

    /// Check every suite (the default).
    #[arg(long, conflicts_with = "suite", help_heading = "What to check")]
    pub(crate) all: bool,

    /// Check on this target instead of those of the settings: `sqlite`, `postgres:16`, `mysql:8.4`, `mariadb:11.8`, `mssql:2022`, `oracle:23`; may be repeated.
    #[arg(long, value_name = "TARGET", help_heading = "What to check")]
    pub(crate) target: Vec<String>,

    /// Check this revision only; may be repeated. What it needs is applied, and not judged. Suites without it are left out.
    #[arg(long, value_name = "REV", help_heading = "What to check")]
    pub(crate) only: Vec<String>,
}

/// How they are checked, wherever that is.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// Time limit of one upgrade or downgrade: `30s`, `5m`.
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "How to check")]
    pub(crate) timeout: Option<Duration>,

    /// Which tables to fill with rows.
    #[arg(long, value_enum, default_value_t, help_heading = "How to check")]
    pub(crate) seed: Seed,
}

/// What the report looks like.
#[derive(Debug, clap::Args)]
pub(crate) struct Shown {
    /// The report's format.
    #[arg(long, value_enum, default_value_t, help_heading = "The report")]
    pub(crate) format: Format,

    /// Write the report to this file instead of standard output; with a format, as in `html=FILE`, write one more; may be repeated.
    #[arg(long, short, value_name = "[FORMAT=]FILE", help_heading = "The report")]
    pub(crate) output: Vec<PathBuf>,

    /// Say what is new, known and fixed since this report, a file that `--output json=FILE` has written.
    #[arg(long, value_name = "FILE", help_heading = "The report")]
    pub(crate) against: Option<PathBuf>,

    /// A row for every revision in the terminal report, also for those that pass everywhere.
    #[arg(long, help_heading = "The report")]
    pub(crate) full: bool,

    /// From which verdict on the exit code is 1.
    #[arg(long, value_enum, value_name = "VERDICT", default_value_t, help_heading = "The report")]
    pub(crate) fail_on: FailOn,
}

/// What the report of a run on a farm is compared with.
#[derive(Debug, clap::Args)]
pub(crate) struct Against {
    /// Compare with what the cells were when they were judged last in runs labelled `branch=NAME` [default: the branch that a pull
    /// request goes into, in its CI job; otherwise the run's own].
    #[arg(long, value_name = "NAME", conflicts_with = "against", help_heading = "The report")]
    against_branch: Option<String>,
}

impl Against {
    /// The branch; nothing for the run's own.
    pub(crate) fn branch(&self) -> Option<String> {
        self.against_branch.clone().or_else(origin::goes_into)
    }
}

/// Who is told when a run has ended.
#[derive(Debug, clap::Args)]
pub(crate) struct Notify {
    /// Send what the run came to, as JSON that Slack and those like it take, to this address when it has ended. Whoever knows the
    /// address can write there: keep it in MRT_NOTIFY, since everybody on the machine can read a command line.
    #[arg(long, value_name = "URL", env = "MRT_NOTIFY", hide_env_values = true, help_heading = "The report")]
    pub(crate) notify: Option<String>,

    /// Where that says that there is more to read [default: the job, where a CI system names it; otherwise the run's page].
    #[arg(long, value_name = "URL", env = "MRT_NOTIFY_LINK", help_heading = "The report")]
    pub(crate) notify_link: Option<String>,
}

/// What is said on standard error.
#[derive(Debug, clap::Args)]
pub(crate) struct Talk {
    /// When to use colours; NO_COLOR is respected.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) color: Color,

    /// Tell more: every finished cell, and the log at `info` (twice: `debug`). MRT_LOG sets the log apart.
    #[arg(long, short, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// No progress; only errors.
    #[arg(long, short, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

/// What an interruption means while a run on a farm is followed.
#[derive(Debug, clap::Args)]
pub(crate) struct Follow {
    /// Ctrl-C or SIGTERM cancels the run. Otherwise Ctrl-C at a terminal asks, and without an answer the run goes on.
    #[arg(long, help_heading = "The farm")]
    pub(crate) cancel_on_interrupt: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) select: Select,

    /// Check only revisions that come after this one.
    #[arg(long, value_name = "REV", help_heading = "What to check")]
    pub(crate) since: Option<String>,

    #[command(flatten)]
    pub(crate) check: Check,

    /// Run the migrations with this Python, which has Alembic and the database drivers.
    #[arg(long, value_name = "INTERPRETER", help_heading = "How to check")]
    pub(crate) python: Option<PathBuf>,

    /// How many cells to check at the same time [default: the number of cores].
    #[arg(long, short, value_name = "N", help_heading = "How to check")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Keep the databases of cells that do not pass; the report says how to reach them.
    #[arg(long, help_heading = "How to check")]
    pub(crate) keep: bool,

    #[command(flatten)]
    pub(crate) shown: Shown,

    #[command(flatten)]
    pub(crate) notify: Notify,

    /// Accept what is found: write it to mrt-baseline.toml, beside the settings.
    ///
    /// Entries of cells that this run did not check stay; entries of what is no longer found are removed. The exit code
    /// of this run still counts what it found.
    #[arg(long, help_heading = "The report")]
    pub(crate) write_baseline: bool,

    #[command(flatten)]
    pub(crate) talk: Talk,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CheckRevisions {
    #[command(flatten)]
    pub(crate) select: Select,

    /// Tell only of revisions that come after this one.
    ///
    /// All are read all the same: what earlier ones say of the schema counts. Several heads are told of where one of them comes after
    /// it. When no revision does, nothing is checked, and the exit code is 2.
    #[arg(long, value_name = "REV", help_heading = "What to check")]
    pub(crate) since: Option<String>,

    /// Tell only of revisions whose files have changed since the present branch left this one (`origin/main`, any git reference).
    ///
    /// A change need not be committed; a file that is new or has another name has changed. All are read all the same. Several heads are
    /// told of where a changed file makes one, or where a file is gone that may have joined them, and revisions that are no chain always.
    /// A change that touches no revision is the usual case and no mistake: that is said, and the exit code is 0.
    #[arg(long, value_name = "GIT-REF", help_heading = "What to check")]
    pub(crate) since_git: Option<String>,

    /// Look for this alone: a code (`MRT201`) or the beginning of a family (`MRT2`); may be repeated.
    ///
    /// It wins over what `[check]` in mrt.toml selects and ignores. Of several codes that fit the longest counts.
    #[arg(long = "select", value_name = "CODE", help_heading = "What to look for")]
    pub(crate) select_rules: Vec<String>,

    /// Do not look for this, beside what the settings ignore; may be repeated.
    #[arg(long, value_name = "CODE", help_heading = "What to look for")]
    pub(crate) ignore: Vec<String>,

    /// How heavy findings of a code or family are, however certain: `MRT303=error`, or `warning`, or `note`; may be repeated.
    #[arg(long, value_name = "CODE=SEVERITY", value_parser = graded, help_heading = "What to look for")]
    pub(crate) severity: Vec<(String, Severity)>,

    /// Look also for what breaks the version before, while it still runs beside the new one (`MRT7`).
    #[arg(long, help_heading = "What to look for")]
    pub(crate) rolling: bool,

    /// Say what a code means, with an example that it flags and one that it does not, and end.
    #[arg(long, value_name = "CODE", help_heading = "What to look for")]
    pub(crate) explain: Option<String>,

    /// The report's format.
    #[arg(long, value_enum, default_value_t, help_heading = "The report")]
    pub(crate) format: CheckFormat,

    /// Write the report to this file instead of standard output.
    #[arg(long, short, value_name = "FILE", help_heading = "The report")]
    pub(crate) output: Option<PathBuf>,

    /// From which severity on the exit code is 1.
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t, help_heading = "The report")]
    pub(crate) fail_on: CheckFailOn,

    /// Accept what is found: write it to mrt-baseline.toml, beside the settings.
    ///
    /// Entries go by revision, code and object, not by line. Those of what is no longer found are removed, those that `run
    /// --write-baseline` wrote stay. The exit code still counts what was found and was not accepted before.
    #[arg(
        long,
        conflicts_with_all = ["only", "target", "since", "since_git", "select_rules", "ignore", "watch"],
        help_heading = "The report"
    )]
    pub(crate) update_baseline: bool,

    /// Check again whenever a revision, the settings or the baseline changes, until Ctrl-C.
    ///
    /// A terminal is cleared before each result; elsewhere a line on standard error names what has changed. Settings that are broken are
    /// told of, and watching goes on. The exit code is that of the last result.
    #[arg(long, help_heading = "The report")]
    pub(crate) watch: bool,

    #[command(flatten)]
    pub(crate) talk: Talk,
}

/// The format of what `check` reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// Every finding with its line of source
    #[default]
    Text,
    /// An object with a list of findings
    Json,
    /// SARIF 2.1.0, for code scanning and editors
    Sarif,
    /// Commands of GitHub's workflows, which show findings beside the lines
    Github,
    /// GitLab's report of code quality
    Gitlab,
    /// JUnit XML, a case for each revision
    Junit,
}

/// From which severity on `check` has findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFailOn {
    /// Only what is certain, or is called an error
    #[default]
    Error,
    /// Also what somebody should look at
    Warning,
    /// Everything
    Note,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Submit {
    #[command(flatten)]
    pub(crate) select: Select,

    /// Check only suites that were touched since the present branch left this one (`origin/main`, any git reference).
    ///
    /// A suite is touched when a file has changed, committed or not, that lies in its directory, that its settings name, or that
    /// lies in no suite's directory, like code that suites share. Where none is, nothing is checked, and the exit code is 2.
    #[arg(long, value_name = "GIT-REF", help_heading = "What to check")]
    pub(crate) since: Option<String>,

    /// Check only revisions that come after this one.
    #[arg(long, value_name = "REV", help_heading = "What to check")]
    pub(crate) since_revision: Option<String>,

    #[command(flatten)]
    pub(crate) check: Check,

    #[command(flatten, next_help_heading = "The farm")]
    pub(crate) connection: Connection,

    /// Higher goes first: give a pull request more than the nightly.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true,
        help_heading = "The farm"
    )]
    pub(crate) priority: i32,

    /// How long to wait for a worker that serves a target before its cells end as `error`.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10m", help_heading = "The farm")]
    pub(crate) patience: Duration,

    /// For people: `team=billing`; may be repeated. `mrt-cli runs` shows it. `branch` and `commit` are set where CI or git says them; what
    /// was found is compared with earlier runs of the same `branch`.
    #[arg(long, value_name = "NAME=VALUE", value_parser = label, help_heading = "The farm")]
    pub(crate) label: Vec<(String, String)>,

    /// Do not follow the run: print its name and end.
    #[arg(long, conflicts_with_all = ["output", "format", "against", "against_branch", "cancel_on_interrupt"], help_heading = "The farm")]
    pub(crate) detach: bool,

    #[command(flatten)]
    pub(crate) follow: Follow,

    #[command(flatten)]
    pub(crate) shown: Shown,

    #[command(flatten)]
    pub(crate) against: Against,

    #[command(flatten)]
    pub(crate) notify: Notify,

    #[command(flatten)]
    pub(crate) talk: Talk,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Watch {
    /// The run.
    pub(crate) run: String,

    #[command(flatten, next_help_heading = "The farm")]
    pub(crate) connection: Connection,

    #[command(flatten)]
    pub(crate) follow: Follow,

    #[command(flatten)]
    pub(crate) shown: Shown,

    #[command(flatten)]
    pub(crate) against: Against,

    #[command(flatten)]
    pub(crate) notify: Notify,

    #[command(flatten)]
    pub(crate) talk: Talk,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReportOf {
    /// The run, or a file that `--output json=FILE` has written.
    #[arg(value_name = "RUN|FILE")]
    pub(crate) run: String,

    #[command(flatten, next_help_heading = "The farm")]
    pub(crate) connection: Connection,

    #[command(flatten)]
    pub(crate) shown: Shown,

    #[command(flatten)]
    pub(crate) against: Against,

    #[command(flatten)]
    pub(crate) talk: Talk,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Repro {
    /// The run in whose report the cell is, or a file that `--output json=FILE` has written.
    #[arg(value_name = "RUN|FILE")]
    pub(crate) run: String,

    /// The cell: `REVISION`, `REVISION@TARGET` or `SUITE/REVISION@TARGET`. A revision may be cut short.
    #[arg(value_name = "CELL")]
    pub(crate) cell: String,

    /// Check the project in the current directory, instead of the one that was sent. Of a report in a file it always is.
    #[arg(long, help_heading = "What to check")]
    pub(crate) here: bool,

    /// Put the project that was sent into this directory, which is new or empty, and leave it there.
    #[arg(long, value_name = "DIR", conflicts_with = "here", help_heading = "What to check")]
    pub(crate) directory: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) check: Check,

    /// Run the migrations with this Python, which has Alembic and the database drivers.
    #[arg(long, value_name = "INTERPRETER", help_heading = "How to check")]
    pub(crate) python: Option<PathBuf>,

    /// Do not wait: leave server, database and project where they are, and say how to remove them.
    #[arg(long, help_heading = "How to check")]
    pub(crate) keep: bool,

    #[command(flatten, next_help_heading = "The farm")]
    pub(crate) connection: Connection,

    #[command(flatten)]
    pub(crate) talk: Talk,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// The report before: a file that `--output json=FILE` has written, or a run on a farm.
    #[arg(value_name = "OLD")]
    pub(crate) old: String,

    /// The report after: the same.
    #[arg(value_name = "NEW")]
    pub(crate) new: String,

    /// How the difference is shown.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: DiffFormat,

    /// From which verdict on something new makes the exit code 1.
    #[arg(long, value_enum, value_name = "VERDICT", default_value_t)]
    pub(crate) fail_on: FailOn,

    #[command(flatten, next_help_heading = "The farm")]
    pub(crate) connection: Connection,

    #[command(flatten)]
    pub(crate) talk: Talk,
}

/// The format of a difference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// What is new in full, what is gone in a line each
    #[default]
    Terminal,
    /// An object with lists of what is new, known, fixed and not judged again
    Json,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Cancel {
    /// The run.
    pub(crate) run: String,

    #[command(flatten, next_help_heading = "The farm")]
    pub(crate) connection: Connection,

    #[command(flatten)]
    pub(crate) talk: Talk,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Runs {
    /// How many at most.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: u32,

    /// The list's format.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: RunsFormat,

    #[command(flatten, next_help_heading = "The farm")]
    pub(crate) connection: Connection,

    #[command(flatten)]
    pub(crate) talk: Talk,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Targets {
    /// These only: `sqlite`, `mysql:8.4`.
    #[arg(value_name = "TARGET")]
    pub(crate) target: Vec<String>,

    /// The list's format.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: TargetsFormat,

    #[command(flatten)]
    pub(crate) talk: Talk,
}

/// The format of the list of targets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TargetsFormat {
    /// A table
    #[default]
    Terminal,
    /// An object with a list of targets
    Json,
}

/// The format of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunsFormat {
    /// A table
    #[default]
    Terminal,
    /// An object with a list of runs
    Json,
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
    /// JUnit XML, a case for each cell
    Junit,
    /// SARIF 2.1.0, for code scanning and editors
    Sarif,
    /// Commands of GitHub's workflows, which show findings beside the lines
    Github,
    /// GitLab's report of code quality
    Gitlab,
    /// Markdown of up to 1 MB, for $GITHUB_STEP_SUMMARY
    Summary,
    /// Markdown of up to 64 kB, for a comment on a pull or merge request
    Comment,
    /// One page to look at, which needs nothing else: matrix, filters, findings with all that shows them
    Html,
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

fn graded(text: &str) -> Result<(String, Severity), String> {
    let (code, severity) = text.split_once('=').ok_or("give a code and its severity, like `MRT303=error`")?;
    Ok((code.to_owned(), severity.parse()?))
}

fn label(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("give a name and a value, like `branch=main`")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }
}
