//! What people see of the farm in a browser: runs as they go, cells, workers, what became of a suite.
//!
//! Pages are made here, and read the state as it is; a little script follows a run's events. They change nothing. They stand beside
//! the services on one address: what is gRPC is theirs, all else is ours.
//!
//! Whatever a project holds is shown as text: it goes through [`printable`](mrt_report::printable), then through the templates'
//! own escapes, and no page allows a script or a style that is not a file of ours.

mod access;
mod assets;
mod bar;
mod cell;
mod events;
mod failure;
mod matrix;
mod run;
mod runs;
mod source;
mod suite;
mod words;
mod workers;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use mrt_ops::serve::Tokens;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::service::Routes;

use crate::head::{Head, HeadError};
use crate::store::Store;

use failure::Failure;

/// What browsers are told of every page but the report, which carries a stricter one of its own.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// How many take much at a time: a whole report, a look into a bundle. Further ones wait.
const LARGE: usize = 2;

/// What pages are made of.
#[derive(Clone)]
struct Site {
    head: Head,
    store: Store,
    tokens: Tokens,
    stop: CancellationToken,
    large: Arc<Semaphore>,
    counted: runs::Counted,
}

/// The services, and pages beside them. Streams end when `stop` says so.
pub(crate) fn beside(
    services: Routes,
    head: &Head,
    store: &Store,
    tokens: &Tokens,
    stop: &CancellationToken,
) -> Routes {
    let site = Site {
        head: head.clone(),
        store: store.clone(),
        tokens: tokens.clone(),
        stop: stop.clone(),
        large: Arc::new(Semaphore::new(LARGE)),
        counted: runs::Counted::default(),
    };
    let services = services.into_axum_router().layer(from_fn(grpc_alone));
    services.merge(pages(site)).fallback(nowhere).into()
}

fn pages(site: Site) -> Router {
    let asked = Router::new()
        .route("/", get(runs::page))
        .route("/runs/{run}", get(run::page))
        .route("/runs/{run}/events", get(events::stream))
        .route("/runs/{run}/report.html", get(run::html))
        .route("/runs/{run}/report.json", get(run::json))
        .route("/runs/{run}/cells/{column}/{position}", get(cell::page))
        .route("/suites", get(suite::all))
        .route("/suites/{suite}", get(suite::page))
        .route("/workers", get(workers::page))
        .layer(from_fn_with_state(site.clone(), access::admit));
    let open = Router::new()
        .route("/login", get(access::form).post(access::login))
        .route("/logout", post(access::logout))
        .route("/assets/{name}", get(assets::asset));
    asked
        .merge(open)
        .layer(from_fn_with_state(site.clone(), access::at_home))
        .layer(from_fn(guarded))
        .with_state(site)
}

/// Whether a request is one of gRPC.
fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|it| it.as_bytes().starts_with(b"application/grpc"))
}

/// Lets only those pass to the services who speak gRPC. A page somewhere else could have its visitor's browser send them a form, but
/// nothing of this type without asking first, and that is not answered.
async fn grpc_alone(request: Request, next: Next) -> Response {
    if !is_grpc(request.headers()) || request.version() < Version::HTTP_2 {
        return with_headers(Failure::not_grpc().into_response());
    }
    next.run(request).await
}

/// What nobody serves.
async fn nowhere(request: Request) -> Response {
    if is_grpc(request.headers()) {
        return Status::unimplemented("").into_http::<Body>();
    }
    with_headers(Failure::no_page().into_response())
}

async fn guarded(request: Request, next: Next) -> Response {
    with_headers(next.run(request).await)
}

/// What browsers are told of everything; a page may have said otherwise.
fn with_headers(mut response: Response) -> Response {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// What all pages have.
struct Frame {
    title: String,
    /// Somebody has shown a token, and may take it back.
    logout: bool,
}

impl Site {
    /// Waits until there is room for something that takes much.
    async fn room(&self) -> Result<SemaphorePermit<'_>, Failure> {
        // It is never closed.
        Ok(self.large.acquire().await.map_err(|_| HeadError::Stopping)?)
    }

    fn frame(&self, title: impl Into<String>) -> Frame {
        Frame { title: title.into(), logout: !self.tokens.is_none() }
    }
}

/// A page, with its status.
fn show(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(error) => {
            tracing::error!("cannot make a page: {error}");
            (StatusCode::INTERNAL_SERVER_ERROR, "the page cannot be made").into_response()
        }
    }
}

/// Does what takes a while where nobody else waits for it.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Failure::broken(&error))
}

/// What a page answers.
type Answer = Result<Response, Failure>;

fn page(page: &impl Template) -> Answer {
    Ok(show(StatusCode::OK, page))
}
