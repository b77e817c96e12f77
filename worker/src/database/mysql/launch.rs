//! How a server of ours is started, by the documented contract of the official images.

use std::time::Duration;

use mrt_chain::settings::Target;

use crate::server::Launch;

/// What a container of this target needs. `password` becomes the administrator's.
pub fn launch(target: &Target, password: String) -> Launch {
    let version = target.version.as_deref().unwrap_or("9");
    Launch {
        image: format!("{}:{version}", target.engine),
        env: vec![("MYSQL_ROOT_PASSWORD".to_owned(), password.clone())],
        arguments: Vec::new(),
        port: 3306,
        tmpfs: Vec::new(),
        shm_bytes: 64 << 20,
        memory_bytes: i64::try_from(target.disk).unwrap_or(i64::MAX),
        start_limit: Duration::from_secs(120),
        admin_user: "root".to_owned(),
        admin_password: password,
        admin_database: "mysql".to_owned(),
    }
}
