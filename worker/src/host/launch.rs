//! A running fork server: its processes, its socket, and who is connected to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fs, io};

use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::ChildStdin;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::scratch::{self, scratch};
use super::wire::{Connection, FromServer, Imported, Ready, Role, Tail, ToServer, frame};
use super::{HostError, HostSettings};
use crate::program::{Program, Started};

/// How long importing a project may take.
const LOAD_LIMIT: Duration = Duration::from_secs(300);
/// How long a fork may take; a lazy one imports the project.
const FORK_LIMIT: Duration = Duration::from_secs(300);
/// How long processes may take to be gone after they were killed.
pub(super) const DEATH_LIMIT: Duration = Duration::from_secs(20);

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
    hand_over_url: bool,
    x_arguments: &'a [String],
    around: Option<&'a str>,
    max_file_bytes: u64,
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
    tasks: JoinSet<()>,
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
    pub(super) async fn start(
        settings: &HostSettings,
        url: &str,
        lazy: bool,
    ) -> Result<(Self, Ready), HostError> {
        Starting::spawn(settings, lazy).await?.load(settings, url).await
    }

    /// What a fork server that is starting says, if it says anything.
    async fn answered<T>(
        &self,
        settings: &HostSettings,
        answer: impl Future<Output = Result<Option<T>, HostError>>,
    ) -> Result<T, HostError> {
        let mut ended = self.ended.clone();
        let answer = tokio::select! {
            biased;
            answer = answer => answer?,
            _ = ended.wait_for(Option::is_some) => None,
            () = tokio::time::sleep(LOAD_LIMIT) => {
                let (dir, printed) = (settings.dir.clone(), self.printed());
                return Err(HostError::LoadTimedOut { dir, limit: LOAD_LIMIT, printed });
            }
        };
        match answer {
            Some(answer) => Ok(answer),
            None => {
                let how = self.death().await;
                let interpreter = settings.interpreter.clone();
                Err(HostError::EndedAtOnce { interpreter, how, printed: self.printed() })
            }
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

/// A fork server that has no URL yet. It has imported what every project needs.
#[derive(Debug)]
pub(super) struct Starting {
    server: Server,
    connection: Connection,
    outbox: mpsc::UnboundedReceiver<Vec<u8>>,
}

impl Starting {
    pub(super) async fn spawn(settings: &HostSettings, lazy: bool) -> Result<Self, HostError> {
        let token = random_token()?;
        let script = scratch::write_scripts(settings)?;
        let (listener, socket, socket_dir) = scratch::listen(settings)?;
        let mut program = Program::new(&settings.interpreter, &settings.scratch, settings.run_as);
        program.arg(&script).envs(scratch::environment(settings));
        if !settings.interpreter.exists() {
            return Err(HostError::NoInterpreter { interpreter: settings.interpreter.clone() });
        }
        let Started { mut process, lifeline } = program
            .start()
            .await
            .map_err(|source| HostError::Spawn { interpreter: settings.interpreter.clone(), source })?;
        let Some(mut lifeline) = lifeline else {
            return Err(HostError::Protocol("the interpreter has no standard input".to_owned()));
        };

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
        let server = Server {
            commands,
            shared,
            lifeline: Mutex::new(None),
            ended,
            next_child: AtomicU64::new(0),
            _socket_dir: socket_dir,
            tasks,
        };
        let wire = frame(&Wire::new(settings, &socket, &token, lazy))?;
        let preparing = async {
            // An interpreter that ended at once does not read them; that it ended is seen by itself.
            let _ = lifeline.write_all(&wire).await;
            let Ok(mut connection) = welcomed.await else { return Ok(None) };
            Ok(connection.reader.next::<FromServer>().await?.map(|first| (connection, first)))
        };
        let (connection, first) = server.answered(settings, preparing).await?;
        *lock(&server.lifeline) = Some(lifeline);
        match first {
            FromServer::Prepared => Ok(Self { server, connection, outbox }),
            FromServer::Failed(failure) => Err(HostError::of_load(failure, &settings.interpreter)),
            other => Err(HostError::Protocol(format!("unexpected first message {other:?}"))),
        }
    }

    /// Loads the project for its URL.
    pub(super) async fn load(self, settings: &HostSettings, url: &str) -> Result<(Server, Ready), HostError> {
        let Self { mut server, mut connection, outbox } = self;
        let load = frame(&ToServer::Load { url, env: scratch::environment_with_url(settings, url) })?;
        let loading = async {
            // One that has ended meanwhile does not read it.
            let _ = connection.writer.write_all(&load).await;
            connection.reader.next::<FromServer>().await
        };
        match server.answered(settings, loading).await? {
            FromServer::Ready(ready) => {
                let Connection { reader, writer } = connection;
                server.tasks.spawn(listen_to(reader, Arc::clone(&server.shared)));
                server.tasks.spawn(speak(writer, outbox));
                Ok((server, ready))
            }
            FromServer::Failed(failure) => Err(HostError::of_load(failure, &settings.interpreter)),
            other => Err(HostError::Protocol(format!("unexpected answer to load: {other:?}"))),
        }
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
            hand_over_url: settings.hand_over_url,
            x_arguments: &settings.x_arguments,
            around: settings.around.as_deref(),
            max_file_bytes: settings.max_file_bytes,
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
            Ok(Some(FromServer::Prepared | FromServer::Ready(_) | FromServer::Failed(_)) | None) | Err(_) => {
                break;
            }
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

fn random_token() -> Result<String, HostError> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0_u8; 16];
    let mut file = fs::File::open(source).map_err(scratch("read", source))?;
    io::Read::read_exact(&mut file, &mut bytes).map_err(scratch("read", source))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
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
