//! What is said of a step that fails.

use super::*;

/// A chain of one revision, its child process, and the revision's file.
async fn one(python: &Path, upgrade: &str, downgrade: &str) -> (Suite, Host, Child, PathBuf) {
    let mut suite = Suite::new(python);
    let file = suite.revision("r1", upgrade, downgrade);
    let host = suite.host().await;
    let child = host.child().await.unwrap();
    (suite, host, child, file)
}

#[tokio::test]
async fn a_database_error_is_told_in_the_drivers_words() {
    let Some(python) = interpreter("a_database_error_is_told_in_the_drivers_words") else { return };
    let upgrade = "op.execute('CREATE TABLE t (a INTEGER UNIQUE)')\n\
                   op.execute('INSERT INTO t VALUES (1)')\n\
                   op.get_bind().execute(sa.text('INSERT INTO t VALUES (:a)'), {'a': 1})";
    let (_suite, _host, mut child, _) = one(&python, upgrade, "pass").await;
    let raised = raised(up(&mut child, "r1").await);
    assert_eq!(raised.class, "sqlalchemy.exc.IntegrityError");
    assert_eq!(raised.message, "UNIQUE constraint failed: t.a");
    assert!(raised.from_database && !raised.on_purpose);
    let statement = raised.statement.unwrap();
    assert_eq!(
        (statement.sql.as_str(), statement.parameters),
        ("INSERT INTO t VALUES (?)", vec!["1".to_owned()])
    );
    assert_eq!((statement.line, raised.line), (Some(8), Some(8)));
    assert!(raised.traceback.contains("r1.py"), "{}", raised.traceback);
    assert!(!raised.traceback.contains("mrt_host"), "{}", raised.traceback);
}

#[tokio::test]
async fn an_error_of_mysql_has_its_number_as_code() {
    let Some(python) = interpreter("an_error_of_mysql_has_its_number_as_code") else { return };
    let upgrade = "import pymysql\nraise pymysql.err.ProgrammingError(1146, \"Table 'a.b' doesn't exist\")";
    let (_suite, _host, mut child, _) = one(&python, upgrade, "pass").await;
    let raised = raised(up(&mut child, "r1").await);
    assert_eq!(raised.class, "pymysql.err.ProgrammingError");
    assert_eq!(raised.message, "Table 'a.b' doesn't exist");
    assert_eq!((raised.from_database, raised.code.as_deref()), (true, Some("1146")));
}

#[tokio::test]
async fn an_error_of_oracles_driver_has_its_code_and_no_words_of_one_connection() {
    const TEST: &str = "an_error_of_oracles_driver_has_its_code_and_no_words_of_one_connection";
    let Some(python) = interpreter(TEST) else { return };
    let there = std::process::Command::new(&python).args(["-c", "import oracledb"]).output().unwrap();
    if !there.status.success() {
        eprintln!("SKIPPED: {TEST} (oracledb is not installed)");
        return;
    }
    let upgrade = "import oracledb\noracledb.connect(user='a', password='b', dsn='127.0.0.1:1/x')";
    let (_suite, _host, mut child, _) = one(&python, upgrade, "pass").await;
    let raised = raised(up(&mut child, "r1").await);
    assert_eq!((raised.from_database, raised.code.as_deref()), (true, Some("DPY-6005")));
    assert!(raised.message.starts_with("DPY-6005: cannot connect to database"), "{}", raised.message);
    for text in [&raised.message, &raised.traceback] {
        assert!(!text.contains("CONNECTION_ID"), "{text}");
    }
    assert!(!raised.message.contains("https://"), "{}", raised.message);
}

#[tokio::test]
async fn an_error_of_sql_server_has_its_number_as_code() {
    let Some(python) = interpreter("an_error_of_sql_server_has_its_number_as_code") else { return };
    let cases = [
        (
            "pymssql",
            r#"(208, b"Invalid object name 'x'.DB-Lib error message 20018, severity 16:\nGeneral SQL Server error\n")"#,
            "208",
            "Invalid object name 'x'.",
        ),
        (
            "pymssql",
            r#"((18456, b"DB-Lib error message 20009, severity 9:\nUnable to connect (h)\nDB-Lib error message 20009, severity 9:\nUnable to connect (h)\n"),)"#,
            "20009",
            "Unable to connect (h)",
        ),
        (
            "pyodbc",
            r#"('23000', "[23000] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]Cannot insert NULL (x). (515) (SQLExecDirectW); [23000] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]The statement has been terminated. (3621)")"#,
            "515",
            "Cannot insert NULL (x).",
        ),
        (
            "pyodbc",
            r#"('08S01', "[08S01] [Microsoft][ODBC Driver 18 for SQL Server]Communication link failure (0) (SQLExecDirectW)")"#,
            "08S01",
            "Communication link failure",
        ),
    ];
    for (module, arguments, code, message) in cases {
        let upgrade = format!(
            "class Error(Exception):\n    pass\nError.__module__ = '{module}'\nerror = Error()\nerror.args = {arguments}\nraise error"
        );
        let (_suite, host, mut child, _) = one(&python, &upgrade, "pass").await;
        let raised = raised(up(&mut child, "r1").await);
        assert!(raised.from_database, "{arguments}");
        assert_eq!((raised.code.as_deref(), raised.message.as_str()), (Some(code), message));
        host.close().await;
    }
}

#[tokio::test]
async fn a_migration_may_refuse_on_purpose() {
    let Some(python) = interpreter("a_migration_may_refuse_on_purpose") else { return };
    let cases = [
        ("raise RuntimeError('no way back')", "RuntimeError", "no way back", true),
        ("raise NotImplementedError()", "NotImplementedError", "", true),
        ("if True:\n    raise ValueError(\n        'long')", "ValueError", "long", true),
        (
            "try:\n    {}['x']\nexcept KeyError:\n    raise RuntimeError('lost')",
            "RuntimeError",
            "lost",
            false,
        ),
        ("{}['x']", "KeyError", "'x'", false),
        ("raise RuntimeError(str({}['x']))", "KeyError", "'x'", false),
        ("sys.exit(4)", "SystemExit", "4", false),
        ("op.create_check_constraint('c', 't', 'a > 0')", "NotImplementedError", "", false),
    ];
    for (downgrade, class, message, on_purpose) in cases {
        let (_suite, host, mut child, _) =
            one(&python, "op.execute('CREATE TABLE t (a INTEGER)')", downgrade).await;
        assert_eq!(up(&mut child, "r1").await.failure, None);
        let raised = raised(down(&mut child, "r1").await);
        assert_eq!(raised.class, class, "{downgrade}");
        assert!(raised.message.starts_with(message), "{downgrade}: {}", raised.message);
        assert_eq!(raised.on_purpose, on_purpose, "{downgrade}");
        assert!(raised.line.is_some_and(|line| line > 6), "{downgrade}: {:?}", raised.line);
        host.close().await;
    }
}

#[tokio::test]
async fn an_exception_about_a_value_is_told_from_a_mistake() {
    let Some(python) = interpreter("an_exception_about_a_value_is_told_from_a_mistake") else { return };
    let cases = [
        ("{}['x']", true),
        ("'a'.split(',')[1]", true),
        ("int('a')", true),
        ("import json; json.loads('a')", true),
        ("b'\\xff'.decode()", true),
        ("import decimal; decimal.Decimal('a')", true),
        ("import zlib; zlib.decompress(b'word')", true),
        ("import pickle; pickle.loads(b'word')", true),
        ("import struct; struct.unpack('>I', b'word and more')", true),
        ("op.get_bind().execute(sa.select(sa.literal_column(\"'x'\", sa.Enum('a')))).all()", true),
        ("op.get_bind().execute(sa.select(sa.literal('x', sa.Enum('a', validate_strings=True))))", true),
        ("None.x", false),
        ("nowhere", false),
        ("1 + 'a'", false),
        ("import no_such_module", false),
        ("assert False", false),
        ("sa.table('t', sa.column('a')).c['b']", false),
        ("op.get_bind().execute(sa.text('SELECT 1 AS a')).mappings().one()['b']", false),
        ("with op.batch_alter_table('t') as batch:\n    batch.drop_constraint('none', type_='check')", false),
        ("with op.batch_alter_table('t') as batch:\n    batch.drop_column('none')", false),
        ("op.execute('SELECT nothing')", false),
    ];
    for (downgrade, about_value) in cases {
        let (_suite, host, mut child, _) =
            one(&python, "op.execute('CREATE TABLE t (a INTEGER)')", downgrade).await;
        assert_eq!(up(&mut child, "r1").await.failure, None);
        let raised = raised(down(&mut child, "r1").await);
        assert_eq!(raised.about_value, about_value, "{downgrade}: {} {}", raised.class, raised.message);
        host.close().await;
    }
}

#[tokio::test]
async fn a_missing_downgrade_is_on_purpose() {
    let Some(python) = interpreter("a_missing_downgrade_is_on_purpose") else { return };
    let suite = Suite::new(&python);
    suite.write("migrations/versions/r1.py", "revision = 'r1'; down_revision = None\ndef upgrade(): pass\n");
    let host = suite.host().await;
    let mut child = host.child().await.unwrap();
    assert_eq!(up(&mut child, "r1").await.failure, None);
    let raised = raised(down(&mut child, "r1").await);
    assert_eq!(
        (raised.message.as_str(), raised.on_purpose),
        ("the revision has no downgrade() function", true)
    );
}

#[tokio::test]
async fn an_env_py_that_never_runs_the_step_is_a_failure() {
    let Some(python) = interpreter("an_env_py_that_never_runs_the_step_is_a_failure") else { return };
    let mut suite = Suite::new(&python);
    suite.revision("r1", "pass", "pass");
    suite.write("migrations/env.py", "print('nothing to do')\n");
    let host = suite.host().await;
    let mut child = host.child().await.unwrap();
    let outcome = up(&mut child, "r1").await;
    assert_eq!(outcome.output, "nothing to do\n");
    let raised = raised(outcome);
    assert!(raised.message.starts_with("env.py never ran the step"), "{}", raised.message);
    assert!(!raised.on_purpose);
}

#[tokio::test]
async fn an_env_py_that_swallows_the_exception_hides_nothing() {
    let Some(python) = interpreter("an_env_py_that_swallows_the_exception_hides_nothing") else { return };
    let mut suite = Suite::new(&python);
    suite.revision("r1", "raise LookupError('the real one')", "pass");
    let env = ENV.replace("        context.run_migrations()\n", "        try:\n            context.run_migrations()\n        except Exception:\n            print('oh well')\n");
    suite.write("migrations/env.py", &env);
    let host = suite.host().await;
    let mut child = host.child().await.unwrap();
    assert_eq!(raised(up(&mut child, "r1").await).message, "the real one");
}

#[tokio::test]
async fn what_a_report_shows_does_not_differ_from_run_to_run() {
    let Some(python) = interpreter("what_a_report_shows_does_not_differ_from_run_to_run") else { return };
    let (_suite, _host, mut child, _) = one(&python, "raise ValueError(object())", "pass").await;
    let raised = raised(up(&mut child, "r1").await);
    assert_eq!(raised.message, "<object object at 0x...>");
    assert!(!raised.traceback.contains("at 0x7"), "{}", raised.traceback);
}

#[tokio::test]
async fn a_suite_that_does_not_load_says_where() {
    let Some(python) = interpreter("a_suite_that_does_not_load_says_where") else { return };
    let mut suite = Suite::new(&python);
    suite.revision("r1", "pass", "pass");
    suite.write("migrations/versions/r2.py", "revision = 'r2'\ndown_revision = 'r1'\ndef upgrade(:\n");
    let message = start(suite.settings.clone(), &suite.url).await.unwrap_err().to_string();
    assert!(message.contains("r2.py:3") && message.contains("SyntaxError"), "{message}");

    suite
        .write("migrations/versions/r2.py", "import no_such_module\nrevision = 'r2'\ndown_revision = 'r1'\n");
    let message = start(suite.settings.clone(), &suite.url).await.unwrap_err().to_string();
    assert!(message.contains("r2.py:1") && message.contains("No module named 'no_such_module'"), "{message}");

    suite.settings.interpreter = PathBuf::from("/no/such/python");
    let message = start(suite.settings.clone(), &suite.url).await.unwrap_err().to_string();
    assert!(message.starts_with("there is no Python interpreter /no/such/python"), "{message}");

    suite.settings.interpreter = PathBuf::from("/bin/false");
    let message = start(suite.settings.clone(), &suite.url).await.unwrap_err().to_string();
    assert_eq!(message, "/bin/false ended at once (exit status 1)");

    suite.settings.interpreter = python.clone();
    suite.settings.script_location = suite.path("nowhere");
    let message = start(suite.settings.clone(), &suite.url).await.unwrap_err().to_string();
    assert!(message.contains("nowhere does not exist"), "{message}");
}

#[tokio::test]
async fn an_interpreter_without_alembic_says_what_to_install() {
    let Some(python) = interpreter("an_interpreter_without_alembic_says_what_to_install") else { return };
    // The interpreter that the environment was made from, without the environment's packages.
    let suite = Suite::new(&python);
    let bare = suite.path("bare");
    let made = std::process::Command::new(&python).args(["-m", "venv", "--without-pip"]).arg(&bare).status();
    assert!(made.unwrap().success());
    let mut settings = suite.settings.clone();
    settings.interpreter = bare.join("bin/python");
    let message = start(settings, &suite.url).await.unwrap_err().to_string();
    assert!(message.starts_with("alembic is not installed in "), "{message}");
    assert!(message.contains("pip install alembic"), "{message}");
}
