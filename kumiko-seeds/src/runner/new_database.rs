//! Operations that have nothing to do, because the database is new.

use super::builder::SeedRunner;
use crate::backend::{Backend, Hands};
use crate::ledger::{self, NewMarker, Sought, Table};
use crate::under_lock::{IsNew, Kept, Turn, Work};
use crate::{Error, Seed};

/// Records operations as done in a database that is new.
pub(super) struct NewDatabase<'r, DB: Backend> {
    pub(super) runner: &'r SeedRunner<DB>,
    pub(super) operations: Vec<&'static Seed<DB>>,
    pub(super) is_new: IsNew<DB>,
}

impl<DB: Backend> Work<DB> for NewDatabase<'_, DB> {
    async fn perform(&mut self, mut turn: Turn<'_, DB>) -> Result<Kept, Error> {
        let is_new = (self.is_new)(turn.connection).await;
        let is_new = is_new
            .map_err(|error| Error::database("find out whether the database is new", error))?;
        if !is_new {
            // Another replica was quicker.
            return Ok(Kept::Nothing);
        }
        if turn.tables.operations == Table::MayBeMissing {
            ledger::create::<DB>(turn.connection).await?;
        }
        for operation in &self.operations {
            let info = operation.info();
            let sought = Sought::seed(&self.runner.app, &info).marker_alone();
            let applied_at = sought.check::<DB>(turn.connection, *turn.tables).await?;
            if applied_at.is_some() {
                continue;
            }
            let applied_by = self.runner.applied_by;
            let marker = NewMarker::new(&self.runner.app, info, turn.since(), applied_by);
            let recorded = turn.record(Hands::Library, &[marker.insert()]).await;
            recorded.map_err(|error| ledger::fault::<DB>("write the marker", error))?;
        }
        Ok(Kept::Changes)
    }
}
