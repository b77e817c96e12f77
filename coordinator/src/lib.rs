//! The coordinator of the farm: who checks what, and whose word counts.
//!
//! [`lease`] is one column of a run (a chain on one target) as it is cut into shards, leased, lost, tried again and
//! finished; [`plan`] says what a free worker is to do next; [`farm`] is all runs and workers. These are pure: they know time
//! as a number that is given to them. [`store`] keeps the farm in a database, [`head`] is the one task that changes it,
//! [`service`] is what other programs see of it, and `page` what
//! people see in a browser.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod coordinator;
pub mod farm;
pub mod head;
pub mod lease;
mod metrics;
mod page;
pub mod plan;
pub mod service;
pub mod store;
mod watch;

/// An error and everything that it comes from, on one line.
pub(crate) fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
