//! A coordinator in the same process.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tonic::transport::{Endpoint, Uri};

use super::{Channel, Token};

/// What a connection holds of what is sent and not yet read.
const BUFFER: usize = 256 << 10;

/// The other ends of what a channel of [`in_process`] connects to, for `serve_with_incoming`.
#[derive(Debug)]
pub struct Incoming(mpsc::Receiver<DuplexStream>);

impl Stream for Incoming {
    type Item = io::Result<DuplexStream>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|stream| stream.map(Ok))
    }
}

/// A channel to a server of the same process, and what that one is to serve. It connects when it is used, and again when the
/// connection ends. Needs a tokio runtime.
pub fn in_process() -> (Channel, Incoming) {
    let (sender, receiver) = mpsc::channel(1);
    let connector = tower::service_fn(move |_: Uri| {
        let sender = sender.clone();
        async move {
            let (near, far) = tokio::io::duplex(BUFFER);
            let gone = |_| io::Error::from(io::ErrorKind::ConnectionRefused);
            sender.send(far).await.map_err(gone)?;
            Ok::<_, io::Error>(TokioIo::new(near))
        }
    });
    // Nobody looks this name up.
    let channel = Endpoint::from_static("http://in-process").connect_with_connector_lazy(connector);
    (Channel::new(channel, Token::none()), Incoming(receiver))
}
