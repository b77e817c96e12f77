//! MySQL or MariaDB, and which version: what follows from it is asked here and nowhere else.

use std::fmt;

/// Which of the two servers it is. They share a protocol and most of their SQL; their catalogs, defaults and privileges are
/// each their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavor {
    MySql,
    MariaDb,
}

/// A server's kind and version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) flavor: Flavor,
    /// Major, minor, patch.
    pub(super) version: (u32, u32, u32),
}

impl Server {
    /// Of what `SELECT VERSION()` prints: `9.7.1`, `11.8.2-MariaDB-1 from Debian`. MariaDB once had to hide behind
    /// `5.5.5-` for the sake of old replicas.
    pub(super) fn of(printed: &str) -> Option<Self> {
        let flavor =
            if printed.to_ascii_lowercase().contains("mariadb") { Flavor::MariaDb } else { Flavor::MySql };
        let shown = match flavor {
            Flavor::MariaDb => printed.strip_prefix("5.5.5-").unwrap_or(printed),
            Flavor::MySql => printed,
        };
        let end = shown.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(shown.len());
        let mut numbers = shown[..end].split('.').map(str::parse);
        let mut next = || numbers.next()?.ok();
        let (major, minor) = (next()?, next()?);
        Some(Self { flavor, version: (major, minor, next().unwrap_or(0)) })
    }

    /// The version alone: `9.7.1`.
    pub(super) fn number(self) -> String {
        let (major, minor, patch) = self.version;
        format!("{major}.{minor}.{patch}")
    }

    /// Whether it is MariaDB.
    pub(super) fn is_mariadb(self) -> bool {
        self.flavor == Flavor::MariaDb
    }

    /// Whether it is MySQL of this version or a later one.
    pub(super) fn is_mysql_from(self, major: u32, minor: u32) -> bool {
        self.flavor == Flavor::MySql && (self.version.0, self.version.1) >= (major, minor)
    }

    /// Whether it is MariaDB of this version or a later one.
    pub(super) fn is_mariadb_from(self, major: u32, minor: u32) -> bool {
        self.flavor == Flavor::MariaDb && (self.version.0, self.version.1) >= (major, minor)
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_mariadb() { "MariaDB " } else { "MySQL " })?;
        f.write_str(&self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_servers_print_them() {
        let of = |printed| Server::of(printed).map(|it| (it.flavor, it.version));
        assert_eq!(of("9.7.1-1"), Some((Flavor::MySql, (9, 7, 1))));
        assert_eq!(of("8.0.43"), Some((Flavor::MySql, (8, 0, 43))));
        assert_eq!(of("10.11.14-MariaDB-0+deb12u2"), Some((Flavor::MariaDb, (10, 11, 14))));
        assert_eq!(of("5.5.5-10.6.22-MariaDB"), Some((Flavor::MariaDb, (10, 6, 22))));
        assert_eq!(of("PostgreSQL"), None);
    }
}
