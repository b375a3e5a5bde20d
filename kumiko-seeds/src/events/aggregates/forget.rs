//! Deletes snapshots, so that the next load computes them anew.

use crate::backend::Parameter;
use crate::events::backend::SNAPSHOTS;
use crate::events::existing::has_table;
use crate::events::{EventBackend, EventStoreError, Part};

/// Deletes the snapshots of an aggregate type, or of one aggregate or tenant among them, and says how many. The next load of each reads all
/// events. Nothing else is changed; where there is no table of snapshots, there are none.
///
/// Call it in a transaction. It waits for transactions that have saved a snapshot and are not over, and until this one is over, none is
/// saved. A load that began with one of those that are deleted here saves none. So none that was made before, nor of one that was, is left.
///
/// # Errors
/// If the database fails, or does not permit it.
pub async fn forget_snapshots<DB: EventBackend>(
    connection: &mut DB::Connection,
    aggregate_type: &str,
    part: Option<Part>,
) -> Result<u64, EventStoreError> {
    if !has_table::<DB>(connection, SNAPSHOTS).await? {
        return Ok(0);
    }
    // A statement of its own, so that the next sees what was saved meanwhile.
    DB::keep_from_saving(connection).await?;
    let mut values = vec![Parameter::Text(aggregate_type)];
    let of_part = match part {
        None => "",
        Some(Part::Aggregate(id)) => {
            values.push(Parameter::Uuid(id));
            " AND aggregate_id = $2"
        }
        Some(Part::Tenant(id)) => {
            values.push(Parameter::Uuid(id));
            " AND tenant_id = $2"
        }
    };
    let delete = format!(
        "DELETE FROM kumiko_snapshots WHERE aggregate_type = $1{of_part} RETURNING version"
    );
    let deleted = DB::fetch(connection, &delete, &values).await?;
    Ok(deleted.len() as u64)
}
