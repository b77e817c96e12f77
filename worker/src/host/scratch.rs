//! What a host finds when it starts: the Python side's files, the socket, the environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use tokio::net::UnixListener;

use super::{HostError, HostSettings};

/// Longest path of a Unix socket that every system takes.
const MAX_SOCKET_PATH: usize = 100;

/// Stands for the URL in the settings' environment.
const URL: &str = "{url}";

/// The Python side, by file.
const SCRIPTS: [(&str, &str); 13] = [
    ("start.py", include_str!("python/start.py")),
    ("mrt_host/__init__.py", include_str!("python/mrt_host/__init__.py")),
    ("mrt_host/child.py", include_str!("python/mrt_host/child.py")),
    ("mrt_host/declared.py", include_str!("python/mrt_host/declared.py")),
    ("mrt_host/failure.py", include_str!("python/mrt_host/failure.py")),
    ("mrt_host/guard.py", include_str!("python/mrt_host/guard.py")),
    ("mrt_host/process.py", include_str!("python/mrt_host/process.py")),
    ("mrt_host/project.py", include_str!("python/mrt_host/project.py")),
    ("mrt_host/server.py", include_str!("python/mrt_host/server.py")),
    ("mrt_host/step.py", include_str!("python/mrt_host/step.py")),
    ("mrt_host/warm.py", include_str!("python/mrt_host/warm.py")),
    ("mrt_host/watch.py", include_str!("python/mrt_host/watch.py")),
    ("mrt_host/wire.py", include_str!("python/mrt_host/wire.py")),
];

/// Writes the Python side, and makes the home of the migrations. They own no more than that: what we write must not lie where
/// they could have put a link, or change what a later host runs.
pub(super) fn write_scripts(settings: &HostSettings) -> Result<PathBuf, HostError> {
    let root = settings.scratch.join("host");
    let package = root.join("mrt_host");
    fs::create_dir_all(&package).map_err(scratch("create", &package))?;
    for (name, text) in SCRIPTS {
        let path = root.join(name);
        fs::write(&path, text).map_err(scratch("write", &path))?;
        open_to_all(&path, 0o644)?;
    }
    let home = home(settings);
    fs::create_dir_all(&home).map_err(scratch("create", &home))?;
    if let Some((user, group)) = settings.run_as {
        for directory in [&settings.scratch, &root, &package] {
            open_to_all(directory, 0o755)?;
        }
        std::os::unix::fs::chown(&home, Some(user), Some(group)).map_err(scratch("give away", &home))?;
    }
    Ok(root.join("start.py"))
}

/// HOME and TMPDIR of the migrations.
fn home(settings: &HostSettings) -> PathBuf {
    settings.scratch.join("home")
}

fn open_to_all(path: &Path, mode: u32) -> Result<(), HostError> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(scratch("open to others", path))
}

/// A socket in the scratch directory, or in a shorter one where its path would be too long for a socket.
pub(super) fn listen(
    settings: &HostSettings,
) -> Result<(UnixListener, PathBuf, Option<tempfile::TempDir>), HostError> {
    let mut own_dir = None;
    let mut path = settings.scratch.join("host.socket");
    if path.as_os_str().len() > MAX_SOCKET_PATH {
        let dir = tempfile::Builder::new().prefix("mrt-").tempdir_in("/tmp");
        let dir = dir.map_err(scratch("create a directory in", Path::new("/tmp")))?;
        if settings.run_as.is_some() {
            open_to_all(dir.path(), 0o755)?;
        }
        path = dir.path().join("host.socket");
        own_dir = Some(dir);
    }
    // One of an earlier server of this host.
    if let Err(source) = fs::remove_file(&path)
        && source.kind() != io::ErrorKind::NotFound
    {
        return Err(scratch("remove", &path)(source));
    }
    let listener = UnixListener::bind(&path).map_err(scratch("listen on", &path))?;
    let mode = fs::Permissions::from_mode(if settings.run_as.is_some() { 0o666 } else { 0o600 });
    fs::set_permissions(&path, mode).map_err(scratch("set the permissions of", &path))?;
    Ok((listener, path, own_dir))
}

/// The clean environment of migrations: nothing of ours but where programs are. What hangs on the URL comes later.
pub(super) fn environment(settings: &HostSettings) -> BTreeMap<OsString, OsString> {
    let mut environment: BTreeMap<OsString, OsString> = BTreeMap::new();
    let mut set = |name: &str, value: OsString| environment.insert(name.into(), value);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let programs = settings.interpreter.parent().map(Path::to_owned);
    let path = std::env::join_paths(programs.into_iter().chain(std::env::split_paths(&path))).unwrap_or(path);
    set("PATH", path);
    set("HOME", home(settings).into());
    set("TMPDIR", home(settings).into());
    set("LANG", "C.UTF-8".into());
    set("TZ", "UTC".into());
    set("PYTHONHASHSEED", "0".into());
    // Compiled files of the environment are used; none are left in the project's tree.
    set("PYTHONDONTWRITEBYTECODE", "1".into());
    // Packages that were installed with `pip install --user` stay visible although HOME is another.
    let user_base = std::env::var_os("PYTHONUSERBASE")
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".local").into()));
    if let Some(user_base) = user_base {
        set("PYTHONUSERBASE", user_base);
    }
    // Numeric libraries start a thread per core when they are imported, and a process with threads cannot be forked.
    for library in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
        set(library, "1".into());
    }
    for (name, value) in settings.env.iter().filter(|(_, value)| !value.contains(URL)) {
        set(name, value.into());
    }
    environment
}

/// What of the environment is known with the URL.
pub(super) fn environment_with_url(settings: &HostSettings, url: &str) -> BTreeMap<String, String> {
    let mut environment = BTreeMap::new();
    if settings.hand_over_url {
        environment.insert("DATABASE_URL".to_owned(), url.to_owned());
    }
    let with_url = settings.env.iter().filter(|(_, value)| value.contains(URL));
    environment.extend(with_url.map(|(name, value)| (name.clone(), value.replace(URL, url))));
    environment
}

pub(super) fn scratch(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> HostError {
    let path = path.to_owned();
    move |source| HostError::Scratch { action, path, source }
}
