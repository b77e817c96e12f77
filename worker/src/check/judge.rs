//! From observations to findings: which rows does it hang on, and how much does it weigh?

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use mrt_chain::graph::Revision;
use mrt_report::{Coverage, Evidence, Finding, FindingKind, NotSeeded, Severity};

use crate::check::compare::Difference;
use crate::check::evidence::{self, Scrubber};
use crate::check::labels::Sides;
use crate::check::pristine::Pristine;
use crate::check::slot::{Slot, TargetContext};
use crate::check::trial::{self, Failed, Phases, Problem, Rows, Step, Trial, wanted_tables};
use crate::check::unknown::{self, Unknown};
use crate::check::{CheckError, apart};
use crate::database::catalog::TableName;
use crate::host::{Failure, Statement};
use crate::seed::{Batch, Edge, EdgeSet, RowKind, Vocabulary};

/// What a checked cell came to.
pub(crate) struct Judged {
    pub(crate) findings: Vec<Finding>,
    pub(crate) coverage: Coverage,
    pub(crate) phases: Phases,
}

/// Checks one revision: one trial with every row, and, where that shows anything, further ones that tell on which
/// rows it hangs.
pub(crate) async fn check(
    target: &TargetContext,
    slot: &mut Slot,
    pristine: &Pristine,
    revision: &Revision,
) -> Result<Judged, CheckError> {
    let mut trials = Trials::new(target, slot, pristine);
    let all = trials.widening(&Rows::all()).await?;
    let coverage = coverage(target, pristine, &all);
    let mut reader = Reader::new(revision, trials.slot.scrubber(target));
    if all.is_clean() {
        reader.take(&all, Weight::By(Severity::Note), &[]);
    } else {
        attribute(&mut trials, &all, &mut reader).await?;
    }
    reader.not_seeded(&coverage);
    let Reader { findings, .. } = reader;
    let Trials { phases, .. } = trials;
    Ok(Judged { findings: findings.into_values().collect(), coverage, phases })
}

/// Runs the ordinary rows once more and leaves the clone as it is after the downgrade, for somebody to look at.
pub(crate) async fn replay(
    target: &TargetContext,
    slot: &mut Slot,
    pristine: &Pristine,
) -> Result<(), CheckError> {
    let mut trials = Trials::new(target, slot, pristine);
    trials.widening(&Rows { stop_after_downgrade: true, ..Rows::ordinary() }).await?;
    Ok(())
}

/// A revision whose upgrade fails on an empty database.
pub(crate) fn cannot_be_applied(
    target: &TargetContext,
    slot: &Slot,
    revision: &Revision,
    failed: &Failed,
    statements: &[Statement],
) -> Finding {
    let reader = Reader::new(revision, slot.scrubber(target));
    let mut finding = reader.failed(failed, statements);
    finding.severity = Severity::Fail;
    finding
}

impl Rows {
    fn all() -> Self {
        Self {
            edges_a: EdgeSet::All,
            edges_b: EdgeSet::All,
            write_b: true,
            stop_after_downgrade: false,
            vocabulary: Vocabulary::default(),
        }
    }

    fn ordinary() -> Self {
        Self { edges_a: EdgeSet::None, edges_b: EdgeSet::None, ..Self::all() }
    }
}

struct Trials<'a> {
    target: &'a TargetContext,
    slot: &'a mut Slot,
    pristine: &'a Pristine,
    phases: Phases,
    /// The older tables that rows go to.
    tables: BTreeSet<TableName>,
    /// The words of text columns that only Python knows.
    sides: Sides,
}

impl<'a> Trials<'a> {
    fn new(target: &'a TargetContext, slot: &'a mut Slot, pristine: &'a Pristine) -> Self {
        let tables = wanted_tables(target, pristine, &pristine.statements, pristine.opaque);
        let mut sides = Sides::new(&pristine.before.labels, &pristine.after.labels);
        let catalogs = [&*pristine.before.catalog, &*pristine.after.catalog];
        let dialect = target.engine.dialect();
        sides.learn(true, &pristine.statements, &pristine.declared, catalogs, dialect);
        Self { target, slot, pristine, phases: Phases::default(), tables, sides }
    }
}

impl Trials<'_> {
    async fn run(&mut self, rows: &Rows) -> Result<Trial, CheckError> {
        let (target, pristine) = (self.target, self.pristine);
        let seeding = (&self.tables, &self.sides);
        let warm = self.slot.is_warm_for().is_some();
        let mut trial = trial::run(target, self.slot, pristine, seeding, rows, &mut self.phases).await?;
        if warm && !trial.is_clean() {
            // What is found must not hang on what the process remembers of the lineage.
            trial = trial::run(target, self.slot, pristine, seeding, rows, &mut self.phases).await?;
        }
        // The lineage has seen the upgrade alone.
        if target.engine.shares_objects()
            && let Some(found) = trial::server_wide(target, pristine, &trial.statements)
        {
            if !target.apart {
                return Err(CheckError::WritesOutside { revision: pristine.revision.clone(), found });
            }
            apart::can_be_undone(&found)?;
            apart::permitted(target, trial.failed.as_ref())?;
        }
        Ok(trial)
    }

    /// Learns from a trial what its rows should have looked like; `false` when there is nothing new.
    fn learn(&mut self, trial: &Trial) -> bool {
        let known = (self.sides.before.clone(), self.sides.after.clone());
        let catalogs = [&*self.pristine.before.catalog, &*self.pristine.after.catalog];
        for (step, statements, declared) in trial.sent() {
            let dialect = self.target.engine.dialect();
            self.sides.learn(step != Step::Downgrade, statements, declared, catalogs, dialect);
        }
        known != (self.sides.before.clone(), self.sides.after.clone())
    }

    /// Runs a trial, and again as long as its statements name tables that held no rows or show the words of a
    /// column. Ends, since both only grow.
    async fn widening(&mut self, rows: &Rows) -> Result<Trial, CheckError> {
        loop {
            let trial = self.run(rows).await?;
            let wanted = wanted_tables(self.target, self.pristine, &trial.statements, trial.opaque);
            let learnt = self.learn(&trial);
            if wanted.is_subset(&self.tables) && !learnt {
                return Ok(trial);
            }
            self.tables.extend(wanted);
        }
    }
}

/// Tells what hangs on which rows, by trials with fewer rows.
async fn attribute(trials: &mut Trials<'_>, all: &Trial, reader: &mut Reader<'_>) -> Result<(), CheckError> {
    let mut ordinary = trials.widening(&Rows::ordinary()).await?;
    let mut vocabulary = Vocabulary::default();
    let mut write_b = true;
    let mut unknown = None;
    if let Some(words) = ordinary.failed.as_ref().filter(|failed| depends_on_text(failed)) {
        if let Some((better, trial)) = other_vocabulary(trials, words).await? {
            // The migration parses text. With text that it can parse it works, so what remains is a warning.
            reader.take(
                &ordinary,
                Weight::By(Severity::Warn),
                &[format!("free text that is not {}", vocabulary_name(better))],
            );
            vocabulary = better;
            ordinary = trial;
        } else if let Some(without) = without_unknown(trials, &ordinary).await? {
            reader.take_failure(&ordinary, Weight::By(Severity::Warn), &without.columns);
            write_b = without.write_b;
            // What the rows showed before the step that failed was not the failure's doing.
            unknown = Some(std::mem::replace(&mut ordinary, without.trial));
        }
    }
    let ordinary_rows = Rows { vocabulary, write_b, ..Rows::ordinary() };

    // Rows that were not there before: of the revision's making, or of rows B by way of a trigger?
    let left_behind = |trial: &Trial| {
        trial.differences.iter().any(|difference| difference.kind == FindingKind::RowsLeftBehind)
    };
    if left_behind(&ordinary) || left_behind(all) || unknown.as_ref().is_some_and(left_behind) {
        let without_b = trials.run(&Rows { write_b: false, ..ordinary_rows.clone() }).await?;
        let of_revision: BTreeSet<&str> = without_b
            .differences
            .iter()
            .filter(|difference| difference.kind == FindingKind::RowsLeftBehind)
            .map(|difference| difference.object.as_str())
            .collect();
        if without_b.failed.is_none() {
            reader.left_behind = Some(of_revision.iter().map(|object| (*object).to_owned()).collect());
        }
    }

    if let Some(trial) = &unknown {
        reader.take_differences(trial, Weight::Ordinary, &[]);
    }
    reader.take(&ordinary, Weight::Ordinary, &[]);
    if vocabulary == Vocabulary::default() {
        reader.confirm(all);
    }
    if ordinary.failed.is_some()
        && all.failed.as_ref().map(|failed| failed.step) == ordinary.failed.as_ref().map(|failed| failed.step)
    {
        // Ordinary rows do not get further than this; edge rows cannot show more.
        return Ok(());
    }
    if all.failed.is_none() && vocabulary == Vocabulary::default() {
        reader.take(all, Weight::Edges, &[]);
        return Ok(());
    }
    // A step fails on account of edge rows, which hides what comes later. Each batch alone, and where that fails
    // each kind of row alone, show it all.
    for batch in [Batch::A, Batch::B] {
        let rows = match batch {
            Batch::A => Rows { edges_a: EdgeSet::All, ..ordinary_rows.clone() },
            Batch::B => Rows { edges_b: EdgeSet::All, ..ordinary_rows.clone() },
        };
        let trial = trials.run(&rows).await?;
        if trial.failed.is_none() {
            reader.take(&trial, Weight::Edges, &[]);
            continue;
        }
        let seeded = match batch {
            Batch::A => &trial.rows_a,
            Batch::B => &trial.rows_b,
        };
        let edges: BTreeSet<Edge> = seeded
            .rows
            .iter()
            .filter_map(|row| match row.kind {
                RowKind::Edge(edge) => Some(edge),
                _ => None,
            })
            .collect();
        let mut explained = false;
        for edge in edges {
            let rows = match batch {
                Batch::A => Rows { edges_a: EdgeSet::Only(edge), ..ordinary_rows.clone() },
                Batch::B => Rows { edges_b: EdgeSet::Only(edge), ..ordinary_rows.clone() },
            };
            let alone = trials.run(&rows).await?;
            explained |= alone.failed.is_some();
            reader.take(&alone, Weight::Edges, &[evidence::edge_row(batch, edge)]);
        }
        if !explained {
            let several = match batch {
                Batch::A => "several edge rows written before the upgrade together",
                Batch::B => "several edge rows written after the upgrade together",
            };
            reader.take(&trial, Weight::Edges, &[several.to_owned()]);
        }
    }
    Ok(())
}

/// Whether a step failed over what a text says: an exception of Python's own, or a value that the database
/// cannot convert (SQLSTATE class 22).
fn depends_on_text(failed: &Failed) -> bool {
    match &failed.problem {
        Problem::Failed(Failure::Raised(raised)) if raised.on_purpose => false,
        Problem::Failed(Failure::Raised(raised)) if raised.from_database => raised
            .code
            .as_deref()
            .is_some_and(|code| code.len() == 5 && code.starts_with("22") && code != "22001"),
        Problem::Failed(Failure::Raised(_)) => true,
        _ => false,
    }
}

/// A failure that hangs on values whose shape nothing declares, and what shows without them.
struct WithoutUnknown {
    /// Which columns, for the report.
    columns: Vec<String>,
    /// The trial in which their tables held no rows.
    trial: Trial,
    /// Whether rows B may be written.
    write_b: bool,
}

/// Whether ordinary rows made a step fail by values that only the application knows how to write: the step read
/// such columns, Python says that a value is not as expected, and without those rows the step gets further. From then
/// on the trials leave the columns' tables empty, so that what comes later is seen.
async fn without_unknown(
    trials: &mut Trials<'_>,
    ordinary: &Trial,
) -> Result<Option<WithoutUnknown>, CheckError> {
    let Some(failed) = &ordinary.failed else { return Ok(None) };
    let columns = unknown::columns(trials.target, trials.pristine, &trials.sides, ordinary, failed);
    if columns.is_empty() {
        return Ok(None);
    }
    let clock = Instant::now();
    let found = get_further(trials, failed, columns).await?;
    trials.phases.add("other texts", clock);
    Ok(found)
}

async fn get_further(
    trials: &mut Trials<'_>,
    failed: &Failed,
    mut columns: Vec<Unknown>,
) -> Result<Option<WithoutUnknown>, CheckError> {
    let further = |trial: &Trial| trial.failed.as_ref().is_none_or(|other| other.step > failed.step);
    let found = |columns: &[Unknown], trial, write_b| {
        Some(WithoutUnknown { columns: unknown::sentences(columns), trial, write_b })
    };
    let without_b = Rows { write_b: false, ..Rows::ordinary() };
    if failed.step == Step::Downgrade {
        let trial = trials.run(&without_b).await?;
        if further(&trial) {
            return Ok(found(&columns, trial, false));
        }
        // What the upgrade wrote is its own to read; only what it found is not.
        columns.retain(|column| column.is_older(trials.pristine));
        if columns.is_empty() {
            return Ok(None);
        }
    }
    let tables = trials.tables.clone();
    trials.tables.retain(|table| !columns.iter().any(|column| column.table == *table));
    let trial = trials.run(&Rows::ordinary()).await?;
    if further(&trial) {
        return Ok(found(&columns, trial, true));
    }
    // Others may need rows in these tables.
    trials.tables.clear();
    let trial = trials.run(&without_b).await?;
    if further(&trial) {
        return Ok(found(&columns, trial, false));
    }
    trials.tables = tables;
    Ok(None)
}

async fn other_vocabulary(
    trials: &mut Trials<'_>,
    failed: &Failed,
) -> Result<Option<(Vocabulary, Trial)>, CheckError> {
    let clock = Instant::now();
    let mut found = None;
    for vocabulary in [Vocabulary::Json, Vocabulary::Digits, Vocabulary::DateTime, Vocabulary::Uuid] {
        let trial = trials.run(&Rows { vocabulary, ..Rows::ordinary() }).await?;
        let further = trial.failed.as_ref().is_none_or(|other| other.step > failed.step);
        if further {
            found = Some((vocabulary, trial));
            break;
        }
    }
    trials.phases.add("other texts", clock);
    Ok(found)
}

fn coverage(target: &TargetContext, pristine: &Pristine, trial: &Trial) -> Coverage {
    let older: BTreeSet<&TableName> = trial
        .tables
        .iter()
        .filter(|table| pristine.before.catalog.tables.contains_key(*table) && !target.is_bookkeeping(table))
        .collect();
    let not_seeded: Vec<NotSeeded> = trial
        .rows_a
        .not_seeded
        .iter()
        .filter(|(table, _)| older.contains(table))
        .map(|(table, reason)| NotSeeded { table: table.to_string(), reason: reason.clone() })
        .collect();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Coverage {
        tables: count(older.len()),
        tables_seeded: count(older.len() - not_seeded.len()),
        rows_seeded: count(trial.rows_a.rows.len() + trial.rows_b.rows.len()),
        not_seeded,
    }
}

/// How much a trial's findings weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// Ordinary rows alone: `fail`.
    Ordinary,
    /// Edge rows took part: what ordinary rows did not show is `warn`.
    Edges,
    /// As said.
    By(Severity),
}

/// Turns differences into findings, one per kind and object.
struct Reader<'a> {
    revision: &'a Revision,
    scrubber: Scrubber,
    findings: BTreeMap<(FindingKind, String), Finding>,
    /// The tables in which the revision itself leaves rows behind, once that is known.
    left_behind: Option<BTreeSet<String>>,
}

impl<'a> Reader<'a> {
    fn new(revision: &'a Revision, scrubber: Scrubber) -> Self {
        Self { revision, scrubber, findings: BTreeMap::new(), left_behind: None }
    }
}

impl Reader<'_> {
    /// Takes in what a trial shows and no earlier one has shown; what an earlier one has shown is masked where
    /// the two differ.
    fn take(&mut self, trial: &Trial, weight: Weight, depends_on: &[String]) {
        self.take_differences(trial, weight, depends_on);
        self.take_failure(trial, weight, depends_on);
    }

    fn take_differences(&mut self, trial: &Trial, weight: Weight, depends_on: &[String]) {
        for difference in &trial.differences {
            let of_rows_b = difference.kind == FindingKind::RowsLeftBehind
                && self.left_behind.as_ref().is_some_and(|tables| !tables.contains(&difference.object));
            if of_rows_b {
                continue;
            }
            let finding = self.of_difference(difference, trial);
            self.add(finding, difference.note, difference.about_b, weight, depends_on);
        }
    }

    fn take_failure(&mut self, trial: &Trial, weight: Weight, depends_on: &[String]) {
        if let Some(failed) = &trial.failed {
            let finding = self.failed(failed, &trial.statements);
            self.add(finding, false, false, weight, depends_on);
        }
    }

    /// Masks, in what is known, what another trial says differently.
    fn confirm(&mut self, trial: &Trial) {
        for difference in &trial.differences {
            let again = self.of_difference(difference, trial);
            if let Some(known) = self.findings.get_mut(&(again.kind, again.object.clone())) {
                evidence::mask_volatile(&mut known.evidence, &again.evidence);
            }
        }
        if let Some(failed) = &trial.failed {
            let again = self.failed(failed, &trial.statements);
            if let Some(known) = self.findings.get_mut(&(again.kind, again.object.clone())) {
                evidence::mask_volatile(&mut known.evidence, &again.evidence);
            }
        }
    }

    fn add(
        &mut self,
        mut finding: Finding,
        note: bool,
        about_b: bool,
        weight: Weight,
        depends_on: &[String],
    ) {
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
        match self.findings.entry((finding.kind, finding.object.clone())) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(finding);
            }
            std::collections::btree_map::Entry::Occupied(mut known) => {
                let known = known.get_mut();
                evidence::mask_volatile(&mut known.evidence, &finding.evidence);
                if finding.severity > known.severity {
                    known.severity = finding.severity;
                    known.message = finding.message;
                    known.evidence.depends_on.clear();
                } else if known.severity == Severity::Warn && weight == Weight::Edges {
                    let rows: BTreeSet<String> =
                        known.evidence.depends_on.drain(..).chain(finding.evidence.depends_on).collect();
                    known.evidence.depends_on = rows.into_iter().collect();
                }
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
            statement: culprit.map(|statement| self.scrubber.text(&statement.sql)),
            file: self.revision.display_file.clone(),
            line: file_line.unwrap_or(self.revision.upgrade_line),
            accepted: None,
        }
    }

    /// The statement that most likely did it: the last one of the revision's own that names the object's parts.
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
                finding.evidence.error = Some(format!("{}: {}", raised.class, raised.message));
                finding.statement = raised.statement.as_ref().map(|statement| statement.sql.clone());
                let line = raised.line.or(raised.statement.as_ref().and_then(|statement| statement.line));
                finding.line = line.unwrap_or(own_line);
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
        finding.statement = finding.statement.map(|sql| self.scrubber.text(&sql));
        self.scrubber.evidence(&mut finding.evidence);
        finding
    }

    fn not_seeded(&mut self, coverage: &Coverage) {
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
            self.findings.insert((finding.kind, finding.object.clone()), finding);
        }
    }
}

fn vocabulary_name(vocabulary: Vocabulary) -> &'static str {
    match vocabulary {
        Vocabulary::Words => "words",
        Vocabulary::Digits => "digits",
        Vocabulary::Json => "JSON",
        Vocabulary::DateTime => "an ISO 8601 date and time",
        Vocabulary::Uuid => "a UUID",
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
