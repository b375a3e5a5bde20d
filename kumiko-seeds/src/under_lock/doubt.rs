//! A commit that ended in an error: is the seed applied or not?

use chrono::{DateTime, Utc};

use super::open::Doubt;
use super::work::{By, Work};
use super::{Attempt, COMMIT, UnderLock};
use crate::backend::{Backend, Lock, Taking};
use crate::ledger::{self, NewMarker, Sought};
use crate::progress::TARGET;
use crate::{Error, Warning};

impl<DB: Backend> UnderLock<'_, DB> {
    /// Finds out on a new connection what became of the commit with `marker`.
    ///
    /// **Invariant:** "not applied" is said only under the lock. The lost transaction has the lock
    /// until it has ended, so a marker that is not there then never will be. `tests/model` checks it.
    pub(super) async fn find_out<W: Work<DB>>(
        &mut self,
        marker: NewMarker<'static>,
        source: sqlx::Error,
        work: &mut W,
    ) -> Result<Attempt, Error> {
        let id = marker.id();
        self.doubt = Some(Doubt { id, source });
        let found = self.find(&marker.sought()).await?;
        let Some(Doubt { source, .. }) = self.doubt.take() else {
            return Ok(Attempt::Done);
        };
        let Some(found) = found else {
            return Err(Error::database(COMMIT, source));
        };
        let warning = Warning::CommitUnanswered { id };
        tracing::warn!(target: TARGET, "{warning}");
        self.warnings.push(warning);
        self.retries = 0;
        work.committed(if found == marker.applied_at() {
            By::Us
        } else {
            By::Another
        });
        Ok(Attempt::Done)
    }

    /// When a seed was applied; `None` if it is certain that it is not.
    async fn find(&mut self, sought: &Sought<'_>) -> Result<Option<DateTime<Utc>>, Error> {
        let mut wait = self.wait();
        loop {
            let mut session = self.session().await?;
            // Others may have the lock for long, and what is committed needs no lock to be seen.
            let mut found = sought.find::<DB>(session.connection()).await?;
            let mut is_certain = found.is_some();
            if !is_certain {
                let in_use = session.in_use();
                let locked = DB::lock(in_use.connection, in_use.baseline, &LOCK_OF_SEEDS).await;
                if let Some(locked) = locked.map_err(|error| ledger::fault::<DB>(LOOK, error))? {
                    let mut transaction = locked.transaction;
                    found = sought.find::<DB>(&mut transaction).await?;
                    let ended = transaction.rollback().await;
                    ended.map_err(|error| ledger::fault::<DB>(LOOK, error))?;
                    is_certain = true;
                }
            }
            if !is_certain {
                let calmed = session.after_busy().await;
                calmed.map_err(|error| ledger::fault::<DB>(LOOK, error))?;
            }
            session.settle();
            self.session = Some(session);
            if is_certain {
                return Ok(found);
            }
            self.pause(&mut wait, Lock::Seeds).await?;
        }
    }
}

const LOCK_OF_SEEDS: Taking<'static> = Taking {
    lock: Lock::Seeds,
    look: None,
};

const LOOK: &str = "look under the lock whether the seed is applied";
