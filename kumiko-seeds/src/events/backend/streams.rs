//! Statements on many streams at once, which are `$1`: a list of objects of JSON, each with `tenant_id` and `aggregate_id`.

use crate::backend::Backend;

/// What the end of archived streams asks of a database. Its items are not for callers.
///
/// Every statement is one for `fetch_with_secured`: its first column is `position`.
#[doc(hidden)]
pub trait StreamsBackend: Backend {
    /// Up to `$6` marks behind tenant `$1` and aggregate `$2`, set before `$3`, of aggregate type `$4` unless that is empty, of tenant `$5`
    /// unless that is nil, whose streams have events. The columns are those of `EventBackend::LIST_ARCHIVED`.
    const NEXT_ARCHIVED: &'static str;

    /// Locks the marks of streams, and gives tenant, aggregate and moment of each that is there.
    const LOCK_MARKS: &'static str;

    /// The streams that have events: tenant, aggregate, how many events and the greatest id of them.
    const SIZES_OF: &'static str;

    /// The events of streams by tenant, aggregate and version: the columns of `EventBackend::LOAD`, tenant and aggregate.
    const EVENTS_OF: &'static str;

    /// Up to `$4` events of the stream of tenant `$1` and aggregate `$2` behind version `$3`, with the columns of `StreamsBackend::EVENTS_OF`.
    const EVENTS_BEHIND: &'static str;

    /// Deletes the events of streams, and gives how many there were.
    const DELETE_EVENTS: &'static str;

    /// Deletes the snapshots of streams.
    const DELETE_SNAPSHOTS: &'static str;

    /// Deletes the events of streams that rebuilds have set aside.
    const DELETE_SET_ASIDE: &'static str;

    /// Deletes the events of streams that the original could not bring up to date.
    const DELETE_NOT_UPCAST: &'static str;

    /// Sets marks, `$1` with all that they have, unless there are some. Gives tenant and aggregate of each that is new.
    const INSERT_MARKS: &'static str;

    /// Inserts events, unless there are others with their ids or versions: `$1`, a list of objects of JSON with all that an event has, payload and
    /// metadata as texts. Gives a row for each that was inserted.
    ///
    /// Its `WHERE` is for SQLite, which takes an `ON` behind a `FROM` for a join's.
    const INSERT_EXPORTED: &'static str;

    /// Tenant and aggregate of each of these events that is not there as it is in `$1`.
    const NOT_AS_EXPORTED: &'static str;

    /// The greatest id that the database has given an event.
    const LAST_ID: &'static str;
}

/// Deletes the events of streams from a table of those that could not be used, where `$streams` selects tenants and aggregates. The original has
/// the ids of aggregates as texts there.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! delete_letters {
    ($table:literal, $streams:expr) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE (CAST(tenant_id AS text), CAST(aggregate_id AS text)) IN
                   (SELECT CAST(tenant_id AS text), CAST(aggregate_id AS text) FROM (",
            $streams,
            ") AS stream) RETURNING CAST(1 AS bigint) AS position"
        )
    };
}

/// All statements of [`StreamsBackend`], where `$streams` selects the tenants and aggregates that are `$1`, `$marks` the marks and `$exported` the events.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! statements_on_streams {
    ($time:ident, $streams:expr, $marks:expr, $exported:expr) => {
        const NEXT_ARCHIVED: &'static str = concat!(
            "SELECT row_number() OVER (ORDER BY tenant_id, aggregate_id) AS position,
                    CAST(tenant_id AS text), CAST(aggregate_id AS text), CAST(aggregate_type AS text), ",
            $time!("archived_at"),
            ", CAST(archived_by AS text), CAST(coalesce(reason, '') AS text), CAST(0 AS integer)
             FROM (SELECT * FROM kumiko_archived_streams AS mark
                   WHERE (tenant_id, aggregate_id) > ($1, $2) AND archived_at < $3
                     AND ($4 = '' OR aggregate_type = $4)
                     AND ($5 = '00000000-0000-0000-0000-000000000000' OR tenant_id = $5)
                     AND EXISTS (SELECT 1 FROM kumiko_events AS event
                                 WHERE event.tenant_id = mark.tenant_id AND event.aggregate_id = mark.aggregate_id)
                   ORDER BY tenant_id, aggregate_id LIMIT $6) AS page
             ORDER BY position"
        );

        const LOCK_MARKS: &'static str = concat!(
            "UPDATE kumiko_archived_streams SET reason = reason WHERE (tenant_id, aggregate_id) IN (",
            $streams,
            ") RETURNING CAST(1 AS bigint) AS position, CAST(tenant_id AS text), CAST(aggregate_id AS text), ",
            $time!("archived_at")
        );

        const SIZES_OF: &'static str = concat!(
            "SELECT row_number() OVER (ORDER BY tenant_id, aggregate_id) AS position, CAST(tenant_id AS text),
                    CAST(aggregate_id AS text), CAST(count(*) AS bigint), CAST(max(id) AS bigint)
             FROM kumiko_events WHERE (tenant_id, aggregate_id) IN (",
            $streams,
            ") GROUP BY tenant_id, aggregate_id ORDER BY position"
        );

        const EVENTS_OF: &'static str = concat!(
            "SELECT row_number() OVER (ORDER BY tenant_id, aggregate_id, version) AS position, ",
            event_columns!($time),
            ", CAST(tenant_id AS text), CAST(aggregate_id AS text) FROM kumiko_events
             WHERE (tenant_id, aggregate_id) IN (",
            $streams,
            ") ORDER BY position"
        );

        const EVENTS_BEHIND: &'static str = concat!(
            "SELECT CAST(version AS bigint) AS position, ",
            event_columns!($time),
            ", CAST(tenant_id AS text), CAST(aggregate_id AS text) FROM kumiko_events
             WHERE tenant_id = $1 AND aggregate_id = $2 AND version > $3 ORDER BY version LIMIT $4"
        );

        const DELETE_EVENTS: &'static str = concat!(
            "DELETE FROM kumiko_events WHERE (tenant_id, aggregate_id) IN (",
            $streams,
            ") RETURNING CAST(1 AS bigint) AS position"
        );

        const DELETE_SNAPSHOTS: &'static str = concat!(
            "DELETE FROM kumiko_snapshots WHERE (tenant_id, aggregate_id) IN (",
            $streams,
            ") RETURNING CAST(1 AS bigint) AS position"
        );

        const DELETE_SET_ASIDE: &'static str = delete_letters!("kumiko_rebuild_dead_letters", $streams);

        const DELETE_NOT_UPCAST: &'static str = delete_letters!("kumiko_upcaster_dead_letters", $streams);

        const INSERT_MARKS: &'static str = concat!(
            "INSERT INTO kumiko_archived_streams (tenant_id, aggregate_id, aggregate_type, archived_at, archived_by, reason)
             SELECT tenant_id, aggregate_id, aggregate_type, archived_at, archived_by, reason
             FROM (",
            $marks,
            ") AS exported WHERE 1 = 1
             ON CONFLICT (tenant_id, aggregate_id) DO NOTHING
             RETURNING CAST(1 AS bigint) AS position, CAST(tenant_id AS text), CAST(aggregate_id AS text)"
        );

        const INSERT_EXPORTED: &'static str = concat!(
            "INSERT INTO kumiko_events (id, tenant_id, aggregate_id, aggregate_type, version, type, event_version, payload,
                                        metadata, created_at, created_by)
             SELECT id, tenant_id, aggregate_id, aggregate_type, version, type, event_version, payload, metadata,
                    created_at, created_by
             FROM (",
            $exported,
            ") AS exported WHERE 1 = 1
             ON CONFLICT DO NOTHING RETURNING CAST(1 AS bigint) AS position"
        );

        const NOT_AS_EXPORTED: &'static str = concat!(
            "SELECT CAST(1 AS bigint) AS position, CAST(tenant_id AS text), CAST(aggregate_id AS text) FROM (",
            $exported,
            ") AS exported WHERE NOT EXISTS (
                 SELECT 1 FROM kumiko_events AS event
                 WHERE event.tenant_id = exported.tenant_id AND event.aggregate_id = exported.aggregate_id
                   AND event.version = exported.version AND event.aggregate_type = exported.aggregate_type
                   AND event.id = exported.id AND event.type = exported.type
                   AND event.event_version = exported.event_version AND event.created_by = exported.created_by
                   AND event.payload = exported.payload AND event.metadata = exported.metadata)"
        );
    };
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(super) use {delete_letters, statements_on_streams};
