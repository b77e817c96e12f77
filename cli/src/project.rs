//! The project, with what the command line says in place of its settings.

use std::time::Duration;

use mrt_chain::settings::{Framework, Project, Suite};

use crate::args::Select;
use crate::error::CliError;

/// Where settings stand when nobody says otherwise.
const MRT: &str = "mrt.toml";

/// A project, and what is to be checked of it.
pub(crate) struct Loaded {
    pub(crate) project: Project,
    /// The suites that are selected, as the command line changes them.
    pub(crate) suites: Vec<Suite>,
}

/// Loads the project and applies the command line to it, to run its migrations: suites of Django, which can only be read, are
/// left out, and refused where they are named or are all that there is.
pub(crate) fn load_to_run(select: &Select, timeout: Option<Duration>) -> Result<Loaded, CliError> {
    let mut loaded = load(select, timeout)?;
    let is_read = |suite: &Suite| suite.framework == Framework::Django;
    let read: Vec<String> =
        loaded.suites.iter().filter(|suite| is_read(suite)).map(|suite| suite.name.clone()).collect();
    if read.is_empty() {
        return Ok(loaded);
    }
    if !select.suite.is_empty() || read.len() == loaded.suites.len() {
        return Err(CliError::DjangoSuite { suites: read, others: others(&loaded.project) });
    }
    tracing::warn!(
        "{} left out: migrations of Django are read and not run; `mrt-cli check` reads them",
        listed(&read)
    );
    loaded.suites.retain(|suite| !is_read(suite));
    Ok(loaded)
}

/// The suites of a project that can be run.
fn others(project: &Project) -> Vec<String> {
    let suites = project.suites.iter().filter(|suite| suite.framework == Framework::Alembic);
    suites.map(|suite| suite.name.clone()).collect()
}

/// `suite a`, or `suites a, b`.
pub(crate) fn listed(names: &[String]) -> String {
    format!("suite{} {}", if names.len() == 1 { "" } else { "s" }, names.join(", "))
}

/// Loads the project and applies the command line to it.
pub(crate) fn load(select: &Select, timeout: Option<Duration>) -> Result<Loaded, CliError> {
    let project = Project::load(&select.dir).map_err(CliError::Settings)?;
    if let Some(hint) = settings_above(&project) {
        tracing::warn!("{hint}");
    }
    let mut suites = selected(&project, &select.suite)?;
    for suite in &mut suites {
        if !select.target.is_empty() {
            suite.select_targets(&select.target).map_err(CliError::Target)?;
        }
        if let Some(timeout) = timeout {
            suite.timeout = timeout;
        }
    }
    Ok(Loaded { project, suites })
}

/// Settings further up that count this directory among their suites, and that nobody asked for.
fn settings_above(project: &Project) -> Option<String> {
    let root = &project.root;
    if root.join(MRT).is_file() {
        return None;
    }
    let above = root.ancestors().skip(1).find(|above| above.join(MRT).is_file())?;
    // What is wrong with settings that nobody asked for is of no interest here.
    let other = Project::load(above).ok()?;
    let suite = other.suites.iter().find(|suite| suite.dir == *root)?;
    Some(format!(
        "{} is the suite {} of {}, whose settings do not count now; `{} --suite {}` takes them",
        root.display(),
        suite.name,
        above.join(MRT).display(),
        above.display(),
        suite.name
    ))
}

fn selected(project: &Project, names: &[String]) -> Result<Vec<Suite>, CliError> {
    if let Some(unknown) = names.iter().find(|name| project.suites.iter().all(|suite| suite.name != **name)) {
        let known: Vec<&str> = project.suites.iter().map(|suite| suite.name.as_str()).collect();
        return Err(CliError::usage(format!("no suite is named `{unknown}`; there is {}", known.join(", "))));
    }
    let wanted = |suite: &&Suite| names.is_empty() || names.contains(&suite.name);
    Ok(project.suites.iter().filter(wanted).cloned().collect())
}
