//! The pristine lineage: databases after exactly a revision's ancestors, with no seeds in them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::check::CheckError;
use crate::check::slot::{Slot, Steps, TargetContext};
use crate::check::touch::{self, ServerWide};
use crate::check::trial::{Failed, Problem, Step};
use crate::database::DatabaseName;
use crate::database::catalog::Catalog;
use crate::database::rows::Contents;
use crate::host::{Direction, Statement};

/// A database at rest, and what was read of it.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) database: DatabaseName,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) contents: Arc<Contents>,
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
    /// It does not; what follows is blocked.
    Failed {
        /// The revision that cannot be applied: the one meant, or one that was missing before it.
        revision: String,
        /// The step, as it failed.
        failed: Box<Failed>,
        /// What it had sent until then.
        statements: Vec<Statement>,
    },
}

/// What to do to advance.
#[derive(Debug, Clone)]
pub(crate) struct Advance {
    pub(crate) revision: String,
    /// The snapshot to begin with.
    pub(crate) source: Snapshot,
    /// Ancestors of the revision that `source` lacks (another branch of a merge), in their order.
    pub(crate) missing: Vec<String>,
    /// Names for the snapshot of the parents together, and for the one after the revision.
    pub(crate) parents_name: DatabaseName,
    pub(crate) name: DatabaseName,
}

/// Applies what is missing and then the revision, keeping a snapshot of either state.
pub(crate) async fn advance(
    target: &TargetContext,
    slot: &mut Slot,
    plan: &Advance,
) -> Result<Advanced, CheckError> {
    let before = if plan.missing.is_empty() {
        plan.source.clone()
    } else {
        slot.load(target, &plan.source.database).await?;
        let mut steps = Steps::new(target, slot, &plan.revision);
        for revision in &plan.missing {
            let mut statements = Vec::new();
            let failed = apply(&mut steps, revision, &mut statements).await?;
            let statements: Vec<Statement> = statements.into_iter().map(|(s, _)| s).collect();
            stays_inside(target, revision, &statements, &plan.source)?;
            if let Some(failed) = failed {
                let revision = revision.clone();
                return Ok(Advanced::Failed { revision, failed: Box::new(failed), statements });
            }
        }
        steps.end().await;
        freeze(target, slot, &plan.parents_name).await?
    };
    slot.load(target, &before.database).await?;
    upgrade(target, slot, &plan.revision, before, Origin::Clone, Some(&plan.name)).await
}

/// Upgrades the slot's database, which is in the state `before`; with a `name` it is put aside under that.
pub(crate) async fn upgrade(
    target: &TargetContext,
    slot: &mut Slot,
    revision: &str,
    before: Snapshot,
    origin: Origin,
    name: Option<&DatabaseName>,
) -> Result<Advanced, CheckError> {
    let mut statements = Vec::new();
    let mut steps = Steps::new(target, slot, revision);
    let failed = apply(&mut steps, revision, &mut statements).await?;
    let open_transaction = steps.ends_open_transaction().await?;
    steps.end().await;
    let opaque = statements.iter().any(|(_, opaque)| *opaque);
    let statements: Vec<Statement> = statements.into_iter().map(|(statement, _)| statement).collect();
    stays_inside(target, revision, &statements, &before)?;
    let not_done = |problem, statements| {
        let failed = Box::new(Failed { step: Step::Upgrade, problem, output: String::new() });
        Ok(Advanced::Failed { revision: revision.to_owned(), failed, statements })
    };
    if let Some(failed) = failed {
        return Ok(Advanced::Failed { revision: revision.to_owned(), failed: Box::new(failed), statements });
    }
    let after = match name {
        Some(name) => freeze(target, slot, name).await,
        None => read(target, slot).await,
    };
    let after = match after {
        Ok(after) => after,
        Err(CheckError::Database(crate::database::DatabaseError::NoDatabase { .. })) => {
            return not_done(Problem::DatabaseGone, statements);
        }
        Err(error) => return Err(error),
    };
    if !target.is_recorded(&after.contents, revision) {
        target.engine.drop_database(&after.database).await?;
        return not_done(Problem::NotRecorded { open_transaction }, statements);
    }
    let revision = revision.to_owned();
    Ok(Advanced::Done(Arc::new(Pristine { revision, before, origin, after, statements, opaque })))
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
    touch::touched(statements, catalogs, target.engine.dialect(), &target.suite.version_table).server_wide
}

/// Applies one revision.
pub(crate) async fn apply(
    steps: &mut Steps<'_>,
    revision: &str,
    statements: &mut Vec<(Statement, bool)>,
) -> Result<Option<Failed>, CheckError> {
    let outcome = steps.run_revision(Direction::Up, revision).await?;
    let opaque = outcome.opaque;
    statements.extend(outcome.statements.into_iter().map(|statement| (statement, opaque)));
    Ok(outcome.failure.map(|failure| Failed {
        step: Step::Upgrade,
        problem: Problem::Failed(failure),
        output: outcome.output,
    }))
}

/// Reads the slot's database and puts it aside under `name`.
pub(crate) async fn freeze(
    target: &TargetContext,
    slot: &Slot,
    name: &DatabaseName,
) -> Result<Snapshot, CheckError> {
    let read = read(target, slot).await?;
    target.engine.rename(&slot.database, name).await?;
    Ok(Snapshot { database: name.clone(), ..read })
}

/// Reads the slot's database, and leaves it with nothing connected.
pub(crate) async fn read(target: &TargetContext, slot: &Slot) -> Result<Snapshot, CheckError> {
    let mut session = target.engine.connect(&slot.database).await?;
    let catalog = target.catalog(session.as_mut()).await?;
    let contents = session.contents(&catalog).await?;
    drop(session);
    target.engine.disconnect(&slot.database).await?;
    let database = slot.database.clone();
    Ok(Snapshot { database, catalog: Arc::new(catalog), contents: Arc::new(contents) })
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
