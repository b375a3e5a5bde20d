//! The app's seeds: dated changes to its data, each a file of its own and applied once per database.

use kumiko_seeds::postgres as database;

// Brings in `SEEDS`.
database::include_seeds!();

/// The seeds with all they need. The app boots with it, and its ops binary applies with it.
#[must_use]
pub fn seeds() -> database::SeedRunner {
    database::SeedRunner::new(SEEDS)
}
