//! How what handlers append gets to the event store.

use futures_util::future::BoxFuture;

use super::event_row::EventRow;
use super::naming::Naming;
use super::store::{EventStore, InTransaction};
use super::{EventBackend, EventStoreError, Stream};

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

/// Takes each append to the event store before it answers.
pub(super) struct AtOnce<'c, DB: EventBackend> {
    pub(super) connection: &'c mut DB::Connection,
    pub(super) identity: &'c DB::Identity,
    pub(super) naming: Naming,
    pub(super) store: &'c dyn EventStore<DB>,
}

impl<DB: EventBackend> Appending<DB> for AtOnce<'_, DB> {
    fn append<'a>(
        &'a mut self,
        _: &'a Stream,
        _: i32,
        rows: Vec<EventRow>,
    ) -> BoxFuture<'a, Result<(), EventStoreError>> {
        Box::pin(async move {
            let naming = std::mem::replace(&mut self.naming, Naming::LikeOthers);
            let transaction = InTransaction::guarded(self.identity, naming);
            (self.store.append(self.connection, transaction, &rows)).await
        })
    }

    fn connection(&mut self) -> BoxFuture<'_, Result<&mut DB::Connection, EventStoreError>> {
        Box::pin(async { Ok(&mut *self.connection) })
    }
}
