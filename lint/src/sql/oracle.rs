//! Oracle's ALTER TABLE … ADD (…) and MODIFY (…): the parser knows them without the parentheses.

use sqlparser::tokenizer::{Token, Whitespace};

/// The same statement without the parentheses, each column with a verb of its own; `None` for any other statement.
pub(super) fn without_parentheses(tokens: &[Token]) -> Option<Vec<Token>> {
    let significant: Vec<&Token> =
        tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    let is = |token: &Token, wanted: &str| matches!(token, Token::Word(word) if word.value.eq_ignore_ascii_case(wanted));
    let [alter, table, ..] = significant.as_slice() else { return None };
    if !is(alter, "ALTER") || !is(table, "TABLE") {
        return None;
    }
    let verb = significant.iter().position(|token| is(token, "ADD") || is(token, "MODIFY"))?;
    let (Some(Token::LParen), [.., Token::RParen]) = (significant.get(verb + 1), significant.as_slice())
    else {
        return None;
    };
    let columns = significant.get(verb + 2..significant.len() - 1)?;
    let space = || Token::Whitespace(Whitespace::Space);
    let mut out: Vec<Token> =
        significant[..=verb].iter().flat_map(|token| [(*token).clone(), space()]).collect();
    let mut open = 0i32;
    for token in columns {
        match token {
            Token::LParen => open += 1,
            Token::RParen => open -= 1,
            _ => {}
        }
        out.push(space());
        out.push((*token).clone());
        if **token == Token::Comma && open == 0 {
            out.push(space());
            out.push(significant[verb].clone());
        }
    }
    (open == 0).then_some(out)
}
