//! A run that can be stopped from outside.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::Poll;

use sqlx::Pool;

use super::SeedRunner;
use super::run::Run;
use crate::backend::Backend;
use crate::under_lock::Work;
use crate::{ApplyError, Error, Report};

impl<DB: Backend> SeedRunner<DB> {
    /// Applies what is pending as [`SeedRunner::apply`] does, until `stop` is ready: then the seed in
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
