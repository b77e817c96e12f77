//! Reads a database's catalog, normalised.

use sqlx::mysql::MySqlConnection;

use super::flavor::Server;
use crate::database::catalog::Catalog;

/// Everything of `database` that a rollback can lose.
pub(super) async fn read(
    _connection: &mut MySqlConnection,
    _server: Server,
    _database: &str,
) -> Result<Catalog, sqlx::Error> {
    Ok(Catalog::default())
}
