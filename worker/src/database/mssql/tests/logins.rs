//! What databases share: logins and server roles.

use mrt_chain::settings::Role;

use super::{ask, db, servers, target};
use crate::database::Engine as _;
use crate::database::mssql::MsSql;

/// Names that tests of servers, which share logins, do not have.
const OWN: &str = "shared_";

async fn objects(engine: &MsSql) -> Vec<String> {
    let objects = engine.server_wide().await.unwrap();
    objects
        .into_iter()
        .filter(|(key, _)| key.path.contains(OWN))
        .map(|(key, attributes)| format!("{} {attributes:?}", key.path))
        .collect()
}

#[tokio::test]
async fn logins_are_seen_and_given_back() {
    for endpoint in servers("logins_are_seen_and_given_back") {
        let mut target = target();
        target.role = Role::Superuser;
        let before = MsSql::open(endpoint.clone(), &target).await.unwrap();
        for sql in [
            "IF SUSER_ID('shared_old') IS NOT NULL DROP LOGIN shared_old",
            "IF SUSER_ID('shared_new') IS NOT NULL DROP LOGIN shared_new",
            "IF SUSER_ID('shared_role') IS NOT NULL DROP SERVER ROLE shared_role",
            "CREATE LOGIN shared_old WITH PASSWORD = 'Aa1!Aa1!Aa1'",
            "CREATE SERVER ROLE shared_role",
            "ALTER SERVER ROLE shared_role ADD MEMBER shared_old",
            "GRANT VIEW SERVER STATE TO shared_old WITH GRANT OPTION",
        ] {
            ask(&before, sql).await;
        }
        let engine = MsSql::open(endpoint.clone(), &target).await.unwrap();
        let opened = objects(&engine).await;
        assert!(opened.iter().any(|line| line.contains("membership of login shared_old")), "{opened:#?}");
        assert!(opened.iter().any(|line| line.contains("as it was given")), "{opened:#?}");
        for change in [
            "CREATE LOGIN shared_new WITH PASSWORD = 'Bb1!Bb1!Bb1'",
            "ALTER LOGIN shared_old WITH PASSWORD = 'Cc1!Cc1!Cc1'",
            "ALTER LOGIN shared_old DISABLE",
            "ALTER LOGIN shared_old WITH DEFAULT_DATABASE = tempdb",
            "GRANT VIEW ANY DEFINITION TO shared_old",
            "REVOKE VIEW SERVER STATE FROM shared_old CASCADE",
            "DENY VIEW SERVER STATE TO shared_old CASCADE",
            "ALTER SERVER ROLE shared_role DROP MEMBER shared_old",
            "ALTER SERVER ROLE shared_role DROP MEMBER shared_old; DROP SERVER ROLE shared_role",
            "DROP LOGIN shared_old",
        ] {
            ask(&engine, change).await;
            let changed = objects(&engine).await;
            assert_ne!(changed, opened, "{change}");
            engine.reset().await.unwrap();
            assert_eq!(objects(&engine).await, opened, "{change}");
        }
        for sql in ["DROP LOGIN shared_old", "DROP SERVER ROLE shared_role"] {
            ask(&before, sql).await;
        }
        before.close().await.unwrap();
        // What is not there any more is made again, for the next ones to find and to take away.
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn an_owner_may_write_no_logins_on_a_server_of_others() {
    for endpoint in servers("an_owner_may_write_no_logins_on_a_server_of_others") {
        let engine = MsSql::open(endpoint.clone(), &target()).await.unwrap();
        assert!(engine.forbids_server_wide().is_some());
        engine.create(&db(0)).await.unwrap();
        let sql = "CREATE LOGIN shared_never WITH PASSWORD = 'Aa1!Aa1!Aa1'";
        let refused = engine.execute_as_project(&db(0), sql).await.unwrap().unwrap_err();
        assert!(refused.message.contains("permission"), "{}", refused.message);
        // Its own login is seen by its usual name, and no other one.
        let paths: Vec<String> =
            engine.server_wide().await.unwrap().into_keys().map(|key| key.path).collect();
        assert!(paths.contains(&"login mrt".to_owned()), "{paths:?}");
        assert!(!paths.iter().any(|path| path.contains("login sa")), "{paths:?}");
        engine.close().await.unwrap();
        let mut maker = target();
        maker.role = Role::CreateRole;
        let engine = MsSql::open(endpoint, &maker).await.unwrap();
        assert!(engine.forbids_server_wide().is_none());
        engine.close().await.unwrap();
    }
}
