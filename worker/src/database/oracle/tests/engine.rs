//! Databases: how they come to be, are copied, and go.

use mrt_chain::settings::Role;

use super::{as_owner, ask, db, engines, engines_for, migrate, read, run, servers, target};
use crate::database::oracle::{Oracle, ready};
use crate::database::{DatabaseError, DatabaseName, Disconnected, Engine as _};

#[tokio::test]
async fn databases_come_and_go() {
    let adapt = |target: &mut mrt_chain::settings::Target| {
        target.initial_sql = vec![
            "CREATE TABLE made (a NUMBER); INSERT INTO made VALUES (1);\nBEGIN NULL; END;\n/\n".to_owned(),
        ];
    };
    for engine in engines_for("databases_come_and_go", adapt).await {
        engine.create(&db(0)).await.unwrap();
        engine.create(&db(0)).await.unwrap();
        migrate(&engine, &db(0), "CREATE TABLE t (id NUMBER PRIMARY KEY); INSERT INTO t VALUES (1)").await;
        engine.clone_database(&db(0), &db(1)).await.unwrap();
        engine.rename(&db(0), &db(2)).await.unwrap();
        assert!(matches!(engine.connect(&db(0)).await.map(drop), Err(DatabaseError::NoDatabase { .. })));
        assert!(matches!(engine.clone_database(&db(0), &db(3)).await, Err(DatabaseError::NoDatabase { .. })));
        for database in [db(1), db(2)] {
            let mut session = engine.connect(&database).await.unwrap();
            assert_eq!(read(&mut *session, "T").await, [[Some("1".to_owned())]]);
            assert_eq!(read(&mut *session, "MADE").await, [[Some("1".to_owned())]]);
            // Whoever owns it logs in.
            migrate(&engine, &database, "INSERT INTO t VALUES (2)").await;
        }
        engine.drop_database(&db(0)).await.unwrap();
        engine.close().await.unwrap();
        assert!(matches!(engine.connect(&db(1)).await.map(drop), Err(DatabaseError::NoDatabase { .. })));
    }
}

#[tokio::test]
async fn sessions_of_others_are_ended_and_counted() {
    for engine in engines("sessions_of_others_are_ended_and_counted").await {
        engine.create(&db(0)).await.unwrap();
        migrate(&engine, &db(0), "CREATE TABLE t (id NUMBER PRIMARY KEY)").await;
        let _idle = as_owner(&engine, &db(0)).await;
        let mut open = as_owner(&engine, &db(0)).await;
        assert!(!engine.has_open_transaction(&db(0)).await.unwrap());
        run(&mut open, "INSERT INTO t VALUES (1)").await;
        assert!(engine.has_open_transaction(&db(0)).await.unwrap());
        let mut ours = engine.connect(&db(0)).await.unwrap();

        let ended = engine.disconnect(&db(0)).await.unwrap();
        assert_eq!((ended.sessions, ended.in_transaction), (2, 1));
        assert!(!engine.has_open_transaction(&db(0)).await.unwrap());
        assert_eq!(engine.disconnect(&db(0)).await.unwrap(), Disconnected::default());
        let failure = open.rows("SELECT 1 FROM dual", &[]).await.unwrap_err();
        assert!(failure.ends_connection(), "{failure:?}");
        assert!(ours.is_alive().await);
        assert!(read(&mut *ours, "T").await.is_empty());
        // A database goes with whoever is in the midst of something there.
        let mut open = as_owner(&engine, &db(0)).await;
        run(&mut open, "INSERT INTO t VALUES (1)").await;
        engine.drop_database(&db(0)).await.unwrap();
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_goes_wrong_when_a_database_is_made_is_told() {
    let adapt = |target: &mut mrt_chain::settings::Target| target.initial_sql = vec!["SELEC 1".to_owned()];
    for engine in engines_for("what_goes_wrong_when_a_database_is_made_is_told", adapt).await {
        let failure = engine.create(&db(0)).await.unwrap_err();
        assert_eq!(failure.to_string(), "cannot run initial SQL 1 of target oracle");
        assert!(std::error::Error::source(&failure).unwrap().to_string().contains("ORA-00900"));
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_has_no_meaning_is_refused_before_anybody_is_asked() {
    let nobody = crate::server::Endpoint {
        host: "127.0.0.1".to_owned(),
        port: 1,
        user: "system".to_owned(),
        password: String::new(),
        database: "FREEPDB1".to_owned(),
    };
    for (change, words) in [("extensions", "has no extensions"), ("locale", "take `locale`")] {
        let mut odd = target();
        match change {
            "locale" => odd.locale = Some("de_DE".to_owned()),
            _ => odd.extensions = vec!["citext".to_owned()],
        }
        let failure = Oracle::open(nobody.clone(), &odd).await.map(drop).unwrap_err();
        let source = std::error::Error::source(&failure).unwrap().to_string();
        assert!(source.contains(words), "{source}");
    }
}

#[tokio::test]
async fn a_wrong_password_and_another_service_are_told() {
    for endpoint in servers("a_wrong_password_and_another_service_are_told") {
        ready(&endpoint).await.unwrap();
        let mut wrong = endpoint.clone();
        wrong.database = "NO_SUCH_SERVICE".to_owned();
        let failure = ready(&wrong).await.unwrap_err();
        // A service that is not there may yet come.
        assert!(matches!(failure, DatabaseError::ServerGone { .. }), "{failure:?}");
        let mut wrong = endpoint;
        wrong.password = "hunter2".to_owned();
        let failure = Oracle::open(wrong, &target()).await.map(drop).unwrap_err();
        let source = std::error::Error::source(&failure).unwrap().to_string();
        assert!(source.contains("ORA-01017"), "{source}");
        assert!(!format!("{failure:?}{failure}").contains("hunter2"));
    }
}

#[tokio::test]
async fn the_owner_may_do_what_owners_do() {
    const MAKES: &str = "CREATE TABLE t (id NUMBER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a VARCHAR2(9));\n\
         CREATE VIEW v AS SELECT a FROM t;\nCREATE SEQUENCE s;\nCREATE SYNONYM n FOR t;\n\
         CREATE MATERIALIZED VIEW m AS SELECT a FROM t;\nCREATE TYPE y AS OBJECT (a NUMBER);\n/\n\
         CREATE PROCEDURE p IS BEGIN NULL; END;\n/\n\
         CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN :new.a := 'x'; END;\n/\n";
    for engine in engines("the_owner_may_do_what_owners_do").await {
        engine.create(&db(0)).await.unwrap();
        let refused = engine.execute_as_project(&db(0), MAKES).await.unwrap();
        assert_eq!(refused, Ok(()));
        let refused =
            engine.execute_as_project(&db(0), "CREATE USER mrt_other IDENTIFIED BY x").await.unwrap();
        assert!(refused.unwrap_err().message.starts_with("ORA-01031"));
        assert!(engine.forbids_server_wide().is_some());
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_schema_has_as_much_room_as_the_settings_promise() {
    let adapt = |target: &mut mrt_chain::settings::Target| target.disk = 4 << 20;
    for engine in engines_for("a_schema_has_as_much_room_as_the_settings_promise", adapt).await {
        engine.create(&db(0)).await.unwrap();
        let fills = "CREATE TABLE t (a VARCHAR2(4000)); \
             INSERT INTO t SELECT RPAD('x', 4000, 'x') FROM dual CONNECT BY LEVEL <= 5000";
        let refused = engine.execute_as_project(&db(0), fills).await.unwrap().unwrap_err();
        assert!(refused.message.starts_with("ORA-01536"), "{refused:?}");
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn urls_lead_to_the_schema() {
    for engine in engines("urls_lead_to_the_schema").await {
        let url = engine.project_url(&db(7), None);
        let stored = engine.stored(&db(7)).to_lowercase();
        assert!(url.starts_with(&format!("oracle+oracledb://{stored}:Mrt_0")), "{url}");
        assert!(url.contains("/?service_name="), "{url}");
        assert!(engine.project_url(&db(7), Some("cx_oracle")).starts_with("oracle+cx_oracle://"));
        let private: Vec<String> = engine.private_names(&db(7)).into_iter().map(|(name, _)| name).collect();
        assert!(private.contains(&engine.stored(&db(7))) && private.contains(&stored));
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_a_dead_run_has_left_is_swept() {
    for engine in engines("what_a_dead_run_has_left_is_swept").await {
        engine.create(&db(0)).await.unwrap();
        ask(&engine, "SELECT 1 FROM dual").await;
        let left = "CREATE USER MRT_00000000_TEST_0000 IDENTIFIED BY \"Mrt_0left\"";
        engine.execute("leave something", left).await.unwrap();
        let next = Oracle::open(engine.shared.endpoint.clone(), &target()).await.unwrap();
        let there = |name: &str| format!("SELECT username FROM dba_users WHERE username = '{name}'");
        assert!(ask(&next, &there("MRT_00000000_TEST_0000")).await.is_empty());
        // The living are left alone.
        assert_eq!(ask(&next, &there(&engine.stored(&db(0)))).await.len(), 1);
        next.close().await.unwrap();
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn roles_of_targets_differ_in_rights() {
    let adapt = |target: &mut mrt_chain::settings::Target| target.role = Role::CreateRole;
    for engine in engines_for("roles_of_targets_differ_in_rights", adapt).await {
        assert_eq!(engine.forbids_server_wide(), None);
        let database: DatabaseName = db(0);
        engine.create(&database).await.unwrap();
        let made = engine.execute_as_project(&database, "CREATE ROLE mrt_test_reader").await.unwrap();
        assert_eq!(made, Ok(()));
        engine.reset().await.unwrap();
        let found = ask(&engine, "SELECT role FROM dba_roles WHERE role = 'MRT_TEST_READER'").await;
        assert!(found.is_empty(), "{found:?}");
        engine.close().await.unwrap();
    }
}
