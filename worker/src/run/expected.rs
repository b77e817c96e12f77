//! What the texts of revisions let expect, and which cells bear it out.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use mrt_chain::settings::{EngineKind, Suite};
use mrt_lint::project::Selection;
use mrt_lint::rules::{self, Check, Shows};
use mrt_lint::{Finding, Severity};
use mrt_report::{Cell, FindingKind, Proof, StaticFinding, problems};
use tracing::warn;

/// How many suites are remembered.
const REMEMBERED: usize = 64;

/// A suite as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The directory of the project.
    pub path: PathBuf,
    /// The bundle that lies there.
    pub bundle: String,
    /// The file of the settings; empty is the usual one.
    pub settings: String,
    /// The suite.
    pub suite: String,
    /// The engine.
    pub engine: EngineKind,
}

/// Where what is expected of one lies, once it has been read.
type Place = Arc<OnceLock<Arc<Expected>>>;

/// What is expected of suites, each read once for all of its shards.
#[derive(Debug, Default)]
pub struct Expectations {
    known: Mutex<VecDeque<(Reading, Place)>>,
}

impl Expectations {
    /// What the texts of a suite let expect on its one target. Takes as long as reading them; who asks meanwhile waits.
    pub fn of(&self, reading: Reading, suite: &Suite) -> Arc<Expected> {
        let place = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            match known.iter().find(|(other, _)| *other == reading) {
                Some((_, place)) => Arc::clone(place),
                None => {
                    known.truncate(REMEMBERED - 1);
                    let place = Place::default();
                    known.push_front((reading, Arc::clone(&place)));
                    place
                }
            }
        };
        Arc::clone(place.get_or_init(|| Arc::new(Expected::of(suite))))
    }
}

/// The static findings of a suite's revisions on one target.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    by_revision: BTreeMap<String, Vec<Finding>>,
}

impl Expected {
    /// Reading is beside the check: where it fails, nothing is expected.
    fn of(suite: &Suite) -> Self {
        let mut by_revision: BTreeMap<String, Vec<Finding>> = BTreeMap::new();
        let read = catch_unwind(AssertUnwindSafe(|| mrt_lint::check(suite, &Selection::default())));
        match read {
            Err(_) => {
                warn!(suite = suite.name, "the revisions are not read as text: the reader has a mistake")
            }
            Ok(Ok(checked)) => {
                for finding in checked.findings.into_iter().filter(is_of_a_revision) {
                    by_revision.entry(finding.revision.clone()).or_default().push(finding);
                }
            }
            Ok(Err(error)) => warn!(suite = suite.name, "the revisions are not read as text: {error}"),
        }
        Self { by_revision }
    }

    /// What was expected of a cell's revision, each with what the cell says of it.
    pub(super) fn beside(&self, cell: &Cell) -> Vec<StaticFinding> {
        let own = self.by_revision.get(&cell.revision).into_iter().flatten();
        own.map(|finding| StaticFinding {
            code: finding.code.to_owned(),
            severity: match finding.severity {
                Severity::Note => problems::Severity::Note,
                Severity::Warning => problems::Severity::Warning,
                Severity::Error => problems::Severity::Error,
            },
            message: finding.message.clone(),
            file: finding.file.clone(),
            line: finding.line,
            proof: Proof::of(&finding.message, &kinds(finding.code), cell),
        })
        .collect()
    }
}

/// Whether a finding is about what a revision does. What is said of the whole chain changes with its neighbours, of which a cell
/// knows nothing.
fn is_of_a_revision(finding: &Finding) -> bool {
    rules::find(finding.code).is_some_and(|rule| matches!(rule.check, Check::Migration(_)))
}

/// The findings of a run that bear out a rule.
fn kinds(code: &str) -> Vec<FindingKind> {
    let shows = rules::find(code).map_or(&[][..], |rule| rule.shows);
    shows.iter().flat_map(|shows| of(*shows)).copied().collect()
}

fn of(shows: Shows) -> &'static [FindingKind] {
    use FindingKind::{
        DataChanged, DataLost, DowngradeFailed, HalfApplied, Irreversible, ReupgradeDiffers, ReupgradeFailed,
        RowsLeftBehind, RowsLost, SchemaLeftBehind, SchemaNotRestored, ServerDied, Timeout, UpgradeFailed,
    };
    match shows {
        Shows::Rows => &[DataLost, DataChanged, RowsLost, RowsLeftBehind],
        Shows::Schema => &[SchemaNotRestored, SchemaLeftBehind, ReupgradeDiffers],
        Shows::Failure => {
            &[UpgradeFailed, DowngradeFailed, ReupgradeFailed, HalfApplied, Timeout, ServerDied]
        }
        Shows::NoWayBack => &[Irreversible],
    }
}
