//! What a command shows: progress and log on standard error, the report where it was asked for.

use std::io::IsTerminal as _;
use std::path::Path;

use clap::ValueEnum as _;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use mrt_proto::v1;
use mrt_report::problems::{Rules, found, github, gitlab, sarif, unsaid};
use mrt_report::{Digest, Outcome, Report, Style, exit_code};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::args::{Color, FailOn, Format, Notify, Shown, Talk};
use crate::error::CliError;
use crate::farm::Fetched;
use crate::notify::Webhook;
use crate::output::{Output, tell};
use crate::places::Places;
use crate::progress::{self, Event, Mode};
use crate::{error, logging, saved};

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

/// Where the reports of a command go, and in which shapes.
pub(crate) struct Paper<'a> {
    shown: &'a Shown,
    color: Color,
    sheets: Vec<(Format, Output)>,
    previous: Option<Report>,
    places: Places,
    webhook: Option<Webhook>,
}

impl<'a> Paper<'a> {
    /// Looks whether the reports can be written, and reads the previous one, before anything is done for them.
    pub(crate) fn new(shown: &'a Shown, talk: &Talk) -> Result<Self, CliError> {
        let sheets = sheets(shown)?;
        let previous = shown.against.as_deref().map(saved::read).transpose()?;
        Ok(Self { shown, color: talk.color, sheets, previous, places: Places::default(), webhook: None })
    }

    /// The same for a project whose suites lie in these places.
    pub(crate) fn with(self, places: Places) -> Self {
        Self { places, ..self }
    }

    /// The same, and whoever is to be told what the run came to.
    pub(crate) fn telling(self, notify: &Notify) -> Result<Self, CliError> {
        Ok(Self { webhook: Webhook::of(notify)?, ..self })
    }

    /// Writes what was fetched of a run, says why what could not be checked, and gives the exit code.
    pub(crate) fn write(&self, fetched: &Fetched) -> Result<u8, CliError> {
        let Fetched { report, complete, failures, before, page, .. } = fetched;
        let checked = report.cells.iter().any(|cell| !is_untried(cell));
        let digest = match self.previous.as_ref().or(before.as_ref()) {
            Some(previous) => Digest::against(report, previous),
            None => Digest::new(report),
        };
        if checked || failures.is_empty() {
            for (format, output) in &self.sheets {
                output.write(&self.render(&digest, *format, output)?)?;
            }
        }
        let mut told: Vec<&v1::Failure> = Vec::new();
        for failure in failures {
            // Several columns may have the same reason.
            if !told.contains(&failure) {
                error::print_causes(&failure.causes);
                told.push(failure);
            }
        }
        if let Some(webhook) = &self.webhook {
            let troubles: Vec<&str> =
                told.iter().filter_map(|failure| failure.causes.first()).map(String::as_str).collect();
            webhook.tell(&digest, &troubles, page.as_deref())?;
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

    fn render(&self, digest: &Digest<'_>, format: Format, output: &Output) -> Result<String, CliError> {
        let rules = Rules::default();
        let problems = || found(digest, &rules, |suite, file| self.places.file(suite, file));
        match format {
            Format::Terminal => Ok(mrt_report::terminal(digest, &style(output, self.color, self.shown.full))),
            Format::Json => mrt_report::json_with_ages(digest).map_err(CliError::Render),
            Format::Junit => mrt_report::junit(digest, fail_on(self.shown)).map_err(CliError::Render),
            Format::Sarif => sarif(&problems(), &unsaid(digest)).map_err(CliError::Render),
            Format::Github => Ok(github(&problems(), &unsaid(digest))),
            Format::Gitlab => gitlab(&problems()).map_err(CliError::Render),
            Format::Summary => Ok(mrt_report::step_summary(digest)),
            Format::Comment => Ok(mrt_report::comment(digest)),
            Format::Html => mrt_report::html(digest).map_err(CliError::Render),
        }
    }
}

/// The report in `--format`, and each one that `--output` names with its format.
fn sheets(shown: &Shown) -> Result<Vec<(Format, Output)>, CliError> {
    let (mut main, mut others) = (None, Vec::new());
    for output in &shown.output {
        let named = output.to_str().and_then(|text| text.split_once('='));
        match named.map(|(word, file)| (Format::from_str(word, false), word, file)) {
            Some((Ok(format), _, file)) => others.push((format, Output::new(Some(Path::new(file)))?)),
            // Nobody calls a file so.
            Some((Err(_), word, file)) if word.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                return Err(CliError::usage(format!(
                    "--output {word}={file}: there is no format `{word}`, `--help` lists them; a file of that name is written as `./{word}={file}`"
                )));
            }
            _ if main.is_none() => main = Some(Output::new(Some(output))?),
            _ => {
                return Err(CliError::usage(
                    "--output names two files without a format; of all but one it has to be said, as in `--output html=FILE`",
                ));
            }
        }
    }
    others.insert(0, (shown.format, main.unwrap_or(Output::Stdout)));
    Ok(others)
}

/// How a text looks that goes there.
pub(crate) fn style(output: &Output, asked: Color, all: bool) -> Style {
    let terminal = matches!(output, Output::Stdout) && std::io::stdout().is_terminal();
    let defaults = Style::default();
    let columns = || console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    let width = if terminal { columns().unwrap_or(defaults.width) } else { defaults.width };
    Style { color: color(asked, terminal), width, all }
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
