//! Events of a batch that the database has not got yet.

use std::collections::HashMap;
use std::future::poll_fn;
use std::mem::{replace, take};
use std::task::Poll;

use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::appending::Appending;
use super::earlier_failure::EarlierFailure;
use super::event_row::EventRow;
use super::naming::Naming;
use super::store::InTransaction;
use super::{EventBackend, EventStoreError, Handlers, Stream};

/// What is kept at most before it is written. The numbers bound the memory of a batch, whatever its
/// length, and are large enough that a round trip to the database is a small part of the work.
const MOST_EVENTS: usize = 1_000;
const MOST_BYTES: usize = 1 << 20;

/// Events that handlers of a batch have appended and that go to the database together, while handlers append the next.
pub(super) struct PendingEvents<'c, DB: EventBackend> {
    /// None while it writes.
    connection: Option<&'c mut DB::Connection>,
    writing: Option<Writing<'c, DB>>,
    identity: &'c DB::Identity,
    naming: Naming,
    handlers: &'c Handlers<DB>,
    /// What was written later than its handler was told cannot be passed over by the handler that hears of it.
    failure: EarlierFailure,
    rows: Vec<EventRow>,
    bytes: usize,
    /// By tenant and aggregate, the version that the stream has with what is pending.
    versions: HashMap<(Uuid, Uuid), i32>,
}

type Writing<'c, DB> = BoxFuture<'c, Ended<'c, DB>>;

/// The end of writing, which gives the connection back.
type Ended<'c, DB> = (
    &'c mut <DB as sqlx::Database>::Connection,
    Result<(), EventStoreError>,
);

impl<'c, DB: EventBackend> PendingEvents<'c, DB> {
    pub(super) fn new(
        connection: &'c mut DB::Connection,
        identity: &'c DB::Identity,
        naming: Naming,
        handlers: &'c Handlers<DB>,
    ) -> Self {
        Self {
            connection: Some(connection),
            writing: None,
            identity,
            naming,
            handlers,
            failure: EarlierFailure::default(),
            rows: Vec::new(),
            bytes: 0,
            versions: HashMap::new(),
        }
    }

    /// Begins to write what is pending, after what was pending before is written.
    async fn begin_to_write(&mut self) -> Result<(), EventStoreError> {
        self.written().await?;
        self.failure.check()?;
        if self.rows.is_empty() {
            return Ok(());
        }
        let Some(connection) = self.connection.take() else {
            return Ok(());
        };
        let rows = take(&mut self.rows);
        self.bytes = 0;
        self.versions.clear();
        let naming = replace(&mut self.naming, Naming::LikeOthers);
        let transaction = InTransaction::guarded(self.identity, naming);
        let handlers = self.handlers;
        let mut writing: Writing<'c, DB> = Box::pin(async move {
            let appended = handlers.append(connection, transaction, &rows).await;
            (connection, appended)
        });
        match poll_fn(|task| Poll::Ready(writing.as_mut().poll(task))).await {
            Poll::Ready(ended) => self.ended(ended),
            Poll::Pending => {
                self.writing = Some(writing);
                Ok(())
            }
        }
    }

    /// Comes back when the database has what was given to it.
    pub(super) async fn written(&mut self) -> Result<(), EventStoreError> {
        let Some(writing) = &mut self.writing else {
            return Ok(());
        };
        let ended = writing.await;
        self.writing = None;
        self.ended(ended)
    }

    fn ended(&mut self, (connection, appended): Ended<'c, DB>) -> Result<(), EventStoreError> {
        self.connection = Some(connection);
        if let Err(error) = &appended {
            self.failure.note(error);
        }
        appended
    }
}

impl<DB: EventBackend> Appending<DB> for PendingEvents<'_, DB> {
    /// The database may see the rows, and refuse them, later.
    fn append<'a>(
        &'a mut self,
        stream: &'a Stream,
        expected: i32,
        rows: Vec<EventRow>,
    ) -> BoxFuture<'a, Result<(), EventStoreError>> {
        Box::pin(async move {
            self.failure.check()?;
            let key = (stream.tenant_id, stream.aggregate_id);
            let known = self.versions.get(&key);
            if let Some(&actual) = known
                && actual != expected
            {
                return Err(EventStoreError::VersionConflict {
                    stream: stream.clone(),
                    expected,
                    actual,
                });
            }
            let is_known = known.is_some();
            let mut version = expected;
            for mut row in rows {
                row.is_first &= !is_known;
                version = row.version;
                self.bytes += row.size();
                self.rows.push(row);
            }
            self.versions.insert(key, version);
            if self.rows.len() >= MOST_EVENTS || self.bytes >= MOST_BYTES {
                self.begin_to_write().await?;
            }
            Ok(())
        })
    }

    #[expect(
        clippy::expect_used,
        reason = "whoever has it gives it back in `written`"
    )]
    fn connection(&mut self) -> BoxFuture<'_, Result<&mut DB::Connection, EventStoreError>> {
        Box::pin(async {
            self.begin_to_write().await?;
            self.written().await?;
            Ok(self.connection.as_deref_mut().expect("nobody writes"))
        })
    }
}
