//! One connection, one exchange at a time: a batch goes out, all of its answers come back.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use tiberius::error::{Error, IoErrorKind};
use tiberius::{AuthMethod, Client, ColumnData, Config, EncryptionLevel, QueryItem, Row};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

use crate::server::Endpoint;

/// How long a connection may take to come about.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// How long the server may say nothing. It ends a wait for a lock earlier; this is for one that has stopped to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(150);

/// What every session of ours begins with: whatever changes how a value prints or how SQL of ours is read. A statement that
/// fails rolls back the whole transaction, so that nothing is half done; a wait for a lock ends after ten seconds; and in a
/// deadlock it is we who give way.
pub(super) const PINNED: &str = "SET ANSI_NULLS ON; SET ANSI_NULL_DFLT_ON ON; SET ANSI_PADDING ON; SET ANSI_WARNINGS ON; \
     SET ARITHABORT ON; SET CONCAT_NULL_YIELDS_NULL ON; SET QUOTED_IDENTIFIER ON; SET NUMERIC_ROUNDABORT OFF; \
     SET CURSOR_CLOSE_ON_COMMIT OFF; SET IMPLICIT_TRANSACTIONS OFF; SET NOCOUNT ON; SET XACT_ABORT ON; SET ROWCOUNT 0; \
     SET LANGUAGE us_english; SET DATEFORMAT ymd; SET DATEFIRST 7; SET TEXTSIZE 2147483647; SET LOCK_TIMEOUT 10000; \
     SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET DEADLOCK_PRIORITY LOW;";

/// How to log in.
#[derive(Clone)]
pub(super) struct Login {
    host: String,
    port: u16,
    user: String,
    password: String,
    database: String,
    /// By which the session is known on the server.
    pub(super) application: &'static str,
    /// The server is on this machine, where nobody listens.
    near: bool,
}

impl Login {
    /// The administrator's, to a database.
    pub(super) fn to(endpoint: &Endpoint, database: &str) -> Self {
        let Endpoint { host, port, user, password, .. } = endpoint.clone();
        let near = host == "localhost" || host == "::1" || host.starts_with("127.");
        let database = database.to_owned();
        Self { host, port, user, password, database, application: APPLICATION, near }
    }

    /// As somebody else.
    pub(super) fn of(self, user: &str, password: &str) -> Self {
        Self { user: user.to_owned(), password: password.to_owned(), ..self }
    }

    /// To a server of ours, which only this machine reaches.
    pub(super) fn on_ours(self, ours: bool) -> Self {
        Self { near: self.near || ours, ..self }
    }

    /// The password never travels in the clear: the driver encrypts the login wherever the server can (all that are supported
    /// can, by a certificate which they make up at each start, so that there is nobody to be asked for it). What follows is
    /// encrypted as well, except on this machine, where it need not be; a server elsewhere that has no TLS is refused.
    fn config(&self) -> Config {
        let mut config = Config::new();
        config.host(&self.host);
        config.port(self.port);
        config.database(&self.database);
        config.authentication(AuthMethod::sql_server(&self.user, &self.password));
        config.application_name(self.application);
        config.encryption(if self.near { EncryptionLevel::Off } else { EncryptionLevel::Required });
        config.trust_cert();
        config.handshake_timeout(Some(CONNECT_LIMIT));
        config.command_timeout(Some(ANSWER_LIMIT));
        // Half of a surrogate pair is a text to the server; in a name or message it must not end the connection.
        config.lossy_utf16_decoding(true);
        config
    }
}

/// The name by which sessions of ours are known on the server.
pub(super) const APPLICATION: &str = "mrt";

/// A connection with pinned settings.
pub(super) struct Connection {
    client: Client<Compat<TcpStream>>,
    /// It stands between two exchanges. One that was left in the middle has answers under way that belong to nobody.
    whole: bool,
}

impl Connection {
    /// Logs in as the administrator of an endpoint.
    pub(super) async fn open(endpoint: &Endpoint, database: &str) -> Result<Self, Error> {
        Self::log_in(&Login::to(endpoint, database)).await
    }

    /// Logs in, and pins the session's settings.
    pub(super) async fn log_in(login: &Login) -> Result<Self, Error> {
        let mut connection = Self::log_in_plain(login).await?;
        connection.batch(PINNED).await?;
        Ok(connection)
    }

    /// Logs in, and leaves the session as the server and the driver have it.
    pub(super) async fn log_in_plain(login: &Login) -> Result<Self, Error> {
        let connecting = async {
            let stream = TcpStream::connect((login.host.as_str(), login.port)).await?;
            stream.set_nodelay(true)?;
            Client::connect(login.config(), stream.compat_write()).await
        };
        let client = timeout(CONNECT_LIMIT, connecting).await.map_err(|_| silent())??;
        Ok(Self { client, whole: true })
    }

    /// Runs one batch and reads all of its answers, which are of no interest. SQL is not split at `GO`.
    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.results(sql).await.map(drop)
    }

    /// Runs one batch; one list of rows for each statement that gives any.
    pub(super) async fn results(&mut self, sql: &str) -> Result<Vec<Vec<Row>>, Error> {
        let mut results = Vec::new();
        self.results_into(sql, &mut results).await?;
        Ok(results)
    }

    /// The same, and `results` tells how far it came.
    pub(super) async fn results_into(&mut self, sql: &str, results: &mut Vec<Vec<Row>>) -> Result<(), Error> {
        let client = self.begin()?;
        let answer = async {
            let mut stream =
                timeout(ANSWER_LIMIT, client.simple_query(sql)).await.map_err(|_| silent())??;
            while let Some(item) = stream.try_next().await? {
                match item {
                    QueryItem::Metadata(_) => results.push(Vec::new()),
                    QueryItem::Row(row) => match results.last_mut() {
                        Some(rows) => rows.push(row),
                        None => results.push(vec![row]),
                    },
                }
            }
            Ok(())
        }
        .await;
        self.end(answer)
    }

    /// Whether it can be used again.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// A future that is dropped while the answer is read never comes to [`Self::end`].
    fn begin(&mut self) -> Result<&mut Client<Compat<TcpStream>>, Error> {
        if !std::mem::replace(&mut self.whole, false) {
            return Err(Error::Io {
                kind: IoErrorKind::ConnectionAborted,
                message: "the connection was left in the middle of an answer".to_owned(),
            });
        }
        Ok(&mut self.client)
    }

    /// The driver reports what the server refused once it has read the whole answer.
    fn end<T>(&mut self, answer: Result<T, Error>) -> Result<T, Error> {
        self.whole = matches!(&answer, Ok(_) | Err(Error::Server(_)));
        answer
    }
}

fn silent() -> Error {
    Error::Io { kind: IoErrorKind::TimedOut, message: "the server does not answer".to_owned() }
}

/// Values of a row, by their place. A value of another type than is asked for is an error, and so is one that is not there.
pub(super) trait Cells {
    /// A text; `None` is NULL.
    fn text(&self, at: usize) -> Result<Option<String>, Error>;
    /// A whole number of any width.
    fn integer(&self, at: usize) -> Result<Option<i64>, Error>;
    /// A bit, or a whole number that is not zero.
    fn flag(&self, at: usize) -> Result<bool, Error>;
    /// Bytes.
    fn bytes(&self, at: usize) -> Result<Option<&[u8]>, Error>;

    /// A text; NULL is empty.
    fn string(&self, at: usize) -> Result<String, Error> {
        Ok(self.text(at)?.unwrap_or_default())
    }
}

impl Cells for Row {
    fn text(&self, at: usize) -> Result<Option<String>, Error> {
        match cell(self, at)? {
            ColumnData::String(text) => Ok(text.as_deref().map(str::to_owned)),
            other => Err(mismatch(at, "a text", other)),
        }
    }

    fn integer(&self, at: usize) -> Result<Option<i64>, Error> {
        match cell(self, at)? {
            ColumnData::U8(number) => Ok(number.map(i64::from)),
            ColumnData::I16(number) => Ok(number.map(i64::from)),
            ColumnData::I32(number) => Ok(number.map(i64::from)),
            ColumnData::I64(number) => Ok(*number),
            ColumnData::Bit(flag) => Ok(flag.map(i64::from)),
            other => Err(mismatch(at, "a whole number", other)),
        }
    }

    fn flag(&self, at: usize) -> Result<bool, Error> {
        Ok(self.integer(at)?.is_some_and(|number| number != 0))
    }

    fn bytes(&self, at: usize) -> Result<Option<&[u8]>, Error> {
        match cell(self, at)? {
            ColumnData::Binary(bytes) => Ok(bytes.as_deref()),
            other => Err(mismatch(at, "bytes", other)),
        }
    }
}

fn cell(row: &Row, at: usize) -> Result<&ColumnData<'static>, Error> {
    let missing = || Error::Conversion(format!("the answer has no column {at}").into());
    row.cells().nth(at).map(|(_, data)| data).ok_or_else(missing)
}

/// The value itself stays out of it.
fn mismatch(at: usize, wanted: &str, found: &ColumnData<'_>) -> Error {
    let found = match found {
        ColumnData::String(_) => "a text",
        ColumnData::Binary(_) => "bytes",
        ColumnData::U8(_) | ColumnData::I16(_) | ColumnData::I32(_) | ColumnData::I64(_) => "a whole number",
        ColumnData::Bit(_) => "a bit",
        _ => "a value of another type",
    };
    Error::Conversion(format!("column {at} of the answer is {found} where {wanted} was asked for").into())
}
