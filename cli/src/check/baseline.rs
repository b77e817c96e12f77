//! What `check` finds today, accepted. It shares the baseline's file with `run`; each leaves the other's entries alone.

use std::mem;
use std::path::PathBuf;

use mrt_chain::settings::{Accept, Project, Suite};
use mrt_lint::accepted;
use mrt_lint::project::Checked;

use crate::baseline::{REASON, is_of_check, write};
use crate::error::CliError;

/// How many findings of a suite the baseline accepts, and how many of its entries accept nothing any more.
pub(super) fn used(project: &Project, suite: &Suite, checked: &Checked) -> (usize, usize) {
    let entries = project.baseline.get(&suite.name).map_or(&[][..], Vec::as_slice);
    let uses = uses(suite, entries, checked);
    let idle = entries.iter().zip(&uses).filter(|(entry, uses)| is_of_check(entry) && **uses == 0).count();
    (uses.iter().sum(), idle)
}

/// How many findings each of the baseline's entries accepts: they stand behind those of the settings.
fn uses(suite: &Suite, entries: &[Accept], checked: &Checked) -> Vec<usize> {
    let first = suite.accept.len().saturating_sub(entries.len());
    let count = |at: usize| checked.accepted.iter().filter(|accepted| accepted.by == first + at).count();
    (0..entries.len()).map(count).collect()
}

/// Brings the project's baseline up to what was found in these suites. Returns where it lies and how many entries it holds.
pub(super) fn update(
    project: &Project,
    suites: &[Suite],
    all: &[Checked],
) -> Result<(PathBuf, usize), CliError> {
    let mut baseline = project.baseline.clone();
    for (suite, checked) in suites.iter().zip(all) {
        let entries = baseline.entry(suite.name.clone()).or_default();
        let uses = uses(suite, entries, checked);
        for (mut entry, uses) in mem::take(entries).into_iter().zip(uses) {
            if is_of_check(&entry) {
                let uses = u32::try_from(uses).unwrap_or(u32::MAX);
                entry.count = entry.count.map(|count| count.min(uses));
                if uses == 0 {
                    continue;
                }
            }
            entries.push(entry);
        }
        for new in accepted::entries(&checked.findings, REASON) {
            add(entries, new);
        }
    }
    write(project, &baseline)
}

/// Adds an entry, or its count to that of an equal one.
fn add(entries: &mut Vec<Accept>, new: Accept) {
    let is_equal = |entry: &&mut Accept| Accept { count: new.count, ..(**entry).clone() } == new;
    match entries.iter_mut().find(is_equal).and_then(|equal| equal.count.as_mut()) {
        Some(count) => *count += new.count.unwrap_or_default(),
        None => entries.push(new),
    }
}
