//! `--notify`: somebody is told what a run came to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use serde_json::Value;

use crate::support::{PHONE, Project, USERS, python, stderr};

/// Takes a request in, and answers it.
pub(crate) fn answer(stream: TcpStream, status: &str) -> (String, Value) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    reader.get_mut().write_all(answer.as_bytes()).unwrap();
    (head, serde_json::from_slice(&body).unwrap())
}

#[test]
fn a_webhook_is_told_what_a_run_came_to_also_at_a_second_try() {
    let Some(python) = python() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hooks/T0/secret", listener.local_addr().unwrap());
    let asked = thread::spawn(move || {
        ["503 Busy", "200 OK"].map(|status| answer(listener.accept().unwrap().0, status))
    });
    let project = Project::chain(&[USERS, PHONE]);
    let run = project
        .mrt(&python, &["--notify-link", "https://ci/7"])
        .env("MRT_NOTIFY", &address)
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(1), "{}", stderr(&run));
    assert!(!stderr(&run).contains("warning"), "{}", stderr(&run));
    let [first, (head, body)] = asked.join().unwrap();
    assert_eq!(first.1, body);
    assert!(head.starts_with("POST /hooks/T0/secret HTTP/1.1"), "{head}");
    assert_eq!(
        body["text"],
        "*mrt: 1 of 2 cells fails* (2 revisions on 1 target, 2 cells)\n\
         • `data-lost` `users.phone` in `a2` on sqlite\n<https://ci/7|The report>"
    );
    let payload = &body["metadata"]["event_payload"];
    assert_eq!((&payload["fail"], &payload["pass"]), (&1.into(), &1.into()), "{payload}");
}

#[test]
fn that_nobody_could_be_told_changes_nothing_and_shows_no_secret() {
    let Some(python) = python() else { return };
    // Nobody listens there any more.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let project = Project::chain(&[USERS]);
    let run =
        project.mrt(&python, &[]).env("MRT_NOTIFY", format!("http://{address}/secret")).output().unwrap();
    let said = stderr(&run);
    assert_eq!(run.status.code(), Some(0), "{said}");
    assert!(
        said.contains("warning: 127.0.0.1 (--notify) could not be told: ") && !said.contains("secret"),
        "{said}"
    );
    let run = project
        .mrt(&python, &[])
        .env("MRT_NOTIFY", "")
        .env("MRT_NOTIFY_LINK", "https://ci/7")
        .output()
        .unwrap();
    assert_eq!((run.status.code(), stderr(&run).contains("--notify")), (Some(0), false), "{}", stderr(&run));
    let run = project.mrt(&python, &[]).env("MRT_NOTIFY", "hooks.example/secret").output().unwrap();
    let said = stderr(&run);
    assert_eq!(run.status.code(), Some(2), "{said}");
    assert!(said.contains("is no address of the web") && !said.contains("secret"), "{said}");
}
