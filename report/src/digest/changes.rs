//! One report against a previous one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Digest, Entry};
use crate::{Age, Cell, Finding, FindingKind, FirstSeen, Report, Severity, Verdict};

/// Since when an entry is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Since<'a> {
    /// The previous report has it on none of its targets.
    New,
    /// It has it on all of them; for so long at least on one.
    Known(Seen<'a>),
    /// It has it, on some accepted, and here it is accepted no more.
    Lapsed,
    /// It lacks it on these targets, and has it on the others.
    Spread(Vec<&'a str>),
}

/// How long something is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Seen<'a> {
    /// How many earlier reports in a row have it, the previous one included.
    pub(crate) earlier: u32,
    /// Where it was first seen.
    pub(crate) first: Option<&'a FirstSeen>,
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
            Self::Known(seen) => known(seen.earlier, seen.first),
            Self::Lapsed => "accepted before".to_owned(),
            Self::Spread(targets) => crate::printable(&format!("new on {}", targets.join(", "))).into_owned(),
        }
    }
}

/// For how long something is known that so many earlier reports in a row have.
fn known(earlier: u32, first: Option<&FirstSeen>) -> String {
    match (earlier, first) {
        (_, Some(FirstSeen { run, day })) => {
            crate::printable(&format!("known since run {run}, {day}")).into_owned()
        }
        (2.., None) => format!("known for {earlier} reports"),
        (0 | 1, None) => "known".to_owned(),
    }
}

impl Age {
    /// That of a cell's finding.
    #[must_use]
    pub fn of(cell: &Cell, finding: &Finding, earlier: u32, first: Option<FirstSeen>) -> Self {
        Self {
            suite: cell.suite.clone(),
            revision: cell.revision.clone(),
            target: cell.target.clone(),
            kind: finding.kind,
            object: finding.object.clone(),
            earlier,
            first,
        }
    }

    /// A word or two.
    pub(crate) fn words(&self) -> String {
        match self.earlier {
            0 => "new".to_owned(),
            earlier => known(earlier, self.first.as_ref()),
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

impl Finding {
    /// Whether one of the same cell is the same finding, in whatever words it is told.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (self.kind, &self.object) == (other.kind, &other.object)
    }
}

/// The finding of a cell that is the same one.
fn find<'a>(cell: Option<&&'a Cell>, same: &Finding) -> Option<&'a Finding> {
    cell?.findings.iter().find(|finding| finding.is_same(same))
}

/// What the previous report knows of its findings: by their places, kinds and objects.
type Ages<'a> = BTreeMap<(Place<'a>, FindingKind, &'a str), &'a Age>;

fn ages(report: &Report) -> Ages<'_> {
    fn keyed(age: &Age) -> ((Place<'_>, FindingKind, &str), &Age) {
        (((&age.suite, &age.revision, &age.target), age.kind, &age.object), age)
    }
    report.ages.iter().flatten().map(keyed).collect()
}

/// How long a finding is known that the previous report has.
fn seen<'a>(place: Place<'a>, finding: &'a Finding, ages: &Ages<'a>) -> Seen<'a> {
    let before = ages.get(&(place, finding.kind, finding.object.as_str()));
    Seen {
        earlier: before.map_or(0, |age| age.earlier).saturating_add(1),
        first: before.and_then(|age| age.first.as_ref()),
    }
}

pub(super) fn compare<'a>(digest: &mut Digest<'a>, previous: &'a Report) {
    let (before, now, ages) = (cells(previous), cells(digest.report), ages(previous));
    let mut changes = Changes::default();
    for entry in &mut digest.entries {
        let suite = &digest.suites[entry.suite];
        let since = since(entry, suite.name, suite.rows[entry.row].id, &before, &ages);
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
            if find(same, finding).is_none() {
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
    suite: &'a str,
    revision: &'a str,
    before: &BTreeMap<Place<'a>, &'a Cell>,
    ages: &Ages<'a>,
) -> Since<'a> {
    let (mut new, mut lapsed, mut oldest) = (Vec::new(), false, Seen::default());
    for target in &entry.targets {
        let place = (suite, revision, *target);
        match find(before.get(&place), entry.finding) {
            Some(finding) => {
                lapsed |= finding.accepted.is_some();
                let seen = seen(place, finding, ages);
                if seen.earlier > oldest.earlier {
                    oldest = seen;
                }
            }
            None => new.push(*target),
        }
    }
    match new.len() {
        0 if lapsed => Since::Lapsed,
        0 => Since::Known(oldest),
        n if n == entry.targets.len() => Since::New,
        _ => Since::Spread(new),
    }
}

/// Since when the findings of a report are there, all that count.
pub(super) fn of_all(report: &Report, previous: &Report) -> Vec<Age> {
    let (before, ages) = (cells(previous), ages(previous));
    let age = |cell: &Cell, finding: &Finding| {
        let place = place(cell);
        let known = find(before.get(&place), finding);
        let Seen { earlier, first } = known.map(|known| seen(place, known, &ages)).unwrap_or_default();
        Age::of(cell, finding, earlier, first.cloned())
    };
    let mut all = Vec::new();
    for cell in &report.cells {
        all.extend(cell.findings.iter().filter(|it| counts(it)).map(|finding| age(cell, finding)));
    }
    all
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
    fn what_is_known_is_known_for_longer_with_each_report() {
        let cells = || vec![cell("sqlite", vec![lost("a")])];
        let since = |previous: &Report| {
            let now = Report::new(cells());
            let ages = of_all(&now, previous);
            let words = Digest::against(&now, previous).entries[0].since.as_ref().map(Since::words);
            (words.unwrap_or_default(), Report { ages: Some(ages), ..now })
        };
        let (first, second) = since(&Report::new(vec![]));
        assert_eq!((first.as_str(), second.ages.as_ref().map(|ages| ages[0].earlier)), ("new", Some(0)));
        let (second, third) = since(&second);
        let (third, mut fourth) = since(&third);
        assert_eq!((second.as_str(), third.as_str()), ("known", "known for 2 reports"));
        let seen = FirstSeen { run: "12".to_owned(), day: "2026-11-20".to_owned() };
        fourth.ages.iter_mut().flatten().for_each(|age| age.first = Some(seen.clone()));
        let (fourth, fifth) = since(&fourth);
        assert_eq!(fourth, "known since run 12, 2026-11-20");
        assert_eq!(fifth.ages.and_then(|ages| ages[0].first.clone()), Some(seen));
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
