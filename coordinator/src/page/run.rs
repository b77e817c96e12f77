//! A run: how far it is, what is wrong, and its matrix, which fills in.

use std::collections::BTreeSet;
use std::convert::Infallible;

use askama::Template;
use axum::body::Body;
use axum::extract::{self, Path};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt as _, stream};
use mrt_report::{Digest, Filters, Report, State, Summary, findings_html, json_with_ages, matrix_html};

use super::bar::{total, worst};
use super::matrix::matrix;
use super::words::{VERDICTS, When, lines, shown, span, when};
use super::{Answer, Failure, Frame, Site, aside};
use crate::plan::RunId;
use crate::store::{BRANCH, ColumnSeen, Listed};

/// Cells whose findings a page shows; the report has all.
const FINDINGS: u32 = 200;
/// Bytes of these findings.
const ROOM: usize = 1_000_000;
/// In no text of a project: these have no brackets left.
const MATRIX: &str = "<!-- matrix -->";
/// The report is somebody's own page: it forbids in its head what it does not need, and here gets an origin of its own.
const REPORT_POLICY: &str =
    "sandbox allow-scripts; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "run.html")]
struct Page {
    frame: Frame,
    id: u64,
    worst: &'static str,
    state: &'static str,
    cells: u64,
    done: u64,
    /// The number of the first event that the page does not show; nothing where none comes any more.
    from: Option<u64>,
    submitted: When,
    took: Option<String>,
    labels: Vec<(String, String)>,
    filters: String,
    failures: Vec<Broken>,
    findings: String,
    further: bool,
    /// What stands for the matrix until it is read.
    matrix: &'static str,
}

/// A column that could not be checked at all.
struct Broken {
    place: String,
    causes: Vec<String>,
}

/// The run of that name.
pub(super) async fn known(site: &Site, name: &str) -> Result<Listed, Failure> {
    let id = name.parse().map(RunId).map_err(|_| Failure::no_run(name))?;
    site.store.run(id).await?.ok_or_else(|| Failure::no_run(name))
}

pub(super) async fn page(extract::State(site): extract::State<Site>, Path(name): Path<String>) -> Answer {
    // Before all else: what happens meanwhile is told to the page again.
    let run = known(&site, &name).await?;
    let columns = site.store.columns(run.id).await?;
    let one = [run.clone()];
    let summary = total(&site.store.summaries(&one).await?.remove(&run.id).unwrap_or_default());
    let gravest = site.store.gravest(run.id, FINDINGS).await?;
    let listed: u64 = gravest.iter().map(|cells| cells.len() as u64).sum();
    let grave: u32 = summary.fail + summary.warn + summary.blocked + summary.error;
    let gravest = Compared::of(&site, &run, Report::merge(gravest)).await?;
    let changes = gravest.has_before();
    let findings = aside(move || findings_html(&gravest.digest(), ROOM)).await??;
    let done = VERDICTS.into_iter().map(|verdict| u64::from(summary[verdict])).sum();
    let took = run.ended_at.map(|ended| span(ended.saturating_sub(run.submitted)));
    let page = Page {
        frame: site.frame(format!("run {}", run.id.0)),
        id: run.id.0,
        worst: worst(summary).map_or("skip", |verdict| verdict.as_str()),
        state: state(&run),
        cells: run.cells,
        done,
        from: (!run.ended).then_some(run.next_event),
        submitted: when(run.submitted),
        took,
        labels: labels(&run),
        filters: filters(&columns, summary, run.cells.saturating_sub(done)).with_changes(changes).html()?,
        failures: columns.iter().filter_map(broken).collect(),
        findings,
        further: u64::from(grave) > listed,
        matrix: MATRIX,
    };
    let html = aside(move || page.render()).await?.map_err(|error| Failure::broken(&error))?;
    let (head, tail) = html.split_once(MATRIX).unwrap_or((&html, ""));
    let (head, tail) = (head.to_owned(), tail.to_owned());
    let rest = async move { format!("{}{tail}", filled(&site, run.id, &columns).await) };
    let body = stream::iter([head]).chain(stream::once(rest)).map(Ok::<_, Infallible>);
    Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], Body::from_stream(body)).into_response())
}

/// By all verdicts and states, those without a cell included: there may be one soon.
fn filters(columns: &[ColumnSeen], summary: Summary, open: u64) -> Filters {
    let verdicts = VERDICTS.map(|verdict| State::of(verdict, summary[verdict].into()));
    let states = [
        State { word: "running", symbol: '▸', count: 0 },
        State { word: "waiting", symbol: '·', count: open },
    ];
    let mut suites: Vec<&str> = columns.iter().map(|it| it.suite.as_str()).collect();
    suites.dedup();
    let targets: BTreeSet<&str> = columns.iter().map(|it| it.target.as_str()).collect();
    Filters::new(verdicts.into_iter().chain(states), suites, targets)
}

/// The matrix, or what is said in its place: the page has begun. It comes behind the rest, since it takes longest to read, and nobody
/// should look at nothing meanwhile.
async fn filled(site: &Site, run: RunId, columns: &[ColumnSeen]) -> String {
    let made: Result<String, Failure> = async {
        let tables = matrix(&site.store, run, columns).await?;
        Ok(aside(move || matrix_html(&tables)).await??)
    }
    .await;
    made.unwrap_or_else(|_| {
        "<p>The matrix cannot be read now; open this page again in a moment.</p>".to_owned()
    })
}

/// How far a run is, in words.
pub(super) fn state(run: &Listed) -> &'static str {
    match (run.ended, run.cancelled) {
        (_, true) => "cancelled",
        (true, false) => "ended",
        (false, false) => "under way",
    }
}

pub(super) fn labels(run: &Listed) -> Vec<(String, String)> {
    run.labels.iter().map(|(name, value)| (shown(name), shown(value))).collect()
}

fn broken(column: &ColumnSeen) -> Option<Broken> {
    let failure = column.failure.as_ref()?;
    let causes = failure.causes.iter().map(|cause| lines(cause).collect::<Vec<_>>().join("\n"));
    Some(Broken { place: shown(&format!("{} on {}", column.suite, column.target)), causes: causes.collect() })
}

/// A report, or a part of one, with what was before it on its branch.
pub(super) struct Compared {
    report: Report,
    before: Report,
}

impl Compared {
    pub(super) async fn of(site: &Site, run: &Listed, report: Report) -> Result<Self, Failure> {
        let branch = run.labels.get(BRANCH).map(String::as_str);
        let before = site.store.before(run.id, branch, &report).await?;
        Ok(Self { report, before })
    }

    /// Something was judged before.
    fn has_before(&self) -> bool {
        !self.before.cells.is_empty()
    }

    pub(super) fn digest(&self) -> Digest<'_> {
        match self.has_before() {
            true => Digest::against(&self.report, &self.before),
            false => Digest::new(&self.report),
        }
    }
}

/// The report of a run, as far as it is.
async fn report(site: &Site, name: &str) -> Result<Compared, Failure> {
    let run = known(site, name).await?;
    let report = Report::merge(site.store.report(run.id).await?.columns);
    Compared::of(site, &run, report).await
}

/// The report as the page that can be kept and sent around.
pub(super) async fn html(extract::State(site): extract::State<Site>, Path(name): Path<String>) -> Answer {
    let _room = site.room().await?;
    let report = report(&site, &name).await?;
    let html = aside(move || mrt_report::html(&report.digest())).await??;
    let mut response = kept(html, "text/html; charset=utf-8");
    let policy = HeaderValue::from_static(REPORT_POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// The report for programs.
pub(super) async fn json(extract::State(site): extract::State<Site>, Path(name): Path<String>) -> Answer {
    let _room = site.room().await?;
    let report = report(&site, &name).await?;
    let json = aside(move || json_with_ages(&report.digest())).await??;
    Ok(kept(json, "application/json"))
}

fn kept(text: String, kind: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], Body::from(text)).into_response()
}
