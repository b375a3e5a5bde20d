//! The event store's statements that only PostgreSQL understands.

use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Connection, Postgres, Row, SqlSafeStr};
use uuid::Uuid;

use super::{EventBackend, Inserted, insert_event_sql, load_sql, values_of};
use crate::backend::Value;
use crate::events::event_row::EventRow;
use crate::events::naming::Naming;

/// A text that was bound as bytes. What is bound as a text the server reads in the session's `client_encoding`, which is
/// the app's, and stores something else without an error.
macro_rules! text {
    ($bytes:literal) => {
        concat!("convert_from(", $bytes, ", 'UTF8')")
    };
}

macro_rules! json {
    ($bytes:literal) => {
        concat!("CAST(", text!($bytes), " AS jsonb)")
    };
}

macro_rules! time {
    ($column:literal) => {
        concat!("CAST(", $column, " AS timestamptz)")
    };
}

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

/// What `$value` is in the last event up to one of this tenant, aggregate and version, which may be another stream's.
///
/// A connection keeps a statement's plan, and may have made it when the table was tiny. A look at one row by `=` would
/// read the whole table then, and go on with that as the table grows. The next row in the order of an index is
/// found by the index, whatever the size.
macro_rules! in_last_event {
    ($value:expr, $tenant:literal, $aggregate:literal, $version:literal) => {
        concat!(
            "(SELECT ",
            $value,
            " FROM kumiko_events AS old
              WHERE (old.tenant_id, old.aggregate_id, old.version) <= (",
            $tenant,
            ", ",
            $aggregate,
            ", ",
            $version,
            ") ORDER BY old.tenant_id DESC, old.aggregate_id DESC, old.version DESC LIMIT 1)"
        )
    };
}

/// The notification wakes the original's dispatcher; PostgreSQL sends it at commit, and once however
/// many events there are.
///
/// `$10` is the number of the transaction in which the event belongs, or null for any.
macro_rules! insert_and_notify {
    ($predecessor:expr) => {
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
                ", CAST(pg_notify('kumiko_events_new', '') AS text)"
            )
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
        sql: &'static str,
        values: &[Value<'_>],
    ) -> sqlx::Result<(Vec<&'static str>, Vec<PgRow>)> {
        let active = tables
            .iter()
            .map(|table| format!("row_security_active('{table}')"));
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
        let insert = if row.version == 1 {
            insert_and_notify!("")
        } else {
            insert_and_notify!(concat!(
                in_last_event!(
                    "(old.tenant_id, old.aggregate_id, old.version) = ($3, $1, $4 - 1)",
                    "$3",
                    "$1",
                    "$4"
                ),
                " AND "
            ))
        };
        let is_named = is_named(connection, naming);
        let inserted = bound(insert, &values_of(row))
            .bind(identity)
            .persistent(is_named)
            .fetch_optional(connection)
            .await?;
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
        let columns = Columns::of(rows);
        let is_named = is_named(connection, naming);
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
            .bind(identity)
            .persistent(is_named)
            .fetch_optional(connection)
            .await?;
        outcome(inserted.as_ref())
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
        let is_named = is_named(connection, Naming::LikeOthers);
        let row = bound(sql, &values)
            .persistent(is_named)
            .fetch_one(connection);
        row.await?.try_get(0)
    }
}

/// A statement with values for `$1`, `$2` …, texts among them as [`text`] takes them.
fn bound<'q>(sql: impl SqlSafeStr, values: &[Value<'_>]) -> Query<'q, Postgres, PgArguments> {
    let query = sqlx::query(sql);
    values.iter().fold(query, |query, value| match *value {
        Value::Text(text) | Value::Json(text) => query.bind(text.as_bytes()),
        Value::Integer(number) => query.bind(number),
        Value::Time(time) => query.bind(time),
        Value::Uuid(uuid) => query.bind(uuid),
    })
}

/// `sql` with a place for bytes where it has one for a text that is compared with a column.
///
/// The collation of [`text`] is another than that of a column, and with it PostgreSQL would not look into the column's
/// index. That of a subquery gives way to the column's.
fn with_texts_to_compare(sql: &str, values: &[Value<'_>]) -> String {
    let numbered = (1..).zip(values);
    numbered.fold(sql.to_owned(), |sql, (number, value)| match value {
        Value::Text(_) => sql.replace(
            &format!("${number}"),
            &format!("(SELECT convert_from(${number}, 'UTF8') COLLATE \"default\")"),
        ),
        _ => sql,
    })
}

fn is_named(connection: &PgConnection, naming: Naming) -> bool {
    match naming {
        Naming::Named => true,
        Naming::LikeOthers => connection.cached_statements_size() > 0,
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
        SELECT aggregate_id, ",
    text!("aggregate_type"),
    ", tenant_id, version, ",
    text!("type"),
    ", event_version, ",
    json!("payload"),
    ", ",
    json!("metadata"),
    ", ",
    text!("created_by"),
    "
        FROM new WHERE NOT EXISTS (SELECT 1 FROM conflict) AND NOT EXISTS (SELECT 1 FROM archived)
          AND ($11 IS NULL OR CAST(pg_current_xact_id_if_assigned() AS text) = $11)
        ORDER BY position
        RETURNING 1
    )
    SELECT ",
    archive_is_secured!(),
    ", CAST(pg_notify('kumiko_events_new', '') AS text) FROM inserted LIMIT 1"
);

/// How an insertion went that ended with `row`, whose first column says whether row level security is active on the
/// table of archived streams.
fn outcome(row: Option<&PgRow>) -> sqlx::Result<Inserted> {
    Ok(match row.map(|row| row.try_get(0)).transpose()? {
        None => Inserted::First(0),
        Some(false) => Inserted::All,
        Some(true) => Inserted::AllWithSecuredArchive,
    })
}

/// Rows turned into columns, which is how PostgreSQL takes many of them as one parameter each. Texts are bytes, as
/// [`text`] takes them.
#[derive(Default)]
struct Columns<'a> {
    aggregate_ids: Vec<Uuid>,
    aggregate_types: Vec<&'a [u8]>,
    tenant_ids: Vec<Uuid>,
    versions: Vec<i32>,
    types: Vec<&'a [u8]>,
    event_versions: Vec<i32>,
    payloads: Vec<&'a [u8]>,
    metadata: Vec<&'a [u8]>,
    created_by: Vec<&'a [u8]>,
    are_first: Vec<bool>,
}

impl<'a> Columns<'a> {
    fn of(rows: &'a [EventRow]) -> Self {
        let mut columns = Self::default();
        for row in rows {
            columns.aggregate_ids.push(row.aggregate_id);
            columns.aggregate_types.push(row.aggregate_type.as_bytes());
            columns.tenant_ids.push(row.tenant_id);
            columns.versions.push(row.version);
            columns.types.push(row.event_type.as_bytes());
            columns.event_versions.push(row.event_version);
            columns.payloads.push(row.payload.as_bytes());
            columns.metadata.push(row.metadata.as_bytes());
            columns.created_by.push(row.created_by.as_bytes());
            columns.are_first.push(row.is_first);
        }
        columns
    }
}
