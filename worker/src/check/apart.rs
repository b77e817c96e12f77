//! Revisions that write outside of their database, each alone on its server.
//!
//! Databases share roles, so a revision that changes them cannot be tried in a clone beside its source: the source
//! would already know the role, or hold on to one that is to be dropped. Here every trial begins with a server as it
//! was found, and replays the revision's ancestors in the one database that there is.

use std::collections::BTreeSet;
use std::time::Instant;

use mrt_chain::graph::{Chain, Revision};

use crate::check::labels::Labels;
use crate::check::outcome::Outcome;
use crate::check::outside::ServerWide;
use crate::check::pristine::{self, Advanced, Origin, Sent, Source};
use crate::check::replay::Again;
use crate::check::schedule::ATTEMPTS;
use crate::check::shard::{End, Progress, Shard, Suspicion, prepare};
use crate::check::slot::{Slot, Steps, TargetContext};
use crate::check::trial::Failed;
use crate::check::{CheckError, judge, trial};
use crate::host::Failure;

/// Checks the cells of a shard one after the other.
pub(crate) async fn check(
    shard: &Shard<'_>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<End, CheckError> {
    let mut end = End::default();
    let mut slot = Slot::new(0);
    slot.host(shard.target).await?;
    for &revision in &shard.cells {
        if !shard.wanted.borrow().contains(&revision) {
            continue;
        }
        let clock = Instant::now();
        let mut attempts = 1;
        let outcome = loop {
            let permit = shard.jobs.acquire().await;
            shard.under_way.begin(slot.number, with_ancestors(&shard.target.chain, revision));
            let result = one(shard, &mut slot, revision).await;
            shard.under_way.end(slot.number);
            drop(permit);
            match result {
                Ok(outcome) => break outcome,
                Err(error) => {
                    slot.stop().await;
                    if matches!(error, CheckError::Environment(_) | CheckError::Bootstrap { .. }) {
                        return Err(error);
                    }
                    if error.speaks_of_server() {
                        end.suspects.insert(revision, Suspicion::of(&error));
                        return Ok(end);
                    }
                    if error.is_final() || attempts == ATTEMPTS {
                        break Outcome::error(&error);
                    }
                    attempts += 1;
                }
            }
        };
        progress(Progress::Finished { revision, outcome, attempts, time: clock.elapsed() });
    }
    slot.stop().await;
    Ok(end)
}

fn with_ancestors(chain: &Chain, revision: usize) -> BTreeSet<usize> {
    let before = chain.ancestors(&chain.revisions()[revision].id);
    before.into_iter().chain([revision]).collect()
}

async fn one(shard: &Shard<'_>, slot: &mut Slot, index: usize) -> Result<Outcome, CheckError> {
    let target = shard.target;
    let revision: &Revision = &target.chain.revisions()[index];
    let mut ancestors = target.chain.ancestors(&revision.id);
    ancestors.sort_unstable();
    let ancestors: Vec<String> =
        ancestors.into_iter().map(|at| target.chain.revisions()[at].id.clone()).collect();
    let mut sent = Sent::default();
    if let Some(broken) = begin(target, slot, &ancestors, &mut sent).await? {
        let by = target.chain.position(&broken.revision).unwrap_or(index);
        return Ok(Outcome::Blocked { by });
    }
    let before = pristine::read(target, slot, &Labels::default(), &sent).await?;
    let origin = Origin::Replay(ancestors.clone());
    match pristine::upgrade(target, slot, &revision.id, Source::Read(before), origin, None).await? {
        Advanced::Failed { failed, statements, .. } => {
            permitted(target, Some(&failed))?;
            let findings = judge::cannot_be_applied(target, slot, revision, &failed, &statements);
            let kept = match &shard.keep {
                Some(keep) => {
                    keep.failed_upgrade(target, slot, index, Again::On(&ancestors), &findings).await?
                }
                None => None,
            };
            Ok(Outcome::found(findings, kept))
        }
        Advanced::Done(pristine) => {
            if let Some(found) = trial::server_wide(target, &pristine, &pristine.statements) {
                can_be_undone(&found)?;
            }
            let judged = judge::check(target, slot, &pristine, revision).await?;
            let kept = match &shard.keep {
                Some(keep) => keep.judged(target, slot, index, &pristine, &judged.found).await?,
                None => None,
            };
            Ok(Outcome::judged(judged, kept))
        }
        // Only what began with the copy of an unfinished advance is.
        Advanced::Discarded => Err(CheckError::Replay { revision: revision.id.clone() }),
    }
}

/// An error where mrt cannot undo what a revision did to the server.
pub(crate) fn can_be_undone(found: &ServerWide) -> Result<(), CheckError> {
    if found.roles { Ok(()) } else { Err(CheckError::CannotBeUndone { what: found.what.clone() }) }
}

/// An error where a step failed only because mrt keeps migrations from writing outside of their database.
pub(crate) fn permitted(target: &TargetContext, failed: Option<&Failed>) -> Result<(), CheckError> {
    let Some(why) = target.engine.forbids_server_wide() else { return Ok(()) };
    match failed.map(|failed| &failed.problem) {
        Some(trial::Problem::Failed(Failure::Raised(raised)))
            if target.engine.dialect().lacks_privilege(raised.code.as_deref()) =>
        {
            Err(CheckError::NotPermitted { message: raised.message.clone(), why })
        }
        _ => Ok(()),
    }
}

/// A revision that could not be applied on the way.
pub(crate) struct Broken {
    pub(crate) revision: String,
    pub(crate) failed: Failed,
}

/// Makes the server as it was found, with the slot's database alone on it, after `revisions`, which sent `sent`.
pub(crate) async fn begin(
    target: &TargetContext,
    slot: &mut Slot,
    revisions: &[String],
    sent: &mut Sent,
) -> Result<Option<Broken>, CheckError> {
    slot.host(target).await?;
    target.engine.reset().await?;
    *sent = prepare(target, slot).await?;
    replay(target, slot, revisions, sent).await
}

/// Applies revisions to the slot's database, in their order.
pub(crate) async fn replay(
    target: &TargetContext,
    slot: &mut Slot,
    revisions: &[String],
    sent: &mut Sent,
) -> Result<Option<Broken>, CheckError> {
    for revision in revisions {
        let mut steps = Steps::new(target, slot, revision);
        let failed = pristine::apply(&mut steps, revision, sent).await?;
        steps.ends_open_transaction().await?;
        steps.end().await;
        if let Some(failed) = failed {
            return Ok(Some(Broken { revision: revision.clone(), failed }));
        }
    }
    target.engine.disconnect(&slot.database).await?;
    Ok(None)
}
