//! Copying a database, which neither server can do by itself.
//!
//! What is there is said again: `SHOW CREATE` of everything, in as few messages as the servers allow, and `INSERT … SELECT` for
//! the tables that hold rows. Measured with 60 tables (eight columns, a foreign key, a CHECK, a unique key and three indexes
//! each), the least of nine, on two busy processors:
//!
//! | | MySQL 9.7 | MariaDB 10.11 | MariaDB 11.8 |
//! |---|---|---|---|
//! | `SHOW CREATE TABLE` of all | 3 ms | 2 ms | 2 ms |
//! | which of them hold rows, in one statement | 1 ms | 1 ms | 1 ms |
//! | `CREATE TABLE` of all, as shown | 212 ms | 32 ms | 37 ms |
//! | `CREATE TABLE … LIKE` of all, which loses foreign keys and names of CHECKs | 240 ms | 110 ms | 75 ms |
//! | `RENAME TABLE` of all into another database | 430 ms | 22 ms | 17 ms |
//! | `DROP DATABASE` | 93 ms | 7 ms | 8 ms |
//! | which indexes the server has made for foreign keys ([`keys`]) | 60 ms | 21 ms | 24 ms |
//!
//! A second connection makes one copy faster and two copies at once slower. Tables in InnoDB's common file are made no faster.
//! So a database is renamed by copying it, too: triggers and views cannot move to another database at all, and where moving
//! tables is faster it saves little. What was read of a database that no migration has a way to is kept for its next copy.

mod keys;
mod source;
mod text;
mod views;

use sqlx::mysql::MySqlConnection;

use super::Mysql;
use super::error::classify;
use super::quote::{ident, idents};
use super::wire::{self, batch};
use crate::database::DatabaseError;
pub(super) use source::Known;
use source::Source;
use text::renamed;

/// The most SQL in one message, more or less; servers take 16 MB.
const MESSAGE: usize = 4 << 20;

impl Mysql {
    /// Makes `to` an exact copy of `from`, replacing `to`.
    pub(super) async fn copy(&self, from: &str, to: &str) -> Result<(), DatabaseError> {
        let action = format!("copy database {from} to {to}");
        let fail = |error| classify(error, &action, from);
        let mut connection = self.take().await.map_err(fail)?;
        let known = self.known().get(from);
        let source = match known {
            Some(source) => source,
            None => {
                let read =
                    source::read(&mut connection, self.shared.server, from, &format!("{to}_trial")).await;
                let source = std::sync::Arc::new(read.map_err(fail)?);
                self.known().keep(from, &source);
                source
            }
        };
        self.drop_stored(to).await?;
        self.write(&mut connection, &source, from, to).await.map_err(fail)?;
        // Gives the session back what it began with.
        let pinned = format!("{}; {}", self.unhurried(), wire::pinned(self.shared.server));
        batch(&mut connection, pinned).await.map_err(fail)?;
        self.put_back(connection, None);
        Ok(())
    }

    /// What a copying session is given back, beyond what is pinned.
    fn unhurried(&self) -> String {
        let server = self.shared.server;
        let mut settings = vec!["character_set_results = utf8mb4", "innodb_strict_mode = DEFAULT"];
        if server.is_mysql_from(8, 4) {
            settings.push("restrict_fk_on_non_standard_key = DEFAULT");
        }
        if server.is_mariadb() {
            settings.push("check_constraint_checks = 1");
        }
        if server.is_mariadb_from(10, 11) {
            settings.push("system_versioning_insert_history = 0");
        }
        format!("SET {}", settings.join(", "))
    }

    async fn write(
        &self,
        connection: &mut MySqlConnection,
        source: &Source,
        from: &str,
        to: &str,
    ) -> Result<(), sqlx::Error> {
        let server = self.shared.server;
        // Nothing is checked again, whatever rows or defaults older settings have let in.
        let mut settings =
            "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES', \
             foreign_key_checks = 0, unique_checks = 0, innodb_strict_mode = 0"
                .to_owned();
        for (is_on, setting) in [
            (source.requires_keys, ", sql_require_primary_key = 0"),
            (source.invents_keys, ", sql_generate_invisible_primary_key = 0"),
            (server.is_mysql_from(8, 4), ", restrict_fk_on_non_standard_key = 0"),
            (server.is_mariadb(), ", check_constraint_checks = 0"),
            (server.is_mariadb_from(10, 11), ", system_versioning_insert_history = 1"),
        ] {
            if is_on {
                settings.push_str(setting);
            }
        }
        let mut messages = Messages::new(connection);
        messages.send(settings).await?;
        messages.send(renamed(&source.database, from, to)).await?;
        messages.send(format!("USE {}", ident(to))).await?;
        // Views that are broken want the names of tables that are yet to come.
        messages.flush().await?;
        views::make_broken(messages.connection, &source.broken, from, to).await?;
        for sequence in &source.sequences {
            messages.send(sequence.create.clone()).await?;
            messages
                .send(format!("INSERT INTO {} VALUES ({})", ident(&sequence.name), sequence.position))
                .await?;
        }
        for table in &source.tables {
            messages.send(renamed(&table.create, from, to)).await?;
            if let Some(then) = &table.then {
                messages.send(then.clone()).await?;
            }
            if !table.columns.is_empty() {
                let (columns, name) = (idents(table.columns.iter().map(String::as_str)), ident(&table.name));
                let all = if table.with_history { " FOR SYSTEM_TIME ALL" } else { "" };
                let from = ident(from);
                messages
                    .send(format!("INSERT INTO {name} ({columns}) SELECT {columns} FROM {from}.{name}{all}"))
                    .await?;
            }
        }
        messages.flush().await?;
        for code in source.code.iter().filter(|code| !code.is_late) {
            code.make(&mut messages, source, from, to).await?;
        }
        views::make(messages.connection, &source.views, from, to).await?;
        for code in source.code.iter().filter(|code| code.is_late) {
            code.make(&mut messages, source, from, to).await?;
        }
        for grant in &source.grants {
            messages.send(grant.on(to)).await?;
        }
        messages.flush().await
    }
}

/// Statements that go out together.
struct Messages<'a> {
    connection: &'a mut MySqlConnection,
    sql: String,
}

impl<'a> Messages<'a> {
    fn new(connection: &'a mut MySqlConnection) -> Self {
        Self { connection, sql: String::new() }
    }

    async fn send(&mut self, statement: String) -> Result<(), sqlx::Error> {
        if self.sql.len() + statement.len() > MESSAGE {
            self.flush().await?;
        }
        if !self.sql.is_empty() {
            self.sql.push_str("; ");
        }
        self.sql.push_str(&statement);
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), sqlx::Error> {
        if self.sql.is_empty() {
            return Ok(());
        }
        batch(self.connection, std::mem::take(&mut self.sql)).await.map(drop)
    }
}

impl source::Code {
    /// Makes a routine, trigger or event under the settings under which it was made.
    ///
    /// It ends its message: MySQL takes the semicolon that parts it from a next statement for a part of its body. Where it has
    /// once done so, it is to do it again.
    async fn make(
        &self,
        messages: &mut Messages<'_>,
        source: &Source,
        from: &str,
        to: &str,
    ) -> Result<(), sqlx::Error> {
        let elsewhere = self.collation != source.collation && !self.collation.is_empty();
        if elsewhere {
            messages.send(format!("ALTER DATABASE {} COLLATE {}", ident(to), self.collation)).await?;
        }
        messages.send(self.settings.clone()).await?;
        messages.send(text::renamed_in_code(&self.create, from, to)).await?;
        if self.create.ends_with(';') {
            messages.sql.push_str(" DO 0");
        }
        messages.flush().await?;
        if elsewhere {
            messages.send(format!("ALTER DATABASE {} COLLATE {}", ident(to), source.collation)).await?;
        }
        Ok(())
    }
}
