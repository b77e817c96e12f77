//! What pages show: of each row no more than that, so that a large run is read in one go.

use std::collections::BTreeMap;

use mrt_proto::v1;
use mrt_report::{Cell, Summary, Verdict};

use super::load::{Fields, options};
use super::read::{failure, foreign, listed, said, verdict};
use super::{Kind, Listed, Store, StoreError, read, stored};
use crate::farm::Worker;
use crate::lease::{Time, WorkerId};
use crate::plan::{ColumnId, RunId};

/// A suite's chain on one target, in a run.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSeen {
    /// Its name.
    pub id: ColumnId,
    /// Index into the run's columns.
    pub place: u32,
    /// The bundle that holds the suite.
    pub bundle: String,
    /// The suite.
    pub suite: String,
    /// The target.
    pub target: String,
    /// Why it could not be checked at all.
    pub failure: Option<v1::Failure>,
}

/// A cell of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellSeen {
    /// The revision's position in its chain's order.
    pub position: u32,
    /// The revision's id.
    pub revision: String,
    /// Its one-line description.
    pub title: String,
    /// How far it is.
    pub standing: Standing,
}

/// How far a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has no result yet.
    Open,
    /// It came to this.
    Done(Verdict),
}

/// A shard that a worker holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The run.
    pub run: RunId,
    /// Index into the run's columns.
    pub place: u32,
    /// The suite.
    pub suite: String,
    /// The target.
    pub target: String,
    /// Who holds it.
    pub worker: WorkerId,
    /// Its host.
    pub host: String,
    /// The positions of the revisions at which it is.
    pub at: Vec<usize>,
}

/// The workers that were heard of in the last day.
#[derive(Debug, Clone, Default)]
pub struct WorkersSeen {
    /// When that was, by the database's clock.
    pub now: Time,
    /// By host.
    pub workers: Vec<(WorkerId, Worker)>,
}

impl Kind {
    fn workers(self) -> &'static str {
        match self {
            Self::Sqlite => concat!(
                "SELECT id, host, version, state, seen_ms, ",
                sqlite_now!(),
                " AS now_ms FROM workers ORDER BY host, id"
            ),
            Self::Postgres => concat!(
                "SELECT id, host, version, state, seen_ms, ",
                postgres_now!(),
                " AS now_ms FROM workers ORDER BY host, id"
            ),
        }
    }
}

impl Store {
    /// How a run is checked, when there is one of that name.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn options(&self, run: RunId) -> Result<Option<v1::CheckOptions>, StoreError> {
        let row = sqlx::query("SELECT seed_all, today, timeout_ms, settings FROM runs WHERE id = $1")
            .bind(stored(run.0))
            .fetch_optional(&self.pool)
            .await
            .map_err(read)?;
        row.map(|row| options(&Fields(&row))).transpose()
    }

    /// The columns of a run, in the matrix's order.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn columns(&self, run: RunId) -> Result<Vec<ColumnSeen>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, place, bundle, suite, target, failure FROM chains WHERE run = $1 ORDER BY place",
        )
        .bind(stored(run.0))
        .fetch_all(&self.pool)
        .await
        .map_err(read)?;
        let column = |row| {
            let row = Fields(row);
            Ok(ColumnSeen {
                id: ColumnId(row.number("id")?),
                place: row.small("place")?,
                bundle: row.text("bundle")?,
                suite: row.text("suite")?,
                target: row.text("target")?,
                failure: failure(&row.text("failure")?)?,
            })
        };
        rows.iter().map(column).collect()
    }

    /// The cells of a column that are asked for, or left out on request, in the chain's order.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn cells(&self, column: ColumnId) -> Result<Vec<CellSeen>, StoreError> {
        let rows = sqlx::query(
            "SELECT cells.position AS position, revision, title, verdict FROM cells LEFT JOIN results \
             ON results.chain = cells.chain AND results.position = cells.position \
             WHERE cells.chain = $1 AND (asked <> 0 OR verdict IS NOT NULL) ORDER BY cells.position",
        )
        .bind(stored(column.0))
        .fetch_all(&self.pool)
        .await
        .map_err(read)?;
        let cell = |row| {
            let row = Fields(row);
            let verdict = row.optional_text("verdict")?.map(|word| verdict(&word)).transpose()?;
            Ok(CellSeen {
                position: row.small("position")?,
                revision: row.text("revision")?,
                title: row.text("title")?,
                standing: verdict.map_or(Standing::Open, Standing::Done),
            })
        };
        rows.iter().map(cell).collect()
    }

    /// A cell's result, when there is one.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn result(&self, column: ColumnId, position: u32) -> Result<Option<Cell>, StoreError> {
        let row = sqlx::query("SELECT cell FROM results WHERE chain = $1 AND position = $2")
            .bind(stored(column.0))
            .bind(i64::from(position))
            .fetch_optional(&self.pool)
            .await
            .map_err(read)?;
        row.map(|row| cell(&Fields(&row))).transpose()
    }

    /// Results of a run that somebody should look at, by column: at most so many, the gravest of all.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn gravest(&self, run: RunId, limit: u32) -> Result<Vec<Vec<Cell>>, StoreError> {
        let rows = sqlx::query(
            "SELECT place, results.position AS position, cell FROM results JOIN chains ON chains.id = results.chain \
             WHERE run = $1 AND verdict IN ('fail', 'warn', 'blocked', 'error') \
             ORDER BY CASE verdict WHEN 'fail' THEN 0 WHEN 'warn' THEN 1 ELSE 2 END, place, results.position LIMIT $2",
        )
        .bind(stored(run.0))
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(read)?;
        let mut columns: BTreeMap<u32, BTreeMap<u32, Cell>> = BTreeMap::new();
        for row in rows {
            let row = Fields(&row);
            columns.entry(row.small("place")?).or_default().insert(row.small("position")?, cell(&row)?);
        }
        Ok(columns.into_values().map(|cells| cells.into_values().collect()).collect())
    }

    /// How many cells of some runs came to which verdict, by suite.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn summaries(
        &self,
        runs: &[Listed],
    ) -> Result<BTreeMap<RunId, BTreeMap<String, Summary>>, StoreError> {
        let ids = || runs.iter().map(|run| run.id);
        let (Some(first), Some(last)) = (ids().min(), ids().max()) else { return Ok(BTreeMap::new()) };
        let rows = sqlx::query(
            "SELECT run, suite, verdict, COUNT(*) AS number FROM chains JOIN results ON results.chain = chains.id \
             WHERE run >= $1 AND run <= $2 AND verdict IS NOT NULL GROUP BY run, suite, verdict",
        )
        .bind(stored(first.0))
        .bind(stored(last.0))
        .fetch_all(&self.pool)
        .await
        .map_err(read)?;
        let mut all: BTreeMap<RunId, BTreeMap<String, Summary>> = BTreeMap::new();
        for row in rows {
            let row = Fields(&row);
            let suites = all.entry(RunId(row.number("run")?)).or_default();
            let summary = suites.entry(row.text("suite")?).or_default();
            summary[verdict(&row.text("verdict")?)?] = row.small("number")?;
        }
        Ok(all)
    }

    /// The runs that have a suite, the latest first.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn runs_of(&self, suite: &str, limit: u32) -> Result<Vec<Listed>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, submitted_ms, ended_ms, cancelled, cells, done, labels, next_event FROM runs \
             WHERE id IN (SELECT run FROM chains WHERE suite = $1) ORDER BY id DESC LIMIT $2",
        )
        .bind(suite)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(read)?;
        rows.iter().map(|row| listed(&Fields(row))).collect()
    }

    /// What workers hold of one run, or of all that go on.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn held(&self, run: Option<RunId>) -> Result<Vec<Held>, StoreError> {
        let rows = sqlx::query(
            "SELECT chains.run AS run, place, suite, target, worker, at, COALESCE(host, '') AS host FROM shards \
             JOIN chains ON chains.id = shards.chain JOIN runs ON runs.id = chains.run \
             LEFT JOIN workers ON workers.id = shards.worker \
             WHERE worker IS NOT NULL AND ended_ms IS NULL AND (chains.run = $1 OR $2 = 0) \
             ORDER BY chains.run, place, shard",
        )
        .bind(stored(run.unwrap_or(RunId(0)).0))
        .bind(i64::from(run.is_some()))
        .fetch_all(&self.pool)
        .await
        .map_err(read)?;
        let held = |row| {
            let row = Fields(row);
            Ok(Held {
                run: RunId(row.number("run")?),
                place: row.small("place")?,
                suite: row.text("suite")?,
                target: row.text("target")?,
                worker: WorkerId(row.number("worker")?),
                host: row.text("host")?,
                at: row.list("at")?,
            })
        };
        rows.iter().map(held).collect()
    }

    /// The workers that were heard of in the last day.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn workers(&self) -> Result<WorkersSeen, StoreError> {
        let rows = sqlx::query(self.kind.workers()).fetch_all(&self.pool).await.map_err(read)?;
        let mut seen = WorkersSeen::default();
        for row in rows {
            let row = Fields(&row);
            seen.now = Time(row.number("now_ms")?);
            let worker = Worker {
                host: row.text("host")?,
                version: row.text("version")?,
                said: said(&row.text("state")?)?,
                seen: Time(row.number("seen_ms")?),
            };
            seen.workers.push((WorkerId(row.number("id")?), worker));
        }
        Ok(seen)
    }
}

pub(super) fn cell(row: &Fields<'_>) -> Result<Cell, StoreError> {
    serde_json::from_slice(&row.bytes("cell")?.unwrap_or_default()).map_err(foreign)
}
