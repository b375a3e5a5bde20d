//! Tests of seeds, each on a database of its own.

#[cfg(feature = "events")]
mod appended_events;
mod applied_seed;
mod contents;
mod database;
mod database_name;
mod difference;
mod engine;
mod error;
mod json_line;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "events")]
mod projections;
mod rows;
mod second_run;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
mod test_failure;

#[cfg(feature = "events")]
pub use appended_events::ExpectedEvent;
pub use applied_seed::AppliedSeed;
pub use database::TestDatabase;
pub use engine::Engine;
pub use error::Error;
pub use test_failure::{TestFailure, TestResult};
