//! What a seed may do.

use std::any::Any;

use sqlx::Executor;

use crate::app_values::AppValues;
use crate::backend::{Backend, Hands};
use crate::journal::Journal;
use crate::progress::TARGET;
use crate::{App, AppendedEvent};

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
    app: &'c App,
    values: &'c AppValues,
    identity: &'c DB::Identity,
    writes: Writes,
    unfinished: Option<String>,
    failed: Option<String>,
    journal: &'c mut Journal,
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
        app: &'c App,
        values: &'c AppValues,
        identity: &'c DB::Identity,
        journal: &'c mut Journal,
    ) -> Self {
        Self {
            id,
            connection,
            app,
            values,
            identity,
            writes: Writes::Allowed,
            unfinished: None,
            failed: None,
            journal,
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
        self.values.get()
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
        self.journal.hands = Hands::Seed;
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
        self.journal.hands = Hands::Seed;
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

impl<'c, DB: Backend> SeedContext<'c, DB> {
    /// Notes an event that the seed itself has appended, to an event table of the app's own, so that the report counts it
    /// and a dry run lists it. What handlers append is noted already.
    pub fn note_event(&mut self, event: AppendedEvent) {
        self.journal.note_event(|| event);
    }

    /// Has `action` called once the seed is committed, for what must not happen without it: a message to another
    /// service, say. It is not called if the seed fails, is tried again or runs dry.
    ///
    /// It is called at most once: a process that dies between the commit and the call has not called it. The run waits for
    /// it, and may hold the lock for the next seed already, so it should hand its work over, to a task or a
    /// channel. A panic in it is logged and does no harm.
    pub fn after_commit(&mut self, action: impl FnOnce() + Send + 'static) {
        self.journal.after_commit(action);
    }

    /// What a layer above the core takes from a seed in order to read. Writing begins with [`SeedContext::begin`].
    pub fn parts(&mut self) -> Parts<'_, 'c, DB> {
        Parts {
            connection: self.connection,
            app: self.app,
            values: self.values,
            identity: self.identity,
            journal: self.journal,
        }
    }

    pub(crate) fn values(&self) -> &'c AppValues {
        self.values
    }

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
}

/// What a layer above the core works with in a seed.
#[non_exhaustive]
pub struct Parts<'a, 'c, DB: Backend> {
    /// The connection of the seed's transaction. Say [`Journal::note_handed_out`] where code of the app's gets it.
    pub connection: &'a mut DB::Connection,
    /// Whose seeds these are.
    pub app: &'c App,
    /// What the app handed over.
    pub values: &'c AppValues,
    /// Which transaction it is.
    pub identity: &'c DB::Identity,
    /// Where to note what was done.
    pub journal: &'a mut Journal,
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
