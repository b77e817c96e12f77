//! Virtual environments that we make: once for the same content, and whole or not at all.

use std::fmt::Write;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use mrt_chain::settings::EngineKind;
use sha2::{Digest, Sha256};
use tokio::process::Command;

use super::{Driver, EnvironmentEvent, needed, probe};

/// Written last; an environment without it is half made.
const COMPLETE: &str = ".mrt-complete";
/// Lines of an installer's output that an error shows.
const SHOWN_LINES: usize = 20;

/// No Python for a suite.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// The interpreter of the settings is not there.
    #[error(
        "there is no Python interpreter {}: correct `python` in mrt.toml or --python, or leave it out",
        interpreter.display()
    )]
    NoInterpreter {
        /// As the settings have it.
        interpreter: PathBuf,
    },
    /// Nothing to make an environment with.
    #[error(
        "neither python3 nor uv is on the PATH: install Python 3.8 or newer (apt install python3 python3-venv, \
         brew install python) or uv, or name an interpreter (`python` in mrt.toml, --python)"
    )]
    NoPython,
    /// A program cannot be started.
    #[error("cannot start {}", program.display())]
    NotStarted {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program that does not behave like Python.
    #[error("{} does not work as a Python interpreter:\n{printed}", interpreter.display())]
    NotPython {
        /// The program.
        interpreter: PathBuf,
        /// Its last lines.
        printed: String,
    },
    /// No Alembic.
    #[error(
        "alembic is not installed in {}: pip install alembic there, or pass --python / set `python` in mrt.toml",
        interpreter.display()
    )]
    NoAlembic {
        /// The interpreter.
        interpreter: PathBuf,
    },
    /// No driver for a target.
    #[error(
        "{module} is not installed in {}, so its migrations cannot reach {engine}: pip install '{package}' there, \
         or name the driver that the project uses (`drivers` in mrt.toml)",
        interpreter.display()
    )]
    NoDriver {
        /// The interpreter.
        interpreter: PathBuf,
        /// The module that is missing.
        module: String,
        /// The package that brings it.
        package: String,
        /// For which engine.
        engine: EngineKind,
    },
    /// A file or directory cannot be used.
    #[error("cannot {action} {}", path.display())]
    Files {
        /// `read`, `create`.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The environment cannot be made.
    #[error(
        "cannot {action} ({program} ended with {how}); correct what its last lines name, or pass --python with an \
         interpreter that has everything:\n{printed}"
    )]
    Failed {
        /// `install alembic`.
        action: String,
        /// `uv`, `pip`.
        program: String,
        /// Its exit status.
        how: String,
        /// Its last lines.
        printed: String,
    },
}

/// What an environment is made from.
#[derive(Debug, Clone, Default)]
pub(super) struct Recipe {
    pub(super) requirements: Vec<PathBuf>,
    pub(super) packages: Vec<String>,
    pub(super) project: Option<PathBuf>,
}

impl Recipe {
    pub(super) fn is_empty(&self) -> bool {
        self.requirements.is_empty() && self.packages.is_empty() && self.project.is_none()
    }

    /// What a suite's directory says without settings.
    pub(super) fn by_convention(suite_dir: &Path) -> Self {
        let requirements = suite_dir.join("requirements.txt");
        if requirements.is_file() {
            return Self { requirements: vec![requirements], ..Self::default() };
        }
        // Many a pyproject.toml only configures tools.
        let project = fs::read_to_string(suite_dir.join("pyproject.toml"))
            .is_ok_and(|text| text.lines().any(|line| matches!(line.trim(), "[project]" | "[tool.poetry]")));
        Self { project: project.then(|| suite_dir.to_owned()), ..Self::default() }
    }

    /// Arguments for an installer, and words for people; `None` when there is nothing to install.
    fn install(&self) -> Option<(Vec<String>, String)> {
        let (mut arguments, mut words) = (Vec::new(), Vec::new());
        for file in &self.requirements {
            arguments.extend(["-r".to_owned(), file.display().to_string()]);
            words.push(file.display().to_string());
        }
        arguments.extend(self.packages.iter().cloned());
        words.extend(self.packages.iter().cloned());
        if let Some(project) = &self.project {
            // Editable: the code that is checked is the code that stands there.
            arguments.extend(["-e".to_owned(), project.display().to_string()]);
            words.push(project.display().to_string());
        }
        (!arguments.is_empty()).then(|| (arguments, words.join(", ")))
    }

    /// The same key, the same environment.
    fn key(&self, base: &str, drivers: &[Driver]) -> Result<String, EnvironmentError> {
        let mut hash = Sha256::new();
        // Each part with its length, so that parts cannot be mistaken for one another.
        let mut part = |kind: &str, bytes: &[u8]| {
            hash.update(format!("{kind} {}\n", bytes.len()));
            hash.update(bytes);
        };
        part("layout", b"1");
        part("python", base.as_bytes());
        for file in &self.requirements {
            requirements_key(file, &mut part, 0)?;
        }
        for package in &self.packages {
            part("package", package.as_bytes());
        }
        if let Some(project) = &self.project {
            let file = project.join("pyproject.toml");
            part("project", &read(&file)?);
            part("at", project.as_os_str().as_encoded_bytes());
        }
        for driver in drivers {
            part("driver", driver.usual().as_bytes());
        }
        let mut key = String::new();
        for byte in &hash.finalize()[..12] {
            // Writing to a string does not fail.
            let _ = write!(key, "{byte:02x}");
        }
        Ok(key)
    }
}

/// A requirement file's content, with the files that it includes.
fn requirements_key(
    file: &Path,
    part: &mut impl FnMut(&str, &[u8]),
    depth: usize,
) -> Result<(), EnvironmentError> {
    let text = read(file)?;
    part("requirements", &text);
    let directory = file.parent().unwrap_or(Path::new("."));
    for line in String::from_utf8_lossy(&text).lines().map(str::trim) {
        let options = ["-r", "-c", "--requirement", "--constraint"];
        let included = options.iter().find_map(|option| {
            let rest = line.strip_prefix(option)?;
            let rest = rest.strip_prefix([' ', '=']).or_else(|| (option.len() == 2).then_some(rest))?;
            rest.split(" #").next().map(str::trim)
        });
        match included {
            // Deeper is a circle, which the installer will refuse.
            Some(name) if depth < 16 && !name.contains("://") => {
                requirements_key(&directory.join(name), part, depth + 1)?;
            }
            // Something beside the file: another directory, another environment.
            None if line.starts_with(['.', '/', '-']) || line.contains("file:") => {
                part("at", directory.as_os_str().as_encoded_bytes());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Makes environments.
enum Tool {
    Uv(PathBuf),
    Pip,
}

/// The interpreter of an environment made from a recipe, with Alembic and the drivers.
pub(super) async fn make(
    recipe: &Recipe,
    suite_dir: &Path,
    drivers: &[Driver],
    cache_dir: &Path,
    on_event: &mut impl FnMut(EnvironmentEvent),
) -> Result<PathBuf, EnvironmentError> {
    let cache_dir = &std::path::absolute(cache_dir).map_err(files("find", cache_dir))?;
    let tool = on_path("uv").map_or(Tool::Pip, Tool::Uv);
    let base = match (on_path("python3"), &tool) {
        (Some(python), _) => {
            let version = probe(&python, []).await?.version;
            Some((python, version))
        }
        // It brings its own.
        (None, Tool::Uv(_)) => None,
        (None, Tool::Pip) => return Err(EnvironmentError::NoPython),
    };
    let key = recipe.key(base.as_ref().map_or("uv", |(_, version)| version), drivers)?;
    let dir = cache_dir.join(&key);
    let interpreter = dir.join("bin/python");
    let is_complete = || dir.join(COMPLETE).exists() && interpreter.exists();
    if is_complete() {
        return Ok(interpreter);
    }

    fs::create_dir_all(cache_dir).map_err(files("create", cache_dir))?;
    let lock = lock(cache_dir.join(format!("{key}.lock"))).await?;
    if is_complete() {
        // Another process made it in the meantime.
        return Ok(interpreter);
    }
    if dir.exists() {
        fs::remove_dir_all(&dir).map_err(files("remove", &dir))?;
    }
    on_event(EnvironmentEvent::Creating(dir.clone()));
    let mut create = match (&tool, &base) {
        (Tool::Uv(uv), base) => {
            let mut command = Command::new(uv);
            command.args(["venv", "--quiet", "--no-project"]);
            if let Some((python, _)) = base {
                command.arg("--python").arg(python);
            }
            command
        }
        (Tool::Pip, Some((python, _))) => {
            let mut command = Command::new(python);
            command.args(["-m", "venv"]);
            command
        }
        (Tool::Pip, None) => return Err(EnvironmentError::NoPython),
    };
    create.arg(&dir);
    run(create, "create a virtual environment", tool.venv()).await?;

    if let Some((arguments, words)) = recipe.install() {
        on_event(EnvironmentEvent::Installing(words.clone()));
        tool.install(&interpreter, suite_dir, &arguments, &words).await?;
    }
    let found = probe(&interpreter, needed(drivers)).await?;
    let mut missing = Vec::new();
    if !found.has("alembic") {
        missing.push("alembic".to_owned());
    }
    for driver in drivers {
        // All of its packages: installers leave alone what is there.
        if driver.missing(&found).is_some() {
            missing
                .extend(Driver::modules(driver.usual()).into_iter().map(|(_, package)| package.to_owned()));
        }
    }
    if !missing.is_empty() {
        let words = missing.join(", ");
        on_event(EnvironmentEvent::Installing(words.clone()));
        tool.install(&interpreter, suite_dir, &missing, &words).await?;
    }
    let complete = dir.join(COMPLETE);
    fs::write(&complete, "").map_err(files("write", &complete))?;
    drop(lock);
    Ok(interpreter)
}

impl Tool {
    fn venv(&self) -> &'static str {
        match self {
            Self::Uv(_) => "uv venv",
            Self::Pip => "python3 -m venv",
        }
    }

    async fn install(
        &self,
        interpreter: &Path,
        suite_dir: &Path,
        arguments: &[String],
        words: &str,
    ) -> Result<(), EnvironmentError> {
        let (mut command, program) = match self {
            Self::Uv(uv) => {
                let mut command = Command::new(uv);
                // Compiled now: migrations run without writing compiled files.
                command
                    .args(["pip", "install", "--quiet", "--compile-bytecode", "--python"])
                    .arg(interpreter);
                (command, "uv pip install")
            }
            Self::Pip => {
                let mut command = Command::new(interpreter);
                command.args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--no-input",
                    "--disable-pip-version-check",
                ]);
                (command, "pip install")
            }
        };
        // Relative paths in requirement files are meant from here.
        command.args(arguments).current_dir(suite_dir);
        run(command, &format!("install {words}"), program).await
    }
}

/// Takes what is ours out of a program's environment: packages are built by code of theirs, and tokens are none of its business.
pub(super) fn without_ours(command: &mut Command) {
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name.as_encoded_bytes().starts_with(b"MRT_")) {
        command.env_remove(name);
    }
}

async fn run(mut command: Command, action: &str, program: &str) -> Result<(), EnvironmentError> {
    // An environment that is active is not the one that is meant.
    command.env_remove("VIRTUAL_ENV").env_remove("PYTHONHOME").env_remove("PYTHONPATH");
    without_ours(&mut command);
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.map_err(|source| {
        EnvironmentError::NotStarted { program: command.as_std().get_program().into(), source }
    })?;
    if output.status.success() {
        return Ok(());
    }
    Err(EnvironmentError::Failed {
        action: action.to_owned(),
        program: program.to_owned(),
        how: output.status.to_string(),
        printed: last_lines(&[&output.stdout[..], &output.stderr[..]].concat()),
    })
}

/// Waits until nobody else makes the same environment. The lock ends with the file, however this process ends.
async fn lock(path: PathBuf) -> Result<File, EnvironmentError> {
    let locked = tokio::task::spawn_blocking({
        let path = path.clone();
        move || {
            let file = File::options().create(true).append(true).open(path)?;
            file.lock()?;
            Ok(file)
        }
    });
    locked.await.unwrap_or_else(|stopped| Err(io::Error::other(stopped))).map_err(files("lock", &path))
}

/// A program on the PATH.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|program| {
        use std::os::unix::fs::PermissionsExt;
        program.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    })
}

pub(super) fn last_lines(printed: &[u8]) -> String {
    let text = String::from_utf8_lossy(printed);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

fn read(path: &Path) -> Result<Vec<u8>, EnvironmentError> {
    fs::read(path).map_err(files("read", path))
}

fn files(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EnvironmentError {
    let path = path.to_owned();
    move |source| EnvironmentError::Files { action, path, source }
}
