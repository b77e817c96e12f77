//! A server that is there already, given by its administrator's URL.

use std::borrow::Cow;

use mrt_chain::settings::EngineKind;
use percent_encoding::percent_decode_str;
use url::Url;

use super::{Endpoint, ServerError};

/// Options that drivers take and that ask nothing of us: our sessions have settings of their own.
const HARMLESS: [&str; 14] = [
    "allow_local_infile",
    "auth_plugin",
    "autocommit",
    "binary_prefix",
    "buffered",
    "charset",
    "collation",
    "connect_timeout",
    "connection_timeout",
    "local_infile",
    "read_timeout",
    "use_pure",
    "use_unicode",
    "write_timeout",
];

/// Reads an administrator's URL, given itself or as the name of an environment variable that holds it.
///
/// Whether the login works is seen when the engine logs in.
pub fn endpoint(
    engine: EngineKind,
    url: Option<&str>,
    url_env: Option<&str>,
) -> Result<Endpoint, ServerError> {
    match (url, url_env) {
        (Some(url), _) => parse(engine, url, "the target's url"),
        // A project that somebody has submitted must not have our tokens tried as URLs.
        (None, Some(name)) if name.starts_with("MRT_") => Err(bad(
            engine,
            &format!("the URL in ${name}"),
            "variables that begin with MRT_ are mrt's own; name another one",
        )),
        (None, Some(name)) => {
            let origin = format!("the URL in ${name}");
            match std::env::var(name) {
                Ok(url) => parse(engine, &url, &origin),
                Err(_) => {
                    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
                    let host = Some(host.trim()).filter(|host| !host.is_empty()).unwrap_or("this machine");
                    let problem = format!("the environment variable is not set for the worker on {host}");
                    Err(bad(engine, &origin, problem))
                }
            }
        }
        (None, None) => Err(bad(engine, "the target's server", "it has neither `url` nor `url_env`")),
    }
}

fn bad(engine: EngineKind, origin: &str, problem: impl Into<String>) -> ServerError {
    let example = match engine {
        EngineKind::Postgres | EngineKind::Sqlite => "postgres://user:password@host:5432/database",
        EngineKind::MySql => "mysql://user:password@host:3306/database",
        EngineKind::MariaDb => "mariadb://user:password@host:3306/database",
        EngineKind::SqlServer => "mssql://user:password@host:1433/database",
        EngineKind::Oracle => "oracle://user:password@host:1521/service",
    };
    ServerError::Url { origin: origin.to_owned(), problem: problem.into(), example }
}

/// Why an option cannot be left out unread: dropping one that asks for more safety than we give would be a lie.
fn objection(engine: EngineKind, key: &str, value: &str) -> Option<String> {
    let value = value.to_ascii_lowercase();
    let unsupported = || Some(format!("its option {key:?} is not supported with this value"));
    if engine == EngineKind::Postgres {
        let plain = key == "sslmode" && matches!(&*value, "disable" | "allow" | "prefer");
        return if plain { None } else { unsupported() };
    }
    if engine == EngineKind::Oracle {
        return match key.to_ascii_lowercase().as_str() {
            // Where it leads is read apart, and who may log in as `sysdba` does so anyway.
            "service_name" | "arraysize" | "encoding" | "nencoding" | "threaded" | "events"
            | "thick_mode" => None,
            "mode" if value == "sysdba" => None,
            "sid" => Some(
                "it names an SID; a pluggable database is reached by its `service_name` alone".to_owned(),
            ),
            _ => unsupported(),
        };
    }
    let is_off = matches!(&*value, "" | "0" | "false" | "no" | "off");
    match key.replace('-', "_").to_ascii_lowercase().as_str() {
        key if HARMLESS.contains(&key) => None,
        "ssl_mode" | "sslmode" if matches!(&*value, "disabled" | "disable" | "preferred" | "prefer") => None,
        "ssl_disabled" => None,
        key if key.starts_with("ssl") && is_off => None,
        key if key.starts_with("ssl") || key.starts_with("tls") => Some(format!(
            "its option {key:?} asks for more than encryption where the server offers it, which alone is supported"
        )),
        _ => unsupported(),
    }
}

/// Options of SQL Server's drivers that ask nothing of us.
const HARMLESS_OF_SQL_SERVER: [&str; 19] = [
    "ansi",
    "app",
    "application_name",
    "appname",
    "autocommit",
    "charset",
    "columnencryption",
    "connect_timeout",
    "connection_timeout",
    "connectiontimeout",
    "driver",
    "fast_executemany",
    "login_timeout",
    "logintimeout",
    "mars_connection",
    "tds_version",
    "timeout",
    "unicode_results",
    "workstationid",
];

/// The same for SQL Server. Its login is always encrypted, and all that follows it, too, unless the server is on this machine;
/// but no certificate is looked at. So a URL that asks for encryption has to say that it trusts any: that is what its drivers
/// would want to be told, and what we do.
fn objection_of_sql_server<'a>(
    options: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
) -> Option<String> {
    let (mut encrypts, mut trusts) = (false, false);
    for (key, value) in options {
        let value = value.to_ascii_lowercase();
        let is_on = matches!(&*value, "yes" | "true" | "1" | "mandatory" | "require");
        let is_off = matches!(&*value, "no" | "false" | "0" | "optional" | "off" | "request" | "");
        match key.replace([' ', '-'], "_").to_ascii_lowercase().as_str() {
            "encrypt" | "encryption" if is_on => encrypts = true,
            "encrypt" | "encryption" if is_off => {}
            "trustservercertificate" | "trust_server_certificate" if is_on => trusts = true,
            "trustservercertificate" | "trust_server_certificate" if is_off => {
                return Some(format!(
                    "its option {key:?} asks for a certificate to be checked, which is not supported"
                ));
            }
            key if HARMLESS_OF_SQL_SERVER.contains(&key) => {}
            _ => return Some(format!("its option {key:?} is not supported with this value")),
        }
    }
    (encrypts && !trusts).then(|| {
        "it asks for encryption, and with it for a certificate to be checked, which is not supported; add \
         `TrustServerCertificate=yes` where any certificate will do"
            .to_owned()
    })
}

fn parse(engine: EngineKind, text: &str, origin: &str) -> Result<Endpoint, ServerError> {
    let bad = |problem: String| bad(engine, origin, problem);
    let port = match engine {
        EngineKind::Postgres => 5432,
        EngineKind::MySql | EngineKind::MariaDb => 3306,
        EngineKind::SqlServer => 1433,
        EngineKind::Oracle => 1521,
        EngineKind::Sqlite => return Err(bad("SQLite has no server".to_owned())),
    };
    // People paste what they give to SQLAlchemy, with a driver, whose name may be none that a URL's scheme can have
    // (`cx_oracle`).
    let text = text.trim();
    let bare = match text.split_once("://") {
        Some((scheme, rest)) => format!("{}://{rest}", scheme.split('+').next().unwrap_or_default()),
        None => text.to_owned(),
    };
    let url = Url::parse(&bare).map_err(|error| bad(format!("it is not a URL: {error}")))?;
    let scheme = url.scheme();
    if !engine.url_schemes().contains(&scheme) {
        return Err(bad(format!("its scheme {:?} is not that of {engine}", url.scheme())));
    }
    let host = match url.host_str() {
        None | Some("") => return Err(bad("it names no host".to_owned())),
        Some(host) => host.trim_start_matches('[').trim_end_matches(']').to_owned(),
    };
    let refused = match engine {
        EngineKind::SqlServer => objection_of_sql_server(url.query_pairs()),
        _ => url.query_pairs().find_map(|(key, value)| objection(engine, &key, &value)),
    };
    if let Some(problem) = refused {
        return Err(bad(problem));
    }
    let decoded = |part: &str, what: &str| {
        let text = percent_decode_str(part).decode_utf8().map(Cow::into_owned);
        text.map_err(|_| bad(format!("its {what} is not UTF-8")))
    };
    let user = decoded(url.username(), "user")?;
    if user.is_empty() {
        return Err(bad("it names no user".to_owned()));
    }
    // What SQLAlchemy takes for an SID when it is in the path, people mean as a service.
    let service = url.query_pairs().find(|(key, _)| engine == EngineKind::Oracle && key == "service_name");
    let database = match service {
        Some((_, service)) => service.into_owned(),
        None => decoded(url.path().trim_start_matches('/'), "database")?,
    };
    if engine == EngineKind::Oracle
        && !database.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$' | '#' | '-'))
    {
        return Err(bad(format!("its service {database:?} is not the name of one")));
    }
    let usual = match engine {
        // The one that is always there and open to everybody.
        EngineKind::MySql | EngineKind::MariaDb => "information_schema",
        EngineKind::SqlServer => "master",
        EngineKind::Oracle => "FREEPDB1",
        // As every client of PostgreSQL does it.
        EngineKind::Postgres | EngineKind::Sqlite => &user,
    };
    Ok(Endpoint {
        host,
        port: url.port().unwrap_or(port),
        password: decoded(url.password().unwrap_or_default(), "password")?,
        database: if database.is_empty() { usual.to_owned() } else { database },
        user,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read_as(engine: EngineKind, url: &str) -> Endpoint {
        endpoint(engine, Some(url), None).unwrap()
    }

    fn read(url: &str) -> Endpoint {
        endpoint(EngineKind::Postgres, Some(url), None).unwrap()
    }

    fn refused(url: &str) -> String {
        endpoint(EngineKind::Postgres, Some(url), None).unwrap_err().to_string()
    }

    #[test]
    fn sql_server_is_encrypted_and_nobody_is_asked_for_a_certificate() {
        for url in [
            "mssql://sa:x@db",
            "sqlserver://sa:x@db:1433/master",
            "mssql+pymssql://sa:x@db/app?charset=utf8&tds_version=7.4",
            "mssql+pyodbc://sa:x@db/app?driver=ODBC+Driver+18+for+SQL+Server&Encrypt=yes&TrustServerCertificate=yes",
            "mssql+aioodbc://sa:x@db?encrypt=optional",
        ] {
            let endpoint = read_as(EngineKind::SqlServer, url);
            assert_eq!((endpoint.host.as_str(), endpoint.port), ("db", 1433), "{url}");
        }
        assert_eq!(read_as(EngineKind::SqlServer, "mssql://sa@db").database, "master");
        let refused = |url| endpoint(EngineKind::SqlServer, Some(url), None).unwrap_err().to_string();
        assert!(refused("mssql://sa:x@db?Encrypt=yes").contains("add `TrustServerCertificate=yes`"));
        assert!(refused("mssql://sa:x@db?TrustServerCertificate=no").contains("not supported"));
        assert!(refused("mssql://sa:x@db?Encrypt=strict").contains("\"Encrypt\" is not supported"));
        assert!(refused("mssql://sa:x@db?odbc_connect=x").contains("\"odbc_connect\" is not supported"));
        assert!(refused("mysql://sa:x@db").contains("is not that of mssql"));
    }

    #[test]
    fn every_part_is_read_and_decoded() {
        let full = read("postgresql+psycopg2://ad%40min:p%3Aw%2F+@db.example:6000/my%20db?sslmode=prefer");
        assert_eq!((full.host.as_str(), full.port), ("db.example", 6000));
        assert_eq!((full.user.as_str(), full.password.as_str()), ("ad@min", "p:w/+"));
        assert_eq!(full.database, "my db");
    }

    #[test]
    fn what_is_left_out_is_what_clients_take() {
        let short = read("postgres://root@[::1]");
        assert_eq!((short.host.as_str(), short.port), ("::1", 5432));
        assert_eq!((short.password.as_str(), short.database.as_str()), ("", "root"));
    }

    #[test]
    fn a_bad_url_is_explained_without_its_password() {
        for (url, problem) in [
            ("mysql://u:sesame@h/d", "its scheme \"mysql\" is not that of postgres"),
            ("postgres://u:sesame@h:port/d", "it is not a URL: invalid port number"),
            ("postgres://:sesame@h/d", "it names no user"),
            ("postgres:///d?password=sesame", "it names no host"),
            ("postgres://u:sesame@h/d?sslmode=verify-full", "its option \"sslmode\" is not supported"),
            ("sesame", "it is not a URL: relative URL without a base"),
        ] {
            let message = refused(url);
            assert!(message.contains(problem), "{message}");
            assert!(message.contains("the target's url"), "{message}");
            assert!(!message.contains("sesame"), "{message}");
        }
    }

    #[test]
    fn each_engine_has_its_schemes_port_and_database() {
        for (engine, url) in [
            (EngineKind::MySql, "mysql://root:x@db"),
            (EngineKind::MySql, "mysql+pymysql://root:x@db/?charset=utf8mb4&connect_timeout=5"),
            (EngineKind::MariaDb, "mariadb+mariadbconnector://root:x@db:3306/information_schema"),
            (EngineKind::MariaDb, "mysql+asyncmy://root:x@db?ssl_mode=PREFERRED&ssl_verify_cert=false"),
        ] {
            let read = read_as(engine, url);
            assert_eq!((read.host.as_str(), read.port), ("db", 3306), "{url}");
            assert_eq!((read.user.as_str(), read.password.as_str()), ("root", "x"), "{url}");
            assert_eq!(read.database, "information_schema", "{url}");
        }
        assert_eq!(read_as(EngineKind::MySql, "mysql://root@db/app").database, "app");
        let problem = |url| endpoint(EngineKind::MySql, Some(url), None).unwrap_err().to_string();
        let message = problem("mariadb://root:x@db");
        assert!(message.contains("its scheme \"mariadb\" is not that of mysql"), "{message}");
        assert!(message.contains("write it as mysql://user:password@host:3306/database"), "{message}");
    }

    #[test]
    fn a_service_of_oracles_is_named_in_either_place() {
        for url in [
            "oracle://system:x@db/APP",
            "oracle+oracledb://system:x@db:1521/?service_name=APP",
            "oracle+cx_oracle://system:x@db/?service_name=APP&encoding=UTF-8",
        ] {
            let read = read_as(EngineKind::Oracle, url);
            assert_eq!((read.host.as_str(), read.port, read.database.as_str()), ("db", 1521, "APP"), "{url}");
        }
        assert_eq!(read_as(EngineKind::Oracle, "oracle://sys:x@db/?mode=sysdba").database, "FREEPDB1");
        let problem = |url| endpoint(EngineKind::Oracle, Some(url), None).unwrap_err().to_string();
        for (url, words) in [
            ("oracle://u:sesame@db/?sid=XE", "by its `service_name` alone"),
            (
                "oracle://u:sesame@db/?service_name=A&ssl_server_dn_match=1",
                "\"ssl_server_dn_match\" is not supported",
            ),
            ("oracle://u:sesame@db/a)(b", "is not the name of one"),
        ] {
            let message = problem(url);
            assert!(message.contains(words) && !message.contains("sesame"), "{message}");
        }
    }

    #[test]
    fn an_option_that_asks_for_safety_is_not_dropped() {
        for option in
            ["ssl_ca=/ca.pem", "ssl_verify_cert=true", "ssl-mode=VERIFY_CA", "ssl_mode=required", "tls=1"]
        {
            for engine in [EngineKind::MySql, EngineKind::MariaDb] {
                let error =
                    endpoint(engine, Some(&format!("mysql://u:sesame@h/d?{option}")), None).unwrap_err();
                let message = error.to_string();
                assert!(message.contains("asks for more than encryption"), "{message}");
                assert!(!message.contains("sesame"), "{message}");
            }
        }
        let error = endpoint(EngineKind::MySql, Some("mysql://u@h/d?unix_socket=/x"), None).unwrap_err();
        assert!(error.to_string().contains("\"unix_socket\" is not supported"), "{error}");
    }

    #[test]
    fn what_is_ours_is_nobodys_url() {
        let error = endpoint(EngineKind::Postgres, None, Some("MRT_TOKEN")).unwrap_err().to_string();
        assert!(error.contains("$MRT_TOKEN") && error.contains("name another one"), "{error}");
    }

    #[test]
    fn an_environment_variable_that_is_not_set_is_named() {
        let error = endpoint(EngineKind::Postgres, None, Some("NO_SUCH_URL")).unwrap_err().to_string();
        assert!(
            error.contains(
                "cannot use the URL in $NO_SUCH_URL: the environment variable is not set for the worker on "
            ),
            "{error}"
        );
    }
}
