//! The contract that containers keep, kept by a real cluster: the one that MRT_TEST_KUBECONFIG names, with the image postgres:15 on
//! its nodes. MRT_TEST_POD_TEMPLATE names a template, for clusters whose Pods need one.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use k8s_openapi::api::core::v1::Pod as Resource;
use kube::api::{Api, DeleteParams};
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use mrt_worker::server::Server;
use mrt_worker::server::kubernetes::Pod;
use sqlx::{Connection as _, PgConnection, Row as _, postgres::PgConnectOptions};

use super::*;

/// A cluster as somebody else sees it, too.
struct Cluster {
    farm: Kubernetes,
    pods: Api<Resource>,
}

fn settings() -> Option<Settings> {
    Some(Settings {
        kubeconfig: Some(PathBuf::from(std::env::var_os("MRT_TEST_KUBECONFIG")?)),
        template: std::env::var_os("MRT_TEST_POD_TEMPLATE").map(PathBuf::from),
        ..Settings::default()
    })
}

async fn cluster(test: &str) -> Option<Cluster> {
    let Some(settings) = settings() else {
        eprintln!("SKIPPED: {test} (MRT_TEST_KUBECONFIG is not set)");
        return None;
    };
    let farm = Kubernetes::new(settings.clone()).await.unwrap();
    farm.answers().await.unwrap();
    let config = Kubeconfig::read_from(settings.kubeconfig.unwrap()).unwrap();
    let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.unwrap();
    let pods = Api::namespaced(kube::Client::try_from(config).unwrap(), farm.namespace());
    Some(Cluster { farm, pods })
}

impl Cluster {
    async fn exists(&self, name: &str) -> bool {
        self.pods.get_opt(name).await.unwrap().is_some_and(|pod| pod.metadata.deletion_timestamp.is_none())
    }

    async fn is_gone(&self, name: &str) {
        let gone = async {
            while self.pods.get_opt(name).await.unwrap().is_some() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), gone).await.expect("it goes");
    }
}

macro_rules! cluster_or_skip {
    ($test:literal) => {
        match cluster($test).await {
            Some(cluster) => cluster,
            None => return,
        }
    };
}

/// On a port of its own: where Pods are on the network of their node, others are, too.
fn postgres() -> Launch {
    let mut launch = launch();
    launch.port = fastrand::u16(20_000..30_000);
    launch.arguments.extend(["-c".to_owned(), format!("port={}", launch.port)]);
    launch
}

async fn query(endpoint: &Endpoint, sql: &'static str) -> String {
    let options = PgConnectOptions::new()
        .host(&endpoint.host)
        .port(endpoint.port)
        .username(&endpoint.user)
        .password(&endpoint.password)
        .database(&endpoint.database);
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    sqlx::query(sql).fetch_one(&mut connection).await.unwrap().get(0)
}

#[tokio::test]
async fn a_started_server_answers_and_a_stopped_one_leaves_nothing() {
    let cluster = cluster_or_skip!("cluster::a_started_server_answers_and_a_stopped_one_leaves_nothing");
    let launch = postgres();
    let pod = cluster.farm.start(&launch, logs_in).await.unwrap();
    let name = pod.name().to_owned();
    assert!(pod.is_running().await.unwrap());
    assert_eq!(query(pod.endpoint(), "show fsync").await, "off");
    assert_eq!(
        query(pod.endpoint(), "select pg_read_file('/proc/self/status') ~ 'CapEff:\\s0+\\n' || ''").await,
        "true"
    );
    assert!(!format!("{:?} {launch:?}", pod.endpoint()).contains(&launch.admin_password));

    let server = Server::Pod(pod);
    assert!(server.is_ours() && !server.is_old());
    assert!(server.why_died().await.unwrap().is_none());
    assert!(cluster.exists(&name).await);
    server.stop().await.unwrap();
    assert!(!cluster.exists(&name).await);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_image_that_nobody_has_is_named() {
    let cluster = cluster_or_skip!("cluster::an_image_that_nobody_has_is_named");
    let launch = Launch { image: "registry.invalid/no-such:1".to_owned(), ..postgres() };
    let error = cluster.farm.start(&launch, at_once).await.unwrap_err();
    assert!(matches!(of_cluster(&error), KubernetesError::Image { .. }), "{error:?}");
    assert!(error.to_string().contains("registry.invalid/no-such:1"), "{error}");
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why_long_before_the_time_limit() {
    let cluster = cluster_or_skip!("cluster::a_server_that_cannot_start_says_why_long_before_the_time_limit");
    let whole = postgres();
    let env = whole.env.iter().filter(|(name, _)| name == "PGDATA").cloned().collect();
    let launch = Launch { env, start_limit: Duration::from_secs(3600), ..whole };
    let error = cluster.farm.start(&launch, logs_in).await.unwrap_err();
    let ServerError::StartFailed { death, .. } = &error else { panic!("{error:?}") };
    assert_eq!(death.exit_code, Some(1));
    assert!(death.logs.contains("POSTGRES_PASSWORD"), "{error}");
}

#[tokio::test]
async fn a_server_that_lets_nobody_in_is_given_up_and_deleted() {
    let cluster = cluster_or_skip!("cluster::a_server_that_lets_nobody_in_is_given_up_and_deleted");
    let launch = Launch { start_limit: Duration::from_millis(300), ..postgres() };
    let error = cluster.farm.start(&launch, never).await.unwrap_err();
    let ServerError::NotReady { source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(source.to_string(), "the door is shut");
}

#[tokio::test]
async fn a_server_that_ends_leaves_its_last_words_and_one_that_is_deleted_was_taken() {
    let cluster = cluster_or_skip!(
        "cluster::a_server_that_ends_leaves_its_last_words_and_one_that_is_deleted_was_taken"
    );
    let pod = cluster.farm.start(&postgres(), logs_in).await.unwrap();
    let options = PgConnectOptions::new()
        .host(&pod.endpoint().host)
        .port(pod.endpoint().port)
        .username(&pod.endpoint().user)
        .password(&pod.endpoint().password);
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    // The first process of all is the server's own, which nothing else can end from within.
    let killed = "copy (select 1) to program 'kill -QUIT 1'";
    let _ = sqlx::query(killed).execute(&mut connection).await;
    let error = pod.why_died().await.unwrap().expect("it is dead");
    let ServerError::Died { death, .. } = &error else { panic!("{error:?}") };
    assert!(death.exit_code.is_some() && death.taken.is_none(), "{error}");
    assert!(death.logs.contains("ready to accept connections"), "{error}");
    assert!(!pod.is_running().await.unwrap());
    pod.stop().await.unwrap();

    let pod = cluster.farm.start(&postgres(), logs_in).await.unwrap();
    cluster.pods.delete(pod.name(), &DeleteParams::default()).await.unwrap();
    let error = pod.why_died().await.unwrap().expect("it goes");
    let ServerError::Died { death, .. } = &error else { panic!("{error:?}") };
    assert!(death.taken.is_some(), "{error}");
    pod.stop().await.unwrap();
    cluster.is_gone(pod.name()).await;
}

#[tokio::test]
async fn a_disk_that_is_full_is_a_statement_that_fails_and_no_eviction() {
    let cluster = cluster_or_skip!("cluster::a_disk_that_is_full_is_a_statement_that_fails_and_no_eviction");
    let target = Target { disk: 96 << 20, ..Target::from_name("postgres:15").unwrap() };
    let small = postgres::launch(&target, random_token().unwrap());
    let whole = postgres();
    let launch = Launch { arguments: whole.arguments, port: whole.port, ..small };
    let pod = cluster.farm.start(&launch, logs_in).await.unwrap();
    let options = PgConnectOptions::new()
        .host(&pod.endpoint().host)
        .port(pod.endpoint().port)
        .username(&pod.endpoint().user)
        .password(&pod.endpoint().password);
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    let fill = "create table t as select repeat(md5(i::text), 30) as x from generate_series(1, 200000) i";
    let error = sqlx::query(fill).execute(&mut connection).await.unwrap_err();
    assert!(error.to_string().contains("No space left on device"), "{error}");
    let one: String = sqlx::query("select '1'").fetch_one(&mut connection).await.unwrap().get(0);
    assert_eq!(one, "1");
    assert!(pod.is_running().await.unwrap());
    pod.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_has_too_little_memory_is_told_as_that() {
    let cluster = cluster_or_skip!("cluster::a_server_that_has_too_little_memory_is_told_as_that");
    // What the image is told to run instead of its server reads a line that has no end.
    let arguments = ["tail", "/dev/zero"].map(str::to_owned).to_vec();
    let launch = Launch { arguments, memory_bytes: 128 << 20, ..postgres() };
    let error = cluster.farm.start(&launch, logs_in).await.unwrap_err();
    let ServerError::StartFailed { death, .. } = &error else { panic!("{error:?}") };
    assert!(death.out_of_memory && death.exit_code == Some(137) && death.taken.is_none(), "{error}");
}

#[tokio::test]
async fn the_way_out_deletes_ones_own_pods_alone() {
    let cluster = cluster_or_skip!("cluster::the_way_out_deletes_ones_own_pods_alone");
    let other = Kubernetes::new(settings().unwrap()).await.unwrap();
    let mine: Vec<Pod> = vec![
        cluster.farm.start(&postgres(), at_once).await.unwrap(),
        cluster.farm.clone().start(&postgres(), at_once).await.unwrap(),
    ];
    let others = other.start(&postgres(), at_once).await.unwrap();
    cluster.farm.remove_owned().await.unwrap();
    for pod in &mine {
        assert!(!cluster.exists(pod.name()).await);
    }
    assert!(cluster.exists(others.name()).await);
    others.stop().await.unwrap();
}

/// A second process: starts a Pod, says its name, and waits to be killed.
#[tokio::test]
async fn helper_that_is_killed() {
    if std::env::var_os("MRT_TEST_HELPER").is_none() {
        return;
    }
    let farm = Kubernetes::new(settings().unwrap()).await.unwrap();
    let pod = farm.start(&postgres(), at_once).await.unwrap();
    println!("POD {}", pod.name());
    let _ = std::io::stdin().read(&mut [0]);
}

#[tokio::test]
async fn a_sweep_deletes_what_a_killed_process_left_and_nothing_else() {
    let cluster = cluster_or_skip!("cluster::a_sweep_deletes_what_a_killed_process_left_and_nothing_else");
    let alive = cluster.farm.start(&postgres(), at_once).await.unwrap();
    let mut helper = Command::new(std::env::current_exe().unwrap())
        .args(["cluster::helper_that_is_killed", "--exact", "--nocapture"])
        .env("MRT_TEST_HELPER", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(helper.stdout.take().unwrap()).lines();
    // The test harness may have begun the line.
    let orphan = lines
        .map(Result::unwrap)
        .find_map(|line| line.split_once("POD ").map(|(_, name)| name.to_owned()))
        .expect("the helper starts a Pod");
    let sweeper = Kubernetes::new(settings().unwrap()).await.unwrap();
    sweeper.sweep().await.unwrap();
    assert!(cluster.exists(&orphan).await && cluster.exists(alive.name()).await);

    helper.kill().unwrap();
    helper.wait().unwrap();
    sweeper.sweep().await.unwrap();
    cluster.is_gone(&orphan).await;
    assert!(cluster.exists(alive.name()).await);
    alive.stop().await.unwrap();
}
