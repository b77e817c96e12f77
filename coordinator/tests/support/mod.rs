//! Where tests keep their state: SQLite always, PostgreSQL where a server is there.

use mrt_coordinator::store::Store;
use sqlx::{AnyConnection, Connection as _, Executor as _};
use tempfile::TempDir;

/// A state of its own. SQLite's goes with the directory, PostgreSQL's with the server.
pub(crate) struct Place {
    pub(crate) url: String,
    _directory: Option<TempDir>,
}

/// An empty state on each database that there is.
pub(crate) async fn places() -> Vec<Place> {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", directory.path().join("state.db").display());
    let mut places = vec![Place { url: url.clone(), _directory: Some(directory) }];
    // So that drivers are installed before the connection below.
    drop(Store::open(&url).await.unwrap());
    match std::env::var("MRT_TEST_POSTGRES_URL") {
        Ok(server) => {
            let name = format!("mrt_state_{:x}", fastrand::u64(..));
            let mut connection = AnyConnection::connect(&server).await.unwrap();
            connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
            let mut url = url::Url::parse(&server).unwrap();
            url.set_path(&name);
            places.push(Place { url: url.to_string(), _directory: None });
        }
        Err(_) => eprintln!("SKIPPED: the state on PostgreSQL: MRT_TEST_POSTGRES_URL is not set"),
    }
    places
}
