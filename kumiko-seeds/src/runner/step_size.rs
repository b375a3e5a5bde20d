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

/// What a step has shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub(super) items: u64,
    pub(super) took: Duration,
}

impl Measured {
    #[expect(clippy::cast_precision_loss, reason = "it is compared roughly")]
    fn per_second(self) -> f64 {
        self.items as f64 / self.took.as_secs_f64().max(1e-6)
    }

    /// Whether it took much longer than it should, so that it has to become smaller whether that pays or not.
    pub(super) fn is_far_too_long(self, target: Duration) -> bool {
        self.took > target.saturating_mul(4)
    }

    /// Whether a much smaller step after `earlier` has not paid: much of what it took was no work on items, and smaller ones would be
    /// nothing but that.
    pub(super) fn has_not_paid(self, earlier: Self) -> bool {
        self.items > 0
            && self.items.saturating_mul(2) <= earlier.items
            && self.per_second() * 1.5 < earlier.per_second()
    }
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
    fn they_do_not_shrink_where_that_does_not_pay() {
        let measured = |items, milliseconds| Measured {
            items,
            took: Duration::from_millis(milliseconds),
        };
        // Each takes half a second, whatever it does.
        assert!(measured(100, 520).has_not_paid(measured(1_000, 700)));
        // Each item takes as long.
        assert!(!measured(100, 100).has_not_paid(measured(1_000, 1_000)));
        // Something else was in the way.
        assert!(!measured(900, 1_500).has_not_paid(measured(1_000, 500)));
        assert!(measured(900, 2_001).is_far_too_long(TARGET));
        assert!(!measured(900, 2_000).is_far_too_long(TARGET));
        assert!(!measured(2_000, 900).has_not_paid(measured(1_000, 500)));
        // The last finds nothing.
        assert!(!measured(0, 1).has_not_paid(measured(1_000, 500)));
    }

    #[test]
    fn a_failure_halves_them() {
        assert_eq!(after_failure(100), 50);
        assert_eq!(after_failure(1), 1);
    }
}
