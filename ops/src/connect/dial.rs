//! A connection to whoever listens at a coordinator's address, once it is plain that this may be a coordinator.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, ReadBuf};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use tonic::transport::Uri;
use tower::ServiceExt as _;

use crate::serve::PING;

/// What a client of HTTP/2 says first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long to wait for an answer to that. Proxies may want to hear more before they say something.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who answers is no coordinator that we could speak to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stranger {
    #[error("it answers with TLS")]
    Tls,
    #[error("it does not answer with HTTP/2")]
    Other,
    #[error("it ended the connection without an answer")]
    Silent,
}

/// With TLS, and for which name, or without.
pub(super) type Tls = Option<(Arc<ClientConfig>, ServerName<'static>)>;

/// Connects and greets. That a server does not want our certificate, or speaks another protocol, comes to light only with what
/// it says first; by then tonic would have begun with a request, and the reason would be lost as often as not.
pub(super) async fn dial(uri: Uri, tls: Tls) -> Result<TokioIo<Greeted>, Box<dyn Error + Send + Sync>> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(PING));
    let stream = connector.oneshot(uri).await?.into_inner();
    let stream: Box<dyn Stream> = match tls {
        None => Box::new(stream),
        Some((config, name)) => {
            let connecting = TlsConnector::from(config).connect(name, stream);
            let late = |_| io::Error::new(io::ErrorKind::TimedOut, "there was no answer to TLS");
            Box::new(timeout(PING, connecting).await.map_err(late)??)
        }
    };
    Ok(TokioIo::new(greet(stream).await?))
}

async fn greet(stream: Box<dyn Stream>) -> Result<Greeted, Box<dyn Error + Send + Sync>> {
    let mut stream = BufReader::new(stream);
    // Who refuses us may not take this. The reason stands in what it sends.
    let sent = match stream.write_all(PREFACE).await {
        Ok(()) => stream.flush().await,
        failed => failed,
    };
    let Ok(heard) = timeout(PATIENCE, stream.fill_buf()).await else {
        sent?;
        return Ok(Greeted { stream, said: PREFACE.len() });
    };
    match *heard? {
        // The length of a SETTINGS frame.
        [0, ..] => Ok(Greeted { stream, said: PREFACE.len() }),
        // A record of TLS: an alert, or a handshake.
        [0x15 | 0x16, ..] => Err(Stranger::Tls.into()),
        [_, ..] => Err(Stranger::Other.into()),
        [] => Err(Stranger::Silent.into()),
    }
}

/// What a connection can do.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection on which the preface was said: it is not said again.
pub(super) struct Greeted {
    stream: BufReader<Box<dyn Stream>>,
    /// What is still to be left out.
    said: usize,
}

impl AsyncRead for Greeted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Greeted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.said == 0 {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        }
        let said = self.said.min(bytes.len());
        self.said -= said;
        Poll::Ready(Ok(said))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
