//! How many items a step asks for. Pure.

use std::ops::RangeInclusive;
use std::time::Duration;

/// How many items the first step asks for, before anything is known of how long one takes.
pub(super) const FIRST: u32 = 100;
/// How few and how many a step asks for where nobody says.
pub(super) const BOUNDS: RangeInclusive<u32> = 1..=10_000;
/// A step is at most so many times as large as the one before: the next items may take longer.
const GROWTH: f64 = 4.0;

/// How many items to ask for after a step that asked for `asked`, did `done` and took `took`, so that the next takes `target`.
/// The bounds are the caller's to keep.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "the number is within two bounds"
)]
pub(super) fn next(asked: u32, done: u64, took: Duration, target: Duration) -> u32 {
    if done == 0 {
        return asked;
    }
    let of_item = took.as_secs_f64().max(1e-6) / done as f64;
    let wanted = target.as_secs_f64() / of_item;
    let most = f64::from(asked) * GROWTH;
    (wanted.min(most) as u32).max(1)
}

/// `items` within these bounds.
pub(super) fn within(items: u32, bounds: &RangeInclusive<u32>) -> u32 {
    items.min(*bounds.end()).max(*bounds.start()).max(1)
}

/// How many to ask for after a step failed that asked for `asked`, because of what others did or because it took too long.
pub(super) fn after_failure(asked: u32) -> u32 {
    (asked / 2).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Duration = Duration::from_millis(500);

    fn after(asked: u32, done: u64, milliseconds: u64) -> u32 {
        next(asked, done, Duration::from_millis(milliseconds), TARGET)
    }

    #[test]
    fn steps_come_to_take_as_long_as_they_should() {
        assert_eq!(after(100, 100, 500), 100);
        assert_eq!(after(100, 100, 250), 200);
        assert_eq!(after(100, 100, 1_000), 50);
        // Half as many were left as it had asked for.
        assert_eq!(after(100, 50, 500), 50);
    }

    #[test]
    fn they_grow_slowly_and_shrink_at_once() {
        assert_eq!(after(100, 100, 1), 400);
        assert_eq!(after(1_000, 1_000, 100_000), 5);
    }

    #[test]
    fn they_stay_within_their_bounds() {
        assert_eq!(after(1, 1, 3_600_000), 1);
        assert_eq!(after(1, 1, 0), 4);
        assert_eq!(next(4, 4, Duration::MAX, TARGET), 1);
        assert_eq!(within(0, &BOUNDS), 1);
        assert_eq!(within(20_000, &BOUNDS), 10_000);
        assert_eq!(within(FIRST, &(1..=2)), 2);
        // Bounds the wrong way round.
        #[expect(clippy::reversed_empty_ranges, reason = "somebody may give them")]
        let reversed = 7..=3;
        assert_eq!(within(5, &reversed), 7);
        assert_eq!(after(100, 0, 1), 100);
    }

    #[test]
    fn a_failure_halves_them() {
        assert_eq!(after_failure(100), 50);
        assert_eq!(after_failure(1), 1);
    }
}
