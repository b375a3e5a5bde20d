//! What the event store asks of a database beyond [`Backend`].

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::future::Future;

use super::StoredUuid;
use super::event_row::EventRow;
use crate::Backend;
use crate::backend::{Carries, Value};

/// A [`Backend`] that the event store knows: both of them. Its items are not for callers.
pub trait EventBackend: Backend + Carries<StoredUuid> + Carries<serde_json::Value> {
    /// Creates the table of events and its indexes where they are missing.
    #[doc(hidden)]
    const CREATE_EVENTS: &'static str;

    /// Inserts the first event of a stream and returns its id, or returns nothing if there is one.
    /// `$1` aggregate id, `$2` aggregate type, `$3` tenant id, `$4` version, `$5` type, `$6` event
    /// version, `$7` payload, `$8` metadata, `$9` created by.
    #[doc(hidden)]
    const INSERT_FIRST_EVENT: &'static str;

    /// The same for a later event, and returns nothing either if its predecessor is not there. To look
    /// for it makes a tenth of the statement's time.
    #[doc(hidden)]
    const INSERT_EVENT: &'static str;

    /// Inserts events in their order, in as few round trips as the database allows. If the version of
    /// one is taken or its predecessor is not there, the answer is how many were inserted before that
    /// was found out: none on PostgreSQL, those before it on SQLite.
    #[doc(hidden)]
    fn insert_events(
        connection: &mut Self::Connection,
        rows: &[EventRow],
    ) -> impl Future<Output = sqlx::Result<Inserted>> + Send;
}

/// How an insertion went, if the database did not fail.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// Every event is inserted.
    All,
    /// The first so many are, and one of the others met a conflict.
    First(usize),
}

/// A conflict is an answer and not an error, because an error would end a PostgreSQL transaction.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! insert_event_sql {
    (first) => {
        insert_event_sql!("true")
    };
    (later) => {
        insert_event_sql!(
            "EXISTS (SELECT 1 FROM kumiko_events
                     WHERE tenant_id = $3 AND aggregate_id = $1 AND version = $4 - 1)"
        )
    };
    ($condition:literal) => {
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
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use insert_event_sql;

/// Inserts one event.
pub(super) async fn insert_event<DB: EventBackend>(
    connection: &mut DB::Connection,
    row: &EventRow,
) -> sqlx::Result<Inserted> {
    let values = [
        Value::Uuid(row.aggregate_id),
        Value::Text(&row.aggregate_type),
        Value::Uuid(row.tenant_id),
        Value::Integer(row.version),
        Value::Text(&row.event_type),
        Value::Integer(row.event_version),
        Value::Json(&row.payload),
        Value::Json(&row.metadata),
        Value::Text(&row.created_by),
    ];
    let insert = if row.version == 1 {
        DB::INSERT_FIRST_EVENT
    } else {
        DB::INSERT_EVENT
    };
    let inserted = DB::fetch(connection, insert, &values).await?;
    Ok(match inserted.as_slice() {
        [] => Inserted::First(0),
        _ => Inserted::All,
    })
}
