//! Events of any number and kinds in one statement, which says whether they are inserted.

use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use uuid::Uuid;

use super::statement::{is_named, outcome};
use crate::events::backend::{Inserted, event_columns};
use crate::events::event_row::EventRow;
use crate::events::naming::Naming;

/// Inserts all events or none.
pub(super) async fn insert_any(
    connection: &mut PgConnection,
    identity: Option<&String>,
    naming: Naming,
    rows: &[EventRow],
) -> sqlx::Result<Inserted> {
    let is_named = is_named(connection, naming);
    let query = bound(INSERT_EVENTS, identity, rows).persistent(is_named);
    outcome(query.fetch_optional(connection).await?.as_ref())
}

/// Inserts all events or none, and gives a row for each that is inserted.
pub(super) async fn insert_any_and_read(
    connection: &mut PgConnection,
    identity: Option<&String>,
    naming: Naming,
    rows: &[EventRow],
) -> sqlx::Result<Vec<PgRow>> {
    let is_named = is_named(connection, naming);
    let query = bound(INSERT_EVENTS_AND_READ, identity, rows).persistent(is_named);
    query.fetch_all(connection).await
}

fn bound<'q>(
    sql: &'static str,
    identity: Option<&String>,
    rows: &[EventRow],
) -> Query<'q, Postgres, PgArguments> {
    let columns = Columns::of(rows);
    sqlx::query(sql)
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
}

/// Inserts all events or none, returns `$returned` of each that is inserted, and selects `$selected`.
macro_rules! insert_events_sql {
    ($returned:expr, $selected:expr) => {
        concat!(
            "
    WITH new AS (
        SELECT * FROM UNNEST($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) WITH ORDINALITY
        AS new (aggregate_id, aggregate_type, tenant_id, version, type, event_version,
                payload, metadata, created_by, is_first, position)
    ), conflict AS (
        SELECT 1 FROM new WHERE is_first AND coalesce(",
            in_last_event!(
                "CASE WHEN new.version = 1
              THEN (old.tenant_id, old.aggregate_id) = (new.tenant_id, new.aggregate_id)
              ELSE (old.tenant_id, old.aggregate_id, old.version)
                   <> (new.tenant_id, new.aggregate_id, new.version - 1) END",
                "new.tenant_id",
                "new.aggregate_id",
                "new.version"
            ),
            ", new.version > 1)
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
        RETURNING ",
            $returned,
            "
    )
    SELECT ",
            $selected
        )
    };
}

/// Says by a row that the events are inserted.
const INSERT_EVENTS: &str = insert_events_sql!(
    "1",
    concat!(
        archive_is_secured!(),
        ", CAST(pg_notify('kumiko_events_new', '') AS text) FROM inserted LIMIT 1"
    )
);

/// Says by a row for each event that they are inserted. What is the same for all is asked once, in a subquery. The rows come in
/// the order in which they were inserted, for nothing sorts them after that.
const INSERT_EVENTS_AND_READ: &str = insert_events_sql!(
    event_columns!(time),
    concat!(
        "(SELECT ",
        archive_is_secured!(),
        "), inserted.*, (SELECT CAST(pg_notify('kumiko_events_new', '') AS text)) FROM inserted"
    )
);

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
