//! Findings that somebody has accepted: one by one in `[[accept]]`, or all at once in the baseline.

use std::collections::{BTreeMap, BTreeSet};

use mrt_chain::settings::{Accept, EngineKind, Target};

use crate::finding::Finding;

/// A finding, and what accepts it.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// What was found.
    pub finding: Finding,
    /// The entry, as a position in the suite's `accept`.
    pub by: usize,
}

/// What a suite accepts, and how much of that is used up.
pub(crate) struct Acceptances<'a> {
    entries: &'a [Accept],
    targets: &'a [Target],
    today: Option<&'a str>,
    used: Vec<u32>,
}

impl<'a> Acceptances<'a> {
    pub(crate) fn of(entries: &'a [Accept], targets: &'a [Target], today: Option<&'a str>) -> Self {
        Self { entries, targets, today, used: vec![0; entries.len()] }
    }

    /// The entry that accepts a finding on these engines. Where it has expired, the finding says so.
    pub(crate) fn take(&mut self, finding: &mut Finding, engines: &BTreeSet<EngineKind>) -> Option<usize> {
        let (subject, object) = (finding.subject().to_owned(), finding.object().to_owned());
        for (at, entry) in self.entries.iter().enumerate() {
            let is_meant = entry.revision == subject
                && entry.kind.as_deref().is_none_or(|kind| kind == finding.code)
                && entry.object.as_deref().is_none_or(|own| own == object)
                && engines.iter().all(|engine| self.is_among(*engine, &entry.targets))
                && entry.count.is_none_or(|count| self.used[at] < count);
            if !is_meant {
                continue;
            }
            match (entry.until.as_deref(), self.today) {
                // Both are days as `YYYY-MM-DD`.
                (Some(until), Some(today)) if until < today => {
                    finding.message =
                        format!("{} (was accepted until {until}: {})", finding.message, entry.reason);
                }
                _ => {
                    self.used[at] += 1;
                    return Some(at);
                }
            }
        }
        None
    }

    fn is_among(&self, engine: EngineKind, names: &[String]) -> bool {
        let mut own = self.targets.iter().filter(|target| target.engine == engine);
        names.is_empty() || own.any(|target| target.is_among(names))
    }
}

/// The entries that accept these findings and no more.
pub fn entries<'a>(findings: impl IntoIterator<Item = &'a Finding>, reason: &str) -> Vec<Accept> {
    let mut counts: BTreeMap<(&str, &str, &str), u32> = BTreeMap::new();
    for finding in findings {
        *counts.entry((finding.subject(), finding.code, finding.object())).or_default() += 1;
    }
    let entry = |((subject, code, object), count): ((&str, &str, &str), u32)| Accept {
        revision: subject.to_owned(),
        kind: Some(code.to_owned()),
        object: Some(object.to_owned()),
        targets: Vec::new(),
        reason: reason.to_owned(),
        until: None,
        count: Some(count),
    };
    counts.into_iter().map(entry).collect()
}
