//! A page of text that is being written: indentation, wrapping, colours.

use crate::Verdict;
use crate::text;

use super::Style;

/// How a piece of text is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    Plain,
    Bold,
    Dim,
    Good,
    Caution,
    Bad,
    Trouble,
}

impl Paint {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bold => Some("\x1b[1m"),
            Self::Dim => Some("\x1b[2m"),
            Self::Good => Some("\x1b[32m"),
            Self::Caution => Some("\x1b[33m"),
            Self::Bad => Some("\x1b[1;31m"),
            Self::Trouble => Some("\x1b[35m"),
        }
    }

    pub(super) fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Good,
            Verdict::Warn => Self::Caution,
            Verdict::Fail => Self::Bad,
            Verdict::Blocked | Verdict::Error => Self::Trouble,
            Verdict::Skip => Self::Dim,
        }
    }
}

/// A verdict's sign; the word always stands beside it, so that nothing hangs on colours or fonts.
pub fn symbol(verdict: Verdict) -> char {
    match verdict {
        Verdict::Pass => '✓',
        Verdict::Warn => '!',
        Verdict::Fail => '✗',
        Verdict::Blocked => '·',
        Verdict::Error => '?',
        Verdict::Skip => '-',
    }
}

/// Columns of a label such as `statement`.
const LABEL: usize = 12;

pub(super) struct Page {
    out: String,
    color: bool,
    width: usize,
}

impl Page {
    pub(super) fn new(style: &Style) -> Self {
        Self { out: String::new(), color: style.color, width: style.width.max(60) }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn paint(&self, text: &str, paint: Paint) -> String {
        match paint.code() {
            Some(code) if self.color && !text.is_empty() => format!("{code}{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }

    /// One line, as it is; painted text may stand in it.
    pub(super) fn line(&mut self, indent: usize, text: &str) {
        if !text.is_empty() {
            self.out.extend(std::iter::repeat_n(' ', indent));
            self.out.push_str(text.trim_end());
        }
        self.out.push('\n');
    }

    /// An empty line, unless there is one already or the page is empty.
    pub(super) fn gap(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// The title of a section.
    pub(super) fn section(&mut self, title: &str) {
        self.gap();
        let title = self.paint(title, Paint::Bold);
        self.line(0, &title);
        self.gap();
    }

    /// Text of any length and any characters, wrapped.
    pub(super) fn wrapped(&mut self, indent: usize, text: &str, paint: Paint) {
        for line in text::lines(text) {
            for piece in text::wrap(&line, self.width.saturating_sub(indent)) {
                let piece = self.paint(&piece, paint);
                self.line(indent, &piece);
            }
        }
    }

    /// A label and text behind it, which may take several lines.
    pub(super) fn labelled(&mut self, indent: usize, label: &str, text: &str) {
        let columns = self.room(indent);
        let pieces: Vec<String> = text::lines(text).flat_map(|line| text::wrap(&line, columns)).collect();
        self.block(indent, label, &pieces);
    }

    /// A label and lines behind it, which fit into [`Page::room`].
    pub(super) fn block(&mut self, indent: usize, label: &str, lines: &[String]) {
        for (n, text) in lines.iter().enumerate() {
            let label = text::pad(if n == 0 { label } else { "" }, LABEL);
            let label = self.paint(&label, Paint::Dim);
            self.line(indent, &format!("{label}{text}"));
        }
    }

    /// Columns behind a label.
    pub(super) fn room(&self, indent: usize) -> usize {
        self.width.saturating_sub(indent + LABEL)
    }
}
