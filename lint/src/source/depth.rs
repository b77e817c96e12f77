//! How deeply a text nests, before anything recursive looks at it.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};

/// Deeper nesting is refused. What people write stays below 30; a sum of hundreds of texts is as deep as it is long.
pub(super) const DEEPEST: usize = 1_000;

/// Whether the text nests too deeply. Counts what opens, and within it what chains: operators, calls, attributes.
pub(super) fn is_too_deep(text: &str) -> bool {
    let mut lexer = lexer::lex(text, Mode::Module);
    // How much is chained at each open bracket; the last one is the innermost.
    let (mut outer, mut innermost) = (Vec::new(), 0usize);
    let (mut indented, mut total) = (0usize, 0usize);
    loop {
        match lexer.next_token() {
            TokenKind::EndOfFile => return false,
            TokenKind::Indent => indented += 1,
            TokenKind::Dedent => indented = indented.saturating_sub(1),
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                outer.push(innermost + 1);
                innermost = 0;
                total += 1;
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                total -= innermost;
                innermost = outer.pop().unwrap_or(0);
                if outer.is_empty() && innermost == 0 {
                    total = 0;
                }
            }
            TokenKind::Newline => {
                outer.clear();
                (innermost, total) = (0, 0);
            }
            TokenKind::Comma => {
                total -= innermost;
                innermost = 0;
            }
            TokenKind::NonLogicalNewline
            | TokenKind::Name
            | TokenKind::String
            | TokenKind::Int
            | TokenKind::Comment
            | TokenKind::Equal => {}
            // Operators and keywords: each may hold the rest of what follows, or what came before.
            _ => {
                innermost += 1;
                total += 1;
            }
        }
        if indented + total > DEEPEST {
            return true;
        }
    }
}
