//! Virtual environments that we make: once for the same content, and whole or not at all.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::error::{EnvironmentError, failed};
use super::recipe::Recipe;
use super::{Driver, EnvironmentEvent, Found, Prepared, Wanted, needed, probe, tell_of_root};
use crate::program::{Ids, Program, all_on_path, on_path, unreachable};
use crate::shelf::{Claim, Making, Shelf, Taken, blocking};

/// How long a step of making an environment may take.
const LIMIT: Duration = Duration::from_secs(30 * 60);
/// What builds get of our environment where they run as somebody else: where programs and indexes are, and how to reach and
/// trust them.
const PASSED_ON: [&str; 16] = [
    "PATH",
    "LANG",
    "LC_ALL",
    "TZ",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "CC",
    "CXX",
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "PKG_CONFIG_PATH",
    "LD_LIBRARY_PATH",
];
/// Lines of an installer's output that an error shows.
const SHOWN_LINES: usize = 20;

/// Makes environments.
enum Tool {
    Uv(PathBuf),
    Pip,
}

/// What environments are made with, and as whom.
struct Tools {
    tool: Tool,
    /// The machine's Python; uv brings its own where there is none.
    base: Option<PathBuf>,
    run_as: Option<Ids>,
}

impl Tools {
    /// What is on the PATH; for strangers what nobody can use of it.
    async fn find(wanted: &Wanted<'_>, cache: &Path) -> Result<Self, EnvironmentError> {
        let (mut uv, mut base) = (on_path("uv"), on_path("python3"));
        if let (Some(ids), Some(_)) = (wanted.run_as, wanted.copy) {
            let usable = (usable("uv", ids).await, usable("python3", ids).await);
            if usable.0.is_some() || usable.1.is_some() {
                (uv, base) = usable;
            }
        }
        let mut run_as = wanted.run_as;
        if let Some(ids) = run_as {
            let all = [Some(wanted.suite_dir), Some(cache), uv.as_deref(), base.as_deref()];
            let all: Vec<&Path> = all.into_iter().flatten().collect();
            if let Some(path) = unreachable(ids, &all).await {
                tell_of_root(
                    "environments are made",
                    &format!("{} cannot be used by `nobody`", path.display()),
                );
                run_as = None;
            }
        }
        match (uv, &base) {
            (Some(uv), _) => Ok(Self { tool: Tool::Uv(uv), base, run_as }),
            (None, Some(_)) => Ok(Self { tool: Tool::Pip, base, run_as }),
            (None, None) => Err(EnvironmentError::NoPython),
        }
    }
}

async fn usable(name: &str, ids: Ids) -> Option<PathBuf> {
    for program in all_on_path(name) {
        if unreachable(ids, &[&program]).await.is_none() {
            return Some(program);
        }
    }
    None
}

/// The interpreter of an environment made from a recipe, with Alembic and the drivers.
pub(super) async fn make(
    recipe: &Recipe,
    wanted: &Wanted<'_>,
    shelf: &Arc<Shelf>,
    on_event: &mut impl FnMut(EnvironmentEvent),
) -> Result<Prepared, EnvironmentError> {
    let tools = Tools::find(wanted, shelf.root()).await?;
    let base = match &tools.base {
        Some(python) => {
            let version = probe(python, [], tools.run_as).await?.version;
            format!("{version} {}", python.display())
        }
        None => "uv".to_owned(),
    };
    let (name, is_local) = recipe.key(&base, wanted.drivers)?;
    let found = blocking({
        let (shelf, name) = (Arc::clone(shelf), name.clone());
        move || shelf.find(&name)
    });
    let taken = match found.await? {
        Some(taken) => taken,
        None => {
            let claim = blocking({
                let (shelf, name) = (Arc::clone(shelf), name.clone());
                move || shelf.claim(&name)
            });
            match claim.await? {
                Claim::There(taken) => taken,
                Claim::Ours(making) => {
                    let build = Build::new(&tools, wanted, making, is_local).await?;
                    build.run(recipe, shelf, on_event).await?
                }
            }
        }
    };
    let interpreter = interpreter_in(&taken.files);
    let found = probe(&interpreter, needed(wanted.drivers), tools.run_as).await?;
    Ok(Prepared { interpreter, run_as: tools.run_as, found, kept: Some((name, taken)) })
}

fn interpreter_in(files: &Path) -> PathBuf {
    files.join("venv/bin/python")
}

/// An environment on its way.
struct Build<'a> {
    tools: &'a Tools,
    wanted: &'a Wanted<'a>,
    making: Making,
    /// Where the project's files are for the build, and where they really are.
    project: Option<(PathBuf, &'a Path)>,
}

impl<'a> Build<'a> {
    async fn new(
        tools: &'a Tools,
        wanted: &'a Wanted<'a>,
        making: Making,
        is_local: bool,
    ) -> Result<Self, EnvironmentError> {
        let files = making.files();
        let mut own = vec![files.join("venv"), making.aside()];
        if tools.base.is_none() {
            own.push(files.join("python"));
        }
        // Builds write beside the files that they build from, which are not theirs to change.
        let project = match (tools.run_as, wanted.copy) {
            (Some(_), Some(root)) if is_local => Some((files.join("project"), root)),
            _ => None,
        };
        fs::create_dir(&files).map_err(failed("create", &files))?;
        // Whatever our umask is.
        fs::set_permissions(&files, fs::Permissions::from_mode(0o755)).map_err(failed("open", &files))?;
        for directory in &own {
            fs::create_dir(directory).map_err(failed("create", directory))?;
            if let Some((user, group)) = tools.run_as {
                chown(directory, Some(user), Some(group)).map_err(failed("give away", directory))?;
            }
        }
        if let (Some((to, from)), Some(ids)) = (&project, tools.run_as) {
            let (to, from) = (to.clone(), from.to_path_buf());
            blocking(move || copy(&from, &to, ids).map_err(failed("copy", &from))).await?;
        }
        Ok(Self { tools, wanted, making, project })
    }

    async fn run(
        self,
        recipe: &Recipe,
        shelf: &Arc<Shelf>,
        on_event: &mut impl FnMut(EnvironmentEvent),
    ) -> Result<Taken, EnvironmentError> {
        let venv = self.making.files().join("venv");
        on_event(EnvironmentEvent::Creating(venv.clone()));
        let (mut create, program) = match (&self.tools.tool, &self.tools.base) {
            (Tool::Uv(uv), base) => {
                let mut create = self.program(uv);
                create.args(["venv", "--quiet", "--no-project"]);
                if let Some(python) = base {
                    create.arg("--python").arg(python);
                }
                (create, "uv venv")
            }
            (Tool::Pip, Some(python)) => {
                let mut create = self.program(python);
                create.args(["-m", "venv"]);
                (create, "python3 -m venv")
            }
            (Tool::Pip, None) => return Err(EnvironmentError::NoPython),
        };
        create.arg(&venv);
        self.execute(create, "create a virtual environment", program).await?;

        if let Some((_, words)) = recipe.install() {
            on_event(EnvironmentEvent::Installing(words.clone()));
            let moved = self.project.as_ref().map(|(to, from)| recipe.moved(from, to));
            let arguments = moved.as_ref().unwrap_or(recipe).install().map(|(arguments, _)| arguments);
            self.install(&arguments.unwrap_or_default(), &words).await?;
        }
        let missing = self.missing().await?;
        if !missing.is_empty() {
            let words = missing.join(", ");
            on_event(EnvironmentEvent::Installing(words.clone()));
            self.install(&missing, &words).await?;
        }
        let (shelf, making, run_as) = (Arc::clone(shelf), self.making, self.tools.run_as);
        let done = move || {
            let (files, aside) = (making.files(), making.aside());
            fs::remove_dir_all(&aside).map_err(failed("remove", &aside))?;
            if let Some(ids) = run_as {
                seal(&files, ids).map_err(failed("take back", &files))?;
            }
            Ok(shelf.finish(making)?)
        };
        blocking(done).await
    }

    /// Packages that nobody asked for and that have to be there.
    async fn missing(&self) -> Result<Vec<String>, EnvironmentError> {
        let interpreter = interpreter_in(&self.making.files());
        let found: Found = probe(&interpreter, needed(self.wanted.drivers), self.tools.run_as).await?;
        let mut missing = Vec::new();
        if !found.has("alembic") {
            missing.push("alembic".to_owned());
        }
        for driver in self.wanted.drivers {
            // All of its packages: installers leave alone what is there.
            if driver.missing(&found).is_some() {
                let modules = Driver::modules(driver.usual()).into_iter();
                missing.extend(modules.map(|(_, package)| package.to_owned()));
            }
        }
        Ok(missing)
    }

    async fn install(&self, arguments: &[String], words: &str) -> Result<(), EnvironmentError> {
        let interpreter = interpreter_in(&self.making.files());
        let (mut install, program) = match &self.tools.tool {
            Tool::Uv(uv) => {
                let mut install = self.program(uv);
                // Compiled now: migrations run without writing compiled files.
                install
                    .args(["pip", "install", "--quiet", "--compile-bytecode", "--python"])
                    .arg(interpreter);
                (install, "uv pip install")
            }
            Tool::Pip => {
                let mut install = self.program(&interpreter);
                install.args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--no-input",
                    "--disable-pip-version-check",
                ]);
                (install, "pip install")
            }
        };
        install.args(arguments);
        self.execute(install, &format!("install {words}"), program).await
    }

    /// A program of the build. Relative paths in requirement files are meant from where it runs.
    fn program(&self, path: &Path) -> Program {
        let suite_dir = self.wanted.suite_dir;
        let directory = match &self.project {
            Some((to, from)) => {
                suite_dir.strip_prefix(from).map_or(suite_dir.to_owned(), |rest| to.join(rest))
            }
            None => suite_dir.to_owned(),
        };
        let mut program = Program::new(path, &directory, self.tools.run_as);
        program.inherit();
        if self.tools.run_as.is_some() {
            program.env_keep(is_passed_on);
            // A home of its own, and nothing of it is left: what a build has put into a cache would be code in the next one's
            // environment.
            let home = self.making.aside();
            for name in ["HOME", "TMPDIR"] {
                program.env(name, &home);
            }
            for (name, path) in [
                ("XDG_CACHE_HOME", "cache"),
                ("XDG_CONFIG_HOME", "config"),
                ("XDG_DATA_HOME", "data"),
                ("PIP_CACHE_DIR", "cache/pip"),
                ("UV_CACHE_DIR", "cache/uv"),
            ] {
                program.env(name, home.join(path));
            }
            // One that uv brings has to stay with the environment.
            program.env("UV_PYTHON_INSTALL_DIR", self.making.files().join("python"));
        }
        // An environment that is active is not the one that is meant.
        for name in ["VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH"] {
            program.env_remove(name);
        }
        program
    }

    async fn execute(&self, program: Program, action: &str, name: &str) -> Result<(), EnvironmentError> {
        let output = program.output(LIMIT).await;
        let output = output.map_err(EnvironmentError::of_program(program.program(), LIMIT))?;
        if output.status.success() {
            return Ok(());
        }
        let mut printed = last_lines(&[&output.stdout[..], &output.stderr[..]].concat());
        if let Some((copy, original)) = &self.project {
            printed = printed.replace(&*copy.to_string_lossy(), &original.to_string_lossy());
        }
        Err(EnvironmentError::Failed {
            action: action.to_owned(),
            program: name.to_owned(),
            how: output.status.to_string(),
            printed,
        })
    }
}

fn is_passed_on(name: &str) -> bool {
    let is_proxy = name.to_ascii_lowercase().ends_with("_proxy");
    is_proxy || PASSED_ON.contains(&name) || name.starts_with("PIP_") || name.starts_with("UV_")
}

/// Copies a directory with what is in it, and gives it away.
fn copy(from: &Path, to: &Path, ids: Ids) -> io::Result<()> {
    let metadata = fs::symlink_metadata(from)?;
    if metadata.is_dir() {
        fs::create_dir(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()), ids)?;
        }
    } else if metadata.is_symlink() {
        symlink(fs::read_link(from)?, to)?;
    } else {
        fs::copy(from, to)?;
    }
    lchown(to, Some(ids.0), Some(ids.1))
}

/// Takes back what was given away, so that nobody can change it any more. From the top: what lies in a directory that is ours
/// again cannot be exchanged for something else while we are at it. What is not theirs (a link to a file of somebody's) stays.
fn seal(path: &Path, ids: Ids) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    let is_theirs = metadata.uid() == ids.0;
    if is_theirs {
        lchown(path, Some(0), Some(0))?;
    }
    if metadata.is_dir() {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        for entry in fs::read_dir(path)? {
            seal(&entry?.path(), ids)?;
        }
    } else if is_theirs && !metadata.is_symlink() {
        // No user's rights come with it, either.
        fs::set_permissions(path, fs::Permissions::from_mode(metadata.mode() & 0o755 | 0o444))?;
    }
    Ok(())
}

pub(super) fn last_lines(printed: &[u8]) -> String {
    let text = String::from_utf8_lossy(printed);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}
