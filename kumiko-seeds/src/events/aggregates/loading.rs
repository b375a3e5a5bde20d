//! Computes the state of an aggregate, from a snapshot and the events since then where that can be.

use std::error::Error;

use super::Aggregate;
use crate::backend::Fault;
use crate::events::backend::NewSnapshot;
use crate::events::backend::SNAPSHOTS;
use crate::events::event_store::stored_event;
use crate::events::{
    EventBackend, EventStoreError, Handlers, StoredEvent, Stream, WriteContext, visible_rows,
};
use crate::progress::TARGET;

impl<DB: EventBackend> WriteContext<'_, DB> {
    /// The state of the aggregate that `stream` is of, and the version of its last event, after which the next is
    /// [appended](Self::append): `A::default()` and 0 if there is no such stream.
    ///
    /// It is computed from the events that [`WriteContext::load`] gives, or from a [snapshot](Aggregate#snapshots) and the events after it.
    ///
    /// # Errors
    /// Those of [`WriteContext::load`], and [`EventStoreError::NotFolded`] if an event cannot be applied.
    pub async fn load_aggregate<A: Aggregate>(
        &mut self,
        stream: &Stream,
    ) -> Result<(A, i32), EventStoreError> {
        let handlers = self.handlers;
        let connection = self.events.connection().await?;
        let every = A::SNAPSHOT_EVERY.filter(|_| handlers.is_on_own_store());
        match every {
            None => handlers.computed(connection, stream).await,
            Some(every) => handlers.computed_since(connection, stream, every).await,
        }
    }
}

impl<DB: EventBackend> Handlers<DB> {
    /// The state from all events.
    pub(super) async fn computed<A: Aggregate>(
        &self,
        connection: &mut DB::Connection,
        stream: &Stream,
    ) -> Result<(A, i32), EventStoreError> {
        let events = self.store().load(connection, stream).await?;
        self.apply_to((A::default(), 0), events)
    }

    /// The state from the newest snapshot and the events after it. It becomes a snapshot itself if those were at least `every`.
    async fn computed_since<A: Aggregate>(
        &self,
        connection: &mut DB::Connection,
        stream: &Stream,
        every: u32,
    ) -> Result<(A, i32), EventStoreError> {
        let found = DB::load_from_snapshot(connection, stream, A::SNAPSHOT_VERSION).await?;
        for table in found.secured {
            visible_rows::check::<DB>(connection, table).await?;
        }
        let (tenant_id, aggregate_id) = (stream.tenant_id, stream.aggregate_id);
        let events = found.events.iter();
        let events = events.map(|row| stored_event::<DB>(row, tenant_id, aggregate_id));
        let events = events.collect::<sqlx::Result<Vec<_>>>()?;
        let begin = match &found.snapshot {
            None => Some((A::default(), 0)),
            Some((version, state)) if is_of(*version, &events) => {
                read(stream, *version, state).map(|state| (state, *version))
            }
            Some(_) => None,
        };
        let since = begin.as_ref().map_or(0, |(_, version)| *version);
        let (state, version) = match begin {
            Some(begin) => self.apply_to(begin, events)?,
            None => self.computed(connection, stream).await?,
        };
        if found.has_table && version.abs_diff(since) >= every.max(1) {
            save::<DB, A>(connection, stream, &state, version, since).await?;
        }
        Ok((state, version))
    }

    /// The state after those of `events` that come after its version, and its version then.
    pub(super) fn apply_to<A: Aggregate>(
        &self,
        (mut state, since): (A, i32),
        events: Vec<StoredEvent>,
    ) -> Result<(A, i32), EventStoreError> {
        let mut version = since;
        for event in events.into_iter().filter(|event| event.version > since) {
            let event = self.upcast(event)?;
            let applied = state.apply(&event);
            applied.map_err(|source| not_folded(&event, source))?;
            version = event.version;
        }
        Ok((state, version))
    }
}

fn not_folded(event: &StoredEvent, source: Box<dyn Error + Send + Sync>) -> EventStoreError {
    EventStoreError::NotFolded {
        event_type: event.event_type.clone(),
        stream: Box::new(event.stream.clone()),
        version: event.version,
        source,
    }
}

/// Whether a stream whose events from `version` on are these has the event that a snapshot of that version ends with. Somebody may have
/// deleted events since.
fn is_of(version: i32, events: &[StoredEvent]) -> bool {
    events.first().is_some_and(|event| event.version == version)
}

/// The state that was kept; none if it is of another shape.
fn read<A: Aggregate>(stream: &Stream, version: i32, state: &str) -> Option<A> {
    match serde_json::from_str(state) {
        Ok(state) => Some(state),
        Err(error) => {
            let Stream {
                aggregate_type,
                aggregate_id,
                ..
            } = stream;
            tracing::warn!(
                target: TARGET, %error, aggregate_type, %aggregate_id, version,
                "a snapshot is of another shape than its aggregate, and all events are read; raise SNAPSHOT_VERSION"
            );
            None
        }
    }
}

async fn save<DB: EventBackend, A: Aggregate>(
    connection: &mut DB::Connection,
    stream: &Stream,
    state: &A,
    version: i32,
    since: i32,
) -> Result<(), EventStoreError> {
    let state = match serde_json::to_string(state) {
        Ok(state) if !state.contains(NOT_IN_A_DATABASE) => state,
        not_kept => {
            let error = not_kept.err().map(|error| error.to_string());
            let Stream {
                aggregate_type,
                aggregate_id,
                ..
            } = stream;
            tracing::warn!(
                target: TARGET, error, aggregate_type, %aggregate_id, version,
                "the state of an aggregate cannot be kept as JSON, so there is no snapshot of it"
            );
            return Ok(());
        }
    };
    let snapshot = NewSnapshot {
        stream,
        version,
        state: &state,
        snapshot_version: A::SNAPSHOT_VERSION,
        since,
    };
    let saved = DB::save_snapshot(connection, &snapshot).await;
    saved.map_err(|source| match DB::fault(&source) {
        Fault::RowSecurity => EventStoreError::RowSecurity {
            table: SNAPSHOTS,
            role: None,
            source: Some(source),
        },
        _ => source.into(),
    })
}

/// The character that no text of PostgreSQL can have.
const NOT_IN_A_DATABASE: &str = "\\u0000";
