//! How what handlers append gets to the event store.

use futures_util::future::BoxFuture;

use super::earlier_failure::EarlierFailure;
use super::event_row::EventRow;
use super::naming::Naming;
use super::store::InTransaction;
use super::{EventBackend, EventStoreError, Handlers, Stream};

/// Takes the events of handlers to the event store, at once or many together.
pub(super) trait Appending<DB: EventBackend>: Send {
    /// Appends `rows` to `stream`, which must have `expected` events.
    fn append<'a>(
        &'a mut self,
        stream: &'a Stream,
        expected: i32,
        rows: Vec<EventRow>,
    ) -> BoxFuture<'a, Result<(), EventStoreError>>;

    /// The connection, once the event store has all that was appended.
    ///
    /// **Invariant:** whoever reads the event store sees what was appended.
    fn connection(&mut self) -> BoxFuture<'_, Result<&mut DB::Connection, EventStoreError>>;
}

/// Takes each append to the event store, and to projections, before it answers.
pub(super) struct AtOnce<'c, DB: EventBackend> {
    pub(super) connection: &'c mut DB::Connection,
    pub(super) identity: &'c DB::Identity,
    pub(super) naming: Naming,
    pub(super) handlers: &'c Handlers<DB>,
    pub(super) failure: EarlierFailure,
}

impl<DB: EventBackend> Appending<DB> for AtOnce<'_, DB> {
    fn append<'a>(
        &'a mut self,
        _: &'a Stream,
        _: i32,
        rows: Vec<EventRow>,
    ) -> BoxFuture<'a, Result<(), EventStoreError>> {
        Box::pin(async move {
            self.failure.check()?;
            let naming = std::mem::replace(&mut self.naming, Naming::LikeOthers);
            let transaction = InTransaction::guarded(self.identity, naming);
            let appending = self.handlers.append(self.connection, transaction, &rows);
            if !self.handlers.projects(&rows) {
                return appending.await;
            }
            self.failure.begin();
            let appended = appending.await;
            match &appended {
                Err(error) if !has_left_nothing(error, &rows) => self.failure.note(error),
                _ => self.failure.end(),
            }
            appended
        })
    }

    fn connection(&mut self) -> BoxFuture<'_, Result<&mut DB::Connection, EventStoreError>> {
        Box::pin(async {
            self.failure.check()?;
            Ok(&mut *self.connection)
        })
    }
}

/// Whether it is certain that of an append to one stream that failed nothing is there, so that a handler may go on.
fn has_left_nothing(error: &EventStoreError, rows: &[EventRow]) -> bool {
    match error {
        EventStoreError::VersionConflict { .. } | EventStoreError::StreamArchived { .. } => true,
        // On SQLite those before it are there.
        EventStoreError::DuplicateIdempotencyKey { .. } => rows.len() == 1,
        _ => false,
    }
}
