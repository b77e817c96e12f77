//! Reading a catalog: two messages to the server, one pass over the answers for each of the two views.

mod expression;
mod listings;
mod names;
mod objects;
mod queries;
mod raw;
mod relations;
mod typed;

use std::collections::BTreeMap;

use sqlx::postgres::PgConnection;

use super::wire::{Row, batch};
use crate::database::catalog::{Attributes, Catalog, ObjectKey};
use listings::Listing;
use raw::{Attribute, Constraint, Cursor, Function, Index, Raw, Relation, Sequence, Trigger, Type};

/// Reads everything. `version` is the server's, as a number (150018). `prepared` says whether this session has read
/// a catalog before: planning the queries is most of what they cost, so the server keeps the plans.
pub(super) async fn read(
    connection: &mut PgConnection,
    version: u32,
    prepared: &mut bool,
) -> Result<Catalog, sqlx::Error> {
    let statements = statements(version);
    let mut sql = queries::BEGIN.to_owned();
    // BEGIN and SET answer without rows, and so does PREPARE.
    let mut without_rows = 2;
    if !*prepared {
        without_rows += statements.len() + 1;
        // What a reading that failed has left behind.
        sql.push_str("DEALLOCATE ALL; ");
        for (number, statement) in statements.iter().enumerate() {
            sql.push_str(&format!("PREPARE mrt_{number} AS {statement}; "));
        }
    }
    let execute: Vec<String> = (0..statements.len()).map(|number| format!("EXECUTE mrt_{number}")).collect();
    sql.push_str(&execute.join("; "));
    let answers = batch(connection, sql).await?;
    if answers.len() != without_rows + statements.len() {
        // An answer too few would read as a database in which there is nothing.
        return Err(sqlx::Error::Protocol(format!("{} answers to the catalog's queries", answers.len())));
    }
    let mut answers = answers.into_iter().skip(without_rows);
    *prepared = true;
    let mut next = || answers.next().unwrap_or_default();

    let mut raw = Raw {
        members: next().into_iter().map(Cursor::new).map(|mut c| (c.number(), c.number())).collect(),
        comments: next()
            .into_iter()
            .map(Cursor::new)
            .map(|mut c| ((c.number(), c.number(), c.number()), c.text()))
            .collect(),
        special_classes: next().into_iter().map(Cursor::new).map(|mut c| (c.number(), c.text())).collect(),
        methods: next().into_iter().map(Cursor::new).map(|mut c| (c.number(), c.text())).collect(),
        relations: next().into_iter().map(Relation::read).map(|r| (r.oid, r)).collect(),
        ..Raw::default()
    };
    for (child, parent) in next().into_iter().map(Cursor::new).map(|mut c| (c.number(), c.number())) {
        raw.parents.entry(child).or_default().push(parent);
        raw.children.entry(parent).or_default().push(child);
    }
    for (relation, column) in next().into_iter().map(Attribute::read) {
        raw.columns.entry(relation).or_default().push(column);
    }
    for constraint in next().into_iter().map(Constraint::read) {
        let (owners, owner) = match constraint.relation {
            0 => (&mut raw.domain_constraints, constraint.domain),
            relation => (&mut raw.constraints, relation),
        };
        owners.entry(owner).or_default().push(constraint);
    }
    for index in next().into_iter().map(Index::read) {
        raw.indexes.entry(index.relation).or_default().push(index);
    }
    raw.sequences = next().into_iter().map(Sequence::read).collect();
    raw.counters = raw.sequences.iter().map(|(oid, s)| ((s.table, s.column), *oid)).collect();
    raw.types = next().into_iter().map(Type::read).map(|t| (t.oid, t)).collect();
    raw.triggers = next().into_iter().map(Trigger::read).collect();
    raw.functions = next().into_iter().map(Function::read).collect();
    raw.settings = next().into_iter().map(Cursor::new).map(|mut c| (c.option(), c.text())).collect();
    // What few databases have is asked for where there is any, still in the same snapshot.
    let mut any =
        next().into_iter().next().unwrap_or_default().into_iter().map(|a| a.as_deref() == Some("t"));
    let column_options = any.next().unwrap_or_default().then(|| queries::INDEX_COLUMNS.to_owned());
    let unnamed = raw.unnamed_collations();
    let collations = (!unnamed.is_empty()).then(|| queries::collations(&unnamed));
    let empty = || "SELECT WHERE false".to_owned();
    let mut rest = vec![column_options.unwrap_or_else(empty), collations.unwrap_or_else(empty)];
    let listings: Vec<Listing> = listings::listings(version)
        .into_iter()
        .zip(any)
        .filter(|(_, any)| *any)
        .map(|(listing, _)| listing)
        .collect();
    rest.extend(listings.iter().map(|l| l.sql.clone()));
    let mut answers = batch(connection, format!("{}{}", rest.join("; "), queries::END)).await?.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    for mut c in next().into_iter().map(Cursor::new) {
        let (index, number, options, target) = (c.number(), c.text(), c.elements(), c.option());
        let target = target.map(|t| format!("statistics {t}"));
        let set: Vec<String> = raw::set_by_people(options).into_iter().flatten().chain(target).collect();
        if set.is_empty() {
            continue;
        }
        let told = format!("{number}: {}", set.join(" "));
        raw.index_column_options.entry(index).or_default().push(told);
    }
    raw.collations = next().into_iter().map(Cursor::new).map(|mut c| (c.number(), c.text())).collect();
    let listed: Vec<(Listing, Vec<Row>)> = listings.into_iter().map(|l| (l, next())).collect();

    // A table that an extension brought is the extension's, with all that hangs on it.
    let members = &raw.members;
    raw.relations.retain(|oid, _| !members.contains(&(queries::class::RELATION, *oid)));
    let relations = &raw.relations;
    raw.columns.retain(|oid, _| relations.contains_key(oid));
    raw.constraints.retain(|oid, _| relations.contains_key(oid));
    raw.indexes.retain(|oid, _| relations.contains_key(oid));
    raw.triggers.retain(|t| relations.contains_key(&t.relation));

    let mut catalog = Catalog::default();
    objects::collect(&raw, listed, &mut catalog.objects);
    relations::collect(&raw, &mut catalog.objects);
    catalog.tables = typed::tables(&raw);
    catalog.code = typed::code(&raw);
    Ok(catalog)
}

/// The queries in the order in which [`read`] takes their answers: what every database has, and what else there is.
pub(super) fn statements(version: u32) -> Vec<String> {
    let mut statements = vec![
        queries::MEMBERS.to_owned(),
        queries::COMMENTS.to_owned(),
        queries::OPCLASSES.to_owned(),
        queries::METHODS.to_owned(),
        queries::RELATIONS.to_owned(),
        queries::INHERITANCE.to_owned(),
        queries::columns(version),
        queries::constraints(version),
        queries::indexes(version),
        queries::SEQUENCES.to_owned(),
        queries::types(version),
        queries::triggers(version),
        queries::FUNCTIONS.to_owned(),
        queries::DATABASE_SETTINGS.to_owned(),
    ];
    let any: Vec<&str> = listings::listings(version).iter().map(|l| l.any).collect();
    statements.push(format!("SELECT {}, {}", queries::ANY_COLUMN_OPTIONS, any.join(", ")));
    statements
}

/// Puts another word for a role's name wherever it stands: a name that is made up for one run must not tell two
/// catalogs apart. The name is long and random, so nothing else contains it.
pub(super) fn rename_role(catalog: &mut Catalog, name: &str, word: &str) {
    rename_in_objects(&mut catalog.objects, name, word);
    for code in &mut catalog.code {
        replace(&mut code.body, name, word);
    }
}

/// The same for objects alone.
pub(super) fn rename_in_objects(objects: &mut BTreeMap<ObjectKey, Attributes>, name: &str, word: &str) {
    *objects = std::mem::take(objects)
        .into_iter()
        .map(|(mut key, mut attributes)| {
            replace(&mut key.path, name, word);
            key.owner.iter_mut().for_each(|owner| replace(owner, name, word));
            attributes.values_mut().for_each(|value| replace(value, name, word));
            (key, attributes)
        })
        .collect();
}

fn replace(text: &mut String, name: &str, word: &str) {
    if text.contains(name) {
        *text = text.replace(name, word);
    }
}
