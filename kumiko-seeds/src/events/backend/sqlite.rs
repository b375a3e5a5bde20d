//! The event store's statements that only SQLite understands.

use sqlx::Sqlite;
use sqlx::sqlite::SqliteConnection;

use super::{EventBackend, Inserted, insert_event, insert_event_sql};
use crate::events::event_row::EventRow;

impl EventBackend for Sqlite {
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

    const INSERT_FIRST_EVENT: &'static str = insert_event_sql!(first);

    const INSERT_EVENT: &'static str = insert_event_sql!(later);

    /// One by one: the database is in this process, and there is no way to it that could be saved.
    async fn insert_events(
        connection: &mut SqliteConnection,
        rows: &[EventRow],
    ) -> sqlx::Result<Inserted> {
        for (index, row) in rows.iter().enumerate() {
            if insert_event::<Self>(connection, row).await? != Inserted::All {
                return Ok(Inserted::First(index));
            }
        }
        Ok(Inserted::All)
    }
}
