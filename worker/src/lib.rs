//! Servers (containers), databases, the migration host, and the check itself.

pub mod agent;
mod check;
pub mod database;
pub mod host;
mod program;
pub mod run;
pub mod seed;
pub mod server;
mod shelf;
