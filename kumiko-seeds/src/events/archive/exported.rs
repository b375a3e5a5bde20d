//! Streams as lines of JSON, by which they leave the database and come back. Pure.
//!
//! A stream is a line with its mark, a line for each event, and a line that says how many those were. Payloads and metadata are as the database
//! has them, since a number that is read and written again may lose digits.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::marks::ArchivedStream;
use crate::backend::column;
use crate::events::EventBackend;

/// A line of an export.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// A stream begins.
    Stream(Mark),
    /// An event of it.
    Event(Event),
    /// It has so many events, and all of them are there.
    Events(usize),
}

/// A stream and its mark.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) tenant_id: Uuid,
    pub(super) aggregate_type: String,
    pub(super) aggregate_id: Uuid,
    pub(super) archived_at: DateTime<Utc>,
    pub(super) archived_by: String,
    pub(super) reason: Option<String>,
}

/// An event of the stream that stands before it.
#[derive(Debug, Serialize, Deserialize)]
#[expect(
    clippy::struct_field_names,
    reason = "they are the columns of an event"
)]
pub(super) struct Event {
    pub(super) id: i64,
    pub(super) version: i32,
    #[serde(rename = "type")]
    pub(super) event_type: String,
    pub(super) event_version: i32,
    pub(super) payload: Box<RawValue>,
    pub(super) metadata: Box<RawValue>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) created_by: String,
}

/// The line with which a stream begins.
pub(super) fn begin_line(archived: &ArchivedStream) -> String {
    written(&Line::Stream(Mark {
        tenant_id: archived.stream.tenant_id,
        aggregate_type: archived.stream.aggregate_type.clone(),
        aggregate_id: archived.stream.aggregate_id,
        archived_at: archived.archived_at,
        archived_by: archived.archived_by.clone(),
        reason: archived.reason.clone(),
    }))
}

/// The line of an event, from a row with the columns of `EventBackend::LOAD`.
pub(super) fn event_line<DB: EventBackend>(row: &DB::Row) -> sqlx::Result<String> {
    let json = |index| {
        let text: String = column::<DB, _>(row, index)?;
        // Between two tokens a line break means nothing, and within a text there is none.
        let text = text.replace(['\n', '\r'], " ");
        RawValue::from_string(text).map_err(|error| sqlx::Error::Decode(error.into()))
    };
    Ok(written(&Line::Event(Event {
        id: column::<DB, _>(row, 1)?,
        version: column::<DB, _>(row, 3)?,
        event_type: column::<DB, _>(row, 4)?,
        event_version: column::<DB, _>(row, 5)?,
        payload: json(6)?,
        metadata: json(7)?,
        created_by: column::<DB, _>(row, 8)?,
        created_at: column::<DB, _>(row, 9)?,
    })))
}

/// The line with which a stream ends.
pub(super) fn end_line(events: usize) -> String {
    written(&Line::Events(events))
}

fn written(line: &Line) -> String {
    // Its keys are texts, so it can be written.
    serde_json::to_string(line).unwrap_or_default() + "\n"
}
