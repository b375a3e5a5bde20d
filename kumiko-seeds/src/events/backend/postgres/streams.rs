//! Statements on many streams at once, in PostgreSQL.

use sqlx::Postgres;

use crate::events::backend::event_columns;
use crate::events::backend::streams::{StreamsBackend, delete_letters, statements_on_streams};

impl StreamsBackend for Postgres {
    statements_on_streams!(
        time,
        "SELECT tenant_id, aggregate_id FROM jsonb_to_recordset(CAST($1 AS jsonb)) AS stream (tenant_id uuid, aggregate_id uuid)",
        "SELECT * FROM jsonb_to_recordset(CAST($1 AS jsonb)) AS mark (tenant_id uuid, aggregate_id uuid, aggregate_type text,
              archived_at timestamptz, archived_by text, reason text)",
        "SELECT id, tenant_id, aggregate_id, aggregate_type, version, type, event_version, CAST(payload AS jsonb) AS payload,
                CAST(metadata AS jsonb) AS metadata, created_at, created_by
         FROM json_to_recordset(CAST($1 AS json)) AS event (id bigint, tenant_id uuid, aggregate_id uuid, aggregate_type text, version integer, type text, event_version integer,
              payload text, metadata text, created_at timestamptz, created_by text)"
    );

    const LAST_ID: &'static str = "SELECT coalesce(pg_sequence_last_value(
            CAST(pg_get_serial_sequence('kumiko_events', 'id') AS regclass)), 0) AS position";
}
