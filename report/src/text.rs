//! Text that is safe to show. Migrations and rows carry any string; a terminal obeys some of them.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Whether a reader would not see this character, or a terminal would act on it.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// The text on one line, with every control, invisible or direction-changing character written as an escape.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The text's lines, each [`printable`]; trailing blank lines are left out.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = String> {
    text.trim_end().lines().map(|line| printable(&line.replace('\t', "    ")).trim_end().to_owned())
}

/// Two values of a row as they stand in a table. Both are quoted where one could be mistaken, or its ends could not
/// be seen: quotes around only one would look like the difference.
///
/// SQLite's values come in quotes where their text could be a number; those are quotes enough, and a number beside
/// them gets none.
pub(crate) fn values(before: Option<&str>, after: Option<&str>, absent: &str) -> (String, String) {
    let ambiguous = |text: &str| {
        text.is_empty()
            || text == absent
            || text.starts_with([' ', '\''])
            || text.ends_with([' ', '\''])
            || text.chars().any(is_hidden)
    };
    let quoted = |text: &str| {
        ["'", "x'"]
            .iter()
            .any(|open| text.len() > open.len() && text.starts_with(open) && text.ends_with('\''))
    };
    let beside_quotes = [before, after].into_iter().flatten().any(quoted);
    let clear = |text: &str| quoted(text) || (beside_quotes && text.parse::<f64>().is_ok());
    let quote = before.is_some_and(ambiguous) || after.is_some_and(ambiguous);
    let show = |value: Option<&str>| match value {
        None => absent.to_owned(),
        Some(text) if quote && !clear(text) => format!("'{}'", printable(text)),
        Some(text) => printable(text).into_owned(),
    };
    (show(before), show(after))
}

/// An attribute of the catalog: SQL, mostly, with quotes of its own. Its lines stay lines.
pub(crate) fn definition(value: Option<&str>) -> String {
    match value {
        None => "(absent)".to_owned(),
        Some("") => "(empty)".to_owned(),
        Some(text) => lines(text).collect::<Vec<_>>().join("\n"),
    }
}

/// Columns that the text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text, padded with blanks to so many columns.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The text cut to so many columns, with an ellipsis where it was cut.
pub(crate) fn truncate(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = take(text, columns.saturating_sub(1)).to_owned();
    out.push('…');
    out
}

/// The longest start of the text that fits into so many columns; at least one character.
fn take(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns && at > 0 {
            return &text[..at];
        }
    }
    text
}

/// Two values cut so that the place where they first differ is seen.
pub(crate) fn window(before: &str, after: &str, columns: usize) -> (String, String) {
    if width(before) <= columns && width(after) <= columns {
        return (before.to_owned(), after.to_owned());
    }
    let common = before.chars().zip(after.chars()).take_while(|(a, b)| a == b).count();
    // A third of the window tells where in the value we are; the rest is the difference.
    let lead = columns / 3;
    if common <= lead {
        return (truncate(before, columns), truncate(after, columns));
    }
    let cut = |text: &str| {
        let rest: String = text.chars().skip(common - lead).collect();
        truncate(&format!("…{rest}"), columns)
    };
    (cut(before), cut(after))
}

/// Breaks one line at blanks, and inside of words that are too long.
pub(crate) fn wrap(line: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    let mut out = Vec::new();
    let mut rest = line;
    while width(rest) > columns {
        let head = take(rest, columns);
        // A blank right behind the head is a break that costs nothing.
        let end = if rest[head.len()..].starts_with(' ') {
            head.len()
        } else {
            match head.rfind(' ') {
                Some(at) if !head[..at].trim().is_empty() => at,
                _ => head.len(),
            }
        };
        out.push(rest[..end].trim_end().to_owned());
        rest = rest[end..].trim_start_matches(' ');
    }
    if !rest.is_empty() || out.is_empty() {
        out.push(rest.to_owned());
    }
    out
}

/// As a title begins.
pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// `1 cell`, `2 cells`.
pub(crate) fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(printable("a\x1b[31mb\x07"), r"a\u{1b}[31mb\u{7}");
        assert_eq!(printable("x\u{202e}y\u{a0}z\u{9b}"), r"x\u{202e}y\u{a0}z\u{9b}");
        assert!(matches!(printable("naïve 東京 🙂"), Cow::Borrowed(_)));
    }

    #[test]
    fn values_that_could_be_mistaken_are_quoted() {
        let shown = |before, after| {
            let (before, after) = values(before, after, "NULL");
            format!("{before} {after}")
        };
        assert_eq!(shown(Some("a b"), None), "a b NULL");
        assert_eq!(shown(Some("NULL"), None), "'NULL' NULL");
        assert_eq!(shown(Some("a"), Some("a ")), "'a' 'a '");
        assert_eq!(shown(Some(""), Some("a\nb")), r"'' 'a\nb'");
    }

    #[test]
    fn text_that_comes_in_quotes_gets_no_others() {
        let shown = |before, after| values(Some(before), after, "NULL");
        let pair = |before: &str, after: &str| (before.to_owned(), after.to_owned());
        assert_eq!(shown("'+15550001001'", None), pair("'+15550001001'", "NULL"));
        assert_eq!(shown("'1001'", Some("word")), pair("'1001'", "'word'"));
        assert_eq!(shown("'1001'", Some("")), pair("'1001'", "''"));
        assert_eq!(shown("1001", Some("'1001'")), pair("1001", "'1001'"));
        assert_eq!(shown("x'00ff'", Some("a ")), pair("x'00ff'", "'a '"));
        assert_eq!(shown("'", Some("it's'")), pair("'''", "'it's''"));
    }

    #[test]
    fn a_window_shows_the_difference() {
        let long = "x".repeat(100);
        let (before, after) = window(&format!("{long}A"), &format!("{long}B"), 12);
        assert_eq!((before.as_str(), after.as_str()), ("…xxxxA", "…xxxxB"));
        let (before, after) = window(&format!("A{long}"), "B", 6);
        assert_eq!((before.as_str(), after.as_str()), ("Axxxx…", "B"));
    }

    #[test]
    fn wrapping_keeps_words_and_breaks_what_has_none() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghijkl", 8), ["abcdefgh", "ijkl"]);
        assert_eq!(wrap("東京東京東京", 8), ["東京東京", "東京"]);
        assert_eq!(wrap("", 8), [""]);
    }
}
