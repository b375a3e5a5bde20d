//! One seed, as the build library compiles it into an app.

use std::error::Error;
use std::fmt;

use crate::backend::Backend;
use crate::operation_type::OperationType;
use crate::{BatchResult, CountResult, PreflightProblem, SeedContext, SeedPlace};
use futures_util::future::BoxFuture;

/// What a seed's `run` returns: nothing, or any error, which rolls the seed back and stops the run.
pub type SeedResult = Result<(), Box<dyn Error + Send + Sync>>;

/// The `run` of a seed, boxed so that seeds of one database share a type.
pub type RunSeed<DB> = for<'a, 'c> fn(&'a mut SeedContext<'c, DB>) -> BoxFuture<'a, SeedResult>;

/// The `batch` of a seed, boxed. Cursors are JSON here, since those of two seeds are of two types.
pub type RunBatch<DB> = for<'a, 'c> fn(
    &'a mut SeedContext<'c, DB>,
    Option<&'a str>,
    u32,
) -> BoxFuture<'a, BatchResult<String>>;

/// The `count` of a seed, boxed.
pub type CountItems<DB> = for<'a, 'c> fn(&'a mut SeedContext<'c, DB>) -> BoxFuture<'a, CountResult>;

/// What makes the change of a seed.
pub enum SeedCode<DB: Backend> {
    /// All of it in one transaction.
    Run(RunSeed<DB>),
    /// A step at a time, each a transaction.
    Batch {
        /// How many items there are, if the seed can tell.
        count: Option<CountItems<DB>>,
        /// Works on up to so many items after the cursor.
        batch: RunBatch<DB>,
    },
    /// Nothing any more: the seed is retired. Where it is not applied, a run is refused, unless another seed replaces it.
    Retired {
        /// The last release that had it.
        release: &'static str,
    },
}

/// One change to the data of an app, compiled in and made once per database.
///
/// `kumiko-seeds-build` writes these from the files in `seeds/`; see [`include_seeds!`]. They can be
/// written by hand, in a test for example, and then the rules below are the writer's to keep.
///
/// [`include_seeds!`]: crate::include_seeds
pub struct Seed<DB: Backend> {
    /// The file stem, `YYYY-MM-DD-<slug>`. Seeds run in byte order of their ids, and an id is what
    /// makes a seed known to a database: under a new id it is a new seed.
    pub id: &'static str,
    /// The file it was compiled from, as messages show it: relative to its package, `seeds/<id>.rs`. A seed
    /// that is written by hand says `file!()`.
    pub file: &'static str,
    /// What the seed does, in a sentence. Stored in the marker's `notes`.
    pub description: &'static str,
    /// Whether [`Seed::skip_flag`] has an effect.
    pub skippable: bool,
    /// The environment variable that skips this seed when it is `1`:
    /// `KUMIKO_SKIP_ES_OPS_2026_05_20_FIX_ADMIN_ROLES`.
    pub skip_flag: &'static str,
    /// The hash of its code and of what that includes, without comments and layout: `tokens:` and 16 hexadecimal digits.
    pub source_hash: &'static str,
    /// FNV-1a 64 of the source file with line ends as `\n`, in hexadecimal; empty if there is no such file. A marker may
    /// have it in place of the hash of the code.
    pub text_hash: &'static str,
    /// The calls of write handlers by literal name that the source contains.
    pub handler_calls: &'static [HandlerCall],
    /// Whether it is left out of the boot, and done by [`SeedRunner::work`](crate::SeedRunner::work).
    pub background: bool,
    /// The ids of the seeds that have to be applied before it begins. Each sorts before it.
    pub after: &'static [&'static str],
    /// The ids of the retired seeds in whose place it is: where none of them is applied it runs, and where all are it is recorded
    /// without running. Each is one of the same runner and sorts before it, and it is of one transaction.
    pub replaces: &'static [&'static str],
    /// The environments in which it runs. Everywhere if there are none.
    pub environments: &'static [&'static str],
    /// The environments that its package declares, so that a run in any other is refused. None if it declares none.
    pub known_environments: &'static [&'static str],
    /// Why it is in order though seeds with later dates are applied, if it is.
    pub out_of_order: Option<&'static str>,
    /// The version of the schema migration that has to be applied before it runs, if it waits for one.
    pub after_migration: Option<i64>,
    /// Makes the change.
    pub code: SeedCode<DB>,
}

impl<DB: Backend> Seed<DB> {
    /// A seed that is written by hand, in a test for example: as one of a file that says nothing beside its description. It
    /// has no hash, so no edit of it is noticed.
    ///
    /// More is said with `Seed { background: true, ..Seed::by_hand(id, description, code) }`.
    #[must_use]
    pub const fn by_hand(id: &'static str, description: &'static str, code: SeedCode<DB>) -> Self {
        Self {
            id,
            file: "",
            description,
            skippable: false,
            skip_flag: "",
            source_hash: "",
            text_hash: "",
            handler_calls: &[],
            background: false,
            after: &[],
            replaces: &[],
            environments: &[],
            known_environments: &[],
            out_of_order: None,
            after_migration: None,
            code,
        }
    }

    /// Whether it is no seed but another operation, which says its type in its id.
    pub(crate) fn is_operation(&self) -> bool {
        is_operation(self.id)
    }

    /// The last release that had it, if it is retired.
    pub(crate) fn release_of_retired(&self) -> Option<&'static str> {
        match self.code {
            SeedCode::Retired { release } => Some(release),
            SeedCode::Run(_) | SeedCode::Batch { .. } => None,
        }
    }

    /// A call in `line` of the seed's file, counted from 1, that is known to fail; for
    /// [`SeedRunner::preflight`](crate::SeedRunner::preflight).
    pub fn problem(&self, line: u32, message: impl Into<String>) -> PreflightProblem {
        let (seed, file) = (self.id, self.file);
        PreflightProblem::of_seed(SeedPlace { seed, file, line }, message.into())
    }
}

/// Whether `id` is that of another operation than a seed.
pub(crate) fn is_operation(id: &str) -> bool {
    OperationType::of_marker(id) != OperationType::SeedMigration
}

// By hand, because deriving would ask for a `DB` that is `Copy`.
impl<DB: Backend> Copy for SeedCode<DB> {}

impl<DB: Backend> Clone for SeedCode<DB> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<DB: Backend> Copy for Seed<DB> {}

impl<DB: Backend> Clone for Seed<DB> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<DB: Backend> fmt::Debug for Seed<DB> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Seed")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A call of a write handler found in the source of a seed, so that a name nobody registered is
/// known before the first write rather than in the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandlerCall {
    /// The qualified name, as written.
    pub handler: &'static str,
    /// The roles given with `with_roles`; `None` where they are not literals.
    pub roles: Option<&'static [&'static str]>,
    /// The line of the call in the seed's file, counted from 1.
    pub line: u32,
}

/// What is known of a seed without compiling it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeedInfo<'a> {
    /// The file stem.
    pub id: &'a str,
    /// What the seed does.
    pub description: &'a str,
    /// The environment variable that skips it; none if it does not say `SKIPPABLE`.
    pub skip_flag: Option<&'a str>,
    /// The hash of its code, by which a later edit is noticed; none if it is not known.
    pub source_hash: Option<&'a str>,
    /// The hash of the text of its file, which a marker may have in its place; none if it is not known.
    pub text_hash: Option<&'a str>,
    /// Whether it is left out of the boot.
    pub background: bool,
    /// The ids of the seeds that have to be applied before it begins.
    pub after: Vec<&'a str>,
    /// The ids of the retired seeds in whose place it is.
    pub replaces: Vec<&'a str>,
    /// The last release that had it, if it is retired.
    pub retired: Option<&'a str>,
    /// The environments in which it runs. Everywhere if there are none.
    pub environments: Vec<&'a str>,
    /// The environments that its package declares, if it does.
    pub known_environments: Vec<&'a str>,
    /// Why it is in order though seeds with later dates are applied, if it is.
    pub out_of_order: Option<&'a str>,
}

impl<'a> SeedInfo<'a> {
    /// A seed that no flag skips.
    #[must_use]
    pub fn new(id: &'a str, description: &'a str) -> Self {
        Self {
            id,
            description,
            skip_flag: None,
            source_hash: None,
            text_hash: None,
            background: false,
            after: Vec::new(),
            replaces: Vec::new(),
            retired: None,
            environments: Vec::new(),
            known_environments: Vec::new(),
            out_of_order: None,
        }
    }

    /// Sets the environment variable that skips the seed.
    #[must_use]
    pub fn skipped_by(mut self, flag: &'a str) -> Self {
        self.skip_flag = Some(flag);
        self
    }

    /// Says that the seed is left out of the boot.
    #[must_use]
    pub fn in_background(mut self) -> Self {
        self.background = true;
        self
    }

    /// Sets the seeds that have to be applied before it begins.
    #[must_use]
    pub fn after(mut self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        self.after = ids.into_iter().collect();
        self
    }

    /// Sets the retired seeds in whose place it is.
    #[must_use]
    pub fn replacing(mut self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        self.replaces = ids.into_iter().collect();
        self
    }

    /// Says that the seed is retired, and which release had it last.
    #[must_use]
    pub fn retired(mut self, release: &'a str) -> Self {
        self.retired = Some(release);
        self
    }

    /// Sets the environments outside of which the seed does not run.
    #[must_use]
    pub fn only_in(mut self, environments: impl IntoIterator<Item = &'a str>) -> Self {
        self.environments = environments.into_iter().collect();
        self
    }

    /// Sets the environments that the seed's package declares.
    #[must_use]
    pub fn known_in(mut self, environments: impl IntoIterator<Item = &'a str>) -> Self {
        self.known_environments = environments.into_iter().collect();
        self
    }

    /// Says why the seed is in order though seeds with later dates are applied.
    #[must_use]
    pub fn out_of_order(mut self, reason: &'a str) -> Self {
        self.out_of_order = Some(reason);
        self
    }

    /// Sets the hash of the seed's code.
    #[must_use]
    pub fn with_source(mut self, source_hash: &'a str) -> Self {
        self.source_hash = Some(source_hash);
        self
    }

    /// Sets the hash of the text of the seed's file.
    #[must_use]
    pub fn with_text(mut self, text_hash: &'a str) -> Self {
        self.text_hash = Some(text_hash);
        self
    }
}

impl<DB: Backend> Seed<DB> {
    /// The part of the seed that is known without compiling it.
    #[must_use]
    pub fn info(&self) -> SeedInfo<'static> {
        let info = SeedInfo::new(self.id, self.description);
        SeedInfo {
            skip_flag: self.skippable.then_some(self.skip_flag),
            source_hash: Some(self.source_hash),
            text_hash: Some(self.text_hash),
            background: self.background,
            after: self.after.to_vec(),
            replaces: self.replaces.to_vec(),
            retired: self.release_of_retired(),
            environments: self.environments.to_vec(),
            known_environments: self.known_environments.to_vec(),
            out_of_order: self.out_of_order,
            ..info
        }
    }
}
