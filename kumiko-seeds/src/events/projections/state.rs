//! What the original's table `kumiko_projections` says of a projection, so that its tools show the truth. Where there is no such table, nothing
//! is written.

use futures_util::future::BoxFuture;

use super::error::ProjectionError;
use crate::backend::Parameter;
use crate::events::existing::has_table;
use crate::events::{EventBackend, visible_rows};

const TABLE: &str = "kumiko_projections";

/// A rebuild has begun.
pub(super) async fn begun<DB: EventBackend>(
    connection: &mut DB::Connection,
    projection: &str,
) -> Result<(), ProjectionError> {
    check_visible::<DB>(connection, projection).await?;
    let columns = "status = 'rebuilding', last_error = NULL";
    let values = [Parameter::Text(projection)];
    let written = upsert::<DB>(connection, columns, &values).await;
    written.map_err(ProjectionError::database(WRITE))
}

/// It has ended, and every row was right.
pub(super) async fn ended<DB: EventBackend>(
    connection: &mut DB::Connection,
    projection: &str,
) -> Result<(), ProjectionError> {
    check_visible::<DB>(connection, projection).await?;
    let columns = "status = 'idle', last_error = NULL, last_rebuild_at = CURRENT_TIMESTAMP, \
                   last_processed_event_id = (SELECT coalesce(max(id), 0) FROM kumiko_events)";
    let values = [Parameter::Text(projection)];
    let written = upsert::<DB>(connection, columns, &values).await;
    written.map_err(ProjectionError::database(WRITE))
}

/// The operation `id` has failed for good.
pub(in crate::events) fn failed<'a, DB: EventBackend>(
    connection: &'a mut DB::Connection,
    id: &'a str,
    error: &'a str,
) -> BoxFuture<'a, sqlx::Result<()>> {
    Box::pin(async move {
        let Some(projection) = id.strip_prefix("projection-rebuild/") else {
            return Ok(());
        };
        let projection = projection.split('/').next().unwrap_or_default();
        let values = [Parameter::Text(projection), Parameter::Text(error)];
        upsert::<DB>(connection, "status = 'failed', last_error = $2", &values).await
    })
}

const WRITE: &str = "write the state of the projection into kumiko_projections";

/// Fails where row level security may hide the row. What is hidden would keep an old state without a word.
async fn check_visible<DB: EventBackend>(
    connection: &mut DB::Connection,
    projection: &str,
) -> Result<(), ProjectionError> {
    let exists = exists::<DB>(connection).await;
    if !exists.map_err(ProjectionError::database(WRITE))? {
        return Ok(());
    }
    let sql = "SELECT CAST(1 AS bigint) AS position FROM kumiko_projections WHERE name = $1";
    let values = [Parameter::Text(projection)];
    let seen = visible_rows::fetch::<DB>(connection, &[TABLE], sql, &values).await;
    seen.map(drop).map_err(ProjectionError::reading(WRITE))
}

async fn exists<DB: EventBackend>(connection: &mut DB::Connection) -> sqlx::Result<bool> {
    has_table::<DB>(connection, TABLE).await
}

async fn upsert<DB: EventBackend>(
    connection: &mut DB::Connection,
    columns: &str,
    values: &[Parameter<'_>],
) -> sqlx::Result<()> {
    if !exists::<DB>(connection).await? {
        return Ok(());
    }
    let insert = "INSERT INTO kumiko_projections (name) VALUES ($1) ON CONFLICT (name) DO NOTHING";
    DB::fetch(connection, insert, &values[..1]).await?;
    let update = format!(
        "UPDATE kumiko_projections SET {columns}, updated_at = CURRENT_TIMESTAMP WHERE name = $1"
    );
    DB::fetch(connection, &update, values).await.map(drop)
}
