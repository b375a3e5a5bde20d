//! Events, before and after they are appended.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{EventStoreError, Stream};

/// An event to be appended.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    pub(super) event_type: String,
    pub(super) event_version: i32,
    /// JSON, or what is wrong with it.
    pub(super) payload: Result<String, String>,
    pub(super) metadata: Map<String, Value>,
}

impl NewEvent {
    /// An event of type `event_type`, event version 1, with `payload` as JSON. A payload that is no
    /// JSON (a map with keys that are not strings, say) is an error when the event is appended.
    pub fn new(event_type: impl Into<String>, payload: impl Serialize) -> Self {
        Self {
            event_type: event_type.into(),
            event_version: 1,
            payload: serde_json::to_string(&payload).map_err(|error| error.to_string()),
            metadata: Map::new(),
        }
    }

    /// Sets the version of the payload's shape. The default is 1.
    #[must_use]
    pub fn event_version(mut self, event_version: i32) -> Self {
        self.event_version = event_version;
        self
    }

    /// Adds an entry to the metadata, beside the `userId` that every event has.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Makes the event unique in its tenant: a second one with the same key is
    /// [`EventStoreError::DuplicateIdempotencyKey`](super::EventStoreError::DuplicateIdempotencyKey).
    #[must_use]
    pub fn idempotency_key(self, key: impl Into<String>) -> Self {
        self.metadata(IDEMPOTENCY_KEY, key.into())
    }
}

pub(super) const IDEMPOTENCY_KEY: &str = "idempotencyKey";

/// An event as the event store has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StoredEvent {
    /// The event's position among all events.
    pub id: i64,
    /// The stream it stands in.
    pub stream: Stream,
    /// Its position in the stream, counted from 1.
    pub version: i32,
    /// What happened.
    pub event_type: String,
    /// The version of the payload's shape.
    pub event_version: i32,
    /// What exactly happened.
    pub payload: Value,
    /// Who did it (`userId`), and what else the writer noted.
    pub metadata: Value,
    /// When it was appended, by the database's clock.
    pub created_at: DateTime<Utc>,
    /// Who did it.
    pub created_by: String,
}

impl StoredEvent {
    /// An event at position `version` of `stream`, for an [`EventStore`](super::EventStore) of another kind. What such a
    /// store knows of the other fields it sets afterwards: they say id 0, event version 1, no metadata, nobody, and the
    /// beginning of 1970.
    pub fn new(
        stream: Stream,
        version: i32,
        event_type: impl Into<String>,
        payload: Value,
    ) -> Self {
        Self {
            id: 0,
            stream,
            version,
            event_type: event_type.into(),
            event_version: 1,
            payload,
            metadata: Value::Object(Map::new()),
            created_at: DateTime::UNIX_EPOCH,
            created_by: String::new(),
        }
    }

    /// The same with a payload that the store has as text.
    ///
    /// # Errors
    /// [`EventStoreError::Store`](super::EventStoreError::Store) if it is not JSON.
    pub fn parse(
        stream: Stream,
        version: i32,
        event_type: impl Into<String>,
        payload: &str,
    ) -> Result<Self, EventStoreError> {
        let payload = serde_json::from_str(payload).map_err(EventStoreError::store)?;
        Ok(Self::new(stream, version, event_type, payload))
    }
}
