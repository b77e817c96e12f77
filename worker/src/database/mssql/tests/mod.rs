//! Tests against real servers, named by `MRT_TEST_MSSQL_URL`: administrators' URLs, separated by blanks, and each test runs on
//! all of them. Those in `sql` need none.
#![allow(clippy::unwrap_used)]

mod copy;
mod engine;
mod logins;
mod rows;
mod sql;
mod values;

use mrt_chain::settings::{EngineKind, Role, ServerSettings, Target};
use tiberius::{ColumnData, Row};

use super::MsSql;
use super::wire::Connection;
use crate::database::catalog::TableName;
use crate::database::rows::{NewRow, Value};
use crate::database::{DatabaseName, Session};
use crate::server::{Endpoint, external};

/// The servers under test; where none is named, a loud word.
fn servers(test: &str) -> Vec<Endpoint> {
    let Ok(urls) = std::env::var("MRT_TEST_MSSQL_URL") else {
        eprintln!("SKIPPED: {test} (MRT_TEST_MSSQL_URL is not set)");
        return Vec::new();
    };
    let endpoint = |url| external::endpoint(EngineKind::SqlServer, Some(url), None).unwrap();
    urls.split_whitespace().map(endpoint).collect()
}

fn target() -> Target {
    Target {
        name: "mssql".to_owned(),
        engine: EngineKind::SqlServer,
        version: None,
        server: ServerSettings::External { url: None, url_env: None },
        initial_sql: Vec::new(),
        locale: None,
        extensions: Vec::new(),
        role: Role::Owner,
        disk: 1 << 30,
    }
}

/// Engines of its own for each test, one for each server: on a server that is shared, names never collide.
async fn engines(test: &str) -> Vec<MsSql> {
    engines_for(test, |_| {}).await
}

async fn engines_for(test: &str, adapt: impl Fn(&mut Target)) -> Vec<MsSql> {
    let mut engines = Vec::new();
    for endpoint in servers(test) {
        let mut target = target();
        adapt(&mut target);
        engines.push(MsSql::open(endpoint, &target).await.unwrap());
    }
    engines
}

fn db(number: usize) -> DatabaseName {
    DatabaseName::new("test", number)
}

/// A connection as the migrations have it.
async fn as_owner(engine: &MsSql, database: &DatabaseName) -> Connection {
    let mut login = engine.shared.project_login(&engine.stored(database));
    login.application = "a project";
    Connection::log_in_plain(&login).await.unwrap()
}

async fn run(connection: &mut Connection, sql: &str) {
    if let Err(error) = connection.batch(sql).await {
        panic!("{error}\n{sql}");
    }
}

/// Runs a script as the login of the migrations.
async fn migrate(engine: &MsSql, database: &DatabaseName, sql: &str) {
    let mut connection = as_owner(engine, database).await;
    for batch in super::script::batches(sql) {
        run(&mut connection, &batch).await;
    }
}

/// Runs SQL as the administrator, and returns what it prints.
async fn ask(engine: &MsSql, sql: &str) -> Vec<Vec<String>> {
    let answers = engine.try_run(sql).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    answers.iter().flatten().map(printed).collect()
}

fn printed(row: &Row) -> Vec<String> {
    let print = |data: &ColumnData<'_>| match data {
        ColumnData::String(Some(text)) => text.to_string(),
        ColumnData::I32(Some(number)) => number.to_string(),
        ColumnData::I64(Some(number)) => number.to_string(),
        ColumnData::I16(Some(number)) => number.to_string(),
        ColumnData::U8(Some(number)) => number.to_string(),
        ColumnData::Bit(Some(flag)) => u8::from(*flag).to_string(),
        _ => "NULL".to_owned(),
    };
    row.cells().map(|(_, data)| print(data)).collect()
}

fn name(text: &str) -> TableName {
    TableName { schema: None, name: text.to_owned() }
}

fn row(table: &str, values: &[(&str, Value)]) -> NewRow {
    NewRow {
        table: name(table),
        values: values.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect(),
        primary_key: vec!["id".to_owned()],
        overrides_identity: false,
    }
}

/// The rows of a table as they are read.
async fn read(session: &mut dyn Session, table: &str) -> Vec<Vec<Option<String>>> {
    let catalog = session.catalog().await.unwrap();
    let contents = session.contents(&catalog).await.unwrap();
    contents.tables.get(&name(table)).map(|rows| rows.rows.clone()).unwrap_or_default()
}
