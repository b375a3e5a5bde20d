//! What projections ask of a database: shadows of tables, and the lock of the live ones.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::future::Future;
use std::time::Duration;

use uuid::Uuid;

use super::shape::Shape;
use crate::backend::Backend;

/// What a rebuild and a check ask of a database.
///
/// A shadow is a table with the name and shape of a live one, which is empty at first. A statement that names the table without a schema finds
/// the shadow.
#[doc(hidden)]
pub trait ProjectionBackend: Backend {
    /// The operator that tells whether two values differ, with nulls as values.
    const IS_DISTINCT_FROM: &'static str;

    /// What an INSERT says to give identity columns their values.
    const OVERRIDING: &'static str;

    /// Begins a transaction whose statements all see one moment.
    const BEGIN_SNAPSHOT: &'static str;

    /// Creates the table of events that are set aside, where it is missing.
    const CREATE_SET_ASIDE: &'static str;

    /// Sets events aside: of projection `$1` those of the array `$2`, each an object.
    const INSERT_SET_ASIDE: &'static str;

    /// The events of projection `$1` that are set aside.
    const LIST_SET_ASIDE: &'static str;

    /// The archived streams of the aggregates `$1`: tenant and aggregate.
    const ARCHIVED_AMONG: &'static str;

    /// What is run before and after reading events in the order of aggregates, if something is: they are to be read along the index that has
    /// them so. Whoever reads the rest of the table and sorts it does that for each page.
    const ALONG_THE_INDEX: Option<[&'static str; 2]>;

    /// The next `$4` events after aggregate `$1`, version `$2`, tenant `$3`, in this order, of aggregate types `$5`.
    const LOAD_AFTER: &'static str;

    /// The same of the streams of tenant `$6`.
    const LOAD_OF_TENANT: &'static str;

    /// The columns of an event, as they are read.
    const EVENT_COLUMNS: &'static str;

    /// That aggregate type and type of an event are among the pairs of the array `$1`.
    const TYPES_AMONG: &'static str;

    /// The next `$2` events after id `$1`, in this order, of aggregate types `$3`.
    const LOAD_BY_ID: &'static str;

    /// The events of the aggregates `$1` of aggregate types `$2`, in the order of [`ProjectionBackend::LOAD_AFTER`].
    const LOAD_OF: &'static str;

    /// The same without those of streams that are archived. The table of archived streams has to be there.
    const LOAD_LIVE_OF: &'static str;

    /// The events of the aggregates `$1` that come after those known, `$2`, each as `[tenant, aggregate, version]`, of aggregate types `$3`.
    const LOAD_SINCE: &'static str;

    /// The aggregates of those streams of `$1`, each as `[tenant, aggregate, version]`, that have a later version.
    const GONE_ON: &'static str;

    /// That a value is one of `ids`.
    fn among(ids: &[Uuid]) -> String;

    /// Keeps tables as they are until the transaction ends or [`ProjectionBackend::let_go`]; whoever wants to change one waits for that. False
    /// if somebody is changing one or waits to. Tables that are missing are left to whoever looks at them.
    ///
    /// **Invariant:** it does not wait. Whoever changes several tables in one transaction would then wait for us, and we for them.
    fn hold(
        connection: &mut Self::Connection,
        tables: &[&str],
    ) -> impl Future<Output = sqlx::Result<bool>> + Send;

    /// Undoes everything since [`ProjectionBackend::hold`], and frees what was locked since.
    fn let_go(connection: &mut Self::Connection) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// What the table `name` is like; none if there is no such table.
    fn shape(
        connection: &mut Self::Connection,
        name: &str,
    ) -> impl Future<Output = sqlx::Result<Option<Shape>>> + Send;

    /// Creates the shadows of tables, and has every statement look its tables up anew.
    fn create_shadows(
        connection: &mut Self::Connection,
        shapes: &[Shape],
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Drops them, where they do not go with the transaction.
    fn drop_shadows(
        connection: &mut Self::Connection,
        shapes: &[Shape],
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Creates shadows that outlive the transaction, in place of any others that are kept of these tables, and has statements find them first.
    /// Gives their schema, quoted.
    fn create_kept(
        connection: &mut Self::Connection,
        shapes: &[Shape],
        kept: &str,
    ) -> impl Future<Output = sqlx::Result<String>> + Send;

    /// Has statements find the shadows first that are kept of these tables. Gives their schema, quoted, and as what they are kept; none if there
    /// are none.
    fn open_kept(
        connection: &mut Self::Connection,
        shapes: &[Shape],
        kept: &str,
    ) -> impl Future<Output = sqlx::Result<Option<(String, String)>>> + Send;

    /// Has statements find the live tables again, and keeps the shadows.
    fn close_kept(
        connection: &mut Self::Connection,
        shapes: &[Shape],
        kept: &str,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Drops shadows that are kept and closed.
    fn drop_kept(
        connection: &mut Self::Connection,
        shapes: &[Shape],
        kept: &str,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// What gives a value as a literal.
    fn literal(value: &str) -> String;

    /// What tells that something else than shadows is written.
    type Guard: Send + Sync;

    /// From here on nothing but shadows may be written.
    fn guard(
        connection: &mut Self::Connection,
        lives: Lives,
    ) -> impl Future<Output = sqlx::Result<Self::Guard>> + Send;

    /// Ends that, and gives the name of a table that was written all the same.
    fn unguard(
        connection: &mut Self::Connection,
        guard: Self::Guard,
    ) -> impl Future<Output = sqlx::Result<Option<String>>> + Send;

    /// Ends it and undoes what was written meanwhile, also after a statement has failed.
    fn undo(
        connection: &mut Self::Connection,
        guard: Self::Guard,
    ) -> impl Future<Output = sqlx::Result<Option<String>>> + Send;

    /// Whether an error says that something else than a shadow was to be written.
    fn is_guarded(error: &sqlx::Error) -> bool;

    /// Waits until no transaction is left that was writing events when this began, and gives the greatest id that had been handed out
    /// by then: whatever comes to be seen later has a greater one. None if it would take longer than `patience`.
    fn settled_id(
        connection: &mut Self::Connection,
        patience: Duration,
    ) -> impl Future<Output = sqlx::Result<Option<i64>>> + Send;

    /// Runs a statement, and gives how many rows it has changed.
    fn execute_text(
        connection: &mut Self::Connection,
        sql: &str,
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;

    /// Takes the live tables from their writers until the transaction ends, while readers go on. They are not waited for longer than `waits`,
    /// since writers wait behind us, and each statement that follows fails once it has taken `holds`, if that is said. None if they were taken,
    /// else who has one.
    ///
    /// **Invariant:** what is read afterwards is younger than the lock.
    fn lock_writers_out(
        connection: &mut Self::Connection,
        shapes: &[Shape],
        waits: Duration,
        holds: Option<Duration>,
    ) -> impl Future<Output = sqlx::Result<Option<String>>> + Send;
}

/// How long shadows live.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lives {
    UntilCommit,
    /// They are kept for the next step.
    On,
}

/// The columns of an event, as `Page` reads them.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! event_columns {
    ($time:ident) => {
        concat!(
            "CAST(tenant_id AS text), CAST(aggregate_id AS text), CAST(id AS bigint), \
             CAST(aggregate_type AS text), CAST(version AS integer), CAST(type AS text), \
             CAST(event_version AS integer), CAST(payload AS text), CAST(metadata AS text), \
             CAST(created_by AS text), ",
            $time!("created_at")
        )
    };
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use event_columns;

/// [`ProjectionBackend::LIST_SET_ASIDE`].
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! list_set_aside {
    ($time:ident) => {
        concat!(
            "SELECT CAST(id AS bigint) AS position, CAST(event_id AS text), CAST(event_type AS text),
                    CAST(aggregate_type AS text), CAST(aggregate_id AS text), CAST(error_message AS text), ",
            $time!("created_at"),
            " FROM kumiko_rebuild_dead_letters WHERE projection_name = $1 ORDER BY position"
        )
    };
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use list_set_aside;

/// [`ProjectionBackend::LOAD_AFTER`], `$types` being the list of aggregate types in its fifth parameter.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! load_after {
    ($time:ident, $types:literal, $of:literal) => {
        concat!(
            "SELECT row_number() OVER (ORDER BY aggregate_id, version, tenant_id) AS position, ",
            event_columns!($time),
            " FROM (SELECT * FROM kumiko_events
                    WHERE (aggregate_id, version, tenant_id) > ($1, $2, $3) AND aggregate_type IN (",
            $types,
            ")",
            $of,
            " ORDER BY aggregate_id, version, tenant_id LIMIT $4) AS page ORDER BY position"
        )
    };
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use load_after;

/// [`ProjectionBackend::LOAD_OF`], or [`ProjectionBackend::LOAD_LIVE_OF`] with a condition for it.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! load_of {
    (live, $time:ident, $ids:literal, $types:literal) => {
        load_of!(
            $time,
            $ids,
            $types,
            " AND NOT EXISTS (SELECT 1 FROM kumiko_archived_streams AS mark
                              WHERE mark.tenant_id = kumiko_events.tenant_id
                                AND mark.aggregate_id = kumiko_events.aggregate_id)"
        )
    };
    ($time:ident, $ids:literal, $types:literal, $live:literal) => {
        concat!(
            "SELECT row_number() OVER (ORDER BY aggregate_id, version, tenant_id) AS position, ",
            event_columns!($time),
            " FROM kumiko_events WHERE aggregate_id IN (",
            $ids,
            ") AND aggregate_type IN (",
            $types,
            ")",
            $live,
            " ORDER BY position"
        )
    };
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use load_of;

/// [`ProjectionBackend::LOAD_BY_ID`].
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! load_by_id {
    ($time:ident, $types:literal) => {
        concat!(
            "SELECT CAST(id AS bigint) AS position, ",
            event_columns!($time),
            " FROM (SELECT * FROM kumiko_events WHERE id > $1 AND aggregate_type IN (",
            $types,
            ") ORDER BY id LIMIT $2) AS page ORDER BY position"
        )
    };
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use load_by_id;
