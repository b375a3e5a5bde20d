//! The only SQL on `kumiko_es_progress`, apart from its creation: how far operations of many steps are.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::Executor;

use super::table::{Table, Tables, number};
use super::writing::NewMarker;
use crate::app::{App, parts};
use crate::backend::{Backend, Fault, Lock, Parameter, Statement, column};
use crate::operation_type::OperationType;
use crate::{Error, ProgressState, SeedProgress};

const TABLE: &str = "kumiko_es_progress";
const READ: &str = "read how far seeds of many steps are";
const WRITE: &str = "write how far a seed of many steps is";

/// The lock of the steps of the operation that the ledger knows as `ledger_id`.
pub(crate) fn lock_of(ledger_id: &str) -> Lock {
    let hash = ledger_id.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    Lock::Operation(hash.cast_signed())
}

/// Creates the table where it is missing. The lock of seeds must be held.
pub(crate) async fn create_progress<DB: Backend>(
    connection: &mut DB::Connection,
) -> Result<(), Error> {
    let created = DB::executor(connection)
        .execute(sqlx::raw_sql(DB::CREATE_PROGRESS))
        .await;
    created.map(drop).map_err(|error| {
        let mut error = progress_fault::<DB>("create the table kumiko_es_progress", error);
        if let Error::NotPermitted { creation, .. } = &mut error {
            *creation = Some(DB::CREATE_PROGRESS);
        }
        error
    })
}

/// What to say of a statement on the table that failed.
pub(crate) fn progress_fault<DB: Backend>(step: &'static str, source: sqlx::Error) -> Error {
    let decoding = matches!(
        source,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)
    );
    match DB::fault(&source) {
        _ if decoding => Error::ProgressTable { source },
        Fault::OtherShape => Error::ProgressTable { source },
        Fault::RowSecurity => Error::RowSecurity {
            table: TABLE,
            role: None,
            source: Some(source),
        },
        Fault::NotPermitted => Error::NotPermitted {
            step,
            role: None,
            creation: None,
            privileges: "SELECT, INSERT, UPDATE, DELETE ON kumiko_es_progress",
            source,
        },
        _ => Error::database(step, source),
    }
}

/// The expressions that [`progress`] reads.
pub(super) fn columns<DB: Backend>() -> String {
    let text = DB::as_text;
    [
        DB::row_security(TABLE),
        text("progress.id"),
        text("state"),
        text("source_hash"),
        text(r#"progress."cursor""#),
        "done".to_owned(),
        "coalesce(total, -1)".to_owned(),
        "events".to_owned(),
        "steps".to_owned(),
        "step_size".to_owned(),
        "failures".to_owned(),
        text("error"),
        text("throttled"),
        text("worker"),
        DB::as_time("started_at"),
        DB::as_time("updated_at"),
        "worked_ms".to_owned(),
    ]
    .join(", ")
}

/// What the columns from `first` on tell; none if the row has none of the table.
pub(super) async fn progress<DB: Backend>(
    connection: &mut DB::Connection,
    row: &DB::Row,
    first: usize,
) -> Result<Option<SeedProgress>, Error> {
    let failed = |error| progress_fault::<DB>(READ, error);
    let active = column::<DB, i32>(row, first).map_err(failed)?;
    if active != 0
        && let Some(role) = DB::blinded_role(connection, TABLE).await.map_err(failed)?
    {
        return Err(Error::RowSecurity {
            table: TABLE,
            role: Some(role),
            source: None,
        });
    }
    of_row::<DB>(row, first).map_err(failed)
}

fn of_row<DB: Backend>(row: &DB::Row, first: usize) -> sqlx::Result<Option<SeedProgress>> {
    let text = |index| DB::text(row, first + index);
    let number = |index| column::<DB, i64>(row, first + index);
    let count = |index| number(index).map(|number| u64::try_from(number).unwrap_or_default());
    let small = |index| column::<DB, i32>(row, first + index);
    let small = |index| small(index).map(|number| u32::try_from(number).unwrap_or_default());
    let Some(ledger_id) = text(1)? else {
        return Ok(None);
    };
    let (app, id) = parts(&ledger_id);
    let state = text(2)?.unwrap_or_default();
    let Some(state) = ProgressState::of(&state) else {
        let problem = format!("{state:?} is no state of a seed of many steps");
        return Err(sqlx::Error::Decode(problem.into()));
    };
    Ok(Some(SeedProgress {
        app: app.map(str::to_owned),
        id: id.to_owned(),
        state,
        source_hash: text(3)?,
        cursor: text(4)?,
        done: count(5)?,
        total: u64::try_from(number(6)?).ok(),
        events: count(7)?,
        steps: count(8)?,
        step_size: small(9)?,
        failures: small(10)?,
        error: text(11)?,
        throttled: text(12)?,
        worker: text(13)?,
        started_at: DB::time(row, first + 14)?,
        updated_at: DB::time(row, first + 15)?,
        worked: Duration::from_millis(count(16)?),
    }))
}

/// Whether there is a table of progress.
pub(super) async fn has_progress<DB: Backend>(
    connection: &mut DB::Connection,
) -> Result<bool, Error> {
    let sql = format!("SELECT {}", DB::HAS_PROGRESS);
    let rows = DB::fetch(connection, &sql, &[]).await;
    let first = rows.and_then(|rows| rows.first().map_or(Ok(0), |row| number::<DB>(row, 0)));
    first
        .map(|has| has != 0)
        .map_err(|error| progress_fault::<DB>(READ, error))
}

/// How far one operation is; none if it has not begun or is done. The table must be there.
pub(crate) async fn find_progress<DB: Backend>(
    connection: &mut DB::Connection,
    ledger_id: &str,
) -> Result<Option<SeedProgress>, Error> {
    let sql = format!(
        "SELECT {} FROM (SELECT 1) AS one LEFT JOIN kumiko_es_progress AS progress ON progress.id = $1",
        columns::<DB>()
    );
    let rows = DB::fetch(connection, &sql, &[Parameter::Text(ledger_id)]).await;
    let rows = rows.map_err(|error| progress_fault::<DB>(READ, error))?;
    match rows.first() {
        Some(row) => progress::<DB>(connection, row, 0).await,
        None => Ok(None),
    }
}

/// How far all seeds of `app` are that are under way, in byte order of their ids; nothing where there is no table.
pub(crate) async fn all_progress<DB: Backend>(
    connection: &mut DB::Connection,
    app: &App,
) -> Result<Vec<SeedProgress>, Error> {
    let sql = format!(
        "SELECT {} FROM (SELECT 1) AS one LEFT JOIN kumiko_es_progress AS progress ON operation_type = '{}'",
        columns::<DB>(),
        OperationType::SeedMigration.as_str(),
    );
    let rows = match DB::fetch(connection, &sql, &[]).await {
        Ok(rows) => rows,
        Err(error) if DB::fault(&error) == Fault::TableMissing => return Ok(Vec::new()),
        Err(error) => return Err(progress_fault::<DB>(READ, error)),
    };
    let mut all = Vec::new();
    for row in &rows {
        let found = progress::<DB>(connection, row, 0).await?;
        all.extend(found.filter(|progress| progress.app.as_deref() == app.name()));
    }
    all.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(all)
}

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
            Self::Marker(marker) => vec![marker.insert()],
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
                OperationType::SeedMigration.as_str(),
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
                 worked_ms = $10, state = CASE state WHEN '{}' THEN '{}' ELSE state END WHERE id = $1",
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
