//! What is wrong today, written down so that only what is new counts tomorrow.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{FindingKind, Report, Severity};

/// Every finding of a report that counts, in the shape of the settings' `accept` entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Baseline {
    /// One entry per suite, revision, kind and object.
    pub accept: Vec<BaselineEntry>,
}

/// One finding that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BaselineEntry {
    /// The suite.
    pub suite: String,
    /// The revision's id.
    pub revision: String,
    /// The finding's kind.
    pub kind: FindingKind,
    /// The finding's object.
    pub object: String,
    /// The targets on which it was found.
    pub targets: Vec<String>,
    /// Shown in later reports.
    pub reason: String,
    /// The last day on which it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl Baseline {
    /// The baseline of this report. A finding that is accepted already keeps its own reason and date; notes are
    /// left out, because they count for nothing.
    pub fn of(report: &Report) -> Self {
        let mut entries: Vec<BaselineEntry> = Vec::new();
        let mut known = BTreeMap::new();
        for cell in &report.cells {
            for finding in cell.findings.iter().filter(|f| f.severity > Severity::Note) {
                let (reason, until) = match &finding.accepted {
                    Some(accepted) => (accepted.reason.clone(), accepted.until.clone()),
                    None => ("known when the baseline was written".to_owned(), None),
                };
                let key = (
                    &cell.suite,
                    &cell.revision,
                    finding.kind,
                    &finding.object,
                    reason.clone(),
                    until.clone(),
                );
                let at = *known.entry(key).or_insert_with(|| {
                    entries.push(BaselineEntry {
                        suite: cell.suite.clone(),
                        revision: cell.revision.clone(),
                        kind: finding.kind,
                        object: finding.object.clone(),
                        targets: Vec::new(),
                        reason,
                        until,
                    });
                    entries.len() - 1
                });
                let targets = &mut entries[at].targets;
                if !targets.contains(&cell.target) {
                    targets.push(cell.target.clone());
                }
            }
        }
        Self { accept: entries }
    }
}
