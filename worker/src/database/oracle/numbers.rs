//! What an error's number says about the server, rather than about the statement. One list for errors of ours and for those
//! that a migration's driver reports.

/// What is wrong with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It went away, starts or shuts down, or ended the session.
    Gone,
    /// It has run out of something that is shared.
    Exhausted,
    /// Of room for data, in particular.
    Room,
}

/// Sorts a number behind `ORA-`.
pub(super) fn trouble(number: u32) -> Option<Trouble> {
    Some(match number {
        // The session was killed, by whatever means; its time is over.
        28 | 31 | 1012 | 2396 | 2399 | 1335 => Trouble::Gone,
        // Not available, starting, shutting down, closed; the pluggable database is not open.
        1033 | 1034 | 1089 | 1090 | 1092 | 1109 | 1014 | 65054 | 27101 => Trouble::Gone,
        // The end of a file on the channel, not connected, lost contact, an internal error (the process dies of it).
        3113 | 3114 | 3135 | 3136 | 600 | 7445 | 41401 => Trouble::Gone,
        // The listener: it hands nobody on, does not know the service (which is not up yet), is not there; what the
        // transport says.
        12150..=12153 | 12157 | 12161 | 12170 | 12203 | 12224 | 12505 | 12514 | 12528 | 12526 | 12527 => {
            Trouble::Gone
        }
        12535 | 12537 | 12541 | 12543 | 12545 | 12547 | 12560 | 12564 | 12570 | 12571 | 12583 | 12606
        | 12637 => Trouble::Gone,
        // Sessions, processes, memory, handlers at the listener, enqueues, transaction slots, cursors of all.
        18 | 20 | 4030 | 4031 | 4036 | 12516 | 12518 | 12519 | 12520 | 52 | 55 | 1574 | 27102 | 27300 => {
            Trouble::Exhausted
        }
        // No room in a tablespace for a table, an index, a cluster, a LOB, a partition; in the temporary one; for undo; on
        // disk; no file more; the limit of the free edition.
        1650..=1655
        | 1658
        | 1659
        | 1683
        | 1688
        | 1691..=1695
        | 30036
        | 1562
        | 1119
        | 19502
        | 27061
        | 27072 => Trouble::Room,
        257 | 19809 | 19815 | 16014 | 12954 | 12953 | 65114 => Trouble::Room,
        _ => return None,
    })
}

/// The number in the code or the words of a driver's error: `ORA-00942`, `ORA-01017: …`. Of the thin driver's own, the ones
/// that stand for the server's being away.
pub(super) fn number(code: Option<&str>, message: &str) -> Option<u32> {
    code.and_then(after_prefix).or_else(|| message.find("ORA-").and_then(|at| after_prefix(&message[at..])))
}

fn after_prefix(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("ORA-")?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_codes_and_in_words() {
        assert_eq!(number(Some("ORA-00942"), ""), Some(942));
        assert_eq!(number(None, "(oracledb.exceptions.DatabaseError) ORA-01653: unable"), Some(1653));
        assert_eq!(number(Some("DPY-4011"), "DPY-4011: the database or network closed the connection"), None);
        assert_eq!(number(Some("23000"), "no number"), None);
    }

    #[test]
    fn numbers_are_sorted() {
        assert_eq!(trouble(3113), Some(Trouble::Gone));
        assert_eq!(trouble(12541), Some(Trouble::Gone));
        assert_eq!(trouble(20), Some(Trouble::Exhausted));
        assert_eq!(trouble(1653), Some(Trouble::Room));
        // A quota is the settings' promise, and a statement that exceeds it has only itself to blame.
        assert_eq!(trouble(1536), None);
        assert_eq!(trouble(942), None);
    }
}
