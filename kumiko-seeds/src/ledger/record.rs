//! What a transaction writes into the library's tables beside the work that it does, and how an operation under way is turned.

use chrono::{DateTime, Utc};

use super::progress::progress_fault;
use super::table::{Table, Tables};
use super::writing::NewMarker;
use crate::backend::{Backend, Fault, Parameter, Statement};
use crate::operation_type::OperationType;
use crate::{Error, ProgressState, SeedProgress};

const WRITE: &str = "write how far a seed of many steps is";

/// What a transaction writes into the tables of the library beside the work it does.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    /// A seed of one transaction is applied.
    Marker(NewMarker<'static>),
    /// An operation begins.
    Begun(NewProgress),
    /// A step is done, after which the operation is so far.
    Step(NewStep),
    /// The last step is done.
    Last(NewMarker<'static>),
    /// Somebody else has written the marker of an operation that was under way.
    Overtaken { ledger_id: String },
}

/// An operation that begins.
#[derive(Clone, Debug)]
pub(crate) struct NewProgress {
    pub(crate) id: &'static str,
    pub(crate) ledger_id: String,
    pub(crate) source_hash: &'static str,
    pub(crate) step_size: u32,
    pub(crate) worker: String,
    pub(crate) at: DateTime<Utc>,
}

/// A step that is done.
#[derive(Clone, Debug)]
pub(crate) struct NewStep {
    pub(crate) id: &'static str,
    pub(crate) ledger_id: String,
    /// How far the operation is with it.
    pub(crate) progress: SeedProgress,
}

impl Record {
    /// Notes which tables there are once it is committed.
    pub(crate) fn note_tables(&self, tables: &mut Tables) {
        tables.operations = Table::Exists;
        if !matches!(self, Self::Marker(_)) {
            tables.progress = Table::Exists;
        }
    }

    /// What to say if the database refuses it, or the commit with it.
    pub(crate) fn refused<DB: Backend>(&self, error: sqlx::Error) -> Error {
        match (self, DB::fault(&error)) {
            (Self::Marker(marker) | Self::Last(marker), Fault::TransactionFailed) => {
                Error::unfinished_after_failure(marker.id())
            }
            (Self::Step(step), Fault::TransactionFailed) => {
                Error::unfinished_after_failure(step.id)
            }
            _ => progress_fault::<DB>(WRITE, error),
        }
    }

    /// What writes it.
    pub(crate) fn statements(&self) -> Vec<Statement<'_>> {
        match self {
            Self::Marker(marker) => marker.inserts(),
            Self::Begun(begun) => vec![begun.insert()],
            Self::Step(step) => vec![step.update()],
            Self::Last(marker) => vec![marker.insert(), delete(marker.ledger_id())],
            Self::Overtaken { ledger_id } => vec![delete(ledger_id)],
        }
    }
}

fn delete(ledger_id: &str) -> Statement<'_> {
    Statement {
        sql: "DELETE FROM kumiko_es_progress WHERE id = $1".to_owned(),
        values: vec![Parameter::Text(ledger_id)],
    }
}

impl NewProgress {
    fn insert(&self) -> Statement<'_> {
        Statement {
            sql: format!(
                "INSERT INTO kumiko_es_progress \
                 (id, operation_type, state, source_hash, done, events, steps, step_size, failures, worker, \
                  started_at, updated_at, worked_ms) \
                 VALUES ($1, '{}', '{}', $2, 0, 0, 0, $3, 0, $4, $5, $5, 0)",
                OperationType::of_marker(self.id).as_str(),
                ProgressState::Running.as_str(),
            ),
            values: vec![
                Parameter::Text(&self.ledger_id),
                Parameter::Text(self.source_hash),
                Parameter::Long(i64::from(self.step_size)),
                Parameter::Text(&self.worker),
                Parameter::Time(self.at),
            ],
        }
    }
}

impl NewStep {
    /// The state is not written, or a pause meanwhile would be lost; but one that had failed goes on.
    fn update(&self) -> Statement<'_> {
        let progress = &self.progress;
        Statement {
            sql: format!(
                "UPDATE kumiko_es_progress SET \"cursor\" = $2, done = $3, total = $4, events = $5, steps = $6, \
                 step_size = $7, failures = 0, error = NULL, throttled = NULL, worker = $8, updated_at = $9, \
                 worked_ms = $10, source_hash = $11, state = CASE state WHEN '{}' THEN '{}' ELSE state END WHERE id = $1",
                ProgressState::Failed.as_str(),
                ProgressState::Running.as_str(),
            ),
            values: vec![
                Parameter::Text(&self.ledger_id),
                text(progress.cursor.as_deref()),
                long(progress.done),
                progress.total.map_or(Parameter::Null, long),
                long(progress.events),
                long(progress.steps),
                Parameter::Long(i64::from(progress.step_size)),
                text(progress.worker.as_deref()),
                Parameter::Time(progress.updated_at),
                long(u64::try_from(progress.worked.as_millis()).unwrap_or(u64::MAX)),
                text(progress.source_hash.as_deref()),
            ],
        }
    }
}

fn text(text: Option<&str>) -> Parameter<'_> {
    text.map_or(Parameter::Null, Parameter::Text)
}

fn long(number: u64) -> Parameter<'static> {
    Parameter::Long(i64::try_from(number).unwrap_or(i64::MAX))
}

/// What becomes of an operation under way other than by a step of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Turned<'a> {
    /// Its state becomes this one.
    Into(ProgressState),
    /// Its steps have failed, so many in a row, with this error.
    Failed { failures: u32, error: &'a str },
    /// It goes on with this source.
    Continued { source_hash: &'a str },
    /// It begins anew with this source.
    Restarted { source_hash: &'a str },
    /// A throttle holds its steps back, for this reason.
    Throttled { reason: &'a str },
}

/// Turns an operation that is in the state `from`. `false` if it is not, or not under way.
pub(crate) async fn turn<DB: Backend>(
    connection: &mut DB::Connection,
    ledger_id: &str,
    from: ProgressState,
    turned: Turned<'_>,
) -> Result<bool, Error> {
    const RUNNING: &str = "state = 'running', failures = 0, error = NULL, throttled = NULL";
    let mut values = vec![Parameter::Text(ledger_id), Parameter::Text(from.as_str())];
    let set = match turned {
        Turned::Into(ProgressState::Running) => RUNNING.to_owned(),
        Turned::Into(state) => {
            values.push(Parameter::Text(state.as_str()));
            "state = $3, throttled = NULL".to_owned()
        }
        Turned::Failed { failures, error } => {
            values.extend([Parameter::Long(i64::from(failures)), Parameter::Text(error)]);
            "state = 'failed', failures = $3, error = $4, throttled = NULL".to_owned()
        }
        Turned::Continued { source_hash } => {
            values.push(Parameter::Text(source_hash));
            format!("{RUNNING}, source_hash = $3")
        }
        Turned::Restarted { source_hash } => {
            values.push(Parameter::Text(source_hash));
            format!(
                "{RUNNING}, source_hash = $3, \"cursor\" = NULL, done = 0, total = NULL, events = 0, steps = 0, \
                 worked_ms = 0, started_at = CURRENT_TIMESTAMP"
            )
        }
        Turned::Throttled { reason } => {
            values.push(Parameter::Text(reason));
            "throttled = $3".to_owned()
        }
    };
    let sql = format!(
        "UPDATE kumiko_es_progress SET {set}, updated_at = CURRENT_TIMESTAMP WHERE id = $1 AND state = $2 \
         RETURNING 1"
    );
    let rows = DB::fetch(connection, &sql, &values).await;
    Ok(!rows
        .map_err(|error| progress_fault::<DB>(WRITE, error))?
        .is_empty())
}

/// Forgets how far an operation is.
pub(crate) async fn forget_progress<DB: Backend>(
    connection: &mut DB::Connection,
    ledger_id: &str,
) -> Result<(), Error> {
    let Statement { sql, values } = delete(ledger_id);
    let deleted = DB::fetch(connection, &sql, &values).await;
    deleted
        .map(drop)
        .map_err(|error| progress_fault::<DB>(WRITE, error))
}
