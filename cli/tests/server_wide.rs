//! Revisions that write outside of their database, with the real binary on real servers. Needs a Python with Alembic
//! and psycopg2 (`MRT_TEST_PYTHON`) and a container engine with the image of postgres:15.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mrt_worker::server::docker::{Container, Docker};
use mrt_worker::server::{Endpoint, Launch, random_token};
use serde_json::Value;
use tempfile::TempDir;

fn python() -> Option<PathBuf> {
    let python = std::env::var_os("MRT_TEST_PYTHON").map(PathBuf::from);
    if python.is_none() {
        eprintln!("SKIPPED: the tests of server-wide revisions (MRT_TEST_PYTHON is not set)");
    }
    python
}

async fn docker() -> Option<Docker> {
    match Docker::connect().await {
        Ok(docker) => Some(docker),
        Err(error) => {
            eprintln!("SKIPPED: the tests of server-wide revisions ({error})");
            None
        }
    }
}

const ENV: &str = r#"
from alembic import context
from sqlalchemy import engine_from_config, pool

engine = engine_from_config(context.config.get_section("alembic"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"#;

/// A chain of revisions, each given by the bodies of its two functions.
fn project(dir: &Path, revisions: &[(&str, &str, &str)]) {
    let versions = dir.join("migrations/versions");
    fs::create_dir_all(&versions).unwrap();
    fs::write(dir.join("alembic.ini"), "[alembic]\nscript_location = migrations\n").unwrap();
    fs::write(dir.join("migrations/env.py"), ENV).unwrap();
    let mut parent = "None".to_owned();
    for (id, up, down) in revisions {
        let text = format!(
            "import sqlalchemy as sa\nfrom alembic import op\n\nrevision = \"{id}\"\ndown_revision = {parent}\n\n\ndef upgrade():\n    {up}\n\n\ndef downgrade():\n    {down}\n"
        );
        fs::write(versions.join(format!("{id}.py")), text).unwrap();
        parent = format!("\"{id}\"");
    }
}

const USERS: (&str, &str, &str) = (
    "a1",
    "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('phone', sa.String(20)))",
    "op.drop_table('users')",
);
const READER: (&str, &str, &str) = (
    "a2",
    "op.execute('CREATE ROLE reader'); op.execute('GRANT SELECT ON users TO reader')",
    "op.execute('REVOKE SELECT ON users FROM reader'); op.execute('DROP ROLE reader')",
);
const INDEX: (&str, &str, &str) =
    ("a3", "op.create_index('ix', 'users', ['phone'])", "op.drop_index('ix', 'users')");
const PARTING: (&str, &str, &str) = ("a4", READER.2, READER.1);
const LATER: (&str, &str, &str) = (
    "a5",
    "op.create_table('orders', sa.Column('id', sa.Integer, primary_key=True)); op.execute('CREATE ROLE clerk')",
    "op.drop_table('orders'); op.execute('DROP ROLE clerk')",
);
const CHAIN: [(&str, &str, &str); 5] = [USERS, READER, INDEX, PARTING, LATER];

fn report(dir: &TempDir, python: &Path, arguments: &[&str]) -> (i32, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_mrt-cli"))
        .args(["run", dir.path().to_str().unwrap(), "--format", "json"])
        .args(arguments)
        .arg("--python")
        .arg(python)
        .output()
        .unwrap();
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), report)
}

fn verdicts(report: &Value) -> Vec<String> {
    let cells = report["cells"].as_array().unwrap();
    let told = |cell: &Value| {
        format!("{} {}", cell["revision"].as_str().unwrap(), cell["verdict"].as_str().unwrap())
    };
    cells.iter().map(told).collect()
}

/// The same statements, which nobody can see in the file.
fn disguised(code: &str) -> String {
    code.replace("'CREATE ROLE reader'", "'%s ROLE reader' % 'CREATE'")
        .replace("'CREATE ROLE clerk'", "'%s ROLE clerk' % 'CREATE'")
        .replace("'DROP ROLE reader'", "'%s ROLE reader' % 'DROP'")
        .replace("'DROP ROLE clerk'", "'%s ROLE clerk' % 'DROP'")
}

/// Two suites with the same roles on one server: neither sees the other's, whatever runs side by side, and whether
/// their files or only their statements tell that they write outside of their database.
#[tokio::test]
async fn roles_of_a_revision_are_seen_by_what_follows_and_by_nothing_else() {
    let (Some(python), Some(_)) = (python(), docker().await) else { return };
    let dir = tempfile::tempdir().unwrap();
    project(&dir.path().join("one"), &CHAIN);
    let hidden = CHAIN.map(|(id, up, down)| (id, disguised(up), disguised(down)));
    let other: Vec<(&str, &str, &str)> = hidden.iter().map(|(id, up, down)| (*id, &**up, &**down)).collect();
    project(&dir.path().join("other"), &other);
    let settings = "[suite.one]\npath = \"one\"\ntargets = [\"postgres:15\"]\n\n[suite.other]\npath = \"other\"\ntargets = [\"postgres:15\"]\n";
    fs::write(dir.path().join("mrt.toml"), settings).unwrap();
    let stripped = |arguments: &[&str]| {
        let (code, mut report) = report(&dir, &python, arguments);
        assert_eq!(code, 0, "{report:#}");
        let all: Vec<String> = ["a1", "a2", "a3", "a4", "a5"].map(|id| format!("{id} pass")).to_vec();
        assert_eq!(verdicts(&report), [all.clone(), all].concat());
        for cell in report["cells"].as_array_mut().unwrap() {
            for timing in ["duration_ms", "phases_ms", "attempts"] {
                cell.as_object_mut().unwrap().remove(timing);
            }
        }
        report.to_string()
    };
    assert_eq!(stripped(&["--jobs", "3"]), stripped(&["--jobs", "1"]));
}

async fn server(docker: &Docker) -> Container {
    let password = random_token().unwrap();
    let launch = Launch {
        image: "postgres:15".to_owned(),
        env: vec![("POSTGRES_PASSWORD".to_owned(), password.clone())],
        arguments: ["-c", "fsync=off"].map(str::to_owned).to_vec(),
        port: 5432,
        tmpfs: vec![("/var/lib/postgresql/data".to_owned(), "rw,size=512m".to_owned())],
        shm_bytes: 64 << 20,
        memory_bytes: 1 << 30,
        start_limit: std::time::Duration::from_secs(90),
        admin_user: "postgres".to_owned(),
        admin_password: password,
        admin_database: "postgres".to_owned(),
    };
    let ready = |endpoint: Endpoint| async move {
        mrt_worker::database::postgres::ready(&endpoint).await.map_err(Into::into)
    };
    docker.start(&launch, ready).await.unwrap()
}

/// What SQL answers or does, by psycopg2.
fn sql(python: &Path, url: &str, text: &str) -> String {
    let script = "import sys, psycopg2\nc = psycopg2.connect(sys.argv[1])\nc.autocommit = True\nq = c.cursor()\nq.execute(sys.argv[2])\nprint(q.fetchall() if q.description else '')";
    let output = Command::new(python).args(["-c", script, url, text]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// On a server that is not mrt's, other roles are touched only where the settings allow it, and then they come back.
#[tokio::test]
async fn an_external_server_keeps_its_roles() {
    let (Some(python), Some(docker)) = (python(), docker().await) else { return };
    let container = server(&docker).await;
    let Endpoint { host, port, user, password, database } = container.endpoint().clone();
    let url = format!("postgresql://{user}:{password}@{host}:{port}/{database}");
    let admin = |text: &str| sql(&python, &url, text);
    admin(
        "CREATE ROLE staff; CREATE ROLE boss LOGIN CONNECTION LIMIT 7 PASSWORD 'x' VALID UNTIL '2031-02-03 04:05:06.789+02'",
    );
    admin(
        "GRANT staff TO boss WITH ADMIN OPTION; ALTER ROLE boss SET search_path = a, \"B c\"; COMMENT ON ROLE boss IS 'it''s'",
    );
    let read = || {
        admin(
            "SELECT to_jsonb(a) - 'oid', shobj_description(oid, 'pg_authid'), (SELECT setconfig FROM pg_db_role_setting WHERE setrole = oid), (SELECT array_agg(roleid::regrole::text || admin_option) FROM pg_auth_members WHERE member = oid) FROM pg_authid a ORDER BY rolname",
        )
    };
    let before = read();

    let ruin: (&str, &str, &str) = (
        "b1",
        "op.execute('ALTER ROLE boss RESET search_path'); op.execute('ALTER ROLE boss NOLOGIN PASSWORD NULL CONNECTION LIMIT 1')",
        "op.execute('DROP ROLE boss'); op.execute('REVOKE staff FROM CURRENT_USER'); op.execute('CREATE ROLE stranger IN ROLE staff')",
    );
    let dir = tempfile::tempdir().unwrap();
    project(dir.path(), &[USERS, READER, INDEX, ruin]);
    let settings = |role: &str| {
        let text =
            format!("targets = [\"postgres:15\"]\n\n[target.\"postgres:15\"]\nurl = \"{url}\"\n{role}\n");
        fs::write(dir.path().join("mrt.toml"), text).unwrap();
    };

    settings("");
    let (code, told) = report(&dir, &python, &[]);
    assert_eq!(verdicts(&told), ["a1 pass", "a2 error", "a3 error", "b1 error"], "{told:#}");
    assert_eq!(code, 3);
    let reason = told["cells"][1]["reason"].as_str().unwrap();
    assert!(reason.contains("createrole") && reason.contains("permission denied"), "{reason}");
    assert_eq!(read(), before);

    settings("role = \"createrole\"");
    let (_, told) = report(&dir, &python, &[]);
    assert_eq!(verdicts(&told), ["a1 pass", "a2 pass", "a3 pass", "b1 fail"], "{told:#}");
    let findings = told["cells"][3]["findings"].to_string();
    for words in ["role boss", "schema-not-restored", "role stranger"] {
        assert!(findings.contains(words), "no {words} in {findings}");
    }
    assert_eq!(read(), before);
    assert_eq!(admin("SELECT count(*) FROM pg_database WHERE datname LIKE 'mrt%'").trim(), "[(0,)]");
    container.stop().await.unwrap();
}
