//! Revisions that misbehave beside others that do not; runs and servers that are cut off.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    PHONE, Project, Revision, USERS, cells, docker, kinds, python, report, skipped, stderr, verdicts,
};

/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks: others want the cores meanwhile.
const PAUSE: Duration = Duration::from_millis(10);

/// Two branches behind a revision that loses phone numbers, and `bad` ones beside them.
fn beside(bad: &[Revision<'_>]) -> Project {
    let project = Project::chain(&[USERS, PHONE]);
    let table = "op.create_table('c', sa.Column('id', sa.Integer, primary_key=True))";
    project.follow(Some("a2"), &[("c1", table, "op.drop_table('c')")]);
    let age =
        ("c2", "op.add_column('users', sa.Column('age', sa.Integer))", "op.drop_column('users', 'age')");
    let index = ("c3", "op.create_index('ix', 'users', ['age'])", "op.drop_index('ix', 'users')");
    project.follow(Some("a2"), &[age, index]);
    for revision in bad {
        project.follow(Some("a2"), &[*revision]);
    }
    project
}

const NEIGHBOURS: &str = "a1 pass, a2 fail, c1 pass, c2 pass, c3 pass";

/// Checks that each of `bad` (a revision and the kinds of its findings) is its own cell's verdict, and that all others
/// are as without them.
fn are_their_own_verdicts(python: &Path, bad: &[(Revision<'_>, &str)], settings: &str, arguments: &[&str]) {
    let (_, alone) = beside(&[]).with(settings).report(python, arguments);
    assert_eq!(verdicts(&alone), NEIGHBOURS);

    let revisions: Vec<Revision<'_>> = bad.iter().map(|(revision, _)| *revision).collect();
    let (_, together) = beside(&revisions).with(settings).report(python, arguments);
    let (own, others): (Vec<Value>, Vec<Value>) =
        cells(&together).into_iter().partition(|cell| cell["revision"].as_str().unwrap().starts_with('b'));
    assert_eq!(others, cells(&alone));
    assert_eq!(own.len(), bad.len());
    for ((id, ..), kind) in bad {
        let found: Vec<&str> = kinds(&together, id).into_iter().map(|(kind, _)| kind).collect();
        let expected: Vec<&str> = kind.split_whitespace().collect();
        assert_eq!(found, expected, "{id}: {together:#}");
    }
}

const SLEEPS: Revision<'_> = ("b1 hangs", "time.sleep(600)", "pass");
const DIES: Revision<'_> = ("b2 kills its process", "os.kill(os.getpid(), 9)", "pass");
const PRINTS: Revision<'_> = ("b3 prints much", "for _ in range(20000): print('x' * 10000)", "pass");
const LEAVES: Revision<'_> =
    ("b4 leaves a transaction open", "op.get_bind().engine.connect().begin()", "pass");

#[test]
fn on_sqlite_a_misbehaving_revision_is_its_own_cell_s_verdict() {
    let Some(python) = python() else { return };
    let endless = "op.execute('ALTER TABLE users ADD t TEXT')\n\
         op.execute(\"INSERT INTO users (id, t) WITH RECURSIVE n(n) AS (SELECT 100000 UNION ALL SELECT n + 1 FROM n) SELECT n, printf('%1500d', n) FROM n\")";
    let bad = [
        (SLEEPS, "timeout"),
        (DIES, "upgrade-failed"),
        (PRINTS, ""),
        (LEAVES, ""),
        (("b5 drops its database", "os.remove(op.get_bind().engine.url.database)", "pass"), "upgrade-failed"),
        (("b6 fills the disk", endless, "pass"), "upgrade-failed"),
        (("b7 fills the disk backwards", "pass", endless), "downgrade-failed"),
    ];
    let settings = "[target.sqlite]\ndisk = \"128MB\"\n";
    are_their_own_verdicts(&python, &bad, settings, &["--timeout", "20s", "--jobs", "3"]);
}

/// What misdeeds, and asking where one is, are in the SQL of an engine with a server.
struct Misdeeds {
    target: &'static str,
    drops: &'static str,
    endless: &'static str,
    /// What is found when there is no room: up, and down.
    full: [&'static str; 2],
    waits: &'static str,
    terminates: &'static str,
    /// So few that they are soon taken.
    connections: &'static str,
    /// Where the migration's server is, in Python: its address, or the name of its container.
    server: &'static str,
}

const POSTGRES: Misdeeds = Misdeeds {
    target: "postgres:15",
    drops: "import psycopg2\nu = op.get_bind().engine.url\n\
         k = psycopg2.connect(host=u.host, port=u.port, user=u.username, password=u.password, dbname='postgres')\n\
         k.autocommit = True\n\
         k.cursor().execute('DROP DATABASE \"%s\" WITH (FORCE)' % u.database)",
    endless: "op.execute('ALTER TABLE users ADD t TEXT')\n\
         op.execute(\"INSERT INTO users (id, t) SELECT generate_series(100000, 1000000000), repeat('x', 1500)\")",
    full: ["upgrade-failed", "downgrade-failed"],
    waits: "op.execute('SELECT pg_sleep(600)')",
    terminates: "op.execute('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()')",
    connections: "['-c', 'max_connections=50']",
    server: "op.get_bind().exec_driver_sql('SELECT host(inet_server_addr())').scalar()",
};

const MYSQL: Misdeeds = Misdeeds {
    target: "mysql:9.7",
    drops: "op.execute('DROP DATABASE `%s`' % op.get_bind().engine.url.database)",
    endless: "op.create_table('much', sa.Column('id', sa.Integer, primary_key=True), sa.Column('t', sa.Text))\n\
         op.execute(\"INSERT INTO much (t) SELECT repeat('x', 60000) FROM information_schema.columns a, information_schema.columns b\")",
    full: ["upgrade-failed half-applied", "downgrade-failed half-applied"],
    waits: "op.execute('SELECT SLEEP(600)')",
    // One that ends by itself meanwhile is not there any more.
    terminates: "for (other,) in list(op.get_bind().exec_driver_sql(\"SELECT id FROM information_schema.processlist WHERE user = substring_index(user(), '@', 1) AND id <> connection_id()\")):\n    \
         try:\n        op.execute('KILL %d' % other)\n    except sa.exc.DBAPIError:\n        pass",
    connections: "['--max-connections=50']",
    server: "op.get_bind().exec_driver_sql('SELECT @@hostname').scalar()",
};

const MARIADB: Misdeeds = Misdeeds {
    target: "mariadb:11.8",
    // It finds no room to take the rows back either, and ends itself ("Out of disk space in rollback").
    full: ["server-died", "server-died"],
    ..MYSQL
};

/// Holds every connection that there is to be had, for as long as a neighbour may want one.
const TAKES_ALL: Revision<'_> = (
    "b0 takes all connections",
    "held = []\nfor _ in range(2000):\n    \
     try:\n        held.append(sa.create_engine(op.get_bind().engine.url, poolclass=sa.pool.NullPool).connect())\n    \
     except sa.exc.DBAPIError:\n        time.sleep(2)\n        raise",
    "pass",
);

impl Misdeeds {
    fn are_their_own_verdicts(&self, python: &Path) {
        let bad = [
            (DIES, "upgrade-failed"),
            (LEAVES, ""),
            (("b5 drops its database", self.drops, "pass"), "upgrade-failed"),
            (("b6 fills the disk", self.endless, "pass"), self.full[0]),
            (("b7 fills the disk backwards", "pass", self.endless), self.full[1]),
            (("b8 waits in the server", "pass", self.waits), "timeout"),
            (("b9 ends the sessions of others", self.terminates, "pass"), ""),
            (TAKES_ALL, "upgrade-failed"),
        ];
        let Self { target, connections, .. } = self;
        let settings = format!(
            "targets = [{target:?}]\n\n[target.{target:?}]\ndisk = \"256MB\"\narguments = {connections}\n"
        );
        are_their_own_verdicts(python, &bad, &settings, &["--timeout", "20s", "--jobs", "3"]);
    }
}

#[tokio::test]
async fn on_postgres_a_misbehaving_revision_is_its_own_cell_s_verdict() {
    let (Some(python), Some(_)) = (python(), docker().await) else { return };
    POSTGRES.are_their_own_verdicts(&python);
}

#[tokio::test]
async fn on_mysql_a_misbehaving_revision_is_its_own_cell_s_verdict() {
    let (Some(python), Some(_)) = (python(), docker().await) else { return };
    MYSQL.are_their_own_verdicts(&python);
}

#[tokio::test]
async fn on_mariadb_a_misbehaving_revision_is_its_own_cell_s_verdict() {
    let (Some(python), Some(_)) = (python(), docker().await) else { return };
    MARIADB.are_their_own_verdicts(&python);
}

/// The disk below everything is infrastructure: who happened to fill it is not to blame.
#[test]
fn a_temporary_directory_that_is_full_is_no_verdict() {
    let Some(python) = python() else { return };
    let disk = tempfile::tempdir().unwrap();
    let mut namespace = vec!["--mount"];
    if !nix::unistd::geteuid().is_root() {
        namespace.push("--map-root-user");
    }
    // Beside a file that takes up as much of it as FULL says.
    let mounted = "mount -t tmpfs -o size=24m,mode=1777 none \"$TMPDIR\" || exit\nhead -c $FULL /dev/zero > \"$TMPDIR/full\" 2> /dev/null\nexec \"$@\"";
    let on_a_small_disk = |command: &Command, full: &str| {
        let mut small = Command::new("unshare");
        small.args(&namespace).args(["sh", "-c", mounted, "sh"]).arg(command.get_program());
        small.args(command.get_args()).env("TMPDIR", disk.path()).env("FULL", full);
        small
    };
    if !on_a_small_disk(&Command::new("true"), "0").status().is_ok_and(|status| status.success()) {
        return skipped("no disk can be mounted");
    }
    let large = "op.execute('INSERT INTO users (id, phone) VALUES (1000, zeroblob(100000000))')";
    let project = Project::chain(&[USERS, ("b1", large, "op.execute('DELETE FROM users WHERE id = 1000')")]);
    project.follow(Some("a1"), &[PHONE]);
    let command = project.mrt(&python, &["--format", "json"]);
    let full = on_a_small_disk(&command, "24M").output().unwrap();
    assert_eq!((full.status.code(), full.stdout.len()), (Some(3), 0), "{}", stderr(&full));
    assert!(stderr(&full).contains("No space left on device"), "{}", stderr(&full));

    let (code, report) = report(on_a_small_disk(&command, "0"));
    assert_eq!((code, verdicts(&report).as_str()), (1, "a1 pass, a2 fail, b1 error"), "{report:#}");
    let reason = report["cells"].as_array().unwrap().iter().find_map(|cell| cell["reason"].as_str()).unwrap();
    assert!(reason.contains("TMPDIR") && reason.contains("`disk`"), "{reason}");
}

/// Waits for a file of the project's that a migration writes, and reads it.
fn written(project: &Project, file: &str) -> String {
    let start = Instant::now();
    loop {
        match fs::read_to_string(project.path().join(file)) {
            Ok(text) if !text.is_empty() => return text,
            _ => assert!(start.elapsed() < PATIENCE, "the migration was never reached"),
        }
        std::thread::sleep(PAUSE);
    }
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(PAUSE);
    }
}

fn entries(dir: &TempDir) -> usize {
    fs::read_dir(dir.path()).unwrap().count()
}

fn signal(run: &mut Child, name: &str) -> Option<i32> {
    assert!(
        Command::new("kill").arg(format!("-{name}")).arg(run.id().to_string()).status().unwrap().success()
    );
    run.wait().unwrap().code()
}

/// The container that this filter finds, running or not; an empty text when there is none.
fn container(filter: &str) -> String {
    let listed =
        Command::new("docker").args(["ps", "--all", "--quiet", "--filter", filter]).output().unwrap();
    assert!(listed.status.success(), "{}", stderr(&listed));
    String::from_utf8(listed.stdout).unwrap().trim().to_owned()
}

/// The container of the server that has this address, or this name, as the server itself sees it.
fn container_at(address: &str) -> String {
    if !address.contains('.') {
        return container(&format!("id={address}"));
    }
    let listed = Command::new("docker").args(["ps", "--quiet", "--no-trunc"]).output().unwrap();
    let each = "{{.Id}}{{range .NetworkSettings.Networks}} {{.IPAddress}}{{end}}";
    let ids = String::from_utf8(listed.stdout).unwrap();
    // One that ends meanwhile is told as an error, beside the others.
    let seen = Command::new("docker").args(["inspect", "--format", each]).args(ids.lines()).output().unwrap();
    let seen = String::from_utf8(seen.stdout).unwrap();
    let found = seen.lines().find(|line| line.split(' ').skip(1).any(|held| held == address));
    found.and_then(|line| line.split(' ').next()).unwrap_or_default().to_owned()
}

/// Cuts off a run, whose migration hangs, in three ways: on SQLite, or on the engine of these misdeeds.
fn cut_off(python: &Path, served: Option<&Misdeeds>) {
    let scratch = tempfile::tempdir().unwrap();
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let (target, address) = served.map_or(("sqlite", "None"), |it| (it.target, it.server));
    let says = format!(
        "open(os.path.join(os.environ['PROJECT'], 'hangs'), 'w').write('%s %s' % (os.getpid(), {address}))\ntime.sleep(600)"
    );
    let mut servers = Vec::new();
    let is_gone = |server: &String| server.is_empty() || container(&format!("id={server}")).is_empty();
    for name in ["INT", "TERM", "KILL"] {
        let project = Project::chain(&[USERS, ("b1", &says, "pass")]);
        let project = {
            let env = format!("env = {{ PROJECT = {:?} }}\n", project.path());
            project.with(&env)
        };
        let mut command = project.mrt(python, &["--timeout", "600s", "--target", target]);
        command.env("TMPDIR", scratch.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut run = command.spawn().unwrap();
        let told = written(&project, "hangs");
        let (migration, address) = told.split_once(' ').unwrap();
        let server = if served.is_some() { container_at(address) } else { String::new() };
        assert_eq!(server.is_empty(), served.is_none());
        let code = signal(&mut run, name);
        if name == "KILL" {
            assert_eq!(code, None);
            assert_eq!(entries(&scratch), 1, "what this test is about");
        } else {
            assert_eq!(code, Some(3), "{name}");
            assert_eq!(entries(&scratch), 0, "{name}");
            assert!(is_gone(&server), "{name}");
        }
        // The guard of the host kills it when the worker's end of the pipe is gone.
        let process = Path::new("/proc").join(migration);
        until("the migration still runs", || !process.exists());
        servers.push(server);
    }
    let next = Project::chain(&[USERS]);
    let mut command = next.mrt(python, &["--target", target]);
    let output = command.env("TMPDIR", scratch.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(entries(&scratch), 0, "the next start removes what a killed run has left");
    assert!(servers.iter().all(is_gone), "{servers:?}");
}

#[test]
fn a_run_that_is_cut_off_leaves_nothing_behind() {
    let Some(python) = python() else { return };
    cut_off(&python, None);
}

#[tokio::test]
async fn a_run_that_is_cut_off_leaves_no_container() {
    let (Some(python), Some(_)) = (python(), docker().await) else { return };
    cut_off(&python, Some(&POSTGRES));
    cut_off(&python, Some(&MARIADB));
}

/// Promise: what a server's death interrupts is checked again, and nobody can tell from the report.
fn death_does_not_show(python: &Path, served: &Misdeeds) {
    let waits = format!(
        "at = os.environ['PROJECT']\n\
         while not os.path.exists(at + '/go'):\n    open(at + '/server', 'w').write({})\n    time.sleep(0.01)\n\
         op.create_table('b', sa.Column('id', sa.Integer, primary_key=True))",
        served.server
    );
    let project = beside(&[("b1", &waits, "op.drop_table('b')")]);
    let env = format!("targets = [{:?}]\nenv = {{ PROJECT = {:?} }}\n", served.target, project.path());
    let project = project.with(&env);
    let mut command = project.mrt(python, &["--format", "json", "--jobs", "3"]);
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let server = container_at(&written(&project, "server"));
    let killed = Command::new("docker").args(["kill", &server]).output().unwrap();
    assert!(killed.status.success(), "{}", stderr(&killed));
    project.write("go", "");
    let output = run.wait_with_output().unwrap();
    let interrupted: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(stderr(&output).contains("the server failed"), "what this test is about: {}", stderr(&output));

    let (_, undisturbed) = project.report(python, &["--jobs", "3"]);
    assert_eq!(
        verdicts(&undisturbed),
        format!("a1 pass, a2 fail, b1 pass{}", &NEIGHBOURS["a1 pass, a2 fail".len()..])
    );
    assert_eq!(cells(&interrupted), cells(&undisturbed));
}

#[tokio::test]
async fn the_death_of_a_server_does_not_show_in_the_report() {
    let (Some(python), Some(_)) = (python(), docker().await) else { return };
    death_does_not_show(&python, &POSTGRES);
}

#[tokio::test]
async fn the_death_of_a_mysql_server_does_not_show_in_the_report() {
    let (Some(python), Some(_)) = (python(), docker().await) else { return };
    death_does_not_show(&python, &MYSQL);
}

#[tokio::test]
async fn the_death_of_a_mariadb_server_does_not_show_in_the_report() {
    let (Some(python), Some(_)) = (python(), docker().await) else { return };
    death_does_not_show(&python, &MARIADB);
}

#[tokio::test]
async fn a_revision_that_takes_every_server_down_is_told_as_that() {
    let (Some(python), Some(_)) = (python(), docker().await) else { return };
    let kills = "op.execute(\"COPY (SELECT 1) TO PROGRAM 'kill -9 $(head -n 1 /mrt/data/postmaster.pid)'\")";
    let settings = "targets = [\"postgres:15\"]\n\n[target.\"postgres:15\"]\nrole = \"superuser\"\n";
    let project = beside(&[]).with(settings);
    let (_, harmless) = project.report(&python, &[]);
    project.follow(Some("a2"), &[("b1", kills, "pass"), ("b2", "pass", "pass")]);
    let (code, all) = project.report(&python, &[]);
    assert_eq!(code, 1);
    let (own, others): (Vec<Value>, Vec<Value>) =
        cells(&all).into_iter().partition(|cell| cell["revision"].as_str().unwrap().starts_with('b'));
    assert_eq!(others, cells(&harmless));
    assert_eq!(json!([own[0]["verdict"], own[1]["verdict"]]), json!(["fail", "blocked"]));
    assert_eq!(kinds(&all, "b1"), [("server-died", "b1")]);
    let evidence = &own[0]["findings"][0]["evidence"];
    // Neither ports nor the server's log, which say something else each time.
    assert_eq!(evidence["error"], "the server ended: it was killed, probably out of memory (exit code 137)");
    assert!(!evidence.to_string().contains("127.0.0.1"), "{evidence}");
    // Nobody asked for the one that does it.
    let (_, only) = project.report(&python, &["--only", "b2"]);
    assert_eq!(verdicts(&only), "b2 blocked");
}

#[tokio::test]
async fn a_revision_that_asks_for_all_the_memory_is_told_as_that() {
    let (Some(python), Some(_)) = (python(), docker().await) else { return };
    // Each as large as a packet may be.
    let asks = "for n in range(1000): op.execute(\"SET @much_%d = repeat('x', 64000000)\" % n)";
    let project = Project::chain(&[USERS, ("b1", asks, "pass")]);
    let settings = "targets = [\"mysql:9.7\"]\n\n[target.\"mysql:9.7\"]\ndisk = \"128MB\"\n";
    let (_, report) = project.with(settings).report(&python, &[]);
    assert_eq!(
        (verdicts(&report).as_str(), kinds(&report, "b1")),
        ("a1 pass, b1 fail", vec![("server-died", "b1")])
    );
    let found = cells(&report).into_iter().find(|cell| cell["revision"] == "b1");
    let error = found.unwrap()["findings"][0]["evidence"]["error"].clone();
    assert_eq!(error, "the server ended: out of memory (exit code 137)");
}
