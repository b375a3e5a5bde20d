//! One attempt to do one thing under the lock, in one transaction.

use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::{Connection, SqlStr, Transaction};

use super::Session;
use super::work::{Done, LOCK, Table, Work, within};
use crate::backend::{Backend, Fault};
use crate::{Error, SeedRunner};

/// How an attempt ended, if it did not fail.
pub(super) enum Outcome {
    /// The work is done, and committed if it was to stay.
    Done(Done),
    /// The work is done and was to stay, but its commit ended in an error, which does not tell
    /// whether it is committed.
    Unanswered(Done, sqlx::Error),
    /// Somebody else holds the lock.
    Busy,
}

/// Tries once to do `work` under the lock.
///
/// **Invariant:** the order is lock, re-check, seed, marker, commit, all in one transaction. Taking
/// any of them out of it, or changing the order, doubles or loses events.
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
        Ended::Committed(done) => {
            session.settle();
            Ok(Outcome::Done(done))
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
        Ended::CommitFailed(done, error) => Ok(Outcome::Unanswered(done, error)),
        // What went wrong first is the cause.
        Ended::RollbackFailed(outcome, error) => {
            outcome.and(Err(Error::database(ROLL_BACK, error)))
        }
    }
}

const ROLL_BACK: &str = "roll back the transaction";

/// How the transaction of an attempt ended.
enum Ended {
    Committed(Done),
    CommitFailed(Done, sqlx::Error),
    RolledBack(Result<Outcome, Error>),
    RollbackFailed(Result<Outcome, Error>, sqlx::Error),
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
    let outcome = match lock::<DB>(&mut transaction, busy_timeout).await {
        Ok(true) => within::<DB>(runner, &mut transaction, work, table)
            .await
            .map(Outcome::Done),
        Ok(false) => Ok(Outcome::Busy),
        Err(error) => Err(Error::database(LOCK, error)),
    };
    match outcome {
        Ok(Outcome::Done(done)) if done.is_to_stay() => {
            committing.store(true, Ordering::Relaxed);
            let committed = transaction.commit().await;
            committing.store(false, Ordering::Relaxed);
            match committed {
                Ok(()) => Ended::Committed(done),
                Err(error) => Ended::CommitFailed(done, error),
            }
        }
        outcome => match transaction.rollback().await {
            Ok(()) => Ended::RolledBack(outcome),
            Err(error) => Ended::RollbackFailed(outcome, error),
        },
    }
}

async fn lock<DB: Backend>(
    connection: &mut DB::Connection,
    busy_timeout: i64,
) -> sqlx::Result<bool> {
    DB::replace_busy_timeout(connection, busy_timeout).await?;
    DB::take_lock(connection).await
}
