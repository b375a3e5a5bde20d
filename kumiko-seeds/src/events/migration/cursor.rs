//! How far a migration of streams is.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::events::Stream;

/// The last stream that a migration has done, which is the `Cursor` of its seed. Streams come in the order of tenants, and in each in that of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamCursor {
    pub(super) tenant_id: Uuid,
    pub(super) aggregate_id: Uuid,
}

impl StreamCursor {
    pub(super) fn of(stream: &Stream) -> Self {
        Self {
            tenant_id: stream.tenant_id,
            aggregate_id: stream.aggregate_id,
        }
    }
}
