//! `mrt-cli repro`: a cell that somebody wants to see with their own eyes.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Output, Stdio};

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::farm::{Coordinator, Running, end, program, refused, signal};
use crate::support::{PHONE, Project, USERS, docker, python, stderr};

/// A chain that loses phone numbers, and trips over a nickname that is NULL; beside it, each behind the first revision, what stops
/// at another step.
fn project() -> Project {
    let nick = (
        "a3",
        "op.add_column('users', sa.Column('nick', sa.String(40)))",
        "with op.batch_alter_table('users') as users: users.drop_column('nick')",
    );
    let not_null = |nullable: &str| {
        format!(
            "with op.batch_alter_table('users') as users:\n    users.alter_column('nick', existing_type=sa.String(40), nullable={nullable})"
        )
    };
    let (up, down) = (not_null("False"), not_null("True"));
    let project = Project::chain(&[USERS, PHONE, nick, ("a4", &up, &down)]);
    let half = "op.create_table('half', sa.Column('id', sa.Integer, primary_key=True))\n";
    let table = "op.create_table('log', sa.Column('id', sa.Integer, primary_key=True))";
    // Whose process has a token of ours tells it.
    let up = format!(
        "{half}op.execute('INSERT INTO nowhere VALUES (1)' + ''.join(n for n in os.environ if n.startswith('MRT_')))"
    );
    project.follow(Some("a1"), &[("b1", &up, "pass")]);
    project.follow(Some("b1"), &[("b2", "pass", "pass")]);
    let down = format!("{half}raise ValueError('not any more')");
    project.follow(Some("a1"), &[("c1", table, &down)]);
    // The same process does it once, and not again.
    let once = "op.execute(\"CREATE TABLE once (id INTEGER)\")\n\
                if hasattr(sys, 'again'): raise ValueError('once is enough')\nsys.again = True";
    project.follow(Some("a1"), &[("d1", once, "op.drop_table('once')")]);
    project
}

/// A directory that anybody can use, since migrations run as somebody else.
fn place() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), Permissions::from_mode(0o777)).unwrap();
    place
}

/// Names of what is in a directory.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Where somebody is who wants to see a cell: in an empty directory, with one of their own for what is temporary.
struct Seat {
    here: TempDir,
    temporary: TempDir,
    python: PathBuf,
}

impl Seat {
    fn new(python: &Path) -> Self {
        Self { here: place(), temporary: place(), python: python.to_owned() }
    }

    fn takes<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .arg("--python")
            .arg(&self.python)
            .current_dir(self.here.path())
            .env("TMPDIR", self.temporary.path())
            .env("MRT_TOKEN", "none-0123456789abcdef")
            .stdin(Stdio::null())
    }

    fn repro(&self, arguments: &[&str]) -> Output {
        let mut command = program("mrt-cli");
        self.takes(command.arg("repro").args(arguments)).output().unwrap()
    }

    fn of_farm(&self, coordinator: &Coordinator, arguments: &[&str]) -> Output {
        self.takes(&mut coordinator.cli(&[&["repro"], arguments].concat())).output().unwrap()
    }

    /// What SQL says of the database that a text leads to.
    fn ask(&self, text: &str, sql: &str) -> String {
        let script = "import sqlite3, sys\n\
                      print(*sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True).execute(sys.argv[2]), sep=' ')";
        let output = Command::new(&self.python).args(["-c", script, &file(text), sql]).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Nothing is left of what was temporary.
    fn is_clean(&self) -> bool {
        names(self.temporary.path()).is_empty() && names(self.here.path()).is_empty()
    }

    /// A text without the places of this test.
    fn scrubbed(&self, text: &str) -> String {
        let mut told = text.to_owned();
        for name in names(self.temporary.path()) {
            let known = if name.starts_with("mrt-repro-") { "mrt-repro-[…]" } else { "mrt-[…]" };
            told = told.replace(&name, known);
        }
        told.replace(&*self.temporary.path().to_string_lossy(), "/tmp")
    }
}

/// The file of a kept database of SQLite.
fn file(text: &str) -> String {
    let line = text.lines().find_map(|line| line.trim().strip_prefix("sqlite3 "));
    line.unwrap_or_else(|| panic!("no database to look at:\n{text}")).trim_matches('\'').to_owned()
}

fn stdout(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Checks a project on a farm, as its first run.
fn checked(coordinator: &Coordinator, python: &Path, project: &Project) -> Running {
    let worker = coordinator.worker(python, "one", &[]);
    let output = coordinator.cli(&["submit", project.path().to_str().unwrap(), "-q"]).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    worker
}

/// A report of these revisions, or of all, in a file beside the project, and a seat.
fn kept_report(project: &Project, python: &Path, revisions: &[&str]) -> (Seat, String) {
    let report = project.path().join("nightly.json");
    let mut arguments = vec!["-q", "--format", "json"];
    arguments.extend(revisions.iter().flat_map(|revision| ["--only", revision]));
    let output = project.mrt(python, &arguments).arg("--output").arg(&report).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    (Seat::new(python), report.to_str().unwrap().to_owned())
}

#[test]
fn what_a_farm_has_found_is_seen_in_an_empty_directory() {
    let Some(python) = python() else { return };
    let project = project();
    let coordinator = Coordinator::start(&[]);
    let _worker = checked(&coordinator, &python, &project);
    // Nothing of it is needed any more.
    drop(project);
    let seat = Seat::new(&python);
    let output = seat.of_farm(&coordinator, &["1", "a2", "--keep", "--verbose"]);
    let text = stdout(&output, 1);
    insta::assert_snapshot!(seat.scrubbed(&text).replace(text.split('/').next().unwrap(), "[suite]"));
    assert_eq!(seat.ask(&text, "SELECT count(*) > 0, count(phone) FROM users WHERE id < 2000"), "(1, 0)");
    assert_eq!(seat.ask(&text, "SELECT version_num FROM alembic_version"), "('a1',)");
    // What was temporary stays, and nothing else.
    assert_eq!(names(seat.temporary.path()).len(), 2, "{text}");
    assert!(names(seat.here.path()).is_empty());

    // The whole project, and nothing more.
    let directory = seat.here.path().join("sent");
    let asked = ["1", "a2@sqlite", "--directory", "sent"];
    let before = names(seat.temporary.path());
    let text = stdout(&seat.of_farm(&coordinator, &asked), 1);
    assert_eq!(names(&directory), ["alembic.ini", "migrations"]);
    assert!(text.ends_with(&format!("the project is in directory {}\n", directory.display())), "{text}");
    assert_eq!(names(seat.temporary.path()), before);
    refused(&seat.of_farm(&coordinator, &asked), 2, &["cannot use the directory sent", "not empty"]);

    let output = seat.of_farm(&coordinator, &["1", "a3"]);
    let text = stdout(&output, 0);
    assert!(text.starts_with("it passes here: ") && text.ends_with("(run 1 says pass)\n"), "{text}");
    assert_eq!(names(seat.temporary.path()), before);
}

/// Only an edge row is NULL.
#[test]
fn rows_are_those_on_which_a_finding_hangs() {
    let Some(python) = python() else { return };
    let project = project();
    let (seat, report) = kept_report(&project, &python, &["a4"]);
    let mut command = program("mrt-cli");
    seat.takes(command.args(["repro", &report, "a4", "--keep"])).current_dir(project.path());
    let text = stdout(&command.output().unwrap(), 1);
    assert!(text.contains("failed here: upgrade-failed a4"), "{text}");
    assert!(text.contains("The database is as the upgrade has left it that failed."), "{text}");
    let nulls = "SELECT count(*) FROM users WHERE nick IS NULL";
    assert_ne!(seat.ask(&text, nulls), "(0,)", "{text}");
    // No other edge row than the one on which it hangs.
    assert_eq!(seat.ask(&text, nulls), seat.ask(&text, "SELECT count(*) - 3 FROM users"), "{text}");

    let (_, report) = project.report(&python, &["--only", "a4", "--keep"]);
    let kept = report["cells"][0]["kept"].as_str().unwrap();
    assert_ne!(seat.ask(kept, nulls), "(0,)", "--keep");
    fs::remove_dir_all(Path::new(&file(kept)).ancestors().nth(2).unwrap()).unwrap();
}

#[test]
fn a_database_is_as_the_step_leaves_it_that_fails() {
    let Some(python) = python() else { return };
    let project = project();
    let (seat, report) = kept_report(&project, &python, &["b1", "b2", "c1", "d1"]);
    let repro = |cell: &str| {
        let mut command = program("mrt-cli");
        seat.takes(command.args(["repro", &report, cell, "--keep"])).current_dir(project.path());
        stdout(&command.output().unwrap(), 1)
    };
    let tables =
        "SELECT group_concat(name) FROM (SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name)";
    for (cell, step, found, state, left) in [
        ("b1", "\n3. upgrade\n", "upgrade-failed b1", "the upgrade has left it that failed", "half,users"),
        (
            "c1",
            "\n5. downgrade\n",
            "half-applied c1",
            "the downgrade has left it that failed",
            "half,log,users",
        ),
        (
            "d1",
            "\n7. upgrade again",
            "reupgrade-failed d1",
            "the second upgrade has left it that failed",
            "once,users",
        ),
    ] {
        let text = repro(cell);
        let (_, last) = text.split_once(step).unwrap_or_else(|| panic!("{text}"));
        let (of_step, rest) = last.split_once("failed here: ").unwrap_or_else(|| panic!("{text}"));
        assert!(!of_step.contains("\n\n") && rest.starts_with(found), "{text}");
        assert!(text.contains(&format!("The database is as {state}.")), "{text}");
        assert_eq!(seat.ask(&text, tables), format!("('alembic_version,{left}',)"), "{text}");
        assert!(!text.contains("MRT_"), "a token has come to the project: {text}");
    }
    let blocked = repro("b2");
    assert!(blocked.contains("b2@sqlite: blocked\nrevision b1 cannot be applied"), "{blocked}");
    assert!(!blocked.contains("The database"), "{blocked}");
}

#[test]
fn a_cell_that_is_none_or_several_is_told_with_those_that_could_be_meant() {
    let Some(python) = python() else { return };
    let project = project();
    let (seat, report) = kept_report(&project, &python, &["a1", "a2", "a4"]);
    refused(&seat.repro(&[&report, "a"]), 2, &["\"a\" is the name of 3 cells", "a4@sqlite (warn)"]);
    refused(&seat.repro(&[&report, "x9"]), 2, &["the report has no cell \"x9\"", "a2@sqlite (fail)"]);
    refused(&seat.repro(&[&report, "a2@mysql:8.4"]), 2, &["the report has no cell"]);
    refused(
        &seat.repro(&[&report, "a2", "--directory", "d"]),
        2,
        &["--directory is for the project of a run"],
    );
    // There is no project in this directory.
    refused(&seat.repro(&[&report, "a2"]), 2, &["mrt.toml"]);
    assert!(seat.is_clean());
}

#[test]
fn without_the_bundle_the_project_here_can_be_asked() {
    let Some(python) = python() else { return };
    let project = project();
    // There is room for one.
    let coordinator = Coordinator::start(&["--bundles", "4KB"]);
    let _worker = checked(&coordinator, &python, &project);
    // It is not made much smaller.
    let noise: String = std::iter::repeat_with(fastrand::alphanumeric).take(3_500).collect();
    let other = Project::chain(&[USERS]);
    other.write("noise", &noise);
    let output = coordinator.cli(&["submit", other.path().to_str().unwrap(), "-q"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));

    let seat = Seat::new(&python);
    refused(
        &seat.of_farm(&coordinator, &["1", "a2"]),
        3,
        &["the project of run 1 is kept no more", "`--here`"],
    );
    assert!(seat.is_clean());
    let here = |project: &Project| {
        let mut command = coordinator.cli(&["repro", "1", "a2", "--here"]);
        seat.takes(&mut command).current_dir(project.path()).output().unwrap()
    };
    assert!(stdout(&here(&project), 1).contains("failed here: data-lost users.phone"));
    let mended = Project::chain(&[USERS, ("a2", "pass", "pass")]);
    let text = stdout(&here(&mended), 0);
    assert!(text.starts_with("it passes here: "), "{text}");
    assert!(text.contains("(run 1 says fail)") && text.contains("the project here is another one"), "{text}");
    assert!(seat.is_clean(), "{text}");
}

/// Reads until there is a database to look at.
fn until_there(stdout: &mut BufReader<ChildStdout>) -> String {
    let mut text = String::new();
    while !text.contains("To look at it:\n\n    ") || !text.ends_with("\n\n") {
        assert!(stdout.read_line(&mut text).unwrap() > 0, "it has ended:\n{text}");
    }
    text
}

#[test]
fn all_of_it_goes_when_somebody_has_looked_enough() {
    let Some(python) = python() else { return };
    let project = project();
    let coordinator = Coordinator::start(&[]);
    let _worker = checked(&coordinator, &python, &project);
    let seat = Seat::new(&python);
    for how in ["the end", "enter", "an interruption"] {
        let mut command = coordinator.cli(&["repro", "1", "a2"]);
        seat.takes(&mut command).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut running = Running(command.spawn().unwrap());
        let mut stdin = running.0.stdin.take();
        let mut told = BufReader::new(running.0.stdout.take().unwrap());
        let text = until_there(&mut told);
        // It is held as long as nobody says anything.
        assert_eq!(seat.ask(&text, "SELECT count(phone) FROM users WHERE id < 2000"), "(0,)");
        assert_eq!(names(seat.temporary.path()).len(), 2, "{how}");
        match how {
            "the end" => drop(stdin.take()),
            "enter" => stdin.as_mut().unwrap().write_all(b"\n").unwrap(),
            _ => signal(&running, Signal::SIGINT),
        }
        let mut rest = String::new();
        told.read_to_string(&mut rest).unwrap();
        assert_eq!((end(&mut running), rest.as_str()), (1, ""), "{how}");
        assert!(seat.is_clean(), "{how}: {:?}", names(seat.temporary.path()));
    }
}

#[test]
fn who_does_not_wait_for_the_answer_has_none_and_nothing_is_left() {
    let Some(python) = python() else { return };
    let chain = |up| Project::chain(&[("a1", up, "pass")]);
    let as_it_was = chain("pass");
    let (seat, report) = kept_report(&as_it_was, &python, &[]);
    let project = chain("while True: time.sleep(0.01)");
    let mut command = program("mrt-cli");
    seat.takes(command.args(["repro", &report, "a1"])).current_dir(project.path());
    let mut running = Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut told = BufReader::new(running.0.stderr.take().unwrap());
    let mut text = String::new();
    while !text.contains("checking 1 revisions") {
        assert!(told.read_line(&mut text).unwrap() > 0, "it has ended:\n{text}");
    }
    signal(&running, Signal::SIGINT);
    told.read_to_string(&mut text).unwrap();
    assert_eq!(end(&mut running), 3, "{text}");
    assert!(text.ends_with("error: interrupted before the cell was checked\n"), "{text}");
    assert!(seat.is_clean(), "{text}");
}

#[tokio::test]
async fn a_server_goes_with_its_database() {
    let (Some(python), Some(_)) = (python(), docker().await) else { return };
    let project = Project::chain(&[USERS, PHONE]);
    let coordinator = Coordinator::start(&[]);
    let _worker = coordinator.worker(&python, "one", &[]);
    let submit = ["submit", project.path().to_str().unwrap(), "-q", "--target", "postgres:15"];
    assert_eq!(coordinator.cli(&submit).output().unwrap().status.code(), Some(1));
    let seat = Seat::new(&python);
    let mut command = coordinator.cli(&["repro", "1", "a2@postgres:15"]);
    seat.takes(&mut command).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut running = Running(command.spawn().unwrap());
    let mut told = BufReader::new(running.0.stdout.take().unwrap());
    let text = until_there(&mut told);
    let url = text.lines().find_map(|line| line.trim().strip_prefix("psql ")).unwrap().trim_matches('\'');
    let script = "import psycopg2, sys\nk = psycopg2.connect(sys.argv[1], connect_timeout=3).cursor()\n\
                  k.execute('SELECT count(*) > 0, count(phone) FROM users')\nprint(k.fetchone())";
    let ask = || Command::new(&python).args(["-c", script, url]).output().unwrap();
    let looked = ask();
    assert_eq!(String::from_utf8_lossy(&looked.stdout).trim_end(), "(True, 0)", "{}", stderr(&looked));
    drop(running.0.stdin.take());
    assert_eq!(end(&mut running), 1, "{text}");
    assert!(!ask().status.success(), "the server is still there");
    assert!(seat.is_clean());
}
