//! How far a seed of many steps is. Pure.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::operation_type::OperationType;

/// How far a seed of many steps is that has begun and is not applied yet: its row in `kumiko_es_progress`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeedProgress {
    /// The name of the app whose seed it is, if it has one.
    pub app: Option<String>,
    /// The seed.
    pub id: String,
    /// Whether it goes on.
    pub state: ProgressState,
    /// The hash of the source with which it began.
    pub source_hash: Option<String>,
    /// Where the next step begins, as JSON; none before the first step.
    pub cursor: Option<String>,
    /// How many items are done.
    pub done: u64,
    /// How many items there were when it began, if the seed has counted them.
    pub total: Option<u64>,
    /// How many events its steps have appended.
    pub events: u64,
    /// How many steps are committed.
    pub steps: u64,
    /// How many items the next step asks for.
    pub step_size: u32,
    /// How many steps have failed in a row.
    pub failures: u32,
    /// Why the last of them failed.
    pub error: Option<String>,
    /// Why no step runs at the moment, if a throttle holds them back.
    pub throttled: Option<String>,
    /// Which process did the last step, or tried to.
    pub worker: Option<String>,
    /// When the first step began, by the database's clock.
    pub started_at: DateTime<Utc>,
    /// When the last step was committed or its state was changed, by the database's clock.
    pub updated_at: DateTime<Utc>,
    /// How long its steps took in all.
    pub worked: Duration,
}

/// Whether a seed of many steps goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProgressState {
    /// Whoever gets its lock does the next step.
    #[default]
    Running,
    /// Somebody has paused it.
    Paused,
    /// Steps have failed, and it waits for somebody who looks at it.
    Failed,
    /// Somebody has given it up. What is done stays.
    Cancelled,
}

impl ProgressState {
    /// The spelling in the database and in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state with this spelling.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let mut states = [Self::Running, Self::Paused, Self::Failed, Self::Cancelled].into_iter();
        states.find(|state| state.as_str() == text)
    }
}

impl fmt::Display for ProgressState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl SeedProgress {
    /// Which operation it is, as the column `operation_type` has it: `seed-migration` for a seed.
    #[must_use]
    pub fn operation_type(&self) -> &'static str {
        OperationType::of_marker(&self.id).as_str()
    }

    /// How much of it is done, from 0 to 100 and rounded down, if the seed has counted its items.
    #[must_use]
    pub fn percent(&self) -> Option<u8> {
        let total = self.total?;
        let percent = (self.done.min(total) * 100)
            .checked_div(total)
            .unwrap_or(100);
        u8::try_from(percent).ok()
    }

    /// How many items a second its steps have done, pauses and throttles left out; none before the first.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "it is an estimate")]
    pub fn items_per_second(&self) -> Option<f64> {
        let seconds = self.worked.as_secs_f64();
        (self.done > 0 && seconds > 0.0).then(|| self.done as f64 / seconds)
    }

    /// How long the rest will take at that rate, if the seed has counted its items.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "it is an estimate")]
    pub fn time_left(&self) -> Option<Duration> {
        let left = self.total?.saturating_sub(self.done);
        let seconds = left as f64 / self.items_per_second()?;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

/// `12000 of 100000 (12%), 3400/s, 26s left`, as much of it as is known.
impl fmt::Display for SeedProgress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.total, self.percent()) {
            (Some(total), Some(percent)) => {
                write!(formatter, "{} of {total} ({percent}%)", self.done)?;
            }
            _ => write!(formatter, "{} done", self.done)?,
        }
        if let Some(rate) = self.items_per_second() {
            write!(formatter, ", {rate:.0}/s")?;
        }
        if let Some(left) = self.time_left() {
            write!(formatter, ", {} left", long(left))?;
        }
        Ok(())
    }
}

/// A time that may be hours: `26s`, `3m 20s`, `2h 5m`.
fn long(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m {seconds}s"),
        (hours, minutes, _) => format!("{hours}h {minutes}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(done: u64, total: Option<u64>, worked: Duration) -> SeedProgress {
        SeedProgress {
            app: None,
            id: "2026-01-01-a".to_owned(),
            state: ProgressState::Running,
            source_hash: None,
            cursor: None,
            done,
            total,
            events: done,
            steps: 1,
            step_size: 100,
            failures: 0,
            error: None,
            throttled: None,
            worker: None,
            started_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            worked,
        }
    }

    #[test]
    fn as_much_is_said_as_is_known() {
        let second = Duration::from_secs(1);
        for (progress, said) in [
            (progress(0, None, Duration::ZERO), "0 done"),
            (progress(0, Some(10), Duration::ZERO), "0 of 10 (0%)"),
            (progress(300, None, second), "300 done, 300/s"),
            (
                progress(300, Some(1_000), second),
                "300 of 1000 (30%), 300/s, 2s left",
            ),
            (
                progress(1, Some(201), second),
                "1 of 201 (0%), 1/s, 3m 20s left",
            ),
            (
                progress(1, Some(7_501), second),
                "1 of 7501 (0%), 1/s, 2h 5m left",
            ),
            // More may have come since they were counted.
            (
                progress(20, Some(10), second),
                "20 of 10 (100%), 20/s, 0s left",
            ),
            (progress(0, Some(0), second), "0 of 0 (100%)"),
        ] {
            assert_eq!(progress.to_string(), said);
        }
    }
}
