//! MySQL and MariaDB in real containers, as targets launch them.

#![allow(clippy::unwrap_used)]

use std::error::Error;

use mrt_chain::settings::{ServerSettings, Target};
use mrt_worker::database::mysql::launch;
use mrt_worker::server::Endpoint;
use mrt_worker::server::docker::{Availability, Docker};
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{Connection, MySqlConnection, Row};

/// What has to be the same on every machine, as one line.
const FIXED: &str = "select concat_ws(' ', @@global.time_zone, @@lower_case_table_names, @@event_scheduler, if(@@log_bin, 1, 0), \
     if(@@performance_schema, 1, 0), @@character_set_server, @@max_connections)";

async fn query(endpoint: &Endpoint, sql: &'static str) -> Result<String, Box<dyn Error + Send + Sync>> {
    let options = MySqlConnectOptions::new()
        .host(&endpoint.host)
        .port(endpoint.port)
        .username(&endpoint.user)
        .password(&endpoint.password)
        .database(&endpoint.database);
    let mut connection = MySqlConnection::connect_with(&options).await?;
    let row = sqlx::query(sql).fetch_one(&mut connection).await?;
    Ok(row.try_get_unchecked::<String, _>(0)?)
}

async fn logs_in(endpoint: Endpoint) -> Result<(), Box<dyn Error + Send + Sync>> {
    query(&endpoint, "select '1'").await.map(drop)
}

#[tokio::test]
async fn servers_are_as_their_targets_say() {
    let docker = match Docker::connect().await {
        Ok(docker) => docker,
        Err(error) => return eprintln!("SKIPPED: servers_are_as_their_targets_say ({error})"),
    };
    for (name, locale) in
        [("mysql:9.7", None), ("mariadb:10.11", Some("latin1_swedish_ci")), ("mariadb:11.8", None)]
    {
        let arguments = vec!["--sql-mode=ANSI".to_owned(), "--max-connections=77".to_owned()];
        let target = Target {
            server: ServerSettings::Docker { image: None, arguments },
            locale: locale.map(str::to_owned),
            ..Target::from_name(name).unwrap()
        };
        if docker.look(name).await.unwrap() != Availability::Here {
            eprintln!("SKIPPED: servers_are_as_their_targets_say (there is no image {name})");
            continue;
        }
        let container = docker.start(&launch(&target, "secret".to_owned()), logs_in).await.unwrap();
        let endpoint = container.endpoint();
        let set = if locale.is_some() { "latin1" } else { "utf8mb4" };
        // MySQL tells by it who is in a transaction.
        let performance = u8::from(name.starts_with("mysql"));
        let fixed = format!("+00:00 0 OFF 0 {performance} {set} 77");
        assert_eq!(query(endpoint, FIXED).await.unwrap(), fixed, "{name}");
        let mode = query(endpoint, "select @@global.sql_mode").await.unwrap();
        assert!(mode.contains("ANSI_QUOTES"), "the user's argument comes last: {name}: {mode}");
        if let Some(locale) = locale {
            assert_eq!(query(endpoint, "select @@collation_server").await.unwrap(), locale);
        }
        // Named zones are what the official images have, too.
        let zone = "select concat(convert_tz('2026-07-01 12:00:00', 'UTC', 'Europe/Berlin'))";
        assert_eq!(query(endpoint, zone).await.unwrap(), "2026-07-01 14:00:00", "{name}");
        container.stop().await.unwrap();
    }
}
