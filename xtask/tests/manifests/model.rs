//! What `cargo xtask test` has rendered, in Kubernetes' own types.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::LazyLock;

use k8s_openapi::Resource;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::api::core::v1::{Container, PodSpec, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What `deploy/kubernetes/secrets.sh` has made.
const SECRETS: &str = "secrets.json";

/// The Secrets that `deploy/kubernetes/secrets.sh` makes: namespace, name, and keys.
pub(crate) static MADE: LazyLock<BTreeMap<(String, String), BTreeSet<String>>> = LazyLock::new(|| {
    let dir = PathBuf::from(std::env::var_os("MRT_TEST_MANIFESTS").unwrap());
    let secrets: Vec<Secret> = serde_json::from_slice(&std::fs::read(dir.join(SECRETS)).unwrap()).unwrap();
    let entry = |it: Secret| {
        let (name, namespace) = named(&it.metadata);
        ((namespace, name), it.data.unwrap().into_keys().collect())
    };
    secrets.into_iter().map(entry).collect()
});

/// All objects of an overlay, or of one with components (`pods+code-apart`).
pub(crate) struct Rendering {
    pub(crate) name: String,
    pub(crate) things: Vec<Value>,
    workloads: OnceCell<Vec<Workload>>,
}

/// Pods, and who makes them.
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// Those of its Pods.
    pub(crate) labels: BTreeMap<String, String>,
    /// By which it finds them again.
    pub(crate) selector: Option<LabelSelector>,
    pub(crate) pod: PodSpec,
    /// Whether they are to run for ever.
    pub(crate) stays: bool,
}

impl Rendering {
    pub(crate) fn new(name: String, things: Vec<Value>) -> Self {
        Self { name, things, workloads: OnceCell::new() }
    }

    /// What lies in the directory that `MRT_TEST_MANIFESTS` names, if it names one.
    pub(crate) fn all() -> Option<Vec<Self>> {
        let dir = PathBuf::from(std::env::var_os("MRT_TEST_MANIFESTS")?);
        let mut files: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|it| it.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|it| it == "json") && !file.ends_with(SECRETS));
        files.sort();
        let read = |file: PathBuf| {
            let things = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            Self::new(file.file_stem().unwrap().to_string_lossy().into_owned(), things)
        };
        Some(files.into_iter().map(read).collect())
    }

    /// Whether it has this part, be it an overlay or a component.
    pub(crate) fn has(&self, part: &str) -> bool {
        self.name.split('+').any(|it| it == part)
    }

    /// Its objects of one of Kubernetes' kinds.
    pub(crate) fn of<K: Resource + DeserializeOwned>(&self) -> Vec<K> {
        let things = self.of_kind(K::API_VERSION, K::KIND);
        things.map(|thing| serde_json::from_value(thing.clone()).unwrap()).collect()
    }

    /// Its objects of any kind.
    pub(crate) fn of_kind(&self, version: &str, kind: &str) -> impl Iterator<Item = &Value> {
        self.things.iter().filter(move |it| it["apiVersion"] == version && it["kind"] == kind)
    }

    pub(crate) fn workloads(&self) -> &[Workload] {
        self.workloads.get_or_init(|| self.read_workloads())
    }

    fn read_workloads(&self) -> Vec<Workload> {
        let deployments = self.of::<Deployment>().into_iter().map(|it| {
            let spec = it.spec.unwrap();
            let (name, namespace) = named(&it.metadata);
            let labels = spec.template.metadata.unwrap().labels.unwrap_or_default();
            let pod = spec.template.spec.unwrap();
            Workload { name, namespace, labels, selector: Some(spec.selector), pod, stays: true }
        });
        let nightly = self.of::<CronJob>().into_iter().map(|it| {
            let (name, namespace) = named(&it.metadata);
            let template = it.spec.unwrap().job_template.spec.unwrap().template;
            let labels = template.metadata.unwrap().labels.unwrap_or_default();
            let pod = template.spec.unwrap();
            Workload { name, namespace, labels, selector: None, pod, stays: false }
        });
        deployments.chain(nightly).collect()
    }

    /// The Pods that a selector finds in a namespace.
    pub(crate) fn selected(&self, namespace: &str, selector: &LabelSelector) -> Vec<&Workload> {
        let is_it = |it: &&Workload| it.namespace == namespace && matches(selector, &it.labels);
        self.workloads().iter().filter(is_it).collect()
    }
}

impl Workload {
    /// Every container: those that begin, sidecars among them, and those that go on.
    pub(crate) fn containers(&self) -> impl Iterator<Item = &Container> {
        self.pod.init_containers.iter().flatten().chain(&self.pod.containers)
    }

    pub(crate) fn container(&self, name: &str) -> Option<&Container> {
        self.containers().find(|it| it.name == name)
    }

    /// Whether one of its containers has a port of that name.
    pub(crate) fn has_port(&self, name: &str) -> bool {
        let mut ports = self.containers().flat_map(|it| it.ports.iter().flatten());
        ports.any(|it| it.name.as_deref() == Some(name))
    }
}

/// A container that runs beside the others, though it begins before them.
pub(crate) fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

/// What a variable of a container is set to.
pub(crate) fn variable<'a>(container: &'a Container, name: &str) -> Option<&'a str> {
    container.env.iter().flatten().find(|it| it.name == name)?.value.as_deref()
}

/// The name and the namespace of an object.
pub(crate) fn named(metadata: &ObjectMeta) -> (String, String) {
    (metadata.name.clone().unwrap_or_default(), metadata.namespace.clone().unwrap_or_default())
}

/// Whether a selector finds something with these labels. Ours only say what labels are.
pub(crate) fn matches(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> bool {
    assert!(selector.match_expressions.is_none(), "teach this test to read expressions");
    selector.match_labels.iter().flatten().all(|(name, value)| labels.get(name) == Some(value))
}
