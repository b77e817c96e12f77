//! Checks again whenever a file has changed that the result hangs on.
//!
//! Files are looked at every now and then, not followed: that works on every file system, also one of another machine, and for
//! files that are replaced or not there yet.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::IsTerminal as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mrt_chain::settings::{EngineKind, Framework, Project};
use mrt_report::printable;

use crate::error::{self, CliError};
use crate::interrupt;
use crate::output::{Output, tell};

/// Between two looks at least; where looking takes long, several times as long as that.
const PAUSE: Duration = Duration::from_millis(200);
const REST: u32 = 5;

/// Checks, and checks again, until somebody interrupts; the value is the last exit code.
pub(super) fn watch(
    dir: &Path,
    output: &Output,
    mut check: impl FnMut() -> Result<u8, CliError>,
) -> Result<u8, CliError> {
    let runtime = tokio::runtime::Runtime::new().map_err(CliError::Runtime)?;
    runtime.block_on(async {
        let mut interrupted = interrupt::notice().map_err(CliError::Signals)?;
        let mut places = Places { dir: dir.to_owned(), project: None };
        loop {
            places.learn();
            // What changes from here on is seen, also while files are read.
            let before = places.look();
            let code = match check() {
                Ok(code) => code,
                // Whoever repairs the settings is told how that goes.
                Err(error) => {
                    error::print(&error);
                    error.exit_code()
                }
            };
            let changed = tokio::select! {
                biased;
                _ = &mut interrupted => return Ok(code),
                changed = places.changed(&before, output) => changed,
            };
            match changed {
                Some(changed) => begin(output, &changed),
                None => return Ok(code),
            }
        }
    })
}

/// Makes room for the next result.
fn begin(output: &Output, changed: &Path) {
    let terminal = console::Term::stdout();
    if matches!(output, Output::Stdout) && std::io::stdout().is_terminal() {
        // A screen that cannot be cleared shows one result below the other.
        let _ = terminal.clear_screen();
    } else {
        tell(format_args!("--- {} has changed ---", printable(&changed.to_string_lossy())));
    }
}

/// What is seen of a file without reading it; nothing where there is none.
type Stamp = Option<(u64, u64, i64, i64, i64, i64)>;

/// Where the files lie that the result hangs on.
struct Places {
    /// As it was asked for.
    dir: PathBuf,
    /// As it could last be read.
    project: Option<Project>,
}

impl Places {
    fn learn(&mut self) {
        // What is wrong with the settings the check tells.
        self.project = Project::load(&self.dir).ok().or(self.project.take());
    }

    fn look(&self) -> BTreeMap<PathBuf, Stamp> {
        // Any of these makes a directory a project.
        let mut files: BTreeSet<PathBuf> = ["mrt.toml", "alembic.ini", "pyproject.toml"]
            .into_iter()
            .map(|name| self.dir.join(name))
            .chain([self.dir.clone()].into_iter().filter(|path| !path.is_dir()))
            .collect();
        if let Some(project) = &self.project {
            files.extend([project.root.join(&project.file), project.baseline_path()]);
            for suite in &project.suites {
                if suite.framework == Framework::Django {
                    let migrations = mrt_lint::django::find(&suite.dir).unwrap_or_default();
                    files.extend(migrations.into_iter().map(|file| file.path));
                    continue;
                }
                // Besides, what revisions import mostly lies beside them.
                files.extend(modules(&suite.alembic.script_location));
                files.insert(suite.alembic.file.clone());
                files.extend(suite.alembic.pyproject.clone());
                // Engines mostly share their directories.
                let locations: BTreeMap<&[PathBuf], EngineKind> = EngineKind::ALL
                    .into_iter()
                    .map(|engine| (suite.alembic.locations(engine), engine))
                    .collect();
                for engine in locations.into_values() {
                    // A directory that cannot be read holds nothing that could change.
                    let revisions = suite.revision_files(engine).unwrap_or_default();
                    files.extend(revisions.into_iter().map(|file| file.path));
                }
            }
        }
        let stamp = |path: &Path| {
            let data = fs::metadata(path).ok()?;
            Some((data.ino(), data.len(), data.mtime(), data.mtime_nsec(), data.ctime(), data.ctime_nsec()))
        };
        files.into_iter().map(|path| (path.clone(), stamp(&path))).collect()
    }

    /// Waits until something is another, and stays that for a moment: a checkout changes many files. Says what; `None` is that
    /// nobody reads any more.
    async fn changed(&self, before: &BTreeMap<PathBuf, Stamp>, output: &Output) -> Option<PathBuf> {
        let mut last = before.clone();
        let mut pause = PAUSE;
        loop {
            tokio::time::sleep(pause).await;
            if !output.is_read() {
                return None;
            }
            let began = Instant::now();
            let now = self.look();
            pause = PAUSE.max(began.elapsed() * REST);
            if now == last
                && let Some(changed) = difference(before, &now)
            {
                let root = self.project.as_ref().map_or(self.dir.as_path(), |project| &project.root);
                let shown = changed.strip_prefix(root).or_else(|_| changed.strip_prefix(&self.dir));
                return Some(shown.unwrap_or(changed).to_owned());
            }
            last = now;
        }
    }
}

/// `env.py`, and other files of Python in a directory.
fn modules(dir: &Path) -> Vec<PathBuf> {
    let is_python = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "py");
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(is_python).collect()
}

/// The first file that is another, is new or is gone.
fn difference<'a>(
    before: &'a BTreeMap<PathBuf, Stamp>,
    now: &'a BTreeMap<PathBuf, Stamp>,
) -> Option<&'a Path> {
    let differs = |path: &&PathBuf| before.get(*path) != now.get(*path);
    now.keys().chain(before.keys()).find(differs).map(PathBuf::as_path)
}
