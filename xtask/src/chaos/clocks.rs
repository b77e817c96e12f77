//! Clocks that are wrong: a library between a program and the system, which leaves the monotonic clock alone.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{Problem, command, is_installed, read};
use crate::workshop;

const PACKAGE: &str = "libfaketime";

/// The library and the files that say how wrong each program's clock is.
#[derive(Debug)]
pub(super) struct Clocks {
    library: PathBuf,
    directory: PathBuf,
    /// Those that are wrong from the start.
    wrong: &'static [(&'static str, i64)],
}

impl Clocks {
    /// Gets the library from Debian, unpacked and not installed; the files go to `directory`. Programs whose clocks are wrong
    /// come with the seconds by which they are ahead.
    pub(super) fn get(directory: PathBuf, wrong: &'static [(&'static str, i64)]) -> Result<Self, Problem> {
        let place = workshop()?.join(PACKAGE);
        let unpacked = place.join("usr/lib");
        if !unpacked.exists() {
            if !is_installed("apt-get") || !is_installed("dpkg-deb") {
                return Err(Problem::Missing(format!("{PACKAGE} can only be had from Debian's packages")));
            }
            let file = |source| Problem::File { path: place.clone(), source };
            fs::create_dir_all(&place).map_err(file)?;
            read(command("apt-get", ["download", PACKAGE]).current_dir(&place))?;
            let archive = find(&place, &|name| name.ends_with(".deb"));
            let archive = archive.ok_or_else(|| Problem::unusable("apt-get has downloaded nothing"))?;
            let (archive, into) = (archive.display().to_string(), place.display().to_string());
            read(&mut command("dpkg-deb", ["--extract", &archive, &into]))?;
        }
        let library = find(&unpacked, &|name| name == "libfaketime.so.1")
            .ok_or_else(|| Problem::unusable(format!("there is no library in {}", place.display())))?;
        fs::create_dir_all(&directory).map_err(|source| Problem::File { path: directory.clone(), source })?;
        Ok(Self { library, directory, wrong })
    }

    /// A program's clock is so many seconds ahead from now on.
    pub(super) fn set(&self, program: &str, seconds: i64) -> Result<(), Problem> {
        let (path, new) = (self.file(program), self.directory.join("new"));
        // At once: it is read all the time.
        let written = fs::write(&new, format!("{seconds:+}\n")).and_then(|()| fs::rename(&new, &path));
        written.map_err(|source| Problem::File { path, source })
    }

    /// What a program has to be given when it starts.
    pub(super) fn environment(&self, program: &str) -> Result<Vec<(String, String)>, Problem> {
        let wrong = self.wrong.iter().find(|(name, _)| *name == program);
        self.set(program, wrong.map_or(0, |(_, seconds)| *seconds))?;
        let given = [
            ("LD_PRELOAD", self.library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.file(program).display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ];
        Ok(given.map(|(name, value)| (name.to_owned(), value)).to_vec())
    }

    fn file(&self, program: &str) -> PathBuf {
        self.directory.join(program)
    }
}

/// The first file below a directory whose name is as wanted.
fn find(directory: &Path, is_it: &dyn Fn(&str) -> bool) -> Option<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(directory).ok()?.flatten().map(|it| it.path()).collect();
    entries.sort();
    entries.iter().find_map(|path| {
        let name = path.file_name()?.to_str()?;
        if path.is_dir() { find(path, is_it) } else { is_it(name).then(|| path.clone()) }
    })
}
