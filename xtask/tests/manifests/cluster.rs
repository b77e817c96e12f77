//! What a real API server says of the manifests. It is asked, and keeps nothing.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::model::Rendering;
use super::renderings;

/// The namespaces of all renderings.
const NAMESPACES: [&str; 3] = ["mrt", "mrt-workers", "cert-manager"];
/// Kinds that are not Kubernetes' own.
const OTHERS: [&str; 4] = [
    "scaledobjects.keda.sh",
    "servicemonitors.monitoring.coreos.com",
    "prometheusrules.monitoring.coreos.com",
    "certificates.cert-manager.io",
];

/// A cluster, by kubectl.
struct Cluster {
    config: OsString,
}

impl Cluster {
    fn kubectl(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut kubectl = Command::new("kubectl");
        kubectl.arg("--kubeconfig").arg(&self.config).arg("--request-timeout=60s").args(arguments);
        kubectl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = kubectl.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        if output.status.success() { Ok(text) } else { Err(text) }
    }

    fn apply(&self, things: Vec<Value>, options: &[&str]) -> Result<String, String> {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": things});
        self.kubectl(&[&["apply", "--filename=-"], options].concat(), &list.to_string())
    }

    /// What it would say of all objects of a rendering, and of the Pods that would come of them.
    fn would_take(&self, rendering: &Rendering) -> Result<String, String> {
        // What has to be there for others to be looked at: by a namespace's labels it is known what Pods may do.
        let is_needed = |it: &&Value| it["kind"] == "Namespace" || it["kind"] == "ServiceAccount";
        self.apply(rendering.things.iter().filter(is_needed).cloned().collect(), &[])?;
        let pods = rendering.things.iter().filter_map(|thing| {
            let places = ["/spec/template", "/spec/jobTemplate/spec/template"];
            let mut pod = places.iter().find_map(|it| thing.pointer(it))?.clone();
            (pod["apiVersion"], pod["kind"]) = (json!("v1"), json!("Pod"));
            pod["metadata"]["name"] = thing["metadata"]["name"].clone();
            pod["metadata"]["namespace"] = thing["metadata"]["namespace"].clone();
            Some(pod)
        });
        let all = rendering.things.iter().cloned().chain(pods).collect();
        self.apply(all, &["--dry-run=server", "--validate=strict"])
    }
}

/// The namespaces are removed when it is dropped.
struct Visit<'a>(&'a Cluster);

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        let delete = ["delete", "namespace", "--ignore-not-found", "--timeout=60s"];
        if let Err(said) = self.0.kubectl(&[&delete[..], &NAMESPACES].concat(), "") {
            eprintln!("namespaces of the test are left: {said}");
        }
    }
}

#[test]
fn a_real_api_server_takes_them() {
    const NAME: &str = "a_real_api_server_takes_them";
    let Some(all) = renderings(NAME) else { return };
    let Some(config) = std::env::var_os("MRT_TEST_KUBECONFIG") else {
        return println!("SKIPPED: {NAME} (MRT_TEST_KUBECONFIG is not set)");
    };
    let cluster = Cluster { config };
    let there = cluster.kubectl(&["get", "namespaces", "--output=name"], "").unwrap();
    if there.lines().any(|it| NAMESPACES.iter().any(|name| it == format!("namespace/{name}"))) {
        return println!("SKIPPED: {NAME} (the cluster has a namespace of a farm or of cert-manager)");
    }
    let _visit = Visit(&cluster);
    cluster.kubectl(&["create", "namespace", "cert-manager"], "").unwrap();
    let has_others = cluster.kubectl(&[&["get", "crd"][..], &OTHERS].concat(), "").is_ok();
    for rendering in &all {
        if rendering.has("monitoring") && !has_others {
            println!("SKIPPED: {NAME}: {} (the cluster lacks one of {OTHERS:?})", rendering.name);
            continue;
        }
        let said = cluster.would_take(rendering).unwrap_or_else(|said| panic!("{}: {said}", rendering.name));
        assert!(!said.contains("would violate"), "{}: {said}", rendering.name);
    }

    // It would have said so.
    let find = |name: &str| all.iter().find(|it| it.name == name).unwrap();
    let mut misspelt = find("pods").things.clone();
    let worker = misspelt.iter_mut().find(|it| it["kind"] == "Deployment").unwrap();
    worker["spec"]["replica"] = json!(1);
    let said = cluster.would_take(&Rendering::new("misspelt".to_owned(), misspelt)).unwrap_err();
    assert!(said.contains("unknown field") && said.contains("replica"), "{said}");
    let mut privileged = find("dind").things.clone();
    let namespace = |it: &Value| it["kind"] == "Namespace" && it["metadata"]["name"] == "mrt-workers";
    let restricted = find("pods").things.iter().find(|it| namespace(it)).unwrap();
    *privileged.iter_mut().find(|it| namespace(it)).unwrap() = restricted.clone();
    let said = cluster.would_take(&Rendering::new("privileged".to_owned(), privileged)).unwrap_err();
    assert!(said.contains("must not set securityContext.privileged=true"), "{said}");
}
