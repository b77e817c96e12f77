//! From what `mrt.toml` says to a suite: the one place in which settings are checked and completed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;

use super::error::Source;
use super::locate::{Config, Overrides};
use super::paths::Bases;
use super::raw::{RawAccept, RawPython, RawSeed, RawSkip, RawSuite, RawTarget, Server};
use super::values::{Callable, Words};
use super::{
    Accept, Alembic, Bootstrap, EngineKind, Framework, Python, Seed, SeedSource, ServerSettings,
    SettingsError, Skip, Suite, Target, check,
};

/// Time limit of one step when nothing is said.
const TIMEOUT: Duration = Duration::from_secs(60);
const SECTION: &str = "alembic";
const VERSION_TABLE: &str = "alembic_version";

/// The suite of a project of Alembic that has no `mrt.toml`. Its directory is that from which Alembic finds its scripts.
pub(super) fn without_settings(root: &Path, shown: &Path, file: &Path) -> Result<Suite, SettingsError> {
    let config = Config::open(root, shown, Some(&root.join(file)), SECTION)?;
    let dir = config.home(root)?;
    let alembic = config.alembic(&dir, Overrides::default())?;
    Ok(bare(name_of(root), dir, Framework::Alembic, alembic))
}

/// The suite of a project of Django that has no `mrt.toml`, for the engines that its own settings name.
pub(super) fn of_django(root: &Path) -> Suite {
    let suite = bare(name_of(root), root.to_owned(), Framework::Django, Alembic::default());
    let targets: Vec<Target> =
        super::django::engines(root).into_iter().map(|engine| Target::new(engine, None)).collect();
    if targets.is_empty() { suite } else { Suite { targets, ..suite } }
}

/// A suite of which nothing more is said.
fn bare(name: String, dir: PathBuf, framework: Framework, alembic: Alembic) -> Suite {
    Suite {
        name,
        dir,
        framework,
        alembic,
        targets: vec![sqlite()],
        other_targets: Vec::new(),
        python: Python::default(),
        env: BTreeMap::new(),
        hand_over_url: true,
        drivers: BTreeMap::new(),
        x_arguments: Vec::new(),
        bootstrap: None,
        around: None,
        floor: None,
        skip: Vec::new(),
        accept: Vec::new(),
        seeds: Vec::new(),
        sql_files: Vec::new(),
        timeout: TIMEOUT,
        version_table: VERSION_TABLE.to_owned(),
        check: Vec::new(),
    }
}

/// The suite that `raw` describes; `header` is its name in `[suite.NAME]`.
pub(super) fn read(
    source: &Source,
    root: &Path,
    header: Option<Spanned<String>>,
    raw: RawSuite,
) -> Result<Suite, SettingsError> {
    let dir = directory(source, root, raw.path.as_ref())?;
    let name = name(source, &dir, header, raw.name.as_ref())?;
    let reader = Reader { source, bases: Bases { root, suite: &dir } };
    let framework = raw.framework.as_ref().map_or(Framework::Alembic, |framework| *framework.get_ref());
    let alembic = match framework {
        Framework::Alembic => reader.alembic(&raw)?,
        Framework::Django => reader.not_alembic(&raw)?,
    };
    let (targets, other_targets) = reader.targets(&raw)?;
    let sql_files = reader.sql_files(&raw)?;
    let (python, bootstrap) = (reader.python(raw.python)?, reader.bootstrap(raw.bootstrap.as_ref())?);
    let check = check::layers(source, reader.bases, raw.check)?;
    let seeds = list(raw.seed).iter().map(|seed| reader.seed(seed)).collect::<Result<_, _>>()?;
    Ok(Suite {
        name,
        framework,
        alembic,
        targets,
        other_targets,
        python,
        env: raw.env,
        hand_over_url: raw.hand_over_url.unwrap_or(true),
        drivers: raw.drivers.into_iter().map(|(engine, driver)| (engine.0, driver)).collect(),
        x_arguments: words(raw.x_arguments),
        bootstrap,
        around: raw.around.map(|around| around.0),
        floor: raw.floor.map(Spanned::into_inner),
        skip: list(raw.skip).into_iter().map(skip).collect(),
        accept: list(raw.accept).into_iter().map(accept).collect(),
        seeds,
        sql_files,
        timeout: raw.timeout.map_or(TIMEOUT, |timeout| timeout.0),
        version_table: raw.version_table.unwrap_or_else(|| VERSION_TABLE.to_owned()),
        check,
        dir,
    })
}

fn directory(source: &Source, root: &Path, path: Option<&Spanned<String>>) -> Result<PathBuf, SettingsError> {
    let Some(path) = path else { return Ok(root.to_owned()) };
    let directory = Bases { root, suite: root }.path(path.get_ref());
    fs::canonicalize(&directory).ok().filter(|directory| directory.is_dir()).ok_or_else(|| {
        let problem = format!("there is no directory {}", directory.display());
        source.invalid(path.span(), problem, "write the suite's directory, relative to mrt.toml")
    })
}

fn name(
    source: &Source,
    dir: &Path,
    header: Option<Spanned<String>>,
    key: Option<&Spanned<String>>,
) -> Result<String, SettingsError> {
    let (name, span) = match (header, key) {
        (Some(_), Some(key)) => {
            let help = "remove it: the name stands in the table's header";
            return Err(source.invalid(key.span(), "`name` in a [suite.NAME]", help));
        }
        (Some(header), None) => (header.get_ref().clone(), header.span()),
        (None, Some(key)) => (key.get_ref().clone(), key.span()),
        (None, None) => return Ok(name_of(dir)),
    };
    if name.is_empty() || !name.chars().all(nameable) {
        let help = "use letters, digits, `-`, `_` and `.`";
        return Err(source.invalid(span, format!("`{name}` cannot be a suite's name"), help));
    }
    Ok(name)
}

fn nameable(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// A suite without a name is called after its directory.
fn name_of(directory: &Path) -> String {
    let name = directory.file_name().map_or_else(|| "root".into(), |name| name.to_string_lossy());
    name.chars().map(|c| if nameable(c) { c } else { '-' }).collect()
}

/// Whether it can be the name of a collation of MySQL or MariaDB, which the server alone can know.
fn is_collation(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn sqlite() -> Target {
    Target::new(EngineKind::Sqlite, None)
}

fn list<T>(entries: Option<Spanned<Vec<T>>>) -> Vec<T> {
    entries.map(Spanned::into_inner).unwrap_or_default()
}

fn words(words: Option<Words>) -> Vec<String> {
    words.map(|words| words.0).unwrap_or_default()
}

fn skip(raw: RawSkip) -> Skip {
    let targets = raw.targets.into_iter().map(|target| target.0.name).collect();
    Skip { revision: raw.revision.0, targets, reason: raw.reason.0 }
}

/// An accepted finding, from `mrt.toml` or a baseline.
pub(super) fn accept(raw: RawAccept) -> Accept {
    Accept {
        revision: raw.revision.0,
        kind: raw.kind.map(|kind| kind.0),
        object: raw.object.map(|object| object.0),
        targets: raw.targets.into_iter().map(|target| target.0.name).collect(),
        reason: raw.reason.0,
        until: raw.until.map(|day| day.0),
        count: raw.count,
    }
}

/// Reads one suite's keys.
struct Reader<'a> {
    source: &'a Source,
    bases: Bases<'a>,
}

impl Reader<'_> {
    /// A suite of Django says nothing of Alembic.
    fn not_alembic(&self, raw: &RawSuite) -> Result<Alembic, SettingsError> {
        let keys = [
            ("alembic", raw.alembic.as_ref().map(Spanned::span)),
            ("script_location", raw.script_location.as_ref().map(Spanned::span)),
            ("version_locations", raw.version_locations.as_ref().map(Spanned::span)),
        ];
        match keys.into_iter().find_map(|(key, span)| Some((key, span?))) {
            Some((key, span)) => {
                let problem = format!("`{key}` for a suite of Django, which has none");
                Err(self.source.invalid(span, problem, "remove it, or `framework`"))
            }
            None => Ok(Alembic::default()),
        }
    }

    fn alembic(&self, raw: &RawSuite) -> Result<Alembic, SettingsError> {
        let suite = self.bases.suite;
        let file = raw.alembic.as_ref().map(|file| self.file(file)).transpose()?;
        let section = raw.section.as_deref().unwrap_or(SECTION);
        let shown_root = self.source.file().parent().unwrap_or(Path::new(""));
        let shown = suite
            .strip_prefix(self.bases.root)
            .map_or_else(|_| suite.to_owned(), |rest| shown_root.join(rest));
        let config = Config::open(suite, &shown, file.as_deref(), section)?;
        if config.is_empty() && raw.script_location.is_none() {
            let span = raw.path.as_ref().map(Spanned::span);
            let problem =
                format!("no alembic.ini and no pyproject.toml with [tool.alembic] in {}", suite.display());
            let help =
                "set the suite's `path` to the directory in which `alembic` is run, or `alembic` to the file";
            return Err(self.source.invalid(span, problem, help));
        }
        let script_location = match &raw.script_location {
            Some(location) => Some(self.existing(location, Path::is_dir, "directory")?),
            None => None,
        };
        let version_locations = raw.version_locations.as_ref().map(|locations| {
            let paths = |written: &Vec<String>| written.iter().map(|path| self.bases.path(path)).collect();
            locations.get_ref().0.iter().map(|(engine, written)| (*engine, paths(written))).collect()
        });
        config.alembic(suite, Overrides { script_location, version_locations, recursive: raw.recursive })
    }

    /// The targets to check on, and those that only have settings.
    fn targets(&self, raw: &RawSuite) -> Result<(Vec<Target>, Vec<Target>), SettingsError> {
        let mut tables: Vec<(&Spanned<String>, &RawTarget)> = raw.target.iter().collect();
        tables.sort_by_key(|(name, _)| name.span().start);
        let mut configured: Vec<Target> = Vec::with_capacity(tables.len());
        for (name, table) in tables {
            let target = self.target(name, table)?;
            if configured.iter().any(|other| other.name == target.name) {
                let problem = format!("target `{}` has two tables", target.name);
                return Err(self.source.invalid(name.span(), problem, "merge them"));
            }
            configured.push(target);
        }
        let Some(names) = &raw.targets else {
            return Ok(if configured.is_empty() {
                (vec![sqlite()], configured)
            } else {
                (configured, Vec::new())
            });
        };
        let mut selected: Vec<Target> = Vec::new();
        for name in names.get_ref() {
            let plain = &name.get_ref().0;
            if selected.iter().any(|target| target.name == plain.name) {
                let problem = format!("target `{}` is listed twice", plain.name);
                return Err(self.source.invalid(name.span(), problem, "remove one"));
            }
            let known = configured.iter().find(|target| target.name == plain.name);
            selected.push(known.unwrap_or(plain).clone());
        }
        if selected.is_empty() {
            let help = "name at least one, `sqlite` or `postgres:16`, or remove the key";
            return Err(self.source.invalid(names.span(), "no target", help));
        }
        configured.retain(|target| selected.iter().all(|other| other.name != target.name));
        Ok((selected, configured))
    }

    fn target(&self, name: &Spanned<String>, raw: &RawTarget) -> Result<Target, SettingsError> {
        let refused = |problem: String, help: &str| self.source.invalid(name.span(), problem, help);
        let target = Target::from_name(name.get_ref()).map_err(|error| {
            let message = error.to_string();
            let (problem, help) = message.split_once("; ").unwrap_or((&message, "correct it"));
            refused(problem.to_owned(), help)
        })?;
        let server_keys = [
            ("server", raw.server.is_some()),
            ("image", raw.image.is_some()),
            ("arguments", raw.arguments.is_some()),
            ("url", raw.url.is_some()),
            ("url_env", raw.url_env.is_some()),
            ("locale", raw.locale.is_some()),
            ("extensions", raw.extensions.is_some()),
            ("role", raw.role.is_some()),
        ];
        let present = |keys: &[&str]| {
            server_keys.iter().find(|(key, present)| *present && keys.contains(key)).map(|(key, _)| *key)
        };
        let server = if target.engine == EngineKind::Sqlite {
            if let Some((key, _)) = server_keys.iter().find(|(_, present)| *present) {
                return Err(refused(format!("`{key}` for SQLite, which has no server"), "remove it"));
            }
            ServerSettings::Embedded
        } else if raw.server == Some(Server::External) || present(&["url", "url_env"]).is_some() {
            if let Some(key) = present(&["image", "arguments"]).or(raw.disk.map(|_| "disk")) {
                return Err(refused(
                    format!("`{key}` for a server that is there already"),
                    "remove it, or the URL",
                ));
            }
            if raw.server == Some(Server::Docker) {
                return Err(refused(
                    "a URL for a container".to_owned(),
                    "write `server = \"external\"`, or remove the URL",
                ));
            }
            self.external(target.engine, name, raw)?
        } else {
            ServerSettings::Docker { image: raw.image.clone(), arguments: words(raw.arguments.clone()) }
        };
        if raw.extensions.is_some() && target.engine != EngineKind::Postgres {
            return Err(refused(
                format!("`extensions` for {}, which has none", target.engine.title()),
                "remove it",
            ));
        }
        if let Some(locale) = &raw.locale
            && matches!(target.engine, EngineKind::MySql | EngineKind::MariaDb)
            && !is_collation(locale)
        {
            return Err(refused(
                format!("`{locale}` is no collation, which `locale` is for {}", target.engine.title()),
                "write that of new databases, like `utf8mb4_unicode_ci`, or remove it",
            ));
        }
        let mut initial_sql = Vec::new();
        if let Some(files) = &raw.initial_sql_file {
            for file in self.files(files)? {
                let unreadable = |source| SettingsError::Unreadable { path: file.clone(), source };
                initial_sql.push(fs::read_to_string(&file).map_err(unreadable)?);
            }
        }
        initial_sql.extend(words(raw.initial_sql.clone()));
        Ok(Target {
            server,
            initial_sql,
            locale: raw.locale.clone(),
            extensions: words(raw.extensions.clone()),
            role: raw.role.map_or(target.role, Into::into),
            disk: raw.disk.map_or(target.disk, |disk| disk.0),
            ..target
        })
    }

    fn sql_files(&self, raw: &RawSuite) -> Result<Vec<PathBuf>, SettingsError> {
        let named = raw.target.values().filter_map(|target| target.initial_sql_file.as_ref());
        let files: Vec<Vec<PathBuf>> = named.map(|files| self.files(files)).collect::<Result<_, _>>()?;
        Ok(files.concat())
    }

    fn external(
        &self,
        engine: EngineKind,
        name: &Spanned<String>,
        raw: &RawTarget,
    ) -> Result<ServerSettings, SettingsError> {
        let url = match (&raw.url, &raw.url_env) {
            (Some(url), None) => {
                let text = url.get_ref();
                let scheme = text.split_once("://").map(|(scheme, _)| scheme);
                if !scheme.is_some_and(|scheme| engine.url_schemes().contains(&scheme)) {
                    let problem = format!("not the URL of a {} server", engine.title());
                    let help = format!(
                        "write {engine}://USER@HOST:PORT/DATABASE; a driver's name stands in `drivers`"
                    );
                    return Err(self.source.invalid(url.span(), problem, help));
                }
                Some(text.clone())
            }
            (None, Some(_)) => None,
            (Some(_), Some(_)) => {
                let problem = "both `url` and `url_env`";
                return Err(self.source.invalid(name.span(), problem, "remove one"));
            }
            (None, None) => {
                let help = "add its administrator's `url`, or `url_env`, the variable that holds it";
                return Err(self.source.invalid(name.span(), "an external server without its URL", help));
            }
        };
        Ok(ServerSettings::External { url, url_env: raw.url_env.clone() })
    }

    fn python(&self, raw: Option<RawPython>) -> Result<Python, SettingsError> {
        let Some(raw) = raw else { return Ok(Python::default()) };
        // A bare name is looked up in PATH by whoever starts it, and a link is kept: it makes a virtual environment.
        let interpreter = |written: &String| {
            if written.contains('/') { self.bases.path(written) } else { PathBuf::from(written) }
        };
        let requirements = raw.requirements.as_ref().map(|files| self.files(files)).transpose()?;
        let project = match &raw.project {
            Some(project) => {
                let is_project =
                    |path: &Path| path.join("pyproject.toml").is_file() || path.join("setup.py").is_file();
                Some(self.existing(project, is_project, "directory with a pyproject.toml")?)
            }
            None => None,
        };
        Ok(Python {
            interpreter: raw.interpreter.as_ref().map(interpreter),
            requirements: requirements.unwrap_or_default(),
            packages: words(raw.packages),
            project,
        })
    }

    fn bootstrap(&self, raw: Option<&Spanned<String>>) -> Result<Option<Bootstrap>, SettingsError> {
        let Some(raw) = raw else { return Ok(None) };
        if raw.get_ref().ends_with(".sql") {
            return self.file(raw).map(Bootstrap::Sql).map(Some);
        }
        match Callable::try_from(raw.get_ref().clone()) {
            Ok(callable) => Ok(Some(Bootstrap::Callable(callable.0))),
            Err(_) => {
                let problem = format!("`{}` is neither a Python callable nor a file of SQL", raw.get_ref());
                Err(self.source.invalid(
                    raw.span(),
                    problem,
                    "write `module:callable`, or a path that ends in .sql",
                ))
            }
        }
    }

    fn seed(&self, raw: &RawSeed) -> Result<Seed, SettingsError> {
        let source = match (&raw.sql, &raw.sql_file, &raw.csv_file, &raw.command) {
            (Some(sql), None, None, None) => SeedSource::InlineSql(sql.clone()),
            (None, Some(file), None, None) => SeedSource::Sql(self.file(file)?),
            (None, None, Some(file), None) => SeedSource::Csv(self.file(file)?),
            (None, None, None, Some(command)) if !command.0.is_empty() => {
                SeedSource::Command(command.0.clone())
            }
            _ => {
                let problem = format!("the rows of `{}` need exactly one source", raw.table.get_ref().0);
                let help = "give one of `sql`, `sql_file`, `csv_file` and `command`";
                return Err(self.source.invalid(raw.table.span(), problem, help));
            }
        };
        let text = |filled: &Option<super::values::Filled>| filled.as_ref().map(|filled| filled.0.clone());
        Ok(Seed { table: raw.table.get_ref().0.clone(), source, from: text(&raw.from), to: text(&raw.to) })
    }

    fn file(&self, written: &Spanned<String>) -> Result<PathBuf, SettingsError> {
        self.existing(written, Path::is_file, "file")
    }

    fn files(&self, written: &Spanned<Words>) -> Result<Vec<PathBuf>, SettingsError> {
        let span = written.span();
        let files = written.get_ref().0.iter();
        files.map(|file| self.file(&Spanned::new(span.clone(), file.clone()))).collect()
    }

    fn existing(
        &self,
        written: &Spanned<String>,
        fits: impl Fn(&Path) -> bool,
        what: &str,
    ) -> Result<PathBuf, SettingsError> {
        let path = self.bases.path(written.get_ref());
        if fits(&path) {
            return Ok(path);
        }
        let problem = format!("there is no {what} {}", path.display());
        let help = "paths start at the suite's directory, or at that of mrt.toml with `{root}/`";
        Err(self.source.invalid(written.span(), problem, help))
    }
}
