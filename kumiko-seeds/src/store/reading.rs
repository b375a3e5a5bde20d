//! What the table tells of all seeds.

use super::{fault, text, unhidden};
use crate::app::App;
use crate::applied::AppliedSeeds;
use crate::backend::{Backend, Fault, column};
use crate::history::{History, Operation};
use crate::{Error, Marker};

const READ: &str = "read which seeds are applied";

/// The applied seeds; `None` where there is no table yet, which means none.
///
/// **Invariant:** one message of the simple protocol, so that a boot with nothing pending costs
/// one round trip even on a connection that has prepared nothing.
pub(crate) async fn applied<DB: Backend>(
    connection: &mut DB::Connection,
) -> Result<Option<AppliedSeeds>, Error> {
    let Some(rows) = read::<DB>(connection, DB::APPLIED).await? else {
        return Ok(None);
    };
    let text = rows.first().map_or(Ok(None), |row| DB::text(row, 0));
    let text = text.map_err(|error| fault::<DB>(READ, error))?;
    Ok(Some(AppliedSeeds::of(text.unwrap_or_default())))
}

/// All that the table tells of the seeds of `app`; `None` where there is no table yet.
pub(crate) async fn history<DB: Backend>(
    connection: &mut DB::Connection,
    app: &App,
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
    Ok(Some(History::of(app.clone(), operations)))
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
            app: None,
            source_hash: None,
            is_foreign: false,
        },
    })
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
