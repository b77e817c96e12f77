//! The catalog: every attribute that a rollback can lose, and spellings that must not count.

mod code;
mod columns;
mod keys;
mod odd;
mod same;
mod tables;
mod timing;
mod typed;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use crate::database::catalog::Catalog;
use crate::database::mysql::flavor::Server;
use crate::database::mysql::{catalog, wire};
use crate::server::Endpoint;

/// Which servers a case is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    Both,
    MySql,
    /// MySQL from this version on.
    MySqlFrom(u32, u32),
    MariaDb,
    /// MariaDB from this version on.
    MariaDbFrom(u32, u32),
}

impl On {
    fn takes(self, server: Server) -> bool {
        match self {
            Self::Both => true,
            Self::MySql => !server.is_mariadb(),
            Self::MySqlFrom(major, minor) => server.is_mysql_from(major, minor),
            Self::MariaDb => server.is_mariadb(),
            Self::MariaDbFrom(major, minor) => server.is_mariadb_from(major, minor),
        }
    }
}

/// One attribute: the database before, the change, and exactly what must differ.
struct Case {
    on: On,
    setup: &'static str,
    change: &'static str,
    expected: &'static [&'static str],
}

fn both(setup: &'static str, change: &'static str, expected: &'static [&'static str]) -> Case {
    Case { on: On::Both, setup, change, expected }
}

fn mysql(setup: &'static str, change: &'static str, expected: &'static [&'static str]) -> Case {
    Case { on: On::MySql, setup, change, expected }
}

fn mariadb(setup: &'static str, change: &'static str, expected: &'static [&'static str]) -> Case {
    Case { on: On::MariaDb, setup, change, expected }
}

fn since(on: On, setup: &'static str, change: &'static str, expected: &'static [&'static str]) -> Case {
    Case { on, setup, change, expected }
}

/// Of all servers named, one.
struct Place {
    endpoint: Endpoint,
    server: Server,
    /// The test's own database.
    database: String,
}

/// The servers under test, with a loud word for those that are not there.
async fn places(test: &str) -> Vec<Place> {
    let mut places = Vec::new();
    for variable in ["MRT_TEST_MYSQL_URL", "MRT_TEST_MARIADB_URL"] {
        let Ok(urls) = std::env::var(variable) else {
            eprintln!("SKIPPED: {test} ({variable} is not set)");
            continue;
        };
        for url in urls.split_whitespace() {
            let endpoint = endpoint(url);
            let mut connection = connect(&endpoint).await;
            let answers = wire::batch(&mut connection, "SELECT VERSION()".to_owned()).await.unwrap();
            let printed = String::from_utf8(answers[0][0][0].clone().unwrap()).unwrap();
            connection.close().await.unwrap();
            let database = format!("mrt_cat_{test}");
            places.push(Place { endpoint, server: Server::of(&printed).unwrap(), database });
        }
    }
    places
}

async fn connect(endpoint: &Endpoint) -> MySqlConnection {
    let mut connection = wire::connect_plain(&wire::Login::to(endpoint, None)).await.unwrap();
    run(
        &mut connection,
        "SET NAMES utf8mb4, time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
    )
    .await;
    connection
}

fn endpoint(url: &str) -> Endpoint {
    let url = url::Url::parse(url).unwrap();
    Endpoint {
        host: url.host_str().unwrap().to_owned(),
        port: url.port().unwrap_or(3306),
        user: url.username().to_owned(),
        password: url.password().unwrap_or_default().to_owned(),
        database: url.path().trim_start_matches('/').to_owned(),
    }
}

impl Place {
    /// An empty database of a name, and a connection to it.
    async fn fresh_as(&self, database: &str) -> MySqlConnection {
        let mut connection = connect(&self.endpoint).await;
        let sql = format!(
            "DROP DATABASE IF EXISTS {database}; CREATE DATABASE {database} CHARACTER SET utf8mb4; USE {database}"
        );
        wire::batch(&mut connection, sql).await.unwrap();
        connection
    }

    async fn fresh(&self) -> MySqlConnection {
        self.fresh_as(&self.database).await
    }

    async fn read(&self, connection: &mut MySqlConnection) -> Catalog {
        catalog::read(connection, self.server, &self.database).await.unwrap()
    }

    async fn drop(&self, mut connection: MySqlConnection) {
        wire::batch(&mut connection, format!("DROP DATABASE {}", self.database)).await.unwrap();
        connection.close().await.unwrap();
    }
}

async fn run(connection: &mut MySqlConnection, sql: &str) {
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await {
        panic!("{error}\n{sql}");
    }
}

/// Runs cases, each in a database of its own.
async fn check(test: &str, cases: Vec<Case>) {
    let mut wrong = Vec::new();
    for place in places(test).await {
        for case in cases.iter().filter(|case| case.on.takes(place.server)) {
            let mut connection = place.fresh().await;
            run(&mut connection, case.setup).await;
            let before = place.read(&mut connection).await;
            run(&mut connection, case.change).await;
            let after = place.read(&mut connection).await;
            let found = differences(&before, &after);
            if sorted(&found) != sorted(case.expected) {
                wrong.push(format!(
                    "{:?}\n{}\n  {}\n  expected {:?}\n  found    {found:?}\n{}",
                    place.server,
                    case.setup,
                    case.change,
                    case.expected,
                    if found.is_empty() { dump(&after) } else { String::new() }
                ));
            }
            place.drop(connection).await;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn sorted<T: AsRef<str>>(lines: &[T]) -> Vec<&str> {
    let mut lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
    lines.sort_unstable();
    lines
}

/// What differs between two catalogs, one line each.
fn differences(before: &Catalog, after: &Catalog) -> Vec<String> {
    let mut lines = Vec::new();
    let keys: BTreeSet<_> = before.objects.keys().chain(after.objects.keys()).collect();
    for key in keys {
        match (before.objects.get(key), after.objects.get(key)) {
            (Some(_), None) => lines.push(format!("- {} {}", key.kind, key.path)),
            (None, Some(_)) => lines.push(format!("+ {} {}", key.kind, key.path)),
            (Some(one), Some(other)) => {
                let names: BTreeSet<_> = one.keys().chain(other.keys()).collect();
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
