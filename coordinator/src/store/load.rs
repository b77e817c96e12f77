//! Brings a farm up to what others have written down.

use std::collections::{BTreeMap, BTreeSet};

use mrt_proto::v1;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{StoreError, Turn, number, read, stored};
use crate::farm::{Chain, Farm, Run, Settings, Worker};
use crate::lease::{Cell, Column, Holder, Shard, ShardId, State, Time, WorkerId};
use crate::plan::{Capability, ColumnId, Plan, RunId};

/// Up to which turn a farm knows what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen(pub u64);

impl Turn {
    /// Brings the farm up to what was written before this turn.
    ///
    /// # Errors
    /// When the state cannot be read, or is none.
    pub async fn load(&mut self, settings: &Settings, farm: &mut Farm, seen: Seen) -> Result<(), StoreError> {
        if seen.0 > 0 && seen.0 + 1 == self.change {
            return Ok(());
        }
        let seen = stored(seen.0);
        self.load_runs(farm, seen).await?;
        let new = self.load_chains(settings, farm, seen).await?;
        if seen > 0 {
            for (id, news) in self.news(seen).await? {
                if let Some(plan) = farm.plans.get_mut(&id).filter(|_| !new.contains(&id)) {
                    plan.column = news.applied_to(&plan.column, settings)?;
                }
            }
        }
        self.load_workers(settings, farm, seen).await
    }

    async fn load_runs(&mut self, farm: &mut Farm, seen: i64) -> Result<(), StoreError> {
        let rows = sqlx::query(
            "SELECT id, ended_ms, cancelled, patience_ms, seed_all, today, timeout_ms, settings, cells, done, next_event \
             FROM runs WHERE changed > $1 AND (ended_ms IS NULL OR $1 > 0)",
        )
        .bind(seen)
        .fetch_all(&mut *self.connection)
        .await
        .map_err(read)?;
        for row in rows {
            let row = Fields(&row);
            let id = RunId(row.number("id")?);
            if row.optional("ended_ms")?.is_some() {
                if let Some(run) = farm.runs.get_mut(&id) {
                    run.ended = true;
                }
                continue;
            }
            let columns = farm.runs.remove(&id).map(|run| run.columns).unwrap_or_default();
            let run = Run {
                patience: row.number("patience_ms")?,
                options: options(&row)?,
                columns,
                cells: row.number("cells")?,
                done: row.number("done")?,
                next_event: row.number("next_event")?,
                cancelled: row.number("cancelled")? != 0,
                ended: false,
            };
            farm.runs.insert(id, run);
        }
        farm.forget();
        Ok(())
    }

    async fn load_chains(
        &mut self,
        settings: &Settings,
        farm: &mut Farm,
        seen: i64,
    ) -> Result<BTreeSet<ColumnId>, StoreError> {
        let rows = sqlx::query(
            "SELECT chains.id AS id, run, place, bundle, suite, target, engine, containers, start_ms, replay_ms, \
             next_shard, unserved_ms, failure, priority FROM chains JOIN runs ON runs.id = chains.run \
             WHERE chains.changed > $1 AND runs.ended_ms IS NULL ORDER BY chains.run, chains.place",
        )
        .bind(seen)
        .fetch_all(&mut *self.connection)
        .await
        .map_err(read)?;
        let mut loaded = BTreeSet::new();
        for row in rows {
            let row = Fields(&row);
            let (id, run) = (ColumnId(row.number("id")?), RunId(row.number("run")?));
            let next_shard = row.small("next_shard")?;
            let unserved = row.optional("unserved_ms")?.map(Time);
            let failure = super::read::failure(&row.text("failure")?)?;
            if let (Some(plan), Some(chain)) = (farm.plans.get_mut(&id), farm.chains.get_mut(&id)) {
                let (cells, shards) = (plan.column.cells().to_vec(), plan.column.shards().to_vec());
                plan.column = Column::restore(cells, shards, next_shard, settings.attempts);
                (chain.unserved, chain.failure) = (unserved, failure);
                continue;
            }
            let (column, revisions) = self.load_column(settings, id, next_shard).await?;
            let priority = i32::try_from(row.signed("priority")?).unwrap_or_default();
            let plan = Plan {
                run,
                priority,
                target: row.text("target")?,
                needs: Capability { engine: row.text("engine")?, containers: row.number("containers")? != 0 },
                start: row.number("start_ms")?,
                replay: row.number("replay_ms")?,
                column,
            };
            let chain = Chain {
                place: row.small("place")?,
                bundle: row.text("bundle")?,
                suite: row.text("suite")?,
                revisions,
                unserved,
                failure,
            };
            if let Some(run) = farm.runs.get_mut(&run)
                && !run.columns.contains(&id)
            {
                run.columns.push(id);
            }
            farm.plans.insert(id, plan);
            farm.chains.insert(id, chain);
            loaded.insert(id);
        }
        Ok(loaded)
    }

    /// The cells and shards of a column, with the names and titles of its revisions.
    async fn load_column(
        &mut self,
        settings: &Settings,
        id: ColumnId,
        next_shard: u32,
    ) -> Result<(Column, Vec<(String, String)>), StoreError> {
        let rows = sqlx::query(
            "SELECT position, revision, title, parents, work_ms, asked, attempts, shard, by_shard, by_epoch \
             FROM cells WHERE chain = $1 ORDER BY position",
        )
        .bind(stored(id.0))
        .fetch_all(&mut *self.connection)
        .await
        .map_err(read)?;
        let (mut cells, mut revisions) = (Vec::new(), Vec::new());
        let mut owned: BTreeMap<ShardId, BTreeSet<usize>> = BTreeMap::new();
        for row in rows {
            let row = Fields(&row);
            let (state, shard) = state(&row)?;
            if let Some(shard) = shard {
                owned.entry(shard).or_default().insert(cells.len());
            }
            cells.push(Cell { work: row.number("work_ms")?, parents: row.list("parents")?, state });
            revisions.push((row.text("revision")?, row.text("title")?));
        }
        let rows = sqlx::query(
            "SELECT chain, shard, epoch, worker, until_ms, at, lost, avoid, behind FROM shards WHERE chain = $1 \
             ORDER BY shard",
        )
        .bind(stored(id.0))
        .fetch_all(&mut *self.connection)
        .await
        .map_err(read)?;
        let mut shards = Vec::new();
        for row in rows {
            let (_, mut shard) = shard(&Fields(&row))?;
            shard.cells = owned.remove(&shard.id).unwrap_or_default();
            shards.push(shard);
        }
        if !owned.is_empty() {
            return Err(foreign("a cell in no shard"));
        }
        Ok((Column::restore(cells, shards, next_shard, settings.attempts), revisions))
    }

    /// What has become of cells and shards since, by column.
    async fn news(&mut self, seen: i64) -> Result<BTreeMap<ColumnId, News>, StoreError> {
        let mut all: BTreeMap<ColumnId, News> = BTreeMap::new();
        let rows = sqlx::query(
            "SELECT chain, position, asked, attempts, shard, by_shard, by_epoch FROM cells WHERE changed > $1",
        )
        .bind(seen)
        .fetch_all(&mut *self.connection)
        .await
        .map_err(read)?;
        for row in rows {
            let row = Fields(&row);
            let news = all.entry(ColumnId(row.number("chain")?)).or_default();
            news.cells.insert(row.small("position")? as usize, state(&row)?);
        }
        let rows = sqlx::query(
            "SELECT chain, shard, epoch, worker, until_ms, at, lost, avoid, behind FROM shards WHERE changed > $1",
        )
        .bind(seen)
        .fetch_all(&mut *self.connection)
        .await
        .map_err(read)?;
        for row in rows {
            let (chain, shard) = shard(&Fields(&row))?;
            all.entry(chain).or_default().shards.insert(shard.id, shard);
        }
        Ok(all)
    }

    async fn load_workers(
        &mut self,
        settings: &Settings,
        farm: &mut Farm,
        seen: i64,
    ) -> Result<(), StoreError> {
        let since = self.now.0.saturating_sub(2 * settings.lease);
        let rows = sqlx::query(
            "SELECT id, host, version, state, seen_ms FROM workers WHERE changed > $1 AND seen_ms > $2",
        )
        .bind(seen)
        .bind(stored(since))
        .fetch_all(&mut *self.connection)
        .await
        .map_err(read)?;
        for row in rows {
            let row = Fields(&row);
            let worker = Worker {
                host: row.text("host")?,
                version: row.text("version")?,
                said: super::read::said(&row.text("state")?)?,
                seen: Time(row.number("seen_ms")?),
            };
            farm.workers.insert(WorkerId(row.number("id")?), worker);
        }
        Ok(())
    }
}

/// What others have written of a column.
#[derive(Default)]
struct News {
    /// How far cells are, and in which shards they wait for their results.
    cells: BTreeMap<usize, (State, Option<ShardId>)>,
    /// Without their cells.
    shards: BTreeMap<ShardId, Shard>,
}

impl News {
    fn applied_to(self, column: &Column, settings: &Settings) -> Result<Column, StoreError> {
        let mut cells = column.cells().to_vec();
        let mut shards: BTreeMap<ShardId, Shard> =
            column.shards().iter().map(|shard| (shard.id, shard.clone())).collect();
        for (id, shard) in self.shards {
            let cells = shards.remove(&id).map(|known| known.cells).unwrap_or_default();
            shards.insert(id, Shard { cells, ..shard });
        }
        for shard in shards.values_mut() {
            shard.cells.retain(|cell| !self.cells.contains_key(cell));
        }
        for (position, (state, shard)) in self.cells {
            let cell = cells.get_mut(position).ok_or_else(|| foreign("a cell beyond its chain"))?;
            cell.state = state;
            if let Some(shard) = shard {
                let shard = shards.get_mut(&shard).ok_or_else(|| foreign("a cell in no shard"))?;
                shard.cells.insert(position);
            }
        }
        // A shard ends with its last cell.
        let shards = shards.into_values().filter(|shard| !shard.cells.is_empty()).collect();
        Ok(Column::restore(cells, shards, column.next_shard(), settings.attempts))
    }
}

/// How far a cell is, and in which shard it waits for its result.
fn state(row: &Fields<'_>) -> Result<(State, Option<ShardId>), StoreError> {
    let name = |name: &str| row.optional(name)?.map(|shard| small(shard, name).map(ShardId)).transpose();
    let asked = row.number("asked")? != 0;
    Ok(match name("shard")? {
        _ if !asked => (State::Unasked, None),
        Some(shard) => (State::Open { attempts: row.small("attempts")? }, Some(shard)),
        None => (State::Done { by: name("by_shard")?.zip(row.optional("by_epoch")?) }, None),
    })
}

fn shard(row: &Fields<'_>) -> Result<(ColumnId, Shard), StoreError> {
    let (worker, until) = (row.optional("worker")?, row.optional("until_ms")?);
    let holder = worker.zip(until).map(|(worker, until)| {
        let at = row.list("at")?.into_iter().collect();
        Ok(Holder { worker: WorkerId(worker), until: Time(until), at })
    });
    let shard = Shard {
        id: ShardId(row.small("shard")?),
        cells: BTreeSet::new(),
        epoch: row.number("epoch")?,
        holder: holder.transpose()?,
        lost: row.small("lost")?,
        avoid: row.optional("avoid")?.map(WorkerId),
        behind: row.list("behind")?.into_iter().collect(),
        work: 0,
    };
    Ok((ColumnId(row.number("chain")?), shard))
}

fn foreign(what: &str) -> StoreError {
    StoreError::Foreign { what: what.to_owned() }
}

fn small(number: u64, what: &str) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|_| StoreError::Foreign { what: format!("{what} is {number}") })
}

/// How a run is checked, of a row that has all of `runs`' fields about it.
pub(super) fn options(row: &Fields<'_>) -> Result<v1::CheckOptions, StoreError> {
    Ok(v1::CheckOptions {
        seed_all: row.number("seed_all")? != 0,
        today: row.text("today")?,
        timeout_ms: row.number("timeout_ms")?,
        settings: row.text("settings")?,
    })
}

/// A row's fields, by name.
pub(super) struct Fields<'a>(pub(super) &'a AnyRow);

impl Fields<'_> {
    pub(super) fn signed(&self, name: &str) -> Result<i64, StoreError> {
        self.0.try_get(name).map_err(read)
    }

    pub(super) fn number(&self, name: &str) -> Result<u64, StoreError> {
        self.signed(name).and_then(number)
    }

    pub(super) fn small(&self, name: &str) -> Result<u32, StoreError> {
        small(self.number(name)?, name)
    }

    pub(super) fn optional(&self, name: &str) -> Result<Option<u64>, StoreError> {
        self.0.try_get::<Option<i64>, _>(name).map_err(read)?.map(number).transpose()
    }

    pub(super) fn text(&self, name: &str) -> Result<String, StoreError> {
        self.0.try_get(name).map_err(read)
    }

    pub(super) fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.try_get(name).map_err(read)
    }

    pub(super) fn optional_text(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.0.try_get(name).map_err(read)
    }

    /// A list of numbers; nothing where there is none.
    pub(super) fn list(&self, name: &str) -> Result<Vec<usize>, StoreError> {
        let list: Option<Vec<usize>> = super::read::from_text(&self.text(name)?)?;
        Ok(list.unwrap_or_default())
    }
}
