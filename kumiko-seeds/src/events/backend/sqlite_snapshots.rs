//! Snapshots of aggregates in SQLite, where whoever saves one has the whole file.

use sqlx::sqlite::SqliteConnection;
use sqlx::{Row, Sqlite};

use super::snapshots::{FromSnapshot, NewSnapshot, SNAPSHOTS, SnapshotBackend};
use super::{EventBackend, event_columns};
use crate::backend::sqlite::as_it_is;
use crate::backend::{Backend, Parameter};
use crate::events::Stream;
use crate::events::existing::has_table;

impl SnapshotBackend for Sqlite {
    const CREATE_SNAPSHOTS: &'static str = "CREATE TABLE IF NOT EXISTS kumiko_snapshots (
    aggregate_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    aggregate_type TEXT NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    snapshot_version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    CONSTRAINT kumiko_snapshots_pk PRIMARY KEY (aggregate_id, version)
)";

    /// One by one: the database is in this process, and nobody writes between two statements of a transaction.
    async fn load_from_snapshot(
        connection: &mut SqliteConnection,
        stream: &Stream,
        snapshot_version: i32,
    ) -> sqlx::Result<FromSnapshot<Self>> {
        let [tenant, aggregate] = [stream.tenant_id, stream.aggregate_id].map(Parameter::Uuid);
        let has_table = has_table::<Self>(connection, SNAPSHOTS).await?;
        let mut snapshot = None;
        if has_table {
            let aggregate_type = Parameter::Text(&stream.aggregate_type);
            let version = Parameter::Integer(snapshot_version);
            let values = [aggregate, tenant, aggregate_type, version];
            for row in Self::fetch(connection, NEWEST_SNAPSHOT, &values).await? {
                snapshot = Some((row.try_get(0)?, row.try_get(1)?));
            }
        }
        let since = snapshot.as_ref().map_or(0, |(version, _)| *version);
        let values = [tenant, aggregate, Parameter::Integer(since)];
        let is_archived =
            Self::is_archived(connection, stream.tenant_id, stream.aggregate_id).await?;
        let events = if is_archived {
            Vec::new()
        } else {
            Self::fetch(connection, LOAD_FROM, &values).await?
        };
        Ok(FromSnapshot {
            secured: Vec::new(),
            has_table,
            snapshot,
            events,
        })
    }

    async fn save_snapshot(
        connection: &mut SqliteConnection,
        snapshot: &NewSnapshot<'_>,
    ) -> sqlx::Result<()> {
        let stream = snapshot.stream;
        let values = [
            Parameter::Uuid(stream.aggregate_id),
            Parameter::Uuid(stream.tenant_id),
            Parameter::Text(&stream.aggregate_type),
            Parameter::Integer(snapshot.version),
            Parameter::Integer(snapshot.snapshot_version),
            Parameter::Text(snapshot.state),
        ];
        let deleted = Self::fetch(connection, DELETE_OTHERS, &values[..5]).await?;
        let deleted = deleted.iter().map(|row| row.try_get::<i32, _>(0));
        let deleted = deleted.collect::<sqlx::Result<Vec<_>>>()?;
        if snapshot.since == 0 || deleted.contains(&snapshot.since) {
            Self::fetch(connection, SAVE, &values).await?;
        }
        Ok(())
    }

    /// Nobody can: this connection has the file.
    async fn keep_from_saving(_: &mut SqliteConnection) -> sqlx::Result<()> {
        Ok(())
    }
}

const NEWEST_SNAPSHOT: &str = "SELECT version, state FROM kumiko_snapshots
    WHERE aggregate_id = $1 AND tenant_id = $2 AND aggregate_type = $3 AND snapshot_version = $4
    ORDER BY version DESC LIMIT 1";

const LOAD_FROM: &str = concat!(
    "SELECT version AS position, ",
    event_columns!(as_it_is),
    " FROM kumiko_events WHERE tenant_id = $1 AND aggregate_id = $2 AND version >= $3 ORDER BY position"
);

const DELETE_OTHERS: &str = "DELETE FROM kumiko_snapshots
    WHERE aggregate_id = $1 AND tenant_id = $2 AND aggregate_type = $3 AND version <> $4 AND snapshot_version <= $5
    RETURNING version";

const SAVE: &str = "INSERT INTO kumiko_snapshots
        (aggregate_id, tenant_id, aggregate_type, version, snapshot_version, state)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (aggregate_id, version) DO UPDATE
    SET state = excluded.state, snapshot_version = excluded.snapshot_version, created_at = excluded.created_at
    WHERE (kumiko_snapshots.tenant_id, kumiko_snapshots.aggregate_type) = (excluded.tenant_id, excluded.aggregate_type)
      AND kumiko_snapshots.snapshot_version <= excluded.snapshot_version";
