//! Tests against real servers, named by `MRT_TEST_MYSQL_URL` and `MRT_TEST_MARIADB_URL`: each has administrators' URLs,
//! separated by blanks, and each test runs on all of them.
#![allow(clippy::unwrap_used)]

mod catalog;
mod copy;
mod engine;
mod rows;
mod timing;
mod users;
mod values;

use mrt_chain::settings::{EngineKind, Role, ServerSettings, Target};
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use super::wire::{batch, connect_plain, fixed, text};
use super::{Mysql, quote};
use crate::database::catalog::{Catalog, Column, ColumnType, Family, Table, TableName};
use crate::database::rows::{NewRow, Value};
use crate::database::{DatabaseName, Session};
use crate::server::Endpoint;

/// The servers under test; where none is named, a loud word.
fn servers(test: &str) -> Vec<(EngineKind, Endpoint)> {
    let variables =
        [("MRT_TEST_MYSQL_URL", EngineKind::MySql), ("MRT_TEST_MARIADB_URL", EngineKind::MariaDb)];
    let mut servers = Vec::new();
    for (variable, kind) in variables {
        let Ok(urls) = std::env::var(variable) else {
            eprintln!("SKIPPED: {test} ({variable} is not set)");
            continue;
        };
        for url in urls.split_whitespace() {
            let rest = url.split_once("://").unwrap().1;
            let (login, place) = rest.split_once('@').unwrap();
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            let (host, database) = place.split_once('/').unwrap();
            let (host, port) = host.split_once(':').unwrap_or((host, "3306"));
            let endpoint = Endpoint {
                host: host.to_owned(),
                port: port.parse().unwrap(),
                user: user.to_owned(),
                password: password.to_owned(),
                database: database.to_owned(),
            };
            servers.push((kind, endpoint));
        }
    }
    servers
}

fn target(kind: EngineKind) -> Target {
    Target {
        name: kind.to_string(),
        engine: kind,
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
async fn engines(test: &str) -> Vec<Mysql> {
    engines_for(test, |_| {}).await
}

async fn engines_for(test: &str, adapt: impl Fn(&mut Target)) -> Vec<Mysql> {
    let mut engines = Vec::new();
    for (kind, endpoint) in servers(test) {
        let mut target = target(kind);
        adapt(&mut target);
        engines.push(Mysql::open(endpoint, &target).await.unwrap());
    }
    engines
}

fn db(number: usize) -> DatabaseName {
    DatabaseName::new("test", number)
}

/// A connection as the migrations have it.
async fn as_owner(engine: &Mysql, database: &DatabaseName) -> MySqlConnection {
    let login = engine.shared.project_login(Some(&engine.stored(database)));
    connect_plain(&login).await.unwrap()
}

async fn run(connection: &mut MySqlConnection, sql: &str) {
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await {
        panic!("{error}\n{sql}");
    }
}

/// Runs SQL as the user of the migrations.
async fn migrate(engine: &Mysql, database: &DatabaseName, sql: &str) {
    let mut connection = as_owner(engine, database).await;
    run(&mut connection, sql).await;
    connection.close().await.unwrap();
}

/// Runs SQL as the administrator, and returns what it prints.
async fn ask(engine: &Mysql, sql: &str) -> Vec<Vec<String>> {
    let answers = engine.try_run(sql).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    let rows = answers.into_iter().flatten();
    rows.map(|row| row.into_iter().map(|value| value.map_or("NULL".to_owned(), text)).collect()).collect()
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

/// The tables of a database with their columns and keys alone, which is all that rows are read by.
async fn tables(engine: &Mysql, database: &DatabaseName) -> Catalog {
    let mut connection = engine.take().await.unwrap();
    let schema = quote::literal(&engine.stored(database));
    let sql = format!(
        "SELECT c.table_name, c.column_name, c.column_type, c.column_key FROM information_schema.columns c \
         JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name \
         WHERE c.table_schema = {schema} AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') \
         ORDER BY 1, c.ordinal_position"
    );
    let mut catalog = Catalog::default();
    for row in batch(&mut connection, sql).await.unwrap().into_iter().flatten() {
        let [table, column, native, key] = fixed(row);
        let table = catalog.tables.entry(name(&table)).or_insert_with(|| Table {
            columns: Vec::new(),
            primary_key: Vec::new(),
            uniques: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            exclusions: Vec::new(),
            partitions: Vec::new(),
        });
        if key == "PRI" {
            table.primary_key.push(column.clone());
        }
        table.columns.push(Column {
            name: column,
            ty: ColumnType { family: Family::Other, native, domain_checks: Vec::new() },
            nullable: true,
            default: None,
            generated: false,
            counter: false,
            identity_always: false,
        });
    }
    engine.put_back(connection, None);
    catalog
}

/// The rows of a table as they are read.
async fn read(
    engine: &Mysql,
    session: &mut dyn Session,
    database: &DatabaseName,
    table: &str,
) -> Vec<Vec<Option<String>>> {
    let catalog = tables(engine, database).await;
    let contents = session.contents(&catalog).await.unwrap();
    contents.tables.get(&name(table)).map(|rows| rows.rows.clone()).unwrap_or_default()
}
