//! From numbers to values: different numbers give different values, and the same ones on every machine.

use super::Batch;

/// Where the numbers of a batch begin; far from those that people and migrations write by hand.
pub(super) fn base(batch: Batch) -> u64 {
    match batch {
        Batch::A => 1001,
        Batch::B => 5001,
    }
}

/// A day of 2021: rows are three days apart, A in the first half of the year, B in the second; `role` 0..=2 lets
/// a row's own dates follow each other.
pub(super) fn day(batch: Batch, ordinal: u64, role: u64) -> String {
    let (within, wraps) = (ordinal % 60 * 3 + role.min(2), ordinal / 60);
    let first = if batch == Batch::A { 0 } else { 181 };
    let year = i16::try_from(2021 + wraps.min(70)).unwrap_or(2021);
    let days = jiff::Span::new().days(i64::try_from(first + within).unwrap_or(0));
    let date = jiff::civil::Date::new(year, 1, 1).unwrap_or_default();
    date.checked_add(days).unwrap_or(date).to_string()
}

/// `hh:mm:ss` of a number of seconds since midnight.
pub(super) fn clock(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60)
}

/// A version 4 UUID made of two numbers.
pub(super) fn uuid(salt: u64, number: u64) -> String {
    let hex = hex(salt, number, 32);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// That many hexadecimal digits.
pub(super) fn hex(salt: u64, number: u64, digits: usize) -> String {
    let mut text = String::with_capacity(digits + 16);
    let mut round = 0;
    while text.len() < digits {
        round += 1;
        text.push_str(&format!("{:016x}", mix(mix(salt.wrapping_add(round)) ^ number)));
    }
    text.truncate(digits);
    text
}

/// Scatters the bits of a number (the finaliser of SplitMix64).
pub(super) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number that depends on the texts alone (FNV-1a), the same on every machine.
pub(super) fn salt(parts: &[&str]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts.iter().flat_map(|part| part.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    mix(hash) >> 32
}

/// The last `max` digits of a number in base 36, the first of them a letter where there is room.
pub(super) fn code(number: u64, max: usize) -> String {
    const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut rest = number;
    let mut text = Vec::new();
    while text.len() < max && (rest > 0 || text.is_empty()) {
        text.push(DIGITS.get(usize::try_from(rest % 36).unwrap_or(0)).copied().map_or('a', char::from));
        rest /= 36;
    }
    text.iter().rev().collect()
}
