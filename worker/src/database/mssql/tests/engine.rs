//! Databases: how they come to be and go, and who is on them.

use super::{as_owner, ask, db, engines, engines_for, migrate, name, read, row, run, servers, target};
use crate::database::mssql::{MsSql, ready};
use crate::database::rows::Value;
use crate::database::{DatabaseError, Disconnected, Engine as _};

#[tokio::test]
async fn databases_come_and_go() {
    let adapt = |target: &mut mrt_chain::settings::Target| {
        target.locale = Some("Latin1_General_100_CS_AS".to_owned());
        target.initial_sql = vec![
            "ALTER DATABASE CURRENT SET READ_COMMITTED_SNAPSHOT ON".to_owned(),
            "CREATE TABLE made (a int)\nGO\nINSERT INTO made VALUES (1)".to_owned(),
        ];
    };
    for engine in engines_for("databases_come_and_go", adapt).await {
        engine.create(&db(0)).await.unwrap();
        engine.create(&db(0)).await.unwrap();
        let stored = engine.stored(&db(0));
        let facts = format!(
            "SELECT CONVERT(nvarchar(128), collation_name), is_read_committed_snapshot_on, \
             CONVERT(nvarchar(60), recovery_model_desc), CONVERT(nvarchar(128), SUSER_SNAME(owner_sid)) \
             FROM sys.databases WHERE name = N'{stored}'"
        );
        let expected = ["Latin1_General_100_CS_AS", "1", "SIMPLE", engine.shared.user.as_str()];
        assert_eq!(ask(&engine, &facts).await, [expected]);
        migrate(&engine, &db(0), "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)").await;
        engine.clone_database(&db(0), &db(1)).await.unwrap();
        engine.rename(&db(0), &db(2)).await.unwrap();
        assert!(matches!(engine.connect(&db(0)).await.map(drop), Err(DatabaseError::NoDatabase { .. })));
        assert!(matches!(engine.clone_database(&db(0), &db(3)).await, Err(DatabaseError::NoDatabase { .. })));
        for database in [db(1), db(2)] {
            let mut session = engine.connect(&database).await.unwrap();
            assert_eq!(read(&mut *session, "t").await, [[Some("1".to_owned())]]);
            assert_eq!(read(&mut *session, "made").await, [[Some("1".to_owned())]]);
        }
        engine.drop_database(&db(0)).await.unwrap();
        engine.has_room().await.unwrap();
        engine.close().await.unwrap();
        assert!(matches!(engine.connect(&db(1)).await.map(drop), Err(DatabaseError::NoDatabase { .. })));
    }
}

#[tokio::test]
async fn sessions_of_others_are_ended_and_counted() {
    for engine in engines("sessions_of_others_are_ended_and_counted").await {
        engine.create(&db(0)).await.unwrap();
        // By a session of ours: one of others might still be on its way out when they are counted.
        engine.execute_as_project(&db(0), "CREATE TABLE t (id int PRIMARY KEY)").await.unwrap().unwrap();
        // Drivers without autocommit begin a transaction as soon as they connect.
        let mut idle = as_owner(&engine, &db(0)).await;
        run(&mut idle, "BEGIN TRANSACTION").await;
        let mut open = as_owner(&engine, &db(0)).await;
        assert!(!engine.has_open_transaction(&db(0)).await.unwrap());
        run(&mut open, "BEGIN TRANSACTION; INSERT INTO t VALUES (1)").await;
        assert!(engine.has_open_transaction(&db(0)).await.unwrap());
        // Who stands in another database and holds something here is among them.
        let mut elsewhere = as_owner(&engine, &db(0)).await;
        let stored = engine.stored(&db(0));
        run(&mut elsewhere, &format!("USE master; BEGIN TRANSACTION; INSERT INTO {stored}.dbo.t VALUES (2)"))
            .await;
        let mut ours = engine.connect(&db(0)).await.unwrap();

        let ended = engine.disconnect(&db(0)).await.unwrap();
        assert_eq!((ended.sessions, ended.in_transaction), (3, 2));
        assert!(!engine.has_open_transaction(&db(0)).await.unwrap());
        assert_eq!(engine.disconnect(&db(0)).await.unwrap(), Disconnected::default());
        assert!(open.batch("SELECT 1").await.is_err());
        assert!(read(&mut *ours, "t").await.is_empty());
        // A database goes with whoever is in the midst of something there.
        let mut open = as_owner(&engine, &db(0)).await;
        run(&mut open, "BEGIN TRANSACTION; INSERT INTO t VALUES (1)").await;
        engine.drop_database(&db(0)).await.unwrap();
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_goes_wrong_when_a_database_is_made_is_told() {
    let adapt = |target: &mut mrt_chain::settings::Target| target.initial_sql = vec!["SELEC 1".to_owned()];
    for engine in engines_for("what_goes_wrong_when_a_database_is_made_is_told", adapt).await {
        let failure = engine.create(&db(0)).await.unwrap_err();
        assert!(failure.to_string().starts_with("cannot run initial SQL 1 of target mssql"), "{failure}");
        assert!(std::error::Error::source(&failure).is_some());
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_has_no_meaning_is_refused() {
    for endpoint in servers("what_has_no_meaning_is_refused") {
        let mut odd = target();
        odd.extensions = vec!["citext".to_owned()];
        let failure = MsSql::open(endpoint.clone(), &odd).await.map(drop).unwrap_err();
        let source = std::error::Error::source(&failure).unwrap().to_string();
        assert!(source.contains("has no extensions"), "{source}");
        let mut odd = target();
        odd.locale = Some("de_DE.UTF-8".to_owned());
        let engine = MsSql::open(endpoint, &odd).await.unwrap();
        let failure = engine.create(&db(0)).await.unwrap_err();
        let source = std::error::Error::source(&failure).unwrap().to_string();
        assert!(source.contains("is not the name of a collation"), "{source}");
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_gone() {
    for mut endpoint in servers("a_server_that_is_not_there_is_gone") {
        ready(&endpoint).await.unwrap();
        endpoint.password = "hunter2".to_owned();
        let failure = ready(&endpoint).await.unwrap_err();
        let source = std::error::Error::source(&failure).unwrap().to_string();
        assert!(source.contains("Login failed"), "{source}");
        assert!(!format!("{failure:?}{failure}").contains("hunter2"));
        endpoint.port = 1;
        let failure = ready(&endpoint).await.unwrap_err();
        assert!(matches!(failure, DatabaseError::ServerGone { .. }), "{failure:?}");
        assert!(!format!("{failure:?}{failure}").contains("hunter2"));
        assert!(MsSql::open(endpoint, &target()).await.is_err());
    }
}

#[tokio::test]
async fn a_session_that_is_ended_says_that_the_server_is_gone() {
    for engine in engines("a_session_that_is_ended_says_that_the_server_is_gone").await {
        engine.create(&db(0)).await.unwrap();
        let mut session = engine.connect(&db(0)).await.unwrap();
        let stored = engine.stored(&db(0));
        let found = format!(
            "SELECT CONVERT(int, session_id) FROM sys.dm_exec_sessions WHERE database_id = DB_ID(N'{stored}')"
        );
        let found = ask(&engine, &found).await;
        ask(&engine, &format!("KILL {}", found[0][0])).await;
        let failure = session.advance_counters(&[name("t")]).await.unwrap_err();
        assert!(matches!(failure, DatabaseError::ServerGone { .. }), "{failure:?}");
        // It stays so.
        let failure = session.advance_counters(&[name("t")]).await.unwrap_err();
        assert!(matches!(failure, DatabaseError::ServerGone { .. }), "{failure:?}");
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn an_exchange_that_is_left_in_the_middle_ends_the_connection() {
    for engine in engines("an_exchange_that_is_left_in_the_middle_ends_the_connection").await {
        engine.create(&db(0)).await.unwrap();
        let mut connection = as_owner(&engine, &db(0)).await;
        let waiting = connection.batch("WAITFOR DELAY '00:00:30'");
        assert!(tokio::time::timeout(std::time::Duration::from_millis(200), waiting).await.is_err());
        assert!(!connection.is_whole());
        assert!(connection.batch("SELECT 1").await.is_err());
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_table_that_is_locked_says_so() {
    for engine in engines("a_table_that_is_locked_says_so").await {
        engine.create(&db(0)).await.unwrap();
        migrate(&engine, &db(0), "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)").await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let mut other = as_owner(&engine, &db(0)).await;
        run(&mut other, "BEGIN TRANSACTION; SELECT * FROM t WITH (TABLOCKX)").await;
        let failure = session.insert(&[row("t", &[("id", Value::Integer(2))])], false).await;
        assert!(matches!(failure, Err(DatabaseError::Locked { .. })), "{failure:?}");
        run(&mut other, "ROLLBACK").await;
        let answers = session.insert(&[row("t", &[("id", Value::Integer(2))])], false).await.unwrap();
        assert!(answers[0].is_ok());
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_a_dead_run_has_left_is_swept_and_what_a_living_one_uses_is_not() {
    for endpoint in servers("what_a_dead_run_has_left_is_swept_and_what_a_living_one_uses_is_not") {
        let open = async || MsSql::open(endpoint.clone(), &target()).await.unwrap();
        let (dead, living) = (open().await, open().await);
        for engine in [&dead, &living] {
            engine.create(&db(0)).await.unwrap();
        }
        let (left, used) = (dead.stored(&db(0)), living.stored(&db(0)));
        let user = dead.shared.user.clone();
        drop(dead);
        let next = open().await;
        let is_there = async |name: &str| {
            ask(&next, &format!("SELECT CONVERT(int, DB_ID(N'{name}'))")).await[0][0] != "NULL"
        };
        // The server may take a moment to notice that a session has gone.
        let mut swept = !is_there(&left).await;
        for _ in 0..100 {
            if swept {
                break;
            }
            open().await.close().await.unwrap();
            swept = !is_there(&left).await;
        }
        assert!(swept);
        assert!(is_there(&used).await);
        assert_eq!(ask(&next, &format!("SELECT CONVERT(int, SUSER_ID(N'{user}'))")).await, [["NULL"]]);
        next.close().await.unwrap();
        living.close().await.unwrap();
    }
}
