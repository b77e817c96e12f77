//! Files that pages ask for.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};

use super::Failure;

const ASSETS: [(&str, &str, &str); 5] = [
    ("report.css", "text/css; charset=utf-8", mrt_report::STYLE),
    ("page.css", "text/css; charset=utf-8", include_str!("../../templates/page.css")),
    ("report.js", "text/javascript; charset=utf-8", mrt_report::SCRIPT),
    ("page.js", "text/javascript; charset=utf-8", include_str!("../../templates/page.js")),
    ("icon.svg", "image/svg+xml", include_str!("../../templates/icon.svg")),
];

/// One of them. Browsers keep it, and ask whether it is still the same.
pub(super) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some((_, kind, text)) = ASSETS.into_iter().find(|(known, ..)| *known == name) else {
        return Failure::no_page().into_response();
    };
    let digest: String = Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{digest}\"");
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|it| it.as_bytes() == tag.as_bytes());
    let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { text.into_response() };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Nothing but digits and quotes.
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}
