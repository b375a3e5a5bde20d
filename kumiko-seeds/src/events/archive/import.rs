//! Brings streams back that were exported when they were purged.

use std::io;

use serde_json::json;
use sqlx::Pool;

use super::exported::{Event, Line, Mark};
use super::marks::ARCHIVE;
use super::settled::commit;
use crate::backend::{Parameter, column};
use crate::events::event_tables::create_archive;
use crate::events::existing::has_table;
use crate::events::{
    EventBackend, EventStoreError, Handlers, Stream, stream_version, visible_rows,
};

/// What was imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// How many streams. Each is archived.
    pub streams: u64,
    /// How many events.
    pub events: u64,
    /// How many events were there already, exactly as they were exported.
    pub known: u64,
    /// Whether the export ends in the middle of a stream, which is left out: the export was interrupted there, before anything of that stream was deleted.
    pub is_cut_off: bool,
}

/// Why streams could not be imported. What stands before in the export is imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The export could not be read.
    #[error("line {line} cannot be read")]
    Unreadable {
        /// Which line, counted from 1.
        line: u64,
        /// Why.
        source: io::Error,
    },
    /// A line is not what stands at its place in an export.
    #[error("line {line} is not of an export of streams: {problem}")]
    Malformed {
        /// Which line, counted from 1.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// The database has other events of the stream, or of the same ids.
    #[error(
        "stream {} {} of tenant {} or the ids of its events are taken by other events",
        stream.aggregate_type, stream.aggregate_id, stream.tenant_id
    )]
    Taken {
        /// The stream.
        stream: Stream,
    },
    /// The stream is in use: it has events, and is not archived.
    #[error(
        "stream {} {} of tenant {} is in use, so it is not imported",
        stream.aggregate_type, stream.aggregate_id, stream.tenant_id
    )]
    InUse {
        /// The stream.
        stream: Stream,
    },
    /// An event has an id that the database has not reached, so it is of another database, and its id would be given once more.
    #[error("event {id} is not of this database, whose last event is {last}")]
    OtherDatabase {
        /// The event.
        id: i64,
        /// The last id that the database has given.
        last: i64,
    },
    /// The database failed.
    #[error("stream {} {} of tenant {} could not be imported",
        stream.aggregate_type, stream.aggregate_id, stream.tenant_id)]
    Store {
        /// The stream.
        stream: Stream,
        /// Its error.
        source: Box<EventStoreError>,
    },
}

impl ImportError {
    fn store(stream: &Stream, source: EventStoreError) -> Self {
        Self::Store {
            stream: stream.clone(),
            source: Box::new(source),
        }
    }
}

/// How many events are inserted at a time.
const PAGE: usize = 1_000;

impl<DB: EventBackend> Handlers<DB> {
    /// Brings streams back, from the lines that a purge has exported. They have their ids, versions and times again, and stay archived;
    /// [`Handlers::restore_streams`] makes them live.
    ///
    /// Each stream is a transaction. What is there already is left as it is, so whatever was interrupted can be done again from its beginning.
    ///
    /// # Errors
    /// Those of [`ImportError`]. What stands before the line in question is imported.
    pub async fn import_streams(
        &self,
        pool: &Pool<DB>,
        lines: impl IntoIterator<Item = io::Result<String>, IntoIter: Send> + Send,
    ) -> Result<Imported, ImportError> {
        let mut reading = Reading {
            lines: lines.into_iter(),
            number: 0,
            is_cut_off: false,
        };
        let mut imported = Imported::default();
        while let Some(line) = reading.next()? {
            let Line::Stream(mark) = line else {
                return Err(reading.malformed("a stream has to begin here"));
            };
            self.import_stream(pool, mark, &mut reading, &mut imported)
                .await?;
        }
        imported.is_cut_off = reading.is_cut_off;
        Ok(imported)
    }

    async fn import_stream(
        &self,
        pool: &Pool<DB>,
        mark: Mark,
        lines: &mut Reading<impl Iterator<Item = io::Result<String>> + Send>,
        imported: &mut Imported,
    ) -> Result<(), ImportError> {
        let stream = Stream {
            tenant_id: mark.tenant_id,
            aggregate_type: mark.aggregate_type.clone(),
            aggregate_id: mark.aggregate_id,
        };
        let failed = |error| ImportError::store(&stream, error);
        let connection = pool.acquire().await;
        let mut connection = connection.map_err(|error| failed(error.into()))?;
        let begun = DB::begin(&mut connection).await;
        let (mut transaction, identity) = begun.map_err(|error| failed(error.into()))?;
        let is_free = take::<DB>(&mut transaction, &mark).await;
        if !is_free.map_err(failed)? {
            return Err(ImportError::InUse { stream });
        }
        let (mut page, mut events, mut inserted) = (Vec::new(), 0, 0);
        loop {
            let line = lines.next()?;
            let is_over = !matches!(line, Some(Line::Event(_)));
            if let Some(Line::Event(event)) = line {
                page.push(event);
                events += 1;
            } else if let Some(Line::Events(exported)) = line {
                if exported != events {
                    let problem = format!("{exported} events were exported, and {events} are here");
                    return Err(lines.malformed(problem));
                }
            } else if line.is_some() {
                return Err(lines.malformed("the stream before it has no end"));
            } else {
                // Dropped with its transaction.
                lines.is_cut_off = true;
                return Ok(());
            }
            if page.len() == PAGE || is_over {
                inserted += insert::<DB>(&mut transaction, &stream, &page).await?;
                page.clear();
            }
            if is_over {
                break;
            }
        }
        commit::<DB>(transaction, &identity).await.map_err(failed)?;
        imported.streams += 1;
        imported.events += inserted;
        imported.known += events as u64 - inserted;
        Ok(())
    }
}

/// The lines of an export.
struct Reading<I> {
    lines: I,
    /// Of the line that was read last.
    number: u64,
    is_cut_off: bool,
}

impl<I: Iterator<Item = io::Result<String>>> Reading<I> {
    /// The next line; none at the end, or if the last one is not whole.
    fn next(&mut self) -> Result<Option<Line>, ImportError> {
        let Some(line) = self.lines.next() else {
            return Ok(None);
        };
        self.number += 1;
        let line = line.map_err(|source| ImportError::Unreadable {
            line: self.number,
            source,
        })?;
        match serde_json::from_str(&line) {
            Ok(line) => Ok(Some(line)),
            Err(error) if error.is_eof() && self.lines.next().is_none() => {
                self.is_cut_off = true;
                Ok(None)
            }
            Err(error) => Err(self.malformed(error.to_string())),
        }
    }

    fn malformed(&self, problem: impl Into<String>) -> ImportError {
        ImportError::Malformed {
            line: self.number,
            problem: problem.into(),
        }
    }
}

/// Has the mark of a stream locked, which gets the exported one if it has none. `false` if the stream is in use.
async fn take<DB: EventBackend>(
    connection: &mut DB::Connection,
    mark: &Mark,
) -> Result<bool, EventStoreError> {
    if !has_table::<DB>(connection, ARCHIVE).await? {
        create_archive::<DB>(connection).await?;
    }
    let values = [
        Parameter::Uuid(mark.tenant_id),
        Parameter::Uuid(mark.aggregate_id),
        Parameter::Text(&mark.aggregate_type),
        Parameter::Time(mark.archived_at),
        Parameter::Text(&mark.archived_by),
        Parameter::Text(mark.reason.as_deref().unwrap_or_default()),
    ];
    let marked = visible_rows::fetch::<DB>(connection, &[ARCHIVE], MARK, &values).await?;
    if marked.is_empty() {
        let list = json!([{ "tenant_id": mark.tenant_id, "aggregate_id": mark.aggregate_id }]);
        let (list, table) = (list.to_string(), [ARCHIVE]);
        let values = [Parameter::Text(&list)];
        let locked = visible_rows::fetch::<DB>(connection, &table, DB::LOCK_MARKS, &values);
        return Ok(!locked.await?.is_empty());
    }
    // A statement of its own: what somebody has appended meanwhile is seen.
    let version = stream_version::<DB>(connection, mark.tenant_id, mark.aggregate_id).await?;
    Ok(version == 0)
}

/// `$1` tenant, `$2` aggregate, `$3` its type, `$4` when, `$5` who, `$6` why. A row if there was no mark.
const MARK: &str = "
    INSERT INTO kumiko_archived_streams (tenant_id, aggregate_id, aggregate_type, archived_at, archived_by, reason)
    VALUES ($1, $2, $3, $4, $5, nullif($6, ''))
    ON CONFLICT (tenant_id, aggregate_id) DO NOTHING
    RETURNING CAST(1 AS bigint) AS position";

/// Inserts events, and gives how many were not there.
async fn insert<DB: EventBackend>(
    connection: &mut DB::Connection,
    stream: &Stream,
    events: &[Event],
) -> Result<u64, ImportError> {
    let failed = |error| ImportError::store(stream, error);
    let Some(greatest) = events.iter().map(|event| event.id).max() else {
        return Ok(0);
    };
    let last = DB::fetch(connection, DB::LAST_ID, &[]).await;
    let last = last.and_then(|rows| rows.first().map_or(Ok(0), |row| column::<DB, i64>(row, 0)));
    let last = last.map_err(|error| failed(error.into()))?;
    if greatest > last {
        return Err(ImportError::OtherDatabase { id: greatest, last });
    }
    let exported = list_of(events);
    let values = [
        Parameter::Text(&exported),
        Parameter::Uuid(stream.tenant_id),
        Parameter::Uuid(stream.aggregate_id),
        Parameter::Text(&stream.aggregate_type),
    ];
    let tables = ["kumiko_events"];
    let inserted = visible_rows::fetch::<DB>(connection, &tables, DB::INSERT_EXPORTED, &values);
    let inserted = inserted.await.map_err(failed)?.len();
    if inserted < events.len() {
        let there = visible_rows::fetch::<DB>(connection, &tables, DB::COUNT_EXPORTED, &values);
        let there = there.await.map_err(failed)?;
        let there = there.first().map_or(Ok(0), |row| column::<DB, i64>(row, 1));
        let there = there.map_err(|error| failed(error.into()))?;
        if there.unsigned_abs() < events.len() as u64 {
            let stream = stream.clone();
            return Err(ImportError::Taken { stream });
        }
    }
    Ok(inserted as u64)
}

fn list_of(events: &[Event]) -> String {
    let event = |event: &Event| {
        json!({
            "id": event.id,
            "version": event.version,
            "type": event.event_type,
            "event_version": event.event_version,
            "payload": event.payload.get(),
            "metadata": event.metadata.get(),
            "created_at": event.created_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            "created_by": event.created_by,
        })
    };
    let events: Vec<_> = events.iter().map(event).collect();
    serde_json::Value::from(events).to_string()
}
