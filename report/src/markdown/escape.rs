//! Text in Markdown that stays what it is: no link, image, tag, table or list comes of it, and nobody is told of a comment because
//! a table is called `@team`.

use crate::text::{lines, printable};

/// As part of a sentence; its lines become one.
pub(super) fn plain(text: &str) -> String {
    let text = lines(text).collect::<Vec<_>>().join(" ");
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A backslash is of no use: mentions and numbers of issues are looked for in what comes of the text.
            '@' | '#' => {
                out.push('\\');
                out.push(c);
                if chars.peek().is_some_and(|next| next.is_alphanumeric()) {
                    out.push_str("&#8203;");
                }
            }
            ',' | ';' | ':' | '/' | '\'' | '"' | '?' | '%' => out.push(c),
            c if c.is_ascii_punctuation() => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// As a name, in which nothing is looked for.
pub(super) fn code(text: &str) -> String {
    let text = printable(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    if text.trim().is_empty() || text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) {
        // One blank at each end belongs to the marks.
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

/// Either of them in a table. A column ends at its sign even within a name.
pub(super) fn cell(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut before = ' ';
    for c in markdown.chars() {
        if c == '|' && before != '\\' {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

/// Lines as they are.
pub(super) fn block(text: &str) -> String {
    let text: Vec<String> = lines(text).collect();
    let text = text.join("\n");
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    format!("{fence}text\n{text}\n{fence}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(plain("a_b *c* [d](e) ![f](g) <b>"), r"a\_b \*c\* \[d\]\(e\) \!\[f\]\(g\) &lt;b&gt;");
        assert_eq!(plain("@team #12 a@ # | \u{1b}"), r"\@&#8203;team \#&#8203;12 a\@ \# \| \\u\{1b\}");
        assert_eq!(plain("- 1. `x`\n2\n"), r"\- 1\. \`x\` 2");
    }

    #[test]
    fn marks_around_a_name_are_longer_than_those_in_it() {
        assert_eq!(code("users.phone"), "`users.phone`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a``"), "``` `a`` ```");
        assert_eq!(code(""), "`  `");
        assert_eq!(cell(&code("a|b")), r"`a\|b`");
        assert_eq!(cell(&plain("a|b")), r"a\|b");
        assert_eq!(block("a\n````\nb\n"), "`````text\na\n````\nb\n`````\n");
    }
}
