//! Writes down what has changed.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;

use super::bulk::{Value, insert};
use super::{StoreError, Turn};
use crate::farm::{Changes, Event, Farm, NewRun};
use crate::lease::{Column, Shard, State};
use crate::plan::{ColumnId, RunId};

/// What a cell is believed to have taken at most, in milliseconds: plans add these up.
const LONGEST: u64 = 7 * 24 * 3_600_000;

impl Turn {
    /// Writes down what has changed in the farm, in this turn.
    ///
    /// # Errors
    /// When the database refuses it; then nothing is written once the turn is dropped.
    pub async fn save(
        &mut self,
        farm: &Farm,
        changes: &Changes,
        new: &BTreeMap<RunId, NewRun>,
    ) -> Result<(), StoreError> {
        self.save_runs(farm, changes, new).await?;
        self.save_columns(farm, changes, new).await?;
        self.save_workers(farm, changes).await?;
        self.save_results(farm, changes).await?;
        self.save_events(changes).await
    }

    async fn save_runs(
        &mut self,
        farm: &Farm,
        changes: &Changes,
        new: &BTreeMap<RunId, NewRun>,
    ) -> Result<(), StoreError> {
        let (now, change) = (self.now.0, self.change);
        let ended = |ended: bool| ended.then_some(now);
        let mut rows = Vec::new();
        for (id, run) in new {
            let Some(known) = farm.runs.get(id) else { continue };
            let priority = Value::Number(Some(i64::from(run.priority)));
            rows.push([
                id.0.into(),
                run.key.as_str().into(),
                now.into(),
                ended(known.ended).into(),
                u64::from(known.cancelled).into(),
                priority,
                run.patience.into(),
                u64::from(run.options.seed_all).into(),
                run.options.today.as_str().into(),
                run.options.timeout_ms.into(),
                run.options.settings.as_str().into(),
                json(&run.labels)?.into(),
                known.cells.into(),
                known.done.into(),
                known.next_event.into(),
                change.into(),
            ]);
        }
        let all = "INSERT INTO runs (id, submission, submitted_ms, ended_ms, cancelled, priority, patience_ms, seed_all, \
                   today, timeout_ms, settings, labels, cells, done, next_event, changed)";
        insert(self, all, "", rows).await?;
        let old = changes.runs.iter().filter(|id| !new.contains_key(id));
        for id in old {
            let Some(run) = farm.runs.get(id) else { continue };
            sqlx::query(
                "UPDATE runs SET ended_ms = $1, cancelled = $2, done = $3, next_event = $4, changed = $5 WHERE id = $6",
            )
            .bind(ended(run.ended).map(super::stored))
            .bind(i64::from(run.cancelled))
            .bind(super::stored(run.done))
            .bind(super::stored(run.next_event))
            .bind(super::stored(change))
            .bind(super::stored(id.0))
            .execute(&mut *self.connection)
            .await
            .map_err(super::write)?;
        }
        Ok(())
    }

    async fn save_columns(
        &mut self,
        farm: &Farm,
        changes: &Changes,
        new: &BTreeMap<RunId, NewRun>,
    ) -> Result<(), StoreError> {
        let change = self.change;
        let (mut chains, mut cells, mut shards, mut gone) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (id, before) in &changes.columns {
            let (Some(plan), Some(chain)) = (farm.plans.get(id), farm.chains.get(id)) else { continue };
            let after = &plan.column;
            cells.extend(cells_of(*id, before, after, new.get(&plan.run), (chain.place, change))?);
            if before.next_shard() != after.next_shard() || changes.chains.contains(id) {
                chains.push([
                    id.0.into(),
                    plan.run.0.into(),
                    u64::from(chain.place).into(),
                    chain.bundle.as_str().into(),
                    chain.suite.as_str().into(),
                    plan.target.as_str().into(),
                    plan.needs.engine.as_str().into(),
                    u64::from(plan.needs.containers).into(),
                    plan.start.into(),
                    plan.replay.into(),
                    u64::from(after.next_shard()).into(),
                    chain.unserved.map(|since| since.0).into(),
                    super::read::failure_text(chain.failure.as_ref())?.into(),
                    change.into(),
                ]);
            }
            let names: BTreeSet<u32> = after.shards().iter().map(|shard| shard.id.0).collect();
            gone.extend(
                before.shards().iter().filter(|it| !names.contains(&it.id.0)).map(|it| (id.0, it.id.0)),
            );
            for shard in after.shards() {
                let known = before.shards().iter().find(|it| it.id == shard.id);
                if known.is_none_or(|known| !same(known, shard)) {
                    shards.push(shard_of(*id, shard, change)?);
                }
            }
        }
        insert(
            self,
            "INSERT INTO chains (id, run, place, bundle, suite, target, engine, containers, start_ms, replay_ms, \
             next_shard, unserved_ms, failure, changed)",
            "ON CONFLICT (id) DO UPDATE SET next_shard = excluded.next_shard, unserved_ms = excluded.unserved_ms, \
             failure = excluded.failure, changed = excluded.changed",
            chains,
        )
        .await?;
        insert(
            self,
            "INSERT INTO cells (chain, position, revision, title, parents, work_ms, asked, attempts, shard, by_shard, by_epoch, changed)",
            "ON CONFLICT (chain, position) DO UPDATE SET attempts = excluded.attempts, shard = excluded.shard, \
             by_shard = excluded.by_shard, by_epoch = excluded.by_epoch, changed = excluded.changed",
            cells,
        )
        .await?;
        for (chain, shard) in gone {
            sqlx::query("DELETE FROM shards WHERE chain = $1 AND shard = $2")
                .bind(super::stored(chain))
                .bind(i64::from(shard))
                .execute(&mut *self.connection)
                .await
                .map_err(super::write)?;
        }
        insert(
            self,
            "INSERT INTO shards (chain, shard, epoch, worker, until_ms, at, lost, avoid, behind, changed)",
            "ON CONFLICT (chain, shard) DO UPDATE SET epoch = excluded.epoch, worker = excluded.worker, \
             until_ms = excluded.until_ms, at = excluded.at, lost = excluded.lost, avoid = excluded.avoid, \
             behind = excluded.behind, changed = excluded.changed",
            shards,
        )
        .await
    }

    async fn save_workers(&mut self, farm: &Farm, changes: &Changes) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        for id in &changes.workers {
            let Some(worker) = farm.workers.get(id) else { continue };
            let state = super::read::said_text(&worker.said)?;
            rows.push([
                id.0.into(),
                worker.host.as_str().into(),
                worker.version.as_str().into(),
                state.into(),
                worker.seen.0.into(),
                self.change.into(),
            ]);
        }
        insert(
            self,
            "INSERT INTO workers (id, host, version, state, seen_ms, changed)",
            "ON CONFLICT (id) DO UPDATE SET host = excluded.host, version = excluded.version, state = excluded.state, \
             seen_ms = excluded.seen_ms, changed = excluded.changed",
            rows,
        )
        .await
    }

    async fn save_results(&mut self, farm: &Farm, changes: &Changes) -> Result<(), StoreError> {
        let (mut results, mut durations) = (Vec::new(), BTreeMap::new());
        for (column, position, cell) in &changes.results {
            let bytes =
                serde_json::to_vec(cell).map_err(|error| StoreError::Foreign { what: error.to_string() })?;
            let verdict = cell.verdict.as_str().into();
            results.push([column.0.into(), (*position as u64).into(), bytes.into(), verdict]);
            // What ended without having been tried took no time that means anything.
            let tried = matches!(farm.plans.get(column).and_then(|plan| plan.column.cells().get(*position)),
                Some(cell) if matches!(cell.state, State::Done { by: Some(_) }));
            if tried {
                let time = cell.duration_ms.min(LONGEST);
                durations.insert((&cell.suite, &cell.target, &cell.revision), time);
            }
        }
        let durations = durations.into_iter().map(|((suite, target, revision), work)| {
            [suite.as_str().into(), target.as_str().into(), revision.as_str().into(), work.into()]
        });
        insert(self, "INSERT INTO results (chain, position, cell, verdict)", "", results).await?;
        insert(
            self,
            "INSERT INTO durations (suite, target, revision, work_ms)",
            "ON CONFLICT (suite, target, revision) DO UPDATE SET work_ms = excluded.work_ms",
            durations.collect(),
        )
        .await
    }

    async fn save_events(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let rows = changes.events.iter().map(|(run, number, event)| {
            let (chain, position, bytes) = match event {
                Event::Finished { column, position } => (Some(column.0), Some(*position as u64), None),
                Event::Other(event) => {
                    let event = mrt_proto::v1::RunEvent { number: *number, event: Some(event.clone()) };
                    (None, None, Some(event.encode_to_vec()))
                }
            };
            [run.0.into(), (*number).into(), chain.into(), position.into(), Value::Bytes(bytes)]
        });
        let sql = "INSERT INTO events (run, number, chain, position, event)";
        insert(self, sql, "", rows.collect()).await
    }
}

/// The cells of a column that differ from what they were.
fn cells_of(
    id: ColumnId,
    before: &Column,
    after: &Column,
    new: Option<&NewRun>,
    (place, change): (u32, u64),
) -> Result<Vec<[Value; 12]>, StoreError> {
    let (was, is) = (owners(before), owners(after));
    // Names and parents never change, and are only written when the cell is new.
    let revisions = new.and_then(|run| run.columns.get(place as usize)).map(|column| &column.revisions);
    let mut rows = Vec::new();
    for (position, cell) in after.cells().iter().enumerate() {
        let owner = is.get(&position).copied();
        let known = before.cells().get(position);
        if known.is_some_and(|known| known.state == cell.state) && was.get(&position).copied() == owner {
            continue;
        }
        let revision = revisions.and_then(|revisions| revisions.get(position));
        let (asked, attempts, by) = match cell.state {
            State::Unasked => (false, 0, None),
            State::Open { attempts } => (true, attempts, None),
            State::Done { by } => (true, 0, by),
        };
        rows.push([
            id.0.into(),
            (position as u64).into(),
            revision.map_or("", |revision| &revision.id).into(),
            revision.map_or("", |revision| &revision.title).into(),
            json(&cell.parents)?.into(),
            cell.work.into(),
            u64::from(asked).into(),
            u64::from(attempts).into(),
            owner.map(u64::from).into(),
            by.map(|(shard, _)| u64::from(shard.0)).into(),
            by.map(|(_, epoch)| epoch).into(),
            change.into(),
        ]);
    }
    Ok(rows)
}

fn owners(column: &Column) -> BTreeMap<usize, u32> {
    column.shards().iter().flat_map(|shard| shard.cells.iter().map(|&cell| (cell, shard.id.0))).collect()
}

/// Whether what a shard's own row says is the same.
fn same(one: &Shard, other: &Shard) -> bool {
    (one.epoch, &one.holder, one.lost, one.avoid, &one.behind)
        == (other.epoch, &other.holder, other.lost, other.avoid, &other.behind)
}

fn shard_of(id: ColumnId, shard: &Shard, change: u64) -> Result<[Value; 10], StoreError> {
    let holder = shard.holder.as_ref();
    let at = holder.map(|holder| &holder.at);
    Ok([
        id.0.into(),
        u64::from(shard.id.0).into(),
        shard.epoch.into(),
        holder.map(|holder| holder.worker.0).into(),
        holder.map(|holder| holder.until.0).into(),
        json(&at)?.into(),
        u64::from(shard.lost).into(),
        shard.avoid.map(|worker| worker.0).into(),
        json(&shard.behind)?.into(),
        change.into(),
    ])
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Foreign { what: error.to_string() })
}
