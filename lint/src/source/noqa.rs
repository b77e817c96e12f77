//! What a file asks to be silent about: `# noqa: MRT201, MRT104` at the end of a line, or `# noqa` alone.

use std::collections::BTreeMap;

use ruff_python_ast::ModModule;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::Parsed;
use ruff_text_size::Ranged as _;

use super::Source;

/// The lines of a file that ask for silence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Noqa(BTreeMap<u32, Option<Vec<String>>>);

impl Noqa {
    /// Reads the comments of a file. One that ends a statement is about all of its lines.
    pub fn of(source: &Source, parsed: &Parsed<ModModule>) -> Self {
        let mut silenced = BTreeMap::new();
        let mut begun = None;
        for token in parsed.tokens().iter() {
            let line = || source.lines.of(token.start().to_usize());
            match token.kind() {
                TokenKind::Comment => {
                    if let Some(codes) = codes(&source.text[token.range()]) {
                        let line = line();
                        silenced.extend((begun.unwrap_or(line)..=line).map(|line| (line, codes.clone())));
                    }
                }
                TokenKind::Newline => begun = None,
                TokenKind::NonLogicalNewline | TokenKind::Indent | TokenKind::Dedent => {}
                _ => begun = begun.or_else(|| Some(line())),
            }
        }
        Self(silenced)
    }

    /// The same, where each element of a list is told apart: a comment behind one is about all of its lines, and about no other.
    pub fn of_elements(source: &Source, parsed: &Parsed<ModModule>) -> Self {
        let mut silenced = BTreeMap::new();
        // The line where each element under way has begun, from the statement to the innermost one; behind a comma it is still
        // the one before, until the next begins.
        let mut begun: Vec<(Option<u32>, bool)> = vec![(None, false)];
        for token in parsed.tokens().iter() {
            let line = source.lines.of(token.start().to_usize());
            let kind = token.kind();
            let depth = begun.len() - 1;
            match kind {
                TokenKind::Comment => {
                    if let Some(codes) = codes(&source.text[token.range()]) {
                        let first = begun[depth].0.unwrap_or(line);
                        silenced.extend((first..=line).map(|line| (line, codes.clone())));
                    }
                }
                TokenKind::Newline => begun = vec![(None, false)],
                TokenKind::NonLogicalNewline | TokenKind::Indent | TokenKind::Dedent => {}
                TokenKind::Comma => begun[depth].1 = true,
                TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace if depth > 0 => {
                    begun.pop();
                }
                _ => {
                    if begun[depth].0.is_none() || begun[depth].1 {
                        begun[depth] = (Some(line), false);
                    }
                    if matches!(kind, TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace) {
                        begun.push((None, false));
                    }
                }
            }
        }
        Self(silenced)
    }

    /// Whether a line asks to hear nothing of a code.
    pub fn silences(&self, line: u32, code: &str) -> bool {
        match self.0.get(&line) {
            Some(Some(codes)) => codes.iter().any(|own| own == code),
            Some(None) => true,
            None => false,
        }
    }
}

/// `Some(None)` for a bare `noqa`. One that names only codes of other tools says nothing to us.
fn codes(comment: &str) -> Option<Option<Vec<String>>> {
    let comment = comment.trim_start_matches('#').trim();
    let is_noqa = comment.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("noqa"));
    if !is_noqa {
        return None;
    }
    let rest = comment[4..].trim_start();
    match rest.strip_prefix(':') {
        Some(codes) => {
            let words = codes.split(|c: char| c == ',' || c.is_whitespace());
            Some(Some(words.filter(|word| !word.is_empty()).map(str::to_uppercase).collect()))
        }
        None if rest.is_empty() || !rest.starts_with(|c: char| c.is_alphanumeric()) => Some(None),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_in_every_usual_spelling() {
        let named = |codes: &[&str]| Some(Some(codes.iter().map(|code| (*code).to_owned()).collect()));
        assert_eq!(codes("# noqa: MRT201"), named(&["MRT201"]));
        assert_eq!(codes("#NOQA:mrt201,MRT202 E501"), named(&["MRT201", "MRT202", "E501"]));
        assert_eq!(codes("# noqa"), Some(None));
        assert_eq!(codes("# noqa -- kept in the archive"), Some(None));
        assert_eq!(codes("# noqalways"), None);
        assert_eq!(codes("# see noqa: MRT201"), None);
    }
}
