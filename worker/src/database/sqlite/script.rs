//! SQL of the user's, made fit to run inside a transaction of ours.

use super::token::{Spanned, spanned};

/// The script without its own `BEGIN`, `COMMIT` and `END`, as `.dump` writes them: ours encloses the whole.
pub(super) fn without_transactions(sql: &str) -> String {
    let tokens = spanned(sql);
    let mut kept = String::with_capacity(sql.len());
    for statement in statements(&tokens) {
        let [first, ..] = statement else { continue };
        let controls = ["begin", "commit", "end"].iter().any(|word| first.token.is_word(word));
        if let (false, Some(last)) = (controls, statement.last()) {
            kept.push_str(&sql[first.start..last.end]);
            kept.push_str(";\n");
        }
    }
    kept
}

/// The statements, without their semicolons. A trigger's body has some of its own and ends in `; END ;`.
fn statements(tokens: &[Spanned]) -> Vec<&[Spanned]> {
    let mut statements = Vec::new();
    let mut start = 0;
    for (at, token) in tokens.iter().enumerate() {
        if !token.token.is_symbol(";") {
            continue;
        }
        let statement = &tokens[start..at];
        if is_trigger(statement) && !ends_trigger(statement) {
            continue;
        }
        statements.push(statement);
        start = at + 1;
    }
    statements.push(&tokens[start..]);
    statements
}

fn is_trigger(statement: &[Spanned]) -> bool {
    let word = |at: usize, words: &[&str]| {
        statement.get(at).is_some_and(|token| words.iter().any(|word| token.token.is_word(word)))
    };
    word(0, &["create"])
        && (word(1, &["trigger"]) || (word(1, &["temp", "temporary"]) && word(2, &["trigger"])))
}

fn ends_trigger(statement: &[Spanned]) -> bool {
    matches!(statement, [.., semicolon, end] if semicolon.token.is_symbol(";") && end.token.is_word("end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_frame_of_a_dump_goes() {
        let dump = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nINSERT INTO t VALUES('a;b -- c');\n\
                    CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT CASE WHEN 1 THEN 2 END; SELECT 3; END;\n\
                    COMMIT; -- done";
        assert_eq!(
            without_transactions(dump),
            "PRAGMA foreign_keys=OFF;\nINSERT INTO t VALUES('a;b -- c');\n\
             CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT CASE WHEN 1 THEN 2 END; SELECT 3; END;\n"
        );
        assert_eq!(without_transactions("SELECT 1"), "SELECT 1;\n");
        assert_eq!(without_transactions(" ; -- nothing"), "");
    }
}
