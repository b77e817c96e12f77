//! The rules that all manifests of `deploy/kubernetes` keep, read back from what was rendered into Kubernetes' own types. That
//! every field is one of Kubernetes' was seen before (`xtask/manifests/validate.py`).

#![allow(clippy::unwrap_used)]

mod cluster;
mod model;
mod rules;
mod watching;

use model::Rendering;
use serde_json::{Value, json};

/// What was rendered, or the notice that it was not.
fn renderings(test: &str) -> Option<Vec<Rendering>> {
    let all = Rendering::all();
    if all.is_none() {
        println!("SKIPPED: {test} (MRT_TEST_MANIFESTS is not set; `cargo xtask test` renders the manifests)");
    }
    all
}

#[test]
fn manifests_keep_our_rules() {
    let Some(all) = renderings("manifests_keep_our_rules") else { return };
    for overlay in ["base", "dind", "ha", "kind", "pods", "pods+code-apart"] {
        assert!(all.iter().any(|it| it.name == overlay), "{overlay} is not there");
    }
    let problems: Vec<String> = all.iter().flat_map(rules::problems).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Where something is, in an object that is told by its kind and name.
type Place = (&'static str, &'static str, &'static str);

const COORDINATOR: &str = "/spec/template/spec/containers/0";
const WORKER: Place = ("Deployment", "mrt-worker", "/spec/template/spec/containers/0");

/// One thing that is wrong, and what has to be said of it.
fn wrongs() -> Vec<(&'static str, Place, &'static str, Value, &'static str)> {
    let coordinator = |place| ("Deployment", "mrt-coordinator", place);
    let pod = |name| ("Deployment", name, "/spec/template/spec");
    vec![
        ("pods", WORKER, "resources", json!({}), "container worker: no request for cpu"),
        (
            "pods",
            WORKER,
            "resources",
            json!({"requests": {"cpu": "1"}}),
            "container worker: no limit of memory",
        ),
        ("pods", WORKER, "securityContext", json!({"privileged": true}), "container worker: is privileged"),
        (
            "pods",
            WORKER,
            "securityContext",
            json!({}),
            "container worker: its root file system can be written",
        ),
        ("pods", WORKER, "securityContext", json!({}), "container worker: may gain privileges"),
        ("pods", WORKER, "securityContext", json!({}), "container worker: keeps capabilities"),
        ("pods", WORKER, "image", json!("mrt-worker"), "image mrt-worker has neither a version nor a digest"),
        ("pods", WORKER, "image", json!("r:5000/w:latest"), "image r:5000/w:latest has neither"),
        ("pods", WORKER, "image", json!("mrt-worker:9"), "Images of mrt: are of"),
        ("pods", WORKER, "livenessProbe", Value::Null, "container worker: no liveness probe"),
        ("pods", WORKER, "startupProbe", Value::Null, "container worker: no startup probe"),
        ("pods", WORKER, "readinessProbe", Value::Null, "container worker: no readiness probe"),
        ("pods", WORKER, "ports", json!([]), "a probe asks port metrics"),
        ("pods", WORKER, "command", Value::Null, "its token can be read where its program is started from"),
        (
            "dind",
            ("Deployment", "mrt-worker", "/spec/template/spec/initContainers/0"),
            "livenessProbe",
            Value::Null,
            "no liveness probe",
        ),
        ("pods", pod("mrt-worker"), "hostNetwork", json!(true), "shares its node's network"),
        ("pods", pod("mrt-worker"), "securityContext", json!({"runAsUser": 0}), "may run as root"),
        (
            "pods",
            pod("mrt-worker"),
            "volumes",
            json!([{"name": "x", "hostPath": {"path": "/"}}]),
            "mounts its node's /",
        ),
        ("pods", pod("mrt-worker"), "volumes", json!([]), "mounts volume cache, which is not there"),
        (
            "pods",
            pod("mrt-worker"),
            "terminationGracePeriodSeconds",
            json!(610),
            "is killed 10 s after its grace",
        ),
        (
            "pods",
            pod("mrt-coordinator"),
            "terminationGracePeriodSeconds",
            json!(10),
            "is killed before its streams end",
        ),
        (
            "pods",
            pod("mrt-coordinator"),
            "automountServiceAccountToken",
            json!(true),
            "has a token of the API",
        ),
        (
            "pods",
            pod("mrt-coordinator"),
            "serviceAccountName",
            json!("other"),
            "its account other is not there",
        ),
        ("base", pod("mrt-worker"), "automountServiceAccountToken", json!(true), "has a token of the API"),
        (
            "pods",
            ("Role", "mrt-worker", "/rules/0"),
            "verbs",
            json!(["*"]),
            "may do other things than a worker has to",
        ),
        ("pods", ("Role", "mrt-worker", "/rules/1"), "resources", json!(["secrets"]), "may do other things"),
        (
            "pods",
            ("Namespace", "mrt", "/metadata/labels"),
            "pod-security.kubernetes.io/enforce",
            json!("baseline"),
            "Namespace mrt: has to be restricted",
        ),
        (
            "pods",
            ("Deployment", "mrt-worker", "/spec/template/metadata"),
            "labels",
            json!({"a": "b"}),
            "does not find its own Pods",
        ),
        (
            "pods",
            ("Service", "mrt-coordinator", "/spec/ports/0"),
            "targetPort",
            json!("other"),
            "port other is none of its Pods'",
        ),
        (
            "pods",
            ("Service", "mrt-coordinator", "/spec"),
            "selector",
            json!({"a": "b"}),
            "Service mrt-coordinator: finds no Pods",
        ),
        (
            "ha",
            ("PodDisruptionBudget", "mrt-coordinator", "/spec/selector"),
            "matchLabels",
            json!({"a": "b"}),
            "finds no Pods",
        ),
        ("ha", ("Deployment", "mrt-coordinator", "/spec"), "replicas", json!(1), "lets no node be drained"),
        (
            "pods",
            ("NetworkPolicy", "mrt-worker", "/spec/podSelector"),
            "matchLabels",
            json!({"a": "b"}),
            "finds no Pods",
        ),
        (
            "pods",
            ("NetworkPolicy", "mrt-coordinator", "/spec/ingress/0/ports/0"),
            "port",
            json!("other"),
            "port other is none of its Pods'",
        ),
        (
            "pods",
            ("NetworkPolicy", "mrt-worker", "/spec/egress/0/ports/0"),
            "port",
            json!("other"),
            "port other is none of those Pods'",
        ),
        ("pods", ("NetworkPolicy", "default-deny", ""), "kind", json!("Other"), "lets everything through"),
        (
            "pods",
            coordinator("/spec/strategy"),
            "type",
            json!("RollingUpdate"),
            "two at a time would write one file",
        ),
        (
            "pods",
            coordinator("/spec/template/spec/containers/0/livenessProbe/grpc"),
            "service",
            json!("readiness"),
            "liveness hangs on more than the process",
        ),
        (
            "pods",
            coordinator("/spec/template/spec/containers/0/env/0"),
            "name",
            json!("MRT_LISTENS"),
            "MRT_LISTENS is no variable of ours",
        ),
        (
            "pods",
            coordinator(COORDINATOR),
            "args",
            json!(["--metric-public"]),
            "--metric-public is no option of ours",
        ),
        (
            "pods",
            ("CronJob", "mrt-nightly", "/spec"),
            "concurrencyPolicy",
            json!("Allow"),
            "nights may overlap",
        ),
        (
            "pods",
            ("CronJob", "mrt-nightly", "/spec/jobTemplate/spec"),
            "podFailurePolicy",
            Value::Null,
            "findings are tried again",
        ),
        (
            "pods+autoscaling+cert-manager+monitoring",
            ("ScaledObject", "mrt-worker", "/spec/scaleTargetRef"),
            "name",
            json!("x"),
            "scales x, which is not there",
        ),
        (
            "pods+autoscaling+cert-manager+monitoring",
            ("ScaledObject", "mrt-worker", "/spec/triggers/0/metadata"),
            "slots",
            json!("3"),
            "3 slots, and its workers have 2",
        ),
        (
            "pods+autoscaling+cert-manager+monitoring",
            ("ServiceMonitor", "mrt-worker", "/spec/endpoints/0"),
            "port",
            json!("x"),
            "port x is none of its Services'",
        ),
        (
            "pods+autoscaling+cert-manager+monitoring",
            ("Certificate", "mrt-worker", "/spec"),
            "secretName",
            json!("x"),
            "makes Secret x, which nobody uses",
        ),
        (
            "pods",
            (
                "Deployment",
                "mrt-coordinator",
                "/spec/template/spec/containers/0/env/7/valueFrom/secretKeyRef",
            ),
            "key",
            json!("x"),
            "Secret mrt-tokens has no",
        ),
        (
            "pods",
            coordinator("/spec/template/spec/volumes/1/secret"),
            "secretName",
            json!("x"),
            "Secret x is made by nobody",
        ),
    ]
}

#[test]
fn every_rule_sees_what_is_wrong() {
    let Some(all) = renderings("every_rule_sees_what_is_wrong") else { return };
    for (overlay, (kind, name, place), field, value, expected) in wrongs() {
        let sound = all.iter().find(|it| it.name == overlay);
        let sound = sound.unwrap_or_else(|| panic!("{overlay} is not there"));
        let mut wrong = Rendering::new(sound.name.clone(), sound.things.clone());
        let is_it = |it: &&mut Value| it["kind"] == kind && it["metadata"]["name"] == name;
        let thing = wrong.things.iter_mut().find(is_it).unwrap_or_else(|| panic!("no {kind} {name}"));
        let object = thing.pointer_mut(place).and_then(Value::as_object_mut);
        let object = object.unwrap_or_else(|| panic!("nothing at {place} of {kind} {name}"));
        match value {
            Value::Null => object.remove(field),
            value => object.insert(field.to_owned(), value),
        };
        let problems = rules::problems(&wrong);
        assert!(problems.iter().any(|it| it.contains(expected)), "{expected}: not among {problems:#?}");
    }
}
