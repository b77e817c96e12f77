//! Finds a project's settings and reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::error::Source;
use super::locate::{Config, INI, PYPROJECT};
use super::raw::{Form, RawProject, RawSuite};
use super::{Project, SettingsError, Suite, baseline, suite};

/// The name of our own settings.
const MRT: &str = "mrt.toml";
/// The file that every project of Django has.
const MANAGE: &str = "manage.py";

impl Project {
    /// Reads the project in a directory: its `mrt.toml`, else its `alembic.ini`, else its `pyproject.toml` with
    /// `[tool.alembic]`, else that of Django which its `manage.py` stands for. `path` may also be one of these files. A `mrt-baseline.toml` beside it is read, too.
    ///
    /// # Errors
    /// When there is no project, or its settings cannot be used.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        let (shown, file) = find(path)?;
        let unreadable = |source| SettingsError::Unreadable { path: shown.clone(), source };
        let root = fs::canonicalize(if shown.as_os_str().is_empty() { Path::new(".") } else { &shown });
        let root = root.map_err(unreadable)?;
        let (file, suites) = match file {
            Found::Mrt(name) => {
                let suites = suites(&Source::read(&shown.join(&name))?, &root)?;
                (name, suites)
            }
            Found::Alembic(name) => {
                let suite = suite::without_settings(&root, &shown, &name)?;
                (name, vec![suite])
            }
            Found::Django(name) => (name, vec![suite::of_django(&root)]),
        };
        let mut project = Self { root, file, suites, baseline: BTreeMap::new() };
        baseline::read(&mut project, &shown)?;
        Ok(project)
    }
}

enum Found {
    Mrt(PathBuf),
    Alembic(PathBuf),
    Django(PathBuf),
}

/// The project's directory as people named it, and the name of the file in it that counts.
fn find(path: &Path) -> Result<(PathBuf, Found), SettingsError> {
    if path.is_file() {
        let directory = path.parent().unwrap_or(Path::new("")).to_owned();
        let name = PathBuf::from(path.file_name().unwrap_or_default());
        let ours =
            name.extension().is_some_and(|extension| extension == "toml") && name != Path::new(PYPROJECT);
        let found = match name.to_str() {
            _ if ours => Found::Mrt(name),
            Some(MANAGE) => Found::Django(name),
            _ => Found::Alembic(name),
        };
        return Ok((directory, found));
    }
    let found = if path.join(MRT).is_file() {
        Found::Mrt(MRT.into())
    } else if path.join(INI).is_file() {
        Found::Alembic(INI.into())
    } else if path.join(PYPROJECT).is_file() && !Config::open(path, path, None, "alembic")?.is_empty() {
        Found::Alembic(PYPROJECT.into())
    } else if path.join(MANAGE).is_file() {
        Found::Django(MANAGE.into())
    } else {
        return Err(SettingsError::NotFound { path: path.to_owned() });
    };
    Ok((path.to_owned(), found))
}

fn suites(source: &Source, root: &Path) -> Result<Vec<Suite>, SettingsError> {
    let form: Form = source.parse()?;
    if form.suite.is_none() && form.defaults.is_none() {
        let raw: RawSuite = source.parse()?;
        return Ok(vec![suite::read(source, root, None, raw)?]);
    }
    let project: RawProject = source.parse()?;
    let defaults = match project.defaults {
        Some(defaults) => {
            let span = defaults.span();
            let defaults = defaults.into_inner();
            if let Some(key) = defaults.of_one_suite() {
                let help = format!("`{key}` belongs to one suite: write it below [suite.NAME]");
                return Err(source.invalid(span, format!("`{key}` in [defaults]"), help));
            }
            defaults
        }
        None => RawSuite::default(),
    };
    if project.suite.is_empty() {
        return Err(source.at(None, "[defaults] without a suite", "add a table [suite.NAME]"));
    }
    let mut raw: Vec<_> = project.suite.into_iter().collect();
    raw.sort_by_key(|(name, _)| name.span().start);
    let mut directories = BTreeSet::new();
    let mut suites = Vec::with_capacity(raw.len());
    for (name, own) in raw {
        let span = name.span();
        let suite = suite::read(source, root, Some(name), own.or(defaults.clone()))?;
        if !directories.insert((suite.dir.clone(), suite.alembic.file.clone(), suite.alembic.section.clone()))
        {
            let problem = format!("suite `{}` is the same migration project as an earlier one", suite.name);
            return Err(source.invalid(span, problem, "give it another `path`, `alembic` or `section`"));
        }
        suites.push(suite);
    }
    Ok(suites)
}
