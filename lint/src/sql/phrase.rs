//! A statement as a row of tokens, without blanks.

use sqlparser::tokenizer::Token;

use super::head;

/// The tokens of a statement, without blanks.
#[derive(Clone, Copy)]
pub(super) struct Words<'t>(pub(super) &'t [Token]);

impl<'t> Words<'t> {
    /// A word in capitals; empty where there is another token.
    pub(super) fn word(&self, at: usize) -> String {
        match self.0.get(at) {
            Some(Token::Word(word)) => word.value.to_uppercase(),
            _ => String::new(),
        }
    }

    pub(super) fn words(&self) -> Vec<String> {
        self.0.iter().map(|token| token.to_string().to_uppercase()).collect()
    }

    pub(super) fn name(&self, at: usize) -> Option<(String, usize)> {
        let rest: Vec<&Token> = self.0.get(at..)?.iter().collect();
        head::name(&rest)
    }

    pub(super) fn from(&self, at: usize) -> Words<'t> {
        Words(self.0.get(at..).unwrap_or_default())
    }

    pub(super) fn text(&self, at: usize) -> String {
        let tokens = self.0.get(at..).unwrap_or_default();
        let words: Vec<String> = tokens
            .iter()
            .map(|token| match token {
                Token::Word(word) => word.value.to_lowercase(),
                other => other.to_string(),
            })
            .collect();
        words.join(" ")
    }

    pub(super) fn behind_parentheses(&self) -> Words<'t> {
        if self.0.first() != Some(&Token::LParen) {
            return Words(self.0);
        }
        let mut open = 0;
        let end = self.0.iter().position(|token| {
            match token {
                Token::LParen => open += 1,
                Token::RParen => open -= 1,
                _ => {}
            }
            open == 0
        });
        self.from(end.map_or(self.0.len(), |end| end + 1))
    }
}

/// What stands between commas, but for those within parentheses.
pub(super) fn split_at_commas(tokens: &[Token]) -> Vec<&[Token]> {
    let mut open = 0;
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::LParen => open += 1,
            Token::RParen => open -= 1,
            Token::Comma if open == 0 => {
                parts.push(&tokens[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[from..]);
    parts
}

/// The tokens without blanks.
pub(super) fn significant(tokens: &[Token]) -> Vec<Token> {
    tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).cloned().collect()
}
