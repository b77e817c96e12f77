//! The shape of `mrt.toml` and `mrt-baseline.toml`, before anything in it is looked up.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use toml::Spanned;

use super::values::{Callable, Day, Engine, Filled, Locations, Named, Size, Timeout, Words};
use super::{Framework, Role};

/// Tells the two forms of `mrt.toml` apart.
#[derive(Deserialize)]
pub(super) struct Form {
    pub(super) suite: Option<de::IgnoredAny>,
    pub(super) defaults: Option<de::IgnoredAny>,
}

/// `mrt.toml` with several suites. With one suite it is a [`RawSuite`] at top level.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProject {
    pub(super) defaults: Option<Spanned<RawSuite>>,
    #[serde(default)]
    pub(super) suite: BTreeMap<Spanned<String>, RawSuite>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBaseline {
    #[serde(default)]
    pub(super) accept: Vec<RawAccept>,
    #[serde(default)]
    pub(super) suite: BTreeMap<Spanned<String>, RawBaselineSuite>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBaselineSuite {
    #[serde(default)]
    pub(super) accept: Vec<RawAccept>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawSuite {
    pub(super) name: Option<Spanned<String>>,
    pub(super) path: Option<Spanned<String>>,
    pub(super) framework: Option<Spanned<Framework>>,
    pub(super) alembic: Option<Spanned<String>>,
    pub(super) section: Option<String>,
    pub(super) script_location: Option<Spanned<String>>,
    pub(super) version_locations: Option<Spanned<Locations>>,
    pub(super) recursive: Option<bool>,
    pub(super) targets: Option<Spanned<Vec<Spanned<Named>>>>,
    pub(super) target: BTreeMap<Spanned<String>, RawTarget>,
    pub(super) python: Option<RawPython>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) hand_over_url: Option<bool>,
    pub(super) drivers: BTreeMap<Engine, String>,
    pub(super) x_arguments: Option<Words>,
    pub(super) bootstrap: Option<Spanned<String>>,
    pub(super) around: Option<Callable>,
    pub(super) floor: Option<Spanned<String>>,
    pub(super) skip: Option<Spanned<Vec<RawSkip>>>,
    pub(super) accept: Option<Spanned<Vec<RawAccept>>>,
    pub(super) seed: Option<Spanned<Vec<RawSeed>>>,
    pub(super) timeout: Option<Timeout>,
    pub(super) version_table: Option<String>,
    /// The suite's own behind that of the defaults.
    #[serde(deserialize_with = "one")]
    pub(super) check: Vec<RawCheck>,
}

fn one<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    T::deserialize(deserializer).map(|only| vec![only])
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawCheck {
    pub(super) select: Vec<Spanned<String>>,
    pub(super) ignore: Vec<Spanned<String>>,
    pub(super) severity: BTreeMap<Spanned<String>, Spanned<String>>,
    pub(super) path: Vec<RawCheckPath>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCheckPath {
    pub(super) files: Spanned<Words>,
    #[serde(default)]
    pub(super) select: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) ignore: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) severity: BTreeMap<Spanned<String>, Spanned<String>>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTarget {
    pub(super) server: Option<Server>,
    pub(super) image: Option<String>,
    pub(super) arguments: Option<Words>,
    pub(super) url: Option<Spanned<String>>,
    pub(super) url_env: Option<String>,
    pub(super) initial_sql: Option<Words>,
    pub(super) initial_sql_file: Option<Spanned<Words>>,
    pub(super) locale: Option<String>,
    pub(super) extensions: Option<Words>,
    pub(super) role: Option<RawRole>,
    pub(super) disk: Option<Size>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Server {
    Docker,
    External,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawRole {
    Owner,
    CreateRole,
    Superuser,
}

impl From<RawRole> for Role {
    fn from(role: RawRole) -> Self {
        match role {
            RawRole::Owner => Self::Owner,
            RawRole::CreateRole => Self::CreateRole,
            RawRole::Superuser => Self::Superuser,
        }
    }
}

/// `python = ".venv/bin/python"`, or a table.
#[derive(Clone, Default)]
pub(super) struct RawPython {
    pub(super) interpreter: Option<String>,
    pub(super) requirements: Option<Spanned<Words>>,
    pub(super) packages: Option<Words>,
    pub(super) project: Option<Spanned<String>>,
}

impl<'de> Deserialize<'de> for RawPython {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            interpreter: Option<String>,
            requirements: Option<Spanned<Words>>,
            packages: Option<Words>,
            project: Option<Spanned<String>>,
        }
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = RawPython;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an interpreter or a table")
            }
            fn visit_str<E: de::Error>(self, interpreter: &str) -> Result<RawPython, E> {
                let interpreter = Some(interpreter.to_owned());
                Ok(RawPython { interpreter, ..RawPython::default() })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawPython, A::Error> {
                let Table { interpreter, requirements, packages, project } =
                    Table::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(RawPython { interpreter, requirements, packages, project })
            }
        }
        deserializer.deserialize_any(Shape)
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSkip {
    pub(super) revision: Filled,
    #[serde(default)]
    pub(super) targets: Vec<Named>,
    pub(super) reason: Filled,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAccept {
    pub(super) revision: Filled,
    pub(super) kind: Option<Filled>,
    pub(super) object: Option<Filled>,
    #[serde(default)]
    pub(super) targets: Vec<Named>,
    pub(super) reason: Filled,
    pub(super) until: Option<Day>,
    pub(super) count: Option<u32>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSeed {
    pub(super) table: Spanned<Filled>,
    pub(super) sql: Option<String>,
    pub(super) sql_file: Option<Spanned<String>>,
    pub(super) csv_file: Option<Spanned<String>>,
    pub(super) command: Option<Words>,
    pub(super) from: Option<Filled>,
    pub(super) to: Option<Filled>,
}

impl RawSuite {
    /// A key that makes sense in one suite only, when there is one.
    pub(super) fn of_one_suite(&self) -> Option<&'static str> {
        let keys = [
            ("name", self.name.is_some()),
            ("path", self.path.is_some()),
            ("framework", self.framework.is_some()),
            ("floor", self.floor.is_some()),
            ("skip", self.skip.is_some()),
            ("accept", self.accept.is_some()),
        ];
        keys.iter().find(|(_, present)| *present).map(|(key, _)| *key)
    }

    /// This suite's keys, and the default's where it has none; `env`, `drivers` and `target` by their own keys, and `check` as
    /// layers.
    pub(super) fn or(self, default: Self) -> Self {
        fn merged<K: Ord, V>(own: BTreeMap<K, V>, mut default: BTreeMap<K, V>) -> BTreeMap<K, V> {
            // Removed first, so that the key's own span stays.
            default.retain(|key, _| !own.contains_key(key));
            default.extend(own);
            default
        }
        Self {
            name: self.name,
            path: self.path,
            framework: self.framework,
            alembic: self.alembic.or(default.alembic),
            section: self.section.or(default.section),
            script_location: self.script_location.or(default.script_location),
            version_locations: self.version_locations.or(default.version_locations),
            recursive: self.recursive.or(default.recursive),
            targets: self.targets.or(default.targets),
            target: merged(self.target, default.target),
            python: self.python.or(default.python),
            env: merged(self.env, default.env),
            hand_over_url: self.hand_over_url.or(default.hand_over_url),
            drivers: merged(self.drivers, default.drivers),
            x_arguments: self.x_arguments.or(default.x_arguments),
            bootstrap: self.bootstrap.or(default.bootstrap),
            around: self.around.or(default.around),
            floor: self.floor,
            skip: self.skip,
            accept: self.accept,
            seed: self.seed.or(default.seed),
            timeout: self.timeout.or(default.timeout),
            version_table: self.version_table.or(default.version_table),
            check: default.check.into_iter().chain(self.check).collect(),
        }
    }
}
