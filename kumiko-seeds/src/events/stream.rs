//! What events stand in.

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// The events of one aggregate in one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Stream {
    /// The tenant the stream is stored under, which may differ from a tenant in its payloads.
    pub tenant_id: Uuid,
    /// The kind of aggregate, `membership`.
    pub aggregate_type: String,
    /// The aggregate.
    pub aggregate_id: Uuid,
}

/// Streams as statements on many of them take them.
pub(super) fn list_of(streams: &[Stream]) -> String {
    let keys = streams.iter();
    list_of_keys(keys.map(|stream| (stream.tenant_id, stream.aggregate_id)))
}

/// The same, from their tenants and aggregates.
pub(super) fn list_of_keys(keys: impl Iterator<Item = (Uuid, Uuid)>) -> String {
    let streams =
        keys.map(|(tenant, aggregate)| json!({ "tenant_id": tenant, "aggregate_id": aggregate }));
    Value::from(streams.collect::<Vec<_>>()).to_string()
}
