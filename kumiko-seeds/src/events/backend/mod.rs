//! What the event store asks of a database beyond [`Backend`].

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::future::Future;

use serde_json::Value;

use super::StoredUuid;
use super::event_row::EventRow;
use super::statement::Statement;
use crate::Backend;
use crate::backend::Carries;

/// A [`Backend`] that the event store knows: both of them. Its items are not for callers.
pub trait EventBackend: Backend + Carries<StoredUuid> + Carries<Value> {
    /// Creates the table of events and its indexes where they are missing.
    #[doc(hidden)]
    const CREATE_EVENTS: &'static str;

    /// Inserts an event and returns its id, or returns nothing if the version is taken or its
    /// predecessor is not there. `$1` aggregate id, `$2` aggregate type, `$3` tenant id, `$4` version,
    /// `$5` type, `$6` event version, `$7` payload, `$8` metadata, `$9` created by.
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
    ($json:literal) => {
        concat!(
            "INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type,
                                        event_version, payload, metadata, created_by)
             SELECT $1, $2, $3, $4, $5, $6, CAST($7 AS ",
            $json,
            "), CAST($8 AS ",
            $json,
            "), $9
             WHERE $4 = 1 OR EXISTS (
                 SELECT 1 FROM kumiko_events
                 WHERE tenant_id = $3 AND aggregate_id = $1 AND version = $4 - 1)
             ON CONFLICT (tenant_id, aggregate_id, version) DO NOTHING
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
    let inserted = Statement::<DB>::new(DB::INSERT_EVENT)
        .bind(StoredUuid(row.aggregate_id))
        .bind(row.aggregate_type.clone())
        .bind(StoredUuid(row.tenant_id))
        .bind(row.version)
        .bind(row.event_type.clone())
        .bind(row.event_version)
        .bind(row.payload.clone())
        .bind(row.metadata.clone())
        .bind(row.created_by.clone())
        .fetch_optional(connection)
        .await?;
    Ok(inserted.map_or(Inserted::First(0), |_| Inserted::All))
}
