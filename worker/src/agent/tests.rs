#![allow(clippy::unwrap_used)]

mod bundles;
mod coordinator;
mod driving;
mod ending;
mod station;
mod units;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mrt_proto::v1;
use tokio_util::sync::CancellationToken;

use super::*;
use coordinator::{Coordinator, Visit};
use station::{Bench, Checking};

/// What comes at last: hours pass in no time when nothing happens.
async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_secs(3_600), future).await;
    waited.unwrap_or_else(|_| panic!("{what} does not come"))
}

/// A project of four revisions, and the directory that keeps it.
struct Local {
    directory: tempfile::TempDir,
}

impl Local {
    fn new(settings: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let versions = directory.path().join("migrations/versions");
        fs::create_dir_all(&versions).unwrap();
        fs::write(directory.path().join("migrations/env.py"), "").unwrap();
        let ini = "[alembic]\nscript_location = migrations\n[two]\nscript_location = migrations\n";
        fs::write(directory.path().join("alembic.ini"), ini).unwrap();
        fs::write(directory.path().join("mrt.toml"), settings).unwrap();
        for (at, id) in ["a", "b", "c", "d"].iter().enumerate() {
            let down = ["None", "'a'", "'b'", "'c'"][at];
            let text = format!(
                "revision = '{id}'\ndown_revision = {down}\ndef upgrade(): pass\ndef downgrade(): pass\n"
            );
            fs::write(versions.join(format!("{id}.py")), text).unwrap();
        }
        Self { directory }
    }
}

#[async_trait]
impl Projects for Local {
    async fn directory(&self, bundle: &str) -> Result<Files, ProjectsError> {
        match bundle {
            "here" => Ok(self.directory.path().to_owned().into()),
            _ => Err(ProjectsError::Unknown { bundle: bundle.to_owned() }),
        }
    }
}

/// A worker that is being driven, and both its ends.
struct Play {
    coordinator: Coordinator,
    bench: Arc<Bench>,
    drain: CancellationToken,
    metrics: Metrics,
    ended: tokio::task::JoinHandle<Result<(), AgentError>>,
}

impl Play {
    fn begin() -> Self {
        Self::with(Local::new("name = 'shop'\n"), |_| {})
    }

    fn with(projects: impl Projects + 'static, set: impl FnOnce(&mut AgentOptions)) -> Self {
        let (client, coordinator) = Coordinator::start();
        let bench = Arc::new(Bench::default());
        let mut options = AgentOptions::new(NonZeroUsize::new(2).unwrap());
        set(&mut options);
        let (drain, metrics) = (CancellationToken::new(), options.metrics.clone());
        let checks = Arc::clone(&bench);
        let serving = driver::serve(client, checks, Arc::new(projects), options, drain.clone());
        Self { coordinator, bench, drain, metrics, ended: tokio::spawn(serving) }
    }

    /// The worker's first unit, of these cells of the project.
    async fn first_unit(&mut self, cells: &[u32]) -> (Visit, Checking) {
        let mut visit = self.coordinator.visit().await;
        visit.welcome();
        visit.state().await;
        visit.order(&[assignment(1, cells)]);
        (visit, self.bench.next().await)
    }
}

fn lease(shard: u32) -> v1::Lease {
    v1::Lease { run: "7".to_owned(), column: 1, shard, epoch: 1 }
}

fn assignment(shard: u32, cells: &[u32]) -> v1::Assignment {
    v1::Assignment {
        lease: Some(lease(shard)),
        bundle: "here".to_owned(),
        suite: "shop".to_owned(),
        target: "sqlite".to_owned(),
        cells: cells.to_vec(),
        options: Some(v1::CheckOptions { today: "2026-11-26".to_owned(), ..v1::CheckOptions::default() }),
    }
}
