//! What a Pod's status says, read as the kubelet, the scheduler and the controllers write it. Pure.

use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod, PodCondition, PodStatus};

use super::describe::SERVER;
use crate::server::{Death, Taken};

/// Where a Pod is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// It has no node yet.
    Unplaced {
        /// What the scheduler says.
        why: String,
    },
    /// It has a node, which fetches the image and makes the container.
    Preparing,
    /// Its node fails at that, and tries again now and then.
    Troubled {
        /// It is about the image.
        image: bool,
        /// Trying again will not help.
        lasting: bool,
        /// What the node says.
        why: String,
    },
    /// Its container runs.
    Running {
        /// The Pod's address.
        address: String,
        /// Its node's address, if that is told.
        node: Option<String>,
    },
    /// Its container has ended, or is about to.
    Ended(Death),
}

/// What we say while the scheduler says nothing: the first moment of every Pod.
const UNSEEN: &str = "no scheduler has looked at it";

/// What a node says while nothing is wrong.
const QUIET: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// What it says of an image.
const IMAGE: [&str; 6] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
];

/// Where trying again is no use.
const LASTING: [&str; 2] = ["InvalidImageName", "ErrImageNeverPull"];

/// How a registry says that it has no such image, through whichever engine.
const NO_SUCH_IMAGE: [&str; 3] = ["code = NotFound", "manifest unknown", "manifest for"];

impl State {
    /// Where `pod` is; its last lines are not among what it says.
    pub(super) fn of(pod: &Pod) -> Self {
        let nothing = PodStatus::default();
        let status = pod.status.as_ref().unwrap_or(&nothing);
        let server = server(status);
        let container = server.and_then(|server| server.state.as_ref());
        let terminated = container.and_then(|state| state.terminated.as_ref());
        if let Some(taken) = taken(pod, status) {
            return Self::Ended(death(Some(taken), terminated));
        }
        let over = matches!(status.phase.as_deref(), Some("Failed" | "Succeeded"));
        if over || terminated.is_some() {
            return Self::Ended(death(None, terminated));
        }
        if let (Some(_), Some(address)) =
            (container.and_then(|state| state.running.as_ref()), status.pod_ip.clone())
        {
            return Self::Running { address, node: status.host_ip.clone() };
        }
        if node(pod).is_none() {
            let said = condition(status, "PodScheduled").filter(|it| it.status == "False");
            let why = said
                .map_or_else(|| UNSEEN.to_owned(), |it| joined(it.reason.as_deref(), it.message.as_deref()));
            return Self::Unplaced { why };
        }
        let waiting = container.and_then(|state| state.waiting.as_ref());
        let Some(reason) = waiting.and_then(|it| it.reason.as_deref()) else { return Self::Preparing };
        if QUIET.contains(&reason) {
            return Self::Preparing;
        }
        let message = waiting.and_then(|it| it.message.as_deref());
        let image = IMAGE.contains(&reason);
        let unknown =
            image && message.is_some_and(|message| NO_SUCH_IMAGE.iter().any(|word| message.contains(word)));
        Self::Troubled {
            image,
            lasting: unknown || LASTING.contains(&reason),
            why: joined(Some(reason), message),
        }
    }

    /// What is waited for, in words for people; nothing while all goes its way.
    pub(super) fn waits(&self) -> Option<String> {
        match self {
            Self::Unplaced { why } if why == UNSEEN => None,
            Self::Unplaced { why } => Some(format!("no node for its Pod yet: {why}")),
            Self::Troubled { why, .. } => Some(format!("its node has trouble: {why}")),
            Self::Preparing | Self::Running { .. } | Self::Ended(_) => None,
        }
    }
}

/// The node that has the Pod.
pub(super) fn node(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref().filter(|name| !name.is_empty())
}

fn server(status: &PodStatus) -> Option<&ContainerStatus> {
    status.container_statuses.iter().flatten().find(|container| container.name == SERVER)
}

fn condition<'a>(status: &'a PodStatus, kind: &str) -> Option<&'a PodCondition> {
    status.conditions.iter().flatten().find(|condition| condition.type_ == kind)
}

/// Why the cluster takes the Pod away, if it does: by itself a server ends without any of this.
fn taken(pod: &Pod, status: &PodStatus) -> Option<Taken> {
    let message = |text: Option<&str>| text.unwrap_or_default().to_owned();
    // Evicted, DeadlineExceeded, NodeLost, NodeShutdown, OutOfmemory, Preempting, UnexpectedAdmissionError, …
    if let Some(reason) = status.reason.as_deref() {
        let how = format!("the cluster took the Pod away ({reason})");
        return Some(Taken { how, message: message(status.message.as_deref()) });
    }
    // PreemptionByScheduler, DeletionByTaintManager, EvictionByEvictionAPI, DeletionByPodGC, TerminationByKubelet.
    if let Some(it) = condition(status, "DisruptionTarget").filter(|it| it.status == "True") {
        let how = format!("the cluster took the Pod away ({})", message(it.reason.as_deref()));
        return Some(Taken { how, message: message(it.message.as_deref()) });
    }
    let deleted = pod.metadata.deletion_timestamp.is_some();
    deleted.then(|| Taken { how: "somebody deleted the Pod".to_owned(), message: String::new() })
}

fn death(taken: Option<Taken>, terminated: Option<&ContainerStateTerminated>) -> Death {
    Death {
        exit_code: terminated.map(|it| i64::from(it.exit_code)),
        out_of_memory: terminated.is_some_and(|it| it.reason.as_deref() == Some("OOMKilled")),
        taken: taken.map(Box::new),
        // What the node could not run at all has no lines; it says why here.
        logs: terminated.and_then(|it| it.message.clone()).unwrap_or_default().trim_end().to_owned(),
    }
}

fn joined(reason: Option<&str>, message: Option<&str>) -> String {
    let parts: Vec<&str> =
        reason.into_iter().chain(message).map(str::trim).filter(|it| !it.is_empty()).collect();
    if parts.is_empty() { "no reason is told".to_owned() } else { parts.join(": ") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;

    fn state(spec: Value, status: Value) -> State {
        State::of(&serde_json::from_value(json!({ "metadata": {}, "spec": spec, "status": status })).unwrap())
    }

    fn on_node(status: Value) -> State {
        state(json!({ "nodeName": "n1", "containers": [] }), status)
    }

    fn waiting(reason: &str, message: &str) -> State {
        let waiting = json!({ "waiting": { "reason": reason, "message": message } });
        on_node(json!({ "phase": "Pending", "containerStatuses": [status_of(waiting)] }))
    }

    fn status_of(state: Value) -> Value {
        json!({ "name": "server", "state": state, "image": "", "imageID": "", "ready": false, "restartCount": 0 })
    }

    fn terminated(status: Value, state: Value) -> Death {
        let mut status = status;
        status["containerStatuses"] = json!([status_of(json!({ "terminated": state }))]);
        match on_node(status) {
            State::Ended(death) => death,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_pod_without_a_node_says_why() {
        let unplaced = |status| match state(json!({ "containers": [] }), status) {
            State::Unplaced { why } => why,
            other => panic!("{other:?}"),
        };
        let condition = json!({ "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "message": "0/3 nodes are available: 3 Insufficient memory." });
        assert_eq!(
            unplaced(json!({ "phase": "Pending", "conditions": [condition] })),
            "Unschedulable: 0/3 nodes are available: 3 Insufficient memory."
        );
        assert_eq!(unplaced(json!({ "phase": "Pending" })), "no scheduler has looked at it");
    }

    #[test]
    fn what_a_node_is_at_is_no_trouble_and_what_it_fails_at_is() {
        assert_eq!(on_node(json!({ "phase": "Pending" })), State::Preparing);
        assert_eq!(waiting("ContainerCreating", ""), State::Preparing);
        let trouble = |reason, message| match waiting(reason, message) {
            State::Troubled { image, lasting, why } => (image, lasting, why),
            other => panic!("{other:?}"),
        };
        let (image, lasting, why) = trouble("ErrImagePull", "dial tcp: i/o timeout");
        assert!(image && !lasting, "{why}");
        assert_eq!(why, "ErrImagePull: dial tcp: i/o timeout");
        assert!(trouble("ErrImagePull", "rpc error: code = NotFound desc = failed to pull").1);
        assert!(trouble("InvalidImageName", "couldn't parse image name").1);
        let (image, lasting, _) = trouble("CreateContainerConfigError", "secret \"x\" not found");
        assert!(!image && !lasting);
    }

    #[test]
    fn a_container_that_runs_is_reached_at_the_pods_address() {
        let running = json!({ "phase": "Running", "podIP": "10.1.2.3", "hostIP": "192.168.0.7",
            "containerStatuses": [status_of(json!({ "running": {} }))] });
        let node = Some("192.168.0.7".to_owned());
        assert_eq!(on_node(running), State::Running { address: "10.1.2.3".to_owned(), node });
    }

    #[test]
    fn a_server_that_ended_by_itself_is_told_from_one_that_was_taken_away() {
        let oom = terminated(json!({ "phase": "Failed" }), json!({ "exitCode": 137, "reason": "OOMKilled" }));
        assert!(oom.out_of_memory && oom.taken.is_none());
        assert_eq!(oom.to_string(), "out of memory (exit code 137); it wrote nothing");
        let own = terminated(
            json!({ "phase": "Failed" }),
            json!({ "exitCode": 1, "reason": "Error", "message": "no\n" }),
        );
        assert_eq!(own.to_string(), "exit code 1; its last lines:\nno");

        let evicted = json!({ "phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory." });
        let evicted = terminated(evicted, json!({ "exitCode": 137, "reason": "Error" }));
        assert_eq!(evicted.how(), "the cluster took the Pod away (Evicted)");
        assert_eq!(
            evicted.to_string(),
            "the cluster took the Pod away (Evicted): The node was low on resource: memory."
        );
        let target =
            json!({ "type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler" });
        let preempted =
            terminated(json!({ "phase": "Running", "conditions": [target] }), json!({ "exitCode": 0 }));
        assert!(preempted.how().contains("PreemptionByScheduler"));
    }

    #[test]
    fn a_pod_that_somebody_deletes_ends() {
        let pod = json!({ "metadata": { "deletionTimestamp": "2026-11-26T12:00:00Z" },
            "status": { "phase": "Running" } });
        let State::Ended(death) = State::of(&serde_json::from_value(pod).unwrap()) else { panic!() };
        assert_eq!(death.how(), "somebody deleted the Pod");
    }
}
