//! How a PostgreSQL server of ours is started, by the documented contract of the official image.

use std::time::Duration;

use mrt_chain::settings::{ServerSettings, Target};

use crate::server::Launch;

/// The version of a target that names none.
const DEFAULT_VERSION: &str = "17";

/// Where the data lives: in memory, and at a place that no version of the image declares as a volume.
const MEMORY: &str = "/mrt";

/// Where the write-ahead log lives: with room of its own. A server that finds no room for its log dies; one that finds
/// none for a row refuses the statement, and all others go on.
const LOG: &str = "/mrt-log";

/// Room for the log, four times what the server is told to keep of it.
const LOG_BYTES: u64 = 1 << 30;

/// Memory for everything else.
const OTHER_BYTES: u64 = 1 << 30;

/// What a container of this target needs. `password` becomes the administrator's.
pub fn launch(target: &Target, password: String) -> Launch {
    let version = target.version.as_deref().unwrap_or(DEFAULT_VERSION);
    let (image, own_arguments) = match &target.server {
        ServerSettings::Docker { image, arguments } => (image.clone(), arguments.as_slice()),
        ServerSettings::External { .. } | ServerSettings::Embedded => (None, &[][..]),
    };
    // Nothing here outlives the server, so nothing needs to be safe on disk. Autovacuum would connect to
    // databases that are being copied, which makes the copy fail.
    let settings = [
        "fsync=off",
        "full_page_writes=off",
        "synchronous_commit=off",
        "wal_level=minimal",
        "max_wal_senders=0",
        "max_wal_size=256MB",
        "checkpoint_timeout=1h",
        "autovacuum=off",
        "jit=off",
        "max_connections=100",
        "shared_buffers=128MB",
        "bgwriter_lru_maxpages=0",
        // A password of 128 random bits gains nothing from slow hashing, which costs every connection of a
        // migration several milliseconds.
        "password_encryption=md5",
    ];
    let mut arguments: Vec<String> =
        settings.iter().flat_map(|s| ["-c".to_owned(), (*s).to_owned()]).collect();
    arguments.extend(own_arguments.iter().cloned());
    let locale = target.locale.as_deref().unwrap_or("C.UTF-8");
    let image = image.unwrap_or_else(|| format!("postgres:{version}"));
    Launch {
        engine: "postgres",
        // The package's number where the image is made of Debian, and Alpine's own.
        user: if image.contains("alpine") { 70 } else { 999 },
        image,
        env: vec![
            ("POSTGRES_PASSWORD".to_owned(), password.clone()),
            ("POSTGRES_HOST_AUTH_METHOD".to_owned(), "md5".to_owned()),
            (
                "POSTGRES_INITDB_ARGS".to_owned(),
                format!("--encoding=UTF8 --locale={locale} --auth-host=md5 --no-sync --waldir={LOG}/wal"),
            ),
            ("PGDATA".to_owned(), format!("{MEMORY}/data")),
        ],
        arguments,
        port: 5432,
        tmpfs: vec![(MEMORY.to_owned(), target.disk), (LOG.to_owned(), LOG_BYTES)],
        shm_bytes: 256 << 20,
        memory_bytes: i64::try_from(target.disk + LOG_BYTES + OTHER_BYTES).unwrap_or(i64::MAX),
        start_limit: Duration::from_secs(90),
        admin_user: "postgres".to_owned(),
        admin_password: password,
        admin_database: "postgres".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use mrt_chain::settings::{EngineKind, Role};

    use super::*;

    fn target(server: ServerSettings) -> Target {
        Target {
            name: "postgres:16".into(),
            engine: EngineKind::Postgres,
            version: Some("16".into()),
            server,
            initial_sql: vec![],
            locale: None,
            extensions: vec![],
            role: Role::Owner,
            disk: 1 << 30,
        }
    }

    #[test]
    fn the_users_arguments_come_last() {
        let arguments = vec!["-c".to_owned(), "jit=on".to_owned()];
        let launch = launch(&target(ServerSettings::Docker { image: None, arguments }), "secret".into());
        assert_eq!(launch.image, "postgres:16");
        assert_eq!(launch.arguments.last().map(String::as_str), Some("jit=on"));
        assert!(launch.arguments.contains(&"fsync=off".to_owned()));
    }

    #[test]
    fn the_data_has_as_much_room_as_the_target_says_and_the_log_its_own() {
        let server = ServerSettings::Docker { image: None, arguments: vec![] };
        let launch = launch(&Target { disk: 300 << 20, ..target(server) }, String::new());
        let sizes: Vec<u64> = launch.tmpfs.iter().map(|(_, bytes)| *bytes).collect();
        assert_eq!(sizes, [300 << 20, 1 << 30]);
        assert_eq!(launch.memory_bytes, (300 << 20) + (2 << 30));
    }

    #[test]
    fn an_image_of_the_users_is_taken() {
        let of = |image: &str| {
            let server = ServerSettings::Docker { image: Some(image.to_owned()), arguments: vec![] };
            launch(&target(server), String::new())
        };
        let launch = of("postgis/postgis:16");
        assert_eq!((launch.image.as_str(), launch.user), ("postgis/postgis:16", 999));
        assert_eq!(of("postgres:16-alpine").user, 70);
    }
}
