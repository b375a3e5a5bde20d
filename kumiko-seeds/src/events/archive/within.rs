//! Archiving and restoring in a transaction that somebody else ends: a handler's, or a seed's.

use std::sync::Arc;

use sqlx::Connection;

use super::marks::{mark, unmark};
use super::settled::NotProjected;
use crate::SeedContext;
use crate::events::projections::reproject;
use crate::events::{
    EventBackend, EventStoreError, Handlers, StoredEvent, Stream, User, WriteContext,
};

impl<DB: EventBackend> WriteContext<'_, DB> {
    /// Archives `stream`, for this `reason` if there is one to tell: from here on it takes no events, [`WriteContext::load`] gives nothing, and
    /// projections have no rows of it. Its events stay, and [`WriteContext::restore`] brings all of it back.
    ///
    /// Rows that are computed from one aggregate each are deleted in this transaction. Of others it is not known which they are: the answer
    /// names the projections that have such, which are right after their next rebuild.
    ///
    /// Another write that is under way may still append to the stream and commit after this one. Append an event here as well, one that says
    /// that the stream is closed for example, and it meets a version conflict instead.
    ///
    /// # Errors
    /// [`EventStoreError::NoSuchStream`]; if a projection fails; otherwise if the database does. Nothing of it is kept then.
    pub async fn archive(
        &mut self,
        stream: &Stream,
        reason: Option<&str>,
    ) -> Result<NotProjected, EventStoreError> {
        let user = self.user;
        self.change_archive(stream, Change::Archive { user, reason })
            .await
    }

    /// Takes a stream out of the archive, as it was, with the rows that projections compute from it alone.
    ///
    /// # Errors
    /// [`EventStoreError::NotArchived`]; if a projection fails; otherwise if the database does. Nothing of it is kept then.
    pub async fn restore(&mut self, stream: &Stream) -> Result<NotProjected, EventStoreError> {
        self.change_archive(stream, Change::Restore).await
    }

    async fn change_archive(
        &mut self,
        stream: &Stream,
        change: Change<'_>,
    ) -> Result<NotProjected, EventStoreError> {
        let handlers = self.handlers;
        let connection = self.connection().await?;
        let streams = std::slice::from_ref(stream);
        handlers.change_archive(connection, streams, change).await
    }

    /// The events of `stream` in their order, as [`WriteContext::load`] gives them, also if it is archived.
    ///
    /// # Errors
    /// Those of [`WriteContext::load`].
    pub async fn load_archived(
        &mut self,
        stream: &Stream,
    ) -> Result<Vec<StoredEvent>, EventStoreError> {
        let handlers = self.handlers;
        let connection = self.events.connection().await?;
        let events = handlers.store().load_archived(connection, stream).await?;
        events
            .into_iter()
            .map(|event| handlers.upcast(event))
            .collect()
    }
}

impl<DB: EventBackend> SeedContext<'_, DB> {
    /// Archives streams, all or none, as the [system user](User::system); see [`WriteContext::archive`]. A failure fails the seed.
    ///
    /// # Errors
    /// Those of [`WriteContext::archive`].
    pub async fn system_archive(
        &mut self,
        streams: &[Stream],
        reason: Option<&str>,
    ) -> Result<NotProjected, EventStoreError> {
        let (user, what) = (User::system(), "archiving streams");
        let change = Change::Archive {
            user: &user,
            reason,
        };
        self.change_archive(what, streams, change).await
    }

    /// Takes streams out of the archive, all or none; see [`WriteContext::restore`]. A failure fails the seed.
    ///
    /// # Errors
    /// Those of [`WriteContext::restore`].
    pub async fn system_restore(
        &mut self,
        streams: &[Stream],
    ) -> Result<NotProjected, EventStoreError> {
        let what = "restoring streams";
        self.change_archive(what, streams, Change::Restore).await
    }

    async fn change_archive(
        &mut self,
        what: &str,
        streams: &[Stream],
        change: Change<'_>,
    ) -> Result<NotProjected, EventStoreError> {
        let mut work = self.begin(what);
        let handlers = work.app::<Arc<Handlers<DB>>>();
        let changed = match (handlers, work.parts().await) {
            (None, _) => Err(EventStoreError::store("the runner has no handlers")),
            (_, Err(error)) => Err(EventStoreError::store(error)),
            (Some(handlers), Ok(parts)) => {
                parts.journal.note_handed_out();
                handlers
                    .change_archive(parts.connection, streams, change)
                    .await
            }
        };
        work.ended(changed)
    }
}

/// What becomes of streams.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change<'a> {
    /// This user archives them, for this reason.
    Archive {
        user: &'a User,
        reason: Option<&'a str>,
    },
    /// They are restored.
    Restore,
}

impl<DB: EventBackend> Handlers<DB> {
    /// Sets the marks of streams or takes them away, and makes rows what the events say then: all of it or nothing.
    pub(super) async fn change_archive(
        &self,
        connection: &mut DB::Connection,
        streams: &[Stream],
        change: Change<'_>,
    ) -> Result<NotProjected, EventStoreError> {
        self.can_archive()?;
        // A handler may go on after an error, and what is done by then would be committed.
        let mut savepoint = connection.begin().await?;
        match change {
            Change::Archive { user, reason } => {
                mark::<DB>(&mut savepoint, streams, user, reason.unwrap_or_default()).await?;
            }
            Change::Restore => unmark::<DB>(&mut savepoint, streams).await?,
        }
        let projections = reproject(&mut *savepoint, self, streams).await?;
        savepoint.commit().await?;
        Ok(NotProjected { projections })
    }

    /// Only streams of the library's own event store are archived.
    pub(in crate::events) fn can_archive(&self) -> Result<(), EventStoreError> {
        if !self.is_on_own_store() {
            return Err(EventStoreError::store(
                "streams of an event store of the app's own are not archived here",
            ));
        }
        match self.problems() {
            [] => Ok(()),
            problems => Err(EventStoreError::store(format!(
                "the projections cannot be used: {}",
                problems.join("; ")
            ))),
        }
    }
}
