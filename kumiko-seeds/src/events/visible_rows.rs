//! Reading tables of the app, where row level security may hide rows.

use super::{EventBackend, EventStoreError};
use crate::backend::Parameter;

/// Runs a query that reads `tables`, and fails where row level security may hide rows of one of them.
///
/// **Invariant:** what is not there and what is not shown are told apart. A seed that finds nothing and returns `Ok` is
/// marked as applied.
pub(super) async fn fetch<DB: EventBackend>(
    connection: &mut DB::Connection,
    tables: &[&'static str],
    sql: &str,
    values: &[Parameter<'_>],
) -> Result<Vec<DB::Row>, EventStoreError> {
    let (secured, rows) = DB::fetch_with_secured(connection, tables, sql, values).await?;
    for table in secured {
        check::<DB>(connection, table).await?;
    }
    Ok(rows)
}

/// Fails if row level security, which is active on `table`, may hide rows of it.
pub(super) async fn check<DB: EventBackend>(
    connection: &mut DB::Connection,
    table: &'static str,
) -> Result<(), EventStoreError> {
    match DB::blinded_role(connection, table).await? {
        Some(role) => Err(EventStoreError::RowSecurity {
            table,
            role: Some(role),
            source: None,
        }),
        None => Ok(()),
    }
}
