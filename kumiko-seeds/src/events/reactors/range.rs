//! Reads the events of a replay in their order, and counts them.

use std::fmt::Write;

use super::{Reactor, Replay, ReplayError};
use crate::backend::{Parameter, column};
use crate::events::archive::ARCHIVE;
use crate::events::projections::{event, has_archive};
use crate::events::{EventBackend, EventStoreError, ProjectionError, StoredEvent, visible_rows};

/// How many events of a type there are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventCount {
    /// The kind of aggregate.
    pub aggregate_type: String,
    /// What happened.
    pub event_type: String,
    /// How many there are.
    pub events: u64,
}

/// The events that a reactor takes and a replay asks for. Those of archived streams are not among them.
pub(super) struct Range<'a> {
    replay: &'a Replay,
    /// Pairs of aggregate type and event type, as a statement takes them.
    types: String,
}

impl<'a> Range<'a> {
    /// Fails if the reactor takes nothing of what is asked for.
    pub(super) fn of(reactor: &'a Reactor, replay: &'a Replay) -> Result<Self, ReplayError> {
        let asked = |(kind, event_type): &(&str, &str)| replay.includes(kind, event_type);
        let types: Vec<(&str, &str)> = reactor.types().filter(asked).collect();
        if types.is_empty() {
            let taken = reactor.types();
            return Err(ReplayError::NotTaken {
                reactor: reactor.name().to_owned(),
                taken: taken.map(|(kind, it)| format!("{kind} {it}")).collect(),
            });
        }
        let types = serde_json::to_string(&types).unwrap_or_default();
        Ok(Self { replay, types })
    }

    /// The next `limit` events after the id `after`, up to the id `to`, in the order of their ids.
    pub(super) async fn load<DB: EventBackend>(
        &self,
        connection: &mut DB::Connection,
        after: i64,
        to: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, ReplayError> {
        let among = self.among::<DB>(connection, after, to).await?;
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let rows = among
            .fetch::<DB>(connection, |condition| {
                format!(
                    "SELECT CAST(id AS bigint) AS position, {} FROM (SELECT * FROM kumiko_events WHERE {condition} \
                     ORDER BY id LIMIT {limit}) AS page ORDER BY position",
                    DB::EVENT_COLUMNS
                )
            })
            .await?;
        let events = rows.iter().map(event::<DB>).collect::<sqlx::Result<_>>();
        Ok(events.map_err(EventStoreError::from)?)
    }

    /// How many there are now, by type.
    pub(super) async fn count<DB: EventBackend>(
        &self,
        connection: &mut DB::Connection,
    ) -> Result<Vec<EventCount>, ReplayError> {
        let among = self.among::<DB>(connection, 0, i64::MAX).await?;
        let rows = among
            .fetch::<DB>(connection, |condition| {
                format!(
                    "SELECT row_number() OVER (ORDER BY aggregate_type, type) AS position, \
                     CAST(aggregate_type AS text), CAST(type AS text), CAST(count(*) AS bigint) \
                     FROM kumiko_events WHERE {condition} GROUP BY aggregate_type, type ORDER BY position"
                )
            })
            .await?;
        let count = |row: &DB::Row| {
            Ok(EventCount {
                aggregate_type: column::<DB, _>(row, 1)?,
                event_type: column::<DB, _>(row, 2)?,
                events: column::<DB, i64>(row, 3)?.unsigned_abs(),
            })
        };
        let counts = rows.iter().map(count).collect::<sqlx::Result<_>>();
        Ok(counts.map_err(EventStoreError::from)?)
    }

    /// The condition, which names only what was asked for, so that an index of it can be used.
    async fn among<DB: EventBackend>(
        &self,
        connection: &mut DB::Connection,
        after: i64,
        to: i64,
    ) -> Result<Among<'_>, ReplayError> {
        let mut condition = format!("{} AND id > $2 AND id <= $3", DB::TYPES_AMONG);
        let mut values = vec![
            Parameter::Text(&self.types),
            Parameter::Long(after),
            Parameter::Long(to),
        ];
        let replay = self.replay;
        let aggregate_id = replay.stream.as_ref().map(|(_, id)| *id);
        let asked = [
            ("created_at >=", replay.from.map(Parameter::Time)),
            ("created_at <", replay.until.map(Parameter::Time)),
            ("tenant_id =", replay.tenant_id.map(Parameter::Uuid)),
            ("aggregate_id =", aggregate_id.map(Parameter::Uuid)),
        ];
        for (compared, value) in asked {
            if let Some(value) = value {
                values.push(value);
                // To write into a String does not fail.
                let _ = write!(condition, " AND {compared} ${}", values.len());
            }
        }
        let mut tables = vec!["kumiko_events"];
        let has_archive = has_archive::<DB>(connection).await;
        if has_archive.map_err(unread)? {
            tables.push(ARCHIVE);
            condition += " AND NOT EXISTS (SELECT 1 FROM kumiko_archived_streams AS archived \
                           WHERE archived.tenant_id = kumiko_events.tenant_id \
                             AND archived.aggregate_id = kumiko_events.aggregate_id)";
        }
        Ok(Among {
            tables,
            condition,
            values,
        })
    }
}

struct Among<'a> {
    tables: Vec<&'static str>,
    condition: String,
    values: Vec<Parameter<'a>>,
}

impl Among<'_> {
    async fn fetch<DB: EventBackend>(
        &self,
        connection: &mut DB::Connection,
        statement: impl FnOnce(&str) -> String,
    ) -> Result<Vec<DB::Row>, ReplayError> {
        let sql = statement(&self.condition);
        let rows = visible_rows::fetch::<DB>(connection, &self.tables, &sql, &self.values).await;
        Ok(rows?)
    }
}

fn unread(error: ProjectionError) -> ReplayError {
    match error {
        ProjectionError::Database { step, source } => ReplayError::Database { step, source },
        source => ReplayError::SetAside { source },
    }
}
