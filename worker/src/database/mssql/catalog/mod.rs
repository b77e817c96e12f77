//! Reads a database's catalog, normalised, in two or three batches: what every database has and whether there is any of the
//! rest, and then that rest.

mod definition;
mod expression;
mod fields;
mod keys;
mod listings;
mod notes;
mod objects;
mod queries;
mod raw;
mod relations;
mod typed;
mod types;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use tiberius::error::Error;

use super::wire::Connection;
use crate::database::DatabaseError;
use crate::database::catalog::Catalog;
use fields::{Fields, Texts};
use keys::{Check, ForeignKey, Index};
use listings::Listing;
use notes::Notes;
use raw::{Column, Module, Raw, Table, Type};

/// Everything of the connection's database that a rollback can lose. `major` is the server's release: 15 for 2019, 16 for 2022,
/// 17 for 2025.
pub(super) async fn read(
    connection: &mut Connection,
    major: u32,
    database: &str,
) -> Result<Catalog, DatabaseError> {
    let fail =
        |error| super::error::classify(error, &format!("read the catalog of database {database}"), database);
    let answers = ask(connection, &statements(major)).await.map_err(fail)?;
    let (mut raw, any) = take(answers);
    let listings: Vec<Listing> =
        listings::listings(major).into_iter().zip(any).filter(|(_, any)| *any).map(|(it, _)| it).collect();
    let special = raw.has_special_indexes().then(|| queries::index_details(major));
    let rest: Vec<String> = listings.iter().map(|it| it.sql.clone()).chain(special).collect();
    let mut answers = ask(connection, &rest).await.map_err(fail)?.into_iter();
    let listed: Vec<(Listing, Vec<Texts>)> =
        listings.into_iter().map(|it| (it, answers.next().unwrap_or_default())).collect();
    raw.take_index_details(answers.next().unwrap_or_default());
    Ok(build(&raw, listed))
}

/// Asks each question, in one batch.
async fn ask(connection: &mut Connection, questions: &[String]) -> Result<Vec<Vec<Texts>>, Error> {
    let answers = connection.results(&questions.join(";\n")).await?;
    if answers.len() != questions.len() {
        // An answer too few would read as a database in which there is less.
        let words = format!("{} answers to {} questions about the catalog", answers.len(), questions.len());
        return Err(Error::Protocol(words.into()));
    }
    answers.iter().map(|rows| rows.iter().map(fields::texts).collect()).collect()
}

/// The queries in the order in which [`take`] takes their answers: what every database has, and what else there is.
fn statements(major: u32) -> Vec<String> {
    let any: Vec<String> = listings::listings(major)
        .iter()
        .enumerate()
        .map(|(number, listing)| format!("CASE WHEN {} THEN 1 ELSE 0 END AS any_{number}", listing.any))
        .collect();
    vec![
        queries::FACTS.to_owned(),
        queries::PROPERTIES.to_owned(),
        queries::PERMISSIONS.to_owned(),
        queries::PARAMETERS.to_owned(),
        queries::tables(major),
        queries::columns(major),
        queries::INDEXES.to_owned(),
        queries::index_columns(major),
        queries::compression(major),
        queries::FOREIGN_KEYS.to_owned(),
        queries::FOREIGN_KEY_COLUMNS.to_owned(),
        queries::CHECKS.to_owned(),
        queries::modules(major),
        queries::TRIGGER_ORDER.to_owned(),
        queries::TYPES.to_owned(),
        format!("SELECT {}", any.join(", ")),
    ]
}

/// Takes the answers to [`statements`]; with what is known then of each listing: whether there is any.
fn take(answers: Vec<Vec<Texts>>) -> (Raw, Vec<bool>) {
    let mut answers = answers.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    let mut raw = Raw::default();
    for mut f in next().into_iter().map(Fields::new) {
        raw.database = f.text();
    }
    let (properties, permissions) = (next(), next());
    raw.notes = Notes::read(properties, permissions, next());
    raw.tables = next().into_iter().map(Table::read).map(|table| (table.id, table)).collect();
    for (object, column) in next().into_iter().map(Column::read) {
        raw.columns.entry(object).or_default().push(column);
    }
    let mut indexes: BTreeMap<_, _> =
        next().into_iter().map(Index::read).map(|(object, index)| ((object, index.number), index)).collect();
    for (index, column) in next().into_iter().map(keys::index_column) {
        indexes.entry(index).and_modify(|index| index.columns.push(column));
    }
    let compressed = next().into_iter().map(Fields::new).map(|mut f| {
        let (index, partition) = ((f.number(), f.number()), f.number());
        (index, partition, f.word().filter(|word| word != "none"), f.flag())
    });
    for (index, partition, how, xml) in compressed {
        let Some(index) = indexes.get_mut(&index) else { continue };
        let how =
            [how, xml.then(|| "xml".to_owned())].into_iter().flatten().collect::<Vec<_>>().join(" and ");
        index.compression.push(if index.partitioned { format!("{partition}: {how}") } else { how });
    }
    for ((object, _), index) in indexes {
        if index.sort == 0 {
            raw.heaps.insert(object, index);
        } else {
            raw.indexes.entry(object).or_default().push(index);
        }
    }
    let keys: Vec<_> = next().into_iter().map(ForeignKey::read).collect();
    let mut columns: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for mut f in next().into_iter().map(Fields::new) {
        columns.entry(f.number()).or_default().push((f.text(), f.text()));
    }
    for (table, mut key) in keys {
        key.columns = columns.remove(&key.id).unwrap_or_default();
        raw.foreign_keys.entry(table).or_default().push(key);
    }
    for (table, check) in next().into_iter().map(Check::read) {
        raw.checks.entry(table).or_default().push(check);
    }
    raw.modules = next().into_iter().map(Module::read).map(|module| (module.id, module)).collect();
    for mut f in next().into_iter().map(Fields::new) {
        let (trigger, event) = (f.number(), f.word().unwrap_or_default());
        let places = [("first", f.flag()), ("last", f.flag())];
        let Some(module) = raw.modules.get_mut(&trigger) else { continue };
        let told = places.into_iter().filter(|(_, is)| *is).map(|(place, _)| format!("{event} {place}"));
        module.order.extend(told);
    }
    raw.types = next().into_iter().map(Type::read).collect();
    let any = next().into_iter().next().unwrap_or_default();
    let any = any.into_iter().map(|any| any.as_deref() == Some("1")).collect();
    raw.keep_own();
    (raw, any)
}

fn build(raw: &Raw, listed: Vec<(Listing, Vec<Texts>)>) -> Catalog {
    let mut catalog = Catalog::default();
    objects::collect(raw, listed, &mut catalog.objects);
    relations::collect(raw, &mut catalog.objects);
    catalog.tables = typed::tables(raw);
    catalog.code = typed::code(raw);
    catalog
}
