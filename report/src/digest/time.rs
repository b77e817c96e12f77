//! Where time went.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::{Cell, Report};

/// How many slow cells are named.
const NAMED: usize = 10;

/// Where time went. Cells run side by side, so all of it together is work, not what somebody waited.
#[derive(Debug)]
pub(crate) struct Time<'a> {
    pub(crate) total_ms: u64,
    /// What each phase took of it, the longest first.
    pub(crate) phases: Vec<(&'a str, u64)>,
    /// The slowest cells, the slowest first.
    pub(crate) slowest: Vec<&'a Cell>,
}

impl<'a> Time<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let mut phases: BTreeMap<&str, u64> = BTreeMap::new();
        for (phase, ms) in report.cells.iter().flat_map(|cell| &cell.phases_ms) {
            let sum = phases.entry(phase).or_default();
            *sum = sum.saturating_add(*ms);
        }
        let mut phases: Vec<(&str, u64)> = phases.into_iter().filter(|(_, ms)| *ms > 0).collect();
        phases.sort_by_key(|(_, ms)| Reverse(*ms));
        let mut slowest: Vec<&Cell> = report.cells.iter().filter(|cell| cell.duration_ms > 0).collect();
        slowest.sort_by_key(|cell| Reverse(cell.duration_ms));
        slowest.truncate(NAMED);
        let total_ms = report.cells.iter().fold(0, |sum: u64, cell| sum.saturating_add(cell.duration_ms));
        Self { total_ms, phases, slowest }
    }
}

impl Time<'_> {
    /// `4.4 s of work, of it upgrade 4.0 s, seed 210 ms`; `None` where nothing was timed.
    pub(crate) fn words(&self) -> Option<String> {
        let phases: Vec<String> =
            self.phases.iter().map(|(phase, ms)| format!("{phase} {}", duration(*ms))).collect();
        let of = if phases.is_empty() { String::new() } else { format!(", of it {}", phases.join(", ")) };
        (self.total_ms > 0).then(|| format!("{} of work{of}", duration(self.total_ms)))
    }
}

/// How long a cell took, and the phase that took most of it.
pub(crate) fn took(cell: &Cell) -> String {
    let longest = cell.phases_ms.iter().max_by_key(|(name, ms)| (**ms, Reverse(*name)));
    let of = longest.map_or_else(String::new, |(phase, ms)| format!(", of it {phase} {}", duration(*ms)));
    format!("{}{of}", duration(cell.duration_ms))
}

/// `12 ms`, `4.2 s`, `3 min 20 s`, `2 h 5 min`.
fn duration(ms: u64) -> String {
    let s = ms / 1000;
    match s {
        0 => format!("{ms} ms"),
        1..60 => format!("{s}.{} s", ms % 1000 / 100),
        60..3600 => format!("{} min {} s", s / 60, s % 60),
        _ => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_as_exact_as_they_are_read() {
        let texts = [0, 999, 1000, 59_999, 60_000, 3_599_999, 3_600_000, 90_000_000].map(duration);
        assert_eq!(
            texts,
            ["0 ms", "999 ms", "1.0 s", "59.9 s", "1 min 0 s", "59 min 59 s", "1 h 0 min", "25 h 0 min"]
        );
    }
}
