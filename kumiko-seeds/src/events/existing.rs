//! Tables that need not be there.

use super::EventBackend;
use crate::backend::Parameter;

/// Whether there is a table of this name where a statement that names it would look.
pub(in crate::events) async fn has_table<DB: EventBackend>(
    connection: &mut DB::Connection,
    name: &str,
) -> sqlx::Result<bool> {
    let found = DB::fetch(connection, DB::HAS_TABLE, &[Parameter::Text(name)]).await?;
    Ok(!found.is_empty())
}
