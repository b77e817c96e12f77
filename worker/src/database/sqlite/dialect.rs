//! Facts of SQLite's SQL.

use crate::database::Dialect;
use crate::database::catalog::ColumnType;
use crate::database::rows::Value;

use super::types::Affinity;

/// SQLite's SQL.
#[derive(Debug, Clone, Copy)]
pub(super) struct SqliteDialect;

impl Dialect for SqliteDialect {
    fn sql(&self) -> &dyn sqlparser::dialect::Dialect {
        &sqlparser::dialect::SQLiteDialect {}
    }

    /// SQLite stores a name as it was written and compares without regard to ASCII case; this is for looking up.
    fn fold(&self, identifier: &str) -> String {
        identifier.to_ascii_lowercase()
    }

    /// A column of an unknown type, or of none, takes everything; its affinity may turn one kind into another.
    fn samples(&self, ty: &ColumnType, edge: bool) -> Vec<Value> {
        let text = |text: &str| Value::Text(text.to_owned());
        let mut samples =
            vec![text("alpha"), text("beta"), text("gamma"), Value::Integer(41), Value::Integer(42)];
        if edge {
            samples.extend([
                text(" ä 'quoted' "),
                text("0012"),
                Value::Integer(i64::MIN.into()),
                Value::Number("0.1".to_owned()),
            ]);
            if Affinity::of(&ty.native) == Affinity::Blob {
                samples.push(Value::Bytes(vec![0, 0xff, b'\'']));
            }
        }
        samples
    }

    /// There is no server, but a disk, which a neighbour can fill.
    fn speaks_of_server(&self, code: Option<&str>, message: &str) -> bool {
        self.speaks_of_room(code, message)
    }

    /// A limit on a file's length shows as an I/O error in writing. Before Python 3.11 there is no code.
    fn speaks_of_room(&self, code: Option<&str>, message: &str) -> bool {
        match code {
            Some(code) => matches!(code, "SQLITE_FULL" | "SQLITE_IOERR_WRITE" | "SQLITE_IOERR_SHMSIZE"),
            None => {
                ["database or disk is full", "disk I/O error"].iter().any(|words| message.contains(words))
            }
        }
    }

    /// The JSON functions are the only ones that read a text and refuse it; they have no code of their own.
    fn is_about_text(&self, _code: Option<&str>, message: &str) -> bool {
        message.contains("malformed JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_told_from_other_trouble_with_a_file() {
        let speaks = |code, message| SqliteDialect.speaks_of_room(code, message);
        assert!(speaks(Some("SQLITE_FULL"), "database or disk is full"));
        assert!(speaks(Some("SQLITE_IOERR_WRITE"), "disk I/O error"));
        assert!(speaks(None, "disk I/O error"));
        assert!(!speaks(Some("SQLITE_IOERR_READ"), "disk I/O error"));
        assert!(!speaks(Some("SQLITE_READONLY_DBMOVED"), "attempt to write a readonly database"));
    }
}
