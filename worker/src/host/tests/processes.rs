//! Processes that hang, die, print without end, and processes that must not outlive us.

use std::os::unix::fs::MetadataExt;

use super::*;
use crate::host::Statement;

#[tokio::test]
async fn a_hang_is_killed_with_everything_it_started() {
    let Some(python) = interpreter("a_hang_is_killed_with_everything_it_started") else { return };
    let mut suite = Suite::new(&python);
    let (own, grand) = (suite.path("own.pid"), suite.path("grand.pid"));
    let upgrade = format!(
        "import subprocess\nopen({own:?}, 'w').write(str(os.getpid()))\n\
         sleeper = subprocess.Popen(['sleep', '1000'])\nopen({grand:?}, 'w').write(str(sleeper.pid))\n\
         print('going to sleep', flush=True)\nop.execute('SELECT 1')\ntime.sleep(1000)"
    );
    suite.revision("r1", &upgrade, "pass");
    let host = suite.host().await;
    let mut child = host.child().await.unwrap();
    let limit = Duration::from_secs(3);
    let outcome = child.step(Direction::Up, "r1", limit).await.unwrap();
    // The statement had ended; the process hung elsewhere.
    assert_eq!(outcome.failure, Some(Failure::TimedOut { after: limit, statement: None }));
    assert_eq!(outcome.output, "going to sleep\n");
    assert!(outcome.opaque);
    assert!(outcome.statements.iter().any(|statement| statement.sql == "SELECT 1"));
    assert!(!is_running(pid_in(&own)));
    until_gone(pid_in(&grand)).await;
    assert!(child.step(Direction::Up, "r1", limit).await.is_err());

    // The host itself is unharmed.
    host.child().await.unwrap().end().await.unwrap();
}

#[tokio::test]
async fn the_limit_is_the_revision_s_and_not_that_of_what_env_py_does_before() {
    let Some(python) = interpreter("the_limit_is_the_revision_s_and_not_that_of_what_env_py_does_before")
    else {
        return;
    };
    let mut suite = Suite::new(&python);
    suite.write("migrations/env.py", &format!("import time\ntime.sleep(2)\n{ENV}"));
    suite.revision("r1", "time.sleep(2)", "pass");
    let mut child = suite.host().await.child().await.unwrap();
    let outcome = child.step(Direction::Up, "r1", Duration::from_secs(3)).await.unwrap();
    assert_eq!(outcome.failure, None);
}

#[tokio::test]
async fn a_hanging_statement_is_named() {
    let Some(python) = interpreter("a_hanging_statement_is_named") else { return };
    let mut suite = Suite::new(&python);
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    suite.revision("r1", &format!("op.execute({endless:?})"), "pass");
    let host = suite.host().await;
    let mut child = host.child().await.unwrap();
    let after = Duration::from_secs(2);
    let outcome = child.step(Direction::Up, "r1", after).await.unwrap();
    let statement = Statement { sql: endless.to_owned(), parameters: vec![], line: Some(6) };
    assert_eq!(outcome.failure, Some(Failure::TimedOut { after, statement: Some(statement) }));
}

#[tokio::test]
async fn a_process_that_dies_says_how() {
    let Some(python) = interpreter("a_process_that_dies_says_how") else { return };
    for (body, how) in [
        ("print('bye', flush=True)\nos._exit(3)", "exit status 3"),
        ("print('bye', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)", "signal 9"),
    ] {
        let mut suite = Suite::new(&python);
        suite.revision("r1", &format!("op.execute('SELECT 7')\n{body}"), "pass");
        let host = suite.host().await;
        let mut child = host.child().await.unwrap();
        let outcome = up(&mut child, "r1").await;
        assert_eq!(outcome.failure, Some(Failure::Died { how: how.to_owned() }));
        assert_eq!(outcome.output, "bye\n");
        assert!(outcome.statements.iter().any(|statement| statement.sql == "SELECT 7"));
        child.end().await.unwrap();
        host.close().await;
    }
}

#[tokio::test]
async fn output_without_end_is_bounded_and_harmless() {
    let Some(python) = interpreter("output_without_end_is_bounded_and_harmless") else { return };
    let mut suite = Suite::new(&python);
    let body =
        "line = 'x' * 99\nfor i in range(2000):\n    print((line + '\\n') * 1000, end='')\nprint('the end')";
    suite.revision("r1", body, "print('back')");
    let host = suite.host().await;
    let mut child = host.child().await.unwrap();
    let outcome = up(&mut child, "r1").await;
    assert_eq!(outcome.failure, None);
    assert!(outcome.output.len() < 20_000, "{}", outcome.output.len());
    assert!(outcome.output.starts_with("[... earlier output left out]\nxxx"), "{:.60}", outcome.output);
    assert!(outcome.output.ends_with("xxx\nthe end\n"));
    assert_eq!(down(&mut child, "r1").await.output, "back\n");
}

#[tokio::test]
async fn a_file_cannot_grow_without_end() {
    let Some(python) = interpreter("a_file_cannot_grow_without_end") else { return };
    let mut suite = Suite::new(&python);
    let big = suite.path("big");
    suite.revision("r1", &format!("open({big:?}, 'wb').write(b'x' * 5_000_000)"), "pass");
    suite.settings.max_file_bytes = 1 << 20;
    let host = suite.host().await;
    let mut child = host.child().await.unwrap();
    assert!(raised(up(&mut child, "r1").await).message.contains("File too large"));
}

#[tokio::test]
async fn the_environment_is_clean() {
    let Some(python) = interpreter("the_environment_is_clean") else { return };
    let mut suite = Suite::new(&python);
    suite.revision("r1", "print(sorted(os.environ))\nprint(os.getcwd())\nprint(os.environ['MINE'])", "pass");
    suite.settings.env.insert("MINE".to_owned(), "yes".to_owned());
    let host = suite.host().await;
    let mut child = host.child().await.unwrap();
    let output = up(&mut child, "r1").await.output;
    let lines: Vec<_> = output.lines().collect();
    assert_eq!(
        lines[0],
        "['DATABASE_URL', 'HOME', 'LANG', 'MINE', 'MKL_NUM_THREADS', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', \
         'PATH', 'PYTHONDONTWRITEBYTECODE', 'PYTHONHASHSEED', 'PYTHONUSERBASE', 'TMPDIR', 'TZ']"
    );
    assert_eq!(Path::new(lines[1]), suite.settings.dir.canonicalize().unwrap());
    assert_eq!(lines[2], "yes");
}

#[tokio::test]
async fn a_dropped_host_leaves_no_process() {
    let Some(python) = interpreter("a_dropped_host_leaves_no_process") else { return };
    let mut suite = Suite::new(&python);
    let (own, escaped) = (suite.path("own.pid"), suite.path("escaped.pid"));
    // The second process leaves the group and the session.
    let body = format!(
        "import subprocess\nopen({own:?}, 'w').write(str(os.getpid()))\n\
         p = subprocess.Popen(['sleep', '1000'], start_new_session=True)\nopen({escaped:?}, 'w').write(str(p.pid))"
    );
    suite.revision("r1", &body, "pass");
    let host = suite.host().await;
    let mut child = host.child().await.unwrap();
    assert_eq!(up(&mut child, "r1").await.failure, None);
    assert!(is_running(pid_in(&own)));
    drop(child);
    until_gone(pid_in(&own)).await;
    drop(host);
    until_gone(pid_in(&escaped)).await;
}

/// Not a test by itself: what `a_worker_that_is_killed_leaves_no_process` runs and kills.
#[tokio::test]
async fn worker_to_be_killed() {
    let Some(dir) = std::env::var_os("MRT_TEST_KILLED_WORKER").map(PathBuf::from) else { return };
    let Some(python) = interpreter("worker_to_be_killed") else { return };
    let mut suite = Suite::new(&python);
    let pid = dir.join("pid");
    // Written whole, then renamed: whoever sees the file can read it.
    let body = format!(
        "open('{0}.new', 'w').write(str(os.getpid()))\nos.rename('{0}.new', '{0}')\ntime.sleep(1000)",
        pid.display()
    );
    suite.revision("r1", &body, "pass");
    let host = suite.host().await;
    let mut child = host.child().await.unwrap();
    child.step(Direction::Up, "r1", Duration::from_secs(1000)).await.unwrap();
}

#[tokio::test]
async fn a_worker_that_is_killed_leaves_no_process() {
    let Some(_) = interpreter("a_worker_that_is_killed_leaves_no_process") else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut worker = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "host::tests::processes::worker_to_be_killed"])
        .env("MRT_TEST_KILLED_WORKER", dir.path())
        .env("TMPDIR", dir.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let pid = dir.path().join("pid");
    let started = async {
        while !pid.exists() {
            assert!(worker.try_wait().unwrap().is_none(), "the worker ended by itself");
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(LIMIT, started).await.unwrap();
    let migration = pid_in(&pid);
    let server = parent(migration);
    let guard = parent(server);
    worker.kill().await.unwrap();
    for process in [migration, server, guard] {
        until_gone(process).await;
    }
}

fn parent(pid: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(')').next().unwrap().split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn migrations_run_as_a_user_of_their_own() {
    let Some((place, python)) = public_interpreter("migrations_run_as_a_user_of_their_own").await else {
        return;
    };
    let nobody = 65534;
    let mut suite = Suite::new(&python);
    // What lies in its environment is loaded by whatever starts its interpreter.
    let seen = place.path().join("seen");
    fs::write(&seen, "").unwrap();
    fs::set_permissions(&seen, fs::Permissions::from_mode(0o666)).unwrap();
    let packages = fs::read_dir(place.path().join("lib")).unwrap().next().unwrap().unwrap().path();
    let line = "import os; f = open('SEEN', 'a'); f.write('%d\\n' % os.getuid()); f.close()\n";
    fs::write(packages.join("site-packages/spy.pth"), line.replace("SEEN", &seen.to_string_lossy())).unwrap();
    suite.revision(
        "r1",
        "print(os.getuid(), os.getgid(), os.getgroups())\nopen(os.environ['HOME'] + '/mine', 'w')",
        "pass",
    );
    suite.settings.run_as = Some((nobody, nobody));
    let data = suite.path("data");
    fs::create_dir(&data).unwrap();
    std::os::unix::fs::chown(&data, Some(nobody), Some(nobody)).unwrap();
    suite.url = format!("sqlite:///{}/data.db", data.display());

    fs::set_permissions(suite.dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let message = start(suite.settings.clone(), &suite.url).await.unwrap_err().to_string();
    assert!(message.contains("as user 65534") && message.contains("Permission denied"), "{message}");

    fs::set_permissions(suite.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let versions = suite.settings.dir.join("migrations");
    fs::set_permissions(&versions, fs::Permissions::from_mode(0o700)).unwrap();
    let message = start(suite.settings.clone(), &suite.url).await.unwrap_err().to_string();
    assert!(
        message.contains("migrations cannot be read by user 65534") && message.contains("chmod"),
        "{message}"
    );

    fs::set_permissions(&versions, fs::Permissions::from_mode(0o755)).unwrap();
    let host = suite.host().await;
    let mut child = host.child().await.unwrap();
    let outcome = up(&mut child, "r1").await;
    assert_eq!((outcome.failure, outcome.output.as_str()), (None, "65534 65534 []\n"));
    let seen = fs::read_to_string(&seen).unwrap();
    assert!(!seen.is_empty() && seen.lines().all(|uid| uid == "65534"), "{seen}");
    // It owns its home, and nothing that we read or write.
    for path in [&suite.settings.scratch, &suite.settings.scratch.join("host/start.py")] {
        assert_eq!(fs::metadata(path).unwrap().uid(), 0, "{}", path.display());
    }
}

#[tokio::test]
async fn a_migration_that_ends_its_guard_leaves_no_process() {
    let Some((_place, python)) =
        public_interpreter("a_migration_that_ends_its_guard_leaves_no_process").await
    else {
        return;
    };
    let mut suite = Suite::new(&python);
    fs::set_permissions(suite.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    suite.settings.run_as = Some((65534, 65534));
    let body = "import subprocess\n\
        p = subprocess.Popen(['sleep', '1000'], start_new_session=True)\n\
        open(os.environ['HOME'] + '/pid', 'w').write(str(p.pid))\n\
        server = os.getppid()\n\
        guard = int(open('/proc/%d/stat' % server).read().rpartition(')')[2].split()[1])\n\
        os.kill(guard, signal.SIGKILL)\ntime.sleep(1000)";
    suite.revision("r1", body, "pass");
    suite.url = format!("sqlite:///{}/home/data.db", suite.settings.scratch.display());
    let host = suite.host().await;
    let mut child = host.child().await.unwrap();
    let _ = child.step(Direction::Up, "r1", LIMIT).await;
    until_gone(pid_in(&suite.settings.scratch.join("home/pid"))).await;
}
