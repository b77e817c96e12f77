//! What a report comes to, for whoever has a minute: the one place where that is decided.
//!
//! Formats for people show a digest and decide nothing themselves: which rows fold, which findings are one, what is new, what
//! stands apart. It borrows from the report (and from the one before), and is a pure function of them.

mod changes;
mod entries;
mod places;
mod table;
mod time;

use std::collections::BTreeSet;

use crate::text::count;
use crate::{Age, NotSeeded, Proof, Report, Severity, Verdict};

pub(crate) use changes::{Changes, Gone, Since};
pub(crate) use entries::{Entry, Text, same};
pub(crate) use places::Shared;
pub(crate) use table::{Block, Row, Suite, blocks, folded};
pub(crate) use time::{Time, took};

/// A report, folded: what is green takes a line, and what is not stands out.
#[derive(Debug)]
pub struct Digest<'a> {
    pub(crate) report: &'a Report,
    previous: Option<&'a Report>,
    pub(crate) suites: Vec<Suite<'a>>,
    /// What is wrong and not accepted, notes included: by suite and revision, the gravest first.
    pub(crate) entries: Vec<Entry<'a>>,
    /// What is wrong and accepted, in the same order.
    pub(crate) accepted: Vec<Entry<'a>>,
    /// What the texts of revisions let expect, in the same order.
    pub(crate) texts: Vec<Text<'a>>,
    /// Tables without rows, about which nothing is proven.
    pub(crate) gaps: Vec<Shared<'a, &'a NotSeeded>>,
    /// Cells that were not judged, by the reason: blocked, skipped, lost to infrastructure.
    pub(crate) untried: Vec<Shared<'a, Untried<'a>>>,
    /// Cells that were judged at a later attempt only, by the number of attempts: infrastructure is flaky, the revision is not.
    pub(crate) retried: Vec<Shared<'a, u32>>,
    pub(crate) totals: Totals,
    pub(crate) time: Time<'a>,
    /// What is different from the report before, where there is one.
    pub(crate) changes: Option<Changes<'a>>,
}

/// What lists are called that several formats show.
pub(crate) mod title {
    pub(crate) const FIXED: &str = "fixed since the previous report";
    pub(crate) const UNKNOWN: &str = "in the previous report, and not judged again";
    pub(crate) const RETRIED: &str =
        "retried: infrastructure failed at first, and the cell was judged all the same";
    pub(crate) const GAPS: &str = "not covered: tables without rows, about which nothing is proven";
    pub(crate) const ACCEPTED: &str = "accepted: found, and left out of the verdicts";
    pub(crate) const TEXTS: &str = "read in the text (`mrt-cli check`), and what real rows say of it";
    pub(crate) const KEPT: &str = "kept databases";
    pub(crate) const SLOWEST: &str = "slowest";
}

/// Cells that were not judged, in the order in which they are told, with what a list of them is called.
pub(crate) const NOT_JUDGED: [(Verdict, &str); 3] = [
    (Verdict::Blocked, "blocked: an earlier revision cannot be applied, so these could not be tried"),
    (Verdict::Skip, "skipped"),
    (Verdict::Error, "errors: infrastructure failed, which says nothing about the revisions"),
];

/// Why cells were not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Untried<'a> {
    pub(crate) verdict: Verdict,
    pub(crate) reason: &'a str,
    /// Told where infrastructure failed; 0 otherwise.
    pub(crate) attempts: u32,
}

impl Untried<'_> {
    /// The reason, with what it took to get to it.
    pub(crate) fn in_full(&self) -> String {
        match self.attempts {
            0 | 1 => self.reason.to_owned(),
            attempts => format!("{} (after {attempts} attempts)", self.reason),
        }
    }
}

/// How much there is of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) revisions: usize,
    pub(crate) targets: usize,
    /// Tables that the revisions can touch, and those of them that held rows.
    pub(crate) tables: u64,
    pub(crate) seeded: u64,
    pub(crate) rows: u64,
}

impl<'a> Digest<'a> {
    /// The digest of a report.
    pub fn new(report: &'a Report) -> Self {
        let suites = table::suites(report);
        let is_wrong = |entry: &Entry| entry.finding.accepted.is_none();
        let (entries, accepted) = entries::entries(&suites).into_iter().partition(is_wrong);
        let totals = Totals {
            revisions: suites.iter().map(|suite| suite.rows.len()).sum(),
            targets: report.cells.iter().map(|cell| cell.target.as_str()).collect::<BTreeSet<_>>().len(),
            tables: report.cells.iter().map(|cell| u64::from(cell.coverage.tables)).sum(),
            seeded: report.cells.iter().map(|cell| u64::from(cell.coverage.tables_seeded)).sum(),
            rows: report.cells.iter().map(|cell| u64::from(cell.coverage.rows_seeded)).sum(),
        };
        Self {
            report,
            previous: None,
            texts: entries::texts(&suites),
            gaps: places::gaps(report),
            untried: places::untried(report),
            retried: places::retried(report),
            time: Time::of(report),
            suites,
            entries,
            accepted,
            totals,
            changes: None,
        }
    }

    /// The digest of a report, with what is different from a previous one: what was first seen in it, what was known, what is fixed.
    ///
    /// Findings are the same ones by suite, revision, target, kind and object, whatever words they are told in.
    pub fn against(report: &'a Report, previous: &'a Report) -> Self {
        let mut digest = Self::new(report);
        changes::compare(&mut digest, previous);
        digest.previous = Some(previous);
        digest
    }

    /// Since when its findings are there; `None` without a previous report.
    pub(crate) fn ages(&self) -> Option<Vec<Age>> {
        self.previous.map(|previous| changes::of_all(self.report, previous))
    }

    /// Whether something is wrong that was not when the previous report was made: a finding of this severity or more, or a
    /// revision that cannot be tried any more. Without a previous report nothing is new.
    pub fn is_worse(&self, from: Severity) -> bool {
        let is_new = |entry: &Entry| {
            entry.finding.severity >= from && entry.since.as_ref().is_some_and(Since::is_news)
        };
        let blocked = |untried: &Shared<Untried>| untried.key.verdict == Verdict::Blocked && untried.news > 0;
        self.entries.iter().any(is_new) || self.untried.iter().any(blocked)
    }

    /// The suite and the row of an entry or a text.
    pub(crate) fn place(&self, suite: usize, row: usize) -> (&Suite<'a>, &Row<'a>) {
        let suite = &self.suites[suite];
        (suite, &suite.rows[row])
    }

    /// `shop: `, in a report of several suites.
    pub(crate) fn prefix(&self, suite: &str) -> String {
        if self.suites.len() > 1 { format!("{suite}: ") } else { String::new() }
    }

    /// What of the texts is borne out, refuted, or open: `2 confirmed, 1 refuted`.
    pub(crate) fn texts(&self) -> Option<String> {
        let count = |proof| self.texts.iter().filter(|text| text.finding.proof == proof).count();
        let all = [Proof::Confirmed, Proof::Refuted, Proof::Open].map(|proof| (count(proof), proof));
        let words: Vec<String> =
            all.into_iter().filter(|(n, _)| *n > 0).map(|(n, proof)| format!("{n} {proof}")).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// Entries as somebody reads who does not read to the end: the gravest first, of equal ones what is new.
    pub(crate) fn worst_first(&self) -> Vec<&Entry<'a>> {
        let mut entries: Vec<&Entry> = self.entries.iter().collect();
        entries.sort_by_key(|entry| {
            let is_known = entry.since.as_ref().is_some_and(|since| !since.is_news());
            (std::cmp::Reverse(entry.finding.severity), is_known)
        });
        entries
    }

    /// How many cells came to which verdict; verdicts that did not occur are left out.
    pub(crate) fn verdicts(&self) -> Vec<(Verdict, u32)> {
        let all =
            [Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Blocked, Verdict::Error, Verdict::Skip];
        let counted = all.into_iter().map(|verdict| (verdict, self.report.summary[verdict]));
        counted.filter(|(_, n)| *n > 0).collect()
    }

    /// The verdict that somebody wants to know first, and how many cells it is of; `None` where nothing was checked.
    pub(crate) fn worst(&self) -> Option<(Verdict, u32)> {
        let all = self.verdicts();
        let order =
            [Verdict::Fail, Verdict::Blocked, Verdict::Error, Verdict::Warn, Verdict::Pass, Verdict::Skip];
        order.into_iter().find_map(|verdict| all.iter().find(|(of, _)| *of == verdict).copied())
    }

    /// What it comes to in half a line: `5 of 21 cells fail`.
    pub(crate) fn headline(&self) -> String {
        let cells = self.report.cells.len();
        let Some((verdict, n)) = self.worst() else { return "nothing was checked".to_owned() };
        let are = |what: &str| if n == 1 { format!("is {what}") } else { format!("are {what}") };
        let what = match verdict {
            Verdict::Pass if self.report.summary.skip == 0 => {
                return if cells == 1 {
                    "the one cell passes".to_owned()
                } else {
                    format!("all {cells} cells pass")
                };
            }
            Verdict::Pass => {
                if n == 1 {
                    "passes".to_owned()
                } else {
                    "pass".to_owned()
                }
            }
            Verdict::Fail => {
                if n == 1 {
                    "fails".to_owned()
                } else {
                    "fail".to_owned()
                }
            }
            Verdict::Warn => {
                if n == 1 {
                    "warns".to_owned()
                } else {
                    "warn".to_owned()
                }
            }
            Verdict::Blocked => are("blocked"),
            Verdict::Skip => are("skipped"),
            Verdict::Error => "could not be judged".to_owned(),
        };
        format!("{n} of {} {what}", count(cells, "cell"))
    }

    /// `12 revisions on 2 targets, 21 cells`.
    pub(crate) fn extent(&self) -> String {
        let Totals { revisions, targets, .. } = self.totals;
        format!(
            "{} on {}, {}",
            count(revisions, "revision"),
            count(targets, "target"),
            count(self.report.cells.len(), "cell")
        )
    }

    /// How much of what revisions can touch held rows; `None` where they touch nothing that was there before.
    pub(crate) fn coverage(&self) -> Option<String> {
        let Totals { tables, seeded, rows, .. } = self.totals;
        let written = if rows > 0 { format!(" ({rows} written)") } else { String::new() };
        (tables > 0)
            .then(|| format!("rows in {seeded} of {tables} tables that the revisions can touch{written}"))
    }
}
