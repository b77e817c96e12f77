//! A Pod's port, brought to this machine's loopback through the API: for a worker outside of the cluster, from where a Pod's own
//! address mostly leads nowhere.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

/// How long the API may take to open a way.
const OPENING: Duration = Duration::from_secs(10);
/// After a connection that could not be taken in.
const PAUSE: Duration = Duration::from_millis(100);

/// A port of ours that leads to a Pod's, until this is dropped.
#[derive(Debug)]
pub(super) struct Forward {
    port: u16,
    task: JoinHandle<()>,
    trouble: Arc<Mutex<Option<String>>>,
}

impl Forward {
    pub(super) async fn open(
        client: Client,
        namespace: &str,
        pod: &str,
        port: u16,
    ) -> Result<Self, std::io::Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let ours = listener.local_addr()?.port();
        let trouble = Arc::new(Mutex::new(None));
        let pods = kube::Api::namespaced(client, namespace);
        let task = tokio::spawn(accept(listener, pods, pod.to_owned(), port, Arc::clone(&trouble)));
        Ok(Self { port: ours, task, trouble })
    }

    /// Ours.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Why the last connection led nowhere, if it did.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(
    listener: TcpListener,
    pods: kube::Api<Pod>,
    pod: String,
    port: u16,
    trouble: Arc<Mutex<Option<String>>>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (pods, pod, trouble) = (pods.clone(), pod.clone(), Arc::clone(&trouble));
                    connections.spawn(async move {
                        let told = carry(stream, &pods, &pod, port).await.err();
                        if let Some(problem) = &told {
                            tracing::debug!(pod, port, problem, "a port is not forwarded");
                        }
                        *trouble.lock().unwrap_or_else(PoisonError::into_inner) = told;
                    });
                }
                Err(error) => {
                    tracing::debug!(%error, "a connection to a forwarded port is not taken in");
                    sleep(PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Carries one connection to its end. An error says why it led nowhere.
async fn carry(mut ours: TcpStream, pods: &kube::Api<Pod>, pod: &str, port: u16) -> Result<(), String> {
    let opening = timeout(OPENING, pods.portforward(pod, &[port])).await;
    let opened = opening.map_err(|_| format!("no answer within {} s", OPENING.as_secs()))?;
    let mut way = opened.map_err(|error| match error {
        kube::Error::UpgradeConnection(error) => error.to_string(),
        error => error.to_string(),
    })?;
    let (Some(mut theirs), told) = (way.take_stream(port), way.take_error(port)) else {
        return Err("the API opens no stream".to_owned());
    };
    let copied = copy_bidirectional(&mut ours, &mut theirs).await;
    drop(theirs);
    // The node says so when nobody listens at the port yet.
    let told = match told {
        Some(told) if copied.as_ref().map_or(true, |(_, back)| *back == 0) => {
            timeout(PAUSE, told).await.ok().flatten()
        }
        _ => None,
    };
    way.abort();
    told.map_or(Ok(()), Err)
}
