//! Where Alembic's files are: what `alembic.ini` and `[tool.alembic]` say, and what `mrt.toml` says instead.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use super::error::Source;
use super::ini::{self, Ini};
use super::paths::join;
use super::{Alembic, EngineKind, SettingsError};

/// The name of Alembic's own file.
pub(super) const INI: &str = "alembic.ini";
/// The file that may hold `[tool.alembic]`.
pub(super) const PYPROJECT: &str = "pyproject.toml";

/// Alembic's configuration files. Both may be there; then the ini file's options win.
pub(super) struct Config {
    ini: Option<Ini>,
    section: String,
    pyproject: Option<(Source, toml::Table)>,
    /// As absolute paths, in the same order.
    files: (Option<PathBuf>, Option<PathBuf>),
}

/// An option with its place, for messages.
struct Value<'a> {
    text: String,
    source: &'a Source,
    line: Option<u32>,
}

impl Value<'_> {
    fn invalid(&self, problem: impl Into<String>, help: impl Into<String>) -> SettingsError {
        self.source.at(self.line.map(|line| (line, 1)), problem, help)
    }
}

impl Config {
    /// Opens `file` (either of the two kinds) and the one of the other kind in the suite's directory; without a
    /// file, both in the suite's directory, where each may be missing.
    ///
    /// `shown` is the suite's directory as people named it.
    pub(super) fn open(
        suite: &Path,
        shown: &Path,
        file: Option<&Path>,
        section: &str,
    ) -> Result<Self, SettingsError> {
        let given = |name: &str| {
            let file =
                file.filter(|file| (file.file_name() == Some(PYPROJECT.as_ref())) == (name == PYPROJECT));
            file.map_or_else(|| suite.join(name), Path::to_owned)
        };
        let shown =
            |path: &Path| path.strip_prefix(suite).map_or_else(|_| path.to_owned(), |rest| shown.join(rest));
        let here = |path: &Path| path.parent().unwrap_or(suite).to_owned();

        let ini_file = Some(given(INI)).filter(|path| file == Some(path) || path.is_file());
        let ini = ini_file.as_deref().map(|path| Ini::read(&shown(path), &here(path))).transpose()?;
        let mut toml_file = Some(given(PYPROJECT)).filter(|path| file == Some(path) || path.is_file());
        let mut pyproject = None;
        if let Some(path) = &toml_file {
            let source = Source::read(&shown(path))?;
            pyproject = tool_alembic(&source)?.map(|table| (source, table));
        }
        if pyproject.is_none() {
            toml_file = None;
        }
        Ok(Self { ini, section: section.to_owned(), pyproject, files: (ini_file, toml_file) })
    }

    /// Nothing configures Alembic.
    pub(super) fn is_empty(&self) -> bool {
        self.ini.is_none() && self.pyproject.is_none()
    }

    /// The directory from which `script_location` is found, as `alembic` would be run there: `start`, or the nearest
    /// directory above it. `start` when it is found from nowhere.
    pub(super) fn home(&self, start: &Path) -> Result<PathBuf, SettingsError> {
        let Some(location) = self.option("script_location")? else { return Ok(start.to_owned()) };
        if self.directory(&location.text, start)?.is_some() {
            return Ok(start.to_owned());
        }
        Ok(above(start, &location.text).unwrap_or(start).to_owned())
    }

    /// Everything about the files, for a suite in `suite`.
    pub(super) fn alembic(&self, suite: &Path, overrides: Overrides) -> Result<Alembic, SettingsError> {
        let script_location = match overrides.script_location {
            Some(location) => location,
            None => self.script_location(suite)?,
        };
        let version_locations = match overrides.version_locations {
            Some(mut locations) => {
                if let Entry::Vacant(rest) = locations.entry(None) {
                    rest.insert(self.version_locations(suite, &script_location)?);
                }
                locations
            }
            None => BTreeMap::from([(None, self.version_locations(suite, &script_location)?)]),
        };
        let recursive = match overrides.recursive {
            Some(recursive) => recursive,
            None => self.recursive()?,
        };
        let (ini, pyproject) = self.files.clone();
        let (file, pyproject) = match (ini, pyproject) {
            (Some(ini), pyproject) => (ini, pyproject),
            (None, pyproject) => (pyproject.unwrap_or_else(|| suite.join(INI)), None),
        };
        Ok(Alembic {
            file,
            pyproject,
            section: self.section.clone(),
            script_location,
            version_locations,
            recursive,
            sys_path: self.sys_path()?.iter().map(|entry| join(suite, entry)).collect(),
        })
    }

    fn script_location(&self, suite: &Path) -> Result<PathBuf, SettingsError> {
        let Some(location) = self.option("script_location")? else {
            // Flask-Migrate keeps the ini file among the scripts and sets the location itself.
            let beside =
                self.files.0.as_deref().and_then(Path::parent).filter(|dir| dir.join("env.py").is_file());
            return beside.map(Path::to_owned).ok_or_else(|| self.no_script_location(suite));
        };
        if let Some(directory) = self.directory(&location.text, suite)? {
            return Ok(directory);
        }
        let problem = format!("`script_location` is {:?}, and there is no such directory", location.text);
        let help = if is_package(&location.text) {
            "the package is not below the suite's directory: set `script_location` in mrt.toml to the directory itself"
                .to_owned()
        } else if let Some(home) = above(suite, &location.text) {
            format!("it is found from {}: set the suite's `path` to that directory", home.display())
        } else {
            format!(
                "it is looked for in {}: set the suite's `path` to the directory in which `alembic` is run, or \
                 `script_location` in mrt.toml",
                suite.display()
            )
        };
        Err(location.invalid(problem, help))
    }

    fn no_script_location(&self, suite: &Path) -> SettingsError {
        let help = "add it, or set `script_location` in mrt.toml";
        match (&self.ini, &self.pyproject) {
            (Some(ini), _) if !ini.sections().any(|section| section == self.section) => {
                let known: Vec<&str> = ini.sections().collect();
                ini.source().at(
                    None,
                    format!("no section [{}]", self.section),
                    format!("set `section` in mrt.toml to one of: {}", known.join(", ")),
                )
            }
            (Some(ini), _) => {
                ini.source().at(None, format!("no `script_location` in [{}]", self.section), help)
            }
            (None, Some((source, _))) => source.at(None, "no `script_location` in [tool.alembic]", help),
            (None, None) => SettingsError::NotFound { path: suite.to_owned() },
        }
    }

    fn version_locations(&self, suite: &Path, scripts: &Path) -> Result<Vec<PathBuf>, SettingsError> {
        let from_ini = self.ini_option("version_locations")?.filter(|value| !value.text.is_empty());
        let entries: Vec<Value<'_>> = match from_ini {
            Some(value) => {
                let separator = self.separator(&["path_separator", "version_path_separator"])?;
                let split = split(&value.text, separator, &[' ', ',']);
                split.into_iter().map(|text| Value { text, ..value }).collect()
            }
            None => self.toml_list("version_locations")?,
        };
        if entries.is_empty() {
            return Ok(vec![scripts.join("versions")]);
        }
        entries
            .iter()
            .map(|entry| {
                if !is_package(&entry.text) {
                    return Ok(join(suite, &entry.text));
                }
                self.package(&entry.text, suite)?.ok_or_else(|| {
                    entry.invalid(
                        format!("no package holds the version location {:?}", entry.text),
                        "set `version_locations` in mrt.toml to the directories themselves",
                    )
                })
            })
            .collect()
    }

    fn recursive(&self) -> Result<bool, SettingsError> {
        const NAME: &str = "recursive_version_locations";
        if let Some(value) = self.ini_option(NAME)? {
            return Ok(value.text == "true");
        }
        match self.pyproject.as_ref().and_then(|(source, table)| table.get(NAME).map(|value| (source, value)))
        {
            None => Ok(false),
            Some((_, toml::Value::Boolean(recursive))) => Ok(*recursive),
            Some((source, _)) => {
                Err(source.at(None, format!("`{NAME}` is no boolean"), "write true or false"))
            }
        }
    }

    /// An existing directory that a location means: relative to the suite's directory, or inside a package.
    fn directory(&self, location: &str, suite: &Path) -> Result<Option<PathBuf>, SettingsError> {
        if is_package(location) {
            return self.package(location, suite);
        }
        Ok(Some(join(suite, location)).filter(|directory| directory.is_dir()))
    }

    /// `package:directory`, looked for where Python would probably find the package.
    fn package(&self, location: &str, suite: &Path) -> Result<Option<PathBuf>, SettingsError> {
        let mut tokens = location.split(':');
        let mut relative: PathBuf = tokens.next().unwrap_or_default().split('.').collect();
        relative.extend(tokens);
        let mut roots: Vec<PathBuf> = self.sys_path()?.iter().map(|entry| join(suite, entry)).collect();
        roots.extend([suite.to_owned(), suite.join("src")]);
        roots.extend(suite.ancestors().skip(1).map(Path::to_owned));
        Ok(roots.into_iter().map(|root| root.join(&relative)).find(|directory| directory.is_dir()))
    }

    fn sys_path(&self) -> Result<Vec<String>, SettingsError> {
        match self.ini_option("prepend_sys_path")?.filter(|value| !value.text.is_empty()) {
            Some(value) => {
                let separator = self.separator(&["path_separator"])?;
                Ok(split(&value.text, separator, &[' ', ',', ':']))
            }
            None => Ok(self.toml_list("prepend_sys_path")?.into_iter().map(|value| value.text).collect()),
        }
    }

    fn separator(&self, names: &[&str]) -> Result<Option<char>, SettingsError> {
        for name in names {
            if let Some(value) = self.ini_option(name)? {
                return match value.text.as_str() {
                    "space" => Ok(Some(' ')),
                    "newline" => Ok(Some('\n')),
                    "os" => Ok(Some(if cfg!(windows) { ';' } else { ':' })),
                    ":" => Ok(Some(':')),
                    ";" => Ok(Some(';')),
                    other => Err(value.invalid(
                        format!("`{name}` is {other:?}"),
                        "Alembic knows space, newline, os, `:` and `;`",
                    )),
                };
            }
        }
        Ok(None)
    }

    fn option(&self, name: &str) -> Result<Option<Value<'_>>, SettingsError> {
        match self.ini_option(name)? {
            Some(value) => Ok(Some(value)),
            None => Ok(self.toml_list(name)?.into_iter().next()),
        }
    }

    fn ini_option(&self, name: &str) -> Result<Option<Value<'_>>, SettingsError> {
        let Some(ini) = &self.ini else { return Ok(None) };
        let value = ini.get(&self.section, name)?;
        Ok(value.map(|(text, line)| Value { text, source: ini.source(), line: Some(line) }))
    }

    /// An option of `[tool.alembic]` as a list; a single text is a list of one.
    fn toml_list(&self, name: &str) -> Result<Vec<Value<'_>>, SettingsError> {
        let Some((source, table)) = &self.pyproject else { return Ok(Vec::new()) };
        let Some(value) = table.get(name) else { return Ok(Vec::new()) };
        let texts: Option<Vec<&str>> = match value {
            toml::Value::String(text) => Some(vec![text]),
            toml::Value::Array(entries) => entries.iter().map(toml::Value::as_str).collect(),
            _ => None,
        };
        let here = self.files.1.as_deref().and_then(Path::parent);
        let look_up =
            |word: &str| here.filter(|_| word == "here").map(|here| here.to_string_lossy().into_owned());
        let problem =
            |problem: &str| source.at(None, format!("`{name}` in [tool.alembic] {problem}"), "correct it");
        let texts = texts.ok_or_else(|| problem("is neither a text nor a list of texts"))?;
        let interpolated = |text: &&str| ini::interpolate(text, &look_up).map_err(|error| problem(&error));
        let value = |text| Value { text, source, line: None };
        texts.iter().map(interpolated).map(|text| text.map(value)).collect()
    }
}

/// What `mrt.toml` says instead of Alembic's files.
#[derive(Default)]
pub(super) struct Overrides {
    pub(super) script_location: Option<PathBuf>,
    pub(super) version_locations: Option<BTreeMap<Option<EngineKind>, Vec<PathBuf>>>,
    pub(super) recursive: Option<bool>,
}

fn tool_alembic(source: &Source) -> Result<Option<toml::Table>, SettingsError> {
    let mut document: toml::Table = source.parse()?;
    let tool = document.remove("tool").and_then(|tool| tool.get("alembic").cloned());
    match tool {
        None => Ok(None),
        Some(toml::Value::Table(table)) => Ok(Some(table)),
        Some(_) => Err(source.at(None, "[tool.alembic] is no table", "correct it")),
    }
}

/// `package:directory`, and not the drive of an absolute path.
fn is_package(location: &str) -> bool {
    location.contains(':') && !Path::new(location).is_absolute()
}

/// The nearest directory above `start` from which a script directory is found.
fn above<'a>(start: &'a Path, location: &str) -> Option<&'a Path> {
    start.ancestors().skip(1).find(|directory| join(directory, location).join("env.py").is_file())
}

fn split(text: &str, separator: Option<char>, legacy: &[char]) -> Vec<String> {
    let parts: Vec<&str> = match separator {
        Some(separator) => text.split(separator).collect(),
        None => text.split(legacy).collect(),
    };
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
