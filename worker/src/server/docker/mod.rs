//! Servers in containers, by whichever engine speaks Docker's API.

mod address;
mod container;
mod engine;
mod image;

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use bollard::models::{ContainerCreateBody, HostConfig, PortBinding};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, ListContainersOptionsBuilder, ListImagesOptionsBuilder,
};
use tokio::sync::OnceCell;

use super::login::{self, PAUSES};
use super::owner::{self, Abandoned, Home, Owner};
use super::{Endpoint, Launch, ServerError, Tell, random_token};
use address::Surroundings;
pub use container::Container;
use engine::Engine;
pub use image::Availability;

/// How long a pull may say nothing.
const PULL_SILENCE: Duration = Duration::from_secs(120);

/// A container engine, and this process as the owner of what it starts there. Clones share their containers.
#[derive(Debug, Clone)]
pub struct Docker {
    engine: Arc<Engine>,
    owner: Arc<Owner>,
    /// The container that this process is in, if it is one of this engine's; asked for when it is first needed.
    inside: Arc<OnceCell<Option<Home>>>,
    started: Arc<AtomicUsize>,
    /// Docker's client settings, which hold logins of registries.
    config_file: Option<PathBuf>,
    /// The network to join where this process is itself in a container.
    network: Option<String>,
    tell: Tell,
}

impl Docker {
    /// Finds an engine: the one that `DOCKER_HOST` or Docker's current context names, or else the first that
    /// answers on the usual sockets of Docker and Podman.
    ///
    /// With `MRT_DOCKER_NETWORK=NAME` containers join that network and are reached by name, without published
    /// ports: for a process that runs in a container of the same engine.
    pub async fn connect() -> Result<Self, ServerError> {
        let surroundings = Surroundings::of_this_process();
        Ok(Self {
            engine: Arc::new(Engine::connect(&surroundings).await?),
            owner: Arc::new(Owner::this_process(random_token()?)),
            inside: Arc::default(),
            started: Arc::default(),
            config_file: surroundings.config_file(),
            network: std::env::var("MRT_DOCKER_NETWORK").ok().filter(|name| !name.is_empty()),
            tell: Tell::default(),
        })
    }

    /// Tells this one, too, what a start waits for.
    #[must_use]
    pub fn telling(self, tell: Tell) -> Self {
        Self { tell, ..self }
    }

    /// Starts containers on a network instead of publishing their ports; see [`Docker::connect`].
    #[must_use]
    pub fn on_network(self, network: String) -> Self {
        Self { network: Some(network), ..self }
    }

    /// Where the engine listens.
    pub fn address(&self) -> &str {
        &self.engine.address().url
    }

    /// Whether an image is here, or could be pulled. Nothing is.
    pub async fn look(&self, image: &str) -> Result<Availability, ServerError> {
        image::look(&self.engine, self.config_file.as_deref(), image).await
    }

    /// The tags of an image that are on the engine's machine.
    pub async fn tags(&self, image: &str) -> Result<Vec<String>, ServerError> {
        let filters = HashMap::from([("reference", vec![image.to_owned()])]);
        let options = ListImagesOptionsBuilder::new().filters(&filters).build();
        let call = self.engine.client().list_images(Some(options));
        let images = self.engine.call(|| format!("list the images of {image}"), call).await?;
        // Podman puts its registry before the names of the official images.
        let bare = image.rsplit('/').next().unwrap_or(image);
        let named = images.iter().flat_map(|it| &it.repo_tags);
        let tags = named.filter_map(|name| name.rsplit('/').next()?.strip_prefix(bare)?.strip_prefix(':'));
        Ok(tags.map(str::to_owned).collect())
    }

    /// Starts a server and waits until `ready` (a login and a first query) says that it can be used.
    pub async fn start<Ready, Attempt>(&self, launch: &Launch, ready: Ready) -> Result<Container, ServerError>
    where
        Ready: Fn(Endpoint) -> Attempt + Send + Sync,
        Attempt: Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send,
    {
        image::provide(&self.engine, self.config_file.as_deref(), &launch.image, &self.tell).await?;
        let mut container = self.create(launch).await?;
        let outcome = async {
            let call = self.engine.client().start_container(container.name(), None);
            self.engine.call(|| format!("start a container of {}", launch.image), call).await?;
            let places = self.find(&container, launch).await?;
            self.wait_until_ready(&mut container, places, launch, ready).await
        }
        .await;
        match outcome {
            Ok(()) => Ok(container),
            Err(error) => {
                if let Err(error) = container.stop().await {
                    tracing::warn!(container = container.name(), %error, "left behind until the next start sweeps");
                }
                Err(image::blame_platform(&self.engine, &launch.image, error).await)
            }
        }
    }

    /// Removes every container that this value and its clones have started: the way out on Ctrl-C.
    pub async fn remove_owned(&self) -> Result<(), ServerError> {
        let mine = format!("{}={}", owner::OWNER, self.owner.id);
        for (id, _) in self.labelled(mine).await? {
            container::remove(&self.engine, &id).await?;
        }
        Ok(())
    }

    /// Removes the containers of processes that are no more, and says how many. To be called before the first
    /// start: it is what cleans up after `kill -9`.
    pub async fn sweep(&self) -> Result<usize, ServerError> {
        let mut removed = 0;
        for (id, labels) in self.labelled(owner::OWNER.to_owned()).await? {
            let is_abandoned = match self.owner.finds_abandoned(&labels, SystemTime::now()) {
                Abandoned::Yes => true,
                Abandoned::No => false,
                Abandoned::Unless(home) => self.home(&home.container).await?.as_ref() != Some(&home),
            };
            if is_abandoned {
                tracing::info!(container = id, "removing what a dead process has left");
                container::remove(&self.engine, &id).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// A container as somebody's home: `None` when it does not run, or is none of this engine's.
    async fn home(&self, container: &str) -> Result<Option<Home>, ServerError> {
        let state = container::inspect(&self.engine, container).await?.and_then(|it| it.state);
        let running = state.filter(|state| state.running == Some(true));
        let started = running.and_then(|state| state.started_at);
        Ok(started.map(|started| Home { container: container.to_owned(), started }))
    }

    /// The container that this process is in.
    async fn own_home(&self) -> Result<Option<&Home>, ServerError> {
        let ask = || async {
            match owner::own_container() {
                Some(container) => self.home(&container).await,
                None => Ok(None),
            }
        };
        Ok(self.inside.get_or_try_init(ask).await?.as_ref())
    }

    async fn labelled(&self, label: String) -> Result<Vec<(String, HashMap<String, String>)>, ServerError> {
        let filters = HashMap::from([("label", vec![label])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let call = self.engine.client().list_containers(Some(options));
        let containers = self.engine.call(|| "list the containers of mrt".to_owned(), call).await?;
        let is_kept = |names: &[String]| {
            names.iter().any(|name| name.trim_start_matches('/').starts_with(container::KEPT))
        };
        Ok(containers
            .into_iter()
            .filter(|it| !it.names.as_deref().is_some_and(is_kept))
            .filter_map(|it| Some((it.id?, it.labels.unwrap_or_default())))
            .collect())
    }

    async fn create(&self, launch: &Launch) -> Result<Container, ServerError> {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let name = format!("mrt-{}-{number}", self.owner.id);
        let labels = self.owner.labels(self.own_home().await?, SystemTime::now());
        let call = self.engine.client().create_container(
            Some(CreateContainerOptionsBuilder::new().name(&name).build()),
            self.describe(launch, labels),
        );
        let endpoint = Endpoint {
            host: name.clone(),
            port: launch.port,
            user: launch.admin_user.clone(),
            password: launch.admin_password.clone(),
            database: launch.admin_database.clone(),
        };
        // Made before the call, so that a call which is cancelled half way is cleaned up as well.
        let container = Container::new(self.engine.clone(), name.clone(), launch.image.clone(), endpoint);
        self.engine.call(|| format!("create a container of {}", launch.image), call).await?;
        Ok(container)
    }

    fn describe(&self, launch: &Launch, labels: HashMap<String, String>) -> ContainerCreateBody {
        let publish = || {
            // A remote engine publishes on its own machine, whose loopback we cannot reach.
            let address = self.engine.address().remote_host().map_or("127.0.0.1", |_| "0.0.0.0");
            let binding = PortBinding { host_ip: Some(address.to_owned()), host_port: None };
            HashMap::from([(port_key(launch), Some(vec![binding]))])
        };
        ContainerCreateBody {
            image: Some(launch.image.clone()),
            env: Some(launch.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
            cmd: (!launch.arguments.is_empty()).then(|| launch.arguments.clone()),
            exposed_ports: Some(vec![port_key(launch)]),
            labels: Some(labels),
            host_config: Some(HostConfig {
                port_bindings: self.network.is_none().then(publish),
                network_mode: self.network.clone(),
                tmpfs: Some(
                    launch.tmpfs.iter().map(|(place, bytes)| (place.clone(), in_memory(*bytes))).collect(),
                ),
                shm_size: Some(launch.shm_bytes),
                memory: Some(launch.memory_bytes),
                // Equal to the memory: no swap, so that a server is killed rather than slow.
                memory_swap: Some(launch.memory_bytes),
                init: Some(true),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        }
    }

    /// Asks the engine where a container can be reached: hosts and ports, the best first.
    async fn find(&self, container: &Container, launch: &Launch) -> Result<Vec<(String, u16)>, ServerError> {
        if self.network.is_some() {
            return Ok(vec![(container.name().to_owned(), launch.port)]);
        }
        let settings = container.inspect().await?.and_then(|it| it.network_settings).unwrap_or_default();
        let direct =
            settings.networks.iter().flatten().find_map(|(_, network)| address::on_our_bridge(network));
        let published = settings
            .ports
            .and_then(|mut ports| ports.remove(&port_key(launch))?)
            .and_then(|bindings| bindings.into_iter().find_map(|binding| binding.host_port?.parse().ok()));
        match published {
            Some(port) => {
                let host = self.engine.address().remote_host().unwrap_or("127.0.0.1").to_owned();
                let direct = direct.map(|address| (address, launch.port));
                Ok(direct.into_iter().chain([(host, port)]).collect())
            }
            None => Err(match container.death().await? {
                Some(death) => ServerError::StartFailed { image: launch.image.clone(), death },
                None => ServerError::Engine {
                    action: format!("say where port {} of {} is published", launch.port, container.name()),
                    source: bollard::errors::Error::DockerStreamError {
                        error: "the running container has no published port".to_owned(),
                    },
                },
            }),
        }
    }

    /// Waits until the server lets us in, by the best place by which it does.
    async fn wait_until_ready<Ready, Attempt>(
        &self,
        container: &mut Container,
        places: Vec<(String, u16)>,
        launch: &Launch,
        ready: Ready,
    ) -> Result<(), ServerError>
    where
        Ready: Fn(Endpoint) -> Attempt + Send + Sync,
        Attempt: Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send,
    {
        let deadline = Instant::now() + launch.start_limit;
        let mut pause = PAUSES.0;
        loop {
            let mut endpoint = container.endpoint().clone();
            let Err(source) = login::round(&mut endpoint, &places, &ready).await else {
                container.listens_at(endpoint.host, endpoint.port);
                return Ok(());
            };
            if let Some(death) = container.death().await? {
                return Err(ServerError::StartFailed { image: launch.image.clone(), death });
            }
            if Instant::now() >= deadline {
                return Err(ServerError::NotReady {
                    image: launch.image.clone(),
                    limit: launch.start_limit,
                    hint: self.hint(),
                    logs: container.logs_tail(container::LOG_LINES).await?,
                    source,
                });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// What most often keeps a server that is ready out of reach.
    fn hint(&self) -> String {
        let inside = std::path::Path::new("/.dockerenv").exists();
        match self.network {
            None if inside && self.engine.address().remote_host().is_none() => {
                " (this process is itself in a container: set MRT_DOCKER_NETWORK to the network that it is on)".to_owned()
            }
            _ => String::new(),
        }
    }
}

fn in_memory(bytes: u64) -> String {
    format!("rw,size={bytes},mode=1777")
}

fn port_key(launch: &Launch) -> String {
    format!("{}/tcp", launch.port)
}
