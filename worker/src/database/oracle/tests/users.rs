//! What schemas share: users, roles, public synonyms and the like.

use mrt_chain::settings::Role;

use super::{db, engines_for, servers, target};
use crate::database::Engine as _;
use crate::database::oracle::Oracle;

/// Names that tests of servers, which share users, do not have.
const OWN: &str = "SHARED_";

async fn objects(engine: &Oracle) -> Vec<String> {
    let objects = engine.server_wide().await.unwrap();
    objects
        .into_iter()
        .filter(|(key, _)| key.path.contains(OWN))
        .map(|(key, attributes)| format!("{} {attributes:?}", key.path))
        .collect()
}

async fn run(engine: &Oracle, statements: &[&str]) {
    for statement in statements {
        engine.execute("change what is shared", statement).await.unwrap_or_else(|error| panic!("{error:?}"));
    }
}

#[tokio::test]
async fn what_is_shared_is_seen_and_given_back() {
    for endpoint in servers("what_is_shared_is_seen_and_given_back") {
        let mut target = target();
        target.role = Role::Superuser;
        let before = Oracle::open(endpoint.clone(), &target).await.unwrap();
        for left in [
            "DROP USER shared_old CASCADE",
            "DROP ROLE shared_role",
            "DROP ROLE shared_new",
            "DROP PUBLIC SYNONYM shared_name",
            "DROP DIRECTORY shared_files",
            "DROP PROFILE shared_limits CASCADE",
        ] {
            // What is not there need not go.
            let _ = before.try_execute(left).await;
        }
        run(
            &before,
            &[
                "CREATE USER shared_old IDENTIFIED BY \"Mrt_0first\"",
                "CREATE ROLE shared_role",
                "GRANT shared_role TO shared_old",
                "GRANT CREATE SESSION, CREATE TABLE TO shared_old",
                "CREATE DIRECTORY shared_files AS '/tmp'",
            ],
        )
        .await;
        let engine = Oracle::open(endpoint.clone(), &target).await.unwrap();
        let opened = objects(&engine).await;
        assert!(opened.iter().any(|line| line.contains("membership of user SHARED_OLD in")), "{opened:#?}");
        assert!(opened.iter().any(|line| line.contains("as it was given")), "{opened:#?}");
        for change in [
            "CREATE ROLE shared_new",
            "ALTER USER shared_old IDENTIFIED BY \"Mrt_0other\"",
            "ALTER USER shared_old ACCOUNT LOCK",
            "GRANT CREATE VIEW TO shared_old WITH ADMIN OPTION",
            "REVOKE CREATE TABLE FROM shared_old",
            "REVOKE shared_role FROM shared_old",
            "DROP ROLE shared_role",
            "CREATE PUBLIC SYNONYM shared_name FOR dual",
            "CREATE OR REPLACE DIRECTORY shared_files AS '/var'",
            "CREATE PROFILE shared_limits LIMIT SESSIONS_PER_USER 3",
            "DROP USER shared_old CASCADE",
        ] {
            run(&engine, &[change]).await;
            assert_ne!(objects(&engine).await, opened, "{change}");
            engine.reset().await.unwrap();
            assert_eq!(objects(&engine).await, opened, "{change}");
        }
        run(
            &engine,
            &["DROP USER shared_old CASCADE", "DROP ROLE shared_role", "DROP DIRECTORY shared_files"],
        )
        .await;
        before.close().await.unwrap();
    }
}

#[tokio::test]
async fn an_owner_changes_nothing_that_is_shared() {
    for engine in engines_for("an_owner_changes_nothing_that_is_shared", |_| {}).await {
        engine.create(&db(0)).await.unwrap();
        assert!(engine.server_wide().await.unwrap().is_empty());
        for refused in ["CREATE ROLE shared_mine", "CREATE PUBLIC SYNONYM shared_mine FOR dual"] {
            let told = engine.execute_as_project(&db(0), refused).await.unwrap().unwrap_err();
            assert!(told.message.starts_with("ORA-01031"), "{told:?}");
        }
        engine.close().await.unwrap();
    }
}
