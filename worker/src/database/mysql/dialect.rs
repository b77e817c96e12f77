//! What planning and seeding must know of MySQL's and MariaDB's SQL.

use super::error::{Trouble, trouble};
use super::{quote, samples};
use crate::database::Dialect;
use crate::database::catalog::ColumnType;
use crate::database::rows::Value;

/// The SQL of both servers.
#[derive(Debug, Default)]
pub struct MySqlDialect {
    sql: sqlparser::dialect::MySqlDialect,
}

impl Dialect for MySqlDialect {
    fn sql(&self) -> &dyn sqlparser::dialect::Dialect {
        &self.sql
    }

    /// Names are stored as they were written. Those of columns, constraints, routines and variables, and keywords, compare
    /// without regard to case; those of tables do or do not, as the server's file system has it. This is for looking up,
    /// where taking two tables for one only means that both are looked at.
    fn fold(&self, identifier: &str) -> String {
        identifier.to_lowercase()
    }

    /// Most collations take letters of either case for equal.
    fn exact(&self, column: &str) -> String {
        format!("CAST({} AS BINARY)", quote::ident(column))
    }

    fn literal(&self, text: &str) -> String {
        quote::literal(text)
    }

    fn samples(&self, ty: &ColumnType, edge: bool) -> Vec<Value> {
        samples::of(&ty.native, edge)
    }

    fn speaks_of_server(&self, code: Option<&str>, message: &str) -> bool {
        match code.and_then(|code| code.parse().ok()) {
            Some(number) => trouble(number, message).is_some(),
            // Class 08 is "connection exception"; asyncmy and aiomysql hand on errors of the socket without a number.
            None => {
                code.is_some_and(|code| code.starts_with("08"))
                    || [
                        "lost connection",
                        "gone away",
                        "can't connect to",
                        "connection refused",
                        "connection reset",
                        "not connected",
                        "packet sequence number wrong",
                    ]
                    .iter()
                    .any(|words| message.to_ascii_lowercase().contains(words))
            }
        }
    }

    fn speaks_of_room(&self, code: Option<&str>, message: &str) -> bool {
        code.and_then(|code| code.parse().ok()).and_then(|number| trouble(number, message))
            == Some(Trouble::Room)
    }

    /// Temporary tables and those that an ALTER builds are files with a number of the process in their names.
    fn without_files(&self, message: &str) -> String {
        let is_file = |quoted: &str| {
            let name = quoted.rsplit('/').next().unwrap_or(quoted);
            name.starts_with("#sql") || name.starts_with("#innodb_temp") || name.starts_with("MLfd")
        };
        let parts = message.split('\'').map(|part| if is_file(part) { "<file>" } else { part });
        parts.collect::<Vec<_>>().join("'")
    }

    /// Wrong for its type (1366, 1292, 1411, 1525), no label (1265), no JSON (3140 to 3158), no WKT; 1406 says that it is
    /// too long. Some drivers give the SQLSTATE in the number's place.
    fn is_about_text(&self, code: Option<&str>, _message: &str) -> bool {
        let Some(code) = code else { return false };
        match code.parse::<u32>() {
            Ok(number) if code.len() < 5 => {
                matches!(number, 1265 | 1292 | 1300 | 1366 | 1367 | 1411 | 1525 | 3037 | 3064 | 3140..=3158 | 4037..=4049)
            }
            _ => code.len() == 5 && code.starts_with("22") && code != "22001" && code != "22003",
        }
    }

    /// Access denied to a database, command, table, column or routine; a privilege is missing.
    fn lacks_privilege(&self, code: Option<&str>) -> bool {
        matches!(code, Some("1044" | "1142" | "1143" | "1227" | "1370" | "1410"))
    }

    fn schemas_are_databases(&self) -> bool {
        true
    }

    /// TEXT takes 65,535 bytes, of which a character has up to four.
    fn longest_unbounded_text(&self) -> usize {
        10_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_give_numbers() {
        let dialect = MySqlDialect::default();
        assert!(dialect.speaks_of_room(Some("1114"), "The table 't' is full"));
        assert!(dialect.speaks_of_server(Some("1114"), "The table 't' is full"));
        assert!(dialect.speaks_of_server(Some("2013"), "Lost connection to MySQL server during query"));
        assert!(dialect.speaks_of_server(None, "Can't connect to MySQL server on 'localhost'"));
        assert!(!dialect.speaks_of_server(Some("1064"), "You have an error in your SQL syntax"));
        assert!(dialect.is_about_text(Some("1366"), ""));
        assert!(dialect.is_about_text(Some("22007"), ""));
        assert!(!dialect.is_about_text(Some("1406"), ""));
        assert!(!dialect.is_about_text(Some("1264"), ""));
        assert!(!dialect.is_about_text(None, ""));
    }

    #[test]
    fn temporary_files_are_left_out() {
        let dialect = MySqlDialect::default();
        assert_eq!(
            dialect
                .without_files("Error writing file '/tmp/MLfd=12' (OS errno 28 - No space left on device)"),
            "Error writing file '<file>' (OS errno 28 - No space left on device)"
        );
        assert_eq!(dialect.without_files("The table '#sql-1_2f' is full"), "The table '<file>' is full");
        assert_eq!(
            dialect.without_files("Unknown column 'sql' in 'field list'"),
            "Unknown column 'sql' in 'field list'"
        );
    }
}
