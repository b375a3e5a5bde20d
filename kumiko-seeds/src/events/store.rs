//! What the write side asks of an event store, whichever it is.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::event_row::EventRow;
use super::naming::Naming;
use super::{EventBackend, EventStoreError, StoredEvent, Stream};

/// An event store that handlers append to and read from, through [`WriteContext`](super::WriteContext).
///
/// The library's own is [`KumikoEvents`](super::KumikoEvents), the table `kumiko_events`. An app whose events are in a
/// table of its own implements this trait and gives it to [`Handlers::event_store`](super::Handlers::event_store); then the
/// same handlers, gates, dry runs, counts and projections work on that table. Three functions are enough.
///
/// All of it happens on the connection it is given, in the transaction that is open there, and is committed or rolled
/// back with it. An implementation begins and ends no transaction of its own.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # mod own {
/// use kumiko_seeds::BoxFuture;
/// use kumiko_seeds::events::{EventRow, EventStore, EventStoreError, InTransaction, StoredEvent, Stream};
/// use sqlx::{Sqlite, SqliteConnection};
///
/// /// `account_events (account uuid, version integer, type text, body text, PRIMARY KEY (account, version))`
/// struct AccountEvents;
///
/// impl EventStore<Sqlite> for AccountEvents {
///     fn append<'a>(
///         &'a self,
///         connection: &'a mut SqliteConnection,
///         transaction: InTransaction<'a, Sqlite>,
///         rows: &'a [EventRow],
///     ) -> BoxFuture<'a, Result<(), EventStoreError>> {
///         Box::pin(async move {
///             transaction.ensure_open(connection).await?;
///             for row in rows {
///                 if row.is_first {
///                     let (stream, expected) = (row.stream(), row.version - 1);
///                     let actual = self.stream_version(connection, &stream).await?;
///                     if actual != expected {
///                         return Err(EventStoreError::VersionConflict { stream, expected, actual });
///                     }
///                 }
///                 sqlx::query("INSERT INTO account_events VALUES ($1, $2, $3, $4)")
///                     .bind(row.aggregate_id.hyphenated())
///                     .bind(row.version)
///                     .bind(&row.event_type)
///                     .bind(&row.payload)
///                     .execute(&mut *connection)
///                     .await?;
///             }
///             Ok(())
///         })
///     }
///
///     fn load<'a>(
///         &'a self,
///         connection: &'a mut SqliteConnection,
///         stream: &'a Stream,
///     ) -> BoxFuture<'a, Result<Vec<StoredEvent>, EventStoreError>> {
///         Box::pin(async move {
///             let rows: Vec<(i32, String, String)> = sqlx::query_as(
///                 "SELECT version, type, body FROM account_events WHERE account = $1 ORDER BY version",
///             )
///             .bind(stream.aggregate_id.hyphenated())
///             .fetch_all(connection)
///             .await?;
///             let event = |(version, event_type, body): (i32, String, String)| {
///                 StoredEvent::parse(stream.clone(), version, event_type, &body)
///             };
///             rows.into_iter().map(event).collect()
///         })
///     }
///
///     fn stream_version<'a>(
///         &'a self,
///         connection: &'a mut SqliteConnection,
///         stream: &'a Stream,
///     ) -> BoxFuture<'a, Result<i32, EventStoreError>> {
///         Box::pin(async move {
///             let version = "SELECT coalesce(max(version), 0) FROM account_events WHERE account = $1";
///             Ok(sqlx::query_scalar(version)
///                 .bind(stream.aggregate_id.hyphenated())
///                 .fetch_one(connection)
///                 .await?)
///         })
///     }
/// }
/// # }
/// ```
pub trait EventStore<DB: EventBackend>: Send + Sync {
    /// Appends events, those of each stream in their order, all or none as far as the caller can see: it rolls back after an
    /// error.
    ///
    /// The events of a stream follow one another, and the version of its first one ([`EventRow::is_first`]) is one more
    /// than the version that the stream must have.
    ///
    /// # Errors
    /// [`EventStoreError::VersionConflict`] if a stream has another version, which is what makes callers try again;
    /// [`EventStoreError::TransactionEnded`] as [`InTransaction::ensure_open`] gives it; what is peculiar to the store as
    /// [`EventStoreError::Store`].
    fn append<'a>(
        &'a self,
        connection: &'a mut DB::Connection,
        transaction: InTransaction<'a, DB>,
        rows: &'a [EventRow],
    ) -> BoxFuture<'a, Result<(), EventStoreError>>;

    /// Appends events as [`EventStore::append`] does, and gives those of them that projections take, in their order: the rows at
    /// the positions `taken`, which ascend. It is called in the place of `append` where there are any.
    ///
    /// They have to be what [`EventStore::load`] gives later, to the last field: a rebuild computes the rows of a projection
    /// from that. So by default they are loaded, with all of their streams. A store that knows them without that, or whose streams
    /// are long, has a way of its own.
    ///
    /// # Errors
    /// Those of [`EventStore::append`] and [`EventStore::load`].
    fn append_and_read<'a>(
        &'a self,
        connection: &'a mut DB::Connection,
        transaction: InTransaction<'a, DB>,
        rows: &'a [EventRow],
        taken: &'a [usize],
    ) -> BoxFuture<'a, Result<Vec<StoredEvent>, EventStoreError>> {
        Box::pin(async move {
            self.append(connection, transaction, rows).await?;
            let mut streams: HashMap<(Uuid, Uuid), Vec<StoredEvent>> = HashMap::new();
            let mut events = Vec::with_capacity(taken.len());
            for row in taken.iter().filter_map(|&position| rows.get(position)) {
                let loaded: &[StoredEvent] = match streams.entry((row.tenant_id, row.aggregate_id))
                {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert(self.load(connection, &row.stream()).await?),
                };
                let event = loaded
                    .iter()
                    .rev()
                    .find(|event| event.version == row.version);
                let event = event.ok_or_else(|| not_loaded(row))?;
                events.push(event.clone());
            }
            Ok(events)
        })
    }

    /// The events of a stream in their order; none if there is no such stream.
    fn load<'a>(
        &'a self,
        connection: &'a mut DB::Connection,
        stream: &'a Stream,
    ) -> BoxFuture<'a, Result<Vec<StoredEvent>, EventStoreError>>;

    /// The events of a stream as [`EventStore::load`] gives them, also where it gives none because the stream is archived. By default that is no
    /// difference.
    ///
    /// # Errors
    /// Those of [`EventStore::load`].
    fn load_archived<'a>(
        &'a self,
        connection: &'a mut DB::Connection,
        stream: &'a Stream,
    ) -> BoxFuture<'a, Result<Vec<StoredEvent>, EventStoreError>> {
        self.load(connection, stream)
    }

    /// The version of the last event of a stream, which is the number of its events; 0 if there is no such stream.
    fn stream_version<'a>(
        &'a self,
        connection: &'a mut DB::Connection,
        stream: &'a Stream,
    ) -> BoxFuture<'a, Result<i32, EventStoreError>>;
}

fn not_loaded(row: &EventRow) -> EventStoreError {
    let (stream, version) = (row.stream(), row.version);
    EventStoreError::store(format!(
        "event {version} of stream {} {} of tenant {} was appended, and loading the stream does not give it",
        stream.aggregate_type, stream.aggregate_id, stream.tenant_id
    ))
}

/// The transaction in which events are to be appended.
pub struct InTransaction<'a, DB: EventBackend> {
    /// None if the caller answers for it.
    pub(super) identity: Option<&'a DB::Identity>,
    pub(super) naming: Naming,
}

impl<'a, DB: EventBackend> InTransaction<'a, DB> {
    /// The open transaction, whichever it is.
    pub(super) fn open() -> Self {
        Self {
            identity: None,
            naming: Naming::LikeOthers,
        }
    }

    /// This transaction and no other.
    pub(super) fn guarded(identity: &'a DB::Identity, naming: Naming) -> Self {
        Self {
            identity: Some(identity),
            naming,
        }
    }

    /// Fails unless it is still open. A seed or a handler may have ended it, and what is written then would be kept whatever
    /// becomes of them.
    ///
    /// Costs a round trip on PostgreSQL. The library's own store asks within its INSERT.
    ///
    /// # Errors
    /// [`EventStoreError::TransactionEnded`], or the database's error.
    pub async fn ensure_open(
        &self,
        connection: &mut DB::Connection,
    ) -> Result<(), EventStoreError> {
        match self.identity {
            Some(identity) if !DB::is_open(connection, identity).await? => {
                Err(EventStoreError::TransactionEnded)
            }
            _ => Ok(()),
        }
    }
}

impl<DB: EventBackend> fmt::Debug for InTransaction<'_, DB> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("InTransaction")
            .field("naming", &self.naming)
            .finish_non_exhaustive()
    }
}
