//! The normal form of expressions: two texts that SQLite reads alike are one text here.
//!
//! Blanks, comments, case of words and the way of quoting a name do not count; everything else does.

use std::collections::BTreeSet;

use super::token::Token;
use super::types::Affinity;

/// Which names mean something where an expression stands.
///
/// It is needed because SQLite takes `"x"` for a string where there is no name x.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope<'a> {
    /// A default: no names at all.
    Constant,
    /// A CHECK, a generated column, an index: the columns of one table, in their stored spelling.
    Row { table: &'a str, columns: &'a [String] },
    /// A view or trigger: lower-cased names of everything in the schema, and those that the text itself brings.
    Schema { names: &'a BTreeSet<String>, own: &'a BTreeSet<String> },
}

impl Scope<'_> {
    /// The canonical spelling of `name`, if it names something here.
    fn resolve(&self, name: &str) -> Option<String> {
        match self {
            Self::Constant => None,
            Self::Row { columns, .. } => columns.iter().find(|c| c.eq_ignore_ascii_case(name)).cloned(),
            Self::Schema { names, own } => {
                let folded = name.to_ascii_lowercase();
                (names.contains(&folded) || own.contains(&folded)).then_some(folded)
            }
        }
    }
}

/// The normal form of an expression, without parentheses around the whole.
pub(super) fn expression(tokens: &[Token], scope: Scope<'_>) -> String {
    text(without_parentheses(tokens), scope)
}

/// The normal form of any piece of SQL.
pub(super) fn text(tokens: &[Token], scope: Scope<'_>) -> String {
    let mut writer = Writer::default();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        // `users.age` in a CHECK of users is `age`, and a renamed table is written anew there.
        if let Scope::Row { table, .. } = scope
            && tokens.get(at + 1).is_some_and(|t| t.is_symbol("."))
            && !matches!(token, Token::Text(_))
            && token.as_name().is_some_and(|name| name.eq_ignore_ascii_case(table))
        {
            at += 2;
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        writer.push(&spelling(token, before, tokens.get(at + 1), scope));
        at += 1;
    }
    writer.out
}

/// Names that a text itself uses as such beyond doubt, lower-cased: an alias can stand in double quotes elsewhere.
pub(super) fn own_names(tokens: &[Token]) -> BTreeSet<String> {
    let after_as = |at: usize| at > 0 && tokens[at - 1].is_word("as");
    let names = tokens.iter().enumerate().filter_map(|(at, token)| match token {
        Token::Word(name) | Token::Name(name) => Some(name),
        Token::Quoted(name) if after_as(at) => Some(name),
        _ => None,
    });
    names.map(|name| name.to_ascii_lowercase()).collect()
}

/// The columns that an expression reads, in the table's order.
pub(super) fn columns_read(tokens: &[Token], columns: &[String]) -> Vec<String> {
    let reads = |column: &&String| {
        tokens.iter().enumerate().any(|(at, token)| match token {
            Token::Word(word) => {
                word.eq_ignore_ascii_case(column)
                    && !is_syntax(word)
                    && !tokens.get(at + 1).is_some_and(|next| next.is_symbol("("))
            }
            Token::Quoted(name) | Token::Name(name) => name.eq_ignore_ascii_case(column),
            _ => false,
        })
    };
    columns.iter().filter(reads).cloned().collect()
}

/// The normal form of a default, or `None` where it is the same as to have none.
pub(super) fn default(tokens: &[Token], affinity: Affinity) -> Option<String> {
    let tokens = without_parentheses(tokens);
    let tokens = match tokens {
        [plus, rest @ ..] if plus.is_symbol("+") && matches!(rest, [Token::Number(_)]) => rest,
        tokens => tokens,
    };
    let literal = match tokens {
        [null] if null.is_word("null") => return None,
        [word] if word.is_word("true") => "1".to_owned(),
        [word] if word.is_word("false") => "0".to_owned(),
        // SQLite takes a bare word for a string here.
        [Token::Word(word)] if !is_syntax(word) => quote_text(word),
        tokens => text(tokens, Scope::Constant),
    };
    // The column turns a literal into its own kind: `DEFAULT '0'` of an INTEGER is `DEFAULT 0`.
    let numeric = matches!(affinity, Affinity::Integer | Affinity::Numeric | Affinity::Real);
    let inside = literal.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    Some(match inside {
        Some(inside) if numeric && is_plain_integer(inside) => inside.to_owned(),
        None if affinity == Affinity::Text && is_plain_integer(&literal) => quote_text(&literal),
        _ => literal,
    })
}

/// Whether SQL spells this whole number in just this way and no other.
fn is_plain_integer(text: &str) -> bool {
    text.parse::<i64>().is_ok_and(|n| n.to_string() == text)
}

fn without_parentheses(mut tokens: &[Token]) -> &[Token] {
    while let [open, inner @ .., close] = tokens
        && open.is_symbol("(")
        && close.is_symbol(")")
        && balanced(inner)
    {
        tokens = inner;
    }
    tokens
}

/// Whether every parenthesis is closed in here, and none that was opened outside.
fn balanced(tokens: &[Token]) -> bool {
    let mut depth = 0_usize;
    for token in tokens {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            }
        }
    }
    depth == 0
}

fn spelling(token: &Token, before: Option<&Token>, after: Option<&Token>, scope: Scope<'_>) -> String {
    let after_word = |word| before.is_some_and(|token| token.is_word(word));
    match token {
        token if after_word("collate") => token.as_name().unwrap_or_default().to_ascii_uppercase(),
        Token::Word(word) => {
            let call = after.is_some_and(|next| next.is_symbol("("));
            match scope.resolve(word) {
                Some(name) if !call && !is_syntax(word) => quote_name_if_needed(&name),
                _ => word.to_ascii_lowercase(),
            }
        }
        Token::Name(name) => quote_name_if_needed(&scope.resolve(name).unwrap_or(name.to_ascii_lowercase())),
        Token::Quoted(name) => match scope.resolve(name) {
            Some(name) => quote_name_if_needed(&name),
            None => quote_text(name),
        },
        Token::Text(text) => quote_text(text),
        Token::Blob(digits) => format!("x'{digits}'"),
        Token::Number(text) | Token::Variable(text) => text.clone(),
        Token::Symbol(symbol) => (*symbol).to_owned(),
        Token::Stray(c) => c.to_string(),
    }
}

/// A string literal.
pub(super) fn quote_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name, quoted.
pub(super) fn quote_name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name, quoted where SQLite (or a reader) would take it for something else.
fn quote_name_if_needed(name: &str) -> String {
    let mut chars = name.chars();
    let simple = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii())
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii());
    if simple && !is_syntax(name) { name.to_owned() } else { quote_name(name) }
}

/// Puts words and symbols together with the blanks that people expect.
#[derive(Default)]
struct Writer {
    out: String,
    /// The last piece lets a parenthesis follow at once: the name of a function or type.
    callable: bool,
    /// The last piece binds what follows: `(`, `.`, or a sign.
    glued: bool,
    /// The last piece ends a value, so that `-` behind it is no sign.
    value: bool,
}

impl Writer {
    fn push(&mut self, piece: &str) {
        let sign = matches!(piece, "-" | "+" | "~") && !self.value;
        let glue = self.glued
            || self.out.is_empty()
            || matches!(piece, ")" | "," | "." | ";")
            || (piece == "(" && self.callable);
        if !glue {
            self.out.push(' ');
        }
        self.out.push_str(piece);

        let word = piece.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '\''));
        self.glued = sign || matches!(piece, "(" | ".");
        self.callable = word && !piece.starts_with('\'') && !is_syntax(piece);
        self.value = piece == ")" || (word && !is_syntax(piece));
    }
}

/// Words of SQLite's grammar that are no names unless quoted, or could be mistaken for syntax.
fn is_syntax(word: &str) -> bool {
    const WORDS: [&str; 86] = [
        "add",
        "all",
        "alter",
        "and",
        "as",
        "asc",
        "autoincrement",
        "begin",
        "between",
        "by",
        "case",
        "check",
        "collate",
        "commit",
        "constraint",
        "create",
        "cross",
        "current_date",
        "current_time",
        "current_timestamp",
        "default",
        "deferrable",
        "delete",
        "desc",
        "distinct",
        "drop",
        "else",
        "end",
        "escape",
        "except",
        "exists",
        "false",
        "filter",
        "foreign",
        "from",
        "full",
        "glob",
        "group",
        "having",
        "if",
        "in",
        "index",
        "indexed",
        "inner",
        "insert",
        "intersect",
        "into",
        "is",
        "isnull",
        "join",
        "left",
        "like",
        "limit",
        "match",
        "natural",
        "not",
        "nothing",
        "notnull",
        "null",
        "on",
        "or",
        "order",
        "outer",
        "over",
        "primary",
        "references",
        "regexp",
        "returning",
        "right",
        "select",
        "set",
        "table",
        "then",
        "to",
        "transaction",
        "true",
        "union",
        "unique",
        "update",
        "using",
        "values",
        "view",
        "when",
        "where",
        "window",
        "with",
    ];
    debug_assert!(WORDS.is_sorted());
    WORDS.binary_search(&word.to_ascii_lowercase().as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    fn check(sql: &str) -> String {
        let columns = ["Status".to_owned(), "age".to_owned(), "end".to_owned(), "at".to_owned()];
        expression(&tokens(sql), Scope::Row { table: "users", columns: &columns })
    }

    #[test]
    fn spellings_that_sqlite_reads_alike_are_one() {
        let normal = "Status in ('a', 'B') and age > 0";
        for sql in [
            "Status IN ('a','B') AND age>0",
            "(\"status\" in ('a', \"B\") and [AGE] > 0)",
            "(( `STATUS` IN ('a' , 'B') /* why */ AND users.age > 0 -- so\n))",
            "\"users\".\"Status\" in('a','B')and age>0",
        ] {
            assert_eq!(check(sql), normal, "{sql}");
        }
        assert_eq!(check("age != 1"), check("age <> 1"));
        assert_eq!(check("\"end\" > 1"), "\"end\" > 1");
        assert_eq!(check("Status COLLATE nocase = 'x'"), check("status collate \"NOCASE\" = 'x'"));
    }

    #[test]
    fn what_means_something_else_stays_different() {
        for (one, other) in [
            ("Status = 'a'", "Status = 'A'"),
            ("Status = \"a\"", "Status = \"A\""),
            ("age = 1", "age = '1'"),
            ("age > 0", "age >= 0"),
            ("(age > 0) and (age < 9)", "age > 0 and (age < 9)"),
            ("age between 1 and 2", "age between 1 and 3"),
            ("age = x'31'", "age = '31'"),
            ("age = 1.0", "age = 1"),
            ("case when age then 1 end", "case when age then 1 \"end\""),
        ] {
            assert_ne!(check(one), check(other), "{one}");
        }
    }

    #[test]
    fn the_normal_form_reads_well_and_is_its_own_normal_form() {
        for (sql, normal) in [
            ("LENGTH ( Status )>=3", "length(Status) >= 3"),
            ("age>-1", "age > -1"),
            ("age-1>(- 2)", "age - 1 > (-2)"),
            ("Status LIKE '%''x'", "Status like '%''x'"),
            ("json_extract(Status,'$.a')IS NOT NULL", "json_extract(Status, '$.a') is not null"),
            ("Date(at)=at", "date(at) = at"),
            ("age NOT IN(1,2)", "age not in (1, 2)"),
        ] {
            assert_eq!(check(sql), normal);
            assert_eq!(check(normal), normal);
        }
    }

    #[test]
    fn defaults() {
        let default = |sql: &str, affinity| super::default(&tokens(sql), affinity);
        let same = |affinity, normal: Option<&str>, spellings: &[&str]| {
            for sql in spellings {
                assert_eq!(default(sql, affinity).as_deref(), normal, "{sql}");
            }
        };
        same(Affinity::Text, Some("'x'"), &["'x'", "('x')", "(('x'))", "\"x\"", "x"]);
        same(Affinity::Text, Some("'0'"), &["'0'", "0", "(0)"]);
        same(Affinity::Integer, Some("0"), &["0", "'0'", "+0", "(0)", "false"]);
        same(Affinity::Integer, Some("-1"), &["-1", "- 1", "(-1)", "'-1'"]);
        same(Affinity::Integer, Some("'01'"), &["'01'"]);
        same(Affinity::Blob, Some("'0'"), &["'0'"]);
        same(Affinity::Blob, Some("0"), &["0"]);
        same(Affinity::Integer, None, &["NULL", "(null)"]);
        same(Affinity::Text, Some("'null'"), &["'null'"]);
        same(Affinity::Numeric, Some("current_timestamp"), &["CURRENT_TIMESTAMP", "(current_timestamp)"]);
        same(
            Affinity::Numeric,
            Some("datetime('now', 'localtime')"),
            &["(datetime('now','localtime'))", "DATETIME('now', 'localtime')"],
        );
    }

    #[test]
    fn only_columns_are_read() {
        let columns = ["a".to_owned(), "b".to_owned(), "date".to_owned(), "d".to_owned()];
        assert_eq!(columns_read(&tokens("\"B\" > 0 and A = 'd' or date(a)"), &columns), ["a", "b"]);
    }
}
