//! One exchange with the server: statements in one message, all answers as the text protocol has them.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlRow, MySqlSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Either, Executor as _, Row as _};
use tokio::time::timeout;

use super::flavor::{Flavor, Server};
use crate::server::Endpoint;

/// How long a connection may take to come about.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// How long the answer to one statement may take. The server ends a statement of ours earlier; this is for a server that has
/// stopped to say anything.
const ANSWER_LIMIT: Duration = Duration::from_secs(150);

/// Values as the server sends them: bytes of UTF-8 for what is text, plain bytes for what is binary; `None` is NULL.
pub(super) type Row = Vec<Option<Vec<u8>>>;

/// How to log in.
#[derive(Debug, Clone)]
pub(super) struct Login {
    options: MySqlConnectOptions,
    /// The server is on this machine, where nobody listens.
    near: bool,
}

impl Login {
    /// To a database, or to none.
    pub(super) fn to(endpoint: &Endpoint, database: Option<&str>) -> Self {
        let options = MySqlConnectOptions::new()
            .host(&endpoint.host)
            .port(endpoint.port)
            .username(&endpoint.user)
            .password(&endpoint.password)
            .charset("utf8mb4")
            // Nobody is asked for a certificate.
            .ssl_mode(MySqlSslMode::Preferred)
            // All of this is in `pinned`.
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(None)
            .set_names(false)
            .statement_cache_capacity(0)
            .disable_statement_logging();
        let options = match database {
            Some(database) => options.database(database),
            None => options,
        };
        let host = endpoint.host.as_str();
        let near = host == "localhost" || host == "::1" || host.starts_with("127.");
        Self { options, near }
    }

    /// As somebody else.
    pub(super) fn of(self, user: &str, password: &str) -> Self {
        Self { options: self.options.username(user).password(password), ..self }
    }

    /// To a server of ours, which only this machine reaches.
    pub(super) fn on_ours(self, ours: bool) -> Self {
        Self { near: self.near || ours, ..self }
    }

    /// Logs in. On this machine without TLS, which costs 45 ms; but `caching_sha2_password` wants it for a user's first login,
    /// and some servers want it of everybody (3159) or of some (1045).
    async fn connect(&self) -> Result<MySqlConnection, sqlx::Error> {
        if self.near {
            match self.options.clone().ssl_mode(MySqlSslMode::Disabled).connect().await {
                Err(sqlx::Error::Configuration(_)) => {}
                Err(error) if matches!(super::error::number(&error), Some(1045 | 3159)) => {}
                told => return told,
            }
        }
        self.options.connect().await
    }
}

/// What every session of ours begins with: whatever changes how a value prints or how SQL of ours is read.
pub(super) fn pinned(server: Server) -> String {
    // Zero dates are let in, since an older `sql_mode` may have let them in before.
    let common = "SET NAMES utf8mb4, time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,\
         NO_AUTO_VALUE_ON_ZERO,ERROR_FOR_DIVISION_BY_ZERO', sql_quote_show_create = 1, div_precision_increment = 4, \
         group_concat_max_len = 4294967295, sql_auto_is_null = 0, sql_select_limit = DEFAULT, sql_safe_updates = 0, \
         foreign_key_checks = 1, unique_checks = 1, autocommit = 1, completion_type = 0, lock_wait_timeout = 10, \
         innodb_lock_wait_timeout = 2, wait_timeout = 2147483, max_error_count = 1024, sql_notes = 1, \
         big_tables = DEFAULT, default_week_format = 0, lc_time_names = 'en_US', lc_messages = 'en_US'";
    let own = match server.flavor {
        Flavor::MySql => {
            "information_schema_stats_expiry = 0, transaction_isolation = 'REPEATABLE-READ', \
             transaction_read_only = 0, show_create_table_skip_secondary_engine = 0"
        }
        Flavor::MariaDb => "tx_isolation = 'REPEATABLE-READ', tx_read_only = 0",
    };
    format!("{common}, {own}")
}

/// Connects, and pins the session's settings.
pub(super) async fn connect(login: &Login, server: Server) -> Result<MySqlConnection, sqlx::Error> {
    let mut connection = connect_plain(login).await?;
    batch(&mut connection, pinned(server)).await?;
    Ok(connection)
}

/// Connects, and leaves the session as the server has it.
pub(super) async fn connect_plain(login: &Login) -> Result<MySqlConnection, sqlx::Error> {
    match timeout(CONNECT_LIMIT, login.connect()).await {
        Ok(connected) => connected,
        Err(_) => Err(silent()),
    }
}

fn silent() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the server does not answer"))
}

/// Runs statements; one list of rows for each. After an error the rest is skipped, and what came before stays.
pub(super) async fn batch(
    connection: &mut MySqlConnection,
    sql: String,
) -> Result<Vec<Vec<Row>>, sqlx::Error> {
    let mut answers = Vec::new();
    match batch_into(connection, sql, &mut answers).await {
        Ok(()) => Ok(answers),
        Err(error) => Err(error),
    }
}

/// Like [`batch`], and `answers` tells how far it came.
pub(super) async fn batch_into(
    connection: &mut MySqlConnection,
    sql: String,
    answers: &mut Vec<Vec<Row>>,
) -> Result<(), sqlx::Error> {
    let mut rows = Vec::new();
    let mut stream = connection.fetch_many(sqlx::raw_sql(AssertSqlSafe(sql)));
    while let Some(step) = timeout(ANSWER_LIMIT, stream.try_next()).await.map_err(|_| silent())?? {
        match step {
            Either::Left(_) => answers.push(std::mem::take(&mut rows)),
            Either::Right(row) => rows.push(decode(&row)?),
        }
    }
    Ok(())
}

/// In the text protocol a value is NULL or its bytes. (The driver takes a date or time that begins with a zero byte for
/// NULL, as none does that is printed.)
fn decode(row: &MySqlRow) -> Result<Row, sqlx::Error> {
    (0..row.len()).map(|index| row.try_get_unchecked::<Option<Vec<u8>>, _>(index)).collect()
}

/// The first row's texts, empty for what is missing or NULL.
pub(super) fn first<const N: usize>(rows: &[Row]) -> [String; N] {
    let row = rows.first();
    std::array::from_fn(|at| row.and_then(|row| row.get(at)).cloned().flatten().map(text).unwrap_or_default())
}

/// A row's texts, empty for what is missing or NULL.
pub(super) fn fixed<const N: usize>(row: Row) -> [String; N] {
    let mut values = row.into_iter();
    std::array::from_fn(|_| values.next().flatten().map(text).unwrap_or_default())
}

/// Bytes as text; what is not UTF-8 shows as such.
pub(super) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
