//! How a server of ours is started, by the documented contract of Microsoft's image.
//!
//! What a version decides by itself is left to it: isolation by locks or by versions, how missing options of a session default.
//! A chain has to hold with those, and whoever runs with others writes them into `initial_sql`. The server refuses a file system
//! in memory, so that its files lie in the container; how much a database may take of them is said when it is made.
//!
//! The image starts for nobody who has not accepted Microsoft's licence terms. Whoever starts the container has to, and mrt does
//! not do it in anybody's stead: it hands on `ACCEPT_EULA` where its own environment has it, as Compose files and the image
//! itself call it. A project that somebody has submitted cannot say it for the farm that runs it.

use std::time::Duration;

use mrt_chain::settings::{ServerSettings, Target};

use crate::server::Launch;

/// The version of targets that name none.
const DEFAULT_VERSION: &str = "2022";

const IMAGE: &str = "mcr.microsoft.com/mssql/server";

/// What the image runs when it is told nothing; arguments take the place of it, too.
const SERVER: &str = "/opt/mssql/bin/sqlservr";

/// The variable by which whoever runs us accepts the licence terms.
const ACCEPTANCE: &str = "ACCEPT_EULA";

/// Why a container may not be started.
const NOT_ACCEPTED: &str = "SQL Server starts only for who has accepted Microsoft's licence terms for it, and mrt does not do so in \
     anybody's stead; if you have, set ACCEPT_EULA=Y in the environment of what starts containers (mrt-cli, or the worker)";

/// What the server is told to keep to, in megabytes. It begins to run with 2000.
const SERVER_MEGABYTES: i64 = 2560;

/// Memory for what it does not count.
const OTHER_BYTES: i64 = 1 << 30;

/// Why no container may be started, unless the licence terms were accepted.
pub fn objection() -> Option<&'static str> {
    (!is_accepted(std::env::var(ACCEPTANCE).ok().as_deref())).then_some(NOT_ACCEPTED)
}

fn is_accepted(said: Option<&str>) -> bool {
    said.is_some_and(|said| matches!(said.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// What a container of this target needs. `password` becomes a part of the administrator's.
pub fn launch(target: &Target, password: String) -> Launch {
    build(target, &password, objection().is_none())
}

fn build(target: &Target, password: &str, is_accepted: bool) -> Launch {
    let (image, arguments) = match &target.server {
        ServerSettings::Docker { image, arguments } => (image.clone(), arguments.as_slice()),
        ServerSettings::External { .. } | ServerSettings::Embedded => (None, &[][..]),
    };
    // The server's rules ask for letters of both cases, digits or signs.
    let password = format!("Mrt-{password}");
    let mut env = vec![
        ("MSSQL_SA_PASSWORD".to_owned(), password.clone()),
        // Everything that any edition can do, for development and tests alone.
        ("MSSQL_PID".to_owned(), "Developer".to_owned()),
        ("MSSQL_MEMORY_LIMIT_MB".to_owned(), SERVER_MEGABYTES.to_string()),
        ("TZ".to_owned(), "UTC".to_owned()),
    ];
    if is_accepted {
        env.push((ACCEPTANCE.to_owned(), "Y".to_owned()));
    }
    // So that temporary tables have the collation of the databases, as where one was chosen for a server.
    env.extend(target.locale.clone().map(|collation| ("MSSQL_COLLATION".to_owned(), collation)));
    let server = (!arguments.is_empty()).then(|| SERVER.to_owned());
    Launch {
        engine: "mssql",
        user: 10001,
        image: image.unwrap_or_else(|| format!("{IMAGE}:{}", tag(target.version.as_deref()))),
        env,
        arguments: server.into_iter().chain(arguments.iter().cloned()).collect(),
        port: 1433,
        tmpfs: Vec::new(),
        shm_bytes: 64 << 20,
        memory_bytes: (SERVER_MEGABYTES << 20) + OTHER_BYTES,
        // The first start unpacks and upgrades the system's own databases.
        start_limit: Duration::from_secs(240),
        admin_user: "sa".to_owned(),
        admin_password: password,
        admin_database: "master".to_owned(),
    }
}

/// A release has no tag of its own, only its newest state has.
fn tag(version: Option<&str>) -> String {
    let version = version.unwrap_or(DEFAULT_VERSION);
    if version.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("{version}-latest")
    } else {
        version.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str) -> Target {
        Target::from_name(name).unwrap_or_else(|error| panic!("{error}"))
    }

    fn value(launch: &Launch, name: &str) -> Option<String> {
        launch.env.iter().find(|(it, _)| it == name).map(|(_, value)| value.clone())
    }

    #[test]
    fn the_image_is_microsofts_of_the_version() {
        let image = |name| build(&target(name), "", true).image;
        assert_eq!(image("mssql"), "mcr.microsoft.com/mssql/server:2022-latest");
        assert_eq!(image("sqlserver:2019"), "mcr.microsoft.com/mssql/server:2019-latest");
        assert_eq!(
            image("mssql:2022-CU14-ubuntu-22.04"),
            "mcr.microsoft.com/mssql/server:2022-CU14-ubuntu-22.04"
        );
        let server =
            ServerSettings::Docker { image: Some("registry/own:1".to_owned()), arguments: Vec::new() };
        assert_eq!(build(&Target { server, ..target("mssql") }, "", true).image, "registry/own:1");
    }

    #[test]
    fn nobodys_licence_terms_are_accepted_in_their_stead() {
        assert_eq!(value(&build(&target("mssql"), "", false), ACCEPTANCE), None);
        assert_eq!(value(&build(&target("mssql"), "", true), ACCEPTANCE).as_deref(), Some("Y"));
        assert!(is_accepted(Some("Y")) && is_accepted(Some("yes")));
        assert!(!is_accepted(None) && !is_accepted(Some("")) && !is_accepted(Some("N")));
    }

    #[test]
    fn the_password_is_one_that_the_server_takes() {
        let launch = build(&target("mssql"), "0123456789abcdef", true);
        assert_eq!(value(&launch, "MSSQL_SA_PASSWORD").as_ref(), Some(&launch.admin_password));
        let has = |is: fn(&u8) -> bool| launch.admin_password.bytes().any(|byte| is(&byte));
        assert!(has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit));
    }

    #[test]
    fn arguments_follow_the_server_that_they_are_for() {
        assert!(build(&target("mssql"), "", true).arguments.is_empty());
        let server = ServerSettings::Docker { image: None, arguments: vec!["-T1222".to_owned()] };
        let target = Target { server, locale: Some("Latin1_General_CS_AS".to_owned()), ..target("mssql") };
        let launch = build(&target, "", true);
        assert_eq!(launch.arguments, [SERVER, "-T1222"]);
        assert_eq!(value(&launch, "MSSQL_COLLATION").as_deref(), Some("Latin1_General_CS_AS"));
        assert!(launch.tmpfs.is_empty());
    }
}
