//! Steps that fail.

use super::Steps;
use crate::backend::Backend;
use crate::causes::with_causes;
use crate::ledger::Turned;
use crate::progress::TARGET;
use crate::runner::step_size;
use crate::under_lock::{Repeated, UnderLock, is_unreachable};
use crate::{Error, ProgressState};

impl<DB: Backend> Steps<'_, DB> {
    /// Tells the layer above that has brought the operation.
    async fn tell_failure(&self, lock: &mut UnderLock<'_, DB>, error: &str) {
        let id = self.seed.id;
        if let Some(on_failure) = self.runner.on_failure
            && self.seed.is_operation()
            && let Err(untold) = lock.tell_failure(on_failure, id, error).await
        {
            tracing::warn!(target: TARGET, id, %untold, "the failure is written down in part");
        }
    }

    /// Notes that a step has failed, and how it can be tried again: with fewer items, unless it was one.
    pub(in crate::runner) fn failed_once(&mut self) -> Repeated {
        self.retries += 1;
        self.failures += 1;
        self.performed = None;
        let asked = self.size.or(self.progress.as_ref().map(|it| it.step_size));
        self.size = asked.map(step_size::after_failure);
        self.earlier = None;
        self.least = 0;
        if self.size == asked {
            Repeated::TheLeast
        } else {
            Repeated::Less
        }
    }

    /// Writes down that steps have failed for good, for whoever looks, and gives whether it did. The error is told in any
    /// case, so one of the writing itself is left alone. A release with another source has not failed at them: those with the
    /// source under way go on.
    pub(in crate::runner) async fn note_failure(
        &self,
        lock: &mut UnderLock<'_, DB>,
        error: &Error,
    ) -> bool {
        if is_unreachable::<DB>(error)
            || matches!(
                error,
                Error::OtherSourceUnderWay { .. } | Error::RenamedUnderWay { .. }
            )
        {
            return false;
        }
        let error = with_causes(error);
        let turned = Turned::Failed {
            failures: self.failures,
            error: &error,
        };
        // It may have failed before, in another run.
        for from in [ProgressState::Running, ProgressState::Failed] {
            match lock.turn(&self.ledger_id, from, turned).await {
                Ok(true) => {
                    self.tell_failure(lock, &error).await;
                    return true;
                }
                Ok(false) => {}
                Err(unwritten) => {
                    tracing::warn!(target: TARGET, id = self.seed.id, %unwritten, "the failure is not written down");
                }
            }
        }
        false
    }
}
