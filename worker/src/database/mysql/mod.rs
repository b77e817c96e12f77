//! MySQL 8.0 to 9, and MariaDB 10.6 to 12: two engines that share a protocol.
//!
//! What is one or the other's alone follows from [`flavor::Server`].

mod catalog;
mod flavor;
mod launch;
mod quote;
mod wire;

pub use launch::launch;

#[cfg(test)]
mod tests;
