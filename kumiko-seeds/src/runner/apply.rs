//! What a runner does with a database.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::Poll;

use sqlx::Pool;

use super::builder::SeedRunner;
use super::run::Run;
use crate::backend::Backend;
use crate::report::DryRun;
use crate::under_lock::Work;
use crate::{ApplyError, Error, Report};

impl<DB: Backend> SeedRunner<DB> {
    /// Applies what is pending, in order, each seed exactly once however many processes do this.
    ///
    /// Nothing pending costs one statement and takes no lock. Otherwise each seed has a transaction
    /// of its own: lock, re-check of the marker, the seed, its marker, commit. A seed of many steps gets one for each step,
    /// and goes on where an earlier run was. One connection of the pool is used throughout, so a pool of one will do.
    ///
    /// Seeds that say `BACKGROUND` are left out, as are those that wait for one of them:
    /// [`Report::left_to_background`] has them, and [`SeedRunner::work`] does them.
    ///
    /// Dropping the future closes that connection, which rolls back the seed in flight and lets go of
    /// the lock.
    ///
    /// # Errors
    /// The first failure stops the run; the error says what was applied before it. See [`ApplyError`].
    pub async fn apply(&self, pool: &Pool<DB>) -> Result<Report, Box<ApplyError>> {
        let mut run = Run::new(self, pool);
        let ended = run.all().await;
        run.lock.end().await;
        match ended {
            Ok(()) => Ok(run.report()),
            Err(error) => Err(Box::new(run.stopped(error))),
        }
    }

    /// Runs what is pending as [`SeedRunner::apply`] would, but all in one transaction, and rolls it
    /// back: what would be done, and whether it would succeed.
    ///
    /// It holds the lock meanwhile. What a seed does outside the transaction is really done, and
    /// PostgreSQL does not take back the ids that a sequence gave out.
    ///
    /// # Errors
    /// The first failure stops it, as it would stop a run.
    pub async fn dry_run(&self, pool: &Pool<DB>) -> Result<DryRun, Box<ApplyError>> {
        let mut run = Run::new(self, pool);
        let ended = run.dry().await;
        run.lock.end().await;
        match ended {
            Ok(seeds) => {
                let Report {
                    skipped,
                    not_here,
                    warnings,
                    ..
                } = run.report();
                Ok(DryRun {
                    seeds,
                    skipped,
                    not_here,
                    warnings,
                })
            }
            Err(error) => Err(Box::new(run.stopped(error))),
        }
    }

    /// Applies what is pending as [`SeedRunner::apply`] does, until `stop` is ready: then the seed or step in
    /// flight is rolled back and the run ends with [`Error::Stopped`]. For a signal, or for an app that
    /// is told to shut down while it boots.
    ///
    /// # Errors
    /// As [`SeedRunner::apply`].
    pub async fn apply_until(
        &self,
        pool: &Pool<DB>,
        stop: impl Future<Output = ()>,
    ) -> Result<Report, Box<ApplyError>> {
        let mut run = Run::new(self, pool);
        let committing = run.lock.committing.clone();
        let ended = {
            let mut all = pin!(run.all());
            let mut stop = pin!(stop);
            poll_fn(|context| {
                if let Poll::Ready(ended) = all.as_mut().poll(context) {
                    return Poll::Ready(ended);
                }
                // **Invariant:** a commit that is on its way is waited for. Without its answer nobody
                // could say whether the seed is applied. The answer wakes this task, so that `stop`
                // is asked again.
                if committing.load(Ordering::Relaxed) {
                    return Poll::Pending;
                }
                stop.as_mut().poll(context).map(|()| Err(Error::Stopped))
            })
            .await
        };
        match ended {
            Ok(()) => Ok(run.report()),
            Err(error) => {
                let seed = run.queue.seed();
                let error = run.lock.look_back(seed, error).await;
                Err(Box::new(run.stopped(error)))
            }
        }
    }
}
