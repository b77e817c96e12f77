//! `mrt-cli targets`: what can be checked on from here.

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{docker, stderr};

/// With an engine that is not there.
const NOWHERE: &str = "unix:///nonexistent/docker.sock";

fn targets(arguments: &[&str], docker_host: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrt-cli"));
    command.arg("targets").args(arguments).env_remove("MRT_LOG");
    if let Some(docker_host) = docker_host {
        command.env("DOCKER_HOST", docker_host);
    }
    command.output().unwrap()
}

fn listed(output: &Output) -> (Value, Vec<(String, String)>) {
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows = list["targets"].as_array().unwrap();
    let rows = rows.iter().map(|row| (text(row, "target"), text(row, "state"))).collect();
    (list, rows)
}

#[test]
fn without_an_engine_only_files_are_left_and_the_list_says_why() {
    let output = targets(&["--format", "json"], Some(NOWHERE));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let (list, rows) = listed(&output);
    let ready: Vec<&str> =
        rows.iter().filter(|(_, state)| state == "ready").map(|(name, _)| name.as_str()).collect();
    assert_eq!(ready, ["sqlite"]);
    for engine in ["postgres:15", "mysql:8.4", "mariadb:11.8"] {
        assert!(rows.contains(&(engine.to_owned(), "missing".to_owned())), "{rows:?}");
    }
    assert!(list["containers"]["error"].as_str().unwrap().contains(NOWHERE), "{list}");
    assert!(list["containers"]["engine"].is_null());

    let output = targets(&[], Some(NOWHERE));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Docker is not running"), "{text}");
    assert!(text.contains("SQLite of the suite's Python"), "{text}");
}

#[test]
fn what_was_named_and_cannot_be_had_is_told_by_the_exit_code() {
    assert_eq!(targets(&["mysql:8.4", "sqlite"], Some(NOWHERE)).status.code(), Some(3));
    assert_eq!(targets(&["sqlite"], Some(NOWHERE)).status.code(), Some(0));
    let output = targets(&["db2:11"], Some(NOWHERE));
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("known are sqlite, postgres, mysql, mariadb, mssql and oracle"),
        "{}",
        stderr(&output)
    );
}

#[tokio::test]
async fn an_image_that_is_here_is_ready() {
    if docker().await.is_none() {
        return;
    }
    let output = targets(&["--format", "json", "pg:15"], None);
    let (list, rows) = listed(&output);
    assert_eq!(rows, [("postgres:15".to_owned(), "ready".to_owned())], "{list}");
    assert_eq!(list["targets"][0]["image"], "postgres:15");
    // Every tag that is here is listed.
    let (_, rows) = listed(&targets(&["--format", "json"], None));
    assert!(rows.contains(&("postgres:15".to_owned(), "ready".to_owned())), "{rows:?}");
}

#[test]
fn a_licence_that_nobody_has_accepted_keeps_a_server_from_being_started() {
    let command = |accepted: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mrt-cli"));
        command.args(["targets", "mssql:2022"]).env("DOCKER_HOST", NOWHERE).env_remove("ACCEPT_EULA");
        if let Some(accepted) = accepted {
            command.env("ACCEPT_EULA", accepted);
        }
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = command(None);
    assert_eq!(code, Some(3));
    assert!(text.contains("licence terms") && text.contains("ACCEPT_EULA=Y"), "{text}");
    let (code, text) = command(Some("Y"));
    assert_eq!(code, Some(3));
    assert!(text.contains("no container engine answers") && !text.contains("licence"), "{text}");
}
