//! Reads a database's catalog, normalised, in two messages: what there is, and then its own text for each table and view.
//!
//! `SHOW CREATE TABLE` is all that the server knows of a table in one place, and takes no longer than the views of
//! `information_schema` that would have to be put together instead.

mod column;
mod expression;
mod key;
mod mariadb;
mod mysql;
mod names;
mod objects;
mod partition;
mod ranges;
mod raw;
mod reading;
mod relations;
mod table;
mod text;
mod typed;
mod types;

use sqlx::mysql::MySqlConnection;

use super::flavor::{Flavor, Server};
use super::quote::{ident, literal};
use crate::database::catalog::{Catalog, DEFINER};
use raw::Raw;
use reading::{Fields, ask, created};

/// Of both servers alike.
const EVENTS: &str = "SELECT EVENT_NAME, INTERVAL_VALUE, INTERVAL_FIELD, STARTS, ENDS, CREATED, LAST_ALTERED, TIME_ZONE, \
     STATUS, ON_COMPLETION, EVENT_DEFINITION, SQL_MODE, EVENT_COMMENT, DEFINER, DATABASE_COLLATION \
     FROM information_schema.EVENTS WHERE EVENT_SCHEMA = {database} ORDER BY EVENT_NAME";

/// Everything of `database` that a rollback can lose. The connection's database is this one.
pub(super) async fn read(
    connection: &mut MySqlConnection,
    server: Server,
    database: &str,
) -> Result<Catalog, sqlx::Error> {
    let raw = raw(connection, server, database).await?;
    let mut catalog = Catalog::default();
    objects::collect(&raw, &mut catalog.objects);
    relations::collect(&raw, &mut catalog.objects);
    catalog.tables = typed::tables(&raw);
    catalog.code = typed::code(&raw);
    Ok(catalog)
}

async fn raw(connection: &mut MySqlConnection, server: Server, database: &str) -> Result<Raw, sqlx::Error> {
    let mut questions = vec![
        "SELECT CHARACTER_SET_NAME, DEFAULT_COLLATE_NAME FROM information_schema.CHARACTER_SETS".to_owned(),
        format!(
            "SELECT TABLE_NAME, TABLE_TYPE, ROW_FORMAT FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} \
             AND TABLE_TYPE <> 'TEMPORARY' ORDER BY TABLE_NAME",
            literal(database)
        ),
    ];
    questions.extend(match server.flavor {
        Flavor::MySql => mysql::questions(server, database),
        Flavor::MariaDb => mariadb::questions(database),
    });
    let answers = super::wire::batch(connection, questions.join("; ")).await?;
    if answers.len() != questions.len() {
        // An answer too few would read as a database in which there is nothing.
        return Err(sqlx::Error::Protocol(format!("{} answers to the catalog's questions", answers.len())));
    }
    let mut answers = answers.into_iter();
    let mut raw = Raw::default();
    for mut fields in answers.next().unwrap_or_default().into_iter().map(Fields::new) {
        raw.collations.insert(fields.text(), fields.text());
    }
    let mut relations = Vec::new();
    for mut fields in answers.next().unwrap_or_default().into_iter().map(Fields::new) {
        let (name, kind) = (fields.text(), fields.text());
        raw.row_formats.extend(fields.option().map(|format| (name.clone(), format.to_ascii_lowercase())));
        relations.push((name, kind));
    }
    match server.flavor {
        Flavor::MySql => mysql::take(&mut answers, server, database, &mut raw),
        Flavor::MariaDb => mariadb::take(&mut answers, database, &mut raw),
    }
    relation_texts(connection, database, &relations, &mut raw).await?;
    Ok(raw)
}

/// Asks for the text of each table, view and sequence.
async fn relation_texts(
    connection: &mut MySqlConnection,
    database: &str,
    relations: &[(String, String)],
    raw: &mut Raw,
) -> Result<(), sqlx::Error> {
    let questions: Vec<String> = relations
        .iter()
        .map(|(name, kind)| {
            let what = match kind.as_str() {
                "VIEW" => "VIEW",
                "SEQUENCE" => "SEQUENCE",
                _ => "TABLE",
            };
            format!("SHOW CREATE {what} {}.{}", ident(database), ident(name))
        })
        .collect();
    for ((name, kind), answer) in relations.iter().zip(ask(connection, &questions).await?) {
        let text = match answer {
            Ok(rows) => created(rows, database).ok_or("it has no text"),
            Err(ref words) => Err(words.as_str()),
        };
        let known = text.map(|text| match kind.as_str() {
            "VIEW" => reading::view(name, &text).map(|view| raw.views.push(view)).is_some(),
            "SEQUENCE" => raw.sequences.insert(name.clone(), mariadb::sequence(&text)).is_none(),
            _ => table::read(&text, name).map(|table| raw.tables.insert(name.clone(), table)).is_some(),
        });
        match known {
            Ok(true) => {}
            Ok(false) => drop(raw.unreadable.insert(name.clone(), "its text is not understood".to_owned())),
            Err(words) => drop(raw.unreadable.insert(name.clone(), words.to_owned())),
        }
    }
    Ok(())
}

/// Puts another word for a user's name wherever something is defined by that user, at whichever host: a name that is made up
/// for one run must not tell two catalogs apart.
pub(super) fn rename_definer(catalog: &mut Catalog, from: &str, to: &str) {
    for attributes in catalog.objects.values_mut() {
        if let Some(definer) = attributes.get_mut(DEFINER)
            && definer.rsplit_once('@').map_or(definer.as_str(), |(user, _)| user) == from
        {
            to.clone_into(definer);
        }
    }
}
