//! What there is to copy of a database.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sqlx::mysql::MySqlConnection;

use super::keys;
use crate::database::mysql::flavor::Server;
use crate::database::mysql::grants::{self, Grant};
use crate::database::mysql::quote::{ident, literal};
use crate::database::mysql::wire::{Row, batch, fixed, text};

/// Everything in a database but its rows, as statements that make it.
pub(super) struct Source {
    /// CREATE DATABASE.
    pub(super) database: String,
    /// The default collation.
    pub(super) collation: String,
    /// The server wants a primary key of every table; or makes one up.
    pub(super) requires_keys: bool,
    pub(super) invents_keys: bool,
    pub(super) sequences: Vec<Sequence>,
    pub(super) tables: Vec<Table>,
    /// Routines, triggers and events, each after what it stands on.
    pub(super) code: Vec<Code>,
    pub(super) views: Vec<View>,
    /// Views over what is no longer there.
    pub(super) broken: Vec<View>,
    pub(super) grants: Vec<Grant>,
}

pub(super) struct Sequence {
    pub(super) name: String,
    pub(super) create: String,
    /// What the sequence consists of, with the next value in the first place.
    pub(super) position: String,
}

pub(super) struct Table {
    pub(super) name: String,
    pub(super) create: String,
    /// What is to be done when it is there.
    pub(super) then: Option<String>,
    /// Columns to copy; none where the table holds no rows.
    pub(super) columns: Vec<String>,
    /// Also the rows that it held before.
    pub(super) with_history: bool,
}

pub(super) struct Code {
    pub(super) create: String,
    /// A SET of what it was made under.
    pub(super) settings: String,
    /// The database's collation at that time.
    pub(super) collation: String,
    /// It comes after tables and views.
    pub(super) is_late: bool,
}

pub(super) struct View {
    pub(super) name: String,
    pub(super) create: String,
    pub(super) settings: String,
}

/// What was read of databases that no migration has a way to, by their names.
#[derive(Default)]
pub(in crate::database::mysql) struct Known {
    sources: BTreeMap<String, Arc<Source>>,
    /// Databases that somebody knows of.
    exposed: BTreeSet<String>,
}

impl Known {
    pub(super) fn get(&self, database: &str) -> Option<Arc<Source>> {
        self.sources.get(database).cloned()
    }

    pub(super) fn keep(&mut self, database: &str, source: &Arc<Source>) {
        if !self.exposed.contains(database) {
            self.sources.insert(database.to_owned(), Arc::clone(source));
        }
    }

    /// Somebody may change the database from now on.
    pub(in crate::database::mysql) fn expose(&mut self, database: &str) {
        self.sources.remove(database);
        if !self.exposed.contains(database) {
            self.exposed.insert(database.to_owned());
        }
    }

    /// The database is another one now, or none.
    pub(in crate::database::mysql) fn forget(&mut self, database: &str) {
        self.sources.remove(database);
    }
}

/// Engines whose tables hold no rows of their own.
const ROWLESS: [&str; 6] = ["BLACKHOLE", "CONNECT", "FEDERATED", "MRG_MyISAM", "SPIDER", "S3"];

/// One thing to be shown.
enum Thing {
    Sequence(String),
    Table { name: String, versioned: bool, rows: bool },
    View(String),
    Code { kind: String, name: String },
}

/// Reads a database; `scratch` is the name of one that may be made for a moment.
pub(super) async fn read(
    connection: &mut MySqlConnection,
    server: Server,
    database: &str,
    scratch: &str,
) -> Result<Source, sqlx::Error> {
    let name = literal(database);
    let settings = if server.is_mysql_from(8, 0) {
        // The second one came with 8.0.30.
        "SELECT variable_value FROM performance_schema.global_variables WHERE variable_name IN \
         ('sql_require_primary_key', 'sql_generate_invisible_primary_key') ORDER BY variable_name DESC"
    } else {
        "SELECT 'OFF'"
    };
    let mut statements = vec![
        format!("USE {}", ident(database)),
        format!("SHOW CREATE DATABASE {}", ident(database)),
        format!("SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = {name}"),
        settings.to_owned(),
        format!(
            "SELECT table_name, table_type, engine FROM information_schema.tables WHERE table_schema = {name} \
             ORDER BY table_name"
        ),
        format!(
            "SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = {name} \
             ORDER BY routine_type, routine_name"
        ),
        // The order in which a table's triggers fire is that in which they are made.
        format!(
            "SELECT 'TRIGGER', trigger_name FROM information_schema.triggers WHERE trigger_schema = {name} \
             ORDER BY event_object_table, action_timing, event_manipulation, action_order"
        ),
        format!(
            "SELECT 'EVENT', event_name FROM information_schema.events WHERE event_schema = {name} ORDER BY event_name"
        ),
    ];
    let granted = statements.len();
    statements.extend(grants::queries(database));
    let mut answers = batch(connection, statements.join("; ")).await?;
    let grants = grants::read(answers.split_off(granted.min(answers.len())), database);
    let mut answers = answers.into_iter().skip(1);
    let mut next = || answers.next().unwrap_or_default();
    let [_, create] = first(next());
    let [collation] = first(next());
    let flags: Vec<bool> = next().into_iter().map(|row| fixed::<1>(row)[0] == "ON").collect();
    let mut things = Vec::new();
    for row in next() {
        let [name, kind, engine] = fixed(row);
        things.push(match kind.as_str() {
            "SEQUENCE" => Thing::Sequence(name),
            "VIEW" | "SYSTEM VIEW" => Thing::View(name),
            _ => Thing::Table {
                name,
                versioned: kind == "SYSTEM VERSIONED",
                rows: !ROWLESS.contains(&&*engine),
            },
        });
    }
    for _ in 0..3 {
        things.extend(next().into_iter().map(|row| {
            let [kind, name] = fixed(row);
            Thing::Code { kind, name }
        }));
    }
    let mut source = Source {
        database: create,
        collation,
        requires_keys: flags.first().copied().unwrap_or(false),
        invents_keys: flags.get(1).copied().unwrap_or(false),
        sequences: Vec::new(),
        tables: Vec::new(),
        code: Vec::new(),
        views: Vec::new(),
        broken: Vec::new(),
        grants,
    };
    show(connection, &mut source, &things, scratch).await?;
    find_rows(connection, &mut source, &things, server, database).await?;
    place_sequences(connection, &mut source, database).await?;
    Ok(source)
}

fn first<const N: usize>(rows: Vec<Row>) -> [String; N] {
    fixed(rows.into_iter().next().unwrap_or_default())
}

/// Reads the definitions.
async fn show(
    connection: &mut MySqlConnection,
    source: &mut Source,
    things: &[Thing],
    scratch: &str,
) -> Result<(), sqlx::Error> {
    if things.is_empty() {
        return Ok(());
    }
    let statements: Vec<String> = things
        .iter()
        .map(|thing| match thing {
            Thing::Sequence(name) => format!("SHOW CREATE SEQUENCE {}; DO 0", ident(name)),
            Thing::Table { name, .. } => format!("SHOW CREATE TABLE {}; DO 0", ident(name)),
            Thing::View(name) => format!("SHOW CREATE VIEW {}; SHOW WARNINGS", ident(name)),
            Thing::Code { kind, name } => format!("SHOW CREATE {kind} {}; DO 0", ident(name)),
        })
        .collect();
    let answers = batch(connection, statements.join("; ")).await?;
    let mut tables = Vec::new();
    for (thing, shown) in things.iter().zip(answers.chunks(2)) {
        let row = shown.first().and_then(|rows| rows.first()).cloned().unwrap_or_default();
        match thing {
            Thing::Sequence(name) => {
                let [_, create] = fixed(row);
                let sequence = Sequence { name: name.clone(), create, position: String::new() };
                source.sequences.push(sequence);
            }
            Thing::Table { name, .. } => {
                let [_, create] = fixed(row);
                tables.push((name.clone(), create));
            }
            Thing::View(name) => {
                let [_, create, client, connection] = fixed(row);
                let settings =
                    format!("SET character_set_client = {client}, collation_connection = {connection}");
                let view = View { name: name.clone(), create, settings };
                // "View references invalid table(s) or column(s) or function(s) …"
                let warnings = shown.get(1).into_iter().flatten();
                let invalid = warnings.cloned().any(|row| fixed::<2>(row)[1] == "1356");
                if invalid { source.broken.push(view) } else { source.views.push(view) }
            }
            Thing::Code { kind, .. } => source.code.push(code(kind, row)),
        }
    }
    let made = keys::made_by_the_server(connection, &tables, scratch).await?;
    for (name, create) in tables {
        let none = BTreeSet::new();
        let (create, then) = keys::leaving_out(&name, &create, made.get(&name).unwrap_or(&none));
        source.tables.push(Table { name, create, then, columns: Vec::new(), with_history: false });
    }
    Ok(())
}

fn code(kind: &str, mut row: Row) -> Code {
    let mut settings = String::new();
    if kind == "EVENT" {
        let zone = (row.len() > 2).then(|| row.remove(2)).flatten().map(text).unwrap_or_default();
        settings = format!(", time_zone = {}", literal(&zone));
    }
    let [_, mode, create, client, connection, collation] = fixed(row);
    // What is not ASCII is sent as UTF-8, and said to be.
    let client = if create.is_ascii() { client.as_str() } else { "utf8mb4" };
    let settings = format!(
        "SET sql_mode = {}, character_set_client = {client}, collation_connection = {connection}{settings}",
        literal(&mode)
    );
    Code { create, settings, collation, is_late: matches!(kind, "TRIGGER" | "EVENT") }
}

/// Finds out which tables hold rows, and in which columns.
async fn find_rows(
    connection: &mut MySqlConnection,
    source: &mut Source,
    things: &[Thing],
    server: Server,
    database: &str,
) -> Result<(), sqlx::Error> {
    let history = server.is_mariadb_from(10, 11);
    let versioned = |table: &str| {
        history
            && things
                .iter()
                .any(|thing| matches!(thing, Thing::Table { name, versioned: true, .. } if name == table))
    };
    let asked: Vec<&str> = things
        .iter()
        .filter_map(|thing| match thing {
            Thing::Table { name, rows: true, .. } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let mut filled = BTreeSet::new();
    // A statement opens so many tables at most.
    for names in asked.chunks(50) {
        let questions: Vec<String> = names
            .iter()
            .map(|name| {
                let all = if versioned(name) { " FOR SYSTEM_TIME ALL" } else { "" };
                format!("EXISTS (SELECT 1 FROM {}{all})", ident(name))
            })
            .collect();
        let answers = batch(connection, format!("SELECT {}", questions.join(", "))).await?;
        let row = answers.into_iter().flatten().next().unwrap_or_default();
        let is = |value: Option<Vec<u8>>| value.is_some_and(|it| it == b"1");
        filled
            .extend(names.iter().zip(row).filter_map(|(name, value)| is(value).then(|| (*name).to_owned())));
    }
    if filled.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = filled.iter().map(|name| literal(name)).collect();
    let sql = format!(
        "SELECT table_name, column_name, generation_expression FROM information_schema.columns \
         WHERE table_schema = {} AND table_name IN ({}) ORDER BY table_name, ordinal_position",
        literal(database),
        names.join(", ")
    );
    let mut columns: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for row in batch(connection, sql).await?.into_iter().flatten() {
        let [table, column, generated] = fixed(row);
        columns.entry(table).or_default().push((column, generated));
    }
    for table in &mut source.tables {
        let Some(all) = columns.remove(&table.name) else { continue };
        table.with_history = versioned(&table.name);
        let is_period = |generated: &str| matches!(generated, "ROW START" | "ROW END");
        let explicit = all.iter().any(|(_, generated)| is_period(generated));
        table.columns = all
            .into_iter()
            .filter(|(_, generated)| generated.is_empty() || (table.with_history && is_period(generated)))
            .map(|(column, _)| column)
            .collect();
        if table.with_history && !explicit {
            table.columns.extend(["row_start", "row_end"].map(str::to_owned));
        }
    }
    Ok(())
}

/// Finds out where the sequences stand.
///
/// A sequence tells the next value that it has not set aside, and of those that it has set aside only by handing one out. So
/// one is asked for, and put back; nobody else may do so in between.
async fn place_sequences(
    connection: &mut MySqlConnection,
    source: &mut Source,
    database: &str,
) -> Result<(), sqlx::Error> {
    if source.sequences.is_empty() {
        return Ok(());
    }
    let lock = literal(&format!("mrt sequences of {database}"));
    batch(connection, format!("SELECT GET_LOCK({lock}, 60)")).await?;
    for sequence in &mut source.sequences {
        let name = ident(&sequence.name);
        let next = match batch(connection, format!("SELECT NEXTVAL({name})")).await {
            Ok(answers) => answers.into_iter().flatten().next().map(fixed::<1>),
            // It has run out, and stands at its end.
            Err(error) if crate::database::mysql::error::number(&error) == Some(4084) => None,
            Err(error) => return Err(error),
        };
        let answers = batch(connection, format!("SELECT * FROM {name}")).await?;
        let mut values: Vec<String> = answers
            .into_iter()
            .flatten()
            .flatten()
            .map(|value| value.map(text).unwrap_or_default())
            .collect();
        if let (Some([next]), Some(first)) = (&next, values.first_mut()) {
            first.clone_from(next);
        }
        sequence.position = values.join(", ");
        if next.is_some() {
            batch(connection, format!("INSERT INTO {name} VALUES ({})", sequence.position)).await?;
        }
    }
    batch(connection, format!("SELECT RELEASE_LOCK({lock})")).await.map(drop)
}
