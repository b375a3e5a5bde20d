//! The marks of archived streams, in the original's table.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::backend::{Parameter, column};
use crate::events::event_tables::create_archive;
use crate::events::existing::has_table;
use crate::events::stored_uuid::uuid;
use crate::events::{EventBackend, EventStoreError, Stream, User, stream_version, visible_rows};

/// The table of archived streams.
pub(in crate::events) const ARCHIVE: &str = "kumiko_archived_streams";

/// A stream that is archived.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArchivedStream {
    /// The stream.
    pub stream: Stream,
    /// When it was archived, by the database's clock; the last time, if it was more than once.
    pub archived_at: DateTime<Utc>,
    /// The id of the user who did it.
    pub archived_by: String,
    /// Why.
    pub reason: Option<String>,
    /// Whether it was purged: the mark is left, so that the stream takes no events, and its events are not.
    pub is_purged: bool,
}

/// Which archived streams are asked for. All by default, and at most 1,000.
#[derive(Clone, Debug)]
pub struct ArchivedStreams {
    pub(super) aggregate_type: String,
    pub(super) tenant_id: Uuid,
    aggregate_id: Uuid,
    pub(super) before: DateTime<Utc>,
    pub(super) most: u32,
}

/// The last one that a database writes with four digits of a year.
const LAST_MOMENT: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 0) {
    Some(moment) => moment,
    None => DateTime::<Utc>::MAX_UTC,
};

impl Default for ArchivedStreams {
    fn default() -> Self {
        Self {
            aggregate_type: String::new(),
            tenant_id: Uuid::nil(),
            aggregate_id: Uuid::nil(),
            before: LAST_MOMENT,
            most: 1_000,
        }
    }
}

impl ArchivedStreams {
    /// Those of this aggregate type.
    #[must_use]
    pub fn of(mut self, aggregate_type: impl Into<String>) -> Self {
        self.aggregate_type = aggregate_type.into();
        self
    }

    /// Those of this tenant.
    #[must_use]
    pub fn in_tenant(mut self, tenant_id: Uuid) -> Self {
        self.tenant_id = tenant_id;
        self
    }

    /// Those of this aggregate, in whichever tenant. A purge does not ask for it.
    #[must_use]
    pub fn of_aggregate(mut self, aggregate_id: Uuid) -> Self {
        self.aggregate_id = aggregate_id;
        self
    }

    /// Those that were archived before this moment.
    #[must_use]
    pub fn before(mut self, moment: DateTime<Utc>) -> Self {
        self.before = moment;
        self
    }

    /// So many of them.
    #[must_use]
    pub fn at_most(mut self, most: u32) -> Self {
        self.most = most;
        self
    }
}

/// The streams that are archived, those first that have been for the longest. None where there is no table of them.
///
/// # Errors
/// If the database fails, and [`EventStoreError::RowSecurity`] if policies may hide marks.
pub async fn archived_streams<DB: EventBackend>(
    connection: &mut DB::Connection,
    asked: &ArchivedStreams,
) -> Result<Vec<ArchivedStream>, EventStoreError> {
    if !has_table::<DB>(connection, ARCHIVE).await? {
        return Ok(Vec::new());
    }
    let values = [
        Parameter::Text(&asked.aggregate_type),
        Parameter::Uuid(asked.tenant_id),
        Parameter::Time(asked.before),
        Parameter::Integer(i32::try_from(asked.most).unwrap_or(i32::MAX)),
        Parameter::Uuid(asked.aggregate_id),
    ];
    let rows =
        visible_rows::fetch::<DB>(connection, &[ARCHIVE], DB::LIST_ARCHIVED, &values).await?;
    let streams = rows.iter().map(archived_stream::<DB>);
    Ok(streams.collect::<sqlx::Result<_>>()?)
}

pub(super) fn archived_stream<DB: EventBackend>(row: &DB::Row) -> sqlx::Result<ArchivedStream> {
    let reason: String = column::<DB, _>(row, 6)?;
    Ok(ArchivedStream {
        stream: Stream {
            tenant_id: uuid::<DB>(row, 1)?,
            aggregate_id: uuid::<DB>(row, 2)?,
            aggregate_type: column::<DB, _>(row, 3)?,
        },
        archived_at: column::<DB, _>(row, 4)?,
        archived_by: column::<DB, _>(row, 5)?,
        reason: Some(reason).filter(|reason| !reason.is_empty()),
        is_purged: column::<DB, i32>(row, 7)? != 0,
    })
}

/// Marks streams as archived, up to one that is not there. One that is marked already gets the new time, user and reason. The table is created where it is missing.
pub(in crate::events) async fn mark<DB: EventBackend>(
    connection: &mut DB::Connection,
    streams: &[Stream],
    user: &User,
    reason: &str,
) -> Result<(), EventStoreError> {
    if !has_table::<DB>(connection, ARCHIVE).await? {
        create_archive::<DB>(connection).await?;
    }
    for stream in in_order(streams) {
        let values = [
            Parameter::Uuid(stream.tenant_id),
            Parameter::Uuid(stream.aggregate_id),
            Parameter::Text(&stream.aggregate_type),
            Parameter::Text(&user.id),
            Parameter::Text(reason),
        ];
        let tables = [ARCHIVE, "kumiko_events"];
        let marked = visible_rows::fetch::<DB>(connection, &tables, MARK, &values).await?;
        if marked.is_empty() {
            let stream = stream.clone();
            return Err(EventStoreError::NoSuchStream { stream });
        }
    }
    Ok(())
}

/// Takes the marks of streams away, up to one that has none.
pub(in crate::events) async fn unmark<DB: EventBackend>(
    connection: &mut DB::Connection,
    streams: &[Stream],
) -> Result<(), EventStoreError> {
    let has_archive = has_table::<DB>(connection, ARCHIVE).await?;
    for stream in in_order(streams) {
        let not_archived = || EventStoreError::NotArchived {
            stream: stream.clone(),
        };
        if !has_archive {
            return Err(not_archived());
        }
        let values = [
            Parameter::Uuid(stream.tenant_id),
            Parameter::Uuid(stream.aggregate_id),
            Parameter::Text(&stream.aggregate_type),
        ];
        let tables = [ARCHIVE];
        let unmarked = visible_rows::fetch::<DB>(connection, &tables, UNMARK, &values).await?;
        if unmarked.is_empty() {
            return Err(not_archived());
        }
        // A statement of its own: whoever purges the stream has had the mark, and the one before may have waited for that.
        let version =
            stream_version::<DB>(connection, stream.tenant_id, stream.aggregate_id).await?;
        if version == 0 {
            let stream = stream.clone();
            return Err(EventStoreError::Purged { stream });
        }
    }
    Ok(())
}

/// Two that mark the same streams do not wait for each other, whichever order they were given.
fn in_order(streams: &[Stream]) -> Vec<&Stream> {
    let mut streams: Vec<&Stream> = streams.iter().collect();
    streams.sort_by_key(|stream| (stream.tenant_id, stream.aggregate_id));
    streams
}

/// `$1` tenant, `$2` aggregate, `$3` its type, `$4` who, `$5` why. A row if there is such a stream.
const MARK: &str = "
    INSERT INTO kumiko_archived_streams (tenant_id, aggregate_id, aggregate_type, archived_by, reason)
    SELECT tenant_id, aggregate_id, aggregate_type, $4, nullif($5, '') FROM kumiko_events
    WHERE tenant_id = $1 AND aggregate_id = $2 AND aggregate_type = $3 ORDER BY version LIMIT 1
    ON CONFLICT (tenant_id, aggregate_id) DO UPDATE
    SET archived_at = excluded.archived_at, archived_by = excluded.archived_by, reason = excluded.reason
    RETURNING CAST(1 AS bigint) AS position";

/// `$1` tenant, `$2` aggregate, `$3` its type. A row if it was archived.
const UNMARK: &str = "
    DELETE FROM kumiko_archived_streams WHERE tenant_id = $1 AND aggregate_id = $2 AND aggregate_type = $3
    RETURNING CAST(1 AS bigint) AS position";
