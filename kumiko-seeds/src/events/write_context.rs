//! What a write handler may do.

use std::any::Any;

use uuid::Uuid;

use super::appending::Appending;
use super::event_row::EventRow;
use super::{EventBackend, EventStoreError, Handlers, NewEvent, StoredEvent, Stream, User};
use crate::{AppValues, AppendedEvent, Journal};

/// What a write handler gets: the connection of the transaction it belongs to, on whose behalf and in
/// which tenant it runs, and the event store.
///
/// Events appended and projections written here commit together, with the seed that asked for them
/// and with its marker.
pub struct WriteContext<'a, DB: EventBackend> {
    pub(super) events: &'a mut (dyn Appending<DB> + 'a),
    /// What was appended, where that is to be told.
    pub(super) appended: Option<&'a mut Vec<AppendedEvent>>,
    pub(super) handlers: &'a Handlers<DB>,
    /// In the order in which they count.
    pub(super) values: [&'a AppValues; 2],
    pub(super) journal: &'a mut Journal,
    pub(super) user: &'a User,
    pub(super) tenant_id: Uuid,
}

impl<DB: EventBackend> WriteContext<'_, DB> {
    /// The connection of the transaction, for reading and for projections. Do not commit on it.
    ///
    /// # Errors
    /// In a batch, those of the appends before.
    pub async fn connection(&mut self) -> Result<&mut DB::Connection, EventStoreError> {
        self.journal.note_handed_out();
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

    /// What the app handed over with [`Handlers::with`](super::Handlers::with), if it did. In a seed, what it handed over
    /// with [`SeedRunner::with`](crate::SeedRunner::with) comes first.
    #[must_use]
    pub fn app<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.values.iter().find_map(|values| values.get())
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
    /// The [projections](super::Handlers::projections) of the app are computed from the events before this answers, in a batch when the
    /// database gets the events.
    ///
    /// # Errors
    /// [`EventStoreError::VersionConflict`] if it has another version; [`EventStoreError::NotApplied`] if a projection failed, and
    /// then the write fails whatever the handler does.
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
        if self.handlers.projects(&rows) {
            self.journal.note_handed_out();
        }
        self.events.append(stream, expected_version, rows).await?;
        for (version, event_type) in (expected_version + 1..).zip(types) {
            self.note(|| {
                let (kind, id) = (&stream.aggregate_type, stream.aggregate_id.to_string());
                AppendedEvent::new(kind, id, version, event_type)
                    .in_tenant(stream.tenant_id.to_string())
            });
        }
        Ok(version)
    }

    /// Has `action` called once the write is committed, for what must not happen without it: a mail, a message to another
    /// service. It is not called if the write, or the seed that asked for it, fails, is tried again or runs dry.
    ///
    /// It is called at most once, as [`SeedContext::after_commit`](crate::SeedContext::after_commit) says. Where the app commits,
    /// with [`Write::within`](super::Write::within), the app says when, with [`Written::committed`](super::Written::committed).
    pub fn after_commit(&mut self, action: impl FnOnce() + Send + 'static) {
        self.journal.after_commit(action);
    }

    /// Notes an event that the handler itself has appended, on [`WriteContext::connection`] to a table that is no
    /// [`EventStore`](super::EventStore), so that reports count it and a dry run lists it.
    pub fn note_event(&mut self, event: AppendedEvent) {
        self.note(|| event);
    }

    fn note(&mut self, event: impl FnOnce() -> AppendedEvent) {
        match &mut self.appended {
            Some(appended) => {
                let event = event();
                self.journal.note_event(|| event.clone());
                appended.push(event);
            }
            None => self.journal.note_event(event),
        }
    }

    /// The events of `stream` in their order, those of older versions as [`Handlers::upcasters`](super::Handlers::upcasters)
    /// make them.
    ///
    /// # Errors
    /// If the database fails, [`EventStoreError::NotUpcast`] and [`EventStoreError::FromNewerRelease`].
    pub async fn load(&mut self, stream: &Stream) -> Result<Vec<StoredEvent>, EventStoreError> {
        let handlers = self.handlers;
        let connection = self.events.connection().await?;
        handlers.load(connection, stream).await
    }

    /// The number of events in `stream`; 0 if there is no such stream.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn stream_version(&mut self, stream: &Stream) -> Result<i32, EventStoreError> {
        let store = self.handlers.store();
        let connection = self.events.connection().await?;
        store.stream_version(connection, stream).await
    }
}
