//! What the event store asks of a database beyond [`Backend`].

#[cfg(feature = "postgres")]
mod postgres;
mod snapshots;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod sqlite_snapshots;
#[cfg(feature = "sqlite")]
mod sqlite_streams;
mod streams;

use std::future::Future;

use sqlx::Transaction;
use uuid::Uuid;

use super::event_row::EventRow;
use super::naming::Naming;
use super::projections::ProjectionBackend;
use crate::Backend;
use crate::backend::{NotCommitted, Parameter};

pub(in crate::events) use self::snapshots::{NewSnapshot, SNAPSHOTS, SnapshotBackend};
pub(in crate::events) use self::streams::StreamsBackend;

/// A [`Backend`] that the event store knows: both of them. Its items are not for callers.
///
/// **Invariant:** no value that it takes enters the text of a statement. Servers log the statements that fail, drivers
/// the slow ones.
pub trait EventBackend: Backend + ProjectionBackend + SnapshotBackend + StreamsBackend {
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

    /// The number of events in a stream; `$1` its tenant, `$2` its aggregate.
    #[doc(hidden)]
    const STREAM_VERSION: &'static str;

    /// Runs a query of `tables` with values for `$1`, `$2` …, and says on which of them row level security is active, so
    /// that rows may be missing; see [`Backend::blinded_role`].
    ///
    /// The first column is `position`, a `bigint` that is never null and by which the rows are ordered. The others are of
    /// fixed types, whatever those of the tables are: a connection that keeps the statement refuses it once its result
    /// has other types, and a seed may migrate a table between two queries.
    #[doc(hidden)]
    fn fetch_with_secured(
        connection: &mut Self::Connection,
        tables: &[&'static str],
        sql: &str,
        values: &[Parameter<'_>],
    ) -> impl Future<Output = sqlx::Result<(Vec<&'static str>, Vec<Self::Row>)>> + Send;

    /// Begins a transaction that may write, and says which it is.
    #[doc(hidden)]
    fn begin(
        connection: &mut Self::Connection,
    ) -> impl Future<Output = sqlx::Result<(Transaction<'_, Self>, Self::Identity)>> + Send;

    /// Begins a savepoint in an open transaction, and says which transaction that is. None if somebody has ended it.
    #[doc(hidden)]
    fn begin_within<'c>(
        transaction: &'c mut Transaction<'_, Self>,
    ) -> impl Future<Output = sqlx::Result<Option<(Transaction<'c, Self>, Self::Identity)>>> + Send;

    /// Whether an error of the end of a savepoint says that there is none, because somebody has ended the transaction.
    #[doc(hidden)]
    fn is_without_savepoint(error: &sqlx::Error) -> bool;

    /// Commits a transaction of [`EventBackend::begin`]. Fails with [`Fault::TransactionEnded`](crate::backend::Fault) if
    /// somebody has ended it.
    #[doc(hidden)]
    fn commit_own<'c>(
        transaction: Transaction<'c, Self>,
        identity: &Self::Identity,
    ) -> impl Future<Output = Result<(), NotCommitted<'c, Self>>> + Send;

    /// Whether a transaction of [`EventBackend::begin`] is committed whose commit was not answered, asked on another
    /// connection. None if that is not known.
    #[doc(hidden)]
    fn is_committed(
        connection: &mut Self::Connection,
        identity: &Self::Identity,
    ) -> impl Future<Output = sqlx::Result<Option<bool>>> + Send;

    /// Inserts an event, unless its version is taken, its predecessor is not there, its stream is archived, or
    /// the open transaction is another than that of `identity`.
    #[doc(hidden)]
    fn insert_event(
        connection: &mut Self::Connection,
        identity: Option<&Self::Identity>,
        naming: Naming,
        row: &EventRow,
    ) -> impl Future<Output = sqlx::Result<Inserted>> + Send;

    /// Inserts events in their order, in as few round trips as the database allows. If one of them is not
    /// to be inserted, the answer is how many were before that was found out: none on PostgreSQL, those
    /// before it on SQLite.
    #[doc(hidden)]
    fn insert_events(
        connection: &mut Self::Connection,
        identity: Option<&Self::Identity>,
        naming: Naming,
        rows: &[EventRow],
    ) -> impl Future<Output = sqlx::Result<Inserted>> + Send;

    /// Inserts events as [`EventBackend::insert_events`] does. If all are inserted, the answer has a row for each, in their
    /// order, with the columns of [`EventBackend::LOAD`] from the second on.
    #[doc(hidden)]
    fn insert_and_read(
        connection: &mut Self::Connection,
        identity: Option<&Self::Identity>,
        naming: Naming,
        rows: &[EventRow],
    ) -> impl Future<Output = sqlx::Result<(Inserted, Vec<Self::Row>)>> + Send;

    /// Inserts the events of `$1`, an array of JSON, as a migration has made them of others.
    #[doc(hidden)]
    const INSERT_MIGRATED: &'static str;

    /// The same with ids that they bring along.
    #[doc(hidden)]
    const INSERT_WITH_ID: &'static str;

    /// Creates the table of archived streams.
    #[doc(hidden)]
    const CREATE_ARCHIVE: &'static str;

    /// Up to `$4` archived streams, of aggregate type `$1` unless that is empty, of tenant `$2` and aggregate `$5` unless they are nil, archived before `$3`.
    #[doc(hidden)]
    const LIST_ARCHIVED: &'static str;

    /// A query that has a row if there is a table `$1`.
    #[doc(hidden)]
    const HAS_TABLE: &'static str;

    /// The events of a stream with the columns of [`EventBackend::LOAD`], none if it is archived; and on which tables row level security is
    /// active, so that events or marks may be missing.
    #[doc(hidden)]
    fn load_live(
        connection: &mut Self::Connection,
        tenant_id: Uuid,
        aggregate_id: Uuid,
    ) -> impl Future<Output = sqlx::Result<(Vec<&'static str>, Vec<Self::Row>)>> + Send;

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

/// Inserts an event, provided that `$condition` holds, and returns `$returned`. The parameters are those of
/// [`values_of`], which `$values` has in the forms in which they are stored.
///
/// A refusal is an answer and not an error, because an error would end a PostgreSQL transaction.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! insert_event_sql {
    ($values:expr, $condition:expr, $returned:expr) => {
        concat!(
            "INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type,
                                        event_version, payload, metadata, created_by)
             SELECT ",
            $values,
            " WHERE ",
            $condition,
            " ON CONFLICT (tenant_id, aggregate_id, version) DO NOTHING
             RETURNING ",
            $returned
        )
    };
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use insert_event_sql;

/// The values of a statement of [`insert_event_sql`]: `$1` aggregate id, `$2` aggregate type, `$3` tenant id, `$4`
/// version, `$5` type, `$6` event version, `$7` payload, `$8` metadata, `$9` created by.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
fn values_of(row: &EventRow) -> [Parameter<'_>; 9] {
    [
        Parameter::Uuid(row.aggregate_id),
        Parameter::Text(&row.aggregate_type),
        Parameter::Uuid(row.tenant_id),
        Parameter::Integer(row.version),
        Parameter::Text(&row.event_type),
        Parameter::Integer(row.event_version),
        Parameter::Text(&row.payload),
        Parameter::Text(&row.metadata),
        Parameter::Text(&row.created_by),
    ]
}

/// What an event is read from, after a first column. A time may need another form.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! event_columns {
    ($time:ident) => {
        concat!(
            "CAST(id AS bigint), CAST(aggregate_type AS text),
                    CAST(version AS integer), CAST(type AS text), CAST(event_version AS integer),
                    CAST(payload AS text), CAST(metadata AS text), CAST(created_by AS text), ",
            $time!("created_at")
        )
    };
}

/// Loads a stream, for [`EventBackend::fetch_with_secured`].
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! load_sql {
    ($time:ident, $condition:expr) => {
        concat!(
            "SELECT CAST(version AS bigint) AS position, ",
            event_columns!($time),
            " FROM kumiko_events WHERE tenant_id = $1 AND aggregate_id = $2",
            $condition,
            " ORDER BY position"
        )
    };
}

/// Lists archived streams, for [`EventBackend::fetch_with_secured`].
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! list_archived {
    ($time:ident) => {
        concat!(
            "SELECT row_number() OVER (ORDER BY archived_at, tenant_id, aggregate_id) AS position,
                    CAST(tenant_id AS text), CAST(aggregate_id AS text), CAST(aggregate_type AS text), ",
            $time!("archived_at"),
            ", CAST(archived_by AS text), CAST(coalesce(reason, '') AS text),
                    CAST(CASE WHEN EXISTS (SELECT 1 FROM kumiko_events AS event WHERE event.tenant_id = page.tenant_id
                                           AND event.aggregate_id = page.aggregate_id) THEN 0 ELSE 1 END AS integer)
             FROM (SELECT * FROM kumiko_archived_streams
                   WHERE ($1 = '' OR aggregate_type = $1)
                     AND ($2 = '00000000-0000-0000-0000-000000000000' OR tenant_id = $2)
                     AND ($5 = '00000000-0000-0000-0000-000000000000' OR aggregate_id = $5)
                     AND archived_at < $3
                   ORDER BY archived_at, tenant_id, aggregate_id LIMIT $4) AS page
             ORDER BY position"
        )
    };
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use {event_columns, list_archived, load_sql};
