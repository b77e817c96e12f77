//! The Python that tests run migrations with.

use std::fs;
use std::path::PathBuf;

use crate::process::{Problem, can_install, command, install, is_installed, read};
use crate::{root, workshop};

/// A virtual environment with what a file of requirements lists; returns its interpreter. Made anew when the list
/// changes.
pub(crate) fn environment(name: &str, requirements: &str) -> Result<PathBuf, Problem> {
    let dir = workshop()?.join(name);
    let interpreter = dir.join("bin/python");
    let requirements = root().join(requirements);
    let wanted = fs::read_to_string(&requirements)
        .map_err(|source| Problem::File { path: requirements.clone(), source })?;
    let stamp = dir.join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(interpreter);
    }
    eprintln!("making a Python environment in {}", dir.display());
    let file = |source| Problem::File { path: dir.clone(), source };
    if dir.exists() {
        fs::remove_dir_all(&dir).map_err(file)?;
    }
    let shown = dir.to_string_lossy();
    let list = requirements.to_string_lossy();
    if is_installed("uv") {
        read(&mut command("uv", ["venv", "--quiet", &shown]))?;
        let python = interpreter.to_string_lossy();
        read(&mut command("uv", ["pip", "install", "--quiet", "--python", &python, "--requirement", &list]))?;
    } else {
        let venv = || read(&mut command("python3", ["-m", "venv", "--clear", &shown]));
        // Debian keeps the module in a package of its own.
        if venv().is_err() {
            if can_install() {
                install(&["python3-venv"])?;
            }
            venv()?;
        }
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", &list];
        read(&mut command(&interpreter.to_string_lossy(), pip))?;
    }
    fs::write(&stamp, wanted).map_err(|source| Problem::File { path: stamp.clone(), source })?;
    Ok(interpreter)
}
