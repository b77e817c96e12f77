//! A bundle on its way out.

use futures_util::stream::{Stream, try_unfold};
use mrt_bundle::Digest;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::PART;
use crate::head::HeadError;
use crate::store::Store;

/// The archive of a bundle of so many bytes, as fast as it is read. Ends early, with an error, when `stop` says so.
pub(super) fn archive(
    store: &Store,
    stop: &CancellationToken,
    digest: Digest,
    size: u64,
) -> impl Stream<Item = Result<Vec<u8>, Status>> + Send + use<> {
    let (store, stop) = (store.clone(), stop.clone());
    let reading = Reading { store, stop, digest, left: size, part: 0, pending: Vec::new() };
    try_unfold(reading, |mut reading| async move {
        let data = reading.next().await?;
        Ok(data.map(|data| (data, reading)))
    })
}

struct Reading {
    store: Store,
    stop: CancellationToken,
    digest: Digest,
    /// Bytes that are still to be sent.
    left: u64,
    part: u64,
    pending: Vec<u8>,
}

impl Reading {
    /// What is sent next; nothing when all of it was. Whatever ends it early is an error: half a bundle would be none.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Status> {
        if self.left == 0 {
            return Ok(None);
        }
        if self.stop.is_cancelled() {
            return Err(HeadError::Stopping.into());
        }
        if self.pending.is_empty() {
            let part = self.store.bundle_part(self.digest, self.part).await?;
            self.pending = part.filter(|part| !part.is_empty()).ok_or_else(|| {
                Status::aborted(format!("bundle {} was removed while it was read", self.digest))
            })?;
            self.part += 1;
        }
        let rest = self.pending.split_off(self.pending.len().min(PART));
        let chunk = std::mem::replace(&mut self.pending, rest);
        self.left = self.left.saturating_sub(chunk.len() as u64);
        Ok(Some(chunk))
    }
}
