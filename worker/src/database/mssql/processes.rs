//! The sessions of others on a database: who they are, whether they are in a transaction, and how they end.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::{self, classify};
use super::quote::literal;
use super::wire::{APPLICATION, Cells as _};
use super::{MsSql, SETTLE};
use crate::database::{DatabaseError, Disconnected};

/// Who is not among those that may be ended: "process ID … is not an active process ID".
const NOT_THERE: u32 = 6106;

/// A session of somebody else's.
struct Process {
    id: i64,
    in_transaction: bool,
}

impl MsSql {
    /// Sessions of others that stand in a database, or use it from another one.
    async fn processes(&self, action: &str, database: &str) -> Result<Vec<Process>, DatabaseError> {
        let fail = |error| classify(error, action, database);
        let mut processes = Vec::new();
        for row in self.run(action, &question(database)).await?.into_iter().flatten() {
            let Some(id) = row.integer(0).map_err(fail)? else { continue };
            processes.push(Process { id, in_transaction: row.flag(1).map_err(fail)? });
        }
        Ok(processes)
    }

    pub(super) async fn is_in_transaction(&self, database: &str) -> Result<bool, DatabaseError> {
        let action = format!("look for open transactions on database {database}");
        let processes = self.processes(&action, database).await?;
        Ok(processes.iter().any(|process| process.in_transaction))
    }

    /// Ends the sessions of others on a database and waits until they are gone.
    pub(super) async fn end_sessions(&self, database: &str) -> Result<Disconnected, DatabaseError> {
        let action = format!("end the sessions on database {database}");
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let mut processes = self.processes(&action, database).await?;
        let open = processes.iter().filter(|process| process.in_transaction).count();
        let result = Disconnected { sessions: count(processes.len()), in_transaction: count(open) };
        let deadline = Instant::now() + SETTLE;
        while !processes.is_empty() {
            for Process { id, .. } in &processes {
                if let Err(failure) = self.try_run(&ending(*id)).await
                    && error::number(&failure) != Some(NOT_THERE)
                {
                    return Err(classify(failure, &action, database));
                }
            }
            if Instant::now() > deadline {
                let source = "a session does not end though it has been told to".into();
                return Err(DatabaseError::Refused { action, source });
            }
            sleep(Duration::from_millis(2)).await;
            processes = self.processes(&action, database).await?;
        }
        Ok(result)
    }
}

/// Ends a session, unless its number has become that of one of ours meanwhile: numbers are given again at once.
fn ending(id: i64) -> String {
    format!(
        "IF EXISTS (SELECT 1 FROM sys.dm_exec_sessions WHERE session_id = {id} AND is_user_process = 1 \
         AND session_id <> @@SPID AND (program_name IS NULL OR program_name <> {})) KILL {id}",
        literal(APPLICATION)
    )
}

/// Asks who uses a database, and who of them is in a transaction.
///
/// Drivers without autocommit begin a transaction as soon as they connect, and another one after each COMMIT. One that has
/// changed nothing and holds nothing (but the lock that everybody has on the database) is none.
pub(super) fn question(database: &str) -> String {
    format!(
        "DECLARE @database int = DB_ID({}); \
         SELECT s.session_id, CASE WHEN EXISTS (SELECT 1 FROM sys.dm_tran_session_transactions st \
         JOIN sys.dm_tran_database_transactions dt ON dt.transaction_id = st.transaction_id \
         WHERE st.session_id = s.session_id AND st.is_user_transaction = 1 AND dt.database_id = @database \
         AND (dt.database_transaction_log_record_count > 0 OR EXISTS (SELECT 1 FROM sys.dm_tran_locks l \
         WHERE l.request_session_id = s.session_id AND l.resource_database_id = @database \
         AND l.resource_type <> 'DATABASE'))) THEN 1 ELSE 0 END \
         FROM sys.dm_exec_sessions s WHERE s.is_user_process = 1 AND s.session_id <> @@SPID \
         AND (s.program_name IS NULL OR s.program_name <> {}) \
         AND (s.database_id = @database OR EXISTS (SELECT 1 FROM sys.dm_tran_locks l \
         WHERE l.request_session_id = s.session_id AND l.resource_type = 'DATABASE' \
         AND l.resource_database_id = @database)) ORDER BY s.session_id",
        literal(database),
        literal(APPLICATION)
    )
}
