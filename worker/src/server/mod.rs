//! How a database server comes to be: in a container ([`docker`]), in a Pod ([`kubernetes`]), or as one that is there
//! ([`external`]).
//!
//! Nothing here knows SQL. An engine says what it needs as a [`Launch`] and, given the [`Endpoint`], whether the
//! server is ready.

pub mod docker;
mod error;
pub mod external;
mod here;
pub mod kubernetes;
mod launcher;
mod login;
mod options;
mod owner;

use std::fmt::Write as _;
use std::io::Read as _;
use std::time::Duration;

pub use error::{Death, ServerError, Taken};
pub use launcher::{Launcher, Servers, Tell};
pub use options::Options;

/// A server that can be used.
#[derive(Debug)]
pub enum Server {
    /// Ours: started here, ended here.
    Container(docker::Container),
    /// Ours, too, on whichever node the cluster has chosen.
    Pod(kubernetes::Pod),
    /// Somebody else's: used, and left as it was.
    External(Endpoint),
}

impl Server {
    /// Where it listens.
    pub fn endpoint(&self) -> &Endpoint {
        match self {
            Self::Container(container) => container.endpoint(),
            Self::Pod(pod) => pod.endpoint(),
            Self::External(endpoint) => endpoint,
        }
    }

    /// Whether it may be ended, replaced, or given a change of its settings.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::Container(_) | Self::Pod(_))
    }

    /// Whether another one should take its place at the next good moment.
    pub fn is_old(&self) -> bool {
        match self {
            Self::Container(container) => container.is_old(),
            Self::Pod(pod) => pod.is_old(),
            Self::External(_) => false,
        }
    }

    /// After a connection broke: how the server ended, as far as can be known. `None` says that it runs, or that
    /// it is not ours to look at.
    pub async fn why_died(&self) -> Result<Option<ServerError>, ServerError> {
        match self {
            Self::Container(container) => container.why_died().await,
            Self::Pod(pod) => pod.why_died().await,
            Self::External(_) => Ok(None),
        }
    }

    /// Ends the server if it is ours.
    pub async fn stop(&self) -> Result<(), ServerError> {
        match self {
            Self::Container(container) => container.stop().await,
            Self::Pod(pod) => pod.stop().await,
            Self::External(_) => Ok(()),
        }
    }

    /// Leaves the server for a person to look into, and says what to remove afterwards.
    pub async fn leave(self) -> String {
        match self {
            Self::Container(container) => {
                let name = container.name().to_owned();
                match container.keep().await {
                    Ok(name) => format!("container {name}"),
                    Err(error) => format!("container {name} (the next start may remove it: {error})"),
                }
            }
            Self::Pod(pod) => pod.keep(),
            Self::External(_) => "the databases named mrt_* on the external server".to_owned(),
        }
    }
}

/// 128 random bits in hexadecimal: an administrator's password, an owner's name.
pub fn random_token() -> Result<String, ServerError> {
    let mut bytes = [0; 16];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(ServerError::Random)?;
    Ok(bytes.iter().fold(String::new(), |mut token, byte| {
        let _ = write!(token, "{byte:02x}");
        token
    }))
}

/// What an engine needs of a container or a Pod; follows the official image's documented contract.
#[derive(Clone, PartialEq, Eq)]
pub struct Launch {
    /// What it is a server of, as part of a name (`postgres`).
    pub engine: &'static str,
    /// Image with tag.
    pub image: String,
    /// The user that the image's server runs as, for where nobody may begin as root.
    pub user: u32,
    /// Environment; may hold the administrator's password.
    pub env: Vec<(String, String)>,
    /// Arguments behind the image's name.
    pub arguments: Vec<String>,
    /// The port inside the container.
    pub port: u16,
    /// Directories held in memory, which everybody may write to, and how many bytes each can hold. The memory counts as the
    /// server's.
    pub tmpfs: Vec<(String, u64)>,
    /// Shared memory, bytes.
    pub shm_bytes: i64,
    /// Memory limit, bytes.
    pub memory_bytes: i64,
    /// How long the first login may take.
    pub start_limit: Duration,
    /// The administrator's login.
    pub admin_user: String,
    /// The administrator's password, random.
    pub admin_password: String,
    /// The database to log in to.
    pub admin_database: String,
}

impl std::fmt::Debug for Launch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The rest is as it is for every start, or secret.
        f.debug_struct("Launch")
            .field("image", &self.image)
            .field("arguments", &self.arguments)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// Where a server listens, and the administrator's login.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Administrator.
    pub user: String,
    /// The administrator's password; never printed.
    pub password: String,
    /// The database to log in to.
    pub database: String,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}:{}/{}", self.user, self.host, self.port, self.database)
    }
}
