//! The catalog: every attribute that a rollback can lose, and spellings that must not count.

mod code;
mod columns;
mod keys;
mod questions;
mod same;
mod tables;
mod typed;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Oracle, as_owner, db, engines, run};
use crate::database::catalog::Catalog;
use crate::database::{DatabaseName, Engine as _};

/// One attribute: the schema before, the change, and exactly what must differ.
struct Case {
    /// From this release on.
    from: u32,
    setup: &'static str,
    change: &'static str,
    expected: &'static [&'static str],
}

fn all(setup: &'static str, change: &'static str, expected: &'static [&'static str]) -> Case {
    Case { from: 0, setup, change, expected }
}

fn since(from: u32, setup: &'static str, change: &'static str, expected: &'static [&'static str]) -> Case {
    Case { from, setup, change, expected }
}

fn release(engine: &Oracle) -> u32 {
    engine.version().split('.').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

async fn read(engine: &Oracle, database: &DatabaseName) -> Catalog {
    engine.connect(database).await.unwrap().catalog().await.unwrap()
}

/// Runs cases, each in a schema of its own.
async fn check(test: &str, cases: Vec<Case>) {
    let mut wrong = Vec::new();
    for engine in engines(test).await {
        for (number, case) in cases.iter().enumerate().filter(|(_, case)| case.from <= release(&engine)) {
            let database = db(number);
            engine.create(&database).await.unwrap();
            let mut connection = as_owner(&engine, &database).await;
            run(&mut connection, case.setup).await;
            let before = read(&engine, &database).await;
            run(&mut connection, case.change).await;
            let after = read(&engine, &database).await;
            drop(connection);
            let found = differences(&before, &after);
            if sorted(&found) != sorted(case.expected) {
                wrong.push(format!(
                    "{}\n{}\n  {}\n  expected {:?}\n  found    {found:?}\n{}",
                    engine.version(),
                    case.setup,
                    case.change,
                    case.expected,
                    if found.is_empty() { dump(&after) } else { String::new() }
                ));
            }
            engine.drop_database(&database).await.unwrap();
        }
        engine.close().await.unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn sorted<T: AsRef<str>>(lines: &[T]) -> Vec<&str> {
    let mut lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
    lines.sort_unstable();
    lines
}

/// What differs between two catalogs, one line each.
pub(super) fn differences(before: &Catalog, after: &Catalog) -> Vec<String> {
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
pub(super) fn dump(catalog: &Catalog) -> String {
    let mut text = String::new();
    for (key, attributes) in &catalog.objects {
        writeln!(text, "{} {} {:?}", key.kind, key.path, attributes).unwrap();
    }
    text
}
