//! The only SQL on `kumiko_es_progress`, apart from its creation: how far operations of many steps are.

use std::time::Duration;

use super::reading::for_reading_alone;
use super::table::{Kind, number};
use crate::app::{App, parts};
use crate::backend::{Backend, Fault, Lock, Parameter, column};
use crate::operation_type::OperationType;
use crate::{Error, ProgressState, SeedProgress};

const TABLE: &str = "kumiko_es_progress";
const READ: &str = "read how far seeds of many steps are";

const PROGRESS: Kind = Kind {
    name: TABLE,
    creating: "create the table kumiko_es_progress",
    privileges: "SELECT, INSERT, UPDATE, DELETE ON kumiko_es_progress",
    other_shape: |source| Error::ProgressTable { source },
};

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
    PROGRESS.create::<DB>(connection, DB::CREATE_PROGRESS).await
}

/// What to say of a statement on the table that failed.
pub(crate) fn progress_fault<DB: Backend>(step: &'static str, source: sqlx::Error) -> Error {
    PROGRESS.fault::<DB>(step, source)
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
    PROGRESS.see_all::<DB>(connection, READ, row, first).await?;
    of_row::<DB>(row, first).map_err(|error| progress_fault::<DB>(READ, error))
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
        "SELECT {} FROM (SELECT 1) AS one LEFT JOIN kumiko_es_progress AS progress ON operation_type IN ({})",
        columns::<DB>(),
        OperationType::list_of_markers(),
    );
    let rows = match DB::fetch(connection, &sql, &[]).await {
        Ok(rows) => rows,
        Err(error) if DB::fault(&error) == Fault::TableMissing => return Ok(Vec::new()),
        Err(error) => {
            let error = progress_fault::<DB>(READ, error);
            return Err(for_reading_alone(error, "SELECT ON kumiko_es_progress"));
        }
    };
    let mut all = Vec::new();
    for row in &rows {
        let found = progress::<DB>(connection, row, 0).await?;
        all.extend(found.filter(|progress| progress.app.as_deref() == app.name()));
    }
    all.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(all)
}
