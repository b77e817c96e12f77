//! The sessions of others on a schema, which are those of its user: who they are, whether they are in a transaction, and how
//! they end.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Oracle, error};
use crate::database::{DatabaseError, Disconnected};

/// How long we wait for a session that has been told to end.
const SETTLE: Duration = Duration::from_secs(20);

/// The sessions of a user and whether each has written or locked anything. Who only reads is in no transaction here. What is
/// marked as killed has a row until its process has seen it.
const LISTED: &str = "SELECT s.sid, s.serial#, NVL2(t.addr, 'Y', 'N') FROM v$session s \
     LEFT JOIN v$transaction t ON t.addr = s.taddr WHERE s.username = :1 AND s.type = 'USER' ORDER BY s.sid";

/// One session.
struct Process {
    sid: String,
    serial: String,
    in_transaction: bool,
}

impl Oracle {
    async fn processes(&self, action: &str, owner: &str) -> Result<Vec<Process>, DatabaseError> {
        let rows = self.rows(action, LISTED, &[owner.into()]).await?;
        Ok(rows
            .iter()
            .map(|row| Process { sid: row.string(0), serial: row.string(1), in_transaction: row.flag(2) })
            .collect())
    }

    pub(super) async fn is_in_transaction(&self, owner: &str) -> Result<bool, DatabaseError> {
        let action = format!("look for open transactions on schema {owner}");
        Ok(self.processes(&action, owner).await?.iter().any(|process| process.in_transaction))
    }

    /// Ends the sessions of others on a schema and waits until they are gone.
    pub(super) async fn end_sessions(&self, owner: &str) -> Result<Disconnected, DatabaseError> {
        let action = format!("end the sessions on schema {owner}");
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let mut processes = self.processes(&action, owner).await?;
        let open = processes.iter().filter(|process| process.in_transaction).count();
        let result = Disconnected { sessions: count(processes.len()), in_transaction: count(open) };
        let deadline = Instant::now() + SETTLE;
        while !processes.is_empty() {
            for Process { sid, serial, .. } in &processes {
                // It ends the process, too; KILL leaves that to the process itself.
                let sql = format!("ALTER SYSTEM DISCONNECT SESSION '{sid},{serial}' IMMEDIATE");
                if let Err(failure) = self.try_execute(&sql).await
                    // It has ended by itself.
                    && !matches!(failure.number(), Some(26 | 30))
                    && !is_marked(&failure)
                {
                    return Err(error::classify(failure, &action, owner));
                }
            }
            if Instant::now() > deadline {
                let source = "a session does not end though it has been told to".into();
                return Err(DatabaseError::Refused { action, source });
            }
            processes = self.processes(&action, owner).await?;
            if !processes.is_empty() {
                sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(result)
    }

    /// Drops a schema with its user; who is connected as it is not let in again and ended.
    pub(super) async fn drop_stored(&self, owner: &str) -> Result<(), DatabaseError> {
        let action = format!("drop schema {owner}");
        let name = super::quote::ident(owner);
        let deadline = Instant::now() + SETTLE;
        match self.try_execute(&format!("ALTER USER {name} ACCOUNT LOCK")).await {
            Ok(()) => {}
            // There is none.
            Err(failure) if failure.number() == Some(1918) => return Ok(()),
            Err(failure) => return Err(error::classify(failure, &action, owner)),
        }
        loop {
            self.end_sessions(owner).await?;
            match self.try_execute(&format!("DROP USER {name} CASCADE")).await {
                Ok(()) => return Ok(()),
                Err(failure) if failure.number() == Some(1918) => return Ok(()),
                // Connected: a login was under way, or a session's process has not ended yet; a resource is busy.
                Err(failure)
                    if matches!(failure.number(), Some(1940 | 54 | 4020 | 4021))
                        && Instant::now() < deadline =>
                {
                    sleep(Duration::from_millis(50)).await;
                }
                Err(failure) => return Err(error::classify(failure, &action, owner)),
            }
        }
    }
}

/// Whether a session could only be marked to be ended. The driver takes that for its own end (DPI-1080), without a number.
fn is_marked(failure: &error::Error) -> bool {
    matches!(failure, error::Error::Driver { message, .. } if message.contains("ORA-00031"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_marked_to_end_is_no_end_of_ours() {
        let told = |message: &str| error::Error::Driver { number: None, message: message.to_owned() };
        assert!(is_marked(&told("DPI-1080: connection was closed by ORA-00031")));
        assert!(!is_marked(&told("DPI-1080: connection was closed by ORA-03113")));
    }

    #[test]
    fn the_list_of_sessions_is_asked_in_sql() {
        super::super::quote::parses(LISTED);
    }
}
