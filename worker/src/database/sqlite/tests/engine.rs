//! Databases come to be, are cloned, renamed and dropped.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use sqlx::{ConnectOptions, Connection, Executor};

use super::super::{Owner, Sqlite, options};
use super::{Server, database, table, text};
use crate::database::{DatabaseError, DatabaseName, Engine};

impl Server {
    fn path(&self, database: &DatabaseName) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(format!("{database}.db"))
    }

    async fn count(&self, database: &DatabaseName) -> usize {
        let mut session = self.engine.connect(database).await.unwrap();
        let catalog = session.catalog().await.unwrap();
        let contents = session.contents(&catalog).await.unwrap();
        contents.tables.get(&table("t")).map_or(0, |rows| rows.rows.len())
    }

    /// Files in the directory, but for our databases' main ones.
    fn litter(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.dir.path()).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.filter(|name| !name.ends_with(".db")).collect()
    }
}

#[tokio::test]
async fn a_new_database_has_had_its_initial_sql() {
    let server = Server::with_initial_sql(&[
        "PRAGMA journal_mode = WAL",
        "CREATE TABLE t (a); INSERT INTO t VALUES (1)",
    ])
    .await;
    let name = database(1);
    server.engine.create(&name).await.unwrap();
    assert_eq!(server.count(&name).await, 1);
    // It replaces one of that name.
    server.engine.create(&name).await.unwrap();
    assert_eq!(server.count(&name).await, 1);
}

#[tokio::test]
async fn initial_sql_that_fails_leaves_no_database() {
    let server = Server::with_initial_sql(&["CREATE TABLE t (a); nonsense"]).await;
    let error = server.engine.create(&database(1)).await.unwrap_err();
    assert!(matches!(error, DatabaseError::Refused { .. }), "{error:?}");
    assert!(matches!(server.engine.connect(&database(1)).await, Err(DatabaseError::NoDatabase { .. })));
}

#[tokio::test]
async fn a_clone_is_a_copy_of_its_own() {
    let server = Server::start().await;
    let (one, two) = (database(0), database(2));
    drop(server.session("CREATE TABLE t (a); INSERT INTO t VALUES (1)").await);
    server.engine.create(&two).await.unwrap();
    server.engine.clone_database(&one, &two).await.unwrap();

    let mut session = server.engine.connect(&two).await.unwrap();
    session.execute_script("INSERT INTO t VALUES (2)").await.unwrap().unwrap();
    drop(session);
    assert_eq!((server.count(&one).await, server.count(&two).await), (1, 2));
}

#[tokio::test]
async fn a_clone_right_after_a_session_has_what_is_in_the_write_ahead_log() {
    let server = Server::with_initial_sql(&["PRAGMA journal_mode = WAL"]).await;
    for round in 1..20 {
        // Dropping closes in the background: without waiting for it, the copy would miss the log or be torn.
        let session = server.session("CREATE TABLE t (a); INSERT INTO t VALUES (1)").await;
        drop(session);
        let copy = database(round);
        server.engine.clone_database(&database(0), &copy).await.unwrap();
        assert_eq!(server.count(&copy).await, 1);
    }
}

#[tokio::test]
async fn no_dropped_session_is_left_once_the_engine_has_waited() {
    let server = Server::with_initial_sql(&["PRAGMA journal_mode = WAL"]).await;
    drop(server.session("CREATE TABLE t (a)").await);
    assert!(!server.litter().is_empty(), "the connection is still open");
    server.engine.disconnect(&database(0)).await.unwrap();
    assert_eq!(server.litter(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_replaced_is_gone_with_its_log_and_unharmed_where_it_is_open() {
    let server = Server::start().await;
    drop(server.session("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)").await);
    for by_renaming in [false, true] {
        let target = leave_behind(&server, "WAL", "INSERT INTO t VALUES (2)").await;
        let spare = database(104);
        server.engine.clone_database(&database(0), &spare).await.unwrap();
        let old = std::fs::File::open(server.path(&target)).unwrap();
        if by_renaming {
            server.engine.rename(&spare, &target).await.unwrap();
        } else {
            server.engine.clone_database(&spare, &target).await.unwrap();
        }
        assert_eq!(old.metadata().unwrap().nlink(), 0, "another file is in its place");
        assert_eq!(server.count(&target).await, 3);
        server.engine.disconnect(&target).await.unwrap();
        server.engine.drop_database(&database(100)).await.unwrap();
        assert_eq!(server.litter(), Vec::<String>::new());
    }
}

/// Leaves a database as a killed process does: with a write-ahead log, or a journal to roll back.
async fn leave_behind(server: &Server, journal_mode: &str, crash: &str) -> DatabaseName {
    let (alive, dead) = (database(100), database(101));
    server.engine.create(&alive).await.unwrap();
    let path = server.path(&alive);
    let mut connection = options(&path).connect().await.unwrap();
    let setup = "CREATE TABLE t (a); INSERT INTO t VALUES (1)";
    for sql in [format!("PRAGMA journal_mode = {journal_mode}; {setup}"), crash.to_owned()] {
        connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
    for suffix in ["", "-wal", "-journal"] {
        let file = |name| PathBuf::from(format!("{}{suffix}", server.path(name).display()));
        if file(&alive).exists() {
            std::fs::copy(file(&alive), file(&dead)).unwrap();
        }
    }
    connection.close().await.unwrap();
    dead
}

#[tokio::test]
async fn what_a_killed_process_left_is_recovered_before_cloning() {
    let server = Server::start().await;
    let spilling = "PRAGMA cache_size = 1; BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
                    WHERE i < 5000) INSERT INTO t SELECT randomblob(100) FROM n";
    for (mode, crash, rows) in [("WAL", "INSERT INTO t VALUES (2)", 2), ("DELETE", spilling, 1)] {
        let dead = leave_behind(&server, mode, crash).await;
        assert!(!server.litter().is_empty(), "{mode}: the test must leave something behind");
        let copy = database(102);
        server.engine.clone_database(&dead, &copy).await.unwrap();
        assert_eq!(server.count(&copy).await, rows, "{mode}");
        server.engine.drop_database(&dead).await.unwrap();
    }
}

#[tokio::test]
async fn renaming_and_dropping_take_everything_along() {
    let server = Server::start().await;
    let dead = leave_behind(&server, "WAL", "INSERT INTO t VALUES (2)").await;
    let to = database(103);
    server.engine.rename(&dead, &to).await.unwrap();
    assert!(matches!(server.engine.connect(&dead).await, Err(DatabaseError::NoDatabase { .. })));
    assert_eq!(server.count(&to).await, 2);

    let dead = leave_behind(&server, "WAL", "INSERT INTO t VALUES (2)").await;
    server.engine.drop_database(&dead).await.unwrap();
    server.engine.drop_database(&dead).await.unwrap();
    server.engine.disconnect(&to).await.unwrap();
    assert_eq!(server.litter(), Vec::<String>::new());
    // A log of the dropped one must not find its way into the next of that name.
    server.engine.create(&dead).await.unwrap();
    assert_eq!(server.count(&dead).await, 0);
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_missing_and_never_made() {
    let server = Server::start().await;
    let (absent, to) = (database(1), database(2));
    for error in [
        server.engine.connect(&absent).await.err(),
        server.engine.clone_database(&absent, &to).await.err(),
        server.engine.rename(&absent, &to).await.err(),
    ] {
        match error {
            Some(DatabaseError::NoDatabase { database, .. }) => assert_eq!(database, "mrt_test_0001"),
            other => panic!("{other:?}"),
        }
    }
    assert!(!server.path(&absent).exists() && !server.path(&to).exists());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let server = Server::start().await;
    std::fs::write(server.path(&database(1)), "no database at all, whatever its name says".repeat(100))
        .unwrap();
    let result = async { server.engine.connect(&database(1)).await?.catalog().await }.await;
    assert!(matches!(result, Err(DatabaseError::Refused { .. })), "{result:?}");
}

#[tokio::test]
async fn a_lock_of_somebody_else_is_named() {
    let server = Server::start().await;
    let mut session = server.session("CREATE TABLE t (a)").await;
    let mut other = options(&server.path(&database(0))).connect().await.unwrap();
    other.execute("BEGIN EXCLUSIVE").await.unwrap();
    let rows = [super::row("t", &[("a", text("x"))], &[])];
    for error in [session.insert(&rows, false).await.err(), session.catalog().await.err()] {
        match error {
            Some(DatabaseError::Locked { database, .. }) => assert_eq!(database, "mrt_test_0000"),
            other => panic!("{other:?}"),
        }
    }
    other.close().await.unwrap();
    assert_eq!(session.insert(&rows, false).await.unwrap(), [Ok(())]);
}

#[tokio::test]
async fn files_go_to_their_owner() {
    let server = Server::start().await;
    if !nix::unistd::geteuid().is_root() {
        eprintln!("SKIPPED: files_go_to_their_owner (only root can give files away)");
        return;
    }
    let target = super::target(&["PRAGMA journal_mode = WAL"]);
    let owner = Owner { uid: 12345, gid: 23456 };
    let engine = Sqlite::open(&server.dir.path().join("theirs"), &target, Some(owner)).await.unwrap();
    engine.create(&database(1)).await.unwrap();
    engine.clone_database(&database(1), &database(2)).await.unwrap();
    let mut session = engine.connect(&database(2)).await.unwrap();
    session.execute_script("CREATE TABLE t (a)").await.unwrap().unwrap();

    let dir = server.dir.path().join("theirs");
    let files = std::fs::read_dir(&dir).unwrap().map(|file| file.unwrap().path()).chain([dir.clone()]);
    let owners: Vec<_> = files.map(|path| (path.clone(), path.metadata().unwrap())).collect();
    assert!(owners.len() >= 5, "two databases, the directory, and our session's -wal and -shm: {owners:?}");
    for (path, metadata) in owners {
        assert_eq!((metadata.uid(), metadata.gid()), (12345, 23456), "{}", path.display());
    }
}

#[tokio::test]
async fn urls_and_hints() {
    let server = Server::start().await;
    let path = server.path(&database(7)).display().to_string();
    let engine = &server.engine;
    assert_eq!(engine.project_url(&database(7), None), format!("sqlite:///{path}"));
    assert!(engine.project_url(&database(7), None).starts_with("sqlite:////"));
    assert_eq!(engine.project_url(&database(7), Some("aiosqlite")), format!("sqlite+aiosqlite:///{path}"));
    assert_eq!(engine.connect_hint(&database(7)), format!("sqlite3 {path}"));
    assert!(engine.version().starts_with("3."));
}

#[tokio::test]
async fn a_server_is_its_directory() {
    let server = Server::start().await;
    server.engine.ping().await.unwrap();
    std::fs::remove_dir_all(server.dir.path()).unwrap();
    assert!(matches!(server.engine.ping().await, Err(DatabaseError::ServerGone { .. })));
    // Without the directory nothing is said to be a missing database that we were asked to make.
    assert!(matches!(server.engine.create(&database(1)).await, Err(DatabaseError::Refused { .. })));
}

/// Run by hand: `cargo test --release -p mrt-worker --lib how_long -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "prints times"]
async fn how_long_it_takes() {
    use std::time::Instant;
    let server = Server::start().await;
    let tables = |n: usize| {
        (0..n).map(|i| format!(
            "CREATE TABLE t{i} (id INTEGER NOT NULL, name VARCHAR(50) DEFAULT 'x' NOT NULL, parent INTEGER, \
             a INTEGER, b TEXT, c DATETIME DEFAULT CURRENT_TIMESTAMP, d BOOLEAN, e NUMERIC(10, 2), \
             CONSTRAINT pk PRIMARY KEY (id), CONSTRAINT uq UNIQUE (name), CHECK (a > 0), \
             FOREIGN KEY(parent) REFERENCES t{i} (id) ON DELETE CASCADE); CREATE INDEX ix{i} ON t{i} (b DESC);"
        )).collect::<String>()
    };
    for n in [100, 400] {
        let mut session = server.session(&tables(n)).await;
        session
            .execute_script("INSERT INTO t3 (name) VALUES ('x'); INSERT INTO t7 (name) VALUES ('y')")
            .await
            .unwrap()
            .unwrap();
        let times = async |what: &str, runs: u32, start: Instant| {
            eprintln!("{n} tables: {what} {:?}", start.elapsed() / runs);
        };
        let start = Instant::now();
        for _ in 0..10 {
            session.catalog().await.unwrap();
        }
        times("catalog", 10, start).await;
        let catalog = session.catalog().await.unwrap();
        let start = Instant::now();
        for _ in 0..10 {
            session.contents(&catalog).await.unwrap();
        }
        times("contents", 10, start).await;
        let rows: Vec<_> =
            (0..1000).map(|i| super::row("t9", &[("name", text(&format!("n{i}")))], &["id"])).collect();
        let start = Instant::now();
        session.insert(&rows, false).await.unwrap();
        times("insert of 1000 rows", 1, start).await;
        let candidates: Vec<_> = (0..100).map(|i| vec![crate::database::rows::Value::Integer(i)]).collect();
        let start = Instant::now();
        session.satisfying("a > 50", &[("a".into(), "INT".into())], &candidates).await.unwrap();
        times("100 candidates", 1, start).await;
        drop(session);
        let start = Instant::now();
        for _ in 0..20 {
            server.engine.clone_database(&database(0), &database(1)).await.unwrap();
        }
        times("clone", 20, start).await;
        let start = Instant::now();
        for _ in 0..20 {
            drop(server.engine.connect(&database(0)).await.unwrap());
        }
        times("connect", 20, start).await;
        let start = Instant::now();
        for _ in 0..20 {
            server.engine.drop_database(&database(1)).await.unwrap();
        }
        times("drop", 20, start).await;
        let start = Instant::now();
        for _ in 0..20 {
            server.engine.create(&database(1)).await.unwrap();
        }
        times("create", 20, start).await;
    }
}
