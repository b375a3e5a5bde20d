//! The event store's statements that only PostgreSQL understands.

#[macro_use]
mod sql;
mod any_events;
mod chunk;
mod snapshots;
mod statement;
mod streams;

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection, Postgres, Row, SqlStr, Transaction};
use uuid::Uuid;

use self::any_events::{insert_any, insert_any_and_read};
use self::chunk::Chunk;
use self::statement::{bound, is_named, outcome, with_texts_to_compare};
use super::{
    EventBackend, Inserted, event_columns, insert_event_sql, list_archived, load_sql, values_of,
};
use crate::backend::postgres::transaction;
use crate::backend::{NotCommitted, Parameter};
use crate::events::event_row::EventRow;
use crate::events::naming::Naming;

/// The notification wakes the original's dispatcher; PostgreSQL sends it at commit, and once however
/// many events there are.
///
/// `$10` is the number of the transaction in which the event belongs, or null for any. Returns whether row level
/// security is active on the table of archived streams, and `$columns` after that.
macro_rules! insert_and_notify {
    ($predecessor:expr, $columns:expr) => {
        insert_event_sql!(
            concat!(
                "$1, ",
                text!("$2"),
                ", $3, $4, ",
                text!("$5"),
                ", $6, ",
                json!("$7"),
                ", ",
                json!("$8"),
                ", ",
                text!("$9")
            ),
            concat!(
                $predecessor,
                "NOT ",
                archived!("tenant_id = %L AND aggregate_id = %L', $3, $1"),
                " AND ($10 IS NULL OR CAST(pg_current_xact_id_if_assigned() AS text) = $10)"
            ),
            concat!(
                archive_is_secured!(),
                $columns,
                ", CAST(pg_notify('kumiko_events_new', '') AS text)"
            )
        )
    };
}

/// The statements that insert an event.
struct Insertion {
    first_of_stream: &'static str,
    after_another: &'static str,
}

macro_rules! insertion {
    ($columns:expr) => {
        Insertion {
            first_of_stream: insert_and_notify!("", $columns),
            after_another: insert_and_notify!(
                concat!(
                    in_last_event!(
                        "(old.tenant_id, old.aggregate_id, old.version) = ($3, $1, $4 - 1)",
                        "$3",
                        "$1",
                        "$4"
                    ),
                    " AND "
                ),
                $columns
            ),
        }
    };
}

const INSERT: Insertion = insertion!("");
const INSERT_AND_READ: Insertion = insertion!(concat!(", ", event_columns!(time)));

/// Inserts the events of an array of JSON in its order, with the column `$id` from `$value`.
macro_rules! insert_migrated {
    ($id:literal, $value:literal) => {
        concat!(
            "INSERT INTO kumiko_events (",
            $id,
            "aggregate_id, aggregate_type, tenant_id, version, type, event_version, payload, metadata,
                                        created_at, created_by)
             SELECT ",
            $value,
            "CAST(event->>'aggregateId' AS uuid), event->>'aggregateType', CAST(event->>'tenantId' AS uuid),
                    CAST(event->>'version' AS integer), event->>'type', CAST(event->>'eventVersion' AS integer),
                    event->'payload', event->'metadata', CAST(event->>'createdAt' AS timestamptz), event->>'createdBy'
             FROM jsonb_array_elements(CAST($1 AS jsonb)) WITH ORDINALITY AS migrated (event, number)
             ORDER BY number
             RETURNING CAST(1 AS bigint) AS position, CAST(pg_notify('kumiko_events_new', '') AS text)"
        )
    };
}

/// Whether a stream is archived is asked once, and not for each of its events.
const LOAD_LIVE: &str = load_sql!(
    time,
    concat!(
        " AND NOT (SELECT ",
        archived!("tenant_id = %L AND aggregate_id = %L', $1, $2"),
        ")"
    )
);

impl EventBackend for Postgres {
    async fn begin(
        connection: &mut PgConnection,
    ) -> sqlx::Result<(Transaction<'_, Postgres>, String)> {
        let mut transaction = connection
            .begin_with(SqlStr::from_static(transaction::BEGIN))
            .await?;
        let identity = transaction::identity(&mut transaction).await?;
        Ok((transaction, identity))
    }

    async fn begin_within<'c>(
        transaction: &'c mut Transaction<'_, Postgres>,
    ) -> sqlx::Result<Option<(Transaction<'c, Postgres>, String)>> {
        let mut savepoint = match transaction.begin().await {
            Ok(savepoint) => savepoint,
            Err(error) if Self::is_without_savepoint(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let identity = transaction::identity(&mut savepoint).await?;
        Ok(Some((savepoint, identity)))
    }

    fn is_without_savepoint(error: &sqlx::Error) -> bool {
        const NO_ACTIVE_TRANSACTION: &str = "25P01";
        const INVALID_SAVEPOINT: &str = "3B001";
        let code = error.as_database_error().and_then(DatabaseError::code);
        matches!(
            code.as_deref(),
            Some(NO_ACTIVE_TRANSACTION | INVALID_SAVEPOINT)
        )
    }

    async fn commit_own<'c>(
        transaction: Transaction<'c, Postgres>,
        identity: &String,
    ) -> Result<(), NotCommitted<'c, Postgres>> {
        transaction::commit_own(transaction, identity).await
    }

    async fn is_committed(
        connection: &mut PgConnection,
        identity: &String,
    ) -> sqlx::Result<Option<bool>> {
        transaction::is_committed(connection, identity).await
    }

    const CREATE_EVENTS: &'static str = "CREATE TABLE IF NOT EXISTS kumiko_events (
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
)";

    const EXISTING_RELATIONS: &'static str = "
        SELECT CAST(class.relname AS text) FROM pg_class AS class
        JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
        WHERE namespace.nspname = current_schema()
          AND class.relname IN ('kumiko_events', 'events_aggregate_version_uq',
                                'events_idempotency_uq', 'events_load_idx',
                                'events_tenant_type_idx', 'kumiko_snapshots',
                                'kumiko_snapshots_latest_idx', 'kumiko_archived_streams',
                                'kumiko_archived_streams_pk')";

    /// The setting is as it was afterwards, and after an error as well, which undoes it.
    fn with_bounded_waits(statements: &str) -> String {
        format!(
            "SELECT set_config('kumiko_seeds.lock_timeout', setting, true),
                    set_config('lock_timeout',
                               CAST(least(nullif(CAST(setting AS integer), 0), 5000) AS text), true)
             FROM pg_settings WHERE name = 'lock_timeout';
             {statements};
             SELECT set_config('lock_timeout', current_setting('kumiko_seeds.lock_timeout'), true)"
        )
    }

    const LOAD: &'static str = load_sql!(time, "");

    const STREAM_VERSION: &'static str = concat!(
        "SELECT CAST(1 AS bigint) AS position, CAST(coalesce(",
        in_last_event!(
            "CASE WHEN (old.tenant_id, old.aggregate_id) = ($1, $2) THEN old.version END",
            "$1",
            "$2",
            "2147483647"
        ),
        ", 0) AS integer)"
    );

    async fn fetch_with_secured(
        connection: &mut PgConnection,
        tables: &[&'static str],
        sql: &str,
        values: &[Parameter<'_>],
    ) -> sqlx::Result<(Vec<&'static str>, Vec<PgRow>)> {
        let active = tables
            .iter()
            .map(|table| format!("coalesce(row_security_active(to_regclass('{table}')), false)"));
        let active = active.collect::<Vec<_>>().join(", ");
        // One statement, which has a row even if nothing is found.
        let sql = format!(
            "WITH secured AS MATERIALIZED (SELECT {active}), found AS ({})
             SELECT found.*, secured.* FROM secured LEFT JOIN found ON true ORDER BY found.position",
            with_texts_to_compare(sql, values)
        );
        let is_named = is_named(connection, Naming::LikeOthers);
        let rows = bound(AssertSqlSafe(sql), values)
            .persistent(is_named)
            .fetch_all(connection)
            .await?;
        let first = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        let of_found = first.len() - tables.len();
        let mut secured = Vec::new();
        for (index, table) in tables.iter().enumerate() {
            if first.try_get(of_found + index)? {
                secured.push(*table);
            }
        }
        let is_found = first.try_get::<Option<i64>, _>(0)?.is_some();
        Ok((secured, if is_found { rows } else { Vec::new() }))
    }

    async fn insert_event(
        connection: &mut PgConnection,
        identity: Option<&String>,
        naming: Naming,
        row: &EventRow,
    ) -> sqlx::Result<Inserted> {
        let inserted = insert(connection, identity, naming, row, &INSERT).await?;
        outcome(inserted.as_ref())
    }

    /// Only the first event of a stream can meet a conflict, since the others follow it.
    /// A conflict with a transaction that commits meanwhile is an error of the unique index.
    async fn insert_events(
        connection: &mut PgConnection,
        identity: Option<&String>,
        naming: Naming,
        rows: &[EventRow],
    ) -> sqlx::Result<Inserted> {
        if rows.is_empty() {
            return Ok(Inserted::All);
        }
        if let Some(chunk) = Chunk::of(rows)
            && chunk.insert(connection, identity, naming).await?
        {
            return Ok(Inserted::All);
        }
        insert_any(connection, identity, naming, rows).await
    }

    async fn insert_and_read(
        connection: &mut PgConnection,
        identity: Option<&String>,
        naming: Naming,
        rows: &[EventRow],
    ) -> sqlx::Result<(Inserted, Vec<PgRow>)> {
        let read = match rows {
            [] => return Ok((Inserted::All, Vec::new())),
            [row] => {
                let read = insert(connection, identity, naming, row, &INSERT_AND_READ).await?;
                Vec::from_iter(read)
            }
            rows => {
                if let Some(chunk) = Chunk::of(rows) {
                    let read = chunk.insert_and_read(connection, identity, naming).await?;
                    if !read.is_empty() {
                        return Ok((Inserted::All, read));
                    }
                }
                insert_any_and_read(connection, identity, naming, rows).await?
            }
        };
        Ok((outcome(read.first())?, read))
    }

    const INSERT_MIGRATED: &'static str = insert_migrated!("", "");
    const INSERT_WITH_ID: &'static str = insert_migrated!("id, ", "CAST(event->>'id' AS bigint), ");

    const CREATE_ARCHIVE: &'static str = "CREATE TABLE IF NOT EXISTS kumiko_archived_streams (
    tenant_id uuid NOT NULL,
    aggregate_id uuid NOT NULL,
    aggregate_type text NOT NULL,
    archived_at timestamptz(3) NOT NULL DEFAULT now(),
    archived_by text NOT NULL,
    reason text
)";

    const LIST_ARCHIVED: &'static str = list_archived!(time);

    const HAS_TABLE: &'static str = "SELECT 1 WHERE to_regclass($1) IS NOT NULL";

    async fn load_live(
        connection: &mut PgConnection,
        tenant_id: Uuid,
        aggregate_id: Uuid,
    ) -> sqlx::Result<(Vec<&'static str>, Vec<PgRow>)> {
        let values = [Parameter::Uuid(tenant_id), Parameter::Uuid(aggregate_id)];
        let tables = ["kumiko_events", "kumiko_archived_streams"];
        Self::fetch_with_secured(connection, &tables, LOAD_LIVE, &values).await
    }

    async fn is_archived(
        connection: &mut PgConnection,
        tenant_id: Uuid,
        aggregate_id: Uuid,
    ) -> sqlx::Result<bool> {
        let sql = concat!(
            "SELECT ",
            archived!("tenant_id = %L AND aggregate_id = %L', $1, $2")
        );
        let values = [Parameter::Uuid(tenant_id), Parameter::Uuid(aggregate_id)];
        let is_named = is_named(connection, Naming::LikeOthers);
        let row = bound(sql, &values)
            .persistent(is_named)
            .fetch_one(connection);
        row.await?.try_get(0)
    }
}

/// Inserts an event, and gives what the statement returns; none if it was refused.
async fn insert(
    connection: &mut PgConnection,
    identity: Option<&String>,
    naming: Naming,
    row: &EventRow,
    insertion: &Insertion,
) -> sqlx::Result<Option<PgRow>> {
    let sql = if row.version == 1 {
        insertion.first_of_stream
    } else {
        insertion.after_another
    };
    let is_named = is_named(connection, naming);
    bound(sql, &values_of(row))
        .bind(identity)
        .persistent(is_named)
        .fetch_optional(connection)
        .await
}
