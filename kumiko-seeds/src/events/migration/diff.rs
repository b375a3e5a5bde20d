//! What a migration makes of a stream, for a dry run. Pure.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::old_stream::OldStream;
use super::rewriting::{MIGRATED_FROM, NewRow};
use crate::events::event::IDEMPOTENCY_KEY;
use crate::events::{StoredEvent, Stream};
use crate::{AppendedEvent, EventChange, Side, StreamDiff, StreamName};

/// What becomes of `old`, whose new events are `rows`.
///
/// An event is kept whose type, payload and metadata are, but for what every migrated event gets in its metadata.
pub(super) fn diff(old: &OldStream, rows: &[NewRow]) -> StreamDiff {
    let (mut kept, mut of_other_metadata) = (HashSet::new(), HashSet::new());
    let (mut becomes, mut added) = (Vec::new(), Vec::new());
    for row in rows {
        if !becomes.contains(&&row.stream) {
            becomes.push(&row.stream);
        }
        let Some((event, [payload, metadata])) = old.event(row.old_id) else {
            continue;
        };
        let is_of_payload = row.payload == payload || json(&row.payload) == event.payload;
        let is_of_metadata =
            row.metadata == metadata || said(&json(&row.metadata)) == said(&event.metadata);
        let is_of_type =
            (&row.event_type, row.event_version) == (&event.event_type, event.event_version);
        // Of two that are made of one and are both like it, one is new.
        if is_of_payload && is_of_metadata && is_of_type && kept.insert(event.id) {
            continue;
        }
        if !is_of_metadata {
            of_other_metadata.insert(event.id);
        }
        added.push(row);
    }
    let metadata_of = |id: i64, metadata: &Value| {
        let is_told = of_other_metadata.contains(&id);
        is_told.then(|| Value::Object(said(metadata)).to_string())
    };
    let removed = old.events.iter().filter(|event| !kept.contains(&event.id));
    let removed = removed.map(|event| {
        let metadata = metadata_of(event.id, &event.metadata);
        (event.version, removal(event, metadata))
    });
    let added = added.into_iter().map(|row| {
        let metadata = metadata_of(row.old_id, &json(&row.metadata));
        (row.old_version, addition(row, metadata))
    });
    let mut changes: Vec<(i32, EventChange)> = removed.chain(added).collect();
    changes.sort_by_key(|(old_version, change)| (*old_version, change.side));
    StreamDiff::new(
        name(&old.stream),
        becomes.into_iter().map(name).collect(),
        kept.len() as u64,
        changes.into_iter().map(|(_, change)| change).collect(),
    )
}

/// A text that is JSON.
fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// What the app says in metadata.
fn said(metadata: &Value) -> Map<String, Value> {
    let mut said = metadata.as_object().cloned().unwrap_or_default();
    for own in [MIGRATED_FROM, IDEMPOTENCY_KEY] {
        said.remove(own);
    }
    said
}

fn removal(event: &StoredEvent, metadata: Option<String>) -> EventChange {
    EventChange {
        metadata,
        event_version: event.event_version,
        ..EventChange::new(
            Side::Removed,
            placed(&event.stream, event.version, &event.event_type),
            event.payload.to_string(),
        )
    }
}

fn addition(row: &NewRow, metadata: Option<String>) -> EventChange {
    EventChange {
        metadata,
        event_version: row.event_version,
        ..EventChange::new(
            Side::Added,
            placed(&row.stream, row.version, &row.event_type),
            &row.payload,
        )
    }
}

fn placed(stream: &Stream, version: i32, event_type: &str) -> AppendedEvent {
    let id = stream.aggregate_id.to_string();
    AppendedEvent::new(&stream.aggregate_type, id, version, event_type)
        .in_tenant(stream.tenant_id.to_string())
}

fn name(stream: &Stream) -> StreamName {
    StreamName::new(&stream.aggregate_type, stream.aggregate_id.to_string())
        .in_tenant(stream.tenant_id.to_string())
}
