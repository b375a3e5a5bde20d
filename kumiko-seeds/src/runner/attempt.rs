//! One attempt to do one thing under the lock, in one transaction, and seeds after seeds in those that
//! follow it.

use std::sync::atomic::Ordering;

use sqlx::{Connection, SqlStr, Transaction};

use super::Session;
use super::run::Run;
use super::seed_run::Ran;
use super::unanswered::Unanswered;
use super::work::{Done, LOCK, Table, Under, Work, unwritten, within};
use crate::backend::{self, Backend, Fault, Hands, Locked, MarkerFault, Restoration};
use crate::report::Applied;
use crate::store::{self, Sought};
use crate::{Error, Remains};

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
        let mut has_begun = false;
        let ended = match connection.begin_with(begin).await {
            Ok(transaction) => {
                has_begun = true;
                self.transact(transaction, work, busy_timeout).await
            }
            Err(error) if DB::fault(&error) == Fault::Locked => {
                Ended::RolledBack(Ok(Outcome::Busy))
            }
            Err(error) => Ended::RolledBack(Err(Error::database(STEP, error))),
        };
        let undone = match &ended {
            Ended::Open(_) => Ok(()),
            _ => DB::undo_session_settings(connection, busy_timeout).await,
        };
        let is_spoilt = has_begun && DB::TAKES_FROM_SESSION || self.hands == Hands::Seed;
        if is_spoilt && self.restoration != Restoration::Impossible {
            session.retire();
        }
        match (ended, undone) {
            (Ended::Committed(outcome), undone) => {
                // What is committed is committed. If the connection is not as it came, it is closed.
                if undone.is_ok() {
                    session.settle();
                }
                Ok(outcome)
            }
            (Ended::RolledBack(outcome), Ok(())) => {
                session.settle();
                outcome.map_err(|error| session.complete(error))
            }
            (Ended::RolledBack(outcome), Err(error)) => {
                outcome.and(Err(Error::database(ROLL_BACK, error)))
            }
            // The connection is not settled, and so it is closed.
            (Ended::Open(outcome), _) => outcome,
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
                Err(error) => return self.undo(transaction, work, error).await,
            };
            let Some(identity) = self.identity.clone() else {
                // Work that is to be committed has taken the lock.
                return roll_back(transaction, Ok(not_locked)).await;
            };
            self.committing.store(true, Ordering::Relaxed);
            DB::allow_commit(&identity);
            let committed = match done {
                Done::Ran(ran) => self.commit_seed(transaction, &identity, &ran).await,
                done => Committed::Alone(commit(transaction, done).await),
            };
            self.committing.store(false, Ordering::Relaxed);
            let next = match committed {
                Committed::Seed(applied, next) => {
                    self.identity = None;
                    self.table = Table::Exists;
                    self.applied_here(applied);
                    next
                }
                Committed::Alone(ended) => {
                    self.identity = None;
                    return ended;
                }
                Committed::Refused(transaction, error) => {
                    return self.undo(transaction, work, error).await;
                }
            };
            match (next, self.queue.front()) {
                (Some(next), Some(seed)) if !self.restoration.wants_another(self.hands) => {
                    (transaction, work) = (next, Work::Seed(seed));
                    not_locked = Outcome::Applied;
                }
                _ => return Ended::Committed(Outcome::Applied),
            }
        }
    }

    /// Does `work` under the lock; `None` if somebody else holds it.
    async fn locked(
        &mut self,
        connection: &mut DB::Connection,
        work: Work<'_, DB>,
        busy_timeout: i64,
    ) -> Result<Option<Done>, Error> {
        let sought = work.sought().filter(|_| self.table == Table::Exists);
        let sought = sought.map(|seed| Sought::seed(&self.runner.app, seed));
        let locked = lock::<DB>(connection, busy_timeout, sought.as_ref()).await;
        let Some(locked) = locked.map_err(|error| store::fault::<DB>(LOCK, error))? else {
            return Ok(None);
        };
        self.identity = Some(locked.identity.clone());
        let under = Under {
            runner: self.runner,
            table: self.table,
            restoration: &self.restoration,
            locked,
        };
        let done = within::<DB>(connection, work, under, &mut self.activity).await;
        self.hands = self.hands.max(self.activity.hands);
        done.map(Some)
    }

    /// Writes the marker of a seed that has run, and commits both. The transaction it gives back follows
    /// the one committed, and nothing has been done in it.
    async fn commit_seed<'c>(
        &self,
        mut transaction: Transaction<'c, DB>,
        identity: &DB::Identity,
        ran: &Ran,
    ) -> Committed<'c, DB> {
        let id = ran.marker.id;
        let restoring = self.restoration.statements(self.activity.hands);
        let applied = || ran.applied(self.activity.count(), self.retries);
        let inserted =
            store::insert_last::<DB>(&mut transaction, identity, restoring, &ran.marker).await;
        let ended = match inserted {
            Ok(()) => DB::end(transaction, identity).await,
            Err(MarkerFault::Unanswered(error)) => Err(error),
            Err(fault) => {
                let error = match unwritten::<DB>(Some(id), fault) {
                    // It may have been the commit that was refused.
                    Error::Database { source, .. } => Error::database(COMMIT, source),
                    error => error,
                };
                return Committed::Refused(transaction, error);
            }
        };
        match ended {
            Ok(next) => Committed::Seed(applied(), next),
            Err(source) => Committed::Alone(Ended::Open(Ok(Outcome::Unanswered(Unanswered {
                applied: applied(),
                applied_at: ran.marker.applied_at,
                source,
            })))),
        }
    }

    /// Rolls the transaction of the lock back, in which `work` failed with `error`, and says so if somebody
    /// else has ended it.
    ///
    /// **Invariant:** what is said to be rolled back is rolled back. If the transaction cannot be asked
    /// any more, its identity is kept for [`Run::look_back`].
    async fn undo(
        &mut self,
        mut transaction: Transaction<'_, DB>,
        work: Work<'_, DB>,
        mut error: Error,
    ) -> Ended {
        if let Some(identity) = &self.identity
            && let Ok(ended) = DB::ended(&mut transaction, identity).await
        {
            self.identity = None;
            if let Some(ended) = ended {
                error = self.not_undone(work, ended, error);
            }
        }
        roll_back(transaction, Err(error)).await
    }

    /// What to say of `work` that failed with `error` after somebody else had ended its transaction.
    pub(super) fn not_undone(
        &self,
        work: Work<'_, DB>,
        ended: backend::Ended,
        error: Error,
    ) -> Error {
        let id = match work {
            Work::Seed(seed) => Some(seed.id),
            _ => error.seed(),
        };
        let remains = match (ended, work) {
            // The database itself may have rolled back, because of that error.
            (backend::Ended::Undone, _) if !matches!(error, Error::TransactionEnded { .. }) => {
                return error;
            }
            (backend::Ended::Refused | backend::Ended::Undone, _) => Remains::Nothing,
            (backend::Ended::RolledBack, Work::DryRun(_))
                if error.driver().is_some_and(DB::is_forbidden_commit) =>
            {
                Remains::Nothing
            }
            (backend::Ended::RolledBack, _) => Remains::After,
            (backend::Ended::Committed, Work::DryRun(_)) => Remains::BeforeInDryRun,
            (backend::Ended::Committed, _) => Remains::Before {
                events: self.activity.count(),
            },
        };
        let source = match error {
            Error::TransactionEnded { source, .. } => source,
            error => Some(Box::new(error)),
        };
        Error::TransactionEnded {
            id,
            remains,
            source,
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
    sought: Option<&Sought<'_>>,
) -> sqlx::Result<Option<Locked<DB>>> {
    DB::replace_busy_timeout(connection, busy_timeout).await?;
    match sought {
        Some(sought) => DB::take_lock(connection, DB::LOOK, &sought.values()).await,
        None => DB::take_lock(connection, "", &[]).await,
    }
}

/// How a commit went.
enum Committed<'c, DB: Backend> {
    /// A seed is committed with its marker. What has begun with the commit follows.
    Seed(Applied, Option<Transaction<'c, DB>>),
    /// The attempt is over, committed or not.
    Alone(Ended),
    /// The database refused, and the transaction is still there.
    Refused(Transaction<'c, DB>, Error),
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
