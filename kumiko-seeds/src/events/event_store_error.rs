//! What can go wrong in the event store.

use std::error::Error;

use uuid::Uuid;

use super::consumers::listed;
use super::{Consumer, ProjectionError, Stream};
use crate::error::the_role;

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
    /// The stream is archived, so nobody would see its events. Nothing of the append is kept that the caller does not commit.
    #[error(
        "stream {} {} of tenant {} is archived, so nothing may be appended to it",
        stream.aggregate_type, stream.aggregate_id, stream.tenant_id
    )]
    StreamArchived {
        /// The stream.
        stream: Stream,
    },
    /// There is no such stream to be archived.
    #[error(
        "there is no stream {} {} of tenant {}",
        stream.aggregate_type, stream.aggregate_id, stream.tenant_id
    )]
    NoSuchStream {
        /// The stream that was asked for.
        stream: Stream,
    },
    /// A stream that is to be restored is not archived.
    #[error(
        "stream {} {} of tenant {} is not archived",
        stream.aggregate_type, stream.aggregate_id, stream.tenant_id
    )]
    NotArchived {
        /// The stream.
        stream: Stream,
    },
    /// A stream that is to be restored was purged: its mark is left, and its events are not.
    #[error(
        "stream {} {} of tenant {} was purged, so there is nothing to restore; if it was exported, import that first",
        stream.aggregate_type, stream.aggregate_id, stream.tenant_id
    )]
    Purged {
        /// The stream.
        stream: Stream,
    },
    /// Streams are not purged while somebody writes events who may have begun before they were archived.
    #[error(
        "a transaction that was writing events has not ended in {seconds} s, and may yet append to a stream that is to be purged"
    )]
    WritersLeft {
        /// How long it was waited for.
        seconds: u64,
    },
    /// Streams are not purged while a consumer of the original has yet to read their events.
    #[error(
        "{} not read all events that are to be purged, the last of which is event {last}",
        listed(consumers)
    )]
    Unread {
        /// The consumers, each with the event that it is at.
        consumers: Vec<Consumer>,
        /// The last of the events.
        last: i64,
    },
    /// The events of streams could not be exported, so they were not purged.
    #[error("events could not be exported, so they stay")]
    NotExported {
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Streams are archived, and a transaction that was writing events then has not ended since. It may yet append to one of them, and write rows
    /// of it; archive them again after that.
    #[error(
        "the streams are archived, but a transaction that was writing events then has not ended in {seconds} s, and may yet write rows of them"
    )]
    StillWritten {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The rows of streams could not be computed that are archived or restored. Nothing of that is kept.
    #[error("the rows of projection {projection:?} could not be brought up to date")]
    NotReprojected {
        /// The name of the projection.
        projection: String,
        /// Why.
        source: Box<ProjectionError>,
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
    /// The transaction in which a handler appends has been ended, by the seed or by a handler. Nothing was
    /// appended.
    #[error(
        "nothing was appended, because the transaction was ended before, by a COMMIT or ROLLBACK"
    )]
    TransactionEnded,
    /// The payload of an event is not JSON.
    #[error("the payload of {event_type} is not JSON: {message}")]
    Payload {
        /// The event's type.
        event_type: String,
        /// What is wrong with it.
        message: String,
    },
    /// Row level security may hide rows of a table from the database role, or refuses it one, so that what is there
    /// cannot be known. [`Error::remedy`](crate::Error::remedy) has the SQL.
    #[error("{} may not see every row of the table {table}, which has row level security", the_role(role.as_deref()))]
    RowSecurity {
        /// The table.
        table: &'static str,
        /// The role.
        role: Option<String>,
        /// The server's refusal; none where it would have hidden rows without a word.
        source: Option<sqlx::Error>,
    },
    /// The table of events or an index of it is missing and could not be created.
    #[error("could not create {}", missing.join(", "))]
    NotCreated {
        /// The names of what is missing.
        missing: Vec<&'static str>,
        /// The statements that create it.
        creation: String,
        /// The driver's error.
        source: sqlx::Error,
    },
    /// A projection could not be computed from what was appended. Nothing of the append is kept, neither event nor row: the write
    /// fails, also if its handler goes on.
    #[error("the projection {projection:?} could not apply {}", applied(*events, event_type, *version, stream))]
    NotApplied {
        /// The name of the projection.
        projection: String,
        /// How many events it was given. Of several that are applied at once, the first is named here.
        events: usize,
        /// The event's type.
        event_type: String,
        /// The stream it was appended to.
        stream: Box<Stream>,
        /// Its position in the stream.
        version: i32,
        /// The error of the projection.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The state of an aggregate could not be computed from the events of its stream.
    #[error(
        "could not apply {event_type}, version {version} of stream {} {} of tenant {}, to the state of its aggregate",
        stream.aggregate_type, stream.aggregate_id, stream.tenant_id
    )]
    NotFolded {
        /// The event's type.
        event_type: String,
        /// The stream it stands in.
        stream: Box<Stream>,
        /// Its position in the stream.
        version: i32,
        /// The error of the [`Aggregate`](super::Aggregate).
        source: Box<dyn Error + Send + Sync>,
    },
    /// The payload of an event of an older version could not be brought to the current one. The event stays as it is.
    #[error(
        "could not bring {event_type} (event {event_id}, in stream {} {} of tenant {}) from version {from} to the next",
        stream.aggregate_type, stream.aggregate_id, stream.tenant_id
    )]
    NotUpcast {
        /// The event's type.
        event_type: String,
        /// The version that it was at.
        from: i32,
        /// [`StoredEvent::id`](super::StoredEvent::id).
        event_id: i64,
        /// The stream it stands in.
        stream: Box<Stream>,
        /// The error of the step.
        source: Box<dyn Error + Send + Sync>,
    },
    /// An event has a version that this release does not know, so that it cannot be read right.
    #[error(
        "{event_type} (event {event_id}, in stream {} {} of tenant {}) has version {version}, and this release knows it up to \
         {current}: a newer release wrote it",
        stream.aggregate_type, stream.aggregate_id, stream.tenant_id
    )]
    FromNewerRelease {
        /// The event's type.
        event_type: String,
        /// [`StoredEvent::event_version`](super::StoredEvent::event_version).
        version: i32,
        /// The version that the last step of [`Upcasters`](super::Upcasters) leads to.
        current: i32,
        /// [`StoredEvent::id`](super::StoredEvent::id).
        event_id: i64,
        /// The stream it stands in.
        stream: Box<Stream>,
    },
    /// An append before failed in a way that cannot be passed over, and nothing is appended or read after that.
    #[error("nothing more is appended or read, because {earlier}")]
    EarlierFailure {
        /// What happened earlier.
        earlier: String,
    },
    /// Another event store than the library's own failed in a way of its own.
    #[error("the event store failed")]
    Store {
        /// Its error.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database failed.
    #[error("the event store failed")]
    Database {
        /// The driver's error.
        #[from]
        source: sqlx::Error,
    },
}

impl EventStoreError {
    /// An error that is peculiar to an event store of another kind.
    pub fn store(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Store {
            source: source.into(),
        }
    }
}

/// Whether an error is that of a writer who was too late.
pub(crate) fn is_version_conflict(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref();
    matches!(error, Some(EventStoreError::VersionConflict { .. }))
}

/// What a projection was given, of which the first is named.
fn applied(events: usize, event_type: &str, version: i32, stream: &Stream) -> String {
    let Stream {
        tenant_id,
        aggregate_type,
        aggregate_id,
    } = stream;
    let event = format!(
        "{event_type}, version {version} of stream {aggregate_type} {aggregate_id} of tenant {tenant_id}"
    );
    match events {
        1 => event,
        events => format!("{events} events at once, from {event} on"),
    }
}
