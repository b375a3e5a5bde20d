//! The event store's statements that only SQLite understands.

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection, SqlStr, Sqlite, Transaction};
use uuid::Uuid;

use super::{
    EventBackend, Inserted, event_columns, insert_event_sql, list_archived, load_sql, values_of,
};
use crate::backend::sqlite::{TransactionEnded, Watched, as_it_is};
use crate::backend::{Backend, NotCommitted, Parameter};
use crate::events::event_row::EventRow;
use crate::events::naming::Naming;

/// Looks for the table of archived streams.
macro_rules! archive {
    () => {
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'kumiko_archived_streams'"
    };
}

/// Inserts an event if there is no table of archived streams, and if there is one without a mark of the stream; in
/// either case only after its `$predecessor`. Returns `$returned`.
macro_rules! insert_event_sql_twice {
    ($predecessor:literal, $returned:expr) => {
        [
            insert_event_sql!(
                "$1, $2, $3, $4, $5, $6, $7, $8, $9",
                concat!($predecessor, "NOT EXISTS (", archive!(), ")"),
                $returned
            ),
            insert_event_sql!(
                "$1, $2, $3, $4, $5, $6, $7, $8, $9",
                concat!(
                    $predecessor,
                    "NOT EXISTS (SELECT 1 FROM kumiko_archived_streams
                                 WHERE tenant_id = $3 AND aggregate_id = $1)"
                ),
                $returned
            ),
        ]
    };
}

/// Inserts the events of an array of JSON in its order, with the column `$id` from `$value`.
macro_rules! insert_migrated {
    ($id:literal, $value:literal) => {
        concat!(
            "INSERT INTO kumiko_events (",
            $id,
            "aggregate_id, aggregate_type, tenant_id, version, type, event_version, payload, metadata,
                                        created_at, created_by)
             SELECT ",
            $value,
            "value->>'aggregateId', value->>'aggregateType', value->>'tenantId', value->>'version', value->>'type',
                    value->>'eventVersion', value->'payload', value->'metadata', value->>'createdAt', value->>'createdBy'
             FROM json_each($1) WHERE true ORDER BY key RETURNING 1 AS position"
        )
    };
}

/// The statements that insert an event.
struct Insertion {
    first_of_stream: [&'static str; 2],
    after_another: [&'static str; 2],
}

macro_rules! insertion {
    ($returned:expr) => {
        Insertion {
            first_of_stream: insert_event_sql_twice!("", $returned),
            after_another: insert_event_sql_twice!(
                "EXISTS (SELECT 1 FROM kumiko_events
                         WHERE tenant_id = $3 AND aggregate_id = $1 AND version = $4 - 1) AND ",
                $returned
            ),
        }
    };
}

const INSERT: Insertion = insertion!("1");
const INSERT_AND_READ: Insertion = insertion!(concat!("1, ", event_columns!(as_it_is)));

impl EventBackend for Sqlite {
    /// It takes the write lock at once: a transaction that reads first and writes then may find that it cannot.
    async fn begin(
        connection: &mut SqliteConnection,
    ) -> sqlx::Result<(Transaction<'_, Sqlite>, Watched)> {
        let begin = SqlStr::from_static("BEGIN IMMEDIATE");
        let transaction = connection.begin_with(begin).await?;
        Ok((transaction, Watched::by_nobody()))
    }

    /// Without a transaction SQLite would take the savepoint for the beginning of one.
    async fn begin_within<'c>(
        transaction: &'c mut Transaction<'_, Sqlite>,
    ) -> sqlx::Result<Option<(Transaction<'c, Sqlite>, Watched)>> {
        let identity = Watched::by_nobody();
        if !Self::is_open(transaction, &identity).await? {
            return Ok(None);
        }
        Ok(Some((transaction.begin().await?, identity)))
    }

    fn is_without_savepoint(error: &sqlx::Error) -> bool {
        let error = error.as_database_error();
        error.is_some_and(|error| error.message().starts_with("no such savepoint"))
    }

    async fn commit_own<'c>(
        mut transaction: Transaction<'c, Sqlite>,
        identity: &Watched,
    ) -> Result<(), NotCommitted<'c, Sqlite>> {
        match Self::is_open(&mut transaction, identity).await {
            Ok(true) => transaction.commit().await.map_err(NotCommitted::RolledBack),
            Ok(false) => {
                let error = sqlx::Error::AnyDriverError(Box::new(TransactionEnded));
                Err(NotCommitted::Refused(transaction, error))
            }
            Err(error) => Err(NotCommitted::Refused(transaction, error)),
        }
    }

    const CREATE_EVENTS: &'static str = "CREATE TABLE IF NOT EXISTS kumiko_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    aggregate_id TEXT NOT NULL,
    aggregate_type TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    type TEXT NOT NULL,
    event_version INTEGER NOT NULL DEFAULT 1,
    payload TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    created_by TEXT NOT NULL
)";

    const EXISTING_RELATIONS: &'static str = "SELECT name FROM sqlite_schema";

    /// The busy timeout bounds them already.
    fn with_bounded_waits(statements: &str) -> String {
        statements.to_owned()
    }

    const LOAD: &'static str = load_sql!(as_it_is, "");

    const STREAM_VERSION: &'static str = "SELECT 1 AS position, COALESCE(MAX(version), 0)
        FROM kumiko_events WHERE tenant_id = $1 AND aggregate_id = $2";

    /// SQLite hides nothing.
    async fn fetch_with_secured(
        connection: &mut SqliteConnection,
        _: &[&'static str],
        sql: &str,
        values: &[Parameter<'_>],
    ) -> sqlx::Result<(Vec<&'static str>, Vec<SqliteRow>)> {
        let rows = Self::fetch(connection, sql, values).await?;
        Ok((Vec::new(), rows))
    }

    /// There is no way on which an answer could be lost.
    async fn is_committed(_: &mut SqliteConnection, _: &Watched) -> sqlx::Result<Option<bool>> {
        Ok(None)
    }

    async fn insert_event(
        connection: &mut SqliteConnection,
        identity: Option<&Watched>,
        _: Naming,
        row: &EventRow,
    ) -> sqlx::Result<Inserted> {
        Ok(match insert(connection, identity, row, &INSERT).await? {
            Some(_) => Inserted::All,
            None => Inserted::First(0),
        })
    }

    /// One by one: the database is in this process, and there is no way to it that could be saved.
    async fn insert_events(
        connection: &mut SqliteConnection,
        identity: Option<&Watched>,
        naming: Naming,
        rows: &[EventRow],
    ) -> sqlx::Result<Inserted> {
        for (index, row) in rows.iter().enumerate() {
            if Self::insert_event(connection, identity, naming, row).await? != Inserted::All {
                return Ok(Inserted::First(index));
            }
        }
        Ok(Inserted::All)
    }

    async fn insert_and_read(
        connection: &mut SqliteConnection,
        identity: Option<&Watched>,
        _: Naming,
        rows: &[EventRow],
    ) -> sqlx::Result<(Inserted, Vec<SqliteRow>)> {
        let mut read = Vec::with_capacity(rows.len());
        for row in rows {
            match insert(connection, identity, row, &INSERT_AND_READ).await? {
                Some(inserted) => read.push(inserted),
                None => return Ok((Inserted::First(read.len()), read)),
            }
        }
        Ok((Inserted::All, read))
    }

    const INSERT_MIGRATED: &'static str = insert_migrated!("", "");
    const INSERT_WITH_ID: &'static str = insert_migrated!("id, ", "value->>'id', ");

    const CREATE_ARCHIVE: &'static str = "CREATE TABLE IF NOT EXISTS kumiko_archived_streams (
    tenant_id TEXT NOT NULL,
    aggregate_id TEXT NOT NULL,
    aggregate_type TEXT NOT NULL,
    archived_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    archived_by TEXT NOT NULL,
    reason TEXT
)";

    const LIST_ARCHIVED: &'static str = list_archived!(as_it_is);

    const HAS_TABLE: &'static str =
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1";

    async fn load_live(
        connection: &mut SqliteConnection,
        tenant_id: Uuid,
        aggregate_id: Uuid,
    ) -> sqlx::Result<(Vec<&'static str>, Vec<SqliteRow>)> {
        if Self::is_archived(connection, tenant_id, aggregate_id).await? {
            return Ok((Vec::new(), Vec::new()));
        }
        let values = [Parameter::Uuid(tenant_id), Parameter::Uuid(aggregate_id)];
        Self::fetch_with_secured(connection, &[], Self::LOAD, &values).await
    }

    async fn is_archived(
        connection: &mut SqliteConnection,
        tenant_id: Uuid,
        aggregate_id: Uuid,
    ) -> sqlx::Result<bool> {
        if !has_archive(connection).await? {
            return Ok(false);
        }
        let sql =
            "SELECT 1 FROM kumiko_archived_streams WHERE tenant_id = $1 AND aggregate_id = $2";
        let values = [Parameter::Uuid(tenant_id), Parameter::Uuid(aggregate_id)];
        let rows = Self::fetch(connection, sql, &values).await?;
        Ok(!rows.is_empty())
    }
}

/// Inserts an event, and gives what the statement returns; none if it was refused.
///
/// A statement cannot name a table that may not be there, so there are two, and where there is such a
/// table both are executed.
async fn insert(
    connection: &mut SqliteConnection,
    identity: Option<&Watched>,
    row: &EventRow,
    insertion: &Insertion,
) -> sqlx::Result<Option<SqliteRow>> {
    if let Some(identity) = identity
        && !Sqlite::is_open(connection, identity).await?
    {
        return Ok(None);
    }
    let values = values_of(row);
    let [without_archive, with_archive] = if row.version == 1 {
        insertion.first_of_stream
    } else {
        insertion.after_another
    };
    let mut inserted = Sqlite::fetch(connection, without_archive, &values).await?;
    if inserted.is_empty() && has_archive(connection).await? {
        inserted = Sqlite::fetch(connection, with_archive, &values).await?;
    }
    Ok(inserted.pop())
}

async fn has_archive(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    let rows = Sqlite::fetch(connection, archive!(), &[]).await?;
    Ok(!rows.is_empty())
}
