//! A PostgreSQL server for the tests that are given one.

use std::path::Path;
use std::process::id;
use std::time::{Duration, Instant};

use crate::process::{Problem, command, read, succeeds};

const LABEL: &str = "mrt.xtask.pid";
const START_LIMIT: Duration = Duration::from_secs(60);

/// A server in a container, removed when this value goes.
pub(crate) struct Postgres {
    image: String,
    container: String,
    url: String,
}

impl Postgres {
    /// A server for tests: fast, and empty after a restart.
    pub(crate) fn start(image: &str) -> Result<Self, Problem> {
        let memory = ["--tmpfs", "/var/lib/postgresql/data:rw,size=4g"];
        let careless = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200"];
        Self::run(image, "127.0.0.1::5432", &memory, &careless)
    }

    /// A server that can be taken down and started again: what was committed is there, at the same URL.
    pub(crate) fn start_durable(image: &str) -> Result<Self, Problem> {
        let port = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .map_err(|error| Problem::unusable(format!("there is no free port: {error}")))?
            .port();
        Self::run(image, &format!("127.0.0.1:{port}:5432"), &[], &[])
    }

    fn run(image: &str, publish: &str, docker: &[&str], server: &[&str]) -> Result<Self, Problem> {
        sweep()?;
        let random = "/proc/sys/kernel/random/uuid";
        let password = std::fs::read_to_string(random)
            .map_err(|error| Problem::unusable(format!("cannot read {random}: {error}")))?;
        let password = password.trim();
        let label = format!("{LABEL}={}", id());
        let mut run = command("docker", ["run", "--detach", "--label", &label, "--publish", publish]);
        // Their values come by the environment, which no process list shows.
        run.args(["--env", "POSTGRES_PASSWORD", "--env", "PGPASSWORD", "--shm-size", "256m"]);
        run.args(docker).arg(image).args(server);
        let container = read(run.env("POSTGRES_PASSWORD", password).env("PGPASSWORD", password))?;
        let mut server = Self { image: image.to_owned(), container, url: String::new() };
        server.wait_until_ready()?;
        let published = read(&mut command("docker", ["port", &server.container, "5432/tcp"]))?;
        let address = published.lines().next().unwrap_or_default();
        server.url = format!("postgres://postgres:{password}@{address}/postgres");
        Ok(server)
    }

    /// The administrator's URL.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Ends it as a power failure would.
    pub(crate) fn kill(&self) -> Result<(), Problem> {
        read(&mut command("docker", ["kill", &self.container])).map(drop)
    }

    /// Starts it again after that.
    pub(crate) fn start_again(&self) -> Result<(), Problem> {
        read(&mut command("docker", ["start", &self.container]))?;
        self.wait_until_ready()
    }

    /// Makes an empty database and returns its URL, as SQLAlchemy spells it.
    pub(crate) fn database(&self, name: &str) -> Result<String, Problem> {
        let create = format!("create database {name}");
        let psql = ["exec", &self.container, "psql", "-h", "127.0.0.1", "-U", "postgres", "-c", &create];
        read(&mut command("docker", psql))?;
        let server = self.url.trim_start_matches("postgres://").trim_end_matches("/postgres");
        Ok(format!("postgresql://{server}/{name}"))
    }

    /// The schema of a database, as `pg_dump` writes it.
    pub(crate) fn schema(&self, name: &str) -> Result<String, Problem> {
        let dump =
            ["exec", &self.container, "pg_dump", "-h", "127.0.0.1", "-U", "postgres", "--schema-only", name];
        let text = read(&mut command("docker", dump))?;
        // Its `\\restrict` holds a random word.
        let said = text.lines().filter(|line| !line.starts_with('\\') && !line.starts_with("--"));
        Ok(said.collect::<Vec<_>>().join("\n"))
    }

    fn wait_until_ready(&self) -> Result<(), Problem> {
        let deadline = Instant::now() + START_LIMIT;
        // Over TCP: while the image initialises, its server answers on the socket alone.
        let login = ["exec", &self.container, "psql", "-h", "127.0.0.1", "-U", "postgres", "-c", "select 1"];
        while !succeeds(&mut command("docker", login)) {
            let running = ["inspect", "--format", "{{.State.Running}}", &self.container];
            let running = read(&mut command("docker", running))? == "true";
            if !running || Instant::now() > deadline {
                let logs = command("docker", ["logs", "--tail", "20", &self.container]).output();
                let logs = logs.map(|logs| [logs.stdout, logs.stderr].concat()).unwrap_or_default();
                return Err(Problem::Missing(format!(
                    "PostgreSQL in a container of {} does not start; its last lines:\n{}",
                    self.image,
                    String::from_utf8_lossy(&logs)
                )));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Err(problem) = remove(&self.container) {
            eprintln!("warning: {}", crate::process::with_causes(&problem));
        }
    }
}

fn remove(container: &str) -> Result<(), Problem> {
    read(&mut command("docker", ["rm", "--force", "--volumes", container])).map(drop)
}

/// Removes the servers of runs that were killed.
fn sweep() -> Result<(), Problem> {
    let format = format!("{{{{.ID}}}} {{{{.Label \"{LABEL}\"}}}}");
    let label = format!("label={LABEL}");
    let listed = read(&mut command("docker", ["ps", "--all", "--filter", &label, "--format", &format]))?;
    for (container, pid) in listed.lines().filter_map(|line| line.split_once(' ')) {
        if !Path::new("/proc").join(pid).exists() {
            remove(container)?;
        }
    }
    Ok(())
}
