//! Appending events to a stream and reading them back.

use sqlx::Executor;
use uuid::Uuid;

use super::backend::{Inserted, insert_event};
use super::event::IDEMPOTENCY_KEY;
use super::event_row::EventRow;
use super::{EventBackend, NewEvent, StoredEvent, Stream, User};
use crate::backend::{Value, column};

/// Why events could not be appended or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventStoreError {
    /// The stream is not as long as the writer believed. Nothing of the append is kept that the
    /// caller does not commit; read the stream again and decide anew.
    #[error(
        "version conflict in stream {} {} of tenant {}: expected version {expected}, found {actual}",
        stream.aggregate_type, stream.aggregate_id, stream.tenant_id
    )]
    VersionConflict {
        /// The stream.
        stream: Stream,
        /// The version the writer expected the stream to have.
        expected: i32,
        /// The version it has.
        actual: i32,
    },
    /// The tenant already has an event with this idempotency key.
    #[error("an event with the idempotency key of {event_type} exists in tenant {tenant_id}")]
    DuplicateIdempotencyKey {
        /// The event's type.
        event_type: String,
        /// The tenant.
        tenant_id: Uuid,
        /// The driver's error.
        source: sqlx::Error,
    },
    /// The payload of an event is not JSON.
    #[error("the payload of {event_type} is not JSON: {message}")]
    Payload {
        /// The event's type.
        event_type: String,
        /// What is wrong with it.
        message: String,
    },
    /// The database failed.
    #[error("the event store failed")]
    Database {
        /// The driver's error.
        #[from]
        source: sqlx::Error,
    },
}

/// Creates the table of events and its indexes where they are missing.
///
/// `IF NOT EXISTS` is no protection when several processes do this at once; call it in
/// [`SeedRunner::prepare`](crate::SeedRunner::prepare), which holds the lock.
///
/// # Errors
/// If the database refuses.
pub async fn create_event_tables<DB: EventBackend>(
    connection: &mut DB::Connection,
) -> Result<(), EventStoreError> {
    DB::executor(connection)
        .execute(sqlx::raw_sql(DB::CREATE_EVENTS))
        .await?;
    Ok(())
}

/// Appends `events` to `stream`, which must have exactly `expected_version` events (0: none yet), and
/// returns the version it then has.
///
/// `user` becomes the creator. On PostgreSQL the channel `kumiko_events_new` is notified at commit.
/// Call it inside a transaction: on SQLite, of several events those before a failing one are inserted.
/// On PostgreSQL all of them take one round trip.
///
/// # Errors
/// [`EventStoreError::VersionConflict`] if the stream has another version. It leaves a PostgreSQL
/// transaction usable, as any other error does not.
pub async fn append<DB: EventBackend>(
    connection: &mut DB::Connection,
    stream: &Stream,
    expected_version: i32,
    events: Vec<NewEvent>,
    user: &User,
) -> Result<i32, EventStoreError> {
    let rows = EventRow::all(stream, expected_version, events, user)?;
    let version = rows.last().map_or(expected_version, |row| row.version);
    insert::<DB>(connection, &rows).await?;
    Ok(version)
}

/// Inserts rows, of one stream or of many, each stream's in their order.
pub(super) async fn insert<DB: EventBackend>(
    connection: &mut DB::Connection,
    rows: &[EventRow],
) -> Result<(), EventStoreError> {
    let inserted = match rows {
        [row] => insert_event::<DB>(connection, row).await,
        rows => DB::insert_events(connection, rows).await,
    };
    match inserted {
        Ok(Inserted::All) => Ok(()),
        Ok(Inserted::First(count)) => Err(conflict::<DB>(connection, &rows[count..]).await?),
        Err(source) => Err(failure(rows, source)),
    }
}

/// The first stream of `rows`, none of them inserted, that is not as long as they expect.
async fn conflict<DB: EventBackend>(
    connection: &mut DB::Connection,
    rows: &[EventRow],
) -> Result<EventStoreError, EventStoreError> {
    for row in rows.iter().filter(|row| row.is_first) {
        let (stream, expected) = (row.stream(), row.version - 1);
        let actual =
            stream_version::<DB>(connection, stream.tenant_id, stream.aggregate_id).await?;
        if actual != expected {
            return Ok(EventStoreError::VersionConflict {
                stream,
                expected,
                actual,
            });
        }
    }
    // It was there a moment ago, and another transaction has taken it back.
    Ok(sqlx::Error::RowNotFound.into())
}

fn failure(rows: &[EventRow], source: sqlx::Error) -> EventStoreError {
    if is_idempotency_violation(&source) {
        let with_key = |row: &&EventRow| row.metadata.contains(IDEMPOTENCY_KEY);
        if let Some(row) = rows.iter().find(with_key) {
            return EventStoreError::DuplicateIdempotencyKey {
                event_type: row.event_type.clone(),
                tenant_id: row.tenant_id,
                source,
            };
        }
    }
    source.into()
}

/// PostgreSQL names the violated constraint, SQLite the index in the message.
fn is_idempotency_violation(error: &sqlx::Error) -> bool {
    const INDEX: &str = "events_idempotency_uq";
    error.as_database_error().is_some_and(|error| {
        error.is_unique_violation()
            && (error.constraint() == Some(INDEX) || error.message().contains(INDEX))
    })
}

/// The events of a stream in their order; none if there is no such stream.
///
/// # Errors
/// If the database fails or holds what is no event.
pub async fn load<DB: EventBackend>(
    connection: &mut DB::Connection,
    tenant_id: Uuid,
    aggregate_id: Uuid,
) -> Result<Vec<StoredEvent>, EventStoreError> {
    let rows = DB::fetch(
        connection,
        "SELECT id, aggregate_type, version, type, event_version, payload, metadata, created_at,
                created_by
         FROM kumiko_events WHERE tenant_id = $1 AND aggregate_id = $2 ORDER BY version",
        &[Value::Uuid(tenant_id), Value::Uuid(aggregate_id)],
    )
    .await?;
    let event = |row: &DB::Row| {
        Ok(StoredEvent {
            id: column::<DB, _>(row, 0)?,
            stream: Stream {
                tenant_id,
                aggregate_type: column::<DB, _>(row, 1)?,
                aggregate_id,
            },
            version: column::<DB, _>(row, 2)?,
            event_type: column::<DB, _>(row, 3)?,
            event_version: column::<DB, _>(row, 4)?,
            payload: column::<DB, _>(row, 5)?,
            metadata: column::<DB, _>(row, 6)?,
            created_at: column::<DB, _>(row, 7)?,
            created_by: column::<DB, _>(row, 8)?,
        })
    };
    rows.iter().map(event).collect()
}

/// The number of events in a stream; 0 if there is no such stream.
///
/// # Errors
/// If the database fails.
pub async fn stream_version<DB: EventBackend>(
    connection: &mut DB::Connection,
    tenant_id: Uuid,
    aggregate_id: Uuid,
) -> Result<i32, EventStoreError> {
    let rows = DB::fetch(
        connection,
        "SELECT COALESCE(MAX(version), 0) FROM kumiko_events
         WHERE tenant_id = $1 AND aggregate_id = $2",
        &[Value::Uuid(tenant_id), Value::Uuid(aggregate_id)],
    )
    .await?;
    rows.first()
        .map_or(Ok(0), |row| Ok(column::<DB, i32>(row, 0)?))
}
