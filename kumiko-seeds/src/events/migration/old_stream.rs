//! A stream that is to be migrated.

use std::collections::HashMap;

use crate::backend::{Parameter, column};
use crate::events::event_store::stored_event;
use crate::events::{EventBackend, EventStoreError, StoredEvent, Stream, visible_rows};

/// A stream that is to be migrated, with its events.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OldStream {
    /// The stream.
    pub stream: Stream,
    /// Its events in their order, as they are stored: by no [`Upcasters`](crate::events::Upcasters).
    pub events: Vec<StoredEvent>,
    /// Payload and metadata of each as the database writes them, so that what is kept is not changed by being read.
    texts: Vec<[String; 2]>,
    /// Where each event is, by its id.
    places: HashMap<i64, usize>,
}

impl OldStream {
    pub(super) async fn load<DB: EventBackend>(
        connection: &mut DB::Connection,
        stream: &Stream,
    ) -> Result<Self, EventStoreError> {
        let (tenant_id, aggregate_id) = (stream.tenant_id, stream.aggregate_id);
        let values = [Parameter::Uuid(tenant_id), Parameter::Uuid(aggregate_id)];
        let tables = ["kumiko_events"];
        let rows = visible_rows::fetch::<DB>(connection, &tables, DB::LOAD, &values).await?;
        let event = |row| stored_event::<DB>(row, tenant_id, aggregate_id);
        let texts = |row| Ok([column::<DB, _>(row, 6)?, column::<DB, _>(row, 7)?]);
        let events = rows.iter().map(event).collect::<sqlx::Result<Vec<_>>>()?;
        let places = events.iter().enumerate();
        let places = places.map(|(place, event)| (event.id, place)).collect();
        Ok(Self {
            stream: stream.clone(),
            events,
            places,
            texts: rows.iter().map(texts).collect::<sqlx::Result<_>>()?,
        })
    }

    /// The version of its last event; 0 if it has none.
    pub(super) fn version(&self) -> i32 {
        self.events.last().map_or(0, |event| event.version)
    }

    /// The event with this id, with its payload and metadata as the database writes them.
    pub(super) fn event(&self, id: i64) -> Option<(&StoredEvent, [&str; 2])> {
        let place = *self.places.get(&id)?;
        let (event, [payload, metadata]) = (self.events.get(place)?, self.texts.get(place)?);
        Some((event, [payload, metadata]))
    }
}
