//! Databases: how they come to be, are copied, and go.

use mrt_chain::settings::{Role, ServerSettings};

use super::{administrate, as_owner, db, differences, endpoint, engine, engine_for, migrate, run, target};
use crate::database::postgres::{Postgres, error, ready, wire};
use crate::database::{DatabaseError, DatabaseName, Engine as _};

#[tokio::test]
async fn a_clone_is_exact() {
    let Some(engine) = engine("a_clone_is_exact").await else { return };
    engine.create(&db(0)).await.unwrap();
    let name = engine.stored(&db(0));
    let role = engine.shared.role.clone();
    migrate(&engine, &db(0), "create table t(id serial primary key, s text); insert into t(s) values ('a')")
        .await;
    let mut session = engine.connect(&db(0)).await.unwrap();
    let outside = format!(
        "alter database {name} set search_path to '$user', 'App', public; \
         alter database {name} set timezone to 'Europe/Rome'; alter database {name} set app.tenant to 'it''s'; \
         alter role {role} in database {name} set work_mem to '3MB'; comment on database {name} is 'it''s'; \
         revoke connect on database {name} from public; grant create on database {name} to pg_monitor with grant option; \
         alter database {name} connection limit 20"
    );
    administrate(&mut *session, &outside).await;
    let before = session.catalog().await.unwrap();
    let rows = session.contents(&before).await.unwrap();
    drop(session);

    engine.clone_database(&db(0), &db(1)).await.unwrap();
    let mut copy = engine.connect(&db(1)).await.unwrap();
    let after = copy.catalog().await.unwrap();
    assert_eq!(differences(&before, &after), Vec::<String>::new());
    assert_eq!(copy.contents(&after).await.unwrap(), rows);
    assert_eq!(rows.tables.len(), 1);
    drop(copy);

    // Replaces what is there, and keeps nothing of it.
    migrate(&engine, &db(1), "create table u(a int)").await;
    engine.clone_database(&db(0), &db(1)).await.unwrap();
    let mut copy = engine.connect(&db(1)).await.unwrap();
    assert_eq!(copy.catalog().await.unwrap(), before);
    drop(copy);

    engine.rename(&db(1), &db(2)).await.unwrap();
    engine.rename(&db(0), &db(2)).await.unwrap();
    assert!(matches!(engine.connect(&db(0)).await.map(drop), Err(DatabaseError::NoDatabase { .. })));
    assert!(matches!(engine.clone_database(&db(0), &db(1)).await, Err(DatabaseError::NoDatabase { .. })));
    engine.drop_database(&db(0)).await.unwrap();
    engine.close().await.unwrap();
}

#[tokio::test]
async fn clones_of_one_source_can_be_made_side_by_side() {
    let Some(engine) = engine("clones_of_one_source_can_be_made_side_by_side").await else { return };
    engine.create(&db(0)).await.unwrap();
    let (a, b, c) = (db(1), db(2), db(3));
    let source = db(0);
    let made = tokio::join!(
        engine.clone_database(&source, &a),
        engine.clone_database(&source, &b),
        engine.clone_database(&source, &c)
    );
    assert!(made.0.is_ok() && made.1.is_ok() && made.2.is_ok(), "{made:?}");
    engine.close().await.unwrap();
}

#[tokio::test]
async fn sessions_of_others_are_ended_and_counted() {
    let Some(engine) = engine("sessions_of_others_are_ended_and_counted").await else { return };
    engine.create(&db(0)).await.unwrap();
    let _idle = as_owner(&engine, &db(0)).await;
    let mut open = as_owner(&engine, &db(0)).await;
    run(&mut open, "begin").await;
    let mut failed = as_owner(&engine, &db(0)).await;
    run(&mut failed, "begin").await;
    assert!(sqlx::raw_sql("select 1/0").execute(&mut failed).await.is_err());
    let mut ours = engine.connect(&db(0)).await.unwrap();

    let ended = engine.disconnect(&db(0)).await.unwrap();
    assert_eq!((ended.sessions, ended.in_transaction), (3, 2));
    assert_eq!(engine.disconnect(&db(0)).await.unwrap(), crate::database::Disconnected::default());
    assert!(sqlx::raw_sql("select 1").execute(&mut open).await.is_err());
    ours.catalog().await.unwrap();
    drop(ours);
    engine.clone_database(&db(0), &db(1)).await.unwrap();
    engine.close().await.unwrap();
}

#[tokio::test]
async fn the_owner_is_no_superuser_and_owns_everything() {
    let mut target = target();
    target.extensions = vec!["citext".to_owned()];
    target.initial_sql = vec!["create table made_before(a int); create schema app".to_owned()];
    let Some(engine) = engine_for("the_owner_is_no_superuser_and_owns_everything", &target).await else {
        return;
    };
    engine.create(&db(0)).await.unwrap();
    migrate(
        &engine,
        &db(0),
        "create table t(a citext); create schema own; drop schema public cascade; create schema public",
    )
    .await;
    let mut owner = as_owner(&engine, &db(0)).await;
    assert!(sqlx::raw_sql("create role mrt_never").execute(&mut owner).await.is_err());
    drop(owner);

    target.role = Role::Superuser;
    let superuser = Postgres::open(endpoint("superuser").unwrap(), &target).await.unwrap();
    superuser.create(&db(0)).await.unwrap();
    migrate(&superuser, &db(0), "alter system set work_mem to default").await;
    superuser.close().await.unwrap();
    engine.close().await.unwrap();
}

#[tokio::test]
async fn what_goes_wrong_when_a_database_is_made_is_told() {
    let mut target = target();
    target.extensions = vec!["no_such_extension".to_owned()];
    let Some(engine) = engine_for("what_goes_wrong_when_a_database_is_made_is_told", &target).await else {
        return;
    };
    let failure = engine.create(&db(0)).await.unwrap_err();
    assert_eq!(failure.to_string(), "cannot create extension no_such_extension");
    assert!(std::error::Error::source(&failure).unwrap().to_string().contains("no_such_extension"));
    engine.close().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_gone() {
    let Some(mut endpoint) = endpoint("a_server_that_is_not_there_is_gone") else { return };
    ready(&endpoint).await.unwrap();
    endpoint.port = 1;
    endpoint.password = "hunter2".to_owned();
    let failure = ready(&endpoint).await.unwrap_err();
    assert!(matches!(failure, DatabaseError::ServerGone { .. }), "{failure:?}");
    assert!(!format!("{failure:?}{failure}").contains("hunter2"));
    assert!(Postgres::open(endpoint, &target()).await.is_err());
}

#[tokio::test]
async fn a_session_that_is_ended_says_that_the_server_is_gone() {
    let Some(engine) = engine("a_session_that_is_ended_says_that_the_server_is_gone").await else { return };
    engine.create(&db(0)).await.unwrap();
    let mut session = engine.connect(&db(0)).await.unwrap();
    let end = format!(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{}'",
        engine.stored(&db(0))
    );
    engine.run("end a session", &end).await.unwrap();
    let failure = session.catalog().await.unwrap_err();
    assert!(matches!(failure, DatabaseError::ServerGone { .. }), "{failure:?}");
    engine.close().await.unwrap();
}

#[tokio::test]
async fn a_table_that_is_locked_says_so() {
    let Some(engine) = engine("a_table_that_is_locked_says_so").await else { return };
    engine.create(&db(0)).await.unwrap();
    migrate(&engine, &db(0), "create table t(a int check (a > 0)); insert into t values (1)").await;
    let mut session = engine.connect(&db(0)).await.unwrap();
    let catalog = session.catalog().await.unwrap();
    let mut other = as_owner(&engine, &db(0)).await;
    run(&mut other, "begin; lock table t").await;
    let failure = session.contents(&catalog).await.unwrap_err();
    assert!(matches!(failure, DatabaseError::Locked { .. }), "{failure:?}");
    let failure = session.catalog().await.unwrap_err();
    assert!(matches!(failure, DatabaseError::Locked { .. }), "{failure:?}");
    // The session is of use again.
    run(&mut other, "commit").await;
    assert_eq!(session.contents(&catalog).await.unwrap().tables.len(), 1);
    engine.close().await.unwrap();
}

#[tokio::test]
async fn what_a_dead_run_has_left_is_swept_and_what_a_living_one_uses_is_not() {
    let Some(dead) = engine("what_a_dead_run_has_left_is_swept").await else { return };
    let living = engine("living").await.unwrap();
    dead.create(&db(0)).await.unwrap();
    living.create(&db(0)).await.unwrap();
    let (left, used) = (dead.stored(&db(0)), living.stored(&db(0)));
    let run_of_dead = dead.run.clone().unwrap();
    drop(dead);

    // The server notices in its own time that the dead run's session is closed.
    let free = format!(
        "select pg_advisory_lock({0}), pg_advisory_unlock({0})",
        super::super::lock_key(&run_of_dead)
    );
    living.run("wait for the dead run's lock", &free).await.unwrap();
    let next = engine("next").await.unwrap();
    let list = format!("select datname from pg_database where datname in ('{left}', '{used}')");
    let found = next.run("list databases", &list).await.unwrap();
    assert_eq!(found, vec![vec![vec![Some(used)]]]);
    next.close().await.unwrap();
    living.close().await.unwrap();
    assert!(matches!(living.connect(&db(0)).await.map(drop), Err(DatabaseError::NoDatabase { .. })));
}

#[tokio::test]
async fn sqlstates_are_sorted() {
    let Some(engine) = engine("sqlstates_are_sorted").await else { return };
    engine.create(&db(0)).await.unwrap();
    let mut session = engine.shared.options(&engine.stored(&db(0)));
    session = session.application_name("sqlstates");
    let mut connection = sqlx::ConnectOptions::connect(&session).await.unwrap();
    for (state, expected) in [
        ("53100", "Exhausted"),
        ("53200", "Exhausted"),
        ("58030", "Exhausted"),
        ("58P01", "Refused"),
        ("57P01", "ServerGone"),
        ("57P03", "ServerGone"),
        ("08006", "ServerGone"),
        ("55P03", "Locked"),
        ("3D000", "NoDatabase"),
        ("42601", "Refused"),
    ] {
        let sql = format!("do $$ begin raise exception 'x' using errcode = '{state}'; end $$");
        let error = wire::batch(&mut connection, sql).await.unwrap_err();
        let sorted = format!("{:?}", error::classify(error, "try", "d"));
        assert!(sorted.starts_with(expected), "{state}: {sorted}");
    }
    engine.close().await.unwrap();
}

#[tokio::test]
async fn urls_carry_the_driver() {
    let Some(engine) = engine("urls_carry_the_driver").await else { return };
    let url = engine.project_url(&db(7), Some("asyncpg"));
    assert!(url.starts_with("postgresql+asyncpg://mrt_"), "{url}");
    assert!(url.ends_with("_test_0007"), "{url}");
    assert!(engine.project_url(&db(7), None).starts_with("postgresql://"));
    engine.close().await.unwrap();
}

#[tokio::test]
async fn a_server_of_ours_keeps_its_urls_when_it_is_opened_again() {
    let Some(endpoint) = endpoint("a_server_of_ours_keeps_its_urls_when_it_is_opened_again") else { return };
    let mut target = target();
    target.server = ServerSettings::Docker { image: None, arguments: Vec::new() };
    let database = DatabaseName::new("reopened", 0);
    let first = Postgres::open(endpoint.clone(), &target).await.unwrap();
    first.create(&database).await.unwrap();
    let second = Postgres::open(endpoint, &target).await.unwrap();
    assert_eq!(first.project_url(&database, None), second.project_url(&database, None));
    assert!(second.project_url(&database, None).ends_with("/mrt_reopened_0000"));
    migrate(&second, &database, "create table t(a int)").await;
    let mut session = second.connect(&database).await.unwrap();
    let catalog = session.catalog().await.unwrap();
    drop(session);
    let owners: std::collections::BTreeSet<_> =
        catalog.objects.values().filter_map(|a| a.get("owner")).map(String::as_str).collect();
    assert!(owners.contains("mrt"), "{owners:?}");
    second.drop_database(&database).await.unwrap();
    // Somebody else may use the role on a server that tests share.
    let _ = second.run("drop the role", "DROP ROLE mrt").await;
}

#[tokio::test]
async fn a_wrong_password_is_told_and_not_shown() {
    let Some(mut endpoint) = endpoint("a_wrong_password_is_told_and_not_shown") else { return };
    endpoint.password = "hunter2".to_owned();
    let Err(failure) = ready(&endpoint).await else {
        eprintln!("SKIPPED: a_wrong_password_is_told_and_not_shown (the server asks for no password)");
        return;
    };
    let source = std::error::Error::source(&failure).unwrap().to_string();
    assert!(source.contains("password authentication failed"), "{source}");
    assert!(!format!("{failure:?}{failure}").contains("hunter2"));
}
