//! Bundles: the files of a project as one archive, named by what is in it.
//!
//! [`pack()`] is what a submitting program calls, [`unpack()`] what a worker calls. The same files give the same bytes, so that
//! the farm keeps each state of a project once. What is unpacked comes from somebody else: nothing of it is written
//! outside of the directory that is given, and no more than the limits allow.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod error;
mod hashing;
mod pack;
mod read;
mod unpack;

use std::fmt;

pub use error::BundleError;
pub use pack::{Packed, pack};
pub use read::read;
pub use unpack::unpack;

/// What a bundle may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Files, directories and links.
    pub entries: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

impl Default for Limits {
    /// Room for a large service, and none for its virtual environment.
    fn default() -> Self {
        Self { entries: 20_000, bytes: 256 << 20 }
    }
}

impl Limits {
    /// Bytes of the longest archive that keeps to them.
    pub fn archive(self) -> u64 {
        unpack::most(self)
    }
}

/// SHA-256 of a bundle's archive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Reads 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        if digits.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = value(pair[0])? << 4 | value(pair[1])?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
