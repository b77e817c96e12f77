//! The sessions of others on a database: who they are, whether they are in a transaction, and how they end.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::flavor::Flavor;
use super::quote::literal;
use super::wire::{fixed, text};
use super::{Mysql, error};
use crate::database::{DatabaseError, Disconnected};

/// How long we wait for a session that has been told to end.
const SETTLE: Duration = Duration::from_secs(10);

impl Mysql {
    /// Sessions on a database that are not ours; those of ours are the administrator's.
    ///
    /// Whether they run a statement is not asked: a session is listed as running one for a moment after its answer has come.
    async fn processes(&self, action: &str, database: &str) -> Result<Vec<u64>, DatabaseError> {
        // The older list takes locks that every session needs; it is all that the first releases of 8.0 have.
        let source = if self.shared.has_processes {
            "performance_schema.processlist"
        } else {
            "information_schema.processlist"
        };
        let sql = format!(
            "SELECT id FROM {source} WHERE db = {} AND user <> {} AND command <> 'Daemon'",
            literal(database),
            literal(&self.shared.endpoint.user)
        );
        let rows = self.run(action, &sql).await?.into_iter().flatten();
        Ok(rows.filter_map(|row| fixed::<1>(row)[0].parse().ok()).collect())
    }

    /// Of these sessions, the ones that are in a transaction.
    ///
    /// MySQL's own instruments tell. Where there are none, InnoDB's monitor does, which on MySQL leaves out who only reads;
    /// `information_schema.innodb_trx` knows them, but is a copy that is not renewed as long as somebody looks at it more
    /// often than ten times a second.
    async fn in_transaction(&self, action: &str, processes: &[u64]) -> Result<Vec<u64>, DatabaseError> {
        const INSTRUMENTS: &str = "SELECT t.processlist_id FROM performance_schema.events_transactions_current e \
             JOIN performance_schema.threads t ON t.thread_id = e.thread_id \
             WHERE e.state = 'ACTIVE' AND t.processlist_id IS NOT NULL";
        const COPY: &str = "SELECT trx_mysql_thread_id FROM information_schema.innodb_trx";
        if processes.is_empty() {
            return Ok(Vec::new());
        }
        let mut open = Vec::new();
        let listed = match (self.shared.server.flavor, self.shared.has_instruments) {
            (Flavor::MySql, true) => Some(INSTRUMENTS),
            (Flavor::MySql, false) => Some(COPY),
            (Flavor::MariaDb, _) => None,
        };
        if let Some(sql) = listed {
            let rows = self.run(action, sql).await?.into_iter().flatten();
            open.extend(rows.filter_map(|row| fixed::<1>(row)[0].parse::<u64>().ok()));
        }
        if listed != Some(INSTRUMENTS) {
            let answers = self.run(action, "SHOW ENGINE INNODB STATUS").await?;
            let monitor = answers
                .into_iter()
                .flatten()
                .next()
                .and_then(|row| row.into_iter().nth(2))
                .flatten()
                .map(text);
            open.extend(open_transactions(&monitor.unwrap_or_default()));
        }
        Ok(processes.iter().copied().filter(|id| open.contains(id)).collect())
    }

    pub(super) async fn is_in_transaction(&self, database: &str) -> Result<bool, DatabaseError> {
        let action = format!("look for open transactions on database {database}");
        let processes = self.processes(&action, database).await?;
        Ok(!self.in_transaction(&action, &processes).await?.is_empty())
    }

    /// Ends the sessions of others on a database and waits until they are gone.
    pub(super) async fn end_sessions(&self, database: &str) -> Result<Disconnected, DatabaseError> {
        let action = format!("end the sessions on database {database}");
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let mut processes = self.processes(&action, database).await?;
        let open = self.in_transaction(&action, &processes).await?;
        let result = Disconnected { sessions: count(processes.len()), in_transaction: count(open.len()) };
        let deadline = Instant::now() + SETTLE;
        while !processes.is_empty() {
            for process in &processes {
                if let Err(failure) = self.try_run(&format!("KILL {process}")).await
                    // "Unknown thread id": it has ended by itself.
                    && error::number(&failure) != Some(1094)
                {
                    return Err(error::classify(failure, &action, database));
                }
            }
            if Instant::now() > deadline {
                let source = "a session does not end though it has been told to".into();
                return Err(DatabaseError::Refused { action, source });
            }
            processes = self.processes(&action, database).await?;
            if !processes.is_empty() {
                sleep(Duration::from_millis(2)).await;
            }
        }
        Ok(result)
    }
}

/// The sessions with an active transaction, by what the monitor prints: a paragraph for each, such as
/// `---TRANSACTION 1803, ACTIVE 5 sec … MySQL thread id 12, …`.
fn open_transactions(monitor: &str) -> Vec<u64> {
    let mut open = Vec::new();
    for paragraph in monitor.split("---TRANSACTION ").skip(1) {
        let first = paragraph.lines().next().unwrap_or_default();
        if !first.contains(", ACTIVE") {
            continue;
        }
        let id: Option<u64> = paragraph.split("thread id ").nth(1).and_then(|rest| {
            rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok())
        });
        open.extend(id);
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_monitor_tells_who_is_in_a_transaction() {
        let monitor = "LIST OF TRANSACTIONS FOR EACH SESSION:\n\
            ---TRANSACTION 421, not started\n0 lock struct(s)\n\
            ---TRANSACTION 1803, ACTIVE 5 sec\n1 lock struct(s), undo log entries 1\n\
            MySQL thread id 12, OS thread handle 140, query id 99 localhost root\n\
            ---TRANSACTION (0x7f), not started\n\
            ---TRANSACTION 1809, ACTIVE (PREPARED) 2 sec\nMariaDB thread id 33, OS thread handle 1\n";
        assert_eq!(open_transactions(monitor), [12, 33]);
    }
}
