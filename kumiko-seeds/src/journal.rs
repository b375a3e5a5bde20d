//! What was done in a transaction, as far as the library knows.

use std::fmt;
use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use crate::backend::Hands;
use crate::progress::TARGET;
use crate::{AppendedEvent, DryRunMigration, StreamDiff};

/// What was done in a transaction, as far as the library knows: the events appended, who had the connection, and what
/// is to be done once it is committed.
///
/// Reports count what is noted here, and a dry run lists it. The library's own event store notes what it appends; whoever
/// appends to a table of another kind notes it here, or through
/// [`SeedContext::note_event`](crate::SeedContext::note_event).
#[derive(Default)]
pub struct Journal {
    count: u64,
    /// The events themselves, where they are kept: a seed may append very many.
    events: Option<Vec<AppendedEvent>>,
    /// Where events are kept, what a migration of streams would do.
    migration: Option<DryRunMigration>,
    /// Who had the connection.
    pub(crate) hands: Hands,
    after_commit: Vec<AfterCommit>,
}

/// What is to be done once a transaction is committed. The mutex makes it one that threads may share, which a run asks for.
pub(crate) struct AfterCommit(Mutex<Box<dyn FnOnce() + Send>>);

impl AfterCommit {
    /// Does it, and says so in the log if it panics.
    pub(crate) fn call(self, id: &str) {
        let Self(action) = self;
        let action = action.into_inner().unwrap_or_else(PoisonError::into_inner);
        if catch_unwind(AssertUnwindSafe(action)).is_err() {
            tracing::error!(target: TARGET, id, "what the seed does after its commit has panicked");
        }
    }
}

impl Journal {
    /// A journal that keeps the events themselves, for a dry run.
    pub(crate) fn of_events() -> Self {
        Self {
            events: Some(Vec::new()),
            ..Self::default()
        }
    }

    /// Notes that an event was appended. `event` is called where events are kept, which is in a dry run.
    pub fn note_event(&mut self, event: impl FnOnce() -> AppendedEvent) {
        self.count += 1;
        if let Some(events) = &mut self.events {
            events.push(event());
        }
    }

    /// Whether it is to be noted how much a migration of streams will be, which is so in a dry run until it is.
    #[must_use]
    pub fn asks_for_migration(&self) -> bool {
        self.events.is_some() && self.migration.is_none()
    }

    /// Notes how much a migration of streams will be.
    pub fn note_migration(&mut self, migration: DryRunMigration) {
        self.migration = Some(migration);
    }

    /// Notes what a migration makes of a stream. `diff` is called for the first streams of one that was noted.
    pub fn note_stream(&mut self, diff: impl FnOnce() -> StreamDiff) {
        if let Some(migration) = &mut self.migration {
            migration.note(diff);
        }
    }

    /// How many events were appended.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Notes that the app's own code, a handler for example, gets the connection. Then the session is brought back
    /// to what it was before the next seed, as far as handlers usually change it.
    pub fn note_handed_out(&mut self) {
        self.hands = self.hands.max(Hands::Handler);
    }

    /// Has `action` called once the transaction is committed; see
    /// [`SeedContext::after_commit`](crate::SeedContext::after_commit).
    pub fn after_commit(&mut self, action: impl FnOnce() + Send + 'static) {
        let action = AfterCommit(Mutex::new(Box::new(action)));
        self.after_commit.push(action);
    }

    pub(crate) fn take_after_commit(&mut self) -> Vec<AfterCommit> {
        take(&mut self.after_commit)
    }

    /// The events, if they were kept, and what a migration of streams would do.
    pub(crate) fn into_kept(self) -> (Vec<AppendedEvent>, Option<DryRunMigration>) {
        (self.events.unwrap_or_default(), self.migration)
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Journal")
            .field("count", &self.count)
            .field("events", &self.events)
            .field("after_commit", &self.after_commit.len())
            .finish_non_exhaustive()
    }
}
