//! Waiting for what is to come: looked at again and again, and not for ever.

use std::time::{Duration, Instant};

use crate::process::Problem;

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(50);

/// Waits until `look` sees something.
pub(super) async fn within<T>(
    limit: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Result<Option<T>, Problem>,
) -> Result<T, Problem> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(seen) = look().await? {
            return Ok(seen);
        }
        if Instant::now() > deadline {
            return Err(Problem::Late { what: what.to_owned(), seconds: limit.as_secs() });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Does something that blocks, beside everything else.
pub(super) async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Problem::unusable(format!("something broke off: {error}")))?
}
