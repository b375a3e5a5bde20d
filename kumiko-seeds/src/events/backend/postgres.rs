//! The event store's statements that only PostgreSQL understands.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Postgres, Row};
use uuid::Uuid;

use super::{EventBackend, Inserted, insert_event_sql, insert_with, load_sql, values_of};
use crate::backend::inline::inline;
use crate::backend::postgres::time;
use crate::backend::{Backend, Value};
use crate::events::event_row::EventRow;

/// Whether streams are archived.
///
/// The table is the original's and need not exist, and a statement that names a table that is not there is an
/// error, which ends the transaction. What is only named in a text that the statement executes is not
/// looked up before. That makes one statement right for every database, without anything to be known of
/// the database before and to be wrong later. It costs a microsecond where there is no table, and fifty where
/// there is one.
macro_rules! archived {
    ($condition:literal) => {
        concat!(
            "CASE WHEN to_regclass('kumiko_archived_streams') IS NULL THEN false
                  ELSE CAST(query_to_xml(
                      format('SELECT 1 FROM kumiko_archived_streams WHERE ",
            $condition,
            "), false, true, '') AS text) <> '' END"
        )
    };
}

/// Whether row level security is active on the table of archived streams.
macro_rules! archive_is_secured {
    () => {
        "coalesce(row_security_active(to_regclass('kumiko_archived_streams')), false)"
    };
}

/// The notification wakes the original's dispatcher; PostgreSQL sends it at commit, and once however
/// many events there are.
///
/// `$10` is the number of the transaction in which the event belongs, or empty for any.
macro_rules! concat_notification {
    ($which:ident) => {
        concat!(
            insert_event_sql!(
                $which,
                concat!(
                    "NOT ",
                    archived!("tenant_id = %L AND aggregate_id = %L', $3, $1"),
                    " AND ($10 = '' OR CAST(pg_current_xact_id_if_assigned() AS text) = $10)"
                )
            ),
            ", CAST(pg_notify('kumiko_events_new', '') AS text), ",
            archive_is_secured!()
        )
    };
}

impl EventBackend for Postgres {
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
                                'events_tenant_type_idx')";

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

    const LOAD: &'static str = load_sql!(time);

    async fn fetch_with_secured(
        connection: &mut PgConnection,
        tables: &[&'static str],
        sql: &'static str,
        values: &[Value<'_>],
    ) -> sqlx::Result<(Vec<&'static str>, Vec<PgRow>)> {
        let active = tables
            .iter()
            .map(|table| format!("row_security_active('{table}')"));
        let active = active.collect::<Vec<_>>().join(", ");
        let message = format!("SELECT {active}; {}", inline(sql, values));
        let mut rows = sqlx::raw_sql(AssertSqlSafe(message))
            .fetch_all(connection)
            .await?;
        if rows.is_empty() {
            return Err(sqlx::Error::RowNotFound);
        }
        let active = rows.remove(0);
        let mut secured = Vec::new();
        for (index, table) in tables.iter().enumerate() {
            if active.try_get(index)? {
                secured.push(*table);
            }
        }
        Ok((secured, rows))
    }

    async fn insert_event(
        connection: &mut PgConnection,
        identity: Option<&String>,
        row: &EventRow,
    ) -> sqlx::Result<Inserted> {
        let insert = if row.version == 1 {
            concat_notification!(first)
        } else {
            concat_notification!(later)
        };
        let mut values = Vec::from(values_of(row));
        values.push(Value::Text(identity.map_or("", String::as_str)));
        let inserted = insert_with::<Self>(connection, insert, &values).await?;
        outcome(inserted.first(), 2)
    }

    /// Only the first event of a stream can meet a conflict, since the others follow it.
    /// A conflict with a transaction that commits meanwhile is an error of the unique index.
    async fn insert_events(
        connection: &mut PgConnection,
        identity: Option<&String>,
        rows: &[EventRow],
    ) -> sqlx::Result<Inserted> {
        if rows.is_empty() {
            return Ok(Inserted::All);
        }
        let columns = Columns::of(rows);
        let inserted = sqlx::query(INSERT_EVENTS)
            .bind(columns.aggregate_ids)
            .bind(columns.aggregate_types)
            .bind(columns.tenant_ids)
            .bind(columns.versions)
            .bind(columns.types)
            .bind(columns.event_versions)
            .bind(columns.payloads)
            .bind(columns.metadata)
            .bind(columns.created_by)
            .bind(columns.are_first)
            .bind(identity.map_or("", String::as_str))
            // As everywhere in the library. It costs a round trip more, for up to a thousand events.
            .persistent(false)
            .fetch_optional(connection)
            .await?;
        outcome(inserted.as_ref(), 1)
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
        let values = [Value::Uuid(tenant_id), Value::Uuid(aggregate_id)];
        let rows = Self::fetch(connection, sql, &values).await?;
        rows.first().map_or(Ok(false), |row| row.try_get(0))
    }
}

/// Says by a row that the events are inserted.
///
/// The look for each predecessor is a value and no `EXISTS`, for which PostgreSQL would read the whole table
/// each time, into a hash, once it expects many rows.
const INSERT_EVENTS: &str = concat!(
    "
    WITH new AS (
        SELECT * FROM UNNEST($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) WITH ORDINALITY
        AS new (aggregate_id, aggregate_type, tenant_id, version, type, event_version,
                payload, metadata, created_by, is_first, position)
    ), conflict AS (
        SELECT 1 FROM new WHERE is_first AND (
            (SELECT 1 FROM kumiko_events AS old
             WHERE old.tenant_id = new.tenant_id
               AND old.aggregate_id = new.aggregate_id
               AND old.version = new.version) IS NOT NULL
            OR version > 1 AND
            (SELECT 1 FROM kumiko_events AS old
             WHERE old.tenant_id = new.tenant_id
               AND old.aggregate_id = new.aggregate_id
               AND old.version = new.version - 1) IS NULL)
        LIMIT 1
    ), archived AS (
        SELECT 1 WHERE ",
    archived!(
        "(tenant_id, aggregate_id) IN (
             SELECT * FROM unnest(CAST(%L AS uuid[]), CAST(%L AS uuid[])))', $3, $1"
    ),
    "
    ), inserted AS (
        INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type,
                                   event_version, payload, metadata, created_by)
        SELECT aggregate_id, aggregate_type, tenant_id, version, type, event_version,
               CAST(payload AS jsonb), CAST(metadata AS jsonb), created_by
        FROM new WHERE NOT EXISTS (SELECT 1 FROM conflict) AND NOT EXISTS (SELECT 1 FROM archived)
          AND ($11 = '' OR CAST(pg_current_xact_id_if_assigned() AS text) = $11)
        ORDER BY position
        RETURNING 1
    )
    SELECT CAST(pg_notify('kumiko_events_new', '') AS text), ",
    archive_is_secured!(),
    " FROM inserted LIMIT 1"
);

/// How an insertion went that ended with `row`, whose column `index` says whether row level security is active on the
/// table of archived streams.
fn outcome(row: Option<&PgRow>, index: usize) -> sqlx::Result<Inserted> {
    Ok(match row.map(|row| row.try_get(index)).transpose()? {
        None => Inserted::First(0),
        Some(false) => Inserted::All,
        Some(true) => Inserted::AllWithSecuredArchive,
    })
}

/// Rows turned into columns, which is how PostgreSQL takes many of them as one parameter each.
#[derive(Default)]
struct Columns<'a> {
    aggregate_ids: Vec<Uuid>,
    aggregate_types: Vec<&'a str>,
    tenant_ids: Vec<Uuid>,
    versions: Vec<i32>,
    types: Vec<&'a str>,
    event_versions: Vec<i32>,
    payloads: Vec<&'a str>,
    metadata: Vec<&'a str>,
    created_by: Vec<&'a str>,
    are_first: Vec<bool>,
}

impl<'a> Columns<'a> {
    fn of(rows: &'a [EventRow]) -> Self {
        let mut columns = Self::default();
        for row in rows {
            columns.aggregate_ids.push(row.aggregate_id);
            columns.aggregate_types.push(&row.aggregate_type);
            columns.tenant_ids.push(row.tenant_id);
            columns.versions.push(row.version);
            columns.types.push(&row.event_type);
            columns.event_versions.push(row.event_version);
            columns.payloads.push(&row.payload);
            columns.metadata.push(&row.metadata);
            columns.created_by.push(&row.created_by);
            columns.are_first.push(row.is_first);
        }
        columns
    }
}
