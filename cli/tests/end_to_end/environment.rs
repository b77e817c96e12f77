//! Projects whose env.py cannot run at all: exit code 2 and the reason, rather than blame for the first revision.

use std::process::Output;

use crate::support::{Project, USERS, python, stderr};

const RUN: &str = r#"
engine = engine_from_config(context.config.get_section("alembic"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"#;

/// Runs a project of one revision with this env.py, behind the usual imports.
fn run(env: &str, upgrade: &str, arguments: &[&str]) -> Option<Output> {
    let python = python()?;
    let project = Project::chain(&[("a1", upgrade, USERS.2)]);
    let env = format!(
        "import os\nfrom alembic import context\nfrom sqlalchemy import create_engine, engine_from_config, pool\n{env}"
    );
    project.write("migrations/env.py", &env);
    Some(project.mrt(&python, &[&["--format", "json"], arguments].concat()).output().unwrap())
}

#[test]
fn an_env_py_that_cannot_run_is_exit_code_2_with_its_exception_and_place() {
    let needs_setting = "url = os.environ['SHOP_DATABASE']\n";
    let elsewhere = "create_engine('sqlite:////nowhere/there.db').connect()\n";
    let exits = "os._exit(3)\n";
    let hangs = "import time\nprint('connecting', flush=True)\ntime.sleep(600)\n";
    let cases = [
        (needs_setting, ["KeyError", "SHOP_DATABASE", "migrations/env.py:4"]),
        (elsewhere, ["OperationalError", "unable to open database file", "migrations/env.py:4"]),
        ("pass\n", ["NotRun", "env.py never ran the step", "context.run_migrations()"]),
        (exits, ["exit status 3", "env.py", "before it comes to any revision"]),
        (hangs, ["does not end within 3 s", "connecting", "before it comes to any revision"]),
    ];
    for (env, words) in cases {
        let env = if env == "pass\n" { env.to_owned() } else { format!("{env}{RUN}") };
        let Some(output) = run(&env, USERS.1, &["--timeout", "3s"]) else { return };
        let stderr = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{env}\n{stderr}");
        for word in words.into_iter().chain(["bootstrap", "sqlalchemy.url"]) {
            assert!(stderr.contains(word), "{env} does not say {word:?}:\n{stderr}");
        }
        assert!(output.stdout.is_empty(), "{env}");
    }
}

#[test]
fn a_first_revision_that_fails_is_its_own_cell_s_verdict() {
    let failing = "op.execute('SELECT * FROM missing')";
    let Some(output) = run(RUN, failing, &[]) else { return };
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(report["cells"][0]["findings"][0]["kind"], "upgrade-failed");
}

/// Some look at what their step did, which is not there when env.py runs without one.
#[test]
fn an_env_py_that_needs_a_step_gets_one() {
    let env = format!(
        "{RUN}\nwith engine.connect() as connection:\n    connection.exec_driver_sql('SELECT version_num FROM alembic_version')\n"
    );
    let Some(output) = run(&env, USERS.1, &[]) else { return };
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

/// What env.py makes by itself is no revision's doing, and its version table may have any name.
#[test]
fn what_env_py_does_by_itself_is_not_the_first_revision_s() {
    let env = RUN
        .replace(
            "    context.configure(connection=connection)",
            "    connection.execute(text('CREATE TABLE IF NOT EXISTS housekeeping (at INTEGER)'))\n    connection.commit()\n    context.configure(connection=connection, version_table='applied')",
        )
        .replace("engine = ", "from sqlalchemy import text\nengine = ");
    let Some(output) = run(&env, USERS.1, &[]) else { return };
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));

    // One that does not run without a step is taken as it is: here it does not run after the downgrade either.
    let looks = format!("{env}    connection.execute(text('SELECT * FROM users'))\n");
    let Some(output) = run(&looks, USERS.1, &[]) else { return };
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(
        report.contains("the downgrade fails: the database refuses a statement: no such table: users"),
        "{report}"
    );
}
