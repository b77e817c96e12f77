//! What one revision came to, before anybody knows of reports.

use std::collections::BTreeMap;

use mrt_report::{Coverage, Finding};

use crate::check::CheckError;
use crate::check::judge::Judged;

/// What one revision came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was checked.
    Judged {
        findings: Vec<Finding>,
        coverage: Coverage,
        phases_ms: BTreeMap<String, u64>,
        kept: Option<String>,
    },
    /// A revision that it needs cannot be applied.
    Blocked { by: usize },
    /// mrt cannot check it, on whatever machine.
    Impossible { reason: String },
    /// Infrastructure failed.
    Failed { reason: String },
}

impl Outcome {
    /// Findings that no trial stands behind.
    pub(crate) fn found(findings: Vec<Finding>, kept: Option<String>) -> Self {
        Self::Judged { findings, coverage: Coverage::default(), phases_ms: BTreeMap::new(), kept }
    }

    pub(crate) fn judged(judged: Judged, kept: Option<String>) -> Self {
        let phases_ms = judged.phases.millis();
        let findings = judged.found.into_iter().map(|found| found.finding).collect();
        Self::Judged { findings, coverage: judged.coverage, phases_ms, kept }
    }

    /// What mrt failed at.
    pub(crate) fn error(error: &CheckError) -> Self {
        let reason = error.in_full();
        if error.is_final() { Self::Impossible { reason } } else { Self::Failed { reason } }
    }
}
