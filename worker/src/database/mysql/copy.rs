//! Copying a database.

use super::Mysql;
use super::error::classify;
use super::quote::ident;
use super::wire::{batch, fixed};
use crate::database::DatabaseError;

impl Mysql {
    /// Makes `to` a copy of `from`, replacing `to`.
    pub(super) async fn copy(&self, from: &str, to: &str) -> Result<(), DatabaseError> {
        let action = format!("copy database {from} to {to}");
        let fail = |error| classify(error, &action, from);
        let mut connection = self.take().await.map_err(fail)?;
        let listed = batch(
            &mut connection,
            format!("USE {}; SHOW FULL TABLES WHERE table_type = 'BASE TABLE'", ident(from)),
        )
        .await
        .map_err(fail)?;
        let names: Vec<String> = listed
            .into_iter()
            .flatten()
            .map(|row| {
                let [name] = fixed(row);
                name
            })
            .collect();
        let mut script = format!("CREATE DATABASE {0}; USE {0}; SET foreign_key_checks = 0", ident(to));
        for name in names {
            let sql = format!("SHOW CREATE TABLE {}", ident(&name));
            let shown = batch(&mut connection, sql).await.map_err(fail)?;
            for row in shown.into_iter().flatten() {
                let [_, create] = fixed(row);
                script.push_str(&format!(
                    "; {create}; INSERT INTO {0} SELECT * FROM {1}.{0}",
                    ident(&name),
                    ident(from)
                ));
            }
        }
        script.push_str("; SET foreign_key_checks = 1");
        self.drop_stored(to).await?;
        batch(&mut connection, script).await.map_err(fail)?;
        self.put_back(connection, None);
        Ok(())
    }
}
