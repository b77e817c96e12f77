//! What the server and its client library say went wrong, by number.

use super::numbers::{self, Trouble, trouble};
use crate::database::DatabaseError;
use crate::database::rows::{Reason, Rejection};

/// What a call can fail with.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The server refused it; the message begins with `ORA-`.
    #[error("{message}")]
    Server {
        /// The number behind `ORA-`.
        number: u32,
        message: String,
        /// Where in the statement, in bytes, if it says so.
        offset: u32,
    },
    /// The driver or its library did.
    #[error("{message}")]
    Driver {
        /// The number behind `DPI-`, if there is one.
        number: Option<u32>,
        message: String,
    },
    /// The client library is not on this machine.
    #[error(
        "Oracle's client library (libclntsh.so) cannot be loaded on this machine; install the Basic package of Oracle Instant \
         Client (19 or later, https://www.oracle.com/database/technologies/instant-client/downloads.html) and libaio, and \
         let the variable LD_LIBRARY_PATH or ldconfig name its directory before the program starts ({message})"
    )]
    NoClient { message: String },
    /// No answer came in time.
    #[error("the server does not answer")]
    Silent,
    /// The connection's thread is gone, or a call of its was broken.
    #[error("the connection has ended")]
    Ended,
    /// No thread could be started for a connection.
    #[error("cannot start a thread for a connection")]
    Thread(#[source] std::io::Error),
}

impl Error {
    /// The number of an error that the server itself reported.
    pub(super) fn number(&self) -> Option<u32> {
        match self {
            Self::Server { number, .. } => Some(*number),
            _ => None,
        }
    }

    /// Whether the connection that reported it is of no more use.
    pub(super) fn ends_connection(&self) -> bool {
        match self {
            Self::Server { number, .. } => trouble(*number) == Some(Trouble::Gone),
            Self::Driver { number, .. } => number.is_some_and(is_gone),
            Self::NoClient { .. } | Self::Silent | Self::Ended | Self::Thread(_) => true,
        }
    }
}

/// Of the driver's own numbers: not connected, the connection was closed by the other side, timed out.
fn is_gone(number: u32) -> bool {
    matches!(number, 1010 | 1067 | 1080)
}

/// What the driver reports.
pub(super) fn driver(error: oracle::Error) -> Error {
    let Some(told) = error.db_error() else {
        return Error::Driver { number: None, message: error.to_string() };
    };
    let message = without_help(told.message());
    match u32::try_from(told.code()) {
        Ok(number) if number != 0 && !message.starts_with("DPI-") => {
            behind(Error::Server { number, message, offset: told.offset() })
        }
        _ => Error::Driver { number: dpi_number(&message), message: message.replace('\n', " ") },
    }
}

fn dpi_number(message: &str) -> Option<u32> {
    let rest = message.strip_prefix("DPI-")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Since 23 a message ends with a link to its explanation.
fn without_help(message: &str) -> String {
    let message = message.split("\nHelp: https://").next().unwrap_or(message);
    message.trim_end().to_owned()
}

/// Sorts an error by what can be done about it.
pub(super) fn classify(error: Error, action: &str, database: &str) -> DatabaseError {
    let (action, database) = (action.to_owned(), database.to_owned());
    if error.ends_connection() && !matches!(error, Error::NoClient { .. } | Error::Thread(_)) {
        return DatabaseError::ServerGone { action, source: error.into() };
    }
    match (&error, error.number()) {
        (Error::Thread(_), _) => DatabaseError::Exhausted { action, source: error.into() },
        (_, Some(number)) => match (trouble(number), number) {
            (Some(Trouble::Gone), _) => DatabaseError::ServerGone { action, source: error.into() },
            (Some(Trouble::Exhausted | Trouble::Room), _) => {
                DatabaseError::Exhausted { action, source: error.into() }
            }
            // No such user, as after its end.
            (None, 1435 | 1918) => DatabaseError::NoDatabase { action, database },
            // A resource is busy, a wait for a lock has timed out.
            (None, 54 | 4021 | 30006 | 60) => DatabaseError::Locked { action, database },
            // Somebody has ended the statement, and nobody but who ends the session does so.
            (None, 1013) => DatabaseError::ServerGone { action, source: error.into() },
            (None, _) => DatabaseError::Refused { action, source: error.into() },
        },
        _ => DatabaseError::Refused { action, source: error.into() },
    }
}

/// A refusal of what was to be written; an error that says nothing about the row comes back as such.
pub(super) fn rejection(error: Error, action: &str, database: &str) -> Result<Rejection, DatabaseError> {
    match error {
        Error::Server { number, message, .. }
            if trouble(number).is_none()
                && !matches!(number, 54 | 60 | 1013 | 1435 | 1918 | 4021 | 30006) =>
        {
            Ok(refusal(number, message))
        }
        other => Err(classify(other, action, database)),
    }
}

/// What is behind an error that only says that a transaction was rolled back (a constraint that was checked at its end), or that
/// a statement of the server's own failed (a resource that is busy).
fn behind(error: Error) -> Error {
    match error {
        Error::Server { number: outer @ (604 | 2091), message, offset } => {
            let cause = message.split_once('\n').map(|(_, rest)| rest.to_owned());
            match cause.as_deref().and_then(|text| numbers::number(None, text)).zip(cause) {
                Some((number, message)) => Error::Server { number, message, offset },
                None => Error::Server { number: outer, message, offset },
            }
        }
        other => other,
    }
}

/// A refusal by its number and words.
pub(super) fn refusal(number: u32, message: String) -> Rejection {
    let reason = reason(number);
    let named = in_parentheses(&message);
    let constraint = match reason {
        Reason::Unique | Reason::ForeignKey | Reason::Check => named.and_then(|name| last(&name)),
        _ => None,
    };
    let columns = match reason {
        // ("OWNER"."TABLE"."COLUMN")
        Reason::NotNull | Reason::Value => column(&message).into_iter().collect(),
        _ => Vec::new(),
    };
    Rejection { message, reason, constraint, columns }
}

fn reason(number: u32) -> Reason {
    match number {
        1 => Reason::Unique,
        2291 | 2292 => Reason::ForeignKey,
        // A check, and one of a domain; no partition takes the row, or not the one that was named; a view's CHECK OPTION.
        2290 | 11534 | 14400 | 14401 | 14402 | 1402 => Reason::Check,
        1400 | 1407 => Reason::NotNull,
        _ if is_about_value(number) => Reason::Value,
        _ => Reason::Other,
    }
}

/// Whether a number says that a value does not fit what it is for.
pub(super) fn is_about_value(number: u32) -> bool {
    matches!(
        number,
        // Precision, too large for a column, numeric overflow, not a number, hexadecimal, character sets.
        1438 | 12899 | 1426 | 1722 | 1465 | 1401 | 1461 | 1489 | 1704 | 6502 | 12704 | 1476 | 1481 | 12713
        // Dates, timestamps, intervals, time zones.
            | 1830..=1899 | 932 | 910
        // JSON, XML, vectors, booleans.
            | 40441 | 40442 | 40478 | 40569 | 40587 | 31011 | 31061 | 19202 | 51803..=51815 | 61800..=61850
        // Intervals and a date's form, by their newer numbers; spatial data.
            | 13199 | 13365 | 54415
    )
}

/// What stands in the first parentheses, as names do there: `unique constraint (MRT.UQ_T) violated`.
fn in_parentheses(message: &str) -> Option<String> {
    let line = message.lines().next()?;
    let (_, rest) = line.split_once('(')?;
    let (inner, _) = rest.split_once(')')?;
    Some(inner.to_owned())
}

/// The last part of a dotted name, quotes taken off.
fn last(name: &str) -> Option<String> {
    let part = name.rsplit('.').next()?.trim().trim_matches('"');
    (!part.is_empty()).then(|| part.to_owned())
}

/// The column of `("OWNER"."TABLE"."COLUMN")`, or of `column "OWNER"."TABLE"."COLUMN"`.
fn column(message: &str) -> Option<String> {
    let line = message.lines().next()?;
    let mut parts = line.split('"').skip(1).step_by(2);
    let (_, _, column) = (parts.next()?, parts.next()?, parts.next()?);
    Some(column.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn told(number: u32, message: &str) -> (Reason, Option<String>, Vec<String>) {
        let it = refusal(number, message.to_owned());
        (it.reason, it.constraint, it.columns)
    }

    #[test]
    fn refusals_name_constraints_and_columns() {
        let some = |name: &str| Some(name.to_owned());
        let none = Vec::<String>::new();
        assert_eq!(
            told(1, "ORA-00001: unique constraint (MRT_X.UQ_T_A) violated"),
            (Reason::Unique, some("UQ_T_A"), none.clone())
        );
        assert_eq!(
            told(
                1,
                "ORA-00001: unique constraint (MRT_X.UQ) violated on table MRT_X.T columns (A)\nORA-03301: (ORA-00001 details) row with column values (A:1) already exists"
            ),
            (Reason::Unique, some("UQ"), none.clone())
        );
        assert_eq!(
            told(2291, "ORA-02291: integrity constraint (MRT_X.FK_T) violated - parent key not found"),
            (Reason::ForeignKey, some("FK_T"), none.clone())
        );
        assert_eq!(
            told(2290, "ORA-02290: check constraint (MRT_X.SYS_C007) violated"),
            (Reason::Check, some("SYS_C007"), none.clone())
        );
        assert_eq!(
            told(1400, "ORA-01400: cannot insert NULL into (\"MRT_X\".\"T\".\"A b\")"),
            (Reason::NotNull, None, vec!["A b".to_owned()])
        );
        assert_eq!(
            told(
                12899,
                "ORA-12899: value too large for column \"MRT_X\".\"T\".\"S\" (actual: 12, maximum: 10)"
            ),
            (Reason::Value, None, vec!["S".to_owned()])
        );
        assert_eq!(told(1722, "ORA-01722: invalid number"), (Reason::Value, None, none.clone()));
        assert_eq!(told(20001, "ORA-20001: no (really)"), (Reason::Other, None, none));
    }

    #[test]
    fn errors_are_sorted_by_what_can_be_done() {
        let server =
            |number: u32| Error::Server { number, message: format!("ORA-{number:05}: told"), offset: 0 };
        let sorted = |error| classify(error, "read", "d");
        assert!(matches!(sorted(server(3113)), DatabaseError::ServerGone { .. }));
        assert!(matches!(sorted(server(1013)), DatabaseError::ServerGone { .. }));
        assert!(matches!(sorted(server(1653)), DatabaseError::Exhausted { .. }));
        assert!(matches!(sorted(server(54)), DatabaseError::Locked { .. }));
        assert!(matches!(sorted(server(1918)), DatabaseError::NoDatabase { .. }));
        assert!(matches!(sorted(server(942)), DatabaseError::Refused { .. }));
        assert!(matches!(sorted(Error::Silent), DatabaseError::ServerGone { .. }));
        assert!(matches!(sorted(Error::NoClient { message: String::new() }), DatabaseError::Refused { .. }));
        assert!(rejection(server(2290), "insert", "d").is_ok());
        assert!(rejection(server(60), "insert", "d").is_err());
        let message = "ORA-02091: transaction rolled back\nORA-02291: integrity constraint (MRT_X.FK) violated - no parent";
        let rolled_back = Error::Server { number: 2091, message: message.to_owned(), offset: 0 };
        let told = rejection(behind(rolled_back), "insert", "d").unwrap();
        assert_eq!((told.reason, told.constraint.as_deref()), (Reason::ForeignKey, Some("FK")));
        let message = "ORA-00604: error occurred at recursive SQL level 1\nORA-00054: resource busy";
        let recursive = Error::Server { number: 604, message: message.to_owned(), offset: 0 };
        assert_eq!(behind(recursive).number(), Some(54));
    }

    #[test]
    fn a_link_to_an_explanation_is_no_part_of_a_message() {
        let told = "ORA-00942: table or view \"X\".\"T\" does not exist\nHelp: https://docs.oracle.com/error-help/db/ora-00942/";
        assert_eq!(without_help(told), "ORA-00942: table or view \"X\".\"T\" does not exist");
    }
}
