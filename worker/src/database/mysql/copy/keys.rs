//! Indexes that the server has made by itself, because a foreign key wants one.
//!
//! Such an index goes by itself when somebody makes one that can stand for it, so a copy in which it is an ordinary one would
//! go on differently. No catalog tells which ones they are. So each is put to the test, in a temporary table of the same
//! definition: it is one of those if it goes when another index on its columns comes.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::mysql::MySqlConnection;

use super::text::{Definition, foreign_key, key_column, plain_key};
use crate::database::mysql::error;
use crate::database::mysql::quote::{ident, idents};
use crate::database::mysql::wire::{batch, fixed};

/// The name of the temporary table, and of the indexes that come.
const TRIAL: &str = "mrt trial";

/// A table that there is not.
const NOWHERE: &str = "mrt nowhere";

/// Indexes of a table that the server may have made: they are over whole columns, and just those of a foreign key.
fn candidates(create: &str) -> Vec<(String, Vec<String>)> {
    let Some(definition) = Definition::of(create) else { return Vec::new() };
    let foreign: Vec<Vec<String>> =
        definition.items.iter().filter_map(|item| foreign_key(item)).map(|(_, columns, _)| columns).collect();
    definition
        .items
        .iter()
        .filter_map(|item| plain_key(item))
        .filter(|(_, columns)| foreign.contains(columns))
        .collect()
}

/// The indexes that the server has made, by table. `tables` are names with what SHOW CREATE TABLE says; `scratch` is a
/// database that may be made.
pub(super) async fn made_by_the_server(
    connection: &mut MySqlConnection,
    tables: &[(String, String)],
    scratch: &str,
) -> Result<BTreeMap<String, BTreeSet<String>>, sqlx::Error> {
    let open: Vec<_> = tables
        .iter()
        .map(|(name, create)| (name, candidates(create)))
        .filter(|(_, candidates)| !candidates.is_empty())
        .collect();
    let mut made = BTreeMap::new();
    if open.is_empty() {
        return Ok(made);
    }
    let questions: Vec<String> = open.iter().map(|(name, candidates)| question(name, candidates)).collect();
    match batch(connection, questions.join("; ")).await {
        Ok(answers) => {
            for ((name, candidates), answers) in open.into_iter().zip(answers.chunks(QUESTION)) {
                made.insert(name.clone(), gone(candidates, answers));
            }
        }
        // Not every table can be a temporary one, one with a full-text index for instance.
        Err(error) if error::number(&error).is_some() => {
            for (name, candidates) in open {
                let indexes = one_by_one(connection, name, &candidates, scratch).await?;
                made.insert(name.clone(), indexes.unwrap_or_else(|| by_name(tables, name, candidates)));
            }
        }
        Err(error) => return Err(error),
    }
    Ok(made)
}

/// Asks for one table, and again in a database of its own where it cannot be a temporary one.
async fn one_by_one(
    connection: &mut MySqlConnection,
    name: &str,
    candidates: &[(String, Vec<String>)],
    scratch: &str,
) -> Result<Option<BTreeSet<String>>, sqlx::Error> {
    let question = question(name, candidates);
    let database = ident(scratch);
    let lasting = format!(
        "DROP DATABASE IF EXISTS {database}; CREATE DATABASE {database}; {}",
        question.replace(" TEMPORARY", "").replace(&ident(TRIAL), &format!("{database}.{}", ident(TRIAL)))
    );
    let clear =
        format!("DROP TEMPORARY TABLE IF EXISTS {}; DROP DATABASE IF EXISTS {database}", ident(TRIAL));
    for (sql, begin) in [(question, 0), (lasting, 2)] {
        match batch(connection, sql).await {
            Ok(answers) => {
                batch(connection, clear).await?;
                return Ok(Some(gone(candidates.to_vec(), answers.get(begin..).unwrap_or_default())));
            }
            Err(error) if error::number(&error).is_some() => {}
            Err(error) => return Err(error),
        }
    }
    batch(connection, clear).await?;
    Ok(None)
}

/// How many statements a question has.
const QUESTION: usize = 5;

fn question(name: &str, candidates: &[(String, Vec<String>)]) -> String {
    let trial = ident(TRIAL);
    let indexes: Vec<String> = candidates
        .iter()
        .enumerate()
        .map(|(at, (_, columns))| {
            format!(
                "ADD INDEX {} ({})",
                ident(&format!("{TRIAL} {at}")),
                idents(columns.iter().map(String::as_str))
            )
        })
        .collect();
    format!(
        "DROP TEMPORARY TABLE IF EXISTS {trial}; CREATE TEMPORARY TABLE {trial} LIKE {}; ALTER TABLE {trial} {}; \
         SHOW INDEX FROM {trial}; DROP TEMPORARY TABLE {trial}",
        ident(name),
        indexes.join(", ")
    )
}

fn gone(candidates: Vec<(String, Vec<String>)>, answers: &[Vec<Vec<Option<Vec<u8>>>>]) -> BTreeSet<String> {
    let left: BTreeSet<String> = answers
        .get(3)
        .into_iter()
        .flatten()
        .map(|row| {
            let [_, _, name] = fixed(row.clone());
            name
        })
        .collect();
    candidates.into_iter().map(|(name, _)| name).filter(|name| !left.contains(name)).collect()
}

/// Where it cannot be tried: an index that has the name which the server would have given it.
fn by_name(
    tables: &[(String, String)],
    table: &str,
    candidates: Vec<(String, Vec<String>)>,
) -> BTreeSet<String> {
    let create = tables.iter().find(|(name, _)| name == table).map(|(_, create)| create.as_str());
    let definition = create.and_then(Definition::of);
    let named: BTreeSet<String> = definition
        .iter()
        .flat_map(|definition| &definition.items)
        .filter_map(|item| foreign_key(item))
        .map(|(name, _, _)| name)
        .collect();
    candidates
        .into_iter()
        .filter(|(name, columns)| named.contains(name) || columns.first() == Some(name))
        .map(|(name, _)| name)
        .collect()
}

/// A definition from which the server makes these indexes by itself, and what is to be done then, if anything.
///
/// It calls an index after the foreign key, if that was given a name, and else after the first column. Foreign keys without a
/// name are numbered as they come; numbers that are missing by now are used up by references to nowhere, which are dropped
/// again.
pub(super) fn leaving_out(table: &str, create: &str, made: &BTreeSet<String>) -> (String, Option<String>) {
    let as_it_is = (create.to_owned(), None);
    let Some(definition) = Definition::of(create).filter(|_| !made.is_empty()) else { return as_it_is };
    let mut items: Vec<String> = Vec::new();
    let mut named: Vec<(String, &str)> = Vec::new();
    let mut numbered: BTreeMap<u32, &str> = BTreeMap::new();
    let mut left_out: Vec<(String, Vec<String>)> = Vec::new();
    let mut others: Vec<String> = Vec::new();
    let prefix = format!("{table}_ibfk_");
    let mut foreign: Vec<(String, Vec<String>)> = Vec::new();
    for item in &definition.items {
        if let Some(key) = plain_key(item).filter(|(name, _)| made.contains(name)) {
            left_out.push(key);
        } else if let Some((name, columns, rest)) = foreign_key(item) {
            match name.strip_prefix(&prefix).and_then(|number| number.parse().ok()) {
                Some(number) => drop(numbered.insert(number, rest)),
                None => named.push((name.clone(), rest)),
            }
            foreign.push((name, columns));
        } else if item.starts_with("CONSTRAINT ") {
            others.push((*item).to_owned());
        } else {
            items.push((*item).to_owned());
        }
    }
    let of_its_name = |key: &(String, Vec<String>)| foreign.contains(key);
    let unnamed = left_out.iter().any(|key| !of_its_name(key));
    // Of several foreign keys on the same columns the last one names the index.
    let (naming, silent): (Vec<_>, Vec<_>) = named.into_iter().partition(|(name, _)| made.contains(name));
    let told = |(name, rest): (String, &str)| format!("CONSTRAINT {} {rest}", ident(&name));
    items.extend(silent.into_iter().map(told));
    let mut then = None;
    if unnamed {
        let Some((unnamed, drops)) = in_their_numbers(&numbered, &definition, made) else { return as_it_is };
        items.extend(unnamed);
        let drops: Vec<String> = drops
            .into_iter()
            .map(|number| format!("DROP FOREIGN KEY {}", ident(&format!("{prefix}{number}"))))
            .collect();
        then = (!drops.is_empty()).then(|| format!("ALTER TABLE {} {}", ident(table), drops.join(", ")));
    } else {
        let all = numbered.iter().map(|(number, rest)| (format!("{prefix}{number}"), *rest));
        let (naming, silent): (Vec<_>, Vec<_>) = all.partition(|(name, _)| made.contains(name));
        items.extend(silent.into_iter().chain(naming).map(told));
    }
    items.extend(naming.into_iter().map(told));
    items.extend(others);
    (definition.with(&items), then)
}

/// Foreign keys without their names, so that the server gives them these numbers; and numbers that are to be dropped.
fn in_their_numbers(
    numbered: &BTreeMap<u32, &str>,
    definition: &Definition<'_>,
    made: &BTreeSet<String>,
) -> Option<(Vec<String>, Vec<u32>)> {
    let last = *numbered.keys().last()?;
    // What refers to nowhere needs an index, too, and must not have one made for it.
    let is_made = |item: &str| plain_key(item).is_some_and(|(name, _)| made.contains(&name));
    let column = definition.items.iter().filter(|item| !is_made(item)).find_map(|item| key_column(item));
    let missing: Vec<u32> = (1..=last).filter(|number| !numbered.contains_key(number)).collect();
    let mut items = Vec::new();
    for number in 1..=last {
        items.push(match numbered.get(&number) {
            Some(rest) => (*rest).to_owned(),
            None => {
                format!("FOREIGN KEY ({0}) REFERENCES {1} ({0})", ident(column.as_ref()?), ident(NOWHERE))
            }
        });
    }
    Some((items, missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATE: &str = "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `a` int,\n  `b` int,\n  PRIMARY KEY (`id`),\n  KEY `a` (`a`),\n  \
         KEY `fkb` (`b`),\n  KEY `own` (`a`,`b`),\n  CONSTRAINT `fkb` FOREIGN KEY (`b`) REFERENCES `p` (`id`),\n  CONSTRAINT \
         `t_ibfk_2` FOREIGN KEY (`a`) REFERENCES `p` (`id`),\n  CONSTRAINT `c` CHECK (`a` > 0)\n) ENGINE=InnoDB";

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn only_indexes_on_just_the_columns_are_looked_at() {
        let names: Vec<String> = candidates(CREATE).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "fkb"]);
    }

    #[test]
    fn names_and_numbers_come_out_as_they_were() {
        assert_eq!(leaving_out("t", CREATE, &set(&[])), (CREATE.to_owned(), None));
        let (create, then) = leaving_out("t", CREATE, &set(&["fkb"]));
        assert!(!create.contains("KEY `fkb` (`b`)"), "{create}");
        assert!(
            create.contains("CONSTRAINT `t_ibfk_2` FOREIGN KEY (`a`)") && create.contains("KEY `a` (`a`)"),
            "{create}"
        );
        assert_eq!(then, None);
        let (create, then) = leaving_out("t", CREATE, &set(&["a", "fkb"]));
        assert!(!create.contains("KEY `a` (`a`)") && !create.contains("t_ibfk_2"), "{create}");
        assert!(
            create.contains(
                "FOREIGN KEY (`id`) REFERENCES `mrt nowhere` (`id`),\n  FOREIGN KEY (`a`) REFERENCES `p` (`id`),\n  CONSTRAINT `fkb`"
            ),
            "{create}"
        );
        assert_eq!(then.as_deref(), Some("ALTER TABLE `t` DROP FOREIGN KEY `t_ibfk_1`"));
    }
}
