//! What the server's errors mean to us.

use std::error::Error;
use std::fmt;

use sqlx::postgres::PgDatabaseError;

use crate::database::DatabaseError;
use crate::database::rows::{Reason, Rejection};

/// An error in the server's own words; a flat source, because the driver's repeats itself.
#[derive(Debug)]
struct ServerError {
    code: String,
    message: String,
    detail: Option<String>,
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(detail) = &self.detail {
            write!(f, " ({detail})")?;
        }
        write!(f, " [{}]", self.code)
    }
}

impl Error for ServerError {}

/// The SQLSTATE of an error that the server itself reported.
pub(super) fn code(error: &sqlx::Error) -> Option<&str> {
    server_error(error).map(PgDatabaseError::code)
}

fn server_error(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()
}

/// Sorts an error by what can be done about it.
pub(super) fn classify(error: sqlx::Error, action: &str, database: &str) -> DatabaseError {
    let action = action.to_owned();
    let Some(told) = server_error(&error) else {
        return match error {
            sqlx::Error::Io(source) => DatabaseError::ServerGone { action, source: source.into() },
            sqlx::Error::Tls(source) => DatabaseError::ServerGone { action, source },
            other => DatabaseError::Refused { action, source: other.into() },
        };
    };
    let database = database.to_owned();
    let source = Box::new(ServerError {
        code: told.code().to_owned(),
        message: told.message().to_owned(),
        detail: told.detail().map(str::to_owned),
    });
    match told.code() {
        "3D000" | "57P04" => DatabaseError::NoDatabase { action, database },
        "55P03" => DatabaseError::Locked { action, database },
        "57P01" | "57P02" | "57P03" => DatabaseError::ServerGone { action, source },
        // A file that the SQL at hand names, as an extension's control file.
        "58P01" | "58P02" => DatabaseError::Refused { action, source },
        code => match code.get(..2) {
            Some("08") => DatabaseError::ServerGone { action, source },
            Some("53" | "58") => DatabaseError::Exhausted { action, source },
            _ => DatabaseError::Refused { action, source },
        },
    }
}

/// A refusal of what was to be written; an error that says nothing about the row comes back as such.
pub(super) fn rejection(
    error: sqlx::Error,
    action: &str,
    database: &str,
) -> Result<Rejection, DatabaseError> {
    let Some(told) = server_error(&error) else { return Err(classify(error, action, database)) };
    let reason = match told.code() {
        "23514" => Reason::Check,
        "23505" => Reason::Unique,
        "23503" => Reason::ForeignKey,
        "23502" => Reason::NotNull,
        "23P01" => Reason::Exclusion,
        "42804" => Reason::Value,
        // A time limit hit by a trigger is the row's doing; a session that was ended is not.
        "57014" | "58P01" | "58P02" => Reason::Other,
        code => match code.get(..2) {
            Some("22") => Reason::Value,
            Some("08" | "53" | "57" | "58") => return Err(classify(error, action, database)),
            _ if matches!(code, "55P03" | "40P01" | "40001") => {
                return Err(classify(error, action, database));
            }
            _ => Reason::Other,
        },
    };
    let columns = match told.column() {
        Some(column) => vec![column.to_owned()],
        None => told.detail().map(key_columns).unwrap_or_default(),
    };
    let message = match told.detail() {
        Some(detail) => format!("{}: {detail}", told.message()),
        None => told.message().to_owned(),
    };
    Ok(Rejection { message, reason, constraint: told.constraint().map(str::to_owned), columns })
}

/// Where a refusal points to: table and the row's key, for constraints checked at the end of a transaction.
pub(super) struct Culprit {
    /// Schema and table.
    pub(super) table: (String, String),
    /// Columns and their values as the server prints them, when it says so.
    pub(super) key: Option<(Vec<String>, String)>,
}

/// What a refused deferred constraint says about the row at fault.
pub(super) fn culprit(error: &sqlx::Error) -> Option<Culprit> {
    let told = server_error(error)?;
    let table = (told.schema()?.to_owned(), told.table()?.to_owned());
    let key = told.detail().and_then(|detail| {
        let columns = key_columns(detail);
        let values = detail.split_once(")=(")?.1.rsplit_once(") ")?.0;
        (!columns.is_empty()).then(|| (columns, values.to_owned()))
    });
    Some(Culprit { table, key })
}

/// The columns of `Key (a, b)=(1, 2) already exists.`; none where it speaks of an expression.
fn key_columns(detail: &str) -> Vec<String> {
    let Some(inner) = detail.strip_prefix("Key (").and_then(|d| d.split_once(")=(")).map(|(c, _)| c) else {
        return Vec::new();
    };
    if inner.contains('(') {
        return Vec::new();
    }
    inner.split(", ").map(|c| c.trim_matches('"').replace("\"\"", "\"")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_name_columns() {
        assert_eq!(key_columns("Key (a, \"B c\")=(1, 2) already exists."), ["a", "B c"]);
        assert!(key_columns("Key (lower(a))=(x) already exists.").is_empty());
        assert!(key_columns("Failing row contains (1).").is_empty());
    }

    #[test]
    fn a_broken_connection_is_a_server_that_is_gone() {
        let error = sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
        assert!(matches!(classify(error, "read", "d"), DatabaseError::ServerGone { .. }));
    }
}
