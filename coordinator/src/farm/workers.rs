//! Workers: what they say, and what they are told to do.

use std::collections::BTreeSet;

use mrt_proto::v1;
use mrt_report::Cell;
use serde::{Deserialize, Serialize};

use super::{Changes, Ended, Farm, Settings, Worker};
use crate::lease::{Answer, Column, Lease, Time, WorkerId};
use crate::plan::{Capability, Choice, ColumnId, Free, choose};

/// The state that a worker says it is in, less what it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// What it can serve.
    pub serves: BTreeSet<Capability>,
    /// Targets of which it has a server running.
    pub warm: BTreeSet<String>,
    /// How many shards it holds at most.
    pub slots: usize,
    /// It takes nothing new.
    pub draining: bool,
}

/// All that a worker says at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// Who.
    pub worker: WorkerId,
    /// Its host.
    pub host: String,
    /// Its version.
    pub version: String,
    /// The state that it is in.
    pub said: Said,
    /// What it believes to hold: revisions at which it is, and whether it gives the shard back.
    pub held: Vec<(ColumnId, Lease, BTreeSet<usize>, bool)>,
}

/// A shard that is a worker's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Its column.
    pub column: ColumnId,
    /// Under what it is held.
    pub lease: Lease,
    /// As it goes over the wire.
    pub wire: v1::Assignment,
}

impl Farm {
    /// A worker lives and says how it is. The answer is all that is its own from now on.
    pub fn heard(
        &mut self,
        settings: &Settings,
        now: Time,
        spoken: &Spoken,
        changes: &mut Changes,
    ) -> Vec<Assignment> {
        self.meet(settings, now, spoken, changes);
        let until = Time(now.0 + settings.lease);
        for (id, lease, at, handed_back) in &spoken.held {
            let Some(plan) = self.plans.get_mut(id) else { continue };
            changes.touch(*id, &plan.column);
            if *handed_back {
                plan.column.hand_back(lease);
                continue;
            }
            let new = started(&plan.column, lease, at);
            if plan.column.renew(lease, at, until).is_none() {
                continue;
            }
            let (run, Some(chain)) = (plan.run, self.chains.get(id)) else { continue };
            let (place, host) = (chain.place, &spoken.host);
            let started: Vec<v1::CellStarted> = new
                .into_iter()
                .filter_map(|position| {
                    let (revision, _) = chain.revisions.get(position)?.clone();
                    let position = u32::try_from(position).unwrap_or(u32::MAX);
                    Some(v1::CellStarted { column: place, position, host: host.clone(), revision })
                })
                .collect();
            for started in started {
                self.tell(run, v1::run_event::Event::Started(started), changes);
            }
        }
        self.offer(settings, now, spoken, changes)
    }

    /// There may be something to do for a worker that has said how it is. The answer is all that is its own from now on.
    pub fn offer(
        &mut self,
        settings: &Settings,
        now: Time,
        spoken: &Spoken,
        changes: &mut Changes,
    ) -> Vec<Assignment> {
        self.assign(settings, now, spoken, changes);
        self.orders(spoken.worker)
    }

    /// Remembers who is there. Only now and then that is written down: others look at it as rarely.
    fn meet(&mut self, settings: &Settings, now: Time, spoken: &Spoken, changes: &mut Changes) {
        let known = self.workers.get(&spoken.worker);
        let is_news = known.is_none_or(|known| {
            let Said { serves, slots, draining, .. } = &known.said;
            let same =
                (serves, slots, draining) == (&spoken.said.serves, &spoken.said.slots, &spoken.said.draining);
            !same || now.0.saturating_sub(known.seen.0) > settings.lease / 3
        });
        if is_news {
            let (host, version, said) = (spoken.host.clone(), spoken.version.clone(), spoken.said.clone());
            self.workers.insert(spoken.worker, Worker { host, version, said, seen: now });
            changes.workers.insert(spoken.worker);
        } else if let Some(known) = self.workers.get_mut(&spoken.worker) {
            known.said = spoken.said.clone();
        }
    }

    fn assign(&mut self, settings: &Settings, now: Time, spoken: &Spoken, changes: &mut Changes) {
        let Spoken { worker, said, .. } = spoken;
        if said.draining {
            return;
        }
        let until = Time(now.0 + settings.lease);
        let others = self.live(settings, now).filter(|(id, _)| *id != worker);
        let mut free = Free {
            worker: *worker,
            serves: said.serves.clone(),
            warm: said.warm.clone(),
            stands: None,
            idle: true,
            others: others.flat_map(|(_, other)| other.said.serves.clone()).collect(),
        };
        loop {
            let (held, alone) = self.load(*worker);
            free.idle = held == 0;
            if held >= said.slots || alone || (held > 0 && self.makes_room(settings, now, spoken)) {
                return;
            }
            let Some(choice) = choose(&free, &self.plans) else { return };
            let (Choice::Lease { column, .. } | Choice::Steal { column, .. }) = choice;
            let Some(plan) = self.plans.get_mut(&column) else { return };
            changes.touch(column, &plan.column);
            let leased = match choice {
                Choice::Lease { shard, .. } => plan.column.lease(shard, *worker, until),
                Choice::Steal { shard, first, .. } => plan.column.steal(shard, first, *worker, until),
            };
            if leased.is_none() {
                return;
            }
        }
    }

    /// How many shards a worker holds, and whether one of them is to be alone there.
    fn load(&self, worker: WorkerId) -> (usize, bool) {
        let shards =
            self.plans.values().flat_map(|plan| plan.column.shards().iter().map(move |shard| (plan, shard)));
        let own = shards.filter(|(_, shard)| shard.holder.as_ref().is_some_and(|it| it.worker == worker));
        own.fold((0, false), |(held, alone), (plan, shard)| {
            (held + 1, alone || plan.column.is_suspect(shard))
        })
    }

    /// Whether a worker takes nothing more until it holds nothing, since something waits that is to be alone: of all that could
    /// take it this one has the least to do.
    fn makes_room(&self, settings: &Settings, now: Time, spoken: &Spoken) -> bool {
        let served = self.plans.values().filter(|plan| spoken.said.serves.contains(&plan.needs));
        let shards = served.flat_map(|plan| plan.column.shards().iter().map(move |shard| (plan, shard)));
        let mut alone =
            shards.filter(|(plan, shard)| plan.column.waits(shard) && plan.column.is_suspect(shard));
        alone.any(|(plan, shard)| {
            let able = self.live(settings, now).filter(|(_, it)| it.said.serves.contains(&plan.needs));
            let first = able.map(|(id, _)| (Some(*id) == shard.avoid, self.load(*id).0, *id)).min();
            first.is_some_and(|(_, _, id)| id == spoken.worker)
        })
    }

    /// All that is a worker's own.
    fn orders(&self, worker: WorkerId) -> Vec<Assignment> {
        let mut orders = Vec::new();
        for (&column, plan) in &self.plans {
            let (Some(chain), Some(run)) = (self.chains.get(&column), self.runs.get(&plan.run)) else {
                continue;
            };
            for shard in plan.column.shards() {
                if shard.holder.as_ref().is_none_or(|holder| holder.worker != worker) {
                    continue;
                }
                let lease = Lease { shard: shard.id, epoch: shard.epoch, worker };
                let wire = v1::Assignment {
                    lease: Some(v1::Lease {
                        run: plan.run.0.to_string(),
                        column: column.0,
                        shard: shard.id.0,
                        epoch: shard.epoch,
                    }),
                    bundle: chain.bundle.clone(),
                    suite: chain.suite.clone(),
                    target: plan.target.clone(),
                    cells: shard.cells.iter().map(|&cell| u32::try_from(cell).unwrap_or(u32::MAX)).collect(),
                    options: Some(run.options.clone()),
                };
                orders.push(Assignment { column, lease, wire });
            }
        }
        orders
    }

    /// How a cell ended.
    pub fn result(
        &mut self,
        (id, lease): (ColumnId, &Lease),
        position: usize,
        ended: &Ended,
        changes: &mut Changes,
    ) -> Answer {
        let (Some(plan), Some(chain)) = (self.plans.get_mut(&id), self.chains.get(&id)) else {
            return Answer::Refused;
        };
        let run = plan.run;
        changes.touch(id, &plan.column);
        let revision = chain.revisions.get(position).map(|(revision, _)| revision);
        let named = |cell: &Cell| {
            (Some(&cell.revision), &cell.suite, &cell.target) == (revision, &chain.suite, &plan.target)
        };
        let (answer, given_up) = match ended {
            Ended::Infrastructure(reason) => plan.column.fail(lease, position, reason),
            Ended::Cell(cell) if named(cell) => {
                let before = plan.column.attempts(position);
                let answer = plan.column.accept(lease, position);
                if answer == Answer::Accepted {
                    let cell = Cell { attempts: cell.attempts.saturating_add(before), ..(**cell).clone() };
                    self.finish(run, id, position, cell, changes);
                }
                (answer, Vec::new())
            }
            // A worker that reads the chain otherwise than the one who submitted it.
            Ended::Cell(_) => {
                plan.column.fail(lease, position, "the worker has sent the result of another cell")
            }
        };
        self.give_up(id, given_up, changes);
        self.end_runs(changes);
        answer
    }

    /// A worker cannot check a shard at all. Where that is the project's doing, its column ends.
    pub fn failed(
        &mut self,
        (id, lease): (ColumnId, &Lease),
        failure: &v1::Failure,
        project: bool,
        changes: &mut Changes,
    ) -> Answer {
        let Some(plan) = self.plans.get_mut(&id) else { return Answer::Refused };
        changes.touch(id, &plan.column);
        let reason = failure.causes.join(": ");
        let (answer, mut given_up) = plan.column.refuse(lease, &reason);
        if answer == Answer::Accepted && project {
            given_up.extend(plan.column.cancel(&reason));
        }
        if !given_up.is_empty()
            && let Some(chain) = self.chains.get_mut(&id)
        {
            chain.failure = Some(failure.clone());
            changes.chains.insert(id);
            let failed = v1::ColumnFailed { column: chain.place, failure: Some(failure.clone()) };
            let run = plan.run;
            self.tell(run, v1::run_event::Event::Failed(failed), changes);
        }
        self.give_up(id, given_up, changes);
        self.end_runs(changes);
        answer
    }

    /// What a worker is busy with, for people; only a holder is listened to.
    pub fn note(&mut self, (id, lease): (ColumnId, &Lease), note: v1::note::Note, changes: &mut Changes) {
        let (Some(plan), Some(chain)) = (self.plans.get(&id), self.chains.get(&id)) else { return };
        if plan.column.is_held(lease) {
            let host = self.workers.get(&lease.worker).map(|worker| worker.host.clone()).unwrap_or_default();
            let note = v1::Note { column: chain.place, host, note: Some(note) };
            self.tell(plan.run, v1::run_event::Event::Note(note), changes);
        }
    }
}

/// Which open cells of a shard its holder has come to since it last spoke.
fn started(column: &Column, lease: &Lease, at: &BTreeSet<usize>) -> Vec<usize> {
    let held = |shard: &&crate::lease::Shard| shard.id == lease.shard && column.is_held(lease);
    let Some(shard) = column.shards().iter().find(held) else { return Vec::new() };
    let before = shard.holder.as_ref().map(|holder| &holder.at);
    let is_new = |cell: &&usize| before.is_none_or(|before| !before.contains(cell));
    at.intersection(&shard.cells).filter(is_new).copied().collect()
}
