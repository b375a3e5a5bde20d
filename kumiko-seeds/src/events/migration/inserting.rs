//! Inserts the events of a migration, with the time and the user of the old ones.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};

use super::error::MigrationError;
use super::rewriting::NewRow;
use crate::backend::Parameter;
use crate::events::event_store::is_idempotency_violation;
use crate::events::{EventBackend, EventStoreError, visible_rows};
use crate::{AppendedEvent, Journal};

/// Inserts `rows`, all or none, and notes those in the journal that are not as they were.
pub(super) async fn insert<DB: EventBackend>(
    connection: &mut DB::Connection,
    journal: &mut Journal,
    rows: &[NewRow],
) -> Result<(), MigrationError> {
    // Those that have an id come before all that draw one.
    let drawn = rows.iter().position(|row| row.id.is_none());
    let (known, drawn) = rows.split_at(drawn.unwrap_or(rows.len()));
    for (rows, sql) in [(known, DB::INSERT_WITH_ID), (drawn, DB::INSERT_MIGRATED)] {
        for rows in Portions(rows) {
            let json = written(rows);
            let values = [Parameter::Text(&json)];
            let inserted = visible_rows::fetch::<DB>(connection, &["kumiko_events"], sql, &values);
            let inserted = inserted.await.map_err(|error| refused(rows, error))?;
            if inserted.len() != rows.len() {
                // A trigger has kept some out.
                return Err(sqlx::Error::RowNotFound.into());
            }
        }
    }
    for row in rows.iter().filter(|row| !row.is_as_it_was) {
        journal.note_event(|| noted(row));
    }
    Ok(())
}

/// Rows in portions that go in a statement each: an array of JSON may not be of any size.
struct Portions<'a>(&'a [NewRow]);

impl<'a> Iterator for Portions<'a> {
    type Item = &'a [NewRow];

    fn next(&mut self) -> Option<&'a [NewRow]> {
        const MOST_ROWS: usize = 1_000;
        const MOST_BYTES: usize = 4 << 20;
        let mut bytes = 0;
        let fits = |row: &&NewRow| {
            bytes += row.payload.len() + row.metadata.len();
            bytes <= MOST_BYTES
        };
        let many = self.0.iter().take(MOST_ROWS).take_while(fits).count();
        // One goes alone, however large it is.
        let (portion, rest) = self.0.split_at(many.max(1).min(self.0.len()));
        self.0 = rest;
        (!portion.is_empty()).then_some(portion)
    }
}

/// The rows as an array of JSON, with payload and metadata as they are.
fn written(rows: &[NewRow]) -> String {
    let mut json = String::from("[");
    for row in rows {
        if json.len() > 1 {
            json.push(',');
        }
        let id = row
            .id
            .map_or_else(|| "null".to_owned(), |id| id.to_string());
        let texts = [&row.stream.aggregate_type, &row.event_type, &row.created_by];
        let [aggregate_type, event_type, created_by] =
            texts.map(|text| serde_json::Value::from(text.as_str()));
        // Writing to a text does not fail.
        let _ = write!(
            json,
            r#"{{"id":{id},"aggregateId":"{}","aggregateType":{aggregate_type},"tenantId":"{}","version":{},"type":{event_type},"eventVersion":{},"createdAt":"{}","createdBy":{created_by},"payload":{},"metadata":{}}}"#,
            row.stream.aggregate_id,
            row.stream.tenant_id,
            row.version,
            row.event_version,
            time(row.created_at),
            row.payload,
            row.metadata,
        );
    }
    json.push(']');
    json
}

/// With three digits of a second, as both databases keep it, or with six, where the app's own table has them.
fn time(moment: DateTime<Utc>) -> String {
    let digits = if moment.timestamp_subsec_micros().is_multiple_of(1_000) {
        SecondsFormat::Millis
    } else {
        SecondsFormat::Micros
    };
    moment.to_rfc3339_opts(digits, true)
}

fn refused(rows: &[NewRow], error: EventStoreError) -> MigrationError {
    let EventStoreError::Database { source } = error else {
        return error.into();
    };
    let is_taken = source
        .as_database_error()
        .is_some_and(sqlx::error::DatabaseError::is_unique_violation);
    let Some(first) = rows.first() else {
        return source.into();
    };
    if is_idempotency_violation(&source) {
        let with_key = |row: &&NewRow| row.metadata.contains("idempotencyKey");
        let row = rows.iter().find(with_key).unwrap_or(first);
        return EventStoreError::DuplicateIdempotencyKey {
            event_type: row.event_type.clone(),
            tenant_id: row.stream.tenant_id,
            source,
        }
        .into();
    }
    if is_taken {
        // Somebody has begun the new stream meanwhile, which the next attempt sees.
        return EventStoreError::VersionConflict {
            stream: first.stream.clone(),
            expected: 0,
            actual: 1,
        }
        .into();
    }
    source.into()
}

fn noted(row: &NewRow) -> AppendedEvent {
    let stream = &row.stream;
    AppendedEvent::new(
        &stream.aggregate_type,
        stream.aggregate_id.to_string(),
        row.version,
        &row.event_type,
    )
    .in_tenant(stream.tenant_id.to_string())
    .made_of(&row.old_type, row.old_version)
}
