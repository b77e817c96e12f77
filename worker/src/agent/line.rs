//! The stream to the coordinator, opened again whenever it ends.

use std::time::Duration;

use futures_util::stream;
use mrt_ops::connect::{Channel, Connection, explain};
use mrt_proto::v1;
use mrt_proto::v1::coordinator_message::Message as Theirs;
use mrt_proto::v1::worker_message::Message as Ours;
use mrt_proto::v1::workers_client::WorkersClient;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tonic::{Code, Status, Streaming};
use tracing::{info, warn};

use super::AgentError;
use super::pause::Pauses;

/// How long the coordinator may take to answer `hello`.
const GREETING: Duration = Duration::from_secs(20);
/// The least time without any word after which a stream is taken for dead.
const SILENCE: Duration = Duration::from_secs(5);
/// What is sent and not yet on its way: little, since what comes later says more.
const QUEUE: usize = 1;

/// What happens on the line.
pub(super) enum Line {
    /// The coordinator has answered; what it is to hear goes in here.
    Open(mpsc::Sender<v1::WorkerMessage>, v1::Welcome),
    /// It says something.
    Heard(Theirs),
    /// The stream has ended; another one will be opened.
    Closed,
    /// It has ended for good.
    Refused(AgentError),
}

/// Keeps a stream open for ever.
pub(super) async fn keep(
    client: WorkersClient<Channel>,
    hello: v1::Hello,
    connection: Option<Connection>,
    line: mpsc::Sender<Line>,
) {
    let mut pauses = Pauses::default();
    loop {
        let ended = converse(client.clone(), &hello, &line, &mut pauses).await;
        // Nobody listens when the agent has ended.
        let Ok(status) = ended else { return };
        let is_final = matches!(
            status.code(),
            Code::FailedPrecondition | Code::Unauthenticated | Code::PermissionDenied
        );
        let error = explain(status, connection.as_ref());
        if is_final {
            let _ = line.send(Line::Refused(AgentError::Refused(Box::new(error)))).await;
            return;
        }
        if line.send(Line::Closed).await.is_err() {
            return;
        }
        let pause = pauses.next();
        warn!("{error} (the next attempt comes in {:.1} s)", pause.as_secs_f64());
        sleep(pause).await;
    }
}

/// The agent has ended.
struct Gone;

/// One stream: how it ended.
async fn converse(
    mut client: WorkersClient<Channel>,
    hello: &v1::Hello,
    line: &mpsc::Sender<Line>,
    pauses: &mut Pauses,
) -> Result<Status, Gone> {
    let (sender, mut receiver) = mpsc::channel(QUEUE);
    let first = v1::WorkerMessage { message: Some(Ours::Hello(hello.clone())) };
    // There is room for it.
    let _ = sender.try_send(first);
    let outbound = stream::poll_fn(move |context| receiver.poll_recv(context));
    let opening = async {
        let mut inbound = client.work(outbound).await?.into_inner();
        let welcome = welcome(&mut inbound).await?;
        Ok((inbound, welcome))
    };
    let (mut inbound, welcome) = match timeout(GREETING, opening).await {
        Ok(Ok(opened)) => opened,
        Ok(Err(status)) => return Ok(status),
        Err(_) => return Ok(Status::deadline_exceeded("no answer to `hello`")),
    };
    info!(version = welcome.version, "connected to the coordinator");
    let silence = Duration::from_millis(welcome.lease_ms).max(SILENCE);
    line.send(Line::Open(sender, welcome)).await.map_err(|_| Gone)?;
    loop {
        let message = match timeout(silence, inbound.message()).await {
            Ok(Ok(Some(message))) => message,
            Ok(Ok(None)) => return Ok(Status::unavailable("it has ended the stream")),
            Ok(Err(status)) => return Ok(status),
            Err(_) => return Ok(Status::deadline_exceeded("it answers no more")),
        };
        // What a newer coordinator says beside all this need not be known.
        let Some(message) = message.message else { continue };
        if let Theirs::Orders(_) = message {
            // It does not only greet.
            *pauses = Pauses::default();
        }
        line.send(Line::Heard(message)).await.map_err(|_| Gone)?;
    }
}

async fn welcome(inbound: &mut Streaming<v1::CoordinatorMessage>) -> Result<v1::Welcome, Status> {
    let first = inbound.message().await?.ok_or_else(|| Status::unavailable("it has ended the stream"))?;
    match first.message {
        Some(Theirs::Welcome(welcome)) if welcome.protocol == mrt_proto::PROTOCOL => Ok(welcome),
        Some(Theirs::Welcome(welcome)) => {
            let (theirs, ours) = (welcome.protocol, mrt_proto::PROTOCOL);
            let upgrade = if theirs < ours { "the coordinator" } else { "mrt-worker" };
            Err(Status::failed_precondition(format!(
                "it speaks version {theirs} of the contract, and mrt-worker version {ours}; upgrade {upgrade}"
            )))
        }
        _ => Err(Status::unavailable("its first message is not `welcome`")),
    }
}
