//! SQL and PL/SQL as Oracle stores them: what a person wrote, letter by letter. Here it is cut into tokens, and two texts
//! that say the same come out as one.

use super::words::{RESERVED, SPACED};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::database::oracle) enum Kind {
    /// A keyword or a bare name.
    Word,
    /// A name in double quotes.
    Name,
    /// A string literal, in whichever quotes.
    Text,
    Number,
    /// An operator or a mark of punctuation.
    Symbol,
}

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::database::oracle) struct Token<'a> {
    pub(in crate::database::oracle) kind: Kind,
    /// As it stands there, quotes included.
    pub(in crate::database::oracle) raw: &'a str,
    /// Where it begins.
    pub(in crate::database::oracle) at: usize,
}

impl Token<'_> {
    pub(in crate::database::oracle) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.raw == symbol
    }

    pub(in crate::database::oracle) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.raw.eq_ignore_ascii_case(word)
    }

    /// The name that it says, as the server stores it.
    pub(in crate::database::oracle) fn name(&self) -> String {
        match self.kind {
            Kind::Name => self.raw.trim_matches('"').to_owned(),
            _ => self.raw.to_uppercase(),
        }
    }

    /// Whether it can name something.
    pub(in crate::database::oracle) fn is_name(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Name)
    }

    pub(in crate::database::oracle) fn end(&self) -> usize {
        self.at + self.raw.len()
    }
}

/// How a comment begins that the server obeys.
const HINT: &str = "/*+";

/// Cuts a text into tokens; comments are left out, hints are not.
pub(in crate::database::oracle) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let skipped = if first.is_whitespace() {
            first.len_utf8()
        } else if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") && !rest.starts_with(HINT) {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else {
            0
        };
        if skipped > 0 {
            at += skipped;
            continue;
        }
        let (kind, length) = token(rest, first);
        found.push(Token { kind, raw: &rest[..length], at });
        at += length;
    }
    found
}

fn token(rest: &str, first: char) -> (Kind, usize) {
    if rest.starts_with(HINT) {
        return (Kind::Text, rest.find("*/").map_or(rest.len(), |end| end + 2));
    }
    if let Some(length) = literal(rest) {
        return (Kind::Text, length);
    }
    match first {
        '"' => (Kind::Name, rest[1..].find('"').map_or(rest.len(), |end| end + 2)),
        c if c.is_ascii_digit() => (Kind::Number, number(rest)),
        '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => (Kind::Number, number(rest)),
        c if is_word(c) => (Kind::Word, rest.find(|c: char| !is_word(c)).unwrap_or(rest.len())),
        c => {
            let two = ["<=", ">=", "<>", "!=", "^=", "||", ":=", "=>", "**", ".."];
            let length = if two.iter().any(|two| rest.starts_with(two)) { 2 } else { c.len_utf8() };
            (Kind::Symbol, length)
        }
    }
}

/// The length of a string literal, if the text begins with one: `'…'`, `N'…'`, `q'[…]'`, `nq'{…}'`.
fn literal(rest: &str) -> Option<usize> {
    let prefix = rest.find('\'').filter(|at| *at <= 2)?;
    match rest[..prefix].to_ascii_lowercase().as_str() {
        "" | "n" => {
            let mut chars = rest.char_indices().skip(prefix + 1).peekable();
            while let Some((at, c)) = chars.next() {
                if c == '\'' && chars.next_if(|(_, next)| *next == '\'').is_none() {
                    return Some(at + 1);
                }
            }
            Some(rest.len())
        }
        "q" | "nq" => {
            let open = rest[prefix + 1..].chars().next()?;
            let end = format!("{}'", closing(open));
            let inner = prefix + 1 + open.len_utf8();
            Some(rest[inner..].find(&end).map_or(rest.len(), |at| inner + at + end.len()))
        }
        _ => None,
    }
}

fn closing(open: char) -> char {
    match open {
        '[' => ']',
        '(' => ')',
        '{' => '}',
        '<' => '>',
        other => other,
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '#')
}

/// The length of a number. Two points after it are a range of PL/SQL's.
fn number(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let exponent = matches!(byte, b'+' | b'-') && at > 0 && matches!(bytes[at - 1], b'e' | b'E');
        let point = *byte == b'.' && bytes.get(at + 1) != Some(&b'.');
        if !(byte.is_ascii_alphanumeric() || exponent || point) {
            break;
        }
        at += 1;
    }
    at
}

/// What a string literal says; `None` for anything else. A national one says the same in another character set, and is
/// none here.
pub(in crate::database::oracle) fn said(raw: &str) -> Option<String> {
    if let Some(inner) = raw.strip_prefix('\'').and_then(|raw| raw.strip_suffix('\'')) {
        return Some(inner.replace("''", "'"));
    }
    let inner = raw.strip_prefix("q'").or_else(|| raw.strip_prefix("Q'"))?.strip_suffix('\'')?;
    let mut chars = inner.chars();
    chars.next()?;
    chars.next_back()?;
    Some(chars.as_str().to_owned())
}

/// A name as it stands in a normalised text: bare where that is the same.
pub(in crate::database::oracle) fn shown(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'_' | b'$' | b'#'))
        && !RESERVED.contains(&name);
    if plain { name.to_owned() } else { format!("\"{name}\"") }
}

/// A piece of SQL of a schema in one spelling: case, blanks, comments, needless quotes and parentheses, and the schema's
/// own name apart.
pub(in crate::database::oracle) fn normal(text: &str, owner: &str) -> String {
    normal_tokens(without_parentheses(&tokens(text)), owner)
}

/// The same without the name of the one table that it is about, as a qualifier.
pub(in crate::database::oracle) fn normal_of(text: &str, owner: &str, table: &str) -> String {
    let all = tokens(text);
    let mut kept: Vec<Token<'_>> = Vec::with_capacity(all.len());
    let mut at = 0;
    while let Some(token) = all.get(at) {
        let dot = all.get(at + 1).is_some_and(|next| next.is_symbol("."));
        if dot && token.is_name() && token.name() == table {
            at += 2;
            continue;
        }
        kept.push(*token);
        at += 1;
    }
    normal_tokens(without_parentheses(&kept), owner)
}

fn normal_tokens(tokens: &[Token<'_>], owner: &str) -> String {
    let mut out = String::new();
    let mut before: Option<Token<'_>> = None;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let dot = tokens.get(at + 1).is_some_and(|next| next.is_symbol("."));
        if dot && token.is_name() && token.name() == owner {
            at += 2;
            continue;
        }
        at += 1;
        if before.is_some_and(|before| is_apart(&before, token, &out)) {
            out.push(' ');
        }
        match token.kind {
            Kind::Word => out.push_str(&token.raw.to_uppercase()),
            Kind::Name => out.push_str(&shown(&token.name())),
            Kind::Text => match said(token.raw) {
                Some(said) => {
                    let said = replace_word(&said, owner, "<schema>");
                    out.push_str(&format!("'{}'", said.replace('\'', "''")));
                }
                None => out.push_str(token.raw),
            },
            Kind::Number | Kind::Symbol => out.push_str(token.raw),
        }
        before = Some(*token);
    }
    out
}

fn is_apart(before: &Token<'_>, token: &Token<'_>, out: &str) -> bool {
    let glued_before = ["(", ".", "@", ":", "%"].iter().any(|symbol| before.is_symbol(symbol));
    let glued = [")", ",", ".", ";", "@", "%"].iter().any(|symbol| token.is_symbol(symbol));
    if glued_before || glued {
        return false;
    }
    if token.is_symbol("(") {
        let spaced = before.kind == Kind::Word && SPACED.iter().any(|word| before.is_word(word));
        return spaced || (before.kind == Kind::Symbol && !before.is_symbol(")"));
    }
    // A sign belongs to its number.
    let signed = matches!(before.raw, "-" | "+") && token.kind == Kind::Number;
    !(signed && (out.len() == 1 || out.ends_with("(-") || out.ends_with("(+")))
}

/// Whether a pair of parentheses is around all of it.
pub(in crate::database::oracle) fn without_parentheses<'a, 't>(
    mut tokens: &'t [Token<'a>],
) -> &'t [Token<'a>] {
    while let [open, inner @ .., close] = tokens {
        if !open.is_symbol("(") || !close.is_symbol(")") || group_length(tokens) != tokens.len() {
            break;
        }
        tokens = inner;
    }
    tokens
}

/// How many tokens the group takes that begins here, both parentheses included.
fn group_length(tokens: &[Token<'_>]) -> usize {
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

/// The names in an expression, each once, in their order.
pub(in crate::database::oracle) fn names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for token in tokens(text).iter().filter(|token| token.is_name()) {
        let name = token.name();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Code as it was written but for its own schema's name: as a qualifier it says nothing, and elsewhere one word stands for
/// it. Line ends are what an editor makes of them, and what follows the last `;` is what a client makes of it.
pub(in crate::database::oracle) fn without_owner(text: &str, owner: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || c == '/');
    let folded = text.to_uppercase();
    if !folded.contains(owner) && !text.contains(owner) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for pair in tokens(text).windows(2) {
        let [name, dot] = pair else { continue };
        if name.is_name() && dot.is_symbol(".") && name.name() == owner {
            out.push_str(&text[copied..name.at]);
            copied = dot.end();
        }
    }
    out.push_str(&text[copied..]);
    let lower = owner.to_lowercase();
    replace_word(&replace_word(&out, owner, "<schema>"), &lower, "<schema>")
}

/// Puts `new` wherever `old` stands as a word of its own.
pub(in crate::database::oracle) fn replace_word(text: &str, old: &str, new: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut last = None;
    while let Some(at) = rest.find(old) {
        let (before, found) = rest.split_at(at);
        let after = &found[old.len()..];
        let joins = |c: Option<char>| c.is_some_and(is_word);
        let whole = !joins(before.chars().next_back().or(last)) && !joins(after.chars().next());
        out.push_str(before);
        out.push_str(if whole { new } else { old });
        last = old.chars().next_back();
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Vec<&str> {
        tokens(text).iter().map(|token| token.raw).collect()
    }

    #[test]
    fn tokens_are_what_the_server_means() {
        assert_eq!(raw("a>=1.5e-3 -- it's\n/* ' */ b"), ["a", ">=", "1.5e-3", "b"]);
        assert_eq!(
            raw("'it''s' N'x' q'[a'b]' nq'{x}' Q'!y!'"),
            ["'it''s'", "N'x'", "q'[a'b]'", "nq'{x}'", "Q'!y!'"]
        );
        assert_eq!(raw("\"A b\".c$1#||d"), ["\"A b\"", ".", "c$1#", "||", "d"]);
        assert_eq!(raw("FOR i IN 1..10 LOOP"), ["FOR", "i", "IN", "1", "..", "10", "LOOP"]);
        assert_eq!(raw(".5 + x.y"), [".5", "+", "x", ".", "y"]);
        assert_eq!(raw("'ä' || 'ö'"), ["'ä'", "||", "'ö'"]);
    }

    #[test]
    fn an_end_that_is_missing_ends_nothing_else() {
        for text in ["'abc", "\"abc", "(a", "a)", "/* x", "q'[abc", "q'", "--", ""] {
            let tokens = tokens(text);
            without_parentheses(&tokens);
            normal(text, "O");
            without_owner(text, "O");
        }
    }

    #[test]
    fn spellings_of_one_expression_are_one() {
        let normal = |text| normal(text, "MRT");
        assert_eq!(normal("age>=0 and  \"NAME\" in('a',q'[it's]')"), "AGE >= 0 AND NAME IN ('a', 'it''s')");
        assert_eq!(normal("((age > 0))"), "AGE > 0");
        assert_eq!(normal("(a > 0) or (b > 0)"), "(A > 0) OR (B > 0)");
        assert_eq!(normal("\"DATE\" > date '2020-01-01'"), "\"DATE\" > DATE '2020-01-01'");
        assert_eq!(normal("\"name\" = upper( \"MRT\".f( a ,b ) )"), "\"name\" = UPPER(F(A, B))");
        assert_eq!(normal("\"MRT\".\"SEQ\".\"NEXTVAL\""), "SEQ.NEXTVAL");
        assert_eq!(normal("select /*+ full(t) */ /* x */ a from t"), "SELECT /*+ full(t) */ A FROM T");
        assert_eq!(normal("-1"), "-1");
        assert_eq!(normal("a - 1 > (-2)"), "A - 1 > (-2)");
        assert_eq!(normal("sys_context('USERENV', 'MRT')"), "SYS_CONTEXT('USERENV', '<schema>')");
        assert_eq!(normal_of("t.a > \"T\".b", "MRT", "T"), "A > B");
    }

    #[test]
    fn the_schemas_own_name_says_nothing() {
        let without = |text| without_owner(text, "MRT_X");
        assert_eq!(
            without("procedure mrt_x.p is begin \"MRT_X\" . q; end;\r\n/\n"),
            "procedure p is begin  q; end;"
        );
        assert_eq!(
            without("x := 'mrt_x.t'; y := 'MRT_X'; z := mrt_x1.t"),
            "x := '<schema>.t'; y := '<schema>'; z := mrt_x1.t"
        );
        assert_eq!(without("nothing of it;"), "nothing of it;");
    }

    #[test]
    fn names_are_as_they_are_stored() {
        assert_eq!(names("upper(a) || \"b c\" || 'x' || A"), ["UPPER", "A", "b c"]);
        assert_eq!(shown("A$1"), "A$1");
        assert_eq!(shown("LEVEL"), "\"LEVEL\"");
        assert_eq!(shown("a"), "\"a\"");
    }
}
