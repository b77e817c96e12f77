//! Connections: what they say where there is no library or no server, and how calls end.

use std::time::Duration;

use crate::database::oracle::{Oracle, missing, ready};
use crate::database::{DatabaseError, Engine as _};
use crate::server::Endpoint;

use super::{as_owner, db, engines, run, target};

fn nowhere() -> Endpoint {
    Endpoint {
        host: "127.0.0.1".to_owned(),
        port: 1,
        user: "system".to_owned(),
        password: "hunter2".to_owned(),
        database: "FREEPDB1".to_owned(),
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_gone_and_a_library_that_is_not_there_is_named() {
    let failure = ready(&nowhere()).await.unwrap_err();
    let source = std::error::Error::source(&failure).unwrap().to_string();
    if missing().is_some() {
        assert!(matches!(failure, DatabaseError::Refused { .. }), "{failure:?}");
        assert!(source.contains("Instant Client") && source.contains("LD_LIBRARY_PATH"), "{source}");
    } else {
        assert!(matches!(failure, DatabaseError::ServerGone { .. }), "{failure:?}");
    }
    assert!(!format!("{failure:?}{failure}").contains("hunter2"));
    let failure = Oracle::open(nowhere(), &target()).await.map(drop).unwrap_err();
    assert!(!format!("{failure:?}{failure}").contains("hunter2"));
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_is_broken() {
    for engine in engines("a_call_that_nobody_waits_for_is_broken").await {
        engine.create(&db(0)).await.unwrap();
        let mut holder = as_owner(&engine, &db(0)).await;
        run(&mut holder, "CREATE TABLE t (id NUMBER); INSERT INTO t VALUES (1); COMMIT; UPDATE t SET id = 2")
            .await;
        let mut waiting = as_owner(&engine, &db(0)).await;
        let update = waiting.execute("UPDATE t SET id = 3", &[]);
        assert!(tokio::time::timeout(Duration::from_millis(300), update).await.is_err());
        assert!(waiting.is_broken());
        assert!(waiting.rows("SELECT 1 FROM dual", &[]).await.is_err());

        let mut limited = as_owner(&engine, &db(0)).await;
        limited.set_limit(Duration::from_millis(300));
        let failure = limited.execute("UPDATE t SET id = 3", &[]).await.unwrap_err();
        assert_eq!(failure.to_string(), "the server does not answer");
        // Neither waits there any more.
        run(&mut holder, "ROLLBACK; DROP TABLE t").await;
        engine.close().await.unwrap();
    }
}

#[tokio::test]
async fn many_connections_can_stand_still() {
    for engine in engines("many_connections_can_stand_still").await {
        engine.create(&db(0)).await.unwrap();
        let mut all = Vec::new();
        for _ in 0..40 {
            all.push(as_owner(&engine, &db(0)).await);
        }
        // While they stand, the runtime's own pool has nothing to do with them.
        assert_eq!(tokio::task::spawn_blocking(|| 1).await.unwrap(), 1);
        for connection in &mut all {
            assert_eq!(connection.rows("SELECT 1 FROM dual", &[]).await.unwrap()[0].integer(0), Some(1));
        }
        engine.close().await.unwrap();
    }
}
