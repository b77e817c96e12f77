//! Docker's plugins `buildx` and `compose`: the machine's own, or those of Debian's packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::images::mirror;
use crate::process::{Problem, command, is_installed, read, succeeds};
use crate::workshop;

/// The first release of Debian that has them. They need nothing but the C library, and that of the release before will do.
const SUITE: &str = "trixie";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// A plugin that can be run.
#[derive(Debug, Clone)]
pub(crate) struct Plugin {
    /// Its own program, where Docker's client does not find it.
    program: Option<PathBuf>,
    name: &'static str,
}

impl Plugin {
    /// The machine's, or else one that is unpacked in our workshop. Nothing is installed.
    pub(crate) fn find(name: &'static str) -> Result<Self, Problem> {
        let known = Self { program: None, name };
        if succeeds(known.command().arg("version")) {
            return Ok(known);
        }
        let place = workshop()?.join("plugins");
        let program = place.join(format!("docker-{name}"));
        let unpacked = Self { program: Some(program.clone()), name };
        if !program.exists() {
            if !is_installed("apt-get") || !is_installed("dpkg-deb") {
                let what = format!("docker {name} is not installed; install Docker's plugin (docker-{name})");
                return Err(Problem::Missing(what));
            }
            unpack(name, &place, &program)?;
        }
        read(unpacked.command().arg("version"))?;
        Ok(unpacked)
    }

    /// `docker NAME`, to be given arguments.
    pub(crate) fn command(&self) -> Command {
        match &self.program {
            Some(program) => Command::new(program),
            None => command("docker", [self.name]),
        }
    }
}

/// Fetches a package, whichever release this machine is of, and takes the plugin out of it.
fn unpack(name: &str, place: &Path, program: &Path) -> Result<(), Problem> {
    eprintln!("docker {name} is not installed; taking it from Debian {SUITE}");
    let file = |source| Problem::File { path: place.to_owned(), source };
    let work = place.join(name);
    for directory in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(work.join(directory)).map_err(file)?;
    }
    let sources = work.join("sources.list");
    fs::write(&sources, format!("deb [signed-by={KEYRING}] {} {SUITE} main\n", mirror())).map_err(file)?;
    let apt = |arguments: &[&str]| {
        let mut apt = command("apt-get", ["-q"]);
        let settings = [
            format!("Dir::Etc::SourceList={}", sources.display()),
            "Dir::Etc::SourceParts=-".to_owned(),
            format!("Dir::State::Lists={}", work.join("lists").display()),
            format!("Dir::Cache={}", work.join("cache").display()),
            // Its own user may not come to where this is.
            "APT::Sandbox::User=root".to_owned(),
            "Acquire::Languages=none".to_owned(),
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false".to_owned(),
        ];
        apt.args(settings.iter().flat_map(|setting| ["-o", setting])).args(arguments).current_dir(&work);
        read(&mut apt).map(drop)
    };
    apt(&["update"])?;
    apt(&["download", &format!("docker-{name}")])?;
    let is_package = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "deb");
    let mut entries = fs::read_dir(&work).map_err(file)?.filter_map(|entry| Some(entry.ok()?.path()));
    let Some(package) = entries.find(is_package) else {
        return Err(Problem::unusable(format!("apt-get has left no package in {}", work.display())));
    };
    let tree = work.join("tree");
    read(command("dpkg-deb", ["--extract"]).arg(&package).arg(&tree))?;
    let unpacked = tree.join("usr/libexec/docker/cli-plugins").join(format!("docker-{name}"));
    fs::rename(&unpacked, program).map_err(|source| Problem::File { path: unpacked, source })?;
    fs::remove_dir_all(&work).map_err(file)
}
