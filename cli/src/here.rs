//! Checks suites on their targets in this process. Goes as soon as `run` is a coordinator and a worker.

use std::collections::BTreeMap;
use std::sync::Arc;

use mrt_chain::graph::Chain;
use mrt_chain::selection::{Selection, Wanted};
use mrt_chain::settings::{Suite, Target};
use mrt_report::{Cell, Report, Verdict};
use mrt_worker::host::environment;
use mrt_worker::run::{RunError, Station, StationOptions, Unit, UnitEvent};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::error::CliError;
use crate::progress::Event;

/// What to check and how.
pub(crate) struct Options {
    pub(crate) jobs: usize,
    pub(crate) keep: bool,
    pub(crate) seed_all: bool,
    pub(crate) wanted: Wanted,
    pub(crate) today: jiff::civil::Date,
}

/// One suite on one target.
struct Column {
    place: usize,
    suite: Arc<Suite>,
    target: Target,
    chain: Arc<Chain>,
    selection: Selection,
}

/// Checks what is wanted. After a cancellation the cells that were not done come back as `error`.
pub(crate) async fn check(
    suites: Vec<Suite>,
    options: Options,
    events: mpsc::UnboundedSender<Event>,
    cancel: CancellationToken,
) -> Result<Report, CliError> {
    // Suites share a target's server, one after the other; targets work side by side.
    let mut groups: Vec<Vec<Column>> = Vec::new();
    let mut place = 0;
    for suite in suites.into_iter().map(Arc::new) {
        for target in &suite.targets {
            let unreadable = |source| RunError::Chain { suite: suite.name.clone(), source: Box::new(source) };
            let chain = suite.chain(target.engine).map_err(|error| CliError::Run(unreadable(error)))?;
            let selection =
                Selection::of(&suite, target, &chain, &options.wanted).map_err(CliError::Selection)?;
            let (suite, chain) = (Arc::clone(&suite), Arc::new(chain));
            let column = Column { place, suite, target: target.clone(), chain, selection };
            place += 1;
            match groups.iter_mut().find(|group| group[0].target == *target) {
                Some(group) => group.push(column),
                None => groups.push(vec![column]),
            }
        }
    }
    let station = Arc::new(Station::new(StationOptions {
        jobs: options.jobs,
        keep: options.keep,
        interpreter: None,
        cache: environment::default_cache_dir(),
    }));
    let turns = Arc::new(Semaphore::new(options.jobs.max(1)));
    let stop = cancel.child_token();
    let mut running = JoinSet::new();
    for group in groups {
        let (station, turns, events, stop) = (station.clone(), turns.clone(), events.clone(), stop.clone());
        let (seed_all, today) = (options.seed_all, options.today);
        running.spawn(async move {
            let _turn = turns.acquire().await;
            let mut done = Vec::new();
            for column in group {
                let cells = column.check(&station, (seed_all, today), &events, &stop).await;
                if cells.is_err() {
                    stop.cancel();
                }
                done.push((column.place, cells));
            }
            done
        });
    }
    let mut columns: Vec<_> = running.join_all().await.into_iter().flatten().collect();
    columns.sort_by_key(|(place, _)| *place);
    for what in station.close().await {
        let _ = events.send(Event::Preparing { suite: String::new(), target: None, what });
    }
    let columns: Result<Vec<_>, _> = columns.into_iter().map(|(_, cells)| cells).collect();
    columns.map(Report::merge).map_err(CliError::Run)
}

impl Column {
    async fn check(
        &self,
        station: &Station,
        (seed_all, today): (bool, jiff::civil::Date),
        events: &mpsc::UnboundedSender<Event>,
        stop: &CancellationToken,
    ) -> Result<Vec<Cell>, RunError> {
        let Selection { judged, skipped } = &self.selection;
        // Nobody takes any away.
        let (_all, cells) = watch::channel(judged.clone());
        let (suite, chain) = (Arc::clone(&self.suite), Arc::clone(&self.chain));
        let unit = Unit { suite, target: self.target.clone(), chain, cells, seed_all, today };
        let (sender, mut told) = mpsc::unbounded_channel();
        let mut done = BTreeMap::new();
        let checking = async {
            let result = station.check(&unit, &sender, stop).await;
            drop(sender);
            result
        };
        let telling = async {
            while let Some(event) = told.recv().await {
                self.take(event, &mut done, events);
            }
        };
        tokio::join!(checking, telling).0?;
        for &position in judged {
            done.entry(position).or_insert_with(|| {
                let reason = "the run was interrupted before this cell was done";
                self.tell_cell(events, self.untried(position, Verdict::Error, reason))
            });
        }
        for (&position, reason) in skipped {
            let cell = self.untried(position, Verdict::Skip, reason);
            done.insert(position, self.tell_cell(events, cell));
        }
        let (suite, target) = (self.suite.name.clone(), self.target.name.clone());
        let _ = events.send(Event::TargetFinished { suite, target });
        Ok(done.into_values().collect())
    }

    fn take(
        &self,
        event: UnitEvent,
        done: &mut BTreeMap<usize, Cell>,
        events: &mpsc::UnboundedSender<Event>,
    ) {
        let Selection { judged, skipped } = &self.selection;
        let (suite, target) = (self.suite.name.clone(), self.target.name.clone());
        let event = match event {
            UnitEvent::Preparing(what) => Event::Preparing { suite, target: Some(target), what },
            UnitEvent::Serving(server) => {
                Event::TargetStarted { suite, target, cells: judged.len() + skipped.len(), server }
            }
            UnitEvent::At(now) => match now.intersection(judged).last() {
                Some(&position) => {
                    let revision = self.chain.revisions()[position].id.clone();
                    Event::CellStarted { suite, target, revision }
                }
                None => return,
            },
            UnitEvent::Stands(_) => return,
            UnitEvent::Finished { position, cell } => {
                done.insert(position, self.tell_cell(events, *cell));
                return;
            }
            UnitEvent::Failed { position, reason } => {
                let cell = self.untried(position, Verdict::Error, &reason);
                done.insert(position, self.tell_cell(events, cell));
                return;
            }
        };
        let _ = events.send(event);
    }

    fn tell_cell(&self, events: &mpsc::UnboundedSender<Event>, cell: Cell) -> Cell {
        let _ = events.send(Event::CellFinished(Box::new(cell.clone())));
        cell
    }

    fn untried(&self, position: usize, verdict: Verdict, reason: &str) -> Cell {
        let revision = &self.chain.revisions()[position];
        let (suite, target) = (&self.suite.name, &self.target.name);
        Cell::untried(suite, target, &revision.id, &revision.title, verdict, reason.to_owned())
    }
}
