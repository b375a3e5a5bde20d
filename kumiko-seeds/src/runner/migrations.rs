//! Schema migrations before seeds.

use sqlx::migrate::{Migrate, Migrator};

use super::builder::SeedRunner;
use super::prepare::Prepare;
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
    pub fn migrations(mut self, migrator: &'static Migrator) -> Self {
        self.migrations_table.clone_from(&migrator.table_name);
        self.prepare = Some(migrations(migrator));
        self
    }

    /// Runs the app's schema migrations and its seeds in the order of their dates, so that a database of last year meets each
    /// seed with the schema that the seed was written for.
    ///
    /// Before a pending seed run the migrations up to its day, and those of that day. A seed that names one of that day or a later
    /// one in `AFTER_MIGRATION` gets those up to that one. The rest run after the last seed, at every start, whether or not a seed
    /// is pending: so an app does not run them itself. Where all are applied already nothing is different from
    /// [`SeedRunner::migrations`].
    ///
    /// All that come before one seed are one transaction, under the lock of seeds, and the seed is another. Whatever dies between
    /// two of them, the next start goes on there. Seeds that a flag skips, those that are left to
    /// [`SeedRunner::work`] and those for other environments are not waited for. `work` runs no migrations.
    ///
    /// # Errors
    /// A run fails with [`Error::MigrationWithoutDate`](crate::Error::MigrationWithoutDate) if a version is not written
    /// `YYYYMMDDHHMMSS`, before it does anything.
    #[must_use]
    pub fn migrations_interleaved(mut self, migrator: &'static Migrator) -> Self {
        let steps = migrator.iter();
        let steps = steps.filter(|step| !step.migration_type.is_down_migration());
        let versions = steps.map(|step| step.version).collect();
        self.migrations_table.clone_from(&migrator.table_name);
        self.prepare = Some(migrations(migrator).between_seeds(versions));
        self
    }
}

/// All migrations, before the first seed.
fn migrations<DB: Backend>(migrator: &'static Migrator) -> Prepare<DB>
where
    DB::Connection: Migrate,
{
    Prepare::at_once(move |connection, up_to| {
        // `run` takes anything that gives a connection, and no boxed future can hold that.
        Box::pin(async move { Ok(migrator.run_direct(Some(up_to), connection, false).await?) })
    })
}
