//! Verdicts, findings, the merged matrix, and every way to show them.
//!
//! This crate knows no database, no Python and no process: it holds what a checked cell *is* and renders it.
//! [`Report`] serialised with serde is the JSON interface of mrt (`--format json`).

mod model;

pub use model::*;
