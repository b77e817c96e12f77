//! Tests against real servers, named by `MRT_TEST_ORACLE_URL`: administrators' URLs, separated by blanks
//! (`oracle://system:password@host:1521/FREEPDB1`), and each test runs on all of them.
#![allow(clippy::unwrap_used)]

mod catalog;
mod connection;
mod copy;
mod engine;
mod rows;
mod users;
mod values;

use mrt_chain::settings::{EngineKind, Role, ServerSettings, Target};

use super::wire::{Cell, Connection};
use super::{Oracle, script};
use crate::database::catalog::TableName;
use crate::database::rows::{NewRow, Value};
use crate::database::{DatabaseName, Session};
use crate::server::{Endpoint, external};

/// The servers under test; where none is named, a loud word.
fn servers(test: &str) -> Vec<Endpoint> {
    let Ok(urls) = std::env::var("MRT_TEST_ORACLE_URL") else {
        eprintln!("SKIPPED: {test} (MRT_TEST_ORACLE_URL is not set)");
        return Vec::new();
    };
    if let Some(why) = super::missing() {
        panic!("MRT_TEST_ORACLE_URL is set, and {why}");
    }
    urls.split_whitespace()
        .map(|url| external::endpoint(EngineKind::Oracle, Some(url), None).unwrap())
        .collect()
}

fn target() -> Target {
    Target {
        name: "oracle".to_owned(),
        engine: EngineKind::Oracle,
        version: None,
        server: ServerSettings::External { url: None, url_env: None },
        initial_sql: Vec::new(),
        locale: None,
        extensions: Vec::new(),
        role: Role::Owner,
        disk: 256 << 20,
    }
}

/// Engines of its own for each test, one for each server: on a server that is shared, names never collide.
async fn engines(test: &str) -> Vec<Oracle> {
    engines_for(test, |_| {}).await
}

async fn engines_for(test: &str, adapt: impl Fn(&mut Target)) -> Vec<Oracle> {
    let mut engines = Vec::new();
    for endpoint in servers(test) {
        let mut target = target();
        adapt(&mut target);
        engines.push(Oracle::open(endpoint, &target).await.unwrap());
    }
    engines
}

fn db(number: usize) -> DatabaseName {
    DatabaseName::new("test", number)
}

/// A connection as the migrations have it.
async fn as_owner(engine: &Oracle, database: &DatabaseName) -> Connection {
    Connection::open(&engine.shared.project_login(&engine.stored(database))).await.unwrap()
}

async fn run(connection: &mut Connection, sql: &str) {
    for statement in script::statements(sql) {
        if let Err(error) = connection.execute(statement.as_str(), &[]).await {
            panic!("{error}\n{statement}");
        }
    }
}

/// Runs a script as the user of the migrations.
async fn migrate(engine: &Oracle, database: &DatabaseName, sql: &str) {
    let mut connection = as_owner(engine, database).await;
    run(&mut connection, sql).await;
    run(&mut connection, "COMMIT").await;
}

/// Asks as the administrator.
async fn ask(engine: &Oracle, sql: &str) -> Vec<Vec<String>> {
    let rows = engine.rows("ask", sql, &[]).await.unwrap_or_else(|error| panic!("{error:?}\n{sql}"));
    let text = |cell: Cell| match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Text(text) => text,
        Cell::Bytes(bytes) => super::types::hex(&bytes),
    };
    rows.into_iter().map(|row| row.into_cells().into_iter().map(text).collect()).collect()
}

fn name(text: &str) -> TableName {
    TableName { schema: None, name: text.to_owned() }
}

fn row(table: &str, values: &[(&str, Value)]) -> NewRow {
    NewRow {
        table: name(table),
        values: values.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect(),
        primary_key: vec!["ID".to_owned()],
        overrides_identity: false,
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// The rows of a table as they are read.
async fn read(session: &mut dyn Session, table: &str) -> Vec<Vec<Option<String>>> {
    let catalog = session.catalog().await.unwrap();
    let contents = session.contents(&catalog).await.unwrap();
    contents.tables.get(&name(table)).map(|rows| rows.rows.clone()).unwrap_or_default()
}
