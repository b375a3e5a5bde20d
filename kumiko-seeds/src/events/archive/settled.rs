//! Archiving and restoring in transactions of their own, after which nobody can be about to write to the streams.

use std::time::Duration;

use sqlx::Pool;

use super::within::Change;
use crate::events::projections::reproject;
use crate::events::{EventBackend, EventStoreError, Handlers, Stream, User};

/// How long to wait for transactions that were writing events when streams were archived.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is left after streams were archived or restored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotProjected {
    /// The projections that take events of such streams and whose rows are computed from many aggregates. Their rows are right again after
    /// a rebuild.
    pub projections: Vec<String>,
}

impl<DB: EventBackend> Handlers<DB> {
    /// Archives streams, all or none: they take no events, a load gives nothing, and projections have no rows of them. Their events stay, and
    /// [`Handlers::restore_streams`] brings all of it back.
    ///
    /// It commits before it waits for transactions that were writing events meanwhile, up to ten seconds, and then deletes the rows
    /// that they may have written. So none is left that is of an archived stream. It locks no table.
    ///
    /// # Errors
    /// [`EventStoreError::NoSuchStream`], and nothing is archived; [`EventStoreError::StillWritten`] if somebody has been writing for so long, and
    /// the streams are archived; otherwise if a projection or the database fails.
    pub async fn archive_streams(
        &self,
        pool: &Pool<DB>,
        streams: &[Stream],
        user: &User,
        reason: Option<&str>,
    ) -> Result<NotProjected, EventStoreError> {
        let mut connection = pool.acquire().await?;
        let (mut transaction, identity) = DB::begin(&mut connection).await?;
        let change = Change::Archive { user, reason };
        let archived = self.change_archive(&mut transaction, streams, change);
        let archived = archived.await?;
        commit::<DB>(transaction, &identity).await?;
        if DB::settled_id(&mut connection, PATIENCE).await?.is_none() {
            return Err(EventStoreError::StillWritten {
                seconds: PATIENCE.as_secs(),
            });
        }
        let (mut transaction, identity) = DB::begin(&mut connection).await?;
        reproject(&mut *transaction, self, streams).await?;
        commit::<DB>(transaction, &identity).await?;
        Ok(archived)
    }

    /// Takes streams out of the archive, all or none, as they were.
    ///
    /// # Errors
    /// [`EventStoreError::NotArchived`], and nothing is restored; otherwise if a projection or the database fails.
    pub async fn restore_streams(
        &self,
        pool: &Pool<DB>,
        streams: &[Stream],
    ) -> Result<NotProjected, EventStoreError> {
        let mut connection = pool.acquire().await?;
        let (mut transaction, identity) = DB::begin(&mut connection).await?;
        let restored = self.change_archive(&mut transaction, streams, Change::Restore);
        let restored = restored.await?;
        commit::<DB>(transaction, &identity).await?;
        Ok(restored)
    }
}

pub(super) async fn commit<DB: EventBackend>(
    transaction: sqlx::Transaction<'_, DB>,
    identity: &DB::Identity,
) -> Result<(), EventStoreError> {
    use crate::backend::NotCommitted::{Refused, RolledBack, Unanswered};

    match DB::commit_own(transaction, identity).await {
        Ok(()) => Ok(()),
        Err(Unanswered(error) | RolledBack(error) | Refused(_, error)) => Err(error.into()),
    }
}
