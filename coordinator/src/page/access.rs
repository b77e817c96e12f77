//! Who may look: whoever has a token with the role `read`, where tokens are used.
//!
//! A browser shows it in a cookie, which scripts do not see and other sites do not send; programs send it as over gRPC. It stands
//! in no address and in no log.

use std::net::IpAddr;
use std::time::Duration;

use askama::Template;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mrt_ops::serve::{Role, Roles, Via};
use tokio::time::{sleep, timeout};
use tonic::metadata::MetadataMap;
use url::form_urlencoded;

use super::{Answer, Failure, Frame, Site, page, show};

const COOKIE: &str = "mrt-token";
/// Bytes of a form with a token.
const FORM: usize = 16 << 10;
/// How long it may take to come.
const COMING: Duration = Duration::from_secs(10);
/// How long somebody waits whose token is not known. Others do not.
const WRONG: Duration = Duration::from_millis(500);

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    frame: Frame,
    to: String,
    wrong: Option<&'static str>,
}

/// Lets pass who may look.
pub(super) async fn admit(State(site): State<Site>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let roles = match headers.contains_key(header::AUTHORIZATION) {
        true => site.tokens.roles_of(&MetadataMap::from_headers(headers.clone())).ok(),
        false => site.tokens.roles(&cookie(headers).unwrap_or_default()),
    };
    let to = request.uri().path_and_query().map_or("/", |it| it.as_str());
    match roles {
        Some(roles) => match may_look(roles) {
            Ok(()) => next.run(request).await,
            Err(what) => Failure::wrong_role(what, &local(to)).into_response(),
        },
        None if reads_pages(headers) && !headers.contains_key(header::AUTHORIZATION) => {
            let asked: String =
                form_urlencoded::Serializer::new(String::new()).append_pair("to", to).finish();
            see(&format!("/login?{asked}"))
        }
        None => Failure::no_token(&local(to)).into_response(),
    }
}

fn may_look(roles: Roles) -> Result<(), String> {
    roles.require(Role::Read).map_err(|status| status.message().to_owned())
}

/// Whether it is a person who asks, rather than a script or a program.
fn reads_pages(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|it| it.to_str().is_ok_and(|it| it.contains("text/html")))
}

/// Lets nobody pass who came here by another site's name. Where there is no token to ask for, a site could have its own name
/// stand for this machine, and have its visitors' browsers read this.
pub(super) async fn at_home(State(site): State<Site>, request: Request, next: Next) -> Response {
    let ours = Via::of(request.extensions()).ours;
    let is_open = site.tokens.is_none() && ours.is_some_and(|ours| ours.ip().is_loopback());
    if is_open && !is_home(request.headers(), request.uri()) {
        return Failure::not_at_home().into_response();
    }
    next.run(request).await
}

/// Whether the name under which we are asked is nobody else's.
fn is_home(headers: &HeaderMap, uri: &Uri) -> bool {
    let said =
        headers.get(header::HOST).and_then(|it| it.to_str().ok()).or(uri.authority().map(|it| it.as_str()));
    let Some(said) = said else { return true };
    let name = match said.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => said.split(':').next().unwrap_or_default(),
    };
    name.parse::<IpAddr>().is_ok() || name.eq_ignore_ascii_case("localhost") || name.ends_with(".localhost")
}

/// The token of a browser that has logged in.
fn cookie(headers: &HeaderMap) -> Option<Vec<u8>> {
    let pairs =
        headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok()).flat_map(|it| it.split(';'));
    let mut values = pairs.filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    values.find_map(|value| URL_SAFE_NO_PAD.decode(value).ok())
}

/// Where somebody asks for a token.
pub(super) async fn form(State(site): State<Site>, uri: Uri) -> Answer {
    let to =
        form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).find(|(name, _)| name == "to");
    let to = local(to.as_ref().map_or("/", |(_, to)| to.as_ref()));
    if site.tokens.is_none() {
        return Ok(see(&to));
    }
    page(&Login { frame: frame(), to, wrong: None })
}

/// Somebody shows a token.
pub(super) async fn login(State(site): State<Site>, request: Request) -> Answer {
    let is_encrypted = Via::of(request.extensions()).is_encrypted;
    let (token, to) = submitted(request).await?;
    let to = local(&to);
    let wrong = match site.tokens.roles(token.as_bytes()) {
        Some(roles) if may_look(roles).is_ok() => {
            let value = URL_SAFE_NO_PAD.encode(token.as_bytes());
            return Ok(with_cookie(see(&to), &value, "", is_encrypted));
        }
        Some(_) => "This token is for something else: one with the role `read` or `submit` is needed.",
        None => "This token is not known.",
    };
    sleep(WRONG).await;
    Ok(show(StatusCode::FORBIDDEN, &Login { frame: frame(), to, wrong: Some(wrong) }))
}

/// Somebody takes it back.
pub(super) async fn logout(request: Request) -> Answer {
    let is_encrypted = Via::of(request.extensions()).is_encrypted;
    ours(request.headers())?;
    Ok(with_cookie(see("/login"), "", "; Max-Age=0", is_encrypted))
}

fn frame() -> Frame {
    Frame { title: "Log in".to_owned(), logout: false }
}

/// The token of a form, and where its sender wants to go.
async fn submitted(request: Request) -> Result<(String, String), Failure> {
    ours(request.headers())?;
    let form = timeout(COMING, to_bytes(request.into_body(), FORM)).await;
    let form = form.ok().and_then(Result::ok).ok_or_else(Failure::foreign_form)?;
    let mut fields = (String::new(), "/".to_owned());
    for (name, value) in form_urlencoded::parse(&form) {
        match name.as_ref() {
            "token" => fields.0 = value.trim().to_owned(),
            "to" => fields.1 = value.into_owned(),
            _ => {}
        }
    }
    Ok(fields)
}

/// Refuses what another site's page has sent; browsers say so.
fn ours(headers: &HeaderMap) -> Result<(), Failure> {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    match site {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) => Err(Failure::foreign_form()),
    }
}

fn see(place: &str) -> Response {
    // What cannot stand in a header leads nowhere.
    let place = HeaderValue::from_str(place).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

fn with_cookie(mut response: Response, value: &str, further: &str, is_encrypted: bool) -> Response {
    let secure = if is_encrypted { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{further}");
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// A place on this site; whatever leads elsewhere leads to the list of runs.
fn local(to: &str) -> String {
    let leads_out =
        to.starts_with("//") || to.contains('\\') || !to.bytes().all(|byte| byte.is_ascii_graphic());
    if to.starts_with('/') && !leads_out { to.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_elsewhere() {
        for to in ["/", "/runs/7?a=b", "/suites/%2F%2Fevil"] {
            assert_eq!(local(to), to);
        }
        for to in [
            "",
            "runs",
            "//evil",
            "/\\evil",
            "/\t/evil",
            "/ /evil",
            "https://evil",
            "javascript:alert(1)",
            "/\u{fc}",
        ] {
            assert_eq!(local(to), "/", "{to}");
        }
    }

    #[test]
    fn only_nobodys_names_are_home() {
        let home = |host: &'static str| {
            let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
            is_home(&headers, &Uri::from_static("/"))
        };
        assert!(
            ["127.0.0.1:7440", "127.0.0.1", "[::1]:7440", "LocalHost:7440", "mrt.localhost"]
                .iter()
                .all(|it| home(it))
        );
        assert!(
            !["evil.example:7440", "localhost.evil.example", "127.0.0.1.evil.example", ""]
                .iter()
                .any(|it| home(it))
        );
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let headers = |cookies: &'static str| {
            HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(cookies))])
        };
        assert_eq!(cookie(&headers("a=b; mrt-token=YWJj; c")).as_deref(), Some(b"abc".as_slice()));
        assert_eq!(cookie(&headers("mrt-tokens=YWJj; xmrt-token=YWJj; mrt-token=%")), None);
    }
}
