//! What became of suites, run by run.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, State};

use super::bar::{Bar, bar, worst};
use super::runs::{Line, RUNS, lines};
use super::words::{escaped, shown};
use super::{Answer, Failure, Frame, Site, page as show};

/// Runs that the list of all suites shows of each.
const COLUMNS: u32 = 30;

#[derive(Template)]
#[template(path = "suites.html")]
struct Suites {
    frame: Frame,
    suites: Vec<Trend>,
}

/// A suite through the last runs, the oldest first.
struct Trend {
    name: String,
    link: String,
    class: &'static str,
    columns: Vec<Column>,
}

/// What it came to in one of them.
struct Column {
    run: u64,
    bar: Bar,
}

#[derive(Template)]
#[template(path = "suite.html")]
struct Suite {
    frame: Frame,
    name: String,
    runs: Vec<Line>,
}

pub(super) async fn all(State(site): State<Site>) -> Answer {
    let mut runs = site.store.runs(COLUMNS).await?;
    runs.reverse();
    let counts = site.counted.of(&site, &runs).await?;
    let names: BTreeSet<&String> = counts.values().flat_map(|suites| suites.keys()).collect();
    let trend = |name: &String| {
        let of_run = |id| Some((id, *counts.get(&id)?.get(name)?));
        let counted: Vec<_> = runs.iter().filter_map(|run| of_run(run.id)).collect();
        let last = counted.last().and_then(|(_, summary)| worst(*summary));
        let column = |(id, summary): (crate::plan::RunId, _)| Column { run: id.0, bar: bar(summary, 0) };
        Trend {
            name: shown(name),
            link: escaped(name),
            class: last.map_or("skip", |verdict| verdict.as_str()),
            columns: counted.into_iter().map(column).collect(),
        }
    };
    show(&Suites { frame: site.frame("suites"), suites: names.into_iter().map(trend).collect() })
}

pub(super) async fn page(State(site): State<Site>, Path(suite): Path<String>) -> Answer {
    let runs = site.store.runs_of(&suite, RUNS).await?;
    if runs.is_empty() {
        return Err(Failure::no_suite(&suite));
    }
    let runs = lines(&site, &runs, Some(&suite)).await?;
    let name = shown(&suite);
    show(&Suite { frame: site.frame(name.clone()), name, runs })
}
