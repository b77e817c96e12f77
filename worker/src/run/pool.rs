//! The servers of a station: who may start one, which ones wait for the next unit.

use std::sync::{Mutex, MutexGuard, PoisonError};

use mrt_chain::settings::{ServerSettings, Target};
use tokio::sync::Notify;

use super::server::Running;

/// At most so many servers, running for a unit or waiting for one.
pub(super) struct Pool {
    places: Mutex<Places<Running>>,
    changed: Notify,
}

/// Leave to run a server, until it is dropped.
pub(super) struct Place<'a> {
    pool: &'a Pool,
    target: Target,
}

impl Pool {
    pub(super) fn new(limit: usize) -> Self {
        let places = Places { limit, busy: Vec::new(), idle: Vec::new(), aside: Vec::new() };
        Self { places: Mutex::new(places), changed: Notify::new() }
    }

    /// Waits until a server of the target may run. One that has waited for that comes along; otherwise there is room to
    /// start one.
    pub(super) async fn enter(&self, target: &Target) -> (Place<'_>, Option<Running>) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let next = self.places().next(target);
            let place = || Place { pool: self, target: target.clone() };
            match next {
                Next::Wait => changed.await,
                Next::Take(running) if !running.can_wait() => {
                    let place = place();
                    running.stop().await;
                    return (place, None);
                }
                Next::Take(running) => return (place(), Some(running)),
                Next::Start { instead_of } => {
                    let place = place();
                    if let Some(running) = instead_of {
                        running.stop().await;
                    }
                    return (place, None);
                }
            }
        }
    }

    /// Names of the targets of which a server waits.
    pub(super) fn idle(&self) -> Vec<String> {
        self.places().idle.iter().map(|(target, _)| target.name.clone()).collect()
    }

    /// Stops the servers that wait.
    pub(super) async fn cool(&self) {
        let idle = std::mem::take(&mut self.places().idle);
        for (_, running) in idle {
            running.stop().await;
        }
        self.changed.notify_waiters();
    }

    /// Takes out the servers on which something was kept for a look.
    pub(super) fn take_kept(&self) -> Vec<Running> {
        std::mem::take(&mut self.places().aside)
    }

    fn places(&self) -> MutexGuard<'_, Places<Running>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// Takes a server back: for the next unit, for a look, or to stop it.
    pub(super) async fn give_back(self, running: Running, reusable: bool) {
        if running.holds_kept {
            self.pool.places().aside.push(running);
        } else if reusable && running.can_wait() {
            self.pool.places().idle.push((self.target.clone(), running));
        } else {
            running.stop().await;
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut places = self.pool.places();
        if let Some(at) = places.busy.iter().position(|target| *target == self.target) {
            places.busy.remove(at);
        }
        drop(places);
        self.pool.changed.notify_waiters();
    }
}

/// Who has a place. Pure.
struct Places<S> {
    limit: usize,
    /// Targets for which a server runs.
    busy: Vec<Target>,
    /// Servers that wait for a unit; the one that has waited longest first.
    idle: Vec<(Target, S)>,
    /// Servers on which something was kept for a look; they have no place any more.
    aside: Vec<S>,
}

/// How a target comes to a server.
#[derive(Debug, PartialEq, Eq)]
enum Next<S> {
    /// It has to wait.
    Wait,
    /// By one that has waited for it.
    Take(S),
    /// By a start, after another one was stopped when there are too many.
    Start { instead_of: Option<S> },
}

impl<S> Places<S> {
    /// Gives a place away, if that can be.
    fn next(&mut self, target: &Target) -> Next<S> {
        // Two would change the roles of a server that they share.
        let is_shared = matches!(target.server, ServerSettings::External { .. });
        if is_shared && self.busy.contains(target) {
            return Next::Wait;
        }
        if let Some(at) = self.idle.iter().rposition(|(other, _)| other == target) {
            self.busy.push(target.clone());
            return Next::Take(self.idle.remove(at).1);
        }
        if self.busy.len() >= self.limit {
            return Next::Wait;
        }
        let is_full = self.busy.len() + self.idle.len() >= self.limit;
        self.busy.push(target.clone());
        Next::Start { instead_of: is_full.then(|| self.idle.remove(0).1) }
    }
}

#[cfg(test)]
mod tests {
    use mrt_chain::settings::{EngineKind, Role};

    use super::*;

    fn target(name: &str) -> Target {
        let docker = ServerSettings::Docker { image: None, arguments: Vec::new() };
        let external = ServerSettings::External { url: Some(name.to_owned()), url_env: None };
        Target {
            name: name.to_owned(),
            engine: EngineKind::Postgres,
            version: None,
            server: if name.contains("://") { external } else { docker },
            initial_sql: Vec::new(),
            locale: None,
            extensions: Vec::new(),
            role: Role::Owner,
            disk: 0,
        }
    }

    fn places(limit: usize, idle: &[(&str, u32)]) -> Places<u32> {
        let idle = idle.iter().map(|(name, server)| (target(name), *server)).collect();
        Places { limit, busy: Vec::new(), idle, aside: Vec::new() }
    }

    #[test]
    fn a_server_that_waits_is_taken_the_last_one_first() {
        let mut places = places(3, &[("a", 1), ("b", 2), ("a", 3)]);
        assert_eq!(places.next(&target("a")), Next::Take(3));
        assert_eq!(places.next(&target("a")), Next::Take(1));
        let other = Target { disk: 1, ..target("b") };
        assert_eq!(places.next(&other), Next::Start { instead_of: Some(2) }, "of other settings");
    }

    #[test]
    fn there_are_never_more_servers_than_places() {
        let mut places = places(2, &[("a", 1)]);
        assert_eq!(places.next(&target("b")), Next::Start { instead_of: None });
        assert_eq!(places.next(&target("b")), Next::Start { instead_of: Some(1) });
        assert_eq!(places.next(&target("a")), Next::Wait);
        places.busy.pop();
        assert_eq!(places.next(&target("a")), Next::Start { instead_of: None });
    }

    #[test]
    fn a_server_that_is_given_serves_one_unit_at_a_time() {
        let mut places = places(3, &[]);
        assert_eq!(places.next(&target("pg://x")), Next::Start { instead_of: None });
        assert_eq!(places.next(&target("pg://x")), Next::Wait);
        assert_eq!(places.next(&target("pg://y")), Next::Start { instead_of: None });
    }
}
