//! What the server's errors mean to us.

use std::error::Error;
use std::fmt;

use sqlx::mysql::MySqlDatabaseError;

use crate::database::DatabaseError;
use crate::database::rows::{Reason, Rejection};

/// An error in the server's own words; a flat source, because the driver's repeats itself.
#[derive(Debug)]
struct ServerError {
    number: u16,
    message: String,
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.number)
    }
}

impl Error for ServerError {}

/// The number of an error that the server itself reported.
pub(super) fn number(error: &sqlx::Error) -> Option<u16> {
    server_error(error).map(MySqlDatabaseError::number)
}

/// What the server said, or nothing.
pub(super) fn message(error: &sqlx::Error) -> &str {
    server_error(error).map(MySqlDatabaseError::message).unwrap_or_default()
}

fn server_error(error: &sqlx::Error) -> Option<&MySqlDatabaseError> {
    error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>()
}

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

/// Sorts a number; a message goes with those that speak of several things.
pub(super) fn trouble(number: u16, message: &str) -> Option<Trouble> {
    Some(match number {
        // Shutdown in progress, normal shutdown, shutdown complete, new connection aborted, aborted connection; then what the
        // client libraries say: cannot connect, gone away, lost connection, cannot connect or lost while handshaking.
        1053 | 1077 | 1078 | 1079 | 1152 | 1184 | 2002 | 2003 | 2006 | 2013 | 2014 | 2055 => Trouble::Gone,
        // Communication packets cut short, and sessions that somebody has killed.
        1158..=1161 | 1927 | 3169 | 4031 => Trouble::Gone,
        // Too many connections, of one user's too; out of memory, of sort memory, of thread resources; cannot make a thread.
        1040 | 1203 | 1037 | 1038 | 1041 | 1135 => Trouble::Exhausted,
        // Disk full, table full, disk quota.
        1021 | 1114 | 3675 => Trouble::Room,
        // "Got error 28 from storage engine", "Error writing file …", "Can't create/write to file …", with the operating
        // system's number; 135 and 136 are the engine's own "no more room in file".
        1030 | 1026 | 1 | 3 | 20 | 23 | 1004 | 1005 | 1025 if says_no_room(message) => Trouble::Room,
        // "Too many open files".
        23 | 24 | 1016 if message.contains("24") => Trouble::Exhausted,
        _ => return None,
    })
}

/// "no space left on device" by number or words.
fn says_no_room(message: &str) -> bool {
    let numbers = message.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty());
    message.contains("No space left")
        || numbers.clone().any(|word| matches!(word, "28" | "122" | "135" | "136"))
            && message.contains("rror")
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
    let source = Box::new(ServerError { number: told.number(), message: told.message().to_owned() });
    match trouble(told.number(), told.message()) {
        Some(Trouble::Gone) => return DatabaseError::ServerGone { action, source },
        Some(Trouble::Exhausted | Trouble::Room) => return DatabaseError::Exhausted { action, source },
        None => {}
    }
    match told.number() {
        // Unknown database; no database selected, as after its end.
        1049 | 1046 => DatabaseError::NoDatabase { action, database },
        1205 | 3572 => DatabaseError::Locked { action, database },
        // Interrupted: somebody has ended the statement, and nobody but who ends the session does so.
        1317 => DatabaseError::ServerGone { action, source },
        _ => DatabaseError::Refused { action, source },
    }
}

/// A refusal of what was to be written; an error that says nothing about the row comes back as such.
pub(super) fn rejection(
    error: sqlx::Error,
    action: &str,
    database: &str,
) -> Result<Rejection, DatabaseError> {
    let Some(told) = server_error(&error) else { return Err(classify(error, action, database)) };
    let (number, message) = (told.number(), told.message().to_owned());
    // Locks, deadlocks and ended sessions are somebody else's doing.
    if trouble(number, &message).is_some() || matches!(number, 1049 | 1205 | 1213 | 1317 | 3572) {
        return Err(classify(error, action, database));
    }
    Ok(refusal(number, told.code().unwrap_or_default(), message))
}

/// A refusal by its number, SQLSTATE and words.
pub(super) fn refusal(number: u16, state: &str, message: String) -> Rejection {
    let reason = match number {
        1022 | 1062 | 1169 | 1586 | 1859 => Reason::Unique,
        1216 | 1217 | 1451 | 1452 | 1761 | 1762 => Reason::ForeignKey,
        // No partition takes the row, or not the one that was named; a view's CHECK OPTION.
        1369 | 1526 | 1748 | 1863 | 3819 => Reason::Check,
        4025 if state == "23000" => Reason::Check,
        1048 | 1121 | 1138 | 1263 | 1364 => Reason::NotNull,
        _ if is_about_value(number, state) => Reason::Value,
        _ => Reason::Other,
    };
    let constraint = match reason {
        // The entry before it can say anything.
        Reason::Unique => message
            .rfind("for key ")
            .and_then(|at| quoted_after(&message[at..], "for key "))
            .map(|key| bare(&key)),
        Reason::ForeignKey | Reason::Check => {
            quoted_after(&message, "CONSTRAINT ").or_else(|| quoted_after(&message, "Check constraint "))
        }
        _ => None,
    };
    let columns = match reason {
        Reason::ForeignKey => key_columns(&message),
        Reason::NotNull | Reason::Value => ["column ", "Column ", "Field "]
            .iter()
            .find_map(|words| quoted_after(&message, words))
            .map(|column| vec![bare(&column)])
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    Rejection { message, reason, constraint, columns }
}

/// Whether a number says that a value does not fit what it is for.
fn is_about_value(number: u16, state: &str) -> bool {
    // Class 22 is "data exception"; much that belongs there was numbered before there were classes.
    state.starts_with("22")
        || matches!(
            number,
            1264 | 1265 | 1292 | 1300 | 1366 | 1367 | 1406 | 1411 | 1416 | 1441 | 1525 | 1690 | 1118 | 1153
                | 1301 | 1365 | 3037 | 3055 | 3140..=3158 | 3548 | 3616 | 3617 | 3643 | 3903..=3907 | 4038 | 4079
        )
}

/// Whether a warning's number says that something else was stored than was given.
pub(super) fn changes_data(number: u16) -> bool {
    matches!(number, 1048 | 1263 | 1264 | 1265 | 1292 | 1300 | 1364 | 1366 | 1367 | 1406 | 1411 | 1416)
}

/// The name in quotes (`'…'` or backticks, as the two servers have it) right behind `words`, parts and all.
fn quoted_after(message: &str, words: &str) -> Option<String> {
    let at = message
        .match_indices(words)
        .map(|(at, _)| at + words.len())
        .find(|at| message[*at..].starts_with(['\'', '`']))?;
    let rest = &message[at..];
    let quote = rest.chars().next()?;
    if quote == '\'' {
        let end = rest[1..].find('\'')?;
        return Some(rest[1..=end].to_owned());
    }
    // `db`.`t`.`c`: the last part.
    let mut name = String::new();
    let mut chars = rest.chars().peekable();
    while chars.next_if_eq(&'`').is_some() {
        name.clear();
        while let Some(c) = chars.next() {
            if c == '`' && chars.next_if_eq(&'`').is_none() {
                break;
            }
            name.push(c);
        }
        if chars.next_if_eq(&'.').is_none() {
            break;
        }
    }
    Some(name)
}

/// The last part of `table.name`.
fn bare(name: &str) -> String {
    name.rsplit_once('.').map_or(name, |(_, last)| last).trim_matches('`').to_owned()
}

/// The columns of `… FOREIGN KEY (`a`, `b`) REFERENCES …`.
fn key_columns(message: &str) -> Vec<String> {
    let Some((_, rest)) = message.split_once("FOREIGN KEY (") else { return Vec::new() };
    let Some((inner, _)) = rest.split_once(") REFERENCES") else { return Vec::new() };
    inner.split("`, `").map(|name| name.trim_matches('`').replace("``", "`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(number: u16, state: &str, message: &str) -> (Reason, Option<String>, Vec<String>) {
        let it = refusal(number, state, message.to_owned());
        (it.reason, it.constraint, it.columns)
    }

    fn some(name: &str) -> Option<String> {
        Some(name.to_owned())
    }

    #[test]
    fn refusals_name_constraints_and_columns() {
        let none = Vec::<String>::new();
        let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            told(1062, "23000", "Duplicate entry '1' for key 't.PRIMARY'"),
            (Reason::Unique, some("PRIMARY"), none.clone())
        );
        assert_eq!(
            told(1062, "23000", "Duplicate entry 'for key 'x'' for key 'uq'"),
            (Reason::Unique, some("uq"), none.clone())
        );
        assert_eq!(
            told(
                1452,
                "23000",
                "Cannot add or update a child row: a foreign key constraint fails (`d`.`t`, CONSTRAINT `t_ibfk_1` \
                 FOREIGN KEY (`a`, `b c`) REFERENCES `p` (`x`, `y`))"
            ),
            (Reason::ForeignKey, some("t_ibfk_1"), columns(&["a", "b c"]))
        );
        assert_eq!(
            told(3819, "HY000", "Check constraint 't_chk_1' is violated."),
            (Reason::Check, some("t_chk_1"), none.clone())
        );
        assert_eq!(
            told(4025, "23000", "CONSTRAINT `t.n` failed for `d`.`t`"),
            (Reason::Check, some("t.n"), none)
        );
        assert_eq!(
            told(1366, "22007", "Incorrect integer value: 'word' for column `d`.`t`.`n` at row 1"),
            (Reason::Value, None, columns(&["n"]))
        );
        assert_eq!(
            told(
                3140,
                "22032",
                "Invalid JSON text: \"Invalid value.\" at position 0 in value for column 't.j'."
            ),
            (Reason::Value, None, columns(&["j"]))
        );
        assert_eq!(
            told(1364, "HY000", "Field 's' doesn't have a default value"),
            (Reason::NotNull, None, columns(&["s"]))
        );
        assert_eq!(told(1644, "45000", "no").0, Reason::Other);
    }

    #[test]
    fn numbers_are_sorted() {
        assert_eq!(
            trouble(1030, "Got error 28 'No space left on device' from storage engine InnoDB"),
            Some(Trouble::Room)
        );
        assert_eq!(trouble(1030, "Got error 28 from storage engine"), Some(Trouble::Room));
        assert_eq!(trouble(1030, "Got error 168 - 'Unknown (generic) error from engine'"), None);
        assert_eq!(trouble(1114, "The table 't' is full"), Some(Trouble::Room));
        assert_eq!(trouble(2013, "Lost connection"), Some(Trouble::Gone));
        assert_eq!(trouble(1040, "Too many connections"), Some(Trouble::Exhausted));
        assert_eq!(trouble(1064, "syntax"), None);
    }

    #[test]
    fn a_broken_connection_is_a_server_that_is_gone() {
        let error = sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
        assert!(matches!(classify(error, "read", "d"), DatabaseError::ServerGone { .. }));
    }
}
