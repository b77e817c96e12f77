//! `mrt-cli run`: check a project in this process.

use std::io::IsTerminal as _;
use std::num::NonZeroUsize;

use indicatif::MultiProgress;
use mrt_chain::selection::Wanted;
use mrt_chain::settings::{Project, Suite};
use mrt_report::{Outcome, Report, Style, exit_code};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::args::{Color, FailOn, Format, Run, Seed};
use crate::error::CliError;
use crate::here::{self, Options};
use crate::output::{Output, tell};
use crate::progress::{self, Mode};
use crate::{baseline, interrupt, logging, project};

/// Runs the command; the value is the process's exit code.
pub(crate) fn command(arguments: &Run) -> Result<u8, CliError> {
    let mode = Mode::choose(arguments.quiet);
    let canvas = mode.canvas();
    let stderr_color = color(arguments.color, std::io::stderr().is_terminal());
    logging::start(arguments.verbose, arguments.quiet, stderr_color, &canvas)?;

    // Whatever can be wrong with the command line is told before anything starts.
    let output = Output::new(arguments.output.as_deref())?;
    let project::Loaded { project, suites } = project::load(arguments)?;

    let runtime = tokio::runtime::Runtime::new().map_err(CliError::Runtime)?;
    let cancel = CancellationToken::new();
    let report = runtime.block_on(check(suites, arguments, mode, canvas, cancel.clone()))?;
    let interrupted = cancel.is_cancelled();

    output.write(&render(&report, arguments, &output)?)?;
    if arguments.write_baseline {
        write_baseline(&project, &report, arguments.quiet)?;
    }
    if interrupted {
        tell("interrupted: the report holds what was finished by then");
        return Ok(exit_code::INCOMPLETE);
    }
    let outcome = report.outcome(fail_on(arguments));
    if outcome == Outcome::NothingChecked {
        tell(format_args!("error: nothing was checked: {}", why_nothing(&report)));
    }
    Ok(outcome.exit_code())
}

async fn check(
    suites: Vec<Suite>,
    arguments: &Run,
    mode: Mode,
    canvas: MultiProgress,
    cancel: CancellationToken,
) -> Result<Report, CliError> {
    interrupt::listen(cancel.clone(), canvas.clone()).map_err(CliError::Signals)?;
    let (sender, events) = mpsc::unbounded_channel();
    let shown = tokio::spawn(progress::show(events, mode, canvas, arguments.verbose > 0));
    let result = here::check(suites, options(arguments), sender, cancel).await;
    // The bars have to be gone before the report comes. Showing cannot fail in a way that concerns the run.
    let _ = shown.await;
    result
}

fn options(arguments: &Run) -> Options {
    let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    Options {
        jobs: arguments.jobs.unwrap_or_else(cores).get(),
        keep: arguments.keep,
        seed_all: arguments.seed == Seed::All,
        wanted: Wanted { only: arguments.only.clone(), since: arguments.since.clone() },
        today: jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date(),
    }
}

fn fail_on(arguments: &Run) -> mrt_report::FailOn {
    match arguments.fail_on {
        FailOn::Fail => mrt_report::FailOn::Fail,
        FailOn::Warn => mrt_report::FailOn::Warn,
    }
}

fn render(report: &Report, arguments: &Run, output: &Output) -> Result<String, CliError> {
    match arguments.format {
        Format::Json => mrt_report::json(report).map_err(CliError::Render),
        Format::Junit => mrt_report::junit(report, fail_on(arguments)).map_err(CliError::Render),
        Format::Terminal => {
            let terminal = matches!(output, Output::Stdout) && std::io::stdout().is_terminal();
            let defaults = Style::default();
            let columns = || console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
            let style = Style {
                color: color(arguments.color, terminal),
                width: if terminal { columns().unwrap_or(defaults.width) } else { defaults.width },
                all: arguments.full,
            };
            Ok(mrt_report::terminal(report, &style))
        }
    }
}

fn color(asked: Color, terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match asked {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
        }
    }
}

fn write_baseline(project: &Project, report: &Report, quiet: bool) -> Result<(), CliError> {
    let (path, entries) = baseline::update(project, report)?;
    if !quiet {
        let what = if entries == 1 { "1 finding is" } else { &format!("{entries} findings are") };
        tell(format_args!("wrote {}: {what} accepted from now on", path.display()));
    }
    Ok(())
}

fn why_nothing(report: &Report) -> &'static str {
    if report.cells.is_empty() {
        "no revision was selected; see --suite, --only, --since and `floor` in mrt.toml"
    } else {
        "every selected revision is skipped; see `skip` in mrt.toml"
    }
}
