//! Pods come and go as they should.

use std::sync::Mutex;

use mrt_worker::server::kubernetes::{OwnPod, Settings};
use mrt_worker::server::{Server, random_token};
use url::Url;

use super::*;
use crate::fake::Fault;

#[tokio::test]
async fn a_started_server_answers_and_a_stopped_one_leaves_nothing() {
    let test = "a_started_server_answers_and_a_stopped_one_leaves_nothing";
    let Some(launch) = real(test) else { return };
    let fake = Fake::start().await;
    fake.fate([placed(), waiting("ContainerCreating", ""), running()]);
    let pod = farm(&fake).await.start(&launch, logs_in).await.unwrap();
    assert_eq!((pod.endpoint().host.as_str(), pod.endpoint().port), ("127.0.0.1", launch.port));
    assert!(pod.is_running().await.unwrap());
    assert!(pod.name().starts_with("mrt-postgres-"), "{}", pod.name());
    assert_eq!(fake.names(), [pod.name()]);

    let server = Server::Pod(pod);
    assert!(server.is_ours() && !server.is_old());
    assert!(server.why_died().await.unwrap().is_none());
    server.stop().await.unwrap();
    assert!(fake.names().is_empty());
    server.stop().await.unwrap();
}

/// The container is the tests' own server, which listens on this machine as a Pod on its node would.
fn real(test: &str) -> Option<Launch> {
    let Ok(url) = std::env::var("MRT_TEST_POSTGRES_URL") else {
        eprintln!("SKIPPED: {test} (MRT_TEST_POSTGRES_URL is not set)");
        return None;
    };
    let url = Url::parse(&url).unwrap();
    Some(Launch {
        port: url.port().unwrap_or(5432),
        admin_user: url.username().to_owned(),
        admin_password: url.password().unwrap_or_default().to_owned(),
        ..launch()
    })
}

#[tokio::test]
async fn a_server_on_another_machine_is_reached_through_the_api() {
    let Some(launch) = real("a_server_on_another_machine_is_reached_through_the_api") else { return };
    let fake = Fake::start().await;
    let mut elsewhere = running();
    elsewhere["status"]["hostIP"] = json!("192.0.2.7");
    fake.fate([placed(), elsewhere]);
    let pod = farm(&fake).await.start(&launch, logs_in).await.unwrap();
    let endpoint = pod.endpoint().clone();
    assert_eq!(endpoint.host, "127.0.0.1");
    assert_ne!(endpoint.port, launch.port);
    // Several at the same time.
    let (first, second) = tokio::join!(logs_in(endpoint.clone()), logs_in(endpoint.clone()));
    first.and(second).unwrap();
    pod.stop().await.unwrap();
    drop(pod);
    soon(|| std::net::TcpStream::connect(("127.0.0.1", endpoint.port)).is_err()).await;
}

#[tokio::test]
async fn a_way_through_the_api_that_is_not_allowed_is_told() {
    let fake = Fake::start().await;
    let mut elsewhere = running();
    elsewhere["status"]["hostIP"] = json!("192.0.2.7");
    fake.fate([placed(), elsewhere]);
    let role =
        crate::fake::status(403, "Forbidden", "User \"u\" cannot create resource \"pods/portforward\"");
    for _ in 0..100 {
        fake.fault("portforward", Fault::Says { code: 403, retry_after: None, body: role.to_string() });
    }
    let launch = Launch { start_limit: Duration::from_millis(300), ..launch() };
    let error = farm(&fake).await.start(&launch, logs_in).await.unwrap_err();
    assert!(matches!(error, ServerError::NotReady { .. }), "{error:?}");
    assert!(error.to_string().contains("its port cannot be forwarded"), "{error}");
    assert!(fake.names().is_empty());
}

#[tokio::test]
async fn a_pod_says_whose_it_is_and_what_the_template_adds() {
    let fake = Fake::start().await;
    fake.fate([placed(), running()]);
    let template =
        fake.file("pod.yaml", "metadata: {labels: {team: data}}\nspec: {nodeSelector: {disk: fast}}\n");
    let own =
        OwnPod { name: "worker-0".to_owned(), uid: "u-1".to_owned(), namespace: Some("farm".to_owned()) };
    let farm = farm_with(&fake, |settings| {
        settings.own_pod = Some(own);
        settings.template = Some(template);
        settings.pull_secrets = vec!["registry".to_owned()];
    });
    let launch = launch();
    let pod = farm.await.start(&launch, at_once).await.unwrap();
    assert!(!format!("{pod:?} {launch:?}").contains(&launch.admin_password));
    let made = fake.pod(pod.name());
    let labels = &made["metadata"]["labels"];
    assert_eq!(labels["app.kubernetes.io/name"], "mrt-server");
    assert_eq!(labels["app.kubernetes.io/managed-by"], "mrt-worker");
    assert_eq!((&labels["mrt.dev/engine"], &labels["team"]), (&json!("postgres"), &json!("data")));
    let owner = json!([{ "apiVersion": "v1", "kind": "Pod", "name": "worker-0", "uid": "u-1" }]);
    assert_eq!(made["metadata"]["ownerReferences"], owner);
    assert_eq!(made["spec"]["nodeSelector"]["disk"], "fast");
    assert_eq!(made["spec"]["imagePullSecrets"], json!([{ "name": "registry" }]));
    pod.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_lets_nobody_in_is_given_up_and_deleted() {
    let fake = Fake::start().await;
    fake.fate([placed(), running()]);
    fake.writes("starting\nstill starting\n");
    let launch = Launch { start_limit: Duration::from_millis(200), ..launch() };
    let error = farm(&fake).await.start(&launch, never).await.unwrap_err();
    let ServerError::NotReady { source, logs, .. } = &error else { panic!("{error:?}") };
    assert_eq!(
        (source.to_string().as_str(), logs.as_str()),
        ("the door is shut", "starting\nstill starting")
    );
    assert!(fake.names().is_empty());
}

#[tokio::test]
async fn a_server_that_is_dropped_goes_without_anybody_waiting() {
    let fake = Fake::start().await;
    fake.fate([placed(), running()]);
    let farm = farm(&fake).await;
    drop(farm.start(&launch(), at_once).await.unwrap());
    fake.is_asked("delete", 1).await;
    // A start that is given up half way, too.
    fake.fate([]);
    let launch = launch();
    let starting = farm.start(&launch, at_once);
    tokio::select! {
        started = starting => panic!("{started:?}"),
        _ = fake.is_asked("watch", 2) => {}
    }
    fake.is_asked("delete", 2).await;
    soon(|| fake.names().is_empty()).await;
}

#[tokio::test]
async fn the_way_out_deletes_ones_own_pods_alone() {
    let fake = Fake::start().await;
    fake.fate([placed(), running()]);
    let (mine, other) = (farm(&fake).await, farm(&fake).await);
    let pods = [
        mine.start(&launch(), at_once).await.unwrap(),
        mine.clone().start(&launch(), at_once).await.unwrap(),
    ];
    let others = other.start(&launch(), at_once).await.unwrap();
    mine.remove_owned().await.unwrap();
    assert_eq!(fake.names(), [others.name()]);
    drop(pods);
    others.stop().await.unwrap();
}

#[tokio::test]
async fn a_sweep_deletes_what_dead_workers_left_and_nothing_else() {
    let fake = Fake::start().await;
    fake.fate([placed(), running()]);
    let worker = |name: &str, uid: &str| {
        let own = OwnPod { name: name.to_owned(), uid: uid.to_owned(), namespace: Some("farm".to_owned()) };
        move |settings: &mut Settings| settings.own_pod = Some(own)
    };
    for (name, uid, phase) in [("w-0", "u-0", "Running"), ("w-1", "new", "Running"), ("w-2", "u-2", "Failed")]
    {
        let metadata = json!({ "name": name, "uid": uid });
        fake.put(json!({ "metadata": metadata, "spec": { "containers": [] }, "status": { "phase": phase } }));
    }
    let mut pods = Vec::new();
    // Alive; another Pod of its name; ended; gone; a container of the same Pod before this one.
    for (name, uid) in [("w-0", "u-0"), ("w-1", "old"), ("w-2", "u-2"), ("w-3", "u-3"), ("w-4", "u-4")] {
        pods.push(farm_with(&fake, worker(name, uid)).await.start(&launch(), at_once).await.unwrap());
    }
    // Of a process of this machine, which lives.
    let outside = farm(&fake).await.start(&launch(), at_once).await.unwrap();
    let sweeper = farm_with(&fake, worker("w-4", "u-4")).await;
    let own = sweeper.start(&launch(), at_once).await.unwrap();
    assert_eq!(sweeper.sweep().await.unwrap(), 4);
    let left = [pods[0].name(), outside.name(), own.name()];
    soon(|| fake.names().iter().filter(|name| name.starts_with("mrt-")).count() == left.len()).await;
    assert!(left.iter().all(|name| fake.names().contains(&(*name).to_owned())), "{:?}", fake.names());
    // What is on its way out is not asked again.
    assert_eq!(sweeper.sweep().await.unwrap(), 0);
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_pod() {
    let fake = Fake::start().await;
    fake.fate([placed(), running()]);
    fake.fault("create", Fault::Forgets);
    let pod = farm(&fake).await.start(&launch(), at_once).await.unwrap();
    assert_eq!(fake.asked("create").len(), 2);
    assert_eq!(fake.names(), [pod.name()]);
    fake.fault("delete", Fault::Forgets);
    pod.stop().await.unwrap();
    assert!(fake.names().is_empty());
}

#[tokio::test]
async fn a_pod_whose_node_does_not_answer_is_deleted_by_force() {
    let fake = Fake::start().await;
    fake.fate([placed(), running()]);
    let pod = farm(&fake).await.start(&launch(), at_once).await.unwrap();
    fake.lose_node();
    pod.stop().await.unwrap();
    assert!(fake.names().is_empty());
    assert_eq!(fake.asked("delete").len(), 2);
}

#[tokio::test]
async fn a_pod_that_finalizers_hold_is_told_with_their_names() {
    let fake = Fake::start().await;
    fake.fate([placed(), running(), json!({ "metadata": { "finalizers": ["example.com/audit"] } })]);
    let pod = farm(&fake).await.start(&launch(), at_once).await.unwrap();
    soon(|| fake.pod(pod.name())["metadata"]["finalizers"].is_array()).await;
    let error = pod.stop().await.unwrap_err();
    assert!(matches!(of_cluster(&error), KubernetesError::Stays { .. }), "{error:?}");
    assert!(error.to_string().contains("example.com/audit"), "{error}");
}

#[tokio::test]
async fn whoever_knows_no_cluster_is_told_what_to_do() {
    let missing = Settings { kubeconfig: Some("/nowhere/config".into()), ..Settings::default() };
    let error = Kubernetes::new(missing).await.unwrap_err();
    assert!(error.to_string().contains("--kubeconfig or KUBECONFIG"), "{error}");
    assert!(error.to_string().contains("/nowhere/config"), "{error}");
    let fake = Fake::start().await;
    let template = fake.file("pod.yaml", "kind: Deployment\n");
    let settings =
        Settings { kubeconfig: Some(fake.kubeconfig()), template: Some(template), ..Settings::default() };
    let error = Kubernetes::new(settings).await.unwrap_err();
    assert!(error.to_string().contains("--pod-template"), "{error}");
}

#[tokio::test]
async fn names_are_never_the_same_twice() {
    let fake = Fake::start().await;
    fake.fate([placed(), running()]);
    let seen = Mutex::new(Vec::new());
    let one = |farm: Kubernetes| async {
        let pod = { farm }.start(&launch(), at_once).await.unwrap();
        seen.lock().unwrap().push(pod.name().to_owned());
        pod.stop().await.unwrap();
    };
    let (first, second) = (farm(&fake).await, farm(&fake).await);
    tokio::join!(one(first.clone()), one(first), one(second.clone()), one(second));
    let mut seen = seen.into_inner().unwrap();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4);
    assert_ne!(random_token().unwrap(), random_token().unwrap());
}

async fn soon(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it becomes so");
}
