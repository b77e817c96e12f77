//! A script as the server's own tools read it: batches, parted by lines that hold nothing but `GO`.

use std::iter::Peekable;
use std::str::Chars;

/// The most times that `GO 100` repeats a batch.
const REPEATS: usize = 10_000;

/// The batches of a script. A `GO` within a text, a quoted name or a comment is no line of its own, and one with a number
/// stands for so many of its batch.
pub(super) fn batches(script: &str) -> Vec<String> {
    let mut batches = Vec::new();
    let mut batch = String::new();
    let mut within = Within::Code;
    for line in script.split_inclusive('\n') {
        if let (Within::Code, Some(times)) = (within, separator(line)) {
            let times = if batch.trim().is_empty() { 0 } else { times };
            batches.extend(std::iter::repeat_n(std::mem::take(&mut batch), times));
            batch.clear();
            continue;
        }
        within = within.after(line);
        batch.push_str(line);
    }
    if !batch.trim().is_empty() {
        batches.push(batch);
    }
    batches
}

/// How often a line says that the batch before it runs, if it says so.
fn separator(line: &str) -> Option<usize> {
    let line = line.split_once("--").map_or(line, |(line, _)| line);
    let mut words = line.split_whitespace();
    let go = words.next()?;
    if !go.eq_ignore_ascii_case("go") {
        return None;
    }
    let times = match words.next() {
        None => 1,
        Some(number) => number.parse().ok()?,
    };
    words.next().is_none().then_some(times.min(REPEATS))
}

/// Where a line begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Code,
    /// A text or a quoted name, and what ends it.
    Quotes(char),
    /// So many comments, one in the other.
    Comment(u32),
}

impl Within {
    fn after(mut self, line: &str) -> Self {
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            self = match self {
                Self::Code => match c {
                    '\'' | '"' => Self::Quotes(c),
                    '[' => Self::Quotes(']'),
                    '-' if follows(&mut chars, '-') => return self,
                    '/' if follows(&mut chars, '*') => Self::Comment(1),
                    _ => self,
                },
                Self::Quotes(end) if c == end && !follows(&mut chars, end) => Self::Code,
                Self::Comment(depth) if c == '*' && follows(&mut chars, '/') => {
                    if depth == 1 {
                        Self::Code
                    } else {
                        Self::Comment(depth - 1)
                    }
                }
                Self::Comment(depth) if c == '/' && follows(&mut chars, '*') => Self::Comment(depth + 1),
                Self::Quotes(_) | Self::Comment(_) => self,
            };
        }
        self
    }
}

fn follows(chars: &mut Peekable<Chars<'_>>, wanted: char) -> bool {
    chars.next_if_eq(&wanted).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_go_alone_part_batches() {
        assert_eq!(
            batches("CREATE TABLE a (x int)\nGO\nSELECT 1\n go -- done\n"),
            ["CREATE TABLE a (x int)\n", "SELECT 1\n"]
        );
        assert_eq!(batches("SELECT 1\r\nGO 2\r\n"), ["SELECT 1\r\n", "SELECT 1\r\n"]);
        assert_eq!(batches("\nGO\nGO\n"), Vec::<String>::new());
        assert_eq!(batches("SELECT 1 AS go"), ["SELECT 1 AS go"]);
        assert_eq!(batches("GO go\n"), ["GO go\n"]);
    }

    #[test]
    fn a_go_in_a_text_name_or_comment_parts_nothing() {
        for script in [
            "SELECT 'a\nGO\n''b'",
            "/* a /* b */\nGO\n*/ SELECT 1",
            "SELECT [a\nGO\n]] b]",
            "SELECT \"a\nGO\n\"",
        ] {
            assert_eq!(batches(script), [script]);
        }
        assert_eq!(batches("SELECT 1 -- it's\nGO\nSELECT 2"), ["SELECT 1 -- it's\n", "SELECT 2"]);
    }
}
