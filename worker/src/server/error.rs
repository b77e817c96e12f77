//! What can go wrong before and while a server runs.

use std::error::Error;
use std::fmt;
use std::time::Duration;

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

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    /// The exit code of its first process; `None` when the container is gone altogether.
    pub exit_code: Option<i64>,
    /// The kernel ended it because it had used up its memory.
    pub out_of_memory: bool,
    /// Its last lines, stdout and stderr.
    pub logs: String,
}

/// What a shell calls death by SIGKILL, which is how the kernel ends a process that has no memory left.
const KILLED: i64 = 137;

impl Death {
    /// Without its last lines, in which clocks and process numbers stand.
    pub fn how(&self) -> String {
        match self.exit_code {
            None => "somebody removed the container".to_owned(),
            Some(code) if self.out_of_memory => format!("out of memory (exit code {code})"),
            Some(KILLED) => format!("it was killed, probably out of memory (exit code {KILLED})"),
            Some(code) => format!("exit code {code}"),
        }
    }
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.how())?;
        match (self.exit_code, self.logs.is_empty()) {
            (None, _) => Ok(()),
            (_, true) => f.write_str("; it wrote nothing"),
            (_, false) => write!(f, "; its last lines:\n{}", self.logs),
        }
    }
}
