//! Places in texts, and the word that somebody probably meant.

use memchr::memchr_iter;

/// 1-based line and column (in characters) of a byte offset.
pub(crate) fn line_column(text: &str, offset: usize) -> (u32, u32) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (count(memchr_iter(b'\n', before.as_bytes()).count()) + 1, count(before[start..].chars().count()) + 1)
}

/// 1-based line of a byte offset.
pub(crate) fn line(text: &str, offset: usize) -> u32 {
    line_column(text, offset).0
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The candidate that `word` most likely stands for; `None` when nothing is near. Ties go to the first in order.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let long = word.len() >= 4 && candidate.len() >= 4;
            let shortened = long && (candidate.starts_with(word) || word.starts_with(candidate));
            let distance = if shortened { 0 } else { distance(word, candidate) };
            (distance <= allowed && !candidate.is_empty()).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_characters_from_one() {
        let text = "a\näö = 1\n";
        assert_eq!(line_column(text, 0), (1, 1));
        assert_eq!(line_column(text, text.find('=').unwrap_or(0)), (2, 4));
        assert_eq!(line_column(text, 3), (2, 1), "inside of a character is its start");
        assert_eq!(line_column(text, 1000), (3, 1));
    }

    #[test]
    fn the_nearest_word_is_a_typing_error_away_or_a_shorter_form() {
        let words = ["timeout", "targets", "target", "a1b2c3d4e5f6"];
        assert_eq!(nearest("timout", words), Some("timeout"));
        assert_eq!(nearest("targts", words), Some("targets"));
        assert_eq!(nearest("a1b2c3", words), Some("a1b2c3d4e5f6"));
        assert_eq!(nearest("colour", words), None);
    }
}
