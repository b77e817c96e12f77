//! SQLite's lexical rules, exactly: what SQLite stores as text is read back token by token.

/// One token, without white space and comments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// An unquoted word, keyword or name, as written.
    Word(String),
    /// Something in double quotes: a name, or a string where no such name exists. Unescaped.
    Quoted(String),
    /// A name in back quotes or brackets, unescaped.
    Name(String),
    /// A string in single quotes, unescaped.
    Text(String),
    /// The digits of `x'31'`.
    Blob(String),
    /// A number, as written.
    Number(String),
    /// A parameter, as written.
    Variable(String),
    /// An operator or punctuation; two spellings of one operator are one symbol.
    Symbol(&'static str),
    /// A character that begins no token of SQLite's.
    Stray(char),
}

impl Token {
    /// Whether this is the unquoted word, in any case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own.eq_ignore_ascii_case(word))
    }

    /// Whether this is that symbol.
    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self, Self::Symbol(own) if *own == symbol)
    }

    /// The name that this token spells where SQLite's grammar wants a name.
    pub(super) fn as_name(&self) -> Option<&str> {
        match self {
            Self::Word(name) | Self::Quoted(name) | Self::Name(name) | Self::Text(name) => Some(name),
            _ => None,
        }
    }
}

/// A token and where it stands in the text, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spanned {
    pub(super) token: Token,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The tokens of a text. Never fails: what cannot be a token is [`Token::Stray`].
pub(super) fn tokens(sql: &str) -> Vec<Token> {
    spanned(sql).into_iter().map(|spanned| spanned.token).collect()
}

/// The tokens of a text with their places.
pub(super) fn spanned(sql: &str) -> Vec<Spanned> {
    let mut lexer = Lexer { sql, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blanks();
        let start = lexer.at;
        let Some(token) = lexer.next_token() else { return tokens };
        tokens.push(Spanned { token, start, end: lexer.at });
    }
}

/// Longest first, so that `->>` is not read as `->` and `>`. The second part is the canonical spelling.
const SYMBOLS: [(&str, &str); 27] = [
    ("->>", "->>"),
    ("->", "->"),
    ("||", "||"),
    ("<<", "<<"),
    (">>", ">>"),
    ("<=", "<="),
    (">=", ">="),
    ("<>", "<>"),
    ("!=", "<>"),
    ("==", "="),
    ("=", "="),
    ("<", "<"),
    (">", ">"),
    ("(", "("),
    (")", ")"),
    (",", ","),
    (".", "."),
    (";", ";"),
    ("+", "+"),
    ("-", "-"),
    ("*", "*"),
    ("/", "/"),
    ("%", "%"),
    ("&", "&"),
    ("|", "|"),
    ("~", "~"),
    ("!", "!"),
];

struct Lexer<'a> {
    sql: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.sql[self.at..]
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']).len();
            let comment = if rest[blanks..].starts_with("--") {
                rest[blanks..].find('\n').unwrap_or(rest.len() - blanks)
            } else if rest[blanks..].starts_with("/*") {
                rest[blanks + 2..].find("*/").map_or(rest.len() - blanks, |end| end + 4)
            } else {
                0
            };
            if blanks + comment == 0 {
                return;
            }
            self.at += blanks + comment;
        }
    }

    fn next_token(&mut self) -> Option<Token> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        let token = match first {
            '\'' => Token::Text(self.delimited('\'')),
            '"' => Token::Quoted(self.delimited('"')),
            '`' => Token::Name(self.delimited('`')),
            '[' => {
                let end = rest.find(']').unwrap_or(rest.len());
                self.at += (end + 1).min(rest.len());
                Token::Name(rest[1..end].to_owned())
            }
            'x' | 'X' if rest[1..].starts_with('\'') => {
                self.at += 1;
                Token::Blob(self.delimited('\'').to_ascii_lowercase())
            }
            '0'..='9' => Token::Number(self.number()),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => Token::Number(self.number()),
            '?' | ':' | '@' | '$' | '#' => {
                let end = rest[1..].find(|c| !in_word(c)).map_or(rest.len(), |end| end + 1);
                self.at += end;
                Token::Variable(rest[..end].to_owned())
            }
            first if begins_word(first) => {
                let end = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
                self.at += end;
                Token::Word(rest[..end].to_owned())
            }
            first => match SYMBOLS.iter().find(|(spelling, _)| rest.starts_with(spelling)) {
                Some((spelling, canonical)) => {
                    self.at += spelling.len();
                    Token::Symbol(canonical)
                }
                None => {
                    self.at += first.len_utf8();
                    Token::Stray(first)
                }
            },
        };
        Some(token)
    }

    /// Reads from the opening quote past the closing one; a doubled quote stands for itself.
    fn delimited(&mut self, quote: char) -> String {
        let mut content = String::new();
        self.at += quote.len_utf8();
        loop {
            let rest = self.rest();
            let Some(end) = rest.find(quote) else {
                content.push_str(rest);
                self.at = self.sql.len();
                return content;
            };
            content.push_str(&rest[..end]);
            self.at += end + 1;
            if !self.rest().starts_with(quote) {
                return content;
            }
            content.push(quote);
            self.at += 1;
        }
    }

    fn number(&mut self) -> String {
        let bytes = self.rest().as_bytes();
        let digit = |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_digit() || *b == b'_');
        let mut end = 0;
        if bytes[0] == b'0' && matches!(bytes.get(1), Some(b'x' | b'X')) {
            end = 2;
            while bytes.get(end).is_some_and(u8::is_ascii_hexdigit) {
                end += 1;
            }
        } else {
            while digit(end) {
                end += 1;
            }
            if bytes.get(end) == Some(&b'.') {
                end += 1;
                while digit(end) {
                    end += 1;
                }
            }
            if matches!(bytes.get(end), Some(b'e' | b'E')) {
                let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
                if digit(end + 1 + sign) {
                    end += 1 + sign;
                    while digit(end) {
                        end += 1;
                    }
                }
            }
        }
        let number = self.rest()[..end].to_ascii_lowercase();
        self.at += end;
        number
    }
}

fn begins_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn in_word(c: char) -> bool {
    begins_word(c) || c.is_ascii_digit() || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_quote_a_name_is_told_apart_from_a_string() {
        assert_eq!(
            tokens(r#"a "b""c" `d` [e f] 'g''h' x'4A'"#),
            [
                Token::Word("a".into()),
                Token::Quoted("b\"c".into()),
                Token::Name("d".into()),
                Token::Name("e f".into()),
                Token::Text("g'h".into()),
                Token::Blob("4a".into()),
            ]
        );
    }

    #[test]
    fn comments_and_blanks_vanish() {
        assert_eq!(tokens("a -- b\n/* c\n */ d--"), tokens("a d"));
        assert_eq!(tokens("a /* open"), tokens("a"));
    }

    #[test]
    fn numbers_are_whole() {
        assert_eq!(
            tokens("1 1.5 .5 1E-3 0xFF 1e 1_000"),
            ["1", "1.5", ".5", "1e-3", "0xff", "1"]
                .map(|n| Token::Number(n.into()))
                .into_iter()
                .chain([Token::Word("e".into()), Token::Number("1_000".into())])
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn two_spellings_of_an_operator_are_one() {
        assert_eq!(tokens("a != b == c"), tokens("a <> b = c"));
        assert_ne!(tokens("a ->> b"), tokens("a -> b"));
    }

    #[test]
    fn any_text_is_read_to_its_end() {
        for sql in ["'", "\"", "[", "`", "é😀_1", "\u{0}\\{", "x'", "$", ".", "1e+"] {
            let last = spanned(sql).last().map(|last| last.end);
            assert_eq!(last, Some(sql.len()), "{sql}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_the_lexer_fail(sql in ".{0,40}") {
            let spans = spanned(&sql);
            for pair in spans.windows(2) {
                proptest::prop_assert!(pair[0].end <= pair[1].start);
            }
        }
    }
}
