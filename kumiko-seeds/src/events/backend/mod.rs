//! What the event store asks of a database beyond [`Backend`].

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::future::Future;

use uuid::Uuid;

use super::StoredUuid;
use super::event_row::EventRow;
use crate::Backend;
use crate::backend::{Carries, Value};

/// A [`Backend`] that the event store knows: both of them. Its items are not for callers.
pub trait EventBackend: Backend + Carries<StoredUuid> + Carries<serde_json::Value> {
    /// Creates the table of events.
    #[doc(hidden)]
    const CREATE_EVENTS: &'static str;

    /// Lists the names of tables and indexes, the event store's among them, where new ones are created.
    #[doc(hidden)]
    const EXISTING_RELATIONS: &'static str;

    /// Statements that do not wait for another connection's lock for longer than a few seconds.
    #[doc(hidden)]
    fn with_bounded_waits(statements: &str) -> String;

    /// Loads a stream; `$1` its tenant, `$2` its aggregate.
    #[doc(hidden)]
    const LOAD: &'static str;

    /// Runs a query of `tables` as [`Backend::fetch`] does, and says on which of them row level security is active, so that
    /// rows may be missing; see [`Backend::blinded_role`].
    #[doc(hidden)]
    fn fetch_with_secured(
        connection: &mut Self::Connection,
        tables: &[&'static str],
        sql: &'static str,
        values: &[Value<'_>],
    ) -> impl Future<Output = sqlx::Result<(Vec<&'static str>, Vec<Self::Row>)>> + Send;

    /// Inserts an event, unless its version is taken, its predecessor is not there, its stream is archived, or
    /// the open transaction is another than that of `identity`.
    #[doc(hidden)]
    fn insert_event(
        connection: &mut Self::Connection,
        identity: Option<&Self::Identity>,
        row: &EventRow,
    ) -> impl Future<Output = sqlx::Result<Inserted>> + Send;

    /// Inserts events in their order, in as few round trips as the database allows. If one of them is not
    /// to be inserted, the answer is how many were before that was found out: none on PostgreSQL, those
    /// before it on SQLite.
    #[doc(hidden)]
    fn insert_events(
        connection: &mut Self::Connection,
        identity: Option<&Self::Identity>,
        rows: &[EventRow],
    ) -> impl Future<Output = sqlx::Result<Inserted>> + Send;

    /// Whether `kumiko_archived_streams` marks a stream. That table is the original's, and need not exist.
    #[doc(hidden)]
    fn is_archived(
        connection: &mut Self::Connection,
        tenant_id: Uuid,
        aggregate_id: Uuid,
    ) -> impl Future<Output = sqlx::Result<bool>> + Send;
}

/// How an insertion went, if the database did not fail.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// Every event is inserted.
    All,
    /// So they are, but row level security is active on the table of archived streams.
    AllWithSecuredArchive,
    /// The first so many are, and one of the others was refused.
    First(usize),
}

/// Inserts the first event of a stream, or a later one if its predecessor is there, provided that
/// `$condition` holds, and returns its id. `$1` aggregate id, `$2` aggregate type, `$3` tenant id, `$4`
/// version, `$5` type, `$6` event version, `$7` payload, `$8` metadata, `$9` created by.
///
/// To look for the predecessor makes a tenth of the statement's time. A refusal is an answer and not an
/// error, because an error would end a PostgreSQL transaction.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! insert_event_sql {
    (first, $condition:expr) => {
        concat!(
            "INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type,
                                        event_version, payload, metadata, created_by)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
             WHERE ",
            $condition,
            " ON CONFLICT (tenant_id, aggregate_id, version) DO NOTHING
             RETURNING id"
        )
    };
    (later, $condition:expr) => {
        insert_event_sql!(
            first,
            concat!(
                "EXISTS (SELECT 1 FROM kumiko_events
                         WHERE tenant_id = $3 AND aggregate_id = $1 AND version = $4 - 1)
                 AND ",
                $condition
            )
        )
    };
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use insert_event_sql;

/// The values of a statement of [`insert_event_sql`].
#[cfg(any(feature = "postgres", feature = "sqlite"))]
fn values_of(row: &EventRow) -> [Value<'_>; 9] {
    [
        Value::Uuid(row.aggregate_id),
        Value::Text(&row.aggregate_type),
        Value::Uuid(row.tenant_id),
        Value::Integer(row.version),
        Value::Text(&row.event_type),
        Value::Integer(row.event_version),
        Value::Json(&row.payload),
        Value::Json(&row.metadata),
        Value::Text(&row.created_by),
    ]
}

/// Runs a statement of [`insert_event_sql`].
#[cfg(any(feature = "postgres", feature = "sqlite"))]
async fn insert_with<DB: EventBackend>(
    connection: &mut DB::Connection,
    insert: &'static str,
    values: &[Value<'_>],
) -> sqlx::Result<Vec<DB::Row>> {
    DB::fetch(connection, insert, values).await
}

/// Loads a stream. A time may need another form.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! load_sql {
    ($time:ident) => {
        concat!(
            "SELECT id, aggregate_type, version, type, event_version, payload, metadata, created_by, ",
            $time!("created_at"),
            " FROM kumiko_events WHERE tenant_id = $1 AND aggregate_id = $2 ORDER BY version"
        )
    };
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use load_sql;
