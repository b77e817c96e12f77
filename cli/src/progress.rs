//! What is told while a run goes on. To standard error, never to standard output.

mod bars;
mod follow;
mod lines;

use std::collections::BTreeSet;
use std::io::IsTerminal as _;

use indicatif::{MultiProgress, ProgressDrawTarget};
use mrt_report::{Cell, Severity, Summary, Verdict, headline, printable};
use tokio::sync::mpsc::UnboundedReceiver;

use bars::Bars;
pub(crate) use follow::Follower;
use lines::Lines;

use crate::output::tell;

/// What a run tells while it goes on.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// Something that takes time before cells start.
    Preparing {
        suite: String,
        /// When it is about one.
        target: Option<String>,
        /// `starting postgres:15`.
        what: String,
    },
    /// The first cell of a target can be checked.
    TargetStarted {
        suite: String,
        target: String,
        /// How many it has in this run.
        cells: usize,
        /// What serves it: `PostgreSQL 15.18`.
        server: String,
    },
    /// A cell is being checked.
    CellStarted { suite: String, target: String, revision: String },
    /// A cell is done.
    CellFinished(Box<Cell>),
    /// All cells of a target are done.
    TargetFinished { suite: String, target: String },
    /// Nobody works for some cells.
    Waiting {
        /// Why.
        reason: String,
        /// How much longer they wait before they end as `error`.
        left_ms: u64,
    },
    /// Something about the farm itself.
    Farm {
        /// What.
        what: String,
    },
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Not at all.
    Quiet,
    /// Line by line, for logs.
    Lines,
    /// A bar per target, for people.
    Bars,
}

impl Mode {
    pub(crate) fn choose(quiet: bool) -> Self {
        let terminal =
            std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|t| t != "dumb");
        match (quiet, terminal) {
            (true, _) => Self::Quiet,
            (false, true) => Self::Bars,
            (false, false) => Self::Lines,
        }
    }

    /// Where bars are drawn; everything else that writes to standard error has to know, so as not to draw over them.
    pub(crate) fn canvas(self) -> MultiProgress {
        MultiProgress::with_draw_target(match self {
            Self::Bars => ProgressDrawTarget::stderr(),
            Self::Quiet | Self::Lines => ProgressDrawTarget::hidden(),
        })
    }
}

/// Shows events until the run has ended.
pub(crate) async fn show(
    mut events: UnboundedReceiver<Event>,
    mode: Mode,
    canvas: MultiProgress,
    verbose: bool,
) {
    let mut lines = Lines::new(verbose);
    let mut bars = Bars::new(canvas, verbose);
    while let Some(event) = events.recv().await {
        match mode {
            Mode::Quiet => {}
            Mode::Lines => lines.event(&event).iter().for_each(tell),
            Mode::Bars => bars.event(&event),
        }
    }
    bars.finish();
}

/// How far a target is.
#[derive(Debug, Default)]
struct Tally {
    cells: usize,
    done: usize,
    of: Summary,
}

impl Tally {
    fn count(&mut self, verdict: Verdict) {
        self.done += 1;
        self.of[verdict] += 1;
    }

    /// `3 fail, 1 warn`; empty while all is well.
    fn troubles(&self) -> String {
        let counts = [
            (self.of.fail, "fail"),
            (self.of.warn, "warn"),
            (self.of.blocked, "blocked"),
            (self.of.error, "error"),
            (self.of.skip, "skip"),
        ];
        let words: Vec<String> =
            counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        words.join(", ")
    }
}

/// What is said of cells for which nobody works.
fn waiting(reason: &str, left_ms: u64) -> String {
    format!("waiting at most {} s: {}", left_ms / 1_000, printable(reason))
}

/// `shop on sqlite`; every name may come from a file, so none is trusted.
fn place(suite: &str, target: &str) -> String {
    printable(&format!("{suite} on {target}")).into_owned()
}

/// Says what becomes of cells as they come.
#[derive(Debug, Default)]
struct Teller {
    verbose: bool,
    /// What the farm has failed at, by suite and target: it is often the same for all cells that are left.
    failures: BTreeSet<(String, String, Option<String>)>,
}

impl Teller {
    /// Nothing when a cell passes or is left out, or fails like one before it (unless `verbose`), otherwise its verdict and a
    /// line per finding.
    fn cell(&mut self, cell: &Cell) -> Vec<String> {
        let is_news = match cell.verdict {
            Verdict::Pass | Verdict::Skip => false,
            Verdict::Error => {
                self.failures.insert((cell.suite.clone(), cell.target.clone(), cell.reason.clone()))
            }
            Verdict::Warn | Verdict::Fail | Verdict::Blocked => true,
        };
        if is_news || self.verbose { told(cell) } else { Vec::new() }
    }
}

fn told(cell: &Cell) -> Vec<String> {
    let head = format!("{} {}", cell.revision, cell.title);
    let reason = cell.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let mut lines = vec![format!(
        "{}: {} {}{}",
        place(&cell.suite, &cell.target),
        cell.verdict,
        printable(head.trim_end()),
        printable(&reason)
    )];
    let counts = cell.findings.iter().filter(|f| f.accepted.is_none() && f.severity > Severity::Note);
    lines.extend(counts.map(|finding| format!("    {}", headline(finding))));
    lines
}
