//! The database that seeds are applied to, or tried on.

use kumiko_seeds::Backend;
use sqlx::Pool;

use super::arguments::ApplyArguments;
use crate::database::{DatabaseUrl, Place, open, say_that_there_is_none};
use crate::failure::Failure;

impl ApplyArguments {
    /// Fails where the command would, as far as that can be known without connecting, and before anything is built.
    ///
    /// # Errors
    /// If the database ends with the command, or neither exists nor may be created.
    pub fn check_database(&self, url: &DatabaseUrl) -> Result<(), Failure> {
        match url.place()? {
            Place::Memory if !self.dry_run => {
                let failure = url.in_memory();
                Err(failure.help("or try the seeds there, with --dry-run"))
            }
            _ => Ok(()),
        }
    }

    /// Opens a database for what the arguments ask for: to apply seeds to it, or to try them and keep nothing, not
    /// even the database.
    pub(super) async fn open<DB: Backend>(&self, url: &DatabaseUrl) -> Result<Pool<DB>, Failure> {
        url.check_is_for::<DB>()?;
        self.check_database(url)?;
        if self.dry_run && url.place()? == Place::ToCreate {
            say_that_there_is_none(url);
            // What would be created is empty, and so is this.
            let in_memory = DatabaseUrl::read("sqlite::memory:", url.source())?;
            return open(&in_memory).await;
        }
        open(url).await
    }
}
