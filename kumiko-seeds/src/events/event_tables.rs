//! The tables of events, of snapshots and of archived streams, created where they are missing.

use std::collections::BTreeSet;

use sqlx::error::DatabaseError;
use sqlx::{AssertSqlSafe, Connection, Executor};

use super::archive::ARCHIVE;
use super::backend::SNAPSHOTS;
use super::{EventBackend, EventStoreError};
use crate::backend::column;
use crate::progress::TARGET;

/// Creates the table of events, that of [snapshots](super::Aggregate#snapshots), and their indexes where they are missing.
///
/// Call it in [`SeedRunner::prepare`](crate::SeedRunner::prepare), which holds the lock of seeds, so that
/// replicas do this one after another. Where all of it exists, this only looks, and waits for nobody. Where another
/// service, which does not know of that lock, is creating the same, this waits for it and creates the rest.
///
/// On PostgreSQL an index is created once every transaction that has written events is over, and
/// whoever wants to write meanwhile waits. So this gives up after five seconds, or after `lock_timeout`
/// where that is shorter.
///
/// A role that may not create tables does without that of snapshots, if nothing else is missing.
///
/// # Errors
/// [`EventStoreError::NotCreated`] if the database refuses, with the statements for somebody who may.
pub async fn create_event_tables<DB: EventBackend>(
    connection: &mut DB::Connection,
) -> Result<(), EventStoreError> {
    let events = [(TABLE, DB::CREATE_EVENTS)].into_iter().chain(INDEXES);
    let snapshots = [(SNAPSHOTS, DB::CREATE_SNAPSHOTS), INDEX_OF_SNAPSHOTS];
    create_missing::<DB>(connection, &events.chain(snapshots).collect::<Vec<_>>()).await
}

/// Creates the table of archived streams. It comes with the first of them, since each append looks into it where it is there.
///
/// # Errors
/// [`EventStoreError::NotCreated`] if the database refuses, with the statements for somebody who may.
pub(super) async fn create_archive<DB: EventBackend>(
    connection: &mut DB::Connection,
) -> Result<(), EventStoreError> {
    create_missing::<DB>(connection, &[(ARCHIVE, DB::CREATE_ARCHIVE), KEY_OF_ARCHIVE]).await
}

async fn create_missing<DB: EventBackend>(
    connection: &mut DB::Connection,
    relations: &[Relation],
) -> Result<(), EventStoreError> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let missing = missing::<DB>(connection, relations).await?;
        match create::<DB>(connection, &missing).await {
            Err(error) if attempts < MOST_ATTEMPTS && is_there_by_now(&error) => {}
            Err(error) if is_of_snapshots(&missing) && is_forbidden(&error) => {
                tracing::debug!(target: TARGET, %error, "no table of snapshots; nothing is kept in it");
                return Ok(());
            }
            created => {
                return created.map_err(|source| EventStoreError::NotCreated {
                    missing: missing.iter().map(|(name, _)| *name).collect(),
                    creation: statements(&missing),
                    source,
                });
            }
        }
    }
}

/// Whether nothing else is missing than what loads can do without.
fn is_of_snapshots(missing: &[Relation]) -> bool {
    let mut names = missing.iter().map(|(name, _)| *name);
    names.all(|name| name == SNAPSHOTS || name == INDEX_OF_SNAPSHOTS.0)
}

fn is_forbidden(error: &sqlx::Error) -> bool {
    const INSUFFICIENT_PRIVILEGE: &str = "42501";
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.as_deref() == Some(INSUFFICIENT_PRIVILEGE)
}

/// More than there are tables and indexes to meet another service at.
const MOST_ATTEMPTS: usize = 8;

/// A table or an index, and what creates it.
type Relation = (&'static str, &'static str);

async fn missing<DB: EventBackend>(
    connection: &mut DB::Connection,
    relations: &[Relation],
) -> Result<Vec<Relation>, EventStoreError> {
    let rows = DB::fetch(connection, DB::EXISTING_RELATIONS, &[]).await?;
    let existing = rows.iter().map(|row| column::<DB, String>(row, 0));
    let existing = existing.collect::<sqlx::Result<BTreeSet<_>>>()?;
    let missing = relations
        .iter()
        .filter(|(name, _)| !existing.contains(*name));
    Ok(missing.copied().collect())
}

/// Creates what is `missing`, or nothing and leaves the transaction as it was.
async fn create<DB: EventBackend>(
    connection: &mut DB::Connection,
    missing: &[Relation],
) -> sqlx::Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let creation = AssertSqlSafe(DB::with_bounded_waits(&statements(missing)));
    // A savepoint, where there is a transaction.
    let mut transaction = connection.begin().await?;
    DB::executor(&mut transaction)
        .execute(sqlx::raw_sql(creation))
        .await?;
    transaction.commit().await
}

fn statements(missing: &[Relation]) -> String {
    let statements: Vec<_> = missing.iter().map(|(_, creation)| *creation).collect();
    statements.join(";\n")
}

/// Whether somebody else has created the same meanwhile, without the lock of seeds: `IF NOT EXISTS` does not see what is
/// not committed, and then waits for it and fails, mostly at a key of the server's own catalogue.
fn is_there_by_now(error: &sqlx::Error) -> bool {
    const DUPLICATE_TABLE: &str = "42P07";
    const DUPLICATE_OBJECT: &str = "42710";
    let Some(error) = error.as_database_error() else {
        return false;
    };
    let code = error.code().unwrap_or_default();
    let of_catalogue = error.constraint().is_some_and(|key| key.starts_with("pg_"));
    of_catalogue || [DUPLICATE_TABLE, DUPLICATE_OBJECT].contains(&&*code)
}

const TABLE: &str = "kumiko_events";

const INDEX_OF_SNAPSHOTS: Relation = (
    "kumiko_snapshots_latest_idx",
    "CREATE INDEX IF NOT EXISTS kumiko_snapshots_latest_idx
    ON kumiko_snapshots (aggregate_id, tenant_id, version)",
);

/// The original's table has no primary key.
const KEY_OF_ARCHIVE: Relation = (
    "kumiko_archived_streams_pk",
    "CREATE UNIQUE INDEX IF NOT EXISTS kumiko_archived_streams_pk
    ON kumiko_archived_streams (tenant_id, aggregate_id)",
);

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
