//! A farm as its client sees it, whether it is far away or in this process.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder, Retryable as _};
use mrt_bundle::{Digest, Packed};
use mrt_ops::Trouble;
use mrt_ops::connect::{CallError, Channel, Connection, explain, is_away};
use mrt_proto::v1;
use mrt_proto::v1::run_event::Event;
use mrt_proto::v1::submissions_client::SubmissionsClient;
use mrt_report::Report;
use tonic::{Code, Status};

use crate::error::CliError;

/// The largest message, in bytes: an event holds a cell with its evidence, a submission a monorepo's chains.
const MESSAGE: usize = 64 << 20;
/// Bytes of a bundle that are sent at a time.
const PART: usize = 256 << 10;
/// How often one call is tried again, and how long a coordinator may be away in the middle of a run: with the pauses between
/// them about ten minutes.
const TRIES: usize = 64;

/// A farm.
#[derive(Clone)]
pub(crate) struct Farm {
    client: SubmissionsClient<Channel>,
    connection: Option<Connection>,
}

/// What is heard while a run is followed.
pub(crate) enum Heard {
    /// Something has happened in the run.
    Event(Event),
    /// The coordinator does not answer any more; it is waited for. Told once, until it is back.
    Away(CallError),
    /// It is back.
    Back,
}

/// What there is of a run's report.
pub(crate) struct Fetched {
    pub(crate) report: Report,
    /// Every cell has its result.
    pub(crate) complete: bool,
    /// Somebody cancelled the run.
    pub(crate) cancelled: bool,
    /// Why columns could not be checked at all.
    pub(crate) failures: Vec<v1::Failure>,
    /// What its cells were before, where that is known.
    pub(crate) before: Option<Report>,
    /// Where there is more to see.
    pub(crate) page: Option<String>,
}

impl Fetched {
    /// A report of which there is no more to come.
    pub(crate) fn whole(report: Report) -> Self {
        Self { report, complete: true, cancelled: false, failures: Vec::new(), before: None, page: None }
    }
}

/// What was sent of a project.
pub(crate) struct Sent {
    /// How it is checked.
    pub(crate) options: v1::CheckOptions,
    /// The bundle's name; none when it is kept no more.
    pub(crate) bundle: Option<Digest>,
}

impl Farm {
    /// The farm at an address; nothing is sent yet. Needs a tokio runtime.
    pub(crate) fn at(connection: &Connection) -> Result<Self, CliError> {
        let channel = connection.channel().map_err(CliError::Connect)?;
        Ok(Self::new(channel, Some(connection.clone())))
    }

    /// The farm at the other end of a channel of this process.
    pub(crate) fn here(channel: Channel) -> Self {
        Self::new(channel, None)
    }

    fn new(channel: Channel, connection: Option<Connection>) -> Self {
        let client = SubmissionsClient::new(channel)
            .max_decoding_message_size(MESSAGE)
            .max_encoding_message_size(MESSAGE);
        Self { client, connection }
    }

    fn failed(&self, status: Status) -> CliError {
        CliError::Call(Box::new(explain(status, self.connection.as_ref())))
    }

    /// Which of these bundles are not there.
    pub(crate) async fn missing(&self, bundles: Vec<String>) -> Result<Vec<String>, CliError> {
        let request = v1::FindMissingBundlesRequest { bundles };
        let missing = self.again(async |client: &mut SubmissionsClient<Channel>| {
            client.find_missing_bundles(request.clone()).await
        });
        Ok(missing.await?.missing)
    }

    /// Sends a bundle; what has been sent so far is told.
    pub(crate) async fn upload(
        &self,
        packed: &Arc<Packed>,
        told: impl Fn(u64) + Clone + Send + 'static,
    ) -> Result<(), CliError> {
        let uploaded = self.again(async |client: &mut SubmissionsClient<Channel>| {
            client.upload_bundle(tokio_stream::iter(parts(Arc::clone(packed), told.clone()))).await
        });
        uploaded.await.map(drop)
    }

    /// Makes an empty bundle of this name (SHA-256 of nothing) known.
    pub(crate) async fn upload_nothing(&self, name: &str) -> Result<(), CliError> {
        let nothing = v1::UploadBundleRequest { bundle: name.to_owned(), data: Vec::new() };
        let uploaded = self.client.clone().upload_bundle(tokio_stream::iter([nothing])).await;
        uploaded.map(drop).map_err(|status| self.failed(status))
    }

    /// Submits a run; the answer is its name.
    pub(crate) async fn submit(&self, request: v1::SubmitRequest) -> Result<String, CliError> {
        // Its key makes it the same run when it is sent twice.
        let run =
            self.again(async |client: &mut SubmissionsClient<Channel>| client.submit(request.clone()).await);
        Ok(run.await?.run)
    }

    /// Follows a run from its first event on until it has ended. A coordinator that goes away is waited for.
    pub(crate) async fn follow(&self, run: &str, mut take: impl FnMut(Heard)) -> Result<(), CliError> {
        let mut from = 0;
        // One that was never there is not waited for longer than with any other call.
        let mut pauses = few_pauses().build();
        let (mut first, mut away) = (true, false);
        loop {
            let request = v1::WatchRequest { run: run.to_owned(), from };
            let lost = match self.client.clone().watch(request).await {
                Ok(stream) => {
                    let mut stream = stream.into_inner();
                    first = false;
                    if std::mem::take(&mut away) {
                        take(Heard::Back);
                    }
                    loop {
                        match stream.message().await {
                            Ok(Some(v1::RunEvent { number, event })) => {
                                (from, pauses) = (number + 1, self::pauses().build());
                                let is_last = matches!(event, Some(Event::Ended(_)));
                                event.into_iter().for_each(|event| take(Heard::Event(event)));
                                if is_last {
                                    return Ok(());
                                }
                            }
                            Ok(None) => break Status::unavailable("the stream has ended before the run"),
                            Err(status) => break status,
                        }
                    }
                }
                Err(status) => status,
            };
            let error = explain(lost.clone(), self.connection.as_ref());
            let may_pass = if first { is_away(&lost) } else { may_pass(&error) };
            if !first && lost.code() == Code::NotFound {
                return Err(CliError::Gone { run: run.to_owned(), source: Box::new(error) });
            }
            let Some(pause) = pauses.next().filter(|_| may_pass) else { return Err(self.failed(lost)) };
            if !std::mem::replace(&mut away, true) {
                take(Heard::Away(error));
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// The report, as far as it is.
    pub(crate) async fn report(&self, run: &str) -> Result<Fetched, CliError> {
        let parts = self.again(async |client: &mut SubmissionsClient<Channel>| {
            let request = v1::GetReportRequest { run: run.to_owned() };
            let mut stream = client.get_report(request).await?.into_inner();
            let mut parts = Vec::new();
            while let Some(part) = stream.message().await? {
                parts.push(part);
            }
            Ok(tonic::Response::new(parts))
        });
        let mut json = Vec::new();
        let (mut complete, mut cancelled, mut failures) = (false, false, Vec::new());
        for part in parts.await? {
            complete |= part.complete;
            cancelled |= part.cancelled;
            failures.extend(part.failures.into_iter().filter_map(|failed| failed.failure));
            json.extend(part.data);
        }
        let report = parsed(&json)?;
        Ok(Fetched { report, complete, cancelled, failures, before: None, page: self.page(run) })
    }

    /// The report, with what its cells were before it, on a branch or on the run's own.
    pub(crate) async fn compared(&self, run: &str, branch: Option<String>) -> Result<Fetched, CliError> {
        let fetched = self.report(run).await?;
        let request = v1::GetReportBeforeRequest { run: run.to_owned(), branch: branch.unwrap_or_default() };
        let parts = self.again(async |client: &mut SubmissionsClient<Channel>| {
            let mut stream = client.get_report_before(request.clone()).await?.into_inner();
            let mut json = Vec::new();
            while let Some(part) = stream.message().await? {
                json.extend(part.data);
            }
            Ok(tonic::Response::new(json))
        });
        let before = match parts.await {
            Ok(json) => Some(parsed(&json)?).filter(|report| !report.cells.is_empty()),
            // A coordinator of before knows of none.
            Err(CliError::Call(error)) if error.status().code() == Code::Unimplemented => None,
            Err(error) => return Err(error),
        };
        Ok(Fetched { before, ..fetched })
    }

    /// Where a run is looked at.
    pub(crate) fn page(&self, run: &str) -> Option<String> {
        Some(format!("{}/runs/{run}", self.connection.as_ref()?.coordinator))
    }

    /// How a column of a run is checked, and its project: the archive is written to `archive` where one is given.
    pub(crate) async fn project(
        &self,
        request: &v1::FetchProjectRequest,
        archive: Option<&File>,
    ) -> Result<Sent, CliError> {
        let fetched = self.again(async |client: &mut SubmissionsClient<Channel>| {
            let mut stream = client.fetch_project(request.clone()).await?.into_inner();
            let first = stream.message().await?.unwrap_or_default();
            let sent =
                Sent { options: first.options.unwrap_or_default(), bundle: Digest::parse(&first.bundle) };
            let Some(mut archive) = archive else { return Ok(tonic::Response::new(Ok(sent))) };
            // What an earlier try has left does not count.
            let mut written = archive.set_len(0).and_then(|()| archive.rewind());
            let mut left = mrt_bundle::Limits::default().archive();
            while let Some(v1::FetchProjectResponse { data, .. }) = stream.message().await? {
                // What is longer than any bundle is not worth a disk; that it is none is told when it is unpacked.
                let Some(rest) = left.checked_sub(data.len() as u64) else { break };
                left = rest;
                written = written.and_then(|()| archive.write_all(&data));
                if written.is_err() {
                    break;
                }
            }
            Ok(tonic::Response::new(written.and_then(|()| archive.rewind()).map(|()| sent)))
        });
        fetched.await?.map_err(CliError::Archive)
    }

    /// Cancels a run; the answer is whether it had ended before.
    pub(crate) async fn cancel(&self, run: &str) -> Result<bool, CliError> {
        let request = v1::CancelRequest { run: run.to_owned() };
        let cancelled =
            self.again(async |client: &mut SubmissionsClient<Channel>| client.cancel(request.clone()).await);
        Ok(cancelled.await?.had_ended)
    }

    /// Runs, the latest first.
    pub(crate) async fn runs(&self, limit: u32) -> Result<Vec<v1::Run>, CliError> {
        let listed = self.again(async |client: &mut SubmissionsClient<Channel>| {
            client.list_runs(v1::ListRunsRequest { limit }).await
        });
        Ok(listed.await?.runs)
    }

    /// A call that may be made twice, tried again while the coordinator is only away for a moment.
    async fn again<T>(
        &self,
        call: impl AsyncFn(&mut SubmissionsClient<Channel>) -> Result<tonic::Response<T>, Status>,
    ) -> Result<T, CliError> {
        let attempt = || async { call(&mut self.client.clone()).await };
        let result = attempt.retry(few_pauses()).when(is_away).await;
        result.map(tonic::Response::into_inner).map_err(|status| self.failed(status))
    }
}

/// A bundle in the messages that send it. What an earlier try still reads is read from its own place.
fn parts(
    packed: Arc<Packed>,
    told: impl Fn(u64) + Send + 'static,
) -> impl Iterator<Item = v1::UploadBundleRequest> + Send + 'static {
    let mut sent = 0;
    let mut first = Some(packed.digest.to_string());
    // A file that cannot be read any more ends the stream early, and then its digest is another one.
    std::iter::from_fn(move || {
        let mut data = vec![0; PART];
        let read = packed.archive.read_at(&mut data, sent).unwrap_or(0);
        data.truncate(read);
        let bundle = first.take();
        if read == 0 && bundle.is_none() {
            return None;
        }
        sent += read as u64;
        told(sent);
        Some(v1::UploadBundleRequest { bundle: bundle.unwrap_or_default(), data })
    })
}

/// Pauses between tries: short at first, and never the same for all clients.
fn pauses() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(10))
        .with_factor(2.0)
        .with_max_times(TRIES)
        .with_jitter()
}

/// Nobody who is typing waits longer for a coordinator that is not there.
fn few_pauses() -> ExponentialBuilder {
    pauses().with_max_times(5)
}

fn parsed(json: &[u8]) -> Result<Report, CliError> {
    mrt_report::from_json(&String::from_utf8_lossy(json)).map_err(CliError::Report)
}

/// Whether trying again may help.
fn may_pass(error: &CallError) -> bool {
    error.trouble() == Trouble::Infrastructure
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Mutex;

    use mrt_bundle::{Limits as Files, pack};
    use mrt_coordinator::coordinator::{Coordinator, Limits};
    use mrt_coordinator::farm::Settings;
    use mrt_coordinator::head::Retention;
    use mrt_coordinator::store::{Bundles, Store};
    use mrt_ops::connect::in_process;
    use mrt_ops::serve::Tokens;
    use tokio_util::sync::CancellationToken;
    use tonic::Request;
    use tonic::service::interceptor::InterceptorLayer;
    use tonic::transport::Server;

    use super::*;

    /// A farm that is away at every other call.
    async fn shy() -> Farm {
        let bundles = Bundles { bytes: 1 << 30, keep: 600_000 };
        let settings = Settings { lease: 600_000, attempts: 1 };
        let store = Store::temporary().await.unwrap();
        let coordinator = Coordinator::start(store, settings, Retention { runs: 600_000, bundles });
        let limits = Limits { bundle: 1 << 30, bundles: 1 << 30, silence: Limits::SILENCE };
        let routes = coordinator.routes(&Tokens::none(), limits, &CancellationToken::new());
        let (channel, incoming) = in_process();
        let called = Arc::new(Mutex::new(0));
        let away = InterceptorLayer::new(move |request: Request<()>| {
            let mut called = called.lock().unwrap();
            *called += 1;
            if *called % 2 == 1 { Err(Status::unavailable("not now")) } else { Ok(request) }
        });
        let server = Server::builder().layer(away).add_routes(routes).serve_with_incoming(incoming);
        tokio::spawn(server);
        Farm::here(channel)
    }

    #[tokio::test]
    async fn a_bundle_is_sent_again_while_the_coordinator_is_away() {
        let directory = tempfile::tempdir().unwrap();
        // More than one message.
        let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(3 * PART).collect();
        std::fs::write(directory.path().join("noise"), noise).unwrap();
        let packed = Arc::new(pack(directory.path(), Files::default()).unwrap());
        let name = packed.digest.to_string();
        let farm = shy().await;
        let bundles = vec![name];
        assert_eq!(farm.missing(bundles.clone()).await.unwrap(), bundles);
        farm.upload(&packed, |_| ()).await.unwrap();
        assert_eq!(farm.missing(bundles).await.unwrap(), [""; 0]);
    }
}
