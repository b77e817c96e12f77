//! Progress as plain lines: what is found as it comes, and a count at every tenth.

use std::collections::BTreeMap;

use mrt_report::printable;

use super::{Event, Tally, Teller, place, waiting};

/// Below this many cells a count at every tenth would only repeat them.
const WORTH_COUNTING: usize = 20;

pub(super) struct Lines {
    teller: Teller,
    tallies: BTreeMap<(String, String), Tally>,
}

impl Lines {
    pub(super) fn new(verbose: bool) -> Self {
        Self { teller: Teller { verbose, ..Teller::default() }, tallies: BTreeMap::new() }
    }

    /// What this event says. A function of the events alone: no clock decides what a log holds.
    pub(super) fn event(&mut self, event: &Event) -> Vec<String> {
        match event {
            Event::Preparing { suite, target, what } => {
                let place = match target {
                    Some(target) => place(suite, target),
                    None => printable(suite).into_owned(),
                };
                vec![format!("{place}: {}", printable(what))]
            }
            Event::TargetStarted { suite, target, cells, server } => {
                let key = (suite.clone(), target.clone());
                // Those that are left out have been told before.
                self.tallies.entry(key).or_default().cells = *cells;
                vec![format!("{}: checking {cells} revisions on {}", place(suite, target), printable(server))]
            }
            Event::CellStarted { .. } => Vec::new(),
            Event::CellFinished(cell) => {
                let mut lines = self.teller.cell(cell);
                let tally = self.tallies.entry((cell.suite.clone(), cell.target.clone())).or_default();
                let tenth = |tally: &Tally| (tally.done * 10).checked_div(tally.cells).unwrap_or(0);
                let before = tenth(tally);
                tally.count(cell.verdict);
                let worth = tally.cells >= WORTH_COUNTING && tally.done < tally.cells;
                if worth && tenth(tally) > before {
                    lines.push(format!("{}: {}", place(&cell.suite, &cell.target), counts(tally)));
                }
                lines
            }
            Event::TargetFinished { suite, target } => {
                let tally = self.tallies.remove(&(suite.clone(), target.clone())).unwrap_or_default();
                vec![format!("{}: finished, {}", place(suite, target), counts(&tally))]
            }
            Event::Waiting { reason, left_ms } => vec![waiting(reason, *left_ms)],
            Event::Farm { what } => vec![printable(what).into_owned()],
        }
    }
}

fn counts(tally: &Tally) -> String {
    let comma = if tally.troubles().is_empty() { "" } else { ", " };
    format!(
        "{} of {} checked: {} pass{comma}{}",
        tally.done,
        tally.cells.max(tally.done),
        tally.of.pass,
        tally.troubles()
    )
}

#[cfg(test)]
mod tests {
    use mrt_report::{Cell, Coverage, Evidence, Finding, FindingKind, Severity, Verdict};

    use super::*;

    fn finished(revision: &str, verdict: Verdict) -> Event {
        Event::CellFinished(Box::new(Cell {
            suite: "shop".to_owned(),
            revision: revision.to_owned(),
            target: "sqlite".to_owned(),
            verdict,
            attempts: 1,
            duration_ms: 1,
            title: "drop phone".to_owned(),
            reason: match verdict {
                Verdict::Blocked => Some("r1 cannot be applied".to_owned()),
                Verdict::Error => Some("no worker serves sqlite".to_owned()),
                _ => None,
            },
            coverage: Coverage::default(),
            findings: if verdict == Verdict::Fail {
                vec![Finding {
                    kind: FindingKind::DataLost,
                    severity: Severity::Fail,
                    object: "customers.phone".to_owned(),
                    message: "values are gone\x1b[2J".to_owned(),
                    evidence: Evidence::default(),
                    statement: None,
                    file: String::new(),
                    line: 0,
                    accepted: None,
                }]
            } else {
                Vec::new()
            },
            kept: None,
            static_findings: Vec::new(),
            phases_ms: BTreeMap::new(),
        }))
    }

    fn started(cells: usize) -> Event {
        Event::TargetStarted {
            suite: "shop".to_owned(),
            target: "sqlite".to_owned(),
            cells,
            server: "SQLite 3.40.1".to_owned(),
        }
    }

    fn ended() -> Event {
        Event::TargetFinished { suite: "shop".to_owned(), target: "sqlite".to_owned() }
    }

    fn log(verbose: bool, events: &[Event]) -> String {
        let mut lines = Lines::new(verbose);
        events.iter().flat_map(|event| lines.event(event)).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn findings_come_at_once_and_passes_stay_silent() {
        let preparing = Event::Preparing {
            suite: "shop".to_owned(),
            target: None,
            what: "making the Python environment".to_owned(),
        };
        let events = [
            preparing,
            started(3),
            finished("r1", Verdict::Fail),
            finished("r2", Verdict::Blocked),
            finished("r3", Verdict::Pass),
            ended(),
        ];
        insta::assert_snapshot!(log(false, &events), @r"
        shop: making the Python environment
        shop on sqlite: checking 3 revisions on SQLite 3.40.1
        shop on sqlite: fail r1 drop phone
            data-lost customers.phone: values are gone\u{1b}[2J
        shop on sqlite: blocked r2 drop phone: r1 cannot be applied
        shop on sqlite: finished, 3 of 3 checked: 1 pass, 1 fail, 1 blocked
        ");
        assert!(log(true, &events).contains("shop on sqlite: pass r3 drop phone"));
    }

    #[test]
    fn what_the_farm_fails_at_is_told_once() {
        let mut events = vec![started(4)];
        events.extend((1..5).map(|n| finished(&format!("r{n}"), Verdict::Error)));
        events.push(ended());
        insta::assert_snapshot!(log(false, &events), @r"
        shop on sqlite: checking 4 revisions on SQLite 3.40.1
        shop on sqlite: error r1 drop phone: no worker serves sqlite
        shop on sqlite: finished, 4 of 4 checked: 0 pass, 4 error
        ");
        assert!(log(true, &events).contains("error r4"));
    }

    #[test]
    fn long_runs_are_counted_at_every_tenth() {
        let mut events = vec![started(40)];
        events.extend((0..40).map(|n| finished(&format!("r{n}"), Verdict::Pass)));
        events.push(ended());
        let log = log(false, &events);
        assert_eq!(log.lines().count(), 1 + 9 + 1, "{log}");
        assert!(log.contains("shop on sqlite: 4 of 40 checked: 4 pass\n"), "{log}");
    }
}
