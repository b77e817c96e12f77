//! Database servers for the tests that are given one.

use std::path::Path;
use std::process::{Command, id};
use std::time::{Duration, Instant};

use crate::process::{Problem, command, read, succeeds};

const LABEL: &str = "mrt.xtask.pid";
const START_LIMIT: Duration = Duration::from_secs(120);

/// What is to know of the servers of one engine.
struct Engine {
    /// The image, without its tag.
    name: &'static str,
    port: &'static str,
    data: &'static str,
    /// By which the image takes the administrator's password.
    password: &'static str,
    /// By which its clients take it.
    client_password: &'static str,
    /// Logs in over TCP and runs what is appended: while an image initialises, its server answers on the socket alone.
    client: &'static [&'static str],
    /// Writes the schema of the database whose name is appended.
    dump: &'static [&'static str],
    /// Speed for safety, and room for connections.
    careless: &'static [&'static str],
    /// The administrator's URL begins with this scheme and user, and ends with this database.
    url: (&'static str, &'static str, &'static str),
    /// The scheme that SQLAlchemy takes.
    sqlalchemy: &'static str,
}

/// What MySQL and MariaDB have in common. Memory has no asynchronous writes.
const CARELESS_INNODB: &[&str] = &[
    "--skip-log-bin",
    "--innodb-doublewrite=OFF",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-use-native-aio=OFF",
    "--character-set-server=utf8mb4",
    "--max-connections=500",
];

const ENGINES: [Engine; 3] = [
    Engine {
        name: "postgres",
        port: "5432",
        data: "/var/lib/postgresql/data",
        password: "POSTGRES_PASSWORD",
        client_password: "PGPASSWORD",
        client: &["psql", "-h", "127.0.0.1", "-U", "postgres", "-c"],
        dump: &["pg_dump", "-h", "127.0.0.1", "-U", "postgres", "--schema-only"],
        careless: &["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200"],
        url: ("postgres", "postgres", "postgres"),
        sqlalchemy: "postgresql+psycopg2",
    },
    Engine {
        name: "mysql",
        port: "3306",
        data: "/var/lib/mysql",
        password: "MYSQL_ROOT_PASSWORD",
        client_password: "MYSQL_PWD",
        client: &["mysql", "--host=127.0.0.1", "--user=root", "-e"],
        dump: &[
            "mysqldump",
            "--host=127.0.0.1",
            "--user=root",
            "--no-data",
            "--routines",
            "--skip-comments",
            "--set-gtid-purged=OFF",
        ],
        careless: CARELESS_INNODB,
        url: ("mysql", "root", "mysql"),
        sqlalchemy: "mysql+pymysql",
    },
    Engine {
        name: "mariadb",
        port: "3306",
        data: "/var/lib/mysql",
        password: "MARIADB_ROOT_PASSWORD",
        client_password: "MYSQL_PWD",
        client: &["mariadb", "--host=127.0.0.1", "--user=root", "-e"],
        dump: &[
            "mariadb-dump",
            "--host=127.0.0.1",
            "--user=root",
            "--no-data",
            "--routines",
            "--skip-comments",
        ],
        careless: CARELESS_INNODB,
        url: ("mysql", "root", "mysql"),
        sqlalchemy: "mariadb+pymysql",
    },
];

/// A server in a container, removed when this value goes.
pub(crate) struct Server {
    engine: &'static Engine,
    image: String,
    container: String,
    password: String,
    /// Where it is published.
    address: String,
}

impl Server {
    /// A server for tests: fast, and empty after a restart.
    pub(crate) fn start(image: &str) -> Result<Self, Problem> {
        Self::begin(image)?.ready()
    }

    /// Several of them, which come up side by side.
    pub(crate) fn start_all(images: &[&str]) -> Result<Vec<Self>, Problem> {
        let begun = images.iter().map(|image| Self::begin(image)).collect::<Result<Vec<_>, Problem>>()?;
        begun.into_iter().map(Self::ready).collect()
    }

    /// A server that can be taken down and started again: what was committed is there, at the same URL.
    pub(crate) fn start_durable(image: &str) -> Result<Self, Problem> {
        let port = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .map_err(|error| Problem::unusable(format!("there is no free port: {error}")))?
            .port();
        Self::run(engine(image)?, image, &format!("127.0.0.1:{port}"), &[], &[])?.ready()
    }

    fn begin(image: &str) -> Result<Self, Problem> {
        let engine = engine(image)?;
        let memory = format!("{}:rw,size=4g", engine.data);
        Self::run(engine, image, "127.0.0.1:", &["--tmpfs", &memory], engine.careless)
    }

    fn run(
        engine: &'static Engine,
        image: &str,
        publish: &str,
        docker: &[&str],
        server: &[&str],
    ) -> Result<Self, Problem> {
        sweep()?;
        let random = "/proc/sys/kernel/random/uuid";
        let password = std::fs::read_to_string(random)
            .map_err(|error| Problem::unusable(format!("cannot read {random}: {error}")))?;
        let password = password.trim().to_owned();
        let label = format!("{LABEL}={}", id());
        let publish = format!("{publish}:{}", engine.port);
        let mut run = command("docker", ["run", "--detach", "--label", &label, "--publish", &publish]);
        // Its value comes by the environment, which no process list shows.
        run.args(["--env", engine.password, "--shm-size", "256m"]).args(docker).arg(image).args(server);
        let container = read(run.env(engine.password, &password))?;
        Ok(Self { engine, image: image.to_owned(), container, password, address: String::new() })
    }

    fn ready(mut self) -> Result<Self, Problem> {
        self.wait_until_ready()?;
        let port = format!("{}/tcp", self.engine.port);
        let published = read(&mut command("docker", ["port", &self.container, &port]))?;
        self.address = published.lines().next().unwrap_or_default().to_owned();
        Ok(self)
    }

    /// `postgres`, `mysql`, `mariadb`.
    pub(crate) fn engine(&self) -> &'static str {
        self.engine.name
    }

    /// The administrator's URL.
    pub(crate) fn url(&self) -> String {
        let (scheme, user, database) = self.engine.url;
        format!("{scheme}://{user}:{}@{}/{database}", self.password, self.address)
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
        read(&mut self.inside(self.engine.client, &format!("create database {name}")))?;
        let Engine { sqlalchemy, url: (_, user, _), .. } = self.engine;
        Ok(format!("{sqlalchemy}://{user}:{}@{}/{name}", self.password, self.address))
    }

    /// The schema of a database, as the engine's own tool writes it.
    pub(crate) fn schema(&self, name: &str) -> Result<String, Problem> {
        let text = read(&mut self.inside(self.engine.dump, name))?;
        // PostgreSQL's `\restrict` holds a random word.
        let said = text.lines().filter(|line| !line.starts_with('\\') && !line.starts_with("--"));
        Ok(said.collect::<Vec<_>>().join("\n"))
    }

    /// A client's command in the container.
    fn inside(&self, program: &[&str], argument: &str) -> Command {
        let mut inside = command("docker", ["exec", "--env", self.engine.client_password, &self.container]);
        inside.args(program).arg(argument).env(self.engine.client_password, &self.password);
        inside
    }

    fn wait_until_ready(&self) -> Result<(), Problem> {
        let deadline = Instant::now() + START_LIMIT;
        while !succeeds(&mut self.inside(self.engine.client, "select 1")) {
            let running = ["inspect", "--format", "{{.State.Running}}", &self.container];
            let running = read(&mut command("docker", running))? == "true";
            if !running || Instant::now() > deadline {
                let logs = command("docker", ["logs", "--tail", "20", &self.container]).output();
                let logs = logs.map(|logs| [logs.stdout, logs.stderr].concat()).unwrap_or_default();
                return Err(Problem::Missing(format!(
                    "the server in a container of {} does not start; its last lines:\n{}",
                    self.image,
                    String::from_utf8_lossy(&logs)
                )));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(problem) = remove(&self.container) {
            eprintln!("warning: {}", crate::process::with_causes(&problem));
        }
    }
}

fn engine(image: &str) -> Result<&'static Engine, Problem> {
    let name = image.split(':').next().unwrap_or_default();
    let known = ENGINES.iter().find(|engine| engine.name == name);
    known.ok_or_else(|| Problem::Missing(format!("it is not known how a server of {image} is started")))
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
