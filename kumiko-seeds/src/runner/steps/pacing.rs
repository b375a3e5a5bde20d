//! What comes between two steps.

use std::time::Duration;

use super::{Place, Steps};
use crate::backend::Backend;
use crate::ledger::Turned;
use crate::report::seconds;
use crate::under_lock::UnderLock;
use crate::{Error, Progress, ProgressState};

/// How long to wait before a throttle is asked again.
pub(in crate::runner) const HELD_BACK: Duration = Duration::from_secs(1);

impl<DB: Backend> Steps<'_, DB> {
    /// How long to leave to others before the next step.
    pub(in crate::runner) fn take_pause(&mut self) -> Duration {
        let took = std::mem::take(&mut self.took);
        if took.is_zero() {
            return Duration::ZERO;
        }
        let pause = self.runner.pace.after(took);
        match self.place {
            Place::Background => pause.max(DB::BETWEEN_STEPS),
            Place::Foreground => pause,
        }
    }

    /// Whether a throttle holds the next step back. Says so, and writes it down for whoever looks.
    pub(in crate::runner) async fn is_held_back(
        &mut self,
        lock: &mut UnderLock<'_, DB>,
    ) -> Result<bool, Error> {
        let mut reason = self.runner.pace.held_back();
        if reason.is_none()
            && let Some(bound) = self.runner.pace.lag_bound()
            && let Some(lag) = lock.replication_lag().await?
            && lag > bound
        {
            reason = Some(format!(
                "a replica is {} behind, and {} are allowed",
                seconds(lag),
                seconds(bound)
            ));
        }
        let is_held = reason.is_some();
        if let Some(reason) = &reason
            && self.held_back != Some(kind_of(reason))
        {
            let id = self.seed.id;
            self.runner
                .observer
                .notify(Progress::Throttled { id, reason });
            let turned = Turned::Throttled { reason };
            if self.progress.is_some() {
                lock.turn(&self.ledger_id, ProgressState::Running, turned)
                    .await?;
            }
        }
        self.held_back = reason.as_deref().map(kind_of);
        Ok(is_held)
    }
}

/// A reason without its numbers, which change while it stays the same.
fn kind_of(reason: &str) -> String {
    reason
        .chars()
        .filter(|character| !character.is_ascii_digit())
        .collect()
}
