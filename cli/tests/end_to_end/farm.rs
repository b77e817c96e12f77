//! A farm of real programs: a coordinator, workers, and the command line that speaks to them.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{PHONE, Project, USERS, cells, docker, python, stderr, verdicts};

/// Longer than anything here takes; what takes longer hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// The other programs lie beside ours.
pub(crate) fn program(name: &str) -> Command {
    let ours = Path::new(env!("CARGO_BIN_EXE_mrt-cli"));
    let path = ours.with_file_name(name);
    assert!(path.exists(), "{} is missing: build the whole workspace", path.display());
    let mut command = Command::new(path);
    command.env_remove("MRT_LOG").stdin(Stdio::null());
    command
}

/// A program that ends with the test.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended needs no end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) struct Coordinator {
    running: Running,
    log: BufReader<ChildStderr>,
    address: String,
    tls: bool,
    directory: TempDir,
}

impl Coordinator {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::with(tempfile::tempdir().unwrap(), "127.0.0.1:0", arguments)
    }

    fn with(directory: TempDir, listen: &str, arguments: &[&str]) -> Self {
        let mut command = program("mrt-coordinator");
        command
            .args(["--listen", listen, "--log-format", "json", "--data"])
            .arg(directory.path().join("state"));
        let mut child = command.args(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let address = said(&mut log, "listening")["address"].as_str().unwrap().to_owned();
        let tls = arguments.contains(&"--tls-cert");
        Self { running: Running(child), log, address, tls, directory }
    }

    fn url(&self) -> String {
        // A certificate names a host.
        let port = self.address.rsplit(':').next().unwrap();
        if self.tls { format!("https://localhost:{port}") } else { format!("http://{}", self.address) }
    }

    /// `mrt-cli COMMAND --coordinator …`.
    pub(crate) fn cli(&self, arguments: &[&str]) -> Command {
        let mut command = program("mrt-cli");
        command.args(arguments).args(["--coordinator", &self.url()]);
        command
    }

    pub(crate) fn worker(&self, python: &Path, name: &str, arguments: &[&str]) -> Running {
        // The interpreter of the tests has what their projects need.
        let cache = self.directory.path().join(name);
        let mut command = program("mrt-worker");
        command.args(["--coordinator", &self.url(), "--slots", "2", "--host", name, "--cache"]).arg(cache);
        command.arg("--python").arg(python).args(arguments).stderr(Stdio::null());
        Running(command.spawn().unwrap())
    }
}

/// The next line of a log that says this.
fn said(log: &mut impl std::io::BufRead, message: &str) -> Value {
    for line in log.lines() {
        let line = line.unwrap();
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        if told["message"] == message {
            return told;
        }
    }
    panic!("the program has ended without {message:?}");
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{}", stderr(output)))
}

pub(crate) fn signal(running: &Running, signal: nix::sys::signal::Signal) {
    let pid = nix::unistd::Pid::from_raw(running.0.id().cast_signed());
    nix::sys::signal::kill(pid, signal).unwrap();
}

/// Waits for the end of a program.
pub(crate) fn end(running: &mut Running) -> i32 {
    let begin = Instant::now();
    loop {
        if let Some(status) = running.0.try_wait().unwrap() {
            return status.code().unwrap_or(-1);
        }
        assert!(begin.elapsed() < LIMIT, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A chain of six, of which one loses phone numbers and one is left out.
fn project() -> Project {
    let more: Vec<(String, String, String)> = (3..7)
        .map(|number| {
            let up = format!("op.create_table('t{number}', sa.Column('id', sa.Integer, primary_key=True))");
            (format!("a{number}"), up, format!("op.drop_table('t{number}')"))
        })
        .collect();
    let mut revisions = vec![USERS, PHONE];
    revisions.extend(more.iter().map(|(id, up, down)| (id.as_str(), up.as_str(), down.as_str())));
    let skip = "[[skip]]\nrevision = \"a4\"\nreason = \"slow\"\n";
    Project::chain(&revisions).with(skip)
}

#[tokio::test]
async fn a_farm_reports_what_one_machine_reports() {
    let (Some(python), Some(_)) = (python(), docker().await) else { return };
    let project = project();
    let targets = ["--target", "sqlite", "--target", "postgres:15"];
    let (code, alone) = project.report(&python, &targets);
    let coordinator = Coordinator::start(&[]);
    let _workers = [coordinator.worker(&python, "one", &[]), coordinator.worker(&python, "two", &[])];
    let submit = [&["submit", project.path().to_str().unwrap(), "--format", "json"][..], &targets].concat();
    let output = coordinator.cli(&submit).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
    let farm = json(&output);
    assert_eq!(cells(&farm), cells(&alone));
    assert_eq!(farm["summary"], alone["summary"]);
    // It was listed, and can be had again, in other shapes too.
    let runs = json(&coordinator.cli(&["runs", "--format", "json"]).output().unwrap());
    assert_eq!(
        (runs["runs"][0]["state"].as_str(), runs["runs"][0]["done"].as_u64()),
        (Some("ended"), Some(12))
    );
    let again = coordinator.cli(&["report", "1", "--format", "json"]).output().unwrap();
    assert_eq!((again.status.code(), json(&again)), (Some(code), farm));
    let junit = coordinator.cli(&["watch", "1", "--format", "junit"]).output().unwrap();
    assert!(String::from_utf8(junit.stdout).unwrap().starts_with("<?xml"));
}

#[test]
fn a_run_goes_on_without_its_client_and_a_worker_that_is_asked_to_end_loses_nothing() {
    let Some(python) = python() else { return };
    let project = project();
    let coordinator = Coordinator::start(&[]);
    let directory = project.path().to_str().unwrap();
    let output =
        coordinator.cli(&["submit", directory, "--detach", "--label", "branch=main"]).output().unwrap();
    let run = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    assert_eq!((run.as_str(), output.status.code()), ("1", Some(0)));
    // Nobody serves it yet.
    let unfinished = coordinator.cli(&["report", &run, "--format", "json"]).output().unwrap();
    assert_eq!(unfinished.status.code(), Some(3), "{}", stderr(&unfinished));
    let mut worker = coordinator.worker(&python, "one", &[]);
    let watched = coordinator.cli(&["watch", &run, "--format", "json"]).output().unwrap();
    assert_eq!(watched.status.code(), Some(1), "{}", stderr(&watched));
    assert!(stderr(&watched).contains("no worker serves sqlite"), "{}", stderr(&watched));
    let expected = "a1 pass, a2 fail, a3 pass, a4 skip, a5 pass, a6 pass";
    assert_eq!(verdicts(&json(&watched)), expected);
    signal(&worker, nix::sys::signal::Signal::SIGTERM);
    assert_eq!(end(&mut worker), 0);
}

#[test]
fn a_coordinator_that_is_killed_and_comes_back_goes_on_where_it_was() {
    let Some(python) = python() else { return };
    let project = Project::chain(&[
        USERS,
        ("a2", "import time\nwhile not os.path.exists(os.environ['GATE']): time.sleep(0.01)", "pass"),
    ]);
    // The migration waits for it, so that the run cannot end before the coordinator is back.
    let gate = project.path().join("gate");
    let project = project.with(&format!("env = {{ GATE = {:?} }}\n", gate.display().to_string()));
    let mut coordinator = Coordinator::start(&[]);
    let _worker = coordinator.worker(&python, "one", &[]);
    let directory = project.path().to_str().unwrap();
    let mut client = coordinator.cli(&["submit", directory, "--format", "json", "-v"]);
    let mut client = client.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(client.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("pass a1") {
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0, "the client has ended");
    }
    signal(&coordinator.running, nix::sys::signal::Signal::SIGKILL);
    end(&mut coordinator.running);
    let Coordinator { directory, address, .. } = coordinator;
    let _again = Coordinator::with(directory, &address, &[]);
    fs::write(gate, "").unwrap();
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    let output = client.wait_with_output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{rest}");
    assert!(verdicts(&json(&output)).starts_with("a1 pass, a2"), "{rest}");
    let times = |what: &str| rest.matches(what).count();
    assert_eq!((times("the coordinator is away"), times("the coordinator is back")), (1, 1), "{rest}");
}

/// Nobody has typed anything wrong.
#[test]
fn a_run_that_is_gone_while_it_is_followed_is_no_answer() {
    let project = project();
    let coordinator = Coordinator::start(&[]);
    let directory = project.path().to_str().unwrap();
    // Nobody works, so that it does not end.
    let mut client = coordinator.cli(&["submit", directory]);
    let mut client = client.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(client.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("no worker serves") {
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0, "the client has ended");
    }
    let address = coordinator.address.clone();
    drop(coordinator);
    let _other = Coordinator::with(tempfile::tempdir().unwrap(), &address, &[]);
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    assert_eq!(client.wait().unwrap().code(), Some(3), "{rest}");
    assert!(rest.contains("run 1 was there, and is gone"), "{rest}");
}

/// The address of somebody who hangs up once, and then passes everything on.
fn hangs_up_once(coordinator: &Coordinator) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let behind = coordinator.address.clone();
    std::thread::spawn(move || {
        drop(listener.accept());
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = std::net::TcpStream::connect(&behind) else { return };
            let ends = [(client.try_clone(), server.try_clone()), (Ok(server), Ok(client))];
            for (from, to) in ends {
                let (mut from, mut to) = (from.unwrap(), to.unwrap());
                // Whoever hangs up ends both.
                std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            }
        }
    });
    url
}

#[test]
fn a_connection_that_breaks_is_made_again_by_every_command() {
    let project = project();
    let coordinator = Coordinator::start(&[]);
    let directory = project.path().to_str().unwrap();
    assert!(coordinator.cli(&["submit", directory, "--detach"]).status().unwrap().success());
    assert!(coordinator.cli(&["cancel", "1"]).status().unwrap().success());
    for (arguments, code) in
        [(&["runs"][..], 0), (&["watch", "1"], 3), (&["report", "1"], 3), (&["cancel", "1"], 0)]
    {
        let url = hangs_up_once(&coordinator);
        let output = program("mrt-cli").args(arguments).args(["--coordinator", &url]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert!(!stderr(&output).contains("error: "), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn an_interrupted_client_leaves_its_run_or_takes_it_along() {
    let Some(python) = python() else { return };
    let project = Project::chain(&[("a1", "while True: time.sleep(0.01)", "pass")]);
    let coordinator = Coordinator::start(&[]);
    let _worker = coordinator.worker(&python, "one", &[]);
    let directory = project.path().to_str().unwrap().to_owned();
    let interrupted = |arguments: &[&str]| {
        let mut client = coordinator.cli(&[&["submit", &directory, "-v"], arguments].concat());
        let mut client = Running(client.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
        let mut told = BufReader::new(client.0.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("following run") {
            line.clear();
            assert!(told.read_line(&mut line).unwrap() > 0, "the client has ended");
        }
        signal(&client, nix::sys::signal::Signal::SIGINT);
        let mut rest = String::new();
        told.read_to_string(&mut rest).unwrap();
        (end(&mut client), rest)
    };
    let (code, told) = interrupted(&[]);
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("run 1 goes on") && told.contains("mrt-cli cancel 1"), "{told}");
    let (code, told) = interrupted(&["--cancel-on-interrupt"]);
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("run 2 was cancelled"), "{told}");
    let state = |number: usize| {
        let runs = json(&coordinator.cli(&["runs", "--format", "json"]).output().unwrap());
        runs["runs"][number]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!((state(0).as_str(), state(1).as_str()), ("cancelled", "running"));
    assert_eq!(coordinator.cli(&["cancel", "1"]).status().unwrap().code(), Some(0));
    assert_eq!(state(1), "cancelled");
    let report = coordinator.cli(&["report", "1", "--format", "json"]).output().unwrap();
    assert_eq!(report.status.code(), Some(3));
    assert!(stderr(&report).contains("run 1 was cancelled"), "{}", stderr(&report));
}

/// At a terminal, where a person would be asked. Python has one to give.
#[test]
fn a_program_that_ends_a_client_is_asked_nothing() {
    let Some(python) = python() else { return };
    let project = project();
    let coordinator = Coordinator::start(&[]);
    let script = "import os, pty, signal, sys\n\
                  pid, terminal = pty.fork()\n\
                  if pid == 0: os.execv(sys.argv[1], sys.argv[1:])\n\
                  said = b''\n\
                  while b'following run' not in said: said += os.read(terminal, 4096)\n\
                  os.kill(pid, signal.SIGTERM)\n\
                  try:\n    while True: said += os.read(terminal, 4096)\n\
                  except OSError: pass\n\
                  print(said.decode())\n\
                  sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n";
    let mut client = Command::new(python);
    client.args(["-c", script, env!("CARGO_BIN_EXE_mrt-cli"), "submit"]).arg(project.path());
    let output = client.args(["--coordinator", &coordinator.url()]).env("TERM", "xterm").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{said}{}", stderr(&output));
    assert!(said.contains("run 1 goes on") && !said.contains("[y/N]"), "{said}");
}

/// A sentence that says what to do, this exit code, and nothing on standard output.
pub(crate) fn refused(output: &Output, code: i32, words: &[&str]) {
    let stderr = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(output.stdout.is_empty(), "{stderr}");
    for words in words {
        assert!(stderr.contains(words), "does not say {words:?}: {stderr}");
    }
}

#[test]
fn who_may_not_is_told_what_is_missing() {
    let project = project();
    let directory = project.path().to_str().unwrap();
    let files = tempfile::tempdir().unwrap();
    let tokens = files.path().join("tokens");
    let (read, submit, work) = ("read-0123456789abcdef", "submit-0123456789abcdef", "work-0123456789abcdef");
    fs::write(&tokens, format!("read {read}\nsubmit {submit}\nwork {work}\n")).unwrap();
    let coordinator = Coordinator::start(&["--tokens", tokens.to_str().unwrap()]);
    let with = |token: Option<&str>, arguments: &[&str]| {
        let mut command = coordinator.cli(arguments);
        if let Some(token) = token {
            command.env("MRT_TOKEN", token);
        }
        command.output().unwrap()
    };
    refused(&with(None, &["runs"]), 2, &["--token-file"]);
    refused(&with(Some("wrong-0123456789abcdef"), &["runs"]), 2, &["not known"]);
    refused(&with(Some(read), &["submit", directory]), 2, &["`submit`"]);
    refused(&with(Some(work), &["runs"]), 2, &["`read`"]);
    assert_eq!(with(Some(read), &["runs"]).status.code(), Some(0));
    assert_eq!(with(Some(submit), &["submit", directory, "--detach"]).status.code(), Some(0));
    // A project is more than a report.
    assert_eq!(with(Some(submit), &["cancel", "1"]).status.code(), Some(0));
    refused(&with(Some(read), &["repro", "1", "a2"]), 2, &["`submit`"]);
    let mut worker = program("mrt-worker");
    worker.args(["--coordinator", &coordinator.url(), "--cache"]).arg(files.path().join("cache"));
    let output = worker.env("MRT_TOKEN", submit).output().unwrap();
    refused(&output, 2, &["`work`"]);
    assert!(!stderr(&output).contains(submit));
}

/// Certificates as an operator makes them: one of a server, one of a client, and one of a client that has expired.
fn certificates(directory: &Path) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let write = |name: &str, der: &[u8], kind: &str| {
        let base64 = {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD.encode(der)
        };
        let lines: Vec<&str> =
            base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let text = format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"));
        fs::write(directory.join(name), text).unwrap();
    };
    write("ca.pem", authority.der(), "CERTIFICATE");
    for (name, until) in [("server", 2100), ("client", 2100), ("expired", 2020)] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        write(&format!("{name}.pem"), certificate.der(), "CERTIFICATE");
        write(&format!("{name}.key"), &key.serialize_der(), "PRIVATE KEY");
    }
}

#[test]
fn certificates_are_looked_at_on_both_sides() {
    let files = tempfile::tempdir().unwrap();
    certificates(files.path());
    let file = |name: &str| files.path().join(name).to_str().unwrap().to_owned();
    let (ca, cert, key) = (file("ca.pem"), file("server.pem"), file("server.key"));
    let coordinator = Coordinator::start(&["--tls-cert", &cert, "--tls-key", &key, "--client-ca", &ca]);
    let with = |arguments: &[&str]| coordinator.cli(&[&["runs"], arguments].concat()).output().unwrap();
    let (client, client_key) = (file("client.pem"), file("client.key"));
    let (expired, expired_key) = (file("expired.pem"), file("expired.key"));
    let fine = with(&["--ca", &ca, "--client-cert", &client, "--client-key", &client_key]);
    assert_eq!(fine.status.code(), Some(0), "{}", stderr(&fine));
    refused(&with(&["--ca", &ca]), 2, &["--client-cert"]);
    refused(&with(&["--ca", &ca, "--client-cert", &expired, "--client-key", &expired_key]), 2, &["expired"]);
    refused(&with(&["--client-cert", &client, "--client-key", &client_key]), 2, &["--ca"]);
}

#[test]
fn what_is_wrong_with_a_submission_is_told_before_anything_is_checked() {
    let project = project();
    let directory = project.path().to_str().unwrap();
    let coordinator = Coordinator::start(&["--max-bundle", "20KB"]);
    let refuse = |arguments: &[&str], code, words: &[&str]| {
        refused(&coordinator.cli(arguments).output().unwrap(), code, words);
    };
    refuse(&["submit", directory, "--only", "zz"], 2, &["--only", "zz"]);
    refuse(&["submit", directory, "--since-revision", "zz"], 2, &["--since-revision: ", "zz"]);
    refuse(&["submit", directory, "--suite", "none"], 2, &["no suite is named `none`"]);
    refuse(&["submit", directory, "--since", "no-such-branch"], 2, &["git"]);
    for command in ["watch", "report", "cancel"] {
        refuse(&[command, "7"], 2, &["there is no run", "mrt-cli runs"]);
    }
    // What cannot be packed any smaller.
    let next = |state: &mut u64| {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Some((*state >> 56) as u8)
    };
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::from_fn(|| next(&mut state)).take(60_000).collect();
    fs::write(project.path().join("large.bin"), noise).unwrap();
    refuse(&["submit", directory, "--detach"], 2, &["20000 bytes", ".mrtignore"]);
    // What is needed and not sent, or not even in the project.
    let with = |settings: &str, ignored: &str| {
        fs::write(project.path().join("mrt.toml"), settings).unwrap();
        fs::write(project.path().join(".mrtignore"), format!("large.bin\n{ignored}\n")).unwrap();
    };
    for (needed, ignored) in [
        ("mrt.toml", "*.toml"),
        ("alembic.ini", "*.ini"),
        ("migrations/env.py", "env.py"),
        ("migrations/versions/a2.py", "a2.py"),
        ("users.csv", "*.csv"),
        ("migrations", "/migrations"),
    ] {
        fs::write(project.path().join("users.csv"), "id\n1\n").unwrap();
        with("[[seed]]\ntable = 'users'\ncsv_file = 'users.csv'\n", ignored);
        let sentence = format!("error: {needed} is needed by suite ");
        refuse(&["submit", directory, "--detach"], 2, &[&sentence, "named by an ignore file", ".mrtignore"]);
    }
    let outside = tempfile::NamedTempFile::new().unwrap();
    with(&format!("[[seed]]\ntable = 'users'\ncsv_file = {:?}\n", outside.path()), "");
    refuse(&["submit", directory, "--detach"], 2, &[outside.path().to_str().unwrap(), "lies outside of"]);
    let ini = "[alembic]\nscript_location = migrations\nprepend_sys_path = ..\n";
    with("", "");
    project.write("alembic.ini", ini);
    refuse(&["submit", directory, "--detach"], 2, &["lies outside of"]);
    project.write("alembic.ini", "[alembic]\nscript_location = migrations\nprepend_sys_path = .\n");
    fs::create_dir_all(project.path().join(".venv/bin")).unwrap();
    project.write(".venv/bin/python", "");
    with("python = { interpreter = '.venv/bin/python' }\n", "");
    refuse(&["submit", directory, "--detach"], 2, &["not sent to workers", "`requirements`", "--python"]);
    with("", "");
    // A link out of the project would be another file for each worker.
    std::os::unix::fs::symlink("/etc/hostname", project.path().join("link")).unwrap();
    refuse(&["submit", directory, "--detach"], 2, &["link"]);
    let runs = json(&coordinator.cli(&["runs", "--format", "json"]).output().unwrap());
    assert_eq!(runs["runs"].as_array().unwrap().len(), 0);
    // A mere name is looked for where it runs.
    fs::remove_file(project.path().join("link")).unwrap();
    with("python = { interpreter = 'python3' }\n", "");
    let sent = coordinator.cli(&["submit", directory, "--detach"]).output().unwrap();
    assert_eq!(sent.status.code(), Some(0), "{}", stderr(&sent));
}

/// Where a coordinator listens that nobody told otherwise.
#[test]
fn the_coordinator_of_this_machine_is_asked_when_none_is_named() {
    let help = program("mrt-cli").args(["submit", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("[default: http://127.0.0.1:7440]"), "{help}");
    let there = Coordinator::start(&[]);
    let runs = program("mrt-cli").arg("runs").env("MRT_COORDINATOR", there.url()).output().unwrap();
    assert_eq!(runs.status.code(), Some(0), "{}", stderr(&runs));
}

#[test]
fn a_coordinator_that_is_not_there_is_told_with_its_address() {
    let project = project();
    let directory = project.path().to_str().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    drop(silent);
    for arguments in [&["submit", directory][..], &["watch", "1"], &["runs"]] {
        let output = program("mrt-cli").args(arguments).args(["--coordinator", &url]).output().unwrap();
        refused(&output, 3, &[&url["http://".len()..]]);
    }
    let plain = program("mrt-cli").args(["runs", "--coordinator", "http://192.0.2.1:7440"]).output().unwrap();
    refused(&plain, 2, &["--insecure"]);
}

#[test]
fn a_worker_looks_at_its_interpreter_before_it_takes_anything() {
    // Nobody listens there: it would try for ever.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let output = |python: &str| {
        program("mrt-worker").args(["--coordinator", &url, "--python", python]).output().unwrap()
    };
    refused(&output("/nowhere/python"), 2, &["error: cannot use the interpreter /nowhere/python"]);
    refused(&output("/"), 2, &["is a directory"]);
}

#[test]
fn a_message_that_is_none_harms_nobody() {
    let mut coordinator = Coordinator::start(&[]);
    let mut stream = std::net::TcpStream::connect(&coordinator.address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n\xff\xff\xff\xff").unwrap();
    // Until the other side has had enough of it.
    let _ = stream.read_to_end(&mut Vec::new());
    assert_eq!(coordinator.cli(&["runs"]).status().unwrap().code(), Some(0));
    signal(&coordinator.running, nix::sys::signal::Signal::SIGTERM);
    said(&mut coordinator.log, "stopped");
    assert_eq!(end(&mut coordinator.running), 0);
}

#[test]
fn only_suites_that_a_change_touches_are_submitted() {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: PathBuf, text: &str| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for suite in ["one", "two"] {
        let root = dir.path().join(suite);
        write(root.join("alembic.ini"), "[alembic]\nscript_location = migrations\n");
        write(root.join("migrations/env.py"), "");
        let revision =
            "revision = 'a1'\ndown_revision = None\n\ndef upgrade(): pass\n\ndef downgrade(): pass\n";
        write(root.join("migrations/versions/a1.py"), revision);
    }
    write(dir.path().join("mrt.toml"), "[suite.one]\npath = \"one\"\n\n[suite.two]\npath = \"two\"\n");
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        let status =
            Command::new("git").arg("-C").arg(dir.path()).args(identity).args(arguments).output().unwrap();
        assert!(status.status.success(), "{}", stderr(&status));
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "one"]);
    let coordinator = Coordinator::start(&[]);
    let directory = dir.path().to_str().unwrap();
    let submit = || coordinator.cli(&["submit", directory, "--since", "main", "--detach"]).output().unwrap();
    let nothing = submit();
    refused(&nothing, 2, &["error: no suite has changed since main: nothing was checked"]);
    write(dir.path().join("two/migrations/versions/a2.py"), "revision = 'a2'\ndown_revision = 'a1'\n");
    let submitted = submit();
    assert_eq!(String::from_utf8_lossy(&submitted.stdout).trim(), "1", "{}", stderr(&submitted));
    let runs = json(&coordinator.cli(&["runs", "--format", "json"]).output().unwrap());
    assert_eq!(runs["runs"][0]["cells"], 2, "both revisions of the second suite");

    // A revision that only one of them has, and one that none has.
    let only = |revision: &str| {
        coordinator.cli(&["submit", directory, "--only", revision, "--detach"]).output().unwrap()
    };
    assert_eq!(only("a2").status.code(), Some(0));
    let runs = json(&coordinator.cli(&["runs", "--format", "json"]).output().unwrap());
    assert_eq!(runs["runs"][0]["cells"], 1);
    refused(&only("a7"), 2, &["--only: ", "a7"]);

    // Settings that nobody asked for are pointed at.
    let one = dir.path().join("one");
    let alone = coordinator.cli(&["submit", one.to_str().unwrap(), "--detach"]).output().unwrap();
    assert!(stderr(&alone).contains("is the suite one of "), "{}", stderr(&alone));
    let quiet = coordinator.cli(&["submit", one.to_str().unwrap(), "--detach", "-q"]).output().unwrap();
    assert_eq!((quiet.status.code(), stderr(&quiet).as_str()), (Some(0), ""));
}
