//! An event as it is shown.

use kumiko_seeds::events::StoredEvent;
use serde::Serialize;
use serde_json::Value;

#[derive(Debug, Serialize)]
pub(crate) struct Event {
    version: i32,
    r#type: String,
    payload: Value,
    by: String,
    at: String,
}

impl From<StoredEvent> for Event {
    fn from(event: StoredEvent) -> Self {
        Self {
            version: event.version,
            r#type: event.event_type,
            payload: event.payload,
            by: event.created_by,
            at: event.created_at.to_rfc3339(),
        }
    }
}
