//! Projections and snapshots after a test's writes, one after another or two at once.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use kumiko_seeds::events::{Aggregate, Write};

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

    /// Checks that the snapshots of the aggregates `aggregate_type` are what their events say. What they are made of is the writes of the test: of
    /// an aggregate type with fewer events than its `SNAPSHOT_EVERY` there are none.
    ///
    /// # Errors
    /// [`Error::WrongSnapshots`] with the streams whose snapshots are not; [`Error::Events`] if an event cannot be applied.
    pub async fn check_snapshots<A: Aggregate>(&self, aggregate_type: &str) -> Result<(), Error> {
        let runner = self.runner().await;
        let Some(handlers) = runner.write_side() else {
            return Ok(());
        };
        let wrong = handlers.check_snapshots::<A>(self.pool(), aggregate_type);
        let streams = wrong.await.map_err(|source| Error::Events {
            step: "check the snapshots",
            source,
        })?;
        if streams.is_empty() {
            return Ok(());
        }
        Err(Error::WrongSnapshots {
            aggregate_type: aggregate_type.to_owned(),
            streams,
        })
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
