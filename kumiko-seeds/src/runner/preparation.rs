//! The app's preparation of a database, without a seed after it.

use sqlx::Pool;

use super::app_code::prepare;
use super::builder::SeedRunner;
use super::prepare::{ALL, Prepare};
use crate::Error;
use crate::backend::Backend;
use crate::under_lock::{Kept, Turn, UnderLock, Work};

impl<DB: Backend> SeedRunner<DB> {
    /// Prepares a database as a run does before its first pending seed, and applies no seed: what
    /// [`SeedRunner::prepare`] was given runs in one transaction, under the lock. Without it, nothing happens.
    ///
    /// It runs whether or not a seed is pending: for tests of a seed, which want the app's tables first, and for an app
    /// that wants them at every start. Schema migrations that are to run between seeds all run at once here.
    ///
    /// # Errors
    /// [`Error::Prepare`] if the app's preparation fails; otherwise if the database cannot be reached or the lock is not
    /// to be had. What failed is rolled back.
    pub async fn run_preparation(&self, pool: &Pool<DB>) -> Result<(), Error> {
        let Some(preparation) = &self.prepare else {
            return Ok(());
        };
        let mut lock = UnderLock::new(pool, self.lock_timeout, &self.observer);
        let prepared = lock.complete_work(&mut Preparation(preparation)).await;
        lock.end().await;
        prepared
    }
}

struct Preparation<'r, DB: Backend>(&'r Prepare<DB>);

impl<DB: Backend> Work<DB> for Preparation<'_, DB> {
    async fn perform(&mut self, mut turn: Turn<'_, DB>) -> Result<Kept, Error> {
        prepare(self.0, ALL, &mut turn).await?;
        Ok(Kept::Changes)
    }
}
