//! Servers in Pods: the cluster says where they run, and the worker needs no privilege on any machine.
//!
//! Whatever the API answers is read by its rules, and what passes is waited for, each for a bounded time ([`Limits`]); what does
//! not is an error that says what happened, where, and what can be done ([`KubernetesError`]).

mod api;
mod connect;
mod describe;
mod error;
mod follow;
mod forward;
mod own;
mod pod;
mod state;

use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use kube::api::ListParams;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};

use super::login::{self, PAUSES};
use super::owner::Owner;
use super::{Death, Endpoint, Launch, ServerError, Tell, here, random_token};
use api::Api;
pub use api::Limits;
use describe::GRACE;
pub use error::{ApiError, KubernetesError};
use follow::Follow;
use forward::Forward;
pub use own::OwnPod;
use own::{Identity, Standing};
pub use pod::Pod;
use state::State;

const LOOPBACK: &str = "127.0.0.1";

/// How long the API may take to say that it is there.
const GREETING: Duration = Duration::from_secs(5);
/// How often Pods are looked for that workers have left, where there are few.
const SWEEP: Duration = Duration::from_secs(15);

/// Which cluster, where in it, and what its Pods are to be like.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// How to reach the cluster; otherwise what `KUBECONFIG` names, the Pod's own service account, or `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// Where Pods are made; otherwise where the service account is, or what the kubeconfig says.
    pub namespace: Option<String>,
    /// The Pod that this process runs in.
    pub own_pod: Option<OwnPod>,
    /// Secrets with logins of registries.
    pub pull_secrets: Vec<String>,
    /// A Pod in YAML or JSON that lies beneath ours.
    pub template: Option<PathBuf>,
    /// How long things may take.
    pub limits: Limits,
}

/// A cluster, and this process as the owner of what it starts there. Clones share their Pods.
#[derive(Debug, Clone)]
pub struct Kubernetes {
    api: Arc<Api>,
    identity: Arc<Identity>,
    /// This process is in the cluster, so that addresses of Pods lead to them.
    inside: bool,
    template: Arc<Value>,
    pull_secrets: Arc<[String]>,
    started: Arc<AtomicUsize>,
    /// How many Pods all workers had at the last sweep.
    seen: Arc<AtomicUsize>,
    tell: Tell,
}

impl Kubernetes {
    /// Reads how the cluster is reached. Nothing is asked of it yet.
    ///
    /// # Errors
    /// When nothing says where it is, or the template cannot be used.
    pub async fn new(settings: Settings) -> Result<Self, ServerError> {
        let Settings { kubeconfig, namespace, own_pod, pull_secrets, template, limits } = settings;
        let template = match template {
            Some(path) => describe::template(&path)?,
            None => Value::Object(serde_json::Map::new()),
        };
        let way = connect::way(kubeconfig.as_deref()).await;
        let connect::Way { client, address, namespace: usual, inside } =
            way.map_err(|error| Box::new(KubernetesError::Config { problem: error.to_string() }))?;
        let namespace = namespace.unwrap_or(usual);
        let identity = Identity::new(Owner::this_process(random_token()?), own_pod, &namespace);
        Ok(Self {
            api: Arc::new(Api::new(client, address, namespace, limits)),
            identity: Arc::new(identity),
            inside,
            template: Arc::new(template),
            pull_secrets: pull_secrets.into(),
            started: Arc::default(),
            seen: Arc::default(),
            tell: Tell::default(),
        })
    }

    /// Tells this one, too, what a start waits for.
    #[must_use]
    pub fn telling(self, tell: Tell) -> Self {
        Self { tell, ..self }
    }

    /// Where the API is.
    pub fn address(&self) -> &str {
        &self.api.address
    }

    /// Where Pods are made.
    pub fn namespace(&self) -> &str {
        &self.api.namespace
    }

    /// Whether the API answers, and lets us see Pods.
    ///
    /// # Errors
    /// When it does not.
    pub async fn answers(&self) -> Result<(), ServerError> {
        // Nobody's name: the API answers out of its memory, once it has seen who asks.
        let which = ListParams::default().fields("metadata.name=mrt").match_any();
        let api = self.api.at_once(GREETING);
        let listed = api.list(&which).await;
        listed.map_err(|error| api.explain("list Pods", error))?;
        Ok(())
    }

    /// Starts a server and waits until `ready` (a login and a first query) says that it can be used.
    ///
    /// # Errors
    /// When there is none in time, with what was in the way.
    pub async fn start<Ready, Attempt>(&self, launch: &Launch, ready: Ready) -> Result<Pod, ServerError>
    where
        Ready: Fn(Endpoint) -> Attempt + Send + Sync,
        Attempt: Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send,
    {
        let began = Instant::now();
        let mut pod = self.create(launch, began).await?;
        match self.see_through(&mut pod, launch, began, ready).await {
            Ok(()) => Ok(pod),
            Err(error) => {
                if let Err(error) = pod.stop().await {
                    tracing::warn!(pod = pod.name(), %error, "left behind until a sweep finds it");
                }
                Err(error)
            }
        }
    }

    /// Deletes every Pod that this value and its clones have made: the way out.
    ///
    /// # Errors
    /// When the API does not do it.
    pub async fn remove_owned(&self) -> Result<(), ServerError> {
        let mine = ListParams::default().labels(&self.identity.selector());
        for pod in self.list(&mine).await? {
            let name = pod.metadata.name.unwrap_or_default();
            pod::remove(&self.api, &name, pod.metadata.uid.as_deref()).await?;
        }
        Ok(())
    }

    /// Deletes the Pods of workers that are no more, and says how many.
    ///
    /// # Errors
    /// When the API does not do it.
    pub async fn sweep(&self) -> Result<usize, ServerError> {
        // Out of the API's memory, which may lag behind: what is deleted is that very Pod, or nothing.
        let everybodys = ListParams::default().labels(&Identity::everybodys()).match_any();
        let pods = self.list(&everybodys).await?;
        self.seen.store(pods.len(), Ordering::Relaxed);
        let mut workers: HashMap<String, Option<String>> = HashMap::new();
        let mut removed = 0;
        for pod in pods {
            if pod.metadata.deletion_timestamp.is_some() {
                continue;
            }
            let abandoned = match self.identity.standing(&pod, SystemTime::now()) {
                Standing::Kept => false,
                Standing::Abandoned => true,
                Standing::HangsOn { name, uid } => {
                    if !workers.contains_key(name) {
                        workers.insert(name.to_owned(), self.living(name).await?);
                    }
                    workers.get(name).and_then(Option::as_deref) != Some(uid)
                }
            };
            if !abandoned {
                continue;
            }
            let name = pod.metadata.name.as_deref().unwrap_or_default();
            tracing::info!(pod = name, "deleting what a worker that is gone has left");
            let asked = self.api.delete(name, pod.metadata.uid.as_deref(), GRACE).await;
            asked.map_err(|error| self.api.explain(format!("delete Pod {name}"), error))?;
            removed += 1;
        }
        Ok(removed)
    }

    /// How long until the next sweep: the more Pods there are to look at, and workers who look, the rarer each of them does.
    pub fn sweeps_every(&self) -> Duration {
        SWEEP.max(Duration::from_secs(self.seen.load(Ordering::Relaxed) as u64))
    }

    /// Which Pod has this name, unless it has come to its end.
    async fn living(&self, name: &str) -> Result<Option<String>, ServerError> {
        let pod = self.api.get(name).await;
        let pod = pod.map_err(|error| self.api.explain(format!("look at Pod {name}"), error))?;
        let lives = |pod: &k8s_openapi::api::core::v1::Pod| {
            let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
            !matches!(phase, Some("Succeeded" | "Failed"))
        };
        Ok(pod.filter(lives).and_then(|pod| pod.metadata.uid))
    }

    async fn list(
        &self,
        which: &ListParams,
    ) -> Result<Vec<k8s_openapi::api::core::v1::Pod>, Box<KubernetesError>> {
        let listed = self.api.list(which).await;
        Ok(listed.map_err(|error| self.api.explain("list the Pods of mrt", error))?.items)
    }

    /// Makes a Pod, when the namespace has room for it.
    async fn create(&self, launch: &Launch, began: Instant) -> Result<Pod, ServerError> {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let id = self.identity.id();
        let name = format!("mrt-{}-{}-{number}", launch.engine, &id[..id.len().min(16)]);
        let pod = describe::describe(&name, launch, &self.identity, &self.template, &self.pull_secrets);
        let endpoint = Endpoint {
            host: name.clone(),
            port: launch.port,
            user: launch.admin_user.clone(),
            password: launch.admin_password.clone(),
            database: launch.admin_database.clone(),
        };
        // Made before the call, so that a call which is cancelled half way is cleaned up as well.
        let made = Pod::new(Arc::clone(&self.api), name.clone(), launch.image.clone(), endpoint);
        let (namespace, limits) = (&self.api.namespace, &self.api.limits);
        let (mut pause, mut told) = (limits.pauses.0, None);
        loop {
            let source = match self.api.create(&pod).await {
                Ok(()) => return Ok(made),
                Err(error) => error,
            };
            let Some(why) = source.no_room() else {
                let is_refusal = matches!(source, ApiError::Status { code: 400 | 403 | 404 | 413 | 422, .. });
                if !is_refusal || source.is_not_allowed() {
                    return Err(self.api.explain(format!("create Pod {name}"), source).into());
                }
                made.was_refused();
                let (image, namespace) = (launch.image.clone(), namespace.clone());
                return Err(Box::new(KubernetesError::Refused { image, namespace, source }).into());
            };
            if began.elapsed() + pause > limits.patience {
                made.was_refused();
                return Err(self.no_room(&name, launch, why));
            }
            if told.as_deref() != Some(why) {
                tracing::info!(pod = name, "waits for room: {why}");
                self.tell.waits(&format!("no room for its Pod yet: {why}"));
                told = Some(why.to_owned());
            }
            sleep(pause).await;
            pause = (pause * 2).min(limits.pauses.1);
        }
    }

    fn no_room(&self, pod: &str, launch: &Launch, why: &str) -> ServerError {
        Box::new(KubernetesError::NoRoom {
            pod: pod.to_owned(),
            image: launch.image.clone(),
            namespace: self.api.namespace.clone(),
            waited: self.api.limits.patience,
            why: why.to_owned(),
        })
        .into()
    }

    /// From a Pod that was made to a server that lets us in.
    async fn see_through<Ready, Attempt>(
        &self,
        pod: &mut Pod,
        launch: &Launch,
        began: Instant,
        ready: Ready,
    ) -> Result<(), ServerError>
    where
        Ready: Fn(Endpoint) -> Attempt + Send + Sync,
        Attempt: Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send,
    {
        let name = pod.name().to_owned();
        let mut follow = Follow::new(&self.api, &name);
        let (address, node) = self.until_it_runs(pod, launch, began, &mut follow).await?;
        let (places, forward) = self.places(&name, launch, address, node).await?;

        let mut endpoint = pod.endpoint().clone();
        let deadline = Instant::now() + launch.start_limit;
        let logging_in = async {
            let mut pause = PAUSES.0;
            loop {
                match login::round(&mut endpoint, &places, &ready).await {
                    Ok(()) => return Ok(()),
                    Err(source) if Instant::now() >= deadline => return Err(source),
                    Err(_) => sleep(pause).await,
                }
                pause = (pause * 2).min(PAUSES.1);
            }
        };
        let ending = async {
            loop {
                match follow.next().await?.as_ref().map(State::of) {
                    None => return Ok(Death::removed(pod::DELETED)),
                    Some(State::Ended(death)) => return Ok(death),
                    Some(_) => {}
                }
            }
        };
        let late = tokio::select! {
            outcome = logging_in => outcome.err(),
            death = ending => {
                let death: Result<Death, Box<KubernetesError>> = death;
                let death = pod.with_last_lines(death?).await?;
                return Err(ServerError::StartFailed { image: launch.image.clone(), death });
            }
        };
        let Some(source) = late else {
            pod.listens_at(endpoint, forward);
            return Ok(());
        };
        Err(ServerError::NotReady {
            image: launch.image.clone(),
            limit: launch.start_limit,
            hint: self.hint(forward.as_ref()),
            logs: pod.logs_tail().await?,
            source,
        })
    }

    /// Waits until the Pod's container runs: its address, and its node's.
    async fn until_it_runs(
        &self,
        pod: &Pod,
        launch: &Launch,
        began: Instant,
        follow: &mut Follow<'_>,
    ) -> Result<(String, Option<String>), ServerError> {
        let limits = &self.api.limits;
        let mut state = State::Unplaced { why: "the API has not shown it yet".to_owned() };
        let mut on = String::new();
        let mut troubled: Option<Instant> = None;
        loop {
            let deadline = match (&state, troubled) {
                (State::Troubled { .. }, Some(since)) => since + limits.trouble,
                _ => began + limits.patience,
            };
            let Ok(seen) = timeout_at(deadline, follow.next()).await else {
                return Err(self.not_begun(pod.name(), launch, on, state));
            };
            let Some(seen) = seen? else {
                let death = Death::removed(pod::DELETED);
                return Err(ServerError::StartFailed { image: launch.image.clone(), death });
            };
            on = state::node(&seen).unwrap_or_default().to_owned();
            let now = State::of(&seen);
            if now != state {
                tracing::debug!(pod = pod.name(), state = ?now, "a Pod is on its way");
                if let Some(what) = now.waits() {
                    self.tell.waits(&what);
                }
            }
            state = now;
            match &state {
                State::Running { address, node } => return Ok((address.clone(), node.clone())),
                State::Ended(death) => {
                    let death = pod.with_last_lines(death.clone()).await?;
                    return Err(ServerError::StartFailed { image: launch.image.clone(), death });
                }
                State::Troubled { lasting: true, .. } => {
                    return Err(self.not_begun(pod.name(), launch, on, state));
                }
                State::Troubled { .. } => {
                    troubled.get_or_insert_with(Instant::now);
                }
                State::Unplaced { .. } | State::Preparing => troubled = None,
            }
        }
    }

    fn not_begun(&self, pod: &str, launch: &Launch, node: String, state: State) -> ServerError {
        let limits = &self.api.limits;
        let (waited, why) = match state {
            State::Unplaced { why } => return self.no_room(pod, launch, &why),
            State::Troubled { image: true, why, .. } => {
                let image = launch.image.clone();
                return Box::new(KubernetesError::Image { image, node, why }).into();
            }
            State::Troubled { why, .. } => (limits.trouble, why),
            State::Preparing | State::Running { .. } | State::Ended(_) => {
                (limits.patience, "its image or one of its volumes is not there yet".to_owned())
            }
        };
        let (pod, image) = (pod.to_owned(), launch.image.clone());
        Box::new(KubernetesError::NotBegun { pod, image, node, waited, why }).into()
    }

    /// Where the server may be reached, the best first. From outside of the cluster the address of a Pod is somebody else's, if
    /// anybody's, unless this machine is the Pod's node.
    async fn places(
        &self,
        pod: &str,
        launch: &Launch,
        address: String,
        node: Option<String>,
    ) -> Result<(Vec<(String, u16)>, Option<Forward>), ServerError> {
        let direct = (address, launch.port);
        if self.inside {
            return Ok((vec![direct], None));
        }
        let opened = Forward::open(self.api.client(), &self.api.namespace, pod, launch.port).await;
        let forward =
            opened.map_err(|source| Box::new(KubernetesError::Forward { pod: pod.to_owned(), source }))?;
        let forwarded = (LOOPBACK.to_owned(), forward.port());
        let is_here = node.and_then(|node| node.parse().ok()).is_some_and(here::is_ours);
        let places = is_here.then_some(direct).into_iter().chain([forwarded]).collect();
        Ok((places, Some(forward)))
    }

    /// What most often keeps a server that is ready out of reach.
    fn hint(&self, forward: Option<&Forward>) -> String {
        match forward.map(Forward::trouble) {
            None => " (a NetworkPolicy may keep the worker from it)".to_owned(),
            Some(Some(trouble)) => format!(" (its port cannot be forwarded: {trouble})"),
            Some(None) => String::new(),
        }
    }
}
