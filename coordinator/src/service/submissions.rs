//! What people and their programs ask of the farm.

use std::pin::Pin;

use mrt_bundle::Digest;
use mrt_ops::serve::{Role, Roles};
use mrt_proto::v1;
use mrt_proto::v1::submissions_server::Submissions;
use mrt_report::Report;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_stream::{Stream, StreamExt as _, iter};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use tracing::info;

use super::archive::archive;
use super::{Limits, PART, check_protocol, run_id, submitted};
use crate::head::{Head, HeadError};
use crate::store::{BRANCH, Store, Upload};
use crate::watch::watch;

/// Runs that a list has when nobody says how many.
const RUNS: u32 = 50;
/// Bundles that are asked for at a time.
const BUNDLES: usize = 10_000;
/// Bundles that are looked for in one turn.
const USED: usize = 100;

/// Uploads that are taken in side by side.
const UPLOADS: usize = 8;

pub(super) struct Submitting {
    head: Head,
    store: Store,
    limits: Limits,
    uploads: Semaphore,
    stop: CancellationToken,
}

type Parts<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl Submitting {
    pub(super) fn new(head: Head, store: Store, limits: Limits, stop: CancellationToken) -> Self {
        Self { head, store, limits, uploads: Semaphore::new(UPLOADS), stop }
    }

    /// Takes a bundle in; the answer is its size.
    async fn take_in(&self, mut parts: Streaming<v1::UploadBundleRequest>) -> Result<u64, Status> {
        let mut upload = Upload::new(&self.store, self.limits.bundles);
        let mut hash = Sha256::new();
        let mut expected = None;
        while let Some(v1::UploadBundleRequest { bundle, data }) = self.heard(parts.message()).await? {
            if expected.is_none() {
                expected = Some(digest(&bundle)?);
            }
            let size = upload.size() + data.len() as u64;
            if size > self.limits.bundle {
                let limit = self.limits.bundle;
                return Err(Status::invalid_argument(format!(
                    "the bundle has more than {limit} bytes; name what no migration needs in .mrtignore, or raise \
                     --max-bundle of the coordinator"
                )));
            }
            hash.update(&data);
            upload.add(&data).await?;
        }
        let expected = expected.ok_or_else(|| Status::invalid_argument("the upload holds nothing"))?;
        let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if found != expected.to_string() {
            return Err(Status::data_loss(format!(
                "what came is {found}, and was to be {expected}; send it again"
            )));
        }
        let size = upload.size();
        upload.keep(expected).await?;
        info!(bundle = %expected, size, "a bundle has come");
        Ok(size)
    }

    /// What comes next of an upload, within the time in which something has to come.
    async fn heard<T>(&self, next: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        let silence = self.limits.silence;
        timeout(silence, next).await.unwrap_or_else(|_| {
            let seconds = silence.as_secs_f32();
            Err(Status::deadline_exceeded(format!(
                "nothing has come of the bundle for {seconds} s; upload it again"
            )))
        })
    }

    /// Parts of an answer, until the coordinator is to stop.
    fn sent<T: Send + 'static>(&self, parts: Vec<T>) -> Parts<T> {
        let stop = self.stop.clone();
        let told = move |part| if stop.is_cancelled() { Err(HeadError::Stopping.into()) } else { Ok(part) };
        Box::pin(iter(parts.into_iter().map(told)))
    }

    async fn known(&self, name: &str) -> Result<crate::store::Listed, Status> {
        let run = run_id(name)?;
        self.store.run(run).await?.ok_or_else(|| HeadError::NoRun { run }.into())
    }
}

fn submitter<T>(request: &Request<T>) -> Result<(), Status> {
    Roles::of(request)?.require(Role::Submit)
}

#[tonic::async_trait]
impl Submissions for Submitting {
    type WatchStream = Parts<v1::RunEvent>;
    type GetReportStream = Parts<v1::GetReportResponse>;
    type GetReportBeforeStream = Parts<v1::GetReportBeforeResponse>;
    type FetchProjectStream = Parts<v1::FetchProjectResponse>;

    async fn find_missing_bundles(
        &self,
        request: Request<v1::FindMissingBundlesRequest>,
    ) -> Result<Response<v1::FindMissingBundlesResponse>, Status> {
        submitter(&request)?;
        let bundles = request.into_inner().bundles;
        if bundles.len() > BUNDLES {
            return Err(Status::invalid_argument(format!(
                "at most {BUNDLES} bundles are looked for at a time"
            )));
        }
        let mut missing = Vec::new();
        // Who asks is about to submit: what is there stays for a while. Not all in one turn, for which others wait.
        for some in bundles.chunks(USED) {
            let digests = some.iter().map(|bundle| digest(bundle)).collect::<Result<Vec<_>, _>>()?;
            let mut turn = self.store.turn().await?;
            for digest in digests {
                if !turn.use_bundle(&digest.to_string()).await? {
                    missing.push(digest.to_string());
                }
            }
            turn.commit().await?;
        }
        Ok(Response::new(v1::FindMissingBundlesResponse { missing }))
    }

    async fn upload_bundle(
        &self,
        request: Request<Streaming<v1::UploadBundleRequest>>,
    ) -> Result<Response<v1::UploadBundleResponse>, Status> {
        submitter(&request)?;
        let uploading = async {
            // Further ones wait: what they send is not read until then.
            let _permit = self.uploads.acquire().await.map_err(|_| HeadError::Stopping)?;
            self.take_in(request.into_inner()).await
        };
        let size = tokio::select! {
            size = uploading => size?,
            () = self.stop.cancelled() => return Err(HeadError::Stopping.into()),
        };
        Ok(Response::new(v1::UploadBundleResponse { size }))
    }

    async fn submit(
        &self,
        request: Request<v1::SubmitRequest>,
    ) -> Result<Response<v1::SubmitResponse>, Status> {
        submitter(&request)?;
        let request = request.into_inner();
        check_protocol(request.protocol, "mrt-cli")?;
        let run = self.head.submit(submitted::checked(request)?).await?;
        Ok(Response::new(v1::SubmitResponse { run: run.0.to_string() }))
    }

    async fn watch(&self, request: Request<v1::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let v1::WatchRequest { run, from } = request.into_inner();
        let run = self.known(&run).await?.id;
        let events = watch(&self.head, &self.store, &self.stop, run, from);
        let events = events.map(|told| told.map(|it| it.event).map_err(Status::from));
        Ok(Response::new(Box::pin(events)))
    }

    async fn get_report(
        &self,
        request: Request<v1::GetReportRequest>,
    ) -> Result<Response<Self::GetReportStream>, Status> {
        let run = self.known(&request.into_inner().run).await?;
        let told = self.store.report(run.id).await?;
        let mut parts: Vec<_> = in_parts(&Report::merge(told.columns))?
            .into_iter()
            .map(|data| v1::GetReportResponse { data, ..v1::GetReportResponse::default() })
            .collect();
        if let Some(first) = parts.first_mut() {
            (first.complete, first.cancelled, first.failures) = (run.ended, run.cancelled, told.failures);
        }
        Ok(Response::new(self.sent(parts)))
    }

    async fn get_report_before(
        &self,
        request: Request<v1::GetReportBeforeRequest>,
    ) -> Result<Response<Self::GetReportBeforeStream>, Status> {
        let v1::GetReportBeforeRequest { run, branch } = request.into_inner();
        let run = self.known(&run).await?;
        let report = Report::merge(self.store.report(run.id).await?.columns);
        let branch = Some(branch).filter(|branch| !branch.is_empty());
        let branch = branch.as_ref().or_else(|| run.labels.get(BRANCH)).map(String::as_str);
        let before = self.store.before(run.id, branch, &report).await?;
        let parts = in_parts(&before)?.into_iter().map(|data| v1::GetReportBeforeResponse { data });
        Ok(Response::new(self.sent(parts.collect())))
    }

    async fn fetch_project(
        &self,
        request: Request<v1::FetchProjectRequest>,
    ) -> Result<Response<Self::FetchProjectStream>, Status> {
        // All of a project is more than what a report shows of it.
        submitter(&request)?;
        let v1::FetchProjectRequest { run, suite, target } = request.into_inner();
        let run = self.known(&run).await?.id;
        let options = self.store.options(run).await?.ok_or(HeadError::NoRun { run })?;
        let columns = self.store.columns(run).await?;
        let column = columns.into_iter().find(|column| column.suite == suite && column.target == target);
        let column = column
            .ok_or_else(|| Status::not_found(format!("run {} has no suite {suite} on {target}", run.0)))?;
        let digest = digest(&column.bundle)?;
        let size = self.store.bundle_size(digest).await?;
        let bundle = size.map(|_| column.bundle).unwrap_or_default();
        let first = v1::FetchProjectResponse { options: Some(options), bundle, data: Vec::new() };
        // Without it the archive of nothing.
        let chunks = archive(&self.store, &self.stop, digest, size.unwrap_or(0));
        let rest = chunks.map(|data| {
            data.map(|data| v1::FetchProjectResponse { data, ..v1::FetchProjectResponse::default() })
        });
        Ok(Response::new(Box::pin(iter([Ok(first)]).chain(rest))))
    }

    async fn cancel(
        &self,
        request: Request<v1::CancelRequest>,
    ) -> Result<Response<v1::CancelResponse>, Status> {
        submitter(&request)?;
        let run = run_id(&request.into_inner().run)?;
        let had_ended = self.head.cancel(run).await?;
        Ok(Response::new(v1::CancelResponse { had_ended }))
    }

    async fn list_runs(
        &self,
        request: Request<v1::ListRunsRequest>,
    ) -> Result<Response<v1::ListRunsResponse>, Status> {
        let limit = match request.into_inner().limit {
            0 => RUNS,
            limit => limit,
        };
        let runs = self.store.runs(limit).await?.into_iter().map(|run| v1::Run {
            run: run.id.0.to_string(),
            submitted_ms: run.submitted.cast_signed(),
            cells: run.cells,
            done: run.done,
            ended: run.ended,
            cancelled: run.cancelled,
            labels: run.labels.into_iter().collect(),
        });
        Ok(Response::new(v1::ListRunsResponse { runs: runs.collect() }))
    }
}

/// A report as it is sent.
fn in_parts(report: &Report) -> Result<Vec<Vec<u8>>, Status> {
    let json = mrt_report::json(report).map_err(|error| Status::internal(crate::in_full(&error)))?;
    Ok(json.as_bytes().chunks(PART).map(<[u8]>::to_vec).collect())
}

fn digest(text: &str) -> Result<Digest, Status> {
    Digest::parse(text)
        .ok_or_else(|| Status::invalid_argument(format!("{text:?} is no SHA-256 in hexadecimal")))
}
