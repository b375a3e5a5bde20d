//! Placeholder front page.
mod backend;
#[cfg(feature = "cli")]
pub mod cli;
mod context;
mod database;
mod error;
#[cfg(feature = "events")]
pub mod events;
mod extensions;
mod lock;
mod marker;
pub mod plan;
mod progress;
mod report;
mod runner;
mod seed;
mod skip_flags;
mod status;
mod store;

#[cfg(not(any(feature = "postgres", feature = "sqlite")))]
compile_error!("kumiko-seeds needs a database: enable its feature `postgres` or `sqlite`");

pub use backend::Backend;
pub use context::SeedContext;
pub use error::{ApplyError, Error, PreflightProblem};
pub use lock::Holder;
pub use marker::{AppliedBy, Marker};
pub use progress::Progress;
pub use report::{Applied, Report, Skipped, Warning};
pub use runner::SeedRunner;
pub use seed::{HandlerCall, RunSeed, Seed, SeedInfo, SeedResult};
pub use skip_flags::SkipFlags;
pub use status::{SeedStatus, State, Status};

/// Seeds on PostgreSQL: the types of this crate with their database filled in.
#[cfg(feature = "postgres")]
pub mod postgres {
    crate::database::database_aliases!(sqlx::Postgres);
    #[doc(inline)]
    pub use crate::__include_postgres_seeds as include_seeds;
}

/// Seeds on SQLite: the types of this crate with their database filled in.
#[cfg(feature = "sqlite")]
pub mod sqlite {
    crate::database::database_aliases!(sqlx::Sqlite);
    #[doc(inline)]
    pub use crate::__include_sqlite_seeds as include_seeds;
}

#[cfg(feature = "events")]
#[doc(no_inline)]
pub use serde_json::json;
#[doc(hidden)]
pub use sqlx as __sqlx;
