//! Where a coordinator is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use tokio_rustls::rustls::pki_types::ServerName;
use tonic::transport::Uri;

/// Where a coordinator listens unless it is told otherwise.
const PORT: u16 = 7440;

/// The URL of a coordinator: a scheme, a host and a port.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Arc<Parts>);

#[derive(PartialEq, Eq)]
struct Parts {
    uri: Uri,
    /// The same without TLS.
    plain: Uri,
    /// What its certificate must be for.
    server_name: Option<ServerName<'static>>,
}

/// What is wrong with a coordinator's URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not of that form.
    #[error("it is no URL of a coordinator; write https://farm:{PORT}")]
    Form,
    /// A name or password in it.
    #[error(
        "options are seen by others; leave out what is before the @, and give a token by --token-file or MRT_TOKEN"
    )]
    Secret,
    /// A path in it.
    #[error("a coordinator has no paths; leave out what follows the port")]
    Path,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let uri: Uri = text.parse().map_err(|_| AddressError::Form)?;
        let (Some("http" | "https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(AddressError::Form);
        };
        if authority.as_str().contains('@') {
            return Err(AddressError::Secret);
        }
        if uri.path() != "/" || uri.query().is_some() {
            return Err(AddressError::Path);
        }
        let (host, port) = (authority.host(), authority.port_u16().unwrap_or(PORT));
        let with = |scheme| format!("{scheme}://{host}:{port}/").parse::<Uri>();
        let (Ok(plain), Ok(tls)) = (with("http"), with("https")) else { return Err(AddressError::Form) };
        if uri.scheme_str() == Some("http") {
            return Ok(Self(Arc::new(Parts { uri: plain.clone(), plain, server_name: None })));
        }
        let name = ServerName::try_from(bare(host).to_owned()).map_err(|_| AddressError::Form)?;
        Ok(Self(Arc::new(Parts { uri: tls, plain, server_name: Some(name) })))
    }
}

/// An IPv6 address stands in brackets.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

impl Address {
    pub(super) fn uri(&self) -> &Uri {
        &self.0.uri
    }

    pub(super) fn plain(&self) -> &Uri {
        &self.0.plain
    }

    pub(super) fn server_name(&self) -> Option<ServerName<'static>> {
        self.0.server_name.clone()
    }

    /// Whether nobody can read along.
    pub fn is_tls(&self) -> bool {
        self.0.server_name.is_some()
    }

    /// Whether it is this machine, whatever names mean elsewhere.
    pub fn is_loopback(&self) -> bool {
        let host = self.0.uri.host().unwrap_or_default();
        let is_loopback = bare(host).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        is_loopback || host.eq_ignore_ascii_case("localhost")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.uri.to_string().trim_end_matches('/'))
    }
}
