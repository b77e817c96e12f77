//! Revisions that write outside of their database, on real servers.

use std::fs;
use std::path::Path;
use std::process::Command;

use mrt_worker::server::docker::{Container, Docker};
use mrt_worker::server::{Endpoint, Launch, random_token};

use crate::support::{PHONE, Project, Revision, USERS, cells, docker, mrt, python, report, stderr, verdicts};

const READER: Revision<'_> = (
    "a2",
    "op.execute('CREATE ROLE reader'); op.execute('GRANT SELECT ON users TO reader')",
    "op.execute('REVOKE SELECT ON users FROM reader'); op.execute('DROP ROLE reader')",
);
const INDEX: Revision<'_> =
    ("a3", "op.create_index('ix', 'users', ['phone'])", "op.drop_index('ix', 'users')");
const PARTING: Revision<'_> = ("a4", READER.2, READER.1);
const LATER: Revision<'_> = (
    "a5",
    "op.create_table('orders', sa.Column('id', sa.Integer, primary_key=True)); op.execute('CREATE ROLE clerk')",
    "op.drop_table('orders'); op.execute('DROP ROLE clerk')",
);
const CHAIN: [Revision<'_>; 5] = [USERS, READER, INDEX, PARTING, LATER];

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
    let one = Project::chain(&CHAIN);
    let hidden = CHAIN.map(|(id, up, down)| (id, disguised(up), disguised(down)));
    let other: Vec<Revision<'_>> = hidden.iter().map(|(id, up, down)| (*id, &**up, &**down)).collect();
    let other = Project::chain(&other);
    let suite = |name: &str, project: &Project| {
        format!("[suite.{name}]\npath = {:?}\ntargets = [\"postgres:15\"]\n", project.path())
    };
    let both = tempfile::tempdir().unwrap();
    fs::write(both.path().join("mrt.toml"), suite("one", &one) + &suite("other", &other)).unwrap();
    let stripped = |arguments: &[&str]| {
        let (code, report) = report(mrt(both.path(), &python, &[&["--format", "json"], arguments].concat()));
        assert_eq!(code, 0, "{report:#}");
        let all = "a1 pass, a2 pass, a3 pass, a4 pass, a5 pass";
        assert_eq!(verdicts(&report), [all, all].join(", "));
        cells(&report)
    };
    assert_eq!(stripped(&["--jobs", "3"]), stripped(&["--jobs", "1"]));
}

async fn server(docker: &Docker) -> Container {
    let password = random_token().unwrap();
    let launch = Launch {
        engine: "postgres",
        user: 999,
        image: "postgres:15".to_owned(),
        env: vec![("POSTGRES_PASSWORD".to_owned(), password.clone())],
        arguments: ["-c", "fsync=off"].map(str::to_owned).to_vec(),
        port: 5432,
        tmpfs: vec![("/var/lib/postgresql/data".to_owned(), 512 << 20)],
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

/// What is checked apart begins with a server as it was found, on which nothing is kept.
#[tokio::test]
async fn what_is_kept_for_a_look_outlives_what_is_checked_apart() {
    let (Some(python), Some(_)) = (python(), docker().await) else { return };
    let project = Project::chain(&[USERS, PHONE]);
    let role = "op.execute('CREATE ROLE clerk'); ";
    let up = format!("{role}op.drop_column('users', 'phone')");
    let down =
        "op.add_column('users', sa.Column('phone', sa.String(20))); op.execute('DROP ROLE clerk')".to_owned();
    let nowhere = format!("{role}op.execute('SELECT nowhere')");
    project.follow(Some("a1"), &[("b1", &up, &down)]);
    project.follow(Some("a1"), &[("c1", &nowhere, "pass")]);
    let arguments = ["--target", "postgres:15", "--keep", "--format", "json"];
    let output = project.mrt(&python, &arguments).output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdicts(&told), "a1 pass, a2 fail, b1 fail, c1 fail", "{told:#}");
    for (cell, left) in [(1, "[(3, 0)]\n"), (2, "[(3, 0)]\n"), (3, "[(0, 0)]\n")] {
        let kept = told["cells"][cell]["kept"].as_str().unwrap();
        let url = kept.split('\'').nth(1).unwrap();
        assert_eq!(
            sql(&python, url, "SELECT count(*), count(phone) FROM users WHERE id < 1004"),
            left,
            "{cell}"
        );
    }
    let said = stderr(&output);
    let containers: Vec<&str> = said
        .split_whitespace()
        .map(|word| word.trim_end_matches(','))
        .filter(|word| word.starts_with("mrt-keep-"))
        .collect();
    assert!(!containers.is_empty(), "{said}");
    let removed = Command::new("docker").args(["rm", "--force"]).args(containers).output().unwrap();
    assert!(removed.status.success(), "{}", stderr(&removed));
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

    let ruin: Revision<'_> = (
        "b1",
        "op.execute('ALTER ROLE boss RESET search_path'); op.execute('ALTER ROLE boss NOLOGIN PASSWORD NULL CONNECTION LIMIT 1')",
        "op.execute('DROP ROLE boss'); op.execute('REVOKE staff FROM CURRENT_USER'); op.execute('CREATE ROLE stranger IN ROLE staff')",
    );
    let project = Project::chain(&[USERS, READER, INDEX, ruin]);
    let settings = |role: &str| {
        let text =
            format!("targets = [\"postgres:15\"]\n\n[target.\"postgres:15\"]\nurl = \"{url}\"\n{role}\n");
        project.write("mrt.toml", &text);
    };

    settings("");
    let (code, told) = project.report(&python, &[]);
    assert_eq!(verdicts(&told), "a1 pass, a2 error, a3 error, b1 error", "{told:#}");
    assert_eq!(code, 3);
    let reason = told["cells"][1]["reason"].as_str().unwrap();
    assert!(reason.contains("createrole") && reason.contains("permission denied"), "{reason}");
    assert_eq!(read(), before);

    settings("role = \"createrole\"");
    let (_, told) = project.report(&python, &[]);
    assert_eq!(verdicts(&told), "a1 pass, a2 pass, a3 pass, b1 fail", "{told:#}");
    let findings = told["cells"][3]["findings"].to_string();
    for words in ["role boss", "schema-not-restored", "role stranger"] {
        assert!(findings.contains(words), "no {words} in {findings}");
    }
    assert_eq!(read(), before);
    assert_eq!(admin("SELECT count(*) FROM pg_database WHERE datname LIKE 'mrt%'").trim(), "[(0,)]");
    container.stop().await.unwrap();
}
