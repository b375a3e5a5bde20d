//! Stores events that were exported, with their ids.

use std::collections::HashSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::ImportError;
use super::reading::Block;
use crate::backend::{Parameter, column};
use crate::events::archive::marks::ARCHIVE;
use crate::events::event_tables::create_archive;
use crate::events::existing::has_table;
use crate::events::stored_uuid::uuid;
use crate::events::stream::list_of_keys;
use crate::events::{EventBackend, visible_rows};

/// Fails if an event has an id that the database has not given yet.
pub(super) async fn check_ids<DB: EventBackend>(
    connection: &mut DB::Connection,
    blocks: &[Block],
) -> Result<(), ImportError> {
    let events = blocks.iter().flat_map(|block| &block.events);
    let Some(id) = events.map(|event| event.id).max() else {
        return Ok(());
    };
    let rows = DB::fetch(connection, DB::LAST_ID, &[]).await?;
    let last = rows
        .first()
        .map_or(Ok(0), |row| column::<DB, i64>(row, 0))?;
    if id > last {
        return Err(ImportError::OtherDatabase { id, last });
    }
    Ok(())
}

/// Has the marks of streams locked; one that has none gets the exported one. Fails if a stream is in use.
pub(super) async fn take<DB: EventBackend>(
    connection: &mut DB::Connection,
    blocks: &[Block],
) -> Result<(), ImportError> {
    if !has_table::<DB>(connection, ARCHIVE).await? {
        create_archive::<DB>(connection).await?;
    }
    let marks: Vec<Value> = blocks.iter().map(|block| json!(block.mark)).collect();
    let marks = Value::from(marks).to_string();
    let (values, tables) = ([Parameter::Text(&marks)], [ARCHIVE]);
    let new = visible_rows::fetch::<DB>(connection, &tables, DB::INSERT_MARKS, &values).await?;
    let new = keys::<DB>(&new)?;
    // Statements of their own: they see what somebody has done while the one before waited.
    let locked = visible_rows::fetch::<DB>(connection, &tables, DB::LOCK_MARKS, &values).await?;
    let locked = keys::<DB>(&locked)?;
    let list = list_of_keys(new.into_iter());
    let (values, tables) = ([Parameter::Text(&list)], ["kumiko_events"]);
    let used = visible_rows::fetch::<DB>(connection, &tables, DB::SIZES_OF, &values).await?;
    let used = keys::<DB>(&used)?;
    let in_use = blocks.iter().map(Block::stream).find(|stream| {
        let key = (stream.tenant_id, stream.aggregate_id);
        !locked.contains(&key) || used.contains(&key)
    });
    match in_use {
        Some(stream) => Err(ImportError::InUse { stream }),
        None => Ok(()),
    }
}

/// Stores events, and gives how many were not there.
pub(super) async fn store<DB: EventBackend>(
    connection: &mut DB::Connection,
    blocks: &[Block],
) -> Result<usize, ImportError> {
    let events = exported(blocks);
    let list = Value::from(events.clone()).to_string();
    let (values, tables) = ([Parameter::Text(&list)], ["kumiko_events"]);
    let stored = visible_rows::fetch::<DB>(connection, &tables, DB::INSERT_EXPORTED, &values);
    let stored = stored.await?.len();
    if stored < events.len() {
        let missing = visible_rows::fetch::<DB>(connection, &tables, DB::NOT_AS_EXPORTED, &values);
        let missing = keys::<DB>(&missing.await?)?;
        let is_missing =
            |block: &&Block| missing.contains(&(block.mark.tenant_id, block.mark.aggregate_id));
        if let Some(block) = blocks.iter().find(is_missing) {
            let stream = block.stream();
            return Err(ImportError::Taken { stream });
        }
    }
    Ok(stored)
}

/// Tenants and aggregates, from the second column on.
fn keys<DB: EventBackend>(rows: &[DB::Row]) -> sqlx::Result<HashSet<(Uuid, Uuid)>> {
    let keys = rows
        .iter()
        .map(|row| Ok((uuid::<DB>(row, 1)?, uuid::<DB>(row, 2)?)));
    keys.collect()
}

/// Each event with its stream. Payload and metadata are texts, so that they stay as they are.
fn exported(blocks: &[Block]) -> Vec<Value> {
    let of_block = |block: &Block| {
        let mark = &block.mark;
        let event = |event: &crate::events::archive::exported::Event| {
            json!({
                "tenant_id": mark.tenant_id,
                "aggregate_id": mark.aggregate_id,
                "aggregate_type": mark.aggregate_type,
                "id": event.id,
                "version": event.version,
                "type": event.event_type,
                "event_version": event.event_version,
                "payload": event.payload.get(),
                "metadata": event.metadata.get(),
                "created_at": event.created_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
                "created_by": event.created_by,
            })
        };
        block.events.iter().map(event).collect::<Vec<_>>()
    };
    blocks.iter().flat_map(of_block).collect()
}
