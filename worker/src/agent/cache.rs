//! Bundles that are downloaded once, and kept on a disk for the next time.

use std::fs::File;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mrt_bundle::{Digest, Limits, unpack};
use mrt_ops::Trouble;
use mrt_ops::connect::{Channel, Connection, explain};
use mrt_proto::v1;
use mrt_proto::v1::workers_client::WorkersClient;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};
use tonic::Status;

use super::pause::Pauses;
use super::{Files, Projects, ProjectsError, bounded};
use crate::shelf::{Shelf, Taken, blocking};

/// How long the coordinator may send nothing of a bundle.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a download is tried again while the coordinator cannot be reached.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a bundle is fetched again when others have removed it.
const FETCHES: usize = 3;

/// Keeps the bundles of a coordinator on a disk. Several processes can share the directory.
#[derive(Debug)]
pub struct BundleCache {
    client: WorkersClient<Channel>,
    connection: Option<Connection>,
    shelf: Arc<Shelf>,
    limits: Limits,
    /// One download at a time: several shards of one bundle come together.
    turn: Mutex<()>,
}

impl BundleCache {
    /// A cache in this directory, which takes no more than so many bytes on the disk, but for what is in use. Removes what
    /// dead processes have left half done. `connection` is where the client connects to, for people.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub fn open(
        client: WorkersClient<Channel>,
        connection: Option<Connection>,
        directory: PathBuf,
        bytes: u64,
        limits: Limits,
    ) -> Result<Self, ProjectsError> {
        let shelf = Arc::new(Shelf::open(directory, bytes)?);
        Ok(Self { client: bounded(client), connection, shelf, limits, turn: Mutex::default() })
    }

    async fn find(&self, digest: Digest) -> Result<Option<Taken>, ProjectsError> {
        let shelf = Arc::clone(&self.shelf);
        Ok(blocking(move || shelf.find(&digest.to_string())).await?)
    }

    /// Downloads a bundle and puts it on the shelf.
    async fn provide(&self, digest: Digest) -> Result<Option<Taken>, ProjectsError> {
        let shelf = Arc::clone(&self.shelf);
        let partial = blocking(move || shelf.begin()).await?;
        self.download(digest, &partial.archive()).await?;
        let (shelf, limits) = (Arc::clone(&self.shelf), self.limits);
        blocking(move || {
            let archive = partial.archive();
            let failed = |source| ProjectsError::Cache { action: "read", path: archive.clone(), source };
            let unpacked = unpack(File::open(&archive).map_err(failed)?, digest, &partial.files(), limits);
            unpacked.map_err(|source| ProjectsError::Unpack {
                bundle: digest.to_string(),
                source: Box::new(source),
            })?;
            std::fs::remove_file(&archive).map_err(failed)?;
            Ok(shelf.put(&digest.to_string(), partial)?)
        })
        .await
    }

    async fn download(&self, digest: Digest, archive: &Path) -> Result<(), ProjectsError> {
        let until = Instant::now() + PATIENCE;
        let mut pauses = Pauses::default();
        loop {
            match self.try_download(digest, archive).await {
                Err(ProjectsError::Fetch { source, .. })
                    if source.trouble() == Trouble::Infrastructure && Instant::now() < until =>
                {
                    tracing::warn!("cannot fetch bundle {digest}: {source}; trying again");
                    sleep(pauses.next()).await;
                }
                ended => return ended,
            }
        }
    }

    async fn try_download(&self, digest: Digest, archive: &Path) -> Result<(), ProjectsError> {
        let bundle = digest.to_string();
        let refused = |status: Status| ProjectsError::Fetch {
            bundle: bundle.clone(),
            source: Box::new(explain(status, self.connection.as_ref())),
        };
        let written = |source| ProjectsError::Cache { action: "write", path: archive.to_owned(), source };
        let mut client = self.client.clone();
        let request = v1::FetchBundleRequest { bundle: bundle.clone() };
        let mut chunks = heard(&bundle, client.fetch_bundle(request)).await?.map_err(refused)?.into_inner();
        let mut file = tokio::fs::File::create(archive).await.map_err(written)?;
        let mut left = self.most();
        while let Some(chunk) = heard(&bundle, chunks.message()).await?.map_err(refused)? {
            // What is longer than any bundle is not worth a disk; that it is none is told when it is unpacked.
            let Some(rest) = left.checked_sub(chunk.data.len() as u64) else { break };
            left = rest;
            file.write_all(&chunk.data).await.map_err(written)?;
        }
        file.flush().await.map_err(written)
    }

    /// The longest archive of what the limits allow.
    fn most(&self) -> u64 {
        let Limits { entries, bytes } = self.limits;
        bytes.saturating_add(entries.saturating_mul(4 * 512)).saturating_add(2 << 20)
    }
}

#[async_trait]
impl Projects for BundleCache {
    async fn directory(&self, bundle: &str) -> Result<Files, ProjectsError> {
        let unknown = || ProjectsError::Unknown { bundle: bundle.to_owned() };
        let digest = Digest::parse(bundle).ok_or_else(unknown)?;
        let mut found = self.find(digest).await?;
        if found.is_none() {
            let _turn = self.turn.lock().await;
            found = self.find(digest).await?;
            for _ in 0..FETCHES {
                if found.is_some() {
                    break;
                }
                found = match self.provide(digest).await? {
                    None => self.find(digest).await?,
                    found => found,
                };
            }
        }
        let found = found.ok_or_else(|| ProjectsError::Contended { bundle: bundle.to_owned() })?;
        let (path, lock) = found.into_parts();
        Ok(Files::kept_by(path, lock))
    }
}

/// What comes of a call within the time in which something has to come.
async fn heard<T>(bundle: &str, call: impl Future<Output = T>) -> Result<T, ProjectsError> {
    let silence = |_| ProjectsError::Silence { bundle: bundle.to_owned(), seconds: SILENCE.as_secs() };
    timeout(SILENCE, call).await.map_err(silence)
}
