//! Work that a layer above the core begins in a seed and has to bring to its end.

use std::any::Any;
use std::error::Error;
use std::fmt;

use crate::SeedContext;
use crate::backend::Backend;
use crate::causes::with_causes;
use crate::context::Parts;

impl<'c, DB: Backend> SeedContext<'c, DB> {
    /// Begins a unit of work, `what` in the words of an error: `the command "deposit"`.
    ///
    /// This is the door for layers above the core: the library's own write handlers use it, and an adapter to
    /// another event store can do with it what they do. See [`UnitOfWork`].
    ///
    /// **Invariant:** a seed with work that failed or never ended gets no marker, whatever it returns. So begin when the
    /// work is asked for, not when it is awaited, and a seed that forgets to await it fails.
    pub fn begin(&mut self, what: impl Into<String>) -> UnitOfWork<'_, 'c, DB> {
        let what = what.into();
        self.begin_work(format!("{what} was not awaited to its end"));
        UnitOfWork {
            context: self,
            what,
        }
    }
}

/// Work in a seed that is done or failed as a whole, a write through a handler for example.
///
/// It is begun with [`SeedContext::begin`], and ends with [`UnitOfWork::ended`], or with [`UnitOfWork::done`] or
/// [`UnitOfWork::failed`]. If it is dropped
/// before that, the seed fails.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # mod adapter {
/// use kumiko_seeds::sqlite::SeedContext;
/// use kumiko_seeds::{AppendedEvent, WorkError};
///
/// /// Appends to a table of the app's own.
/// async fn deposit(ctx: &mut SeedContext<'_>, account: &str) -> Result<(), WorkError> {
///     let mut work = ctx.begin("the deposit");
///     let appended = append(&mut work, account).await;
///     work.ended(appended)
/// }
/// # use kumiko_seeds::UnitOfWork;
/// # use sqlx::Sqlite;
///
/// async fn append(work: &mut UnitOfWork<'_, '_, Sqlite>, account: &str) -> Result<(), WorkError> {
///     let mut parts = work.parts().await?;
///     parts.ensure_open().await?;
///     sqlx::query("INSERT INTO account_events (account, type) VALUES ($1, 'deposited')")
///         .bind(account)
///         .execute(&mut *parts.connection)
///         .await?;
///     parts.journal.note_event(|| AppendedEvent::new("account", account, 1, "deposited"));
///     Ok(())
/// }
/// # }
/// ```
#[must_use = "work that is dropped before it is done fails its seed"]
pub struct UnitOfWork<'a, 'c, DB: Backend> {
    context: &'a mut SeedContext<'c, DB>,
    what: String,
}

impl<'c, DB: Backend> UnitOfWork<'_, 'c, DB> {
    /// The id of the seed.
    #[must_use]
    pub fn seed(&self) -> &'static str {
        self.context.id()
    }

    /// What the app handed over with [`SeedRunner::with`](crate::SeedRunner::with), if it did. It does not borrow from the
    /// work.
    #[must_use]
    pub fn app<T: Any + Send + Sync>(&self) -> Option<&'c T> {
        self.context.values().get()
    }

    /// What the work needs of the seed: the connection, which may write, and where to note what was appended.
    ///
    /// Costs a round trip if the seed has just read with [`SeedContext::db`].
    ///
    /// # Errors
    /// [`WorkError::EarlierFailure`] if work of the seed has failed before: then nothing more is written.
    pub async fn parts(&mut self) -> Result<Parts<'_, 'c, DB>, WorkError> {
        if let Some(earlier) = self.context.failure() {
            return Err(WorkError::EarlierFailure {
                what: self.what.clone(),
                earlier: earlier.to_owned(),
            });
        }
        self.context.writable().await?;
        Ok(self.context.parts())
    }

    /// The work has ended with `result`, which is given back: [`UnitOfWork::done`] or [`UnitOfWork::failed`].
    ///
    /// # Errors
    /// The error in `result`.
    pub fn ended<T, E: Error + 'static>(self, result: Result<T, E>) -> Result<T, E> {
        match result {
            Ok(output) => {
                self.done();
                Ok(output)
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// The work is done.
    pub fn done(self) {
        self.context.end_work();
    }

    /// The work has failed with `error`, which is given back. The seed fails, whatever it returns, and its first
    /// failure is what is reported.
    pub fn failed<E: Error + 'static>(self, error: E) -> E {
        let problem = format!("a write in it failed: {}", with_causes(&error));
        self.context.fail_work(problem);
        error
    }
}

impl<DB: Backend> fmt::Debug for UnitOfWork<'_, '_, DB> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("UnitOfWork")
            .field("what", &self.what)
            .finish_non_exhaustive()
    }
}

/// Why work could not be begun or gone on with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkError {
    /// Work of the seed has failed before, or was never awaited, and nothing is written after that.
    #[error("nothing was done by {what}, because {earlier}")]
    EarlierFailure {
        /// What was to be done.
        what: String,
        /// What happened earlier.
        earlier: String,
    },
    /// The transaction of the seed was ended before, by a statement of the seed's or a handler's own.
    #[error(
        "nothing was written, because the transaction was ended before, by a COMMIT or ROLLBACK"
    )]
    TransactionEnded,
    /// The database failed.
    #[error("the database failed")]
    Database {
        /// The driver's error.
        #[from]
        source: sqlx::Error,
    },
}

/// That another writer was quicker: the cause to give to an error of a layer above the core, of a kind that is nobody's fault.
///
/// A seed that fails with an error that has this among its causes is undone and tried again, as after a deadlock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("another writer was quicker")]
pub struct Conflict;

impl<DB: Backend> Parts<'_, '_, DB> {
    /// Fails unless the transaction of the seed is still open. A statement that is executed after a `COMMIT` of the seed's own
    /// would be kept whatever becomes of the seed.
    ///
    /// Costs a round trip on PostgreSQL.
    ///
    /// # Errors
    /// [`WorkError::TransactionEnded`], or the database's error.
    pub async fn ensure_open(&mut self) -> Result<(), WorkError> {
        if DB::is_open(self.connection, self.identity).await? {
            Ok(())
        } else {
            Err(WorkError::TransactionEnded)
        }
    }
}
