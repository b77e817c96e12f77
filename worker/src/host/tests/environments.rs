//! Which Python runs a suite. Nothing but one test needs a network: what is installed are packages made on the spot.

use mrt_chain::settings::{EngineKind, Python};

use super::*;
use crate::host::environment::{Driver, EnvironmentError, EnvironmentEvent, installed_drivers, prepare};

const SQLITE: Driver = Driver { engine: EngineKind::Sqlite, name: None };

/// A directory with a wheel that passes for a package, which has nothing in it but its name.
fn wheel(python: &Path, dir: &Path, name: &str) -> PathBuf {
    let script = "import sys, zipfile\n\
        dir, name = sys.argv[1:]\npath = '%s/%s-1.0-py3-none-any.whl' % (dir, name)\ninfo = name + '-1.0.dist-info/'\n\
        with zipfile.ZipFile(path, 'w') as z:\n\
        \x20   z.writestr(name + '/__init__.py', '')\n\
        \x20   z.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: %s\\nVersion: 1.0\\n' % name)\n\
        \x20   z.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n\
        \x20   z.writestr(info + 'RECORD', '')\nprint(path)";
    let made = std::process::Command::new(python).args(["-c", script]).arg(dir).arg(name).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    PathBuf::from(String::from_utf8(made.stdout).unwrap().trim())
}

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    async fn prepare(
        &self,
        python: &Python,
        drivers: &[Driver],
    ) -> (Result<PathBuf, EnvironmentError>, Vec<EnvironmentEvent>) {
        let mut events = Vec::new();
        let cache = self.dir.path().join("cache");
        let made = prepare(python, self.dir.path(), drivers, &cache, |event| events.push(event)).await;
        (made, events)
    }
}

#[tokio::test]
async fn a_given_interpreter_must_have_everything() {
    let Some(interpreter) = interpreter("a_given_interpreter_must_have_everything") else { return };
    let place = Place::new();
    let given = |path: &Path| Python { interpreter: Some(path.to_owned()), ..Python::default() };
    let postgres = Driver { engine: EngineKind::Postgres, name: None };
    let (found, events) = place.prepare(&given(&interpreter), &[SQLITE, postgres]).await;
    assert_eq!((found.unwrap(), events.len()), (interpreter.clone(), 0));

    let odd = Driver { engine: EngineKind::Postgres, name: Some("no_such_driver".to_owned()) };
    let message = place.prepare(&given(&interpreter), &[odd]).await.0.unwrap_err().to_string();
    assert!(message.starts_with("no_such_driver is not installed in"), "{message}");

    let message = place.prepare(&given(Path::new("bin/nowhere")), &[]).await.0.unwrap_err().to_string();
    assert!(message.starts_with("there is no Python interpreter bin/nowhere"), "{message}");

    let message = place.prepare(&given(Path::new("/bin/false")), &[]).await.0.unwrap_err().to_string();
    assert!(message.contains("does not work as a Python interpreter"), "{message}");

    let known = installed_drivers(&interpreter, EngineKind::Postgres).await.unwrap();
    assert!(known.contains(&"psycopg2"), "{known:?}");
}

#[tokio::test]
async fn the_suites_own_environment_is_used() {
    let Some(interpreter) = interpreter("the_suites_own_environment_is_used") else { return };
    let place = Place::new();
    let own = place.dir.path().join(".venv");
    let made =
        std::process::Command::new(&interpreter).args(["-m", "venv", "--without-pip"]).arg(&own).status();
    assert!(made.unwrap().success());
    let message = place.prepare(&Python::default(), &[]).await.0.unwrap_err().to_string();
    assert!(message.starts_with("alembic is not installed in"), "{message}");

    // A directory of migrations that is called alembic is not Alembic.
    fs::create_dir(place.dir.path().join("alembic")).unwrap();
    assert!(place.prepare(&Python::default(), &[]).await.0.is_err());

    let lib =
        fs::read_dir(own.join("lib")).unwrap().next().unwrap().unwrap().path().join("site-packages/alembic");
    fs::create_dir(&lib).unwrap();
    fs::write(lib.join("__init__.py"), "").unwrap();
    let (found, events) = place.prepare(&Python::default(), &[SQLITE]).await;
    assert_eq!((found.unwrap(), events.len()), (own.join("bin/python"), 0));
}

#[tokio::test]
async fn requirements_make_an_environment_once() {
    let Some(interpreter) = interpreter("requirements_make_an_environment_once") else { return };
    let place = Place::new();
    let alembic = wheel(&interpreter, place.dir.path(), "alembic");
    fs::write(place.dir.path().join("base.txt"), format!("{}\n", alembic.display())).unwrap();
    fs::write(place.dir.path().join("requirements.txt"), "# all\n-r base.txt\n").unwrap();

    let (made, events) = place.prepare(&Python::default(), &[SQLITE]).await;
    let made = made.unwrap();
    assert!(
        matches!(&events[..], [EnvironmentEvent::Creating(_), EnvironmentEvent::Installing(_)]),
        "{events:?}"
    );
    let (again, events) = place.prepare(&Python::default(), &[SQLITE]).await;
    assert_eq!((again.unwrap(), events.len()), (made.clone(), 0));

    // One that was left half made is made again, in the same place.
    fs::remove_file(made.parent().unwrap().parent().unwrap().join(".mrt-complete")).unwrap();
    let (again, events) = place.prepare(&Python::default(), &[SQLITE]).await;
    assert_eq!((again.unwrap(), events.len()), (made.clone(), 2));

    // Another content of an included file is another environment.
    let other = wheel(&interpreter, place.dir.path(), "other");
    fs::write(place.dir.path().join("base.txt"), format!("{}\n{}\n", alembic.display(), other.display()))
        .unwrap();
    let (changed, _) = place.prepare(&Python::default(), &[SQLITE]).await;
    assert_ne!(changed.unwrap(), made);
}

#[tokio::test]
async fn what_cannot_be_installed_is_named() {
    let place = Place::new();
    fs::write(place.dir.path().join("requirements.txt"), "--no-index\nno-such-package\n").unwrap();
    let message = place.prepare(&Python::default(), &[SQLITE]).await.0.unwrap_err().to_string();
    assert!(message.contains("cannot install") && message.contains("no-such-package"), "{message}");

    let python = Python { requirements: vec![place.dir.path().join("absent.txt")], ..Python::default() };
    let message = place.prepare(&python, &[SQLITE]).await.0.unwrap_err().to_string();
    assert!(message.starts_with("cannot read ") && message.ends_with("absent.txt"), "{message}");
}

#[tokio::test]
async fn a_suite_that_says_nothing_gets_alembic_and_drivers() {
    if std::env::var_os("MRT_TEST_PYPI").is_none() {
        eprintln!("SKIPPED: a_suite_that_says_nothing_gets_alembic_and_drivers (MRT_TEST_PYPI is not set)");
        return;
    }
    let place = Place::new();
    let drivers = [
        Driver { engine: EngineKind::Sqlite, name: Some("aiosqlite".to_owned()) },
        Driver { engine: EngineKind::Postgres, name: None },
    ];
    let made = place.prepare(&Python::default(), &drivers).await.0.unwrap();
    let mut suite = Suite::new(&made);
    suite.revision("r1", "pass", "pass");
    let mut child = suite.host().await.child().await.unwrap();
    assert_eq!(up(&mut child, "r1").await.failure, None);
    assert_eq!(installed_drivers(&made, EngineKind::Sqlite).await.unwrap(), ["pysqlite", "aiosqlite"]);
    assert_eq!(installed_drivers(&made, EngineKind::Postgres).await.unwrap(), ["psycopg2"]);
}
