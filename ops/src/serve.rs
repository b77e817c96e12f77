//! How the coordinator listens, and whom it lets in.

mod cluster;
mod incoming;
mod tokens;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use tokio_rustls::rustls::crypto::ring;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};

pub use cluster::{Cluster, ClusterError};
pub use incoming::{Guarded, Incoming, Via};
pub use tokens::{Gate, Role, Roles, Tokens, TokensError};

use crate::{FileError, Trouble, file};

/// How long a peer may be silent, and how long its answer to a ping may take.
pub(crate) const PING: Duration = Duration::from_secs(10);

/// Where to listen, and to whom.
#[derive(Debug, Clone, clap::Args)]
pub struct Listen {
    /// Listen on this address; port 0 takes any that is free
    #[arg(long, value_name = "ADDR", env = "MRT_LISTEN", default_value = "127.0.0.1:7440")]
    pub listen: SocketAddr,
    /// The server's certificates (PEM), its own first
    #[arg(long, value_name = "FILE", env = "MRT_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of the server's certificate (PEM)
    #[arg(long, value_name = "FILE", env = "MRT_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// Let in only who has a certificate signed by one of these (PEM)
    #[arg(long, value_name = "FILE", env = "MRT_CLIENT_CA")]
    pub client_ca: Option<PathBuf>,
    /// Let in only who has one of these tokens: lines of `ROLE TOKEN`, where ROLE is read, submit or work. Or the same text in
    /// MRT_TOKENS
    #[arg(long, value_name = "FILE", env = "MRT_TOKENS_FILE")]
    pub tokens: Option<PathBuf>,
    /// Listen to other machines even without TLS, or to everybody
    #[arg(long)]
    pub insecure: bool,
}

/// Why a program cannot listen as it is told.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Others could read along.
    #[error(
        "{address} can be reached from other machines, and there is no TLS; name a certificate by --tls-cert and --tls-key, \
         listen on 127.0.0.1, or say --insecure"
    )]
    Plain {
        /// Where to listen.
        address: SocketAddr,
    },
    /// Everybody could submit.
    #[error(
        "{address} can be reached from other machines, and everybody would be let in; list tokens by --tokens, ask for \
         certificates by --client-ca, listen on 127.0.0.1, or say --insecure"
    )]
    Everybody {
        /// Where to listen.
        address: SocketAddr,
    },
    /// One option is of no use without others.
    #[error("{option} needs {missing} beside it; give both")]
    Lacks {
        /// What is given.
        option: &'static str,
        /// What is not.
        missing: &'static str,
    },
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The tokens are wrong.
    #[error("the tokens in {place} cannot be used; correct them there")]
    Tokens {
        /// Where they stand.
        place: String,
        /// Why not.
        #[source]
        source: TokensError,
    },
    /// Certificates or key are wrong.
    #[error(
        "the files of --tls-cert, --tls-key and --client-ca cannot be used; they have to be PEM, and to belong together"
    )]
    Tls(#[source] tonic::transport::Error),
    /// The address cannot be had.
    #[error("cannot listen on {address}; stop what listens there, or name another address by --listen")]
    Bind {
        /// Where to listen.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl ListenError {
    /// Whose turn it is.
    pub fn trouble(&self) -> Trouble {
        match self {
            Self::Bind { .. } => Trouble::Infrastructure,
            _ => Trouble::Usage,
        }
    }
}

/// A server that is about to serve: `bound.server.add_service(..).serve_with_incoming_shutdown(bound.incoming, ..)`.
#[derive(Debug)]
pub struct Bound {
    /// With TLS where it is asked for; services are to be added.
    pub server: Server,
    /// The connections of those who come, as many as can be held, without those that are silent.
    pub incoming: Incoming,
    /// Where it listens, with the port that it got.
    pub address: SocketAddr,
    /// Who may do what.
    pub tokens: Tokens,
}

impl Listen {
    /// Begins to listen. Needs a tokio runtime.
    ///
    /// # Errors
    /// When that would be unsafe, files are wrong, or the address cannot be had.
    pub fn bind(&self) -> Result<Bound, ListenError> {
        let tokens = self.tokens(file::secret_variable("MRT_TOKENS"))?;
        let tls = self.tls()?;
        let address = self.listen;
        if !address.ip().is_loopback() && !self.insecure {
            if tls.is_none() {
                return Err(ListenError::Plain { address });
            }
            if tokens.is_none() && self.client_ca.is_none() {
                return Err(ListenError::Everybody { address });
            }
        }
        let mut server = Server::builder()
            // Without TLS browsers speak nothing else.
            .accept_http1(true)
            .http2_keepalive_interval(Some(PING))
            .http2_keepalive_timeout(Some(PING));
        if let Some(tls) = tls {
            server = server.tls_config(tls).map_err(ListenError::Tls)?;
        }
        let (listener, address) = listen(address).map_err(|source| ListenError::Bind { address, source })?;
        Ok(Bound { server, incoming: Incoming::new(listener), address, tokens })
    }

    fn tokens(&self, text: Option<String>) -> Result<Tokens, ListenError> {
        let (place, text) = match (&self.tokens, text) {
            (Some(path), _) => (path.display().to_string(), file::read_secret("--tokens", path)?),
            (None, Some(text)) => ("MRT_TOKENS".to_owned(), text),
            (None, None) => return Ok(Tokens::none()),
        };
        Tokens::parse(&text).map_err(|source| ListenError::Tokens { place, source })
    }

    fn tls(&self) -> Result<Option<ServerTlsConfig>, ListenError> {
        let lacks = |option, missing| Err(ListenError::Lacks { option, missing });
        let (cert, key) = match (&self.tls_cert, &self.tls_key) {
            (Some(cert), Some(key)) => (cert, key),
            (Some(_), None) => return lacks("--tls-cert", "--tls-key"),
            (None, Some(_)) => return lacks("--tls-key", "--tls-cert"),
            (None, None) if self.client_ca.is_some() => return lacks("--client-ca", "--tls-cert"),
            (None, None) => return Ok(None),
        };
        let (certificates, key) = (file::read("--tls-cert", cert)?, file::read("--tls-key", key)?);
        file::certificates("--tls-cert", cert, &certificates)?;
        let identity = Identity::from_pem(certificates, key);
        // tonic takes the process's provider of cryptography, and another crate may have brought one beside ours. When there
        // is one already, it is ours, too.
        let _ = ring::default_provider().install_default();
        let mut tls = ServerTlsConfig::new().identity(identity).timeout(PING);
        if let Some(path) = &self.client_ca {
            let authorities = file::read("--client-ca", path)?;
            file::certificates("--client-ca", path, &authorities)?;
            tls = tls.client_ca_root(Certificate::from_pem(authorities));
        }
        Ok(Some(tls))
    }
}

/// Not tokio's, which would be async for nothing: no name is looked up.
pub(crate) fn listen(address: SocketAddr) -> io::Result<(tokio::net::TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((tokio::net::TcpListener::from_std(listener)?, address))
}
