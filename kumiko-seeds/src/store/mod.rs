//! The only SQL that touches `kumiko_es_operations`, apart from the statements in which the databases differ.

mod looking;
mod reading;
mod writing;

use sqlx::Executor;

use crate::Error;
use crate::backend::{Backend, Fault, column};

pub(crate) use looking::{Sought, applied_at, find, looked};
pub(crate) use reading::{applied, history};
pub(crate) use writing::{NewMarker, delete, insert, insert_intervention, insert_last, unwritten};

const TABLE: &str = "kumiko_es_operations";

/// The operation type of a seed's marker. Other operations share the table.
const SEED: &str = "seed-migration";

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

/// The rows of a message that reads, without the one that says whether row level security is active. An error if it
/// may hide some.
async fn unhidden<DB: Backend>(
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

fn text<DB: Backend>(row: &DB::Row, index: usize) -> sqlx::Result<String> {
    DB::text(row, index)?.ok_or_else(|| sqlx::Error::Decode("a text is missing".into()))
}

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
