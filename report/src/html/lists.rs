//! Everything beside findings.

use super::text;
use crate::digest::{Gone, NOT_JUDGED, Shared, Text, title, took};
use crate::text::{capital, printable};
use crate::{Cell, Digest, Proof};

/// How many revisions are named that share something.
const NAMED: usize = 50;

/// The longest list.
const LIST: usize = 1_000;

/// A list beside the findings.
pub(super) struct Section {
    pub(super) title: String,
    pub(super) number: usize,
    pub(super) items: Vec<Item>,
    pub(super) left: usize,
}

pub(super) struct Item {
    pub(super) head: String,
    pub(super) text: String,
}

pub(super) fn sections(digest: &Digest<'_>) -> Vec<Section> {
    let mut sections = Vec::new();
    if let Some(changes) = &digest.changes {
        sections.push(section(title::FIXED, &changes.fixed, |it| gone(digest, it)));
        sections.push(section(title::UNKNOWN, &changes.unknown, |it| gone(digest, it)));
    }
    for (verdict, title) in NOT_JUDGED {
        let untried: Vec<_> = digest.untried.iter().filter(|it| it.key.verdict == verdict).collect();
        sections.push(section(title, &untried, |it| Item {
            head: places(digest, it),
            text: text(&it.key.in_full()),
        }));
    }
    sections.push(section(title::RETRIED, &digest.retried, |it| Item {
        head: places(digest, it),
        text: format!("after {} attempts", it.key),
    }));
    sections.push(section(title::GAPS, &digest.gaps, |it| Item {
        head: format!("{} in {}", printable(&it.key.table), places(digest, it)),
        text: text(&it.key.reason),
    }));
    sections.push(section(title::ACCEPTED, &digest.accepted, |entry| {
        let (suite, row) = digest.place(entry.suite, entry.row);
        let finding = entry.finding;
        let place = printable(&format!("{}{}", digest.prefix(suite.name), row.id)).into_owned();
        let what = format!("{} {}", finding.kind, printable(&finding.object));
        Item {
            head: format!("{place}  {what}  {}", suite.on(&entry.targets)),
            text: finding.accepted.as_ref().map(|it| text(&it.in_full())).unwrap_or_default(),
        }
    }));
    sections.push(section(title::TEXTS, &digest.texts, |it| said(digest, it)));
    let kept: Vec<_> = digest.report.cells.iter().filter(|cell| cell.kept.is_some()).collect();
    sections.push(section(title::KEPT, &kept, |cell| Item {
        head: place(digest, cell),
        text: cell.kept.as_deref().map(text).unwrap_or_default(),
    }));
    sections.push(section(title::SLOWEST, &digest.time.slowest, |cell| Item {
        head: place(digest, cell),
        text: text(&took(cell)),
    }));
    sections.retain(|section| section.number > 0);
    sections
}

fn section<T>(title: &'static str, all: &[T], item: impl Fn(&T) -> Item) -> Section {
    let items: Vec<Item> = all.iter().take(LIST).map(item).collect();
    Section { title: capital(title), number: all.len(), left: all.len() - items.len(), items }
}

fn place(digest: &Digest<'_>, cell: &Cell) -> String {
    printable(&format!("{}{} on {}", digest.prefix(&cell.suite), cell.revision, cell.target)).into_owned()
}

fn gone(digest: &Digest<'_>, gone: &Gone<'_>) -> Item {
    let place = format!("{}{} on {}", digest.prefix(gone.suite), gone.revision, gone.targets.join(", "));
    Item {
        head: printable(&place).into_owned(),
        text: format!("{} {}", gone.finding.kind, printable(&gone.finding.object)),
    }
}

fn said(digest: &Digest<'_>, said: &Text<'_>) -> Item {
    let (suite, row) = digest.place(said.suite, said.row);
    let finding = said.finding;
    let meaning = match finding.proof {
        Proof::Confirmed => "confirmed",
        Proof::Refuted => "refuted: rows in every table, and nothing of the kind",
        Proof::Open => "open: no run shows it, or this one could not",
    };
    let place = format!("{}:{}", finding.file, finding.line);
    let head = format!(
        "{}[{}]  {}{} {}",
        finding.severity.as_str(),
        finding.code,
        digest.prefix(suite.name),
        row.id,
        suite.on(&said.targets)
    );
    Item {
        head: printable(&head).into_owned(),
        text: format!("{meaning}\n{}\n{}", text(&finding.message), printable(&place)),
    }
}

fn places<K>(digest: &Digest<'_>, shared: &Shared<'_, K>) -> String {
    let places = shared.places(NAMED).join("; ");
    let news = shared.news().map_or_else(String::new, |news| format!(" ({news})"));
    printable(&format!("{}{places}{news}", digest.prefix(shared.suite))).into_owned()
}
