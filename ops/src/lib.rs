//! What the farm's programs have in common at their edges: how they connect and listen, how they log and are watched, how
//! they are stopped, and where their settings come from.
//!
//! Everything that a user can set is an option that clap knows; the structs here are to be flattened into a program's own
//! arguments. Tokens are no options, so that no list of processes shows them.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod config;
pub mod connect;
mod file;
pub mod logging;
pub mod metrics;
pub mod serve;
pub mod signals;
pub mod values;

pub use file::FileError;
pub use prometheus_client;

/// Whose turn it is when something does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Somebody has to change options, tokens or certificates: trying again does not help.
    Usage,
    /// A machine or a connection failed: trying again may help.
    Infrastructure,
}
