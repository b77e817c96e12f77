//! A text that may be so long and no longer.

use crate::text::{capital, count};

pub(super) struct Page {
    out: String,
    limit: usize,
}

/// A list under a title.
pub(super) struct Section {
    title: &'static str,
    lines: Vec<String>,
}

/// Room for the line that says how much is missing.
const COUNT: usize = 60;

/// No line of a list is longer than this.
const LINE: usize = 2_000;

impl Section {
    pub(super) fn new<T>(title: &'static str, items: &[T], line: impl Fn(&T) -> String) -> Self {
        Self { title, lines: items.iter().map(line).collect() }
    }
}

impl Page {
    pub(super) fn new(limit: usize) -> Self {
        Self { out: String::new(), limit }
    }

    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn write(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Lists that share the room that is left; what one does not need is for those behind it.
    pub(super) fn sections(&mut self, sections: &[Section]) {
        let sections: Vec<&Section> = sections.iter().filter(|section| !section.lines.is_empty()).collect();
        for (at, section) in sections.iter().enumerate() {
            let share = self.limit.saturating_sub(self.len()) / (sections.len() - at);
            self.section(section, self.len() + share);
        }
    }

    fn section(&mut self, section: &Section, end: usize) {
        let number = section.lines.len();
        let head = format!("\n<details><summary>{} ({number})</summary>\n\n", capital(section.title));
        let tail = "\n</details>\n";
        if self.len() + head.len() + tail.len() + COUNT > end {
            return;
        }
        let end = end - tail.len() - COUNT;
        self.write(&head);
        let mut left = 0;
        for line in &section.lines {
            // What is behind one that is too long may be short.
            if line.len() > LINE || self.len() + line.len() + 3 > end {
                left += 1;
            } else {
                self.write(&format!("- {line}\n"));
            }
        }
        if left > 0 {
            self.write(&format!("\n*And {}.*\n", count(left, "more line")));
        }
        self.write(tail);
    }

    pub(super) fn finish(self) -> String {
        self.out
    }
}
