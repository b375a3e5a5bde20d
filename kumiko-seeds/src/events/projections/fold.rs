//! Computes rows from events, into shadows of their tables.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::error::Error;

use uuid::Uuid;

use super::backend::{Lives, ProjectionBackend};
use super::error::ProjectionError;
use super::projection::{NotApplied, Projection};
use super::reading::{Position, archived, gone_on, has_archive, load};
use super::set_aside::reason;
use super::shape::Shape;
use crate::backend::{Fault, Parameter};
use crate::causes::chain;
use crate::events::{EventBackend, Handlers, StoredEvent, Stream};

/// The rows of a projection, computed from some of its events in the open transaction.
pub(super) struct Fold<'f, DB: EventBackend> {
    handlers: &'f Handlers<DB>,
    projection: &'f Projection<DB>,
    /// The tables that events are applied to.
    shadows: Lives,
    /// How far each stream is computed, by tenant and aggregate.
    versions: HashMap<(Uuid, Uuid), i32>,
    /// The tenant whose streams alone are read, if it is one.
    tenant_id: Option<Uuid>,
    /// Whether there is a table of archived streams.
    has_archive: bool,
    /// Those among the streams read so far that are archived, or all of them.
    archived: HashSet<(Uuid, Uuid)>,
    knows_all_archived: bool,
    /// How many events were read.
    pub(super) events: usize,
    /// How many rows were compared, where that is not a matter of the events read.
    pub(super) compared: usize,
    /// The types of those that were applied.
    pub(super) seen: BTreeSet<String>,
    /// What becomes of events that cannot be applied.
    pub(super) failing: Failing,
    /// The events that could not be applied, and why.
    pub(super) set_aside: Vec<(StoredEvent, String)>,
    /// The ids of events that are not applied, because they were set aside before.
    pub(super) left_out: HashSet<i64>,
}

/// What becomes of events that cannot be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failing {
    /// The first of them is an error.
    Stops,
    /// They are set aside.
    SetAside,
}

impl<'f, DB: EventBackend> Fold<'f, DB> {
    /// Without any event yet. The shadows are for the caller to create.
    pub(super) async fn new(
        connection: &mut DB::Connection,
        handlers: &'f Handlers<DB>,
        projection: &'f Projection<DB>,
        shadows: Lives,
    ) -> Result<Self, ProjectionError> {
        Ok(Self {
            handlers,
            projection,
            shadows,
            versions: HashMap::new(),
            tenant_id: None,
            has_archive: has_archive::<DB>(connection).await?,
            archived: HashSet::new(),
            knows_all_archived: false,
            events: 0,
            compared: 0,
            seen: BTreeSet::new(),
            failing: Failing::Stops,
            set_aside: Vec::new(),
            left_out: HashSet::new(),
        })
    }

    /// Reads the streams of this tenant alone.
    pub(super) fn of_tenant(&mut self, tenant_id: Uuid) {
        self.tenant_id = Some(tenant_id);
    }

    /// The aggregates whose rows are computed.
    pub(super) fn aggregates(&self) -> Vec<Uuid> {
        let ids = self.versions.keys().map(|(_, aggregate_id)| *aggregate_id);
        ids.collect()
    }

    /// The next events behind `position`, in the order of aggregates.
    pub(super) async fn load_after(
        &self,
        connection: &mut DB::Connection,
        position: Position,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, ProjectionError> {
        let types = self.projection.aggregate_types();
        let mut values = position.values(limit, &types).to_vec();
        let sql = match self.tenant_id {
            None => DB::LOAD_AFTER,
            Some(tenant_id) => {
                values.push(Parameter::Uuid(tenant_id));
                DB::LOAD_OF_TENANT
            }
        };
        let failed = || ProjectionError::database("read events in the order of aggregates");
        let Some([before, after]) = DB::ALONG_THE_INDEX else {
            return load::<DB>(connection, sql, &values).await;
        };
        DB::execute_text(connection, before)
            .await
            .map_err(failed())?;
        let events = load::<DB>(connection, sql, &values).await?;
        DB::execute_text(connection, after)
            .await
            .map_err(failed())?;
        Ok(events)
    }

    /// The next events after the one with this id, in the order of ids.
    pub(super) async fn load_by_id(
        &self,
        connection: &mut DB::Connection,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, ProjectionError> {
        let types = self.projection.aggregate_types();
        let values = [
            Parameter::Long(after),
            Parameter::Integer(i32::try_from(limit).unwrap_or(i32::MAX)),
            Parameter::Text(&types),
        ];
        load::<DB>(connection, DB::LOAD_BY_ID, &values).await
    }

    /// Applies events to the shadows, which begin where the last ones of each stream ended.
    ///
    /// **Invariant:** nothing but shadows is written. What an `apply` did to a live table would be done twice.
    pub(super) async fn apply(
        &mut self,
        connection: &mut DB::Connection,
        events: Vec<StoredEvent>,
    ) -> Result<(), ProjectionError> {
        self.events += events.len();
        if self.has_archive && !self.knows_all_archived {
            let read: HashSet<Uuid> = events.iter().map(|it| it.stream.aggregate_id).collect();
            let among = archived::<DB>(connection, Some(&read)).await?;
            self.archived.extend(among);
        }
        let mut taken = Vec::with_capacity(events.len());
        for event in events {
            let Stream {
                tenant_id,
                aggregate_id,
                ..
            } = event.stream;
            let stream = (tenant_id, aggregate_id);
            if self.archived.contains(&stream) {
                continue;
            }
            self.versions.insert(stream, event.version);
            let aggregate_type = &event.stream.aggregate_type;
            if !self.projection.takes(aggregate_type, &event.event_type) {
                continue;
            }
            if !self.seen.contains(&event.event_type) {
                self.seen.insert(event.event_type.clone());
            }
            if !self.left_out.contains(&event.id) {
                taken.extend(self.upcast(event)?);
            }
        }
        if taken.is_empty() {
            return Ok(());
        }
        let guard = DB::guard(connection, self.shadows)
            .await
            .map_err(watching())?;
        let Err(error) = self.projection.apply_events(connection, &taken).await else {
            return self.unguard(connection, guard).await;
        };
        if self.failing == Failing::SetAside && may_be_set_aside::<DB>(error.source.as_ref()) {
            self.undo(connection, guard, error, &taken).await?;
            return self.apply_one_by_one(connection, taken).await;
        }
        // A failed statement has ended the transaction on PostgreSQL, and with it the guard.
        let written = DB::unguard(connection, guard).await.unwrap_or_default();
        Err(self.not_applied(error, &taken, written))
    }

    /// Applies each event by itself, and sets those aside that cannot be.
    async fn apply_one_by_one(
        &mut self,
        connection: &mut DB::Connection,
        events: Vec<StoredEvent>,
    ) -> Result<(), ProjectionError> {
        for event in events {
            let guard = DB::guard(connection, self.shadows)
                .await
                .map_err(watching())?;
            let alone = std::slice::from_ref(&event);
            match self.projection.apply_events(connection, alone).await {
                Ok(()) => self.unguard(connection, guard).await?,
                Err(error) => {
                    let why = reason(error.source.as_ref());
                    if !may_be_set_aside::<DB>(error.source.as_ref()) {
                        let written = DB::unguard(connection, guard).await.unwrap_or_default();
                        return Err(self.not_applied(error, alone, written));
                    }
                    self.undo(connection, guard, error, alone).await?;
                    self.set_aside.push((event, why));
                }
            }
        }
        Ok(())
    }

    /// The event as the code of today reads it; none if it cannot, and that is a reason to set it aside.
    fn upcast(&mut self, event: StoredEvent) -> Result<Option<StoredEvent>, ProjectionError> {
        if self.failing == Failing::Stops {
            return Ok(Some(self.handlers.upcast(event)?));
        }
        match self.handlers.upcast(event.clone()) {
            Ok(event) => Ok(Some(event)),
            Err(error) => {
                self.set_aside.push((event, reason(&error)));
                Ok(None)
            }
        }
    }

    async fn unguard(
        &self,
        connection: &mut DB::Connection,
        guard: DB::Guard,
    ) -> Result<(), ProjectionError> {
        match DB::unguard(connection, guard).await.map_err(watching())? {
            None => Ok(()),
            Some(table) => Err(ProjectionError::WroteElsewhere {
                projection: self.projection.name.clone(),
                table: Some(table),
                source: None,
            }),
        }
    }

    /// Undoes what was written before an `error`, unless that was to another table.
    async fn undo(
        &self,
        connection: &mut DB::Connection,
        guard: DB::Guard,
        error: NotApplied,
        events: &[StoredEvent],
    ) -> Result<(), ProjectionError> {
        match DB::undo(connection, guard).await.map_err(watching())? {
            None => Ok(()),
            written => Err(self.not_applied(error, events, written)),
        }
    }

    /// Why events were not applied, if `written` is another table that was written before.
    fn not_applied(
        &self,
        error: NotApplied,
        events: &[StoredEvent],
        written: Option<String>,
    ) -> ProjectionError {
        let projection = self.projection.name.clone();
        if written.is_some() || is_guarded::<DB>(error.source.as_ref()) {
            return ProjectionError::WroteElsewhere {
                projection,
                table: written,
                source: Some(error.source),
            };
        }
        ProjectionError::not_applied(&projection, error, events)
    }

    /// The aggregates, of these or of all that were read, that have got events since.
    pub(super) async fn gone_on(
        &self,
        connection: &mut DB::Connection,
        of: Option<&[Uuid]>,
    ) -> Result<Vec<Uuid>, ProjectionError> {
        let of: Option<HashSet<Uuid>> = of.map(|ids| ids.iter().copied().collect());
        let known = self.known(|id| of.as_ref().is_none_or(|of| of.contains(id)));
        gone_on::<DB>(connection, &known).await
    }

    /// How far streams are read, as a statement takes it.
    fn known(&self, is_asked_for: impl Fn(&Uuid) -> bool) -> String {
        let versions = self.versions.iter();
        let known: Vec<_> = versions
            .filter(|((_, aggregate_id), _)| is_asked_for(aggregate_id))
            .map(|((tenant_id, aggregate_id), version)| (tenant_id, aggregate_id, version))
            .collect();
        serde_json::to_string(&known).unwrap_or_default()
    }

    /// Applies what has come to the streams of `aggregates` since they were read. The lock must be held, so that nobody is about to apply the
    /// same to a live row.
    pub(super) async fn catch_up(
        &mut self,
        connection: &mut DB::Connection,
        aggregates: &[Uuid],
        shapes: &[Shape],
    ) -> Result<(), ProjectionError> {
        let wanted: HashSet<Uuid> = aggregates.iter().copied().collect();
        let archived = if self.has_archive {
            archived::<DB>(connection, Some(&wanted)).await?
        } else {
            HashSet::new()
        };
        let newly: Vec<Uuid> = (archived.iter())
            .filter(|stream| !self.archived.contains(*stream))
            .map(|(_, aggregate_id)| *aggregate_id)
            .collect();
        if !newly.is_empty() {
            for shape in shapes {
                let delete = shape.empty_shadow::<DB>(&newly);
                let deleted = DB::fetch(connection, &delete, &[]).await;
                deleted.map_err(ProjectionError::database("leave out what was archived"))?;
            }
        }
        self.archived = archived;
        let known = self.known(|aggregate_id| wanted.contains(aggregate_id));
        let wanted = serde_json::to_string(aggregates).unwrap_or_default();
        let types = self.projection.aggregate_types();
        let values = [
            Parameter::Text(&wanted),
            Parameter::Text(&known),
            Parameter::Text(&types),
        ];
        let events = load::<DB>(connection, DB::LOAD_SINCE, &values).await?;
        self.apply(connection, events).await
    }

    /// Reads which streams are archived, for whoever reads all events.
    pub(super) async fn note_all_archived(
        &mut self,
        connection: &mut DB::Connection,
    ) -> Result<(), ProjectionError> {
        if self.has_archive {
            self.archived = archived::<DB>(connection, None).await?;
        }
        self.knows_all_archived = true;
        Ok(())
    }

    /// The streams that are archived, all of which have to be known.
    pub(super) fn all_archived(&self) -> &HashSet<(Uuid, Uuid)> {
        &self.archived
    }

    /// Whether other streams are archived by now.
    pub(super) async fn has_archive_changed(
        &self,
        connection: &mut DB::Connection,
    ) -> Result<bool, ProjectionError> {
        Ok(self.has_archive && archived::<DB>(connection, None).await? != self.archived)
    }
}

fn watching() -> impl FnOnce(sqlx::Error) -> ProjectionError {
    ProjectionError::database("watch what is written")
}

/// Whether an error is the event's, and would come again: nobody is in the way, and nothing that is forbidden was tried.
pub(in crate::events) fn may_be_set_aside<DB: EventBackend>(error: &(dyn Error + 'static)) -> bool {
    let is_of_event = |error: &sqlx::Error| {
        let passes = [
            Fault::Passing,
            Fault::TookTooLong,
            Fault::SessionEnded,
            Fault::TransactionEnded,
        ];
        match error {
            sqlx::Error::Database(_) => !passes.contains(&DB::fault(error)),
            sqlx::Error::RowNotFound
            | sqlx::Error::TypeNotFound { .. }
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Encode(_)
            | sqlx::Error::Decode(_) => true,
            // Of the connection, or of its pool.
            _ => false,
        }
    };
    let mut of_driver = chain(error).filter_map(|cause| cause.downcast_ref::<sqlx::Error>());
    of_driver.all(is_of_event) && !is_guarded::<DB>(error)
}

fn is_guarded<DB: ProjectionBackend>(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|cause| cause.downcast_ref().is_some_and(DB::is_guarded))
}
