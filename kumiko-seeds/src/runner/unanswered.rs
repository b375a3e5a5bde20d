//! A commit that ended in an error: is the seed applied or not?

use chrono::{DateTime, Utc};
use sqlx::Pool;

use super::Session;
use super::attempt::{COMMIT, Outcome};
use super::run::Run;
use super::work::{Done, Work};
use crate::backend::Backend;
use crate::lock::Wait;
use crate::report::Applied;
use crate::store::{self, Sought};
use crate::{Error, Warning};

/// A seed that has run and whose commit was not answered with success. The request or the answer may
/// have been lost on the way, and only the database knows which.
pub(super) struct Unanswered {
    /// What to report if it is committed.
    pub(super) applied: Applied,
    /// The time that its marker says, by which it is known from another replica's.
    pub(super) applied_at: DateTime<Utc>,
    /// What came instead of an answer.
    pub(super) source: sqlx::Error,
}

impl Unanswered {
    /// The error of a run that could not find out, because of `reason`.
    pub(super) fn unresolved(self, reason: Error) -> Error {
        Error::CommitUnanswered {
            id: self.applied.id,
            source: self.source,
            reason: Box::new(reason),
        }
    }
}

impl<DB: Backend> Run<'_, DB> {
    /// Finds out on a new connection what became of the commit in `self.unanswered`, and goes on or
    /// fails accordingly.
    ///
    /// **Invariant:** "not applied" is said only under the lock. The lost transaction has the lock
    /// until it has ended, so a marker that is not there then never will be. `tests/model` checks it.
    pub(super) async fn find_out(
        &mut self,
        pool: &Pool<DB>,
        session: Session<DB>,
    ) -> Result<Session<DB>, Error> {
        // First, because a pool of one has no other connection to give.
        drop(session);
        let Some(id) = self.unanswered.as_ref().map(|lost| lost.applied.id) else {
            return Session::acquire(pool).await;
        };
        let mut session = Session::acquire(pool).await?;
        let found = self.find(&mut session, id).await?;
        let Some(lost) = self.unanswered.take() else {
            return Ok(session);
        };
        let Some(found) = found else {
            return Err(Error::database(COMMIT, lost.source));
        };
        self.warn(Warning::CommitUnanswered { id });
        if found == lost.applied_at {
            self.applied_here(lost.applied);
        } else {
            self.applied_elsewhere();
        }
        Ok(session)
    }

    /// When the seed `id` was applied; `None` if it is certain that it is not.
    async fn find(
        &mut self,
        session: &mut Session<DB>,
        id: &'static str,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        let mut wait = Wait::new(self.runner.lock_timeout);
        loop {
            // Others may have the lock for long, and what is committed needs no lock to be seen.
            let sought = Sought::own(&self.runner.app, id);
            let found = store::find::<DB>(session.connection(), &sought).await?;
            session.settle();
            if found.is_some() {
                return Ok(found);
            }
            match self.attempt(session, Work::Find(id)).await? {
                Outcome::Done(Done::Found(found)) => return Ok(found),
                _ => self.pause(session, &mut wait).await?,
            }
        }
    }
}
