//! The command line of the coordinator.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use mrt_ops::logging::Logging;
use mrt_ops::metrics::Metrics;
use mrt_ops::serve::{Cluster, Listen};
use mrt_ops::values::{bytes, duration};
use url::Url;

const EXAMPLES: &str = "\
Examples:
  On this machine, state in ./mrt-data:
    mrt-coordinator

  For other machines, with TLS and tokens (lines of `submit TOKEN`, `work TOKEN`, `read TOKEN`):
    mrt-coordinator --listen 0.0.0.0:7440 --tls-cert farm.pem --tls-key farm.key --tokens tokens

  Several behind one address, state in PostgreSQL:
    MRT_DATABASE_URL=postgres://mrt:…@db/mrt mrt-coordinator --listen 0.0.0.0:7440 …

  In Kubernetes, with its probes and KEDA on a port that a NetworkPolicy keeps to them:
    mrt-coordinator --listen 0.0.0.0:7440 … --cluster 0.0.0.0:7441 --cluster-public

Every option can also stand in a TOML file (--config), by its long name, or in the environment.

Exit codes:
  0  stopped as asked
  2  the options, the files that they name or the settings are wrong
  3  the state or the address cannot be had, or the head has ended by itself";

/// The head of a farm of workers that verify database migrations.
///
/// Takes runs from `mrt-cli submit`, deals them to `mrt-worker`s, and merges what they send into one report. It needs
/// neither a container engine nor Python.
#[derive(Debug, Parser)]
#[command(name = "mrt-coordinator", version, after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) listen: Listen,

    /// Keep the state in this directory
    #[arg(long, value_name = "DIR", env = "MRT_DATA", default_value = "mrt-data", help_heading = "State")]
    pub(crate) data: PathBuf,

    /// Keep the state in this database instead: postgres://user@host/database. One with a password belongs into
    /// MRT_DATABASE_URL, since everybody on the machine can read a command line
    #[arg(
        long,
        value_name = "URL",
        env = "MRT_DATABASE_URL",
        hide_env_values = true,
        help_heading = "State"
    )]
    pub(crate) database_url: Option<String>,

    /// How long runs are kept that have ended
    #[arg(long, value_name = "DURATION", env = "MRT_KEEP_RUNS", value_parser = duration, default_value = "30d", help_heading = "State")]
    pub(crate) keep_runs: Duration,

    /// Room for all bundles
    #[arg(long, value_name = "BYTES", env = "MRT_BUNDLES", value_parser = bytes, default_value = "10GB", help_heading = "State")]
    pub(crate) bundles: u64,

    /// Room for one bundle, packed
    #[arg(long, value_name = "BYTES", env = "MRT_MAX_BUNDLE", value_parser = bytes, default_value = "256MB", help_heading = "State")]
    pub(crate) max_bundle: u64,

    /// How long bundles are kept that no open run needs
    #[arg(long, value_name = "DURATION", env = "MRT_KEEP_BUNDLES", value_parser = duration, default_value = "7d", help_heading = "State")]
    pub(crate) keep_bundles: Duration,

    /// A worker that has not been heard for so long is lost, and what it was at is tried elsewhere
    #[arg(long, value_name = "DURATION", env = "MRT_LEASE", value_parser = lease, default_value = "30s", help_heading = "Workers")]
    pub(crate) lease: Duration,

    #[command(flatten)]
    pub(crate) logging: Logging,

    #[command(flatten)]
    pub(crate) metrics: Metrics,

    #[command(flatten)]
    pub(crate) cluster: Cluster,
}

/// What a worker is given to be heard again: shorter ones would be lost to a busy network.
fn lease(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time < Duration::from_secs(1) {
        return Err("a worker cannot be heard so often; give a second or more, like `30s`".to_owned());
    }
    Ok(time)
}

/// What is wrong with the options.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArgsError {
    #[error(
        "--database-url holds a password, which everybody on this machine could read; set MRT_DATABASE_URL instead"
    )]
    Password,
    #[error("cannot make the directory of the state, {}", path.display())]
    Data { path: PathBuf, source: std::io::Error },
}

impl Args {
    /// Where the state is; its directory is made when it is not there.
    pub(crate) fn database(&self) -> Result<String, ArgsError> {
        if let Some(url) = &self.database_url {
            if has_password(url) && std::env::args().any(|argument| argument.contains(url)) {
                return Err(ArgsError::Password);
            }
            return Ok(url.clone());
        }
        let failed = |source| ArgsError::Data { path: self.data.clone(), source };
        if !self.data.exists() {
            // Bundles are other people's sources.
            let private = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.data);
            private.map_err(failed)?;
            // It may lie in a project: neither git nor `mrt-cli submit` is to take it along.
            std::fs::write(self.data.join(".gitignore"), "*\n").map_err(failed)?;
        }
        let file = std::path::absolute(self.data.join("state.db")).map_err(failed)?;
        let mut url =
            Url::from_file_path(&file).map_err(|()| failed(std::io::ErrorKind::InvalidFilename.into()))?;
        url.set_query(Some("mode=rwc"));
        // Only the scheme differs.
        Ok(url.as_str().replacen("file:", "sqlite:", 1))
    }
}

/// Whether a URL holds a password, at either of the places where it may stand.
fn has_password(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| {
        let mut keys = url.query_pairs().map(|(key, _)| key);
        url.password().is_some() || keys.any(|key| key == "password" || key == "sslpassword")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_password_is_seen_wherever_it_stands() {
        for url in
            ["postgres://u:x@h/d", "postgres://u@h/d?a=b&password=x", "postgres://u@h/d?sslp%61ssword=x"]
        {
            assert!(has_password(url), "{url}");
        }
        assert!(!has_password("postgres://u@h/password?sslmode=require"));
    }

    #[test]
    fn a_directory_that_is_made_for_the_state_is_part_of_no_project() {
        let dir = tempfile::tempdir().unwrap();
        let database = |data: &std::path::Path| {
            let args =
                Args::try_parse_from(["mrt-coordinator".as_ref(), "--data".as_ref(), data.as_os_str()]);
            args.unwrap().database().unwrap()
        };
        let made = dir.path().join("a/mrt-data");
        assert!(database(&made).ends_with("/a/mrt-data/state.db?mode=rwc"));
        assert_eq!(std::fs::read_to_string(made.join(".gitignore")).unwrap(), "*\n");
        // What somebody has made is theirs.
        database(dir.path());
        assert!(!dir.path().join(".gitignore").exists());
    }

    #[test]
    fn a_lease_is_no_shorter_than_a_second() {
        let lease = |text| Args::try_parse_from(["mrt-coordinator", "--lease", text]).map(|args| args.lease);
        assert_eq!(lease("1s").ok(), Some(Duration::from_secs(1)));
        for short in ["500us", "999ms"] {
            let told = lease(short).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(told.contains("give a second or more"), "{told}");
        }
    }
}
