//! A database of a test's own, and seeds applied to it.

use std::mem;
use std::thread;

use kumiko_seeds::{Environment, Report, Seed, SeedRunner, Selection, SkipFlags};
use sqlx::Pool;
use tokio::sync::Mutex;
#[cfg(feature = "events")]
use tokio::sync::MutexGuard;

use super::applied_seed::AppliedSeed;
use super::database_name::DatabaseName;
use super::engine::Engine;
use super::error::Error;
use super::test_failure::failures_in_this_thread;

/// A database of a test's own, prepared for the app, with seeds that are applied when the test says so.
///
/// It goes when the test has passed. When the test fails, by a panic or by returning a
/// [`TestFailure`](crate::TestFailure), the database stays for a look, the test's output says where, and the next run of
/// the same test removes it.
pub struct TestDatabase<DB: Engine> {
    pool: Pool<DB>,
    /// In a lock, because a selection is a part of it.
    runner: Mutex<SeedRunner<DB>>,
    seeds: &'static [Seed<DB>],
    /// None once it is gone.
    place: Option<DB::Place>,
    failures_before: usize,
}

impl<DB: Engine> TestDatabase<DB> {
    /// Creates a database and prepares it as the app does before its first seed
    /// ([`SeedRunner::prepare`], or migrations). No seed is applied.
    ///
    /// Variables that skip seeds (`KUMIKO_SKIP_ES_OPS…`) mean nothing here.
    ///
    /// # Errors
    /// [`Error::NoServer`] where there is no PostgreSQL server, [`Error::Prepare`] if the preparation fails; otherwise if
    /// the database cannot be created.
    pub async fn new(seeds: SeedRunner<DB>) -> Result<Self, Error> {
        let failures_before = failures_in_this_thread();
        let (pool, place) = DB::create(&DatabaseName::of_this_test()).await?;
        // Small steps, so that a test of a few items sees what happens between two of them.
        let runner = seeds.skip_flags(SkipFlags::default()).step_size(1..=2);
        let database = Self {
            pool,
            seeds: runner.seeds(),
            runner: Mutex::new(runner),
            place: Some(place),
            failures_before,
        };
        database.prepare().await?;
        Ok(database)
    }

    /// The pool of the database, for queries of the test's own.
    #[must_use]
    pub fn pool(&self) -> &Pool<DB> {
        &self.pool
    }

    /// Applies all seeds that come before the seed `id`, as the app would have done before there was that seed. Where it is for some
    /// environments alone, that is in the first of them, and else where none is set, whatever `KUMIKO_ENVIRONMENT` says.
    ///
    /// # Errors
    /// [`Error::UnknownSeed`] if there is no such seed, and [`Error::Apply`] if one before it fails.
    pub async fn given_seeds_before(&self, id: &str) -> Result<(), Error> {
        let seed = self.seed(id)?;
        let environment = seed.environments.first().copied();
        let runs = |earlier: &&Seed<DB>| {
            let environments = earlier.environments;
            environments.is_empty() || environment.is_some_and(|name| environments.contains(&name))
        };
        let earlier = self.seeds.iter().filter(|earlier| earlier.id < seed.id);
        let Some(last) = earlier.filter(runs).map(|earlier| earlier.id).max() else {
            return Ok(());
        };
        let environment = environment.map_or(Environment::Unset, Environment::from);
        let up_to = Selection::UpTo(last.to_owned());
        self.run(up_to, environment).await.map(drop)
    }

    /// Applies the seed `id` alone, whatever others are pending and whichever environments it is for, and gives what it did.
    ///
    /// # Errors
    /// [`Error::UnknownSeed`] if there is no such seed, with those that there are; [`Error::Apply`] if it fails, with all
    /// causes; [`Error::AlreadyApplied`] if it is applied.
    pub async fn apply(&self, id: &str) -> Result<AppliedSeed, Error> {
        let id = self.seed(id)?.id;
        #[cfg(feature = "events")]
        let last = self.last_event().await?;
        let alone = Selection::OnlyOutOfOrder(id.to_owned());
        let report = self.run(alone, Environment::Every).await?;
        let applied = report.applied.first();
        let applied = applied.ok_or(Error::AlreadyApplied { id })?;
        Ok(AppliedSeed {
            id,
            duration: applied.duration,
            #[cfg(feature = "events")]
            events: self.events_after(last).await?,
        })
    }

    /// The app's runner, which nobody else uses meanwhile.
    #[cfg(feature = "events")]
    pub(crate) async fn runner(&self) -> MutexGuard<'_, SeedRunner<DB>> {
        self.runner.lock().await
    }

    /// Runs the app's preparation.
    pub(crate) async fn prepare(&self) -> Result<(), Error> {
        let runner = self.runner.lock().await;
        let prepared = runner.run_preparation(&self.pool).await;
        prepared.map_err(|source| Error::Prepare { source })
    }

    /// Runs the applied seed once more, without its marker. Afterwards it has one, whatever came of that.
    pub(crate) async fn run_again(&self, seed: &Seed<DB>) -> Result<(), Error> {
        let ledger = self.runner.lock().await.ledger(&self.pool);
        let unmarked = ledger.unmark(seed.id).await;
        unmarked.map_err(|error| match error {
            kumiko_seeds::Error::NotApplied { .. } => Error::NotApplied { id: seed.id },
            source => Error::Ledger { source },
        })?;
        let alone = Selection::OnlyOutOfOrder(seed.id.to_owned());
        let ran = self.run(alone, Environment::Every).await;
        if ran.is_err() {
            let marked = ledger.mark(seed.info()).await;
            marked.map_err(|source| Error::Ledger { source })?;
        }
        ran.map(drop)
    }

    /// The seed of this id.
    pub(crate) fn seed(&self, id: &str) -> Result<&'static Seed<DB>, Error> {
        let seed = self.seeds.iter().find(|seed| seed.id == id);
        seed.ok_or_else(|| {
            let mut seeds: Vec<_> = self.seeds.iter().map(|seed| seed.id).collect();
            seeds.sort_unstable();
            Error::UnknownSeed {
                id: id.to_owned(),
                seeds,
            }
        })
    }

    async fn run(&self, selection: Selection, environment: Environment) -> Result<Report, Error> {
        let mut runner = self.runner.lock().await;
        *runner = mem::replace(&mut *runner, SeedRunner::new(&[]))
            .select(selection)
            .environment(environment);
        let applied = runner.apply(&self.pool).await;
        applied.map_err(|source| Error::Apply { source })
    }
}

impl<DB: Engine> Drop for TestDatabase<DB> {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else {
            return;
        };
        if thread::panicking() || failures_in_this_thread() > self.failures_before {
            eprintln!("note: {}", DB::shown(&place));
            return;
        }
        let shown = DB::shown(&place);
        let pool = self.pool.clone();
        // The runtime of the test waits for this, so it can do nothing itself.
        let removing = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = runtime.map_err(|source| Error::File {
                step: "start a runtime".to_owned(),
                source,
            })?;
            runtime.block_on(DB::remove(pool, place))
        });
        if let Ok(Err(error)) = removing.join() {
            eprintln!("warning: {error:?}\n{shown}");
        }
    }
}
