//! The engines that have a server: how each is launched, asked whether it is ready, and logged in to.

use std::sync::Arc;

use mrt_chain::settings::{EngineKind, ServerSettings, Target};

use crate::database::mssql::{self, MsSql};
use crate::database::mysql::{self, Mysql};
use crate::database::oracle::{self, Oracle};
use crate::database::postgres::{self, Postgres};
use crate::database::{DatabaseError, Engine};
use crate::server::{Endpoint, Launch};

/// An engine that has a server.
#[derive(Debug, Clone, Copy)]
pub(super) enum Served {
    Postgres,
    /// MariaDB, too.
    MySql,
    SqlServer,
    Oracle,
}

impl Served {
    /// `None` where an engine is embedded.
    pub(super) fn of(engine: EngineKind) -> Option<Self> {
        match engine {
            EngineKind::Sqlite => None,
            EngineKind::Postgres => Some(Self::Postgres),
            EngineKind::MySql | EngineKind::MariaDb => Some(Self::MySql),
            EngineKind::SqlServer => Some(Self::SqlServer),
            EngineKind::Oracle => Some(Self::Oracle),
        }
    }

    pub(super) fn launch(self, target: &Target, password: String) -> Launch {
        match self {
            Self::Postgres => postgres::launch(target, password),
            Self::MySql => mysql::launch(target, password),
            Self::SqlServer => mssql::launch(target, password),
            Self::Oracle => oracle::launch(target, password),
        }
    }

    /// Whether a server that has been launched lets us in.
    pub(super) async fn ready(self, endpoint: &Endpoint) -> Result<(), DatabaseError> {
        match self {
            Self::Postgres => postgres::ready(endpoint).await,
            Self::MySql => mysql::ready(endpoint).await,
            Self::SqlServer => mssql::ready(endpoint).await,
            Self::Oracle => oracle::ready(endpoint).await,
        }
    }

    pub(super) async fn open(
        self,
        endpoint: Endpoint,
        target: &Target,
    ) -> Result<Arc<dyn Engine>, DatabaseError> {
        Ok(match self {
            Self::Postgres => Arc::new(Postgres::open(endpoint, target).await?),
            Self::MySql => Arc::new(Mysql::open(endpoint, target).await?),
            Self::SqlServer => Arc::new(MsSql::open(endpoint, target).await?),
            Self::Oracle => Arc::new(Oracle::open(endpoint, target).await?),
        })
    }
}

/// The image of a target's container; `None` where no container is started.
pub fn image(target: &Target) -> Option<String> {
    match &target.server {
        ServerSettings::Docker { .. } => {
            Served::of(target.engine).map(|served| served.launch(target, String::new()).image)
        }
        ServerSettings::External { .. } | ServerSettings::Embedded => None,
    }
}

/// What keeps this machine from checking on an engine, whatever the target: a library that is missing, or, where a container
/// is to be started, a licence whose terms nobody here has accepted.
pub fn lacks(engine: EngineKind, in_container: bool) -> Option<String> {
    match engine {
        EngineKind::Oracle => oracle::missing(),
        EngineKind::SqlServer if in_container => mssql::objection().map(str::to_owned),
        _ => None,
    }
}

/// What keeps a target from having a server, as far as is known before one is asked for.
pub fn obstacle(target: &Target) -> Option<String> {
    let of_target = || match target.engine {
        EngineKind::Oracle => oracle::obstacle(target),
        _ => None,
    };
    let in_container = matches!(target.server, ServerSettings::Docker { .. });
    lacks(target.engine, in_container).or_else(of_target)
}

/// Whether a server is of the release that a target asks for: `15` of PostgreSQL, `8.4` of MySQL and MariaDB, `2022` of SQL
/// Server, or as much of it as was asked for.
pub(super) fn is_of(engine: EngineKind, asked: &str, found: &str) -> bool {
    let numbers = match engine {
        EngineKind::Sqlite | EngineKind::Postgres | EngineKind::SqlServer | EngineKind::Oracle => 1,
        EngineKind::MySql | EngineKind::MariaDb => 2,
    };
    let (mut asked, found) = (release(asked), release(found));
    // What is sold as 26 is 23 to its server, with 26 behind it.
    if engine == EngineKind::Oracle && asked.first() == Some(&"26") && found.first() == Some(&"23") {
        asked.insert(0, "23");
        return asked.iter().zip(&found).take(2).all(|(asked, found)| asked == found);
    }
    asked.iter().zip(&found).take(numbers).all(|(asked, found)| asked == found)
}

/// `15, 18` of `15.18`, `8, 4` of `8.4-oracle`, `15` of `15beta1`.
fn release(version: &str) -> Vec<&str> {
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    version[..end].split('.').filter(|number| !number.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_a_target_from_having_a_server_is_known_before_one_is_asked_for() {
        let named = |name: &str| Target::from_name(name).unwrap_or_else(|error| panic!("{error}"));
        // Without the library that is said, and with it that nobody gives away an image.
        assert!(obstacle(&named("oracle:19")).is_some());
        assert_eq!(obstacle(&named("oracle:23")), lacks(EngineKind::Oracle, true));
        for name in ["sqlite", "postgres:16", "mysql:8.4", "mariadb"] {
            assert_eq!(obstacle(&named(name)), None, "{name}");
        }
    }

    #[test]
    fn a_release_has_as_many_numbers_as_its_makers_count() {
        for (engine, asked, found, same) in [
            (EngineKind::Postgres, "15.4", "15.18", true),
            (EngineKind::Postgres, "16-alpine", "16beta1", true),
            (EngineKind::Postgres, "16", "15.18", false),
            (EngineKind::MySql, "8.4", "8.4.6", true),
            (EngineKind::MySql, "8.4.3-oracle", "8.4.6", true),
            (EngineKind::MySql, "8.0", "8.4.6", false),
            (EngineKind::MySql, "9", "9.7.4", true),
            (EngineKind::MariaDb, "10.6", "10.11.18", false),
            (EngineKind::MariaDb, "11-noble", "11.8.9", true),
            (EngineKind::MariaDb, "12", "11.8.9", false),
            (EngineKind::SqlServer, "2022-CU14-ubuntu-22.04", "2022 (16.0.4135.4)", true),
            (EngineKind::SqlServer, "2019", "2022 (16.0.4135.4)", false),
            (EngineKind::Oracle, "23-slim-faststart", "23.9.0.25.07", true),
            (EngineKind::Oracle, "26", "23.26.0.0.0", true),
            (EngineKind::Oracle, "26", "23.9.0.25.07", false),
            (EngineKind::Oracle, "21", "23.9.0.25.07", false),
        ] {
            assert_eq!(is_of(engine, asked, found), same, "{engine}:{asked}, {found}");
        }
    }
}
