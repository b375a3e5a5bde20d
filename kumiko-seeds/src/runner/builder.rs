//! The seeds of an app with all they need.

use std::any::Any;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::Pool;

use super::prepare::Prepare;
use super::step_size;
use crate::app_values::AppValues;
use crate::backend::Backend;
use crate::error::PreflightProblem;
use crate::observer::Observer;
use crate::under_lock::{IsNew, LOCK_TIMEOUT, OnFailure};
use crate::{
    App, AppliedBy, Environment, Error, Ledger, Pace, Progress, Seed, SeedInfo, Selection,
    SkipFlags,
};

/// The seeds of an app with all they need, ready to be applied. A clone shares what the app has handed over.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # async fn example(pool: sqlx::SqlitePool) -> Result<(), Box<kumiko_seeds::ApplyError>> {
/// # static SEEDS: &[kumiko_seeds::sqlite::Seed] = &[];
/// use kumiko_seeds::sqlite::SeedRunner;
///
/// let report = SeedRunner::new(SEEDS).apply(&pool).await?;
/// for seed in &report.applied {
///     println!("{} in {:?}", seed.id, seed.duration);
/// }
/// # Ok(())
/// # }
/// ```
pub struct SeedRunner<DB: Backend> {
    pub(super) seeds: &'static [Seed<DB>],
    /// What layers above the core have to do, in steps as seeds have them.
    pub(super) operations: Vec<&'static Seed<DB>>,
    pub(super) is_new: Option<IsNew<DB>>,
    pub(super) baseline_contains_retired: bool,
    pub(super) on_failure: Option<OnFailure<DB>>,
    pub(super) app: App,
    pub(super) values: AppValues,
    pub(super) preflights: Vec<Preflight<DB>>,
    pub(super) preflights_of_app: Vec<PreflightOfApp>,
    pub(super) prepare: Option<Prepare<DB>>,
    pub(super) migrations_table: Cow<'static, str>,
    pub(super) observer: Observer,
    pub(super) skip_flags: Option<SkipFlags>,
    pub(super) environment: Option<Environment>,
    pub(super) selection: Selection,
    pub(super) applied_by: AppliedBy,
    pub(super) lock_timeout: Duration,
    pub(super) step_time: Duration,
    pub(super) step_size: RangeInclusive<u32>,
    pub(super) pace: Pace,
    pub(super) when_paused: WhenPaused,
}

/// What [`SeedRunner::work`] does about a seed that is paused when there is nothing else to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenPaused {
    /// It waits until the seed is resumed: for an app, which lives as long.
    #[default]
    Waits,
    /// It leaves the seed: for a command that somebody waits for.
    Leaves,
}

/// Finds calls in a pending seed that are known to fail.
type Preflight<DB> = Arc<dyn Fn(&AppValues, &Seed<DB>) -> Vec<PreflightProblem> + Send + Sync>;

/// Finds what is wrong with what the app has handed over.
type PreflightOfApp = Arc<dyn Fn(&AppValues) -> Vec<String> + Send + Sync>;

impl<DB: Backend> SeedRunner<DB> {
    /// A runner for `seeds`, which [`include_seeds!`](crate::include_seeds) gives, in any order.
    #[must_use]
    pub fn new(seeds: &'static [Seed<DB>]) -> Self {
        Self {
            seeds,
            operations: Vec::new(),
            is_new: None,
            baseline_contains_retired: false,
            on_failure: None,
            app: App::default(),
            values: AppValues::default(),
            preflights: Vec::new(),
            preflights_of_app: Vec::new(),
            prepare: None,
            migrations_table: Cow::Borrowed("_sqlx_migrations"),
            observer: Observer::default(),
            skip_flags: None,
            environment: None,
            selection: Selection::default(),
            applied_by: AppliedBy::default(),
            lock_timeout: LOCK_TIMEOUT,
            step_time: DB::STEP_TIME,
            step_size: step_size::BOUNDS,
            pace: Pace::default(),
            when_paused: WhenPaused::default(),
        }
    }

    /// The name of the app, by which its seeds are its own in a database that it shares with other apps: letters `a-z`,
    /// digits and `-`. Say it in `Cargo.toml`, too, so that commands that compile nothing know it:
    ///
    /// ```toml
    /// [package.metadata.kumiko-ops]
    /// app = "billing"
    /// ```
    ///
    /// The default is no name. An app that takes a name later keeps its seeds: one with a marker without the name counts
    /// as applied if its source is the same. If that is another or not known, a run refuses with
    /// [`Error::Contested`](crate::Error::Contested), for the marker may be another app's.
    #[must_use]
    pub fn app(mut self, name: impl Into<String>) -> Self {
        self.app = App::named(name);
        self
    }

    /// Hands a value to the seeds, which find it by its type with
    /// [`SeedContext::app`](crate::SeedContext::app): configuration, a key, a client. A second value
    /// of a type replaces the first.
    #[must_use]
    pub fn with<T: Any + Send + Sync>(mut self, value: T) -> Self {
        self.values.insert(value);
        self
    }

    /// What to do before the first pending seed: usually the app's schema migrations. With the feature
    /// `migrate`, `SeedRunner::migrations` takes those of sqlx.
    ///
    /// It runs in a transaction of its own, under the lock of seeds, so that replicas that boot at once
    /// run it one after another. It runs only if a seed or the rebuild of a projection is pending, may run again, and so has to be
    /// idempotent.
    #[must_use]
    pub fn prepare<F>(mut self, prepare: F) -> Self
    where
        F: for<'a> Fn(
                &'a mut DB::Connection,
            ) -> BoxFuture<'a, Result<(), Box<dyn StdError + Send + Sync>>>
            + Send
            + Sync
            + 'static,
    {
        self.prepare = Some(Prepare::at_once(move |connection, _| prepare(connection)));
        self
    }

    /// The table in which sqlx notes the app's schema migrations, where `sqlx.toml` gives it another name. A seed that says
    /// `AFTER_MIGRATION` is looked up there. The default is `_sqlx_migrations`, or what the migrations say that the runner got.
    #[must_use]
    pub fn migrations_table(mut self, table: impl Into<Cow<'static, str>>) -> Self {
        self.migrations_table = table.into();
        self
    }

    /// Adds a check of every pending seed before the first write of a run, and of all seeds in
    /// [`SeedRunner::verify`]. If it finds calls that are known to fail, the run does not begin.
    ///
    /// It is for layers above the core, and gets what the app handed over, their own values among it.
    #[must_use]
    pub fn preflight<F>(mut self, check: F) -> Self
    where
        F: Fn(&AppValues, &Seed<DB>) -> Vec<PreflightProblem> + Send + Sync + 'static,
    {
        self.preflights.push(Arc::new(check));
        self
    }

    /// Adds an operation of a layer above the core, which is pending, done and shown as a seed of many steps is. Its id begins with a type
    /// of operations, `projection-rebuild` or `aggregate-rebuild`, and a `/`.
    ///
    /// It is kept for as long as the program runs, as seeds are. Apps have no need of this.
    #[must_use]
    pub fn operation(mut self, operation: Seed<DB>) -> Self {
        self.operations.push(Box::leak(Box::new(operation)));
        self
    }

    /// Says that what retired seeds did is in the app's baseline: the schema and the data with which a new database begins.
    /// A run records them as applied there, and says so in the notes of their markers, before it applies anything. The default is that
    /// it refuses a new database as any other that has not applied them, with [`Error::Retired`](crate::Error::Retired).
    ///
    /// New is a database that has no marker of the app and no seed under way, and no event if the app has the write side. An app
    /// without it has nothing but its markers to tell: a database that is older than the app's first seed counts as new.
    #[must_use]
    pub fn baseline_contains_retired(mut self) -> Self {
        self.baseline_contains_retired = true;
        self
    }

    /// Has a run record operations as done where the database is so new that they have nothing to do, which `is_new` says. It must not
    /// fail because a table is missing, since that ends a transaction on PostgreSQL.
    #[must_use]
    pub fn recorded_if(mut self, is_new: IsNew<DB>) -> Self {
        self.is_new = Some(is_new);
        self
    }

    /// Calls this when an operation has failed for good, after that is written down. An error of it is logged.
    #[must_use]
    pub fn on_failure(mut self, on_failure: OnFailure<DB>) -> Self {
        self.on_failure = Some(on_failure);
        self
    }

    /// The same without seeds, and with these operations in place of others.
    #[must_use]
    pub fn with_operations_alone(mut self, operations: Vec<Seed<DB>>) -> Self {
        self.seeds = &[];
        self.operations.clear();
        operations.into_iter().fold(self, Self::operation)
    }

    /// What was handed over with [`SeedRunner::with`], if something of this type was.
    #[must_use]
    pub fn value<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.values.get()
    }

    /// Adds a check of what the app has handed over, before the first write of a run, and in [`SeedRunner::verify`]. Each text it
    /// gives is a problem that stops the run, in a sentence that says what to do.
    ///
    /// It is for layers above the core, as [`SeedRunner::preflight`] is, for what belongs to no seed.
    #[must_use]
    pub fn preflight_app<F>(mut self, check: F) -> Self
    where
        F: Fn(&AppValues) -> Vec<String> + Send + Sync + 'static,
    {
        self.preflights_of_app.push(Arc::new(check));
        self
    }

    /// Calls `observer` with each step as it happens. It runs in the middle of the work, so it has
    /// to be quick. `tracing` events are written in any case.
    ///
    /// Where there is neither an observer nor a subscriber that takes warnings, a run that waits for the lock says so
    /// on stderr, once, after five seconds. Nothing else is ever printed.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(Progress<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Observer::new(observer);
        self
    }

    /// Uses these flags rather than the environment's.
    #[must_use]
    pub fn skip_flags(mut self, flags: SkipFlags) -> Self {
        self.skip_flags = Some(flags);
        self
    }

    /// Says in which environment this is, so that seeds that are for some environments alone run in those alone. What is said here
    /// comes before the variable `KUMIKO_ENVIRONMENT`.
    ///
    /// The default is that variable. Where that is not set either, such seeds do not run. If the app declares its environments, a
    /// run in another is refused with [`Error::UnknownEnvironment`](crate::Error::UnknownEnvironment).
    #[must_use]
    pub fn environment(mut self, environment: impl Into<Environment>) -> Self {
        self.environment = Some(environment.into());
        self
    }

    /// Applies only some of what is pending. The default is [`Selection::All`].
    #[must_use]
    pub fn select(mut self, selection: Selection) -> Self {
        self.selection = selection;
        self
    }

    /// What to store as `applied_by`. The default is [`AppliedBy::Boot`].
    #[must_use]
    pub fn applied_by(mut self, applied_by: AppliedBy) -> Self {
        self.applied_by = applied_by;
        self
    }

    /// How long to wait for another process that holds the lock, counted from the last progress it
    /// made. The default is five minutes; it should be longer than the longest seed.
    #[must_use]
    pub fn lock_timeout(mut self, lock_timeout: Duration) -> Self {
        self.lock_timeout = lock_timeout;
        self
    }

    /// How long a step of a seed of many steps should take: each asks for as many items as the ones before took so
    /// long for, within [`SeedRunner::step_size`]. While a step runs, others wait for the rows that it has written, and on SQLite for the whole file. So
    /// the default is half a second on PostgreSQL, and a tenth on SQLite.
    #[must_use]
    pub fn step_time(mut self, step_time: Duration) -> Self {
        self.step_time = step_time;
        self
    }

    /// How few and how many items a step of a seed of many steps may ask for. The default is 1 to 10,000. The first asks for 100,
    /// or for what is nearest to that.
    #[must_use]
    pub fn step_size(mut self, bounds: RangeInclusive<u32>) -> Self {
        self.step_size = bounds;
        self
    }

    /// What [`SeedRunner::work`] does about a seed that is paused. The default is [`WhenPaused::Waits`].
    #[must_use]
    pub fn when_paused(mut self, when_paused: WhenPaused) -> Self {
        self.when_paused = when_paused;
        self
    }

    /// How much of the machine the steps of seeds may take.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Whose seeds these are.
    #[must_use]
    pub fn whose(&self) -> &App {
        &self.app
    }

    /// The environment in which a run would be that started now.
    #[must_use]
    pub fn runs_in(&self) -> Environment {
        let environment = self.environment.clone();
        environment.unwrap_or_else(Environment::from_variable)
    }

    /// Fails if the runner cannot run because of what the app has said of itself: its name, where it runs.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.app.check()?;
        if let Some(prepare) = &self.prepare {
            prepare.check()?;
        }
        self.runs_in().check(self.infos())
    }

    /// The skip flags that count.
    pub(super) fn flags(&self) -> SkipFlags {
        let flags = self.skip_flags.clone();
        flags.unwrap_or_else(SkipFlags::from_environment)
    }

    /// What is known to go wrong with `seeds`: first what the app has handed over, then calls in them.
    pub(super) fn problems_of(
        &self,
        seeds: impl IntoIterator<Item = &'static Seed<DB>>,
    ) -> Vec<PreflightProblem> {
        let of_app = self.preflights_of_app.iter();
        let of_app = of_app.flat_map(|check| check(&self.values));
        let of_app = of_app.map(PreflightProblem::of_app);
        let of_seeds = seeds.into_iter().flat_map(|seed| {
            let checks = self.preflights.iter();
            checks.flat_map(|check| check(&self.values, seed))
        });
        let mut problems = Vec::new();
        for problem in of_app.chain(of_seeds) {
            // A check that is added twice finds the same twice.
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        problems
    }

    /// The seeds, and then the other operations.
    pub(super) fn all(&self) -> impl Iterator<Item = &'static Seed<DB>> {
        self.seeds.iter().chain(self.operations.iter().copied())
    }

    /// The operations that are no seeds: the rebuilds of projections.
    pub fn operations(&self) -> impl Iterator<Item = &'static Seed<DB>> {
        self.operations.iter().copied()
    }

    /// What is known of each seed and each other operation without running it.
    pub fn infos(&self) -> impl Iterator<Item = SeedInfo<'static>> {
        self.all().map(Seed::info)
    }

    /// The seeds, as given.
    #[must_use]
    pub fn seeds(&self) -> &'static [Seed<DB>] {
        self.seeds
    }

    /// The ledger of a database, for the seeds of this app.
    #[must_use]
    pub fn ledger(&self, pool: &Pool<DB>) -> Ledger<DB> {
        Ledger::new(pool)
            .app(self.app.clone())
            .applied_by(self.applied_by)
            .lock_timeout(self.lock_timeout)
    }

    /// Checks every seed as a run checks the pending ones before its first write, without a database.
    #[must_use]
    pub fn verify(&self) -> Vec<PreflightProblem> {
        if self.preflights.is_empty() {
            // Without handlers there is nothing to check calls against, and every call fails.
            let calls = |seed: &'static Seed<DB>| {
                seed.handler_calls.iter().map(move |call| {
                    let handler = call.handler;
                    let message = format!("{handler:?} is called, but the runner has no handlers");
                    seed.problem(call.line, message)
                })
            };
            return self.seeds.iter().flat_map(calls).collect();
        }
        self.problems_of(self.seeds)
    }
}

impl<DB: Backend> fmt::Debug for SeedRunner<DB> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SeedRunner")
            .field("seeds", &self.seeds)
            .field("app", &self.app)
            .field("applied_by", &self.applied_by)
            .field("lock_timeout", &self.lock_timeout)
            .finish_non_exhaustive()
    }
}
