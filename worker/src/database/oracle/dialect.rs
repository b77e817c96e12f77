//! What planning and seeding must know of Oracle's SQL.

use super::numbers::{Trouble, number, trouble};
use super::{error, samples};
use crate::database::Dialect;
use crate::database::catalog::ColumnType;
use crate::database::rows::Value;

/// Oracle's SQL.
#[derive(Debug, Default)]
pub struct OracleDialect {
    sql: sqlparser::dialect::OracleDialect,
}

/// What the thin driver says by numbers of its own: not connected, timed out, the network or the server closed the connection,
/// cannot connect, the listener refuses or does not know the service.
const THIN: [&str; 8] =
    ["DPY-1001", "DPY-4011", "DPY-4024", "DPY-6000", "DPY-6001", "DPY-6003", "DPY-6005", "DPY-6006"];

/// The same of the thick one.
const THICK: [&str; 3] = ["DPI-1010", "DPI-1067", "DPI-1080"];

impl Dialect for OracleDialect {
    fn sql(&self) -> &dyn sqlparser::dialect::Dialect {
        &self.sql
    }

    fn fold(&self, identifier: &str) -> String {
        identifier.to_uppercase()
    }

    fn samples(&self, ty: &ColumnType, edge: bool) -> Vec<Value> {
        samples::of(&ty.native, edge)
    }

    fn speaks_of_server(&self, code: Option<&str>, message: &str) -> bool {
        let own = |code: &str| THIN.contains(&code) || THICK.contains(&code);
        if code.is_some_and(own) || message.split([':', ' ']).next().is_some_and(own) {
            return true;
        }
        number(code, message).and_then(trouble).is_some()
    }

    fn speaks_of_room(&self, code: Option<&str>, message: &str) -> bool {
        number(code, message).and_then(trouble) == Some(Trouble::Room)
    }

    /// Those of the temporary objects that a statement makes for itself, and where a program's text lies in memory.
    fn without_files(&self, message: &str) -> String {
        let words = message.split(' ').map(|word| {
            let bare = word.trim_matches(['"', '\'', '(', ')', ',', ':']);
            let is_temporary = bare.starts_with("SYS_TEMP_") || bare.starts_with("BIN$");
            if is_temporary && !bare.is_empty() { word.replace(bare, "<file>") } else { word.to_owned() }
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// No number, no date, not in the format, no conversion in PL/SQL, no JSON, no XML; that it is too long (12899) says nothing
    /// of its words.
    fn is_about_text(&self, code: Option<&str>, message: &str) -> bool {
        number(code, message).is_some_and(|number| {
            error::is_about_value(number)
                && !matches!(number, 12899 | 1401 | 1438 | 1426 | 1461 | 1489 | 1704 | 1476 | 932 | 910)
        })
    }

    /// Since 23 the missing privilege is named. That a table is not there (942) may mean that it may not be seen, and mostly
    /// does not.
    fn lacks_privilege(&self, code: Option<&str>) -> bool {
        matches!(number(code, ""), Some(1031 | 1045 | 1720 | 1749 | 41900))
    }

    fn schemas_are_databases(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_give_numbers() {
        let dialect = OracleDialect::default();
        assert!(dialect.speaks_of_server(Some("ORA-03113"), "end-of-file on communication channel"));
        assert!(dialect.speaks_of_server(Some("DPY-4011"), "the database or network closed the connection"));
        assert!(dialect.speaks_of_server(None, "DPY-6005: cannot connect to database"));
        assert!(dialect.speaks_of_server(Some("ORA-01653"), ""));
        assert!(dialect.speaks_of_room(Some("ORA-01653"), "unable to extend table"));
        assert!(!dialect.speaks_of_room(Some("ORA-01536"), "space quota exceeded for tablespace 'USERS'"));
        assert!(!dialect.speaks_of_server(Some("ORA-00942"), "table or view does not exist"));
        assert!(!dialect.speaks_of_server(Some("DPY-3013"), "unsupported Python type"));
        assert!(dialect.is_about_text(Some("ORA-01722"), "invalid number"));
        assert!(dialect.is_about_text(Some("ORA-01861"), "literal does not match format string"));
        assert!(!dialect.is_about_text(Some("ORA-12899"), "value too large for column"));
        assert!(dialect.lacks_privilege(Some("ORA-01031")));
        assert!(!dialect.lacks_privilege(Some("ORA-00942")));
    }

    #[test]
    fn names_are_stored_in_upper_case() {
        assert_eq!(OracleDialect::default().fold("users"), "USERS");
        assert_eq!(OracleDialect::default().exact("Mixed"), "\"Mixed\"");
    }

    #[test]
    fn names_of_temporary_objects_are_left_out() {
        let dialect = OracleDialect::default();
        assert_eq!(
            dialect.without_files("ORA-01652: no room for \"SYS_TEMP_0FD9D6601_1\" in TEMP"),
            "ORA-01652: no room for \"<file>\" in TEMP"
        );
        assert_eq!(dialect.without_files("ORA-00942: no T"), "ORA-00942: no T");
    }
}
