//! What a change touches: files, and suites.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mrt_chain::settings::{Project, Suite};

use crate::error::CliError;

/// The suites that differ from what they were where the present branch left this one: committed or not.
pub(crate) fn since(project: &Project, suites: Vec<Suite>, reference: &str) -> Result<Vec<Suite>, CliError> {
    let changed = changed(&project.root, reference)?;
    Ok(suites.into_iter().filter(|suite| is_touched(project, suite, &changed)).collect())
}

/// The files of a directory that differ from what they were where the present branch left this one: committed or not, new or gone.
pub(crate) fn changed(root: &Path, reference: &str) -> Result<Vec<PathBuf>, CliError> {
    let base = base(root, reference)?;
    let diff = [
        "diff".as_ref(),
        "--name-only".as_ref(),
        // A file that was moved has changed at both places.
        "--no-renames".as_ref(),
        // What is in a submodule is told as the submodule, whatever somebody's git is set to.
        "--ignore-submodules=none".as_ref(),
        "-z".as_ref(),
        "--relative".as_ref(),
        base.as_os_str(),
    ];
    let mut changed = paths(root, &git(root, diff)?);
    let untracked = ["ls-files", "--others", "--exclude-standard", "-z"].map(OsStr::new);
    changed.extend(paths(root, &git(root, untracked)?));
    Ok(changed)
}

/// Whether a change to one of these files may change what becomes of the suite: its own files, those that its settings
/// name, and everything else that is not just a neighbour's: code that suites share is named nowhere.
fn is_touched(project: &Project, suite: &Suite, changed: &[PathBuf]) -> bool {
    let is_own = |path: &Path| suite.paths().any(|own| path.starts_with(own) || own.starts_with(path));
    let is_neighbours = |path: &Path| {
        // One that lies around this one is no neighbour.
        let mut others = project.suites.iter().filter(|other| !suite.dir.starts_with(&other.dir));
        others.any(|other| path.starts_with(&other.dir))
    };
    changed.iter().any(|path| is_own(path) || !is_neighbours(path))
}

fn paths(root: &Path, output: &[u8]) -> Vec<PathBuf> {
    let names = output.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names.map(|name| root.join(OsStr::from_bytes(name))).collect()
}

/// Where the present branch left the reference.
fn base(root: &Path, reference: &str) -> Result<OsString, CliError> {
    // An option is no reference.
    let arguments = ["merge-base", "--end-of-options", reference, "HEAD"].map(OsStr::new);
    let output = started(root, &arguments)?;
    let reason = said(&output);
    match output.status.code() {
        Some(0) => Ok(OsStr::from_bytes(output.stdout.trim_ascii()).to_owned()),
        Some(1) if reason.is_empty() => Err(CliError::NoCommonHistory { reference: reference.to_owned() }),
        _ if reason.contains(reference) => {
            Err(CliError::Reference { reference: reference.to_owned(), reason })
        }
        _ => Err(CliError::GitSays { command: shown(&arguments), reason }),
    }
}

fn git<'a>(root: &Path, arguments: impl IntoIterator<Item = &'a OsStr>) -> Result<Vec<u8>, CliError> {
    let arguments: Vec<&OsStr> = arguments.into_iter().collect();
    let output = started(root, &arguments)?;
    if !output.status.success() {
        return Err(CliError::GitSays { command: shown(&arguments), reason: said(&output) });
    }
    Ok(output.stdout)
}

fn started(root: &Path, arguments: &[&OsStr]) -> Result<Output, CliError> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output();
    output.map_err(|source| CliError::Git { command: shown(arguments), source })
}

fn shown(arguments: &[&OsStr]) -> String {
    format!("git {}", arguments.join(OsStr::new(" ")).to_string_lossy())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn run(dir: &Path, arguments: &[&str]) {
        let identity =
            ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"];
        let output = Command::new("git").arg("-C").arg(dir).args(identity).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn write(file: &Path, text: &str) {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn suite(dir: &Path) {
        write(&dir.join("alembic.ini"), "[alembic]\nscript_location = migrations\n");
        write(&dir.join("migrations/versions/a1.py"), "revision = 'a1'\ndown_revision = None\n");
    }

    /// Two suites in a repository with one commit, on which a branch begins; the second names files of the first and of nobody.
    fn repository() -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        suite(&root.join("one"));
        suite(&root.join("two"));
        write(&root.join("one/users.csv"), "id\n1\n");
        write(&root.join("one/start.sql"), "SELECT 1;\n");
        write(&root.join("shared/models.py"), "");
        let settings = "[suite.one]\npath = 'one'\n\n[suite.two]\npath = 'two'\n\n[[suite.two.seed]]\ntable = 'users'\n\
                        csv_file = '{root}/one/users.csv'\n\n[suite.two.target.sqlite]\ninitial_sql_file = '{root}/one/start.sql'\n";
        write(&root.join("mrt.toml"), settings);
        run(root, &["init", "-q", "-b", "main"]);
        run(root, &["add", "."]);
        run(root, &["commit", "-q", "-m", "one"]);
        run(root, &["checkout", "-q", "-b", "branch"]);
        dir
    }

    fn touched(root: &Path) -> Vec<String> {
        let project = Project::load(root).unwrap();
        let suites = project.suites.clone();
        since(&project, suites, "main").unwrap().into_iter().map(|suite| suite.name).collect()
    }

    #[test]
    fn a_suite_is_touched_by_what_may_change_its_verdicts() {
        let dir = repository();
        let root = dir.path();
        assert_eq!(touched(root), [""; 0]);
        let both = ["one", "two"];
        for (file, expected) in [
            ("one/migrations/versions/a2.py", &["one"][..]),
            ("two/anything", &["two"]),
            ("one/users.csv", &both),
            ("one/start.sql", &both),
            ("shared/models.py", &both),
            ("other.toml", &both),
        ] {
            let before = fs::read(root.join(file));
            write(&root.join(file), "changed");
            assert_eq!(touched(root), expected, "{file}");
            match before {
                Ok(before) => fs::write(root.join(file), before).unwrap(),
                Err(_) => fs::remove_file(root.join(file)).unwrap(),
            }
            assert_eq!(touched(root), [""; 0]);
        }
    }

    #[test]
    fn what_is_moved_or_removed_has_changed_at_both_places() {
        let dir = repository();
        let root = dir.path();
        write(&root.join("one/data/a.txt"), "a\nb\nc\n");
        run(root, &["add", "."]);
        run(root, &["commit", "-q", "-m", "data"]);
        run(root, &["branch", "-f", "main"]);
        fs::create_dir(root.join("two/data")).unwrap();
        run(root, &["mv", "one/data/a.txt", "two/data/a.txt"]);
        assert_eq!(touched(root), ["one", "two"]);
        run(root, &["commit", "-q", "-m", "moved"]);
        assert_eq!(touched(root), ["one", "two"]);
        run(root, &["reset", "-q", "--hard", "main"]);
        run(root, &["rm", "-q", "one/data/a.txt"]);
        assert_eq!(touched(root), ["one"]);
    }

    #[test]
    fn what_a_clone_lacks_is_told_with_how_to_get_it() {
        let dir = repository();
        let root = dir.path();
        let project = Project::load(root).unwrap();
        let told =
            |reference: &str| since(&project, project.suites.clone(), reference).unwrap_err().to_string();
        let unknown = told("origin/main");
        assert!(unknown.contains("origin/main") && unknown.contains("`git fetch`"), "{unknown}");
        run(root, &["checkout", "-q", "--orphan", "apart"]);
        run(root, &["commit", "-q", "-m", "apart"]);
        let apart = told("main");
        assert!(apart.contains("no common history with main") && apart.contains("fetch-depth: 0"), "{apart}");
    }

    #[test]
    fn a_suite_within_another_ones_directory_shares_its_code() {
        let dir = repository();
        let root = dir.path();
        suite(&root.join("one/inner"));
        write(&root.join("mrt.toml"), "[suite.one]\npath = 'one'\n\n[suite.inner]\npath = 'one/inner'\n");
        run(root, &["add", "."]);
        run(root, &["commit", "-q", "-m", "inner"]);
        run(root, &["branch", "-f", "main"]);
        write(&root.join("one/models.py"), "");
        assert_eq!(touched(root), ["one", "inner"]);
    }

    #[test]
    fn a_suite_in_a_submodule_is_touched_when_that_moves_on_or_is_changed() {
        let (dir, sub) = (repository(), repository());
        let root = dir.path();
        run(root, &["submodule", "-q", "add", sub.path().to_str().unwrap(), "sub"]);
        write(&root.join("mrt.toml"), "[suite.one]\npath = 'one'\n\n[suite.three]\npath = 'sub/two'\n");
        run(root, &["add", "."]);
        run(root, &["commit", "-q", "-m", "sub"]);
        run(root, &["branch", "-f", "main"]);
        assert_eq!(touched(root), [""; 0]);
        write(&root.join("sub/two/migrations/versions/a1.py"), "revision = 'b1'\ndown_revision = None\n");
        assert!(touched(root).contains(&"three".to_owned()));
        run(&root.join("sub"), &["commit", "-q", "-a", "-m", "two"]);
        assert!(touched(root).contains(&"three".to_owned()));
    }
}
