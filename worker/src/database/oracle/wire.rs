//! A connection: the client library blocks whoever calls it, so each connection has a thread of its own.
//!
//! It is never the runtime's pool of blocking threads, which hundreds of connections that stand still would use up. A thread
//! takes one command at a time and answers it; who no longer waits for the answer breaks the call, and a connection whose
//! call was broken is not used again, since the break might hit the next one.

use std::sync::{Arc, Weak, mpsc};
use std::time::Duration;

use oracle::sql_type::{OracleType, ToSql};
use oracle::{Connector, Privilege};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::client;
use super::error::{Error, driver};
use crate::server::Endpoint;

/// How long a connection may take to come about.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// How long the answer to one statement may take, unless its connection says otherwise.
const ANSWER_LIMIT: Duration = Duration::from_secs(150);

/// Rows that one exchange brings.
const FETCHED: u32 = 500;

/// A connection to one server, as one user.
pub(super) struct Connection {
    commands: mpsc::Sender<Command>,
    /// To break a call from outside; the thread holds the connection itself.
    handle: Weak<oracle::Connection>,
    limit: Duration,
    is_broken: bool,
}

/// How to log in.
#[derive(Clone)]
pub(super) struct Login {
    user: String,
    password: String,
    /// The whole descriptor, so that no file of names is asked.
    place: String,
    privileged: bool,
}

/// A value for a placeholder (`:1`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Param {
    Text(String),
    Integer(i64),
    Bytes(Vec<u8>),
}

/// A value as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    /// Everything that is not bytes: numbers exactly, in digits; dates and times as the driver prints them (ask for
    /// `TO_CHAR` where the form matters).
    Text(String),
    Bytes(Vec<u8>),
}

/// One row of an answer, in the order of the SELECT's columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row(Vec<Cell>);

enum Command {
    Execute(String, Vec<Param>, oneshot::Sender<Result<u64, Error>>),
    Rows(String, Vec<Param>, oneshot::Sender<Result<Vec<Row>, Error>>),
}

impl From<&str> for Param {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Param {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Param {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Param {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl Row {
    /// One of these texts.
    #[cfg(test)]
    pub(super) fn of(texts: &[&str]) -> Self {
        Self(texts.iter().map(|text| Cell::Text((*text).to_owned())).collect())
    }

    /// The text in a column; `None` for NULL, for bytes and for a column that is not there.
    pub(super) fn text(&self, at: usize) -> Option<&str> {
        match self.0.get(at) {
            Some(Cell::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The text in a column, empty where there is none. (No text of Oracle's is empty: that is NULL.)
    pub(super) fn string(&self, at: usize) -> String {
        self.text(at).unwrap_or_default().to_owned()
    }

    /// A whole number, unless it is NULL or none.
    pub(super) fn integer(&self, at: usize) -> Option<i64> {
        self.text(at)?.parse().ok()
    }

    /// Whether the dictionary says `YES`, `Y`, `TRUE`, `ENABLED` or `1`.
    pub(super) fn flag(&self, at: usize) -> bool {
        matches!(self.text(at), Some("YES" | "Y" | "TRUE" | "ENABLED" | "1"))
    }

    /// The values, one per column.
    pub(super) fn into_cells(self) -> Vec<Cell> {
        self.0
    }
}

impl Login {
    /// As the endpoint's administrator. `sys` is let in with its privilege alone.
    pub(super) fn to(endpoint: &Endpoint) -> Self {
        let Endpoint { host, port, user, password, database } = endpoint;
        // The limits hold for a server that swallows what it is sent; a connection that is refused fails at once.
        let place = format!(
            "(DESCRIPTION=(CONNECT_TIMEOUT=20)(TRANSPORT_CONNECT_TIMEOUT=10)(RETRY_COUNT=0)\
             (ADDRESS=(PROTOCOL=TCP)(HOST={host})(PORT={port}))(CONNECT_DATA=(SERVICE_NAME={database})))"
        );
        let privileged = user.eq_ignore_ascii_case("sys");
        Self { user: user.clone(), password: password.clone(), place, privileged }
    }

    /// As somebody else, to the same place.
    pub(super) fn of(&self, user: &str, password: &str) -> Self {
        let (user, password) = (user.to_owned(), password.to_owned());
        Self { user, password, place: self.place.clone(), privileged: false }
    }

    fn connect(&self) -> Result<oracle::Connection, Error> {
        client::load()?;
        let mut connector = Connector::new(&self.user, &self.password, &self.place);
        if self.privileged {
            connector.privilege(Privilege::Sysdba);
        }
        connector.stmt_cache_size(0);
        connector.connect().map_err(driver)
    }
}

impl Connection {
    /// Logs in.
    pub(super) async fn open(login: &Login) -> Result<Self, Error> {
        let (commands, received) = mpsc::channel();
        let (opened, opening) = oneshot::channel();
        let login = login.clone();
        std::thread::Builder::new()
            .name("oracle".to_owned())
            .spawn(move || serve(&login, opened, &received))
            .map_err(Error::Thread)?;
        let handle = match timeout(CONNECT_LIMIT, opening).await {
            Ok(Ok(opened)) => opened?,
            Ok(Err(_)) => return Err(Error::Ended),
            Err(_) => return Err(Error::Silent),
        };
        Ok(Self { commands, handle, limit: ANSWER_LIMIT, is_broken: false })
    }

    /// Sets how long an answer may take.
    pub(super) fn set_limit(&mut self, limit: Duration) {
        self.limit = limit;
    }

    /// Whether a call was broken, so that the connection is of no more use.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Runs one statement or PL/SQL block, without the `;` or `/` behind it; the answer is how many rows it wrote. Nothing is
    /// committed but by `COMMIT` and by what defines something.
    pub(super) async fn execute(&mut self, sql: impl Into<String>, params: &[Param]) -> Result<u64, Error> {
        let (sql, params) = (sql.into(), params.to_vec());
        self.call(|answer| Command::Execute(sql, params, answer)).await
    }

    /// Runs a query and reads all its rows.
    pub(super) async fn rows(&mut self, sql: impl Into<String>, params: &[Param]) -> Result<Vec<Row>, Error> {
        let (sql, params) = (sql.into(), params.to_vec());
        self.call(|answer| Command::Rows(sql, params, answer)).await
    }

    async fn call<T>(
        &mut self,
        command: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> Command,
    ) -> Result<T, Error> {
        if self.is_broken {
            return Err(Error::Ended);
        }
        let (answer, answered) = oneshot::channel();
        self.commands.send(command(answer)).map_err(|_| Error::Ended)?;
        // Whoever drops this future breaks the call by that.
        let mut breaks = Breaks { connection: self, is_over: false };
        match timeout(breaks.connection.limit, answered).await {
            Ok(told) => {
                breaks.is_over = true;
                told.unwrap_or(Err(Error::Ended))
            }
            Err(_) => Err(Error::Silent),
        }
    }
}

/// Breaks a call that nobody waits for.
struct Breaks<'a> {
    connection: &'a mut Connection,
    is_over: bool,
}

impl Drop for Breaks<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        self.connection.is_broken = true;
        if let Some(handle) = self.connection.handle.upgrade()
            && let Err(error) = handle.break_execution()
        {
            tracing::debug!(%error, "cannot break a call to the server");
        }
    }
}

/// What the thread of a connection does: it logs in, and obeys until nobody gives commands any more.
fn serve(
    login: &Login,
    opened: oneshot::Sender<Result<Weak<oracle::Connection>, Error>>,
    commands: &mpsc::Receiver<Command>,
) {
    let connection = match login.connect() {
        Ok(connection) => Arc::new(connection),
        Err(error) => {
            let _ = opened.send(Err(error));
            return;
        }
    };
    // A client before 18 knows no limit; the one on our side of the channel holds in any case, but leaves the thread behind.
    if let Err(error) = connection.set_call_timeout(Some(2 * ANSWER_LIMIT)) {
        tracing::debug!(%error, "the client library has no time limit");
    }
    if opened.send(Ok(Arc::downgrade(&connection))).is_err() {
        return;
    }
    for command in commands {
        // Nobody may be there to take an answer any more; then the next command will not come.
        match command {
            Command::Execute(sql, params, answer) => {
                let _ = answer.send(execute(&connection, &sql, &params));
            }
            Command::Rows(sql, params, answer) => {
                let _ = answer.send(rows(&connection, &sql, &params));
            }
        }
    }
}

fn execute(connection: &oracle::Connection, sql: &str, params: &[Param]) -> Result<u64, Error> {
    let mut statement = connection.statement(sql).build().map_err(driver)?;
    let values = values(params);
    if statement.is_query() {
        // A script may ask, and nobody listens.
        let mut answers = statement.query(&borrowed(&values)).map_err(driver)?;
        return answers.try_for_each(|row| row.map(drop)).map(|()| 0).map_err(driver);
    }
    statement.execute(&borrowed(&values)).map_err(driver)?;
    if statement.is_dml() { statement.row_count().map_err(driver) } else { Ok(0) }
}

fn rows(connection: &oracle::Connection, sql: &str, params: &[Param]) -> Result<Vec<Row>, Error> {
    let mut builder = connection.statement(sql);
    let mut statement = builder.fetch_array_size(FETCHED).build().map_err(driver)?;
    let values = values(params);
    let answers = statement.query(&borrowed(&values)).map_err(driver)?;
    answers
        .map(|row| {
            let row = row.map_err(driver)?;
            row.sql_values().iter().map(cell).collect::<Result<_, _>>().map(Row)
        })
        .collect()
}

fn cell(value: &oracle::SqlValue) -> Result<Cell, Error> {
    if value.is_null().map_err(driver)? {
        return Ok(Cell::Null);
    }
    let text = |text: String| Cell::Text(text);
    match value.oracle_type().map_err(driver)? {
        OracleType::Raw(_) | OracleType::LongRaw | OracleType::BLOB => {
            value.get::<Vec<u8>>().map(Cell::Bytes).map_err(driver)
        }
        OracleType::Boolean => {
            value.get::<bool>().map(|it| text(if it { "TRUE" } else { "FALSE" }.to_owned())).map_err(driver)
        }
        // The shortest digits that tell the number from its neighbours.
        OracleType::BinaryFloat => value.get::<f32>().map(|it| text(format!("{it:?}"))).map_err(driver),
        OracleType::BinaryDouble => value.get::<f64>().map(|it| text(format!("{it:?}"))).map_err(driver),
        _ => value.get::<String>().map(text).map_err(driver),
    }
}

/// Parameters as the driver takes them.
fn values(params: &[Param]) -> Vec<Box<dyn ToSql + '_>> {
    params
        .iter()
        .map(|param| -> Box<dyn ToSql + '_> {
            match param {
                Param::Text(text) => Box::new(Text(text)),
                Param::Integer(number) => Box::new(*number),
                Param::Bytes(bytes) => Box::new(bytes.as_slice()),
            }
        })
        .collect()
}

/// A text in the database's character set. The driver would make a national one of it, by which the server finds nothing in an
/// index, and which ends at half the length.
struct Text<'a>(&'a str);

impl ToSql for Text<'_> {
    fn oratype(&self, _: &oracle::Connection) -> oracle::Result<OracleType> {
        Ok(OracleType::Varchar2(u32::try_from(self.0.len()).unwrap_or(u32::MAX)))
    }

    fn to_sql(&self, value: &mut oracle::SqlValue) -> oracle::Result<()> {
        value.set(&self.0)
    }
}

fn borrowed<'a>(values: &'a [Box<dyn ToSql + '_>]) -> Vec<&'a dyn ToSql> {
    values.iter().map(|value| &**value as &dyn ToSql).collect()
}
