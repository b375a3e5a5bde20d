//! What a migration of streams would change, as a dry run says it.

use std::fmt;

use crate::AppendedEvent;

/// What a seed that migrates streams would do, found out by a dry run.
///
/// It holds payloads and metadata of events, which may be about people: think before you log it. `seed:apply --dry-run` prints them only with
/// `--payloads`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DryRunMigration {
    /// How many streams are still to be migrated, in all steps.
    pub streams: u64,
    /// How many events they have.
    pub events: u64,
    /// What becomes of the first of them.
    pub diffs: Vec<StreamDiff>,
}

impl DryRunMigration {
    /// Of how many streams a dry run says what becomes of them.
    const MOST_DIFFS: usize = 3;

    /// A migration of so many streams that have so many events.
    #[must_use]
    pub fn new(streams: u64, events: u64) -> Self {
        Self {
            streams,
            events,
            diffs: Vec::new(),
        }
    }

    /// Says what becomes of a stream, if it is one of the first.
    pub(crate) fn note(&mut self, diff: impl FnOnce() -> StreamDiff) {
        if self.diffs.len() < Self::MOST_DIFFS {
            self.diffs.push(diff());
        }
    }
}

/// What becomes of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamDiff {
    /// The stream that is migrated.
    pub stream: StreamName,
    /// The streams that it becomes; none if all of its events are dropped.
    pub becomes: Vec<StreamName>,
    /// How many of its events are taken over as they are.
    pub kept: u64,
    /// The events that go and those that come, each behind what it is made of; the first of them, if there are many.
    pub changes: Vec<EventChange>,
    /// How many more there are.
    pub left_out: u64,
}

impl StreamDiff {
    /// How many changes of a stream are told.
    const MOST_CHANGES: usize = 20;

    /// What becomes of `stream`.
    #[must_use]
    pub fn new(
        stream: StreamName,
        becomes: Vec<StreamName>,
        kept: u64,
        mut changes: Vec<EventChange>,
    ) -> Self {
        let left_out = changes.len().saturating_sub(Self::MOST_CHANGES);
        changes.truncate(Self::MOST_CHANGES);
        Self {
            stream,
            becomes,
            kept,
            changes,
            left_out: left_out as u64,
        }
    }
}

/// An event that goes or comes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventChange {
    /// Which of the two.
    pub side: Side,
    /// The event, with its place in the old stream or in the new one.
    pub event: AppendedEvent,
    /// The version of the payload's shape.
    pub event_version: i32,
    /// JSON, as text.
    pub payload: String,
    /// JSON, as text; where it is changed.
    pub metadata: Option<String>,
}

/// Whether an event goes or comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// It is in the old stream, and in none of the new ones.
    Removed,
    /// It is in a new stream, and was not in the old one.
    Added,
}

impl EventChange {
    /// An event that goes or comes, with a payload of the shape's first version.
    pub fn new(side: Side, event: AppendedEvent, payload: impl Into<String>) -> Self {
        Self {
            side,
            event,
            event_version: 1,
            payload: payload.into(),
            metadata: None,
        }
    }

    /// Sets the version of the payload's shape.
    #[must_use]
    pub fn event_version(mut self, event_version: i32) -> Self {
        self.event_version = event_version;
        self
    }

    /// Tells the metadata, which is changed.
    #[must_use]
    pub fn metadata(mut self, metadata: impl Into<String>) -> Self {
        self.metadata = Some(metadata.into());
        self
    }
}

/// Which stream: `user 0198… of tenant 0198…`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamName {
    /// The kind of aggregate.
    pub aggregate_type: String,
    /// The aggregate.
    pub aggregate_id: String,
    /// The tenant the stream is stored under, where the event store knows tenants.
    pub tenant_id: Option<String>,
}

impl StreamName {
    /// The stream of an aggregate.
    pub fn new(aggregate_type: impl Into<String>, aggregate_id: impl Into<String>) -> Self {
        Self {
            aggregate_type: aggregate_type.into(),
            aggregate_id: aggregate_id.into(),
            tenant_id: None,
        }
    }

    /// The stream of this tenant.
    #[must_use]
    pub fn in_tenant(mut self, tenant_id: impl Into<String>) -> Self {
        self.tenant_id = Some(tenant_id.into());
        self
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.aggregate_type, self.aggregate_id)?;
        match &self.tenant_id {
            Some(tenant_id) => write!(formatter, " of tenant {tenant_id}"),
            None => Ok(()),
        }
    }
}
