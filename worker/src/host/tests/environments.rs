//! Which Python runs a suite. Nothing but one test needs a network: what is installed are packages made on the spot.

use std::os::unix::fs::MetadataExt;

use mrt_chain::settings::{EngineKind, Python};

use super::*;
use crate::host::environment::{
    Driver, EnvironmentError, EnvironmentEvent, Environments, Prepared, ROOM, Wanted,
};

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
        let (made, events) = self.prepare_all(python, drivers).await;
        (made.map(|made| made.interpreter), events)
    }

    async fn prepare_all(
        &self,
        python: &Python,
        drivers: &[Driver],
    ) -> (Result<Prepared, EnvironmentError>, Vec<EnvironmentEvent>) {
        let mut events = Vec::new();
        let suite_dir = self.dir.path();
        let wanted = Wanted { python, suite_dir, drivers, copy: None, is_ordered: false, run_as: nobody() };
        let environments = Environments::new(suite_dir.join("cache"), ROOM);
        let made = environments.prepare(&wanted, |event| events.push(event)).await;
        (made, events)
    }
}

#[tokio::test]
async fn a_given_interpreter_must_have_everything() {
    let Some(interpreter) = interpreter("a_given_interpreter_must_have_everything") else { return };
    let place = Place::new();
    let given = |path: &Path| Python { interpreter: Some(path.to_owned()), ..Python::default() };
    let postgres = Driver { engine: EngineKind::Postgres, name: None };
    let (found, events) = place.prepare_all(&given(&interpreter), &[SQLITE, postgres]).await;
    let found = found.unwrap();
    assert_eq!((&found.interpreter, events.len()), (&interpreter, 0));
    let known = found.drivers(EngineKind::Postgres);
    assert!(known.contains(&"psycopg2"), "{known:?}");

    let odd = Driver { engine: EngineKind::Postgres, name: Some("no_such_driver".to_owned()) };
    let message = place.prepare(&given(&interpreter), &[odd]).await.0.unwrap_err().to_string();
    assert!(message.starts_with("no_such_driver is not installed in"), "{message}");

    for engine in [EngineKind::MySql, EngineKind::MariaDb] {
        let driver = |name: Option<&str>| Driver { engine, name: name.map(str::to_owned) };
        let (found, _) = place.prepare_all(&given(&interpreter), &[driver(None)]).await;
        assert_eq!(found.unwrap().drivers(engine)[0], "pymysql");
        // The module lies in a package that is not there either.
        let named = driver(Some("mysqlconnector"));
        let message = place.prepare(&given(&interpreter), &[named]).await.0.unwrap_err().to_string();
        assert!(message.starts_with("mysql.connector is not installed in"), "{message}");
        assert!(message.contains("pip install 'mysql-connector-python'"), "{message}");
    }

    let message = place.prepare(&given(Path::new("bin/nowhere")), &[]).await.0.unwrap_err().to_string();
    assert!(message.starts_with("there is no Python interpreter bin/nowhere"), "{message}");

    let message = place.prepare(&given(Path::new("/bin/false")), &[]).await.0.unwrap_err().to_string();
    assert!(message.contains("does not work as a Python interpreter"), "{message}");
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
    fs::remove_file(made.ancestors().nth(4).unwrap().join("bytes")).unwrap();
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
    let prepared = place.prepare_all(&Python::default(), &drivers).await.0.unwrap();
    let made = &prepared.interpreter;
    let mut suite = Suite::new(made);
    suite.revision("r1", "pass", "pass");
    let mut child = suite.host().await.child().await.unwrap();
    assert_eq!(up(&mut child, "r1").await.failure, None);
    assert_eq!(prepared.drivers(EngineKind::Sqlite), ["pysqlite", "aiosqlite"]);
    assert_eq!(prepared.drivers(EngineKind::Postgres), ["psycopg2"]);
}

/// A place that somebody else can use, with a stranger's project in it.
struct Strangers {
    place: Place,
    project: PathBuf,
    environments: Environments,
    ids: (u32, u32),
}

impl Strangers {
    /// `None` where we are not root, or where nobody can use no Python.
    fn new(test: &str) -> Option<Self> {
        let Some(ids) = nobody() else {
            eprintln!("SKIPPED: {test} (the test does not run as root)");
            return None;
        };
        let place = Place::new();
        fs::set_permissions(place.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let project = place.dir.path().join("project");
        fs::create_dir(&project).unwrap();
        let environments = Environments::new(place.dir.path().join("cache"), ROOM);
        Some(Self { place, project, environments, ids })
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.project.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A file that everybody can write.
    fn open_file(&self, name: &str) -> PathBuf {
        let path = self.place.dir.path().join(name);
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        path
    }

    fn wanted<'a>(&'a self, python: &'a Python, drivers: &'a [Driver]) -> Wanted<'a> {
        let copy = Some(&*self.project);
        Wanted { python, suite_dir: &self.project, drivers, copy, is_ordered: false, run_as: Some(self.ids) }
    }

    async fn prepare(&self, python: &Python) -> Result<Prepared, EnvironmentError> {
        self.environments.prepare(&self.wanted(python, &[SQLITE]), |_| {}).await
    }

    /// A project with a build back end of its own, which notes as whom it runs and does what it is told.
    fn with_backend(&self, seen: &Path, also: &str) {
        self.write(
            "pyproject.toml",
            "[project]\nname = 'alembic'\nversion = '1.0'\n[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n",
        );
        let backend = format!(
            r#"
import os, subprocess, sys, zipfile
def note(what):
    with open({seen:?}, "a") as file:
        file.write("%s %d\n" % (what, os.getuid()))
def build_editable(directory, *_):
    note("build")
    open("written-beside", "w").close()
{also}
    name = "alembic-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as z:
        z.writestr("alembic/__init__.py", "")
        z.writestr("spy.pth", "import os; f = open('%s', 'a'); f.write('pth %%d\\n' %% os.getuid()); f.close()\n" % {seen:?})
        z.writestr("alembic-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: alembic\nVersion: 1.0\n")
        z.writestr("alembic-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr("alembic-1.0.dist-info/RECORD", "")
    return name
build_wheel = build_editable
"#,
        );
        self.write("backend.py", &backend);
    }
}

fn all_files(path: &Path) -> Vec<PathBuf> {
    let mut all = vec![path.to_owned()];
    if fs::symlink_metadata(path).unwrap().is_dir() {
        all.extend(fs::read_dir(path).unwrap().flat_map(|entry| all_files(&entry.unwrap().path())));
    }
    all
}

#[tokio::test]
async fn a_strangers_build_runs_as_nobody_and_what_it_made_is_its_own_no_more() {
    let Some(strangers) = Strangers::new("a_strangers_build_runs_as_nobody") else { return };
    let (seen, pid) = (strangers.open_file("seen"), strangers.open_file("pid"));
    strangers.with_backend(
        &seen,
        &format!(
            "    note(os.environ.get('MRT_SECRET', 'no secret') + ' ' + os.environ['HOME'])\n    os.chmod(sys.prefix, 0o777)\n    \
             sleeper = subprocess.Popen(['setsid', 'sleep', '1000'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n    open({pid:?}, 'w').write(str(sleeper.pid))"
        ),
    );
    let made = strangers.prepare(&Python::default()).await.unwrap();
    assert_eq!(made.run_as, Some(strangers.ids));
    let text = fs::read_to_string(&seen).unwrap();
    assert!(text.contains("build 65534\n") && text.contains("pth 65534\n"), "{text}");
    assert!(text.lines().all(|line| line.ends_with(" 65534")), "{text}");
    assert!(!text.contains("/root "), "{text}");
    // What it has left running is gone; what it wrote beside its files is not in the project.
    assert!(!is_running(pid_in(&pid)));
    assert!(!strangers.project.join("written-beside").exists());
    let files = made.interpreter.ancestors().nth(3).unwrap();
    assert!(files.join("project/written-beside").exists());
    for path in all_files(files) {
        let found = fs::symlink_metadata(&path).unwrap();
        assert_eq!((found.uid(), found.gid()), (0, 0), "{}", path.display());
        assert!(found.is_symlink() || found.mode() & 0o7022 == 0, "{} {:o}", path.display(), found.mode());
    }
    // Nothing of its home is left, and the next one needs no build.
    assert_eq!(fs::read_dir(files.parent().unwrap()).unwrap().count(), 2);
    drop(made);
    strangers.prepare(&Python::default()).await.unwrap();
    assert_eq!(fs::read_to_string(&seen).unwrap().matches("build ").count(), 1);
}

/// A project that needs a package of this name, which is made on the spot.
fn project_with(interpreter: &Path, dir: &Path, name: &str) -> PathBuf {
    let project = dir.join(format!("with-{name}"));
    fs::create_dir(&project).unwrap();
    let wheels = [wheel(interpreter, &project, "alembic"), wheel(interpreter, &project, name)];
    let lines = wheels.map(|wheel| format!("{}\n", wheel.display())).concat();
    fs::write(project.join("requirements.txt"), lines).unwrap();
    project
}

#[tokio::test]
async fn environments_have_a_bound_and_what_is_in_use_stays() {
    let Some(interpreter) = interpreter("environments_have_a_bound_and_what_is_in_use_stays") else { return };
    let place = Place::new();
    let cache = place.dir.path().join("cache");
    let projects = ["one", "two"].map(|name| project_with(&interpreter, place.dir.path(), name));
    let python = Python::default();
    // As two processes that share the directory. No environment fits.
    let (first, second) = (Environments::new(cache.clone(), 1), Environments::new(cache.clone(), 1));
    let prepare = async |environments: &Environments, project: &PathBuf| {
        let wanted = Wanted {
            python: &python,
            suite_dir: project,
            drivers: &[SQLITE],
            copy: None,
            is_ordered: false,
            run_as: None,
        };
        environments.prepare(&wanted, |_| {}).await.unwrap()
    };
    let one = prepare(&first, &projects[0]).await;
    let two = prepare(&second, &projects[1]).await;
    assert!(one.interpreter.exists() && two.interpreter.exists());
    drop(one.kept);
    Environments::new(cache.clone(), 1).open().await.unwrap();
    assert!(!one.interpreter.exists() && two.interpreter.exists());
    // It can be made again, and is found while it is there.
    let again = prepare(&first, &projects[0]).await;
    assert_eq!(again.interpreter, one.interpreter);
    let name = &again.kept.as_ref().unwrap().0;
    assert!(second.find(name).await.unwrap().is_some());
}

#[tokio::test]
async fn a_stranger_cannot_choose_to_run_as_root() {
    let Some(strangers) = Strangers::new("a_stranger_cannot_choose_to_run_as_root") else { return };
    let seen = strangers.open_file("seen");
    // It fails as nobody, in the hope for more.
    let text = format!("#!/bin/sh\nid -u >> {}\ntest $(id -u) = 0\n", seen.display());
    for (name, mode) in [("python", 0o755), ("private/python", 0o700)] {
        let path = strangers.write(name, &text);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let python = Python { interpreter: Some(path), ..Python::default() };
        let error = strangers.prepare(&python).await.unwrap_err();
        assert!(matches!(error, EnvironmentError::NotPython { .. }), "{error:?}");
    }
    assert_eq!(fs::read_to_string(&seen).unwrap(), "65534\n");

    // The same of one's own project is tried as oneself.
    let python = Python { interpreter: Some(strangers.project.join("python")), ..Python::default() };
    let wanted = Wanted { copy: None, ..strangers.wanted(&python, &[]) };
    strangers.environments.prepare(&wanted, |_| {}).await.unwrap_err();
    assert_eq!(fs::read_to_string(&seen).unwrap(), "65534\n65534\n0\n");
}

#[tokio::test]
async fn a_build_that_only_root_could_do_is_a_strangers_failure() {
    let Some(strangers) = Strangers::new("a_build_that_only_root_could_do_is_a_strangers_failure") else {
        return;
    };
    let seen = strangers.open_file("seen");
    strangers.with_backend(&seen, "    assert os.getuid() == 0, 'only root can build ' + os.getcwd()");
    let error = strangers.prepare(&Python::default()).await.unwrap_err();
    let words = error.to_string();
    assert!(matches!(error, EnvironmentError::Failed { .. }), "{words}");
    // It is told by the project's own place, not the copy's.
    assert!(words.contains(&format!("only root can build {}", strangers.project.display())), "{words}");
    assert!(!fs::read_to_string(&seen).unwrap().contains("build 0"));
    // Nothing is left of it.
    let cache = strangers.place.dir.path().join("cache");
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 1);
}
