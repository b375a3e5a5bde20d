//! After a failure: what has become of its transaction, and whether to try again.

use std::error::Error as StdError;
use std::time::Duration;

use super::UnderLock;
use super::session::Session;
use crate::backend::{Backend, Fault, Hands};
use crate::causes::chain;
use crate::{Conflict, Error, Progress};

/// How often work is tried again. A deadlock or a serialization failure is over with the transaction that
/// was in the way, so a few times are enough.
const LIMIT: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Each pause is so many times the one before.
const GROWTH: u32 = 4;

impl<DB: Backend> UnderLock<'_, DB> {
    /// Gets ready to try again what has failed with `error`, the work of `seed` if there is one; the error, if that is
    /// not to be.
    ///
    /// **Invariant:** only what is undone is tried again. The session is another one, because a rollback does not undo
    /// all that can be done to a session.
    pub(crate) async fn again(
        &mut self,
        seed: Option<&'static str>,
        repeated: Repeated,
        error: Error,
    ) -> Result<(), Error> {
        // First, because a pool of one has no other connection to give.
        self.end().await;
        let error = self.look_back(seed, error).await;
        let is_over = self.retries >= LIMIT && !may_be_halved::<DB>(&error, repeated);
        if is_over || !is_passing::<DB>(&error, repeated) {
            return Err(error);
        }
        let pause = FIRST_PAUSE * GROWTH.pow(self.retries.min(LIMIT - 1));
        self.retries += 1;
        self.observer.notify(Progress::Retrying {
            id: seed.or(error.seed()),
            retry: self.retries,
            limit: LIMIT.max(self.retries),
            pause,
            error: &error,
        });
        tokio::time::sleep(pause).await;
        match Session::acquire(self.pool).await {
            Ok(session) => self.session = Some(session),
            Err(_) => return Err(error),
        }
        Ok(())
    }

    /// `error`, or that somebody has ended the transaction in which it happened, where its own connection could
    /// not be asked: it is lost, or the run was dropped.
    pub(crate) async fn look_back(&mut self, seed: Option<&'static str>, error: Error) -> Error {
        const PATIENCE: Duration = Duration::from_secs(5);
        let Some(open) = self.open.take() else {
            return error;
        };
        if open.journal.hands == Hands::Library {
            return error;
        }
        let ask = async {
            let mut session = Session::acquire(self.pool).await.ok()?;
            let ended = DB::ended_before(session.connection(), &open.identity).await;
            session.settle();
            ended.ok()?
        };
        match tokio::time::timeout(PATIENCE, ask).await {
            Ok(Some(ended)) => open.not_undone(seed, ended, error),
            // A database that is not there has not committed what nobody told it to.
            _ => error,
        }
    }
}

/// What is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeated {
    /// The same.
    TheSame,
    /// Less of it, which helps where it took too long.
    Less,
    /// The same, because it cannot be less.
    TheLeast,
}

/// Whether it took too long and less of it comes next. Each time it is half, so this ends, and stopping before that would
/// leave work undone that can be done.
fn may_be_halved<DB: Backend>(error: &Error, repeated: Repeated) -> bool {
    repeated == Repeated::Less && error.driver().map(DB::fault) == Some(Fault::TookTooLong)
}

/// Whether the failure is nobody's fault and may not come again.
fn is_passing<DB: Backend>(error: &Error, repeated: Repeated) -> bool {
    if let Error::TransactionEnded { .. } | Error::CommitUnanswered { .. } = error {
        return false;
    }
    if chain(error).any(is_conflict) {
        return true;
    }
    match error.driver().map(DB::fault) {
        Some(Fault::Passing) => true,
        Some(Fault::TookTooLong) => repeated != Repeated::TheSame,
        // What a seed creates is there for a reason that the next attempt meets as well.
        Some(Fault::CreatedMeanwhile) => !matches!(error, Error::Seed { .. }),
        _ => false,
    }
}

/// Whether the database is not there, or went away.
pub(crate) fn is_unreachable<DB: Backend>(error: &Error) -> bool {
    match error.driver() {
        Some(
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed,
        ) => true,
        Some(error) => DB::fault(error) == Fault::SessionEnded,
        None => false,
    }
}

/// Whether another writer was quicker, in the library's own event store or elsewhere.
fn is_conflict(error: &(dyn StdError + 'static)) -> bool {
    #[cfg(feature = "events")]
    if crate::events::is_version_conflict(error) {
        return true;
    }
    error.is::<Conflict>()
}
