//! From suites to what is submitted of them.

use std::path::Path;

use mrt_chain::graph::Chain;
use mrt_chain::selection::{Selection, Wanted};
use mrt_chain::settings::{Project, ServerSettings, Suite, Target};
use mrt_proto::v1;
use mrt_report::{Cell, Verdict};

use crate::args::{Check, Seed};
use crate::error::CliError;

/// The columns of a run: each suite on each of its targets, in the matrix's order.
pub(crate) fn columns(suites: &[Suite], wanted: &Wanted, bundle: &str) -> Result<Vec<v1::Column>, CliError> {
    let mut columns = Vec::new();
    for suite in suites {
        for target in &suite.targets {
            let chain = suite
                .chain(target.engine)
                .map_err(|source| CliError::Chain { suite: suite.name.clone(), source: Box::new(source) })?;
            let selection = Selection::of(suite, target, &chain, wanted).map_err(CliError::Selection)?;
            columns.push(column(suite, target, &chain, &selection, bundle)?);
        }
    }
    Ok(columns)
}

fn column(
    suite: &Suite,
    target: &Target,
    chain: &Chain,
    selection: &Selection,
    bundle: &str,
) -> Result<v1::Column, CliError> {
    let mut revisions = Vec::new();
    for (position, revision) in chain.revisions().iter().enumerate() {
        let skipped = match selection.skipped.get(&position) {
            None => Vec::new(),
            Some(reason) => {
                let (id, title) = (&revision.id, &revision.title);
                let cell = Cell::untried(&suite.name, &target.name, id, title, Verdict::Skip, reason.clone());
                serde_json::to_vec(&cell).map_err(CliError::Encode)?
            }
        };
        let parents = chain.parents(&revision.id).filter_map(|parent| chain.position(&parent.id));
        revisions.push(v1::Revision {
            id: revision.id.clone(),
            parents: parents.filter_map(|parent| u32::try_from(parent).ok()).collect(),
            asked: selection.judged.contains(&position),
            skipped,
            title: revision.title.clone(),
        });
    }
    Ok(v1::Column {
        bundle: bundle.to_owned(),
        suite: suite.name.clone(),
        target: target.name.clone(),
        needs: Some(needs(target)),
        revisions,
    })
}

/// What a worker needs for a target.
fn needs(target: &Target) -> v1::Capability {
    let containers = matches!(target.server, ServerSettings::Docker { .. });
    v1::Capability { engine: target.engine.as_str().to_owned(), containers }
}

/// Refuses what lies outside of the directory that is bundled: no worker would have it.
pub(crate) fn all_inside(root: &Path, suites: &[Suite]) -> Result<(), CliError> {
    for suite in suites {
        let python = &suite.python;
        let mut paths = vec![suite.dir.as_path(), suite.alembic.script_location.as_path()];
        paths.extend(suite.alembic.version_locations.values().flatten().map(|path| path.as_path()));
        paths.extend(python.requirements.iter().map(|path| path.as_path()));
        paths.extend(python.project.as_deref());
        paths.extend(python.interpreter.as_deref());
        if let Some(outside) = paths.into_iter().find(|path| !path.starts_with(root)) {
            return Err(CliError::Outside {
                suite: suite.name.clone(),
                path: outside.to_owned(),
                root: root.to_owned(),
            });
        }
    }
    Ok(())
}

/// What changes the check.
pub(crate) fn options(project: &Project, check: &Check) -> v1::CheckOptions {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let timeout_ms = check.timeout.map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    v1::CheckOptions {
        seed_all: check.seed == Seed::All,
        today: today.to_string(),
        timeout_ms,
        settings: project.file.to_string_lossy().into_owned(),
    }
}

/// A submission's key: random, so that what is sent twice is one run.
pub(crate) fn key() -> String {
    format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..))
}
