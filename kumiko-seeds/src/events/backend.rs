//! What the event store asks of a database beyond [`Backend`].

use serde_json::Value;

use super::StoredUuid;
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
}

/// A conflict is an answer and not an error, because an error would end a PostgreSQL transaction.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! insert_event {
    () => {
        "INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type,
                                    event_version, payload, metadata, created_by)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
         WHERE $4 = 1 OR EXISTS (
             SELECT 1 FROM kumiko_events
             WHERE tenant_id = $3 AND aggregate_id = $1 AND version = $4 - 1)
         ON CONFLICT (tenant_id, aggregate_id, version) DO NOTHING
         RETURNING id"
    };
}

#[cfg(feature = "postgres")]
impl EventBackend for sqlx::Postgres {
    const CREATE_EVENTS: &'static str = "
        CREATE TABLE IF NOT EXISTS kumiko_events (
            id bigserial PRIMARY KEY,
            aggregate_id uuid NOT NULL,
            aggregate_type text NOT NULL,
            tenant_id uuid NOT NULL,
            version integer NOT NULL,
            type text NOT NULL,
            event_version integer NOT NULL DEFAULT 1,
            payload jsonb NOT NULL,
            metadata jsonb NOT NULL,
            created_at timestamptz(3) NOT NULL DEFAULT now(),
            created_by text NOT NULL
        );
        CREATE UNIQUE INDEX IF NOT EXISTS events_aggregate_version_uq
            ON kumiko_events (tenant_id, aggregate_id, version);
        CREATE UNIQUE INDEX IF NOT EXISTS events_idempotency_uq
            ON kumiko_events (tenant_id, (metadata->>'idempotencyKey'))
            WHERE (metadata->>'idempotencyKey') IS NOT NULL;
        CREATE INDEX IF NOT EXISTS events_load_idx ON kumiko_events (aggregate_id, version);
        CREATE INDEX IF NOT EXISTS events_tenant_type_idx
            ON kumiko_events (tenant_id, aggregate_type, created_at)";

    /// The notification wakes the original's dispatcher; PostgreSQL sends it at commit, and once
    /// however many events there are.
    const INSERT_EVENT: &'static str = concat!(
        "WITH inserted AS (",
        insert_event!(),
        ") SELECT id, CAST(pg_notify('kumiko_events_new', '') AS text) FROM inserted"
    );
}

#[cfg(feature = "sqlite")]
impl EventBackend for sqlx::Sqlite {
    const CREATE_EVENTS: &'static str = "
        CREATE TABLE IF NOT EXISTS kumiko_events (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            aggregate_id TEXT NOT NULL,
            aggregate_type TEXT NOT NULL,
            tenant_id TEXT NOT NULL,
            version INTEGER NOT NULL,
            type TEXT NOT NULL,
            event_version INTEGER NOT NULL DEFAULT 1,
            payload TEXT NOT NULL,
            metadata TEXT NOT NULL,
            created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
            created_by TEXT NOT NULL
        );
        CREATE UNIQUE INDEX IF NOT EXISTS events_aggregate_version_uq
            ON kumiko_events (tenant_id, aggregate_id, version);
        CREATE UNIQUE INDEX IF NOT EXISTS events_idempotency_uq
            ON kumiko_events (tenant_id, (metadata->>'idempotencyKey'))
            WHERE (metadata->>'idempotencyKey') IS NOT NULL;
        CREATE INDEX IF NOT EXISTS events_load_idx ON kumiko_events (aggregate_id, version);
        CREATE INDEX IF NOT EXISTS events_tenant_type_idx
            ON kumiko_events (tenant_id, aggregate_type, created_at)";

    const INSERT_EVENT: &'static str = insert_event!();
}
