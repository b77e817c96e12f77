//! Targets by name.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::{EngineKind, Role, ServerSettings, Suite, Target, TargetError};

/// Room for data when nothing is said: enough for hundreds of small databases, and filled up before a step's usual time
/// limit ends.
const DISK: u64 = 2 << 30;

/// The PostgreSQL releases that are supported.
const POSTGRES: RangeInclusive<u32> = 12..=18;

/// The major releases of MySQL that are supported.
const MYSQL: RangeInclusive<u32> = 8..=9;

/// The major releases of MariaDB that are supported; of the first only from 10.6 on, the oldest with atomic DDL.
const MARIADB: RangeInclusive<u32> = 10..=12;

/// The releases of SQL Server that are supported, by which its images are tagged, too.
const SQL_SERVER: &[&str] = &["2019", "2022", "2025"];

/// The major releases of Oracle that are supported. The newest is 23 to its server, and 26 to those who sell it.
const ORACLE: &[u32] = &[19, 21, 23, 26];

/// The releases that people choose among; others of the supported ones can be asked for just as well.
const POSTGRES_RELEASES: &[&str] = &["12", "13", "14", "15", "16", "17", "18"];
const MYSQL_RELEASES: &[&str] = &["8.0", "8.4", "9.7"];
const MARIADB_RELEASES: &[&str] = &["10.6", "10.11", "11.4", "11.8", "12"];
const ORACLE_RELEASES: &[&str] = &["19", "21", "23"];

impl EngineKind {
    /// Every engine.
    pub const ALL: [Self; 6] =
        [Self::Sqlite, Self::Postgres, Self::MySql, Self::MariaDb, Self::SqlServer, Self::Oracle];

    /// The names of every engine, as a message lists them: `sqlite, postgres, mysql, mariadb, mssql and oracle`.
    pub fn names() -> String {
        let names = Self::ALL.map(Self::as_str);
        match names.split_last() {
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => String::new(),
        }
    }

    /// Versions that people choose among, the oldest first; none of what is not chosen.
    pub fn releases(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &[],
            Self::Postgres => POSTGRES_RELEASES,
            Self::MySql => MYSQL_RELEASES,
            Self::MariaDb => MARIADB_RELEASES,
            Self::SqlServer => SQL_SERVER,
            Self::Oracle => ORACLE_RELEASES,
        }
    }

    /// The engine of this name or alias (`postgres`, `postgresql`, `pg`, `sqlite`, `sqlite3`, `mysql`, `mariadb`,
    /// `mssql`, `sqlserver`, `oracle`).
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "sqlite" | "sqlite3" => Some(Self::Sqlite),
            "postgres" | "postgresql" | "pg" => Some(Self::Postgres),
            "mysql" => Some(Self::MySql),
            "mariadb" => Some(Self::MariaDb),
            "mssql" | "sqlserver" => Some(Self::SqlServer),
            "oracle" => Some(Self::Oracle),
            _ => None,
        }
    }
}

/// The engine and version that a target's name means: `sqlite`, `postgres`, `postgres:16`, `postgresql:16-alpine`,
/// `mysql:8.4`, `mariadb:11.8`, `mssql:2022`, `oracle:23`.
///
/// # Errors
/// When the engine or its version is not known.
pub fn parse_target(name: &str) -> Result<(EngineKind, Option<String>), TargetError> {
    let (engine, version) = match name.split_once(':') {
        Some((engine, version)) => (engine, Some(version)),
        None => (name, None),
    };
    let engine = EngineKind::from_name(engine)
        .ok_or_else(|| TargetError::UnknownEngine { name: name.to_owned(), engine: engine.to_owned() })?;
    let Some(version) = version else { return Ok((engine, None)) };
    let unsupported =
        |help: String| Err(TargetError::UnsupportedVersion { engine, version: version.to_owned(), help });
    match engine {
        EngineKind::Sqlite => {
            unsupported("write `sqlite`: its version is that of the suite's Python".to_owned())
        }
        EngineKind::Postgres => match numbers(version) {
            Some((major, _)) if POSTGRES.contains(&major) => Ok((engine, Some(version.to_owned()))),
            _ => {
                let (first, last) = (POSTGRES.start(), POSTGRES.end());
                unsupported(format!("give {first} to {last}, or an image's tag like `16-alpine`"))
            }
        },
        EngineKind::MySql => match numbers(version) {
            Some((major, _)) if MYSQL.contains(&major) => Ok((engine, Some(version.to_owned()))),
            _ => unsupported("give 8.0, 8.4 or 9, or an image's tag like `8.4-oracle`".to_owned()),
        },
        EngineKind::MariaDb => match numbers(version) {
            Some((major, minor))
                if MARIADB.contains(&major) && (major > 10 || minor.is_none_or(|it| it >= 6)) =>
            {
                Ok((engine, Some(version.to_owned())))
            }
            _ => unsupported("give 10.6, 10.11, 11 or 12, or an image's tag like `11.8-noble`".to_owned()),
        },
        EngineKind::SqlServer => match numbers(version) {
            Some((release, _)) if SQL_SERVER.contains(&&*release.to_string()) => {
                Ok((engine, Some(version.to_owned())))
            }
            _ => unsupported("give 2019, 2022 or 2025, or an image's tag like `2022-latest`".to_owned()),
        },
        EngineKind::Oracle => match numbers(version) {
            Some((major, _)) if ORACLE.contains(&major) => Ok((engine, Some(version.to_owned()))),
            _ => unsupported("give 19, 21 or 23, or an image's tag like `23-slim-faststart`".to_owned()),
        },
    }
}

/// Major and minor number of what can stand in an image's tag.
fn numbers(version: &str) -> Option<(u32, Option<u32>)> {
    let (major, rest) = leading_number(version)?;
    let tag = |rest: &str| {
        rest.is_empty()
            || (rest.starts_with(['.', '-'])
                && rest.chars().all(|c| c.is_ascii_alphanumeric() || ['.', '-', '_'].contains(&c)))
    };
    tag(rest).then(|| (major, rest.strip_prefix('.').and_then(leading_number).map(|(minor, _)| minor)))
}

fn leading_number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

impl Target {
    /// A target with no settings of its own: a container of the official image, or a file.
    pub fn new(engine: EngineKind, version: Option<String>) -> Self {
        let name = match &version {
            Some(version) => format!("{engine}:{version}"),
            None => engine.to_string(),
        };
        let server = match engine.has_server() {
            false => ServerSettings::Embedded,
            true => ServerSettings::Docker { image: None, arguments: Vec::new() },
        };
        Self {
            name,
            engine,
            version,
            server,
            initial_sql: Vec::new(),
            locale: None,
            extensions: Vec::new(),
            role: Role::default(),
            disk: DISK,
        }
    }

    /// The target that a name means, with no settings of its own. Its own name is the canonical one: `pg:16` is
    /// `postgres:16`.
    ///
    /// # Errors
    /// When the name cannot be understood.
    pub fn from_name(name: &str) -> Result<Self, TargetError> {
        parse_target(name).map(|(engine, version)| Self::new(engine, version))
    }
}

impl Suite {
    /// Replaces the targets by those named: with their settings where the suite has any, with defaults otherwise.
    ///
    /// # Errors
    /// When a name cannot be understood or stands twice, or there is none. The suite is then unchanged.
    pub fn select_targets<S: AsRef<str>>(&mut self, names: &[S]) -> Result<(), TargetError> {
        let mut selected: Vec<Target> = Vec::with_capacity(names.len());
        for name in names {
            let plain = Target::from_name(name.as_ref())?;
            if selected.iter().any(|target| target.name == plain.name) {
                return Err(TargetError::Duplicate { name: plain.name });
            }
            let known =
                self.targets.iter().chain(&self.other_targets).find(|target| target.name == plain.name);
            selected.push(known.cloned().unwrap_or(plain));
        }
        if selected.is_empty() {
            return Err(TargetError::None);
        }
        let unselected = self.targets.drain(..).chain(self.other_targets.drain(..));
        self.other_targets =
            unselected.filter(|target| !selected.iter().any(|s| s.name == target.name)).collect();
        self.targets = selected;
        Ok(())
    }

    /// Runs the migrations with this interpreter, whatever the settings say.
    pub fn use_interpreter(&mut self, interpreter: PathBuf) {
        self.python.interpreter = Some(interpreter);
    }
}
