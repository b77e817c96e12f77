//! Copying a schema into another, empty one.
//!
//! What there is is said again. Three ways were weighed, by their documentation and by what others report of them; no server
//! was at hand:
//!
//! - `DBMS_DATAPUMP` over a link to its own database copies a schema whole, statistics and all. It starts a job with processes
//!   and tables of its own for each copy, needs a link, and leaves code that names its own schema as it was.
//! - `DBMS_METADATA` knows every word of every object, and has to be asked for each, which is said to take a tenth of a second
//!   for a table.
//! - The dictionary, which the catalog is read from anyhow ([`Raw`]), answers for all tables at once.
//!
//! So what is usual is made by statements put together from the dictionary ([`tables`], [`code`]), and whatever has an
//! attribute that they do not say by the server's own words ([`metadata`]): partitions, index-organized tables, clusters,
//! types and domains, large objects kept in an unusual way. Kinds that neither knows are refused, never left out.
//!
//! Types, sequences, tables and code come first, then rows, then indexes and constraints, so that rows which are older than a
//! rule that was never validated meet no rule, and last what rows would set off. A statement that fails is tried again after the
//! others, for as long as that helps: nobody has to know what needs what.
//!
//! Limits: rows of a table with a column of a type of the schema's own are refused by the server, since the copy's type is
//! another type; a link to another database whose user has a password is refused, since nobody can read that.

mod code;
mod metadata;
mod tables;
mod text;

use super::catalog::{self, Raw, raw};
use super::error::{Error, classify};
use super::wire::Connection;
use crate::database::DatabaseError;
use text::{ident, idents, literal};

/// Statements, in the order in which they are to be tried.
type Statements = Vec<String>;

/// How many tables are asked for their rows at once.
const ASKED: usize = 100;

/// What cannot be copied.
#[derive(Debug, thiserror::Error)]
enum Uncopyable {
    /// It would lose its password.
    #[error("the password of database link {name} cannot be read, so it cannot be copied")]
    Link {
        /// Its name.
        name: String,
    },
    /// It is of a kind that we do not know, and the server has no words for it.
    #[error("the server prints no statement for {kind} {name}")]
    Kind {
        /// As the dictionary calls it.
        kind: String,
        /// Its name.
        name: String,
    },
}

/// All statements of a copy.
#[derive(Debug, Default)]
struct Plan {
    /// Makes what rows need.
    before: Statements,
    /// Copies the rows of each table that holds any.
    rows: Vec<Rows>,
    /// Makes what works on rows.
    after: Statements,
}

/// How the rows of a table are copied.
#[derive(Debug, PartialEq, Eq)]
struct Rows {
    table: String,
    statements: Statements,
}

/// Makes all of `from`'s schema again in that of `to`, which is empty. Nobody else uses either.
pub(super) async fn copy(connection: &mut Connection, from: &str, to: &str) -> Result<(), DatabaseError> {
    let action = format!("copy schema {from} to {to}");
    let fail = |error| classify(error, &action, from);
    let raw = catalog::read_raw(connection, from).await.map_err(fail)?;
    let printed = metadata::read(connection, &raw).await.map_err(fail)?;
    let plan = plan(&raw, &printed, to)
        .map_err(|error| DatabaseError::Refused { action: action.clone(), source: error.into() })?;
    // Unqualified names in code and in what the server prints are those of the schema in which it is made.
    let schema = "SELECT SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') FROM SYS.DUAL";
    let before = connection.rows(schema, &[]).await.map_err(fail)?;
    let before = before.first().map(|row| row.string(0)).unwrap_or_default();
    let switch = |name: &str| format!("ALTER SESSION SET CURRENT_SCHEMA = {}", ident(name));
    connection.execute(switch(to), &[]).await.map_err(fail)?;
    let outcome = write(connection, &raw, plan, to).await;
    connection.execute(switch(&before), &[]).await.map_err(fail)?;
    outcome.map_err(|failure| classify(failure.error, &format!("{action}: {}", failure.statement), from))
}

/// A statement that failed, and how.
struct Failure {
    statement: String,
    error: Error,
}

async fn write(connection: &mut Connection, raw: &Raw, plan: Plan, to: &str) -> Result<(), Failure> {
    run(connection, plan.before).await?;
    let names: Vec<&str> = plan.rows.iter().map(|rows| rows.table.as_str()).collect();
    let filled = filled(connection, &raw.owner, &names).await?;
    for rows in plan.rows.iter().filter(|rows| filled.contains(&rows.table)) {
        for statement in &rows.statements {
            one(connection, statement).await?;
        }
    }
    one(connection, "COMMIT").await?;
    run(connection, plan.after).await?;
    if !raw.code.is_empty() || !raw.views.is_empty() {
        raw::compile(connection, to).await.map_err(|error| failure("compile what was made", error))?;
    }
    Ok(())
}

/// Runs statements, those that fail again after the others.
async fn run(connection: &mut Connection, statements: Statements) -> Result<(), Failure> {
    let mut open = statements;
    loop {
        let count = open.len();
        let mut failed = Vec::new();
        let mut first = None;
        for statement in open {
            match one(connection, &statement).await {
                Ok(()) => {}
                Err(failure) if failure.error.ends_connection() => return Err(failure),
                Err(failure) => {
                    first.get_or_insert(failure);
                    failed.push(statement);
                }
            }
        }
        match first {
            None => return Ok(()),
            Some(failure) if failed.len() == count => return Err(failure),
            Some(_) => open = failed,
        }
    }
}

async fn one(connection: &mut Connection, statement: &str) -> Result<(), Failure> {
    connection.execute(statement, &[]).await.map(drop).map_err(|error| failure(statement, error))
}

fn failure(statement: &str, error: Error) -> Failure {
    let line: String = statement.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(120).collect();
    Failure { statement: line, error }
}

/// Of these tables, the ones that hold rows.
async fn filled(connection: &mut Connection, owner: &str, names: &[&str]) -> Result<Vec<String>, Failure> {
    let mut filled = Vec::new();
    for names in names.chunks(ASKED) {
        let rows = connection.rows(question(owner, names), &[]).await;
        let rows = rows.map_err(|error| failure("ask which tables hold rows", error))?;
        filled.extend(rows.iter().map(|row| row.string(0)));
    }
    Ok(filled)
}

fn question(owner: &str, names: &[&str]) -> String {
    let each: Vec<String> = names
        .iter()
        .map(|name| {
            let table = format!("{}.{}", ident(owner), ident(name));
            format!("SELECT {} FROM SYS.DUAL WHERE EXISTS (SELECT 1 FROM {table})", literal(name))
        })
        .collect();
    each.join(" UNION ALL ")
}

/// Puts a copy together.
fn plan(raw: &Raw, printed: &metadata::Printed, to: &str) -> Result<Plan, Uncopyable> {
    let mut plan = Plan::default();
    code::sequences(raw, to, &mut plan.before);
    code::links(raw, to, &mut plan.before)?;
    printed.add(raw, to, metadata::When::Before, &mut plan.before)?;
    let kept = || raw.tables.iter().filter(|table| !raw.is_mview(&table.name));
    for table in kept().filter(|table| tables::is_plain(raw, table)) {
        plan.before.push(tables::create(raw, table, to));
    }
    code::early(raw, to, &mut plan.before);
    let of_rows = kept().filter(|table| table.temporary != "Y" && table.external != "YES");
    plan.rows.extend(of_rows.map(|table| rows(raw, &table.name, to)));
    plan.rows.extend(raw.object_tables.iter().map(|table| rows(raw, &table.name, to)));
    // What the server prints has an identity column begin where it once began.
    for column in raw.columns.iter().filter(|it| it.identity == "YES" && printed.has_table(&it.table)) {
        if let Some(said) = tables::identity(raw, column) {
            let (table, name) = (ident(&column.table), ident(&column.name));
            plan.after.push(format!("ALTER TABLE {}.{table} MODIFY ({name} {said})", ident(to)));
        }
    }
    let is_said_whole = |table: &str| printed.has_table(table);
    tables::keys(raw, to, &is_said_whole, &mut plan.after);
    plan.after.extend(raw.mview_logs.iter().map(|log| code::mview_log(raw, log, to)));
    printed.add(raw, to, metadata::When::After, &mut plan.after)?;
    code::late(raw, to, &mut plan.after);
    Ok(plan)
}

/// Copies the rows of a table. An identity column that is ALWAYS the server's takes values for as long as that lasts.
fn rows(raw: &Raw, table: &str, to: &str) -> Rows {
    let columns = raw.columns.iter().filter(|column| column.table == table);
    let written: Vec<_> = columns.filter(|column| column.is_virtual != "YES").collect();
    let (source, target) =
        (format!("{}.{}", ident(&raw.owner), ident(table)), format!("{}.{}", ident(to), ident(table)));
    let names = idents(written.iter().map(|column| column.name.as_str()));
    let mut statements = Statements::new();
    let is_always = |name: &str| {
        raw.identities.iter().any(|it| it.table == table && it.column == name && it.generation == "ALWAYS")
    };
    let always = written.iter().find(|column| is_always(&column.name));
    if let Some(column) = always {
        let name = ident(&column.name);
        statements.push(format!("ALTER TABLE {target} MODIFY ({name} GENERATED BY DEFAULT AS IDENTITY)"));
    }
    statements.push(if written.iter().any(|column| column.data_type.starts_with("LONG")) {
        // SQL takes no LONG out of a query, PL/SQL does.
        let values: Vec<String> = written.iter().map(|column| format!("r.{}", ident(&column.name))).collect();
        format!(
            "BEGIN FOR r IN (SELECT {names} FROM {source}) LOOP INSERT INTO {target} ({names}) VALUES ({}); END LOOP; END;",
            values.join(", ")
        )
    } else {
        format!("INSERT INTO {target} ({names}) SELECT {names} FROM {source}")
    });
    if let Some(said) = always.and_then(|column| Some((column, tables::identity(raw, column)?))) {
        // What defines something would commit in any case.
        statements.push("COMMIT".to_owned());
        let (column, identity) = said;
        statements.push(format!("ALTER TABLE {target} MODIFY ({} {identity})", ident(&column.name)));
    }
    Rows { table: table.to_owned(), statements }
}

#[cfg(test)]
mod tests;
