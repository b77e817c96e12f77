//! Checking on this machine: cells of a suite's chain on a target, from servers and interpreters to cells of the report.
//!
//! A [`Station`] is what a process keeps; a [`Unit`] is what it is asked for. Fresh servers when one dies, and what is tried
//! apart, are inside.

mod cells;
mod directory;
mod error;
mod expected;
mod interpreter;
mod pool;
mod python;
mod served;
mod server;
mod station;
mod told;
mod unit;
mod work;

pub use crate::check::replay::{Replay, Replayed, Sending, Written};
pub use error::{BeginError, ExitClass, RunError};
pub use expected::{Expectations, Expected, Reading};
pub use interpreter::{InterpreterError, interpreter};
pub use served::{image, lacks, obstacle};
pub use station::{Station, StationOptions};
pub use unit::{Unit, UnitEvent};

#[cfg(test)]
mod tests;
