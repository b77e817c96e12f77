//! Connections as they come: no more than can be held, and none of somebody who says nothing.

use std::fmt;
use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Stream, stream};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tonic::Extensions;
use tonic::transport::server::{Connected, TcpConnectInfo, TlsConnectInfo};

/// How long somebody may say nothing at first.
const FIRST: Duration = Duration::from_secs(10);
/// How long somebody may say nothing later on. Who is there answers a ping well before: this is for who has not come so far
/// as to be sent any.
const SILENCE: Duration = Duration::from_secs(60);
/// Connections of a listener to which only a few come.
const FEW: usize = 64;
/// Open files that are not among the connections of the many: those of the few, the state, the log, metrics.
const OTHERS: u64 = 128 + FEW as u64;
/// Connections that are held at a time, whatever the system allows.
const MOST: u64 = 65_536;

/// The connections of those who come, for `serve_with_incoming`.
pub struct Incoming(Pin<Box<dyn Stream<Item = io::Result<Guarded<TcpStream>>> + Send>>);

impl Incoming {
    /// Those who come to this listener.
    pub(super) fn new(listener: TcpListener) -> Self {
        Self::with(listener, room(), (FIRST, SILENCE))
    }

    /// Those who come to this listener, a few at a time.
    pub(super) fn few(listener: TcpListener) -> Self {
        Self::with(listener, FEW, (FIRST, SILENCE))
    }

    fn with(listener: TcpListener, room: usize, silence: (Duration, Duration)) -> Self {
        let room = Arc::new(Semaphore::new(room));
        Self(Box::pin(stream::unfold((listener, room), move |(listener, room)| async move {
            // Who has no room waits in the listener's queue. The semaphore is never closed.
            let permit = Arc::clone(&room).acquire_owned().await.ok()?;
            let stream = accept(&listener).await;
            Some((Ok(Guarded::new(stream, permit, silence)), (listener, room)))
        })))
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // One on which it cannot be set works all the same.
                let _ = stream.set_nodelay(true);
                return stream;
            }
            // The client is gone already, or there are too many files: not at once again.
            Err(error) => {
                tracing::warn!("cannot take a connection: {error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// How many connections can be held: each is an open file, of which a process may have more when it asks.
fn room() -> usize {
    let files = getrlimit(Resource::RLIMIT_NOFILE).map(|(soft, hard)| {
        let wanted = hard.min(MOST + OTHERS).max(soft);
        if setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok() { wanted } else { soft }
    });
    let room = files.unwrap_or(1_024).saturating_sub(OTHERS).clamp(16, MOST);
    usize::try_from(room).unwrap_or(16)
}

impl Stream for Incoming {
    type Item = io::Result<Guarded<TcpStream>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Incoming")
    }
}

/// A connection that ends when nothing is heard on it.
#[derive(Debug)]
pub struct Guarded<S> {
    stream: S,
    /// When nothing more is waited for, as far as that was looked at.
    until: Pin<Box<Sleep>>,
    /// When something was heard last.
    heard: Option<Instant>,
    silence: Duration,
    _permit: OwnedSemaphorePermit,
}

impl<S> Guarded<S> {
    fn new(stream: S, permit: OwnedSemaphorePermit, (first, silence): (Duration, Duration)) -> Self {
        let until = Box::pin(sleep_until(Instant::now() + first));
        Self { stream, until, heard: None, silence, _permit: permit }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, buffer) {
            self.heard = Some(Instant::now());
            return Poll::Ready(read);
        }
        while self.until.as_mut().poll(context).is_ready() {
            // The clock is only set when it has run out: that is seldom, and words are many.
            let until = self.heard.map(|heard| heard + self.silence);
            match until.filter(|until| *until > Instant::now()) {
                Some(until) => self.until.as_mut().reset(until),
                None => return Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            }
        }
        Poll::Pending
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Connected for Guarded<TcpStream> {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

/// How a request has come, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via {
    /// The address of ours to which it came; nothing where it came through memory.
    pub ours: Option<SocketAddr>,
    /// Nobody between here and whom the connection comes from can read along.
    pub is_encrypted: bool,
}

impl Via {
    /// What the server has noted of a request's connection.
    pub fn of(noted: &Extensions) -> Self {
        match noted.get::<TlsConnectInfo<TcpConnectInfo>>() {
            Some(tls) => Self { ours: tls.get_ref().local_addr, is_encrypted: true },
            None => {
                let ours = noted.get::<TcpConnectInfo>().and_then(|tcp| tcp.local_addr);
                Self { ours, is_encrypted: false }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::timeout;

    use super::*;

    const SHORT: Duration = Duration::from_millis(100);
    const LONG: Duration = Duration::from_secs(600);

    async fn listening(room: usize, silence: (Duration, Duration)) -> (Incoming, std::net::SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (Incoming::with(listener, room, silence), address)
    }

    #[tokio::test]
    async fn who_says_nothing_is_left_at_first_and_later() {
        for (silence, words) in [((SHORT, LONG), ""), ((SHORT, 2 * SHORT), "a word")] {
            let (mut incoming, address) = listening(1, silence).await;
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(words.as_bytes()).await.unwrap();
            let mut guarded = incoming.next().await.unwrap().unwrap();
            let mut heard = Vec::new();
            let error = guarded.read_to_end(&mut heard).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            assert_eq!(heard, words.as_bytes());
        }
    }

    #[tokio::test]
    async fn who_speaks_now_and_then_stays() {
        let (mut incoming, address) = listening(1, (SHORT, 10 * SHORT)).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        let mut guarded = incoming.next().await.unwrap().unwrap();
        let begin = Instant::now();
        while begin.elapsed() < 22 * SHORT {
            client.write_all(b"x").await.unwrap();
            assert_eq!(guarded.read_u8().await.unwrap(), b'x');
            // Nobody speaks for a while.
            timeout(2 * SHORT, guarded.read_u8()).await.unwrap_err();
        }
    }

    #[tokio::test]
    async fn who_has_no_room_waits() {
        let (mut incoming, address) = listening(1, (LONG, LONG)).await;
        let _clients =
            [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
        let first = incoming.next().await.unwrap().unwrap();
        timeout(SHORT, incoming.next()).await.unwrap_err();
        drop(first);
        incoming.next().await.unwrap().unwrap();
    }
}
