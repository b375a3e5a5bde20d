//! Reads events, and which streams are archived.

use std::collections::HashSet;

use uuid::Uuid;

use super::error::ProjectionError;
use crate::backend::{Parameter, column};
use crate::events::archive::ARCHIVE;
use crate::events::event_store::stored_json;
use crate::events::existing::has_table;
use crate::events::stored_uuid::uuid;
use crate::events::{EventBackend, EventStoreError, StoredEvent, Stream, visible_rows};

const EVENTS: &str = "kumiko_events";

/// Where a page of events begins: behind this event, by aggregate, version and tenant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    aggregate_id: Uuid,
    version: i32,
    tenant_id: Uuid,
}

impl Position {
    /// Behind all events of an aggregate, or before all.
    pub(super) fn behind(aggregate_id: Option<Uuid>) -> Self {
        match aggregate_id {
            None => Self {
                aggregate_id: Uuid::nil(),
                version: -1,
                tenant_id: Uuid::nil(),
            },
            Some(aggregate_id) => Self {
                aggregate_id,
                version: i32::MAX,
                tenant_id: Uuid::max(),
            },
        }
    }

    /// Before all events of an aggregate.
    pub(super) fn before(aggregate_id: Uuid) -> Self {
        Self {
            aggregate_id,
            version: -1,
            tenant_id: Uuid::nil(),
        }
    }

    pub(super) fn of(event: &StoredEvent) -> Self {
        Self {
            aggregate_id: event.stream.aggregate_id,
            version: event.version,
            tenant_id: event.stream.tenant_id,
        }
    }

    /// What a statement of the next `limit` events behind it takes.
    pub(super) fn values(self, limit: u32, types: &str) -> [Parameter<'_>; 5] {
        [
            Parameter::Uuid(self.aggregate_id),
            Parameter::Integer(self.version),
            Parameter::Uuid(self.tenant_id),
            Parameter::Integer(i32::try_from(limit).unwrap_or(i32::MAX)),
            Parameter::Text(types),
        ]
    }
}

/// The events of a statement whose columns are those of `event_columns!`.
pub(super) async fn load<DB: EventBackend>(
    connection: &mut DB::Connection,
    sql: &'static str,
    values: &[Parameter<'_>],
) -> Result<Vec<StoredEvent>, ProjectionError> {
    let rows = visible_rows::fetch::<DB>(connection, &[EVENTS], sql, values).await?;
    let events = rows.iter().map(event::<DB>).collect::<sqlx::Result<_>>();
    Ok(events.map_err(EventStoreError::from)?)
}

/// The event in a row whose columns after the first are those of `event_columns!`.
pub(in crate::events) fn event<DB: EventBackend>(row: &DB::Row) -> sqlx::Result<StoredEvent> {
    Ok(StoredEvent {
        stream: Stream {
            tenant_id: uuid::<DB>(row, 1)?,
            aggregate_id: uuid::<DB>(row, 2)?,
            aggregate_type: column::<DB, _>(row, 4)?,
        },
        id: column::<DB, _>(row, 3)?,
        version: column::<DB, _>(row, 5)?,
        event_type: column::<DB, _>(row, 6)?,
        event_version: column::<DB, _>(row, 7)?,
        payload: stored_json::<DB>(row, 8)?,
        metadata: stored_json::<DB>(row, 9)?,
        created_by: column::<DB, _>(row, 10)?,
        created_at: column::<DB, _>(row, 11)?,
    })
}

/// Whether there is a table of archived streams.
pub(in crate::events) async fn has_archive<DB: EventBackend>(
    connection: &mut DB::Connection,
) -> Result<bool, ProjectionError> {
    let exists = has_table::<DB>(connection, ARCHIVE).await;
    exists.map_err(ProjectionError::database(
        "look for a table of archived streams",
    ))
}

/// The streams that are archived, whose rows are left out: those of some aggregates, or all.
pub(super) async fn archived<DB: EventBackend>(
    connection: &mut DB::Connection,
    of: Option<&HashSet<Uuid>>,
) -> Result<HashSet<(Uuid, Uuid)>, ProjectionError> {
    let json = of.map(|ids| serde_json::to_string(ids).unwrap_or_default());
    let values: Vec<Parameter<'_>> = json.iter().map(|json| Parameter::Text(json)).collect();
    let sql = if of.is_some() {
        DB::ARCHIVED_AMONG
    } else {
        "SELECT CAST(1 AS bigint) AS position, CAST(tenant_id AS text), CAST(aggregate_id AS text)
         FROM kumiko_archived_streams"
    };
    let rows = visible_rows::fetch::<DB>(connection, &[ARCHIVE], sql, &values).await?;
    let stream = |row: &DB::Row| Ok((uuid::<DB>(row, 1)?, uuid::<DB>(row, 2)?));
    let streams = rows.iter().map(stream).collect::<sqlx::Result<_>>();
    streams.map_err(ProjectionError::database("read which streams are archived"))
}

/// The aggregates of those streams that have a later version than the one that is `known` of each.
pub(super) async fn gone_on<DB: EventBackend>(
    connection: &mut DB::Connection,
    known: &str,
) -> Result<Vec<Uuid>, ProjectionError> {
    let values = [Parameter::Text(known)];
    let rows = visible_rows::fetch::<DB>(connection, &[EVENTS], DB::GONE_ON, &values).await?;
    let ids = rows.iter().map(|row| uuid::<DB>(row, 1));
    let ids = ids.collect::<sqlx::Result<_>>();
    Ok(ids.map_err(EventStoreError::from)?)
}
