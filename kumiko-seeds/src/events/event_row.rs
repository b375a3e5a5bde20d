//! An event in the form in which it is inserted.

use serde_json::Value;
use uuid::Uuid;

use super::{EventStoreError, NewEvent, Stream, User};

/// An event as an [`EventStore`](super::EventStore) is to append it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EventRow {
    /// The aggregate.
    pub aggregate_id: Uuid,
    /// The kind of aggregate, `membership`.
    pub aggregate_type: String,
    /// The tenant the stream is stored under.
    pub tenant_id: Uuid,
    /// Its position in the stream, counted from 1.
    pub version: i32,
    /// What happened.
    pub event_type: String,
    /// The version of the payload's shape.
    pub event_version: i32,
    /// What exactly happened: JSON, as text.
    pub payload: String,
    /// Who did it (`userId`), and what else the writer noted: JSON, as text.
    pub metadata: String,
    /// Who did it.
    pub created_by: String,
    /// Whether no row before it in the same append is of the same stream.
    pub is_first: bool,
}

impl EventRow {
    /// The rows of `events`, which follow version `expected_version` of `stream`.
    pub(super) fn all(
        stream: &Stream,
        expected_version: i32,
        events: impl IntoIterator<Item = NewEvent>,
        user: &User,
    ) -> Result<Vec<Self>, EventStoreError> {
        let numbered = (expected_version + 1..).zip(events);
        numbered
            .map(|(version, event)| Self::new(stream, version, event, user))
            .enumerate()
            .map(|(index, row)| {
                let is_first = index == 0;
                row.map(|row| Self { is_first, ..row })
            })
            .collect()
    }

    fn new(
        stream: &Stream,
        version: i32,
        event: NewEvent,
        user: &User,
    ) -> Result<Self, EventStoreError> {
        let event_type = event.event_type;
        let mut metadata = event.metadata;
        metadata.insert("userId".to_owned(), Value::String(user.id.clone()));
        let metadata = serde_json::to_string(&metadata).map_err(|error| error.to_string());
        let (payload, metadata) = match (event.payload, metadata) {
            (Ok(payload), Ok(metadata)) => (payload, metadata),
            (Err(message), _) | (_, Err(message)) => {
                return Err(EventStoreError::Payload {
                    event_type,
                    message,
                });
            }
        };
        Ok(Self {
            aggregate_id: stream.aggregate_id,
            aggregate_type: stream.aggregate_type.clone(),
            tenant_id: stream.tenant_id,
            version,
            event_type,
            event_version: event.event_version,
            payload,
            metadata,
            created_by: user.id.clone(),
            is_first: true,
        })
    }

    /// The stream it is appended to.
    #[must_use]
    pub fn stream(&self) -> Stream {
        Stream {
            tenant_id: self.tenant_id,
            aggregate_type: self.aggregate_type.clone(),
            aggregate_id: self.aggregate_id,
        }
    }

    /// About how many bytes of memory it takes.
    pub(super) fn size(&self) -> usize {
        const REST: usize = 256;
        self.payload.len() + self.metadata.len() + REST
    }
}
