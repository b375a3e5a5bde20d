//! A second run of a seed, which is to change nothing.

use super::contents::Contents;
use super::database::TestDatabase;
use super::engine::Engine;
use super::error::Error;

impl<DB: Engine> TestDatabase<DB> {
    /// Checks that the applied seed `id` changes nothing when it runs a second time.
    ///
    /// That is not what a boot does: an applied seed has a marker and does not run again. This takes the marker away, as
    /// if it were lost or a person had removed it (`seed:unmark`), runs the seed on what it has made, and compares
    /// every row of every table with what was there before: events, read models, and all else. Only the table of
    /// operations is left out, for it has the new marker. Before that it runs the app's preparation again, which does happen
    /// at a boot, before any pending seed.
    ///
    /// Afterwards the seed is marked as applied.
    ///
    /// # Errors
    /// [`Error::SecondRunChanged`] or [`Error::PreparationChanged`] with the rows that differ. A second run that fails is
    /// rolled back and so changes nothing, but a boot would fail with it: [`Error::SecondRunFailed`]. A seed that is
    /// meant to refuse has a test that expects this.
    pub async fn check_second_run(&self, id: &str) -> Result<(), Error> {
        let seed = self.seed(id)?;
        let id = seed.id;
        let before = Contents::read(self.pool()).await?;
        self.prepare().await?;
        let prepared = Contents::read(self.pool()).await?;
        if let Some(difference) = before.difference(&prepared) {
            return Err(Error::PreparationChanged { difference });
        }
        let ran = self.run_again(seed).await;
        let after = Contents::read(self.pool()).await?;
        if let Some(difference) = prepared.difference(&after) {
            return Err(Error::SecondRunChanged { id, difference });
        }
        ran.map_err(|error| match error {
            Error::Apply { source } => Error::SecondRunFailed { id, source },
            error => error,
        })
    }
}
