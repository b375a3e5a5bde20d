//! What holds for every input, tried with hundreds of generated ones. `PROPTEST_CASES=100000` tries more,
//! `PROPTEST_RNG_SEED` others.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod emitted_code;
mod file_names;
mod ids;
mod sources;
mod writing;

use proptest::test_runner::{Config, RngSeed};

/// As many cases as the variable says, or else this many. They are the same ones in every run, so that a
/// change that breaks a rule is the change that fails.
fn cases(number: u32) -> Config {
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

/// Whether a text could steer a terminal, or start a line of its own.
fn steers(text: &str) -> bool {
    let is_steering = |character: char| {
        character.is_control()
            || matches!(
                character,
                '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            )
            || matches!(character, '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.contains(is_steering)
}
