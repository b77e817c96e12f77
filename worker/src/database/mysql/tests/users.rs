//! What databases share: users and roles, and databases that are not ours.

use mrt_chain::settings::{Role, ServerSettings};

use sqlx::Connection as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlSslMode};

use super::{ask, db, servers, target};
use crate::database::Engine as _;
use crate::database::mysql::Mysql;

/// Names that tests of servers, which share users, do not have.
const OWN: &str = "shared_";

async fn objects(engine: &Mysql) -> Vec<String> {
    let objects = engine.server_wide().await.unwrap();
    objects
        .into_iter()
        .filter(|(key, _)| key.path.contains(OWN))
        .map(|(key, attributes)| format!("{} {attributes:?}", key.path))
        .collect()
}

#[tokio::test]
async fn users_are_seen_and_given_back() {
    for (kind, endpoint) in servers("users_are_seen_and_given_back") {
        let mut target = target(kind);
        // All tests run on one server: the run's own databases go with `reset`, other runs' users stay.
        target.role = Role::Superuser;
        target.server = ServerSettings::External { url: None, url_env: None };
        let before = Mysql::open(endpoint.clone(), &target).await.unwrap();
        ask(
            &before,
            "drop user if exists shared_old; drop role if exists shared_role; drop database if exists shared_new; \
             create user shared_old identified by 'x' with max_user_connections 3; create role shared_role; \
             grant shared_role to shared_old; grant select, insert on *.* to shared_old; \
             grant select (user) on mysql.user to shared_role",
        )
        .await;
        let engine = Mysql::open(endpoint.clone(), &target).await.unwrap();
        let opened = objects(&engine).await;
        assert!(opened.iter().any(|line| line.contains("membership of user shared_old@% in")), "{opened:#?}");
        assert!(opened.iter().any(|line| line.contains("as it was given")), "{opened:#?}");
        for change in [
            "create user shared_new identified by 'y'; grant select on *.* to shared_new",
            "alter user shared_old identified by 'z'",
            "alter user shared_old account lock",
            "alter user shared_old password expire interval 7 day",
            "alter user shared_old with max_queries_per_hour 5",
            "grant update on *.* to shared_old",
            "revoke insert on *.* from shared_old",
            "grant insert on *.* to shared_old with grant option",
            "revoke shared_role from shared_old",
            "grant shared_role to shared_old with admin option",
            "grant insert (user) on mysql.user to shared_role",
            "drop role shared_role",
            "drop user shared_old",
            "create database shared_new character set latin1",
        ] {
            ask(&engine, change).await;
            assert_ne!(objects(&engine).await, opened, "{}: {change}", engine.shared.server);
            if let Err(failure) = engine.restore_users().await {
                let left = engine.users().await.unwrap().statements_to(&engine.opened, false, "root");
                panic!("{} {change}: {failure:?} {left:#?}", engine.shared.server);
            }
            assert_eq!(objects(&engine).await, opened, "{}: {change}", engine.shared.server);
        }
        // Who they are has not become anybody else's.
        let told = format!("{:?}", engine.server_wide().await.unwrap());
        assert!(!told.contains(&engine.shared.user), "{told}");
        ask(&engine, "drop user shared_old; drop role shared_role").await;
        ask(&engine, &format!("drop user {}", engine.shared.user)).await;
        ask(&before, &format!("drop user {}", before.shared.user)).await;
    }
}

/// Logs in as the migrations do with a driver that speaks no TLS and encrypts nothing.
async fn logs_in_plainly(engine: &Mysql) -> bool {
    let (endpoint, shared) = (&engine.shared.endpoint, &engine.shared);
    let options = MySqlConnectOptions::new()
        .host(&endpoint.host)
        .port(endpoint.port)
        .username(&shared.user)
        .password(&shared.password)
        .ssl_mode(MySqlSslMode::Disabled);
    MySqlConnection::connect_with(&options).await.is_ok()
}

#[tokio::test]
async fn a_driver_without_tls_can_log_in() {
    for (kind, endpoint) in servers("a_driver_without_tls_can_log_in") {
        let engine = Mysql::open(endpoint, &target(kind)).await.unwrap();
        assert!(logs_in_plainly(&engine).await);
        // What a server has remembered of a password it forgets so, here by a change of the user itself.
        let forget = format!("alter user {} identified by '{}'", engine.account(), engine.shared.password);
        for step in 0..2 {
            ask(&engine, &forget).await;
            assert_eq!(logs_in_plainly(&engine).await, engine.shared.server.is_mariadb());
            match step {
                0 => engine.create(&db(0)).await.unwrap(),
                _ => engine.clone_database(&db(0), &db(1)).await.unwrap(),
            }
            assert!(logs_in_plainly(&engine).await);
        }
        engine.close().await.unwrap();
    }
}
