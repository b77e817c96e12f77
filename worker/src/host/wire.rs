//! Frames on the host's socket: a length (32 bits, big endian), then JSON.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::{Declared, Fact, Failure, HostError, Raised, SeenRevision, Statement, StepOutcome, Versions};

/// Larger frames are refused: the other side runs code that is not ours.
const MAX_FRAME: usize = 32 << 20;

/// What the fork server is asked.
#[derive(Debug, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(super) enum ToServer<'a> {
    Load { url: &'a str, env: BTreeMap<String, String> },
    Fork { child: u64, token: &'a str },
    Kill { child: u64 },
    Import { modules: &'a [String] },
}

/// What a child is asked.
#[derive(Debug, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(super) enum ToChild<'a> {
    Step {
        direction: &'static str,
        revision: &'a str,
        /// Revisions that the same run of env.py takes before.
        first: &'a [&'a String],
    },
    Bootstrap {
        callable: &'a str,
    },
    Scout,
    End,
}

/// Who connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    Server,
    Control,
    Output,
}

/// The first frame of every connection.
#[derive(Debug, Deserialize)]
pub(super) struct Hello {
    pub(super) token: String,
    pub(super) role: Role,
}

/// What the fork server says.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(super) enum FromServer {
    /// What every project needs is imported.
    Prepared,
    Ready(Ready),
    Failed(LoadFailure),
    NotForked {
        child: u64,
        message: String,
    },
    Exited {
        child: u64,
        how: String,
    },
    Imported(Imported),
}

/// The project is loaded.
#[derive(Debug, Deserialize)]
pub(super) struct Ready {
    #[serde(flatten)]
    pub(super) versions: Versions,
    pub(super) revisions: Vec<SeenRevision>,
    /// Why it must not be forked.
    #[serde(rename = "unsafe")]
    pub(super) unsafe_to_fork: Option<String>,
}

/// The modules that the scout found are imported.
#[derive(Debug, Deserialize)]
pub(super) struct Imported {
    pub(super) count: usize,
    #[serde(rename = "unsafe")]
    pub(super) unsafe_to_fork: Option<String>,
}

/// The project cannot be loaded.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum LoadFailure {
    NoAlembic,
    Unreadable { path: String, uid: u32, exists: bool },
    Project { what: String, message: String, file: Option<String>, line: Option<u32>, traceback: String },
}

/// What a child says.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(super) enum FromChild {
    Declared {
        fact: Fact,
    },
    Statement(Statement),
    Ran,
    /// env.py has come to the revision's own function.
    Reached,
    Done {
        opaque: bool,
        /// Nothing is open that was not before the first step: no connection, no thread.
        quiet: bool,
        raised: Option<Raised>,
    },
    Scouted {
        modules: Vec<String>,
        version_table: Option<String>,
        error: Option<Raised>,
    },
    Failed(LoadFailure),
}

/// A connection of the host's, behind its hello.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) reader: FrameReader,
    pub(super) writer: OwnedWriteHalf,
}

impl Connection {
    /// Reads the hello of a fresh connection.
    pub(super) async fn accept(stream: UnixStream) -> Result<(Hello, Self), HostError> {
        let (read, writer) = stream.into_split();
        let mut reader = FrameReader { stream: read, buffer: Vec::new() };
        match reader.next().await? {
            Some(hello) => Ok((hello, Self { reader, writer })),
            None => Err(HostError::Protocol("a connection ended before its first message".to_owned())),
        }
    }
}

/// One frame's bytes.
pub(super) fn frame(message: &impl Serialize) -> Result<Vec<u8>, HostError> {
    let broken = |error: serde_json::Error| HostError::Protocol(error.to_string());
    let body = serde_json::to_vec(message).map_err(broken)?;
    let length =
        u32::try_from(body.len()).map_err(|_| HostError::Protocol("a message is too long".to_owned()))?;
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend(body);
    Ok(bytes)
}

/// Sends one frame.
pub(super) async fn send(writer: &mut OwnedWriteHalf, message: &impl Serialize) -> Result<(), SendError> {
    let bytes = frame(message).map_err(SendError::Message)?;
    writer.write_all(&bytes).await.map_err(|_| SendError::Gone)
}

/// Why a frame was not sent.
pub(super) enum SendError {
    /// It is not a message.
    Message(HostError),
    /// The other side closed the connection.
    Gone,
}

/// Reads frames; [`FrameReader::next`] may be dropped half way and loses nothing.
#[derive(Debug)]
pub(super) struct FrameReader {
    stream: OwnedReadHalf,
    buffer: Vec<u8>,
}

impl FrameReader {
    /// The next frame, or `None` at the end of the stream.
    pub(super) async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, HostError> {
        loop {
            if let Some(message) = self.parse()? {
                return Ok(Some(message));
            }
            match self.stream.read_buf(&mut self.buffer).await {
                // A reset is how the kernel tells of a process that died with unread messages.
                Ok(0) | Err(_) => return Ok(None),
                Ok(_) => {}
            }
        }
    }

    fn parse<T: DeserializeOwned>(&mut self) -> Result<Option<T>, HostError> {
        let Some((header, rest)) = self.buffer.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(*header) as usize;
        if length > MAX_FRAME {
            return Err(HostError::Protocol(format!("a message of {length} bytes is too long")));
        }
        let Some(body) = rest.get(..length) else { return Ok(None) };
        let message = serde_json::from_slice(body).map_err(|error| HostError::Protocol(error.to_string()))?;
        self.buffer.drain(..4 + length);
        Ok(Some(message))
    }

    /// The stream itself, and what of it was read beyond the last frame.
    pub(super) fn into_rest(self) -> (OwnedReadHalf, Vec<u8>) {
        (self.stream, self.buffer)
    }
}

/// The bounded end of what a process printed.
#[derive(Debug, Default)]
pub(super) struct Tail {
    bytes: Vec<u8>,
    dropped: u64,
}

impl Tail {
    /// Bytes that are kept.
    const KEPT: usize = 16 << 10;

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // Cut late, so that each byte is moved about once.
        if self.bytes.len() > 4 * Self::KEPT {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let excess = self.bytes.len().saturating_sub(Self::KEPT);
        self.bytes.drain(..excess);
        self.dropped += excess as u64;
    }

    /// What was printed before the mark, which it takes out together with the mark; `None` when it is not there.
    pub(super) fn take_until(&mut self, mark: &[u8]) -> Option<String> {
        let at = self.bytes.windows(mark.len()).position(|window| window == mark)?;
        let rest = self.bytes.split_off(at + mark.len());
        self.bytes.truncate(at);
        let text = self.take();
        self.bytes = rest;
        Some(text)
    }

    /// Everything that was printed.
    pub(super) fn take(&mut self) -> String {
        self.cut();
        let (bytes, dropped) = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.dropped));
        let text = String::from_utf8_lossy(&bytes);
        match (dropped, text.split_once('\n')) {
            (0, _) => text.into_owned(),
            (_, Some((_, lines))) => format!("[... earlier output left out]\n{lines}"),
            (_, None) => format!("[... earlier output left out]\n{text}"),
        }
    }
}

/// Collects what a child says of one step.
#[derive(Debug, Default)]
pub(super) struct Record {
    statements: Vec<Statement>,
    declared: Vec<Declared>,
    cut: bool,
    running: bool,
    pub(super) reached: bool,
}

impl Record {
    const MAX_STATEMENTS: usize = 20_000;
    const MAX_FACTS: usize = 20_000;

    /// What the next statement declares.
    pub(super) fn declared(&mut self, fact: Fact) {
        if self.declared.len() < Self::MAX_FACTS {
            self.declared.push(Declared { statement: self.statements.len(), fact });
        }
    }

    pub(super) fn sent(&mut self, statement: Statement) {
        if self.statements.len() < Self::MAX_STATEMENTS {
            self.statements.push(statement);
            self.running = true;
        } else {
            self.cut = true;
        }
    }

    pub(super) fn ran(&mut self) {
        self.running = false;
    }

    /// The statement that is running.
    pub(super) fn running(&self) -> Option<Statement> {
        self.statements.last().filter(|_| self.running).cloned()
    }

    pub(super) fn outcome(self, opaque: bool, failure: Option<Failure>, output: String) -> StepOutcome {
        let Self { statements, declared, reached, cut, .. } = self;
        StepOutcome { statements, declared, opaque: opaque || cut, reached, failure, output }
    }
}
