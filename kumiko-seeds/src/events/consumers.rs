//! Consumers of the original that have yet to read events.

use std::fmt;

use crate::backend::{Parameter, column};
use crate::events::existing::has_table;
use crate::events::{EventBackend, EventStoreError, visible_rows};

/// A consumer of the original, a row of `kumiko_event_consumers`, that has not read all events yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Consumer {
    /// What it is called.
    pub name: String,
    /// Which of its instances, or `__shared__`.
    pub instance: String,
    /// The last event that it has read.
    pub last: i64,
}

/// `search (at event 17)`, `sse of web-1 (at event 17)`.
impl fmt::Display for Consumer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            instance,
            last,
        } = self;
        match instance.as_str() {
            "__shared__" => write!(formatter, "{name} (at event {last})"),
            instance => write!(formatter, "{name} of {instance} (at event {last})"),
        }
    }
}

/// Consumers in an error, with the verb: `search (at event 17) has`.
pub(in crate::events) fn listed(consumers: &[Consumer]) -> String {
    let names: Vec<String> = consumers.iter().map(ToString::to_string).collect();
    let have = if names.len() == 1 { "has" } else { "have" };
    format!("{} {have}", names.join(", "))
}

/// Whether there is a table of consumers.
pub(in crate::events) async fn has_consumers<DB: EventBackend>(
    connection: &mut DB::Connection,
) -> sqlx::Result<bool> {
    has_table::<DB>(connection, CONSUMERS).await
}

/// The consumers that have yet to read events up to this one, but for those that are disabled. None where there is no table of consumers.
pub(in crate::events) async fn behind<DB: EventBackend>(
    connection: &mut DB::Connection,
    event_id: i64,
) -> Result<Vec<Consumer>, EventStoreError> {
    if !has_consumers::<DB>(connection).await? {
        return Ok(Vec::new());
    }
    let values = [Parameter::Long(event_id)];
    let rows = visible_rows::fetch::<DB>(connection, &[CONSUMERS], BEHIND, &values).await?;
    let consumers = rows.iter().map(|row| {
        Ok(Consumer {
            name: column::<DB, _>(row, 1)?,
            instance: column::<DB, _>(row, 2)?,
            last: column::<DB, _>(row, 3)?,
        })
    });
    Ok(consumers.collect::<sqlx::Result<_>>()?)
}

const CONSUMERS: &str = "kumiko_event_consumers";

const BEHIND: &str = "
    SELECT row_number() OVER (ORDER BY name, instance_id) AS position, CAST(name AS text), CAST(instance_id AS text),
           CAST(last_processed_event_id AS bigint)
    FROM kumiko_event_consumers WHERE status <> 'disabled' AND last_processed_event_id < $1
    ORDER BY position";
