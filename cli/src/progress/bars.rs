//! Progress as bars: one per target, findings above them.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use mrt_report::printable;

use super::{Event, Tally, Teller, place, waiting};

/// Suite and target; no target is the suite itself, while it is prepared.
type Key = (String, Option<String>);

pub(super) struct Bars {
    canvas: MultiProgress,
    teller: Teller,
    bars: BTreeMap<Key, Bar>,
}

struct Bar {
    bar: ProgressBar,
    tally: Tally,
    revision: String,
}

impl Bar {
    fn show(&self) {
        let troubles = self.tally.troubles();
        let space = if troubles.is_empty() { "" } else { "  " };
        self.bar.set_position(self.tally.done as u64);
        self.bar.set_message(format!("{}{space}{troubles}", self.revision));
    }
}

impl Bars {
    pub(super) fn new(canvas: MultiProgress, verbose: bool) -> Self {
        Self { canvas, teller: Teller { verbose, ..Teller::default() }, bars: BTreeMap::new() }
    }

    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::Preparing { suite, target, what } => {
                if target.is_some() {
                    self.prepared(suite);
                }
                self.bar(suite, target.as_deref()).bar.set_message(printable(what).into_owned());
            }
            Event::TargetStarted { suite, target, cells, server } => {
                self.prepared(suite);
                let bar = self.bar(suite, Some(target));
                bar.tally.cells = *cells;
                bar.bar.set_length(*cells as u64);
                bar.bar.set_style(style("{prefix}  {bar:24.green} {pos}/{len}  {wide_msg}"));
                bar.bar.set_message(printable(server).into_owned());
            }
            Event::CellStarted { suite, target, revision } => {
                let bar = self.bar(suite, Some(target));
                bar.revision = printable(revision).into_owned();
                bar.show();
            }
            Event::CellFinished(cell) => {
                for line in self.teller.cell(cell) {
                    // A failing write to the terminal is no reason to end a run.
                    let _ = self.canvas.println(line);
                }
                let bar = self.bar(&cell.suite, Some(&cell.target));
                bar.tally.count(cell.verdict);
                bar.show();
            }
            Event::TargetFinished { suite, target } => {
                let bar = self.bar(suite, Some(target));
                bar.revision = "finished".to_owned();
                bar.show();
                bar.bar.abandon();
            }
            Event::Waiting { reason, left_ms } => {
                // A failing write to the terminal is no reason to end a run.
                let _ = self.canvas.println(waiting(reason, *left_ms));
            }
            Event::Farm { what } => {
                let _ = self.canvas.println(printable(what));
            }
        }
    }

    /// Takes the bars away: the report follows.
    pub(super) fn finish(&mut self) {
        for bar in self.bars.values() {
            bar.bar.finish_and_clear();
        }
        let _ = self.canvas.clear();
    }

    /// What concerned the whole suite is over when its targets begin.
    fn prepared(&mut self, suite: &str) {
        if let Some(preparing) = self.bars.remove(&(suite.to_owned(), None)) {
            preparing.bar.finish_and_clear();
        }
    }

    fn bar(&mut self, suite: &str, target: Option<&str>) -> &mut Bar {
        let canvas = &self.canvas;
        self.bars.entry((suite.to_owned(), target.map(str::to_owned))).or_insert_with(|| {
            let bar = canvas.add(ProgressBar::new_spinner());
            bar.set_style(style("{prefix}  {spinner} {wide_msg}"));
            bar.set_prefix(match target {
                Some(target) => place(suite, target),
                None => printable(suite).into_owned(),
            });
            bar.enable_steady_tick(Duration::from_millis(120));
            Bar { bar, tally: Tally::default(), revision: String::new() }
        })
    }
}

/// A template that indicatif cannot read would only cost the looks.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
