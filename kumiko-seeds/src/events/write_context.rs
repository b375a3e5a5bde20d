//! What a write handler may do.

use std::any::Any;

use uuid::Uuid;

use super::appending::Appending;
use super::event_row::EventRow;
use super::{EventBackend, EventStoreError, NewEvent, StoredEvent, Stream, User, event_store};
use crate::AppendedEvent;
use crate::backend::Hands;
use crate::context::Activity;
use crate::extensions::Extensions;

/// What a write handler gets: the connection of the transaction it belongs to, on whose behalf and in
/// which tenant it runs, and the event store.
///
/// Events appended and projections written here commit together, with the seed that asked for them
/// and with its marker.
pub struct WriteContext<'a, DB: EventBackend> {
    pub(super) events: &'a mut (dyn Appending<DB> + 'a),
    pub(super) extensions: &'a Extensions,
    pub(super) activity: &'a mut Activity,
    pub(super) user: &'a User,
    pub(super) tenant_id: Uuid,
}

impl<DB: EventBackend> WriteContext<'_, DB> {
    /// The connection of the transaction, for reading and for projections. Do not commit on it.
    ///
    /// # Errors
    /// In a batch, those of the appends before.
    pub async fn connection(&mut self) -> Result<&mut DB::Connection, EventStoreError> {
        self.activity.hands = self.activity.hands.max(Hands::Handler);
        self.events.connection().await
    }

    /// On whose behalf the handler runs.
    #[must_use]
    pub fn user(&self) -> &User {
        self.user
    }

    /// The tenant in which the handler runs.
    #[must_use]
    pub fn tenant_id(&self) -> Uuid {
        self.tenant_id
    }

    /// What the app handed over with [`SeedRunner::with`](crate::SeedRunner::with), if it did.
    #[must_use]
    pub fn app<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.extensions.get()
    }

    /// The stream of an aggregate in [`WriteContext::tenant_id`].
    pub fn stream(&self, aggregate_type: impl Into<String>, aggregate_id: Uuid) -> Stream {
        Stream {
            tenant_id: self.tenant_id,
            aggregate_type: aggregate_type.into(),
            aggregate_id,
        }
    }

    /// Appends `events` to `stream`, which must have exactly `expected_version` events (0: none yet),
    /// as [`WriteContext::user`]; the version the stream then has.
    ///
    /// In a [batch](crate::SeedContext::system_batch) this may answer before the database does. A conflict
    /// then fails the batch, and so the seed, a little later.
    ///
    /// # Errors
    /// [`EventStoreError::VersionConflict`] if it has another version.
    pub async fn append(
        &mut self,
        stream: &Stream,
        expected_version: i32,
        events: impl IntoIterator<Item = NewEvent>,
    ) -> Result<i32, EventStoreError> {
        let events: Vec<NewEvent> = events.into_iter().collect();
        let types: Vec<String> = events
            .iter()
            .map(|event| event.event_type.clone())
            .collect();
        let rows = EventRow::all(stream, expected_version, events, self.user)?;
        let version = rows.last().map_or(expected_version, |row| row.version);
        self.events.append(stream, expected_version, rows).await?;
        for (version, event_type) in (expected_version + 1..).zip(types) {
            self.activity.note_event(|| AppendedEvent {
                aggregate_type: stream.aggregate_type.clone(),
                aggregate_id: stream.aggregate_id.to_string(),
                tenant_id: stream.tenant_id.to_string(),
                version,
                event_type,
            });
        }
        Ok(version)
    }

    /// The events of `stream` in their order.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn load(&mut self, stream: &Stream) -> Result<Vec<StoredEvent>, EventStoreError> {
        let connection = self.events.connection().await?;
        event_store::load::<DB>(connection, stream.tenant_id, stream.aggregate_id).await
    }

    /// The number of events in `stream`; 0 if there is no such stream.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn stream_version(&mut self, stream: &Stream) -> Result<i32, EventStoreError> {
        let connection = self.events.connection().await?;
        event_store::stream_version::<DB>(connection, stream.tenant_id, stream.aggregate_id).await
    }
}
