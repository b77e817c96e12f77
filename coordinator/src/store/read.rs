//! What is read outside of a turn: lists, events, reports.

use std::collections::BTreeMap;

use mrt_proto::v1;
use mrt_report::{Cell, Verdict};
use prost::Message as _;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};

use super::load::Fields;
use super::{Store, StoreError, Turn, read, stored};
use crate::farm::{NewColumn, Said, Weights};
use crate::plan::RunId;

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub id: RunId,
    /// When it was submitted, in milliseconds since 1970.
    pub submitted: u64,
    /// How many cells it has.
    pub cells: u64,
    /// How many of them have their results.
    pub done: u64,
    /// It has ended.
    pub ended: bool,
    /// When, in milliseconds since 1970.
    pub ended_at: Option<u64>,
    /// Somebody cancelled it.
    pub cancelled: bool,
    /// As submitted.
    pub labels: BTreeMap<String, String>,
    /// The number of its next event.
    pub next_event: u64,
}

/// An event of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Happened {
    /// As it goes over the wire.
    pub event: v1::RunEvent,
    /// Where a cell has its result by it, in short.
    pub finished: Option<Finished>,
}

/// A cell that has its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// Index into the run's columns.
    pub column: u32,
    /// The revision's position in its chain's order.
    pub position: u32,
    /// What it came to.
    pub verdict: Verdict,
}

/// What there is of a run's report.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Its columns, in the matrix's order: their cells in the chain's order.
    pub columns: Vec<Vec<Cell>>,
    /// Columns that could not be checked at all.
    pub failures: Vec<v1::ColumnFailed>,
}

/// As a failure is written down.
#[derive(Serialize, Deserialize)]
struct Failure {
    causes: Vec<String>,
    usage: bool,
}

impl Store {
    /// Runs, the latest first.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn runs(&self, limit: u32) -> Result<Vec<Listed>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, submitted_ms, ended_ms, cancelled, cells, done, labels, next_event FROM runs ORDER BY id DESC LIMIT $1",
        )
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(read)?;
        rows.iter().map(|row| listed(&Fields(row))).collect()
    }

    /// A run, when there is one of that name.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn run(&self, id: RunId) -> Result<Option<Listed>, StoreError> {
        let row = sqlx::query(
            "SELECT id, submitted_ms, ended_ms, cancelled, cells, done, labels, next_event FROM runs WHERE id = $1",
        )
        .bind(stored(id.0))
        .fetch_optional(&self.pool)
        .await
        .map_err(read)?;
        row.map(|row| listed(&Fields(&row))).transpose()
    }

    /// The events of a run from a number on, at most so many.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn events(&self, run: RunId, from: u64, limit: u32) -> Result<Vec<Happened>, StoreError> {
        let rows = sqlx::query(
            "SELECT number, event, cell, verdict, place, events.position AS position FROM events \
             LEFT JOIN results ON results.chain = events.chain AND results.position = events.position \
             LEFT JOIN chains ON chains.id = events.chain \
             WHERE events.run = $1 AND number >= $2 ORDER BY number LIMIT $3",
        )
        .bind(stored(run.0))
        // Beyond the largest that is stored there is nothing.
        .bind(i64::try_from(from).unwrap_or(i64::MAX))
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(read)?;
        rows.iter().map(|row| happened(&Fields(row))).collect()
    }

    /// What there is of a run's report.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn report(&self, run: RunId) -> Result<Told, StoreError> {
        let rows = sqlx::query("SELECT id, place, failure FROM chains WHERE run = $1 ORDER BY place")
            .bind(stored(run.0))
            .fetch_all(&self.pool)
            .await
            .map_err(read)?;
        let mut told = Told::default();
        for row in rows {
            let row = Fields(&row);
            let place = row.number("place")?;
            if let Some(failure) = failure(&row.text("failure")?)? {
                let column = u32::try_from(place).unwrap_or(u32::MAX);
                told.failures.push(v1::ColumnFailed { column, failure: Some(failure) });
            }
            let cells = sqlx::query("SELECT cell FROM results WHERE chain = $1 ORDER BY position")
                .bind(row.signed("id")?)
                .fetch_all(&self.pool)
                .await
                .map_err(read)?;
            let cell = |row| -> Result<Cell, StoreError> {
                let bytes = Fields(row).bytes("cell")?.unwrap_or_default();
                serde_json::from_slice(&bytes).map_err(foreign)
            };
            let cells = cells.iter().map(cell).collect::<Result<_, _>>()?;
            told.columns.push(cells);
        }
        Ok(told)
    }
}

impl Turn {
    /// The run that was submitted under this key.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn submitted(&mut self, key: &str) -> Result<Option<RunId>, StoreError> {
        let row = sqlx::query("SELECT id FROM runs WHERE submission = $1")
            .bind(key)
            .fetch_optional(&mut *self.connection)
            .await
            .map_err(read)?;
        row.map(|row| Fields(&row).number("id").map(RunId)).transpose()
    }

    /// Whether there is a run of that name.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn exists(&mut self, id: RunId) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT id FROM runs WHERE id = $1")
            .bind(stored(id.0))
            .fetch_optional(&mut *self.connection)
            .await
            .map_err(read)?;
        Ok(row.is_some())
    }

    /// How long the cells of a column took last time.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn weights(&mut self, column: &NewColumn) -> Result<Weights, StoreError> {
        let rows = sqlx::query("SELECT revision, work_ms FROM durations WHERE suite = $1 AND target = $2")
            .bind(column.suite.as_str())
            .bind(column.target.as_str())
            .fetch_all(&mut *self.connection)
            .await
            .map_err(read)?;
        let weight = |row| {
            let row = Fields(row);
            Ok((row.text("revision")?, row.number("work_ms")?))
        };
        Ok(Weights { cells: rows.iter().map(weight).collect::<Result<_, StoreError>>()? })
    }
}

fn happened(row: &Fields<'_>) -> Result<Happened, StoreError> {
    if let Some(event) = row.bytes("event")? {
        let event = v1::RunEvent::decode(event.as_slice()).map_err(foreign)?;
        return Ok(Happened { event, finished: None });
    }
    let cell = row.bytes("cell")?.unwrap_or_default();
    let finished = match row.optional_text("verdict")? {
        Some(word) => Some(Finished {
            column: row.small("place")?,
            position: row.small("position")?,
            verdict: verdict(&word)?,
        }),
        None => None,
    };
    let event = Some(v1::run_event::Event::Finished(cell));
    Ok(Happened { event: v1::RunEvent { number: row.number("number")?, event }, finished })
}

/// A verdict as it is written down.
pub(super) fn verdict(word: &str) -> Result<Verdict, StoreError> {
    Verdict::deserialize(IntoDeserializer::<serde::de::value::Error>::into_deserializer(word))
        .map_err(foreign)
}

pub(super) fn listed(row: &Fields<'_>) -> Result<Listed, StoreError> {
    Ok(Listed {
        id: RunId(row.number("id")?),
        submitted: row.number("submitted_ms")?,
        cells: row.number("cells")?,
        done: row.number("done")?,
        ended: row.optional("ended_ms")?.is_some(),
        ended_at: row.optional("ended_ms")?,
        cancelled: row.number("cancelled")? != 0,
        labels: from_text(&row.text("labels")?)?,
        next_event: row.number("next_event")?,
    })
}

/// As it is written down; empty where there is none.
pub(super) fn failure_text(failure: Option<&v1::Failure>) -> Result<String, StoreError> {
    let Some(v1::Failure { causes, usage }) = failure else { return Ok(String::new()) };
    serde_json::to_string(&Failure { causes: causes.clone(), usage: *usage }).map_err(foreign)
}

pub(super) fn failure(text: &str) -> Result<Option<v1::Failure>, StoreError> {
    if text.is_empty() {
        return Ok(None);
    }
    let Failure { causes, usage } = from_text(text)?;
    Ok(Some(v1::Failure { causes, usage }))
}

pub(super) fn said_text(said: &Said) -> Result<String, StoreError> {
    serde_json::to_string(said).map_err(foreign)
}

pub(super) fn said(text: &str) -> Result<Said, StoreError> {
    from_text(text)
}

pub(super) fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(foreign)
}

pub(super) fn foreign(error: impl std::error::Error) -> StoreError {
    StoreError::Foreign { what: error.to_string() }
}
