//! What is asked and written without the lock, on the connection of a run.

use std::time::Duration;

use super::UnderLock;
use super::work::{IsNew, OnFailure};
use crate::applied::AppliedSeeds;
use crate::backend::{Backend, Fault};
use crate::ledger::{self, Turned};
use crate::{App, Error, History, ProgressState, SeedProgress};

impl<DB: Backend> UnderLock<'_, DB> {
    /// Reads what is applied, without the lock.
    pub(crate) async fn applied(&mut self) -> Result<AppliedSeeds, Error> {
        let mut session = self.session().await?;
        let applied = ledger::applied::<DB>(session.connection()).await;
        let (applied, tables) = applied.map_err(|error| self.complete(error))?;
        session.settle();
        self.session = Some(session);
        self.tables = tables;
        Ok(applied)
    }

    /// All that the database tells of the seeds of `app`, read without the lock.
    pub(crate) async fn history(&mut self, app: &App) -> Result<Option<History>, Error> {
        let mut session = self.session().await?;
        let history = ledger::history::<DB>(session.connection(), app).await;
        let mut history = history.map_err(|error| self.complete(error))?;
        if let Some(history) = &mut history {
            let progress = ledger::all_progress::<DB>(session.connection(), app).await;
            history.progress = progress.map_err(|error| self.complete(error))?;
        }
        session.settle();
        self.session = Some(session);
        Ok(history)
    }

    /// How far the operation is that the ledger knows as `ledger_id`, read without a lock.
    pub(crate) async fn progress(
        &mut self,
        ledger_id: &str,
    ) -> Result<Option<SeedProgress>, Error> {
        let mut session = self.session().await?;
        let progress = ledger::find_progress::<DB>(session.connection(), ledger_id).await;
        let progress = match progress {
            Err(Error::Database { source, .. }) if DB::fault(&source) == Fault::TableMissing => {
                None
            }
            progress => progress.map_err(|error| self.complete(error))?,
        };
        session.settle();
        self.session = Some(session);
        Ok(progress)
    }

    /// Whether the database is new, as `is_new` finds out.
    pub(crate) async fn is_new(&mut self, is_new: IsNew<DB>) -> Result<bool, Error> {
        let mut session = self.session().await?;
        let is_new = is_new(session.connection()).await;
        session.settle();
        self.session = Some(session);
        is_new.map_err(|error| Error::database("find out whether the database is new", error))
    }

    /// Tells a layer above that the operation `id` has failed for good.
    pub(crate) async fn tell_failure(
        &mut self,
        on_failure: OnFailure<DB>,
        id: &str,
        error: &str,
    ) -> Result<(), Error> {
        let mut session = self.session().await?;
        let told = on_failure(session.connection(), id, error).await;
        session.settle();
        self.session = Some(session);
        told.map_err(|error| Error::database("say that the operation has failed", error))
    }

    /// How far replicas are behind, as far as the database tells.
    pub(crate) async fn replication_lag(&mut self) -> Result<Option<Duration>, Error> {
        let mut session = self.session().await?;
        let lag = DB::replication_lag(session.connection()).await;
        session.settle();
        self.session = Some(session);
        lag.map_err(|error| Error::database("read how far replicas are behind", error))
    }

    /// Turns the operation in one statement without a lock. `false` if it is not in the state `from`.
    pub(crate) async fn turn(
        &mut self,
        ledger_id: &str,
        from: ProgressState,
        turned: Turned<'_>,
    ) -> Result<bool, Error> {
        let mut session = self.session().await?;
        let turned = ledger::turn::<DB>(session.connection(), ledger_id, from, turned).await;
        let turned = turned.map_err(|error| self.complete(error))?;
        session.settle();
        self.session = Some(session);
        Ok(turned)
    }
}
