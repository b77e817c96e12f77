//! From observations to findings: one per kind and object, with what shows it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mrt_chain::graph::Revision;
use mrt_report::{Coverage, Evidence, Finding, FindingKind, Severity};

use crate::check::compare::Difference;
use crate::check::evidence::{self, Scrubber};
use crate::check::half_applied;
use crate::check::trial::{Failed, Problem, Scene, Step, Trial};
use crate::check::volatile::{self, Clock};
use crate::host::{Failure, Raised, Statement};
use crate::seed::{Batch, RowKind};

/// How much a trial's findings weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Ordinary rows alone: `fail`.
    Ordinary,
    /// Edge rows took part: what ordinary rows did not show is `warn`.
    Edges,
    /// As said.
    By(Severity),
}

/// Which part of what a trial shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    /// What came before a step failed.
    Differences,
    /// The step that failed.
    Failure,
}

/// What a finding is about.
type Subject = (FindingKind, String);

/// A finding, and the trial that shows it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) finding: Finding,
    pub(crate) scene: Arc<Scene>,
}

/// Turns differences into findings, one per kind and object.
pub(crate) struct Reader<'a> {
    revision: &'a Revision,
    scrubber: Scrubber,
    found: BTreeMap<Subject, Found>,
    /// The tables in which the revision itself leaves rows behind, once that is known.
    pub(crate) left_behind: Option<BTreeSet<String>>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(revision: &'a Revision, scrubber: Scrubber) -> Self {
        Self { revision, scrubber, found: BTreeMap::new(), left_behind: None }
    }
}

impl Reader<'_> {
    /// Takes in what a trial shows and no earlier one has shown. Answers with what is new and may say something else
    /// each time.
    pub(crate) fn take(
        &mut self,
        trial: &Trial,
        part: Part,
        weight: Weight,
        depends_on: &[String],
    ) -> BTreeSet<Subject> {
        let mut may_vary = BTreeSet::new();
        let shown: Vec<(Finding, bool, bool)> = self.shown(trial, part).collect();
        for (finding, note, about_b) in shown {
            let subject = (finding.kind, finding.object.clone());
            let varies = volatile::may_vary(&finding);
            let found = Found { finding, scene: Arc::clone(&trial.scene) };
            if self.add(found, note, about_b, weight, depends_on) && varies {
                may_vary.insert(subject);
            }
        }
        may_vary
    }

    /// The findings of a trial; whether each is a note, and whether it is about rows B.
    fn shown<'s>(&'s self, trial: &'s Trial, part: Part) -> impl Iterator<Item = (Finding, bool, bool)> {
        let of_rows_b = |difference: &Difference| {
            difference.kind == FindingKind::RowsLeftBehind
                && self.left_behind.as_ref().is_some_and(|tables| !tables.contains(&difference.object))
        };
        let differences =
            trial.differences.iter().filter(move |one| part != Part::Failure && !of_rows_b(one));
        let failed = trial.failed.iter().filter(move |_| part != Part::Differences);
        differences.map(|one| (self.of_difference(one, trial), one.note, one.about_b)).chain(
            failed
                .flat_map(|failed| self.failures(failed, &trial.statements, trial.statements_of(failed.step)))
                .map(|finding| (finding, false, false)),
        )
    }

    /// Masks what a second trial with the same rows says otherwise.
    pub(crate) fn confirm(&mut self, again: &Trial, subjects: &BTreeSet<Subject>) {
        let shown: Vec<Finding> = self.shown(again, Part::All).map(|(finding, ..)| finding).collect();
        for finding in shown {
            let subject = (finding.kind, finding.object.clone());
            if let Some(known) = self.found.get_mut(&subject).filter(|_| subjects.contains(&subject)) {
                volatile::mask_finding(&mut known.finding, &finding);
            }
        }
    }

    /// The findings as the report shows them.
    pub(crate) fn found(self) -> Vec<Found> {
        let clock = Clock::now();
        let mut all: Vec<Found> = self.found.into_values().collect();
        for Found { finding, .. } in &mut all {
            clock.mask_finding(finding);
            evidence::bound(finding);
        }
        all
    }

    /// The findings of a failure alone.
    pub(crate) fn of_failure(self, failed: &Failed, statements: &[Statement]) -> Vec<Finding> {
        let clock = Clock::now();
        let mut findings = self.failures(failed, statements, statements);
        for finding in &mut findings {
            clock.mask_finding(finding);
            evidence::bound(finding);
        }
        findings
    }

    /// What a failed step comes to: the failure, and what it has left half-way.
    fn failures(&self, failed: &Failed, sent: &[Statement], of_step: &[Statement]) -> Vec<Finding> {
        let half = half_applied::finding(failed, self.revision, of_step).map(|mut finding| {
            finding.statement = finding.statement.map(|sql| self.statement(&sql));
            self.scrubber.evidence(&mut finding.evidence);
            finding
        });
        [self.failed(failed, sent)].into_iter().chain(half).collect()
    }

    /// Whether the finding is one that was not known, or not as grave.
    fn add(
        &mut self,
        mut found: Found,
        note: bool,
        about_b: bool,
        weight: Weight,
        depends_on: &[String],
    ) -> bool {
        let finding = &mut found.finding;
        finding.severity = match weight {
            _ if note => Severity::Note,
            Weight::By(severity) => severity,
            Weight::Ordinary if about_b => Severity::Warn,
            Weight::Ordinary => Severity::Fail,
            Weight::Edges => Severity::Warn,
        };
        if weight != Weight::Ordinary && !note {
            finding.evidence.depends_on.extend(depends_on.iter().cloned());
        }
        match self.found.entry((finding.kind, finding.object.clone())) {
            Entry::Vacant(place) => {
                place.insert(found);
                true
            }
            Entry::Occupied(mut known) if finding.severity > known.get().finding.severity => {
                finding.evidence.depends_on.clear();
                known.insert(found);
                true
            }
            Entry::Occupied(mut known) => {
                let known = &mut known.get_mut().finding;
                if known.severity == Severity::Warn && weight == Weight::Edges {
                    let rows: BTreeSet<String> = known
                        .evidence
                        .depends_on
                        .drain(..)
                        .chain(found.finding.evidence.depends_on)
                        .collect();
                    known.evidence.depends_on = rows.into_iter().collect();
                }
                false
            }
        }
    }

    fn of_difference(&self, difference: &Difference, trial: &Trial) -> Finding {
        let mut evidence = difference.evidence.clone();
        let edges: Vec<&(Batch, RowKind)> =
            difference.rows.iter().filter(|(_, kind)| matches!(kind, RowKind::Edge(_))).collect();
        let only_edges = !edges.is_empty() && edges.len() == difference.rows.len();
        if only_edges {
            evidence.depends_on =
                edges.iter().map(|(batch, kind)| evidence::row_kind(*batch, *kind)).collect();
        }
        self.scrubber.evidence(&mut evidence);
        let culprit = self.culprit(difference, trial);
        let file_line = match difference.kind {
            FindingKind::RowsLost | FindingKind::DataChanged if culprit.is_some() => {
                culprit.and_then(|statement| statement.line)
            }
            FindingKind::ReupgradeDiffers => Some(self.revision.upgrade_line),
            _ => culprit.and_then(|statement| statement.line).or(self.revision.downgrade_line),
        };
        Finding {
            kind: difference.kind,
            severity: Severity::Fail,
            object: difference.object.clone(),
            message: difference.message.clone(),
            evidence,
            statement: culprit.map(|statement| self.statement(&statement.sql)),
            file: self.revision.display_file.clone(),
            line: file_line.unwrap_or(self.revision.upgrade_line),
            accepted: None,
        }
    }

    fn statement(&self, sql: &str) -> String {
        self.scrubber.text(&volatile::settled(sql))
    }

    /// The statement that most likely did it: the first one of the revision's own that names the object's parts.
    fn culprit<'t>(&self, difference: &Difference, trial: &'t Trial) -> Option<&'t Statement> {
        let mut parts = difference.object.rsplit('.');
        let last = parts.next().unwrap_or_default().to_ascii_lowercase();
        let table = parts.next().map(str::to_ascii_lowercase);
        let names = |statement: &&Statement, wanted: &str| {
            let sql = statement.sql.to_ascii_lowercase();
            sql.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == wanted)
        };
        let changes = |statement: &&Statement| {
            let first = statement.sql.trim_start().get(..6).unwrap_or_default().to_ascii_uppercase();
            statement.line.is_some() && !matches!(first.as_str(), "SELECT" | "PRAGMA")
        };
        let own = || trial.statements.iter().filter(changes);
        own()
            .find(|statement| {
                names(statement, &last) && table.as_ref().is_none_or(|table| names(statement, table))
            })
            .or_else(|| own().find(|statement| names(statement, table.as_deref().unwrap_or(&last))))
    }

    fn failed(&self, failed: &Failed, statements: &[Statement]) -> Finding {
        let step = match failed.step {
            Step::Upgrade => "upgrade",
            Step::Downgrade => "downgrade",
            Step::Again => "second upgrade, after the downgrade,",
        };
        let kind = match failed.step {
            Step::Upgrade => FindingKind::UpgradeFailed,
            Step::Downgrade => FindingKind::DowngradeFailed,
            Step::Again => FindingKind::ReupgradeFailed,
        };
        let own_line = match failed.step {
            Step::Downgrade => self.revision.downgrade_line,
            Step::Upgrade | Step::Again => None,
        }
        .unwrap_or(self.revision.upgrade_line);
        let mut finding = Finding {
            kind,
            severity: Severity::Fail,
            object: self.revision.id.clone(),
            message: String::new(),
            evidence: Evidence::default(),
            statement: None,
            file: self.revision.display_file.clone(),
            line: own_line,
            accepted: None,
        };
        let last = || statements.iter().rev().find(|statement| statement.line.is_some());
        match &failed.problem {
            Problem::Failed(Failure::Raised(raised))
                if raised.on_purpose && failed.step == Step::Downgrade =>
            {
                finding.kind = FindingKind::Irreversible;
                finding.message =
                    "the revision cannot be rolled back: its downgrade raises on purpose; write one, or accept it with a reason".to_owned();
                finding.evidence.error = Some(format!("{}: {}", raised.class, raised.message));
                finding.line = raised.line.unwrap_or(own_line);
            }
            Problem::Failed(Failure::Raised(raised)) => {
                let with_rows = if raised.from_database {
                    "the database refuses a statement"
                } else {
                    "an exception is raised"
                };
                finding.message = format!(
                    "the {step} fails: {with_rows}: {}",
                    self.scrubber.text(first_line(&raised.message))
                );
                tell_raised(raised, &mut finding);
                if !raised.from_database {
                    finding.evidence.output = Some(raised.traceback.clone());
                }
            }
            Problem::Failed(Failure::TimedOut { after, statement }) => {
                finding.kind = FindingKind::Timeout;
                finding.message = format!(
                    "the {step} did not end within {} s and was stopped; look for a lock that it waits for or work that grows with the rows, or raise `timeout`",
                    after.as_secs_f64()
                );
                let statement = statement.as_ref().or_else(last);
                finding.statement = statement.map(|statement| statement.sql.clone());
                finding.line = statement.and_then(|statement| statement.line).unwrap_or(own_line);
            }
            Problem::Failed(Failure::Died { how }) => {
                finding.message =
                    format!("the {step} ends the Python process itself ({how}); a migration must return");
                finding.statement = last().map(|statement| statement.sql.clone());
            }
            Problem::NotRecorded { open_transaction } => {
                finding.message = if *open_transaction {
                    format!(
                        "the {step} ends without an error but leaves its transaction open, so nothing of it is kept; commit it, or let env.py's context.begin_transaction() do so"
                    )
                } else {
                    format!(
                        "the {step} ends without an error, but the version table does not show it; is the version table written by the revision, or its transaction rolled back?"
                    )
                };
            }
            Problem::OutOfRoom { raised, disk } => {
                finding.message = format!(
                    "the {step} fails: it fills its disk up ({}), which has room for {}; look for work that grows without end, or raise `disk` of the target in mrt.toml",
                    self.scrubber.text(first_line(&raised.message)),
                    megabytes(*disk)
                );
                tell_raised(raised, &mut finding);
            }
            Problem::DatabaseGone => {
                finding.message = format!(
                    "after the {step} the database does not exist any more; a migration must not drop the database that it runs in"
                );
                finding.statement = last().map(|statement| statement.sql.clone());
            }
        }
        if finding.evidence.output.is_none() && !failed.output.is_empty() {
            finding.evidence.output = Some(failed.output.clone());
        }
        finding.statement = finding.statement.map(|sql| self.statement(&sql));
        self.scrubber.evidence(&mut finding.evidence);
        finding
    }

    /// The tables in which the trial with every row, `scene`, could write none.
    pub(crate) fn not_seeded(&mut self, coverage: &Coverage, scene: &Arc<Scene>) {
        for gap in &coverage.not_seeded {
            let finding = Finding {
                kind: FindingKind::NotSeeded,
                severity: Severity::Warn,
                object: gap.table.clone(),
                message: format!(
                    "no row could be written into {}, so nothing is proven about its rows; give rows of your own under `seeds` in mrt.toml",
                    gap.table
                ),
                evidence: Evidence { error: Some(self.scrubber.text(&gap.reason)), ..Evidence::default() },
                statement: None,
                file: self.revision.display_file.clone(),
                line: self.revision.upgrade_line,
                accepted: None,
            };
            let found = Found { finding, scene: Arc::clone(scene) };
            self.found.insert((found.finding.kind, found.finding.object.clone()), found);
        }
    }
}

/// What the database said, to which statement, and where that stands.
fn tell_raised(raised: &Raised, finding: &mut Finding) {
    finding.evidence.error = Some(format!("{}: {}", raised.class, raised.message));
    finding.statement = raised.statement.as_ref().map(|statement| statement.sql.clone());
    let line = raised.line.or(raised.statement.as_ref().and_then(|statement| statement.line));
    finding.line = line.unwrap_or(finding.line);
}

/// As sizes are written in mrt.toml.
fn megabytes(bytes: u64) -> String {
    format!("{}MB", bytes >> 20)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
