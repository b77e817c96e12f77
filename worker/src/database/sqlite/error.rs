//! What SQLite's errors mean to us.

use std::io;
use std::path::Path;

use crate::database::DatabaseError;
use crate::database::rows::{Reason, Rejection};

/// SQLite's result codes, as far as they are told apart; the low byte is the primary code.
mod code {
    pub(super) const ERROR: i32 = 1;
    pub(super) const ABORT: i32 = 4;
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const NOMEM: i32 = 7;
    pub(super) const IOERR: i32 = 10;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const TOOBIG: i32 = 18;
    pub(super) const CONSTRAINT: i32 = 19;
    pub(super) const MISMATCH: i32 = 20;
    pub(super) const RANGE: i32 = 25;
    pub(super) const CORRUPT_VTAB: i32 = 267;
    pub(super) const CONSTRAINT_FOREIGN_KEY: i32 = 787;
    pub(super) const CONSTRAINT_TRIGGER: i32 = 1811;
}

fn code_of(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}

/// An error of ours from one of the driver's. `path` is the database's file.
pub(super) fn engine_error(error: sqlx::Error, action: &str, path: &Path) -> DatabaseError {
    let action = action.to_owned();
    let database = name_of(path);
    match error {
        sqlx::Error::Io(error) => io_error(error, &action, path),
        sqlx::Error::WorkerCrashed => DatabaseError::ServerGone { action, source: Box::new(error) },
        error => match code_of(&error).map(|code| code & 0xff) {
            Some(code::BUSY | code::LOCKED) => DatabaseError::Locked { action, database },
            Some(code::CANTOPEN | code::IOERR) if !path.exists() => {
                DatabaseError::NoDatabase { action, database }
            }
            // An I/O error is never what a migration did: a full disk shows in this way too, through shared memory.
            Some(code::FULL | code::NOMEM | code::IOERR) => {
                DatabaseError::Exhausted { action, source: Box::new(error) }
            }
            _ => DatabaseError::Refused { action, source: Box::new(error) },
        },
    }
}

/// An error of ours from one of the operating system's.
pub(super) fn io_error(error: io::Error, action: &str, path: &Path) -> DatabaseError {
    use io::ErrorKind::{NotFound, OutOfMemory, QuotaExceeded, StorageFull};
    /// Too many open files, in this process and in the system.
    const OPEN_FILES: [i32; 2] = [nix::libc::EMFILE, nix::libc::ENFILE];

    let action = action.to_owned();
    match error.kind() {
        NotFound => DatabaseError::NoDatabase { action, database: name_of(path) },
        StorageFull | QuotaExceeded | OutOfMemory => {
            DatabaseError::Exhausted { action, source: Box::new(error) }
        }
        _ if error.raw_os_error().is_some_and(|errno| OPEN_FILES.contains(&errno)) => {
            DatabaseError::Exhausted { action, source: Box::new(error) }
        }
        _ => DatabaseError::Refused { action, source: Box::new(error) },
    }
}

fn name_of(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A refused statement: the row's fault, or the database's.
#[derive(Debug)]
pub(super) enum Refusal {
    /// SQLite looked at the row (or the user's SQL) and said no.
    Row {
        /// Its answer.
        rejection: Rejection,
        /// A trigger said no, which can have ended the transaction or left the work half done.
        by_trigger: bool,
        /// A foreign key said no, without telling which.
        by_foreign_key: bool,
    },
    /// The statement could not be tried.
    Engine(DatabaseError),
}

impl From<DatabaseError> for Refusal {
    fn from(error: DatabaseError) -> Self {
        Self::Engine(error)
    }
}

/// What a refused statement on `table` means; without a table it is the user's SQL.
pub(super) fn refusal(error: sqlx::Error, table: Option<&str>, action: &str, path: &Path) -> Refusal {
    let Some(extended) = code_of(&error) else {
        return Refusal::Engine(engine_error(error, action, path));
    };
    let of_the_row = matches!(
        extended & 0xff,
        code::ERROR | code::ABORT | code::TOOBIG | code::CONSTRAINT | code::MISMATCH | code::RANGE
    ) || extended == code::CORRUPT_VTAB;
    if !of_the_row {
        return Refusal::Engine(engine_error(error, action, path));
    }
    let message =
        error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    let by_value = matches!(extended & 0xff, code::TOOBIG | code::MISMATCH);
    Refusal::Row {
        rejection: if by_value {
            plain(message, Reason::Value)
        } else {
            rejection(message, table.unwrap_or_default())
        },
        by_trigger: extended == code::CONSTRAINT_TRIGGER,
        by_foreign_key: extended == code::CONSTRAINT_FOREIGN_KEY,
    }
}

/// Whether SQLite said that storage is full. It also says so where an AUTOINCREMENT has no number left.
pub(super) fn says_full(error: &sqlx::Error) -> bool {
    code_of(error) == Some(code::FULL)
}

/// A rejection that names nothing.
pub(super) fn plain(message: impl Into<String>, reason: Reason) -> Rejection {
    Rejection { message: message.into(), reason, constraint: None, columns: Vec::new() }
}

/// Reads SQLite's message; it names columns as `table.column`.
fn rejection(message: String, table: &str) -> Rejection {
    let after = |start: &str| message.strip_prefix(start).map(str::to_owned);
    let column = |qualified: &str| {
        let own = qualified.get(..table.len()).is_some_and(|own| own.eq_ignore_ascii_case(table));
        let name = if own { qualified[table.len()..].strip_prefix('.') } else { None };
        name.unwrap_or_else(|| qualified.rsplit('.').next().unwrap_or(qualified)).to_owned()
    };

    let (reason, constraint, columns) = if let Some(what) = after("UNIQUE constraint failed: ") {
        match what.strip_prefix("index '").and_then(|rest| rest.strip_suffix('\'')) {
            Some(index) => (Reason::Unique, Some(index.to_owned()), Vec::new()),
            None => (Reason::Unique, None, what.split(", ").map(column).collect()),
        }
    } else if let Some(what) = after("NOT NULL constraint failed: ") {
        (Reason::NotNull, None, vec![column(&what)])
    } else if let Some(what) = after("CHECK constraint failed: ") {
        // A constraint without a name is named by its condition.
        let is_name = what.chars().all(|c| c.is_alphanumeric() || c == '_');
        (Reason::Check, is_name.then_some(what), Vec::new())
    } else if message.starts_with("FOREIGN KEY constraint failed")
        || message.starts_with("foreign key mismatch")
    {
        (Reason::ForeignKey, None, Vec::new())
    } else if message.starts_with("cannot store ") {
        (Reason::Value, None, message.rsplit(" column ").next().map(column).into_iter().collect())
    } else {
        (Reason::Other, None, Vec::new())
    };
    Rejection { message, reason, constraint, columns }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_tell_the_reason_and_the_columns() {
        let read = |message: &str| {
            let rejection = rejection(message.to_owned(), "my.t");
            (rejection.reason, rejection.constraint, rejection.columns)
        };
        assert_eq!(
            read("UNIQUE constraint failed: my.t.a, my.t.b.c"),
            (Reason::Unique, None, vec!["a".into(), "b.c".into()])
        );
        assert_eq!(
            read("UNIQUE constraint failed: index 'ix_lower'"),
            (Reason::Unique, Some("ix_lower".into()), vec![])
        );
        assert_eq!(read("NOT NULL constraint failed: other.x"), (Reason::NotNull, None, vec!["x".into()]));
        assert_eq!(read("CHECK constraint failed: ck_age"), (Reason::Check, Some("ck_age".into()), vec![]));
        assert_eq!(read("CHECK constraint failed: age > 0"), (Reason::Check, None, vec![]));
        assert_eq!(read("FOREIGN KEY constraint failed").0, Reason::ForeignKey);
        assert_eq!(
            read("cannot store TEXT value in INTEGER column my.t.n"),
            (Reason::Value, None, vec!["n".into()])
        );
        assert_eq!(read("you shall not pass").0, Reason::Other);
    }

    #[test]
    fn a_full_disk_is_nobodys_verdict() {
        let path = Path::new("/nowhere/mrt_x_0001.db");
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert!(matches!(io_error(full, "copy", path), DatabaseError::Exhausted { .. }));
        let files = io::Error::from_raw_os_error(nix::libc::EMFILE);
        assert!(matches!(io_error(files, "copy", path), DatabaseError::Exhausted { .. }));
        let gone = io::Error::from(io::ErrorKind::NotFound);
        match io_error(gone, "copy", path) {
            DatabaseError::NoDatabase { database, .. } => assert_eq!(database, "mrt_x_0001"),
            other => panic!("{other:?}"),
        }
    }
}
