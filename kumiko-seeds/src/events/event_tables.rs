//! The table of events, created where it is missing.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Executor};

use super::{EventBackend, EventStoreError};
use crate::backend::column;

/// Creates the table of events and its indexes where they are missing.
///
/// Call it in [`SeedRunner::prepare`](crate::SeedRunner::prepare), which holds the lock of seeds, so that
/// replicas do this one after another. Where all of it exists, this only looks, and waits for nobody.
///
/// On PostgreSQL an index is created once every transaction that has written events is over, and
/// whoever wants to write meanwhile waits. So this gives up after five seconds, or after `lock_timeout`
/// where that is shorter.
///
/// # Errors
/// [`EventStoreError::NotCreated`] if the database refuses, with the statements for somebody who may.
pub async fn create_event_tables<DB: EventBackend>(
    connection: &mut DB::Connection,
) -> Result<(), EventStoreError> {
    let rows = DB::fetch(connection, DB::EXISTING_RELATIONS, &[]).await?;
    let existing = rows.iter().map(|row| column::<DB, String>(row, 0));
    let existing = existing.collect::<sqlx::Result<BTreeSet<_>>>()?;
    let relations = [(TABLE, DB::CREATE_EVENTS)].into_iter().chain(INDEXES);
    let (missing, creation): (Vec<_>, Vec<_>) = relations
        .filter(|(name, _)| !existing.contains(*name))
        .unzip();
    if missing.is_empty() {
        return Ok(());
    }
    let creation = creation.join(";\n");
    let statements = AssertSqlSafe(DB::with_bounded_waits(&creation));
    let created = DB::executor(connection)
        .execute(sqlx::raw_sql(statements))
        .await;
    match created {
        Ok(_) => Ok(()),
        Err(source) => Err(EventStoreError::NotCreated {
            missing,
            creation,
            source,
        }),
    }
}

const TABLE: &str = "kumiko_events";

/// Each with its name.
const INDEXES: [(&str, &str); 4] = [
    (
        "events_aggregate_version_uq",
        "CREATE UNIQUE INDEX IF NOT EXISTS events_aggregate_version_uq
    ON kumiko_events (tenant_id, aggregate_id, version)",
    ),
    (
        "events_idempotency_uq",
        "CREATE UNIQUE INDEX IF NOT EXISTS events_idempotency_uq
    ON kumiko_events (tenant_id, (metadata->>'idempotencyKey'))
    WHERE (metadata->>'idempotencyKey') IS NOT NULL",
    ),
    (
        "events_load_idx",
        "CREATE INDEX IF NOT EXISTS events_load_idx ON kumiko_events (aggregate_id, version)",
    ),
    (
        "events_tenant_type_idx",
        "CREATE INDEX IF NOT EXISTS events_tenant_type_idx
    ON kumiko_events (tenant_id, aggregate_type, created_at)",
    ),
];
