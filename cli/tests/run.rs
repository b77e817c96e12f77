//! The real binary on real projects, on SQLite. Needs a Python with Alembic: `MRT_TEST_PYTHON`.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn python() -> Option<PathBuf> {
    let python = std::env::var_os("MRT_TEST_PYTHON").map(PathBuf::from);
    if python.is_none() {
        eprintln!("SKIPPED: the end-to-end tests of mrt-cli run (MRT_TEST_PYTHON is not set)");
    }
    python
}

fn mrt(arguments: &[&str], python: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mrt-cli"));
    command.args(arguments);
    if let Some(python) = python {
        command.arg("--python").arg(python);
    }
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A chain of revisions, each given by the bodies of its two functions.
struct Project {
    dir: TempDir,
}

const ENV: &str = r#"
from alembic import context
from sqlalchemy import engine_from_config, pool

config = context.config
engine = engine_from_config(config.get_section(config.config_ini_section), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"#;

impl Project {
    fn new(revisions: &[(&str, &str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let versions = dir.path().join("migrations/versions");
        fs::create_dir_all(&versions).unwrap();
        fs::write(dir.path().join("alembic.ini"), "[alembic]\nscript_location = migrations\n").unwrap();
        fs::write(dir.path().join("migrations/env.py"), ENV).unwrap();
        let mut parent = "None".to_owned();
        for (id, up, down) in revisions {
            let indented = |body: &str| body.lines().map(|line| format!("    {line}\n")).collect::<String>();
            let text = format!(
                "import os, sys, time\nimport sqlalchemy as sa\nfrom alembic import op\n\nrevision = \"{id}\"\ndown_revision = {parent}\n\n\ndef upgrade():\n{}\n\ndef downgrade():\n{}",
                indented(up),
                indented(down)
            );
            fs::write(versions.join(format!("{id}.py")), text).unwrap();
            parent = format!("\"{id}\"");
        }
        Self { dir }
    }

    fn path(&self) -> &str {
        self.dir.path().to_str().unwrap()
    }

    fn report(&self, python: &Path, arguments: &[&str]) -> (i32, Value) {
        let output = mrt(&[&["run", self.path(), "--format", "json"], arguments].concat(), Some(python));
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{}", text(&output.stderr)));
        (output.status.code().unwrap(), report)
    }
}

fn verdicts(report: &Value) -> Vec<(String, String)> {
    let cells = report["cells"].as_array().unwrap();
    let field = |cell: &Value, name: &str| cell[name].as_str().unwrap().to_owned();
    cells.iter().map(|cell| (field(cell, "revision"), field(cell, "verdict"))).collect()
}

fn kinds<'a>(report: &'a Value, revision: &str) -> Vec<(&'a str, &'a str)> {
    let cells = report["cells"].as_array().unwrap();
    let cell = cells.iter().find(|cell| cell["revision"] == revision).unwrap();
    let findings = cell["findings"].as_array().unwrap();
    findings.iter().map(|it| (it["kind"].as_str().unwrap(), it["object"].as_str().unwrap())).collect()
}

const USERS: (&str, &str, &str) = (
    "a1",
    "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('phone', sa.String(20)))",
    "op.drop_table('users')",
);
const PHONE: (&str, &str, &str) =
    ("a2", "op.drop_column('users', 'phone')", "op.add_column('users', sa.Column('phone', sa.String(20)))");
const RIGHT: (&str, &str, &str) =
    ("a9", "op.create_index('ix', 'users', ['id'])", "op.drop_index('ix', 'users')");

#[test]
fn the_phone_numbers_are_missed_and_the_exit_code_says_so() {
    let Some(python) = python() else { return };
    let project = Project::new(&[USERS, PHONE, RIGHT]);
    let (code, report) = project.report(&python, &[]);
    assert_eq!(code, 1);
    assert_eq!(
        verdicts(&report),
        [("a1", "pass"), ("a2", "fail"), ("a9", "pass")].map(|(id, v)| (id.to_owned(), v.to_owned()))
    );
    assert_eq!(kinds(&report, "a2"), [("data-lost", "users.phone")]);
    assert_eq!(project.report(&python, &["--only", "a9"]).0, 0);
}

#[test]
fn two_runs_and_any_number_of_jobs_give_one_report() {
    let Some(python) = python() else { return };
    let project = Project::new(&[USERS, PHONE, RIGHT]);
    let stripped = |arguments: &[&str]| {
        let (_, mut report) = project.report(&python, arguments);
        for cell in report["cells"].as_array_mut().unwrap() {
            let cell = cell.as_object_mut().unwrap();
            for timing in ["duration_ms", "phases_ms", "attempts"] {
                cell.remove(timing);
            }
        }
        report.to_string()
    };
    let first = stripped(&["--jobs", "1"]);
    assert_eq!(stripped(&["--jobs", "3"]), first);
    assert_eq!(stripped(&["--jobs", "3"]), first);
}

#[test]
fn what_the_lineage_has_upgraded_is_not_upgraded_again_where_nothing_was_to_be_seeded_before() {
    let Some(python) = python() else { return };
    let noted = |step: &str, body: &str| format!("{body}\nopen('{{log}}', 'a').write('{step} ')");
    let users = (noted("up", USERS.1), noted("down", USERS.2));
    let phone = (noted("UP", RIGHT.1), noted("DOWN", RIGHT.2));
    let revisions = [(USERS.0, users.0.as_str(), users.1.as_str()), (RIGHT.0, &phone.0, &phone.1)];
    let project = Project::new(&revisions);
    let log = project.dir.path().join("log");
    fs::write(&log, "").unwrap();
    fs::set_permissions(&log, fs::Permissions::from_mode(0o666)).unwrap();
    for (id, ..) in revisions {
        let file = project.dir.path().join(format!("migrations/versions/{id}.py"));
        let text = fs::read_to_string(&file).unwrap().replace("{log}", log.to_str().unwrap());
        fs::write(&file, text).unwrap();
    }
    let (code, report) = project.report(&python, &["--jobs", "1"]);
    assert_eq!(code, 0, "{report:#}");
    // The second revision finds rows: its upgrade for the lineage is on an empty database, that of the check is not.
    assert_eq!(fs::read_to_string(&log).unwrap(), "up down up UP UP DOWN UP ");
}

#[test]
fn an_id_that_could_be_a_number_is_an_id() {
    let Some(python) = python() else { return };
    let (id, digits) = ("905134444e17", "1234567");
    let project = Project::new(&[(id, USERS.1, USERS.2), (digits, RIGHT.1, RIGHT.2)]);
    let (code, report) = project.report(&python, &[]);
    let passes = [(id, "pass"), (digits, "pass")].map(|(id, v)| (id.to_owned(), v.to_owned()));
    assert_eq!((code, verdicts(&report)), (0, passes.to_vec()));
}

/// One revision misbehaves, in a different way each time; all others are as without it.
#[test]
fn a_revision_that_misbehaves_is_its_own_cell_s_verdict() {
    let Some(python) = python() else { return };
    let cases = [
        ("hangs", "time.sleep(600)", "pass", "timeout"),
        ("kills its process", "os.kill(os.getpid(), 9)", "pass", "upgrade-failed"),
        ("prints a lot", "for _ in range(20000): print('x' * 10000)", "pass", ""),
        ("leaves a transaction open", "op.get_bind().engine.connect().begin()", "pass", ""),
        ("drops the database", "os.remove(op.get_bind().engine.url.database)", "pass", "upgrade-failed"),
    ];
    for (name, up, down, kind) in cases {
        let project = Project::new(&[USERS, PHONE, RIGHT, ("b1", up, down)]);
        let (_, report) = project.report(&python, &["--timeout", "5s"]);
        let found = kinds(&report, "b1");
        match kind {
            "" => assert_eq!(found, [], "{name}"),
            kind => assert_eq!(found.first().map(|(kind, _)| *kind), Some(kind), "{name}: {found:?}"),
        }
        let others = &verdicts(&report)[..3];
        let expected =
            [("a1", "pass"), ("a2", "fail"), ("a9", "pass")].map(|(id, v)| (id.to_owned(), v.to_owned()));
        assert_eq!(others, expected, "{name}");
    }
}

#[test]
fn bad_input_is_told_with_its_place_and_exit_code_2() {
    let fine = Project::new(&[USERS]);
    let broken = Project::new(&[("a1", "op.execute('x'", "pass")]);
    let empty = Project::new(&[]);
    let settings = Project::new(&[USERS]);
    fs::write(settings.dir.path().join("mrt.toml"), "targets = [\"sqlite\"\n").unwrap();
    let nowhere = tempfile::tempdir().unwrap();
    let nowhere = nowhere.path().to_str().unwrap();
    let cases: [(&[&str], &str); 6] = [
        (&["run", broken.path()], "a1.py:10:19"),
        (&["run", empty.path()], "no revision"),
        (&["run", settings.path()], "mrt.toml:1"),
        (&["run", nowhere], "alembic.ini"),
        (&["run", fine.path(), "--target", "oracel:23"], "oracel"),
        (&["run", fine.path(), "--python", "/nonexistent/python"], "/nonexistent/python"),
    ];
    for (arguments, words) in cases {
        let output = mrt(arguments, None);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(words), "{arguments:?} does not say {words:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_second_run_says_the_same_byte_by_byte_whatever_clocks_and_chance_fill_in() {
    let Some(python) = python() else { return };
    let notes = "op.create_table('notes', sa.Column('id', sa.String(40), primary_key=True), sa.Column('text', sa.String(20)), sa.Column('made', sa.String(40)))\nop.create_table('events', sa.Column('what', sa.String(80)))";
    let revisions = [
        USERS,
        ("b1", notes, "op.drop_table('events')\nop.drop_table('notes')"),
        // Rows with random keys, more than a finding lists, and rows without a key.
        (
            "b2",
            "import uuid, datetime\nfor n in range(12): op.execute(f\"INSERT INTO notes VALUES ('{uuid.uuid4()}', 'note {n % 3}', '{datetime.datetime.now()}')\")\nfor n in range(3): op.execute(f\"INSERT INTO events VALUES ('{uuid.uuid4().hex} {n}')\")",
            "pass",
        ),
        // A clock's value on one edge row alone: the one with an empty text.
        (
            "b3",
            "op.execute(f\"UPDATE users SET phone = '{int(time.time() * 1000)}' WHERE phone = ''\")",
            "pass",
        ),
        // What an earlier revision has filled in is lost.
        ("b4", "op.execute('DELETE FROM notes')", "pass"),
        ("b5", "pass", "import uuid\n{}[str(uuid.uuid4())]"),
    ];
    let project = Project::new(&revisions);
    let report = || {
        let (_, mut report) = project.report(&python, &[]);
        for cell in report["cells"].as_array_mut().unwrap() {
            for timing in ["duration_ms", "phases_ms"] {
                cell.as_object_mut().unwrap().remove(timing);
            }
        }
        report
    };
    let first = report();
    assert_eq!(kinds(&first, "b2"), [("rows-left-behind", "events"), ("rows-left-behind", "notes")]);
    assert_eq!(kinds(&first, "b3"), [("data-changed", "users.phone")]);
    assert_eq!(kinds(&first, "b4"), [("rows-lost", "notes")]);
    assert_eq!(kinds(&first, "b5"), [("downgrade-failed", "b5")]);
    assert_eq!(
        serde_json::to_string_pretty(&first).unwrap(),
        serde_json::to_string_pretty(&report()).unwrap()
    );
}
