//! What can go wrong before and while a server runs.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::kubernetes::KubernetesError;

/// Why there is no server. Never a verdict on a migration.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// No container engine answers.
    #[error(
        "Docker is not running: {tried}; start Docker (or Podman), set DOCKER_HOST to where it listens, or give \
         the target the `url` of a server in mrt.toml"
    )]
    EngineUnreachable {
        /// Each address with what came of it.
        tried: String,
    },
    /// The engine is there, and could not do what we asked of it.
    #[error("the container engine could not {action}")]
    Engine {
        /// What we asked.
        action: String,
        /// The engine's answer, or that there was none in time.
        #[source]
        source: bollard::errors::Error,
    },
    /// The image is not on this machine, and no registry gave it.
    #[error(
        "image {image} is neither on this machine nor can it be pulled; see what `docker pull {image}` says, or \
         name another image with `image` in mrt.toml"
    )]
    ImageMissing {
        /// The image.
        image: String,
        /// The engine's answer.
        #[source]
        source: bollard::errors::Error,
    },
    /// The container ended before its server could be used.
    #[error("the server in a container of {image} ended while it started: {death}")]
    StartFailed {
        /// The image.
        image: String,
        /// How it ended.
        death: Death,
    },
    /// The container did not start, and its image is made for other machines.
    #[error(
        "image {image} is made for {made_for} and the container engine's machine is {machine}; name an image for that \
         with `image` in mrt.toml, or have `docker pull --platform {machine} {image}` replace it"
    )]
    Platform {
        /// The image.
        image: String,
        /// The system and processor of the image, `linux/arm64`.
        made_for: String,
        /// Those of the engine's machine.
        machine: String,
        /// What came of starting it.
        #[source]
        source: Box<ServerError>,
    },
    /// The container runs, and nobody could log in within the time limit.
    #[error(
        "the server in a container of {image} let nobody log in within {} s{hint}; its last lines:\n{logs}",
        limit.as_secs()
    )]
    NotReady {
        /// The image.
        image: String,
        /// The time limit.
        limit: Duration,
        /// What may be the matter, or nothing.
        hint: String,
        /// The server's last lines.
        logs: String,
        /// What the last login met with.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server was in use, and its container ended.
    #[error("the server in a container of {image} died: {death}")]
    Died {
        /// The image.
        image: String,
        /// How it ended.
        death: Death,
    },
    /// A server that was given answers no more.
    #[error("an external server was lost, and mrt cannot start another one")]
    Lost,
    /// The cluster gave no server.
    #[error(transparent)]
    Kubernetes(#[from] Box<KubernetesError>),
    /// The settings of a server that is given cannot be used; never repeats the URL, which holds a password.
    #[error("cannot use {origin}: {problem}; write it as {example}")]
    Url {
        /// Where the URL comes from ("the target's url", "the URL in $MY_URL").
        origin: String,
        /// What is wrong with it.
        problem: String,
        /// What a good one looks like.
        example: &'static str,
    },
    /// The operating system gave no random bytes.
    #[error("cannot read random bytes for a password from /dev/urandom")]
    Random(#[source] std::io::Error),
}

impl ServerError {
    /// Whether nobody answered who could start servers: nothing is wrong with what was to be started.
    pub fn is_about_reach(&self) -> bool {
        match self {
            Self::EngineUnreachable { .. } => true,
            Self::Kubernetes(error) => matches!(**error, KubernetesError::Unreachable { .. }),
            _ => false,
        }
    }
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    /// The exit code of its first process; `None` when that is not known, as when the container is gone altogether.
    pub exit_code: Option<i64>,
    /// The kernel ended it because it had used up its memory.
    pub out_of_memory: bool,
    /// Who took it away though it ran, and why: not its own doing.
    pub taken: Option<Box<Taken>>,
    /// Its last lines, stdout and stderr.
    pub logs: String,
}

/// Why a server was taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// In words that are the same each time.
    pub how: String,
    /// What else was said of it, or nothing.
    pub message: String,
}

/// What a shell calls death by SIGKILL, which is how the kernel ends a process that has no memory left.
const KILLED: i64 = 137;

impl Death {
    /// A container that is gone.
    pub(super) fn removed(how: &str) -> Self {
        let taken = Taken { how: how.to_owned(), message: String::new() };
        Self { exit_code: None, out_of_memory: false, taken: Some(Box::new(taken)), logs: String::new() }
    }

    /// Without its last lines and other words in which clocks and numbers stand.
    pub fn how(&self) -> String {
        match (&self.taken, self.exit_code) {
            (Some(taken), _) => taken.how.clone(),
            (None, None) => "nobody knows how".to_owned(),
            (None, Some(code)) if self.out_of_memory => format!("out of memory (exit code {code})"),
            (None, Some(KILLED)) => format!("it was killed, probably out of memory (exit code {KILLED})"),
            (None, Some(code)) => format!("exit code {code}"),
        }
    }
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.how())?;
        if let Some(taken) = self.taken.as_ref().filter(|taken| !taken.message.is_empty()) {
            write!(f, ": {}", taken.message)?;
        }
        match (&self.taken, self.logs.is_empty()) {
            (Some(_), true) => Ok(()),
            (None, true) => f.write_str("; it wrote nothing"),
            (_, false) => write!(f, "; its last lines:\n{}", self.logs),
        }
    }
}
