//! A server that is there already, given by its administrator's URL.

use std::borrow::Cow;

use mrt_chain::settings::EngineKind;
use percent_encoding::percent_decode_str;
use url::Url;

use super::{Endpoint, ServerError};

const EXAMPLE: &str = "postgres://user:password@host:5432/database";

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
                    Err(bad(&origin, problem))
                }
            }
        }
        (None, None) => Err(bad("the target's server", "it has neither `url` nor `url_env`")),
    }
}

fn bad(origin: &str, problem: impl Into<String>) -> ServerError {
    ServerError::Url { origin: origin.to_owned(), problem: problem.into(), example: EXAMPLE }
}

fn parse(engine: EngineKind, text: &str, origin: &str) -> Result<Endpoint, ServerError> {
    let bad = |problem: String| bad(origin, problem);
    let (schemes, port): (&[&str], u16) = match engine {
        EngineKind::Postgres => (&["postgres", "postgresql"], 5432),
        EngineKind::MySql => (&["mysql"], 3306),
        EngineKind::MariaDb => (&["mariadb", "mysql"], 3306),
        EngineKind::Sqlite => return Err(bad("SQLite has no server".to_owned())),
    };
    let url = Url::parse(text.trim()).map_err(|error| bad(format!("it is not a URL: {error}")))?;
    // People paste what they give to SQLAlchemy, with a driver.
    let scheme = url.scheme().split('+').next().unwrap_or_default();
    if !schemes.contains(&scheme) {
        return Err(bad(format!("its scheme {:?} is not that of {engine}", url.scheme())));
    }
    let host = match url.host_str() {
        None | Some("") => return Err(bad("it names no host".to_owned())),
        Some(host) => host.trim_start_matches('[').trim_end_matches(']').to_owned(),
    };
    // Dropping an option that asks for more safety than we give would be a lie.
    for (key, value) in url.query_pairs() {
        let plain = key == "sslmode" && matches!(&*value, "disable" | "allow" | "prefer");
        if !plain {
            return Err(bad(format!("its option {key:?} is not supported with this value")));
        }
    }
    let decoded = |part: &str, what: &str| {
        let text = percent_decode_str(part).decode_utf8().map(Cow::into_owned);
        text.map_err(|_| bad(format!("its {what} is not UTF-8")))
    };
    let user = decoded(url.username(), "user")?;
    if user.is_empty() {
        return Err(bad("it names no user".to_owned()));
    }
    let database = decoded(url.path().trim_start_matches('/'), "database")?;
    Ok(Endpoint {
        host,
        port: url.port().unwrap_or(port),
        password: decoded(url.password().unwrap_or_default(), "password")?,
        // As every client of PostgreSQL does it.
        database: if database.is_empty() { user.clone() } else { database },
        user,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(url: &str) -> Endpoint {
        endpoint(EngineKind::Postgres, Some(url), None).unwrap()
    }

    fn refused(url: &str) -> String {
        endpoint(EngineKind::Postgres, Some(url), None).unwrap_err().to_string()
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
