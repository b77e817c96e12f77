//! Servers in real containers.

#![allow(clippy::unwrap_used)]

use std::error::Error;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mrt_worker::server::docker::{Container, Docker};
use mrt_worker::server::{Endpoint, Launch, Server, ServerError, Tell, random_token};
use sha2::{Digest, Sha256};
use sqlx::{Connection, PgConnection, Row, postgres::PgConnectOptions};

/// An engine, or a loud word that there is none.
async fn docker(test: &str) -> Option<Docker> {
    match Docker::connect().await {
        Ok(docker) => Some(docker),
        Err(error) => {
            eprintln!("SKIPPED: {test} ({error})");
            None
        }
    }
}

macro_rules! docker_or_skip {
    ($test:literal) => {
        match docker($test).await {
            Some(docker) => docker,
            None => return,
        }
    };
}

fn postgres() -> Launch {
    let password = random_token().unwrap();
    Launch {
        engine: "postgres",
        user: 999,
        image: "postgres:15".to_owned(),
        env: vec![("POSTGRES_PASSWORD".to_owned(), password.clone())],
        arguments: ["-c", "fsync=off", "-c", "full_page_writes=off"].map(str::to_owned).to_vec(),
        port: 5432,
        tmpfs: vec![("/var/lib/postgresql/data".to_owned(), 512 << 20)],
        shm_bytes: 64 << 20,
        memory_bytes: 1 << 30,
        start_limit: Duration::from_secs(60),
        admin_user: "postgres".to_owned(),
        admin_password: password,
        admin_database: "postgres".to_owned(),
    }
}

async fn query(endpoint: &Endpoint, sql: &'static str) -> Result<String, Box<dyn Error + Send + Sync>> {
    let options = PgConnectOptions::new()
        .host(&endpoint.host)
        .port(endpoint.port)
        .username(&endpoint.user)
        .password(&endpoint.password)
        .database(&endpoint.database);
    let mut connection = PgConnection::connect_with(&options).await?;
    let row = sqlx::query(sql).fetch_one(&mut connection).await?;
    Ok(row.try_get(0)?)
}

async fn logs_in(endpoint: Endpoint) -> Result<(), Box<dyn Error + Send + Sync>> {
    query(&endpoint, "select '1'").await.map(drop)
}

async fn at_once(_: Endpoint) -> Result<(), Box<dyn Error + Send + Sync>> {
    Ok(())
}

async fn never(_: Endpoint) -> Result<(), Box<dyn Error + Send + Sync>> {
    Err("the door is shut".into())
}

/// The engine as somebody else sees it.
fn exists(name: &str) -> bool {
    !docker_command(&["ps", "--all", "--quiet", "--filter", &format!("name=^{name}$")]).is_empty()
}

#[tokio::test]
async fn a_started_server_answers_and_a_stopped_one_leaves_nothing() {
    let docker = docker_or_skip!("a_started_server_answers_and_a_stopped_one_leaves_nothing");
    let launch = postgres();
    let container = docker.start(&launch, logs_in).await.unwrap();
    let name = container.name().to_owned();
    assert!(container.is_running().await.unwrap());
    assert_eq!(query(container.endpoint(), "show fsync").await.unwrap(), "off");
    // Published on loopback alone, whether or not it was reached by way of the bridge.
    let published = docker_command(&["port", &name, "5432/tcp"]);
    assert!(published.starts_with("127.0.0.1:") && published.lines().count() == 1, "{published}");
    assert!(!format!("{:?} {launch:?}", container.endpoint()).contains(&launch.admin_password));

    let server = Server::Container(container);
    assert!(server.is_ours() && !server.is_old());
    assert!(server.why_died().await.unwrap().is_none());
    assert!(exists(&name));
    server.stop().await.unwrap();
    assert!(!exists(&name));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_is_reached_directly_although_its_published_port_answers_first() {
    let docker = docker_or_skip!("a_server_is_reached_directly_although_its_published_port_answers_first");
    let asked = std::sync::Mutex::new(Vec::new());
    // It becomes ready between the two questions.
    let ready = |endpoint: Endpoint| {
        let mut asked = asked.lock().unwrap();
        let first = asked.is_empty();
        asked.push(endpoint.host);
        async move { if first { Err("not yet".into()) } else { Ok(()) } }
    };
    let container = docker.start(&postgres(), ready).await.unwrap();
    let asked = asked.lock().unwrap().clone();
    if asked[0] == "127.0.0.1" {
        eprintln!(
            "SKIPPED: a_server_is_reached_directly_although_its_published_port_answers_first (the engine's bridge is \
             not on this machine)"
        );
        return;
    }
    assert_eq!(asked[1..], ["127.0.0.1".to_owned(), asked[0].clone()]);
    assert_eq!(container.endpoint().host, asked[0]);
}

#[tokio::test]
async fn an_image_that_nobody_has_is_named() {
    let docker = docker_or_skip!("an_image_that_nobody_has_is_named");
    let launch = Launch { image: "registry.invalid/no-such:1".to_owned(), ..postgres() };
    let told = Arc::new(Mutex::new(Vec::new()));
    let teller = Arc::clone(&told);
    let docker = docker.telling(Tell::new(move |what| teller.lock().unwrap().push(what.to_owned())));
    let error = docker.start(&launch, at_once).await.unwrap_err();
    assert_eq!(*told.lock().unwrap(), ["pulling image registry.invalid/no-such:1"]);
    assert!(matches!(error, ServerError::ImageMissing { .. }), "{error:?}");
    assert!(error.to_string().contains("`docker pull registry.invalid/no-such:1`"), "{error}");
}

/// The first bytes of a program for 64-bit ARM machines, as ELF has them, and nothing behind.
const ARM_PROGRAM: [u8; 20] = [
    0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* executable */ 2, 0,
    /* AArch64 */ 183, 0,
];

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        archive.append_data(&mut header, name, *content).unwrap();
    }
    archive.into_inner().unwrap()
}

#[tokio::test]
async fn an_image_for_other_machines_is_told_as_that() {
    let test = "an_image_for_other_machines_is_told_as_that";
    let docker = docker_or_skip!("an_image_for_other_machines_is_told_as_that");
    if cfg!(target_arch = "aarch64") {
        eprintln!("SKIPPED: {test} (its image is made for this machine)");
        return;
    }
    let image = "mrt-test-other-platform:1";
    let layer = archive(&[("server", &ARM_PROGRAM)]);
    let digest = Sha256::digest(&layer).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let config = serde_json::json!({
        "architecture": "arm64", "os": "linux", "config": { "Entrypoint": ["/server"] },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{digest}")] },
    });
    let manifest =
        serde_json::json!([{ "Config": "config.json", "RepoTags": [image], "Layers": ["layer.tar"] }]);
    let saved = archive(&[
        ("layer.tar", &layer),
        ("config.json", config.to_string().as_bytes()),
        ("manifest.json", manifest.to_string().as_bytes()),
    ]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), saved).unwrap();
    docker_command(&["load", "--input", file.path().to_str().unwrap()]);
    let launch = Launch { image: image.to_owned(), ..postgres() };
    // An engine may call it started before its program is seen to be none.
    let error = docker.start(&launch, logs_in).await.unwrap_err();
    docker_command(&["rmi", image]);
    let ServerError::Platform { made_for, source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(made_for, "linux/arm64");
    assert!(matches!(**source, ServerError::Engine { .. } | ServerError::StartFailed { .. }), "{source:?}");
    assert!(error.to_string().contains(image), "{error}");
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why_long_before_the_time_limit() {
    let docker = docker_or_skip!("a_server_that_cannot_start_says_why_long_before_the_time_limit");
    let launch = Launch { env: Vec::new(), start_limit: Duration::from_secs(3600), ..postgres() };
    let error = docker.start(&launch, logs_in).await.unwrap_err();
    let ServerError::StartFailed { death, .. } = &error else { panic!("{error:?}") };
    assert_eq!(death.exit_code, Some(1));
    assert!(death.logs.contains("POSTGRES_PASSWORD"), "{error}");
    assert!(error.to_string().contains("postgres:15"), "{error}");
}

#[tokio::test]
async fn a_server_that_lets_nobody_in_is_given_up_and_removed() {
    let docker = docker_or_skip!("a_server_that_lets_nobody_in_is_given_up_and_removed");
    let launch = Launch { start_limit: Duration::from_millis(300), ..postgres() };
    let error = docker.start(&launch, never).await.unwrap_err();
    let ServerError::NotReady { source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(source.to_string(), "the door is shut");
    assert!(!error.to_string().contains("the door is shut"), "the cause is told once: {error}");
}

#[tokio::test]
async fn a_server_that_is_killed_leaves_its_last_words() {
    let docker = docker_or_skip!("a_server_that_is_killed_leaves_its_last_words");
    let container = docker.start(&postgres(), logs_in).await.unwrap();
    docker_command(&["kill", container.name()]);
    let error = container.why_died().await.unwrap().expect("it is dead");
    let ServerError::Died { death, .. } = &error else { panic!("{error:?}") };
    assert_eq!(death.exit_code, Some(137));
    assert!(death.logs.contains("ready to accept connections"), "{error}");
    assert!(error.to_string().contains("probably out of memory"), "{error}");
    assert!(!container.is_running().await.unwrap());
    container.stop().await.unwrap();
    assert!(matches!(
        container.why_died().await.unwrap(),
        Some(ServerError::Died { death, .. }) if death.exit_code.is_none()
    ));
}

#[tokio::test]
async fn the_way_out_removes_ones_own_containers_alone() {
    let docker = docker_or_skip!("the_way_out_removes_ones_own_containers_alone");
    let other = Docker::connect().await.unwrap();
    let mine: Vec<Container> = vec![
        docker.start(&postgres(), at_once).await.unwrap(),
        docker.clone().start(&postgres(), at_once).await.unwrap(),
    ];
    let others = other.start(&postgres(), at_once).await.unwrap();
    docker.remove_owned().await.unwrap();
    for container in &mine {
        assert!(!exists(container.name()));
    }
    assert!(exists(others.name()));
    others.stop().await.unwrap();
}

fn docker_command(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

struct Network(String);

impl Network {
    fn new() -> Self {
        let name = format!("mrt-test-{}", random_token().unwrap());
        docker_command(&["network", "create", &name]);
        Self(name)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        docker_command(&["network", "rm", &self.0]);
    }
}

/// Sweeps until a container is gone. Other tests sweep too, and what one of them is removing already is left to it.
async fn sweep_away(docker: &Docker, name: &str) {
    let swept = async {
        while exists(name) {
            docker.sweep().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(30), swept).await.expect("it is swept");
}

#[tokio::test]
async fn a_sweep_asks_the_engine_after_owners_in_containers() {
    let docker = docker_or_skip!("a_sweep_asks_the_engine_after_owners_in_containers");
    let sleeping = |labels: &[String]| {
        let name = format!("mrt-test-{}", random_token().unwrap());
        let labels = labels.iter().map(String::as_str);
        let arguments = ["run", "--detach", "--name", &name].into_iter().chain(labels);
        let command = ["--entrypoint", "sleep", "postgres:15", "infinity"];
        docker_command(&arguments.chain(command).collect::<Vec<_>>());
        name
    };
    // Each was made by a process in this one, whose process namespace nobody else sees.
    let owner = sleeping(&[]);
    let owned = || {
        let asked = docker_command(&["inspect", "--format", "{{.Id}} {{.State.StartedAt}}", &owner]);
        let (id, started) = asked.trim().split_once(' ').unwrap();
        let labels = [("owner", "another"), ("container", id), ("container-started", started)];
        sleeping(&labels.map(|(name, value)| format!("--label=mrt.{name}={value}")))
    };
    let first = owned();
    docker.sweep().await.unwrap();
    assert!(exists(&first));
    // It is another process that runs in it from then on.
    docker_command(&["restart", "--time", "0", &owner]);
    let second = owned();
    sweep_away(&docker, &first).await;
    assert!(exists(&second));
    docker_command(&["kill", &owner]);
    sweep_away(&docker, &second).await;
    docker_command(&["start", &owner]);
    let third = owned();
    docker_command(&["rm", "--force", &owner]);
    sweep_away(&docker, &third).await;
}

#[tokio::test]
async fn on_a_network_a_server_is_reached_by_name_and_publishes_nothing() {
    let docker = docker_or_skip!("on_a_network_a_server_is_reached_by_name_and_publishes_nothing");
    let Network(network) = &Network::new();
    // Whoever starts a server this way is on the network too, which this process is not.
    let from_the_network = |endpoint: Endpoint| {
        let address =
            format!("postgres://postgres:{}@{}:{}/postgres", endpoint.password, endpoint.host, endpoint.port);
        let arguments =
            ["run", "--rm", "--network", network, "postgres:15", "psql", &address, "-c", "select 1"];
        let output = Command::new("docker").args(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        async move { if output.status.success() { Ok(()) } else { Err(error.into()) } }
    };
    let container = docker.on_network(network.clone()).start(&postgres(), from_the_network).await.unwrap();
    assert_eq!((container.endpoint().host.as_str(), container.endpoint().port), (container.name(), 5432));
    assert_eq!(docker_command(&["port", container.name()]), "");
    container.stop().await.unwrap();
}

/// A second process: starts a container, says its name, and waits to be killed.
#[tokio::test]
async fn helper_that_is_killed() {
    if std::env::var_os("MRT_TEST_HELPER").is_none() {
        return;
    }
    let docker = Docker::connect().await.unwrap();
    let container = docker.start(&postgres(), at_once).await.unwrap();
    println!("CONTAINER {}", container.name());
    let _ = std::io::stdin().read(&mut [0]);
}

#[tokio::test]
async fn a_sweep_removes_what_a_killed_process_left_and_nothing_else() {
    let docker = docker_or_skip!("a_sweep_removes_what_a_killed_process_left_and_nothing_else");
    let alive = docker.start(&postgres(), at_once).await.unwrap();
    let mut helper = Command::new(std::env::current_exe().unwrap())
        .args(["helper_that_is_killed", "--exact", "--nocapture"])
        .env("MRT_TEST_HELPER", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(helper.stdout.take().unwrap()).lines();
    // The test harness may have begun the line.
    let orphan = lines
        .map(Result::unwrap)
        .find_map(|line| line.split_once("CONTAINER ").map(|(_, name)| name.to_owned()))
        .expect("the helper starts a container");

    // Another process that sweeps now must leave both alone: their makers live.
    let sweeper = Docker::connect().await.unwrap();
    sweeper.sweep().await.unwrap();
    assert!(exists(&orphan) && exists(alive.name()));

    helper.kill().unwrap();
    // Not reaped yet: a zombie is dead enough.
    assert!(exists(&orphan));
    sweep_away(&sweeper, &orphan).await;
    helper.wait().unwrap();
    assert!(exists(alive.name()));
    alive.stop().await.unwrap();
}
