//! What somebody picks to see less of a page.

use askama::Template;

use crate::text::printable;
use crate::{RenderError, Verdict, symbol};

/// What the findings and the matrix of a page are filtered by. The script of pages ([`SCRIPT`](crate::SCRIPT)) does it, by the class
/// of each cell.
#[derive(Template)]
#[template(path = "filters.html")]
pub struct Filters {
    states: Vec<State>,
    suites: Vec<String>,
    targets: Vec<String>,
    changes: bool,
}

/// What a cell can have come to, or how far it can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// The class of its cells, and the word for it.
    pub word: &'static str,
    /// The sign in front of it.
    pub symbol: char,
    /// How many cells there are. A state of which there is none is not shown until there is one.
    pub count: u64,
}

impl State {
    /// That cells came to a verdict.
    #[must_use]
    pub fn of(verdict: Verdict, count: u64) -> Self {
        Self { word: verdict.as_str(), symbol: symbol(verdict), count }
    }
}

impl Filters {
    /// Filters by these; by suites and targets where there are several.
    pub fn new<'a>(
        states: impl IntoIterator<Item = State>,
        suites: impl IntoIterator<Item = &'a str>,
        targets: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let shown = |text: &str| printable(text).into_owned();
        Self {
            states: states.into_iter().collect(),
            suites: suites.into_iter().map(shown).collect(),
            targets: targets.into_iter().map(shown).collect(),
            changes: false,
        }
    }

    /// Filters by what is new, too, where there is a previous report.
    #[must_use]
    pub fn with_changes(self, changes: bool) -> Self {
        Self { changes, ..self }
    }

    /// As a form.
    ///
    /// # Errors
    /// When it cannot be made, which would be a mistake of ours.
    pub fn html(&self) -> Result<String, RenderError> {
        self.render().map_err(|source| RenderError::new("HTML", source))
    }
}
