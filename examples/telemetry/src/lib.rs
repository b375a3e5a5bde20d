//! An app whose seeds are traces and metrics of OpenTelemetry: a table of users, and two seeds that fill it.

mod metrics;
mod telemetry;
mod users;

pub use metrics::observe;
pub use telemetry::Telemetry;

use kumiko_seeds::sqlite::{Seed, SeedRunner};

// Brings in `SEEDS`.
kumiko_seeds::sqlite::include_seeds!();

/// The app's seeds with all they need.
#[must_use]
pub fn seeds() -> SeedRunner {
    runner(SEEDS)
}

/// The same with these seeds.
#[must_use]
pub fn runner(seeds: &'static [Seed]) -> SeedRunner {
    SeedRunner::new(seeds)
        .prepare(|connection| Box::pin(async { Ok(users::create(connection).await?) }))
}
