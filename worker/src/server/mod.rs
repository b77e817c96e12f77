//! How a database server comes to be: in a container ([`docker`]), or as one that is there ([`external`]).
//!
//! Nothing here knows SQL. An engine says what it needs as a [`Launch`] and, given the [`Endpoint`], whether the
//! server is ready.

use std::time::Duration;

/// What an engine needs of a container; follows the official image's documented contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// Image with tag.
    pub image: String,
    /// Environment; may hold the administrator's password.
    pub env: Vec<(String, String)>,
    /// Arguments behind the image's name.
    pub arguments: Vec<String>,
    /// The port inside the container.
    pub port: u16,
    /// Directories held in memory, with mount options (`rw,size=4g`).
    pub tmpfs: Vec<(String, String)>,
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
