//! Where a container engine may listen, in the order in which Docker's own client would look.

use std::env;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use bollard::models::EndpointSettings;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::server::here;

/// An engine's address and who named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// `unix:///run/docker.sock`, `tcp://host:2375`.
    pub(super) url: String,
    /// Where the address comes from.
    pub(super) origin: String,
}

impl Address {
    /// The host of an engine that is reached over the network.
    ///
    /// Such an engine publishes ports on its own addresses, so that is where its containers are.
    pub(super) fn remote_host(&self) -> Option<&str> {
        let rest = self.url.strip_prefix("tcp://").or_else(|| self.url.strip_prefix("http://"))?;
        let authority = rest.split('/').next().unwrap_or(rest);
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        (!matches!(host, "" | "localhost" | "127.0.0.1" | "::1")).then_some(host)
    }
}

/// The address of a container on a bridge of this very machine, which is reached without the engine's proxy: the
/// proxy, through which a port that is published on loopback is reached, copies every byte.
///
/// The bridge is here when its gateway is an address of ours; with Docker Desktop or a rootless engine it is elsewhere,
/// and the same address may be somebody else's.
pub(super) fn on_our_bridge(network: &EndpointSettings) -> Option<String> {
    let gateway: IpAddr = network.gateway.as_deref()?.parse().ok()?;
    let address: IpAddr = network.ip_address.as_deref()?.parse().ok()?;
    here::is_ours(gateway).then(|| address.to_string())
}

/// What this process is told about engines; read once, so that the choice itself can be tested.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    docker_host: Option<String>,
    docker_context: Option<String>,
    container_host: Option<String>,
    /// Docker's client settings, `~/.docker`.
    config: Option<PathBuf>,
    home: Option<PathBuf>,
    runtime: Option<PathBuf>,
}

impl Surroundings {
    pub(super) fn of_this_process() -> Self {
        let text = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let home = text("HOME").map(PathBuf::from);
        Self {
            docker_host: text("DOCKER_HOST"),
            docker_context: text("DOCKER_CONTEXT"),
            container_host: text("CONTAINER_HOST"),
            config: text("DOCKER_CONFIG")
                .map(PathBuf::from)
                .or_else(|| home.as_ref().map(|home| home.join(".docker"))),
            home,
            runtime: Some(text("XDG_RUNTIME_DIR").map_or_else(
                || PathBuf::from(format!("/run/user/{}", nix::unistd::getuid())),
                PathBuf::from,
            )),
        }
    }

    #[cfg(test)]
    pub(super) fn with_docker_host(url: &str) -> Self {
        Self { docker_host: Some(url.to_owned()), ..Self::default() }
    }

    /// Docker's client settings, `~/.docker/config.json`.
    pub(super) fn config_file(&self) -> Option<PathBuf> {
        self.config.as_ref().map(|dir| dir.join("config.json"))
    }

    /// The addresses to try. One that a person has chosen stands alone: silently using another engine than the
    /// chosen one would be worse than none. `Err` says why the choice cannot be followed.
    pub(super) fn addresses(&self) -> Result<Vec<Address>, String> {
        if let Some(url) = &self.docker_host {
            return Ok(vec![Address { url: url.clone(), origin: "DOCKER_HOST".to_owned() }]);
        }
        if let Some(address) = self.context()? {
            return Ok(vec![address]);
        }
        if let Some(url) = &self.container_host {
            return Ok(vec![Address { url: url.clone(), origin: "CONTAINER_HOST".to_owned() }]);
        }
        let mut sockets = vec![(PathBuf::from("/var/run/docker.sock"), "Docker")];
        if let Some(home) = &self.home {
            sockets.push((home.join(".docker/run/docker.sock"), "Docker Desktop"));
        }
        if let Some(runtime) = &self.runtime {
            sockets.push((runtime.join("docker.sock"), "rootless Docker"));
            sockets.push((runtime.join("podman/podman.sock"), "rootless Podman"));
        }
        sockets.push((PathBuf::from("/run/podman/podman.sock"), "Podman"));
        Ok(sockets
            .into_iter()
            .map(|(path, name)| Address {
                url: format!("unix://{}", path.display()),
                origin: name.to_owned(),
            })
            .collect())
    }

    fn context(&self) -> Result<Option<Address>, String> {
        #[derive(Deserialize)]
        struct Config {
            #[serde(rename = "currentContext")]
            current_context: Option<String>,
        }
        let from_config = || -> Result<Option<String>, String> {
            let Some(path) = self.config_file().filter(|path| path.exists()) else { return Ok(None) };
            Ok(read_json::<Config>(&path)?.current_context)
        };
        let name = match &self.docker_context {
            Some(name) => Some(name.clone()),
            None => from_config()?,
        };
        match name {
            Some(name) if !name.is_empty() && name != "default" => self.read_context(&name).map(Some),
            _ => Ok(None),
        }
    }

    fn read_context(&self, name: &str) -> Result<Address, String> {
        #[derive(Deserialize)]
        struct Meta {
            #[serde(rename = "Endpoints")]
            endpoints: Endpoints,
        }
        #[derive(Deserialize)]
        struct Endpoints {
            docker: Option<DockerEndpoint>,
        }
        #[derive(Deserialize)]
        struct DockerEndpoint {
            #[serde(rename = "Host")]
            host: String,
        }
        let dir = self.config.as_ref().ok_or("there is no home directory to look for Docker contexts in")?;
        let digest: String = Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect();
        let meta: Meta = read_json(&dir.join("contexts/meta").join(digest).join("meta.json"))
            .map_err(|problem| format!("the Docker context {name:?} is chosen, but {problem}"))?;
        match meta.endpoints.docker {
            Some(DockerEndpoint { host }) => {
                Ok(Address { url: host, origin: format!("the Docker context {name:?}") })
            }
            None => Err(format!("the Docker context {name:?} names no Docker engine")),
        }
    }
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, String> {
    let text = fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("{} is not valid: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn urls(surroundings: &Surroundings) -> Vec<String> {
        surroundings.addresses().unwrap().into_iter().map(|address| address.url).collect()
    }

    #[test]
    fn a_chosen_engine_stands_alone() {
        let chosen = Surroundings {
            docker_host: Some("tcp://docker:2375".to_owned()),
            container_host: Some("unix:///podman".to_owned()),
            runtime: Some(PathBuf::from("/run/user/7")),
            ..Surroundings::default()
        };
        assert_eq!(urls(&chosen), ["tcp://docker:2375"]);
    }

    #[test]
    fn without_a_choice_the_usual_sockets_are_tried_in_order() {
        let surroundings = Surroundings {
            home: Some(PathBuf::from("/home/jo")),
            runtime: Some(PathBuf::from("/run/user/7")),
            ..Surroundings::default()
        };
        assert_eq!(
            urls(&surroundings),
            [
                "unix:///var/run/docker.sock",
                "unix:///home/jo/.docker/run/docker.sock",
                "unix:///run/user/7/docker.sock",
                "unix:///run/user/7/podman/podman.sock",
                "unix:///run/podman/podman.sock",
            ]
        );
    }

    #[test]
    fn the_current_context_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("config.json"), r#"{"auths": {}, "currentContext": "colima"}"#).unwrap();
        let surroundings = Surroundings { config: Some(dir.path().to_owned()), ..Surroundings::default() };
        let problem = surroundings.addresses().unwrap_err();
        assert!(problem.contains("\"colima\" is chosen"), "{problem}");

        // The directory's name is the SHA-256 of the context's name: that is Docker's own layout.
        let meta =
            dir.path().join("contexts/meta/f24fd3749c1368328e2b149bec149cb6795619f244c5b584e844961215dadd16");
        fs::create_dir_all(&meta).unwrap();
        fs::write(
            meta.join("meta.json"),
            r#"{"Name":"colima","Metadata":{},"Endpoints":{"docker":{"Host":"unix:///c.sock","SkipTLSVerify":false}}}"#,
        )
        .unwrap();
        assert_eq!(urls(&surroundings), ["unix:///c.sock"]);

        let default = Surroundings { docker_context: Some("default".to_owned()), ..surroundings };
        assert_eq!(urls(&default)[0], "unix:///var/run/docker.sock");
    }

    #[test]
    fn a_remote_engine_has_a_host() {
        let host = |url: &str| {
            let address = Address { url: url.to_owned(), origin: String::new() };
            address.remote_host().map(str::to_owned)
        };
        assert_eq!(host("tcp://docker:2375").as_deref(), Some("docker"));
        assert_eq!(host("tcp://[fd00::1]:2375").as_deref(), Some("fd00::1"));
        assert_eq!(host("http://10.0.0.7:2375/").as_deref(), Some("10.0.0.7"));
        assert_eq!(host("tcp://127.0.0.1:2375"), None);
        assert_eq!(host("unix:///var/run/docker.sock"), None);
    }
}
