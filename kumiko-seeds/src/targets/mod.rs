//! Many databases in which the same is done: one for each tenant, as a file or as a schema of PostgreSQL.

mod each;
mod schemas;
mod target;

pub use each::{OpenTarget, TargetOutcome, TargetWork};
pub use target::Target;

use crate::backend::Backend;

/// How many targets are worked on at once where nobody says.
const PARALLEL: usize = 4;

/// Many databases in which the same is done, for [`SeedRunner::apply_each`](crate::SeedRunner::apply_each).
///
/// ```
/// # #[cfg(feature = "postgres")]
/// # async fn example(
/// #     runner: kumiko_seeds::postgres::SeedRunner,
/// #     options: sqlx::postgres::PgConnectOptions,
/// # ) -> Result<(), kumiko_seeds::Error> {
/// use kumiko_seeds::Targets;
///
/// let tenants = Targets::schemas(&options, "tenant_%").await?.parallel(8);
/// for outcome in runner.apply_each(&tenants).await {
///     println!("{}: {:?}", outcome.name, outcome.result);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Targets<DB: Backend> {
    all: Vec<Target<DB>>,
    canary: Option<usize>,
    parallel: usize,
}

impl<DB: Backend> Targets<DB> {
    /// These targets, of which the first is the canary.
    #[must_use]
    pub fn new(targets: impl IntoIterator<Item = Target<DB>>) -> Self {
        Self {
            all: targets.into_iter().collect(),
            canary: Some(0),
            parallel: PARALLEL,
        }
    }

    /// Makes the target of this name the canary, which comes before all others: if it fails, none of them is touched. The
    /// default is the first target. `None` if there is no target of this name.
    #[must_use]
    pub fn canary(self, name: &str) -> Option<Self> {
        let canary = self.names().position(|target| target == name)?;
        Some(Self {
            canary: Some(canary),
            ..self
        })
    }

    /// Leaves the canary out, where nothing can go wrong: all targets are equal.
    #[must_use]
    pub fn without_canary(self) -> Self {
        Self {
            canary: None,
            ..self
        }
    }

    /// How many targets are worked on at once, and so how many connections there are at most. The default is 4, and 0 counts as 1.
    #[must_use]
    pub fn parallel(self, parallel: usize) -> Self {
        let parallel = parallel.max(1);
        Self { parallel, ..self }
    }

    /// The names of the targets, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(Target::name)
    }
}
