//! How many cells came to what, as a bar and in numbers.

use std::collections::BTreeMap;

use mrt_report::{Summary, Verdict};

use super::words::{Sign, VERDICTS, sign};

/// A bar of a hundred parts, with what it stands for.
pub(super) struct Bar {
    pub(super) parts: Vec<Part>,
    /// What occurred, in numbers.
    pub(super) signs: Vec<Sign>,
    /// For those who do not see it.
    pub(super) label: String,
}

/// A part of a bar, in tenths of a hundredth.
pub(super) struct Part {
    pub(super) class: &'static str,
    pub(super) from: u64,
    pub(super) width: u64,
}

/// The verdicts of so many cells; what has none yet leaves the bar open.
pub(super) fn bar(summary: Summary, cells: u64) -> Bar {
    let counted = VERDICTS.map(|verdict| (verdict, summary[verdict]));
    let all = cells.max(counted.iter().map(|(_, n)| u64::from(*n)).sum()).max(1);
    let (mut parts, mut signs, mut before) = (Vec::new(), Vec::new(), 0);
    for (verdict, count) in counted.into_iter().filter(|(_, count)| *count > 0) {
        let (from, to) = (before * 1000 / all, (before + u64::from(count)) * 1000 / all);
        before += u64::from(count);
        // Whatever is wrong is seen, however seldom it is.
        parts.push(Part { class: verdict.as_str(), from, width: (to - from).max(4) });
        signs.push(Sign { count, ..sign(verdict) });
    }
    let words: Vec<String> = signs.iter().map(|it| format!("{} {}", it.count, it.word)).collect();
    let label = if words.is_empty() { "no result yet".to_owned() } else { words.join(", ") };
    Bar { parts, signs, label }
}

/// What all suites of a run came to together.
pub(super) fn total(suites: &BTreeMap<String, Summary>) -> Summary {
    let mut total = Summary::default();
    for (suite, verdict) in suites.values().flat_map(|suite| VERDICTS.map(|verdict| (suite, verdict))) {
        total[verdict] += suite[verdict];
    }
    total
}

/// The verdict that somebody wants to know first; nothing where there is none yet.
pub(super) fn worst(summary: Summary) -> Option<Verdict> {
    VERDICTS.into_iter().find(|verdict| summary[*verdict] > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_stays_open_and_what_is_rare_is_seen() {
        let summary = Summary { pass: 4_998, fail: 2, ..Summary::default() };
        let bar = bar(summary, 10_000);
        let parts: Vec<_> = bar.parts.iter().map(|it| (it.class, it.from, it.width)).collect();
        assert_eq!(parts, [("fail", 0, 4), ("pass", 0, 500)]);
        assert_eq!(bar.label, "2 fail, 4998 pass");
        assert_eq!(super::bar(Summary::default(), 0).label, "no result yet");
    }
}
