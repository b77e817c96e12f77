//! What a run says, on SQLite.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{PHONE, Project, Revision, USERS, cells, kinds, python, stderr, verdicts};

fn mrt(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mrt-cli")).args(arguments).output().unwrap()
}

const RIGHT: Revision<'_> = ("a9", "op.create_index('ix', 'users', ['id'])", "op.drop_index('ix', 'users')");

#[test]
fn the_phone_numbers_are_missed_and_the_exit_code_says_so() {
    let Some(python) = python() else { return };
    let project = Project::chain(&[USERS, PHONE, RIGHT]);
    let (code, report) = project.report(&python, &[]);
    assert_eq!(code, 1);
    assert_eq!(verdicts(&report), "a1 pass, a2 fail, a9 pass");
    assert_eq!(kinds(&report, "a2"), [("data-lost", "users.phone")]);
    assert_eq!(project.report(&python, &["--only", "a9"]).0, 0);
}

/// Loses the phone numbers where the database says so, which it never does.
const NEVER: Revision<'_> = (
    "a3",
    "if op.get_bind().scalar(sa.text('SELECT 0')):\n    op.drop_column('users', 'phone')",
    "if op.get_bind().scalar(sa.text('SELECT 0')):\n    op.add_column('users', sa.Column('phone', sa.String(20)))",
);

#[test]
fn what_the_text_says_is_confirmed_or_refuted_by_the_rows() {
    let Some(python) = python() else { return };
    let project = Project::chain(&[USERS, PHONE, RIGHT]);
    let (_, report) = project.report(&python, &[]);
    let said = |report: &Value, revision: &str| -> Vec<(String, String)> {
        let cells = report["cells"].as_array().unwrap();
        let cell = cells.iter().find(|cell| cell["revision"] == revision).unwrap();
        let said = cell["static_findings"].as_array().cloned().unwrap_or_default();
        let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
        said.iter().map(|finding| (word(finding, "code"), word(finding, "proof"))).collect()
    };
    let pair = |code: &str, proof: &str| (code.to_owned(), proof.to_owned());
    assert_eq!(said(&report, "a2"), [pair("MRT201", "confirmed")]);
    assert_eq!(said(&report, "a9"), []);
    let never = Project::chain(&[USERS, NEVER]);
    assert_eq!(said(&never.report(&python, &[]).1, "a3"), [pair("MRT201", "refuted")]);
    // What is accepted in mrt.toml is not told again.
    let quiet = Project::chain(&[USERS, PHONE]).with("[check]\nignore = ['MRT2']\n");
    assert_eq!(said(&quiet.report(&python, &[]).1, "a2"), []);
}

#[test]
fn two_runs_and_any_number_of_jobs_give_one_report() {
    let Some(python) = python() else { return };
    let project = Project::chain(&[USERS, PHONE, RIGHT]);
    let stripped = |arguments: &[&str]| cells(&project.report(&python, arguments).1);
    let first = stripped(&["--jobs", "1"]);
    assert_eq!(stripped(&["--jobs", "3"]), first);
    assert_eq!(stripped(&["--jobs", "3"]), first);
}

#[test]
fn what_the_lineage_has_upgraded_is_not_upgraded_again_where_nothing_was_to_be_seeded_before() {
    let Some(python) = python() else { return };
    let project = Project::empty();
    let log = project.path().join("log");
    let noted = |step: &str, body: &str| format!("{body}\nopen({log:?}, 'a').write('{step} ')");
    let users = (noted("up", USERS.1), noted("down", USERS.2));
    let index = (noted("UP", RIGHT.1), noted("DOWN", RIGHT.2));
    project.follow(None, &[(USERS.0, &users.0, &users.1), (RIGHT.0, &index.0, &index.1)]);
    let (code, report) = project.report(&python, &["--jobs", "1"]);
    assert_eq!(code, 0, "{report:#}");
    // The second revision finds rows: its upgrade for the lineage is on an empty database, that of the check is not.
    assert_eq!(fs::read_to_string(&log).unwrap(), "up down up UP UP DOWN UP ");
}

/// It takes itself out of the version table when Alembic has put it in, so that it has not happened.
const TAKES_ITSELF_BACK: Revision<'_> = (
    "b1",
    "op.create_table('b', sa.Column('id', sa.Integer, primary_key=True))\n\
     op.execute('CREATE TRIGGER back AFTER UPDATE ON alembic_version BEGIN \
     UPDATE alembic_version SET version_num = OLD.version_num; END')",
    "op.drop_table('b')",
);

#[test]
fn what_began_on_a_revision_that_did_not_happen_comes_to_nothing() {
    let Some(python) = python() else { return };
    let project = Project::chain(&[USERS, TAKES_ITSELF_BACK]);
    let log = project.path().join("log");
    let noted = format!("open({log:?}, 'a').write('begun ')");
    project.follow(Some("b1"), &[("b2", &noted, "pass"), ("b3", "pass", "pass")]);
    project.follow(Some("a1"), &[RIGHT]);
    let (_, report) = project.report(&python, &["--jobs", "3"]);
    assert_eq!(verdicts(&report), "a1 pass, a9 pass, b1 fail, b2 blocked, b3 blocked", "{report:#}");
    // It did begin, beside the reading of what had not happened.
    assert_eq!(fs::read_to_string(&log).unwrap(), "begun ");
}

#[test]
fn an_id_that_could_be_a_number_is_an_id() {
    let Some(python) = python() else { return };
    let (id, digits) = ("905134444e17", "1234567");
    let project = Project::chain(&[(id, USERS.1, USERS.2), (digits, RIGHT.1, RIGHT.2)]);
    let (code, report) = project.report(&python, &[]);
    assert_eq!((code, verdicts(&report)), (0, format!("{id} pass, {digits} pass")));
}

#[test]
fn bad_input_is_told_with_its_place_and_exit_code_2() {
    let fine = Project::chain(&[USERS]);
    let broken = Project::chain(&[("a1", "op.execute('x'", "pass")]);
    let empty = Project::chain(&[]);
    let settings = Project::chain(&[USERS]).with("targets = [\"sqlite\"\n");
    let nowhere = tempfile::tempdir().unwrap();
    let [fine, broken, empty, settings, nowhere] =
        [fine.path(), broken.path(), empty.path(), settings.path(), nowhere.path()]
            .map(|it| it.to_str().unwrap());
    let cases: [(&[&str], &str); 6] = [
        (&["run", broken], "a1.py:10:19"),
        (&["run", empty], "no revision"),
        (&["run", settings], "mrt.toml:1"),
        (&["run", nowhere], "alembic.ini"),
        (&["run", fine, "--target", "oracel:23"], "oracel"),
        (&["run", fine, "--python", "/nonexistent/python"], "/nonexistent/python"),
    ];
    for (arguments, words) in cases {
        let output = mrt(arguments);
        let stderr = stderr(&output);
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
    let project = Project::chain(&revisions);
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
