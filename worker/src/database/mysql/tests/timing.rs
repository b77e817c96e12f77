//! How long things take: `cargo test --release -p mrt-worker --lib mysql::tests::timing -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use super::{db, engines, migrate, tables};
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
    let mut sql = String::from("create table t0(id int auto_increment primary key);");
    for n in 1..tables {
        sql.push_str(&format!(
            "create table t{n}(id int auto_increment primary key, parent int not null, \
             name varchar(50) not null unique, state varchar(10) default 'new' check (state in ('new', 'old')), \
             amount decimal(10,2) default 0, made timestamp default now(), data json, note text, \
             foreign key (parent) references t{p}(id), index ix_t{n}_made (made desc), index ix_t{n}_state (state, amount));",
            p = n - 1
        ));
    }
    sql
}

#[tokio::test]
#[ignore = "a measurement"]
async fn timings() {
    for engine in engines("timings").await {
        for number in [1, 60] {
            engine.create(&db(0)).await.unwrap();
            migrate(&engine, &db(0), &schema(number)).await;
            // Of a database that migrations have a way to, everything is read each time.
            drop(engine.project_url(&db(0), None));
            let first = best(async || engine.clone_database(&db(0), &db(1)).await.unwrap()).await;
            let known = best(async || engine.clone_database(&db(1), &db(2)).await.unwrap()).await;
            let rename = best(async || {
                engine.rename(&db(1), &db(2)).await.unwrap();
                engine.rename(&db(2), &db(1)).await.unwrap();
            })
            .await;
            let connect = best(async || drop(engine.connect(&db(0)).await.unwrap())).await;
            let catalog = tables(&engine, &db(0)).await;
            let mut session = engine.connect(&db(0)).await.unwrap();
            let contents = best(async || drop(session.contents(&catalog).await.unwrap())).await;
            let disconnect =
                best(async || assert_eq!(engine.disconnect(&db(0)).await.unwrap().sessions, 0)).await;
            let warm = best(async || engine.warm_login().await.unwrap()).await;
            let create = best(async || engine.create(&db(3)).await.unwrap()).await;
            println!(
                "{}, {number} tables: clone {first:?}, of one that is known {known:?}, rename there and back {rename:?}, \
                 connect {connect:?}, contents of nothing {contents:?}, disconnect {disconnect:?}, login {warm:?}, \
                 create {create:?}",
                engine.shared.server
            );
        }
        engine.close().await.unwrap();
    }
}
