//! Computes the rows of some streams anew where they stand, after the streams were archived or restored.

use std::collections::{BTreeSet, HashSet};

use uuid::Uuid;

use super::error::ProjectionError;
use super::projection::Projection;
use super::reading::{has_archive, load};
use super::set_aside::list;
use super::tables::shapes;
use crate::backend::Parameter;
use crate::events::{EventBackend, EventStoreError, Handlers, Stream};

/// Deletes the rows of the aggregates that these streams are of, and applies the events of those that are not archived. Gives the projections
/// that this cannot be done of, since their rows are computed from many aggregates.
pub(in crate::events) async fn reproject<DB: EventBackend>(
    connection: &mut DB::Connection,
    handlers: &Handlers<DB>,
    streams: &[Stream],
) -> Result<Vec<String>, EventStoreError> {
    let mut left = Vec::new();
    for projection in handlers.rebuildable() {
        let is_taken = |stream: &&Stream| {
            let mut sources = projection.sources.iter();
            sources.any(|source| source.aggregate_type == stream.aggregate_type)
        };
        let taken = streams.iter().filter(is_taken);
        let aggregates: BTreeSet<Uuid> = taken.map(|stream| stream.aggregate_id).collect();
        if aggregates.is_empty() {
            continue;
        }
        if projection
            .tables
            .iter()
            .any(|table| table.aggregate.is_none())
        {
            left.push(projection.name.clone());
            continue;
        }
        let aggregates = aggregates.into_iter().collect();
        let computed = compute(connection, handlers, projection, aggregates).await;
        computed.map_err(|source| EventStoreError::NotReprojected {
            projection: projection.name.clone(),
            source: Box::new(source),
        })?;
    }
    Ok(left)
}

async fn compute<DB: EventBackend>(
    connection: &mut DB::Connection,
    handlers: &Handlers<DB>,
    projection: &Projection<DB>,
    aggregates: Vec<Uuid>,
) -> Result<(), ProjectionError> {
    for shape in shapes(connection, projection).await? {
        let delete = shape.empty_live::<DB>(&aggregates);
        let deleted = DB::execute_text(connection, &delete).await;
        deleted.map_err(ProjectionError::database("delete rows"))?;
    }
    let live = if has_archive::<DB>(connection).await? {
        DB::LOAD_LIVE_OF
    } else {
        DB::LOAD_OF
    };
    let set_aside = list::<DB>(connection, &projection.name).await?;
    let set_aside = set_aside.iter().filter_map(|it| it.event_id.parse().ok());
    let set_aside: HashSet<i64> = set_aside.collect();
    let aggregates = serde_json::to_string(&aggregates).unwrap_or_default();
    let types = projection.aggregate_types();
    let values = [Parameter::Text(&aggregates), Parameter::Text(&types)];
    let mut taken = Vec::new();
    for event in load::<DB>(connection, live, &values).await? {
        let is_left_out = set_aside.contains(&event.id);
        if !is_left_out && projection.takes(&event.stream.aggregate_type, &event.event_type) {
            taken.push(handlers.upcast(event)?);
        }
    }
    if taken.is_empty() {
        return Ok(());
    }
    let applied = projection.apply_events(connection, &taken).await;
    applied.map_err(|error| ProjectionError::not_applied(&projection.name, error, &taken))
}
