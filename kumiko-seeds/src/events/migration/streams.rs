//! Which streams a migration is about, and what becomes of them.

use uuid::Uuid;

/// Which streams a migration is about: those of an aggregate type, or some of them.
///
/// ```
/// use kumiko_seeds::events::Streams;
/// # let (old_tenant, first, second) = (uuid::Uuid::nil(), uuid::Uuid::nil(), uuid::Uuid::nil());
///
/// let all_of_a_tenant = Streams::of("user").in_tenant(old_tenant);
/// let two = Streams::of("user").with_ids([first, second]);
/// let some = Streams::of("user").where_sql("stream.payload->>'region' = 'eu'");
/// # let _ = (all_of_a_tenant, two, some);
/// ```
///
/// Streams that are archived are left out, for they are over; in place they are taken, for a duty to remove data holds for them as well. What the same
/// migration has written is left out, too.
#[derive(Clone, Debug)]
#[must_use]
pub struct Streams {
    pub(super) aggregate_type: String,
    pub(super) tenant_id: Option<Uuid>,
    pub(super) ids: Option<Vec<Uuid>>,
    pub(super) condition: Option<&'static str>,
    pub(super) handling: Handling,
    pub(super) unread: Unread,
}

/// What becomes of the old stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handling {
    /// It is kept, closed and archived.
    Kept,
    /// It is written anew where it stands.
    InPlace,
}

/// What is done about consumers that have not read the old events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    Refused,
    Allowed,
}

impl Streams {
    /// The streams of this aggregate type, of all tenants.
    pub fn of(aggregate_type: impl Into<String>) -> Self {
        Self {
            aggregate_type: aggregate_type.into(),
            tenant_id: None,
            ids: None,
            condition: None,
            handling: Handling::Kept,
            unread: Unread::Refused,
        }
    }

    /// Those of this tenant.
    pub fn in_tenant(mut self, tenant_id: Uuid) -> Self {
        self.tenant_id = Some(tenant_id);
        self
    }

    /// Those of these aggregates.
    pub fn with_ids(mut self, ids: impl IntoIterator<Item = Uuid>) -> Self {
        self.ids = Some(ids.into_iter().collect());
        self
    }

    /// Those for which this condition holds, SQL of the app's database in which `stream` is the row of the stream's first event in
    /// `kumiko_events`. Of the others of its events, or of any table, it may ask with a subquery:
    ///
    /// ```
    /// # use kumiko_seeds::events::Streams;
    /// let closed = Streams::of("account").where_sql(
    ///     "EXISTS (SELECT 1 FROM kumiko_events AS event
    ///              WHERE event.tenant_id = stream.tenant_id AND event.aggregate_id = stream.aggregate_id
    ///                AND event.type = 'account-closed')",
    /// );
    /// # let _ = closed;
    /// ```
    ///
    /// It is asked before each step. A stream that a step has passed is not looked at again.
    pub fn where_sql(mut self, condition: &'static str) -> Self {
        self.condition = Some(condition);
        self
    }

    /// Writes the streams anew where they stand, and keeps nothing of the old events: for a legal duty to remove data. It cannot be undone.
    ///
    /// A stream keeps its tenant and its id. It may get another aggregate type, and lose all of its events. What `migrate` leaves out or changes
    /// is gone from the events, from snapshots, and from events that were set aside. Tables that projections compute from many aggregates,
    /// backups, replicas' logs and whatever consumers have made of the events are not touched.
    ///
    /// Nobody can append an event while a step of it runs, whichever stream it is of.
    pub fn in_place(mut self) -> Self {
        self.handling = Handling::InPlace;
        self
    }

    /// Migrates also while consumers, which `kumiko_event_consumers` lists, have not read all events of these streams. They get the old events later
    /// than the new ones, or, in place, never those that were dropped.
    pub fn even_if_unread(mut self) -> Self {
        self.unread = Unread::Allowed;
        self
    }
}
