//! How workers and people's programs reach the coordinator.

mod address;
mod dial;
mod explain;
mod in_process;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Endpoint;
use tonic::{Request, Status};

pub use address::{Address, AddressError};
pub use explain::{CallError, explain, is_away};
pub use in_process::{Incoming, in_process};

use crate::serve::PING;
use crate::{FileError, Trouble, file};

/// What the generated clients are made of: it connects when it is used, connects again by itself, and is cheap to clone.
pub type Channel = InterceptedService<tonic::transport::Channel, Token>;

/// Where the coordinator is, and how it is to know us.
#[derive(Debug, Clone, clap::Args)]
pub struct Connection {
    /// The coordinator: https://farm:7440; 7440 is the port where none is named
    #[arg(long, value_name = "URL", env = "MRT_COORDINATOR", default_value = "http://127.0.0.1:7440")]
    pub coordinator: Address,
    /// The file that holds our token; or the token itself in MRT_TOKEN
    #[arg(long, value_name = "FILE", env = "MRT_TOKEN_FILE")]
    pub token_file: Option<PathBuf>,
    /// Trust certificates signed by one of these (PEM), instead of by those that this system trusts
    #[arg(long, value_name = "FILE", env = "MRT_CA")]
    pub ca: Option<PathBuf>,
    /// Our certificate (PEM), for a coordinator that asks for one
    #[arg(long, value_name = "FILE", env = "MRT_CLIENT_CERT")]
    pub client_cert: Option<PathBuf>,
    /// The private key of our certificate (PEM)
    #[arg(long, value_name = "FILE", env = "MRT_CLIENT_KEY")]
    pub client_key: Option<PathBuf>,
    /// Speak to another machine without TLS: others can read along, and use our token
    #[arg(long)]
    pub insecure: bool,
}

/// Why the coordinator cannot be spoken to as the options say. It is always the caller's turn.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Others could read along.
    #[error("{address} is another machine, and http:// lets others read along; say https://, or --insecure")]
    Plain {
        /// The coordinator.
        address: Address,
    },
    /// An option of TLS.
    #[error("{option} is of no use with {address}; say https://, or leave it out")]
    NoTls {
        /// The option.
        option: &'static str,
        /// The coordinator.
        address: Address,
    },
    /// A certificate is of no use without its key.
    #[error("{option} needs {missing} beside it; give both")]
    Lacks {
        /// What is given.
        option: &'static str,
        /// What is not.
        missing: &'static str,
    },
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is empty, or several lines.
    #[error("{place} holds no token; it has to be one word of letters, digits and punctuation of ASCII")]
    Token {
        /// Where it should be.
        place: String,
    },
    /// Nobody could be trusted.
    #[error("this system trusts no certificates; install ca-certificates, or name a file by --ca")]
    NoRoots,
    /// Some certificates cannot be trusted.
    #[error("a certificate in {} cannot be used; --ca needs those of authorities", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: rustls::Error,
    },
    /// There is no key.
    #[error("there is no private key in {}; --client-key needs a PEM file, with a line of BEGIN PRIVATE KEY", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: PemError,
    },
    /// Certificate and key are not of one another.
    #[error("our certificate and key cannot be used; --client-cert and --client-key have to belong together")]
    Identity(#[source] rustls::Error),
}

impl ConnectError {
    /// Whose turn it is.
    pub fn trouble(&self) -> Trouble {
        Trouble::Usage
    }
}

impl Connection {
    /// A channel to the coordinator; nothing is sent yet. Needs a tokio runtime.
    ///
    /// # Errors
    /// When that would be unsafe, or files are wrong.
    pub fn channel(&self) -> Result<Channel, ConnectError> {
        let address = &self.coordinator;
        if !address.is_tls() && !address.is_loopback() && !self.insecure {
            return Err(ConnectError::Plain { address: address.clone() });
        }
        let token = self.token(file::secret_variable("MRT_TOKEN"))?;
        let tls = self.tls()?;
        // For tonic it is plain text: the TLS is ours.
        let endpoint = Endpoint::from(address.plain().clone())
            .origin(address.uri().clone())
            .http2_keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .keep_alive_while_idle(true);
        let dial = tower::service_fn(move |uri| dial::dial(uri, tls.clone()));
        Ok(Channel::new(endpoint.connect_with_connector_lazy(dial), token))
    }

    fn token(&self, variable: Option<String>) -> Result<Token, ConnectError> {
        let (place, text) = match (&self.token_file, variable) {
            (Some(path), _) => (path.display().to_string(), file::read_secret("--token-file", path)?),
            (None, Some(text)) => ("MRT_TOKEN".to_owned(), text),
            (None, None) => return Ok(Token::none()),
        };
        Token::new(text.trim()).ok_or(ConnectError::Token { place })
    }

    fn tls(&self) -> Result<dial::Tls, ConnectError> {
        let Some(name) = self.coordinator.server_name() else {
            let given = [
                ("--ca", &self.ca),
                ("--client-cert", &self.client_cert),
                ("--client-key", &self.client_key),
            ];
            return match given.into_iter().find(|(_, path)| path.is_some()) {
                Some((option, _)) => Err(ConnectError::NoTls { option, address: self.coordinator.clone() }),
                None => Ok(None),
            };
        };
        let lacks = |option, missing| Err(ConnectError::Lacks { option, missing });
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            // With this provider there are some.
            .map_err(ConnectError::Identity)?
            .with_root_certificates(self.roots()?);
        let mut config = match (&self.client_cert, &self.client_key) {
            (Some(cert), Some(key)) => {
                let (certificates, key) = (certificates("--client-cert", cert)?, private_key(key)?);
                builder.with_client_auth_cert(certificates, key).map_err(ConnectError::Identity)?
            }
            (Some(_), None) => return lacks("--client-cert", "--client-key"),
            (None, Some(_)) => return lacks("--client-key", "--client-cert"),
            (None, None) => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Some((Arc::new(config), name)))
    }

    fn roots(&self) -> Result<RootCertStore, ConnectError> {
        let mut roots = RootCertStore::empty();
        if let Some(path) = &self.ca {
            for certificate in certificates("--ca", path)? {
                let path = path.clone();
                roots.add(certificate).map_err(|source| ConnectError::Authority { path, source })?;
            }
            return Ok(roots);
        }
        // Some systems have a few that nobody can read; that is theirs to see to.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() { Err(ConnectError::NoRoots) } else { Ok(roots) }
    }
}

fn certificates(option: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, FileError> {
    file::certificates(option, path, &file::read(option, path)?)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, ConnectError> {
    let text = file::read("--client-key", path)?;
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes());
    key.map_err(|source| ConnectError::Key { path: path.to_owned(), source })
}

/// Tells the coordinator who asks. Nothing shows the token.
#[derive(Clone)]
pub struct Token(Option<MetadataValue<Ascii>>);

impl Token {
    fn none() -> Self {
        Self(None)
    }

    fn new(token: &str) -> Option<Self> {
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let mut header: MetadataValue<Ascii> = format!("Bearer {token}").parse().ok()?;
        header.set_sensitive(true);
        Some(Self(Some(header)))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Token(..)" } else { "Token(none)" })
    }
}

impl Interceptor for Token {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(header) = &self.0 {
            request.metadata_mut().insert("authorization", header.clone());
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_a_token() {
        let mut token = Token::new("0123456789abcdef").unwrap();
        let request = token.call(Request::new(())).unwrap();
        let header = request.metadata().get("authorization").unwrap();
        assert_eq!(header.as_bytes(), b"Bearer 0123456789abcdef");
        assert!(!format!("{token:?} {request:?}").contains("0123"), "{token:?} {request:?}");
        assert_eq!(Token::none().call(Request::new(())).unwrap().metadata().len(), 0);
    }
}
