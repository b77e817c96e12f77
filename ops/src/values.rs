//! Values that several programs read alike.

use std::time::Duration;

/// A time above zero: `30s`, `5m`, `1h 30m`, `30d`; a bare number is seconds, as in most tools.
///
/// # Errors
/// What to write instead.
pub fn duration(text: &str) -> Result<Duration, String> {
    let parsed = match (text.parse::<u64>(), text.strip_suffix('d').map(str::parse::<u64>)) {
        (Ok(seconds), _) => Some(Duration::from_secs(seconds)),
        (_, Some(Ok(days))) => days.checked_mul(24 * 3600).map(Duration::from_secs),
        _ => text.parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok()),
    };
    let is_sound = |time: &Duration| !time.is_zero() && *time <= LONGEST;
    parsed
        .filter(is_sound)
        .ok_or_else(|| "give a time above zero, like `30s`, `5m`, `1h 30m` or `30d`".to_owned())
}

/// Ten years: beyond that a number was mistyped.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

/// A number of bytes above zero: `512MB`, `10GB`, `256MiB`; a bare number is bytes.
///
/// # Errors
/// What to write instead.
pub fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "kb" => Some(1_000),
        "mb" => Some(1_000_000),
        "gb" => Some(1_000_000_000),
        "kib" => Some(1 << 10),
        "mib" => Some(1 << 20),
        "gib" => Some(1 << 30),
        _ => None,
    };
    let bytes =
        number.parse::<u64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    bytes
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "give a size above zero, like `512MB` or `10GB`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("90").unwrap(), Duration::from_secs(90));
        assert_eq!(duration("1h 30m").unwrap(), Duration::from_secs(5_400));
        assert_eq!(duration("30d").unwrap(), Duration::from_secs(2_592_000));
        for wrong in ["0", "0s", "-5s", "", "soon", "d", "18446744073709551615d", "99999999999"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(bytes("10GB").unwrap(), 10_000_000_000);
        assert_eq!(bytes("256 MiB").unwrap(), 256 << 20);
        assert_eq!(bytes("17").unwrap(), 17);
        for wrong in ["0", "", "GB", "-1", "1.5GB", "1XB", "18446744073709551615GB"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
