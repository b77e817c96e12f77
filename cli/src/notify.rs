//! `--notify`: a webhook is told what a run came to.

use std::error::Error as _;
use std::time::Duration;

use backon::{BlockingRetryable as _, ExponentialBuilder};
use mrt_report::{Digest, message};
use ureq::http::{StatusCode, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Error};

use crate::args::Notify;
use crate::error::CliError;
use crate::origin;
use crate::output::tell;

/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who is told, and where there is more to read. The address is a secret: it is never shown as a whole.
pub(crate) struct Webhook {
    address: Uri,
    link: Option<String>,
}

impl Webhook {
    /// Looks whether somebody can be told, before anything is done that there would be to tell of.
    pub(crate) fn of(notify: &Notify) -> Result<Option<Self>, CliError> {
        // CI systems give an empty one to those who may not know the secret, such as a pull request from a fork.
        let Some(address) = notify.notify.as_ref().filter(|address| !address.is_empty()) else {
            return Ok(None);
        };
        let is_web = |address: &Uri| {
            matches!(address.scheme_str(), Some("http" | "https"))
                && address.host().is_some_and(|host| !host.is_empty())
        };
        let address = address.parse().ok().filter(is_web).ok_or_else(|| {
            CliError::usage("--notify (MRT_NOTIFY) is no address of the web; it begins with `https://`")
        })?;
        Ok(Some(Self { address, link: notify.notify_link.clone().or_else(origin::job) }))
    }

    /// Tells it, with a link to this page where nothing better is known. That nobody could be told is said, and changes nothing about the
    /// run.
    pub(crate) fn tell(
        &self,
        digest: &Digest<'_>,
        troubles: &[&str],
        page: Option<&str>,
    ) -> Result<(), CliError> {
        let message = message(digest, troubles, self.link.as_deref().or(page)).map_err(CliError::Render)?;
        // A redirection would show the message, and what the address holds, to somebody else.
        let config =
            Agent::config_builder().timeout_global(Some(PATIENCE)).max_redirects(0).tls_config(trust());
        let agent = Agent::new_with_config(config.build());
        let post = || {
            let post = agent.post(&self.address).header("content-type", "application/json");
            post.send(&message).map(drop)
        };
        let sent = post.retry(ExponentialBuilder::default().with_max_times(2)).when(may_pass).call();
        if let Err(error) = sent {
            let host = self.address.host().unwrap_or_default();
            tell(format_args!("warning: {host} (--notify) could not be told: {}", why(&error)));
        }
        Ok(())
    }
}

/// Trusts whom this machine trusts: a company's proxy has a certificate of its own.
fn trust() -> TlsConfig {
    let roots = rustls_native_certs::load_native_certs().certs;
    let roots: Vec<_> = roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    match roots.is_empty() {
        true => TlsConfig::default(),
        false => TlsConfig::builder().root_certs(RootCerts::new_with_certs(&roots)).build(),
    }
}

/// Whether it may go well a moment later.
fn may_pass(error: &Error) -> bool {
    match error {
        Error::StatusCode(code) => *code == StatusCode::TOO_MANY_REQUESTS || *code >= 500,
        Error::Io(_) | Error::Timeout(_) | Error::ConnectionFailed | Error::HostNotFound => true,
        _ => false,
    }
}

/// The innermost cause, which names no address.
fn why(error: &Error) -> String {
    match error {
        Error::StatusCode(code) => format!("it answers {code}"),
        Error::Timeout(_) => format!("it did not answer within {} s", PATIENCE.as_secs()),
        Error::Io(error) => error.to_string(),
        error => error.source().map_or_else(|| error.to_string(), ToString::to_string),
    }
}
