//! What a statement writes outside of its database, where all databases of a server share it.

use crate::database::Dialect;

/// A statement that writes what all databases of a server share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerWide {
    /// Its first words.
    pub(crate) what: String,
    /// It is about roles, which an engine can give back the state that they had.
    pub(crate) roles: bool,
}

/// What the text of a revision's file lets expect: a hint, which saves finding out by running it among others. A
/// revision that is taken for one that writes outside of its database in error is only checked more slowly.
pub(crate) fn hinted(file: &str, dialect: &dyn Dialect) -> Option<ServerWide> {
    let words = upper_words(file);
    (0..words.len())
        .filter(|&at| matches!(words[at].as_str(), "CREATE" | "ALTER" | "DROP"))
        .find_map(|at| server_wide(&words[at..], dialect).filter(|found| found.roles))
}

/// The words of a text, in upper case.
pub(crate) fn upper_words(text: &str) -> Vec<String> {
    let bare = |c: char| !c.is_alphanumeric() && c != '_';
    text.split(bare).filter(|word| !word.is_empty()).map(str::to_ascii_uppercase).collect()
}

/// What a statement with these words writes outside of its database. Quoted names are empty words.
pub(crate) fn server_wide(words: &[String], dialect: &dyn Dialect) -> Option<ServerWide> {
    if dialect.logins_are_apart() {
        return of_logins(words);
    }
    let apart = dialect.schemas_are_databases();
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let verb = word(0);
    // What stands between the verb and its noun on some engines.
    let noun = if apart && (word(1), word(2)) == ("OR", "REPLACE") { word(3) } else { word(1) };
    let roles = match verb {
        "CREATE" | "ALTER" | "DROP" => match noun {
            "USER" if word(2) == "MAPPING" => return None,
            // A setting of one database goes and is copied with it.
            "ROLE" | "USER" if word(3) == "IN" && word(4) == "DATABASE" => return None,
            "ROLE" | "USER" | "GROUP" => true,
            "DATABASE" | "SCHEMA" if apart && verb != "ALTER" => true,
            // Oracle's: names that all schemas see (`PUBLIC SYNONYM`), and what they share besides.
            "PUBLIC" | "DIRECTORY" | "CONTEXT" | "PROFILE" if apart => true,
            "TABLESPACE" | "SYSTEM" => false,
            _ => return None,
        },
        "RENAME" if apart && noun == "USER" => true,
        "SET" if apart => match noun {
            "PASSWORD" | "DEFAULT" if noun == "PASSWORD" || word(2) == "ROLE" => true,
            "GLOBAL" | "PERSIST" => false,
            _ => return None,
        },
        "COMMENT" if noun == "ON" && word(2) == "ROLE" => true,
        // A privilege is granted ON something, a role is not.
        "GRANT" | "REVOKE" => {
            let end = words.iter().position(|word| matches!(word.as_str(), "ON" | "TO" | "FROM" | ";"));
            if !apart && end.is_some_and(|at| word(at) == "ON") {
                return None;
            }
            true
        }
        _ => return None,
    };
    let what = if matches!(verb, "GRANT" | "REVOKE") {
        format!("{verb} of a {}", if apart { "privilege" } else { "role" })
    } else {
        format!("{verb} {noun}")
    };
    Some(ServerWide { what, roles })
}

/// Procedures of Transact-SQL that make, change and drop logins.
const LOGIN_PROCEDURES: [&str; 10] = [
    "SP_ADDLOGIN",
    "SP_DROPLOGIN",
    "SP_GRANTLOGIN",
    "SP_REVOKELOGIN",
    "SP_DENYLOGIN",
    "SP_PASSWORD",
    "SP_DEFAULTDB",
    "SP_DEFAULTLANGUAGE",
    "SP_ADDSRVROLEMEMBER",
    "SP_DROPSRVROLEMEMBER",
];

/// Procedures of Transact-SQL that write something else of the server's.
const SERVER_PROCEDURES: [&str; 9] = [
    "SP_CONFIGURE",
    "SP_ADDLINKEDSERVER",
    "SP_DROPSERVER",
    "SP_SERVEROPTION",
    "SP_ADDMESSAGE",
    "SP_DROPMESSAGE",
    "SP_ADD_JOB",
    "SP_DELETE_JOB",
    "SP_PROCOPTION",
];

/// The same where logins are the server's, and users and roles a database's own.
fn of_logins(words: &[String]) -> Option<ServerWide> {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let (verb, noun) = (word(0), word(1));
    let found = |roles: bool, what: String| Some(ServerWide { what, roles });
    match verb {
        "CREATE" | "ALTER" | "DROP" => match noun {
            "LOGIN" => found(true, format!("{verb} LOGIN")),
            "SERVER" => match word(2) {
                "ROLE" => found(true, format!("{verb} SERVER ROLE")),
                _ => found(false, format!("{verb} SERVER")),
            },
            "DATABASE"
                if matches!(
                    (word(2), word(3)),
                    ("AUDIT", "SPECIFICATION")
                        | ("SCOPED", "CONFIGURATION" | "CREDENTIAL")
                        | ("ENCRYPTION", "KEY")
                ) =>
            {
                None
            }
            "DATABASE" if verb == "CREATE" => found(true, "CREATE DATABASE".to_owned()),
            "DATABASE" if verb == "DROP" => found(false, "DROP DATABASE".to_owned()),
            "ENDPOINT" | "CREDENTIAL" => found(false, format!("{verb} {noun}")),
            // One that is not a database's.
            "TRIGGER"
                if words.iter().take(8).any(|word| word == "ALL")
                    && words.iter().any(|word| word == "SERVER") =>
            {
                found(false, format!("{verb} TRIGGER ON ALL SERVER"))
            }
            _ => None,
        },
        "GRANT" | "REVOKE" | "DENY" => {
            let end = words.iter().position(|word| matches!(word.as_str(), "TO" | "FROM" | ";"));
            let said = &words[..end.unwrap_or(words.len())];
            let has = |wanted: &str| said.iter().any(|word| word == wanted);
            let pair =
                |one: &str, other: &str| said.windows(2).any(|pair| pair[0] == one && pair[1] == other);
            let is_wide = has("SERVER")
                || has("LOGIN")
                || has("ENDPOINT")
                || pair("ANY", "DATABASE")
                || pair("CONNECT", "SQL")
                || pair("BULK", "OPERATIONS");
            if is_wide { found(true, format!("{verb} of a right on the server")) } else { None }
        }
        "EXEC" | "EXECUTE" => {
            let called = words[1..].iter().take(4).find(|word| word.starts_with("SP_"))?;
            if LOGIN_PROCEDURES.contains(&called.as_str()) {
                return found(true, called.to_ascii_lowercase());
            }
            SERVER_PROCEDURES
                .contains(&called.as_str())
                .then(|| ServerWide { what: called.to_ascii_lowercase(), roles: false })
        }
        "RECONFIGURE" => found(false, "RECONFIGURE".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::mssql::TransactSqlDialect;
    use crate::database::mysql::MySqlDialect;
    use crate::database::oracle::OracleDialect;
    use crate::database::postgres::PostgreSqlDialect;

    #[test]
    fn a_file_lets_expect_what_its_words_say() {
        let hinted = |file| hinted(file, &PostgreSqlDialect::default());
        assert!(hinted("def upgrade():\n    op.execute(f'DROP ROLE IF EXISTS {name}')\n").is_some());
        assert!(
            hinted("op.execute('ALTER SYSTEM SET x = 1')\ncreate_role('x')\n# a user's role\n").is_none()
        );
    }

    #[test]
    fn where_logins_are_apart_users_are_a_databases_own() {
        let found = |sql: &str| server_wide(&upper_words(sql), &TransactSqlDialect::default());
        for (sql, what, roles) in [
            ("CREATE LOGIN reader WITH PASSWORD = 'x'", "CREATE LOGIN", true),
            ("ALTER SERVER ROLE readers ADD MEMBER a", "ALTER SERVER ROLE", true),
            ("EXEC master.dbo.sp_addlogin 'a', 'b'", "sp_addlogin", true),
            ("EXEC sp_configure 'show advanced options', 1", "sp_configure", false),
            ("GRANT VIEW SERVER STATE TO a", "GRANT of a right on the server", true),
            ("GRANT ALTER ON LOGIN::a TO b", "GRANT of a right on the server", true),
            ("CREATE DATABASE audit", "CREATE DATABASE", true),
            ("DROP DATABASE audit", "DROP DATABASE", false),
            ("CREATE TRIGGER t ON ALL SERVER FOR LOGON AS SELECT 1", "CREATE TRIGGER ON ALL SERVER", false),
        ] {
            assert_eq!(found(sql), Some(ServerWide { what: what.to_owned(), roles }), "{sql}");
        }
        for sql in [
            "CREATE USER reader FOR LOGIN reader",
            "CREATE ROLE readers",
            "GRANT SELECT ON users TO reader",
            "GRANT CREATE TABLE TO reader",
            "ALTER DATABASE CURRENT SET READ_COMMITTED_SNAPSHOT ON",
            "EXEC sp_rename 'users.phone', 'mobile', 'COLUMN'",
            "CREATE TRIGGER t ON users AFTER INSERT AS SELECT 1",
        ] {
            assert_eq!(found(sql), None, "{sql}");
        }
    }

    #[test]
    fn where_schemas_are_databases_more_is_outside() {
        let what =
            |sql: &str| server_wide(&upper_words(sql), &MySqlDialect::default()).map(|found| found.what);
        for (sql, expected) in [
            ("CREATE DATABASE audit", "CREATE DATABASE"),
            ("DROP SCHEMA IF EXISTS audit", "DROP SCHEMA"),
            ("GRANT SELECT ON users TO reader", "GRANT of a privilege"),
            ("RENAME USER reader TO writer", "RENAME USER"),
            ("SET PASSWORD FOR reader = 'x'", "SET PASSWORD"),
            ("SET GLOBAL max_connections = 5", "SET GLOBAL"),
        ] {
            assert_eq!(what(sql).as_deref(), Some(expected), "{sql}");
        }
        for sql in ["ALTER DATABASE CHARACTER SET latin1", "SET NAMES utf8mb4", "SET foreign_key_checks = 0"]
        {
            assert_eq!(what(sql), None, "{sql}");
        }
    }
    #[test]
    fn what_schemas_of_oracle_share_is_outside() {
        let what =
            |sql: &str| server_wide(&upper_words(sql), &OracleDialect::default()).map(|found| found.what);
        for (sql, expected) in [
            ("CREATE OR REPLACE PUBLIC SYNONYM users FOR app.users", "CREATE PUBLIC"),
            ("DROP PUBLIC SYNONYM users", "DROP PUBLIC"),
            ("CREATE OR REPLACE DIRECTORY files AS '/files'", "CREATE DIRECTORY"),
            ("CREATE CONTEXT app USING app.set_it", "CREATE CONTEXT"),
            ("ALTER PROFILE app LIMIT sessions_per_user 3", "ALTER PROFILE"),
            ("GRANT SELECT ON users TO reader", "GRANT of a privilege"),
            ("CREATE USER reader IDENTIFIED BY x", "CREATE USER"),
        ] {
            assert_eq!(what(sql).as_deref(), Some(expected), "{sql}");
        }
        for sql in [
            "CREATE OR REPLACE SYNONYM users FOR app.users",
            "CREATE OR REPLACE VIEW v AS SELECT 1 FROM dual",
        ] {
            assert_eq!(what(sql), None, "{sql}");
        }
    }
}
