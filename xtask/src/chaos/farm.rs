//! A farm of real processes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::clocks::Clocks;
use super::containers::Docker;
use super::engine::Engine;
use super::ground::{self, Ground};
use super::metrics;
use super::program::{self, Program};
use super::proxy::{Line, Proxy};
use super::setting::{Lines, Setting};
use super::store::Store;
use super::wait::{beside, within};
use crate::process::{Problem, with_causes};
use crate::servers::Server;

/// How long something may take that takes a moment, on a machine on which others are at work, too.
pub(super) const MOMENT: Duration = Duration::from_secs(60);

/// A coordinator.
pub(super) struct Coordinator {
    pub(super) program: Program,
    /// Where it listens.
    address: SocketAddr,
    /// Where it tells how it is.
    pub(super) metrics: SocketAddr,
}

/// A worker.
pub(super) struct Worker {
    pub(super) program: Program,
    /// Where it tells how it is.
    pub(super) metrics: SocketAddr,
    /// Its line to the coordinator, where that can be bad.
    line: Option<Proxy>,
}

/// A worker that is gone.
struct Dead {
    pid: u32,
    since: Instant,
}

/// What should have gone and has not.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// How many containers.
    pub(super) containers: usize,
    /// For people.
    pub(super) told: Vec<String>,
}

/// See the module. Everything ends when it is dropped.
pub(super) struct Farm {
    pub(super) coordinators: Vec<Coordinator>,
    pub(super) workers: Vec<Worker>,
    pub(super) clocks: Option<Clocks>,
    pub(super) engine: Option<Engine>,
    pub(super) docker: Docker,
    pub(super) store: Store,
    ground: Rc<Ground>,
    rng: Rng,
    lines: Lines,
    /// One address for all coordinators.
    entrance: Option<Proxy>,
    /// How many workers there were.
    started: usize,
    dead: Vec<Dead>,
    logs: PathBuf,
    directory: TempDir,
}

impl Farm {
    /// Starts it as a fault wants it.
    pub(super) async fn open(
        ground: &Rc<Ground>,
        setting: &Setting,
        rng: Rng,
        logs: &Path,
    ) -> Result<Self, Problem> {
        let made = tempfile::Builder::new().prefix("farm-").tempdir_in(ground.place.path());
        let directory =
            made.map_err(|source| Problem::File { path: ground.place.path().to_owned(), source })?;
        ground::open_to_all(directory.path())?;
        let temporary = directory.path().join("tmp");
        std::fs::create_dir(&temporary)
            .map_err(|source| Problem::File { path: temporary.clone(), source })?;
        let clocks =
            setting.clocks.map(|wrong| Clocks::get(directory.path().join("clocks"), wrong)).transpose()?;
        let engine = if setting.has_engine { Some(Engine::start(&logs.join("engine"))?) } else { None };
        let docker = engine.as_ref().map(Engine::docker).unwrap_or_default();
        let store = Store::make(setting.state, directory.path()).await?;
        let mut farm = Self {
            coordinators: Vec::new(),
            workers: Vec::new(),
            clocks,
            engine,
            docker,
            store,
            ground: Rc::clone(ground),
            rng,
            lines: setting.lines,
            entrance: None,
            started: 0,
            dead: Vec::new(),
            logs: logs.to_owned(),
            directory,
        };
        for _ in 0..setting.coordinators {
            let (address, metrics) = (ground::free_address()?, ground::free_address()?);
            let name = format!("coordinator-{}", farm.coordinators.len() + 1);
            let program = farm.coordinator(&name, address, metrics)?;
            farm.coordinators.push(Coordinator { program, address, metrics });
        }
        for index in 0..setting.coordinators {
            farm.wait_for_coordinator(index).await?;
        }
        let addresses: Vec<SocketAddr> = farm.coordinators.iter().map(|it| it.address).collect();
        if let [_, _, ..] = addresses[..] {
            farm.entrance = Some(Proxy::start(addresses, farm.rng.u64(..)).await?);
        }
        for _ in 0..setting.workers {
            farm.start_worker().await?;
        }
        Ok(farm)
    }

    /// Where workers and clients find a coordinator.
    fn address(&self) -> Result<SocketAddr, Problem> {
        let entrance = self.entrance.as_ref().map(Proxy::address);
        let first = || self.coordinators.first().map(|it| it.address);
        entrance.or_else(first).ok_or_else(|| Problem::unusable("there is no coordinator"))
    }

    /// The same as a URL.
    pub(super) fn url(&self) -> Result<String, Problem> {
        Ok(format!("http://{}", self.address()?))
    }

    fn coordinator(&self, name: &str, address: SocketAddr, metrics: SocketAddr) -> Result<Program, Problem> {
        let (mut arguments, mut environment) = self.store.told();
        let lease = format!("{}ms", self.ground.lease.as_millis());
        arguments
            .extend(["--listen", &address.to_string(), "--metrics", &metrics.to_string()].map(str::to_owned));
        arguments.extend(["--lease".to_owned(), lease]);
        environment.extend(self.environment(name)?);
        Program::start(name, &self.ground.programs.coordinator, arguments, &environment, &self.logs)
    }

    /// What each program is given.
    fn environment(&self, name: &str) -> Result<Vec<(String, String)>, Problem> {
        let temporary = self.directory.path().join("tmp");
        let mut environment = vec![
            ("TMPDIR".to_owned(), temporary.display().to_string()),
            ("MRT_LOG".to_owned(), "warn,mrt=debug".to_owned()),
        ];
        environment.extend(self.docker.host.iter().map(|host| ("DOCKER_HOST".to_owned(), host.clone())));
        if let Some(clocks) = &self.clocks {
            environment.extend(clocks.environment(name)?);
        }
        Ok(environment)
    }

    async fn wait_for_coordinator(&mut self, index: usize) -> Result<(), Problem> {
        let Coordinator { program, metrics, .. } = &mut self.coordinators[index];
        is_ready(program, *metrics).await
    }

    /// SIGKILL to a coordinator.
    pub(super) async fn kill_coordinator(&mut self, index: usize) -> Result<(), Problem> {
        self.coordinators[index].program.kill().await
    }

    /// Starts it again, as it was.
    pub(super) async fn restart_coordinator(&mut self, index: usize) -> Result<(), Problem> {
        let Coordinator { program, address, metrics } = &self.coordinators[index];
        let program = self.coordinator(program.name(), *address, *metrics)?;
        self.coordinators[index].program = program;
        self.wait_for_coordinator(index).await
    }

    /// Starts another worker, and says how it is called.
    pub(super) async fn start_worker(&mut self) -> Result<String, Problem> {
        self.started += 1;
        let name = format!("worker-{}", self.started);
        let metrics = ground::free_address()?;
        let line = match self.lines {
            Lines::Good => None,
            Lines::Own => Some(Proxy::start(vec![self.address()?], self.rng.u64(..)).await?),
        };
        let address = line.as_ref().map_or_else(|| self.address(), |line| Ok(line.address()))?;
        let mut environment = self.environment(&name)?;
        environment.push(("MRT_COORDINATOR".to_owned(), format!("http://{address}")));
        let cache = self.directory.path().join(&name).display().to_string();
        let metrics_address = metrics.to_string();
        let python = self.ground.python.display().to_string();
        let own = ["--host", &name, "--cache", &cache, "--metrics", &metrics_address];
        let arguments = ["--slots", "1", "--python", &python].into_iter().chain(own);
        let mut program =
            Program::start(&name, &self.ground.programs.worker, arguments, &environment, &self.logs)?;
        is_ready(&mut program, metrics).await?;
        self.workers.push(Worker { program, metrics, line });
        Ok(name)
    }

    /// A worker that has not been lost.
    pub(super) fn worker(&mut self, name: &str) -> Result<&mut Worker, Problem> {
        let found = self.workers.iter_mut().find(|worker| worker.program.name() == name);
        found.ok_or_else(|| Problem::unusable(format!("{name} is gone")))
    }

    /// The line of a worker.
    pub(super) fn line(&mut self, name: &str) -> Result<&Proxy, Problem> {
        let none = || Problem::unusable(format!("{name} has no line of its own"));
        self.worker(name)?.line.as_ref().ok_or_else(none)
    }

    /// All lines of workers are like this from now on.
    pub(super) fn set_lines(&self, line: Line) {
        self.workers.iter().filter_map(|worker| worker.line.as_ref()).for_each(|it| it.set(line));
    }

    /// How often connections were cut.
    pub(super) fn cut(&self) -> u64 {
        self.workers.iter().filter_map(|worker| worker.line.as_ref()).map(Proxy::cut).sum()
    }

    /// SIGKILL to a worker.
    pub(super) async fn kill_worker(&mut self, name: &str) -> Result<(), Problem> {
        self.worker(name)?.program.kill().await?;
        self.bury(name)
    }

    /// A worker has ended.
    pub(super) fn bury(&mut self, name: &str) -> Result<(), Problem> {
        let pid = self.worker(name)?.program.pid();
        self.workers.retain(|worker| worker.program.name() != name);
        self.dead.push(Dead { pid, since: Instant::now() });
        Ok(())
    }

    /// A counter, over all coordinators that answer.
    pub(super) async fn count(&self, sample: &str) -> f64 {
        let mut sum = 0.0;
        for coordinator in &self.coordinators {
            sum += metrics::sum(coordinator.metrics, sample).await.unwrap_or_default();
        }
        sum
    }

    /// Waits until a counter has risen above what it was, and says by how much.
    pub(super) async fn rises(&self, sample: &str, from: f64) -> Result<f64, Problem> {
        let what = format!("{sample} to rise");
        within(MOMENT, &what, async || Ok(Some(self.count(sample).await - from).filter(|rise| *rise > 0.0)))
            .await
    }

    /// The server that the state is on.
    pub(super) fn server(&self) -> Result<Arc<Server>, Problem> {
        self.store.server()
    }

    /// Ends everything as it should be ended, and looks what is left.
    pub(super) async fn close(&mut self) -> Result<Left, Problem> {
        let mut left = Left::default();
        for dead in &self.dead {
            let time = (2 * self.ground.lease).saturating_sub(dead.since.elapsed());
            let gone = async || Ok(self.docker.of(&[dead.pid]).await?.is_empty().then_some(()));
            match within(time, "containers of a dead worker to go", gone).await {
                Err(Problem::Late { .. }) => {
                    let containers = self.docker.of(&[dead.pid]).await?.len();
                    left.containers += containers;
                    left.told.push(format!("{containers} containers of a dead worker after two lease times"));
                }
                ended => ended?,
            }
        }
        // Coordinators last: workers have things to give back.
        left.told.extend(ended_well(self.workers.iter_mut().map(|it| &mut it.program)).await?);
        left.told.extend(ended_well(self.coordinators.iter_mut().map(|it| &mut it.program)).await?);
        let containers = self.docker.of(&self.pids()).await?.len();
        if containers > 0 {
            left.containers += containers;
            left.told.push(format!("{containers} containers at the end"));
        }
        left.told.extend(self.processes_left().await);
        left.told.extend(self.files_left());
        Ok(left)
    }

    /// Every process that was a worker of this farm.
    fn pids(&self) -> Vec<u32> {
        let living = self.workers.iter().map(|worker| worker.program.pid());
        living.chain(self.dead.iter().map(|dead| dead.pid)).collect()
    }

    async fn processes_left(&self) -> Vec<String> {
        let engine: Vec<u32> = self.engine.iter().map(Engine::pid).collect();
        let gone = async || Ok(program::adopted(&engine).is_empty().then_some(()));
        if within(Duration::from_secs(10), "processes to end", gone).await.is_ok() {
            return Vec::new();
        }
        let left = program::adopted(&engine);
        left.iter().for_each(|(pid, _)| program::end(*pid));
        left.into_iter().map(|(pid, name)| format!("process {pid} ({name}) is left")).collect()
    }

    fn files_left(&self) -> Vec<String> {
        let workers = (1..=self.started).map(|number| format!("worker-{number}/bundles/partial"));
        let places = workers.chain(["tmp".to_owned()]).map(|place| self.directory.path().join(place));
        let left = places.flat_map(|place| std::fs::read_dir(place).into_iter().flatten().flatten());
        left.map(|entry| format!("{} is left", entry.path().display())).collect()
    }
}

impl Drop for Farm {
    fn drop(&mut self) {
        let workers = self.workers.iter().map(|worker| &worker.program);
        for program in workers.chain(self.coordinators.iter().map(|it| &it.program)) {
            // It may have ended.
            let _ = program.signal(Signal::SIGKILL);
        }
        if let Err(problem) = self.docker.remove(&self.pids()) {
            eprintln!("warning: {}", with_causes(&problem));
        }
    }
}

/// Asks programs to end, all at once, and says which do not do it well.
async fn ended_well(programs: impl Iterator<Item = &mut Program>) -> Result<Vec<String>, Problem> {
    let mut asked = Vec::new();
    for program in programs {
        program.signal(Signal::SIGTERM)?;
        asked.push(program);
    }
    let mut told = Vec::new();
    for program in asked {
        let status = program.ended(MOMENT).await?;
        if !status.success() {
            told.push(format!("{} ended with {status} when asked to", program.name()));
        }
    }
    Ok(told)
}

/// Waits until a program is ready; one that has ended will not be.
async fn is_ready(program: &mut Program, metrics: SocketAddr) -> Result<(), Problem> {
    let what = format!("{} to be ready", program.name());
    within(MOMENT, &what, async || {
        if !program.is_running() {
            let last = program.said();
            let last = last.lines().last().unwrap_or_default();
            return Err(Problem::unusable(format!("{} has ended: {last}", program.name())));
        }
        Ok(metrics::is_ready(metrics).await.filter(|ready| *ready).map(|_| ()))
    })
    .await
}

/// Runs a command of ours, none of whose settings come from our environment, and returns what it wrote to stdout.
pub(super) async fn read(mut command: std::process::Command) -> Result<String, Problem> {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MRT_")) {
        command.env_remove(name);
    }
    beside(move || crate::process::read(&mut command)).await
}
