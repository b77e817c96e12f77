//! What a farm says of a run beside what it found: what is new on the branch, and where there is more to see.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::thread;

use crate::farm::Coordinator;
use crate::notify::answer;
use crate::support::{PHONE, Project, USERS, python, stderr};

/// What CI systems say, which may be one that runs these tests.
const VARIABLES: [&str; 14] = [
    "BRANCH_NAME",
    "BUILDKITE_BRANCH",
    "BUILDKITE_BUILD_URL",
    "BUILDKITE_PULL_REQUEST",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
    "BUILD_URL",
    "CHANGE_ID",
    "CHANGE_TARGET",
    "CI_COMMIT_REF_NAME",
    "CI_JOB_URL",
    "CI_MERGE_REQUEST_IID",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "GITHUB_REPOSITORY",
    "GITHUB_BASE_REF",
];

fn submit(coordinator: &Coordinator, project: &Project, branch: &str) -> Command {
    let mut command = coordinator.cli(&["submit", project.path().to_str().unwrap()]);
    for name in VARIABLES {
        command.env_remove(name);
    }
    command.env("GITHUB_REF_NAME", branch);
    command
}

/// What is said of changes, and of each finding.
fn told(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    let says = |line: &&str| line.contains("since the previous report") || line.starts_with("  ✗");
    let mut told: Vec<String> = text.lines().filter(says).map(|line| line.trim().to_owned()).collect();
    // The day on which the tests run is none of theirs.
    for line in &mut told {
        if let Some((before, _)) = line.split_once(", 20") {
            *line = before.to_owned();
        }
    }
    told
}

#[test]
fn a_run_is_compared_with_those_before_it_on_its_branch() {
    let Some(python) = python() else { return };
    let coordinator = Coordinator::start(&[]);
    let _worker = coordinator.worker(&python, "one", &[]);
    let project = Project::chain(&[USERS, PHONE]);
    let first = submit(&coordinator, &project, "main").output().unwrap();
    assert_eq!(first.status.code(), Some(1), "{}", stderr(&first));
    assert!(stderr(&first).contains("following run 1: http://127.0.0.1:"), "{}", stderr(&first));
    let lost = "✗ fail  data-lost  users.phone  on sqlite";
    assert_eq!(told(&first), [lost]);

    let tags = "op.create_table('tags', sa.Column('id', sa.Integer, primary_key=True))";
    project.follow(Some("a2"), &[("a3", tags, "pass")]);
    let second = submit(&coordinator, &project, "main").output().unwrap();
    let said = told(&second);
    let known = format!("{lost}  (known since run 1");
    assert_eq!(said[0], known);
    assert!(said[1].ends_with("tags  on sqlite  (new)"), "{said:#?}");
    assert_eq!(said.last().unwrap(), "since the previous report: 2 new, 1 known, 0 fixed");

    // A pull request is compared with what it goes into, whatever was there of itself; and somebody may want it otherwise.
    let mut third = submit(&coordinator, &project, "17/merge");
    let third = told(&third.env("GITHUB_BASE_REF", "main").output().unwrap());
    assert_eq!(third.last().unwrap(), "since the previous report: 0 new, 3 known, 0 fixed", "{third:#?}");
    let alone = told(&coordinator.cli(&["report", "3"]).env_remove("GITHUB_BASE_REF").output().unwrap());
    assert_eq!(alone[0], lost);
    let other = coordinator.cli(&["report", "3", "--against-branch", "main"]).output().unwrap();
    assert_eq!(told(&other), third);
}

#[test]
fn who_is_told_of_a_run_finds_its_page() {
    let Some(python) = python() else { return };
    let coordinator = Coordinator::start(&[]);
    let _worker = coordinator.worker(&python, "one", &[]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook", listener.local_addr().unwrap());
    let asked = thread::spawn(move || answer(listener.accept().unwrap().0, "200 OK"));
    let project = Project::chain(&[USERS]);
    let run = submit(&coordinator, &project, "main").env("MRT_NOTIFY", address).output().unwrap();
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let text = asked.join().unwrap().1["text"].as_str().unwrap().to_owned();
    let (_, link) = text.split_once("\n<").unwrap();
    let page = link.strip_suffix("|The report>").unwrap();
    let (host, path) = page.strip_prefix("http://").unwrap().split_once('/').unwrap();
    assert_eq!(path, "runs/1", "{page}");
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut seen = String::new();
    stream.read_to_string(&mut seen).unwrap();
    assert!(seen.starts_with("HTTP/1.1 200 OK") && seen.contains("<dd>main</dd>"), "{seen}");
}
