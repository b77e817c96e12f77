//! A TCP proxy that can be a bad line.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::process::Problem;

/// How a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// As if there were none.
    Good,
    /// What the coordinator says is lost on its way.
    Deaf,
    /// Nothing goes on its way, and nobody is told.
    Still,
    /// It breaks again and again, and what comes through comes in small pieces, late.
    Torn,
}

/// A proxy; its connections end with it.
#[derive(Debug)]
pub(super) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    line: watch::Sender<Line>,
    /// Changes when all connections are to be cut.
    scissors: watch::Sender<()>,
    /// Where connections go, in turn.
    to: Vec<SocketAddr>,
    turn: AtomicUsize,
    rng: Mutex<Rng>,
    /// Bytes of the coordinator that were lost.
    lost: AtomicU64,
    /// Connections that were cut.
    cut: AtomicU64,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// A good line to one of these.
    pub(super) async fn start(to: Vec<SocketAddr>, seed: u64) -> Result<Self, Problem> {
        let listening = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listening = listening.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) =
            listening.map_err(|error| Problem::unusable(format!("cannot listen for a proxy: {error}")))?;
        let shared = Arc::new(Shared {
            line: watch::Sender::new(Line::Good),
            scissors: watch::Sender::new(()),
            to,
            turn: AtomicUsize::new(0),
            rng: Mutex::new(Rng::with_seed(seed)),
            lost: AtomicU64::new(0),
            cut: AtomicU64::new(0),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, task })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The line is like this from now on.
    pub(super) fn set(&self, line: Line) {
        self.shared.line.send_replace(line);
    }

    /// Cuts all connections that there are.
    pub(super) fn cut_all(&self) {
        self.shared.scissors.send_replace(());
    }

    /// Bytes of the coordinator that were lost.
    pub(super) fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Connections that were cut.
    pub(super) fn cut(&self) -> u64 {
        self.shared.cut.load(Ordering::Relaxed)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                connections.spawn(connect(stream, Arc::clone(&shared)));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// One connection. What one end has said still comes to the other when it has gone.
async fn connect(client: TcpStream, shared: Arc<Shared>) {
    let mut scissors = shared.scissors.subscribe();
    shared.flowing().await;
    let Some(server) = shared.server().await else { return };
    // Small messages are the rule.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let pumps = async {
        tokio::join!(
            pump(from_client, to_server, &shared, false),
            pump(from_server, to_client, &shared, true)
        )
    };
    tokio::select! {
        _ = pumps => {}
        // The sender is ours: it does not go.
        _ = scissors.changed() => {}
        () = shared.torn() => {
            shared.cut.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Moves bytes one way until one of the ends goes, which is then passed on.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, shared: &Shared, from_server: bool) {
    let mut buffer = vec![0; 16 << 10];
    loop {
        shared.flowing().await;
        let Ok(read @ 1..) = from.read(&mut buffer).await else { return };
        shared.flowing().await;
        let line = *shared.line.borrow();
        if line == Line::Deaf && from_server {
            shared.lost.fetch_add(read as u64, Ordering::Relaxed);
            continue;
        }
        let mut rest = &buffer[..read];
        while !rest.is_empty() {
            let (length, late) = match line {
                Line::Torn => shared.piece(rest.len()),
                _ => (rest.len(), Duration::ZERO),
            };
            if !late.is_zero() {
                tokio::time::sleep(late).await;
            }
            if to.write_all(&rest[..length]).await.is_err() {
                return;
            }
            rest = &rest[length..];
        }
    }
}

impl Shared {
    /// Waits until something can go on its way.
    async fn flowing(&self) {
        // The sender is ours: it does not go.
        let _ = self.line.subscribe().wait_for(|line| *line != Line::Still).await;
    }

    /// The first server that answers, beginning with the next in turn.
    async fn server(&self) -> Option<TcpStream> {
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        for index in 0..self.to.len() {
            let address = self.to[(first + index) % self.to.len()];
            if let Ok(server) = TcpStream::connect(address).await {
                return Some(server);
            }
        }
        None
    }

    /// Waits for the moment at which a connection breaks.
    async fn torn(&self) {
        loop {
            let _ = self.line.subscribe().wait_for(|line| *line == Line::Torn).await;
            let life = Duration::from_millis(self.random(400..2_500));
            tokio::time::sleep(life).await;
            if *self.line.borrow() == Line::Torn {
                return;
            }
        }
    }

    /// How much comes through next, and how late.
    fn piece(&self, most: usize) -> (usize, Duration) {
        let length = usize::try_from(self.random(1..1_400)).unwrap_or(most).min(most);
        (length, Duration::from_millis(self.random(0..8)))
    }

    fn random(&self, range: std::ops::Range<u64>) -> u64 {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).u64(range)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A server that says again what it hears, and a proxy before it.
    async fn echo() -> (Proxy, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await.unwrap();
                });
            }
        });
        let proxy = Proxy::start(vec![address], 1).await.unwrap();
        let client = TcpStream::connect(proxy.address()).await.unwrap();
        (proxy, client)
    }

    /// What is heard of a word; nothing where that takes too long.
    async fn said(client: &mut TcpStream, word: &[u8]) -> Option<Vec<u8>> {
        client.write_all(word).await.ok()?;
        let mut heard = vec![0; word.len()];
        let reading = client.read_exact(&mut heard);
        tokio::time::timeout(Duration::from_millis(300), reading).await.ok()?.ok()?;
        Some(heard)
    }

    #[tokio::test]
    async fn a_line_is_as_bad_as_it_is_told_to_be() {
        let (proxy, mut client) = echo().await;
        assert_eq!(said(&mut client, b"good").await.unwrap(), b"good");
        proxy.set(Line::Deaf);
        assert_eq!(said(&mut client, b"lost").await, None);
        assert_eq!(proxy.lost(), 4);
        proxy.set(Line::Still);
        assert_eq!(said(&mut client, b"late").await, None);
        proxy.set(Line::Good);
        let mut late = vec![0; 4];
        client.read_exact(&mut late).await.unwrap();
        assert_eq!((late, proxy.lost()), (b"late".to_vec(), 4));
        proxy.cut_all();
        assert_eq!(client.read(&mut [0]).await.unwrap_or_default(), 0);
    }

    #[tokio::test]
    async fn what_comes_through_a_torn_line_is_whole() {
        let (proxy, mut client) = echo().await;
        proxy.set(Line::Torn);
        let word: Vec<u8> = (0..=255).collect();
        assert_eq!(said(&mut client, &word).await.unwrap(), word);
        assert_eq!(client.read(&mut [0]).await.unwrap_or_default(), 0);
        assert_eq!(proxy.cut(), 1);
    }
}
