//! What text looks like, guessed from a column's name.
//!
//! Ordinary text is lower-case ASCII without blanks at its ends, so that a correct migration that splits, parses or
//! lower-cases it does not stumble. Every value carries a number, so that different numbers give different texts
//! as far as the limit allows.

use super::numbers::{base, clock, code, day, hex, uuid};
use super::{Batch, Vocabulary};

const WORDS: [&str; 24] = [
    "alder", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "inlet", "juniper", "kettle",
    "lagoon", "maple", "nectar", "orchard", "pebble", "quarry", "river", "summit", "timber", "umber",
    "valley", "willow", "zephyr",
];
const FIRST: [&str; 20] = [
    "ada",
    "alan",
    "barbara",
    "claude",
    "dennis",
    "edith",
    "frances",
    "grace",
    "hedy",
    "ida",
    "john",
    "katherine",
    "linus",
    "margaret",
    "niklaus",
    "olga",
    "peter",
    "radia",
    "sophie",
    "tony",
];
const LAST: [&str; 20] = [
    "lovelace",
    "turing",
    "liskov",
    "shannon",
    "ritchie",
    "clarke",
    "allen",
    "hopper",
    "lamarr",
    "rhodes",
    "backus",
    "johnson",
    "torvalds",
    "hamilton",
    "wirth",
    "ladyzhenskaya",
    "naur",
    "perlman",
    "wilson",
    "hoare",
];
const COUNTRIES: [&str; 12] = ["de", "fr", "it", "es", "pl", "nl", "se", "pt", "fi", "at", "cz", "dk"];
const CURRENCIES: [&str; 8] = ["eur", "usd", "gbp", "pln", "sek", "chf", "czk", "dkk"];
const LANGUAGES: [&str; 10] = ["en", "de", "fr", "it", "es", "pl", "nl", "sv", "pt", "fi"];
const STATES: [&str; 6] = ["active", "pending", "done", "open", "closed", "draft"];
const MIMES: [&str; 4] = ["text/plain", "text/html", "image/png", "application/json"];

/// What a column's text is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Email,
    Phone,
    Url,
    Uuid,
    HexUuid,
    Ip,
    Host,
    Date,
    DateTime,
    FullName,
    FirstName,
    LastName,
    UserName,
    Json,
    Digits,
    Country,
    Currency,
    Language,
    Slug,
    Status,
    Hash,
    Path,
    FileName,
    Color,
    Version,
    Mime,
    TimeZone,
    Postcode,
    Sentence,
    Word,
}

impl Kind {
    /// Guesses from the names of table and column and the text's limit; `vocabulary` decides where they say
    /// nothing definite.
    pub(super) fn guess(table: &str, column: &str, max: Option<usize>, vocabulary: Vocabulary) -> Self {
        let guess = Self::by_name(&name_parts(table), &name_parts(column), max);
        let definite = matches!(
            guess,
            Self::Email
                | Self::Phone
                | Self::Url
                | Self::Uuid
                | Self::HexUuid
                | Self::Ip
                | Self::Host
                | Self::Date
                | Self::DateTime
        );
        if definite {
            return guess;
        }
        match vocabulary {
            Vocabulary::Words => guess,
            Vocabulary::Digits => Self::Digits,
            Vocabulary::Json => Self::Json,
            Vocabulary::DateTime => Self::DateTime,
            Vocabulary::Uuid => Self::Uuid,
        }
    }

    fn by_name(table: &[String], column: &[String], max: Option<usize>) -> Self {
        let has = |words: &[&str]| column.iter().any(|part| words.contains(&part.as_str()));
        let last = column.last().map_or("", String::as_str);
        let person = || {
            const PEOPLE: [&str; 16] = [
                "user",
                "users",
                "person",
                "persons",
                "people",
                "author",
                "authors",
                "customer",
                "customers",
                "employee",
                "employees",
                "contact",
                "contacts",
                "member",
                "members",
                "patient",
            ];
            table.iter().any(|part| PEOPLE.contains(&part.as_str())) || has(&["full", "display"])
        };
        if has(&["email", "mail", "emails"]) {
            Self::Email
        } else if has(&["phone", "mobile", "fax", "telephone", "msisdn"]) {
            Self::Phone
        } else if has(&["url", "uri", "href", "website", "homepage", "webhook"]) {
            Self::Url
        } else if has(&["uuid", "guid"]) || (last == "id" && max == Some(36)) {
            if max.is_some_and(|max| max < 36) { Self::HexUuid } else { Self::Uuid }
        } else if last == "id" && max == Some(32) {
            Self::HexUuid
        } else if has(&["ip", "ipaddress", "ipv4"]) {
            Self::Ip
        } else if has(&["host", "hostname", "domain", "fqdn"]) {
            Self::Host
        } else if has(&["date", "birthday", "dob", "birthdate", "day"]) || last == "on" {
            Self::Date
        } else if last == "at" || has(&["timestamp", "datetime"]) {
            Self::DateTime
        } else if has(&[
            "hash",
            "checksum",
            "digest",
            "sha",
            "sha1",
            "sha256",
            "md5",
            "etag",
            "password",
            "signature",
        ]) || has(&["token", "secret", "fingerprint", "key"])
        {
            Self::Hash
        } else if has(&[
            "json",
            "config",
            "configuration",
            "settings",
            "metadata",
            "meta",
            "payload",
            "options",
        ]) || has(&[
            "params",
            "parameters",
            "attributes",
            "properties",
            "extra",
            "preferences",
            "data",
        ]) {
            Self::Json
        } else if has(&["username", "login", "nick", "nickname", "handle"]) || ends(column, &["user", "name"])
        {
            Self::UserName
        } else if ends(column, &["first", "name"]) || has(&["firstname", "given", "forename"]) {
            Self::FirstName
        } else if ends(column, &["last", "name"]) || has(&["lastname", "surname", "family"]) {
            Self::LastName
        } else if has(&["filename", "file"]) {
            Self::FileName
        } else if has(&["fullname"]) || (last == "name" && person()) {
            Self::FullName
        } else if has(&["country", "nationality"]) {
            Self::Country
        } else if has(&["currency"]) {
            Self::Currency
        } else if has(&["language", "lang", "locale"]) {
            Self::Language
        } else if has(&["slug", "permalink"]) {
            Self::Slug
        } else if has(&["status", "state", "stage", "phase"]) {
            Self::Status
        } else if has(&["path", "dir", "directory", "folder"]) {
            Self::Path
        } else if has(&["color", "colour"]) {
            Self::Color
        } else if has(&["version", "release"]) {
            Self::Version
        } else if has(&["mime"]) || ends(column, &["content", "type"]) {
            Self::Mime
        } else if has(&["timezone", "tz"]) || ends(column, &["time", "zone"]) {
            Self::TimeZone
        } else if has(&["zip", "postal", "postcode", "zipcode"]) {
            Self::Postcode
        } else if has(&[
            "amount", "quantity", "price", "total", "age", "year", "count", "size", "number", "num",
        ]) {
            Self::Digits
        } else if has(&[
            "title",
            "description",
            "comment",
            "notes",
            "note",
            "text",
            "body",
            "content",
            "message",
        ]) || has(&["summary", "bio", "about", "reason", "address", "street", "city"])
        {
            Self::Sentence
        } else {
            Self::Word
        }
    }

    /// The text of row `ordinal`; `salt` makes columns differ from each other. At most `max` characters.
    pub(super) fn write(self, batch: Batch, ordinal: u64, salt: u64, max: Option<usize>) -> String {
        let number = base(batch) + ordinal;
        let pick = |list: &[&'static str], at: u64| -> &'static str {
            usize::try_from(at % list.len().max(1) as u64)
                .ok()
                .and_then(|at| list.get(at))
                .copied()
                .unwrap_or("")
        };
        // Short lists come round: rows B begin elsewhere in them than rows A.
        let turn = if batch == Batch::B { 137 } else { 0 };
        let at = salt.wrapping_add(number + turn) % (1 << 32);
        let (word, first, last) = (pick(&WORDS, at), pick(&FIRST, at), pick(&LAST, at / 20 + at));
        let text = match self {
            Self::Email => format!("{first}.{last}{number}@example.com"),
            Self::Phone => format!("+1555{number:07}"),
            Self::Url => format!("https://www.example.com/{word}/{number}"),
            Self::Uuid => uuid(salt, number),
            Self::HexUuid => uuid(salt, number).replace('-', ""),
            Self::Ip => format!("10.{}.{}.{}", salt % 200 + 1, number / 250 % 250, number % 250 + 1),
            Self::Host => format!("{word}{number}.example.com"),
            Self::Date => day(batch, ordinal, 0),
            Self::DateTime => format!("{} {}", day(batch, ordinal, 0), clock(salt % 3_600 + 32_400)),
            Self::FullName => format!("{first} {last}"),
            Self::FirstName => first.to_owned(),
            Self::LastName => last.to_owned(),
            Self::UserName => format!("{first}{number}"),
            Self::Json => format!("{{\"key\": \"{word}\", \"number\": {number}}}"),
            Self::Digits => number.to_string(),
            Self::Country => pick(&COUNTRIES, at).to_owned(),
            Self::Currency => pick(&CURRENCIES, at).to_owned(),
            Self::Language => pick(&LANGUAGES, at).to_owned(),
            Self::Slug => format!("{word}-{number}"),
            Self::Status => pick(&STATES, at).to_owned(),
            Self::Hash => hex(salt, number, max.filter(|max| (8..=128).contains(max)).unwrap_or(64)),
            Self::Path => format!("/var/data/{word}{number}"),
            Self::FileName => format!("{word}{number}.txt"),
            Self::Color => format!("#{}", hex(salt, number, 6)),
            Self::Version => format!("1.{number}.0"),
            Self::Mime => pick(&MIMES, at).to_owned(),
            Self::TimeZone => "utc".to_owned(),
            Self::Postcode => format!("{:05}", 10_000 + number),
            Self::Sentence => format!("{word} {} {number}", pick(&WORDS, at / 7 + 5)),
            Self::Word => format!("{word}{number}"),
        };
        match max {
            Some(max) if text.len() > max => self.short(&text, number, max),
            _ => text,
        }
    }

    /// A shorter text where the usual one does not fit.
    fn short(self, text: &str, number: u64, max: usize) -> String {
        match self {
            Self::Json if max >= 2 => {
                let text = format!("{{\"a\": {number}}}");
                if text.len() <= max { text } else { "{}".to_owned() }
            }
            Self::Email if max >= 10 => format!("{}@x.io", code(number, max - 5)),
            Self::Digits | Self::Phone | Self::Postcode | Self::Version => {
                let digits = number.to_string();
                digits.get(digits.len().saturating_sub(max)..).unwrap_or_default().to_owned()
            }
            Self::Word | Self::Slug | Self::Sentence | Self::UserName | Self::FileName if max > 5 => {
                let digits = number.to_string();
                let word: String = text.chars().filter(char::is_ascii_alphabetic).collect();
                let keep = max.saturating_sub(digits.len()).min(word.len());
                let text = format!("{}{digits}", word.get(..keep).unwrap_or_default());
                if text.len() <= max { text } else { code(number, max) }
            }
            Self::FirstName | Self::LastName | Self::Status if max > 1 => {
                text.get(..max).unwrap_or_default().to_owned()
            }
            _ => code(number, max),
        }
    }
}

/// `emailAddress2` and `email_address2` are both `email`, `address2`.
pub(super) fn name_parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut lower = false;
    for char in name.chars() {
        if !char.is_alphanumeric() || (char.is_uppercase() && lower) {
            parts.push(String::new());
        }
        lower = char.is_lowercase() || char.is_numeric();
        if let Some(last) = parts.last_mut().filter(|_| char.is_alphanumeric()) {
            last.extend(char.to_lowercase());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn ends(column: &[String], with: &[&str]) -> bool {
    column.len() >= with.len() && column.iter().rev().zip(with.iter().rev()).all(|(a, b)| a == b)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const KINDS: [Kind; 30] = [
        Kind::Email,
        Kind::Phone,
        Kind::Url,
        Kind::Uuid,
        Kind::HexUuid,
        Kind::Ip,
        Kind::Host,
        Kind::Date,
        Kind::DateTime,
        Kind::FullName,
        Kind::FirstName,
        Kind::LastName,
        Kind::UserName,
        Kind::Json,
        Kind::Digits,
        Kind::Country,
        Kind::Currency,
        Kind::Language,
        Kind::Slug,
        Kind::Status,
        Kind::Hash,
        Kind::Path,
        Kind::FileName,
        Kind::Color,
        Kind::Version,
        Kind::Mime,
        Kind::TimeZone,
        Kind::Postcode,
        Kind::Sentence,
        Kind::Word,
    ];

    #[test]
    fn ordinary_text_fits_and_is_plain() {
        for kind in KINDS {
            for max in [None, Some(1), Some(2), Some(3), Some(5), Some(8), Some(16), Some(40), Some(255)] {
                for ordinal in 0..20 {
                    let text = kind.write(Batch::A, ordinal, 77, max);
                    assert!(max.is_none_or(|max| text.len() <= max), "{kind:?} {max:?}: {text}");
                    assert!(!text.is_empty() && text.is_ascii(), "{kind:?} {max:?}: {text}");
                    assert_eq!(text.trim(), text);
                    assert_eq!(text.to_lowercase(), text);
                }
            }
        }
    }

    #[test]
    fn names_are_understood() {
        let guess = |table, column, max| Kind::guess(table, column, max, Vocabulary::Words);
        assert_eq!(guess("users", "emailAddress", None), Kind::Email);
        assert_eq!(guess("users", "name", Some(50)), Kind::FullName);
        assert_eq!(guess("products", "name", Some(50)), Kind::Word);
        assert_eq!(guess("t", "first_name", None), Kind::FirstName);
        assert_eq!(guess("t", "created_at", None), Kind::DateTime);
        assert_eq!(guess("runs", "run_id", Some(32)), Kind::HexUuid);
        assert_eq!(guess("runs", "chip", None), Kind::Word);
    }

    #[test]
    fn vocabulary_decides_only_what_is_not_definite() {
        assert_eq!(Kind::guess("t", "note", None, Vocabulary::Digits), Kind::Digits);
        assert_eq!(Kind::guess("t", "email", None, Vocabulary::Digits), Kind::Email);
    }

    #[test]
    fn rows_of_the_batches_have_different_days_and_codes() {
        let days: std::collections::BTreeSet<_> = [Batch::A, Batch::B]
            .into_iter()
            .flat_map(|batch| {
                (0..60).flat_map(move |ordinal| (0..3).map(move |role| day(batch, ordinal, role)))
            })
            .collect();
        assert_eq!(days.len(), 2 * 60 * 3);
        assert!(days.iter().all(|day| day.starts_with("2021-")), "{days:?}");
        let codes: std::collections::BTreeSet<_> =
            (0..36).map(|ordinal| Kind::Word.write(Batch::A, ordinal, 5, Some(1))).collect();
        assert_eq!(codes.len(), 36);
    }
}
