//! How a server that starts is asked whether it lets us in.

use std::error::Error;
use std::time::Duration;

use super::Endpoint;

/// How long one attempt to log in may take.
const ATTEMPT: Duration = Duration::from_secs(5);
/// Pauses between attempts to log in: the first, and the longest.
pub(super) const PAUSES: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(100));

/// Asks once at each of these places, the best first, until one lets us in; `endpoint` is set to it.
pub(super) async fn round<Ready, Attempt>(
    endpoint: &mut Endpoint,
    places: &[(String, u16)],
    ready: &Ready,
) -> Result<(), Box<dyn Error + Send + Sync>>
where
    Ready: Fn(Endpoint) -> Attempt + Send + Sync,
    Attempt: Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send,
{
    match first_that_answers(endpoint, places, ready).await? {
        0 => Ok(()),
        // The server may just have become ready, so that the better places are still to be asked.
        at => first_that_answers(endpoint, &places[..=at], ready).await.map(drop),
    }
}

async fn first_that_answers<Ready, Attempt>(
    endpoint: &mut Endpoint,
    places: &[(String, u16)],
    ready: &Ready,
) -> Result<usize, Box<dyn Error + Send + Sync>>
where
    Ready: Fn(Endpoint) -> Attempt + Send + Sync,
    Attempt: Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send,
{
    let mut source = "nobody names a place".into();
    for (at, (host, port)) in places.iter().enumerate() {
        (endpoint.host, endpoint.port) = (host.clone(), *port);
        source = match tokio::time::timeout(ATTEMPT, ready(endpoint.clone())).await {
            Ok(Ok(())) => return Ok(at),
            Ok(Err(error)) => error,
            Err(_) => format!("a login got no answer within {} s", ATTEMPT.as_secs()).into(),
        };
    }
    Err(source)
}
