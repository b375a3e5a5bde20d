//! One step of a purge: some archived streams lose all but their marks.

use std::collections::HashSet;
use std::time::Duration;

use uuid::Uuid;

use super::exporting::Exporting;
use super::marks::{ARCHIVE, ArchivedStream, ArchivedStreams, archived_stream};
use super::purge::StreamExport;
use crate::backend::{Parameter, column};
use crate::events::aggregates::forget_snapshots_of;
use crate::events::consumers::behind;
use crate::events::existing::has_table;
use crate::events::projections::reproject;
use crate::events::stored_uuid::uuid;
use crate::events::stream::list_of;
use crate::events::{Consumer, EventBackend, EventStoreError, Handlers, Stream, visible_rows};

/// What a step is to do.
pub(super) struct Asked<'a, DB: EventBackend> {
    pub(super) streams: ArchivedStreams,
    pub(super) handlers: &'a Handlers<DB>,
    pub(super) export: Option<&'a dyn StreamExport>,
}

/// What a step has done.
#[derive(Clone, Debug, Default)]
pub(super) struct Deleted {
    pub(super) streams: u64,
    pub(super) events: u64,
    /// Tenant and aggregate behind which the next step begins; none if nothing is left.
    pub(super) behind: Option<(Uuid, Uuid)>,
    /// The projections of whose rows it is not known which are of these streams.
    pub(super) not_projected: Vec<String>,
}

/// How long to wait for transactions that are writing events.
const PATIENCE: Duration = Duration::from_secs(10);

/// Purges the next streams behind a tenant and an aggregate.
///
/// **Invariant:** no event of these streams is committed after they are deleted. Their marks are seen before anything else, and whoever begins to
/// append after that is refused; whoever had begun before is waited for. Then the marks are locked, and only those are left that are as they
/// were seen: a stream that was restored meanwhile has none, and one that was archived again has a later one.
pub(super) async fn delete<DB: EventBackend>(
    connection: &mut DB::Connection,
    asked: &Asked<'_, DB>,
    behind: (Uuid, Uuid),
) -> Result<Deleted, EventStoreError> {
    let seen = next::<DB>(connection, &asked.streams, behind).await?;
    let Some(end) = seen.last() else {
        return Ok(Deleted::default());
    };
    let is_full = seen.len() >= asked.streams.most as usize;
    let behind = is_full.then(|| key_of(end));
    if DB::settled_id(connection, PATIENCE).await?.is_none() {
        let seconds = PATIENCE.as_secs();
        return Err(EventStoreError::WritersLeft { seconds });
    }
    let locked = lock::<DB>(connection, seen).await?;
    if locked.is_empty() {
        return Ok(Deleted {
            behind,
            ..Deleted::default()
        });
    }
    let streams: Vec<Stream> = locked.iter().map(|it| it.stream.clone()).collect();
    let list = list_of(&streams);
    let sizes = sizes::<DB>(connection, &list).await?;
    let newest = sizes.iter().map(|size| size.last).max();
    check_consumers::<DB>(connection, newest.unwrap_or_default()).await?;
    if let Some(export) = asked.export {
        let exporting = Exporting {
            export,
            marks: locked.iter().map(|mark| (key_of(mark), mark)).collect(),
        };
        exporting.all::<DB>(connection, &sizes).await?;
    }
    // The original leaves rows where they are when it archives a stream.
    let not_projected = reproject(connection, asked.handlers, &streams).await?;
    forget_snapshots_of::<DB>(connection, &streams).await?;
    let values = [Parameter::Text(&list)];
    for (table, delete) in [
        ("kumiko_rebuild_dead_letters", DB::DELETE_SET_ASIDE),
        ("kumiko_upcaster_dead_letters", DB::DELETE_NOT_UPCAST),
    ] {
        if has_table::<DB>(connection, table).await? {
            visible_rows::fetch::<DB>(connection, &[table], delete, &values).await?;
        }
    }
    let events =
        visible_rows::fetch::<DB>(connection, &[EVENTS], DB::DELETE_EVENTS, &values).await?;
    Ok(Deleted {
        streams: streams.len() as u64,
        events: events.len() as u64,
        behind,
        not_projected,
    })
}

const EVENTS: &str = "kumiko_events";

/// The next streams that are archived and have events.
async fn next<DB: EventBackend>(
    connection: &mut DB::Connection,
    asked: &ArchivedStreams,
    (tenant_id, aggregate_id): (Uuid, Uuid),
) -> Result<Vec<ArchivedStream>, EventStoreError> {
    if !has_table::<DB>(connection, ARCHIVE).await? {
        return Ok(Vec::new());
    }
    let values = [
        Parameter::Uuid(tenant_id),
        Parameter::Uuid(aggregate_id),
        Parameter::Time(asked.before),
        Parameter::Text(&asked.aggregate_type),
        Parameter::Uuid(asked.tenant_id),
        Parameter::Integer(i32::try_from(asked.most).unwrap_or(i32::MAX)),
    ];
    let tables = [ARCHIVE, EVENTS];
    let rows = visible_rows::fetch::<DB>(connection, &tables, DB::NEXT_ARCHIVED, &values).await?;
    let streams = rows.iter().map(archived_stream::<DB>);
    Ok(streams.collect::<sqlx::Result<_>>()?)
}

/// Locks the marks of these streams, and gives those that are as they were.
async fn lock<DB: EventBackend>(
    connection: &mut DB::Connection,
    seen: Vec<ArchivedStream>,
) -> Result<Vec<ArchivedStream>, EventStoreError> {
    let streams: Vec<Stream> = seen.iter().map(|it| it.stream.clone()).collect();
    let list = list_of(&streams);
    let values = [Parameter::Text(&list)];
    let rows = visible_rows::fetch::<DB>(connection, &[ARCHIVE], DB::LOCK_MARKS, &values).await?;
    let marks = rows.iter().map(|row| {
        let at = column::<DB, chrono::DateTime<chrono::Utc>>(row, 3)?;
        Ok((uuid::<DB>(row, 1)?, uuid::<DB>(row, 2)?, at))
    });
    let marks = marks.collect::<sqlx::Result<HashSet<_>>>()?;
    let is_as_it_was = |it: &ArchivedStream| {
        marks.contains(&(it.stream.tenant_id, it.stream.aggregate_id, it.archived_at))
    };
    Ok(seen.into_iter().filter(is_as_it_was).collect())
}

/// How much there is of a stream.
pub(super) struct Size {
    pub(super) key: (Uuid, Uuid),
    pub(super) events: u64,
    /// The greatest id of its events.
    last: i64,
}

/// How much there is of each stream, in the order of their keys.
async fn sizes<DB: EventBackend>(
    connection: &mut DB::Connection,
    list: &str,
) -> Result<Vec<Size>, EventStoreError> {
    let values = [Parameter::Text(list)];
    let rows = visible_rows::fetch::<DB>(connection, &[EVENTS], DB::SIZES_OF, &values).await?;
    let size = |row: &DB::Row| {
        Ok(Size {
            key: (uuid::<DB>(row, 1)?, uuid::<DB>(row, 2)?),
            events: column::<DB, i64>(row, 3)?.unsigned_abs(),
            last: column::<DB, _>(row, 4)?,
        })
    };
    Ok(rows.iter().map(size).collect::<sqlx::Result<_>>()?)
}

fn key_of(mark: &ArchivedStream) -> (Uuid, Uuid) {
    (mark.stream.tenant_id, mark.stream.aggregate_id)
}

async fn check_consumers<DB: EventBackend>(
    connection: &mut DB::Connection,
    last: i64,
) -> Result<(), EventStoreError> {
    match behind::<DB>(connection, last).await? {
        consumers if consumers.is_empty() => Ok(()),
        consumers => Err(EventStoreError::Unread { consumers, last }),
    }
}

/// What a purge would delete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Purgeable {
    /// How many streams.
    pub streams: u64,
    /// How many events they have.
    pub events: u64,
    /// The consumers of the original that have not read all of these events, because of which they would not be deleted.
    pub unread_by: Vec<Consumer>,
    /// The last of these events.
    pub last: i64,
}

impl Purgeable {
    /// Fails if somebody has yet to read one of the events.
    pub(super) fn check(self) -> Result<(), EventStoreError> {
        if self.unread_by.is_empty() {
            return Ok(());
        }
        Err(EventStoreError::Unread {
            consumers: self.unread_by,
            last: self.last,
        })
    }
}

/// Counts what a purge of these streams would delete.
///
/// # Errors
/// If the database fails, and [`EventStoreError::RowSecurity`] if policies may hide rows.
pub async fn purgeable<DB: EventBackend>(
    connection: &mut DB::Connection,
    streams: &ArchivedStreams,
) -> Result<Purgeable, EventStoreError> {
    // Without one of the two tables there is nothing.
    for table in [ARCHIVE, EVENTS] {
        if !has_table::<DB>(connection, table).await? {
            return Ok(Purgeable::default());
        }
    }
    let values = [
        Parameter::Text(&streams.aggregate_type),
        Parameter::Uuid(streams.tenant_id),
        Parameter::Time(streams.before),
    ];
    let rows = visible_rows::fetch::<DB>(connection, &[ARCHIVE, EVENTS], COUNT, &values).await?;
    let Some(row) = rows.first() else {
        return Ok(Purgeable::default());
    };
    let number = |index| column::<DB, i64>(row, index);
    let last = number(3)?;
    Ok(Purgeable {
        streams: number(1)?.unsigned_abs(),
        events: number(2)?.unsigned_abs(),
        unread_by: behind::<DB>(connection, last).await?,
        last,
    })
}

/// `$1` aggregate type, `$2` tenant, `$3` before when they were archived.
const COUNT: &str = "
    SELECT CAST(1 AS bigint) AS position, CAST(count(*) AS bigint), CAST(coalesce(sum(events), 0) AS bigint),
           CAST(coalesce(max(last), 0) AS bigint)
    FROM (SELECT count(*) AS events, max(event.id) AS last
          FROM kumiko_archived_streams AS mark JOIN kumiko_events AS event
               ON event.tenant_id = mark.tenant_id AND event.aggregate_id = mark.aggregate_id
          WHERE mark.archived_at < $3 AND ($1 = '' OR mark.aggregate_type = $1)
            AND ($2 = '00000000-0000-0000-0000-000000000000' OR mark.tenant_id = $2)
          GROUP BY event.tenant_id, event.aggregate_id) AS streams";
