//! What went wrong between us and the coordinator, in words.

use std::error::Error;
use std::fmt;
use std::io;
use std::iter;

use tokio_rustls::rustls::{self, AlertDescription, CertificateError};
use tonic::{Code, ConnectError, Status, TimeoutExpired};

use super::Connection;
use super::dial::Stranger;
use crate::Trouble;

/// Why a call to the coordinator did not work: a sentence for people, and what it comes from.
#[derive(Debug)]
pub struct CallError {
    sentence: String,
    trouble: Trouble,
    status: Status,
}

impl CallError {
    /// Whose turn it is.
    pub fn trouble(&self) -> Trouble {
        self.trouble
    }

    /// The coordinator's answer, or what stands for one that did not come.
    pub fn status(&self) -> &Status {
        &self.status
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl Error for CallError {
    /// What it comes from in the end: what lies between says no more than that something is wrong.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        causes(&self.status).last()
    }
}

/// Whether nobody could answer rather than somebody refused: the same call may work in a moment. A connection that ends in the
/// middle of a call has other codes as well, depending on what of it is heard first.
pub fn is_away(status: &Status) -> bool {
    let is_stranger = || causes(status).any(|it| it.is::<Stranger>() || it.is::<rustls::Error>());
    let is_cut = status.source().is_some() && matches!(status.code(), Code::Internal | Code::Unknown);
    let is_cut = is_cut && !is_stranger();
    status.code() == Code::Unavailable || is_cut
}

/// Says what the end of a call means for whoever made it. There is no connection where the coordinator is in this process.
pub fn explain(status: Status, connection: Option<&Connection>) -> CallError {
    let at = connection.map_or_else(
        || "the coordinator".to_owned(),
        |connection| format!("the coordinator at {}", connection.coordinator),
    );
    let (trouble, sentence) = match (status.source(), connection) {
        (None, _) => answered(&status, &at),
        (Some(_), Some(_)) => unanswered(&status, &at),
        (Some(_), None) => {
            (Trouble::Infrastructure, "the coordinator in this process has ended; see the log".to_owned())
        }
    };
    CallError { sentence, trouble, status }
}

/// The coordinator has said no.
fn answered(status: &Status, at: &str) -> (Trouble, String) {
    let message = status.message();
    match status.code() {
        Code::Unauthenticated => (
            Trouble::Usage,
            format!("{at} does not let us in: {message}; give a token by --token-file or MRT_TOKEN"),
        ),
        Code::PermissionDenied => (
            Trouble::Usage,
            format!("{at} does not allow this: {message}; give another token by --token-file or MRT_TOKEN"),
        ),
        Code::Unimplemented => (
            Trouble::Usage,
            format!("{at} does not know what we ask for; upgrade it and this program to one version"),
        ),
        Code::InvalidArgument
        | Code::FailedPrecondition
        | Code::NotFound
        | Code::AlreadyExists
        | Code::OutOfRange => (Trouble::Usage, format!("{at} refuses: {message}")),
        Code::DeadlineExceeded | Code::Cancelled => {
            (Trouble::Infrastructure, format!("{at} took too long; try again"))
        }
        Code::Unavailable | Code::ResourceExhausted | Code::Aborted => {
            (Trouble::Infrastructure, format!("{at} cannot do this now: {message}; try again later"))
        }
        Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss => {
            (Trouble::Infrastructure, format!("{at} has failed: {message}; its log says more"))
        }
    }
}

/// The coordinator has said nothing.
fn unanswered(status: &Status, at: &str) -> (Trouble, String) {
    use Trouble::{Infrastructure, Usage};
    let mut reaching = false;
    for cause in causes(status) {
        reaching |= cause.is::<ConnectError>();
        if let Some(error) = cause.downcast_ref::<rustls::Error>() {
            return refused(error, at);
        }
        if let Some(stranger) = cause.downcast_ref::<Stranger>() {
            return match stranger {
                Stranger::Tls => (Usage, format!("{at} speaks TLS; say https:// in --coordinator")),
                Stranger::Other => (Usage, format!("what answers is not {at}; correct --coordinator")),
                Stranger::Silent => {
                    (Infrastructure, format!("{at} takes no connections; see whether it works, and its log"))
                }
            };
        }
        if cause.is::<TimeoutExpired>() {
            return (Infrastructure, format!("{at} took too long; try again"));
        }
    }
    if reaching {
        let advice = "see whether it runs there, and whether --coordinator is right";
        return (Infrastructure, format!("cannot reach {at}; {advice}"));
    }
    (Infrastructure, format!("the connection to {at} was lost; try again"))
}

/// There is no agreement on TLS.
fn refused(error: &rustls::Error, at: &str) -> (Trouble, String) {
    use Trouble::{Infrastructure, Usage};
    match error {
        rustls::Error::InvalidCertificate(error) => match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
                Infrastructure,
                format!("the certificate of {at} has expired; whoever runs it has to renew it"),
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
                Infrastructure,
                format!("the certificate of {at} is not valid yet; compare the clocks of both machines"),
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
                Usage,
                format!("the certificate of {at} is for other names; say one of those in --coordinator"),
            ),
            CertificateError::UnknownIssuer => (
                Usage,
                format!("nobody whom we trust has signed the certificate of {at}; name who has by --ca"),
            ),
            _ => (Usage, format!("the certificate of {at} is not acceptable; it needs another one")),
        },
        rustls::Error::InvalidMessage(_) => (
            Usage,
            format!(
                "{at} does not speak TLS; let it, or say http:// in --coordinator where nobody can read along"
            ),
        ),
        rustls::Error::AlertReceived(AlertDescription::CertificateExpired) => {
            (Usage, format!("our certificate for {at} has expired; renew what --client-cert names"))
        }
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            (Usage, format!("{at} asks who we are; give a certificate by --client-cert and --client-key"))
        }
        rustls::Error::AlertReceived(
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError,
        ) => (
            Usage,
            format!("{at} does not accept our certificate; --client-cert needs one signed by whom it trusts"),
        ),
        _ => (Usage, format!("{at} and this program do not agree on TLS; see the coordinator's log")),
    }
}

/// An error and what it comes from. What `io::Error` wraps is a cause too, though it does not say so.
fn causes(status: &Status) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let first: Option<&(dyn Error + 'static)> = status.source();
    iter::successors(first, |&error| match error.downcast_ref::<io::Error>().map(io::Error::get_ref) {
        Some(Some(inner)) => Some(inner as &(dyn Error + 'static)),
        _ => error.source(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_cut_off_may_try_again_and_who_was_refused_may_not() {
        let cut = |error: Box<dyn Error + Send + Sync>| Status::from_error(error);
        assert!(is_away(&cut(io::Error::from(io::ErrorKind::ConnectionReset).into())));
        assert!(is_away(&Status::unavailable("the coordinator is stopping")));
        assert!(!is_away(&cut(Box::new(Stranger::Other))));
        assert!(!is_away(&Status::internal("its log says more")));
        assert!(!is_away(&Status::unknown("a page of a proxy")));
    }
}
