//! Reads a schema's catalog, normalised, out of the data dictionary.
//!
//! One question for each sort of object, over the whole schema ([`tables_rows`], [`code_rows`]), and only where something says
//! that there is such an object. `DBMS_METADATA` knows all of a table in one place, too, but has to be asked for each one, is
//! said to take a tenth of a second for it, and says it in words that differ by release.
//!
//! Oracle stores conditions, defaults, views and code as they were written, so two spellings of one thing are made one here
//! ([`text`]); and it keeps texts in LONG columns, which can be fetched and nothing else.

pub(super) mod code_rows;
pub(super) mod constraints;
pub(super) mod dictionary;
pub(super) mod indexes;
pub(super) mod names;
pub(super) mod objects;
mod partitions;
pub(super) mod raw;
pub(super) mod tables;
pub(super) mod tables_rows;
pub(super) mod text;
mod typed;
pub(super) mod types;
mod words;

#[cfg(test)]
mod tests;

pub(super) use raw::Raw;

use super::error::{Error, classify};
use super::wire::Connection;
use crate::database::DatabaseError;
use crate::database::catalog::Catalog;

/// Everything of `owner`'s schema that a rollback can lose.
pub(super) async fn read(connection: &mut Connection, owner: &str) -> Result<Catalog, DatabaseError> {
    let raw = read_raw(connection, owner).await;
    raw.map(|raw| catalog(&raw)).map_err(|error| classify(error, "read the catalog", owner))
}

/// The same as the dictionary says it.
pub(super) async fn read_raw(connection: &mut Connection, owner: &str) -> Result<Raw, Error> {
    let dictionary = dictionary::Dictionary::of(connection).await?;
    raw::read(connection, &dictionary, owner).await
}

fn catalog(raw: &Raw) -> Catalog {
    let mut catalog = Catalog::default();
    objects::collect(raw, &mut catalog.objects);
    tables::collect(raw, &mut catalog.objects);
    constraints::collect(raw, &mut catalog.objects);
    indexes::collect(raw, &mut catalog.objects);
    catalog.tables = typed::tables(raw);
    catalog.code = typed::code(raw);
    catalog
}
