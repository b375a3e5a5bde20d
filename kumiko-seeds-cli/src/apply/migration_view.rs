//! What would become of streams, as data. Pure.

use kumiko_seeds::{DryRunMigration, EventChange, Side, StreamDiff, StreamName};
use serde::Serialize;
use serde_json::Value;

/// What a migration of streams would do.
#[derive(Clone, Debug, Serialize)]
pub struct MigrationView<'a> {
    /// How many streams are still to be migrated, in all steps.
    pub streams: u64,
    /// How many events they have.
    pub events: u64,
    /// What becomes of the first of them.
    pub diffs: Vec<DiffView<'a>>,
}

/// What becomes of a stream.
#[derive(Clone, Debug, Serialize)]
pub struct DiffView<'a> {
    /// The stream.
    pub stream: StreamNameView<'a>,
    /// What it becomes.
    pub becomes: Vec<StreamNameView<'a>>,
    /// How many of its events are taken over as they are.
    pub kept: u64,
    /// The first events that go and that come, in order.
    pub changes: Vec<ChangeView<'a>>,
    /// How many more there are.
    pub left_out: u64,
}

/// Which stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StreamNameView<'a> {
    /// The kind of aggregate.
    pub aggregate_type: &'a str,
    /// The aggregate.
    pub aggregate_id: &'a str,
    /// The tenant that the stream is stored under, where the event store knows tenants.
    pub tenant_id: Option<&'a str>,
}

/// An event that goes or comes.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeView<'a> {
    /// `removed` or `added`.
    pub change: &'static str,
    /// What happened.
    pub event_type: &'a str,
    /// The version of the payload's shape.
    pub event_version: i32,
    /// The stream that it goes from, or comes to.
    #[serde(flatten)]
    pub stream: StreamNameView<'a>,
    /// The event's position in that stream, counted from 1.
    pub version: i64,
    /// What exactly happened, if that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
    /// The metadata, if that is asked for and it is changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
}

/// Whether payloads and metadata are shown, which may hold what not everybody may read who reads a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payloads {
    /// They are.
    Shown,
    /// They are not.
    Hidden,
}

impl<'a> MigrationView<'a> {
    pub(super) fn of(migration: &'a DryRunMigration, payloads: Payloads) -> Self {
        let diff = |diff| DiffView::of(diff, payloads);
        Self {
            streams: migration.streams,
            events: migration.events,
            diffs: migration.diffs.iter().map(diff).collect(),
        }
    }
}

impl<'a> DiffView<'a> {
    fn of(diff: &'a StreamDiff, payloads: Payloads) -> Self {
        let change = |change| ChangeView::of(change, payloads);
        Self {
            stream: StreamNameView::of(&diff.stream),
            becomes: diff.becomes.iter().map(StreamNameView::of).collect(),
            kept: diff.kept,
            changes: diff.changes.iter().map(change).collect(),
            left_out: diff.left_out,
        }
    }
}

impl<'a> StreamNameView<'a> {
    fn of(stream: &'a StreamName) -> Self {
        Self {
            aggregate_type: &stream.aggregate_type,
            aggregate_id: &stream.aggregate_id,
            tenant_id: stream.tenant_id.as_deref(),
        }
    }
}

impl<'a> ChangeView<'a> {
    fn of(change: &'a EventChange, payloads: Payloads) -> Self {
        let event = &change.event;
        let json = |text: &String| serde_json::from_str(text).unwrap_or_default();
        let shown = |text: Option<&String>| match payloads {
            Payloads::Shown => text.map(json),
            Payloads::Hidden => None,
        };
        Self {
            change: match change.side {
                Side::Removed => "removed",
                Side::Added => "added",
            },
            event_type: &event.event_type,
            event_version: change.event_version,
            stream: StreamNameView {
                aggregate_type: &event.aggregate_type,
                aggregate_id: &event.aggregate_id,
                tenant_id: event.tenant_id.as_deref(),
            },
            version: event.version,
            payload: shown(Some(&change.payload)),
            metadata: shown(change.metadata.as_ref()),
        }
    }
}
