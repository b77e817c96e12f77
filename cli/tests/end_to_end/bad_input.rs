//! What people get wrong: a sentence that says what to do, exit code 2, nothing left running; and the server that somebody
//! gives us, which stays as it was.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use url::Url;

use crate::support::{PHONE, Project, USERS, docker, python, server, stderr, verdicts};

/// Two revisions, the second of which loses the phone numbers, with these settings.
fn project(settings: &str) -> Project {
    Project::chain(&[USERS, PHONE]).with(settings)
}

fn on_server(url: &str) -> Project {
    project(&format!("targets = [\"postgres:15\"]\n\n[target.\"postgres:15\"]\nurl = \"{url}\"\n"))
}

fn refused(output: &Output, words: &[&str]) {
    let stderr = stderr(output);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(output.stdout.is_empty(), "{stderr}");
    for words in words {
        assert!(stderr.contains(words), "does not say {words:?}: {stderr}");
    }
}

#[test]
fn a_python_without_alembic_is_told_with_the_command_that_installs_it() {
    let Some(python) = python() else { return };
    let bare = tempfile::tempdir().unwrap();
    let made = Command::new(&python).args(["-m", "venv", "--without-pip"]).arg(bare.path()).status().unwrap();
    assert!(made.success());
    let output = project("").mrt(&bare.path().join("bin/python"), &[]).output().unwrap();
    refused(&output, &["alembic is not installed", "pip install alembic"]);
}

#[test]
fn a_format_that_there_is_not_makes_no_file() {
    let Some(python) = python() else { return };
    let project = project("");
    let output = project.mrt(&python, &["--output", "htm=report.html"]).output().unwrap();
    refused(&output, &["there is no format `htm`", "./htm=report.html"]);
}

#[test]
fn a_container_engine_that_does_not_run_is_told_with_its_address() {
    let Some(python) = python() else { return };
    let project = project("");
    let mut run = project.mrt(&python, &["--target", "postgres:15"]);
    let output = run.env("DOCKER_HOST", "unix:///nowhere/docker.sock").output().unwrap();
    refused(&output, &["Docker is not running", "unix:///nowhere/docker.sock", "start Docker"]);
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_is_told_by_its_name() {
    let (Some(python), Some(_)) = (python(), docker().await) else { return };
    let settings =
        "targets = [\"postgres:15\"]\n\n[target.\"postgres:15\"]\nimage = \"registry.invalid/none:1\"\n";
    let output = project(settings).mrt(&python, &[]).output().unwrap();
    refused(&output, &["registry.invalid/none:1"]);
}

#[test]
fn a_server_that_cannot_be_used_is_told_without_its_password() {
    let (Some(python), Some(url)) = (python(), server()) else { return };
    let mut wrong = url.clone();
    wrong.set_password(Some("hunter2")).unwrap();
    let output = on_server(wrong.as_str()).mrt(&python, &[]).output().unwrap();
    refused(&output, &["postgres:15", "password authentication failed", "`url` in mrt.toml"]);
    assert!(!stderr(&output).contains("hunter2"));

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = format!("postgresql://mrt:hunter2@127.0.0.1:{closed}/postgres");
    let output = on_server(&nobody).mrt(&python, &[]).output().unwrap();
    refused(&output, &["postgres:15", &format!("127.0.0.1:{closed}")]);

    // Somebody else listens there.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let other = format!("postgresql://mrt:hunter2@127.0.0.1:{taken}/postgres");
    let output = on_server(&other).mrt(&python, &[]).output().unwrap();
    refused(&output, &["postgres:15", &format!("127.0.0.1:{taken}")]);
    assert!(!stderr(&output).contains("hunter2"));
}

/// A report must not speak of a version on which nothing was checked.
#[test]
fn a_server_of_another_version_than_its_target_is_told() {
    let (Some(python), Some(url)) = (python(), server()) else { return };
    // Debian adds its own version behind a blank.
    let found = &listed(&python, &url, "SELECT split_part(current_setting('server_version'), ' ', 1)")[0];
    let major: u32 = found.split('.').next().unwrap().parse().unwrap();
    let other = if major == 15 { 16 } else { 15 };
    let settings = format!("[target.\"postgres:{other}\"]\nurl_env = \"SHOP_SERVER\"\n");
    let output = project(&settings).mrt(&python, &[]).env("SHOP_SERVER", url.as_str()).output().unwrap();
    refused(&output, &[&format!("postgres:{other}"), found, "$SHOP_SERVER"]);

    let output = project(&settings).mrt(&python, &[]).env_remove("SHOP_SERVER").output().unwrap();
    refused(&output, &["$SHOP_SERVER", "not set", "postgres://user:password@host:5432/database"]);
}

/// What the project itself lacks.
#[test]
fn a_project_that_is_not_whole_is_told_with_what_is_missing() {
    let Some(python) = python() else { return };
    let broken = |file: &str, text: &str| {
        let project = project("");
        project.write(file, text);
        project.mrt(&python, &[]).output().unwrap()
    };
    let elsewhere = broken("alembic.ini", "[alembic]\nscript_location = elsewhere\n");
    refused(&elsewhere, &["alembic.ini:2:1", "elsewhere", "there is no such directory"]);
    let no_import = "import no_such_module\nrevision = 'a3'\ndown_revision = 'a2'\n";
    let no_import = broken("migrations/versions/a3.py", no_import);
    refused(&no_import, &["No module named 'no_such_module'", "versions/a3.py:1"]);
    let no_parent = broken("migrations/versions/a3.py", "revision = 'a3'\ndown_revision = 'a7'\n");
    refused(&no_parent, &["a3.py:2", "`a7`, which no file defines"]);

    let unreadable = project("");
    std::fs::remove_file(unreadable.path().join("alembic.ini")).unwrap();
    // Not even root reads a directory as a file.
    std::fs::create_dir(unreadable.path().join("alembic.ini")).unwrap();
    refused(&unreadable.mrt(&python, &[]).output().unwrap(), &["alembic.ini"]);
    let no_versions = project("");
    std::fs::remove_dir_all(no_versions.path().join("migrations/versions")).unwrap();
    refused(&no_versions.mrt(&python, &[]).output().unwrap(), &["no revision in", "migrations/versions"]);
}

#[test]
fn a_missing_driver_is_told_with_the_command_that_installs_it() {
    let Some(python) = python() else { return };
    // The same packages, but for those that reach PostgreSQL.
    let bare = tempfile::tempdir().unwrap();
    let made = Command::new(&python).args(["-m", "venv", "--without-pip"]).arg(bare.path()).status().unwrap();
    assert!(made.success());
    let packages = |python: &Path| {
        let script = "import sysconfig; print(sysconfig.get_path('purelib'))";
        let output = Command::new(python).args(["-c", script]).output().unwrap();
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
    };
    let own = bare.path().join("bin/python");
    for entry in std::fs::read_dir(packages(&python)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if !["psycopg", "asyncpg", "pg8000"].iter().any(|driver| name.starts_with(driver)) {
            let _ = std::os::unix::fs::symlink(entry.path(), packages(&own).join(&name));
        }
    }
    let output = project("").mrt(&own, &["--target", "postgres:15"]).output().unwrap();
    refused(
        &output,
        &["psycopg2 is not installed", "pip install 'psycopg2-binary'", "`drivers` in mrt.toml"],
    );
}

/// What `psql`-like tools would list, asked through the project's own driver.
fn listed(python: &Path, url: &Url, sql: &str) -> Vec<String> {
    let script = "import psycopg2, sys\nc = psycopg2.connect(sys.argv[1])\nc.autocommit = True\nk = c.cursor()\nk.execute(sys.argv[2])\nfor row in (k.fetchall() if k.description else []): print(row[0])";
    let output = Command::new(python).args(["-c", script, url.as_str(), sql]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn an_external_server_is_used_beside_what_it_holds_and_left_as_it_was() {
    let (Some(python), Some(url)) = (python(), server()) else { return };
    let everything = "SELECT datname::text FROM pg_database WHERE datname !~ '^mrt_' UNION ALL SELECT rolname FROM pg_roles WHERE rolname !~ '^mrt_' ORDER BY 1";
    let shop = format!("shop_{}", std::process::id());
    listed(&python, &url, &format!("CREATE DATABASE {shop}"));
    // The database in the URL is not empty: it has a table that the chain makes, too.
    let mut own = url.clone();
    own.set_path(&shop);
    listed(&python, &own, "CREATE TABLE users (id int); INSERT INTO users VALUES (7)");
    let before = listed(&python, &url, everything);

    let (code, report) = on_server(own.as_str()).report(&python, &[]);
    assert_eq!((code, verdicts(&report).as_str()), (1, "a1 pass, a2 fail"));

    assert_eq!(listed(&python, &own, "SELECT id FROM users"), ["7"]);
    let after = listed(&python, &url, everything);
    listed(&python, &url, &format!("DROP DATABASE {shop} WITH (FORCE)"));
    // Other tests use this server at the same time; what is named like ours is theirs or gone.
    assert!(before.iter().all(|name| after.contains(name)), "{before:?} {after:?}");
}
