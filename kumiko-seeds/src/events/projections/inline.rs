//! Applying events to projections in the transaction that appends them.

use std::borrow::Cow;

use super::Projection;
use super::projection::NotApplied;
use crate::events::event_row::EventRow;
use crate::events::store::InTransaction;
use crate::events::{EventBackend, EventStoreError, Handlers, NewEvent, StoredEvent, Stream, User};

impl<DB: EventBackend> Handlers<DB> {
    /// Appends `events` to `stream`, which must have exactly `expected_version` events, and returns the version it then has: as
    /// [`append`](crate::events::append) does, to the app's event store, and applied to its projections. For tests and imports; it passes no
    /// gate.
    ///
    /// Call it inside a transaction, which is to be rolled back after an error.
    ///
    /// # Errors
    /// Those of the event store, and [`EventStoreError::NotApplied`] if a projection cannot apply an event.
    pub async fn append_events(
        &self,
        connection: &mut DB::Connection,
        stream: &Stream,
        expected_version: i32,
        events: impl IntoIterator<Item = NewEvent>,
        user: &User,
    ) -> Result<i32, EventStoreError> {
        let rows = EventRow::all(stream, expected_version, events, user)?;
        let version = rows.last().map_or(expected_version, |row| row.version);
        self.append(connection, InTransaction::open(), &rows)
            .await?;
        Ok(version)
    }

    /// Whether a projection takes one of `rows`, so that code of the app's gets the connection when they are appended.
    pub(in crate::events) fn projects(&self, rows: &[EventRow]) -> bool {
        rows.iter().any(|row| self.takes(row))
    }

    fn takes(&self, row: &EventRow) -> bool {
        let mut projections = self.kept_projections().iter();
        projections.any(|projection| projection.takes(&row.aggregate_type, &row.event_type))
    }

    /// Appends `rows` to the event store, and applies those that projections take.
    ///
    /// **Invariant:** what is applied is what a later load gives, so that a rebuild computes the same rows.
    pub(in crate::events) async fn append(
        &self,
        connection: &mut DB::Connection,
        transaction: InTransaction<'_, DB>,
        rows: &[EventRow],
    ) -> Result<(), EventStoreError> {
        let is_taken = |(position, row)| self.takes(row).then_some(position);
        let taken: Vec<usize> = rows.iter().enumerate().filter_map(is_taken).collect();
        let store = self.store();
        if taken.is_empty() {
            return store.append(connection, transaction, rows).await;
        }
        let events = store
            .append_and_read(connection, transaction, rows, &taken)
            .await?;
        if events.len() != taken.len() {
            let (given, asked) = (events.len(), taken.len());
            return Err(EventStoreError::store(format!(
                "the event store gave {given} events after an append, and {asked} were asked for"
            )));
        }
        let events = events.into_iter().map(|event| self.upcast(event));
        let events: Vec<StoredEvent> = events.collect::<Result<_, _>>()?;
        for projection in self.kept_projections().iter() {
            apply(projection, connection, &events).await?;
        }
        Ok(())
    }
}

/// Applies those of `events` that the projection takes.
async fn apply<DB: EventBackend>(
    projection: &Projection<DB>,
    connection: &mut DB::Connection,
    events: &[StoredEvent],
) -> Result<(), EventStoreError> {
    let is_taken =
        |event: &&StoredEvent| projection.takes(&event.stream.aggregate_type, &event.event_type);
    let events = if events.iter().all(|event| is_taken(&event)) {
        Cow::Borrowed(events)
    } else {
        Cow::Owned(events.iter().filter(is_taken).cloned().collect())
    };
    let applied = projection.apply_events(connection, &events).await;
    applied.map_err(|error| not_applied(projection, &events, error))
}

fn not_applied<DB: EventBackend>(
    projection: &Projection<DB>,
    events: &[StoredEvent],
    error: NotApplied,
) -> EventStoreError {
    let NotApplied { event_id, source } = error;
    let mut known = events.iter().filter(|event| Some(event.id) == event_id);
    // An event store without such numbers gives all events the same.
    let named = match (known.next(), known.next()) {
        (Some(event), None) => std::slice::from_ref(event),
        _ => events,
    };
    let Some(first) = named.first() else {
        return EventStoreError::Store { source };
    };
    EventStoreError::NotApplied {
        projection: projection.name.clone(),
        events: named.len(),
        event_type: first.event_type.clone(),
        stream: Box::new(first.stream.clone()),
        version: first.version,
        source,
    }
}
