//! What happens in a run, told as it is written to whoever listens: over the wire and to pages alike.

use std::time::Duration;

use mrt_proto::v1;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::head::{Head, HeadError, NextEvents};
use crate::plan::RunId;
use crate::store::{Happened, Store, StoreError};

/// Events that are read at a time.
const EVENTS: u32 = 256;
/// Changes that others have written are seen after this time at the latest.
const POLL: Duration = Duration::from_millis(500);

/// Why nothing more is told of a run that has not ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WatchError {
    /// It is gone, or the coordinator stops.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// What has happened cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

type Told = Result<Happened, WatchError>;

/// What happens in a run from an event's number on, until it has ended. Needs a tokio runtime.
pub(crate) fn watch(
    head: &Head,
    store: &Store,
    stop: &CancellationToken,
    run: RunId,
    from: u64,
) -> ReceiverStream<Told> {
    let (sender, receiver) = mpsc::channel(64);
    let (head, store, stop) = (head.clone(), store.clone(), stop.clone());
    tokio::spawn(async move {
        let told = tokio::select! {
            told = tell(&head, &store, run, from, &sender) => told,
            // So that its client comes back, perhaps to another one.
            () = stop.cancelled() => Err(HeadError::Stopping.into()),
        };
        if let Err(error) = told {
            // Who does not listen any more needs no reason, and who does not read is not waited for: a stream that ends
            // before its run does is taken up again.
            let _ = sender.try_send(Err(error));
        }
    });
    ReceiverStream::new(receiver)
}

/// Sends what happens in a run until it has ended, or nobody listens.
async fn tell(
    head: &Head,
    store: &Store,
    run: RunId,
    from: u64,
    listener: &mpsc::Sender<Told>,
) -> Result<(), WatchError> {
    let mut written = head.written();
    let mut from = from;
    // When it was looked whether the run goes on, and whether it does.
    let (mut looked, mut goes_on): (Option<Instant>, bool) = (None, true);
    loop {
        // Before reading, so that what comes meanwhile is read next time.
        written.mark_unchanged();
        let events = store.events(run, from, EVENTS).await?;
        let many = events.len() as u32 == EVENTS;
        if events.is_empty() {
            // Its end may be before what was asked for, or may have gone with it. What it has told was told before it ended.
            if !goes_on {
                return Ok(());
            }
            if looked.is_none_or(|looked| looked.elapsed() >= POLL) {
                looked = Some(Instant::now());
                goes_on = !store.run(run).await?.ok_or(HeadError::NoRun { run })?.ended;
                if !goes_on {
                    continue;
                }
            }
        }
        for happened in events {
            from = happened.event.number + 1;
            let is_last = matches!(happened.event.event, Some(v1::run_event::Event::Ended(_)));
            if listener.send(Ok(happened)).await.is_err() {
                debug!(run = run.0, "nobody watches any more");
                return Ok(());
            }
            if is_last {
                return Ok(());
            }
        }
        if !many {
            tokio::select! {
                news = news(&mut written, run, from) => news?,
                () = tokio::time::sleep(POLL) => {}
                () = listener.closed() => return Ok(()),
            }
        }
    }
}

/// Waits until a run may have told more than what comes before `from`. One that has ended is not among those that go on.
async fn news(written: &mut watch::Receiver<NextEvents>, run: RunId, from: u64) -> Result<(), HeadError> {
    loop {
        written.changed().await.map_err(|_| HeadError::Stopping)?;
        if written.borrow_and_update().get(&run).is_none_or(|next| *next > from) {
            return Ok(());
        }
    }
}
