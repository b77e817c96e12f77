//! The interpreter that somebody names for all suites.

use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Why a named interpreter cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InterpreterError {
    /// It is not there, or cannot be looked at.
    #[error("cannot use the interpreter {}", path.display())]
    File {
        /// As it was named.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It is a directory.
    #[error("{} is a directory; give the interpreter in it, like {}", path.display(), path.join("bin/python").display())]
    Directory {
        /// As it was named.
        path: PathBuf,
    },
    /// Nobody may run it.
    #[error("{} cannot be run as a program; give a Python interpreter, like .venv/bin/python", path.display())]
    NoProgram {
        /// As it was named.
        path: PathBuf,
    },
}

/// The interpreter as an absolute path, because migrations run in the suite's directory; a bare name is looked for in `PATH`.
/// Symbolic links stay: a virtual environment *is* the place of its link.
///
/// # Errors
/// When there is no such program.
pub fn interpreter(given: &Path) -> Result<PathBuf, InterpreterError> {
    let named = || given.to_owned();
    let error = |source| InterpreterError::File { path: named(), source };
    let bare = given.file_name() == Some(given.as_os_str());
    let found = bare.then(|| on_path(given.as_os_str())).flatten().unwrap_or_else(named);
    let path = std::path::absolute(found).map_err(error)?;
    let metadata = std::fs::metadata(&path).map_err(error)?;
    if metadata.is_dir() {
        return Err(InterpreterError::Directory { path: named() });
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(InterpreterError::NoProgram { path: named() });
    }
    Ok(path)
}

fn on_path(name: &OsStr) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs::{self, Permissions};

    use super::*;

    #[test]
    fn an_interpreter_is_a_program_with_an_absolute_path() {
        let dir = tempfile::tempdir().unwrap();
        let (text, program) = (dir.path().join("text"), dir.path().join("program"));
        fs::write(&text, "").unwrap();
        fs::set_permissions(&text, Permissions::from_mode(0o644)).unwrap();
        fs::write(&program, "").unwrap();
        fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        assert_eq!(interpreter(&program).unwrap(), program);
        assert!(interpreter(Path::new("sh")).unwrap().is_absolute());
        assert!(matches!(interpreter(&text), Err(InterpreterError::NoProgram { .. })));
        assert!(matches!(interpreter(dir.path()), Err(InterpreterError::Directory { .. })));
        assert!(matches!(interpreter(&dir.path().join("none")), Err(InterpreterError::File { .. })));
    }
}
