//! What a command shows: progress and log on standard error, the report where it was asked for.

use std::io::IsTerminal as _;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use mrt_proto::v1;
use mrt_report::{Outcome, Report, Style, exit_code};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::args::{Color, FailOn, Format, Shown, Talk};
use crate::error::CliError;
use crate::farm::Fetched;
use crate::output::{Output, tell};
use crate::progress::{self, Event, Mode};
use crate::{error, logging};

/// Where a command shows what.
pub(crate) struct Screen {
    pub(crate) mode: Mode,
    pub(crate) canvas: MultiProgress,
    verbose: bool,
}

impl Screen {
    /// Starts the log.
    pub(crate) fn open(talk: &Talk) -> Result<Self, CliError> {
        let mode = Mode::choose(talk.quiet);
        let canvas = mode.canvas();
        let colored = color(talk.color, std::io::stderr().is_terminal());
        logging::start(talk.verbose, talk.quiet, colored, &canvas)?;
        Ok(Self { mode, canvas, verbose: talk.verbose > 0 })
    }

    /// Says something that is no error, above the bars.
    pub(crate) fn say(&self, text: impl std::fmt::Display) {
        if self.mode != Mode::Quiet {
            self.canvas.suspend(|| tell(text));
        }
    }

    /// A bar for so many bytes.
    pub(crate) fn bytes(&self, bytes: u64, what: &str) -> ProgressBar {
        let bar = self.canvas.add(ProgressBar::new(bytes));
        // A template that indicatif cannot read would only cost the looks.
        if let Ok(style) = ProgressStyle::with_template("{msg}  {bar:24.green} {bytes}/{total_bytes}") {
            bar.set_style(style);
        }
        bar.set_message(mrt_report::printable(what).into_owned());
        bar
    }

    /// Shows the events that are sent until nobody can send any. Needs a tokio runtime.
    pub(crate) fn progress(&self) -> (mpsc::UnboundedSender<Event>, JoinHandle<()>) {
        let (sender, events) = mpsc::unbounded_channel();
        let showing = progress::show(events, self.mode, self.canvas.clone(), self.verbose);
        (sender, tokio::spawn(showing))
    }
}

/// Where the report of a command goes, and in which shape.
pub(crate) struct Paper<'a> {
    shown: &'a Shown,
    color: Color,
    output: Output,
}

impl<'a> Paper<'a> {
    /// Looks whether the report can be written, before anything is done for it.
    pub(crate) fn new(shown: &'a Shown, talk: &Talk) -> Result<Self, CliError> {
        let output = Output::new(shown.output.as_deref())?;
        Ok(Self { shown, color: talk.color, output })
    }

    /// Writes what was fetched of a run, says why what could not be checked, and gives the exit code.
    pub(crate) fn write(&self, fetched: &Fetched) -> Result<u8, CliError> {
        let Fetched { report, complete, failures, .. } = fetched;
        let checked = report.cells.iter().any(|cell| !is_untried(cell));
        if checked || failures.is_empty() {
            self.output.write(&self.render(report)?)?;
        }
        let mut told: Vec<&v1::Failure> = Vec::new();
        for failure in failures {
            // Several columns may have the same reason.
            if !told.contains(&failure) {
                error::print_causes(&failure.causes);
                told.push(failure);
            }
        }
        let outcome = report.outcome(fail_on(self.shown));
        Ok(match outcome {
            Outcome::Findings => exit_code::FINDINGS,
            _ if failures.iter().any(|failure| failure.usage) => exit_code::USAGE,
            _ if !complete => exit_code::INCOMPLETE,
            Outcome::NothingChecked => {
                tell(format_args!("error: nothing was checked: {}", why_nothing(report)));
                outcome.exit_code()
            }
            Outcome::Clean | Outcome::Incomplete => outcome.exit_code(),
        })
    }

    fn render(&self, report: &Report) -> Result<String, CliError> {
        match self.shown.format {
            Format::Json => mrt_report::json(report).map_err(CliError::Render),
            Format::Junit => mrt_report::junit(report, fail_on(self.shown)).map_err(CliError::Render),
            Format::Terminal => {
                let terminal = matches!(self.output, Output::Stdout) && std::io::stdout().is_terminal();
                let defaults = Style::default();
                let columns =
                    || console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
                let style = Style {
                    color: color(self.color, terminal),
                    width: if terminal { columns().unwrap_or(defaults.width) } else { defaults.width },
                    all: self.shown.full,
                };
                Ok(mrt_report::terminal(report, &style))
            }
        }
    }
}

fn fail_on(shown: &Shown) -> mrt_report::FailOn {
    match shown.fail_on {
        FailOn::Fail => mrt_report::FailOn::Fail,
        FailOn::Warn => mrt_report::FailOn::Warn,
    }
}

/// Whether what is written there may have colours.
pub(crate) fn on_paper(output: &Output, asked: Color) -> bool {
    color(asked, matches!(output, Output::Stdout) && std::io::stdout().is_terminal())
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

fn is_untried(cell: &mrt_report::Cell) -> bool {
    matches!(cell.verdict, mrt_report::Verdict::Error | mrt_report::Verdict::Skip)
}

fn why_nothing(report: &Report) -> &'static str {
    if report.cells.is_empty() {
        "no revision was selected; see --suite, --only, --since and `floor` in mrt.toml"
    } else {
        "every selected revision is skipped; see `skip` in mrt.toml"
    }
}
