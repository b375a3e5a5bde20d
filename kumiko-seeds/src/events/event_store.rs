//! The library's own event store: the table `kumiko_events`.

use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::archive::ARCHIVE;
use super::backend::Inserted;
use super::event::IDEMPOTENCY_KEY;
use super::event_row::EventRow;
use super::store::{EventStore, InTransaction};
use super::stored_uuid::uuid;
use super::{EventBackend, EventStoreError, NewEvent, StoredEvent, Stream, User, visible_rows};
use crate::backend::{Fault, Parameter, column};

const EVENTS: &str = "kumiko_events";

/// The library's own event store, the table `kumiko_events`, which is the original's. Handlers use it unless they are given
/// another. [`create_event_tables`](super::create_event_tables) creates it.
///
/// An append takes one round trip on PostgreSQL, however many events it has, and notifies the channel
/// `kumiko_events_new` at the commit. A stream that `kumiko_archived_streams` marks, where there is that table, takes
/// no events, and none are loaded of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct KumikoEvents;

impl<DB: EventBackend> EventStore<DB> for KumikoEvents {
    fn append<'a>(
        &'a self,
        connection: &'a mut DB::Connection,
        transaction: InTransaction<'a, DB>,
        rows: &'a [EventRow],
    ) -> BoxFuture<'a, Result<(), EventStoreError>> {
        Box::pin(insert::<DB>(connection, transaction, rows))
    }

    fn append_and_read<'a>(
        &'a self,
        connection: &'a mut DB::Connection,
        transaction: InTransaction<'a, DB>,
        rows: &'a [EventRow],
        taken: &'a [usize],
    ) -> BoxFuture<'a, Result<Vec<StoredEvent>, EventStoreError>> {
        Box::pin(insert_and_read::<DB>(connection, transaction, rows, taken))
    }

    fn load<'a>(
        &'a self,
        connection: &'a mut DB::Connection,
        stream: &'a Stream,
    ) -> BoxFuture<'a, Result<Vec<StoredEvent>, EventStoreError>> {
        Box::pin(load_live::<DB>(connection, stream))
    }

    fn load_archived<'a>(
        &'a self,
        connection: &'a mut DB::Connection,
        stream: &'a Stream,
    ) -> BoxFuture<'a, Result<Vec<StoredEvent>, EventStoreError>> {
        Box::pin(load::<DB>(
            connection,
            stream.tenant_id,
            stream.aggregate_id,
        ))
    }

    fn stream_version<'a>(
        &'a self,
        connection: &'a mut DB::Connection,
        stream: &'a Stream,
    ) -> BoxFuture<'a, Result<i32, EventStoreError>> {
        Box::pin(stream_version::<DB>(
            connection,
            stream.tenant_id,
            stream.aggregate_id,
        ))
    }
}

/// Appends `events` to `stream`, which must have exactly `expected_version` events (0: none yet), and
/// returns the version it then has.
///
/// `user` becomes the creator. On PostgreSQL the channel `kumiko_events_new` is notified at commit.
/// It knows no projections, for these belong to [`Handlers`](super::Handlers), whose
/// [`append_events`](super::Handlers::append_events) applies what it appends.
///
/// Call it inside a transaction: on SQLite, of several events those before a failing one are inserted.
/// On PostgreSQL all of them take one round trip.
///
/// # Errors
/// [`EventStoreError::VersionConflict`] if the stream has another version, and
/// [`EventStoreError::StreamArchived`] if `kumiko_archived_streams`, where there is that table, marks it.
/// These two leave a PostgreSQL transaction usable, as other errors do not.
pub async fn append<DB: EventBackend>(
    connection: &mut DB::Connection,
    stream: &Stream,
    expected_version: i32,
    events: Vec<NewEvent>,
    user: &User,
) -> Result<i32, EventStoreError> {
    let rows = EventRow::all(stream, expected_version, events, user)?;
    let version = rows.last().map_or(expected_version, |row| row.version);
    insert::<DB>(connection, InTransaction::open(), &rows).await?;
    Ok(version)
}

/// Inserts rows, of one stream or of many, each stream's in their order. Nothing is inserted in another transaction.
async fn insert<DB: EventBackend>(
    connection: &mut DB::Connection,
    transaction: InTransaction<'_, DB>,
    rows: &[EventRow],
) -> Result<(), EventStoreError> {
    let InTransaction { identity, naming } = transaction;
    for _ in 0..MOST_ATTEMPTS {
        let inserted = match rows {
            [row] => DB::insert_event(connection, identity, naming, row).await,
            rows => DB::insert_events(connection, identity, naming, rows).await,
        };
        let settled = settle::<DB>(connection, &transaction, rows, inserted).await?;
        if settled.is_some() {
            return Ok(());
        }
    }
    Err(sqlx::Error::RowNotFound.into())
}

/// How often an insertion is tried that was refused for a reason that is gone when it is asked for.
const MOST_ATTEMPTS: u32 = 10;

/// Inserts rows as [`insert`] does, and gives the events of those that are `taken`.
async fn insert_and_read<DB: EventBackend>(
    connection: &mut DB::Connection,
    transaction: InTransaction<'_, DB>,
    rows: &[EventRow],
    taken: &[usize],
) -> Result<Vec<StoredEvent>, EventStoreError> {
    let InTransaction { identity, naming } = transaction;
    let mut read = Vec::new();
    for _ in 0..MOST_ATTEMPTS {
        let inserted = DB::insert_and_read(connection, identity, naming, rows).await;
        let inserted = inserted.map(|(inserted, answer)| {
            read = answer;
            inserted
        });
        let settled = settle::<DB>(connection, &transaction, rows, inserted).await?;
        if settled.is_some() {
            break;
        }
        read.clear();
    }
    if read.len() != rows.len() {
        // A trigger has kept some out, and which is not known.
        return Err(sqlx::Error::RowNotFound.into());
    }
    let event = |position: &usize| {
        let (row, read) = (&rows[*position], &read[*position]);
        Ok(stored_event::<DB>(read, row.tenant_id, row.aggregate_id)?)
    };
    taken.iter().map(event).collect()
}

/// What the answer to an insertion means. None if nothing is inserted and it may be tried again.
async fn settle<DB: EventBackend>(
    connection: &mut DB::Connection,
    transaction: &InTransaction<'_, DB>,
    rows: &[EventRow],
    inserted: sqlx::Result<Inserted>,
) -> Result<Option<()>, EventStoreError> {
    match inserted {
        Ok(Inserted::All) => Ok(Some(())),
        Ok(Inserted::AllWithSecuredArchive) => {
            visible_rows::check::<DB>(connection, ARCHIVE).await?;
            Ok(Some(()))
        }
        Ok(Inserted::First(count)) => {
            transaction.ensure_open(connection).await?;
            match refusal::<DB>(connection, &rows[count..]).await? {
                Some(refusal) => Err(refusal),
                None if count == 0 => Ok(None),
                None => Err(sqlx::Error::RowNotFound.into()),
            }
        }
        Err(source) => Err(failure::<DB>(rows, source)),
    }
}

/// Why none of `rows` was inserted: the first stream that is archived or not as long as they expect. None if there is no reason any more: the
/// stream that was archived is restored, or another transaction has taken back what was in the way.
async fn refusal<DB: EventBackend>(
    connection: &mut DB::Connection,
    rows: &[EventRow],
) -> Result<Option<EventStoreError>, EventStoreError> {
    for row in rows.iter().filter(|row| row.is_first) {
        let (stream, expected) = (row.stream(), row.version - 1);
        if DB::is_archived(connection, stream.tenant_id, stream.aggregate_id).await? {
            return Ok(Some(EventStoreError::StreamArchived { stream }));
        }
        let actual =
            stream_version::<DB>(connection, stream.tenant_id, stream.aggregate_id).await?;
        if actual != expected {
            return Ok(Some(EventStoreError::VersionConflict {
                stream,
                expected,
                actual,
            }));
        }
    }
    Ok(None)
}

fn failure<DB: EventBackend>(rows: &[EventRow], source: sqlx::Error) -> EventStoreError {
    if DB::fault(&source) == Fault::RowSecurity {
        return EventStoreError::RowSecurity {
            table: EVENTS,
            role: None,
            source: Some(source),
        };
    }
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
pub(super) fn is_idempotency_violation(error: &sqlx::Error) -> bool {
    const INDEX: &str = "events_idempotency_uq";
    error.as_database_error().is_some_and(|error| {
        error.is_unique_violation()
            && (error.constraint() == Some(INDEX) || error.message().contains(INDEX))
    })
}

/// The events of a stream in their order; none if there is no such stream. Those of an archived stream,
/// too.
///
/// They come as they are stored, by no [`Upcasters`](super::Upcasters).
///
/// A payload or metadata that is stored as a string with an object or an array of JSON in it comes as that object
/// or array, because the original wrote some so.
///
/// # Errors
/// If the database fails or holds what is no event, and [`EventStoreError::RowSecurity`] if policies may hide events.
pub async fn load<DB: EventBackend>(
    connection: &mut DB::Connection,
    tenant_id: Uuid,
    aggregate_id: Uuid,
) -> Result<Vec<StoredEvent>, EventStoreError> {
    let values = [Parameter::Uuid(tenant_id), Parameter::Uuid(aggregate_id)];
    let rows = visible_rows::fetch::<DB>(connection, &[EVENTS], DB::LOAD, &values).await?;
    let event = |row| Ok(stored_event::<DB>(row, tenant_id, aggregate_id)?);
    rows.iter().map(event).collect()
}

/// The events of a stream in their order; none if it is archived.
async fn load_live<DB: EventBackend>(
    connection: &mut DB::Connection,
    stream: &Stream,
) -> Result<Vec<StoredEvent>, EventStoreError> {
    let (tenant_id, aggregate_id) = (stream.tenant_id, stream.aggregate_id);
    let (secured, rows) = DB::load_live(connection, tenant_id, aggregate_id).await?;
    for table in secured {
        visible_rows::check::<DB>(connection, table).await?;
    }
    let event = |row| Ok(stored_event::<DB>(row, tenant_id, aggregate_id)?);
    rows.iter().map(event).collect()
}

/// An event from the columns of [`EventBackend::LOAD`].
pub(super) fn stored_event<DB: EventBackend>(
    row: &DB::Row,
    tenant_id: Uuid,
    aggregate_id: Uuid,
) -> sqlx::Result<StoredEvent> {
    Ok(StoredEvent {
        id: column::<DB, _>(row, 1)?,
        stream: Stream {
            tenant_id,
            aggregate_type: column::<DB, _>(row, 2)?,
            aggregate_id,
        },
        version: column::<DB, _>(row, 3)?,
        event_type: column::<DB, _>(row, 4)?,
        event_version: column::<DB, _>(row, 5)?,
        payload: stored_json::<DB>(row, 6)?,
        metadata: stored_json::<DB>(row, 7)?,
        created_by: column::<DB, _>(row, 8)?,
        created_at: column::<DB, _>(row, 9)?,
    })
}

pub(super) fn stored_json<DB: EventBackend>(
    row: &DB::Row,
    index: usize,
) -> sqlx::Result<serde_json::Value> {
    let json: String = column::<DB, _>(row, index)?;
    let json = serde_json::from_str(&json);
    json.map(unwrapped)
        .map_err(|error| sqlx::Error::Decode(error.into()))
}

/// JSON without the strings of JSON around it in which the original stored objects for some weeks. A text
/// that an app stores stays a text, also one that says `42`.
fn unwrapped(stored: serde_json::Value) -> serde_json::Value {
    use serde_json::Value::{Array, Object, String};

    let String(text) = &stored else { return stored };
    match serde_json::from_str(text).map(unwrapped) {
        Ok(inner @ (Object(_) | Array(_))) => inner,
        _ => stored,
    }
}

/// The streams of an aggregate, archived ones too: one for each tenant that has one, in the order of tenants.
///
/// # Errors
/// If the database fails, and [`EventStoreError::RowSecurity`] if policies may hide events.
pub async fn streams_of<DB: EventBackend>(
    connection: &mut DB::Connection,
    aggregate_type: &str,
    aggregate_id: Uuid,
) -> Result<Vec<Stream>, EventStoreError> {
    let sql = "SELECT row_number() OVER (ORDER BY tenant_id) AS position, CAST(tenant_id AS text)
               FROM (SELECT DISTINCT tenant_id FROM kumiko_events
                     WHERE aggregate_type = $1 AND aggregate_id = $2) AS tenants
               ORDER BY position";
    let values = [
        Parameter::Text(aggregate_type),
        Parameter::Uuid(aggregate_id),
    ];
    let rows = visible_rows::fetch::<DB>(connection, &[EVENTS], sql, &values).await?;
    let stream = |row: &DB::Row| {
        Ok(Stream {
            tenant_id: uuid::<DB>(row, 1)?,
            aggregate_type: aggregate_type.to_owned(),
            aggregate_id,
        })
    };
    let streams = rows.iter().map(stream);
    Ok(streams.collect::<sqlx::Result<_>>()?)
}

/// The number of events in a stream; 0 if there is no such stream.
///
/// # Errors
/// If the database fails, and [`EventStoreError::RowSecurity`] if policies may hide events.
pub async fn stream_version<DB: EventBackend>(
    connection: &mut DB::Connection,
    tenant_id: Uuid,
    aggregate_id: Uuid,
) -> Result<i32, EventStoreError> {
    let values = [Parameter::Uuid(tenant_id), Parameter::Uuid(aggregate_id)];
    let rows =
        visible_rows::fetch::<DB>(connection, &[EVENTS], DB::STREAM_VERSION, &values).await?;
    rows.first()
        .map_or(Ok(0), |row| Ok(column::<DB, i32>(row, 1)?))
}
