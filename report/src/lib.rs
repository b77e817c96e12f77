//! Verdicts, findings, the merged matrix, and every way to show them; [`problems`] for what shows findings beside lines of code.
//!
//! This crate knows no database, no Python and no process: it holds what a checked cell *is* and renders it.
//! [`Report`] serialised with serde is the JSON interface of mrt (`--format json`).
//!
//! What people read is made from one [`Digest`] of a report, which decides what folds, what is one entry and what is new; a
//! format only shows it. Every renderer is a pure function: no clock, no environment, no terminal.

mod changes;
mod digest;
mod evidence;
pub mod exit_code;
mod html;
mod json;
mod junit;
mod markdown;
mod message;
mod model;
mod outcome;
pub mod problems;
#[cfg(test)]
mod schema;
mod static_finding;
mod step;
mod terminal;
mod text;

pub use changes::json_changes;
pub use digest::Digest;
pub use html::{Filters, SCRIPT, STYLE, State, Table, TableCell, TableRow, findings_html, html, matrix_html};
pub use json::{ReadError, from_json, json, json_with_ages};
pub use junit::junit;
pub use markdown::{MARKER, comment, step_summary};
pub use message::message;
pub use model::*;
pub use outcome::{FailOn, Outcome, without_timings};
pub use static_finding::{Proof, StaticFinding};
pub use step::Step;
pub use terminal::{Style, headline, symbol, terminal, terminal_changes, terminal_findings};
pub use text::printable;

/// A report could not be written in the format that was asked for.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the report as {format}")]
pub struct RenderError {
    format: &'static str,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl RenderError {
    fn new(format: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { format, source: source.into() }
    }
}
