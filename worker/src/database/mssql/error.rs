//! What the server's errors mean to us, by their numbers.

use std::error::Error;
use std::fmt;

use tiberius::error::Error as Wire;

use crate::database::DatabaseError;
use crate::database::rows::{Reason, Rejection};

/// An error in the server's own words; a flat source, because the driver's repeats itself.
#[derive(Debug)]
struct ServerError {
    number: u32,
    message: String,
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.number)
    }
}

impl Error for ServerError {}

/// What an error's number says about the server, rather than about the statement. One list for errors of ours and for those
/// that a migration's driver reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It went away, shuts down, or ended the session.
    Gone,
    /// It has run out of something that is shared.
    Exhausted,
    /// Of room for data, in particular.
    Room,
}

/// Sorts a number.
pub(super) fn trouble(number: u32) -> Option<Trouble> {
    Some(match number {
        // The session is being ended; shutdown under way, by request; paused; no logins are let in.
        596 | 6005 | 6006 | 17142 | 17147 | 18401 | 18451 => Trouble::Gone,
        // What Windows says of a connection that broke, by the numbers that drivers show.
        10053 | 10054 | 10060 | 10061 => Trouble::Gone,
        // FreeTDS: no answer in time, read or write failed, cannot connect, closed by the other side, dead.
        20002..=20004 | 20006 | 20009 | 20017 | 20047 => Trouble::Gone,
        // Memory: of the pool, of the buffers, for a query within its time, below what a query needs, for a task or a login.
        701 | 802 | 8645 | 8651 | 17300 | 17312 | 17803 => Trouble::Exhausted,
        // Locks, connections, worker threads, waits for a page that another holds.
        1204 | 10928 | 10929 | 17809 | 845 => Trouble::Exhausted,
        // A filegroup, page allocation, the log; then the disk below them when a file is made, grown, restored or
        // backed up.
        1101 | 1105 | 9002 | 3202 | 3257 | 5149 => Trouble::Room,
        _ => return None,
    })
}

/// From this severity on an error ends its session.
const FATAL: u8 = 20;

/// The number of an error that the server itself reported.
pub(super) fn number(error: &Wire) -> Option<u32> {
    error.code()
}

/// Sorts an error by what can be done about it.
pub(super) fn classify(error: Wire, action: &str, database: &str) -> DatabaseError {
    let action = action.to_owned();
    let told = match error {
        Wire::Server(told) => told,
        // The connection ended, or what came over it was no answer.
        error @ (Wire::Io { .. } | Wire::Tls(_) | Wire::Protocol(_)) => {
            return DatabaseError::ServerGone { action, source: error.into() };
        }
        error => return DatabaseError::Refused { action, source: error.into() },
    };
    sorted(told.code(), told.class(), told.message(), action, database)
}

/// Sorts what the server said, by its number and severity.
pub(super) fn sorted(
    number: u32,
    severity: u8,
    message: &str,
    action: String,
    database: &str,
) -> DatabaseError {
    let database = database.to_owned();
    let source = Box::new(ServerError { number, message: message.to_owned() });
    match trouble(number) {
        Some(Trouble::Gone) => return DatabaseError::ServerGone { action, source },
        Some(Trouble::Exhausted | Trouble::Room) => return DatabaseError::Exhausted { action, source },
        None => {}
    }
    match number {
        // No such database, in USE or at login.
        911 | 4060 => DatabaseError::NoDatabase { action, database },
        // A lock that was not had in time, a deadlock in which we gave way; the database is in use, can have one user alone, is
        // being backed up, or `model` is being copied; the login is still in use.
        1205 | 1222 | 924 | 1807 | 3023 | 3702 | 5030 | 5061 | 5064 | 5070 | 15434 => {
            DatabaseError::Locked { action, database }
        }
        _ if severity >= FATAL => DatabaseError::ServerGone { action, source },
        _ => DatabaseError::Refused { action, source },
    }
}

/// A refusal of what was to be written; an error that says nothing about the row comes back as such.
pub(super) fn rejection(error: Wire, action: &str, database: &str) -> Result<Rejection, DatabaseError> {
    match &error {
        Wire::Server(told) if is_about_statement(told.code()) && told.class() < FATAL => {
            Ok(refusal(told.code(), told.message().to_owned()))
        }
        _ => Err(classify(error, action, database)),
    }
}

/// Whether a number speaks of what was to be done, and of nothing that somebody else holds or the server lacks.
pub(super) fn is_about_statement(number: u32) -> bool {
    trouble(number).is_none() && !matches!(number, 911 | 4060 | 1205 | 1222 | 924)
}

/// A refusal by its number and words.
pub(super) fn refusal(number: u32, message: String) -> Rejection {
    let reason = match number {
        547 if message.contains("CHECK constraint") => Reason::Check,
        547 => Reason::ForeignKey,
        550 => Reason::Check,
        2601 | 2627 | 1505 => Reason::Unique,
        515 | 339 => Reason::NotNull,
        _ if is_about_value(number) => Reason::Value,
        _ => Reason::Other,
    };
    let after = |words: &[&str]| words.iter().find_map(|words| quoted_after(&message, words));
    let constraint = match reason {
        Reason::Check | Reason::ForeignKey | Reason::Unique => {
            after(&["constraint ", "unique index ", "index name "])
        }
        _ => None,
    };
    let columns = match reason {
        Reason::Check | Reason::ForeignKey => after(&["\", column ", "', column "]),
        Reason::NotNull | Reason::Value => {
            after(&["into column ", "', column ", "\", column ", "for column "])
        }
        _ => None,
    };
    Rejection { message, reason, constraint, columns: columns.into_iter().collect() }
}

/// Whether a number says that a value does not fit what it is for.
pub(super) fn is_about_value(number: u32) -> bool {
    is_about_words(number)
        || matches!(
            number,
            // Overflows of integers, money, decimals and dates; division by zero.
            220 | 232 | 237 | 238 | 242 | 244 | 246 | 248 | 517 | 535 | 3606 | 3607 | 8115 | 8134
            // Types that do not go into each other.
            | 206 | 257 | 529 | 8116
            // Too long; for a row; for the key of an index.
            | 2628 | 8152 | 511 | 1946 | 1944 | 7139
            // What a type of the common language runtime raises: hierarchyid, geometry, geography.
            | 6522
        )
        // A value that its XML schema does not allow.
        || (6900..=6999).contains(&number)
}

/// Whether a number says that a text could not be read as something else.
pub(super) fn is_about_words(number: u32) -> bool {
    // Dates and times, numbers, money, small dates; any type; UUIDs; JSON.
    matches!(number, 235 | 241 | 245 | 295 | 296 | 8114 | 8169 | 13608..=13612)
        // What is not XML.
        || (9400..=9499).contains(&number)
}

/// The name in quotes of either sort right behind `words`. A quote within a name is not doubled, so that it is the next quote
/// after which the sentence goes on that ends it.
fn quoted_after(message: &str, words: &str) -> Option<String> {
    let at = message
        .match_indices(words)
        .map(|(at, _)| at + words.len())
        .find(|at| message[*at..].starts_with(['\'', '"']))?;
    let quote = message[at..].chars().next()?;
    let rest = &message[at + 1..];
    let ends = |at: &usize| rest[at + 1..].chars().next().is_none_or(|c| matches!(c, '.' | ',' | ';' | ' '));
    let end = rest.match_indices(quote).map(|(at, _)| at).find(ends)?;
    Some(rest[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(number: u32, message: &str) -> (Reason, Option<String>, Vec<String>) {
        let it = refusal(number, message.to_owned());
        (it.reason, it.constraint, it.columns)
    }

    fn some(name: &str) -> Option<String> {
        Some(name.to_owned())
    }

    #[test]
    fn refusals_name_constraints_and_columns() {
        let column = |name: &str| vec![name.to_owned()];
        let conflict = |verb: &str, what: &str, end: &str| {
            format!(
                "The {verb} statement conflicted with the {what} \"the name\". The conflict occurred in database \"d\", \
                 table \"dbo.t\"{end}."
            )
        };
        assert_eq!(
            told(547, &conflict("INSERT", "CHECK constraint", ", column 'n'")),
            (Reason::Check, some("the name"), column("n"))
        );
        assert_eq!(
            told(547, &conflict("UPDATE", "FOREIGN KEY constraint", ", column 'n'")),
            (Reason::ForeignKey, some("the name"), column("n"))
        );
        assert_eq!(
            told(547, &conflict("DELETE", "SAME TABLE REFERENCE constraint", "")),
            (Reason::ForeignKey, some("the name"), Vec::new())
        );
        assert_eq!(
            told(
                2627,
                "Violation of UNIQUE KEY constraint 'it's'. Cannot insert duplicate key in object 'dbo.t'. The duplicate \
                 key value is (1)."
            ),
            (Reason::Unique, some("it's"), Vec::new())
        );
        assert_eq!(
            told(
                2601,
                "Cannot insert duplicate key row in object 'dbo.t' with unique index 'ix'. The duplicate key value is (1)."
            ),
            (Reason::Unique, some("ix"), Vec::new())
        );
        assert_eq!(
            told(
                515,
                "Cannot insert the value NULL into column 'c d', table 'd.dbo.t'; column does not allow nulls. INSERT fails."
            ),
            (Reason::NotNull, None, column("c d"))
        );
        assert_eq!(
            told(
                2628,
                "String or binary data would be truncated in table 'd.dbo.t', column 'c'. Truncated value: 'it'."
            ),
            (Reason::Value, None, column("c"))
        );
        assert_eq!(told(50000, "no").0, Reason::Other);
    }

    #[test]
    fn numbers_are_sorted() {
        assert_eq!(trouble(1105), Some(Trouble::Room));
        assert_eq!(trouble(9002), Some(Trouble::Room));
        assert_eq!(trouble(701), Some(Trouble::Exhausted));
        assert_eq!(trouble(596), Some(Trouble::Gone));
        assert_eq!(trouble(20047), Some(Trouble::Gone));
        assert_eq!(trouble(547), None);
        assert_eq!(trouble(3906), None);
        assert!(is_about_statement(547));
        assert!(!is_about_statement(1205));
    }

    #[test]
    fn a_broken_connection_is_a_server_that_is_gone() {
        let error = Wire::Io { kind: std::io::ErrorKind::ConnectionReset, message: "reset".to_owned() };
        assert!(matches!(classify(error, "read", "d"), DatabaseError::ServerGone { .. }));
    }
}
