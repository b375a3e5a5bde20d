//! Projections after a test's writes, one after another or two at once.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use kumiko_seeds::events::Write;

use super::database::TestDatabase;
use super::engine::Engine;
use super::error::Error;

/// How many wrong rows are shown.
const SHOWN: usize = 20;

/// How long the second of two writes has to come to where the first one stands in its way.
const HEAD_START: Duration = Duration::from_millis(200);

impl<DB: Engine> TestDatabase<DB> {
    /// Checks that the rows of the projection `name` are what its events say: that a rebuild would change nothing.
    ///
    /// # Errors
    /// [`Error::WrongRows`] with the first of those that are not; [`Error::Projection`] if there is no such projection, or an event cannot be
    /// applied.
    pub async fn check_projection(&self, name: &str) -> Result<(), Error> {
        let runner = self.runner().await;
        let Some(handlers) = runner.write_side() else {
            let known = Vec::new();
            let name = name.to_owned();
            let source = kumiko_seeds::events::ProjectionError::Unknown { name, known };
            return Err(Error::Projection { source });
        };
        let check = handlers.check_projection(self.pool(), name, SHOWN).await;
        let check = check.map_err(|source| Error::Projection { source })?;
        if check.wrong() > 0 {
            let check = Box::new(check);
            return Err(Error::WrongRows { check });
        }
        Ok(())
    }

    /// Makes two writes at once, as two people do, and checks the projection `name` afterwards: the second begins while the first is made and not
    /// committed.
    ///
    /// A projection that reads a row without a lock and then writes an absolute value loses one of them. Give it two writes that
    /// change one row through two aggregates: members of one tenant, if members are counted. On SQLite, which has one writer at a time, nothing is
    /// ever lost.
    ///
    /// # Errors
    /// [`Error::Write`] if one of the writes fails, otherwise as [`TestDatabase::check_projection`].
    pub async fn check_at_once(
        &self,
        first: Write<'_, DB>,
        second: Write<'_, DB>,
        name: &str,
    ) -> Result<(), Error> {
        let failed = |source| Error::Write { source };
        {
            let transaction = self.pool().begin_with(DB::BEGIN).await;
            let mut transaction = transaction.map_err(Error::database("begin a transaction"))?;
            first.within(&mut transaction).await.map_err(failed)?;
            let mut second = pin!(second.commit(self.pool()));
            let mut head_start = pin!(tokio::time::sleep(HEAD_START));
            let early = poll_fn(|context| match second.as_mut().poll(context) {
                Poll::Ready(written) => Poll::Ready(Some(written)),
                Poll::Pending => head_start.as_mut().poll(context).map(|()| None),
            })
            .await;
            let committed = transaction.commit().await;
            committed.map_err(Error::database("commit a transaction"))?;
            match early {
                Some(written) => written,
                None => second.await,
            }
            .map_err(failed)?;
        }
        self.check_projection(name).await
    }
}
