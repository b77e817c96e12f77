//! Which rows does it hang on, and how much does it weigh?

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use mrt_chain::graph::Revision;
use mrt_report::{Coverage, Finding, FindingKind, NotSeeded, Severity};

use crate::check::evidence;
use crate::check::findings::{Found, Part, Reader, Weight};
use crate::check::labels::Sides;
use crate::check::pristine::Pristine;
use crate::check::slot::{Slot, TargetContext};
use crate::check::trial::{self, Failed, Phases, Problem, Rows, Scene, Step, Trial, Until, wanted_tables};
use crate::check::unknown::{self, Unknown};
use crate::check::{CheckError, apart};
use crate::database::Dialect;
use crate::database::catalog::TableName;
use crate::host::{Failure, Statement};
use crate::seed::{Batch, Edge, EdgeSet, RowKind, Vocabulary};

/// What a checked cell came to.
pub(crate) struct Judged {
    pub(crate) found: Vec<Found>,
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
    let all = trials.widening(&Rows::default()).await?;
    let coverage = coverage(target, pristine, &all);
    let every_row = Arc::clone(&all.scene);
    let mut reader = Reader::new(revision, trials.slot.scrubber(target));
    // Of one in which a step fails, nothing is told but by trials with fewer rows.
    let all = if all.is_clean() || all.failed.is_some() { all } else { trials.afresh(all).await? };
    if all.is_clean() {
        reader.take(&all, Part::All, Weight::By(Severity::Note), &[]);
    } else {
        attribute(&mut trials, all, &mut reader).await?;
    }
    reader.not_seeded(&coverage, &every_row);
    let Trials { phases, .. } = trials;
    Ok(Judged { found: reader.found(), coverage, phases })
}

/// A revision whose upgrade fails on an empty database.
pub(crate) fn cannot_be_applied(
    target: &TargetContext,
    slot: &Slot,
    revision: &Revision,
    failed: &Failed,
    statements: &[Statement],
) -> Vec<Finding> {
    Reader::new(revision, slot.scrubber(target)).of_failure(failed, statements)
}

impl Rows {
    fn ordinary() -> Self {
        Self { edges_a: EdgeSet::None, edges_b: EdgeSet::None, ..Self::default() }
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
        let (rows, tables, sides) = (rows.clone(), self.tables.clone(), self.sides.clone());
        self.run_scene(&Arc::new(Scene { rows, tables, sides, until: Until::End })).await
    }

    async fn run_scene(&mut self, scene: &Arc<Scene>) -> Result<Trial, CheckError> {
        let (target, pristine) = (self.target, self.pristine);
        let warm = self.slot.is_warm_for().is_some();
        let mut trial = trial::run(target, self.slot, pristine, scene, &mut self.phases).await?;
        trial.warm = warm;
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

    /// The trial once more in a process of its own, if it went on in the lineage's: what is found must not hang on what
    /// that one remembers.
    async fn afresh(&mut self, trial: Trial) -> Result<Trial, CheckError> {
        if trial.warm { self.widening(&trial.scene.rows).await } else { Ok(trial) }
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

    /// Takes in what a trial shows. What can be another thing each time is seen by running the trial twice.
    async fn tell(
        &mut self,
        reader: &mut Reader<'_>,
        trial: &Trial,
        part: Part,
        weight: Weight,
        depends_on: &[String],
    ) -> Result<(), CheckError> {
        let may_vary = reader.take(trial, part, weight, depends_on);
        if may_vary.is_empty() {
            return Ok(());
        }
        let again = self.run_scene(&trial.scene).await?;
        reader.confirm(&again, &may_vary);
        Ok(())
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
async fn attribute(trials: &mut Trials<'_>, all: Trial, reader: &mut Reader<'_>) -> Result<(), CheckError> {
    let target = trials.target;
    let dialect = target.engine.dialect();
    let mut ordinary = trials.widening(&Rows::ordinary()).await?;
    let mut vocabulary = Vocabulary::default();
    let mut write_b = true;
    let mut unknown = None;
    if let Some(words) = ordinary.failed.as_ref().filter(|failed| depends_on_text(failed, dialect)) {
        if let Some((better, trial)) = other_vocabulary(trials, words).await? {
            // The migration parses text. With text that it can parse it works, so what remains is a warning.
            let text = format!("free text that is not {}", vocabulary_name(better));
            trials.tell(reader, &ordinary, Part::All, Weight::By(Severity::Warn), &[text]).await?;
            vocabulary = better;
            ordinary = trial;
        } else if let Some(without) = without_unknown(trials, &ordinary).await? {
            let by = Weight::By(Severity::Warn);
            trials.tell(reader, &ordinary, Part::Failure, by, &without.columns).await?;
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
    if left_behind(&ordinary) || left_behind(&all) || unknown.as_ref().is_some_and(left_behind) {
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
        trials.tell(reader, trial, Part::Differences, Weight::Ordinary, &[]).await?;
    }
    trials.tell(reader, &ordinary, Part::All, Weight::Ordinary, &[]).await?;
    // Steps are compared with those of a process that remembers as little.
    let all = if ordinary.failed.is_some() { trials.afresh(all).await? } else { all };
    if ordinary.failed.is_some()
        && all.failed.as_ref().map(|failed| failed.step) == ordinary.failed.as_ref().map(|failed| failed.step)
    {
        // Ordinary rows do not get further than this; edge rows cannot show more.
        return Ok(());
    }
    if all.failed.is_none() && vocabulary == Vocabulary::default() {
        trials.tell(reader, &all, Part::All, Weight::Edges, &[]).await?;
        return Ok(());
    }
    // A step fails on account of edge rows, which hides what comes later. Each batch alone, and where that fails
    // fewer kinds of rows, show it all.
    let batch_a = EdgeRows { batch: Batch::A, beside: &ordinary_rows };
    let batch_b = EdgeRows { batch: Batch::B, beside: &ordinary_rows };
    let trial = trials.run(&batch_a.all()).await?;
    let edges = batch_a.written(&trial);
    let a_fails = tell_or_narrow(trials, reader, &batch_a, &edges, trial).await?;
    // Of rows like these; with other words, or with tables left empty, `all` says nothing.
    let all_fail = all.failed.is_some() && vocabulary == Vocabulary::default() && unknown.is_none();
    // A value that must be unique may have gone to an edge row of batch A, so that B got none of that kind.
    let edges = in_order(batch_a.written(&all).into_iter().chain(batch_b.written(&all)));
    let b_fails = if !write_b {
        false
    } else if a_fails || edges.is_empty() || !all_fail {
        let trial = trials.run(&batch_b.all()).await?;
        let edges = batch_b.written(&trial);
        tell_or_narrow(trials, reader, &batch_b, &edges, trial).await?
    } else {
        // All rows together fail, and neither ordinary ones nor batch A do.
        narrow(trials, reader, &batch_b, &edges, None).await?
    };
    if a_fails || b_fails || !all_fail {
        return Ok(());
    }
    let all = trials.afresh(all).await?;
    let together = "edge rows written before and after the upgrade together".to_owned();
    trials.tell(reader, &all, Part::Differences, Weight::Edges, &[]).await?;
    trials.tell(reader, &all, Part::Failure, Weight::Edges, &[together]).await
}

/// Edge rows of one batch, beside ordinary rows.
struct EdgeRows<'a> {
    batch: Batch,
    beside: &'a Rows,
}

impl EdgeRows<'_> {
    fn all(&self) -> Rows {
        self.with(EdgeSet::All)
    }

    fn only(&self, edges: &[Edge]) -> Rows {
        self.with(EdgeSet::Only(edges.iter().copied().collect()))
    }

    fn with(&self, edges: EdgeSet) -> Rows {
        match self.batch {
            Batch::A => Rows { edges_a: edges, ..self.beside.clone() },
            Batch::B => Rows { edges_b: edges, ..self.beside.clone() },
        }
    }

    fn written(&self, trial: &Trial) -> Vec<Edge> {
        let seeded = match self.batch {
            Batch::A => &trial.rows_a,
            Batch::B => &trial.rows_b,
        };
        in_order(seeded.rows.iter().filter_map(|row| match row.kind {
            RowKind::Edge(edge) => Some(edge),
            _ => None,
        }))
    }
}

/// Each kind once, extremes first.
fn in_order(edges: impl Iterator<Item = Edge>) -> Vec<Edge> {
    let mut edges: Vec<Edge> = edges.collect::<BTreeSet<Edge>>().into_iter().collect();
    edges.sort_by_key(|edge| !is_extreme(*edge));
    edges
}

/// What is most often to blame.
fn is_extreme(edge: Edge) -> bool {
    matches!(edge, Edge::Largest | Edge::Smallest)
}

/// How to divide edge rows that fail together: extremes each alone, and the rest by halves, since then usually one kind
/// is to blame, and most trials are with many rows.
fn parts(edges: &[Edge]) -> Vec<&[Edge]> {
    let extremes = edges.iter().take_while(|edge| is_extreme(**edge)).count();
    let (extremes, rest) = edges.split_at(extremes);
    let half = if extremes.is_empty() { rest.len() / 2 } else { rest.len() };
    let (one, other) = rest.split_at(half);
    let parts = extremes.chunks(1).chain([one, other]).filter(|part| !part.is_empty());
    if edges.len() > 1 { parts.collect() } else { Vec::new() }
}

/// Tells on which of these edge rows a failure hangs, and what shows where there is none: each part of them alone, and so on.
/// `failing` is the trial with all of them; without it, it follows from other trials that they should fail. Tells
/// whether any did.
async fn narrow(
    trials: &mut Trials<'_>,
    reader: &mut Reader<'_>,
    rows: &EdgeRows<'_>,
    edges: &[Edge],
    failing: Option<Trial>,
) -> Result<bool, CheckError> {
    let mut explained = false;
    let mut parts = parts(edges).into_iter().peekable();
    while let Some(part) = parts.next() {
        // All of them fail, and no other part did: so must the last one.
        explained |= if parts.peek().is_none() && !explained {
            Box::pin(narrow(trials, reader, rows, part, None)).await?
        } else {
            let trial = trials.run(&rows.only(part)).await?;
            Box::pin(tell_or_narrow(trials, reader, rows, part, trial)).await?
        };
    }
    if explained {
        return Ok(true);
    }
    let trial = match failing {
        Some(trial) => trial,
        None => trials.run(&rows.only(edges)).await?,
    };
    let depends_on = match (edges, rows.batch) {
        _ if trial.failed.is_none() => Vec::new(),
        ([], _) => Vec::new(),
        ([edge], batch) => vec![evidence::edge_row(batch, *edge)],
        (_, Batch::A) => vec!["several edge rows written before the upgrade together".to_owned()],
        (_, Batch::B) => vec!["several edge rows written after the upgrade together".to_owned()],
    };
    trials.tell(reader, &trial, Part::All, Weight::Edges, &depends_on).await?;
    Ok(trial.failed.is_some())
}

/// What a trial with these edge rows shows, or, where a step of it fails, on which of them that hangs.
async fn tell_or_narrow(
    trials: &mut Trials<'_>,
    reader: &mut Reader<'_>,
    rows: &EdgeRows<'_>,
    edges: &[Edge],
    trial: Trial,
) -> Result<bool, CheckError> {
    if trial.failed.is_some() {
        return narrow(trials, reader, rows, edges, Some(trial)).await;
    }
    trials.tell(reader, &trial, Part::All, Weight::Edges, &[]).await?;
    Ok(false)
}

/// Whether a step failed over what a text says: an exception of Python's own, or a value that the database
/// cannot read.
fn depends_on_text(failed: &Failed, dialect: &dyn Dialect) -> bool {
    match &failed.problem {
        Problem::Failed(Failure::Raised(raised)) if raised.on_purpose => failed.step != Step::Downgrade,
        Problem::Failed(Failure::Raised(raised)) if raised.from_database => {
            dialect.is_about_text(raised.code.as_deref(), &raised.message)
        }
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
    if failed.step != Step::Upgrade {
        let trial = trials.run(&without_b).await?;
        if further(&trial) {
            return Ok(found(&columns, trial, false));
        }
    }
    if failed.step == Step::Downgrade {
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
        .scene
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

fn vocabulary_name(vocabulary: Vocabulary) -> &'static str {
    match vocabulary {
        Vocabulary::Words => "words",
        Vocabulary::Digits => "digits",
        Vocabulary::Json => "JSON",
        Vocabulary::DateTime => "an ISO 8601 date and time",
        Vocabulary::Uuid => "a UUID",
    }
}
