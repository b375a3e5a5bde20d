//! One attempt to do one thing under the lock, in one transaction.

use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::{Connection, SqlStr, Transaction};

use super::Session;
use super::seed_run::Ran;
use super::unanswered::Unanswered;
use super::work::{Done, LOCK, Table, Work, unwritten, within};
use crate::backend::{Backend, Fault, Locked, MarkerFault, Value};
use crate::report::Applied;
use crate::{Error, SeedRunner, store};

/// How an attempt ended, if it did not fail.
pub(super) enum Outcome {
    /// The work is done, and committed if it was to stay.
    Done(Done),
    /// The seed is committed with its marker.
    Applied(Applied),
    /// The seed has run, but whether it is committed is not known.
    Unanswered(Unanswered),
    /// Somebody else holds the lock.
    Busy,
}

/// Tries once to do `work` under the lock.
///
/// **Invariant:** the order is lock, re-check, seed, marker, commit, all in one transaction. Taking
/// any of them out of it, or changing the order, doubles or loses events. `tests/model` checks it in every
/// interleaving; whoever changes one changes both.
pub(super) async fn attempt<DB: Backend>(
    runner: &SeedRunner<DB>,
    session: &mut Session<DB>,
    work: &Work<'_, DB>,
    table: Table,
    committing: &AtomicBool,
) -> Result<Outcome, Error> {
    const STEP: &str = "begin a transaction";
    let connection = session.connection();
    let busy_timeout = DB::replace_busy_timeout(connection, 0)
        .await
        .map_err(|error| Error::database(STEP, error))?;
    // Not the `&'static str` itself: with it the compiler cannot tell that the future is `Send`.
    let begin = SqlStr::from_static(DB::BEGIN);
    let ended = match connection.begin_with(begin).await {
        Ok(transaction) => {
            transact(runner, transaction, work, table, busy_timeout, committing).await
        }
        Err(error) if DB::fault(&error) == Fault::Locked => Ended::RolledBack(Ok(Outcome::Busy)),
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

const ROLL_BACK: &str = "roll back the transaction";
pub(super) const COMMIT: &str = "commit the seed with its marker";

/// How the transaction of an attempt ended, and the attempt with it.
enum Ended {
    Committed(Outcome),
    RolledBack(Result<Outcome, Error>),
    /// Nobody knows, or its session is of no use any more.
    Open(Result<Outcome, Error>),
}

/// Does `work` in a transaction just begun, and ends that transaction.
async fn transact<DB: Backend>(
    runner: &SeedRunner<DB>,
    mut transaction: Transaction<'_, DB>,
    work: &Work<'_, DB>,
    table: Table,
    busy_timeout: i64,
    committing: &AtomicBool,
) -> Ended {
    let sought = work.sought().filter(|_| table == Table::Exists);
    let done = match lock::<DB>(&mut transaction, busy_timeout, sought).await {
        Ok(Some(locked)) => within::<DB>(runner, &mut transaction, work, table, locked).await,
        Ok(None) => return roll_back(transaction, Ok(Outcome::Busy)).await,
        Err(error) => Err(store::fault::<DB>(LOCK, error)),
    };
    let done = match done {
        Ok(done @ (Done::Ran(_) | Done::Prepared | Done::Marked)) => done,
        done => return roll_back(transaction, done.map(Outcome::Done)).await,
    };
    committing.store(true, Ordering::Relaxed);
    let ended = match done {
        Done::Ran(ran) => commit_seed(transaction, &ran).await,
        done => match transaction.commit().await {
            Ok(()) => Ended::Committed(Outcome::Done(done)),
            Err(error) => Ended::Open(Err(Error::database("commit the transaction", error))),
        },
    };
    committing.store(false, Ordering::Relaxed);
    ended
}

/// Takes the lock and, with the same round trip, looks whether the seed `sought` is applied.
async fn lock<DB: Backend>(
    connection: &mut DB::Connection,
    busy_timeout: i64,
    sought: Option<&str>,
) -> sqlx::Result<Option<Locked<DB>>> {
    DB::replace_busy_timeout(connection, busy_timeout).await?;
    match sought {
        Some(id) => DB::take_lock(connection, store::LOOK, &[Value::Text(id)]).await,
        None => DB::take_lock(connection, "", &[]).await,
    }
}

/// Writes the marker of a seed that has run, and commits both.
async fn commit_seed<DB: Backend>(mut transaction: Transaction<'_, DB>, ran: &Ran) -> Ended {
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
            return roll_back(transaction, Err(error)).await;
        }
    };
    match ended {
        Ok(()) => Ended::Committed(Outcome::Applied(ran.applied())),
        Err(source) => Ended::Open(Ok(Outcome::Unanswered(Unanswered {
            applied: ran.applied(),
            applied_at: ran.marker.applied_at,
            source,
        }))),
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
