//! How long to wait before something is tried again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);

/// Twice as long each time, up to a bound; by chance up to half less, so that a whole farm does not come back at once.
#[derive(Debug)]
pub(super) struct Pauses {
    next: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Pauses {
    pub(super) fn next(&mut self) -> Duration {
        let pause = self.next.mul_f64(1.0 - fastrand::f64() / 2.0);
        self.next = (self.next * 2).min(LONGEST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_differ() {
        let mut pauses = Pauses::default();
        let some: Vec<Duration> = std::iter::repeat_with(|| pauses.next()).take(100).collect();
        assert!(some[0] <= FIRST && some[0] >= FIRST / 2, "{some:?}");
        assert!(some[1] <= FIRST * 2 && some[1] >= FIRST, "{some:?}");
        let late = &some[10..];
        assert!(late.iter().all(|pause| (LONGEST / 2..=LONGEST).contains(pause)), "{some:?}");
        assert!(late.iter().any(|pause| *pause != late[0]), "{some:?}");
        // One that worked begins anew.
        assert!(Pauses::default().next() <= FIRST);
    }
}
