//! How much of a machine the steps of seeds may take.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How much of a machine the steps of seeds may take, for [`SeedRunner::pace`](crate::SeedRunner::pace).
///
/// The default is all that there is on PostgreSQL, where steps and the app are in each other's way only on the rows that both
/// write. On SQLite there is one writer at a time: beside a running app, a tenth of a second is left to others after each step.
///
/// ```
/// # use std::time::Duration;
/// # use kumiko_seeds::Pace;
/// # fn is_rush_hour() -> bool { false }
/// let pace = Pace::default()
///     .share(50)
///     .replication_lag(Duration::from_secs(10))
///     .throttle(|| is_rush_hour().then(|| "it is rush hour".to_owned()));
/// ```
#[derive(Clone, Default)]
pub struct Pace {
    pause: Duration,
    share: Option<u8>,
    replication_lag: Option<Duration>,
    throttle: Option<Arc<Throttle>>,
}

type Throttle = dyn Fn() -> Option<String> + Send + Sync;

impl Pace {
    /// Waits so long after each step. The default is not to wait.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Works for so many percent of the time, from 1 to 100, and waits for the rest: with 50 as long as the step took. The
    /// default is 100.
    #[must_use]
    pub fn share(mut self, percent: u8) -> Self {
        self.share = Some(percent.clamp(1, 100));
        self
    }

    /// Holds steps back while a replica of PostgreSQL is behind by more than this, as `pg_stat_replication` tells. The role
    /// has to be allowed to read that (`GRANT pg_monitor`), or nothing is known and nothing held back. On SQLite it means
    /// nothing.
    #[must_use]
    pub fn replication_lag(mut self, bound: Duration) -> Self {
        self.replication_lag = Some(bound);
        self
    }

    /// Asks `throttle` before each step, and holds it back for as long as that gives a reason. It is asked again every second,
    /// on the worker's task, so it should answer at once.
    #[must_use]
    pub fn throttle(
        mut self,
        throttle: impl Fn() -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.throttle = Some(Arc::new(throttle));
        self
    }

    /// How long to wait after a step that took `took`.
    pub(crate) fn after(&self, took: Duration) -> Duration {
        let share = u32::from(self.share.unwrap_or(100));
        let rest = took.saturating_mul(100 - share) / share;
        self.pause.max(rest)
    }

    /// Whether a step may follow the one before at once, without asking anybody.
    pub(crate) fn is_free(&self) -> bool {
        self.pause.is_zero()
            && self.share.is_none_or(|share| share == 100)
            && self.replication_lag.is_none()
            && self.throttle.is_none()
    }

    /// Why the app holds steps back now, if it does.
    pub(crate) fn held_back(&self) -> Option<String> {
        self.throttle.as_ref().and_then(|throttle| throttle())
    }

    /// How far replicas may be behind, if that matters.
    pub(crate) fn lag_bound(&self) -> Option<Duration> {
        self.replication_lag
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Pace")
            .field("pause", &self.pause)
            .field("share", &self.share)
            .field("replication_lag", &self.replication_lag)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_time_is_a_pause_after_each_step() {
        let took = Duration::from_millis(300);
        let after = |pace: Pace| pace.after(took).as_millis();
        assert_eq!(after(Pace::default()), 0);
        assert_eq!(after(Pace::default().share(50)), 300);
        assert_eq!(after(Pace::default().share(75)), 100);
        assert_eq!(after(Pace::default().share(0)), 29_700);
        let both = Pace::default().share(50).pause(Duration::from_secs(1));
        assert_eq!(after(both), 1_000);
    }

    #[test]
    fn only_a_pace_without_bounds_is_free() {
        assert!(Pace::default().is_free());
        assert!(Pace::default().share(100).is_free());
        assert!(!Pace::default().share(99).is_free());
        assert!(!Pace::default().pause(Duration::from_millis(1)).is_free());
        assert!(!Pace::default().throttle(|| None).is_free());
        assert!(!Pace::default().replication_lag(Duration::ZERO).is_free());
    }
}
