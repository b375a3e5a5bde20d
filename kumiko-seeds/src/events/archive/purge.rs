//! Purging as an operation: streams that have been archived for long lose their events, in steps.

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use sqlx::Pool;
use uuid::Uuid;

use super::deleting::{Asked, Deleted, Purgeable, delete, purgeable};
use super::marks::ArchivedStreams;
use crate::events::operations::{free, in_steps, kept};
use crate::events::{EventBackend, EventStoreError, Handlers};
use crate::{
    Batch, BatchResult, CountResult, Error, Parts, ProgressState, Seed, SeedCode, SeedContext,
    SeedRunner, Steering,
};

/// Streams that are to be purged.
#[derive(Clone)]
pub struct Purge {
    streams: ArchivedStreams,
    reason: Option<String>,
    export: Option<Arc<dyn StreamExport>>,
    purged: Arc<Mutex<Purged>>,
}

/// What was purged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Purged {
    /// How many streams.
    pub streams: u64,
    /// How many events they had.
    pub events: u64,
    /// The projections that take events of such streams and whose rows are computed from many aggregates. What they took of these streams is in their
    /// rows until they are rebuilt, if they were not since the streams were archived.
    pub to_rebuild: Vec<String>,
}

/// Where the events of streams are kept before they are deleted.
pub trait StreamExport: Send + Sync + 'static {
    /// Keeps `lines`, each with its line break, behind those of earlier calls. Once this has answered, the events in them are deleted, so by then
    /// they have to be where a power cut does not take them.
    ///
    /// Lines of a stream may come once more, after its transaction had to begin anew. [`Handlers::import_streams`] takes them as they are.
    fn keep<'a>(
        &'a self,
        lines: &'a str,
    ) -> BoxFuture<'a, Result<(), Box<dyn StdError + Send + Sync>>>;
}

impl Purge {
    /// The purge of these streams, without an export. How many are asked for at most is of no account.
    #[must_use]
    pub fn of(streams: ArchivedStreams) -> Self {
        // As it stands in the id.
        let before = streams.before.trunc_subsecs(3);
        Self {
            streams: streams.before(before),
            reason: None,
            export: None,
            purged: Arc::default(),
        }
    }

    /// Why; it is kept in the ledger.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// What was purged for this purge and its copies, by this process: as much of it as is committed.
    #[must_use]
    pub fn purged(&self) -> Purged {
        let purged = self.purged.lock();
        purged.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, deleted: Deleted) -> impl FnOnce() + Send + 'static {
        let purged = self.purged.clone();
        move || {
            let mut purged = purged.lock().unwrap_or_else(PoisonError::into_inner);
            purged.streams += deleted.streams;
            purged.events += deleted.events;
            for projection in deleted.not_projected {
                if !purged.to_rebuild.contains(&projection) {
                    purged.to_rebuild.push(projection);
                }
            }
        }
    }

    /// Has the events exported before they are deleted.
    #[must_use]
    pub fn exported_to(mut self, export: Arc<dyn StreamExport>) -> Self {
        self.export = Some(export);
        self
    }
}

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

impl ArchivedStreams {
    /// Whether others are of the same type and tenant, whenever they were archived.
    fn is_like(&self, other: &Self) -> bool {
        (&self.aggregate_type, self.tenant_id) == (&other.aggregate_type, other.tenant_id)
    }
}

/// `archived-stream-purge/before-2026-08-30T00:00:00Z/type-account/tenant-<id>`: all that the steps have to know, without a number.
fn id_of(streams: &ArchivedStreams) -> String {
    let before = streams.before.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let mut parts = vec![format!("{TYPE}before-{before}")];
    if !streams.aggregate_type.is_empty() {
        parts.push(format!("type-{}", streams.aggregate_type));
    }
    if !streams.tenant_id.is_nil() {
        parts.push(format!("tenant-{}", streams.tenant_id));
    }
    parts.join("/")
}

const TYPE: &str = "archived-stream-purge/";

/// What an id says; none if it is of something else.
fn streams_of(id: &str) -> Option<ArchivedStreams> {
    let parts = id.strip_prefix(TYPE)?;
    let (parts, _) = parts.rsplit_once('/')?;
    let (parts, tenant_id) = match parts.rsplit_once("/tenant-") {
        Some((parts, tenant)) => (parts, tenant.parse().ok()?),
        None => (parts, Uuid::nil()),
    };
    // An aggregate type may have a slash in it.
    let (before, aggregate_type) = parts.split_once("/type-").unwrap_or((parts, ""));
    let before = before.strip_prefix("before-")?.parse::<DateTime<Utc>>();
    let streams = ArchivedStreams::default()
        .of(aggregate_type)
        .in_tenant(tenant_id);
    Some(streams.before(before.ok()?))
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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn what_is_to_be_purged_stands_in_the_id() {
        let tenant = Uuid::from_u128(7);
        let before: Option<DateTime<Utc>> = "2026-08-30T01:02:03Z".parse().ok();
        let all = ArchivedStreams::default().before(before.unwrap_or_default());
        for (streams, id) in [
            (all.clone(), "before-2026-08-30T01:02:03Z"),
            (
                all.clone()
                    .before(before.unwrap_or_default() + TimeDelta::milliseconds(70)),
                "before-2026-08-30T01:02:03.070Z",
            ),
            (
                all.clone().of("bank/account"),
                "before-2026-08-30T01:02:03Z/type-bank/account",
            ),
            (
                all.clone().in_tenant(tenant),
                "before-2026-08-30T01:02:03Z/tenant-00000000-0000-0000-0000-000000000007",
            ),
            (
                all.of("account").in_tenant(tenant),
                "before-2026-08-30T01:02:03Z/type-account/tenant-00000000-0000-0000-0000-000000000007",
            ),
        ] {
            let written = id_of(&streams);
            assert_eq!(written, format!("archived-stream-purge/{id}"));
            let read = streams_of(&format!("{written}/3")).map(|streams| id_of(&streams));
            assert_eq!(read, Some(written));
        }
        for id in [
            "2026-01-01-a",
            "archived-stream-purge/1",
            "archived-stream-purge/before-x/1",
        ] {
            assert!(streams_of(id).is_none(), "{id}");
        }
    }
}
