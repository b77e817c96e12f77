//! The containers of workers.

use std::process::Command;

use super::wait::beside;
use crate::process::{Problem, command, read};

/// What mrt writes on a container: whose it is.
const OWNER: &str = "mrt.pid";

/// A container engine: the developer's, or one at a socket.
#[derive(Debug, Clone, Default)]
pub(super) struct Docker {
    pub(super) host: Option<String>,
}

impl Docker {
    /// A command of Docker's client.
    pub(super) fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut docker = command("docker", arguments);
        docker.envs(self.host.iter().map(|host| ("DOCKER_HOST", host)));
        docker
    }

    /// The containers that these processes have made, running or not.
    pub(super) async fn of(&self, processes: &[u32]) -> Result<Vec<String>, Problem> {
        let (docker, processes) = (self.clone(), processes.to_vec());
        beside(move || docker.listed(&processes)).await
    }

    /// Kills a container.
    pub(super) async fn kill(&self, container: &str) -> Result<(), Problem> {
        let mut kill = self.command(["kill", container]);
        beside(move || read(&mut kill).map(drop)).await
    }

    /// Removes the containers that these processes have made. To be called when they are gone.
    pub(super) fn remove(&self, processes: &[u32]) -> Result<(), Problem> {
        let containers = self.listed(processes)?;
        if containers.is_empty() {
            return Ok(());
        }
        let remove = ["rm", "--force", "--volumes"].into_iter();
        read(&mut self.command(remove.chain(containers.iter().map(String::as_str)))).map(drop)
    }

    fn listed(&self, processes: &[u32]) -> Result<Vec<String>, Problem> {
        let mut containers = Vec::new();
        // Filters of one kind are joined by `and`.
        for process in processes {
            let filter = format!("label={OWNER}={process}");
            let listed = read(&mut self.command(["ps", "--all", "--quiet", "--filter", &filter]))?;
            containers.extend(listed.lines().map(str::to_owned));
        }
        Ok(containers)
    }
}
