//! One exchange with the server: a batch of statements in one message, all answers as text.

use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Either, Executor, Row as _, ValueRef};
use tokio::time::timeout;

use crate::server::Endpoint;

/// How long a connection may take to come about.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// How long the answer to one statement may take. The server ends a statement of ours earlier; this is for a
/// server that has stopped to say anything.
const ANSWER_LIMIT: Duration = Duration::from_secs(150);

/// Values as the server prints them; `None` is NULL.
pub(super) type Row = Vec<Option<String>>;

/// How to reach a database as the administrator, with every setting pinned that changes how a value prints or
/// how SQL of ours is read. What is sent with the start of a session outranks settings of roles and databases.
pub(super) fn options(endpoint: &Endpoint, database: &str, application: &str) -> PgConnectOptions {
    let options = PgConnectOptions::new_without_pgpass()
        .host(&endpoint.host)
        .port(endpoint.port)
        .username(&endpoint.user)
        .password(&endpoint.password)
        .database(database)
        .application_name(application)
        // The driver is built without TLS; saying so saves a round trip.
        .ssl_mode(PgSslMode::Disable)
        .extra_float_digits(3)
        .options([
            ("intervalstyle", "iso_8601"),
            ("bytea_output", "hex"),
            ("standard_conforming_strings", "on"),
            ("quote_all_identifiers", "off"),
            ("array_nulls", "on"),
            ("xmloption", "content"),
            ("lc_messages", "C"),
            ("lc_monetary", "C"),
            ("client_min_messages", "error"),
            ("default_transaction_isolation", "read committed"),
            ("default_transaction_read_only", "off"),
            ("default_transaction_deferrable", "off"),
            ("session_replication_role", "origin"),
            ("row_security", "on"),
            ("jit", "off"),
            ("max_parallel_workers_per_gather", "0"),
            ("idle_in_transaction_session_timeout", "0"),
        ]);
    options.disable_statement_logging()
}

/// Connects.
pub(super) async fn connect(options: PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    match timeout(CONNECT_LIMIT, options.connect()).await {
        Ok(connected) => connected,
        Err(_) => Err(silent()),
    }
}

fn silent() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the server does not answer"))
}

/// Runs a batch; one list of rows for each statement.
///
/// The statements are one transaction unless they say otherwise; after an error the rest is skipped.
pub(super) async fn batch(connection: &mut PgConnection, sql: String) -> Result<Vec<Vec<Row>>, sqlx::Error> {
    let mut answers = Vec::new();
    match batch_into(connection, sql, &mut answers).await {
        Ok(()) => Ok(answers),
        Err(error) => Err(error),
    }
}

/// Like [`batch`], and `answers` tells how far it came.
pub(super) async fn batch_into(
    connection: &mut PgConnection,
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

fn decode(row: &PgRow) -> Result<Row, sqlx::Error> {
    (0..row.len())
        .map(|index| {
            let value = row.try_get_raw(index)?;
            if value.is_null() {
                return Ok(None);
            }
            value.as_str().map(|text| Some(text.to_owned())).map_err(sqlx::Error::Decode)
        })
        .collect()
}
