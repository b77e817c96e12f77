//! Whose Pods are: this worker's, and whether those of others still have somebody.
//!
//! A worker in a Pod owns its servers' Pods, so that the cluster itself takes them away with it. That does not help where only the
//! worker's container was killed and begins anew in the same Pod, nor where the worker runs elsewhere: so Pods also say, as
//! containers do, who made them.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use crate::server::owner::{Abandoned, Owner};

/// Who made a Pod: one [`super::Kubernetes`] of one process.
pub(super) const WORKER: &str = "mrt.dev/worker";
const ENGINE: &str = "mrt.dev/engine";
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const MANAGER: &str = "mrt-worker";
/// The worker's own Pod: its name, and which of those that bore it.
const POD_NAME: &str = "mrt.dev/worker-pod";
const POD_UID: &str = "mrt.dev/worker-pod-uid";

/// The Pod in which a worker runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPod {
    /// Its name.
    pub name: String,
    /// Which of all that ever had the name.
    pub uid: String,
    /// Where it is, if that is known.
    pub namespace: Option<String>,
}

/// This worker as the maker of Pods.
#[derive(Debug)]
pub(super) struct Identity {
    owner: Owner,
    /// The worker's Pod, where it is in the namespace of its servers: nothing is owned across namespaces.
    pod: Option<OwnPod>,
}

/// Whether a Pod has somebody.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing<'a> {
    /// Its maker lives, or may.
    Kept,
    /// Nobody is left who could use it.
    Abandoned,
    /// That hangs on whether this Pod is still there.
    HangsOn {
        /// Its name.
        name: &'a str,
        /// Which of those that bore it.
        uid: &'a str,
    },
}

impl Identity {
    pub(super) fn new(owner: Owner, pod: Option<OwnPod>, namespace: &str) -> Self {
        Self { owner, pod: pod.filter(|pod| pod.namespace.as_deref() == Some(namespace)) }
    }

    #[cfg(test)]
    pub(super) fn of_a_test() -> Self {
        let pod = OwnPod {
            name: "mrt-worker-0".to_owned(),
            uid: "uid-0".to_owned(),
            namespace: Some("mrt".to_owned()),
        };
        Self::new(Owner::this_process("me".to_owned()), Some(pod), "mrt")
    }

    /// What all Pods are called by that this one makes.
    pub(super) fn id(&self) -> &str {
        &self.owner.id
    }

    /// Which Pods this one has made.
    pub(super) fn selector(&self) -> String {
        format!("{WORKER}={}", self.owner.id)
    }

    /// Which Pods any worker has made.
    pub(super) fn everybodys() -> String {
        format!("{MANAGED_BY}={MANAGER}")
    }

    pub(super) fn labels(&self, engine: &str) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("app.kubernetes.io/name", "mrt-server".to_owned()),
            (MANAGED_BY, MANAGER.to_owned()),
            (WORKER, self.owner.id.clone()),
            (ENGINE, engine.to_owned()),
        ])
    }

    pub(super) fn annotations(&self) -> BTreeMap<String, String> {
        let mut annotations: BTreeMap<_, _> =
            self.owner.labels(None, SystemTime::now()).into_iter().collect();
        if let Some(pod) = &self.pod {
            annotations.insert(POD_NAME.to_owned(), pod.name.clone());
            annotations.insert(POD_UID.to_owned(), pod.uid.clone());
        }
        annotations
    }

    pub(super) fn owner_references(&self) -> Vec<Value> {
        let owner =
            |pod: &OwnPod| json!({ "apiVersion": "v1", "kind": "Pod", "name": pod.name, "uid": pod.uid });
        self.pod.iter().map(owner).collect()
    }

    /// Whether a Pod of some worker's still has somebody.
    pub(super) fn standing<'a>(&self, pod: &'a Pod, now: SystemTime) -> Standing<'a> {
        let Some(annotations) = &pod.metadata.annotations else { return Standing::Kept };
        let of_label = pod.metadata.labels.as_ref().and_then(|labels| labels.get(WORKER));
        if of_label.is_none_or(|worker| *worker == self.owner.id) {
            return Standing::Kept;
        }
        if let (Some(name), Some(uid)) = (annotations.get(POD_NAME), annotations.get(POD_UID)) {
            // A Pod has one worker, and we are what it has now.
            return match &self.pod {
                Some(own) if own.uid == *uid => Standing::Abandoned,
                _ => Standing::HangsOn { name, uid },
            };
        }
        let told: HashMap<String, String> =
            annotations.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        if self.owner.finds_abandoned(&told, now) == Abandoned::Yes {
            Standing::Abandoned
        } else {
            Standing::Kept
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;

    fn worker(id: &str, pod: Option<(&str, &str)>) -> Identity {
        let pod = pod.map(|(name, uid)| OwnPod {
            name: name.to_owned(),
            uid: uid.to_owned(),
            namespace: Some("farm".to_owned()),
        });
        Identity::new(Owner::this_process(id.to_owned()), pod, "farm")
    }

    fn made_by(worker: &Identity) -> Pod {
        serde_json::from_value(json!({ "metadata": {
            "labels": worker.labels("postgres"), "annotations": worker.annotations(),
        }}))
        .unwrap()
    }

    #[test]
    fn ones_own_pods_and_those_of_the_living_stay() {
        let (me, other) = (worker("me", None), worker("other", None));
        let now = SystemTime::now();
        assert_eq!(me.standing(&made_by(&me), now + Duration::from_secs(100_000)), Standing::Kept);
        assert_eq!(me.standing(&made_by(&other), now), Standing::Kept);
    }

    #[test]
    fn a_container_that_begins_anew_takes_away_what_the_one_before_it_left() {
        let me = worker("me", Some(("worker-0", "u1")));
        let before = made_by(&worker("before", Some(("worker-0", "u1"))));
        assert_eq!(me.standing(&before, SystemTime::now()), Standing::Abandoned);
    }

    #[test]
    fn the_pods_of_a_worker_in_another_pod_hang_on_that() {
        let me = worker("me", Some(("worker-0", "u2")));
        for (name, uid) in [("worker-0", "u1"), ("worker-1", "u3")] {
            let pod = made_by(&worker("other", Some((name, uid))));
            assert_eq!(me.standing(&pod, SystemTime::now()), Standing::HangsOn { name, uid });
        }
    }

    #[test]
    fn nothing_is_owned_across_namespaces() {
        let mut pod =
            OwnPod { name: "worker-0".to_owned(), uid: "u1".to_owned(), namespace: Some("farm".to_owned()) };
        let owned = |pod: &OwnPod| {
            let owner = Owner::this_process("me".to_owned());
            Identity::new(owner, Some(pod.clone()), "farm").owner_references().len()
        };
        assert_eq!(owned(&pod), 1);
        pod.namespace = Some("elsewhere".to_owned());
        assert_eq!(owned(&pod), 0);
        pod.namespace = None;
        assert_eq!(owned(&pod), 0);
    }
}
