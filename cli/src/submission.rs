//! From suites to what is submitted of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mrt_bundle::Packed;
use mrt_chain::graph::{Chain, ResolveError};
use mrt_chain::selection::{Selection, SelectionError, Wanted};
use mrt_chain::settings::{EngineKind, Project, ServerSettings, Suite, Target};
use mrt_proto::v1;
use mrt_report::{Cell, Verdict};

use crate::args::{Check, Seed};
use crate::error::CliError;

/// The columns of a run: each suite on each of its targets, in the matrix's order. A suite that has none of the revisions
/// that are asked for by name is left out, as long as another one has them.
pub(crate) fn columns(suites: &[Suite], wanted: &Wanted, bundle: &str) -> Result<Vec<v1::Column>, CliError> {
    let mut columns = Vec::new();
    // Names that no suite has known so far, and what was said of them.
    let mut unknown: BTreeMap<&String, Option<ResolveError>> =
        wanted.only.iter().map(|name| (name, None)).collect();
    for suite in suites {
        for target in &suite.targets {
            let chain = chain(suite, target.engine)?;
            let mut known = Vec::new();
            for name in &wanted.only {
                match chain.resolve(name) {
                    Err(problem @ ResolveError::Unknown { .. }) => {
                        unknown.entry(name).and_modify(|said| *said = Some(problem));
                    }
                    _ => {
                        known.push(name.clone());
                        unknown.remove(name);
                    }
                }
            }
            if known.is_empty() && !wanted.only.is_empty() {
                continue;
            }
            let wanted = Wanted { only: known, since: wanted.since.clone() };
            let selection = Selection::of(suite, target, &chain, &wanted).map_err(CliError::Selection)?;
            columns.push(column(suite, target, &chain, &selection, bundle)?);
        }
    }
    if let Some(problem) = unknown.into_values().flatten().next() {
        return Err(CliError::Selection(SelectionError::Name { setting: "--only", problem }));
    }
    Ok(columns)
}

fn chain(suite: &Suite, engine: EngineKind) -> Result<Chain, CliError> {
    let failed = |source| CliError::Chain { suite: suite.name.clone(), source: Box::new(source) };
    suite.chain(engine).map_err(failed)
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
        let mut paths = suite.paths().chain(interpreter(suite));
        if let Some(outside) = paths.find(|path| !path.starts_with(root)) {
            return Err(CliError::Outside {
                suite: suite.name.clone(),
                path: outside.to_owned(),
                root: root.to_owned(),
            });
        }
    }
    Ok(())
}

/// The interpreter of a suite's settings; one that is a mere name is looked for where it runs.
fn interpreter(suite: &Suite) -> Option<&Path> {
    suite.python.interpreter.as_deref().filter(|path| path.is_absolute())
}

/// Refuses what suites need and an ignore file keeps out of the bundle: a worker would see another project.
pub(crate) fn all_packed(project: &Project, suites: &[Suite], packed: &Packed) -> Result<(), CliError> {
    let root = project.root.as_path();
    let shared = [root.join(&project.file), project.baseline_path()];
    for suite in suites {
        if let Some(python) = interpreter(suite).filter(|python| !is_packed(root, python, packed)) {
            return Err(CliError::OwnPython { suite: suite.name.clone(), path: python.to_owned() });
        }
        let mut needed: Vec<PathBuf> = shared.to_vec();
        needed.extend(suite.paths().map(Path::to_owned));
        needed.push(suite.alembic.script_location.join("env.py"));
        let engines: BTreeSet<EngineKind> = suite.targets.iter().map(|target| target.engine).collect();
        for engine in engines {
            needed.extend(chain(suite, engine)?.revisions().iter().map(|revision| revision.file.clone()));
        }
        // What is not there is nobody's to send: not every file that may be there has to be.
        if let Some(path) = needed.into_iter().find(|path| path.exists() && !is_packed(root, path, packed)) {
            let path = path.strip_prefix(root).unwrap_or(&path).to_owned();
            return Err(CliError::NotPacked { suite: suite.name.clone(), path });
        }
    }
    Ok(())
}

/// Whether a path leads to something in the bundle, with every link on its way.
fn is_packed(root: &Path, path: &Path, packed: &Packed) -> bool {
    let has = |path: &Path| {
        path.strip_prefix(root).is_ok_and(|name| name.as_os_str().is_empty() || packed.names.contains(name))
    };
    let is_there = std::fs::canonicalize(path).is_ok_and(|real| has(&real));
    let mut way = path.ancestors().take_while(|above| above.starts_with(root));
    is_there && way.all(|above| !above.is_symlink() || has(above))
}

/// What changes the check.
pub(crate) fn options(project: &Project, check: &Check) -> v1::CheckOptions {
    let timeout_ms = check.timeout.map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    v1::CheckOptions {
        seed_all: check.seed == Seed::All,
        today: today(),
        timeout_ms,
        settings: project.file.to_string_lossy().into_owned(),
    }
}

/// The day on which acceptances hold or have expired.
pub(crate) fn today() -> String {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// A submission's key: random, so that what is sent twice is one run.
pub(crate) fn key() -> String {
    format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..))
}
