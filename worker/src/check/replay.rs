//! What shows a finding, run once more and left for somebody to look at.

use std::collections::BTreeMap;
use std::sync::Arc;

use mrt_chain::graph::Revision;
use mrt_report::FindingKind::{
    DataChanged, DataLost, NotSeeded, ReupgradeDiffers, RowsLeftBehind, RowsLost, SchemaLeftBehind,
    SchemaNotRestored,
};
use mrt_report::{Finding, FindingKind, Step as Told};
use tokio::sync::mpsc;
use tracing::warn;

use crate::check::evidence::Scrubber;
use crate::check::findings::Found;
use crate::check::pristine::{self, Advance, Pristine, Sent};
use crate::check::slot::{Slot, TargetContext};
use crate::check::trial::{self, Phases, Problem, Scene, Step, Trial, Until};
use crate::check::{CheckError, apart, volatile};
use crate::database::DatabaseName;
use crate::database::catalog::TableName;
use crate::host::Statement;
use crate::seed::{RowKind, Seeded};

/// A check that was run again for a look, only as far as it shows one finding.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The revision.
    pub revision: String,
    /// What the finding is.
    pub kind: FindingKind,
    /// And what it is about.
    pub object: String,
    /// What was done. The last one of them is where it fails.
    pub steps: Vec<Replayed>,
    /// It shows the finding this time, too.
    pub is_shown: bool,
}

/// A step that was done again.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// Which one.
    pub step: Told,
    /// Rows that it wrote, by table.
    pub rows: BTreeMap<String, Written>,
    /// What it sent to the database.
    pub statements: Vec<Sending>,
}

/// How many rows were written into a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Ordinary ones.
    pub ordinary: usize,
    /// Edge rows.
    pub edge: usize,
    /// The user's own.
    pub own: usize,
}

/// A statement that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// Its text.
    pub sql: String,
    /// Its parameters' texts.
    pub parameters: Vec<String>,
    /// It comes from the revision's file, and not from what Alembic does around that.
    pub is_own: bool,
}

/// Whose databases are left for a look.
pub(crate) struct Keep<'a> {
    /// Whether a finding of this revision is worth one.
    pub(crate) counts: &'a (dyn Fn(&str, &Finding) -> bool + Send + Sync),
    /// Who hears what was done.
    pub(crate) hears: Option<&'a mpsc::UnboundedSender<Replay>>,
}

impl Keep<'_> {
    /// Runs the trial of the gravest finding once more, with exactly the rows on which that hangs, and leaves the database as it
    /// is where that shows. The answer is how to connect; none when there is nothing to look at.
    pub(crate) async fn judged(
        &self,
        target: &TargetContext,
        slot: &mut Slot,
        index: usize,
        pristine: &Pristine,
        found: &[Found],
    ) -> Result<Option<String>, CheckError> {
        let counts = |found: &&Found| (self.counts)(&pristine.revision, &found.finding);
        // The first one of those that weigh the same.
        let Some(found) = found.iter().filter(counts).rev().max_by_key(|found| found.finding.severity) else {
            return Ok(None);
        };
        let kept = self.try_judged(target, slot, index, pristine, found).await;
        or_nothing(slot, kept).await
    }

    async fn try_judged(
        &self,
        target: &TargetContext,
        slot: &mut Slot,
        index: usize,
        pristine: &Pristine,
        Found { finding, scene }: &Found,
    ) -> Result<Option<String>, CheckError> {
        slot.cool_down();
        let scene = Arc::new(Scene { until: until(finding.kind), ..(**scene).clone() });
        let trial = trial::run(target, slot, pristine, &scene, &mut Phases::default()).await?;
        let is_gone = trial.failed.as_ref().is_some_and(|failed| failed.problem == Problem::DatabaseGone);
        self.tell(
            finding,
            &pristine.revision,
            steps(&trial, &slot.scrubber(target)),
            is_shown(&trial, finding),
        );
        if is_gone { Ok(None) } else { leave(target, slot, index).await.map(Some) }
    }

    /// The same for an upgrade that fails on the lineage, where there are no rows.
    pub(crate) async fn failed_upgrade(
        &self,
        target: &TargetContext,
        slot: &mut Slot,
        index: usize,
        again: Again<'_>,
        findings: &[Finding],
    ) -> Result<Option<String>, CheckError> {
        let revision = &target.chain.revisions()[index];
        let Some(finding) = findings.iter().find(|finding| (self.counts)(&revision.id, finding)) else {
            return Ok(None);
        };
        let kept = self.try_failed_upgrade(target, slot, index, revision, again, finding).await;
        or_nothing(slot, kept).await
    }

    async fn try_failed_upgrade(
        &self,
        target: &TargetContext,
        slot: &mut Slot,
        index: usize,
        revision: &Revision,
        again: Again<'_>,
        finding: &Finding,
    ) -> Result<Option<String>, CheckError> {
        slot.cool_down();
        let begun = match again {
            Again::From(plan) => pristine::load_again(target, slot, plan).await?,
            Again::On(ancestors) => {
                apart::begin(target, slot, ancestors, &mut Sent::default()).await?.is_none()
            }
        };
        if !begun {
            return Err(CheckError::Replay { revision: revision.id.clone() });
        }
        let (sent, is_applied) = pristine::apply_again(target, slot, &revision.id).await?;
        let scrubber = slot.scrubber(target);
        let step = |step, statements: &[Statement]| Replayed {
            step,
            rows: BTreeMap::new(),
            statements: sendings(statements, &scrubber),
        };
        let steps = vec![
            step(Told::Database, &[]),
            step(Told::RowsBefore, &[]),
            step(Told::Upgrade, &sent.statements),
        ];
        self.tell(finding, &revision.id, steps, !is_applied);
        leave(target, slot, index).await.map(Some)
    }

    fn tell(&self, finding: &Finding, revision: &str, steps: Vec<Replayed>, is_shown: bool) {
        let Finding { kind, object, .. } = finding;
        let replay =
            Replay { revision: revision.to_owned(), kind: *kind, object: object.clone(), steps, is_shown };
        // Nobody listening is no reason not to keep anything.
        let _ = self.hears.map(|hears| hears.send(replay));
    }
}

/// How the state before a revision is had once more.
pub(crate) enum Again<'a> {
    /// As the lineage had it.
    From(&'a Advance),
    /// By these revisions, on a server as it was found.
    On(&'a [String]),
}

/// A verdict does not hang on whether something can be kept.
async fn or_nothing(
    slot: &mut Slot,
    kept: Result<Option<String>, CheckError>,
) -> Result<Option<String>, CheckError> {
    match kept {
        Err(error) if !error.speaks_of_server() => {
            warn!("nothing is kept for a look: {}", error.in_full());
            slot.stop().await;
            Ok(None)
        }
        kept => kept,
    }
}

/// Leaves the slot's database under a name of its own, and says how to connect.
async fn leave(target: &TargetContext, slot: &Slot, index: usize) -> Result<String, CheckError> {
    let name = DatabaseName::new("keep", index);
    target.engine.disconnect(&slot.database).await?;
    target.engine.rename(&slot.database, &name).await?;
    Ok(target.engine.connect_hint(&name))
}

/// How far a trial goes that shows a finding of this kind. A step that fails ends it by itself.
fn until(kind: FindingKind) -> Until {
    match kind {
        NotSeeded => Until::Seeded,
        DataLost | DataChanged | RowsLost | RowsLeftBehind | SchemaNotRestored | SchemaLeftBehind => {
            Until::Downgraded
        }
        _ => Until::End,
    }
}

fn is_shown(trial: &Trial, finding: &Finding) -> bool {
    let Finding { kind, object, .. } = finding;
    match (until(*kind), kind) {
        (Until::Seeded, _) => trial.rows_a.not_seeded.keys().any(|table| table.to_string() == *object),
        (Until::Downgraded, _) | (_, ReupgradeDiffers) => {
            trial.differences.iter().any(|other| other.kind == *kind && other.object == *object)
        }
        _ => trial.failed.is_some(),
    }
}

/// What a trial did, step by step.
fn steps(trial: &Trial, scrubber: &Scrubber) -> Vec<Replayed> {
    let failed = trial.failed.as_ref().map(|failed| failed.step);
    let last = match (trial.scene.until, failed) {
        (Until::Seeded, _) => Told::RowsBefore,
        (_, Some(Step::Upgrade)) => Told::Upgrade,
        (_, Some(Step::Downgrade)) => Told::Downgrade,
        (Until::Downgraded, _) => Told::Compare,
        (_, Some(Step::Again) | None) => Told::Again,
    };
    let done = Told::ALL.into_iter().filter(|step| *step <= last);
    done.map(|step| {
        let (rows, statements) = match step {
            Told::RowsBefore => (written(&trial.rows_a, &trial.own_rows), &[][..]),
            Told::RowsAfter => (written(&trial.rows_b, &BTreeMap::new()), &[][..]),
            Told::Upgrade => (BTreeMap::new(), trial.statements_of(Step::Upgrade)),
            Told::Downgrade => (BTreeMap::new(), trial.statements_of(Step::Downgrade)),
            Told::Again => (BTreeMap::new(), trial.statements_of(Step::Again)),
            Told::Database | Told::Compare => (BTreeMap::new(), &[][..]),
        };
        Replayed { step, rows, statements: sendings(statements, scrubber) }
    })
    .collect()
}

fn written(seeded: &Seeded, own: &BTreeMap<TableName, usize>) -> BTreeMap<String, Written> {
    let mut written: BTreeMap<String, Written> = BTreeMap::new();
    for row in &seeded.rows {
        let of = written.entry(row.row.table.to_string()).or_default();
        match row.kind {
            RowKind::Edge(_) => of.edge += 1,
            _ => of.ordinary += 1,
        }
    }
    for (table, rows) in own {
        written.entry(table.to_string()).or_default().own = *rows;
    }
    written
}

fn sendings(statements: &[Statement], scrubber: &Scrubber) -> Vec<Sending> {
    let sending = |statement: &Statement| Sending {
        sql: scrubber.text(&volatile::settled(&statement.sql)),
        parameters: statement.parameters.iter().map(|text| scrubber.text(text)).collect(),
        is_own: statement.line.is_some(),
    };
    statements.iter().map(sending).collect()
}
