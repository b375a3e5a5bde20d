//! Compares snapshots with what the events of their streams say, and changes nothing.

use sqlx::Pool;
use uuid::Uuid;

use super::Aggregate;
use crate::backend::{Parameter, column};
use crate::events::backend::SNAPSHOTS;
use crate::events::existing::has_table;
use crate::events::stored_uuid::uuid;
use crate::events::{EventBackend, EventStoreError, Handlers, Stream};

/// How many snapshots are read at a time.
const PAGE: i32 = 100;

/// A snapshot as it stands in the table.
struct Snapshot {
    stream: Stream,
    version: i32,
    state: String,
}

impl<DB: EventBackend> Handlers<DB> {
    /// The streams of `aggregate_type` whose [snapshot](Aggregate#snapshots) of `A::SNAPSHOT_VERSION` is not what their events say, and
    /// changes nothing. None where there is no table of snapshots.
    ///
    /// One that is not says that [`Aggregate::apply`] or the state was changed without another version. Raise it, or call
    /// [`forget_snapshots`](crate::events::forget_snapshots).
    ///
    /// It reads all events of each stream with a snapshot, and takes no lock.
    ///
    /// # Errors
    /// If the database fails, or an event cannot be applied.
    pub async fn check_snapshots<A: Aggregate>(
        &self,
        pool: &Pool<DB>,
        aggregate_type: &str,
    ) -> Result<Vec<Stream>, EventStoreError> {
        let mut wrong = Vec::new();
        let mut connection = pool.acquire().await?;
        if !has_table::<DB>(&mut connection, SNAPSHOTS).await? {
            return Ok(wrong);
        }
        let mut after = (Uuid::nil(), -1);
        loop {
            let page =
                page::<DB>(&mut connection, aggregate_type, A::SNAPSHOT_VERSION, after).await?;
            let Some(last) = page.last() else {
                return Ok(wrong);
            };
            after = (last.stream.aggregate_id, last.version);
            for snapshot in page {
                let events = self
                    .store()
                    .load_archived(&mut connection, &snapshot.stream);
                let mut events = events.await?;
                events.retain(|event| event.version <= snapshot.version);
                let (state, version) = self.apply_to((A::default(), 0), events)?;
                // Without the event that it ends with it is not used.
                if version == snapshot.version && !is_kept(&state, &snapshot.state) {
                    wrong.push(snapshot.stream);
                }
            }
        }
    }
}

/// Whether this state was kept as that text.
fn is_kept<A: Aggregate>(state: &A, kept: &str) -> bool {
    // As it comes back, since a database writes some numbers in other ways.
    let kept = serde_json::from_str::<A>(kept).and_then(serde_json::to_value);
    match (kept, serde_json::to_value(state)) {
        (Ok(kept), Ok(state)) => kept == state,
        _ => false,
    }
}

/// The snapshots that come after this aggregate and version.
async fn page<DB: EventBackend>(
    connection: &mut DB::Connection,
    aggregate_type: &str,
    snapshot_version: i32,
    after: (Uuid, i32),
) -> Result<Vec<Snapshot>, EventStoreError> {
    let values = [
        Parameter::Text(aggregate_type),
        Parameter::Integer(snapshot_version),
        Parameter::Uuid(after.0),
        Parameter::Integer(after.1),
        Parameter::Integer(PAGE),
    ];
    let sql = "SELECT CAST(aggregate_id AS text), CAST(tenant_id AS text), version, CAST(state AS text)
               FROM kumiko_snapshots
               WHERE aggregate_type = $1 AND snapshot_version = $2 AND (aggregate_id, version) > ($3, $4)
               ORDER BY aggregate_id, version LIMIT $5";
    let rows = DB::fetch(connection, sql, &values).await?;
    let snapshot = |row: &DB::Row| {
        Ok(Snapshot {
            stream: Stream {
                aggregate_id: uuid::<DB>(row, 0)?,
                tenant_id: uuid::<DB>(row, 1)?,
                aggregate_type: aggregate_type.to_owned(),
            },
            version: column::<DB, _>(row, 2)?,
            state: column::<DB, _>(row, 3)?,
        })
    };
    let snapshots = rows.iter().map(snapshot);
    Ok(snapshots.collect::<sqlx::Result<_>>()?)
}
