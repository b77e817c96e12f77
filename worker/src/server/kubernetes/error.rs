//! Why a cluster gives no server.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

/// Why a cluster gives no server. Never a verdict on a migration.
#[derive(Debug, thiserror::Error)]
pub enum KubernetesError {
    /// Nothing says where the cluster is, or what does cannot be used.
    #[error(
        "cannot tell which Kubernetes cluster to use: {problem}; run the worker in a Pod with a service account, or name a \
         kubeconfig by --kubeconfig or KUBECONFIG"
    )]
    Config {
        /// What is wrong with what is said of it.
        problem: String,
    },
    /// Something is said of Pods, and servers are to be containers of an engine.
    #[error(
        "{option} is of no use while servers start in containers; for a Pod for each of them say `--servers kubernetes` \
         (MRT_SERVERS), or leave it out"
    )]
    NotAsked {
        /// What is said.
        option: &'static str,
    },
    /// The template of Pods cannot be used.
    #[error("cannot use {} as a template of Pods: {problem}; --pod-template takes one Pod in YAML or JSON", path.display())]
    Template {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Nobody answers at the cluster's address.
    #[error(
        "the Kubernetes API at {address} could not {action} within {} s; look whether its server runs and can be reached from \
         here",
        waited.as_secs()
    )]
    Unreachable {
        /// Its address.
        address: String,
        /// What we asked.
        action: String,
        /// How long it was tried.
        waited: Duration,
        /// What the last attempt met with.
        #[source]
        source: ApiError,
    },
    /// We may not ask that.
    #[error(
        "the Kubernetes API at {address} does not let the worker {action}; give its service account (or user) a Role in namespace \
         {namespace} for pods (create, get, list, watch, delete) and pods/log (get), and outside of the cluster \
         pods/portforward (create)"
    )]
    NotAllowed {
        /// Its address.
        address: String,
        /// What we asked.
        action: String,
        /// Where.
        namespace: String,
        /// The API's answer.
        #[source]
        source: ApiError,
    },
    /// The API has answered, and not with what was asked for.
    #[error("the Kubernetes API at {address} could not {action}")]
    Api {
        /// Its address.
        address: String,
        /// What we asked.
        action: String,
        /// The API's answer.
        #[source]
        source: ApiError,
    },
    /// The cluster takes no such Pod: admission, or what the template adds.
    #[error(
        "namespace {namespace} does not take a Pod of {image}; look at its Pod Security level, its LimitRange and admission \
         webhooks, and at what --pod-template and --namespace say"
    )]
    Refused {
        /// The image.
        image: String,
        /// Where.
        namespace: String,
        /// The API's answer.
        #[source]
        source: ApiError,
    },
    /// There is no room in the namespace or on the nodes.
    #[error(
        "there was no room for Pod {pod} of {image} in namespace {namespace} for {} s: {why}; raise the quota, add nodes, ask \
         for less with `disk` in mrt.toml, or wait longer with --pod-patience",
        waited.as_secs()
    )]
    NoRoom {
        /// The Pod.
        pod: String,
        /// The image.
        image: String,
        /// Where.
        namespace: String,
        /// How long it waited.
        waited: Duration,
        /// What the quota or the scheduler says.
        why: String,
    },
    /// A node has taken the Pod, and does not begin with it.
    #[error(
        "Pod {pod} of {image} on node {node} did not begin for {} s: {why}; see what `kubectl describe pod` says of Pods like it",
        waited.as_secs()
    )]
    NotBegun {
        /// The Pod.
        pod: String,
        /// The image.
        image: String,
        /// Where.
        node: String,
        /// How long it waited.
        waited: Duration,
        /// What the node says.
        why: String,
    },
    /// The node cannot get the image.
    #[error(
        "node {node} cannot get image {image}: {why}; check its name (`image` in mrt.toml), whether the node reaches the \
         registry, and --pull-secret"
    )]
    Image {
        /// The image.
        image: String,
        /// The node.
        node: String,
        /// What the node says.
        why: String,
    },
    /// No port of this machine's own could be had for what is forwarded.
    #[error("cannot listen on 127.0.0.1 to forward a port of Pod {pod}")]
    Forward {
        /// The Pod.
        pod: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A Pod does not go.
    #[error("Pod {pod} in namespace {namespace} is deleted, and still there after {} s{finalizers}", waited.as_secs())]
    Stays {
        /// The Pod.
        pod: String,
        /// Where.
        namespace: String,
        /// How long it was waited for.
        waited: Duration,
        /// Whose word is missing, or nothing.
        finalizers: String,
    },
}

/// One answer of the API, or that there was none.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// It has said no.
    #[error("{code}{}{reason}: {message}", if reason.is_empty() { "" } else { " " })]
    Status {
        /// As HTTP has it.
        code: u16,
        /// For machines (`Forbidden`).
        reason: String,
        /// For people.
        message: String,
        /// When to try again, if it said so.
        retry_after: Option<Duration>,
    },
    /// The connection failed.
    #[error("no connection")]
    Connection(#[source] Box<dyn Error + Send + Sync>),
    /// It did not answer in time.
    #[error("no answer within {} s", .0.as_secs())]
    Silence(Duration),
    /// What it said is none of its words.
    #[error("an answer that cannot be read")]
    Words(#[source] Box<dyn Error + Send + Sync>),
}

/// What the API answers where RBAC says no: it names the verb, which admission never does.
const FORBIDDEN_BY_ROLE: &str = " cannot ";

impl ApiError {
    /// Whether asking again may help, though nothing else changes.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Connection(_) | Self::Silence(_) | Self::Words(_) => true,
            // Too many requests, a leader that is being elected, a webhook that does not answer; a quota that two have
            // counted at the same time is a conflict.
            Self::Status { code, reason, .. } => {
                matches!(code, 429 | 500 | 502 | 503 | 504) || (*code == 409 && reason == "Conflict")
            }
        }
    }

    /// Whether nobody answered, or only what stands before the API.
    pub(super) fn is_about_reach(&self) -> bool {
        match self {
            Self::Connection(_) | Self::Silence(_) => true,
            Self::Status { code, .. } => matches!(code, 502..=504),
            Self::Words(_) => false,
        }
    }

    /// When to try again, if that was said.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What was asked for is not there.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Status { code: 404, .. })
    }

    /// The version to go on from is too old.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self, Self::Status { code: 410, .. })
    }

    /// Something of that name is there already.
    pub(super) fn is_there_already(&self) -> bool {
        matches!(self, Self::Status { code: 409, reason, .. } if reason == "AlreadyExists")
    }

    /// Our credentials do not suffice.
    pub(super) fn is_not_allowed(&self) -> bool {
        match self {
            Self::Status { code: 401, .. } => true,
            Self::Status { code: 403, message, .. } => message.contains(FORBIDDEN_BY_ROLE),
            _ => false,
        }
    }

    /// There is no room at the moment: a quota is used up, or the namespace is so new that its service account is still to come.
    pub(super) fn no_room(&self) -> Option<&str> {
        match self {
            Self::Status { code: 403, message, .. }
                if message.contains("exceeded quota")
                    || message.contains("error looking up service account") =>
            {
                Some(message)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16, reason: &str, message: &str) -> ApiError {
        ApiError::Status { code, reason: reason.to_owned(), message: message.to_owned(), retry_after: None }
    }

    #[test]
    fn who_says_no_is_told_by_what_is_said() {
        let role = status(
            403,
            "Forbidden",
            "pods is forbidden: User \"system:serviceaccount:mrt:worker\" cannot create resource \"pods\" in API group \"\"",
        );
        assert!(role.is_not_allowed() && role.no_room().is_none());
        let quota = status(
            403,
            "Forbidden",
            "pods \"mrt-1\" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=4, limited: pods=4",
        );
        assert!(!quota.is_not_allowed() && quota.no_room().is_some());
        let admission = status(403, "Forbidden", "pods \"mrt-1\" is forbidden: violates PodSecurity");
        assert!(!admission.is_not_allowed() && admission.no_room().is_none() && !admission.is_passing());
    }

    #[test]
    fn what_passes_is_tried_again() {
        for (code, reason, passes) in [
            (429, "TooManyRequests", true),
            (503, "", true),
            (409, "Conflict", true),
            (409, "AlreadyExists", false),
            (404, "NotFound", false),
            (422, "Invalid", false),
        ] {
            assert_eq!(status(code, reason, "").is_passing(), passes, "{code} {reason}");
        }
    }
}
