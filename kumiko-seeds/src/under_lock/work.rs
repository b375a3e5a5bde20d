//! What can be done under the lock.

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::open::Open;
use crate::Error;
use crate::backend::{Backend, Found, Hands, Lock, Statement, Under};
use crate::ledger::{Record, Sought, Tables};

/// Work that is done under the lock, in one transaction or in several that follow one another.
///
/// It may be asked to do the same again: what a transaction did is undone with it, and what the work itself keeps of
/// that it has to forget.
pub(crate) trait Work<DB: Backend>: Send + Sync {
    /// The seed that comes next, where it is the work of a seed.
    fn seed(&self) -> Option<&'static str> {
        None
    }

    /// The lock that it takes.
    fn lock(&self) -> Lock {
        Lock::Seeds
    }

    /// What to look for in the ledger together with the lock.
    fn sought(&self) -> Option<Sought<'static>> {
        None
    }

    /// What to look for when what comes next is committed, if there is more to do then.
    fn sought_next(&self) -> Option<Sought<'static>> {
        None
    }

    /// Does what comes next, in the transaction that is open.
    fn perform(&mut self, turn: Turn<'_, DB>) -> impl Future<Output = Result<Kept, Error>> + Send;

    /// Notes that what was performed last is committed.
    fn committed(&mut self, _: By) {}
}

/// Finds out whether a database has nothing in it yet, for [`SeedRunner::recorded_if`](crate::SeedRunner::recorded_if).
pub type IsNew<DB> =
    for<'a> fn(&'a mut <DB as sqlx::Database>::Connection) -> BoxFuture<'a, sqlx::Result<bool>>;

/// Hears that the operation of this id has failed for good, and with which error.
pub type OnFailure<DB> = for<'a> fn(
    &'a mut <DB as sqlx::Database>::Connection,
    &'a str,
    &'a str,
) -> BoxFuture<'a, sqlx::Result<()>>;

/// What is kept of what was performed.
pub(crate) enum Kept {
    /// Nothing. The transaction is rolled back.
    Nothing,
    /// All of it.
    Changes,
    /// All of it, with what is written into the library's tables.
    Recorded(Box<Record>),
}

/// Who has committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// This run.
    Us,
    /// Another replica, which had the lock after this one had lost its connection.
    Another,
}

/// An open transaction that has the lock.
pub(crate) struct Turn<'t, DB: Backend> {
    pub(crate) connection: &'t mut DB::Connection,
    pub(crate) found: Found<DB>,
    pub(crate) baseline: &'t DB::Baseline,
    /// Which tables are known to exist.
    pub(crate) tables: &'t mut Tables,
    /// How often this was tried before.
    pub(crate) retries: u32,
    pub(crate) open: &'t mut Open<DB>,
}

impl<DB: Backend> Turn<'_, DB> {
    /// When the transaction began, by the database's clock.
    pub(crate) fn since(&self) -> DateTime<Utc> {
        self.found.since
    }

    /// Brings the session back after `hands`, as far as that can be done in the transaction, and runs `record`.
    pub(crate) async fn record(
        &mut self,
        hands: Hands,
        record: &[Statement<'_>],
    ) -> sqlx::Result<()> {
        let under = Under {
            baseline: self.baseline,
            identity: &self.found.identity,
            hands,
        };
        DB::record(self.connection, under, record).await
    }

    /// Makes the database refuse to commit the transaction, as far as it can be made to.
    pub(crate) async fn forbid_commit(&mut self) -> Result<(), Error> {
        self.open.is_forbidden = true;
        let forbidden = DB::forbid_commit(self.connection).await;
        forbidden.map_err(|error| Error::database("see to it that nothing is committed", error))
    }
}
