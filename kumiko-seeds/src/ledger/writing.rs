//! What is written into the table.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::looking::Sought;
use super::reading::history;
use super::table::fault;
use crate::app::App;
use crate::backend::{Backend, Parameter, Statement};
use crate::history::{History, InterventionKind};
use crate::operation_type::OperationType;
use crate::{AppliedBy, Error, SeedInfo};

/// A marker to be written.
#[derive(Clone, Debug)]
pub(crate) struct NewMarker<'a> {
    seed: SeedInfo<'a>,
    applied_at: DateTime<Utc>,
    duration: Duration,
    applied_by: AppliedBy,
    notes: Cow<'a, str>,
    /// What the ledger knows the seed as.
    ledger_id: String,
    source_id: String,
    /// Those of other seeds that are written with it.
    beside: Vec<NewMarker<'a>>,
}

impl<'a> NewMarker<'a> {
    /// The marker of a `seed` of `app` in a transaction that began at `applied_at`.
    pub(crate) fn new(
        app: &App,
        seed: SeedInfo<'a>,
        applied_at: DateTime<Utc>,
        applied_by: AppliedBy,
    ) -> Self {
        let ledger_id = app.ledger_id(seed.id).into_owned();
        Self {
            notes: Cow::Borrowed(seed.description),
            seed,
            applied_at,
            duration: Duration::ZERO,
            applied_by,
            source_id: History::source_id(&ledger_id),
            ledger_id,
            beside: Vec::new(),
        }
    }

    /// Sets how long the seed took.
    pub(crate) fn took(mut self, duration: Duration) -> Self {
        self.duration = duration;
        self
    }

    /// Says how much was done, behind the description.
    pub(crate) fn noting(mut self, done: &str) -> Self {
        self.notes = Cow::Owned(format!("{}; {done}", self.notes));
        self
    }

    /// Sets the markers of other seeds that are written with it.
    pub(crate) fn beside(mut self, markers: Vec<NewMarker<'a>>) -> Self {
        self.beside = markers;
        self
    }

    pub(crate) fn ledger_id(&self) -> &str {
        &self.ledger_id
    }

    pub(crate) fn id(&self) -> &'a str {
        self.seed.id
    }

    /// By which it is known from another replica's.
    pub(crate) fn applied_at(&self) -> DateTime<Utc> {
        self.applied_at
    }

    /// What looks whether it is there.
    pub(crate) fn sought(&self) -> Sought<'a> {
        Sought::as_written(self.seed.id, &self.ledger_id)
    }

    /// What writes it, and those that are written with it.
    pub(crate) fn inserts(&self) -> Vec<Statement<'_>> {
        let beside = self.beside.iter().map(Self::insert);
        beside.chain([self.insert()]).collect()
    }

    /// What writes it alone, with the hash of the seed's source beside it.
    pub(crate) fn insert(&self) -> Statement<'_> {
        let duration = i32::try_from(self.duration.as_millis()).unwrap_or(i32::MAX);
        Statement {
            sql: format!(
                "INSERT INTO kumiko_es_operations \
                 (id, operation_type, applied_at, duration_ms, applied_by, notes) \
                 VALUES ($1, '{}', $3, $4, $5, $6), ($2, '{}', $3, 0, $5, $7)",
                OperationType::of_marker(self.seed.id).as_str(),
                OperationType::SeedSource.as_str(),
            ),
            values: vec![
                Parameter::Text(&self.ledger_id),
                Parameter::Text(&self.source_id),
                Parameter::Time(self.applied_at),
                Parameter::Integer(duration),
                Parameter::Text(self.applied_by.as_str()),
                Parameter::Text(&self.notes),
                Parameter::Text(self.seed.source_hash.unwrap_or_default()),
            ],
        }
    }
}

/// Takes the marker of a seed away. `false` if it has none.
pub(crate) async fn delete<DB: Backend>(
    connection: &mut DB::Connection,
    app: &App,
    id: &str,
) -> Result<bool, Error> {
    let ledger_id = app.ledger_id(id);
    let marker = OperationType::of_marker(id).as_str();
    let deleted = DB::fetch(
        connection,
        "DELETE FROM kumiko_es_operations WHERE id = $1 AND operation_type = $2 RETURNING id",
        &[Parameter::Text(&ledger_id), Parameter::Text(marker)],
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
    let history = history::<DB>(connection, app).await?.unwrap_or_default();
    let number = history.interventions.len() + 1;
    let id = History::intervention_id(&app.ledger_id(id), kind, number);
    DB::fetch(
        connection,
        "INSERT INTO kumiko_es_operations (id, operation_type, duration_ms, applied_by)
         VALUES ($1, $2, 0, $3)",
        &[
            Parameter::Text(&id),
            Parameter::Text(kind.operation_type().as_str()),
            Parameter::Text(applied_by.as_str()),
        ],
    )
    .await
    .map(drop)
    .map_err(|error| fault::<DB>("leave a trace of it", error))
}
