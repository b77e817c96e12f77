//! What is said, and when.

use std::time::{Duration, Instant};

use mrt_chain::settings::EngineKind;
use mrt_proto::v1;
use mrt_proto::v1::worker_message::Message;

use super::{Desk, Letter, Link, Said};
use crate::run::lacks;

/// What this worker serves: every engine but those for which the machine lacks something, and those, too, where it is `alone`.
/// Containers come on top, where there is an engine for them.
pub(super) fn serves(alone: bool) -> impl Iterator<Item = (&'static str, bool)> {
    let ways = |engine: EngineKind| if engine.has_server() { &[false, true][..] } else { &[false] };
    EngineKind::ALL
        .into_iter()
        .flat_map(move |engine| ways(engine).iter().map(move |containers| (engine, *containers)))
        .filter(move |(engine, containers)| alone || lacks(*engine, *containers).is_none())
        .map(|(engine, containers)| (engine.as_str(), containers))
}

impl Desk {
    /// The next message, if there is one to send now. It counts as sent.
    pub(in crate::agent) fn next(&mut self, now: Instant) -> Option<Message> {
        self.pass(now);
        if self.link.as_ref()?.is_due(now) {
            let state = self.state();
            self.held.values_mut().for_each(|held| held.said.clone_from(&held.at));
            let link = self.link.as_mut()?;
            link.news = false;
            link.last_state = Some(now);
            link.states.push_back(Said { sent: now, draining: state.draining });
            return Some(Message::State(state));
        }
        let resend = self.resend();
        if let Some(letter) = self.outbox.values_mut().find(|letter| letter.is_due(now, resend)) {
            letter.sent = Some(now);
            return Some(letter.message.clone());
        }
        self.notes.pop_front().map(Message::Note)
    }

    /// Whether there is something to send.
    pub(in crate::agent) fn has_next(&self, now: Instant) -> bool {
        let letters = || self.outbox.values().any(|letter| letter.is_due(now, self.resend()));
        self.link.as_ref().is_some_and(|link| link.is_due(now) || letters() || !self.notes.is_empty())
    }

    /// When something is to be done or said although nothing happens.
    pub(in crate::agent) fn deadline(&self) -> Option<Instant> {
        let fence = self.answered.map(|answered| answered + self.lease);
        let ends = self.drain.iter().flat_map(|drain| {
            let grace = (!drain.over).then(|| drain.since + self.settings.grace);
            grace.into_iter().chain([self.patience(drain)])
        });
        let link = self.link.as_ref();
        let state = link.and_then(|link| Some(link.last_state? + link.state_every));
        let letters = self.outbox.values().filter(|_| link.is_some()).filter_map(|letter| letter.sent);
        let resent = letters.min().map(|sent| sent + self.resend());
        fence.into_iter().chain(ends).chain(state).chain(resent).chain(self.rests).min()
    }

    /// How long an acknowledgement may take.
    fn resend(&self) -> Duration {
        self.lease / 2
    }

    fn state(&self) -> v1::WorkerState {
        let serves = serves(self.settings.alone).filter(|(_, containers)| self.settings.containers || !containers);
        let held = self.held.iter().map(|(key, held)| v1::HeldShard {
            lease: Some(key.lease()),
            at: held.at.iter().copied().collect(),
            stands: held.stands,
            handed_back: held.handed_back,
        });
        v1::WorkerState {
            serves: serves
                .map(|(engine, containers)| v1::Capability { engine: engine.to_owned(), containers })
                .collect(),
            slots: if self.rests.is_some() { 0 } else { self.settings.slots },
            warm: self.warm.clone(),
            held: held.collect(),
            draining: self.drain.is_some(),
        }
    }
}

impl Link {
    fn is_due(&self, now: Instant) -> bool {
        self.news || self.last_state.is_none_or(|last| now >= last + self.state_every)
    }
}

impl Letter {
    fn is_due(&self, now: Instant, resend: Duration) -> bool {
        self.sent.is_none_or(|sent| now >= sent + resend)
    }
}
