//! Applies seeds to many databases.

use std::future::pending;

use sqlx::Pool;

use super::builder::SeedRunner;
use crate::backend::Backend;
use crate::{ApplyError, Error, OpenTarget, Report, Status, TargetOutcome, TargetWork, Targets};

impl<DB: Backend> SeedRunner<DB> {
    /// Applies what is pending in each of many databases or schemas, each of which has a ledger of its own, and says what came of
    /// each, in order.
    ///
    /// The canary comes first; if it fails, no other is touched. A failure in any other concerns that one alone, so the next run
    /// finds something to do only there. [`Targets::each`] says what happens at once and what in turns, and how many connections
    /// there are. `tracing` events are in a span `target` with the target's name.
    ///
    /// Where nothing is pending, a target costs a connection and a few statements without a lock. What is left to the background
    /// is not done.
    pub async fn apply_each(
        &self,
        targets: &Targets<DB>,
    ) -> Vec<TargetOutcome<Report, Box<ApplyError>>> {
        self.apply_each_until(targets, pending()).await
    }

    /// Does what [`SeedRunner::apply_each`] does, until `stop` is ready: then the seeds or steps in flight are rolled back, their
    /// runs end with [`Error::Stopped`], and no other target is attempted.
    pub async fn apply_each_until(
        &self,
        targets: &Targets<DB>,
        stop: impl Future<Output = ()> + Send,
    ) -> Vec<TargetOutcome<Report, Box<ApplyError>>> {
        targets.each(&Applying(self), stop).await
    }

    /// Whether a run would have something to do in a database, without a lock. What a flag skips, and what is left to the
    /// background, is pending as well.
    ///
    /// # Errors
    /// If the database cannot be read or the table of operations has another shape.
    pub async fn has_pending(&self, pool: &Pool<DB>) -> Result<bool, Error> {
        let history = self.ledger(pool).history().await?;
        Ok(Status::compare(self.infos(), history, &self.flags(), &self.runs_in()).has_pending())
    }
}

struct Applying<'r, DB: Backend>(&'r SeedRunner<DB>);

impl<DB: Backend> TargetWork<DB> for Applying<'_, DB> {
    type Done = Report;
    type Failed = Box<ApplyError>;

    async fn look(&self, target: &OpenTarget<'_, DB>) -> Result<Option<Report>, Box<ApplyError>> {
        if self.0.has_pending(target.pool).await? {
            return Ok(None);
        }
        // It finds nothing to do either, and has warnings to give.
        self.0.apply(target.pool).await.map(Some)
    }

    async fn act(
        &self,
        target: &OpenTarget<'_, DB>,
        stop: impl Future<Output = ()> + Send + Unpin,
    ) -> Result<Report, Box<ApplyError>> {
        self.0.apply_until(target.pool, stop).await
    }
}
