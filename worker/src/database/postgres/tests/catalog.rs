//! The comparing view: every attribute that a rollback can lose, and spellings that must not count.

use super::{administrate, as_owner, db, differences, dump, engine, migrate, run};
use crate::database::Engine as _;

/// One attribute: the database before, the change, and exactly what must differ.
struct Case {
    setup: &'static str,
    change: &'static str,
    expected: &'static [&'static str],
    /// The first server version that can do it, 15 for most.
    since: u32,
}

fn case(setup: &'static str, change: &'static str, expected: &'static [&'static str]) -> Case {
    Case { setup, change, expected, since: 12 }
}

fn since(since: u32, setup: &'static str, change: &'static str, expected: &'static [&'static str]) -> Case {
    Case { since, ..case(setup, change, expected) }
}

/// Runs cases in a clone each, as the owner of the database.
async fn check(test: &str, cases: Vec<Case>) {
    let Some(engine) = engine(test).await else { return };
    let mut wrong = Vec::new();
    engine.create(&db(0)).await.unwrap();
    for case in cases {
        if engine.shared.version / 10_000 < case.since {
            continue;
        }
        engine.clone_database(&db(0), &db(1)).await.unwrap();
        let mut owner = as_owner(&engine, &db(1)).await;
        run(&mut owner, case.setup).await;
        let mut session = engine.connect(&db(1)).await.unwrap();
        let before = session.catalog().await.unwrap();
        run(&mut owner, case.change).await;
        let after = session.catalog().await.unwrap();
        let found = differences(&before, &after);
        if found != case.expected {
            wrong.push(format!(
                "{}\n  {}\n  expected {:?}\n  found    {found:?}\n{}",
                case.setup,
                case.change,
                case.expected,
                if found.is_empty() { dump(&after) } else { String::new() }
            ));
        }
    }
    engine.close().await.unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn smoke() {
    let Some(engine) = engine("smoke").await else { return };
    engine.create(&db(0)).await.unwrap();
    migrate(
        &engine,
        &db(0),
        "create table t(id serial primary key, s varchar(5) default 'x' unique, check (s <> 'y'))",
    )
    .await;
    let mut session = engine.connect(&db(0)).await.unwrap();
    let catalog = session.catalog().await.unwrap();
    println!("{}{:#?}", dump(&catalog), catalog.tables);
    administrate(&mut *session, "create schema x").await;
    drop(session);
    engine.close().await.unwrap();
    let _ = check;
    let _ = (case, since);
}
