//! Projects that are not the template.

use std::collections::BTreeMap;

use super::*;

/// An `env.py` for asynchronous engines, after the template of `alembic init -t async`.
const ASYNC_ENV: &str = r#"
import asyncio
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import async_engine_from_config

config = context.config

def do_run(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def main():
    engine = async_engine_from_config(config.get_section(config.config_ini_section), prefix="sqlalchemy.", poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(do_run)
    await engine.dispose()

asyncio.run(main())
"#;

#[tokio::test]
async fn asynchronous_engines() {
    let Some(python) = interpreter("asynchronous_engines") else { return };
    let mut suite = Suite::new(&python);
    suite.write("migrations/env.py", ASYNC_ENV);
    suite.url = suite.url.replace("sqlite:", "sqlite+aiosqlite:");
    suite.revision("r1", "op.execute('CREATE TABLE t (a INTEGER)')", "op.execute('DROP TABLE nope')");
    let host = suite.host().await;
    host.warm_up(LIMIT).await.unwrap();
    let mut child = host.child().await.unwrap();
    let outcome = up(&mut child, "r1").await;
    assert_eq!((outcome.failure, outcome.opaque), (None, false));
    let create =
        outcome.statements.iter().find(|statement| statement.sql.starts_with("CREATE TABLE t")).unwrap();
    assert_eq!(create.line, Some(6));
    let raised = raised(down(&mut child, "r1").await);
    assert_eq!((raised.message.as_str(), raised.from_database), ("no such table: nope", true));
}

#[tokio::test]
async fn a_project_with_threads_is_loaded_by_each_child() {
    let Some(python) = interpreter("a_project_with_threads_is_loaded_by_each_child") else { return };
    let mut suite = Suite::new(&python);
    let counter = suite.path("imports");
    suite.write(
        "models.py",
        &format!(
            "import threading\nopen({counter:?}, 'a').write('x')\n\
             threading.Thread(target=threading.Event().wait, daemon=True, name='busy').start()\n"
        ),
    );
    suite.revision("r1", "import models\nassert models.threading.active_count() == 2", "pass");
    let text = fs::read_to_string(suite.settings.dir.join("migrations/versions/r1.py")).unwrap();
    suite.write("migrations/versions/r1.py", &format!("import models\n{text}"));
    let host = suite.host().await;
    assert_eq!(host.revisions.len(), 1);
    host.warm_up(LIMIT).await.unwrap();
    let mut child = host.child().await.unwrap();
    assert_eq!(up(&mut child, "r1").await.failure, None);
    assert_eq!(down(&mut child, "r1").await.failure, None);
    child.end().await.unwrap();
    let mut child = host.child().await.unwrap();
    assert_eq!(up(&mut child, "r1").await.failure, None);
    // Once by the server that gave up, and once by each child at least (the third waits for work).
    assert!(fs::read_to_string(&counter).unwrap().len() >= 3);
}

#[tokio::test]
async fn threads_of_late_imports_undo_the_warm_up() {
    let Some(python) = interpreter("threads_of_late_imports_undo_the_warm_up") else { return };
    let mut suite = Suite::new(&python);
    suite.write(
        "late.py",
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n",
    );
    suite.write("migrations/env.py", &format!("import late\n{ENV}"));
    suite.revision("r1", "import threading\nassert threading.active_count() == 2", "pass");
    let host = suite.host().await;
    host.warm_up(LIMIT).await.unwrap();
    let mut child = host.child().await.unwrap();
    assert_eq!(up(&mut child, "r1").await.failure, None);
}

#[tokio::test]
async fn a_scout_saves_the_children_late_imports() {
    let Some(python) = interpreter("a_scout_saves_the_children_late_imports") else { return };
    let mut suite = Suite::new(&python);
    let counter = suite.path("imports");
    suite.write("late.py", &format!("open({counter:?}, 'a').write('x')\n"));
    suite.write("migrations/env.py", &format!("import late\n{ENV}"));
    suite.revision("r1", "pass", "pass");
    let host = suite.host().await;
    host.warm_up(LIMIT).await.unwrap();
    for _ in 0..3 {
        let mut child = host.child().await.unwrap();
        assert_eq!(up(&mut child, "r1").await.failure, None);
        assert_eq!(down(&mut child, "r1").await.failure, None);
        child.end().await.unwrap();
    }
    // The scout and the server.
    assert_eq!(fs::read_to_string(&counter).unwrap(), "xx");
}

#[tokio::test]
async fn an_around_hook_is_given_the_step() {
    let Some(python) = interpreter("an_around_hook_is_given_the_step") else { return };
    let mut suite = Suite::new(&python);
    suite.write(
        "hooks.py",
        "import asyncio\ndef plain(step):\n    print('before')\n    step()\n    print('after')\n\
         async def threaded(step):\n    await asyncio.get_running_loop().run_in_executor(None, step)\n\
         def never(step):\n    pass\n",
    );
    suite.revision("r1", "print('step')", "raise ValueError('inside')");
    suite.settings.around = Some("hooks:plain".to_owned());
    let mut child = suite.host().await.child().await.unwrap();
    assert_eq!(up(&mut child, "r1").await.output, "before\nstep\nafter\n");

    suite.settings.around = Some("hooks:threaded".to_owned());
    let mut child = suite.host().await.child().await.unwrap();
    assert_eq!(raised(down(&mut child, "r1").await).message, "inside");

    suite.settings.around = Some("hooks:never".to_owned());
    let mut child = suite.host().await.child().await.unwrap();
    assert!(raised(up(&mut child, "r1").await).message.contains("neither hooks:never nor env.py"));

    suite.settings.around = Some("hooks:absent".to_owned());
    let message = start(suite.settings.clone(), &suite.url).await.unwrap_err().to_string();
    assert!(message.contains("cannot import around = 'hooks:absent'"), "{message}");
}

#[tokio::test]
async fn urls_with_percent_signs_and_x_arguments_arrive() {
    let Some(python) = interpreter("urls_with_percent_signs_and_x_arguments_arrive") else { return };
    let mut suite = Suite::new(&python);
    suite.url = format!("sqlite:///{}?x=%%20%2F", suite.path("data.db").display());
    suite.settings.x_arguments = vec!["tenant=a".to_owned()];
    suite.settings.env = BTreeMap::from([("SHOP_DB".to_owned(), "<{url}>".to_owned())]);
    suite.revision(
        "r1",
        "from alembic import context\nprint(context.config.get_main_option('sqlalchemy.url'))\n\
         print(os.environ['DATABASE_URL'])\nprint(os.environ['SHOP_DB'])\nprint(context.get_x_argument(as_dictionary=True))\nprint(sys.argv)",
        "pass",
    );
    suite.write("migrations/env.py", &ENV.replace(
        "engine = engine_from_config(config.get_section(config.config_ini_section), prefix=\"sqlalchemy.\", poolclass=pool.NullPool)",
        "import sqlalchemy\nengine = sqlalchemy.create_engine('sqlite://')",
    ));
    let mut child = suite.host().await.child().await.unwrap();
    let output = up(&mut child, "r1").await.output;
    let url = &suite.url;
    assert_eq!(output, format!("{url}\n{url}\n<{url}>\n{{'tenant': 'a'}}\n['alembic', 'upgrade', 'r1']\n"));
}

#[tokio::test]
async fn an_env_py_may_set_version_locations_while_running() {
    let Some(python) = interpreter("an_env_py_may_set_version_locations_while_running") else { return };
    let mut suite = Suite::new(&python);
    let elsewhere = suite.settings.dir.join("migrations/elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    suite.write(
        "migrations/elsewhere/e1.py",
        "revision = 'e1'; down_revision = None\ndef upgrade(): print('there')\ndef downgrade(): pass\n",
    );
    suite.revision("r1", "print('here')", "pass");
    suite.write(
        "migrations/env.py",
        &ENV.replace(
            "config = context.config",
            &format!("config = context.config\ncontext.script.version_locations = [{elsewhere:?}]"),
        ),
    );
    let mut child = suite.host().await.child().await.unwrap();
    let outcome = up(&mut child, "e1").await;
    assert_eq!((outcome.failure, outcome.output.as_str()), (None, "there\n"));

    // Settings that know better than env.py's file: the same directory, loaded once.
    suite.settings.version_locations = vec![elsewhere];
    let host = suite.host().await;
    assert_eq!(host.revisions[0].id, "e1");
    let mut child = host.child().await.unwrap();
    assert_eq!(down(&mut child, "e1").await.failure, None);
}

#[tokio::test]
async fn statements_past_sqlalchemy_make_a_step_opaque() {
    let Some(python) = interpreter("statements_past_sqlalchemy_make_a_step_opaque") else { return };
    let other = "import sqlite3; sqlite3.connect(':memory:')";
    for body in [
        "op.get_bind().connection.cursor().execute('SELECT 1')",
        "op.get_bind().connection.dbapi_connection.cursor().execute('SELECT 1')",
        other,
        "import subprocess; subprocess.run(['true'], check=True)",
    ] {
        let mut suite = Suite::new(&python);
        suite.revision("r1", "op.execute('SELECT 1')", "pass");
        suite.revision("r2", body, "pass");
        let mut child = suite.host().await.child().await.unwrap();
        assert!(!up(&mut child, "r1").await.opaque);
        let outcome = up(&mut child, "r2").await;
        assert_eq!((outcome.failure, outcome.opaque), (None, true), "{body}");
    }
}

#[tokio::test]
async fn a_bootstrap_is_called_with_the_url() {
    let Some(python) = interpreter("a_bootstrap_is_called_with_the_url") else { return };
    let mut suite = Suite::new(&python);
    suite.write(
        "boot.py",
        "import sqlalchemy as sa\ndef make(url):\n    engine = sa.create_engine(url)\n    with engine.begin() as c:\n\
         \x20       c.execute(sa.text('CREATE TABLE made (a INTEGER)'))\n\
         async def broken(url):\n    raise LookupError(url)\n",
    );
    suite.revision("r1", "op.execute('DROP TABLE made')", "pass");
    let host = suite.host().await;
    let outcome = host.bootstrap("boot:make", LIMIT).await.unwrap();
    assert_eq!((outcome.failure, outcome.statements.len()), (None, 1));
    let mut child = host.child().await.unwrap();
    assert_eq!(up(&mut child, "r1").await.failure, None);
    let raised = raised(host.bootstrap("boot:broken", LIMIT).await.unwrap());
    assert_eq!((raised.class.as_str(), &raised.message), ("LookupError", &suite.url));
    let raised = super::raised(host.bootstrap("boot:absent", LIMIT).await.unwrap());
    assert!(raised.message.contains("absent"), "{}", raised.message);
}

#[tokio::test]
async fn settings_may_stand_in_pyproject() {
    let Some(python) = interpreter("settings_may_stand_in_pyproject") else { return };
    let mut suite = Suite::new(&python);
    suite.revision("r1", "pass", "pass");
    fs::remove_file(&suite.settings.alembic_file).unwrap();
    let text = "[tool.alembic]\nscript_location = '%(here)s/migrations'\nprepend_sys_path = ['.']\n";
    suite.settings.alembic_file = suite.write("pyproject.toml", text);
    let host = suite.host().await;
    let version: Vec<u32> = host.versions.alembic.split('.').map_while(|part| part.parse().ok()).collect();
    let mut child = host.child().await.unwrap();
    assert_eq!(up(&mut child, "r1").await.failure, None, "alembic {version:?}");
}

#[tokio::test]
async fn a_package_is_the_one_on_the_projects_own_path() {
    let Some(python) = interpreter("a_package_is_the_one_on_the_projects_own_path") else { return };
    let mut suite = Suite::new(&python);
    // The second copy can be imported, too: as an installed one, beside the checkout.
    for (place, which) in [("src", "mine"), ("", "another")] {
        let package = suite.settings.dir.join(place).join("shop");
        fs::create_dir_all(package.join("migrations/versions")).unwrap();
        fs::write(package.join("__init__.py"), format!("WHICH = {which:?}\n")).unwrap();
        fs::write(package.join("migrations/env.py"), ENV).unwrap();
    }
    suite.write("alembic.ini", "[alembic]\nscript_location = shop:migrations\nprepend_sys_path = src\n");
    suite.settings.script_location = suite.settings.dir.join("src/shop/migrations");
    suite.settings.version_locations.clear();
    let revision = "revision = 'r1'; down_revision = None\nimport shop\n\
        def upgrade():\n    {'mine': 0}[shop.WHICH]\ndef downgrade(): pass\n";
    suite.write("src/shop/migrations/versions/r1.py", revision);
    let mut child = suite.host().await.child().await.unwrap();
    assert_eq!(up(&mut child, "r1").await.failure, None);
}

#[tokio::test]
async fn revisions_may_stand_in_directories_below() {
    let Some(python) = interpreter("revisions_may_stand_in_directories_below") else { return };
    let mut suite = Suite::new(&python);
    fs::create_dir(suite.settings.dir.join("migrations/versions/below")).unwrap();
    suite.write(
        "migrations/versions/below/r1.py",
        "revision = 'r1'; down_revision = None\ndef upgrade(): pass\ndef downgrade(): pass\n",
    );
    suite.settings.recursive = true;
    let host = suite.host().await;
    if host.versions.alembic.starts_with("1.8.") {
        eprintln!("SKIPPED: revisions_may_stand_in_directories_below (Alembic learnt it in 1.10)");
        return;
    }
    assert_eq!(host.revisions.len(), 1);
}

#[tokio::test]
async fn an_env_py_may_run_its_migrations_for_each_tenant() {
    let Some(python) = interpreter("an_env_py_may_run_its_migrations_for_each_tenant") else { return };
    let mut suite = Suite::new(&python);
    suite.revision("r1", "op.execute('CREATE TABLE t (a INTEGER)')", "op.execute('DROP TABLE t')");
    let twice = ENV.replace(
        "        context.run_migrations()\n",
        "        context.run_migrations()\n        context.run_migrations()\n",
    );
    suite.write("migrations/env.py", &twice);
    let mut child = suite.host().await.child().await.unwrap();
    assert_eq!(up(&mut child, "r1").await.failure, None);
    assert_eq!(down(&mut child, "r1").await.failure, None);
}

#[tokio::test]
async fn a_long_scratch_path_is_no_obstacle() {
    let Some(python) = interpreter("a_long_scratch_path_is_no_obstacle") else { return };
    let mut suite = Suite::new(&python);
    suite.revision("r1", "pass", "pass");
    suite.settings.scratch = suite.path(&"long".repeat(40));
    fs::create_dir(&suite.settings.scratch).unwrap();
    let mut child = suite.host().await.child().await.unwrap();
    assert_eq!(up(&mut child, "r1").await.failure, None);
}
