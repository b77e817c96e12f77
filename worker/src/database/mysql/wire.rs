//! One exchange with the server: statements in one message, all answers as the text protocol has them.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlRow, MySqlSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Either, Executor as _, Row as _, ValueRef as _};
use tokio::time::timeout;

use crate::server::Endpoint;

/// How long a connection may take to come about.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// How long the answer to one statement may take. The server ends a statement of ours earlier; this is for a server that has
/// stopped to say anything.
const ANSWER_LIMIT: Duration = Duration::from_secs(150);

/// Values as the server sends them: bytes of UTF-8 for what is text, plain bytes for what is binary; `None` is NULL.
pub(super) type Row = Vec<Option<Vec<u8>>>;

/// What every session of ours begins with: whatever changes how a value prints or how SQL of ours is read.
pub(super) const PINNED: &str = "SET NAMES utf8mb4, time_zone = '+00:00', \
     sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO', sql_quote_show_create = 1, \
     div_precision_increment = 4, group_concat_max_len = 4294967295, sql_auto_is_null = 0, foreign_key_checks = 1, \
     unique_checks = 1, autocommit = 1, lock_wait_timeout = 10, innodb_lock_wait_timeout = 2";

/// How to reach a database with this login; `None` for no database.
pub(super) fn options(endpoint: &Endpoint, database: Option<&str>) -> MySqlConnectOptions {
    let options = MySqlConnectOptions::new()
        .host(&endpoint.host)
        .port(endpoint.port)
        .username(&endpoint.user)
        .password(&endpoint.password)
        .charset("utf8mb4")
        // `caching_sha2_password` wants TLS for a user's first login; nobody is asked for a certificate.
        .ssl_mode(MySqlSslMode::Preferred)
        // All of this is in `PINNED`.
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None)
        .set_names(false)
        .statement_cache_capacity(0)
        .disable_statement_logging();
    match database {
        Some(database) => options.database(database),
        None => options,
    }
}

/// Connects, and pins the session's settings.
pub(super) async fn connect(options: MySqlConnectOptions) -> Result<MySqlConnection, sqlx::Error> {
    let mut connection = match timeout(CONNECT_LIMIT, options.connect()).await {
        Ok(connected) => connected?,
        Err(_) => return Err(silent()),
    };
    batch(&mut connection, PINNED.to_owned()).await?;
    Ok(connection)
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

fn decode(row: &MySqlRow) -> Result<Row, sqlx::Error> {
    (0..row.len())
        .map(|index| {
            // Before the driver's own reading, which takes a zero date for NULL.
            if row.try_get_raw(index)?.is_null() {
                return Ok(None);
            }
            row.try_get_unchecked::<Vec<u8>, _>(index).map(Some)
        })
        .collect()
}

/// A row of text.
pub(super) fn texts(row: Row) -> Vec<Option<String>> {
    row.into_iter().map(|value| value.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())).collect()
}
