//! Reports that were kept as JSON.

use std::fs;
use std::path::Path;

use mrt_ops::connect::Connection;
use mrt_report::{Report, from_json};

use crate::error::CliError;
use crate::farm::{Farm, Fetched};

/// The report in a file.
pub(crate) fn read(file: &Path) -> Result<Report, CliError> {
    let text = fs::read_to_string(file).map_err(|source| CliError::Path {
        what: "the report",
        path: file.to_owned(),
        source,
    })?;
    from_json(&text).map_err(|source| CliError::Saved { path: file.to_owned(), source })
}

/// The file that is meant, where it is no run on a farm. Runs are called by numbers; what cannot be one is a file, and told of as
/// one where it is not there.
pub(crate) fn file(name: &str) -> Option<&Path> {
    let file = Path::new(name);
    (file.is_file() || name.contains(['/', '.'])).then_some(file)
}

/// What there is of a report: the one in a file of this name, or else what `of_run` gets of a run on the farm.
pub(crate) fn fetch(
    name: &str,
    connection: &Connection,
    of_run: impl AsyncFnOnce(&Farm) -> Result<Fetched, CliError>,
) -> Result<Fetched, CliError> {
    if let Some(file) = file(name) {
        return Ok(Fetched::whole(read(file)?));
    }
    let runtime = tokio::runtime::Runtime::new().map_err(CliError::Runtime)?;
    runtime.block_on(async { of_run(&Farm::at(connection)?).await })
}
