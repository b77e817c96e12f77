//! Calls of the Kubernetes API, tried again by its rules, each for a bounded time.

use std::error::Error;
use std::io;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use http_body_util::BodyExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{
    DeleteParams, GetParams, ListParams, LogParams, ObjectList, Preconditions, Request, WatchEvent,
    WatchParams,
};
use kube::client::Body;
use kube::core::Status;
use kube::core::request::Error as RequestError;
use kube::{Client, Resource as _};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::codec::{FramedRead, LinesCodec};
use tokio_util::io::StreamReader;

use super::error::{ApiError, KubernetesError};

/// How long things may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// One answer of the API.
    pub answer: Duration,
    /// All attempts at one call, while the API is away or overloaded.
    pub away: Duration,
    /// Pauses between attempts: the first, and the longest.
    pub pauses: (Duration, Duration),
    /// Until a Pod has a node and its image: quota, scheduling, autoscaling, the download.
    pub patience: Duration,
    /// A node's failing at an image, or at a container.
    pub trouble: Duration,
    /// A watch that says nothing.
    pub watch: Duration,
    /// A Pod's going, before it is forced.
    pub going: Duration,
    /// Until a node has told how a server ended whose connections broke.
    pub notice: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(30),
            away: Duration::from_secs(90),
            pauses: (Duration::from_millis(250), Duration::from_secs(5)),
            patience: Duration::from_secs(600),
            trouble: Duration::from_secs(60),
            watch: Duration::from_secs(120),
            going: Duration::from_secs(30),
            // The kubelet looks at its containers once a second, and then tells the API.
            notice: Duration::from_secs(3),
        }
    }
}

/// A request, or why there is none.
type Built = Result<http::Request<Vec<u8>>, RequestError>;

/// The Pods of one namespace.
pub(super) struct Api {
    client: Client,
    pods: Request,
    pub(super) namespace: String,
    /// For people.
    pub(super) address: String,
    pub(super) limits: Limits,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.namespace)
    }
}

impl Api {
    pub(super) fn new(client: Client, address: String, namespace: String, limits: Limits) -> Self {
        let pods = Request::new(Pod::url_path(&(), Some(&namespace)));
        Self { client, pods, namespace, address, limits }
    }

    /// Another one of these that waits for nothing: one answer, within this time.
    pub(super) fn at_once(&self, within: Duration) -> Self {
        let limits = Limits { answer: within, away: Duration::ZERO, ..self.limits.clone() };
        Self::new(self.client.clone(), self.address.clone(), self.namespace.clone(), limits)
    }

    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    /// What came of `action`, in words for who runs the worker.
    pub(super) fn explain(&self, action: impl Into<String>, source: ApiError) -> Box<KubernetesError> {
        let (address, action) = (self.address.clone(), action.into());
        Box::new(if source.is_not_allowed() {
            KubernetesError::NotAllowed { address, action, namespace: self.namespace.clone(), source }
        } else if source.is_about_reach() {
            KubernetesError::Unreachable { address, action, waited: self.limits.away, source }
        } else {
            KubernetesError::Api { address, action, source }
        })
    }

    /// Makes a Pod. A field that the API does not know is an error: with a template, it is a misspelt one.
    pub(super) async fn create(&self, pod: &Value) -> Result<(), ApiError> {
        let body = pod.to_string().into_bytes();
        let path = format!("{}?fieldManager=mrt-worker&fieldValidation=Strict", self.pods.url_path);
        let request = || {
            http::Request::post(&path)
                .header(http::header::CONTENT_TYPE, "application/json")
                .body(body.clone())
                .map_err(RequestError::BuildRequest)
        };
        match self.bytes(request).await {
            // An answer was lost, and the Pod was made: nobody else knows its name.
            Err(error) if error.is_there_already() => Ok(()),
            made => made.map(drop),
        }
    }

    /// The Pod of this name; `None` when there is none.
    pub(super) async fn get(&self, name: &str) -> Result<Option<Pod>, ApiError> {
        present(self.call(|| self.pods.get(name, &GetParams::default())).await)
    }

    /// The Pods with these labels, or this field.
    pub(super) async fn list(&self, which: &ListParams) -> Result<ObjectList<Pod>, ApiError> {
        self.call(|| self.pods.list(which)).await
    }

    /// Asks for a Pod to be deleted: that very one, if its `uid` is known. It may still be there afterwards; that it is gone already is as good.
    pub(super) async fn delete(&self, name: &str, uid: Option<&str>, grace: u32) -> Result<(), ApiError> {
        let parameters = DeleteParams {
            grace_period_seconds: Some(grace),
            preconditions: uid.map(|uid| Preconditions { uid: Some(uid.to_owned()), resource_version: None }),
            ..DeleteParams::default()
        };
        match self.bytes(|| self.pods.delete(name, &parameters)).await {
            Ok(_) | Err(ApiError::Status { code: 404, .. }) => Ok(()),
            // Another one has its name by now.
            Err(ApiError::Status { code: 409, .. }) if uid.is_some() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The last lines that a container wrote; nothing where they are gone with it.
    pub(super) async fn logs(&self, name: &str, lines: i64, bytes: i64) -> Result<String, ApiError> {
        let which = LogParams {
            container: Some(super::describe::SERVER.to_owned()),
            tail_lines: Some(lines),
            limit_bytes: Some(bytes),
            ..LogParams::default()
        };
        match self.bytes(|| self.pods.logs(name, &which)).await {
            Ok(text) => Ok(String::from_utf8_lossy(&text).trim_end().to_owned()),
            // The Pod is gone, its container never began, or its node does not answer.
            Err(ApiError::Status { code: 400 | 404 | 500, .. }) => Ok(String::new()),
            Err(error) => Err(error),
        }
    }

    /// What happens to a Pod from a version on.
    pub(super) async fn watch(
        &self,
        name: &str,
        version: &str,
    ) -> Result<impl Stream<Item = Result<WatchEvent<Pod>, ApiError>> + Send + use<>, ApiError> {
        let seconds = u32::try_from(self.limits.watch.as_secs()).unwrap_or(u32::MAX).clamp(1, 290);
        let which = WatchParams::default().fields(&format!("metadata.name={name}")).timeout(seconds);
        let request = self.pods.watch(&which, version).map_err(words)?;
        let response = self.in_time(self.send(request)).await?;
        let body = response.into_body().into_data_stream().map_err(io::Error::other);
        let lines = FramedRead::new(StreamReader::new(body), LinesCodec::new());
        Ok(lines.map(|line| {
            let line = line.map_err(|error| ApiError::Connection(error.into()))?;
            serde_json::from_str(&line).map_err(words)
        }))
    }

    async fn call<T: DeserializeOwned>(&self, request: impl Fn() -> Built) -> Result<T, ApiError> {
        serde_json::from_slice(&self.bytes(request).await?).map_err(words)
    }

    /// Asks until there is an answer that will not be another one the next time.
    async fn bytes(&self, request: impl Fn() -> Built) -> Result<Vec<u8>, ApiError> {
        let deadline = Instant::now() + self.limits.away;
        let mut backoff = Backoff::new(&self.limits);
        loop {
            let asking = async {
                let body = self.send(request().map_err(words)?).await?.into_body();
                Ok(body.collect().await.map_err(connection)?.to_bytes().to_vec())
            };
            let error = match self.in_time(asking).await {
                Err(error) if error.is_passing() => error,
                answer => return answer,
            };
            let pause = backoff.next(&error);
            if Instant::now() + pause > deadline {
                return Err(error);
            }
            tracing::debug!(%error, ?pause, "the Kubernetes API is asked again");
            sleep(pause).await;
        }
    }

    async fn in_time<T>(&self, asking: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
        let answer = timeout(self.limits.answer, asking).await;
        answer.unwrap_or(Err(ApiError::Silence(self.limits.answer)))
    }

    /// One request.
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Body>, ApiError> {
        let response = self.client.send(request.map(Body::from)).await.map_err(connection)?;
        let code = response.status();
        if !code.is_client_error() && !code.is_server_error() {
            return Ok(response);
        }
        let header = response.headers().get(http::header::RETRY_AFTER).and_then(|it| it.to_str().ok());
        let header = header.and_then(|seconds| seconds.trim().parse().ok());
        let body = response.into_body().collect().await.map_err(connection)?.to_bytes();
        Err(refusal(code.as_u16(), header, &body))
    }
}

/// Pauses that grow, and never end before the API has said.
pub(super) struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { next: limits.pauses.0, longest: limits.pauses.1 }
    }

    /// How long to wait after this.
    pub(super) fn next(&mut self, error: &ApiError) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        // Workers that were refused together do not come back together.
        let pause = pause.mul_f64(0.75 + fastrand::f64() / 2.0);
        error.retry_after().map_or(pause, |said| said.max(pause))
    }
}

/// What a refusal says, be it the API's own or that of what stands before it, which is plain text.
fn refusal(code: u16, header: Option<u64>, body: &[u8]) -> ApiError {
    let (reason, message, details) = match serde_json::from_slice::<Status>(body) {
        Ok(status) => (status.reason, status.message, status.details),
        Err(_) => (String::new(), String::from_utf8_lossy(body).trim().to_owned(), None),
    };
    let said = details.map(|details| u64::from(details.retry_after_seconds)).filter(|seconds| *seconds > 0);
    let retry_after = header.or(said).map(Duration::from_secs);
    ApiError::Status { code, reason, message, retry_after }
}

/// What an event says that is an error.
pub(super) fn of_event(status: Status) -> ApiError {
    let retry_after = None;
    ApiError::Status { code: status.code, reason: status.reason, message: status.message, retry_after }
}

fn present<T>(answer: Result<T, ApiError>) -> Result<Option<T>, ApiError> {
    match answer {
        Err(error) if error.is_not_found() => Ok(None),
        answer => answer.map(Some),
    }
}

fn connection(error: kube::Error) -> ApiError {
    ApiError::Connection(cause(error))
}

fn words(error: impl Into<Box<dyn Error + Send + Sync>>) -> ApiError {
    ApiError::Words(error.into())
}

/// Without the names of the client's own layers, each of which repeats what is below it.
fn cause(error: kube::Error) -> Box<dyn Error + Send + Sync> {
    match error {
        kube::Error::Service(error) => error,
        kube::Error::HyperError(error) => error.into(),
        kube::Error::Auth(error) => error.into(),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_read_whoever_wrote_it() {
        let own = br#"{"kind":"Status","status":"Failure","message":"pods \"a\" not found","reason":"NotFound","code":404}"#;
        assert!(refusal(404, None, own).is_not_found());
        let busy = refusal(429, Some(7), b"Too many requests, please try again later.\n");
        assert_eq!(busy.retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(busy.to_string(), "429: Too many requests, please try again later.");
        let told = br#"{"reason":"TooManyRequests","code":429,"details":{"retryAfterSeconds":3}}"#;
        assert_eq!(refusal(429, None, told).retry_after(), Some(Duration::from_secs(3)));
    }

    #[test]
    fn pauses_grow_and_are_as_long_as_the_api_says() {
        let limits = Limits { pauses: (Duration::from_secs(1), Duration::from_secs(4)), ..Limits::default() };
        let mut backoff = Backoff::new(&limits);
        let silence = ApiError::Silence(Duration::ZERO);
        let pauses: Vec<f64> = (0..4).map(|_| backoff.next(&silence).as_secs_f64()).collect();
        for (pause, about) in pauses.iter().zip([1.0, 2.0, 4.0, 4.0]) {
            assert!((about * 0.75..=about * 1.25).contains(pause), "{pauses:?}");
        }
        let busy = refusal(429, Some(60), b"");
        assert_eq!(backoff.next(&busy), Duration::from_secs(60));
    }
}
