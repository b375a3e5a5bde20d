//! What events stand in.

use serde::Serialize;
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
