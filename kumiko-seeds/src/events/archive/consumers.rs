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

/// `search (__shared__, at event 17)`.
impl fmt::Display for Consumer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            instance,
            last,
        } = self;
        write!(formatter, "{name} ({instance}, at event {last})")
    }
}

/// The consumers that have yet to read events up to this one, but for those that are disabled. None where there is no table of consumers.
pub(super) async fn behind<DB: EventBackend>(
    connection: &mut DB::Connection,
    event_id: i64,
) -> Result<Vec<Consumer>, EventStoreError> {
    if !has_table::<DB>(connection, CONSUMERS).await? {
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
