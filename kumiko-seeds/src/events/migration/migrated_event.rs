//! An event that is made of old ones.

use serde::Serialize;
use serde_json::Value;

use crate::events::StoredEvent;

/// An event that is made of one old event, or of several.
///
/// What nobody says is as in the old one, in the first of them if there are several: type, payload, event version, metadata, who did it and
/// when. The metadata says where it comes from, under `migratedFrom`.
#[derive(Clone, Debug)]
#[must_use]
pub struct MigratedEvent {
    /// The ids of the old ones.
    pub(super) made_of: Vec<i64>,
    pub(super) event_type: Option<String>,
    pub(super) event_version: Option<i32>,
    /// JSON, or what is wrong with it.
    pub(super) payload: Option<Result<String, String>>,
    /// What is set, and what is taken away.
    pub(super) metadata: Vec<(String, Option<Value>)>,
}

impl MigratedEvent {
    /// An event made of `event`. Two of one event split it.
    pub fn of(event: &StoredEvent) -> Self {
        Self {
            made_of: vec![event.id],
            event_type: None,
            event_version: None,
            payload: None,
            metadata: Vec::new(),
        }
    }

    /// It is made of this one, too: they are merged.
    pub fn and(mut self, event: &StoredEvent) -> Self {
        self.made_of.push(event.id);
        self
    }

    /// Gives it this type.
    pub fn event_type(mut self, event_type: impl Into<String>) -> Self {
        self.event_type = Some(event_type.into());
        self
    }

    /// Gives it this payload, as JSON. A payload that is no JSON fails the migration.
    pub fn payload(mut self, payload: impl Serialize) -> Self {
        let payload = serde_json::to_string(&payload).map_err(|error| error.to_string());
        self.payload = Some(payload);
        self
    }

    /// Sets the version of the payload's shape.
    pub fn event_version(mut self, event_version: i32) -> Self {
        self.event_version = Some(event_version);
        self
    }

    /// Sets an entry of the metadata.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.push((key.into(), Some(value.into())));
        self
    }

    /// Takes an entry of the metadata away.
    pub fn without_metadata(mut self, key: impl Into<String>) -> Self {
        self.metadata.push((key.into(), None));
        self
    }

    /// Whether nothing about it is another than in the old event.
    pub(super) fn is_as_it_was(&self) -> bool {
        self.made_of.len() == 1
            && self.event_type.is_none()
            && self.event_version.is_none()
            && self.payload.is_none()
            && self.metadata.is_empty()
    }
}
