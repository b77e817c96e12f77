//! The Python that tests run migrations with.

use std::fs;
use std::path::{Path, PathBuf};

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

/// A file of a package's source that its wheel does not have; it lies in the environment afterwards. Of several the first one
/// by path.
pub(crate) fn file_of_source(interpreter: &Path, package: &str, name: &str) -> Result<(), Problem> {
    let Some(environment) = interpreter.parent().and_then(Path::parent) else { return Ok(()) };
    let place = environment.join(name);
    if place.exists() {
        return Ok(());
    }
    let file = |source| Problem::File { path: environment.to_owned(), source };
    let sources = tempfile::tempdir_in(environment).map_err(file)?;
    let directory = sources.path().to_string_lossy();
    let download = [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-binary",
        ":all:",
        "--dest",
        &directory,
        package,
    ];
    match is_installed("uv") {
        // Its environments have no pip.
        true => read(&mut command(
            "uv",
            [&["run", "--no-project", "--with", "pip", "python"][..], &download].concat(),
        ))?,
        false => read(&mut command(&interpreter.to_string_lossy(), download))?,
    };
    let unpack = "import pathlib, sys, tarfile\n\
                  source, name, place = map(pathlib.Path, sys.argv[1:])\n\
                  archive = tarfile.open(next(source.glob('*.tar.gz')))\n\
                  found = min(it for it in archive.getnames() if pathlib.PurePath(it).name == str(name))\n\
                  place.write_bytes(archive.extractfile(found).read())\n";
    let arguments = ["-c", unpack, &directory, name, &place.to_string_lossy()];
    read(&mut command(&interpreter.to_string_lossy(), arguments))?;
    Ok(())
}
