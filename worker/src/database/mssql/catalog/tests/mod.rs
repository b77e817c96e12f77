//! What is asked, and what becomes of the answers; the same against a real server, where one is named.
#![allow(clippy::unwrap_used)]

mod asked;
mod attributes;
mod contract;
mod read;
mod typed;

use std::collections::{BTreeMap, BTreeSet};

use sqlparser::ast::{Select, SetExpr, Statement};
use sqlparser::dialect::MsSqlDialect;
use sqlparser::parser::Parser;

use super::fields::Texts;
use super::listings::Listing;
use super::raw::Raw;
use super::{build, statements, take};
use crate::database::catalog::{Attributes, Catalog, ObjectKey, ObjectKind};

/// The release that answers.
const MAJOR: u32 = 17;

/// The first SELECT of a query.
fn select(sql: &str) -> Select {
    let parsed = Parser::parse_sql(&MsSqlDialect {}, sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    let [Statement::Query(query)] = parsed.as_slice() else { panic!("one query\n{sql}") };
    let mut body = query.body.as_ref();
    while let SetExpr::SetOperation { left, .. } = body {
        body = left.as_ref();
    }
    let SetExpr::Select(select) = body else { panic!("no SELECT\n{sql}") };
    select.as_ref().clone()
}

/// What a query asks for, as it says it.
fn asked(sql: &str) -> Vec<String> {
    select(sql).projection.iter().map(ToString::to_string).collect()
}

/// A row of the answer to a query: these values, and NULL elsewhere.
fn row(sql: &str, values: &[(&str, &str)]) -> Texts {
    let names = asked(sql);
    let mut row: Texts = vec![None; names.len()];
    for (name, value) in values {
        let at = names.iter().position(|asked| asked.eq_ignore_ascii_case(name));
        let at = at.unwrap_or_else(|| panic!("{name} is not asked for\n{names:?}"));
        row[at] = Some((*value).to_owned());
    }
    row
}

/// Answers of a server that does not exist.
#[derive(Default, Clone)]
struct Answers {
    rows: BTreeMap<String, Vec<Texts>>,
}

impl Answers {
    /// Adds a row to the answer to a query.
    fn with(mut self, sql: &str, values: &[(&str, &str)]) -> Self {
        assert!(statements(MAJOR).iter().any(|asked| asked == sql), "nobody asks this: {sql}");
        self.rows.entry(sql.to_owned()).or_default().push(row(sql, values));
        self
    }

    /// Sets a value in the only row of an answer.
    fn set(mut self, sql: &str, name: &str, value: Option<&str>) -> Self {
        let at = asked(sql).iter().position(|asked| asked.eq_ignore_ascii_case(name));
        let at = at.unwrap_or_else(|| panic!("{name} is not asked for"));
        let rows = self.rows.get_mut(sql).unwrap();
        assert_eq!(rows.len(), 1, "{sql}");
        rows[0][at] = value.map(str::to_owned);
        self
    }

    fn catalog(&self) -> Catalog {
        self.listing(Vec::new())
    }

    fn listing(&self, listed: Vec<(Listing, Vec<Texts>)>) -> Catalog {
        build(&self.raw(), listed)
    }

    fn raw(&self) -> Raw {
        let answers =
            statements(MAJOR).iter().map(|sql| self.rows.get(sql).cloned().unwrap_or_default()).collect();
        take(answers).0
    }
}

/// What differs between two catalogs, one line each.
fn differences(before: &Catalog, after: &Catalog) -> Vec<String> {
    let mut lines = Vec::new();
    let keys: BTreeSet<&ObjectKey> = before.objects.keys().chain(after.objects.keys()).collect();
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

/// The attributes of an object.
fn object<'a>(catalog: &'a Catalog, kind: ObjectKind, path: &str) -> &'a Attributes {
    let found = catalog.objects.iter().find(|(key, _)| key.kind == kind && key.path == path);
    found.map(|(_, attributes)| attributes).unwrap_or_else(|| {
        let paths: Vec<_> = catalog.objects.keys().map(|key| format!("{} {}", key.kind, key.path)).collect();
        panic!("no {kind} {path} among {paths:?}")
    })
}
