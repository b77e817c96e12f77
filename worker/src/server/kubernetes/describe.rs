//! The Pod that a launch becomes: what may be said otherwise, the template of who runs the worker over it, and over both what has
//! to be so.
//!
//! Passwords stand in the Pod's environment, not in a Secret. Each is 128 random bits, made for one server and gone with it, and
//! opens nothing but that server. A Secret would be a second object to make and to sweep, and the worker's Role would have to
//! reach the namespace's Secrets, which are worth more than what it would hide: whoever may read the namespace's Pods finds test data.

use std::path::Path;

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Map, Value, json};

use super::error::KubernetesError;
use super::own::Identity;
use crate::server::Launch;
use crate::server::owner::LIFE;

/// The container of a server.
pub(super) const SERVER: &str = "server";

/// How long a server gets to end by itself. Nothing of it is worth keeping, and none at all would leave it to its node to find out.
pub(super) const GRACE: u32 = 1;

/// Reads a template: one Pod, in YAML or JSON.
pub(super) fn template(path: &Path) -> Result<Value, Box<KubernetesError>> {
    let bad = |problem: String| Box::new(KubernetesError::Template { path: path.to_owned(), problem });
    let text = std::fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    // JSON is YAML.
    let mut value: Value = serde_saphyr::from_str(&text).map_err(|error| bad(error.to_string()))?;
    let Some(pod) = value.as_object_mut() else { return Err(bad("it is no object".to_owned())) };
    if pod.remove("kind").is_some_and(|kind| kind != "Pod")
        || pod.remove("apiVersion").is_some_and(|version| version != "v1")
    {
        return Err(bad("it is no Pod of v1".to_owned()));
    }
    if let Some(other) = pod.keys().find(|key| !matches!(key.as_str(), "metadata" | "spec")) {
        return Err(bad(format!("a Pod has no field {other}")));
    }
    // A type that is wrong is better told now than when the first server is wanted; a field that is unknown is told then, by
    // the API, which alone knows all of its own.
    let mut whole = value.clone();
    lay_over(&mut whole, json!({ "spec": { "containers": [{ "name": SERVER }] } }));
    serde_json::from_value::<Pod>(whole).map_err(|error| bad(error.to_string()))?;
    Ok(value)
}

/// The Pod of `launch`.
pub(super) fn describe(
    name: &str,
    launch: &Launch,
    identity: &Identity,
    template: &Value,
    pull_secrets: &[String],
) -> Value {
    let mut pod = usual(launch);
    lay_over(&mut pod, template.clone());
    lay_over(&mut pod, fixed(name, launch, identity, pull_secrets));
    pod
}

/// What a template may say otherwise.
fn usual(launch: &Launch) -> Value {
    json!({ "spec": {
        "enableServiceLinks": false,
        // The user that official images run their servers as. Directories in memory become its group's.
        "securityContext": { "runAsUser": launch.user, "fsGroup": launch.user },
        "containers": [{
            "name": SERVER,
            "imagePullPolicy": "IfNotPresent",
            "resources": { "requests": { "cpu": "250m" } },
        }],
    }})
}

fn fixed(name: &str, launch: &Launch, identity: &Identity, pull_secrets: &[String]) -> Value {
    let in_memory = |bytes: u64| json!({ "medium": "Memory", "sizeLimit": bytes.to_string() });
    let shared = u64::try_from(launch.shm_bytes).unwrap_or_default();
    let places = launch.tmpfs.iter().map(|(place, bytes)| (place.as_str(), *bytes));
    let places: Vec<(String, &str, u64)> = places
        .enumerate()
        .map(|(at, (place, bytes))| (format!("mrt-memory-{at}"), place, bytes))
        .chain([("mrt-shared".to_owned(), "/dev/shm", shared)])
        .collect();
    let held: u64 = launch.tmpfs.iter().map(|(_, bytes)| bytes).sum();
    let limit = u64::try_from(launch.memory_bytes).unwrap_or_default();
    // Room for data is there when it is needed, and few need it all; what a server takes without data, each does.
    let request = limit.saturating_sub(held).max(limit / 4);
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "labels": identity.labels(launch.engine),
            "annotations": identity.annotations(),
            "ownerReferences": identity.owner_references(),
        },
        "spec": {
            "restartPolicy": "Never",
            // The cluster's own last word, should nobody be left to say one.
            "activeDeadlineSeconds": LIFE.as_secs(),
            "terminationGracePeriodSeconds": GRACE,
            "automountServiceAccountToken": false,
            "imagePullSecrets": pull_secrets.iter().map(|name| json!({ "name": name })).collect::<Value>(),
            "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{
                "name": SERVER,
                "image": launch.image,
                "args": launch.arguments,
                "env": launch.env.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect::<Value>(),
                "ports": [{ "name": "database", "containerPort": launch.port, "protocol": "TCP" }],
                "resources": {
                    "requests": { "memory": request.to_string() },
                    "limits": { "memory": limit.to_string() },
                },
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "capabilities": { "drop": ["ALL"] },
                },
                "terminationMessagePolicy": "FallbackToLogsOnError",
                "volumeMounts":
                    places.iter().map(|(name, place, _)| json!({ "name": name, "mountPath": place })).collect::<Value>(),
            }],
            "volumes":
                places.iter().map(|(name, _, bytes)| json!({ "name": name, "emptyDir": in_memory(*bytes) })).collect::<Value>(),
        },
    })
}

/// Lays what has to be so over what may be so: objects key by key, lists of named things by their names. All other lists, and an
/// empty one never, take the place of what was there.
fn lay_over(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                match below.get_mut(&key) {
                    Some(there) => lay_over(there, value),
                    None => {
                        below.insert(key, value);
                    }
                }
            }
        }
        (Value::Array(below), Value::Array(above)) if are_named(below) && are_named(&above) => {
            for value in above {
                match below.iter_mut().find(|it| it.get("name") == value.get("name")) {
                    Some(there) => lay_over(there, value),
                    None => below.push(value),
                }
            }
        }
        (below, above) => *below = above,
    }
}

/// Vacuously so of an empty list.
fn are_named(list: &[Value]) -> bool {
    list.iter().all(|it| it.as_object().is_some_and(|it: &Map<String, Value>| it.contains_key("name")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;

    fn launch() -> Launch {
        Launch {
            engine: "postgres",
            user: 999,
            image: "postgres:16".to_owned(),
            env: vec![("POSTGRES_PASSWORD".to_owned(), "secret".to_owned())],
            arguments: vec!["-c".to_owned(), "fsync=off".to_owned()],
            port: 5432,
            tmpfs: vec![("/mrt".to_owned(), 1 << 30)],
            shm_bytes: 256 << 20,
            memory_bytes: 3 << 30,
            start_limit: Duration::from_secs(60),
            admin_user: "postgres".to_owned(),
            admin_password: "secret".to_owned(),
            admin_database: "postgres".to_owned(),
        }
    }

    fn with(template: Value) -> (Value, Pod) {
        let identity = Identity::of_a_test();
        let value = describe("mrt-postgres-1", &launch(), &identity, &template, &["registry".to_owned()]);
        let pod = serde_json::from_value(value.clone()).unwrap();
        (value, pod)
    }

    #[test]
    fn a_pod_is_one_that_the_strictest_level_takes() {
        let (value, pod) = with(json!({}));
        // Nothing is lost on the way through the API's own types.
        assert_eq!(serde_json::to_value(&pod).unwrap(), value);
        let spec = pod.spec.unwrap();
        let (of_pod, of_container) =
            (spec.security_context.unwrap(), spec.containers[0].security_context.clone().unwrap());
        assert_eq!(
            (of_pod.run_as_non_root, of_pod.run_as_user, of_pod.fs_group),
            (Some(true), Some(999), Some(999))
        );
        assert_eq!(of_pod.seccomp_profile.unwrap().type_, "RuntimeDefault");
        assert_eq!(of_container.allow_privilege_escalation, Some(false));
        assert_eq!(of_container.capabilities.unwrap().drop, Some(vec!["ALL".to_owned()]));
        assert_eq!(spec.automount_service_account_token, Some(false));
        assert_eq!(spec.restart_policy.as_deref(), Some("Never"));
        assert_eq!(spec.active_deadline_seconds, Some(6 * 60 * 60));
        assert_eq!(spec.image_pull_secrets.unwrap()[0].name, "registry");
    }

    #[test]
    fn memory_is_limited_and_what_holds_data_is_part_of_it() {
        let spec = with(json!({})).1.spec.unwrap();
        let resources = spec.containers[0].resources.clone().unwrap();
        assert_eq!(resources.limits.unwrap()["memory"].0, (3_u64 << 30).to_string());
        let requests = resources.requests.unwrap();
        assert_eq!((requests["memory"].0.as_str(), requests["cpu"].0.as_str()), ("2147483648", "250m"));
        let volumes: Vec<_> = spec.volumes.unwrap().into_iter().map(|it| it.empty_dir.unwrap()).collect();
        assert!(volumes.iter().all(|it| it.medium.as_deref() == Some("Memory")));
        let sizes: Vec<_> = volumes.into_iter().map(|it| it.size_limit.unwrap().0).collect();
        assert_eq!(sizes, [(1 << 30).to_string(), (256 << 20).to_string()]);
        let mounts = spec.containers[0].volume_mounts.clone().unwrap();
        let mounts: Vec<_> = mounts.into_iter().map(|it| it.mount_path).collect();
        assert_eq!(mounts, ["/mrt", "/dev/shm"]);
    }

    #[test]
    fn a_template_adds_and_chooses_and_takes_nothing_back() {
        let (_, pod) = with(json!({
            "metadata": { "labels": { "team": "data", "app.kubernetes.io/managed-by": "me" } },
            "spec": {
                "nodeSelector": { "disk": "fast" },
                "tolerations": [{ "key": "farm", "operator": "Exists" }],
                "hostNetwork": true,
                "restartPolicy": "Always",
                "imagePullSecrets": [{ "name": "own" }],
                "securityContext": { "runAsUser": 1001, "runAsNonRoot": false },
                "containers": [
                    { "name": "server", "image": "evil", "resources": { "requests": { "cpu": "2" }, "limits": { "cpu": "4" } } },
                    { "name": "proxy", "image": "proxy:1" },
                ],
            },
        }));
        let labels = pod.metadata.labels.unwrap();
        assert_eq!(
            (labels["team"].as_str(), labels["app.kubernetes.io/managed-by"].as_str()),
            ("data", "mrt-worker")
        );
        let spec = pod.spec.unwrap();
        assert_eq!((spec.host_network, spec.restart_policy.as_deref()), (Some(true), Some("Never")));
        assert_eq!(spec.node_selector.unwrap()["disk"], "fast");
        assert_eq!(spec.tolerations.unwrap().len(), 1);
        let secrets: Vec<_> = spec.image_pull_secrets.unwrap().into_iter().map(|it| it.name).collect();
        assert_eq!(secrets, ["own", "registry"]);
        let security = spec.security_context.unwrap();
        assert_eq!(
            (security.run_as_user, security.fs_group, security.run_as_non_root),
            (Some(1001), Some(999), Some(true))
        );
        let names: Vec<_> =
            spec.containers.iter().map(|it| (it.name.as_str(), it.image.as_deref())).collect();
        assert_eq!(names, [("server", Some("postgres:16")), ("proxy", Some("proxy:1"))]);
        let resources = spec.containers[0].resources.clone().unwrap();
        assert_eq!(resources.requests.unwrap()["cpu"].0, "2");
        assert_eq!(resources.limits.unwrap().len(), 2);
    }

    #[test]
    fn a_file_that_is_no_template_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pod.yaml");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            template(&path)
        };
        let pod =
            read("kind: Pod\napiVersion: v1\nspec:\n  nodeSelector: {disk: fast}\n  hostNetwork: true\n")
                .unwrap();
        assert_eq!(pod, json!({ "spec": { "nodeSelector": { "disk": "fast" }, "hostNetwork": true } }));
        assert_eq!(
            read("{\"spec\": {\"priorityClassName\": \"farm\"}}").unwrap()["spec"]["priorityClassName"],
            "farm"
        );
        for (text, problem) in [
            ("kind: Deployment\n", "no Pod of v1"),
            ("- a\n", "no object"),
            ("nodeSelector: {a: b}\n", "no field nodeSelector"),
            ("spec: {nodeSelector: [a]}\n", "pod.yaml"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
        assert!(template(Path::new("/nowhere.yaml")).unwrap_err().to_string().contains("/nowhere.yaml"));
    }
}
