//! An app that shares its database.

use kumiko_seeds::sqlite::{Seed, SeedRunner};

static SEEDS: &[Seed] = &[];

/// The app's seeds.
pub fn seeds() -> SeedRunner {
    // ANCHOR: named
    SeedRunner::new(SEEDS).app("billing")
    // ANCHOR_END: named
}
