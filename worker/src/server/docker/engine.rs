//! The connection to a container engine, with a time limit on every call.

use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::time::Duration;

use bollard::API_DEFAULT_VERSION;
use bollard::errors::Error;

use super::address::{Address, Surroundings};
use crate::server::ServerError;

/// How long an engine may take to say that it is there.
const GREETING: Duration = Duration::from_secs(10);
/// How long one call may take; removing a container with gigabytes of memory takes seconds.
const CALL: Duration = Duration::from_secs(60);

/// A container engine that has answered.
#[derive(Debug)]
pub(super) struct Engine {
    client: bollard::Docker,
    address: Address,
}

impl Engine {
    /// The first engine that answers.
    pub(super) async fn connect(surroundings: &Surroundings) -> Result<Self, ServerError> {
        let unreachable = |tried| ServerError::EngineUnreachable { tried };
        let mut tried = Vec::new();
        for address in surroundings.addresses().map_err(unreachable)? {
            match greet(&address.url).await {
                Ok(client) => return Ok(Self { client, address }),
                Err(problem) => tried.push(format!("{} ({}): {problem}", address.url, address.origin)),
            }
        }
        Err(unreachable(tried.join(", ")))
    }

    pub(super) fn client(&self) -> &bollard::Docker {
        &self.client
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// One call; `action` says what it is for ("remove container 12ab").
    pub(super) async fn call<T>(
        &self,
        action: impl FnOnce() -> String,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, ServerError> {
        let outcome = tokio::time::timeout(CALL, call).await.unwrap_or(Err(Error::RequestTimeoutError));
        outcome.map_err(|source| ServerError::Engine { action: action(), source })
    }
}

async fn greet(url: &str) -> Result<bollard::Docker, String> {
    let client = match url.split_once("://").map(|(scheme, _)| scheme) {
        Some("unix") => bollard::Docker::connect_with_unix(url, CALL.as_secs(), API_DEFAULT_VERSION),
        Some("tcp" | "http") if std::env::var_os("DOCKER_TLS_VERIFY").is_some_and(|set| !set.is_empty()) => {
            return Err(
                "DOCKER_TLS_VERIFY is set, and TLS is not supported; use a socket, or an engine on a \
                        private network without TLS"
                    .to_owned(),
            );
        }
        Some("tcp" | "http") => bollard::Docker::connect_with_http(url, CALL.as_secs(), API_DEFAULT_VERSION),
        Some("ssh") => {
            return Err(
                "ssh is not supported; forward the socket with `ssh -L` and set DOCKER_HOST to it".to_owned()
            );
        }
        _ => return Err("only unix:// and tcp:// are supported".to_owned()),
    };
    // Debian's engine is years behind the client, so the version to speak is the engine's.
    let greeting = async { client?.negotiate_version().await };
    match tokio::time::timeout(GREETING, greeting).await {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(error)) => Err(explain(&error)),
        Err(_) => Err(format!("no answer within {} s", GREETING.as_secs())),
    }
}

/// The cause alone: what is wrapped around it names the client's inner parts.
fn explain(error: &Error) -> String {
    if let Error::SocketNotFoundError(_) = error {
        return "there is no such socket".to_owned();
    }
    let mut cause: &dyn StdError = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    match cause.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(io::ErrorKind::PermissionDenied) => {
            "permission denied, which the group that owns the socket (often `docker`) would have".to_owned()
        }
        Some(io::ErrorKind::ConnectionRefused) => "nobody listens there".to_owned(),
        _ => cause.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    async fn refused(docker_host: &str) -> String {
        let surroundings = Surroundings::with_docker_host(docker_host);
        Engine::connect(&surroundings).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn an_engine_that_is_not_there_is_told_with_what_was_tried() {
        let message = refused("unix:///no/such.sock").await;
        assert!(
            message.starts_with(
                "Docker is not running: unix:///no/such.sock (DOCKER_HOST): there is no such socket; start Docker"
            ),
            "{message}"
        );
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("left.sock");
        drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
        let message = refused(&format!("unix://{}", socket.display())).await;
        assert!(message.contains("nobody listens there"), "{message}");
    }

    #[tokio::test]
    async fn what_listens_and_is_no_engine_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("shut.sock");
        let listener = tokio::net::UnixListener::bind(&socket).unwrap();
        tokio::spawn(async move { while listener.accept().await.is_ok() {} });
        let message = refused(&format!("unix://{}", socket.display())).await;
        assert!(message.contains("shut.sock (DOCKER_HOST): "), "{message}");
    }

    #[tokio::test]
    async fn a_way_to_an_engine_that_is_not_known_is_told() {
        assert!(refused("ssh://jo@host").await.contains("`ssh -L`"));
        assert!(refused("npipe:////./pipe/docker").await.contains("only unix:// and tcp://"));
    }
}
