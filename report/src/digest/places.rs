//! What is true of several cells alike, said once.

use std::collections::BTreeMap;

use super::Untried;
use crate::text::count;
use crate::{Cell, NotSeeded, Report, Verdict};

/// Something with the cells of one suite that it is true of.
#[derive(Debug)]
pub(crate) struct Shared<'a, K> {
    pub(crate) suite: &'a str,
    pub(crate) key: K,
    pub(crate) cells: Vec<&'a Cell>,
    /// How many of them came to something else in the previous report, where there is one.
    pub(crate) news: usize,
}

impl<'a, K> Shared<'a, K> {
    /// `a1, b2 on sqlite, postgres:15`, one for each set of targets. Of many revisions so many are named.
    pub(crate) fn places(&self, named: usize) -> Vec<String> {
        let mut revisions: Vec<(&str, Vec<&str>)> = Vec::new();
        let mut at: BTreeMap<&str, usize> = BTreeMap::new();
        for cell in &self.cells {
            let n = *at.entry(&cell.revision).or_insert_with(|| {
                revisions.push((&cell.revision, Vec::new()));
                revisions.len() - 1
            });
            revisions[n].1.push(&cell.target);
        }
        let mut lines: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
        for (revision, targets) in revisions {
            match lines.iter_mut().find(|(known, _)| *known == targets) {
                Some((_, revisions)) => revisions.push(revision),
                None => lines.push((targets, vec![revision])),
            }
        }
        lines
            .iter()
            .map(|(targets, revisions)| format!("{} on {}", listed(revisions, named), targets.join(", ")))
            .collect()
    }
}

/// `a1, b2`; of more than so many names the rest as a number.
pub(crate) fn listed(names: &[&str], named: usize) -> String {
    match names.len().saturating_sub(named) {
        // The line is no shorter without one name.
        0 | 1 => names.join(", "),
        more => format!("{} and {more} more", names[..named].join(", ")),
    }
}

/// Things by suite, in the order in which they come.
struct Grouped<'a, K> {
    all: Vec<Shared<'a, K>>,
    at: BTreeMap<(&'a str, K), usize>,
}

impl<'a, K: Ord + Clone> Grouped<'a, K> {
    fn of(cells: impl Iterator<Item = (K, &'a Cell)>) -> Vec<Shared<'a, K>> {
        let mut grouped = Self { all: Vec::new(), at: BTreeMap::new() };
        for (key, cell) in cells {
            let Self { all, at } = &mut grouped;
            let n = *at.entry((&cell.suite, key.clone())).or_insert_with(|| {
                all.push(Shared { suite: &cell.suite, key, cells: Vec::new(), news: 0 });
                all.len() - 1
            });
            all[n].cells.push(cell);
        }
        grouped.all
    }
}

pub(super) fn gaps(report: &Report) -> Vec<Shared<'_, &NotSeeded>> {
    Grouped::of(
        report.cells.iter().flat_map(|cell| cell.coverage.not_seeded.iter().map(move |gap| (gap, cell))),
    )
}

pub(super) fn untried(report: &Report) -> Vec<Shared<'_, Untried<'_>>> {
    let untried = |cell: &'_ Cell| matches!(cell.verdict, Verdict::Blocked | Verdict::Skip | Verdict::Error);
    Grouped::of(report.cells.iter().filter(|cell| untried(cell)).map(|cell| {
        let attempts = if cell.verdict == Verdict::Error { cell.attempts } else { 0 };
        let reason = cell.reason.as_deref().unwrap_or("no reason was given");
        (Untried { verdict: cell.verdict, reason, attempts }, cell)
    }))
}

pub(super) fn retried(report: &Report) -> Vec<Shared<'_, u32>> {
    let was_retried = |cell: &&Cell| cell.attempts > 1 && cell.verdict != Verdict::Error;
    Grouped::of(report.cells.iter().filter(was_retried).map(|cell| (cell.attempts, cell)))
}

impl<K> Shared<'_, K> {
    /// Which of them were something else before; `None` where none was, or nobody knows.
    pub(crate) fn news(&self) -> Option<String> {
        match self.news {
            0 => None,
            news if news == self.cells.len() => Some("not so in the previous report".to_owned()),
            news => {
                Some(format!("{news} of {} not so in the previous report", count(self.cells.len(), "cell")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_a_number() {
        assert_eq!(listed(&["a", "b", "c"], 2), "a, b, c");
        assert_eq!(listed(&["a", "b", "c", "d"], 2), "a, b and 2 more");
    }
}
