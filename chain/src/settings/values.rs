//! Single values of `mrt.toml`. Each type refuses what cannot be meant while it is read, so that TOML's own spans say
//! where it stands; the messages are `problem; help`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{EngineKind, Target, TargetError};

/// A text that must say something.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Filled(pub(super) String);

impl TryFrom<String> for Filled {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().is_empty() { Err("empty text; say something here") } else { Ok(Self(text)) }
    }
}

/// A target by name, without settings.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Named(pub(super) Target);

impl TryFrom<String> for Named {
    type Error = TargetError;
    fn try_from(name: String) -> Result<Self, Self::Error> {
        Target::from_name(&name).map(Self)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Engine(pub(super) EngineKind);

impl TryFrom<String> for Engine {
    type Error = String;
    fn try_from(name: String) -> Result<Self, Self::Error> {
        let engine = EngineKind::from_name(&name).map(Self);
        engine.ok_or_else(|| format!("unknown engine `{name}`; known are {}", EngineKind::names()))
    }
}

/// `module:callable`.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Callable(pub(super) String);

impl TryFrom<String> for Callable {
    type Error = String;
    fn try_from(name: String) -> Result<Self, Self::Error> {
        let dotted = |word: &str| {
            let part = |part: &str| {
                !part.is_empty()
                    && !part.starts_with(|c: char| c.is_ascii_digit())
                    && part.chars().all(|c| c == '_' || c.is_alphanumeric())
            };
            word.split('.').all(part)
        };
        match name.split_once(':') {
            Some((module, callable)) if dotted(module) && dotted(callable) => Ok(Self(name)),
            _ => Err(format!("`{name}` names no Python callable; write `module:callable`")),
        }
    }
}

/// A time limit: `90` (seconds), `"90s"`, `"5m"`, `"1h30m"`.
#[derive(Clone, Copy)]
pub(super) struct Timeout(pub(super) Duration);

impl Timeout {
    fn of_text(text: &str) -> Option<Duration> {
        let mut total = Duration::ZERO;
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
            let (unit, after) =
                after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
            let number: u64 = number.parse().ok()?;
            let part = match unit.trim() {
                "ms" => Duration::from_millis(number),
                "s" => Duration::from_secs(number),
                "m" | "min" => Duration::from_secs(number.checked_mul(60)?),
                "h" => Duration::from_secs(number.checked_mul(3600)?),
                _ => return None,
            };
            total = total.checked_add(part)?;
            rest = after;
        }
        Some(total)
    }
}

impl<'de> Deserialize<'de> for Timeout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl Visitor<'_> for Shape {
            type Value = Option<Duration>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time limit like \"90s\"")
            }
            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Self::Value, E> {
                Ok(u64::try_from(seconds).ok().map(Duration::from_secs))
            }
            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Self::Value, E> {
                Ok(Duration::try_from_secs_f64(seconds).ok())
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Timeout::of_text(text))
            }
        }
        let limit = deserializer.deserialize_any(Shape)?.filter(|limit| !limit.is_zero());
        limit
            .map(Self)
            .ok_or_else(|| de::Error::custom("not a time limit; write \"90s\", \"5m\", or seconds above 0"))
    }
}

/// An amount of room: `"512MB"`, `"2GB"`, or bytes. Units are powers of 1024, as PostgreSQL counts.
#[derive(Clone, Copy)]
pub(super) struct Size(pub(super) u64);

impl Size {
    /// A server has to come to life in it.
    const LEAST: u64 = 128 << 20;

    fn of_text(text: &str) -> Option<u64> {
        let text = text.trim();
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" | "kib" => 1 << 10,
            "m" | "mb" | "mib" => 1 << 20,
            "g" | "gb" | "gib" => 1 << 30,
            "t" | "tb" | "tib" => 1 << 40,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(factor)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl Visitor<'_> for Shape {
            type Value = Option<u64>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size like \"2GB\"")
            }
            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<Self::Value, E> {
                Ok(u64::try_from(bytes).ok())
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Size::of_text(text))
            }
        }
        // Beyond what a file's length can say there is nothing to limit.
        let fits = |bytes: &u64| (Self::LEAST..=i64::MAX as u64 / 4).contains(bytes);
        let size = deserializer.deserialize_any(Shape)?.filter(fits);
        size.map(Self)
            .ok_or_else(|| de::Error::custom("not a size; write \"512MB\" or \"2GB\", at least 128MB"))
    }
}

/// A day, as a TOML date or as text; always `YYYY-MM-DD`.
#[derive(Clone)]
pub(super) struct Day(pub(super) String);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => text,
            toml::Value::Datetime(date) => date.to_string(),
            other => other.type_str().to_owned(),
        };
        let day = jiff::civil::Date::strptime("%Y-%m-%d", &text);
        day.map(|day| Self(day.to_string()))
            .map_err(|_| de::Error::custom(format!("`{text}` is no day; write it as \"2030-12-31\"")))
    }
}

/// One text or a list of them.
#[derive(Clone, Default)]
pub(super) struct Words(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = Words;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }
            fn visit_str<E: de::Error>(self, word: &str) -> Result<Words, E> {
                Ok(Words(vec![word.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = seq.next_element()? {
                    words.push(word);
                }
                Ok(Words(words))
            }
        }
        deserializer.deserialize_any(Shape)
    }
}

/// Directories for every engine, or a table by engine with `default` for the others.
#[derive(Clone)]
pub(super) struct Locations(pub(super) BTreeMap<Option<EngineKind>, Vec<String>>);

impl<'de> Deserialize<'de> for Locations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        #[serde(try_from = "String")]
        struct Key(Option<EngineKind>);
        impl TryFrom<String> for Key {
            type Error = String;
            fn try_from(name: String) -> Result<Self, Self::Error> {
                if name == "default" {
                    Ok(Self(None))
                } else {
                    Engine::try_from(name).map(|e| Self(Some(e.0)))
                }
            }
        }
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = Locations;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a directory, a list of directories, or a table of them by engine")
            }
            fn visit_str<E: de::Error>(self, word: &str) -> Result<Locations, E> {
                Ok(Locations(BTreeMap::from([(None, vec![word.to_owned()])])))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Locations, A::Error> {
                let words = Words::deserialize(de::value::SeqAccessDeserializer::new(seq))?;
                Ok(Locations(BTreeMap::from([(None, words.0)])))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Locations, A::Error> {
                let mut locations = BTreeMap::new();
                while let Some((Key(engine), Words(words))) = map.next_entry()? {
                    locations.insert(engine, words);
                }
                Ok(Locations(locations))
            }
        }
        deserializer.deserialize_any(Shape)
    }
}
