//! What there is nothing to do for, because the database is new: operations, and retired seeds that its baseline contains.

use super::builder::SeedRunner;
use crate::backend::{Backend, Hands};
use crate::ledger::{self, NewMarker, Sought, Table};
use crate::under_lock::{IsNew, Kept, Turn, Work};
use crate::{Error, Seed};

const IN_BASELINE: &str = "retired and not run, since the baseline of a new database contains it";

/// Records seeds and operations as done in a database that is new.
pub(super) struct NewDatabase<'r, DB: Backend> {
    pub(super) runner: &'r SeedRunner<DB>,
    pub(super) seeds: Vec<&'static Seed<DB>>,
    /// Finds out whether it still is, where that can be.
    pub(super) is_new: Option<IsNew<DB>>,
}

impl<DB: Backend> Work<DB> for NewDatabase<'_, DB> {
    async fn perform(&mut self, mut turn: Turn<'_, DB>) -> Result<Kept, Error> {
        if let Some(is_new) = self.is_new {
            let is_new = is_new(turn.connection).await;
            let is_new = is_new
                .map_err(|error| Error::database("find out whether the database is new", error))?;
            if !is_new {
                // Another replica was quicker.
                return Ok(Kept::Nothing);
            }
        }
        if turn.tables.operations == Table::MayBeMissing {
            ledger::create::<DB>(turn.connection).await?;
        }
        for seed in &self.seeds {
            let info = seed.info();
            let sought = Sought::seed(&self.runner.app, &info);
            let sought = if seed.is_operation() {
                sought.marker_alone()
            } else {
                sought
            };
            let applied_at = sought.check::<DB>(turn.connection, *turn.tables).await?;
            if applied_at.is_some() {
                continue;
            }
            let applied_by = self.runner.applied_by;
            let marker = NewMarker::new(&self.runner.app, info, turn.since(), applied_by);
            let marker = match seed.release_of_retired() {
                Some(_) => marker.noting(IN_BASELINE),
                None => marker,
            };
            let recorded = turn.record(Hands::Library, &[marker.insert()]).await;
            recorded.map_err(|error| ledger::fault::<DB>("write the marker", error))?;
        }
        Ok(Kept::Changes)
    }
}
