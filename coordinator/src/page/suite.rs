//! What became of a suite, run by run.

use askama::Template;
use axum::extract::{Path, State};

use super::runs::{Line, RUNS, lines};
use super::words::shown;
use super::{Answer, Failure, Frame, Site, page as show};

#[derive(Template)]
#[template(path = "suite.html")]
struct Page {
    frame: Frame,
    name: String,
    runs: Vec<Line>,
}

pub(super) async fn page(State(site): State<Site>, Path(suite): Path<String>) -> Answer {
    let runs = site.store.runs_of(&suite, RUNS).await?;
    if runs.is_empty() {
        return Err(Failure::no_suite(&suite));
    }
    let runs = lines(&site, &runs, Some(&suite)).await?;
    let name = shown(&suite);
    show(&Page { frame: site.frame(name.clone()), name, runs })
}
