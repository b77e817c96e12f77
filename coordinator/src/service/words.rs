//! Texts and lists from the wire, before they come any further.
//!
//! What the database does not take fails a whole turn, everybody's: a text with a NUL, on PostgreSQL.

/// The longest name, in bytes: of a run, a suite, a target, a revision, an engine.
pub(super) const NAME: usize = 4_096;
/// The longest name of a host or a version, in bytes.
pub(super) const SHORT: usize = 256;
/// The longest free text, in bytes: a reason, a cause.
pub(super) const FREE: usize = 64 << 10;

/// Refuses what is no name, with the reason.
pub(super) fn name(what: &str, text: &str, most: usize) -> Result<(), String> {
    if text.is_empty() {
        return Err(format!("{what} is empty; give one"));
    }
    not_long(what, text, most)?;
    match text.chars().find(|character| character.is_control()) {
        Some(character) => Err(format!("{what} holds {character:?}; leave control characters out")),
        None => Ok(()),
    }
}

/// Refuses a text that is too long, or that no database takes.
pub(super) fn short(what: &str, text: &str, most: usize) -> Result<(), String> {
    not_long(what, text, most)?;
    if text.contains('\0') {
        return Err(format!("{what} holds a NUL; leave it out"));
    }
    Ok(())
}

fn not_long(what: &str, text: &str, most: usize) -> Result<(), String> {
    match text.len() {
        length if length > most => Err(format!("{what} has {length} bytes; shorten it to {most}")),
        _ => Ok(()),
    }
}

/// Refuses a list that is too long.
pub(super) fn few(what: &str, length: usize, most: usize) -> Result<(), String> {
    if length > most {
        return Err(format!("{what} are {length}; at most {most} are taken"));
    }
    Ok(())
}

/// What can be kept of a text for people: refused, it would be sent again for ever.
pub(super) fn free(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
    let is_odd = |character: char| character.is_control() && !matches!(character, '\n' | '\t');
    if text.contains(is_odd) { text.replace(is_odd, "\u{fffd}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_can_be_printed() {
        assert_eq!(name("it", "größe 7", NAME), Ok(()));
        for (text, told) in [("", "empty"), ("a\0", "'\\0'"), ("a\nb", "'\\n'"), ("abcde", "shorten it to 4")]
        {
            assert!(name("it", text, 4).unwrap_err().contains(told), "{text:?}");
        }
    }

    #[test]
    fn of_free_text_is_kept_what_can_be() {
        assert_eq!(free("one\ntwo\tthree".to_owned(), 100), "one\ntwo\tthree");
        assert_eq!(free("a\0b\u{1b}[1m".to_owned(), 100), "a\u{fffd}b\u{fffd}[1m");
        assert_eq!(free("größe".to_owned(), 3), "gr…");
        assert_eq!(free("größe".to_owned(), 4), "grö…");
    }
}
