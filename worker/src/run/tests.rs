//! Stations with real Pythons and servers.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mrt_chain::settings::Project;
use mrt_report::{Cell, Verdict};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{RunError, Station, StationOptions, Unit, UnitEvent};
use crate::check::CheckError;
use crate::check::outcome::Outcome;
use crate::host::environment::Environments;
use crate::host::tests::public_interpreter;
use crate::server::Servers;
use crate::server::docker::Docker;

const ENV: &str = r#"
from alembic import context
from sqlalchemy import engine_from_config, pool

engine = engine_from_config(context.config.get_section("alembic"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"#;

/// The second one loses data.
const USERS: [(&str, &str); 3] = [
    (
        "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('phone', sa.Text))",
        "op.drop_table('users')",
    ),
    ("op.drop_column('users', 'phone')", "op.add_column('users', sa.Column('phone', sa.Text))"),
    ("op.add_column('users', sa.Column('mail', sa.Text))", "op.drop_column('users', 'mail')"),
];

/// A project whose revisions `r0`, `r1`, … follow one another.
struct Files(TempDir);

impl Files {
    fn new(revisions: &[(&str, &str)], settings: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // The migrations run as somebody else where we are root.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        fs::create_dir_all(dir.path().join("migrations/versions")).unwrap();
        let files = Self(dir);
        files.write("alembic.ini", "[alembic]\nscript_location = migrations\n");
        files.write("migrations/env.py", ENV);
        files.write("mrt.toml", settings);
        let mut down = "None".to_owned();
        for (at, (up, undo)) in revisions.iter().enumerate() {
            let text = format!(
                "import os, time\nimport sqlalchemy as sa\nfrom alembic import op\nrevision = 'r{at}'\ndown_revision = {down}\ndef upgrade():\n    {up}\ndef downgrade():\n    {undo}\n"
            );
            files.write(&format!("migrations/versions/r{at}.py"), &text);
            down = format!("'r{at}'");
        }
        files
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// All cells on the only target, and where they can be taken away.
    fn unit(&self) -> (Unit, watch::Sender<BTreeSet<usize>>) {
        let suite = Arc::new(Project::load(self.path()).unwrap().suites.remove(0));
        let target = suite.targets[0].clone();
        let chain = Arc::new(suite.chain(target.engine).unwrap());
        let (sender, cells) = watch::channel((0..chain.revisions().len()).collect());
        let today = jiff::civil::date(2026, 11, 26);
        let expected = Arc::default();
        (Unit { suite, copy: None, target, chain, cells, expected, seed_all: false, today }, sender)
    }
}

fn python() -> Option<PathBuf> {
    let python = std::env::var_os("MRT_TEST_PYTHON").map(PathBuf::from);
    if python.is_none() {
        skipped("MRT_TEST_PYTHON is not set");
    }
    python
}

fn skipped(why: &str) {
    eprintln!("SKIPPED: {} ({why})", std::thread::current().name().unwrap_or("a test"));
}

fn station(python: &Path, jobs: usize, keep: bool) -> Station {
    let environments = Arc::new(Environments::new(PathBuf::from("/nowhere"), 1));
    let servers = Servers::default();
    Station::new(StationOptions {
        jobs,
        keep,
        replays: None,
        interpreter: Some(python.to_owned()),
        environments,
        servers,
    })
}

/// What was told of a unit.
#[derive(Default)]
struct Heard {
    preparing: Vec<String>,
    serving: Vec<String>,
    /// Every revision that was ever under way, and the ones that were in the end.
    at: (BTreeSet<usize>, BTreeSet<usize>),
    stands: Vec<usize>,
    cells: BTreeMap<usize, Cell>,
    failed: BTreeMap<usize, String>,
}

impl Heard {
    fn verdicts(&self) -> Vec<Verdict> {
        self.cells.values().map(|cell| cell.verdict).collect()
    }
}

/// Checks a unit in a task of its own, as a worker does it.
async fn check(
    station: &Arc<Station>,
    unit: Unit,
    mut see: impl FnMut(&UnitEvent),
) -> (Result<(), RunError>, Heard) {
    let (sender, mut events) = mpsc::unbounded_channel();
    let station = Arc::clone(station);
    let checking = tokio::spawn(async move {
        let cancel = CancellationToken::new();
        station.check(&unit, &sender, &cancel).await
    });
    let mut heard = Heard::default();
    while let Some(event) = events.recv().await {
        see(&event);
        match event {
            UnitEvent::Preparing(what) => heard.preparing.push(what),
            UnitEvent::Serving(what) => heard.serving.push(what),
            UnitEvent::At(now) => {
                heard.at.0.extend(&now);
                heard.at.1 = now;
            }
            UnitEvent::Stands(position) => heard.stands.push(position),
            UnitEvent::Finished { position, cell } => {
                assert!(heard.cells.insert(position, *cell).is_none(), "{position} is told twice");
            }
            UnitEvent::Failed { position, reason } => drop(heard.failed.insert(position, reason)),
        }
    }
    (checking.await.unwrap(), heard)
}

#[tokio::test]
async fn every_cell_of_a_unit_is_told() {
    let Some(python) = python() else { return };
    let files = Files::new(&USERS, "targets = ['sqlite']");
    let station = Arc::new(station(&python, 2, false));
    let (unit, _cells) = files.unit();
    let (result, heard) = check(&station, unit, |_| {}).await;
    result.unwrap();
    assert_eq!(heard.verdicts(), [Verdict::Pass, Verdict::Fail, Verdict::Pass]);
    assert_eq!(heard.preparing, [] as [&str; 0], "what is embedded is not started");
    assert!(heard.serving[0].starts_with("SQLite 3"), "{:?}", heard.serving);
    assert_eq!(heard.at, (BTreeSet::from([0, 1, 2]), BTreeSet::new()));
    assert_eq!(heard.stands, [0, 1, 2]);
    assert!(heard.failed.is_empty());
    assert!(station.warm().is_empty(), "files are made anew");
    assert!(station.close().await.is_empty());
}

#[tokio::test]
async fn cells_that_are_taken_away_in_time_are_not_begun() {
    let Some(python) = python() else { return };
    let signal = tempfile::tempdir().unwrap();
    fs::set_permissions(signal.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let signal = signal.path().join("go");
    let wait = format!("[time.sleep(0.01) for _ in iter(lambda: os.path.exists({signal:?}), True)]");
    let revisions = [USERS[0], (&*wait, "pass"), USERS[2], ("pass", "pass")];
    let files = Files::new(&revisions, "targets = ['sqlite']");
    let (unit, cells) = files.unit();
    let see = |event: &UnitEvent| {
        // Told before it runs, and so before it comes to an end.
        if matches!(event, UnitEvent::At(now) if now.contains(&1)) && !signal.exists() {
            cells.send(BTreeSet::from([0, 1])).unwrap();
            fs::write(&signal, "").unwrap();
        }
    };
    let (result, heard) = check(&Arc::new(station(&python, 2, false)), unit, see).await;
    result.unwrap();
    assert_eq!(heard.cells.into_keys().collect::<Vec<_>>(), [0, 1]);
    assert_eq!((heard.at.0, heard.stands), (BTreeSet::from([0, 1]), vec![0, 1]));
}

#[tokio::test]
async fn what_is_the_project_s_own_failure_is_told_apart() {
    let Some(python) = python() else { return };
    let files = Files::new(&USERS, "targets = ['sqlite']");
    files.write("migrations/env.py", "raise RuntimeError('no settings')");
    let (result, heard) = check(&Arc::new(station(&python, 1, false)), files.unit().0, |_| {}).await;
    let error = result.unwrap_err();
    assert!(matches!(error, RunError::Begin { .. }) && error.is_projects_own(), "{error:?}");
    assert!(heard.cells.is_empty() && heard.failed.is_empty());

    let nowhere = station(Path::new("/nowhere/python"), 1, false);
    let error = check(&Arc::new(nowhere), files.unit().0, |_| {}).await.0.unwrap_err();
    assert!(matches!(error, RunError::Environment { .. }) && !error.is_projects_own(), "{error:?}");
}

#[test]
fn what_mrt_cannot_do_is_a_verdict_and_what_fails_here_is_none() {
    let files = Files::new(&USERS, "targets = ['sqlite']");
    let (unit, _cells) = files.unit();
    let told = |error: CheckError| unit.ended(1, Outcome::error(&error), 1, Duration::ZERO);
    let lasting = told(CheckError::CannotBeUndone { what: "ALTER SYSTEM".to_owned() });
    assert!(
        matches!(&lasting, UnitEvent::Finished { position: 1, cell } if cell.verdict == Verdict::Error
            && cell.reason.as_ref().unwrap().contains("ALTER SYSTEM")),
        "{lasting:?}"
    );
    let broken = told(CheckError::Replay { revision: "r1".to_owned() });
    assert!(matches!(&broken, UnitEvent::Failed { position: 1, .. }), "{broken:?}");
}

#[tokio::test]
async fn a_server_waits_for_the_next_unit_and_makes_room_for_another_one() {
    let Some(python) = python() else { return };
    if let Err(error) = Docker::connect().await {
        return skipped(&error.to_string());
    }
    // A role that the first unit leaves would be in the second one's way.
    let role = ("op.execute('CREATE ROLE clerk')", "op.execute('DROP ROLE clerk')");
    let revisions = [USERS[0], role, USERS[2]];
    let station = Arc::new(station(&python, 1, false));
    for round in 0..2 {
        let files = Files::new(&revisions, "targets = ['postgres:15']");
        let (result, heard) = check(&station, files.unit().0, |_| {}).await;
        result.unwrap();
        assert_eq!(heard.verdicts(), [Verdict::Pass; 3], "{:#?}", heard.cells);
        let preparing: &[&str] = if round == 0 { &["starting postgres:15"] } else { &[] };
        assert_eq!(heard.preparing, preparing);
        assert!(heard.serving[0].starts_with("PostgreSQL 15"), "{:?}", heard.serving);
        assert_eq!(station.warm(), ["postgres:15"]);
    }
    let files = Files::new(&USERS, "targets = ['sqlite']");
    check(&station, files.unit().0, |_| {}).await.0.unwrap();
    assert!(station.warm().is_empty(), "there is room for one");
    assert!(station.close().await.is_empty());
}

#[tokio::test]
async fn what_is_kept_stays_whatever_comes_after_it() {
    let Some(python) = python() else { return };
    let Ok(url) = std::env::var("MRT_TEST_POSTGRES_URL") else {
        return skipped("MRT_TEST_POSTGRES_URL is not set");
    };
    let external = format!("targets = ['postgres:15']\n[target.'postgres:15']\nurl = '{url}'");
    let station = Arc::new(station(&python, 2, true));
    let mut kept = Vec::new();
    for settings in ["targets = ['sqlite']", &external, &external] {
        let files = Files::new(&USERS, settings);
        let (result, heard) = check(&station, files.unit().0, |_| {}).await;
        result.unwrap();
        kept.push(heard.cells[&1].kept.clone().unwrap());
    }
    for hint in &kept[1..] {
        let url = hint.split('\'').nth(1).unwrap();
        PgConnection::connect(url).await.unwrap().close().await.unwrap();
    }
    let told = station.close().await;
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].starts_with("kept for a look, remove it when done: directory /"), "{told:?}");
    let file = kept[0].split(['\'', ' ']).find(|part| part.starts_with('/')).unwrap();
    fs::remove_dir_all(Path::new(file).ancestors().nth(2).unwrap()).unwrap();
}

#[tokio::test]
async fn a_strangers_code_does_not_get_our_rights_by_failing() {
    let test = "a_strangers_code_does_not_get_our_rights_by_failing";
    let Some((place, python)) = public_interpreter(test).await else { return };
    let seen = place.path().join("seen");
    fs::write(&seen, "").unwrap();
    fs::set_permissions(&seen, fs::Permissions::from_mode(0o666)).unwrap();
    let files = Files::new(&USERS, "targets = [\"sqlite\"]");
    let spy = format!(
        "import os\nwith open({seen:?}, 'a') as file:\n    file.write('%d\\n' % os.getuid())\n\
         if os.getuid():\n    raise PermissionError('more rights, please')\n"
    );
    files.write("migrations/env.py", &format!("{spy}{ENV}"));
    let station = Arc::new(station(&python, 1, false));
    let (unit, _cells) = files.unit();
    let strangers = Unit { copy: Some(files.path().to_owned()), ..unit };
    let (checked, heard) = check(&station, strangers, |_| {}).await;
    assert!(matches!(checked, Err(RunError::Begin { .. })), "{checked:?}");
    assert!(heard.cells.is_empty());
    let told = fs::read_to_string(&seen).unwrap();
    assert!(!told.is_empty() && told.lines().all(|uid| uid == "65534"), "{told}");

    // One's own may do what one may oneself.
    let (unit, _cells) = files.unit();
    let (checked, heard) = check(&station, unit, |_| {}).await;
    checked.unwrap();
    assert_eq!(heard.verdicts(), [Verdict::Pass, Verdict::Fail, Verdict::Pass]);
}

#[tokio::test]
async fn seed_commands_run_as_the_migrations_do() {
    let Some((_place, python)) = public_interpreter("seed_commands_run_as_the_migrations_do").await else {
        return;
    };
    let settings = "targets = [\"sqlite\"]\n[[seed]]\ntable = \"users\"\ncommand = [\"sh\", \"-c\", \"echo I am $(id -u) >&2; exit 1\"]\n";
    let files = Files::new(&USERS, settings);
    let (unit, _cells) = files.unit();
    let strangers = Unit { copy: Some(files.path().to_owned()), ..unit };
    let (checked, heard) = check(&Arc::new(station(&python, 1, false)), strangers, |_| {}).await;
    checked.unwrap();
    let told = serde_json::to_string(&heard.cells.values().collect::<Vec<_>>()).unwrap();
    assert!(told.contains("I am 65534") && !told.contains("I am 0"), "{told}");
}
