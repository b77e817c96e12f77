//! Oracle Database 19, 21 and 23.

mod catalog;
mod client;
mod copy;
mod error;
mod numbers;
mod wire;

pub use client::missing;
