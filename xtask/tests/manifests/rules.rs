//! What has to hold in every rendering.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use k8s_openapi::api::core::v1::{
    ConfigMap, Container, Namespace, PersistentVolumeClaim, Probe, Service, ServiceAccount,
};
use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, Role};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::Value;

use super::model::{MADE, Rendering, Workload, is_sidecar, named, variable};
use super::watching;

/// What a worker that is root may do besides: become `nobody`, end what that has started, give files away and take them back.
const ROOTS: [&str; 5] = ["CHOWN", "DAC_OVERRIDE", "KILL", "SETGID", "SETUID"];
/// What a worker needs of the API, where servers are Pods.
const WORKERS: [(&str, &[&str]); 2] =
    [("pods", &["create", "get", "list", "watch", "delete"]), ("pods/log", &["get"])];
/// Seconds that a worker may take, after its grace, to remove its servers.
const GOODBYE: i64 = 30;
/// Seconds that a coordinator's streams are given to end.
const STREAMS: i64 = 10;

/// What is wrong, each as `RENDERING: OBJECT: what`.
pub(crate) fn problems(rendering: &Rendering) -> Vec<String> {
    let mut found = Vec::new();
    for workload in rendering.workloads() {
        let mut say = |what: String| found.push(format!("{}: {}: {what}", rendering.name, workload.name));
        for container in workload.containers() {
            let mut say = |what: &str| say(format!("container {}: {what}", container.name));
            resources(container, &mut say);
            privileges(rendering, workload, container, &mut say);
            image(container, &mut say);
            probes(workload, container, &mut say);
            options(container, &mut say);
        }
        pod(rendering, workload, &mut say);
        ends(workload, &mut say);
        references(rendering, workload, &mut say);
    }
    let mut say = |what: String| found.push(format!("{}: {what}", rendering.name));
    versions(rendering, &mut say);
    namespaces(rendering, &mut say);
    access(rendering, &mut say);
    services(rendering, &mut say);
    policies(rendering, &mut say);
    availability(rendering, &mut say);
    nightly(rendering, &mut say);
    watching::rules(rendering, &mut say);
    found
}

fn resources(container: &Container, say: &mut impl FnMut(&str)) {
    let given = container.resources.clone().unwrap_or_default();
    for resource in ["cpu", "memory", "ephemeral-storage"] {
        let lacks = |amounts: &Option<BTreeMap<String, _>>| {
            !amounts.as_ref().is_some_and(|it| it.contains_key(resource))
        };
        if lacks(&given.requests) {
            say(&format!("no request for {resource}"));
        }
        if lacks(&given.limits) {
            say(&format!("no limit of {resource}"));
        }
    }
}

fn privileges(rendering: &Rendering, workload: &Workload, container: &Container, say: &mut impl FnMut(&str)) {
    let context = container.security_context.clone().unwrap_or_default();
    let is_engine = rendering.has("dind") && workload.name == "mrt-worker" && container.name == "engine";
    if context.privileged == Some(true) {
        if !is_engine {
            say("is privileged");
        }
        // Root of its node: the rest would be a show.
        return;
    }
    if context.read_only_root_filesystem != Some(true) {
        say("its root file system can be written");
    }
    if context.allow_privilege_escalation != Some(false) {
        say("may gain privileges");
    }
    let capabilities = context.capabilities.unwrap_or_default();
    if capabilities.drop.as_deref() != Some(&["ALL".to_owned()]) {
        say("keeps capabilities");
    }
    let is_root = has_root(rendering) && workload.name == "mrt-worker";
    let added = capabilities.add.unwrap_or_default();
    let allowed: &[&str] = if is_root && container.name == "worker" { &ROOTS } else { &[] };
    if added != allowed {
        say(&format!("has capabilities {added:?}"));
    }
    let of_pod = workload.pod.security_context.clone().unwrap_or_default();
    let user = context.run_as_user.or(of_pod.run_as_user);
    let is_kept_from_root = context.run_as_non_root.or(of_pod.run_as_non_root) == Some(true);
    if !is_root && (!is_kept_from_root || user.is_none_or(|user| user == 0)) {
        say("may run as root");
    }
    let filter = context.seccomp_profile.or(of_pod.seccomp_profile);
    if filter.is_none_or(|it| it.type_ != "RuntimeDefault") {
        say("may make every system call");
    }
}

/// Whether workers are root, so that they can run what is a project's as `nobody`.
fn has_root(rendering: &Rendering) -> bool {
    rendering.has("dind") || rendering.has("code-apart")
}

fn image(container: &Container, say: &mut impl FnMut(&str)) {
    let image = container.image.clone().unwrap_or_default();
    // A port is no version.
    let version = image.rsplit('/').next().and_then(|name| name.split_once(':')).map(|(_, version)| version);
    if !image.contains("@sha256:") && version.is_none_or(|version| version == "latest") {
        say(&format!("image {image} has neither a version nor a digest"));
    }
}

/// What is ours is of this version.
fn versions(rendering: &Rendering, say: &mut impl FnMut(String)) {
    let images =
        rendering.workloads().iter().flat_map(Workload::containers).filter_map(|it| it.image.as_deref());
    let ours = images.filter_map(|it| it.rsplit('/').next()?.strip_prefix("mrt-"));
    let versions: BTreeSet<_> =
        ours.filter_map(|it| it.split_once(':')).map(|(_, version)| version).collect();
    let this = env!("CARGO_PKG_VERSION");
    if versions.iter().any(|version| *version != this) {
        say(format!("Images of mrt: are of {versions:?}, and this is {this}"));
    }
}

fn probes(workload: &Workload, container: &Container, say: &mut impl FnMut(&str)) {
    let begins = workload.pod.init_containers.iter().flatten().any(|it| it.name == container.name);
    if !workload.stays || begins && !is_sidecar(container) {
        return;
    }
    let all = [
        ("startup", &container.startup_probe),
        ("liveness", &container.liveness_probe),
        ("readiness", &container.readiness_probe),
    ];
    for (name, probe) in all {
        match probe {
            None if name == "readiness" && is_sidecar(container) => {}
            None => say(&format!("no {name} probe")),
            Some(probe) => asked(container, name, probe, say),
        }
    }
}

/// What a probe asks has to be there; and only readiness may hang on others.
fn asked(container: &Container, name: &str, probe: &Probe, say: &mut impl FnMut(&str)) {
    let has_port = |wanted: &IntOrString| {
        container.ports.iter().flatten().any(|it| match wanted {
            IntOrString::Int(number) => it.container_port == *number,
            IntOrString::String(name) => it.name.as_deref() == Some(name),
        })
    };
    let own = |text: &str| if name == "readiness" { text == "readiness" } else { text == "liveness" };
    if let Some(http) = &probe.http_get {
        let path = if name == "readiness" { "/readyz" } else { "/livez" };
        if http.path.as_deref() != Some(path) {
            say(&format!("{name} hangs on more than the process"));
        }
        if !has_port(&http.port) {
            let IntOrString::String(port) = &http.port else { return say("a probe asks a number") };
            say(&format!("a probe asks port {port}, which is none of its own"));
        }
    }
    if let Some(grpc) = &probe.grpc {
        if !grpc.service.as_deref().is_some_and(own) {
            say(&format!("{name} hangs on more than the process"));
        }
        if !has_port(&IntOrString::Int(grpc.port)) {
            say(&format!("a probe asks port {}, which is none of its own", grpc.port));
        }
    }
}

/// Variables and options of our programs are ones that they know.
fn options(container: &Container, say: &mut impl FnMut(&str)) {
    let image = container.image.as_deref().and_then(|it| it.rsplit('/').next()).unwrap_or_default();
    if !image.starts_with("mrt-") {
        return;
    }
    for variable in container.env.iter().flatten().map(|it| &it.name).filter(|it| it.starts_with("MRT_")) {
        if !WORDS.contains(variable) {
            say(&format!("{variable} is no variable of ours"));
        }
    }
    for option in container.args.iter().flatten().filter_map(|it| it.strip_prefix("--")) {
        let option = option.split('=').next().unwrap_or_default();
        if !WORDS.contains(&format!("{}:", option.replace('-', "_"))) {
            say(&format!("--{option} is no option of ours"));
        }
    }
}

/// What our sources name: variables (`"MRT_…"`), and fields, as options are (`metrics_public:`).
static WORDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut dirs: Vec<_> =
        ["cli/src", "coordinator/src", "ops/src", "worker/src"].map(|it| root.join(it)).into();
    let mut words = BTreeSet::new();
    while let Some(dir) = dirs.pop() {
        for path in std::fs::read_dir(dir).unwrap().map(|it| it.unwrap().path()) {
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = std::fs::read_to_string(path).unwrap();
                words.extend(text.split('"').filter(|it| it.starts_with("MRT_")).map(str::to_owned));
                words.extend(text.split_whitespace().filter(|it| it.ends_with(':')).map(str::to_owned));
            }
        }
    }
    words
});

fn pod(rendering: &Rendering, workload: &Workload, say: &mut impl FnMut(String)) {
    let pod = &workload.pod;
    for (shares, what) in
        [(pod.host_network, "network"), (pod.host_pid, "processes"), (pod.host_ipc, "memory")]
    {
        if shares == Some(true) {
            say(format!("shares its node's {what}"));
        }
    }
    for path in pod.volumes.iter().flatten().filter_map(|it| it.host_path.as_ref()) {
        say(format!("mounts its node's {}", path.path));
    }
    let needs_api = rendering.has_pods() && workload.name == "mrt-worker";
    if pod.automount_service_account_token != Some(needs_api) {
        say(if needs_api { "has no token of the API" } else { "has a token of the API" }.to_owned());
    }
    // Whoever starts a worker has its environment, too, and does not hide it from projects of the same user.
    let itself = Some(vec!["/usr/local/bin/mrt-worker".to_owned()]);
    if !has_root(rendering) && workload.container("worker").is_some_and(|it| it.command != itself) {
        say("its token can be read where its program is started from".to_owned());
    }
    if let Some(selector) = &workload.selector
        && rendering.selected(&workload.namespace, selector).iter().all(|it| it.name != workload.name)
    {
        say("does not find its own Pods".to_owned());
    }
}

/// How long a Pod is given to end.
fn ends(workload: &Workload, say: &mut impl FnMut(String)) {
    let given = workload.pod.termination_grace_period_seconds.unwrap_or(30);
    if let Some(worker) = workload.container("worker") {
        let grace = variable(worker, "MRT_GRACE").and_then(|it| it.strip_suffix('s')?.parse::<i64>().ok());
        match grace {
            Some(grace) if given < grace + GOODBYE => {
                say(format!("is killed {} s after its grace", given - grace));
            }
            Some(_) => {}
            None => say("MRT_GRACE has to be said in seconds".to_owned()),
        }
    }
    if workload.container("coordinator").is_some() && given <= STREAMS {
        say("is killed before its streams end".to_owned());
    }
}

/// What a Pod names is there.
fn references(rendering: &Rendering, workload: &Workload, say: &mut impl FnMut(String)) {
    // Of its own namespace.
    let missing = |name: &str, all: Vec<&ObjectMeta>| {
        !all.into_iter().any(|it| named(it) == (name.to_owned(), workload.namespace.clone()))
    };
    let account = workload.pod.service_account_name.clone().unwrap_or_default();
    let accounts = rendering.of::<ServiceAccount>();
    if missing(&account, accounts.iter().map(|it| &it.metadata).collect()) {
        say(format!("its account {account} is not there"));
    }
    let volumes = workload.pod.volumes.clone().unwrap_or_default();
    for mount in workload.containers().flat_map(|it| it.volume_mounts.iter().flatten()) {
        if !volumes.iter().any(|it| it.name == mount.name) {
            say(format!("mounts volume {}, which is not there", mount.name));
        }
    }
    let claims = rendering.of::<PersistentVolumeClaim>();
    for claim in volumes.iter().filter_map(|it| it.persistent_volume_claim.as_ref()) {
        if missing(&claim.claim_name, claims.iter().map(|it| &it.metadata).collect()) {
            say(format!("its claim {} is not there", claim.claim_name));
        }
    }
    let maps = rendering.of::<ConfigMap>();
    let from = workload.containers().flat_map(|it| it.env_from.iter().flatten());
    for map in from.filter_map(|it| it.config_map_ref.as_ref()) {
        if missing(&map.name, maps.iter().map(|it| &it.metadata).collect()) {
            say(format!("its ConfigMap {} is not there", map.name));
        }
    }
    // Others than the script's are made by hand.
    let by_hand = |secret: &str| {
        let command = format!("-n {} create secret generic {secret} ", workload.namespace);
        include_str!("../../../deploy/README.md").contains(&command)
    };
    for (secret, keys) in secrets(workload) {
        match MADE.get(&(workload.namespace.clone(), secret.clone())) {
            Some(made) if keys.is_subset(made) => {}
            Some(made) => say(format!("Secret {secret} has no {:?}", keys.difference(made))),
            None if by_hand(&secret) => {}
            None => say(format!("Secret {secret} is made by nobody")),
        }
    }
}

/// The Secrets that a Pod needs, and which keys of them.
pub(crate) fn secrets(workload: &Workload) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for volume in workload.pod.volumes.iter().flatten().filter_map(|it| it.secret.as_ref()) {
        let keys = all.entry(volume.secret_name.clone().unwrap_or_default()).or_default();
        keys.extend(volume.items.iter().flatten().map(|it| it.key.clone()));
    }
    let variables = workload.containers().flat_map(|it| it.env.iter().flatten());
    for read in variables.filter_map(|it| it.value_from.as_ref()?.secret_key_ref.as_ref()) {
        all.entry(read.name.clone()).or_default().insert(read.key.clone());
    }
    all
}

fn namespaces(rendering: &Rendering, say: &mut impl FnMut(String)) {
    let workers = match rendering {
        it if it.has("dind") => "privileged",
        it if it.has("code-apart") => "baseline",
        _ => "restricted",
    };
    for (name, level) in [("mrt", "restricted"), ("mrt-workers", workers)] {
        let all = rendering.of::<Namespace>();
        let labels = all.iter().find(|it| it.metadata.name.as_deref() == Some(name));
        let labels = labels.and_then(|it| it.metadata.labels.as_ref());
        let is = labels.and_then(|it| it.get("pod-security.kubernetes.io/enforce"));
        if is.map(String::as_str) != Some(level) {
            say(format!("Namespace {name}: has to be {level}"));
        }
    }
}

/// Nobody may do anything, but workers what [`WORKERS`] lists, where servers are Pods.
fn access(rendering: &Rendering, say: &mut impl FnMut(String)) {
    let rule = |(resource, verbs): (&str, &[&str])| PolicyRule {
        api_groups: Some(vec![String::new()]),
        resources: Some(vec![resource.to_owned()]),
        verbs: verbs.iter().map(|it| (*it).to_owned()).collect(),
        ..PolicyRule::default()
    };
    let wanted: Vec<_> = if rendering.has_pods() { WORKERS.map(rule).into() } else { Vec::new() };
    let roles = rendering.of::<Role>();
    let given: Vec<_> = roles.iter().flat_map(|it| it.rules.clone().unwrap_or_default()).collect();
    if given != wanted || !rendering.of::<ClusterRole>().is_empty() {
        say("Role mrt-worker: may do other things than a worker has to".to_owned());
    }
}

fn services(rendering: &Rendering, say: &mut impl FnMut(String)) {
    for service in rendering.of::<Service>() {
        let (name, namespace) = named(&service.metadata);
        let spec = service.spec.unwrap_or_default();
        let selector = LabelSelector { match_labels: spec.selector, match_expressions: None };
        let pods = rendering.selected(&namespace, &selector);
        if pods.is_empty() {
            say(format!("Service {name}: finds no Pods"));
            continue;
        }
        for port in spec.ports.unwrap_or_default() {
            let Some(IntOrString::String(target)) = port.target_port else {
                say(format!("Service {name}: has to name its Pods' ports"));
                continue;
            };
            if !pods.iter().all(|it| it.has_port(&target)) {
                say(format!("Service {name}: port {target} is none of its Pods'"));
            }
        }
    }
}

fn policies(rendering: &Rendering, say: &mut impl FnMut(String)) {
    let policies = rendering.of::<NetworkPolicy>();
    for namespace in ["mrt", "mrt-workers"] {
        let is_closed = policies.iter().any(|it| {
            let spec = it.spec.clone().unwrap_or_default();
            named(&it.metadata).1 == namespace
                && spec.pod_selector == Some(LabelSelector::default())
                && (spec.ingress.is_none() && spec.egress.is_none())
                && spec.policy_types.is_some_and(|it| it == ["Ingress", "Egress"])
        });
        if !is_closed {
            say(format!("Namespace {namespace}: lets everything through"));
        }
    }
    for policy in policies {
        let (name, namespace) = named(&policy.metadata);
        let spec = policy.spec.unwrap_or_default();
        let selector = spec.pod_selector.unwrap_or_default();
        let pods = rendering.selected(&namespace, &selector);
        // A worker makes them.
        let is_servers = selector.match_labels.iter().flatten().any(|(_, value)| value == "mrt-server");
        if pods.is_empty() && !is_servers {
            say(format!("NetworkPolicy {name}: finds no Pods"));
        }
        let named_ports = |ports: Option<Vec<NetworkPolicyPort>>| -> Vec<String> {
            let ports = ports.into_iter().flatten().filter_map(|it| it.port);
            ports
                .filter_map(|it| if let IntOrString::String(name) = it { Some(name) } else { None })
                .collect()
        };
        for port in spec.ingress.into_iter().flatten().flat_map(|it| named_ports(it.ports)) {
            if !pods.iter().all(|it| it.has_port(&port)) {
                say(format!("NetworkPolicy {name}: port {port} is none of its Pods'"));
            }
        }
        for rule in spec.egress.into_iter().flatten() {
            let peers = rule.to.clone().unwrap_or_default();
            for port in named_ports(rule.ports) {
                let pods = peers.iter().flat_map(|it| peer(rendering, &namespace, it)).collect::<Vec<_>>();
                if pods.is_empty() || !pods.iter().all(|it| it.has_port(&port)) {
                    say(format!("NetworkPolicy {name}: port {port} is none of those Pods'"));
                }
            }
        }
    }
}

/// The Pods of ours that a policy's peer is.
fn peer<'a>(rendering: &'a Rendering, own: &str, peer: &NetworkPolicyPeer) -> Vec<&'a Workload> {
    let labels = peer.namespace_selector.clone().and_then(|it| it.match_labels).unwrap_or_default();
    let namespace = labels.get("kubernetes.io/metadata.name").map_or(own, String::as_str).to_owned();
    rendering.selected(&namespace, &peer.pod_selector.clone().unwrap_or_default())
}

/// Drained nodes and rollouts.
fn availability(rendering: &Rendering, say: &mut impl FnMut(String)) {
    for budget in rendering.of::<PodDisruptionBudget>() {
        let (name, namespace) = named(&budget.metadata);
        let spec = budget.spec.unwrap_or_default();
        if rendering.selected(&namespace, &spec.selector.unwrap_or_default()).is_empty() {
            say(format!("PodDisruptionBudget {name}: finds no Pods"));
        }
        let spare = spec.max_unavailable.is_some_and(|it| it == IntOrString::Int(1));
        if !spare || spec.min_available.is_some() {
            say(format!("PodDisruptionBudget {name}: lets no node be drained"));
        }
    }
    let deployments = rendering.of::<k8s_openapi::api::apps::v1::Deployment>();
    for spec in deployments
        .into_iter()
        .filter(|it| named(&it.metadata).0 == "mrt-coordinator")
        .filter_map(|it| it.spec)
    {
        let volumes = spec.template.spec.and_then(|it| it.volumes).unwrap_or_default();
        let has_file = volumes.iter().any(|it| it.persistent_volume_claim.is_some());
        let recreates = spec.strategy.and_then(|it| it.type_).is_some_and(|it| it == "Recreate");
        let replicas = spec.replicas.unwrap_or(1);
        if has_file && (!recreates || replicas != 1) {
            say("Deployment mrt-coordinator: two at a time would write one file".to_owned());
        }
        if !has_file && replicas < 2 {
            say("Deployment mrt-coordinator: one of many has to be two, or it lets no node be drained"
                .to_owned());
        }
    }
}

fn nightly(rendering: &Rendering, say: &mut impl FnMut(String)) {
    for job in rendering.of::<k8s_openapi::api::batch::v1::CronJob>() {
        let name = named(&job.metadata).0;
        let spec = job.spec.unwrap_or_default();
        if spec.concurrency_policy.as_deref() != Some("Forbid") {
            say(format!("CronJob {name}: nights may overlap"));
        }
        let spec = spec.job_template.spec.unwrap_or_default();
        if spec.active_deadline_seconds.is_none() {
            say(format!("CronJob {name}: a night may never end"));
        }
        let rules = spec.pod_failure_policy.map(|it| it.rules).unwrap_or_default();
        let mut codes =
            rules.into_iter().filter(|it| it.action == "FailJob").filter_map(|it| it.on_exit_codes);
        if !codes.any(|it| it.operator == "In" && it.values == [1, 2]) {
            say(format!("CronJob {name}: findings are tried again"));
        }
    }
}

impl Rendering {
    /// Whether database servers are Pods of their own.
    fn has_pods(&self) -> bool {
        ["pods", "kind", "ha"].iter().any(|it| self.has(it))
    }
}

/// The text at a place.
pub(crate) fn text<'a>(value: &'a Value, place: &str) -> &'a str {
    value.pointer(place).and_then(Value::as_str).unwrap_or_default()
}
