//! Texts that match a pattern: LIKE, GLOB, SIMILAR TO, regular expressions.

use std::collections::BTreeSet;
use std::ops::Range;

use regex_syntax::hir::{Class, Hir, HirKind};

/// The most characters that one text may have.
const LIMIT: usize = 400;

/// Different texts that match a regular expression; empty when it is not understood.
pub(super) fn of_regex(pattern: &str, variants: Range<u64>) -> Vec<String> {
    let Ok(hir) = regex_syntax::Parser::new().parse(pattern) else { return Vec::new() };
    distinct(variants, |variant| {
        let mut choices = Choices(variant);
        let mut text = String::new();
        write(&hir, &mut choices, &mut text).then_some(text)
    })
}

/// Different texts that match a LIKE pattern.
pub(super) fn of_like(pattern: &str, variants: Range<u64>) -> Vec<String> {
    distinct(variants, |variant| {
        let mut choices = Choices(variant);
        let mut text = String::new();
        let mut chars = pattern.chars();
        while let Some(char) = chars.next() {
            match char {
                '%' => {
                    // The shortest match first, then letters.
                    for _ in 0..choices.take(4) {
                        text.push(letter(&mut choices));
                    }
                }
                '_' => text.push(letter(&mut choices)),
                '\\' => text.extend(chars.next()),
                other => text.push(other),
            }
        }
        Some(text)
    })
}

/// Different texts that match a GLOB pattern.
pub(super) fn of_glob(pattern: &str, variants: Range<u64>) -> Vec<String> {
    let mut regex = String::new();
    let mut in_class = false;
    for char in pattern.chars() {
        match char {
            '[' | ']' => {
                in_class = char == '[';
                regex.push(char);
            }
            _ if in_class => regex.push(char),
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            other => regex.push_str(&regex_syntax::escape(&other.to_string())),
        }
    }
    of_regex(&regex, variants)
}

/// A LIKE pattern with classes of characters as a regular expression. One that is meant to match nothing, as
/// `NOT LIKE '%[^0-9]%'` has it, tells also of what texts are to consist.
pub(super) fn like_with_classes_to_regexes(pattern: &str) -> impl Iterator<Item = String> {
    let mut regex = String::new();
    let mut in_class = false;
    for char in pattern.chars() {
        match char {
            // A bracket alone, in brackets.
            '[' if in_class => regex.push_str("\\["),
            '[' | ']' => {
                in_class = char == '[';
                regex.push(char);
            }
            '^' | '-' if in_class => regex.push(char),
            '%' if !in_class => regex.push_str(".*"),
            '_' if !in_class => regex.push('.'),
            other => regex.push_str(&regex_syntax::escape(&other.to_string())),
        }
    }
    let others = pattern.strip_prefix("%[^").and_then(|rest| rest.strip_suffix("]%"));
    let others = others.filter(|members| !members.contains(['[', ']'])).map(|members| {
        let members: String = members
            .chars()
            .map(|c| if c == '-' { "-".to_owned() } else { regex_syntax::escape(&c.to_string()) })
            .collect();
        format!("[{members}]{{1,8}}")
    });
    [regex].into_iter().chain(others)
}

/// A SIMILAR TO pattern as a regular expression.
pub(super) fn similar_to_regex(pattern: &str) -> String {
    let mut regex = String::new();
    let mut in_class = false;
    for char in pattern.chars() {
        match char {
            '[' | ']' => {
                in_class = char == '[';
                regex.push(char);
            }
            '%' if !in_class => regex.push_str(".*"),
            '_' if !in_class => regex.push('.'),
            '.' | '^' | '$' if !in_class => {
                regex.push('\\');
                regex.push(char);
            }
            other => regex.push(other),
        }
    }
    regex
}

fn distinct(variants: Range<u64>, make: impl Fn(u64) -> Option<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    variants.filter_map(make).filter(|text| seen.insert(text.clone())).collect()
}

/// A number taken apart into choices, in mixed radix: different numbers, different choices.
struct Choices(u64);

impl Choices {
    fn take(&mut self, of: usize) -> usize {
        let of = of.max(1) as u64;
        let choice = self.0 % of;
        self.0 /= of;
        usize::try_from(choice).unwrap_or(0)
    }
}

fn letter(choices: &mut Choices) -> char {
    "abcdefgh".chars().nth(choices.take(8)).unwrap_or('a')
}

fn write(hir: &Hir, choices: &mut Choices, text: &mut String) -> bool {
    if text.len() > LIMIT {
        return false;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(literal) => {
                text.push_str(literal);
                true
            }
            Err(_) => false,
        },
        HirKind::Class(class) => {
            let members = members(class);
            match members.get(choices.take(members.len().min(8))) {
                Some(char) => {
                    text.push(*char);
                    true
                }
                None => false,
            }
        }
        HirKind::Repetition(repetition) => {
            let least = usize::try_from(repetition.min).unwrap_or(LIMIT);
            let room = repetition
                .max
                .map_or(3, |max| usize::try_from(max).unwrap_or(LIMIT).saturating_sub(least).min(3));
            let times = least + choices.take(room + 1);
            times <= LIMIT && (0..times).all(|_| write(&repetition.sub, choices, text))
        }
        HirKind::Capture(capture) => write(&capture.sub, choices, text),
        HirKind::Concat(parts) => parts.iter().all(|part| write(part, choices, text)),
        HirKind::Alternation(branches) => {
            let branch = branches.get(choices.take(branches.len()));
            branch.is_some_and(|branch| write(branch, choices, text))
        }
    }
}

/// Characters of a class, the plainest first.
fn members(class: &Class) -> Vec<char> {
    let has = |char: char| match class {
        Class::Unicode(class) => {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&char))
        }
        Class::Bytes(class) => u8::try_from(char).is_ok_and(|byte| {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&byte))
        }),
    };
    let plain = ('a'..='z').chain('0'..='9').chain('A'..='Z').chain(' '..='~').filter(|char| has(*char));
    let mut members: Vec<char> = plain.take(8).collect();
    if let (true, Class::Unicode(class)) = (members.is_empty(), class) {
        members.extend(class.ranges().iter().map(regex_syntax::hir::ClassUnicodeRange::start));
    }
    members
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn regexes_are_instantiated() {
        assert_eq!(of_regex("^[A-Z]{2}-[0-9]{3}$", 0..2), ["AA-000", "BA-000"]);
        assert_eq!(of_regex("^(a|b)$", 0..5), ["a", "b"]);
        let phones = of_regex(r"^\+?[1-9]\d{6,14}$", 0..20);
        assert_eq!(phones.len(), 20);
        assert!(phones.iter().all(|phone| phone.trim_start_matches('+').len() >= 7));
        assert!(of_regex("(?<=a)b", 0..3).is_empty(), "look-behind is not understood, so nothing is guessed");
    }

    #[test]
    fn likes_are_instantiated() {
        assert_eq!(of_like("ab\\_%", 0..2), ["ab_", "ab_a"]);
        assert!(of_like("%@%.%", 0..9).iter().all(|text| text.contains('@') && text.contains('.')));
        assert_eq!(of_like("_x", 0..2), ["ax", "bx"]);
    }

    #[test]
    fn likes_with_classes_become_regexes() {
        let regexes = |pattern| like_with_classes_to_regexes(pattern).collect::<Vec<_>>();
        assert_eq!(regexes("[A-Z][0-9]_.%"), [r"[A-Z][0-9].\..*"]);
        assert_eq!(regexes("100[%]"), ["100[%]"]);
        assert_eq!(regexes("a[[]b"), [r"a[\[]b"]);
        // NOT LIKE: nothing but digits.
        assert_eq!(regexes("%[^0-9]%"), [".*[^0-9].*", "[0-9]{1,8}"]);
        assert!(of_regex("[0-9]{1,8}", 0..5).iter().all(|text| text.bytes().all(|b| b.is_ascii_digit())));
    }

    #[test]
    fn globs_and_similar_to_become_regexes() {
        assert!(of_glob("[a-c]?.*", 0..5).iter().all(|text| text.len() >= 3 && text.contains('.')));
        assert_eq!(similar_to_regex("[0-9]+%.x_"), r"[0-9]+.*\.x.");
    }
}
