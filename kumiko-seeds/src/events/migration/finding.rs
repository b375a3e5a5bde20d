//! Reads which streams are to be migrated.

use std::fmt::Write;

use super::cursor::StreamCursor;
use super::streams::{Handling, Streams};
use crate::backend::{Parameter, column};
use crate::events::archive::ARCHIVE;
use crate::events::existing::has_table;
use crate::events::stored_uuid::uuid;
use crate::events::{EventBackend, EventStoreError, Stream, visible_rows};

const EVENTS: &str = "kumiko_events";

/// Streams, each as often as it has events.
const WITH_EVENTS: &str = "kumiko_events AS stream JOIN kumiko_events AS its_event
           ON its_event.tenant_id = stream.tenant_id AND its_event.aggregate_id = stream.aggregate_id";

/// The next `limit` streams.
pub(super) async fn next<DB: EventBackend>(
    connection: &mut DB::Connection,
    streams: &Streams,
    seed: &str,
    after: Option<StreamCursor>,
    limit: u32,
) -> Result<Vec<Stream>, EventStoreError> {
    let mut asked = Asked::of::<DB>(connection, streams, seed).await?;
    asked.behind(after);
    let limit = asked.place_of(Parameter::Integer(i32::try_from(limit).unwrap_or(i32::MAX)));
    let sql = format!(
        "SELECT row_number() OVER (ORDER BY stream.tenant_id, stream.aggregate_id) AS position,
                CAST(stream.tenant_id AS text), CAST(stream.aggregate_id AS text)
         FROM kumiko_events AS stream WHERE {} ORDER BY stream.tenant_id, stream.aggregate_id LIMIT {limit}",
        asked.condition
    );
    let rows = visible_rows::fetch::<DB>(connection, &asked.tables, &sql, &asked.values).await?;
    let stream = |row: &DB::Row| {
        Ok(Stream {
            tenant_id: uuid::<DB>(row, 1)?,
            aggregate_type: streams.aggregate_type.clone(),
            aggregate_id: uuid::<DB>(row, 2)?,
        })
    };
    Ok(rows.iter().map(stream).collect::<sqlx::Result<_>>()?)
}

/// How many streams there are.
pub(super) async fn count<DB: EventBackend>(
    connection: &mut DB::Connection,
    streams: &Streams,
    seed: &str,
) -> Result<u64, EventStoreError> {
    let asked = Asked::of::<DB>(connection, streams, seed).await?;
    let sql = format!(
        "SELECT CAST(1 AS bigint) AS position, CAST(count(*) AS bigint) FROM kumiko_events AS stream WHERE {}",
        asked.condition
    );
    Ok(asked.number::<DB>(connection, &sql).await?.unsigned_abs())
}

/// How many streams there are behind `after`, and how many events they have.
pub(super) async fn sizes<DB: EventBackend>(
    connection: &mut DB::Connection,
    streams: &Streams,
    seed: &str,
    after: Option<StreamCursor>,
) -> Result<[u64; 2], EventStoreError> {
    let mut asked = Asked::of::<DB>(connection, streams, seed).await?;
    asked.behind(after);
    let sql = format!(
        "SELECT CAST(1 AS bigint) AS position, CAST(count(DISTINCT stream.id) AS bigint), CAST(count(*) AS bigint)
         FROM {} WHERE {}",
        WITH_EVENTS, asked.condition
    );
    let rows = visible_rows::fetch::<DB>(connection, &asked.tables, &sql, &asked.values).await?;
    let number = |at| match rows.first() {
        Some(row) => column::<DB, i64>(row, at),
        None => Ok(0),
    };
    Ok([number(1)?.unsigned_abs(), number(2)?.unsigned_abs()])
}

/// The greatest id of their events; 0 if there are none.
pub(super) async fn last_event<DB: EventBackend>(
    connection: &mut DB::Connection,
    streams: &Streams,
    seed: &str,
) -> Result<i64, EventStoreError> {
    let asked = Asked::of::<DB>(connection, streams, seed).await?;
    let sql = format!(
        "SELECT CAST(1 AS bigint) AS position, CAST(coalesce(max(its_event.id), 0) AS bigint) FROM {} WHERE {}",
        WITH_EVENTS, asked.condition
    );
    asked.number::<DB>(connection, &sql).await
}

/// What is asked of the table of events, where `stream` is the first event of a stream.
struct Asked<'a> {
    condition: String,
    values: Vec<Parameter<'a>>,
    tables: Vec<&'static str>,
}

impl<'a> Asked<'a> {
    async fn of<DB: EventBackend>(
        connection: &mut DB::Connection,
        streams: &'a Streams,
        seed: &'a str,
    ) -> Result<Self, EventStoreError> {
        let mut asked = Self {
            condition: "stream.version = 1 AND stream.aggregate_type = $1".to_owned(),
            values: vec![Parameter::Text(&streams.aggregate_type)],
            tables: vec![EVENTS],
        };
        if streams.handling == Handling::Kept {
            // What this migration has written may be among what it looks for.
            let seed = asked.place_of(Parameter::Text(seed));
            asked.and(format_args!(
                "coalesce(stream.metadata->'migratedFrom'->>'seed', '') <> {seed}"
            ));
            if has_table::<DB>(connection, ARCHIVE).await? {
                asked.tables.push(ARCHIVE);
                asked.and(format_args!(
                    "NOT EXISTS (SELECT 1 FROM {ARCHIVE} AS archived WHERE archived.tenant_id = stream.tenant_id
                                 AND archived.aggregate_id = stream.aggregate_id)"
                ));
            }
        }
        if let Some(tenant) = streams.tenant_id {
            let tenant = asked.place_of(Parameter::Uuid(tenant));
            asked.and(format_args!("stream.tenant_id = {tenant}"));
        }
        if let Some(ids) = &streams.ids {
            asked.and(format_args!("stream.aggregate_id {}", DB::among(ids)));
        }
        if let Some(condition) = streams.condition {
            // A comment at its end ends with the line.
            asked.and(format_args!("({condition}\n)"));
        }
        Ok(asked)
    }

    /// Leaves out all up to this one.
    fn behind(&mut self, after: Option<StreamCursor>) {
        if let Some(after) = after {
            let tenant = self.place_of(Parameter::Uuid(after.tenant_id));
            let aggregate = self.place_of(Parameter::Uuid(after.aggregate_id));
            self.and(format_args!(
                "(stream.tenant_id, stream.aggregate_id) > ({tenant}, {aggregate})"
            ));
        }
    }

    fn and(&mut self, condition: std::fmt::Arguments<'_>) {
        // Writing to a text does not fail.
        let _ = write!(self.condition, " AND {condition}");
    }

    fn place_of(&mut self, value: Parameter<'a>) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    async fn number<DB: EventBackend>(
        &self,
        connection: &mut DB::Connection,
        sql: &str,
    ) -> Result<i64, EventStoreError> {
        let rows = visible_rows::fetch::<DB>(connection, &self.tables, sql, &self.values).await?;
        rows.first()
            .map_or(Ok(0), |row| Ok(column::<DB, i64>(row, 1)?))
    }
}
