//! Programs of projects: as whom they run, and that nothing of them is left.
//!
//! Whatever a project can have run (builds of environments, its interpreter, its migrations, its seed commands) is a
//! [`Program`]. Where we are root it runs as [`nobody`]. Between it and us stands a guard, a small Python process of the
//! machine's own that keeps our user: it ends all that came of the program when that has ended, or when we are gone.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::OnceCell;
use tokio::time::timeout;

#[cfg(test)]
mod tests;

const GUARD: &str = include_str!("guard.py");
/// The oldest Python that the guard works with, and its path.
const FIND_PYTHON: &str = "import sys; sys.exit(1) if sys.version_info < (3, 8) else print(sys.executable)";
/// How the guard ends where the program cannot be run.
const NOT_RUN: i32 = 126;
/// How much of what a program prints is kept: of each stream the end.
const KEPT: usize = 64 << 10;

/// A user and a group.
pub(crate) type Ids = (u32, u32);

/// As whom the code of projects runs, if not as ourselves: where we are root, and there is such a user.
pub(crate) fn nobody() -> Option<Ids> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let user = nix::unistd::User::from_name("nobody").ok().flatten()?;
    Some((user.uid.as_raw(), user.gid.as_raw()))
}

/// The first of these files (to be run) and directories (to be looked through) that a user cannot use. It is the system
/// that is asked, as that user; no code of a project has a say in it.
pub(crate) async fn unreachable<'a>(ids: Ids, paths: &[&'a Path]) -> Option<&'a Path> {
    for path in paths {
        let mut test = Command::new("/bin/sh");
        test.args(["-c", "test -r \"$1\" && test -x \"$1\"", "sh"]).arg(path);
        test.env_clear().current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let answer = test.uid(ids.0).gid(ids.1).kill_on_drop(true).status().await;
        if !answer.is_ok_and(|status| status.success()) {
            return Some(path);
        }
    }
    None
}

/// A program on the PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    all_on_path(name).next()
}

/// Every program of that name on the PATH.
pub(crate) fn all_on_path(name: &str) -> impl Iterator<Item = PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found: Vec<PathBuf> = std::env::split_paths(&path).map(|dir| dir.join(name)).collect();
    found.into_iter().filter(|program| {
        program.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    })
}

/// A program to run, with all that it gets.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    arguments: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    directory: PathBuf,
    run_as: Option<Ids>,
}

/// A program that runs. It and all that came of it end when this is dropped.
#[derive(Debug)]
pub(crate) struct Started {
    /// The guard, or the program itself where there is none.
    pub(crate) process: Child,
    /// What is written here the program reads; its end is the program's.
    pub(crate) lifeline: Option<ChildStdin>,
}

/// What came of a program.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Output {
    /// The system would not run it; the reason stands in `stderr`. (A program can pretend as much.)
    pub(crate) fn was_not_run(&self) -> bool {
        self.status.code() == Some(NOT_RUN) && self.stderr.starts_with(b"cannot run ")
    }
}

impl Program {
    /// A program by its path, or by a name that is looked for on the PATH that it gets; with an empty environment.
    pub(crate) fn new(program: &Path, directory: &Path, run_as: Option<Ids>) -> Self {
        let arguments = vec![program.as_os_str().to_owned()];
        Self { arguments, environment: BTreeMap::new(), directory: directory.to_owned(), run_as }
    }

    pub(crate) fn program(&self) -> &Path {
        self.arguments.first().map(Path::new).unwrap_or(Path::new(""))
    }

    pub(crate) fn arg(&mut self, argument: impl AsRef<OsStr>) -> &mut Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(&mut self, arguments: impl IntoIterator<Item = A>) -> &mut Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    pub(crate) fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.environment.insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    pub(crate) fn envs(
        &mut self,
        all: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>,
    ) -> &mut Self {
        for (name, value) in all {
            self.env(name, value);
        }
        self
    }

    /// Takes what is there, but for what is ours: tokens are no program's business.
    pub(crate) fn inherit(&mut self) -> &mut Self {
        let ours = |name: &OsStr| name.as_bytes().starts_with(b"MRT_");
        self.envs(std::env::vars_os().filter(|(name, _)| !ours(name)))
    }

    /// Takes away all variables but some.
    pub(crate) fn env_keep(&mut self, keep: impl Fn(&str) -> bool) -> &mut Self {
        self.environment.retain(|name, _| name.to_str().is_some_and(&keep));
        self
    }

    pub(crate) fn env_remove(&mut self, name: &str) -> &mut Self {
        self.environment.remove(OsStr::new(name));
        self
    }

    /// Starts one that ends what it leaves by itself, as hosts do, to be written to. Our own user's needs no guard.
    pub(crate) async fn start(&self) -> io::Result<Started> {
        match (self.run_as, guard_python().await) {
            (Some(_), Some(guard)) => self.begin(guard, true).await,
            _ => spawn(self.alone()),
        }
    }

    /// Runs it to its end. What it prints is bounded; it reads nothing. Dropping the future ends it.
    pub(crate) async fn output(&self, limit: Duration) -> io::Result<Output> {
        let Started { mut process, lifeline } = match guard_python().await {
            Some(guard) => self.begin(guard, false).await?,
            None => {
                let mut command = self.alone();
                command.kill_on_drop(true);
                let Started { process, lifeline } = spawn(command)?;
                drop(lifeline);
                Started { process, lifeline: None }
            }
        };
        let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
        let all = async { tokio::join!(process.wait(), last_of(stdout), last_of(stderr)) };
        let ended = timeout(limit, all).await;
        drop(lifeline);
        let (status, stdout, stderr) = ended.map_err(|_| {
            io::Error::new(io::ErrorKind::TimedOut, format!("it did not end within {} s", limit.as_secs()))
        })?;
        Ok(Output { status: status?, stdout, stderr })
    }

    async fn begin(&self, guard: &Path, feeds: bool) -> io::Result<Started> {
        let mut command = Command::new(guard);
        // Nothing of the program's environment is the guard's: it could have it load something.
        command.args(["-I", "-S", "-c", GUARD]).env_clear().current_dir("/");
        let mut started = spawn(command)?;
        let header = self.header(feeds)?;
        if let Some(lifeline) = &mut started.lifeline
            && let Err(error) = lifeline.write_all(&header).await
        {
            let words = last_of(started.process.stderr.take()).await;
            let words = String::from_utf8_lossy(&words).trim().to_owned();
            return Err(io::Error::new(error.kind(), format!("its guard has ended: {words}")));
        }
        Ok(started)
    }

    /// Where there is no Python but the project's, nobody may run that but whom the program is to run as.
    fn alone(&self) -> Command {
        let mut command = Command::new(self.program());
        command.args(&self.arguments[1..]).env_clear().envs(&self.environment).current_dir(&self.directory);
        if let Some((user, group)) = self.run_as {
            command.uid(user).gid(group);
        }
        command
    }

    fn header(&self, feeds: bool) -> io::Result<Vec<u8>> {
        let (user, group) = self.run_as.map_or_else(Default::default, |(user, group)| {
            (user.to_string().into_bytes(), group.to_string().into_bytes())
        });
        let count = self.arguments.len().to_string().into_bytes();
        let mut fields =
            vec![user, group, vec![if feeds { b'1' } else { b'0' }], bytes(&self.directory), count];
        fields.extend(self.arguments.iter().map(bytes));
        fields.extend(
            self.environment.iter().map(|(name, value)| [&bytes(name)[..], b"=", &bytes(value)].concat()),
        );
        if fields.iter().any(|field| field.contains(&0)) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "an argument or a variable holds a zero byte",
            ));
        }
        let body = fields.join(&0);
        let mut header = format!("{:08}", body.len()).into_bytes();
        header.extend(body);
        Ok(header)
    }
}

fn spawn(mut command: Command) -> io::Result<Started> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn()?;
    let lifeline = process.stdin.take();
    Ok(Started { process, lifeline })
}

fn bytes(text: impl AsRef<OsStr>) -> Vec<u8> {
    text.as_ref().as_bytes().to_vec()
}

/// The Python that guards: one of the machine's, found by the PATH that we were given. Never a project's.
async fn guard_python() -> Option<&'static Path> {
    static FOUND: OnceCell<Option<PathBuf>> = OnceCell::const_new();
    let found = FOUND.get_or_init(|| async {
        for python in all_on_path("python3") {
            let mut command = Command::new(&python);
            command.args(["-I", "-S", "-c", FIND_PYTHON]).current_dir("/").stdin(Stdio::null());
            let Ok(answer) = command.kill_on_drop(true).output().await else { continue };
            // The program itself: what is on the PATH may be a script that looks for it each time.
            let path = PathBuf::from(OsStr::from_bytes(answer.stdout.trim_ascii()));
            if answer.status.success() && path.is_absolute() {
                return Some(path);
            }
        }
        tracing::warn!(
            "no python3 (3.8 or newer) is on the PATH: what programs of projects leave running is not ended"
        );
        None
    });
    found.await.as_deref()
}

/// The end of a stream.
async fn last_of(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut all = Vec::new();
    let Some(mut pipe) = pipe else { return all };
    let mut chunk = vec![0; 8 << 10];
    while let Ok(count @ 1..) = pipe.read(&mut chunk).await {
        all.extend_from_slice(&chunk[..count]);
        // Cut late, so that each byte is moved about once.
        if all.len() > 4 * KEPT {
            all.drain(..all.len() - KEPT);
        }
    }
    all
}
