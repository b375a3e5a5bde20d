//! What the table tells of all seeds.

use super::table::{Table, Tables, fault, number, row_security, see_all};
use crate::app::App;
use crate::applied::AppliedSeeds;
use crate::backend::{Backend, Fault, column};
use crate::history::{History, Operation};
use crate::operation_type::OperationType;
use crate::{Error, Marker};

const READ: &str = "read which seeds are applied";

/// The applied seeds and other operations, and which tables there are. Without a table of operations there are none.
///
/// They come in one value, because thousands of rows would take the client several times as long. A row of the source
/// that is older than its marker does not count: it is of a marker that was taken away, and another service has applied
/// the seed since. Nor does a row of another type whose id does not say so: it may be anything's.
///
/// **Invariant:** one message of the simple protocol, so that a boot with nothing pending costs
/// one round trip even on a connection that has prepared nothing.
pub(crate) async fn applied<DB: Backend>(
    connection: &mut DB::Connection,
) -> Result<(AppliedSeeds, Tables), Error> {
    let seeds = format!(
        "string_agg(marker.id || CASE WHEN source.id IS NULL THEN ''
                                      ELSE '{}' || coalesce(source.notes, '') END, '{}')",
        AppliedSeeds::BEFORE_HASH,
        AppliedSeeds::BETWEEN,
    );
    let sql = format!(
        "SELECT {}, {}, {}
         FROM kumiko_es_operations AS marker
         LEFT JOIN kumiko_es_operations AS source
           ON source.id = marker.id || '{}' AND source.operation_type = '{}'
              AND source.applied_at >= marker.applied_at
         WHERE marker.operation_type = '{}'
            OR marker.operation_type IN ({}) AND marker.id LIKE '%' || marker.operation_type || '/%'",
        row_security::<DB>(),
        DB::as_text(&seeds),
        DB::HAS_PROGRESS,
        History::SOURCE,
        OperationType::SeedSource.as_str(),
        OperationType::SeedMigration.as_str(),
        OperationType::list_of_markers(),
    );
    let Some(rows) = read::<DB>(connection, &sql).await? else {
        return Ok((AppliedSeeds::default(), Tables::UNKNOWN));
    };
    let read = |row| Ok((DB::text(row, 1)?, number::<DB>(row, 2)?));
    let read = rows.first().map_or(Ok((None, 0)), read);
    let (text, has_progress) = read.map_err(|error| fault::<DB>(READ, error))?;
    let tables = Tables {
        operations: Table::Exists,
        progress: if has_progress == 0 {
            Table::MayBeMissing
        } else {
            Table::Exists
        },
    };
    Ok((AppliedSeeds::of(text.unwrap_or_default()), tables))
}

/// All that the table of operations tells of the seeds of `app`; `None` where there is no table yet.
pub(crate) async fn history<DB: Backend>(
    connection: &mut DB::Connection,
    app: &App,
) -> Result<Option<History>, Error> {
    let types = OperationType::ALL.map(|of_ours| format!("'{}'", of_ours.as_str()));
    let sql = format!(
        "SELECT {}, {}, {}, {}, duration_ms, {}, {}
         FROM (SELECT 1) AS one
         LEFT JOIN kumiko_es_operations ON operation_type IN ({})",
        row_security::<DB>(),
        DB::as_text("id"),
        DB::as_text("operation_type"),
        DB::as_time("applied_at"),
        DB::as_text("applied_by"),
        DB::as_text("notes"),
        types.join(", ")
    );
    let rows = read::<DB>(connection, &sql).await;
    let privileges = "SELECT ON kumiko_es_operations";
    let Some(rows) = rows.map_err(|error| for_reading_alone(error, privileges))? else {
        return Ok(None);
    };
    let operations = rows
        .iter()
        .map(operation::<DB>)
        .filter_map(Result::transpose);
    let operations = operations.collect::<sqlx::Result<Vec<_>>>();
    let operations = operations.map_err(|error| fault::<DB>(READ, error))?;
    Ok(Some(History::of(app.clone(), operations)))
}

/// The same error for somebody who does not go on to write.
pub(super) fn for_reading_alone(mut error: Error, sufficient: &'static str) -> Error {
    if let Error::NotPermitted { privileges, .. } = &mut error {
        *privileges = sufficient;
    }
    error
}

fn operation<DB: Backend>(row: &DB::Row) -> sqlx::Result<Option<Operation>> {
    let Some(id) = DB::text(row, 1)? else {
        return Ok(None);
    };
    let operation_type = DB::text(row, 2)?.unwrap_or_default();
    let Some(operation_type) = OperationType::of(&operation_type) else {
        return Ok(None);
    };
    Ok(Some(Operation {
        operation_type,
        marker: Marker {
            id,
            applied_at: DB::time(row, 3)?,
            duration_ms: column::<DB, _>(row, 4)?,
            applied_by: DB::text(row, 5)?.unwrap_or_default(),
            notes: DB::text(row, 6)?,
            app: None,
            source_hash: None,
            is_foreign: false,
        },
    }))
}

/// The rows of a statement that reads without values; `None` where there is no table yet.
async fn read<DB: Backend>(
    connection: &mut DB::Connection,
    sql: &str,
) -> Result<Option<Vec<DB::Row>>, Error> {
    match DB::fetch(connection, sql, &[]).await {
        Ok(rows) => {
            see_all::<DB>(connection, READ, &rows).await?;
            Ok(Some(rows))
        }
        Err(error) if DB::fault(&error) == Fault::TableMissing => Ok(None),
        Err(error) => Err(fault::<DB>(READ, error)),
    }
}
