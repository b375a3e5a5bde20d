//! Schema migrations before seeds.

use sqlx::migrate::{Migrate, Migrator};

use super::builder::SeedRunner;
use crate::backend::Backend;

impl<DB: Backend> SeedRunner<DB>
where
    DB::Connection: Migrate,
{
    /// Runs the app's schema migrations before the first pending seed, as [`SeedRunner::prepare`] does
    /// whatever it is given: in one transaction, under the lock, and only if a seed is pending.
    ///
    /// An app that wants its migrations at every start runs them itself before it applies; running them
    /// here as well lets its ops binary work on an empty database. A migration that cannot run in a
    /// transaction, such as one that creates an index concurrently, cannot run here.
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")]
    /// # fn example() -> kumiko_seeds::sqlite::SeedRunner {
    /// # static SEEDS: &[kumiko_seeds::sqlite::Seed] = &[];
    /// # const _: &str = stringify!(
    /// static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();
    /// # );
    /// # static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate::Migrator::DEFAULT;
    /// kumiko_seeds::sqlite::SeedRunner::new(SEEDS).migrations(&MIGRATIONS)
    /// # }
    /// ```
    #[must_use]
    pub fn migrations(self, migrator: &'static Migrator) -> Self {
        self.prepare(move |connection| {
            // `run` takes anything that gives a connection, and no boxed future can hold that.
            Box::pin(async move { Ok(migrator.run_direct(None, connection, false).await?) })
        })
    }
}
