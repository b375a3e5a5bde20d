//! The only SQL that touches `kumiko_es_operations`.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::Executor;

use crate::backend::{Backend, Fault, Statement, column};
use crate::history::{History, InterventionKind, Operation};
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

/// All that the table tells of seeds; `None` where there is no table yet.
pub(crate) async fn history<DB: Backend>(
    connection: &mut DB::Connection,
) -> Result<Option<History>, Error> {
    let query = "SELECT id, operation_type, applied_at, duration_ms, applied_by, notes
                 FROM kumiko_es_operations
                 WHERE operation_type IN
                     ('seed-migration', 'seed-source', 'seed-mark', 'seed-unmark')";
    let rows = DB::executor(connection)
        .fetch_all(sqlx::raw_sql(query))
        .await;
    let rows = match rows {
        Ok(rows) => rows,
        Err(error) if DB::fault(&error) == Fault::TableMissing => return Ok(None),
        Err(error) => return Err(fault::<DB>(READ, error)),
    };
    let operations = rows
        .iter()
        .map(operation::<DB>)
        .collect::<sqlx::Result<Vec<_>>>();
    let operations = operations.map_err(|error| fault::<DB>(READ, error))?;
    Ok(Some(History::of(operations)))
}

fn operation<DB: Backend>(row: &DB::Row) -> sqlx::Result<Operation> {
    Ok(Operation {
        operation_type: column::<DB, _>(row, 1)?,
        marker: Marker {
            id: column::<DB, _>(row, 0)?,
            applied_at: column::<DB, _>(row, 2)?,
            duration_ms: column::<DB, _>(row, 3)?,
            applied_by: column::<DB, _>(row, 4)?,
            notes: column::<DB, _>(row, 5)?,
            source_hash: None,
        },
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
    id: &str,
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
        Err(Error::IdTaken {
            id: id.to_owned(),
            operation_type,
        })
    }
}

/// A marker to be written.
pub(crate) struct NewMarker<'a> {
    pub(crate) id: &'a str,
    pub(crate) duration: Duration,
    pub(crate) applied_by: AppliedBy,
    pub(crate) notes: &'a str,
    pub(crate) source_hash: &'a str,
}

/// Writes the marker of the seed that the open transaction has run. `false` if that transaction is no
/// longer the one the lock was taken in, and then nothing is written.
pub(crate) async fn insert<DB: Backend>(
    connection: &mut DB::Connection,
    marker: NewMarker<'_>,
) -> Result<bool, Error> {
    const STEP: &str = "write the seed's marker";
    let open = DB::verify_open(connection).await;
    if !open.map_err(|error| Error::database(STEP, error))? {
        return Ok(false);
    }
    let inserted = Statement::<DB>::new(DB::INSERT_MARKER)
        .bind(marker.id.to_owned())
        .bind(i32::try_from(marker.duration.as_millis()).unwrap_or(i32::MAX))
        .bind(marker.applied_by.as_str().to_owned())
        .bind(marker.notes.to_owned())
        .bind(History::source_id(marker.id))
        .bind(marker.source_hash.to_owned())
        .execute(connection)
        .await
        .map_err(|error| fault::<DB>(STEP, error))?;
    Ok(inserted == 2)
}

/// Takes the marker of a seed away. `false` if it has none.
pub(crate) async fn delete<DB: Backend>(
    connection: &mut DB::Connection,
    id: &str,
) -> Result<bool, Error> {
    let deleted = Statement::<DB>::new(
        "DELETE FROM kumiko_es_operations WHERE id = $1 AND operation_type = 'seed-migration'",
    )
    .bind(id.to_owned())
    .execute(connection)
    .await
    .map_err(|error| fault::<DB>("take the seed's marker away", error))?;
    Ok(deleted == 1)
}

/// Leaves a trace of what a person did to a marker by hand.
pub(crate) async fn insert_intervention<DB: Backend>(
    connection: &mut DB::Connection,
    id: &str,
    kind: InterventionKind,
    applied_by: AppliedBy,
) -> Result<(), Error> {
    let number = history::<DB>(connection)
        .await?
        .unwrap_or_default()
        .interventions
        .len()
        + 1;
    Statement::<DB>::new(
        "INSERT INTO kumiko_es_operations (id, operation_type, duration_ms, applied_by)
         VALUES ($1, $2, 0, $3)",
    )
    .bind(History::intervention_id(id, kind, number))
    .bind(kind.operation_type().to_owned())
    .bind(applied_by.as_str().to_owned())
    .execute(connection)
    .await
    .map(drop)
    .map_err(|error| fault::<DB>("leave a trace of it", error))
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
