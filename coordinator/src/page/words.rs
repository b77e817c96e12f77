//! Times and names, as people read them.

use jiff::Timestamp;
use jiff::fmt::strtime;
use mrt_report::{Verdict, printable};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// A time: for people, and for what reads pages.
pub(super) struct When {
    pub(super) text: String,
    pub(super) exact: String,
}

/// A time in milliseconds since 1970.
pub(super) fn when(millis: u64) -> When {
    let time = i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    let time = time.unwrap_or(Timestamp::UNIX_EPOCH);
    let text = strtime::format("%Y-%m-%d %H:%M UTC", time).unwrap_or_default();
    When { text, exact: time.to_string() }
}

/// How long something took: `0.25 s`, `3.1 s`, `4 min 5 s`, `2 h 3 min`.
pub(super) fn span(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0 => format!("{millis} ms"),
        1..60 => format!("{}.{} s", seconds, millis % 1000 / 100),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `1 cell`, `2 cells`.
pub(super) fn count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// Text that is safe to show, on one line.
pub(super) fn shown(text: &str) -> String {
    printable(text).into_owned()
}

/// The same, with its lines and without tabs.
pub(super) fn lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(|line| shown(&line.replace('\t', "    ")))
}

/// A name as a part of an address.
pub(super) fn escaped(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}

/// All verdicts, the one first that somebody wants to know first.
pub(super) const VERDICTS: [Verdict; 6] =
    [Verdict::Fail, Verdict::Blocked, Verdict::Error, Verdict::Warn, Verdict::Pass, Verdict::Skip];

/// A verdict as it is shown: its sign and its word.
pub(super) struct Sign {
    pub(super) symbol: char,
    pub(super) word: &'static str,
    pub(super) count: u32,
}

pub(super) fn sign(verdict: Verdict) -> Sign {
    Sign { symbol: mrt_report::symbol(verdict), word: verdict.as_str(), count: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_at_a_glance() {
        assert_eq!(when(1_795_672_800_000).text, "2026-11-26 06:00 UTC");
        assert_eq!(when(1_795_672_800_000).exact, "2026-11-26T06:00:00Z");
        assert_eq!([250, 3_149, 245_000, 7_380_000].map(span), ["250 ms", "3.1 s", "4 min 5 s", "2 h 3 min"]);
    }
}
