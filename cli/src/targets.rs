//! `mrt-cli targets`: what can be checked on from here.

use std::collections::BTreeSet;

use mrt_chain::settings::{EngineKind, Target};
use mrt_report::{exit_code, printable};
use mrt_worker::run::{image, obstacle};
use mrt_worker::server::docker::{Availability, Docker};
use serde_json::json;
use tokio::task::JoinSet;

use crate::args::{Targets, TargetsFormat};
use crate::error::CliError;
use crate::output::Output;
use crate::screen::Screen;

/// Whether a target can be checked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    Pull,
    Missing,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Pull => "pull",
            Self::Missing => "missing",
        }
    }
}

/// What is known of a target.
struct Row {
    target: Target,
    image: Option<String>,
    state: State,
    why: String,
    /// What a registry said, often the same of every image.
    answer: Option<String>,
}

/// Lists targets; the value is the process's exit code.
pub(crate) fn command(arguments: &Targets) -> Result<u8, CliError> {
    Screen::open(&arguments.talk)?;
    let named = arguments.target.iter().map(|name| Target::from_name(name));
    let named: Vec<Target> = named.collect::<Result<_, _>>().map_err(CliError::Target)?;
    let runtime = tokio::runtime::Runtime::new().map_err(CliError::Runtime)?;
    let (engine, rows) = runtime.block_on(async {
        let docker = Docker::connect().await.map_err(|error| error.to_string());
        let targets = if named.is_empty() { known(docker.as_ref().ok()).await } else { named };
        let rows = look(docker.as_ref().map_err(String::as_str), targets).await;
        (docker.map(|docker| docker.address().to_owned()), rows)
    });
    let text = match arguments.format {
        TargetsFormat::Terminal => table(&rows, &engine),
        TargetsFormat::Json => json(&rows, &engine)?,
    };
    Output::Stdout.write(&text)?;
    let is_missing = !arguments.target.is_empty() && rows.iter().any(|row| row.state == State::Missing);
    Ok(if is_missing { exit_code::INCOMPLETE } else { exit_code::OK })
}

/// Every engine in the versions that people choose among, and in those whose images are here.
async fn known(docker: Option<&Docker>) -> Vec<Target> {
    let mut all = Vec::new();
    for engine in EngineKind::ALL {
        if !engine.has_server() {
            all.push(Target::new(engine, None));
            continue;
        }
        let mut versions: Vec<String> = engine.releases().iter().map(|it| (*it).to_owned()).collect();
        if let Some(docker) = docker {
            let usual = image(&Target::new(engine, None)).unwrap_or_default();
            let repository = usual.rsplit_once(':').map_or(usual.as_str(), |(repository, _)| repository);
            // Without the tags that are here the list is shorter, and each of its lines says what is wrong.
            let tags = docker.tags(repository).await.unwrap_or_default();
            let of_release = |tag: &String| {
                let images =
                    versions.iter().map(|version| image(&Target::new(engine, Some(version.clone()))));
                images.flatten().any(|image| image == format!("{repository}:{tag}"))
            };
            let further: Vec<String> = tags.into_iter().filter(|tag| !of_release(tag)).collect();
            versions.extend(further);
        }
        let is_supported = |version: &String| Target::from_name(&format!("{engine}:{version}")).is_ok();
        versions.retain(is_supported);
        versions.sort_by_cached_key(|version| (numbers(version), version.clone()));
        versions.dedup();
        all.extend(versions.into_iter().map(|version| Target::new(engine, Some(version))));
    }
    all
}

fn numbers(version: &str) -> Vec<u32> {
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    version[..end].split('.').filter_map(|number| number.parse().ok()).collect()
}

/// Looks for all images side by side: a registry may be slow to say no.
async fn look(docker: Result<&Docker, &str>, targets: Vec<Target>) -> Vec<Row> {
    let mut looks = JoinSet::new();
    for (index, target) in targets.into_iter().enumerate() {
        let docker = docker.cloned().map_err(str::to_owned);
        looks.spawn(async move {
            let image = image(&target);
            let mut answer = None;
            let (state, why) = match (&image, docker) {
                _ if let Some(why) = obstacle(&target) => (State::Missing, why),
                (None, _) => (State::Ready, format!("{} of the suite's Python", target.engine.title())),
                (Some(_), Err(_)) => (State::Missing, "no container engine answers".to_owned()),
                (Some(image), Ok(docker)) => match docker.look(image).await {
                    Ok(Availability::Here) => (State::Ready, format!("image {image} is here")),
                    Ok(Availability::InRegistry) => {
                        (State::Pull, format!("image {image} is pulled when it is needed"))
                    }
                    Ok(Availability::Nowhere(why)) => {
                        answer = Some(why.replace('\n', " "));
                        (State::Missing, format!("image {image} is not here, and cannot be pulled"))
                    }
                    Err(error) => (State::Missing, error.to_string()),
                },
            };
            (index, Row { target, image, state, why, answer })
        });
    }
    let mut rows = looks.join_all().await;
    rows.sort_by_key(|(index, _)| *index);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The version that the engine's bare name stands for.
fn is_usual(row: &Row) -> bool {
    let usual = image(&Target::new(row.target.engine, None));
    row.target.version.is_some() && row.image.is_some() && row.image == usual
}

fn table(rows: &[Row], engine: &Result<String, String>) -> String {
    let width = rows.iter().map(|row| row.target.name.chars().count()).max().unwrap_or_default().max(6);
    let mut text = format!("{:width$}  {:7}  WHY\n", "TARGET", "STATE");
    for row in rows {
        let usual =
            if is_usual(row) { format!("; `{}` means this one", row.target.engine) } else { String::new() };
        let why = row.why.replace('\n', " ");
        let line = format!("{:width$}  {:7}  {why}{usual}", row.target.name, row.state.as_str());
        text.push_str(&printable(&line));
        text.push('\n');
    }
    let answers: BTreeSet<&String> = rows.iter().filter_map(|row| row.answer.as_ref()).collect();
    for answer in answers {
        text.push_str(&format!("\nImages cannot be pulled: {}\n", printable(answer)));
    }
    match engine {
        Ok(address) => text.push_str(&format!("\nContainers are started by {address}.\n")),
        Err(error) => text.push_str(&format!("\n{}\n", printable(error))),
    }
    text
}

fn json(rows: &[Row], engine: &Result<String, String>) -> Result<String, CliError> {
    let rows = rows.iter().map(|row| {
        json!({
            "target": row.target.name,
            "engine": row.target.engine.as_str(),
            "version": row.target.version,
            "image": row.image,
            "state": row.state.as_str(),
            "usual": is_usual(row),
            "why": row.why,
            "registry": row.answer,
        })
    });
    let list = json!({
        "schema_version": 1,
        "containers": { "engine": engine.as_ref().ok(), "error": engine.as_ref().err() },
        "targets": rows.collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&list).map(|text| text + "\n").map_err(CliError::Encode)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, state: State, why: &str, answer: Option<&str>) -> Row {
        let (engine, version) = mrt_chain::settings::parse_target(name).unwrap_or((EngineKind::Sqlite, None));
        let target = Target::new(engine, version);
        Row { image: image(&target), target, state, why: why.to_owned(), answer: answer.map(str::to_owned) }
    }

    #[test]
    fn the_table_says_what_is_missing() {
        let absent = |name: &str| {
            let why = format!("image {name} is not here, and cannot be pulled");
            row(name, State::Missing, &why, Some("no such host"))
        };
        let rows = [
            row("sqlite", State::Ready, "SQLite of the suite's Python", None),
            absent("mysql:8.0"),
            absent("mysql:8.4"),
            row("mysql:9.7", State::Ready, "image mysql:9.7 is here", None),
        ];
        insta::assert_snapshot!(table(&rows, &Ok("unix:///run/docker.sock".to_owned())), @r"
        TARGET     STATE    WHY
        sqlite     ready    SQLite of the suite's Python
        mysql:8.0  missing  image mysql:8.0 is not here, and cannot be pulled
        mysql:8.4  missing  image mysql:8.4 is not here, and cannot be pulled
        mysql:9.7  ready    image mysql:9.7 is here; `mysql` means this one

        Images cannot be pulled: no such host

        Containers are started by unix:///run/docker.sock.
        ");
        let rows = [row("mariadb:12", State::Missing, "no container engine answers", None)];
        insta::assert_snapshot!(table(&rows, &Err("Docker is not running".to_owned())), @r"
        TARGET      STATE    WHY
        mariadb:12  missing  no container engine answers

        Docker is not running
        ");
    }

    #[test]
    fn versions_go_by_their_numbers() {
        let mut versions = ["10.11", "9", "10.6", "10.6-jammy"];
        versions.sort_by_cached_key(|version| (numbers(version), *version));
        assert_eq!(versions, ["9", "10.6", "10.6-jammy", "10.11"]);
    }
}
