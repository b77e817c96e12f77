//! Copies of databases: what is in them, and what belongs to them.

use super::{ask, db, engines, migrate, name, read};
use crate::database::Engine as _;

#[tokio::test]
async fn a_copy_is_equal_and_apart() {
    for engine in engines("a_copy_is_equal_and_apart").await {
        engine.create(&db(0)).await.unwrap();
        migrate(
            &engine,
            &db(0),
            "CREATE SCHEMA audit\nGO\n\
             CREATE TABLE audit.log (id int IDENTITY(5, 2) PRIMARY KEY, at datetime2 NOT NULL DEFAULT SYSUTCDATETIME());\n\
             CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t (id), s nvarchar(20) COLLATE Latin1_General_BIN2);\n\
             CREATE SEQUENCE q START WITH 7; INSERT INTO audit.log DEFAULT VALUES; INSERT INTO t VALUES (1, 1, N'a');\n\
             CREATE USER reader WITHOUT LOGIN; GRANT SELECT ON t TO reader;\nGO\n\
             CREATE VIEW v AS SELECT id FROM dbo.t\nGO\n\
             CREATE TRIGGER g ON t AFTER INSERT AS SET NOCOUNT ON",
        )
        .await;
        // Three copies: of the source, of it again, and of the copy.
        engine.clone_database(&db(0), &db(1)).await.unwrap();
        engine.clone_database(&db(0), &db(2)).await.unwrap();
        engine.clone_database(&db(1), &db(3)).await.unwrap();
        let mut session = engine.connect(&db(0)).await.unwrap();
        let catalog = session.catalog().await.unwrap();
        let contents = session.contents(&catalog).await.unwrap();
        for copy in [db(1), db(2), db(3)] {
            let mut session = engine.connect(&copy).await.unwrap();
            let copied = session.catalog().await.unwrap();
            assert_eq!(copied, catalog);
            assert_eq!(session.contents(&copied).await.unwrap(), contents);
            assert!(session.counters_behind(&[name("t")]).await.unwrap().is_empty());
        }
        migrate(&engine, &db(1), "DELETE FROM t; DROP VIEW v").await;
        let mut session = engine.connect(&db(2)).await.unwrap();
        assert_eq!(read(&mut *session, "t").await.len(), 1);
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_changed_since_the_last_copy_is_in_the_next_one() {
    for engine in engines("what_changed_since_the_last_copy_is_in_the_next_one").await {
        engine.create(&db(0)).await.unwrap();
        migrate(&engine, &db(0), "CREATE TABLE t (id int PRIMARY KEY)").await;
        engine.clone_database(&db(0), &db(1)).await.unwrap();
        // The engine is told of whoever may change it.
        engine.execute_as_project(&db(0), "INSERT INTO t VALUES (1)").await.unwrap().unwrap();
        engine.clone_database(&db(0), &db(1)).await.unwrap();
        let mut session = engine.connect(&db(1)).await.unwrap();
        assert_eq!(read(&mut *session, "t").await.len(), 1);
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn settings_of_a_database_go_with_its_copy() {
    for engine in engines("settings_of_a_database_go_with_its_copy").await {
        engine.create(&db(0)).await.unwrap();
        let stored = engine.stored(&db(0));
        let settings = [
            "TRUSTWORTHY ON",
            "DB_CHAINING ON",
            "ALLOW_SNAPSHOT_ISOLATION ON",
            "RECURSIVE_TRIGGERS ON",
            "COMPATIBILITY_LEVEL = 140",
        ];
        for setting in settings {
            ask(&engine, &format!("ALTER DATABASE [{stored}] SET {setting}")).await;
        }
        engine.clone_database(&db(0), &db(1)).await.unwrap();
        let facts = |name: &str| {
            format!(
                "SELECT is_trustworthy_on, is_db_chaining_on, is_broker_enabled, snapshot_isolation_state, \
                 is_recursive_triggers_on, compatibility_level, delayed_durability, recovery_model, \
                 CONVERT(nvarchar(128), SUSER_SNAME(owner_sid)) FROM sys.databases WHERE name = N'{name}'"
            )
        };
        let of_copy = ask(&engine, &facts(&engine.stored(&db(1)))).await;
        assert_eq!(ask(&engine, &facts(&stored)).await, of_copy);
        assert_eq!(of_copy[0][..6], ["1", "1", "1", "1", "1", "140"]);
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn backups_do_not_outlive_what_they_are_for() {
    for engine in engines("backups_do_not_outlive_what_they_are_for").await {
        engine.create(&db(0)).await.unwrap();
        for number in 1..4 {
            engine.clone_database(&db(0), &db(number)).await.unwrap();
        }
        // Whose source nobody can change, one is kept for all three.
        let files = format!(
            "SELECT CONVERT(int, COUNT(*)) FROM sys.dm_os_enumerate_filesystem(N'{}', N'mrt_{}_*.bak')",
            engine.places.backup, engine.places.token
        );
        assert_eq!(ask(&engine, &files).await, [["1"]]);
        drop(engine.connect(&db(0)).await.unwrap());
        engine.clone_database(&db(0), &db(1)).await.unwrap();
        assert_eq!(ask(&engine, &files).await, [["0"]]);
        engine.close().await.unwrap();
        assert_eq!(ask(&engine, &files).await, [["0"]]);
    }
}
