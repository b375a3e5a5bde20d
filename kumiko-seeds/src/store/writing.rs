//! What is written into the table.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{fault, history};
use crate::app::App;
use crate::backend::{Backend, MarkerFault, Value};
use crate::history::{History, InterventionKind};
use crate::{AppliedBy, Error};

/// A marker to be written.
pub(crate) struct NewMarker<'a> {
    pub(crate) id: &'a str,
    /// What the ledger knows the seed as.
    pub(crate) ledger_id: String,
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
            source_id: History::source_id(&self.ledger_id),
            applied_at: self.applied_at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        }
    }

    /// The values of [`Backend::insert_marker`].
    fn values<'a>(&'a self, derived: &'a Derived) -> [Value<'a>; 7] {
        let duration = i32::try_from(self.duration.as_millis()).unwrap_or(i32::MAX);
        [
            Value::Text(&self.ledger_id),
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
pub(crate) fn unwritten<DB: Backend>(unwritten: MarkerFault) -> Error {
    fault::<DB>("write the seed's marker", unwritten.into())
}

/// Takes the marker of a seed away. `false` if it has none.
pub(crate) async fn delete<DB: Backend>(
    connection: &mut DB::Connection,
    app: &App,
    id: &str,
) -> Result<bool, Error> {
    let deleted = DB::fetch(
        connection,
        "DELETE FROM kumiko_es_operations WHERE id = $1 AND operation_type = 'seed-migration'
         RETURNING id",
        &[Value::Text(&app.ledger_id(id))],
    )
    .await
    .map_err(|error| fault::<DB>("take the seed's marker away", error))?;
    Ok(!deleted.is_empty())
}

/// Leaves a trace of what a person did to a marker by hand.
pub(crate) async fn insert_intervention<DB: Backend>(
    connection: &mut DB::Connection,
    app: &App,
    id: &str,
    kind: InterventionKind,
    applied_by: AppliedBy,
) -> Result<(), Error> {
    let number = history::<DB>(connection, app)
        .await?
        .unwrap_or_default()
        .interventions
        .len()
        + 1;
    let values = [
        Value::Text(&History::intervention_id(&app.ledger_id(id), kind, number)),
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
