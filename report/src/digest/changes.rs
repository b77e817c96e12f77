//! One report against a previous one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Digest, Entry};
use crate::{Cell, Finding, FindingKind, Report, Severity, Verdict};

/// Since when an entry is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Since<'a> {
    /// The previous report has it on none of its targets.
    New,
    /// It has it on all of them.
    Known,
    /// It has it, on some accepted, and here it is accepted no more.
    Lapsed,
    /// It lacks it on these targets, and has it on the others.
    Spread(Vec<&'a str>),
}

impl Since<'_> {
    /// Whether it was not there before, at least on one target.
    pub(crate) fn is_news(&self) -> bool {
        matches!(self, Self::New | Self::Spread(_))
    }

    /// A word or two.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::New => "new".to_owned(),
            Self::Known => "known".to_owned(),
            Self::Lapsed => "accepted before".to_owned(),
            Self::Spread(targets) => crate::printable(&format!("new on {}", targets.join(", "))).into_owned(),
        }
    }
}

/// What is different from a previous report, beside [`Entry::since`]. Notes are not counted.
#[derive(Debug, Default)]
pub(crate) struct Changes<'a> {
    pub(crate) new: usize,
    pub(crate) known: usize,
    /// Found before, and not now that the same cell was judged again. The gravest first.
    pub(crate) fixed: Vec<Gone<'a>>,
    /// Found before, and nobody knows: the cell is gone, was not judged, or ended before it could show. The gravest first.
    pub(crate) unknown: Vec<Gone<'a>>,
}

/// A finding of the previous report that is not in this one.
#[derive(Debug)]
pub(crate) struct Gone<'a> {
    pub(crate) suite: &'a str,
    pub(crate) revision: &'a str,
    pub(crate) finding: &'a Finding,
    pub(crate) targets: Vec<&'a str>,
}

impl Changes<'_> {
    /// `2 new, 5 known, 1 fixed`.
    pub(crate) fn words(&self) -> String {
        let mut words = format!("{} new, {} known, {} fixed", self.new, self.known, self.fixed.len());
        if !self.unknown.is_empty() {
            words.push_str(&format!(", {} not judged again", self.unknown.len()));
        }
        words
    }
}

/// Suite, revision, target.
type Place<'a> = (&'a str, &'a str, &'a str);

fn place(cell: &Cell) -> Place<'_> {
    (&cell.suite, &cell.revision, &cell.target)
}

fn cells(report: &Report) -> BTreeMap<Place<'_>, &Cell> {
    report.cells.iter().map(|cell| (place(cell), cell)).collect()
}

/// The finding of a cell that is the same one.
fn find<'a>(cell: Option<&&'a Cell>, kind: FindingKind, object: &str) -> Option<&'a Finding> {
    cell?.findings.iter().find(|finding| finding.kind == kind && finding.object == object)
}

pub(super) fn compare<'a>(digest: &mut Digest<'a>, previous: &'a Report) {
    let (before, now) = (cells(previous), cells(digest.report));
    let mut changes = Changes::default();
    for entry in &mut digest.entries {
        let suite = &digest.suites[entry.suite];
        let since = since(entry, suite.name, suite.rows[entry.row].id, &before);
        if entry.finding.severity > Severity::Note {
            let count = if since.is_news() { &mut changes.new } else { &mut changes.known };
            *count += 1;
        }
        entry.since = Some(since);
    }
    for shared in &mut digest.untried {
        let was_other = |cell: &&&Cell| {
            before.get(&place(cell)).is_none_or(|before| before.verdict != shared.key.verdict)
        };
        shared.news = shared.cells.iter().filter(was_other).count();
    }
    for cell in &previous.cells {
        for finding in cell.findings.iter().filter(|finding| counts(finding)) {
            let same = now.get(&place(cell));
            if find(same, finding.kind, &finding.object).is_none() {
                let is_fixed = same.is_some_and(|cell| would_show(cell, finding));
                let gone = if is_fixed { &mut changes.fixed } else { &mut changes.unknown };
                add(gone, cell, finding);
            }
        }
    }
    for gone in [&mut changes.fixed, &mut changes.unknown] {
        gone.sort_by_key(|gone| Reverse(gone.finding.severity));
    }
    digest.changes = Some(changes);
}

fn counts(finding: &Finding) -> bool {
    finding.accepted.is_none() && finding.severity > Severity::Note
}

fn since<'a>(
    entry: &Entry<'a>,
    suite: &str,
    revision: &str,
    before: &BTreeMap<Place<'a>, &'a Cell>,
) -> Since<'a> {
    let Finding { kind, object, .. } = entry.finding;
    let (mut new, mut lapsed) = (Vec::new(), false);
    for target in &entry.targets {
        match find(before.get(&(suite, revision, *target)), *kind, object) {
            Some(finding) => lapsed |= finding.accepted.is_some(),
            None => new.push(*target),
        }
    }
    match new.len() {
        0 if lapsed => Since::Lapsed,
        0 => Since::Known,
        n if n == entry.targets.len() => Since::New,
        _ => Since::Spread(new),
    }
}

/// Findings of one revision on several targets are one; those of a revision follow each other.
fn add<'a>(all: &mut Vec<Gone<'a>>, cell: &'a Cell, finding: &'a Finding) {
    let of_revision = all.iter_mut().rev().take_while(|gone| gone.revision == cell.revision);
    let mut same = of_revision.filter(|gone| {
        gone.suite == cell.suite
            && (gone.finding.kind, &gone.finding.object) == (finding.kind, &finding.object)
    });
    match same.next() {
        Some(gone) => gone.targets.push(&cell.target),
        None => all.push(Gone {
            suite: &cell.suite,
            revision: &cell.revision,
            finding,
            targets: vec![&cell.target],
        }),
    }
}

/// Whether a cell would show a finding if it were still there.
fn would_show(cell: &Cell, finding: &Finding) -> bool {
    let is_judged = matches!(cell.verdict, Verdict::Pass | Verdict::Warn | Verdict::Fail);
    let is_of = |table: &str| {
        finding.object.strip_prefix(table).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let has_gap = cell.coverage.not_seeded.iter().any(|gap| is_of(&gap.table));
    is_judged && !has_gap && !cell.findings.iter().any(|other| other.kind.hides_what_follows())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Accepted, NotSeeded};

    fn lost(object: &str) -> Finding {
        Finding::sample(FindingKind::DataLost, object)
    }

    fn cell(target: &str, findings: Vec<Finding>) -> Cell {
        let verdict = if findings.is_empty() { Verdict::Pass } else { Verdict::Fail };
        Cell { findings, ..Cell::untried("shop", target, "r1", "", verdict, String::new()) }
    }

    /// What each entry is, and what is gone.
    fn told(before: Vec<Cell>, now: Vec<Cell>) -> String {
        let (before, now) = (Report::new(before), Report::new(now));
        let digest = Digest::against(&now, &before);
        let mut told: Vec<String> = digest
            .entries
            .iter()
            .filter_map(|entry| Some(format!("{} {}", entry.finding.object, entry.since.as_ref()?.words())))
            .collect();
        let Some(changes) = digest.changes else { return String::new() };
        for (word, gone) in [("fixed", &changes.fixed), ("unknown", &changes.unknown)] {
            let gone = gone.iter();
            told.extend(
                gone.map(|gone| format!("{} {word} on {}", gone.finding.object, gone.targets.join(", "))),
            );
        }
        told.join("; ")
    }

    #[test]
    fn findings_are_new_known_or_fixed() {
        let before = || vec![cell("sqlite", vec![lost("a"), lost("b")]), cell("mysql:8.4", vec![lost("b")])];
        let mut other_words = lost("a");
        (other_words.message, other_words.severity, other_words.line) =
            ("lost".to_owned(), Severity::Warn, 70);
        let now = vec![cell("sqlite", vec![other_words, lost("c")]), cell("mysql:8.4", vec![lost("c")])];
        assert_eq!(told(before(), now), "c new; a known; b fixed on sqlite, mysql:8.4");
        assert_eq!(told(before(), before()), "a known; b known");
    }

    #[test]
    fn what_comes_to_a_target_is_new_there() {
        let before = vec![cell("sqlite", vec![lost("a")]), cell("mysql:8.4", vec![])];
        let now = vec![cell("sqlite", vec![lost("a")]), cell("mysql:8.4", vec![lost("a")])];
        assert_eq!(told(before, now), "a new on mysql:8.4");
    }

    #[test]
    fn an_acceptance_that_has_ended_makes_nothing_new() {
        let accepted =
            Finding { accepted: Some(Accepted { reason: "known".to_owned(), until: None }), ..lost("a") };
        assert_eq!(
            told(vec![cell("sqlite", vec![accepted.clone()])], vec![cell("sqlite", vec![lost("a")])]),
            "a accepted before"
        );
        // And one that was accepted is not fixed, but not told again either.
        assert_eq!(told(vec![cell("sqlite", vec![lost("a")])], vec![cell("sqlite", vec![accepted])]), "");
    }

    #[test]
    fn only_a_cell_that_would_show_it_says_that_it_is_fixed() {
        let fixed = |now: Vec<Cell>| told(vec![cell("sqlite", vec![lost("users.phone")])], now);
        assert_eq!(fixed(vec![cell("sqlite", vec![])]), "users.phone fixed on sqlite");
        for verdict in [Verdict::Error, Verdict::Skip, Verdict::Blocked] {
            let now = vec![Cell { verdict, ..cell("sqlite", vec![]) }];
            assert_eq!(fixed(now), "users.phone unknown on sqlite");
        }
        assert_eq!(fixed(vec![]), "users.phone unknown on sqlite");
        let ended = vec![cell("sqlite", vec![Finding::sample(FindingKind::UpgradeFailed, "r1")])];
        assert_eq!(fixed(ended), "r1 new; users.phone unknown on sqlite");
        let bare = |table: &str| {
            let mut cell = cell("sqlite", vec![]);
            cell.coverage.not_seeded = vec![NotSeeded { table: table.to_owned(), reason: String::new() }];
            vec![cell]
        };
        assert_eq!(fixed(bare("users")), "users.phone unknown on sqlite");
        assert_eq!(fixed(bare("use")), "users.phone fixed on sqlite");
    }

    #[test]
    fn a_revision_that_cannot_be_tried_any_more_is_worse() {
        let blocked = || vec![Cell { verdict: Verdict::Blocked, ..cell("sqlite", vec![]) }];
        let is_worse = |before: Vec<Cell>, now: Vec<Cell>| {
            let (before, now) = (Report::new(before), Report::new(now));
            Digest::against(&now, &before).is_worse(Severity::Fail)
        };
        assert!(is_worse(vec![cell("sqlite", vec![])], blocked()));
        assert!(!is_worse(blocked(), blocked()));
        assert!(is_worse(vec![cell("sqlite", vec![])], vec![cell("sqlite", vec![lost("a")])]));
        assert!(!is_worse(vec![cell("sqlite", vec![lost("a")])], vec![cell("sqlite", vec![lost("a")])]));
    }
}
