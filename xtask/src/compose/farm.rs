//! A farm of deploy/compose.yaml, with names and ports of its own, that goes when it is dropped.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::images::AUTHORITIES;
use crate::plugins::Plugin;
use crate::process::{Problem, command, read, with_causes};
use crate::root;

/// How the names of our farms begin; the rest is our process's number.
const PREFIX: &str = "mrt-test-farm-";
/// What Compose writes on all that it makes.
const PROJECT: &str = "com.docker.compose.project";
/// What a worker in a container writes on a server's container: in which container it is itself.
const OWNER: &str = "mrt.container";

/// See the module.
pub(super) struct Farm {
    compose: Plugin,
    name: String,
    environment: Vec<(&'static str, String)>,
    /// Beside the file that people use.
    files: Vec<PathBuf>,
    metrics: u16,
    /// Where the files lie, and what is made on the way.
    place: TempDir,
}

impl Farm {
    /// Starts it as people do, and waits until all of it is healthy.
    pub(super) fn start(compose: Plugin) -> Result<Self, Problem> {
        sweep(&compose)?;
        let name = format!("{PREFIX}{}", std::process::id());
        let (port, metrics) = (free_port()?, free_port()?);
        let environment = vec![
            ("COMPOSE_PROJECT_NAME", name.clone()),
            ("MRT_SERVERS_NETWORK", format!("{name}-servers")),
            ("MRT_PORT", port.to_string()),
            ("MRT_METRICS_PORT", metrics.to_string()),
            ("MRT_STATE_IMAGE", "postgres:15".to_owned()),
            // So that a worker's death is noticed soon.
            ("MRT_LEASE", "5s".to_owned()),
        ];
        let made = tempfile::Builder::new().prefix("mrt-compose-").tempdir();
        let place = made.map_err(|error| Problem::unusable(format!("no temporary directory: {error}")))?;
        let mut files = vec![root().join("deploy/compose.yaml")];
        if Path::new(AUTHORITIES).exists() {
            // As deploy/README.md says it for an index that one's own authority vouches for.
            let file = place.path().join("authorities.yaml");
            let text =
                format!("services: {{ worker: {{ volumes: [\"{AUTHORITIES}:{AUTHORITIES}:ro\"] }} }}\n");
            std::fs::write(&file, text).map_err(|source| Problem::File { path: file.clone(), source })?;
            files.push(file);
        }
        let farm = Self { compose, name, environment, files, metrics, place };
        let started = read(&mut farm.compose(["up", "--detach", "--wait", "--no-build", "--quiet-pull"]));
        started.inspect_err(|_| farm.tell())?;
        Ok(farm)
    }

    /// A directory for what is made on the way.
    pub(super) fn place(&self) -> &Path {
        self.place.path()
    }

    /// Compose, about this farm.
    pub(super) fn compose<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut compose = self.compose.command();
        compose.args(self.files.iter().flat_map(|file| ["--file".as_ref(), file.as_os_str()]));
        compose.args(arguments).stdin(Stdio::null());
        // Settings of whoever runs this are no part of it.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MRT_")) {
            compose.env_remove(name);
        }
        compose.envs(self.environment.iter().map(|(name, value)| (name, value)));
        compose
    }

    /// The program of the image `cli`, beside this farm, with a project at its place.
    pub(super) fn cli<'a>(&self, project: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let volume = format!("{}:/project:ro", project.display());
        let mut cli = self.compose(["run", "--rm", "--no-deps", "--no-TTY", "--volume", &volume, "cli"]);
        cli.args(arguments);
        cli
    }

    /// A container of a database server that a worker of this farm has started, and the worker's.
    pub(super) fn server(&self) -> Result<Option<(String, String)>, Problem> {
        let workers = read(&mut self.compose(["ps", "--quiet", "worker"]))?;
        for worker in workers.lines() {
            if let Some(server) = self.servers_of(worker)?.into_iter().next() {
                return Ok(Some((server, worker.to_owned())));
            }
        }
        Ok(None)
    }

    /// The containers that this worker has started.
    pub(super) fn servers_of(&self, worker: &str) -> Result<Vec<String>, Problem> {
        listed(["ps", "--all"], &format!("label={OWNER}={worker}"))
    }

    /// The sum of all samples of the coordinator's metrics whose lines begin like this.
    pub(super) fn metric(&self, sample: &str) -> Result<f64, Problem> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| Problem::unusable(format!("cannot start the runtime: {error}")))?;
        let address = (Ipv4Addr::LOCALHOST, self.metrics).into();
        let sum = runtime.block_on(crate::chaos::metrics::sum(address, sample));
        sum.ok_or_else(|| Problem::unusable(format!("the coordinator tells nothing at {address}")))
    }

    /// What its programs have said at last, for people.
    pub(super) fn tell(&self) {
        let _ = self.compose(["ps", "--all"]).status();
        let _ = self.compose(["logs", "--tail", "40"]).status();
    }

    /// Ends it, and says what it leaves behind.
    pub(super) fn end(self) -> Result<Vec<String>, Problem> {
        self.down()?;
        left(&self.name)
    }

    fn down(&self) -> Result<(), Problem> {
        read(&mut self.compose(["down", "--volumes", "--remove-orphans", "--timeout", "60"])).map(drop)
    }
}

impl Drop for Farm {
    fn drop(&mut self) {
        // Nothing is there any more where it was ended.
        if let Err(problem) = self.down() {
            eprintln!("warning: {}", with_causes(&problem));
        }
    }
}

/// What is there of a farm.
fn left(name: &str) -> Result<Vec<String>, Problem> {
    let label = format!("label={PROJECT}={name}");
    let mut left = Vec::new();
    for what in [["ps", "--all"], ["network", "ls"], ["volume", "ls"]] {
        left.extend(listed(what, &label)?.into_iter().map(|id| format!("{} {id}", what[0])));
    }
    Ok(left)
}

fn listed(what: [&str; 2], filter: &str) -> Result<Vec<String>, Problem> {
    let listed = read(&mut command("docker", what.into_iter().chain(["--quiet", "--filter", filter])))?;
    Ok(listed.lines().map(str::to_owned).collect())
}

/// Ends farms of runs that were killed.
fn sweep(compose: &Plugin) -> Result<(), Problem> {
    let format = format!("{{{{.Label \"{PROJECT}\"}}}}");
    let listed = read(&mut command("docker", ["ps", "--all", "--format", &format]))?;
    let names: BTreeSet<&str> = listed.lines().filter(|name| name.starts_with(PREFIX)).collect();
    for name in names {
        if !Path::new("/proc").join(&name[PREFIX.len()..]).exists() {
            read(compose.command().args(["--project-name", name, "down", "--volumes"]))?;
        }
    }
    Ok(())
}

fn free_port() -> Result<u16, Problem> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    bound
        .map(|address| address.port())
        .map_err(|error| Problem::unusable(format!("there is no free port: {error}")))
}
