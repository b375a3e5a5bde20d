//! The only SQL that touches `kumiko_es_operations`.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::Executor;

use crate::backend::{Backend, Fault, column};
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
        .map_err(|error| fault::<DB>(CREATE, error))
}

/// When the seed `id` was applied; `None` if it is not. Means something for the future only under the
/// lock.
pub(crate) async fn applied_at<DB: Backend>(
    connection: &mut DB::Connection,
    id: &str,
) -> Result<Option<DateTime<Utc>>, Error> {
    const STEP: &str = "re-check under the lock whether the seed is applied";
    let rows = DB::fetch(
        connection,
        "SELECT operation_type, applied_at FROM kumiko_es_operations WHERE id = $1",
        &[id],
    )
    .await
    .map_err(|error| fault::<DB>(STEP, error))?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let operation_type: String =
        column::<DB, _>(row, 0).map_err(|error| fault::<DB>(STEP, error))?;
    if operation_type == SEED {
        column::<DB, _>(row, 1)
            .map(Some)
            .map_err(|error| fault::<DB>(STEP, error))
    } else {
        Err(Error::IdTaken {
            id: id.to_owned(),
            operation_type,
        })
    }
}

/// When the seed `id` was applied; `None` if it is not, or if there is no table. A missing table ends
/// a PostgreSQL transaction, so this is for those that do nothing else.
pub(crate) async fn find<DB: Backend>(
    connection: &mut DB::Connection,
    id: &str,
) -> Result<Option<DateTime<Utc>>, Error> {
    match applied_at::<DB>(connection, id).await {
        Err(Error::Database { source, .. }) if DB::fault(&source) == Fault::TableMissing => {
            Ok(None)
        }
        found => found,
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

/// Writes the marker of the seed that the open transaction has run, and gives the time it says.
/// `None` if that transaction is no longer the one the lock was taken in, and then nothing is written.
pub(crate) async fn insert<DB: Backend>(
    connection: &mut DB::Connection,
    marker: NewMarker<'_>,
) -> Result<Option<DateTime<Utc>>, Error> {
    const STEP: &str = "write the seed's marker";
    let open = DB::verify_open(connection).await;
    if !open.map_err(|error| Error::database(STEP, error))? {
        return Ok(None);
    }
    let duration = i32::try_from(marker.duration.as_millis()).unwrap_or(i32::MAX);
    let values = [
        marker.id,
        &duration.to_string(),
        marker.applied_by.as_str(),
        marker.notes,
        &History::source_id(marker.id),
        marker.source_hash,
    ];
    let inserted = DB::fetch(connection, DB::INSERT_MARKER, &values).await;
    let inserted = inserted.map_err(|error| fault::<DB>(STEP, error))?;
    for row in &inserted {
        let id: String = column::<DB, _>(row, 0).map_err(|error| fault::<DB>(STEP, error))?;
        if id == marker.id {
            return column::<DB, _>(row, 1)
                .map(Some)
                .map_err(|error| fault::<DB>(STEP, error));
        }
    }
    Ok(None)
}

/// Takes the marker of a seed away. `false` if it has none.
pub(crate) async fn delete<DB: Backend>(
    connection: &mut DB::Connection,
    id: &str,
) -> Result<bool, Error> {
    let deleted = DB::fetch(
        connection,
        "DELETE FROM kumiko_es_operations WHERE id = $1 AND operation_type = 'seed-migration'
         RETURNING id",
        &[id],
    )
    .await
    .map_err(|error| fault::<DB>("take the seed's marker away", error))?;
    Ok(!deleted.is_empty())
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
    let values = [
        &History::intervention_id(id, kind, number),
        kind.operation_type(),
        applied_by.as_str(),
    ];
    DB::fetch(
        connection,
        "INSERT INTO kumiko_es_operations (id, operation_type, duration_ms, applied_by)
         VALUES ($1, $2, 0, $3)",
        &values,
    )
    .await
    .map(drop)
    .map_err(|error| fault::<DB>("leave a trace of it", error))
}

const READ: &str = "read which seeds are applied";

const CREATE: &str = "create the table kumiko_es_operations";

fn fault<DB: Backend>(step: &'static str, source: sqlx::Error) -> Error {
    let decoding = matches!(
        source,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)
    );
    match DB::fault(&source) {
        _ if decoding => Error::MarkerTable { source },
        Fault::OtherShape => Error::MarkerTable { source },
        Fault::NotPermitted => Error::NotPermitted {
            step,
            role: None,
            creation: (step == CREATE).then_some(DB::CREATE_OPERATIONS),
            source,
        },
        _ => Error::database(step, source),
    }
}
