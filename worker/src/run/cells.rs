//! Which cells a run has, and how an outcome becomes a cell of the report.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use mrt_chain::graph::Chain;
use mrt_chain::settings::{Accept, Suite, Target};
use mrt_report::{Accepted, Cell, Coverage, Finding, Severity, Verdict};

use super::{RunError, RunOptions};
use crate::check::millis;
use crate::check::shard::Outcome;

/// The cells of one suite on one target.
pub(super) struct Selection {
    pub(super) suite: Arc<Suite>,
    pub(super) target: Target,
    pub(super) chain: Arc<Chain>,
    /// Revisions to judge, as indexes into the chain.
    pub(super) judged: BTreeSet<usize>,
    /// Revisions that are left out on request, with the reason.
    pub(super) skipped: BTreeMap<usize, String>,
    today: jiff::civil::Date,
}

impl Selection {
    pub(super) fn new(
        suite: Arc<Suite>,
        target: Target,
        chain: Arc<Chain>,
        options: &RunOptions,
    ) -> Result<Self, RunError> {
        let find = |setting: &str, name: &str| {
            let selected = |message: String| RunError::Selection { setting: setting.to_owned(), message };
            let revision = chain.resolve(name).map_err(|error| selected(error.to_string()))?;
            Ok(revision.id.clone())
        };
        let mut selected: BTreeSet<usize> = (0..chain.revisions().len()).collect();
        if let Some(floor) = &suite.floor {
            for below in chain.ancestors(&find("floor", floor)?) {
                selected.remove(&below);
            }
        }
        if let Some(since) = &options.since {
            let first = find("--since", since)?;
            let wanted: BTreeSet<usize> = chain.descendants(&first).into_iter().collect();
            selected = selected.intersection(&wanted).copied().collect();
        }
        if !options.only.is_empty() {
            let mut wanted = BTreeSet::new();
            for name in &options.only {
                wanted.extend(chain.position(&find("--only", name)?));
            }
            selected = selected.intersection(&wanted).copied().collect();
        }
        let mut skipped = BTreeMap::new();
        for skip in &suite.skip {
            let index = chain.position(&find("skip", &skip.revision)?);
            if let Some(index) = index.filter(|index| selected.contains(index))
                && applies_to(&skip.targets, &target)
            {
                skipped.insert(index, skip.reason.clone());
            }
        }
        if selected.is_empty() {
            return Err(RunError::NothingSelected { suite: suite.name.clone(), target: target.name });
        }
        let judged = selected.into_iter().filter(|index| !skipped.contains_key(index)).collect();
        Ok(Self { suite, target, chain, judged, skipped, today: options.today })
    }

    /// Makes the report's cell out of what a revision came to.
    pub(super) fn cell(&self, index: usize, outcome: Outcome, attempts: u32, time: Duration) -> Cell {
        let revision = &self.chain.revisions()[index];
        let mut cell = Cell {
            suite: self.suite.name.clone(),
            revision: revision.id.clone(),
            target: self.target.name.clone(),
            verdict: Verdict::Pass,
            attempts,
            duration_ms: millis(time),
            title: revision.title.clone(),
            reason: None,
            coverage: Coverage::default(),
            findings: Vec::new(),
            kept: None,
            phases_ms: BTreeMap::new(),
        };
        match outcome {
            Outcome::Judged { findings, coverage, phases_ms, kept } => {
                cell.coverage = coverage;
                cell.phases_ms = phases_ms;
                cell.kept = kept;
                cell.findings =
                    findings.into_iter().map(|finding| self.with_acceptance(&revision.id, finding)).collect();
                cell.verdict = verdict(&cell.findings);
            }
            Outcome::Blocked { by } => {
                let by = &self.chain.revisions()[by];
                cell.verdict = Verdict::Blocked;
                cell.reason = Some(format!("revision {} cannot be applied on this target", by.id));
            }
            Outcome::Error { reason } => {
                cell.verdict = Verdict::Error;
                cell.reason = Some(reason);
            }
        }
        cell
    }

    /// The cells that are left out on request.
    pub(super) fn skipped_cells(&self) -> impl Iterator<Item = Cell> + '_ {
        self.skipped.iter().map(|(&index, reason)| {
            let outcome = Outcome::Error { reason: reason.clone() };
            Cell { verdict: Verdict::Skip, ..self.cell(index, outcome, 0, Duration::ZERO) }
        })
    }

    fn with_acceptance(&self, revision: &str, mut finding: Finding) -> Finding {
        let matching = self.suite.accept.iter().filter(|accept| {
            accept.revision == revision
                && accept.kind.as_deref().is_none_or(|kind| kind == finding.kind.as_str())
                && accept.object.as_deref().is_none_or(|object| object == finding.object)
                && applies_to(&accept.targets, &self.target)
        });
        for accept in matching {
            if self.holds(accept) {
                finding.accepted =
                    Some(Accepted { reason: accept.reason.clone(), until: accept.until.clone() });
                return finding;
            }
            let until = accept.until.as_deref().unwrap_or_default();
            finding.message = format!("{} (was accepted until {until}: {})", finding.message, accept.reason);
        }
        finding
    }

    fn holds(&self, accept: &Accept) -> bool {
        let until = accept.until.as_deref().map(str::parse::<jiff::civil::Date>);
        match until {
            None => true,
            Some(Ok(until)) => self.today <= until,
            Some(Err(_)) => false,
        }
    }
}

/// Whether a setting that names targets or engines is about this one; naming none is about all.
fn applies_to(targets: &[String], target: &Target) -> bool {
    targets.is_empty() || targets.iter().any(|name| *name == target.name || *name == target.engine.as_str())
}

/// The verdict that findings amount to. Notes and accepted findings leave a `pass` a pass.
fn verdict(findings: &[Finding]) -> Verdict {
    let worst =
        findings.iter().filter(|finding| finding.accepted.is_none()).map(|finding| finding.severity).max();
    match worst {
        Some(Severity::Fail) => Verdict::Fail,
        Some(Severity::Warn) => Verdict::Warn,
        Some(Severity::Note) | None => Verdict::Pass,
    }
}
