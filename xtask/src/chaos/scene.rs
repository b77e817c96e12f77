//! A run on a farm, to which something happens.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::chain::{self, POSTGRES, TARGETS};
use super::events::{Events, Seen};
use super::farm::{Farm, MOMENT, read};
use super::ground::Ground;
use super::program::{Program, is_below};
use super::report::{CellName, Report};
use super::setting::{Gate, Setting};
use super::wait::within;
use crate::process::Problem;

/// How long the farm may take to come to a gate, or to an end, beside what a single process takes for everything.
const WAY: Duration = Duration::from_secs(240);

/// See the module.
pub(super) struct Scene {
    pub(super) ground: Rc<Ground>,
    pub(super) farm: Farm,
    /// Where the fault strikes: this upgrade waits at its gate.
    pub(super) cell: CellName,
    pub(super) events: Events,
    run: String,
    /// Follows the run as people do.
    client: Program,
    output: PathBuf,
}

/// A worker in the middle of the upgrade at which the fault strikes.
#[derive(Debug, Clone)]
pub(super) struct Caught {
    /// The worker's name.
    pub(super) worker: String,
    /// The process that applies the revision.
    pub(super) process: u32,
}

/// A fault that has struck.
#[derive(Debug)]
pub(super) struct Struck {
    /// When.
    pub(super) at: Instant,
    /// What shows that the farm has got over it; nothing stands for any result.
    pub(super) cell: Option<CellName>,
    /// The cells that have to be `error`.
    pub(super) errors: BTreeSet<CellName>,
    /// What shows that it has struck.
    pub(super) proof: String,
}

impl Struck {
    /// It has struck a cell.
    pub(super) fn cell(at: Instant, cell: &CellName, proof: String) -> Self {
        Self { at, cell: Some(cell.clone()), errors: BTreeSet::new(), proof }
    }

    /// It has struck everything.
    pub(super) fn all(at: Instant, proof: String) -> Self {
        Self { at, cell: None, errors: BTreeSet::new(), proof }
    }
}

/// What became of a run.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) lost: usize,
    pub(super) twice: usize,
    pub(super) containers: usize,
    pub(super) recovered: Option<Duration>,
    pub(super) proof: String,
    /// What is not as it has to be.
    pub(super) wrong: Vec<String>,
}

impl Scene {
    /// Submits the chain to a new farm, with a gate closed.
    pub(super) async fn open(
        ground: &Rc<Ground>,
        setting: &Setting,
        mut rng: Rng,
        logs: &Path,
    ) -> Result<Self, Problem> {
        ground.gates.clear()?;
        let revision = match setting.gate {
            Gate::Trunk => chain::at(ground.revisions, rng.usize(15..45)),
            Gate::Deadly => chain::DEADLY.to_owned(),
        };
        let cell = CellName::new(&revision, POSTGRES);
        ground.gates.close(&cell.revision, &cell.target)?;
        let farm = Farm::open(ground, setting, rng.fork(), logs).await?;
        let url = farm.url()?;
        let mut submit = Command::new(&ground.programs.cli);
        submit.arg("submit").arg(&ground.project).args(["--detach", "--quiet", "--coordinator", &url]);
        let run = read(submit).await?;
        let events = Events::watch(url.clone(), run.clone());
        let output = logs.join("watched.json");
        let shown = output.display().to_string();
        let watch = ["watch", &run, "--coordinator", &url, "--format", "json", "--output", &shown];
        let client = Program::start("watch", &ground.programs.cli, watch, &[], logs)?;
        Ok(Self { ground: Rc::clone(ground), farm, cell, events, run, client, output })
    }

    /// Waits until a worker is in the middle of the upgrade at the closed gate, and has said so.
    pub(super) async fn catch(&self) -> Result<Caught, Problem> {
        let CellName { revision, target } = &self.cell;
        let what = format!("a worker in the middle of {}", self.cell);
        within(WAY + self.ground.alone, &what, async || {
            let Some(caught) = self.at_the_gate(revision, target)? else { return Ok(None) };
            let begun = |seen: &Seen| self.is_begun_by(seen, |host| host == caught.worker);
            Ok(self.events.any(begun).then_some(caught))
        })
        .await
    }

    /// Who is at a gate.
    pub(super) fn at_the_gate(&self, revision: &str, target: &str) -> Result<Option<Caught>, Problem> {
        for process in self.ground.gates.at(revision, target)? {
            let programs = self.farm.workers.iter().map(|worker| &worker.program);
            for program in programs {
                if is_below(process, program.pid()) {
                    return Ok(Some(Caught { worker: program.name().to_owned(), process }));
                }
            }
        }
        Ok(None)
    }

    /// Waits until another worker begins with what one was at, and says which.
    pub(super) async fn passes_on(&self, from: &str) -> Result<String, Problem> {
        let what = format!("another worker than {from} to begin with {}", self.cell);
        let other = |seen: &Seen| {
            let (_, _, host) = seen.started()?;
            self.is_begun_by(seen, |host| host != from).then(|| host.to_owned())
        };
        self.events.wait(MOMENT, &what, other).await
    }

    /// Waits until the cell at the gate has its result.
    pub(super) async fn is_counted(&self) -> Result<(), Problem> {
        let what = format!("the result of {}", self.cell);
        let counted = |seen: &Seen| (seen.finished()? == self.cell).then_some(());
        self.events.wait(MOMENT, &what, counted).await
    }

    fn is_begun_by(&self, seen: &Seen, is_it: impl Fn(&str) -> bool) -> bool {
        seen.started().is_some_and(|(column, revision, host)| {
            let target = usize::try_from(column).ok().and_then(|column| TARGETS.get(column).copied());
            target == Some(&*self.cell.target) && revision == self.cell.revision && is_it(host)
        })
    }

    /// Waits for the run's end, and looks at everything.
    pub(super) async fn finish(&mut self, struck: Struck, setting: &Setting) -> Result<Outcome, Problem> {
        self.ground.gates.open()?;
        self.events.ended(WAY + 3 * self.ground.alone).await?;
        let status = self.client.ended(MOMENT).await?;
        let mut outcome = Outcome { proof: struck.proof, ..Outcome::default() };
        // What is wrong in the reference is found all the same, which goes before cells that are `error`.
        if status.code() != self.ground.exit_code {
            outcome.wrong.push(format!("`mrt-cli watch` ended with {status}"));
        }
        let report = self.report().await?;
        let difference = report.differs_from(&self.ground.reference, &struck.errors);
        outcome.wrong.extend(difference.told);
        let watched = Report::read(&self.output)?.differs_from(&report, &BTreeSet::new());
        outcome.wrong.extend(watched.told.iter().map(|it| format!("`watch` shows another report: {it}")));
        if setting.is_free {
            let tried = self.ground.reference.attempts();
            let more = report.attempts().into_iter().filter(|(cell, tries)| tried.get(cell) != Some(tries));
            outcome.wrong.extend(more.map(|(cell, tries)| format!("{cell} was tried {tries} times")));
        }
        outcome.wrong.extend(self.events.gaps());
        let finished = self.events.finished();
        let twice = finished.iter().filter(|(_, times)| **times > 1).map(|(cell, _)| cell.clone());
        let twice: BTreeSet<CellName> = twice.chain(difference.twice).collect();
        let untold = self.ground.reference.verdicts().into_keys().filter(|it| !finished.contains_key(it));
        let lost: BTreeSet<CellName> = untold.chain(difference.lost).collect();
        outcome.wrong.extend(twice.iter().map(|cell| format!("{cell} is counted twice")));
        outcome.wrong.extend(lost.iter().map(|cell| format!("{cell} is lost")));
        (outcome.lost, outcome.twice) = (lost.len(), twice.len());
        let recovered = self.events.next_result(struck.at, struck.cell.as_ref());
        outcome.recovered = recovered.map(|at| at - struck.at);
        let left = self.farm.close().await?;
        outcome.containers = left.containers;
        outcome.wrong.extend(left.told);
        Ok(outcome)
    }

    async fn report(&self) -> Result<Report, Problem> {
        let output = self.output.with_file_name("report.json");
        let mut report = Command::new(&self.ground.programs.cli);
        report.args(["report", &self.run, "--quiet", "--coordinator", &self.farm.url()?]);
        report.args(["--format", "json", "--output"]).arg(&output);
        // It ends by the verdict, as `watch` does.
        let ended = read(report).await;
        if !output.exists() {
            ended?;
        }
        Report::read(&output)
    }
}
