//! Reads migrations as text and says what is wrong with them, without a database.
//!
//! ```text
//! a file -> source -> python or django (with sql) -> operations -> migration -> undo -> rules -> findings
//! ```
//!
//! Each arrow is one module, and data flows one way: rules never look at Python or SQL, and the readers know no rule.

pub mod accepted;
mod case;
pub mod django;
pub mod environment;
pub mod explain;
pub mod finding;
pub mod library;
pub mod migration;
pub mod operation;
pub mod project;
pub mod python;
pub mod rules;
pub mod selection;
pub mod source;
mod sql;
mod telling;
pub mod undo;

pub use finding::{Finding, Severity};
pub use project::check;
pub use selection::Selection;
