//! Databases: how they come to be, are copied, and go.

use mrt_chain::settings::{EngineKind, Role, ServerSettings};

use super::{as_owner, ask, db, engines, engines_for, migrate, read, run, servers, target};
use crate::database::mysql::{Mysql, ready};
use crate::database::{DatabaseError, DatabaseName, Disconnected, Engine as _};

#[tokio::test]
async fn databases_come_and_go() {
    let adapt = |target: &mut mrt_chain::settings::Target| {
        target.locale = Some("utf8mb4_unicode_ci".to_owned());
        target.initial_sql = vec!["create table made(a int); insert into made values (1)".to_owned()];
    };
    for engine in engines_for("databases_come_and_go", adapt).await {
        engine.create(&db(0)).await.unwrap();
        engine.create(&db(0)).await.unwrap();
        let stored = engine.stored(&db(0));
        let collation = format!(
            "select default_character_set_name, default_collation_name from information_schema.schemata \
             where schema_name = '{stored}'"
        );
        assert_eq!(ask(&engine, &collation).await, [["utf8mb4", "utf8mb4_unicode_ci"]]);
        migrate(&engine, &db(0), "create table t(id int primary key); insert into t values (1)").await;
        engine.clone_database(&db(0), &db(1)).await.unwrap();
        engine.rename(&db(0), &db(2)).await.unwrap();
        assert!(matches!(engine.connect(&db(0)).await.map(drop), Err(DatabaseError::NoDatabase { .. })));
        assert!(matches!(engine.clone_database(&db(0), &db(3)).await, Err(DatabaseError::NoDatabase { .. })));
        for database in [db(1), db(2)] {
            let mut session = engine.connect(&database).await.unwrap();
            assert_eq!(read(&engine, &mut *session, &database, "t").await, [[Some("1".to_owned())]]);
            assert_eq!(read(&engine, &mut *session, &database, "made").await, [[Some("1".to_owned())]]);
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
        migrate(&engine, &db(0), "create table t(id int primary key)").await;
        let _idle = as_owner(&engine, &db(0)).await;
        let mut open = as_owner(&engine, &db(0)).await;
        assert!(!engine.has_open_transaction(&db(0)).await.unwrap());
        run(&mut open, "begin; insert into t values (1)").await;
        assert!(engine.has_open_transaction(&db(0)).await.unwrap());
        let mut reading = as_owner(&engine, &db(0)).await;
        run(&mut reading, "set autocommit = 0; select * from t").await;
        let mut ours = engine.connect(&db(0)).await.unwrap();

        let ended = engine.disconnect(&db(0)).await.unwrap();
        assert_eq!((ended.sessions, ended.in_transaction), (3, 2));
        assert!(!engine.has_open_transaction(&db(0)).await.unwrap());
        assert_eq!(engine.disconnect(&db(0)).await.unwrap(), Disconnected::default());
        assert!(sqlx::raw_sql("select 1").execute(&mut open).await.is_err());
        assert!(ours.is_alive().await);
        assert!(read(&engine, &mut *ours, &db(0), "t").await.is_empty());
        // A database goes with whoever is in the midst of something there.
        let mut open = as_owner(&engine, &db(0)).await;
        run(&mut open, "begin; insert into t values (1)").await;
        engine.drop_database(&db(0)).await.unwrap();
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_goes_wrong_when_a_database_is_made_is_told() {
    let adapt = |target: &mut mrt_chain::settings::Target| target.initial_sql = vec!["selec 1".to_owned()];
    for engine in engines_for("what_goes_wrong_when_a_database_is_made_is_told", adapt).await {
        let failure = engine.create(&db(0)).await.unwrap_err();
        assert!(failure.to_string().starts_with("cannot run initial SQL 1 of target m"), "{failure}");
        assert!(std::error::Error::source(&failure).unwrap().to_string().contains("selec"));
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_has_no_meaning_and_the_other_server_are_refused() {
    for (kind, endpoint) in servers("what_has_no_meaning_and_the_other_server_are_refused") {
        let mut odd = target(kind);
        odd.extensions = vec!["citext".to_owned()];
        let failure = Mysql::open(endpoint.clone(), &odd).await.map(drop).unwrap_err();
        let source = std::error::Error::source(&failure).unwrap().to_string();
        assert!(source.contains("has no extensions"), "{source}");
        let other = if kind == EngineKind::MySql { EngineKind::MariaDb } else { EngineKind::MySql };
        let failure = Mysql::open(endpoint, &target(other)).await.map(drop).unwrap_err();
        let source = std::error::Error::source(&failure).unwrap().to_string();
        assert!(source.contains("the target asks for"), "{source}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_gone() {
    for (kind, mut endpoint) in servers("a_server_that_is_not_there_is_gone") {
        ready(&endpoint).await.unwrap();
        endpoint.password = "hunter2".to_owned();
        let failure = ready(&endpoint).await.unwrap_err();
        let source = std::error::Error::source(&failure).unwrap().to_string();
        assert!(source.contains("Access denied"), "{source}");
        assert!(!format!("{failure:?}{failure}").contains("hunter2"));
        endpoint.port = 1;
        let failure = ready(&endpoint).await.unwrap_err();
        assert!(matches!(failure, DatabaseError::ServerGone { .. }), "{failure:?}");
        assert!(!format!("{failure:?}{failure}").contains("hunter2"));
        assert!(Mysql::open(endpoint, &target(kind)).await.is_err());
    }
}

#[tokio::test]
async fn a_session_that_is_ended_says_that_the_server_is_gone() {
    for engine in engines("a_session_that_is_ended_says_that_the_server_is_gone").await {
        engine.create(&db(0)).await.unwrap();
        let mut session = engine.connect(&db(0)).await.unwrap();
        let stored = engine.stored(&db(0));
        let found =
            ask(&engine, &format!("select id from information_schema.processlist where db = '{stored}'"))
                .await;
        ask(&engine, &format!("kill {}", found[0][0])).await;
        let failure = session.advance_counters(&[super::name("t")]).await.unwrap_err();
        assert!(matches!(failure, DatabaseError::ServerGone { .. }), "{failure:?}");
        assert!(!session.is_alive().await);
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_table_that_is_locked_says_so() {
    for engine in engines("a_table_that_is_locked_says_so").await {
        engine.create(&db(0)).await.unwrap();
        migrate(&engine, &db(0), "create table t(id int primary key); insert into t values (1)").await;
        let mut session = engine.connect(&db(0)).await.unwrap();
        let catalog = super::tables(&engine, &db(0)).await;
        let mut other = as_owner(&engine, &db(0)).await;
        run(&mut other, "lock tables t write").await;
        let failure = session.contents(&catalog).await.unwrap_err();
        assert!(matches!(failure, DatabaseError::Locked { .. }), "{failure:?}");
        run(&mut other, "unlock tables").await;
        assert_eq!(session.contents(&catalog).await.unwrap().tables.len(), 1);
        run(&mut other, "begin; insert into t values (2)").await;
        let failure = session
            .insert(&[super::row("t", &[("id", crate::database::rows::Value::Integer(2))])], false)
            .await;
        assert!(matches!(failure, Err(DatabaseError::Locked { .. })), "{failure:?}");
        // The session itself is in nobody's way.
        run(&mut other, "rollback; alter table t add column x int").await;
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_a_dead_run_has_left_is_swept_and_what_a_living_one_uses_is_not() {
    for (kind, endpoint) in servers("what_a_dead_run_has_left_is_swept_and_what_a_living_one_uses_is_not") {
        let open = async || Mysql::open(endpoint.clone(), &target(kind)).await.unwrap();
        let (dead, living) = (open().await, open().await);
        dead.create(&db(0)).await.unwrap();
        living.create(&db(0)).await.unwrap();
        let (left, used) = (dead.stored(&db(0)), living.stored(&db(0)));
        let (user, lock) = (dead.shared.user.clone(), format!("mrt_{}", dead.run.clone().unwrap()));
        drop(dead);
        // The server notices in its own time that the dead run's session is closed.
        ask(&living, &format!("select get_lock('{lock}', 60); select release_lock('{lock}')")).await;
        let next = open().await;
        let list = format!(
            "select schema_name from information_schema.schemata where schema_name in ('{left}', '{used}')"
        );
        assert_eq!(ask(&next, &list).await, [[used]]);
        let users = format!("select user from mysql.user where user in ('{user}', '{}')", living.shared.user);
        assert_eq!(ask(&next, &users).await, [[living.shared.user.clone()]]);
        next.close().await.unwrap();
        living.close().await.unwrap();
        assert!(matches!(living.connect(&db(0)).await.map(drop), Err(DatabaseError::NoDatabase { .. })));
    }
}

#[tokio::test]
async fn on_a_server_of_others_the_user_reaches_its_own_databases_alone() {
    for engine in engines("on_a_server_of_others_the_user_reaches_its_own_databases_alone").await {
        engine.create(&db(0)).await.unwrap();
        let mut owner = as_owner(&engine, &db(0)).await;
        run(
            &mut owner,
            "create table t(a int); create view v as select a from t; create function f() returns int \
             deterministic return 1; create event e on schedule every 1 day disable do delete from t",
        )
        .await;
        for forbidden in
            ["select * from mysql.user", "create user mrt_never", "create database mrt_never", "flush tables"]
        {
            assert!(sqlx::raw_sql(forbidden).execute(&mut owner).await.is_err(), "{forbidden}");
        }
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn urls_carry_the_driver() {
    for engine in engines("urls_carry_the_driver").await {
        let url = engine.project_url(&db(7), Some("aiomysql"));
        assert!(url.starts_with("mysql+aiomysql://mrt_"), "{url}");
        assert!(url.ends_with("_test_0007?charset=utf8mb4"), "{url}");
        assert!(engine.project_url(&db(7), None).starts_with("mysql://"));
        let url = engine.project_url(&db(7), Some("mariadbconnector"));
        assert!(url.starts_with("mariadb+mariadbconnector://"), "{url}");
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_of_ours_keeps_its_urls_when_it_is_opened_again() {
    for (kind, endpoint) in servers("a_server_of_ours_keeps_its_urls_when_it_is_opened_again") {
        for role in [Role::Superuser, Role::Owner] {
            let mut target = target(kind);
            target.server = ServerSettings::Docker { image: None, arguments: Vec::new() };
            target.role = role;
            let database = DatabaseName::new("reopened", 0);
            let first = Mysql::open(endpoint.clone(), &target).await.unwrap();
            first.create(&database).await.unwrap();
            let second = Mysql::open(endpoint.clone(), &target).await.unwrap();
            assert_eq!(first.project_url(&database, None), second.project_url(&database, None));
            assert!(second.project_url(&database, None).ends_with("/mrt_reopened_0000?charset=utf8mb4"));
            migrate(&second, &database, "create table t(a int); create user mrt_maker; drop user mrt_maker")
                .await;
            second.drop_database(&database).await.unwrap();
        }
    }
}
