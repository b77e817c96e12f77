//! How a server of ours is started, by the documented contract of the official images of MySQL and MariaDB.
//!
//! What a version decides by itself is left to it: `sql_mode`, the collation (unless the target says one), whether
//! `LOAD DATA LOCAL` is allowed, how logins are hashed, TLS. A chain has to hold with those defaults, and whoever runs
//! with others writes them in the target's `arguments`. What the machine would decide instead is fixed: time zone,
//! character set, how table names are compared.

use std::time::Duration;

use mrt_chain::settings::{EngineKind, ServerSettings, Target};

use crate::server::Launch;

/// The versions of targets that name none: of each engine the newest that is maintained for years.
const DEFAULT_VERSIONS: [&str; 2] = ["9.7", "11.8"];

/// Where both images keep the data, and have a volume, which is not made where memory is mounted.
const DATA: &str = "/var/lib/mysql";

/// Where the redo log lives: with room of its own. A server that finds no room for its log dies; one that finds none
/// for a row refuses the statement, and all others go on.
const LOG: &str = "/mrt-log";

/// Where sorting and the building of indexes keep their files.
const TEMPORARY: &str = "/tmp";

/// What the server keeps beside a target's data: its own tables, undo logs, temporary tables.
const OWN_BYTES: u64 = 256 << 20;

/// Room for the log, four times what the server is told to keep of it.
const LOG_BYTES: u64 = 256 << 20;

/// Memory for everything else.
const OTHER_BYTES: u64 = 1 << 30;

/// For both engines, in all their versions.
const SETTINGS: &[&str] = &[
    // Nothing here outlives the server, so nothing needs to be safe on disk. Without a log for replicas a trigger or a
    // function is made without SUPER, as where its makers are trusted (`log_bin_trust_function_creators`).
    "--skip-log-bin",
    "--innodb-doublewrite=OFF",
    "--innodb-flush-log-at-trx-commit=0",
    // Memory has no asynchronous writes; waiting for them costs MySQL a second of its start.
    "--innodb-use-native-aio=OFF",
    "--innodb-log-group-home-dir=/mrt-log",
    // A login must not wait for a name server.
    "--skip-name-resolve",
    // Applications bring pools of connections, and many are checked at the same time.
    "--max-connections=500",
    "--default-time-zone=+00:00",
    // `Users` and `users` are two tables, as on every Linux server.
    "--lower-case-table-names=0",
    // Events are made and kept; one that ran would change rows that are being compared.
    "--event-scheduler=OFF",
];

/// For MySQL alone. `loose` lets versions pass that lack a setting, which all serve speed alone.
const MYSQL: &[&str] = &[
    // Since 8.0.30; what was before keeps twice as much.
    "--loose-innodb-redo-log-capacity=64M",
    // Another protocol on another port.
    "--loose-mysqlx=OFF",
    // No container may choose its memory's place, which is told several times per start.
    "--loose-innodb-numa-interleave=OFF",
];

const MARIADB: &[&str] = &["--innodb-log-file-size=64M"];

/// What a container of this target needs. `password` becomes the administrator's.
pub fn launch(target: &Target, password: String) -> Launch {
    let [mysql, mariadb] = DEFAULT_VERSIONS;
    let (default, own, variable) = match target.engine {
        EngineKind::MariaDb => (mariadb, MARIADB, "MARIADB_ROOT_PASSWORD"),
        _ => (mysql, MYSQL, "MYSQL_ROOT_PASSWORD"),
    };
    let (image, arguments) = match &target.server {
        ServerSettings::Docker { image, arguments } => (image.clone(), arguments.as_slice()),
        ServerSettings::External { .. } | ServerSettings::Embedded => (None, &[][..]),
    };
    let version = target.version.as_deref().unwrap_or(default);
    let fixed = SETTINGS.iter().chain(own).map(|setting| (*setting).to_owned());
    Launch {
        engine: target.engine.as_str(),
        user: 999,
        image: image.unwrap_or_else(|| format!("{}:{version}", target.engine)),
        env: vec![(variable.to_owned(), password.clone())],
        arguments: fixed.chain(texts(target.locale.as_deref())).chain(arguments.iter().cloned()).collect(),
        port: 3306,
        tmpfs: vec![
            (DATA.to_owned(), target.disk + OWN_BYTES),
            (LOG.to_owned(), LOG_BYTES),
            (TEMPORARY.to_owned(), target.disk),
        ],
        shm_bytes: 64 << 20,
        memory_bytes: i64::try_from(2 * target.disk + OWN_BYTES + LOG_BYTES + OTHER_BYTES)
            .unwrap_or(i64::MAX),
        // The first start makes the data, starts a server for the image's own initialisation, and starts again.
        start_limit: Duration::from_secs(120),
        admin_user: "root".to_owned(),
        admin_password: password,
        admin_database: "mysql".to_owned(),
    }
}

/// The settings of texts: a collation belongs to the character set that its name begins with.
fn texts(collation: Option<&str>) -> Vec<String> {
    let set = match collation.map(|name| name.split('_').next().unwrap_or(name)) {
        // MariaDB's newest collations do not name one.
        None | Some("uca1400") => "utf8mb4",
        Some(set) => set,
    };
    let set = format!("--character-set-server={set}");
    [set].into_iter().chain(collation.map(|name| format!("--collation-server={name}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str) -> Target {
        let (engine, version) = mrt_chain::settings::parse_target(name).unwrap_or((EngineKind::Sqlite, None));
        Target::new(engine, version)
    }

    fn docker(image: Option<&str>, arguments: &[&str]) -> ServerSettings {
        let arguments = arguments.iter().map(|it| (*it).to_owned()).collect();
        ServerSettings::Docker { image: image.map(str::to_owned), arguments }
    }

    fn arguments(target: &Target) -> Vec<String> {
        launch(target, "secret".into()).arguments
    }

    #[test]
    fn the_image_is_the_official_one_of_the_version() {
        let image = |name| launch(&target(name), String::new()).image;
        assert_eq!(image("mysql:8.0"), "mysql:8.0");
        assert_eq!(image("mysql"), "mysql:9.7");
        assert_eq!(image("mariadb:10.11-jammy"), "mariadb:10.11-jammy");
        assert_eq!(image("mariadb"), "mariadb:11.8");
        let own = Target { server: docker(Some("percona/percona-server:8.4"), &[]), ..target("mysql:8.4") };
        assert_eq!(launch(&own, String::new()).image, "percona/percona-server:8.4");
    }

    #[test]
    fn the_users_arguments_come_last() {
        let target = Target { server: docker(None, &["--event-scheduler=ON"]), ..target("mysql:8.4") };
        let arguments = arguments(&target);
        assert_eq!(arguments.last().map(String::as_str), Some("--event-scheduler=ON"));
        assert!(arguments.contains(&"--event-scheduler=OFF".to_owned()));
    }

    #[test]
    fn each_engine_is_given_what_it_knows() {
        let launch = |name| launch(&target(name), "secret".into());
        let (mysql, mariadb) = (launch("mysql:8.0"), launch("mariadb:10.6"));
        let secret = |name: &str| vec![(name.to_owned(), "secret".to_owned())];
        assert_eq!(mysql.env, secret("MYSQL_ROOT_PASSWORD"));
        assert_eq!(mariadb.env, secret("MARIADB_ROOT_PASSWORD"));
        assert!(mysql.arguments.contains(&"--loose-mysqlx=OFF".to_owned()));
        assert!(!mariadb.arguments.iter().any(|it| it.contains("mysqlx") || it.contains("redo-log")));
    }

    #[test]
    fn the_data_has_as_much_room_as_the_target_says_and_the_log_its_own() {
        let launch = launch(&Target { disk: 300 << 20, ..target("mysql") }, String::new());
        let room = |at: &str, megabytes: u64| (at.to_owned(), megabytes << 20);
        assert_eq!(launch.tmpfs, [room(DATA, 556), room(LOG, 256), room(TEMPORARY, 300)]);
        assert_eq!(launch.memory_bytes, (600 + 256 + 256 + 1024) << 20);
    }

    #[test]
    fn a_collation_brings_its_character_set() {
        let texts = |locale: Option<&str>| {
            let target = Target { locale: locale.map(str::to_owned), ..target("mariadb") };
            let all = arguments(&target).into_iter();
            all.filter(|it| it.contains("character-set") || it.contains("collation")).collect::<Vec<_>>()
        };
        assert_eq!(texts(None), ["--character-set-server=utf8mb4"]);
        let latin = ["--character-set-server=latin1", "--collation-server=latin1_swedish_ci"];
        assert_eq!(texts(Some("latin1_swedish_ci")), latin);
        let newest = ["--character-set-server=utf8mb4", "--collation-server=uca1400_ai_ci"];
        assert_eq!(texts(Some("uca1400_ai_ci")), newest);
        assert_eq!(texts(Some("binary"))[0], "--character-set-server=binary");
    }
}
