//! Appending events to a stream and reading them back.

use serde_json::Value;
use sqlx::Executor;
use uuid::Uuid;

use super::statement::Statement;
use super::{EventBackend, NewEvent, StoredEvent, StoredUuid, Stream, User};
use crate::backend::column;

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
/// Call it inside a transaction: of several events, those before a failing one are inserted.
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
    let mut version = expected_version;
    for event in events {
        version += 1;
        if !insert::<DB>(connection, stream, version, event, user).await? {
            let actual =
                stream_version::<DB>(connection, stream.tenant_id, stream.aggregate_id).await?;
            let stream = stream.clone();
            let expected = expected_version;
            return Err(EventStoreError::VersionConflict {
                stream,
                expected,
                actual,
            });
        }
    }
    Ok(version)
}

/// Inserts one event; `false` if the stream is not one shorter than `version`.
async fn insert<DB: EventBackend>(
    connection: &mut DB::Connection,
    stream: &Stream,
    version: i32,
    event: NewEvent,
    user: &User,
) -> Result<bool, EventStoreError> {
    let event_type = event.event_type;
    let payload = match event.payload {
        Ok(payload) => payload,
        Err(message) => {
            return Err(EventStoreError::Payload {
                event_type,
                message,
            });
        }
    };
    let mut metadata = event.metadata;
    metadata.insert("userId".to_owned(), Value::String(user.id.clone()));
    let inserted = Statement::<DB>::new(DB::INSERT_EVENT)
        .bind(StoredUuid(stream.aggregate_id))
        .bind(stream.aggregate_type.clone())
        .bind(StoredUuid(stream.tenant_id))
        .bind(version)
        .bind(event_type.clone())
        .bind(event.event_version)
        .bind(payload)
        .bind(Value::Object(metadata))
        .bind(user.id.clone())
        .fetch_optional(connection)
        .await;
    match inserted {
        Ok(row) => Ok(row.is_some()),
        Err(source) if is_idempotency_violation(&source) => {
            let tenant_id = stream.tenant_id;
            Err(EventStoreError::DuplicateIdempotencyKey {
                event_type,
                tenant_id,
                source,
            })
        }
        Err(source) => Err(source.into()),
    }
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
    let rows = Statement::<DB>::new(
        "SELECT id, aggregate_type, version, type, event_version, payload, metadata, created_at,
                created_by
         FROM kumiko_events WHERE tenant_id = $1 AND aggregate_id = $2 ORDER BY version",
    )
    .bind(StoredUuid(tenant_id))
    .bind(StoredUuid(aggregate_id))
    .fetch_all(connection)
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
    let row = Statement::<DB>::new(
        "SELECT COALESCE(MAX(version), 0) FROM kumiko_events
         WHERE tenant_id = $1 AND aggregate_id = $2",
    )
    .bind(StoredUuid(tenant_id))
    .bind(StoredUuid(aggregate_id))
    .fetch_optional(connection)
    .await?;
    row.map_or(Ok(0), |row| Ok(column::<DB, i32>(&row, 0)?))
}
