//! An API server of Pods over real HTTP, with a scheduler and a node that do as they are told.
//!
//! It keeps the rules by which clients live: every change has a version, a watch goes on from one and is refused when that is too
//! old, bookmarks say how far it has come, deleting is asked for and then happens, unless finalizers are in the way, and what it
//! does not know in a Pod is an error where that is asked for.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::stream::unfold;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::tunnel;

const NAMESPACE: &str = "farm";
/// How long the node takes for each step.
const STEP: Duration = Duration::from_millis(20);
/// How often a watch says how far it has come.
const BOOKMARK: Duration = Duration::from_millis(50);

type Body = UnsyncBoxBody<Bytes, std::io::Error>;
type Answer = Result<Response<Body>, Cut>;

/// The connection ends without an answer.
#[derive(Debug)]
pub(crate) struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut")
    }
}

impl std::error::Error for Cut {}

/// What is done instead of an answer, once.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// This is answered, and nothing done.
    Says { code: u16, retry_after: Option<u64>, body: String },
    /// It is done, and nobody told.
    Forgets,
}

/// What happened to a Pod.
#[derive(Clone)]
struct Event {
    version: u64,
    kind: &'static str,
    pod: Value,
}

#[derive(Default)]
struct State {
    version: u64,
    pods: BTreeMap<String, Value>,
    events: Vec<Event>,
    /// Everything before this is forgotten.
    oldest: u64,
    /// What becomes of a Pod that is made: changes, one after the other.
    fate: Vec<Value>,
    /// The node does not answer: what is to be deleted stays.
    node_is_lost: bool,
    faults: BTreeMap<&'static str, VecDeque<Fault>>,
    /// What was asked: `create`, `list`, `watch 12`, ….
    asked: Vec<String>,
    /// What containers wrote.
    log: String,
    connections: Vec<AbortHandle>,
    /// Raised to end all watches in the middle of a line.
    cuts: u64,
}

/// The server; it ends when this is dropped.
pub(crate) struct Fake {
    address: SocketAddr,
    shared: Arc<Shared>,
    files: TempDir,
}

struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.go_away();
    }
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: watch::Sender::new(()) });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let fake = Self { address, shared, files: tempfile::tempdir().unwrap() };
        fake.listen(listener);
        fake
    }

    /// How clients find it.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        let path = self.files.path().join("kubeconfig");
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "fake",
            "clusters": [{ "name": "fake", "cluster": { "server": format!("http://{}", self.address) } }],
            "users": [{ "name": "fake", "user": {} }],
            "contexts": [{ "name": "fake", "context": { "cluster": "fake", "user": "fake", "namespace": NAMESPACE } }],
        });
        std::fs::write(&path, config.to_string()).unwrap();
        path
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.files.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    /// What becomes of Pods that are made from now on.
    pub(crate) fn fate(&self, changes: impl IntoIterator<Item = Value>) {
        self.state().fate = changes.into_iter().collect();
    }

    /// The next time that this is asked, this happens instead.
    pub(crate) fn fault(&self, verb: &'static str, fault: Fault) {
        self.state().faults.entry(verb).or_default().push_back(fault);
    }

    pub(crate) fn lose_node(&self) {
        self.state().node_is_lost = true;
    }

    pub(crate) fn writes(&self, log: &str) {
        self.state().log = log.to_owned();
    }

    /// Changes a Pod, as those may who run a cluster.
    pub(crate) fn change(&self, name: &str, change: &Value) {
        self.shared.change(name, change);
    }

    /// Makes a Pod that is none of the worker's.
    pub(crate) fn put(&self, pod: Value) {
        self.shared.create(pod, false).unwrap();
    }

    /// Takes a Pod away without asking anybody.
    pub(crate) fn take(&self, name: &str) {
        self.shared.remove(name);
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.state().pods.keys().cloned().collect()
    }

    pub(crate) fn pod(&self, name: &str) -> Value {
        self.state().pods[name].clone()
    }

    /// The one Pod that there is.
    pub(crate) async fn only(&self) -> String {
        let mut changed = self.shared.changed.subscribe();
        loop {
            if let [name] = &self.names()[..] {
                return name.clone();
            }
            timeout(Duration::from_secs(20), changed.changed()).await.expect("a Pod").unwrap();
        }
    }

    /// What was asked that begins so.
    pub(crate) fn asked(&self, verb: &str) -> Vec<String> {
        self.state().asked.iter().filter(|asked| asked.starts_with(verb)).cloned().collect()
    }

    /// Waits until so much was asked that begins so.
    pub(crate) async fn is_asked(&self, verb: &str, times: usize) {
        let mut changed = self.shared.changed.subscribe();
        while self.asked(verb).len() < times {
            timeout(Duration::from_secs(20), changed.changed()).await.expect(verb).unwrap();
        }
    }

    /// Forgets all that has happened.
    pub(crate) fn compact(&self) {
        let mut state = self.state();
        state.version += 1;
        state.oldest = state.version;
        state.events.clear();
    }

    /// Ends all watches in the middle of a line.
    pub(crate) fn cut_watches(&self) {
        self.state().cuts += 1;
        self.shared.changed.send_replace(());
    }

    /// Nobody listens any more, and every connection breaks.
    pub(crate) fn go_away(&self) {
        self.state().connections.drain(..).for_each(|connection| connection.abort());
    }

    /// It is there again, at the same place.
    pub(crate) fn come_back(&self) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(self.address).unwrap();
        self.listen(socket.listen(64).unwrap());
    }

    fn listen(&self, listener: TcpListener) {
        let shared = Arc::clone(&self.shared);
        let listening = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    let service = service_fn(|request| answer(&shared, request));
                    let connection = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .with_upgrades();
                    let _ = connection.await;
                });
            }
        });
        self.state().connections.push(listening.abort_handle());
    }
}

impl Shared {
    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn happens(&self, state: &mut State, kind: &'static str, mut pod: Value) -> Value {
        state.version += 1;
        pod["metadata"]["resourceVersion"] = json!(state.version.to_string());
        let name = pod["metadata"]["name"].as_str().unwrap().to_owned();
        if kind == "DELETED" {
            state.pods.remove(&name);
        } else {
            state.pods.insert(name, pod.clone());
        }
        state.events.push(Event { version: state.version, kind, pod: pod.clone() });
        self.changed.send_replace(());
        pod
    }

    fn create(&self, mut pod: Value, strictly: bool) -> Result<Value, (u16, &'static str, String)> {
        let known: Pod =
            serde_json::from_value(pod.clone()).map_err(|error| (400, "BadRequest", error.to_string()))?;
        if strictly && serde_json::to_value(&known).unwrap() != pod {
            return Err((400, "BadRequest", "strict decoding error: unknown field".to_owned()));
        }
        let mut state = self.locked();
        let name = known.metadata.name.unwrap();
        if state.pods.contains_key(&name) {
            return Err((409, "AlreadyExists", format!("pods \"{name}\" already exists")));
        }
        if pod["metadata"]["uid"].is_null() {
            pod["metadata"]["uid"] = json!(format!("uid-of-{name}"));
        }
        if pod["status"].is_null() {
            pod["status"] = json!({ "phase": "Pending" });
        }
        Ok(self.happens(&mut state, "ADDED", pod))
    }

    fn change(&self, name: &str, change: &Value) {
        let mut state = self.locked();
        let Some(mut pod) = state.pods.get(name).cloned() else { return };
        lay_over(&mut pod, change);
        self.happens(&mut state, "MODIFIED", pod);
    }

    fn remove(&self, name: &str) {
        let mut state = self.locked();
        if let Some(pod) = state.pods.get(name).cloned() {
            self.happens(&mut state, "DELETED", pod);
        }
    }

    /// Deletes as the API does: by word of the node, or at once, and never before the last finalizer is gone.
    fn delete(self: &Arc<Self>, name: &str, grace: u64) {
        let mut state = self.locked();
        let Some(mut pod) = state.pods.get(name).cloned() else { return };
        pod["metadata"]["deletionTimestamp"] = json!("2026-11-26T12:00:00Z");
        pod["metadata"]["deletionGracePeriodSeconds"] = json!(grace);
        let held = pod["metadata"]["finalizers"].as_array().is_some_and(|all| !all.is_empty());
        let placed = !pod["spec"]["nodeName"].is_null();
        if held {
            self.happens(&mut state, "MODIFIED", pod);
        } else if grace == 0 || !placed {
            self.happens(&mut state, "DELETED", pod);
        } else {
            self.happens(&mut state, "MODIFIED", pod);
            if !state.node_is_lost {
                let (shared, name) = (Arc::clone(self), name.to_owned());
                tokio::spawn(async move {
                    sleep(STEP).await;
                    shared.remove(&name);
                });
            }
        }
    }

    /// Lets what is to become of a Pod happen.
    fn run(self: &Arc<Self>, name: String) {
        let (shared, fate) = (Arc::clone(self), self.locked().fate.clone());
        tokio::spawn(async move {
            for change in fate {
                sleep(STEP).await;
                shared.change(&name, &change);
            }
        });
    }
}

/// As a merge patch does it.
fn lay_over(below: &mut Value, above: &Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                lay_over(below.entry(key).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above.clone(),
    }
}

async fn answer(shared: &Arc<Shared>, request: Request<Incoming>) -> Answer {
    let path = request.uri().path();
    if request.method() == Method::GET && path.ends_with("/portforward") {
        let query = request.uri().query().unwrap_or_default();
        let port = query.rsplit('=').next().and_then(|port| port.parse().ok()).unwrap();
        let fault = {
            let mut state = shared.locked();
            state.asked.push("portforward".to_owned());
            state.faults.get_mut("portforward").and_then(VecDeque::pop_front)
        };
        return Ok(match fault {
            Some(Fault::Says { code, body, .. }) => text(code, body),
            _ => tunnel::accept::<Full<Bytes>>(request, port)
                .map(|body| body.map_err(|never| match never {}).boxed_unsync()),
        });
    }
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let query: BTreeMap<String, String> =
        url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let path = parts.uri.path();
    let Some(rest) = path.strip_prefix(&format!("/api/v1/namespaces/{NAMESPACE}/pods")) else {
        return Ok(refusal(404, "NotFound", &format!("namespaces of {path} not found")));
    };
    let rest: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    let verb = match (&parts.method, &rest[..]) {
        (&Method::POST, []) => "create",
        (&Method::GET, []) if query.get("watch").is_some_and(|it| it == "true") => "watch",
        (&Method::GET, []) => "list",
        (&Method::GET, [_]) => "get",
        (&Method::DELETE, [_]) => "delete",
        (&Method::GET, [_, "log"]) => "log",
        _ => return Ok(refusal(405, "MethodNotAllowed", &format!("{} {path}", parts.method))),
    };
    let fault = {
        let mut state = shared.locked();
        let from = query.get("resourceVersion").map(|from| format!(" {from}")).unwrap_or_default();
        state.asked.push(format!("{verb}{from}"));
        shared.changed.send_replace(());
        state.faults.get_mut(verb).and_then(VecDeque::pop_front)
    };
    if let Some(Fault::Says { code, retry_after, body }) = fault {
        let mut response = text(code, body);
        if let Some(seconds) = retry_after {
            response.headers_mut().insert("retry-after", seconds.to_string().parse().unwrap());
        }
        return Ok(response);
    }
    let name = rest.first().copied().unwrap_or_default();
    let answer = match verb {
        "create" => {
            let strictly = query.get("fieldValidation").is_some_and(|it| it == "Strict");
            match shared.create(serde_json::from_slice(&body).unwrap(), strictly) {
                Ok(pod) => {
                    shared.run(pod["metadata"]["name"].as_str().unwrap().to_owned());
                    object(201, &pod)
                }
                Err((code, reason, message)) => refusal(code, reason, &message),
            }
        }
        "watch" => watch_pods(shared, &query),
        "list" => {
            let state = shared.locked();
            let items: Vec<_> = state.pods.values().filter(|pod| is_selected(pod, &query)).collect();
            let version = state.version.to_string();
            object(
                200,
                &json!({ "kind": "PodList", "apiVersion": "v1", "metadata": { "resourceVersion": version }, "items": items }),
            )
        }
        "get" => match shared.locked().pods.get(name) {
            Some(pod) => object(200, pod),
            None => refusal(404, "NotFound", &format!("pods \"{name}\" not found")),
        },
        "log" => {
            let state = shared.locked();
            match state.pods.get(name) {
                Some(pod) if !pod["spec"]["nodeName"].is_null() => text(200, state.log.clone()),
                Some(_) => refusal(400, "BadRequest", "pod does not have a host assigned"),
                None => refusal(404, "NotFound", &format!("pods \"{name}\" not found")),
            }
        }
        _ => {
            let options: Value = serde_json::from_slice(&body).unwrap_or_default();
            let there = shared.locked().pods.get(name).cloned();
            let uid = &options["preconditions"]["uid"];
            match there {
                None => refusal(404, "NotFound", &format!("pods \"{name}\" not found")),
                Some(pod) if !uid.is_null() && *uid != pod["metadata"]["uid"] => {
                    refusal(409, "Conflict", "the UID in the precondition does not match")
                }
                Some(pod) => {
                    shared.delete(name, options["gracePeriodSeconds"].as_u64().unwrap_or(30));
                    object(200, &pod)
                }
            }
        }
    };
    if matches!(fault, Some(Fault::Forgets)) { Err(Cut) } else { Ok(answer) }
}

fn is_selected(pod: &Value, query: &BTreeMap<String, String>) -> bool {
    let pairs = |selector: &str| -> Vec<(String, String)> {
        let pairs = query.get(selector).map(String::as_str).unwrap_or_default().split(',');
        pairs
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    };
    pairs("labelSelector").iter().all(|(key, value)| pod["metadata"]["labels"][key] == json!(value))
        && pairs("fieldSelector").iter().all(|(key, value)| {
            let pointer = format!("/{}", key.replace('.', "/"));
            pod.pointer(&pointer) == Some(&json!(value))
        })
}

fn watch_pods(shared: &Arc<Shared>, query: &BTreeMap<String, String>) -> Response<Body> {
    let from: u64 = query.get("resourceVersion").and_then(|from| from.parse().ok()).unwrap_or_default();
    let too_old = {
        let state = shared.locked();
        from < state.oldest
    };
    if too_old {
        let gone = json!({ "type": "ERROR", "object": status(410, "Expired", "too old resource version") });
        return text(200, format!("{gone}\n"));
    }
    let query = query.clone();
    let changed = shared.changed.subscribe();
    let (cuts, shared) = (shared.locked().cuts, Arc::clone(shared));
    let bookmarks = query.get("allowWatchBookmarks").is_some_and(|it| it == "true");
    // How far it has come, and whether it breaks then.
    let lines = unfold(Some((from, false)), move |at| {
        let (shared, query, mut changed) = (Arc::clone(&shared), query.clone(), changed.clone());
        async move {
            let (mut from, breaks) = at?;
            if breaks {
                return Some((Err(std::io::Error::other("cut")), None));
            }
            loop {
                changed.borrow_and_update();
                let next = {
                    let state = shared.locked();
                    if state.cuts > cuts {
                        let half = Frame::data(Bytes::from_static(b"{\"type\":\"MODIF"));
                        return Some((Ok(half), Some((from, true))));
                    }
                    state.events.iter().find(|event| event.version > from).cloned()
                };
                let line = match next {
                    Some(event) => {
                        from = event.version;
                        if !is_selected(&event.pod, &query) {
                            continue;
                        }
                        json!({ "type": event.kind, "object": event.pod })
                    }
                    None => match timeout(BOOKMARK, changed.changed()).await {
                        Ok(_) => continue,
                        Err(_) if bookmarks => {
                            from = shared.locked().version.max(from);
                            json!({ "type": "BOOKMARK", "object": { "kind": "Pod", "apiVersion": "v1",
                                "metadata": { "resourceVersion": from.to_string() } } })
                        }
                        Err(_) => continue,
                    },
                };
                let line = Frame::data(Bytes::from(format!("{line}\n")));
                return Some((Ok(line), Some((from, false))));
            }
        }
    });
    respond(200, StreamBody::new(lines).boxed_unsync())
}

fn respond(code: u16, body: Body) -> Response<Body> {
    let builder = Response::builder().status(StatusCode::from_u16(code).unwrap());
    builder.header("content-type", "application/json").body(body).unwrap()
}

fn text(code: u16, text: String) -> Response<Body> {
    respond(code, Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync())
}

fn object(code: u16, value: &Value) -> Response<Body> {
    text(code, value.to_string())
}

/// What the API says when it says no.
pub(crate) fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code, "message": message })
}

fn refusal(code: u16, reason: &str, message: &str) -> Response<Body> {
    object(code, &status(code, reason, message))
}
