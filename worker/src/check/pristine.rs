//! The pristine lineage: databases after exactly a revision's ancestors, with no seeds in them.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

use crate::check::half_applied;
use crate::check::labels::Labels;
use crate::check::outside::ServerWide;
use crate::check::slot::{Slot, Steps, TargetContext};
use crate::check::touch;
use crate::check::trial::{self, Failed, Problem, Step};
use crate::check::{CheckError, shard};
use crate::database::catalog::Catalog;
use crate::database::rows::Contents;
use crate::database::{DatabaseName, Session};
use crate::host::{Declared, Direction, Statement, StepOutcome};

/// A database at rest, and what was read of it.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) database: DatabaseName,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) contents: Arc<Contents>,
    /// The words of text columns that only Python knows, as the chain declared them so far.
    pub(crate) labels: Arc<Labels>,
}

/// The state with which the lineage advances.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A database at rest that was read.
    Read(Snapshot),
    /// A copy of what the advance before has made, while that is still being read.
    Copied(Copied),
}

impl Source {
    pub(crate) fn database(&self) -> &DatabaseName {
        match self {
            Self::Read(snapshot) => &snapshot.database,
            Self::Copied(copied) => &copied.database,
        }
    }

    /// What was read of it; `None` when it turned out that the advance which made it has failed.
    async fn read(&self) -> Option<Snapshot> {
        match self {
            Self::Read(snapshot) => Some(snapshot.clone()),
            Self::Copied(copied) => {
                copied.read.clone().wait_for(Option::is_some).await.ok().and_then(|read| read.clone())
            }
        }
    }
}

/// A copy that an advance has put aside, from which the next one can begin.
#[derive(Debug, Clone)]
pub(crate) struct Copied {
    pub(crate) database: DatabaseName,
    /// What was read of it, as soon as that is so. Never comes when the advance fails after all.
    pub(crate) read: watch::Receiver<Option<Snapshot>>,
}

impl Copied {
    /// The advance that made it has failed, or has to begin again.
    pub(crate) fn is_lost(&self) -> bool {
        self.read.has_changed().is_err() && self.read.borrow().is_none()
    }
}

/// A revision between its two pristine states.
#[derive(Debug)]
pub(crate) struct Pristine {
    pub(crate) revision: String,
    /// After the revision's ancestors.
    pub(crate) before: Snapshot,
    /// How a trial gets a database in that state.
    pub(crate) origin: Origin,
    /// After the revision; its database may be gone already.
    pub(crate) after: Snapshot,
    /// What the upgrade sent on an empty database.
    pub(crate) statements: Vec<Statement>,
    /// What these declared.
    pub(crate) declared: Vec<Declared>,
    /// Statements may be missing.
    pub(crate) opaque: bool,
}

/// How a trial gets the database before its revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It clones that of [`Pristine::before`].
    Clone,
    /// It applies these revisions, on a server as it was found.
    Replay(Vec<String>),
}

/// What became of advancing the lineage by one revision.
pub(crate) enum Advanced {
    /// The revision's upgrade works on an empty database.
    Done(Arc<Pristine>),
    /// It does not.
    Failed {
        /// The revision that cannot be applied: the one meant, or one that was missing before it.
        revision: String,
        /// The step, as it failed.
        failed: Box<Failed>,
        /// What it had sent until then.
        statements: Vec<Statement>,
        /// The state after the revision, where it can be applied in one run with those before it; else what
        /// follows is blocked.
        after: Option<Snapshot>,
    },
    /// The state with which it began turned out to be none, so that nothing is known.
    Discarded,
}

/// What to do to advance.
#[derive(Debug, Clone)]
pub(crate) struct Advance {
    pub(crate) revision: String,
    /// The state to begin with.
    pub(crate) source: Source,
    /// Ancestors of the revision that `source` lacks (another branch of a merge), in their order.
    pub(crate) missing: Vec<String>,
    /// All ancestors of the revision in their order, where they can be applied again from the beginning.
    pub(crate) ancestors: Option<Vec<String>>,
    /// Names for the snapshot of the parents together, and for the one after the revision.
    pub(crate) parents_name: DatabaseName,
    pub(crate) name: DatabaseName,
    /// The revision is to be checked.
    pub(crate) is_cell: bool,
}

/// Applies what is missing and then the revision, keeping a snapshot of either state.
///
/// Where that fails, it is tried in one run with everything before, as `alembic upgrade` does it on a new database: what
/// Alembic remembers for a run can make the difference, and what follows need not suffer from it.
///
/// `copied` hears of a copy from which the next advance can begin, before this one has ended.
pub(crate) async fn advance(
    target: &TargetContext,
    slot: &mut Slot,
    plan: &Advance,
    copied: &mut (dyn FnMut(Copied) + Send),
) -> Result<Advanced, CheckError> {
    let mut advanced = match step_by_step(target, slot, plan, copied).await {
        Err(error) if !error.speaks_of_server() && plan.source.read().await.is_none() => {
            slot.stop().await;
            return Ok(Advanced::Discarded);
        }
        other => other?,
    };
    if let Advanced::Failed { revision, after, .. } = &mut advanced
        && *revision == plan.revision
        && let Some(ancestors) = plan.ancestors.as_ref().filter(|ancestors| !ancestors.is_empty())
    {
        let revisions: Vec<&String> = ancestors.iter().chain([&plan.revision]).collect();
        *after = in_one_run(target, slot, &revisions, &plan.name).await?;
    }
    Ok(advanced)
}

async fn step_by_step(
    target: &TargetContext,
    slot: &mut Slot,
    plan: &Advance,
    copied: &mut (dyn FnMut(Copied) + Send),
) -> Result<Advanced, CheckError> {
    let before = if plan.missing.is_empty() {
        plan.source.clone()
    } else {
        match parents_together(target, slot, plan).await? {
            Ok(before) => Source::Read(before),
            Err(other) => return Ok(other),
        }
    };
    slot.load(target, before.database()).await?;
    let aside = Aside { name: &plan.name, is_cell: plan.is_cell, copied };
    upgrade(target, slot, &plan.revision, before, Origin::Clone, Some(aside)).await
}

/// The state after all parents of a merge; the other answer is the revision that cannot be applied.
async fn parents_together(
    target: &TargetContext,
    slot: &mut Slot,
    plan: &Advance,
) -> Result<Result<Snapshot, Advanced>, CheckError> {
    let Some(source) = plan.source.read().await else { return Ok(Err(Advanced::Discarded)) };
    slot.load(target, &source.database).await?;
    let mut sent = Sent::default();
    let mut steps = Steps::new(target, slot, &plan.revision);
    for revision in &plan.missing {
        let mut of_this = Sent::default();
        let failed = apply(&mut steps, revision, &mut of_this).await?;
        stays_inside(target, revision, &of_this.statements, &source)?;
        let Some(failed) = failed else {
            sent.append(of_this);
            continue;
        };
        steps.end().await;
        let ancestors: Vec<&String> = plan.ancestors.iter().flatten().collect();
        if let Some(before) = in_one_run(target, slot, &ancestors, &plan.parents_name).await? {
            return Ok(Ok(before));
        }
        let (revision, failed) = (revision.clone(), Box::new(failed));
        let statements = of_this.statements;
        return Ok(Err(Advanced::Failed { revision, failed, statements, after: None }));
    }
    steps.end().await;
    freeze(target, slot, &plan.parents_name, &source.labels, &sent).await.map(Ok)
}

/// The state after these revisions, when one run of env.py takes them all; `None` when that fails, too.
async fn in_one_run(
    target: &TargetContext,
    slot: &mut Slot,
    revisions: &[&String],
    name: &DatabaseName,
) -> Result<Option<Snapshot>, CheckError> {
    let Some((last, first)) = revisions.split_last() else { return Ok(None) };
    slot.cool_down();
    let mut sent = shard::prepare(target, slot).await?;
    let mut steps = Steps::new(target, slot, last);
    let mut outcome = steps.upgrade_together(first).await?;
    sent.add(&mut outcome);
    steps.ends_open_transaction().await?;
    steps.end().await;
    if outcome.failure.is_some() {
        return Ok(None);
    }
    let after = freeze(target, slot, name, &Labels::default(), &sent).await?;
    if !target.is_recorded(&after.contents, last) {
        target.engine.drop_database(&after.database).await?;
        return Ok(None);
    }
    Ok(Some(after))
}

/// Brings the slot's database once more to the state with which an advance has begun; `false` when there is none.
pub(crate) async fn load_again(
    target: &TargetContext,
    slot: &mut Slot,
    plan: &Advance,
) -> Result<bool, CheckError> {
    let database = if plan.missing.is_empty() {
        plan.source.database().clone()
    } else {
        match parents_together(target, slot, plan).await? {
            Ok(before) => before.database,
            Err(_) => return Ok(false),
        }
    };
    slot.load(target, &database).await?;
    Ok(true)
}

/// Upgrades the slot's database and leaves it as it is then. What was sent, and whether the revision is applied.
pub(crate) async fn apply_again(
    target: &TargetContext,
    slot: &mut Slot,
    revision: &str,
) -> Result<(Sent, bool), CheckError> {
    let mut sent = Sent::default();
    let mut steps = Steps::new(target, slot, revision);
    let failed = apply(&mut steps, revision, &mut sent).await?;
    steps.ends_open_transaction().await?;
    steps.end().await;
    if failed.is_some() {
        return Ok((sent, false));
    }
    match read(target, slot, &Labels::default(), &sent).await {
        Ok(now) => Ok((sent, target.is_recorded(&now.contents, revision))),
        Err(CheckError::Database(crate::database::DatabaseError::NoDatabase { .. })) => Ok((sent, false)),
        Err(error) => Err(error),
    }
}

/// What is to become of an upgraded database.
pub(crate) struct Aside<'a> {
    name: &'a DatabaseName,
    /// A trial of the same revision comes next.
    is_cell: bool,
    copied: &'a mut (dyn FnMut(Copied) + Send),
}

/// Upgrades the slot's database, which is in the state `before`, and puts it aside if that is asked for.
pub(crate) async fn upgrade(
    target: &TargetContext,
    slot: &mut Slot,
    revision: &str,
    before: Source,
    origin: Origin,
    aside: Option<Aside<'_>>,
) -> Result<Advanced, CheckError> {
    let mut sent = Sent::default();
    let mut steps = Steps::new(target, slot, revision);
    let mut failed = apply(&mut steps, revision, &mut sent).await?;
    let open_transaction = steps.ends_open_transaction().await?;
    if let Some(failed) = &mut failed
        && let Some(before) = before.read().await
    {
        failed.stays = half_applied::stays(target, &mut steps, &failed.problem, &before.catalog).await?;
    }
    match aside {
        Some(_) => steps.end_warm().await,
        None => steps.end().await,
    }
    let Some(before) = before.read().await else {
        slot.cool_down();
        return Ok(Advanced::Discarded);
    };
    stays_inside(target, revision, &sent.statements, &before)?;
    let not_done = |problem, sent: Sent| {
        let output = String::new();
        let failed = Box::new(Failed { step: Step::Upgrade, problem, output, stays: Vec::new() });
        let (revision, statements) = (revision.to_owned(), sent.statements);
        Ok(Advanced::Failed { revision, failed, statements, after: None })
    };
    if let Some(failed) = failed {
        let (revision, failed) = (revision.to_owned(), Box::new(failed));
        return Ok(Advanced::Failed { revision, failed, statements: sent.statements, after: None });
    }
    let (announce, read_later) = watch::channel(None);
    let after = match aside {
        Some(Aside { name, is_cell, copied }) => {
            let continues = is_cell && slot.is_warm_for() == Some(revision);
            if continues && trial::older_tables_named(target, &before.catalog, &sent).is_empty() {
                let told = || copied(Copied { database: name.clone(), read: read_later });
                set_copy_aside(target, slot, name, told, &before.labels, &sent).await
            } else {
                freeze(target, slot, name, &before.labels, &sent).await
            }
        }
        None => read(target, slot, &before.labels, &sent).await,
    };
    let after = match after {
        Ok(after) => after,
        Err(CheckError::Database(crate::database::DatabaseError::NoDatabase { .. })) => {
            return not_done(Problem::DatabaseGone, sent);
        }
        Err(error) => return Err(error),
    };
    if !target.is_recorded(&after.contents, revision) {
        slot.cool_down();
        target.engine.drop_database(&after.database).await?;
        return not_done(Problem::NotRecorded { open_transaction }, sent);
    }
    // Nobody may wait for it.
    let _ = announce.send(Some(after.clone()));
    let Sent { statements, declared, opaque } = sent;
    let revision = revision.to_owned();
    Ok(Advanced::Done(Arc::new(Pristine { revision, before, origin, after, statements, declared, opaque })))
}

/// What steps sent, one after the other.
#[derive(Default)]
pub(crate) struct Sent {
    pub(crate) statements: Vec<Statement>,
    declared: Vec<Declared>,
    pub(crate) opaque: bool,
}

impl Sent {
    pub(crate) fn add(&mut self, outcome: &mut StepOutcome) {
        self.append(Self {
            statements: std::mem::take(&mut outcome.statements),
            declared: std::mem::take(&mut outcome.declared),
            opaque: outcome.opaque,
        });
    }

    fn append(&mut self, mut later: Self) {
        let first = self.statements.len();
        self.statements.append(&mut later.statements);
        let declared = later.declared.into_iter();
        self.declared.extend(declared.map(|d| Declared { statement: d.statement + first, ..d }));
        self.opaque |= later.opaque;
    }
}

/// An error when a revision wrote what the databases of the server share, so that whatever ran beside it or comes
/// after it may see that. One that is alone on its server may.
pub(crate) fn stays_inside(
    target: &TargetContext,
    revision: &str,
    statements: &[Statement],
    before: &Snapshot,
) -> Result<(), CheckError> {
    if target.apart || !target.engine.shares_objects() {
        return Ok(());
    }
    match server_wide(target, statements, &[&before.catalog]) {
        None => Ok(()),
        Some(found) => Err(CheckError::WritesOutside { revision: revision.to_owned(), found }),
    }
}

/// What of these statements writes outside of the database.
pub(crate) fn server_wide(
    target: &TargetContext,
    statements: &[Statement],
    catalogs: &[&Catalog],
) -> Option<ServerWide> {
    touch::touched(statements, catalogs, target.engine.dialect(), target.version_table()).server_wide
}

/// Applies one revision.
pub(crate) async fn apply(
    steps: &mut Steps<'_>,
    revision: &str,
    sent: &mut Sent,
) -> Result<Option<Failed>, CheckError> {
    let mut outcome = steps.run_revision(Direction::Up, revision).await?;
    sent.add(&mut outcome);
    Ok(outcome.failure.map(|failure| Failed {
        step: Step::Upgrade,
        problem: steps.problem(failure),
        output: outcome.output,
        stays: Vec::new(),
    }))
}

/// Reads the slot's database and puts it aside under `name`. Before `sent` it had the words `labels`.
pub(crate) async fn freeze(
    target: &TargetContext,
    slot: &Slot,
    name: &DatabaseName,
    labels: &Labels,
    sent: &Sent,
) -> Result<Snapshot, CheckError> {
    let read = read(target, slot, labels, sent).await?;
    target.engine.rename(&slot.database, name).await?;
    Ok(Snapshot { database: name.clone(), ..read })
}

/// Puts a copy of the slot's database aside under `name`, and leaves the database, read, to the revision's first
/// trial: one that seeds nothing before the upgrade would only repeat what the lineage has just done. `told` is
/// called once the copy is there.
async fn set_copy_aside(
    target: &TargetContext,
    slot: &mut Slot,
    name: &DatabaseName,
    told: impl FnOnce(),
    labels: &Labels,
    sent: &Sent,
) -> Result<Snapshot, CheckError> {
    target.engine.disconnect(&slot.database).await?;
    target.engine.clone_database(&slot.database, name).await?;
    told();
    let (session, read) = look(target, slot, labels, sent).await?;
    slot.keep_upgraded(session);
    Ok(Snapshot { database: name.clone(), ..read })
}

/// Reads the slot's database, and leaves it with nothing connected. Before `sent` it had the words `labels`.
pub(crate) async fn read(
    target: &TargetContext,
    slot: &Slot,
    labels: &Labels,
    sent: &Sent,
) -> Result<Snapshot, CheckError> {
    let (session, read) = look(target, slot, labels, sent).await?;
    drop(session);
    target.engine.disconnect(&slot.database).await?;
    Ok(read)
}

/// Reads the slot's database.
async fn look(
    target: &TargetContext,
    slot: &Slot,
    labels: &Labels,
    sent: &Sent,
) -> Result<(Box<dyn Session>, Snapshot), CheckError> {
    let mut session = target.engine.connect(&slot.database).await?;
    let catalog = target.catalog(session.as_mut()).await?;
    let contents = session.contents(&catalog).await?;
    let labels = labels.after(&sent.statements, &sent.declared, &catalog, target.engine.dialect());
    let snapshot = Snapshot {
        database: slot.database.clone(),
        catalog: Arc::new(catalog),
        contents: Arc::new(contents),
        labels: Arc::new(labels),
    };
    Ok((session, snapshot))
}

/// Where to begin and what to add, so that the database holds exactly `ancestors`.
///
/// `candidates` are snapshots with the revisions that they hold; the one that holds most wins, the first among
/// equals.
pub(crate) fn nearest<'a, T>(
    ancestors: &BTreeSet<usize>,
    candidates: impl IntoIterator<Item = (&'a T, &'a BTreeSet<usize>)>,
) -> Option<(&'a T, Vec<usize>)> {
    let mut best: Option<(&T, &BTreeSet<usize>)> = None;
    for (candidate, holds) in candidates {
        let better = holds.is_subset(ancestors) && best.is_none_or(|(_, most)| holds.len() > most.len());
        if better {
            best = Some((candidate, holds));
        }
    }
    best.map(|(candidate, holds)| (candidate, ancestors.difference(holds).copied().collect()))
}
