//! Tests against a real server, named by `MRT_TEST_POSTGRES_URL` (an administrator's URL).
#![allow(clippy::unwrap_used)]

mod catalog;
mod engine;
mod rows;
mod timing;
mod values;

use std::fmt::Write as _;

use mrt_chain::settings::{EngineKind, Role, ServerSettings, Target};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use super::Postgres;
use crate::database::catalog::Catalog;
use crate::database::{DatabaseName, Engine, Session};
use crate::server::Endpoint;

/// The server under test, or `None` with a loud word.
fn endpoint(test: &str) -> Option<Endpoint> {
    let Ok(url) = std::env::var("MRT_TEST_POSTGRES_URL") else {
        eprintln!("SKIPPED: {test} (MRT_TEST_POSTGRES_URL is not set)");
        return None;
    };
    let rest = url.split_once("://").unwrap().1;
    let (login, place) = rest.split_once('@').unwrap();
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (host, database) = place.split_once('/').unwrap();
    let (host, port) = host.split_once(':').unwrap_or((host, "5432"));
    Some(Endpoint {
        host: host.to_owned(),
        port: port.parse().unwrap(),
        user: user.to_owned(),
        password: password.to_owned(),
        database: database.to_owned(),
    })
}

fn target() -> Target {
    Target {
        name: "postgres".to_owned(),
        engine: EngineKind::Postgres,
        version: None,
        server: ServerSettings::External { url: None, url_env: None },
        initial_sql: Vec::new(),
        locale: None,
        extensions: Vec::new(),
        role: Role::Owner,
        disk: 1 << 30,
    }
}

/// An engine of its own for each test: on a server that is shared, names never collide.
async fn engine(test: &str) -> Option<Postgres> {
    engine_for(test, &target()).await
}

async fn engine_for(test: &str, target: &Target) -> Option<Postgres> {
    Some(Postgres::open(endpoint(test)?, target).await.unwrap())
}

fn db(number: usize) -> DatabaseName {
    DatabaseName::new("test", number)
}

/// A connection as the migrations have it.
async fn as_owner(engine: &Postgres, database: &DatabaseName) -> PgConnection {
    PgConnection::connect(&engine.project_url(database, None)).await.unwrap()
}

async fn run(connection: &mut PgConnection, sql: &str) {
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await {
        panic!("{error}\n{sql}");
    }
}

/// Runs SQL as the owner of the database.
async fn migrate(engine: &Postgres, database: &DatabaseName, sql: &str) {
    let mut connection = as_owner(engine, database).await;
    run(&mut connection, sql).await;
    connection.close().await.unwrap();
}

/// Runs SQL as the administrator.
async fn administrate(session: &mut dyn Session, sql: &str) {
    if let Err(refused) = session.execute_script(sql).await.unwrap() {
        panic!("{}\n{sql}", refused.message);
    }
}

/// What differs between two catalogs, one line each.
fn differences(before: &Catalog, after: &Catalog) -> Vec<String> {
    let mut lines = Vec::new();
    let keys: std::collections::BTreeSet<_> = before.objects.keys().chain(after.objects.keys()).collect();
    for key in keys {
        match (before.objects.get(key), after.objects.get(key)) {
            (Some(_), None) => lines.push(format!("- {} {}", key.kind, key.path)),
            (None, Some(_)) => lines.push(format!("+ {} {}", key.kind, key.path)),
            (Some(one), Some(other)) => {
                let names: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).collect();
                for name in names.into_iter().filter(|n| one.get(*n) != other.get(*n)) {
                    lines.push(format!("{} {}: {name}", key.kind, key.path));
                }
            }
            (None, None) => {}
        }
    }
    lines
}

/// A catalog's objects as text, for a look at what a failing test has seen.
fn dump(catalog: &Catalog) -> String {
    let mut text = String::new();
    for (key, attributes) in &catalog.objects {
        writeln!(text, "{} {} {:?}", key.kind, key.path, attributes).unwrap();
    }
    text
}
