//! What is to be purged, and how the id of the operation says it. Pure.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::deleting::Deleted;
use super::marks::ArchivedStreams;

/// Streams that are to be purged.
#[derive(Clone)]
pub struct Purge {
    pub(super) streams: ArchivedStreams,
    pub(super) reason: Option<String>,
    pub(super) export: Option<Arc<dyn StreamExport>>,
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
    /// Lines of a stream may come once more, after its transaction had to begin anew. [`Handlers::import_streams`](crate::events::Handlers::import_streams) takes them as they are.
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

    pub(super) fn count(&self, deleted: Deleted) -> impl FnOnce() + Send + 'static {
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

impl ArchivedStreams {
    /// Whether others are of the same type and tenant, whenever they were archived.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        (&self.aggregate_type, self.tenant_id) == (&other.aggregate_type, other.tenant_id)
    }
}

/// `archived-stream-purge/before-2026-08-30T00:00:00Z/type-account/tenant-<id>`: all that the steps have to know, without a number.
pub(super) fn id_of(streams: &ArchivedStreams) -> String {
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
pub(super) fn streams_of(id: &str) -> Option<ArchivedStreams> {
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
