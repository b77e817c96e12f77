//! What planning and seeding must know of Transact-SQL.

use super::error::{Trouble, is_about_words, trouble};
use super::{quote, samples};
use crate::database::Dialect;
use crate::database::catalog::ColumnType;
use crate::database::rows::Value;

/// Transact-SQL.
#[derive(Debug, Default)]
pub struct TransactSqlDialect {
    sql: sqlparser::dialect::MsSqlDialect,
}

/// A collation that compares letter by letter. (Blanks at the end count in no collation.)
const LETTER_BY_LETTER: &str = "Latin1_General_100_BIN2";

impl Dialect for TransactSqlDialect {
    fn sql(&self) -> &dyn sqlparser::dialect::Dialect {
        &self.sql
    }

    /// Names are stored as they were written and compare by the database's collation, which in most takes letters of either case
    /// for equal. This is for looking up, where taking two names for one only means that both are looked at.
    fn fold(&self, identifier: &str) -> String {
        identifier.to_lowercase()
    }

    fn exact(&self, column: &str) -> String {
        format!("CAST({} AS nvarchar(max)) COLLATE {LETTER_BY_LETTER}", quote::ident(column))
    }

    fn literal(&self, text: &str) -> String {
        quote::literal(text)
    }

    fn samples(&self, ty: &ColumnType, edge: bool) -> Vec<Value> {
        samples::of(&ty.native, edge)
    }

    fn speaks_of_server(&self, code: Option<&str>, message: &str) -> bool {
        if let Some(number) = number(code) {
            return trouble(number).is_some();
        }
        // ODBC's "connection exception" for what the driver itself has to say.
        code.is_some_and(|code| code.starts_with("08"))
            || [
                "communication link failure",
                "tcp provider",
                "dbprocess is dead",
                "adaptive server connection",
            ]
            .iter()
            .any(|words| message.to_ascii_lowercase().contains(words))
    }

    fn speaks_of_room(&self, code: Option<&str>, _message: &str) -> bool {
        number(code).and_then(trouble) == Some(Trouble::Room)
    }

    /// Files of the server's, places in its log, and the numbers of what it sorts in.
    fn without_files(&self, message: &str) -> String {
        let message = match message.split_once(" and the holdup lsn is (") {
            Some((before, after)) => {
                format!("{before}{}", after.split_once(')').map_or("", |(_, rest)| rest))
            }
            None => message.to_owned(),
        };
        let bare = |part: &str| {
            let lower = part.to_ascii_lowercase();
            if [".mdf", ".ndf", ".ldf", ".bak"].iter().any(|end| lower.ends_with(end)) {
                return "<file>".to_owned();
            }
            match part.split_once("temporary run storage:") {
                Some((before, _)) => format!("{before}temporary run storage"),
                None => part.to_owned(),
            }
        };
        message.split('\'').map(bare).collect::<Vec<_>>().join("'")
    }

    fn is_about_text(&self, code: Option<&str>, _message: &str) -> bool {
        match number(code) {
            Some(number) => is_about_words(number),
            None => code.is_some_and(|code| {
                code.len() == 5 && code.starts_with("22") && !matches!(code, "22001" | "22003" | "22012")
            }),
        }
    }

    /// Denied on an object, on a column, in the database, on the server; or to an action or on a principal, which may also not
    /// be there.
    fn lacks_privilege(&self, code: Option<&str>) -> bool {
        matches!(
            number(code),
            Some(229 | 230 | 262 | 297 | 300 | 916 | 4613 | 5011 | 6004 | 15151 | 15247 | 15562)
        )
    }

    fn logins_are_apart(&self) -> bool {
        true
    }

    fn likes_classes(&self) -> bool {
        true
    }
}

/// The server's own number of an error. A SQLSTATE has five characters, as no number of the server's that counts here begins with
/// a zero or a letter.
fn number(code: Option<&str>) -> Option<u32> {
    let code = code?;
    let is_state = code.len() == 5
        && matches!(code, "22001" | "22003" | "22007" | "22008" | "22012" | "22018" | "23000" | "42000");
    if is_state || code.starts_with('0') { None } else { code.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_give_numbers() {
        let dialect = TransactSqlDialect::default();
        assert!(dialect.speaks_of_room(Some("1105"), ""));
        assert!(dialect.speaks_of_server(Some("1105"), ""));
        assert!(dialect.speaks_of_server(Some("20047"), "DBPROCESS is dead or not enabled"));
        assert!(dialect.speaks_of_server(Some("08S01"), "Communication link failure"));
        assert!(dialect.speaks_of_server(None, "TCP Provider: Error code 0x2746"));
        // "… must be the first statement in a query batch".
        assert!(
            !dialect
                .speaks_of_server(Some("111"), "'CREATE VIEW' must be the first statement in a query batch.")
        );
        assert!(dialect.is_about_text(Some("245"), ""));
        assert!(dialect.is_about_text(Some("22018"), ""));
        assert!(!dialect.is_about_text(Some("2628"), ""));
        assert!(!dialect.is_about_text(Some("22001"), ""));
        assert!(dialect.lacks_privilege(Some("262")));
        assert!(!dialect.lacks_privilege(Some("42000")));
    }

    #[test]
    fn what_is_another_on_the_next_server_is_left_out() {
        let dialect = TransactSqlDialect::default();
        assert_eq!(
            dialect.without_files(
                "The transaction log for database 'd' is full due to 'ACTIVE_TRANSACTION' and the holdup lsn is (37:8:1)."
            ),
            "The transaction log for database 'd' is full due to 'ACTIVE_TRANSACTION'."
        );
        assert_eq!(
            dialect.without_files(
                "Could not allocate space for object 'dbo.SORT temporary run storage:  1407374' in database 'tempdb'"
            ),
            "Could not allocate space for object 'dbo.SORT temporary run storage' in database 'tempdb'"
        );
        assert_eq!(
            dialect.without_files("MODIFY FILE encountered error 112 for '/var/opt/mssql/data/a.mdf'."),
            "MODIFY FILE encountered error 112 for '<file>'."
        );
    }
}
