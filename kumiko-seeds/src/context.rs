//! What a seed may do.

use std::any::Any;

use sqlx::Executor;

use crate::AppendedEvent;
use crate::backend::{Backend, Hands};
use crate::extensions::Extensions;
use crate::progress::TARGET;

/// What a seed may do: read, write through the app's handlers, and use what the app handed over.
///
/// All of it happens in the one transaction of the seed, on its one connection. Returning an error, a
/// panic and a lost connection all undo all of it, marker included.
///
/// With the feature `events` this type has `system_write_as` and the lookups as well; import it
/// as `kumiko_seeds::postgres::SeedContext` or `kumiko_seeds::sqlite::SeedContext`.
pub struct SeedContext<'c, DB: Backend> {
    id: &'static str,
    connection: &'c mut DB::Connection,
    extensions: &'c Extensions,
    identity: &'c DB::Identity,
    writes: Writes,
    unfinished: Option<String>,
    failed: Option<String>,
    activity: &'c mut Activity,
}

/// What a seed has done in its transaction, as far as the library knows.
#[derive(Debug)]
pub(crate) struct Activity {
    journal: Journal,
    /// Who had the connection.
    pub(crate) hands: Hands,
}

impl Activity {
    pub(crate) fn new(journal: Journal) -> Self {
        Self {
            journal,
            hands: Hands::Library,
        }
    }

    /// Notes that an event was appended.
    #[cfg(feature = "events")]
    pub(crate) fn note_event(&mut self, event: impl FnOnce() -> AppendedEvent) {
        match &mut self.journal {
            Journal::Count(count) => *count += 1,
            Journal::Events(events) => events.push(event()),
        }
    }

    /// How many events were appended.
    pub(crate) fn count(&self) -> u64 {
        match &self.journal {
            Journal::Count(count) => *count,
            Journal::Events(events) => events.len() as u64,
        }
    }

    /// The events, if they were kept.
    pub(crate) fn into_events(self) -> Vec<AppendedEvent> {
        match self.journal {
            Journal::Count(_) => Vec::new(),
            Journal::Events(events) => events,
        }
    }
}

/// How much of what a seed appends is kept.
#[derive(Debug)]
pub(crate) enum Journal {
    /// The number of events: a seed may append very many.
    Count(u64),
    /// The events, for a dry run.
    Events(Vec<AppendedEvent>),
}

/// What the transaction allows at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writes {
    Allowed,
    Forbidden,
}

impl<'c, DB: Backend> SeedContext<'c, DB> {
    pub(crate) fn new(
        id: &'static str,
        connection: &'c mut DB::Connection,
        extensions: &'c Extensions,
        identity: &'c DB::Identity,
        activity: &'c mut Activity,
    ) -> Self {
        Self {
            id,
            connection,
            extensions,
            identity,
            writes: Writes::Allowed,
            unfinished: None,
            failed: None,
            activity,
        }
    }

    /// The id of the running seed.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// What the app handed over with [`SeedRunner::with`](crate::SeedRunner::with), if it did.
    #[must_use]
    pub fn app<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.extensions.get()
    }

    /// The connection of the seed's transaction, for reading what nothing else here finds.
    ///
    /// The database itself refuses writes on it: PostgreSQL with SQLSTATE 25006, SQLite with
    /// `attempt to write a readonly database`. Writing belongs to handlers, because only they leave an
    /// event; for data that has no events there is [`SeedContext::unmanaged_db`].
    ///
    /// Costs a round trip where the seed alternates between writing and reading, and none otherwise. What was
    /// done to the session is undone before the next seed, and the app's pool does not get the connection again.
    pub async fn db(&mut self) -> sqlx::Result<&mut DB::Connection> {
        self.switch(Writes::Forbidden).await?;
        self.activity.hands = Hands::Seed;
        Ok(self.connection)
    }

    /// The connection of the seed's transaction, for writing data that has no events.
    ///
    /// What is written here commits and rolls back with the seed, and nothing else knows of it: no
    /// event, no projection, no audit. It is the right door for tables outside the event store and for
    /// apps without one, and the wrong one for everything a handler writes. Each use is logged. Do not
    /// commit on it: SQLite refuses that, PostgreSQL does not, and the run fails in either case. What was done to
    /// the session is undone before the next seed, and the app's pool does not get the connection again.
    pub async fn unmanaged_db(&mut self) -> sqlx::Result<&mut DB::Connection> {
        tracing::info!(target: TARGET, id = self.id, "seed writes outside the event store");
        self.activity.hands = Hands::Seed;
        self.writable().await
    }

    /// The connection with writing allowed, for the layer that runs handlers.
    pub(crate) async fn writable(&mut self) -> sqlx::Result<&mut DB::Connection> {
        self.switch(Writes::Allowed).await?;
        Ok(self.connection)
    }

    async fn switch(&mut self, writes: Writes) -> sqlx::Result<()> {
        if self.writes != writes {
            let statement = match writes {
                Writes::Forbidden => DB::FORBID_WRITES,
                Writes::Allowed => DB::ALLOW_WRITES,
            };
            DB::executor(self.connection)
                .execute(sqlx::raw_sql(statement))
                .await?;
            self.writes = writes;
        }
        Ok(())
    }
}

/// Work that the layer above the core begins in a seed and has to bring to its end.
///
/// **Invariant:** a seed with work that failed or never ended gets no marker, whatever it returns.
#[cfg_attr(
    not(feature = "events"),
    expect(dead_code, reason = "only the write side does work")
)]
impl<'c, DB: Backend> SeedContext<'c, DB> {
    /// Notes that work has begun; `unfinished` is what to say if it never ends.
    pub(crate) fn begin_work(&mut self, unfinished: String) {
        if let Some(earlier) = self.unfinished.replace(unfinished) {
            self.fail_work(earlier);
        }
    }

    /// Notes that the work last begun is done.
    pub(crate) fn end_work(&mut self) {
        self.unfinished = None;
    }

    /// Notes that work failed. Only the first failure is kept, since it is the cause of the others.
    pub(crate) fn fail_work(&mut self, problem: String) {
        self.unfinished = None;
        self.failed.get_or_insert(problem);
    }

    /// The first failure, if there was one.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// The connection as it is, the app's values, which transaction it is, and what was done in it.
    pub(crate) fn parts(&mut self) -> Parts<'_, 'c, DB> {
        Parts {
            connection: self.connection,
            extensions: self.extensions,
            identity: self.identity,
            activity: self.activity,
        }
    }
}

/// What the layer above the core takes from a [`SeedContext`].
#[cfg_attr(
    not(feature = "events"),
    expect(dead_code, reason = "only the write side does work")
)]
pub(crate) struct Parts<'a, 'c, DB: Backend> {
    pub(crate) connection: &'a mut DB::Connection,
    pub(crate) extensions: &'c Extensions,
    pub(crate) identity: &'c DB::Identity,
    pub(crate) activity: &'a mut Activity,
}

impl<DB: Backend> SeedContext<'_, DB> {
    /// Ends the seed's use of the connection: nothing, or what it left undone.
    pub(crate) async fn finish(mut self) -> sqlx::Result<Result<(), String>> {
        if let Some(problem) = self.failed.take().or_else(|| self.unfinished.take()) {
            return Ok(Err(problem));
        }
        self.switch(Writes::Allowed).await?;
        Ok(Ok(()))
    }
}
