//! Statements on many streams at once, in SQLite.

use sqlx::Sqlite;

use super::event_columns;
use super::streams::{StreamsBackend, delete_letters, statements_on_streams};
use crate::backend::sqlite::as_it_is;

impl StreamsBackend for Sqlite {
    statements_on_streams!(
        as_it_is,
        "SELECT value ->> '$.tenant_id' AS tenant_id, value ->> '$.aggregate_id' AS aggregate_id FROM json_each($1)",
        "SELECT value ->> '$.tenant_id' AS tenant_id, value ->> '$.aggregate_id' AS aggregate_id,
                value ->> '$.aggregate_type' AS aggregate_type,
                strftime('%Y-%m-%dT%H:%M:%fZ', value ->> '$.archived_at') AS archived_at,
                value ->> '$.archived_by' AS archived_by, value ->> '$.reason' AS reason
         FROM json_each($1)",
        "SELECT value ->> '$.id' AS id, value ->> '$.tenant_id' AS tenant_id, value ->> '$.aggregate_id' AS aggregate_id,
                value ->> '$.aggregate_type' AS aggregate_type, value ->> '$.version' AS version, value ->> '$.type' AS type,
                value ->> '$.event_version' AS event_version, value ->> '$.payload' AS payload,
                value ->> '$.metadata' AS metadata, value ->> '$.created_at' AS created_at,
                value ->> '$.created_by' AS created_by
         FROM json_each($1)"
    );

    /// An id that was never given cannot be given to another event: the next one is above all that there are.
    const LAST_ID: &'static str = "SELECT 9223372036854775807 AS position";
}
