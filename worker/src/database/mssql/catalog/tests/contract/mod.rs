//! Against real servers, named by `MRT_TEST_MSSQL_URL` (administrators' URLs, separated by blanks): every attribute that a
//! rollback can lose, and spellings that must not count.

mod code;
mod columns;
mod keys;
mod same;
mod tables;
mod typed;

use std::fmt::Write as _;

use mrt_chain::settings::EngineKind;

use super::differences;
use crate::database::catalog::Catalog;
use crate::database::mssql::catalog;
use crate::database::mssql::wire::{Cells as _, Connection};
use crate::server::{Endpoint, external};

/// One attribute: the database before, the change, and exactly what must differ. A batch ends at `GO`.
struct Case {
    /// The first release that has it.
    since: u32,
    setup: &'static str,
    change: &'static str,
    expected: &'static [&'static str],
}

fn case(setup: &'static str, change: &'static str, expected: &'static [&'static str]) -> Case {
    Case { since: 15, setup, change, expected }
}

fn since(since: u32, setup: &'static str, change: &'static str, expected: &'static [&'static str]) -> Case {
    Case { since, setup, change, expected }
}

/// Of all servers named, one.
struct Place {
    endpoint: Endpoint,
    major: u32,
    /// The test's own database.
    database: String,
}

/// The servers under test, with a loud word where there is none.
async fn places(test: &str) -> Vec<Place> {
    let Ok(urls) = std::env::var("MRT_TEST_MSSQL_URL") else {
        eprintln!("SKIPPED: {test} (MRT_TEST_MSSQL_URL is not set)");
        return Vec::new();
    };
    let mut places = Vec::new();
    for url in urls.split_whitespace() {
        let endpoint = external::endpoint(EngineKind::SqlServer, Some(url), None).unwrap();
        let mut connection = Connection::open(&endpoint, "master").await.unwrap();
        let asked = "SELECT CONVERT(int, SERVERPROPERTY('ProductMajorVersion'))";
        let answers = connection.results(asked).await.unwrap();
        let major = answers[0][0].integer(0).unwrap().unwrap();
        let database = format!("mrt_cat_{test}");
        places.push(Place { endpoint, major: u32::try_from(major).unwrap(), database });
    }
    places
}

impl Place {
    /// An empty database of a name, and a connection to it.
    async fn fresh_as(&self, database: &str) -> Connection {
        self.drop_as(database).await;
        let mut master = Connection::open(&self.endpoint, "master").await.unwrap();
        run(&mut master, &format!("CREATE DATABASE {database}")).await;
        Connection::open(&self.endpoint, database).await.unwrap()
    }

    async fn fresh(&self) -> Connection {
        self.fresh_as(&self.database).await
    }

    async fn read(&self, connection: &mut Connection) -> Catalog {
        catalog::read(connection, self.major, &self.database).await.unwrap()
    }

    async fn drop_as(&self, database: &str) {
        let mut master = Connection::open(&self.endpoint, "master").await.unwrap();
        let sql = format!(
            "IF DB_ID('{database}') IS NOT NULL BEGIN ALTER DATABASE {database} SET SINGLE_USER WITH ROLLBACK IMMEDIATE; \
             DROP DATABASE {database} END"
        );
        run(&mut master, &sql).await;
    }
}

async fn run(connection: &mut Connection, sql: &str) {
    for batch in sql.split(" GO ") {
        if let Err(error) = connection.batch(batch).await {
            panic!("{error}\n{batch}");
        }
    }
}

/// Runs cases, each in a database of its own.
async fn check(test: &str, cases: Vec<Case>) {
    let mut wrong = Vec::new();
    for place in places(test).await {
        for case in cases.iter().filter(|case| case.since <= place.major) {
            let mut connection = place.fresh().await;
            run(&mut connection, case.setup).await;
            let before = place.read(&mut connection).await;
            run(&mut connection, case.change).await;
            let after = place.read(&mut connection).await;
            let mut found = differences(&before, &after);
            let mut expected: Vec<String> = case.expected.iter().map(|line| (*line).to_owned()).collect();
            found.sort_unstable();
            expected.sort_unstable();
            if found != expected {
                wrong.push(format!(
                    "{}\n{}\n  {}\n  expected {expected:?}\n  found    {found:?}\n{}",
                    place.major,
                    case.setup,
                    case.change,
                    if found.is_empty() { dump(&after) } else { String::new() }
                ));
            }
        }
        place.drop_as(&place.database).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// A catalog's objects as text, for a look at what a failing test has seen.
fn dump(catalog: &Catalog) -> String {
    let mut text = String::new();
    for (key, attributes) in &catalog.objects {
        writeln!(text, "{} {} {:?}", key.kind, key.path, attributes).unwrap();
    }
    text
}
