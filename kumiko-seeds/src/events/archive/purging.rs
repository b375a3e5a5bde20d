//! Purging as an operation: streams that have been archived for long lose their events, in steps.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use sqlx::Pool;
use uuid::Uuid;

use super::deleting::{Asked, Purgeable, delete, purgeable};
use super::marks::ArchivedStreams;
use super::purge::{Purge, id_of, streams_of};
use crate::events::operations::{free, in_steps, kept};
use crate::events::{EventBackend, EventStoreError, Handlers};
use crate::{
    Batch, BatchResult, CountResult, Error, Parts, ProgressState, Seed, SeedCode, SeedContext,
    SeedRunner, Steering,
};

impl<DB: EventBackend> SeedRunner<DB> {
    /// A runner whose [`SeedRunner::work`] purges streams that are archived, and does nothing else. The ledger gets a row of the type
    /// `archived-stream-purge`.
    ///
    /// Events, snapshots, rows of projections and events that were set aside are deleted, some streams in a step. The mark in
    /// `kumiko_archived_streams` stays, so that nobody can append to the stream again. A stream that was restored meanwhile, or archived anew, is
    /// left alone.
    ///
    /// A purge of the same type and tenant that was interrupted goes on first, with what this one says of an export.
    ///
    /// # Errors
    /// [`Error::NotBegun`] if consumers of the original have not read all of the events, or the app has no handlers; otherwise if the database cannot be
    /// read.
    pub async fn purging(self, pool: &Pool<DB>, purge: Purge) -> Result<Self, Error> {
        let not_begun = |source: EventStoreError| Error::NotBegun {
            source: Box::new(source),
        };
        if self.write_side().is_none() {
            return Err(not_begun(no_handlers()));
        }
        self.look_at(pool, &purge.streams)
            .await
            .map_err(not_begun)?;
        let ledger = self.ledger(pool);
        let history = ledger.history().await?;
        let ids = (1..).map(|number| format!("{}/{number}", id_of(&purge.streams)));
        let asked = free(ids, &history);
        let mut operations = vec![operation(asked, &purge.streams)];
        for progress in &history.progress {
            let Some(streams) = streams_of(&progress.id) else {
                continue;
            };
            let is_asked = progress.id == asked;
            match progress.state {
                ProgressState::Failed => {
                    ledger.steer(&progress.id, Steering::Retry).await?;
                }
                ProgressState::Cancelled if is_asked => {
                    ledger.steer(&progress.id, Steering::Retry).await?;
                }
                ProgressState::Cancelled => continue,
                _ => {}
            }
            if !is_asked && streams.is_like(&purge.streams) {
                let id = kept(progress.id.clone());
                operations.push(operation(id, &streams));
            }
        }
        Ok(self.with_operations_alone(operations).with(purge))
    }

    async fn look_at(
        &self,
        pool: &Pool<DB>,
        streams: &ArchivedStreams,
    ) -> Result<(), EventStoreError> {
        let mut connection = pool.acquire().await?;
        let found = purgeable::<DB>(&mut connection, streams).await?;
        found.check()
    }
}

fn operation<DB: EventBackend>(id: &'static str, streams: &ArchivedStreams) -> Seed<DB> {
    let before = streams.before.format("%Y-%m-%d %H:%M:%S UTC");
    let mut parts = vec![format!("Purge streams archived before {before}")];
    if !streams.aggregate_type.is_empty() {
        parts.push(format!("of type {}", streams.aggregate_type));
    }
    if !streams.tenant_id.is_nil() {
        parts.push(format!("of tenant {}", streams.tenant_id));
    }
    let code = SeedCode::Batch {
        count: Some(count::<DB>),
        batch: batch::<DB>,
    };
    in_steps(id, parts.join(", "), code)
}

/// Where the next step begins, and what was done so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Cursor {
    tenant_id: Uuid,
    aggregate_id: Uuid,
    streams: u64,
    events: u64,
    /// What was said when it began, for whoever ends it.
    reason: Option<String>,
}

/// `streams: 12, events: 340 (kept for 90 days)`, for the ledger.
impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "streams: {}, events: {}",
            self.streams, self.events
        )?;
        match &self.reason {
            Some(reason) => write!(formatter, " ({reason})"),
            None => Ok(()),
        }
    }
}

fn count<'a, DB: EventBackend>(context: &'a mut SeedContext<'_, DB>) -> BoxFuture<'a, CountResult> {
    Box::pin(async move {
        let streams = streams_of(context.id()).unwrap_or_default();
        let Purgeable { streams, .. } =
            purgeable::<DB>(context.parts().connection, &streams).await?;
        Ok(streams)
    })
}

fn batch<'a, DB: EventBackend>(
    context: &'a mut SeedContext<'_, DB>,
    cursor: Option<&'a str>,
    limit: u32,
) -> BoxFuture<'a, BatchResult<String>> {
    Box::pin(async move {
        let streams = streams_of(context.id()).unwrap_or_default();
        let cursor: Cursor = match cursor {
            Some(cursor) => serde_json::from_str(cursor)?,
            None => Cursor::default(),
        };
        let mut work = context.begin("the purge of archived streams");
        let Some(handlers) = work.app::<Arc<Handlers<DB>>>() else {
            return Err(work.failed(no_handlers()).into());
        };
        let purge = work.app::<Purge>();
        let asked = Asked {
            streams: streams.at_most(limit),
            handlers,
            export: purge.and_then(|purge| purge.export.as_deref()),
        };
        let deleted = match work.parts().await {
            Ok(Parts {
                connection,
                journal,
                ..
            }) => {
                journal.note_handed_out();
                let behind = (cursor.tenant_id, cursor.aggregate_id);
                let deleted = delete(connection, &asked, behind).await;
                if let (Ok(deleted), Some(purge)) = (&deleted, purge) {
                    journal.after_commit(purge.count(deleted.clone()));
                }
                deleted
            }
            Err(error) => return Err(work.failed(error).into()),
        };
        let deleted = work.ended(deleted)?;
        let (tenant_id, aggregate_id) = deleted.behind.unwrap_or_default();
        let reason = purge.and_then(|purge| purge.reason.clone());
        let next = Cursor {
            tenant_id,
            aggregate_id,
            streams: cursor.streams + deleted.streams,
            events: cursor.events + deleted.events,
            reason: reason.or(cursor.reason),
        };
        let note = next.to_string();
        let items = usize::try_from(deleted.streams).unwrap_or(usize::MAX);
        Batch::new(deleted.behind.map(|_| next), items)
            .noting(note)
            .written()
    })
}

fn no_handlers() -> EventStoreError {
    EventStoreError::store(
        "the runner has no handlers, whose projections may have rows of the streams",
    )
}
