//! A child of the fork server: runs the steps of one cell.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};

use super::launch::{ChildEnd, DEATH_LIMIT, Forked, Server};
use super::wire::{Connection, FromChild, LoadFailure, Record, SendError, Tail, ToChild, send};
use super::{Direction, Failure, HostError, Raised, StepOutcome};

/// How long what was printed last may take to arrive; it was written before the process said that it is done.
const OUTPUT_LIMIT: Duration = Duration::from_secs(2);
/// How long an idle child may take to exit by itself.
const EXIT_LIMIT: Duration = Duration::from_secs(5);

/// A process that runs the steps of one cell. Dropped, it is killed.
#[derive(Debug)]
pub struct Child {
    server: Arc<Server>,
    number: u64,
    control: Connection,
    output: Output,
    life: Life,
    /// It was asked something and has not answered.
    busy: bool,
    /// It can be sure of having no connection open.
    quiet: bool,
}

/// Whether the process lives.
#[derive(Debug)]
enum Life {
    /// It does, and its end will be told.
    Alive(oneshot::Receiver<ChildEnd>),
    /// It ended, and how.
    Over(String),
    /// The fork server has gone, and with it whoever could tell.
    Lost,
}

impl Life {
    /// Waits for the end. May be dropped half way and loses nothing.
    async fn end(&mut self, server: &Server) -> Result<String, HostError> {
        let how = match self {
            Self::Over(how) => return Ok(how.clone()),
            Self::Lost => return Err(server.gone().await),
            Self::Alive(end) => match end.await {
                Ok(ChildEnd::Exited(how) | ChildEnd::NotForked(how)) => how,
                Err(_) => {
                    // It cannot be asked a second time.
                    *self = Self::Lost;
                    return Err(server.gone().await);
                }
            },
        };
        *self = Self::Over(how.clone());
        Ok(how)
    }
}

/// How a request to a child ended.
enum Ending {
    /// It is done.
    Done { opaque: bool, quiet: bool, raised: Option<Raised> },
    /// The scout is back.
    Scouted { modules: Vec<String>, version_table: Option<String>, error: Option<Raised> },
    /// The project cannot be loaded in this child.
    Failed(LoadFailure),
    /// The process is gone, or at least does not talk to us any more.
    Gone,
    /// The limit was reached.
    TimedOut,
}

/// What a run of `env.py` with no step showed.
#[derive(Debug, Default)]
pub(super) struct Scouted {
    /// What it imported.
    pub(super) modules: Vec<String>,
    /// Where it keeps the version, if it came that far.
    pub(super) version_table: Option<String>,
    /// What it raised.
    pub(super) error: Option<String>,
}

impl Child {
    pub(super) fn new(server: Arc<Server>, forked: Forked) -> Self {
        let mark = format!("\0{}\0", forked.token).into_bytes();
        let output = Output::new(forked.output, mark);
        let life = Life::Alive(forked.end);
        Self {
            server,
            number: forked.number,
            control: forked.control,
            output,
            life,
            busy: false,
            quiet: false,
        }
    }

    /// Runs one step of one revision. A step that raises, hangs or dies is an outcome, not an error.
    pub async fn step(
        &mut self,
        direction: Direction,
        revision: &str,
        limit: Duration,
    ) -> Result<StepOutcome, HostError> {
        let direction = match direction {
            Direction::Up => "up",
            Direction::Down => "down",
        };
        self.request(&ToChild::Step { direction, revision, first: &[] }, limit).await
    }

    /// Upgrades `first` and then `revision` in one run of `env.py`, as `alembic upgrade` does on a new database. What
    /// Alembic keeps in memory for a run (which enums it has created) then holds for all of them.
    pub async fn upgrade_together(
        &mut self,
        first: &[&String],
        revision: &str,
        limit: Duration,
    ) -> Result<StepOutcome, HostError> {
        self.request(&ToChild::Step { direction: "up", revision, first }, limit).await
    }

    /// The last step left no connection open: the database can be replaced under this process.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Calls `module:callable` with the database's URL.
    pub(super) async fn bootstrap(
        &mut self,
        callable: &str,
        limit: Duration,
    ) -> Result<StepOutcome, HostError> {
        self.request(&ToChild::Bootstrap { callable }, limit).await
    }

    /// Runs `env.py` with no step.
    pub(super) async fn scout(&mut self, limit: Duration) -> Result<Scouted, HostError> {
        let failed = |error| Scouted { error: Some(error), ..Scouted::default() };
        let mut record = Record::default();
        match self.converse(&ToChild::Scout, limit, &mut record).await? {
            Ending::Scouted { modules, version_table, error } => {
                Ok(Scouted { modules, version_table, error: error.map(|error| error.message) })
            }
            Ending::Failed(failure) => Err(self.failed(failure)),
            Ending::Done { .. } => Err(HostError::Protocol("a step was answered to a scout".to_owned())),
            Ending::Gone => {
                let how = self.bury().await?;
                Ok(failed(format!("its process ended ({how})")))
            }
            Ending::TimedOut => {
                self.bury_alive().await?;
                Ok(failed(format!("it did not end within {limit:?}")))
            }
        }
    }

    /// Lets the process exit, and waits until it has: afterwards its connections are closed.
    pub async fn end(mut self) -> Result<(), HostError> {
        // A process that is gone already is what was wanted.
        let _ = send(&mut self.control.writer, &ToChild::End).await;
        self.bury().await.map(drop)
    }

    /// Kills the process with everything it started, and waits until it is gone.
    pub async fn kill(mut self) -> Result<(), HostError> {
        self.bury_alive().await.map(drop)
    }

    /// It has ended although nobody asked it to.
    pub(super) fn has_ended(&mut self) -> bool {
        let Life::Alive(end) = &mut self.life else { return true };
        match end.try_recv() {
            Err(oneshot::error::TryRecvError::Empty) => return false,
            Ok(ChildEnd::Exited(how) | ChildEnd::NotForked(how)) => self.life = Life::Over(how),
            Err(oneshot::error::TryRecvError::Closed) => self.life = Life::Lost,
        }
        true
    }

    /// Waits for a process that is about to end by itself, and says how it did.
    async fn bury(&mut self) -> Result<String, HostError> {
        match timeout(EXIT_LIMIT, self.life.end(&self.server)).await {
            Ok(how) => how,
            Err(_) => self.bury_alive().await,
        }
    }

    /// Kills the process group, and waits until the process is gone.
    async fn bury_alive(&mut self) -> Result<String, HostError> {
        if let Life::Alive(_) = self.life {
            self.server.kill(self.number);
        }
        match timeout(DEATH_LIMIT, self.life.end(&self.server)).await {
            Ok(how) => how,
            Err(_) => Err(HostError::Unkillable { limit: DEATH_LIMIT }),
        }
    }

    async fn request(&mut self, message: &ToChild<'_>, limit: Duration) -> Result<StepOutcome, HostError> {
        let mut record = Record::default();
        match self.converse(message, limit, &mut record).await? {
            Ending::Done { opaque, quiet, raised } => {
                // What was sent past our eyes may come from another process of its group.
                self.quiet = quiet && !opaque;
                let output = self.output.until_mark().await;
                Ok(record.outcome(opaque, raised.map(Failure::Raised), output))
            }
            Ending::Failed(failure) => Err(self.failed(failure)),
            Ending::Scouted { .. } => Err(HostError::Protocol("a scout answered a step".to_owned())),
            Ending::Gone => {
                let failure = Failure::Died { how: self.bury().await? };
                let output = self.output.until_end().await;
                Ok(record.outcome(true, Some(failure), output))
            }
            Ending::TimedOut => {
                let failure = Failure::TimedOut { after: limit, statement: record.running() };
                self.bury_alive().await?;
                let output = self.output.until_end().await;
                Ok(record.outcome(true, Some(failure), output))
            }
        }
    }

    async fn converse(
        &mut self,
        message: &ToChild<'_>,
        limit: Duration,
        record: &mut Record,
    ) -> Result<Ending, HostError> {
        if self.busy || matches!(self.life, Life::Over(_)) {
            return Err(HostError::ChildOver);
        }
        // Stays so when this future is dropped half way: what comes then answers another question.
        self.busy = true;
        self.quiet = false;
        let ending = self.hear(message, limit, record).await;
        self.busy = false;
        ending
    }

    async fn hear(
        &mut self,
        message: &ToChild<'_>,
        limit: Duration,
        record: &mut Record,
    ) -> Result<Ending, HostError> {
        let mut deadline = Instant::now() + limit;
        match send(&mut self.control.writer, message).await {
            // One that is gone may have left its last words: why it could not load the project.
            Ok(()) | Err(SendError::Gone) => {}
            Err(SendError::Message(error)) => return Err(error),
        }
        loop {
            let alive = matches!(self.life, Life::Alive(_));
            tokio::select! {
                heard = self.control.reader.next() => match heard? {
                    Some(FromChild::Declared { fact }) => record.declared(fact),
                    Some(FromChild::Statement(statement)) => record.sent(statement),
                    Some(FromChild::Ran) => record.ran(),
                    Some(FromChild::Reached) => {
                        record.reached = true;
                        // What env.py takes to import is not the revision's time.
                        deadline = Instant::now() + limit;
                    }
                    Some(FromChild::Done { opaque, quiet, raised }) => return Ok(Ending::Done { opaque, quiet, raised }),
                    Some(FromChild::Scouted { modules, version_table, error }) => {
                        return Ok(Ending::Scouted { modules, version_table, error });
                    }
                    Some(FromChild::Failed(failure)) => return Ok(Ending::Failed(failure)),
                    None => return Ok(Ending::Gone),
                },
                () = self.output.read(), if self.output.open => {}
                end = self.life.end(&self.server), if alive => {
                    end?;
                    // What it said before is still to be read, up to the end of the stream.
                    deadline = Instant::now() + EXIT_LIMIT;
                }
                () = sleep_until(deadline) => {
                    return Ok(if alive { Ending::TimedOut } else { Ending::Gone });
                }
            }
        }
    }

    fn failed(&mut self, failure: LoadFailure) -> HostError {
        match failure {
            LoadFailure::Project { what, message, file, line, traceback } => {
                HostError::Load { what, message, file, line, traceback }
            }
            other => HostError::Protocol(format!("unexpected failure {other:?}")),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Life::Alive(_) = self.life {
            self.server.kill(self.number);
        }
    }
}

/// What a child prints: read and bounded, so that a migration that prints without end is never held up.
#[derive(Debug)]
struct Output {
    stream: OwnedReadHalf,
    /// Never written to; dropping it would end the connection's other direction.
    _writer: tokio::net::unix::OwnedWriteHalf,
    tail: Tail,
    mark: Vec<u8>,
    chunk: Vec<u8>,
    open: bool,
}

impl Output {
    fn new(connection: Connection, mark: Vec<u8>) -> Self {
        let (stream, rest) = connection.reader.into_rest();
        let mut tail = Tail::default();
        tail.push(&rest);
        Self { stream, _writer: connection.writer, tail, mark, chunk: vec![0; 64 << 10], open: true }
    }

    /// Reads once. May be dropped half way and loses nothing.
    async fn read(&mut self) {
        match self.stream.read(&mut self.chunk).await {
            Ok(0) | Err(_) => self.open = false,
            Ok(count) => self.tail.push(&self.chunk[..count]),
        }
    }

    /// What the step printed, once the mark behind it has arrived.
    async fn until_mark(&mut self) -> String {
        let wait = async {
            loop {
                if let Some(text) = self.tail.take_until(&self.mark) {
                    return Some(text);
                }
                if !self.open {
                    return None;
                }
                self.read().await;
            }
        };
        // A migration may have closed its output, or have left a process that floods it.
        match timeout(OUTPUT_LIMIT, wait).await {
            Ok(Some(text)) => text,
            _ => self.tail.take(),
        }
    }

    /// What a process that is gone had printed.
    async fn until_end(&mut self) -> String {
        let wait = async {
            while self.open {
                self.read().await;
            }
        };
        // A grandchild that escaped may still hold the stream.
        let _ = timeout(OUTPUT_LIMIT, wait).await;
        self.tail.take()
    }
}
