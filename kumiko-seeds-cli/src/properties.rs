//! How many inputs are generated for a test of what holds for all of them. `PROPTEST_CASES=100000` tries more,
//! `PROPTEST_RNG_SEED` others.

use proptest::test_runner::{Config, RngSeed};

/// As many cases as the variable says, or else this many. They are the same ones in every run, so that a
/// change that breaks a rule is the change that fails.
pub(crate) fn cases(number: u32) -> Config {
    let given = Config::default();
    Config {
        cases: match std::env::var_os("PROPTEST_CASES") {
            Some(_) => given.cases,
            None => number,
        },
        rng_seed: match given.rng_seed {
            RngSeed::Random => RngSeed::Fixed(20_260_520),
            fixed @ RngSeed::Fixed(_) => fixed,
        },
        failure_persistence: None,
        ..given
    }
}
