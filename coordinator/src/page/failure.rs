//! What people are told where there is no page.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mrt_report::printable;

use super::{Frame, show};
use crate::head::HeadError;
use crate::in_full;
use crate::store::StoreError;

/// Why there is no page: what has happened, and what to do.
pub(super) struct Failure {
    status: StatusCode,
    what: String,
    what_to_do: &'static str,
    login: Option<String>,
}

#[derive(Template)]
#[template(path = "failure.html")]
struct Page {
    frame: Frame,
    what: String,
    what_to_do: &'static str,
    login: Option<String>,
}

impl Failure {
    fn new(status: StatusCode, what: impl Into<String>, what_to_do: &'static str) -> Self {
        Self { status, what: what.into(), what_to_do, login: None }
    }

    fn not_found(what: impl Into<String>, what_to_do: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, what, what_to_do)
    }

    pub(super) fn no_page() -> Self {
        Self::not_found("There is no such page", "The list of runs leads to all that there is.")
    }

    pub(super) fn no_run(name: &str) -> Self {
        let what = format!("There is no run {}", printable(name));
        Self::not_found(
            what,
            "Look for it in the list of runs; runs that ended long ago are removed (--keep-runs).",
        )
    }

    pub(super) fn no_cell() -> Self {
        Self::not_found("The run has no such cell", "Follow a link of the run's matrix.")
    }

    pub(super) fn no_suite(name: &str) -> Self {
        let what = format!("No run that is kept has the suite {}", printable(name));
        Self::not_found(what, "Submit it, or look at the list of runs.")
    }

    pub(super) fn not_grpc() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "This address is for programs that speak gRPC over HTTP/2",
            "Use mrt-cli, or open the list of runs.",
        )
    }

    /// Somebody else's name for this machine.
    pub(super) fn not_at_home() -> Self {
        Self::new(
            StatusCode::MISDIRECTED_REQUEST,
            "This coordinator listens to its own machine alone, without tokens, and was asked for under another name",
            "Open it as 127.0.0.1 or localhost. If a proxy stands before it, give it tokens (--tokens), or have the proxy \
             ask under that name.",
        )
    }

    /// Nobody has shown a token that is known.
    pub(super) fn no_token(to: &str) -> Self {
        let login = Some(to.to_owned());
        let what = "A token is needed to look at this";
        let what_to_do =
            "Log in with a token that has the role `read`, or send one as `Authorization: Bearer`.";
        Self { login, ..Self::new(StatusCode::UNAUTHORIZED, what, what_to_do) }
    }

    /// The token is for something else.
    pub(super) fn wrong_role(what: impl Into<String>, to: &str) -> Self {
        let what_to_do = "Log in with a token that has the role `read` or `submit`.";
        Self { login: Some(to.to_owned()), ..Self::new(StatusCode::FORBIDDEN, what, what_to_do) }
    }

    /// A page could not be made.
    pub(super) fn broken(error: &dyn std::error::Error) -> Self {
        tracing::error!("a page cannot be made: {}", in_full(error));
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The page cannot be made",
            "Report this with the coordinator's log; `mrt-cli report` may tell the same.",
        )
    }

    /// A form came from somebody else's page, or is none.
    pub(super) fn foreign_form() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This did not come from a page of this coordinator",
            "Open the page, and try again.",
        )
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::error!("a page cannot be shown: {}", in_full(&error));
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The state of the farm cannot be read now",
            "Try again in a moment. If that does not help, the coordinator's log says what its database answers.",
        )
    }
}

impl From<HeadError> for Failure {
    fn from(error: HeadError) -> Self {
        let what_to_do = "Try again in a moment: it may be that it is started anew.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string(), what_to_do)
    }
}

impl From<mrt_report::RenderError> for Failure {
    fn from(error: mrt_report::RenderError) -> Self {
        Self::broken(&error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Self { status, what, what_to_do, login } = self;
        let frame = Frame { title: what.clone(), logout: false };
        let mut response = show(status, &Page { frame, what, what_to_do, login });
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
