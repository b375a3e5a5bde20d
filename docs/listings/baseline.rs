//! An app whose new databases begin with all that its retired seeds did.

use kumiko_seeds::sqlite::{Seed, SeedRunner};

static SEEDS: &[Seed] = &[];

/// The app's seeds.
pub fn seeds() -> SeedRunner {
    // ANCHOR: baseline
    SeedRunner::new(SEEDS).baseline_contains_retired()
    // ANCHOR_END: baseline
}
