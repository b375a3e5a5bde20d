//! The only SQL that touches `kumiko_es_operations`.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::Executor;

use crate::backend::{Backend, Fault, Statement, column};
use crate::{AppliedBy, Error, Marker};

/// The operation type of a seed's marker. Other operations share the table.
const SEED: &str = "seed-migration";

/// The ids of the applied seeds; `None` where there is no table yet, which means none.
///
/// **Invariant:** one statement in the simple protocol, so that a boot with nothing pending costs
/// one round trip even on a connection that has prepared nothing.
pub(crate) async fn applied<DB: Backend>(
    connection: &mut DB::Connection,
) -> Result<Option<BTreeSet<String>>, Error> {
    let query = "SELECT id FROM kumiko_es_operations WHERE operation_type = 'seed-migration'";
    let rows = DB::executor(connection)
        .fetch_all(sqlx::raw_sql(query))
        .await;
    match rows {
        Ok(rows) => rows
            .iter()
            .map(|row| column::<DB, String>(row, 0))
            .collect::<sqlx::Result<_>>()
            .map(Some)
            .map_err(|error| fault::<DB>(READ, error)),
        Err(error) if DB::fault(&error) == Fault::TableMissing => Ok(None),
        Err(error) => Err(fault::<DB>(READ, error)),
    }
}

/// The markers in byte order of their ids; `None` where there is no table yet.
pub(crate) async fn markers<DB: Backend>(
    connection: &mut DB::Connection,
) -> Result<Option<Vec<Marker>>, Error> {
    let query = "SELECT id, applied_at, duration_ms, applied_by, notes FROM kumiko_es_operations
                 WHERE operation_type = 'seed-migration'";
    let rows = DB::executor(connection)
        .fetch_all(sqlx::raw_sql(query))
        .await;
    let rows = match rows {
        Ok(rows) => rows,
        Err(error) if DB::fault(&error) == Fault::TableMissing => return Ok(None),
        Err(error) => return Err(fault::<DB>(READ, error)),
    };
    let mut markers = rows
        .iter()
        .map(marker::<DB>)
        .collect::<sqlx::Result<Vec<Marker>>>()
        .map_err(|error| fault::<DB>(READ, error))?;
    // Sorted here and not by the database, whose collation may not be byte order.
    markers.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(Some(markers))
}

fn marker<DB: Backend>(row: &DB::Row) -> sqlx::Result<Marker> {
    Ok(Marker {
        id: column::<DB, _>(row, 0)?,
        applied_at: column::<DB, _>(row, 1)?,
        duration_ms: column::<DB, _>(row, 2)?,
        applied_by: column::<DB, _>(row, 3)?,
        notes: column::<DB, _>(row, 4)?,
    })
}

/// Creates the table where it is missing. The lock must be held: `IF NOT EXISTS` alone is a race.
pub(crate) async fn create_table<DB: Backend>(
    connection: &mut DB::Connection,
) -> Result<(), Error> {
    DB::executor(connection)
        .execute(sqlx::raw_sql(DB::CREATE_OPERATIONS))
        .await
        .map(drop)
        .map_err(|error| Error::database("create the table kumiko_es_operations", error))
}

/// Whether the seed `id` is applied, asked under the lock.
pub(crate) async fn is_applied<DB: Backend>(
    connection: &mut DB::Connection,
    id: &'static str,
) -> Result<bool, Error> {
    const STEP: &str = "re-check under the lock whether the seed is applied";
    let row = Statement::<DB>::new("SELECT operation_type FROM kumiko_es_operations WHERE id = $1")
        .bind(id.to_owned())
        .fetch_optional(connection)
        .await
        .map_err(|error| fault::<DB>(STEP, error))?;
    let Some(row) = row else { return Ok(false) };
    let operation_type: String =
        column::<DB, _>(&row, 0).map_err(|error| fault::<DB>(STEP, error))?;
    if operation_type == SEED {
        Ok(true)
    } else {
        Err(Error::IdTaken { id, operation_type })
    }
}

/// A marker to be written.
pub(crate) struct NewMarker {
    pub(crate) id: &'static str,
    pub(crate) duration: Duration,
    pub(crate) applied_by: AppliedBy,
    pub(crate) notes: &'static str,
}

/// Writes the marker of the seed that the open transaction has run, and fails if that transaction
/// is no longer the one the lock was taken in.
pub(crate) async fn insert<DB: Backend>(
    connection: &mut DB::Connection,
    marker: NewMarker,
) -> Result<(), Error> {
    const STEP: &str = "write the seed's marker";
    let id = marker.id;
    let open = DB::verify_open(connection)
        .await
        .map_err(|error| Error::database(STEP, error))?;
    if !open {
        return Err(Error::TransactionEnded { id });
    }
    let inserted = Statement::<DB>::new(DB::INSERT_MARKER)
        .bind(id.to_owned())
        .bind(SEED.to_owned())
        .bind(i32::try_from(marker.duration.as_millis()).unwrap_or(i32::MAX))
        .bind(marker.applied_by.as_str().to_owned())
        .bind(marker.notes.to_owned())
        .execute(connection)
        .await
        .map_err(|error| fault::<DB>(STEP, error))?;
    if inserted == 1 {
        Ok(())
    } else {
        Err(Error::TransactionEnded { id })
    }
}

const READ: &str = "read which seeds are applied";

fn fault<DB: Backend>(step: &'static str, source: sqlx::Error) -> Error {
    let decoding = matches!(
        source,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)
    );
    if decoding || DB::fault(&source) == Fault::OtherShape {
        Error::MarkerTable { source }
    } else {
        Error::database(step, source)
    }
}
