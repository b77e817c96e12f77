//! How long things take: `cargo test --release -p mrt-worker --lib postgres::tests::timing -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use super::{db, engine, migrate};
use crate::database::Engine as _;

async fn best<F: AsyncFnMut()>(mut work: F) -> Duration {
    let mut times = Vec::new();
    for _ in 0..9 {
        let start = Instant::now();
        work().await;
        times.push(start.elapsed());
    }
    times.into_iter().min().unwrap()
}

/// A schema like many services have: keys, references, indexes, checks, defaults.
fn schema(tables: usize) -> String {
    let mut sql = String::from("create table t0(id serial primary key);");
    for n in 1..tables {
        sql.push_str(&format!(
            "create table t{n}(id serial primary key, parent int not null references t{p}(id), \
             name varchar(50) not null unique, state varchar(10) default 'new' check (state in ('new', 'old')), \
             amount numeric(10,2) default 0, made timestamptz default now(), data jsonb, note text); \
             create index ix_t{n}_made on t{n}(made desc); create index ix_t{n}_low on t{n}(lower(name));",
            p = n - 1
        ));
    }
    sql
}

#[tokio::test]
#[ignore = "a measurement"]
async fn timings() {
    let Some(engine) = engine("timings").await else { return };
    for tables in [1, 60, 400] {
        engine.create(&db(0)).await.unwrap();
        migrate(&engine, &db(0), &schema(tables)).await;
        let clone = best(async || engine.clone_database(&db(0), &db(1)).await.unwrap()).await;
        let connect = best(async || drop(engine.connect(&db(1)).await.unwrap())).await;
        let cold = best(async || {
            let mut session = engine.connect(&db(1)).await.unwrap();
            session.catalog().await.unwrap();
        })
        .await;
        let mut session = engine.connect(&db(1)).await.unwrap();
        let warm = best(async || drop(session.catalog().await.unwrap())).await;
        let catalog = session.catalog().await.unwrap();
        let contents = best(async || drop(session.contents(&catalog).await.unwrap())).await;
        drop(session);
        let drop = best(async || engine.drop_database(&db(1)).await.unwrap()).await;
        println!(
            "{tables} tables: clone {clone:?}, connect {connect:?}, connect and catalog {cold:?}, catalog {warm:?}, \
             contents {contents:?}, drop of nothing {drop:?}"
        );
    }
    engine.close().await.unwrap();
}

#[tokio::test]
#[ignore = "a measurement"]
async fn queries() {
    use crate::database::postgres::catalog::statements;
    use sqlx::{ConnectOptions, Executor};
    let Some(engine) = engine("queries").await else { return };
    engine.create(&db(0)).await.unwrap();
    migrate(&engine, &db(0), &schema(60)).await;
    let sql = statements(engine.shared.version);
    let mut cold = vec![Duration::MAX; sql.len()];
    let mut warm = cold.clone();
    for _ in 0..9 {
        let mut connection = engine.shared.options(&engine.stored(&db(0))).connect().await.unwrap();
        for times in [&mut cold, &mut warm] {
            for (sql, best) in sql.iter().zip(times) {
                let start = Instant::now();
                connection.fetch_all(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.clone()))).await.unwrap();
                *best = start.elapsed().min(*best);
            }
        }
    }
    for ((sql, cold), warm) in sql.iter().zip(&cold).zip(&warm) {
        println!("{cold:>12?} {warm:>12?} {}", &sql[..sql.len().min(90)]);
    }
    println!("{:?} {:?}", cold.iter().sum::<Duration>(), warm.iter().sum::<Duration>());
    engine.close().await.unwrap();
}
