//! After a failure: what has become of its transaction, and whether to try again.

use std::time::Duration;

use sqlx::Pool;

use super::Session;
use super::run::Run;
use super::work::Work;
use crate::backend::{Backend, Hands};
use crate::{Error, Progress, store};

/// How often work is tried again. A deadlock or a serialization failure is over with the transaction that
/// was in the way, so a few times are enough.
const LIMIT: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Each pause is so many times the one before.
const GROWTH: u32 = 4;

impl<DB: Backend> Run<'_, DB> {
    /// A session for trying `work` again, which has failed with `error`; the error, if that is not to be.
    ///
    /// **Invariant:** only what is undone is tried again. The session is another one if anybody has had
    /// the connection, because a rollback does not undo all that can be done to a session.
    pub(super) async fn try_again(
        &mut self,
        pool: &Pool<DB>,
        session: Option<Session<DB>>,
        work: Work<'_, DB>,
        error: Error,
    ) -> Result<Session<DB>, Error> {
        // First, because a pool of one has no other connection to give.
        if let Some(session) = session {
            session.end().await;
        }
        let error = self.look_back(pool, work, error).await;
        if self.retries == LIMIT || !is_passing::<DB>(&error) {
            return Err(error);
        }
        let pause = FIRST_PAUSE * GROWTH.pow(self.retries);
        self.retries += 1;
        let id = match work {
            Work::Seed(seed) => Some(seed.id),
            _ => error.seed(),
        };
        self.runner.notify(Progress::Retrying {
            id,
            retry: self.retries,
            limit: LIMIT,
            pause,
            error: &error,
        });
        tokio::time::sleep(pause).await;
        self.hands = Hands::Library;
        Session::acquire(pool).await.map_err(|_| error)
    }

    /// `error`, or that somebody has ended the transaction of `work` himself, where its own connection could
    /// not be asked: it is lost, or the run was dropped.
    pub(super) async fn look_back(
        &mut self,
        pool: &Pool<DB>,
        work: Work<'_, DB>,
        error: Error,
    ) -> Error {
        const PATIENCE: Duration = Duration::from_secs(5);
        let Some(identity) = self.identity.take() else {
            return error;
        };
        if self.activity.hands == Hands::Library {
            return error;
        }
        let ask = async {
            let mut session = Session::acquire(pool).await.ok()?;
            let ended = DB::ended_before(session.connection(), &identity).await;
            session.settle();
            ended.ok()?
        };
        match tokio::time::timeout(PATIENCE, ask).await {
            Ok(Some(ended)) => self.not_undone(work, ended, error),
            // A database that is not there has not committed what nobody told it to.
            _ => error,
        }
    }

    /// A session as the next seed is to find it, if there is a next one.
    pub(super) async fn renew(
        &mut self,
        pool: &Pool<DB>,
        session: Session<DB>,
    ) -> Result<Session<DB>, Error> {
        if self.queue.is_empty() || !self.restoration.wants_another(self.hands) {
            return Ok(session);
        }
        session.end().await;
        self.hands = Hands::Library;
        Session::acquire(pool).await
    }
}

/// Whether the failure is nobody's fault and may not come again.
fn is_passing<DB: Backend>(error: &Error) -> bool {
    let creates = matches!(
        error,
        Error::Prepare { .. }
            | Error::Database {
                step: store::CREATE,
                ..
            }
    );
    match error {
        Error::TransactionEnded { .. } | Error::CommitUnanswered { .. } => false,
        error => error.driver().is_some_and(|error| {
            DB::is_transient(error) || creates && DB::is_created_meanwhile(error)
        }),
    }
}
