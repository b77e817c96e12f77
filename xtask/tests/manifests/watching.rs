//! What watches a farm asks for what is there: kinds that are not Kubernetes' own, dashboards, alerts.

use std::collections::BTreeSet;
use std::path::Path;

use k8s_openapi::api::core::v1::Service;
use regex::Regex;
use serde_json::Value;

use super::model::{Rendering, matches, named, variable};
use super::rules::{secrets, text};

/// Rules about ScaledObjects, ServiceMonitors, Certificates and alerts.
pub(crate) fn rules(rendering: &Rendering, say: &mut impl FnMut(String)) {
    for thing in rendering.of_kind("keda.sh/v1alpha1", "ScaledObject") {
        scaled(rendering, thing, say);
    }
    for thing in rendering.of_kind("monitoring.coreos.com/v1", "ServiceMonitor") {
        monitored(rendering, thing, say);
    }
    for thing in rendering.of_kind("cert-manager.io/v1", "Certificate") {
        let (name, secret) = (text(thing, "/metadata/name"), text(thing, "/spec/secretName"));
        let is_issuers = thing["spec"]["isCA"] == true;
        let namespace = text(thing, "/metadata/namespace");
        let is_used = |secret: &str| {
            let pods = rendering.workloads().iter().filter(|it| it.namespace == namespace);
            pods.flat_map(secrets).any(|(name, _)| name == secret)
        };
        if !is_issuers && !is_used(secret) {
            say(format!("Certificate {name}: makes Secret {secret}, which nobody uses"));
        }
    }
}

fn scaled(rendering: &Rendering, thing: &Value, say: &mut impl FnMut(String)) {
    let (name, target) = (text(thing, "/metadata/name"), text(thing, "/spec/scaleTargetRef/name"));
    let namespace = text(thing, "/metadata/namespace");
    let workloads = rendering.workloads();
    let Some(workload) = workloads.iter().find(|it| it.name == target && it.namespace == namespace) else {
        return say(format!("ScaledObject {name}: scales {target}, which is not there"));
    };
    let slots = workload.container("worker").and_then(|it| variable(it, "MRT_SLOTS")).unwrap_or_default();
    for trigger in thing["spec"]["triggers"].as_array().into_iter().flatten() {
        let told = text(trigger, "/metadata/slots");
        if told != slots {
            say(format!("ScaledObject {name}: speaks of {told} slots, and its workers have {slots}"));
        }
        let address = text(trigger, "/metadata/scalerAddress");
        if address != "mrt-coordinator.mrt.svc:7441" {
            say(format!("ScaledObject {name}: asks {address}, where no coordinator is"));
        }
    }
}

fn monitored(rendering: &Rendering, thing: &Value, say: &mut impl FnMut(String)) {
    let name = text(thing, "/metadata/name");
    let selector = serde_json::from_value(thing["spec"]["selector"].clone()).unwrap();
    let services: Vec<Service> = rendering
        .of::<Service>()
        .into_iter()
        .filter(|it| named(&it.metadata).1 == text(thing, "/metadata/namespace"))
        .filter(|it| matches(&selector, it.metadata.labels.as_ref().unwrap()))
        .collect();
    if services.is_empty() {
        say(format!("ServiceMonitor {name}: finds no Service"));
    }
    for endpoint in thing["spec"]["endpoints"].as_array().into_iter().flatten() {
        let port = text(endpoint, "/port");
        let has_port = |it: &Service| {
            let ports = it.spec.as_ref().and_then(|it| it.ports.as_ref());
            ports.into_iter().flatten().any(|it| it.name.as_deref() == Some(port))
        };
        if !services.iter().all(has_port) {
            say(format!("ServiceMonitor {name}: port {port} is none of its Services'"));
        }
    }
}

/// The repository.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The series that a program serves: what it registers, with what its kind adds.
fn series(file: &str, prefix: &str) -> BTreeSet<String> {
    let source = std::fs::read_to_string(root().join(file)).unwrap();
    let field = Regex::new(r"(?m)^    ([a-z_]+): .*?(Counter|Gauge|Histogram)").unwrap();
    let kinds: Vec<(String, String)> =
        field.captures_iter(&source).map(|it| (it[1].to_owned(), it[2].to_owned())).collect();
    let registered = Regex::new(r#"\.register\([ \n]*"([a-z_]+)",[^;]*?self\.([a-z_]+)\.clone\(\)"#).unwrap();
    let mut all = BTreeSet::new();
    for found in registered.captures_iter(&source) {
        let kind = kinds.iter().find(|(field, _)| *field == found[2]);
        let (_, kind) = kind.unwrap_or_else(|| panic!("{}: what is {}?", file, &found[2]));
        let endings: &[&str] = match kind.as_str() {
            "Counter" => &["_total"],
            "Histogram" => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        all.extend(endings.iter().map(|ending| format!("{prefix}_{}{ending}", &found[1])));
    }
    all
}

/// The series of ours that a text asks for.
fn asked(text: &str) -> BTreeSet<String> {
    let series = Regex::new("mrt_[a-z_]+").unwrap();
    series.find_iter(text).map(|it| it.as_str().to_owned()).collect()
}

#[test]
fn dashboards_and_alerts_ask_for_series_that_are_there() {
    let mut there = series("coordinator/src/metrics.rs", "mrt");
    assert!(there.contains("mrt_cells_waiting") && there.contains("mrt_turn_seconds_bucket"), "{there:?}");
    there.extend(series("worker/src/agent/metrics.rs", "mrt_worker"));
    assert!(there.contains("mrt_worker_fenced_total"), "{there:?}");
    let read = |file: &str| std::fs::read_to_string(root().join(file)).unwrap();
    let (board, alerts) =
        (read("deploy/grafana/mrt.json"), read("deploy/kubernetes/components/monitoring/alerts.yaml"));
    for (file, text) in [("the dashboard", &board), ("the alerts", &alerts)] {
        let asked = asked(text);
        assert!(!asked.is_empty());
        let missing: Vec<_> = asked.difference(&there).collect();
        assert!(missing.is_empty(), "{file}: {missing:?}");
    }
    // Whoever adds one shows it.
    let shown = asked(&board);
    let base = |name: &str| {
        ["_bucket", "_sum", "_count"]
            .iter()
            .fold(name.to_owned(), |it, end| it.trim_end_matches(end).to_owned())
    };
    let shown: BTreeSet<_> = shown.iter().map(|it| base(it)).collect();
    let hidden: Vec<_> = there.iter().filter(|it| !shown.contains(&base(it))).collect();
    assert!(hidden.is_empty(), "no panel shows {hidden:?}");
}
