//! How `mrt-cli` ends. These numbers are an interface: scripts branch on them.

/// Everything that was asked for was checked, and nothing is wrong.
pub const OK: u8 = 0;

/// At least one revision is wrong (see [`FailOn`](crate::FailOn)), or could not be tried because an earlier one is.
pub const FINDINGS: u8 = 1;

/// The command line or the settings are wrong, or nothing was selected. Nothing was checked.
pub const USAGE: u8 = 2;

/// No revision is known to be wrong, but the answer is not whole: infrastructure failed, or the run was interrupted.
pub const INCOMPLETE: u8 = 3;

/// A second Ctrl-C: mrt ended at once, without cleaning up and without a report.
pub const KILLED: u8 = 130;
