//! Tests on real files.
#![allow(clippy::unwrap_used)]

mod alembic;
mod attributes;
mod engine;
mod reading;
mod rows;
mod spellings;

use std::collections::BTreeSet;

use mrt_chain::settings::{EngineKind, Role, ServerSettings, Target};
use tempfile::TempDir;

use super::Sqlite;
use crate::database::catalog::{Catalog, TableName};
use crate::database::rows::{NewRow, Value};
use crate::database::{DatabaseName, Engine, Session};

/// A directory of databases, gone with the value.
struct Server {
    dir: TempDir,
    engine: Sqlite,
}

impl Server {
    async fn start() -> Self {
        Self::with_initial_sql(&[]).await
    }

    async fn with_initial_sql(sql: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let engine = Sqlite::open(dir.path(), &target(sql), None).await.unwrap();
        Self { dir, engine }
    }

    /// A new database in which `sql` was run, and a session on it.
    async fn session(&self, sql: &str) -> Box<dyn Session> {
        let name = database(0);
        self.engine.create(&name).await.unwrap();
        let mut session = self.engine.connect(&name).await.unwrap();
        session.execute_script(sql).await.unwrap().unwrap();
        session
    }
}

fn target(initial_sql: &[&str]) -> Target {
    Target {
        name: "sqlite".into(),
        engine: EngineKind::Sqlite,
        version: None,
        server: ServerSettings::Embedded,
        initial_sql: initial_sql.iter().map(|sql| (*sql).to_owned()).collect(),
        locale: None,
        extensions: Vec::new(),
        role: Role::Owner,
        disk: 1 << 30,
    }
}

fn database(number: usize) -> DatabaseName {
    DatabaseName::new("test", number)
}

fn table(name: &str) -> TableName {
    TableName { schema: None, name: name.to_owned() }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn row(name: &str, values: &[(&str, Value)], key: &[&str]) -> NewRow {
    NewRow {
        table: table(name),
        values: values.iter().map(|(column, value)| ((*column).to_owned(), value.clone())).collect(),
        primary_key: key.iter().map(|column| (*column).to_owned()).collect(),
        overrides_identity: false,
    }
}

async fn catalog(sql: &str) -> Catalog {
    Server::start().await.session(sql).await.catalog().await.unwrap()
}

/// Where two catalogs differ: `column users.phone: type`, or the object alone where only one has it.
fn differences(one: &Catalog, other: &Catalog) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for key in one.objects.keys().chain(other.objects.keys()) {
        let object = format!("{} {}", key.kind, key.path);
        match (one.objects.get(key), other.objects.get(key)) {
            (Some(one), Some(other)) => {
                let names = one.keys().chain(other.keys());
                let differ = names.filter(|name| one.get(*name) != other.get(*name));
                found.extend(differ.map(|name| format!("{object}: {name}")));
            }
            _ => {
                found.insert(object);
            }
        }
    }
    found
}
