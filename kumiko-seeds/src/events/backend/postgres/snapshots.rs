//! Snapshots of aggregates in PostgreSQL.

use sqlx::postgres::PgConnection;
use sqlx::{Postgres, Row};

use super::statement::{bound, is_named};
use crate::backend::{Backend, Parameter};
use crate::events::Stream;
use crate::events::backend::snapshots::{FromSnapshot, NewSnapshot, SnapshotBackend};
use crate::events::backend::{EventBackend, event_columns};
use crate::events::naming::Naming;

/// Whoever saves a snapshot shares this lock, and whoever deletes some has it alone.
macro_rules! saving {
    () => {
        "1802727024, 0"
    };
}

/// Whoever saves a snapshot of an aggregate has this lock, in whichever tenant: the table's key is without the tenant.
macro_rules! saving_aggregate {
    ($aggregate:literal) => {
        concat!("1802727025, hashtext(CAST(", $aggregate, " AS text))")
    };
}

impl SnapshotBackend for Postgres {
    const CREATE_SNAPSHOTS: &'static str = "CREATE TABLE IF NOT EXISTS kumiko_snapshots (
    aggregate_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    aggregate_type text NOT NULL,
    version integer NOT NULL,
    state jsonb NOT NULL,
    snapshot_version integer NOT NULL DEFAULT 1,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT kumiko_snapshots_pk PRIMARY KEY (aggregate_id, version)
)";

    async fn load_from_snapshot(
        connection: &mut PgConnection,
        stream: &Stream,
        snapshot_version: i32,
    ) -> sqlx::Result<FromSnapshot<Self>> {
        let values = [
            Parameter::Uuid(stream.tenant_id),
            Parameter::Uuid(stream.aggregate_id),
            Parameter::Text(&stream.aggregate_type),
            Parameter::Integer(snapshot_version),
        ];
        let tables = ["kumiko_events", "kumiko_archived_streams"];
        let (secured, mut events) =
            Self::fetch_with_secured(connection, &tables, LOAD_FROM_SNAPSHOT, &values).await?;
        if events.is_empty() {
            return Err(sqlx::Error::RowNotFound);
        }
        let base = events.remove(0);
        let version: i32 = base.try_get(3)?;
        let state: String = base.try_get(6)?;
        Ok(FromSnapshot {
            secured,
            has_table: base.try_get::<i64, _>(1)? != 0,
            snapshot: (!state.is_empty()).then_some((version, state)),
            events,
        })
    }

    async fn save_snapshot(
        connection: &mut PgConnection,
        snapshot: &NewSnapshot<'_>,
    ) -> sqlx::Result<()> {
        let stream = snapshot.stream;
        let values = [
            Parameter::Uuid(stream.aggregate_id),
            Parameter::Uuid(stream.tenant_id),
            Parameter::Text(&stream.aggregate_type),
            Parameter::Integer(snapshot.version),
            Parameter::Text(snapshot.state),
            Parameter::Integer(snapshot.snapshot_version),
            Parameter::Integer(snapshot.since),
        ];
        let is_named = is_named(connection, Naming::LikeOthers);
        let query = bound(SAVE_SNAPSHOT, &values).persistent(is_named);
        query.execute(connection).await.map(drop)
    }

    async fn keep_from_saving(connection: &mut PgConnection) -> sqlx::Result<()> {
        let lock = concat!(
            "SELECT CAST(pg_advisory_xact_lock(",
            saving!(),
            ") AS text)"
        );
        Self::fetch(connection, lock, &[]).await.map(drop)
    }
}

/// `$1` tenant, `$2` aggregate, `$3` its type, `$4` the version of the state. The first row says, in the columns of an event, whether there is
/// a table of snapshots, and has version and state of the newest.
///
/// The table need not be there, and a statement that names one that is not ends the transaction. So it is named in a text that the
/// statement executes, as `archived!` does; base 64 has no sign that means something in XML.
const LOAD_FROM_SNAPSHOT: &str = concat!(
    "WITH snapshot AS MATERIALIZED (
        SELECT CASE WHEN to_regclass('kumiko_snapshots') IS NOT NULL THEN CAST(query_to_xml(format(
            'SELECT version, encode(convert_to(CAST(state AS text), ''UTF8''), ''base64'') AS state
             FROM kumiko_snapshots
             WHERE aggregate_id = %L AND tenant_id = %L AND aggregate_type = %L AND snapshot_version = %s
             ORDER BY version DESC LIMIT 1', $2, $1, $3, $4), false, true, '') AS text) END AS found
    ), base AS MATERIALIZED (
        SELECT found IS NOT NULL AS has_table,
               coalesce(CAST(nullif(split_part(split_part(found, '<version>', 2), '<', 1), '') AS integer), 0) AS version,
               coalesce(convert_from(decode(split_part(split_part(found, '<state>', 2), '<', 1), 'base64'), 'UTF8'), '') AS state
        FROM snapshot
    )
    SELECT CAST(-1 AS bigint) AS position, CAST(CAST(has_table AS integer) AS bigint), CAST('' AS text), version,
           CAST('' AS text), 0, state, CAST('' AS text), CAST('' AS text), CAST('epoch' AS timestamptz)
    FROM base
    UNION ALL
    SELECT CAST(version AS bigint), ",
    event_columns!(time),
    " FROM kumiko_events
    WHERE tenant_id = $1 AND aggregate_id = $2 AND version >= (SELECT base.version FROM base) AND NOT (SELECT ",
    archived!("tenant_id = %L AND aggregate_id = %L', $1, $2"),
    ")
    ORDER BY position"
);

/// `$1` aggregate, `$2` tenant, `$3` aggregate type, `$4` version, `$5` state, `$6` version of the state, `$7` the snapshot that it was computed
/// from.
///
/// **Invariant:** a snapshot is not saved once the one that it was computed from is deleted. That is among those that are deleted here, and
/// a DELETE looks at a row anew that somebody else has deleted since the statement began; a SELECT would not.
///
/// Locks that are tried, and not waited for: a snapshot is no reason to stand in anybody's way, and two transactions that save
/// those of two aggregates could wait for each other.
const SAVE_SNAPSHOT: &str = concat!(
    "WITH allowed AS MATERIALIZED (
        SELECT 1 WHERE pg_try_advisory_xact_lock_shared(",
    saving!(),
    ") AND pg_try_advisory_xact_lock(",
    saving_aggregate!("$1"),
    ")
    ), others AS (
        DELETE FROM kumiko_snapshots USING allowed
        WHERE aggregate_id = $1 AND tenant_id = $2 AND aggregate_type = ",
    text!("$3"),
    " AND version <> $4 AND snapshot_version <= $6
        RETURNING version
    )
    INSERT INTO kumiko_snapshots (aggregate_id, tenant_id, aggregate_type, version, state, snapshot_version)
    SELECT $1, $2, ",
    text!("$3"),
    ", $4, ",
    json!("$5"),
    ", $6 FROM allowed WHERE $7 = 0 OR $7 IN (SELECT others.version FROM others)
    ON CONFLICT (aggregate_id, version) DO UPDATE
    SET state = excluded.state, snapshot_version = excluded.snapshot_version, created_at = excluded.created_at
    WHERE (kumiko_snapshots.tenant_id, kumiko_snapshots.aggregate_type) = (excluded.tenant_id, excluded.aggregate_type)
      AND kumiko_snapshots.snapshot_version <= excluded.snapshot_version"
);
