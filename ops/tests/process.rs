//! What belongs to a whole process: its environment, its log, its signals. Each of these tests starts this program again, as the
//! `child` that it asks for.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read as _};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use clap::Parser;
use mrt_ops::connect::{Connection, explain};
use mrt_ops::logging::Logging;
use mrt_ops::serve::Listen;
use mrt_ops::{config, signals};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use support::{Files, READER, list};

const CHILD: &str = "MRT_TEST_CHILD";

#[derive(Debug, Parser)]
struct Arguments {
    #[arg(long, env = "MRT_TEST_ADDRESS")]
    address: SocketAddr,
    #[arg(long, env = "MRT_TEST_LIST", value_delimiter = ',')]
    list: Vec<String>,
}

#[derive(Debug, Parser)]
struct Client {
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Parser)]
struct Listener {
    #[command(flatten)]
    listen: Listen,
}

#[derive(Debug, Parser)]
struct Teller {
    #[command(flatten)]
    logging: Logging,
}

/// What a child does. Alone it does nothing.
#[test]
fn child() {
    let Ok(task) = std::env::var(CHILD) else { return };
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    match task.split_once(' ').unwrap_or((&task, "")) {
        ("config", arguments) => {
            let arguments = ["test"].into_iter().chain(arguments.split_whitespace());
            println!("{:?}", config::parse_from::<Arguments>(arguments).map_err(|error| error.to_string()));
        }
        ("connect", _) => runtime().block_on(async {
            let _guard = Teller::parse_from(["test"]).logging.start("mrt-test").unwrap();
            let connection = Client::parse_from(["test"]).connection;
            let listed = list(connection.channel().unwrap()).await;
            println!("{:?}", listed.map_err(|status| explain(status, Some(&connection)).to_string()));
        }),
        ("listen", _) => runtime().block_on(async {
            let _guard = Teller::parse_from(["test"]).logging.start("mrt-test").unwrap();
            let error = Listener::parse_from(["test"]).listen.bind();
            println!("{:?}", error.map(|bound| bound.tokens).map_err(|error| error.to_string()));
        }),
        ("log", arguments) => {
            let arguments = ["test"].into_iter().chain(arguments.split_whitespace());
            let logging = Teller::parse_from(arguments).logging;
            match logging.start("mrt-test") {
                Ok(_guard) => {
                    tracing::info!(target: "mrt_test", cells = 7, "ours");
                    tracing::debug!(target: "mrt_test", "ours, closely");
                    tracing::info!(target: "library", "theirs");
                    tracing::warn!(target: "library", "their warning");
                    tracing::info_span!(target: "mrt_test", "our span", cells = 7).in_scope(|| ());
                    tracing::error_span!(target: "library", "their span").in_scope(|| ());
                    assert!(logging.start("mrt-test").is_err());
                }
                Err(error) => println!("{error}"),
            }
        }
        ("signals", _) => runtime().block_on(async {
            let asked = signals::shutdown().unwrap();
            println!("ready {}", asked.is_cancelled());
            asked.cancelled().await;
            println!("asked");
            std::future::pending::<()>().await;
        }),
        (task, _) => panic!("there is no task {task}"),
    }
}

fn command(task: &str, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]).env(CHILD, task);
    command.envs(environment.iter().copied()).env("RUST_BACKTRACE", "0");
    command
}

fn output(task: &str, environment: &[(&str, &str)]) -> (String, String) {
    let Output { status, stdout, stderr } = command(task, environment).output().unwrap();
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert!(status.success(), "{stdout}{stderr}");
    (stdout, stderr)
}

#[test]
fn the_environment_wins_over_the_file_and_the_command_line_over_both() {
    let files = Files::new();
    let path = files.write("mrt.toml", "address = '127.0.0.1:1'\nlist = ['file']\n");
    let file = ("MRT_CONFIG", path.to_str().unwrap());
    let (address, words) = (("MRT_TEST_ADDRESS", "127.0.0.1:2"), ("MRT_TEST_LIST", "of,environment"));
    for (task, environment, expected) in [
        ("config", vec![file], r#"Ok(Arguments { address: 127.0.0.1:1, list: ["file"] })"#),
        ("config", vec![file, address, words], r#"address: 127.0.0.1:2, list: ["of", "environment"]"#),
        (
            "config --address 127.0.0.1:3 --list line",
            vec![file, address, words],
            r#"127.0.0.1:3, list: ["line"]"#,
        ),
        ("config --config /nowhere", vec![file], "cannot read /nowhere"),
        ("config", vec![file, ("MRT_TEST_ADDRESS", "nowhere")], "invalid value 'nowhere' for '--address"),
    ] {
        let (stdout, _) = output(task, &environment);
        assert!(stdout.contains(expected), "{task} {environment:?}: {stdout}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_and_tokens_can_come_from_the_environment() {
    let files = Files::new();
    files.tokens();
    files.certificate("server", "localhost", (2020, 2090));
    files.certificate("client", "localhost", (2020, 2090));
    let tls = "--tls-cert @server.pem --tls-key @server.key --client-ca @ca.pem --tokens @tokens";
    let at = format!("https://localhost:{}", files.serve(tls).port());
    let path = |name: &str| files.path(name).display().to_string();
    let (ca, cert, key) = (path("ca.pem"), path("client.pem"), path("client.key"));
    let (reader, nobody) = (path("reader.token"), path("nobody.token"));
    let environment =
        [("MRT_COORDINATOR", &*at), ("MRT_CA", &*ca), ("MRT_CLIENT_CERT", &*cert), ("MRT_CLIENT_KEY", &*key)];
    for (more, expected) in [
        (vec![], "a token is needed"),
        (vec![("MRT_TOKEN", READER)], "of 7"),
        (vec![("MRT_TOKEN_FILE", &*reader)], "of 7"),
        // Who names a file means it.
        (vec![("MRT_TOKEN", READER), ("MRT_TOKEN_FILE", &*nobody)], "is not known"),
    ] {
        let (stdout, _) = output("connect", &[&environment, more.as_slice()].concat());
        assert!(stdout.contains(expected), "{more:?}: {stdout}");
    }
    let (stdout, _) =
        output("listen", &[("MRT_LISTEN", "[::1]:0"), ("MRT_TOKENS", &format!("read {READER}"))]);
    assert!(stdout.contains("Ok(Tokens(1))"), "{stdout}");
    let (stdout, _) = output("listen", &[("MRT_LISTEN", "[::1]:0"), ("MRT_TOKENS", READER)]);
    assert!(
        stdout.contains("the tokens in MRT_TOKENS cannot be used") && !stdout.contains(READER),
        "{stdout}"
    );
}

#[test]
fn a_file_of_tokens_that_others_can_read_is_told() {
    let files = Files::new();
    files.tokens();
    let path = |name: &str| files.path(name).display().to_string();
    let (tokens, token) = (path("tokens"), path("reader.token"));
    for (mode, count) in [(0o600, 0), (0o640, 1), (0o604, 1)] {
        for name in [&tokens, &token] {
            fs::set_permissions(name, fs::Permissions::from_mode(mode)).unwrap();
        }
        let listen = [("MRT_LISTEN", "127.0.0.1:0"), ("MRT_TOKENS_FILE", &tokens)];
        let connect = [("MRT_COORDINATOR", "http://127.0.0.1:1"), ("MRT_TOKEN_FILE", &token)];
        for (task, environment, name) in [("listen", listen, &tokens), ("connect", connect, &token)] {
            let (_, stderr) = output(task, &environment);
            let told = format!("others than its owner can read the tokens in {name}; chmod 600 {name}\n");
            assert_eq!(stderr.matches(&told).count(), count, "{task} {mode:o}: {stderr}");
            assert!(!stderr.contains(READER), "{stderr}");
        }
    }
}

#[test]
fn the_log_is_for_people_or_programs() {
    let (stdout, stderr) = output("log", &[]);
    assert!(!stdout.contains("ours"), "{stdout}");
    assert!(stderr.contains(" INFO mrt_test: ours cells=7\n"), "{stderr}");
    assert!(stderr.contains(" WARN library: their warning\n"), "{stderr}");
    assert!(
        !stderr.contains("closely") && !stderr.contains("theirs") && !stderr.contains('\u{1b}'),
        "{stderr}"
    );

    let (_, stderr) = output("log --log-format json", &[("MRT_LOG", "mrt_test=debug")]);
    let lines: Vec<serde_json::Value> =
        stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let messages: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["ours", "ours, closely"]);
    assert_eq!((&lines[0]["level"], &lines[0]["cells"]), (&"INFO".into(), &7.into()));

    let (stdout, _) = output("log", &[("MRT_LOG", "mrt=loud")]);
    assert!(stdout.contains("the log filter in MRT_LOG is wrong"), "{stdout}");
    let (stdout, _) = output("log", &[("OTEL_EXPORTER_OTLP_ENDPOINT", "no url at all")]);
    assert!(stdout.contains("cannot send traces as OTEL_EXPORTER_OTLP_ENDPOINT says"), "{stdout}");
}

struct Collector(mpsc::Sender<ExportTraceServiceRequest>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.send(request.into_inner()).unwrap();
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_go_to_the_collector_before_the_program_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (sender, exported) = mpsc::channel();
    let service = TraceServiceServer::new(Collector(sender));
    tokio::spawn(Server::builder().add_service(service).serve_with_incoming(TcpIncoming::from(listener)));
    output("log", &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    let exported: Vec<_> = exported.try_iter().flat_map(|request| request.resource_spans).collect();
    let spans = exported.iter().flat_map(|spans| &spans.scope_spans).flat_map(|spans| &spans.spans);
    assert_eq!(spans.map(|span| span.name.as_str()).collect::<Vec<_>>(), ["our span"]);
    let resource = format!("{:?}", exported[0].resource);
    assert!(resource.contains("service.name") && resource.contains("mrt-test"), "{resource}");
}

/// Reads until a child has said this.
fn read_until(stdout: &mut impl BufRead, said: &str) {
    let mut line = String::new();
    while !line.contains(said) {
        line.clear();
        assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "it ended before it said {said}");
    }
}

#[test]
fn the_first_signal_asks_and_the_second_insists() {
    for (first, second) in [(Signal::SIGTERM, Signal::SIGINT), (Signal::SIGINT, Signal::SIGINT)] {
        let mut child = command("signals", &[]).stdout(Stdio::piped()).spawn().unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        read_until(&mut stdout, "ready false");
        kill(pid, first).unwrap();
        read_until(&mut stdout, "asked");
        std::thread::sleep(Duration::from_millis(200));
        assert!(child.try_wait().unwrap().is_none(), "it ends by itself");
        kill(pid, second).unwrap();
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    }
}
