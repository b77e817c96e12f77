//! One trial: the seven steps, once, in one clone, with one choice of rows. Observes; judges nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::debug;

use crate::check::compare::{self, Comparison, Difference, RowContext};
use crate::check::labels::Sides;
use crate::check::outside::ServerWide;
use crate::check::own_rows;
use crate::check::pristine::{self, Origin, Pristine, Sent};
use crate::check::slot::{Slot, Steps, TargetContext};
use crate::check::touch;
use crate::check::{CheckError, apart, half_applied, millis};
use crate::database::catalog::{Catalog, TableName};
use crate::database::rows::{Contents, NewRow, Reason};
use crate::database::{CounterBehind, Session};
use crate::host::{Declared, Direction, Failure, Raised, Statement};
use crate::seed::{self, Batch, EdgeSet, Request, RowKind, Seeded, Vocabulary};

/// The choice of rows of one trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) edges_a: EdgeSet,
    pub(crate) edges_b: EdgeSet,
    /// Write rows B at all.
    pub(crate) write_b: bool,
    pub(crate) vocabulary: Vocabulary,
}

impl Default for Rows {
    /// Every row there is.
    fn default() -> Self {
        Self {
            edges_a: EdgeSet::All,
            edges_b: EdgeSet::All,
            write_b: true,
            vocabulary: Vocabulary::default(),
        }
    }
}

/// All that a trial is made with beside the revision: with the same, the same rows are written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scene {
    pub(crate) rows: Rows,
    /// The older tables that rows go to.
    pub(crate) tables: BTreeSet<TableName>,
    /// The words of text columns that only Python knows.
    pub(crate) sides: Sides,
    pub(crate) until: Until,
}

/// How far a trial goes, unless a step fails before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Until {
    /// Until the first rows are written.
    Seeded,
    /// Until the downgrade was compared with what was before.
    Downgraded,
    /// To the end of the second upgrade.
    #[default]
    End,
}

/// The steps in which a revision can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Upgrade,
    Downgrade,
    Again,
}

/// How a step failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// An exception, a time limit, a dead process.
    Failed(Failure),
    /// It ended without an error, and the version table does not say so.
    NotRecorded {
        /// A transaction was still open when the step ended.
        open_transaction: bool,
    },
    /// The database is not there any more.
    DatabaseGone,
    /// It found no room for more data, and has used it up itself.
    OutOfRoom {
        /// The database's words.
        raised: Raised,
        /// How much there was, in bytes.
        disk: u64,
    },
}

/// A step that failed.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    pub(crate) step: Step,
    pub(crate) problem: Problem,
    pub(crate) output: String,
    /// What it did before and nothing takes back.
    pub(crate) stays: Vec<Difference>,
}

/// What one trial came upon.
#[derive(Debug, Default)]
pub(crate) struct Trial {
    pub(crate) scene: Arc<Scene>,
    /// How many rows of the user's own there are, by table.
    pub(crate) own_rows: BTreeMap<TableName, usize>,
    pub(crate) rows_a: Seeded,
    pub(crate) rows_b: Seeded,
    pub(crate) failed: Option<Failed>,
    pub(crate) differences: Vec<Difference>,
    /// What the steps sent.
    pub(crate) statements: Vec<Statement>,
    /// Which step sent the statements from which index on, and what they declared, counted from there.
    pub(crate) steps: Vec<(Step, usize, Vec<Declared>)>,
    /// Statements may be missing from `statements`.
    pub(crate) opaque: bool,
    /// It went on in the process that had applied the revision for the lineage.
    pub(crate) warm: bool,
}

impl Trial {
    /// What each step sent and declared.
    pub(crate) fn sent(&self) -> impl Iterator<Item = (Step, &[Statement], &[Declared])> {
        self.steps.iter().enumerate().map(|(number, (step, first, declared))| {
            let end = self.steps.get(number + 1).map_or(self.statements.len(), |(_, next, _)| *next);
            (*step, self.statements.get(*first..end).unwrap_or_default(), declared.as_slice())
        })
    }

    /// What one step sent.
    pub(crate) fn statements_of(&self, step: Step) -> &[Statement] {
        self.sent().find(|(sent, ..)| *sent == step).map_or(&[], |(_, statements, _)| statements)
    }

    /// Nothing that is more than a note.
    pub(crate) fn is_clean(&self) -> bool {
        self.failed.is_none() && self.differences.iter().all(|difference| difference.note)
    }
}

/// How long each phase took, over all trials of a cell.
#[derive(Debug, Default)]
pub(crate) struct Phases(BTreeMap<&'static str, Duration>);

impl Phases {
    pub(crate) fn add(&mut self, phase: &'static str, since: Instant) {
        *self.0.entry(phase).or_default() += since.elapsed();
    }

    pub(crate) fn millis(&self) -> BTreeMap<String, u64> {
        self.0.iter().map(|(name, time)| ((*name).to_owned(), millis(*time))).collect()
    }
}

/// Runs one trial. Its clone stays in the slot until the next one replaces it.
pub(crate) async fn run(
    target: &TargetContext,
    slot: &mut Slot,
    pristine: &Pristine,
    scene: &Arc<Scene>,
    phases: &mut Phases,
) -> Result<Trial, CheckError> {
    let clock = Instant::now();
    // Nothing is to be seeded before the upgrade, and the lineage has just run that in this very slot.
    let continues = scene.tables.is_empty() && slot.is_upgraded(&pristine.revision);
    match &pristine.origin {
        Origin::Clone if continues => {}
        Origin::Clone => {
            slot.load(target, &pristine.before.database).await?;
            phases.add("clone", clock);
        }
        Origin::Replay(ancestors) => {
            if let Some(broken) = apart::begin(target, slot, ancestors, &mut Sent::default()).await? {
                return Err(CheckError::Replay { revision: broken.revision });
            }
            phases.add("replay", clock);
        }
    }
    let mut running = Running {
        target,
        pristine,
        scene,
        steps: Steps::new(target, slot, &pristine.revision),
        phases,
        trial: Trial { scene: Arc::clone(scene), ..Trial::default() },
    };
    running.all_steps(continues).await?;
    let Running { steps, trial, .. } = running;
    steps.end().await;
    let failed = trial.failed.as_ref().map(|failed| failed.step);
    let rows = &trial.scene.rows;
    debug!(revision = pristine.revision, ?rows, ?failed, differences = trial.differences.len(), "tried");
    Ok(trial)
}

/// A session, and what it has read.
type State = (Box<dyn Session>, Catalog, Contents);

struct Running<'a> {
    target: &'a TargetContext,
    pristine: &'a Pristine,
    scene: &'a Scene,
    steps: Steps<'a>,
    phases: &'a mut Phases,
    trial: Trial,
}

impl Running<'_> {
    /// With `continues` the upgrade has been run.
    async fn all_steps(&mut self, continues: bool) -> Result<(), CheckError> {
        let before = self.seed_a().await?;
        if self.scene.until == Until::Seeded {
            return Ok(());
        }
        let upgraded = if continues { Some(self.upgraded().await?) } else { self.upgrade().await? };
        let Some((session, between, now)) = upgraded else { return Ok(()) };
        self.seed_b(session, &before, &between, &now).await?;
        if !self.step(Step::Downgrade, &between).await? {
            return Ok(());
        }
        let Some(restored) = self.compare_rollback(&before, &between).await? else { return Ok(()) };
        if self.scene.until == Until::Downgraded || !self.step(Step::Again, &restored).await? {
            return Ok(());
        }
        self.compare_again(&between).await
    }

    async fn seed_a(&mut self) -> Result<Contents, CheckError> {
        let tables = &self.scene.tables;
        if tables.is_empty() {
            return Ok((*self.pristine.before.contents).clone());
        }
        let clock = Instant::now();
        let mut session = self.steps.connect().await?;
        let own = self.target.own_seeds(&self.pristine.revision, tables);
        let generated: BTreeSet<TableName> =
            tables.iter().filter(|table| !own.iter().any(|(name, _)| name == *table)).cloned().collect();
        let mut refused = BTreeMap::new();
        let here = &self.pristine.before.catalog;
        for (table, seed) in &own {
            let written =
                own_rows::write(self.target, &self.steps, session.as_mut(), here, table, seed).await?;
            if let Err(words) = written {
                refused.insert(table.clone(), words);
            }
        }
        let theirs = if own.is_empty() { Contents::default() } else { session.contents(here).await? };
        let rows_of = |contents: &Contents, table| contents.tables.get(table).map_or(0, |it| it.rows.len());
        let already = &self.pristine.before.contents;
        let new = |table| rows_of(&theirs, table).saturating_sub(rows_of(already, table));
        self.trial.own_rows = own.iter().map(|(table, _)| (table.clone(), new(table))).collect();
        let dialect = self.target.engine.dialect();
        let request = Request {
            suite: &self.target.suite.name,
            revision: &self.pristine.revision,
            batch: Batch::A,
            here: &self.scene.sides.before.assumed_in(here, dialect),
            there: &self.scene.sides.after.assumed_in(&self.pristine.after.catalog, dialect),
            tables: &generated,
            edges: self.scene.rows.edges_a.clone(),
            avoid: &[&self.pristine.before.contents, &self.pristine.after.contents, &theirs],
            vocabulary: self.scene.rows.vocabulary,
        };
        self.trial.rows_a = seed::seed(session.as_mut(), dialect, &request).await?;
        self.trial.rows_a.not_seeded.extend(refused);
        self.phases.add("seed", clock);
        let clock = Instant::now();
        let before = session.contents(here).await?;
        self.phases.add("rows", clock);
        if own.is_empty() {
            // The user's SQL may have changed settings of the session.
            self.steps.keep(session);
        }
        Ok(before)
    }

    /// Runs the upgrade and reads S1; `None` when it failed or turns out not to have happened.
    async fn upgrade(&mut self) -> Result<Option<State>, CheckError> {
        let pristine = self.pristine;
        if !self.step(Step::Upgrade, &pristine.before.catalog).await? {
            return Ok(None);
        }
        let clock = Instant::now();
        let Some(mut session) = self.quiet_session(Step::Upgrade).await? else { return Ok(None) };
        let between = self.target.catalog(session.as_mut()).await?;
        self.phases.add("catalog", clock);
        let clock = Instant::now();
        let now = session.contents(&between).await?;
        self.phases.add("rows", clock);
        if !self.recorded(Step::Upgrade, &now) {
            return Ok(None);
        }
        Ok(Some((session, between, now)))
    }

    /// What the lineage did and read stands for the upgrade and S1.
    async fn upgraded(&mut self) -> Result<State, CheckError> {
        let Pristine { statements, declared, opaque, after, .. } = self.pristine;
        self.trial.steps.push((Step::Upgrade, 0, declared.clone()));
        self.trial.statements.clone_from(statements);
        self.trial.opaque = *opaque;
        let session = self.steps.connect().await?;
        Ok((session, (*after.catalog).clone(), (*after.contents).clone()))
    }

    /// Writes rows B.
    async fn seed_b(
        &mut self,
        mut session: Box<dyn Session>,
        before: &Contents,
        between: &Catalog,
        now: &Contents,
    ) -> Result<(), CheckError> {
        let older = &self.pristine.before.catalog.tables;
        let tables: BTreeSet<TableName> = between
            .tables
            .keys()
            .filter(|table| self.scene.tables.contains(table) || !older.contains_key(table))
            .filter(|table| !self.target.is_bookkeeping(table))
            .cloned()
            .collect();
        if self.scene.rows.write_b && !tables.is_empty() {
            let clock = Instant::now();
            let dialect = self.target.engine.dialect();
            let request = Request {
                suite: &self.target.suite.name,
                revision: &self.pristine.revision,
                batch: Batch::B,
                here: &self.scene.sides.after.assumed_in(between, dialect),
                there: &self.scene.sides.before.assumed_in(&self.pristine.before.catalog, dialect),
                tables: &tables,
                edges: self.scene.rows.edges_b.clone(),
                avoid: &[now, before, &self.pristine.after.contents],
                vocabulary: self.scene.rows.vocabulary,
            };
            self.trial.rows_b = seed::seed(session.as_mut(), dialect, &request).await?;
            self.phases.add("seed", clock);
        }
        self.steps.keep(session);
        Ok(())
    }

    /// Compares S0' with S0 and R0' with R0, and answers S0'; `None` when the downgrade turns out not to have happened.
    async fn compare_rollback(
        &mut self,
        before: &Contents,
        between: &Catalog,
    ) -> Result<Option<Catalog>, CheckError> {
        let clock = Instant::now();
        let Some(mut session) = self.quiet_session(Step::Downgrade).await? else { return Ok(None) };
        let restored = self.target.catalog(session.as_mut()).await?;
        self.phases.add("catalog", clock);
        let clock = Instant::now();
        let after = session.contents(&restored).await?;
        self.phases.add("rows", clock);
        if !self.recorded(Step::Downgrade, &after) {
            return Ok(None);
        }
        let mut found = compare::catalogs(&self.pristine.before.catalog, &restored, Comparison::Rollback);
        compare::excuse_served_keys(&mut found, between);
        let context = RowContext {
            original: &self.pristine.before.catalog,
            restored: &restored,
            between,
            rows_a: &self.trial.rows_a,
            rows_b: &self.trial.rows_b,
            bookkeeping: &|table| self.target.is_bookkeeping(table),
        };
        found.extend(compare::contents(before, &after, &context));
        let clock = Instant::now();
        found.extend(self.default_keys(session.as_mut(), before, &restored).await?);
        self.phases.add("seed", clock);
        self.steps.keep(session);
        self.trial.differences.extend(found);
        Ok(Some(restored))
    }

    async fn compare_again(&mut self, between: &Catalog) -> Result<(), CheckError> {
        let clock = Instant::now();
        let Some(mut session) = self.quiet_session(Step::Again).await? else { return Ok(()) };
        let second = self.target.catalog(session.as_mut()).await?;
        self.phases.add("catalog", clock);
        self.trial.differences.extend(compare::catalogs(between, &second, Comparison::Again));
        Ok(())
    }

    /// After the rollback an application goes on inserting: counters must be past the keys that are there, and
    /// no trigger may trip over what is missing.
    async fn default_keys(
        &self,
        session: &mut dyn Session,
        before: &Contents,
        restored: &Catalog,
    ) -> Result<Vec<Difference>, CheckError> {
        let mut found = Vec::new();
        let filled: BTreeSet<&TableName> = self.trial.rows_a.rows.iter().map(|row| &row.row.table).collect();
        let seeded: Vec<TableName> =
            filled.into_iter().filter(|table| restored.tables.contains_key(*table)).cloned().collect();
        // Rows that came after the upgrade drew their keys from wherever the application did; only what was there
        // before shows that a counter was set back.
        let was_taken = |gap: &CounterBehind| {
            let next: i128 = gap.next.parse().unwrap_or(i128::MAX);
            before.tables.get(&gap.table).is_some_and(|rows| {
                let column = rows.columns.iter().position(|column| *column == gap.column);
                let keys = column
                    .into_iter()
                    .flat_map(|at| rows.rows.iter().filter_map(move |row| row[at].as_ref()));
                keys.filter_map(|key| key.parse::<i128>().ok()).any(|key| key >= next)
            })
        };
        for gap in session.counters_behind(&seeded).await?.into_iter().filter(was_taken) {
            let object = format!("{}.{}", gap.table, gap.column);
            found.push(Difference::of_schema(
                object.clone(),
                format!(
                    "the next key that the database would give to {object} is {}, but {} is taken; set the sequence past it in the downgrade",
                    gap.next, gap.largest
                ),
                None,
            ));
        }
        for table in &seeded {
            let Some(row) = self.row_with_default_key(table, restored) else { continue };
            if let Err(rejection) = session.try_insert(&row).await?
                && rejection.reason == Reason::Other
            {
                found.push(Difference::of_schema(
                    table.to_string(),
                    format!(
                        "a plain INSERT into {table} worked before the upgrade and fails after the downgrade"
                    ),
                    Some(rejection.message),
                ));
            }
        }
        Ok(found)
    }

    /// An ordinary row A once more, its key left to the database. That it repeats unique values is refused, and
    /// that is no finding: only what a trigger or a broken default says is.
    fn row_with_default_key(&self, table: &TableName, restored: &Catalog) -> Option<NewRow> {
        let columns = &restored.tables.get(table)?.columns;
        let seeded = self
            .trial
            .rows_a
            .rows
            .iter()
            .find(|row| row.row.table == *table && matches!(row.kind, RowKind::Ordinary(_)))?;
        let mut row = seeded.row.clone();
        row.values.retain(|(name, _)| {
            columns.iter().any(|column| column.name == *name && !column.counter && !column.generated)
        });
        row.overrides_identity = false;
        Some(row)
    }

    /// Runs a step on a database in the state `before`.
    async fn step(&mut self, step: Step, before: &Catalog) -> Result<bool, CheckError> {
        let (direction, phase) = match step {
            Step::Upgrade => (Direction::Up, "upgrade"),
            Step::Downgrade => (Direction::Down, "downgrade"),
            Step::Again => (Direction::Up, "upgrade again"),
        };
        let clock = Instant::now();
        let outcome = self.steps.run(direction).await?;
        self.phases.add(phase, clock);
        self.trial.steps.push((step, self.trial.statements.len(), outcome.declared));
        self.trial.statements.extend(outcome.statements);
        self.trial.opaque |= outcome.opaque;
        let Some(failure) = outcome.failure else { return Ok(true) };
        let problem = self.steps.problem(failure);
        let clock = Instant::now();
        let stays = half_applied::stays(self.target, &mut self.steps, &problem, before).await?;
        self.phases.add("catalog", clock);
        self.trial.failed = Some(Failed { step, problem, output: outcome.output, stays });
        Ok(false)
    }

    /// A session of ours once nothing of the step's is in our way.
    async fn quiet_session(&mut self, step: Step) -> Result<Option<Box<dyn Session>>, CheckError> {
        if self.steps.ends_open_transaction().await? {
            // As when the `alembic` command ends: what was not committed is rolled back. Whether that mattered
            // shows in the version table.
            self.trial.opaque = true;
        }
        match self.steps.connect().await {
            Ok(session) => Ok(Some(session)),
            Err(CheckError::Database(crate::database::DatabaseError::NoDatabase { .. })) => {
                self.fail(step, Problem::DatabaseGone);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn recorded(&mut self, step: Step, now: &Contents) -> bool {
        let expected = match step {
            Step::Downgrade => &self.pristine.before.contents,
            Step::Upgrade | Step::Again => &self.pristine.after.contents,
        };
        if self.target.versions(now) == self.target.versions(expected) {
            return true;
        }
        let open_transaction = self.steps.had_open_transaction();
        self.fail(step, Problem::NotRecorded { open_transaction });
        false
    }

    fn fail(&mut self, step: Step, problem: Problem) {
        self.trial.failed = Some(Failed { step, problem, output: String::new(), stays: Vec::new() });
    }
}

/// The tables of `before` that statements name, as far as can be told while what came of them is not known.
pub(crate) fn older_tables_named(
    target: &TargetContext,
    before: &Catalog,
    sent: &Sent,
) -> BTreeSet<TableName> {
    let version_table = &target.suite.version_table;
    let touched = touch::touched(&sent.statements, &[before], target.engine.dialect(), version_table);
    let all = sent.opaque || target.seed_all || touched.everything;
    let tables = before.tables.keys().filter(|table| all || touched.tables.contains(*table));
    tables.filter(|table| !target.is_bookkeeping(table)).cloned().collect()
}

/// The older tables that a revision can touch, going by what its statements name, with what hangs on them.
pub(crate) fn wanted_tables(
    target: &TargetContext,
    pristine: &Pristine,
    statements: &[Statement],
    opaque: bool,
) -> BTreeSet<TableName> {
    let before = &pristine.before.catalog;
    let all = || before.tables.keys().filter(|table| !target.is_bookkeeping(table)).cloned().collect();
    if opaque || target.seed_all {
        return all();
    }
    let touched = touch::touched(
        statements,
        &[before, &pristine.after.catalog],
        target.engine.dialect(),
        target.version_table(),
    );
    if touched.everything {
        return all();
    }
    // What changed in the catalog was touched, whatever the statements looked like.
    let changed = before.tables.iter().filter(|(name, table)| {
        pristine.after.catalog.tables.get(*name).is_some_and(|after| after != *table)
    });
    let older = touched
        .tables
        .into_iter()
        .chain(changed.map(|(name, _)| name.clone()))
        .filter(|table| before.tables.contains_key(table) && !target.is_bookkeeping(table))
        .collect();
    let mut wanted = touch::with_children(&older, before, touched.moves_rows);
    wanted.retain(|table| !target.is_bookkeeping(table));
    wanted
}

/// What of these statements of a revision writes outside of its database.
pub(crate) fn server_wide(
    target: &TargetContext,
    pristine: &Pristine,
    statements: &[Statement],
) -> Option<ServerWide> {
    pristine::server_wide(target, statements, &[&pristine.before.catalog, &pristine.after.catalog])
}
