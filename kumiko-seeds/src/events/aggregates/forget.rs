//! Deletes snapshots, so that the next load computes them anew.

use crate::backend::Parameter;
use crate::events::backend::SNAPSHOTS;
use crate::events::existing::has_table;
use crate::events::stream::list_of;
use crate::events::{EventBackend, EventStoreError, Part, Stream, visible_rows};

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

/// Deletes the snapshots of these streams, as [`forget_snapshots`] does.
pub(in crate::events) async fn forget_snapshots_of<DB: EventBackend>(
    connection: &mut DB::Connection,
    streams: &[Stream],
) -> Result<(), EventStoreError> {
    if streams.is_empty() || !has_table::<DB>(connection, SNAPSHOTS).await? {
        return Ok(());
    }
    DB::keep_from_saving(connection).await?;
    let list = list_of(streams);
    let (values, tables) = ([Parameter::Text(&list)], [SNAPSHOTS]);
    visible_rows::fetch::<DB>(connection, &tables, DB::DELETE_SNAPSHOTS, &values).await?;
    Ok(())
}
