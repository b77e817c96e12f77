//! What a program tells those who watch it: metrics in the text format of Prometheus, that it lives, that it is ready.

use std::convert::Infallible;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::Trouble;

/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the program is watched.
#[derive(Debug, Clone, clap::Args)]
pub struct Metrics {
    /// Serve /metrics, /livez and /readyz over HTTP on this address
    #[arg(long, value_name = "ADDR", env = "MRT_METRICS")]
    pub metrics: Option<SocketAddr>,
    /// Serve them to other machines too: to everybody, and in plain text
    #[arg(long)]
    pub metrics_public: bool,
    /// Ask the one that runs already, at the address of --metrics, whether it is ready, and end: with 0 when it is
    #[arg(long)]
    pub health: bool,
}

/// Why a program is not healthy, as far as can be told from outside.
#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    /// Nobody knows where to ask.
    #[error("--health asks at the address of --metrics; name it, or set MRT_METRICS")]
    NoAddress,
    /// It does not answer.
    #[error("nothing answers at {address}; see whether the program runs there with --metrics")]
    Away {
        /// Where it was asked.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It answers that it is not ready.
    #[error("the program at {address} is not ready: {answer}")]
    NotReady {
        /// Where it was asked.
        address: SocketAddr,
        /// The first line of its answer.
        answer: String,
    },
}

impl HealthError {
    /// Whose turn it is.
    pub fn trouble(&self) -> Trouble {
        match self {
            Self::NoAddress => Trouble::Usage,
            Self::Away { .. } | Self::NotReady { .. } => Trouble::Infrastructure,
        }
    }
}

/// Why metrics cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// Others could read them.
    #[error("metrics on {address} can be read by everybody; listen on 127.0.0.1, or say --metrics-public")]
    Public {
        /// Where to listen.
        address: SocketAddr,
    },
    /// The address cannot be had.
    #[error(
        "cannot serve metrics on {address}; stop what listens there, or name another address by --metrics"
    )]
    Bind {
        /// Where to listen.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl MetricsError {
    /// Whose turn it is.
    pub fn trouble(&self) -> Trouble {
        match self {
            Self::Public { .. } => Trouble::Usage,
            Self::Bind { .. } => Trouble::Infrastructure,
        }
    }
}

/// Metrics are served until this is dropped.
#[derive(Debug)]
#[must_use = "it ends what it stands for when it is dropped"]
pub struct Serving {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Serving {
    /// Where, with the port that it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Metrics {
    /// Begins to serve what is registered by then, and whether the program is ready. Nothing where no address is given. Needs a
    /// tokio runtime.
    ///
    /// # Errors
    /// When that would be unsafe, or the address cannot be had.
    pub fn serve(
        &self,
        registry: Registry,
        ready: watch::Receiver<bool>,
    ) -> Result<Option<Serving>, MetricsError> {
        let Some(address) = self.metrics else { return Ok(None) };
        if !address.ip().is_loopback() && !self.metrics_public {
            return Err(MetricsError::Public { address });
        }
        let bound = crate::serve::listen(address);
        let (listener, address) = bound.map_err(|source| MetricsError::Bind { address, source })?;
        let task = tokio::spawn(accept(listener, Arc::new(registry), ready));
        Ok(Some(Serving { address, task }))
    }

    /// With --health: what the program that serves there says of itself; this one has nothing else to do. `None` without.
    /// For containers, whose images have no other program that could ask.
    pub fn health(&self) -> Option<Result<(), HealthError>> {
        self.health.then(|| ask(self.metrics.ok_or(HealthError::NoAddress)?))
    }
}

fn ask(mut address: SocketAddr) -> Result<(), HealthError> {
    // Who listens everywhere listens here.
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    let answer = || -> io::Result<String> {
        let mut stream = std::net::TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.take(1 << 10).read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
    };
    let answer = answer().map_err(|source| HealthError::Away { address, source })?;
    match answer.split(' ').nth(1) {
        Some("200") => Ok(()),
        _ => Err(HealthError::NotReady { address, answer }),
    }
}

async fn accept(listener: TcpListener, registry: Arc<Registry>, ready: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&registry), ready.clone()));
                }
                // The client is gone already, or there are too many files: not at once again.
                Err(error) => {
                    tracing::debug!("no connection for metrics: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, registry: Arc<Registry>, ready: watch::Receiver<bool>) {
    let service = service_fn(|request: Request<Incoming>| {
        let response = answer(request.method(), request.uri().path(), &registry, *ready.borrow());
        async move { Ok::<_, Infallible>(response) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        // A client that stays costs a connection, and saves a scrape nothing.
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!("a connection for metrics failed: {error}");
    }
}

fn answer(method: &Method, path: &str, registry: &Registry, ready: bool) -> Response<Full<Bytes>> {
    const PLAIN: &str = "text/plain; charset=utf-8";
    const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let (status, kind, text) = match (method, path) {
        (&Method::GET | &Method::HEAD, "/metrics") => {
            let mut text = String::new();
            match encode(&mut text, registry) {
                Ok(()) => (StatusCode::OK, METRICS, text),
                Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, PLAIN, format!("{error}\n")),
            }
        }
        (&Method::GET | &Method::HEAD, "/livez") => (StatusCode::OK, PLAIN, "alive\n".to_owned()),
        (&Method::GET | &Method::HEAD, "/readyz") if ready => (StatusCode::OK, PLAIN, "ready\n".to_owned()),
        (&Method::GET | &Method::HEAD, "/readyz") => {
            (StatusCode::SERVICE_UNAVAILABLE, PLAIN, "not ready\n".to_owned())
        }
        (_, "/metrics" | "/livez" | "/readyz") => {
            (StatusCode::METHOD_NOT_ALLOWED, PLAIN, "only GET\n".to_owned())
        }
        _ => (StatusCode::NOT_FOUND, PLAIN, "there are /metrics, /livez and /readyz\n".to_owned()),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}
