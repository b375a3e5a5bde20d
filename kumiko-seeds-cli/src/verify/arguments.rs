//! The arguments of `seed:verify`.

use clap::Args;

use crate::arguments::{Format, format_words};

/// The arguments of `seed:verify`.
#[derive(Clone, Debug, Args)]
pub struct VerifyArguments {
    /// How to print the result: table or json
    #[arg(long, value_enum, default_value_t = Format::Table, hide_possible_values = true)]
    pub(super) format: Format,
}

impl VerifyArguments {
    /// The arguments that were given.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        format_words(self.format)
    }
}
