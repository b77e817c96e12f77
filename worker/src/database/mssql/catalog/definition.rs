//! The text of a view, procedure, function or trigger, without what is not its own: the server keeps what was written, under the
//! name that the object had then, and never reads it again when the object, or the database, gets another name.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A name or keyword, quoted or not.
    Word,
    /// Blanks and comments.
    Nothing,
    /// A string or anything else.
    Other,
}

#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    kind: Kind,
    raw: &'a str,
}

impl Token<'_> {
    fn is(&self, text: &str) -> bool {
        self.kind != Kind::Nothing && self.raw.eq_ignore_ascii_case(text)
    }

    /// The name, without quotes.
    fn name(&self) -> String {
        for (open, close) in [('[', ']'), ('"', '"')] {
            if let Some(inner) = self.raw.strip_prefix(open).and_then(|raw| raw.strip_suffix(close)) {
                return inner.replace(&format!("{close}{close}"), &close.to_string());
            }
        }
        self.raw.to_owned()
    }
}

/// What follows the name in the text that made an object, with the comments that stand before. The database's own name, which
/// is another one in a copy, is left out.
pub(super) fn definition(text: &str, database: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let text = without_database(&text, database);
    let tokens = tokens(&text);
    let (head, rest) = head(&tokens).unwrap_or((0, 0));
    let joined = |tokens: &[Token<'_>]| tokens.iter().map(|token| token.raw).collect::<String>();
    let comments = joined(&tokens[..head]);
    let body = joined(&tokens[rest..]);
    let body = body.trim().trim_end_matches(|c: char| c == ';' || c.is_whitespace());
    match comments.trim() {
        "" => body.to_owned(),
        comments => format!("{comments}\n{body}"),
    }
}

/// Where `CREATE … name` begins and ends; of a trigger, the table goes with it.
fn head(tokens: &[Token<'_>]) -> Option<(usize, usize)> {
    let mut at = 0;
    let mut next = || {
        let found = tokens[at..].iter().position(|token| token.kind != Kind::Nothing)?;
        at += found + 1;
        Some((at - 1, tokens[at - 1]))
    };
    let (start, first) = next()?;
    if !first.is("create") && !first.is("alter") {
        return None;
    }
    let (_, mut what) = next()?;
    if what.is("or") {
        next().filter(|(_, token)| token.is("alter"))?;
        what = next()?.1;
    }
    if what.kind != Kind::Word {
        return None;
    }
    let end = name(tokens, next()?.0)?;
    if what.is("trigger") {
        let on = skip(tokens, end)?;
        let table = skip(tokens, on + 1)?;
        let of_database = tokens[table].is("database");
        if tokens[on].is("on") && !of_database {
            return Some((start, name(tokens, table)?));
        }
    }
    Some((start, end))
}

/// The end of a name of several parts that begins there.
fn name(tokens: &[Token<'_>], start: usize) -> Option<usize> {
    let mut end = start + 1;
    tokens.get(start).filter(|token| token.kind == Kind::Word)?;
    while let Some(dot) = skip(tokens, end).filter(|dot| tokens[*dot].raw == ".") {
        end = skip(tokens, dot + 1).filter(|part| tokens[*part].kind == Kind::Word)? + 1;
    }
    Some(end)
}

/// The next token from there on that says something.
fn skip(tokens: &[Token<'_>], from: usize) -> Option<usize> {
    (from..tokens.len()).find(|at| tokens[*at].kind != Kind::Nothing)
}

/// The same text in any database: `[db].[dbo].[t]` is `[dbo].[t]`, and what is left of the name is a placeholder.
pub(super) fn without_database(text: &str, database: &str) -> String {
    if database.is_empty() || !text.to_lowercase().contains(&database.to_lowercase()) {
        return text.to_owned();
    }
    let tokens = tokens(text);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let names = token.kind == Kind::Word && token.name().eq_ignore_ascii_case(database);
        let dot = skip(&tokens, at + 1).filter(|dot| tokens[*dot].raw == ".");
        // A part of a longer name is no database.
        let begins =
            tokens[..at].iter().rev().find(|token| token.kind != Kind::Nothing).is_none_or(|t| t.raw != ".");
        match dot.filter(|_| names && begins) {
            Some(dot) => {
                at = dot + 1;
                // `db..t`
                if let Some(second) = skip(&tokens, at).filter(|second| tokens[*second].raw == ".") {
                    at = second + 1;
                }
            }
            None => {
                out.push_str(&replace_whole(token.raw, database));
                at += 1;
            }
        }
    }
    out
}

/// Puts a placeholder for the database's name where it stands as a word.
fn replace_whole(text: &str, database: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find_ignoring_case(rest, database) {
        let (before, found) = rest.split_at(at);
        let (word, after) = found.split_at(database.len());
        let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let whole = !joins(before.chars().next_back().or_else(|| out.chars().next_back()))
            && !joins(after.chars().next());
        out.push_str(before);
        out.push_str(if whole { "<database>" } else { word });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Names of databases of ours are ASCII, so that a place in the one is a place in the other.
fn find_ignoring_case(text: &str, name: &str) -> Option<usize> {
    let (text, name) = (text.as_bytes(), name.as_bytes());
    text.windows(name.len()).position(|window| window.eq_ignore_ascii_case(name))
}

/// Takes a text apart. What has no end ends with the text.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (kind, length) = match first {
            c if c.is_whitespace() => {
                (Kind::Nothing, rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len()))
            }
            '-' if rest.starts_with("--") => (Kind::Nothing, rest.find('\n').map_or(rest.len(), |at| at + 1)),
            '/' if rest.starts_with("/*") => (Kind::Nothing, comment(rest)),
            '\'' => (Kind::Other, quoted(rest, '\'')),
            '"' => (Kind::Word, quoted(rest, '"')),
            '[' => (Kind::Word, quoted(rest, ']')),
            c if is_of_word(c) => (Kind::Word, rest.find(|c| !is_of_word(c)).unwrap_or(rest.len())),
            c => (Kind::Other, c.len_utf8()),
        };
        let (raw, after) = rest.split_at(length);
        tokens.push(Token { kind, raw });
        rest = after;
    }
    tokens
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '@' | '#' | '$')
}

/// The length of a comment, which can hold others.
fn comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of a quoted text; a closing quote that is doubled is part of it.
fn quoted(text: &str, close: char) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == close && chars.next_if(|(_, next)| *next == close).is_none() {
            return at + c.len_utf8();
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        definition(text, "mrt_x_0001")
    }

    #[test]
    fn the_name_in_the_text_says_nothing() {
        for text in [
            "CREATE VIEW v AS SELECT 1 AS a",
            "create view [dbo].[w] AS SELECT 1 AS a;\r\n",
            "  CREATE   VIEW \"dbo\" . \"v\" AS SELECT 1 AS a ; ",
            "CREATE OR ALTER VIEW dbo.v AS SELECT 1 AS a",
            "ALTER VIEW mrt_x_0001.dbo.v AS SELECT 1 AS a",
        ] {
            assert_eq!(read(text), "AS SELECT 1 AS a", "{text}");
        }
        assert_eq!(read("CREATE PROC p @a int AS SELECT @a"), "@a int AS SELECT @a");
        assert_eq!(read("CREATE PROCEDURE q @a int AS SELECT @a"), "@a int AS SELECT @a");
        assert_eq!(
            read("CREATE FUNCTION dbo.f(@a int) RETURNS int AS BEGIN RETURN 1 END"),
            "(@a int) RETURNS int AS BEGIN RETURN 1 END"
        );
    }

    #[test]
    fn a_trigger_is_its_tables_whatever_that_was_called() {
        assert_eq!(
            read("CREATE TRIGGER r ON dbo.t_new AFTER INSERT AS SELECT 1"),
            "AFTER INSERT AS SELECT 1"
        );
        assert_eq!(
            read("CREATE TRIGGER r ON DATABASE FOR DROP_TABLE AS SELECT 1"),
            "ON DATABASE FOR DROP_TABLE AS SELECT 1"
        );
    }

    #[test]
    fn comments_before_are_kept() {
        assert_eq!(read("-- why\nCREATE VIEW v AS SELECT 1 AS a"), "-- why\nAS SELECT 1 AS a");
        assert_eq!(
            read("/* a /* b */ c */ CREATE VIEW v AS SELECT 1 AS a"),
            "/* a /* b */ c */\nAS SELECT 1 AS a"
        );
        assert_eq!(read("CREATE /* x */ VIEW v AS SELECT 1 AS a -- end"), "AS SELECT 1 AS a -- end");
    }

    #[test]
    fn what_is_no_definition_stays() {
        for text in [
            "SELECT 1",
            "",
            "CREATE",
            "CREATE VIEW",
            "CREATE OR",
            "create trigger",
            "create trigger r",
            "[x",
            "'x",
            "/* x",
        ] {
            assert_eq!(read(text), text.trim(), "{text}");
        }
    }

    #[test]
    fn the_databases_own_name_says_nothing() {
        let without = |text| without_database(text, "mrt_x_0001");
        assert_eq!(without("select a from [mrt_x_0001].[dbo].[t]"), "select a from [dbo].[t]");
        assert_eq!(without("select a from MRT_X_0001..t"), "select a from t");
        assert_eq!(without("select a from mrt_x_00012.dbo.t"), "select a from mrt_x_00012.dbo.t");
        assert_eq!(without("select 'of mrt_x_0001'"), "select 'of <database>'");
        assert_eq!(without("use mrt_x_0001"), "use <database>");
        assert_eq!(without("select x.mrt_x_0001.y"), "select x.<database>.y");
    }
}
