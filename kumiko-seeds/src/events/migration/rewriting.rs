//! What the events are that a migration writes. Pure.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::error::MigrationError;
use super::migrated_event::MigratedEvent;
use super::new_streams::NewStreams;
use super::old_stream::OldStream;
use super::streams::Handling;
use crate::events::event::IDEMPOTENCY_KEY;
use crate::events::{EventStoreError, StoredEvent, Stream};

/// Where the metadata of a new event says what it was.
pub(super) const MIGRATED_FROM: &str = "migratedFrom";

/// An event as a migration inserts it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NewRow {
    /// None if it is to be drawn.
    pub(super) id: Option<i64>,
    pub(super) stream: Stream,
    pub(super) version: i32,
    pub(super) event_type: String,
    pub(super) event_version: i32,
    /// JSON, as text.
    pub(super) payload: String,
    /// JSON, as text.
    pub(super) metadata: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) created_by: String,
    /// Whether all of it is as in the old event, but for the version.
    pub(super) is_as_it_was: bool,
    /// The id of the old event, of the first of several.
    pub(super) old_id: i64,
    /// Its version.
    pub(super) old_version: i32,
    /// Its type.
    pub(super) old_type: String,
}

/// The new events of all streams that `old` becomes, each stream's in the order of versions.
pub(super) fn rewrite(
    old: &OldStream,
    new: NewStreams,
    seed: &str,
    handling: Handling,
) -> Result<Vec<NewRow>, MigrationError> {
    let mut rewriting = Rewriting {
        old,
        seed,
        handling,
        guarded: HashSet::new(),
        last_id: Some(0),
    };
    let mut rows = Vec::new();
    for (stream, events) in new.streams {
        rewriting.check_target(&stream)?;
        for (version, event) in (1..).zip(events) {
            rows.push(rewriting.row(&stream, version, event)?);
        }
    }
    Ok(rows)
}

struct Rewriting<'a> {
    old: &'a OldStream,
    seed: &'a str,
    handling: Handling,
    /// The idempotency keys that new events have, each in its tenant.
    guarded: HashSet<(Uuid, String)>,
    /// In place, the greatest id that is given; none once one has to be drawn.
    last_id: Option<i64>,
}

impl<'a> Rewriting<'a> {
    fn check_target(&self, target: &Stream) -> Result<(), MigrationError> {
        let old = &self.old.stream;
        let stream = || Box::new(old.clone());
        let is_same = (target.tenant_id, target.aggregate_id) == (old.tenant_id, old.aggregate_id);
        match self.handling {
            Handling::Kept if is_same => Err(MigrationError::SameStream { stream: stream() }),
            Handling::InPlace if !is_same => Err(MigrationError::ElsewhereInPlace {
                stream: stream(),
                target: Box::new(target.clone()),
            }),
            _ => Ok(()),
        }
    }

    fn row(
        &mut self,
        stream: &Stream,
        version: i32,
        event: MigratedEvent,
    ) -> Result<NewRow, MigrationError> {
        let mut sources = Vec::new();
        for id in &event.made_of {
            sources.push(self.source(*id)?);
        }
        let [(first, [payload, metadata]), ..] = sources[..] else {
            // It is made of at least one.
            return Err(self.foreign(0));
        };
        let id = self.id_of(first);
        let has_moved = *stream != self.old.stream || id != Some(first.id);
        let is_as_it_was = event.is_as_it_was() && !has_moved;
        let event_type = event.event_type.unwrap_or_else(|| first.event_type.clone());
        let payload = match event.payload {
            None => payload.to_owned(),
            Some(Ok(payload)) => payload,
            Some(Err(message)) => {
                return Err(EventStoreError::Payload {
                    event_type,
                    message,
                }
                .into());
            }
        };
        let old: Vec<&StoredEvent> = sources.iter().map(|(event, _)| *event).collect();
        let metadata = if is_as_it_was {
            self.guard(stream, key_of(&first.metadata));
            metadata.to_owned()
        } else {
            self.metadata(stream, &old, event.metadata)
        };
        Ok(NewRow {
            id,
            stream: stream.clone(),
            version,
            event_type,
            event_version: event.event_version.unwrap_or(first.event_version),
            payload,
            metadata,
            created_at: first.created_at,
            created_by: first.created_by.clone(),
            is_as_it_was,
            old_id: first.id,
            old_version: first.version,
            old_type: first.event_type.clone(),
        })
    }

    fn source(&self, id: i64) -> Result<(&'a StoredEvent, [&'a str; 2]), MigrationError> {
        let old = self.old;
        old.event(id).ok_or_else(|| self.foreign(id))
    }

    fn foreign(&self, event_id: i64) -> MigrationError {
        let stream = Box::new(self.old.stream.clone());
        MigrationError::ForeignEvent { stream, event_id }
    }

    /// In place an event keeps the id of the first that it is made of, so that consumers that are past it do not get it again.
    ///
    /// **Invariant:** ids ascend with versions, since consumers and some projections go by ids. So from the first event that cannot
    /// keep one on, all are drawn.
    fn id_of(&mut self, first: &StoredEvent) -> Option<i64> {
        if self.handling == Handling::Kept {
            return None;
        }
        self.last_id = self
            .last_id
            .and_then(|last| (first.id > last).then_some(first.id));
        self.last_id
    }

    /// The metadata of the first, with what was changed and with where it comes from.
    fn metadata(
        &mut self,
        stream: &Stream,
        sources: &[&StoredEvent],
        changes: Vec<(String, Option<Value>)>,
    ) -> String {
        let mut metadata = match sources.first().map(|event| &event.metadata) {
            Some(Value::Object(metadata)) => metadata.clone(),
            _ => Map::new(),
        };
        metadata.remove(IDEMPOTENCY_KEY);
        let mut from = self.came_from(sources);
        let key = sources.iter().find_map(|event| key_of(&event.metadata));
        if let Some(key) = key {
            // The old event is kept, and goes on to guard the key in its own tenant.
            let is_guarded =
                self.handling == Handling::Kept && stream.tenant_id == self.old.stream.tenant_id;
            if !is_guarded && self.guard(stream, Some(key)) {
                metadata.insert(IDEMPOTENCY_KEY.to_owned(), key.into());
            } else {
                from.insert(IDEMPOTENCY_KEY.to_owned(), key.into());
            }
        }
        for (name, value) in changes {
            match value {
                Some(value) => metadata.insert(name, value),
                None => metadata.remove(&name),
            };
        }
        metadata.insert(MIGRATED_FROM.to_owned(), Value::Object(from));
        Value::Object(metadata).to_string()
    }

    fn came_from(&self, sources: &[&StoredEvent]) -> Map<String, Value> {
        let versions: BTreeSet<i32> = sources.iter().map(|event| event.version).collect();
        let stream = &self.old.stream;
        let mut from = Map::new();
        from.insert("tenantId".to_owned(), json!(stream.tenant_id));
        from.insert("aggregateType".to_owned(), json!(stream.aggregate_type));
        from.insert("aggregateId".to_owned(), json!(stream.aggregate_id));
        let first = sources.first().map(|event| event.version);
        from.insert("version".to_owned(), json!(first));
        if versions.len() > 1 {
            from.insert("versions".to_owned(), json!(versions));
        }
        from.insert("seed".to_owned(), json!(self.seed));
        from
    }

    /// Notes that an event of the stream has the key; false if another one has it.
    fn guard(&mut self, stream: &Stream, key: Option<&str>) -> bool {
        key.is_some_and(|key| self.guarded.insert((stream.tenant_id, key.to_owned())))
    }
}

fn key_of(metadata: &Value) -> Option<&str> {
    metadata.get(IDEMPOTENCY_KEY)?.as_str()
}
