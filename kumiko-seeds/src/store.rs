//! The only SQL that touches `kumiko_es_operations`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::Executor;

use crate::backend::{Backend, Fault, MarkerFault, Value, column};
use crate::history::{History, InterventionKind, Operation};
use crate::{AppliedBy, Error, Marker};

const TABLE: &str = "kumiko_es_operations";

/// The operation type of a seed's marker. Other operations share the table.
const SEED: &str = "seed-migration";

/// What [`Backend::APPLIED`] puts between two ids: the unit separator of ASCII, which is made for this and is in
/// no file's name.
const BETWEEN_IDS: char = '\u{1f}';

/// The ids of the applied seeds; `None` where there is no table yet, which means none.
///
/// **Invariant:** one message of the simple protocol, so that a boot with nothing pending costs
/// one round trip even on a connection that has prepared nothing.
pub(crate) async fn applied<DB: Backend>(
    connection: &mut DB::Connection,
) -> Result<Option<Vec<String>>, Error> {
    let Some(rows) = read::<DB>(connection, DB::APPLIED).await? else {
        return Ok(None);
    };
    let ids = rows.first().map_or(Ok(None), |row| DB::text(row, 0));
    let ids = ids.map_err(|error| fault::<DB>(READ, error))?;
    let ids = ids.iter().flat_map(|ids| ids.split(BETWEEN_IDS));
    Ok(Some(ids.map(str::to_owned).collect()))
}

/// All that the table tells of seeds; `None` where there is no table yet.
pub(crate) async fn history<DB: Backend>(
    connection: &mut DB::Connection,
) -> Result<Option<History>, Error> {
    let rows = read::<DB>(connection, DB::HISTORY).await;
    let Some(rows) = rows.map_err(for_reading_alone)? else {
        return Ok(None);
    };
    let operations = rows
        .iter()
        .map(operation::<DB>)
        .collect::<sqlx::Result<Vec<_>>>();
    let operations = operations.map_err(|error| fault::<DB>(READ, error))?;
    Ok(Some(History::of(operations)))
}

/// The same error for somebody who does not go on to write.
fn for_reading_alone(mut error: Error) -> Error {
    if let Error::NotPermitted { privileges, .. } = &mut error {
        *privileges = "SELECT";
    }
    error
}

fn operation<DB: Backend>(row: &DB::Row) -> sqlx::Result<Operation> {
    Ok(Operation {
        operation_type: text::<DB>(row, 1)?,
        marker: Marker {
            id: text::<DB>(row, 0)?,
            applied_at: DB::time(row, 2)?,
            duration_ms: column::<DB, _>(row, 3)?,
            applied_by: text::<DB>(row, 4)?,
            notes: DB::text(row, 5)?,
            source_hash: None,
        },
    })
}

fn text<DB: Backend>(row: &DB::Row, index: usize) -> sqlx::Result<String> {
    DB::text(row, index)?.ok_or_else(|| sqlx::Error::Decode("a text is missing".into()))
}

/// The rows of a message that reads without values; `None` where there is no table yet.
async fn read<DB: Backend>(
    connection: &mut DB::Connection,
    sql: &'static str,
) -> Result<Option<Vec<DB::Row>>, Error> {
    match DB::fetch(connection, sql, &[]).await {
        Ok(rows) => unhidden::<DB>(connection, READ, rows).await.map(Some),
        Err(error) if DB::fault(&error) == Fault::TableMissing => Ok(None),
        Err(error) => Err(fault::<DB>(READ, error)),
    }
}

/// The rows of a message that reads, without the one that says whether row level security is active. An error if it
/// may hide some.
pub(crate) async fn unhidden<DB: Backend>(
    connection: &mut DB::Connection,
    step: &'static str,
    mut rows: Vec<DB::Row>,
) -> Result<Vec<DB::Row>, Error> {
    let failed = |error| fault::<DB>(step, error);
    if rows.is_empty() {
        return Err(failed(sqlx::Error::RowNotFound));
    }
    let is_active = column::<DB, i32>(&rows.remove(0), 0).map_err(failed)? != 0;
    if is_active && let Some(role) = DB::blinded_role(connection, TABLE).await.map_err(failed)? {
        return Err(Error::RowSecurity {
            table: TABLE,
            role: Some(role),
            source: None,
        });
    }
    Ok(rows)
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
    let rows = DB::fetch(connection, DB::LOOK, &[Value::Text(id)]).await;
    let rows = rows.map_err(|error| fault::<DB>(RECHECK, error))?;
    looked::<DB>(connection, rows, id).await
}

/// The same from the rows of [`Backend::LOOK`].
pub(crate) async fn looked<DB: Backend>(
    connection: &mut DB::Connection,
    rows: Vec<DB::Row>,
    id: &str,
) -> Result<Option<DateTime<Utc>>, Error> {
    let rows = unhidden::<DB>(connection, RECHECK, rows).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let operation_type = text::<DB>(row, 0).map_err(|error| fault::<DB>(RECHECK, error))?;
    if operation_type == SEED {
        let applied_at = DB::time(row, 1);
        applied_at
            .map(Some)
            .map_err(|error| fault::<DB>(RECHECK, error))
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
    /// When the transaction began.
    pub(crate) applied_at: DateTime<Utc>,
    pub(crate) duration: Duration,
    pub(crate) applied_by: AppliedBy,
    pub(crate) notes: &'a str,
    pub(crate) source_hash: &'a str,
}

/// What a marker holds that is not there to be borrowed.
struct Derived {
    source_id: String,
    applied_at: String,
}

impl NewMarker<'_> {
    fn derived(&self) -> Derived {
        Derived {
            source_id: History::source_id(self.id),
            applied_at: self.applied_at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        }
    }

    /// The values of [`Backend::insert_marker`].
    fn values<'a>(&'a self, derived: &'a Derived) -> [Value<'a>; 7] {
        let duration = i32::try_from(self.duration.as_millis()).unwrap_or(i32::MAX);
        [
            Value::Text(self.id),
            Value::Integer(duration),
            Value::Text(self.applied_by.as_str()),
            Value::Text(self.notes),
            Value::Text(&derived.source_id),
            Value::Text(self.source_hash),
            Value::Text(&derived.applied_at),
        ]
    }
}

/// Restores the session and writes a marker into the open transaction, which somebody else ends.
pub(crate) async fn insert<DB: Backend>(
    connection: &mut DB::Connection,
    identity: &DB::Identity,
    restoring: &str,
    marker: &NewMarker<'_>,
) -> Result<(), MarkerFault> {
    let values = marker.derived();
    DB::insert_marker(connection, identity, restoring, &marker.values(&values)).await
}

/// The same as the last thing in the open transaction, which [`Backend::end`] ends.
pub(crate) async fn insert_last<DB: Backend>(
    connection: &mut DB::Connection,
    identity: &DB::Identity,
    restoring: &str,
    marker: &NewMarker<'_>,
) -> Result<(), MarkerFault> {
    let values = marker.derived();
    DB::insert_last_marker(connection, identity, restoring, &marker.values(&values)).await
}

/// What to say of a marker that was not written.
pub(crate) fn unwritten<DB: Backend>(fault: MarkerFault) -> Error {
    self::fault::<DB>("write the seed's marker", fault.into())
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
        &[Value::Text(id)],
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
        Value::Text(&History::intervention_id(id, kind, number)),
        Value::Text(kind.operation_type()),
        Value::Text(applied_by.as_str()),
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

const RECHECK: &str = "re-check under the lock whether the seed is applied";
const READ: &str = "read which seeds are applied";

pub(crate) const CREATE: &str = "create the table kumiko_es_operations";

/// What to say of a statement on the table that failed.
pub(crate) fn fault<DB: Backend>(step: &'static str, source: sqlx::Error) -> Error {
    let decoding = matches!(
        source,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)
    );
    match DB::fault(&source) {
        _ if decoding => Error::MarkerTable { source },
        Fault::OtherShape => Error::MarkerTable { source },
        Fault::RowSecurity => Error::RowSecurity {
            table: TABLE,
            role: None,
            source: Some(source),
        },
        Fault::NotPermitted => Error::NotPermitted {
            step,
            role: None,
            creation: (step == CREATE).then_some(DB::CREATE_OPERATIONS),
            privileges: "SELECT, INSERT, UPDATE, DELETE",
            source,
        },
        _ => Error::database(step, source),
    }
}
