//! One attempt to do one thing under the lock, in one transaction, and seeds after seeds in those that
//! follow it.

use std::sync::atomic::Ordering;

use sqlx::{Connection, SqlStr, Transaction};

use super::Session;
use super::run::Run;
use super::seed_run::Ran;
use super::unanswered::Unanswered;
use super::work::{Done, LOCK, Table, Work, unwritten, within};
use crate::backend::{Backend, Fault, Locked, MarkerFault, Value};
use crate::report::Applied;
use crate::{Error, store};

/// How an attempt ended, if it did not fail.
pub(super) enum Outcome {
    /// The work is done, and committed if it was to stay.
    Done(Done),
    /// The first seeds of the queue are committed, each with its marker, and are reported.
    Applied,
    /// The seed has run, but whether it is committed is not known.
    Unanswered(Unanswered),
    /// Somebody else holds the lock.
    Busy,
}

impl<DB: Backend> Run<'_, DB> {
    /// Tries once to do `work` under the lock. If that is the first seed of the queue, goes on with the
    /// others for as long as a transaction is open after a commit.
    ///
    /// **Invariant:** the order is lock, re-check, seed, marker, commit, all in one transaction. Taking
    /// any of them out of it, or changing the order, doubles or loses events. `tests/model` checks it in
    /// every interleaving; whoever changes one changes both.
    pub(super) async fn attempt(
        &mut self,
        session: &mut Session<DB>,
        work: Work<'_, DB>,
    ) -> Result<Outcome, Error> {
        const STEP: &str = "begin a transaction";
        let connection = session.connection();
        let busy_timeout = DB::replace_busy_timeout(connection, 0)
            .await
            .map_err(|error| Error::database(STEP, error))?;
        // Not the `&'static str` itself: with it the compiler cannot tell that the future is `Send`.
        let begin = SqlStr::from_static(DB::BEGIN);
        let ended = match connection.begin_with(begin).await {
            Ok(transaction) => self.transact(transaction, work, busy_timeout).await,
            Err(error) if DB::fault(&error) == Fault::Locked => {
                Ended::RolledBack(Ok(Outcome::Busy))
            }
            Err(error) => Ended::RolledBack(Err(Error::database(STEP, error))),
        };
        match ended {
            Ended::Committed(outcome) => {
                session.settle();
                Ok(outcome)
            }
            Ended::RolledBack(outcome) => {
                match DB::undo_session_settings(connection, busy_timeout).await {
                    Ok(()) => {
                        session.settle();
                        outcome.map_err(|error| session.complete(error))
                    }
                    Err(error) => outcome.and(Err(Error::database(ROLL_BACK, error))),
                }
            }
            // The connection is not settled, and so it is closed.
            Ended::Open(outcome) => outcome,
        }
    }

    /// Does `work` in a transaction just begun, and ends that transaction and those that follow it.
    async fn transact(
        &mut self,
        mut transaction: Transaction<'_, DB>,
        mut work: Work<'_, DB>,
        busy_timeout: i64,
    ) -> Ended {
        // Whoever has applied a seed has not waited in vain, though it may have to now.
        let mut not_locked = Outcome::Busy;
        loop {
            let done = match self.locked(&mut transaction, work, busy_timeout).await {
                Ok(Some(done @ (Done::Ran(_) | Done::Prepared | Done::Marked))) => done,
                Ok(Some(done)) => return roll_back(transaction, Ok(Outcome::Done(done))).await,
                Ok(None) => return roll_back(transaction, Ok(not_locked)).await,
                Err(error) => return roll_back(transaction, Err(error)).await,
            };
            self.committing.store(true, Ordering::Relaxed);
            let committed = match done {
                Done::Ran(ran) => commit_seed(transaction, &ran).await,
                done => Err(commit(transaction, done).await),
            };
            self.committing.store(false, Ordering::Relaxed);
            let next = match committed {
                Ok((applied, next)) => {
                    self.table = Table::Exists;
                    self.applied_here(applied);
                    next
                }
                Err(ended) => return ended,
            };
            match (next, self.queue.front()) {
                (Some(next), Some(seed)) => {
                    (transaction, work) = (next, Work::Seed(seed));
                    not_locked = Outcome::Applied;
                }
                _ => return Ended::Committed(Outcome::Applied),
            }
        }
    }

    /// Does `work` under the lock; `None` if somebody else holds it.
    async fn locked(
        &self,
        connection: &mut DB::Connection,
        work: Work<'_, DB>,
        busy_timeout: i64,
    ) -> Result<Option<Done>, Error> {
        let sought = work.sought().filter(|_| self.table == Table::Exists);
        let locked = lock::<DB>(connection, busy_timeout, sought).await;
        match locked.map_err(|error| store::fault::<DB>(LOCK, error))? {
            Some(locked) => within::<DB>(self.runner, connection, work, self.table, locked)
                .await
                .map(Some),
            None => Ok(None),
        }
    }
}

const ROLL_BACK: &str = "roll back the transaction";
pub(super) const COMMIT: &str = "commit the seed with its marker";

/// How the last transaction of an attempt ended, and the attempt with it.
enum Ended {
    Committed(Outcome),
    RolledBack(Result<Outcome, Error>),
    /// Nobody knows, or its session is of no use any more.
    Open(Result<Outcome, Error>),
}

/// Takes the lock and, with the same round trip, looks whether the seed `sought` is applied.
async fn lock<DB: Backend>(
    connection: &mut DB::Connection,
    busy_timeout: i64,
    sought: Option<&str>,
) -> sqlx::Result<Option<Locked<DB>>> {
    DB::replace_busy_timeout(connection, busy_timeout).await?;
    match sought {
        Some(id) => DB::take_lock(connection, DB::LOOK, &[Value::Text(id)]).await,
        None => DB::take_lock(connection, "", &[]).await,
    }
}

/// Writes the marker of a seed that has run, and commits both. The transaction it gives back follows the
/// one committed, and nothing has been done in it.
async fn commit_seed<'c, DB: Backend>(
    mut transaction: Transaction<'c, DB>,
    ran: &Ran,
) -> Result<(Applied, Option<Transaction<'c, DB>>), Ended> {
    let id = ran.marker.id;
    let ended = match store::insert_last::<DB>(&mut transaction, &ran.marker).await {
        Ok(()) => DB::end(transaction).await,
        Err(MarkerFault::Unanswered(error)) => Err(error),
        Err(fault) => {
            let error = match unwritten::<DB>(id, fault) {
                // It may have been the commit that was refused.
                Error::Database { source, .. } => Error::database(COMMIT, source),
                error => error,
            };
            return Err(roll_back(transaction, Err(error)).await);
        }
    };
    match ended {
        Ok(next) => Ok((ran.applied(), next)),
        Err(source) => Err(Ended::Open(Ok(Outcome::Unanswered(Unanswered {
            applied: ran.applied(),
            applied_at: ran.marker.applied_at,
            source,
        })))),
    }
}

/// Commits what is not a seed.
async fn commit<DB: Backend>(transaction: Transaction<'_, DB>, done: Done) -> Ended {
    match transaction.commit().await {
        Ok(()) => Ended::Committed(Outcome::Done(done)),
        Err(error) => Ended::Open(Err(Error::database("commit the transaction", error))),
    }
}

async fn roll_back<DB: Backend>(
    transaction: Transaction<'_, DB>,
    outcome: Result<Outcome, Error>,
) -> Ended {
    match transaction.rollback().await {
        Ok(()) => Ended::RolledBack(outcome),
        // What went wrong first is the cause.
        Err(error) => Ended::Open(outcome.and(Err(Error::database(ROLL_BACK, error)))),
    }
}
