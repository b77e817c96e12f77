//! What an environment is made from, and its key.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::Driver;
use super::error::{EnvironmentError, failed};

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
    pub(super) fn install(&self) -> Option<(Vec<String>, String)> {
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

    /// The same, of a copy of the project's files.
    pub(super) fn moved(&self, from: &Path, to: &Path) -> Self {
        let moved =
            |path: &PathBuf| path.strip_prefix(from).map_or_else(|_| path.clone(), |rest| to.join(rest));
        Self {
            requirements: self.requirements.iter().map(moved).collect(),
            packages: self.packages.clone(),
            project: self.project.as_ref().map(moved),
        }
    }

    /// The same key, the same environment. And whether it is made from files of the project's besides requirements.
    pub(super) fn key(&self, base: &str, drivers: &[Driver]) -> Result<(String, bool), EnvironmentError> {
        let (mut hash, mut is_local) = (Sha256::new(), false);
        // Each part with its length, so that parts cannot be mistaken for one another.
        let mut part = |kind: &str, bytes: &[u8]| {
            is_local |= kind == "at";
            hash.update(format!("{kind} {}\n", bytes.len()));
            hash.update(bytes);
        };
        part("layout", b"2");
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
        Ok((key, is_local))
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

fn read(path: &Path) -> Result<Vec<u8>, EnvironmentError> {
    fs::read(path).map_err(failed("read", path))
}
