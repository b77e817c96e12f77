//! How a program listens to the cluster in which it runs: in plain text, and to everybody who can reach it.

use std::io;
use std::net::SocketAddr;

use tonic::transport::Server;

use super::{Bound, Incoming, PING, Tokens, listen};
use crate::Trouble;

/// What one client may have under way: probes and autoscalers ask now and then.
const STREAMS: u32 = 128;

/// Where the cluster is listened to.
#[derive(Debug, Clone, clap::Args)]
pub struct Cluster {
    /// Serve what a cluster asks on this address: gRPC health checks and KEDA's external scaler, in plain text and without
    /// tokens. Tells counts only
    #[arg(long, value_name = "ADDR", env = "MRT_CLUSTER")]
    pub cluster: Option<SocketAddr>,
    /// Serve it to other machines too: to everybody, and in plain text
    #[arg(long)]
    pub cluster_public: bool,
}

/// Why the cluster cannot be listened to.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Others could ask, too.
    #[error(
        "what a cluster asks on {address} can be asked by everybody; listen on 127.0.0.1, or say --cluster-public"
    )]
    Public {
        /// Where to listen.
        address: SocketAddr,
    },
    /// The address cannot be had.
    #[error(
        "cannot listen to the cluster on {address}; stop what listens there, or name another address by --cluster"
    )]
    Bind {
        /// Where to listen.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl ClusterError {
    /// Whose turn it is.
    pub fn trouble(&self) -> Trouble {
        match self {
            Self::Public { .. } => Trouble::Usage,
            Self::Bind { .. } => Trouble::Infrastructure,
        }
    }
}

impl Cluster {
    /// Begins to listen. Nothing where no address is given. Needs a tokio runtime.
    ///
    /// # Errors
    /// When that would be unsafe, or the address cannot be had.
    pub fn bind(&self) -> Result<Option<Bound>, ClusterError> {
        let Some(address) = self.cluster else { return Ok(None) };
        if !address.ip().is_loopback() && !self.cluster_public {
            return Err(ClusterError::Public { address });
        }
        let server = Server::builder()
            .http2_keepalive_interval(Some(PING))
            .http2_keepalive_timeout(Some(PING))
            .max_concurrent_streams(STREAMS);
        let (listener, address) = listen(address).map_err(|source| ClusterError::Bind { address, source })?;
        Ok(Some(Bound { server, incoming: Incoming::few(listener), address, tokens: Tokens::none() }))
    }
}
