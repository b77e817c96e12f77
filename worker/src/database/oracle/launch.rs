//! How a server of ours is started: by the contract of the images that Gerald Venzl keeps of the editions which cost nothing,
//! and as far as they agree by that of Oracle's own.
//!
//! What they agree in: a password in a variable, the pluggable database that is there after the start, port 1521. The data lies
//! in a volume that a quick start finds filled already, so no memory is mounted over it, and how much room it has is not ours to
//! say: what a database may take is a quota of its schema.

use std::time::Duration;

use mrt_chain::settings::{ServerSettings, Target};

use crate::server::Launch;

/// The version of targets that name none.
const DEFAULT_VERSION: &str = "23";

/// What the editions that cost nothing take at most (two of memory for data and programs), and what is around them.
const MEMORY: i64 = 4 << 30;

/// Images with their data in them start in half a minute, more or less.
const QUICK: Duration = Duration::from_secs(240);

/// Others make their data first.
const SLOW: Duration = Duration::from_secs(1200);

/// Why no container can be started for a target, if none can.
pub fn obstacle(target: &Target) -> Option<String> {
    let ServerSettings::Docker { image: None, .. } = &target.server else { return None };
    let version = target.version.as_deref().unwrap_or(DEFAULT_VERSION);
    (major(version) == "19").then(|| {
        "nobody gives away an image of Oracle 19; name one that you have (such as Oracle's own \
         container-registry.oracle.com/database/enterprise:19.3.0.0, for those who accept its licence) with `image` in \
         mrt.toml, or a server with `url`"
            .to_owned()
    })
}

/// What a container of this target needs. `secret` makes the administrator's password.
pub fn launch(target: &Target, secret: String) -> Launch {
    let (image, arguments) = match &target.server {
        ServerSettings::Docker { image, arguments } => (image.clone(), arguments.clone()),
        ServerSettings::External { .. } | ServerSettings::Embedded => (None, Vec::new()),
    };
    let image = image.unwrap_or_else(|| image_of(target.version.as_deref().unwrap_or(DEFAULT_VERSION)));
    let password = super::password(&secret);
    Launch {
        engine: "oracle",
        user: 54321,
        env: ["ORACLE_PASSWORD", "ORACLE_PWD"].map(|name| (name.to_owned(), password.clone())).into(),
        arguments,
        port: 1521,
        tmpfs: Vec::new(),
        shm_bytes: 1 << 30,
        memory_bytes: MEMORY,
        start_limit: if image.contains("faststart") { QUICK } else { SLOW },
        admin_user: "system".to_owned(),
        admin_password: password,
        admin_database: service(&image).to_owned(),
        image,
    }
}

fn major(version: &str) -> &str {
    version.split(['.', '-']).next().unwrap_or(version)
}

/// A version is a tag, or the beginning of one. What is sold as 26 is 23 to its server.
fn image_of(version: &str) -> String {
    let (name, version) = match major(version) {
        "19" => ("container-registry.oracle.com/database/enterprise", "19.3.0.0".to_owned()),
        "21" => ("gvenzl/oracle-xe", version.to_owned()),
        "26" if version.starts_with("26.") => ("gvenzl/oracle-free", format!("23.{version}")),
        "26" => ("gvenzl/oracle-free", version.replacen("26", "23", 1)),
        _ => ("gvenzl/oracle-free", version.to_owned()),
    };
    if version.contains('-') || !name.starts_with("gvenzl") {
        format!("{name}:{version}")
    } else {
        format!("{name}:{version}-slim-faststart")
    }
}

/// The service of the pluggable database that an image brings.
fn service(image: &str) -> &'static str {
    let name = image.rsplit('/').next().unwrap_or(image);
    // The registry's path says it of Oracle's own (`database/free`, `database/express`).
    let is = |word: &str| name.contains(word) || image.contains(&format!("database/{word}"));
    if is("free") {
        "FREEPDB1"
    } else if is("xe") || is("express") {
        "XEPDB1"
    } else {
        "ORCLPDB1"
    }
}

#[cfg(test)]
mod tests {
    use mrt_chain::settings::{EngineKind, parse_target};

    use super::*;

    fn target(name: &str) -> Target {
        let (engine, version) = parse_target(name).unwrap_or((EngineKind::Sqlite, None));
        Target::new(engine, version)
    }

    fn with_image(image: &str) -> Target {
        let server = ServerSettings::Docker { image: Some(image.to_owned()), arguments: Vec::new() };
        Target { server, ..target("oracle:19") }
    }

    #[test]
    fn the_image_is_of_the_version() {
        let image = |name| launch(&target(name), String::new()).image;
        assert_eq!(image("oracle"), "gvenzl/oracle-free:23-slim-faststart");
        assert_eq!(image("oracle:23"), "gvenzl/oracle-free:23-slim-faststart");
        assert_eq!(image("oracle:23.9"), "gvenzl/oracle-free:23.9-slim-faststart");
        assert_eq!(image("oracle:23-full"), "gvenzl/oracle-free:23-full");
        assert_eq!(image("oracle:26"), "gvenzl/oracle-free:23-slim-faststart");
        assert_eq!(image("oracle:21"), "gvenzl/oracle-xe:21-slim-faststart");
    }

    #[test]
    fn each_image_has_its_service_and_time() {
        let of = |launch: Launch| (launch.admin_database, launch.start_limit);
        let (free, xe) = ("FREEPDB1".to_owned(), "XEPDB1".to_owned());
        assert_eq!(of(launch(&target("oracle:23"), String::new())), (free.clone(), QUICK));
        assert_eq!(of(launch(&target("oracle:21"), String::new())), (xe.clone(), QUICK));
        let own = |image| of(launch(&with_image(image), String::new()));
        assert_eq!(own("container-registry.oracle.com/database/free:latest"), (free, SLOW));
        assert_eq!(own("container-registry.oracle.com/database/express:21.3.0-xe"), (xe, SLOW));
        assert_eq!(own("registry.example/oracle/enterprise:19.3"), ("ORCLPDB1".to_owned(), SLOW));
    }

    #[test]
    fn an_image_of_19_has_to_be_named() {
        assert!(obstacle(&target("oracle:19")).is_some_and(|told| told.contains("`image`")));
        assert_eq!(obstacle(&with_image("mine:19")), None);
        assert_eq!(obstacle(&target("oracle:21")), None);
        assert_eq!(obstacle(&target("oracle")), None);
    }

    #[test]
    fn nothing_is_mounted_over_the_data() {
        let launch = launch(&target("oracle"), "0123456789abcdef0123456789abcdef".to_owned());
        assert!(launch.tmpfs.is_empty());
        // Before 23 a password has at most 30 characters.
        assert!(launch.admin_password.len() <= 30, "{}", launch.admin_password.len());
        assert_eq!(launch.env[0], ("ORACLE_PASSWORD".to_owned(), launch.admin_password.clone()));
    }
}
