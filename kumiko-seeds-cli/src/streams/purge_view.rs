//! What was purged, and what would be, as data. Pure.

use chrono::{DateTime, Utc};
use kumiko_seeds::events::{Consumer, Purgeable};
use serde::Serialize;

use crate::printing::Moment;
use crate::work::WorkView;

/// What was purged.
#[derive(Debug, Serialize)]
pub struct PurgeView<'a> {
    /// What became of the purge as an operation.
    #[serde(flatten)]
    pub work: &'a WorkView<'a>,
    /// How many streams were purged.
    pub streams: u64,
    /// How many events they had.
    pub events: u64,
    /// The file that has the events now; none if there is none.
    pub export: Option<String>,
    /// The projections whose rows may still have what they took of these streams, until they are rebuilt.
    pub to_rebuild: Vec<String>,
}

/// What would be purged.
#[derive(Clone, Debug, Serialize)]
pub struct PurgeDryRunView<'a> {
    /// The version of this form.
    pub version: u32,
    /// The moment before which the streams were archived.
    pub before: Moment,
    /// How many streams.
    pub streams: u64,
    /// How many events they have.
    pub events: u64,
    /// The last of these events; 0 if there is none.
    pub last_event: i64,
    /// The consumers of the original because of which they would not be purged.
    pub unread_by: Vec<ConsumerView<'a>>,
}

/// A consumer of the original.
#[derive(Clone, Debug, Serialize)]
pub struct ConsumerView<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Which of its instances.
    pub instance: &'a str,
    /// The last event that it has read.
    pub last_event: i64,
}

impl<'a> PurgeDryRunView<'a> {
    pub(super) fn of(before: DateTime<Utc>, found: &'a Purgeable) -> Self {
        let consumer = |consumer: &'a Consumer| ConsumerView {
            name: &consumer.name,
            instance: &consumer.instance,
            last_event: consumer.last,
        };
        Self {
            version: 1,
            before: Moment(before),
            streams: found.streams,
            events: found.events,
            last_event: found.last,
            unread_by: found.unread_by.iter().map(consumer).collect(),
        }
    }
}
