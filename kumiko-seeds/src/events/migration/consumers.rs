//! Consumers of events that have not read what is to be migrated: the original's table `kumiko_event_consumers`.

use super::error::{MigrationError, UnreadBy};
use super::finding::last_event;
use super::streams::Streams;
use crate::backend::{Parameter, column};
use crate::events::existing::has_table;
use crate::events::{EventBackend, EventStoreError, visible_rows};

const CONSUMERS: &str = "kumiko_event_consumers";

/// Fails if a consumer that is not disabled has not read all events of the streams. Where there is no such table, there are no consumers.
pub(super) async fn check<DB: EventBackend>(
    connection: &mut DB::Connection,
    streams: &Streams,
    seed: &str,
) -> Result<(), MigrationError> {
    if !has_table::<DB>(connection, CONSUMERS).await? {
        return Ok(());
    }
    let last = last_event::<DB>(connection, streams, seed).await?;
    let values = [Parameter::Long(last)];
    let rows = visible_rows::fetch::<DB>(connection, &[CONSUMERS], BEHIND, &values).await?;
    let consumer = |row: &DB::Row| {
        Ok(UnreadBy {
            name: column::<DB, _>(row, 1)?,
            instance: column::<DB, _>(row, 2)?,
            read: column::<DB, _>(row, 3)?,
        })
    };
    let consumers = rows.iter().map(consumer).collect::<sqlx::Result<Vec<_>>>();
    let consumers = consumers.map_err(EventStoreError::from)?;
    if consumers.is_empty() {
        return Ok(());
    }
    Err(MigrationError::Unread { consumers, last })
}

/// Those that have not read event `$1`.
const BEHIND: &str = "
    SELECT row_number() OVER (ORDER BY name, instance_id) AS position, CAST(name AS text), CAST(instance_id AS text),
           CAST(last_processed_event_id AS bigint)
    FROM kumiko_event_consumers WHERE status <> 'disabled' AND last_processed_event_id < $1 ORDER BY position";
