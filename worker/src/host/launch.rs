//! A running fork server: its processes, its socket, and who is connected to it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fs, io};

use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::{ChildStdin, Command};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::wire::{Connection, FromServer, Imported, Ready, Role, Tail, ToServer, frame};
use super::{HostError, HostSettings};

/// How long importing a project may take.
const LOAD_LIMIT: Duration = Duration::from_secs(300);
/// How long a fork may take; a lazy one imports the project.
const FORK_LIMIT: Duration = Duration::from_secs(300);
/// How long processes may take to be gone after they were killed.
pub(super) const DEATH_LIMIT: Duration = Duration::from_secs(20);
/// Longest path of a Unix socket that every system takes.
const MAX_SOCKET_PATH: usize = 100;

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

/// Settings as the guard reads them.
#[derive(Serialize)]
struct Wire<'a> {
    socket: &'a Path,
    token: &'a str,
    lazy: bool,
    dir: &'a Path,
    alembic_file: &'a Path,
    section: &'a str,
    script_location: &'a Path,
    version_locations: &'a [PathBuf],
    recursive: bool,
    url: &'a str,
    hand_over_url: bool,
    x_arguments: &'a [String],
    around: Option<&'a str>,
    max_file_bytes: u64,
    run_as: Option<(u32, u32)>,
}

/// A fork server. When this value is dropped, its processes die, children included.
#[derive(Debug)]
pub(super) struct Server {
    commands: mpsc::UnboundedSender<Vec<u8>>,
    shared: Arc<Shared>,
    /// The guard lives as long as this is open.
    lifeline: Mutex<Option<ChildStdin>>,
    /// How the guard ended, once it has.
    ended: watch::Receiver<Option<String>>,
    next_child: AtomicU64,
    _socket_dir: Option<tempfile::TempDir>,
    _tasks: JoinSet<()>,
}

/// What the tasks of a server share with it.
#[derive(Debug, Default)]
struct Shared {
    registry: Mutex<Registry>,
    printed: Mutex<Tail>,
}

#[derive(Debug, Default)]
struct Registry {
    /// Who is expected to connect.
    expected: BTreeMap<(String, Role), oneshot::Sender<Connection>>,
    /// Children whose end is awaited.
    children: BTreeMap<u64, oneshot::Sender<ChildEnd>>,
    imported: Option<oneshot::Sender<Imported>>,
    /// The server is gone; nobody will connect or end any more.
    closed: bool,
}

/// How a child ended.
#[derive(Debug)]
pub(super) enum ChildEnd {
    Exited(String),
    NotForked(String),
}

/// A fresh child's connections.
#[derive(Debug)]
pub(super) struct Forked {
    pub(super) number: u64,
    pub(super) token: String,
    pub(super) control: Connection,
    pub(super) output: Connection,
    pub(super) end: oneshot::Receiver<ChildEnd>,
}

impl Server {
    /// Starts the interpreter and loads the project; with `lazy` each child loads it.
    pub(super) async fn start(settings: &HostSettings, lazy: bool) -> Result<(Self, Ready), HostError> {
        let token = random_token()?;
        let script = write_scripts(settings)?;
        let (listener, socket, socket_dir) = listen(settings)?;
        let mut command = Command::new(&settings.interpreter);
        command.arg(&script).current_dir(&settings.scratch).env_clear().envs(environment(settings));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => HostError::NoInterpreter { interpreter: settings.interpreter.clone() },
            _ => HostError::Spawn { interpreter: settings.interpreter.clone(), source },
        })?;
        let lifeline = process.stdin.take();

        let shared = Arc::new(Shared::default());
        let mut tasks = JoinSet::new();
        let welcomed = shared.expect(&token, Role::Server);
        tasks.spawn(welcome(listener, Arc::clone(&shared)));
        let (announce, ended) = watch::channel(None);
        let mut readers = JoinSet::new();
        if let Some(pipe) = process.stdout.take() {
            readers.spawn(read_all(pipe, Arc::clone(&shared)));
        }
        if let Some(pipe) = process.stderr.take() {
            readers.spawn(read_all(pipe, Arc::clone(&shared)));
        }
        tasks.spawn(async move {
            let status = process.wait().await;
            // Its last words first. The pipes end with the last process that holds them.
            let _ = timeout(DEATH_LIMIT, readers.join_all()).await;
            let how = status.map_or_else(|error| error.to_string(), how_it_ended);
            let _ = announce.send(Some(how));
        });
        let (commands, outbox) = mpsc::unbounded_channel();
        let mut server = Self {
            commands,
            shared,
            lifeline: Mutex::new(None),
            ended,
            next_child: AtomicU64::new(0),
            _socket_dir: socket_dir,
            _tasks: tasks,
        };
        let wire = Wire::new(settings, &socket, &token, lazy);
        server.load(settings, &wire, lifeline, welcomed, outbox).await.map(|ready| (server, ready))
    }

    async fn load(
        &mut self,
        settings: &HostSettings,
        wire: &Wire<'_>,
        lifeline: Option<ChildStdin>,
        welcomed: oneshot::Receiver<Connection>,
        outbox: mpsc::UnboundedReceiver<Vec<u8>>,
    ) -> Result<Ready, HostError> {
        let Some(mut lifeline) = lifeline else {
            return Err(HostError::Protocol("the interpreter has no standard input".to_owned()));
        };
        let loading = async {
            // An interpreter that ended at once does not read them; that it ended is seen below.
            let _ = lifeline.write_all(&frame(wire)?).await;
            let Ok(mut connection) = welcomed.await else { return Ok(None) };
            Ok(connection.reader.next::<FromServer>().await?.map(|first| (connection, first)))
        };
        let mut ended = self.ended.clone();
        let first = tokio::select! {
            biased;
            first = loading => first?,
            _ = ended.wait_for(Option::is_some) => None,
            () = tokio::time::sleep(LOAD_LIMIT) => {
                let (dir, printed) = (settings.dir.clone(), self.printed());
                return Err(HostError::LoadTimedOut { dir, limit: LOAD_LIMIT, printed });
            }
        };
        *lock(&self.lifeline) = Some(lifeline);
        let Some((connection, first)) = first else {
            let how = self.death().await;
            let interpreter = settings.interpreter.clone();
            return Err(HostError::EndedAtOnce { interpreter, how, printed: self.printed() });
        };
        match first {
            FromServer::Ready(ready) => {
                let Connection { reader, writer } = connection;
                self._tasks.spawn(listen_to(reader, Arc::clone(&self.shared)));
                self._tasks.spawn(speak(writer, outbox));
                Ok(ready)
            }
            FromServer::Failed(failure) => Err(HostError::of_load(failure, &settings.interpreter)),
            other => Err(HostError::Protocol(format!("unexpected first message {other:?}"))),
        }
    }

    /// Forks a child and waits until it is connected.
    pub(super) async fn fork(&self) -> Result<Forked, HostError> {
        let token = random_token()?;
        let number = self.next_child.fetch_add(1, Ordering::Relaxed);
        // Expected before it is asked for: a stranger is sent away.
        let control = self.shared.expect(&token, Role::Control);
        let output = self.shared.expect(&token, Role::Output);
        let connections = async { Some((control.await.ok()?, output.await.ok()?)) };
        let mut end = self.shared.expect_end(number);
        self.send(&ToServer::Fork { child: number, token: &token })?;
        let connected = tokio::select! {
            connected = connections => connected,
            end = &mut end => match end {
                Ok(ChildEnd::NotForked(message)) => return Err(HostError::Fork(message)),
                Ok(ChildEnd::Exited(how)) => return Err(HostError::Fork(format!("it ended at once ({how})"))),
                Err(_) => None,
            },
            () = tokio::time::sleep(FORK_LIMIT) => {
                self.kill(number);
                return Err(HostError::Fork(format!("it did not connect within {FORK_LIMIT:?}")));
            }
        };
        match connected {
            Some((control, output)) => Ok(Forked { number, token, control, output, end }),
            None => Err(self.gone().await),
        }
    }

    /// Imports modules into the server; `None` when that took too long.
    pub(super) async fn import(
        &self,
        modules: &[String],
        limit: Duration,
    ) -> Result<Option<Imported>, HostError> {
        let (sender, receiver) = oneshot::channel();
        lock(&self.shared.registry).imported = Some(sender);
        self.send(&ToServer::Import { modules })?;
        match timeout(limit, receiver).await {
            Ok(Ok(imported)) => Ok(Some(imported)),
            Ok(Err(_)) => Err(self.gone().await),
            Err(_) => Ok(None),
        }
    }

    /// Kills a child with its process group; that it ended is told to whoever holds its [`Forked::end`].
    pub(super) fn kill(&self, number: u64) {
        // A server that is gone has taken its children along.
        let _ = self.send(&ToServer::Kill { child: number });
    }

    fn send(&self, message: &ToServer<'_>) -> Result<(), HostError> {
        // When nobody listens any more, the waiting side hears of it by its own channel.
        let _ = self.commands.send(frame(message)?);
        Ok(())
    }

    /// The error that says how the server ended.
    pub(super) async fn gone(&self) -> HostError {
        HostError::Ended { how: self.death().await, printed: self.printed() }
    }

    /// Lets all processes die and waits until they have.
    pub(super) async fn close(&self) {
        *lock(&self.lifeline) = None;
        self.death().await;
    }

    async fn death(&self) -> String {
        let mut ended = self.ended.clone();
        let how = timeout(DEATH_LIMIT, ended.wait_for(Option::is_some)).await;
        match how {
            Ok(Ok(how)) => how.clone().unwrap_or_default(),
            _ => "it does not answer".to_owned(),
        }
    }

    fn printed(&self) -> String {
        lock(&self.shared.printed).take()
    }
}

impl<'a> Wire<'a> {
    fn new(settings: &'a HostSettings, socket: &'a Path, token: &'a str, lazy: bool) -> Self {
        Self {
            socket,
            token,
            lazy,
            dir: &settings.dir,
            alembic_file: &settings.alembic_file,
            section: &settings.section,
            script_location: &settings.script_location,
            version_locations: &settings.version_locations,
            recursive: settings.recursive,
            url: &settings.url,
            hand_over_url: settings.hand_over_url,
            x_arguments: &settings.x_arguments,
            around: settings.around.as_deref(),
            max_file_bytes: settings.max_file_bytes,
            run_as: settings.run_as,
        }
    }
}

impl Shared {
    fn expect(&self, token: &str, role: Role) -> oneshot::Receiver<Connection> {
        let (sender, receiver) = oneshot::channel();
        let mut registry = lock(&self.registry);
        if !registry.closed {
            registry.expected.insert((token.to_owned(), role), sender);
        }
        receiver
    }

    fn expect_end(&self, number: u64) -> oneshot::Receiver<ChildEnd> {
        let (sender, receiver) = oneshot::channel();
        let mut registry = lock(&self.registry);
        if !registry.closed {
            registry.children.insert(number, sender);
        }
        receiver
    }

    fn child_ended(&self, number: u64, end: ChildEnd) {
        if let Some(waiting) = lock(&self.registry).children.remove(&number) {
            let _ = waiting.send(end);
        }
    }
}

/// Accepts connections and hands each to whoever expects it; strangers are dropped.
async fn welcome(listener: UnixListener, shared: Arc<Shared>) {
    let mut guests = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        while guests.try_join_next().is_some() {}
        guests.spawn(introduce(stream, Arc::clone(&shared)));
    }
}

async fn introduce(stream: UnixStream, shared: Arc<Shared>) {
    let Ok((hello, connection)) = Connection::accept(stream).await else { return };
    let waiting = lock(&shared.registry).expected.remove(&(hello.token, hello.role));
    if let Some(waiting) = waiting {
        let _ = waiting.send(connection);
    }
}

/// Hears the fork server until it is gone.
async fn listen_to(mut reader: super::wire::FrameReader, shared: Arc<Shared>) {
    loop {
        match reader.next::<FromServer>().await {
            Ok(Some(FromServer::Exited { child, how })) => shared.child_ended(child, ChildEnd::Exited(how)),
            Ok(Some(FromServer::NotForked { child, message })) => {
                shared.child_ended(child, ChildEnd::NotForked(message));
            }
            Ok(Some(FromServer::Imported(imported))) => {
                if let Some(waiting) = lock(&shared.registry).imported.take() {
                    let _ = waiting.send(imported);
                }
            }
            Ok(Some(FromServer::Ready(_) | FromServer::Failed(_)) | None) | Err(_) => break,
        }
    }
    // Dropping the senders tells everybody.
    *lock(&shared.registry) = Registry { closed: true, ..Registry::default() };
}

async fn read_all(mut pipe: impl AsyncRead + Unpin, shared: Arc<Shared>) {
    let mut chunk = vec![0; 8 << 10];
    while let Ok(count @ 1..) = pipe.read(&mut chunk).await {
        lock(&shared.printed).push(&chunk[..count]);
    }
}

async fn speak(mut writer: tokio::net::unix::OwnedWriteHalf, mut outbox: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(bytes) = outbox.recv().await {
        if writer.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

fn write_scripts(settings: &HostSettings) -> Result<PathBuf, HostError> {
    let root = settings.scratch.join("host");
    let package = root.join("mrt_host");
    fs::create_dir_all(&package).map_err(scratch("create", &package))?;
    for (name, text) in SCRIPTS {
        let path = root.join(name);
        fs::write(&path, text).map_err(scratch("write", &path))?;
    }
    if let Some((user, group)) = settings.run_as {
        std::os::unix::fs::chown(&settings.scratch, Some(user), Some(group))
            .map_err(scratch("give away", &settings.scratch))?;
    }
    Ok(root.join("start.py"))
}

/// A socket in the scratch directory, or in a shorter one where its path would be too long for a socket.
fn listen(settings: &HostSettings) -> Result<(UnixListener, PathBuf, Option<tempfile::TempDir>), HostError> {
    let mut own_dir = None;
    let mut path = settings.scratch.join("host.socket");
    if path.as_os_str().len() > MAX_SOCKET_PATH {
        let dir = tempfile::Builder::new().prefix("mrt-").tempdir_in("/tmp");
        let dir = dir.map_err(scratch("create a directory in", Path::new("/tmp")))?;
        if let Some((user, group)) = settings.run_as {
            std::os::unix::fs::chown(dir.path(), Some(user), Some(group))
                .map_err(scratch("give away", dir.path()))?;
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

/// The clean environment of migrations: nothing of ours but where programs are.
fn environment(settings: &HostSettings) -> BTreeMap<OsString, OsString> {
    let mut environment: BTreeMap<OsString, OsString> = BTreeMap::new();
    let mut set = |name: &str, value: OsString| environment.insert(name.into(), value);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let programs = settings.interpreter.parent().map(Path::to_owned);
    let path = std::env::join_paths(programs.into_iter().chain(std::env::split_paths(&path))).unwrap_or(path);
    set("PATH", path);
    set("HOME", settings.scratch.clone().into());
    set("TMPDIR", settings.scratch.clone().into());
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
    if settings.hand_over_url {
        set("DATABASE_URL", settings.url.clone().into());
    }
    for (name, value) in &settings.env {
        set(name, value.into());
    }
    environment
}

fn random_token() -> Result<String, HostError> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0_u8; 16];
    let mut file = fs::File::open(source).map_err(scratch("read", source))?;
    io::Read::read_exact(&mut file, &mut bytes).map_err(scratch("read", source))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn scratch(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> HostError {
    let path = path.to_owned();
    move |source| HostError::Scratch { action, path, source }
}

fn how_it_ended(status: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "an unknown status".to_owned(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
