//! What can go wrong in the event store.

use std::error::Error;

use uuid::Uuid;

use super::Stream;
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
    /// The original's table `kumiko_archived_streams` marks the stream, whose events nobody would see. Nothing of
    /// the append is kept that the caller does not commit.
    #[error(
        "stream {} {} of tenant {} is archived, so nothing may be appended to it",
        stream.aggregate_type, stream.aggregate_id, stream.tenant_id
    )]
    StreamArchived {
        /// The stream.
        stream: Stream,
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
