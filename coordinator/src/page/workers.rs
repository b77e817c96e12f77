//! Workers: what they serve, what they hold, who has not been heard of.

use askama::Template;
use axum::extract::State;

use super::words::{shown, span};
use super::{Answer, Frame, Site, page as show};
use crate::farm::Worker;
use crate::lease::WorkerId;
use crate::store::Held;

/// The most that are shown; a farm has a thousand at night.
const WORKERS: usize = 2_000;

#[derive(Template)]
#[template(path = "workers.html")]
struct Page {
    frame: Frame,
    live: Vec<Line>,
    gone: Vec<Line>,
    left: usize,
}

struct Line {
    host: String,
    name: String,
    version: String,
    state: &'static str,
    serves: Vec<String>,
    warm: Vec<String>,
    slots: usize,
    busy: usize,
    shards: Vec<Shard>,
    heard: String,
}

/// What a worker holds.
struct Shard {
    run: u64,
    place: String,
    column: u32,
    at: Vec<usize>,
}

pub(super) async fn page(State(site): State<Site>) -> Answer {
    let seen = site.store.workers().await?;
    let held = site.store.held(None).await?;
    let term = 2 * site.head.lease();
    let left = seen.workers.len().saturating_sub(WORKERS);
    let (mut live, mut gone) = (Vec::new(), Vec::new());
    for (id, worker) in seen.workers.iter().take(WORKERS) {
        let silence = seen.now.0.saturating_sub(worker.seen.0);
        let line = line(*id, worker, silence, &held);
        if silence < term { live.push(line) } else { gone.push(line) }
    }
    show(&Page { frame: site.frame("workers"), live, gone, left })
}

fn line(id: WorkerId, worker: &Worker, silence: u64, held: &[Held]) -> Line {
    let shards: Vec<Shard> = held.iter().filter(|held| held.worker == id).map(shard).collect();
    let said = &worker.said;
    let serves = said.serves.iter().map(|it| {
        let how = if it.containers { " in containers" } else { "" };
        shown(&format!("{}{how}", it.engine))
    });
    Line {
        host: shown(&worker.host),
        name: format!("{:016x}", id.0),
        version: shown(&worker.version),
        state: match (said.draining, shards.is_empty()) {
            (true, _) => "takes nothing new",
            (false, true) => "free",
            (false, false) => "busy",
        },
        serves: serves.collect(),
        warm: said.warm.iter().map(|it| shown(it)).collect(),
        slots: said.slots,
        busy: shards.len(),
        shards,
        heard: span(silence),
    }
}

fn shard(held: &Held) -> Shard {
    Shard {
        run: held.run.0,
        place: shown(&format!("{} on {}", held.suite, held.target)),
        column: held.place,
        at: held.at.clone(),
    }
}
