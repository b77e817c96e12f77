//! How an outcome becomes a cell of the report.

use std::time::Duration;

use mrt_chain::settings::Accept;
use mrt_report::{Accepted, Cell, Finding, Severity, Verdict};

use super::{Unit, UnitEvent};
use crate::check::millis;
use crate::check::outcome::Outcome;

impl Unit {
    /// What is told of a revision that has come to its end.
    pub(super) fn ended(
        &self,
        position: usize,
        outcome: Outcome,
        attempts: u32,
        time: Duration,
    ) -> UnitEvent {
        let revision = &self.chain.revisions()[position];
        let untried = |verdict, reason| {
            Cell::untried(&self.suite.name, &self.target.name, &revision.id, &revision.title, verdict, reason)
        };
        let cell = match outcome {
            Outcome::Judged { findings, coverage, phases_ms, kept } => {
                let findings: Vec<Finding> =
                    findings.into_iter().map(|finding| self.with_acceptance(&revision.id, finding)).collect();
                let verdict = verdict(&findings);
                Cell { reason: None, coverage, phases_ms, kept, findings, ..untried(verdict, String::new()) }
            }
            Outcome::Blocked { by } => {
                let by = &self.chain.revisions()[by].id;
                untried(Verdict::Blocked, format!("revision {by} cannot be applied on this target"))
            }
            Outcome::Impossible { reason } => untried(Verdict::Error, reason),
            Outcome::Failed { reason } => return UnitEvent::Failed { position, reason },
        };
        let static_findings = self.expected.beside(&cell);
        let cell = Box::new(Cell { attempts, duration_ms: millis(time), static_findings, ..cell });
        UnitEvent::Finished { position, cell }
    }

    /// Whether a finding of a revision counts for its verdict.
    pub(super) fn counts(&self, revision: &str, finding: &Finding) -> bool {
        finding.severity > Severity::Note
            && self.with_acceptance(revision, finding.clone()).accepted.is_none()
    }

    fn with_acceptance(&self, revision: &str, mut finding: Finding) -> Finding {
        let matching = self.suite.accept.iter().filter(|accept| {
            accept.revision == revision
                && accept.kind.as_deref().is_none_or(|kind| kind == finding.kind.as_str())
                && accept.object.as_deref().is_none_or(|object| object == finding.object)
                && self.target.is_among(&accept.targets)
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
