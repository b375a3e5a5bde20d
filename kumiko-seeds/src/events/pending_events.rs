//! Events of a batch that the database has not got yet.

use std::collections::HashMap;

use uuid::Uuid;

use super::event_row::EventRow;
use super::naming::Naming;
use super::{EventBackend, EventStoreError, Stream, event_store};

/// What is kept at most before it is written. The numbers bound the memory of a batch, whatever its
/// length, and are large enough that a round trip to the database is a small part of the work.
const MOST_EVENTS: usize = 1_000;
const MOST_BYTES: usize = 1 << 20;

/// Events that handlers of a batch have appended and that go to the database together.
///
/// **Invariant:** whoever reads the event store sees them, because they are written first.
#[derive(Debug)]
pub(super) struct PendingEvents {
    naming: Naming,
    rows: Vec<EventRow>,
    bytes: usize,
    /// By tenant and aggregate, the version that the stream has with what is pending.
    versions: HashMap<(Uuid, Uuid), i32>,
}

impl PendingEvents {
    pub(super) fn new(naming: Naming) -> Self {
        Self {
            naming,
            rows: Vec::new(),
            bytes: 0,
            versions: HashMap::new(),
        }
    }

    /// Appends `rows` to `stream` as [`event_store::append`] does, but lets the database see them later.
    pub(super) async fn append<DB: EventBackend>(
        &mut self,
        connection: &mut DB::Connection,
        identity: &DB::Identity,
        stream: &Stream,
        expected: i32,
        rows: Vec<EventRow>,
    ) -> Result<(), EventStoreError> {
        let known = self.versions.get(&(stream.tenant_id, stream.aggregate_id));
        if let Some(&actual) = known
            && actual != expected
        {
            return Err(EventStoreError::VersionConflict {
                stream: stream.clone(),
                expected,
                actual,
            });
        }
        let is_known = known.is_some();
        let mut version = expected;
        for mut row in rows {
            row.is_first &= !is_known;
            version = row.version;
            self.bytes += row.size();
            self.rows.push(row);
        }
        let key = (stream.tenant_id, stream.aggregate_id);
        self.versions.insert(key, version);
        if self.rows.len() >= MOST_EVENTS || self.bytes >= MOST_BYTES {
            self.write::<DB>(connection, identity).await?;
        }
        Ok(())
    }

    /// Writes what is pending.
    pub(super) async fn write<DB: EventBackend>(
        &mut self,
        connection: &mut DB::Connection,
        identity: &DB::Identity,
    ) -> Result<(), EventStoreError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let next = Self::new(Naming::LikeOthers);
        let Self { naming, rows, .. } = std::mem::replace(self, next);
        event_store::insert::<DB>(connection, Some(identity), naming, &rows).await
    }
}
