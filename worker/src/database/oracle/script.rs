//! Scripts of the user's, taken apart: the server takes one statement at a time.

use super::error::{Error, rejection};
use super::quote::ident;
use super::wire::{Connection, Login};
use crate::database::DatabaseError;
use crate::database::rows::Rejection;

/// The statements of a script, as SQL*Plus takes it apart: SQL ends with `;` or with a line that is `/`, PL/SQL with such a
/// line alone, or with the script. What only tells SQL*Plus something (`SET`, `PROMPT`) is not known here.
pub(super) fn statements(script: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut begin, mut at) = (0, 0);
    while at < script.len() {
        let rest = &script[at..];
        // A line of its own.
        let line_begins = at == 0 || script.as_bytes()[at - 1] == b'\n';
        if line_begins && rest.lines().next().is_some_and(|line| line.trim() == "/") {
            add(&mut found, &script[begin..at]);
            at += rest.find('\n').map_or(rest.len(), |end| end + 1);
            begin = at;
            continue;
        }
        if rest.starts_with(';') && !is_program(&script[begin..at]) {
            add(&mut found, &script[begin..at]);
            at += 1;
            begin = at;
            continue;
        }
        at += skipped(rest, script[..at].chars().next_back());
    }
    add(&mut found, &script[begin..]);
    found
}

/// How many bytes belong together at the beginning of `text`: a quoted text or name, a comment, or one character.
fn skipped(text: &str, before: Option<char>) -> usize {
    let until =
        |from: usize, end: &str| text[from..].find(end).map_or(text.len(), |at| from + at + end.len());
    if text.starts_with("--") {
        // The line's end stays, since a `/` may follow.
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return until(2, "*/");
    }
    if text.starts_with('\'') {
        return until(1, "'");
    }
    if text.starts_with('"') {
        return until(1, "\"");
    }
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '#'));
    let quoted = text.strip_prefix(['q', 'Q']).and_then(|rest| rest.strip_prefix('\''));
    // `nq'…'` is the same of another character set.
    if let Some(opening) = quoted.and_then(|rest| rest.chars().next())
        && (!in_word || matches!(before, Some('n' | 'N')))
    {
        let closing = match opening {
            '[' => ']',
            '{' => '}',
            '(' => ')',
            '<' => '>',
            other => other,
        };
        return until(2 + opening.len_utf8(), &format!("{closing}'"));
    }
    text.chars().next().map_or(1, char::len_utf8)
}

fn add(found: &mut Vec<String>, statement: &str) {
    let bare = without_comments(statement);
    if bare.trim().is_empty() {
        return;
    }
    let statement = statement.trim();
    let statement =
        if is_program(statement) { statement } else { statement.trim_end_matches(';').trim_end() };
    found.push(statement.to_owned());
}

/// Whether a statement is PL/SQL, whose parts end with `;` themselves.
fn is_program(statement: &str) -> bool {
    let bare = without_comments(statement).to_ascii_uppercase();
    // A label may come first.
    let mut words = bare.split(|c: char| c.is_whitespace() || c == '(').filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    match first {
        "BEGIN" | "DECLARE" => true,
        label if label.starts_with("<<") => true,
        "WITH" => matches!(words.next(), Some("FUNCTION" | "PROCEDURE")),
        "CREATE" => {
            let kind = words.find(|word| {
                !matches!(
                    *word,
                    "OR" | "REPLACE"
                        | "EDITIONABLE"
                        | "NONEDITIONABLE"
                        | "IF"
                        | "NOT"
                        | "EXISTS"
                        | "AND"
                        | "RESOLVE"
                        | "COMPILE"
                        | "NOFORCE"
                )
            });
            matches!(
                kind,
                Some("FUNCTION" | "PROCEDURE" | "PACKAGE" | "TRIGGER" | "TYPE" | "LIBRARY" | "JAVA")
            )
        }
        _ => false,
    }
}

fn without_comments(statement: &str) -> String {
    let mut bare = String::with_capacity(statement.len());
    let mut at = 0;
    while at < statement.len() {
        let rest = &statement[at..];
        let step = skipped(rest, statement[..at].chars().next_back());
        if !rest.starts_with("--") && !rest.starts_with("/*") {
            bare.push_str(&rest[..step]);
        } else {
            bare.push(' ');
        }
        at += step;
    }
    bare
}

/// Runs a script in a session of its own, with the settings that the server gives to everybody, in the schema `owner`.
pub(super) async fn run(login: &Login, owner: &str, script: &str) -> Result<(), Error> {
    let mut connection = Connection::open(login).await?;
    let switch = format!("ALTER SESSION SET CURRENT_SCHEMA = {}", ident(owner));
    connection.execute(switch, &[]).await?;
    for statement in statements(script) {
        connection.execute(statement, &[]).await?;
    }
    connection.execute("COMMIT", &[]).await.map(drop)
}

/// The same; what the server refuses is no error of ours.
pub(super) async fn execute(
    login: &Login,
    owner: &str,
    script: &str,
) -> Result<Result<(), Rejection>, DatabaseError> {
    match run(login, owner, script).await {
        Ok(()) => Ok(Ok(())),
        Err(error) => rejection(error, "run SQL", owner).map(Err),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_with_semicolons() {
        assert_eq!(
            statements("CREATE TABLE t (a NUMBER);\nINSERT INTO t VALUES (1) ;\n\n-- the end;\n"),
            ["CREATE TABLE t (a NUMBER)", "INSERT INTO t VALUES (1)"]
        );
        assert_eq!(statements("SELECT 1 FROM dual"), ["SELECT 1 FROM dual"]);
        assert!(statements(" ;; \n/\n").is_empty());
    }

    #[test]
    fn what_is_quoted_ends_nothing() {
        assert_eq!(
            statements("INSERT INTO t VALUES ('a;''b;', q'[it's; so]', nq'{;}', \"x;y\"); -- c;\nCOMMIT"),
            ["INSERT INTO t VALUES ('a;''b;', q'[it's; so]', nq'{;}', \"x;y\")", "-- c;\nCOMMIT"]
        );
        assert_eq!(statements("SELECT 1 /* ; */ FROM dual; SELECT 4 / 2 FROM dual").len(), 2);
        // No quoting operator, but the end of a name before a text.
        assert_eq!(statements("SELECT fq'a;b' FROM dual; COMMIT").len(), 2);
    }

    #[test]
    fn programs_end_with_a_slash() {
        let script = "CREATE OR REPLACE TRIGGER g BEFORE INSERT ON t FOR EACH ROW\nBEGIN\n  :new.a := 4 /\n 2;\nEND;\n/\n\
             BEGIN NULL; END;\n/\nCREATE TABLE u (a NUMBER);\nDECLARE x NUMBER; BEGIN x := 1; END;";
        let found = statements(script);
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found[0].ends_with("END;"));
        assert_eq!(found[1], "BEGIN NULL; END;");
        assert_eq!(found[2], "CREATE TABLE u (a NUMBER)");
        assert!(found[3].starts_with("DECLARE") && found[3].ends_with("END;"));
        assert!(is_program(
            "create /* x */ or replace editionable function f return number is begin null; end;"
        ));
        assert!(!is_program("CREATE OR REPLACE VIEW begin_v AS SELECT 1 a FROM dual"));
    }
}
