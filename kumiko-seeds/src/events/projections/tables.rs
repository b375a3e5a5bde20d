//! The tables of a projection as the database has them.

use super::error::ProjectionError;
use super::projection::Projection;
use super::shape::{Column, Shape};
use crate::events::EventBackend;

/// Keeps the tables of the projection, and that of events, as they are until the transaction ends; false if somebody is about to change one of them.
///
/// **Invariant:** this comes before [`shapes`]. A table that is migrated in between would be compared without its new columns, and be right.
pub(super) async fn hold<DB: EventBackend>(
    connection: &mut DB::Connection,
    projection: &Projection<DB>,
) -> Result<bool, ProjectionError> {
    let tables = projection.tables.iter().map(|table| table.name.as_str());
    let tables: Vec<&str> = tables.chain(["kumiko_events"]).collect();
    let held = DB::hold(connection, &tables).await;
    held.map_err(ProjectionError::database("keep the tables as they are"))
}

/// What each table of the projection is like, if all of them are such that rows can be compared.
pub(super) async fn shapes<DB: EventBackend>(
    connection: &mut DB::Connection,
    projection: &Projection<DB>,
) -> Result<Vec<Shape>, ProjectionError> {
    let mut shapes = Vec::new();
    for table in &projection.tables {
        let (projection, name) = (projection.name.clone(), table.name.clone());
        let shape = DB::shape(connection, &table.name).await;
        let shape = shape.map_err(ProjectionError::database("read what a table is like"))?;
        let Some(mut shape) = shape else {
            return Err(ProjectionError::TableMissing {
                projection,
                table: name,
            });
        };
        if let Some(role) = shape.blinded_role {
            return Err(ProjectionError::RowSecurity { table: name, role });
        }
        if !shape.columns.iter().any(|column| column.is_key) {
            return Err(ProjectionError::NoPrimaryKey {
                projection,
                table: name,
            });
        }
        if let Some(aggregate) = &table.aggregate {
            let is_it = |column: &Column| column.name == *aggregate && column.is_uuid;
            if !shape.columns.iter().any(is_it) {
                return Err(ProjectionError::NoAggregateColumn {
                    projection,
                    table: name,
                    column: aggregate.clone(),
                });
            }
        }
        shape.aggregate.clone_from(&table.aggregate);
        shapes.push(shape);
    }
    Ok(shapes)
}
