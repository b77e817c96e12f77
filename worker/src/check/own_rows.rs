//! The user's own rows, which replace generated ones table by table.

use std::io;
use std::path::Path;

use mrt_chain::graph::Chain;
use mrt_chain::settings::{Seed, SeedSource};

use crate::check::CheckError;
use crate::check::slot::{Steps, TargetContext};
use crate::database::Session;
use crate::database::catalog::{Catalog, TableName};
use crate::database::rows::{NewRow, Value};
use crate::program::Program;

/// Whether these rows fit the database in which `revision` is checked.
pub(crate) fn fits(chain: &Chain, seed: &Seed, revision: &str) -> bool {
    let order = |id: &str| chain.resolve(id).ok().and_then(|known| chain.position(&known.id));
    let Some(here) = order(revision) else { return false };
    let after_from = seed.from.as_deref().is_none_or(|from| order(from).is_some_and(|from| from <= here));
    let before_to = seed.to.as_deref().is_none_or(|to| order(to).is_some_and(|to| here <= to));
    after_from && before_to
}

/// Writes the user's rows. `Err` inside is the database's (or the command's) own words.
pub(crate) async fn write(
    target: &TargetContext,
    steps: &Steps<'_>,
    session: &mut dyn Session,
    catalog: &Catalog,
    table: &TableName,
    seed: &Seed,
) -> Result<Result<(), String>, CheckError> {
    match &seed.source {
        SeedSource::InlineSql(sql) => script(session, sql).await,
        SeedSource::Sql(file) => match std::fs::read_to_string(file) {
            Ok(sql) => script(session, &sql).await,
            Err(error) => Ok(Err(format!("cannot read {}: {error}", file.display()))),
        },
        SeedSource::Csv(file) => match read_csv(file, catalog, table) {
            Ok(rows) => {
                let refused = session.insert(&rows, true).await?.into_iter().find_map(Result::err);
                Ok(refused.map_or(Ok(()), |rejection| Err(rejection.message)))
            }
            Err(words) => Ok(Err(words)),
        },
        SeedSource::Command(words) => command(target, steps, words).await,
    }
}

async fn script(session: &mut dyn Session, sql: &str) -> Result<Result<(), String>, CheckError> {
    Ok(session.execute_script(sql).await?.map_err(|rejection| rejection.message))
}

/// Reads a CSV file with a header line. An empty field that is not quoted would be NULL, but the reader cannot
/// tell the two apart, so every empty field is NULL where the column allows it.
fn read_csv(file: &std::path::Path, catalog: &Catalog, table: &TableName) -> Result<Vec<NewRow>, String> {
    let known = catalog.tables.get(table).ok_or_else(|| format!("there is no table {table}"))?;
    let mut reader =
        csv::Reader::from_path(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let header = reader.headers().map_err(|error| format!("{}: {error}", file.display()))?.clone();
    let mut columns = Vec::new();
    for name in &header {
        let column = known.columns.iter().find(|column| column.name == name);
        columns.push(column.ok_or_else(|| format!("{}: {table} has no column {name}", file.display()))?);
    }
    let overrides_identity = columns.iter().any(|column| column.identity_always);
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| format!("{}: {error}", file.display()))?;
        let values = record.iter().zip(&columns).map(|(field, column)| {
            let value =
                if field.is_empty() && column.nullable { Value::Null } else { Value::Text(field.to_owned()) };
            (column.name.clone(), value)
        });
        rows.push(NewRow {
            table: table.clone(),
            values: values.collect(),
            primary_key: known.primary_key.clone(),
            overrides_identity,
        });
    }
    Ok(rows)
}

/// Runs the user's command with the URL of the clone, in an environment without anything of ours.
async fn command(
    target: &TargetContext,
    steps: &Steps<'_>,
    words: &[String],
) -> Result<Result<(), String>, CheckError> {
    let Some((program, arguments)) = words.split_first() else {
        return Ok(Err("the seed command is empty".to_owned()));
    };
    let limit = target.suite.timeout;
    let mut command = Program::new(Path::new(program), &target.suite.dir, target.hosts.run_as());
    command
        .args(arguments)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("DATABASE_URL", steps.url())
        .envs(target.suite.env.iter().map(|(name, value)| (name, value.replace("{url}", &steps.url()))));
    let output = match command.output(limit).await {
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            return Ok(Err(format!("{program} did not end within {limit:?}")));
        }
        Err(error) => return Ok(Err(format!("cannot run {program}: {error}"))),
        Ok(output) => output,
    };
    if output.status.success() {
        return Ok(Ok(()));
    }
    let words = String::from_utf8_lossy(&output.stderr);
    if output.was_not_run() {
        return Ok(Err(words.trim_end().to_owned()));
    }
    let last = words.lines().rev().take(5).collect::<Vec<_>>();
    Ok(Err(format!(
        "{program} ended with {}: {}",
        output.status,
        last.into_iter().rev().collect::<Vec<_>>().join(" | ")
    )))
}
