//! The coordinator of the farm: who checks what, and whose word counts.
//!
//! So far its two pure parts. [`lease`] is one column of a run (a chain on one target) as it is cut into shards, leased,
//! lost, tried again and finished. [`plan`] says what a free worker is to do next. Both know time as a number that is
//! given to them, and nothing of processes, connections or databases.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod lease;
pub mod plan;
