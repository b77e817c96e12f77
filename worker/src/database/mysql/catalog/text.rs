//! SQL as the server prints it, cut into tokens.
//!
//! What stands in a comment for certain versions (`/*!80016 NOT ENFORCED */`) counts like the rest: the server that printed
//! it reads it.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword, a bare name, a number.
    Word,
    /// A name in backquotes.
    Name,
    /// A string literal, in either sort of quotes.
    Text,
    /// One character of anything else.
    Symbol,
}

/// A piece of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    /// As it stands there, quotes included.
    pub(super) raw: &'a str,
    /// Where it begins.
    pub(super) at: usize,
    /// Something separates it from what is before.
    pub(super) spaced: bool,
}

impl Token<'_> {
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.raw.eq_ignore_ascii_case(word)
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.raw == symbol
    }

    /// The name that it says, quoted or not.
    pub(super) fn name(&self) -> String {
        match self.kind {
            Kind::Name => inside(self.raw).replace("``", "`"),
            _ => self.raw.to_owned(),
        }
    }

    /// What a literal says.
    pub(super) fn text(&self) -> String {
        if self.kind != Kind::Text {
            return self.raw.to_owned();
        }
        let quote = self.raw.chars().next().unwrap_or('\'');
        let mut said = String::new();
        let mut chars = inside(self.raw).chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some('0') => said.push('\0'),
                    Some('n') => said.push('\n'),
                    Some('r') => said.push('\r'),
                    Some('t') => said.push('\t'),
                    Some('b') => said.push('\u{8}'),
                    Some('Z') => said.push('\u{1a}'),
                    Some(other) => said.push(other),
                    None => {}
                },
                c if c == quote => {
                    chars.next();
                    said.push(c);
                }
                c => said.push(c),
            }
        }
        said
    }

    /// Where it ends.
    pub(super) fn end(&self) -> usize {
        self.at + self.raw.len()
    }
}

fn inside(raw: &str) -> &str {
    raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default()
}

/// Cuts a text into tokens; comments are left out.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { text, at: 0, versioned: 0 };
    let mut found = Vec::new();
    while let Some(token) = lexer.next() {
        found.push(token);
    }
    found
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// How many comments for certain versions are open.
    versioned: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn next(&mut self) -> Option<Token<'a>> {
        let before = self.at;
        while self.skip() {}
        let spaced = self.at > before;
        let rest = self.rest();
        let first = rest.chars().next()?;
        let (kind, length) = match first {
            '`' => (Kind::Name, quoted(rest, '`', false)),
            '\'' => (Kind::Text, quoted(rest, '\'', true)),
            '"' => (Kind::Text, quoted(rest, '"', true)),
            c if is_word(c) => (Kind::Word, word(rest)),
            c => (Kind::Symbol, c.len_utf8()),
        };
        let token = Token { kind, raw: &rest[..length], at: self.at, spaced };
        self.at += length;
        Some(token)
    }

    /// Skips one blank or comment, or one end of a comment that counts.
    fn skip(&mut self) -> bool {
        let rest = self.rest();
        let length = if let Some(c) = rest.chars().next().filter(|c| c.is_whitespace()) {
            c.len_utf8()
        } else if let Some(inner) = rest.strip_prefix("/*!").or_else(|| rest.strip_prefix("/*M!")) {
            self.versioned += 1;
            let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
            rest.len() - inner.len() + digits
        } else if self.versioned > 0 && rest.starts_with("*/") {
            self.versioned -= 1;
            2
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with('#') || is_dash_comment(rest) {
            rest.find('\n').unwrap_or(rest.len())
        } else {
            return false;
        };
        self.at += length;
        true
    }
}

/// `--` begins a comment only before a blank.
fn is_dash_comment(rest: &str) -> bool {
    rest.strip_prefix("--").is_some_and(|after| after.chars().next().is_none_or(char::is_whitespace))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

/// The length of a word or number; the point is part of a number.
fn word(rest: &str) -> usize {
    let number = rest.starts_with(|c: char| c.is_ascii_digit());
    rest.find(|c: char| !(is_word(c) || number && c == '.')).unwrap_or(rest.len())
}

/// The length of something in quotes; a doubled quote is part of it, and so is what a backslash escapes.
fn quoted(rest: &str, quote: char, escapes: bool) -> usize {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if escapes && c == '\\' {
            chars.next();
        } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return at + quote.len_utf8();
        }
    }
    rest.len()
}

/// Walks over tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a, 't> {
    tokens: &'t [Token<'a>],
}

impl<'a, 't> Cursor<'a, 't> {
    pub(super) fn new(tokens: &'t [Token<'a>]) -> Self {
        Self { tokens }
    }

    pub(super) fn rest(&self) -> &'t [Token<'a>] {
        self.tokens
    }

    pub(super) fn peek(&self) -> Option<&'t Token<'a>> {
        self.tokens.first()
    }

    pub(super) fn next(&mut self) -> Option<&'t Token<'a>> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    /// Whether these words come next.
    pub(super) fn sees(&self, words: &[&str]) -> bool {
        self.tokens.len() >= words.len()
            && words.iter().zip(self.tokens).all(|(word, token)| token.is_word(word))
    }

    /// Takes these words, if they come next.
    pub(super) fn eat(&mut self, words: &[&str]) -> bool {
        let seen = self.sees(words);
        if seen {
            self.tokens = &self.tokens[words.len()..];
        }
        seen
    }

    /// Takes a symbol, if it comes next.
    pub(super) fn eat_symbol(&mut self, symbol: &str) -> bool {
        let seen = self.peek().is_some_and(|token| token.is_symbol(symbol));
        if seen {
            self.next();
        }
        seen
    }

    /// Takes a name.
    pub(super) fn name(&mut self) -> Option<String> {
        self.next().map(Token::name)
    }

    /// Takes what stands in parentheses, if they come next.
    pub(super) fn group(&mut self) -> Option<&'t [Token<'a>]> {
        if !self.peek()?.is_symbol("(") {
            return None;
        }
        let length = group_length(self.tokens);
        let inner = &self.tokens[1..length.saturating_sub(1).max(1)];
        self.tokens = &self.tokens[length..];
        Some(inner)
    }

    /// Takes all up to one of these words, outside of parentheses.
    pub(super) fn until(&mut self, stops: &[&str]) -> &'t [Token<'a>] {
        let mut at = 0;
        while let Some(token) = self.tokens.get(at) {
            if stops.iter().any(|stop| token.is_word(stop)) {
                break;
            }
            at += if token.is_symbol("(") { group_length(&self.tokens[at..]) } else { 1 };
        }
        let (taken, rest) = self.tokens.split_at(at);
        self.tokens = rest;
        taken
    }
}

/// How many tokens a pair of parentheses takes, themselves included.
pub(super) fn group_length(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at + 1;
            }
        }
    }
    tokens.len()
}

/// What stands between commas, those in parentheses left alone.
pub(super) fn items<'a, 't>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut found = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(token) = tokens.get(at) {
        if token.is_symbol(",") {
            found.push(&tokens[start..at]);
            start = at + 1;
        }
        at += if token.is_symbol("(") { group_length(&tokens[at..]) } else { 1 };
    }
    if start < tokens.len() {
        found.push(&tokens[start..]);
    }
    found
}

/// A piece of SQL in one line, each token as it was.
pub(super) fn joined(tokens: &[Token<'_>]) -> String {
    let mut text = String::new();
    for token in tokens {
        if token.spaced && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(token.raw);
    }
    text
}

/// A text without the database's own name: as a qualifier it says nothing, and elsewhere (in a literal) one word stands for
/// it. Names differ between databases that are equal otherwise.
pub(super) fn without_database(text: &str, database: &str) -> String {
    if !text.contains(database) {
        return text.to_owned();
    }
    let tokens = tokens(text);
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for pair in tokens.windows(2) {
        let [name, dot] = pair else { continue };
        if matches!(name.kind, Kind::Name | Kind::Word) && dot.is_symbol(".") && name.name() == database {
            out.push_str(&text[copied..name.at]);
            copied = dot.end();
        }
    }
    out.push_str(&text[copied..]);
    replace_word(&out, database, "<database>")
}

/// Puts `new` wherever `old` stands as a word of its own.
pub(super) fn replace_word(text: &str, old: &str, new: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(old) {
        let (before, found) = rest.split_at(at);
        let after = &found[old.len()..];
        let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let whole = !joins(before.chars().next_back().or_else(|| out.chars().next_back()))
            && !joins(after.chars().next());
        out.push_str(before);
        out.push_str(if whole { new } else { old });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_what_the_server_means() {
        let raw = |text: &'static str| tokens(text).iter().map(|t| t.raw).collect::<Vec<_>>();
        assert_eq!(raw("`a``b` int(10) DEFAULT 1.50"), ["`a``b`", "int", "(", "10", ")", "DEFAULT", "1.50"]);
        assert_eq!(raw("x /*!80016 NOT ENFORCED */, y"), ["x", "NOT", "ENFORCED", ",", "y"]);
        assert_eq!(raw("a /* ' */ b -- it's\nc # '\nd"), ["a", "b", "c", "d"]);
        assert_eq!(raw(r"'it''s \'so\' \\' 'x'"), [r"'it''s \'so\' \\'", "'x'"]);
        assert_eq!(tokens(r"'it''s \'so\'\n\\'")[0].text(), "it's 'so'\n\\");
        assert_eq!(raw("a--1"), ["a", "-", "-", "1"]);
    }

    #[test]
    fn the_databases_own_name_says_nothing() {
        let without = |text| without_database(text, "mrt_x_0001");
        assert_eq!(without("select `mrt_x_0001`.`t`.`a` from `mrt_x_0001`.`t`"), "select `t`.`a` from `t`");
        assert_eq!(
            without("insert into mrt_x_0001 . t values ('mrt_x_0001')"),
            "insert into  t values ('<database>')"
        );
        assert_eq!(without("select `mrt_x_00012`.`t`"), "select `mrt_x_00012`.`t`");
        assert_eq!(without("select 'mrt_x_0001.t'"), "select '<database>.t'");
    }

    #[test]
    fn an_end_that_is_missing_ends_nothing_else() {
        for text in ["'abc", "`abc", "(a", "a)", "/* x", "/*! x", "'\\", ""] {
            let tokens = tokens(text);
            let mut cursor = Cursor::new(&tokens);
            cursor.group();
            items(&tokens);
            cursor.until(&["x"]);
        }
    }
}
