//! What became of a run's cells before it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mrt_report::{Age, Cell, Finding, FirstSeen, Report};
use sqlx::AssertSqlSafe;

use super::load::Fields;
use super::look::cell;
use super::read::listed;
use super::{Listed, Store, StoreError, read, stored};
use crate::plan::{ColumnId, RunId};

/// The label that names the branch of what was submitted.
pub const BRANCH: &str = "branch";

/// How many runs of a branch are looked back through.
const DEPTH: usize = 30;
/// Runs, of all branches, among which these are looked for.
const RUNS: i64 = 1_000;
/// Revisions that are asked for by name; of more, all are read.
const NAMES: usize = 5_000;

/// A cell as it was when it was judged last, and since when its findings are there.
struct Past {
    cell: Cell,
    findings: Vec<Trace>,
}

/// A finding, followed into the past.
struct Trace {
    /// How many runs in a row had it before that one.
    earlier: u32,
    /// The one of them that was furthest back.
    first: FirstSeen,
    /// Nothing says yet that it was not there before.
    goes_on: bool,
}

impl Past {
    fn is_open(&self) -> bool {
        self.findings.iter().any(|trace| trace.goes_on)
    }

    /// Goes on with the same cell in a run before.
    fn follow(&mut self, before: &Cell, run: &FirstSeen) {
        for (finding, trace) in self.cell.findings.iter().zip(&mut self.findings) {
            trace.goes_on &= before.findings.iter().any(|it| it.is_same(finding));
            if trace.goes_on {
                trace.earlier += 1;
                trace.first = run.clone();
            }
        }
    }
}

impl Store {
    /// What the cells of a run's report were when they were judged last before it, in runs of a branch that have ended, with the ages
    /// of their findings. That is what the report is compared with; cells that nobody has judged before are not in it.
    ///
    /// Runs without the label [`BRANCH`] are as of one branch that has no name.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn before(
        &self,
        run: RunId,
        branch: Option<&str>,
        report: &Report,
    ) -> Result<Report, StoreError> {
        let mut pasts: Vec<Option<Past>> = Vec::new();
        pasts.resize_with(report.cells.len(), || None);
        let mut columns: BTreeMap<(String, String), BTreeMap<&str, usize>> = BTreeMap::new();
        for (n, cell) in report.cells.iter().enumerate() {
            columns.entry((cell.suite.clone(), cell.target.clone())).or_default().insert(&cell.revision, n);
        }
        for earlier in self.ended_before(run, branch).await? {
            let seen = FirstSeen { run: earlier.id.0.to_string(), day: day(earlier.submitted) };
            for column in self.columns(earlier.id).await? {
                let Some(places) = columns.get_mut(&(column.suite, column.target)) else { continue };
                // What is over is asked for no more.
                places.retain(|_, n| pasts[*n].as_ref().is_none_or(Past::is_open));
                for cell in self.judged(column.id, places).await? {
                    let Some(n) = places.get(cell.revision.as_str()) else { continue };
                    match &mut pasts[*n] {
                        Some(past) => past.follow(&cell, &seen),
                        empty => *empty = Some(past(cell, &seen)),
                    }
                }
            }
            columns.retain(|_, places| !places.is_empty());
            if columns.is_empty() {
                break;
            }
        }
        Ok(told(pasts))
    }

    /// The runs of a branch that have ended before one began, the latest first.
    async fn ended_before(&self, run: RunId, branch: Option<&str>) -> Result<Vec<Listed>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, submitted_ms, ended_ms, cancelled, cells, done, labels, next_event FROM runs \
             WHERE id < $1 AND ended_ms IS NOT NULL ORDER BY id DESC LIMIT $2",
        )
        .bind(stored(run.0))
        .bind(RUNS)
        .fetch_all(&self.pool)
        .await
        .map_err(read)?;
        let runs = rows.iter().map(|row| listed(&Fields(row))).collect::<Result<Vec<_>, _>>()?;
        let is_of_branch = |run: &Listed| run.labels.get(BRANCH).map(String::as_str) == branch;
        Ok(runs.into_iter().filter(is_of_branch).take(DEPTH).collect())
    }

    /// The cells of a column that were judged, of these revisions at least.
    async fn judged(
        &self,
        column: ColumnId,
        revisions: &BTreeMap<&str, usize>,
    ) -> Result<Vec<Cell>, StoreError> {
        if revisions.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = "SELECT cell FROM cells JOIN results ON results.chain = cells.chain \
                       AND results.position = cells.position \
                       WHERE cells.chain = $1 AND verdict IN ('pass', 'warn', 'fail')"
            .to_owned();
        let names: Vec<&str> =
            if revisions.len() > NAMES { Vec::new() } else { revisions.keys().copied().collect() };
        for n in 0..names.len() {
            let before = if n == 0 { " AND revision IN (" } else { ", " };
            let _ = write!(sql, "{before}${}", n + 2);
        }
        if !names.is_empty() {
            sql.push(')');
        }
        // Nothing but our own words and numbers; each number of names is a statement of its own.
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false).bind(stored(column.0));
        for name in names {
            query = query.bind(name);
        }
        let rows = query.fetch_all(&self.pool).await.map_err(read)?;
        rows.iter().map(|row| cell(&Fields(row))).collect()
    }
}

fn past(cell: Cell, seen: &FirstSeen) -> Past {
    let trace = |_: &Finding| Trace { earlier: 0, first: seen.clone(), goes_on: true };
    Past { findings: cell.findings.iter().map(trace).collect(), cell }
}

fn told(pasts: Vec<Option<Past>>) -> Report {
    let (mut cells, mut ages) = (Vec::new(), Vec::new());
    for Past { cell, findings } in pasts.into_iter().flatten() {
        for (finding, Trace { earlier, first, .. }) in cell.findings.iter().zip(findings) {
            ages.push(Age::of(&cell, finding, earlier, Some(first)));
        }
        cells.push(cell);
    }
    Report { ages: Some(ages), ..Report::new(cells) }
}

/// The day of a time in milliseconds since 1970, in UTC.
fn day(millis: u64) -> String {
    let time = i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    time.unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC).date().to_string()
}
